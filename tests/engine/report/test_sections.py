"""A section is said once and appears in every form and language."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html

from engine.report.blocks import (
    KINDS,
    Block,
    Card,
    Cell,
    Chart,
    Column,
    Curve,
    ItemList,
    Line,
    Lines,
    ListItem,
    Note,
    Page,
    Table,
    Verdict,
    Waterfall,
    WaterfallStep,
    flat,
    shown,
)
from engine.report.build import gathered
from engine.report.charts import AxisSpan
from engine.report.i18n import Speaker, voice
from engine.report.page import compose
from engine.report.render import render
from engine.report.section import Section, public_sections, sections
from engine.shown import FeedState, Report, SourceHealth
from tests.engine.report.sample_report import sample_report

ROOT = Path(__file__).resolve().parents[3]
WORDED = ("text", "html", "md", "mail_html", "mail_text")
SHORT = ("mail_html",)


def everything() -> tuple[Block, ...]:
    """One block of each kind, each with words of its own."""
    span = AxisSpan(left=10.0, width=20.0)
    bar = WaterfallStep(
        label="wf-label", value=0.1, shown="wf-shown", working="wf-working", observed=True,
        span=span, reasons=(ListItem(text="wf-reason", tag="wf-tag"),),
    )  # fmt: skip
    return (
        Note(text="note-text", tag="note-tag", push=True),
        Verdict(
            code="UNKNOWN", word="verdict-word", subject="verdict-subject", when="verdict-when",
            beside="verdict-beside", acts="verdict-acts", lead="verdict-lead",
            lines=(Note(text="verdict-line"),), push=("verdict-push",),
        ),
        Lines(lines=(Line(label="line-label", value="line-value", note="line-note"),),
              title="lines-title"),
        Table(
            columns=(Column(head="table-head"), Column(bar=True), Column(number=True)),
            rows=((Cell(text="cell-text", note="cell-note"), Cell(span=span), Cell(text="42")),),
            title="table-title",
        ),
        ItemList(items=(ListItem(title="item-title", text="item-text", number=1, about="item-about",
                          detail="item-detail", tag="item-tag"),), title="items-title"),
        Waterfall(bars=(bar,), total=bar, zero=10.0, limit=5.0, limit_label="wf-limit",
                  heads=("a", "b", "c", "d"), key=("e", "f", "g")),
        Chart(curves=(Curve(path="M0 0L1000 400"),), summary="chart-summary", title="chart-title"),
        Card(title="card-title", note="card-note", blocks=(Note(text="card-inside"),)),
    )  # fmt: skip


SAID = """note-text note-tag verdict-word verdict-subject verdict-when verdict-beside verdict-acts
verdict-lead verdict-line line-label line-value line-note lines-title table-head cell-text cell-note
table-title item-title item-text item-about item-detail item-tag items-title wf-label wf-shown
wf-working wf-reason wf-tag chart-summary chart-title card-title card-note card-inside""".split()


class Probe(Section):
    """A section with a block of every kind."""

    name, order, title = "probe", 55, "Probe"
    labels = {"probe_name": "What the probe calls it"}  # noqa: RUF012

    def gather(self, inputs: Any) -> Any:
        return {"gathered": 7.5}

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        return (*everything(), Note(text=voice.label("probe_name")))


def words_of(text: str, fmt: str) -> str:
    """What a reader sees, single-spaced, Markdown's escapes undone."""
    if fmt in ("html", "mail_html"):
        text = lxml_html.document_fromstring(text).find("body").text_content()
    return " ".join(text.replace("\\", "").replace("**", "").split())


def test_the_probe_has_a_block_of_every_kind() -> None:
    assert {type(block) for block in everything()} == set(KINDS)


@pytest.mark.parametrize("fmt", WORDED)
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_word_of_every_kind_of_block_is_in_every_form(fmt: str, lang: str) -> None:
    """Bars and lines are drawings; everything written is there, under the section's title."""
    page = words_of(render(sample_report(), fmt, lang, 120, listed=[Probe()]), fmt)

    assert [word for word in SAID if word not in page] == []
    assert "Probe" in page
    assert "What the probe calls it" in page


def test_a_section_without_keys_of_its_own_is_in_the_json_under_its_name() -> None:
    data = json.loads(render(sample_report(), "json", listed=[Probe()]))

    assert [block["kind"] for block in data["probe"][:2]] == ["note", "verdict"]
    assert data["probe"][0]["text"] == "note-text"


def test_a_note_for_the_phone_is_in_the_push() -> None:
    push = render(sample_report(), "push", listed=[Probe()])

    assert "note-text" in push
    assert "verdict-push" in push


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("section", public_sections(), ids=lambda s: s.name)
def test_every_section_is_in_every_form(section: Section, lang: str) -> None:
    """Each form shows at least the section's first words; nothing it says gets lost."""
    report = sample_report()
    assert render(report, "mail_text", lang, listed=[section]) == (
        render(report, "text", lang, 72, listed=[section])
    )
    for fmt in (f for f in WORDED if f != "mail_text"):
        speaker = voice(lang, minus="\u2212" if "html" in fmt else "-")
        page = words_of(render(report, fmt, lang, 400, listed=[section]), fmt)
        (part,) = compose(report, speaker, [section]).parts
        said = list(sentences(part.blocks, short=fmt in SHORT))

        assert said, section.name
        assert part.title in page
        assert [s for s in said if " ".join(s.split()) not in page] == [], (section.name, fmt)
    assert json.loads(render(report, "json", lang, listed=[section])).keys() > {"disclaimer"} or (
        section.name == "why"
    )


def sentences(blocks: Iterable[Block], *, short: bool) -> Iterator[str]:
    """What is written in the blocks a form shows, waterfalls and charts by what they add up to."""
    for block in flat(shown(tuple(blocks), short=short)):
        if block.depth == ("full" if short else "short"):
            continue
        if isinstance(block, Note):
            yield block.text
        elif isinstance(block, Verdict):
            yield from (block.word, block.when, block.beside, block.acts)
        elif isinstance(block, Lines):
            yield from (text for line in block.lines for text in (line.label, line.value))
        elif isinstance(block, Table):
            yield from (cell.text for row in block.rows for cell in row)
        elif isinstance(block, ItemList):
            yield from (item.text for item in block.items[: block.most if short else None])
        elif isinstance(block, Waterfall):
            yield from (bar.shown for bar in (*block.bars, block.total))
        elif isinstance(block, Chart):
            yield block.summary


def test_sections_are_found_by_being_there_and_have_names_and_places_of_their_own() -> None:
    files = {p.stem for p in (ROOT / "engine/report/sections").glob("*.py")} - {"__init__"}
    found = sections()

    assert len(found) == len(files) == len({s.name for s in found}) == len({s.order for s in found})
    assert [s.order for s in found] == sorted(s.order for s in found)


def test_json_keys_of_two_sections_never_collide() -> None:
    english, report = voice("en"), sample_report()
    keys = [key for s in sections() for key in s.data(report, english)]

    assert sorted(keys) == sorted(set(keys))


def test_what_a_section_gathers_reaches_the_report_under_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.report.build.sections", lambda: (Probe(),))

    assert gathered(None) == {"probe": {"gathered": 7.5}}  # type: ignore[arg-type]


def test_a_page_is_values_only() -> None:
    """Equal reports give equal pages, and a page can be compared and hashed."""
    page = compose(sample_report(), voice("en"))

    assert page == compose(sample_report(), voice("en"))
    assert isinstance(hash(page), int)
    assert {f.name for f in fields(Page)} >= {"lang", "title", "code", "parts", "disclaimer"}


def test_no_sentence_is_said_inside_an_f_string() -> None:
    """The extraction of messages cannot see into one, so it would stay English for ever."""
    broken = []
    for package in ("engine", "strategies", "feeds", "backtests"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    broken += [f"{path.name}:{node.lineno}" for c in ast.walk(node) if speaks(c)]

    assert broken == []
    assert any(speaks(c) for c in ast.walk(ast.parse("f\"{_('x')}\"")))


def speaks(node: ast.AST) -> bool:
    """Whether ``node`` says a literal sentence."""
    if (
        not isinstance(node, ast.Call)
        or not node.args
        or not isinstance(node.args[0], ast.Constant)
    ):
        return False
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    return name in ("_", "N_", "say", "count", "phrase", "plural")


def test_the_example_of_a_section_runs() -> None:
    """What the documentation shows to whoever adds one."""
    import doctest

    from engine.report import section

    assert doctest.testmod(section).attempted > 3
    assert doctest.testmod(section).failed == 0


@pytest.mark.parametrize(("lang", "said"), [("en", "Not asked"), ("fr", "Non interrogées")])
def test_a_source_that_is_mute_is_named_in_the_report(lang: str, said: str) -> None:
    """For want of a contact address; with one there is no such line."""
    mute = SourceHealth(name="sec-nvda", state=FeedState.NEVER, last_ok_at=None, newest_at=None,
                        tier=1, mute=True)  # fmt: skip
    base = sample_report()

    told = render(replace(base, data_health=(*base.data_health, mute)), "text", lang)

    line = next(line for line in told.splitlines() if said in line)
    assert "sec-nvda" in " ".join(told[told.index(line) :].split()[:30])
    assert said not in render(base, "text", lang)
