"""Accelerators: what each runs natively and at which dense peak, what it costs, what links it.

Rows become ``Accelerator`` values, values become ``ChipArrays`` with one row per chip, so that the
cost equations are elementwise over (chips, draws). Reading a file is the caller's; only
``load_accelerators`` opens one, for the edges.

A new chip is a row of ``config/facts/accelerators.csv``; an empty cell is not known::

    >>> from engine.threat.chips import load_accelerators
    >>> from engine.threat.chips import find_chip, load_accelerators
    >>> h20 = find_chip(load_accelerators(), "H20")
    >>> h20.country, h20.memory_gb
    ('US', 96.0)

To see it work: ``nvsignal config check``, then ``nvsignal cost "DeepSeek-V3" --chip "your chip"``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from engine.errors import DataError, InputError, OutOfRangeError, UnknownNameError
from engine.phrases import phrase
from engine.tables import read_rows
from engine.threat import constants as k
from engine.values import Accelerator, FloatArray

FACTS = Path(__file__).resolve().parents[2] / "config" / "facts"

PRECISIONS = ("bf16", "fp8", "mxfp8", "hif8", "int8", "nvfp4", "mxfp4", "int4")
FOUR_BIT = frozenset({"nvfp4", "mxfp4", "int4"})
BYTES_PER_WEIGHT: Mapping[str, float] = {
    "bf16": 2.0,
    "fp8": 1.0 + 4 / 16_384,  # FP32 scale per 128x128 block
    "fp8-fnuz": 1.0 + 4 / 16_384,
    "hif8": 1.0,
    "int8": 1.0,
    "mxfp8": 1.0 + 1 / 32,
    "nvfp4": 0.5 + 1 / 16,
    "mxfp4": 0.5 + 1 / 32,
    "int4": 0.5 + 2 / 32,  # BF16 scale per group of 32, as Kimi K2 Thinking ships
}
"""Stored bytes per parameter with its scales (OCP MX v1.0, NVFP4, DeepSeek-V3 report)."""

_SYSTEMS: Mapping[str, tuple[int, str]] = {
    "Huawei CloudMatrix384 (system)": (384, "Huawei Ascend 910C")
}
COUNTRIES = ("CN", "US", "other")


def _sale_date(row: Mapping[str, str], name: str) -> date | None:
    """``on_sale_from``: first day on which the chip was certainly on sale; None for a roadmap."""
    text = (row.get("on_sale_from") or "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise DataError(
            phrase("{name}: on_sale_from '{text}' is not a date", name=name, text=text[:40]),
            remedy=phrase("use YYYY-MM-DD"),
        ) from None


def _origin(row: Mapping[str, str], name: str) -> tuple[str, str]:
    """(country, platform); never guessed from the vendor's name."""
    country = (row.get("country") or "").strip()
    if country not in COUNTRIES:
        raise DataError(
            phrase(
                "{name}: country '{country}' is none of {countries}",
                name=name,
                country=country[:20],
                countries=", ".join(COUNTRIES),
            ),
            remedy=phrase("give the country of its designer"),
        )
    usual = "domestic-other" if country == "CN" else "unknown"
    platform = (row.get("platform") or "").strip() or usual
    if platform not in k.PLATFORM_FACTOR:
        raise UnknownNameError(phrase("platform"), platform, list(k.PLATFORM_FACTOR))
    return country, platform


_MOST: Mapping[str, float] = {
    "bf16_dense_tflops": 1e6,
    "fp8_dense_tflops": 1e6,
    "int8_dense_tops": 1e6,
    "fp4_dense_tflops": 1e6,
    "memory_gb": 1e5,
    "memory_bw_tbs": 1e4,
    "scaleup_gbs_bidir": 1e5,
    "scaleout_gbit_s": 1e5,
    "tdp_w": 1e6,
    "price_usd": 1e8,
    "rent_usd_per_hour": 1e4,
}
"""Largest believable figure by column; a whole CloudMatrix384 stays below all of them."""


def parse_number(text: str, *, field: str, row: str) -> float | None:
    """A positive number, the middle of a range ``a-b``, or None for a blank.

    Raises ``OutOfRangeError`` naming row, field, value and the allowed range.
    """
    clean = text.strip()
    if not clean:
        return None
    parts = re.fullmatch(r"([0-9.]+(?:[eE]\+?[0-9]+)?)(?:-([0-9.]+))?", clean)
    most = _MOST.get(field, 1e9)
    try:
        if parts is None:
            raise ValueError(clean)
        first = float(parts[1])
        number = (first + float(parts[2] or first)) / 2
    except ValueError:
        number = -1.0
    if not 0 < number <= most:
        raise OutOfRangeError(
            phrase("{row}: {field}", row=str(row), field=field),
            clean[:40],
            phrase("above 0 to {most:sig6}", most=most),
        )
    return number


def _native(text: str) -> bool | None:
    """y and n are known; anything else (reported, unknown, blank) is not."""
    return {"y": True, "n": False}.get(text.strip().lower())


def _parse_row(row: Mapping[str, str]) -> Accelerator:
    name = row.get("chip", "").strip()
    if not name:
        raise DataError(phrase("an accelerator row has no chip name"))

    def number(field: str) -> float | None:
        return parse_number(row.get(field) or "", field=field, row=name)

    country, platform = _origin(row, name)
    notes = (row.get("export_status") or "", row.get("notes") or "")
    return Accelerator(
        chip=name,
        vendor=row.get("vendor", "").strip(),
        country=country,
        platform=platform,
        valid_from=_sale_date(row, name),
        bf16_tflops=number("bf16_dense_tflops"),
        fp8_tflops=number("fp8_dense_tflops"),
        int8_tops=number("int8_dense_tops"),
        fp4_tflops=number("fp4_dense_tflops"),
        fp8_native=_native(row.get("fp8_native") or ""),
        mx_native=_native(row.get("mx_e8m0_native") or ""),
        hif8_native=_native(row.get("hif8_native") or ""),
        memory_gb=number("memory_gb"),
        memory_bw_tbs=number("memory_bw_tbs"),
        scaleup_gbs_bidir=number("scaleup_gbs_bidir"),
        scaleout_gbit_s=number("scaleout_gbit_s"),
        tdp_w=number("tdp_w"),
        price_usd=number("price_usd"),
        rent_usd_per_hour=number("rent_usd_per_hour"),
        confidence=(row.get("confidence") or "D").strip(),
        source=(row.get("source") or "").strip(),
        note="; ".join(part.strip() for part in notes if part.strip()),
    )


def _per_device(system: Accelerator, devices: int, part: Accelerator | None) -> Accelerator:
    """A whole system's figures divided by its devices; its links are those of the part."""

    def share(total: float | None) -> float | None:
        return None if total is None else total / devices

    return replace(
        system,
        bf16_tflops=share(system.bf16_tflops),
        fp8_tflops=share(system.fp8_tflops),
        int8_tops=share(system.int8_tops),
        memory_gb=share(system.memory_gb),
        memory_bw_tbs=share(system.memory_bw_tbs),
        tdp_w=share(system.tdp_w),
        price_usd=share(system.price_usd),
        scaleup_gbs_bidir=None if part is None else part.scaleup_gbs_bidir,
        scaleout_gbit_s=None if part is None else part.scaleout_gbit_s,
        note=f"figures per device of {devices}; {system.note}",
    )


def parse_accelerators(rows: Iterable[Mapping[str, str]]) -> tuple[Accelerator, ...]:
    """One ``Accelerator`` per CSV row, in order; a system row is divided by its devices.

    Raises ``DataError`` naming row and field on a bad number or date, and on a repeated name.
    """
    chips = tuple(_parse_row(row) for row in rows)
    by_name = {chip.chip: chip for chip in chips}
    if len(by_name) != len(chips):
        raise DataError(phrase("an accelerator name appears twice"))
    return tuple(
        _per_device(chip, _SYSTEMS[chip.chip][0], by_name.get(_SYSTEMS[chip.chip][1]))
        if chip.chip in _SYSTEMS
        else chip
        for chip in chips
    )


def load_accelerators(path: Path | None = None) -> tuple[Accelerator, ...]:
    """The table of ``config/facts`` (or ``path``). For the edges: this opens a file."""
    return parse_accelerators(read_rows(path or FACTS / "accelerators.csv"))


def find_chip(chips: Sequence[Accelerator], name: str, *, as_of: date | None = None) -> Accelerator:
    """The chip called ``name`` (case ignored), or the only one that holds it as whole words.

    Raises ``UnknownNameError`` with the nearest name, and ``InputError`` when the name fits several
    chips or the chip was not yet on sale at ``as_of``.
    """
    wanted = name.strip().lower()
    exact = [chip for chip in chips if chip.chip.lower() == wanted]
    whole = re.compile(rf"(?<![a-z0-9]){re.escape(wanted)}(?![a-z0-9])")
    fitting = exact or [chip for chip in chips if wanted and whole.search(chip.chip.lower())]
    if not fitting:
        words = {w.strip("()") for chip in chips for w in chip.chip.split() if re.search(r"\d", w)}
        raise UnknownNameError(
            phrase("chip"), name, [*(chip.chip for chip in chips), *sorted(words)]
        )
    if len(fitting) > 1:
        names = ", ".join(f"'{chip.chip}'" for chip in fitting[:4])
        raise InputError(
            phrase("chip '{name}' fits several chips", name=name[:80]),
            remedy=phrase("name one: {names}", names=names),
        )
    chip = fitting[0]
    if as_of is not None and not on_sale(chip, as_of):
        when = (
            phrase("it has no sale date yet")
            if chip.valid_from is None
            else phrase("from {valid_from}", valid_from=str(chip.valid_from))
        )
        raise InputError(
            phrase("chip '{chip}' was not on sale on {as_of}", chip=chip.chip, as_of=str(as_of)),
            remedy=when,
        )
    return chip


def on_sale(chip: Accelerator, on: date) -> bool:
    """Whether the chip could be bought anywhere on that day."""
    started = chip.valid_from is not None and chip.valid_from <= on
    return started and (chip.valid_to is None or on <= chip.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """What really runs when a format is asked for. ``flops`` dense FLOP/s (INT8: OP/s)."""

    asked: str
    runs_as: str
    flops: float
    weight_format: str
    reason: str = ""


def peak_flops(chip: Accelerator, precision: str) -> Peak | None:
    """The format ``chip`` computes in when weights come in ``precision``, and its dense peak.

    A chip without FP8 units serves an FP8 model in INT8, and in BF16 where it has no INT8 rate.
    On a chip without FP4 units four-bit floats are stored in four bits and computed in BF16, as
    the kernels for Hopper do; four-bit integers are computed in eight.
    None when the table holds no peak for any of them. Raises ``OutOfRangeError`` on an unknown
    precision.
    """
    if precision not in PRECISIONS:
        raise OutOfRangeError("precision", precision, ", ".join(PRECISIONS))
    if precision == "bf16":
        return _peak(chip.bf16_tflops, precision, "bf16", "bf16")
    if precision == "int8":
        return _peak(chip.int8_tops, precision, "int8", "int8") or _in_bf16(chip, precision)
    if precision in ("nvfp4", "mxfp4") and chip.fp4_tflops is not None:
        form = "mxfp4" if chip.domestic else precision
        return _peak(chip.fp4_tflops, precision, form, form)
    if precision not in FOUR_BIT:
        return _eight_bit(chip, precision)
    wide = _eight_bit(chip, precision) if precision == "int4" else _in_bf16(chip, precision)
    if wide is None:
        return None
    reason = f"weights stored in {precision}, computed in {wide.runs_as}"
    return replace(wide, weight_format=precision, reason=reason)


def fnuz(chip: Accelerator) -> bool:
    """Whether the chip's FP8 is AMD's FNUZ pair, whose bytes are not OCP FP8 (MI300 series)."""
    return chip.vendor == "AMD" and "FNUZ" in chip.note


def _eight_bit(chip: Accelerator, precision: str) -> Peak | None:
    if chip.fp8_tflops is not None and chip.fp8_native is not False and not fnuz(chip):
        form = "hif8" if precision == "hif8" and chip.hif8_native else "fp8"
        form = "mxfp8" if precision == "mxfp8" and chip.mx_native else form
        why = "" if chip.fp8_native else "FP8 is reported, not documented"
        return _peak(chip.fp8_tflops, precision, form, form, why)
    if chip.fp8_tflops is not None:  # a peak without OCP FP8: AMD's FNUZ pair
        why = "FNUZ bytes: OCP FP8 weights are converted"
        return _peak(chip.fp8_tflops, precision, "fp8-fnuz", "fp8-fnuz", why)
    if chip.int8_tops is not None:
        why = "no FP8 units in the table: re-quantised to INT8"
        return _peak(chip.int8_tops, precision, "int8", "int8", why)
    return _in_bf16(chip, precision)


def _in_bf16(chip: Accelerator, precision: str) -> Peak | None:
    return _peak(chip.bf16_tflops, precision, "bf16", "bf16", "no eight-bit rate: computed in BF16")


def _peak(
    tflops: float | None, asked: str, runs_as: str, weights: str, reason: str = ""
) -> Peak | None:
    if tflops is None:
        return None
    return Peak(
        asked=asked, runs_as=runs_as, flops=tflops * 1e12, weight_format=weights, reason=reason
    )


def scale_up_domain(chip: Accelerator) -> int:
    """Devices that reach each other over the scale-up link."""
    for part, devices in k.SCALE_UP_DOMAIN.items():
        if part in chip.chip:
            return devices
    return k.DEFAULT_SCALE_UP_DOMAIN


def dies_per_device(chip: Accelerator) -> float:
    """Separate ranks inside one device, each with its own share of the memory."""
    return next((n for part, n in k.DIES_PER_DEVICE.items() if part in chip.chip), 1.0)


def power_kw(chip: Accelerator) -> float | None:
    """Wall power of one chip with its share of server and cooling; None without a TDP.

    TDP x server factor x load x PUE (Epoch AI). The 910-series system rows hold node-level power.
    """
    if chip.tdp_w is None:
        return None
    if chip.chip in k.SYSTEM_LEVEL_POWER:
        server, load = 1.0, k.POWER_LOAD
    else:
        server = k.SERVER_POWER_FACTOR.get(chip.platform, k.SERVER_POWER_FACTOR["other"])
        load = k.TPU_POWER_LOAD if chip.platform == "tpu" else k.POWER_LOAD
    return chip.tdp_w / 1000 * server * load * k.PUE


def ownership_usd_per_hour(chip: Accelerator) -> float | None:
    """Amortised server and network plus energy, USD per chip-hour; None without price or TDP.

    price x 1.64 / 5 years / (1 - 0.19) + energy (Epoch AI); a price that is a share of a whole
    system already holds server and network.
    """
    power = power_kw(chip)
    if chip.price_usd is None or power is None:
        return None
    whole = chip.chip in k.SYSTEM_PRICED
    upfront = chip.price_usd * (1.0 if whole else k.SERVER_OVERHEAD / (1 - k.NETWORK_SHARE))
    return upfront / (k.AMORTISATION_YEARS * k.HOURS_PER_YEAR) + power * k.USD_PER_KWH


@dataclass(frozen=True, slots=True, kw_only=True)
class HourPrice:
    """USD per chip-hour and where it comes from: ``rent``, ``ownership`` or ``given``."""

    usd: float
    basis: str


def hour_price(chip: Accelerator) -> HourPrice | None:
    """What a chip-hour costs: the market rent, or ownership where the rent is only a list price.

    None when neither rent nor price is known: never a default.
    """
    own, rent = ownership_usd_per_hour(chip), chip.rent_usd_per_hour
    if rent is not None and (own is None or rent <= k.LIST_RENT_OVER_OWNERSHIP * own):
        return HourPrice(usd=rent, basis="rent")
    return None if own is None else HourPrice(usd=own, basis="ownership")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipArrays:
    """Chips as columns of shape (chips, 1), ready to broadcast against draws; NaN is unknown.

    FLOP/s, bytes, bytes/s; links one-directional; ``domain`` devices on the scale-up link.
    ``*_other`` is for weights outside the experts of a mixture: four-bit formats are published for
    experts only, the rest stays in eight bits.
    """

    names: tuple[str, ...]
    platforms: tuple[str, ...]
    runs_as: tuple[str | None, ...]
    peak: FloatArray
    peak_bf16: FloatArray
    peak_other: FloatArray
    weight_bytes: FloatArray
    other_bytes: FloatArray
    memory: FloatArray
    bandwidth: FloatArray
    scale_up: FloatArray
    scale_out: FloatArray
    domain: FloatArray
    dies: FloatArray
    power_kw: FloatArray
    usd_per_hour: FloatArray
    domestic: FloatArray
    error_sigma: FloatArray


def error_sigma(chip: Accelerator) -> float:
    """Log sd of the model's error on this chip: measured platform, stranger, or contested chip."""
    if chip.confidence.strip().upper() == "D":
        return k.ERROR_SIGMA_DOUBTFUL
    if chip.platform in k.MEASURED_PLATFORMS:
        return k.ERROR_SIGMA_MEASURED
    return k.ERROR_SIGMA_UNSEEN


def chip_arrays(chips: Sequence[Accelerator], precision: str) -> ChipArrays:
    """``chips`` as columns, each with the peak it really reaches for ``precision``."""
    peaks = [peak_flops(chip, precision) for chip in chips]
    four_bit = precision in FOUR_BIT
    others = [peak_flops(chip, "fp8" if four_bit else precision) for chip in chips]
    prices = [hour_price(chip) for chip in chips]
    return ChipArrays(
        names=tuple(chip.chip for chip in chips),
        platforms=tuple(chip.platform for chip in chips),
        runs_as=tuple(None if peak is None else peak.runs_as for peak in peaks),
        peak=_column([None if peak is None else peak.flops for peak in peaks]),
        peak_bf16=_column([chip.bf16_tflops for chip in chips], 1e12),
        peak_other=_column([None if peak is None else peak.flops for peak in others]),
        weight_bytes=_column([_weight_bytes(peak) for peak in peaks]),
        other_bytes=_column([_weight_bytes(peak) for peak in others]),
        memory=_column([chip.memory_gb for chip in chips], 1e9),
        bandwidth=_column([chip.memory_bw_tbs for chip in chips], 1e12),
        scale_up=_column([chip.scaleup_gbs_bidir for chip in chips], 0.5e9),
        scale_out=_column([chip.scaleout_gbit_s for chip in chips], 1e9 / 8),
        domain=_column([float(scale_up_domain(chip)) for chip in chips]),
        dies=_column([dies_per_device(chip) for chip in chips]),
        power_kw=_column([power_kw(chip) for chip in chips]),
        usd_per_hour=_column([None if price is None else price.usd for price in prices]),
        domestic=_column([float(chip.domestic) for chip in chips]),
        error_sigma=_column([error_sigma(chip) for chip in chips]),
    )


def _weight_bytes(peak: Peak | None) -> float | None:
    return None if peak is None else BYTES_PER_WEIGHT[peak.weight_format]


def _column(numbers: Sequence[float | None], unit: float = 1.0) -> FloatArray:
    values = [np.nan if number is None else number * unit for number in numbers]
    return np.array(values, dtype=np.float64).reshape(-1, 1)
