"""Known answers of the two written forms: each kind of block, character by character."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from engine.report.blocks import (
    Block,
    Card,
    Cell,
    Chart,
    Column,
    Details,
    Gauge,
    ItemList,
    Line,
    Lines,
    ListItem,
    Note,
    Page,
    Part,
    Table,
    Verdict,
    Waterfall,
    WaterfallStep,
    flat,
    folds_only,
    plain_table,
    shown,
)
from engine.report.charts import AxisSpan
from engine.report.forms import text
from engine.report.forms.markdown import blocks_markdown, escape, link, render_markdown
from engine.report.forms.push import MAX_CHARS, render_push
from engine.report.forms.text import render_text

HALF = AxisSpan(left=0.0, width=50.0)
ITEM = ListItem(
    text="words", title="Title", number=3, about="when", detail="detail", tag="claim",
    source="source", url="https://example.org/a", tone=-1,
)  # fmt: skip
GAUGE = Gauge(
    at=100.0, label="now", limit=25.0, limit_label="limit", ends=("SELL", "HOLD"),
    danger=AxisSpan(left=0.0, width=25.0), wait=AxisSpan(left=25.0, width=25.0),
)  # fmt: skip
HEAD = Verdict(
    code="SELL", word="SELL", subject="NVDA", when="today", beside="firm", acts="at the open",
    lead="lead", age="old", push=("first", "second"),
    lines=(Note(text="one", style="alert"), Note(text="two")),
)  # fmt: skip
STEP = WaterfallStep(
    label="a|b", value=0.25, shown="+0.25", working="1 x 2", observed=True, span=HALF,
    reasons=(ListItem(text="why", tag="claim"), ListItem(text="and")),
)  # fmt: skip
FALL = Waterfall(
    bars=(STEP,), total=replace(STEP, label="Sum", shown="+1", reasons=()), zero=0.0, limit=5.0,
    limit_label="limit", heads=("h1", "h2", "h3", "h4"), key=("e", "f", "g"),
)  # fmt: skip
TABLE = Table(
    title="Table", columns=(Column(head="name"), Column(bar=True), Column(head="n", number=True)),
    rows=(
        (Cell(text="a"), Cell(span=HALF), Cell(text="1", note="few", style="strong")),
        (Cell(text="b", note="c"), Cell(observed=False), Cell(note="none", style="strong")),
    ),
)  # fmt: skip
LINES = Lines(lines=(Line(label="l", value="v", note="n"), Line(label="m", value="")), title="T")


def page(*blocks: Block, title: str = "", disclaimer: str = "") -> Page:
    part = Part(name="p", title=title, blocks=blocks)
    return Page(lang="en", title="t", code="", parts=(part,), disclaimer=disclaimer)


def printed(*blocks: Block, width: int = 60, short: bool = False) -> list[str]:
    return render_text(page(*blocks), width=width, short=short).splitlines()


# --- Markdown -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (Note(text="a"), "a"),
        (Note(text="a", tag="b"), "a (b)"),
        (Note(text="a", style="quiet"), "a"),
        (Note(text="a", style="alert", tag="b"), "> a (b)"),
        (Note(text="a", style="alarm"), "> **a**"),
        (HEAD, "**old**\n\n# NVDA: SELL, firm\n\n**lead**\n\ntoday. at the open\n\none two"),
        (replace(HEAD, age="", lines=()),
         "# NVDA: SELL, firm\n\n**lead**\n\ntoday. at the open"),
        (LINES, "**T**\n\n|  |  |\n| :-- | :-- |\n| l | v n |\n| m |  |"),
        (TABLE, "**Table**\n\n| name |  | n |\n| :-- | :-- | --: |\n"
                "| a | ██████████ | **1** few |\n| b c |  | none |"),
        (ItemList(items=(ITEM,), title="List"),
         "**List**\n\n3. **Title** (when) · [words](<https://example.org/a>) (claim) · detail"),
        (ItemList(items=(ListItem(text="a"), ListItem(text="b"))), "- a\n- b"),
        (FALL, "| h1 | h2 | h3 | h4 |\n| :-- | --: | :-- | :-- |\n"
               "| a\\|b | +0.25 | 1 x 2 | why (claim) and |\n| **Sum** | **+1** |  |  |"),
        (Chart(curves=(), summary="s", title="C"), "**C**\n\ns"),
        (Chart(curves=(), summary="s"), "s"),
        (Card(title="C", note="n", blocks=(Note(text="a"), Note(text="b"))),
         "### C\n\nn\n\na\n\nb"),
        (Details(title="more", blocks=(Note(text="a"),)), "a"),
    ],
)  # fmt: skip
def test_each_block_in_markdown(block: Block, said: str) -> None:
    assert blocks_markdown([block]) == said


def test_a_page_in_markdown_has_no_head_above_nothing() -> None:
    """What a short form alone shows is not in it; the disclaimer stands at the end."""
    brief = Note(text="brief", depth="short")
    assert render_markdown(page(Note(text="a"), brief, title="T", disclaimer="d")) == (
        "## T\n\na\n\n*d*\n"
    )
    assert render_markdown(page(brief, title="T", disclaimer="d")) == "*d*\n"


@pytest.mark.parametrize(
    ("told", "literal"),
    [
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("1. not a list", "\\1. not a list"),
        ("- no list", "\\- no list"),
        ("a - b", "a - b"),
        ("one\ntwo", "one two"),
        ("[x](y) `z` *w* _v_ #u !t ~s {r} \\q", "\\[x\\](y) \\`z\\` \\*w\\* \\_v\\_ \\#u \\!t "
                                                "\\~s \\{r\\} \\\\q"),
    ],
)  # fmt: skip
def test_outside_text_is_literal_in_markdown(told: str, literal: str) -> None:
    assert escape(told) == literal
    assert link(told, "javascript:x") == literal


# --- text -----------------------------------------------------------------------------------------


def test_notes_follow_each_other_and_a_warning_has_its_mark() -> None:
    assert printed(
        Note(text="a"), Note(text="b", style="alert"), Note(text="c", style="alarm", tag="d")
    ) == ["a", "! b", "! c [d]"]
    assert printed(Note(text="a"), LINES, Note(text="b")) == [
        "a", "", "T", "l  v  n", "m", "b",
    ]  # fmt: skip


def test_a_verdict_in_text_opens_with_its_age_and_ends_with_its_lines() -> None:
    assert printed(HEAD) == [
        "old", "NVDA   SELL   firm", "today", "at the open", "", "lead", "one", "two",
    ]  # fmt: skip
    assert printed(replace(HEAD, age="", lines=()))[0] == "NVDA   SELL   firm"


@pytest.mark.parametrize(
    ("at", "row"),
    [
        (0.0, "●════╌╌╌╌╌───────────"), (100.0, "═════╌╌╌╌╌──────────●"),
        (50.0, "═════╌╌╌╌╌●──────────"), (12.0, "══●══╌╌╌╌╌───────────"),
    ],
)  # fmt: skip
def test_a_gauge_ends_in_its_words(at: float, row: str) -> None:
    """31 columns leave 31 - 2 x 4 - 2 = 21 cells: the limit at 0.25 x 20 = 5, the wait to 10."""
    drawn = str(text._gauge(replace(GAUGE, at=at), 31))
    assert drawn == f"SELL {row.replace('╌', '┄')} HOLD"
    assert len(str(text._gauge(GAUGE, 20))) == 30  # twenty cells at the least
    assert len(str(text._gauge(GAUGE, 300))) == 100


def test_a_gauge_is_red_where_the_other_verdict_begins() -> None:
    """Five characters of "SELL ", five cells to the limit, and the place in cell 10."""
    spans = text._gauge(replace(GAUGE, at=50.0), 31).spans  # type: ignore[union-attr]
    assert [(s.start, s.end, s.style) for s in spans if s.style != "dim"] == [
        (5, 10, "red"), (15, 16, "bold"),
    ]  # fmt: skip


def test_what_is_to_be_copied_stays_on_one_line() -> None:
    code = Lines(lines=(Line(label="hash", value="x" * 55),), code=True)
    assert printed(code, width=61) == ["hash  " + "x" * 55]
    assert printed(code, width=60) == ["hash", "  " + "x" * 55]


def test_a_table_in_text_has_heads_bars_and_notes() -> None:
    """Names take 2 + 4, figures 2 + 5, so 45 columns leave a bar 30 characters; 15 are full."""
    assert printed(TABLE, width=45) == [
        "Table",
        "name" + " " * 38 + "n",
        "a     " + "█" * 15 + " " * 17 + "1 few",
        "b c   " + "╱╱╱" + " " * 30 + "none",
    ]
    bare = replace(TABLE, title="", columns=(Column(), Column(bar=True), Column(number=True)))
    assert printed(bare, width=45)[0].startswith("a    █")
    for width, cells in ((45, 30), (44, 29), (24, 9), (23, 8), (10, 8)):
        assert text._bar_cells(TABLE, width) == cells


def test_a_bar_beside_long_words_keeps_their_first_thirty_two() -> None:
    """2 + 32 for the words, so 60 columns leave 60 - 34 - 2 = 24."""
    long = Table(
        columns=(Column(), Column(bar=True)), rows=((Cell(text="x" * 50), Cell(span=HALF)),)
    )
    assert text._bar_cells(long, 60) == 24


def test_a_list_in_text_numbers_what_has_a_title() -> None:
    assert printed(ItemList(items=(ITEM, replace(ITEM, number=None)), title="List")) == [
        "List", " 3 ▼ Title  when", "     words [claim]", "     detail · source",
        "· Title  when", "     words [claim]", "     detail · source",
    ]  # fmt: skip
    for tone, arrow in ((1, "▲"), (0, "◆")):
        assert printed(ItemList(items=(replace(ITEM, tone=tone),)))[0] == f" 3 {arrow} Title  when"
    plain = (ListItem(text="a", tag="b"), ListItem(text="c"))
    assert printed(ItemList(items=plain)) == ["  · a [b]", "  · c"]
    short = replace(ITEM, detail="", source="", tag="")
    assert printed(ItemList(items=(short,))) == [" 3 ▼ Title  when", "     words"]


def test_a_waterfall_in_text_says_how_each_step_was_worked_out() -> None:
    *_, blank, step, first, second = printed(FALL)
    assert (blank, step) == ("", "a|b  1 x 2")
    assert (first, second) == ("  · why [claim]", "  · and")


@pytest.mark.parametrize(
    ("label", "width", "cells"),
    [("abc", 60, 40), ("abc", 50, 31), ("x" * 40, 76, 30), ("x" * 40, 75, 39), ("x" * 40, 40, 10)],
)
def test_a_bar_of_a_waterfall_has_what_its_label_leaves(label: str, width: int, cells: int) -> None:
    """Sixteen for the figure and the gaps; a label has 30 from 76 columns on, 20 below."""
    whole = replace(STEP, label=label, span=AxisSpan(left=0.0, width=100.0), reasons=())
    found = printed(replace(FALL, bars=(whole,)), width=width)
    assert max(line.count("█") for line in found) == cells


@pytest.mark.parametrize(("width", "drawn"), [(60, 60), (100, 100), (120, 100)])
def test_a_spark_is_as_wide_as_the_page_up_to_a_hundred(width: int, drawn: int) -> None:
    rising = Chart(curves=(), summary="s", spark=tuple(float(n) for n in range(400)))
    assert len(printed(rising, width=width)[0]) == drawn


@pytest.mark.parametrize(
    ("block", "code"),
    [
        (Note(text="word"), ""), (Note(text="word", style="alert"), "33"),
        (Note(text="word", style="alarm"), "1;31"), (Note(text="word", style="quiet"), "2"),
        (replace(HEAD, word="word"), "1;37;41"),
        (replace(HEAD, word="word", code="HOLD"), "1;37;44"),
        (replace(HEAD, word="word", code="STUDY"), "1;37;100"),
        *((Lines(lines=(Line(label="l", value="word", tone=tone),)), code)
          for tone, code in ((1, "34"), (-1, "31"), (0, ""))),
        *((plain_table(("h",), [(Cell(text="word", tone=tone, style=style),)]), code)
          for tone, style, code in ((1, "", "34"), (-1, "strong", "31"), (0, "strong", "1"),
                                    (0, "quiet", "2"), (0, "", ""))),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_colours_say_again_what_words_say(block: Block, code: str) -> None:
    """31 red, 33 yellow, 34 blue, 1 bold, 2 dim, 40 more behind; none unless they are asked for."""
    found = re.search(r"(?:\x1b\[([\d;]+)m)?(?:! )? ?word", render_text(page(block), color=True))
    assert found is not None
    assert (found[1] or "") == code
    assert "\x1b" not in render_text(page(block))


def test_a_chart_in_text_is_its_spark_and_its_words() -> None:
    whole = Chart(curves=(), summary="s", title="C", spark=(0.0, 1.0))
    found = printed(whole)
    assert (found[0], len(found), found[-1]) == ("C", 3, "s")
    assert printed(replace(whole, spark=(), title="")) == ["s"]


def test_a_card_and_a_part_in_text_have_a_rule() -> None:
    card = Card(title="C", note="n", blocks=(Note(text="a"),))
    rule, *rest = printed(card, width=40)
    assert rule == "C " + "┄" * 38
    assert rest == ["n", "a"]
    told = render_text(page(Note(text="a"), title="T", disclaimer="d"), width=40)
    assert told == "T " + "─" * 38 + "\na\n\nd\n"
    assert render_text(page(Note(text="a", depth="short"), title="T"), width=40) == "\n"
    assert max(map(len, render_text(page(Note(text="x " * 60)), width=5).splitlines())) == 39


# --- what a form shows ----------------------------------------------------------------------------


def test_each_form_shows_what_is_marked_for_it() -> None:
    every, full, brief = (Note(text=d, depth=d) for d in ("all", "full", "short"))  # type: ignore[arg-type]
    empty = (Lines(lines=()), Table(columns=(Column(),), rows=()), ItemList(items=()))
    blocks = (every, full, brief, *empty)
    assert list(shown(blocks, short=False)) == [every, full]
    assert list(shown(blocks, short=True)) == [every, brief]
    fold = Details(title="more", blocks=blocks)
    assert list(shown([fold], short=False)) == [every, full]
    assert list(shown([fold], short=False, folds=True)) == [replace(fold, blocks=(every, full))]
    nothing = replace(fold, blocks=(brief,))
    assert list(shown([nothing], short=False, folds=True)) == []
    assert printed(full, brief, short=True) == ["short"]


def test_paper_may_show_nothing_of_what_is_folded() -> None:
    note = Note(text="a")
    fold = Details(title="more", blocks=(note,))
    assert folds_only([fold])
    assert folds_only([fold, replace(note, depth="short")])
    assert not folds_only([fold, note])
    assert not folds_only([replace(fold, printed=True)])
    card = Card(title="C", blocks=(fold,))
    assert list(flat([card])) == [card, fold, note]


def test_the_first_columns_are_words_and_the_others_numbers() -> None:
    cell = Cell(text="c", style="strong")
    found = plain_table(("a", "b", "c"), [("x", "y", cell)], words=2)
    assert [column.number for column in found.columns] == [False, False, True]
    assert found.rows == ((Cell(text="x"), Cell(text="y"), cell),)
    assert [c.number for c in plain_table(("a", "b"), []).columns] == [False, True]


@pytest.mark.parametrize(("n", "kept"), [(111, True), (112, False)])
def test_a_push_has_what_fits_in_full(n: int, kept: bool) -> None:
    """ "first · " takes 8 characters: with 111 more it has 119 and its full stop, the most."""
    told = page(replace(HEAD, push=("first",)), Note(text="x" * n + ".", push=True),
                Note(text="not this"))  # fmt: skip
    assert MAX_CHARS == 120
    assert render_push(told) == (f"first · {'x' * n}." if kept else "first.")
    alone = page(Note(text="y" * 200, push=True))
    assert render_push(alone) == "y" * 120
