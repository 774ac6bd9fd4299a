"""Earnings: the guide against one vendor's consensus, at low weight.

What it assumes about the world: a guide beyond consensus says something for a month, a beat as such
says nothing. Evidence: over 14 Nvidia reports from 2022-05 to 2025-08 the rank correlation of the
next session with guide against consensus was 0.14, with the revenue beat 0.01; four of the eight
latest double beats were followed by a fall. Hence the small scale and the small default weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from engine.phrases import phrase
from engine.values import Evidence, FloatArray
from strategies.base import Level, Param, Params, Strategy, fade_latest, only_where, squash


class EarningsSurprise(Strategy):
    """Score = tanh(faded guide surprise less what is usual / scale)."""

    name: ClassVar[str] = "earnings_surprise"
    needs: ClassVar[frozenset[str]] = frozenset({"guide_surprise_pct", "guide_age_sessions"})
    params: ClassVar[Mapping[str, Param]] = MappingProxyType(
        {
            "half_life_sessions": Param(
                default=20,
                low=0,
                high=252,
                unit="sessions",
                open_low=True,
                source="handbook 3.4: drift, if any, over 20 sessions",
            ),
            "usual_beat_pct": Param(
                default=2,
                low=0,
                high=20,
                unit="%",
                source="median guide against consensus FY2023Q1-FY2026Q2 is 2.3 %: expected by all",
            ),
            "scale_pct": Param(
                default=10,
                low=0,
                high=100,
                unit="%",
                open_low=True,
                effect=True,
                source="judgement: between a normal guide (2-5 %) and the two giant ones of 2023",
            ),
        }
    )
    levels_spec: ClassVar[Mapping[str, Level]] = MappingProxyType(
        {
            "guide_surprise_pct": Level(
                low=-50, high=80, unit="%", meaning="faded guide surprise beyond the usual beat"
            )
        }
    )

    def levels(self, features: Mapping[str, FloatArray], p: Params) -> dict[str, FloatArray]:
        """Surprise of the latest report beyond the usual, fading from the report on.

        What corrects it later stands as faded as if it had been told with the report.
        """
        raw, age = features["guide_surprise_pct"], features["guide_age_sessions"]
        left = (raw - p["usual_beat_pct"]) * np.exp2(-age / p["half_life_sessions"])
        told = (np.nan_to_num(raw) != 0.0) | (age > 0.0)
        faded = fade_latest(left, told, p["half_life_sessions"])
        return {"guide_surprise_pct": only_where(raw, faded)}

    def score(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """tanh(level / scale)."""
        return squash(levels["guide_surprise_pct"] / p["scale_pct"])

    def doubt(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """0.4: consensus differs by up to 5 % between vendors."""
        return np.full(np.shape(levels["guide_surprise_pct"]), 0.4)

    def evidence(self, levels: Mapping[str, float], p: Params) -> tuple[Evidence, ...]:
        """The faded surprise."""
        return (
            Evidence(
                text=phrase(
                    "Guidance against consensus, beyond the usual beat and faded: {surprise:pct1}",
                    surprise=levels["guide_surprise_pct"],
                ),
                source="nvidia_earnings",
            ),
        )
