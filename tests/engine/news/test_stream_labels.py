"""The labels of real streams hold what their rule says, and name titles that exist."""

from __future__ import annotations

import pytest

from engine.news.taxonomy import EVENT_TYPES
from tests import streams

needs_streams = pytest.mark.skipif(bool(streams.available()), reason=streams.available())
MOODS = {"fact", "rumour", "proposal", "comment", "past", "denial", "correction"}


def test_labels_follow_their_own_rule() -> None:
    for label in streams.labels().values():
        assert label.type in EVENT_TYPES
        assert label.type in streams.VOICES
        assert label.mood in MOODS
        assert label.sign in (-1, 0, 1)
        assert label.moves in ("yes", "echo", "no")
        if label.moves == "yes":
            assert label.sign
            assert label.mood in ("fact", "rumour", "denial", "correction")
        assert len(label.title) == 16
        assert int(label.title, 16) >= 0


def test_twenty_days_are_kept_back_by_the_hash_of_their_date() -> None:
    kept = {day for day, untouched in streams.days().items() if untouched}

    assert len(streams.days()) >= 60
    assert kept == streams.untouched_days(streams.days())
    for label in streams.labels().values():
        assert label.untouched == (label.day in kept)


@needs_streams
def test_every_label_names_a_title_of_its_day() -> None:
    told = {streams.title_key(j.item.title): j.day for j in reversed(streams.stream())}

    assert {j.day for j in streams.stream()} == set(streams.days())
    for key, label in streams.labels().items():
        assert told[key] == label.day


def test_outcomes_of_a_call() -> None:
    told = streams.Label(
        day=next(iter(streams.days())),
        title="0" * 16,
        moves="yes",
        type="export_relief",
        sign=1,
        mood="fact",
        untouched=False,
    )

    assert streams.outcome(told, "export_relief", 1) == "right"
    assert streams.outcome(told, "china_purchase_ban", 1) == "right"  # one voice
    assert streams.outcome(told, "export_restriction", -1) == "flipped"
    assert streams.outcome(told, "domestic_chip_launch", -1) == "wrong"
    assert streams.outcome(None, "export_relief", 1) == "wrong"
