"""English and French are complete, and each is written as its readers write it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from engine.errors import UnknownNameError
from engine.phrases import paragraph, parse, phrase, plural
from engine.report import catalogue
from engine.report.i18n import LANGUAGES, LOCALE_DIR, voice
from engine.report.typography import NARROW, print_french

ROOT = Path(__file__).resolve().parents[3]


def ids(messages: object) -> set[tuple[object, object]]:
    return {(m.context, m.id) for m in messages if m.id}  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def sources() -> object:
    return catalogue.extract(ROOT)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_catalogue_holds_exactly_the_messages_of_the_sources(
    lang: str, sources: object
) -> None:
    held, used = ids(catalogue.read(lang)), ids(sources)
    remedy = "run: python -m engine.report.catalogue"
    assert used - held == set(), f"missing from {lang}; {remedy}"
    assert held - used == set(), f"no longer used in {lang}; {remedy}"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_untranslated_or_fuzzy(lang: str) -> None:
    assert catalogue.missing(catalogue.read(lang)) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_compiled_file_is_that_of_the_translations(lang: str) -> None:
    compiled = catalogue.po_path(lang).with_suffix(".mo").read_bytes()
    assert compiled == catalogue.mo_bytes(catalogue.read(lang))


def test_the_template_of_translations_is_up_to_date(sources: object) -> None:
    with (LOCALE_DIR / "messages.pot").open("rb") as file:
        assert ids(read_po(file)) == ids(sources)


def fields(template: str) -> set[tuple[str, object]]:
    return {(p.field, p.kind) for p in parse(template) if p.field}


def test_a_translation_has_the_same_placeholders_as_its_message() -> None:
    for message in catalogue.read("fr"):
        if not message.id:
            continue
        wanted = (message.id,) if isinstance(message.id, str) else message.id
        given = (message.string,) if isinstance(message.string, str) else message.string
        for original, translated in zip(wanted, given, strict=True):
            assert fields(translated) == fields(original), original


def test_no_translation_of_a_sentence_is_left_in_english() -> None:
    """Sentences equal in both languages are figures, names or words shared by both."""
    same = {
        m.id
        for m in catalogue.read("fr")
        if m.id
        and m.id == m.string
        and not re.match(r"--|nvsignal |chmod ", str(m.id))  # to be typed
        and re.search(r"[a-z]{3}", re.sub(r"\{.*?\}", "", str(m.id)))
    }
    assert same <= {
        "Configuration", "Nvidia", "Score", "Sharpe", "absent", "contribution", "note", "source",
        "SQLite {shown}", "Sources", "table", "module", "verdicts", "correction", "type",
        "macro-F1, {lang}",
        "configuration", "contact", "format", "journal", "licence", "option",
        "points", "question", "score", "substitution", "Score {score}",
        "{on:date}, {clock} (New York)", "{day}, {clock} (New York)",
        ("{n} source", "{n} sources"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "value", "english", "french"),
    [
        (".2f", 1234.5, "1,234.50", "1\u202f234,50"),
        ("+.2f", -0.034, "-0.03", "-0,03"),
        ("int", 671, "671", "671"),
        ("sig3", 0.5512, "0.551", "0,551"),
        ("pct1", -3.12, "-3.1%", "-3,1\u202f%"),
        ("share1", -0.0312, "-3.1%", "-3,1\u202f%"),
        ("+pct1", 3.0, "+3.0%", "+3,0\u202f%"),
        ("+pct1", -0.01, "0.0%", "0,0\u202f%"),
        ("usd2", 1234567.8, "$1,234,567.80", "1\u202f234\u202f567,80\u00a0$"),
        ("usdbn1", 12.34, "$12.3bn", "12,3\u00a0Md$"),
        ("usdtn2", 4.331, "$4.33tn", "4\u202f331\u00a0Md$"),
        ("+bps", 25, "+25\u00a0bp", "+25\u00a0pb"),
        ("date", date(2025, 8, 22), "Aug 22, 2025", "22 août 2025"),
        (".2f", None, "not observed", "non observé"),
        (".2f", float("nan"), "not observed", "non observé"),
    ],
)
def test_figures_take_the_form_of_the_language(
    spec: str, value: float, english: str, french: str
) -> None:
    assert voice("en").number(value, spec) == english
    assert voice("fr").number(value, spec) == french


def test_the_english_voice_says_a_phrase_as_its_text_does() -> None:
    line = phrase(
        "{a:.2f} {b:int} {c:sig3} {d:+pct1} {e:share0} {f:usd2} {g:usdbn1} {h:usdtn2} {i:bps} {j}",
        a=-1234.5, b=99.5, c=0.055, d=1.25, e=0.333, f=5, g=2.25, h=4.335, i=-50,
        j=date(2025, 1, 2),
    )  # fmt: skip
    assert voice("en").tell(line).replace("\u00a0", " ") == line


def test_full_dates_are_written_out() -> None:
    assert voice("fr").long_on(date(2026, 11, 23)) == "lundi 23 novembre 2026"
    assert voice("en").long_on(date(2026, 11, 23)) == "Monday, November 23, 2026"


def test_instants_are_told_on_new_yorks_clock() -> None:
    late = datetime(2025, 8, 23, 3, 59, tzinfo=UTC)
    assert voice("fr").at(late) == "22 août 2025, 23:59 (New York)"


def test_a_phrase_of_another_module_is_said_in_french_with_french_figures() -> None:
    said = voice("fr").tell(
        phrase("Market value {cap:usdtn2} against a ceiling of {ceiling:usdtn2}", cap=4, ceiling=5)
    )
    assert said == "Capitalisation de 4\u202f000\u00a0Md$ face à un plafond de 5\u202f000\u00a0Md$"


def test_plurals_follow_french_grammar_where_zero_is_singular() -> None:
    one, many = "{n} source", "{n} sources"
    assert voice("fr").tell(plural(one, many, n=0)) == "0 source"
    assert voice("en").tell(plural(one, many, n=0)) == "0 sources"
    assert voice("fr").tell(plural(one, many, n=2)) == "2 sources"


def test_a_paragraph_is_said_sentence_by_sentence() -> None:
    text = paragraph(phrase("No list price was published"), "Outside\x1b[31m text")
    assert voice("fr").tell(text) == "Aucun prix public Outside text"


def test_hold_and_sell_have_their_own_context() -> None:
    assert voice("fr").pgettext("verdict", "HOLD") == "Conserver"
    assert voice("fr").pgettext("verdict", "SELL") == "Vendre"


def test_an_unknown_name_is_opened_up_instead_of_failing() -> None:
    assert voice("fr").label("my_new_strategy") == "My new strategy"


def test_every_french_sentence_has_narrow_no_break_spaces_where_print_wants_them() -> None:
    for message in catalogue.read("fr"):
        texts = (message.string,) if isinstance(message.string, str) else message.string
        for text in texts if message.id else ():
            shown = print_french(re.sub(r"\{.*?\}", "x", text))
            assert not re.search(rf"[^{NARROW}](?:[;!?%»]|:(?![\w/]))", shown), (
                shown
            )  # 12:30, tcp://
            assert not re.search(rf"«[^{NARROW}]", shown), shown
            assert "'" not in shown


def test_a_language_tag_is_understood_and_an_unknown_one_refused() -> None:
    assert voice("fr-CA").lang == voice("fr_FR.UTF-8").lang == "fr"
    with pytest.raises(UnknownNameError, match="language"):
        voice("de")


def test_a_new_message_is_untranslated_until_someone_translates_it() -> None:
    from babel.messages.catalog import Catalog

    template = Catalog()
    template.add("A sentence nobody has translated")
    catalogue.merged("en", template)
    assert catalogue.missing(catalogue.merged("fr", template)) == [
        "A sentence nobody has translated"
    ]


@pytest.mark.parametrize(
    ("day", "said"),
    [(date(2025, 10, 1), "1er"), (date(2025, 10, 11), "11"), (date(2025, 10, 21), "21")],
)
def test_french_says_the_first_of_a_month_as_an_ordinal(day: date, said: str) -> None:
    """1er octobre, 11 octobre."""
    assert said in voice("fr").on(day).split()
    assert "1er" not in voice("en").on(day)


EN = voice("en")


@pytest.mark.parametrize("month", range(1, 13))
def test_an_english_date_is_what_the_locale_library_says(month: int) -> None:
    from babel.dates import format_date

    for day in (date(2024, month, 1), date(2025, month, 28)):
        assert EN.on(day) == format_date(day, "MMM d, y", locale="en")
        assert EN.long_on(day) == format_date(day, "EEEE, MMMM d, y", locale="en")
        assert EN.month(day) == format_date(day, "MMM", locale="en")
    late = datetime(2025, month, 2, 2, 30, tzinfo=UTC)  # the evening before in New York
    assert EN.on(late) == format_date(date(2025, month, 1), "MMM d, y", locale="en")


@pytest.mark.parametrize("spec", [".0f", ".1f", ".2f", "sig4", "int", "sig2"])
def test_an_english_number_is_what_the_locale_library_says(spec: str) -> None:
    """Whole, tiny, negative, rounded up to the next thousand, and beyond what floats count."""
    from babel.numbers import format_decimal

    from engine.phrases import round_half_even, sig_decimals

    for value in (0.0, 0.5, 2.5, -0.04, 999.995, 999.9999, 1234.5, -98765.4321, 1e6, 1e15, 1e17):
        digits = int(re.sub(r"\D", "", spec) or 0)
        digits = sig_decimals(value, digits) if spec.startswith("sig") else digits
        shown = round_half_even(value, digits)
        places = "#" if spec.startswith("sig") else "0"
        pattern = "#,##0" + (f".{places * digits}" if digits else "")
        sign = "-" if shown < 0 else ""
        assert EN.number(value, spec) == sign + format_decimal(abs(shown), pattern, locale="en")
