"""The audit says how far the curated history and the classifier's reading of it lie apart."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from engine.news import reading as readings
from engine.news import rules
from engine.news.classify import Classification
from engine.service import bind, wiring
from engine.service.two_histories import text_of, two_histories
from engine.values import Stage
from tests.stream_runs import CONFIG


class Turned:
    """A classifier that reads every headline the other way, and some not at all."""

    version = "turned"

    def classify(self, headlines: Iterable[str]) -> tuple[Classification, ...]:
        return tuple(map(self._one, headlines))

    def _one(self, headline: str) -> Classification:
        sign = rules.direction_by_rule(headline, "export_restriction")
        answer: Any = {
            "event_type": "export_relief", "direction": -sign, "actor": "", "confidence": 1.0,
            "stage": Stage.ANNOUNCED, "relevant": True, "abstained": "H20" in headline,
        }  # fmt: skip
        return Classification(headline=headline, reading=readings.read(headline), **answer)


def test_senses_and_sums_of_both_histories_are_compared(tmp_path: Any) -> None:
    config = bind.load(CONFIG)
    with wiring.open_record(config, f"sqlite:///{tmp_path}/r.sqlite3") as store:
        end = max(f.known_at for f in store.facts(("bar",))) + timedelta(hours=12)
        world = wiring.world_at(store, config, end)
    found = two_histories(world, config, Turned())

    assert found.same + found.silent + found.turned + found.added == found.steps > 50
    assert found.turned > 10
    assert found.silent > 5
    assert found.by_hand_pct < 0 < found.as_read_pct
    assert f"{found.turned} turn" in text_of(found).replace("\n", " ")
    assert max(map(len, text_of(found).splitlines())) <= 80
