"""A release that does not exist yet, and the world it would meet.

A what-if file holds a ``[release]`` table, keys as in ``ModelRelease``, and may hold a
``[scenario]``::

    [scenario]
    china_sales = "banned"              # unchanged, banned or free
    domestic_supply_units = 5_000_000   # home-grown chips a year, instead of the estimates known
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Literal, get_args

from engine.errors import ConfigError, nearest
from engine.threat.catalogue import release_from_toml
from engine.threat.supply import SCENARIO, availability_from_rows, supply_from_rows
from engine.threat.world import World
from engine.values import ModelRelease

ChinaSales = Literal["unchanged", "banned", "free"]
_KEYS = ("china_sales", "domestic_supply_units")
_MOST_UNITS = 1e9
_STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"banned": ("barred", "blocked"), "free": ("allowed", "accepted")}
)


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


def scenario_rows(plan: WhatIf, chips: Iterable[str], on: date) -> dict[str, list[dict[str, str]]]:
    """The scenario as rows of the reference tables, dated ``on``.

    Keys ``availability`` (columns of ``china_availability.csv``, one row for each of ``chips``) and
    ``supply`` (columns of ``domestic_chip_supply.csv``); empty lists where nothing is assumed.
    """
    rows: dict[str, list[dict[str, str]]] = {"availability": [], "supply": []}
    if plan.china_sales != "unchanged":
        permission, acceptance = _STATES[plan.china_sales]
        rows["availability"] = [
            {
                "chip": chip,
                "from_date": on.isoformat(),
                "to_date": "",
                "us_permission": permission,
                "china_acceptance": acceptance,
                "note": "",
                "source": SCENARIO,
            }
            for chip in sorted(set(chips))
        ]
    if plan.domestic_supply_units is not None:
        units = f"{plan.domestic_supply_units:g}"
        rows["supply"] = [
            {
                "known_on": on.isoformat(),
                "period": str(on.year),
                "vendor": "Huawei",
                "chip": "Ascend (all)",
                "units_low": units,
                "units_mid": units,
                "units_high": units,
                "unit": "chips",
                "kind": SCENARIO,
                "source": SCENARIO,
                "confidence": "",
            }
        ]
    return rows


def in_scenario(world: World, plan: WhatIf) -> World:
    """``world`` as the scenario would have it, known at the world's own instant."""
    chips = (spell.chip for spell in world.availability)
    rows = scenario_rows(plan, chips, world.as_of.date())
    spells = availability_from_rows(rows["availability"])
    estimates = supply_from_rows(rows["supply"])
    return replace(
        world,
        availability=(*world.availability, *(replace(s, known_at=world.as_of) for s in spells)),
        supply=(*world.supply, *(replace(e, known_at=world.as_of) for e in estimates)),
    )
