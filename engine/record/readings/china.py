"""What may be sold to China, and what home-grown makers are said to deliver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from engine.record.readings.base import Kind, need_range

UsPermission = Literal["allowed", "licence", "barred"]
ChinaAcceptance = Literal["accepted", "discouraged", "blocked", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """From ``from_date`` on, until the chip's next spell: may the seller, will the buyer.

    None: that half was not told.
    """

    known_at: datetime
    chip: str
    from_date: date
    us_permission: UsPermission | None = None
    china_acceptance: ChinaAcceptance | None = None
    source: str = ""


AVAILABILITY = Kind(
    name="availability", of=Availability, key=lambda s: f"{s.chip}/{s.from_date.isoformat()}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """One published figure, a year's number in ``unit``. None bounds: a one-sided figure.

    confidence: the table's own word.
    """

    known_at: datetime
    known_on: date
    vendor: str
    chip: str
    period: str | None = None
    kind: str | None = None
    unit: str | None = None
    units_low: float | None = None
    units_mid: float | None = None
    units_high: float | None = None
    source: str = ""
    confidence: str | None = None

    def __post_init__(self) -> None:
        for name in ("units_low", "units_mid", "units_high"):
            need_range(self, name, 0, 1e12)


SUPPLY = Kind(
    name="supply_estimate",
    of=Supply,
    key=lambda s: "/".join(
        (s.known_on.isoformat(), s.vendor, s.chip, s.period or "", s.kind or "")
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipShare:
    """What one house says home-grown chips are of China's market in ``period``, per cent.

    basis and unit: what was counted. kind: reported, estimate or forecast. confidence: a word.
    """

    known_at: datetime
    known_on: date
    period: str
    house: str
    domestic_share_pct: float
    basis: str = ""
    unit: str = ""
    kind: str = "estimate"
    confidence: str | None = None
    source: str = ""

    def __post_init__(self) -> None:
        need_range(self, "domestic_share_pct", 0, 100)


CHIP_SHARES = Kind(
    name="chip_share",
    of=ChipShare,
    key=lambda s: "/".join((s.known_on.isoformat(), s.house, s.period, s.basis)),
)
