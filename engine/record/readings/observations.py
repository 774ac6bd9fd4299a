"""Figures of macro series and futures settlements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.record.readings.base import Kind, need_range

USD_PER_EURO = "USDEUR"
"""Series of the European Central Bank's reference rate, USD per euro; no rate of interest."""


RATE_PCT = (-5.0, 25.0)
"""Percent a year; wider than any policy rate or Treasury yield since 1954."""
FUTURES_PRICE = (85.0, 101.0)
"""15 % to -1 %: wider than anything since the contract began to trade in 1988."""
EURO_USD = (0.5, 2.5)
"""The euro has cost 0.8252 (2000-10-26) to 1.5990 (2008-07-15) by the same references."""


def sound_range(series: str) -> tuple[float, float]:
    """The lowest and highest figure that any door takes for ``series``, in its own unit."""
    if series.startswith("ZQ"):
        return FUTURES_PRICE
    return EURO_USD if series == USD_PER_EURO else RATE_PCT


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One figure of a macro series or a futures settlement.

    series: ``DFF``, ``EFFR``, ``DGS2``, ``DGS10``, ``DTB3`` (percent a year), ``ZQU25`` (futures
    price), ``USDEUR`` (USD per euro) …
    """

    series: str
    observed_on: date
    value: float

    def __post_init__(self) -> None:
        need_range(self, "value", -1e6, 1e6)


OBSERVATIONS = Kind(
    name="observation",
    of=Observation,
    key=lambda o: f"{o.series}:{o.observed_on.isoformat()}",
)
