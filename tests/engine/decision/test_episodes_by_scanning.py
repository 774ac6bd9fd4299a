"""Steps of news, found by looking through all of them each time: what the search must give."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from engine.decision import news_impulses
from engine.decision.events import CURATED
from engine.decision.news_impulses import DEMAND, DOMESTIC, FIGURES, POLICY, Version, impulses
from engine.values import Event, FloatArray
from tests.engine.decision.test_news_impulses import WEIGHTS, event, gates, grid, random_versions

VOICES = {POLICY: WEIGHTS.policy, DOMESTIC: WEIGHTS.domestic, DEMAND: WEIGHTS.demand}
ROWS, WITHIN = 60, WEIGHTS.repeat.within_sessions


@dataclass
class Step:
    """One step with everything that is known of it; nothing is counted along."""

    voice: str
    actor: str
    sign: int
    last_row: int
    told: dict[str, Event] = field(default_factory=dict)
    objects: set[str] = field(default_factory=set)
    parts: list[tuple[int, str, float]] = field(default_factory=list)
    size: float = 0.0
    over: bool = False
    believed_row: int | None = None


def names(actor: str) -> set[str]:
    return {name.strip() for name in actor.split(" / ")}


def governments(actors: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*(news_impulses._sides_of(actor) for actor in actors))


def curated(told: Event) -> bool:
    return told.owners == (CURATED,)


def one_actor(step: Step, told: Event) -> bool:
    actor = news_impulses.actor_of(told)
    if step.actor == actor or not step.actor or not actor:
        return True
    if any(map(curated, step.told.values())) == curated(told):
        return False
    ours = governments(e.actor for e in step.told.values())
    return bool(names(step.actor) & names(actor) or ours & governments([told.actor]))


def opposed(step: Step, other: Step) -> bool:
    if (other.voice, other.sign) != (step.voice, -step.sign):
        return False
    if other.objects and step.objects and not other.objects & step.objects:
        return False
    if step.actor == other.actor or names(step.actor) & names(other.actor):
        return True
    ours = governments(e.actor for e in step.told.values())
    return bool(ours & governments(e.actor for e in other.told.values()))


def by_scanning(versions: Iterable[Version], gate: Mapping[str, FloatArray]) -> list[Step]:
    steps: list[Step] = []
    for row, told in versions:
        voice = next((v for v, table in VOICES.items() if told.event_type in table), None)
        weighs = news_impulses.factor(told, 2, WEIGHTS, confirmed=True)
        if voice is None or not told.direction or not 0 < row < ROWS or not weighs:
            continue
        known = [s for s in steps if told.event_id in s.told and s.voice == voice]
        fitting = [
            s
            for s in steps
            if (s.voice, s.sign, s.over) == (voice, told.direction, False)
            and row - s.last_row <= WITHIN
            and (not told.objects or not s.objects or s.objects & set(told.objects))
            and one_actor(s, told)
        ]
        if known:
            step = known[0]
        elif fitting:
            step = fitting[-1]
        else:
            step = Step(voice, news_impulses.actor_of(told), told.direction, row)
            steps.append(step)
        step.told[told.event_id] = told
        step.objects |= set(told.objects)
        step.last_row = max(step.last_row, row)
        owners = {o for e in step.told.values() for o in e.owners or (e.source,)}
        believed = len(owners) > 1 or any(e.grade == "A" for e in step.told.values())
        accepted = bool(gate["china_gate"][row] >= 0.5)
        size = max(
            news_impulses.factor(e, 1, WEIGHTS, confirmed=believed)
            * VOICES[voice][e.event_type].size_pct(accepted=accepted)
            for e in step.told.values()
        )
        if size > step.size:
            step.parts.append((row, told.event_id, told.direction * (size - step.size)))
            step.size = size
        if believed:
            step.believed_row = row if step.believed_row is None else step.believed_row
            for other in steps:
                other.over = other.over or opposed(step, other)
    return steps


ACTORS = ("US", "China", "China SAMR", "CAC (China)", "Meta / Microsoft", "Meta", "US BIS", "")
KINDS = ("export_restriction", "export_relief", "china_purchase_ban", "capex_cut", "price_war")


def wild_versions(seed: int) -> list[Version]:
    """Two hundred tellings of sixty events by any actor, in any sense, with doubts of all kinds."""
    rng = random.Random(seed)
    found = []
    for _ in range(200):
        row = rng.randint(0, ROWS)
        owners = rng.choice(((CURATED,), ("a",), ("b",), ("a", "b"), ()))
        told = event(
            row,
            f"e{rng.randint(0, 60)}",
            rng.choice(KINDS),
            actor=rng.choice(ACTORS),
            direction=rng.choice((-1, 1)),
            objects=tuple(rng.sample(("h20", "h100", "rtx"), rng.randint(0, 2))),
            confidence=rng.choice((0.5, 0.8, 1.0)),
            owners=owners or ("c",),
        )
        told = replace(told, owners=owners, grade=rng.choice("ABBC"))
        found.append((row, told))
    return sorted(found, key=lambda v: (v[0], v[1].event_id))


@pytest.mark.parametrize("seed", range(40))
def test_the_quick_search_finds_the_steps_that_looking_through_all_of_them_finds(seed: int) -> None:
    versions = wild_versions(seed)
    gate = {"china_gate": np.repeat([0.0, 1.0, 0.35, 0.5], ROWS // 4)}
    slow = by_scanning(versions, gate)
    quick = news_impulses.episodes(versions, ROWS, WEIGHTS, gate)
    assert [
        (e.name, e.actor, e.sign, e.last_row, e.size, e.over, e.confirmed_row, e.objects, e.told)
        for e in quick
    ] == [
        (s.voice, s.actor, s.sign, s.last_row, s.size, s.over, s.believed_row, s.objects, s.told)
        for s in slow
    ]
    assert [[(p.row, p.event.event_id, p.amount_pct) for p in e.parts] for e in quick] == [
        s.parts for s in slow
    ]


@pytest.mark.parametrize("seed", range(12))
def test_rows_that_were_worked_out_before_change_nothing(seed: int) -> None:
    versions = random_versions(seed)
    whole = impulses(grid(), versions, WEIGHTS, gates())
    rows = [[float(whole[name][t]) for name in FIGURES] for t in range(60)]
    for begun in (0, 1, 17, 44, 59, 60):
        again = impulses(grid(), versions, WEIGHTS, gates(), rows[:begun])
        for name in FIGURES:
            assert again[name].tobytes() == whole[name].tobytes(), (begun, name)


def test_rows_that_were_worked_out_before_are_taken_as_they_were() -> None:
    """Six figures a row, in the order of FIGURES; the third row alone is worked out."""
    begun = [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.0, 0.0, 0.0, 0.0, 0.0, -7.0]]
    found = impulses(grid(3), [], WEIGHTS, gates(3), begun)
    assert [found[name].tolist()[:2] for name in FIGURES] == [
        [1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [4.0, 0.0], [5.0, 0.0], [6.0, -7.0],
    ]  # fmt: skip
