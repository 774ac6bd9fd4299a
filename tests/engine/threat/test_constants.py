"""Priors and figures of the cost model, a second time: what a slip of the pen would change unseen.

Each is read off the source that ``engine.threat.constants`` names beside it; the date is that of
the source, or of the judgement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.threat import constants as k
from engine.threat.constants import Prior

PRIORS = {
    "BENCHMARK_MFU hopper": (0.32, 0.45, 0.64, "2024-12-26"),
    "BENCHMARK_MFU blackwell": (0.3, 0.45, 0.66, "2024-12-26"),
    "BENCHMARK_MFU tpu": (0.35, 0.48, 0.68, "2024-04-01"),
    "COARSE_MIXTURE": (0.5, 0.85, 1.0, "2024-07-01"),
    "COLOCATED_MIXTURE": (0.5, 0.82, 1.1, "2025-09-30"),
    "DAY_DUTY": (0.7, 0.9, 1.0, "2025-03-01"),
    "DENSE": (0.72, 1.0, 1.3, "2025-09-30"),
    "ETA_COMPUTE": (0.4, 0.564, 0.73, "2025-12-31"),
    "ETA_MEMORY": (0.77, 0.886, 0.96, "2025-12-31"),
    "ETA_NETWORK": (0.3, 0.46, 0.64, "2025-12-31"),
    "ETA_SCALE_OUT": (0.6, 0.81, 0.94, "2025-12-31"),
    "FP8_TRAINING_GAIN": (1.15, 1.25, 1.37, "2025-09-01"),
    "GROUPED_MIXTURE": (0.45, 0.76, 1.1, "2025-09-30"),
    "LAYER_LATENCY_S": (2e-05, 4.25e-05, 8e-05, "2025-12-31"),
    "MFU hopper dense": (0.24, 0.346, 0.45, "2024-07-23"),
    "MFU hopper moe": (0.18, 0.277, 0.37, "2024-12-26"),
    "MFU ascend dense": (0.36, 0.45, 0.53, "2025-04-10"),
    "MFU ascend moe": (0.12, 0.161, 0.22, "2025-05-07"),
    "MFU moore-threads dense": (0.3, 0.45, 0.6, "2026-02-01"),
    "MFU moore-threads moe": (0.12, 0.22, 0.4, "2026-02-01"),
    "MFU domestic-other dense": (0.2, 0.35, 0.5, "2025-12-31"),
    "MFU domestic-other moe": (0.08, 0.16, 0.26, "2025-12-31"),
    "MFU ampere dense": (0.32, 0.41, 0.48, "2023-07-18"),
    "MFU ampere moe": (0.2, 0.32, 0.42, "2025-12-31"),
    "MFU other dense": (0.2, 0.36, 0.5, "2025-06-01"),
    "MFU other moe": (0.14, 0.277, 0.4, "2025-12-31"),
    "MIXTURE_SIZE_EXPONENT": (0.05, 0.3, 0.5, "2025-06-06"),
    "NOVEL_ATTENTION": (0.55, 0.9, 1.15, "2025-12-31"),
    "NO_SIZE_EXPONENT": (0.0, 0.0, 0.0, "2023-07-18"),
    "OVERLAP": (0.5, 0.65, 0.75, "2025-12-31"),
    "PLATFORM_FACTOR hopper": (1.0, 1.0, 1.0, "2025-12-31"),
    "PLATFORM_FACTOR ascend": (0.68, 0.813, 0.95, "2025-06-15"),
    "PLATFORM_FACTOR blackwell": (0.55, 0.715, 0.92, "2025-09-25"),
    "PLATFORM_FACTOR moore-threads": (0.6, 0.845, 1.05, "2026-02-01"),
    "PLATFORM_FACTOR ampere": (0.75, 0.95, 1.1, "2025-12-31"),
    "PLATFORM_FACTOR amd": (0.3, 0.48, 0.9, "2025-12-31"),
    "PLATFORM_FACTOR tpu": (0.6, 0.85, 1.1, "2025-12-31"),
    "PLATFORM_FACTOR domestic-other": (0.4, 0.65, 0.9, "2025-12-31"),
    "PLATFORM_FACTOR unknown": (0.4, 0.7, 1.0, "2025-12-31"),
    "SIZE_EXPONENT": (0.0, 0.12, 0.2, "2024-07-23"),
    "STACK": (0.3, 1.0, 1.35, "2025-09-30"),
}

FIGURES = {
    # of memory, and of groups
    "USABLE_MEMORY_SHARE": 0.9, "WEIGHTS_SHARE": 0.7, "REPLICATED_SHARE": 0.35,
    "WIDE_MODEL_BYTES": 1e11, "PLANNED_BATCH": 64, "USUAL_GROUP": 32, "DATA_PARALLEL_FROM": 8,
    "DEFAULT_SCALE_UP_DOMAIN": 8, "ASSUMED_SCALE_OUT_BYTES_S": 50e9, "MTP_ACCEPTED": 0.7,
    # log deviations
    "ERROR_SIGMA_SHARED": 0.12, "ERROR_SIGMA_MEASURED": 0.14, "ERROR_SIGMA_UNSEEN": 0.20,
    "ERROR_SIGMA_DOUBTFUL": 0.40, "ERROR_SIGMA_ESTIMATED_ARCH": 0.20,
    "TRAINING_ERROR_SIGMA": 0.25, "HOUR_PRICE_SIGMA": 0.15,
    # of training runs
    "REFERENCE_DENSE_PARAMS": 405e9, "REFERENCE_MIXTURE_PARAMS": 37e9, "COARSE_EXPERTS": 8,
    "REFERENCE_TRAINING_CONTEXT": 4096, "FAILURES_PER_DEVICE_HOUR": 2e-5,
    "DOMESTIC_FAILURE_FACTOR": 3, "RESTART_HOURS": 0.2, "CHECKPOINT_HOURS": 0.1,
    # of money and energy; a year has 365.25 days of 24 hours
    "HOURS_PER_YEAR": 8766, "SERVER_OVERHEAD": 1.64, "NETWORK_SHARE": 0.19,
    "AMORTISATION_YEARS": 5, "POWER_LOAD": 0.75, "TPU_POWER_LOAD": 0.43, "PUE": 1.25,
    "USD_PER_KWH": 0.0826, "LIST_RENT_OVER_OWNERSHIP": 3,
}  # fmt: skip


def priors() -> Iterator[tuple[str, Prior]]:
    for name, value in vars(k).items():
        if isinstance(value, Prior):
            yield name, value
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                if isinstance(inner, Prior):
                    yield f"{name} {key if isinstance(key, str) else ' '.join(key)}", inner


def test_priors_are_those_of_their_sources_and_of_their_day() -> None:
    assert {n: (p.low, p.mode, p.high, str(p.as_of)) for n, p in priors()} == PRIORS
    assert all(p.unit and p.source for _, p in priors())


def test_figures_are_those_of_their_sources() -> None:
    numbers = {n: v for n, v in vars(k).items() if n.isupper() and isinstance(v, int | float)}
    assert numbers == FIGURES
    assert k.GROUP_SIZES == (8, 16, 32, 64, 128, 256)
    assert dict(k.SERVER_POWER_FACTOR) == {
        "hopper": 1.82,
        "ampere": 2.03,
        "tpu": 1.56,
        "other": 1.8,
    }


def test_a_stop_costs_what_llama_3_reports() -> None:
    """419 stops in 54 days on 16,384 devices; over 90 % of the time they train."""
    assert round(419 / (54 * 24 * 16_384), 5) == k.FAILURES_PER_DEVICE_HOUR
    lost = k.FAILURES_PER_DEVICE_HOUR * 16_384 * (k.RESTART_HOURS + k.CHECKPOINT_HOURS / 2)
    assert round(1 / (1 + lost), 2) == 0.92
