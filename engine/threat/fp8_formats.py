"""The low-precision number formats, defined from their fields, one number at a time.

This module is the slow, readable truth. ``value_of`` says what a byte means, ``byte_of`` says which
byte a number becomes, and both read like the specification. The array code in ``fp8_codec`` is fast
and is tested against them, byte for byte.

Sources: OCP 8-bit Floating Point Specification 1.0 (E4M3, E5M2); OCP Microscaling Formats 1.0
(E8M0, E2M1); arXiv 2206.02915 (the FNUZ pair); arXiv 2409.16626 (HiF8).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Final, Literal

from engine.errors import DataError, OutOfRangeError, UnknownNameError
from engine.phrases import phrase

Overflow = Literal["saturate", "nonsaturate"]
OVERFLOWS: Final = ("saturate", "nonsaturate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One number format.

    bits: width of a code. mantissa_bits: stored fraction bits (None: it varies with the value).
    bias: exponent bias. min_exponent: exponent of the smallest normal number; below it the step
    stays constant. max_code, max_finite: the largest finite magnitude, as byte and as value.
    nan_code: canonical NaN without sign, None when the format has no NaN.
    overflow_code: what a too large number becomes when not saturating; None: it always saturates.
    signed_special: NaN carries the sign, and -0 exists.
    ties: where a number exactly between two neighbours goes.
    """

    name: str
    bits: int
    mantissa_bits: int | None
    bias: int
    min_exponent: int
    max_code: int
    max_finite: float
    nan_code: int | None
    overflow_code: int | None
    signed_special: bool
    ties: Literal["even", "away"]

    @property
    def n_codes(self) -> int:
        """How many codes there are: 256, or 16 for a four-bit format."""
        return 1 << self.bits

    @property
    def sign_bit(self) -> int:
        """The bit that carries the sign; 0 for the unsigned E8M0."""
        return 0 if self.name == "e8m0" else 1 << (self.bits - 1)

    @property
    def max_exponent(self) -> int:
        """floor(log2(max_finite)): the ``emax`` of the MX specification."""
        return math.frexp(self.max_finite)[1] - 1

    @property
    def is_element(self) -> bool:
        """True when a block-scaled tensor may hold it: a sign and a fixed mantissa width."""
        return self.mantissa_bits is not None and self.sign_bit != 0


FORMATS: Final[tuple[Format, ...]] = (
    Format(
        name="e4m3fn", bits=8, mantissa_bits=3, bias=7, min_exponent=-6, max_code=0x7E,
        max_finite=448.0, nan_code=0x7F, overflow_code=0x7F, signed_special=True, ties="even",
    ),
    Format(
        name="e5m2", bits=8, mantissa_bits=2, bias=15, min_exponent=-14, max_code=0x7B,
        max_finite=57344.0, nan_code=0x7E, overflow_code=0x7C, signed_special=True, ties="even",
    ),
    Format(
        name="e8m0", bits=8, mantissa_bits=0, bias=127, min_exponent=-127, max_code=0xFE,
        max_finite=2.0**127, nan_code=0xFF, overflow_code=0xFF, signed_special=False, ties="away",
    ),
    Format(
        name="e4m3fnuz", bits=8, mantissa_bits=3, bias=8, min_exponent=-7, max_code=0x7F,
        max_finite=240.0, nan_code=0x80, overflow_code=0x80, signed_special=False, ties="even",
    ),
    Format(
        name="e5m2fnuz", bits=8, mantissa_bits=2, bias=16, min_exponent=-15, max_code=0x7F,
        max_finite=57344.0, nan_code=0x80, overflow_code=0x80, signed_special=False, ties="even",
    ),
    Format(
        name="hif8", bits=8, mantissa_bits=None, bias=0, min_exponent=-15, max_code=0x6E,
        max_finite=32768.0, nan_code=0x80, overflow_code=0x6F, signed_special=False, ties="away",
    ),
    Format(
        name="e2m1", bits=4, mantissa_bits=1, bias=1, min_exponent=0, max_code=0x7,
        max_finite=6.0, nan_code=None, overflow_code=None, signed_special=True, ties="even",
    ),
)  # fmt: skip


def format_of(name: str) -> Format:
    """The format called ``name``; ``UnknownNameError`` with the nearest name otherwise."""
    for candidate in FORMATS:
        if candidate.name == name:
            return candidate
    raise UnknownNameError(phrase("number format"), name, [f.name for f in FORMATS])


def check_overflow(fmt: Format, overflow: str) -> None:
    """Refuse an overflow mode that does not exist, or that ``fmt`` has no code for."""
    if overflow not in OVERFLOWS:
        raise OutOfRangeError("overflow", overflow, " or ".join(OVERFLOWS))
    if overflow == "nonsaturate" and fmt.overflow_code is None:
        raise OutOfRangeError(
            "overflow",
            overflow,
            phrase("saturate only: {name} has neither infinity nor NaN", name=fmt.name),
        )


def value_of(code: int, fmt: Format) -> float:
    """The value of one code, from its sign, exponent and mantissa fields. Exact in float64."""
    if not 0 <= code < fmt.n_codes:
        raise OutOfRangeError(
            phrase("{name} code", name=fmt.name),
            code,
            phrase("0 to {n_codes}", n_codes=fmt.n_codes - 1),
        )
    magnitude_code = code & ~fmt.sign_bit
    sign = -1.0 if code & fmt.sign_bit else 1.0
    if _is_nan(code, fmt):
        return math.copysign(math.nan, 1.0 if fmt.name == "hif8" else sign)
    if fmt.name == "e8m0":
        return 2.0 ** (code - fmt.bias)
    if magnitude_code == _infinity_code(fmt):
        return sign * math.inf
    return sign * (_hif8_magnitude(magnitude_code) if fmt.name == "hif8" else _ieee(code, fmt))


def _infinity_code(fmt: Format) -> int | None:
    return None if fmt.overflow_code == fmt.nan_code else fmt.overflow_code


def _is_nan(code: int, fmt: Format) -> bool:
    if fmt.nan_code is None or not fmt.signed_special:  # none, or exactly one
        return code == fmt.nan_code
    infinity = _infinity_code(fmt)
    return code & ~fmt.sign_bit > (fmt.max_code if infinity is None else infinity)


def _ieee(code: int, fmt: Format) -> float:
    """2^(e - bias) (1 + m / 2^M), or m 2^(1 - bias - M) where the exponent field e is zero."""
    width = fmt.mantissa_bits or 0
    mantissa = code & ((1 << width) - 1)
    exponent = (code & ~fmt.sign_bit) >> width
    if exponent == 0:
        return math.ldexp(mantissa, fmt.min_exponent - width)
    return math.ldexp((1 << width) + mantissa, exponent - fmt.bias - width)


# HiF8's dot field is a prefix code: (prefix, its length, number of exponent bits that follow).
_HIF8_DOTS: Final = ((0b11, 2, 4), (0b10, 2, 3), (0b01, 2, 2), (0b001, 3, 1), (0b0001, 4, 0))


def _hif8_magnitude(code: int) -> float:
    """Dot, then a sign-magnitude exponent without its leading one, then what is left of 7 bits."""
    for prefix, length, n_exponent in _HIF8_DOTS:
        if code >> (7 - length) != prefix:
            continue
        width = 7 - length - n_exponent
        mantissa = code & ((1 << width) - 1)
        exponent = _hif8_exponent((code >> width) & ((1 << n_exponent) - 1), n_exponent)
        return math.ldexp((1 << width) + mantissa, exponent - width)
    return math.ldexp(1.0, code - 23) if code else 0.0  # denormal: powers of two only


def _hif8_exponent(field: int, n_bits: int) -> int:
    if n_bits == 0:
        return 0
    leading_one = 1 << (n_bits - 1)
    magnitude = leading_one | (field & (leading_one - 1))
    return -magnitude if field & leading_one else magnitude


def byte_of(x: float, fmt: Format, overflow: Overflow = "saturate") -> int:
    """The code of one number: the nearest value, ties as the format says, overflow as asked.

    Saturating: beyond the largest finite value, infinity included, it becomes that value.
    Otherwise ``overflow_code``, as soon as rounding with one more step would leave the range: E4M3
    keeps 464, half a step above 448, because the tie goes to the even 448; E5M2 loses 61440.
    A NaN in a format without NaN is refused (``DataError``).

    E8M0 holds positive powers of two only: zero and negative numbers become its NaN. This is
    *nearest, ties up*, not a rule for choosing a block scale; see ``fp8_blocks.scale_bytes``.
    """
    check_overflow(fmt, overflow)
    sign = fmt.sign_bit if math.copysign(1.0, x) < 0 else 0
    if math.isnan(x) or (fmt.name == "e8m0" and x <= 0):
        if fmt.nan_code is None:
            raise DataError(phrase("{name} has no NaN", name=fmt.name))
        return fmt.nan_code | (sign if fmt.signed_special else 0)
    code = _nearest_magnitude(abs(x), fmt)
    if code is None:
        beyond = fmt.overflow_code if overflow == "nonsaturate" else None
        code = fmt.max_code if beyond is None else beyond
    has_sign = fmt.signed_special or code not in (0, fmt.nan_code)
    return code | sign if has_sign else code


def _nearest_magnitude(a: float, fmt: Format) -> int | None:
    """The code nearest to ``a`` >= 0; None when the nearest lies beyond the largest."""
    for (low, code), (high, next_code) in itertools.pairwise(ladder(fmt)):
        tie = low + (high - low) / 2
        if fmt.name == "e8m0" and code == 0:
            tie = math.nextafter(low, high)  # below float32's normals ml_dtypes and torch round up
        tie_stays_low = fmt.ties == "even" and next_code % 2 == 1
        if a < tie or (a == tie and tie_stays_low):
            return code
    return None


def ladder(fmt: Format) -> list[tuple[float, int]]:
    """(value, code) of every magnitude, ascending, and the rung where the next one would be."""
    codes = range(1 << (fmt.bits - 1) if fmt.sign_bit else fmt.n_codes)
    finite = sorted((v, c) for c in codes if math.isfinite(v := value_of(c, fmt)))
    (below, _), (top, top_code) = finite[-2:]
    ratio_steps = fmt.name in ("hif8", "e8m0")  # one mantissa bit or none: steps grow with 2^E
    step = top / (2 if fmt.name == "hif8" else 1) if ratio_steps else top - below
    return [*finite, (top + step, top_code + 1)]
