"""One estimate: whose figures it takes, what it chooses, and what it says that it assumed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.errors import InputError, OutOfRangeError, UnknownNameError
from engine.record.readings import Dimensions
from engine.threat.architectures import arch_of, estimate_arch
from engine.threat.chips import chip_arrays
from engine.threat.cost import (
    Load,
    central,
    decode_tok_s,
    draw,
    energy_mwh,
    interval,
    serve,
    tpot_ms,
    training_hours,
    training_usd,
)
from engine.threat.estimate import (
    Detail,
    Subject,
    check_tokens,
    chip_from,
    estimate,
    find_subject,
    subject_from,
)
from engine.values import Accelerator, Interval
from tests.builders import make_accelerator

DENSE = Dimensions(
    model="Made-8B", aliases=("Made-Chat", "Made-Code"), attention_kind="gqa", total_params=8e9,
    active_params=8e9, layers=10, hidden=1280, heads=10, kv_heads=5, head_dim=128, v_head_dim=128,
    rope_dim=None, kv_lora_rank=None, moe_layers=0, experts_routed=0, experts_per_token=0,
    moe_intermediate=0, vocab=1000, full_attention_layers=10, index_heads=None,
    index_head_dim=None, index_topk=None, sliding_window=None, kv_elements_per_token=20_000.0,
    mtp_depth=0, max_context=5120, source="a card", confidence="high",
)  # fmt: skip
MIXTURE = replace(
    DENSE, model="Made-40B", aliases=(), active_params=4e9, total_params=40e9, moe_layers=10,
    experts_routed=64, experts_per_token=4, moe_intermediate=1600,
)  # fmt: skip
CHIP = make_accelerator()
SMALL = Subject(name="Made-8B", dimensions=DENSE, total_params=8e9, active_params=8e9,
                source="a card")  # fmt: skip
LARGE = replace(SMALL, name="Made-40B", dimensions=MIXTURE, total_params=40e9, active_params=4e9)


def notes(made: Detail) -> dict[str, tuple[str, str]]:
    told = {note.name: (note.value, note.source) for note in made.cost.assumptions}
    assert len(told) == len(made.cost.assumptions)
    return told


def run(subject: Subject = SMALL, chip: Accelerator = CHIP, **given: Any) -> Detail:
    return estimate(subject, chip, **{"n_draws": 16, **given})


# --- models --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("words", "trained", "precision"),
    [
        ("fp8-e4m3", True, "fp8"), ("FP8", True, "fp8"), ("fp4+fp8", True, "mxfp4"),
        ("mxfp8", True, "fp8"), ("bf16", False, "bf16"), ("BF16", False, "bf16"),
        ("bf16 and fp8", False, "fp8"), ("int4", False, "int4"), ("int4 awq", False, "fp8"),
        ("mxfp4", False, "mxfp4"), ("", False, "fp8"), (None, False, "fp8"),
    ],
)  # fmt: skip
def test_a_release_tells_its_format(words: str | None, trained: bool, precision: str) -> None:
    told = Subject(name="x", weight_precision=words)
    assert (told.fp8_trained, told.default_precision) == (trained, precision)


def test_dimensions_go_before_counts_and_both_counts_are_needed() -> None:
    assert SMALL.arch() == arch_of(DENSE)
    assert replace(SMALL, dimensions=None, active_params=2e9).arch() == estimate_arch(8e9, 2e9)
    assert replace(SMALL, dimensions=None, active_params=None).arch() is None
    assert replace(SMALL, dimensions=None, total_params=None).arch() is None


RELEASES = [
    {"model": "Made-Chat", "training_tokens_t": "2", "weight_precision": "bf16", "source": "blog",
     "total_params_b": "9", "active_params_b": "9"},
    {"model": "Made-Code", "training_tokens_t": "3"},
    {"model": "Else", "total_params_b": "70", "active_params_b": " 7 ", "source": "press",
     "training_tokens_t": ""},
    {"model": "Nameless"},
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "found"),
    [
        # its own row is missing: the first of an alias tells, under that name
        ("made-8b", {"name": "Made-Chat", "training_tokens": 2e12, "weight_precision": "bf16"}),
        (" MADE-CODE ", {"name": "Made-Code", "training_tokens": 3e12}),
        ("Else", {"name": "Else", "dimensions": None, "total_params": 70e9, "active_params": 7e9,
                  "source": "press"}),
        ("Nameless", {"name": "Nameless", "dimensions": None, "total_params": None,
                      "active_params": None, "source": ""}),
    ],
)  # fmt: skip
def test_a_subject_is_gathered_from_both_tables(name: str, found: dict[str, Any]) -> None:
    assert find_subject(name, [MIXTURE, DENSE], RELEASES) == replace(
        SMALL, **{"training_tokens": None, "weight_precision": None, **found}
    )


def test_rows_of_other_names_lend_an_alias_nothing() -> None:
    only = [RELEASES[1], {"model": "Made-8B", "training_tokens_t": "4"}]

    assert find_subject("Made-Chat", [DENSE], only) == SMALL
    assert find_subject("Made-8B", [DENSE], only).training_tokens == 4e12
    with pytest.raises(UnknownNameError, match="did you mean 'Made-Chat'"):
        find_subject("Made Chat", [DENSE], RELEASES)
    with pytest.raises(UnknownNameError, match="did you mean 'Else'"):
        find_subject("Elsa", [DENSE], RELEASES)


def test_a_model_of_counts_alone_is_read_from_a_file() -> None:
    found = subject_from({"total_params_b": 30, "training_tokens_t": 1.5,
                          "weight_precision": "bf16", "active_params_b": 3})  # fmt: skip
    assert found == Subject(
        name="model from file", total_params=30e9, active_params=3e9, training_tokens=1.5e12,
        weight_precision="bf16", source="file",
    )  # fmt: skip
    assert subject_from({"name": "n" * 130, "total_params_b": 30}) == Subject(
        name="n" * 120, total_params=30e9, active_params=30e9, source="file"
    )
    assert subject_from({"active_params_b": 3}).total_params is None


SHAPE = {"total_params_b": 8, "attention_kind": "gqa", "layers": 10, "hidden": 1280, "heads": 10,
         "head_dim": 128}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "cached"),
    [
        ({}, 10 * 10 * 256),
        ({"kv_heads": 5}, 10 * 5 * 256),
        ({"v_head_dim": 64}, 10 * 10 * 192),
        ({"full_attention_layers": 4}, 4 * 10 * 256),
        ({"attention_kind": "mla", "kv_lora_rank": 512}, 10 * 512),
        ({"attention_kind": "mla", "kv_lora_rank": 512, "rope_dim": 64}, 10 * 576),
        ({"kv_elements_per_token": 77}, 77),
    ],
)
def test_the_cache_follows_from_the_shapes_where_it_is_not_told(
    changes: dict[str, object], cached: float
) -> None:
    dims = subject_from({**SHAPE, **changes}).dimensions
    assert dims is not None
    assert (dims.kv_elements_per_token, dims.active_params) == (cached, 8e9)


@pytest.mark.parametrize("value", [0, -1, 1e9, True, "8", float("nan")])
def test_a_figure_of_a_file_is_a_number_above_nought(value: object) -> None:
    with pytest.raises(OutOfRangeError, match=r"total_params_b = .*above 0 and below 1e9"):
        subject_from({"total_params_b": value})


def test_a_chip_of_a_file_is_a_row_of_the_table() -> None:
    given = {"chip": "X", "country": "CN", "fp8_native": True, "mx_e8m0_native": False,
             "memory_gb": 64, "price_usd": None}  # fmt: skip
    found = chip_from(given)
    assert (found.chip, found.fp8_native, found.mx_native) == ("X", True, False)
    assert (found.memory_gb, found.price_usd) == (64, None)
    with pytest.raises(InputError, match=r'names no chip.*add: chip = "NAME"'):
        chip_from({"chip": "", "country": "CN"})


def test_tokens_and_prices_are_taken_to_their_bounds_and_not_beyond() -> None:
    assert [check_tokens(t) for t in (1e6, 1e15)] == [1e6, 1e15]
    for tokens in (0.99e6, 1.01e15):
        with pytest.raises(OutOfRangeError, match="tokens_trained"):
            check_tokens(tokens)
    assert run(usd_per_hour=1e4).usd_per_chip_hour == 1e4
    for price in (0.0, 10_001.0):
        with pytest.raises(OutOfRangeError, match="usd_per_hour"):
            run(usd_per_hour=price)


# --- figures -------------------------------------------------------------------------------------
def test_figures_are_bands_of_the_equations_over_the_same_draws() -> None:
    load = Load(prompt_tokens=1000.0, output_tokens=200.0, batch=8.0, devices=2.0)
    subject = replace(SMALL, training_tokens=1e12, weight_precision="fp8")
    made = estimate(subject, CHIP, load=load, seed=7, n_draws=64)

    arch, one = arch_of(DENSE), chip_arrays([CHIP], "fp8")
    with_ = draw(one, 64, np.random.default_rng(7))
    served, hours = serve(arch, one, load, with_), training_hours(arch, one, 1e12, with_, fp8=True)
    cost = made.cost
    assert (cost.model, cost.chip, cost.precision) == ("Made-8B", "H100", "fp8")
    assert cost.prefill_tok_s_per_chip == interval(served.prefill_tok_s)
    assert cost.decode_tok_s_per_chip == interval(served.decode_tok_s)
    assert cost.usd_per_mtok_prefill == interval(served.usd_per_mtok_prefill)
    assert cost.usd_per_mtok_decode == interval(served.usd_per_mtok_decode)
    assert cost.usd_per_mtok_blended == interval(served.usd_per_mtok_blended)
    assert cost.training_chip_hours == interval(hours)
    assert cost.training_usd == interval(training_usd(hours, one, with_))
    assert cost.energy_mwh == interval(energy_mwh(hours, one))
    assert made.tpot_ms == interval(tpot_ms(arch, one, load, with_))
    assert (made.precision_asked, made.computes_in) == ("fp8", "fp8")
    assert (made.devices, made.min_devices, made.batch) == (2, 1, 8)
    assert made.usd_per_chip_hour == 2.0
    # 6 ND, and 3 x 10 layers x 2 x 10 heads x 256 FLOP for half of 4,096 and of 8,192 tokens
    assert cost.training_flops == Interval(
        low=48e21, mid=1e12 * (48e9 + 153_600 * 2048), high=1e12 * (48e9 + 153_600 * 4096)
    )


def test_inferred_dimensions_widen_the_draws_and_defaults_are_those_of_the_command() -> None:
    guessed = replace(SMALL, dimensions=None, training_tokens=1e12)
    made = estimate(guessed, CHIP)

    arch, one = estimate_arch(8e9, 8e9), chip_arrays([CHIP], "fp8")
    with_ = draw(one, 4096, np.random.default_rng(20_260_601), estimated=True)
    hours = training_hours(arch, one, 1e12, with_)
    assert made.cost.training_chip_hours == interval(hours)
    assert made.batch == 64
    assert estimate(guessed, CHIP, training_tokens=2e12).cost.training_chip_hours == interval(
        2 * hours
    )


def test_without_a_peak_or_memory_a_run_may_still_be_known() -> None:
    bare = make_accelerator(fp8_tflops=None, int8_tops=None, bf16_tflops=None)
    subject = replace(SMALL, training_tokens=1e12)
    made = run(subject, bare)

    assert made.cost.training_flops is not None
    assert made.cost.training_chip_hours is None
    assert (made.computes_in, made.cost.precision) == (None, "fp8")
    assert (made.devices, made.batch, made.max_batch, made.tpot_ms) == (None, None, None, None)
    assert notes(made).keys() == {"peak", "dimensions", "training tokens", "model error"}
    assert notes(made)["peak"] == ("no dense peak published: no serving figures", "test")
    small = run(subject, make_accelerator(memory_gb=None, tdp_w=None, rent_usd_per_hour=None))
    assert small.cost.training_chip_hours is not None
    assert (small.cost.decode_tok_s_per_chip, small.usd_per_chip_hour) == (None, None)
    told = notes(small)
    assert told["power"] == ("unknown: no energy figure", "test")
    assert told["memory"] == ("size or bandwidth unknown: no decode figures", "test")
    assert told["chip-hour"] == ("neither rent nor price known: no USD figures", "test")
    slow = notes(run(subject, make_accelerator(memory_bw_tbs=None)))
    assert slow["memory"] == told["memory"]


# --- choices -------------------------------------------------------------------------------------
def test_a_batch_is_cut_to_what_memory_holds() -> None:
    """72 GB less 8e9 x 1.000244 of weights, over 5,120 tokens x 20,000 elements x 2 bytes: 312."""
    as_asked, cut = run(), run(load=Load(batch=500.0))

    assert (as_asked.batch, as_asked.max_batch, as_asked.devices) == (64, 312, 1)
    assert "batch" not in notes(as_asked)
    assert (cut.batch, cut.max_batch) == (312, 312)
    assert notes(cut)["batch"] == ("312 a device: 500 asked, memory holds 312", "memory capacity")
    assert "batch" not in notes(run(load=Load(batch=312.0)))


def test_a_batch_is_chosen_for_its_pace() -> None:
    """The largest whose tokens come within the target, which is 50 ms unless another is given."""
    one, arch = chip_arrays([CHIP], "fp8"), arch_of(DENSE)
    load = Load(devices=1.0)

    def pace(batch: float) -> float:
        return tpot_ms(arch, one, replace(load, batch=batch), central(one)).item()

    target = pace(100.0) + 1e-6
    made = run(choose_batch=True, target_tpot_ms=target)
    assert made.batch == 100
    assert notes(made)["batch"] == (
        f"100 a device: most within memory and {target:g} ms a token", "chosen"
    )  # fmt: skip
    roomy = run(choose_batch=True, load=Load(prompt_tokens=50.0, output_tokens=10.0))
    assert roomy.batch is not None
    short = replace(load, prompt_tokens=50.0, output_tokens=10.0)
    inside, beyond = (
        tpot_ms(arch, one, replace(short, batch=float(roomy.batch + n)), central(one)).item()
        for n in (0, 1)
    )
    assert inside <= 50.0 < beyond
    assert run(choose_batch=True, target_tpot_ms=0.1).batch == 1


def test_speculation_is_said_and_is_the_loads_own_where_there_is_no_layer_for_it() -> None:
    drafting = replace(SMALL, dimensions=replace(DENSE, mtp_depth=1))
    own = Load(verified=3.0, accepted=1.5)

    assert notes(run())["speculation"] == ("none", "load")
    assert notes(run(load=own))["speculation"] == ("1.5 extra tokens a step", "load")
    chosen = run(drafting)
    assert notes(chosen)["speculation"] == ("0.7 extra tokens a step", "chosen")
    assert notes(run(drafting, choose_speculation=False))["speculation"] == ("none", "load")
    plain = run()
    assert chosen.cost.decode_tok_s_per_chip is not None
    assert plain.cost.decode_tok_s_per_chip is not None
    assert chosen.cost.decode_tok_s_per_chip.mid > plain.cost.decode_tok_s_per_chip.mid


def test_two_positions_are_computed_for_a_guess_and_none_where_that_is_slower() -> None:
    drafting = replace(SMALL, dimensions=replace(DENSE, mtp_depth=1))
    one, arch = chip_arrays([CHIP], "fp8"), arch_of(DENSE)
    guess = Load(devices=1.0, verified=2.0, accepted=0.7)
    served = serve(arch, one, guess, draw(one, 16, np.random.default_rng(20_260_601)))
    assert run(drafting).cost.decode_tok_s_per_chip == interval(served.decode_tok_s)
    # where multiplying binds, 1.7 tokens for two positions lose
    slow = make_accelerator(fp8_tflops=5.0, bf16_tflops=2.5)
    columns = chip_arrays([slow], "fp8")
    rates = [
        decode_tok_s(arch, columns, load, central(columns)).item()
        for load in (Load(devices=1.0), guess)
    ]
    assert rates[1] < rates[0]
    assert notes(run(drafting, slow))["speculation"] == ("none", "load")


def test_too_small_a_group_is_refused_and_the_smallest_is_not() -> None:
    huge = replace(SMALL, dimensions=replace(DENSE, total_params=700e9, active_params=700e9))
    with pytest.raises(OutOfRangeError, match=r"devices = 9.*at least 10, to hold the weights"):
        run(huge, load=Load(devices=9))
    made = run(huge, load=Load(devices=10))
    assert (made.devices, made.min_devices) == (10, 10)


# --- what is said --------------------------------------------------------------------------------
def test_everything_assumed_of_a_plain_estimate_is_said() -> None:
    subject = replace(SMALL, training_tokens=1.5e12)

    assert [(n.name, n.value, n.source) for n in run(subject).cost.assumptions] == [
        ("format", "fp8 at 1979 TFLOP/s, dense", "confidence A: test"),
        ("chip-hour", "2.00 USD, market rent", "test"),
        ("dimensions", "gqa, 10 layers", "a card"),
        ("training tokens", "1.5 trillion", "release or given"),
        (
            "training rate", "MFU 0.2 / 0.36 / 0.5 of BF16 peak (dense), BF16",
            "median MFU of 33 runs is 37.5 %; Epoch AI, training-cost-trends, "
            "cost_analysis_standalone.py",
        ),
        ("devices", "1 in one serving group", "chosen"),
        ("speculation", "none", "load"),
        ("load", "4096 prompt and 1024 output tokens, 4608 in context", "given or default"),
        (
            "model error", "about ±40 %: platform not measured",
            "fit and left-out errors: nvsignal validate",
        ),
    ]  # fmt: skip


def test_what_a_chip_computes_in_is_said_with_its_reason() -> None:
    ascend = make_accelerator("A", platform="ascend", fp8_tflops=None, int8_tops=700.0,
                              fp8_native=None, rent_usd_per_hour=None)  # fmt: skip
    told = notes(run(chip=ascend, precision="int4"))
    assert told["format"] == (
        "int8 at 700 TOP/s, dense; outside the experts eight bits; "
        "weights stored in int4, computed in int8", "confidence A: test",
    )  # fmt: skip
    # 30,000 USD x 1.64 / 0.81 over 43,830 hours, and 1.18125 kW at 0.0826 USD
    assert told["chip-hour"] == ("1.48 USD, 5 years of ownership with energy", "test")
    assert told["model error"][0] == "about ±35 %: platform measured"
    given = notes(run(chip=replace(ascend, source=""), usd_per_hour=3.5))
    assert given["chip-hour"] == ("3.5 USD", "given")
    assert given["format"][1] == "confidence A: given"
    doubted = notes(run(replace(SMALL, dimensions=None), replace(ascend, confidence="D")))
    assert doubted["model error"][0] == (
        "about a factor of two: the chip's own figures are contested, wider for estimated "
        "dimensions"
    )
    assert doubted["dimensions"] == (
        "estimated from 8B total, 8B active: wider interval",
        "shape rules of the architecture table",
    )


def test_an_undisclosed_model_is_said_to_be_one() -> None:
    told = notes(run(replace(SMALL, dimensions=None, active_params=None)))

    assert told["dimensions"] == ("parameters not disclosed: no figures", "a card")
    assert told["training tokens"] == ("not disclosed: no training figures", "releases")
    assert told.keys() == {"format", "chip-hour", "dimensions", "training tokens"}


def test_the_rate_of_a_run_is_said_with_its_kind_and_gain() -> None:
    subject = replace(LARGE, training_tokens=1e12, weight_precision="fp8")
    told = notes(run(subject, make_accelerator(platform="ascend")))
    assert told["training rate"][0] == (
        "MFU 0.12 / 0.161 / 0.22 of BF16 peak (moe), FP8 gain 1.25 where native"
    )


@pytest.mark.parametrize(
    ("subject", "devices", "gbit", "said"),
    [
        (LARGE, 9, 400.0, ("50 GB/s a device beyond 8 devices", "test")),
        (LARGE, 16, 200.0, ("25 GB/s a device beyond 8 devices", "test")),
        (LARGE, 16, None, ("50 GB/s a device beyond 8 devices",
                           "assumed: the table has no figure")),
        (LARGE, 8, 400.0, None),
        (SMALL, 16, 400.0, None),
    ],
)  # fmt: skip
def test_what_crosses_domains_is_said_of_a_mixture(
    subject: Subject, devices: int, gbit: float | None, said: tuple[str, str] | None
) -> None:
    made = run(subject, make_accelerator(scaleout_gbit_s=gbit), load=Load(devices=devices))
    assert notes(made).get("expert traffic") == said
    assert notes(made)["devices"] == (f"{devices} in one serving group", "given")


@pytest.mark.parametrize(
    ("load", "beyond"),
    [
        (Load(prompt_tokens=4096, output_tokens=1024), False),
        (Load(prompt_tokens=4096, output_tokens=1025), True),
        (Load(prompt_tokens=1, output_tokens=1, context_tokens=5120), False),
        (Load(prompt_tokens=1, output_tokens=1, context_tokens=5121), True),
    ],
)
def test_a_load_beyond_the_models_context_is_said(load: Load, beyond: bool) -> None:
    told = notes(run(load=load)).get("context")
    assert told == (("beyond the model's 5,120 tokens", "extrapolated") if beyond else None)
