"""China as Nvidia's market: what was reported, permitted, and what home-grown supply could carry.

Values are dated by when they could be known; ``*_from_rows`` build them from the reference tables
(``nvidia_earnings.csv``, ``china_availability.csv``, ``domestic_chip_supply.csv``). Sources differ
by a factor of four on supply: the spread between them is kept and drawn from, never averaged away.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import numpy as np

from engine.errors import ConfigError
from engine.threat.parameters import Sample, triangular
from engine.values import FloatArray

Permission = Literal["allowed", "licence", "barred"]
Acceptance = Literal["accepted", "discouraged", "blocked", "unknown"]

_NEW_YORK = ZoneInfo("America/New_York")
_FRESH = timedelta(days=400)
_SUPPLY_KINDS = frozenset({"shipments", "production plan", "capacity"})
SCENARIO = "scenario"
"""Kind of an assumed figure: where there is one, it replaces every estimate."""
_PUBLIC_ON = re.compile(r"public (?:only )?(?:on )?(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class EarningsReport:
    """A quarter as first reported, billions of USD. None: not reported or not found.

    china_share: fraction of total revenue. by_billing: that share is by billing address, which is
    below the share of customers seated in China.
    """

    quarter: str
    known_at: datetime
    revenue_usd_bn: float
    data_center_usd_bn: float | None
    next_quarter_guide_usd_bn: float | None
    china_share: float | None
    by_billing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilitySpell:
    """From ``known_at`` on, until the next spell of the chip: may the US seller, will the buyer."""

    chip: str
    known_at: datetime
    us_permission: Permission
    china_acceptance: Acceptance
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyEstimate:
    """One published figure, units a year as its ``unit`` says. None bounds: one-sided figure."""

    known_at: datetime
    period: str
    vendor: str
    chip: str
    low: float | None
    mid: float | None
    high: float | None
    unit: str
    kind: str
    source: str = ""
    confidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Low, middle and high of what sources say, and how many say it."""

    low: float
    mid: float
    high: float
    n_sources: int

    def draw(self, u: FloatArray) -> FloatArray:
        """Triangular draws at uniform ``u``."""
        return triangular(u, self.low, self.mid, self.high)


def end_of_utc_day(day: date) -> datetime:
    """The instant from which something dated by its day alone may be used."""
    return datetime.combine(day, time.max, tzinfo=UTC)


# --- Nvidia's own reports ---


def earnings_from_rows(rows: Iterable[Mapping[str, str]]) -> tuple[EarningsReport, ...]:
    """Reported quarters of ``nvidia_earnings.csv``, oldest first; scheduled ones are left out."""
    reports, problems = [], []
    for number, row in enumerate(rows, start=2):
        if not (row.get("revenue_usd_bn") or "").strip():
            continue
        try:
            reports.append(_earnings(row))
        except (KeyError, ValueError) as error:
            problems.append(f"nvidia_earnings.csv:{number}: {error}")
    if problems:
        raise ConfigError(problems)
    return tuple(sorted(reports, key=lambda r: r.known_at))


def _earnings(row: Mapping[str, str]) -> EarningsReport:
    told = datetime.fromisoformat(row["report_datetime_et"].strip()).replace(tzinfo=_NEW_YORK)
    share, basis = _figure(row, "china_share_pct"), row.get("china_basis") or ""
    return EarningsReport(
        quarter=row["fiscal_quarter"].strip(),
        known_at=told.astimezone(UTC),
        revenue_usd_bn=float(row["revenue_usd_bn"]),
        data_center_usd_bn=_figure(row, "data_center_revenue_usd_bn"),
        next_quarter_guide_usd_bn=_figure(row, "next_q_guide_midpoint_usd_bn"),
        china_share=None if share is None else share / 100,
        by_billing=basis.startswith("billing") and "billing/HQ" not in basis,
    )


def _figure(row: Mapping[str, str], column: str) -> float | None:
    text = (row.get(column) or "").strip()
    return float(text) if text else None


def run_rate_usd_bn(reports: Sequence[EarningsReport]) -> float | None:
    """Data-centre revenue of the next twelve months at the pace known, billions of USD.

    Four times the last reported quarter, moved by the guide for total revenue where there is one.
    None when no data-centre figure was reported.
    """
    told = [r for r in reports if r.data_center_usd_bn is not None]
    if not told:
        return None
    last = max(told, key=lambda r: r.known_at)
    guide = last.next_quarter_guide_usd_bn
    pace = 1.0 if guide is None else guide / last.revenue_usd_bn
    return 4 * (last.data_center_usd_bn or 0.0) * pace


def last_china_share(reports: Sequence[EarningsReport]) -> EarningsReport | None:
    """The newest report that gave China's share."""
    told = [r for r in reports if r.china_share is not None]
    return max(told, key=lambda r: r.known_at, default=None)


def china_share_draws(reports: Sequence[EarningsReport], draws: Sample) -> FloatArray:
    """China's share of revenue by customer's seat, shape (draws,), never above 0.6."""
    last = last_china_share(reports)
    if last is None or last.china_share is None:
        return draws["unknown_china_share"]
    factor = draws["customer_over_billing"] if last.by_billing else np.ones(draws.draws)
    share: FloatArray = np.minimum(last.china_share * factor, 0.6)
    return share


# --- what may be sold ---


def availability_from_rows(rows: Iterable[Mapping[str, str]]) -> tuple[AvailabilitySpell, ...]:
    """Spells of ``china_availability.csv``; a step that became public later is dated by that."""
    spells, problems = [], []
    for number, row in enumerate(rows, start=2):
        permission, acceptance = row["us_permission"].strip(), row["china_acceptance"].strip()
        if permission not in get_args(Permission) or acceptance not in get_args(Acceptance):
            problems.append(f"china_availability.csv:{number}: '{permission}', '{acceptance}'")
            continue
        began = date.fromisoformat(row["from_date"].strip())
        public = [date.fromisoformat(d) for d in _PUBLIC_ON.findall(row.get("note") or "")]
        spells.append(
            AvailabilitySpell(
                chip=row["chip"].strip(),
                known_at=end_of_utc_day(max([began, *public])),
                us_permission=permission,  # type: ignore[arg-type]
                china_acceptance=acceptance,  # type: ignore[arg-type]
                source=(row.get("source") or "").strip(),
            )
        )
    if problems:
        raise ConfigError(problems)
    return tuple(sorted(spells, key=lambda s: (s.known_at, s.chip)))


def current_spells(spells: Iterable[AvailabilitySpell]) -> dict[str, AvailabilitySpell]:
    """Chip -> the last spell among those given (all of them known)."""
    last: dict[str, AvailabilitySpell] = {}
    for spell in sorted(spells, key=lambda s: s.known_at):
        last[spell.chip] = spell
    return last


def friction(spell: AvailabilitySpell, draws: Sample) -> FloatArray:
    """Cost factor on an Nvidia chip in China, (draws,): 1 where it is freely sold and wanted."""
    if spell.us_permission == "barred" or spell.china_acceptance == "blocked":
        return draws["grey_premium"]
    factor = np.ones(draws.draws)
    if spell.us_permission == "licence":
        factor = factor * draws["licence_friction"]
    if spell.china_acceptance == "discouraged":
        factor = factor * draws["discouraged_friction"]
    return factor


# --- what home-grown supply can carry ---


def supply_from_rows(rows: Iterable[Mapping[str, str]]) -> tuple[SupplyEstimate, ...]:
    """Every dated figure of ``domestic_chip_supply.csv``, oldest first."""
    found, problems = [], []
    for number, row in enumerate(rows, start=2):
        try:
            found.append(
                SupplyEstimate(
                    known_at=end_of_utc_day(date.fromisoformat(row["known_on"].strip())),
                    period=row["period"].strip(),
                    vendor=row["vendor"].strip(),
                    chip=row["chip"].strip(),
                    low=_figure(row, "units_low"),
                    mid=_figure(row, "units_mid"),
                    high=_figure(row, "units_high"),
                    unit=row["unit"].strip(),
                    kind=row["kind"].strip(),
                    source=(row.get("source") or "").strip(),
                    confidence=(row.get("confidence") or "").strip(),
                )
            )
        except (KeyError, ValueError) as error:
            problems.append(f"domestic_chip_supply.csv:{number}: {error}")
    if problems:
        raise ConfigError(problems)
    return tuple(sorted(found, key=lambda e: e.known_at))


def domestic_supply(estimates: Sequence[SupplyEstimate], as_of: datetime) -> Spread | None:
    """Spread of what sources say Huawei delivers in a year; chips. None: nobody says.

    Figures for the present or next calendar year (the last one where there is none), published in
    the last 400 days; parts that one source gives on one day (910B and 910C) are added, sources are
    never added to one another. Huawei alone, because its figures are the ones that were published
    throughout; ``other_vendor_uplift`` adds the rest. A ``SCENARIO`` replaces them all.
    """
    assumed = [e for e in estimates if e.kind == SCENARIO and e.known_at <= as_of]
    if assumed:
        return _spread([_sum_parts([e]) for e in assumed])
    ahead = {str(as_of.year), str(as_of.year + 1)}
    return _of_years(estimates, as_of, ahead) or _of_years(estimates, as_of, {str(as_of.year - 1)})


def _of_years(
    estimates: Sequence[SupplyEstimate], as_of: datetime, years: set[str]
) -> Spread | None:
    by_source: dict[tuple[datetime, str], list[SupplyEstimate]] = defaultdict(list)
    for e in estimates:
        fresh = e.known_at <= as_of and as_of - e.known_at <= _FRESH
        counts = e.unit == "chips" and e.kind in _SUPPLY_KINDS and e.vendor == "Huawei"
        if fresh and counts and e.period in years:
            by_source[(e.known_at, e.period)].append(e)
    return _spread([_sum_parts(parts) for parts in by_source.values()])


def _sum_parts(parts: Sequence[SupplyEstimate]) -> tuple[float | None, float | None]:
    """Lowest and highest total of one source. A figure for several chips is not added to its parts.

    One-sided figures leave the other end open (None).
    """
    whole = [e for e in parts if "all" in e.chip or " and " in e.chip]
    used = whole[:1] or list(parts)
    lows = [next((x for x in (e.low, e.mid) if x is not None), None) for e in used]
    highs = [next((x for x in (e.high, e.mid) if x is not None), None) for e in used]
    low = None if any(x is None for x in lows) else sum(x for x in lows if x is not None)
    high = None if any(x is None for x in highs) else sum(x for x in highs if x is not None)
    return low, high


def _spread(totals: Sequence[tuple[float | None, float | None]]) -> Spread | None:
    points = [x for low, high in totals for x in (low, high) if x is not None]
    if not points:
        return None
    middles = [
        sum(known) / len(known) for pair in totals if (known := [x for x in pair if x is not None])
    ]
    return Spread(
        low=min(points), mid=float(median(middles)), high=max(points), n_sources=len(totals)
    )


def demand_units(
    estimates: Sequence[SupplyEstimate],
    reports: Sequence[EarningsReport],
    as_of: datetime,
    draws: Sample,
) -> FloatArray | None:
    """China's demand for a year in H20 equivalents, (draws,); None when nothing bears on it.

    Published demand where there was any in the last 400 days, else what Nvidia bills there at its
    yearly pace over the price of an H20, half more at most for everybody else's sales.
    """
    told = [
        e
        for e in estimates
        if e.kind == "demand in H20 equivalents"
        and e.vendor == "all vendors in China"
        and e.period in {str(as_of.year), str(as_of.year + 1)}
        and e.known_at <= as_of
        and as_of - e.known_at <= _FRESH
    ]
    growth = draws["demand_growth"]
    if told:
        spread = _spread([(e.low or e.mid, e.high or e.mid) for e in told])
        if spread is not None:
            ahead = growth if all(e.period == str(as_of.year) for e in told) else 1.0
            return spread.draw(draws.noise["demand_spread"]) * ahead
    pace, share = run_rate_usd_bn(reports), last_china_share(reports)
    if pace is None or share is None or not share.china_share:
        return None
    billed = pace * 1e9 * china_share_draws(reports, draws) / draws["h20_price_usd"]
    others: FloatArray = 1 + 0.5 * draws.noise["demand_spread"]
    return billed * others * growth


def carrying_share(
    estimates: Sequence[SupplyEstimate],
    reports: Sequence[EarningsReport],
    as_of: datetime,
    draws: Sample,
) -> FloatArray:
    """Share of China's demand that home-grown supply can carry, (draws,) in [0, 1].

    No estimate known: the configured wide priors, not zero. An estimate of zero is zero.
    """
    spread = domestic_supply(estimates, as_of)
    if spread is None:
        units = draws["unknown_supply_units"] * draws["other_vendor_uplift"]
    else:
        assumed = any(e.kind == SCENARIO and e.known_at <= as_of for e in estimates)
        others = 1.0 if assumed else draws["other_vendor_uplift"]  # a scenario is the whole
        units = spread.draw(draws.noise["supply_spread"]) * others
    delivered = units * draws["supply_realised"] * draws["h20_equivalents_per_chip"]
    demand = demand_units(estimates, reports, as_of, draws)
    if demand is None:
        demand = draws["unknown_demand_units"] * draws["demand_growth"]
    share: FloatArray = np.clip(delivered / np.maximum(demand, 1.0), 0.0, 1.0)
    return share
