"""Chinese model releases: how much data-centre revenue they put at risk, and how that fades.

What it assumes about the world: what a release can cost Nvidia is the centre of its rating
(``engine.threat.rating``), novel losses add up, and they matter less as time shows whether buyers
move. News on home-grown chips pushes the same level up, failed training on them pulls it down.
Evidence: of 58 sessions with a Chinese release from 2023-11 to 2025-09 the mean NVDA return was
+0.6 % and one event was large, so a release as such is no sell signal; its rating is.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from engine.phrases import phrase
from engine.values import Evidence, FloatArray
from strategies.base import Level, Param, Params, Strategy, decay, only_where, squash


class Fp8Threat(Strategy):
    """Score = -tanh(revenue at risk / scale)."""

    name: ClassVar[str] = "fp8_threat"
    needs: ClassVar[frozenset[str]] = frozenset(
        {"threat_impulse_pct", "threat_doubt_pct", "domestic_impulse_pct", "domestic_alone_pct"}
    )
    params: ClassVar[Mapping[str, Param]] = MappingProxyType(
        {
            "half_life_sessions": Param(
                default=63,
                low=0,
                high=756,
                unit="sessions",
                open_low=True,
                source="judgement: one quarter, the time in which guidance shows or denies a loss",
            ),
            "scale_pct": Param(
                default=3,
                low=0,
                high=100,
                unit="% of data-centre revenue",
                open_low=True,
                effect=True,
                source="judgement: three landmark releases; the ratings put 0.8 % of a year's "
                "revenue at risk for R1, which had no equal before 2025-09-30",
            ),
            "domestic_weight": Param(
                default=1,
                low=0,
                high=5,
                unit="",
                source="events.toml magnitudes taken as they are",
            ),
        }
    )
    levels_spec: ClassVar[Mapping[str, Level]] = MappingProxyType(
        {
            "revenue_at_risk_pct": Level(
                low=-5, high=60, unit="%", meaning="data-centre revenue at risk, faded"
            )
        }
    )

    lone: ClassVar[Mapping[str, str]] = MappingProxyType({"revenue_at_risk_pct": "lone_news_pct"})

    def levels(self, features: Mapping[str, FloatArray], p: Params) -> dict[str, FloatArray]:
        """Revenue at risk: ratings and chip news, each fading with the same half-life."""
        risk = decay(features["threat_impulse_pct"], p["half_life_sessions"])
        chips = decay(features["domestic_impulse_pct"], p["half_life_sessions"])
        wide = decay(features["threat_doubt_pct"], p["half_life_sessions"])
        level = only_where(features["threat_impulse_pct"], risk - p["domestic_weight"] * chips)
        return {
            "revenue_at_risk_pct": level,
            "rated_loss_pct": only_where(level, risk),
            "chip_news_pct": only_where(level, chips),
            "rating_doubt_pct": only_where(level, wide),
            "lone_news_pct": -p["domestic_weight"] * features["domestic_alone_pct"],
        }

    def score(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """-tanh(level / scale)."""
        return -squash(levels["revenue_at_risk_pct"] / p["scale_pct"])

    def doubt(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """From the width of the ratings' intervals, at least 0.1."""
        return np.clip(levels["rating_doubt_pct"] / p["scale_pct"], 0.1, 1.0)

    def evidence(self, levels: Mapping[str, float], p: Params) -> tuple[Evidence, ...]:
        """The level and its two parts."""
        return (
            Evidence(
                text=phrase(
                    "Releases put {risk:pct1} of Nvidia's data-centre revenue at risk after "
                    "fading, of which {chips:pct1} stem from news on home-grown chips",
                    risk=levels["revenue_at_risk_pct"],
                    chips=-p["domestic_weight"] * levels["chip_news_pct"],
                ),
                source="engine.threat.rating",
            ),
        )
