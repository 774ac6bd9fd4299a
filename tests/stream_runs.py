"""Judged real days from the wire to the decision, as a live record would have them.

``run`` records a stream item by item, lets the product read it, and assesses every session in it.
``Judge`` is a classifier that knows the labels: what a careful reader would have let move.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from engine.news import reading as readings
from engine.news import rules
from engine.news.classify import Classification
from engine.news.mood import Mood
from engine.service import bind, wiring
from engine.service.ingest import ingest_news
from engine.values import Stage
from tests import streams

CONFIG = streams.ROOT / "config"
PRESETS = tuple(sorted(path.stem for path in (CONFIG / "strategies").glob("*.toml")))


@cache
def _labels_by_title() -> dict[str, streams.Label]:
    """Labels by the title as it is recorded: the titles come from the streams, not from here."""
    return {j.item.title: j.label for j in streams.stream() if j.label is not None}


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
    held: float
    policy_pct: float
    domestic_pct: float


def run(
    judged: Sequence[streams.Judged], model: Any, preset: str = "balanced"
) -> tuple[list[Morning], Any]:
    """The sessions of ``judged`` under ``model``, and the assessment they are taken from."""
    config = bind.load(CONFIG, preset)
    with tempfile.TemporaryDirectory() as folder:
        store = wiring.open_record(config, f"sqlite:///{Path(folder)}/r.sqlite3")
        store.record_items([j.item for j in judged])
        end = max(j.item.known_at for j in judged) + timedelta(days=4)
        ingest_news(store, end, classifier=lambda: model)
        assessed = wiring.assess(wiring.world_at(store, config, end), config)
        store.close()
    first = min(j.day for j in judged)
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
        Morning(day=d, score=float(s), held=float(h), policy_pct=float(p), domestic_pct=float(c))
        for d, s, h, p, c in rows
        if d >= first
    ], assessed
