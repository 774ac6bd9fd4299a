"""What is due in the next sessions: Nvidia's results and the Fed's decisions, as known then.

Days ahead are counted on the calendar of week days, so that a row needs no session after it; a
holiday in between puts an event at most a session too far.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from engine.decision.grid import Grid
from engine.decision.risk import HORIZONS
from engine.record.asof import known_on
from engine.record.history import History
from engine.record.readings import EARNINGS_DATES, MEETINGS
from engine.values import FloatArray

QUARTER = timedelta(days=91)
"""Where the next date is not yet named, results are expected a quarter after the last ones."""


def due_features(history: History, grid: Grid) -> dict[str, FloatArray]:
    """``results_within_H`` and ``fomc_within_H``: how many lie in the sessions t to t + H - 1.

    Results are told after the close and move the session after; the Fed's decisions are told at
    14:00 and move their own. NaN while none is known.
    """
    dates, calendar = (known_on(history, kind, grid) for kind in (EARNINGS_DATES, MEETINGS))
    reports = [(row, until, d.report_on) for row, until, d in dates.spells(len(grid))]
    decisions = [(row, until, m.meeting_end) for row, until, m in calendar.spells(len(grid))]
    ahead_reports = _ahead(grid, reports, lag=1, every=QUARTER)
    ahead_decisions = _ahead(grid, decisions, lag=0, every=None)
    out = {}
    for name, ahead in (("results", ahead_reports), ("fomc", ahead_decisions)):
        known = ~np.isnan(ahead).all(axis=0)
        for horizon in HORIZONS:
            inside = ((ahead >= 0) & (ahead < horizon)).sum(axis=0)
            out[f"{name}_within_{horizon}"] = np.where(known, inside, np.nan).astype(np.float64)
    return out


_Spell = tuple[int, int, date]
"""First row, row after the last, date: one version of one event."""


def _ahead(
    grid: Grid, spells: Sequence[_Spell], *, lag: int, every: timedelta | None
) -> npt.NDArray[np.float64]:
    """(events, T): week days from each session to each event it knows of, NaN where it does not.

    every: an event that is over stands for a next one so much later, until that is named.
    """
    today = np.array(grid.sessions_on, dtype="datetime64[D]")
    rows = []
    for first, until, day in spells:
        known = np.zeros(len(grid), dtype=np.bool_)
        known[first:until] = True
        rows.append(_days_to(today, day, known, lag))
        if every is not None:
            later = day + every
            named = [s for s in spells if day < s[2] <= later + timedelta(days=45)]
            until_named = min((s[0] for s in named), default=len(grid))
            waits = known & (today > np.datetime64(day)) & (np.arange(len(grid)) < until_named)
            rows.append(_days_to(today, later, waits, lag))
    return np.stack(rows) if rows else np.empty((0, len(grid)))


def _days_to(
    today: npt.NDArray[np.datetime64], day: date, known: npt.NDArray[np.bool_], lag: int
) -> npt.NDArray[np.float64]:
    ahead = np.busday_count(today, np.datetime64(day)) + lag
    return np.where(known, ahead.astype(np.float64), np.nan)
