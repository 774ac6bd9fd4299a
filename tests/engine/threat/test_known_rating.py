"""The surroundings of a rating and its pair of chips, on small worlds worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from engine.errors import NotObservedError
from engine.threat import changes, rating
from engine.threat.asked import TokensRouted
from engine.threat.catalogue import first_versions
from engine.threat.changes import kind_of_change
from engine.threat.evidence import Ledger, Proof, ProofOutcome, ProofStage, assess
from engine.threat.pairing import ChipCosts
from engine.threat.quality import Quality
from engine.threat.world import World, world_as_of
from tests.builders import make_accelerator, make_release
from tests.engine.threat.threat_world import (
    DAY,
    drawn,
    draws,
    earnings,
    params,
    release,
    share,
    spell,
    supply,
    world,
)

ONE = timedelta(days=1)
TICK = timedelta(microseconds=1)

# --- the pair of chips ---------------------------------------------------------------------------
SOLD = {"valid_from": date(2020, 1, 1)}
CHIPS = (
    make_accelerator("NVIDIA H20", vendor="NVIDIA", **SOLD),
    make_accelerator("NVIDIA A800", vendor="NVIDIA", **SOLD),
    make_accelerator("Home 1", vendor="H", country="CN", fp8_native=True, **SOLD),
    make_accelerator("Home 2", vendor="H", country="CN", fp8_native=None, **SOLD),
    make_accelerator("AMD MI308", vendor="AMD", **SOLD),
)
COSTS = ChipCosts(
    serving={"NVIDIA H20": 2.0, "NVIDIA A800": 3.0, "Home 1": 5.0, "Home 2": 6.0, "AMD MI308": 0.1},
    training={"NVIDIA H20": 10.0, "NVIDIA A800": 7.0, "Home 1": 50.0, "Home 2": 40.0},
)


def pair(costs: ChipCosts | None = COSTS, *, spells: Any = (), chips: Any = CHIPS) -> Any:
    told = {} if costs is None else {"New": costs}
    around = world_as_of(DAY, accelerators=chips, availability=spells, costs=told)
    return rating.pair_of(release("New"), around, draws())


def without(table: str, *names: str) -> ChipCosts:
    return replace(
        COSTS, **{table: {n: v for n, v in getattr(COSTS, table).items() if n not in names}}
    )


def test_the_cheapest_of_both_sides_are_set_against_each_other() -> None:
    """5 over 2 to serve; 40, of whichever home-grown chip, over 10 of the chip that China gets."""
    d, found = draws(), pair()
    error = np.log(d["throughput_error"])

    assert (found.nvidia_chip, found.domestic_chip) == ("NVIDIA H20", "Home 1")
    assert (found.native_fp8, found.from_cost_model) == (True, True)
    assert found.log_serving == pytest.approx(math.log(5 / 2) + error)
    assert found.log_training == pytest.approx(math.log(40 / 10) + error)
    other = pair(without("serving", "Home 1"))
    assert (other.domestic_chip, other.native_fp8) == ("Home 2", False)
    assert other.log_serving == pytest.approx(math.log(6 / 2) + error)


def test_friction_on_nvidias_chip_is_taken_off_both_ratios() -> None:
    d, found = draws(), pair(spells=[spell("licence", "discouraged")])
    rub = d["licence_friction"] * d["discouraged_friction"]
    error = np.log(d["throughput_error"])

    assert found.nvidia_chip == "NVIDIA H20"
    assert found.log_serving == pytest.approx(math.log(5 / 2) + error - np.log(rub))
    assert found.log_training == pytest.approx(math.log(40 / 10) + error - np.log(rub))


@pytest.mark.parametrize(
    ("costs", "chips", "nvidia", "home"),
    [
        (None, CHIPS, None, None),
        (COSTS, CHIPS[:2], "NVIDIA H20", None),
        (COSTS, CHIPS[2:], None, "Home 1"),
        (without("serving", "Home 1", "Home 2"), CHIPS, "NVIDIA H20", None),
    ],
)
def test_where_a_side_is_missing_a_prior_stands_in(
    costs: ChipCosts | None, chips: Any, nvidia: str | None, home: str | None
) -> None:
    d, found = draws(), pair(costs, chips=chips)

    assert (found.nvidia_chip, found.domestic_chip) == (nvidia, home)
    assert (found.from_cost_model, found.native_fp8) == (False, home is not None)
    assert found.log_serving == pytest.approx(np.log(d["serving_cost_ratio"]))
    assert found.log_training == pytest.approx(np.log(d["training_cost_ratio"]))


@pytest.mark.parametrize(
    "costs", [without("training", "NVIDIA H20"), without("training", "Home 1", "Home 2")]
)
def test_training_alone_may_be_without_a_pair(costs: ChipCosts) -> None:
    d, found = draws(), pair(costs)
    assert found.from_cost_model
    assert found.log_serving == pytest.approx(math.log(5 / 2) + np.log(d["throughput_error"]))
    assert found.log_training == pytest.approx(np.log(d["training_cost_ratio"]))


def test_an_event_without_a_release_has_no_costs() -> None:
    around = world_as_of(DAY, accelerators=CHIPS, costs={"New": COSTS})
    found = rating.pair_of(None, around, draws())
    assert (found.nvidia_chip, found.domestic_chip, found.from_cost_model) == (None, None, False)


@pytest.mark.parametrize(
    ("costs", "floor"),
    [(COSTS, 2.0), (without("serving", "NVIDIA H20"), 3.0),
     (without("serving", "NVIDIA H20", "NVIDIA A800"), None)],
)  # fmt: skip
def test_serving_costs_at_least_what_the_cheapest_nvidia_chip_takes(
    costs: ChipCosts, floor: float | None
) -> None:
    around = world_as_of(DAY, accelerators=CHIPS, costs={"New": costs})
    assert rating._cheapest_nvidia(release("New"), around) == floor
    assert rating._cheapest_nvidia(release("Else"), around) is None


# --- reach ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "opened", "share_of_open"),
    [("CN", True, 1.0), ("CN", False, 0.0), ("US", False, 1.0), ("US", None, 1.0)],
)
def test_a_closed_service_of_china_reaches_less_far(
    country: str, opened: bool | None, share_of_open: float
) -> None:
    d = draws()
    found = rating._adoption(release(country=country, open_weights=opened), d)
    expected = share_of_open * d["adoption_open"] + (1 - share_of_open) * d["adoption_closed"]
    assert found == pytest.approx(expected)


def test_where_openness_is_unknown_it_lies_somewhere_between() -> None:
    d = draws()
    low, high, u = d["adoption_closed"], d["adoption_open"], d.noise["adoption_unknown"]
    assert rating._adoption(release(open_weights=None), d) == pytest.approx(low + u * (high - low))


# --- proof and frontier --------------------------------------------------------------------------


def quality(mean: float, sd: float = 0.0, n: int = 2) -> Quality:
    return Quality(mean=mean, sd=sd, n_scores=n)


def test_the_best_model_is_the_best_that_scores_prove() -> None:
    """A mean less what more scores would have settled; without any score the prior's upper end."""
    settled, start = params().quality.settled_sd, params().quality
    unsure = quality(2.0, math.hypot(settled, 0.7))

    assert rating.best_of([quality(1.0), unsure, quality(9.0, n=0)], params()) == pytest.approx(1.3)
    usual = start.prior_mean + start.prior_sd
    assert rating.best_of([quality(9.0, n=0)], params()) == usual
    assert rating.best_of([], params()) == usual


def test_closeness_is_to_the_best_of_each_models_own_day() -> None:
    """The second is measured against the first, the third against the second; 0.7 without a score;
    of one family the nearest counts."""
    start = params().quality.prior_mean + params().quality.prior_sd
    made = [release(name, total_params_b=700.0) for name in ("A-1", "B-1", "C-1", "A-1.0-x")]
    made[1] = replace(made[1], lab="Else")
    found = rating.closeness_by_run(
        [*made[:3], replace(made[0], model="A-1-Pro")],
        [quality(start), quality(start + 1.5), quality(start, n=0), quality(start + 1.5)],
        params(),
    )
    assert found == pytest.approx({
        ("Lab", "a-1"): 1.0, ("Else", "b-1"): 1.0, ("Lab", "c-1"): 0.7 * math.exp(-1),
    })  # fmt: skip
    (_, lower) = rating.closeness_by_run(
        made[:2], [quality(start + 1.5), quality(start)], params()
    ).values()
    assert lower == pytest.approx(math.exp(-1))


def test_a_claim_is_placed_under_its_release_at_its_closeness() -> None:
    told = Proof(known_at=DAY, actor="Huawei", obj="V9", stage=ProofStage.SERVING, closeness=0.3)
    known = [release("Made-V9", lab="Lab")]

    found = rating.placed(told, known, {("Lab", "made-v9"): 0.8})
    assert (found.actor, found.obj, found.closeness) == ("Lab", "Made-V9", 0.8)
    assert rating.placed(told, known, {}).closeness == 0.3
    assert rating.placed(replace(told, obj="W9"), known, {("Lab", "made-v9"): 0.8}).closeness == 0.3


def test_what_one_run_told_first_keeps_its_name() -> None:
    """The same figures within four months: one run, whose claim is that of the first name."""
    first = release("First", -30, lab="Early", hardware_named="Ascend")
    again = replace(first, model="Again", lab="Late", known_at=DAY)
    (claim,) = rating.own_proofs(again, 0.6, [first, again])

    assert (claim.obj, claim.actor, claim.closeness, claim.known_at) == ("First", "Early", 0.6, DAY)
    (own,) = rating.own_proofs(again, 0.6, [replace(first, known_at=DAY)])
    assert (own.obj, own.actor) == ("Again", "Late")
    assert rating.own_proofs(replace(again, hardware_named=None), 0.6, [first]) == ()


def test_whether_anybody_tells_what_it_runs_on() -> None:
    told = Proof(known_at=DAY, actor="x", obj="New-1", stage=ProofStage.TRAINING)
    around = world(at=DAY, proofs=(told, replace(told, obj="")))

    assert rating.claims_any(release("New-1.0-Pro", hardware_named="Ascend"), world())
    assert rating.claims_any(release("New-1"), around)
    assert not rating.claims_any(release("Old-2"), around)
    assert not rating.claims_any(release("New-1"), world())


def test_claims_of_the_releases_own_instant_are_its_own_and_earlier_ones_stand() -> None:
    told = Proof(known_at=DAY, actor="Lab", obj="New-1", stage=ProofStage.TRAINING)
    early = replace(told, known_at=DAY - TICK, stage=ProofStage.SERVING)
    new, before = release("New-1"), release("Old-1", -9, hardware_named="Ascend")
    around = world(before, new, proofs=(told, early))
    near = quality(1.0)

    ledger, own = rating.ledger_before(new, around, [before], [near], params(), 0.4)
    assert [(p.obj, p.stage, p.closeness) for p in own] == [("New-1", ProofStage.TRAINING, 0.4)]
    assert {(p.obj, p.stage) for p in ledger.proofs} == {
        ("New-1", ProofStage.SERVING), ("Old-1", ProofStage.TRAINING)
    }  # fmt: skip
    older = release("New-1", -3)
    _, none = rating.ledger_before(new, around, [before, older], [near, near], params(), 0.4)
    assert none == ()
    around = world(before, new, proofs=(replace(told, obj="New-2"),))
    assert rating.ledger_before(new, around, [before], [near], params(), 0.4)[1] == ()
    rival = release("New-1-Pro", -9, lab="Early")  # the same run, told first by somebody else
    around = world(rival, new, proofs=(told,))
    assert rating.ledger_before(new, around, [rival], [near], params(), 0.4)[1] == ()


# --- worlds --------------------------------------------------------------------------------------
FULL = World(
    as_of=DAY + ONE, releases=(make_release(known_at=DAY),), accelerators=CHIPS,
    availability=(replace(spell(), known_at=DAY),), supply=(supply(1.0),), shares=(share(0.3, 0),),
    earnings=(earnings(days=0),),
    proofs=(Proof(known_at=DAY, actor="x", obj="y", stage=ProofStage.TRAINING),),
    tokens=(TokensRouted(known_at=DAY, on=DAY.date(), chinese_share=0.1, others_share=0.1),),
    costs={"New": COSTS},
)  # fmt: skip


def test_a_world_cut_back_holds_of_everything_what_was_known() -> None:
    assert rating.at_instant(FULL, DAY) == replace(FULL, as_of=DAY)
    assert rating.at_instant(FULL, DAY - TICK) == World(
        as_of=DAY - TICK, accelerators=CHIPS, costs={"New": COSTS}
    )
    early = rating.at_instant(FULL, datetime(2019, 12, 31, 23, tzinfo=UTC))
    assert early.accelerators == ()


def test_without_revenue_there_is_no_stake_and_the_day_is_named() -> None:
    with pytest.raises(NotObservedError, match=r"who: no data-centre revenue.*at 2025-08-21"):
        rating.stake_in(world(earnings=()), params(), draws(), "who")


def test_all_are_rated_on_their_own_day_from_the_first_report_on() -> None:
    """A release of the world's own instant is in it, one a moment later is not."""
    reported = earnings().known_at
    made = [
        release("Before", known_at=reported - TICK), release("First", known_at=reported),
        release("Now", known_at=DAY), replace(release("Now"), known_at=DAY + ONE),
        release("Late", known_at=DAY + TICK),
    ]  # fmt: skip
    facts = world(*made)

    found = rating.rate_all(made, facts, params(), draws=64, seed=5)
    assert [(r.model, r.rated_at, r.kind) for r in found] == [
        ("First", reported, "release"), ("Now", DAY, "release")
    ]  # fmt: skip
    assert found[1] == rating.rate(made[2], facts, params(), draws=64, seed=5)
    usual = rating.rate(made[2], facts, params())
    assert usual == rating.rate(made[2], facts, params(), draws=4096, seed=20_250_127)
    assert usual.rateable
    assert not rating.rate(
        replace(made[2], price_input_usd_per_mtok=None, price_output_usd_per_mtok=None,
                gpqa_diamond_pct=None, mmlu_pro_pct=None, swe_bench_verified_pct=None,
                aime_pct=None),
        facts, params(), drawn=drawn(),
    ).rateable  # fmt: skip
    assert [r.model for r in first_versions(made)] == ["Before", "First", "Now", "Late"]


# --- changes -------------------------------------------------------------------------------------


def test_claims_of_one_instant_and_actor_are_told_together() -> None:
    a = Proof(known_at=DAY, actor="Lab", obj="B", stage=ProofStage.TRAINING)
    made = [
        a, replace(a, actor="LAB", obj="A"), replace(a, actor="Else"),
        replace(a, outcome=ProofOutcome.PLANNED), replace(a, known_at=DAY - ONE),
    ]  # fmt: skip
    assert [[(p.actor, p.obj) for p in group] for group in changes._told_together(made)] == [
        [("Lab", "B")], [("Else", "B")], [("LAB", "A"), ("Lab", "B")]
    ]  # fmt: skip


def test_a_claim_moves_through_substitution_alone() -> None:
    around, d = world(), draws()
    told = Proof(known_at=DAY, actor="Lab", obj="Run", stage=ProofStage.TRAINING)
    ledgers = Ledger.of([]), Ledger.of([told])
    found = changes._case(None, around, params(), ledgers, d)

    for name in ("reach", "adoption", "price", "compute", "openness"):
        assert getattr(found, name).tolist() == [0.0] * d.draws, name
    assert (found.expected_log_price, found.log_price, found.nearest_offer) == (None, None, None)
    assert (found.format_in_doubt, found.doubt, found.stretch) == (
        False,
        params().doubt.residual,
        0,
    )
    before, after = (assess(ledger, d) for ledger in ledgers)
    assert found.before.training.tolist() == before.training.tolist()
    assert found.after.training.tolist() == after.training.tolist()
    assert (after.training > before.training).all()


def test_a_claim_of_a_known_release_of_its_instant_is_the_releases() -> None:
    told = Proof(known_at=DAY, actor="Lab", obj="New", stage=ProofStage.TRAINING)
    assert changes._of_a_release(told, [release("New")])
    assert not changes._of_a_release(told, [release("New", -1), release("Else")])


def test_the_ledger_of_an_instant_holds_what_came_before_it_or_with_it() -> None:
    told = Proof(known_at=DAY, actor="Lab", obj="Run", stage=ProofStage.TRAINING)
    own = release("New", hardware_named="Ascend")
    around = world(own, proofs=(told, replace(told, obj="Old", known_at=DAY - ONE)))
    known, near = [own], {("Lab", "new"): 0.7}

    before = changes._ledger(around, known, near)
    with_it = changes._ledger(around, known, near, told_now=True)
    assert {p.obj for p in before.proofs} == {"Old"}
    assert {(p.obj, p.closeness) for p in with_it.proofs} == {
        ("Old", 1.0), ("Run", 1.0), ("New", 0.7)
    }  # fmt: skip


def test_a_claim_is_said_by_what_it_is() -> None:
    told = Proof(known_at=DAY, actor="Lab", obj="Run", stage=ProofStage.TRAINING)
    said = [
        changes._claim(one)
        for one in (
            told, replace(told, obj=""), replace(told, stage=ProofStage.SERVING),
            replace(told, outcome=ProofOutcome.FAILURE),
        )
    ]  # fmt: skip
    assert said == [
        "Run is said to be trained on home-grown chips.",
        "Lab is said to be trained on home-grown chips.",
        "Run is said to be served on home-grown chips.",
        "Lab is said to have failed to train on home-grown chips.",
    ]


def test_an_event_says_its_claim_and_by_how_much_the_odds_moved() -> None:
    told = Proof(known_at=DAY, actor="Lab", obj="Run", stage=ProofStage.TRAINING, trust=0.9,
                 source="a paper", size_b=1000.0)  # fmt: skip
    around = changes.worlds_of(world(at=DAY + 9 * ONE, proofs=(told,)))
    (found,) = changes.rate_proofs([told], around, params(), drawn)

    odds = "It moves the odds that others can train on home-grown chips from"
    assert str(found.reasons).startswith(f"Run is said to be trained on home-grown chips. {odds}")
    assert [(str(e.text), e.confidence, e.source) for e in found.evidence] == [
        ("Run is said to be trained on home-grown chips.", 0.9, "a paper")
    ]
    assert (found.model, found.kind, found.confidence) == ("Run", changes.PROOF, 0.9)
    assert found.rated_at == DAY
    assert 0 < found.novelty < 1
    back = replace(told, until=DAY + 3 * ONE)
    around = changes.worlds_of(world(at=DAY + 9 * ONE, proofs=(back,)))
    _, gone = changes.rate_proofs([back], around, params(), drawn)
    assert str(gone.reasons).startswith("A claim was taken back. Run is said to be trained")
    assert gone.novelty == 0


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ({"price_input_usd_per_mtok": None}, {"price_output_usd_per_mtok": 1.89}, "price cut"),
        ({"price_input_usd_per_mtok": None}, {"price_output_usd_per_mtok": 1.9}, None),
        ({"price_input_usd_per_mtok": None}, {"price_output_usd_per_mtok": 1.91}, None),
        ({"open_weights": None}, {"open_weights": True}, changes.OPENED),
        ({"open_weights": True}, {"open_weights": False}, None),
        ({"inference_domestic": True}, {"inference_domestic": True}, None),
        ({"inference_domestic": None}, {"inference_domestic": True}, changes.PORTED),
        ({"inference_domestic": True}, {"inference_domestic": None}, None),
    ],
)
def test_a_change_is_named_by_what_is_new(
    old: dict[str, Any], new: dict[str, Any], kind: str | None
) -> None:
    before = replace(release(), **old)
    assert kind_of_change(before, replace(before, **new)) == kind


def test_a_later_version_is_rated_once_under_its_name_and_order() -> None:
    first = release("A", -9)
    cut = replace(first, known_at=DAY, price_output_usd_per_mtok=0.1, price_input_usd_per_mtok=0.1)
    opened = replace(release("B", -9, open_weights=False), known_at=DAY, open_weights=True)
    versions = [cut, opened, first, release("B", -9, open_weights=False)]
    asked: list[tuple[datetime, str]] = []

    def once(instant: datetime, name: str, make: Any) -> Any:
        asked.append((instant, name))
        return make()

    around = changes.worlds_of(world(*versions, at=DAY + ONE))
    found = changes.rate_changes(versions, around, params(), drawn, once)

    assert asked == [
        (DAY, "A, change 0: price cut"), (DAY, "B, change 0: weights published")
    ]  # fmt: skip
    assert [(r.model, r.kind, r.rated_at) for r in found] == [
        ("A", "price cut", DAY), ("B", "weights published", DAY)
    ]  # fmt: skip
    bare = changes.worlds_of(world(*versions, earnings=(), at=DAY + ONE))
    assert changes.rate_changes(versions, bare, params(), drawn) == ()
    told = Proof(known_at=DAY, actor="Lab", obj="Run", stage=ProofStage.TRAINING)
    bare = changes.worlds_of(world(proofs=(told,), earnings=(), at=DAY + ONE))
    assert changes.rate_proofs([told], bare, params(), drawn) == ()


def test_changes_are_told_by_day_and_then_by_name() -> None:
    cheap = {"price_output_usd_per_mtok": 0.1, "price_input_usd_per_mtok": 0.1}
    first = [release(name, -30) for name in ("A", "B", "C")]
    days = (1, 9, 1)
    cuts = [
        replace(r, known_at=DAY - n * ONE, **cheap)  # type: ignore[arg-type]
        for r, n in zip(first, days, strict=True)
    ]
    around = changes.worlds_of(world(*first, *cuts, at=DAY + ONE))

    found = changes.rate_changes([*cuts[::-1], *first], around, params(), drawn)
    assert [(r.model, r.rated_at) for r in found] == [
        ("B", DAY - 9 * ONE), ("A", DAY - ONE), ("C", DAY - ONE)
    ]  # fmt: skip


# --- what was told -------------------------------------------------------------------------------
BLANK = dict.fromkeys(
    ("gpqa_diamond_pct", "mmlu_pro_pct", "swe_bench_verified_pct", "aime_pct", "lmarena_elo")
)
FREE = {"price_input_usd_per_mtok": None, "price_output_usd_per_mtok": None}


def readings(new: Any) -> tuple[Any, Any, Any]:
    """The cases of ``new``, and the two standings it may be read by: its own and the cheapest's."""
    others = (
        release(f"m{n}", -40 + n, gpqa_diamond_pct=50.0 + 8 * n, mmlu_pro_pct=None, aime_pct=None,
                swe_bench_verified_pct=None, open_weights=n % 2 == 0,
                price_input_usd_per_mtok=0.25 * 2**n, price_output_usd_per_mtok=1.0 * 2**n)
        for n in range(5)
    )  # fmt: skip
    around, now = world(*others), drawn().at(DAY)
    told = rating.setting_of(new, around, params())
    cases = rating.cases_of(
        new, around, params(), told, rating.stake_in(around, params(), now, ""), now
    )
    gift = replace(new, price_input_usd_per_mtok=0.0, price_output_usd_per_mtok=0.0,
                   open_weights=True)  # fmt: skip
    cheapest = rating.fit_quality((*told.earlier, gift), params())[-1]

    def reach(own: Quality) -> Any:
        standing = rating._standing(new, params(), replace(told, own=own), now)
        lack = np.maximum(told.best_quality - standing.quality, 0.0)
        return np.exp(-lack / now["quality_width"])

    return cases, reach(told.own), reach(cheapest)


def test_what_is_told_and_scored_is_read_as_it_is() -> None:
    cases, own, _ = readings(release("New"))
    assert cases.free is None
    assert np.array_equal(cases.full.reach, own)
    assert replace(cases.told, doubt=cases.full.doubt) == cases.full
    assert cases.told.doubt == params().doubt.residual


WEAK = {**BLANK, "gpqa_diamond_pct": 55.0}


@pytest.mark.parametrize(
    "given", [BLANK, {**BLANK, "open_weights": False}, {**BLANK, **FREE}, {**WEAK, **FREE}]
)
def test_quality_that_nothing_tells_is_that_of_the_cheapest_open_model(given: Any) -> None:
    cases, own, cheapest = readings(release("New", **given))

    assert not np.array_equal(own, cheapest)
    assert np.array_equal(cases.full.reach, own)
    assert np.array_equal(cases.told.reach, cheapest)
    unpriced = given.get("price_input_usd_per_mtok", 1) is None
    assert (cases.free is not None) is unpriced
    if unpriced:
        assert not cases.told.price.any()
        assert not cases.told.compute.any()
        assert (cases.free.price >= cases.full.price).all()
        assert np.array_equal(cases.free.reach, own)


def test_a_price_below_what_serving_costs_saves_no_more_than_that() -> None:
    """And at most a factor of ten of compute, whatever the price."""
    new = release("New", price_input_usd_per_mtok=0.0, price_output_usd_per_mtok=0.0)
    around, now = world(), drawn().at(DAY)
    told = rating.setting_of(new, around, params())
    own = rating._standing(new, params(), told, now)

    def novelty(floor: float | None) -> tuple[Any, Any]:
        costs = (
            {} if floor is None else {"New": ChipCosts(serving={"NVIDIA H20": floor}, training={})}
        )
        there = replace(around, accelerators=CHIPS, costs=costs)
        found = rating._priced(new, there, told, own, now)
        return found["price"], found["compute"]

    price, saved = novelty(None)
    assert saved == pytest.approx(np.minimum(now["compute_part"] * price, math.log(10)))
    same, less = novelty(1.0)
    assert np.array_equal(price, same)
    assert (less <= saved).all()
    assert float(less.mean()) < 0.9 * float(saved.mean())
    _, alike = novelty(0.001)  # below the price itself
    assert np.array_equal(alike, saved)
