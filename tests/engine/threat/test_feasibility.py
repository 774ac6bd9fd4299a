"""The record of what runs on home-grown chips: read by rule, weighed in log-odds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from engine.threat.feasibility import (
    FeasibilityEvidence,
    Kind,
    assess,
    evidence_from_events,
    evidence_of,
    redeemed,
    setbacks_weight,
    settle,
)
from tests.engine.threat.threat_world import DAY, draws, end_of, facts, release


def item(kind: Kind, *, days: int = -10, **given: object) -> FeasibilityEvidence:
    values: dict[str, object] = {
        "known_at": DAY + timedelta(days=days),
        "kind": kind,
        "lab": "Lab",
        "independent": True,
        "credibility": 1.0,
        "source": "test",
    }
    return FeasibilityEvidence(**{**values, **given})  # type: ignore[arg-type]


def event(event_type: str, actor: str, headline: str, **given: str) -> dict[str, str]:
    row = {"date_utc": "2025-08-14", "time_utc": "", "confidence": "high", "source": "x"}
    return {**row, "event_type": event_type, "actor": actor, "headline": headline, **given}


@pytest.mark.parametrize(
    ("row", "kind", "independent"),
    [
        (event("training_failure", "DeepSeek / Huawei", "R2 slipped"), Kind.TRAINING_FAILURE, True),
        (event("release_delay", "DeepSeek", "R2 stalled"), Kind.DELAY, True),
        (
            event("domestic_chip_adoption", "Ant", "trains on home chips"),
            Kind.TRAINING_SUCCESS,
            True,
        ),
        (
            event("domestic_chip_adoption", "Alibaba", "reported to train on their own chips"),
            Kind.TRAINING_SUCCESS,
            False,
        ),
        (
            event("domestic_chip_adoption", "Huawei / Cambricon", "vendors announce support"),
            Kind.INFERENCE_SUPPORT,
            False,
        ),
        (
            event("domestic_chip_adoption", "DeepSeek", "UE8M0 FP8 scale targets coming chips"),
            Kind.SCALE_FORMAT,
            True,
        ),
    ],
)
def test_headlines_become_evidence_by_rule(
    row: dict[str, str], kind: Kind, independent: bool
) -> None:
    (found,) = evidence_from_events([row])
    assert (found.kind, found.independent) == (kind, independent)


@pytest.mark.parametrize(
    "row",
    [
        event("release_delay", "Nvidia", "Blackwell slips by three months"),
        event("domestic_chip_adoption", "Ant", "denies it trains on home chips"),
        event("domestic_chip_adoption", "Cambricon", "half-year revenue leaps"),
        event("model_release", "DeepSeek", "trains on Ascend"),
        event("rates", "Fed", "cuts"),
    ],
)
def test_other_headlines_are_no_evidence(row: dict[str, str]) -> None:
    assert evidence_from_events([row]) == ()


def test_a_headline_without_a_sure_time_is_known_from_the_end_of_its_day() -> None:
    row = event("training_failure", "DeepSeek", "failed", time_utc="04:00")
    (sure,) = evidence_from_events([row])
    (rough,) = evidence_from_events([{**row, "time_precision": "approximate"}])
    assert sure.known_at.hour == 4
    assert rough.known_at == end_of("2025-08-14")


def test_the_failed_r2_run_is_in_the_record_of_the_tables() -> None:
    kinds = [
        e.kind for e in facts(end_of("2025-08-22")).evidence if e.kind is Kind.TRAINING_FAILURE
    ]
    assert len(kinds) == 1
    assert not [e for e in facts(end_of("2025-08-13")).evidence if e.kind is Kind.TRAINING_FAILURE]


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("6,000 Ascend NPUs", [Kind.TRAINING_SUCCESS]),
        ("2,048 H800", []),
        ("not trained on Ascend", []),
        ("Kunlun P800", [Kind.TRAINING_SUCCESS]),
        ("mixed lower-spec accelerators", []),
    ],
)
def test_hardware_words_of_a_release(words: str, kinds: list[Kind]) -> None:
    assert [e.kind for e in evidence_of(release(hardware_named=words), 1.0)] == kinds


def test_mixed_and_unconfirmed_hardware_weighs_little() -> None:
    (firm,) = evidence_of(release(hardware_named="Ascend 910C"), 1.0)
    (press,) = evidence_of(release(hardware_named="press: Ascend 910B, unconfirmed"), 1.0)
    (mixed,) = evidence_of(release(hardware_named="Ascend 910C and H800"), 1.0)
    assert press.credibility == mixed.credibility < 0.2 < firm.credibility


def test_a_scale_format_moves_no_probability() -> None:
    plain, scaled = assess((), draws()), assess((item(Kind.SCALE_FORMAT),), draws())
    assert np.array_equal(plain.training, scaled.training)
    assert np.array_equal(plain.inference, scaled.inference)


def test_success_raises_failure_and_delay_lower_training() -> None:
    base = assess((), draws()).training
    assert np.all(assess((item(Kind.TRAINING_SUCCESS),), draws()).training > base)
    assert np.all(assess((item(Kind.TRAINING_FAILURE),), draws()).training < base)
    assert np.all(assess((item(Kind.DELAY),), draws()).training < base)


def test_serving_support_leaves_training_where_it_was() -> None:
    base, served = assess((), draws()), assess((item(Kind.INFERENCE_SUPPORT),), draws())
    assert np.array_equal(base.training, served.training)
    assert np.all(served.inference > base.inference)


def test_repetition_convinces_less_and_less() -> None:
    def logit(n: int) -> float:
        p = assess((item(Kind.INFERENCE_SUPPORT),) * n, draws()).inference
        return float(np.mean(np.log(p / (1 - p))))

    steps = [logit(n + 1) - logit(n) for n in range(4)]
    assert steps[1] == pytest.approx(steps[0] / 2)
    assert steps[3] == pytest.approx(steps[0] / 8)


def test_a_later_success_of_the_same_lab_takes_its_failure_back() -> None:
    failure = item(Kind.TRAINING_FAILURE, days=-20)
    success = item(Kind.TRAINING_SUCCESS, days=-5)
    assert redeemed(failure, (success,)) == 1.0
    assert redeemed(failure, (replace(success, lab="Other"),)) == 0.0
    assert redeemed(failure, (replace(success, known_at=DAY - timedelta(days=30)),)) == 0.0
    assert settle((failure,), (failure, success))[0].credibility == 0.0


def test_setbacks_fade_with_their_half_life_and_belong_to_their_lab() -> None:
    new = release()
    fresh = setbacks_weight((item(Kind.TRAINING_FAILURE, days=0),), new, DAY, draws())
    old = setbacks_weight((item(Kind.TRAINING_FAILURE, days=-120),), new, DAY, draws())
    other = setbacks_weight((item(Kind.TRAINING_FAILURE, lab="Other"),), new, DAY, draws())
    assert np.all(fresh == 1.0)
    assert np.allclose(old, 0.5 ** (120 / draws()["setback_half_life_days"]))
    assert not other.any()
