"""A story goes into the record and comes back the same, field by field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.errors import DataError
from engine.news.stories import Story, event_of
from engine.news.story_record import event_payload, stories_of, story_fact
from engine.news.tellings import Telling, key_of
from engine.values import Fact, Mood, Stage
from tests.builders import at, make_event, make_fact

FIRST = Telling(
    item_id="i1", words="w1", plain="p1", owner="Reuters", grade="B",
    event_type="export_restriction", direction=-1, actor="US government", stage=Stage.EFFECTIVE,
    mood=Mood.RUMOUR, confidence=0.81, objects=("h20", "é"),
)  # fmt: skip
SECOND = replace(FIRST, item_id="i2", words="w2", owner="AFP", grade="C", mood=Mood.FACT)
STORY = Story(
    event_id="e1", headline="US bans H20", url="https://ex.org/1", known_at=at(),
    occurred_at=at(-1), tellings=(FIRST, SECOND), gone=("w0",), ended="refuted",
)  # fmt: skip


def test_a_telling_is_one_json_list_of_its_fields_in_order() -> None:
    assert FIRST.encode() == (
        '["i1","w1","p1","Reuters","B","export_restriction",-1,"US government","effective",'
        '"rumour",0.81,["h20","é"]]'
    )
    assert Telling.decode(FIRST.encode()) == FIRST
    with pytest.raises(ValueError, match="zip"):
        Telling.decode('["i1"]')
    with pytest.raises(ValueError, match="zip"):
        Telling.decode(FIRST.encode()[:-1] + ',"more"]')


def test_an_event_is_written_with_every_field() -> None:
    event = make_event(
        "rates", actor="Fed", direction=1, stage=Stage.REVERSED, confidence=0.7, headline="h",
        n_sources=3, item_ids=("a", "b"), classifier="c", url="u", owners=("x", "y"), grade="A",
        mood="rumour", objects=("o",), ended="repeat",
    )  # fmt: skip
    assert event_payload(event) == {
        "event_type": "rates", "actor": "Fed", "direction": 1, "stage": "reversed",
        "confidence": 0.7, "headline": "h", "n_sources": 3, "item_ids": ["a", "b"],
        "classifier": "c", "url": "u", "owners": ["x", "y"], "grade": "A", "mood": "rumour",
        "objects": ["o"], "ended": "repeat",
    }  # fmt: skip


def test_a_story_comes_back_as_it_was_and_is_as_old_as_its_first_version() -> None:
    event = event_of(STORY, "c")
    fact = story_fact(at(2), STORY, event)

    assert (fact.kind, fact.key, fact.source) == ("event", "e1", "Reuters")
    assert (fact.occurred_at, fact.known_at) == (at(-1), at(2))
    assert fact.confidence == event.confidence == 0.81
    assert fact.payload == {
        **event_payload(event),
        "tellings": [FIRST.encode(), SECOND.encode()],
        "gone": ["w0"],
    }
    early = story_fact(at(), replace(STORY, tellings=(FIRST,), ended=""), event)
    other = story_fact(at(1), replace(STORY, event_id="e2"), event)
    found = stories_of([early, other, fact])
    assert found == {"e1": STORY, "e2": replace(STORY, event_id="e2", known_at=at(1))}
    assert list(found) == ["e1", "e2"]


TITLE = "US bans H20, B30A, Rubin, HBM3 exports to UAE, India"


def bare(**changes: Any) -> Fact:
    payload: dict[str, Any] = {
        "event_type": "export_restriction", "direction": -1, "stage": "effective",
        "confidence": 0.6, "headline": TITLE, "actor": "US government",
        "url": "u", "grade": "B", "mood": "rumour", "item_ids": ["i9", "i8"], "ended": "repeat",
        **changes,
    }  # fmt: skip
    return make_fact("event", "e9", payload=payload, source="table", known_at=at(3))


def test_an_event_of_another_hand_is_one_telling_of_its_headline() -> None:
    words = key_of("us bans h20 b30a rubin hbm3 exports to uae india".split())
    told = Telling(
        item_id="i9", words=words, plain=words, owner="table", grade="B",
        event_type="export_restriction", direction=-1, actor="US government",
        stage=Stage.EFFECTIVE, mood=Mood.RUMOUR, confidence=0.6,
        objects=("b30a", "h20", "hbm3", "india", "rubin", "uae"),
    )  # fmt: skip
    assert stories_of([bare()]) == {
        "e9": Story(
            event_id="e9", headline=TITLE, url="u", known_at=at(3),
            occurred_at=at(-3), tellings=(told,), gone=(), ended="repeat",
        )
    }  # fmt: skip
    (nameless,) = stories_of([bare(item_ids=[])]).values()
    assert nameless.tellings == (replace(told, item_id="e9"),)


@pytest.mark.parametrize(
    "telling",
    ["[]", "no json", '{"a": 1}', "5", FIRST.encode().replace('"rumour"', '"shouted"')],
)
def test_a_telling_that_is_none_is_named_with_a_remedy(telling: str) -> None:
    with pytest.raises(DataError, match="event 'e9' of the record cannot be read") as told:
        stories_of([bare(tellings=[telling])])
    assert str(told.value.remedy) == "restore a backup, or remove the row"
