"""One cost estimate with its interval and everything that was assumed.

``estimate`` is pure: it takes a ``Subject`` (what is known of a model), a chip and a ``Load`` and
returns figures at their 5th, 50th and 95th percentile over a fixed seed. A figure whose inputs are
undisclosed is None, and an assumption says which input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.errors import InputError, OutOfRangeError, UnknownNameError
from engine.phrases import phrase
from engine.record.readings import Dimensions
from engine.threat import constants as k
from engine.threat.architectures import (
    Arch,
    arch_of,
    estimate_arch,
    match_architecture,
    parse_architectures,
)
from engine.threat.chips import (
    FOUR_BIT,
    ChipArrays,
    Peak,
    chip_arrays,
    error_sigma,
    hour_price,
    parse_accelerators,
    peak_flops,
    scale_up_domain,
)
from engine.threat.cost import (
    CostDraws,
    Load,
    batch_for_tpot,
    central,
    decode_tok_s,
    default_devices,
    draw,
    energy_mwh,
    interval,
    max_batch,
    min_devices,
    serve,
    tpot_ms,
    training_flops,
    training_hours,
    training_usd,
)
from engine.values import Accelerator, Assumption, CostEstimate, Interval

DEFAULT_DRAWS = 4096
DEFAULT_SEED = 20_260_601
DEFAULT_TPOT_MS = 50.0
"""Published services promise 50 ms a token (CloudMatrix384, DeepSeek's day report)."""
MOST_TRAINING_TOKENS = 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is known of a model: dimensions, or parameter counts, or neither.

    training_tokens: pre-training tokens. weight_precision: the words of the release.
    """

    name: str
    dimensions: Dimensions | None = None
    total_params: float | None = None
    active_params: float | None = None
    training_tokens: float | None = None
    weight_precision: str | None = None
    source: str = ""

    def arch(self) -> Arch | None:
        """Coefficients, inferred from parameter counts where dimensions are unknown."""
        if self.dimensions is not None:
            return arch_of(self.dimensions)
        if self.total_params is None or self.active_params is None:
            return None
        return estimate_arch(self.total_params, self.active_params)

    @property
    def fp8_trained(self) -> bool:
        """Whether the release names FP8 as the weights' own format."""
        words = (self.weight_precision or "").lower()
        return words.startswith(("fp8", "fp4+fp8", "mxfp8"))

    @property
    def default_precision(self) -> str:
        """The format the weights are published in; FP8 where it is not said."""
        words = (self.weight_precision or "").lower()
        if "fp4" in words:
            return "mxfp4"
        if words == "int4":
            return "int4"
        return "bf16" if words == "bf16" else "fp8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A ``CostEstimate`` with the choices behind it. None: undisclosed inputs.

    precision_asked against what the chip computes in; devices per serving group; sequences per
    device, asked or chosen, and the most that memory holds; ms between two tokens of a sequence.
    """

    cost: CostEstimate
    precision_asked: str
    computes_in: str | None
    devices: int | None
    min_devices: int | None
    batch: int | None
    max_batch: int | None
    tpot_ms: Interval | None
    usd_per_chip_hour: float | None


def find_subject(
    name: str, models: Sequence[Dimensions], releases: Sequence[Mapping[str, str]]
) -> Subject:
    """The model called ``name`` in either table (aliases count, case does not).

    Dimensions come from the architecture table, training tokens and precision from the release of
    that very name, or of another name of the same row. Raises ``UnknownNameError``.
    """
    dims = match_architecture(models, name)
    names = {name.strip().lower()}
    exact = [row for row in releases if (row.get("model") or "").lower() in names]
    if dims is not None and not exact and name.strip().lower() == dims.model.lower():
        names = {n.lower() for n in dims.aliases}
        exact = [row for row in releases if (row.get("model") or "").lower() in names]
    if dims is None and not exact:
        known = [n for d in models for n in (d.model, *d.aliases)]
        raise UnknownNameError(phrase("model"), name, known + [row["model"] for row in releases])
    row: Mapping[str, str] = exact[0] if exact else {}
    total, active = _scaled(row, "total_params_b", 1e9), _scaled(row, "active_params_b", 1e9)
    return Subject(
        name=dims.model if dims is not None and not row else row.get("model", name),
        dimensions=dims,
        total_params=dims.total_params if dims is not None else total,
        active_params=dims.active_params if dims is not None else active,
        training_tokens=_scaled(row, "training_tokens_t", 1e12),
        weight_precision=row.get("weight_precision") or None,
        source=(dims.source if dims is not None else row.get("source")) or "",
    )


def _scaled(row: Mapping[str, str], field: str, unit: float) -> float | None:
    text = (row.get(field) or "").strip()
    return float(text) * unit if text else None


# --- models and chips from a file ----------------------------------------------------------------
MODEL_KEYS = (
    "name", "total_params_b", "active_params_b", "training_tokens_t", "weight_precision",
    "attention_kind", "layers", "moe_layers", "hidden", "heads", "kv_heads", "head_dim",
    "kv_lora_rank", "rope_dim", "v_head_dim", "experts_routed", "experts_per_token",
    "moe_intermediate", "vocab", "full_attention_layers", "index_heads", "index_head_dim",
    "index_topk", "sliding_window", "kv_elements_per_token", "mtp_depth", "max_context",
)  # fmt: skip
CHIP_KEYS = (
    "chip", "vendor", "country", "platform", "on_sale_from", "bf16_dense_tflops",
    "fp8_dense_tflops", "fp8_native", "int8_dense_tops", "fp4_dense_tflops",
    "mx_e8m0_native", "hif8_native", "memory_gb",
    "memory_bw_tbs", "scaleup_gbs_bidir", "scaleout_gbit_s", "tdp_w", "price_usd",
    "rent_usd_per_hour", "export_status", "confidence", "source", "notes",
)  # fmt: skip


def subject_from(fields: Mapping[str, object]) -> Subject:
    """A model from plain fields (``MODEL_KEYS``), as a TOML file holds them.

    With ``attention_kind``, ``layers``, ``hidden``, ``heads`` and ``head_dim`` the dimensions are
    known; with parameter counts alone they are estimated. Raises on unknown keys, on figures out
    of range and on active parameters above the total.
    """
    _known_keys("model field", fields, MODEL_KEYS)
    name = str(fields.get("name") or "model from file")[:120]
    total, active = _number(fields, "total_params_b"), _number(fields, "active_params_b")
    if active is None:
        active = total
    if total is not None and active is not None:
        estimate_arch(total * 1e9, active * 1e9)  # range checks, before anything is built on them
    tokens = _number(fields, "training_tokens_t")
    dims = None
    if "attention_kind" in fields:
        row = {key: _plain(value) for key, value in fields.items()}
        row |= {"model": name, "active_params_b": _plain(active)}
        if "kv_elements_per_token" not in fields:
            row["kv_elements_per_token"] = _plain(_cache_elements(fields))
        dims = parse_architectures([row])[0]
    return Subject(
        name=name,
        dimensions=dims,
        total_params=None if total is None else total * 1e9,
        active_params=None if active is None else active * 1e9,
        training_tokens=None if tokens is None else check_tokens(tokens * 1e12),
        weight_precision=str(fields["weight_precision"]) if "weight_precision" in fields else None,
        source="file",
    )


def _cache_elements(fields: Mapping[str, object]) -> float:
    """Cached elements per token from the shapes: the latent, or keys and values."""
    layers = _number(fields, "full_attention_layers") or _number(fields, "layers") or 0.0
    if latent := _number(fields, "kv_lora_rank"):
        return layers * (latent + (_number(fields, "rope_dim") or 0.0))
    heads = _number(fields, "kv_heads") or _number(fields, "heads") or 0.0
    key = _number(fields, "head_dim") or 0.0
    return layers * heads * (key + (_number(fields, "v_head_dim") or key))


def chip_from(fields: Mapping[str, object]) -> Accelerator:
    """A chip from plain fields (``CHIP_KEYS``, the columns of ``accelerators.csv``)."""
    _known_keys("chip field", fields, CHIP_KEYS)
    if not fields.get("chip"):
        raise InputError(phrase("the chip file names no chip"), remedy=phrase('add: chip = "NAME"'))
    return parse_accelerators([{key: _plain(value) for key, value in fields.items()}])[0]


def _known_keys(what: str, fields: Mapping[str, object], known: Sequence[str]) -> None:
    for key in fields:
        if key not in known:
            raise UnknownNameError(what, key, known)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "y" if value else "n"
    return "" if value is None else str(value)


def _number(fields: Mapping[str, object], field: str) -> float | None:
    value = fields.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise OutOfRangeError(field, value, phrase("a number above 0 and below 1e9"))
    return float(value)


def check_tokens(tokens: float) -> float:
    """``tokens`` if it is a believable pre-training length; raises ``OutOfRangeError``."""
    if not 1e6 <= tokens <= MOST_TRAINING_TOKENS:
        raise OutOfRangeError(
            "tokens_trained", tokens, phrase("1e6 to 1e15 tokens (0.000001T to 1000T)")
        )
    return tokens


# --- the estimate --------------------------------------------------------------------------------
def estimate(
    subject: Subject,
    chip: Accelerator,
    *,
    precision: str | None = None,
    load: Load | None = None,
    choose_batch: bool = False,
    choose_speculation: bool = True,
    target_tpot_ms: float = DEFAULT_TPOT_MS,
    training_tokens: float | None = None,
    usd_per_hour: float | None = None,
    n_draws: int = DEFAULT_DRAWS,
    seed: int = DEFAULT_SEED,
) -> Detail:
    """What ``subject`` costs to train and to serve on ``chip``.

    choose_batch: take the largest batch within memory and ``target_tpot_ms`` instead of the
    load's. choose_speculation: decode with the model's prediction layer (MTP) where it has one and
    that is faster, as operators do; else the load decides. training_tokens and usd_per_hour replace
    the tables' figures.
    """
    asked = precision or subject.default_precision
    peak = peak_flops(chip, asked)
    tokens = subject.training_tokens if training_tokens is None else check_tokens(training_tokens)
    one = _priced(chip_arrays([chip], asked), usd_per_hour)
    notes = [*_chip_notes(chip, peak, asked, one, usd_per_hour), *_model_notes(subject, tokens)]
    made = _Made(figures=dict.fromkeys(_FIGURES), notes=notes)
    arch = subject.arch()
    if arch is not None:
        rng = np.random.default_rng(seed)
        with_ = draw(one, n_draws, rng, estimated=bool(arch.estimated))
        if tokens is not None:
            _add_training(made, arch, one, tokens, subject.fp8_trained, with_)
        if peak is not None and np.isfinite(min_devices(arch, one)).all():
            mtp = 0 if subject.dimensions is None else subject.dimensions.mtp_depth
            target = target_tpot_ms if choose_batch else None
            chosen = _settle(
                made, arch, one, load or Load(), target, choose_speculation and mtp > 0
            )
            _add_serving(made, arch, one, chosen, with_)
            made.notes += _link_notes(arch, chip, one, chosen) + _load_notes(subject, chosen)
        made.notes.append(_error_note(chip, arch))
    return Detail(
        cost=CostEstimate(
            model=subject.name,
            chip=chip.chip,
            precision=asked if peak is None else peak.weight_format,
            assumptions=tuple(made.notes),
            **made.figures,
        ),
        precision_asked=asked,
        computes_in=None if peak is None else peak.runs_as,
        tpot_ms=made.pace,
        usd_per_chip_hour=None if np.isnan(one.usd_per_hour).any() else one.usd_per_hour.item(),
        **made.sizes,
    )


@dataclass(slots=True, kw_only=True)
class _Made:
    """What an estimate has gathered so far."""

    figures: dict[str, Interval | None]
    notes: list[Assumption]
    sizes: dict[str, int | None] = field(
        default_factory=lambda: dict.fromkeys(("devices", "min_devices", "batch", "max_batch"))
    )
    pace: Interval | None = None


def _priced(one: ChipArrays, usd_per_hour: float | None) -> ChipArrays:
    """``one`` at a given price of a chip-hour."""
    if usd_per_hour is None:
        return one
    if not 0 < usd_per_hour <= 1e4:
        raise OutOfRangeError("usd_per_hour", usd_per_hour, phrase("above 0 to 10000"))
    return replace(one, usd_per_hour=np.array([[usd_per_hour]]))


_FIGURES = (
    "training_flops", "training_chip_hours", "training_usd", "energy_mwh",
    "prefill_tok_s_per_chip", "decode_tok_s_per_chip", "usd_per_mtok_prefill",
    "usd_per_mtok_decode", "usd_per_mtok_blended",
)  # fmt: skip


def _settle(
    made: _Made,
    arch: Arch,
    one: ChipArrays,
    load: Load,
    target_ms: float | None,
    may_speculate: bool,
) -> Load:
    """Group size, speculation and batch made concrete; raises where the weights do not fit."""
    least = int(min_devices(arch, one).item())
    given = load.devices is not None
    if target_ms is not None:
        load = replace(load, batch=k.PLANNED_BATCH)
    devices = int(np.asarray(load.devices if given else default_devices(arch, one, load)).item())
    if devices < least:
        raise OutOfRangeError(
            "devices", devices, phrase("at least {least}, to hold the weights", least=least)
        )
    text = f"{devices} in one serving group"
    made.notes.append(_note("devices", text, "given" if given else "chosen"))
    most = int(max_batch(arch, one, replace(load, devices=float(devices))).item())
    load = replace(load, devices=float(devices))
    options = [_with_batch(arch, one, load, target_ms, most)]
    if may_speculate:
        fast = replace(load, verified=2.0, accepted=k.MTP_ACCEPTED)
        options.append(_with_batch(arch, one, fast, target_ms, most))
    constants = central(one)
    best = max(options, key=lambda o: decode_tok_s(arch, one, o, constants).item())
    made.notes += _batch_notes(load, best, target_ms, most)
    made.sizes = {
        "devices": devices,
        "min_devices": least,
        "batch": int(np.asarray(best.batch).item()),
        "max_batch": most,
    }
    return best


def _with_batch(
    arch: Arch, one: ChipArrays, load: Load, target_ms: float | None, most: int
) -> Load:
    """``load`` with the largest batch inside ``target_ms``, or its own within memory."""
    if target_ms is None:
        return replace(load, batch=float(int(min(np.asarray(load.batch).item(), max(most, 1)))))
    return replace(load, batch=max(batch_for_tpot(arch, one, load, target_ms).item(), 1.0))


def _batch_notes(asked: Load, chosen: Load, target_ms: float | None, most: int) -> list[Assumption]:
    notes = []
    batch, wanted = (np.asarray(load.batch).item() for load in (chosen, asked))
    if target_ms is not None:
        text = f"{batch:g} a device: most within memory and {target_ms:g} ms a token"
        notes.append(_note("batch", text, "chosen"))
    elif batch < wanted:
        text = f"{batch:g} a device: {wanted:g} asked, memory holds {most}"
        notes.append(_note("batch", text, "memory capacity"))
    extra = np.asarray(chosen.accepted).item()
    text = f"{extra:g} extra tokens a step" if extra else "none"
    notes.append(
        _note("speculation", text, "chosen" if chosen.verified != asked.verified else "load")
    )
    return notes


def _add_serving(made: _Made, arch: Arch, one: ChipArrays, load: Load, with_: CostDraws) -> None:
    if not made.sizes["max_batch"]:
        text = "not one sequence fits beside the weights: no serving figures"
        made.notes.append(_note("memory", text, "capacity"))
        return
    served = serve(arch, one, load, with_)
    made.pace = interval(tpot_ms(arch, one, load, with_))
    made.figures |= {
        "prefill_tok_s_per_chip": interval(served.prefill_tok_s),
        "decode_tok_s_per_chip": interval(served.decode_tok_s),
        "usd_per_mtok_prefill": interval(served.usd_per_mtok_prefill),
        "usd_per_mtok_decode": interval(served.usd_per_mtok_decode),
        "usd_per_mtok_blended": interval(served.usd_per_mtok_blended),
    }


def _add_training(
    made: _Made, arch: Arch, one: ChipArrays, tokens: float, fp8: bool, with_: CostDraws
) -> None:
    hours = training_hours(arch, one, tokens, with_, fp8=fp8)
    made.figures |= {
        "training_flops": _flops_interval(arch, tokens),
        "training_chip_hours": interval(hours),
        "training_usd": interval(training_usd(hours, one, with_)),
        "energy_mwh": interval(energy_mwh(hours, one)),
    }
    if made.figures["training_chip_hours"] is not None:
        made.notes.append(_training_note(arch, one, fp8))


def _flops_interval(arch: Arch, tokens: float) -> Interval:
    """6ND alone, with attention at 4K, and with attention at 8K context."""
    low = 6.0 * float(arch.active) * tokens
    mid, high = (float(training_flops(arch, tokens, s)) for s in (4096.0, 8192.0))
    return Interval(low=low, mid=mid, high=high)


# --- what was assumed ----------------------------------------------------------------------------
def _note(name: str, value: str, source: str) -> Assumption:
    return Assumption(name=name, value=value, source=source)


def _chip_notes(
    chip: Accelerator, peak: Peak | None, asked: str, one: ChipArrays, given_usd: float | None
) -> list[Assumption]:
    table = chip.source or "given"
    if peak is None:
        return [_note("peak", "no dense peak published: no serving figures", table)]
    unit = "TOP/s" if peak.runs_as == "int8" else "TFLOP/s"
    text = f"{peak.runs_as} at {peak.flops / 1e12:g} {unit}, dense"
    if asked in FOUR_BIT:
        text += "; outside the experts eight bits"
    if peak.reason:
        text += f"; {peak.reason}"
    notes = [_note("format", text, f"confidence {chip.confidence}: {table}")]
    price = hour_price(chip)
    if given_usd is not None:
        notes.append(_note("chip-hour", f"{given_usd:g} USD", "given"))
    elif price is None:
        notes.append(_note("chip-hour", "neither rent nor price known: no USD figures", table))
    else:
        what = "market rent" if price.basis == "rent" else "5 years of ownership with energy"
        notes.append(_note("chip-hour", f"{price.usd:.2f} USD, {what}", table))
    if np.isnan(one.power_kw).any():
        notes.append(_note("power", "unknown: no energy figure", table))
    if np.isnan(one.bandwidth).any() or np.isnan(one.memory).any():
        notes.append(_note("memory", "size or bandwidth unknown: no decode figures", table))
    return notes


def _model_notes(subject: Subject, tokens: float | None) -> list[Assumption]:
    notes = []
    if subject.dimensions is not None:
        text = f"{subject.dimensions.attention_kind}, {subject.dimensions.layers} layers"
        notes.append(_note("dimensions", text, subject.source))
    elif subject.total_params is not None and subject.active_params is not None:
        text = (
            f"estimated from {subject.total_params / 1e9:g}B total, "
            f"{subject.active_params / 1e9:g}B active: wider interval"
        )
        notes.append(_note("dimensions", text, "shape rules of the architecture table"))
    else:
        notes.append(_note("dimensions", "parameters not disclosed: no figures", subject.source))
    if tokens is None:
        notes.append(_note("training tokens", "not disclosed: no training figures", "releases"))
    else:
        notes.append(_note("training tokens", f"{tokens / 1e12:g} trillion", "release or given"))
    return notes


def _training_note(arch: Arch, one: ChipArrays, fp8: bool) -> Assumption:
    kind = "moe" if bool(arch.is_moe) else "dense"
    platform = one.platforms[0]
    prior = k.MFU.get((platform, kind), k.MFU["other", kind])
    gain = f", FP8 gain {k.FP8_TRAINING_GAIN.mode:g} where native" if fp8 else ", BF16"
    text = f"MFU {prior.low:g} / {prior.mode:g} / {prior.high:g} of BF16 peak ({kind}){gain}"
    return _note("training rate", text, prior.source)


def _link_notes(arch: Arch, chip: Accelerator, one: ChipArrays, load: Load) -> list[Assumption]:
    domain = scale_up_domain(chip)
    if not bool(arch.is_moe) or float(np.asarray(load.devices)) <= domain:
        return []
    if np.isnan(one.scale_out).any():
        rate, source = k.ASSUMED_SCALE_OUT_BYTES_S, "assumed: the table has no figure"
    else:
        rate, source = one.scale_out.item(), chip.source
    text = f"{rate / 1e9:g} GB/s a device beyond {domain} devices"
    return [_note("expert traffic", text, source)]


def _load_notes(subject: Subject, load: Load) -> list[Assumption]:
    prompt, output = np.asarray(load.prompt_tokens).item(), np.asarray(load.output_tokens).item()
    text = f"{prompt:g} prompt and {output:g} output tokens, {load.context.item():g} in context"
    notes = [_note("load", text, "given or default")]
    most = None if subject.dimensions is None else subject.dimensions.max_context
    if most is not None and max(prompt + output, load.context.item()) > most:
        notes.append(_note("context", f"beyond the model's {most:,} tokens", "extrapolated"))
    return notes


def _error_note(chip: Accelerator, arch: Arch) -> Assumption:
    text = {
        k.ERROR_SIGMA_MEASURED: "about ±35 %: platform measured",
        k.ERROR_SIGMA_UNSEEN: "about ±40 %: platform not measured",
    }.get(error_sigma(chip), "about a factor of two: the chip's own figures are contested")
    if bool(arch.estimated):
        text += ", wider for estimated dimensions"
    return _note("model error", text, "fit and left-out errors: nvsignal validate")
