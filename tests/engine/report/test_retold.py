"""What the record keeps as text is told in the reader's language; words of others stay theirs."""

from __future__ import annotations

import pytest

from engine.phrases import Phrase
from engine.report.i18n import voice
from engine.report.retold import recalled, retold


def french(text: str) -> str:
    return retold(text, voice("fr")).replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("no answer for 5 days", "pas de réponse depuis 5 jours"),
        ("api.x.org answered 503", "api.x.org a répondu 503"),
        (
            "www.x.gov: no trusted connection (bad) (3 times in a row)",
            "www.x.gov : pas de connexion de confiance (bad) (3 fois de suite)",
        ),
        (
            "x.org sent more than 10 MiB (set mail under [contact] in nvsignal.toml)",
            "x.org a envoyé plus de 10 Mio (indiquez mail sous [contact] dans nvsignal.toml)",
        ),
        (
            "NVDA: 1,203 sessions have no bar, the first 2025-01-02",
            "NVDA: 1,203 sessions have no bar, the first 2025-01-02",
        ),
        (
            "NVDA: 3 sessions have no bar, the first 2025-01-02",
            "NVDA : 3 séances sont sans cours, la première le 2025-01-02",
        ),
    ],
)
def test_a_kept_sentence_is_found_again_by_its_template(kept: str, told: str) -> None:
    assert french(kept) == told
    assert retold(kept, voice("en")) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Nvidia shares rose 3% to $180 (Reuters), the most of the day",
        "a: b (c)",
        "\u202etxet desrever: (no) answer",
    ],
)
def test_words_of_others_are_left_as_they_are(text: str) -> None:
    assert not isinstance(recalled(text), Phrase)


def test_what_is_found_says_the_same_to_the_letter() -> None:
    for text in ("no answer for 05 days", "no answer for 5 days ", "api.x.org  answered 503"):
        assert recalled(text) == text


def test_a_text_of_any_length_is_read_in_little_time() -> None:
    import time

    recalled("warm")
    start = time.process_time()
    for text in (": ( ) " * 200, "to " * 300, "a: b: c: d: (e) " * 50):
        recalled(text)
    assert time.process_time() - start < 2
