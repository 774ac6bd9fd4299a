"""Proof: read by type, counted once, faded when it should."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from config.settings import PACKAGED
from engine.decision.events import moves_as_news, proof_in
from engine.decision.ratings import PROOF_TYPES, claims_at
from engine.errors import ConfigError
from engine.news.taxonomy import EVENT_TYPES
from engine.tables import read_rows
from engine.threat.evidence import (
    Confirmed,
    Ledger,
    Proof,
    ProofOutcome,
    ProofStage,
    assess,
    attributed,
    closeness,
    family,
    proof_of_event,
    proofs_from_rows,
    proofs_of,
    read_hardware,
    same_run,
)
from engine.values import Event
from engine.values import Stage as NewsStage
from tests.engine.threat.threat_world import DAY, draws, release

T0 = datetime(2025, 1, 1, tzinfo=UTC)


def proof(actor: str = "Lab", obj: str = "Model-1", days: int = 0, **given: object) -> Proof:
    values = {"stage": ProofStage.TRAINING, "trust": 0.8, "closeness": 0.8, **given}
    return Proof(known_at=T0 + timedelta(days=days), actor=actor, obj=obj, **values)  # type: ignore[arg-type]


def odds(*proofs: Proof) -> float:
    return float(assess(Ledger.of(proofs), draws()).training.mean())


# --- names ---


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("DeepSeek-V4-Pro-0813", "DeepSeek-V4 (Flash and Pro)"),
        ("TeleChat3-105B-A4.7B-Thinking", "TeleChat3 series"),
        ("DeepSeek V3.2-Exp", "DeepSeek-V3.2"),
    ],
)
def test_models_of_one_run_are_one_family(one: str, other: str) -> None:
    assert family(one) == family(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("LongCat-2.0", "LongCat-2.5-Preview"),
        ("Pangu Ultra", "Pangu Ultra MoE"),
        ("GLM-5", "GLM-5.1"),
    ],
)
def test_other_runs_are_other_families(one: str, other: str) -> None:
    assert family(one) != family(other)


# --- hardware words ---


@pytest.mark.parametrize(
    ("words", "vendor", "nvidia"),
    [
        ("20,000 Huawei Ascend 950", "Huawei", False),
        ("50,000 AI ASIC superpods", "", False),
        ("domestic accelerators", "", False),
        ("CloudMatrix384", "Huawei", False),
        ("Ascend 910C, no H100 used", "Huawei", False),
        ("without Nvidia, on Ascend", "Huawei", False),
        ("Ascend and H800", "Huawei", True),
        ("not on Ascend", None, False),
        ("2,048 H800", None, True),
        ("mixed lower-spec accelerators", None, False),
        ("", None, False),
    ],
)
def test_hardware_is_read_clause_by_clause(words: str, vendor: str | None, nvidia: bool) -> None:
    found = read_hardware(words)
    assert (found.vendor, found.nvidia) == (vendor, nvidia)


def test_a_release_claims_training_and_serving_apart() -> None:
    both = proofs_of(release(hardware_named="Ascend 910C", inference_domestic=True), 0.9)
    assert [p.stage for p in both] == [ProofStage.TRAINING, ProofStage.SERVING]
    assert proofs_of(release(hardware_named="2,048 H800"), 0.9) == ()


def test_a_number_format_is_no_proof_anywhere() -> None:
    assert proofs_of(release(scale_format="ue8m0"), 1.0) == ()
    headline = "DeepSeek says V3.1's UE8M0 FP8 scale targets the coming generation of Chinese chips"
    assert proof_of_event(row(headline)) is None
    assert not moves_as_news(event(headline))


# --- the table ---


def test_the_tables_claims_keep_who_says_so_and_how_much() -> None:
    rows = read_rows(PACKAGED / "facts" / "homegrown_training_record.csv")
    found = {p.obj: p for p in proofs_from_rows(rows)}
    longcat, plan = found["LongCat-2.0"], found["(plan) DeepSeek next models"]
    assert longcat.confirmed_by is Confirmed.LAB
    assert longcat.weight > 0.5
    assert plan.weight == 0.0
    assert found["GLM-5"].weight < 0.25 * longcat.weight
    assert not found["Pangu Ultra MoE"].independent
    assert found["DeepSeek R2 (unreleased)"].outcome is ProofOutcome.FAILURE
    assert found["GLM-Image"].weight < 0.1


def test_all_bad_rows_are_told_at_once() -> None:
    bad = [{"known_on": "x", "outcome": "success", "claimed_by": "lab"}, {"outcome": "maybe"}]
    with pytest.raises(ConfigError) as error:
        proofs_from_rows(bad)
    assert len(error.value.problems) == 2


# --- headlines ---


def row(
    headline: str, event_type: str = "domestic_chip_adoption", actor: str = "Lab"
) -> dict[str, str]:
    return {
        "event_type": event_type, "actor": actor, "headline": headline,
        "date_utc": "2025-08-14", "confidence": "high", "source": "press",
    }  # fmt: skip


def event(headline: str, event_type: str = "domestic_chip_adoption") -> Event:
    return Event(
        event_id="1", event_type=event_type, actor="Lab", direction=-1, stage=NewsStage.ANNOUNCED,
        confidence=0.9, occurred_at=DAY, known_at=DAY, headline=headline, source="press",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("headline", "stage"),
    [
        ("Zhipu trains GLM-9 on Ascend", ProofStage.TRAINING),
        ("Huawei says Ascend supports DeepSeek V4 from day one", ProofStage.SERVING),
    ],
)
def test_headlines_that_tell_of_a_run_are_claims(headline: str, stage: ProofStage) -> None:
    found = proof_in(event(headline))
    assert found is not None
    assert found.stage is stage
    assert found.known_at == DAY
    assert not moves_as_news(event(headline))


@pytest.mark.parametrize(
    "headline",
    [
        "DeepSeek plans to train on Ascend",
        "Lab denies having trained on Ascend",
        "Baidu orders 1,600 Ascend 910B",
        "Cambricon's revenue leaps",
    ],
)
def test_plans_denials_and_orders_are_no_proof(headline: str) -> None:
    assert proof_of_event(row(headline)) is None


def test_only_the_named_types_can_hold_a_proof() -> None:
    words = "Lab trains Model-9 on Ascend and runs on Ascend"
    found = {t for t in EVENT_TYPES if proof_of_event(row(words, t)) is not None}
    assert found == set(PROOF_TYPES)


def test_a_vendors_headline_is_put_under_the_release_it_is_about() -> None:
    v4 = release("DeepSeek-V4-Pro", lab="DeepSeek")
    told = proof_of_event(
        row("Huawei says Ascend supports DeepSeek V4 from day one", actor="Huawei")
    )
    assert told is not None
    placed = attributed(told, [v4])
    assert (placed.actor, placed.obj) == ("DeepSeek", "DeepSeek-V4-Pro")


# --- the ledger ---


def test_a_fact_told_by_many_counts_once_at_its_best() -> None:
    weak = proof(trust=0.3, confirmed_by=Confirmed.PRESS)
    strong = proof(days=1, trust=0.8)
    assert odds(weak, strong, replace(weak, known_at=T0 + timedelta(days=9))) == odds(strong)


def test_a_story_without_a_name_adds_nothing_to_the_named_one() -> None:
    named, vague = proof(), proof(obj="", days=17)
    assert odds(named, vague) == odds(named)
    assert odds(named, replace(vague, known_at=T0 + timedelta(days=400))) > odds(named)


def test_order_of_telling_does_not_matter() -> None:
    told = [proof(), proof("Other", days=3), proof(trust=0.2, days=5), proof("Third", "X-2", 9)]
    assert odds(*told) == odds(*reversed(told))


def test_a_failure_is_one_claim_whatever_it_is_called() -> None:
    one = proof(obj="R2 (unreleased)", outcome=ProofOutcome.FAILURE, closeness=1.0)
    again = proof(obj="", outcome=ProofOutcome.FAILURE, closeness=1.0, days=2)
    assert odds(one, again) == odds(one) < odds()


def test_a_failure_fades_when_its_actor_shows_that_it_can() -> None:
    failed = proof(obj="R2", outcome=ProofOutcome.FAILURE, closeness=1.0)
    success = proof(obj="V4", days=200, trust=0.8)
    other = proof("Other", "V4", 200, trust=0.8)
    assert odds(failed, success) == pytest.approx(odds(success))
    assert odds(failed, other) < odds(other)


def test_news_in_a_told_claim_is_what_is_surer_or_wider() -> None:
    ledger = Ledger.of([proof(trust=0.5)])
    assert ledger.news_in([proof(trust=0.5, days=9)]) == ()
    surer = proof(trust=0.9, days=9)
    assert ledger.news_in([surer]) == (surer,)


# --- odds ---


def test_many_small_runs_make_no_large_one() -> None:
    small = [proof(f"Lab {n}", f"M-{n}", closeness=0.1) for n in range(8)]
    assert odds(*small) < odds(proof(closeness=0.8))


def test_more_trust_share_or_closeness_never_lowers_the_odds() -> None:
    for name in ("trust", "share", "closeness"):
        found = [odds(proof(**{name: x})) for x in np.linspace(0, 1, 6)]
        assert found == sorted(found)
        assert found[0] < found[-1]


def test_closeness_falls_with_lack_size_and_silence() -> None:
    assert closeness(0.0, 1600) == 1.0
    assert closeness(1.0, 1600) < closeness(0.5, 1600) < 1.0
    assert closeness(0.0, 16) < closeness(0.0, None) < closeness(0.0, 700)
    assert closeness(0.0, 700, scored=False) < closeness(0.0, 700)


# --- taken back ---


def test_an_event_that_ends_ends_its_claim_from_when_that_is_known() -> None:
    told = event("Zhipu trains GLM-9 on Ascend")
    ended = replace(told, known_at=DAY + timedelta(days=4), ended="refuted")
    repeated = replace(told, known_at=DAY + timedelta(days=5))

    (claim,) = claims_at([repeated, ended, told], DAY + timedelta(days=9))
    (before,) = claims_at([told, ended], DAY + timedelta(days=3))

    assert claim.known_at == before.known_at == DAY
    assert claim.until == ended.known_at
    assert before.until is None


def test_what_ended_before_it_weighed_is_no_claim() -> None:
    assert claims_at([replace(event("Zhipu trains GLM-9 on Ascend"), ended="repeat")], DAY) == ()


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ({}, True),
        ({"lab": "Elsewhere"}, True),
        ({"lab": "Elsewhere", "price_output_usd_per_mtok": 0.1}, True),
        ({"active_params_b": 36.0}, False),
        ({"aime_pct": 88.1}, False),
        ({"hardware_named": "Cambricon"}, False),
        ({"known_at": DAY + timedelta(days=121)}, False),
    ],
)
def test_a_model_under_another_name_is_told_by_its_size_scores_and_hardware(
    given: dict[str, Any], same: bool
) -> None:
    first = release("First", hardware_named="Ascend 910C")
    assert same_run(first, replace(first, **{"model": "Again", **given})) is same


def test_of_what_has_no_size_only_the_laboratorys_own_is_the_same_and_at_the_same_price() -> None:
    first = release("First", total_params_b=None, hardware_named="Ascend 910C")
    assert same_run(first, replace(first, model="Again"))
    assert not same_run(first, replace(first, model="Again", lab="Elsewhere"))
    assert not same_run(first, replace(first, model="Again", price_output_usd_per_mtok=0.1))
