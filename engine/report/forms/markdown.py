"""Blocks in Markdown (CommonMark with tables).

Every text passes ``escape`` unless it is a link made here, so no outside text can open a tag, a
link, an image, a heading or a table cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from engine.report.blocks import (
    Block,
    Card,
    Cell,
    Chart,
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
from engine.report.typography import safe_url

_SPECIAL = re.compile(r"([\\`*_\[\]{}|~#!])")
_OPENING = re.compile(r"(?:(?<=\A)|(?<=\A\s))([-+=>]|\d{1,9}(?=[.)]\s))(?=[\s.)=-])")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BAR_CELLS = 20


def escape(text: str) -> str:
    """``text`` as literal Markdown."""
    plain = re.sub(r"[&<>]", lambda m: _HTML[m[0]], text.replace("\n", " "))
    return _OPENING.sub(r"\\\1", _SPECIAL.sub(r"\\\1", plain))


def link(text: str, url: str) -> str:
    """``[text](<url>)``, or the text alone when the link is not plain http(s)."""
    target = safe_url(url)
    return f"[{escape(text)}](<{target}>)" if target else escape(text)


def render_markdown(page: Page) -> str:
    """The page as Markdown."""
    out: list[str] = []
    for part in page.parts:
        body = blocks_markdown(part.blocks)
        out += [*([f"## {escape(part.title)}"] if part.title and body else []), body]
    return "\n\n".join([*(x for x in out if x), f"*{escape(page.disclaimer)}*"]) + "\n"


def blocks_markdown(blocks: Sequence[Block]) -> str:
    """Blocks, a blank line between them."""
    found = ("\n\n".join(_LAYOUT[type(b)](b)) for b in shown(blocks, short=False))
    return "\n\n".join(x for x in found if x)


def _note(note: Note) -> Iterator[str]:
    tag = f" ({escape(note.tag)})" if note.tag else ""
    text = escape(note.text) + tag
    if note.style == "alarm":
        yield f"> **{text}**"
    else:
        yield f"> {text}" if note.style == "alert" else text


def _verdict(head: Verdict) -> Iterator[str]:
    if head.age:
        yield f"**{escape(head.age)}**"
    yield f"# {escape(head.subject)}: {escape(head.word)}, {escape(head.beside)}"
    yield f"**{escape(head.lead)}**"
    yield f"{escape(head.when)}. {escape(head.acts)}"
    if head.lines:
        yield " ".join(escape(line.text) for line in head.lines)


def _lines(block: Lines) -> Iterator[str]:
    if block.title:
        yield f"**{escape(block.title)}**"
    rows = [
        (escape(line.label), escape(" ".join(x for x in (line.value, line.note) if x)))
        for line in block.lines
    ]
    yield _grid(("", ""), (":--", ":--"), rows)


def _table(block: Table) -> Iterator[str]:
    if block.title:
        yield f"**{escape(block.title)}**"
    heads = [escape(column.head) for column in block.columns]
    marks = ["--:" if column.number else ":--" for column in block.columns]
    yield _grid(heads, marks, [[_cell(cell) for cell in row] for row in block.rows])


def _grid(heads: Sequence[str], marks: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, marks, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(cell: Cell) -> str:
    if cell.is_bar:
        return "" if cell.span is None else "█" * round(cell.span.width * _BAR_CELLS / 100)
    text = escape(cell.text)
    if cell.style == "strong" and text:
        text = f"**{text}**"
    return f"{text} {escape(cell.note)}".strip() if cell.note else text


def _items(block: ItemList) -> Iterator[str]:
    if block.title:
        yield f"**{escape(block.title)}**"
    yield "\n".join(_item(item) for item in block.items)


def _item(item: ListItem) -> str:
    mark = "-" if item.number is None else f"{item.number}."
    title = f"**{escape(item.title)}** ({escape(item.about)}) · " if item.title else ""
    tag = f" ({escape(item.tag)})" if item.tag else ""
    detail = f" · {escape(item.detail)}" if item.detail else ""
    return f"{mark} {title}{link(item.text, item.url)}{tag}{detail}"


def _waterfall(block: Waterfall) -> Iterator[str]:
    rows = [_step(bar) for bar in block.bars]
    total = block.total
    rows.append((f"**{escape(total.label)}**", f"**{escape(total.shown)}**", "", ""))
    yield _grid([escape(h) for h in block.heads], (":--", "--:", ":--", ":--"), rows)


def _step(bar: WaterfallStep) -> tuple[str, ...]:
    reasons = (escape(r.text) + (f" ({escape(r.tag)})" if r.tag else "") for r in bar.reasons)
    return escape(bar.label), escape(bar.shown), escape(bar.working), " ".join(reasons)


def _chart(block: Chart) -> Iterator[str]:
    if block.title:
        yield f"**{escape(block.title)}**"
    yield escape(block.summary)


def _card(card: Card) -> Iterator[str]:
    yield f"### {escape(card.title)}"
    if card.note:
        yield escape(card.note)
    yield blocks_markdown(card.blocks)


_LAYOUT: dict[type[Block], Callable[[Any], Iterator[str]]] = {
    Note: _note,
    Verdict: _verdict,
    Lines: _lines,
    Table: _table,
    ItemList: _items,
    Waterfall: _waterfall,
    Chart: _chart,
    Card: _card,
}
