"""The words of a rating, on a story made by hand: every sentence with its numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from engine.threat import reasons
from engine.threat.asked import TokensRouted
from engine.threat.channels import Case, Pair
from engine.threat.evidence import Feasibility, Ledger, Proof, ProofOutcome, ProofStage
from engine.threat.quality import Quality
from engine.threat.reasons import Figures, ReasonFacts
from engine.threat.setting import CostClaim, Setting
from engine.threat.stake import Policy, Stake
from engine.threat.world import World, world_as_of
from engine.values import Observed
from tests.builders import make_release
from tests.engine.threat.threat_world import earnings, share

DAY = datetime(2025, 8, 21, 12, tzinfo=UTC)
RAMP = np.linspace(0.0, 1.0, 101)
"""Draws whose 5th, 50th and 95th percentile are 0.05, 0.5 and 0.95."""

PAIR = Pair(
    log_serving=np.log(1.0 + RAMP), log_training=RAMP, native_fp8=False, nvidia_chip="NVIDIA H20",
    domestic_chip="Made 7 (system)", from_cost_model=True,
)  # fmt: skip
STAKE = Stake(
    base=np.full((3, 101), 150.0), market=np.stack([RAMP] * 3),
    reachable=np.stack([20 * RAMP, 0 * RAMP, 0 * RAMP]), worth=np.stack([RAMP] * 3),
    odds={"free": (0.0, 0.1, 0.2), "licensed": (1.0, 0.6, 0.5), "barred": (0.0, 0.3, 0.3)},
    policy=Policy(now="licensed", stance="accepted", chip="H20"),
)  # fmt: skip
CASE = Case(
    reach=RAMP, adoption=RAMP, price=2 * RAMP, compute=RAMP, openness=0.4 * RAMP,
    expected_log_price=None, log_price=None, nearest_offer="Dear-1", stake=STAKE,
    carrying=np.stack([0.6 * RAMP, RAMP, RAMP]), pair=PAIR,
    before=Feasibility(inference=0.6 * RAMP, training=0.2 * RAMP),
    after=Feasibility(inference=RAMP, training=0.8 * RAMP), format_in_doubt=False, doubt=0.1,
)  # fmt: skip
RELEASE = make_release(
    "Made-2", known_at=DAY, price_input_usd_per_mtok=0.25, price_output_usd_per_mtok=1.5,
    confidence=0.9, source="a card", hardware_named="Ascend", inference_domestic=True,
    claimed_training_cost_usd=294_000.0, training_gpu_hours=100_000.0, scale_format="ue8m0",
)  # fmt: skip
TRAINED = Proof(
    known_at=DAY, actor="Lab", obj="Made-2", stage=ProofStage.TRAINING, trust=0.8, share=1.0,
    closeness=1.0, source="a paper",
)  # fmt: skip
SERVED = replace(TRAINED, stage=ProofStage.SERVING, trust=0.4, source="a post")
FAILED = replace(
    TRAINED, actor="LAB", outcome=ProofOutcome.FAILURE, obj="Old", source="wire", trust=0.6,
    known_at=datetime(2025, 3, 1, tzinfo=UTC),
)  # fmt: skip
PARTS = {"substitution": 3.0, "efficiency": -1.0, "price_pressure": 2.0, "openness": 0.5,
         "residual": 9.0}  # fmt: skip
FIGURES = Figures(
    score=12.4, score_low=-3.0, score_high=30.0, loss_share=0.031, impulse_share=0.04,
    net_mean_share=-0.03, net_low_share=-0.123, net_high_share=0.045, p_loss_over_5pct=0.2,
    revenue_usd_bn=156.0, value_loss_usd_bn=4.2, value_low_usd_bn=-1.0, value_high_usd_bn=9.0,
    value_share=0.02, base_value_usd_bn=250.0, channels=MappingProxyType(PARTS),
    channel_usd_bn=MappingProxyType({}),
)  # fmt: skip
SCORED = Quality(mean=1.25, sd=0.3, n_scores=2)
CLAIM = CostClaim(text="t", claimed_ratio=0.07, source="press", confidence=0.9)


def tokens(days: int, chinese: float) -> TokensRouted:
    on = DAY.date() - timedelta(days=days)
    return TokensRouted(known_at=DAY, on=on, chinese_share=chinese, others_share=0.1)


def around(**given: Any) -> World:
    return world_as_of(DAY, **{
        "earnings": [earnings(0.125)], "shares": [share(0.3)],
        "tokens": [tokens(n, 0.31) for n in range(4)] + [tokens(28 + n, 0.24) for n in range(4)],
        **given,
    })  # fmt: skip


def story(
    release: dict[str, Any] | None = None, case: dict[str, Any] | None = None,
    world: dict[str, Any] | None = None, *, added: tuple[Proof, ...] = (TRAINED, SERVED),
    record: tuple[Proof, ...] = (FAILED,), own: Quality = SCORED, parts: Any = PARTS,
    claims: tuple[CostClaim, ...] = (CLAIM,),
) -> ReasonFacts:  # fmt: skip
    setting = Setting(
        earlier=(), qualities=(), own=own, best_quality=1.5, offers=(), record=Ledger(record),
        added=added,
    )  # fmt: skip
    return ReasonFacts(
        release=replace(RELEASE, **(release or {})), world=around(**(world or {})),
        setting=setting, case=replace(CASE, **(case or {})),
        figures=replace(FIGURES, channels=MappingProxyType(parts)), kind="release", claims=claims,
    )  # fmt: skip


UNTOLD: dict[str, Any] = {
    "price_input_usd_per_mtok": None, "price_output_usd_per_mtok": None, "open_weights": None,
    "total_params_b": None, "hardware_named": None, "inference_domestic": None,
    "scale_format": None, "claimed_training_cost_usd": None, "confidence": None,
}  # fmt: skip
BARE = story(
    UNTOLD, {"nearest_offer": None, "pair": replace(PAIR, from_cost_model=False),
             "stake": replace(STAKE, policy=replace(STAKE.policy, chip=None))},
    {"earnings": (), "shares": (), "tokens": ()}, added=(), record=(), claims=(),
    own=Quality(mean=1.0, sd=0.5, n_scores=0),
)  # fmt: skip


def told(of: ReasonFacts) -> list[tuple[str, Observed, float | None, str]]:
    return [
        (str(e.text), e.observed, e.confidence, e.source) for e in reasons.evidence_of_story(of)
    ]


def test_every_sentence_of_support_by_hand() -> None:
    """e^-1 is 37 %, e^-1.9 15 % and e^-0.1 90 %; of one year's compute e^-0.5, e^-0.95, e^-0.05."""
    seen = Observed.PRESENT
    assert told(story()) == [
        (
            "List price $0.25 in, $1.50 out per million tokens: 37% (15% to 90%) of the "
            "frontier's at equal quality", seen, 0.9, "a card",
        ),
        (
            "Quality +1.25 from 2 benchmarks against +1.50 of the best earlier model (logits of "
            "GPQA Diamond)", seen, 0.5, "a card",
        ),
        (
            "Open weights, 0.20 (0.02 to 0.38) logits beyond the best open ones known before",
            seen, 0.9, "a card",
        ),
        ("Training on home-grown chips is claimed", seen, 0.8, "a paper"),
        ("Serving on home-grown chips is claimed", seen, 0.4, "a post"),
        (
            "UE8M0 scales: a format that Nvidia's Blackwell uses too; counted as nothing", seen,
            0.0, "a card",
        ),
        (
            "The run of LAB on home-grown chips reported as failed on Mar 1, 2025 no longer "
            "counts: the lab has trained on them since", seen, 0.6, "wire",
        ),
        (
            "Serving on Made 7 costs 1.50 (1.05 to 1.95) times what it costs in China on NVIDIA "
            "H20, before software and network penalties", seen, 0.5, "engine.threat.cost",
        ),
        (
            "Policy over the third year: free 20%, licensed 50%, barred 30%", seen, 0.4,
            "china_availability",
        ),
        (
            "Nvidia could sell $10bn ($1bn to $19bn) in China within twelve months as policy may "
            "turn", seen, 0.4, "threat.toml",
        ),
        (
            "Home-grown supply can carry 30% (3% to 57%) of China's demand in a year", seen, 0.4,
            "china_chip_share",
        ),
        (
            "China was 12.5% of Nvidia's revenue in Q1, as first reported", seen, 0.9,
            "nvidia_earnings",
        ),
        (
            "Chinese models answered 31% of the tokens that OpenRouter passed on in the week to "
            "Aug 21, 2025, 24% four weeks before", seen, 0.3, "openrouter.ai/rankings",
        ),
        (
            "Claimed training cost $294,000; its chip hours at two dollars give $200,000; neither "
            "holds research, staff or data, neither moves the rating", seen, 0.3, "a card",
        ),
        (
            "Press claim: 7% of the cost. Own estimate of cost per token of equal quality: 61% "
            "(39% to 95%) of the frontier's. The claim moves nothing", seen, 0.3, "press",
        ),
    ]  # fmt: skip


def test_what_is_not_known_is_said_to_be_not_observed() -> None:
    unseen = Observed.NOT_OBSERVED
    assert told(BARE) == [
        ("No list price was published", unseen, None, ""),
        (
            "No benchmark score is known; its quality is taken for that of the cheapest open "
            "models of its kind", unseen, None, "",
        ),
        ("Whether its weights are open is not known", unseen, None, ""),
        (
            "The cost model has no pair of chips for it; a wide prior stands in", unseen, None, "",
        ),
        (
            "Policy over the third year: free 20%, licensed 50%, barred 30%", unseen, 0.4,
            "china_availability",
        ),
        (
            "Nvidia could sell $10bn ($1bn to $19bn) in China within twelve months as policy may "
            "turn", Observed.PRESENT, 0.4, "threat.toml",
        ),
        (
            "Home-grown supply can carry 30% (3% to 57%) of China's demand in a year", unseen,
            0.4, "china_chip_share",
        ),
        ("China's share of revenue was not reported", unseen, None, ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "there", "gone"),
    [
        ({"release": {"open_weights": False}}, "", "Open weights"),
        ({"release": {"scale_format": "fp32-128x128"}}, "", "UE8M0"),
        ({"own": replace(SCORED, n_scores=1)}, "Quality +1.25 from 1 benchmark against", "marks"),
        ({"world": {"tokens": [tokens(n, 0.31) for n in range(4)]}}, "2025", "four weeks before"),
        ({"release": {"training_gpu_hours": None}}, "dollars give not observed", "$200,000"),
        ({"record": (replace(FAILED, actor="Other"),)}, "", "failed"),
        ({"record": (replace(SERVED, actor="Lab"),)}, "", "failed"),
        (
            {"added": (SERVED,)},
            "On Mar 1, 2025 a training run of LAB on home-grown chips was reported to have failed: "
            "good for Nvidia, and counted on that day", "no longer counts",
        ),
        # twice 0.49 shown since is not yet the whole of it; twice a half is
        ({"added": (replace(TRAINED, trust=0.49),)}, "good for Nvidia", "no longer counts"),
        ({"added": (replace(TRAINED, trust=0.5),)}, "no longer counts", "good for Nvidia"),
    ],
)  # fmt: skip
def test_a_sentence_of_support_comes_and_goes_with_what_it_tells(
    given: dict[str, Any], there: str, gone: str
) -> None:
    said = " | ".join(text for text, *_ in told(story(**given)))
    assert there in said
    assert gone not in said


def test_a_claim_is_believed_a_third_at_most() -> None:
    def trust(confidence: float) -> list[float | None]:
        claim = replace(CLAIM, confidence=confidence)
        return [e.confidence for e in reasons.evidence_of_story(story(claims=(claim, claim)))][-2:]

    assert trust(0.1) == [0.1, 0.1]
    assert trust(0.31) == [0.3, 0.3]


# --- the paragraph -------------------------------------------------------------------------------
LOSS = (
    "Made-2 puts 3.1% of Nvidia's data-centre revenue of $156bn a year at risk (-12.3% to +4.5% as "
    "a change) and $4.2bn of three years' gross profit, a score of 12."
)
PRICE = "At its quality it costs 37% of what Dear-1 had led buyers to expect."
OPENED = "It carries the best open weights 0.20 logits of GPQA Diamond further."
HARDWARE = "Training on home-grown chips moves the odds that others can do so from 10% to 40%."
UNKNOWN_PRICE = (
    "No price was published: it counts as no novelty, and what it may be is left to the interval."
)


def test_a_paragraph_says_loss_lead_novelty_and_gaps() -> None:
    lead = "Most of it comes through substitution by home-grown chips, +3.0 points."
    assert reasons.paragraph_of(story()) == f"{LOSS} {lead} {PRICE} {OPENED} {HARDWARE}"
    assert reasons.paragraph_of(BARE) == (
        "Made-2 is seen and cannot be rated yet: neither a price nor a score is known. What stands "
        f"here is a wide guess from models of its kind. {lead} {UNKNOWN_PRICE} {OPENED} "
        "Not observed: list price, benchmark scores, an earlier offer, openness of the weights, "
        "size, training hardware, inference hardware, China's share of revenue, home-grown chip "
        "supply; these widen the interval."
    )


@pytest.mark.parametrize(
    ("release", "own", "rateable"),
    [
        ({}, SCORED, True),
        (UNTOLD, SCORED, True),
        ({}, replace(SCORED, n_scores=0), True),
        (UNTOLD, replace(SCORED, n_scores=0), False),
    ],
)
def test_a_price_or_a_score_makes_a_release_rateable(
    release: dict[str, Any], own: Quality, rateable: bool
) -> None:
    made = story(release, own=own)
    assert made.rateable is rateable
    assert ("cannot be rated yet" in reasons.paragraph_of(made)) is not rateable


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (1.0, "Most of it comes through price pressure, +1.0 points."),
        (-1.0, "Most of it comes through price pressure, -1.0 points."),
        (0.99, "Little of it is new: earlier releases had moved the same."),
        (-0.99, "Little of it is new: earlier releases had moved the same."),
    ],
)
def test_the_lead_is_the_largest_part_either_way_and_never_the_residual(
    part: float, said: str
) -> None:
    parts = {**dict.fromkeys(PARTS, 0.1), "price_pressure": part, "residual": 50.0}
    assert said in reasons.paragraph_of(story(parts=parts))
    bare = replace(BARE, figures=replace(FIGURES, channels=MappingProxyType(parts)))
    assert (said in reasons.paragraph_of(bare)) is (abs(part) >= 1)
    assert "Little of it" not in reasons.paragraph_of(bare)


def test_each_channel_has_a_name_of_its_own() -> None:
    found = {}
    for name in PARTS:
        made = reasons.paragraph_of(story(parts={**dict.fromkeys(PARTS, 0.0), name: 5.0}))
        found[name] = made.partition("comes through ")[2].partition(",")[0]
    assert found == {
        "substitution": "substitution by home-grown chips", "efficiency": "efficiency",
        "price_pressure": "price pressure", "openness": "open weights", "residual": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("case", "said", "by_token"),
    [
        ({"nearest_offer": None}, "No earlier offer is known to compare its price with.", False),
        # a twentieth lower or less is no lower: e^-0.05 is 0.951, e^-0.06 0.942
        (
            {"price": np.full(101, 0.05)},
            "At its quality it is no cheaper than Dear-1 had led buyers to expect.", True,
        ),
        (
            {"price": np.full(101, 0.06)},
            "At its quality it costs 94% of what Dear-1 had led buyers to expect.", False,
        ),
    ],
)  # fmt: skip
def test_a_price_is_set_against_what_buyers_expected(
    case: dict[str, Any], said: str, by_token: bool
) -> None:
    made = reasons.paragraph_of(story(case=case))
    assert said in made
    assert ("Prices are compared by the token" in made) is by_token
    unpriced = {"price_input_usd_per_mtok": None, "price_output_usd_per_mtok": None}
    without = reasons.paragraph_of(story(unpriced, case))
    assert UNKNOWN_PRICE in without
    assert "by the token" not in without


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ((TRAINED,), HARDWARE),
        (
            (SERVED,), "Serving on home-grown chips moves the odds that others can do so from 30% "
            "to 50%; training stays where it was.",
        ),
        ((replace(TRAINED, outcome=ProofOutcome.PLANNED),), "Its UE8M0 scales prove no hardware: "
         "Nvidia's Blackwell uses them too."),
    ],
)  # fmt: skip
def test_hardware_is_said_by_what_was_shown(added: tuple[Proof, ...], said: str) -> None:
    assert said in reasons.paragraph_of(story(added=added))
    assert "chips moves the odds" not in reasons.paragraph_of(story(added=()))
    plain = reasons.paragraph_of(story({"scale_format": None}, added=()))
    assert "UE8M0" not in plain


@pytest.mark.parametrize(
    ("parts", "given", "said"),
    [
        ({"substitution": 0.5}, {}, HARDWARE),
        ({"substitution": -0.5}, {}, HARDWARE),
        ({"openness": 0.5}, {}, OPENED),
        ({"price_pressure": 0.5}, {}, PRICE),
        ({"efficiency": -0.5}, {}, PRICE),
        (
            {"substitution": 0.5}, {"added": (), "release": {"scale_format": None}},
            "Little of it is new: earlier releases had moved the same.",
        ),
        ({"openness": 0.49}, {}, PRICE),
        (
            {}, {"case": {"openness": np.full(101, 0.049)}},
            f"{PRICE} Its open weights lead no further than those before.",
        ),
        ({}, {"case": {"openness": np.full(101, 0.05)}}, PRICE),
        (
            {}, {"case": {"openness": 0 * RAMP}, "release": {"open_weights": False}},
            f"{PRICE} Its weights are closed.",
        ),
        ({}, {"case": {"openness": 0 * RAMP}, "release": {"open_weights": None}}, PRICE),
    ],
)  # fmt: skip
def test_one_line_is_of_the_channel_that_leads_or_why_none_does(
    parts: dict[str, float], given: dict[str, Any], said: str
) -> None:
    made = story(parts={**dict.fromkeys(PARTS, 0.0), **parts}, **given)
    assert reasons.in_short(made) == said


# --- how far to trust it -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "confidence"),
    [
        ({}, 0.925 * 0.9),  # two benchmarks of four: a half of 0.15 is missing
        ({"own": replace(SCORED, n_scores=4)}, 0.9),
        ({"own": replace(SCORED, n_scores=9)}, 0.9),
        ({"own": replace(SCORED, n_scores=0)}, 0.75 * 0.9),
        ({"release": {"confidence": None}}, 0.925 * 0.5),
        ({"release": {"price_input_usd_per_mtok": None}}, 0.925 * 0.9),
        (
            {"release": {"price_input_usd_per_mtok": None, "price_output_usd_per_mtok": None}},
            0.675 * 0.9,
        ),
        ({"case": {"nearest_offer": None}}, 0.825 * 0.9),
        ({"release": {"open_weights": None}}, 0.825 * 0.9),
        ({"release": {"total_params_b": None}}, 0.865 * 0.9),
        ({"release": {"active_params_b": None}}, 0.865 * 0.9),
        ({"release": {"hardware_named": None}}, 0.865 * 0.9),
        ({"release": {"inference_domestic": None}}, 0.865 * 0.9),
        ({"release": {"inference_domestic": False}}, 0.925 * 0.9),
        ({"world": {"earnings": ()}}, 0.865 * 0.9),
        ({"world": {"shares": ()}}, 0.865 * 0.9),
    ],
)
def test_confidence_is_the_weight_of_what_was_observed(
    given: dict[str, Any], confidence: float
) -> None:
    assert reasons.confidence_of(story(**given)) == pytest.approx(confidence)


def test_one_gap_is_told_in_the_singular() -> None:
    one = reasons.paragraph_of(story({"hardware_named": None}))
    assert one.endswith("Not observed: training hardware; this widens the interval.")
    assert "Not observed" not in reasons.paragraph_of(story())


def test_figures_are_passed_on_by_name() -> None:
    assert FIGURES.fields() == {
        name: getattr(FIGURES, name) for name in Figures.__dataclass_fields__
    }
