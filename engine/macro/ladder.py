"""What rates are expected to do when the best source is missing: six rungs, and the rung is said.

1. ``zq``: the fed funds futures chain (``fedwatch``).
2. ``sr1``: one-month SOFR futures, an arithmetic mean too; the same algebra after taking off the
   trailing median of SOFR - EFFR.
3. ``sr3``: three-month SOFR futures, compounded over the IMM quarter. Two meetings share a quarter,
   so this gives an expected path, never a meeting probability.
4. ``bills``: forwards between Treasury bills less a basis. Noise 5-15 bp (judgement): direction.
5. ``two_year``: the two-year yield less the effective rate: the mean path over two years plus a
   term premium; an average number of cuts, never a meeting probability.
6. ``unknown``: nothing was observed. No number, and above all not 50 %.

Below them, the array helpers that turn daily expectations into surprises. Their one trap: only in
Fed windows do falling rates lift shares. On ordinary days of 2024-08 to 2025-08 the expected rate
and QQQ moved *together* (correlation +0.42), since falling rates meant growth fear.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from engine.errors import DataError
from engine.macro.fedwatch import STEP_BPS, UndeterminedCurveError, expectations
from engine.phrases import phrase
from engine.values import FloatArray, RateExpectation

RUNGS = ("zq", "sr1", "sr3", "bills", "two_year", "unknown")

NO_OVERNIGHT = (
    "no recent overnight rate was observed; without it no yield says where the Fed's goes"
)

RIDGE = 1e-3
"""Penalty on a squared step against a squared pricing error, both in per cent (judgement): it
splits what two meetings of one quarter share and costs a fully identified step 0.1 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateInputs:
    """Everything known about rates at one instant; what is empty or None was not observed.

    as_of_on: the last date whose meeting counts as held (``fedwatch.held_by``). meetings: all
    announcement dates, held ones included. range_bps: today's target range. zq, sr1:
    first day of contract month -> price. sr3: first day of the month in which the reference quarter
    starts -> price (SR3U25 runs from September's to December's third Wednesday). spread_pct:
    trailing 20-day median of SOFR - EFFR. bills: (days to maturity, money-market yield in %).
    bill_basis_pct: trailing mean of bill forward less fed funds futures. two_year_pct: DGS2.
    averages_pct: realised monthly means of EFFR for expired anchors. missing_on: the meeting whose
    outcome should be known and is not: without it no rung says where rates go from here.
    """

    as_of_on: date
    meetings: tuple[date, ...] = ()
    range_bps: tuple[int, int] | None = None
    effr_pct: float | None = None
    zq: Mapping[date, float] = field(default_factory=dict)
    averages_pct: Mapping[date, float] = field(default_factory=dict)
    sr1: Mapping[date, float] = field(default_factory=dict)
    sr3: Mapping[date, float] = field(default_factory=dict)
    spread_pct: float | None = None
    bills: tuple[tuple[int, float], ...] = ()
    bill_basis_pct: float | None = None
    two_year_pct: float | None = None
    missing_on: date | None = None


def expect(inputs: RateInputs) -> tuple[RateExpectation, ...]:
    """The expectations of the first rung that can speak; each carries the rung's name.

    Never raises for what is missing: at the bottom stands one expectation with rung ``unknown`` and
    ``expected_change_bps`` None.
    """
    if inputs.missing_on is not None:
        on = inputs.missing_on
        return (unknown(phrase("The Fed's decision of {on:date} is not on record", on=on)),)
    rungs: tuple[Callable[[RateInputs], tuple[RateExpectation, ...]], ...] = (
        from_zq,
        from_sr1,
        from_sr3,
        from_bills,
        from_two_year,
    )
    for rung in rungs:
        try:
            found = rung(inputs)
        except UndeterminedCurveError:
            continue
        if found:
            return found
    if inputs.effr_pct is None and inputs.two_year_pct is not None:
        return (unknown(NO_OVERNIGHT),)
    return (unknown(),)


def unknown(note: str = "no rate source was observed") -> RateExpectation:
    """The bottom rung: no outcomes and no number."""
    return RateExpectation(
        meeting_on=None, outcomes=(), rung="unknown", expected_change_bps=None, note=note
    )


def from_zq(inputs: RateInputs) -> tuple[RateExpectation, ...]:
    """Rung 1; empty when no contract was observed, or no range to label outcomes with."""
    prices = _within_calendar(inputs.zq, inputs)
    if not prices or inputs.range_bps is None:
        return ()
    return expectations(
        prices,
        inputs.meetings,
        inputs.as_of_on,
        range_bps=inputs.range_bps,
        effr_pct=inputs.effr_pct,
        averages_pct=_within_calendar(inputs.averages_pct, inputs),
    )


def from_sr1(inputs: RateInputs) -> tuple[RateExpectation, ...]:
    """Rung 2: SR1 prices moved onto the effective rate; needs the spread."""
    prices = _within_calendar(inputs.sr1, inputs)
    if not prices or inputs.spread_pct is None or inputs.range_bps is None:
        return ()
    return expectations(
        {month: price + inputs.spread_pct for month, price in prices.items()},
        inputs.meetings,
        inputs.as_of_on,
        range_bps=inputs.range_bps,
        effr_pct=inputs.effr_pct,
        averages_pct=_within_calendar(inputs.averages_pct, inputs),
        rung="sr1",
    )


def from_sr3(inputs: RateInputs) -> tuple[RateExpectation, ...]:
    """Rung 3: the step path that fits the quarters best, with a ridge on the size of its steps.

    Quarters already begun are left out: part of them is realised. Needs EFFR and the spread.
    """
    quarters = sorted(m for m in inputs.sr3 if imm_wednesday(m) > inputs.as_of_on)
    if not quarters or inputs.spread_pct is None or inputs.effr_pct is None:
        return ()
    end = imm_wednesday(_plus_months(quarters[-1], 3))
    ahead = sorted(m for m in inputs.meetings if inputs.as_of_on < m < end - timedelta(days=1))
    if not ahead:
        return ()
    targets = np.array([100 - inputs.sr3[q] for q in quarters])
    steps = _fit_steps(quarters, ahead, inputs.effr_pct + inputs.spread_pct, targets)
    path = 100 * np.cumsum(steps)
    return tuple(
        _path(meeting, "sr3", float(bps), "expected path; two meetings share a quarter")
        for meeting, bps in zip(ahead, path, strict=True)
    )


def from_bills(inputs: RateInputs) -> tuple[RateExpectation, ...]:
    """Rung 4: the last forward between neighbouring bills, less the basis, against EFFR."""
    bills = sorted(inputs.bills)
    if len(bills) < 2 or inputs.bill_basis_pct is None or inputs.effr_pct is None:
        return ()
    (near_days, near_pct), (far_days, far_pct) = bills[-2:]
    forward = forward_pct(near_days, near_pct, far_days, far_pct) - inputs.bill_basis_pct
    note = phrase(
        "Direction only: bill forward of days {near:int} to {far:int}, noise 5-15 bp",
        near=near_days,
        far=far_days,
    )
    return (_path(None, "bills", 100 * (forward - inputs.effr_pct), note),)


def from_two_year(inputs: RateInputs) -> tuple[RateExpectation, ...]:
    """Rung 5: the two-year yield less EFFR."""
    if inputs.two_year_pct is None or inputs.effr_pct is None:
        return ()
    bps = 100 * (inputs.two_year_pct - inputs.effr_pct)
    moves = abs(bps) / STEP_BPS
    if bps < 0:
        note = phrase(
            "Two-year yield less EFFR: {moves:.1f} cuts on average over two years, plus premium",
            moves=moves,
        )
    else:
        note = phrase(
            "Two-year yield less EFFR: {moves:.1f} hikes on average over two years, plus premium",
            moves=moves,
        )
    return (_path(None, "two_year", bps, note),)


def _within_calendar(by_month: Mapping[date, float], inputs: RateInputs) -> dict[date, float]:
    """What concerns months whose meetings are known; nothing when none is known to lie ahead.

    Futures are listed further out than the Fed announces its meetings.
    """
    if not any(day > inputs.as_of_on for day in inputs.meetings):
        return {}
    first, last = min(inputs.meetings).replace(day=1), max(inputs.meetings).replace(day=1)
    return {month: value for month, value in by_month.items() if first <= month <= last}


def _path(meeting_on: date | None, rung: str, bps: float, note: str) -> RateExpectation:
    return RateExpectation(
        meeting_on=meeting_on, outcomes=(), rung=rung, expected_change_bps=bps, note=note
    )


# --------------------------------------------------------------------------- rung arithmetic


def imm_wednesday(month: date) -> date:
    """The third Wednesday of ``month``, where SR3 reference quarters begin and end (CME)."""
    first = month.replace(day=1)
    return first + timedelta(days=(2 - first.weekday()) % 7 + 14)


def compounded_pct(rates_pct: FloatArray, days: FloatArray) -> float:
    """SR3's R in per cent: [prod(1 + r_i d_i/360) - 1] * 360/T over fixings of d_i days."""
    growth = float(np.prod(1 + rates_pct / 100 * days / 360))
    return 100 * (growth - 1) * 360 / float(days.sum())


def forward_pct(near_days: int, near_pct: float, far_days: int, far_pct: float) -> float:
    """Forward rate between two maturities: f = (y2 t2 - y1 t1) / (t2 - t1)."""
    if not 0 < near_days < far_days:
        raise DataError(
            phrase(
                "bill maturities {near_days} and {far_days} days do not ascend",
                near_days=near_days,
                far_days=far_days,
            )
        )
    return (far_pct * far_days - near_pct * near_days) / (far_days - near_days)


def _fit_steps(
    quarters: Sequence[date], meetings: Sequence[date], base_pct: float, targets: FloatArray
) -> FloatArray:
    """Steps in per cent at each meeting; Gauss-Newton, since compounding is mildly convex."""
    fixings = [_fixings(imm_wednesday(q), imm_wednesday(_plus_months(q, 3))) for q in quarters]
    on = np.array(meetings, "datetime64[D]")
    after = [(f[0][:, None] > on).astype(np.float64) for f in fixings]
    steps = np.zeros(len(meetings))
    for _ in range(4):
        rows, errors = [], []
        for (_, days), moved, target in zip(fixings, after, targets, strict=True):
            rates = base_pct + moved @ steps
            fitted = compounded_pct(rates, days)
            growth = 1 + fitted / 100 * days.sum() / 360
            weight = growth * days / (days.sum() * (1 + rates / 100 * days / 360))
            rows.append(weight @ moved)
            errors.append(target - fitted)
        J = np.array(rows)
        normal = J.T @ J + RIDGE * np.eye(len(steps))
        steps = np.linalg.solve(normal, J.T @ (np.array(errors) + J @ steps))
    return steps


def _fixings(start: date, end: date) -> tuple[npt.NDArray[np.datetime64], FloatArray]:
    """Weekdays from ``start`` to before ``end`` with the calendar days each rate holds.

    Holidays are taken as fixings of their own: the rate is the same, the compounding differs by
    less than 0.01 bp.
    """
    days = np.arange(np.datetime64(start), np.datetime64(end))
    weekdays = days[np.is_busday(days)]
    held = np.diff(np.append(weekdays, np.datetime64(end))).astype(np.float64)
    return weekdays, held


def _plus_months(month: date, count: int) -> date:
    total = month.year * 12 + month.month - 1 + count
    return date(total // 12, total % 12 + 1, 1)


# ------------------------------------------------------------------- from days to surprises


def expected_path_bps(steps: FloatArray, horizon: int) -> FloatArray:
    """Expected change over the next ``horizon`` meetings, bp.

    steps: (T, J) of ``fedwatch.steps_over_time``. Returns (T,); NaN unless all of them are priced.
    """
    order = np.cumsum(~np.isnan(steps), axis=1)
    within = (order >= 1) & (order <= horizon) & ~np.isnan(steps)
    total = STEP_BPS * np.where(within, np.nan_to_num(steps), 0.0).sum(axis=1)
    return np.where(within.sum(axis=1) == horizon, total, np.nan)


def two_year_path_bps(two_year_pct: FloatArray, effr_pct: FloatArray) -> FloatArray:
    """Rung 5 over time: 100 (y2 - EFFR), NaN where either was not observed."""
    return 100 * (two_year_pct - effr_pct)
