"""What a model costs to train and to serve on a chip: elementwise roofline and training equations.

Every function takes coefficients (``Arch``), chips (``ChipArrays``, columns of shape (chips, 1)),
a ``Load`` and drawn constants (``CostDraws``: (draws,) or (chips, draws)) and returns arrays of the
broadcast shape, so one call covers (models, chips, draws). NaN says that the chip's table lacks
what the figure needs.

Equations (per device)::

    training   C = 6 N_a D + 3 D F_att(s);  hours = 6 N_a D (attention beyond 4K) / (P MFU S A)
    prefill    t = max(comp, comm) + (1 - overlap) min(comp, comm)         per token
               comp = (2 N_a / P_p + F_att / P_16) / eta_c
               comm = copies L_m h k (b_disp + b_comb) / (B eta_n)
    decode     step = max(comp + mem, comm) + (1 - overlap) min(...) + L t_lat
               mem = (weights touched + B cache) / (W eta_m)
    money      $ per Mtok = r 1e6 / (3600 tok/s)

MFU is the published *useful* rate against 6ND at 4K context and the BF16 peak, so an FP8 run's gain
S is a factor of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.errors import OutOfRangeError
from engine.phrases import phrase
from engine.threat import constants as k
from engine.threat.architectures import Arch, Number
from engine.threat.chips import ChipArrays
from engine.values import FloatArray, Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One way of serving. Tokens, sequences per device, devices per group; elements broadcast.

    devices None: chosen by ``default_devices``. context None: prompt plus half the output.
    cache_hit_share: part of the prompt whose prefill is skipped. verified, accepted: positions a
    step computes and *extra* tokens it yields with speculation (1 and 0 without). duty: share of
    the time that the devices work. kv_bytes: per cached element. attention_8bit: attention
    multiplies in eight bits (BF16 otherwise).
    """

    prompt_tokens: Number = 4096.0
    output_tokens: Number = 1024.0
    context_tokens: Number | None = None
    batch: Number = 64.0
    devices: Number | None = None
    cache_hit_share: Number = 0.0
    verified: Number = 1.0
    accepted: Number = 0.0
    duty: Number = 1.0
    kv_bytes: Number = 2.0
    attention_8bit: bool = False

    def __post_init__(self) -> None:
        _check("prompt_tokens", self.prompt_tokens, 1, 1e8)
        _check("output_tokens", self.output_tokens, 0, 1e8)
        _check("context", self.context_tokens, 1, 1e8)
        _check("batch", self.batch, 1, 1e5)
        _check("devices", self.devices, 1, 1e6, unknown=True)
        _check("cache_hit_share", self.cache_hit_share, 0, 0.999)
        _check("verified", self.verified, 1, 64)
        _check("accepted", self.accepted, 0, 15)
        _check("duty", self.duty, 0.01, 1)
        _check("kv_bytes", self.kv_bytes, 0.25, 4)

    @property
    def context(self) -> FloatArray:
        """Average tokens a decoding step looks back on."""
        if self.context_tokens is not None:
            return np.asarray(self.context_tokens, dtype=float)
        return np.asarray(self.prompt_tokens + np.asarray(self.output_tokens) / 2, dtype=float)


def _check(
    field: str, value: Number | None, low: float, high: float, *, unknown: bool = False
) -> None:
    """Raise ``OutOfRangeError`` unless ``value`` lies inside; ``unknown`` lets NaN pass."""
    if value is None:
        return
    array = np.asarray(value, dtype=float)
    array = array[~np.isnan(array)] if unknown else array
    if not np.all((array >= low) & (array <= high)):
        bad = array[~((array >= low) & (array <= high))].flat[0]
        raise OutOfRangeError(
            field, float(bad), phrase("{low:sig6} to {high:sig6}", low=low, high=high)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CostDraws:
    """Constants for the equations: (draws,) where shared by all chips, else (chips, draws).

    ``error`` multiplies throughputs, ``training_error`` training rates, ``price`` chip-hours.
    ``grouped_mixture``, ``novel_attention``, ``colocated_mixture`` and ``dense`` are the terms of
    a family: they multiply the throughput of the models and ways of serving they name. ``stack``
    is what a serving program loses against a tuned one; ``benchmark_dense`` and
    ``coarse_mixture`` are rates of short tuned training runs.
    """

    eta_compute: Number
    eta_memory: Number
    eta_network: Number
    eta_scale_out: Number
    overlap: Number
    layer_latency_s: Number
    platform: Number
    error: Number
    grouped_mixture: Number
    novel_attention: Number
    colocated_mixture: Number
    dense: Number
    mfu_dense: Number
    mfu_moe: Number
    size_exponent: Number
    mixture_size_exponent: Number
    fp8_gain: Number
    training_error: Number
    price: Number
    stack: Number
    benchmark_dense: Number
    coarse_mixture: Number


def _mfu(platform: str, kind: str) -> k.Prior:
    return k.MFU.get((platform, kind), k.MFU[("other", kind)])


def _benchmark(platform: str) -> k.Prior:
    return k.BENCHMARK_MFU.get(platform, _mfu(platform, "dense"))


def _size(platform: str) -> k.Prior:
    return k.SIZE_EXPONENT if platform in k.SIZE_PLATFORMS else k.NO_SIZE_EXPONENT


def central(chips: ChipArrays) -> CostDraws:
    """Every constant at its central value, shape (chips, 1) where it depends on the chip."""

    def column(priors: Sequence[k.Prior]) -> FloatArray:
        return np.array([p.mode for p in priors]).reshape(-1, 1)

    return CostDraws(
        eta_compute=k.ETA_COMPUTE.mode,
        eta_memory=k.ETA_MEMORY.mode,
        eta_network=k.ETA_NETWORK.mode,
        eta_scale_out=k.ETA_SCALE_OUT.mode,
        overlap=k.OVERLAP.mode,
        layer_latency_s=k.LAYER_LATENCY_S.mode,
        platform=column([k.PLATFORM_FACTOR[p] for p in chips.platforms]),
        error=1.0,
        grouped_mixture=k.GROUPED_MIXTURE.mode,
        novel_attention=k.NOVEL_ATTENTION.mode,
        colocated_mixture=k.COLOCATED_MIXTURE.mode,
        dense=k.DENSE.mode,
        mfu_dense=column([_mfu(p, "dense") for p in chips.platforms]),
        mfu_moe=column([_mfu(p, "moe") for p in chips.platforms]),
        size_exponent=column([_size(p) for p in chips.platforms]),
        mixture_size_exponent=k.MIXTURE_SIZE_EXPONENT.mode,
        fp8_gain=k.FP8_TRAINING_GAIN.mode,
        training_error=1.0,
        price=1.0,
        stack=k.STACK.mode,
        benchmark_dense=column([_benchmark(p) for p in chips.platforms]),
        coarse_mixture=k.COARSE_MIXTURE.mode,
    )


def draw(
    chips: ChipArrays, n_draws: int, rng: np.random.Generator, *, estimated: bool = False
) -> CostDraws:
    """``n_draws`` joint draws; what is shared between chips is drawn once for all of them.

    Draw once per comparison and reuse for every release: common draws cancel in ratios.
    estimated: the model's dimensions are inferred, which widens both errors.
    """

    def column(priors: Sequence[k.Prior]) -> FloatArray:
        """One draw per platform, shared by its chips."""
        pairs = zip(chips.platforms, priors, strict=True)
        rows = {name: prior.draw(rng, n_draws) for name, prior in dict(pairs).items()}
        return np.stack([rows[p] for p in chips.platforms])

    per_chip = (len(chips.names), n_draws)
    guess = k.ERROR_SIGMA_ESTIMATED_ARCH if estimated else 0.0
    shared = np.hypot(k.ERROR_SIGMA_SHARED, guess) * rng.standard_normal(n_draws)
    training_sd = np.hypot(k.TRAINING_ERROR_SIGMA, guess / 2)
    return CostDraws(
        eta_compute=k.ETA_COMPUTE.draw(rng, n_draws),
        eta_memory=k.ETA_MEMORY.draw(rng, n_draws),
        eta_network=k.ETA_NETWORK.draw(rng, n_draws),
        eta_scale_out=k.ETA_SCALE_OUT.draw(rng, n_draws),
        overlap=k.OVERLAP.draw(rng, n_draws),
        layer_latency_s=k.LAYER_LATENCY_S.draw(rng, n_draws),
        platform=column([k.PLATFORM_FACTOR[p] for p in chips.platforms]),
        error=np.exp(shared + chips.error_sigma * rng.standard_normal(per_chip)),
        grouped_mixture=k.GROUPED_MIXTURE.draw(rng, n_draws),
        novel_attention=k.NOVEL_ATTENTION.draw(rng, n_draws),
        colocated_mixture=k.COLOCATED_MIXTURE.draw(rng, n_draws),
        dense=k.DENSE.draw(rng, n_draws),
        mfu_dense=column([_mfu(p, "dense") for p in chips.platforms]),
        mfu_moe=column([_mfu(p, "moe") for p in chips.platforms]),
        size_exponent=column([_size(p) for p in chips.platforms]),
        mixture_size_exponent=k.MIXTURE_SIZE_EXPONENT.draw(rng, n_draws),
        fp8_gain=k.FP8_TRAINING_GAIN.draw(rng, n_draws),
        training_error=np.exp(training_sd * rng.standard_normal(per_chip)),
        price=np.exp(k.HOUR_PRICE_SIGMA * rng.standard_normal(per_chip)),
        stack=k.STACK.draw(rng, n_draws),
        benchmark_dense=column([_benchmark(p) for p in chips.platforms]),
        coarse_mixture=k.COARSE_MIXTURE.draw(rng, n_draws),
    )


# --- memory --------------------------------------------------------------------------------------
def _stored_bytes(arch: Arch, chips: ChipArrays) -> FloatArray:
    """All weights once: experts in the asked format, the rest of a mixture in its own."""
    other = np.where(arch.is_moe, chips.other_bytes, chips.weight_bytes)
    return np.asarray(arch.routed * chips.weight_bytes + arch.other * other)


def min_devices(arch: Arch, chips: ChipArrays) -> FloatArray:
    """Fewest devices whose usable memory holds the weights; NaN without memory or format."""
    return np.maximum(np.ceil(_memories(arch, chips)), 1.0)


def _memories(arch: Arch, chips: ChipArrays) -> FloatArray:
    """The weights in units of one device's usable memory."""
    return np.asarray(_stored_bytes(arch, chips) / (k.USABLE_MEMORY_SHARE * chips.memory))


def default_devices(arch: Arch, chips: ChipArrays, load: Load | None = None) -> FloatArray:
    """Devices per serving group, a power of two: what an operator would choose for ``load``.

    Weights fill at most 70 % of the usable memory. For a large mixture the cheapest of that group
    and of 8, 16 and 32 devices per request at central constants (published services use 8 to 320);
    larger groups only where a sequence fits in none of these.
    """
    roomy = _memories(arch, chips) / k.WEIGHTS_SHARE
    roomy = np.exp2(np.ceil(np.log2(np.maximum(roomy, 1.0))))
    large = arch.is_moe & (_stored_bytes(arch, chips) > k.WIDE_MODEL_BYTES)
    if not np.any(large):
        return roomy
    sizes = [roomy, *(np.maximum(roomy, size) for size in k.GROUP_SIZES)]
    best = _cheapest_group(arch, chips, load or Load(), sizes)
    return np.where(large, best, roomy)


def _cheapest_group(
    arch: Arch, chips: ChipArrays, load: Load, sizes: Sequence[FloatArray]
) -> FloatArray:
    """Of ``sizes``, elementwise, the one that spends the least device time on a request."""
    constants = central(chips)
    best, least = sizes[0], np.full_like(sizes[0], np.inf)
    for size in sizes:
        trial = fitting(arch, chips, replace(load, devices=size))
        held = max_batch(arch, chips, trial) >= 1
        decode = load.output_tokens / decode_tok_s(arch, chips, trial, constants)
        spent = decode + load.prompt_tokens / prefill_tok_s(arch, chips, trial, constants)
        usual = size <= k.USUAL_GROUP
        better = held & np.where(usual, spent < least, np.isinf(least))
        best, least = np.where(better, size, best), np.where(better, spent, least)
    return best


def _devices(arch: Arch, chips: ChipArrays, load: Load) -> FloatArray:
    if load.devices is None:
        return default_devices(arch, chips, load)
    return np.asarray(load.devices, dtype=float)


def _other_per_device(arch: Arch, chips: ChipArrays, devices: FloatArray) -> FloatArray:
    """Bytes outside the experts that each device holds and reads.

    A mixture on eight devices or more runs attention data-parallel, every device with a copy,
    where that leaves most of its memory free; else, and for dense models, they are sharded.
    """
    whole = arch.other * np.where(arch.is_moe, chips.other_bytes, chips.weight_bytes)
    copies = whole * chips.dies
    small = copies <= k.REPLICATED_SHARE * k.USABLE_MEMORY_SHARE * chips.memory
    fits = arch.routed / devices * chips.weight_bytes + copies <= 0.8 * chips.memory
    copied = arch.is_moe & (devices >= k.DATA_PARALLEL_FROM) & small & fits
    return np.where(copied, copies, whole / devices)


def resident_bytes(arch: Arch, chips: ChipArrays, load: Load) -> FloatArray:
    """Weight bytes each device holds."""
    devices = _devices(arch, chips, load)
    experts = arch.routed / devices * chips.weight_bytes
    return np.asarray(experts + _other_per_device(arch, chips, devices))


def max_batch(arch: Arch, chips: ChipArrays, load: Load) -> FloatArray:
    """Most sequences per device whose cache fits beside the weights; 0 where none does.

    A sequence's cache lives on one device: splitting one over several is not modelled.
    """
    room = k.USABLE_MEMORY_SHARE * chips.memory - resident_bytes(arch, chips, load)
    each = arch.cache_elements(load.context + np.asarray(load.output_tokens) / 2) * load.kv_bytes
    return np.maximum(np.floor(room / each), 0.0)


def fitting(arch: Arch, chips: ChipArrays, load: Load) -> Load:
    """``load`` with its group size chosen and its batch cut to what memory holds, at least one.

    Where not even one sequence fits the batch stays one: ask ``max_batch`` for the verdict.
    """
    load = replace(load, devices=_devices(arch, chips, load))
    room = np.nan_to_num(max_batch(arch, chips, load), nan=np.inf)
    return replace(load, batch=np.maximum(np.minimum(load.batch, room), 1.0))


# --- serving -------------------------------------------------------------------------------------
def _traffic(arch: Arch, chips: ChipArrays, devices: FloatArray) -> FloatArray:
    """Bytes per token and device for one full exchange: FP8 (or INT8) out, BF16 back."""
    experts = arch.moe_layers * arch.hidden * arch.per_token
    dispatch = np.minimum(np.maximum(chips.weight_bytes, 1.0), 2.0)
    return np.asarray(np.where(arch.is_moe, experts * (dispatch + 2.0), 0.0) * (devices > 1))


def _seconds_per_token_on_links(
    arch: Arch, chips: ChipArrays, devices: FloatArray, with_: CostDraws, *, forwarded: bool
) -> FloatArray:
    """Exchange time of one token.

    Inside a scale-up domain every remote copy crosses it. Across domains the slower scale-out link
    binds: prefill sends one copy per remote domain and forwards it inside, decode sends every copy
    straight (DeepEP's normal and low-latency kernels).
    Dense models pay two ring all-reduces a layer over the domain.
    """
    out = np.where(np.isnan(chips.scale_out), k.ASSUMED_SCALE_OUT_BYTES_S, chips.scale_out)
    groups = np.maximum(np.ceil(devices / chips.domain), 1.0)
    if forwarded:
        copies = (groups - 1.0) * (1.0 - (1.0 - 1.0 / groups) ** arch.per_token) / arch.per_token
    else:
        copies = 1.0 - np.minimum(chips.domain, devices) / devices
    ring = 8.0 * arch.hidden * arch.layers * (np.minimum(devices, 8.0) - 1.0)
    inside = _traffic(arch, chips, devices) * (1.0 - 1.0 / devices)
    beyond = _traffic(arch, chips, devices) * copies / out / with_.eta_scale_out
    near = np.where(arch.is_moe, inside, ring) / chips.scale_up / with_.eta_network
    across = beyond + near if forwarded else beyond
    links = np.where(arch.is_moe & (groups > 1), across, near)
    return np.where(devices <= 1, 0.0, links)


def _weight_work_s(arch: Arch, chips: ChipArrays) -> FloatArray:
    """Seconds at full peak that one token's multiplications by weights take."""
    experts = arch.routed * np.minimum(arch.per_token / arch.experts, 1.0)
    rest = np.maximum(arch.active - experts, 0.0)
    mixed = 2.0 * (np.minimum(experts, arch.active) / chips.peak + rest / chips.peak_other)
    return np.where(arch.is_moe, mixed, 2.0 * arch.active / chips.peak)


def _attention_peak(chips: ChipArrays, load: Load) -> FloatArray:
    """Attention multiplies in BF16, or at the eight-bit peak where the load says so."""
    return np.where(np.asarray(load.attention_8bit), chips.peak_other, chips.peak_bf16)


def _joined(first: FloatArray, second: FloatArray, overlap: Number) -> FloatArray:
    """Two parts of a step, the shorter one hidden behind the longer by ``overlap``."""
    return np.asarray(
        np.maximum(first, second) + (1.0 - overlap) * np.minimum(first, second), dtype=float
    )


def _family(arch: Arch, with_: CostDraws) -> FloatArray:
    """What a kind of model reaches of the speed that the equations give.

    They were fitted on mixtures with a latent cache; every other kind has a term of its own.
    """
    grouped = np.where(arch.is_moe, arch.grouped, 0.0)
    dense = np.where(arch.is_moe, 1.0, with_.dense)
    return np.asarray(with_.grouped_mixture**grouped * with_.novel_attention**arch.novel * dense)


def prefill_tok_s(arch: Arch, chips: ChipArrays, load: Load, with_: CostDraws) -> FloatArray:
    """Prompt tokens accepted per second and device, cache hits included."""
    devices = _devices(arch, chips, load)
    attention = arch.prefill_attention(load.prompt_tokens)
    comp = (
        _weight_work_s(arch, chips) + attention / _attention_peak(chips, load)
    ) / with_.eta_compute
    links = _seconds_per_token_on_links(arch, chips, devices, with_, forwarded=True)
    seconds = _joined(comp, links, with_.overlap)
    rate = with_.platform * with_.error * _family(arch, with_) / seconds
    return np.asarray(rate * load.duty / (1.0 - np.asarray(load.cache_hit_share)))


def decode_step_s(arch: Arch, chips: ChipArrays, load: Load, with_: CostDraws) -> FloatArray:
    """Seconds of one decoding step of ``load.batch`` sequences per device."""
    devices = _devices(arch, chips, load)
    tokens = np.asarray(load.batch) * load.verified
    attention = arch.decode_attention(load.context)
    comp = tokens * (_weight_work_s(arch, chips) + attention / _attention_peak(chips, load))
    share = np.minimum(arch.per_token / arch.experts, 1.0)
    touched = 1.0 - (1.0 - share) ** (tokens * devices)
    experts = arch.routed * touched / devices * chips.weight_bytes
    cache = np.asarray(load.batch) * arch.cache_read(load.context) * load.kv_bytes
    mem = (experts + _other_per_device(arch, chips, devices) + cache) / chips.bandwidth
    links = tokens * _seconds_per_token_on_links(arch, chips, devices, with_, forwarded=False)
    work = comp / with_.eta_compute + mem / with_.eta_memory
    step = _joined(work, links, with_.overlap)
    speed = with_.platform * with_.error * _family(arch, with_)
    return (step + arch.layers * with_.layer_latency_s) / speed


def decode_tok_s(arch: Arch, chips: ChipArrays, load: Load, with_: CostDraws) -> FloatArray:
    """Generated tokens per second and device."""
    step = decode_step_s(arch, chips, load, with_)
    return np.asarray(np.asarray(load.batch) * (1.0 + load.accepted) * load.duty / step)


def served_tok_s(arch: Arch, chips: ChipArrays, load: Load, with_: CostDraws) -> FloatArray:
    """Generated tokens per second of a device that also accepts the prompts.

    Mixtures lose by it: prompts interrupt steps, experts wait for each other. So do programs that
    schedule the two poorly.
    """
    shared = np.where(arch.is_moe, with_.colocated_mixture, 1.0) * with_.stack
    return np.asarray(shared * pooled_tok_s(arch, chips, load, with_))


def pooled_tok_s(arch: Arch, chips: ChipArrays, load: Load, with_: CostDraws) -> FloatArray:
    """As ``served_tok_s``, with devices of their own for prompts: per device of both pools."""
    prefill = prefill_tok_s(arch, chips, load, with_)
    decode = decode_tok_s(arch, chips, load, with_)
    prompts = np.asarray(load.prompt_tokens) / load.output_tokens
    return np.asarray(1.0 / (1.0 / decode + prompts / prefill))


def tpot_ms(arch: Arch, chips: ChipArrays, load: Load, with_: CostDraws) -> FloatArray:
    """Milliseconds between two tokens of one sequence."""
    step = decode_step_s(arch, chips, load, with_)
    return np.asarray(1000.0 * step / (1.0 + np.asarray(load.accepted)))


def batch_for_tpot(arch: Arch, chips: ChipArrays, load: Load, target_ms: float) -> FloatArray:
    """Largest batch per device within memory and ``target_ms`` a token, shape (chips, 1).

    Bisection in whole sequences with central constants; 0 where even one sequence is too slow.
    """
    _check("target_ms", target_ms, 0.1, 1e5)
    load = replace(load, devices=_devices(arch, chips, load))
    low = np.zeros_like(chips.memory)
    high = np.nan_to_num(max_batch(arch, chips, load))
    high = np.minimum(high, 4096.0)
    constants = central(chips)
    for _ in range(13):
        middle = np.ceil((low + high) / 2)
        trial = replace(load, batch=np.maximum(middle, 1.0))
        fast = tpot_ms(arch, chips, trial, constants) <= target_ms
        low, high = np.where(fast, middle, low), np.where(fast, high, middle - 1)
        high = np.maximum(high, low)
    return low


# --- money ---------------------------------------------------------------------------------------
def usd_per_mtok(usd_per_hour: Number, tok_s: Number) -> FloatArray:
    """USD per million tokens of a device that costs ``usd_per_hour`` and makes ``tok_s``."""
    return np.asarray(np.asarray(usd_per_hour) * 1e6 / (3600.0 * np.asarray(tok_s)))


def blended_usd_per_mtok(prefill: Number, decode: Number, load: Load) -> FloatArray:
    """Per million tokens of the mix prompt + output; hits are already in the prefill price."""
    total = np.asarray(load.prompt_tokens) + load.output_tokens
    return np.asarray((load.prompt_tokens * prefill + load.output_tokens * decode) / total)


def margin(revenue_usd: Number, cost_usd: Number) -> FloatArray:
    """Revenue over cost, minus one (DeepSeek's note of 2025-03-01 calls 5.45 a 545 % margin)."""
    return np.asarray(np.asarray(revenue_usd) / np.asarray(cost_usd) - 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Arrays of the broadcast shape: tokens per second and device, USD per million tokens."""

    prefill_tok_s: FloatArray
    decode_tok_s: FloatArray
    usd_per_mtok_prefill: FloatArray
    usd_per_mtok_decode: FloatArray
    usd_per_mtok_blended: FloatArray


def serve(
    arch: Arch,
    chips: ChipArrays,
    load: Load,
    with_: CostDraws,
    *,
    usd_per_hour: Number | None = None,
) -> Serving:
    """Throughput and price of serving; ``usd_per_hour`` replaces the table's chip-hour price."""
    hour = (chips.usd_per_hour if usd_per_hour is None else usd_per_hour) * with_.price
    load = replace(load, devices=_devices(arch, chips, load))
    pre = prefill_tok_s(arch, chips, load, with_)
    dec = decode_tok_s(arch, chips, load, with_)
    usd_pre, usd_dec = usd_per_mtok(hour, pre), usd_per_mtok(hour, dec)
    return Serving(
        prefill_tok_s=pre,
        decode_tok_s=dec,
        usd_per_mtok_prefill=usd_pre,
        usd_per_mtok_decode=usd_dec,
        usd_per_mtok_blended=blended_usd_per_mtok(usd_pre, usd_dec, load),
    )


# --- training ------------------------------------------------------------------------------------
def training_flops(arch: Arch, tokens: Number, context: Number = 4096.0) -> FloatArray:
    """6 N_a D + 3 D F_att(s): forward and backward, causal attention over half the context."""
    attention = arch.prefill_attention(context)
    return np.asarray(np.asarray(tokens) * (6.0 * arch.active + 3.0 * attention))


def training_hours(
    arch: Arch,
    chips: ChipArrays,
    tokens: Number,
    with_: CostDraws,
    *,
    fp8: bool | Number = False,
    context: Number = k.REFERENCE_TRAINING_CONTEXT,
    devices: Number = 2048.0,
    benchmark: bool = False,
) -> FloatArray:
    """Chip-hours of one pre-training run at the platform's useful rate.

    fp8: trained in FP8 where the chip has it (gain S); broadcasts as 0 or 1. Domestic clusters pay
    availability on top; Hopper's published rates already hold it. benchmark: at the rate of a short
    run that was tuned for the figure, where small dense models reach as much as large ones and
    narrow experts gain nothing by FP8.
    """
    mfu = _benchmark_rate(arch, with_) if benchmark else _run_rate(arch, with_)
    native = np.array([r is not None and r not in ("bf16", "int8") for r in chips.runs_as])
    gains = native.reshape(-1, 1) & np.asarray(fp8, dtype=bool)
    if benchmark:
        gains = np.logical_and(gains, np.logical_not(_narrow(arch)))
    gain = np.where(gains, with_.fp8_gain, 1.0)
    measured = training_flops(arch, tokens, k.REFERENCE_TRAINING_CONTEXT)
    longer = training_flops(arch, tokens, np.asarray(context, dtype=float)) / measured
    useful = 6.0 * np.asarray(arch.active) * tokens * np.maximum(longer, 1.0)
    up = np.where(chips.domestic > 0, availability(devices, domestic=True), 1.0)
    rate = chips.peak_bf16 * mfu * gain * up * with_.training_error
    return np.asarray(useful / rate / 3600.0)


def _narrow(arch: Arch) -> FloatArray:
    """Whether a model is a mixture of many experts."""
    return np.asarray(arch.is_moe & (np.asarray(arch.experts) > k.COARSE_EXPERTS))


def _mixture_rate(arch: Arch, with_: CostDraws) -> FloatArray:
    size = (np.asarray(arch.active) / k.REFERENCE_MIXTURE_PARAMS) ** with_.mixture_size_exponent
    return np.asarray(with_.mfu_moe * np.minimum(size, 1.0))


def _run_rate(arch: Arch, with_: CostDraws) -> FloatArray:
    """Share of the BF16 peak that whole runs put to use."""
    dense = (np.asarray(arch.active) / k.REFERENCE_DENSE_PARAMS) ** with_.size_exponent
    return np.where(
        arch.is_moe, _mixture_rate(arch, with_), with_.mfu_dense * np.minimum(dense, 1.0)
    )


def _benchmark_rate(arch: Arch, with_: CostDraws) -> FloatArray:
    """The same of a steady step that was tuned for the figure."""
    coarse = np.where(arch.is_moe, with_.coarse_mixture, 1.0)
    return np.where(_narrow(arch), _mixture_rate(arch, with_), with_.benchmark_dense * coarse)


def availability(devices: Number, *, domestic: bool) -> FloatArray:
    """Share of the time a cluster trains: 1 / (1 + lambda n (restart + checkpoint / 2))."""
    failures = k.FAILURES_PER_DEVICE_HOUR * (k.DOMESTIC_FAILURE_FACTOR if domestic else 1.0)
    lost = k.RESTART_HOURS + k.CHECKPOINT_HOURS / 2
    return np.asarray(1.0 / (1.0 + failures * np.asarray(devices) * lost))


def training_usd(
    hours: Number, chips: ChipArrays, with_: CostDraws, *, usd_per_hour: Number | None = None
) -> FloatArray:
    """USD of ``hours`` chip-hours at rent or ownership."""
    hour = chips.usd_per_hour if usd_per_hour is None else usd_per_hour
    return np.asarray(np.asarray(hours) * hour * with_.price)


def energy_mwh(hours: Number, chips: ChipArrays) -> FloatArray:
    """Wall energy of ``hours`` chip-hours, MWh."""
    return np.asarray(np.asarray(hours) * chips.power_kw / 1000.0)


def interval(draws: FloatArray, mid: float | None = None) -> Interval | None:
    """5th, 50th and 95th percentile of ``draws``; None where they are not all finite.

    ``mid`` replaces the median (kept inside the band), for a figure at central constants.
    """
    if not np.all(np.isfinite(draws)):
        return None
    low, median, high = (float(q) for q in np.percentile(draws, (5, 50, 95)))
    centre = median if mid is None else min(max(mid, low), high)
    return Interval(low=low, mid=centre, high=high)
