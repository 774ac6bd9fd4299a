"""A release that does not exist yet, and the world it would meet.

A what-if file holds a ``[release]`` table, keys as in ``ModelRelease``, and may hold a
``[scenario]``::

    [scenario]
    china_sales = "banned"              # unchanged, banned or free
    domestic_supply_units = 5_000_000   # home-grown chips a year, instead of the estimates known
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, cast, get_args

from engine.errors import ConfigError, nearest
from engine.threat.catalogue import release_from_toml
from engine.threat.supply import Acceptance, AvailabilitySpell, Permission, SupplyEstimate
from engine.threat.world import World
from engine.values import ModelRelease

ChinaSales = Literal["unchanged", "banned", "free"]
_KEYS = ("china_sales", "domestic_supply_units")
_MOST_UNITS = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """A planned release with its scenario. domestic_supply_units None: as estimated."""

    release: ModelRelease
    china_sales: ChinaSales = "unchanged"
    domestic_supply_units: float | None = None


def parse_whatif(text: str, *, where: str = "release.toml") -> WhatIf:
    """Read a what-if file; ``ConfigError`` with every problem of both tables."""
    problems: list[str] = []
    try:
        raw: Mapping[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{where}: {error}"]) from None
    scenario = raw.get("scenario", {}) if "release" in raw else {}
    if not isinstance(scenario, Mapping):
        problems.append(f"{where}: [scenario] must be a table")
        scenario = {}
    problems += [f"{where}: {p}" for p in _scenario_problems(scenario)]
    for name in raw if "release" in raw else ():
        if name not in ("release", "scenario"):
            problems.append(f"{where}: unknown table '{name[:80]}'")
    release = None
    try:
        release = release_from_toml(text, where=where)
    except ConfigError as error:
        problems = [*error.problems, *problems]
    if problems or release is None:
        raise ConfigError(problems)
    units = scenario.get("domestic_supply_units")
    return WhatIf(
        release=release,
        china_sales=scenario.get("china_sales", "unchanged"),
        domestic_supply_units=None if units is None else float(units),
    )


def _scenario_problems(scenario: Mapping[str, Any]) -> list[str]:
    problems = []
    for key in scenario:
        if key not in _KEYS:
            close = nearest(key, _KEYS)
            hint = f"; did you mean '{close}'?" if close else ""
            problems.append(f"unknown key 'scenario.{key[:80]}'{hint}")
    sales = scenario.get("china_sales", "unchanged")
    if sales not in get_args(ChinaSales):
        problems.append(f"scenario.china_sales = {sales!r} is not unchanged, banned or free")
    units = scenario.get("domestic_supply_units", 0)
    number = isinstance(units, int | float) and not isinstance(units, bool)
    if not number or not 0 <= units <= _MOST_UNITS:
        problems.append(f"scenario.domestic_supply_units = {units!r} is not 0 to 1e9 chips")
    return problems


def in_scenario(world: World, plan: WhatIf) -> World:
    """``world`` as the scenario would have it, from the world's own instant on."""
    changed = world
    if plan.china_sales != "unchanged":
        state = ("barred", "blocked") if plan.china_sales == "banned" else ("allowed", "accepted")
        permission, acceptance = cast("tuple[Permission, Acceptance]", state)
        chips = sorted({s.chip for s in world.availability})
        spells = (
            AvailabilitySpell(
                chip=chip,
                known_at=world.as_of,
                us_permission=permission,
                china_acceptance=acceptance,
                source="scenario",
            )
            for chip in chips
        )
        changed = replace(changed, availability=(*world.availability, *spells))
    if plan.domestic_supply_units is not None:
        supply = (_supply(plan.domestic_supply_units, world.as_of), *_demand(world))
        changed = replace(changed, supply=supply)
    return changed


def _demand(world: World) -> tuple[SupplyEstimate, ...]:
    return tuple(e for e in world.supply if e.kind == "demand in H20 equivalents")


def _supply(units: float, as_of: datetime) -> SupplyEstimate:
    return SupplyEstimate(
        known_at=as_of,
        period=str(as_of.year),
        vendor="Huawei",
        chip="Ascend (all)",
        low=units,
        mid=units,
        high=units,
        unit="chips",
        kind="shipments",
        source="scenario",
    )
