"""Known answers of a report's makers at edges that a sample of planted faults had found open."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import pytest
from babel.messages.catalog import Catalog

from engine.phrases import listed, phrase
from engine.report import catalogue
from engine.report.blocks import Line, Lines, Page, Part, Waterfall, WaterfallStep
from engine.report.charts import AxisSpan
from engine.report.forms import json as json_form
from engine.report.forms import text
from engine.report.i18n import voice
from engine.report.render import render
from engine.report.section import sections
from engine.report.sections import decision, market, releases, view
from engine.report.sections.scored import ScoredChances
from engine.shown import FeedState
from engine.values import MAX_BODY_CHARS
from tests.engine.report.sample_report import sample_report, v31


def test_json_is_set_in_by_two_and_ends_with_a_line() -> None:
    told = render(sample_report(), "json")
    first, second, *_ = told.splitlines()
    assert (first, second[:3], told[-3:]) == ("{", '  "', "\n}\n")


def test_messages_stand_by_file_and_then_by_line(tmp_path: Path) -> None:
    """So that a sentence that moves within its file moves nothing else."""
    folders = [tmp_path / name for name in catalogue.SOURCES]
    for folder in folders:
        folder.mkdir()
    (folders[0] / "b.py").write_text('\n_("third")\n', encoding="utf-8")
    (folders[0] / "a.py").write_text('\n\n\n_("first")\n_("second")\n', encoding="utf-8")
    (folders[1] / "a.py").write_text('_("fourth")\n_("first")\n', encoding="utf-8")
    found = [m for m in catalogue.extract(tmp_path) if m.id]
    assert [m.id for m in found] == ["first", "second", "third", "fourth"]
    places = [(f"{catalogue.SOURCES[n]}/a.py", 1) for n in (0, 1)]
    assert found[0].locations == places


def test_a_catalogue_says_nothing_of_when_it_was_made() -> None:
    """Header and messages, by file; no date, no line, no programmer."""
    found = Catalog(project="p", locale="fr", charset="utf-8", fuzzy=False)
    found.add("two", "deux", locations=[("b.py", 7)])
    found.add(("one {n}", "many {n}"), ("un {n}", ""), locations=[("a.py", 9)])
    found.add("gone", "", locations=[("c.py", 1)])
    lines = catalogue.po_bytes(found).decode().splitlines()
    assert [x for x in lines if x.startswith(("msgid", "msgstr"))][:4] == [
        'msgid ""', 'msgstr ""', 'msgid "two"', 'msgstr "deux"']  # fmt: skip
    assert "#: b.py" in lines
    assert '"Content-Type: text/plain; charset=utf-8\\n"' in lines
    assert not any(word in line for line in lines for word in ("Date", "Generated", "Translator"))
    assert catalogue.missing(found) == ["('one {n}', 'many {n}')", "gone"]
    found["two"].flags.add("fuzzy")
    assert "two" in catalogue.missing(found)
    assert catalogue.mo_bytes(found) == catalogue.mo_bytes(found)


def test_english_says_every_message_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Translations stay, what is no longer said goes, what is new waits for one."""
    template = Catalog(charset="utf-8")
    template.add("kept")
    template.add("new")

    def held(lang: str) -> Catalog:
        own = Catalog(locale=lang)
        own.add("kept", "gardé")
        own.add("dropped", "parti")
        return own

    monkeypatch.setattr(catalogue, "read", held)
    french, english = catalogue.merged("fr", template), catalogue.merged("en", template)
    assert [(m.id, m.string) for m in french if m.id] == [("kept", "gardé"), ("new", None)]
    assert [(m.id, m.string) for m in english if m.id] == [("kept", "kept"), ("new", "new")]
    assert not french.obsolete
    assert [m.string for m in template if m.id] == [None, None]


@pytest.mark.parametrize(
    ("left", "width", "zero", "at", "drawn"),
    [
        (47.6, 20.0, None, None, "..........####......"),
        (47.4, 20.0, None, None, ".........####......."),
        (47.6, 0.1, None, None, "..........#........."),
        (47.6, 0.0, None, None, "...................."),
        (90.0, 40.0, None, None, "..................##"),
        (0.0, 100.0, None, None, "####################"),
        (10.0, 10.0, 52.6, None, "..##.......|........"),
        (10.0, 10.0, 52.4, 100.0, "..##......|........o"),
        (10.0, 20.0, 12.0, 97.4, "..####.............o"),
    ],
)
def test_a_bar_of_characters(
    left: float, width: float, zero: float | None, at: float | None, drawn: str
) -> None:
    """Twenty characters: five per cent each, whose zero gives way to the bar, and the bar to the
    needle."""
    signs = str.maketrans({text._EMPTY: ".", text._FULL: "#", "│": "|", "●": "o"})
    found = text._track(AxisSpan(left=left, width=width), zero, 1, 20, at=at)
    assert str(found).translate(signs) == drawn


def test_a_bar_against_is_drawn_otherwise_and_one_unseen_is_hatched() -> None:
    against = str(text._track(AxisSpan(left=0, width=10.0), None, -1, 20))
    assert against[:3] == text._AGAINST * 2 + text._EMPTY
    assert str(text._track(None, None, 0, 20)) == "╱╱╱" + " " * 17


@pytest.mark.parametrize("name", ["changes", "rates", "registered", "stress"])
def test_a_section_of_nothing_gathers_none(name: str) -> None:
    section = next(s for s in sections() if s.name == name)
    told = {"rates": "meeting"}.get(name, name)
    inputs: Any = Thing(**{told: ("one", "two")})
    assert section.gather(inputs) == ("one", "two")
    assert section.gather(Thing(**{told: ()})) is None  # type: ignore[arg-type]


def test_news_outcomes_and_floods_are_gathered_as_they_are() -> None:
    by_name = {s.name: s for s in sections()}
    inputs: Any = Thing(weighed=(), outcomes="o", standing=Thing(floods=("f",)))
    assert by_name["headlines"].gather(inputs) == ()
    assert by_name[ScoredChances.name].gather(inputs) == "o"
    assert by_name["floods"].gather(inputs) == ("f",)


@pytest.mark.parametrize(
    ("name", "value", "told", "tone"),
    [
        ("nvda_change_1d_pct", 1.25, "+1.2%", 1),
        ("nvda_change_1d_pct", 0.0, "0.0%", 0),
        ("nvda_change_1d_pct", -1.25, "-1.2%", -1),
        ("nvda_drawdown_pct", -4.0, "-4.0%", -1),
        ("nvda_volatility_pct", 31.0, "31.0%", 0),
    ],
)
def test_only_a_move_has_a_sign_and_a_colour(name: str, value: float, told: str, tone: int) -> None:
    line = market._figure(name, value, voice("en"))
    assert (line.value.replace("\u2212", "-"), line.tone) == (told, tone)


@pytest.mark.parametrize(("width", "wide"), [(13, False), (12, True)])
def test_a_label_needs_room_for_the_widest_of_each(width: int, wide: bool) -> None:
    """Six for a label, two between, five for a value, of whichever line."""
    lines = (Line(label="longer", value="1"), Line(label="a", value="12345"))
    assert text._too_wide(Lines(lines=lines), width) == wide


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_nothing_is_told_as_nothing(lang: str) -> None:
    """gettext answers an empty message with the header of its catalogue: address, date and all."""
    assert voice(lang).tell(listed(())) == ""
    assert voice(lang).tell(phrase("")) == ""
    assert voice(lang).tell("") == ""


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (view.BALANCED - 1e-9, "is balanced"), (view.BALANCED, "slightly for"),
        (view.SLIGHT - 1e-9, "slightly for"), (view.SLIGHT, "speaks for"),
        (view.PLAIN - 1e-9, "speaks for"), (view.PLAIN, "strongly for"),
    ],
)  # fmt: skip
def test_the_words_for_a_score_change_at_its_lines(score: float, words: str) -> None:
    for sign in (1, -1):
        wanted = words if sign > 0 else words.replace(" for", " against")
        assert wanted in view._lean(sign * score, voice("en"))


def test_a_line_that_was_passed_is_told_apart_from_one_that_is_near() -> None:
    d = sample_report().decision
    told = {
        margin: str(decision._distance(replace(d, margin=margin), "SELL", voice("en")))
        for margin in (-0.01, 0.0, 0.01)
    }
    assert ["has passed" in text for text in told.values()] == [True, False, False]


@pytest.mark.parametrize("n", [0, 1, decision.MOST_ALERTS, decision.MOST_ALERTS + 1])
def test_many_warnings_are_folded_behind_the_first(n: int) -> None:
    found = list(decision._alerts([f"w{k}" for k in range(n)], voice("en")))
    if n <= decision.MOST_ALERTS:
        assert [note.text for note in found] == [f"w{k}." for k in range(n)]  # type: ignore[attr-defined]
        return
    first, more = found
    assert first.text == "w0."  # type: ignore[attr-defined]
    assert [note.text for note in more.blocks] == [f"w{k}." for k in range(1, n)]  # type: ignore[attr-defined]
    assert str(n - 1) in more.title  # type: ignore[attr-defined]
    assert more.printed  # type: ignore[attr-defined]


@pytest.mark.parametrize(("words", "quoted"), [(6, False), (7, True)])
def test_hardware_in_more_than_six_words_is_a_quotation(words: int, quoted: bool) -> None:
    named = " ".join(["chip"] * words)
    told = releases._hardware(replace(v31(), hardware_named=named), "none", voice("fr"))
    assert (told != named) == quoted  # English in a French report
    assert named in told
    bare = replace(v31(), hardware_named=None)
    assert releases._hardware(bare, "none", voice("en")) == "none"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (math.nan, None), (-math.inf, None), (0.1, 0.1), (3, 3), (True, True), (None, None),
        ("a\x07b", "ab"), ("x" * (MAX_BODY_CHARS + 1), "x" * (MAX_BODY_CHARS - 1) + "…"),
        (date(2025, 8, 22), "2025-08-22"),
        (datetime(2025, 8, 22, 1, tzinfo=timezone(timedelta(hours=2))), "2025-08-21T23:00:00Z"),
        (FeedState.OK, FeedState.OK.value), ((1, [math.nan]), [1, [None]]),
        ({"k" * 300: date(2025, 1, 2), 7: 1}, {"k" * 199 + "…": "2025-01-02", "7": 1}),
        (AxisSpan(left=1.0, width=math.inf), {"left": 1.0, "width": None}),
    ],
)  # fmt: skip
def test_what_programs_read_is_plain(value: Any, told: Any) -> None:
    assert json_form.plain(value) == told


def test_a_block_tells_programs_its_kind_and_letters_stay_letters() -> None:
    told = json_form.plain(Lines(lines=(Line(label="é", value="1"),)))
    assert told["kind"] == "lines"
    assert told["lines"] == [{"label": "é", "value": "1", "note": "", "tone": 0}]
    report = replace(sample_report(), notices=("é",))
    assert '"é"' in render(report, "json")


def test_figures_of_a_waterfall_end_below_each_other() -> None:
    def bar(label: str, shown: str) -> WaterfallStep:
        span = AxisSpan(left=0.0, width=10.0)
        return WaterfallStep(label=label, value=0.1, shown=shown, working="w", observed=True,
                             span=span, reasons=())  # fmt: skip

    fall = Waterfall(
        bars=(bar("a", "1"), bar("b", "-0.250")), total=bar("Score", "+12"), zero=0.0, limit=5.0,
        limit_label="limit", heads=("a", "b", "c", "d"), key=("e", "f", "g"),
    )  # fmt: skip
    part = Part(name="p", title="", blocks=(fall,))
    page = Page(lang="en", title="t", code="", parts=(part,), disclaimer="")
    lines = text.render_text(page, width=80).splitlines()[:3]
    assert [line.split()[-1] for line in lines] == ["1", "-0.250", "+12"]
    assert len({len(line) for line in lines}) == 1
