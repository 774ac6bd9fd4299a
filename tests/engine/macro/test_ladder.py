"""The fallback ladder: each rung against a known path, and the sign trap of rate surprises."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DataError
from engine.macro import ladder
from engine.macro.ladder import RateInputs, expect

MEETINGS = (
    date(2025, 7, 30),
    date(2025, 9, 17),
    date(2025, 10, 29),
    date(2025, 12, 10),
    date(2026, 1, 28),
    date(2026, 3, 18),
    date(2026, 4, 29),
    date(2026, 6, 17),
)
ZQ = {date(2025, 8, 1): 95.67, date(2025, 10, 1): 95.89, date(2025, 11, 1): 96.01}
FULL = RateInputs(
    as_of_on=date(2025, 8, 22),
    meetings=MEETINGS,
    range_bps=(425, 450),
    effr_pct=4.33,
    zq=ZQ,
    sr1={month: price - 0.03 for month, price in ZQ.items()},
    spread_pct=0.03,
    sr3={date(2025, 9, 1): 96.0, date(2025, 12, 1): 96.3},
    bills=((28, 4.25), (91, 4.15), (182, 4.02)),
    bill_basis_pct=-0.10,
    two_year_pct=3.68,
)
STEPS_DOWN = [
    ({}, "zq"),
    ({"zq": {}}, "sr1"),
    ({"sr1": {}}, "sr3"),
    ({"sr3": {}}, "bills"),
    ({"bills": ()}, "two_year"),
    ({"two_year_pct": None}, "unknown"),
]


def test_taking_sources_away_walks_down_all_six_rungs_in_order() -> None:
    inputs, seen = FULL, []
    for change, _ in STEPS_DOWN:
        inputs = replace(inputs, **change)
        seen.append(expect(inputs)[0].rung)
    assert tuple(seen) == tuple(rung for _, rung in STEPS_DOWN) == ladder.RUNGS


def test_nothing_observed_is_unknown_and_never_fifty_percent() -> None:
    (only,) = expect(RateInputs(as_of_on=date(2025, 8, 22)))
    assert (only.rung, only.outcomes, only.expected_change_bps) == ("unknown", (), None)


def test_a_yield_without_an_overnight_rate_names_what_is_missing() -> None:
    """ "No rate source" beside a table that says "rates: up to date" was a riddle (2026-08-20)."""
    (said,) = expect(RateInputs(as_of_on=date(2026, 8, 20), two_year_pct=4.19))
    assert (said.rung, said.expected_change_bps) == ("unknown", None)
    assert "overnight rate" in said.note


def test_futures_that_do_not_settle_the_next_meeting_fall_to_the_next_rung() -> None:
    broken = replace(FULL, zq={date(2025, 10, 1): 95.89}, sr1={}, effr_pct=None)
    assert expect(broken)[0].rung == "unknown"
    assert expect(replace(broken, effr_pct=4.33))[0].rung == "sr3"


def test_sr1_less_its_spread_says_the_same_as_zq() -> None:
    """Without the August anchor, so that the level counts and not only the shape."""
    zq_curve = {month: price for month, price in ZQ.items() if month.month != 8}
    sr1_curve = {month: price - 0.03 for month, price in zq_curve.items()}
    inputs = replace(FULL, zq=zq_curve, sr1=sr1_curve)
    zq, sr1 = ladder.from_zq(inputs), ladder.from_sr1(inputs)
    assert [e.expected_change_bps for e in sr1] == pytest.approx(
        [e.expected_change_bps for e in zq], abs=1e-9
    )
    assert {e.rung for e in sr1} == {"sr1"}


def test_contracts_listed_beyond_the_known_meetings_are_no_error() -> None:
    longer = replace(FULL, zq={**ZQ, date(2029, 1, 1): 96.0}, averages_pct={date(2019, 1, 1): 2.4})
    assert expect(longer) == expect(FULL)
    assert expect(replace(FULL, meetings=MEETINGS[:1]))[0].rung == "bills"


def test_lower_rungs_give_a_path_and_no_meeting_probability() -> None:
    for rung in (ladder.from_sr3, ladder.from_bills, ladder.from_two_year):
        assert all(e.outcomes == () and e.expected_change_bps is not None for e in rung(FULL))


def test_two_year_less_effr_on_jackson_hole() -> None:
    """FRED on 2025-08-22: DGS2 3.68, DFF 4.33: -65 bp, 2.6 cuts."""
    (only,) = ladder.from_two_year(FULL)
    assert only.expected_change_bps == pytest.approx(-65)
    assert "2.6 cuts" in only.note


def test_bill_forward_by_hand() -> None:
    """Days 91 to 182 at 4.15 and 4.02: forward 3.89; less a basis of -0.10, against 4.33: -34."""
    assert ladder.forward_pct(91, 4.15, 182, 4.02) == pytest.approx(3.89)
    (only,) = ladder.from_bills(FULL)
    assert only.expected_change_bps == pytest.approx(-34)
    with pytest.raises(DataError, match="do not ascend"):
        ladder.forward_pct(91, 4.1, 91, 4.2)


@pytest.mark.parametrize(
    ("month", "day"),
    [("2025-09-01", 17), ("2025-12-01", 17), ("2026-03-01", 18), ("2026-06-01", 17)],
)
def test_reference_quarters_turn_on_the_third_wednesday(month: str, day: int) -> None:
    assert ladder.imm_wednesday(date.fromisoformat(month)).day == day


def test_compounding_a_flat_rate_by_hand() -> None:
    """91 days at 4.33 %, daily: (1 + 0.0433/360)^91 - 1, times 360/91."""
    flat = ladder.compounded_pct(np.full(91, 4.33), np.ones(91))
    assert flat == pytest.approx(((1 + 0.0433 / 360) ** 91 - 1) * 360 / 91 * 100, abs=1e-12)


def sr3_price(quarter: date, rates: dict[date, float], today: float) -> float:
    """An SR3 price by plain daily compounding over the weekdays of the quarter."""
    day, end = ladder.imm_wednesday(quarter), ladder.imm_wednesday(_later(quarter))
    growth, total = 1.0, (end - day).days
    while day < end:
        held = 3 if day.weekday() == 4 else 1
        rate = today + sum(step for meeting, step in rates.items() if meeting < day)
        growth *= 1 + rate / 100 * held / 360
        day += timedelta(days=held)
    return 100 - 100 * (growth - 1) * 360 / total


def _later(quarter: date) -> date:
    month = quarter.month + 3
    return date(quarter.year + (month > 12), (month - 1) % 12 + 1, 1)


@given(st.lists(st.floats(-0.5, 0.5), min_size=4, max_size=4))
def test_sr3_recovers_the_level_of_the_path_at_the_end_of_each_quarter(steps: list[float]) -> None:
    """One step a quarter is identified: the fit finds it up to the ridge's 0.1 %."""
    ahead = (date(2025, 9, 10), date(2025, 12, 10), date(2026, 3, 11), date(2026, 6, 10))
    truth = dict(zip(ahead, steps, strict=True))
    quarters = [date(2025, 9, 1), date(2025, 12, 1), date(2026, 3, 1), date(2026, 6, 1)]
    inputs = replace(FULL, meetings=ahead, sr3={q: sr3_price(q, truth, 4.36) for q in quarters})
    path = [e.expected_change_bps for e in ladder.from_sr3(inputs)]
    assert path == pytest.approx(list(100 * np.cumsum(steps)), abs=0.3)


def test_a_quarter_already_begun_is_left_out() -> None:
    begun = replace(FULL, sr3={date(2025, 6, 1): 95.6})
    assert ladder.from_sr3(begun) == ()


# ------------------------------------------------------------------------------- surprises

NAN = float("nan")


def test_the_path_is_the_sum_of_the_next_meetings() -> None:
    steps = np.array([[-0.8, -0.5, 0.2], [NAN, -0.5, 0.2], [NAN, NAN, 0.2], [NAN, NAN, NAN]])
    np.testing.assert_allclose(ladder.expected_path_bps(steps, 2), [-32.5, -7.5, NAN, NAN])


def test_two_year_path_keeps_holes_as_holes() -> None:
    out = ladder.two_year_path_bps(np.array([3.68, NAN]), np.array([4.33, 4.33]))
    np.testing.assert_allclose(out, [-65.0, NAN])
