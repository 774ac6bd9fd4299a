"""Nothing that is said of a morning is dated after it, in any form and language, on several days.

What lies ahead is named as such: the session that is acted on, the calendar of releases and the
Fed's meetings, and scenarios, whose names are configured. A date in a rendered form must be one of
these, or not later than the day.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from engine.clock import NEW_YORK, parse_as_of
from engine.report.render import FORMS, render
from engine.service import bind, morning, tracking, wiring
from tests.stream_runs import CONFIG

DAYS = ("2022-10-12", "2024-06-07", "2025-01-27", "2025-04-15", "2025-09-17")
FAR = tuple(
    (date(2022, 2, 1) + timedelta(days=k)).isoformat() for k in range(0, 1300, 61)
)  # every second month of the record
AHEAD = {
    "upcoming",
    "rates",
    "next_meeting",
    "decision.acts_on",
    "acts_on",
    "track_record.acts_on",
    "stress.scenario",
}
"""Fields of the report's JSON that speak of days to come by what they are."""


# --- dates in fields ------------------------------------------------------------------------------


def dates_in(value: Any, path: str = "") -> Iterator[tuple[str, date]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from dates_in(inner, f"{path}.{key}".strip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from dates_in(inner, path)
    elif isinstance(value, str):
        for found in re.findall(r"\b20\d\d-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?", value):
            if "T" in found:  # an instant: the day it is in New York
                yield path, datetime.fromisoformat(found).astimezone(NEW_YORK).date()
            else:
                yield path, date.fromisoformat(found)


def ahead(path: str) -> bool:
    return any(path == a or path.startswith(a + ".") for a in AHEAD)


def later_than(told: Any, as_of: date) -> list[tuple[str, date]]:
    return [(path, day) for path, day in dates_in(told) if day > as_of and not ahead(path)]


# --- dates in words -------------------------------------------------------------------------------

MONTHS = {
    "en": "jan feb mar apr may jun jul aug sep oct nov dec".split(),
    "fr": "janv févr mars avr mai juin juil août sept oct nov déc".split(),
}
WRITTEN = {
    "en": re.compile(r"\b([A-Z][a-z]{2,8})\.? (\d{1,2}), (20\d\d)\b"),
    "fr": re.compile(r"\b(\d{1,2})(?:er)? ([a-zéû]{3,9})\.? (20\d\d)\b"),
}


def written_dates(text: str, lang: str) -> set[date]:
    """Every date with a year, as the language writes it or as ISO 8601."""
    found = {date.fromisoformat(day) for day in re.findall(r"\b20\d\d-\d\d-\d\d\b", text)}
    for groups in WRITTEN[lang].findall(text.replace("\xa0", " ").replace("\u202f", " ")):
        word, day, year = groups if lang == "en" else (groups[1], groups[0], groups[2])
        place = [n for n, name in enumerate(MONTHS[lang], 1) if word.lower().startswith(name)]
        if place:
            found.add(date(int(year), place[0], int(day)))
    return found


def test_dates_are_found_as_they_are_written() -> None:
    english = "Aug 22, 2025; Friday, September 5, 2025; 2026-01-02; May 2025; version 12, 2025"
    french = "le 1er août 2025, vendredi 5 septembre 2025, 2 févr.\xa02026; 1 200 fois en 2025"

    assert written_dates(english, "en") == {
        date(2025, 8, 22), date(2025, 9, 5), date(2026, 1, 2),
    }  # fmt: skip
    assert written_dates(french, "fr") == {
        date(2025, 8, 1), date(2025, 9, 5), date(2026, 2, 2),
    }  # fmt: skip
    assert later_than({"events": [{"known_at": "2025-03-05T10:00:00Z"}]}, date(2025, 3, 4))
    assert not later_than({"upcoming": [{"on": "2025-03-05"}]}, date(2025, 3, 4))


# --- mornings -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("later")
        patch.setenv("NVSIGNAL_DATA", str(folder))
        with wiring.open_record(bind.load(CONFIG), f"sqlite:///{folder}/record.sqlite3") as opened:
            yield opened


@pytest.mark.parametrize(
    "as_of", [*DAYS, *(pytest.param(day, marks=pytest.mark.long) for day in FAR)]
)
def test_nothing_that_is_said_is_dated_after_the_day(store: Any, as_of: str) -> None:
    """Report in every form, track record and the ledger's entry, releases rated and all."""
    config, day = bind.load(CONFIG), date.fromisoformat(as_of)
    prepared = morning.prepare(store, config, parse_as_of(as_of), record=True)
    past = morning.past_decisions(store, config, parse_as_of(as_of))
    report = json.loads(render(prepared.report, "json", lang="en"))
    track = json.loads(json.dumps(tracking.track(prepared.assessment, past), default=str))
    track["replayed"].pop("frozen_on")  # a fact about the rules, not about the market
    entries = [dict(e.payload) for e in store.ledger_entries() if e.made_at <= parse_as_of(as_of)]

    assert later_than(report, day) == []
    assert later_than(track, day) == []
    assert later_than(entries, day) == []
    assert {path.split(".")[0] for path, _ in dates_in(report)} >= {"upcoming"}
    named = {found for path, found in dates_in(report) if ahead(path)}
    for form in FORMS:
        for lang in ("en", "fr"):
            text = html.unescape(render(prepared.report, form, lang=lang))
            said = written_dates(re.sub(r"<[^>]*>", " ", text), lang if form != "json" else "en")
            assert {found for found in said if found > day} <= named, (form, lang)
            assert said or form == "push"
