"""Numbers to bytes and back, whole arrays at a time; byte for byte what ``fp8_formats`` defines.

How a float32 becomes a byte in eight passes over cache-sized pieces, without branches: add to
``|x|`` the power of two ``c`` whose unit in the last place is the format's step at ``|x|``. The
adder of the processor then does the rounding, to nearest even, once. The low bits of the sum hold
the mantissa, its exponent field holds the exponent, and ``sum + (sum >> (23 - M))`` lines both up
as the code. ``c`` comes from the exponent bits of ``x`` by integer operations; the constant that
takes the bias off rides in its low bits.

HiF8 rounds ties away from zero, so a code depends on the top 13 bits of the float alone: one table.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.errors import DataError, OutOfRangeError
from engine.phrases import phrase
from engine.threat.fp8_formats import Format, check_overflow, format_of, ladder, value_of

CHUNK: Final = 1 << 16
"""Numbers handled at once: 256 KiB of float32, so that scratch stays in a second-level cache."""

MAGNITUDE: Final = np.int32(0x7FFFFFFF)
EXPONENT: Final = np.int32(0x7F800000)

Float32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Int32 = npt.NDArray[np.int32]


def as_float32(x: npt.ArrayLike) -> Float32:
    """``x`` as a C-contiguous float32 array that rounds to any format as ``x`` itself would.

    float16 and bfloat16 convert exactly. float64 is never rounded twice: it is cut to float32 with
    the last bit set when anything was lost ("round to odd"), which keeps every tie and every side
    of a tie apart for the 2 to 4 significant bits that follow. Other types are refused
    (``DataError``): what 2^53 + 1 should become is the caller's decision.
    """
    array = np.asarray(x)
    if array.dtype == np.float64:
        return _round_to_odd(np.ascontiguousarray(array))
    if (array.dtype.kind == "f" and array.dtype.itemsize <= 4) or array.dtype.name == "bfloat16":
        return np.ascontiguousarray(array, dtype=np.float32).reshape(array.shape)
    raise DataError(
        phrase("cannot encode numbers of type {dtype}", dtype=array.dtype),
        remedy=phrase("allowed: float16, bfloat16, float32, float64"),
    )


def _round_to_odd(x: npt.NDArray[np.float64]) -> Float32:
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        near = x.astype(np.float32)
    back = near.astype(np.float64)
    bits = near.view(np.int32)
    bits -= np.abs(back) > np.abs(x)  # toward zero first
    bits |= (back != x) & ~np.isnan(x)
    return near


def encode(
    x: npt.ArrayLike, fmt: str, overflow: str = "saturate", *, out: Bytes | None = None
) -> Bytes:
    """Codes of ``x`` in format ``fmt``, one uint8 each, in the shape of ``x`` (empty stays empty).

    Round to nearest, ties to even (HiF8: away from zero). overflow: ``saturate`` ends at the
    largest finite value, infinity included; ``nonsaturate`` gives infinity, or NaN where the format
    has none (what ml_dtypes does). NaN becomes the format's NaN. ``e2m1`` has neither: NaN and
    ``nonsaturate`` are refused. ``e8m0`` gives the nearest power of two, ties up, and NaN for zero
    and negative numbers; it is no rule for a block scale.
    out: a C-contiguous uint8 array of the same shape to write to.
    """
    form = format_of(fmt)
    check_overflow(form, overflow)
    numbers = as_float32(x)
    codes: Bytes = out_array(out, numbers.shape, np.uint8)
    encode_into(numbers.reshape(-1), codes.reshape(-1), form, saturate=overflow == "saturate")
    return codes


def decode(codes: npt.ArrayLike, fmt: str, *, out: Float32 | None = None) -> Float32:
    """The float32 value of every code, in the shape of ``codes``; exact for every format.

    codes: uint8; a code above 15 is refused for ``e2m1``. out: a C-contiguous float32 array.
    """
    form = format_of(fmt)
    array = np.ascontiguousarray(codes)
    if array.dtype != np.uint8:
        raise DataError(
            phrase("codes have type {dtype}", dtype=array.dtype), remedy=phrase("codes are uint8")
        )
    if array.size and form.n_codes < 256 and int(array.max()) >= form.n_codes:
        raise OutOfRangeError(
            phrase("{name} code", name=form.name),
            int(array.max()),
            phrase("0 to {n_codes}", n_codes=form.n_codes - 1),
        )
    values: Float32 = out_array(out, np.shape(codes), np.float32)
    table = value_table(form)
    for here in chunks(array.size):
        flat = array.reshape(-1)[here]
        np.take(table, flat, out=values.reshape(-1)[here], mode="wrap")
    return values


def out_array(out: npt.NDArray[Any] | None, shape: tuple[int, ...], dtype: type) -> Any:
    """``out`` when it fits, a new array when it is None; ``DataError`` when it does not fit."""
    if out is None:
        return np.empty(shape, dtype)
    if out.shape != shape or out.dtype != dtype or not out.flags.c_contiguous:
        wanted = f"a C-contiguous {np.dtype(dtype)} array of shape {shape}"
        raise DataError(
            phrase("out is {dtype} of shape {shape}", dtype=out.dtype, shape=str(out.shape)),
            remedy=phrase("needed: {wanted}", wanted=str(wanted)),
        )
    return out


def chunks(n: int, size: int = CHUNK) -> Iterator[slice]:
    """Consecutive slices of at most ``size`` that cover ``range(n)``."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


@functools.cache
def value_table(fmt: Format) -> Float32:
    """The values of all codes of ``fmt``, read-only."""
    table = np.array([value_of(code, fmt) for code in range(fmt.n_codes)], dtype=np.float32)
    table.flags.writeable = False
    return table


def encode_into(x: Float32, codes: Bytes, fmt: Format, *, saturate: bool) -> None:
    """Encode flat ``x`` into flat ``codes``, a cache-sized piece at a time."""
    if fmt.name == "e8m0":
        _encode_e8m0(x, codes, saturate=saturate)
    elif fmt.name == "hif8":
        _encode_hif8(x, codes, saturate=saturate)
    else:
        encoder = Encoder(fmt, saturate=saturate, size=min(CHUNK, x.size))
        for here in chunks(x.size):
            encoder(x[here], codes[here])


class Encoder:
    """The magic addition for the formats with a fixed mantissa width, with its scratch arrays."""

    def __init__(self, fmt: Format, *, saturate: bool, size: int) -> None:
        width = fmt.mantissa_bits or 0
        beyond = ladder(fmt)[-1][0]  # where the next value would be: encodes as overflow_code
        lowest = fmt.min_exponent + 127
        self.fmt = fmt
        self.shift = np.int32(23 - width)
        self.limit = np.float32(fmt.max_finite if saturate else beyond).view(np.int32)
        bias = -((lowest + 23 - width) << width) % 256
        self.raise_by = np.int32(((23 - width) << 23) + bias)
        self.floor = np.full(size, lowest << 23, np.int32)  # an array: faster than a scalar here
        self.magnitude, self.anchor = np.empty((2, size), np.int32)
        self.negative = np.empty(size, np.bool_)

    def __call__(self, x: Float32, codes: Bytes) -> None:
        """Encode flat float32 ``x`` into flat uint8 ``codes``; no longer than ``size``."""
        n = x.size
        magnitude, anchor = self.magnitude[:n], self.anchor[:n]
        np.bitwise_and(x.view(np.int32), MAGNITUDE, out=magnitude)
        largest = np.maximum.reduce(magnitude, initial=0)
        if largest > self.limit:
            np.minimum(magnitude, self.limit, out=magnitude)
        np.bitwise_and(magnitude, EXPONENT, out=anchor)
        np.maximum(anchor, self.floor[:n], out=anchor)
        np.add(anchor, self.raise_by, out=anchor)
        total = magnitude.view(np.float32)
        np.add(total, anchor.view(np.float32), out=total)
        np.right_shift(magnitude, self.shift, out=anchor)
        np.add(magnitude, anchor, out=anchor)
        np.copyto(codes, anchor, casting="unsafe")  # the low eight bits are the code
        self._sign(x, codes)
        if largest > EXPONENT:
            self._mark_nan(x, codes)

    def _sign(self, x: Float32, codes: Bytes) -> None:
        negative = np.signbit(x, out=self.negative[: x.size])
        if not self.fmt.signed_special:  # no negative zero
            np.logical_and(negative, codes, out=negative)
        mask = negative.view(np.int8)
        np.negative(mask, out=mask)
        np.bitwise_and(mask.view(np.uint8), np.uint8(self.fmt.sign_bit), out=mask.view(np.uint8))
        np.bitwise_or(codes, mask.view(np.uint8), out=codes)

    def _mark_nan(self, x: Float32, codes: Bytes) -> None:
        where = np.flatnonzero(np.isnan(x))
        nan = self.fmt.nan_code
        if nan is None:
            raise DataError(
                phrase(
                    "{size} NaN to encode, and {name} has none", size=where.size, name=self.fmt.name
                ),
                remedy=phrase("use a block scale, which can be NaN, or another format"),
            )
        sign = np.uint8(self.fmt.sign_bit if self.fmt.signed_special else 0)
        codes[where] = np.where(np.signbit(x[where]), np.uint8(nan) | sign, np.uint8(nan))


def _encode_e8m0(x: Float32, codes: Bytes, *, saturate: bool) -> None:
    """The exponent field, plus one from the middle of the binade up.

    Between 2^-127 and 2^-126 float32 is subnormal; everything above 2^-127 goes up, as ml_dtypes
    and torch have it.
    """
    for here in chunks(x.size):
        bits = x[here].view(np.int32)
        exponent = bits + np.int32(0x3FFFFF)
        np.add(exponent, bits >= np.int32(0x00800000), out=exponent)
        np.right_shift(exponent, np.int32(23), out=exponent)
        if saturate:
            np.minimum(exponent, np.int32(0xFE), out=exponent)
        np.copyto(codes[here], exponent, casting="unsafe")
        codes[here][(bits <= 0) | (bits > EXPONENT)] = 0xFF


def _encode_hif8(x: Float32, codes: Bytes, *, saturate: bool) -> None:
    table = _hif8_table(saturate)
    for here in chunks(x.size):
        np.take(table, x[here].view(np.uint32) >> 19, out=codes[here], mode="wrap")
        nan = np.isnan(x[here])
        if nan.any():
            codes[here][nan] = 0x80


@functools.cache
def _hif8_table(saturate: bool) -> Bytes:
    """HiF8 code by sign, exponent and top four mantissa bits; every tie lies on such a boundary."""
    fmt = format_of("hif8")
    values = np.array([value for value, _ in ladder(fmt)])
    magnitudes = np.array([code for _, code in ladder(fmt)], dtype=np.uint8)
    magnitudes[-1] = fmt.max_code if saturate else 0x6F
    ties = (values[1:] + values[:-1]) / 2
    edges = (np.arange(1 << 12, dtype=np.uint32) << 19).view(np.float32)
    positive = magnitudes[np.searchsorted(ties, np.nan_to_num(edges), side="right")]
    negative = np.where(positive == 0, 0, positive | 0x80).astype(np.uint8)
    table = np.concatenate([positive, negative])
    table.flags.writeable = False
    return table
