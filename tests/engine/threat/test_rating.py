"""What the rating must do, whatever its parameters: one truth per test."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import NotObservedError
from engine.threat.channels import CHANNEL_ORDER, all_channels
from engine.threat.chips import load_accelerators
from engine.threat.feasibility import FeasibilityEvidence, Kind
from engine.threat.pairing import ChipCosts
from engine.threat.parameters import Sample, ThreatParameters, sample
from engine.threat.rating import CostClaim, channel_parts, on_grid, rate, to_score
from engine.threat.rating import _case as case_of
from engine.threat.rating import _setting as setting_of
from engine.values import ModelRelease, ThreatRating
from tests.engine.threat.threat_world import (
    DAY,
    draws,
    earnings,
    frontier_model,
    params,
    release,
    spell,
    supply,
    world,
)


def score(new: ModelRelease, around: object = None, **kwargs: object) -> ThreatRating:
    return rate(new, around or world(), params(), drawn=draws(), **kwargs)  # type: ignore[arg-type]


def with_fixed(name: str, value: float) -> tuple[ThreatParameters, Sample]:
    """The parameters with one of them certain."""
    fixed = tuple(
        replace(u, low=value, mode=value, high=value) if u.name == name else u
        for u in params().uncertain
    )
    changed = replace(params(), uncertain=fixed)
    return changed, sample(changed, draws=2048)


ASCEND = {"hardware_named": "20,000 Huawei Ascend 910C"}
FAILURE = FeasibilityEvidence(
    known_at=DAY - timedelta(days=7),
    kind=Kind.TRAINING_FAILURE,
    lab="Lab",
    independent=True,
    credibility=0.9,
    source="press",
)


# --- identities ---


def test_parts_add_up_to_the_score_exactly() -> None:
    for new in (release(), release(**ASCEND), release(price_output_usd_per_mtok=0.01)):
        rating = score(new)
        assert sum(rating.channels.values()) == rating.score
        assert tuple(rating.channels) == CHANNEL_ORDER


@settings(max_examples=200)
@given(st.lists(st.floats(-1, 1), min_size=8, max_size=8))
def test_parts_of_any_draws_add_up_exactly(figures: list[float]) -> None:
    shares = np.array(figures).reshape(4, 2)
    whole = on_grid(to_score(float(np.maximum(-shares.sum(axis=0), 0.0).mean()), params()))
    assert sum(channel_parts(shares, whole).values()) == whole


def test_score_saturates_and_names_its_scale() -> None:
    assert to_score(0.0, params()) == 0.0
    assert to_score(0.04, params()) == pytest.approx(50, abs=0.1)
    assert to_score(10.0, params()) == pytest.approx(100)


def test_score_net_mean_and_probability_agree_with_a_slow_recount() -> None:
    new, around = release(**ASCEND, price_output_usd_per_mtok=0.4), world()
    rating = score(new, around)
    case = case_of(new, around, params(), setting_of(new, around, params()), draws())
    totals = [sum(float(c[i]) for c in all_channels(case, draws())) for i in range(draws().draws)]
    expected = sum(max(0.0, -t) for t in totals) / len(totals)
    assert rating.expected_loss_share == pytest.approx(expected, rel=1e-12)
    assert rating.net_mean_share == pytest.approx(sum(totals) / len(totals), rel=1e-12)
    assert rating.p_loss_over_5pct == sum(-t > 0.05 for t in totals) / len(totals)
    assert rating.score == pytest.approx(100 * (1 - np.exp(-expected / params().loss_scale)))


def test_dollars_of_the_channels_add_up_to_the_net_mean() -> None:
    rating = score(release(**ASCEND))
    total = sum(rating.channel_usd_bn.values())
    assert total == pytest.approx(rating.net_mean_share * rating.revenue_usd_bn)


def test_parts_are_means_over_losing_draws_only() -> None:
    shares = np.array([[-0.1, 0.5], [-0.1, 0.0], [0.0, 0.0], [0.05, 0.0]])
    parts = channel_parts(shares, 30.0)
    assert parts == pytest.approx(
        {"substitution": 20.0, "efficiency": 20.0, "price_pressure": 0.0, "setbacks": -10.0}
    )


def test_same_arguments_give_the_same_rating() -> None:
    assert rate(release(), world(), params(), draws=512) == rate(
        release(), world(), params(), draws=512
    )


def test_interval_holds_the_score() -> None:
    rating = score(release(**ASCEND))
    assert rating.score_low <= rating.score <= rating.score_high


# --- price ---


@settings(max_examples=40)
@given(
    price=st.floats(0.001, 50),
    cheaper=st.floats(0.01, 1.0),
    ascend=st.booleans(),
    ample=st.booleans(),
)
def test_cheaper_never_lowers_the_threat(
    price: float, cheaper: float, ascend: bool, ample: bool
) -> None:
    hardware = ASCEND if ascend else {}
    around = world(supply=(supply(6e6 if ample else 4e5),))
    dear = release(price_input_usd_per_mtok=price / 4, price_output_usd_per_mtok=price, **hardware)
    cheap = replace(
        dear,
        price_input_usd_per_mtok=price / 4 * cheaper,
        price_output_usd_per_mtok=price * cheaper,
    )
    assert score(cheap, around).score >= score(dear, around).score - 1e-9


def test_elasticity_above_one_turns_efficiency_into_a_tailwind() -> None:
    new = release(price_input_usd_per_mtok=0.05, price_output_usd_per_mtok=0.2)
    for elasticity, gains in ((1.4, True), (0.6, False)):
        changed, drawn = with_fixed("elasticity", elasticity)
        rating = rate(new, world(), changed, drawn=drawn)
        assert (rating.channel_usd_bn["efficiency"] > 0) is gains


def test_elasticity_of_one_leaves_efficiency_at_zero() -> None:
    changed, drawn = with_fixed("elasticity", 1.0)
    rating = rate(release(price_output_usd_per_mtok=0.2), world(), changed, drawn=drawn)
    assert rating.channel_usd_bn["efficiency"] == 0.0


def test_a_rebound_cannot_exceed_what_nvidia_can_supply() -> None:
    new = release(price_input_usd_per_mtok=1e-4, price_output_usd_per_mtok=1e-4)
    around = world()
    case = case_of(new, around, params(), setting_of(new, around, params()), draws())
    gains = all_channels(case, draws())[CHANNEL_ORDER.index("efficiency")]
    assert np.all(gains <= draws()["supply_headroom"])


def test_a_price_below_what_serving_costs_is_a_gift_and_no_efficiency() -> None:
    """At 1 USD a million tokens to serve, 0.05 saves no more compute than 1 does."""
    chip = next(c for c in load_accelerators() if c.chip == "NVIDIA H20 96GB")
    costs = {"New": ChipCosts(serving={chip.chip: 1.0}, training={})}
    around = world(accelerators=(chip,), costs=costs)
    at_cost = release(price_input_usd_per_mtok=1.0, price_output_usd_per_mtok=1.0)
    gift = release(price_input_usd_per_mtok=0.05, price_output_usd_per_mtok=0.05)
    honest, given_away = score(at_cost, around), score(gift, around)
    assert given_away.channel_usd_bn["efficiency"] == honest.channel_usd_bn["efficiency"]
    assert given_away.channel_usd_bn["price_pressure"] < honest.channel_usd_bn["price_pressure"]


def test_closest_earlier_is_a_known_neighbour_and_no_unknown() -> None:
    blank = dict.fromkeys(
        (
            "gpqa_diamond_pct",
            "mmlu_pro_pct",
            "swe_bench_verified_pct",
            "aime_pct",
            "total_params_b",
            "active_params_b",
        )
    )
    near = release("Near", -20, total_params_b=600, price_output_usd_per_mtok=2.2)
    unknown = release("Unknown", -10, **blank)
    assert score(release(), world(near, unknown)).closest_earlier == "Near"


def test_worse_quality_threatens_less_at_the_same_price() -> None:
    weak = release(
        gpqa_diamond_pct=55.0, mmlu_pro_pct=72.0, swe_bench_verified_pct=40.0, aime_pct=45.0
    )
    assert score(weak).score < score(release()).score


# --- novelty ---


def test_a_release_rated_against_a_frontier_that_holds_it_scores_near_zero() -> None:
    new = release(price_output_usd_per_mtok=0.5, **ASCEND)
    first = score(new)
    again = replace(new, known_at=new.known_at + timedelta(days=1))
    second = score(again, world(new, at=DAY + timedelta(days=2)))
    assert first.score > 10
    assert second.score < 0.1 * first.score
    assert second.closest_earlier == new.model


def test_a_copy_from_another_lab_scores_near_zero_in_price() -> None:
    new = release(price_output_usd_per_mtok=0.5)
    copy = replace(new, model="Copy", lab="Other", known_at=new.known_at + timedelta(days=1))
    assert score(copy, world(new, at=DAY + timedelta(days=2))).score < 0.05 * score(new).score


def test_no_novelty_is_said_so() -> None:
    new = release(price_output_usd_per_mtok=40.0, price_input_usd_per_mtok=10.0)
    rating = score(new)
    assert rating.score == 0.0
    assert "No channel moves anything" in rating.reasons


# --- substitution ---


@pytest.mark.parametrize(
    "gone",
    [{"supply": (supply(0.0),)}, {"earnings": (earnings(share=0.0),)}],
    ids=["no home-grown supply", "no revenue from China"],
)
def test_substitution_needs_supply_and_a_market(gone: dict[str, object]) -> None:
    new = release(**ASCEND, inference_domestic=True)
    assert score(new).channels["substitution"] > 0
    rating = score(new, world(**gone))
    assert rating.channels["substitution"] == 0.0
    assert rating.channel_usd_bn["substitution"] == 0.0
    assert rating.channel_usd_bn["setbacks"] == 0.0


def test_ue8m0_alone_changes_nothing_but_named_hardware_does() -> None:
    plain = release(weight_precision="fp8-e4m3-128x128", scale_format="fp32-128x128")
    scaled = replace(plain, weight_precision="fp8-ue8m0", scale_format="ue8m0")
    named = replace(scaled, inference_domestic=True)
    assert score(scaled).channels == score(plain).channels
    assert score(named).channels["substitution"] > score(scaled).channels["substitution"]


def test_an_independent_lab_training_on_ascend_raises_the_threat() -> None:
    assert score(release(**ASCEND)).score > score(release(hardware_named="2,048 H800")).score


def test_a_chip_makers_own_model_proves_less_than_an_independent_one() -> None:
    own = release(lab="Huawei", **ASCEND)
    assert (
        score(own).channels["substitution"]
        < 0.5 * score(release(**ASCEND)).channels["substitution"]
    )


def test_a_press_claim_of_training_weighs_little() -> None:
    claim = release(hardware_named="press: Ascend 910B, unconfirmed")
    firm = release(**ASCEND)
    assert score(claim).channels["substitution"] < 0.4 * score(firm).channels["substitution"]


@pytest.mark.parametrize("hardware", [{}, {"inference_domestic": True}, ASCEND])
def test_the_failure_of_the_lab_lowers_its_next_release(hardware: dict[str, object]) -> None:
    new = release(**hardware)
    clean, failed = score(new), score(new, world(evidence=(FAILURE,)))
    assert failed.score <= clean.score
    assert failed.net_mean_share >= clean.net_mean_share
    if hardware is not ASCEND:
        assert failed.score < clean.score
        assert failed.channel_usd_bn["setbacks"] > 0


def test_another_labs_failure_is_no_tailwind_of_this_release() -> None:
    other = replace(FAILURE, lab="Somebody else")
    assert score(release(), world(evidence=(other,))).channel_usd_bn["setbacks"] == 0.0


def test_training_on_nvidia_and_serving_on_ascend_are_told_apart() -> None:
    split = release(hardware_named="2,048 H800", inference_domestic=True)
    around = world()
    case = case_of(split, around, params(), setting_of(split, around, params()), draws())
    assert np.array_equal(case.after.training, case.before.training)
    assert np.all(case.after.inference > case.before.inference)


@pytest.mark.parametrize(
    ("penalty", "evidence"),
    [
        ("software_penalty_inference", {"inference_domestic": True}),
        ("connectivity_penalty_inference", {"inference_domestic": True}),
        ("software_penalty_training", ASCEND),
        ("connectivity_penalty_training", ASCEND),
    ],
)
def test_software_and_links_are_penalties_of_their_own(
    penalty: str, evidence: dict[str, object]
) -> None:
    taken = []
    for value in (1.0, 3.0):
        changed, drawn = with_fixed(penalty, value)
        rating = rate(release(**evidence), world(), changed, drawn=drawn)
        taken.append(rating.channel_usd_bn["substitution"])
    assert taken[0] < taken[1] < 0


def test_open_weights_reach_further_than_a_closed_service() -> None:
    opened, closed = release(), release(open_weights=False)
    unknown = release(open_weights=None)
    assert score(opened).score > score(unknown).score > score(closed).score


def test_barring_sales_makes_home_grown_chips_a_larger_threat() -> None:
    new = release(**ASCEND)
    barred = world(availability=(spell("barred", "blocked"),))
    assert score(new, barred).channels["substitution"] > 1.5 * score(new).channels["substitution"]


def test_strong_case_scores_above_sixty_and_far_above_the_plain_release() -> None:
    plain = release()
    strong = release(**ASCEND, inference_domestic=True, price_output_usd_per_mtok=1.0)
    around = world(supply=(supply(8e6),), availability=(spell("barred", "blocked"),))
    rating = score(strong, around)
    assert rating.score > 60
    assert rating.score > 2 * score(plain, around).score
    assert max(rating.channels, key=lambda n: rating.channels[n]) == "substitution"


# --- what is not known ---


def width(rating: ThreatRating) -> float:
    return rating.net_high_share - rating.net_low_share


def test_missing_scores_widen_the_place_on_the_scale() -> None:
    full = release()
    none = replace(
        full, gpqa_diamond_pct=None, mmlu_pro_pct=None, swe_bench_verified_pct=None, aime_pct=None
    )
    around = world()
    spreads = []
    for new in (full, replace(none, gpqa_diamond_pct=80.0), none):
        case = case_of(new, around, params(), setting_of(new, around, params()), draws())
        spreads.append(float(np.std(case.quality)))
    assert spreads[0] < spreads[1] < spreads[2]
    assert "benchmark scores" in score(none).reasons


def test_a_missing_price_side_widens_the_interval() -> None:
    both = release(price_input_usd_per_mtok=0.5, price_output_usd_per_mtok=2.0)
    half = replace(both, price_input_usd_per_mtok=None)
    around = world()
    cases = [
        case_of(new, around, params(), setting_of(new, around, params()), draws())
        for new in (both, half)
    ]
    deviations = [float(np.std(c.log_price)) for c in cases if c.log_price is not None]
    assert deviations[0] < deviations[1]


def test_an_unknown_price_is_said_and_lowers_confidence() -> None:
    unknown = release(price_input_usd_per_mtok=None, price_output_usd_per_mtok=None)
    rating = score(unknown)
    assert "list price" in rating.reasons
    assert rating.confidence is not None
    assert rating.confidence < (score(release()).confidence or 0)


def test_unknown_supply_is_wide_and_not_zero() -> None:
    new = release(**ASCEND)
    unknown = score(new, world(supply=()))
    assert unknown.channels["substitution"] > 0
    assert "home-grown chip supply" in unknown.reasons


def test_an_unreported_china_share_is_drawn_wide_and_not_zero() -> None:
    rating = score(release(**ASCEND), world(earnings=(earnings(share=None),)))
    assert rating.channels["substitution"] > 0
    assert "China's share of revenue" in rating.reasons


def test_without_any_revenue_known_there_is_no_rating() -> None:
    with pytest.raises(NotObservedError, match="no data-centre revenue"):
        score(release(), world(earnings=()))


# --- claims, words, sensitivity ---


def test_a_press_claim_on_cost_stands_beside_the_estimate_and_moves_nothing() -> None:
    claim = CostClaim(text="7 % of the cost", claimed_ratio=0.07, source="press", confidence=0.9)
    plain, claimed = score(release()), score(release(), claims=(claim,))
    assert claimed.score == plain.score
    assert claimed.channels == plain.channels
    shown = [e for e in claimed.evidence if "7%" in e.text]
    assert len(shown) == 1
    assert shown[0].confidence is not None
    assert shown[0].confidence <= 0.3


def test_a_claimed_training_bill_moves_nothing() -> None:
    billed = release(claimed_training_cost_usd=5_576_000, training_gpu_hours=2_788_000)
    assert score(billed).score == score(release()).score
    assert any("$5,576,000" in e.text for e in score(billed).evidence)


def test_sensitivity_is_spearmans_correlation_with_the_loss() -> None:
    from scipy.stats import spearmanr

    new, around = release(price_output_usd_per_mtok=0.4, **ASCEND), world()
    rating = score(new, around)
    case = case_of(new, around, params(), setting_of(new, around, params()), draws())
    total = all_channels(case, draws()).sum(axis=0)
    for name, value in rating.sensitivity:
        values = draws().values.get(name)
        oracle = spearmanr(draws().noise[name] if values is None else values, -total).statistic
        assert value == pytest.approx(oracle, abs=1e-9)
    assert list(rating.sensitivity) == sorted(rating.sensitivity, key=lambda s: -abs(s[1]))


def test_elasticity_leads_where_price_is_the_only_channel() -> None:
    name, rho = score(release(price_output_usd_per_mtok=0.3)).sensitivity[0]
    assert name == "elasticity"
    assert rho < -0.5


def test_texts_of_sources_never_reach_the_reasons() -> None:
    hostile = release(
        hardware_named="Ascend \x1b[31m<script>alert(1)</script>", source="<b>bold</b>"
    )
    rating = score(hostile)
    assert "script" not in rating.reasons
    assert all("script" not in e.text for e in rating.evidence)


# --- only what was known ---


def test_later_facts_do_not_move_a_rating() -> None:
    new = release(**ASCEND)
    later = DAY + timedelta(seconds=1)
    poisoned = world(
        release("Later", 1, price_input_usd_per_mtok=1e-4, price_output_usd_per_mtok=1e-4),
        supply=(supply(600_000), replace(supply(9e8), known_at=later)),
        earnings=(earnings(), replace(earnings(share=0.9), known_at=later)),
        availability=(spell(), replace(spell("barred", "blocked"), known_at=later)),
        evidence=(replace(FAILURE, known_at=later),),
    )
    assert score(new, poisoned) == score(new)


def test_a_release_of_the_same_instant_is_no_frontier_of_the_other() -> None:
    twin = release("Twin", price_output_usd_per_mtok=0.01, price_input_usd_per_mtok=0.01)
    assert score(release(), world(twin)).score == score(release()).score


def test_the_door_drops_everything_known_later() -> None:
    late = timedelta(seconds=1)
    after = world(
        release("Later", 1),
        supply=(replace(supply(1e5), known_at=DAY + late),),
        earnings=(replace(earnings(), known_at=DAY + late),),
        availability=(replace(spell(), known_at=DAY + late),),
        evidence=(replace(FAILURE, known_at=DAY + late),),
    )
    assert [r.model for r in after.releases] == ["Leader"]
    assert (after.supply, after.earnings, after.availability, after.evidence) == ((), (), (), ())


def test_order_of_facts_does_not_matter() -> None:
    a, b = release("A", -30), release("B", -20, price_output_usd_per_mtok=3.0)
    assert score(release(), world(a, b)) == score(release(), world(b, a))


def test_without_earlier_offers_nothing_is_new_in_price() -> None:
    rating = score(release(), world(releases=()))
    assert rating.channel_usd_bn["price_pressure"] == 0.0
    assert "an earlier offer" in rating.reasons


def test_a_dearer_frontier_makes_the_same_price_more_novel() -> None:
    cheap = world(releases=(frontier_model(price=3.0),))
    dear = world(releases=(frontier_model(price=60.0),))
    assert score(release(), dear).novelty > score(release(), cheap).novelty


def test_a_failure_taken_back_is_said_so() -> None:
    around = world(evidence=(FAILURE,))
    still = [e.text for e in score(release(), around).evidence]
    since = [e.text for e in score(release(**ASCEND), around).evidence]
    assert any("good for Nvidia" in text for text in still)
    assert any("no longer counts" in text for text in since)
    assert not any("good for Nvidia" in text for text in since)
