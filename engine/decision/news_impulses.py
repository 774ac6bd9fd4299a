"""From events to impulses: what news moves a voice, by how much, and in which session.

* An event weighs its type's size times the *smallest* of three factors: stage, owners, confidence.
  One unconfirmed owner moves at most half; the lowest grade, any mood but fact and rumour, and a
  type that is not sure enough move nothing.
* Events of one **episode** are one step told again: the same actor, object and direction within
  twenty sessions of the last telling. A headline of the wires tells a curated step again when its
  actor is one of those that the curated row names ("Meta / Microsoft"). Its owners confirm each
  other; the largest counts, once, and under one type. A step the other way that more than one owner
  or the source itself tells ends the episode: what comes after it is new.
* An event that ends (withdrawn, corrected, refuted), changes its sense or loses weight is taken out
  in the session that knows of it, by what was left of it then: the faded sum of impulses is from
  there on what it would be had the event never said it. Rows before keep what was known then.

Causal: row t is made of the versions known at its decision instant. ``faded_sum`` is the slow
definition that ``impulses`` is tested against.
"""

from __future__ import annotations

import re
from bisect import insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from config.events import EventWeights, Impulse
from engine.decision.events import CURATED
from engine.decision.grid import Grid
from engine.values import WEIGHING, Event, FloatArray

POLICY, DOMESTIC, DEMAND = "policy_impulse_pct", "domestic_impulse_pct", "demand_impulse_pct"
NAMES = (POLICY, DOMESTIC, DEMAND)
ALONE: Mapping[str, str] = {
    POLICY: "policy_alone_pct",
    DOMESTIC: "domestic_alone_pct",
    DEMAND: "demand_alone_pct",
}
"""Of each voice: what is left of the worst step that rests on one unconfirmed owner, 0 or less."""
FIGURES = (*NAMES, *ALONE.values())
"""What ``impulses`` gives for each row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpulsePart:
    """What an event added to a voice's impulses: in which row, and signed in per cent."""

    row: int
    name: str
    event: Event
    amount_pct: float


Version = tuple[int, Event]
"""The row that may use a version of an event first, and the version."""


def impulses(
    grid: Grid,
    versions: Sequence[Event],
    weights: EventWeights,
    gates: Mapping[str, FloatArray],
    begun: Sequence[Sequence[float]] = (),
) -> dict[str, FloatArray]:
    """Signed impulses of the three voices, (T,), 0 where nothing moved; and the ``ALONE`` of each.

    versions: of events, each known at its ``known_at``, in any order. What became known before the
    first row belongs to no row. gates: ``china_gate`` of shape (T,), Chinese acceptance. begun: of
    the first rows, the figures of ``FIGURES`` that this gave before; no row looks ahead.
    """
    known = _rows(grid, signed(versions, weights))
    losses = [row for row in _losses(known, weights) if row < len(grid)]
    bounds = [0, *losses, len(grid)]
    out = {name: np.zeros(len(grid)) for name in FIGURES}
    for name, column in zip(FIGURES, zip(*begun, strict=True), strict=False):
        out[name][: len(begun)] = column
    for start, end in pairwise(bounds):
        if end <= len(begun):
            continue
        new = slice(max(start, len(begun)), end)
        usable = _standing([v for v in known if v[0] < end], start, weights)
        told = episodes(usable, len(grid), weights, gates)
        plain = _arrays((p for e in told for p in e.parts), len(grid))
        for name, array in plain.items():
            half_life = _half_life(name, weights)
            out[name][new] = array[new]
            if start >= len(begun):
                left = _faded(array, start, half_life)
                then = _faded(out[name], start - 1, half_life) * 0.5 ** (1.0 / half_life)
                out[name][start] = left - then
            alone = _worst_alone([e for e in told if e.name == name], len(grid), half_life)
            out[ALONE[name]][new] = alone[new]
    return out


def _worst_alone(told: Iterable[Episode], rows: int, half_life: float) -> FloatArray:
    """At each row the least of what is left of single steps that one unconfirmed owner tells."""
    worst = np.zeros(rows)
    for episode in told:
        left = np.zeros(rows)
        for part in episode.parts:
            ages = np.arange(rows - part.row)
            left[part.row :] += part.amount_pct * np.exp2(-ages / half_life)
        if episode.confirmed_row is not None:
            left[episode.confirmed_row :] = 0.0
        worst = np.minimum(worst, left)
    return worst


def faded_sum(
    grid: Grid,
    versions: Sequence[Event],
    weights: EventWeights,
    gates: Mapping[str, FloatArray],
    t: int,
) -> dict[str, float]:
    """The slow definition: at row ``t``, the faded sum over what stands by then, from scratch."""
    known = _rows(grid, signed(versions, weights))
    usable = _standing([v for v in known if v[0] <= t], t, weights)
    told = episodes(usable, len(grid), weights, gates)
    plain = _arrays((p for e in told for p in e.parts), len(grid))
    return {name: _faded(array, t, _half_life(name, weights)) for name, array in plain.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A step that weighs today: the event that moved most of it, and what is left of that.

    told_pct, left_pct: signed, % of price (policy) or of data-centre revenue (home-grown chips).
    others: how many more stories tell the same step. alone: it rests on one unconfirmed owner.
    """

    event: Event
    voice: str
    told_pct: float
    left_pct: float
    owners: tuple[str, ...]
    others: int
    alone: bool


LEAST_LEFT_PCT = 0.01
"""What is left of a step below this is not shown."""


def weighed(
    grid: Grid, versions: Sequence[Event], weights: EventWeights, gates: Mapping[str, FloatArray]
) -> tuple[Weighed, ...]:
    """The steps that weigh in the last row of ``grid``, what is left of the heaviest first."""
    t = len(grid) - 1
    found = []
    for step in standing_at_the_end(grid, versions, weights, gates):
        half_life = _half_life(step.name, weights)
        left = sum(p.amount_pct * 0.5 ** ((t - p.row) / half_life) for p in step.parts)
        if abs(left) >= LEAST_LEFT_PCT:
            found.append(
                Weighed(
                    event=max(step.parts, key=lambda p: abs(p.amount_pct)).event,
                    voice=step.name,
                    told_pct=sum(p.amount_pct for p in step.parts),
                    left_pct=left,
                    owners=step.owners(),
                    others=len(step.told) - 1,
                    alone=step.confirmed_row is None,
                )
            )
    return tuple(sorted(found, key=lambda w: (-abs(w.left_pct), w.event.event_id)))


def standing_at_the_end(
    grid: Grid, versions: Sequence[Event], weights: EventWeights, gates: Mapping[str, FloatArray]
) -> list[Episode]:
    """The steps that stand in the last row of ``grid``, with who told them and what they added."""
    usable = _standing(_rows(grid, signed(versions, weights)), len(grid) - 1, weights)
    return episodes(usable, len(grid), weights, gates)


# --- one event ------------------------------------------------------------------------------


def factor(event: Event, owners: int, weights: EventWeights, *, confirmed: bool) -> float:
    """The share of its type's size that an event moves, told by ``owners`` owners.

    The smallest of stage, owners and confidence: a rumour of one owner is not a quarter.
    """
    if event.ended or event.grade == "D" or event.mood not in WEIGHING:
        return 0.0
    if event.confidence < weights.certainty.least and not _is_curated(event):
        return 0.0
    heard = 1.0 if confirmed or owners > 1 else weights.owner.alone
    return min(weights.stage.of(event.stage.value), heard, event.confidence)


def _size_pct(
    event: Event, name: str, row: int, weights: EventWeights, gates: Mapping[str, FloatArray]
) -> float:
    accepted = bool(gates["china_gate"][row] >= 0.5)
    return _table(name, weights)[event.event_type].size_pct(accepted=accepted)


def _table(name: str, weights: EventWeights) -> Mapping[str, Impulse]:
    return {POLICY: weights.policy, DOMESTIC: weights.domestic, DEMAND: weights.demand}[name]


def _name_of(event: Event, weights: EventWeights) -> str | None:
    return next((n for n in NAMES if event.event_type in _table(n, weights)), None)


def signed(versions: Sequence[Event], weights: EventWeights) -> list[Event]:
    """``versions`` with the usual sign of their type where the wording gives none."""
    out = []
    for event in versions:
        name = _name_of(event, weights)
        sign = event.direction
        if name is not None:
            sign = _table(name, weights)[event.event_type].sign_of(sign, event.headline)
        out.append(event if sign == event.direction else replace(event, direction=sign))
    return out


_EXPORTS = frozenset({"export_restriction", "export_relief"})
_GOVERNMENTS: Mapping[str, str] = {"China": "China", "Regulator": "Regulator"}


def actor_of(event: Event) -> str:
    """Whose step it is. Export steps are Washington's and purchase bans Beijing's, whoever tells.

    Nvidia saying what a rule costs it tells the rule of the government, not a step of its own.
    """
    if event.event_type in _EXPORTS:
        return "US"
    if event.event_type == "china_purchase_ban":
        return "China"
    if event.event_type == "regulatory_probe":
        return _GOVERNMENTS.get(event.actor, "US")
    return event.actor


# --- episodes -------------------------------------------------------------------------------


@dataclass(slots=True)
class Episode:
    """One step, told by one or more events.

    number: its place among the steps, oldest first. size: what it has moved so far, before its
    sign. confirmed_row: from where on more than one owner, or the source itself, has told it; None
    while it rests on one. heard: owner -> tellings that name it; actors, in the same way; vouched,
    curated: tellings by the source itself, and of the curated table. context: under which the
    tellings were measured last.
    """

    name: str
    actor: str
    sign: int
    last_row: int
    number: int = 0
    objects: set[str] = field(default_factory=set)
    told: dict[str, Event] = field(default_factory=dict)
    parts: list[ImpulsePart] = field(default_factory=list)
    size: float = 0.0
    over: bool = False
    confirmed_row: int | None = None
    heard: Counter[str] = field(default_factory=Counter)
    actors: Counter[str] = field(default_factory=Counter)
    vouched: int = 0
    curated: int = 0
    context: tuple[bool, bool] | None = None

    def tell(self, event: Event, row: int) -> None:
        """Take a telling in, instead of an earlier version of it."""
        before = self.told.get(event.event_id)
        if before is not None:
            self._count(before, -1)
        self.told[event.event_id] = event
        self._count(event, 1)
        self.objects |= set(event.objects)
        self.last_row = max(self.last_row, row)

    def _count(self, event: Event, n: int) -> None:
        for counts, named in ((self.heard, _owners_of(event)), (self.actors, (event.actor,))):
            for name in set(named):
                counts[name] += n
                if not counts[name]:
                    del counts[name]
        self.vouched += n * bool(event.confirmed)
        self.curated += n * _is_curated(event)

    def owners(self) -> tuple[str, ...]:
        """Every owner who told it, each once, in order."""
        return tuple(dict.fromkeys(o for e in self.told.values() for o in _owners_of(e)))

    def believed(self) -> bool:
        """Whether more than one owner told it, or the issuer, regulator or laboratory itself."""
        return len(self.heard) > 1 or self.vouched > 0

    def sides(self) -> frozenset[str]:
        """The governments whose agencies the tellings name as actor."""
        return frozenset().union(*map(_sides_of, self.actors))


def _owners_of(event: Event) -> tuple[str, ...]:
    return event.owners or (event.source,)


class _Steps:
    """The steps told so far, found by what a new telling asks for.

    ``near`` holds, by voice and sign, those that may still be told again, oldest first, and
    ``standing`` those that were not taken back. Both only save looking at the others.
    """

    def __init__(self, within: int) -> None:
        self.within = within
        self.all: list[Episode] = []
        self._of_event: dict[tuple[str, str], Episode] = {}
        self._near: dict[tuple[str, int], list[Episode]] = {}
        self._standing: dict[tuple[str, int], list[Episode]] = {}

    def of(self, event: Event, row: int, name: str) -> Episode:
        """The step ``event`` belongs to, with it in; the youngest that fits, or a new one."""
        found = self._of_event.get((name, event.event_id)) or self._fitting(event, row, name)
        if found is None:
            found = self._new(Episode(name, actor_of(event), event.direction, last_row=row))
        self._of_event[name, event.event_id] = found
        was_near = row - found.last_row <= self.within
        found.tell(event, row)
        if not was_near and not found.over:
            near = self._near[found.name, found.sign]
            if not any(episode is found for episode in near):
                insort(near, found, key=_number_of)
        return found

    def _new(self, episode: Episode) -> Episode:
        episode.number = len(self.all)
        self.all.append(episode)
        for held in (self._near, self._standing):
            held.setdefault((episode.name, episode.sign), []).append(episode)
        return episode

    def _fitting(self, event: Event, row: int, name: str) -> Episode | None:
        near = self._near.get((name, event.direction), [])
        near[:] = [e for e in near if not e.over and row - e.last_row <= self.within]
        actor, about = actor_of(event), event.objects
        for episode in reversed(near):
            fits = not about or not episode.objects or not episode.objects.isdisjoint(about)
            if fits and _same_actor(episode, event, actor):
                return episode
        return None

    def end_opposites(self, episode: Episode) -> None:
        """End what ``episode`` takes back: of the other sign, by one side, about one object."""
        standing = self._standing.get((episode.name, -episode.sign), [])
        for other in standing:
            apart = other.objects and episode.objects and other.objects.isdisjoint(episode.objects)
            if not apart and _one_side(episode, other):
                other.over = True
        standing[:] = [other for other in standing if not other.over]


def _number_of(episode: Episode) -> int:
    return episode.number


def episodes(
    versions: Iterable[Version],
    rows: int,
    weights: EventWeights,
    gates: Mapping[str, FloatArray],
) -> list[Episode]:
    """The steps that ``versions`` tell and what each adds, when none of them is taken back.

    Versions come row by row.
    """
    steps = _Steps(weights.repeat.within_sessions)
    for row, event in versions:
        name = _name_of(event, weights)
        if name is None or not event.direction or not 0 < row < rows:
            continue
        if not factor(event, 2, weights, confirmed=True):
            continue
        episode = steps.of(event, row, name)
        size = _told_size(episode, event, row, weights, gates)
        if size > episode.size:
            amount = event.direction * (size - episode.size)
            episode.size = size
            episode.parts.append(ImpulsePart(row=row, name=name, event=event, amount_pct=amount))
        if episode.believed():
            if episode.confirmed_row is None:
                episode.confirmed_row = row
            steps.end_opposites(episode)
    return steps.all


def _told_size(
    episode: Episode,
    event: Event,
    row: int,
    weights: EventWeights,
    gates: Mapping[str, FloatArray],
) -> float:
    """The largest of the tellings in ``row``, or of ``event`` alone where only it is new.

    The others were measured before: while nothing else has changed, the step has their size.
    """
    believed, accepted = episode.believed(), bool(gates["china_gate"][row] >= 0.5)
    asked = (event,) if episode.context == (believed, accepted) else episode.told.values()
    episode.context = (believed, accepted)
    return max(
        factor(e, 1, weights, confirmed=believed) * _size_pct(e, episode.name, row, weights, gates)
        for e in asked
    )


def _same_actor(episode: Episode, event: Event, actor: str) -> bool:
    """Whether ``event`` may tell the step of ``episode``: one actor, or one not named.

    Between the curated table and the wires one name in common is enough, or one government; two
    curated rows, or two headlines, are one step only by the same actor.
    """
    if episode.actor == actor or not episode.actor or not actor:
        return True
    if (episode.curated > 0) == _is_curated(event):
        return False
    named = not _names(episode.actor).isdisjoint(_names(actor))
    return named or not episode.sides().isdisjoint(_sides_of(event.actor))


@lru_cache(maxsize=4096)
def _names(actor: str) -> frozenset[str]:
    return frozenset(name.strip() for name in actor.split(" / "))


def _is_curated(event: Event) -> bool:
    return event.owners == (CURATED,)


_SIDES = {
    "China": re.compile(r"chin|beijing|\b(?:cac|samr|miit|ndrc|mofcom)\b", re.IGNORECASE),
    "US": re.compile(
        r"\b(?:us|u\.s\.|congress|washington|commerce|bis|doj|ftc|white house)\b", re.IGNORECASE
    ),
}


def _one_side(one: Episode, other: Episode) -> bool:
    """Do both tell of one actor, or of agencies of one government?

    What a ministry ordered another may lift: "China SAMR" and "CAC (China)" are one side.
    """
    if one.actor == other.actor or not _names(one.actor).isdisjoint(_names(other.actor)):
        return True
    return not one.sides().isdisjoint(other.sides())


@lru_cache(maxsize=4096)
def _sides_of(actor: str) -> frozenset[str]:
    return frozenset(side for side, pattern in _SIDES.items() if pattern.search(actor))


# --- versions -------------------------------------------------------------------------------


def _rows(grid: Grid, versions: Sequence[Event]) -> list[Version]:
    """Versions with their rows, as they became known; of one row and event the last counts."""
    ordered = sorted(versions, key=lambda e: (e.known_at, e.event_id))
    last = {(grid.row_at(event.known_at), event.event_id): event for event in ordered}
    return sorted(
        ((row, event) for (row, _), event in last.items()), key=lambda v: (v[0], v[1].event_id)
    )


def _weight(event: Event, weights: EventWeights) -> tuple[str, str, int, float]:
    """Type, actor and sense of a version, and how far it weighs whoever else tells it."""
    confirmed = event.confirmed
    owners = len(event.owners) or event.n_sources
    return (
        event.event_type,
        actor_of(event),
        event.direction,
        factor(event, owners, weights, confirmed=confirmed),
    )


def _losses(versions: Iterable[Version], weights: EventWeights) -> list[int]:
    """Rows in which an event ends, turns, weighs less than before, or stands again."""
    before: dict[str, tuple[str, str, int, float]] = {}
    peak: dict[str, float] = {}
    rows = set()
    for row, event in versions:
        now, old = _weight(event, weights), before.get(event.event_id)
        highest = peak.get(event.event_id, 0.0)
        grows = old is not None and now[:3] == old[:3] and now[3] >= old[3] == highest > 0
        if old is not None and now != old and not grows:
            rows.add(row)
        before[event.event_id] = now
        peak[event.event_id] = max(highest, now[3])
    return sorted(rows)


def _standing(versions: Sequence[Version], t: int, weights: EventWeights) -> list[Version]:
    """``versions`` as they are read at row ``t``: what an event weighed too much counts, from the
    row in which it came, for what it weighs now; what it said in another sense counts no more."""
    latest = {event.event_id: event for row, event in versions if row <= t}
    kept = []
    for row, event in versions:
        now = latest.get(event.event_id)
        if row <= t and now is not None and now is not event:
            mine, final = _weight(event, weights), _weight(now, weights)
            if mine[:3] != final[:3]:
                continue
            event = now if mine[3] > final[3] else event
        kept.append((row, event))
    return kept


def _arrays(added: Iterable[ImpulsePart], rows: int) -> dict[str, FloatArray]:
    out = {name: np.zeros(rows) for name in NAMES}
    for part in added:
        out[part.name][part.row] += part.amount_pct
    return out


def _half_life(name: str, weights: EventWeights) -> float:
    fade = weights.fade
    found = {
        POLICY: fade.policy_sessions,
        DOMESTIC: fade.domestic_sessions,
        DEMAND: fade.demand_sessions,
    }
    return found[name]


def _faded(array: FloatArray, t: int, half_life: float) -> float:
    """Sum of what is left at row ``t`` of the impulses up to it; 0 at -1, before the first row."""
    rows = np.flatnonzero(array[: t + 1])
    return float(np.sum(array[rows] * np.exp2(-(t - rows) / half_life)))
