"""English, French and Chinese are read; anything else is unread, and never irrelevant."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import DataError
from engine.news import chinese, language
from engine.news.reading import fold, read, spans


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """Every test reads the small words itself."""
    language._markers.cache_clear()


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # three letters of a script, or one with as many Han characters beside it
        ("Nvidia ㅋㅋ", "en"),
        ("Nvidia 한국어", "ko"),
        ("Nvidia вы", "en"),
        ("Nvidia что", "ru"),
        ("禁止の", "ja"),
        ("禁の", "other"),  # one of each: neither two Han nor three in all
        ("のの", "other"),
        ("Nvidia 禁", "en"),  # one Han character alone
        ("Nvidia 禁止", "zh"),
        ("Ελλ", "el"), ("עבר", "he"), ("عرب", "ar"), ("हिन", "hi"), ("ไทย", "th"),
        ("አማርኛ", "other"), ("አማርኛ 1!", "other"),
        ("— … ¿", "none"), ("１２３", "none"), ("Ｎ", "en"),
    ],
)  # fmt: skip
def test_a_script_is_told_by_three_letters_and_chinese_by_two(text: str, expected: str) -> None:
    assert language.identify(text, ()) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", "en"),
        ("nvidia", "en"),
        ("der", "en"),  # one small word may be a name
        ("der die", "de"),
        ("der die the", "de"),
        ("der die the of", "en"),  # as many of a language that is read
        ("der die das the of", "de"),
        ("der die le la", "fr"),
        ("le", "fr"),
        ("le the", "en"),  # as many: English
        ("le la the", "fr"),
        ("lo gli the of", "en"),  # as many, whatever the letters of its name
        ("lo gli le la", "fr"),
        ("lo gli di the of", "it"),
        ("con una lo gli di", "it"),  # "con", "una" are Spanish too
        ("der der der", "en"),  # one word, however often
    ],
)
def test_small_words_tell_a_language_of_latin_letters(words: str, expected: str) -> None:
    """Two at least, and more than those of English and of French."""
    assert language.identify("x", words.split()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("der Bär", "de"),
        ("DER BÄR", "de"),
        ("der Bar", "en"),
        ("o não", "pt"),
        ("ä", "en"),
        ("der é", "en"),
    ],
)
def test_a_letter_of_its_own_counts_as_a_small_word(text: str, expected: str) -> None:
    assert language.identify(text, text.lower().split()) == expected


@pytest.fixture
def small_glossary(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A glossary of five words, one of which means nothing to us."""
    data: dict[str, Any] = {
        "traditional": {"pairs": "國国 華华"},
        "makers": {"中国": "china", "中国人": "chinese people", "AI芯": "ai chip", "G芯": "g"},
        "things": {"的": ""},
    }
    monkeypatch.setattr(chinese, "read_data", lambda _: {k: dict(v) for k, v in data.items()})
    monkeypatch.setattr(chinese, "glossary", chinese.glossary.__wrapped__)
    return data


def test_chinese_is_read_by_the_longest_word_at_every_place(small_glossary: Any) -> None:
    """Five Han characters of seven are known: 买 and 吧 are in no word."""
    words, places, known = chinese.gloss("中國人买h20吧ai芯,5.5bn的")
    assert words == ("chinese", "people", "h20", "ai", "chip", "5.5bn")
    assert places == ((0, 3), (0, 3), (4, 7), (8, 11), (8, 11), (12, 17))
    assert known == 5 / 7
    assert chinese.gloss("中国")[0] == ("china",)
    assert chinese.gloss("中国的") == (("china",), ((0, 2),), 1.0)
    assert chinese.gloss("abc 5%") == (("abc", "5", "%"), ((0, 3), (4, 5), (5, 6)), 0.0)
    assert chinese.gloss("g芯5") == (("g", "5"), ((0, 2), (2, 3)), 1.0)
    assert chinese.gloss("a中国") == (("a", "china"), ((0, 1), (1, 3)), 1.0)
    assert chinese.gloss("的5") == (("5",), ((1, 2),), 1.0)  # before a figure too
    assert chinese.gloss("") == ((), (), 0.0)


def test_the_glossary_is_read_as_it_is_written(small_glossary: dict[str, Any]) -> None:
    assert chinese.glossary() == chinese.Glossary(
        words={
            "中国": ("china",),
            "中国人": ("chinese", "people"),
            "ai芯": ("ai", "chip"),
            "g芯": ("g",),
            "的": (),
        },
        simplified={ord("國"): "国", ord("華"): "华"},
        longest=3,
    )
    small_glossary["things"]["ai芯"] = "again"
    with pytest.raises(DataError, match="'ai芯' stands there twice"):
        chinese.glossary()
    small_glossary["things"] = {"AI芯": "again"}  # whatever its case
    with pytest.raises(DataError, match="'AI芯' stands there twice"):
        chinese.glossary()
    small_glossary["things"] = {"中国": "again"}
    with pytest.raises(DataError, match="'中国' stands there twice"):
        chinese.glossary()
