"""Draws of everything the rating is unsure about, as of a day.

``config/threat.toml`` holds the evidence (``config.threat``); here it becomes draws. A named figure
is drawn by Latin hypercube: each of n equal slices of [0, 1] is visited once, so means settle
fast, and the same figure uses the same uniform numbers in every release and on every day (common
random numbers): two ratings differ by what differs between releases, not by luck.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType

import numpy as np

from config.schema import read_model
from config.threat import (
    BENCHMARK_NAMES,
    Benchmark,
    Spread,
    ThreatParameters,
    Uncertain,
    Uncertainties,
)
from engine.clock import utc
from engine.values import FloatArray

__all__ = ["BENCHMARK_NAMES", "Benchmark", "ThreatParameters", "Uncertain"]

UNCERTAIN_NAMES = tuple(Uncertainties.model_fields)
NOISE_NAMES = (
    "release_quality",
    "release_price",
    "carrying_level",
    "adoption_unknown",
    "openness",
    "residual",
)
"""Uniform draws that spread what the record, not the config, is unsure about."""
DEFAULT_DRAWS = 4096
DEFAULT_SEED = 20250127


def triangular(u: FloatArray, low: float, mode: float, high: float) -> FloatArray:
    """Quantile of the triangular distribution; a point mass where low = high."""
    if low == high:
        return np.full_like(u, low)
    turn = (mode - low) / (high - low)
    rising = low + np.sqrt(u * (high - low) * (mode - low))
    falling = high - np.sqrt((1 - u) * (high - low) * (high - mode))
    return np.where(u < turn, rising, falling)


def quantile(spread: Spread, u: FloatArray) -> FloatArray:
    """Inverse distribution function of ``spread`` at ``u`` in [0, 1]; elementwise, any shape."""
    value = triangular(u, *spread.on_scale)
    return np.exp(value) if spread.log_scale else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """``Sample`` as of one day: what the equations read. ``draws["elasticity"]``: (draws,)."""

    day: date
    draws: int
    values: Mapping[str, FloatArray]
    noise: Mapping[str, FloatArray]

    def __getitem__(self, name: str) -> FloatArray:
        return self.values[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Uniform draws of everything uncertain, and the parameters that give them a meaning by day.

    uniform: name -> (draws,). names and ranks: rows of centred ranks of unit length, shape (names,
    draws), for rank correlations; they hold on every day, because quantiles keep order.
    """

    params: ThreatParameters
    draws: int
    seed: int
    uniform: Mapping[str, FloatArray]
    names: tuple[str, ...]
    ranks: FloatArray
    _made: dict[tuple[str, Spread], FloatArray] = field(default_factory=dict, repr=False)

    def at(self, instant: datetime) -> Draws:
        """The draws as of ``instant``: from evidence that was public by that day, and no other."""
        day = utc(instant).date()
        values = {
            name: self._drawn(name, figure.spread(day))
            for name, figure in self.params.uncertain.items()
        }
        noise = {name: self.uniform[name] for name in NOISE_NAMES}
        return Draws(
            day=day,
            draws=self.draws,
            values=MappingProxyType(values),
            noise=MappingProxyType(noise),
        )

    def _drawn(self, name: str, spread: Spread) -> FloatArray:
        key = (name, spread)
        if key not in self._made:
            self._made[key] = quantile(spread, self.uniform[name])
        return self._made[key]


def sample(
    params: ThreatParameters, *, draws: int = DEFAULT_DRAWS, seed: int = DEFAULT_SEED
) -> Sample:
    """``draws`` worlds. The same seed and parameters give the same bits."""
    names = (*UNCERTAIN_NAMES, *NOISE_NAMES)
    uniform = {name: _stratified(name, draws, seed) for name in names}
    return Sample(
        params=params,
        draws=draws,
        seed=seed,
        uniform=MappingProxyType(uniform),
        names=names,
        ranks=np.stack([unit_ranks(uniform[name]) for name in names]),
    )


def _stratified(name: str, draws: int, seed: int) -> FloatArray:
    rng = np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))
    slices: FloatArray = (rng.permutation(draws) + rng.random(draws)) / draws
    return slices


def unit_ranks(x: FloatArray) -> FloatArray:
    """Ranks of ``x``, centred, of unit length: their dot product is Spearman's correlation."""
    ranks = np.empty(x.size)
    ranks[np.argsort(x, kind="stable")] = np.arange(x.size)
    ranks -= (x.size - 1) / 2
    return ranks / max(float(np.sqrt(ranks @ ranks)), 1e-300)


def standard(u: FloatArray) -> FloatArray:
    """Uniform draws as a bounded bell of mean 0 and deviation 1 (triangular on ±sqrt 6)."""
    return triangular(u, -math.sqrt(6), 0.0, math.sqrt(6))


def parse_parameters(text: str, *, where: str = "threat.toml") -> ThreatParameters:
    """Read and check the text of the file; ``ConfigError`` with every problem found."""
    return read_model(text, ThreatParameters, where)
