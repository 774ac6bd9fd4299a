"""Nvidia's results, what analysts expect of them, when they are told, and its share count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from engine.record.readings.base import Kind, need_range


@dataclass(frozen=True, slots=True, kw_only=True)
class Earnings:
    """A quarter as reported, billions of USD and per cent. None: not reported or not found."""

    known_at: datetime
    fiscal_quarter: str
    period_end: date | None = None
    report_datetime_et: str | None = None
    revenue_usd_bn: float | None = None
    consensus_revenue_usd_bn: float | None = None
    data_center_revenue_usd_bn: float | None = None
    consensus_data_center_usd_bn: float | None = None
    china_incl_hk_revenue_usd_bn: float | None = None
    china_share_pct: float | None = None
    china_basis: str | None = None
    next_q_guide_midpoint_usd_bn: float | None = None
    consensus_next_q_usd_bn: float | None = None
    guide_vs_consensus_pct: float | None = None
    china_in_guide: str | None = None
    china_guide_usd_bn: float | None = None

    def __post_init__(self) -> None:
        for name in ("revenue_usd_bn", "data_center_revenue_usd_bn"):
            need_range(self, name, 0, 1e5)
        need_range(self, "china_share_pct", 0, 100)


EARNINGS = Kind(name="earnings", of=Earnings, key=lambda e: e.fiscal_quarter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consensus:
    """What analysts expected on ``known_on``, billions of USD, as one vendor gathers it.

    horizon: a fiscal quarter (FY2027Q2), fiscal year (FY2027) or calendar year (CY2026). vendor:
    figures of two vendors must not be differenced. None: not told.
    """

    known_at: datetime
    known_on: date
    horizon: str
    metric: Literal["total revenue", "data-centre revenue"]
    consensus_usd_bn: float
    vendor: str
    horizon_end: date | None = None
    low_usd_bn: float | None = None
    high_usd_bn: float | None = None
    source: str = ""

    def __post_init__(self) -> None:
        need_range(self, "consensus_usd_bn", 0, 1e5, open_low=True)


CONSENSUS = Kind(
    name="consensus",
    of=Consensus,
    key=lambda c: f"{c.known_on.isoformat()}/{c.horizon}/{c.metric}/{c.vendor}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarningsDate:
    """When a quarter is reported: the New York date, and ``occurred_at`` its instant."""

    fiscal_quarter: str
    report_on: date
    occurred_at: datetime


EARNINGS_DATES = Kind(name="earnings_date", of=EarningsDate, key=lambda e: e.fiscal_quarter)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareCount:
    """Shares outstanding in billions, raw: on the split basis of ``date`` itself."""

    date: date
    shares_bn: float

    def __post_init__(self) -> None:
        need_range(self, "shares_bn", 0, 1e5, open_low=True)


SHARES = Kind(name="shares", of=ShareCount, key=lambda s: s.date.isoformat())
