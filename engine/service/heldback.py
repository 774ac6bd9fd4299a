"""The months whose prices nobody had seen when the rules were set, run once.

A held-back run and not a forward one: the months were over when it ran, and releases and news of
them had been read. Its result goes into the ledger; run again it must give the same figures, and a
different result stands beside the first one, not in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from config.frozen import FROZEN_ON
from engine.clock import NEW_YORK
from engine.errors import InputError
from engine.phrases import phrase
from engine.service import judging, registering

if TYPE_CHECKING:
    from engine.record.store import Store
    from engine.service.bind import Bound

FIRST_ON = FROZEN_ON + timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(judging.Measured):
    """One preset over the months held back, JSON-ready.

    registered: hash and instant of the statement, and whether it stood before the prices did.
    """

    preset: str
    registered: Mapping[str, Any]

    def plain(self) -> dict[str, Any]:
        """For programs and the ledger."""
        return {"label": registering.HELD_BACK, **asdict(self)}


def statement_for(store: Store, config: Bound) -> Mapping[str, Any]:
    """The first statement about the held-back months; refuses a preset that has none.

    One of the ledger, else one that came with the configuration.
    """
    for told in registering.known_statements(store, config):
        if told["label"] == registering.HELD_BACK and told["from"] >= FIRST_ON.isoformat():
            return told
    raise InputError(
        phrase("{name} is not registered for the months held back", name=config.strategy.name),
        remedy=phrase(
            "nvsignal register --held-back --from {first_on} --until DATE", first_on=str(FIRST_ON)
        ),
    )


def run(store: Store, config: Bound, *, now: datetime) -> Run:
    """Replay one registered preset from the day after the frozen one to the last price.

    Raises ``InputError`` without a statement, when the rule is no longer the sealed one, or while
    no price is later than the frozen day.
    """
    from engine.service import wiring

    told = statement_for(store, config)
    if registering.rule_of(config) != told["rule"]:
        raise InputError(
            phrase("{told} is no longer the rule that was sealed", told=told["preset"]),
            remedy=phrase("nvsignal register --verify FILE tells what moved"),
        )
    end = wiring.last_evening(store)
    if end.astimezone(NEW_YORK).date() <= FROZEN_ON:
        raise InputError(
            phrase("the record holds no price after {frozen_on}", frozen_on=str(FROZEN_ON)),
            remedy=phrase("carry the later prices and rates into config/facts"),
        )
    world = wiring.world_at(store, config, min(end, now))
    found = judging.measure(
        wiring.assess(world, config, version="held back"), told, intervals=registering.BENCHMARKS
    )
    return Run(
        preset=told["preset"],
        registered={
            "entry_hash": told["entry_hash"],
            "registered_at": told["registered_at"],
            "prices_seen_until": told["prices_seen_until"],
            "before_the_prices": told["prices_seen_until"] <= FROZEN_ON.isoformat(),
        },
        **{name: getattr(found, name) for name in judging.Measured.__slots__},
    )


def keep(store: Store, found: Run, now: datetime) -> tuple[bool, bool]:
    """Note the run in the ledger; (it is the first, it says the same as the first)."""
    from engine.plain import to_plain
    from engine.record import ledger

    name = f"held back: {found.preset}"
    before = ledger.entries(store, strategy=name)
    entry = ledger.append(
        store, to_plain(found.plain()), acts_on=found.first_on, strategy=name, made_at=now
    )
    return not before, entry.stands
