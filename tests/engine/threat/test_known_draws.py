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
from engine.threat import novelty, pairing, points, quality
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
from tests.engine.threat.threat_world import DAY, params

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
