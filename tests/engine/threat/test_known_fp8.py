"""Formats, block scales and layouts on a handful of numbers, worked by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from engine.errors import DataError, InputError, OutOfRangeError, UnknownNameError
from engine.threat import fp8
from engine.threat.fp8_blocks import from_tiles, refuse_non_finite, to_tiles
from engine.threat.fp8_codec import CHUNK, as_float32, chunks

UP = math.inf


def after(x: float) -> np.float32:
    """The next float32 above ``x``."""
    return np.nextafter(np.float32(x), np.float32(UP))


# --- formats -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "codes", "sign", "exponent", "element"),
    [
        ("e4m3fn", 256, 0x80, 8, True), ("e5m2", 256, 0x80, 15, True),
        ("e8m0", 256, 0, 127, False), ("e4m3fnuz", 256, 0x80, 7, True),
        ("e5m2fnuz", 256, 0x80, 15, True), ("hif8", 256, 0x80, 15, False),
        ("e2m1", 16, 0x8, 2, True),
    ],
)  # fmt: skip
def test_what_follows_from_a_formats_fields(
    name: str, codes: int, sign: int, exponent: int, element: bool
) -> None:
    """448 is 1.75 x 2^8, 57,344 1.75 x 2^15, 240 1.875 x 2^7, 32,768 2^15 and 6 1.5 x 2^2."""
    form = fp8.format_of(name)
    assert (form.n_codes, form.sign_bit) == (codes, sign)
    assert (form.max_exponent, form.is_element) == (exponent, element)
    assert fp8.value_of(form.max_code, form) == form.max_finite


def test_a_code_outside_its_format_is_refused() -> None:
    assert fp8.value_of(15, fp8.format_of("e2m1")) == -6
    for name, beyond in (("e4m3fn", 256), ("e2m1", 16)):
        form = fp8.format_of(name)
        for code in (-1, beyond):
            with pytest.raises(OutOfRangeError, match=f"{name} code = {code}.*0 to {beyond - 1}"):
                fp8.value_of(code, form)


@pytest.mark.parametrize("cut", [0.0, 2.0**-40, -(2.0**-40)])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_float64_is_rounded_from_what_it_is(cut: float, sign: float) -> None:
    """Between 1.125 (0x39) and 1.25 (0x3a) lies 1.1875, whose tie goes to the even 0x3a; between
    1.0 (0x38) and 1.125 1.0625, whose tie goes to 0x38. No float32 is as near to them as these."""
    top = 0x80 if sign < 0 else 0
    expected = [0x39 if cut < 0 else 0x3A, 0x39 if cut > 0 else 0x38, 0x38]
    x = np.array([1.1875 + cut, 1.0625 + cut, 1.0]) * sign
    assert fp8.encode(x, "e4m3fn").tolist() == [top | code for code in expected]


def test_float64_keeps_what_is_exact_and_ends_at_the_largest_float32() -> None:
    odd = np.float64(1) + 2.0**-24  # between two float32: the one whose last bit is set
    x = np.array([1.5, -0.0, math.inf, -math.inf, math.nan, odd, -odd, 1e300, 1 + 2.0**-23])
    largest = float(np.finfo(np.float32).max)
    assert as_float32(x).tolist()[:4] == [1.5, 0.0, math.inf, -math.inf]
    assert np.signbit(as_float32(x)[1])
    assert np.isnan(as_float32(x)[4])
    assert as_float32(x).tolist()[5:] == [
        1 + 2.0**-23, -1 - 2.0**-23, largest, 1 + 2.0**-23,
    ]  # fmt: skip
    with pytest.raises(DataError, match="cannot encode numbers of type"):
        as_float32(np.ones(2, np.longdouble))


def test_pieces_cover_an_array_once_in_order() -> None:
    assert list(chunks(7, 3)) == [slice(0, 3), slice(3, 6), slice(6, 7)]
    assert list(chunks(6, 3)) == [slice(0, 3), slice(3, 6)]
    assert list(chunks(0)) == []
    assert list(chunks(CHUNK + 1)) == [slice(0, CHUNK), slice(CHUNK, CHUNK + 1)]


@pytest.mark.parametrize("name", [f.name for f in fp8.FORMATS])
def test_arrays_longer_than_a_piece_are_encoded_and_decoded_whole(name: str) -> None:
    form = fp8.format_of(name)
    codes = (np.arange(CHUNK + 300) % form.n_codes).astype(np.uint8)
    values = fp8.decode(codes, name)
    again = fp8.decode(fp8.encode(np.nan_to_num(values, nan=1.0), name, "saturate"), name)
    real = np.isfinite(values)
    assert np.array_equal(again[real], values[real])
    assert values[-1] == fp8.value_of(int(codes[-1]), form)


def test_out_must_be_of_the_shape_the_type_and_the_order() -> None:
    x, codes = np.ones((2, 3), np.float32), np.zeros((2, 3), np.uint8)
    values = np.empty((2, 3), np.float32)
    assert fp8.decode(codes, "e4m3fn", out=values) is values
    for out in (np.empty((3, 2), np.uint8), np.empty((2, 3), np.int8),
                np.empty((3, 2), np.uint8).T):  # fmt: skip
        with pytest.raises(DataError, match=r"needed: a C-contiguous uint8 array of shape \(2, 3"):
            fp8.encode(x, "e4m3fn", out=out)


# --- scales --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("element", "amax", "floor", "even", "rceil", "ceil"),
    [
        # e4m3: 448 = 1.75 x 2^8 is the largest; half a step of three bits above it 1.9375 x 2^8
        ("e4m3fn", 256, 127, 127, 127, 127),
        ("e4m3fn", after(256), 127, 127, 127, 128),
        ("e4m3fn", 448, 127, 127, 127, 128),
        ("e4m3fn", after(448), 127, 127, 128, 128),
        ("e4m3fn", 495, 127, 127, 128, 128),
        ("e4m3fn", 496, 127, 128, 128, 128),
        ("e4m3fn", 511, 127, 128, 128, 128),
        ("e4m3fn", 512, 128, 128, 128, 128),
        ("e4m3fn", 1.0, 119, 119, 119, 119),
        # e5m2: 57,344 = 1.75 x 2^15; half a step of two bits above 1.875 x 2^15
        ("e5m2", 57_344, 127, 127, 127, 128),
        ("e5m2", after(57_344), 127, 127, 128, 128),
        ("e5m2", 61_439, 127, 127, 128, 128),
        ("e5m2", 61_440, 127, 128, 128, 128),
        # e2m1: 6 = 1.5 x 2^2; half a step of one bit above 1.75 x 2^2
        ("e2m1", 4, 127, 127, 127, 127),
        ("e2m1", 6, 127, 127, 127, 128),
        ("e2m1", after(6), 127, 127, 128, 128),
        ("e2m1", 7, 127, 128, 128, 128),
        ("e2m1", 8, 128, 128, 128, 128),
        # both ends: nothing, next to nothing, the largest float32, and what is none
        ("e4m3fn", 0.0, 0, 0, 0, 0),
        ("e4m3fn", 1e-38, 0, 0, 1, 0),
        ("e2m1", np.finfo(np.float32).max, 252, 253, 253, 253),
        ("e4m3fn", np.finfo(np.float32).max, 246, 247, 247, 247),
        ("e4m3fn", math.inf, 255, 255, 255, 255),
        ("e4m3fn", math.nan, 255, 255, 255, 255),
    ],
)
def test_a_blocks_scale_by_each_rule(
    element: str, amax: float, floor: int, even: int, rceil: int, ceil: int
) -> None:
    told = {"floor": floor, "even": even, "rceil": rceil, "ceil": ceil}
    for sign in (1, -1):
        x = np.float32([sign * amax])
        assert {r: int(fp8.scale_bytes(x, element, r)[0]) for r in fp8.RULES} == told
    assert fp8.scale_bytes(np.float32([amax]), element)[0] == rceil


def test_a_scale_says_for_e4m3_where_nothing_else_is_asked() -> None:
    assert fp8.scale_bytes(np.float32([[448.0, 449.0]])).tolist() == [[127, 128]]
    assert fp8.scale_bytes(np.float32(896.0)) == 128


@pytest.mark.parametrize(
    ("rule", "x", "scale", "codes"),
    [
        ("rceil", [448.0, 1.0], 127, [0x7E, 0x38]),
        ("rceil", [-896.0, 1.0], 128, [0xFE, 0x30]),
        # 449 / 2 = 224.5 is nearest to 224 = 1.75 x 2^7, and 1 / 2 is 2^-1
        ("rceil", [449.0, 1.0], 128, [0x76, 0x30]),
        ("floor", [449.0, 1.0], 127, [0x7E, 0x38]),
        ("floor", [-511.0, 1.0], 127, [0xFE, 0x38]),
        ("ceil", [448.0, 1.0], 128, [0x76, 0x30]),
        ("even", [496.0, 1.0], 128, [0x78, 0x30]),  # 248 ties between 240 and 256: the even one
    ],
)
def test_a_block_of_two_by_hand(rule: str, x: list[float], scale: int, codes: list[int]) -> None:
    made, scales = fp8.quantize_blocks(np.float32(x), block=2, rule=rule)
    assert (scales.tolist(), made.tolist()) == ([scale], codes)
    read = [fp8.value_of(c, fp8.format_of("e4m3fn")) * 2.0 ** (scale - 127) for c in codes]
    assert fp8.dequantize_blocks(made, scales, block=2).tolist() == read
    scheme = fp8.Scheme(block=2, rule=rule)
    assert fp8.fake_quantize_blocks(np.float32(x), scheme).tolist() == read


def test_a_block_counts_as_no_smaller_than_its_floor() -> None:
    """1e-4 / 448 = 2^-22.1: the scale of rceil is 2^-22, of floor 2^(-14 - 8)."""
    nothing, little = np.zeros(4, np.float32), np.float32([1e-6, 0, 0, 0])
    for x in (nothing, little):
        for rule in ("rceil", "floor"):
            _, scales = fp8.quantize_blocks(x, block=4, rule=rule, amax_floor=1e-4)
            assert scales.tolist() == [105]
        _, scales = fp8.quantize_blocks(x, block=4, scale="float32", amax_floor=1e-4)
        assert scales.tolist() == [np.float32(1e-4) / np.float32(448)]
    _, scales = fp8.quantize_blocks(np.ones(4, np.float32), block=4, amax_floor=1e-4)
    assert scales.tolist() == [119]


def test_float32_scales_by_hand() -> None:
    """7 / 448 = 1/64; nothing has a scale of one; infinity loses its block alone."""
    x = np.float32([[7, 3.5, 0, 0], [0, 0, -0.0, 0], [1, math.inf, 1, 1]])
    codes, scales = fp8.quantize_blocks(x, block=4, scale="float32")

    assert scales[:2].ravel().tolist() == [1 / 64, 1.0]
    assert np.isnan(scales[2, 0])
    assert codes.tolist() == [[0x7E, 0x76, 0, 0], [0, 0, 0x80, 0], [0x7F] * 4]


def test_nvfp4_by_hand() -> None:
    """1,344 / (448 x 6) = 1/2 for the tensor; 1,344 / 6 / (1/2) = 448 for the first block of two;
    42 / 6 / (1/2) = 14 for the second; the third, next to nothing, gets none and no codes."""
    x = np.float32([1344.0, -672.0, 42.0, 7.0, 1e-6, -1e-6])
    made = fp8.quantize(x, fp8.Scheme(element="e2m1", block=2, scale="e4m3fn"))

    assert made.tensor_scale == 0.5
    assert made.scales.tolist() == [0x7E, 0x56, 0]  # 14 = 1.75 x 2^3
    assert made.codes.tolist() == [0x7, 0xD, 0x7, 0x2, 0, 0]  # 6, -3, 6, 1
    assert made.dequantize().tolist() == [1344, -672, 42, 7, 0, 0]
    again = fp8.dequantize_blocks(made.codes, made.scales, "e2m1", 2, "e4m3fn", tensor_scale=0.25)
    assert again.tolist() == [672, -336, 21, 3.5, 0, 0]
    codes, scales = fp8.quantize_blocks(x, "e2m1", 2, scale="e4m3fn", tensor_scale=0.5)
    assert (codes.tolist(), scales.tolist()) == (made.codes.tolist(), made.scales.tolist())


@pytest.mark.parametrize(
    ("x", "scale"),
    [
        ([2688.0, 1.0], 1.0), ([-5376.0, 1.0], 2.0), ([2688.0, math.nan, -math.inf], 1.0),
        ([0.0], 1.0), ([], 1.0), ([math.nan], 1.0),
    ],
)  # fmt: skip
def test_a_tensors_own_scale_is_its_largest_number_over_2688(x: list[float], scale: float) -> None:
    assert fp8.nvfp4_tensor_scale(np.float32(x)) == scale


# --- schemes and layouts -------------------------------------------------------------------------
def test_presets_are_the_published_schemes() -> None:
    told = {name: (s.element, s.block, s.rule, s.scale, s.amax_floor) for name, s in fp8.PRESETS}
    assert told == {
        "mxfp8": ("e4m3fn", 32, "rceil", "e8m0", 0),
        "mxfp4": ("e2m1", 32, "rceil", "e8m0", 0),
        "nvfp4": ("e2m1", 16, "rceil", "e4m3fn", 0),
        "deepseek_v3": ("e4m3fn", (128, 128), "rceil", "float32", 0),
        "deepseek_v3_activations": ("e4m3fn", (1, 128), "rceil", "float32", 0),
        "deepseek_v31": ("e4m3fn", (128, 128), "rceil", "e8m0", 1e-4),
        "deepseek_v31_activations": ("e4m3fn", (1, 128), "rceil", "e8m0", 1e-4),
        "per_tensor": ("e4m3fn", None, "rceil", "float32", 0),
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"element": "e8m0"}, "element = 'e8m0'.*e4m3fn, e5m2, e4m3fnuz, e5m2fnuz, e2m1"),
        ({"block": 0}, "sizes from 1 up"),
        ({"block": (0, 4)}, "sizes from 1 up"),
        ({"block": (4, 0)}, "sizes from 1 up"),
        ({"amax_floor": -1e-9}, "zero or a positive number"),
        ({"amax_floor": math.inf}, "zero or a positive number"),
        ({"amax_floor": math.nan}, "zero or a positive number"),
    ],
)
def test_a_scheme_that_is_none_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(OutOfRangeError, match=said):
        fp8.Scheme(**given)
    with pytest.raises(UnknownNameError, match="did you mean 'float32'"):
        fp8.Scheme(scale="float3")
    for fine in ({"block": 1}, {"block": (1, 1)}, {"block": None}, {"amax_floor": 0.0}):
        assert fp8.Scheme(**fine)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shape", "block", "scales"),
    [
        ((64,), 32, (2,)), ((3, 64), 32, (3, 2)), ((2, 3, 64), 32, (2, 3, 2)), ((0,), 32, (0,)),
        ((64,), None, ()), ((4, 6), (2, 3), (2, 2)), ((5, 7), (2, 3), (3, 3)),
        ((2, 5, 7), (2, 3), (2, 3, 3)), ((5, 7), (1, 3), (5, 3)), ((1, 1), (128, 128), (1, 1)),
    ],
)  # fmt: skip
def test_there_is_a_scale_for_every_block_that_is_begun(
    shape: tuple[int, ...], block: Any, scales: tuple[int, ...]
) -> None:
    assert fp8.scales_shape(shape, fp8.Scheme(block=block)) == scales
    made = fp8.quantize(np.ones(shape, np.float32), fp8.Scheme(block=block, scale="float32"))
    assert (made.codes.shape, made.scales.shape) == (shape, scales)


@pytest.mark.parametrize(("shape", "block"), [((), 1), ((33,), 32), ((4,), (1, 4)), ((31, 2), 31)])
def test_a_shape_of_no_whole_blocks_is_refused(shape: tuple[int, ...], block: Any) -> None:
    with pytest.raises(InputError, match="is not made of whole blocks of"):
        fp8.scales_shape(shape, fp8.Scheme(block=block))
    with pytest.raises(DataError, match="a per-tensor scheme has no block shape"):
        _ = fp8.Scheme(block=None).block_shape


@pytest.mark.parametrize(
    ("block", "tiles"),
    [
        (None, [[0, 1, 2, 3, 4, 5]]),
        (3, [[0, 1, 2], [3, 4, 5]]),
        ((1, 2), [[0, 1], [2, 0], [3, 4], [5, 0]]),  # filled up with nothing at the edge
        ((2, 2), [[0, 1, 3, 4], [2, 0, 5, 0]]),
        ((2, 1), [[0, 3], [1, 4], [2, 5]]),
    ],
)
def test_blocks_become_rows_and_rows_blocks(block: Any, tiles: list[list[int]]) -> None:
    x, scheme = np.arange(6.0).reshape(2, 3), fp8.Scheme(block=block)

    assert to_tiles(x, scheme).tolist() == tiles
    assert from_tiles(np.array(tiles, float), (2, 3), scheme).tolist() == x.tolist()


def test_tiles_of_stacked_matrices_never_mix_them() -> None:
    x, scheme = np.arange(8.0).reshape(2, 2, 2), fp8.Scheme(block=(2, 2))
    assert to_tiles(x, scheme).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert from_tiles(to_tiles(x, scheme), x.shape, scheme).tolist() == x.tolist()
    uneven = np.arange(6.0).reshape(2, 3, 1)
    tiles = to_tiles(uneven, scheme)
    assert tiles.tolist() == [[0, 0, 1, 0], [2, 0, 0, 0], [3, 0, 4, 0], [5, 0, 0, 0]]
    assert from_tiles(tiles, uneven.shape, scheme).tolist() == uneven.tolist()


def test_scales_of_another_shape_are_refused() -> None:
    codes, scales = fp8.quantize_blocks(np.ones((2, 64), np.float32))
    with pytest.raises(DataError, match=r"scales have shape \(2,\).*needed: \(2, 2\)"):
        fp8.dequantize_blocks(codes, scales[0])
    out = np.empty((2, 64), np.float32)
    assert fp8.dequantize_blocks(codes, scales, out=out) is out
    assert (out == 1).all()


@pytest.mark.parametrize("scheme", ["mxfp8", "nvfp4", "deepseek_v3", "deepseek_v31", "per_tensor"])
def test_blocks_are_rounded_into_what_is_given(scheme: str) -> None:
    x = np.random.default_rng(4).standard_normal((130, 160)).astype(np.float32)
    out = np.empty_like(x)

    assert fp8.fake_quantize_blocks(x, scheme, out=out) is out
    assert np.array_equal(out, fp8.quantize(x, scheme).dequantize())
    with pytest.raises(DataError, match="C-contiguous float32 array"):
        fp8.fake_quantize_blocks(x, scheme, out=np.empty((2, 2), np.float32))


@pytest.mark.parametrize("element", ["e4m3fn", "e2m1"])
@pytest.mark.parametrize("rule", fp8.RULES)
@pytest.mark.parametrize("width", [1, 2, 3, 8, 16, 32, 64, 128, 256])
def test_tiny_huge_and_lost_blocks_of_any_width_are_rounded_exactly(
    element: str, rule: str, width: int
) -> None:
    """Each exponent of float32 in a row of its own, with zeros of both signs beside it."""
    scheme = fp8.Scheme(element=element, block=width, rule=rule)
    rng = np.random.default_rng(width)
    exponents = np.arange(1, 255, dtype=np.uint32)[:, None] << 23
    x = (exponents | rng.integers(0, 1 << 23, (254, 3 * width), dtype=np.uint32)).view(np.float32)
    x *= rng.choice(np.float32([1, -1, 1, 0, -0.0]), x.shape)
    x[7, 0], x[9, -1] = math.nan, -math.inf
    for rows in (x, x[:40], x[100:150], x[200:]):
        with np.errstate(over="ignore"):
            stored = fp8.quantize(rows, scheme).dequantize()
        assert fp8.fake_quantize_blocks(rows, scheme).tobytes() == stored.tobytes()


@pytest.mark.parametrize(
    ("block", "shape"),
    [
        (None, (CHUNK + 5,)), (32, (CHUNK // 32 + 3, 32)), (2 * CHUNK, (3, 2 * CHUNK)),
        ((128, 128), (5 * 128, 128)), (24, (CHUNK // 24 + 7, 24)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("scale", ["e8m0", "float32"])
def test_tensors_of_several_pieces_are_those_of_one(
    block: Any, shape: tuple[int, ...], scale: str
) -> None:
    """One to fifteen: 15 / 448 lies between 2^-5 and 2^-4. The last piece is the shorter one."""
    x = (np.arange(math.prod(shape)) % 15 + 1).astype(np.float32).reshape(shape)
    scheme = fp8.Scheme(block=block, scale=scale)
    made = fp8.quantize(x, scheme)

    unit = np.float32(2.0**-4) if scale == "e8m0" else np.float32(15 / 448)
    assert {float(f) for f in np.ravel(made.scales)} == (
        {123.0} if scale == "e8m0" else {float(np.float32(15) / np.float32(448))}
    )
    assert np.array_equal(made.codes, fp8.encode(x / unit, "e4m3fn"))
    assert np.array_equal(fp8.fake_quantize_blocks(x, scheme), made.dequantize())


def test_the_largest_of_a_block_is_found_wherever_it_stands() -> None:
    for width in (1, 2, 3, 4, 8, 16, 32, 48, 64):
        for place in {0, 1, width // 2, width - 1} & set(range(width)):
            x = np.full((3, width), 0.25, np.float32)
            x[1, place] = -3.5 * 2**10
            _, scales = fp8.quantize_blocks(x, block=width)
            assert scales.ravel().tolist() == [117, 130, 117]


# --- what it costs and loses ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("scheme", "n", "scales", "stored"),
    [
        ("mxfp8", None, 1 / 32, 33 / 32),
        ("mxfp8", 64, 1 / 32, 33 / 32),
        ("mxfp4", None, 1 / 16, 17 / 32),
        ("nvfp4", None, 1 / 8, 9 / 16),
        ("nvfp4", 64, 1 / 8 + 1 / 8, 5 / 8),  # and four bytes over 64 halves
        ("deepseek_v3", None, 4 / 16_384, 1 + 4 / 16_384),
        ("deepseek_v31", 64, 1 / 16_384, 1 + 1 / 16_384),
        ("per_tensor", None, 0, 1),
        ("per_tensor", 64, 1 / 16, 17 / 16),
    ],
)
def test_scale_bytes_over_element_bytes(
    scheme: str, n: int | None, scales: float, stored: float
) -> None:
    assert fp8.scale_overhead(scheme, n) == pytest.approx(scales)
    assert fp8.bytes_per_parameter(scheme, n) == pytest.approx(stored)
    assert fp8.bytes_per_parameter(fp8.preset(scheme), n) == pytest.approx(stored)


def test_what_lies_beyond_the_largest_code_is_clipped() -> None:
    """By floor 500 has the scale 1: of four numbers one lies above 448, and 448 itself does not."""
    floor = fp8.Scheme(block=4, rule="floor")

    assert fp8.clipped_share(np.float32([500, 448, -1, 0]), floor) == 0.25
    assert fp8.clipped_share(np.float32([-500, -449, 1, 0]), floor) == 0.5
    assert fp8.clipped_share(np.float32([448, -448, 1, 0]), floor) == 0
    assert fp8.clipped_share(np.float32([500, math.nan, 1, 0]), floor) == 0
    nvfp4 = fp8.Scheme(element="e2m1", block=2, scale="e4m3fn")
    # 2,688 / 6 = 448 is a scale; 35 / 6 = 5.83 is stored as 6, 31 / 6 = 5.17 as 5: 31 > 30
    assert fp8.clipped_share(np.float32([2688, 1, 35, 1, 31, 1]), nvfp4) == pytest.approx(1 / 6)


def test_noise_of_numbers_of_another_shape_is_none() -> None:
    with pytest.raises(DataError, match=r"shapes \(2,\) and \(3,\) differ"):
        fp8.sqnr_db(np.ones(2), np.ones(3))
    assert fp8.sqnr_db([10.0, 0.0], [10.0, 1.0]) == pytest.approx(20.0)
    assert math.isnan(fp8.sqnr_db([], []))


def test_the_first_number_that_is_none_is_named_with_how_many() -> None:
    x = np.ones((2, 3), np.float32)
    refuse_non_finite(x)
    assert fp8.quantize(x, fp8.Scheme(block=3), strict=True).codes.shape == (2, 3)
    x[0, 2], x[1, 1] = math.nan, -math.inf
    with pytest.raises(DataError, match=r"nan at position \(0, 2\); 2 of 6 are not finite"):
        refuse_non_finite(x)
    assert fp8.quantize(x, fp8.Scheme(block=3)).scales.ravel().tolist() == [0xFF, 0xFF]
