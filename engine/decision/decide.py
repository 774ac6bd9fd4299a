"""Scores to HOLD or SELL: a linear blend that can be read, and a latch that does not flutter.

``score = sum of w_i * s_i`` with the weights shared out over what was observed. The latch turns the
score into a position: SELL below ``exit_below``, back to HOLD above ``enter_above``, at least
``min_sessions_between_changes`` apart.

**Missing data never causes SELL.** Entering SELL also needs the *benefit-of-the-doubt score* below
``exit_below``: the score in which every unobserved voice is counted at its best, +1. So SELL is
only said when it would be said whatever the missing voices had to say.

Everything is elementwise over parameter sets: arrays are (S, T) for one configuration and
(S, P, T) in a sweep, S strategies in the order of the configuration.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from config.strategy import Rule as Rule
from engine.errors import ConfigError
from engine.values import BoolArray, Features, FloatArray
from strategies.base import Strategy, levels_of

DEFAULT_CONFIDENCE_DOUBT = 0.05
"""Floor of the score's standard error: no blend of judgements is known better than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One strategy in the blend: weight >= 0 (relative), and its parameters."""

    strategy: Strategy
    weight: float
    params: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """The configured voices and the rule that listens to them."""

    voices: tuple[Voice, ...]
    rule: Rule

    def __post_init__(self) -> None:
        names = [v.strategy.name for v in self.voices]
        problems = [
            f"strategy '{n}' is listed twice" for n in {n for n in names if names.count(n) > 1}
        ]
        problems += [
            f"weight of '{v.strategy.name}' = {v.weight!r}; allowed: 0 or more, finite"
            for v in self.voices
            if not (math.isfinite(v.weight) and v.weight >= 0)
        ]
        if not problems and sum(v.weight for v in self.voices) <= 0:
            problems.append("all weights are zero: nobody has a say")
        if problems:
            raise ConfigError(problems)

    @property
    def weights(self) -> FloatArray:
        """Shape (S,), summing to one."""
        raw = np.array([v.weight for v in self.voices], dtype=np.float64)
        return np.asarray(raw / raw.sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """The blend over all sessions.

    scores, doubts: (S, T), scores NaN where not observed. levels: per strategy. effective_weights:
    (S, T), over what was observed, zero elsewhere. score: (T,), NaN when nothing was observed.
    doubted_score: (T,), unobserved voices at +1. invested: (T,) True while holding. target_weight:
    (T,). coverage: (T,), share of the weight that was observed.
    """

    levels: tuple[dict[str, FloatArray], ...]
    scores: FloatArray
    doubts: FloatArray
    effective_weights: FloatArray
    contributions: FloatArray
    score: FloatArray
    doubted_score: FloatArray
    coverage: FloatArray
    invested: BoolArray
    target_weight: FloatArray


def evaluate(blend: Blend, features: Features) -> Evaluation:
    """Every session's score and position; the live decision is the last row of this."""
    levels = tuple(levels_of(v.strategy, features.values, v.params) for v in blend.voices)
    return evaluate_levels(blend, levels)


def evaluate_levels(blend: Blend, levels: tuple[dict[str, FloatArray], ...]) -> Evaluation:
    """The pointwise rest of ``evaluate``: what a flip search re-runs with one level moved."""
    pairs = list(zip(blend.voices, levels, strict=True))
    scores = np.stack([v.strategy.score(lv, v.params) for v, lv in pairs])
    doubts = np.stack([v.strategy.doubt(lv, v.params) for v, lv in pairs])
    weights = blend.weights[:, None]
    mixed = mix(scores, weights)
    invested = latch(mixed.score, mixed.doubted_score, blend.rule)
    return Evaluation(
        levels=levels,
        scores=scores,
        doubts=doubts,
        effective_weights=mixed.effective_weights,
        contributions=mixed.contributions,
        score=mixed.score,
        doubted_score=mixed.doubted_score,
        coverage=mixed.coverage,
        invested=invested,
        target_weight=target_weight(invested, mixed.score, mixed.doubted_score, blend.rule),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mixed:
    """Result of ``mix``; shapes follow the scores."""

    effective_weights: FloatArray
    contributions: FloatArray
    score: FloatArray
    doubted_score: FloatArray
    coverage: FloatArray


def mix(scores: FloatArray, weights: FloatArray) -> Mixed:
    """Weighted sum over what was observed.

    scores: (S, …, T), NaN unobserved. weights: broadcastable to it, summing to one over axis 0.
    The sum runs over strategies in their order, so that results do not depend on the shape.
    """
    observed = ~np.isnan(scores)
    seen_weight = np.where(observed, weights, 0.0)
    coverage = _sum0(seen_weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        effective = np.where(coverage > 0, seen_weight / coverage, 0.0)
    known = np.where(observed, scores, 0.0)
    contributions = effective * known
    score = np.where(coverage > 0, _sum0(contributions), np.nan)
    doubted = _sum0(seen_weight * known) + (
        _sum0(np.broadcast_to(weights, scores.shape)) - coverage
    )
    return Mixed(
        effective_weights=effective,
        contributions=contributions,
        score=score,
        doubted_score=doubted,
        coverage=coverage,
    )


def _sum0(x: FloatArray) -> FloatArray:
    """Sum over axis 0, one after the other: the same bits whatever the other axes are."""
    total = np.zeros(x.shape[1:])
    for part in x:
        total = total + part
    return total


def latch(score: FloatArray, doubted_score: FloatArray, rule: Rule) -> BoolArray:
    """Position with memory: (…, T) scores to (…, T) booleans, True while holding.

    Starts in HOLD. NaN scores change nothing. A change needs ``min_sessions_between_changes``
    sessions since the last one (the first change is free).
    """
    shape = np.broadcast_shapes(score.shape, doubted_score.shape)
    out = np.empty(shape, dtype=np.bool_)
    holding = np.ones(shape[:-1], dtype=np.bool_)
    wait = np.zeros(shape[:-1], dtype=np.int64)
    sells = (score < rule.exit_below) & (doubted_score < rule.exit_below)
    buys = score > rule.enter_above
    for t in range(shape[-1]):
        change = np.where(holding, sells[..., t], buys[..., t]) & (wait <= 0)
        holding = holding ^ change
        wait = np.where(change, rule.min_sessions_between_changes, wait - 1)
        out[..., t] = holding
    return out


def target_weight(
    invested: BoolArray, score: FloatArray, doubted_score: FloatArray, rule: Rule
) -> FloatArray:
    """Share of the full position: hold, sell or, while holding on a weak score, reduced.

    As for SELL, missing data never causes a reduction: the benefit-of-the-doubt score must be weak
    too.
    """
    weight = np.where(invested, rule.hold_weight, rule.sell_weight)
    if rule.reduce_below is not None:
        weak = invested & (score < rule.reduce_below) & (doubted_score < rule.reduce_below)
        weight = np.where(weak, rule.reduce_weight, weight)
    return weight


def score_error(evaluation: Evaluation, weights: FloatArray, t: int) -> float:
    """Standard error of the score at session t.

    Each observed voice brings its own doubt; a missing voice is uniform on [-1, +1], variance 1/3.
    Doubts are taken as independent.
    """
    seen = ~np.isnan(evaluation.scores[:, t])
    known = evaluation.effective_weights[:, t] * np.where(seen, evaluation.doubts[:, t], 0.0)
    missing = np.where(seen, 0.0, weights)
    variance = float(np.sum(known**2) + np.sum(missing**2) / 3.0)
    return max(math.sqrt(variance), DEFAULT_CONFIDENCE_DOUBT)


def margin(evaluation: Evaluation, rule: Rule, t: int) -> float:
    """Distance of the score to the threshold that would change the verdict; NaN unobserved."""
    score = float(evaluation.score[t])
    return score - rule.exit_below if evaluation.invested[t] else rule.enter_above - score


def confidence(evaluation: Evaluation, blend: Blend, t: int) -> float:
    """How sure: P(the true score lies on this side of the threshold) times coverage.

    Normal error around the score (``score_error``). Zero when nothing was observed.
    """
    gap = margin(evaluation, blend.rule, t)
    if not math.isfinite(gap):
        return 0.0
    z = gap / score_error(evaluation, blend.weights, t)
    return float(evaluation.coverage[t]) * 0.5 * (1.0 + math.erf(z / math.sqrt(2.0)))


def since_row(invested: Sequence[Any] | BoolArray, t: int) -> int:
    """The first row of the unbroken run of the verdict at row t."""
    row = t
    while row > 0 and bool(invested[row - 1]) == bool(invested[t]):
        row -= 1
    return row
