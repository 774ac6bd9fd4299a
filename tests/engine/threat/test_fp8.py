"""The formats and the block scales against published vectors, two libraries and themselves."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import en_dtypes
import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DataError, InputError, OutOfRangeError, UnknownNameError
from engine.threat import fp8

DATA = Path(__file__).resolve().parents[2] / "data"
NAMES = [f.name for f in fp8.FORMATS]
ORACLES: dict[str, Any] = {
    "e4m3fn": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e8m0": ml_dtypes.float8_e8m0fnu,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "hif8": en_dtypes.hifloat8,
    "e2m1": ml_dtypes.float4_e2m1fn,
}
SIGNED = [name for name in NAMES if name != "e8m0"]
any_float32 = st.floats(width=32, allow_nan=False)


def rows_of(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(newline="") as file:
        yield from csv.DictReader(file)


def floats(hexes: list[str]) -> npt.NDArray[np.float32]:
    return np.array([int(text, 16) for text in hexes], np.uint32).view(np.float32)


def same_bits(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> bool:
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def mode_of_oracle(name: str) -> str:
    return "saturate" if name == "e2m1" else "nonsaturate"


def oracle_bytes(x: npt.NDArray[np.float32], name: str) -> npt.NDArray[np.uint8]:
    with np.errstate(all="ignore"):
        return x.astype(ORACLES[name]).view(np.uint8)


def edge_values() -> npt.NDArray[np.float32]:
    """Every sign and exponent of float32, each with the mantissas around every step and tie."""
    steps = [k << i for i in range(18, 23) for k in range(1 << (23 - i))]
    mantissas = np.unique([(s + d) & 0x7FFFFF for s in steps for d in (-1, 0, 1)]).astype(np.uint32)
    heads = np.arange(512, dtype=np.uint32) << 23
    return (heads[:, None] | mantissas).ravel().view(np.float32)


def wide_tensor(seed: int, exponent: int, shape: tuple[int, ...] = (16, 256)) -> Any:
    """Gaussians over 22 binades with zeros of both signs, a zero row and a minus-zero row."""
    rng = np.random.default_rng(seed)
    spread = rng.integers(-20, 2, shape) + exponent
    with np.errstate(over="ignore", under="ignore"):
        x = np.ldexp(rng.standard_normal(shape), spread).astype(np.float32)
    x[rng.random(shape) < 0.02] = 0.0
    x[rng.random(shape) < 0.02] = -0.0
    x[-1], x[-2] = 0.0, -0.0
    return x


# --- single numbers ------------------------------------------------------------------------------


def test_every_published_element_vector_is_met_by_the_fast_and_by_the_readable_code() -> None:
    for row in rows_of("fp8_element_vectors.csv"):
        mode: Any = "saturate" if row["overflow_mode"] == "sat" else "nonsaturate"
        x, fmt = floats([row["input_f32_hex"]]), fp8.format_of(row["format"])
        expected = int(row["byte_hex"], 16)
        assert fp8.encode(x, fmt.name, mode)[0] == expected, row
        assert fp8.byte_of(float(x[0]), fmt, mode) == expected, row
        decoded = np.float32(row["decoded"])
        assert np.array_equal(fp8.decode(np.uint8([expected]), fmt.name), [decoded], equal_nan=True)


def test_every_byte_means_what_the_published_tables_say() -> None:
    rows = list(rows_of("fp8_decode_tables.csv"))
    codes = np.array([int(row["byte_hex"], 16) for row in rows], np.uint8)
    for name in set(NAMES) - {"e2m1"}:
        expected = np.array([float(row[name]) for row in rows], np.float32)
        got = fp8.decode(codes, name)
        assert np.array_equal(got, expected, equal_nan=True)
        numbers = ~np.isnan(expected)
        assert np.array_equal(np.signbit(got[numbers]), np.signbit(expected[numbers]))


@pytest.mark.parametrize("name", NAMES)
def test_every_code_decodes_to_the_bits_of_the_reference_libraries(name: str) -> None:
    codes = np.arange(fp8.format_of(name).n_codes, dtype=np.uint8)
    assert same_bits(fp8.decode(codes, name), codes.view(ORACLES[name]).astype(np.float32))


@pytest.mark.parametrize("name", NAMES)
def test_every_exponent_with_every_edge_agrees_with_the_reference_libraries(name: str) -> None:
    x = edge_values()
    x = x[~np.isnan(x)] if name == "e2m1" else x
    assert np.array_equal(fp8.encode(x, name, mode_of_oracle(name)), oracle_bytes(x, name))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_sixteen_million_random_bit_patterns_agree_with_the_reference_libraries(name: str) -> None:
    rng = np.random.default_rng(20250821)
    for _ in range(16):
        x = rng.integers(0, 1 << 32, 1 << 20, dtype=np.uint32).view(np.float32)
        x = np.nan_to_num(x, nan=1.0, posinf=np.inf, neginf=-np.inf) if name == "e2m1" else x
        assert np.array_equal(fp8.encode(x, name, mode_of_oracle(name)), oracle_bytes(x, name))


@pytest.mark.parametrize(
    ("name", "overflow"),
    [(n, "saturate") for n in NAMES] + [(n, "nonsaturate") for n in NAMES if n != "e2m1"],
)
def test_the_fast_code_equals_the_readable_definition(name: str, overflow: Any) -> None:
    x = np.random.default_rng(5).choice(edge_values(), 400)
    x = x[~np.isnan(x)] if name == "e2m1" else x
    fmt = fp8.format_of(name)
    assert fp8.encode(x, name, overflow).tolist() == [
        fp8.byte_of(float(v), fmt, overflow) for v in x
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_code_survives_a_round_trip(name: str) -> None:
    fmt = fp8.format_of(name)
    codes = np.arange(fmt.n_codes, dtype=np.uint8)
    values = fp8.decode(codes, name)
    real = ~np.isnan(values)
    assert np.array_equal(fp8.encode(values[real], name, mode_of_oracle(name)), codes[real])
    assert np.isnan(fp8.decode(fp8.encode(values, name), name)).tolist() == (~real).tolist()


@given(a=any_float32, b=any_float32, name=st.sampled_from(SIGNED))
def test_encoding_never_turns_order_around(a: float, b: float, name: str) -> None:
    low, high = fp8.decode(fp8.encode(np.float32(sorted((a, b))), name), name)
    assert low <= high


@given(x=any_float32, name=st.sampled_from(SIGNED))
def test_a_number_and_its_negative_differ_in_sign_only(x: float, name: str) -> None:
    plus, minus = fp8.decode(fp8.encode(np.float32([x, -x]), name), name)
    assert plus == -minus


@given(x=st.floats(-57344, 57344, width=32), name=st.sampled_from(["e4m3fn", "e5m2", "e2m1"]))
def test_the_error_is_at_most_half_a_unit_in_the_last_place(x: float, name: str) -> None:
    fmt = fp8.format_of(name)
    a = min(abs(x), fmt.max_finite)
    exponent = max(math.frexp(a)[1] - 1 if a else fmt.min_exponent, fmt.min_exponent)
    got = float(fp8.decode(fp8.encode(np.float32([x]), name), name)[0])
    assert abs(abs(got) - a) <= math.ldexp(0.5, exponent - (fmt.mantissa_bits or 0))


def test_float64_is_rounded_once_where_two_roundings_would_go_wrong() -> None:
    just_above_the_tie = np.float64(1.0625) + 2.0**-40  # float32 would land on the tie, then 1.0
    assert fp8.encode(np.array([just_above_the_tie]), "e4m3fn")[0] == 0x39
    assert fp8.encode(np.array([just_above_the_tie]).astype(np.float32), "e4m3fn")[0] == 0x38
    assert fp8.encode(np.array([1e300, -1e300]), "e5m2", "nonsaturate").tolist() == [0x7C, 0xFC]


def test_half_and_bfloat_inputs_convert_exactly() -> None:
    x = np.array([0.1, -3.3, 500, 2**-9], np.float32)
    for dtype in (np.float16, ml_dtypes.bfloat16):
        short = x.astype(dtype)
        assert np.array_equal(
            fp8.encode(short, "e4m3fn"), fp8.encode(short.astype(np.float32), "e4m3fn")
        )


def test_shapes_strides_and_emptiness_are_kept() -> None:
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    assert fp8.encode(x, "e4m3fn").shape == (2, 3, 4)
    assert np.array_equal(fp8.encode(x[:, ::2, ::-1], "e5m2"), fp8.encode(x, "e5m2")[:, ::2, ::-1])
    assert fp8.encode(np.float32(448), "e4m3fn").shape == ()
    for name in NAMES:
        assert fp8.decode(fp8.encode(np.empty((0, 3), np.float32), name), name).shape == (0, 3)


def test_out_is_written_and_a_wrong_out_is_refused() -> None:
    x, out = np.ones(5, np.float32), np.empty(5, np.uint8)
    assert fp8.encode(x, "e4m3fn", out=out) is out
    with pytest.raises(DataError, match=r"needed: a C-contiguous uint8 array of shape \(5,\)"):
        fp8.encode(x, "e4m3fn", out=np.empty(4, np.uint8))


def test_bad_names_types_and_codes_are_refused_by_name() -> None:
    x = np.ones(2, np.float32)
    with pytest.raises(UnknownNameError, match="did you mean 'e4m3fn'"):
        fp8.encode(x, "e4m3")
    with pytest.raises(OutOfRangeError, match="saturate or nonsaturate"):
        fp8.encode(x, "e4m3fn", "wrap")
    with pytest.raises(OutOfRangeError, match="saturate only"):
        fp8.encode(x, "e2m1", "nonsaturate")
    with pytest.raises(DataError, match="1 NaN to encode"):
        fp8.encode(np.float32([1, np.nan]), "e2m1")
    with pytest.raises(DataError, match="type int64"):
        fp8.encode(np.array([1, 2]), "e4m3fn")
    with pytest.raises(OutOfRangeError, match="0 to 15"):
        fp8.decode(np.uint8([16]), "e2m1")
    with pytest.raises(DataError, match="codes are uint8"):
        fp8.decode(np.array([1.0]), "e4m3fn")


# --- blocks --------------------------------------------------------------------------------------


def test_every_published_block_vector_is_met_and_the_fused_path_agrees() -> None:
    for row in rows_of("mx_block_vectors.csv"):
        text = row["input_f32_hex_x32"]
        x = floats([text[i : i + 8] for i in range(0, len(text), 8)])
        rule = "rceil" if row["rule"] == "ceil" else row["rule"]
        codes, scales = fp8.quantize_blocks(x, rule=rule)
        assert scales.tolist() == [int(row["scale_byte"], 16)], row["block"]
        assert codes.tobytes().hex() == row["element_bytes_x32"], row["block"]
        read = fp8.dequantize_blocks(codes, scales)
        assert same_bits(fp8.fake_quantize_blocks(x, fp8.Scheme(rule=rule)), read)
        exact = fp8.decode(codes, "e4m3fn").astype(np.float64)
        exact *= fp8.decode(scales, "e8m0").astype(np.float64)
        error = np.abs(exact - x.astype(np.float64)).sum()
        assert error == pytest.approx(float(row["sum_abs_err"]), rel=1e-12, nan_ok=True)


def test_every_published_scale_byte_is_met() -> None:
    rows = list(rows_of("e8m0_scale_vectors.csv"))
    amax = floats([row["block_amax_f32_hex"] for row in rows])
    columns = list(rows[0])[2:7]
    rules = [("e4m3fn", "floor", 0.0), ("e4m3fn", "rceil", 1e-4), ("e4m3fn", "even", 0.0)]
    rules += [("e5m2", "floor", 0.0), ("e2m1", "floor", 0.0)]
    for column, (element, rule, least) in zip(columns, rules, strict=True):
        expected = [int(row[column], 16) for row in rows]
        _, scales = fp8.quantize_blocks(amax, element, 1, rule, amax_floor=least)
        assert scales.tolist() == expected, column
        if not least:
            assert fp8.scale_bytes(amax, element, rule).tolist() == expected, column


@pytest.mark.parametrize("element", ["e4m3fn", "e5m2", "e2m1"])
@pytest.mark.parametrize("rule", fp8.RULES)
@pytest.mark.parametrize("block", [32, 24, (1, 128), (8, 16)])
def test_the_fused_path_is_the_byte_path_bit_for_bit(element: str, rule: str, block: Any) -> None:
    for exponent in (0, 60, 100, 105, 118, 125, -60, -110, -126, -140):
        for least in (0.0, 1e-4):
            scheme = fp8.Scheme(element=element, block=block, rule=rule, amax_floor=least)
            x = wide_tensor(exponent + 200, exponent, (16, 384))
            with np.errstate(over="ignore"):
                stored = fp8.quantize(x, scheme).dequantize()
            assert same_bits(fp8.fake_quantize_blocks(x, scheme), stored)


@pytest.mark.parametrize("rule", fp8.RULES)
def test_a_block_is_its_scale_and_the_readable_codes(rule: str) -> None:
    x = wide_tensor(3, 0, (4, 32))
    codes, scales = fp8.quantize_blocks(x, rule=rule)
    fmt = fp8.format_of("e4m3fn")
    for block, made, scale in zip(x, codes, scales.ravel(), strict=True):
        factor = fp8.value_of(int(scale), fp8.format_of("e8m0"))
        assert made.tolist() == [fp8.byte_of(float(v) / factor, fmt) for v in block]


def test_rceil_scale_is_the_least_power_of_two_that_does_not_clip() -> None:
    amax = edge_values()
    amax = amax[(amax > 1e-30) & np.isfinite(amax)]
    scale = fp8.scale_bytes(amax).astype(int) - 127
    quotient = amax.astype(np.float64) / 448
    assert np.array_equal(scale, np.ceil(np.log2(quotient)).astype(int))


def test_published_shares_of_clipping_per_rule_are_met() -> None:
    """FLOOR clips 0.85 % of Gaussians in blocks of 32, EVEN 0.55 %, the round-up rule none."""
    x = np.random.default_rng(0).standard_normal((1 << 14, 32)).astype(np.float32)
    share = {rule: fp8.clipped_share(x, fp8.Scheme(rule=rule)) for rule in fp8.RULES}
    assert share["floor"] == pytest.approx(0.0085, abs=0.0003)
    assert share["even"] == pytest.approx(0.0055, abs=0.0003)
    assert share["rceil"] == share["ceil"] == 0
    noise = {
        rule: fp8.sqnr_db(x, fp8.fake_quantize_blocks(x, fp8.Scheme(rule=rule)))
        for rule in fp8.RULES
    }
    assert noise["rceil"] > noise["even"] > noise["floor"] > 25


@pytest.mark.parametrize("name", [name for name, _ in fp8.PRESETS])
def test_every_preset_reads_back_close_and_loses_only_the_poisoned_block(name: str) -> None:
    x = np.random.default_rng(1).standard_normal((256, 256)).astype(np.float32)
    stored = fp8.quantize(x, name)
    assert stored.codes.shape == x.shape
    assert stored.scales.shape == fp8.scales_shape(x.shape, stored.scheme)
    read = stored.dequantize()
    assert fp8.sqnr_db(x, read) > (30 if stored.scheme.element == "e4m3fn" else 15)
    assert same_bits(fp8.fake_quantize_blocks(x, name), read)
    x[0, 0] = np.nan
    block = stored.scheme.block
    lost = x.size if block is None else math.prod(stored.scheme.block_shape)
    assert np.isnan(fp8.fake_quantize_blocks(x, name)).sum() == lost


def test_deepseek_v3_scales_are_amax_over_448_per_128_by_128_tile() -> None:
    x = np.random.default_rng(2).standard_normal((256, 384)).astype(np.float32)
    codes, scales = fp8.quantize_blocks(x, block=(128, 128), scale="float32")
    tiles = np.abs(x).reshape(2, 128, 3, 128).max(axis=(1, 3))
    assert same_bits(scales, tiles / np.float32(448))
    full = np.repeat(np.repeat(scales, 128, 0), 128, 1)
    assert np.array_equal(codes, fp8.encode(x / full, "e4m3fn"))


def test_nvfp4_scales_are_e4m3_under_one_float32_per_tensor() -> None:
    x = np.random.default_rng(3).standard_normal((8, 64)).astype(np.float32)
    stored = fp8.quantize(x, "nvfp4")
    outer = np.float32(np.abs(x).max()) / np.float32(2688)
    assert np.float32(stored.tensor_scale) == outer
    amax = np.abs(x).reshape(8, 4, 16).max(axis=2)
    assert np.array_equal(stored.scales, fp8.encode(amax / np.float32(6) / outer, "e4m3fn"))


def test_zero_blocks_stay_zero_and_lost_blocks_become_nan_in_every_scale_format() -> None:
    x = np.zeros((3, 32), np.float32)
    x[1, 5], x[2, 6] = np.nan, -np.inf
    for scale in ("e8m0", "float32", "e4m3fn"):
        for element in ("e4m3fn", "e5m2", "e2m1", "e4m3fnuz"):
            codes, scales = fp8.quantize_blocks(x, element, 32, scale=scale)
            read = fp8.dequantize_blocks(codes, scales, element, 32, scale)
            assert not read[0].any()
            assert np.isnan(read[1:]).all()
    assert fp8.quantize_blocks(x)[1].ravel().tolist() == [0x00, 0xFF, 0xFF]


def test_strict_names_the_first_bad_number() -> None:
    x = np.ones((2, 32), np.float32)
    x[1, 3] = np.inf
    with pytest.raises(DataError, match=r"inf at position \(1, 3\); 1 of 64"):
        fp8.quantize(x, "mxfp8", strict=True)


def test_blocks_that_do_not_divide_are_named_with_the_shape() -> None:
    for shape, block in [((3, 33), 32), ((128,), (1, 128)), ((), 32)]:
        with pytest.raises(InputError, match="is not made of whole blocks"):
            fp8.quantize_blocks(np.ones(shape, np.float32), block=block)
    with pytest.raises(UnknownNameError, match="did you mean 'rceil'"):
        fp8.Scheme(rule="rciel")
    with pytest.raises(UnknownNameError, match="did you mean 'mxfp8'"):
        fp8.preset("mxfp88")
    with pytest.raises(OutOfRangeError, match="element = 'hif8'"):
        fp8.Scheme(element="hif8")


@pytest.mark.parametrize("name", [name for name, _ in fp8.PRESETS])
def test_an_empty_tensor_has_empty_codes(name: str) -> None:
    x = np.empty((0, 128), np.float32)
    assert fp8.quantize(x, name).dequantize().shape == (0, 128)
    assert fp8.fake_quantize_blocks(x, name).shape == (0, 128)
    assert math.isnan(fp8.clipped_share(x, name))


def test_a_tensor_can_be_rounded_in_place() -> None:
    x = wide_tensor(9, 0, (512, 256))
    expected = fp8.fake_quantize_blocks(x)
    fp8.fake_quantize_blocks(x, out=x)
    assert same_bits(x, expected)


def test_stored_bytes_are_the_published_ones() -> None:
    assert fp8.bytes_per_parameter("mxfp8") * 8 == 8.25
    assert fp8.bytes_per_parameter("mxfp4") * 8 == 4.25
    assert fp8.bytes_per_parameter("nvfp4") * 8 == 4.5
    assert fp8.scale_overhead("deepseek_v3_activations") == 4 / 128
    assert fp8.scale_overhead("deepseek_v3") == 4 / 16384
    assert fp8.scale_overhead("per_tensor", n_parameters=400) == 0.01
    saved = fp8.bytes_per_parameter("deepseek_v3") - fp8.bytes_per_parameter("deepseek_v31")
    assert saved == pytest.approx(0.0002, abs=5e-5)  # 75 % of the scales is 0.02 % of the tensor


def test_sqnr_knows_equality_silence_and_absence() -> None:
    x = np.array([3.0, 4.0])
    assert fp8.sqnr_db(x, x) == math.inf
    assert fp8.sqnr_db(x, x * 0.9) == pytest.approx(20.0)
    assert math.isnan(fp8.sqnr_db(np.zeros(2), x))
    assert math.isnan(fp8.sqnr_db(x, np.array([np.nan, 1])))


@pytest.mark.parametrize("shape", [(576, 7168), (130, 257), (3, 5, 131), (1, 1)])
@pytest.mark.parametrize("name", ["deepseek_v3", "deepseek_v31", "deepseek_v3_activations"])
def test_blocks_cut_off_at_an_edge_are_the_zero_padded_tensor(
    shape: tuple[int, ...], name: str
) -> None:
    """DeepSeek-V3 stores its 576 x 7168 projection under 5 x 56 scales."""
    rng = np.random.default_rng(7)
    x = rng.standard_normal(shape).astype(np.float32)
    scheme = fp8.preset(name)
    rows, columns = scheme.block_shape
    pad = [(0, 0)] * (x.ndim - 2) + [(0, -x.shape[-2] % rows), (0, -x.shape[-1] % columns)]

    stored = fp8.quantize(x, name)
    whole = fp8.quantize(np.pad(x, pad), name)

    inside = tuple(slice(n) for n in shape)
    assert stored.scales.shape[-2:] == (-(-shape[-2] // rows), -(-shape[-1] // columns))
    assert np.array_equal(stored.codes, whole.codes[inside])
    assert np.array_equal(stored.scales, whole.scales)
    assert np.array_equal(stored.dequantize(), whole.dequantize()[inside])
    assert np.array_equal(fp8.fake_quantize_blocks(x, name), stored.dequantize())
