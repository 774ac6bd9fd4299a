"""Splits and cash dividends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from engine.record.readings.base import Kind, need_range


@dataclass(frozen=True, slots=True, kw_only=True)
class CorporateAction:
    """A split (``value`` new shares per old) or a cash dividend (``value`` USD per raw share)."""

    symbol: str
    ex_on: date
    action: Literal["split", "dividend"]
    value: float

    def __post_init__(self) -> None:
        need_range(self, "value", 0, 1e4, open_low=True)


ACTIONS = Kind(
    name="corporate_action",
    of=CorporateAction,
    key=lambda a: f"{a.symbol}:{a.ex_on.isoformat()}:{a.action}",
)
