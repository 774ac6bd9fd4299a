"""Every constant of the cost model as a prior: low, mode, high, unit, source, date.

A value is drawn from the triangle (low, mode, high) and its central value is the mode. The fitted
ones are *shared* by all targets of ``engine.threat.validation``: none belongs to a single target.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np

from engine.errors import DataError
from engine.phrases import phrase
from engine.values import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What is believed about one constant. low <= mode <= high; drawn from that triangle."""

    low: float
    mode: float
    high: float
    unit: str
    source: str
    as_of: date

    def __post_init__(self) -> None:
        if not self.low <= self.mode <= self.high:
            raise DataError(
                phrase(
                    "Prior {low}, {mode}, {high} is not ordered",
                    low=self.low,
                    mode=self.mode,
                    high=self.high,
                )
            )

    def draw(self, rng: np.random.Generator, shape: int | tuple[int, ...]) -> FloatArray:
        """``shape`` independent draws; the constant itself where low equals high."""
        if self.low == self.high:
            return np.full(shape, self.mode)
        return rng.triangular(self.low, self.mode, self.high, shape)


HOURS_PER_YEAR = 8766.0
"""365.25 days of 24 hours."""

_FIT = "shared fit to eleven published serving points (validation T7, T8, T10-T12, T15, T16, T20)"
_EPOCH = "Epoch AI, training-cost-trends, cost_analysis_standalone.py"
_FITTED_ON = date(2025, 12, 31)
_EPOCH_ON = date(2025, 6, 1)

# --- serving -------------------------------------------------------------------------------------
ETA_COMPUTE = Prior(
    low=0.40, mode=0.564, high=0.73, unit="share of dense peak", source=_FIT, as_of=_FITTED_ON
)
ETA_MEMORY = Prior(
    low=0.77, mode=0.886, high=0.96, unit="share of HBM bandwidth", source=_FIT, as_of=_FITTED_ON
)
ETA_NETWORK = Prior(
    low=0.30, mode=0.46, high=0.64, unit="share of link bandwidth", source=_FIT, as_of=_FITTED_ON
)
ETA_SCALE_OUT = Prior(
    low=0.60, mode=0.81, high=0.94, unit="share of scale-out bandwidth",
    source="DeepEP README: 43-47 of 50 GB/s; " + _FIT, as_of=_FITTED_ON,
)  # fmt: skip
OVERLAP = Prior(
    low=0.50, mode=0.65, high=0.75, unit="share of the shorter part hidden", source=_FIT,
    as_of=_FITTED_ON,
)  # fmt: skip
LAYER_LATENCY_S = Prior(
    low=2e-5, mode=4.25e-5, high=8e-5, unit="s per layer and step", source=_FIT, as_of=_FITTED_ON
)
DAY_DUTY = Prior(
    low=0.70, mode=0.90, high=1.0, unit="share of time at work",
    source="DeepSeek's day averages hold idle time (open-infra-index day 6); " + _FIT,
    as_of=date(2025, 3, 1),
)  # fmt: skip
"""Only for figures published as averages of a day; benchmark figures have a duty of one."""
MTP_ACCEPTED = 0.7
"""Extra tokens a step from one speculated position: CloudMatrix384 assumes 70 % (arXiv 2506.12708),
the DeepSeek-V3 report measures 85 to 90 %."""
USABLE_MEMORY_SHARE = 0.9
"""Of a device's memory for weights and cache; the rest is activations and runtime."""

WEIGHTS_SHARE = 0.7
"""Of usable memory, at most, for weights when a group size is chosen."""
PLANNED_BATCH = 64.0
"""Sequences a device that a group is planned for where no batch was asked."""
USUAL_GROUP = 32.0
GROUP_SIZES = (8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
"""Devices considered for a mixture; those above the usual size only where memory forces them."""
WIDE_MODEL_BYTES = 1.0e11
"""Mixtures above this size are served with wide expert parallelism."""
DATA_PARALLEL_FROM = 8.0
REPLICATED_SHARE = 0.35
"""Non-expert weights up to this share of usable memory are copied to every device."""

PLATFORM_FACTOR = MappingProxyType(
    {
        "hopper": Prior(low=1.0, mode=1.0, high=1.0, unit="1", source="by definition",
                        as_of=_FITTED_ON),
        "ascend": Prior(low=0.68, mode=0.813, high=0.95, unit="1",
                        source="fit to CloudMatrix384 (arXiv 2506.12708)", as_of=date(2025, 6, 15)),
        "blackwell": Prior(low=0.55, mode=0.715, high=0.92, unit="1",
                           source="fit to the SGLang GB200 note of 2025-09-25; stacks mature",
                           as_of=date(2025, 9, 25)),
        "moore-threads": Prior(low=0.60, mode=0.845, high=1.05, unit="1",
                               source="one vendor point", as_of=date(2026, 2, 1)),
        "ampere": Prior(low=0.75, mode=0.95, high=1.1, unit="1",
                        source="as Hopper, older stack", as_of=_FITTED_ON),
        "amd": Prior(low=0.30, mode=0.48, high=0.90, unit="1",
                     source="InferenceX, MI300X at 725 tok/s (validation T18d)",
                     as_of=_FITTED_ON),
        "tpu": Prior(low=0.60, mode=0.85, high=1.1, unit="1",
                     source="assumed between Blackwell and Hopper", as_of=_FITTED_ON),
        "domestic-other": Prior(low=0.40, mode=0.65, high=0.90, unit="1",
                                source="assumed below Ascend: no published measurement",
                                as_of=_FITTED_ON),
        "unknown": Prior(low=0.40, mode=0.70, high=1.0, unit="1",
                         source="no published measurement", as_of=_FITTED_ON),
    }
)  # fmt: skip
MEASURED_PLATFORMS = frozenset({"hopper", "ascend", "blackwell", "moore-threads"})

ERROR_SIGMA_SHARED = 0.12
"""Log standard deviation of the model's own error, common to all chips of one comparison."""
ERROR_SIGMA_MEASURED = 0.14
"""Log sd, on top, of one chip whose platform has a published point: 90 % band about ±35 %."""
ERROR_SIGMA_UNSEEN = 0.20
"""Log sd, on top, of a hardware and stack pair nobody has measured: 90 % band about ±40 %."""
ERROR_SIGMA_DOUBTFUL = 0.40
"""Log sd of a chip whose own figures are contested (confidence D)."""
ERROR_SIGMA_ESTIMATED_ARCH = 0.20
"""Log sd added where the dimensions were estimated from parameter counts."""

_FAMILIES = (
    "published_costs.csv, rows marked fitted, by configuration: Qwen3-235B and 30B-A3B log error "
    "+0.30 to +0.72, DeepSeek-R1 -0.16 to +0.50, Llama -0.25 to +0.15"
)
GROUPED_MIXTURE = Prior(
    low=0.45, mode=0.76, high=1.10, unit="1", source=_FAMILIES, as_of=date(2025, 9, 30)
)
"""Mixtures whose heads keep their own cache, against mixtures with a latent one."""
NOVEL_ATTENTION = Prior(
    low=0.55, mode=0.90, high=1.15, unit="1",
    source="judgement: sparse and linear kernels are young; no published point", as_of=_FITTED_ON,
)  # fmt: skip
COLOCATED_MIXTURE = Prior(
    low=0.50, mode=0.82, high=1.10, unit="1", source=_FAMILIES, as_of=date(2025, 9, 30)
)
"""Mixtures on devices that accept prompts between decoding steps, against devices of their own."""
DENSE = Prior(low=0.72, mode=1.0, high=1.30, unit="1", source=_FAMILIES, as_of=date(2025, 9, 30))
STACK = Prior(
    low=0.30, mode=1.0, high=1.35, unit="1",
    source="published_costs.csv to 2025-09-30, by source: TensorRT-LLM as tuned by its maker 0.7 "
    "to 1.35 (rows F, H31 to H36), its first FP8 release 0.43 and 0.51 (H39, H40), MI300X 0.85 to "
    "1.04",
    as_of=date(2025, 9, 30),
)  # fmt: skip
"""What a serving program loses on devices that accept prompts between decoding steps, against one
that its maker tuned for the figure. Most lose little, some half and more."""

# --- training ------------------------------------------------------------------------------------
_MFU_UNIT = "useful 6ND FLOP/s over dense BF16 peak"
FP8_TRAINING_GAIN = Prior(
    low=1.15, mode=1.25, high=1.37, unit="1",
    source="MXFP8 over BF16: 1.22-1.28 (B200), 1.30 (GB200 MoE), pytorch.org blogs",
    as_of=date(2025, 9, 1),
)  # fmt: skip
MFU = MappingProxyType(
    {
        ("hopper", "dense"): Prior(low=0.24, mode=0.346, high=0.45, unit=_MFU_UNIT,
                                   source="Llama-3.1-405B model card", as_of=date(2024, 7, 23)),
        ("hopper", "moe"): Prior(low=0.18, mode=0.277, high=0.37, unit=_MFU_UNIT,
                                 source="DeepSeek-V3 report over the FP8 gain of 1.25",
                                 as_of=date(2024, 12, 26)),
        ("ascend", "dense"): Prior(low=0.36, mode=0.45, high=0.53, unit=_MFU_UNIT,
                                   source="Pangu Ultra on 8,192: over 50 %, vendor",
                                   as_of=date(2025, 4, 10)),
        ("ascend", "moe"): Prior(low=0.12, mode=0.161, high=0.22, unit=_MFU_UNIT,
                                 source="Pangu Ultra MoE, 1.46 M tokens/s on 6,000 (arXiv "
                                        "2505.04519); later claim 78 TFLOP/s",
                                 as_of=date(2025, 5, 7)),
        ("moore-threads", "dense"): Prior(low=0.30, mode=0.45, high=0.60, unit=_MFU_UNIT,
                                          source="vendor claims 60 %", as_of=date(2026, 2, 1)),
        ("moore-threads", "moe"): Prior(low=0.12, mode=0.22, high=0.40, unit=_MFU_UNIT,
                                        source="vendor claims 40 %", as_of=date(2026, 2, 1)),
        ("domestic-other", "dense"): Prior(low=0.20, mode=0.35, high=0.50, unit=_MFU_UNIT,
                                           source="0.4-0.55 of Hopper's useful rate",
                                           as_of=_FITTED_ON),
        ("domestic-other", "moe"): Prior(low=0.08, mode=0.16, high=0.26, unit=_MFU_UNIT,
                                         source="0.17-0.23 of Hopper's useful rate",
                                         as_of=_FITTED_ON),
        ("ampere", "dense"): Prior(low=0.32, mode=0.41, high=0.48, unit=_MFU_UNIT,
                                   source="Llama 2 model card (7B, 13B, 70B on A100)",
                                   as_of=date(2023, 7, 18)),
        ("ampere", "moe"): Prior(low=0.20, mode=0.32, high=0.42, unit=_MFU_UNIT,
                                 source="dense rate times Hopper's MoE over dense",
                                 as_of=_FITTED_ON),
        ("other", "dense"): Prior(low=0.20, mode=0.36, high=0.50, unit=_MFU_UNIT,
                                  source="median MFU of 33 runs is 37.5 %; " + _EPOCH,
                                  as_of=_EPOCH_ON),
        ("other", "moe"): Prior(low=0.14, mode=0.277, high=0.40, unit=_MFU_UNIT,
                                source="as Hopper, wider", as_of=_FITTED_ON),
    }
)  # fmt: skip
REFERENCE_DENSE_PARAMS = 405e9
SIZE_EXPONENT = Prior(
    low=0.0, mode=0.12, high=0.2, unit="d ln MFU / d ln active parameters",
    source="Llama 3.1 model card: 1.46, 7.0 and 30.84 M H100-hours for 8B, 70B and 405B",
    as_of=date(2024, 7, 23),
)  # fmt: skip
"""Smaller dense models reach less of the peak on Hopper and later."""
NO_SIZE_EXPONENT = Prior(
    low=0.0, mode=0.0, high=0.0, unit="1", source="Llama 2: 41, 38, 44 % at 7B, 13B, 70B on A100",
    as_of=date(2023, 7, 18),
)  # fmt: skip
SIZE_PLATFORMS = frozenset({"hopper", "blackwell"})
REFERENCE_MIXTURE_PARAMS = 37e9
MIXTURE_SIZE_EXPONENT = Prior(
    low=0.05, mode=0.30, high=0.50, unit="d ln MFU / d ln active parameters",
    source="DeepSeek-V3, DeepSeek-V2 and dots.llm1 (37, 21 and 14 B active): 0.277, 0.205, 0.18",
    as_of=date(2025, 6, 6),
)  # fmt: skip
"""Narrow experts multiply small matrices and wait for the exchange."""
_TUNED = (
    "by source, FP8 gain taken out: NeMo 24.07 (2024-08) 0.585 at 7B to 70B, Megatron Core 0.45, "
    "MosaicML llm-foundry 0.36 to 0.44, torchtitan of 2024-12 0.33 to 0.39; geometric mean"
)
BENCHMARK_MFU = MappingProxyType(
    {
        "hopper": Prior(low=0.32, mode=0.45, high=0.64, unit=_MFU_UNIT, source=_TUNED,
                        as_of=date(2024, 12, 26)),
        "blackwell": Prior(low=0.30, mode=0.45, high=0.66, unit=_MFU_UNIT, source="as Hopper",
                           as_of=date(2024, 12, 26)),
        "tpu": Prior(low=0.35, mode=0.48, high=0.68, unit=_MFU_UNIT,
                     source="MaxText README, v5e and v5p: 47 to 67 %, attention counted",
                     as_of=date(2024, 4, 1)),
    }
)  # fmt: skip
"""Useful rate of dense models in a benchmark: a steady step on few devices, without failures,
evaluation or changes of plan, the same for small and large models. Platforms without a row: the
rate of whole runs."""
COARSE_MIXTURE = Prior(
    low=0.50, mode=0.85, high=1.0, unit="of the dense rate",
    source="Megatron Core MoE notes: Mixtral 8x7B at 44 to 47 % of an H100, dense at 47 to 50",
    as_of=date(2024, 7, 1),
)  # fmt: skip
"""Mixtures of few, wide experts train nearly as fast as dense models in a benchmark."""
COARSE_EXPERTS = 8.0
TRAINING_ERROR_SIGMA = 0.25
"""Log sd of one run around the rate: five dense and three mixture runs on Hopper scatter by 0.28
around the fitted line, part of it in the rates' own priors."""
REFERENCE_TRAINING_CONTEXT = 4096.0
"""Tokens. Published useful rates are per 6ND; attention up to this length is inside them."""
FAILURES_PER_DEVICE_HOUR = 2.0e-5
"""Llama 3: 419 unexpected stops in 54 days on 16,384 H100 (arXiv 2407.21783)."""
DOMESTIC_FAILURE_FACTOR = 3.0
"""First prior for domestic clusters; no published count."""
RESTART_HOURS = 0.2
CHECKPOINT_HOURS = 0.1
"""Together an effective time of 92 % at 16,384 devices; Llama 3 reports above 90 %."""

# --- money and energy ----------------------------------------------------------------------------
SERVER_OVERHEAD = 1.64
"""Server over chip price, H100 (A100 1.66). Epoch AI."""
NETWORK_SHARE = 0.19
AMORTISATION_YEARS = 5.0
POWER_LOAD = 0.75
SERVER_POWER_FACTOR = MappingProxyType({"hopper": 1.82, "ampere": 2.03, "tpu": 1.56, "other": 1.8})
"""Server power per chip TDP (H100: 10.2 kW for eight). Epoch AI."""
TPU_POWER_LOAD = 0.43
PUE = 1.25
"""1.1 at hyperscalers. Epoch AI."""
USD_PER_KWH = 0.0826
"""US industrial price 2025, Epoch AI."""
LIST_RENT_OVER_OWNERSHIP = 3.0
"""A rent above this multiple of ownership is a list or on-demand price, not a cost."""
HOUR_PRICE_SIGMA = 0.15
"""Log sd of a chip-hour's price around its table value (contract against spot, region)."""
SYSTEM_PRICED = frozenset(
    {"Huawei Ascend 910C", "NVIDIA GB200 NVL72 (per GPU)", "NVIDIA B300 (HGX)",
     "Huawei CloudMatrix384 (system)"}
)  # fmt: skip
"""Chips whose table price is a share of a whole system: server and network are inside it."""

SYSTEM_LEVEL_POWER = frozenset({"Huawei Ascend 910C", "Huawei CloudMatrix384 (system)"})
"""Chips whose table power is a node's or a system's share, not a chip's TDP."""

DIES_PER_DEVICE = MappingProxyType({"910C": 2.0, "CloudMatrix384": 2.0})
"""Dies that are separate ranks, each with its own copy of replicated weights (CloudMatrix384 runs
320 expert ranks on 160 devices, arXiv 2506.12708), by a part of the chip's name; 1 elsewhere."""

SCALE_UP_DOMAIN = MappingProxyType(
    {
        "GB200": 72, "GB300": 72, "910C": 384, "CloudMatrix384": 384, "950DT": 8192,
        "950PR (server)": 8192, "TPU v5p": 8960, "TPU v6e": 256, "TPU v7": 9216,
        "RTX PRO": 1, "PCIe": 1,
    }
)  # fmt: skip
"""Devices that share the scale-up link, by a part of the chip's name; 8 for every other chip."""
DEFAULT_SCALE_UP_DOMAIN = 8
ASSUMED_SCALE_OUT_BYTES_S = 50e9
"""One 400 Gbit/s port per device, the commonest of the table, where it has none; said when used."""
