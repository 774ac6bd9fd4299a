"""The reference tables as a whole: every problem of every file, and which of them end soon."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

from config.schema import unknown
from config.settings import Lags
from config.tables import SHEETS, Cell, table_problems
from engine.clock import NEW_YORK
from engine.errors import ConfigError, NvsignalError, nearest
from engine.files import read_bytes
from engine.phrases import phrase
from engine.tables import csv_rows, decoded


def problems(folder: Path, lags: Lags) -> list[str]:
    """Everything wrong with the tables in ``folder``, each with its file and line."""
    from feeds import facts

    found: list[str] = []
    for file in SHEETS:
        found += _sheet_problems(folder / file)
    try:
        facts.read_tables(folder, lags)
    except ConfigError as error:
        found += error.problems
    except NvsignalError as error:
        found.append(str(error))
    found += _chip_problems(folder)
    absent = [f for f in dict.fromkeys((*SHEETS, *facts.files())) if not (folder / f).is_file()]
    rest = [line for line in found if not any(file in line for file in absent)]
    return [*(f"{file} is missing from '{folder}'" for file in absent), *_once(rest)]


def _sheet_problems(path: Path) -> list[str]:
    from engine.news.taxonomy import EVENT_TYPES

    def event(cell: str) -> str | None:
        if cell in EVENT_TYPES:
            return None
        near = nearest(cell, EVENT_TYPES)
        return "is no event type" + (f" (did you mean '{near}'?)" if near else "")

    words: dict[str, Cell] = {"event": event}
    try:
        text, _ = decoded(read_bytes(path), path.name)
        return [f"{path.name}:{n}: {what}" for n, what in table_problems(path.name, text, words)]
    except NvsignalError as error:
        return [str(error) if path.name in str(error) else f"{path.name}: {error}"]


def _chip_problems(folder: Path) -> list[str]:
    """What the readers of chips and model dimensions refuse; updates of models nobody listed."""
    from engine.threat.architectures import load_architectures
    from engine.threat.chips import load_accelerators

    found = []
    try:
        load_architectures(folder / "model_architectures.csv")
        load_accelerators(folder / "accelerators.csv")
        models = {row["model"] for _, row in _rows(folder, "model_releases.csv")}
        found += [
            f"release_updates.csv:{line}: {unknown('model', row['model'], models)}"
            for line, row in _rows(folder, "release_updates.csv")
            if row["model"] not in models
        ]
    except NvsignalError as error:
        found.append(str(error))
    except KeyError:
        pass  # a column is missing, and told already
    return found


def _once(lines: list[str]) -> list[str]:
    """One line for each place: of two checks that meet the same cell, the first speaks."""
    kept: dict[str, str] = {}
    for line in lines:
        place = re.match(r"[\w.-]+\.csv:\d+", line)
        kept.setdefault(place[0] if place else line, line)
    return list(kept.values())


def warnings(folder: Path, now: datetime) -> list[str]:
    """Tables of things to come that end within half a year, and what is overdue in them."""
    today = now.astimezone(NEW_YORK).date()
    return [*_meetings(folder, today), *_decisions(folder, today), *_results(folder, today)]


def _rows(folder: Path, file: str) -> list[tuple[int, dict[str, str]]]:
    text, _ = decoded(read_bytes(folder / file), file)
    return [(line, dict(row)) for line, row in csv_rows(text, file)]


def _meetings(folder: Path, today: date) -> list[str]:
    from engine.decision.overdue import SOON

    days = [date.fromisoformat(row["meeting_end"]) for _, row in _rows(folder, "fomc_meetings.csv")]
    if days and max(days) - today >= SOON:
        return []
    last = f"the last meeting is that of {max(days)}" if days else "there is no meeting"
    return [f"fomc_meetings.csv: {last}; add the Fed's next calendar"]


def _decisions(folder: Path, today: date) -> list[str]:
    file = "fomc_meetings.csv"
    return [
        phrase(
            "{place}: the meeting of {day} was held; fill in its decision",
            place=f"{file}:{line}",
            day=row["meeting_end"],
        )
        for line, row in _rows(folder, file)
        if date.fromisoformat(row["meeting_end"]) < today
        and row["status"] not in ("decided", "cancelled")
    ]


def _results(folder: Path, today: date) -> list[str]:
    file, ahead = "nvidia_earnings.csv", False
    found: list[str] = []
    for line, row in _rows(folder, file):
        day = date.fromisoformat(row["report_datetime_et"][:10])
        ahead = ahead or day >= today
        if day < today and not row["revenue_usd_bn"]:
            quarter = row["fiscal_quarter"]
            told = phrase(
                "{place}: {quarter} was reported on {day}; fill in its figures",
                place=f"{file}:{line}",
                quarter=quarter,
                day=str(day),
            )
            found.append(told)
    if not ahead:
        found.append(phrase("{file}: no report lies ahead; add the next date", file=file))
    return found
