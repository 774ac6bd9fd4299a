"""Quality of a model on one scale, from whatever benchmark scores exist.

Every benchmark reads the same latent quality through its own line, in logits of its percentage
(Elo in hundreds of points): ``score = intercept + slope * quality + noise``. The scale is anchored
at GPQA Diamond: quality 0 is 50 %, 1 is 73 %. Lines and qualities are fitted together on the models
known by the day of the rating, both held by priors (``[benchmarks]`` and ``[quality]`` of
``config/threat.toml``), by alternating least squares, which for this bilinear Gaussian model climbs
to the posterior mode. A model's prior is its kind: the scored models of the year before it, those
nearest in laboratory, size, price and openness weighing most, carried on by the year's trend. A
model without scores keeps that centre and a wide doubt: not knowing moves the width, not the level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from config.threat import BENCHMARK_NAMES, Benchmarks, ThreatParameters
from engine.values import BoolArray, FloatArray, ModelRelease

_SWEEPS = 12
_ELO_ZERO, _ELO_UNIT = 1300.0, 100.0
_CLIP_PCT = 0.5
_MEMORY_DAYS = 365
_YEAR = 365.25
_LEAST_IN_KIND = 3
_SAME_LAB, _UNLIKE_OPEN, _UNKNOWN_APART = 3.0, 0.4, 0.3
"""Weight of the laboratory's own models; of models of the other openness; where a size or a price
is not known on both sides. Judgement: a laboratory's next model is nearest to its last."""
_SIZE_WIDTH, _PRICE_WIDTH = math.log(3.0), math.log(6.0)
"""Factors of size and price within which two models are of one kind: judgement."""
_TREND_PULL = 0.25
"""Variance of age (years squared) at which the year's trend counts half: a shrinkage."""


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

    The prior of a model is its kind (``kind_centres``), ``prior_sd`` wide; a model without scores
    sits on it, ``unscored_sd`` wide. The configured prior stands in for a kind of fewer than three.
    """
    if not releases:
        return ()
    table = _table(releases)
    seen = np.isfinite(table)
    scored = np.asarray(seen.any(axis=1))
    start = params.quality
    kinds = _Kinds.of(releases, scored)
    centre = np.full(len(releases), start.prior_mean)
    lines = _Lines.of(params.benchmarks)
    mean, sd = _qualities(table, seen, lines, centre, start.prior_sd)
    centre = kinds.centres(mean, start.prior_mean)
    for _ in range(_SWEEPS):
        mean, sd = _qualities(table, seen, lines, centre, start.prior_sd)
        lines = _fit_lines(table, seen, mean, params.benchmarks)
    mean, sd = _qualities(table, seen, lines, centre, start.prior_sd)
    count = seen.sum(axis=1)
    sd = np.where(count == 0, start.unscored_sd, sd)
    return tuple(
        Quality(mean=float(m), sd=float(s), n_scores=int(n))
        for m, s, n in zip(mean, sd, count, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Lines:
    """Benchmark lines as columns: intercept, slope, noise, each of shape (benchmarks,)."""

    intercept: FloatArray
    slope: FloatArray
    noise: FloatArray

    @staticmethod
    def of(priors: Benchmarks) -> _Lines:
        ordered = [priors[name] for name in BENCHMARK_NAMES]
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
    table: FloatArray, seen: BoolArray, quality: FloatArray, priors: Benchmarks
) -> _Lines:
    """Each benchmark's line, given the qualities: a ridge towards its prior, in closed form."""
    start = _Lines.of(priors)
    ordered = [priors[name] for name in BENCHMARK_NAMES]
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


# --- what kind of model it is ---


def _likeness(releases: Sequence[ModelRelease], scored: BoolArray) -> FloatArray:
    """Row i: how much each scored model of the year up to i says of i, (releases, releases)."""
    age = _ages(releases)
    recent = (age >= 0) & (age <= _MEMORY_DAYS / _YEAR) & scored[None, :]
    np.fill_diagonal(recent, val=False)
    labs = np.array([r.lab for r in releases])
    near = np.where(labs[:, None] == labs[None, :], _SAME_LAB, 1.0)
    near = near * _openness_closeness([r.open_weights for r in releases])
    near = near * _closeness(_logs([r.total_params_b for r in releases]), _SIZE_WIDTH)
    near = near * _price_closeness([r.price_output_usd_per_mtok for r in releases], recent)
    result: FloatArray = np.where(recent, near, 0.0)
    return result


def _ages(releases: Sequence[ModelRelease]) -> FloatArray:
    """Years from the release of the column's model to that of the row's."""
    day = np.array([r.released_on.toordinal() for r in releases], dtype=float)
    years: FloatArray = (day[:, None] - day[None, :]) / _YEAR
    return years


def _openness_closeness(opened: Sequence[bool | None]) -> FloatArray:
    """1 for models alike in openness, ``_UNLIKE_OPEN`` for others, half-way where not known."""
    side = np.array([0.0 if o is None else 1.0 if o else -1.0 for o in opened])
    result: FloatArray = 1.0 - 0.5 * (1.0 - _UNLIKE_OPEN) * (1.0 - np.outer(side, side))
    return result


def _logs(figures: Sequence[float | None]) -> FloatArray:
    """Logs of figures; NaN where one is unknown, minus infinity of zero."""
    known = [math.nan if x is None else math.log(x) if x > 0 else -math.inf for x in figures]
    return np.array(known)


def _closeness(column: FloatArray, width: float, *, row: FloatArray | None = None) -> FloatArray:
    """Bell in the log ratio of row to column; a constant where one is unknown or zero."""
    own = column if row is None else row
    known = np.isfinite(own)[:, None] & np.isfinite(column)[None, :]
    apart = np.subtract.outer(np.nan_to_num(own, neginf=0.0), np.nan_to_num(column, neginf=0.0))
    result: FloatArray = np.where(known, np.exp(-0.5 * (apart / width) ** 2), _UNKNOWN_APART)
    return result


def _price_closeness(prices: Sequence[float | None], recent: BoolArray) -> FloatArray:
    """Closeness in price, each own price taken for no lower than the lowest it is compared with.

    Below that nobody has seen what a price says of quality: carried on, the bell would make of a
    lower price a worse model, and of a cheaper release a smaller threat. Free is the lowest price.
    """
    asked = _logs(prices)
    compared = np.where(recent & np.isfinite(asked)[None, :], asked[None, :], math.inf)
    lowest = compared.min(axis=1, initial=math.inf)
    own = np.where(np.isfinite(lowest), np.maximum(asked, lowest), asked)
    return _closeness(asked, _PRICE_WIDTH, row=own)


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Each model's kind, as weights over the others, (models, models), and their ages.

    lean: weight times age less the kind's mean age; spread: the age's variance plus the pull.
    """

    enough: BoolArray
    weight: FloatArray
    mean_age: FloatArray
    lean: FloatArray
    spread: FloatArray

    @staticmethod
    def of(releases: Sequence[ModelRelease], scored: BoolArray) -> _Kinds:
        likeness = _likeness(releases, scored)
        weight = likeness / np.maximum(likeness.sum(axis=1), 1e-300)[:, None]
        age = _ages(releases)
        mean_age = (weight * age).sum(axis=1)
        lean = weight * (age - mean_age[:, None])
        spread = (lean * (age - mean_age[:, None])).sum(axis=1) + _TREND_PULL
        enough = np.asarray((likeness > 0).sum(axis=1) >= _LEAST_IN_KIND)
        return _Kinds(enough, weight, mean_age, lean, spread)

    def centres(self, mean: FloatArray, default: float) -> FloatArray:
        """The kind's mean quality at each model's own day, carried on by the year's trend."""
        slope = np.maximum(-(self.lean @ mean) / self.spread, 0.0)  # lean sums to 0 in each row
        carried = self.weight @ mean + slope * self.mean_age
        result: FloatArray = np.where(self.enough, carried, default)
        return result
