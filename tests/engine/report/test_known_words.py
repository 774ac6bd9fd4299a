"""Known answers of the voice: numbers, dates, units, and what outside text may carry."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from engine.errors import UnknownNameError
from engine.phrases import phrase, plural
from engine.report.i18n import Said, voice
from engine.report.typography import clean, host_of, print_english, print_french, safe_url
from engine.report.words import (
    actors,
    by_unit,
    confidence_word,
    ended,
    other_word,
    reason,
    source_of,
    stance_word,
    verdict_code,
    verdict_word,
)
from engine.values import Evidence, Observed

EN, FR = voice("en"), voice("fr")
NNBSP, NBSP = "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("value", "spec", "english", "french"),
    [
        (1234.5678, "usd2", "$1,234.57", f"1{NNBSP}234,57{NBSP}$"),
        (0.126, "share0", "13%", f"13{NNBSP}%"),
        (-0.126, "share1", "-12.6%", f"-12,6{NNBSP}%"),
        (12.34, "+pct1", "+12.3%", f"+12,3{NNBSP}%"),
        (0.04, "+pct1", "0.0%", f"0,0{NNBSP}%"),
        (-0.04, "pct1", "0.0%", f"0,0{NNBSP}%"),
        (2.5, "int", "2", "2"),
        (3.5, "int", "4", "4"),
        (-25.4, "+bps", f"-25{NBSP}bp", f"-25{NBSP}pb"),
        (4.234, "usdtn2", "$4.23tn", f"4{NNBSP}234{NBSP}Md$"),
        (4.26, "usdbn1", "$4.3bn", f"4,3{NBSP}Md$"),
        (0.00012345, "sig3", "0.000123", "0,000123"),
        (1500.0, "sig3", "1,500", f"1{NNBSP}500"),
        (2.50, "sig4", "2.5", "2,5"),
        (1.005, ".2f", "1.00", "1,00"),
        (-1.5, ".2f", "-1.50", "-1,50"),
        (1e6, "int", "1,000,000", f"1{NNBSP}000{NNBSP}000"),
        (None, "pct1", "not observed", "non observé"),
        (float("nan"), "pct1", "not observed", "non observé"),
    ],
)
def test_a_number_in_both_languages(
    value: float | None, spec: str, english: str, french: str
) -> None:
    assert EN.number(value, spec) == english
    assert FR.number(value, spec) == french


def test_a_page_has_a_real_minus() -> None:
    assert voice("en", minus="\u2212").number(-1.5, ".1f") == "\u22121.5"


@pytest.mark.parametrize(
    ("day", "short", "long", "month"),
    [
        (date(2025, 8, 22), "22 août 2025", "vendredi 22 août 2025", "août"),
        (date(2025, 8, 1), "1er août 2025", "vendredi 1er août 2025", "août"),
        (date(2025, 8, 11), "11 août 2025", "lundi 11 août 2025", "août"),
        (date(2025, 8, 31), "31 août 2025", "dimanche 31 août 2025", "août"),
    ],
)
def test_a_date_in_french(day: date, short: str, long: str, month: str) -> None:
    assert (FR.on(day), FR.long_on(day), FR.month(day)) == (short, long, month)


def test_a_date_in_english_and_an_instant_on_new_yorks_clock() -> None:
    assert EN.on(date(2025, 8, 1)) == "Aug 1, 2025"
    assert EN.long_on(date(2025, 8, 22)) == "Friday, August 22, 2025"
    assert EN.month(date(2025, 8, 22)) == "Aug"
    late = datetime(2025, 8, 23, 3, 30, tzinfo=UTC)  # still the evening before in New York
    assert EN.at(late) == "Aug 22, 2025, 23:30 (New York)"
    assert EN.on(late) == "Aug 22, 2025"


@pytest.mark.parametrize(
    ("tag", "lang"), [("en", "en"), ("fr-CA", "fr"), ("FR_fr.UTF-8", "fr"), ("en_US", "en")]
)
def test_a_tag_of_a_language_is_its_first_part(tag: str, lang: str) -> None:
    assert voice(tag).lang == lang


def test_an_unknown_language_is_refused() -> None:
    for tag in ("de", "", "english"):
        with pytest.raises(UnknownNameError):
            voice(tag)


def test_outside_text_is_told_cleaned_and_what_was_said_as_it_is() -> None:
    assert EN.tell("a\x1b[31mb\u202e c") == "ab c"
    assert EN.tell("x" * 30, limit=10) == "x" * 9 + "…"
    said = Said("a\x1b[31m")
    assert EN.tell(said) is said
    assert EN.tell(phrase("{n:int} of {what}", n=3, what="a\nb")) == "3 of a b"
    for n, told in ((1, "1 session"), (2, "2 sessions"), (0, "0 sessions")):
        assert EN.tell(plural("{n} session", "{n} sessions", n=n)) == told
    assert EN.count("{n} session", "{n} sessions", n=1) == "1 session"
    assert EN.say("{x} and {d:date}", x=None, d=date(2025, 1, 2)) == "not observed and Jan 2, 2025"
    assert EN.say("{x}", x=3) == "3"


def test_words_of_somebody_else_are_marked_in_another_language() -> None:
    assert EN.quote("chips") == "chips"
    assert FR.quote("chips") == f"«{NBSP}chips{NBSP}»"
    assert FR.quote("") == ""
    assert FR.pair("a", "b") == f"a{NBSP}: b" or FR.pair("a", "b") == f"a{NNBSP}: b"
    assert EN.pair("a", "b") == "a: b"


def test_an_unknown_label_is_opened_up() -> None:
    assert EN.label("fp8_threat") == "AI model threat"
    assert EN.label("my_own_voice") == "My own voice"
    assert EN.label("") == ""
    assert len(EN.label("n" * 200)) == 80


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [
        ("plain", 5, "plain"),
        ("plainer", 6, "plain…"),
        ("plain er", 7, "plain…"),
        ("a\u0301\u0302\u0303\u0304b", 99, "á\u0302\u0303b"),
        ("a\u200bb\u2800c\ufe0fd", 99, "abcd"),
        ("a\tb\r\n c", 99, "a b c"),
        ("a\u202fb\u00a0c", 99, "a\u202fb\u00a0c"),
        ("a\x1b]0;title\x07b", 99, "ab"),
        ("a\x1b]0;never ends", 99, "a"),
        ("\x9b31mred", 99, "red"),
        ("  a  ", 99, "a"),
    ],
)
def test_outside_text_loses_what_acts(text: str, limit: int, kept: str) -> None:
    assert clean(text, limit=limit) == kept


def test_outside_text_is_read_up_to_twenty_times_its_limit() -> None:
    """What is not seen by then costs nothing."""
    assert clean("\u200b" * 199 + "ab", limit=10) == "a"
    assert clean("\u200b" * 200 + "ab", limit=10) == ""
    assert len(clean("x" * 700)) == 600


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://example.org/a?b=c", True),
        ("http://example.org", True),
        ("ftp://example.org", False),
        ("javascript:alert(1)", False),
        ("https://me@example.org", False),
        ("https://", False),
        ("//example.org", False),
        ("https://example.org/a b", False),
        ("https://example.org/<b>", False),
        ("https://exa\u200bmple.org/", False),
        ("https://[::1", False),
        ("https://e.org/" + "x" * 1_986, True),
        ("https://e.org/" + "x" * 1_987, False),
    ],
)
def test_a_link_is_plain_or_no_link(url: str, safe: bool) -> None:
    assert safe_url(url) == (url if safe else "")


def test_a_host_as_a_reader_knows_it() -> None:
    assert host_of("https://www.example.org/a") == "example.org"
    assert host_of("https://news.www.org/") == "news.www.org"
    assert host_of("ftp://example.org") == ""


def test_spaces_and_apostrophes_of_good_print() -> None:
    assert print_french("Quoi : « l'un » ; 5 % ? 3 € !") == (
        f"Quoi{NNBSP}: «{NNBSP}l’un{NNBSP}»{NNBSP}; 5{NNBSP}%{NNBSP}? 3{NNBSP}€{NNBSP}!"
    )
    assert print_english("don't say 'so' ('this')") == "don’t say ‘so’ (‘this’)"


@pytest.mark.parametrize(
    ("confidence", "word"),
    [(None, "confidence not stated"), (0.75, "high confidence"), (0.7499, "moderate confidence"),
     (0.5, "moderate confidence"), (0.4999, "low confidence")],
)  # fmt: skip
def test_how_sure_in_words(confidence: float | None, word: str) -> None:
    assert confidence_word(confidence, EN) == word


def test_verdicts_in_words() -> None:
    assert [verdict_word(v, EN) for v in ("HOLD", "SELL")] == ["HOLD", "SELL"]  # type: ignore[arg-type]
    assert [other_word(v, EN) for v in ("HOLD", "SELL")] == ["SELL", "HOLD"]  # type: ignore[arg-type]
    assert [stance_word(s, EN) for s in ("HOLD", "REDUCE", "SELL")] == ["HOLD", "REDUCE", "SELL"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(1.26, "%", "1.3%"), (1.26, "pct", "1.3%"), (12.4, "bp", f"+12{NBSP}bp"), (1.256, "", "1.26"),
     (3.0, "USD", "$3.00"), (4.2, "USD tn", "$4.20tn"), (4.26, "USD bn", "$4.3bn"),
     (1234.5, "weeks\x1b[1m", "1,234 weeks")],
)  # fmt: skip
def test_a_number_with_its_unit(value: float, unit: str, text: str) -> None:
    assert by_unit(value, unit, EN) == text


@pytest.mark.parametrize(
    ("changes", "claim", "tag"),
    [
        ({}, False, ""),
        ({"confidence": 0.49}, False, "low confidence"),
        ({"confidence": 0.5}, False, ""),
        ({"confidence": 0.9}, True, "claim, low confidence"),
        ({"observed": Observed.NOT_OBSERVED}, True, "not observed"),
    ],
)
def test_weak_evidence_is_tagged(changes: dict[str, Any], claim: bool, tag: str) -> None:
    told = reason(Evidence(**{"text": "It fell", "source": "a" * 130} | changes), EN, claim=claim)
    assert (told.tag.lower(), told.text) == (tag, "It fell.")
    assert len(told.source) == 120


def test_the_code_of_a_page_is_its_verdict_while_it_is_of_today_and_known() -> None:
    def code(verdict: str, *, known: bool = True, today: bool = True) -> str:
        decision = SimpleNamespace(verdict=verdict, known=known)
        return verdict_code(SimpleNamespace(for_today=today, decision=decision))  # type: ignore[arg-type]

    assert (code("HOLD"), code("SELL")) == ("HOLD", "SELL")
    assert code("SELL", known=False) == "UNKNOWN"
    assert code("SELL", known=False, today=False) == code("HOLD", today=False) == "PAST"


def test_a_sentence_has_one_end() -> None:
    assert [ended(s) for s in ("a", "a.", "a!", "a?", "a…", "a:", "a;", "")] == [
        "a.", "a.", "a!", "a?", "a…", "a:", "a;", "",
    ]  # fmt: skip


def test_sources_and_actors() -> None:
    assert source_of("Reuters" * 20, EN, limit=10) == "ReutersRe…"
    assert source_of("general knowledge, 2025", EN, limit=90) == "no source on record, 2025"
    assert actors("US / " + "x" * 90, EN) == "US / " + "x" * 79 + "…"
