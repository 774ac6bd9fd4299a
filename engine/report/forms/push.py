"""The page in one line that fits a lock screen, for phones and mail previews."""

from __future__ import annotations

from engine.report.blocks import Note, Page, Verdict

MAX_CHARS = 120
"""About three lines of a notification on a locked phone."""


def render_push(page: Page) -> str:
    """The verdict's sentences, then notes marked for it, as many as fit."""
    parts: list[str] = []
    for block in page.blocks():
        if isinstance(block, Verdict):
            parts += block.push
        elif isinstance(block, Note) and block.push:
            parts.append(block.text.rstrip("."))
    while len(parts) > 1 and len(" · ".join(parts)) >= MAX_CHARS:
        parts.pop()
    return (" · ".join(parts) + ".")[:MAX_CHARS]
