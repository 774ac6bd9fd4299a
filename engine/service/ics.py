"""Calendar files after RFC 5545: whole-day events, escaped, folded at 75 octets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

FOLD_OCTETS = 75
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One whole-day event. uid: the same whenever the same event is exported again."""

    uid: str
    on: date
    summary: str
    categories: str = ""


def calendar_text(days: Iterable[Day], stamped_at: datetime, *, name: str) -> str:
    """The events as one calendar, lines ending in CR LF."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//nvsignal//calendar//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escape(name)}",
    ]
    for day in days:
        lines += _event(day, stamped_at)
    lines.append("END:VCALENDAR")
    return "".join(f"{fold(line)}\r\n" for line in lines)


def _event(day: Day, stamped_at: datetime) -> list[str]:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{escape(day.uid)}",
        f"DTSTAMP:{stamped_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{day.on:%Y%m%d}",
        f"DTEND;VALUE=DATE:{day.on + timedelta(days=1):%Y%m%d}",  # exclusive
        f"SUMMARY:{escape(day.summary)}",
        "TRANSP:TRANSPARENT",
    ]
    if day.categories:
        lines.append(f"CATEGORIES:{escape(day.categories)}")
    return [*lines, "END:VEVENT"]


def escape(text: str) -> str:
    """``text`` as a TEXT value (3.3.11): one line, no control characters."""
    plain = "".join(c for c in text.replace("\r\n", "\n").replace("\r", "\n") if _allowed(c))
    return plain.translate(_ESCAPES)


def _allowed(character: str) -> bool:
    return character in "\n\t" or (character >= " " and character != "\x7f")


def fold(line: str) -> str:
    """``line`` in pieces of at most 75 octets (3.1), never cut inside a character."""
    pieces, piece, octets = [], "", 0
    for character in line:
        size = len(character.encode("utf-8"))
        if octets + size > FOLD_OCTETS:
            pieces.append(piece)
            piece, octets = "", 1  # the space that marks a continuation
        piece += character
        octets += size
    return "\r\n ".join([*pieces, piece])
