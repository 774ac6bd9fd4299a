"""Published cost and throughput figures as a table, and what the model says of each.

``config/facts/published_costs.csv`` holds one figure a row. ``use`` says what it may be taken for:
``fitted`` rows set constants; ``held_out`` rows (N) were written down and committed before the
model was run on them, once; ``seen`` rows (H) were such once, set no constant either, and have been
looked at since. A row's ``kind``: prefill, decode (tokens per second and device), both (output
tokens of a device that does both), training (millions of device-hours of a whole run); and of a
benchmark's steady step training_rate (TFLOP/s) and training_tokens (tokens per second and device).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import DataError
from engine.phrases import phrase
from engine.record.readings import Dimensions
from engine.tables import read_rows
from engine.threat.architectures import Arch, arch_of, estimate_arch, match_architecture
from engine.threat.chips import FACTS, ChipArrays, chip_arrays, find_chip
from engine.threat.cost import (
    CostDraws,
    Load,
    central,
    decode_tok_s,
    draw,
    fitting,
    prefill_tok_s,
    served_tok_s,
    training_flops,
    training_hours,
)
from engine.values import Accelerator, FloatArray

KINDS = ("prefill", "decode", "both", "training", "training_rate", "training_tokens")
USES = ("fitted", "seen", "held_out")
UNKNOWN_CONTEXT = 4096.0
UNKNOWN_CLUSTER = 2048.0
"""Devices of a training run that does not say how many: failures cost a large one more."""
AIM_RMS_LOG_ERROR = 0.30
"""What the model is held to over figures never fitted, all families together."""
LEAST_FIGURES = 40
"""Figures run once below which nothing is said of the aim."""
N_DRAWS = 4096
SEED = 20_260_601


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One published figure. batch None: memory filled. tokens_t: trillions of training tokens.

    devices: of the group that serves, or of the whole run; None where not said. verified, accepted:
    drafted positions of a step and extra tokens it yields. prompt: of a training run its context.
    total_b, active_b: parameters in billions where the model is in no table; None where it is.
    """

    name: str
    use: str
    kind: str
    chip: str
    precision: str
    model: str
    prompt: float
    output: float
    batch: float | None
    devices: float | None
    kv_bytes: float
    attention_8bit: bool
    verified: float
    accepted: float
    tokens_t: float | None
    total_b: float | None
    active_b: float | None
    published: float
    unit: str
    source: str

    @property
    def training(self) -> bool:
        """Whether the figure is of a training run."""
        return self.kind.startswith("training")


def parse_points(rows: Iterable[Mapping[str, str]]) -> tuple[Point, ...]:
    """One ``Point`` a row. Raises ``DataError`` naming row and field."""
    return tuple(_parse(row) for row in rows)


def _parse(row: Mapping[str, str]) -> Point:
    name = (row.get("point") or "").strip() or "a point"

    def number(field: str) -> float | None:
        text = (row.get(field) or "").strip()
        try:
            return float(text) if text else None
        except ValueError:
            raise DataError(
                phrase(
                    "{name}: {field} = '{text}' is no number",
                    name=name,
                    field=field,
                    text=text[:40],
                )
            ) from None

    published = number("published")
    kind, use = (row.get("kind") or "").strip(), (row.get("use") or "").strip()
    if published is None or published <= 0:
        raise DataError(phrase("{name}: published is missing", name=name))
    for value, allowed in ((kind, KINDS), (use, USES)):
        if value not in allowed:
            raise DataError(
                phrase("{name}: '{value}'", name=name, value=value[:40]), remedy=", ".join(allowed)
            )
    return Point(
        name=name,
        use=use,
        kind=kind,
        chip=(row.get("chip") or "").strip(),
        precision=(row.get("precision") or "").strip(),
        model=(row.get("model") or "").strip(),
        prompt=number("prompt") or UNKNOWN_CONTEXT,
        output=number("output") or 0.0,
        batch=number("batch"),
        devices=number("devices"),
        kv_bytes=number("kv_bytes") or 2.0,
        attention_8bit=(row.get("attention_8bit") or "").strip() == "y",
        verified=number("verified") or 1.0,
        accepted=number("accepted") or 0.0,
        tokens_t=number("tokens_t"),
        total_b=number("total_b"),
        active_b=number("active_b"),
        published=published,
        unit=(row.get("unit") or "").strip(),
        source=(row.get("source") or "").strip(),
    )


def load_points(path: Path | None = None) -> tuple[Point, ...]:
    """The table of ``config/facts`` (or ``path``). For the edges: this opens a file."""
    return parse_points(read_rows(path or FACTS / "published_costs.csv"))


def architecture(point: Point, models: Sequence[Dimensions]) -> Arch:
    """Coefficients from the table, with the point's own counts; else inferred from the counts."""
    found = match_architecture(models, point.model)
    if found is None:
        if point.total_b is None or point.active_b is None:
            raise DataError(
                phrase("{name}: no dimensions of '{model}'", name=point.name, model=point.model)
            )
        return estimate_arch(point.total_b * 1e9, point.active_b * 1e9)
    return arch_of(found)


def modelled(
    point: Point, chips: Sequence[Accelerator], models: Sequence[Dimensions], with_: CostDraws
) -> FloatArray:
    """What the model says of ``point``, in its unit; shape of ``with_``."""
    chip = chip_of(point, chips)
    arch = architecture(point, models)
    if point.training:
        return _training(point, arch, chip, with_)
    load = Load(
        prompt_tokens=point.prompt,
        output_tokens=point.output,
        batch=point.batch or 4096.0,
        devices=point.devices,
        kv_bytes=point.kv_bytes,
        attention_8bit=point.attention_8bit,
        verified=point.verified,
        accepted=point.accepted,
    )
    if point.kind == "prefill":
        return prefill_tok_s(arch, chip, load, with_)
    if point.batch is None:
        load = fitting(arch, chip, load)
    serve = decode_tok_s if point.kind == "decode" else served_tok_s
    return serve(arch, chip, load, with_)


def chip_of(point: Point, chips: Sequence[Accelerator]) -> ChipArrays:
    """The point's chip as columns of shape (1, 1)."""
    return chip_arrays([find_chip(chips, point.chip)], point.precision)


def _training(point: Point, arch: Arch, chip: ChipArrays, with_: CostDraws) -> FloatArray:
    tokens = (point.tokens_t or 1.0) * 1e12
    hours = training_hours(
        arch,
        chip,
        tokens,
        with_,
        fp8=point.precision == "fp8",
        context=point.prompt,
        devices=point.devices or UNKNOWN_CLUSTER,
        benchmark=point.kind != "training",
    )
    if point.kind == "training":
        return hours / 1e6
    if point.kind == "training_tokens":
        return np.asarray(tokens / hours / 3600.0)
    return np.asarray(training_flops(arch, tokens) / hours / 3600.0 / 1e12)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPoint:
    """One point beside the model. log_error: natural log of modelled over published, central
    constants. low, high: the 90 % band in the point's unit."""

    point: Point
    platform: str
    modelled: float
    log_error: float
    low: float
    high: float

    @property
    def covered(self) -> bool:
        """Whether the band holds the published figure."""
        return self.low <= self.point.published <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How a set of points came out. band_factor: median of upper over lower end of the band."""

    n: int
    rms_log_error: float
    mean_log_error: float
    covered: int
    band_factor: float


def score_points(
    points: Sequence[Point], chips: Sequence[Accelerator], models: Sequence[Dimensions]
) -> tuple[ScoredPoint, ...]:
    """Every point with its modelled figure, error and band."""
    return tuple(_scored(point, chips, models) for point in points)


def _scored(
    point: Point, chips: Sequence[Accelerator], models: Sequence[Dimensions]
) -> ScoredPoint:
    chip = chip_of(point, chips)
    middle = modelled(point, chips, models, central(chip)).item()
    drawn = draw(chip, N_DRAWS, np.random.default_rng(SEED))
    low, high = np.percentile(modelled(point, chips, models, drawn), (5.0, 95.0))
    return ScoredPoint(
        point=point,
        platform=chip.platforms[0],
        modelled=middle,
        log_error=float(np.log(middle / point.published)),
        low=float(low),
        high=float(high),
    )


def summary(scored: Sequence[ScoredPoint]) -> Score:
    """Root mean square and mean of the log errors, coverage and median width of the bands.

    Raises ``DataError`` without points.
    """
    if not scored:
        raise DataError(phrase("no published figure to score"))
    errors = np.array([s.log_error for s in scored])
    widths = np.log([s.high / s.low for s in scored])
    return Score(
        n=len(scored),
        rms_log_error=float(np.sqrt(np.mean(errors**2))),
        mean_log_error=float(np.mean(errors)),
        covered=sum(s.covered for s in scored),
        band_factor=float(np.exp(np.median(widths))),
    )
