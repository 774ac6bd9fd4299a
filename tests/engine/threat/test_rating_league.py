"""The league of real releases, each rated on its own day: it must make sense to an expert."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from time import process_time

import numpy as np
import pytest

from config.settings import PACKAGED
from engine.decision.events import known_events
from engine.decision.ratings import world_from, world_then
from engine.record.history import History
from engine.service import bind, wiring
from engine.threat.catalogue import first_versions
from engine.threat.rating import at_instant, rate, rate_all
from engine.values import ModelRelease, ThreatRating
from tests.engine.threat.threat_world import drawn, end_of, facts, params, rated, record

FROZEN, LAST = end_of("2025-09-30"), end_of("2026-09-30")


@lru_cache
def league() -> dict[str, ThreatRating]:
    return {r.model: r for r in rated(LAST)}


def chinese(day: str) -> list[ThreatRating]:
    """Rateable Chinese releases known by the end of ``day``, the largest first."""
    names = {r.model for r in facts(LAST).releases if not r.is_comparison}
    known = [r for r in league().values() if r.model in names and r.rated_at <= end_of(day)]
    return sorted((r for r in known if r.rateable), key=lambda r: -r.score)


def test_r1_is_the_largest_before_the_freeze() -> None:
    ranked = chinese("2025-09-30")
    assert ranked[0].model == "DeepSeek-R1"
    assert 0.005 <= ranked[0].loss_share <= 0.03


def test_the_first_sovereign_frontier_model_is_the_largest_substitution_on_record() -> None:
    parts = {r.model: r.channels["substitution"] for r in chinese("2026-09-30")}
    longcat = parts.pop("LongCat-2.0")
    assert longcat > 2 * max(parts.values())
    assert league()["LongCat-2.0"].loss_share > 0.002


@pytest.mark.parametrize(
    "repeat",
    ["DeepSeek-R1-0528", "Kimi K2", "GLM-4.5", "MiniMax-M1", "Qwen3-235B-A22B", "DeepSeek-V3.1"],
)
def test_r1_outranks_releases_that_repeat_it(repeat: str) -> None:
    assert league()[repeat].score < 0.4 * league()["DeepSeek-R1"].score


def test_no_interval_is_narrower_than_the_residual() -> None:
    """The residual's own 5 to 95 % interval: triangular, deviation ``doubt.residual``."""
    half = np.sqrt(6) * (1 - np.sqrt(0.1)) * params().doubt.residual
    for rating in league().values():
        assert rating.net_high_share - rating.net_low_share > 1.99 * half, rating.model
        assert rating.score_low < rating.score < rating.score_high


@pytest.mark.slow
def test_all_catalogued_releases_are_rated_within_three_cpu_seconds() -> None:
    world = facts(LAST)
    releases = first_versions(world.releases)
    spent = []
    for _ in range(3):
        started = process_time()
        ratings = rate_all(releases, world, params())
        spent.append(process_time() - started)
        assert len(ratings) == len(releases) > 190
        if spent[-1] < 3.0:
            break
    assert min(spent) < 3.0  # a busy neighbour costs processor time too


def test_rating_does_not_depend_on_what_came_later() -> None:
    """Truncation: the league known in March 2025 is the same bits seen from later."""
    for rating in rated(end_of("2025-03-01")):
        assert rating == league()[rating.model]


def test_a_rating_alone_equals_the_one_in_the_league() -> None:
    world = facts(LAST)
    release = next(r for r in world.releases if r.model == "DeepSeek-R1")
    around = world_then(world, record(), release.known_at, [release])
    assert rate(release, around, params()) == league()["DeepSeek-R1"]


def test_v31_says_that_its_scale_format_proves_nothing() -> None:
    rating = league()["DeepSeek-V3.1"]
    assert "UE8M0" in rating.reasons
    assert rating.channel_usd_bn["substitution"] == 0.0
    counted = next(e for e in rating.evidence if "UE8M0" in e.text)
    assert counted.confidence == 0.0


def test_the_failed_r2_run_is_no_part_of_any_release() -> None:
    world = facts(end_of("2025-08-22"))
    release = next(r for r in world.releases if r.model == "DeepSeek-V3.1")
    clean = replace(world, proofs=tuple(p for p in world.proofs if p.outcome.value != "failure"))
    assert rate(release, world, params(), drawn=drawn()).score == pytest.approx(
        rate(release, clean, params(), drawn=drawn()).score, abs=1e-9
    )


# --- the hypothetical that an investor fears ---

SOVEREIGN = """
[release]
model = "Sovereign-1"
lab = "DeepSeek"
released_on = 2025-08-22
known_at = 2025-08-22T11:00:00Z
total_params_b = 1200
active_params_b = 40
open_weights = true
weight_precision = "fp8"
price_input_usd_per_mtok = 0.125
price_output_usd_per_mtok = 1.0
gpqa_diamond_pct = 85.7
mmlu_pro_pct = 87.0
swe_bench_verified_pct = 74.9
aime_pct = 94.6
aime_year = 2025
hardware_named = "20,000 Huawei Ascend 950"
inference_domestic = true
confidence = 1.0
[scenario]
china_sales = "{sales}"
domestic_supply_units = {units}
"""


def sovereign(sales: str = "unchanged", units: int = 5_000_000) -> ThreatRating:
    """As ``nvsignal whatif`` makes it: facts known at the evening of 2025-08-22."""
    at = end_of("2025-08-22")
    around = wiring.world_of(record(), bind.load(PACKAGED), at)
    text = SOVEREIGN.format(sales=sales, units=units)
    assumed, name = wiring.hypothesis(text, "sovereign.toml", around)
    history = History([*around.history, *assumed])
    world = at_instant(world_from(history, at, known_events(history, at)), at)
    new = next(r for r in world.releases if r.model == name)
    return rate(new, world, params(), drawn=drawn())


def test_a_sovereign_frontier_model_is_the_largest_on_record_and_clearly_above_r1() -> None:
    rating = sovereign()
    assert rating.score > 2.5 * league()["DeepSeek-R1"].score
    assert rating.score > max(r.score for r in league().values()) + 20
    assert rating.value_low_usd_bn > league()["DeepSeek-R1"].value_loss_usd_bn


def test_under_a_bar_only_the_increment_counts() -> None:
    banned, unchanged, free = (sovereign(sales) for sales in ("banned", "unchanged", "free"))
    assert banned.loss_share < unchanged.loss_share < free.loss_share
    assert banned.score > league()["DeepSeek-R1"].score  # the option on an open market goes too


def test_it_grows_with_supply_over_its_whole_range() -> None:
    found = [sovereign(units=u).score for u in (0, 100_000, 600_000, 3_000_000, 20_000_000)]
    assert found == sorted(found)


LANDMARK = ModelRelease(
    model="Landmark", lab="Meituan", country="CN", released_on=end_of("2026-06-30").date(),
    known_at=end_of("2026-06-30"), total_params_b=1600.0, active_params_b=48.0, open_weights=True,
    weight_precision="fp8", confidence=0.9, price_input_usd_per_mtok=0.30,
    price_output_usd_per_mtok=1.20, gpqa_diamond_pct=88.9, inference_domestic=True,
)  # fmt: skip


@pytest.mark.parametrize(
    "words",
    ["50,000 AI ASIC superpods", "50,000 Ascend 910C", "Ascend 910C, no H100 used",
     "without Nvidia, on Ascend"],
)  # fmt: skip
def test_the_same_proof_in_other_words_rates_the_same(words: str) -> None:
    world = facts(end_of("2026-06-30"))
    world = replace(
        world,
        releases=tuple(r for r in world.releases if not r.model.startswith("LongCat-2")),
        proofs=tuple(p for p in world.proofs if "LongCat" not in p.obj),
    )
    named = replace(LANDMARK, hardware_named=words)
    plain = rate(replace(LANDMARK, hardware_named="2,048 H800"), world, params(), drawn=drawn())
    rating = rate(named, world, params(), drawn=drawn())
    reference = rate(replace(LANDMARK, hardware_named="Ascend"), world, params(), drawn=drawn())
    assert rating.score == pytest.approx(reference.score, rel=0.15)
    assert rating.score > plain.score + 5
