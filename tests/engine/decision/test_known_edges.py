"""Events, calendars, results and news at the edges of their windows, by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from config.events import EventWeights, Fade, Impulse
from engine.clock import to_micros
from engine.decision import events as reading
from engine.decision import news_impulses
from engine.decision.due import due_features
from engine.decision.events import CURATED, EventLog, proof_in
from engine.decision.features import RatedRelease, added_losses, covered
from engine.decision.grid import Grid
from engine.decision.news_impulses import DEMAND, DOMESTIC, POLICY, factor, weighed
from engine.decision.overdue import calendar_ends_on, overdue_at
from engine.decision.rated import between_releases, largest_parts, of_releases
from engine.decision.rates import KnownRates
from engine.decision.results import results_missing_on
from engine.record.content import canonical_json, content_hash
from engine.record.history import History
from engine.record.readings import EarningsDate, FedDecision, Meeting, Observation
from engine.values import Event, Fact, Mood, Stage, ThreatRating
from tests.builders import make_event
from tests.engine.decision.small_worlds import (
    bars,
    features,
    grid_of,
    morning,
    report,
    told,
    weekdays,
)
from tests.engine.decision.test_known_answers import news, rated, spell

MONDAY, MARCH = date(2025, 1, 6), date(2025, 3, 19)
NAN = math.nan

# --- a grid --------------------------------------------------------------------------------------


def test_a_stream_is_recent_for_as_many_rows_as_said_its_own_included() -> None:
    grid = grid_of(weekdays(MONDAY, 6))

    found = grid.recently(np.array([1, 9], dtype=np.int64), 3)
    assert found.tolist() == [False, True, True, True, False, False]
    first = grid.recently(np.array([0], dtype=np.int64), 3)
    assert first.tolist() == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("arrived", "looked_from", "expected"),
    [
        ([3], 6, [0, 0, 0, 1, 1, 0]),  # only what came counts
        ([3], 1, [0, 1, 1, 1, 1, 0]),  # looked at until the first came: quiet is not down
        ([], 2, [0, 0, 1, 1, 1, 1]),
        ([9], 2, [0, 0, 1, 1, 1, 1]),  # what comes after the last row has not come
        ([1, 4], 6, [0, 1, 1, 0, 1, 1]),
    ],
)
def test_a_stream_is_covered_while_it_was_looked_at(
    arrived: list[int], looked_from: int, expected: list[int]
) -> None:
    grid = grid_of(weekdays(MONDAY, 6))
    found = covered(grid, looked_from, np.array(arrived, dtype=np.int64), 2)
    assert found.tolist() == [bool(x) for x in expected]


def test_news_of_any_kind_is_remembered_for_42_sessions() -> None:
    """An event without weight in row 2: nothing more is observed from row 44 on."""
    days = weekdays(MONDAY, 48)
    quiet = news(days, 2, event_type="other", direction=0)
    found = features(days, [], events=[quiet])["policy_impulse_pct"]

    assert np.isfinite(found).tolist() == [2 <= row <= 43 for row in range(48)]


def test_news_of_the_very_instant_of_a_decision_has_come() -> None:
    days = weekdays(MONDAY, 5)
    for late, first in ((timedelta(0), 2), (timedelta(microseconds=1), 3)):
        quiet = news(days, 2, event_type="other", direction=0, known_at=morning(days[2]) + late)
        found = features(days, [], events=[quiet])["policy_impulse_pct"]
        assert np.isfinite(found).tolist() == [row >= first for row in range(5)]


def test_releases_are_remembered_for_42_sessions() -> None:
    days = weekdays(MONDAY, 48)
    release = told("model_release", "a", days[1], model="a")
    found = features(days, [release])["threat_impulse_pct"]

    assert np.isfinite(found).tolist() == [2 <= row <= 43 for row in range(48)]


def test_the_permission_and_acceptance_of_each_word() -> None:
    """Allowed 1, a licence 0.5, barred 0; accepted 1, discouraged 0.35, blocked 0."""
    days = weekdays(MONDAY, 4)
    for us, china, expected in (
        ("allowed", "blocked", (1.0, 0.0)),
        ("licence", "discouraged", (0.5, 0.35)),
        ("barred", "accepted", (0.0, 1.0)),
    ):
        made = features(days, [spell("H20", days[0], us, china)])
        assert (made["us_gate"][2], made["china_gate"][2]) == expected


def test_the_newest_spell_of_a_part_stands_whatever_came_first() -> None:
    """The older spell is told later; one without a permission says nothing."""
    days = weekdays(MONDAY, 5)
    newer, older = (
        spell("H20", days[2], "barred", "accepted"),
        spell("H20", days[0], "allowed", "accepted"),
    )
    late = replace(older, known_at=newer.known_at + timedelta(days=1))
    mute = replace(
        newer, key="x", payload={**newer.payload, "us_permission": None, "from_date": str(days[3])}
    )
    made = features(days, [newer, late, replace(mute, known_at=late.known_at)])

    assert made["us_gate"][3:].tolist() == [0.0, 0.0]


def test_a_release_that_is_rated_again_takes_its_first_rating_back() -> None:
    """2 % told, then 5 % again: 3 more; another kind of event adds itself."""

    def with_(kind: str, loss: float, model: str = "A", **changes: Any) -> RatedRelease:
        base = rated(1)
        told_ = replace(base.rating, model=model, kind=kind, impulse_share=loss, **changes)
        return RatedRelease(row=1, rating=told_)

    told_ = [
        with_("release", 0.02), with_("price cut", 0.01), with_("rated again", 0.05),
        with_("rated again", 0.04), with_("rated again", 0.03, "B"),
        with_("release", 0.09, "C", rateable=False), with_("rated again", 0.01, "C"),
    ]  # fmt: skip
    assert added_losses(told_) == pytest.approx([0.02, 0.01, 0.03, -0.01, 0.03, 0.09, 0.01])


def test_what_cannot_be_rated_adds_no_impulse() -> None:
    days = weekdays(MONDAY, 4)
    coverage = told("coverage", "all", date(2025, 1, 1), streams=["releases"], from_on="2025-01-01")
    blind = RatedRelease(row=2, rating=replace(rated(2).rating, rateable=False))
    made = features(days, [coverage], ratings=[blind, rated(1)])

    assert made["threat_impulse_pct"].tolist() == [0.0, 2.0, 0.0, 0.0]
    assert made["threat_doubt_pct"].tolist() == pytest.approx([0.0, 3.0, 0.0, 0.0])


# --- ratings that are made -----------------------------------------------------------------------


def of(model: str, kind: str = "release", loss: float = 0.02) -> ThreatRating:
    return replace(rated(1).rating, model=model, kind=kind, impulse_share=loss)


def test_one_rating_stands_for_each_release_and_the_rest_lies_between() -> None:
    told_ = [of("A"), of("B"), of("A", "price cut"), of("A", "rated again", 0.05)]

    assert [(r.model, r.kind) for r in of_releases(told_)] == [
        ("A", "rated again"),
        ("B", "release"),
    ]
    assert [(r.model, r.kind) for r in between_releases(told_)] == [("A", "price cut")]


def test_the_largest_parts_fade_by_their_half_life_from_the_row_that_learnt_of_them() -> None:
    """At row 9, half-life 4: 8 % of row 5 is 4 %; -5 % of row 9 is whole; 16 % of row 1 is 4 %."""
    told_ = [
        RatedRelease(row=row, rating=of(model, loss=loss))
        for model, row, loss in (
            ("before", 0, 0.9), ("d", 1, 0.16), ("c", 5, 0.08), ("a", 9, -0.05), ("b", 9, 0.001),
            ("later", 10, 0.9),
        )
    ]  # fmt: skip
    told_.append(RatedRelease(row=9, rating=replace(of("blind"), rateable=False)))

    found = largest_parts(told_, 9, 4.0)
    assert [name for name, _ in found] == ["a", "c", "d"]
    assert [amount for _, amount in found] == pytest.approx([-5.0, 4.0, 4.0])
    assert len(largest_parts(told_, 9, 4.0, most=9)) == 4


# --- what is due ---------------------------------------------------------------------------------


def due(days: list[date], facts: list[Fact]) -> dict[str, list[float]]:
    made = due_features(History(facts), grid_of(days))
    return {name: array.tolist() for name, array in made.items()}


def earnings_date(quarter: str, known: date, on: date) -> Fact:
    return told("earnings_date", quarter, known, fiscal_quarter=quarter, report_on=str(on))


def meeting(end: date, known: date) -> Fact:
    return told("fomc_meeting", str(end), known, meeting_end=str(end))


def test_results_move_the_session_after_their_evening() -> None:
    """Told on the evening of row 6, they move row 7: one of five sessions from row 3 on."""
    days = weekdays(MONDAY, 12)
    made = due(days, [earnings_date("Q", date(2025, 1, 1), days[6])])

    assert made["results_within_5"] == [float(3 <= row <= 7) for row in range(12)]
    assert made["results_within_21"] == [float(row <= 7) for row in range(12)]


def test_after_results_the_next_are_expected_a_quarter_on_until_they_are_named() -> None:
    """91 days after Friday 2025-01-10 is Friday 2025-04-11; named for the 14th on 2025-03-03."""
    days = weekdays(MONDAY, 75)
    friday = date(2025, 1, 10)
    first = earnings_date("Q1", date(2025, 1, 1), friday)
    second = earnings_date("Q2", date(2025, 3, 3), date(2025, 4, 14))
    made = due(days, [first, second])["results_within_63"]
    alone = due(days, [first])["results_within_63"]
    week = due(days, [first])["results_within_5"]

    place = {day: row for row, day in enumerate(days)}
    assert made[place[date(2025, 1, 13)]] == 1.0  # the session that they move
    assert made[place[date(2025, 1, 15)]] == 0.0
    assert made[place[date(2025, 1, 16)]] == 1.0  # the 63 sessions from here on end with 04-14
    assert alone[place[date(2025, 1, 16)]] == alone[place[date(2025, 4, 1)]] == 1.0
    assert week[place[date(2025, 4, 8)]] == 1.0
    assert week[place[date(2025, 4, 7)]] == 0.0
    assert week[place[date(2025, 4, 14)]] == 1.0
    # once named nothing is expected on the guessed day besides
    named = due(days, [first, second])["results_within_5"]
    assert [named[place[date(2025, 4, d)]] for d in (8, 9, 10, 14, 15)] == [0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (date(2025, 5, 26), 0.0),  # 45 days after the guess: the next results are named
        (date(2025, 5, 27), 1.0),  # a day more: they are those after the next
    ],
)
def test_a_date_within_45_days_of_the_guess_takes_its_place(named: date, expected: float) -> None:
    """Results of 2025-01-10; the next are expected on Friday 04-11 and would move 04-14."""
    days = weekdays(MONDAY, 75)
    facts = [
        earnings_date("Q1", date(2025, 1, 1), date(2025, 1, 10)),
        earnings_date("Q2", date(2025, 3, 3), named),
    ]
    made = due(days, facts)["results_within_5"]
    assert made[days.index(date(2025, 4, 10))] == expected


def test_the_guess_is_gone_in_the_row_that_knows_of_the_date() -> None:
    """Known in the row of 04-08: the guess would move 04-14, within five; the named day 04-15.

    A second date within the 45 days, known a day later, keeps no guess alive.
    """
    days = weekdays(MONDAY, 75)
    facts = [
        earnings_date("Q1", date(2025, 1, 1), date(2025, 1, 10)),
        earnings_date("Q2", date(2025, 4, 7), date(2025, 4, 14)),
        earnings_date("Q3", date(2025, 4, 8), date(2025, 5, 20)),
    ]
    place = days.index(date(2025, 4, 8))
    for known in (facts, facts[:2]):
        made = due(days, known)["results_within_5"]
        assert made[place - 1 : place + 2] == [0.0, 0.0, 1.0]
    alone = due(days, facts[:1])["results_within_5"]
    assert alone[place - 1 : place + 2] == [0.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("at", "missing"),
    [
        (datetime(2025, 1, 13, 4, 59, tzinfo=UTC), ()),  # still the 12th in New York
        (datetime(2025, 1, 13, 5, tzinfo=UTC), (("results", date(2025, 1, 9), 4),)),
        (
            datetime(2025, 1, 14, 13, tzinfo=UTC),
            (("results", date(2025, 1, 9), 5), ("fed_decision", date(2025, 1, 8), 6)),
        ),
    ],
)
def test_what_is_missing_is_told_with_its_days_results_first(
    at: datetime, missing: tuple[tuple[str, date, int], ...]
) -> None:
    """Results of the 9th by the fourth day, the decision of the 8th by the sixth; in New York."""
    facts = [
        earnings_date("Q1", MONDAY, date(2025, 1, 9)), meeting(date(2025, 1, 8), MONDAY),
        earnings_date("Q2", MONDAY, date(2025, 2, 26)), meeting(date(2025, 1, 29), MONDAY),
    ]  # fmt: skip
    found = overdue_at(History(facts), at)

    assert tuple((o.what, o.on, o.days) for o in found) == missing
    came = report("Q1", "2024-12-29", date(2025, 1, 9), "10")
    assert "results" not in [o.what for o in overdue_at(History([*facts, came]), at)]


def test_the_end_of_the_calendar_is_told_by_the_day_in_new_york() -> None:
    """180 days before 2025-07-30 is 2025-01-31: told from the day after, at midnight there."""
    last = date(2025, 7, 30)
    history = History([meeting(last, MONDAY), meeting(MARCH, MONDAY)])

    assert calendar_ends_on(history, datetime(2025, 2, 1, 4, 59, tzinfo=UTC)) is None
    assert calendar_ends_on(history, datetime(2025, 2, 1, 5, tzinfo=UTC)) == last


def test_the_fed_moves_the_session_of_its_own_day() -> None:
    """Row 6: within five from row 2 to row 6; two meetings within 21."""
    days = weekdays(MONDAY, 12)
    facts = [meeting(days[6], date(2025, 1, 1)), meeting(days[9], date(2025, 1, 1))]
    made = due(days, facts)

    assert made["fomc_within_5"] == [float((2 <= row <= 6) + (5 <= row <= 9)) for row in range(12)]
    assert made["fomc_within_21"][0] == 2.0
    assert made["fomc_within_21"][10] == 0.0


def test_a_calendar_that_is_not_known_is_not_empty() -> None:
    days = weekdays(MONDAY, 4)
    nothing = due(days, [])
    late = due(days, [meeting(date(2025, 1, 29), days[1])])

    assert np.isnan(nothing["results_within_5"]).all()
    assert np.isnan(nothing["fomc_within_63"]).all()
    assert late["fomc_within_63"] == pytest.approx([NAN, NAN, 1.0, 1.0], nan_ok=True)


def test_results_are_missing_from_the_fourth_day_on() -> None:
    """Three days of grace; of several the newest; none whose figures came."""

    def named(quarter: str, on: date) -> EarningsDate:
        return EarningsDate(fiscal_quarter=quarter, report_on=on, occurred_at=morning(on))

    dates = [named("Q1", date(2025, 1, 10)), named("Q2", date(2025, 4, 10))]
    assert results_missing_on(dates, (), date(2025, 4, 13)) == date(2025, 1, 10)
    assert results_missing_on(dates, (), date(2025, 4, 14)) == date(2025, 4, 10)
    assert results_missing_on(dates, ("Q2",), date(2025, 4, 14)) == date(2025, 1, 10)
    assert results_missing_on(dates, ("Q1", "Q2"), date(2025, 4, 14)) is None


def test_a_report_speaks_for_80_sessions() -> None:
    """Known in row 1: its figures stand to row 81, its surprise is known to row 80."""
    days = weekdays(MONDAY, 86)
    guide = {"guide_vs_consensus_pct": "-4.0", "next_q_guide_midpoint_usd_bn": "9"}
    made = features(days, [report("FY2025Q4", "2025-01-26", days[0], "10", **guide)])

    assert np.isfinite(made["guided_growth_pct"]).tolist() == [1 <= row <= 81 for row in range(86)]
    assert np.isfinite(made["guide_surprise_pct"]).tolist() == [1 <= row <= 80 for row in range(86)]


def test_a_price_stands_for_three_sessions_more() -> None:
    """The close of row 0 is known from row 1 to row 4."""
    days = weekdays(MONDAY, 8)
    made = features(days, bars({days[0]: 100.0}))

    assert np.isfinite(made["nvda_close_usd"]).tolist() == [1 <= row <= 4 for row in range(8)]


def test_open_high_and_low_make_range_and_gap() -> None:
    """Open 102, high 110, low 100 after a close of 101; the session before: 100, 103, 99."""
    days = weekdays(MONDAY, 5)
    told_ = [
        (days[0], 100.0, 100.0, 100.0, 100.0),
        (days[1], 100.0, 103.0, 99.0, 101.0),
        (days[2], 102.0, 110.0, 100.0, 105.0),
    ]
    facts = [
        told(
            "bar", f"NVDA:{day}", day, symbol="NVDA", session_on=str(day), open=o, high=h, low=low,
            close=c,
        )
        for day, o, h, low, c in told_
    ]  # fmt: skip
    facts += bars({days[1]: 400.0, days[2]: 404.0}, "QQQ") + bars({days[2]: 17.5}, "VIX")
    made = features(days, facts)

    row = {name: float(array[3]) for name, array in made.items()}
    assert row["nvda_range"] == pytest.approx(math.log(110 / 100))
    assert row["nvda_gap"] == pytest.approx(math.log(102 / 101))
    assert row["nvda_return"] == pytest.approx(math.log(105 / 101))
    assert row["nvda_range_before"] == pytest.approx(math.log(103 / 99))
    assert row["nvda_gap_before"] == pytest.approx(math.log(100 / 100))
    assert row["nvda_return_before"] == pytest.approx(math.log(101 / 100))
    assert row["nvda_return_two"] == pytest.approx(math.log(105 / 100))
    assert row["qqq_return"] == pytest.approx(math.log(404 / 400))
    assert row["vix"] == 17.5


def test_the_growth_that_a_price_implies_turns_with_price_and_cash() -> None:
    """Free cash flow is 45 % of revenue: twice the price on twice the revenue implies the same."""
    days = weekdays(MONDAY, 12)
    count = told("shares", "2025-01-01", date(2025, 1, 1), date="2025-01-01", shares_bn=24.0)

    def implied(close: float, scale: float) -> float:
        quarters = [
            report(f"FY2025Q{q}", end, days[0], str(scale * 25.0))
            for q, end in enumerate(("2024-04-28", "2024-07-28", "2024-10-27", "2025-01-26"), 1)
        ]
        made = features(days, [*quarters, count, *bars(dict.fromkeys(days[:9], close))])
        assert made["trailing_revenue_usd_bn"][9] == pytest.approx(100.0 * scale)
        assert made["market_cap_usd_tn"][9] == pytest.approx(0.024 * close)
        return float(made["implied_growth_pct"][9])

    from engine.macro.valuation import Assumptions, implied_growth

    assert implied(150.0, 1.0) == pytest.approx(implied(300.0, 2.0))
    assert implied(150.0, 1.0) < implied(160.0, 1.0)
    expected = implied_growth(np.array([3.6]), np.array([0.045]), Assumptions())
    assert implied(150.0, 1.0) == pytest.approx(100.0 * float(expected[0]))


# --- events --------------------------------------------------------------------------------------


def known(hours: float, name: str, **changes: Any) -> Event:
    at = morning(MONDAY) + timedelta(hours=hours)
    return make_event(
        changes.pop("event_type", "rates"), event_id=name, known_at=at, occurred_at=at, **changes
    )


def test_a_log_holds_the_first_version_of_each_event_in_order() -> None:
    again = known(5, "a", headline="later")
    old = known(0, "old", ended="repeat")
    log = EventLog.of([known(3, "b"), again, known(1, "a"), known(3, "A"), old])

    assert [e.event_id for e in log] == ["a", "A", "b"]
    assert log[0].headline != "later"
    assert (len(log), log[-1].event_id, [e.event_id for e in log[1:]]) == (3, "b", ["A", "b"])
    assert EventLog.of(log) is log
    assert [(e.event_id, e.headline) for e in log.versions_of(("rates",))][-1] == ("a", "later")
    assert log == EventLog.of([known(1, "a"), known(3, "A"), known(3, "b")])
    assert log != EventLog.of([known(1, "a")])


def test_versions_are_those_of_events_that_ever_had_the_type() -> None:
    turned = known(4, "a", event_type="other")
    log = EventLog.of([known(1, "a"), turned, known(2, "b", event_type="other")])

    assert [(e.event_id, e.event_type) for e in log.versions_of(("rates",))] == [
        ("a", "rates"), ("a", "other")
    ]  # fmt: skip
    assert [e.event_id for e in log.of_types(("rates",))] == ["a"]
    assert [e.event_id for e in log.of_types(("other",))] == ["b"]


def test_only_what_tells_something_is_of_a_type() -> None:
    log = EventLog.of([known(1, "a", mood=Mood.DENIAL), known(2, "b", mood=Mood.RUMOUR)])

    assert [e.event_id for e in log.of_types(("rates",))] == ["b"]


def test_between_leaves_out_its_beginning_and_takes_in_its_end() -> None:
    log = EventLog.of([known(h, str(h)) for h in (1, 2, 3, 4)])
    start = morning(MONDAY)

    found = log.between(start + timedelta(hours=1), start + timedelta(hours=3))
    assert [e.event_id for e in found] == ["2", "3"]
    newest = reading.recent(log, after=start, at=start + timedelta(hours=3))
    assert [e.event_id for e in newest] == ["3", "2", "1"]


def test_events_of_the_record_are_read_as_they_were_written() -> None:
    """Of two kinds of entries, a type hidden inside a headline is no type."""
    from engine.record.readings import NEWS, News

    at = morning(MONDAY)
    told_ = News(
        event_type="rates", actor="Federal Reserve", direction=0, stage=Stage.ANNOUNCED,
        confidence=0.9, headline='the "event_type":"other" of it', source="wire", mood=Mood.FACT,
        occurred_at=at, known_at=at,
    )  # fmt: skip
    fact = NEWS.fact(told_, occurred_at=at, known_at=at, source="wire", key="n1")
    log = reading.known_events(History([fact]), at)

    (event,) = log.of_types(("rates",))
    assert (event.event_id, event.actor, event.headline) == (
        "n1",
        "Federal Reserve",
        told_.headline,
    )
    assert log.of_types(("other",)) == ()
    assert json.loads(json.dumps(event.headline)) == told_.headline


@pytest.mark.parametrize(
    ("confidence", "owners", "grade", "trust"),
    [
        (0.8, ("Reuters", "AFP"), "C", 0.6),  # the press 0.6, sure 1
        (0.79, ("Reuters", "AFP"), "C", 0.6 * 0.85),
        (0.5, ("Reuters", "AFP"), "C", 0.6 * 0.85),
        (0.49, ("Reuters", "AFP"), "C", 0.6 * 0.5),
        (0.9, ("Reuters",), "C", 0.3),  # one owner alone: half
        (0.9, ("SEC",), "A", 0.6),  # unless it is the source itself
    ],
)
def test_a_claim_in_the_news_is_believed_by_its_confidence_and_owners(
    confidence: float, owners: tuple[str, ...], grade: str, trust: float
) -> None:
    told_ = known(
        1, "a", event_type="domestic_chip_adoption", headline="Zhipu trained GLM-5 on Ascend",
        actor="Zhipu", confidence=confidence, owners=owners, grade=grade,
    )  # fmt: skip
    found = proof_in(told_)

    assert found is not None
    assert found.trust == pytest.approx(trust)
    assert (found.known_at, found.source, found.actor) == (told_.known_at, "wire", "Zhipu")
    assert not reading.moves_as_news(told_)  # it counts in the ratings, and nowhere else


def test_what_ended_or_does_not_weigh_is_no_claim() -> None:
    claim = known(
        1, "a", event_type="domestic_chip_adoption", headline="Zhipu trained GLM-5 on Ascend"
    )
    assert proof_in(replace(claim, ended="refuted")) is None
    assert proof_in(replace(claim, mood=Mood.COMMENT)) is None
    assert proof_in(replace(claim, headline="Zhipu opens an office")) is None
    assert reading.moves_as_news(replace(claim, headline="Zhipu opens an office"))
    assert not reading.moves_as_news(replace(claim, headline="DeepSeek adopts UE8M0"))


def test_the_versions_that_move_leave_out_claims_and_formats() -> None:
    kinds = ("domestic_chip_adoption",)
    told_ = [
        known(1, "claim", event_type=kinds[0], headline="Zhipu trained GLM-5 on Ascend"),
        known(2, "format", event_type=kinds[0], headline="DeepSeek adopts UE8M0"),
        known(3, "plain", event_type=kinds[0], headline="Baidu to buy Kunlun chips"),
        known(4, "other", event_type="rates"),
    ]
    assert [e.event_id for e in reading.moving_versions(told_, kinds)] == ["plain"]


def test_a_row_of_the_curated_table_becomes_a_sure_event() -> None:
    fact = told(
        "headline", "k", MONDAY, event_type="export_restriction", actor="US BIS",
        headline="US bans sale of H20 to China", date_utc=str(MONDAY),
    )  # fmt: skip
    row = reading.Headline(
        event_type="export_restriction", actor="US BIS", headline="US bans sale of H20 to China",
        known_at=fact.known_at, occurred_at=fact.occurred_at,
    )  # fmt: skip
    event = reading.curated(fact, row)
    sure = reading.curated(replace(fact, confidence=0.8), row)

    assert (event.owners, event.grade, event.confirmed) == ((CURATED,), "A", True)
    assert (event.direction, event.stage, event.mood) == (-1, Stage.ANNOUNCED, Mood.FACT)
    assert (event.objects, event.confidence, sure.confidence) == (("h20",), 0.5, 0.8)
    assert (len(event.event_id), event.known_at, event.source) == (16, fact.known_at, fact.source)
    rumour = replace(row, headline="US may ban sale of H20 to China, sources say")
    assert reading.curated(fact, rumour).mood is Mood.RUMOUR
    scale = replace(row, headline="DeepSeek uses UE8M0 scale format")
    assert reading.curated(fact, scale).mood is Mood.COMMENT


def stored(facts: list[Fact]) -> History:
    """As a database tells it: payloads are text that is read when somebody asks."""
    return History.of_stored(
        (
            to_micros(f.known_at), f.kind, f.key, content_hash(f), to_micros(f.occurred_at),
            f.source, f.confidence, f.backfilled, canonical_json(dict(f.payload)),
        )
        for f in facts
    )  # fmt: skip


@pytest.mark.parametrize("kept", [History, stored])
@pytest.mark.parametrize("hidden", ["", 'x "ended":"repeat" y'])
def test_what_was_old_when_it_came_is_left_out_of_what_is_read(hidden: str, kept: Any) -> None:
    """Where a fact says so itself, not where a headline holds the words."""
    from engine.record.readings import NEWS

    def fact(key: str, ended: str) -> Fact:
        at = morning(MONDAY)
        told_ = reading.News(
            event_type="rates", direction=0, stage=Stage.ANNOUNCED, confidence=0.9,
            headline=f"{key} {hidden}", source="wire", occurred_at=at, known_at=at, ended=ended,
        )  # fmt: skip
        return NEWS.fact(told_, occurred_at=at, known_at=at, source="wire", key=key)

    facts = [fact("old", "repeat"), fact("gone", "withdrawn"), fact("new", "")]
    log = reading.known_events(kept(facts), morning(MONDAY))
    assert [(e.event_id, e.ended) for e in log] == [("gone", "withdrawn"), ("new", "")]


@pytest.mark.parametrize("kept", [History, stored])
@pytest.mark.parametrize("hidden", ["", 'x "event_type":"other" y', 'x "event_type":"rates" y'])
def test_events_are_of_the_type_that_their_fact_names(hidden: str, kept: Any) -> None:
    """In order, by all their versions, whatever their headlines hold; comments tell nothing."""
    from engine.record.readings import NEWS

    def fact(key: str, kind: str, hours: int, mood: str = "fact") -> Fact:
        at = morning(MONDAY) + timedelta(hours=hours)
        told_ = reading.News(
            event_type=kind, direction=0, stage=Stage.ANNOUNCED, confidence=0.9, mood=mood,
            headline=f"{key} {hidden}", source="wire", occurred_at=at, known_at=at,
        )  # fmt: skip
        return NEWS.fact(told_, occurred_at=at, known_at=at, source="wire", key=key)

    facts = [
        fact("b", "rates", 2), fact("a", "rates", 1), fact("c", "other", 3),
        fact("a", "other", 4), fact("d", "rates", 5, "comment"),
    ]  # fmt: skip
    log = reading.known_events(kept(facts), morning(MONDAY) + timedelta(days=1))

    assert [e.event_id for e in log.of_types(("rates",))] == ["a", "b"]
    assert [e.event_id for e in log.of_types(("other",))] == ["c"]
    versions = [(e.event_id, e.event_type) for e in log.versions_of(("other",))]
    assert versions == [("a", "rates"), ("c", "other"), ("a", "other")]
    assert [e.event_id for e in log] == ["a", "b", "c", "d"]
    assert log.of_types(()) == log.versions_of(()) == ()


def test_a_live_event_is_what_its_fact_says_in_every_field() -> None:
    from engine.record.readings import NEWS

    at = morning(MONDAY)
    told_ = reading.News(
        event_type="export_relief", direction=1, stage=Stage.RUMOUR, confidence=0.75,
        headline="US may allow H20", known_at=at, occurred_at=at - timedelta(hours=2),
        source="wire", actor="US BIS", n_sources=3, item_ids=("i1", "i2"), classifier="rules",
        url="https://example.org/1", owners=("Reuters", "AFP"), grade="B", mood="rumour",
        objects=("h20",), ended="refuted",
    )  # fmt: skip
    fact = NEWS.fact(
        told_, occurred_at=told_.occurred_at, known_at=at, source="wire", key="story-1"
    )
    event = reading.live(fact)

    assert event == Event(
        event_id="story-1", event_type="export_relief", direction=1, stage=Stage.RUMOUR,
        confidence=0.75, headline="US may allow H20", known_at=at,
        occurred_at=at - timedelta(hours=2), source="wire", actor="US BIS", n_sources=3,
        item_ids=("i1", "i2"), classifier="rules", url="https://example.org/1",
        owners=("Reuters", "AFP"), grade="B", mood=Mood.RUMOUR, objects=("h20",), ended="refuted",
    )  # fmt: skip
    assert reading.told_by_feeds(History([fact]), at) == [event]
    assert reading.told_by_feeds(History([fact]), at - timedelta(seconds=1)) == []


class Memo(dict[str, Any]):
    """What is kept, in memory."""

    def put(self, key: str, value: Any) -> None:
        self[key] = value


def headline(on: date, text: str, kind: str = "export_restriction", hour: int = 9) -> Fact:
    return told(
        "headline", f"{on}/{kind}", on, hour, event_type=kind, actor="US BIS", headline=text
    )


def test_the_table_is_told_in_all_versions_known_by_then() -> None:
    """The second word on one row is another version of the same event."""
    facts = [
        headline(MONDAY, "US bans sale of H20 to China"),
        headline(MONDAY, "US allows sale of H20 to China", hour=12),
        headline(MONDAY + timedelta(days=1), "US bans sale of B30A to China"),
    ]
    found = reading.told_by_table(History(facts), morning(MONDAY))

    assert [e.headline for e in found] == [fact.payload["headline"] for fact in facts[:2]]
    assert found[0].event_id == found[1].event_id
    log = reading.known_events(History(facts), morning(MONDAY + timedelta(days=1)))
    assert [e.headline for e in log] == [facts[0].payload["headline"], facts[2].payload["headline"]]


def test_the_words_of_a_row_are_read_once_for_their_type() -> None:
    """What is kept is taken as it stands; under another type the same words are read again."""
    fact, memo = headline(MONDAY, "US bans sale of H20 to China"), Memo()
    history = History([fact])
    plain = reading.known_events(history, morning(MONDAY))
    cold = reading.known_events(history, morning(MONDAY), memo)
    (key,) = memo

    assert cold == plain == reading.known_events(history, morning(MONDAY), memo)
    memo[key] = {**memo[key], "direction": 1, "mood": "comment", "objects": ["rtx"]}
    (changed,) = reading.known_events(history, morning(MONDAY), memo)
    assert (changed.direction, changed.mood, changed.objects) == (1, Mood.COMMENT, ("rtx",))
    other = headline(MONDAY, "US bans sale of H20 to China", "export_relief")
    (read,) = reading.known_events(History([other]), morning(MONDAY), memo)
    assert read.objects == ("h20",)
    assert len(memo) == 2


def test_the_news_of_an_interval_is_told_newest_first_and_by_id_within_an_instant() -> None:
    start = morning(MONDAY)
    log = [known(h, name) for h, name in ((1, "z"), (2, "a"), (2, "b"), (3, "c"), (0, "out"))]
    found = reading.recent(log, after=start, at=start + timedelta(hours=2))

    assert [e.event_id for e in found] == ["b", "a", "z"]


# --- what was looked at ----------------------------------------------------------------------


def looked(on: date) -> Fact:
    return told("coverage", str(on), on, streams=["releases"], from_on=str(on))


def test_both_gates_were_open_before_the_first_restriction_of_a_record_that_was_looked_at() -> None:
    """From the first coverage on, known in row 2; the first spell is known in row 4."""
    days = weekdays(MONDAY, 6)
    facts = [looked(days[3]), looked(days[1]), spell("H20", days[3], "licence", "discouraged")]
    made = features(days, facts)

    assert made["us_gate"] == pytest.approx([NAN, NAN, 1.0, 1.0, 0.5, 0.5], nan_ok=True)
    assert made["china_gate"] == pytest.approx([NAN, NAN, 1.0, 1.0, 0.35, 0.35], nan_ok=True)


def test_a_part_without_a_word_on_acceptance_is_no_gate() -> None:
    """From the first spell on the gates are no longer simply open, and what they are is unknown."""
    days = weekdays(MONDAY, 4)
    mute = spell("H20", days[1], "barred", "accepted")
    mute = replace(mute, payload={**mute.payload, "china_acceptance": None})
    made = features(days, [looked(date(2025, 1, 3)), mute])

    assert made["us_gate"][:2].tolist() == [1.0, 1.0]
    assert np.isnan(made["us_gate"][2:]).all()


def test_of_two_parts_the_better_product_of_permission_and_acceptance_counts() -> None:
    """0.5 * 1 beats 1 * 0.35; of equal products the more permitted: 0.5 * 0 and 0 * 1."""
    days = weekdays(MONDAY, 4)
    first = [spell("H20", days[0], "allowed", "discouraged"),
             spell("B30A", days[0], "licence", "accepted")]  # fmt: skip
    then = [spell("H20", days[1], "licence", "blocked"),
            spell("B30A", days[1], "barred", "accepted")]  # fmt: skip
    made = features(days, [*first, *then])

    gates = list(zip(made["us_gate"].tolist(), made["china_gate"].tolist(), strict=True))
    assert gates[1:3] == [(0.5, 1.0), (0.5, 0.0)]


def test_what_one_source_alone_tells_stands_while_the_wires_are_silent() -> None:
    """A lone bar of row 2 and nothing after it: from row 44 on no news, and still what is left."""
    days = weekdays(MONDAY, 48)
    bar = news(days, 2, owners=("Reuters",), n_sources=1)
    made = features(days, [], events=[bar])

    assert np.isnan(made["policy_impulse_pct"][44])
    # 3 % fades by its half-life of 5 sessions: 42 later 3 * 2^(-8.4) = 0.00888
    assert made["policy_alone_pct"][44] == pytest.approx(-3 * 0.5 ** (42 / 5))
    assert made["policy_alone_pct"][1] == 0.0


@pytest.mark.parametrize(
    ("event", "excluded"),
    [
        ("Nvidia guide assumes no China sales", 1.0),
        ("GUIDE for Q3 ASSUMES NONE of it", 1.0),
        ("Nvidia guides; it assumes none", 0.0),  # another clause
        ("Nvidia assumes no China sales", 0.0),
        ("Nvidia guide assumes H20 sales", 0.0),
    ],
)
def test_only_a_guide_that_assumes_no_china_leaves_it_out(event: str, excluded: float) -> None:
    days = weekdays(MONDAY, 3)
    step = told("policy_event", "x", days[0], event=event)

    assert features(days, [step])["china_excluded"].tolist() == [0.0, excluded, excluded]


def test_the_warm_up_holds_the_prices_and_calendars_of_the_sessions_before() -> None:
    """Three sessions before the first row: closes of 100, 101 and 102 known a session later."""
    days = weekdays(MONDAY, 6)
    facts = [*bars(dict(zip(days, (100.0, 101.0, 102.0, 103.0), strict=False))),
             meeting(days[2], date(2025, 1, 1))]  # fmt: skip
    from engine.decision.features import build

    made = build(
        History(facts), grid_of(days[3:]), ratings=(), events=(), weights=WEIGHTS,
        warm=grid_of(days[:3]),
    )  # fmt: skip
    assert made.warm["nvda_close_usd"] == pytest.approx([NAN, 100.0, 101.0], nan_ok=True)
    assert made.warm["fomc_within_5"].tolist() == [1.0, 1.0, 1.0]
    assert made.values["nvda_close_usd"].tolist() == [102.0, 103.0, 103.0]
    assert made.values["fomc_within_5"].tolist() == [0.0, 0.0, 0.0]
    assert (made.sessions_on, made.decide_at_us.tolist()) == (
        tuple(days[3:]), grid_of(days[3:]).decide_at_us.tolist()
    )  # fmt: skip
    plain = build(History(facts), grid_of(days[3:]), ratings=(), events=(), weights=WEIGHTS)
    assert plain.warm == {}


# --- how news moves ------------------------------------------------------------------------------

WEIGHTS = EventWeights(
    policy={
        "export_restriction": Impulse(impulse_pct=6, source="made up", usual_sign=-1),
        "export_relief": Impulse(impulse_pct=2, with_acceptance_pct=5, source="made up"),
    },
    domestic={"chip_launch": Impulse(impulse_pct=3, source="made up")},
    demand={"capex_cut": Impulse(impulse_pct=4, source="made up")},
    fade=Fade(policy_sessions=4, domestic_sessions=8, demand_sessions=16),
)
DAYS = weekdays(MONDAY, 30)
GRID = grid_of(DAYS)
OPEN = {"china_gate": np.ones(30)}


def impulses(*versions: Event, gate: float = 1.0) -> dict[str, list[float]]:
    gates = {"china_gate": np.full(30, gate)}
    made = news_impulses.impulses(GRID, versions, WEIGHTS, gates)
    return {name: array.tolist() for name, array in made.items()}


def lone(row: int, name: str = "a", **changes: Any) -> Event:
    return news(DAYS, row, name, owners=("Reuters",), n_sources=1, **changes)


@pytest.mark.parametrize(
    ("kind", "voice", "half_life"),
    [("export_restriction", POLICY, 4), ("chip_launch", DOMESTIC, 8), ("capex_cut", DEMAND, 16)],
)
def test_each_voice_fades_by_its_own_half_life(kind: str, voice: str, half_life: int) -> None:
    """Told alone in row 2 and ended in row 6: what was left of it is taken back there."""
    size = {POLICY: 6, DOMESTIC: 3, DEMAND: 4}[voice] / 2
    first = lone(2, event_type=kind)
    made = impulses(
        first, replace(news(DAYS, 6, event_type=kind), owners=("Reuters",), ended="refuted")
    )

    assert made[voice][2] == pytest.approx(-size)
    assert made[voice][6] == pytest.approx(size * 0.5 ** (4 / half_life))
    alone = made[news_impulses.ALONE[voice]]
    assert alone[1:7] == pytest.approx(
        [0.0, *(-size * 0.5 ** (n / half_life) for n in range(4)), 0.0]
    )


def left(*versions: Event) -> list[float]:
    """What is left at each row of the policy impulses, halved every four sessions."""
    told_ = impulses(*versions)[POLICY]
    return [sum(told_[i] * 0.5 ** ((t - i) / 4) for i in range(t + 1)) for t in range(30)]


def test_what_comes_to_weigh_less_counts_as_if_it_always_had() -> None:
    """Sure in row 2, three quarters sure in row 6: -4.5 halved; half sure in row 10: nothing."""
    sure, less = news(DAYS, 2), news(DAYS, 6, confidence=0.75)
    least = news(DAYS, 10, confidence=0.5)
    found = left(sure, less, least)

    assert found[:7] == pytest.approx([0, 0, -6, *(-6 * 0.5 ** (n / 4) for n in (1, 2, 3)), -2.25])
    assert found[9] == pytest.approx(-4.5 * 0.5 ** (7 / 4))
    assert found[10:] == pytest.approx([0.0] * 20, abs=1e-12)


def test_what_comes_to_weigh_more_adds_the_rest_when_it_does() -> None:
    """Three quarters sure in row 2, sure in row 6: 1.5 more from there on."""
    found = impulses(news(DAYS, 2, confidence=0.75), news(DAYS, 6))[POLICY]

    assert [(t, x) for t, x in enumerate(found) if x] == [(2, -4.5), (6, -1.5)]
    lone_first = impulses(lone(2), news(DAYS, 6))[POLICY]
    assert [(t, x) for t, x in enumerate(lone_first) if x] == [(2, -3.0), (6, -3.0)]


def test_what_stands_again_counts_from_the_row_in_which_it_came() -> None:
    """Refuted in row 6 and told anew in row 10, or doubted there: as if nothing had been."""
    for doubt in ({"ended": "refuted"}, {"confidence": 0.75}, {"mood": Mood.DENIAL}):
        found = left(news(DAYS, 2), news(DAYS, 6, **doubt), news(DAYS, 10))
        assert found[10] == pytest.approx(-6 * 0.25), doubt
        assert found[6] == pytest.approx(-4.5 * 0.5 if "confidence" in doubt else 0.0), doubt


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({"event_type": "export_relief"}, -5.0),  # the same sense under another type and size
        ({"direction": 1}, 6.0),
        ({"direction": 1, "event_type": "export_relief"}, 5.0),
        ({"event_type": "other"}, 0.0),
    ],
)
def test_what_turns_counts_from_then_on_in_its_new_sense_alone(
    changes: dict[str, Any], size: float
) -> None:
    """Told in row 2, told otherwise in row 6: the first word is taken back by what was left."""
    found = left(news(DAYS, 2), news(DAYS, 6, **changes))

    assert found[5] == pytest.approx(-6 * 0.5 ** (3 / 4))
    assert found[6] == pytest.approx(size, abs=1e-12)
    assert found[10] == pytest.approx(size / 2, abs=1e-12)


def test_of_versions_of_one_row_the_last_counts() -> None:
    """Both are known before the decision of row 2; the order in which they are given is nothing."""
    first = news(DAYS, 2, known_at=morning(DAYS[2]) - timedelta(hours=3))
    last = news(DAYS, 2, confidence=0.75)
    for versions in ((first, last), (last, first)):
        assert impulses(*versions)[POLICY][2] == -4.5


def test_two_steps_of_one_row_add_up_and_are_each_alone() -> None:
    """Two objects: 3 and 3 of one owner each; the worst of single steps is 3."""
    found = impulses(lone(2), lone(2, "b", objects=("rtx",)))

    assert found[POLICY][2] == -6.0
    assert found["policy_alone_pct"][2] == -3.0
    good = impulses(lone(2, event_type="export_relief", direction=1))
    assert (good[POLICY][2], good["policy_alone_pct"][2]) == (2.5, 0.0)


def test_a_confirmed_step_is_alone_no_more_from_the_row_on_that_knows_of_it() -> None:
    """A second owner, the issuer itself; not another object, nor the same owner again."""
    for second, alone_ in (
        (news(DAYS, 4, "b", owners=("AFP",), n_sources=1), 0.0),
        (lone(4, "b", grade="A"), 0.0),
        (news(DAYS, 4, "b", owners=("AFP",), n_sources=1, objects=("rtx",)), -3.0),
        (lone(4, "b"), -3 * 0.5**0.5),
    ):
        found = impulses(lone(2), second)["policy_alone_pct"]
        assert found[2:4] == pytest.approx([-3.0, -3 * 0.5**0.25])
        assert found[4] == pytest.approx(alone_)


def test_an_event_beyond_the_last_row_or_of_the_first_moves_nothing() -> None:
    late = news(DAYS, 29, known_at=morning(DAYS[29]) + timedelta(hours=1))
    assert not any(impulses(news(DAYS, 0), late)[POLICY])
    assert impulses(news(DAYS, 29))[POLICY][29] == -6.0
    ended = replace(late, event_id="b", ended="refuted")
    assert impulses(news(DAYS, 29, "b"), ended)[POLICY][29] == -6.0


@pytest.mark.parametrize(("gate", "size"), [(1.0, 5.0), (0.5, 5.0), (0.35, 2.0), (math.nan, 2.0)])
def test_relief_is_larger_from_a_half_open_chinese_gate_on(gate: float, size: float) -> None:
    made = impulses(news(DAYS, 2, event_type="export_relief", direction=1), gate=gate)

    assert made[POLICY][2] == size


def test_a_type_without_words_takes_its_usual_sign() -> None:
    plain = news(DAYS, 2, direction=0)
    (found,) = news_impulses.signed([plain], WEIGHTS)
    assert found.direction == -1
    other = news(DAYS, 2, direction=0, event_type="rates")
    assert news_impulses.signed([other], WEIGHTS) == [other]
    assert impulses(plain)[POLICY][2] == -6.0


@pytest.mark.parametrize(
    ("kind", "actor", "whose"),
    [
        ("export_restriction", "Nvidia", "US"),
        ("export_relief", "Nvidia", "US"),
        ("china_purchase_ban", "Reuters", "China"),
        ("regulatory_probe", "China", "China"),
        ("regulatory_probe", "Regulator", "Regulator"),
        ("regulatory_probe", "US DOJ", "US"),
        ("capex_cut", "Meta", "Meta"),
    ],
)
def test_a_step_is_its_governments(kind: str, actor: str, whose: str) -> None:
    assert news_impulses.actor_of(make_event(kind, actor=actor)) == whose


@pytest.mark.parametrize(
    ("changes", "owners", "confirmed", "share"),
    [
        ({"confidence": 0.7}, 2, False, 0.7),
        ({"confidence": 0.6999}, 2, False, 0.0),
        ({"confidence": 1.0}, 1, False, 0.5),
        ({"confidence": 1.0}, 1, True, 1.0),
        ({"confidence": 1.0, "stage": Stage.RUMOUR}, 2, True, 0.5),
        ({"confidence": 1.0, "mood": Mood.RUMOUR}, 2, False, 1.0),
        ({"confidence": 1.0, "mood": Mood.PROPOSAL}, 2, False, 0.0),
        ({"confidence": 0.3, "owners": (CURATED,)}, 1, True, 0.3),
    ],
)
def test_the_share_that_an_event_moves(
    changes: dict[str, Any], owners: int, confirmed: bool, share: float
) -> None:
    event = make_event("export_restriction", **{"stage": Stage.ANNOUNCED, **changes})
    assert factor(event, owners, WEIGHTS, confirmed=confirmed) == share


def test_the_steps_that_weigh_today_are_named_with_what_is_left_of_them() -> None:
    """Row 29 of half-life 4: 6 % of row 25 is 3 %; 3 % alone of row 27 is 2.1 %; row 1: 0.05 %."""
    other = {"objects": ("rtx",)}
    told_ = [
        news(DAYS, 25, "big"), news(DAYS, 26, "big again", owners=("AFP",)),
        lone(27, "small", **other), news(DAYS, 1, "old", objects=("b30a",)),
        news(DAYS, 28, "chip", event_type="chip_launch", direction=1),
    ]  # fmt: skip
    found = weighed(GRID, told_, WEIGHTS, OPEN)

    assert [w.event.event_id for w in found] == ["big", "chip", "small", "old"]
    big, chip, small, old = found
    assert (big.told_pct, big.left_pct) == pytest.approx((-6.0, -3.0))
    assert (big.others, big.alone, big.voice) == (1, False, POLICY)
    assert big.owners == ("Reuters", "Bloomberg", "AFP")
    assert (chip.left_pct, chip.voice) == (pytest.approx(3 * 0.5 ** (1 / 8)), DOMESTIC)
    assert (small.alone, small.others) == (True, 0)
    assert small.left_pct == pytest.approx(-3 * 0.5**0.5)
    assert old.left_pct == pytest.approx(-6 / 2**7)
    assert weighed(GRID, [lone(1, "gone", confidence=0.5)], WEIGHTS, OPEN) == ()


def test_what_is_left_below_a_hundredth_is_not_named() -> None:
    """3 % of row 1 after 32.9 half-life sessions of 4 … here 28 sessions of 3: 3 / 2^(28/3)."""
    quick = WEIGHTS.model_copy(update={"fade": Fade(policy_sessions=3.5)})
    faint = WEIGHTS.model_copy(update={"fade": Fade(policy_sessions=3.2)})

    assert len(weighed(GRID, [lone(1)], quick, OPEN)) == 1  # 3 / 2^8 = 0.0117
    assert weighed(GRID, [lone(1)], faint, OPEN) == ()  # 3 / 2^8.75 = 0.0070


# --- rates ---------------------------------------------------------------------------------------


def rates(*told_: Any) -> KnownRates:
    found = KnownRates()
    found.take(told_)
    return found


def figure(series: str, on: date, value: float) -> Observation:
    return Observation(series=series, observed_on=on, value=value)


@pytest.mark.parametrize(("age", "found"), [(0, 4.3), (7, 4.3), (8, None)])
def test_a_yield_speaks_for_a_week(age: int, found: float | None) -> None:
    known_ = rates(figure("DGS2", MONDAY, 4.3))
    assert known_.newest(("DGS2",), MONDAY + timedelta(days=age)) == found


def test_the_newest_day_counts_before_the_series_named_first() -> None:
    known_ = rates(
        figure("DFF", MONDAY, 4.3), figure("EFFR", MONDAY, 4.4),
        figure("EFFR", MONDAY + timedelta(days=1), 4.5),
    )  # fmt: skip
    assert known_.newest(("DFF", "EFFR"), MONDAY) == 4.3
    assert known_.newest(("DFF", "EFFR"), MONDAY + timedelta(days=1)) == 4.5
    assert known_.newest(("EFFR", "DFF"), MONDAY) == 4.4


@pytest.mark.parametrize(("age", "found"), [(0, True), (5, True), (6, False)])
def test_a_curve_speaks_for_five_days(age: int, found: bool) -> None:
    known_ = rates(figure("ZQF25", MONDAY, 95.7), figure("DGS2", MONDAY, 4.3))
    day, curve = known_.curve(MONDAY + timedelta(days=age))

    assert (day, curve) == ((MONDAY, {date(2025, 1, 1): 95.7}) if found else (None, {}))


def at_meeting(end: date) -> Meeting:
    at = datetime.combine(end, datetime.min.time(), tzinfo=UTC) + timedelta(hours=19)
    return Meeting(meeting_end=end, occurred_at=at)


def test_a_decision_is_missing_after_five_days_and_the_last_meeting_alone_counts() -> None:
    first, second = date(2025, 1, 8), date(2025, 3, 19)
    decided = FedDecision(meeting_end=first, target_lower_after=4.25, target_upper_after=4.5)
    known_ = rates(at_meeting(first), at_meeting(second), decided)

    assert known_.missing_on(second + timedelta(days=5)) is None
    assert known_.missing_on(second + timedelta(days=6)) == second
    assert known_.missing_on(first + timedelta(days=30)) is None
    assert known_.range_bps(first) == (425, 450)
    assert known_.range_bps(second - timedelta(days=1)) == (425, 450)
    assert known_.range_bps(second) is None


@pytest.mark.parametrize(("days", "told_"), [(0, None), (1, (400, 425))])
def test_the_published_range_is_that_of_a_meeting_before_its_day(
    days: int, told_: tuple[int, int] | None
) -> None:
    end = date(2025, 3, 19)
    day = end + timedelta(days=days)
    known_ = rates(at_meeting(end), figure("DFEDTARL", day, 4.0), figure("DFEDTARU", day, 4.25))

    assert known_.range_bps(end) == told_
    one_side = rates(at_meeting(end), figure("DFEDTARL", day, 4.0))
    assert one_side.range_bps(end) is None


@pytest.mark.parametrize(("last", "mean"), [(25, 4.5), (24, None)])
def test_a_month_is_known_from_its_fourth_last_day_on_and_closed_days_carry_the_rate(
    last: int, mean: float | None
) -> None:
    """February 2025: 14 days of 4.0, then 14 of 5.0; DFF before EFFR on one day."""
    february = date(2025, 2, 1)
    told_ = [
        figure("EFFR", february, 9.0), figure("DFF", february, 4.0),
        figure("EFFR", date(2025, 2, 15), 5.0), figure("EFFR", date(2025, 2, last), 5.0),
    ]  # fmt: skip
    found = rates(*told_)._month_mean(february)

    assert found == (None if mean is None else pytest.approx(mean))
    assert KnownRates()._month_mean(february) is None


def test_grid_rows_begin_at_the_decision_instant() -> None:
    grid = Grid(sessions_on=(MONDAY,), decide_at_us=np.array([to_micros(morning(MONDAY))]))

    assert grid.row_at(morning(MONDAY)) == 0
    assert grid.row_at(morning(MONDAY) + timedelta(microseconds=1)) == 1
