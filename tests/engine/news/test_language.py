"""English, French and Chinese are read; anything else is unread, and never irrelevant."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.news import chinese, language
from engine.news.reading import fold, read, spans


@pytest.mark.parametrize(
    ("headline", "expected"),
    [
        ("US bans Nvidia H20 exports to China", "en"),
        ("NVDA -8%", "en"),
        ("Nvidia: Rubin", "en"),
        ("Washington interdit la H20", "fr"),
        ("Les Blackwell s'arrachent", "fr"),
        ("美国禁止英伟达向中国出售芯片", "zh"),
        ("工信部叫停腾讯购买Nvidia RTX 5090D", "zh"),
        ("輝達H20晶片遭禁售", "zh"),
        ("Gli Stati Uniti vietano a Nvidia di vendere H20 in Cina", "it"),
        ("Estados Unidos prohíbe a Nvidia vender chips H20 a China", "es"),
        ("USA verbieten Nvidia den Verkauf von H20-Chips nach China", "de"),
        ("VS verbiedt verkoop van Nvidia-chips aan China", "nl"),
        ("США запретили Nvidia продавать H20 Китаю", "ru"),
        ("米国、エヌビディアのH20対中輸出を禁止", "ja"),
        ("미국, 엔비디아 H20 중국 수출 금지", "ko"),
        ("!!!", "none"),
        ("", "none"),
        ("12345", "none"),
    ],
)
def test_the_language_is_told(headline: str, expected: str) -> None:
    reading = read(headline)
    assert reading.language == expected
    assert reading.unread == (expected not in language.READ)


def test_a_chinese_headline_is_read_through_its_words_with_their_places() -> None:
    headline = "美国禁止英伟达向中国出售H20芯片"
    found = {span.code: span.text for span in spans(read(headline))}
    assert found["us_gov"] == "美国"
    assert found["nvidia"] == "英伟达"
    assert found["nv_china_chip"] == "H20"
    assert found["restrict"] == "禁止"


def test_the_longest_chinese_word_wins_and_what_is_known_is_measured() -> None:
    words, places, known = chinese.gloss(fold("国产AI芯片量产"))
    assert " ".join(words) == "domestic ai chips mass production"
    assert places[0] == places[2] == (0, 6)
    assert known == 1.0
    assert chinese.gloss("台风逼近海岸")[2] < 1.0


def test_traditional_characters_are_read_as_simplified_ones() -> None:
    assert read("輝達獲准對華出口").words == read("辉达获准对华出口").words != ()


@given(st.text(alphabet="美国英伟达禁止H2芯片 abc，?國輝達", max_size=60))
@settings(max_examples=100, deadline=None)
def test_places_are_in_order_and_inside_the_text(text: str) -> None:
    words, places, known = chinese.gloss(fold(text))
    assert len(words) == len(places)
    assert list(places) == sorted(places)
    assert all(0 <= a < b <= len(text) for a, b in places)
    assert 0.0 <= known <= 1.0
