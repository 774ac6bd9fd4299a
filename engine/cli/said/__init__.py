"""What commands answer in words, as blocks: one for each command whose answer is no report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.report.blocks import Block, Page, Part
from engine.report.forms.text import render_text

if TYPE_CHECKING:
    from engine.report.i18n import Speaker


def told(voice: Speaker, *parts: tuple[str, Iterable[Block]]) -> str:
    """A command's answer in 80 columns: titled parts of blocks, one after the other."""
    laid = tuple(Part(name="", title=title, blocks=tuple(blocks)) for title, blocks in parts)
    return render_text(Page(lang=voice.lang, title="", code="", parts=laid, disclaimer=""))
