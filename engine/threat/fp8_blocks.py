"""Block scaling: one shared scale for every block of a tensor, and a small code for every number.

A block of numbers is divided by a scale so that its largest magnitude fits the element format. The
scale is a power of two (E8M0, every MX format), a float32 (DeepSeek-V3) or, for NVFP4, an E4M3
number under one float32 scale for the whole tensor.

**Power-of-two scales** have four rules, and all are one formula on the bits of the block's largest
magnitude: ``((bits + bump) >> 23) - emax``. ``floor`` (OCP MX 1.0) adds nothing; ``even`` (torchao,
Quark) rounds half up to the element's mantissa width; ``rceil`` (cuBLAS, DeepGEMM, NVIDIA's MXFP8
recipe) goes up as soon as the element's largest value would be passed, so it never clips; ``ceil``
goes up unless the magnitude is a power of two. For ``rceil`` this equals rounding up the float32
quotient ``amax / 448``: that quotient never rounds down to a power of two from above, for 448, 6
and 57344 alike.

**Limit of speed.** ``fake_quantize_blocks`` with MX scales needs, per number, eleven full-width
passes (round the exponent up, shift, narrow; mask; maximum with the block's floor; bias; two float
additions; three checks) and five on bytes for the block maximum. In a second-level cache numpy
moves about 40 GB/s of input per pass, 13 where a value per block is broadcast, so about 3 GB/s is
the ceiling: some 15 times slower than copying the same bytes in cache, which is one pass. Only a
compiled kernel, which keeps numbers in registers between steps, can do with one.

Sources: OCP Microscaling Formats 1.0; arXiv 2506.08027 (round-up rule); arXiv 2412.19437
(DeepSeek-V3); DeepGEMM README; NVIDIA Transformer Engine documentation (NVFP4).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from engine.errors import DataError, InputError, OutOfRangeError, UnknownNameError
from engine.phrases import phrase
from engine.threat.fp8_codec import (
    CHUNK,
    EXPONENT,
    MAGNITUDE,
    Bytes,
    Encoder,
    Float32,
    Int32,
    as_float32,
    decode,
    encode,
    out_array,
)
from engine.threat.fp8_formats import FORMATS, Format, format_of

Block = int | tuple[int, int] | None
Rule = Literal["rceil", "floor", "even", "ceil"]
_Number = TypeVar("_Number", np.uint8, np.int32)
RULES: Final = ("rceil", "floor", "even", "ceil")
SCALES: Final = ("e8m0", "float32", "e4m3fn")
DEEPGEMM_AMAX_FLOOR: Final = 1e-4  # DeepGEMM, deep_gemm/utils/math.py, read 2026


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How a tensor is stored: element format, block shape, and how each block gets its scale.

    block: ``n`` along the last axis, ``(rows, columns)`` over the last two, None for one scale per
    tensor. rule: for E8M0 scales only. amax_floor: the least magnitude a block is taken to have.
    """

    element: str = "e4m3fn"
    block: Block = 32
    rule: str = "rceil"
    scale: str = "e8m0"
    amax_floor: float = 0.0

    def __post_init__(self) -> None:
        if not format_of(self.element).is_element:
            allowed = ", ".join(f.name for f in FORMATS if f.is_element)
            raise OutOfRangeError("element", self.element, allowed)
        if self.rule not in RULES:
            raise UnknownNameError(phrase("scale rule"), self.rule, RULES)
        if self.scale not in SCALES:
            raise UnknownNameError(phrase("scale format"), self.scale, SCALES)
        if not 0 <= self.amax_floor < math.inf:
            raise OutOfRangeError(
                "amax_floor", self.amax_floor, phrase("zero or a positive number")
            )
        if self.block is not None and min(self.block_shape) < 1:
            raise OutOfRangeError("block", self.block, phrase("sizes from 1 up"))

    @property
    def form(self) -> Format:
        """The element format."""
        return format_of(self.element)

    @property
    def block_shape(self) -> tuple[int, int]:
        """(rows, columns) of a block; ``DataError`` for per-tensor scaling, which has none."""
        if self.block is None:
            raise DataError(phrase("a per-tensor scheme has no block shape"))
        return self.block if isinstance(self.block, tuple) else (1, self.block)


PRESETS: Final[tuple[tuple[str, Scheme], ...]] = (
    ("mxfp8", Scheme()),
    ("mxfp4", Scheme(element="e2m1")),
    ("nvfp4", Scheme(element="e2m1", block=16, scale="e4m3fn")),
    ("deepseek_v3", Scheme(block=(128, 128), scale="float32")),
    ("deepseek_v3_activations", Scheme(block=(1, 128), scale="float32")),
    ("deepseek_v31", Scheme(block=(128, 128), amax_floor=DEEPGEMM_AMAX_FLOOR)),
    ("deepseek_v31_activations", Scheme(block=(1, 128), amax_floor=DEEPGEMM_AMAX_FLOOR)),
    ("per_tensor", Scheme(block=None, scale="float32")),
)
"""Named schemes. DeepSeek's plain names are its weights, 128 x 128; activations are 1 x 128."""


def preset(name: str) -> Scheme:
    """The scheme called ``name``; ``UnknownNameError`` with the nearest name otherwise."""
    for known, scheme in PRESETS:
        if known == name:
            return scheme
    raise UnknownNameError(phrase("preset"), name, [known for known, _ in PRESETS])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quantized:
    """A stored tensor: ``codes`` (uint8, the tensor's shape), ``scales`` (uint8 for E8M0 and E4M3,
    else float32; one per block), and for NVFP4 the float32 ``tensor_scale``, else 1."""

    codes: Bytes
    scales: npt.NDArray[Any]
    scheme: Scheme
    tensor_scale: float = 1.0

    def dequantize(self) -> Float32:
        """The float32 tensor these bytes stand for."""
        return _dequantize(self.codes, self.scales, self.scheme, self.tensor_scale, None)


def quantize(x: npt.ArrayLike, scheme: Scheme | str, *, strict: bool = False) -> Quantized:
    """``x`` stored by ``scheme`` (or the preset of that name), with all that reading it back needs.

    strict: refuse NaN and infinities (``DataError`` with the first position) instead of letting
    them turn their block into NaN.
    """
    how = preset(scheme) if isinstance(scheme, str) else scheme
    numbers = as_float32(x)
    if strict:
        refuse_non_finite(numbers)
    outer = nvfp4_tensor_scale(numbers) if how.scale == "e4m3fn" else 1.0
    codes, scales = _quantize(numbers, how, outer)
    return Quantized(codes=codes, scales=scales, scheme=how, tensor_scale=outer)


def quantize_blocks(
    x: npt.ArrayLike,
    element: str = "e4m3fn",
    block: Block = 32,
    rule: str = "rceil",
    scale: str = "e8m0",
    *,
    amax_floor: float = 0.0,
    tensor_scale: float = 1.0,
) -> tuple[Bytes, npt.NDArray[Any]]:
    """(codes, scales) of ``x``: one uint8 code per number, one scale per block.

    block: 32 means 32 along the last axis, (128, 128) is over the last two, None the whole tensor.
    rule: ``rceil``, ``floor``, ``even``, ``ceil``, for E8M0 scales. scale: ``e8m0`` (uint8),
    ``float32`` (amax / largest value), ``e4m3fn`` (uint8, times ``tensor_scale``: NVFP4).
    amax_floor: the least magnitude a block is taken to have (DeepGEMM: 1e-4).

    A block with NaN or infinity gets a NaN scale, all of it reads back as NaN. An all-zero block
    gets the least E8M0 scale, or 1.0 in float32. Elements saturate. An empty array gives empty
    codes and scales. Blocks over two axes may be cut off at an edge, as DeepSeek-V3 stores its
    576 x 7168 matrix under 5 x 56 scales; along one axis they must divide it (``InputError``).
    """
    how = Scheme(element=element, block=block, rule=rule, scale=scale, amax_floor=amax_floor)
    return _quantize(as_float32(x), how, tensor_scale)


def dequantize_blocks(
    codes: npt.ArrayLike,
    scales: npt.ArrayLike,
    element: str = "e4m3fn",
    block: Block = 32,
    scale: str = "e8m0",
    *,
    tensor_scale: float = 1.0,
    out: Float32 | None = None,
) -> Float32:
    """The float32 numbers that ``codes`` and ``scales`` stand for, in the shape of ``codes``.

    A product beyond float32 is infinite: ``rceil`` on blocks within 1.5 % of the largest float32
    can round up to 2^128.
    """
    how = Scheme(element=element, block=block, scale=scale)
    return _dequantize(np.asarray(codes), np.asarray(scales), how, tensor_scale, out)


def fake_quantize_blocks(
    x: npt.ArrayLike, scheme: Scheme | str = "mxfp8", *, out: Float32 | None = None
) -> Float32:
    """Quantise and read back in one go: ``x`` with the error that storing it by ``scheme`` makes.

    Bit for bit ``quantize(x, scheme).dequantize()``. With E8M0 scales no byte is ever made: numbers
    are rounded where they stand, a cache-sized piece at a time. out: may be ``x`` itself.
    """
    how = preset(scheme) if isinstance(scheme, str) else scheme
    numbers = as_float32(x)
    result: Float32 = out_array(out, numbers.shape, np.float32)
    if how.scale != "e8m0" or how.block is None or not how.form.signed_special:
        return _copy(quantize(numbers, how).dequantize(), result)
    tiles = to_tiles(numbers, how)
    in_place = _is_flat(how) and _padded_shape(numbers.shape, how) == numbers.shape
    rounded = result.reshape(tiles.shape) if in_place else np.empty_like(tiles)
    if tiles.size:
        rounder = _Rounder(how, _rows_at_once(tiles))
        for rows in _row_slices(tiles):
            rounder(tiles[rows], rounded[rows])
    return result if in_place else _copy(from_tiles(rounded, numbers.shape, how), result)


def _copy(source: Float32, target: Float32) -> Float32:
    np.copyto(target, source)
    return target


def nvfp4_tensor_scale(x: npt.ArrayLike) -> float:
    """NVFP4's second-level scale: amax of the tensor / (448 x 6) in float32; 1.0 where amax is 0.

    NaN and infinities are left out, so that they cost their block and not the tensor.
    """
    magnitude = np.abs(as_float32(x))
    largest = np.max(magnitude, initial=np.float32(0), where=np.isfinite(magnitude))
    scale = float(np.float32(largest) / np.float32(448 * 6))
    return scale if scale > 0 else 1.0


def scale_bytes(amax: npt.ArrayLike, element: str = "e4m3fn", rule: str = "rceil") -> Bytes:
    """E8M0 scale byte for blocks whose largest magnitude is ``amax`` (any shape, sign ignored).

    0xFF for NaN and infinity; 0 for zero. ``rceil`` gives at least 1 otherwise, so that the scale
    is a normal float32 (DeepGEMM); the others at least 0. At most 0xFE.
    """
    how = Scheme(element=element, rule=rule)
    bits = as_float32(amax).view(np.int32) & MAGNITUDE
    return _bytes_from_bits(bits, how)


def _bump(form: Format, rule: str) -> np.int32:
    """What to add to a float32's bits so that the exponent field becomes the rule's exponent."""
    width = form.mantissa_bits or 0
    largest_fraction = int(np.float32(form.max_finite).view(np.int32)) & 0x7FFFFF
    bumps = {
        "floor": 0,
        "even": 1 << (22 - width),
        "rceil": 0x7FFFFF - largest_fraction,
        "ceil": 0x7FFFFF,
    }
    return np.int32(bumps[rule])


def _bytes_from_bits(amax_bits: Int32, how: Scheme) -> Bytes:
    floor = np.float32(how.amax_floor).view(np.int32)
    lost = amax_bits >= EXPONENT
    bits = np.where(lost, np.int32(0), np.maximum(amax_bits, floor))
    exponent = ((bits + _bump(how.form, how.rule)) >> 23) - how.form.max_exponent
    least = ((bits > 0) & (how.rule == "rceil")).astype(np.int32)
    found = np.clip(exponent, least, 0xFE).astype(np.uint8)
    return np.where(lost, np.uint8(0xFF), found)


# --- the layout: blocks as rows ------------------------------------------------------------------


def _is_flat(how: Scheme) -> bool:
    """Blocks lie one after the other in memory: no rearranging needed."""
    return how.block is None or how.block_shape[0] == 1


def scales_shape(shape: tuple[int, ...], scheme: Scheme) -> tuple[int, ...]:
    """Shape of the scales of a tensor of ``shape``, cut-off blocks counted whole.

    ``()`` for per-tensor scaling. ``InputError`` where blocks along one axis do not divide it, or
    the tensor has fewer axes than the block.
    """
    if scheme.block is None:
        return ()
    rows, columns = scheme.block_shape
    along_one = isinstance(scheme.block, int)
    if len(shape) < (1 if along_one else 2) or (along_one and shape[-1] % columns):
        raise InputError(
            phrase(
                "shape {shape} is not made of whole blocks of {block}",
                shape=str(shape),
                block=scheme.block,
            ),
            remedy=phrase("pad with zeros, or choose a block that divides it"),
        )
    across = -(-shape[-1] // columns)
    return (*shape[:-1], across) if along_one else (*shape[:-2], -(-shape[-2] // rows), across)


def _padded_shape(shape: tuple[int, ...], scheme: Scheme) -> tuple[int, ...]:
    """``shape`` with both block axes filled up to whole blocks."""
    if not isinstance(scheme.block, tuple):
        return shape
    rows, columns = scheme.block
    *_, down, across = scales_shape(shape, scheme)
    return (*shape[:-2], down * rows, across * columns)


def to_tiles(x: npt.NDArray[Any], scheme: Scheme) -> npt.NDArray[Any]:
    """``x`` as (blocks, numbers per block): a view if a block is one run of memory, or a copy.

    A block cut off at an edge is filled up with zeros, which change no block's largest magnitude.
    """
    scales_shape(x.shape, scheme)
    if scheme.block is None:
        return x.reshape(1, -1)
    rows, columns = scheme.block_shape
    whole = _padded_shape(x.shape, scheme)
    if whole != x.shape:
        x = np.pad(x, [(0, full - size) for full, size in zip(whole, x.shape, strict=True)])
    across = x.shape[-1] // columns
    down = math.prod(x.shape[:-1]) // rows
    tiles = x.reshape(down, rows, across, columns).swapaxes(1, 2)
    return np.ascontiguousarray(tiles).reshape(down * across, rows * columns)  # no copy of one row


def from_tiles(tiles: npt.NDArray[Any], shape: tuple[int, ...], scheme: Scheme) -> npt.NDArray[Any]:
    """The tensor of ``shape`` whose blocks are the rows of ``tiles``: undoes ``to_tiles``."""
    whole = _padded_shape(shape, scheme)
    if _is_flat(scheme):
        filled = tiles.reshape(whole)
    else:
        rows, columns = scheme.block_shape
        across, down = whole[-1] // columns, math.prod(whole[:-1]) // rows
        filled = tiles.reshape(down, across, rows, columns).swapaxes(1, 2).reshape(whole)
    return filled[tuple(slice(size) for size in shape)]


def _rows_at_once(tiles: npt.NDArray[Any]) -> int:
    rows, columns = tiles.shape
    return max(1, min(int(rows), CHUNK // max(1, int(columns))))


def _row_slices(tiles: npt.NDArray[Any]) -> Iterator[slice]:
    step = _rows_at_once(tiles)
    return (slice(start, start + step) for start in range(0, tiles.shape[0], step))


# --- to bytes and back ---------------------------------------------------------------------------


def _quantize(x: Float32, how: Scheme, outer: float) -> tuple[Bytes, npt.NDArray[Any]]:
    tiles = to_tiles(x, how)
    codes = np.empty(tiles.shape, np.uint8)
    scales = _scales_from_bits(_amax_bits(tiles), how, outer)
    factors = _factors(scales, how, outer)
    lost, nothing = np.isnan(factors), factors == 0  # a scale that underflows leaves only zeros
    factors[lost | nothing] = 1.0
    if tiles.size:
        _encode_tiles(tiles, codes, factors, lost, how)
    codes[lost] = how.form.nan_code or 0
    codes[nothing] = 0
    return from_tiles(codes, x.shape, how), scales.reshape(scales_shape(x.shape, how))


def _amax_bits(tiles: Float32) -> Int32:
    """Bits of the largest magnitude of each block; NaN and infinities sort above the rest."""
    found = np.zeros(tiles.shape[0], np.int32)
    if not tiles.size:
        return found
    room = np.empty((2, _rows_at_once(tiles) * tiles.shape[1]), np.int32)
    for rows in _row_slices(tiles):
        flat = tiles[rows].view(np.int32).reshape(-1)
        pair = room[:, : flat.size]
        np.bitwise_and(flat, MAGNITUDE, out=pair[0])
        found[rows] = _block_maxima(pair, tiles.shape[1])
    return found


def _encode_tiles(
    tiles: Float32, codes: Bytes, factors: Float32, lost: npt.NDArray[np.bool_], how: Scheme
) -> None:
    """Codes of ``tiles / factors``. Dividing by a power of two is exact unless it underflows, and
    what underflows is far below half the least code."""
    per_row = min(tiles.shape[1], CHUNK)
    size = _rows_at_once(tiles) * per_row
    encoder = Encoder(how.form, saturate=True, size=size)
    scaled = np.empty(size, np.float32)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for rows in _row_slices(tiles):
            for start in range(0, tiles.shape[1], per_row):
                piece = tiles[rows, start : start + per_row]
                room = scaled[: piece.size].reshape(piece.shape)
                np.divide(piece, factors[rows, None], out=room)
                if lost[rows].any():
                    np.copyto(room, np.float32(0), where=~np.isfinite(piece))
                made = codes[rows, start : start + per_row]
                encoder(room.reshape(-1), made.reshape(-1))


def _scales_from_bits(amax_bits: Int32, how: Scheme, outer: float) -> npt.NDArray[Any]:
    """Scales as stored, one per block, from the bits of the blocks' largest magnitudes."""
    if how.scale == "e8m0":
        return _bytes_from_bits(amax_bits, how)
    amax = np.maximum(amax_bits.view(np.float32), np.float32(how.amax_floor))
    amax[~np.isfinite(amax)] = np.nan
    with np.errstate(under="ignore", over="ignore"):
        exact = amax / np.float32(how.form.max_finite)
        if how.scale == "float32":
            exact[exact == 0] = 1.0
            return exact
        return encode(exact / np.float32(outer), "e4m3fn")


def _factors(scales: npt.NDArray[Any], how: Scheme, outer: float) -> Float32:
    """Scales as float32 factors, flat; NaN for a lost block."""
    flat = scales.reshape(-1)
    if how.scale == "float32":
        return flat.astype(np.float32)
    factors: Float32 = decode(flat, how.scale)
    return factors * np.float32(outer) if how.scale == "e4m3fn" else factors


def _dequantize(
    codes: npt.NDArray[Any],
    scales: npt.NDArray[Any],
    how: Scheme,
    outer: float,
    out: Float32 | None,
) -> Float32:
    expected = scales_shape(codes.shape, how)
    if scales.shape != expected:
        raise DataError(
            phrase("scales have shape {shape}", shape=str(scales.shape)),
            remedy=phrase("needed: {expected}", expected=expected),
        )
    result: Float32 = out_array(out, codes.shape, np.float32)
    values = to_tiles(decode(codes, how.element), how)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        np.multiply(values, _factors(scales, how, outer)[:, None], out=values)
    return _copy(from_tiles(values, codes.shape, how), result)


# --- the fused path ------------------------------------------------------------------------------


class _Rounder:
    """Rounds blocks where they stand: the magic addition with a floor from the block's scale.

    Holds for blocks whose exponents stay clear of both ends of float32; a piece with a tiny, huge
    or lost block takes the exact way over bytes instead.
    """

    def __init__(self, how: Scheme, rows: int) -> None:
        form = how.form
        width = form.mantissa_bits or 0
        columns = how.block_shape[0] * how.block_shape[1]
        self.how, self.form = how, form
        self.bump = _bump(form, how.rule)
        floor_bits = np.float32(how.amax_floor).view(np.int32)
        self.least = (int(floor_bits) + int(self.bump)) >> 23
        self.raise_by = np.int32(((23 - width) << 23) | 0x400000)  # 1.5 x 2^(e + 23 - M)
        self.highest = np.int32((254 - 24) << 23)
        self.lowest = 1 + form.max_exponent - form.min_exponent
        self.clips = how.rule != "rceil" and how.rule != "ceil"
        self.anchor = np.empty((rows, columns), np.int32)
        self.narrow = np.empty((2, rows * columns), np.uint8)

    def __call__(self, x: Float32, out: Float32) -> None:
        """Round ``x`` (blocks, numbers) into ``out`` of the same shape."""
        bits, anchor = x.view(np.int32), self.anchor[: x.shape[0]]
        tops = self._top_exponents(bits, anchor)
        np.bitwise_and(bits, EXPONENT, out=anchor)
        usable = np.maximum.reduce(anchor, axis=None) < self.highest
        if not usable or not self._large_enough(tops, bits):
            how = self.how
            codes, scales = _quantize(x, _row_scheme(how, x.shape[1]), 1.0)
            np.copyto(out, _dequantize(codes, scales, _row_scheme(how, x.shape[1]), 1.0, None))
            return
        floors = (tops + np.int32(self.form.min_exponent - self.form.max_exponent)) << 23
        np.maximum(anchor, floors[:, None], out=anchor)
        np.add(anchor, self.raise_by, out=anchor)
        self._add_and_take_away(x, anchor.view(np.float32), out)
        if self.clips:
            self._clip(tops, out)

    def _top_exponents(self, bits: Int32, scratch: Int32) -> Int32:
        """The rule's biased exponent of each block's largest magnitude, before ``- emax``."""
        np.add(bits, self.bump, out=scratch)
        np.right_shift(scratch, np.int32(23), out=scratch)
        narrow = self.narrow[:, : bits.size]
        np.copyto(narrow[0], scratch.reshape(-1), casting="unsafe")  # drops the sign
        tops = _block_maxima(narrow, bits.shape[1]).astype(np.int32)
        return np.maximum(tops, np.int32(self.least))

    def _large_enough(self, tops: Int32, bits: Int32) -> bool:
        """Every block is far above float32's subnormals, or nothing but zeros."""
        small = tops < self.lowest
        return not small.any() or not np.any(bits[small] & MAGNITUDE)

    def _add_and_take_away(self, x: Float32, anchor: Float32, out: Float32) -> None:
        signs = x.view(np.int32) & ~MAGNITUDE if np.may_share_memory(x, out) else None
        np.add(x, anchor, out=out)
        np.subtract(out, anchor, out=out)
        if np.minimum.reduce(out.view(np.uint32), axis=None) == 0:  # a zero lost its sign
            signs = x.view(np.int32) & ~MAGNITUDE if signs is None else signs
            np.bitwise_or(out.view(np.int32), signs, out=out.view(np.int32))

    def _clip(self, tops: Int32, out: Float32) -> None:
        largest = np.float32(self.form.max_finite).view(np.int32)
        limits = (((tops - self.form.max_exponent - 127) << 23) + largest).view(np.float32)[:, None]
        np.minimum(out, limits, out=out)
        np.maximum(out, -limits, out=out)


def _row_scheme(how: Scheme, columns: int) -> Scheme:
    """The same scheme for blocks that are already rows."""
    return Scheme(
        element=how.element,
        block=columns,
        rule=how.rule,
        scale=how.scale,
        amax_floor=how.amax_floor,
    )


def _block_maxima(pair: npt.NDArray[_Number], width: int) -> npt.NDArray[_Number]:
    """Largest of each run of ``width`` in ``pair[0]``; ``pair[1]`` is scratch.

    For narrow blocks: the maximum with a copy shifted by half a block, a quarter, and so on. Long
    runs fill the vector registers, reductions of 32 numbers do not.
    """
    here, there = pair[0], pair[1]
    if width & (width - 1) or width * pair.itemsize > 128:
        reduced: npt.NDArray[_Number] = np.maximum.reduce(here.reshape(-1, width), axis=1)
        return reduced
    length, shift = here.size, width // 2
    while shift:
        length -= shift
        np.maximum(here[:length], here[shift : shift + length], out=there[:length])
        here, there, shift = there, here, shift // 2
    maxima: npt.NDArray[_Number] = here[::width]
    return maxima


# --- what a scheme costs and loses ---------------------------------------------------------------


def bytes_per_parameter(scheme: Scheme | str, n_parameters: int | None = None) -> float:
    """Stored bytes per number, scales included: MXFP8 is 33/32.

    n_parameters: size of the tensor, over which what exists once per tensor is spread (the float32
    scale of ``per_tensor`` and NVFP4); None leaves that out.
    """
    how = preset(scheme) if isinstance(scheme, str) else scheme
    return how.form.bits / 8 * (1 + scale_overhead(how, n_parameters))


def scale_overhead(scheme: Scheme | str, n_parameters: int | None = None) -> float:
    """Scale bytes over element bytes: 1/32 for MXFP8, 4/128 for DeepSeek-V3's activations."""
    how = preset(scheme) if isinstance(scheme, str) else scheme
    once = 4 if how.block is None or how.scale == "e4m3fn" else 0
    spread = 0.0 if n_parameters is None else once / n_parameters
    each = 4 if how.scale == "float32" else 1
    per_block = 0.0 if how.block is None else each / math.prod(how.block_shape)
    return (per_block + spread) / (how.form.bits / 8)


def clipped_share(x: npt.ArrayLike, scheme: Scheme | str) -> float:
    """Share of the numbers that lie beyond the element's largest value times their scale.

    NaN for an empty array; numbers of a lost block do not count as clipped.
    """
    numbers = as_float32(x)
    if not numbers.size:
        return math.nan
    stored = quantize(numbers, scheme)
    factors = _factors(stored.scales, stored.scheme, stored.tensor_scale).astype(np.float64)
    limits = factors * stored.scheme.form.max_finite
    tiles = np.abs(to_tiles(numbers, stored.scheme).astype(np.float64))
    return float(np.count_nonzero(tiles > limits[:, None]) / numbers.size)


def sqnr_db(x: npt.ArrayLike, approximation: npt.ArrayLike) -> float:
    """Signal over quantisation noise, 10 log10(sum x^2 / sum (x - y)^2), in decibels.

    Infinite where both are equal; NaN for empty or all-zero ``x`` and where either holds NaN.
    """
    signal, other = np.asarray(x, np.float64), np.asarray(approximation, np.float64)
    if signal.shape != other.shape:
        raise DataError(
            phrase(
                "shapes {shape} and {shape2} differ",
                shape=str(signal.shape),
                shape2=str(other.shape),
            )
        )
    power, noise = float(np.sum(signal**2)), float(np.sum((signal - other) ** 2))
    if math.isnan(noise) or not power > 0:
        return math.nan
    return math.inf if noise == 0 else 10 * math.log10(power / noise)


def refuse_non_finite(x: Float32) -> None:
    """``DataError`` naming the first NaN or infinity of ``x``, its position, and how many."""
    bad = np.flatnonzero(~np.isfinite(x))
    if bad.size:
        where = tuple(int(i) for i in np.unravel_index(bad[0], x.shape))
        raise DataError(
            phrase(
                "{value} at position {where}; {bad} of {all} are not finite",
                value=str(x[where]),
                where=where,
                bad=bad.size,
                all=x.size,
            )
        )


__all__ = [
    "PRESETS",
    "RULES",
    "SCALES",
    "Quantized",
    "Scheme",
    "bytes_per_parameter",
    "clipped_share",
    "dequantize_blocks",
    "fake_quantize_blocks",
    "nvfp4_tensor_scale",
    "preset",
    "quantize",
    "quantize_blocks",
    "scale_bytes",
    "scale_overhead",
    "scales_shape",
    "sqnr_db",
]
