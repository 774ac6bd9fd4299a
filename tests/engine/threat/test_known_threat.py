"""Proof, supply, the stake, changes and versions of releases, on small cases worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from config.threat import PolicyMix, ScoreScale
from engine.errors import ConfigError, DataError
from engine.threat import (
    catalogue,
    changes,
    channels,
    evidence,
    figures,
    rating,
    reasons,
    stake,
    supply,
)
from engine.threat.asked import TokensRouted, asked_at, tokens_from_rows
from engine.threat.evidence import (
    Confirmed,
    Ledger,
    Proof,
    ProofOutcome,
    ProofStage,
    proof_of_event,
    proofs_from_rows,
    proofs_of,
    read_hardware,
    redeemed,
    same_run,
)
from engine.threat.parameters import Draws
from engine.threat.quality import Quality
from engine.threat.setting import Setting
from engine.threat.world import world_as_of
from tests.builders import make_accelerator, make_release
from tests.engine.threat.threat_world import DAY, draws, end_of

ONE = timedelta(days=1)

# --- what a claim is worth -----------------------------------------------------------------------

ROW = {
    "known_on": "2025-08-14", "lab": " Lab ", "model": "Made-2", "outcome": "success",
    "claimed_by": "lab", "chip_vendor": "Huawei", "extent": "all", "stage": "pretraining",
    "confidence": "high", "total_params_b": "700", "independent_of_chip_vendor": "y",
    "source": " a paper ",
}  # fmt: skip


def claim(**changes: str) -> Proof:
    (found,) = proofs_from_rows([ROW | changes])
    return found


@pytest.mark.parametrize(
    ("changes", "trust", "share", "closeness"),
    [
        ({}, 0.8, 1.0, 0.7),
        ({"claimed_by": "outside"}, 0.95, 1.0, 0.7),
        ({"claimed_by": "chip vendor"}, 0.6, 1.0, 0.7),
        ({"claimed_by": "press"}, 0.6, 1.0, 0.7),
        ({"claimed_by": "lab and press"}, 0.8, 1.0, 0.7),
        ({"confidence": "medium"}, 0.8 * 0.85, 1.0, 0.7),
        ({"confidence": "low"}, 0.4, 1.0, 0.7),
        ({"confidence": ""}, 0.4, 1.0, 0.7),
        ({"outcome": "unconfirmed"}, 0.15, 1.0, 0.7),
        ({"extent": "part"}, 0.8, 0.35, 0.7),
        ({"extent": ""}, 0.8, 1.0, 0.7),
        ({"stage": "fine-tuning"}, 0.8, 0.35, 0.7),
        ({"stage": "training"}, 0.8, 1.0, 0.7),
        ({"stage": "post-training", "extent": "part"}, 0.8, 0.35 * 0.35, 0.7),
        ({"chip_vendor": "unnamed"}, 0.8, 0.9, 0.7),
        ({"chip_vendor": "several"}, 0.8, 1.0, 0.7),
        ({"outcome": "failure"}, 0.8, 1.0, 1.0),
        ({"total_params_b": "350"}, 0.8, 1.0, 0.7 * 0.5**0.75),
        ({"total_params_b": "1400"}, 0.8, 1.0, 0.7),
        ({"total_params_b": ""}, 0.8, 1.0, 0.35),
    ],
)
def test_a_row_is_believed_by_who_tells_it_and_how_much_was_done(
    changes: dict[str, str], trust: float, share: float, closeness: float
) -> None:
    found = claim(**changes)

    assert (found.trust, found.share) == (pytest.approx(trust), pytest.approx(share))
    assert found.closeness == pytest.approx(closeness)
    assert found.weight == pytest.approx(trust * share * closeness)


def test_a_row_keeps_its_names_and_the_end_of_its_day() -> None:
    found = claim()

    assert (found.actor, found.obj, found.vendor, found.source) == (
        "Lab",
        "Made-2",
        "Huawei",
        "a paper",
    )
    assert (found.stage, found.size_b, found.independent) == (ProofStage.TRAINING, 700.0, True)
    assert found.known_at == end_of("2025-08-14")
    assert not claim(independent_of_chip_vendor="n").independent
    assert [claim(chip_vendor=v).vendor for v in ("unnamed", "several", "")] == ["", "", ""]
    assert claim(outcome="planned").weight == 0.0
    both = proofs_from_rows([ROW | {"known_on": "2025-09-01"}, ROW | {"model": "B"}, ROW])
    assert [p.obj for p in both] == ["B", "Made-2", "Made-2"]


@pytest.mark.parametrize(
    ("size", "near"), [(700.0, 1.0), (7000.0, 1.0), (70.0, 0.1**0.75), (None, 0.5)]
)
def test_nearness_of_a_size_is_its_ratio_to_the_power_of_three_quarters(
    size: float | None, near: float
) -> None:
    assert evidence.size_closeness(size) == pytest.approx(near)
    assert evidence.closeness(1.5, size) == pytest.approx(near / math.e)
    assert evidence.closeness(-2.0, size) == pytest.approx(near)
    assert evidence.closeness(0.0, size, scored=False) == pytest.approx(0.7 * near)


@pytest.mark.parametrize(
    ("words", "vendor", "nvidia", "hearsay", "partly"),
    [
        ("2,048 H800", None, True, False, False),
        ("Huawei Ascend 910C and H20", "Huawei", True, False, False),
        ("Ascend, no H100 used", "Huawei", False, False, False),
        ("not on Ascend", None, False, False, False),
        ("partly on Cambricon MLU590", "Cambricon", False, False, True),
        ("press: Kunlun P800", "Kunlunxin", False, True, False),
        ("domestic AI chips", "", False, False, False),
        ("mix of Hygon DCU and Blackwell", "Hygon", True, False, True),
        ("Moore Threads cluster", "Moore Threads", False, False, False),
        ("MetaX C500; Biren", "MetaX", False, False, False),
        ("T-Head Zhenwu", "T-Head", False, False, False),
        ("", None, False, False, False),
    ],
)
def test_words_on_hardware(
    words: str, vendor: str | None, nvidia: bool, hearsay: bool, partly: bool
) -> None:
    found = read_hardware(words)
    assert (found.vendor, found.nvidia, found.hearsay, found.partly) == (
        vendor,
        nvidia,
        hearsay,
        partly,
    )


@pytest.mark.parametrize(
    ("given", "share", "trust", "independent", "by"),
    [
        ({"hardware_named": "Ascend 910C"}, 1.0, 0.8, True, Confirmed.LAB),
        ({"hardware_named": "partly Ascend 910C"}, 0.35, 0.8, True, Confirmed.LAB),
        ({"hardware_named": "Ascend 910C and H20"}, 0.2, 0.8, True, Confirmed.LAB),
        ({"hardware_named": "domestic chips"}, 0.9, 0.8, True, Confirmed.LAB),
        ({"hardware_named": "press: Ascend"}, 1.0, 0.15, True, Confirmed.PRESS),
        ({"hardware_named": "Ascend", "confidence": None}, 1.0, 0.4, True, Confirmed.LAB),
        ({"hardware_named": "Ascend", "confidence": 0.7}, 1.0, 0.56, True, Confirmed.LAB),
        ({"hardware_named": "Ascend", "lab": "Huawei Noah"}, 1.0, 0.8, False, Confirmed.LAB),
    ],
)
def test_a_release_claims_what_its_words_say(
    given: dict[str, Any], share: float, trust: float, independent: bool, by: Confirmed
) -> None:
    (found,) = proofs_of(make_release(**{"confidence": 1.0, **given}), 0.6)

    assert (found.share, found.trust) == (pytest.approx(share), pytest.approx(trust))
    assert (found.independent, found.confirmed_by, found.closeness) == (independent, by, 0.6)
    assert (found.stage, found.size_b) == (ProofStage.TRAINING, 671.0)


def test_serving_is_a_claim_of_its_own_without_a_vendor() -> None:
    told = make_release(hardware_named="Ascend", inference_domestic=True, confidence=0.5)
    training, serving = proofs_of(told, 1.0)

    assert (serving.stage, serving.vendor, serving.trust) == (
        ProofStage.SERVING,
        "",
        pytest.approx(0.4),
    )
    assert training.vendor == "Huawei"
    assert proofs_of(make_release(hardware_named="H800", inference_domestic=False), 1.0) == ()


def headline(words: str, **changes: str) -> Proof | None:
    return proof_of_event(
        {"event_type": "domestic_chip_adoption", "headline": words, "actor": "Zhipu",
         "date_utc": "2025-08-14", "confidence": "high", "source": "wire", **changes}
    )  # fmt: skip


def test_a_headline_is_worth_less_the_less_it_can_show() -> None:
    trained, served = headline("Zhipu trained GLM-5 on Ascend"), headline("R1 runs on Ascend")
    failed = headline("R2 run failed on Ascend, reported", event_type="training_failure")
    assert trained is not None
    assert served is not None
    assert failed is not None

    assert (trained.stage, trained.closeness, trained.trust, trained.obj) == (
        ProofStage.TRAINING, 0.2, 0.6, "GLM-5"
    )  # fmt: skip
    assert (served.stage, served.closeness, served.obj) == (ProofStage.SERVING, 0.4, "R1")
    assert (failed.outcome, failed.closeness, failed.trust) == (ProofOutcome.FAILURE, 1.0, 0.6)
    rumour = headline("Zhipu reportedly trained GLM-5 on Ascend")
    assert rumour is not None
    assert rumour.trust == 0.15
    medium = headline("Zhipu trained GLM-5 on Ascend", confidence="medium")
    assert medium is not None
    assert medium.trust == pytest.approx(0.51)
    assert trained.known_at == end_of("2025-08-14")


@pytest.mark.parametrize(
    ("clock", "precision", "at"),
    [
        ("09:30", "", datetime(2025, 8, 14, 9, 30, tzinfo=UTC)),
        ("09:30", "approximate", end_of("2025-08-14")),
        ("", "", end_of("2025-08-14")),
    ],
)
def test_a_headline_is_known_at_its_clock_where_it_is_sure(
    clock: str, precision: str, at: datetime
) -> None:
    told = headline("Zhipu trained GLM-5 on Ascend", time_utc=clock, time_precision=precision)
    assert told is not None
    assert told.known_at == at


@pytest.mark.parametrize(
    ("actor", "words", "independent"),
    [
        ("Huawei", "Huawei trained Pangu 5 on Ascend", False),
        ("Huawei / Zhipu", "GLM-5 trained on Ascend", True),
        ("Huawei / Cambricon", "GLM-5 trained on both", False),
        ("Baidu", "Baidu trained ERNIE 5 on its own chips", False),
    ],
)
def test_a_makers_word_on_its_own_chips_is_not_independent(
    actor: str, words: str, independent: bool
) -> None:
    found = headline(words, actor=actor)
    assert found is not None
    assert (found.independent, found.actor) == (independent, actor.split(" /")[0])


def proof(**changes: Any) -> Proof:
    fields: dict[str, Any] = {
        "known_at": DAY, "actor": "Lab", "obj": "Made-2", "stage": ProofStage.TRAINING,
        "trust": 0.8, "share": 1.0, "closeness": 1.0, **changes,
    }  # fmt: skip
    return Proof(**fields)


def test_one_claim_is_one_whoever_tells_it_and_the_weightiest_counts() -> None:
    weak, strong = proof(trust=0.4), proof(trust=0.9, known_at=DAY + ONE, actor=" LAB ")
    other = proof(stage=ProofStage.SERVING)

    assert set(Ledger.of([weak, strong, other]).proofs) == {strong, other}
    assert Ledger.of([weak, proof(trust=0.4, source="b")]).proofs == (weak,)


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({}, True),
        ({"known_at": DAY + 120 * ONE}, True),
        ({"known_at": DAY + 121 * ONE}, False),
        ({"actor": "Other"}, False),
        ({"stage": ProofStage.SERVING}, False),
        ({"outcome": ProofOutcome.UNCONFIRMED}, False),
    ],
)
def test_a_claim_without_a_name_is_told_by_a_named_one_within_four_months(
    changes: dict[str, Any], gone: bool
) -> None:
    named, nameless = proof(), proof(obj="", **changes)
    assert (nameless not in Ledger.of([named, nameless]).proofs) is gone


def test_failures_of_a_quarter_are_one() -> None:
    def failure(at: str, obj: str = "A") -> Proof:
        return proof(outcome=ProofOutcome.FAILURE, obj=obj, known_at=end_of(at))

    one = Ledger.of([failure("2025-07-01"), failure("2025-09-30", "B")])
    two = Ledger.of([failure("2025-06-30"), failure("2025-07-01", "B")])
    assert (len(one.proofs), len(two.proofs)) == (1, 2)


def test_a_failure_fades_by_twice_what_was_shown_later() -> None:
    failed = proof(outcome=ProofOutcome.FAILURE, trust=0.6)
    later = proof(known_at=DAY + ONE, trust=0.4, share=0.5)

    assert redeemed(failed, [later]) == pytest.approx(0.4)
    assert redeemed(failed, [replace(later, trust=0.9, share=1.0)]) == 1.0
    for no in (
        replace(later, known_at=DAY), replace(later, stage=ProofStage.SERVING),
        replace(later, actor="Other"), replace(later, outcome=ProofOutcome.FAILURE),
    ):  # fmt: skip
        assert redeemed(failed, [no]) == 0.0
    (kept, _) = sorted(Ledger.of([failed, later]).proofs, key=lambda p: p.known_at)
    assert kept.trust == pytest.approx(0.6 * 0.6)


def test_news_is_what_is_surer_or_wider_than_what_stands() -> None:
    ledger = Ledger.of([proof(trust=0.5, share=0.8)])

    assert ledger.news_in([proof(trust=0.4, share=1.0)]) == ()
    wider = proof(trust=0.41, share=1.0)
    assert ledger.news_in([wider, proof(outcome=ProofOutcome.PLANNED, trust=1.0)]) == (wider,)
    assert ledger.with_([wider]).proofs == (wider,)


def test_the_strongest_counts_whole_the_others_a_quarter_and_it_saturates() -> None:
    """0.8 + 0.25 * (0.4 + 0.2) = 0.95; 2 (1 - 2^-n): 0, 1, 1.5."""
    assert evidence._strength([0.4, 0.8, 0.2]) == pytest.approx(0.95)
    assert evidence._strength([]) == 0.0
    assert evidence._saturating(np.array([0.0, 1.0, 2.0])) == pytest.approx([0.0, 1.0, 1.5])


def test_odds_by_hand_for_one_training_one_serving_and_one_failure() -> None:
    d = draws()
    told = Ledger((
        proof(trust=1.0), proof(obj="V", trust=1.0, independent=False),
        proof(obj="S", stage=ProofStage.SERVING, trust=0.5),
        proof(obj="F", outcome=ProofOutcome.FAILURE, trust=0.3, actor="Z"),
    ))  # fmt: skip
    found = evidence.assess(told, d)

    def logit(p: Any) -> Any:
        return np.log(p / (1 - p))

    won = 2 * (1 - 0.5 ** (1.0 + d["vendor_factor"]))
    lost = 2 * (1 - 0.5**0.3)
    served = 2 * (1 - 0.5**0.5)
    success, failure = d["training_success_weight"] * won, d["training_failure_weight"] * lost
    assert logit(found.training) == pytest.approx(logit(d["training_prior"]) + success - failure)
    expected = logit(d["inference_prior"]) + d["inference_support_weight"] * served
    expected = expected + d["training_helps_inference"] * (success - 0.2 * failure)
    assert logit(found.inference) == pytest.approx(expected)


def test_one_run_under_two_names_has_the_same_figures_within_four_months() -> None:
    one = make_release("A", gpqa_diamond_pct=70.0)
    other = replace(one, model="B", lab="Else", known_at=one.known_at + 120 * ONE)

    assert same_run(one, other)
    assert not same_run(one, replace(other, known_at=other.known_at + timedelta(seconds=1)))
    assert not same_run(one, replace(other, gpqa_diamond_pct=71.0))
    assert same_run(one, replace(other, price_input_usd_per_mtok=1.0))
    unsized = replace(one, total_params_b=None)
    twin = replace(unsized, model="B", lab=" LAB ")
    assert same_run(unsized, twin)
    assert not same_run(unsized, replace(twin, lab="Else"))
    assert not same_run(unsized, replace(twin, price_input_usd_per_mtok=1.0))


# --- supply and policy ---------------------------------------------------------------------------


def test_a_reported_quarter_is_read_in_fractions_and_new_york_time() -> None:
    row = {
        "fiscal_quarter": "FY2026Q1", "report_datetime_et": "2025-05-28T16:20",
        "revenue_usd_bn": "44", "data_center_revenue_usd_bn": "39", "china_share_pct": "12.5",
        "next_q_guide_midpoint_usd_bn": "45", "china_basis": "billing address",
    }  # fmt: skip
    later = row | {
        "fiscal_quarter": "FY2026Q2", "report_datetime_et": "2025-08-27T16:20",
        "china_share_pct": "", "china_basis": "billing/HQ",
    }  # fmt: skip
    second, first = later, row
    found = supply.earnings_from_rows([second, first, row | {"revenue_usd_bn": " "}])

    assert [r.quarter for r in found] == ["FY2026Q1", "FY2026Q2"]
    assert found[0].known_at == datetime(2025, 5, 28, 20, 20, tzinfo=UTC)
    assert (found[0].china_share, found[0].by_billing) == (0.125, True)
    assert (found[1].china_share, found[1].by_billing) == (None, False)
    assert supply.last_china_share(found) == found[0]
    assert supply.last_china_share(found[1:]) is None


def test_the_pace_is_four_of_the_last_quarter_moved_by_its_guide() -> None:
    """4 * 39 * 45 / 44; without a guide 156; a quarter without such a figure is passed by."""
    base = supply.EarningsReport(
        quarter="FY2026Q1", known_at=DAY, revenue_usd_bn=44.0, data_center_usd_bn=39.0,
        next_quarter_guide_usd_bn=45.0, china_share=None, by_billing=True,
    )  # fmt: skip
    newer = replace(base, quarter="FY2026Q2", data_center_usd_bn=None)

    assert supply.run_rate_usd_bn([newer, base]) == pytest.approx(156 * 45 / 44)
    assert supply.run_rate_usd_bn([replace(base, next_quarter_guide_usd_bn=None)]) == 156.0
    assert supply.run_rate_usd_bn([newer]) is None


def test_a_step_that_became_public_later_is_known_from_then() -> None:
    row = {
        "chip": " H20 ", "from_date": "2025-04-09", "us_permission": "licence",
        "china_acceptance": "unknown", "note": "letter; public on 2025-04-15", "source": "s",
    }  # fmt: skip
    early = row | {"from_date": "2025-04-01", "note": ""}
    found = supply.availability_from_rows([row, early])

    assert [s.known_at for s in found] == [end_of("2025-04-01"), end_of("2025-04-15")]
    assert (found[1].since, found[1].chip) == (date(2025, 4, 9), "H20")
    with pytest.raises(ConfigError, match=r"china_availability.csv:3: 'maybe'"):
        supply.availability_from_rows([row, row | {"us_permission": "maybe"}])


def spell(us: Any, china: Any, chip: str = "H20", since: date = date(2025, 1, 1)) -> Any:
    return supply.AvailabilitySpell(
        chip=chip, since=since, known_at=DAY, us_permission=us, china_acceptance=china
    )


@pytest.mark.parametrize(
    ("us", "china", "names"),
    [
        ("allowed", "accepted", ()),
        ("allowed", "unknown", ()),
        ("allowed", "discouraged", ("discouraged_friction",)),
        ("licence", "accepted", ("licence_friction",)),
        ("licence", "discouraged", ("licence_friction", "discouraged_friction")),
        ("barred", "accepted", ("grey_premium",)),
        ("allowed", "blocked", ("grey_premium",)),
    ],
)
def test_friction_is_the_product_of_what_stands_in_the_way(
    us: str, china: str, names: tuple[str, ...]
) -> None:
    d = draws()
    expected = np.prod([np.ones(d.draws), *(d[name] for name in names)], axis=0)
    assert supply.friction(spell(us, china), d) == pytest.approx(expected)


def test_the_last_spell_of_a_chip_is_the_one_that_began_last() -> None:
    old, new = spell("allowed", "accepted"), spell("barred", "accepted", since=date(2025, 4, 9))
    late = replace(old, known_at=DAY + ONE)

    assert supply.current_spells([new, late]) == {"H20": new}
    again = replace(new, known_at=DAY + ONE, us_permission="licence")
    assert supply.current_spells([again, new]) == {"H20": again}


@pytest.mark.parametrize(
    ("spells", "now", "stance", "chip"),
    [
        ([], "free", "accepted", None),
        ([("licence", "discouraged")], "licensed", "discouraged", "H20"),
        ([("barred", "discouraged")], "barred", "accepted", "H20"),
        ([("barred", "accepted", "A100"), ("licence", "blocked")], "licensed", "blocked", "H20"),
        # 0.6 * 1.0 against 1.0 * 0.7: what is allowed and discouraged is the better
        ([("licence", "accepted", "A8"), ("allowed", "discouraged")], "free", "discouraged", "H20"),
        # 0.6 * 0.7 against 1.0 * 0.1
        (
            [("licence", "discouraged", "B3"), ("allowed", "blocked")],
            "licensed",
            "discouraged",
            "B3",
        ),
        # 0.7 of discouraged is more than 0.6 of unknown
        ([("allowed", "unknown", "H9"), ("allowed", "discouraged")], "free", "discouraged", "H20"),
        ([("allowed", "accepted", "RTX"), ("licence", "accepted")], "licensed", "accepted", "H20"),
    ],
)
def test_policy_is_that_of_the_best_part_china_could_get(
    spells: list[Any], now: str, stance: str, chip: str | None
) -> None:
    found = stake.policy_now([spell(*told) for told in spells])
    assert (found.now, found.stance, found.chip) == (now, stance, chip)


def test_parts_are_ranked_by_what_is_let_through_and_what_is_taken() -> None:
    ranks = {
        (us, china): stake._rank(spell(us, china))
        for us in ("allowed", "licence", "barred")
        for china in ("accepted", "discouraged", "unknown", "blocked")
    }
    assert ranks == pytest.approx({
        ("allowed", "accepted"): 1.0, ("allowed", "discouraged"): 0.7,
        ("allowed", "unknown"): 0.6, ("allowed", "blocked"): 0.1,
        ("licence", "accepted"): 0.6, ("licence", "discouraged"): 0.42,
        ("licence", "unknown"): 0.36, ("licence", "blocked"): 0.06,
        **{("barred", china): 0.0 for china in ("accepted", "discouraged", "unknown", "blocked")},
    })  # fmt: skip


MIX = PolicyMix.model_construct(free=0.5, licensed=0.3, barred=0.2, accepted=0.8)


def test_odds_of_policy_by_hand() -> None:
    """0.8 a year: after two years 0.64 stays and 0.36 is the long run's."""
    policy = stake.Policy(now="licensed", stance="discouraged", chip="H20")

    assert policy.odds(0, 0.8, MIX) == {"free": 0.0, "licensed": 1.0, "barred": 0.0}
    found = policy.odds(2, 0.8, MIX)
    assert [found[s] for s in stake.STATES] == pytest.approx([0.18, 0.64 + 0.108, 0.072])
    without = policy.odds(2, 0.8, None)
    assert [without[s] for s in stake.STATES] == pytest.approx([0.12, 0.76, 0.12])


def test_nvidia_sells_at_most_six_tenths_of_its_base_in_china() -> None:
    """A base of 1 bn USD is less than China would buy, whatever the draw."""
    found = stake.stake_of(1.0, [], None, draws())

    assert found.reachable == pytest.approx(0.6 * found.base)


def test_figures_are_put_in_the_order_in_which_they_were_told() -> None:
    share = {"period": "2025", "house": "IDC", "kind": "reported", "domestic_share_pct": "35"}
    units = {"period": "2025", "vendor": "v", "chip": "c", "unit": "chips", "kind": "estimate"}
    days = ("2025-03-01", "2025-01-01", "2025-02-01")

    for read, row in ((supply.shares_from_rows, share), (supply.supply_from_rows, units)):
        found = read([{**row, "known_on": day} for day in days])
        assert [f.known_at for f in found] == [end_of(day) for day in sorted(days)]
    (low,) = supply.supply_from_rows([{**units, "known_on": days[0], "units_low": "5"}])
    assert (low.low, low.mid, low.high) == (5.0, None, None)


@pytest.mark.parametrize("mix", [None, MIX])
@pytest.mark.parametrize("stance", ["accepted", "unknown", "discouraged", "blocked"])
def test_the_stake_by_a_slow_count(mix: PolicyMix | None, stance: Any) -> None:
    d = draws()
    found = stake.stake_of(100.0, [spell("licence", stance)], mix, d)
    odds = {"free": 1 / 3, "licensed": 1 / 3, "barred": 1 / 3} if mix is None else mix.__dict__
    accepted = 0.95 if mix is None else 0.8
    for i in (0, 100, 2047):
        one = {name: float(d[name][i]) for name in (
            "revenue_growth", "china_market_usd_bn", "china_growth", "nvidia_share_if_free",
            "export_reach", "gross_margin", "discount_rate", "policy_persistence", "open_licence",
            "open_barred", "open_discouraged", "open_blocked",
        )}  # fmt: skip
        refused = one["open_discouraged"]
        takes = {"accepted": 1.0, "unknown": refused, "discouraged": refused}
        takes["blocked"] = one["open_blocked"]
        for year in range(3):
            stays = one["policy_persistence"] ** year
            later = accepted + (1 - accepted) * one["open_blocked"]
            taken = stays * takes[stance] + (1 - stays) * later
            kept = (1 - stays) * odds["free"] * taken
            kept += (stays + (1 - stays) * odds["licensed"]) * one["open_licence"] * taken
            kept += (1 - stays) * odds["barred"] * one["open_barred"]
            base = 100 * one["revenue_growth"] ** year
            market = one["china_market_usd_bn"] * one["china_growth"] ** year
            sold = market * one["nvidia_share_if_free"] * kept * (1 + one["export_reach"])
            assert found.base[year, i] == pytest.approx(base)
            assert found.market[year, i] == pytest.approx(market)
            assert found.reachable[year, i] == pytest.approx(min(sold, 0.6 * base))
            worth = one["gross_margin"] / (1 + one["discount_rate"]) ** (year + 0.5)
            assert found.worth[year, i] == pytest.approx(worth)
    assert found.share == pytest.approx(found.reachable / found.base)


def test_counts_of_plans_far_ahead_are_left_out_and_halves_have_their_middle() -> None:
    row = {"known_on": "2025-03-01", "period": "2025", "house": "IDC", "kind": "reported",
           "domestic_share_pct": "35", "confidence": "high", "source": "s"}  # fmt: skip
    periods = ("2025", "2025-H1", "2024-H2", "2026", "2027", "2027-H1")
    rows = [row | {"period": period} for period in periods] + [row | {"domestic_share_pct": ""}]
    found = supply.shares_from_rows(rows)

    assert [c.year for c in found] == [2025.5, 2025.25, 2024.75, 2026.5]
    assert {c.share for c in found} == {0.35}
    with pytest.raises(ConfigError, match=r"china_chip_share.csv:2"):
        supply.shares_from_rows([row | {"period": "soon"}])


@pytest.mark.parametrize(
    ("kind", "word", "sd"),
    [
        ("reported", "high", 0.35), ("estimate", "medium", 0.7), ("forecast", "low", 1.1),
        ("rumour", "", 1.1),
    ],
)  # fmt: skip
def test_a_count_is_as_unsure_as_its_kind_and_confidence(kind: str, word: str, sd: float) -> None:
    """One count of the year of the level itself: the mean of two normals by their precisions."""
    d = draws()
    count = supply.ChinaShare(
        known_at=DAY, year=2023.5, house="IDC", share=0.5, kind=kind, confidence=word
    )
    level, slope = supply._posterior([count], d)
    start = np.log(d["carrying_share"] / (1 - d["carrying_share"]))
    told, own = 1 / sd**2, 1 / float(start.std()) ** 2
    centre = float(start.mean()) * own / (own + told)  # the count says 0 logits

    assert float(level.mean()) == pytest.approx(centre, abs=0.02)
    assert float(level.std()) == pytest.approx((own + told) ** -0.5, rel=0.02)
    assert float(slope.mean()) == pytest.approx(float(d["carrying_slope"].mean()), abs=0.02)


@pytest.mark.parametrize(
    ("at", "ahead"),
    [(datetime(2025, 1, 1, tzinfo=UTC), 2.0), (datetime(2024, 7, 2, tzinfo=UTC), 1 + 183 / 365.25)],
)
def test_the_three_years_begin_half_a_year_after_the_day(at: datetime, ahead: float) -> None:
    """On the first of January: the middle of that year, and of the two after it."""
    d = draws()
    found = supply.carrying_path([], [], at, d, np.ones((3, d.draws)))
    level, slope = supply._posterior([], d)

    for year in range(3):
        logits = level + slope * (ahead + year)
        assert found.share[year] == pytest.approx(1 / (1 + np.exp(-logits)))
    assert (found.n_counts, found.assumed) == (0, False)


def test_what_became_known_at_the_instant_counts_and_a_moment_later_does_not() -> None:
    d, market = draws(), np.full((3, draws().draws), 20.0)
    count = supply.ChinaShare(
        known_at=DAY, year=2025.5, house="IDC", share=0.5, kind="reported", confidence="high"
    )
    told = supply.SupplyEstimate(
        known_at=DAY, period="2025", vendor="Huawei", chip="x", low=None, mid=None, high=None,
        unit="chips", kind="scenario",
    )  # fmt: skip
    early = DAY - timedelta(microseconds=1)

    assert supply.carrying_path([count], [], DAY, d, market).n_counts == 1
    assert supply.carrying_path([count], [], early, d, market).n_counts == 0
    nothing = supply.carrying_path([count], [told], DAY, d, market)
    assert (nothing.assumed, float(nothing.share.max())) == (True, 0.0)
    assert not supply.carrying_path([count], [told], early, d, market).assumed
    estimate = replace(told, kind="estimate", mid=1e6)
    assert not supply.carrying_path([count], [estimate], DAY, d, market).assumed


@pytest.mark.parametrize(
    ("share", "held"), [(0.0, 0.01), (0.005, 0.01), (0.995, 0.99), (1.0, 0.99)]
)
def test_a_count_of_all_or_nothing_is_held_a_hundredth_inside(share: float, held: float) -> None:
    d = draws()
    count = supply.ChinaShare(
        known_at=DAY, year=2025.5, house="IDC", share=share, kind="reported", confidence="high"
    )
    (level, slope), (same, alike) = (
        supply._posterior([one], d) for one in (count, replace(count, share=held))
    )
    assert np.array_equal(level, same)
    assert np.array_equal(slope, alike)
    other, _ = supply._posterior([replace(count, share=0.02 if held < 0.5 else 0.98)], d)
    assert not np.array_equal(level, other)


def test_an_assumed_supply_is_units_over_demand_in_h20_equivalents() -> None:
    d = draws()
    told = supply.SupplyEstimate(
        known_at=DAY - ONE, period="2025", vendor="Huawei", chip="x", low=None, mid=1e6, high=None,
        unit="chips", kind="scenario",
    )  # fmt: skip
    older = replace(told, known_at=DAY - 2 * ONE, mid=9e9)
    later = replace(told, known_at=DAY + ONE, mid=9e9)
    market = np.full((3, d.draws), 20.0)
    found = supply.carrying_path([], [older, told, later], DAY, d, market)

    share = 1e6 * d["h20_equivalents_per_chip"] / (20e9 / d["h20_price_usd"])
    assert found.share[0] == pytest.approx(np.minimum(share, 1.0))
    assert (found.assumed, found.n_counts) == (True, 0)


# --- channels ------------------------------------------------------------------------------------


def case(**changes: Any) -> channels.Case:
    n = draws().draws
    ones = np.ones(n)
    odds = evidence.Feasibility(inference=0.5 * ones, training=0.2 * ones)
    more = evidence.Feasibility(inference=0.7 * ones, training=0.4 * ones)
    pair = channels.Pair(
        log_serving=0.3 * ones, log_training=0.6 * ones, native_fp8=False, nvidia_chip="N",
        domestic_chip="D", from_cost_model=True,
    )  # fmt: skip
    fields: dict[str, Any] = {
        "reach": 0.8 * ones, "adoption": 0.5 * ones, "price": 0.7 * ones, "compute": 0.4 * ones,
        "openness": 0.3 * ones, "expected_log_price": None, "log_price": None,
        "nearest_offer": None, "stake": stake.stake_of(100.0, [], None, draws()),
        "carrying": np.full((3, n), 0.25), "pair": pair, "before": odds, "after": more,
        "format_in_doubt": True, "doubt": 0.02, **changes,
    }  # fmt: skip
    return channels.Case(**fields)


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("in_doubt", [True, False])
def test_what_can_move_by_a_slow_count(native: bool, in_doubt: bool) -> None:
    d = draws()
    made = case(format_in_doubt=in_doubt)
    made = replace(made, pair=replace(made.pair, native_fp8=native))
    found = channels.moved(made, d)
    for i in (0, 500, 2047):
        one = {name: float(d[name][i]) for name in (
            "switch_width", "directed_share", "one_stack_share", "software_penalty_inference",
            "connectivity_penalty_inference", "software_penalty_training", "inference_share",
            "connectivity_penalty_training", "format_penalty_inference", "format_penalty_training",
        )}  # fmt: skip

        def switch(log_cost: float, one: dict[str, float] = one) -> float:
            by_cost = 1 / (1 + math.exp(log_cost / one["switch_width"]))
            return one["directed_share"] + (1 - one["directed_share"]) * by_cost

        serving = 0.3 + math.log(
            one["software_penalty_inference"] * one["connectivity_penalty_inference"]
        )
        training = 0.6 + math.log(
            one["software_penalty_training"] * one["connectivity_penalty_training"]
        )
        served = 0.7 * (1 - one["one_stack_share"] * 0.6) - 0.5 * (1 - one["one_stack_share"] * 0.8)
        expected = (
            one["inference_share"]
            * switch(serving)
            * served
            * (1.0 if native else one["format_penalty_inference"])
        )
        expected += (
            (1 - one["inference_share"])
            * switch(training)
            * 0.2
            * (one["format_penalty_training"] if in_doubt and not native else 1.0)
        )
        assert found[i] == pytest.approx(expected)
    lost = channels.substitution(made, d)
    assert lost == pytest.approx(-made.stake.share * 0.25 * found)


@pytest.mark.parametrize("compute", [0.4, 0.0])
def test_efficiency_price_and_openness_by_their_formulas(compute: float) -> None:
    d = draws()
    made = case(compute=np.full(d.draws, compute))
    change = d["efficiency_exposure"] * 0.4 * (np.exp((d["elasticity"] - 1) * compute) - 1)
    head = d["supply_headroom"]
    first = np.where(change > 0, head * (1 - np.exp(-np.maximum(change, 0) / head)), change)
    squeeze = d["buyer_funding_share"] * d["capex_response"] * 0.4

    assert channels.efficiency(made, d)[0] == pytest.approx(first)
    assert channels.price_pressure(made, d)[0] == pytest.approx(-squeeze * math.log(1.7))
    assert channels.openness(made, d)[0] == pytest.approx(-squeeze * 0.3)


# --- a rating's own figures ----------------------------------------------------------------------

SCALE = ScoreScale.model_construct(loss_scale=0.02, loss_threshold=0.05)


def test_a_score_saturates_by_its_scale() -> None:
    assert figures.to_score(0.02, SCALE) == pytest.approx(100 * (1 - math.exp(-1)))
    assert figures.to_score(-0.04, SCALE) == pytest.approx(-100 * (1 - math.exp(-2)))


def test_figures_are_quantiles_means_and_shares_of_the_draws() -> None:
    """Losses of 0 to 10 % in steps of 0.1 %, all by the first channel; value half of it."""
    loss = np.linspace(0.0, 0.1, 101)
    year, value = np.zeros((5, 101)), np.zeros((5, 101))
    year[0], value[0] = -loss, -0.5 * loss
    told = figures.ChannelTotals(year=year, value=value, base_usd_bn=200.0)
    found = figures.figures_of(told, SCALE, 150.0)

    assert (found.loss_share, found.net_mean_share) == pytest.approx((0.05, -0.05))
    assert (found.net_low_share, found.net_high_share) == pytest.approx((-0.095, -0.005))
    assert (found.value_share, found.value_loss_usd_bn) == pytest.approx((0.025, 5.0))
    assert (found.value_low_usd_bn, found.value_high_usd_bn) == pytest.approx((0.5, 9.5))
    assert found.p_loss_over_5pct == pytest.approx(50 / 101)
    assert found.score == pytest.approx(figures.to_score(0.025, SCALE))
    assert found.score_low == pytest.approx(figures.to_score(0.0025, SCALE))
    assert found.score_high == pytest.approx(figures.to_score(0.0475, SCALE))
    assert (found.revenue_usd_bn, found.base_value_usd_bn) == (150.0, 200.0)
    assert found.channel_usd_bn["substitution"] == pytest.approx(-7.5)
    assert found.channels["substitution"] == pytest.approx(found.score)
    assert found.impulse_share == found.loss_share


def test_the_centre_is_of_what_was_told_and_the_doubt_of_everything() -> None:
    """Drawn: losses of 0 to 10 %; told: 2 % for sure; free of charge: 20 %."""

    def totals(losses: np.ndarray[Any, np.dtype[np.float64]]) -> figures.ChannelTotals:
        spread = np.zeros((5, 101))
        spread[1] = -losses
        return figures.ChannelTotals(year=spread, value=spread, base_usd_bn=100.0)

    drawn, told = totals(np.linspace(0.0, 0.1, 101)), totals(np.full(101, 0.02))
    found = figures.figures_of(drawn, SCALE, 150.0, told, totals(np.full(101, 0.2)))
    near = figures.figures_of(drawn, SCALE, 150.0, told, totals(np.full(101, 0.01)))

    assert (found.loss_share, found.impulse_share) == pytest.approx((0.02, 0.05))
    assert (found.value_share, found.value_loss_usd_bn) == pytest.approx((0.02, 2.0))
    assert (found.value_low_usd_bn, found.value_high_usd_bn) == pytest.approx((0.5, 20.0))
    assert found.score == pytest.approx(figures.to_score(0.02, SCALE))
    assert found.channels["efficiency"] == pytest.approx(found.score)
    assert near.value_high_usd_bn == pytest.approx(9.5)
    assert found.net_mean_share == pytest.approx(-0.05)


def test_a_figures_part_in_doubt_is_ranked_by_its_correlation() -> None:
    """The loss grows with the first parameter and falls with the second; the third is no matter."""
    apart = np.tile([0.0, 3.0, 1.0, 2.0], 50) * 1000 + np.arange(200.0)

    class Drawn:
        names = ("apart", "b", "a")
        ranks = np.stack(
            [figures.unit_ranks(x) for x in (apart, -np.arange(200.0), np.arange(200.0))]
        )

    found = dict(figures.sensitivity(-np.arange(200.0), Drawn()))  # type: ignore[arg-type]
    assert found.pop("apart", 0.0) < 0.3
    assert found == {"a": pytest.approx(1.0), "b": pytest.approx(-1.0)}
    assert figures.sensitivity(np.zeros(200), Drawn()) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gives", "unknown"),
    [
        ({}, 0.0),
        ({"active_params_b": None}, 0.5),
        ({"active_params_b": None, "total_params_b": None}, 1.0),
    ],
)
def test_how_much_of_the_sizes_is_unknown(gives: dict[str, Any], unknown: float) -> None:
    assert rating._sizes_unknown(make_release(**gives)) == unknown


def test_the_residual_grows_with_what_is_not_told_and_how_far_it_reaches() -> None:
    from config.threat import Doubt

    doubt = Doubt.model_construct(
        residual=0.1, price=0.2, scores=0.3, sizes=0.4, context=0.01, licence=0.02, unsized=0.04,
        confidence=0.08,
    )  # fmt: skip
    bare = make_release(total_params_b=None)
    priced = make_release(price_output_usd_per_mtok=0.0)

    assert rating.doubt_of(priced, 2, doubt, 0.5) == pytest.approx(0.1)
    expected = math.sqrt(0.01 + (0.1 + 0.15) ** 2 + 0.1**2)  # price and scores add straight
    assert rating.doubt_of(bare, 0, doubt, 0.5) == pytest.approx(expected)
    told = make_release(context_k=128.0, license="MIT", confidence=1.0)
    assert rating.stretch_of(told, doubt) == 0.0
    assert rating.stretch_of(bare, doubt) == pytest.approx(0.01 + 0.02 + 0.02 + 0.04)


def test_novelty_is_one_less_what_is_left_as_it_was() -> None:
    """exp(-0.8 * 0.7) exp(-0.8 * 0.3) (1 - 0.2)."""
    assert rating.novelty(case()) == pytest.approx(1 - math.exp(-0.8) * 0.8)
    same = case(after=case().before)
    assert rating.novelty(same) == pytest.approx(1 - math.exp(-0.8))


def quality(mean: float, n: int = 2) -> Quality:
    return Quality(mean=mean, sd=0.2, n_scores=n)


def test_the_closest_earlier_release_is_near_in_quality_price_and_size() -> None:
    own = make_release("New", price_output_usd_per_mtok=2.0, total_params_b=600.0)
    near = replace(own, model="Near", price_output_usd_per_mtok=2.1)
    dear = replace(own, model="Dear", price_output_usd_per_mtok=20.0)
    unpriced = replace(own, model="Unpriced", price_output_usd_per_mtok=None)

    def closest(*others: tuple[Any, Quality]) -> str | None:
        told = Setting(
            earlier=tuple(r for r, _ in others), qualities=tuple(q for _, q in others),
            own=quality(1.0), best_quality=1.0, offers=(), record=Ledger(), added=(),
        )  # fmt: skip
        return rating.closest_earlier(own, told)

    assert closest() is None
    assert closest((near, quality(1.0)), (dear, quality(1.0))) == "Near"
    # a quarter logit counts as much as a factor of four in price; ten is less than 2 of them
    assert closest((near, quality(1.5)), (dear, quality(1.0))) == "Dear"
    assert closest((near, quality(1.0, 0)), (dear, quality(1.0))) == "Dear"  # unknown: nine
    assert closest((unpriced, quality(1.0)), (dear, quality(1.0))) == "Dear"
    assert closest((unpriced, quality(1.0)), (dear, quality(2.0))) == "Unpriced"
    free = replace(own, model="Free", price_output_usd_per_mtok=0.0)  # no ratio to nothing
    assert closest((free, quality(1.0)), (dear, quality(1.0))) == "Dear"
    unsized = replace(own, model="Unsized", total_params_b=None)
    assert closest((unsized, quality(1.0)), (dear, quality(1.0))) == "Dear"
    near_by_size = replace(dear, model="Size", total_params_b=2400.0)  # a factor of four: one more
    assert closest((near_by_size, quality(1.0)), (dear, quality(1.2))) == "Dear"
    assert closest((near_by_size, quality(1.0)), (dear, quality(1.3))) == "Size"
    assert closest((near, quality(1.0)), (replace(near, model="Alike"), quality(1.0))) == "Alike"


@pytest.mark.parametrize(
    ("short", "full", "is_one"),
    [
        ("H20", "NVIDIA H20 96GB", True),
        ("h20", "NVIDIA H20", True),
        ("H20", "NVIDIA H200 SXM", False),
    ],
)
def test_a_chip_is_named_by_whole_words(short: str, full: str, is_one: bool) -> None:
    assert rating._is_chip(short, full) is is_one


def test_the_cheapest_nvidia_chip_that_china_could_buy() -> None:
    """Friction counts; a barred chip only where no other is; AMD's never."""
    chips = tuple(
        make_accelerator(name, vendor="NVIDIA", valid_from=date(2020, 1, 1))
        for name in ("NVIDIA H20", "NVIDIA A800", "NVIDIA H200")
    )
    serving = {"NVIDIA H20": 1.0, "NVIDIA A800": 1.02, "NVIDIA H200": 0.5}

    def best(*spells: Any) -> str | None:
        return rating._obtainable(
            world_as_of(DAY, accelerators=chips, availability=spells), serving, draws()
        )[0]

    assert best() == "NVIDIA H200"  # nothing restricts sales
    assert best(spell("allowed", "accepted"), spell("barred", "accepted", "H200")) == "NVIDIA H20"
    assert (
        best(spell("licence", "discouraged"), spell("allowed", "accepted", "A800")) == "NVIDIA A800"
    )
    assert (
        best(spell("barred", "accepted", "H200"), spell("barred", "accepted", "H20"))
        == "NVIDIA H200"
    )
    assert (
        best(spell("allowed", "accepted", "AMD MI308"), spell("licence", "accepted"))
        == "NVIDIA H20"
    )
    assert best(spell("allowed", "accepted", "B99"), spell("licence", "accepted")) == "NVIDIA H20"
    assert best(spell("allowed", "accepted", "B99")) is None


# --- versions, changes, worlds -------------------------------------------------------------------


def changed(**new: Any) -> str | None:
    before = make_release(
        price_input_usd_per_mtok=1.0, price_output_usd_per_mtok=4.0, gpqa_diamond_pct=70.0,
        open_weights=False, inference_domestic=False,
    )  # fmt: skip
    return changes.kind_of_change(before, replace(before, **new))


@pytest.mark.parametrize(
    ("new", "kind"),
    [
        ({}, None),
        ({"price_output_usd_per_mtok": 3.76}, None),  # 4.76 of 5: less than a twentieth
        ({"price_output_usd_per_mtok": 3.74}, changes.PRICE_CUT),
        ({"price_output_usd_per_mtok": 9.0}, None),
        ({"open_weights": True}, changes.OPENED),
        ({"inference_domestic": True}, changes.PORTED),
        ({"inference_domestic": True, "open_weights": True}, changes.OPENED),
        ({"mmlu_pro_pct": 80.0}, "rated again"),  # twice as many tests
        ({"lmarena_elo": 1400.0}, None),  # the crowd's vote is none
    ],
)
def test_what_is_new_between_two_versions(new: dict[str, Any], kind: str | None) -> None:
    assert changed(**new) == kind


def test_what_could_not_be_rated_and_a_first_price_are_ratings_as_a_whole() -> None:
    bare = make_release()
    voted = replace(bare, lmarena_elo=1400.0)
    tested = replace(voted, gpqa_diamond_pct=70.0)
    two = replace(tested, mmlu_pro_pct=80.0)
    three = replace(two, aime_pct=80.0)
    priced = replace(three, price_input_usd_per_mtok=0.0)

    pairs = [
        (bare, voted),
        (voted, tested),
        (tested, two),
        (two, three),
        (three, priced),
        (bare, bare),
    ]
    assert [changes.kind_of_change(*pair) for pair in pairs] == [
        "rated at last", "rated again", "rated again", None, "rated again", None
    ]  # fmt: skip
    four = replace(three, swe_bench_verified_pct=50.0)
    assert changes.kind_of_change(two, four) == "rated again"


RELEASE = {
    "release_date": "2025-01-20", "announced_time_utc": "", "model": "M", "lab": "L",
    "country": "CN", "role": "tracked", "confidence": "high", "lmarena_elo": "1357",
    "lmarena_asof": "2025-02-01", "aime": "79.8", "aime_year": "2024", "source": "s",
    "delay_or_setback_note": "missed its window; OpenAI delayed too; fine otherwise",
}  # fmt: skip


def test_an_arena_score_is_known_from_its_snapshot_on() -> None:
    first, later = catalogue.parse_releases([RELEASE])
    same = catalogue.parse_releases([RELEASE | {"lmarena_asof": "2025-01-20"}])
    unknown = catalogue.parse_releases([RELEASE | {"lmarena_asof": "soon"}])

    assert (first.lmarena_elo, first.known_at) == (None, end_of("2025-01-20"))
    assert (later.lmarena_elo, later.known_at) == (1357.0, end_of("2025-02-01"))
    assert [r.lmarena_elo for r in (*same, *unknown)] == [1357.0, 1357.0]
    assert (first.aime_pct, first.aime_year, first.confidence) == (79.8, 2024, 0.9)
    assert first.setback == "missed its window"
    assert not first.is_comparison


def test_an_update_hides_what_was_written_in_hindsight_until_it_was_told() -> None:
    names = ("model", "known_at_utc", "field", "value")
    rows = [
        dict(zip(names, row, strict=True))
        for row in (
            ("M", "2025-03-01T10:00:00", "aime", "79.8"),
            ("M", "2025-02-10T10:00:00+02:00", "aime_year", "2025"),
            ("other", "2025-02-10T10:00:00", "aime", "1"),
        )
    ]
    told = catalogue.parse_releases([RELEASE | {"lmarena_elo": ""}], catalogue.parse_updates(rows))

    assert [(r.aime_pct, r.aime_year) for r in told] == [(None, 2024), (None, 2025), (79.8, 2025)]
    assert told[1].known_at == datetime(2025, 2, 10, 8, tzinfo=UTC)
    assert told[2].known_at == datetime(2025, 3, 1, 10, tzinfo=UTC)
    early = [rows[0] | {"known_at_utc": "2025-01-01T00:00:00"}]
    (only,) = catalogue.parse_releases(
        [RELEASE | {"lmarena_elo": ""}], catalogue.parse_updates(early)
    )
    assert (only.aime_pct, only.known_at) == (79.8, end_of("2025-01-20"))


@pytest.mark.parametrize(
    ("precision", "scale"),
    [
        (None, None), ("bf16", None), ("fp8-ue8m0", "ue8m0"), ("FP8 E8M0", "ue8m0"),
        ("MXFP4", "ue8m0"), ("fp8-e4m3-128x128", "fp32-128x128"), ("nvfp4 with mxfp8", None),
    ],
)  # fmt: skip
def test_a_precision_names_its_scale_format(precision: str | None, scale: str | None) -> None:
    assert catalogue.scale_format_of(precision) == scale


def test_numbers_and_flags_that_are_none_are_refused() -> None:
    for column, text in (("aime", "nan"), ("aime", "inf"), ("open_weights", "Y")):
        with pytest.raises(ConfigError, match=r"model_releases\.csv:2"):
            catalogue.parse_releases([RELEASE | {column: text}])
    assert catalogue._flag({"x": " y "}, "x") is True
    assert catalogue._flag({"x": "n"}, "x") is False
    assert catalogue._flag({}, "x") is None
    with pytest.raises(DataError):
        catalogue._flag({"x": "yes"}, "x")


def test_versions_as_of_an_instant_and_on_the_first_day() -> None:
    first = make_release("A")
    later, other = (
        replace(first, known_at=first.known_at + ONE),
        make_release("B", released_on=date(2024, 1, 1)),
    )
    everything = [later, first, other]

    assert catalogue.latest_by(everything, first.known_at) == (other, first)
    assert catalogue.latest_by(everything, later.known_at) == (other, later)
    assert catalogue.first_versions(everything) == (first, other)


def test_a_world_holds_what_was_known_and_not_replaced_by_then() -> None:
    told = TokensRouted(
        known_at=DAY, on=DAY.date(), chinese_share=0.1, others_share=0.1, until=DAY + ONE
    )

    def holds(instant: datetime) -> bool:
        return bool(world_as_of(instant, tokens=[told]).tokens)

    assert [holds(DAY - timedelta(microseconds=1)), holds(DAY), holds(DAY + ONE)] == [
        False,
        True,
        False,
    ]
    release = make_release(known_at=DAY)
    assert world_as_of(DAY, releases=[release]).releases == (release,)
    assert world_as_of(DAY - ONE, releases=[release]).releases == ()
    assert world_as_of(DAY, releases=[release]).earlier_than(release) == ()
    assert world_as_of(DAY, releases=[release]).earlier_than(replace(release, known_at=DAY + ONE))


def day(n: int, share: float = 0.2) -> TokensRouted:
    on = DAY.date() - timedelta(days=n)
    (told,) = tokens_from_rows(
        [{"on": str(on), "chinese_share": str(share), "others_share": "0.5"}]
    )
    return told


def test_the_week_asked_is_nearly_whole_and_three_weeks_old_at_most() -> None:
    week = [day(0, 0.5), day(1, 0.3), day(6, 0.2), day(5, 0.2)]

    found = asked_at([*week, day(7, 9.0)], DAY)
    assert found is not None
    assert (found.share, found.share_before, found.on) == (pytest.approx(0.3), None, DAY.date())
    before = [day(28 + n, 0.1) for n in range(4)]
    with_before = asked_at([*week, *before], DAY)
    assert with_before is not None
    assert with_before.share_before == pytest.approx(0.1)
    assert asked_at(week[:3], DAY) is None  # three days are too few
    assert asked_at(week, DAY + 21 * ONE) is not None
    assert asked_at(week, DAY + 22 * ONE) is None
    assert asked_at([], DAY) is None
    assert day(0).others_share == 0.5


# --- words ---------------------------------------------------------------------------------------


def test_a_band_is_the_5th_50th_and_95th_percentile() -> None:
    assert reasons._band(np.linspace(0.0, 1.0, 101)) == pytest.approx((0.05, 0.5, 0.95))


def test_a_training_bill_stands_beside_hours_at_two_dollars() -> None:
    bill = reasons._training_bill(
        make_release(claimed_training_cost_usd=294_000.0, training_gpu_hours=100_000.0)
    )
    assert [e.text.args["estimate"] for e in bill] == [200_000.0]  # type: ignore[attr-defined]
    assert bill[0].confidence == 0.3
    unknown = reasons._training_bill(make_release(claimed_training_cost_usd=294_000.0))
    assert unknown[0].text.args["estimate"] is None  # type: ignore[attr-defined]
    assert reasons._training_bill(make_release(training_gpu_hours=1.0)) == []


def test_draws_are_asked_by_name() -> None:
    with pytest.raises(KeyError):
        draws()["no such"]
    assert isinstance(draws(), Draws)
