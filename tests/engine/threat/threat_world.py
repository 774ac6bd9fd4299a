"""Worlds for tests of the rating: small ones of given figures, and the shipped record's own."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from config.settings import PACKAGED, Lags
from engine.decision.events import known_events
from engine.decision.ratings import world_from, world_then
from engine.record.history import History
from engine.service import bind
from engine.threat.catalogue import first_versions
from engine.threat.parameters import (
    DEFAULT_DRAWS,
    DEFAULT_SEED,
    Draws,
    Sample,
    ThreatParameters,
    sample,
)
from engine.threat.rating import rate
from engine.threat.supply import (
    SCENARIO,
    AvailabilitySpell,
    ChinaShare,
    EarningsReport,
    SupplyEstimate,
    run_rate_usd_bn,
)
from engine.threat.world import World, world_as_of
from engine.values import ModelRelease, ThreatRating
from feeds.facts import read_tables

DAY = datetime(2025, 8, 21, 23, 59, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[3]


@lru_cache
def params() -> ThreatParameters:
    return bind.load(PACKAGED).threat


@lru_cache
def drawn() -> Sample:
    return sample(params(), draws=2048)


@lru_cache
def draws() -> Draws:
    return drawn().at(DAY)


@lru_cache
def record() -> History:
    """The shipped reference tables."""
    return History(read_tables(PACKAGED / "facts", Lags()))


@lru_cache
def facts(as_of: datetime) -> World:
    """What the shipped record tells the rating by ``as_of``, as the product reads it."""
    return world_from(record(), as_of, known_events(record(), as_of))


def rated(as_of: datetime) -> tuple[ThreatRating, ...]:
    """Every release known by ``as_of``, comparisons too, on its own day; oldest first."""
    world, everything = facts(as_of), sample(params(), draws=DEFAULT_DRAWS, seed=DEFAULT_SEED)
    found = []
    for subject in first_versions(world.releases):
        around = world_then(world, record(), subject.known_at, [subject])
        if run_rate_usd_bn(around.earnings) is not None:
            found.append(rate(subject, around, params(), drawn=everything))
    return tuple(found)


def release(model: str = "New", days: int = 0, **given: Any) -> ModelRelease:
    """A Chinese open release ``days`` after ``DAY``, of frontier quality unless told otherwise."""
    known = DAY + timedelta(days=days)
    values: dict[str, Any] = {
        "lab": "Lab",
        "country": "CN",
        "released_on": known.date(),
        "known_at": known,
        "total_params_b": 671,
        "active_params_b": 37,
        "open_weights": True,
        "weight_precision": "bf16",
        "price_input_usd_per_mtok": 0.5,
        "price_output_usd_per_mtok": 2.0,
        "gpqa_diamond_pct": 80.0,
        "mmlu_pro_pct": 84.0,
        "swe_bench_verified_pct": 66.0,
        "aime_pct": 88.0,
        "aime_year": 2025,
        "context_k": 128,
        "license": "MIT",
        "confidence": 0.9,
    }
    return ModelRelease(model=model, **{**values, **given})


def frontier_model(days: int = -60, price: float = 10.0) -> ModelRelease:
    return release(
        "Leader",
        days,
        lab="US lab",
        country="US",
        open_weights=False,
        is_comparison=True,
        price_input_usd_per_mtok=price / 4,
        price_output_usd_per_mtok=price,
    )


def earnings(share: float | None = 0.125, days: int = -90) -> EarningsReport:
    return EarningsReport(
        quarter="Q1",
        known_at=DAY + timedelta(days=days),
        revenue_usd_bn=44.0,
        data_center_usd_bn=39.0,
        next_quarter_guide_usd_bn=45.0,
        china_share=share,
        by_billing=True,
    )


def share(fraction: float, days: int = -30, **given: Any) -> ChinaShare:
    """A count of home-grown cards over all cards of the year of ``DAY``."""
    values: dict[str, Any] = {
        "known_at": DAY + timedelta(days=days),
        "year": 2025.5,
        "house": "IDC",
        "share": fraction,
        "kind": "reported",
        "confidence": "high",
    }
    return ChinaShare(**{**values, **given})


def supply(units: float, days: int = 0) -> SupplyEstimate:
    """An assumed supply, which stands in for every count."""
    return SupplyEstimate(
        known_at=DAY + timedelta(days=days),
        period="2025",
        vendor="Huawei",
        chip="Ascend (all)",
        low=units,
        mid=units,
        high=units,
        unit="chips",
        kind=SCENARIO,
    )


def spell(permission: Any = "licence", acceptance: Any = "discouraged") -> AvailabilitySpell:
    return AvailabilitySpell(
        chip="H20",
        since=DAY.date() - timedelta(days=10),
        known_at=DAY - timedelta(days=10),
        us_permission=permission,
        china_acceptance=acceptance,
    )


def world(*releases: ModelRelease, **given: Any) -> World:
    """A world at ``DAY`` with one dear leader, a market in China, three chips in ten home-grown."""
    values: dict[str, Any] = {
        "releases": (frontier_model(), *releases),
        "earnings": (earnings(),),
        "shares": (share(0.3),),
        "availability": (spell(),),
    }
    return world_as_of(given.pop("at", DAY), **{**values, **given})


def end_of(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time.max, tzinfo=UTC)
