"""Files of what was computed before and can be computed again: safe to delete at any time.

Four things the daily path would otherwise do anew each morning: ask the exchange calendar, whose
import costs more than all the rest, price every past futures curve, read every curated headline,
and rate every release again. Each file names what it was made with; made with anything else, or
damaged, it counts as absent. A folder that cannot be written is no error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import date, time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import files
from engine.errors import InputError

if TYPE_CHECKING:
    from engine.macro.sessions import Schedule, Sessions

MOST_ENTRIES = 20_000
"""Of a memo; the ones unused longest go first. Ten years of sessions are 2,520."""


def read_file(path: Path, made_with: str) -> Any:
    """The content of a file made with ``made_with``; None when there is no such file."""
    try:
        head, _, body = path.read_text(encoding="utf-8").partition("\n")
        sound = head == _head(made_with, body)
        return json.loads(body) if sound else None
    except (OSError, ValueError):
        return None


def keep_file(path: Path, made_with: str, content: Any) -> None:
    """Old or new, never half; nothing when the folder cannot be written."""
    body = json.dumps(content, separators=(",", ":"))
    with suppress(InputError):
        text = f"{_head(made_with, body)}\n{body}"
        files.write_file(path, text, private=True, make_folder=True)


def _head(made_with: str, body: str) -> str:
    return json.dumps([made_with, sha256(body.encode()).hexdigest()])


class Memo:
    """Values by key, kept in a file. A key must say everything that the value depends on."""

    def __init__(self, path: Path, made_with: str, *, most: int = MOST_ENTRIES) -> None:
        """made_with: the code, so that another version starts afresh. most: entries kept."""
        self._path, self._made_with, self._most = path, made_with, most
        found = read_file(path, made_with)
        self._kept: dict[str, Any] = found if isinstance(found, dict) else {}
        self._used: dict[str, Any] = {}
        self._grew = False

    def get(self, key: str) -> Any:
        """The value of ``key``; None when it is not kept."""
        value = self._kept.get(key)
        if value is not None:
            self._used[key] = value
        return value

    def put(self, key: str, value: Any) -> None:
        """Keep a value that JSON can hold."""
        self._kept[key] = self._used[key] = value
        self._grew = True

    def save(self) -> None:
        """Write the file when there is something new."""
        if self._grew:
            others = {k: v for k, v in self._kept.items() if k not in self._used}
            newest = list((others | self._used).items())[-self._most :]
            keep_file(self._path, self._made_with, dict(newest))
            self._grew = False


def sessions_from(folder: Path) -> Callable[[date, date, time], Sessions]:
    """``load_sessions`` that asks the exchange calendar only for what ``folder`` does not hold."""

    def load(first: date, last: date, decision_time: time) -> Sessions:
        from engine.macro.sessions import load_sessions, sessions_within

        path, made_with = folder / "sessions.json", _calendar_version()
        kept = _schedule_of(read_file(path, made_with))
        if kept is None or not (kept.first <= first and last <= kept.last):
            # What is kept only grows: two callers with spans of their own would else take turns.
            wanted = (
                (first, last) if kept is None else (min(first, kept.first), max(last, kept.last))
            )
            kept = _wide_schedule(*wanted)
            if kept is None:
                return load_sessions(first, last, decision_time)
            keep_file(path, made_with, _plain(kept))
        return sessions_within(kept, first, last, decision_time)

    return load


def exchange_sessions(first: date, last: date) -> Collection[date]:
    """The NYSE sessions from ``first`` to ``last``, from the data folder where it holds them."""
    from engine.service.folders import data_folder

    return set(sessions_from(data_folder() / "derived")(first, last, time(8, 30)).on)


def _calendar_version() -> str:
    from importlib.metadata import version

    return f"exchange_calendars {version('exchange_calendars')}"


def _wide_schedule(first: date, last: date) -> Schedule | None:
    """Whole years around the span, up to the end of the next one, so that it lasts a year."""
    from engine.errors import OutOfRangeError
    from engine.macro.sessions import read_schedule

    try:
        return read_schedule(date(first.year, 1, 1), date(last.year + 1, 12, 31))
    except OutOfRangeError:
        return None


def _plain(schedule: Schedule) -> dict[str, Any]:
    return {
        "first": schedule.first.isoformat(),
        "last": schedule.last.isoformat(),
        "on": [day.isoformat() for day in schedule.on],
        "open_at_us": schedule.open_at_us.tolist(),
        "close_at_us": schedule.close_at_us.tolist(),
    }


def _schedule_of(content: Any) -> Schedule | None:
    """The schedule kept, when it holds together."""
    import numpy as np

    from engine.macro.sessions import Schedule

    try:
        schedule = Schedule(
            first=date.fromisoformat(content["first"]),
            last=date.fromisoformat(content["last"]),
            on=tuple(map(date.fromisoformat, content["on"])),
            open_at_us=np.array(content["open_at_us"], np.int64),
            close_at_us=np.array(content["close_at_us"], np.int64),
        )
    except (TypeError, KeyError, ValueError, OverflowError):
        return None
    lengths = {len(schedule.on), schedule.open_at_us.size, schedule.close_at_us.size}
    return schedule if len(lengths) == 1 else None
