"""China as Nvidia's market: what was reported, what may be sold, what home-grown chips can carry.

Values are dated by when they could be known; ``*_from_rows`` build them from the reference tables
(``nvidia_earnings.csv``, ``china_availability.csv``, ``china_chip_share.csv``,
``domestic_chip_supply.csv``). The share that home-grown supply carries comes from counts whose two
sides have one source, one year and one unit; where houses disagree, the doubt stays wide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import numpy as np

from engine.errors import ConfigError
from engine.phrases import phrase
from engine.threat.parameters import Draws, standard
from engine.values import FloatArray

Permission = Literal["allowed", "licence", "barred"]
Acceptance = Literal["accepted", "discouraged", "blocked", "unknown"]

_NEW_YORK = ZoneInfo("America/New_York")
SCENARIO = "scenario"
"""Kind of an assumed figure: where there is one, it replaces every count."""
_PUBLIC_ON = re.compile(r"public (?:only )?(?:on )?(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class EarningsReport:
    """A quarter as reported, billions of USD. None: not reported or not found.

    quarter: ``FY2026Q2``, which sorts by time. until: when a correction took its place, here and
    below; None while it stands. china_share: fraction of total revenue. by_billing: that share is
    by billing address, which is below the share of customers seated in China.
    """

    quarter: str
    known_at: datetime
    revenue_usd_bn: float
    data_center_usd_bn: float | None
    next_quarter_guide_usd_bn: float | None
    china_share: float | None
    by_billing: bool
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilitySpell:
    """From ``since`` on, until the next spell of the chip: may the US seller, will the buyer."""

    chip: str
    since: date
    known_at: datetime
    us_permission: Permission
    china_acceptance: Acceptance
    source: str = ""
    until: datetime | None = None


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
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChinaShare:
    """What one house said home-grown chips are of China's market in one year: one source, one unit.

    share: fraction, home-grown over all. year: the middle of the period, 2025.5 for the whole of
    2025. kind: reported, estimate or forecast.
    """

    known_at: datetime
    year: float
    house: str
    share: float
    kind: str
    confidence: str
    source: str = ""
    until: datetime | None = None


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
            problems.append(
                phrase("nvidia_earnings.csv:{number}: {error}", number=str(number), error=error)
            )
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
    last = max(told, key=lambda r: r.quarter)
    guide = last.next_quarter_guide_usd_bn
    pace = 1.0 if guide is None else guide / last.revenue_usd_bn
    return 4 * (last.data_center_usd_bn or 0.0) * pace


def last_china_share(reports: Sequence[EarningsReport]) -> EarningsReport | None:
    """The newest report that gave China's share."""
    told = [r for r in reports if r.china_share is not None]
    return max(told, key=lambda r: r.quarter, default=None)


# --- what may be sold ---


def availability_from_rows(rows: Iterable[Mapping[str, str]]) -> tuple[AvailabilitySpell, ...]:
    """Spells of ``china_availability.csv``; a step that became public later is dated by that."""
    spells, problems = [], []
    for number, row in enumerate(rows, start=2):
        permission, acceptance = row["us_permission"].strip(), row["china_acceptance"].strip()
        if permission not in get_args(Permission) or acceptance not in get_args(Acceptance):
            problems.append(
                phrase(
                    "china_availability.csv:{number}: '{permission}', '{acceptance}'",
                    number=str(number),
                    permission=permission,
                    acceptance=acceptance,
                )
            )
            continue
        began = date.fromisoformat(row["from_date"].strip())
        public = [date.fromisoformat(d) for d in _PUBLIC_ON.findall(row.get("note") or "")]
        spells.append(
            AvailabilitySpell(
                chip=row["chip"].strip(),
                since=began,
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
    for spell in sorted(spells, key=lambda s: (s.since, s.known_at)):
        last[spell.chip] = spell
    return last


def friction(spell: AvailabilitySpell, draws: Draws) -> FloatArray:
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
            problems.append(
                phrase(
                    "domestic_chip_supply.csv:{number}: {error}", number=str(number), error=error
                )
            )
    if problems:
        raise ConfigError(problems)
    return tuple(sorted(found, key=lambda e: e.known_at))


def shares_from_rows(rows: Iterable[Mapping[str, str]]) -> tuple[ChinaShare, ...]:
    """Rows of ``china_chip_share.csv`` that give a home-grown share, oldest first.

    A forecast beyond the year after the one in which it was made is left out: plans are not supply.
    """
    found, problems = [], []
    for number, row in enumerate(rows, start=2):
        share = (row.get("domestic_share_pct") or "").strip()
        if not share:
            continue
        try:
            day = date.fromisoformat(row["known_on"].strip())
            year = _middle_of(row["period"].strip())
            if year > day.year + 2:
                continue
            found.append(
                ChinaShare(
                    known_at=end_of_utc_day(day),
                    year=year,
                    house=row["house"].strip(),
                    share=float(share) / 100,
                    kind=row["kind"].strip(),
                    confidence=(row.get("confidence") or "").strip(),
                    source=(row.get("source") or "").strip(),
                )
            )
        except (KeyError, ValueError) as error:
            problems.append(
                phrase("china_chip_share.csv:{number}: {error}", number=str(number), error=error)
            )
    if problems:
        raise ConfigError(problems)
    return tuple(sorted(found, key=lambda c: c.known_at))


def _middle_of(period: str) -> float:
    """2025 -> 2025.5, 2025-H1 -> 2025.25."""
    year, _, half = period.partition("-H")
    return int(year) + (0.5 if not half else 0.25 if half == "1" else 0.75)


_PRIOR_YEAR = 2023.5
_SD_OF_KIND = {"reported": 0.35, "estimate": 0.5, "forecast": 0.7}
_SD_OF_WORD = {"high": 0.0, "medium": 0.2, "low": 0.4}
"""Standard deviations in logits: judgement. Houses count cards, money and self-sufficiency, and
Bernstein's own figures for 2025 lie 0.56 logits apart (china_chip_share.csv)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryingPath:
    """Share of China's demand that home-grown chips carry in each of three years, (3, draws).

    n_counts: on how many published counts it rests. assumed: a scenario stands in for them.
    """

    share: FloatArray
    n_counts: int
    assumed: bool = False


def carrying_path(
    counts: Sequence[ChinaShare],
    estimates: Sequence[SupplyEstimate],
    as_of: datetime,
    draws: Draws,
    market_usd_bn: FloatArray,
) -> CarryingPath:
    """The three years from ``as_of`` on.

    A line in logits with a prior on level and slope, updated by the counts known (normal, closed
    form), each as unsure as its kind and confidence say. An assumed supply (``SCENARIO``) replaces
    it: its units over China's demand, both in H20 equivalents; ``market_usd_bn``: (3, draws).
    """
    assumed = [e for e in estimates if e.kind == SCENARIO and e.known_at <= as_of]
    if assumed:
        units = float(max(assumed, key=lambda e: e.known_at).mid or 0.0)
        demand = market_usd_bn * 1e9 / draws["h20_price_usd"]
        share = np.minimum(units * draws["h20_equivalents_per_chip"] / demand, 1.0)
        return CarryingPath(share=share, n_counts=0, assumed=True)
    known = [c for c in counts if c.known_at <= as_of]
    now = as_of.year + (as_of.timetuple().tm_yday - 1) / 365.25
    level, slope = _posterior(known, draws)
    rows = [_expit(level + slope * (now + 0.5 + ahead - _PRIOR_YEAR)) for ahead in range(3)]
    return CarryingPath(share=np.stack(rows), n_counts=len(known))


def _posterior(counts: Sequence[ChinaShare], draws: Draws) -> tuple[FloatArray, FloatArray]:
    """Draws of level (logits in mid-2023) and slope (logits a year) after the counts."""
    start, rise = _logit(draws["carrying_share"]), draws["carrying_slope"]
    mean = np.array([float(start.mean()), float(rise.mean())])
    scale = np.array([float(start.std()), float(rise.std())])
    precision = np.diag(scale**-2.0)
    pull = precision @ mean
    for count in counts:
        row = np.array([1.0, count.year - _PRIOR_YEAR])
        sd = _SD_OF_KIND.get(count.kind, 0.7) + _SD_OF_WORD.get(count.confidence, 0.4)
        precision += np.outer(row, row) / sd**2
        pull += row * float(_logit(np.array(min(max(count.share, 0.01), 0.99)))) / sd**2
    covariance = np.linalg.inv(precision)
    centre, root = covariance @ pull, np.linalg.cholesky(covariance)
    z_level = standard(draws.noise["carrying_level"])
    z_slope = (rise - mean[1]) / scale[1]
    level = centre[0] + root[0, 0] * z_level
    return level, centre[1] + root[1, 0] * z_level + root[1, 1] * z_slope


def _logit(p: FloatArray) -> FloatArray:
    return np.log(p) - np.log1p(-p)


def _expit(x: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + np.exp(-x))
