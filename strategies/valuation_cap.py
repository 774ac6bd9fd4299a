"""Valuation: a ceiling in money that the investor sets, and the growth the price implies.

What it assumes about the world: a price is stretched when the ten-year growth it implies (reverse
DCF) lies beyond what delivered growth can fade into; and an investor may simply want less above a
market value he names. Evidence: growth rates hardly persist (Chan, Karceski and Lakonishok 2003,
Journal of Finance 58), so delivered growth fades with a half-life of about two years.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from engine.phrases import phrase
from engine.values import Evidence, FloatArray
from strategies.base import Level, Param, Params, Strategy, squash


class ValuationCap(Strategy):
    """Score = -tanh(growth gap / scale) - ceiling weight * excess over the ceiling."""

    name: ClassVar[str] = "valuation_cap"
    needs: ClassVar[frozenset[str]] = frozenset(
        {"market_cap_usd_tn", "implied_growth_pct", "delivered_growth_pct"}
    )
    params: ClassVar[Mapping[str, Param]] = MappingProxyType(
        {
            "ceiling_usd_tn": Param(
                default=4,
                low=0,
                high=100,
                unit="USD tn",
                open_low=True,
                source="the investor's own mark: past 4 trillion he starts to ask",
            ),
            "ceiling_weight": Param(
                default=1,
                low=0,
                high=10,
                unit="per unit of ln(cap/ceiling)",
                source="judgement: 10 % above the ceiling costs about 0.1",
            ),
            "growth_scale_pp": Param(
                default=10,
                low=0,
                high=100,
                unit="pp a year",
                open_low=True,
                source="handbook 3.3: implied growth moves 16-24 % over r = 8.5-11.5 %",
            ),
            "fade_half_life_years": Param(
                default=2,
                low=0,
                high=20,
                unit="years",
                open_low=True,
                source="Chan, Karceski, Lakonishok 2003: little persistence beyond two years",
            ),
            "terminal_growth_pct": Param(
                default=3.5, low=0, high=6, unit="%", source="handbook 3.3"
            ),
        }
    )
    levels_spec: ClassVar[Mapping[str, Level]] = MappingProxyType(
        {
            "market_cap_usd_tn": Level(
                low=0.05,
                high=50,
                unit="USD tn",
                meaning="shares times price, as known",
                within_factor=2,
            ),
            "implied_growth_pct": Level(
                low=-20, high=100, unit="%", meaning="ten-year growth the price implies"
            ),
            "delivered_growth_pct": Level(
                low=-60, high=400, unit="%", meaning="revenue, latest quarter on a year before"
            ),
        }
    )

    def score(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """Both terms; unknown when the market value is; growth term 0 while growth is unknown."""
        gap = levels["implied_growth_pct"] - sustainable_pct(levels["delivered_growth_pct"], p)
        growth_term = np.nan_to_num(squash(gap / p["growth_scale_pp"]), nan=0.0)
        excess = np.log(levels["market_cap_usd_tn"] / p["ceiling_usd_tn"])
        ceiling_term = p["ceiling_weight"] * np.maximum(excess, 0.0)
        return np.clip(-growth_term - ceiling_term, -1.0, 1.0)

    def doubt(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """0.35: 1.5 points of discount rate move implied growth by about 4 points."""
        return np.full(np.shape(levels["market_cap_usd_tn"]), 0.35)

    def evidence(self, levels: Mapping[str, float], p: Params) -> tuple[Evidence, ...]:
        """Cap against ceiling; implied against sustainable growth."""
        sentences = [
            Evidence(
                text=phrase(
                    "Market value {cap:usdtn2} against a ceiling of {ceiling:usdtn2}",
                    cap=levels["market_cap_usd_tn"],
                    ceiling=p["ceiling_usd_tn"],
                ),
                source="nvidia_market_cap, prices",
            )
        ]
        implied, delivered = levels["implied_growth_pct"], levels["delivered_growth_pct"]
        if np.isfinite(implied) and np.isfinite(delivered):
            sustainable = float(sustainable_pct(np.asarray(delivered), p))
            sentences.append(
                Evidence(
                    text=phrase(
                        "The price implies {implied:pct1} growth a year for ten years; delivered "
                        "growth of {delivered:pct0} would fade into {sustainable:pct1}",
                        implied=implied,
                        delivered=delivered,
                        sustainable=sustainable,
                    ),
                    source="reverse DCF",
                )
            )
        return tuple(sentences)


def sustainable_pct(delivered_pct: FloatArray, p: Params, years: int = 10) -> FloatArray:
    """Ten-year average growth if the excess over terminal growth halves every half-life.

    The mean of g_T + (g_0 - g_T) 2**(-t/h) over n years is
    g_T + (g_0 - g_T) h/(n ln 2) (1 - 2**(-n/h)).
    """
    half_life = np.asarray(p["fade_half_life_years"], dtype=np.float64)
    share = half_life / (years * np.log(2.0)) * (1.0 - np.exp2(-years / half_life))
    terminal = p["terminal_growth_pct"]
    return np.asarray(terminal + (delivered_pct - terminal) * share)
