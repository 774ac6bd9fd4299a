"""A source that tells ten times its usual number of events is named."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from engine.news.sentinel import DAY, LEAST, TIMES, USUAL_DAYS, Flood, floods
from engine.report.i18n import voice
from engine.report.sections.floods import Floods
from engine.values import Event
from tests.builders import at, make_event


def told(source: str, n: int, days_ago: float) -> list[Event]:
    return [
        make_event(event_id=f"{source}{days_ago}{k}", source=source, known_at=at(-days_ago))
        for k in range(n)
    ]


def usual(source: str, a_day: int) -> list[Event]:
    return [event for day in range(2, 31) for event in told(source, a_day, day - 0.5)]


def test_ten_times_the_usual_number_is_a_flood_and_nine_times_is_none() -> None:
    (flood,) = floods([*usual("wire", 2), *told("wire", 20, 0.5)], at())
    assert (flood.source, flood.told) == ("wire", 20)
    assert floods([*usual("wire", 2), *told("wire", 18, 0.5)], at()) == ()


def test_a_few_events_and_a_new_source_are_no_flood() -> None:
    assert floods([*told("rare", 1, 9), *told("rare", 9, 0.5)], at()) == ()
    assert floods(told("new", 40, 0.5), at()) == ()
    assert floods([*usual("wire", 2), *told("wire", 60, -1)], at()) == ()  # not known yet


def test_the_report_says_it() -> None:
    report: Any = SimpleNamespace(
        parts={"floods": (Flood(source="wire", told=40, usual_a_day=2.0),)}
    )
    (note,) = Floods().blocks(report, voice("en"))
    assert "wire told 40 events in a day" in note.text


def test_floods_are_told_by_source_in_their_order_with_the_usual_number() -> None:
    """Thirty events in the thirty days before are one a day."""
    made = [*told("b", 12, 0.5), *told("a", 10, 0.5), *told("b", 30, 5), *told("a", 15, 5)]
    assert floods([*made, *told("c", 9, 0.5), *told("c", 1, 5)], at()) == (
        Flood(source="a", told=10, usual_a_day=0.5),
        Flood(source="b", told=12, usual_a_day=1.0),
    )


def test_the_day_is_24_hours_and_the_month_before_it_30_days() -> None:
    """Exactly a day old is of the month before, exactly 31 days of none."""
    ten, one = told("w", 10, 0), told("w", 1, 1)
    (flood,) = floods([*ten, *one], at())
    assert (flood.told, flood.usual_a_day) == (10, 1 / 30)
    assert floods([*ten, *told("w", 1, 31)], at()) == ()
    assert len(floods([*ten, *told("w", 1, 30.999)], at())) == 1
    assert (TIMES, LEAST, USUAL_DAYS) == (10, 10, 30)
    assert timedelta(days=1) == DAY
