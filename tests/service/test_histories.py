"""The audit says how far the curated history, its reading and what feeds brought lie apart."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest

from engine.cli.said import told
from engine.cli.said.audit import histories_of
from engine.clock import parse_as_of
from engine.decision.events import told_by_table
from engine.news import reading as readings
from engine.news import rules
from engine.news.classify import Classification
from engine.record.readings import NEWS, News
from engine.report.i18n import voice
from engine.service import bind, wiring
from engine.service.histories import Histories, histories
from engine.service.wiring import KnownWorld
from engine.values import Event, Mood, Stage
from tests.french import english_in
from tests.stream_runs import CONFIG

AS_OF = parse_as_of("2025-09-30")
FEEDS_BEGIN = parse_as_of("2025-06-02T11:00Z")


def text_of(found: Histories, lang: str = "en") -> str:
    speaker = voice(lang)
    return told(speaker, ("", histories_of(found, speaker)))


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


class Faithful:
    """A classifier that knows the table by heart."""

    version = "faithful"

    def __init__(self, events: Iterable[Event]) -> None:
        self.known = {event.headline: event for event in events}

    def classify(self, headlines: Iterable[str]) -> tuple[Classification, ...]:
        return tuple(map(self._one, headlines))

    def _one(self, headline: str) -> Classification:
        known = self.known[headline]
        answer = {name: getattr(known, name) for name in ("event_type", "actor", "stage")}
        direction: Any = known.direction
        return Classification(
            headline=headline,
            reading=readings.read(headline),
            direction=direction,
            confidence=1.0,
            relevant=True,
            abstained=False,
            mood=Mood(known.mood),
            **answer,
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterable[tuple[KnownWorld, Any]]:
    """The shipped record to the frozen day; rating every release is not what is tested here."""
    config = bind.load(CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.service.wiring.rate_releases", lambda *args: ())
        where = f"sqlite:///{tmp_path_factory.mktemp('histories')}/r.sqlite3"
        with wiring.open_record(config, where) as store:
            yield wiring.world_at(store, config, AS_OF), config


def test_senses_sums_scores_and_verdicts_are_compared(world: tuple[KnownWorld, Any]) -> None:
    found = histories(*world, Turned())
    reading, read = found.reading, found.as_read
    text = text_of(found)

    assert reading.same + reading.silent + reading.turned + reading.added == reading.steps > 50
    assert reading.turned > 10
    assert reading.silent > 5
    assert reading.by_hand_pct < 0 < reading.as_read_pct
    assert f"{reading.turned} turn" in text.replace("\n", " ")
    assert max(map(len, text.splitlines())) <= 80
    assert read.sessions == len(world[0].grid)
    assert read.score_most is not None
    assert 0.05 < read.score_most <= 2.0
    assert read.share_days >= read.verdict_days
    assert found.live is None
    assert "no feed has brought news yet" in text
    assert english_in(text_of(found, "fr")) == []


def test_a_classifier_that_reads_as_the_hand_did_changes_nothing(
    world: tuple[KnownWorld, Any],
) -> None:
    known = told_by_table(world[0].history, AS_OF)
    reader: Any = Faithful(known)
    found = histories(*world, reader)

    assert found.reading.same == found.reading.steps
    assert found.as_read.events == len(known) > 150
    assert (found.as_read.score_most, found.as_read.share_days) == (0.0, 0)


@pytest.mark.parametrize(("kind", "sign"), [("export_restriction", -1), ("irrelevant", 0)])
def test_live_news_are_held_against_the_table_from_the_first_of_them_on(
    world: tuple[KnownWorld, Any], kind: str, sign: Any
) -> None:
    """One headline on a Monday morning, grave or not; no feed tells the table's later rows."""
    told = News(
        event_type=kind, direction=sign, stage=Stage.EFFECTIVE, confidence=0.95,
        headline="Commerce bars all sales of Nvidia chips to China, effective today",
        known_at=FEEDS_BEGIN, occurred_at=FEEDS_BEGIN, source="wire", actor="US Commerce",
        owners=("Reuters", "Bloomberg"), grade="A", n_sources=2,
    )  # fmt: skip
    fact = NEWS.fact(told, occurred_at=FEEDS_BEGIN, known_at=FEEDS_BEGIN, source="wire")
    given, config = world
    reader: Any = Faithful(told_by_table(given.history, AS_OF))
    found = histories(wiring.with_facts(given, config, [fact]), config, reader)

    assert found.as_read.score_most == 0.0
    assert found.live is not None
    assert (found.live.first_on, found.live.events) == (date(2025, 6, 2), 1)
    days = [day for day in given.grid.sessions_on if day >= date(2025, 6, 2)]
    assert found.live.sessions == len(days)
    assert found.live.score_most is not None
    assert found.live.score_most > 0.01
    assert "live from Jun 2, 2025" in text_of(found)
    assert english_in(text_of(found, "fr")) == []
