"""What commands answer in words, as blocks: one for each command whose answer is no report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from engine.report.blocks import Block, Cell, Column, Page, Part, Table
from engine.report.forms.text import render_text

if TYPE_CHECKING:
    from engine.report.i18n import Speaker


def told(voice: Speaker, *parts: tuple[str, Iterable[Block]]) -> str:
    """A command's answer in 80 columns: titled parts of blocks, one after the other."""
    laid = tuple(Part(name="", title=title, blocks=tuple(blocks)) for title, blocks in parts)
    return render_text(Page(lang=voice.lang, title="", code="", parts=laid, disclaimer=""))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> Table:
    """Plain cells below ``heads``; the first ``words`` columns are words, the others numbers."""
    return Table(
        columns=tuple(Column(head=head, number=i >= words) for i, head in enumerate(heads)),
        rows=tuple(tuple(Cell(text=text) for text in row) for row in rows),
    )
