"""Threat ratings from the record: every Chinese release rated once, on its own day.

A release is rated from what was known at its ``known_at`` and keeps that rating in every later
decision, so a record that ends earlier gives the same ratings, bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.clock import NEW_YORK
from engine.decision.events import EventLog
from engine.decision.features import RatedRelease
from engine.decision.grid import Grid
from engine.errors import NotObservedError
from engine.record.asof import known
from engine.record.history import History
from engine.record.readings import ARCHITECTURES, CHIPS, Dimensions
from engine.threat.architectures import match_architecture
from engine.threat.catalogue import first_versions
from engine.threat.chips import on_sale
from engine.threat.estimate import Subject, estimate
from engine.threat.feasibility import FeasibilityEvidence, evidence_from_events
from engine.threat.pairing import chip_costs
from engine.threat.parameters import DEFAULT_DRAWS, DEFAULT_SEED, Sample, ThreatParameters, sample
from engine.threat.rating import at_instant, rate
from engine.threat.supply import (
    availability_from_rows,
    current_spells,
    earnings_from_rows,
    supply_from_rows,
)
from engine.threat.world import World, world_as_of
from engine.values import Accelerator, Event, Fact, Interval, ModelRelease, ThreatRating, release_of

EVIDENCE_TYPES = ("training_failure", "release_delay", "domestic_chip_adoption")
"""Types of events of which ``evidence_from_events`` makes evidence; a test holds it to that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What carries no date of its own: the uncertain parameters."""

    params: ThreatParameters


def chips_at(history: History, at: datetime) -> tuple[Accelerator, ...]:
    """Every chip as known at ``at``, those not yet on sale included."""
    return tuple(known(history, CHIPS, at).values())


def dimensions_at(history: History, at: datetime) -> tuple[Dimensions, ...]:
    """The model dimensions published by ``at``."""
    return tuple(known(history, ARCHITECTURES, at).values())


def world_from(history: History, at: datetime, events: Sequence[Event]) -> World:
    """The rating's world as known at ``at``, every value carrying the ``known_at`` of its fact."""
    telling = EventLog.of(events).of_types(EVIDENCE_TYPES)
    releases = tuple(release_of(f) for f in history.known("model_release", at))
    chips = chips_at(history, at)
    return world_as_of(
        at,
        releases=releases,
        accelerators=tuple(c for c in chips if on_sale(c, at.astimezone(NEW_YORK).date())),
        availability=_each(history.known("availability", at), availability_from_rows),
        supply=_each(history.known("supply_estimate", at), supply_from_rows),
        earnings=_each(history.known("earnings", at), earnings_from_rows),
        evidence=tuple(e for event in telling for e in _evidence(event) if e.known_at <= at),
        costs=chip_costs(releases, chips, dimensions_at(history, at)),
    )


def _each(facts: Sequence[Fact], parse: Any) -> tuple[Any, ...]:
    """Values parsed from payloads shaped like the reference tables, known when the fact was."""
    return tuple(
        replace(value, known_at=fact.known_at)
        for fact in facts
        for value in parse([{k: str(v) for k, v in fact.payload.items()}])
    )


def _evidence(event: Event) -> tuple[FeasibilityEvidence, ...]:
    word = "high" if event.confidence >= 0.8 else "medium" if event.confidence >= 0.5 else "low"
    row: Mapping[str, str] = {
        "event_type": event.event_type,
        "actor": event.actor,
        "headline": event.headline,
        "date_utc": event.occurred_at.date().isoformat(),
        "confidence": word,
        "source": event.source,
    }
    return tuple(replace(e, known_at=event.known_at) for e in evidence_from_events([row]))


def rate_all(
    history: History, grid: Grid, events: Sequence[Event], reference: Reference
) -> tuple[RatedRelease, ...]:
    """Every Chinese release in ``history`` rated on its own day, oldest first.

    Releases older than Nvidia's first known report cannot be rated and are left out.
    """
    at = history.last_known_at
    if at is None:
        return ()
    world = world_from(history, at, events)
    drawn = sample(reference.params, draws=DEFAULT_DRAWS, seed=DEFAULT_SEED)
    rated = []
    for release in first_versions(world.releases):
        if release.country == "CN" and not release.is_comparison:
            rating = _rate_on_its_day(release, world, history, reference.params, drawn)
            if rating is not None:
                rated.append(RatedRelease(row=grid.row_at(release.known_at), rating=rating))
    return tuple(rated)


def _rate_on_its_day(
    release: ModelRelease,
    world: World,
    history: History,
    params: ThreatParameters,
    drawn: Sample,
) -> ThreatRating | None:
    at = release.known_at
    chips = chips_at(history, at)
    then = replace(
        at_instant(world, at),
        accelerators=tuple(c for c in chips if on_sale(c, at.astimezone(NEW_YORK).date())),
        costs=chip_costs([release], chips, dimensions_at(history, at)),
    )
    try:
        return rate(release, then, params, drawn=drawn)
    except NotObservedError:
        return None


def largest_parts(
    ratings: Sequence[RatedRelease], row: int, half_life_sessions: float, most: int = 3
) -> tuple[tuple[str, float], ...]:
    """Model and faded expected loss in % at ``row``, of the releases that weigh most there."""
    parts = [
        (
            r.rating.model,
            100.0 * r.rating.expected_loss_share * 2.0 ** (-(row - r.row) / half_life_sessions),
        )
        for r in ratings
        if 0 < r.row <= row
    ]
    return tuple(sorted(parts, key=lambda p: (-p[1], p[0]))[:most])


# --- the card's serving costs ------------------------------------------------------------------


def serving_costs(release: ModelRelease, at: datetime, history: History) -> dict[str, Any]:
    """Modelled serving cost on the best Nvidia part China may buy and the best home-grown chip.

    Fields of ``ReleaseCard``; an entry is left out where no chip qualifies or sizes are unknown.
    """
    subject = _subject(release, dimensions_at(history, at))
    if subject.arch() is None:
        return {}
    today = at.astimezone(NEW_YORK).date()
    spells = current_spells(_each(history.known("availability", at), availability_from_rows))
    legal = {s.chip for s in spells.values() if s.us_permission != "barred"}
    sold = [c for c in chips_at(history, at) if on_sale(c, today)]
    nvidia = [c for c in sold if not c.domestic and any(_same_part(c.chip, n) for n in legal)]
    found: dict[str, Any] = {}
    for name, chips in (("nvidia", nvidia), ("domestic", [c for c in sold if c.domestic])):
        best = _cheapest(subject, chips)
        if best is not None:
            chip, cost = best
            found |= {f"{name}_chip": chip, f"usd_per_mtok_{name}": cost}
    return found


def _same_part(chip: str, part: str) -> bool:
    words = chip.upper().split()
    return part.upper() in (" ".join(words[i:j]) for i in range(len(words)) for j in range(i, 9))


def _subject(release: ModelRelease, table: Sequence[Dimensions]) -> Subject:
    return Subject(
        name=release.model,
        dimensions=match_architecture(table, release.model),
        total_params=None if release.total_params_b is None else release.total_params_b * 1e9,
        active_params=None if release.active_params_b is None else release.active_params_b * 1e9,
        weight_precision=release.weight_precision,
        source=release.source,
    )


def _cheapest(subject: Subject, chips: Sequence[Accelerator]) -> tuple[str, Interval] | None:
    best: tuple[str, Interval] | None = None
    for chip in chips:
        cost = estimate(subject, chip, precision="fp8", n_draws=512).cost.usd_per_mtok_blended
        if cost is not None and (best is None or cost.mid < best[1].mid):
            best = (chip.chip, cost)
    return best
