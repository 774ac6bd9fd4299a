"""Yardsticks: whatever has no better history than these is not worth its attention.

They assume nothing about the world: always in, always out, or in and out by the toss of a coin.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from engine.phrases import phrase
from engine.values import Evidence, FloatArray
from strategies.base import Param, Params, Strategy

_ANY = frozenset({"trend_gap_pct"})
"""One feature, to know how many sessions there are."""


def _rows(features: Mapping[str, FloatArray]) -> int:
    return int(next(iter(features.values())).shape[-1])


class BuyAndHold(Strategy):
    """Score = +1 at every session."""

    name: ClassVar[str] = "buy_and_hold"
    needs: ClassVar[frozenset[str]] = _ANY

    def levels(self, features: Mapping[str, FloatArray], p: Params) -> dict[str, FloatArray]:
        """A constant one."""
        return {"constant": np.ones(_rows(features))}

    def score(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """+1."""
        return levels["constant"]

    def doubt(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """0: it is a yardstick, not an opinion."""
        return np.zeros_like(levels["constant"])

    def evidence(self, levels: Mapping[str, float], p: Params) -> tuple[Evidence, ...]:
        """Says what it is."""
        return (Evidence(text=phrase("Buy and hold, whatever happens"), source="baseline"),)


class Cash(BuyAndHold):
    """Score = -1 at every session."""

    name: ClassVar[str] = "cash"

    def levels(self, features: Mapping[str, FloatArray], p: Params) -> dict[str, FloatArray]:
        """A constant minus one."""
        return {"constant": -np.ones(_rows(features))}

    def evidence(self, levels: Mapping[str, float], p: Params) -> tuple[Evidence, ...]:
        """Says what it is."""
        return (Evidence(text=phrase("Cash, whatever happens"), source="baseline"),)


class RandomSameTurnover(Strategy):
    """+1 or -1, switching at random with a given chance a session: turnover without knowledge.

    Row t depends on the seed and on t alone, so a longer record does not change it.
    """

    name: ClassVar[str] = "random_same_turnover"
    needs: ClassVar[frozenset[str]] = _ANY
    params: ClassVar[Mapping[str, Param]] = MappingProxyType(
        {
            "changes_per_year": Param(
                default=6,
                low=0,
                high=252,
                unit="changes a year",
                source="set it to the number of trades of the rule it stands beside",
            ),
            "seed": Param(default=1, low=0, high=2**31, unit="", source="any whole number"),
        }
    )

    def levels(self, features: Mapping[str, FloatArray], p: Params) -> dict[str, FloatArray]:
        """Starts invested; switches where a uniform number is below changes / 252."""
        seeds = np.atleast_1d(np.asarray(p["seed"], dtype=np.float64)).ravel()
        rows = _rows(features)
        draws = np.stack([np.random.default_rng(int(s)).random(rows) for s in seeds])
        chance = np.asarray(p["changes_per_year"], dtype=np.float64) / 252.0
        switches = np.cumsum(draws < chance, axis=-1) % 2
        state = np.where(switches == 0, 1.0, -1.0)
        scalar = np.ndim(p["seed"]) == 0 and np.ndim(p["changes_per_year"]) == 0
        return {"state": state[0] if scalar else state}

    def score(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """The state."""
        return levels["state"]

    def doubt(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        """1: a coin knows nothing."""
        return np.ones_like(levels["state"])

    def evidence(self, levels: Mapping[str, float], p: Params) -> tuple[Evidence, ...]:
        """Says what it is."""
        return (Evidence(text=phrase("A coin was tossed"), source="baseline"),)
