"""The common quality scale: anchored, shrunk, honest about what was not measured."""

from __future__ import annotations

import math

import numpy as np
import pytest

from config.threat import BENCHMARK_NAMES
from engine.threat.catalogue import latest_by
from engine.threat.novelty import undecided
from engine.threat.quality import fit_quality, logit_pct, readings
from engine.values import ModelRelease
from tests.engine.threat.threat_world import end_of, facts, params, release

NONE = {"gpqa_diamond_pct": None, "mmlu_pro_pct": None, "swe_bench_verified_pct": None}


def known(day: str) -> dict[str, float]:
    at = end_of(day)
    releases = latest_by(facts(at).releases, at)
    qualities = fit_quality(releases, params())
    return {r.model: q.mean for r, q in zip(releases, qualities, strict=True)}


def test_quality_zero_is_half_of_gpqa_diamond() -> None:
    assert logit_pct(50.0) == 0.0
    assert logit_pct(73.10585786) == pytest.approx(1.0)
    assert math.isfinite(logit_pct(0.0))
    assert math.isfinite(logit_pct(100.0))


def test_order_known_in_january_2025_is_the_order_of_the_models() -> None:
    quality = known("2025-01-21")  # R1 came on the 20th, and the record knew it a lag later
    ladder = ("DeepSeek-V2.5", "GPT-4o", "Claude 3.5 Sonnet (new)", "DeepSeek-V3", "DeepSeek-R1")
    assert [quality[m] for m in ladder] == sorted(quality[m] for m in ladder)
    assert quality["DeepSeek-R1"] == pytest.approx(quality["o1"], abs=0.15)
    assert quality["DeepSeek-R1"] - quality["GPT-4o"] > 0.5


def test_fit_reaches_the_posterior_mode_that_an_optimiser_finds() -> None:
    """Oracle: the joint log posterior written down term by term, minimised by scipy."""
    from scipy.optimize import minimize

    given = [(50.0, 70.0, 40.0), (60.0, 76.0, 45.0), (72.0, 84.0, 50.0), (80.0, None, 66.0)]
    given += [(75.0, 80.0, 55.0)]
    releases = [
        release(
            f"m{i}", i, gpqa_diamond_pct=g, mmlu_pro_pct=m, swe_bench_verified_pct=s, aime_pct=None
        )
        for i, (g, m, s) in enumerate(given)
    ]
    p = params()
    ours = [q.mean for q in fit_quality(releases, p)]
    priors = {name: p.benchmarks[name] for name in BENCHMARK_NAMES}
    first = _kind_means(releases)

    def cost(x: np.ndarray) -> float:
        q, a, s = x[:5], x[5:11], x[11:17]
        total = sum((q[i] - first[i]) ** 2 / p.quality.prior_sd**2 for i in range(5))
        for j, name in enumerate(BENCHMARK_NAMES):
            b = priors[name]
            total += ((a[j] - b.intercept) / b.sd_intercept) ** 2
            total += ((s[j] - b.slope) / b.sd_slope) ** 2
        for i, r in enumerate(releases):
            for name, y in readings(r).items():
                j = BENCHMARK_NAMES.index(name)
                total += ((y - a[j] - s[j] * q[i]) / priors[name].noise) ** 2
        return float(total)

    start = [*ours]
    start += [priors[n].intercept for n in BENCHMARK_NAMES]
    start += [priors[n].slope for n in BENCHMARK_NAMES]
    found = minimize(cost, np.array(start), method="BFGS", options={"gtol": 1e-7})
    assert ours == pytest.approx(list(found.x[:5]), abs=5e-3)


def _kind_means(releases: list[ModelRelease]) -> list[float]:
    """The prior centres, written as loops: the year's models before, weighted, on their trend."""
    p = params()
    passed = []
    for r in releases:
        weight, value = p.quality.prior_sd**-2, p.quality.prior_mean * p.quality.prior_sd**-2
        for name, y in readings(r).items():
            b = p.benchmarks[name]
            w = (b.slope / b.noise) ** 2
            weight, value = weight + w, value + w * (y - b.intercept) / b.slope
        passed.append(value / weight)
    return [_kind_mean(i, releases, passed, p.quality.prior_mean) for i in range(len(passed))]


def _kind_mean(i: int, releases: list[ModelRelease], passed: list[float], default: float) -> float:
    me, ages, weights, values = releases[i], [], [], []
    for j, other in enumerate(releases):
        age = (me.released_on - other.released_on).days / 365.25
        if j == i or not 0 <= age <= 365 / 365.25:
            continue
        weight = 3.0 if other.lab == me.lab else 1.0
        weight *= 1.0 if bool(other.open_weights) == bool(me.open_weights) else 0.4
        ages.append(age)
        weights.append(weight)  # sizes and prices of these cards are equal
        values.append(passed[j])
    if len(ages) < 3:
        return default
    total = sum(weights)
    mean_age = sum(w * a for w, a in zip(weights, ages, strict=True)) / total
    mean = sum(w * v for w, v in zip(weights, values, strict=True)) / total
    leaning = [w * (a - mean_age) / total for w, a in zip(weights, ages, strict=True)]
    slope = -sum(x * v for x, v in zip(leaning, values, strict=True))
    slope /= sum(x * (a - mean_age) for x, a in zip(leaning, ages, strict=True)) + 0.25
    return mean + max(slope, 0.0) * mean_age


def test_each_further_benchmark_narrows_the_doubt() -> None:
    cards = [
        release("a", aime_pct=None, **NONE),
        release("b", aime_pct=None, **{**NONE, "gpqa_diamond_pct": 80.0}),
        release("c", aime_pct=None, **{**NONE, "gpqa_diamond_pct": 80.0, "mmlu_pro_pct": 84.0}),
        release("d"),
    ]
    qualities = fit_quality(cards, params())
    assert [q.n_scores for q in qualities] == [0, 1, 2, 4]
    doubts = [undecided(q, params().quality.settled_sd) for q in qualities]
    assert doubts == sorted(doubts, reverse=True)
    assert doubts[-1] == 0.0
    assert qualities[0].sd == params().quality.unscored_sd


def test_a_higher_score_is_never_a_lower_quality() -> None:
    low, high = release("a", gpqa_diamond_pct=60.0), release("b", gpqa_diamond_pct=61.0)
    a, b = fit_quality([low, high], params())
    assert b.mean > a.mean


def test_aime_years_are_two_benchmarks() -> None:
    old = release("a", aime_year=2024, aime_pct=80.0)
    assert "aime_2024" in readings(old)
    assert "aime_2025" in readings(release("b", aime_year=2025, aime_pct=80.0))


def test_nothing_to_fit_is_an_empty_answer() -> None:
    assert fit_quality((), params()) == ()


def test_without_scores_a_model_sits_on_its_kind_and_not_below_it() -> None:
    before = [release(f"m{i}", i - 40, gpqa_diamond_pct=70.0 + i) for i in range(4)]
    blank = dict.fromkeys((*NONE, "aime_pct"))
    scored, unscored = release("a"), release("b", **blank)
    qualities = fit_quality([*before, unscored], params())
    kind = [q.mean for q in qualities[:4]]
    assert min(kind) - 0.1 <= qualities[-1].mean <= max(kind) + 0.3
    assert qualities[-1].sd > fit_quality([*before, scored], params())[-1].sd


def test_a_price_lower_than_any_seen_says_no_more_of_quality() -> None:
    """Cheaper than the cheapest of its kind, and free, is no worse a model than the cheapest."""
    before = [
        release(f"m{i}", i - 40, gpqa_diamond_pct=50.0 + 10 * i, price_output_usd_per_mtok=2.0**i)
        for i in range(4)
    ]
    blank = dict.fromkeys((*NONE, "aime_pct"))

    def quality(price: float | None) -> float:
        new = release("new", price_output_usd_per_mtok=price, **blank)
        return fit_quality([*before, new], params())[-1].mean

    assert quality(8.0) > quality(1.0) + 0.05
    assert quality(0.1) == quality(0.001) == quality(0.0) == quality(1.0)


def test_unknown_openness_lies_between_open_and_closed() -> None:
    before = [
        release(f"m{i}", i - 40, gpqa_diamond_pct=80.0 - 25 * (i % 2), open_weights=i % 2 == 1)
        for i in range(6)
    ]
    blank = dict.fromkeys((*NONE, "aime_pct"))
    closed, unknown, opened = (
        fit_quality([*before, release("new", open_weights=flag, **blank)], params())[-1].mean
        for flag in (False, None, True)
    )
    assert closed > unknown > opened
