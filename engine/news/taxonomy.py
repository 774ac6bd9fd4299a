"""The event types, the broader groups they belong to, and how fast their weight decays.

The types are those of the labelled headlines in ``config/headlines.csv``. Half-lives say
how long an event keeps half of its weight in a feature; they are priors in calendar days, ordered
by how structural the change is (an export rule outlives an app ranking), to be judged by
walk-forward and never fitted to a single event.

A new type is a row of ``_table``, headlines that show it in ``config/headlines.csv``, and, where it
moves a score, its name in ``MOVING`` and its impulse in ``config/events.toml``::

    >>> from engine.news.taxonomy import EventType, Group
    >>> grid = EventType(
    ...     name="power_shortage", group=Group.DEMAND, usual_direction=-1, half_life_days=20.0
    ... )
    >>> grid.name in EVENT_TYPES, grid.group.value
    (False, 'demand')

To see it work: ``nvsignal classify "Grid delay stops a data centre"``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from engine.errors import UnknownNameError
from engine.phrases import phrase
from engine.values import Direction


class Group(StrEnum):
    """The broader channels through which an event reaches Nvidia."""

    MODEL = "model"
    DOMESTIC_CHIP = "domestic_chip"
    EXPORT_POLICY = "export_policy"
    CHINA_PROCUREMENT = "china_procurement"
    DEMAND = "demand"
    COMPETITION = "competition"
    COMPANY = "company"
    LEGAL = "legal"
    MACRO = "macro"
    MARKET = "market"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One type: its group, the usual sense for NVDA, and the half-life of its weight in days."""

    name: str
    group: Group
    usual_direction: Direction
    half_life_days: float


def _table() -> Mapping[str, EventType]:
    rows: tuple[tuple[str, Group, Direction, float], ...] = (
        ("model_release", Group.MODEL, -1, 10.0),
        ("training_failure", Group.MODEL, 1, 20.0),
        ("release_delay", Group.MODEL, 1, 10.0),
        ("price_war", Group.MODEL, 0, 10.0),
        ("domestic_chip_launch", Group.DOMESTIC_CHIP, -1, 20.0),
        ("domestic_chip_adoption", Group.DOMESTIC_CHIP, -1, 20.0),
        ("export_restriction", Group.EXPORT_POLICY, -1, 30.0),
        ("export_relief", Group.EXPORT_POLICY, 1, 30.0),
        ("china_purchase_ban", Group.CHINA_PROCUREMENT, -1, 30.0),
        ("capex_increase", Group.DEMAND, 1, 20.0),
        ("capex_cut", Group.DEMAND, -1, 20.0),
        ("competitor_chip", Group.COMPETITION, -1, 15.0),
        ("nvidia_product", Group.COMPANY, 1, 10.0),
        ("nvidia_earnings", Group.COMPANY, 1, 15.0),
        ("valuation_milestone", Group.MARKET, 0, 3.0),
        ("regulatory_probe", Group.LEGAL, -1, 20.0),
        ("rates", Group.MACRO, 0, 7.0),
        ("other", Group.MARKET, 0, 5.0),
        ("irrelevant", Group.NONE, 0, 1.0),
    )
    return MappingProxyType(
        {
            name: EventType(name=name, group=group, usual_direction=sense, half_life_days=days)
            for name, group, sense, days in rows
        }
    )


TAXONOMY: Mapping[str, EventType] = _table()
EVENT_TYPES: tuple[str, ...] = tuple(TAXONOMY)
IRRELEVANT = "irrelevant"

MOVING = frozenset(
    {
        "export_restriction", "export_relief", "china_purchase_ban", "regulatory_probe",
        "domestic_chip_launch", "domestic_chip_adoption", "training_failure", "release_delay",
        "price_war", "capex_increase", "capex_cut", "competitor_chip",
    }
)  # fmt: skip
"""Types of which one event can move a score: those with an impulse in ``config/events.toml``, and
the failed run, which is a claim of the rating."""

DEMAND = frozenset({"capex_increase", "capex_cut", "competitor_chip"})
"""Of these the ones whose headlines often name no chip or maker: "Big Tech raises AI spending"."""


def event_type(name: str) -> EventType:
    """The type called ``name``; ``UnknownNameError`` with the nearest name otherwise."""
    found = TAXONOMY.get(name)
    if found is None:
        raise UnknownNameError(phrase("event type"), name, EVENT_TYPES)
    return found


def attention(
    age_days: npt.NDArray[np.float64], half_life_days: float, weights: Sequence[float] | None = None
) -> npt.NDArray[np.float64]:
    """Weight left of events ``age_days`` old: ``w · 2^(−age / half_life)``, 0 before known.

    ``age_days`` has shape (..., E): age of each event at each instant; a negative age (not yet
    known) and NaN weigh nothing. ``weights`` has shape (E,), 1 when absent.
    """
    if not half_life_days > 0:
        raise ValueError(f"half_life_days = {half_life_days} is not positive")
    known = np.greater_equal(age_days, 0.0)
    decayed = np.exp2(-np.where(known, age_days, 0.0) / half_life_days)
    left = np.where(known, decayed, 0.0)
    return left if weights is None else left * np.asarray(weights, dtype=np.float64)
