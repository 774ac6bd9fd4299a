"""Fed-rate expectations: a slow modifier, not a trigger.

What it assumes about the world: inside Fed windows (statement, Chair speech) an unexpected fall of
the expected path lifts equities with the Bernanke-Kuttner sign; outside them the sign is unreliable
(falling rates often mean growth fear), so nothing is read into the move. The level of the expected
path adds a little. Evidence: Bernanke and Kuttner 2005 (about -4 % on the index per +100 bp target
surprise); NVDA's beta on FOMC days 2022-2025 was 1.5-1.8; the effect is capped at 2 % an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from engine.phrases import phrase
from engine.values import Evidence, FloatArray
from strategies.base import Level, Param, Params, Strategy, decay, only_where, squash


class RatePath(Strategy):
    """Score = tanh((surprise effect + path effect) / scale)."""

    name: ClassVar[str] = "rate_path"
    needs: ClassVar[frozenset[str]] = frozenset({"expected_path_bps", "fed_surprise_bps"})
    params: ClassVar[Mapping[str, Param]] = MappingProxyType(
        {
            "half_life_sessions": Param(
                default=10,
                low=0,
                high=252,
                unit="sessions",
                open_low=True,
                source="judgement: half the way to the next meeting",
            ),
            "index_pct_per_100bp": Param(
                default=-8,
                low=-15,
                high=0,
                unit="% per +100 bp",
                source="handbook 3.5: -8 (range -3 to -15) for the path in Fed windows",
            ),
            "beta": Param(
                default=1.8, low=0, high=4, unit="", source="NVDA on FOMC days 2022-01 to 2025-09"
            ),
            "cap_pct": Param(
                default=2,
                low=0,
                high=10,
                unit="% an event",
                source="handbook 3.5: 2 (range 1-3)",
            ),
            "path_pct_per_100bp": Param(
                default=-1,
                low=-5,
                high=0,
                unit="% per +100 bp expected",
                source="judgement: most of an expected path is already in the price",
            ),
            "scale_pct": Param(
                default=4,
                low=0,
                high=50,
                unit="% of price",
                open_low=True,
                effect=True,
                source="twice the cap of one event",
            ),
        }
    )
    levels_spec: ClassVar[Mapping[str, Level]] = MappingProxyType(
        {
            "expected_path_bps": Level(
                low=-300, high=300, unit="bp", meaning="expected change of the policy rate"
            ),
            "surprise_effect_pct": Level(
                low=-10, high=10, unit="%", meaning="faded effect of surprises in Fed windows"
            ),
        }
    )

    def levels(self, features: Mapping[str, FloatArray], p: Params) -> dict[str, FloatArray]:
        """Each surprise is turned into per cent of price, capped, then fades."""
        surprise_pp = features["fed_surprise_bps"] / 100.0
        effect = np.clip(
            p["index_pct_per_100bp"] * p["beta"] * surprise_pp, -p["cap_pct"], p["cap_pct"]
        )
        faded = decay(effect, p["half_life_sessions"])
        path = features["expected_path_bps"]
        return {
            "expected_path_bps": path,
            "surprise_effect_pct": only_where(path, faded),
        }

    def score(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """Path effect plus surprise effect over the scale."""
        path_pct = p["path_pct_per_100bp"] * levels["expected_path_bps"] / 100.0
        return squash((path_pct + levels["surprise_effect_pct"]) / p["scale_pct"])

    def doubt(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """0.25: the premium in futures and the sign trap leave much open."""
        return np.full(np.shape(levels["expected_path_bps"]), 0.25)

    def evidence(self, levels: Mapping[str, float], p: Params) -> tuple[Evidence, ...]:
        """The path and what surprises left behind."""
        return (
            Evidence(
                text=phrase(
                    "Markets expect the policy rate to move by {path:bps} over one to two years; "
                    "recent Fed surprises still count for {effect:pct1} of the share price",
                    path=levels["expected_path_bps"],
                    effect=levels["surprise_effect_pct"],
                ),
                source="engine.macro.fedwatch",
            ),
        )
