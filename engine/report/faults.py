"""What went wrong, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import ConfigError, NvsignalError, OutOfRangeError, UnknownNameError
from engine.phrases import phrase

if TYPE_CHECKING:
    from engine.report.i18n import Speaker

MOST_LINES, MOST_CHARS = 40, 400


def fault_lines(error: NvsignalError, voice: Speaker) -> tuple[str, ...]:
    """A line for each thing that is wrong, cleaned; in English what was not written as a phrase."""
    if isinstance(error, ConfigError):
        return tuple(voice.tell(line, limit=MOST_CHARS) for line in error.problems[:MOST_LINES])
    message, remedy = _parts(error)
    told = voice.tell(message, limit=MOST_CHARS)
    if not remedy:
        return (told,)
    return (voice.say("{fault} ({remedy})", fault=told, remedy=voice.tell(remedy, limit=240)),)


def _parts(error: NvsignalError) -> tuple[str, str | None]:
    """Message and remedy; those that the error's own class composes are phrased here."""
    if isinstance(error, UnknownNameError):
        near = error.suggestion
        return (
            phrase("unknown {what} '{name}'", what=error.what, name=error.name[:120]),
            None if near is None else phrase("did you mean '{near}'?", near=near),
        )
    if isinstance(error, OutOfRangeError):
        return (
            phrase("{field} = {value} is not allowed", field=error.field, value=repr(error.value)),
            phrase("allowed: {allowed}", allowed=error.allowed),
        )
    return error.message, error.remedy
