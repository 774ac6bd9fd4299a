"""What if: a scenario laid over known days, and the same functions asked again.

A scenario changes *features* of one morning and, where it moves the price, of the sessions before
it: impulses are added, levels set or shifted, a price path is worked into the returns, the ranges,
the trend and the forecast of risk. No release and no fact is needed, and nothing is written.

Many mornings are asked at once: the changed features are (N, T), row n with the scenario on its own
morning, and the answer of that morning is read off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from config.scenario import Scenario
from engine.decision import decide, risk
from engine.decision.decide import Bearing, Evaluation
from engine.decision.evidence import Blend
from engine.errors import UnknownNameError
from engine.phrases import phrase
from engine.values import BoolArray, Features, FloatArray
from strategies.base import levels_of

Rows = npt.NDArray[np.int64]
SINCE_EVERY = 5
"""Known days are asked once a week: neighbours hardly differ."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnsweredMornings:
    """The answers of N mornings, all (N,)."""

    invested: BoolArray
    reduced: BoolArray
    target_weight: FloatArray
    score: FloatArray

    def at(self, order: int) -> AnsweredMornings:
        """One of the mornings, as (1,)."""
        one = slice(order, order + 1)
        return AnsweredMornings(
            invested=self.invested[one],
            reduced=self.reduced[one],
            target_weight=self.target_weight[one],
            score=self.score[one],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StressRow:
    """One line of the table. before, after: today's HOLD, REDUCE or SELL.

    share_of_known_days: of the known days on which the preset held in full, and had held the day
    before, the share on which the scenario would have made it SELL. share_reduced: of the known
    days on which it did not sell, the share on which it would have kept less, or sold.
    score_before, score_after: today's. known_days: on which the first share rests.
    """

    scenario: str
    severity: str
    preset: str
    before: str
    after: str
    target_before: float
    target_after: float
    score_before: float
    score_after: float
    share_of_known_days: float | None
    share_reduced: float | None
    known_days: int


def stance(invested: bool, target_weight: float, full: float = 1.0) -> str:
    """HOLD, REDUCE (less than the full share) or SELL."""
    return "SELL" if not invested else "HOLD" if target_weight >= full else "REDUCE"


def stress(
    blend: Blend,
    preset: str,
    features: Features,
    scenarios: Sequence[Scenario],
    base: Evaluation | None = None,
) -> tuple[StressRow, ...]:
    """Every scenario against today and against the known days before."""
    base = base or decide.evaluate(blend, features)
    days = known_days(base)
    today = len(features.sessions_on) - 1
    return tuple(
        _row(blend, preset, base, days, scenario, ask(blend, features, base, scenario, rows))
        for scenario in scenarios
        for rows in [np.append(days, today)]
    )


def stress_at(
    blend: Blend,
    preset: str,
    features: Features,
    scenarios: Sequence[Scenario],
    base: Evaluation,
) -> tuple[StressRow, ...]:
    """Every scenario against the last session alone: no shares of known days, and fast."""
    today, none = np.array([len(features.sessions_on) - 1]), np.array([], dtype=np.int64)
    asked = _asked(blend, features, base, [(scenario, today) for scenario in scenarios])
    return tuple(
        _row(blend, preset, base, none, scenario, asked.at(order))
        for order, scenario in enumerate(scenarios)
    )


def known_days(base: Evaluation) -> Rows:
    """Every fifth of the rows on which each voice was observed."""
    return np.flatnonzero(~np.isnan(base.scores).any(axis=0))[::SINCE_EVERY].astype(np.int64)


def _row(
    blend: Blend,
    preset: str,
    base: Evaluation,
    days: Rows,
    scenario: Scenario,
    asked: AnsweredMornings,
) -> StressRow:
    full = blend.rule.hold_weight
    before = base.target_weight[days]
    held = base.invested[days]
    whole = held & base.invested[np.maximum(days - 1, 0)] & (before >= full)
    sold, less = ~asked.invested[:-1], asked.target_weight[:-1] < before - 1e-9
    return StressRow(
        scenario=scenario.name,
        severity=scenario.severity,
        preset=preset,
        before=stance(bool(base.invested[-1]), float(base.target_weight[-1]), full),
        after=stance(bool(asked.invested[-1]), float(asked.target_weight[-1]), full),
        target_before=float(base.target_weight[-1]),
        target_after=float(asked.target_weight[-1]),
        score_before=float(base.score[-1]),
        score_after=float(asked.score[-1]),
        share_of_known_days=float(sold[whole].mean()) if whole.any() else None,
        share_reduced=float((sold | less)[held].mean()) if held.any() else None,
        known_days=int(whole.sum()),
    )


def ask(
    blend: Blend, features: Features, base: Evaluation, scenario: Scenario, rows: Rows
) -> AnsweredMornings:
    """What the preset would say on each of ``rows`` with the scenario on that morning."""
    return _asked(blend, features, base, [(scenario, rows)])


def _asked(
    blend: Blend, features: Features, base: Evaluation, pairs: Sequence[tuple[Scenario, Rows]]
) -> AnsweredMornings:
    """``ask`` for several scenarios in one go, one after the other."""
    parts = [overlaid(features.values, scenario, rows) for scenario, rows in pairs]
    sizes, names = [rows.size for _, rows in pairs], {name for part in parts for name in part}
    changed = {
        name: np.concatenate(
            [
                part[name] if name in part else _many(features.values[name], size)
                for part, size in zip(parts, sizes, strict=True)
            ]
        )
        for name in sorted(names)
    }
    values = {**features.values, **changed}
    levels = tuple(levels_of(v.strategy, values, v.params) for v in blend.voices)
    shares = [
        _share(blend, base.bearing, features, part, scenario, rows)
        for part, (scenario, rows) in zip(parts, pairs, strict=True)
    ]
    bearing = base.bearing
    if blend.risk is not None and "nvda_return" in changed:
        bearing = decide.bearing_from(
            blend.risk,
            np.concatenate(shares),
            bearing.floor_scale,
            bearing.said,
            bearing.worst,
        )
    found = decide.evaluate_levels(blend, levels, bearing)
    rows = np.concatenate([rows for _, rows in pairs])
    order = np.arange(rows.size)

    def each(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        whole = np.broadcast_to(array, (rows.size, array.shape[-1]))
        return np.asarray(whole[order, rows])

    return AnsweredMornings(
        invested=each(found.invested).astype(np.bool_),
        reduced=each(found.reduced).astype(np.bool_),
        target_weight=each(found.target_weight).astype(np.float64),
        score=each(found.score).astype(np.float64),
    )


# --- features -----------------------------------------------------------------------------------

_ADDED = {
    "threat_pct": "threat_impulse_pct",
    "domestic_pct": "domestic_impulse_pct",
    "policy_pct": "policy_impulse_pct",
    "demand_pct": "demand_impulse_pct",
    "path_bps": "expected_path_bps",
    "fed_surprise_bps": "fed_surprise_bps",
}
_ALONE = {
    "domestic_pct": "domestic_alone_pct",
    "policy_pct": "policy_alone_pct",
    "demand_pct": "demand_alone_pct",
}
_SET = {
    "us_gate": "us_gate",
    "china_gate": "china_gate",
    "guide_surprise_pct": "guide_surprise_pct",
    "guided_growth_pct": "guided_growth_pct",
}


def overlaid(
    values: Mapping[str, FloatArray], scenario: Scenario, rows: Rows
) -> dict[str, FloatArray]:
    """Only the features that the scenario changes, each (N, T).

    What was not observed becomes known by a scenario that sets it, and stays unknown where the
    scenario only adds to it.
    """
    order = np.arange(rows.size)
    out: dict[str, FloatArray] = {}
    for field, name in _ADDED.items():
        extra = float(getattr(scenario, field))
        if extra:
            out[name] = _many(values[name], rows.size)
            out[name][order, rows] += extra
    if not scenario.confirmed:
        out |= _alone(values, scenario, rows)
    for field, name in _SET.items():
        value = getattr(scenario, field)
        if value is not None:
            out[name] = _many(values[name], rows.size)
            out[name][order, rows] = value
    if scenario.guide_surprise_pct is not None:  # a report of that morning, whatever it overlays
        out["guide_age_sessions"] = _many(values["guide_age_sessions"], rows.size)
        out["guide_age_sessions"][order, rows] = 0.0
    if scenario.price_pct or scenario.daily_vol_pct or scenario.vix:
        out |= _price_path(values, scenario, rows)
    return out


def _alone(
    values: Mapping[str, FloatArray], scenario: Scenario, rows: Rows
) -> dict[str, FloatArray]:
    """The worst step that one source alone tells, where the scenario's news is one."""
    order, out = np.arange(rows.size), {}
    for field, name in _ALONE.items():
        told = min(0.0, float(getattr(scenario, field)))
        if told:
            out[name] = _many(values[name], rows.size)
            out[name][order, rows] = np.fmin(out[name][order, rows], told)
    return out


def _many(array: FloatArray, n: int) -> FloatArray:
    return np.repeat(array[None, :], n, axis=0)


def _price_path(
    values: Mapping[str, FloatArray], scenario: Scenario, rows: Rows
) -> dict[str, FloatArray]:
    """Returns, ranges, trend, volatility, market value and VIX with the path worked in.

    The 200-session mean takes the path's share of it; the range of a session is the one that gives
    its volatility by the range estimate, with no gap.
    """
    n, size = scenario.price_sessions, len(values["nvda_return"])
    back = rows[:, None] - np.arange(size)[None, :]
    inside = (back >= 0) & (back < n)
    step = np.where(inside, np.log1p(scenario.price_pct / 100.0) / n, 0.0)
    level = np.cumsum(step, axis=1)
    out = {"nvda_return": values["nvda_return"] + step}
    share = np.where(inside, np.expm1(level), 0.0)
    mean_shift = np.cumsum(share, axis=1) / 200.0
    gap = 1.0 + values["trend_gap_pct"] / 100.0
    out["trend_gap_pct"] = 100.0 * (gap * np.exp(level) / (1.0 + gap * mean_shift) - 1.0)
    out["market_cap_usd_tn"] = values["market_cap_usd_tn"] * np.exp(level)
    if scenario.daily_vol_pct is not None:
        daily = scenario.daily_vol_pct / 100.0
        wide = daily * np.sqrt(4.0 * np.log(2.0))
        out["nvda_range"] = np.where(inside, wide, values["nvda_range"])
        out["nvda_gap"] = np.where(inside, 0.0, values["nvda_gap"])
        new = np.minimum(np.cumsum(inside, axis=1), 20) / 20.0
        old = values["volatility_pct"] ** 2
        mixed = (1.0 - new) * old + new * (100.0 * daily) ** 2 * 252.0
        out["volatility_pct"] = np.where(back < 0, values["volatility_pct"], np.sqrt(mixed))
    if scenario.vix is not None:
        out["vix"] = np.where(inside, np.fmax(values["vix"], scenario.vix), values["vix"])
    return out


MEMORY = risk.MONTH + risk.MONTH
"""Sessions before a path that its forecasts still look at: a month, and a month of medians."""


def _share(
    blend: Blend,
    base: Bearing,
    features: Features,
    changed: Mapping[str, FloatArray],
    scenario: Scenario,
    rows: Rows,
) -> FloatArray:
    """(N, T): what risk allows with the changed prices.

    What was learnt from the past stays, its inputs are new: only the sessions of the path are
    forecast anew, from the ones that they look back at.
    """
    words, said = blend.risk, base.said
    if words is None or said is None or base.worst is None or "nvda_return" not in changed:
        return _many(base.share, rows.size)
    width = scenario.price_sessions
    columns = rows[:, None] - np.arange(width + MEMORY - 1, -1, -1)[None, :]
    inside = columns >= 0
    columns = np.maximum(columns, 0)
    order, before = np.arange(rows.size)[:, None], risk.rows_before(features)

    def cut(name: str) -> FloatArray:
        array = changed.get(name)
        found = features.values[name][columns] if array is None else array[order, columns]
        return np.where(inside, found, np.nan)

    moved = risk.PriceHistory(
        log_return=cut("nvda_return"),
        log_range=cut("nvda_range"),
        log_gap=cut("nvda_gap"),
        vix=cut("vix"),
        results_due={},
        fomc_due={},
    )
    inputs = risk.memories(risk.daily_variance(moved), moved.vix)[:, -width:]
    path = columns[:, -width:]
    busy, whole = risk.event_factor(risk.history_from(features), said.horizon), path + before
    sigma = risk.sigma_from(said.slopes[whole], inputs, busy[whole], said.horizon)
    share = np.repeat(base.share[None, :], rows.size, axis=0)
    fresh = risk.share_of(words.bear_fall_pct / 100.0, base.worst[path] * sigma)
    share[order, path] = np.where(inside[:, -width:], fresh, share[order, path])
    return share


# --- files --------------------------------------------------------------------------------------


def complete(scenarios: Mapping[str, Scenario]) -> tuple[Scenario, ...]:
    """Scenarios by file name with their ``includes`` worked in, mild before severe.

    Changes add up; of gates, guides, falls and volatilities the worst counts.
    """
    order = ("mild", "moderate", "severe", "extreme")
    whole = [_with_includes(s, scenarios) for _, s in sorted(scenarios.items())]
    return tuple(sorted(whole, key=lambda s: (order.index(s.severity), s.name)))


def _with_includes(scenario: Scenario, scenarios: Mapping[str, Scenario]) -> Scenario:
    parts = [scenario]
    for name in scenario.includes:
        if name not in scenarios:
            raise UnknownNameError(
                phrase("scenario included by '{name}'", name=scenario.name), name, scenarios
            )
        parts.append(scenarios[name])
    if len(parts) == 1:
        return scenario
    summed = {f: sum(getattr(p, f) for p in parts) for f in _ADDED}
    worst = {
        f: min((v for p in parts if (v := getattr(p, f)) is not None), default=None) for f in _SET
    }
    deepest = min(parts, key=lambda p: p.price_pct)
    wildest = {
        f: max((v for p in parts if (v := getattr(p, f)) is not None), default=None)
        for f in ("daily_vol_pct", "vix")
    }
    return scenario.model_copy(
        update={
            **{
                k: max(-100.0, min(100.0, v)) if k.endswith("_pct") else v
                for k, v in summed.items()
            },
            **worst,
            **wildest,
            "price_pct": deepest.price_pct,
            "price_sessions": deepest.price_sessions,
        }
    )
