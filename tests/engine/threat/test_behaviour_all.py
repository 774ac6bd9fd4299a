"""What must hold of every release on record, and of the largest that can be thought of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from engine.threat.catalogue import first_versions
from engine.threat.channels import serveable, substitution
from engine.threat.evidence import Feasibility, read_hardware
from engine.threat.parameters import Sample, sample
from engine.threat.rating import case_of, rate, setting_of, stake_in
from engine.threat.supply import run_rate_usd_bn
from engine.threat.world import World
from engine.values import ModelRelease, ThreatRating
from tests.engine.threat.test_behaviour import SCORES, many, on_its_day
from tests.engine.threat.threat_world import (
    draws,
    end_of,
    facts,
    params,
    release,
    supply,
    world,
)

SLACK = 0.1
"""Score points that the median over 8,192 draws may waver by."""
NOISE = 0.25
"""Points that the noise of comparing two cards leaves to a release that brings nothing new: the
median of a step that cannot fall below nothing."""
FEW: Sample = sample(params(), draws=512)


def rated(new: ModelRelease, around: World, drawn: Sample = FEW) -> ThreatRating:
    return rate(new, around, params(), drawn=drawn)


def falls(versions: Sequence[tuple[ModelRelease, World]]) -> list[float]:
    """The scores along ``versions`` if they fall somewhere by more than ``SLACK``, else none.

    Few draws first; where these fall, enough draws to tell a fall from luck.
    """
    for drawn in (FEW, many()):
        scores = [rated(new, around, drawn).score for new, around in versions]
        if all(b >= a - SLACK for a, b in pairwise(scores)):
            return []
    return scores


def cases(*, comparisons: bool = False) -> list[tuple[ModelRelease, World]]:
    """Every release that can be rated, each in the world of its day; or those compared with."""
    known = first_versions(facts(end_of("2026-09-30")).releases)
    found = ((new, on_its_day(new)) for new in known if new.is_comparison is comparisons)
    return [(n, w) for n, w in found if run_rate_usd_bn(w.earnings) is not None]


CASES = cases()


# --- more is never less ---


def cheaper(new: ModelRelease) -> list[ModelRelease]:
    """Thirty times its price to a hundredth, and free."""
    prices = new.price_input_usd_per_mtok, new.price_output_usd_per_mtok
    if None in prices:
        return []
    low, high = (p or 0.0 for p in prices)
    return [
        replace(new, price_input_usd_per_mtok=low * f, price_output_usd_per_mtok=high * f)
        for f in (30.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.0)
    ]


def better(new: ModelRelease) -> list[ModelRelease]:
    """All known scores together, by up to two logits either way."""

    def raised(name: str, step: float) -> float | None:
        held = getattr(new, name)
        if held is None:
            return None
        if name == "lmarena_elo":
            return float(held + 100.0 * step)
        odds = np.log(min(held, 99.0) / (100.0 - min(held, 99.0)))
        return float(100.0 / (1.0 + np.exp(-odds - step)))

    if all(getattr(new, name) is None for name in SCORES):
        return []
    steps = (-2.0, -1.0, 0.0, 1.0, 2.0)
    return [replace(new, **{n: raised(n, s) for n in SCORES}) for s in steps]


def opener(new: ModelRelease) -> list[ModelRelease]:
    return [replace(new, open_weights=flag) for flag in (False, None, True)]


@pytest.mark.parametrize(
    ("versions", "least"),
    [(cheaper, 80), (better, 60), (opener, 110)],
    ids=("cheaper", "better", "opener"),
)
def test_no_release_threatens_less_when_cheaper_better_or_more_open(
    versions: Callable[[ModelRelease], list[ModelRelease]], least: int
) -> None:
    made = [[(version, around) for version in versions(new)] for new, around in CASES]

    assert sum(len(steps) > 1 for steps in made) >= least
    assert [(steps[0][0].model, told) for steps in made if (told := falls(steps))] == []


def test_no_release_threatens_less_with_more_home_grown_supply() -> None:
    for new, around in CASES:
        counts = [
            (new, replace(around, shares=tuple(replace(c, share=share) for c in around.shares)))
            for share in (0.02, 0.5, 0.98)
        ]
        assert falls(counts) == [], new.model


@pytest.mark.parametrize("model", [None, "Pangu Ultra MoE", "DeepSeek-R1", "LongCat-2.0"])
@pytest.mark.parametrize("stage", ["training", "inference"])
def test_more_feasible_is_never_a_smaller_loss_from_nought_to_one(
    stage: str, model: str | None
) -> None:
    """Draw by draw: what the proof makes feasible, whatever was feasible before."""
    new, around = release(hardware_named="Ascend 910C"), world()
    if model is not None:
        new, around = next((n, w) for n, w in CASES if n.model == model)
    setting = setting_of(new, around, params())
    stake = stake_in(around, params(), draws(), new.model)
    case = case_of(new, around, params(), setting, stake, draws())
    lost = []
    for share in np.linspace(0.0, 1.0, 21):
        after = replace(case.before, **{stage: np.full(draws().draws, share)})
        lost.append(-substitution(replace(case, after=after), draws()))
        assert np.all(serveable(after, draws()) <= 1.0)
    assert all(np.all(b >= a) for a, b in pairwise(lost))
    assert lost[-1].mean() > lost[0].mean()
    assert isinstance(case.after, Feasibility)


# --- proof ---


def test_without_any_proof_no_release_moves_the_odds() -> None:
    for new, around in CASES:
        bare = replace(
            new, hardware_named=None, inference_domestic=None, setback=None,
        )  # fmt: skip
        assert rated(bare, replace(around, proofs=())).channels["substitution"] == 0.0, new.model


def test_a_proof_less_sure_tends_to_the_rating_without_it() -> None:
    """Every laboratory's own claim that had odds to move; hearsay has a trust of its own."""
    tried = 0
    for new, around in CASES:
        if read_hardware(new.hardware_named or "").hearsay:
            continue
        alone = replace(around, proofs=())
        sure = [replace(new, confidence=c) for c in (1.0, 0.5, 0.1, 0.01)]
        parts = [rated(s, alone).channels["substitution"] for s in sure]
        if parts[0] > 1.0:
            tried += 1
            assert parts == sorted(parts, reverse=True), new.model
            assert parts[-1] < 0.2 * parts[0], new.model
    assert tried >= 3


# --- the same again ---


@pytest.mark.parametrize("lab", [None, "Elsewhere"], ids=("same lab", "another lab"))
def test_a_copy_of_any_release_next_day_is_nothing(lab: str | None) -> None:
    """Whatever is known of it; another laboratory's of unknown size may be another model."""
    tried, told = 0, []
    for new, around in CASES if lab else (*CASES, *cases(comparisons=True)):
        sized = None not in (new.total_params_b, new.active_params_b)
        claims = new.hardware_named or new.inference_domestic
        if lab is not None and claims and not sized:
            continue
        tried += 1
        later = new.known_at + timedelta(days=1)
        copy = replace(new, model="Copy", lab=lab or new.lab, known_at=later)
        after = replace(around, as_of=later, releases=(*around.releases, new))
        for drawn in (FEW, many()):  # few draws first, enough where they seem to tell of news
            first, again = (rated(n, w, drawn).score for n, w in ((new, around), (copy, after)))
            if again < min(1.0, 0.05 * max(first, 0.0) + NOISE):
                break
        else:
            told.append((new.model, first, again))
    assert tried >= (110 if lab else 190)
    assert told == []


def test_a_strangers_model_of_the_same_size_and_proof_is_a_second_proof() -> None:
    """Other scores make it another run, and a second run by another laboratory is news."""
    new, around = next((n, w) for n, w in CASES if n.model == "LongCat-2.0")
    later = new.known_at + timedelta(days=1)
    other = replace(
        new, model="Other", lab="Elsewhere", known_at=later,
        swe_bench_verified_pct=(new.swe_bench_verified_pct or 70.0) - 1.0,
    )  # fmt: skip
    after = replace(around, as_of=later, releases=(*around.releases, new))
    assert rated(other, after).channels["substitution"] > 1.0


# --- the largest that can be thought of ---


SOVEREIGN_AT = end_of("2025-08-22")


def sovereign(**given: Any) -> ModelRelease:
    """Of the class of GPT-5 at a tenth of its price, open, trained and served on Ascend."""
    values: dict[str, Any] = {
        "model": "Sovereign",
        "released_on": date(2025, 8, 22),
        "known_at": SOVEREIGN_AT,
        "total_params_b": 1200.0,
        "active_params_b": 40.0,
        "weight_precision": "fp8",
        "price_input_usd_per_mtok": 0.125,
        "price_output_usd_per_mtok": 1.0,
        "gpqa_diamond_pct": 85.7,
        "mmlu_pro_pct": 87.0,
        "swe_bench_verified_pct": 74.9,
        "aime_pct": 94.6,
        "hardware_named": "20,000 Huawei Ascend 950",
        "inference_domestic": True,
        "confidence": 1.0,
    }
    return release(**{**values, **given})


def of_that_day(us: str | None = None, china: str | None = None) -> World:
    """The evening of 2025-08-22 with ample supply, and one policy for every chip where given."""
    there = on_its_day(sovereign())
    spells = there.availability
    if us is not None:
        told: Any = {"us_permission": us, "china_acceptance": china}
        spells = tuple(replace(s, **told) for s in spells)
    ample = replace(supply(50e6), known_at=SOVEREIGN_AT)
    return replace(there, availability=spells, supply=(*there.supply, ample))


def test_a_sovereign_model_is_the_largest_on_record_and_clearly_above_r1() -> None:
    """At GPT-5's scores (2025-08-07) and a tenth of its 1.25 and 10 USD a million."""
    largest = rated(sovereign(), of_that_day())
    record = {new.model: rated(new, around) for new, around in CASES}

    assert "LongCat-2.0" in record
    for measure in ("score", "loss_share", "value_loss_usd_bn"):
        most = max(getattr(r, measure) for r in record.values())
        assert getattr(largest, measure) > 1.2 * most, measure
    assert largest.score_low > record["DeepSeek-R1"].score
    assert largest.channels["substitution"] > 0.5 * largest.score


def test_with_nvidia_barred_only_what_was_not_lost_yet_can_be_lost() -> None:
    free, barred = of_that_day("allowed", "accepted"), of_that_day("barred", "blocked")
    proof_free, proof_barred = rated(sovereign(), free), rated(sovereign(), barred)
    bare = sovereign(hardware_named=None, inference_domestic=None)

    assert proof_barred.loss_share < 0.6 * proof_free.loss_share
    assert 0 < proof_barred.value_loss_usd_bn < proof_free.value_loss_usd_bn
    assert rated(bare, free).loss_share == rated(bare, barred).loss_share


# --- what is dated later ---


@pytest.mark.parametrize("model", ["Qwen-72B", "DeepSeek-R1", "DeepSeek-V3.1", "LongCat-2.0"])
def test_evidence_dated_after_the_day_may_say_anything(model: str) -> None:
    """Every later row turned to the end of its prior, and every figure given one more."""
    (new, around) = next((n, w) for n, w in CASES if n.model == model)
    day = new.known_at.date()
    turned = {}
    for name, figure in params().uncertain.items():
        extreme = {"low": figure.prior.high, "mode": figure.prior.high, "high": figure.prior.high}
        held = [e for e in figure.evidence if e.known_on <= day]
        later = [e.model_copy(update=extreme) for e in figure.evidence if e.known_on > day]
        turned[name] = figure.model_copy(update={"evidence": (*later, *held)})
    changed = params().model_copy(
        update={"uncertain": params().uncertain.model_copy(update=turned)}
    )

    assert rate(new, around, changed, draws=512) == rate(new, around, params(), draws=512)
