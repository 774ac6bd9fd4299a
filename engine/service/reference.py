"""Reference tables of ``config/facts`` read straight from disk, for commands without a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import StoreError
from engine.tables import read_rows

if TYPE_CHECKING:
    from engine.threat.parameters import ThreatParameters
    from engine.threat.world import World
    from engine.values import ModelRelease

CONFIG = Path(__file__).resolve().parents[2] / "config"
FACTS = CONFIG / "facts"


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
    from engine.threat.evidence import proofs_from_events, proofs_from_rows
    from engine.threat.pairing import chip_costs
    from engine.threat.world import world_as_of

    facts = folder or FACTS
    updates = parse_updates(read_rows(facts / "release_updates.csv"))
    releases = parse_releases(read_rows(facts / "model_releases.csv"), updates)
    accelerators = parse_accelerators(read_rows(facts / "accelerators.csv"))
    architectures = parse_architectures(read_rows(facts / "model_architectures.csv"))
    availability = supply.availability_from_rows(read_rows(facts / "china_availability.csv"))
    estimates = supply.supply_from_rows(read_rows(facts / "domestic_chip_supply.csv"))
    shares = supply.shares_from_rows(read_rows(facts / "china_chip_share.csv"))
    earnings = supply.earnings_from_rows(read_rows(facts / "nvidia_earnings.csv"))
    told = (
        *proofs_from_events(read_rows(facts / "chip_events.csv")),
        *proofs_from_rows(read_rows(facts / "homegrown_training_record.csv")),
    )
    return world_as_of(
        as_of,
        releases=releases,
        accelerators=accelerators,
        availability=availability,
        supply=estimates,
        shares=shares,
        earnings=earnings,
        proofs=told,
        costs=chip_costs((*releases, *planned), accelerators, architectures),
    )
