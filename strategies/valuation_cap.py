"""Valuation: a ceiling in money that the investor sets, and the growth the price implies.

What it assumes about the world: a price is stretched when the ten-year growth it implies (reverse
DCF) lies beyond what delivered growth can fade into; and an investor may simply want less above a
market value he names. Evidence: growth rates hardly persist (Chan, Karceski and Lakonishok 2003,
Journal of Finance 58), so delivered growth fades with a half-life of about two years.

It stands outside the score, where it would cancel the trend (a price is dearest when it has risen
most): it says how much of the floor is worth keeping once everything else says SELL.
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
        {
            "market_cap_usd_tn",
            "implied_growth_pct",
            "delivered_growth_pct",
            "trailing_revenue_usd_bn",
        }
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
            "ceiling_at_sales_usd_bn": Param(
                default=165,
                low=0,
                high=10_000,
                unit="USD bn of sales in four quarters",
                source="sales of the four quarters to 2025-07, when 4 trillion was passed: the "
                "ceiling drifts with sales from there; 0 keeps it fixed",
            ),
            "growth_cap_pct": Param(
                default=40,
                low=0,
                high=400,
                unit="% a year",
                source="base rates: hardly any large firm grows faster than this for three years "
                "(Chan, Karceski and Lakonishok 2003); what is beyond is not carried forward",
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
                effect=True,
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

    def levels(self, features: Mapping[str, FloatArray], p: Params) -> dict[str, FloatArray]:
        """Taken as they are, and the ceiling of the day: it drifts with sales where asked."""
        sales = features["trailing_revenue_usd_bn"]
        at_sales = p["ceiling_at_sales_usd_bn"]
        with np.errstate(divide="ignore"):
            drift = np.where(at_sales > 0, sales / np.where(at_sales > 0, at_sales, 1.0), 1.0)
        ceiling = p["ceiling_usd_tn"] * drift
        return {**{n: features[n] for n in self.levels_spec}, "ceiling_usd_tn": ceiling}

    def score(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """Both terms; unknown while the market value or the growth is."""
        gap = levels["implied_growth_pct"] - sustainable_pct(levels["delivered_growth_pct"], p)
        excess = np.log(levels["market_cap_usd_tn"] / levels["ceiling_usd_tn"])
        ceiling_term = p["ceiling_weight"] * np.maximum(excess, 0.0)
        return np.clip(-squash(gap / p["growth_scale_pp"]) - ceiling_term, -1.0, 1.0)

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
                    ceiling=levels["ceiling_usd_tn"],
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
    """Ten-year compound growth if what is above terminal growth halves every half-life.

    Growth beyond ``growth_cap_pct`` is not carried forward: the rates of the years are
    g_T + (min(g_0, cap) - g_T) 2**(-t/h), t = 1 … n, and their compound mean is returned, % a year.
    """
    half_life = np.asarray(p["fade_half_life_years"], dtype=np.float64)
    terminal = p["terminal_growth_pct"]
    above = np.minimum(delivered_pct, p["growth_cap_pct"]) - terminal
    logs = np.zeros(np.broadcast_shapes(np.shape(above), np.shape(half_life)))
    for year in range(1, years + 1):
        logs = logs + np.log1p((terminal + above * np.exp2(-year / half_life)) / 100.0)
    return np.asarray(100.0 * np.expm1(logs / years))
