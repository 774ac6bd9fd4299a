"""For and against: the voices of a preset, and the one number they add up to.

``score = sum of w_i * s_i``: linear, so it can be read. A voice that was not observed adds nothing
and takes nothing; what it might have said widens the score into a range. ``spread`` is the score's
standard error: each voice's own doubt, and the whole width of the silent ones.

Everything is elementwise over parameter sets: arrays are (S, T) for one configuration and
(S, P, T) in a sweep, S voices in the order of the configuration.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from config.strategy import RiskWords, Rule
from engine.errors import ConfigError
from engine.phrases import phrase
from engine.values import FloatArray
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
    """Result of ``mix``; shapes follow the scores.

    contributions: weight times score, zero where not observed. score: their sum, NaN where nobody
    was observed. coverage: weight that was observed. silent: weight that was not: the score could
    be so much lower or higher.
    """

    contributions: FloatArray
    score: FloatArray
    coverage: FloatArray
    silent: FloatArray


def mix(scores: FloatArray, weights: FloatArray) -> Mixed:
    """Weighted sum over what was observed.

    scores: (S, …, T), NaN unobserved. weights: broadcastable to it, summing to one over axis 0.
    The sum runs over voices in their order, so that results do not depend on the shape.
    """
    observed = ~np.isnan(scores)
    contributions = np.where(observed, weights * np.where(observed, scores, 0.0), 0.0)
    coverage = sum0(np.where(observed, weights, 0.0))
    silent = sum0(np.where(observed, 0.0, weights))
    score = np.where(observed.any(axis=0), sum0(contributions), np.nan)
    return Mixed(contributions=contributions, score=score, coverage=coverage, silent=silent)


def spread(scores: FloatArray, doubts: FloatArray, weights: FloatArray) -> FloatArray:
    """(…, T): standard error of the score.

    Doubts are taken as independent; a silent voice could be anything.
    """
    observed = ~np.isnan(scores)
    known = np.where(observed, weights * np.where(observed, doubts, 0.0), 0.0)
    missing = np.where(observed, 0.0, weights)
    return np.asarray(np.sqrt(sum0(known * known) + SILENT_VARIANCE * sum0(missing * missing)))


def sum0(x: FloatArray) -> FloatArray:
    """Sum over axis 0, one after the other: the same bits whatever the other axes are."""
    total = np.zeros(x.shape[1:])
    for part in x:
        total = total + part
    return total
