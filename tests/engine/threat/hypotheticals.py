"""Releases thought up at random: every mixture of known and unknown fields, over whole ranges."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from engine.threat.rating import at_instant
from engine.threat.world import World
from engine.values import ModelRelease
from tests.engine.threat.threat_world import end_of, facts

SEED = 20261130
DAYS = ("2024-05-31", "2025-01-27", "2025-08-22", "2026-04-30", "2026-09-29")
LABS = ("DeepSeek", "Alibaba", "Moonshot AI", "Baidu", "Huawei", "A new laboratory")
HARDWARE = (None, None, None, "H800", "20,000 Huawei Ascend 910C", "press: Ascend, unconfirmed",
            "part on Ascend, H800", "AI ASIC superpods")  # fmt: skip
LINES = {"gpqa_diamond_pct": (0.0, 1.0, 0.25), "mmlu_pro_pct": (0.85, 0.7, 0.25),
         "swe_bench_verified_pct": (-0.75, 0.9, 0.45), "aime_pct": (-1.3, 2.3, 0.7)}  # fmt: skip
"""Intercept, slope and noise, in logits: cards of one quality, from 8 to 99 % of GPQA Diamond."""


@lru_cache
def world_on(day: str) -> World:
    """The shipped record on the evening of ``day``."""
    return at_instant(facts(end_of("2026-09-30")), end_of(day))


def hypothetical(number: int) -> tuple[ModelRelease, World]:
    """The release of that number, the same every time, with the world of its day."""
    draw = np.random.default_rng((SEED, number))
    day = DAYS[int(draw.integers(len(DAYS)))]
    known = end_of(day)
    total = float(10 ** draw.uniform(0.0, 3.5))
    active = total if draw.random() < 0.3 else total * float(draw.uniform(0.02, 0.3))
    sized = draw.random(2) < 0.7
    given: dict[str, Any] = {
        **_card(draw),
        **_price(draw),
        "total_params_b": total if sized[0] else None,
        "active_params_b": active if sized[1] else None,
        "aime_year": _one_of(draw, (None, 2024, 2025)),
        "open_weights": _one_of(draw, (True, False, None)),
        "weight_precision": _one_of(draw, (None, "fp8", "bf16")),
        "context_k": _one_of(draw, (None, 128)),
        "license": _one_of(draw, (None, "MIT")),
        "hardware_named": _one_of(draw, HARDWARE),
        "inference_domestic": _one_of(draw, (None, None, True, False)),
        "confidence": _one_of(draw, (None, 0.1, 0.5, 0.9, 1.0)),
    }
    lab = LABS[int(draw.integers(len(LABS)))]
    made = ModelRelease(model=f"Made-up {number}", lab=lab, country="CN", known_at=known,
                        released_on=known.date(), **given)  # fmt: skip
    return made, world_on(day)


def _one_of(draw: np.random.Generator, these: tuple[Any, ...]) -> Any:
    return these[int(draw.integers(len(these)))]


def _card(draw: np.random.Generator) -> dict[str, float | None]:
    """No score, all of them, a few or most."""
    quality = draw.uniform(-2.5, 4.5)
    known = (0.0, 1.0, 0.25, 0.6)[int(draw.integers(4))]
    card: dict[str, float | None] = {}
    for name, (intercept, slope, noise) in LINES.items():
        logit = intercept + slope * quality + draw.normal(0.0, noise)
        card[name] = float(100.0 / (1.0 + np.exp(-logit))) if draw.random() < known else None
    votes = float(1300.0 + 110.0 * quality + draw.normal(0.0, 35.0))
    card["lmarena_elo"] = votes if draw.random() < known else None
    return card


def _price(draw: np.random.Generator) -> dict[str, float | None]:
    """None, both sides, one of them, or nothing to pay: a third of a cent to a hundred dollars."""
    out = float(10 ** draw.uniform(-2.5, 2.0)) * float(draw.random() > 0.05)
    low = out * float(draw.uniform(0.1, 0.6))
    sides = _one_of(draw, ((None, None), (low, out), (low, out), (low, None), (None, out)))
    return dict(zip(("price_input_usd_per_mtok", "price_output_usd_per_mtok"), sides, strict=True))


def at_prices(new: ModelRelease, prices: tuple[float, ...]) -> list[ModelRelease]:
    """``new`` at these prices of its dearer known side, the other in proportion; [] without any."""
    known = {
        name: getattr(new, name)
        for name in ("price_input_usd_per_mtok", "price_output_usd_per_mtok")
        if getattr(new, name) is not None
    }
    top = max(known.values(), default=0.0)
    shares = {name: price / top if top else 1.0 for name, price in known.items()}
    made = [replace(new, **{n: share * p for n, share in shares.items()}) for p in prices]
    return made if known else []
