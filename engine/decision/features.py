"""The record as arrays: one row a session, known then.

Every feature is float64 of shape (T,), NaN where not observed. What became known before the
first row belongs to a row that is not here: as a level it counts from row 0 on, as an impulse
not at all. A truncated record gives the same rows bit for bit, because each row is made from
facts with ``known_at`` at or before its decision instant and by running recursions only.
``FEATURES`` says what each one is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from config.events import EventWeights as EventWeights
from engine.clock import from_micros
from engine.decision.due import due_features
from engine.decision.events import EventLog, moves_as_news
from engine.decision.grid import Grid
from engine.decision.market import price_features, valuation_features
from engine.decision.news_impulses import impulses
from engine.decision.rates import Memo, rate_features
from engine.record.history import History
from engine.record.readings import EARNINGS
from engine.values import Event, Fact, Features, FloatArray, ThreatRating

FEATURES: Mapping[str, str] = {
    "threat_impulse_pct": "a year's data-centre revenue that events first known put at risk, %",
    "threat_doubt_pct": "half the 5-95 % width of that, %",
    "value_at_risk_pct": "three years' gross profit that they put at risk, %",
    "demand_impulse_pct": "news on what buyers spend and on other chips, % of that revenue",
    "guided_growth_pct": "guide for the next quarter on the quarter reported, %",
    "domestic_impulse_pct": "news on home-grown chips, + good for NVDA, % of that revenue",
    "policy_impulse_pct": "export policy news, + good for NVDA, % of price",
    "policy_alone_pct": "what is left of the worst policy step told by one owner alone, % of price",
    "domestic_alone_pct": "the same for home-grown chips, % of that revenue",
    "demand_alone_pct": "the same for buyers and other chips, % of that revenue",
    "us_gate": "US permission for the best part China could get: 1 allowed, 0.5 licence, 0 barred",
    "china_gate": "Chinese acceptance of that part: 1 accepted, 0.35 discouraged, 0 blocked",
    "china_excluded": "1 once Nvidia's guidance assumes no China data-centre sales",
    "expected_path_bps": "expected change of the policy rate, by the best rung of the ladder, bp",
    "fed_surprise_bps": "unexpected change of the path in Fed windows, bp; 0 outside them",
    "market_cap_usd_tn": "shares times last close, USD trillions",
    "implied_growth_pct": "ten-year growth of free cash flow that the price implies, % a year",
    "delivered_growth_pct": "revenue of the latest quarter on the same quarter a year before, %",
    "guide_surprise_pct": "guide against consensus at a report, %; 0 between reports",
    "trend_gap_pct": "NVDA against its 200-session mean, %",
    "volatility_pct": "20-session volatility of NVDA, % a year",
    "nvda_close_usd": "last known close of NVDA in shares of the session's day",
    "nvda_return": "log return of NVDA over the last session; NaN where a close is missing",
    "nvda_range": "ln(high / low) of NVDA in the last session",
    "nvda_gap": "ln(open / close before) of NVDA in the last session, splits taken out",
    "results_within_5": "results of Nvidia due in the next 5 sessions, by the known calendar",
    "results_within_21": "the same for 21 sessions",
    "results_within_63": "the same for 63 sessions",
    "fomc_within_5": "Fed decisions due in the next 5 sessions",
    "fomc_within_21": "the same for 21 sessions",
    "fomc_within_63": "the same for 63 sessions",
    "qqq_return": "the same for QQQ",
    "effr_pct": "effective federal funds rate, % a year",
    "vix": "VIX at the last known close, points",
    "trailing_revenue_usd_bn": "revenue of the last four quarters, USD billions",
}

MAX_NEWS_AGE = 42
"""Sessions without any event of the curated or polled streams after which news counts as not
observed. Two months: the longest quiet spell of the reference events is 24 sessions."""
MAX_REPORT_AGE = 80
"""Sessions: a quarter is 63; after 80 an earnings report is overdue and the figures are stale."""

_DATA_CENTRE_PARTS = re.compile(r"^(A|H|B)\d+")
"""Nvidia's training and serving parts: A100, H20, B30A …; graphics cards and rivals are left out
because being allowed to buy them does not keep a data centre on Nvidia."""
_US = {"allowed": 1.0, "licence": 0.5, "barred": 0.0}
_CHINA = {"accepted": 1.0, "discouraged": 0.35, "blocked": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedRelease:
    """A release's rating with the row in which it first counts."""

    row: int
    rating: ThreatRating


def build(
    history: History,
    grid: Grid,
    *,
    ratings: Sequence[RatedRelease],
    events: Sequence[Event],
    weights: EventWeights,
    warm: Grid | None = None,
    memo: Memo | None = None,
) -> Features:
    """All features for the sessions of ``grid``.

    ratings: of the releases known by then, each with its row. events: classified, with the
    direction by rule, in order of ``known_at``; both must come from the same history.
    warm: the sessions before the first row, of which prices are known.
    memo: what was computed before; the features are the same without.
    """
    end = from_micros(int(grid.decide_at_us[-1]))
    values: dict[str, FloatArray] = {}
    values |= price_features(history, grid)
    looked_from = min((grid.row(f) for f in history.known("coverage", end)), default=len(grid))
    values |= due_features(
        grid, history.known("earnings_date", end), history.known("fomc_meeting", end)
    )
    values |= _threat(grid, ratings, history.known("model_release", end), looked_from)
    gates = _gates(history.known("availability", end), grid, looked_from)
    values |= gates
    values |= _news(grid, events, weights, gates, looked_from)
    values["china_excluded"] = _china_excluded(history.known("policy_event", end), grid)
    values |= _earnings(history.known("earnings", end), history.known("earnings_date", end), grid)
    revenue = values["trailing_revenue_usd_bn"]
    values |= valuation_features(history, grid, values["nvda_close_usd"], revenue)
    values |= rate_features(history, grid, events, memo)
    return Features(
        sessions_on=grid.sessions_on,
        decide_at_us=grid.decide_at_us,
        values=values,
        warm=_warm(history, warm, end) if warm is not None else {},
    )


def _warm(history: History, warm: Grid, end: datetime) -> dict[str, FloatArray]:
    """What the forecast of risk learns from before the first row: prices and the calendar."""
    due = due_features(
        warm, history.known("earnings_date", end), history.known("fomc_meeting", end)
    )
    return price_features(history, warm) | due


# --- threat and news -------------------------------------------------------------------------


def _threat(
    grid: Grid, ratings: Sequence[RatedRelease], releases: Sequence[Fact], looked_from: int
) -> dict[str, FloatArray]:
    """Impulses of the ratings by row, and their doubt in quadrature: what is independent adds so.

    An event that cannot be rated yet has no impulse; it gets one when it can.
    """
    observed = covered(grid, looked_from, grid.rows(releases), MAX_NEWS_AGE)
    impulse = np.where(observed, 0.0, np.nan)
    value = impulse.copy()
    variance = np.zeros(len(grid))
    for rated in ratings:
        if 0 < rated.row < len(grid) and rated.rating.rateable:
            width = rated.rating.net_high_share - rated.rating.net_low_share
            impulse[rated.row] += 100.0 * rated.rating.loss_share
            value[rated.row] += 100.0 * rated.rating.value_share
            variance[rated.row] += (100.0 * width / 2.0) ** 2
    return {
        "threat_impulse_pct": impulse,
        "threat_doubt_pct": np.sqrt(variance),
        "value_at_risk_pct": value,
    }


def _gates(spells: Sequence[Fact], grid: Grid, looked_from: int) -> dict[str, FloatArray]:
    """The best data-centre part China could get at each row: permission and acceptance.

    Before the first restriction on record both gates were open.
    """
    rows = grid.rows(spells)
    open_gate = np.where(covered(grid, looked_from, rows, 0), 1.0, np.nan)
    us, china = open_gate.copy(), open_gate.copy()
    state: dict[str, tuple[str, float, float]] = {}
    order = sorted(range(len(spells)), key=lambda i: (rows[i], spells[i].payload["from_date"]))
    index = 0
    for t in range(len(grid)):
        while index < len(order) and rows[order[index]] <= t:
            _enter_spell(state, spells[order[index]].payload)
            index += 1
        open_parts = [(u * c, u, c) for _, u, c in state.values() if np.isfinite(c)]
        if open_parts:
            _, us[t], china[t] = max(open_parts)
    return {"us_gate": us, "china_gate": china}


def _enter_spell(state: dict[str, tuple[str, float, float]], spell: Mapping[str, Any]) -> None:
    chip, start = str(spell["chip"]), str(spell["from_date"])
    if not _DATA_CENTRE_PARTS.match(chip) or state.get(chip, ("",))[0] > start:
        return
    us = _US.get(str(spell.get("us_permission", "")), np.nan)
    china = _CHINA.get(str(spell.get("china_acceptance", "")), np.nan)
    if np.isfinite(us):
        state[chip] = (start, us, china)


def _news(
    grid: Grid,
    events: Sequence[Event],
    weights: EventWeights,
    gates: Mapping[str, FloatArray],
    looked_from: int,
) -> dict[str, FloatArray]:
    """Signed impulses of the news, NaN while no news of any kind came in."""
    log = EventLog.of(events)
    arrived = np.searchsorted(grid.decide_at_us, log.known_at_us, side="left").astype(np.int64)
    looked_at = covered(grid, looked_from, arrived, MAX_NEWS_AGE)
    types = weights.policy.keys() | weights.domestic.keys() | weights.demand.keys()
    moving = [event for event in log.versions_of(types) if moves_as_news(event)]
    told = impulses(grid, moving, weights, gates)
    return {name: np.where(looked_at, array, np.nan) for name, array in told.items()}


def covered(
    grid: Grid, looked_from: int, arrived: npt.NDArray[np.int64], within: int
) -> npt.NDArray[np.bool_]:
    """Whether the source of a stream was looked at, row by row: (T,).

    It was where something came from it in the last ``within`` rows, and from ``looked_from`` on
    until its first row: being quiet is not being down.
    """
    inside = arrived[arrived < len(grid)]
    first = int(inside.min()) if inside.size else len(grid)
    rows = np.arange(len(grid))
    return grid.recently(arrived, within) | ((rows >= looked_from) & (rows < first))


_EXCLUDES_CHINA = re.compile(r"guide[^.;]*assumes (none|no china)", re.IGNORECASE)


def _china_excluded(steps: Sequence[Fact], grid: Grid) -> FloatArray:
    out = np.zeros(len(grid))
    rows = [grid.row(s) for s in steps if _EXCLUDES_CHINA.search(str(s.payload.get("event", "")))]
    if rows:
        out[min(rows) :] = 1.0
    return out


# --- company ---------------------------------------------------------------------------------


def _number(payload: Mapping[str, Any], name: str) -> float | None:
    text = payload.get(name)
    return float(text) if text not in (None, "") else None


def _earnings(reports: Sequence[Fact], dates: Sequence[Fact], grid: Grid) -> dict[str, FloatArray]:
    """Guide surprise, year-on-year growth and trailing revenue, from reports as first told."""
    first: dict[str, Fact] = {}
    for report in reports:
        first.setdefault(str(report.payload["fiscal_quarter"]), report)
    placed = [(end, f) for f in first.values() if (end := EARNINGS.read(f).period_end)]
    placed.sort(key=lambda p: p[0])
    ends, ordered = [end for end, _ in placed], [report for _, report in placed]
    overdue = _overdue(dates, first, grid)
    surprise = np.zeros(len(grid))
    guided: list[tuple[int, int, float]] = []
    revenue: list[float] = []
    for order, report in enumerate(ordered):
        row = grid.row(report)
        revenue.append(_number(report.payload, "revenue_usd_bn") or np.nan)
        guide = _number(report.payload, "guide_vs_consensus_pct")
        if guide is not None and 0 < row < len(grid):
            surprise[row] += guide
        ahead = _number(report.payload, "next_q_guide_midpoint_usd_bn")
        if ahead is not None and np.isfinite(revenue[-1]):
            guided.append((row, order, 100.0 * (ahead / revenue[-1] - 1.0)))
    rows = grid.rows(ordered)
    growth, trailing = _yearly(rows.tolist(), ends, revenue)
    observed = grid.recently(rows, MAX_REPORT_AGE) & ~overdue
    return {
        "guide_surprise_pct": np.where(observed, surprise, np.nan),
        **{
            name: np.where(overdue, np.nan, grid.latest(points, max_age_rows=MAX_REPORT_AGE))
            for name, points in (
                ("guided_growth_pct", guided),
                ("delivered_growth_pct", growth),
                ("trailing_revenue_usd_bn", trailing),
            )
        },
    }


def _yearly(
    rows: Sequence[int], ends: Sequence[date], revenue: Sequence[float]
) -> tuple[list[tuple[int, int, float]], list[tuple[int, int, float]]]:
    """Points of growth on the year and of four quarters' revenue, of the latest quarter known.

    One a row that learns of any report, from the reports known there alone: an older one may come
    later than a newer one.
    """
    growth, trailing = [], []
    for row in sorted(set(rows)):
        known = [place for place, learnt in enumerate(rows) if learnt <= row]
        figures = [revenue[place] for place in known]
        year_before, year = _year_to([ends[place] for place in known], figures)
        growth.append((row, known[-1], 100.0 * (figures[-1] / year_before - 1.0)))
        trailing.append((row, known[-1], year))
    return growth, trailing


def _year_to(ends: Sequence[date], revenue: Sequence[float]) -> tuple[float, float]:
    """Revenue of the quarter a year before the last one and of the four quarters to it.

    By the day on which a quarter ends: one that was never reported is no other one. NaN unknown.
    """
    ago = [round((ends[-1] - end).days / _QUARTER_DAYS) for end in ends]
    by_quarter = dict(zip(ago, revenue, strict=True))
    return by_quarter.get(4, np.nan), sum(by_quarter.get(q, np.nan) for q in (3, 2, 1, 0))


_QUARTER_DAYS = 91.3

RESULTS_GRACE = timedelta(days=3)
"""How long after the day named for results they may take to reach the record."""


def _overdue(dates: Sequence[Fact], first: Mapping[str, Fact], grid: Grid) -> npt.NDArray[np.bool_]:
    """(T,): whether results are missing whose day has passed: the figures before are superseded."""
    out = np.zeros(len(grid), dtype=np.bool_)
    days, rows = np.array(grid.sessions_on, dtype="datetime64[D]"), np.arange(len(grid))
    next_row: dict[str, int] = {}
    for told in reversed(dates):  # each version stands until the next one is known
        due = date.fromisoformat(str(told.payload["report_on"])) + RESULTS_GRACE
        came = grid.row(first[told.key]) if told.key in first else len(grid)
        stands = (rows >= grid.row(told)) & (rows < next_row.get(told.key, len(grid)))
        out |= stands & (days > np.datetime64(due)) & (rows < came)
        next_row[told.key] = grid.row(told)
    return out
