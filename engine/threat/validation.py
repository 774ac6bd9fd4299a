"""The cost model against published figures: targets T1 to T21, fitted and left-out errors.

Constants are shared: the serving fit has five efficiencies, the duty of two day averages and one
factor per platform for eleven points, the training rates one per platform and kind of model. No
target has a constant of its own, and identities (money, cache sizes) use none. Rows X stand beside
the serving fit; two of them helped to set the term of grouped-query mixtures. ``left_out`` refits
without every point of the target's platform and predicts it as a stranger, with the mean factor of
the other platforms. The larger list, fitted and never fitted, is ``engine.threat.points``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.record.readings import Dimensions
from engine.threat import constants as k
from engine.threat.architectures import Arch, arch_of, find_architecture
from engine.threat.chips import ChipArrays, chip_arrays, find_chip, ownership_usd_per_hour
from engine.threat.cost import (
    CostDraws,
    Load,
    batch_for_tpot,
    central,
    decode_tok_s,
    draw,
    fitting,
    margin,
    pooled_tok_s,
    prefill_tok_s,
    served_tok_s,
    training_hours,
    usd_per_mtok,
)
from engine.threat.points import N_DRAWS, SEED
from engine.values import Accelerator, FloatArray

BAND = (5.0, 95.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOutcome:
    """One line of the table. Errors in percent of the published value.

    tolerance_pct: allowed error. in_fit: the point helped to set constants, so its error is no
    evidence. left_out_pct: error when its platform is a stranger; None for identities and for
    targets no constant was fitted to. low, high: 90 % band; None for identities.
    """

    target: str
    what: str
    unit: str
    kind: str
    published: float
    modelled: float
    error_pct: float
    tolerance_pct: float
    within: bool
    in_fit: bool
    left_out_pct: float | None = None
    low: float | None = None
    high: float | None = None
    covered: bool | None = None
    source: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """All outcomes with the coverage of the 90 % bands over the targets that have one."""

    outcomes: tuple[TargetOutcome, ...]
    covered: int
    banded: int
    misses: tuple[str, ...]
    fit: Mapping[str, float]
    rms_in_fit_pct: float
    rms_left_out_pct: float
    left_out_within_40: int
    left_out_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetTables:
    """The tables the targets read."""

    chips: Sequence[Accelerator]
    models: Sequence[Dimensions]

    def chip(self, name: str, precision: str) -> ChipArrays:
        """One chip as columns of shape (1, 1)."""
        return chip_arrays([find_chip(self.chips, name)], precision)

    def arch(self, name: str) -> Arch:
        """Coefficients of one model."""
        return arch_of(find_architecture(self.models, name))


# --- serving points ------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class ServingPoint:
    """A published throughput per device. ``phase`` prefill, decode, or a device that does both:
    ``both`` counts output tokens, ``total`` prompts too; ``pooled`` where each phase has devices
    of its own."""

    target: str
    chip: str
    precision: str
    phase: str
    load: Load
    published: float
    tolerance_pct: float
    in_fit: bool
    source: str
    model: str = "DeepSeek-R1"
    day_average: bool = False
    batch_from_memory: bool = False
    batch_at_tpot_ms: float | None = None
    sets_prior: bool = False
    pooled: bool = False
    note: str = ""


_CM384 = "arXiv 2506.12708"
_LMSYS = "lmsys.org 2025-09-25"
_DAY6 = "deepseek-ai/open-infra-index day 6"


_INFERENCEX = "inferencex.semianalysis.com"
_SGLANG_H100 = "lmsys.org 2025-05-05"
_NO_BATCH = "batch not published: memory filled, outputs a quarter of the prompt"


def _cloudmatrix(target: str, prompt: int, output: int, batch: int, tok_s: float) -> ServingPoint:
    load = Load(
        prompt_tokens=prompt, output_tokens=output, batch=batch, devices=160, verified=2.0,
        accepted=0.7,
    )  # fmt: skip
    return ServingPoint(
        target=target, chip="Huawei Ascend 910C", precision="int8", phase="decode", load=load,
        published=tok_s, tolerance_pct=20, in_fit=True, source=_CM384,
    )  # fmt: skip


SERVING_POINTS: tuple[ServingPoint, ...] = (
    ServingPoint(
        target="T7", chip="NVIDIA H800 SXM", precision="fp8", phase="prefill", published=73_700 / 8,
        load=Load(prompt_tokens=4_989, devices=32, cache_hit_share=0.563), tolerance_pct=30,
        in_fit=True, source=_DAY6, day_average=True, note="day average, 56.3 % cache hits",
    ),
    ServingPoint(
        target="T8", chip="NVIDIA H800 SXM", precision="fp8", phase="decode", published=14_800 / 8,
        load=Load(context_tokens=4_989, batch=88, devices=144), tolerance_pct=30, in_fit=True,
        source=_DAY6, day_average=True, note="batch from 21 tok/s per user; day average",
    ),
    ServingPoint(
        target="T10", chip="Huawei Ascend 910C", precision="int8", phase="prefill",
        load=Load(prompt_tokens=4_096, devices=16), published=5_655, tolerance_pct=30, in_fit=True,
        source=_CM384,
    ),
    _cloudmatrix("T11a", 4_096, 256, 96, 1_943),
    _cloudmatrix("T11b", 4_096, 256, 24, 974),
    _cloudmatrix("T11c", 4_096, 256, 8, 538),
    _cloudmatrix("T12a", 1_024, 1_024, 128, 2_733),
    _cloudmatrix("T12b", 2_048, 256, 112, 2_360),
    ServingPoint(
        target="T13", chip="Huawei Ascend 910C", precision="int8", phase="both",
        load=Load(prompt_tokens=1_024, output_tokens=1_024, batch=128, devices=160, verified=2.0,
                  accepted=0.7),
        published=633_000 / 384, tolerance_pct=30, in_fit=False, source="arXiv 2606.04415",
        pooled=True,
        note="whole service, output tokens",
    ),
    ServingPoint(
        target="T14", chip="Huawei Ascend 910B (B2)", precision="int8", phase="both",
        load=Load(prompt_tokens=2_048, output_tokens=2_048, batch=4_096, devices=16),
        published=(709 + 530) / 2, tolerance_pct=35, in_fit=False, source="arXiv 2510.14686",
        batch_from_memory=True, note="mean of xLLM 709 and MindIE 530; batch fills memory",
    ),
    ServingPoint(
        target="T15", chip="NVIDIA GB200 NVL72 (per GPU)", precision="fp8", phase="prefill",
        load=Load(prompt_tokens=2_048, devices=8), published=18_471, tolerance_pct=30, in_fit=True,
        source=_LMSYS,
    ),
    ServingPoint(
        target="T15d", chip="NVIDIA GB200 NVL72 (per GPU)", precision="fp8", phase="decode",
        load=Load(prompt_tokens=2_048, output_tokens=512, batch=4_096, devices=48),
        published=9_087, tolerance_pct=30, in_fit=False, source=_LMSYS, batch_from_memory=True,
        note=_NO_BATCH,
    ),
    ServingPoint(
        target="T16", chip="NVIDIA GB200 NVL72 (per GPU)", precision="nvfp4", phase="prefill",
        load=Load(prompt_tokens=2_048, devices=8, attention_8bit=True), published=26_156,
        tolerance_pct=30, in_fit=True, source=_LMSYS,
    ),
    ServingPoint(
        target="T16d", chip="NVIDIA GB200 NVL72 (per GPU)", precision="nvfp4", phase="decode",
        load=Load(prompt_tokens=2_048, output_tokens=512, batch=4_096, devices=48, kv_bytes=1.0,
                  attention_8bit=True),
        published=13_386, tolerance_pct=30, in_fit=False, source=_LMSYS, batch_from_memory=True,
        note=_NO_BATCH,
    ),
    ServingPoint(
        target="T18c", chip="NVIDIA B200", precision="fp8", phase="total",
        load=Load(prompt_tokens=8_192, output_tokens=1_024, batch=4_096, devices=8),
        published=5_857, tolerance_pct=40, in_fit=False, source=_INFERENCEX,
        batch_at_tpot_ms=1_000 / 23, note="throughput of the table; batch from 23 tok/s per user",
    ),
    ServingPoint(
        target="T18d", chip="AMD MI300X", precision="fp8", phase="total",
        load=Load(prompt_tokens=8_192, output_tokens=1_024, batch=4_096, devices=8),
        published=725, tolerance_pct=40, in_fit=False, source=_INFERENCEX,
        batch_at_tpot_ms=1_000 / 23, sets_prior=True, note="AMD's factor rests on this figure",
    ),
    ServingPoint(
        target="T20", chip="Moore Threads MTT S5000", precision="fp8", phase="prefill",
        load=Load(prompt_tokens=4_096, devices=32), published=4_000, tolerance_pct=35, in_fit=True,
        source="vendor and SiliconFlow via press",
    ),
    ServingPoint(
        target="T20d", chip="Moore Threads MTT S5000", precision="fp8", phase="decode",
        load=Load(prompt_tokens=4_096, output_tokens=1_024, batch=4_096, devices=32),
        published=1_000, tolerance_pct=35, in_fit=False, batch_from_memory=True,
        source="vendor and SiliconFlow via press", note=_NO_BATCH,
    ),
)  # fmt: skip


OUTSIDE_POINTS: tuple[ServingPoint, ...] = (
    ServingPoint(
        target="X1", chip="NVIDIA H100 SXM", precision="fp8", phase="prefill",
        load=Load(prompt_tokens=2_000, devices=32), published=52_300 / 8, tolerance_pct=40,
        in_fit=False, source=_SGLANG_H100,
    ),
    ServingPoint(
        target="X2", chip="NVIDIA H100 SXM", precision="fp8", phase="decode",
        load=Load(prompt_tokens=2_000, output_tokens=100, batch=256, devices=72),
        published=22_300 / 8, tolerance_pct=40, in_fit=False, source=_SGLANG_H100,
    ),
    ServingPoint(
        target="X3", chip="NVIDIA GB200 NVL72 (per GPU)", precision="fp8", phase="decode",
        load=Load(prompt_tokens=2_000, output_tokens=500, batch=4_096, devices=48),
        published=7_583, tolerance_pct=40, in_fit=False, batch_from_memory=True,
        source="lmsys.org 2025-06-16", note=_NO_BATCH,
    ),
    ServingPoint(
        target="X4", chip="Huawei Ascend 910B (B2)", precision="int8", phase="prefill",
        model="Pangu Pro MoE", load=Load(prompt_tokens=2_048, devices=4), published=4_828,
        tolerance_pct=40, in_fit=False, sets_prior=True, source="arXiv 2505.21411",
        note="measured on an 800I A2, whose 910B variant is slower than the B2 of the table",
    ),
    ServingPoint(
        target="X5", chip="Huawei Ascend 910B (B2)", precision="int8", phase="decode",
        model="Pangu Pro MoE", load=Load(prompt_tokens=2_048, output_tokens=512, batch=4_096,
                                         devices=4),
        published=1_148, tolerance_pct=40, in_fit=False, sets_prior=True,
        source="arXiv 2505.21411",
        batch_from_memory=True, note=_NO_BATCH,
    ),
)  # fmt: skip
"""Published throughputs beside the targets, outside the serving fit. The larger list of figures,
fitted and never fitted, is ``engine.threat.points``."""


def throughput(facts: TargetTables, point: ServingPoint, with_: CostDraws) -> FloatArray:
    """Modelled tokens per second and device of one point, shape of ``with_``."""
    chip, arch = facts.chip(point.chip, point.precision), facts.arch(point.model)
    if point.phase == "prefill":
        return prefill_tok_s(arch, chip, point.load, with_)
    load = _load_of(arch, chip, point)
    if point.phase == "decode":
        return decode_tok_s(arch, chip, load, with_)
    together = pooled_tok_s if point.pooled else served_tok_s
    output = together(arch, chip, load, with_)
    per_output = np.asarray(load.prompt_tokens) / load.output_tokens
    return output * (1.0 + per_output) if point.phase == "total" else output


def _load_of(arch: Arch, chip: ChipArrays, point: ServingPoint) -> Load:
    if point.batch_at_tpot_ms is not None:
        batch = batch_for_tpot(arch, chip, point.load, point.batch_at_tpot_ms)
        return replace(point.load, batch=np.maximum(batch, 1.0))
    return fitting(arch, chip, point.load) if point.batch_from_memory else point.load


# --- the shared fit ------------------------------------------------------------------------------
EFFICIENCIES = ("eta_compute", "eta_memory", "eta_network", "eta_scale_out", "layer_latency_s")
FITTED_PLATFORMS = ("ascend", "blackwell", "moore-threads")
PRIOR_CENTRE: Mapping[str, float] = {
    "eta_compute": 0.56, "eta_memory": 0.86, "eta_network": 0.45, "eta_scale_out": 0.80,
    "layer_latency_s": 5e-5, "ascend": 0.80, "blackwell": 0.72, "moore-threads": 0.75,
    "day_duty": 0.80,
}  # fmt: skip
PRIOR_LOG_SD: Mapping[str, float] = {
    "eta_compute": 0.15, "eta_memory": 0.08, "eta_network": 0.3, "eta_scale_out": 0.15,
    "layer_latency_s": 0.5, "ascend": 0.3, "blackwell": 0.3, "moore-threads": 0.3,
    "day_duty": 0.15,
}  # fmt: skip
POINT_LOG_SD = 0.12
"""What one published throughput is trusted to; the overlap stays at its prior."""


def fit(facts: TargetTables, points: Sequence[ServingPoint]) -> dict[str, float]:
    """Constants at the posterior mode for ``points``: Gauss-Newton on logs with log-normal priors.

    The constants are those of ``PRIOR_CENTRE``. Hopper's platform factor is 1 by definition.
    """
    names = list(PRIOR_CENTRE)
    centre = np.log([PRIOR_CENTRE[n] for n in names])
    spread = np.array([PRIOR_LOG_SD[n] for n in names])

    def residuals(theta: FloatArray) -> FloatArray:
        constants = dict(zip(names, np.exp(theta).tolist(), strict=True))
        errors = [_log_error(facts, p, constants) / POINT_LOG_SD for p in points]
        return np.concatenate([errors, (theta - centre) / spread])

    theta = centre.copy()
    for _ in range(6):
        here = residuals(theta)
        columns = [(residuals(theta + 1e-4 * unit) - here) / 1e-4 for unit in np.eye(theta.size)]
        theta = theta - np.linalg.lstsq(np.stack(columns, axis=1), here, rcond=None)[0]
    return dict(zip(names, np.exp(theta).tolist(), strict=True))


def _with_constants(chip: ChipArrays, constants: Mapping[str, float]) -> CostDraws:
    known = {name: constants[name] for name in EFFICIENCIES}
    return replace(central(chip), platform=constants.get(chip.platforms[0], 1.0), **known)


def _log_error(facts: TargetTables, point: ServingPoint, constants: Mapping[str, float]) -> float:
    chip = facts.chip(point.chip, point.precision)
    modelled = throughput(facts, point, _with_constants(chip, constants))
    duty = constants["day_duty"] if point.day_average else 1.0
    return float(np.log(modelled.item() * duty / point.published))


def left_out_errors(facts: TargetTables) -> dict[str, float]:
    """Error in percent of every serving point, its platform unseen by the fit.

    A left-out platform gets the geometric mean of the other non-Hopper factors; when Hopper itself
    is left out, its factor of 1 stays and only the efficiencies come from elsewhere.
    """
    errors: dict[str, float] = {}
    for platform in sorted({_platform(facts, p) for p in SERVING_POINTS}):
        kept = [p for p in SERVING_POINTS if p.in_fit and _platform(facts, p) != platform]
        constants = fit(facts, kept)
        others = [constants[name] for name in FITTED_PLATFORMS if name != platform]
        if platform != "hopper":
            constants[platform] = float(np.exp(np.mean(np.log(others))))
        for point in SERVING_POINTS:
            if _platform(facts, point) == platform:
                errors[point.target] = 100 * float(np.expm1(_log_error(facts, point, constants)))
    return errors


def _platform(facts: TargetTables, point: ServingPoint) -> str:
    return facts.chip(point.chip, point.precision).platforms[0]


# --- rows ----------------------------------------------------------------------------------------
def _serving_outcome(
    facts: TargetTables, point: ServingPoint, left_out: Mapping[str, float]
) -> TargetOutcome:
    chip = facts.chip(point.chip, point.precision)
    modelled = throughput(facts, point, central(chip)).item()
    modelled *= k.DAY_DUTY.mode if point.day_average else 1.0
    rng = np.random.default_rng(SEED)
    draws = throughput(facts, point, draw(chip, N_DRAWS, rng)).ravel()
    if point.day_average:
        draws = draws * k.DAY_DUTY.draw(rng, N_DRAWS)
    return _outcome(
        point.target,
        _label(point),
        "tok/s/device",
        "serving",
        point.published,
        modelled,
        point.tolerance_pct,
        in_fit=point.in_fit or point.sets_prior,
        left_out_pct=left_out.get(point.target),
        draws=draws,
        source=point.source,
        note=point.note,
    )


def _label(point: ServingPoint) -> str:
    """Chip, format, phase, and the batch where it was published."""
    label = f"{_short(point.chip)} {point.precision} {point.phase}"
    chosen = point.batch_from_memory or point.batch_at_tpot_ms is not None
    return label if chosen or point.phase == "prefill" else f"{label} B={point.load.batch}"


def _short(chip: str) -> str:
    for word in ("NVIDIA ", "Huawei ", "Moore Threads ", " SXM", " (per GPU)", " (B2)"):
        chip = chip.replace(word, "")
    return chip


def _outcome(
    target: str,
    what: str,
    unit: str,
    kind: str,
    published: float,
    modelled: float,
    tolerance_pct: float,
    *,
    in_fit: bool = False,
    left_out_pct: float | None = None,
    draws: FloatArray | None = None,
    source: str = "",
    note: str = "",
) -> TargetOutcome:
    error = 100 * (modelled / published - 1)
    low = high = None
    if draws is not None:
        low, high = (float(q) for q in np.percentile(draws, BAND))
    return TargetOutcome(
        target=target,
        what=what,
        unit=unit,
        kind=kind,
        published=published,
        modelled=modelled,
        error_pct=error,
        tolerance_pct=tolerance_pct,
        within=abs(error) <= tolerance_pct,
        in_fit=in_fit,
        left_out_pct=left_out_pct,
        low=low,
        high=high,
        covered=None if low is None or high is None else low <= published <= high,
        source=source,
        note=note,
    )


def _identity(
    target: str, what: str, unit: str, published: float, modelled: float, tolerance_pct: float,
    source: str, note: str = "",
) -> TargetOutcome:  # fmt: skip
    return _outcome(
        target, what, unit, "identity", published, modelled, tolerance_pct, source=source, note=note
    )


EPOCH_MEDIAN_MFU = 0.375
"""Median of 33 runs (Epoch AI): what a left-out Hopper run is predicted with."""


def _training_outcomes(facts: TargetTables) -> list[TargetOutcome]:
    """T1, T3, T5 and T6."""
    h800, h100 = facts.chip("NVIDIA H800 SXM", "fp8"), facts.chip("NVIDIA H100 SXM", "fp8")
    v3 = replace(facts.arch("DeepSeek-V3"), active=37e9)
    llama = facts.arch("Llama-3.1-405B")
    t1 = lambda d: training_hours(v3, h800, 14.8e12, d, fp8=True) / 1e6  # noqa: E731
    t3 = lambda d: training_hours(llama, h100, 15.6e12, d) / 1e6  # noqa: E731
    hopper_left_out = 100 * (k.MFU["hopper", "dense"].mode / EPOCH_MEDIAN_MFU - 1)
    rows = [
        _drawn("T1", "DeepSeek-V3 pre-training, H800", "M h", 2.664, 10, h800, t1,
               in_fit=True, left_out_pct=hopper_left_out, source="arXiv 2412.19437"),
        _drawn("T3", "Llama-3.1-405B, H100 BF16", "M h", 30.84, 10, h100, t3,
               in_fit=True, left_out_pct=hopper_left_out, source="Llama 3.1 model card"),
    ]  # fmt: skip
    return rows + _epoch_outcomes(facts, h100, t3) + [_pangu_outcome(facts)]


Model = Callable[[CostDraws], FloatArray]


def _drawn(
    target: str, what: str, unit: str, published: float, tolerance_pct: float, chip: ChipArrays,
    model: Model, *, in_fit: bool, left_out_pct: float | None = None, source: str = "",
    note: str = "",
) -> TargetOutcome:  # fmt: skip
    """A row whose band comes from drawing the constants."""
    draws = model(draw(chip, N_DRAWS, np.random.default_rng(SEED))).ravel()
    return _outcome(
        target, what, unit, "training", published, model(central(chip)).item(), tolerance_pct,
        in_fit=in_fit, left_out_pct=left_out_pct, draws=draws, source=source, note=note,
    )  # fmt: skip


def _epoch_outcomes(facts: TargetTables, h100: ChipArrays, hours: Model) -> list[TargetOutcome]:
    """T5: what the hours cost by ownership, and what the cluster cost to buy."""
    own = ownership_usd_per_hour(find_chip(facts.chips, "NVIDIA H100 SXM")) or float("nan")
    price = find_chip(facts.chips, "NVIDIA H100 SXM").price_usd or float("nan")
    bought = 16_384 * price * k.SERVER_OVERHEAD / (1 - k.NETWORK_SHARE) / 1e6
    return [
        _drawn("T5a", "Llama-3.1-405B amortised + energy", "M USD", 51.0, 30, h100,
               lambda d: hours(d) * own * d.price, in_fit=False,
               source="Epoch model_costs.csv",
               note="its cloud figure implies 5.51 USD an hour, a rent of 2024: not modelled"),
        _drawn("T5b", "purchase of the 16,384-GPU cluster", "M USD", 896.0, 30, h100,
               lambda d: np.asarray(bought * d.price), in_fit=False,
               source="Epoch model_costs.csv"),
    ]  # fmt: skip


def _pangu_outcome(facts: TargetTables) -> TargetOutcome:
    """T6. Left out, an Ascend would be taken for a Hopper of its own peak."""
    chip = facts.chip("Huawei Ascend 910B (B2)", "bf16")
    pangu = replace(facts.arch("Pangu Ultra MoE"), active=39e9)

    def rate(d: CostDraws) -> FloatArray:
        hours = training_hours(pangu, chip, 1e12, d, devices=1.0)
        return np.asarray(6_000 * 1e12 / (hours * 3600) / 1e6)

    stranger = 100 * (k.MFU["hopper", "moe"].mode / k.MFU["ascend", "moe"].mode - 1)
    return _drawn("T6", "Pangu Ultra MoE on 6,000 Ascend 910B", "M tok/s", 1.46, 25, chip, rate,
                  in_fit=True, left_out_pct=stranger, source="arXiv 2505.04519")  # fmt: skip


def _money_identities() -> list[TargetOutcome]:
    """T2, T4, T9, T17 and T18: arithmetic of published figures, no constant of the model."""
    node_day = 8 * 24 * 2.0
    cost = 226.75 * node_day
    hit, miss, out = 342e9, 608e9 - 342e9, 168e9
    revenue = (hit * 0.14 + miss * 0.55 + out * 2.19) / 1e6
    nodes = 608e9 / (73_700 * 86_400) + 168e9 / (14_800 * 86_400)
    b200, mi300 = (float(usd_per_mtok(*pair)) for pair in ((1.95, 5_857.0), (1.12, 725.0)))
    return [
        _identity("T2", "DeepSeek-V3 at 2 USD an hour", "M USD", 5.576,
                  (2_664 + 119 + 5) * 2 / 1e3, 0.1, "arXiv 2412.19437"),
        _identity("T4", "DeepSeek-R1 reinforcement learning", "USD", 294_000,
                  (512 * (198 + 80) + 5_000) * 2.0, 1, "Nature supplement via press"),
        _identity("T9a", "day of 226.75 nodes, cost", "USD", 87_072, cost, 0.1, _DAY6),
        _identity("T9b", "same, revenue at R1 prices", "USD", 562_027, revenue, 0.1, _DAY6),
        _identity("T9c", "same, margin", "ratio", 5.45, float(margin(562_027, cost)), 0.1, _DAY6),
        _identity("T9d", "nodes from tokens and rates", "nodes", 226.75, nodes, 0.1, _DAY6),
        _identity("T17", "GB300 server gain by software alone", "ratio", 2.77, 8_064 / 2_907, 1,
                  "storagereview.com 2026-04"),
        _identity("T18a", "B200 at 5,857 tok/s", "USD/Mtok", 0.092, b200, 1, _INFERENCEX),
        _identity("T18b", "MI300X at 725 tok/s", "USD/Mtok", 0.429, mi300, 1, _INFERENCEX),
    ]  # fmt: skip


def _architecture_outcomes(facts: TargetTables) -> list[TargetOutcome]:
    """T19 and T21: the FP8 gain, caches and long-context work."""
    v3, v32 = facts.arch("DeepSeek-V3"), facts.arch("DeepSeek-V3.2")
    v4 = facts.arch("DeepSeek-V4-Pro")
    million = float(2**20)
    growing = float(v4.kv_full) + float(v4.kv_index) + float(v4.kv_sparse)

    def work(arch: Arch) -> float:
        return float(2 * arch.active + arch.decode_attention(million))

    return [
        _outcome("T19", "FP8 over BF16 training", "ratio", "range", 1.25,
                 k.FP8_TRAINING_GAIN.mode, 8, source="pytorch.org", note="published 1.22 to 1.30"),
        _identity("T21a", "V3 latent cache", "kB/token", 70.0, float(v3.kv_full) * 2 / 1e3, 1,
                  "model configuration"),
        _identity("T21b", "V4-Pro cache at 1 M tokens, BF16", "GiB", 9.62,
                  growing * 2 * million / 2**30, 1, "vLLM recipe page"),
        _outcome("T21c", "V4-Pro work over V3.2 at 1 M tokens", "ratio", "range", 0.27,
                 work(v4) / work(v32), 20, source="vLLM recipe page"),
        _outcome("T21d", "V4-Pro cache over V3.2 at 1 M tokens", "ratio", "range", 0.10,
                 growing / (float(v32.kv_sparse) + float(v32.kv_index)), 20,
                 source="vLLM recipe page", note="published with mixed cache formats"),
    ]  # fmt: skip


def _order(outcome: TargetOutcome) -> tuple[int, str]:
    digits = "".join(c for c in outcome.target if c.isdigit())
    return int(digits) + (100 if outcome.target.startswith("X") else 0), outcome.target


def validate(facts: TargetTables) -> Validation:
    """All targets, fitted and left-out errors, and how often the 90 % band holds the truth."""
    left_out = left_out_errors(facts)
    points = SERVING_POINTS + OUTSIDE_POINTS
    rows = [_serving_outcome(facts, point, left_out) for point in points]
    rows += _training_outcomes(facts) + _money_identities() + _architecture_outcomes(facts)
    rows.sort(key=_order)
    banded = [row for row in rows if row.covered is not None]
    strangers = [row for row in rows if row.left_out_pct is not None]
    in_fit = {point.target for point in points if point.in_fit}
    fitted = [row for row in rows if row.target in in_fit]
    return Validation(
        outcomes=tuple(rows),
        covered=sum(row.covered is True for row in banded),
        banded=len(banded),
        misses=tuple(row.target for row in rows if not row.within),
        fit=fit(facts, [p for p in SERVING_POINTS if p.in_fit]),
        rms_in_fit_pct=_rms([row.error_pct for row in fitted]),
        rms_left_out_pct=_rms([left_out[row.target] for row in fitted]),
        left_out_within_40=sum(abs(row.left_out_pct or 0.0) <= 40 for row in strangers),
        left_out_count=len(strangers),
    )


def _rms(errors: Sequence[float]) -> float:
    return float(np.sqrt(np.mean(np.square(errors))))
