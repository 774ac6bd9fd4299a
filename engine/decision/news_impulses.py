"""From events to impulses: what news moves a voice, by how much, and in which session.

* An event weighs its type's size times the *smallest* of three factors: stage, owners, confidence.
  One unconfirmed owner moves at most half; the lowest grade, and any mood but fact and rumour,
  nothing.
* Events of one **episode** are one step told again: the same actor, object and direction within
  twenty sessions of the last telling. Its owners confirm each other; the largest counts, once, and
  under one type. A step the other way that more than one owner or the source itself tells ends the
  episode: what comes after it is new.
* An event that ends (withdrawn, corrected, refuted), changes its sense or loses weight is taken out
  in the session that knows of it, by what was left of it then: the faded sum of impulses is from
  there on what it would be had the event never said it. Rows before keep what was known then.

Causal: row t is made of the versions known at its decision instant. ``faded_sum`` is the slow
definition that ``impulses`` is tested against.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from config.events import EventWeights
from engine.decision.grid import Grid
from engine.news.mood import WEIGHING
from engine.values import Event, FloatArray

POLICY, DOMESTIC = "policy_impulse_pct", "domestic_impulse_pct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one event added to a voice's impulses: in which row, and signed in per cent.

    owners: of all that told the episode by then. factor: the share of the type's size that it had.
    """

    row: int
    name: str
    event: Event
    amount_pct: float
    factor: float
    owners: tuple[str, ...]

    @property
    def alone(self) -> bool:
        """Whether it rests on one owner who is not the source itself."""
        return len(self.owners) < 2 and not self.event.confirmed


Version = tuple[int, Event]
"""The row that may use a version of an event first, and the version."""


def impulses(
    grid: Grid, versions: Sequence[Event], weights: EventWeights, gates: Mapping[str, FloatArray]
) -> dict[str, FloatArray]:
    """Signed impulses of both voices, shape (T,), 0 where nothing moved.

    versions: of events, each known at its ``known_at``, in any order. What became known before the
    first row belongs to no row. gates: ``china_gate`` of shape (T,), Chinese acceptance.
    """
    known = _rows(grid, versions)
    losses = [row for row in _losses(known, weights) if row < len(grid)]
    bounds = [0, *losses, len(grid)]
    out = {name: np.zeros(len(grid)) for name in (POLICY, DOMESTIC)}
    for start, end in itertools.pairwise(bounds):
        usable = _standing([v for v in known if v[0] < end], start, weights)
        plain = _arrays(parts(usable, len(grid), weights, gates), len(grid))
        for name, array in plain.items():
            half_life = _half_life(name, weights)
            left = _faded(array, start, half_life) - _faded(out[name], start - 1, half_life) * (
                0.5 ** (1.0 / half_life)
            )
            out[name][start:end] = array[start:end]
            if start:
                out[name][start] = left
    return out


def faded_sum(
    grid: Grid,
    versions: Sequence[Event],
    weights: EventWeights,
    gates: Mapping[str, FloatArray],
    t: int,
) -> dict[str, float]:
    """The slow definition: at row ``t``, the faded sum over what stands by then, from scratch."""
    usable = _standing([v for v in _rows(grid, versions) if v[0] <= t], t, weights)
    plain = _arrays(parts(usable, len(grid), weights, gates), len(grid))
    return {name: _faded(array, t, _half_life(name, weights)) for name, array in plain.items()}


def parts_at(
    grid: Grid, versions: Sequence[Event], weights: EventWeights, gates: Mapping[str, FloatArray]
) -> list[Part]:
    """What every event that stands in the last row of ``grid`` added, and when."""
    t = len(grid) - 1
    usable = _standing(_rows(grid, versions), t, weights)
    return parts(usable, len(grid), weights, gates)


# --- one event ------------------------------------------------------------------------------


def factor(event: Event, owners: int, weights: EventWeights, *, confirmed: bool) -> float:
    """The share of its type's size that an event moves, told by ``owners`` owners.

    The smallest of stage, owners and confidence: a rumour of one owner is not a quarter.
    """
    if event.ended or event.grade == "D" or event.mood not in WEIGHING:
        return 0.0
    heard = 1.0 if confirmed or owners > 1 else weights.owner.alone
    return min(weights.stage.of(event.stage.value), heard, event.confidence)


def _size_pct(
    event: Event, row: int, weights: EventWeights, gates: Mapping[str, FloatArray]
) -> float:
    if event.event_type in weights.policy:
        accepted = bool(gates["china_gate"][row] >= 0.5)
        return weights.policy[event.event_type].size_pct(accepted=accepted)
    found = weights.domestic.get(event.event_type)
    return found.impulse_pct if found is not None else 0.0


def _name_of(event: Event, weights: EventWeights) -> str | None:
    if event.event_type in weights.policy:
        return POLICY
    return DOMESTIC if event.event_type in weights.domestic else None


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
class _Episode:
    """One step, told by one or more events. size: what it has moved so far, before its sign."""

    name: str
    actor: str
    sign: int
    last_row: int
    objects: set[str] = field(default_factory=set)
    told: dict[str, Event] = field(default_factory=dict)
    size: float = 0.0
    over: bool = False

    def owners(self) -> tuple[str, ...]:
        """Every owner who told it, each once, in order."""
        return tuple(dict.fromkeys(o for e in self.told.values() for o in e.owners or (e.source,)))

    def confirmed(self) -> bool:
        return any(e.confirmed for e in self.told.values())


def parts(
    versions: Iterable[Version],
    rows: int,
    weights: EventWeights,
    gates: Mapping[str, FloatArray],
) -> list[Part]:
    """What each version adds, in order, when none of them is ever taken back."""
    added: list[Part] = []
    episodes: list[_Episode] = []
    for row, event in versions:
        name = _name_of(event, weights)
        if name is None or not event.direction or not 0 < row < rows:
            continue
        if not factor(event, 2, weights, confirmed=True):
            continue
        episode = _episode_of(event, row, name, episodes, weights.repeat.within_sessions)
        owners = episode.owners()
        share = factor(event, len(owners), weights, confirmed=episode.confirmed())
        size = max(
            factor(e, len(owners), weights, confirmed=episode.confirmed())
            * _size_pct(e, row, weights, gates)
            for e in episode.told.values()
        )
        if size > episode.size:
            amount = event.direction * (size - episode.size)
            episode.size = size
            added.append(
                Part(
                    row=row, name=name, event=event, amount_pct=amount, factor=share, owners=owners
                )
            )
        if len(owners) > 1 or episode.confirmed():
            _end_opposites(episode, episodes)
    return added


def _episode_of(
    event: Event, row: int, name: str, episodes: list[_Episode], within: int
) -> _Episode:
    """The episode ``event`` belongs to, with it in; the youngest that fits, or a new one."""
    actor, about = actor_of(event), set(event.objects)
    found = next((e for e in episodes if event.event_id in e.told and e.name == name), None)
    if found is None:
        for episode in reversed(episodes):
            same = (episode.name, episode.sign) == (name, event.direction) and (
                episode.actor == actor or not episode.actor or not actor
            )
            near = not episode.over and row - episode.last_row <= within
            fits = not about or not episode.objects or not about.isdisjoint(episode.objects)
            if same and near and fits:
                found = episode
                break
    if found is None:
        found = _Episode(name=name, actor=actor, sign=event.direction, last_row=row)
        episodes.append(found)
    found.told[event.event_id] = event
    found.objects |= about
    found.last_row = max(found.last_row, row)
    return found


def _end_opposites(episode: _Episode, episodes: Iterable[_Episode]) -> None:
    for other in episodes:
        opposite = (other.name, other.sign) == (episode.name, -episode.sign)
        same_actor = other.actor == episode.actor
        apart = other.objects and episode.objects and other.objects.isdisjoint(episode.objects)
        if opposite and same_actor and not apart:
            other.over = True


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
    return sorted(row for row in rows if row > 0)


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


def _arrays(added: Iterable[Part], rows: int) -> dict[str, FloatArray]:
    out = {name: np.zeros(rows) for name in (POLICY, DOMESTIC)}
    for part in added:
        out[part.name][part.row] += part.amount_pct
    return out


def _half_life(name: str, weights: EventWeights) -> float:
    return weights.fade.policy_sessions if name == POLICY else weights.fade.domestic_sessions


def _faded(array: FloatArray, t: int, half_life: float) -> float:
    """Sum of what is left at row ``t`` of the impulses up to it; 0 before the first row."""
    if t < 0:
        return 0.0
    rows = np.flatnonzero(array[: t + 1])
    return float(np.sum(array[rows] * np.exp2(-(t - rows) / half_life)))
