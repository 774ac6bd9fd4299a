"""Demand: what the buyers of data-centre chips say they will spend, and on whose chips.

What it assumes about the world: Nvidia's own guide is the best public figure of its order book, so
its growth over the quarter just reported is the level; news on the budgets of the large buyers and
on chips of rivals or of the buyers themselves moves it for a quarter, until the next guide shows it
or denies it. Evidence: Nvidia names large cloud companies as about half of data-centre revenue
(results of fiscal 2024 and 2025); the guides of 2022-08 (-12 % on the quarter) and 2023-05 (+53 %)
came before the worst and the best half-year of the record. Two turns are no proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from engine.phrases import phrase
from engine.values import Evidence, FloatArray
from strategies.base import Level, Param, Params, Strategy, decay, only_where, squash


class Demand(Strategy):
    """Score = tanh((guided growth beyond the ordinary + faded news) / scale)."""

    name: ClassVar[str] = "demand"
    needs: ClassVar[frozenset[str]] = frozenset(
        {"guided_growth_pct", "demand_impulse_pct", "demand_alone_pct"}
    )
    params: ClassVar[Mapping[str, Param]] = MappingProxyType(
        {
            "ordinary_growth_pct": Param(
                default=2,
                low=-20,
                high=50,
                unit="% a quarter",
                source="judgement: 8 % a year, the long growth of chip sales (WSTS 2000-2024)",
            ),
            "half_life_sessions": Param(
                default=63,
                low=0,
                high=756,
                unit="sessions",
                open_low=True,
                source="judgement: one quarter, until the next guide",
            ),
            "scale_pct": Param(
                default=10,
                low=0,
                high=100,
                unit="% of data-centre revenue",
                open_low=True,
                effect=True,
                source="judgement: one quarter of growth in fiscal 2025 (nvidia_earnings.csv)",
            ),
        }
    )
    levels_spec: ClassVar[Mapping[str, Level]] = MappingProxyType(
        {
            "guided_growth_pct": Level(
                low=-50, high=80, unit="%", meaning="guide on the quarter reported"
            ),
            "buyers_news_pct": Level(
                low=-50, high=50, unit="%", meaning="faded news on budgets and other chips"
            ),
        }
    )

    lone: ClassVar[Mapping[str, str]] = MappingProxyType({"buyers_news_pct": "demand_alone_pct"})

    def levels(self, features: Mapping[str, FloatArray], p: Params) -> dict[str, FloatArray]:
        """The guide's growth as told, and the news, fading."""
        news = features["demand_impulse_pct"]
        faded = only_where(news, decay(news, p["half_life_sessions"]))
        return {
            "guided_growth_pct": features["guided_growth_pct"],
            "buyers_news_pct": faded,
            "demand_alone_pct": features["demand_alone_pct"],
        }

    def score(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """Both in per cent of data-centre revenue; unknown while either is."""
        growth = levels["guided_growth_pct"] - p["ordinary_growth_pct"]
        return squash((growth + levels["buyers_news_pct"]) / p["scale_pct"])

    def doubt(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """0.35: a guide is the company's word, and budgets are told in rounds."""
        return np.full(np.shape(levels["guided_growth_pct"]), 0.35)

    def evidence(self, levels: Mapping[str, float], p: Params) -> tuple[Evidence, ...]:
        """The guide, then the news."""
        return (
            Evidence(
                text=phrase(
                    "Nvidia guides {growth:+pct1} on the quarter it reported last",
                    growth=levels["guided_growth_pct"],
                ),
                source="nvidia_earnings",
            ),
            Evidence(
                text=phrase(
                    "News on what buyers spend and on other chips, faded: {news:+pct1} of "
                    "data-centre revenue",
                    news=levels["buyers_news_pct"],
                ),
                source="chip_events",
            ),
        )
