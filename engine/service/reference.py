"""Reference tables of ``config/facts`` read straight from disk, for commands without a database."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import StoreError

if TYPE_CHECKING:
    from engine.threat.parameters import ThreatParameters
    from engine.threat.world import World
    from engine.values import ModelRelease

CONFIG = Path(__file__).resolve().parents[2] / "config"
FACTS = CONFIG / "facts"


@contextmanager
def _rows(name: str, folder: Path) -> Iterator[Iterator[Mapping[str, str]]]:
    try:
        with (folder / name).open(encoding="utf-8", newline="") as lines:
            yield csv.DictReader(lines)
    except OSError as error:
        raise StoreError(
            f"cannot read reference table '{name}': {error.strerror}",
            remedy="reinstall, or restore config/facts",
        ) from None


def read_parameters(path: Path | None = None) -> ThreatParameters:
    """``config/threat.toml``, checked."""
    from engine.threat.parameters import parse_parameters

    where = path or CONFIG / "threat.toml"
    try:
        text = where.read_text(encoding="utf-8")
    except OSError as error:
        raise StoreError(f"cannot read '{where.name}': {error.strerror}") from None
    return parse_parameters(text, where=where.name)


def read_world(
    as_of: datetime, folder: Path | None = None, *, planned: Sequence[ModelRelease] = ()
) -> World:
    """Everything the reference tables hold that was known at ``as_of``.

    planned: releases that do not exist yet; they get chip costs, but do not enter the record.
    """
    from engine.threat import supply
    from engine.threat.architectures import parse_architectures
    from engine.threat.catalogue import parse_releases, parse_updates
    from engine.threat.chips import parse_accelerators
    from engine.threat.feasibility import evidence_from_events
    from engine.threat.pairing import chip_costs
    from engine.threat.world import world_as_of

    facts = folder or FACTS
    with _rows("release_updates.csv", facts) as rows:
        updates = parse_updates(rows)
    with _rows("model_releases.csv", facts) as rows:
        releases = parse_releases(rows, updates)
    with _rows("accelerators.csv", facts) as rows:
        accelerators = parse_accelerators(rows)
    with _rows("model_architectures.csv", facts) as rows:
        architectures = parse_architectures(rows)
    with _rows("china_availability.csv", facts) as rows:
        availability = supply.availability_from_rows(rows)
    with _rows("domestic_chip_supply.csv", facts) as rows:
        estimates = supply.supply_from_rows(rows)
    with _rows("nvidia_earnings.csv", facts) as rows:
        earnings = supply.earnings_from_rows(rows)
    with _rows("chip_events.csv", facts) as rows:
        evidence = evidence_from_events(rows)
    return world_as_of(
        as_of,
        releases=releases,
        accelerators=accelerators,
        availability=availability,
        supply=estimates,
        earnings=earnings,
        evidence=evidence,
        costs=chip_costs((*releases, *planned), accelerators, architectures),
    )
