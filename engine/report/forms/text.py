"""Blocks on a terminal, by Rich, from 40 columns up.

Text is never parsed as markup, highlighted or linked, and the console reads no environment: the
same page and width give the same characters. Senses are signs and words first, colours second.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.style import Style
from rich.table import Table as Grid
from rich.text import Text as RichText

from engine.report.blocks import (
    Block,
    Card,
    Cell,
    Chart,
    Gauge,
    ItemList,
    Lines,
    ListItem,
    Note,
    Page,
    Table,
    Verdict,
    Waterfall,
    WaterfallStep,
    shown,
)
from engine.report.charts import AxisSpan, sparkline

MIN_WIDTH = 40
_TONE = {1: "blue", -1: "red", 0: ""}
_STYLE = {"": "", "lead": "", "alert": "yellow", "alarm": "bold red", "quiet": "dim"}
_CELL = {"": "", "strong": "bold", "quiet": "dim"}
_VERDICT = {"SELL": "bold white on red", "HOLD": "bold white on blue"}
_ARROW = {1: "▲", -1: "▼", 0: "◆"}
_FULL, _AGAINST, _EMPTY = "█", "▒", " "
_GLUE = {0xA0: 0xE0A0, 0x202F: 0xE02F}
_UNGLUE = {glued: space for space, glued in _GLUE.items()}


class Text(RichText):
    """Text whose no-break spaces hold: Rich would break a line at them.

    They travel through the layout as private characters, which cleaned text cannot contain, and
    are put back at the end.
    """

    def __init__(self, text: str = "", style: str | Style = "", *, no_wrap: bool | None = None):
        super().__init__(text.translate(_GLUE), style, no_wrap=no_wrap)

    def append(self, text: RichText | str, style: str | Style | None = None) -> Text:
        """Add text at the end."""
        super().append(text.translate(_GLUE) if isinstance(text, str) else text, style)
        return self


def _joined(*parts: RichText | str | tuple[str, str]) -> Text:
    """Parts in a row: plain, styled as (text, style), or text."""
    whole = Text()
    for part in parts:
        whole.append(*part) if isinstance(part, tuple) else whole.append(part)
    return whole


def render_text(page: Page, *, width: int = 80, color: bool = False, short: bool = False) -> str:
    """The page as lines of at most ``width`` columns; escape sequences only with ``color``.

    short: without what is marked for full forms, as a command's answer.
    """
    out: list[RenderableType] = []
    for part in page.parts:
        body = list(_laid(part.blocks, max(MIN_WIDTH, width), short))
        out += [*(_headed(part.title) if part.title and body else ()), *body]
    if page.disclaimer:
        out.append(Text("\n" + page.disclaimer, style="italic"))
    return _printed(out, width, color=color)


def _printed(parts: Iterable[RenderableType], width: int, *, color: bool) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=max(MIN_WIDTH, width),
        force_terminal=color,
        color_system="standard" if color else None,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    console.print(Group(*parts))
    lines = (line.rstrip() for line in out.getvalue().translate(_UNGLUE).split("\n"))
    return "\n".join(lines).strip("\n") + "\n"


def _headed(title: str) -> list[RenderableType]:
    rule = Rule(Text(title, style="bold"), align="left", characters="─", style="dim")
    return [Text(), rule]


def _laid(blocks: Sequence[Block], width: int, short: bool) -> Iterator[RenderableType]:
    """Every block, a blank line between a table or a drawing and what stands before it."""
    first = True
    for block in shown(blocks, short=short):
        if not first and not isinstance(block, Note | ItemList):
            yield Text()
        if isinstance(block, Card):
            yield from _card(block, width, short)
        else:
            yield from _LAYOUT[type(block)](block, width)
        first = False


# --- one function for each kind -----------------------------------------------------------------


def _note(note: Note, _width: int) -> Iterator[RenderableType]:
    before = "! " if note.style in ("alert", "alarm") else ""
    tag = f" [{note.tag}]" if note.tag else ""
    yield _joined((before + note.text, _STYLE[note.style]), (tag, "yellow"))


def _verdict(head: Verdict, width: int) -> Iterator[RenderableType]:
    style = _VERDICT.get(head.code, "bold white on bright_black")
    if head.age:
        yield Text(head.age, style="bold yellow")
    yield _joined((f"{head.subject}  ", "bold"), (f" {head.word} ", style), f"  {head.beside}")
    yield Text(head.when, style="dim")
    yield Text(head.acts)
    yield Text()
    yield Text(head.lead)
    if head.gauge is not None:
        yield _gauge(head.gauge, width)
    for line in head.lines:
        yield Text(line.text, style=_STYLE[line.style])


def _gauge(gauge: Gauge, width: int) -> RenderableType:
    """The line from end to end: where the other verdict begins, the band of patience, the rest."""
    cells = max(20, min(width, 100) - 2 * max(map(len, gauge.ends)) - 2)
    wait = gauge.wait.left + gauge.wait.width
    score, leave, enter = (
        min(cells - 1, round(at * (cells - 1) / 100)) for at in (gauge.at, gauge.limit, wait)
    )
    row = ["═"] * leave + ["┄"] * (enter - leave) + ["─"] * (cells - enter)
    row[score] = "●"
    left, right = gauge.ends
    line = _joined((f"{left} ", "dim"), "".join(row), (f" {right}", "dim"))
    start = len(left) + 1
    line.stylize("red", start, start + leave)
    line.stylize("bold", start + score, start + score + 1)
    return line


def _lines(block: Lines, width: int) -> Iterator[RenderableType]:
    if block.code and _too_wide(block, width):
        for line in block.lines:  # what is to be copied stays on one line
            yield Text(line.label, style="dim")
            yield Padding(Text(line.value, style="dim"), (0, 0, 0, 2))
        return
    noted = any(line.note for line in block.lines)
    table = _grid(2)
    for line in block.lines:
        value = Text(line.value, style="dim" if block.code else _TONE[line.tone])
        if noted and line.note:
            value = _joined(value, (f"  {line.note}", "dim"))
        table.add_row(Text(line.label, style="dim"), value)
    if block.title:
        yield Text(block.title, style="bold")
    yield table


def _too_wide(block: Lines, width: int) -> bool:
    """Whether a label and its value do not fit beside each other."""
    label, value = (max(len(getattr(x, k)) for x in block.lines) for k in ("label", "value"))
    return bool(label + 2 + value > width)


def _grid(columns: int) -> Grid:
    """A borderless table whose last column takes what is left."""
    table = Grid.grid(padding=(0, 2, 0, 0))
    for _ in range(columns):
        table.add_column(overflow="fold")
    return table


def _table(block: Table, width: int) -> Iterator[RenderableType]:
    cells = _bar_cells(block, width)
    table = Grid.grid(padding=(0, 2, 0, 0))
    for column in block.columns:
        least = cells if column.bar else None
        side: Any = "right" if column.number else "left"
        table.add_column(justify=side, overflow="fold", min_width=least)
    if block.headed:
        table.add_row(*(Text(column.head, style="dim") for column in block.columns))
    for row in block.rows:
        table.add_row(*(_cell(cell, cells) for cell in row))
    if block.title:
        yield Text(block.title, style="bold")
    yield table


def _bar_cells(block: Table, width: int) -> int:
    """What the words of a table leave to its bar, from 8 to 30 characters."""
    words = 0
    for i, column in enumerate(block.columns):
        if not column.bar:
            texts = (f"{row[i].text} {row[i].note}".strip() for row in block.rows)
            words += 2 + min(32, max(map(len, (column.head, *texts))))
    return max(8, min(30, width - words - 2))


def _cell(cell: Cell, cells: int) -> RichText:
    if cell.is_bar:
        return _track(cell.span, cell.zero, cell.tone, cells, at=cell.at)
    text = Text(cell.text, style=_TONE[cell.tone] or _CELL[cell.style])
    return (
        _joined(text, (f" {cell.note}" if cell.text else cell.note, "dim")) if cell.note else text
    )


def _track(
    span: AxisSpan | None, zero: float | None, tone: int, cells: int, *, at: float | None = None
) -> Text:
    """A bar in ``cells`` characters, with the zero line where it is free; hatched without span."""
    if span is None:
        return Text("╱" * 3 + " " * (cells - 3), style="dim")
    start = round(span.left * cells / 100)
    end = max(start + 1, round((span.left + span.width) * cells / 100))
    row = [_EMPTY] * cells
    if zero is not None:
        row[min(cells - 1, round(zero * cells / 100))] = "│"
    for i in range(start, min(end, cells) if span.width else start):
        row[i] = _AGAINST if tone < 0 else _FULL
    if at is not None:
        row[min(cells - 1, round(at * cells / 100))] = "●"
    return Text("".join(row), style=_TONE[tone] or ("blue" if zero is None else ""))


def _items(block: ItemList, _width: int) -> Iterator[RenderableType]:
    if block.title:
        yield Text(block.title, style="bold")
    for item in block.items:
        yield from _entry(item) if item.title else [_reason(item)]


def _entry(item: ListItem) -> Iterator[RenderableType]:
    number = "" if item.number is None else f"{item.number:>2} "
    arrow = _ARROW[item.tone] if item.number is not None else "·"
    row = Grid.grid(padding=(0, 1, 0, 0))
    row.add_row(
        _joined(number, (arrow, _TONE[item.tone])),
        _joined((item.title, "bold"), f"  {item.about}"),
    )
    yield row
    indent = (0, 0, 0, 5)
    tag = f" [{item.tag}]" if item.tag else ""
    yield Padding(_joined(item.text, (tag, "yellow")), indent)
    detail = " · ".join(x for x in (item.detail, item.source) if x)
    if detail:
        yield Padding(Text(detail, style="dim"), indent)


def _reason(item: ListItem) -> RenderableType:
    text = Text(item.text)
    if item.tag:
        text.append(f" [{item.tag}]", style="yellow")
    row = Grid.grid(padding=(0, 1, 0, 0))
    row.add_row(Text("  ·"), text)
    return row


def _waterfall(block: Waterfall, width: int) -> Iterator[RenderableType]:
    bars = (*block.bars, block.total)
    most = 30 if width >= 76 else 20
    cells = max(10, min(40, width - min(max(len(b.label) for b in bars), most) - 16))
    table = Grid.grid(padding=(0, 1, 0, 0))
    table.add_column(max_width=most)
    table.add_column(min_width=cells)
    table.add_column(justify="right")
    for bar in bars:
        strong = "bold" if bar is block.total else ""
        table.add_row(
            Text(bar.label, style=strong),
            _track(bar.span if bar.observed else None, block.zero, bar.tone, cells),
            Text(bar.shown, style=strong or ("" if bar.observed else "dim")),
        )
    yield table
    yield Text()
    for bar in block.bars:
        yield from _explained(bar)


def _explained(bar: WaterfallStep) -> Iterator[RenderableType]:
    yield _joined((bar.label, "bold"), (f"  {bar.working}", "dim"))
    for reason in bar.reasons:
        yield _reason(reason)


def _chart(block: Chart, width: int) -> Iterator[RenderableType]:
    if block.title:
        yield Text(block.title, style="bold")
    if block.spark:
        yield Text(sparkline(block.spark, min(width, 100)), style="blue", no_wrap=True)
    yield Text(block.summary)


def _card(card: Card, width: int, short: bool) -> Iterator[RenderableType]:
    rule = Rule(Text(card.title, style="bold"), align="left", characters="┄", style="dim")
    yield rule
    if card.note:
        yield Text(card.note, style="dim")
    yield from _laid(card.blocks, width, short)


_LAYOUT: dict[type[Block], Callable[[Any, int], Iterable[RenderableType]]] = {
    Note: _note,
    Verdict: _verdict,
    Lines: _lines,
    Table: _table,
    ItemList: _items,
    Waterfall: _waterfall,
    Chart: _chart,
}
