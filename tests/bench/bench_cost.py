"""Speed of the cost equations, side by side with the same equations called draw by draw."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields

import numpy as np

from engine.threat.architectures import arch_of, load_architectures
from engine.threat.chips import chip_arrays, find_chip, load_accelerators
from engine.threat.cost import CostDraws, Load, draw, serve

CHIPS = ("H800", "H20", "NVIDIA B200", "910C", "950PR (server)", "S5000")
N_DRAWS = 4096
LOOPED = 16


def rows() -> list[dict[str, object]]:
    """One row: milliseconds for one model, six chips and 4,096 draws of prefill, decode, price."""
    chips = load_accelerators()
    six = chip_arrays([find_chip(chips, name) for name in CHIPS], "fp8")
    model = arch_of(load_architectures()[1])
    load = Load(batch=32.0, devices=32.0)
    drawn = draw(six, N_DRAWS, np.random.default_rng(0))
    ours = _best_ms(lambda: serve(model, six, load, drawn))

    def looped() -> None:
        for i in range(LOOPED):
            serve(model, six, load, _one(drawn, i))

    theirs = _best_ms(looped) * N_DRAWS / LOOPED
    return [
        {
            "what": "serving cost, 1 model x 6 chips x 4,096 draws (ms CPU)",
            "ours": round(ours, 2),
            "theirs": round(theirs, 1),
            "ratio": round(theirs / ours, 1),
            "target": "ours below 10",
            "note": "theirs: one draw at a time, extrapolated from 16",
        }
    ]


def _one(drawn: CostDraws, i: int) -> CostDraws:
    picked = {f.name: np.asarray(getattr(drawn, f.name))[..., i : i + 1] for f in fields(CostDraws)}
    return CostDraws(**picked)


def _best_ms(run: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return 1000 * best
