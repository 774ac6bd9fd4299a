"""For and against: the voices of a preset, and the one number they add up to.

``score = sum of w_i * s_i``: linear, so it can be read. A voice that was not observed adds nothing
and takes nothing; what it might have said widens the score into a range. ``spread`` is the score's
standard error: each voice's own doubt, and the whole width of the silent ones.

Everything is elementwise over parameter sets: a voice's array is (T,) for one configuration and
(P, T) in a sweep, or (T,) there too where no parameter moves it. S of them,
stacked or not, stand in the order of the configuration.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from config.strategy import RiskWords, Rule
from engine.errors import ConfigError
from engine.phrases import phrase
from engine.values import BoolArray, FloatArray
from strategies.base import Strategy

SILENT_VARIANCE = 1.0 / 3.0
"""Variance of a voice that was not observed: anything from -1 to +1 (uniform)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One strategy in the blend: weight >= 0 (relative), and its parameters."""

    strategy: Strategy
    weight: float
    params: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """The configured voices and the rules that listen to them.

    risk: the investor's words; None: the whole holding, whatever the prices do. valuation: a voice
    outside the score, which scales the floor; None: the floor stays as it is.
    """

    voices: tuple[Voice, ...]
    rule: Rule
    risk: RiskWords | None = None
    valuation: Voice | None = None

    def __post_init__(self) -> None:
        names = [v.strategy.name for v in self.voices]
        problems = [
            f"strategy '{n}' is listed twice" for n in {n for n in names if names.count(n) > 1}
        ]
        problems += [
            phrase(
                "weight of '{name}' = {weight}; allowed: 0 or more, finite",
                name=v.strategy.name,
                weight=repr(v.weight),
            )
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
class Mixed:
    """Result of ``mix``; (…, T) like the widest of the scores and weights.

    contributions: of each voice, weight times score, zero where not observed. score: their sum, NaN
    where nobody was observed. coverage: weight that was observed. silent: weight that was not: the
    score could be so much lower or higher.
    """

    contributions: tuple[FloatArray, ...]
    score: FloatArray
    coverage: FloatArray
    silent: FloatArray


def mix(scores: Iterable[FloatArray], weights: Iterable[FloatArray]) -> Mixed:
    """Weighted sum over what was observed.

    scores: S times (…, T), NaN unobserved. weights: S times what broadcasts with them, summing to
    one. The sum runs over voices in their order, so that results do not depend on the shape.
    """
    contributions = []
    anybody: BoolArray = np.zeros((), dtype=np.bool_)
    score = coverage = silent = np.zeros(())
    for said, weight in zip(scores, weights, strict=True):
        observed = ~np.isnan(said)
        heard = _or_zero(observed, weight)
        contributions.append(weight * _or_zero(observed, said))
        score, coverage = score + contributions[-1], coverage + heard
        silent, anybody = silent + (weight - heard), anybody | observed
    return Mixed(
        contributions=tuple(contributions),
        score=np.where(anybody, score, np.nan),
        coverage=np.broadcast_to(coverage, score.shape),
        silent=np.broadcast_to(silent, score.shape),
    )


def spread(
    scores: Iterable[FloatArray], doubts: Iterable[FloatArray], weights: Iterable[FloatArray]
) -> FloatArray:
    """(…, T): standard error of the score.

    Doubts are taken as independent; a silent voice could be anything. Shapes as in ``mix``.
    """
    told = silent = np.zeros(())
    for said, doubt, weight in zip(scores, doubts, weights, strict=True):
        observed = ~np.isnan(said)
        known, missing = weight * _or_zero(observed, doubt), weight - _or_zero(observed, weight)
        told, silent = told + known * known, silent + missing * missing
    return np.asarray(np.sqrt(told + SILENT_VARIANCE * silent))


def _or_zero(observed: BoolArray, x: FloatArray) -> FloatArray:
    """``x`` where observed, else 0; ``x`` itself where everything is."""
    return x if observed.all() else np.where(observed, x, 0.0)
