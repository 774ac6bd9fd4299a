"""A quarter of mornings with sleeps, kills and changes of the clock, and every single failure."""

from __future__ import annotations

import io
import json
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DataError, InputError
from engine.record import ledger
from engine.record.store import Store
from engine.service.lock import FileLock
from engine.service.logs import Redactor, open_log
from engine.service.schedule import AHEAD, report_at, session_of
from tests.service.mornings import Clock, Desk, KilledError, calendar, configured, make_runner

TUESDAY = date(2026, 11, 24)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def desk() -> Desk:
    return Desk(sessions=calendar(TUESDAY, TUESDAY))


@pytest.mark.parametrize(
    ("first", "last", "seed"),
    [
        (date(2026, 9, 28), date(2026, 12, 31), 1),  # back to winter time, Thanksgiving, Christmas
        (date(2027, 3, 1), date(2027, 3, 31), 2),  # forward to summer time
    ],
)
def test_a_quarter_of_mornings_gives_each_session_one_decision_and_one_report(
    tmp_path: Path, first: date, last: date, seed: int
) -> None:
    """With nights asleep, a long week-end off, a clock set back, and kills at every step."""
    sessions, config = calendar(first, last), configured(catch_up_sessions=5)
    desk, chance = Desk(sessions=sessions), random.Random(seed)
    clock = Clock(datetime(first.year, first.month, first.day, 6, tzinfo=UTC))
    end = report_at(last, config.settings.schedule) + timedelta(hours=1)
    folder, kills = tmp_path / "reports", 0
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as store:
        runner = make_runner(store, desk, clock, folder, config=config)
        while clock.now < end:
            if chance.random() < 0.15:
                desk.kill_at.append(chance.choice(["collect", "before ledger", "after ledger"]))
            try:
                runner.cycle()
            except KilledError:
                kills += 1
                runner = make_runner(
                    store, desk, clock, folder, config=config, owner=f"host:{kills}"
                )
            clock.now += _pause(chance)
        clock.now = max(clock.now, end)
        desk.kill_at.clear()
        runner.cycle()
        entries = ledger.entries(store)
        runs = store.job_runs("report", limit=200)
        ledger.verify(store)
    expected = [d for d in sessions.on if first <= d <= last]
    assert kills > 5
    assert Counter(e.acts_on for e in entries) == dict.fromkeys(expected, 1)
    assert [e.acts_on for e in entries] == expected
    assert all(e.made_at == sessions.decide_at(e.acts_on) for e in entries)
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        f"{d}.{form}" for d in expected for form in ("en.html", "json")
    )
    assert {session_of(r): r.status for r in runs} == dict.fromkeys(expected, "done")


def _pause(chance: random.Random) -> timedelta:
    roll = chance.random()
    if roll < 0.05:
        return timedelta(hours=8)
    if roll < 0.07:
        return timedelta(days=4)
    if roll < 0.10:
        return -timedelta(hours=1)
    return timedelta(minutes=chance.randint(20, 200))


@pytest.mark.parametrize("step", ["before ledger", "after ledger"])
@pytest.mark.parametrize("ahead", [timedelta(0), AHEAD])
def test_a_report_killed_half_way_is_finished_as_of_the_same_instant(
    tmp_path: Path, desk: Desk, step: str, ahead: timedelta
) -> None:
    """Killed after the ledger was written, the second attempt writes no second decision."""
    clock = Clock(at("2026-11-24T13:31") - ahead)
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as store:
        desk.kill_at.append(step)
        with pytest.raises(KilledError):
            make_runner(store, desk, clock, tmp_path).cycle(ahead=ahead)
        clock.now += timedelta(minutes=7)
        make_runner(store, desk, clock, tmp_path, owner="host:2").cycle(ahead=ahead)
        (entry,) = ledger.entries(store)
        (run,) = store.job_runs("report")
    assert (entry.acts_on, entry.revision) == (TUESDAY, 0)
    assert (run.status, run.attempts, run.owner) == ("done", 2, "host:2")
    if step == "after ledger":
        assert desk.prepared[-1] == (entry.made_at, False)
    assert (tmp_path / "2026-11-24.json").exists()


def test_a_report_that_cannot_be_written_is_said_once_and_its_decision_stands(
    tmp_path: Path, desk: Desk
) -> None:
    """The folder comes back: the report appears without a second entry in the ledger."""
    blocked, said = tmp_path / "reports", io.StringIO()
    blocked.write_text("a file where the folder should be")
    clock = Clock(at("2026-11-24T13:31"))
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as store:
        runner = make_runner(store, desk, clock, blocked, log=open_log(Redactor(), said))
        for _ in range(5):
            runner.cycle()
            clock.now += timedelta(minutes=70)
        failed = store.job_runs("report")[0]
        blocked.unlink()
        runner.cycle()
        assert len(ledger.entries(store)) == 1
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    told = [line for line in lines if line["event"] == "report_failed"]
    assert (failed.status, failed.attempts) == ("failed", 5)
    assert len(told) == 1
    assert "cannot write" in told[0]["why"]
    assert (blocked / "2026-11-24.json").exists()


def test_a_failing_round_of_the_feeds_does_not_keep_the_report_from_coming(
    tmp_path: Path, desk: Desk
) -> None:
    def broken(*_: Any) -> Any:
        raise DataError("the feeds are down")

    clock = Clock(at("2026-11-24T13:31"))
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as store:
        runner = make_runner(store, desk, clock, tmp_path)
        runner.collect = broken
        finished = runner.cycle()
        assert [key.job for key in finished] == ["report"]
        assert store.job_runs("collect")[0].status == "failed"
        assert store.job_runs("collect")[0].detail == "the feeds are down"


def test_only_the_holder_of_the_lock_works(tmp_path: Path, desk: Desk) -> None:
    clock = Clock(at("2026-11-24T13:31"))
    path = tmp_path / "record.db.lock"
    first, second = FileLock(path), FileLock(path)
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as store:
        leading = make_runner(store, desk, clock, tmp_path, lock=first)
        waiting = make_runner(store, desk, clock, tmp_path, lock=second, owner="host:2")
        assert leading.leads()
        assert waiting.cycle() == ()
        assert [k.job for k in leading.cycle()] == ["report", "collect"]
        first.release()
        clock.now += timedelta(hours=1)
        assert [k.job for k in waiting.cycle()] == ["collect"]
        second.release()


def test_two_schedulers_without_a_lock_still_record_a_session_once(
    tmp_path: Path, desk: Desk
) -> None:
    """Should the lock fail, the unique run key and the ledger hold."""
    clock = Clock(at("2026-11-24T13:31"))
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as store:
        one = make_runner(store, desk, clock, tmp_path)
        two = make_runner(store, desk, clock, tmp_path, owner="host:2")
        (key,) = (k for k in one.due() if k.job == "report")
        assert [r.execute(key) for r in (one, two)] == [True, False]
        assert len(ledger.entries(store)) == 1


def test_a_strange_failure_is_kept_in_the_run_without_its_secrets(
    tmp_path: Path, desk: Desk
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise InputError("GET https://me:hunter2222@example.org/?token=abcd1234 failed")

    clock = Clock(at("2026-11-24T13:31"))
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as store:
        runner = make_runner(store, desk, clock, tmp_path)
        runner.prepare = broken
        runner.cycle()
        detail = store.job_runs("report")[0].detail
    assert detail == "GET https://***@example.org/?token=*** failed"
