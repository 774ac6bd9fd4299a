"""Threat ratings from the record: every Chinese release, and every later change, on its own day.

An event is rated from what was known at its ``known_at`` and keeps that rating in every later
decision, so a record that ends earlier gives the same ratings, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from hashlib import sha256
from typing import Any

from engine.clock import NEW_YORK, to_micros
from engine.decision.events import EventLog, proof_in
from engine.decision.features import RatedRelease
from engine.decision.grid import Grid
from engine.decision.kept_values import KeptValues
from engine.errors import NotObservedError
from engine.record.asof import actions_at, closes_at, known, spans, split_factor
from engine.record.history import History
from engine.record.readings import ARCHITECTURES, CHIPS, SHARES, Dimensions
from engine.threat.architectures import match_architecture
from engine.threat.asked import tokens_from_rows
from engine.threat.catalogue import first_versions
from engine.threat.changes import Once, each_time, rate_changes, rate_proofs
from engine.threat.chips import on_sale
from engine.threat.estimate import Subject, estimate
from engine.threat.evidence import Proof, proofs_from_rows
from engine.threat.pairing import chip_costs
from engine.threat.parameters import (
    DEFAULT_DRAWS,
    DEFAULT_SEED,
    Sample,
    ThreatParameters,
    sample,
)
from engine.threat.rating import at_instant, rate
from engine.threat.supply import (
    availability_from_rows,
    current_spells,
    earnings_from_rows,
    shares_from_rows,
    supply_from_rows,
)
from engine.threat.world import World
from engine.values import Accelerator, Event, Interval, ModelRelease, ThreatRating, release_of

PROOF_TYPES = ("training_failure", "domestic_chip_adoption")
"""Types of events in which there may be a proof; a test holds ``proof_of_event`` to that."""


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


def first_told(history: History, at: datetime) -> dict[str, ModelRelease]:
    """Name -> release known by ``at``, as its own day told it."""
    told = first_versions(release_of(f) for f in history.known("model_release", at))
    return {r.model: r for r in told}


def world_from(history: History, at: datetime, events: Sequence[Event]) -> World:
    """Everything the rating reads, in all versions known by ``at``, dated as their facts are.

    Cut it back by ``at_instant`` before rating anything: that leaves the versions that count there.
    """
    facts, chips = _facts(history, at, events), chips_at(history, at)
    return replace(facts, costs=chip_costs(facts.releases, chips, dimensions_at(history, at)))


def _facts(history: History, at: datetime, events: Sequence[Event]) -> World:
    """``world_from`` without what serving each release costs, which takes longest."""
    releases = tuple(release_of(f) for f in history.known("model_release", at))
    return World(
        as_of=at,
        releases=releases,
        accelerators=_on_sale(history, at),
        availability=_each(history, "availability", at, availability_from_rows),
        supply=_each(history, "supply_estimate", at, supply_from_rows),
        shares=_each(history, "chip_share", at, shares_from_rows),
        earnings=_each(history, "earnings", at, earnings_from_rows),
        proofs=(
            *claims_at(events, at),
            *_each(history, "homegrown_run", at, proofs_from_rows),
        ),
        tokens=_each(history, "token_share", at, tokens_from_rows),
        costs={},
    )


def _on_sale(history: History, at: datetime) -> tuple[Accelerator, ...]:
    day = at.astimezone(NEW_YORK).date()
    return tuple(chip for chip in chips_at(history, at) if on_sale(chip, day))


def claims_at(events: Sequence[Event], at: datetime) -> tuple[Proof, ...]:
    """The claims of events, each as its event first weighed: what came later moves no past row.

    A version by which the event ends ends its claim too, from the instant at which that is known.
    """
    first: dict[str, Proof] = {}
    versions = EventLog.of(events).versions_of(PROOF_TYPES)
    for event in sorted(versions, key=lambda e: (e.known_at, e.event_id)):
        if event.known_at > at:
            continue
        told, held = proof_in(event), first.get(event.event_id)
        if held is None and told is not None:
            first[event.event_id] = told
        elif held is not None and held.until is None and event.ended:
            first[event.event_id] = replace(held, until=event.known_at)
    return tuple(first.values())


def _each(history: History, kind: str, at: datetime, parse: Any) -> tuple[Any, ...]:
    """Values parsed from payloads shaped like the reference tables, known when the fact was."""
    return tuple(
        replace(value, known_at=fact.known_at, until=until)
        for fact, until in spans(history.known(kind, at))
        for value in parse([{k: str(v) for k, v in fact.payload.items()}])
    )


def rate_all(
    history: History,
    grid: Grid,
    events: Sequence[Event],
    reference: Reference,
    memo: KeptValues | None = None,
) -> tuple[RatedRelease, ...]:
    """Every rating of ``history`` with the row in which it first counts, oldest first."""
    ratings = rate_history(history, events, reference.params, memo)
    return tuple(RatedRelease(row=grid.row_at(r.rated_at), rating=r) for r in ratings)


def rate_history(
    history: History,
    events: Sequence[Event],
    params: ThreatParameters,
    memo: KeptValues | None = None,
) -> tuple[ThreatRating, ...]:
    """Every Chinese release in ``history``, its changes and the claims on chips, oldest first.

    What is older than Nvidia's first known report cannot be rated and is left out. memo: ratings
    made with ``params`` before, for ``events`` that are those of ``history``; the same without.
    """
    at = history.last_known_at
    if at is None:
        return ()
    facts = _facts(history, at, events)

    @cache
    def drawn() -> Sample:  # a morning whose ratings are all kept draws nothing
        return sample(params, draws=DEFAULT_DRAWS, seed=DEFAULT_SEED)

    def world_at(instant: datetime, models: Sequence[ModelRelease]) -> World:
        return world_then(facts, history, instant, models)

    chinese = [r for r in facts.releases if r.country == "CN" and not r.is_comparison]
    once = each_time if memo is None else _kept_in(memo, history, chinese, facts.proofs)

    def rate_release(release: ModelRelease) -> ThreatRating | None:
        try:
            world = world_at(release.known_at, [release])
            return rate(release, world, params, drawn=drawn())
        except NotObservedError:
            return None

    first = [
        once(release.known_at, f"{release.model}, release", partial(rate_release, release))
        for release in first_versions(chinese)
    ]
    ratings = [rating for rating in first if rating is not None]
    ratings += rate_changes(chinese, world_at, params, drawn, once)
    ratings += rate_proofs(facts.proofs, world_at, params, drawn, once)
    return tuple(sorted(ratings, key=lambda r: (r.rated_at, r.model, r.kind)))


def _kept_in(
    memo: KeptValues, history: History, releases: Sequence[ModelRelease], proofs: Sequence[Proof]
) -> Once:
    """Each rating under the digest of every fact that was known at its instant, of any kind."""
    told = {release.known_at for release in releases} | {proof.known_at for proof in proofs}
    ended = {proof.until for proof in proofs if proof.until is not None}
    instants = sorted(to_micros(instant) for instant in told | ended)
    digests = history.running_digests(history.kinds, instants)
    known = dict(zip(instants, digests, strict=True))

    def once(
        instant: datetime, name: str, make: Callable[[], ThreatRating | None]
    ) -> ThreatRating | None:
        key = f"{known[to_micros(instant)]} {name}"
        found = memo.get(key)
        if found is None:
            made = make()
            found = () if made is None else (made,)
            memo.put(key, found)
        return found[0] if found else None

    return once


def world_then(
    facts: World, history: History, at: datetime, models: Sequence[ModelRelease]
) -> World:
    """``facts`` as of ``at``, with the chips on sale and the costs of ``models`` as known then."""
    return replace(
        at_instant(facts, at),
        accelerators=_on_sale(history, at),
        costs=chip_costs(models, chips_at(history, at), dimensions_at(history, at)),
    )


def market_multiple(history: History, at: datetime, value_usd_bn: float) -> float | None:
    """What the market pays for ``value_usd_bn`` of gross profit: NVDA's value over it.

    Beside a rating and never in it. None without a close and a share count known at ``at``.
    """
    closes = closes_at(history, "NVDA", at)
    counts = known(history, SHARES, at).values()
    if not closes or not counts or value_usd_bn <= 0:
        return None
    newest, today = max(counts, key=lambda count: count.date), at.astimezone(NEW_YORK).date()
    split = split_factor(actions_at(history, "NVDA", at), newest.date, today)
    return closes[max(closes)] * newest.shares_bn * split / value_usd_bn


# --- the card's serving costs ------------------------------------------------------------------


def serving_costs(
    release: ModelRelease, at: datetime, history: History, memo: KeptValues | None = None
) -> dict[str, Any]:
    """Modelled serving cost on the best Nvidia part China may buy and the best home-grown chip.

    Fields of ``ReleaseCard``; an entry is left out where no chip qualifies or sizes are unknown.
    memo: saves working out again what the same model costs on the same chips.
    """
    subject = _subject(release, dimensions_at(history, at))
    if subject.arch() is None:
        return {}
    today = at.astimezone(NEW_YORK).date()
    told = _each(history, "availability", at, availability_from_rows)
    spells = current_spells(spell for spell in told if spell.until is None)
    legal = {s.chip for s in spells.values() if s.us_permission != "barred"}
    sold = [c for c in chips_at(history, at) if on_sale(c, today)]
    nvidia = [c for c in sold if not c.domestic and any(_same_part(c.chip, n) for n in legal)]
    found: dict[str, Any] = {}
    for name, chips in (("nvidia", nvidia), ("domestic", [c for c in sold if c.domestic])):
        best = _cheapest_once(subject, chips, memo)
        if best:
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


def _cheapest_once(
    subject: Subject, chips: Sequence[Accelerator], memo: KeptValues | None
) -> tuple[str, Interval] | tuple[()]:
    if memo is None:
        return _cheapest(subject, chips) or ()
    key = sha256(repr((subject, chips)).encode()).hexdigest()
    found: tuple[str, Interval] | tuple[()] | None = memo.get(key)
    if found is None:
        found = _cheapest(subject, chips) or ()
        memo.put(key, found)
    return found


def _cheapest(subject: Subject, chips: Sequence[Accelerator]) -> tuple[str, Interval] | None:
    best: tuple[str, Interval] | None = None
    for chip in chips:
        cost = estimate(subject, chip, precision="fp8", n_draws=512).cost.usd_per_mtok_blended
        if cost is not None and (best is None or cost.mid < best[1].mid):
            best = (chip.chip, cost)
    return best
