"""What went wrong, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import ConfigError, NvsignalError
from engine.phrases import error_phrase

if TYPE_CHECKING:
    from engine.report.i18n import Speaker

MOST_LINES, MOST_CHARS = 40, 400


def fault_lines(error: NvsignalError, voice: Speaker) -> tuple[str, ...]:
    """A line for each thing that is wrong, cleaned; in English what was not written as a phrase."""
    if isinstance(error, ConfigError):
        return tuple(voice.tell(line, limit=MOST_CHARS) for line in error.problems[:MOST_LINES])
    return (voice.tell(error_phrase(error), limit=MOST_CHARS),)
