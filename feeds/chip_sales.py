"""How many accelerators were sold, as Epoch AI estimates it (CC BY; medians with 90 % intervals).

``https://epoch.ai/data/ai_chip_sales.zip`` holds ``timelines_by_chip.csv``: units and H100
equivalents a chip and calendar quarter. Of each whole year two kinds of facts are made: a
``supply_estimate`` a chip that is home-grown in China or was made for it, and one ``chip_share``,
home-grown over both, in the one unit and from the one house that the rating asks of a share. Epoch
counts Huawei alone among Chinese makers, and not what AMD or smugglers sold there, so the share is
told with low confidence.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from engine.errors import FeedError
from engine.news.clean import clean_text
from engine.phrases import phrase
from engine.record.readings import CHIP_SHARES, SUPPLY, ChipShare, Supply
from engine.values import Fact
from feeds.base import DocumentCollector, FeedConfig, Parsed, newest_stamps
from feeds.model_scores import table_rows, unzipped

TABLE = "timelines_by_chip.csv"
HOUSE = "Epoch AI"
_HOME_MAKERS = frozenset(("huawei",))
_MADE_FOR_CHINA = re.compile(r"\b(?:A800|H800|H20|B30A)\b", re.I)
_UNITS = (
    "Number of Units (5th percentile)",
    "Number of Units",
    "Number of Units (95th percentile)",
)
_COMPUTE = "Compute estimate in H100e (median)"
_QUARTER_ENDS = frozenset(((3, 31), (6, 30), (9, 30), (12, 31)))


class _Quarter(NamedTuple):
    """One chip in one calendar quarter; NaN where a figure is not told."""

    maker: str
    chip: str
    ends_on: date
    units: tuple[float, float, float]
    h100e: float


class EpochChipSales(DocumentCollector):
    """Yearly supply for China, and what part of it is home-grown."""

    accept = "application/zip"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """Facts ``supply_estimate`` and ``chip_share``; ``FeedError`` for another archive."""
        problems: list[str] = []
        text = unzipped(body, feed, (TABLE,))[TABLE]
        rows = list(table_rows(TABLE, text, problems))
        if not rows or not {"Chip manufacturer", "End date", "Chip type", *_UNITS, _COMPUTE} <= set(
            rows[0]
        ):
            raise FeedError(feed.name, phrase("{table} has other columns than it had", table=TABLE))
        years = _whole_years(filter(None, (_quarter(row) for row in rows)), fetched_at.date())
        facts = [f for y, q in sorted(years.items()) for f in _of_year(y, q, feed, fetched_at)]
        return Parsed(
            facts=tuple(facts),
            problems=tuple(problems[:20]),
            stamps=newest_stamps(fact.occurred_at for fact in facts),
        )


def _quarter(row: Mapping[str, str]) -> _Quarter | None:
    """A row of a whole calendar quarter; None for any other."""
    try:
        ends_on = date.fromisoformat(row["End date"].strip()[:10])
    except ValueError:
        return None
    if row.get("Incomplete", "").strip() or (ends_on.month, ends_on.day) not in _QUARTER_ENDS:
        return None
    low, mid, high = (_number(row[name]) for name in _UNITS)
    return _Quarter(
        maker=clean_text(row["Chip manufacturer"], limit=60),
        chip=clean_text(row["Chip type"], limit=60),
        ends_on=ends_on,
        units=(low, mid, high),
        h100e=_number(row[_COMPUTE]),
    )


def _number(text: str) -> float:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return math.nan
    return value if 0 <= value < 1e10 else math.nan


def _whole_years(quarters: Iterable[_Quarter], today: date) -> dict[int, list[_Quarter]]:
    """The years of which Huawei's four quarters are there, with all that China got in them."""
    years: defaultdict[int, list[_Quarter]] = defaultdict(list)
    for quarter in quarters:
        if quarter.ends_on < today and (_is_home(quarter) or _MADE_FOR_CHINA.search(quarter.chip)):
            years[quarter.ends_on.year].append(quarter)
    return {
        year: told
        for year, told in years.items()
        if len({q.ends_on for q in told if _is_home(q)}) == 4
    }


def _is_home(quarter: _Quarter) -> bool:
    return quarter.maker.lower() in _HOME_MAKERS


def _of_year(
    year: int, quarters: list[_Quarter], feed: FeedConfig, seen_at: datetime
) -> Iterable[Fact]:
    chips: defaultdict[tuple[str, str], list[_Quarter]] = defaultdict(list)
    for quarter in quarters:
        chips[quarter.maker, quarter.chip].append(quarter)
    for (maker, chip), told in sorted(chips.items()):
        yield _supply(year, maker, chip, told, feed, seen_at)
    home = sum(q.h100e for q in quarters if _is_home(q))
    whole = sum(q.h100e for q in quarters)
    if whole > 0:  # False for NaN: a share of which a part is unknown is no share
        yield _share(year, 100 * home / whole, feed, seen_at)


def _supply(
    year: int, maker: str, chip: str, told: list[_Quarter], feed: FeedConfig, seen_at: datetime
) -> Fact:
    """A year of a chip. Bounds of quarters are added: right where their errors move together."""
    low, mid, high = (sum(q.units[n] for q in told) for n in range(3))
    supply = Supply(
        known_at=seen_at, known_on=date(year, 12, 31), vendor=maker, chip=chip, period=str(year),
        kind="shipments", unit="chips", units_low=_known(low), units_mid=_known(mid),
        units_high=_known(high), source=feed.source, confidence="medium",
    )  # fmt: skip
    return SUPPLY.fact(
        supply, occurred_at=_end_of(year), known_at=seen_at, source=feed.source,
        key=f"{HOUSE}/{maker}/{chip}/{year}",
    )  # fmt: skip


def _share(year: int, percent: float, feed: FeedConfig, seen_at: datetime) -> Fact:
    share = ChipShare(
        known_at=seen_at, known_on=date(year, 12, 31), period=str(year), house=HOUSE,
        basis="compute sold by Huawei, and by Nvidia in chips made for China",
        unit="H100 equivalents", domestic_share_pct=round(percent, 2), kind="estimate",
        confidence="low", source=feed.source,
    )  # fmt: skip
    return CHIP_SHARES.fact(
        share, occurred_at=_end_of(year), known_at=seen_at, source=feed.source,
        key=f"{HOUSE}/{year}",
    )  # fmt: skip


def _known(units: float) -> float | None:
    return round(units) if math.isfinite(units) else None


def _end_of(year: int) -> datetime:
    return datetime.combine(date(year, 12, 31), time(0), tzinfo=UTC)
