"""The record as arrays: one row a session, known then.

Every feature is float64 of shape (T,), NaN where not observed. What became known before the
first row belongs to a row that is not here: as a level it counts from row 0 on, as an impulse
not at all. A truncated record gives the same rows bit for bit, because each row is made from
facts with ``known_at`` at or before its decision instant and by running recursions only.
``FEATURES`` says what each one is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import takewhile

import numpy as np
import numpy.typing as npt

from config.events import EventWeights as EventWeights
from engine.clock import from_micros
from engine.decision.due import due_features
from engine.decision.events import EventLog, moving_versions
from engine.decision.grid import Grid
from engine.decision.kept_values import KeptValues
from engine.decision.market import price_features, valuation_features
from engine.decision.news_impulses import ALONE, FIGURES, impulses
from engine.decision.rates import rate_features
from engine.decision.results import results_features
from engine.record.asof import Timeline, known_on
from engine.record.history import History
from engine.record.readings import (
    AVAILABILITY,
    FILINGS,
    HEADLINES,
    INSPECTIONS,
    NEWS,
    POLICY_STEPS,
    RULES,
    Availability,
    PolicyStep,
)
from engine.values import RATED_AGAIN, WHOLE, Event, Fact, Features, FloatArray, ThreatRating

FEATURES: Mapping[str, str] = {
    "threat_impulse_pct": "a year's data-centre revenue that events first known put at risk, %",
    "threat_doubt_pct": "half the 5-95 % width of that, %",
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
    "guide_surprise_pct": "guide against consensus at a report or its correction, %; 0 between",
    "guide_age_sessions": "sessions since the report that a correction in this row is of, else 0",
    "trend_gap_pct": "NVDA against its 200-session mean, %",
    "volatility_pct": "20-session volatility of NVDA, % a year",
    "nvda_close_usd": "last known close of NVDA in shares of the session's day",
    "nvda_return": "log return of NVDA over the last session; NaN where a close is missing",
    "nvda_range": "ln(high / low) of NVDA in the last session",
    "nvda_gap": "ln(open / close before) of NVDA in the last session, splits taken out",
    "nvda_return_before": "log return of NVDA over the session before the last, as known now",
    "nvda_range_before": "ln(high / low) of NVDA in the session before the last",
    "nvda_gap_before": "ln(open / close before) of NVDA in the session before the last",
    "nvda_return_two": "log return of NVDA over the last two sessions",
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
    memo: KeptValues | None = None,
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
    values |= due_features(history, grid)
    values |= _threat(grid, ratings, history.known("model_release", end), looked_from)
    gates = _gates(known_on(history, AVAILABILITY, grid), grid, looked_from)
    values |= gates
    begun = NewsBegun(history, grid, weights, memo) if memo is not None else None
    values |= _news(grid, events, weights, gates, looked_from, begun)
    values["china_excluded"] = _china_excluded(known_on(history, POLICY_STEPS, grid), grid)
    values |= results_features(history, grid)
    revenue = values["trailing_revenue_usd_bn"]
    values |= valuation_features(history, grid, values["nvda_close_usd"], revenue)
    values |= rate_features(history, grid, events, memo)
    return Features(
        sessions_on=grid.sessions_on,
        decide_at_us=grid.decide_at_us,
        values=values,
        warm={} if warm is None else price_features(history, warm) | due_features(history, warm),
    )


# --- threat and news -------------------------------------------------------------------------


def _threat(
    grid: Grid, ratings: Sequence[RatedRelease], releases: Sequence[Fact], looked_from: int
) -> dict[str, FloatArray]:
    """Impulses of the ratings by row, and their doubt in quadrature: what is independent adds so.

    An event that cannot be rated yet has no impulse; it gets one when it can.
    """
    observed = covered(grid, looked_from, grid.rows(releases), MAX_NEWS_AGE)
    impulse = np.where(observed, 0.0, np.nan)
    variance = np.zeros(len(grid))
    for rated, loss in zip(ratings, added_losses(ratings), strict=True):
        if 0 < rated.row < len(grid) and rated.rating.rateable:
            width = rated.rating.net_high_share - rated.rating.net_low_share
            impulse[rated.row] += 100.0 * loss
            variance[rated.row] += (100.0 * width / 2.0) ** 2
    return {"threat_impulse_pct": impulse, "threat_doubt_pct": np.sqrt(variance)}


def added_losses(ratings: Sequence[RatedRelease]) -> list[float]:
    """Share of revenue that each rating, oldest first, adds to what stood of its release before.

    A release that is rated again, now that its price or its tests are known, takes back its first
    rating; every other rating adds itself.
    """
    standing: dict[str, float] = {}
    added = []
    for told in (rated.rating for rated in ratings):
        before = standing.get(told.model, 0.0) if told.kind == RATED_AGAIN else 0.0
        added.append(told.impulse_share - before)
        if told.kind in WHOLE and told.rateable:
            standing[told.model] = told.impulse_share
    return added


def _gates(told: Timeline[Availability], grid: Grid, looked_from: int) -> dict[str, FloatArray]:
    """The best data-centre part China could get at each row: permission and acceptance.

    Before the first restriction on record both gates were open.
    """
    rows = np.array([version.row for version in told.versions], dtype=np.int64)
    open_gate = np.where(covered(grid, looked_from, rows, 0), 1.0, np.nan)
    us, china = open_gate.copy(), open_gate.copy()
    spells: dict[str, Availability] = {}
    for row, versions in told:
        spells |= {version.key: version.reading for version in versions}
        parts = [(u * c, u, c) for u, c in _newest_gates(spells.values()) if np.isfinite(c)]
        if parts:
            _, us[row:], china[row:] = max(parts)
    return {"us_gate": us, "china_gate": china}


def _newest_gates(spells: Iterable[Availability]) -> Iterable[tuple[float, float]]:
    """Permission and acceptance by the newest spell of each data-centre part that tells them."""
    newest: dict[str, tuple[float, float]] = {}
    for spell in sorted(spells, key=lambda spell: spell.from_date):
        if spell.us_permission is not None and _DATA_CENTRE_PARTS.match(spell.chip):
            china = _CHINA.get(spell.china_acceptance or "", np.nan)
            newest[spell.chip] = (_US[spell.us_permission], china)
    return newest.values()


def _news(
    grid: Grid,
    events: Sequence[Event],
    weights: EventWeights,
    gates: Mapping[str, FloatArray],
    looked_from: int,
    begun: NewsBegun | None = None,
) -> dict[str, FloatArray]:
    """Signed impulses of the news, NaN while no news of any kind came in.

    What one source alone tells (``ALONE``) is what is left of a step: it stands while the wires are
    silent, and a headline about something else does not bring it back.
    """
    log = EventLog.of(events)
    arrived = np.searchsorted(grid.decide_at_us, log.known_at_us, side="left").astype(np.int64)
    looked_at = covered(grid, looked_from, arrived, MAX_NEWS_AGE)
    types = weights.policy.keys() | weights.domestic.keys() | weights.demand.keys()
    moving = moving_versions(events, types)
    told = impulses(grid, moving, weights, gates, begun.rows if begun else ())
    if begun:
        begun.keep(told)
    standing = frozenset(ALONE.values())
    return {
        name: array if name in standing else np.where(looked_at, array, np.nan)
        for name, array in told.items()
    }


_NEWS_KINDS = (
    "coverage",
    *(kind.name for kind in (NEWS, HEADLINES, RULES, INSPECTIONS, FILINGS, AVAILABILITY)),
)
"""Kinds of facts that the impulses of news are made of, the gates included."""


class NewsBegun:
    """The impulses of the first rows, where they were worked out on an earlier morning.

    A row depends on what was known by then of ``_NEWS_KINDS``, on the weights and on the row that
    the grid begins with. rows: from the first one on, as long as they are kept.
    """

    def __init__(
        self, history: History, grid: Grid, weights: EventWeights, memo: KeptValues
    ) -> None:
        instants_us = grid.decide_at_us.tolist()
        told = f"{weights.model_dump_json()} {instants_us[0]}"
        rule = blake2b(told.encode(), digest_size=16).hexdigest()
        digests = history.running_digests(_NEWS_KINDS, instants_us)
        self._memo, self._keys = memo, [f"news {rule} {digest}" for digest in digests]
        self.rows: list[Sequence[float]] = list(takewhile(bool, map(memo.get, self._keys)))

    def keep(self, told: Mapping[str, FloatArray]) -> None:
        """Keep the rows that were not kept yet."""
        figures = zip(*(told[name].tolist() for name in FIGURES), strict=True)
        for key, row in list(zip(self._keys, figures, strict=True))[len(self.rows) :]:
            self._memo.put(key, row)


def covered(
    grid: Grid, looked_from: int, arrived: npt.NDArray[np.int64], within: int
) -> npt.NDArray[np.bool_]:
    """Whether the source of a stream was looked at, row by row: (T,).

    It was where something came from it in the last ``within`` rows, and from ``looked_from`` on
    until its first row: being quiet is not being down.
    """
    first = int(arrived.min(initial=len(grid)))
    rows = np.arange(len(grid))
    return grid.recently(arrived, within) | ((rows >= looked_from) & (rows < first))


_EXCLUDES_CHINA = re.compile(r"guide[^.;]*assumes (none|no china)", re.IGNORECASE)


def _china_excluded(steps: Timeline[PolicyStep], grid: Grid) -> FloatArray:
    """(T,): 1 from the row on that knows of a guide without China, as its telling stands there."""
    out = np.zeros(len(grid))
    excludes: dict[str, bool] = {}
    for row, versions in steps:
        told = {v.key: bool(_EXCLUDES_CHINA.search(v.reading.event)) for v in versions}
        excludes |= told
        out[row:] = float(any(excludes.values()))
    return out
