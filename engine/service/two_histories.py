"""How far the history of the tables and what the classifier would have read lie apart.

History runs on the curated table, whose types were set by hand; live mornings run on the
classifier. Here the table's own headlines go through the same classifier, and the news of both is
added up by the same rules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.news.classify import Classifier
    from engine.service.bind import Bound
    from engine.service.wiring import World
    from engine.values import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoHistories:
    """The comparison. steps: curated headlines that move a voice either way.

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


def two_histories(world: World, config: Bound, model: Classifier) -> TwoHistories:
    """Both histories over the sessions of ``world``."""
    import numpy as np

    from engine.decision.events import curated
    from engine.decision.news_impulses import POLICY, impulses
    from engine.record.readings import HEADLINES
    from engine.service import wiring
    from strategies.base import decay

    facts = world.history.known("headline", world.as_of)
    by_hand = [curated(fact, HEADLINES.read(fact)) for fact in facts]
    read = _as_read(by_hand, model)
    weights = config.events
    gates = wiring.assess(world, config).features.values
    hand, machine = (impulses(world.grid, told, weights, gates)[POLICY] for told in (by_hand, read))
    gap = np.abs(decay(hand - machine, weights.fade.policy_sessions))
    widest = int(np.argmax(gap)) if gap.size else 0
    moving = weights.policy.keys() | weights.domestic.keys()
    pairs = [(_sense(h, moving), _sense(m, moving)) for h, m in zip(by_hand, read, strict=True)]
    moved = [(h, m) for h, m in pairs if h or m]
    return TwoHistories(
        steps=len(moved),
        same=sum(h == m for h, m in moved),
        silent=sum(h != 0 and m == 0 for h, m in moved),
        turned=sum(h * m < 0 for h, m in moved),
        added=sum(h == 0 and m != 0 for h, m in moved),
        by_hand_pct=float(hand.sum()),
        as_read_pct=float(machine.sum()),
        widest_gap_pct=float(gap[widest]) if gap.size else 0.0,
        widest_on=world.grid.sessions_on[widest] if gap.size else None,
    )


def text_of(found: TwoHistories) -> str:
    """Two sentences, of at most 80 columns a line."""
    return (
        f"Curated headlines through the classifier: of {found.steps} that move a voice, "
        f"{found.same} keep\ntheir sense, {found.silent} fall silent, {found.turned} turn and "
        f"{found.added} are added.\n"
        f"Policy news adds up to {found.by_hand_pct:+.1f} % of the price by hand and "
        f"{found.as_read_pct:+.1f} % as read;\nthe faded sums lie at most "
        f"{found.widest_gap_pct:.1f} % apart, on {found.widest_on}.\n"
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
    from engine.news.mood import WEIGHING

    return event.direction if event.event_type in moving and event.mood in WEIGHING else 0
