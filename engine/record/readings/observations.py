"""Figures of macro series and futures settlements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.record.readings.base import Kind, need_range

USD_PER_EURO = "USDEUR"
"""Series of the European Central Bank's reference rate, USD per euro; no rate of interest."""


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
