"""Rates, values, options and sessions at their bounds, by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest

from engine.clock import from_micros
from engine.errors import DataError, InputError, OutOfRangeError
from engine.macro import fedwatch, ladder, options, valuation
from engine.macro.ladder import RateInputs
from engine.macro.options import Chain, Smile
from engine.macro.sessions import Sessions, load_sessions, read_schedule, sessions_within
from engine.macro.valuation import Assumptions

# --- one meeting ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "law"),
    [
        (0.25, {0: 0.75, 1: 0.25}), (-0.25, {-1: 0.25, 0: 0.75}), (-1.0, {-1: 1.0}),
        (2.0, {2: 1.0}), (1e-10, {0: 1.0}), (-1.5, {-2: 0.5, -1: 0.5}),
        # Whole but for the last bit, from either side; to half of a billionth, and not beyond.
        (math.nextafter(1, 0), {1: 1.0}), (math.nextafter(-1, -2), {-1: 1.0}),
        (1 - 4e-10, {1: 1.0}), (1 - 6e-10, {0: 1e-9, 1: 1 - 1e-9}),
        (1 + 4e-10, {1: 1.0}), (1 + 6e-10, {1: 1 - 1e-9, 2: 1e-9}),
    ],
)  # fmt: skip
def test_steps_lie_on_their_two_whole_neighbours(steps: float, law: dict[int, float]) -> None:
    assert fedwatch.two_point(steps) == pytest.approx(law)


def test_independent_moves_add_up() -> None:
    found = fedwatch.convolve({0: 0.75, 1: 0.25}, {-1: 0.4, 0: 0.6})
    assert found == pytest.approx({-1: 0.3, 0: 0.55, 1: 0.15})
    assert list(found) == [-1, 0, 1]


def test_laws_over_days_are_those_of_one_day() -> None:
    """0.25 and then -0.6 of a step: from -1; the day before knows one meeting more."""
    steps = np.array([[0.25, -0.6, math.nan], [math.nan, -0.6, math.nan], [math.nan] * 3])
    lower, law, first = fedwatch.distributions(steps, 2)

    assert first.tolist() == [0, 1, 3]
    assert lower[0].tolist() == [0, -1]
    assert law[0, 0] == pytest.approx([0.75, 0.25, 0.0])
    assert law[0, 1] == pytest.approx([0.75 * 0.6, 0.75 * 0.4 + 0.25 * 0.6, 0.25 * 0.4])
    assert lower[1, 0] == -1
    assert law[1, 0] == pytest.approx([0.6, 0.4, 0.0])
    assert np.isnan(law[1, 1]).all()
    assert np.isnan(law[2]).all()


def test_a_meeting_from_its_own_contract_and_the_rate_by_hand() -> None:
    """September: 17 days at 4.33, 13 at E; 100 - 95.80 = 4.20 on average: E = 4.03, -30 bp."""
    meetings = (date(2025, 7, 30), date(2025, 9, 17), date(2025, 10, 29))
    (found,) = fedwatch.expectations(
        {date(2025, 9, 1): 95.80}, meetings, date(2025, 9, 1), range_bps=(425, 450), effr_pct=4.33
    )
    rate = (30 * 4.20 - 17 * 4.33) / 13

    assert found.expected_change_bps == pytest.approx(100 * (rate - 4.33))
    steps = (rate - 4.33) / 0.25
    told = {o.change_bps: o.probability for o in found.outcomes}
    assert told == pytest.approx({-50: -1 - steps, -25: 2 + steps})
    assert {o.range_bps for o in found.outcomes} == {(375, 400), (400, 425)}
    assert (found.meeting_on, found.rung) == (date(2025, 9, 17), "zq")
    assert "rests on" not in found.note  # 0.005 * 30 / 13 / 0.25 is 4.6 points


@pytest.mark.parametrize(("days_after", "points"), [(7, 0), (6, 10), (1, 60)])
def test_few_days_are_told_with_what_a_tick_moves(days_after: int, points: int) -> None:
    """100 * 0.005 * 30 / n / 0.25: 8.6 points of seven days, 10 of six, 60 of one."""
    month = fedwatch._Month(
        first=date(2025, 9, 1), days=30, announced=(17,), average=4.2, solved_over=days_after
    )
    told = fedwatch._noise(month)
    assert (f"by {points} percentage points" in told) is bool(points)
    assert ("1 day of ZQU25" in told) is (days_after == 1)
    assert (month.before, month.after) == (17, 13)


@pytest.mark.parametrize(
    ("text", "ok"),
    [("-500--475", True), ("-525--500", False), ("2500-2525", True), ("2525-2550", False)],
)
def test_target_ranges_have_bounds(text: str, ok: bool) -> None:
    if ok:
        lower, upper = fedwatch.parse_range(text)
        assert upper - lower == 25
        return
    with pytest.raises((OutOfRangeError, InputError)):
        fedwatch.parse_range(text)


@pytest.mark.parametrize(
    ("total", "ok"), [("15.4", True), ("15.2", True), ("15.5", False), ("15.1", False)]
)
def test_a_published_law_may_miss_a_tenth_of_a_point(total: str, ok: bool) -> None:
    text = f"400-425:84.7;425-450:{total}"
    if ok:
        assert fedwatch.parse_published(text)[425, 450] == float(total) / 100
        return
    with pytest.raises(InputError, match="sum to"):
        fedwatch.parse_published(text)


@pytest.mark.parametrize(
    ("price", "ok"), [(90.0, True), (105.0, True), (89.99, False), (105.01, False)]
)
def test_prices_have_bounds(price: float, ok: bool) -> None:
    if ok:
        assert fedwatch.check_price("ZQ", price) == price
        return
    with pytest.raises(OutOfRangeError):
        fedwatch.check_price("ZQ", price)


def test_a_one_digit_year_reaches_four_back_and_five_ahead() -> None:
    for near in (2022, 2025, 2028):
        years = {
            digit: fedwatch.parse_contract(f"ZQU{digit}", near=date(near, 6, 1)).year
            for digit in range(10)
        }
        assert years == {year % 10: year for year in range(near - 4, near + 6)}
    assert fedwatch.parse_contract("ZQZ1990", near=date(2025, 1, 1)) == date(1990, 12, 1)
    with pytest.raises(OutOfRangeError):
        fedwatch.parse_contract("ZQZ2101", near=date(2025, 1, 1))
    assert fedwatch.contract_code(date(2009, 1, 1)) == "ZQF09"


@pytest.mark.parametrize(("hour", "held"), [(17, 16), (18, 17)])
def test_a_meeting_is_held_from_two_in_new_york(hour: int, held: int) -> None:
    assert fedwatch.held_by(datetime(2025, 9, 17, hour, tzinfo=UTC)) == date(2025, 9, held)


@pytest.mark.parametrize(
    ("code", "root", "month"),
    [
        ("ZQU25.CME", "ZQ", date(2025, 9, 1)),
        ("ZQF2100", "ZQ", date(2100, 1, 1)),
        ("ZQF1990", "ZQ", date(1990, 1, 1)),
        ("ZQZ99", "ZQ", date(2099, 12, 1)),
        ("SR1Z25", "SR1", date(2025, 12, 1)),
        ("ZQF1989", "ZQ", None),
    ],
)
def test_a_contract_is_read_and_written_alike(code: str, root: str, month: date | None) -> None:
    near = date(2025, 6, 1)
    if month is None:
        with pytest.raises(OutOfRangeError, match=r"contract year = 1989 .* 1990 to 2100"):
            fedwatch.parse_contract(code, near=near)
        return
    assert fedwatch.parse_contract(code, near=near, root=root) == month
    written = fedwatch.contract_code(month, root=root)
    assert written == f"{root}{code[len(root)]}{month.year % 100:02}"
    with pytest.raises(InputError, match=r"is not a ZQ1 contract \(write ZQ1U25"):
        fedwatch.parse_contract(code, near=near, root="ZQ1")


def test_what_was_typed_is_repeated_to_forty_characters() -> None:
    forty = "'" + "x" * 40 + "'"
    for read in (
        lambda text: fedwatch.parse_contract(text, near=date(2025, 6, 1)),
        fedwatch.parse_range,
        fedwatch.parse_published,
    ):
        with pytest.raises(InputError, match=forty):
            read("x" * 60)
    with pytest.raises(InputError, match=r"'400-425:y{32}' is no probability \(write 400-425:84"):
        fedwatch.parse_published("400-425:" + "y" * 60)


def test_a_law_may_be_certain_and_an_outcome_may_not_be_negative() -> None:
    assert fedwatch.parse_published("400-425:0;425-450:100") == {(400, 425): 0.0, (425, 450): 1.0}
    for text in ("400-425:-0.05;425-450:100.05", "400-425:100.05;425-450:0", "400-425:99;425-450"):
        with pytest.raises(InputError, match="is no probability"):
            fedwatch.parse_published(text)
    with pytest.raises(InputError, match=r"sum to 99 %, not 100 % \(give every outcome"):
        fedwatch.parse_published("400-425:84;425-450:15")


AUTUMN = (date(2025, 7, 30), date(2025, 9, 17), date(2025, 10, 29), date(2025, 12, 10))


@pytest.mark.parametrize(
    ("months", "meetings", "reason"),
    [
        # Neither before nor after: the anchor before is told, the way on is not.
        ((8,), AUTUMN, "the rate after it is open (give ZQV25, and on to the next month without a "
         "meeting)"),
        # Its own contract alone: the rate before it would do, or the one after it.
        ((9,), AUTUMN, "the rate after it is open (give ZQV25, or the effective rate)"),
        # November's anchor gives October's end, and with October's own contract its start.
        ((10, 11), AUTUMN, "the rate before it is open (give the effective rate, ZQQ25 or ZQU25)"),
        # Announced on the last day: its own contract says nothing of the rate after it.
        ((9,), (date(2025, 7, 30), date(2025, 9, 30), date(2025, 12, 10)),
         "it ends on the last day of its month, so only a later contract can price it (give ZQV25, "
         "and on to the next month without a meeting)"),
        ((8, 9, 11), (*AUTUMN, date(2025, 9, 3)), "two meetings in one month cannot be told apart "
         "by one contract (drop one of the two meetings)"),
    ],
)  # fmt: skip
def test_what_would_settle_a_meeting_is_named(
    months: tuple[int, ...], meetings: tuple[date, ...], reason: str
) -> None:
    prices = {date(2025, month, 1): 95.8 + month / 100 for month in months}
    with pytest.raises(fedwatch.UndeterminedCurveError) as caught:
        fedwatch.expectations(prices, meetings, date(2025, 8, 22), range_bps=(425, 450))
    first = min(day for day in meetings if day > date(2025, 8, 22))
    assert caught.value.meeting_on == first
    assert str(caught.value) == f"meeting {first}: {reason}"


def test_a_meeting_that_is_not_reached_names_the_months_that_lack() -> None:
    """From its own to the first without a meeting; with those it is the meetings before it."""
    held = {date(2025, 8, 1): 95.67, date(2025, 9, 1): 95.8}
    last = {date(2025, 12, 1): 96.1, date(2026, 1, 1): 96.2}
    for meeting, prices, remedy in (
        (AUTUMN[1], held, "give ZQV25, ZQX25"),
        (AUTUMN[3], held, "give ZQZ25, ZQF26"),
        (AUTUMN[3], last, "price the meetings before it too"),
    ):
        found = fedwatch.undetermined(meeting, prices, AUTUMN)
        assert str(found) == f"meeting {meeting}: the prices given do not reach it ({remedy})"
        assert found.meeting_on == meeting


@pytest.mark.parametrize(
    ("month", "refused"),
    [((2025, 6), "ZQM25"), ((2025, 7), None), ((2025, 12), None), ((2026, 1), "ZQF26")],
)
def test_contracts_lie_within_the_months_of_the_calendar(
    month: tuple[int, int], refused: str | None
) -> None:
    """July and December 2025 hold the first and the last meeting."""
    prices = {date(2025, 8, 1): 95.67, date(2025, 9, 1): 95.8, date(*month, 1): 95.7}

    def ask(as_of_on: date = date(2025, 8, 22)) -> int:
        return len(fedwatch.expectations(prices, AUTUMN, as_of_on, range_bps=(425, 450)))

    if refused is None:
        assert ask() == 1
        return
    with pytest.raises(OutOfRangeError) as caught:
        ask()
    assert str(caught.value) == (
        f"contract month = '{refused}' is not allowed "
        "(allowed: ZQN25 to ZQZ25, where meetings are known)"
    )


def test_no_meeting_ahead_is_no_question() -> None:
    def ask(day: int) -> int:
        return len(
            fedwatch.expectations(
                {date(2025, 12, 1): 96.0}, AUTUMN, date(2025, 12, day), range_bps=(425, 450),
                effr_pct=4.0,
            )
        )  # fmt: skip

    assert ask(9) == 1
    with pytest.raises(OutOfRangeError) as caught:
        ask(10)
    assert str(caught.value) == (
        "as-of date = '2025-12-10' is not allowed (allowed: before the last meeting of the "
        "calendar)"
    )


@pytest.mark.parametrize(("day", "change"), [(6, 25.0), (7, 10.0)])
def test_of_six_days_the_rate_is_the_better_start_of_seven_the_contract(
    day: int, change: float
) -> None:
    """November 2024 averages 4.60; December's anchor says 4.55 after a meeting on the 6th or 7th.

    Of six days the effective rate of 4.30 is the start: +25 bp. Of seven the contract is asked:
    7 S + 23 E = 30 * a with E = 4.55 and a so that S is 4.45: +10 bp.
    """
    meetings = (date(2024, 9, 18), date(2024, 11, day), date(2025, 1, 29))
    average = (day * 4.45 + (30 - day) * 4.55) / 30
    found = fedwatch.expectations(
        {date(2024, 11, 1): 100 - average, date(2024, 12, 1): 100 - 4.55},
        meetings, date(2024, 11, 1), range_bps=(450, 475), effr_pct=4.30,
    )  # fmt: skip
    assert found[0].expected_change_bps == pytest.approx(change)
    steps = fedwatch.steps_over_time(
        np.array([[math.nan, math.nan, 100 - average, 95.45, math.nan]]),
        [date(2024, 9, 1), date(2024, 10, 1), date(2024, 11, 1), date(2024, 12, 1),
         date(2025, 1, 1)],
        meetings, [date(2024, 11, 1)], np.array([4.30]),
    )  # fmt: skip
    assert steps[0, :2] * 25 == pytest.approx([math.nan, change], nan_ok=True)


def test_on_the_day_of_a_meeting_over_many_days_the_next_one_is_ahead() -> None:
    """17 September, held; October averages 4.10 over 29 days at 4.11 and two at E: E = 3.955."""
    months = [date(2025, 9, 1), date(2025, 10, 1)]
    steps = fedwatch.steps_over_time(
        np.array([[math.nan, 95.90]]), months, [date(2025, 9, 17), date(2025, 10, 29)],
        [date(2025, 9, 17)], np.array([4.11]),
    )  # fmt: skip
    assert steps[0] == pytest.approx([math.nan, (3.955 - 4.11) / 0.25], nan_ok=True)


# --- the ladder ----------------------------------------------------------------------------------

INPUTS = RateInputs(
    as_of_on=date(2025, 8, 22), range_bps=(425, 450), effr_pct=4.33, two_year_pct=3.68,
    bills=((28, 4.25), (91, 4.15), (182, 4.02)), bill_basis_pct=-0.10,
)  # fmt: skip


def test_the_last_two_bills_less_the_basis_against_the_rate() -> None:
    """(4.02 * 182 - 4.15 * 91) / 91 = 3.89; + 0.10 - 4.33 = -34 bp."""
    (found,) = ladder.from_bills(INPUTS)
    assert found.expected_change_bps == pytest.approx(-34.0)
    assert (found.rung, found.meeting_on, found.outcomes) == ("bills", None, ())
    assert ladder.from_bills(replace(INPUTS, bills=((28, 4.25),))) == ()
    assert ladder.from_bills(replace(INPUTS, bill_basis_pct=None)) == ()
    assert ladder.from_bills(replace(INPUTS, effr_pct=None)) == ()


def test_the_two_year_yield_against_the_rate_in_moves_of_25() -> None:
    (cut,), (hike,) = (ladder.from_two_year(replace(INPUTS, two_year_pct=y)) for y in (3.68, 4.83))
    assert (cut.expected_change_bps, hike.expected_change_bps) == pytest.approx((-65.0, 50.0))
    assert (cut.note.args["moves"], hike.note.args["moves"]) == pytest.approx((2.6, 2.0))  # type: ignore[attr-defined]
    assert "cuts" in cut.note
    assert "hikes" in hike.note


def test_each_rung_says_what_it_rests_on() -> None:
    (bills,) = ladder.from_bills(replace(INPUTS, bills=((182, 4.02), (28, 4.25), (91, 4.15))))
    assert str(bills.note) == "Direction only: bill forward of days 91 to 182, noise 5-15 bp"
    assert bills.expected_change_bps == pytest.approx(-34.0)  # whatever the order of the bills
    (two_year,) = ladder.from_two_year(replace(INPUTS, two_year_pct=4.33))
    assert (two_year.expected_change_bps, two_year.rung) == (0.0, "two_year")
    assert "0.0 hikes" in two_year.note
    assert ladder.from_two_year(replace(INPUTS, two_year_pct=None)) == ()
    assert ladder.from_two_year(replace(INPUTS, effr_pct=None)) == ()
    missing = ladder.expect(replace(INPUTS, missing_on=date(2025, 9, 17)))
    assert [(e.rung, e.expected_change_bps) for e in missing] == [("unknown", None)]
    assert "The Fed's decision of" in missing[0].note
    bare = replace(INPUTS, effr_pct=None, bills=())
    assert [e.note for e in ladder.expect(bare)] == [ladder.NO_OVERNIGHT]
    nothing = "no rate source was observed"
    assert [e.note for e in ladder.expect(replace(bare, two_year_pct=None))] == [nothing]
    assert ladder.expect(RateInputs(as_of_on=date(2025, 8, 22))) == (ladder.unknown(),)


@pytest.mark.parametrize("lacks", ["sr1", "spread_pct", "range_bps", "zq"])
def test_a_rung_without_one_of_its_needs_is_left_out(lacks: str) -> None:
    """SR1 is SOFR: 0.03 above the effective rate, so that its price is 0.03 lower."""
    curve = {date(2025, 8, 1): 95.67, date(2025, 10, 1): 95.89, date(2025, 11, 1): 96.01}
    told = replace(
        INPUTS, meetings=AUTUMN, zq=curve, sr1={m: p - 0.03 for m, p in curve.items()},
        spread_pct=0.03,
    )  # fmt: skip
    assert [e.meeting_on for e in ladder.from_zq(told)] == [AUTUMN[1], AUTUMN[2]]
    assert [e.expected_change_bps for e in ladder.from_sr1(told)] == pytest.approx(
        [e.expected_change_bps for e in ladder.from_zq(told)]
    )
    less = replace(told, **{lacks: {} if lacks in ("sr1", "zq") else None})
    assert bool(ladder.from_zq(less)) is (lacks in ("sr1", "spread_pct"))
    assert bool(ladder.from_sr1(less)) is (lacks == "zq")


def test_expired_anchors_and_the_rate_of_today_reach_both_curves() -> None:
    """August's mean of 4.33 stands in for its price; without it the effective rate does."""
    curve = {date(2025, 10, 1): 95.89, date(2025, 11, 1): 96.01}
    told = replace(INPUTS, meetings=AUTUMN, zq=curve, sr1=curve, spread_pct=0.0, effr_pct=4.43)
    averages = {date(2025, 8, 1): 4.33, date(2019, 1, 1): 9.9}
    for rung in (ladder.from_zq, ladder.from_sr1):
        # October: 31 * 4.11 = 29 S + 2 * 3.99, S = 4.1182759: -21.17 bp of 4.33, -31.17 of 4.43.
        mean, today = rung(replace(told, averages_pct=averages))[0], rung(told)[0]
        assert mean.expected_change_bps == pytest.approx(-21.1724, abs=1e-4)
        assert today.expected_change_bps == pytest.approx(-31.1724, abs=1e-4)


QUARTERS = {date(2025, 9, 1): 96.0, date(2025, 12, 1): 96.3}
SR3 = replace(INPUTS, meetings=(*AUTUMN, date(2026, 1, 28)), sr3=QUARTERS, spread_pct=0.03)


@pytest.mark.parametrize("base", [4.33, 2.0])
def test_the_path_is_the_least_of_its_two_penalties(base: float) -> None:
    """Sum of squared pricing errors and a thousandth of that of the steps, by another solver."""
    from scipy.optimize import least_squares

    def missed(steps: Any) -> Any:
        ahead, errors = SR3.meetings[1:], []
        for quarter, price in QUARTERS.items():
            day = ladder.imm_wednesday(quarter)
            end = ladder.imm_wednesday(ladder._plus_months(quarter, 3))
            growth, days = 1.0, (end - day).days
            while day < end:
                held = 3 if day.weekday() == 4 else 1
                moved = sum(s for s, m in zip(steps, ahead, strict=True) if m < day)
                growth *= 1 + (base + 0.03 + moved) / 100 * held / 360
                day += timedelta(days=held)
            errors.append(100 - price - 100 * (growth - 1) * 360 / days)
        return [*errors, *(math.sqrt(1e-3) * step for step in steps)]

    best = least_squares(missed, np.zeros(4), jac="3-point", xtol=1e-15, ftol=1e-15, gtol=1e-15)
    found = ladder.from_sr3(replace(SR3, effr_pct=base))
    assert [e.meeting_on for e in found] == list(SR3.meetings[1:])
    assert [e.expected_change_bps for e in found] == pytest.approx(
        list(100 * np.cumsum(best.x)), abs=1e-4
    )
    assert {(e.rung, e.outcomes, e.note) for e in found} == {
        ("sr3", (), "expected path; two meetings share a quarter")
    }


@pytest.mark.parametrize(
    ("changes", "n"),
    [
        ({}, 4),
        ({"spread_pct": None}, 0),
        ({"effr_pct": None}, 0),
        ({"sr3": {}}, 0),
        # Its quarter begins on 17 September: on that day it has begun.
        ({"as_of_on": date(2025, 9, 16), "sr3": {date(2025, 9, 1): 96.0}}, 3),
        ({"as_of_on": date(2025, 9, 17), "sr3": {date(2025, 9, 1): 96.0}}, 0),
        # And ends on 17 December: what is decided on the 15th moves its last day, the 16th not.
        ({"meetings": (date(2025, 12, 15),), "sr3": {date(2025, 9, 1): 96.0}}, 1),
        ({"meetings": (date(2025, 12, 16),), "sr3": {date(2025, 9, 1): 96.0}}, 0),
        ({"meetings": (date(2025, 8, 22), date(2025, 10, 29))}, 1),
    ],
)
def test_which_meetings_the_quarters_price(changes: dict[str, Any], n: int) -> None:
    assert len(ladder.from_sr3(replace(SR3, **changes))) == n


def test_quarters_and_meetings_are_read_in_the_order_of_their_days() -> None:
    """Both quarters tell of four meetings whatever comes first; the nearer alone ends before."""
    found = ladder.from_sr3(SR3)
    turned = replace(
        SR3, sr3=dict(reversed(QUARTERS.items())), meetings=tuple(reversed(SR3.meetings))
    )
    assert [e.meeting_on for e in found] == list(SR3.meetings[1:])
    assert ladder.from_sr3(turned) == found


def test_months_beyond_the_calendar_are_left_out_and_all_of_them_without_a_meeting_ahead() -> None:
    told = replace(INPUTS, meetings=(date(2025, 7, 30), date(2025, 9, 17), date(2025, 10, 29)))
    months = {date(2025, m, 1): float(m) for m in (6, 7, 10, 11)}

    assert list(ladder._within_calendar(months, told)) == [date(2025, 7, 1), date(2025, 10, 1)]
    over = replace(told, as_of_on=date(2025, 10, 29))
    assert ladder._within_calendar(months, over) == {}


def test_forwards_compounding_and_quarters_by_hand() -> None:
    assert ladder.forward_pct(91, 4.0, 182, 5.0) == pytest.approx(6.0)
    for near, far in ((0, 91), (91, 91)):
        with pytest.raises(DataError):
            ladder.forward_pct(near, 4.0, far, 5.0)
    found = ladder.compounded_pct(np.array([3.6, 7.2]), np.array([10.0, 20.0]))
    assert found == pytest.approx(100 * (1.001 * 1.004 - 1) * 360 / 30)
    assert ladder.imm_wednesday(date(2025, 9, 30)) == date(2025, 9, 17)
    assert ladder._plus_months(date(2025, 11, 1), 3) == date(2026, 2, 1)
    assert ladder._plus_months(date(2025, 9, 1), 3) == date(2025, 12, 1)
    weekdays, held = ladder._fixings(date(2025, 9, 17), date(2025, 9, 23))
    assert (len(weekdays), held.tolist()) == (4, [1.0, 1.0, 3.0, 1.0])


def test_a_path_is_of_so_many_priced_meetings() -> None:
    steps = np.array([[1.0, 2.0, 4.0], [math.nan, 2.0, 4.0], [1.0, math.nan, 4.0], [math.nan] * 3])
    found = ladder.expected_path_bps(steps, 2)
    assert found == pytest.approx([75.0, 150.0, 125.0, math.nan], nan_ok=True)
    assert np.isnan(ladder.expected_path_bps(steps, 3)).tolist() == [False, True, True, True]


# --- value ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "ok"),
    [
        ({"discount_rate": 0.0}, False), ({"discount_rate": 1.0}, False),
        ({"terminal_growth": 0.10}, False), ({"terminal_growth": 0.0999}, True),
        ({"terminal_growth": -0.5}, False), ({"terminal_growth": -0.49}, True),
        ({"years": 0}, False), ({"years": 1}, True), ({"years": 100}, True),
        ({"years": 101}, False),
    ],
)  # fmt: skip
def test_assumptions_have_bounds(bad: dict[str, Any], ok: bool) -> None:
    if ok:
        assert Assumptions(**bad).terminal_multiple > 0
        return
    with pytest.raises(OutOfRangeError):
        Assumptions(**bad)


def test_a_value_by_hand() -> None:
    """One year of 10 % at 10 %: 1 + 1.02 / 0.08 = 13.75 of the flow."""
    one = Assumptions(discount_rate=0.10, terminal_growth=0.02, years=1)

    assert one.terminal_multiple == pytest.approx(12.75)
    assert valuation.present_value(2.0, 0.10, one) == pytest.approx(27.5)
    assert valuation.implied_growth(27.5, 2.0, one) == pytest.approx(0.10)
    # 1.21 for 1.1: two years of 21 % at 10 %: 1.1 + 1.21 + 12.75 * 1.21
    two = replace(one, years=2)
    assert valuation.present_value(1.0, 0.21, two) == pytest.approx(1.1 + 1.21 * 13.75)
    for cap, flow in ((0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (math.nan, 1.0)):
        assert np.isnan(valuation.implied_growth(cap, flow, one))
    assert valuation.implied_growth_by_bisection(27.5, 2.0, one) == pytest.approx(0.10)
    steep = float(valuation.present_value(1.0, 4.0, one))  # 400 % a year: 5 / 1.1 of 13.75
    assert steep == pytest.approx(62.5)
    assert valuation.implied_growth_by_bisection(steep, 1.0, one) == pytest.approx(4.0)
    assert Assumptions() == Assumptions(discount_rate=0.10, terminal_growth=0.035, years=10)
    assert valuation.market_cap_usd_tn(24.4, 180.0) == pytest.approx(4.392)


@pytest.mark.parametrize(
    ("text", "usd"),
    [
        ("10bn", 1e10), ("9.99bn", None), ("100tn", 1e14), ("100.1tn", None), ("4e12", 4e12),
        ("4,20 trillion", 4.2e12), ("4,200 billion", 4.2e12), ("4 mille milliards", 4e12),
        ("50000 million", 5e10), ("us$4tn", 4e12), ("4 lots", None), ("1,23,4bn", None),
    ],
)  # fmt: skip
def test_money_in_words_has_bounds(text: str, usd: float | None) -> None:
    if usd is not None:
        assert valuation.parse_money(text) == pytest.approx(usd)
        return
    with pytest.raises((InputError, OutOfRangeError)):
        valuation.parse_money(text)


def test_the_count_known_last_is_carried_over_the_splits_since_its_day() -> None:
    """Counted on day 10, known on day 20; 10:1 on day 15, 2:1 on day 30."""
    found = valuation.shares_as_known(
        np.array([19, 20, 29, 30, 40]), np.array([20, 40]), np.array([10, 30]),
        np.array([2.0, 41.0]), np.array([15, 30]), np.array([10.0, 2.0]),
    )  # fmt: skip
    assert found == pytest.approx([math.nan, 20.0, 20.0, 40.0, 41.0], nan_ok=True)


WORDS = {
    1e12: "trillion trillions tn trn t",
    1e9: "billion billions bn b milliard milliards md mds mrd",
    1e6: "million millions mn m mio",
}


@pytest.mark.parametrize(("scale", "words"), WORDS.items())
def test_each_word_of_money_has_its_scale(scale: float, words: str) -> None:
    """Four trillion in each: 4, 4000 or 4000000 of it; glued, in capitals and with dollars."""
    for word in words.split():
        told = f"{4e12 / scale:.0f}"
        for text in (f"{told}{word}", f"${told} {word.upper()}", f"{told} {word} US dollars"):
            assert valuation.parse_money(text) == 4e12, text
    assert valuation.parse_money(f"{4e12:.0f}") == 4e12
    assert valuation.parse_money("4 millemilliards") == 4e12


def test_a_ceiling_is_told_with_its_bounds_and_forty_of_its_characters() -> None:
    with pytest.raises(OutOfRangeError) as caught:
        valuation.parse_money(" 4 bn ")
    assert str(caught.value) == (
        "'4 bn' read as USD = 4000000000.0 is not allowed "
        "(allowed: 10 billion to 100 trillion, as in 4 trillion)"
    )
    with pytest.raises(InputError, match=r"'x{40}' is no amount of US dollars \(write 4 trillion"):
        valuation.parse_money("x" * 50)
    sixty = "4" + " " * 51 + "trillion"
    assert valuation.parse_money(sixty) == 4e12
    with pytest.raises(InputError):
        valuation.parse_money(sixty.replace("4", "4 "))


def test_of_counts_known_at_once_the_later_day_counts_and_splits_from_their_own_day() -> None:
    """Known on day 20: of day 10 and of day 12, in any order; splits on 12, 13 and 25."""
    for order in ([0, 1], [1, 0]):
        found = valuation.shares_as_known(
            np.array([20, 24, 25]), np.array([20, 20])[order], np.array([10, 12])[order],
            np.array([7.0, 3.0])[order], np.array([12, 13, 25]), np.array([5.0, 10.0, 2.0]),
        )  # fmt: skip
        assert found.tolist() == [30.0, 30.0, 60.0]


def test_growth_of_thousands_of_per_cents_is_found_and_so_is_a_fall() -> None:
    one = Assumptions(discount_rate=0.10, terminal_growth=0.02, years=1)
    for growth in (60.0, -0.4):  # 61 / 1.1 and 0.6 / 1.1 of 13.75
        value = 13.75 * (1 + growth) / 1.1
        assert valuation.implied_growth_by_bisection(value, 1.0, one) == pytest.approx(growth)
        assert valuation.implied_growth(value, 1.0, one) == pytest.approx(growth)
    mixed = valuation.implied_growth(np.array([13.75, 0.0, 13.75]), np.array([1.1, 1.0, 0.0]), one)
    assert mixed == pytest.approx([0.0, math.nan, math.nan], nan_ok=True)


# --- options -------------------------------------------------------------------------------------


def test_blacks_price_at_the_money_and_parity() -> None:
    """F (2 N(v / 2) - 1) with v = 0.4 sqrt(0.25) = 0.2: 7.9656 of 100."""
    call = options._black(0.4, 100.0, 100.0, 0.25, put=False)
    put = options._black(0.4, 110.0, 100.0, 0.25, put=True)

    assert call == pytest.approx(7.96557, abs=1e-5)
    assert put - options._black(0.4, 110.0, 100.0, 0.25, put=False) == pytest.approx(10.0)
    assert options._implied(call, 100.0, 100.0, 0.25, put=False) == pytest.approx(0.4)
    assert math.isnan(options._implied(math.nan, 100.0, 100.0, 0.25, put=False))
    assert math.isnan(options._implied(120.0, 100.0, 100.0, 0.25, put=False))
    assert math.isnan(options._implied(0.0, 100.0, 100.0, 0.25, put=False))


def chain(strikes: list[float], vol: float = 0.4, rate: float = 0.0, **changes: Any) -> Chain:
    """A share of 100 for a quarter of a year, quoted a hundredth either side of Black's price."""
    growth = math.exp(rate / 400)
    mids = {
        put: np.array(
            [options._black(vol, k, 100 * growth, 0.25, put=put) / growth for k in strikes]
        )
        for put in (True, False)
    }
    fields: dict[str, Any] = {
        "strikes_usd": np.array(strikes), "call_bids_usd": mids[False] - 0.01,
        "call_asks_usd": mids[False] + 0.01, "put_bids_usd": mids[True] - 0.01,
        "put_asks_usd": mids[True] + 0.01, "spot_usd": 100.0, "years": 0.25, "rate_pct": rate,
        **changes,
    }  # fmt: skip
    return Chain(**fields)


def test_strikes_ascend_without_a_repeat() -> None:
    for strikes in ([95.0, 95.0], [95.0, 90.0], [0.0, 90.0]):
        with pytest.raises((OutOfRangeError, ValueError, ZeroDivisionError)):
            replace(chain([90.0, 95.0]), strikes_usd=np.array(strikes))


def test_five_quotes_make_a_smile_and_four_make_none() -> None:
    found = options.smile(chain([90.0, 95.0, 100.0, 105.0, 110.0]))
    assert found is not None
    assert (found.level, found.slope, found.bend) == pytest.approx((0.4, 0.0, 0.0), abs=1e-3)
    assert (found.lowest_usd, found.highest_usd) == (90.0, 110.0)
    assert options.smile(chain([90.0, 95.0, 100.0, 105.0])) is None


def test_the_forward_is_by_parity_within_a_twentieth_of_the_spot() -> None:
    """At 4 % for a quarter: 100 e^0.01; a strike 6 % off says nothing."""
    found = options.forward_usd(chain([95.0, 100.0, 105.0], rate=4.0))
    assert found == pytest.approx(100 * math.exp(0.01))
    off = chain([106.0], rate=4.0, put_bids_usd=np.array([50.0]), put_asks_usd=np.array([50.1]))
    assert options.forward_usd(off) == pytest.approx(100 * math.exp(0.01))
    edge = chain([105.0], put_bids_usd=np.array([50.0]), put_asks_usd=np.array([50.0]),
                 call_bids_usd=np.array([1.0]), call_asks_usd=np.array([1.0]))  # fmt: skip
    assert options.forward_usd(edge) == pytest.approx(105.0 + (1.0 - 50.0))
    for strike in (94.8, 105.2):
        past = replace(edge, strikes_usd=np.array([strike]))
        assert options.forward_usd(past) == 100.0  # without interest


def test_a_smiles_chance_by_hand_and_its_ends() -> None:
    """Flat 40 % for a quarter: N(ln(k / F) / 0.2 + 0.1); a slope tilts it by vega."""
    flat = Smile(forward_usd=100.0, years=0.25, level=0.4, slope=0.0, bend=0.0,
                 lowest_usd=80.0, highest_usd=120.0)  # fmt: skip
    normal = options._cdf

    assert flat.chance_below(90.0) == pytest.approx(normal(math.log(0.9) / 0.2 + 0.1))
    assert flat.chance_below(79.99) is flat.chance_below(120.01) is None
    assert flat.chance_below(80.0) is not None
    tilted = replace(flat, slope=-0.2)
    vega = 100 * 0.5 * math.exp(-0.5 * 0.1**2) / math.sqrt(2 * math.pi)
    assert tilted.chance_below(100.0) == pytest.approx(normal(0.1) + vega * -0.2 / 100)
    assert replace(flat, slope=1.0, bend=2.0).vol(110.0) == pytest.approx(
        0.4 + math.log(1.1) + 2 * math.log(1.1) ** 2
    )
    assert replace(flat, slope=9.0).vol(50.0) == 0.01


def test_insurance_lies_between_two_asks_on_a_line() -> None:
    """Halfway between asks of 1 and 3 on a share of 100; outside the strikes nothing."""
    told = chain([80.0, 90.0], put_bids_usd=np.array([0.5, 2.0]), put_asks_usd=np.array([1.0, 3.0]))

    assert options.insurance_cost_pct(told, 15.0) == pytest.approx(2.0)
    assert options.insurance_cost_pct(told, 20.0) == pytest.approx(1.0)
    assert options.insurance_cost_pct(told, 9.0) is None
    assert options.insurance_cost_pct(told, 21.0) is None
    unbid = replace(told, put_bids_usd=np.array([0.0, 2.0]))
    assert options.insurance_cost_pct(unbid, 15.0) is None
    crossed = replace(told, put_bids_usd=np.array([1.5, 2.0]))
    assert options.insurance_cost_pct(crossed, 15.0) is None


def test_puts_tell_below_the_forward_and_calls_from_it_on() -> None:
    """At 8 % the forward is 100 e^0.02 = 102.02, by the strikes of 95 to 105; further out the
    other side may say what it likes."""
    sound = chain([90.0, 95.0, 100.0, 105.0, 110.0], rate=8.0)
    wrong = np.array([0, 0, 0, 0, 9.0]), np.array([9.0, 0, 0, 0, 0])  # of the puts, of the calls
    swayed = replace(
        sound, call_bids_usd=sound.call_bids_usd + wrong[1],
        call_asks_usd=sound.call_asks_usd + wrong[1], put_bids_usd=sound.put_bids_usd + wrong[0],
        put_asks_usd=sound.put_asks_usd + wrong[0],
    )  # fmt: skip
    found = options.smile(sound)
    assert found is not None
    assert found.forward_usd == pytest.approx(100 * math.exp(0.02))
    assert (found.level, found.slope, found.bend) == pytest.approx((0.4, 0.0, 0.0), abs=1e-3)
    assert options.smile(swayed) == found
    off = replace(sound, spot_usd=200.0)  # no strike within a twentieth: the spot with interest
    assert options.forward_usd(off) == pytest.approx(200 * math.exp(0.02))


def test_the_smile_is_the_least_squares_of_what_is_quoted_by_vega() -> None:
    """Vols of no parabola at six strikes; weight exp(-d^2 / 2), d = ln(F / k) / (vol sqrt(t))."""
    strikes, vols = [80.0, 90.0, 95.0, 105.0, 110.0, 125.0], [0.55, 0.48, 0.46, 0.41, 0.42, 0.37]
    mids = {
        put: np.array([options._black(v, k, 100.0, 0.25, put=put)
                       for k, v in zip(strikes, vols, strict=True)])
        for put in (True, False)
    }  # fmt: skip
    told = replace(
        chain(strikes), call_bids_usd=mids[False], call_asks_usd=mids[False],
        put_bids_usd=mids[True], put_asks_usd=mids[True],
    )  # fmt: skip
    x = np.log(np.array(strikes) / 100)
    weight = np.exp(-0.5 * (x / (np.array(vols) * 0.5)) ** 2)
    columns = np.stack([np.ones(6), x, x * x], axis=1) * weight[:, None]
    level, slope, bend = np.linalg.lstsq(columns, np.array(vols) * weight, rcond=None)[0]
    found = options.smile(told)
    assert found == Smile(
        forward_usd=pytest.approx(100.0), years=0.25, level=pytest.approx(level),
        slope=pytest.approx(slope), bend=pytest.approx(bend), lowest_usd=80.0, highest_usd=125.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bid", "ask", "sound"),
    [(1.0, 1.0, True), (0.01, 3.0, True), (0.0, 3.0, False), (-1.0, 3.0, False),
     (3.0, 2.99, False), (1.0, math.inf, False), (math.nan, 3.0, False), (1.0, math.nan, False)],
)  # fmt: skip
def test_a_quote_has_two_sides_that_make_sense(bid: float, ask: float, sound: bool) -> None:
    mid = options._mids(np.array([bid]), np.array([ask]))[0]
    assert mid == pytest.approx((bid + ask) / 2 if sound else math.nan, nan_ok=True)


@pytest.mark.parametrize("vol", [0.01, 0.0101, 4.99, 5.0])
@pytest.mark.parametrize("put", [True, False])
def test_volatilities_are_found_from_one_per_cent_to_five_hundred(vol: float, put: bool) -> None:
    price = options._black(vol, 100.0, 100.0, 0.25, put=put)
    assert options._implied(price, 100.0, 100.0, 0.25, put=put) == pytest.approx(vol, abs=1e-8)
    off = {0.01: 0.009, 5.0: 5.01}.get(vol)
    if off:
        price = options._black(off, 100.0, 100.0, 0.25, put=put)
        assert math.isnan(options._implied(price, 100.0, 100.0, 0.25, put=put))


@pytest.mark.parametrize(
    ("changes", "ok"),
    [
        ({"spot_usd": 0.01}, True), ({"spot_usd": math.inf}, False), ({"spot_usd": 0.0}, False),
        ({"years": 0.001}, True), ({"years": 0.0}, False), ({"years": math.nan}, False),
        ({"rate_pct": -1.0}, True), ({"rate_pct": math.inf}, False),
        ({"strikes_usd": np.array([90.0, math.inf])}, False),
        ({"strikes_usd": np.array([-1.0, 95.0])}, False),
        ({"strikes_usd": np.array([0.01, 0.02])}, True),
    ],
)  # fmt: skip
def test_a_chain_has_bounds(changes: dict[str, Any], ok: bool) -> None:
    base = chain([90.0, 95.0])
    if ok:
        assert replace(base, **changes) is not None
        return
    with pytest.raises(OutOfRangeError, match=next(iter(changes))):
        replace(base, **changes)


def test_falls_are_counted_from_the_spot_and_moves_in_per_cent_of_it() -> None:
    """At 40 % for a quarter the straddle is 2 (2 N(0.1) - 1) of the forward."""
    five = chain([80.0, 90.0, 100.0, 110.0, 120.0], rate=4.0)
    forward = 100 * math.exp(0.01)
    move = options.expected_move_pct(five)
    assert move == pytest.approx(2 * forward * (2 * options._cdf(0.1) - 1), abs=1e-3)
    found = options.implied_fall_chance(five, 10.0)
    assert found == pytest.approx(options._cdf(math.log(90 / forward) / 0.2 + 0.1), abs=1e-4)
    assert options.implied_fall_chance(five, 0.0) == pytest.approx(
        options._cdf(-0.01 / 0.2 + 0.1), abs=1e-4
    )
    for fall in (-0.01, 100.0):
        with pytest.raises(OutOfRangeError, match="fall_pct"):
            options.insurance_cost_pct(five, fall)
    assert options.insurance_cost_pct(five, 99.99) is None
    few = chain([90.0, 100.0, 110.0])
    assert options.expected_move_pct(few) is options.implied_fall_chance(few, 10.0) is None


def test_a_chance_stays_between_nothing_and_all() -> None:
    steep = Smile(forward_usd=100.0, years=0.25, level=0.4, slope=-9.0, bend=0.0,
                  lowest_usd=80.0, highest_usd=120.0)  # fmt: skip
    assert steep.chance_below(100.0) == 0.0  # N(0.1) + 100 * 0.5 * 0.397 * -9 / 100 is below it
    assert replace(steep, slope=9.0).chance_below(100.0) == 1.0
    bent = replace(steep, slope=0.0, bend=1.0)
    x = math.log(0.9)
    vol = 0.4 + x * x
    upper = -x / (vol * 0.5) + 0.25 * vol
    density = math.exp(-0.5 * upper**2) / math.sqrt(2 * math.pi)
    assert bent.chance_below(90.0) == pytest.approx(
        options._cdf(0.5 * vol - upper) + 100 * 0.5 * density * 2 * x / 90
    )


# --- sessions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["open_at_us", "close_at_us", "decide_at_us"])
@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.array([1]), r"has shape \(1,\), dtype int64"),
        (np.array([1.0, 2.0]), r"has shape \(2,\), dtype float64"),
        (np.array([2, 2]), "does not ascend"),
        (np.array([3, 2]), "does not ascend"),
    ],
)
def test_each_array_of_the_sessions_is_checked(name: str, array: Any, said: str) -> None:
    days = (date(2025, 11, 24), date(2025, 11, 25))
    sound = {key: np.array([1, 2]) for key in ("open_at_us", "close_at_us", "decide_at_us")}
    assert len(Sessions(first=days[0], last=days[1], on=days, **sound)) == 2
    assert not sound["open_at_us"].flags.writeable
    with pytest.raises(DataError, match=rf"Sessions\.{name} {said}"):
        Sessions(first=days[0], last=days[1], on=days, **{**sound, name: array})


def test_a_part_of_a_schedule_holds_both_its_ends() -> None:
    whole = read_schedule(date(2025, 11, 24), date(2025, 12, 5))
    assert (whole.first, whole.last, len(whole.on)) == (date(2025, 11, 24), date(2025, 12, 5), 9)
    part = sessions_within(whole, date(2025, 11, 26), date(2025, 11, 28))
    assert part.on == (date(2025, 11, 26), date(2025, 11, 28))
    for instants, hours in ((part.open_at_us, (14.5, 14.5)), (part.close_at_us, (21, 18)),
                            (part.decide_at_us, (13.5, 13.5))):  # fmt: skip
        assert [from_micros(int(us)) for us in instants] == [
            at(day, 0) + timedelta(hours=hour) for day, hour in zip((26, 28), hours, strict=True)
        ]
    assert (part.first, part.last) == (date(2025, 11, 26), date(2025, 11, 28))
    with pytest.raises(OutOfRangeError, match=r"sessions = '2300-01-01 to 2300-02-01' is not"):
        read_schedule(date(2300, 1, 1), date(2300, 2, 1))


def test_what_lies_outside_is_named(sessions: Sessions) -> None:
    bounds = r"allowed: loaded sessions 2025-11-24 to 2025-12-05\)"
    for ask, what in (
        (lambda: sessions.acts_on(at(5, 14, month=12)), "the session after 2025-12-05T14:00:00"),
        (lambda: sessions.trades_on(at(5, 21, month=12)), "the session after 2025-12-05T21:00:00"),
        (lambda: sessions.phase(at(6, 5, month=12)), "2025-12-06"),
        (lambda: sessions.phase(at(24, 4, 59)), "2025-11-23"),
        (lambda: sessions.decide_at(date(2025, 12, 6)), "2025-12-06"),
        (lambda: sessions.is_session(date(2025, 11, 23)), "2025-11-23"),
    ):
        with pytest.raises(OutOfRangeError, match=rf"session date = '{what}.*{bounds}"):
            ask()
    assert sessions.is_session(date(2025, 11, 24))
    assert sessions.is_session(date(2025, 12, 5))
    assert sessions.phase(at(24, 5)) == "pre-open"


@pytest.fixture(scope="module")
def sessions() -> Sessions:
    return load_sessions(date(2025, 11, 24), date(2025, 12, 5))


def at(day: int, hour: int, minute: int = 0, micros: int = 0, month: int = 11) -> datetime:
    return datetime(2025, month, day, hour, minute, tzinfo=UTC) + timedelta(microseconds=micros)


def test_thanksgiving_week_by_hand(sessions: Sessions) -> None:
    """Closed on Thursday the 27th, one o'clock on Friday; New York is five hours behind."""
    assert [d.day for d in sessions.on] == [24, 25, 26, 28, 1, 2, 3, 4, 5]
    assert sessions.decide_at(date(2025, 11, 24)) == at(24, 13, 30)
    assert [sessions.is_session(date(2025, 11, d)) for d in (26, 27, 28)] == [True, False, True]
    with pytest.raises(DataError):
        sessions.decide_at(date(2025, 11, 27))
    phases = [
        (at(26, 14, 29), "pre-open"), (at(26, 14, 30), "regular"), (at(26, 20, 59), "regular"),
        (at(26, 21, 0), "after-close"), (at(27, 16), "closed-day"), (at(28, 17, 59), "regular"),
        (at(28, 18, 0), "after-close"), (at(27, 4, 59), "after-close"),
        (at(27, 5, 0), "closed-day"),
    ]  # fmt: skip
    assert [sessions.phase(instant) for instant, _ in phases] == [phase for _, phase in phases]


def test_a_fact_acts_at_the_decision_and_news_moves_the_running_session(sessions: Sessions) -> None:
    on_time, late = at(26, 13, 30), at(26, 13, 30, micros=1)
    assert [sessions.acts_on(i).day for i in (on_time, late)] == [26, 28]
    assert [sessions.index_at_or_after(i) for i in (on_time, late)] == [2, 3]
    running, closed = at(26, 20, 59, micros=59_999_999), at(26, 21, 0)
    assert [sessions.trades_on(i).day for i in (running, closed)] == [26, 28]
    with pytest.raises(OutOfRangeError):
        sessions.acts_on(at(5, 13, 30, micros=1, month=12))
    with pytest.raises(OutOfRangeError):
        sessions.is_session(date(2025, 11, 23))


def test_a_decision_is_before_the_open() -> None:
    with pytest.raises(OutOfRangeError):
        load_sessions(date(2025, 11, 24), date(2025, 11, 25), time(9, 30))
    early = load_sessions(date(2025, 11, 24), date(2025, 11, 25), time(9, 29))
    assert early.decide_at(date(2025, 11, 24)) == at(24, 14, 29)
