"""What each chip costs for a model, so that the best home-grown one can be set against Nvidia's.

Central constants only: a rating draws the error of the *ratio* of two chips itself
(``throughput_error``), because what two chips share cancels.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import OutOfRangeError
from engine.record.readings import Dimensions
from engine.threat.architectures import (
    Arch,
    arch_of,
    estimate_arch,
    match_architecture,
)
from engine.threat.chips import chip_arrays
from engine.threat.cost import Load, central, fitting, serve, training_hours, training_usd
from engine.values import Accelerator, ModelRelease

_USUAL_LOAD = Load(prompt_tokens=4096.0, output_tokens=1152.0, batch=64.0)
"""DeepSeek's published mix, 608 G in to 168 G out, at 4 K prompts (open-infra-index day 6)."""
_TRILLION = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipCosts:
    """Chip name -> USD; a chip whose table lacks what the figure needs is left out.

    serving: per million tokens of the usual mix. training: per trillion training tokens.
    """

    serving: Mapping[str, float]
    training: Mapping[str, float]


def arch_for(release: ModelRelease, table: Sequence[Dimensions]) -> Arch | None:
    """Published dimensions, else an estimate from the parameter counts, else None."""
    dims = match_architecture(table, release.model)
    if dims is not None:
        return arch_of(dims)
    if release.total_params_b is None or release.active_params_b is None:
        return None
    try:
        return estimate_arch(release.total_params_b * 1e9, release.active_params_b * 1e9)
    except OutOfRangeError:
        return None


def chip_costs(
    releases: Iterable[ModelRelease],
    chips: Sequence[Accelerator],
    table: Sequence[Dimensions],
) -> dict[str, ChipCosts]:
    """Model -> costs on every chip, served and trained in eight bits; undisclosed sizes left out.

    Independent of the day: a rating looks only at chips that were on sale.
    """
    if not chips:
        return {}
    columns = chip_arrays(chips, "fp8")
    constants = central(columns)
    costs: dict[str, ChipCosts] = {}
    for release in releases:
        arch = None if release.model in costs else arch_for(release, table)
        if arch is None:
            continue
        load = fitting(arch, columns, _USUAL_LOAD)
        serving = serve(arch, columns, load, constants).usd_per_mtok_blended
        hours = training_hours(arch, columns, _TRILLION, constants, fp8=True)
        training = training_usd(hours, columns, constants)
        costs[release.model] = ChipCosts(
            serving=_finite(columns.names, serving), training=_finite(columns.names, training)
        )
    return costs


def _finite(
    names: Sequence[str], column: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> dict[str, float]:
    values = np.broadcast_to(column, (len(names), 1))[:, 0]
    return {
        name: float(value)
        for name, value in zip(names, values, strict=True)
        if math.isfinite(value) and value > 0
    }
