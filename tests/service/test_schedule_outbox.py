"""From runs to messages: what the scheduler tells, and that it tells each thing once."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.settings import ChannelSettings, QuietHours
from engine.news.story_record import event_payload
from engine.record.store import Store
from engine.report.ways import Channel, Message
from engine.service.channels import channels_of, courier_of, missing_reports, outbox
from engine.service.logs import Redactor, open_log
from engine.service.morning import Morning
from engine.values import Fact
from tests.engine.report.sample_report import events
from tests.service.mornings import (
    Clock,
    Desk,
    KilledError,
    calendar,
    configured,
    make_runner,
    report_for,
    with_channels,
)

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as opened:
        yield opened


@pytest.fixture(autouse=True)
def _address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORT_URL", "json://127.0.0.1:1/")
    monkeypatch.delenv("REPORT_OTHER", raising=False)


def channel(name: str = "mail", **changes: Any) -> ChannelSettings:
    return ChannelSettings(name=name, url_env="REPORT_URL", **changes)


def test_a_channel_without_its_address_does_not_silence_the_others() -> None:
    broken = ChannelSettings(name="phone", url_env="REPORT_OTHER")
    quiet = QuietHours(start="22:00", end="06:30", zone="Europe/Paris", wake_for=("tripwire",))

    found = channels_of(with_channels(configured(), channel(quiet=quiet), broken))

    assert [c.name for c in found.usable] == ["mail"]
    assert found.usable[0].quiet is not None
    assert found.usable[0].quiet.covers(datetime(2026, 11, 24, 22, 0, tzinfo=UTC))
    assert found.problems == (
        "channel 'phone': the environment variable REPORT_OTHER is not set "
        "(put the Apprise address of the channel there)",
    )
    assert found.secrets == ("json://127.0.0.1:1/",)


def live(number: int, at: datetime) -> Fact:
    event = events()[number]
    return Fact(
        kind="event",
        key=event.event_id,
        occurred_at=at,
        known_at=at,
        source="wire",
        confidence=event.confidence,
        payload=event_payload(event),
    )


def test_a_story_that_grows_stays_one_alert_and_curated_history_is_none(store: Store) -> None:
    """The curated table is on record with every classified event of the same types."""
    from engine.service import wiring

    config = configured()
    wiring.load_reference(store, config)
    first = live(1, NOW - timedelta(hours=2))
    grown = Fact(
        kind="event",
        key=first.key,
        occurred_at=first.occurred_at,
        known_at=NOW - timedelta(hours=1),
        source="wire",
        confidence=first.confidence,
        payload={**first.payload, "n_sources": 9},
    )
    store.record([first, grown])

    assert [n.key for n in outbox(store, config, None, NOW)] == [f"tripwire:{first.key}"]
    assert outbox(store, config, None, NOW + timedelta(days=2)) == ()


def test_a_report_that_failed_twice_is_told_until_it_is_made(store: Store) -> None:
    at = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)

    def fail() -> None:
        assert store.claim("report", at, "h", at, retry_after=timedelta(0))
        store.finish("report", at, "h", at, status="failed", detail="no price is known")

    fail()
    assert missing_reports(store, NOW) == []
    fail()
    (told,) = missing_reports(store, NOW)
    assert str(told.line) == ("The report for Nov 24, 2026 could not be made: no price is known")
    assert store.claim("report", at, "h", at, retry_after=timedelta(0))
    store.finish("report", at, "h", at)
    assert missing_reports(store, NOW) == []


def test_the_newest_report_is_told_and_a_change_of_decision_with_it(store: Store) -> None:
    sessions = calendar(date(2026, 11, 20), date(2026, 11, 30))
    desk = Desk(sessions=sessions, verdict=lambda d: "SELL" if d.day >= 24 else "HOLD")
    config = configured()
    for day in (20, 23, 24):
        made = desk.prepare(store, config, sessions.decide_at(date(2026, 11, day)), record=True)

    keys = [n.key for n in outbox(store, config, made, NOW)]

    assert keys == ["decision_changed:2026-11-24", "digest:2026-11-24"]
    earlier = Morning(
        report=report_for(date(2026, 11, 23), sessions.decide_at(date(2026, 11, 23))),
        assessment=None,  # type: ignore[arg-type]
    )
    assert [n.key for n in outbox(store, config, earlier, NOW)] == ["digest:2026-11-23"]


def test_weeks_of_mornings_with_kills_and_a_server_that_comes_and_goes_are_each_told_once(
    store: Store, tmp_path: Path
) -> None:
    """Every session's report goes out once, whatever dies; a change of decision too."""
    first, last = date(2026, 10, 26), date(2026, 11, 13)
    sessions, chance = calendar(first, last), random.Random(5)
    desk = Desk(sessions=sessions, verdict=lambda d: "SELL" if 3 <= d.day < 12 else "HOLD")
    config = with_channels(configured(), channel(), coalesce_minutes=0)
    clock, log = Clock(datetime(2026, 10, 26, 6, tzinfo=UTC)), open_log(Redactor(), io.StringIO())
    sent: list[str] = []

    def post(way: Channel, message: Message, key: str, now: datetime, slip: Any) -> None:
        roll = chance.random()
        if roll < 0.3:
            raise OSError("the server is away")
        if roll < 0.5:
            raise KilledError
        sent.append(key)

    def process(number: int) -> Any:
        courier = courier_of(store, config, channels_of(config), log)
        courier.send = post
        return make_runner(
            store,
            desk,
            clock,
            tmp_path,
            config=config,
            deliver=lambda m, now: courier.deliver(outbox(store, config, m, now), now),
            owner=f"host:{number}",
        )

    runner, kills = process(0), 0
    while clock.now < datetime(2026, 11, 13, 21, tzinfo=UTC):
        try:
            runner.cycle()
        except KilledError:
            kills += 1
            runner = process(kills)
        clock.now += timedelta(minutes=chance.choice([45, 90, 240]))

    told = sorted(key.removeprefix("mail|") for key in sent)
    days = [d.isoformat() for d in sessions.on if first <= d <= last]
    changes = [f"decision_changed:{d}" for d in ("2026-11-03", "2026-11-12")]
    assert kills > 3
    assert len(told) == len(set(told))
    # A changed decision is one message with that day's report, under the change's own key.
    plain = [f"digest:{d}" for d in days if f"decision_changed:{d}" not in changes]
    assert set(told) >= {*plain, *changes}
