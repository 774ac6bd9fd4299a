"""One event told by many is one event; opposites and lookalikes stay apart."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from engine.news import reading as readings
from engine.news import rules, stories
from engine.news.classify import Classification
from engine.values import Direction, Item, Stage

START = datetime(2025, 7, 15, 2, 30, tzinfo=UTC)


def told(
    title: str,
    kind: str,
    *,
    source: str = "reuters",
    hours: float = 0.0,
    sense: Direction | None = None,
    confidence: float = 0.9,
    relevant: bool = True,
    abstained: bool = False,
) -> tuple[Item, Classification]:
    at = START + timedelta(hours=hours)
    item = Item(source=source, title=title, url="", known_at=at, published_at=at)
    reading = readings.read(title)
    label = Classification(
        headline=title,
        event_type=kind,
        direction=rules.direction_by_rule(title, kind) if sense is None else sense,
        actor=rules.actor(reading, kind),
        stage=Stage.ANNOUNCED,
        confidence=confidence,
        relevant=relevant,
        abstained=abstained,
        reading=reading,
    )
    return item, label


RESUME = "Nvidia to resume H20 sales to China after US assurances"


def test_the_same_event_in_other_words_is_one_event_with_two_voices() -> None:
    events = stories.cluster(
        [
            told(RESUME, "export_relief"),
            told("Washington greenlights H20 exports", "export_relief", source="ft", hours=2),
        ]
    )
    assert [e.n_sources for e in events] == [2]
    assert events[0].known_at == START
    assert events[0].headline == RESUME
    assert len(events[0].item_ids) == 2


def test_reprinted_words_and_one_outlets_updates_are_one_voice() -> None:
    reprint = told(RESUME, "export_relief", source="paper", hours=1)
    update = told("Nvidia H20 sales to China to resume, US says", "export_relief", hours=3)
    (event,) = stories.cluster([told(RESUME, "export_relief"), reprint, update])
    assert event.n_sources == 1
    assert len(event.item_ids) == 3


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        ("US to allow H20 sales", "US to ban H20 sales", "export_relief"),
        ("Fed holds rates", "Fed cuts rates", "rates"),
        ("Nvidia reports record revenue", "AMD reports record revenue", "nvidia_earnings"),
        ("US clears H20 for China", "US clears H200 for China", "export_relief"),
        ("Meta lifts capex to $65 bln", "Meta lifts capex to $72 bln", "capex_increase"),
        ("DeepSeek releases R1", "DeepSeek releases V3.1", "model_release"),
        ("Nvidia beats estimates", "Nvidia misses estimates", "nvidia_earnings"),
        ("Huawei launches Ascend 910C", "Huawei launches Ascend 910D", "domestic_chip_launch"),
    ],
)
def test_opposites_and_lookalikes_never_merge(a: str, b: str, kind: str) -> None:
    pair = [told(a, kind, sense=1), told(b, kind, sense=1, source="ft", hours=1)]
    assert len(stories.cluster(pair)) == 2


def test_opposite_directions_never_merge_however_alike() -> None:
    pair = [told(RESUME, "export_relief", sense=1), told(RESUME, "export_relief", sense=-1)]
    apart = [pair[0], (Item(source="b", title=RESUME, url="", known_at=START), pair[1][1])]
    assert len(stories.cluster(apart)) == 2


def test_a_story_closes_after_four_days() -> None:
    def later(hours: float) -> int:
        second = told("US lets Nvidia ship H20", "export_relief", source="ft", hours=hours)
        return len(stories.cluster([told(RESUME, "export_relief"), second]))

    assert later(96.0) == 1
    assert later(96.01) == 2


def test_order_of_arrival_does_not_matter() -> None:
    items = [
        told(RESUME, "export_relief"),
        told("US allows H20 exports", "export_relief", source="ft"),
        told("US lets Nvidia ship H20 to China", "export_relief", source="bbg"),
        told("Fed cuts rates", "rates", source="ap"),
    ]
    outcomes = {stories.cluster(order) for order in itertools.permutations(items)}
    assert len(outcomes) == 1


def test_unclassified_and_irrelevant_items_tell_nothing_and_repeats_count_once() -> None:
    quiet = [
        told(RESUME, "export_relief", abstained=True),
        told("Kimi wins podium", "irrelevant", relevant=False),
    ]
    assert stories.cluster(quiet) == ()
    twice = [told(RESUME, "export_relief")] * 2
    (event,) = stories.cluster(twice, classifier="v1")
    assert (len(event.item_ids), event.classifier) == (1, "v1")


def test_numbers_are_compared_as_numbers() -> None:
    a = told("Nvidia books $5.5 billion H20 charge", "export_restriction")
    b = told("H20 : Nvidia inscrit 5,5 milliards de charges", "export_restriction", source="lm")
    assert len(stories.cluster([a, b])) == 1


def test_the_event_is_confident_as_its_surest_member() -> None:
    second = told("US allows H20 sales", "export_relief", source="ft", confidence=0.97)
    (event,) = stories.cluster([told(RESUME, "export_relief"), second])
    assert event.confidence == 0.97


def test_jaccard_is_the_share_of_common_words() -> None:
    assert stories.jaccard(frozenset("abc"), frozenset("bcd")) == 0.5
    assert stories.jaccard(frozenset(), frozenset()) == 0.0
