"""Every recorded answer gives the facts it should, once, and nothing that it should not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.record.store import Store
from engine.values import Fact
from tests.recorded.runner import World, agrees, ask, in_record, read, recordings, stanza

NAMES = [recording.name for recording in recordings()]


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_answer_enters_the_record(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked twice: the facts of the first time, and none more."""
    told, feed = read(name), stanza(name)
    if feed.key_env:
        monkeypatch.setenv(feed.key_env, "recorded-key")
    world = World(dict(told.answers))
    with Store.open(f"sqlite:///{tmp_path / 'fresh.db'}") as store:
        (first,) = ask(store, [feed], world, told.at)
        facts, _ = in_record(store)
        (second,) = ask(store, [feed], world, told.at + timedelta(hours=25))
        again, _ = in_record(store)

    assert first.status == "new", first.why
    for wanted in told.expect:
        assert sum(agrees(fact, wanted) for fact in facts) == 1, wanted
    kinds = {wanted["kind"] for wanted in told.expect}
    if not told.others:
        assert sum(fact.kind in kinds for fact in facts) == len(told.expect)
    said = "\n".join(first.problems)
    assert all(part in said for part in told.problems), said
    assert bool(told.problems) == bool(said), said
    assert (second.new, second.changed) == (0, 0)
    assert len(again) == len(facts)


def test_the_runner_sees_what_is_wrong() -> None:
    """A value or a time that differs is no agreement, so that the test above can fail."""
    at = datetime(2026, 11, 24, tzinfo=UTC)
    fact = Fact(kind="k", key="a", occurred_at=at, known_at=at, source="s", payload={"value": 1})
    sound = {"kind": "k", "known_at": "2026-11-24T00:00:00+00:00", "payload": {"value": 1}}

    assert agrees(fact, sound)
    assert not agrees(fact, {**sound, "payload": {"value": 2}})
    assert not agrees(fact, {**sound, "known_at": "2026-11-24T00:00:01+00:00"})
