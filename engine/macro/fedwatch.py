"""Rate expectations from 30-day fed funds futures, by the CME FedWatch method.

The contract (ZQ, CBOT) settles at 100 - R, R the mean of the daily effective rate over all calendar
days of its month. For a month of D days with an announcement on day d, and S and E the rate before
and after it::

    100 - price = (N*S + M*E) / D      N = d, M = D - d

The announcement day still counts at the old rate: the target moves the day after (FRED DFEDTARU
steps on d+1; CME exports of August 2025 fit the tick grid with no other day count). A month without
a meeting is an *anchor*: S = E = 100 - price. The rate is continuous, E of a month is S of the
next. Anchors are filled first, then the chain backwards from each of them, and only what is still
open forwards. So between anchors the first meeting month's own contract is not used at all.

One meeting moves the target by x = (E - S)/0.25 steps, on two neighbours: floor(x) with probability
1 - (x - floor(x)), the next one up with the rest; cuts and hikes alike. Meetings are convolved as
if independent. It is a risk-neutral expectation, and unscheduled moves are outside it.

Source: CME "FedWatch Tool Methodology"; day count and fill order checked on CME end-of-day exports
of 2025-08, the CME page of 2026-07-14 and settlements of 2026-09-18 (see
``config/facts/fedwatch_published.csv``). ``expectations`` is the readable definition;
``steps_over_time`` and ``distributions`` are the same algebra over days.
"""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import numpy.typing as npt

from engine.clock import NEW_YORK, utc
from engine.errors import DataError, InputError, OutOfRangeError
from engine.phrases import phrase
from engine.values import FloatArray, RateExpectation, RateOutcome

STEP_BPS = 25
STEP_PCT = 0.25
RUNG = "zq"
STATEMENT_TIME = time(14)
"""FOMC statements, New York (Federal Reserve; fomc_meetings.csv)."""
MONTH_CODES = "FGHJKMNQUVXZ"
"""Delivery-month letters, January to December (CME)."""

LEAST_PRICE, MOST_PRICE = 90.0, 105.0
"""Sanity bounds for a ZQ price: rates between -5 % and 10 %."""

FEW_DAYS = 7
"""With fewer days than this at the old rate the own contract says little about it: one 0.005 tick
is at least 2 bp of S. A realised rate, where given, is then the better start (judgement)."""

TICK = 0.005
"""Price step of ZQ outside its spot month (CME)."""
NOISY_POINTS = 10.0
"""Percentage points of probability a tick may move before the reading carries a note."""

_CODE = re.compile(r"/?(?P<root>[A-Z0-9]{2,3}?)(?P<month>[FGHJKMNQUVXZ])(?P<year>\d{1,2}|\d{4})\Z")
_RANGE = re.compile(r"(-?\d{1,4})\s*-\s*(-?\d{1,4})\Z")


class UndeterminedCurveError(DataError):
    """The prices do not determine the meeting: an anchor is missing or the system is singular.

    ``meeting_on`` is the meeting that was asked for; the remedy names what would settle it.
    """

    def __init__(self, meeting_on: date, reason: str, *, remedy: str | None = None) -> None:
        told = phrase("meeting {day}: {reason}", day=str(meeting_on), reason=reason)
        super().__init__(told, remedy=remedy)
        self.meeting_on = meeting_on


# ---------------------------------------------------------------------------- what people type


def parse_contract(code: str, *, near: date, root: str = "ZQ") -> date:
    """The first day of the contract month meant by ``code``.

    Takes ``ZQU25``, ``ZQU2025``, ``ZQU25.CBT`` and the one-digit ``ZQU5``, which means the year
    within four before and five after ``near`` (contracts are listed 60 months ahead). Raises
    ``InputError`` for anything else, the rolling ``ZQ=F`` included: its month is not said.
    """
    match = _CODE.match(code.strip().upper().removesuffix(".CBT").removesuffix(".CME"))
    if match is None or match["root"] != root:
        raise InputError(
            phrase("'{code}' is not a {root} contract", code=code[:40], root=root),
            remedy=phrase("write {root}U25 for September 2025", root=root),
        )
    digits = match["year"]
    if len(digits) == 1:
        year = near.year - 4 + (int(digits) - near.year + 4) % 10
    else:
        year = int(digits) if len(digits) == 4 else 2000 + int(digits)
    if not 1990 <= year <= 2100:
        raise OutOfRangeError(
            phrase("contract year"), year, phrase("{low} to {high}", low="1990", high="2100")
        )
    return date(year, MONTH_CODES.index(match["month"]) + 1, 1)


def contract_code(month: date, *, root: str = "ZQ") -> str:
    """The code of the contract on ``month``, such as ``ZQU25``."""
    return f"{root}{MONTH_CODES[month.month - 1]}{month.year % 100:02d}"


def check_price(code: str, price: float) -> float:
    """``price`` when it can be a fed funds futures price; ``OutOfRangeError`` otherwise."""
    if not LEAST_PRICE <= price <= MOST_PRICE:
        raise OutOfRangeError(
            phrase("price of {code}", code=code),
            price,
            phrase(
                "{least_price:sig6} to {most_price:sig6}",
                least_price=LEAST_PRICE,
                most_price=MOST_PRICE,
            ),
        )
    return price


def parse_range(text: str) -> tuple[int, int]:
    """A target range such as ``425-450``, in basis points: 25 wide, the lower bound first."""
    match = _RANGE.match(text.strip())
    if match is None:
        raise InputError(
            phrase("target range '{text}' is malformed", text=text[:40]),
            remedy=phrase("write 425-450"),
        )
    lower, upper = int(match[1]), int(match[2])
    if lower > upper:
        raise InputError(
            phrase("target range {text} is inverted", text=text),
            remedy=phrase("write {upper}-{lower}", upper=upper, lower=lower),
        )
    if upper - lower != STEP_BPS:
        raise InputError(
            phrase("target range {text} is {upper} bp wide", text=text, upper=upper - lower),
            remedy=phrase("it must be {step_bps} bp", step_bps=STEP_BPS),
        )
    if not -500 <= lower <= 2500:
        raise OutOfRangeError(phrase("target range"), text, phrase("-500 to 2500 bp"))
    return lower, upper


def parse_published(text: str) -> dict[tuple[int, int], float]:
    """A published reading ``400-425:84.7;425-450:15.3`` (percent) as range -> probability.

    Published figures are rounded, so the sum may miss 100 by 0.1; more is refused.
    """
    outcomes: dict[tuple[int, int], float] = {}
    for part in text.split(";"):
        label, _, percent = part.partition(":")
        bounds = parse_range(label)
        try:
            probability = float(percent) / 100
        except ValueError:
            probability = math.nan
        if not 0 <= probability <= 1:
            raise InputError(
                phrase("'{part}' is no probability", part=part[:40]),
                remedy=phrase("write 400-425:84.7"),
            )
        if bounds in outcomes:
            raise InputError(
                phrase("range {label} is given twice", label=str(label)),
                remedy=phrase("give each range once"),
            )
        outcomes[bounds] = probability
    total = sum(outcomes.values())
    if abs(total - 1) > 0.001 + 1e-9:
        raise InputError(
            phrase("probabilities sum to {total:sig4} %, not 100 %", total=100 * total),
            remedy=phrase("give every outcome"),
        )
    return outcomes


def held_by(at: datetime) -> date:
    """The last New York date whose meeting counts as held at ``at``: statements come at 14:00.

    This is the ``as_of_on`` to give ``expectations``: on the morning of a meeting, the meeting is
    still ahead.
    """
    local = utc(at).astimezone(NEW_YORK)
    return local.date() - timedelta(days=int(local.time() < STATEMENT_TIME))


# ------------------------------------------------------------------- the definition, one day


@dataclass(slots=True, kw_only=True)
class _Month:
    """One calendar month of the chain; rates in percent, NaN where open.

    solved_over: days of the unknown rate when the month's own price had to give it, else 0.
    """

    first: date
    days: int
    announced: tuple[int, ...]
    average: float
    start: float = math.nan
    end: float = math.nan
    solved_over: int = 0

    @property
    def is_anchor(self) -> bool:
        return not self.announced

    @property
    def before(self) -> int:
        """N, days at the old rate."""
        return self.announced[0]

    @property
    def after(self) -> int:
        """M, days at the new rate."""
        return self.days - self.announced[0]


def expectations(
    prices: Mapping[date, float],
    meetings: Sequence[date],
    as_of_on: date,
    *,
    range_bps: tuple[int, int],
    effr_pct: float | None = None,
    averages_pct: Mapping[date, float] | None = None,
    rung: str = RUNG,
) -> tuple[RateExpectation, ...]:
    """What one day's curve says of each meeting after ``as_of_on``, as far as it reaches.

    prices: first day of contract month -> futures price. meetings: every announcement date, those
    already held included, since their months are no anchors. range_bps: today's target range.
    effr_pct: the effective rate today; it is used only where prices leave the starting rate open.
    averages_pct: month -> realised average
    rate, for anchors that have expired; a price for the same month comes first.

    Changes are cumulative, in bp from today's range. Meetings that the prices do not determine, and
    all after them, are left out. Raises ``UndeterminedCurveError`` when not even the first upcoming
    meeting is determined.
    """
    months = _chain(prices, averages_pct or {}, meetings, as_of_on)
    ahead = sorted(day for day in set(meetings) if day > as_of_on)
    first = next(k for k, month in enumerate(months) if month.first == _month_of(ahead[0]))
    _fill_backwards(months, first, effr_pct)
    _fill_forwards(months, first, effr_pct)
    found: list[RateExpectation] = []
    law = {0: 1.0}
    by_month = {month.first: month for month in months}
    for meeting_on in ahead:
        month = by_month.get(_month_of(meeting_on))
        if month is None or _problem(month) is not None:
            break
        law = convolve(law, two_point((month.end - month.start) / STEP_PCT))
        found.append(_expectation(meeting_on, law, range_bps, rung, _noise(month)))
    if not found:
        raise _undetermined(ahead[0], by_month[_month_of(ahead[0])])
    return tuple(found)


def two_point(steps: float) -> dict[int, float]:
    """The law of one meeting: ``steps`` (of 25 bp) spread over its two whole neighbours.

    Steps within 1e-9 of a whole number are that number: the rest is rounding of the arithmetic.
    """
    lower = math.floor(round(steps, 9))
    upper_share = max(0.0, round(steps, 9) - lower)
    return {lower: 1 - upper_share, lower + 1: upper_share} if upper_share else {lower: 1.0}


def convolve(law: Mapping[int, float], step: Mapping[int, float]) -> dict[int, float]:
    """The law of the sum of two independent whole-step moves."""
    total: dict[int, float] = {}
    for a, p in law.items():
        for b, q in step.items():
            total[a + b] = total.get(a + b, 0.0) + p * q
    return dict(sorted(total.items()))


def _chain(
    prices: Mapping[date, float],
    averages_pct: Mapping[date, float],
    meetings: Sequence[date],
    as_of_on: date,
) -> list[_Month]:
    """Every month from the one before the first upcoming meeting (or the first price) onwards."""
    ahead = [day for day in meetings if day > as_of_on]
    if not ahead:
        raise OutOfRangeError(
            phrase("as-of date"), str(as_of_on), phrase("before the last meeting of the calendar")
        )
    known = {**averages_pct, **{m: 100 - p for m, p in prices.items()}}
    if any(month.day != 1 for month in known):
        raise DataError(phrase("contract months are keyed by their first day"))
    first = min([_month_of(min(ahead)), *known])
    last = max([_month_of(min(ahead)), *known])
    span = (_month_of(min(meetings)), _month_of(max(meetings)))
    if first < span[0] or last > span[1]:
        raise OutOfRangeError(
            phrase("contract month"),
            contract_code(first if first < span[0] else last),
            phrase(
                "{contract_code} to {contract_code2}, where meetings are known",
                contract_code=contract_code(span[0]),
                contract_code2=contract_code(span[1]),
            ),
        )
    return [_month(month, meetings, known) for month in _months(first, last)]


def _month(first: date, meetings: Sequence[date], known: Mapping[date, float]) -> _Month:
    announced = tuple(sorted({d.day for d in meetings if _month_of(d) == first}))
    days = monthrange(first.year, first.month)[1]
    average = known.get(first, math.nan)
    rate = average if not announced else math.nan
    return _Month(
        first=first, days=days, announced=announced, average=average, start=rate, end=rate
    )


def _fill_backwards(months: list[_Month], first: int, effr_pct: float | None) -> None:
    """From each known end to the start before it; anchors on both sides come first."""
    carried = _carried(months)
    for k in reversed(range(len(months))):
        month = months[k]
        if math.isnan(month.end) and k + 1 < len(months):
            month.end = months[k + 1].start
        if month.is_anchor:
            month.start = month.end if math.isnan(month.start) else month.start
            continue
        month.start = carried[k]
        if math.isnan(month.start) and k == first and month.before < FEW_DAYS:
            month.start = math.nan if effr_pct is None else effr_pct
        if math.isnan(month.start) and len(month.announced) == 1:
            month.start = (month.days * month.average - month.after * month.end) / month.before
            month.solved_over = month.before


def _carried(months: Sequence[_Month]) -> list[float]:
    """For each month, the rate an anchor before it hands over; months without a meeting pass it."""
    carried, rate = [], math.nan
    for month in months:
        carried.append(rate)
        if not month.is_anchor:
            rate = math.nan
        elif not math.isnan(month.average):
            rate = month.average
    return carried


def _fill_forwards(months: list[_Month], first: int, effr_pct: float | None) -> None:
    """What is still open, from start to end: undefined when the meeting is on the last day."""
    for k, month in enumerate(months):
        if math.isnan(month.start) and k > 0:
            month.start = months[k - 1].end
        if math.isnan(month.start) and k == first and effr_pct is not None:
            month.start = effr_pct
        if not math.isnan(month.end):
            continue
        if month.is_anchor:
            month.end = month.start
        elif month.after > 0 and len(month.announced) == 1:
            month.end = (month.days * month.average - month.before * month.start) / month.after
            month.solved_over = month.after


def _problem(month: _Month) -> str | None:
    """Why a meeting in ``month`` is not determined, or None when it is."""
    if len(month.announced) > 1:
        return phrase("two meetings in one month cannot be told apart by one contract")
    if math.isnan(month.end):
        if month.after == 0:
            return phrase(
                "it ends on the last day of its month, so only a later contract can price it"
            )
        return phrase("the rate after it is open")
    if math.isnan(month.start):
        return phrase("the rate before it is open")
    return None


def _undetermined(meeting_on: date, month: _Month) -> UndeterminedCurveError:
    """The refusal for the first upcoming meeting, with what would settle it."""
    reason = _problem(month) or phrase("it is not determined")
    own = contract_code(month.first)
    before = contract_code(_month_of(month.first - timedelta(days=1)))
    after = contract_code(_next_month(month.first))
    if len(month.announced) > 1:
        remedy = phrase("drop one of the two meetings")
    elif not math.isnan(month.end):
        remedy = phrase("give the effective rate, {before} or {own}", before=before, own=own)
    elif math.isnan(month.average) or month.after == 0:
        remedy = phrase("give {after}, and on to the next month without a meeting", after=after)
    else:
        remedy = phrase("give {after}, or the effective rate", after=after)
    return UndeterminedCurveError(meeting_on, reason, remedy=remedy)


def undetermined(
    meeting_on: date, prices: Mapping[date, float], meetings: Sequence[date]
) -> UndeterminedCurveError:
    """The refusal for a meeting that ``expectations`` left out: names the contracts still needed.

    Those are the months from the meeting's own to the first one after it without a meeting.
    """
    busy = {_month_of(day) for day in meetings}
    month, needed = _month_of(meeting_on), []
    while True:
        needed.append(month)
        if month not in busy:
            break
        month = _next_month(month)
    missing = [contract_code(m) for m in needed if m not in prices]
    remedy = (
        phrase("give {example}", example=", ".join(missing))
        if missing
        else phrase("price the meetings before it too")
    )
    return UndeterminedCurveError(
        meeting_on, phrase("the prices given do not reach it"), remedy=remedy
    )


def _expectation(
    meeting_on: date, law: Mapping[int, float], range_bps: tuple[int, int], rung: str, note: str
) -> RateExpectation:
    lower, upper = range_bps
    outcomes = tuple(
        RateOutcome(change_bps=bps, range_bps=(lower + bps, upper + bps), probability=p)
        for bps, p in ((steps * STEP_BPS, p) for steps, p in law.items())
    )
    return RateExpectation(
        meeting_on=meeting_on,
        outcomes=outcomes,
        rung=rung,
        expected_change_bps=sum(o.change_bps * o.probability for o in outcomes),
        note=note,
    )


def _noise(month: _Month) -> str:
    """A warning when few days of one contract decide the meeting; empty otherwise."""
    if not month.solved_over:
        return ""
    points = 100 * TICK * month.days / month.solved_over / STEP_PCT
    if points < NOISY_POINTS:
        return ""
    days = f"{month.solved_over} day{'s' if month.solved_over > 1 else ''}"
    return (
        f"rests on {days} of {contract_code(month.first)}: "
        f"one tick moves it by {points:.0f} percentage points"
    )


def _month_of(day: date) -> date:
    return day.replace(day=1)


def _next_month(month: date) -> date:
    return _month_of(month + timedelta(days=31))


def _months(first: date, last: date) -> list[date]:
    months = [first]
    while months[-1] < last:
        months.append(_next_month(months[-1]))
    return months


# ------------------------------------------------------------------- the same over many days


def steps_over_time(
    prices: FloatArray,
    months: Sequence[date],
    meetings: Sequence[date],
    as_of_on: Sequence[date],
    effr_pct: FloatArray | None = None,
) -> FloatArray:
    """Expected 25 bp steps at each meeting, day by day: the algebra of ``expectations``.

    prices: (T, K), NaN where not observed. months: K consecutive first days of months. meetings:
    J announcement dates inside those months, ascending, at most one a month. as_of_on: T dates.
    effr_pct: (T,) today's effective rate, used only where prices leave the start open.

    Returns (T, J) steps; NaN for meetings on or before the day and for those not determined.
    Raises ``DataError`` for shapes that disagree, gaps in months or two meetings in a month.
    """
    T, K = prices.shape
    day_of = _announcement_days(months, meetings)
    if len(months) != K or len(as_of_on) != T:
        raise DataError(
            phrase(
                "prices {shape} do not fit {days} days, {k} months",
                shape=str(prices.shape),
                days=len(as_of_on),
                k=str(K),
            )
        )
    days = np.array([monthrange(m.year, m.month)[1] for m in months], np.float64)
    as_of = np.array(as_of_on, "datetime64[D]")
    on = np.array(meetings, "datetime64[D]")
    column = np.array([months.index(_month_of(m)) for m in meetings], np.intp)
    ahead = np.searchsorted(on, as_of, side="right")
    first = np.append(column, -1)[ahead]
    effr = np.full(T, np.nan) if effr_pct is None else effr_pct
    average = np.ascontiguousarray((100 - prices).T)
    start, end = _solve_backwards(average, days, day_of, first, effr)
    _solve_forwards(average, days, day_of, first, effr, start, end)
    steps = (end[column] - start[column]).T / STEP_PCT
    reached = np.cumsum(np.isnan(steps) & (on > as_of[:, None]), axis=1) == 0
    return np.where((on > as_of[:, None]) & reached, steps, np.nan)


def distributions(
    steps: FloatArray, horizon: int
) -> tuple[npt.NDArray[np.int64], FloatArray, npt.NDArray[np.intp]]:
    """Laws of the cumulative change after the next ``horizon`` meetings of each day.

    steps: (T, J) from ``steps_over_time``, NaN before the first upcoming meeting. Returns

    * lower, (T, horizon) int64: the smallest change, in 25 bp steps;
    * probability, (T, horizon, horizon + 1): of lower, lower + 1, … steps; NaN where unknown;
    * first, (T,): the column of the first upcoming meeting, J when there is none.
    """
    T, J = steps.shape
    known = ~np.isnan(steps)
    first = np.where(known.any(axis=1), known.argmax(axis=1), J)
    padded = np.concatenate([steps, np.full((T, horizon), np.nan)], axis=1)
    ordered = padded[np.arange(T)[:, None], np.minimum(first[:, None] + np.arange(horizon), J)]
    whole = np.floor(np.round(ordered, 9))
    share = np.round(ordered, 9) - whole
    lower = np.cumsum(np.nan_to_num(whole), axis=1).astype(np.int64)
    law = np.zeros((T, horizon + 1))
    law[:, 0] = 1.0
    probability = np.empty((T, horizon, horizon + 1))
    for j in range(horizon):
        up = share[:, j, None] * law
        law = law - up
        law[:, 1:] += up[:, :-1]
        probability[:, j] = law
    return lower, probability, first


def _announcement_days(months: Sequence[date], meetings: Sequence[date]) -> npt.NDArray[np.int64]:
    """(K,) day of the announcement in each month, 0 where there is no meeting."""
    if list(months) != _months(months[0], months[-1]):
        raise DataError(phrase("months are not consecutive first days"))
    day_of = np.zeros(len(months), np.int64)
    for meeting in meetings:
        month = _month_of(meeting)
        if not months[0] <= month <= months[-1]:
            raise DataError(
                phrase(
                    "meeting {meeting} is outside the months {first} to {last}",
                    meeting=str(meeting),
                    first=str(months[0]),
                    last=str(months[-1]),
                )
            )
        k = months.index(month)
        if day_of[k]:
            raise UndeterminedCurveError(
                meeting, phrase("two meetings in one month"), remedy=phrase("drop one")
            )
        day_of[k] = meeting.day
    return day_of


def _solve_backwards(
    average: FloatArray,
    days: FloatArray,
    day_of: npt.NDArray[np.int64],
    first: npt.NDArray[np.intp],
    effr: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """start and end of every month, (K, T), after the anchors and the backward pass."""
    K, T = average.shape
    start, end = np.full((K, T), np.nan), np.full((K, T), np.nan)
    carried, rate = np.full((K, T), np.nan), np.full(T, np.nan)
    for k in range(K):
        carried[k] = rate
        rate = np.full(T, np.nan) if day_of[k] else np.where(np.isnan(average[k]), rate, average[k])
    following = np.full(T, np.nan)
    for k in reversed(range(K)):
        if not day_of[k]:
            end[k] = np.where(np.isnan(average[k]), following, average[k])
            start[k] = end[k]
        else:
            end[k] = following
            before, after = float(day_of[k]), days[k] - day_of[k]
            own = (days[k] * average[k] - after * end[k]) / before
            if before < FEW_DAYS:
                own = np.where((first == k) & ~np.isnan(effr), effr, own)
            start[k] = np.where(np.isnan(carried[k]), own, carried[k])
        following = start[k]
    return start, end


def _solve_forwards(
    average: FloatArray,
    days: FloatArray,
    day_of: npt.NDArray[np.int64],
    first: npt.NDArray[np.intp],
    effr: FloatArray,
    start: FloatArray,
    end: FloatArray,
) -> None:
    """Fill what the backward pass left open, in place."""
    for k in range(len(days)):
        if k:
            start[k] = np.where(np.isnan(start[k]), end[k - 1], start[k])
        start[k] = np.where(np.isnan(start[k]) & (first == k), effr, start[k])
        after = days[k] - day_of[k]
        if not day_of[k]:
            own = start[k]
        elif after > 0:
            own = (days[k] * average[k] - day_of[k] * start[k]) / after
        else:
            continue
        end[k] = np.where(np.isnan(end[k]), own, end[k])
