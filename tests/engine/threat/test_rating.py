"""What one rating must do, whatever its parameters: one truth per test."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.threat import ThreatParameters
from engine.errors import NotObservedError
from engine.threat.channels import CHANNEL_ORDER, Case
from engine.threat.evidence import Proof, ProofOutcome, ProofStage
from engine.threat.figures import channel_parts, on_grid, outcome_of, to_score
from engine.threat.pairing import ChipCosts
from engine.threat.parameters import Sample, sample
from engine.threat.rating import (
    CostClaim,
    case_of,
    cases_of,
    doubt_of,
    rate,
    setting_of,
    stake_in,
)
from engine.threat.world import World
from engine.values import Accelerator, ModelRelease, ThreatRating
from tests.engine.threat.threat_world import (
    DAY,
    drawn,
    earnings,
    frontier_model,
    params,
    release,
    share,
    spell,
    supply,
    world,
)

ASCEND = {"hardware_named": "20,000 Huawei Ascend 910C"}


def rated(new: ModelRelease, around: World | None = None, **kwargs: Any) -> ThreatRating:
    return rate(new, around or world(), params(), drawn=drawn(), **kwargs)


def with_fixed(name: str, value: float) -> tuple[ThreatParameters, Sample]:
    """The parameters with one of them certain."""
    figure = getattr(params().uncertain, name)
    point = figure.prior.model_copy(update={"low": value, "mode": value, "high": value})
    fixed = figure.model_copy(update={"prior": point, "evidence": ()})
    uncertain = params().uncertain.model_copy(update={name: fixed})
    changed = params().model_copy(update={"uncertain": uncertain})
    return changed, sample(changed, draws=2048)


# --- identities ---


@pytest.mark.parametrize("given", [{}, ASCEND, {"price_output_usd_per_mtok": 0.01}])
def test_parts_add_up_to_the_score_exactly(given: dict[str, Any]) -> None:
    rating = rated(release(**given))
    assert sum(rating.channels.values()) == rating.score
    assert tuple(rating.channels) == CHANNEL_ORDER


@settings(max_examples=200)
@given(st.lists(st.floats(-1, 1), min_size=50, max_size=50))
def test_parts_of_any_draws_add_up_exactly(figures: list[float]) -> None:
    value = np.array(figures).reshape(5, 10)
    centre = float(np.median(-value.sum(axis=0)))
    whole = on_grid(to_score(centre, params().score))
    assert sum(channel_parts(value, whole, centre).values()) == whole


def test_a_part_is_the_channels_mean_around_the_median_and_the_residual_takes_the_rest() -> None:
    value = np.zeros((5, 101))
    value[0], value[2] = -0.01, np.linspace(-0.02, 0.02, 101)
    parts = channel_parts(value, 10.0, 0.01)
    assert parts["substitution"] == pytest.approx(10.0)
    assert parts["price_pressure"] == pytest.approx(0.0, abs=1e-9)
    assert parts["residual"] == pytest.approx(0.0, abs=1e-9)


def test_score_saturates_names_its_scale_and_knows_gains() -> None:
    scale = params().score
    assert to_score(0.0, scale) == 0.0
    assert to_score(0.02, scale) == pytest.approx(50, abs=0.1)
    assert to_score(-0.02, scale) == pytest.approx(-50, abs=0.1)
    assert to_score(10.0, scale) == pytest.approx(100)


def test_centre_mean_and_probability_agree_with_a_slow_recount() -> None:
    new, around = release(**ASCEND, price_output_usd_per_mtok=0.4), world()
    rating = rated(new, around)
    now = drawn().at(around.as_of)
    case = case_of(
        new,
        around,
        params(),
        setting_of(new, around, params()),
        stake_in(around, params(), now, ""),
        now,
    )
    out = outcome_of(case, now)
    totals = [sum(float(channel[i]) for channel in out.year) for i in range(now.draws)]
    middle = sorted(totals)[now.draws // 2 - 1 : now.draws // 2 + 1]
    assert rating.loss_share == pytest.approx(-sum(middle) / 2, rel=1e-12)
    assert rating.net_mean_share == pytest.approx(sum(totals) / len(totals), rel=1e-9)
    assert rating.p_loss_over_5pct == sum(-t > 0.05 for t in totals) / len(totals)


def test_value_is_the_discounted_gross_profit_of_three_years() -> None:
    new, around = release(**ASCEND), world()
    now = drawn().at(around.as_of)
    stake = stake_in(around, params(), now, "")
    case = case_of(new, around, params(), setting_of(new, around, params()), stake, now)
    out = outcome_of(replace(case, stretch=0.0), now)
    from engine.threat.channels import all_channels

    shares = all_channels(case, now)
    lost = np.zeros(now.draws)
    for year in range(3):
        worth = now["gross_margin"] / (1 + now["discount_rate"]) ** (year + 0.5)
        lost += shares[:, year].sum(axis=0) * stake.base[year] * worth
    assert out.total_value == pytest.approx(lost / stake.base_value, rel=1e-9)


def test_dollars_of_the_channels_add_up_to_the_net_mean() -> None:
    rating = rated(release(**ASCEND))
    total = sum(rating.channel_usd_bn.values())
    assert total == pytest.approx(rating.net_mean_share * rating.revenue_usd_bn)


def test_same_arguments_give_the_same_rating() -> None:
    assert rate(release(), world(), params(), draws=512) == rate(
        release(), world(), params(), draws=512
    )


# --- price, efficiency ---


def test_elasticity_above_one_turns_efficiency_into_a_tailwind() -> None:
    cheap = release(price_input_usd_per_mtok=0.02, price_output_usd_per_mtok=0.1)
    gain, loss = (
        rate(cheap, world(), changed, drawn=made).channel_usd_bn["efficiency"]
        for changed, made in (with_fixed("elasticity", 1.5), with_fixed("elasticity", 0.5))
    )
    assert loss < 0 < gain


def test_a_rebound_cannot_exceed_what_nvidia_can_supply() -> None:
    changed, made = with_fixed("elasticity", 1.6)
    cheap = release(price_input_usd_per_mtok=1e-4, price_output_usd_per_mtok=1e-4)
    rating = rate(cheap, world(), changed, drawn=made)
    ceiling = float(made.at(DAY)["supply_headroom"].max()) * rating.revenue_usd_bn
    assert rating.channel_usd_bn["efficiency"] < ceiling


def test_a_price_below_what_serving_costs_is_a_gift_and_no_efficiency() -> None:
    changed, made = with_fixed("elasticity", 0.5)
    cheap = release(price_input_usd_per_mtok=0.01, price_output_usd_per_mtok=0.04)
    dear = ChipCosts(serving={"NVIDIA H200 SXM": 5.0}, training={})
    chip = Accelerator(
        chip="NVIDIA H200 SXM", vendor="NVIDIA", valid_from=DAY.date(), country="US",
        bf16_tflops=1.0, fp8_tflops=1.0, int8_tops=1.0, fp4_tflops=None, fp8_native=True,
        mx_native=None, hif8_native=None, memory_gb=1.0, memory_bw_tbs=1.0, scaleup_gbs_bidir=1.0,
        scaleout_gbit_s=1.0, tdp_w=1.0, price_usd=1.0, rent_usd_per_hour=1.0, confidence="A",
        source="made for the test",
    )  # fmt: skip
    plain = rate(cheap, world(accelerators=(chip,)), changed, drawn=made)
    costly = rate(cheap, world(accelerators=(chip,), costs={"New": dear}), changed, drawn=made)
    assert abs(costly.channel_usd_bn["efficiency"]) < 0.2 * abs(plain.channel_usd_bn["efficiency"])


def test_a_price_of_zero_is_a_price() -> None:
    free = {"price_input_usd_per_mtok": 0.0, "price_output_usd_per_mtok": 0.0}
    rating = rated(release(**free))
    assert rating.score == pytest.approx(
        rated(release(**dict.fromkeys(free, 1e-6))).score, rel=0.05
    )
    assert rating.rateable
    assert "No price was published" not in rating.reasons


def test_without_earlier_offers_nothing_is_new_in_price() -> None:
    alone = rated(release(), world(releases=()))
    assert alone.channels["price_pressure"] == 0.0


def test_a_dearer_frontier_makes_the_same_price_more_novel() -> None:
    cheap, dear = (
        rated(release(), world(releases=(frontier_model(price=price),))) for price in (3.0, 30.0)
    )
    assert dear.score > cheap.score


def test_closed_weights_carry_no_openness_and_unknown_ones_half() -> None:
    before = release("Old", -30, gpqa_diamond_pct=60.0, mmlu_pro_pct=70.0,
                     swe_bench_verified_pct=40.0, aime_pct=50.0)  # fmt: skip
    opened, unknown, closed = (
        rated(release(open_weights=flag), world(before)).channel_usd_bn["openness"]
        for flag in (True, None, False)
    )
    assert opened < unknown < closed == 0.0


# --- proof ---


@pytest.mark.parametrize(
    "gone", [{"shares": (), "supply": (supply(0.0),)}], ids=["no home-grown supply"]
)
def test_substitution_needs_supply(gone: dict[str, Any]) -> None:
    assert rated(release(**ASCEND), world(**gone)).channel_usd_bn["substitution"] == 0.0


def test_ue8m0_alone_changes_nothing_but_named_hardware_does() -> None:
    plain = rated(release())
    scaled = rated(release(scale_format="ue8m0"))
    assert scaled.score == plain.score
    assert "prove no hardware" in scaled.reasons
    assert rated(release(**ASCEND)).score > plain.score + 5


def test_a_chip_makers_own_model_proves_less_than_an_independent_one() -> None:
    own, other = (rated(release(lab=lab, **ASCEND)) for lab in ("Huawei", "Lab"))
    assert own.channels["substitution"] < 0.6 * other.channels["substitution"]


def test_a_press_claim_of_training_weighs_little() -> None:
    press, sure = (
        rated(release(hardware_named=words)).channels["substitution"]
        for words in ("press: Ascend 910B, unconfirmed", "Ascend 910B")
    )
    assert 0 < press < 0.4 * sure


def test_the_labs_failure_is_no_tailwind_of_its_next_release() -> None:
    failed = Proof(
        known_at=DAY - timedelta(days=7), actor="Lab", obj="", stage=ProofStage.TRAINING,
        outcome=ProofOutcome.FAILURE, trust=0.6, source="press",
    )  # fmt: skip
    plain, after = rated(release()), rated(release(), world(proofs=(failed,)))
    assert after.score == plain.score
    assert any("reported to have failed" in e.text for e in after.evidence)


def test_serving_is_no_proof_of_training() -> None:
    new, around = release(inference_domestic=True), world()
    now = drawn().at(around.as_of)
    stake = stake_in(around, params(), now, "")
    case = case_of(new, around, params(), setting_of(new, around, params()), stake, now)
    assert np.array_equal(case.after.training, case.before.training)
    assert (case.after.inference > case.before.inference).all()


@pytest.mark.parametrize("name", ["software_penalty_inference", "connectivity_penalty_inference"])
def test_software_and_links_are_penalties_of_their_own(name: str) -> None:
    light, heavy = (
        rate(release(**ASCEND), world(), changed, drawn=made).channels["substitution"]
        for changed, made in (with_fixed(name, 1.0), with_fixed(name, 3.0))
    )
    assert heavy < light


def test_open_weights_reach_further_than_a_closed_service() -> None:
    opened, closed = (rated(release(open_weights=flag)) for flag in (True, False))
    assert opened.channels["price_pressure"] > closed.channels["price_pressure"]


def test_what_a_bar_has_taken_already_is_not_taken_again() -> None:
    free, barred = (
        rated(release(**ASCEND), world(availability=(spell(*state),)))
        for state in (("allowed", "accepted"), ("barred", "blocked"))
    )
    assert 0 < barred.channels["substitution"] < free.channels["substitution"]
    assert barred.value_loss_usd_bn > 0  # the option on a market that may open again


# --- what is not known ---


def test_without_price_and_scores_it_is_seen_and_not_rated() -> None:
    blank = dict.fromkeys(
        ("gpqa_diamond_pct", "mmlu_pro_pct", "swe_bench_verified_pct", "aime_pct",
         "price_input_usd_per_mtok", "price_output_usd_per_mtok")
    )  # fmt: skip
    rating = rated(release(**blank))
    assert not rating.rateable
    assert "cannot be rated yet" in rating.reasons
    assert "moved the same" not in rating.reasons
    assert rating.score_high - rating.score_low > 60


def test_an_unsure_row_widens_the_interval_and_keeps_the_centre() -> None:
    sure, unsure = (rated(release(confidence=c)) for c in (1.0, 0.1))
    assert unsure.loss_share == pytest.approx(sure.loss_share, abs=1e-12)
    assert unsure.net_high_share - unsure.net_low_share > sure.net_high_share - sure.net_low_share


def test_unknown_supply_is_wide_and_not_zero() -> None:
    known = rated(release(**ASCEND), world(shares=tuple(share(0.3) for _ in range(6))))
    unknown = rated(release(**ASCEND), world(shares=()))
    assert unknown.channels["substitution"] > 0
    assert any(
        e.text.startswith("Home-grown supply") and e.observed.value == "not_observed"
        for e in unknown.evidence
    )
    assert known.evidence != unknown.evidence


def test_without_any_revenue_known_there_is_no_rating() -> None:
    with pytest.raises(NotObservedError, match="load nvidia_earnings"):
        rated(release(), world(earnings=()))


# --- claims and words ---


def test_a_press_claim_on_cost_stands_beside_the_estimate_and_moves_nothing() -> None:
    claim = CostClaim(text="7 %", claimed_ratio=0.07, source="press", confidence=0.9)
    plain, claimed = rated(release()), rated(release(), claims=(claim,))
    assert claimed.score == plain.score
    said = next(e for e in claimed.evidence if "Press claim" in e.text)
    assert said.confidence is not None
    assert said.confidence <= 0.3


def test_a_claimed_training_bill_moves_nothing() -> None:
    billed = rated(release(claimed_training_cost_usd=1e6, training_gpu_hours=1e6))
    assert billed.score == rated(release()).score


def test_texts_of_sources_never_reach_the_reasons() -> None:
    evil = "<script>alert(1)</script>"
    rating = rated(release(source=evil, license=evil, **ASCEND))
    assert evil not in rating.reasons
    assert all(evil not in e.text for e in rating.evidence)


def test_sensitivity_is_spearmans_correlation_with_the_loss() -> None:
    from scipy.stats import spearmanr

    new, around = release(**ASCEND), world()
    rating = rated(new, around)
    now = drawn().at(around.as_of)
    stake = stake_in(around, params(), now, "")
    case = case_of(new, around, params(), setting_of(new, around, params()), stake, now)
    loss = -outcome_of(case, now).total_value
    name, value = rating.sensitivity[0]
    assert value == pytest.approx(spearmanr(drawn().uniform[name], loss).statistic, abs=1e-9)


def test_closest_earlier_is_a_known_neighbour() -> None:
    twin = release("Twin", -10)
    assert rated(release(), world(twin)).closest_earlier == "Twin"
    assert rated(release(), world(releases=())).closest_earlier is None


# --- what was told, and what decisions count ---

UNPRICED = {"price_input_usd_per_mtok": None, "price_output_usd_per_mtok": None}
UNSCORED = dict.fromkeys(
    ("gpqa_diamond_pct", "mmlu_pro_pct", "swe_bench_verified_pct", "aime_pct", "lmarena_elo")
)


def test_a_price_that_nobody_told_is_no_novelty_at_the_centre_and_a_guess_for_decisions() -> None:
    silent = rated(release(**UNPRICED))

    assert silent.channels["price_pressure"] == silent.channels["efficiency"] == 0.0
    assert silent.impulse_share > silent.loss_share
    assert rated(release()).impulse_share == rated(release()).loss_share


def test_an_untold_price_reaches_in_the_interval_as_far_as_free() -> None:
    silent = rated(release(**UNPRICED))
    free = rated(release(price_input_usd_per_mtok=0.0, price_output_usd_per_mtok=0.0))

    assert silent.value_high_usd_bn >= free.value_high_usd_bn
    assert silent.score < free.score


def test_quality_that_no_score_tells_hangs_on_no_price_and_on_no_licence() -> None:
    """Where it does, the cheaper or the open of two unscored releases seems the worse model."""
    others = tuple(
        release(f"Scored {n}", -30 * n, price_output_usd_per_mtok=p, open_weights=p < 1,
                gpqa_diamond_pct=g, mmlu_pro_pct=None, swe_bench_verified_pct=None, aime_pct=None)
        for n, (p, g) in enumerate(((0.2, 35.0), (0.4, 45.0), (4.0, 75.0), (8.0, 82.0)), start=1)
    )  # fmt: skip
    around = world(releases=(frontier_model(), *others))
    read = {
        (price, opened): _told(
            release(price_output_usd_per_mtok=price, price_input_usd_per_mtok=price / 4,
                    open_weights=opened, **UNSCORED), around
        ).reach
        for price in (0.1, 0.3, 10.0) for opened in (True, False)
    }  # fmt: skip

    assert len({float(reach.mean()) for reach in read.values()}) == 1


def test_without_price_and_scores_the_two_doubts_add_straight() -> None:
    doubt = params().doubt

    def of(new: ModelRelease, n_scores: int) -> float:
        return doubt_of(replace(new, total_params_b=1.0, active_params_b=1.0), n_scores, doubt, 1.0)

    both = of(release(**UNPRICED), 0) ** 2 - doubt.residual**2
    assert both == pytest.approx((doubt.price + doubt.scores) ** 2)
    assert of(release(**UNPRICED), 3) ** 2 - doubt.residual**2 == pytest.approx(doubt.price**2)
    assert of(release(), 0) ** 2 - doubt.residual**2 == pytest.approx(doubt.scores**2)


def _told(new: ModelRelease, around: World) -> Case:
    now = drawn().at(around.as_of)
    stake = stake_in(around, params(), now, "")
    return cases_of(new, around, params(), setting_of(new, around, params()), stake, now).told


# --- one line of reason ---


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (ASCEND, "Training on home-grown chips moves the odds"),
        ({"price_output_usd_per_mtok": 0.02, "price_input_usd_per_mtok": 0.01}, "it costs"),
        ({"price_output_usd_per_mtok": 50, "price_input_usd_per_mtok": 20}, "best open weights"),
    ],
)  # fmt: skip
def test_one_line_tells_what_most_of_it_comes_from(given: dict[str, Any], said: str) -> None:
    around = world(release("Open before", -30, gpqa_diamond_pct=40.0, mmlu_pro_pct=60.0,
                           swe_bench_verified_pct=20.0, aime_pct=20.0))  # fmt: skip
    rating = rated(release(**given), around)
    parts = {n: p for n, p in rating.channels.items() if n != "residual"}

    assert abs(max(parts.values(), key=abs)) > 0.5
    assert said in rating.in_short
    assert rating.in_short.count(". ") == 0


DEAR = {"price_output_usd_per_mtok": 50.0, "price_input_usd_per_mtok": 20.0}


@pytest.mark.parametrize(
    ("opened", "said"),
    [(True, "Its open weights lead no further"), (False, "Its weights are closed"), (None, "")],
)
def test_one_line_tells_why_it_is_next_to_nothing(opened: bool | None, said: str) -> None:
    twin = release("Twin", -10)
    rating = rated(release(open_weights=opened, **DEAR), world(twin))

    assert abs(rating.score) < 0.5
    assert "no cheaper than Twin" in rating.in_short
    assert said in rating.in_short
    assert ("weights" in rating.in_short) is bool(said)


def test_where_no_price_is_lower_the_reasons_say_that_prices_are_by_the_token() -> None:
    """A model that answers in fewer words may cost less and is not told from one that does not."""
    by_token = "Prices are compared by the token"
    around = world(release("Twin", -10))

    assert by_token in rated(release(**DEAR), around).reasons
    assert by_token not in rated(release(price_output_usd_per_mtok=0.02), around).reasons
    assert by_token not in rated(release(**UNPRICED), around).reasons
    assert by_token not in rated(release(**DEAR), world(releases=())).reasons


# --- time ---


def test_later_facts_do_not_move_a_rating() -> None:
    later = release("Later", 10, price_output_usd_per_mtok=0.001)
    told = Proof(
        known_at=DAY + timedelta(days=1), actor="Lab", obj="New", stage=ProofStage.TRAINING
    )
    more = world(later, proofs=(told,), earnings=(earnings(), earnings(0.5, days=5)),
                 shares=(share(0.3), share(0.9, days=3)))  # fmt: skip
    assert rated(release(), more) == rated(release(), world())


def test_order_of_facts_does_not_matter() -> None:
    first, second = release("A", -20), release("B", -10, **ASCEND)
    one = world(first, second, shares=(share(0.2), share(0.4)))
    other = world(second, first, shares=(share(0.4), share(0.2)))
    assert rated(release(), one).score == pytest.approx(rated(release(), other).score, rel=1e-12)
