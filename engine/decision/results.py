"""Nvidia's results at each row: of each quarter the version that counts there.

A correction counts from its own ``known_at`` on and makes no quarter newer: how old the figures are
goes by the row that first learnt of a quarter.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from engine.decision.grid import Grid
from engine.record.asof import Timeline, known_on
from engine.record.history import History
from engine.record.readings import EARNINGS, EARNINGS_DATES, Earnings, EarningsDate
from engine.values import FloatArray

MAX_REPORT_AGE = 80
"""Sessions: a quarter is 63; after 80 an earnings report is overdue and the figures are stale."""
RESULTS_GRACE = timedelta(days=3)
"""How long after the day named for results they may take to reach the record."""
_QUARTER_DAYS = 91.3

Quarter = tuple[date, int, Earnings]
"""The day a quarter ends, the row that first learnt of it, and its figures as they count."""


def results_features(history: History, grid: Grid) -> dict[str, FloatArray]:
    """Guide surprise, growth and trailing revenue, NaN while results are overdue or old."""
    reports = known_on(history, EARNINGS, grid)
    overdue = _overdue(known_on(history, EARNINGS_DATES, grid), reports, grid)
    names = ("guided_growth_pct", "delivered_growth_pct", "trailing_revenue_usd_bn")
    out = {name: np.full(len(grid), np.nan) for name in names}
    out |= {name: np.zeros(len(grid)) for name in ("guide_surprise_pct", "guide_age_sessions")}
    arrived = np.zeros(len(grid), dtype=np.bool_)
    told: tuple[int, float] | None = None
    for row, quarters in _quarters(reports):
        newest = max(learnt for _, learnt, _ in quarters)
        arrived[newest] = True
        growth, trailing = _yearly(quarters)
        _stand(out["delivered_growth_pct"], row, newest, growth)
        _stand(out["trailing_revenue_usd_bn"], row, newest, trailing)
        _stand(out["guided_growth_pct"], row, *_guided(quarters))
        before, told = told, _surprise(quarters) or told
        if row and told is not None and told != before and told[0]:
            out["guide_surprise_pct"][row] = told[1]
            out["guide_age_sessions"][row] = row - told[0]
    observed = grid.recently(np.flatnonzero(arrived), MAX_REPORT_AGE) & ~overdue
    out["guide_surprise_pct"][~observed] = np.nan
    for name in names:
        out[name][overdue] = np.nan
    return out


def _quarters(reports: Timeline[Earnings]) -> list[tuple[int, list[Quarter]]]:
    """(row, the quarters known there, by their end) for each row that learns something new.

    A report that names no end of its quarter has no place among them.
    """
    standing: dict[str, Quarter] = {}
    found = []
    for row, versions in reports:
        for version in versions:
            end = version.reading.period_end
            if end is None:
                standing.pop(version.key, None)
                continue
            learnt = standing[version.key][1] if version.key in standing else row
            standing[version.key] = (end, learnt, version.reading)
        if standing:
            found.append((row, sorted(standing.values(), key=lambda quarter: quarter[0])))
    return found


def _stand(out: FloatArray, row: int, learnt: int, value: float) -> None:
    """``value`` from ``row`` on, until it is ``MAX_REPORT_AGE`` old."""
    out[row:] = np.nan
    out[row : learnt + MAX_REPORT_AGE + 1] = value


def _guided(quarters: Sequence[Quarter]) -> tuple[int, float]:
    """Row of the newest quarter that guides, and the guide on its revenue in per cent."""
    for _, learnt, told in reversed(quarters):
        if told.revenue_usd_bn and told.next_q_guide_midpoint_usd_bn is not None:
            return learnt, 100.0 * (told.next_q_guide_midpoint_usd_bn / told.revenue_usd_bn - 1.0)
    return 0, np.nan


def _surprise(quarters: Sequence[Quarter]) -> tuple[int, float] | None:
    """Row of the newest quarter that tells its guide against consensus, and that in per cent."""
    for _, learnt, told in reversed(quarters):
        if told.guide_vs_consensus_pct is not None:
            return learnt, told.guide_vs_consensus_pct
    return None


def _yearly(quarters: Sequence[Quarter]) -> tuple[float, float]:
    """Growth on the year of the newest quarter in per cent, and the revenue of four to it.

    By the day on which a quarter ends: one that was never reported is no other one. NaN unknown.
    """
    last = quarters[-1][0]
    by_quarter = {
        round((last - end).days / _QUARTER_DAYS): told.revenue_usd_bn or np.nan
        for end, _, told in quarters
    }
    growth = 100.0 * (by_quarter[0] / by_quarter.get(4, np.nan) - 1.0)
    return growth, sum(by_quarter.get(q, np.nan) for q in (3, 2, 1, 0))


def results_missing_on(
    dates: Iterable[EarningsDate], came: Container[str], today: date
) -> date | None:
    """The newest day named for results that should be known by ``today`` and are not.

    came: the fiscal quarters whose figures are known. None: nothing is missing.
    """
    late = [d for d in dates if d.report_on + RESULTS_GRACE < today]
    return max((d.report_on for d in late if d.fiscal_quarter not in came), default=None)


def _overdue(
    dates: Timeline[EarningsDate], reports: Timeline[Earnings], grid: Grid
) -> npt.NDArray[np.bool_]:
    """(T,): whether results are missing whose day has passed: the figures before are superseded."""
    out = np.zeros(len(grid), dtype=np.bool_)
    days, rows = np.array(grid.sessions_on, dtype="datetime64[D]"), np.arange(len(grid))
    came: Mapping[str, int] = {v.key: v.row for v in reversed(reports.versions)}
    for first, until, told in dates.spells(len(grid)):
        due = np.datetime64(told.report_on + RESULTS_GRACE)
        stands = (rows >= first) & (rows < until)
        out |= stands & (days > due) & (rows < came.get(told.fiscal_quarter, len(grid)))
    return out
