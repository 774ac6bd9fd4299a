"""The cost equations on a made-up mixture and chip, small enough to be worked by hand."""

from __future__ import annotations

import math
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np
import pytest

from engine.errors import OutOfRangeError
from engine.threat import cost
from engine.threat.architectures import Arch
from engine.threat.chips import ChipArrays, chip_arrays
from engine.threat.cost import CostDraws, Load
from tests.builders import make_accelerator

NOTHING = dict.fromkeys((f.name for f in fields(Arch)), 0.0)
MIXTURE = Arch(**NOTHING | {
    "total": 1200.0, "active": 300.0, "routed": 1000.0, "experts": 10.0, "per_token": 2.0,
    "moe_layers": 3.0, "layers": 5.0, "hidden": 4.0, "prefill_flops": 1.0, "decode_flops": 2.0,
    "kv_full": 6.0, "grouped": 1.0, "novel": 0.0,
})  # fmt: skip
DENSE = replace(MIXTURE, routed=0.0, experts=1.0, per_token=1.0, moe_layers=0.0)


def column(value: float) -> Any:
    return np.array([[value]])


def chip(**changes: Any) -> ChipArrays:
    """8 FLOP/s in the format of the weights, 5 outside the experts, 4 in BF16; 3 USD an hour."""
    given = {
        "peak": 8.0, "peak_bf16": 4.0, "peak_other": 5.0, "weight_bytes": 0.5, "other_bytes": 2.0,
        "memory": 3000.0, "bandwidth": 10.0, "scale_up": 16.0, "scale_out": 2.0, "domain": 4.0,
        "dies": 2.0, "power_kw": 0.5, "usd_per_hour": 3.0, "domestic": 0.0, "error_sigma": 0.2,
    }  # fmt: skip
    names = {"names": ("Made",), "platforms": ("hopper",), "runs_as": ("fp8",)}
    names |= {key: changes.pop(key) for key in names.keys() & changes.keys()}
    return ChipArrays(**names, **{key: column(n) for key, n in (given | changes).items()})


HOW = CostDraws(
    eta_compute=0.5, eta_memory=0.25, eta_network=0.8, eta_scale_out=0.4, overlap=0.75,
    layer_latency_s=0.01, platform=0.5, error=2.0, grouped_mixture=0.9, novel_attention=0.7,
    colocated_mixture=0.6, dense=1.5, mfu_dense=0.3, mfu_moe=0.4, size_exponent=0.5,
    mixture_size_exponent=2.0, fp8_gain=1.25, training_error=0.8, price=1.1, stack=0.95,
    benchmark_dense=0.6, coarse_mixture=0.85,
)  # fmt: skip
LOAD = Load(prompt_tokens=8.0, output_tokens=4.0, batch=2.0, devices=16.0)


def prefill(arch: Arch = MIXTURE, **changes: Any) -> float:
    """Seconds a prompt token takes, from the rate and what multiplies it."""
    load = replace(LOAD, **{k: changes.pop(k) for k in ("devices", "attention_8bit")
                            if k in changes})  # fmt: skip
    plain = replace(HOW, platform=1.0, error=1.0, grouped_mixture=1.0, dense=1.0)
    return 1.0 / cost.prefill_tok_s(arch, chip(**changes), load, plain).item()


# --- work ----------------------------------------------------------------------------------------
def test_a_token_is_multiplied_by_its_experts_and_by_the_rest_at_their_own_peaks() -> None:
    """200 of 1,000 routed parameters at 8 FLOP/s and the other 100 at 5, two FLOP each: 90 s; four
    tokens of attention at 4 FLOP/s: 1 s; half of the peak is reached."""
    assert prefill(devices=1) == pytest.approx(91 / 0.5)
    assert prefill(devices=1, attention_8bit=True) == pytest.approx((90 + 4 / 5) / 0.5)
    few = replace(MIXTURE, active=150.0)  # fewer than its share of experts
    assert prefill(few, devices=1) == pytest.approx((2 * 150 / 8 + 1) / 0.5)
    every = replace(MIXTURE, per_token=20.0)  # no more than all experts
    assert prefill(every, devices=1) == pytest.approx((2 * 300 / 8 + 1) / 0.5)
    assert prefill(DENSE, devices=1) == pytest.approx((2 * 300 / 8 + 1) / 0.5)


@pytest.mark.parametrize(
    ("weight_bytes", "traffic"), [(0.5, 72.0), (1.0, 72.0), (1.5, 84.0), (2.0, 96.0), (3.0, 96.0)]
)
def test_experts_are_sent_in_eight_bits_at_least_and_answer_in_sixteen(
    weight_bytes: float, traffic: float
) -> None:
    """3 layers x 4 wide x 2 experts x (1 to 2 bytes out, 2 back); inside one domain of four, three
    quarters of it leave the device at 16 bytes/s, of which 0.8 are reached. A quarter shows."""
    links = prefill(devices=4, weight_bytes=weight_bytes) - 182
    assert links == pytest.approx(0.25 * traffic * 0.75 / 16 / 0.8)


def test_prompts_cross_domains_once_and_are_forwarded_inside() -> None:
    """Four domains: 3 x (1 - (3/4)^2) / 2 = 21/32 copies of 72 bytes at 2 x 0.4 bytes/s, then
    15/16 of them at 16 x 0.8."""
    links = 72 * 21 / 32 / 0.8 + 72 * 15 / 16 / 12.8

    assert prefill(devices=16) == pytest.approx(182 + 0.25 * links)
    assert prefill(devices=16, peak=1e9, peak_other=1e9, peak_bf16=1e9) == pytest.approx(links)
    unknown = prefill(devices=16, scale_out=math.nan)
    assert unknown == prefill(devices=16, scale_out=50e9)
    assert prefill(devices=5) == pytest.approx(  # two domains, the second one of one device
        182 + 0.25 * (72 * (1 - 1 / 4) / 2 / 0.8 + 72 * 4 / 5 / 12.8)
    )


@pytest.mark.parametrize(("devices", "others"), [(1, 0), (2, 1), (8, 7), (16, 7)])
def test_a_dense_model_pays_two_reductions_a_layer(devices: int, others: int) -> None:
    """8 bytes x 4 wide x 5 layers to each of the others, seven at most."""
    assert prefill(DENSE, devices=devices) == pytest.approx(152 + 0.25 * 160 * others / 12.8)


@pytest.mark.parametrize(
    ("arch", "factor"),
    [
        (MIXTURE, 0.9),
        (replace(MIXTURE, grouped=0.5), 0.9**0.5),
        (replace(MIXTURE, grouped=0.0, novel=1.0), 0.7),
        (replace(MIXTURE, novel=1.0), 0.9 * 0.7),
        (DENSE, 1.5),
        (replace(DENSE, novel=1.0), 1.5 * 0.7),
    ],
)
def test_each_kind_of_model_has_a_term_of_its_own(arch: Arch, factor: float) -> None:
    """And the platform, the error, the duty and what the cache spares: 0.5 x 2 x 0.5 / 0.25."""
    load = replace(LOAD, devices=1.0, duty=0.5, cache_hit_share=0.75)
    found = cost.prefill_tok_s(arch, chip(), load, HOW).item()

    seconds = 182 if arch.is_moe else 152
    assert found == pytest.approx(0.5 * 2 * 0.5 / 0.25 * factor / seconds)
    step = cost.decode_step_s(arch, chip(), load, HOW).item()
    bare = replace(HOW, platform=1.0, error=1.0, grouped_mixture=1.0, novel_attention=1.0,
                   dense=1.0)  # fmt: skip
    assert step == pytest.approx(
        cost.decode_step_s(arch, chip(), load, bare).item() / (0.5 * 2 * factor)
    )


def test_a_decoding_step_by_hand() -> None:
    """Two sequences with one and a half positions each, ten tokens in context.

    Work 3 x (90 + 2 x 10 / 4) = 285 at half the peak. Memory: the experts that 48 tokens touch, a
    copy of the rest, and 2 x 60 elements of two bytes, at 10 x 0.25 bytes/s. Links: three quarters
    of 72 bytes for each of 3 tokens at 2 x 0.4. Latency of five layers; speed 0.5 x 2 x 0.9.
    """
    load = replace(LOAD, verified=1.5, accepted=0.5, duty=0.8)
    experts = 1000 * (1 - 0.8**48) / 16 * 0.5
    work = 285 / 0.5 + (experts + 800 + 240) / 10 / 0.25
    links = 3 * 72 * 0.75 / 2 / 0.4
    step = (work + 0.25 * links + 5 * 0.01) / 0.9

    assert cost.decode_step_s(MIXTURE, chip(), load, HOW).item() == pytest.approx(step)
    assert cost.decode_tok_s(MIXTURE, chip(), load, HOW).item() == pytest.approx(
        2 * 1.5 * 0.8 / step
    )
    assert cost.tpot_ms(MIXTURE, chip(), load, HOW).item() == pytest.approx(1000 * step / 1.5)


def test_all_experts_are_read_where_a_token_uses_them_all() -> None:
    every = replace(MIXTURE, per_token=20.0)
    work = 2 * (75 + 5) / 0.5 + (1000 / 16 * 0.5 + 800 + 240) / 10 / 0.25
    links = 2 * 3 * 4 * 20 * 3 * 0.75 / 2 / 0.4
    step = max(work, links) + 0.25 * min(work, links) + 0.05

    assert cost.decode_step_s(every, chip(), LOAD, HOW).item() == pytest.approx(step / 0.9)


def test_prompts_and_answers_share_a_device() -> None:
    """Two prompt tokens for each of the output: 1 / (1/d + 2/p), and less where it is shared."""
    for arch, shared in ((MIXTURE, 0.6 * 0.95), (DENSE, 0.95)):
        first = cost.prefill_tok_s(arch, chip(), LOAD, HOW).item()
        then = cost.decode_tok_s(arch, chip(), LOAD, HOW).item()
        pooled = 1 / (1 / then + 2 / first)

        assert cost.pooled_tok_s(arch, chip(), LOAD, HOW).item() == pytest.approx(pooled)
        assert cost.served_tok_s(arch, chip(), LOAD, HOW).item() == pytest.approx(shared * pooled)


# --- memory --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("memory", "devices"), [(100.0, 10.0), (99.9, 11.0), (1000.0, 1.0), (9e9, 1.0)]
)
def test_weights_are_held_in_nine_tenths_of_the_memory(memory: float, devices: float) -> None:
    """1,000 parameters of half a byte and 200 of two: 900 bytes; 1,200 halves where it is dense."""
    assert cost.min_devices(MIXTURE, chip(memory=memory)).item() == devices
    assert cost.min_devices(DENSE, chip(memory=memory)).item() == math.ceil(
        max(600 / 0.9 / memory, 1)
    )
    assert math.isnan(cost.min_devices(MIXTURE, chip(memory=math.nan)).item())


@pytest.mark.parametrize(
    ("arch", "memory", "devices", "held"),
    [
        # 800 bytes a copy on two dies are 0.35 of nine tenths of 2,540; a sixteenth of the experts
        (MIXTURE, 2540.0, 16.0, 31.25 + 800),
        (MIXTURE, 2539.0, 16.0, 31.25 + 25),
        (MIXTURE, 3000.0, 8.0, 62.5 + 800),
        (MIXTURE, 3000.0, 7.0, (500 + 400) / 7),
        # with the experts it must stay within four fifths: 32,050 of 40,063
        (replace(MIXTURE, routed=1e6, total=1_000_200.0), 40_063.0, 16.0, 31_250 + 800),
        (replace(MIXTURE, routed=1e6, total=1_000_200.0), 40_062.0, 16.0, 31_250 + 25),
        (DENSE, 3000.0, 16.0, 600 / 16),
    ],
)
def test_the_rest_of_a_mixture_is_copied_where_there_is_room(
    arch: Arch, memory: float, devices: float, held: float
) -> None:
    found = cost.resident_bytes(arch, chip(memory=memory), Load(devices=devices)).item()
    assert found == pytest.approx(held)


def test_the_cache_of_a_whole_sequence_must_fit() -> None:
    """0.9 x 3,000 - 831.25 = 1,868.75 bytes; 8 + 4 tokens x 6 elements x 2 bytes = 144: twelve."""
    assert cost.max_batch(MIXTURE, chip(), LOAD).item() == 12
    assert cost.max_batch(MIXTURE, chip(), replace(LOAD, kv_bytes=1.0)).item() == 25
    assert cost.max_batch(MIXTURE, chip(), replace(LOAD, context_tokens=1.0)).item() == 51
    assert cost.max_batch(MIXTURE, chip(memory=10.0), LOAD).item() == 0


def test_a_load_is_cut_to_memory_and_left_where_memory_is_unknown() -> None:
    def batch(memory: float, asked: float) -> Any:
        found = cost.fitting(MIXTURE, chip(memory=memory), replace(LOAD, batch=asked))
        return np.asarray(found.batch).item()

    assert [batch(3000.0, asked) for asked in (11.0, 12.0, 13.0)] == [11, 12, 12]
    assert batch(10.0, 5.0) == 1
    assert batch(math.nan, 5.0) == 5


@pytest.mark.parametrize(
    ("memory", "devices"), [(1e6, 1.0), (1430.0, 1.0), (1425.0, 2.0), (100.0, 16.0), (80.0, 32.0)]
)
def test_a_group_of_a_power_of_two_leaves_three_tenths_for_the_cache(
    memory: float, devices: float
) -> None:
    """900 bytes over 0.7 x 0.9 of the memory: 1,428.6 bytes are one device."""
    assert cost.default_devices(MIXTURE, chip(memory=memory)).item() == devices


@pytest.mark.parametrize("memory", [40e9, 80e9, 300e9])
@pytest.mark.parametrize(
    ("prompt", "output"),
    # of 270,000 tokens one fits on a device of sixteen with 40 GB, of 420,000 one with 80 GB
    [(4096.0, 1024.0), (500.0, 4000.0), (9e5, 500.0), (2.7e5, 500.0), (4.2e5, 500.0)],
)
def test_a_large_mixture_is_served_by_the_group_that_spends_least(
    memory: float, prompt: float, output: float
) -> None:
    """Eight, sixteen or thirty-two devices where a sequence fits, one group after the other; a
    larger one only where none does, and then the first that holds it."""
    arch = replace(
        MIXTURE, total=2e11, active=2e10, routed=1.8e11, experts=64.0, per_token=4.0, layers=60.0,
        moe_layers=58.0, hidden=5000.0, prefill_flops=1e6, decode_flops=2e6, kv_full=4e4,
    )  # fmt: skip
    one = chip_arrays([make_accelerator(memory_gb=memory / 1e9)], "fp8")
    load, constants = Load(prompt_tokens=prompt, output_tokens=output), cost.central(one)
    least_size = 2.0 ** max(0, math.ceil(math.log2(2e11 * (1 + 1 / 4096) / 0.63 / memory)))
    best, spent_least = least_size, math.inf
    for size in (least_size, *(max(least_size, s) for s in (8.0, 16.0, 32.0, 64.0, 128.0, 256.0))):
        trial = cost.fitting(arch, one, replace(load, devices=size))
        if cost.max_batch(arch, one, trial).item() < 1:
            continue
        spent = output / cost.decode_tok_s(arch, one, trial, constants).item()
        spent += prompt / cost.prefill_tok_s(arch, one, trial, constants).item()
        if (spent < spent_least) if size <= 32 else (spent_least == math.inf):
            best, spent_least = size, spent

    assert cost.default_devices(arch, one, load).item() == best


@pytest.mark.parametrize(("stored", "large"), [(0.99e11, False), (1.01e11, True)])
def test_a_mixture_is_large_from_a_hundred_gigabytes(stored: float, large: bool) -> None:
    """A device that holds it all serves it alone, unless it is large: eight spend less on it."""
    arch = replace(
        MIXTURE, total=stored, routed=stored * 0.95, active=stored * 0.1, layers=60.0,
        moe_layers=58.0, hidden=5000.0, kv_full=4e4,
    )  # fmt: skip
    one = chip(memory=1e12, weight_bytes=1.0, other_bytes=1.0, peak=1e15, peak_bf16=5e14,
               peak_other=1e15, bandwidth=3e12, scale_up=4e11, scale_out=5e10, domain=8.0,
               dies=1.0)  # fmt: skip
    found = cost.default_devices(arch, one, Load(output_tokens=2000.0, batch=8.0)).item()

    assert (found > 1) is large


def test_the_chosen_batch_is_that_of_trying_them_all() -> None:
    one = chip(memory=1e4, peak=8e4, peak_bf16=4e4, peak_other=5e4, bandwidth=1e5, scale_up=1e5,
               scale_out=1e5)  # fmt: skip
    paces = {
        batch: cost.tpot_ms(
            MIXTURE, one, replace(LOAD, batch=float(batch)), cost.central(one)
        ).item()
        for batch in range(1, 70)
    }
    most = cost.max_batch(MIXTURE, one, LOAD).item()
    assert 30 < most < 69
    for target in (paces[1], paces[7] + 1.0, paces[20], paces[29] - 1.0):
        expected = max(b for b, pace in paces.items() if pace <= target)
        assert cost.batch_for_tpot(MIXTURE, one, LOAD, target).item() == expected


def test_the_chosen_batch_ends_with_memory_and_at_four_thousand() -> None:
    fast = {"peak": 1e12, "peak_bf16": 1e12, "peak_other": 1e12, "bandwidth": 1e12,
            "scale_up": 1e12, "scale_out": 1e12}  # fmt: skip
    assert cost.batch_for_tpot(MIXTURE, chip(**fast), LOAD, 1e5).item() == 12
    assert cost.batch_for_tpot(MIXTURE, chip(memory=1e9, **fast), LOAD, 1e5).item() == 4096
    assert cost.batch_for_tpot(MIXTURE, chip(memory=math.nan, **fast), LOAD, 1e5).item() == 0
    for target in (0.09, 1.01e5):
        with pytest.raises(OutOfRangeError, match="target_ms"):
            cost.batch_for_tpot(MIXTURE, chip(), LOAD, target)


# --- loads ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("field", "low", "high"),
    [
        ("prompt_tokens", 1, 1e8), ("output_tokens", 0, 1e8), ("context_tokens", 1, 1e8),
        ("batch", 1, 1e5), ("devices", 1, 1e6), ("cache_hit_share", 0, 0.999),
        ("verified", 1, 64), ("accepted", 0, 15), ("duty", 0.01, 1), ("kv_bytes", 0.25, 4),
    ],
)  # fmt: skip
def test_a_load_is_taken_to_its_bounds_and_not_beyond(field: str, low: float, high: float) -> None:
    name = field.replace("context_tokens", "context")
    for bound, beyond in ((low, low - 0.001), (high, high * 1.001)):
        assert getattr(Load(**{field: bound}), field) == bound
        with pytest.raises(OutOfRangeError, match=rf"^{name} = {beyond}"):
            Load(**{field: np.array([bound, beyond])})


def test_only_a_group_may_be_unknown() -> None:
    unknown = np.array([8.0, math.nan])
    assert Load(devices=unknown).devices is unknown
    with pytest.raises(OutOfRangeError, match="batch = nan"):
        Load(batch=unknown)


def test_a_step_looks_back_on_the_prompt_and_half_the_answer() -> None:
    assert Load(prompt_tokens=8.0, output_tokens=4.0).context == 10
    assert Load(prompt_tokens=8.0, output_tokens=4.0, context_tokens=3.0).context == 3
    assert asdict(Load()) == {
        "prompt_tokens": 4096, "output_tokens": 1024, "context_tokens": None, "batch": 64,
        "devices": None, "cache_hit_share": 0, "verified": 1, "accepted": 0, "duty": 1,
        "kv_bytes": 2, "attention_8bit": False,
    }  # fmt: skip


# --- money ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(("given", "hour"), [(None, 3.0), (7.0, 7.0)])
def test_tokens_are_priced_by_the_hour(given: float | None, hour: float) -> None:
    """Million tokens at r tok/s take 1e6 / 3,600 r hours; of three tokens two are prompt."""
    found = cost.serve(MIXTURE, chip(), LOAD, HOW, usd_per_hour=given)
    first = cost.prefill_tok_s(MIXTURE, chip(), LOAD, HOW).item()
    then = cost.decode_tok_s(MIXTURE, chip(), LOAD, HOW).item()

    assert (found.prefill_tok_s.item(), found.decode_tok_s.item()) == (first, then)
    dear = [hour * 1.1 * 1e6 / 3600 / rate for rate in (first, then)]
    assert found.usd_per_mtok_prefill.item() == pytest.approx(dear[0])
    assert found.usd_per_mtok_decode.item() == pytest.approx(dear[1])
    assert found.usd_per_mtok_blended.item() == pytest.approx((2 * dear[0] + dear[1]) / 3)
    usd = cost.training_usd(100.0, chip(), HOW, usd_per_hour=given).item()
    assert usd == pytest.approx(100 * hour * 1.1)


def test_energy_and_margin() -> None:
    assert cost.energy_mwh(4000.0, chip()).item() == 2  # 4,000 h x 0.5 kW
    assert cost.margin(645.0, 100.0) == pytest.approx(5.45)


def test_a_band_takes_a_centre_and_keeps_it_inside() -> None:
    draws = np.arange(101.0)
    mids = [told.mid for mid in (None, 2.0, 5.0, 60.0, 99.0)
            for told in [cost.interval(draws, mid)] if told]  # fmt: skip
    assert mids == [50, 5, 5, 60, 95]
    assert cost.interval(np.array([1.0, math.inf])) is None


# --- training ------------------------------------------------------------------------------------
RUN = replace(MIXTURE, active=18.5e9, prefill_flops=6.0)
TOKENS = 1e9


def hours(arch: Arch = RUN, one: ChipArrays | None = None, **given: Any) -> float:
    return cost.training_hours(arch, one or chip(), TOKENS, HOW, **given).item()


def plain(active: float, rate: float) -> float:
    """6 N D at a share of the BF16 peak of 4 FLOP/s, four fifths of it in this run."""
    return 6 * active * TOKENS / (4 * rate * 0.8) / 3600


def test_work_of_a_training_run() -> None:
    """6 x 18.5e9 and 3 x 6 x 2,048 FLOP a token, or 3 x 6 x 50 at a context of 100."""
    assert cost.training_flops(RUN, 10.0) == pytest.approx(10 * (111e9 + 36_864))
    assert cost.training_flops(RUN, 10.0, 100.0) == pytest.approx(10 * (111e9 + 900))


@pytest.mark.parametrize(
    ("active", "mixture", "dense"),
    [
        # (active / 37e9)^2 and (active / 405e9)^0.5, at most one
        (18.5e9, 0.4 / 4, 0.3 * (18.5 / 405) ** 0.5),
        (37e9, 0.4, 0.3 * (37 / 405) ** 0.5),
        (101.25e9, 0.4, 0.15),
        (810e9, 0.4, 0.3),
    ],
)
def test_smaller_models_reach_less_of_the_peak(active: float, mixture: float, dense: float) -> None:
    assert hours(replace(RUN, active=active)) == pytest.approx(plain(active, mixture))
    assert hours(replace(DENSE, active=active)) == pytest.approx(plain(active, dense))


@pytest.mark.parametrize(
    ("runs_as", "gains"),
    [("fp8", True), ("mxfp8", True), ("fp8-fnuz", True), ("bf16", False), ("int8", False),
     (None, False)],
)  # fmt: skip
def test_eight_bits_gain_where_the_chip_computes_in_them(runs_as: str | None, gains: bool) -> None:
    one = chip(runs_as=(runs_as,))
    assert hours(one=one, fp8=True) == pytest.approx(hours(one=one) / (1.25 if gains else 1.0))


def test_longer_contexts_add_their_attention_and_shorter_ones_take_none_away() -> None:
    """At 8,192 tokens 3 x 6 x 2,048 FLOP a token more, of a model that is small beside them."""
    small = replace(RUN, active=1000.0)
    ratio = (6000 + 18 * 4096) / (6000 + 18 * 2048)

    assert hours(small, context=8192.0) == pytest.approx(hours(small) * ratio)
    assert hours(small, context=100.0) == hours(small) == hours(small, context=4096.0)


def test_domestic_clusters_stop_more_often_the_larger_they_are() -> None:
    """6e-5 stops a device-hour, each of 0.2 h and half of 0.1: 2,048 lose 3.07 %."""
    home = chip(domestic=1.0)

    assert hours(one=home) == pytest.approx(hours() * (1 + 2048 * 6e-5 * 0.25))
    assert hours(one=home, devices=1e5) == pytest.approx(hours() * 2.5)
    assert hours(devices=1e5) == hours()
    assert cost.availability(1e5, domestic=False) == pytest.approx(1 / 1.5)


@pytest.mark.parametrize(
    ("changes", "rate", "gain"),
    [
        ({"experts": 1.0}, 0.6, 1.25),
        ({"experts": 8.0}, 0.6 * 0.85, 1.25),
        ({"experts": 9.0}, 0.1, 1.0),
    ],
)
def test_a_benchmark_runs_at_the_rate_of_its_kind(
    changes: dict[str, float], rate: float, gain: float
) -> None:
    """Dense, few wide experts, many narrow ones: those as whole runs do, without the gain."""
    arch = replace(RUN, **changes)

    assert hours(arch, benchmark=True) == pytest.approx(plain(18.5e9, rate))
    assert hours(arch, benchmark=True, fp8=True) == pytest.approx(plain(18.5e9, rate) / gain)


# --- draws ---------------------------------------------------------------------------------------
class Even:
    """Stands for a generator whose normals are all one and whose triangles are all their mode."""

    def standard_normal(self, shape: Any) -> Any:
        return np.ones(shape)

    def triangular(self, low: float, mode: float, high: float, shape: Any) -> Any:
        return np.full(shape, mode)


@pytest.mark.parametrize("estimated", [False, True])
def test_draws_are_of_the_constants_they_are_named_after(estimated: bool) -> None:
    """Errors in logs: 0.12 shared by all chips, 0.20 and 0.14 of each; 0.25 of a run; 0.15 of a
    price; with inferred dimensions 0.20 beside the first and half of it beside the third."""
    chips = chip_arrays(
        [make_accelerator("A", platform="amd"), make_accelerator("B", platform="hopper")], "fp8"
    )
    found = cost.draw(chips, 3, Even(), estimated=estimated)  # type: ignore[arg-type]
    middle = cost.central(chips)

    guess = 0.2 if estimated else 0.0
    errors = {
        "error": np.exp(math.hypot(0.12, guess) + np.array([[0.20], [0.14]])),
        "training_error": math.exp(math.hypot(0.25, guess / 2)),
        "price": math.exp(0.15),
    }
    for f in fields(CostDraws):
        told = errors.get(f.name, getattr(middle, f.name))
        got = getattr(found, f.name)
        assert got.shape[-1] == 3
        assert got == pytest.approx(np.broadcast_to(told, got.shape)), f.name
    assert found.error.shape == found.training_error.shape == found.price.shape == (2, 3)
    assert (middle.error, middle.training_error, middle.price) == (1, 1, 1)


def test_constants_of_a_platform_are_its_own_and_a_strangers_those_of_any_other() -> None:
    chips = chip_arrays(
        [make_accelerator(p, platform=p) for p in ("hopper", "ascend", "unknown")], "fp8"
    )
    found = cost.central(chips)

    told = {
        name: np.ravel(getattr(found, name)).tolist()
        for name in ("platform", "mfu_dense", "mfu_moe", "size_exponent", "benchmark_dense")
    }
    assert told == {
        "platform": [1.0, 0.813, 0.70],
        "mfu_dense": [0.346, 0.45, 0.36],
        "mfu_moe": [0.277, 0.161, 0.277],
        "size_exponent": [0.12, 0.0, 0.0],
        "benchmark_dense": [0.45, 0.45, 0.36],  # where none was published, that of whole runs
    }
