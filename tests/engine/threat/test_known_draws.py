"""Draws, costs of chips and what-if rows on a few numbers, worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from engine.errors import DataError
from engine.threat import (
    changes,
    channels,
    figures,
    novelty,
    pairing,
    points,
    quality,
    rating,
    validation,
)
from engine.threat.architectures import arch_of, estimate_arch, load_architectures
from engine.threat.chips import chip_arrays, load_accelerators
from engine.threat.constants import Prior
from engine.threat.cost import (
    Load,
    central,
    decode_tok_s,
    draw,
    fitting,
    prefill_tok_s,
    serve,
    served_tok_s,
    training_flops,
    training_hours,
    training_usd,
)
from engine.threat.parameters import (
    NOISE_NAMES,
    UNCERTAIN_NAMES,
    Draws,
    sample,
    triangular,
    unit_ranks,
)
from engine.threat.quality import Quality
from engine.threat.whatif import parse_whatif, planned, scenario_rows
from tests.builders import make_accelerator, make_release
from tests.engine.threat.test_estimate import DENSE, MIXTURE
from tests.engine.threat.test_points import ROW
from tests.engine.threat.threat_world import DAY, draws, params

# --- draws ---------------------------------------------------------------------------------------


def test_a_triangle_by_hand() -> None:
    """Of 0, 3, 4 three quarters lie below the mode: u = 1/3 is at sqrt(1/3 x 12) = 2, u = 15/16 at
    4 - sqrt(1/16 x 4) = 3.5."""
    found = triangular(np.array([0.0, 1 / 3, 0.75, 15 / 16, 1.0]), 0.0, 3.0, 4.0)
    assert found.tolist() == pytest.approx([0, 2, 3, 3.5, 4])
    assert triangular(np.array([0.0, 0.5, 1.0]), 0.0, 0.0, 4.0).tolist() == pytest.approx(
        [0, 4 - math.sqrt(8), 4]
    )
    assert triangular(np.array([0.0, 1 / 4, 1.0]), 0.0, 4.0, 4.0).tolist() == [0, 2, 4]


def test_ranks_are_centred_and_of_unit_length() -> None:
    """-1.5, -0.5, 0.5, 1.5 over the root of 5; ties in their order; one number has none."""
    found = unit_ranks(np.array([5.0, 1.0, 5.0, 0.0])) * math.sqrt(5)
    assert found.tolist() == pytest.approx([0.5, -0.5, 1.5, -1.5])
    assert unit_ranks(np.array([7.0])).tolist() == [0.0]


def test_a_sample_draws_every_figure_apart_and_ranks_it() -> None:
    one = sample(params(), draws=32, seed=3)

    assert one.names == (*UNCERTAIN_NAMES, *NOISE_NAMES)
    assert one.uniform.keys() == set(one.names)
    assert len({u.tobytes() for u in one.uniform.values()}) == len(one.names)
    for name, ranks in zip(one.names, one.ranks, strict=True):
        assert ranks.tolist() == unit_ranks(one.uniform[name]).tolist()
        assert all(0 <= u < 1 for u in one.uniform[name])
    assert (one.draws, one.seed, one.params) == (32, 3, params())
    assert "_made" not in repr(one)  # what was drawn before is no part of it
    usual = sample(params(), draws=32)
    assert usual.seed == 20_250_127
    found = one.at(DAY)
    spread = params().spreads(DAY.date())["elasticity"]
    assert not spread.log_scale
    assert (
        found["elasticity"].tolist()
        == triangular(one.uniform["elasticity"], spread.low, spread.mode, spread.high).tolist()
    )
    assert found.noise.keys() == set(NOISE_NAMES)
    assert found.noise["openness"] is one.uniform["openness"]
    assert (found.day, found.draws) == (DAY.date(), 32)


def test_the_day_of_draws_is_that_of_greenwich() -> None:
    eastern = timezone(timedelta(hours=14))
    late = datetime(2025, 8, 22, 9, tzinfo=eastern)  # 19:00 of the day before
    assert sample(params(), draws=8).at(late).day == date(2025, 8, 21)


def test_figures_on_a_log_scale_are_drawn_from_the_logs_of_their_ends() -> None:
    one = sample(params(), draws=64)
    spreads = params().spreads(DAY.date())
    scaled = {name: s for name, s in spreads.items() if s.log_scale}
    assert scaled
    for name, spread in scaled.items():
        logs = (math.log(x) for x in (spread.low, spread.mode, spread.high))
        assert one.at(DAY)[name] == pytest.approx(np.exp(triangular(one.uniform[name], *logs)))


def test_a_prior_is_ordered_and_a_certain_one_needs_no_luck() -> None:
    def prior(low: float, mode: float, high: float) -> Prior:
        return Prior(low=low, mode=mode, high=high, unit="1", source="s", as_of=date(2025, 1, 1))

    rng = np.random.default_rng(0)
    assert prior(2.0, 2.0, 2.0).draw(rng, 3).tolist() == [2, 2, 2]
    drawn = prior(0.0, 3.0, 4.0).draw(rng, (2, 500))
    assert drawn.shape == (2, 500)
    assert float(drawn.mean()) == pytest.approx(7 / 3, abs=0.1)
    assert prior(1.0, 1.0, 2.0).draw(rng, 500).max() > 1.5
    assert prior(1.0, 2.0, 2.0).draw(rng, 500).min() < 1.5
    for low, mode, high in ((2.0, 1.0, 3.0), (1.0, 3.0, 2.0)):
        with pytest.raises(DataError, match="is not ordered"):
            prior(low, mode, high)


# --- what each chip costs ------------------------------------------------------------------------


def test_dimensions_go_before_counts_and_counts_before_nothing() -> None:
    release = make_release("made-chat", total_params_b=70.0, active_params_b=7.0)

    assert pairing.arch_for(release, [DENSE]) == arch_of(DENSE)
    assert pairing.arch_for(release, []) == estimate_arch(70e9, 7e9)
    for gone in ("total_params_b", "active_params_b"):
        assert pairing.arch_for(replace(release, **{gone: None}), []) is None  # type: ignore[arg-type]
    tiny = replace(release, total_params_b=0.0005, active_params_b=0.0005)
    assert pairing.arch_for(tiny, []) is None


def test_costs_are_those_of_the_usual_mix_and_of_a_trillion_tokens_in_eight_bits() -> None:
    chips = [make_accelerator("A", rent_usd_per_hour=1.0), make_accelerator("B"),
             make_accelerator("Bare", memory_gb=None), make_accelerator("Unpriced", price_usd=None,
             rent_usd_per_hour=None)]  # fmt: skip
    releases = [make_release("Made-8B"), make_release("Made-8B"), make_release("Made-40B"),
                make_release("None", total_params_b=None)]  # fmt: skip
    found = pairing.chip_costs(releases, chips, [DENSE, MIXTURE])

    assert found.keys() == {"Made-8B", "Made-40B"}
    columns = chip_arrays(chips, "fp8")
    constants = central(columns)
    for name, dims in (("Made-8B", DENSE), ("Made-40B", MIXTURE)):
        arch = arch_of(dims)
        load = fitting(arch, columns, Load(prompt_tokens=4096.0, output_tokens=1152.0, batch=64.0))
        usd = serve(arch, columns, load, constants).usd_per_mtok_blended[:, 0]
        hours = training_hours(arch, columns, 1e12, constants, fp8=True)
        bill = training_usd(hours, columns, constants)[:, 0]
        assert found[name].serving == {"A": usd[0], "B": usd[1]}
        assert found[name].training == {"A": bill[0], "B": bill[1], "Bare": bill[2]}
    assert pairing.chip_costs(releases, [], [DENSE]) == {}


# --- published figures ---------------------------------------------------------------------------


def test_a_published_figure_is_modelled_in_its_unit() -> None:
    chips, models = load_accelerators(), load_architectures()
    row = ROW | {
        "model": "DeepSeek-V3", "precision": "fp8", "prompt": "1000", "output": "500", "batch": "9",
        "devices": "16", "kv_bytes": "1", "attention_8bit": "y", "verified": "2", "accepted": "0.5",
    }  # fmt: skip

    def figure(kind: str, **changes: str) -> float:
        (point,) = points.parse_points([row | {"kind": kind} | changes])
        return points.modelled(point, chips, models, with_).item()

    (first,) = points.parse_points([row])
    chip, arch = points.chip_of(first, chips), points.architecture(first, models)
    with_ = central(chip)
    load = Load(
        prompt_tokens=1000, output_tokens=500, batch=9, devices=16, kv_bytes=1, verified=2,
        accepted=0.5, attention_8bit=True,
    )  # fmt: skip
    assert figure("prefill") == prefill_tok_s(arch, chip, load, with_).item()
    assert figure("decode") == decode_tok_s(arch, chip, load, with_).item()
    assert figure("both") == served_tok_s(arch, chip, load, with_).item()
    full = fitting(arch, chip, replace(load, batch=4096.0))
    assert figure("decode", batch="") == decode_tok_s(arch, chip, full, with_).item()

    def hours(**given: Any) -> float:
        given = {"fp8": True, "context": 1000.0, "devices": 16.0, **given}
        return training_hours(arch, chip, 1e12, with_, **given).item()

    assert figure("training") == hours() / 1e6
    assert figure("training", tokens_t="") == hours() / 1e6
    assert figure("training", tokens_t="2") == pytest.approx(2 * hours() / 1e6)
    assert figure("training", prompt="9000") == hours(context=9000.0) / 1e6
    assert figure("training", precision="bf16") == hours(fp8=False) / 1e6
    steady = hours(benchmark=True)
    assert figure("training_tokens") == pytest.approx(1e12 / steady / 3600)
    flops = training_flops(arch, 1e12).item()
    assert figure("training_rate") == pytest.approx(flops / steady / 3600 / 1e12)
    home = {"chip": "Huawei Ascend 910B (B2)", "precision": "bf16"}
    ascend, bare = points.parse_points(
        [row | home | {"kind": "training"} | {"devices": n} for n in ("2048", "")]
    )
    with_ = central(points.chip_of(ascend, chips))
    assert points.modelled(bare, chips, models, with_) == points.modelled(
        ascend, chips, models, with_
    )
    for gone in ("total_b", "active_b"):
        (unknown,) = points.parse_points([ROW | {gone: ""}])
        with pytest.raises(DataError, match="Z1: no dimensions of 'no such model'"):
            points.architecture(unknown, models)


def test_a_score_is_the_error_in_logs_and_a_band_ninety_percent_of_the_draws() -> None:
    chips, models = load_accelerators(), load_architectures()
    (point,) = points.parse_points([ROW])
    (found,) = points.score_points([point], chips, models)
    chip = points.chip_of(point, chips)
    drawn = draw(chip, 4096, np.random.default_rng(20_260_601))

    band = np.percentile(points.modelled(point, chips, models, drawn), (5, 95))
    assert (found.low, found.high) == pytest.approx(tuple(band))
    assert found.modelled == points.modelled(point, chips, models, central(chip)).item()
    assert found.log_error == pytest.approx(math.log(found.modelled / 0.1))
    assert (found.platform, found.point) == ("hopper", point)


def test_a_summary_by_hand() -> None:
    """Errors of 0.3 and -0.1: rms sqrt(0.05), mean 0.1; bands of 2, 4 and 9 have a median of 4."""
    (point,) = points.parse_points([ROW | {"published": "10"}])

    def one(error: float, low: float, high: float) -> points.ScoredPoint:
        return points.ScoredPoint(
            point=point, platform="x", modelled=1, log_error=error, low=low, high=high
        )

    ends = (one(0.3, 10, 20), one(-0.1, 2.5, 10), one(0.1, 10.1, 90.9))
    found = points.summary(ends)
    assert [s.covered for s in ends] == [True, True, False]
    assert (found.n, found.covered) == (3, 2)
    assert found.rms_log_error == pytest.approx(math.sqrt((0.09 + 0.01 + 0.01) / 3))
    assert found.mean_log_error == pytest.approx(0.1)
    assert found.band_factor == pytest.approx(4)


# --- plans ---------------------------------------------------------------------------------------
PLAN = 'model = "Next"\nlab = "L"\nreleased_on = 2025-08-22\nweight_precision = "fp8-ue8m0"\n'
ON = date(2025, 8, 22)


@pytest.mark.parametrize(
    ("sales", "states"), [("banned", ("barred", "blocked")), ("free", ("allowed", "accepted"))]
)
def test_a_scenario_is_written_as_rows_of_its_day(sales: str, states: tuple[str, str]) -> None:
    text = f'[release]\n{PLAN}[scenario]\nchina_sales = "{sales}"\ndomestic_supply_units = 5000000'
    assert scenario_rows(parse_whatif(text), ["H20", "A100", "H20"], ON) == {
        "availability": [
            {"chip": chip, "from_date": "2025-08-22", "to_date": "", "us_permission": states[0],
             "china_acceptance": states[1], "note": "", "source": "scenario"}
            for chip in ("A100", "H20")
        ],
        "supply": [
            {"known_on": "2025-08-22", "period": "2025", "vendor": "Huawei",
             "chip": "Ascend (all)", "units_low": "5e+06", "units_mid": "5e+06",
             "units_high": "5e+06", "unit": "chips", "kind": "scenario", "source": "scenario",
             "confidence": ""}
        ],
    }  # fmt: skip


def test_no_chips_at_all_is_an_assumption_too() -> None:
    text = f"[release]\n{PLAN}[scenario]\ndomestic_supply_units = 0"
    rows = scenario_rows(parse_whatif(text), ["H20"], ON)
    assert rows["availability"] == []
    assert rows["supply"][0]["units_mid"] == "0"


def test_a_plan_keeps_the_scale_format_it_names() -> None:
    assert planned(parse_whatif(PLAN)).scale_format == "ue8m0"
    named = planned(parse_whatif(PLAN + 'scale_format = "fp32-128x128"\n'))
    assert named.scale_format == "fp32-128x128"


# --- novelty and quality -------------------------------------------------------------------------
EVEN = Draws(
    day=ON, draws=3, noise=MappingProxyType({}),
    values=MappingProxyType({
        "input_token_share": np.array([0.5, 0.8, 0.8]),
        "output_over_input_price": np.array([4.0, 4.0, 2.0]),
    }),
)  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "usd"),
    [
        ((1.0, 5.0), (3.0, 1.8, 1.8)),
        ((None, 8.0), (5.0, 3.2, 4.8)),
        ((1.0, None), (2.5, 1.6, 1.2)),
        ((0.0, None), (0.01, 0.01, 0.01)),
        ((0.0, 1.0), (0.5, 0.2, 0.2)),
    ],
)
def test_a_blend_by_hand(asked: tuple[float | None, float | None], usd: tuple[float, ...]) -> None:
    found = novelty.log_blended(*asked, EVEN)
    assert found is not None
    assert np.exp(found).tolist() == pytest.approx(usd)


def test_an_offer_is_what_its_release_was() -> None:
    made = make_release(
        "Old", known_at=DAY - timedelta(days=2, hours=12), open_weights=None,
        price_input_usd_per_mtok=1.0, price_output_usd_per_mtok=3.0,
    )  # fmt: skip
    new = make_release("New", known_at=DAY)
    told = Quality(mean=1.2, sd=0.5, n_scores=3)

    assert novelty.offers_before([made, new], [told, told], new, 0.3) == (
        novelty.Offer(
            model="Old", price_input_usd_per_mtok=1.0, price_output_usd_per_mtok=3.0, quality=1.2,
            doubt=pytest.approx(0.4), age_days=2.5, is_open=None, closed_in_china=True,
            active_params_b=37.0,
        ),
    )  # fmt: skip
    for opened, country, closed in ((True, "CN", False), (False, "US", False), (False, "CN", True)):
        one = replace(made, open_weights=opened, country=country)
        (found,) = novelty.offers_before([one], [told], new, 0.3)
        assert (found.is_open, found.closed_in_china) == (opened, closed)


def test_a_step_is_soft_near_nothing_and_whole_less_one_noise_far_off() -> None:
    """With noise 0.5 and a gap of 1: x = 2, log(1 + e) - log(1 + e^-1) e^-2."""
    found = novelty._step(np.array([-1.0, 0.0, 1.0, 50.0]), 0.5)
    soft = math.log1p(math.e) - math.log1p(math.exp(-1)) * math.exp(-2)
    assert found.tolist() == pytest.approx([0, 0, 0.5 * soft, 49.5])


def test_percentages_are_logits_and_elo_hundreds_of_points_above_1300() -> None:
    told = make_release(
        gpqa_diamond_pct=75.0, mmlu_pro_pct=100.0, swe_bench_verified_pct=0.0, aime_pct=50.0,
        aime_year=2025, lmarena_elo=1450.0,
    )  # fmt: skip
    assert quality.readings(told) == pytest.approx({
        "gpqa_diamond": math.log(3), "mmlu_pro": math.log(199), "aime_2025": 0.0,
        "swe_bench_verified": -math.log(199), "lmarena": 1.5,
    })  # fmt: skip
    assert quality.readings(make_release(aime_pct=50.0)) == {"aime_2024": 0.0}


def test_likeness_by_hand() -> None:
    """The laboratory's own weigh three times; the other openness 0.4, an unknown one 0.7; a bell
    in the log of the size over log 3 and of the price over log 6, 0.3 where one is not known; of
    the 365 days before, scored, and not itself."""
    base = make_release("N", total_params_b=100.0, price_output_usd_per_mtok=2.0)

    def other(days: int, **given: Any) -> Any:
        return replace(base, **{"lab": "Else", "released_on": base.released_on - timedelta(days),
                                **given})  # fmt: skip

    others = [
        other(10), other(10, lab="Lab"), other(10, open_weights=False),
        other(10, open_weights=None), other(10, total_params_b=300.0),
        other(10, total_params_b=None), other(10, price_output_usd_per_mtok=12.0),
        other(10, price_output_usd_per_mtok=None), other(0), other(-1), other(365), other(366),
    ]  # fmt: skip
    scored = np.array([True] * (len(others) + 1))
    bell = math.exp(-0.5)

    found = quality._likeness([base, *others], scored)[0].tolist()
    assert found == pytest.approx([0, 1, 3, 0.4, 0.7, bell, 0.3, bell, 0.3, 1, 0, 1, 0])
    assert quality._likeness([base, *others], ~scored)[0].tolist() == [0] * 13


def offer(model: str = "A", price: float | None = 2.0, **given: Any) -> novelty.Offer:
    """Four in for one out at a quarter of the price: 0.8 x price / 4 + 0.2 x price."""
    fields: dict[str, Any] = {
        "price_input_usd_per_mtok": None if price is None else price / 4,
        "price_output_usd_per_mtok": price, "quality": 0.0, "doubt": 0.0, "age_days": 0.0,
        "is_open": False, "closed_in_china": False, **given,
    }  # fmt: skip
    return novelty.Offer(model=model, **fields)


def standing(**given: Any) -> novelty.ReleaseStanding:
    fields: dict[str, Any] = {"mean": 0.0, "doubt": 0.0, "z": np.zeros(draws().draws), **given}
    return novelty.ReleaseStanding(model="New", **fields)


@pytest.mark.parametrize(
    ("asked", "usd"),
    [((0.5, 2.0), 0.8), ((None, 2.0), 0.8), ((0.5, None), 0.8), ((0.0, 0.0), 0.01),
     ((3.0, 1.0), 2.6)],
)  # fmt: skip
def test_the_middle_of_a_price_by_hand(asked: tuple[float | None, ...], usd: float) -> None:
    one = offer(price_input_usd_per_mtok=asked[0], price_output_usd_per_mtok=asked[1])
    assert novelty._central_log_price(one) == pytest.approx(math.log(usd))
    assert novelty._central_log_price(offer(price=None)) is None


@pytest.mark.parametrize(
    ("theirs", "mine", "age", "dearer"),
    [
        (None, None, 0.0, 0.0),
        (None, None, 91.0, 1.0),
        (9.0, None, 0.0, 2.0),
        (None, 9.0, 45.5, 2.5),
        (9.0, 9.0, 91.0, 1.0),
        (27.0, 9.0, 0.0, math.log(3) + 0.5),
        (3.0, 9.0, 91.0, -math.log(3) + 0.5 + 1.0),
    ],
)
def test_an_unknown_price_is_dearer_the_less_alike_two_models_are(
    theirs: float | None, mine: float | None, age: float, dearer: float
) -> None:
    one = offer(active_params_b=theirs, age_days=age)
    assert novelty._dearer(one, standing(active_params_b=mine)) == pytest.approx(dearer)


def test_an_offer_is_further_where_only_it_is_sold_in_china_alone() -> None:
    there = offer(closed_in_china=True)
    assert novelty._is_further(there, standing())
    assert not novelty._is_further(there, standing(closed_in_china=True))
    assert not novelty._is_further(offer(), standing())
    assert not novelty._is_further(replace(there, model="New"), standing())


@pytest.mark.parametrize(("above", "kept"), [(2.99, True), (3.01, False)])
def test_what_is_three_e_folds_dearer_is_out_of_reach(above: float, kept: bool) -> None:
    """By price, by age at the trend of prices, by closedness, and by an unknown price."""
    d, cheap, dear = draws(), offer(), offer("B", 2.0 * math.exp(above))

    def reached(*offers: novelty.Offer, unpublished: float | None = None) -> bool:
        asked = None if unpublished is None else np.full(d.draws, unpublished)
        found = novelty.within_reach(offers, standing(), d, asked)
        assert found[0] == offers[0]
        return len(found) == 2

    assert reached(cheap, dear) is kept
    trend = float(np.median(np.log(d["price_trend"])))
    fallen = replace(dear, age_days=365.25 * 2, price_output_usd_per_mtok=2.0 * math.exp(
        above + 2 * trend), price_input_usd_per_mtok=0.5 * math.exp(above + 2 * trend))  # fmt: skip
    assert reached(cheap, fallen) is kept
    closed = -float(np.median(np.log(d["adoption_closed"])))
    there = offer("B", 2.0 * math.exp(above - closed), closed_in_china=True)
    assert reached(cheap, there) is kept
    silent = offer("B", None)
    assert reached(cheap, silent, unpublished=math.log(0.8) + above) is kept
    older = replace(silent, age_days=91.0)  # an e-fold less alike
    assert reached(cheap, older, unpublished=math.log(0.8) + above - 1) is kept
    assert not reached(cheap, silent)


@pytest.mark.parametrize(("beyond", "kept"), [(-0.01, True), (0.01, False)])
@pytest.mark.parametrize("doubt", [0.0, 0.4])
def test_reach_is_judged_at_both_ends_of_what_quality_is_worth(
    beyond: float, kept: bool, doubt: float
) -> None:
    """A worse offer at the lowest worth and the lower end of the own quality; a better and dearer
    one at the highest worth and the upper end. The release itself lacks nothing."""
    low, high = np.quantile(draws()["comparability"], (0.02, 0.98))
    own = standing(doubt=doubt)

    def reached(*offers: novelty.Offer) -> list[str]:
        return [o.model for o in novelty.within_reach(offers, own, draws())]

    worse = offer("B", quality=-(3 + beyond) / low - 2 * doubt)
    assert reached(offer(quality=9.0), worse) == (["A", "B"] if kept else ["A"])
    assert reached(offer(quality=9.0), replace(worse, model="New")) == ["A", "New"]
    dear = math.exp(3 + beyond + high * (0.5 + 2 * doubt))
    better = offer("B", 2.0 * dear, quality=9.0)
    assert reached(offer(quality=-0.5), better) == (["A", "B"] if kept else ["A"])


def test_a_kind_is_weighed_by_openness_quality_and_age() -> None:
    """Half-way between the kind's mean and what buyers expect: 0.5 (1.0 + 3.0)."""
    d, logs = draws(), [math.log(0.4 * p) for p in (1.0, 10.0, 20.0)]
    offers = [
        offer("A", 1.0, is_open=True),
        offer("B", 10.0, is_open=False, quality=1.0),
        offer("C", 20.0, is_open=True, age_days=365.25),
        offer("D", None, is_open=True),
    ]
    weights = [1.0, 0.2 * math.exp(-0.5), math.exp(-1)]
    kind = sum(w * x for w, x in zip(weights, logs, strict=True)) / sum(weights)
    expected = np.full(d.draws, 3.0)

    found = novelty.kind_log_price(offers, standing(), d, make_release(open_weights=True), expected)
    assert float(found.mean()) == pytest.approx(0.5 * (kind + 3.0), abs=1e-3)
    assert float(found.std()) == pytest.approx(0.9, abs=1e-2)
    rising = np.argsort(d.noise["release_price"])
    assert (np.diff(found[rising]) >= 0).all()


def test_a_line_is_a_ridge_towards_its_prior() -> None:
    """Oracle: least squares over the scores and the prior's two rows, each over its deviation."""
    priors, rng = params().benchmarks, np.random.default_rng(0)
    read = np.linspace(-2.0, 2.0, 9)
    start = quality._Lines.of(priors)
    table = start.intercept + np.outer(read, start.slope * 1.5) + 0.3
    table += rng.normal(0, 0.2, table.shape)
    table[:, 2] = np.nan
    table[4, 0] = np.nan
    found = quality._fit_lines(table, np.isfinite(table), read, priors)

    for n, name in enumerate(quality.BENCHMARK_NAMES):
        prior, seen = priors[name], np.isfinite(table[:, n])
        rows = np.stack([np.ones(9), read], axis=1)[seen] / prior.noise
        rows = np.vstack([rows, [1 / prior.sd_intercept, 0], [0, 1 / prior.sd_slope]])
        values = [*(table[seen, n] / prior.noise), prior.intercept / prior.sd_intercept,
                  prior.slope / prior.sd_slope]  # fmt: skip
        intercept, slope = np.linalg.lstsq(rows, np.array(values), rcond=None)[0]
        assert found.intercept[n] == pytest.approx(intercept), name
        assert found.slope[n] == pytest.approx(slope), name
        assert found.noise[n] == prior.noise
    falling = start.intercept - np.outer(read, start.slope * 50)
    held = quality._fit_lines(falling, np.isfinite(falling), read, priors)
    assert held.slope[1:] == pytest.approx(0.1 * start.slope[1:])  # the first anchors the scale


def test_quality_is_the_mean_of_its_scores_and_its_kind_by_precision() -> None:
    """Slope 2 and noise 0.5 weigh 16 and read 3 as (3 - 1) / 2; the kind weighs 4 and says 0.5."""
    line = quality._Lines(np.array([1.0, 9.0]), np.array([2.0, 1.0]), np.array([0.5, 1.0]))
    table = np.array([[3.0, np.nan], [np.nan, np.nan]])
    mean, sd = quality._qualities(table, np.isfinite(table), line, np.array([0.5, 0.7]), 0.5)
    assert mean.tolist() == pytest.approx([(16 * 1.0 + 4 * 0.5) / 20, 0.7])
    assert sd.tolist() == pytest.approx([20**-0.5, 0.5])


# --- figures -------------------------------------------------------------------------------------


class Ranked:
    """Twelve parameters, each a little less like the loss than the one before."""

    names = tuple(f"p{n}" for n in range(12))
    ranks = np.stack(
        [unit_ranks(np.arange(400.0)) * s for s in (0.9, -0.8, 0.051, 0.049, -0.7, 0.6, 0.5, 0.4,
                                                   0.3, 0.2, 0.1, -0.05)]
    )  # fmt: skip


def test_the_eight_strongest_links_are_told_and_none_that_luck_explains() -> None:
    found = figures.sensitivity(-np.arange(400.0), Ranked())  # type: ignore[arg-type]
    assert [name for name, _ in found] == ["p0", "p1", "p4", "p5", "p6", "p7", "p8", "p9"]
    assert [rho for _, rho in found[:3]] == pytest.approx([0.9, -0.8, -0.7])

    class Few:
        names = Ranked.names[2:4]
        ranks = Ranked.ranks[2:4]

    assert [n for n, _ in figures.sensitivity(-np.arange(400.0), Few())] == ["p2"]  # type: ignore[arg-type]


def test_parts_are_means_over_the_middle_fifth_of_the_draws() -> None:
    """Losses 0 to 100 by the first channel; of the second one 7 where the total is in the middle
    fifth, 1,000 elsewhere with nothing at all from the first."""
    total = np.arange(101.0)
    middle = (total >= 40) & (total <= 60)
    value = np.zeros((5, 101))
    value[1] = np.where(middle, 7.0, 0.0)
    value[0] = total - value[1]
    found = figures.channel_parts(-value, 100.0, 50.0)

    assert found["efficiency"] == pytest.approx(14.0)
    assert found["substitution"] == pytest.approx(86.0)
    assert found["residual"] == pytest.approx(0.0)
    nothing = figures.channel_parts(-value, 0.0, 0.0)
    assert set(nothing.values()) == {0.0}


def test_a_grid_is_of_two_to_the_minus_32() -> None:
    assert figures.on_grid(2.0**-32 * 1.4) == 2.0**-32
    assert figures.on_grid(2.0**-32 * 1.6) == 2.0**-31
    assert figures.on_grid(3.25) == 3.25


def test_a_total_is_widened_round_its_own_median_by_the_residual() -> None:
    parts = np.zeros((5, 3))
    parts[0] = [1.0, 2.0, 6.0]
    found = channels.stretched(parts, 0.5)
    assert found[0].tolist() == [1, 2, 6]
    assert found[4].tolist() == [-0.5, 0, 2]
    assert parts[4].tolist() == [0, 0, 0]


# --- judgement -----------------------------------------------------------------------------------


def test_what_was_judged_is_what_was_written_down() -> None:
    """Numbers without a source but a reason, each beside its reason in the module."""
    judged = {
        novelty: {
            "_SOFT_PRICE": 0.35, "_SOFT_GAP": 0.12, "_SOFT_OPEN": 0.15, "_PRICE_UNKNOWN_SD": 0.9,
            "_FREE_USD": 0.01, "_DAYS_PER_YEAR": 365.25, "_ONE_LOGIT": 1.0,
            "_ALIKE_SIZE": math.log(3), "_ALIKE_DAYS": 91.0, "_UNLIKE": 2.0, "_TOO_DEAR": 3.0,
            "_USUAL_RATIO": 4.0, "_LARGEST_STEP": 1.5,
        },
        quality: {
            "_SWEEPS": 12, "_ELO_ZERO": 1300.0, "_ELO_UNIT": 100.0, "_CLIP_PCT": 0.5,
            "_MEMORY_DAYS": 365, "_YEAR": 365.25, "_LEAST_IN_KIND": 3, "_SAME_LAB": 3.0,
            "_UNLIKE_OPEN": 0.4, "_UNKNOWN_APART": 0.3, "_SIZE_WIDTH": math.log(3),
            "_PRICE_WIDTH": math.log(6), "_TREND_PULL": 0.25,
        },
        rating: {
            "_CLOSE_QUALITY": 0.25, "_CLOSE_LOG": math.log(4), "_UNKNOWN_APART": 9.0,
            "_MOST_COMPUTE": math.log(10),
        },
        points: {
            "UNKNOWN_CONTEXT": 4096, "UNKNOWN_CLUSTER": 2048, "AIM_RMS_LOG_ERROR": 0.30,
            "LEAST_FIGURES": 40, "N_DRAWS": 4096, "SEED": 20_260_601,
        },
        changes: {"_LEAST_CUT": 0.05, "_LEAST_SHARE": 5e-5},
        validation: {
            "BAND": (5, 95), "POINT_LOG_SD": 0.12, "EPOCH_MEDIAN_MFU": 0.375,
            "PRIOR_CENTRE": {
                "eta_compute": 0.56, "eta_memory": 0.86, "eta_network": 0.45,
                "eta_scale_out": 0.80, "layer_latency_s": 5e-5, "ascend": 0.80,
                "blackwell": 0.72, "moore-threads": 0.75, "day_duty": 0.80,
            },
            "PRIOR_LOG_SD": {
                "eta_compute": 0.15, "eta_memory": 0.08, "eta_network": 0.3,
                "eta_scale_out": 0.15, "layer_latency_s": 0.5, "ascend": 0.3, "blackwell": 0.3,
                "moore-threads": 0.3, "day_duty": 0.15,
            },
        },
    }  # fmt: skip
    for module, told in judged.items():
        assert {name: vars(module)[name] for name in told} == told, module.__name__
