"""What is known of rates, month by month and row by row: figures by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest

from engine.decision import rates
from engine.decision.rates import KnownRates, _Surprises, expectations_at, rate_features, rates_at
from engine.macro import ladder
from engine.record.history import History
from engine.record.readings import FedDecision, Meeting, Observation
from engine.values import Event, Fact
from tests.builders import make_event
from tests.engine.decision.small_worlds import grid_of, morning, told, weekdays

NAN = math.nan
MONDAY = date(2025, 1, 6)
MARCH, MAY, JUNE = date(2025, 3, 19), date(2025, 5, 7), date(2025, 6, 18)


def figure(series: str, on: date, value: float) -> Observation:
    return Observation(series=series, observed_on=on, value=value)


def meeting(end: date) -> Meeting:
    """Its statement at 14:00 in New York, 18:00 UTC in summer."""
    return Meeting(meeting_end=end, occurred_at=datetime.combine(end, time(18), tzinfo=UTC))


def knowing(*readings: Any) -> KnownRates:
    found = KnownRates()
    found.take(readings)
    return found


def flat(first: date, last: date, value: float, series: str = "EFFR") -> list[Observation]:
    """One figure for every day from ``first`` to ``last``."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [figure(series, day, value) for day in days]


# --- realised months -----------------------------------------------------------------------------


def averages(*readings: Any, on: date) -> dict[date, float]:
    return dict(knowing(*readings)._averages(on)[0])


def test_months_are_averaged_back_to_the_last_one_without_a_meeting() -> None:
    """Before June's meeting: May and March hold one, April none: April is the anchor."""
    figures = flat(date(2025, 2, 1), date(2025, 5, 31), 4.0)
    calendar = [meeting(day) for day in (MAY, MARCH, JUNE)]
    found = knowing(*figures, *calendar)._averages(date(2025, 6, 2))

    assert found == ({date(2025, 5, 1): 4.0, date(2025, 4, 1): 4.0}, date(2025, 4, 1))


def test_the_month_of_the_next_meeting_is_no_anchor_though_it_is_known() -> None:
    """April holds no meeting and the next is in May: April. With the next on the 30th of April:
    neither April nor March, which held one, but February."""
    figures = flat(date(2025, 2, 1), date(2025, 4, 28), 4.0)
    known = knowing(*figures, meeting(MARCH), meeting(MAY))
    assert known._averages(date(2025, 4, 30))[1] == date(2025, 4, 1)
    held_in_april = knowing(
        *figures, meeting(date(2025, 1, 29)), meeting(MARCH), meeting(date(2025, 4, 30))
    )
    months, anchor = held_in_april._averages(date(2025, 4, 29))
    assert anchor == date(2025, 2, 1)
    assert list(months) == [date(2025, 4, 1), date(2025, 3, 1), date(2025, 2, 1)]


def test_no_month_is_averaged_before_the_first_meeting_or_the_first_figure() -> None:
    """March, where both begin, holds a meeting: no anchor, and what was averaged stays."""
    figures = flat(date(2025, 3, 1), date(2025, 3, 31), 4.0)
    known = knowing(*figures, meeting(MARCH), meeting(MAY))
    assert known._averages(date(2025, 4, 1)) == ({date(2025, 3, 1): 4.0}, None)
    early = knowing(*flat(date(2025, 1, 1), date(2025, 3, 31), 4.0), meeting(MARCH), meeting(MAY))
    assert early._averages(date(2025, 4, 1)) == ({date(2025, 3, 1): 4.0}, None)


def test_without_figures_or_a_meeting_ahead_nothing_is_averaged() -> None:
    figures = flat(date(2025, 4, 1), date(2025, 5, 31), 4.0)
    assert knowing(meeting(MARCH), meeting(JUNE))._averages(date(2025, 6, 2)) == ({}, None)
    assert knowing(*figures, meeting(MARCH))._averages(date(2025, 6, 2)) == ({}, None)
    # on its own day a meeting counts as held: nothing lies ahead of June's
    calendar = (meeting(MARCH), meeting(JUNE))
    assert knowing(*figures, *calendar)._averages(JUNE) == ({}, None)
    assert knowing(*figures, *calendar)._averages(JUNE - timedelta(days=1))[1] == date(2025, 5, 1)


def test_a_month_that_is_not_known_whole_is_left_out() -> None:
    """May lacks its first day, and nothing stands before it to carry: April is the newest."""
    figures = [
        *flat(date(2025, 4, 1), date(2025, 4, 30), 4.0),
        *flat(date(2025, 5, 2), date(2025, 5, 31), 5.0),
    ]
    found = averages(*figures, meeting(MARCH), meeting(JUNE), on=date(2025, 6, 2))
    assert found == {date(2025, 4, 1): 4.0}


def test_a_leap_day_counts_in_the_mean_of_its_month() -> None:
    """28 days of 4 % and one of 6.9 %: (112 + 6.9) / 29 = 4.1 %."""
    figures = flat(date(2024, 2, 1), date(2024, 2, 28), 4.0)
    found = knowing(*figures, figure("EFFR", date(2024, 2, 29), 6.9))._month_mean(date(2024, 2, 1))
    assert found == pytest.approx(4.1)


def test_the_span_of_the_effective_rate_is_of_both_series_and_of_no_other() -> None:
    """First and last day, in whatever order they came."""
    known = knowing(
        figure("DFF", date(2025, 3, 5), 4.3), figure("EFFR", date(2025, 4, 2), 4.3),
        figure("DFF", date(2025, 2, 3), 4.3), figure("EFFR", date(2025, 3, 9), 4.3),
        figure("DGS2", date(2025, 9, 9), 4.0),
    )  # fmt: skip
    assert known._effr_span == (date(2025, 2, 3), date(2025, 4, 2))


# --- one instant ---------------------------------------------------------------------------------


def test_the_inputs_of_an_instant_by_hand() -> None:
    """2025-06-02, 09:30 in New York: the day before counts as held; meetings from March's on."""
    at = datetime(2025, 6, 2, 13, 30, tzinfo=UTC)
    calendar = [meeting(date(2025, 1, 29)), meeting(MARCH), meeting(MAY), meeting(JUNE)]
    decided = FedDecision(meeting_end=MAY, target_lower_after=4.25, target_upper_after=4.5)
    found = knowing(
        *flat(date(2025, 2, 1), date(2025, 5, 31), 4.33), *calendar, decided,
        figure("DGS2", date(2025, 5, 30), 3.9), figure("ZQM25", date(2025, 5, 30), 95.67),
        figure("ZQU25", date(2025, 5, 30), 95.8), figure("ZQU25", date(2025, 5, 29), 95.9),
    ).inputs(at)  # fmt: skip

    assert found == ladder.RateInputs(
        as_of_on=date(2025, 6, 1),
        meetings=(MARCH, MAY, JUNE),  # the one before the anchor of April, and all after it
        range_bps=(425, 450),
        effr_pct=4.33,
        zq={date(2025, 6, 1): 95.67, date(2025, 9, 1): 95.8},
        averages_pct={date(2025, 5, 1): pytest.approx(4.33), date(2025, 4, 1): pytest.approx(4.33)},
        two_year_pct=3.9,
        missing_on=None,
    )


def test_without_an_anchor_all_meetings_are_told() -> None:
    at = datetime(2025, 6, 2, 13, 30, tzinfo=UTC)
    found = knowing(meeting(MARCH), meeting(MAY), meeting(JUNE)).inputs(at)

    assert found.meetings == (MARCH, MAY, JUNE)
    assert (found.averages_pct, found.range_bps, found.effr_pct, found.zq) == ({}, None, None, {})
    assert found.missing_on == MAY


@pytest.mark.parametrize(
    ("held_by", "told_"),
    [
        (MARCH - timedelta(days=1), (425, 450)),  # before the first meeting: the newest told
        (MARCH, (425, 450)),
        (MAY - timedelta(days=1), (425, 450)),
        (MAY, None),
    ],
)
def test_the_range_is_that_of_the_last_meeting_held(
    held_by: date, told_: tuple[int, int] | None
) -> None:
    """Unknown once May's is held, whose outcome nobody has told."""
    decided = FedDecision(meeting_end=MARCH, target_lower_after=4.25, target_upper_after=4.5)
    assert knowing(meeting(MARCH), meeting(MAY), decided).range_bps(held_by) == told_


def test_of_a_decision_and_the_published_range_the_later_one_counts() -> None:
    """Published for the 8th of May, so since a meeting at or before the 7th; in whole bp."""
    decided = FedDecision(meeting_end=MARCH, target_lower_after=4.25, target_upper_after=4.5)
    published = [
        figure("DFEDTARL", date(2025, 5, 7), 4.25), figure("DFEDTARU", date(2025, 5, 7), 4.5),
        figure("DFEDTARL", date(2025, 5, 8), 4.0000001), figure("DFEDTARU", date(2025, 5, 8), 4.25),
        figure("DFEDTARL", date(2025, 5, 9), 3.0),  # its other side is not known yet
    ]  # fmt: skip
    known = knowing(meeting(MARCH), meeting(MAY), decided, *published)

    assert known.range_bps(MAY) == (400, 425)
    assert rates._in_bps(4.35, 0.29) == (435, 29)  # 100 times either falls short in binary
    assert known.missing_on(date(2025, 6, 2)) is None
    assert KnownRates().range_bps(MAY) is None
    assert KnownRates().missing_on(MAY) is None
    blank = FedDecision(meeting_end=MAY, target_lower_after=None, target_upper_after=None)
    assert knowing(meeting(MAY), blank).range_bps(MAY) is None
    # a decision told without its range leaves the one before in force
    assert knowing(meeting(MARCH), meeting(MAY), decided, blank).range_bps(MARCH) == (425, 450)


def test_contracts_are_read_near_their_day_and_of_one_day_alone() -> None:
    """ZQM5 of 2025 is June 2025; what settled a day earlier is not mixed in."""
    day = date(2025, 5, 30)
    known = knowing(
        figure("ZQM5", day, 95.6), figure("ZQN25", day - timedelta(days=1), 95.7),
        figure("DGS2", day + timedelta(days=1), 4.0),
    )  # fmt: skip
    assert known.curve(day + timedelta(days=2)) == (day, {date(2025, 6, 1): 95.6})
    assert known.curve(day - timedelta(days=1))[1] == {date(2025, 7, 1): 95.7}


# --- surprises -----------------------------------------------------------------------------------

DAYS = weekdays(MONDAY, 6)


def surprises(
    *rows: tuple[Mapping[date, float], tuple[Observation, ...]],
    spoken: Mapping[int, set[date]] | None = None,
    held: tuple[date, ...] = (),
) -> list[float]:
    """What each row adds: the curve known there, and what it brings."""
    known, found = knowing(*(meeting(day) for day in held)), _Surprises(spoken or {})
    out = []
    for row, (priced, brought) in enumerate(rows):
        known.take(brought)
        at, eve = morning(DAYS[row]), DAYS[max(row - 1, 0)]
        out.append(found.learn(row, eve, at, brought, known, priced))
    return out


NOTHING: tuple[Mapping[date, float], tuple[Observation, ...]] = ({}, ())


def test_futures_move_by_the_mean_over_the_meetings_that_both_curves_price() -> None:
    """+10 and +2 over two common meetings: 6; the third is priced by one curve alone."""
    before = {MARCH: 0.0, MAY: 4.0, JUNE: 50.0}
    after = {MARCH: 10.0, MAY: 6.0, date(2025, 7, 30): -90.0}
    spoken = {1: {DAYS[0]}}

    assert surprises((before, ()), (after, ()), spoken=spoken) == [0.0, 6.0]
    assert surprises((before, ()), ({date(2025, 7, 30): 9.0}, ()), spoken=spoken) == [0.0, 0.0]
    assert surprises((before, ()), (after, ())) == [0.0, 0.0]  # no Fed window


def test_a_statement_opens_a_window_on_its_day_and_not_before_it_is_held() -> None:
    """Held on day 1 at 18:00 UTC: row 2 asks what moved since row 1; row 1 itself does not."""
    curves: list[tuple[Mapping[date, float], tuple[Observation, ...]]] = [
        ({MARCH: bps}, ()) for bps in (0.0, 5.0, 12.0, 20.0)
    ]
    assert surprises(*curves, held=(DAYS[1],)) == [0.0, 0.0, 7.0, 0.0]


@pytest.mark.parametrize(("late_us", "added"), [(0, 5.0), (1, 0.0)])
def test_a_statement_at_the_decision_instant_is_held(late_us: int, added: float) -> None:
    """Of the session before, told at the very instant of row 1, or a microsecond later."""
    at = morning(DAYS[1]) + timedelta(microseconds=late_us)
    known, found = knowing(Meeting(meeting_end=DAYS[0], occurred_at=at)), _Surprises({})
    found.learn(0, DAYS[0], morning(DAYS[0]), (), known, {MARCH: 0.0})

    assert found.learn(1, DAYS[0], morning(DAYS[1]), (), known, {MARCH: 5.0}) == added


def yield_on(day: int, value: float) -> Observation:
    return figure("DGS2", DAYS[day], value)


def test_a_yield_moves_against_the_one_before_it_in_whatever_order_they_come() -> None:
    """Day 2 speaks: 4.10 on 4.00 of day 0 is +10; then day 1 comes late with 4.06: +4 stay."""
    told_ = surprises(
        NOTHING,
        ({}, (yield_on(0, 4.0),)),
        NOTHING,
        ({}, (yield_on(2, 4.1),)),
        ({}, (yield_on(1, 4.06),)),
        spoken={3: {DAYS[2]}},
    )
    assert told_ == pytest.approx([0.0, 0.0, 0.0, 10.0, -6.0])


def test_a_corrected_yield_brings_the_difference_for_its_day_and_the_next() -> None:
    """Both days are windows: 4.00, 4.10, 4.30 give 10 and 20; 4.15 for the 4.10 moves 5 over."""
    told_ = surprises(
        NOTHING,
        ({}, (yield_on(0, 4.0),)),
        ({}, (yield_on(1, 4.1),)),
        ({}, (yield_on(2, 4.3),)),
        ({}, (yield_on(1, 4.15),)),
        ({}, (yield_on(1, 4.15), figure("DFF", DAYS[2], 9.0))),
        spoken={2: {DAYS[1]}, 3: {DAYS[2]}},
    )
    assert told_ == pytest.approx([0.0, 0.0, 10.0, 20.0, 5.0 - 5.0, 0.0])


def test_a_speech_that_is_learnt_late_brings_the_yield_of_its_day() -> None:
    """Known in row 4 of day 1, whose yield was told in row 2; a day without a yield brings none."""
    told_ = surprises(
        NOTHING,
        ({}, (yield_on(0, 4.0),)),
        ({}, (yield_on(1, 4.1),)),
        NOTHING,
        NOTHING,
        spoken={4: {DAYS[1], DAYS[3]}},
    )
    assert told_ == pytest.approx([0.0, 0.0, 0.0, 0.0, 10.0])
    first = surprises(({}, (yield_on(0, 4.0),)), NOTHING, spoken={1: {DAYS[0]}})
    assert first == [0.0, 0.0]  # nothing stands before the first yield


def test_a_meeting_that_is_told_after_it_was_held_opens_its_window() -> None:
    known, found = KnownRates(), _Surprises({})
    late = meeting(DAYS[1])
    added = []
    for row, brought in enumerate(
        [(), (yield_on(0, 4.0),), (yield_on(1, 4.1),), (late,), (meeting(DAYS[5]),)]
    ):
        known.take(brought)
        eve = DAYS[max(row - 1, 0)]
        added.append(found.learn(row, eve, morning(DAYS[row]), brought, known, {}))
    assert added == pytest.approx([0.0, 0.0, 0.0, 10.0, 0.0])


def speech(row: int, on: datetime, actor: str = "Federal Reserve", kind: str = "rates") -> Event:
    return make_event(
        kind, event_id=f"{row}{actor}{on}", actor=actor, occurred_at=on,
        known_at=morning(DAYS[row]) - timedelta(hours=1), headline="The chair speaks",
    )  # fmt: skip


def test_speeches_are_the_feds_by_their_day_in_new_york() -> None:
    """03:00 UTC of the 8th is the 7th in New York; a bank's word on rates is no speech."""
    night = datetime(2025, 1, 8, 3, tzinfo=UTC)
    noon = datetime(2025, 1, 7, 17, tzinfo=UTC)
    events = [
        speech(3, night), speech(4, noon, "Federal Reserve (Powell)"), speech(3, noon, "Goldman"),
        speech(3, noon, kind="other"),
    ]  # fmt: skip
    found = rates._speeches(events, grid_of(DAYS))

    assert found == {3: {date(2025, 1, 7)}, 4: {date(2025, 1, 7)}}


# --- all rows, and what is kept ------------------------------------------------------------------


def observed(series: str, day: date, value: float) -> Fact:
    key = f"{series}:{day}"
    return told("observation", key, day, series=series, observed_on=str(day), value=value)


def test_the_path_of_the_two_year_yield_stands_in_where_no_curve_is_known() -> None:
    """4.00 on an effective rate of 4.33, by the rung's own arithmetic; unknown without either."""
    facts = [observed("DGS2", DAYS[1], 4.0), observed("EFFR", DAYS[0], 4.33)]
    found = rate_features(History(facts), grid_of(DAYS[:4]), ())

    expected = float(ladder.two_year_path_bps(np.array([4.0]), np.array([4.33]))[0])
    assert found["expected_path_bps"] == pytest.approx([NAN, NAN, expected, expected], nan_ok=True)
    assert found["effr_pct"] == pytest.approx([NAN, 4.33, 4.33, 4.33], nan_ok=True)
    (seen,) = expectations_at(History(facts), morning(DAYS[3]))
    assert seen.expected_change_bps == pytest.approx(expected)


def test_what_came_before_the_first_row_surprises_in_no_row() -> None:
    """A yield and a speech of the week before: their move belongs to a row that is not here."""
    friday = MONDAY - timedelta(days=3)
    facts = [observed("DGS2", friday - timedelta(days=1), 4.0), observed("DGS2", friday, 4.1)]
    old = make_event(
        "rates", event_id="a", actor="Federal Reserve", headline="The chair speaks",
        occurred_at=morning(friday), known_at=morning(friday),
    )  # fmt: skip
    found = rate_features(History(facts), grid_of(DAYS), [old])["fed_surprise_bps"]

    assert found.tolist() == [0.0] * 6


CALENDAR = [
    date(2025, 1, 29), MARCH, MAY, JUNE, date(2025, 7, 30), date(2025, 9, 17), date(2025, 10, 29),
    date(2025, 12, 10), date(2026, 1, 28),
]  # fmt: skip
"""Nine meetings: the path of a year is that of the eighth."""


def with_curve(rows: int = 3) -> History:
    """EFFR of 4.33 since December, a range of 425 to 450, and contracts a quarter lower a month."""
    facts = [
        told("fomc_meeting", str(end), date(2024, 12, 1), meeting_end=str(end))
        for end in (date(2024, 12, 18), *CALENDAR)
    ]
    facts.append(
        told("fomc_decision", "2024-12-18", date(2024, 12, 18), meeting_end="2024-12-18",
             target_lower_after="4.25", target_upper_after="4.50")
    )  # fmt: skip
    first = date(2024, 11, 1)
    facts += [observed("EFFR", first + timedelta(days=n), 4.33) for n in range(66)]
    for n, code in enumerate("FGHJKMNQUVXZ"):
        facts += [observed(f"ZQ{code}25", day, 95.67 + 0.02 * n) for day in DAYS[:rows]]
    facts += [
        observed(f"ZQ{code}26", day, 95.91 + 0.02 * n)
        for n, code in enumerate("FGH")
        for day in DAYS[:rows]
    ]
    return History(facts)


class Memo(dict[str, Any]):
    """What is kept, in memory; ``read`` counts what was found."""

    read = 0

    def get(self, key: str, default: Any = None) -> Any:
        found = super().get(key, default)
        self.read += found is not None
        return found

    def put(self, key: str, value: Any) -> None:
        self[key] = value


def test_the_path_is_the_change_that_the_curve_prices_to_the_eighth_meeting() -> None:
    history, grid = with_curve(), grid_of(DAYS[:4])
    told_ = expectations_at(history, morning(DAYS[3]))
    priced = {e.meeting_on: e.expected_change_bps for e in told_}

    assert sorted(priced, key=str)[:8] == CALENDAR[:8]
    path = rate_features(history, grid, ())["expected_path_bps"]
    assert path[3] == priced[CALENDAR[7]]
    assert path[3] < -10
    assert np.isnan(path[0])  # no contract has settled yet, and no yield stands in


def test_what_is_kept_of_the_curves_is_used_for_the_same_facts_alone() -> None:
    history, grid, memo = with_curve(), grid_of(DAYS[:4]), Memo()
    plain = rate_features(history, grid, ())
    cold = rate_features(history, grid, (), memo)
    assert (len(memo), memo.read) == (3, 0)  # a row without a curve has nothing to keep
    warm = rate_features(history, grid, (), memo)

    assert memo.read == 3
    for name, array in plain.items():
        assert cold[name].tobytes() == warm[name].tobytes() == array.tobytes(), name
    for key in memo:
        memo[key] = dict.fromkeys(memo[key], 1.0)
    assert rate_features(history, grid, (), memo)["expected_path_bps"][3] == 1.0
    # one more yield by row 2 makes other keys from there on
    more = History([*history, observed("DGS2", DAYS[1], 4.0)])
    path = rate_features(more, grid, (), memo)["expected_path_bps"]
    assert (path[1], path[3]) == (1.0, plain["expected_path_bps"][3])


def test_rates_of_an_instant_hold_all_three_kinds() -> None:
    known = rates_at(with_curve(), morning(DAYS[0]))

    assert known.range_bps(MONDAY) == (425, 450)
    assert len(known.meetings) == 10
    assert known.figures["EFFR"][date(2025, 1, 5)] == 4.33
    assert known.decisions.keys() == {date(2024, 12, 18)}


@pytest.mark.parametrize("half", [{}, {"target_lower_after": 4.0}, {"target_upper_after": 4.25}])
def test_a_decision_that_did_not_tell_both_ends_is_none(half: dict[str, float]) -> None:
    """Of those that told it the newest counts, in whatever order they came."""
    march = FedDecision(meeting_end=MARCH, target_lower_after=4.25, target_upper_after=4.5)
    may = FedDecision(meeting_end=MAY, target_lower_after=4.0, target_upper_after=4.25)
    june = FedDecision(meeting_end=JUNE, **half)  # type: ignore[arg-type]
    assert not june.told_range
    assert june.range_bps is None
    for told_ in ((march, may, june), (june, may, march), (may, june, march)):
        assert knowing(meeting(MARCH), meeting(MAY), *told_).range_bps(MAY) == (400, 425)
        assert knowing(meeting(MAY), meeting(JUNE), *told_).range_bps(JUNE) is None
        assert knowing(meeting(JUNE), *told_).missing_on(date(2025, 7, 9)) == JUNE
