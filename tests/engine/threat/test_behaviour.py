"""What must hold of every rating: nothing dropped moves it far, more is never less."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from engine.threat.catalogue import first_versions
from engine.threat.parameters import Sample, sample
from engine.threat.rating import at_instant, rate
from engine.threat.supply import run_rate_usd_bn
from engine.threat.world import World
from engine.values import ModelRelease, ThreatRating
from tests.engine.threat.threat_world import (
    DAY,
    drawn,
    end_of,
    facts,
    frontier_model,
    params,
    release,
    share,
    spell,
    world,
)

SCORES = ("gpqa_diamond_pct", "mmlu_pro_pct", "swe_bench_verified_pct", "aime_pct", "lmarena_elo")
FIELDS: dict[str, tuple[str, ...]] = {
    "price": ("price_input_usd_per_mtok", "price_output_usd_per_mtok"),
    "scores": SCORES,
    "sizes": ("total_params_b", "active_params_b"),
    "context": ("context_k",),
    "licence": ("license",),
}


def chinese() -> list[ModelRelease]:
    """Releases that can be rated, of the frozen years and of the unseen one."""
    known = first_versions(facts(end_of("2026-09-30")).releases)
    return [r for r in known if not r.is_comparison]


def rated(new: ModelRelease, around: World | None = None) -> ThreatRating:
    return rate(new, around or world(), params(), drawn=drawn())


def on_its_day(new: ModelRelease) -> World:
    return at_instant(facts(end_of("2026-09-30")), new.known_at)


# --- dropping what is known ---


@pytest.mark.parametrize("dropped", FIELDS, ids=str)
def test_dropping_a_field_widens_every_rating_and_moves_it_by_half_of_that_at_most(
    dropped: str,
) -> None:
    """The year's revenue, the score and the value of three years alike."""
    tried, told = 0, []
    for new in chinese():
        gone = dict.fromkeys(FIELDS[dropped])
        if all(getattr(new, name) is None for name in gone):
            continue
        around = on_its_day(new)
        if run_rate_usd_bn(around.earnings) is None:
            continue
        tried += 1
        less = replace(new, **gone)
        for sampled in (drawn(), many()):  # few draws first, enough where they seem to tell
            moved = _moved(*(rate(r, around, params(), drawn=sampled) for r in (new, less)))
            wrong = [
                (new.model, what, wider, shift)
                for what, (wider, shift) in moved.items()
                if not (wider > 0 and shift <= 0.5 * wider)
            ]
            if not wrong:
                break
        told += wrong
    assert tried >= 25
    assert told == []


@lru_cache
def many() -> Sample:
    return sample(params(), draws=8192)


def _moved(full: ThreatRating, less: ThreatRating) -> dict[str, tuple[float, float]]:
    """What is rated -> (widening of its interval, shift of its centre) from full to less."""
    return {
        "year": (_width(less) - _width(full), abs(less.loss_share - full.loss_share)),
        "score": (
            (less.score_high - less.score_low) - (full.score_high - full.score_low),
            abs(less.score - full.score),
        ),
        "value": (
            (less.value_high_usd_bn - less.value_low_usd_bn)
            - (full.value_high_usd_bn - full.value_low_usd_bn),
            abs(less.value_loss_usd_bn - full.value_loss_usd_bn),
        ),
    }


def _width(rating: ThreatRating) -> float:
    return rating.net_high_share - rating.net_low_share


def test_dropping_a_proof_tends_to_the_rating_without_any() -> None:
    whole = release(hardware_named="Ascend 910C")
    parts = [replace(whole, confidence=c) for c in (1.0, 0.5, 0.1, 0.01)]
    found = [rated(p).channels["substitution"] for p in parts]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.1 * found[0]
    assert rated(release()).channels["substitution"] == 0.0


# --- more is never less, over the whole range ---


def rising(found: list[float], slack: float = 0.0) -> None:
    """Each at least the one before, up to the noise of the draws, and the last above the first."""
    assert all(b >= a - slack for a, b in pairwise(found)), found
    assert found[-1] > found[0]


@pytest.mark.parametrize("hardware", [None, "20,000 Huawei Ascend 910C"])
def test_cheaper_is_never_a_smaller_threat(hardware: str | None) -> None:
    prices = np.geomspace(30.0, 0.01, 14)
    found = [
        rated(
            release(
                price_input_usd_per_mtok=p / 4, price_output_usd_per_mtok=p, hardware_named=hardware
            )
        ).score
        for p in prices
    ]
    rising(found, slack=0.02)


@pytest.mark.parametrize("model", ["DeepSeek-R1", "DeepSeek-V3", "Kimi K2", "DeepSeek-V4-Pro"])
def test_real_releases_threaten_more_when_cheaper(model: str) -> None:
    new = next(r for r in chinese() if r.model == model)
    around = on_its_day(new)
    price_in, price_out = new.price_input_usd_per_mtok or 0.0, new.price_output_usd_per_mtok or 0.0
    found = [
        rated(
            replace(
                new, price_input_usd_per_mtok=price_in * f, price_output_usd_per_mtok=price_out * f
            ),
            around,
        ).score
        for f in (10, 3, 1, 0.3, 0.1, 0.03, 0.01)
    ]
    rising(found, slack=0.1)


def test_better_is_never_a_smaller_threat() -> None:
    def card(step: float) -> ModelRelease:
        def raised(pct: float) -> float:
            odds = np.log(pct / (100 - pct)) + step
            return float(100 / (1 + np.exp(-odds)))

        return release(
            gpqa_diamond_pct=raised(60), mmlu_pro_pct=raised(75),
            swe_bench_verified_pct=raised(45), aime_pct=raised(60),
        )  # fmt: skip

    rising([rated(card(step)).score for step in np.linspace(-1.5, 2.5, 11)], slack=0.02)


def test_more_open_is_never_a_smaller_threat() -> None:
    rising([rated(release(open_weights=flag)).score for flag in (False, None, True)])


@pytest.mark.parametrize("given", [{}, {"setback": "missed its window"}])
def test_more_home_grown_supply_is_never_a_smaller_threat(given: dict[str, str]) -> None:
    new = release(hardware_named="Ascend 910C", **given)
    rising([rated(new, world(shares=(share(s),))).score for s in (0.01, 0.1, 0.3, 0.5, 0.8, 0.99)])


def test_no_real_release_gains_from_more_home_grown_supply() -> None:
    for model in ("DeepSeek-V3.1", "DeepSeek-V4-Pro", "LongCat-2.0", "GLM-5"):
        new = next(r for r in chinese() if r.model == model)
        around = on_its_day(new)
        found = [
            rated(
                new,
                replace(
                    around,
                    shares=tuple(replace(c, share=min(0.97, c.share * f)) for c in around.shares),
                ),
            ).score
            for f in (0.25, 0.5, 1.0, 1.5, 2.0)
        ]
        assert all(b >= a - 1e-9 for a, b in pairwise(found)), (model, found)


def test_the_wider_the_gate_the_more_there_is_to_lose() -> None:
    new = release(hardware_named="Ascend 910C")
    states = [("barred", "accepted"), ("licence", "discouraged"), ("allowed", "accepted")]
    rising([rated(new, world(availability=(spell(*s),))).score for s in states])


def test_surer_proof_is_never_a_smaller_threat() -> None:
    words = ["", "press: Ascend, unconfirmed", "part on Ascend", "Ascend 910C"]
    rising([rated(release(hardware_named=w or None)).score for w in words])


# --- the same again ---


@pytest.mark.parametrize("lab", ["Lab", "Other"])
def test_a_second_copy_next_day_is_near_nothing(lab: str) -> None:
    first = release("First", hardware_named="Ascend 910C", inference_domestic=True,
                    price_input_usd_per_mtok=0.1, price_output_usd_per_mtok=0.4)  # fmt: skip
    tomorrow = DAY + timedelta(days=1)
    copy = replace(first, model="Copy", lab=lab, known_at=tomorrow, hardware_named=None,
                   inference_domestic=None)  # fmt: skip
    around = world(first, at=tomorrow)
    assert rated(copy, around).score < 0.12 * rated(first).score


def test_r1_copied_next_day_is_near_nothing() -> None:
    new = next(r for r in chinese() if r.model == "DeepSeek-R1")
    later = new.known_at + timedelta(days=1)
    copy = replace(new, model="R1 again", lab="Elsewhere", known_at=later)
    around = at_instant(facts(end_of("2026-09-30")), later)
    assert rated(copy, around).score < 0.12 * rated(new, on_its_day(new)).score


def test_a_date_wrong_by_a_week_does_not_decide() -> None:
    new = next(r for r in chinese() if r.model == "DeepSeek-R1")
    later = new.known_at + timedelta(days=7)
    others = facts(end_of("2026-09-30"))
    others = replace(others, releases=tuple(r for r in others.releases if r.model != new.model))
    late = rated(replace(new, known_at=later), at_instant(others, later))
    assert late.score > 0.7 * rated(new, on_its_day(new)).score


# --- what is dated later ---


def test_parameters_dated_after_the_day_change_nothing() -> None:
    day = date(2025, 1, 20)
    uncertain = params().uncertain
    early = uncertain.model_copy(
        update={
            name: figure.model_copy(
                update={"evidence": tuple(e for e in figure.evidence if e.known_on <= day)}
            )
            for name, figure in uncertain.items()
        }
    )
    then = params().model_copy(
        update={
            "uncertain": early,
            "policy_mix": tuple(m for m in params().policy_mix if m.known_on <= day),
        }
    )
    new = next(r for r in chinese() if r.model == "DeepSeek-R1")
    around = on_its_day(new)
    assert rate(new, around, then, draws=512) == rate(new, around, params(), draws=512)


def test_learning_less_widens_and_does_not_raise() -> None:
    """The old score rose with the spread of elasticity alone; the centre does not."""
    figure = params().uncertain.elasticity
    found = []
    for half in (0.05, 0.3, 0.6):
        wide = figure.prior.model_copy(update={"low": 1 - half, "mode": 1.0, "high": 1 + half})
        changed = params().model_copy(
            update={
                "uncertain": params().uncertain.model_copy(
                    update={"elasticity": figure.model_copy(update={"prior": wide, "evidence": ()})}
                )
            }
        )
        cheap = release(price_input_usd_per_mtok=0.05, price_output_usd_per_mtok=0.2)
        found.append(rate(cheap, world(releases=(frontier_model(),)), changed, draws=2048))
    widths = [_width(r) for r in found]
    assert widths == sorted(widths)
    assert max(r.loss_share for r in found) < 1.15 * min(r.loss_share for r in found)
