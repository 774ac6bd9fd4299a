"""Three histories of the news, and how far they lie apart.

Backtests run on the curated table, whose types were set by hand; a live morning runs on what the
classifier made of what came in. *By hand*: the table as it is. *As read*: the table's own headlines
through the classifier. *Live*: what feeds brought, and before the first of it the table. The same
rules add each of them up and the same preset decides on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from engine.clock import NEW_YORK

if TYPE_CHECKING:
    from config.events import EventWeights
    from engine.decision.decide import Evaluation
    from engine.decision.features import RatedRelease
    from engine.decision.grid import Grid
    from engine.news.classify import Classifier
    from engine.service.bind import Bound
    from engine.service.wiring import KnownWorld
    from engine.threat.evidence import Proof
    from engine.values import Event, Features, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoReadings:
    """Headlines of the table by hand and as read. steps: those that move a voice either way.

    same: of these of one sense and voice in both; silent: moved by hand and not as read; turned:
    opposite senses; added: moved as read only. by_hand_pct, as_read_pct: sums of policy impulses,
    % of price. widest_gap_pct, widest_on: where the faded sums lie furthest apart.
    """

    steps: int
    same: int
    silent: int
    turned: int
    added: int
    by_hand_pct: float
    as_read_pct: float
    widest_gap_pct: float
    widest_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """What another history of the news does to the decisions by hand, from ``first_on`` on.

    events: told by that history alone. sessions: compared. score_mean, score_most: mean and
    largest difference of the score, either way, the largest on ``most_on``; None where no session
    is scored in both. verdict_days: sessions of the other verdict, HOLD or SELL, and the first
    of them; share_days: of another share.
    """

    name: str
    first_on: date
    events: int
    sessions: int
    score_mean: float | None
    score_most: float | None
    most_on: date | None
    verdict_days: int
    first_verdict_on: date | None
    share_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Histories:
    """The comparison. as_read, live: against by hand; live None: no feed has brought news yet."""

    preset: str
    reading: TwoReadings
    as_read: Apart
    live: Apart | None


def histories(world: KnownWorld, config: Bound, model: Classifier) -> Histories:
    """All three over the sessions of ``world``."""
    from engine.decision.events import told_by_feeds, told_by_table

    by_hand = told_by_table(world.history, world.as_of)
    read, live = _as_read(by_hand, model), told_by_feeds(world.history, world.as_of)
    decide = _Deciding(world, config)
    features, base = decide(by_hand)
    days = features.sessions_on
    return Histories(
        preset=config.strategy.name,
        reading=_reading(world.grid, config.events, features.values, by_hand, read),
        as_read=_apart("as read", days, base, decide(read)[1], days[0], len(read)),
        live=_live(days, base, decide, by_hand, live) if live else None,
    )


def _live(
    days: Sequence[date],
    base: Evaluation,
    decide: _Deciding,
    by_hand: Sequence[Event],
    live: Sequence[Event],
) -> Apart:
    """The table until feeds bring something, their news alone from there on."""
    begun = min(event.known_at for event in live)
    mixed = [*(e for e in by_hand if e.known_at < begun), *live]
    first = begun.astimezone(NEW_YORK).date()
    return _apart("live", days, base, decide(mixed)[1], first, len(live))


class _Deciding:
    """Decisions on given news; releases are rated anew only where the claims on chips differ."""

    def __init__(self, world: KnownWorld, config: Bound) -> None:
        self.world, self.config = world, config
        self.rated: dict[tuple[Proof, ...], tuple[RatedRelease, ...]] = {}

    def __call__(self, events: Sequence[Event]) -> tuple[Features, Evaluation]:
        from engine.decision.decide import evaluate
        from engine.decision.features import build
        from engine.decision.ratings import claims_at
        from engine.service import wiring

        world = self.world
        claims = claims_at(events, world.as_of)
        if claims not in self.rated:
            self.rated[claims] = wiring.rate_releases(world, self.config, events)
        features = build(
            world.history,
            world.grid,
            ratings=self.rated[claims],
            events=events,
            weights=self.config.events,
            warm=world.warm,
        )
        return features, evaluate(self.config.blend, features)


def _apart(
    name: str, days: Sequence[date], base: Evaluation, other: Evaluation, first: date, events: int
) -> Apart:
    inside = np.array([day >= first for day in days])
    gap = np.where(inside, np.abs(other.score - base.score), np.nan)
    scored = np.isfinite(gap)
    most = int(np.argmax(np.where(scored, gap, -1.0)))
    verdict = np.flatnonzero(inside & (other.invested != base.invested))
    share = inside & (np.abs(other.target_weight - base.target_weight) > 1e-9)
    return Apart(
        name=name,
        first_on=first,
        events=events,
        sessions=int(inside.sum()),
        score_mean=float(gap[scored].mean()) if scored.any() else None,
        score_most=float(gap[most]) if scored.any() else None,
        most_on=days[most] if scored.any() else None,
        verdict_days=int(verdict.size),
        first_verdict_on=days[int(verdict[0])] if verdict.size else None,
        share_days=int(share.sum()),
    )


def _reading(
    grid: Grid,
    weights: EventWeights,
    gates: Mapping[str, FloatArray],
    by_hand: Sequence[Event],
    read: Sequence[Event],
) -> TwoReadings:
    """gates: features that tell access to China."""
    from engine.decision.news_impulses import POLICY, impulses
    from strategies.base import decay

    hand, machine = (impulses(grid, told, weights, gates)[POLICY] for told in (by_hand, read))
    gap = np.abs(decay(hand - machine, weights.fade.policy_sessions))
    widest = int(np.argmax(gap)) if gap.size else 0
    moving = weights.policy.keys() | weights.domestic.keys()
    pairs = [(_sense(h, moving), _sense(m, moving)) for h, m in zip(by_hand, read, strict=True)]
    moved = [(h, m) for h, m in pairs if h or m]
    return TwoReadings(
        steps=len(moved),
        same=sum(h == m for h, m in moved),
        silent=sum(h != 0 and m == 0 for h, m in moved),
        turned=sum(h * m < 0 for h, m in moved),
        added=sum(h == 0 and m != 0 for h, m in moved),
        by_hand_pct=float(hand.sum()),
        as_read_pct=float(machine.sum()),
        widest_gap_pct=float(gap[widest]) if gap.size else 0.0,
        widest_on=grid.sessions_on[widest] if gap.size else None,
    )


def _as_read(by_hand: Sequence[Event], model: Classifier) -> list[Event]:
    labels = model.classify([event.headline for event in by_hand])
    return [
        replace(
            event,
            event_type=label.event_type,
            direction=label.direction if label.weighs else 0,
            actor=label.actor,
            stage=label.stage,
            mood=label.mood,
            classifier=model.version,
        )
        for event, label in zip(by_hand, labels, strict=True)
    ]


def _sense(event: Event, moving: set[str]) -> int:
    from engine.values import WEIGHING

    return event.direction if event.event_type in moving and event.mood in WEIGHING else 0
