"""The cost equations against a slow scalar definition, published figures and plain sense."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DataError, InputError, OutOfRangeError, UnknownNameError
from engine.record.readings import Dimensions
from engine.threat import constants as k
from engine.threat.architectures import (
    Arch,
    arch_of,
    estimate_arch,
    find_architecture,
    load_architectures,
    parse_architectures,
    stack,
)
from engine.threat.chips import ChipArrays, chip_arrays, find_chip, load_accelerators
from engine.threat.cost import (
    CostDraws,
    Load,
    availability,
    batch_for_tpot,
    blended_usd_per_mtok,
    central,
    decode_step_s,
    decode_tok_s,
    default_devices,
    draw,
    energy_mwh,
    fitting,
    interval,
    max_batch,
    min_devices,
    prefill_tok_s,
    resident_bytes,
    serve,
    tpot_ms,
    training_flops,
    training_hours,
    training_usd,
    usd_per_mtok,
)
from engine.threat.estimate import Subject, chip_from, estimate, find_subject, subject_from

CHIPS = load_accelerators()
MODELS = load_architectures()
SIX = ("H800", "H20", "NVIDIA B200", "910C", "950PR (server)", "S5000")


def chips(*names: str, precision: str = "fp8") -> ChipArrays:
    return chip_arrays([find_chip(CHIPS, name) for name in names], precision)


def arch(name: str) -> Arch:
    return arch_of(find_architecture(MODELS, name))


# --- architectures -------------------------------------------------------------------------------
def test_deepseek_v3_has_the_published_coefficients() -> None:
    """5.00 MFLOP of training attention, 17.0 MFLOP of absorbed decode, 9.98 MB of traffic."""
    v3 = arch("DeepSeek-V3")
    assert v3.prefill_flops == pytest.approx(5.00e6, rel=2e-3)
    assert v3.decode_flops == pytest.approx(17.0e6, rel=3e-3)
    assert v3.kv_full * 2 == pytest.approx(70.3e3, rel=1e-3)
    assert v3.moe_layers * v3.hidden * v3.per_token * 3 == pytest.approx(9.98e6, rel=1e-3)


def test_aliases_share_dimensions_and_a_misspelt_name_is_answered() -> None:
    assert find_architecture(MODELS, "deepseek-r1").model == "DeepSeek-V3"
    with pytest.raises(UnknownNameError, match="did you mean 'Kimi K2'"):
        find_architecture(MODELS, "Kimi-K 2")


@pytest.mark.parametrize("dims", MODELS, ids=lambda d: d.model)
def test_every_architecture_is_whole(dims: Dimensions) -> None:
    """Experts and the rest add up; the cache at one token is what the table says."""
    a = arch_of(dims)
    assert 0 < a.active <= a.total
    assert a.routed + a.other == pytest.approx(a.total)
    if dims.experts_routed > 1:
        always = a.other + a.routed * a.per_token / a.experts
        embedding = dims.vocab * dims.hidden
        assert always - embedding == pytest.approx(a.active, rel=0.1)
    grown = float(a.cache_elements(200_001.0) - a.cache_elements(200_000.0))
    assert grown == pytest.approx(dims.kv_elements_per_token, rel=1e-6)
    assert np.isfinite(float(a.decode_attention(5_000.0)))


def test_sparse_attention_reads_only_what_it_chose() -> None:
    v3, v32 = arch("DeepSeek-V3"), arch("DeepSeek-V3.2")
    far = 131_072.0
    assert v32.cache_elements(far) > v3.cache_elements(far)  # it stores index keys on top
    assert v32.cache_read(far) < 0.3 * v3.cache_read(far)
    assert v32.decode_attention(far) < 0.1 * v3.decode_attention(far)
    assert v32.index_flops == 2 * 64 * 128 * 61


def test_a_short_prompt_is_not_slower_for_a_sparse_model() -> None:
    short = 2_000.0
    v3, v32 = arch("DeepSeek-V3"), arch("DeepSeek-V3.2")
    extra = float(v32.prefill_attention(short) - v3.prefill_attention(short))
    assert extra == pytest.approx(v32.index_flops * short / 2)


def test_glm_5_2_reuses_the_choice_of_21_indexers() -> None:
    assert arch("GLM-5.2").kv_index == 21 * 128
    assert arch("GLM-5").kv_index == 78 * 128


def test_windows_stop_growing_and_linear_layers_hold_a_state() -> None:
    gpt = arch("gpt-oss-120b")
    assert gpt.window == 128
    assert gpt.cache_elements(64.0) == pytest.approx(64 * (18_432 + 18_432))
    assert gpt.cache_elements(1_128.0) == pytest.approx(1_128 * 18_432 + 128 * 18_432)
    assert arch("Qwen3-Next-80B-A3B").kv_state > 0


def test_compressed_layers_of_v4_follow_from_the_cache() -> None:
    """30 layers compress 4x and 31 compress 128x (model card)."""
    v4 = arch("DeepSeek-V4-Pro")
    assert v4.kv_sparse == 30 * 512 / 4
    assert v4.kv_index == 30 * 128 / 4
    assert v4.kv_full == 31 * 512 / 128


def test_estimated_dimensions_come_near_the_published_ones() -> None:
    """Depth within a factor of two for every known model: wide, as the interval says."""
    for dims in MODELS:
        guess = estimate_arch(dims.total_params, dims.active_params)
        assert guess.estimated == 1
        assert 0.4 < float(guess.layers) / dims.layers < 2.2, dims.model


@pytest.mark.parametrize(
    ("total", "active", "field"),
    [(0, 1e9, "total"), (-1e9, 1e9, "total"), (1e15, 1e9, "total"), (1e9, 2e9, "active"),
     (1e9, -1, "active"), (math.nan, 1e9, "total")],
)  # fmt: skip
def test_absurd_parameters_are_refused_by_field(total: float, active: float, field: str) -> None:
    with pytest.raises(OutOfRangeError, match=f"{field}_params_b"):
        estimate_arch(total, active)


def test_a_row_with_a_bad_field_is_named() -> None:
    with pytest.raises(DataError, match="X: attention_kind = 'magic'"):
        parse_architectures([{"model": "X", "attention_kind": "magic"}])
    with pytest.raises(DataError, match="X: layers is missing"):
        parse_architectures(
            [{"model": "X", "attention_kind": "gqa", "total_params_b": "7", "active_params_b": "7"}]
        )


# --- the fast path against a slow definition -----------------------------------------------------
def slow_decode_tok_s(n: int, batch: float, context: float, d: dict[str, float]) -> float:
    """DeepSeek-V3 on ``n`` H800, FP8, written out: one device, one step, plain numbers."""
    expert_layers, hidden, picks, experts = 58, 7_168, 8, 256
    each = 3 * expert_layers * hidden * 2_048
    rest = 37e9 - each * picks + 129_280 * hidden
    routed = 671e9 - rest
    weight_byte = 1 + 4 / 16_384
    active_experts = routed * picks / experts
    work = 2 * min(active_experts, 37e9) + 2 * (37e9 - active_experts)
    attention = 2 * 61 * 128 * (2 * 512 + 64) * context
    comp = batch * (work / 1979e12 + attention / 989e12) / d["compute"]
    touched = 1 - (1 - picks / experts) ** (batch * n)
    read = (routed * touched / n + rest) * weight_byte + batch * context * 35_136 * 2
    mem = read / 3.35e12 / d["memory"]
    remote = (n - 8) / n
    traffic = expert_layers * hidden * picks * (weight_byte + 2)
    comm = batch * remote * traffic / 50e9 / d["scale_out"]
    long, short = max(comp + mem, comm), min(comp + mem, comm)
    step = long + (1 - d["overlap"]) * short + 61 * d["latency"]
    return batch * d["error"] / step


def test_the_broadcast_equals_a_loop_over_plain_numbers() -> None:
    v3, one = arch("DeepSeek-V3"), chips("H800")
    drawn = draw(one, 50, np.random.default_rng(7))
    load = Load(context_tokens=4_989, batch=88, devices=144)
    fast = decode_tok_s(v3, one, load, drawn)
    for i in range(50):
        d = {
            "compute": drawn.eta_compute[i],
            "memory": drawn.eta_memory[i],
            "scale_out": drawn.eta_scale_out[i],
            "overlap": drawn.overlap[i],
            "latency": drawn.layer_latency_s[i],
            "error": drawn.error[0, i],
        }
        assert fast[0, i] == pytest.approx(slow_decode_tok_s(144, 88, 4_989, d), rel=1e-12)


def pick(drawn: CostDraws, row: int, column: int) -> CostDraws:
    """One draw of one chip as plain numbers."""

    def one(value: Any) -> Any:
        array = np.asarray(value)
        return array[row, column] if array.ndim == 2 else array[column]

    return CostDraws(**{f.name: one(getattr(drawn, f.name)) for f in fields(CostDraws)})


def test_models_chips_and_draws_broadcast_like_a_triple_loop() -> None:
    names = ("DeepSeek-V3", "Qwen3-235B-A22B", "Llama-3.3-70B", "DeepSeek-V4-Pro")
    archs, all_chips = [arch(name) for name in names], chips(*SIX)
    drawn = draw(all_chips, 3, np.random.default_rng(1))
    load = Load(batch=16, devices=32)
    cube = serve(stack(archs), all_chips, load, drawn)
    hours = training_hours(stack(archs), all_chips, 1e13, drawn, fp8=True)
    assert cube.usd_per_mtok_blended.shape == hours.shape == (4, 6, 3)
    for m, a in enumerate(archs):
        for c, name in enumerate(SIX):
            for i in range(3):
                alone, constants = chips(name), pick(drawn, c, i)
                single = serve(a, alone, load, constants)
                for f in fields(single):
                    np.testing.assert_allclose(
                        getattr(cube, f.name)[m, c, i], getattr(single, f.name).item(), rtol=1e-12
                    )
                lonely = training_hours(a, alone, 1e13, constants, fp8=True).item()
                np.testing.assert_allclose(hours[m, c, i], lonely, rtol=1e-12)


# --- sense ---------------------------------------------------------------------------------------
@given(
    name=st.sampled_from(["DeepSeek-V3", "Qwen3-235B-A22B", "Llama-3.3-70B", "DeepSeek-V3.2"]),
    chip=st.sampled_from(SIX),
    more=st.floats(1.01, 8),
    batch=st.floats(1, 300),
    devices=st.sampled_from([4, 8, 16, 64, 144]),
)
def test_more_hardware_is_never_slower(
    name: str, chip: str, more: float, batch: float, devices: int
) -> None:
    a, one = arch(name), chips(chip)
    load, d = Load(batch=batch, devices=devices), central(one)
    before = (prefill_tok_s(a, one, load, d).item(), decode_tok_s(a, one, load, d).item())
    for field in ("bandwidth", "peak", "peak_bf16", "scale_up", "scale_out"):
        better = replace(one, **{field: getattr(one, field) * more})
        after = (prefill_tok_s(a, better, load, d).item(), decode_tok_s(a, better, load, d).item())
        assert after[0] >= before[0] * (1 - 1e-12), field
        assert after[1] >= before[1] * (1 - 1e-12), field


@given(
    chip=st.sampled_from(SIX),
    total=st.floats(5e9, 2e12),
    share=st.floats(0.02, 1.0),
    more=st.floats(1.01, 3),
)
def test_more_active_parameters_never_make_a_model_cheaper(
    chip: str, total: float, share: float, more: float
) -> None:
    one = chips(chip)
    d, load = central(one), Load(batch=16, devices=64)
    small = estimate_arch(total, total * share)
    large = replace(small, active=min(float(small.active) * more, total))
    assert prefill_tok_s(large, one, load, d) <= prefill_tok_s(small, one, load, d) * (1 + 1e-12)
    assert decode_tok_s(large, one, load, d) <= decode_tok_s(small, one, load, d) * (1 + 1e-12)
    slower = training_hours(large, one, 1e13, d)
    before = training_hours(replace(large, active=small.active), one, 1e13, d)
    assert slower >= before * (1 - 1e-12)  # the last bit is rounding, as in the lines above


@given(name=st.sampled_from([d.model for d in MODELS]), batch=st.integers(1, 500))
def test_a_larger_batch_yields_more_tokens_at_a_slower_pace(name: str, batch: int) -> None:
    a, one = arch(name), chips("910C")
    d = central(one)
    few, many = Load(batch=batch, devices=64), Load(batch=batch + 1, devices=64)
    assert decode_tok_s(a, one, many, d) >= decode_tok_s(a, one, few, d)
    assert tpot_ms(a, one, many, d) >= tpot_ms(a, one, few, d)


def test_cached_prompts_and_speculation_pay() -> None:
    v3, one = arch("DeepSeek-V3"), chips("H800")
    d = central(one)
    plain = Load(batch=32, devices=32)
    half = replace(plain, cache_hit_share=0.5)
    assert prefill_tok_s(v3, one, half, d) == pytest.approx(2 * prefill_tok_s(v3, one, plain, d))
    spec = replace(plain, verified=2.0, accepted=0.7)
    assert decode_step_s(v3, one, spec, d) > decode_step_s(v3, one, plain, d)
    assert decode_tok_s(v3, one, spec, d) > decode_tok_s(v3, one, plain, d)
    assert decode_tok_s(v3, one, replace(plain, duty=0.5), d) == pytest.approx(
        decode_tok_s(v3, one, plain, d) / 2
    )


def test_fewer_bytes_per_weight_decode_faster_where_memory_binds() -> None:
    """FP8 halves the bytes of a memory-bound dense decode: gain between 1.5 and 2."""
    llama = arch("Llama-3.3-70B")
    load = Load(batch=1, devices=1, prompt_tokens=100, output_tokens=10)
    rates = [
        decode_tok_s(llama, c, load, central(c)).item()
        for c in (chips("H200", precision="bf16"), chips("H200", precision="fp8"))
    ]
    assert 1.5 < rates[1] / rates[0] < 2.0


# --- memory --------------------------------------------------------------------------------------
def test_weights_need_the_devices_that_hold_them() -> None:
    """671 GB in FP8: 10 H800 (72 GB usable each), 5 B200; BF16 takes twice as much."""
    v3 = arch("DeepSeek-V3")
    assert min_devices(v3, chips("H800", "NVIDIA B200")).ravel().tolist() == [10, 5]
    assert min_devices(v3, chips("H800", precision="bf16")).item() == 19


def test_the_largest_batch_fills_memory_and_one_more_does_not_fit() -> None:
    v3, one = arch("DeepSeek-V3"), chips("H800")
    load = Load(prompt_tokens=4_000, output_tokens=1_000, devices=32)
    most = max_batch(v3, one, load).item()
    each = float(v3.cache_elements(5_000.0)) * 2
    free = 0.9 * 80e9 - resident_bytes(v3, one, load).item()
    assert most * each <= free < (most + 1) * each
    assert max_batch(v3, one, replace(load, devices=4)).item() == 0


def test_a_load_is_cut_to_what_fits() -> None:
    v3, two = arch("DeepSeek-V3"), chips("H800", "910C")
    cut = fitting(v3, two, Load(batch=1_000))
    assert (np.asarray(cut.batch) == max_batch(v3, two, cut)).all()
    assert np.asarray(fitting(v3, two, Load(batch=2)).batch).tolist() == [[2], [2]]


def test_the_chosen_batch_keeps_the_latency_target_and_one_more_breaks_it() -> None:
    v3, one = arch("DeepSeek-V3"), chips("910C")
    load = Load(devices=160)
    batch = batch_for_tpot(v3, one, load, 40.0).item()
    d = central(one)
    assert tpot_ms(v3, one, replace(load, batch=batch), d) <= 40.0
    assert tpot_ms(v3, one, replace(load, batch=batch + 1), d) > 40.0
    assert batch_for_tpot(v3, one, load, 0.5).item() == 0


def test_groups_stay_in_one_domain_when_they_fit_and_grow_when_memory_is_short() -> None:
    found = default_devices(arch("DeepSeek-V3"), chips("H800", "NVIDIA B200", "910C"))
    assert found.ravel().tolist() == [32, 8, 32]
    assert default_devices(arch("Qwen3-32B"), chips("H800")).item() == 1


@pytest.mark.parametrize("name", ["DeepSeek-V3", "Qwen3-Coder-480B-A35B", "GLM-4.6"])
def test_the_chosen_group_has_room_for_a_long_sequence(name: str) -> None:
    """65,536 tokens on chips of 64 GB as of 192 GB; GLM-4.6 keeps 24.7 GB of cache for them."""
    several = chips("910B", "H800", "910C", "MI300X")
    load = Load(prompt_tokens=65_000, output_tokens=500)
    devices = default_devices(arch(name), several, load)
    assert (max_batch(arch(name), several, replace(load, devices=devices)) >= 1).all()


# --- money, units and identities -----------------------------------------------------------------
def test_dollars_per_million_tokens() -> None:
    """T18: 1.95 USD an hour at 5,857 tok/s is 0.092 USD; MI300X 1.12 at 725 is 0.429."""
    assert usd_per_mtok(1.95, 5_857) == pytest.approx(0.092, rel=0.01)
    assert usd_per_mtok(1.12, 725) == pytest.approx(0.429, rel=0.01)


def test_the_blend_weighs_by_tokens() -> None:
    load = Load(prompt_tokens=3_000, output_tokens=1_000)
    assert blended_usd_per_mtok(0.1, 0.5, load) == pytest.approx(0.2)


def test_training_units() -> None:
    """6 x 37e9 x 14.8e12 plus 3 x 2.5 MFLOP x 4,096 x tokens; DeepSeek-V3 is 3.3 GWh."""
    v3, one = replace(arch("DeepSeek-V3"), active=37e9), chips("H800")
    flops = training_flops(v3, 14.8e12)
    assert flops == pytest.approx(6 * 37e9 * 14.8e12 + 3 * v3.prefill_flops * 2_048 * 14.8e12)
    hours = training_hours(v3, one, 14.8e12, central(one), fp8=True)
    assert hours.item() == pytest.approx(2.664e6, rel=0.01)
    assert training_usd(hours, one, central(one)).item() == pytest.approx(2 * hours.item())
    assert energy_mwh(2.788e6, one).item() == pytest.approx(3_330, rel=0.01)


def test_fp8_training_gains_only_where_the_chip_has_it() -> None:
    v3 = arch("DeepSeek-V3")
    both = chips("H800", "910C")
    d = central(both)
    gain = training_hours(v3, both, 1e13, d) / training_hours(v3, both, 1e13, d, fp8=True)
    assert gain.ravel().tolist() == pytest.approx([k.FP8_TRAINING_GAIN.mode, 1.0])


def test_longer_training_context_costs_more_hours() -> None:
    v3, one = arch("DeepSeek-V3"), chips("H800")
    hours = [training_hours(v3, one, 1e13, central(one), context=s).item() for s in (4_096, 32_768)]
    assert hours[1] > 1.5 * hours[0]


def test_large_clusters_lose_time_and_domestic_ones_more() -> None:
    """Llama 3: effective time above 90 % on 16,384 GPUs."""
    assert availability(16_384, domestic=False) > 0.9
    assert availability(16_384, domestic=True) < availability(16_384, domestic=False)
    assert availability(0, domestic=True) == 1.0


# --- draws and intervals -------------------------------------------------------------------------
def test_draws_repeat_with_the_seed_and_stay_inside_their_priors() -> None:
    six = chips(*SIX)
    first, second = (draw(six, 500, np.random.default_rng(3)) for _ in range(2))
    for f in fields(CostDraws):
        np.testing.assert_array_equal(getattr(first, f.name), getattr(second, f.name))
    assert k.ETA_COMPUTE.low <= np.min(first.eta_compute) <= np.max(first.eta_compute)
    assert np.max(first.eta_compute) <= k.ETA_COMPUTE.high
    assert first.platform.shape == (6, 500)
    np.testing.assert_array_equal(first.platform[3], first.platform[4])  # both Ascend
    assert (first.platform[0] == 1).all()  # Hopper, by definition


def test_the_band_of_an_unmeasured_pair_is_the_wider_one() -> None:
    both = chips("H800", "P800")
    drawn = draw(both, 4_000, np.random.default_rng(0))
    rate = decode_tok_s(arch("DeepSeek-V3"), both, Load(batch=16, devices=32), drawn)
    low, mid, high = np.percentile(rate, (5, 50, 95), axis=1)
    assert 0.25 < high[0] / mid[0] - 1 < 0.50
    assert high[1] / low[1] > 1.3 * high[0] / low[0]


def test_a_contested_chip_has_the_widest_band() -> None:
    """MLU690's own figures are confidence D: its error spreads by a factor of two."""
    two = chips("P800", "MLU690")
    spread = np.log(draw(two, 4_000, np.random.default_rng(0)).error).std(axis=1)
    assert spread[1] > 1.6 * spread[0]


def test_an_interval_is_none_where_a_figure_is_unknown() -> None:
    assert interval(np.array([1.0, np.nan])) is None
    found = interval(np.arange(101.0))
    assert found is not None
    assert (found.low, found.mid, found.high) == (5, 50, 95)


@pytest.mark.parametrize(
    ("field", "value"),
    [("batch", 0.0), ("batch", -3), ("batch", math.inf), ("prompt_tokens", 0), ("duty", 1.2),
     ("cache_hit_share", 1.0), ("context_tokens", -1), ("devices", 0), ("kv_bytes", 8),
     ("prompt_tokens", math.nan)],
)  # fmt: skip
def test_an_absurd_load_is_refused_by_field(field: str, value: float) -> None:
    with pytest.raises(OutOfRangeError, match=field.removesuffix("_tokens").removesuffix("_s")):
        Load(**{field: value})


# --- one estimate --------------------------------------------------------------------------------
def test_an_estimate_knows_what_it_does_not_know() -> None:
    h800 = find_chip(CHIPS, "H800")
    closed = estimate(Subject(name="closed"), h800, n_draws=200).cost
    assert closed.training_flops is closed.decode_tok_s_per_chip is closed.usd_per_mtok_blended
    assert closed.training_flops is None
    assert any("not disclosed" in a.value for a in closed.assumptions)
    unpriced = estimate(
        find_subject("DeepSeek-V3", MODELS, []), find_chip(CHIPS, "950DT"), n_draws=200
    ).cost
    assert unpriced.decode_tok_s_per_chip is not None
    assert unpriced.usd_per_mtok_decode is None
    assert unpriced.energy_mwh is None


def test_guessed_dimensions_are_said_and_widen_the_band() -> None:
    h800 = find_chip(CHIPS, "H800")
    known = find_subject("DeepSeek-V3", MODELS, [])
    guessed = replace(known, dimensions=None)
    bands = []
    for subject in (known, guessed):
        cost = estimate(subject, h800, load=Load(batch=16, devices=32)).cost
        assert cost.decode_tok_s_per_chip is not None
        bands.append(cost.decode_tok_s_per_chip.high / cost.decode_tok_s_per_chip.low)
    assert bands[1] > 1.1 * bands[0]
    assert any("estimated" in a.value for a in cost.assumptions)


def test_a_release_lends_tokens_and_precision_to_its_architecture() -> None:
    rows = [
        {"model": "DeepSeek-V3", "training_tokens_t": "14.8", "weight_precision": "fp8-e4m3"},
        {"model": "Ling-1T", "total_params_b": "1000", "active_params_b": "50"},
    ]
    v3 = find_subject("deepseek-v3", MODELS, rows)
    assert (v3.training_tokens, v3.fp8_trained, v3.default_precision) == (14.8e12, True, "fp8")
    ling = find_subject("Ling-1T", MODELS, rows)
    assert (ling.dimensions, ling.active_params) == (None, 50e9)
    with pytest.raises(UnknownNameError, match="Ling-1T"):
        find_subject("Ling 1T", MODELS, rows)


def test_a_model_from_fields_equals_the_table_row() -> None:
    """DeepSeek-V3 written by hand gives the same coefficients as its row, cache derived."""
    fields_ = {
        "name": "mine", "total_params_b": 671, "active_params_b": 37, "attention_kind": "mla",
        "layers": 61, "moe_layers": 58, "hidden": 7168, "heads": 128, "kv_heads": 128,
        "head_dim": 128, "kv_lora_rank": 512, "rope_dim": 64, "v_head_dim": 128,
        "experts_routed": 256, "experts_per_token": 8, "moe_intermediate": 2048, "vocab": 129280,
    }  # fmt: skip
    assert subject_from(fields_).arch() == arch("DeepSeek-V3")


@pytest.mark.parametrize(
    ("fields_", "words"),
    [
        ({"total_params_b": -1}, "total_params_b.*-1"),
        ({"total_params_b": 10, "active_params_b": 20}, "active_params_b.*20.*total_params_b"),
        ({"total_params_b": "many"}, "total_params_b.*many"),
        ({"total_parms_b": 10}, "total_parms_b.*did you mean 'total_params_b'"),
        ({"training_tokens_t": 1e8}, "tokens_trained"),
    ],
)
def test_bad_model_fields_are_named(fields_: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        subject_from(fields_)


def test_bad_chip_fields_are_named() -> None:
    with pytest.raises(InputError, match=r"memory_gb.*-4"):
        chip_from({"chip": "X", "country": "US", "memory_gb": -4})
    with pytest.raises(UnknownNameError, match=r"memory_gbb.*memory_gb"):
        chip_from({"chip": "X", "country": "US", "memory_gbb": 4})
    with pytest.raises(InputError, match="names no chip"):
        chip_from({"memory_gb": 4})
    assert (
        chip_from(
            {"chip": "X", "country": "US", "fp8_native": True, "fp8_dense_tflops": 9}
        ).fp8_native
        is True
    )


def test_speculation_is_used_where_it_pays_and_only_with_a_prediction_layer() -> None:
    load = Load(batch=8, devices=64)
    v3 = find_subject("DeepSeek-V3", MODELS, [])

    def decode(name: str, chip: str, choose: bool) -> float:
        subject = find_subject(name, MODELS, [])
        made = estimate(
            subject, find_chip(CHIPS, chip), load=load, n_draws=50, choose_speculation=choose
        )
        assert made.cost.decode_tok_s_per_chip is not None
        return made.cost.decode_tok_s_per_chip.mid

    assert v3.dimensions is not None
    assert v3.dimensions.mtp_depth == 1
    assert decode("DeepSeek-V3", "910C", True) > 1.2 * decode("DeepSeek-V3", "910C", False)
    assert decode("Kimi K2", "910C", True) == decode("Kimi K2", "910C", False)


def test_no_figures_where_not_one_sequence_fits() -> None:
    llama = find_subject("Llama-3.1-405B", MODELS, [])
    made = estimate(
        llama,
        find_chip(CHIPS, "H800"),
        load=Load(prompt_tokens=120_000, devices=6),
        n_draws=50,
        precision="fp8",
    )
    assert made.max_batch == 0
    assert made.cost.decode_tok_s_per_chip is None
    assert any("not one sequence" in a.value for a in made.cost.assumptions)


def test_too_few_devices_are_refused_with_the_least_that_do() -> None:
    v3 = find_subject("DeepSeek-V3", MODELS, [])
    with pytest.raises(OutOfRangeError, match=r"devices = 2.*at least 10"):
        estimate(v3, find_chip(CHIPS, "H800"), load=Load(devices=2), n_draws=10)
