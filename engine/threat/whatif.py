"""A release that does not exist yet, and the world it would meet.

A what-if file (``config.whatif``) holds a ``[release]`` table, keys as in ``ModelRelease``, and may
hold a ``[scenario]``::

    [scenario]
    china_sales = "banned"              # unchanged, banned or free
    domestic_supply_units = 5_000_000   # home-grown chips a year, instead of the estimates known
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from config.schema import parse_toml, read_model
from config.whatif import Release, WhatIf
from engine.threat.catalogue import scale_format_of
from engine.threat.supply import SCENARIO
from engine.values import ModelRelease

_STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"banned": ("barred", "blocked"), "free": ("allowed", "accepted")}
)


def parse_whatif(text: str, *, where: str = "release.toml") -> WhatIf:
    """Read a what-if file; ``ConfigError`` with every problem of both tables.

    A file without tables is a release by itself.
    """
    if "release" in parse_toml(text, where):
        return read_model(text, WhatIf, where)
    return WhatIf(release=read_model(text, Release, where))


def planned(plan: WhatIf) -> ModelRelease:
    """The release of a plan; its scale format follows from its precision unless it is given."""
    release = ModelRelease(**plan.release.as_release_fields())
    return replace(
        release, scale_format=release.scale_format or scale_format_of(release.weight_precision)
    )


def scenario_rows(plan: WhatIf, chips: Iterable[str], on: date) -> dict[str, list[dict[str, str]]]:
    """The scenario as rows of the reference tables, dated ``on``.

    Keys ``availability`` (columns of ``china_availability.csv``, one row for each of ``chips``) and
    ``supply`` (columns of ``domestic_chip_supply.csv``); empty lists where nothing is assumed.
    """
    rows: dict[str, list[dict[str, str]]] = {"availability": [], "supply": []}
    if plan.scenario.china_sales != "unchanged":
        permission, acceptance = _STATES[plan.scenario.china_sales]
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
    if plan.scenario.domestic_supply_units is not None:
        units = f"{plan.scenario.domestic_supply_units:g}"
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
