"""Judged real days from the wire to the decision, as a live record would have them.

``read`` records a stream, lets the product read it, and ``Run.mornings`` assesses every session.
``Judge`` is a classifier that knows the labels: what a careful reader would have let move.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.news import reading as readings
from engine.news import rules
from engine.news.classify import Classification
from engine.service import bind, wiring
from engine.service.ingest import ingest_news
from engine.values import Mood, Stage
from tests import streams

if TYPE_CHECKING:
    from engine.record.history import History
    from engine.service.wiring import Assessment

CONFIG = streams.ROOT / "config"
PRESETS = tuple(sorted(path.stem for path in (CONFIG / "strategies").glob("*.toml")))


@cache
def _labels_by_title() -> dict[str, streams.Label]:
    """Labels by the title as it is recorded: the titles come from the streams, not from here."""
    judged = (*streams.stream(), *streams.fresh())
    return {j.item.title: j.label for j in judged if j.label is not None}


class Judge:
    """Answers with the labels; what has none is irrelevant."""

    version = "a careful reader"

    def classify(self, headlines: Iterable[str]) -> tuple[Classification, ...]:
        """One answer a headline."""
        return tuple(map(self._one, headlines))

    def _one(self, headline: str) -> Classification:
        label = _labels_by_title().get(headline)
        reading = readings.read(headline)
        moves = label is not None and label.moves == "yes"
        kind = label.type if label is not None and moves else "irrelevant"
        answer = {
            "headline": headline,
            "event_type": kind,
            "direction": label.sign if label is not None and moves else 0,
            "actor": rules.actor(reading, kind) if moves else "",
            "stage": Stage.RUMOUR if label and label.mood == "rumour" else Stage.ANNOUNCED,
            "confidence": 1.0,
            "relevant": moves,
            "abstained": False,
            "reading": reading,
            "mood": Mood(label.mood) if label is not None and moves else Mood.FACT,
        }
        return Classification(**answer)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Morning:
    """One session of a run: its score, whether the rule holds the share, and the voice of news."""

    day: date
    score: float
    held: bool
    policy_pct: float
    domestic_pct: float


@dataclass(frozen=True, kw_only=True)
class Run:
    """A record with a stream read into it, ready to be assessed under any preset."""

    first_on: date
    end: datetime
    history: History

    def mornings(self, preset: str) -> tuple[list[Morning], Assessment]:
        """The sessions from ``first_on`` on, and the assessment they are taken from."""
        config = bind.load(CONFIG, preset)
        assessed = wiring.assess(wiring.world_of(self.history, config, self.end), config)
        values, evaluation = assessed.features.values, assessed.evaluation
        rows = zip(
            assessed.world.grid.sessions_on,
            evaluation.score,
            evaluation.invested,
            values["policy_impulse_pct"],
            values["domestic_impulse_pct"],
            strict=True,
        )
        return [
            Morning(day=d, score=float(s), held=bool(h), policy_pct=float(p), domestic_pct=float(c))
            for d, s, h, p, c in rows
            if d >= self.first_on
        ], assessed


def read(judged: Sequence[streams.Judged], model: Any) -> Run:
    """A fresh record with the reference tables and ``judged``, read under ``model``."""
    config = bind.load(CONFIG)
    end = max(j.item.known_at for j in judged) + timedelta(days=4)
    with tempfile.TemporaryDirectory() as folder:
        store = wiring.open_record(config, f"sqlite:///{Path(folder)}/r.sqlite3")
        store.record_items([j.item for j in judged])
        ingest_news(store, end, classifier=lambda: model)
        history = store.history(known_by=end)
        store.close()
    return Run(first_on=min(j.day for j in judged), end=end, history=history)
