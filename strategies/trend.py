"""Trend and volatility: context that keeps the other voices honest.

What it assumes about the world: prices above their long average tend to stay there for months
(time-series momentum, Moskowitz, Ooi and Pedersen 2012, Journal of Financial Economics 104), and a
calm market deserves more trust than a wild one. It knows nothing about AI.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from engine.phrases import phrase
from engine.values import Evidence, FloatArray
from strategies.base import Level, Param, Params, Strategy, squash


class Trend(Strategy):
    """Score = tanh(gap to the 200-session mean in units of its own volatility / scale)."""

    name: ClassVar[str] = "trend"
    needs: ClassVar[frozenset[str]] = frozenset({"trend_gap_pct", "volatility_pct"})
    params: ClassVar[Mapping[str, Param]] = MappingProxyType(
        {
            "scale_sd": Param(
                default=1,
                low=0,
                high=10,
                unit="standard deviations",
                open_low=True,
                effect=True,
                source="judgement: one standard deviation counts as a clear trend",
            ),
            "calm_vol_pct": Param(
                default=50,
                low=0,
                high=300,
                unit="% a year",
                open_low=True,
                source="NVDA's daily standard deviation of 3.2 % is about 50 % a year",
            ),
        }
    )
    levels_spec: ClassVar[Mapping[str, Level]] = MappingProxyType(
        {
            "trend_gap_pct": Level(
                low=-80, high=200, unit="%", meaning="close against its 200-session mean"
            ),
            "volatility_pct": Level(
                low=5,
                high=200,
                unit="%",
                meaning="20-session volatility, annualised",
                asked=False,  # a calmer fall would read as "sell", where risk would keep more
            ),
        }
    )

    def score(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """Gap in standard deviations of a 200-session mean, halved as volatility doubles.

        The standard deviation of ln(P/mean of 200) of a random walk is sigma sqrt(200/3).
        """
        daily = levels["volatility_pct"] / 100.0 / np.sqrt(252.0)
        spread = np.maximum(daily, 1e-4) * np.sqrt(200.0 / 3.0)
        z = np.log1p(levels["trend_gap_pct"] / 100.0) / spread
        calm = np.minimum(1.0, p["calm_vol_pct"] / np.maximum(levels["volatility_pct"], 1e-9))
        return calm * squash(z / p["scale_sd"])

    def doubt(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """0.3: momentum breaks at turns."""
        return np.full(np.shape(levels["trend_gap_pct"]), 0.3)

    def evidence(self, levels: Mapping[str, float], p: Params) -> tuple[Evidence, ...]:
        """Gap and volatility."""
        return (
            Evidence(
                text=phrase(
                    "NVDA stands {gap:+pct1} from its 200-session mean, at {vol:pct0} volatility",
                    gap=levels["trend_gap_pct"],
                    vol=levels["volatility_pct"],
                ),
                source="prices",
            ),
        )
