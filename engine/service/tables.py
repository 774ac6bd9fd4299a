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
from engine.phrases import error_phrase, phrase
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
        found.append(error_phrase(error))
    found += _chip_problems(folder)
    absent = [f for f in dict.fromkeys((*SHEETS, *facts.files())) if not (folder / f).is_file()]
    rest = [line for line in found if not any(file in line for file in absent)]
    return [
        *(
            phrase("{file} is missing from '{folder}'", file=file, folder=str(folder))
            for file in absent
        ),
        *_once(rest),
    ]


def _sheet_problems(path: Path) -> list[str]:
    from engine.news.taxonomy import EVENT_TYPES

    def event(cell: str) -> str | None:
        if cell in EVENT_TYPES:
            return None
        near = nearest(cell, EVENT_TYPES)
        if near is None:
            return phrase("is no event type")
        return phrase("is no event type (did you mean '{near}'?)", near=near)

    words: dict[str, Cell] = {"event": event}
    try:
        text, _ = decoded(read_bytes(path), path.name)
        return [
            phrase("{place}: {fault}", place=f"{path.name}:{line}", fault=what)
            for line, what in table_problems(path.name, text, words)
        ]
    except NvsignalError as error:
        told = error_phrase(error)
        named = path.name in told
        return [told if named else phrase("{place}: {fault}", place=path.name, fault=told)]


def _chip_problems(folder: Path) -> list[str]:
    """What the readers of chips and model dimensions refuse; updates of models nobody listed."""
    from engine.threat.architectures import load_architectures
    from engine.threat.chips import load_accelerators

    found: list[str] = []
    try:
        load_architectures(folder / "model_architectures.csv")
        load_accelerators(folder / "accelerators.csv")
        models = {row["model"] for _, row in _rows(folder, "model_releases.csv")}
        found += [
            phrase(
                "{place}: {fault}",
                place=f"release_updates.csv:{line}",
                fault=unknown(phrase("model"), row["model"], models),
            )
            for line, row in _rows(folder, "release_updates.csv")
            if row["model"] not in models
        ]
    except NvsignalError as error:
        found.append(error_phrase(error))
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
    file = "fomc_meetings.csv"
    if not days:
        return [phrase("{file}: there is no meeting; add the Fed's next calendar", file=file)]
    return [
        phrase(
            "{file}: the last meeting is that of {day}; add the Fed's next calendar",
            file=file,
            day=str(max(days)),
        )
    ]


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
