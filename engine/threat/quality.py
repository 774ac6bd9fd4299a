"""Quality of a model on one scale, from whatever benchmark scores exist.

Every benchmark reads the same latent quality through its own line, in logits of its percentage
(Elo in hundreds of points): ``score = intercept + slope * quality + noise``. The scale is anchored
at GPQA Diamond: quality 0 is 50 %, 1 is 73 %. Lines and qualities are fitted together on the models
known by the day of the rating, both held by priors (``[benchmarks]`` and ``[quality]`` of
``config/threat.toml``), by alternating least squares, which for this bilinear Gaussian model climbs
to the posterior mode. A model without scores keeps the prior and its whole width: not knowing is
never a middle score stated as fact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from engine.threat.parameters import BENCHMARK_NAMES, BenchmarkPrior, ThreatParameters
from engine.values import BoolArray, FloatArray, ModelRelease

_SWEEPS = 12
_ELO_ZERO, _ELO_UNIT = 1300.0, 100.0
_CLIP_PCT = 0.5
_MEMORY = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Latent quality: mean, standard deviation, and from how many benchmarks it was read."""

    mean: float
    sd: float
    n_scores: int


def readings(release: ModelRelease) -> dict[str, float]:
    """Benchmark name -> score on the benchmark's own linear scale (logits; Elo in hundreds)."""
    aime = "aime_2025" if release.aime_year == 2025 else "aime_2024"
    percent = {
        "gpqa_diamond": release.gpqa_diamond_pct,
        "mmlu_pro": release.mmlu_pro_pct,
        "swe_bench_verified": release.swe_bench_verified_pct,
        aime: release.aime_pct,
    }
    found = {name: logit_pct(pct) for name, pct in percent.items() if pct is not None}
    if release.lmarena_elo is not None:
        found["lmarena"] = (release.lmarena_elo - _ELO_ZERO) / _ELO_UNIT
    return found


def logit_pct(pct: float) -> float:
    """Log-odds of a percentage; 0 and 100 are held half a point inside."""
    share = min(max(pct, _CLIP_PCT), 100 - _CLIP_PCT) / 100
    return math.log(share / (1 - share))


def fit_quality(releases: Sequence[ModelRelease], params: ThreatParameters) -> tuple[Quality, ...]:
    """Quality of every release given, in order, fitted on these and nothing else.

    The prior of a model is the mean of the scored models of the year before it, the configured one
    where there are fewer than three; an unscored model sits ``unscored_offset`` below it,
    ``unscored_sd`` wide.
    """
    if not releases:
        return ()
    table = _table(releases)
    seen = np.isfinite(table)
    centre = np.full(len(releases), params.prior_mean)
    lines = _Lines.of(params.benchmarks)
    mean, sd = _qualities(table, seen, lines, centre, params.prior_sd)
    centre = _yearly_means(releases, mean, np.asarray(seen.any(axis=1)), params)
    for _ in range(_SWEEPS):
        mean, sd = _qualities(table, seen, lines, centre, params.prior_sd)
        lines = _fit_lines(table, seen, mean, params.benchmarks)
    mean, sd = _qualities(table, seen, lines, centre, params.prior_sd)
    count = seen.sum(axis=1)
    mean = np.where(count == 0, mean + params.unscored_offset, mean)
    sd = np.where(count == 0, params.unscored_sd, sd)
    return tuple(
        Quality(mean=float(m), sd=float(s), n_scores=int(n))
        for m, s, n in zip(mean, sd, count, strict=True)
    )


def undecided_sd(quality: Quality, settled_sd: float) -> float:
    """The part of the doubt that a full score card would have removed."""
    return math.sqrt(max(0.0, quality.sd**2 - settled_sd**2))


@dataclass(frozen=True, slots=True)
class _Lines:
    """Benchmark lines as columns: intercept, slope, noise, each of shape (benchmarks,)."""

    intercept: FloatArray
    slope: FloatArray
    noise: FloatArray

    @staticmethod
    def of(priors: Sequence[BenchmarkPrior]) -> _Lines:
        by_name: Mapping[str, BenchmarkPrior] = {p.name: p for p in priors}
        ordered = [by_name[name] for name in BENCHMARK_NAMES]
        return _Lines(
            np.array([p.intercept for p in ordered]),
            np.array([p.slope for p in ordered]),
            np.array([p.noise for p in ordered]),
        )


def _table(releases: Sequence[ModelRelease]) -> FloatArray:
    """Scores of shape (releases, benchmarks); NaN where there is none."""
    rows = [readings(release) for release in releases]
    return np.array([[row.get(name, math.nan) for name in BENCHMARK_NAMES] for row in rows])


def _qualities(
    table: FloatArray, seen: BoolArray, lines: _Lines, centre: FloatArray, prior_sd: float
) -> tuple[FloatArray, FloatArray]:
    """Posterior mean and deviation of each model's quality, given the lines."""
    weight = np.where(seen, (lines.slope / lines.noise) ** 2, 0.0)
    implied = np.where(seen, (table - lines.intercept) / lines.slope, 0.0)
    precision = prior_sd**-2 + weight.sum(axis=1)
    mean = (centre * prior_sd**-2 + (weight * implied).sum(axis=1)) / precision
    return mean, precision**-0.5


def _fit_lines(
    table: FloatArray, seen: BoolArray, quality: FloatArray, priors: Sequence[BenchmarkPrior]
) -> _Lines:
    """Each benchmark's line, given the qualities: a ridge towards its prior, in closed form."""
    start = _Lines.of(priors)
    by_name = {p.name: p for p in priors}
    ordered = [by_name[name] for name in BENCHMARK_NAMES]
    pull_a = np.array([p.sd_intercept for p in ordered]) ** -2.0
    pull_s = np.array([p.sd_slope for p in ordered]) ** -2.0
    rest = np.where(seen, table - start.intercept - np.outer(quality, start.slope), 0.0)
    w = seen / start.noise**2
    q = quality[:, None]
    aa, as_, ss = pull_a + w.sum(0), (w * q).sum(0), pull_s + (w * q * q).sum(0)
    ya, ys = (w * rest).sum(0), (w * rest * q).sum(0)
    det = aa * ss - as_**2
    return _Lines(
        start.intercept + (ss * ya - as_ * ys) / det,
        np.maximum(start.slope + (aa * ys - as_ * ya) / det, 0.1 * start.slope),
        start.noise,
    )


def _yearly_means(
    releases: Sequence[ModelRelease],
    mean: FloatArray,
    scored: BoolArray,
    params: ThreatParameters,
) -> FloatArray:
    """For each model the mean quality of the scored ones released in the year up to its day."""
    day = np.array([r.released_on.toordinal() for r in releases])
    age = day[:, None] - day[None, :]
    counts = ((age >= 0) & (age <= _MEMORY.days) & scored[None, :]).astype(float)
    n = counts.sum(axis=1)
    average = counts @ np.where(scored, mean, 0.0) / np.maximum(n, 1)
    result: FloatArray = np.where(n >= 3, average, params.prior_mean)
    return result
