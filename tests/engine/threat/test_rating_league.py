"""The league table of real releases, each rated on its own day: it must make sense to an expert."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from time import process_time

import numpy as np
import pytest

from engine.service.reference import read_world
from engine.threat.feasibility import Kind
from engine.threat.rating import at_instant, rate, rate_all
from engine.threat.whatif import in_scenario, parse_whatif, planned
from engine.values import ThreatRating
from tests.engine.threat.threat_world import draws, end_of, facts, params

LAST = end_of("2025-09-30")


@lru_cache
def league() -> dict[str, ThreatRating]:
    world = facts(LAST)
    return {r.model: r for r in rate_all(world.releases, world, params())}


def score(model: str) -> float:
    return league()[model].score


def test_r1_is_on_top_and_by_far() -> None:
    chinese = {r.model for r in facts(LAST).releases if not r.is_comparison}
    ranked = sorted((r for r in league().values() if r.model in chinese), key=lambda r: -r.score)
    assert ranked[0].model == "DeepSeek-R1"
    assert ranked[0].score > 2 * ranked[1].score
    assert ranked[1].model == "DeepSeek-V3"


@pytest.mark.parametrize(
    "repeat",
    ["DeepSeek-R1-0528", "Kimi K2", "GLM-4.5", "MiniMax-M1", "Qwen3-235B-A22B", "DeepSeek-V3.1"],
)
def test_r1_outranks_releases_that_repeat_it(repeat: str) -> None:
    assert score(repeat) < 0.4 * score("DeepSeek-R1")


def test_most_releases_are_small_ones() -> None:
    """58 sessions with a Chinese release showed no drift of the share: most prove nothing new."""
    scores = [r.score for r in league().values()]
    assert np.median(scores) < 5


def test_the_whole_range_is_rated_within_three_cpu_seconds() -> None:
    world = facts(end_of("2026-08-26"))
    started = process_time()
    ratings = rate_all(world.releases, world, params())
    spent = process_time() - started
    assert len(ratings) > 130
    assert spent < 3.0


def test_rating_does_not_depend_on_what_came_later() -> None:
    """Truncation: the league known in March 2025 is the same bits seen from later."""
    early = facts(end_of("2025-03-01"))
    for rating in rate_all(early.releases, early, params()):
        assert rating == league()[rating.model]


def test_a_rating_alone_equals_the_one_in_the_league() -> None:
    world = facts(LAST)
    release = next(r for r in world.releases if r.model == "DeepSeek-R1")
    assert rate(release, at_instant(world, release.known_at), params()) == league()["DeepSeek-R1"]


def test_without_the_failed_r2_run_v31_would_rate_higher() -> None:
    world = facts(end_of("2025-08-22"))
    release = next(r for r in world.releases if r.model == "DeepSeek-V3.1")
    clean = replace(
        world, evidence=tuple(e for e in world.evidence if e.kind is not Kind.TRAINING_FAILURE)
    )
    with_run = rate(release, world, params(), drawn=draws())
    without = rate(release, clean, params(), drawn=draws())
    assert with_run.score < without.score
    assert with_run.channel_usd_bn["setbacks"] > without.channel_usd_bn["setbacks"]


def test_v31_says_that_its_scale_format_proves_nothing() -> None:
    rating = league()["DeepSeek-V3.1"]
    assert "UE8M0" in rating.reasons
    assert rating.channel_usd_bn["substitution"] == 0.0
    counted = next(e for e in rating.evidence if "UE8M0" in e.text)
    assert counted.confidence == 0.0


STRONG = """
[release]
model = "V3.1 on Ascend"
lab = "DeepSeek"
released_on = 2025-08-22
known_at = 2025-08-22T11:00:00Z
total_params_b = 671
active_params_b = 37
open_weights = true
weight_precision = "fp8-ue8m0"
price_input_usd_per_mtok = 0.27
price_output_usd_per_mtok = 1.10
gpqa_diamond_pct = 80.1
mmlu_pro_pct = 84.8
swe_bench_verified_pct = 66.0
aime_pct = 88.4
aime_year = 2025
hardware_named = "16,384 Huawei Ascend 910C"
inference_domestic = true
confidence = 0.9
"""
SCENARIO = '[scenario]\nchina_sales = "banned"\ndomestic_supply_units = 5_000_000\n'


def test_v31_trained_on_ascend_with_supply_under_a_ban_scores_above_sixty() -> None:
    plan = parse_whatif(STRONG + SCENARIO)
    world = read_world(end_of("2025-08-22"), planned=(plan.release,))
    alone = rate(planned(plan), world, params(), drawn=draws())
    strong = rate(planned(plan), in_scenario(world, plan), params(), drawn=draws())
    assert strong.score > 60
    assert strong.score > 4 * alone.score
    assert strong.p_loss_over_5pct > 0.5
    assert score("DeepSeek-V3.1") < alone.score
