"""What goes into a report, at its edges: which days, which cards, what is old, what came."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace as Thing
from typing import Any

import numpy as np
import pytest

from engine.record.history import History
from engine.record.readings import (
    EARNINGS_DATES,
    INSPECTIONS,
    MEETINGS,
    OBSERVATIONS,
    RULES,
    FederalRule,
    Observation,
)
from engine.report import build
from engine.report.i18n import voice
from engine.shown import FeedState
from engine.values import Event
from tests.builders import make_event, make_fact
from tests.engine.report.sample_report import rating, v31

AT = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def sessions(n: int, last: date = date(2025, 8, 21)) -> list[date]:
    days = [last - timedelta(days=k) for k in range(2 * n + 9)]
    return sorted(d for d in days if d.weekday() < 5)[-n:]


def test_figures_of_the_price_by_hand() -> None:
    """300 closes of 1 to 300; the year turned between the sessions of index 133 and 134."""
    days = sessions(300)
    closes = {day: float(n) for n, day in enumerate(days, 1)}
    found = build._price_figures(closes, days)
    turned = max(n for n, day in enumerate(days, 1) if day.year == 2024)
    assert found["nvda_close_usd"] == 300.0
    assert found["change_1d_pct"] == pytest.approx(100 * (300 / 299 - 1))
    assert found["change_5d_pct"] == pytest.approx(100 * (300 / 295 - 1))
    assert found["change_ytd_pct"] == pytest.approx(100 * (300 / turned - 1))
    assert found["drawdown_pct"] == 0.0
    high = closes | {days[48]: 600.0}  # the first of the last 252 sessions
    assert build._price_figures(high, days)["drawdown_pct"] == -50.0
    assert build._price_figures(closes | {days[47]: 600.0}, days)["drawdown_pct"] == 0.0


def inputs(days: list[date], **changes: Any) -> Any:
    given = {"features": Thing(sessions_on=tuple(days)), "as_of": AT}
    return Thing(**(given | changes))


def test_a_price_is_old_from_the_third_session_on() -> None:
    """The last row is the session acted on; the two before it may lack their close."""
    days = sessions(10)
    closes = dict.fromkeys(days, 1.0)

    def stale(last: int) -> bool:
        return build._is_stale(inputs(days), {d: closes[d] for d in days[:last]})

    assert [stale(n) for n in (9, 8, 7, 1)] == [False, False, True, True]
    assert build._is_stale(inputs(days), {})
    assert build.STALE_SESSIONS == 2
    assert not build._is_stale(inputs(days[-1:]), {days[-1]: 1.0})


def test_the_chart_shows_a_year_and_its_weights() -> None:
    days = sessions(260)
    closes = {day: float(n) for n, day in enumerate(days)}
    held = np.linspace(0, 1, 10)
    found = build._price_points(inputs(days[-10:], target_weight=held), closes)
    assert len(found) == 252
    assert found[-1].session_on == days[-1]
    assert found[-1].target_weight == 1.0
    assert found[-11].target_weight is None
    assert found[0].close == 8.0


def test_market_figures_leave_out_what_is_not_observed() -> None:
    names = ("volatility_pct", "market_cap_usd_tn", "implied_growth_pct", "delivered_growth_pct",
             "vix", "effr_pct")  # fmt: skip
    values = {n: np.array([0.0, float(k)]) for k, n in enumerate(names, 1)}
    values["vix"][-1] = math.nan
    features = Thing(sessions_on=tuple(sessions(3)), values=values)
    given: Any = Thing(features=features, ceiling_usd_tn=4.0)
    closes = dict.fromkeys(sessions(3), 1.0)
    found = build.market_figures(given, closes, stale=True)
    assert found == {
        "realised_volatility_pct": 1.0, "market_cap_usd_tn": 2.0, "implied_growth_pct": 3.0,
        "delivered_growth_pct": 4.0, "dff_pct": 6.0, "ceiling_usd_tn": 4.0,
    }  # fmt: skip
    assert "nvda_close_usd" in build.market_figures(given, closes, stale=False)
    given.ceiling_usd_tn = None
    assert "ceiling_usd_tn" not in build.market_figures(given, {}, stale=False)


def rated(model: str, days_ago: float, score: float, *, rateable: bool = True) -> Any:
    release = replace(v31(), model=model, known_at=AT - timedelta(days=days_ago))
    told = Thing(score=score, rateable=rateable, model=model)
    return (release, told)


def chosen(*given: Any) -> list[str]:
    return [release.model for release, _ in build.choose_cards(given, AT)]


def test_cards_are_the_newest_and_the_two_that_threaten_most() -> None:
    assert chosen() == []
    assert chosen(rated("old", 75, 50)) == []
    assert chosen(rated("in", 74.99, 50)) == ["in"]
    five = [rated(n, d, s) for n, d, s in (
        ("a", 1, 0.0), ("b", 2, 9.0), ("c", 3, 30.0), ("d", 4, 20.0), ("e", 5, 1.0))]  # fmt: skip
    assert chosen(*five) == ["a", "c", "d"]
    twins = [rated("x", 1, 1.0), rated("y", 1, 2.0), rated("z", 9, 3.0), rated("w", 9, 4.0)]
    assert chosen(*twins) == ["y", "z", "w"]


def test_what_cannot_be_rated_yet_has_its_card_for_a_month() -> None:
    heavy = [rated("a", 0.5, 9.0), rated("b", 2, 50.0), rated("c", 3, 30.0)]
    waiting = [rated(f"w{d}", d, 0.0, rateable=False) for d in (5, 6, 7, 8)]
    late = [rated("late", 30, 0.0, rateable=False), rated("near", 29.9, 0.0, rateable=False)]
    assert chosen(*heavy, *waiting) == ["a", "b", "c", "w5", "w6", "w7"]
    assert chosen(*heavy, *late) == ["a", "b", "c", "near"]
    assert (build.CARDS_SHOWN, build.CARD_DAYS) == (3, 75)
    assert rating().rateable


def told_recently(events: list[Event]) -> list[str]:
    return [e.event_id for e in build.standing_at(History([]), AT, events).recent]


def test_events_of_ten_days_and_fourteen_of_them() -> None:
    """The newest first; the instant ten days ago itself is out."""
    events = [make_event(event_id=f"e{n}", known_at=AT - timedelta(hours=n)) for n in range(20)]
    assert told_recently(events) == [f"e{n}" for n in range(14)]
    old = [make_event(event_id=f"o{k}", known_at=AT - 10 * DAY + k * SECOND) for k in (-1, 0, 1)]
    assert told_recently(old) == ["o1"]


def test_a_flood_is_looked_for_in_the_events_of_thirty_two_days(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[list[str], datetime]] = []

    def floods(events: Any, at: datetime) -> tuple[str, ...]:
        asked.append(([e.event_id for e in events], at))
        return ("flood",)

    monkeypatch.setattr(build, "floods", floods)
    first = AT - 32 * DAY
    events = [
        make_event(event_id=name, known_at=at)
        for name, at in (("old", first), ("one", first + SECOND), ("two", AT), ("late", AT + DAY))
    ]
    found: Any = build.standing_at(History([]), AT, events).floods
    assert found == ("flood",)
    assert asked == [(["one", "two"], AT)]


def meeting(end: date, sep: str = "N") -> Any:
    row = {
        "meeting_start": (end - DAY).isoformat(), "meeting_end": end.isoformat(),
        "statement_time": "14:00", "sep_meeting": sep, "status": "scheduled",
    }  # fmt: skip
    return make_fact(MEETINGS.name, str(end), payload=row, known_at=AT - 99 * DAY,
                     occurred_at=AT)  # fmt: skip


def test_the_calendar_reaches_from_tomorrow_to_seventy_five_days(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    today = date(2025, 8, 22)
    days = {k: today + timedelta(days=n) for k, n in (("a", 0), ("b", 1), ("c", 75), ("d", 76))}
    meetings = {k: Thing(meeting_end=d, sep_meeting="Y" if k == "b" else "N")
                for k, d in days.items()}  # fmt: skip
    reports = {
        k: Thing(report_on=d, fiscal_quarter=k, occurred_at=AT + (SECOND if k == "a" else -SECOND))
        for k, d in days.items()
    }
    given = {MEETINGS: meetings, EARNINGS_DATES: reports}
    monkeypatch.setattr(build, "known", lambda history, kind, at: given.get(kind, {}))
    found = build.upcoming(History([]), AT)
    assert [(u.on, u.kind) for u in found] == [
        (days["a"], "earnings"), (days["b"], "earnings"), (days["b"], "fomc"),
        (days["c"], "earnings"), (days["c"], "fomc"),
    ]  # fmt: skip
    assert str(found[2].what) == "Fed decision, with projections"
    assert str(found[4].what) == "Fed decision"
    reports["a"].occurred_at = AT  # told already
    assert build.upcoming(History([]), AT)[0].on == days["b"]


def test_rules_on_chips_that_take_effect_are_ahead_once() -> None:
    """Laid out and then published: the later word counts; none without a day or of others."""
    today, bureau = date(2025, 8, 22), ("industry-and-security-bureau",)

    def rule(number: str, ahead: int | None, **changes: Any) -> FederalRule:
        day = None if ahead is None else today + timedelta(days=ahead)
        given = {"title": "Semiconductor controls", "agencies": bureau, "effective_on": day}
        return FederalRule(known_at=AT, occurred_at=AT, document_number=number, **(given | changes))

    def ahead(kind: Any, *rules: FederalRule) -> list[Any]:
        return [kind.fact(r, occurred_at=AT, known_at=AT, source="s") for r in rules]

    history = History([
        *ahead(INSPECTIONS, rule("a", 3), rule("b", 1)),
        *ahead(RULES, rule("a", 5), rule("c", 0), rule("d", 9), rule("e", 10), rule("f", None),
               rule("g", 2, title="Steel"), rule("h", 2, agencies=("other",))),
    ])  # fmt: skip
    found = build._rules_ahead(history, AT, after=today, until=today + 9 * DAY)
    assert [(u.on.day, str(u.what), u.kind) for u in sorted(found, key=lambda u: u.on)] == [
        (n, "Semiconductor controls", "rule") for n in (23, 27, 31)
    ]


@pytest.mark.parametrize(
    ("series", "days", "told"),
    [
        (("DFF",), (7,), ""), (("DFF",), (8,), "the overnight rate ends on Aug 14, 2025"),
        (("DFF", "EFFR"), (20, 7), ""),
        (("EFFR", "DFF"), (9, 20), "the overnight rate ends on Aug 13, 2025"),
        (("DFF", "DGS2"), (8, 0), "the overnight rate ends on Aug 14, 2025"),
        (("DGS2",), (30,), ""), ((), (), ""),
    ],
)  # fmt: skip
def test_an_overnight_rate_ends_after_a_week(
    series: tuple[str, ...], days: tuple[int, ...], told: str
) -> None:
    """By the newest of both series, whatever else of rates is fresh."""
    facts = [
        OBSERVATIONS.fact(
            Observation(series=name, observed_on=date(2025, 8, 22) - n * DAY, value=4.33),
            occurred_at=AT - 30 * DAY, known_at=AT, source="x",
        )
        for name, n in zip(series, days, strict=True)
    ]  # fmt: skip
    entries = build._facts_of_table(History(facts), OBSERVATIONS.name, AT)
    said = build._overnight_note(entries, OBSERVATIONS.name, AT)
    assert voice("en").tell(said) == told
    assert build._overnight_note(entries, "bar", AT) == ""


def calls(*past: tuple[str, str], closes: dict[date, float]) -> list[Any]:
    told = [{"acts_on": day, "decision": verdict, "score": 0.25} for day, verdict in past]
    return list(build.track_record(told, closes))


def test_a_call_is_judged_from_its_first_close_to_the_next_call() -> None:
    days = [date(2025, 8, d) for d in (18, 19, 20, 21)]
    closes = dict(zip(days, (100.0, 110.0, 121.0, 60.5), strict=True))
    first, second = calls(("2025-08-20", "SELL"), ("2025-08-17", "HOLD"), closes=closes)
    assert (first.acts_on, first.verdict, first.score) == (date(2025, 8, 17), "HOLD", 0.25)
    assert (first.until_on, first.nvda_return_pct) == (days[2], pytest.approx(21.0))
    assert (second.until_on, second.nvda_return_pct) == (days[3], pytest.approx(-50.0))
    (today,) = calls(("2025-08-21", "HOLD"), closes=closes)
    assert (today.until_on, today.nvda_return_pct) == (None, None)
    (none,) = calls(("2025-08-21", "HOLD"), closes={})
    assert none.nvda_return_pct is None


TABLES = {
    "bar": (5, 1), "observation": (7, 1), "headline": (45, 1), "model_release": (60, 2),
    "earnings": (110, 2), "availability": (200, 2), "supply_estimate": (200, 2),
    "fomc_decision": (75, 2),
}  # fmt: skip
"""Kind -> days after which it is old, tier."""


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_a_table_is_old_after_its_days(kind: str) -> None:
    days, tier = TABLES[kind]
    place = list(build._TABLES).index(kind)

    def health(age: timedelta, **changes: Any) -> Any:
        fact = make_fact(kind, "k", known_at=AT - age, occurred_at=AT - age, **changes)
        return build.table_health(History([fact]), AT)[place]

    fresh = health(days * DAY, backfilled=True)
    assert (fresh.state, fresh.tier, fresh.n_facts) == (FeedState.OK, tier, 1)
    assert fresh.newest_at == fresh.last_ok_at == AT - days * DAY
    assert health(days * DAY + SECOND).state is FeedState.STALE
    assert build.table_health(History([]), AT)[place].state is FeedState.NEVER
    if kind != "fomc_decision":
        assert "assumed" in str(fresh.note)
        assert str(health(DAY).note) == ""


def test_what_is_overdue_makes_its_table_old() -> None:
    late: Any = [Thing(what="results"), Thing(what="fed_decision")]
    facts = [make_fact(k, "k", known_at=AT, occurred_at=AT) for k in ("earnings", "fomc_decision")]
    told = {h.name: h.state for h in build.table_health(History(facts), AT, late)}
    assert told["Nvidia results"] is told["Fed decisions"] is FeedState.STALE
    told = {h.name: h.state for h in build.table_health(History(facts), AT)}
    assert told["Nvidia results"] is told["Fed decisions"] is FeedState.OK


def test_the_euro_is_no_rate_that_a_decision_reads() -> None:
    euro = Observation(series="USDEUR", observed_on=date(2025, 8, 21), value=1.16)
    fact = OBSERVATIONS.fact(euro, occurred_at=AT - DAY, known_at=AT, source="x")
    told = {h.name: h.state for h in build.table_health(History([fact]), AT)}
    assert told["rates"] is FeedState.NEVER


def test_closes_that_wait_are_told_for_a_fortnight() -> None:
    days = [date(2025, 8, 22) - timedelta(days=n) for n in (0, 14, 15)]
    standing: Any = Thing(unconfirmed=tuple(("NVDA", day) for day in days))
    assert len(build.unconfirmed_notices(standing, AT)) == 2
