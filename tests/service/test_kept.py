"""What is kept is equal to what would be made anew, and nothing is right because it was kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from engine.clock import parse_as_of
from engine.decision.events import known_events
from engine.decision.features import RatedRelease
from engine.errors import DataError
from engine.phrases import Phrase, phrase, plural
from engine.service import kept, morning, wiring
from engine.service.bind import Bound, load
from engine.service.morning import beside_of, prepare, release_cards
from engine.threat.rating import at_instant
from engine.threat.world import World
from engine.values import Evidence, Observed
from tests.engine.report.sample_report import card

CONFIG = Path(__file__).resolve().parents[2] / "config"
DAY = parse_as_of("2025-08-22")


@pytest.fixture(scope="module")
def record() -> Iterator[tuple[wiring.Store, Bound]]:
    config = load(CONFIG)
    with wiring.open_record(config, "sqlite://") as store:
        yield store, config


VALUES = [
    None, True, 3, 0.1, -0.0, float("inf"), "text", date(2025, 8, 22),
    datetime(2025, 8, 22, 12, 30, 0, 1, tzinfo=UTC), (1, (2.5, None)), {"a": {1: "b"}},
    Observed.NOT_OBSERVED, Evidence(text="x", confidence=0.25), card().rating,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_a_value_comes_back_equal(value: object) -> None:
    text = json.dumps(kept.encoded(value))
    back = kept.decoded(json.loads(text))

    assert back == value
    assert repr(back) == repr(value)


def test_a_phrase_can_still_be_said_in_another_language() -> None:
    told = phrase("{model} costs {usd:usd2}: {why}", model="R1", usd=0.5, why=plural("a", "b", n=2))
    back = kept.decoded(kept.encoded(told))

    assert isinstance(back, Phrase)
    assert (back, back.template, back.args) == (told, told.template, told.args)
    assert isinstance(back.args["why"], Phrase)
    assert back.args["why"].plural == "b"


def test_arrays_come_back_to_the_bit() -> None:
    values = np.array([0.1, np.nan, -0.0, 1e308, 5e-324])
    back = kept.decoded(kept.encoded(values))

    assert back.dtype == np.float64
    assert back.tobytes() == values.tobytes()


def test_nothing_but_plain_values_is_kept_or_made() -> None:
    with pytest.raises(DataError, match="object cannot be kept"):
        kept.encoded(object())
    with pytest.raises(KeyError):
        kept.decoded({"of": ["Path", {}]})


def test_a_warm_morning_is_the_cold_one_to_the_byte(
    record: tuple[wiring.Store, Bound], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same features, ratings, cards and decision; the second time nothing is rated or built."""
    from engine.decision import features

    store, config = record
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path))
    without = wiring.assess(replace(wiring.world_at(store, config, DAY), kept=None), config)
    cold = prepare(store, config, DAY, record=False)
    monkeypatch.setattr(wiring, "rate_releases", None)
    monkeypatch.setattr(features, "build", None)
    for made in ("release_cards", "weighed_news", "fall_skill"):
        monkeypatch.setattr(morning, made, None)
    warm = prepare(store, config, DAY, record=False)

    assert warm.report == cold.report
    assert warm.assessment.decision == without.decision
    assert warm.assessment.ratings == without.ratings
    for name, values in without.features.values.items():
        assert warm.assessment.features.values[name].tobytes() == values.tobytes(), name
    assert beside_of(warm.assessment).cards == release_cards(without)


def test_a_damaged_file_counts_as_absent_and_another_fact_or_rule_makes_another_key(
    record: tuple[wiring.Store, Bound], tmp_path: Path
) -> None:
    store, config = record
    world = wiring.world_at(store, config, DAY)
    key = world.key(config.digest, "1")

    assert kept.remembered(tmp_path, key, "x", lambda: (1.5,)) == (1.5,)
    assert kept.remembered(tmp_path, key, "x", lambda: (2.5,)) == (1.5,)
    (path,) = tmp_path.glob("*.json")
    path.write_text(path.read_text().replace("1.5", "9.5"))
    assert kept.remembered(tmp_path, key, "x", lambda: (2.5,)) == (2.5,)
    assert kept.remembered(None, key, "x", lambda: (3.5,)) == (3.5,)
    others = {
        replace(world, data_hash="0").key(config.digest, "1"),
        replace(world, as_of=parse_as_of("2025-08-23")).key(config.digest, "1"),
        world.key("0", "1"),
        world.key(config.digest, "2"),
    }
    assert len(others | {key}) == 5


def bits(rated: tuple[RatedRelease, ...]) -> str:
    """Every figure and word of it; floats as JSON tells them, which is exact."""
    return json.dumps(kept.encoded(rated))


def ratings(world: wiring.KnownWorld, config: Bound) -> tuple[RatedRelease, ...]:
    """What a morning with nothing but ratings kept would rate."""
    events = known_events(world.history, world.as_of)
    return wiring._rated_once(world, config, events)


def test_another_morning_rates_only_what_is_new_and_says_the_same(
    record: tuple[wiring.Store, Bound], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fortnight with R1 in it; then the same morning with a figure of years ago corrected."""
    store, config = record
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path))
    before, after = (
        wiring.world_at(store, config, parse_as_of(day)) for day in ("2025-01-17", "2025-01-31")
    )
    asked: list[datetime] = []

    def counted(facts: World, instant: datetime) -> World:
        asked.append(instant)
        return at_instant(facts, instant)

    monkeypatch.setattr("engine.decision.ratings.at_instant", counted)
    ratings(before, config)
    everything = len(asked)
    asked.clear()
    told = ratings(after, config)

    assert everything > 20
    assert asked
    assert min(asked) > before.as_of
    assert bits(told) == bits(ratings(replace(after, kept=None), config))

    old = after.history.known("earnings", before.as_of)[-1]
    assert "data_center_revenue_usd_bn" in old.payload
    wrong = {**old.payload, "data_center_revenue_usd_bn": 10.0}
    late = replace(old, known_at=old.known_at + timedelta(days=1), payload=wrong)
    moved = wiring.with_facts(after, config, [late])
    again = ratings(moved, config)

    assert bits(again) == bits(ratings(replace(moved, kept=None), config))
    assert bits(again) != bits(told)


def test_only_the_newest_files_are_kept(tmp_path: Path) -> None:
    for n in range(kept.MOST_FILES + 5):
        kept.remembered(tmp_path, f"{n:032d}", "x", lambda n=n: (n,))  # type: ignore[misc]

    assert len(list(tmp_path.glob("*.json"))) == kept.MOST_FILES
