"""Known answers of the house's own errands: runner, composition root, copies, folders, hashes."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import numpy as np
import pytest

from config.holding import TEMPLATE
from config.settings import PACKAGED, Lags
from engine.errors import DataError, InputError, NvsignalError, StoreError
from engine.phrases import phrase
from engine.record import ledger
from engine.record.connect import parse_url
from engine.record.history import History
from engine.record.store import Store
from engine.service import (
    basis,
    channels,
    classifier,
    collecting,
    copies,
    derived,
    folders,
    kept,
    own_folder,
    receipt,
    schedule,
    stamps,
    sweeping,
    tables,
    wiring,
)
from engine.service import runner as running
from engine.service.schedule import RunKey
from tests.builders import make_fact
from tests.service.mornings import configured

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)  # a Tuesday, 08:30 in New York
TODAY = date(2026, 11, 24)
DAY, MINUTE, MICRO = timedelta(days=1), timedelta(minutes=1), timedelta(microseconds=1)
Patch = pytest.MonkeyPatch
NOTHING: Any = None


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as opened:
        yield opened


# --- the runner -----------------------------------------------------------------------------------


class Heard:
    """A log that keeps what it was told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, dict[str, Any]]] = []

    def redact(self, text: str) -> str:
        return text.replace("planted", "***")

    def __getattr__(self, level: str) -> Any:
        return lambda event, **more: self.said.append((level, event, more))


def runner(**changes: Any) -> running.Runner:
    given: dict[str, Any] = {
        "store": None, "config": configured(), "lock": None, "log": Heard(), "clock": lambda: NOW,
        "collect": None, "prepare": None, "deliver": None, "folder": Path("r"), "owner": "h:1",
    }  # fmt: skip
    return running.Runner(**(given | changes))


def test_a_runner_has_the_real_feeds_and_the_way_out(monkeypatch: Patch) -> None:
    sent: list[Any] = []

    def courier(store: Any, config: Any, ways: Any, log: Any) -> Any:
        sent.append((store, ways, log))
        return Thing(deliver=lambda notices, now: sent.append((notices, now)))

    monkeypatch.setattr("engine.service.channels.courier_of", courier)
    monkeypatch.setattr(
        "engine.service.channels.outbox", lambda s, c, morning, now: (s, c, morning, now)
    )
    monkeypatch.setattr("engine.service.afterwards.Afterwards", lambda **given: given)
    config = configured()
    shared: dict[str, Any] = {
        "lock": "lock", "log": "log", "clock": lambda: NOW, "channels": "ways",
    }  # fmt: skip
    made = running.make_runner("store", config, **shared)  # type: ignore[arg-type]
    parts: list[Any] = [made.store, made.config, made.lock, made.log]
    assert parts == ["store", config, "lock", "log"]
    assert (made.clock(), made.folder) == (NOW, running.report_folder(config))
    seams: list[Any] = [made.collect, made.prepare, made.afterwards]
    assert seams == [
        running.collect, running.prepare, {"store": "store", "config": config, "log": "log"},
    ]  # fmt: skip
    morning: Any = "morning"
    made.deliver(morning, NOW)
    assert sent == [("store", "ways", "log"), (("store", config, "morning", NOW), NOW)]
    offline = running.make_runner("store", config, offline=True, **shared)  # type: ignore[arg-type]
    assert dict(offline.collect(NOTHING, NOTHING, NOW)) == {"offline": "asked for"}


def test_the_morning_of_a_run_has_the_health_of_its_instant(monkeypatch: Patch) -> None:
    monkeypatch.setattr(running, "health", lambda store, config, at: ("health", store, config, at))
    monkeypatch.setattr("engine.service.morning.prepare", lambda *given, **more: (given, more))
    found: Any = running.prepare("s", "c", NOW, record=True)  # type: ignore[arg-type]
    assert found == (("s", "c", NOW), {"record": True, "polled": ("health", "s", "c", NOW)})


def test_what_comes_next_is_asked_of_one_calendar_a_day() -> None:
    at, read = [NOW], list[datetime]()
    sessions = schedule.sessions_around(NOW, configured())

    def calendar(now: datetime, config: Any) -> Any:
        read.append(now)
        return sessions

    made = runner(clock=lambda: at[0], sessions=calendar)
    assert made.ahead() == {
        "collect": NOW + 30 * MINUTE, "report": NOW + DAY,
    }  # fmt: skip
    at[0] = NOW + 10 * timedelta(hours=1)
    made.ahead()
    assert read == [NOW]
    at[0] = datetime(2026, 11, 25, tzinfo=UTC)
    made.ahead()
    assert read == [NOW, at[0]]
    assert made.newest_report() is None
    made._morning = Thing(report="r")  # type: ignore[assignment]
    assert made.newest_report() == "r"  # type: ignore[comparison-overlap]


def test_the_calendar_of_a_run_reaches_a_fortnight_either_side(monkeypatch: Patch) -> None:
    """15 days back and two more for each of five sessions made up for; by the day in UTC."""
    monkeypatch.setattr("engine.macro.sessions.load_sessions", lambda *given: given)
    late = datetime(2026, 11, 25, 0, 30, tzinfo=UTC)
    found: Any = schedule.sessions_around(late, configured(catch_up_sessions=5))
    assert found == (date(2026, 10, 31), date(2026, 12, 9), time(8, 30))


def test_a_channel_that_fails_and_who_was_turned_away_are_not_sent(monkeypatch: Patch) -> None:
    monkeypatch.setattr(
        "engine.report.courier.failing_since",
        lambda store, name: NOW - DAY if name == "push" else None,
    )
    rows = [Thing(recipient="me@e.org", why="550")]
    monkeypatch.setattr(
        "engine.report.courier.turned_away", lambda store, at: rows if at == NOW else []
    )
    ways = (Thing(name="mail"), Thing(name="push"))
    config = Thing(settings=Thing(delivery=Thing(channel=ways)))
    assert runner(config=config).not_sent() == [
        "nothing on 'push' since 2026-11-23 13:30 UTC", "me@e.org: 550",
    ]  # fmt: skip


def test_a_change_of_the_leader_is_said_once_and_forgets_the_morning() -> None:
    answers = [False, False, True, True, False]
    lock = Thing(acquire=lambda: answers.pop(0), holder=lambda: Thing(name="h:2"))
    made, log = runner(lock=lock), Heard()
    made.log = log  # type: ignore[assignment]
    morning: Any = "morning"
    for leading, forgotten in (
        (False, True), (False, False), (True, True), (True, False), (False, True),
    ):  # fmt: skip
        made._morning = morning
        assert made.leads() is leading
        assert (made._morning is None) is forgotten
    assert log.said == [
        ("info", "waiting", {"holder": "h:2"}),
        ("info", "leading", {"owner": "h:1"}),
        ("info", "waiting", {"holder": "h:2"}),
    ]
    nobody = runner(lock=Thing(acquire=lambda: False, holder=lambda: None))
    assert nobody.cycle() == ()
    assert nobody.log.said == [("info", "waiting", {"holder": None})]  # type: ignore[attr-defined]


COLLECT = RunKey(job="collect", scheduled_for=NOW)
REPORT = RunKey(job="report", scheduled_for=NOW, acts_on=TODAY, as_of=NOW)


def test_a_round_is_claimed_done_and_noted_with_its_figures(store: Store) -> None:
    at = [NOW]

    def collect(record: Any, config: Any, now: datetime, /) -> Mapping[str, Any]:
        at[0] += MINUTE
        return {"asked": now == NOW, "new": 3}

    log = Heard()
    made = runner(store=store, log=log, clock=lambda: at[0], collect=collect)
    made._said = {"collect_failed x", "report_failed x"}
    assert made.execute(COLLECT)
    (run,) = store.job_runs("collect")
    assert (run.started_at, run.finished_at, run.status, run.owner, run.detail) == (
        NOW, NOW + MINUTE, "done", "h:1", "asked True, new 3",
    )  # fmt: skip
    told = {"scheduled_for": NOW, "detail": "asked True, new 3"}
    assert log.said == [("info", "collect_done", told)]
    assert made._said == {"report_failed x"}
    assert not made.execute(COLLECT)  # it is done


def test_a_run_that_goes_wrong_is_noted_and_said_once(store: Store) -> None:
    """Words of ours as they are; of others with their type; 500 letters at most, no secret."""
    faults: list[Exception] = [
        DataError("planted " + "x" * 600), DataError("planted " + "x" * 600), ValueError("planted"),
    ]  # fmt: skip

    def collect(record: Any, config: Any, now: datetime, /) -> Mapping[str, Any]:
        raise faults.pop(0)

    log = Heard()
    made = runner(store=store, log=log, collect=collect)
    for _ in range(3):
        assert not made.execute(COLLECT)
        (run,) = store.job_runs("collect")
        assert (run.status, run.finished_at) == ("failed", NOW)
        if faults:
            assert run.detail == "*** " + "x" * 496
    assert run.detail == "ValueError: ***"
    assert run.attempts == 3
    long = "*** " + "x" * 496
    assert log.said == [
        ("error", "collect_failed", {"scheduled_for": NOW, "why": long}),
        ("error", "collect_failed", {"scheduled_for": NOW, "why": "ValueError: ***"}),
    ]


@pytest.mark.parametrize(
    ("made_at", "as_of", "acts_on", "stands"),
    [
        (NOW, NOW, TODAY, True),
        (NOW + MICRO, NOW, TODAY, False),  # later than the run could know
        (NOW - 30 * MINUTE, NOW, TODAY, True),  # as early as ``daily`` may be
        (NOW - 30 * MINUTE - MICRO, NOW, TODAY, False),
        (NOW - 2 * DAY, NOW - 2 * DAY, TODAY, True),  # the very instant of the run
        (NOW + MINUTE, NOW + MINUTE, TODAY, True),
        (NOW, NOW, TODAY + DAY, False),
    ],
)
def test_an_earlier_attempt_at_the_same_run_stands(
    store: Store, made_at: datetime, as_of: datetime, acts_on: date, stands: bool
) -> None:
    def entry(acts_on: date, made_at: datetime, strategy: str = "balanced") -> Any:
        return ledger.append(
            store, {"n": made_at.isoformat()}, acts_on=acts_on, strategy=strategy, made_at=made_at
        )

    entry(TODAY, NOW, "cautious")
    told = entry(acts_on, made_at)
    entry(acts_on, NOW - MINUTE)  # a revision: it never stands
    key = RunKey(job="report", scheduled_for=NOW, acts_on=TODAY, as_of=as_of)
    found = runner(store=store)._standing(key)
    assert found == (told if stands else None)


def test_a_report_of_an_earlier_attempt_is_made_again_as_of_its_entry(monkeypatch: Patch) -> None:
    prepared: list[Any] = []
    decided = Thing(acts_on=TODAY, verdict="SELL", score=-0.25)

    def prepare(store: Any, config: Any, as_of: datetime, /, *, record: bool) -> Any:
        prepared.append((as_of, record))
        return Thing(report=Thing(decision=decided))

    monkeypatch.setattr(running, "write_reports", lambda *given: prepared.append(given[1:]))
    made = runner(prepare=prepare)
    entry: Any = Thing(made_at=NOW - MINUTE)
    for standing in (None, entry):
        monkeypatch.setattr(running.Runner, "_standing", lambda self, key, e=standing: e)
        assert made._report(REPORT) == "2026-11-24 SELL -0.250"
    after = (Path("r"), made.config)
    assert prepared == [(NOW, True), after, (NOW - MINUTE, False), after]


def test_after_a_restart_the_report_on_record_is_made_again(monkeypatch: Patch) -> None:
    """The newest that was done, as of its plan or of the decision's hour where that is earlier."""
    prepared: list[Any] = []
    keys: list[RunKey] = []

    def prepare(store: Any, config: Any, as_of: datetime, /, *, record: bool) -> Any:
        prepared.append((as_of, record))
        return "morning"

    runs = [
        Thing(status="failed", scheduled_for=NOW + DAY),
        Thing(status="done", scheduled_for=NOW + 30 * MINUTE),
        Thing(status="done", scheduled_for=NOW - DAY),
    ]

    def latest(entry: Any) -> Any:
        store = Thing(job_runs=lambda job, limit: runs if job == "report" else [])
        made = runner(store=store, prepare=prepare)

        def standing(self: Any, key: RunKey) -> Any:
            keys.append(key)
            return entry

        monkeypatch.setattr(running.Runner, "_standing", standing)
        return [made._latest(), made._latest()]

    assert latest(None) == ["morning", "morning"]
    assert latest(Thing(made_at=NOW - MINUTE)) == ["morning", "morning"]
    assert prepared == [(NOW, False), (NOW - MINUTE, False)]
    assert keys[0] == RunKey(
        job="report", scheduled_for=NOW + 30 * MINUTE, acts_on=TODAY, as_of=NOW
    )  # fmt: skip
    runs[1:] = []
    assert latest(None) == [None, None]


def test_a_cycle_delivers_and_ends_with_what_follows(monkeypatch: Patch) -> None:
    done: list[Any] = []
    held = [True, True]
    lock = Thing(acquire=lambda: True, held=lambda: held.pop(0))
    store = Thing(job_runs=lambda job, limit=0: [Thing(status="done", scheduled_for=NOW)])
    made = runner(lock=lock, store=store, afterwards=lambda day, now: done.append((day, now)))
    monkeypatch.setattr(running.Runner, "due", lambda self, ahead: (REPORT, COLLECT, ahead)[:2])
    monkeypatch.setattr(running.Runner, "execute", lambda self, key: key is COLLECT)
    monkeypatch.setattr(running.Runner, "_deliver_now", lambda self, soon: done.append(soon))
    assert made.cycle() == (COLLECT,)
    assert done == [True, (TODAY, NOW)]
    held[:] = [True, False]
    monkeypatch.setattr(running.Runner, "execute", lambda self, key: True)
    assert made.cycle() == (REPORT,)
    assert made.log.said[-1][:2] == ("warning", "lock_lost")  # type: ignore[attr-defined]
    assert len(done) == 2
    held[:] = [True, True]
    monkeypatch.setattr(running.Runner, "execute", lambda self, key: False)
    store.job_runs = lambda job, limit=0: [Thing(status="failed", scheduled_for=NOW)]
    assert made.cycle() == ()
    assert done[2:] == [False, (None, NOW)]
    store.job_runs = lambda job, limit=0: []
    assert made._newest_session() is None


def test_a_morning_is_written_in_each_language_and_as_json(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(
        "engine.report.render.render", lambda report, form, lang: f"{report.name} {form} {lang}"
    )
    monkeypatch.setattr(running, "report_languages", lambda config: ("fr", "en"))
    morning: Any = Thing(report=Thing(name="r", decision=Thing(acts_on=TODAY)))
    folder = tmp_path / "new"
    written = running.write_reports(morning, folder, NOTHING)
    assert [(p.name, p.read_text()) for p in written] == [
        ("2026-11-24.fr.html", "r html fr"), ("2026-11-24.en.html", "r html en"),
        ("2026-11-24.json", "r json en"),
    ]  # fmt: skip
    assert {p.parent for p in written} == {folder}
    assert {p.stat().st_mode & 0o777 for p in written} == {0o600}


def test_reports_lie_where_they_are_told_or_in_the_data_folder(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path))

    def config(folder: str) -> Any:
        return Thing(settings=Thing(report=Thing(folder=folder)))

    assert running.report_folder(config("")) == tmp_path / "reports"
    assert running.report_folder(config("/a/b")) == Path("/a/b")
    assert running.report_folder(config("~/b")) == Path.home() / "b"
    running.check_folder(tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    running.check_folder(tmp_path / "new")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write reports to") as failed:
        running.check_folder(tmp_path / "file")
    assert str(failed.value.remedy).startswith("change [report] folder in nvsignal.toml")


def test_the_watch_says_each_new_trouble_and_the_end_of_it() -> None:
    faults: list[Exception | None] = [
        DataError("a"), DataError("a"), ValueError("b"), None, None, DataError("a"),
    ]  # fmt: skip

    def cycle() -> None:
        fault = faults.pop(0)
        if fault is not None:
            raise fault

    log: Any = Heard()
    watch = running._Watch(cycle, log)
    while faults:
        watch()
    assert log.said == [
        ("error", "cycle_failed", {"why": "a"}),
        ("error", "cycle_failed", {"why": "ValueError: b"}),
        ("info", "cycle_works_again", {}),
        ("error", "cycle_failed", {"why": "a"}),
    ]


@pytest.mark.parametrize(("back", "said"), [(30, False), (31, True)])
def test_a_clock_set_back_more_than_half_a_minute_is_told(
    monkeypatch: Patch, back: int, said: bool
) -> None:
    """The wait before is part of it: after five seconds a clock at 30 back stands 30 back."""
    at, jobs = [NOW], list[Any]()
    log: Any = Heard()

    class Planner:
        def __init__(self, *, timezone: Any) -> None:
            assert timezone is UTC

        def add_job(self, job: Any, kind: str, **given: Any) -> None:
            jobs.append((kind, given))

        def modify_job(self, name: str, *, next_run_time: datetime) -> None:
            jobs.append((name, next_run_time))

        def start(self) -> None:
            jobs.append("start")

        def shutdown(self, *, wait: bool) -> None:
            jobs.append(("shutdown", wait))

    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        at[0] += timedelta(seconds=-back if len(waits) == 1 else 5)
        return len(waits) == 3

    monkeypatch.setattr("apscheduler.schedulers.background.BackgroundScheduler", Planner)
    stop: Any = Thing(wait=wait)
    running.serve(lambda: None, stop, clock=lambda: at[0], log=log)
    assert waits == [5.0] * 3
    assert jobs[0] == ("interval", {
        "id": "cycle", "seconds": 5.0, "next_run_time": NOW, "coalesce": True, "max_instances": 1,
        "misfire_grace_time": None,
    })  # fmt: skip
    again = [("cycle", NOW - timedelta(seconds=back))] if said else []
    assert jobs[1:] == ["start", *again, ("shutdown", True)]
    told = ("warning", "clock_set_back", {"seconds": float(back)})
    assert log.said == ([told] if said else [])


# --- the composition root -------------------------------------------------------------------------


def test_the_record_is_the_one_named_first(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("NVSIGNAL_DATA", "/data")
    monkeypatch.delenv("NVSIGNAL_DB", raising=False)
    own: Any = Thing(settings=Thing(record=Thing(database="sqlite:///own.db")))
    bare: Any = Thing(settings=Thing(record=Thing(database="")))
    assert wiring.default_db_url(own) == "sqlite:///own.db"
    assert wiring.default_db_url(bare) == wiring.default_db_url() == (
        "sqlite:////data/record.sqlite3"
    )  # fmt: skip
    monkeypatch.setenv("NVSIGNAL_DB", "sqlite:///env.db")
    assert wiring.default_db_url(own) == "sqlite:///env.db"
    opened: list[Any] = []
    monkeypatch.setattr(wiring, "tidy_up", opened.append)
    monkeypatch.setattr("engine.record.store.Store.open", lambda url: opened.append(url) or "s")  # type: ignore[func-returns-value]
    monkeypatch.setattr(wiring, "load_reference", lambda store, config: opened.append(store))
    found: Any = [wiring.open_record(own), wiring.open_record(own, "given")]
    assert found == ["s", "s"]
    assert opened == ["sqlite:///env.db"] * 2 + ["s"] + ["given"] * 2 + ["s"]


def test_half_written_files_are_looked_for_beside_the_record_and_two_folders_deep(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    (tmp_path / "data" / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "data" / "file").write_text("")
    asked: list[list[Path]] = []
    monkeypatch.setattr("engine.files.tidy", lambda folders: asked.append(sorted(folders)))
    data = tmp_path / "data"
    deep = [data, data / "a", data / "a" / "b"]
    wiring.tidy_up(f"sqlite:///{tmp_path / 'x' / 'r.db'}")
    wiring.tidy_up("sqlite://")
    assert asked == [[*deep, tmp_path / "x"], deep]


def test_reference_tables_that_change_are_corrections(
    store: Store, tmp_path: Path, monkeypatch: Patch
) -> None:
    """The first time as they are; later against what is held of the same kinds."""
    table = [make_fact()]
    asked: list[Any] = []

    def corrections(facts: Any, held: History) -> Any:
        asked.append((list(facts), [f.key for f in held]))
        return facts

    monkeypatch.setattr("feeds.facts.files", lambda: ("a.csv",))
    monkeypatch.setattr("feeds.facts.read_tables", lambda folder, lags: tuple(table))
    monkeypatch.setattr("feeds.facts.as_corrections", corrections)
    config: Any = Thing(facts=tmp_path, settings=Thing(lags=Lags()))
    assert wiring.load_reference(store, config)
    assert not asked
    store.record([make_fact("other", "x")])
    (tmp_path / "a.csv").write_text("1")
    assert wiring.load_reference(store, config)
    assert asked == [(table, [table[0].key])]
    state = store.poll_state(wiring.REFERENCE)
    digest = hashlib.sha256(repr(Lags()).encode() + b"a.csv" + b"1").hexdigest()
    assert state is not None
    assert (state.feed, state.body_hash) == ("reference-facts", digest)


def test_history_and_ratings_of_a_command_are_those_of_its_instant(monkeypatch: Patch) -> None:
    asked: list[Any] = []

    class Record:
        def __enter__(self) -> Record:
            return self

        def __exit__(self, *_: object) -> None:
            asked.append("closed")

        def history(self, *, known_by: datetime) -> Any:
            return ("history", known_by)

    def opened(config: Any, db: Any) -> Record:
        asked.append((config, db))
        return Record()

    monkeypatch.setattr("config.settings.config_folder", lambda given: ("folder", given))
    monkeypatch.setattr("engine.service.bind.load", lambda folder: Thing(of=folder))
    monkeypatch.setattr(wiring, "open_record", opened)
    monkeypatch.setattr(wiring, "instant_at", lambda store, text, present: (text, present))
    monkeypatch.setattr("engine.decision.events.known_events", lambda h, at: ("events", h, at))
    monkeypatch.setattr("engine.decision.ratings.rate_history", lambda h, e, params: (e, params))
    monkeypatch.setattr(wiring, "reference_of", lambda config: Thing(params=("params", config.of)))
    at = ("last", NOW)
    past = ("history", at)
    told: Any = wiring.history_at("last", NOW, "db", "c")
    assert told == (at, past)
    rated: Any = wiring.ratings_at("last", NOW, "db", "c")
    assert rated == (at, past, (("events", past, at), ("params", ("folder", "c"))))
    assert asked[0] == (Thing(of=("folder", "c")), "db")
    assert asked.count("closed") == 2


RELEASE = """
[release]
model = "Next-1"
lab = "Lab"
country = "CN"
released_on = 2026-11-20
total_params_b = 700
active_params_b = 37
weight_precision = "fp8"
open_weights = true
[scenario]
china_sales = "banned"
domestic_supply_units = 5_000_000
"""


def world(**known: Any) -> Any:
    return Thing(history="h", as_of=datetime(2026, 11, 25, 3, 0, tzinfo=UTC), **known)


def test_a_hypothesis_is_facts_known_at_the_instant(monkeypatch: Patch) -> None:
    """Three in the morning in London is the evening of the 24th in New York."""
    held = {
        "availability": {1: Thing(chip="H20"), 2: Thing(chip="A800"), 3: Thing(chip="H20")},
        "model_release": {1: Thing(model="Other-1")},
    }
    monkeypatch.setattr("engine.record.asof.known", lambda h, reading, at: held[reading.name])
    facts, name = wiring.hypothesis(RELEASE, "r.toml", world())
    assert name == "Next-1"
    assert [(f.kind, f.key) for f in facts] == [
        ("availability", "hypothetical A800"), ("availability", "hypothetical H20"),
        ("supply_estimate", "hypothetical Huawei"), ("model_release", "hypothetical Next-1"),
    ]  # fmt: skip
    as_of = world().as_of
    assert {(f.occurred_at, f.known_at, f.source) for f in facts} == {
        (as_of, as_of, "hypothetical")
    }  # fmt: skip
    assert facts[0].payload["from_date"] == "2026-11-24"
    assert facts[0].payload["us_permission"] == "barred"
    assert facts[2].payload["units_mid"] == "5e+06"
    assert facts[3].payload["total_params_b"] == 700
    held["model_release"][1].model = "NEXT-1"
    with pytest.raises(InputError, match="'Next-1' is in the record already") as failed:
        wiring.hypothesis(RELEASE, "r.toml", world())
    assert failed.value.remedy == "give the hypothesis its own name"


def test_ratings_are_kept_beside_the_rows_unless_nothing_is(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    seen: list[Any] = []

    def rate(world: Any, config: Any, events: Any, memo: Any = None) -> Any:
        seen.append(memo)
        if memo is not None:
            memo.put("k", (1, 2))
        return ("rated", events)

    monkeypatch.setattr(wiring, "rate_releases", rate)
    monkeypatch.setattr(wiring, "code_version", lambda: "1+a")
    params = Thing(model_dump_json=lambda: "{}")
    monkeypatch.setattr(wiring, "reference_of", lambda config: Thing(params=params))
    events: Any = ["e"]
    for place in (None, tmp_path):
        found: Any = wiring._rated_once(Thing(kept=place), NOTHING, events)  # type: ignore[arg-type]
        assert found == ("rated", events)
    assert seen[0] is None
    memo = derived.Memo(tmp_path / "ratings.json", kept.key_of("1+a", "{}"), most=500)
    assert kept.KeptObjects(memo).get("k") == (1, 2)
    assert kept.KeptObjects(memo).get("other") is None
    assert wiring.MOST_RATINGS == 500
    monkeypatch.setattr(wiring, "MOST_RATINGS", 1)
    monkeypatch.setattr(
        wiring, "rate_releases", lambda w, c, e, memo: [memo.put(k, k) for k in ("j", "l")]
    )
    wiring._rated_once(Thing(kept=tmp_path), NOTHING, events)  # type: ignore[arg-type]
    memo = derived.Memo(tmp_path / "ratings.json", kept.key_of("1+a", "{}"))
    assert [memo.get(name) for name in ("k", "j", "l")] == [None, None, "l"]


# --- copies of the record -------------------------------------------------------------------------


def test_the_last_backup_is_remembered_with_its_head(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    assert copies.last_backup() is None
    with pytest.raises(InputError, match=r"no backup was made yet \(nvsignal db backup FILE\)"):
        copies._need_last()
    path = tmp_path / "copy.db"
    url = f"sqlite:///{path}"
    with Store.open(url) as store:
        assert copies.head_in(path) == ""
        for n in range(2):
            last = ledger.append(
                store, {"n": n}, acts_on=TODAY + n * DAY, strategy="s", made_at=NOW
            )
    assert copies.head_in(path) == last.entry_hash
    (tmp_path / "link.db").symlink_to(path)
    made = copies.note_backup(tmp_path / "link.db", "postgresql+psycopg://me:pw@h/d")
    assert made == copies.LastBackup(
        path=path.resolve(), record="postgresql+psycopg://me:***@h/d", ledger_head=last.entry_hash
    )
    assert copies.last_backup() == made
    assert copies._need_last() == made.path
    note = tmp_path / "data" / "last_backup.json"
    assert note.stat().st_mode & 0o777 == 0o600
    assert copies.address(parse_url(f"sqlite:///{tmp_path / 'link.db'}")) == str(path.resolve())
    for text in ("{", "[]", '{"file": "x"}'):
        note.write_text(text)
        with pytest.raises(InputError, match=r"cannot be read \(make a new backup\)"):
            copies.last_backup()
    with pytest.raises(StoreError):
        copies.head_in(tmp_path / "none.db")


def test_a_drill_compares_the_report_of_the_newest_decision(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    """From the copy put back in a fresh place, and from the record; in bytes of UTF-8."""
    url, copy = f"sqlite:///{tmp_path / 'r.db'}", tmp_path / "copy.db"
    asked: list[Any] = []
    texts: list[str] = []

    def restore(path: Path, fresh: str) -> None:
        asked.append(path)
        with Store.open(fresh) as store:
            for day, made_at in entries:
                ledger.append(
                    store, {"at": str(made_at)}, acts_on=day, strategy="s", made_at=made_at
                )

    def report(store: Store, config: Any, as_of: datetime) -> str:
        asked.append((store.address == str(tmp_path / "r.db"), config, as_of))
        return texts.pop(0)

    Store.open(url).close()
    entries: list[tuple[date, datetime]] = []
    monkeypatch.setattr("engine.record.backup.restore", restore)
    monkeypatch.setattr(copies, "_report", report)
    config: Any = "config"
    with pytest.raises(
        InputError, match=r"copy\.db holds no decision yet \(make one after a repor"
    ):
        copies.drill(config, url, copy)
    # The second one is a revision of today's and does not stand.
    entries += [(TODAY - DAY, NOW - DAY), (TODAY, NOW), (TODAY, NOW + MINUTE)]
    texts += ["é", "é"]
    asked.clear()
    assert copies.drill(config, url, copy) == copies.Drilled(
        path=copy, acts_on="2026-11-24", n_bytes=2, same=True
    )
    assert asked == [copy, (False, "config", NOW), (True, "config", NOW)]
    texts += ["abc", "abd"]
    monkeypatch.setattr(copies, "_need_last", lambda: tmp_path / "last.db")
    found = copies.drill(config, url)
    assert (found.path, found.n_bytes, found.same) == (tmp_path / "last.db", 3, False)


def test_a_drill_makes_the_report_that_a_program_reads(monkeypatch: Patch) -> None:
    asked: list[Any] = []

    def prepare(store: Any, config: Any, as_of: Any, *, record: bool) -> Any:
        asked.append((store, config, as_of, record))
        return Thing(report="report")

    monkeypatch.setattr("engine.service.morning.prepare", prepare)
    monkeypatch.setattr(
        "engine.report.render.render",
        lambda *given: asked.append(given) or "text",  # type: ignore[func-returns-value]
    )
    store: Any = "s"
    config: Any = "c"
    assert copies._report(store, config, NOW) == "text"
    assert asked == [("s", "c", NOW, False), ("report", "json", "en")]
    monkeypatch.setattr("engine.report.render.render", lambda *given: b"")
    with pytest.raises(NvsignalError, match="the report is no text"):
        copies._report(store, config, NOW)


# --- folders and hashes ---------------------------------------------------------------------------


def test_a_folder_of_ones_own_gets_what_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    first = own_folder.init(folder)
    shipped = sorted(p.relative_to(PACKAGED).as_posix() for p in PACKAGED.glob("*.toml"))
    deeper = sorted(p.relative_to(PACKAGED).as_posix() for p in PACKAGED.glob("*/*.toml"))
    assert first.kept == ()
    assert list(first.new[: len(shipped)]) == shipped
    assert sorted(first.new[len(shipped) : -1]) == deeper
    assert first.new[-1] == "holding.toml"
    assert (folder / "nvsignal.toml").read_text() == (PACKAGED / "nvsignal.toml").read_text()
    assert (folder / "holding.toml").read_text() == TEMPLATE
    (folder / "nvsignal.toml").write_text("mine")
    (folder / "holding.toml").unlink()
    (folder / "holding.toml").symlink_to(tmp_path / "nowhere")
    (folder / "strategies" / "balanced.toml").unlink()
    second = own_folder.init(folder)
    assert second.new == ("strategies/balanced.toml",)
    assert set(second.kept) == set(first.new) - {"strategies/balanced.toml"}
    assert (folder / "nvsignal.toml").read_text() == "mine"
    with pytest.raises(InputError, match=r"the program's own .*\(give a folder of your own\)"):
        own_folder.init(PACKAGED)


@pytest.mark.parametrize(
    ("given", "xdg", "folder"),
    [("/d", "/x", "/d"), (None, "/x", "/x/nvsignal"), ("", "/x", "/x/nvsignal"),
     (None, "", "HOME/.local/share/nvsignal"), ("~/d", None, "HOME/d")],
)  # fmt: skip
def test_data_lies_where_it_is_told_or_by_the_convention(
    monkeypatch: Patch, given: str | None, xdg: str | None, folder: str
) -> None:
    for name, value in (("NVSIGNAL_DATA", given), ("XDG_DATA_HOME", xdg)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert folders.data_folder() == Path(folder.replace("HOME", str(Path.home())))
    assert stamps.folder() == folders.data_folder() / "stamps"


def test_code_is_what_decides_by_name_length_and_content(tmp_path: Path) -> None:
    """Of ``engine`` data too, of the others modules alone; in order of name, packages first."""
    for name in (
        "config/a.py", "config/a.toml", "engine/b.csv", "engine/a/c.json", "engine/d.md",
        "engine/e.py", "engine/f.toml", "feeds/g.py", "strategies/h.py", "tests/i.py",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name[-4:])
    (tmp_path / "engine" / "x.py").mkdir()
    found = [p.relative_to(tmp_path).as_posix() for p in receipt.code_files(tmp_path)]
    assert found == ["config/a.py", "engine/a/c.json", "engine/b.csv", "engine/e.py",
                     "engine/f.toml", "feeds/g.py", "strategies/h.py"]  # fmt: skip
    whole = "".join(f"{name}\n4\n{name[-4:]}" for name in found)
    assert receipt.code_digest(tmp_path) == hashlib.sha256(whole.encode()).hexdigest()
    assert Path(receipt.__file__) in set(receipt.code_files())


def test_a_version_names_the_code_and_what_it_runs_on(monkeypatch: Patch) -> None:
    python = f"python {sys.version_info.major}.{sys.version_info.minor}"
    lines = ["digest", python, "exchange_calendars v-exchange_calendars", "numpy v-numpy",
             "pandas v-pandas"]  # fmt: skip
    running_ = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    assert receipt.running_digest("digest", lambda name: f"v-{name}") == running_
    monkeypatch.setattr("importlib.metadata.version", lambda name: f"v-{name}")
    monkeypatch.setattr(receipt, "code_digest", lambda: "digest")
    assert receipt.code_version.__wrapped__() == f"v-nvsignal+{running_[:12]}"


def test_the_code_of_a_sweep_is_that_of_its_three_packages() -> None:
    root = Path(sweeping.__file__).parents[2]
    digest = hashlib.sha256()
    for package in ("backtests", "strategies", "engine/decision"):
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.read_bytes())
    assert sweeping.code_digest() == digest.hexdigest()


def test_the_chunks_of_a_sweep_have_names_and_a_size(tmp_path: Path, monkeypatch: Patch) -> None:
    """Nine figures a set and two for each of four blocks, 8 bytes each: 7 chunks of 10 sets."""
    job: Any = Thing(digest="d" * 64, blocks=4, n_chunks=9, chunk_size=10)
    asked: list[Any] = []
    monkeypatch.setattr(sweeping, "need_room", lambda *given: asked.append(given))
    kept_ = sweeping.Checkpoint(tmp_path, job, "c" * 64)
    assert kept_.folder == tmp_path / ("d" * 24 + "-" + "c" * 8)
    kept_.need_room(2)
    assert asked == [(kept_.folder, 7 * 10 * 17 * 8, "the sweep")]


def test_a_cluster_gets_sixteen_chunks_at_a_time(monkeypatch: Patch) -> None:
    """One more for each that is done; whatever the order in which they come."""
    submitted: list[Any] = []
    flying: list[int] = []
    most = [0]

    class Answers:
        def __init__(self, *, loop: Any) -> None:
            assert loop == "loop"
            self.waiting: list[Any] = []

        def add(self, future: Any) -> None:
            self.waiting.append(future)

        def __iter__(self) -> Iterator[Any]:
            while self.waiting:
                most[0] = max(most[0], len(flying))
                yield self.waiting.pop()

    def submit(call: Any, *given: Any, **more: Any) -> Any:
        assert more == {"pure": False, "retries": 3}
        flying.append(given[0])
        submitted.append(given[0])
        return Thing(
            key=f"k{given[0]}", result=lambda: call(*given), release=lambda: flying.remove(given[0])
        )

    class Client:
        loop = "loop"

        def __init__(self, address: str, **given: Any) -> None:
            assert (address, given) == ("tcp://h:1", {"timeout": 5, "set_as_default": False})

        def close(self) -> None:
            submitted.append("closed")

    Client.submit = staticmethod(submit)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "distributed", Thing(Client=Client, as_completed=Answers))
    found: dict[int, int] = {}
    sweeping.spread(lambda n: (pow, n, 2), list(range(20)), found.__setitem__, cluster="tcp://h:1")
    assert found == {n: n * n for n in range(20)}
    assert submitted == [*range(20), "closed"]
    assert most == [16]
    found.clear()
    sweeping.spread(lambda n: (pow, n, 2), [3], found.__setitem__, cluster="tcp://h:1")
    assert found == {3: 9}

    def away(address: str, **given: Any) -> Any:
        raise TimeoutError

    monkeypatch.setitem(sys.modules, "distributed", Thing(Client=away, as_completed=Answers))
    with pytest.raises(InputError, match=r"answers at 't{80}' \(TimeoutError\)") as failed:
        sweeping.spread(lambda n: (pow, n, 2), [3], found.__setitem__, cluster="t" * 81)
    assert failed.value.remedy == "give its address, such as tcp://host:8786"
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match="--cluster needs the package 'distributed'"):
        sweeping.spread(lambda n: (pow, n, 2), [3], found.__setitem__, cluster="x")


# --- the classifier, the calendar, what is kept ---------------------------------------------------


class Model:
    """Stands for a fitted classifier."""

    def __init__(self, key: str) -> None:
        self.key = key

    def to_arrays(self) -> dict[str, Any]:
        return {"key": np.array(self.key)}

    @staticmethod
    def from_arrays(arrays: Any) -> Model:
        return Model(str(arrays["key"]))


def test_a_classifier_is_fitted_once_and_found_again_by_its_key(
    tmp_path: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    fitted: list[Any] = []

    def fit(rows: Any, *, key: str) -> Model:
        fitted.append((rows, key))
        return Model(key)

    keys = ["k" * 64]
    monkeypatch.setattr("engine.news.classify.Classifier", Model)
    monkeypatch.setattr("engine.news.classify.fit", fit)
    monkeypatch.setattr("engine.news.classify.model_key", lambda raw: keys[0])
    monkeypatch.setattr(classifier, "read_labelled", lambda path: (path, f"rows of {path.name}"))

    def load(voice: Any = None) -> Any:
        return classifier.load_classifier(tmp_path, None, voice)

    assert load().key == "k" * 64
    assert fitted == [("rows of headlines.csv", "k" * 64)]
    said = "nvsignal: learning the headlines, once; this takes some seconds\n"
    assert capsys.readouterr().err == said
    path = tmp_path / "models" / f"headlines-{'k' * 24}.npz"
    assert path.stat().st_mode & 0o777 == 0o600
    assert load().key == "k" * 64
    assert (len(fitted), capsys.readouterr().err) == (1, "")
    keys[0] = "k" * 63 + "l"  # another key whose file has the same name
    assert load(Thing(tell=lambda text: "en français")).key == keys[0]
    assert (len(fitted), capsys.readouterr().err) == (2, "nvsignal: en français\n")
    path.write_bytes(b"damaged")
    assert load().key == keys[0]
    assert len(fitted) == 3


def test_four_classifiers_stay_the_newest_and_the_one_in_use(tmp_path: Path) -> None:
    paths = [tmp_path / f"headlines-{n}.npz" for n in range(6)]
    for n, path in enumerate(paths):
        path.write_text("")
        os.utime(path, (n, n))
    other = tmp_path / "other.npz"
    other.write_text("")
    classifier._forget_old(paths[0])
    assert sorted(tmp_path.iterdir()) == [paths[0], *paths[3:], other]


def test_labelled_headlines_are_those_of_the_folder_or_of_the_program(tmp_path: Path) -> None:
    shipped = PACKAGED / "headlines.csv"
    assert classifier.labelled_file(None) == classifier.labelled_file(tmp_path) == shipped
    (tmp_path / "headlines.csv").write_bytes(shipped.read_bytes())
    assert classifier.labelled_file(tmp_path) == tmp_path / "headlines.csv"
    raw, rows = classifier.read_labelled(tmp_path / "headlines.csv")
    assert raw == shipped.read_bytes()
    assert len(rows) > 100


def test_sessions_of_the_exchange_come_from_the_data_folder(monkeypatch: Patch) -> None:
    monkeypatch.setenv("NVSIGNAL_DATA", "/data")
    asked: list[Any] = []

    def load(first: date, last: date, clock: time) -> Any:
        asked.append((first, last))
        return Thing(on=(first, last))

    monkeypatch.setattr(derived, "sessions_from", lambda folder: asked.append(folder) or load)  # type: ignore[func-returns-value]
    assert derived.exchange_sessions(TODAY, TODAY + DAY) == {TODAY, TODAY + DAY}
    assert asked == [Path("/data/derived"), (TODAY, TODAY + DAY)]


def test_a_kept_calendar_grows_to_both_sides_and_must_hold_together(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    """Whole years, to the end of the next one; what is asked beyond is added to what is kept."""
    from engine.macro.sessions import Schedule

    read: list[Any] = []

    def schedule_of(first: date, last: date) -> Schedule:
        read.append((first, last))
        return Schedule(first=first, last=last, on=(), open_at_us=np.array([], np.int64),
                        close_at_us=np.array([], np.int64))  # fmt: skip

    monkeypatch.setattr("engine.macro.sessions.read_schedule", schedule_of)
    monkeypatch.setattr(
        "engine.macro.sessions.sessions_within", lambda s, first, last, clock: (s.first, s.last)
    )
    load = derived.sessions_from(tmp_path)
    years = {y: (date(y, 1, 1), date(y, 12, 31)) for y in range(2020, 2031)}
    spans = [
        (date(2025, 3, 1), date(2025, 4, 1)),  # reads 2025 and 2026
        (date(2025, 1, 1), date(2026, 12, 31)),
        (date(2024, 12, 31), date(2025, 1, 1)),  # reads from 2024, to the end of 2027
        (date(2028, 1, 1), date(2028, 1, 1)),  # from 2024, to the end of 2029
    ]
    found: Any = [load(first, last, time(9)) for first, last in spans]
    first_, wider, widest = (
        (years[a][0], years[b][1]) for a, b in ((2025, 2026), (2024, 2027), (2024, 2029))
    )
    assert found == [first_, first_, wider, widest]
    assert read == [first_, wider, widest]
    whole = derived._plain(schedule_of(*years[2025]))
    assert derived._schedule_of(whole) is not None
    day = {"on": ["2025-01-02"], "open_at_us": [1], "close_at_us": [2]}
    assert derived._schedule_of(whole | day) is not None
    for name in day:
        assert derived._schedule_of(whole | day | {name: []}) is None
        assert derived._schedule_of({k: v for k, v in whole.items() if k != name}) is None
    for wrong in ({"first": "soon"}, {"on": [5]}, {"open_at_us": [2**70]}, {"last": None}):
        assert derived._schedule_of(whole | wrong) is None
    assert derived._schedule_of(None) is None


def test_a_span_beyond_the_calendar_is_asked_of_it_as_it_is(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    from engine.errors import OutOfRangeError

    def read(first: date, last: date) -> Any:
        raise OutOfRangeError("sessions", f"{first} to {last}", "less")

    monkeypatch.setattr("engine.macro.sessions.read_schedule", read)
    monkeypatch.setattr("engine.macro.sessions.load_sessions", lambda *given: given)
    found: Any = derived.sessions_from(tmp_path)(TODAY, TODAY + DAY, time(9))
    assert found == (TODAY, TODAY + DAY, time(9))
    assert list(tmp_path.iterdir()) == []
    assert derived.MOST_ENTRIES == 20_000


def test_only_classes_of_the_house_are_made_from_a_file() -> None:
    for name in (*kept._ELSEWHERE, "Evidence", "FeedState", "ReleaseCard"):
        assert kept._class_of(name).__name__ == name
    for name in ("Path", "Popen", "phrase", "datetime", "Features.__init__"):
        with pytest.raises((KeyError, TypeError)):
            kept._class_of(name)
    told = phrase("{n} of {what}", n=1, what=phrase("x"))
    assert kept.encoded(told) == {
        "phrase": [
            "1 of x",
            "{n} of {what}",
            {"map": [["n", 1], ["what", {"phrase": ["x", "x", {"map": []}, None, 1]}]]},
            None,
            1,
        ]
    }
    back = kept.decoded(kept.encoded(told))
    assert (back, back.template, back.args, back.plural, back.n) == (
        told, told.template, told.args, None, 1,
    )  # fmt: skip


# --- what is told beneath, and by whom ------------------------------------------------------------


def test_what_is_said_beneath_a_history_is_fills_costs_and_hindsight(monkeypatch: Patch) -> None:
    monkeypatch.setattr(basis, "fills", lambda window: "fills")
    monkeypatch.setattr(basis, "costs", lambda window: "costs")
    monkeypatch.setattr(basis, "foresight", lambda first, last: (first, last))
    window: Any = Thing(first=1, last=2)
    said: Any = basis.notes(window)
    assert said == ("fills", "costs", 1, 2)


def test_hindsight_ends_with_the_frozen_day() -> None:
    from config.frozen import FROZEN_ON

    before, after = FROZEN_ON, FROZEN_ON + DAY
    up_to, beyond = basis.foresight(before, after)
    assert up_to.startswith(f"Up to {FROZEN_ON:%b} {FROZEN_ON.day}, {FROZEN_ON.year} lines")
    assert beyond.endswith("Held back, not forward.")
    assert basis.foresight(before, before) == (up_to,)
    assert basis.foresight(after, after) == (beyond,)


def test_yardsticks_are_plain_by_name() -> None:
    figures = Thing(final_equity=1.1, cagr_pct=2.0, max_drawdown_pct=-3.0, sharpe=0.4,
                    exposure_pct=50.0, n_trades=6)  # fmt: skip
    after = Thing(rate=0.3, final_equity=1.07, cagr_pct=1.4)
    both: Any = [
        Thing(name="a", figures=figures, after_tax=after, excess_pct=7.0, interval=None),
        Thing(name="b", figures=figures, after_tax=after, excess_pct=8.0,
              interval=Thing(low_pct=-1.0, high_pct=9.0)),
    ]  # fmt: skip
    found = basis.plain_yardsticks(both)
    assert found["a"] == {
        "final_equity": 1.1, "cagr_pct": 2.0, "max_drawdown_pct": -3.0, "sharpe": 0.4,
        "exposure_pct": 50.0, "n_trades": 6, "rule_excess_cagr_pct": 7.0,
        "after_tax": {"tax_rate": 0.3, "final_equity": 1.07, "cagr_pct": 1.4},
        "rule_excess_cagr_interval_pct": None,
    }  # fmt: skip
    assert found["b"] == found["a"] | {
        "rule_excess_cagr_pct": 8.0, "rule_excess_cagr_interval_pct": [-1.0, 9.0],
    }  # fmt: skip


def test_channels_are_read_one_by_one(monkeypatch: Patch) -> None:
    def address(*, name: str, url_env: str, url_file: str) -> str:
        if name == "mail":
            raise InputError("X is not set", remedy="set it")
        return f"{url_env}+{url_file}"

    monkeypatch.setattr("engine.report.courier.read_address", address)

    def way(name: str) -> Any:
        return Thing(name=name, url_env="E", url_file="f", language="fr", kinds=["digest", "event"],
                     form="short", quiet=None)  # fmt: skip

    config: Any = Thing(settings=Thing(delivery=Thing(channel=[way("mail"), way("push")],
                                                      coalesce_minutes=7)))  # fmt: skip
    found = channels.channels_of(config)
    assert found.problems == ("X is not set (set it)",)
    assert found.secrets == ("E+f",)
    (push,) = found.usable
    assert (push.name, push.address, push.language, push.form, push.quiet) == (
        "push", "E+f", "fr", "short", None,
    )  # fmt: skip
    assert push.kinds == {"digest", "event"}
    courier = channels.courier_of("s", config, found, "log")  # type: ignore[arg-type]
    parts: list[Any] = [courier.store, courier.log, courier.coalesce]
    assert parts == ["s", "log", 7 * MINUTE]
    assert courier.channels == found.usable


def test_everything_there_is_to_tell_comes_in_its_order(monkeypatch: Patch) -> None:
    """Of past decisions those up to the report's own session count; those made by now or by it."""
    asked: dict[str, Any] = {}
    past = [{"acts_on": day} for day in ("2026-11-23", "2026-11-24", "2026-11-25")]

    def decisions(store: Any, config: Any, at: datetime) -> Any:
        asked["past at"] = at
        return past

    def changed(report: Any, told: Any) -> Any:
        asked["past"] = told
        return asked["changed"]

    def health(store: Any, config: Any, at: datetime) -> Any:
        return ("health", at)

    deliver = "engine.report.deliver."
    monkeypatch.setattr("engine.service.morning.past_decisions", decisions)
    monkeypatch.setattr(deliver + "changed_notice", changed)
    monkeypatch.setattr(deliver + "digest_notice", lambda report, days: ("digest", days))
    monkeypatch.setattr(
        deliver + "release_notices", lambda r, now, least: [("release", now, least)]
    )
    monkeypatch.setattr(deliver + "event_notices", lambda events, now: [("event", events, now)])
    monkeypatch.setattr(deliver + "down_notices", lambda told, failures: [("down", told, failures)])
    monkeypatch.setattr("engine.service.collecting.health", health)
    monkeypatch.setattr(channels, "_earlier", lambda store, day: ("earlier", day))
    monkeypatch.setattr(channels, "live_events", lambda store: "events")
    monkeypatch.setattr(channels, "missing_reports", lambda store, now: [("missing", now)])
    store: Any = Thing(poll_states=lambda: {"f": Thing(failures=3)})
    config: Any = Thing(settings=Thing(delivery=Thing(tripwire_score=0.4)))
    rest = [("event", "events", NOW), ("down", ("health", NOW), {"f": 3}), ("missing", NOW)]
    report = Thing(as_of=NOW - DAY, decision=Thing(acts_on=TODAY))
    morning: Any = Thing(report=report)
    digest = ("digest", ("earlier", TODAY))
    for notice in (None, "changed"):
        asked["changed"] = notice
        found: Any = channels.outbox(store, config, morning, NOW)
        first = [] if notice is None else [notice]
        assert list(found) == [*first, digest, ("release", NOW, 0.4), *rest]
    assert (asked["past at"], asked["past"]) == (NOW, tuple(past[:2]))
    report.as_of = NOW + DAY
    channels.outbox(store, config, morning, NOW)
    assert asked["past at"] == NOW + DAY
    alone: Any = channels.outbox(store, config, None, NOW)
    assert list(alone) == rest


# --- tables ---------------------------------------------------------------------------------------


def test_problems_of_tables_are_told_once_and_absent_files_first(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    from engine.errors import ConfigError

    def read_tables(folder: Path, lags: Lags) -> Any:
        raise ConfigError(["a.csv:2: from the reader", "b.csv: is not there", "c.csv:1: odd"])

    monkeypatch.setattr(tables, "SHEETS", ("a.csv", "b.csv"))
    monkeypatch.setattr(tables, "_sheet_problems", lambda path: [f"{path.name}:2: from the sheet"])
    monkeypatch.setattr(tables, "_chip_problems", lambda folder: ["d.csv:9: a chip"])
    monkeypatch.setattr("feeds.facts.files", lambda: ("a.csv", "c.csv"))
    monkeypatch.setattr("feeds.facts.read_tables", read_tables)
    for name in ("a.csv", "c.csv"):
        (tmp_path / name).write_text("")
    assert tables.problems(tmp_path, Lags()) == [
        f"b.csv is missing from '{tmp_path}'", "a.csv:2: from the sheet", "c.csv:1: odd",
        "d.csv:9: a chip",
    ]  # fmt: skip

    def broken(folder: Path, lags: Lags) -> Any:
        raise DataError("all of it", remedy="mend it")

    monkeypatch.setattr("feeds.facts.read_tables", broken)
    assert "all of it (mend it)" in tables.problems(tmp_path, Lags())


def test_a_cell_of_an_event_type_is_known_or_has_a_near_one(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    seen: list[Any] = []

    def problems(name: str, text: str, words: Any) -> Any:
        seen.append((name, text))
        cells = ("rates", "rate", "zzzzzzzz")
        return [(n, fault) for n, cell in enumerate(cells) if (fault := words["event"](cell))]

    monkeypatch.setattr(tables, "table_problems", problems)
    path = tmp_path / "a.csv"
    path.write_text("x")
    assert tables._sheet_problems(path) == [
        "a.csv:1: is no event type (did you mean 'rates'?)", "a.csv:2: is no event type",
    ]  # fmt: skip
    assert seen == [("a.csv", "x")]

    def torn(*given: Any) -> Any:
        raise DataError(told[0])

    monkeypatch.setattr(tables, "table_problems", torn)
    for told in (["a.csv:3: torn", "a.csv:3: torn"], ["torn", "a.csv: torn"]):
        assert tables._sheet_problems(path) == [told[1]]


def test_updates_are_of_models_that_are_listed(tmp_path: Path, monkeypatch: Patch) -> None:
    read: list[Path] = []
    monkeypatch.setattr("engine.threat.architectures.load_architectures", read.append)
    monkeypatch.setattr("engine.threat.chips.load_accelerators", read.append)
    (tmp_path / "model_releases.csv").write_text("model\nDeepSeek-V3\n")
    (tmp_path / "release_updates.csv").write_text("model\nDeepSeek-V3\nDeepSeek-V4\n")
    (line,) = tables._chip_problems(tmp_path)
    assert line.startswith("release_updates.csv:3: ")
    assert "DeepSeek-V4" in line
    assert "DeepSeek-V3" in line
    assert [p.name for p in read] == ["model_architectures.csv", "accelerators.csv"]
    (tmp_path / "model_releases.csv").write_text("name\nDeepSeek-V3\n")
    assert tables._chip_problems(tmp_path) == []  # told by the reader of the table

    def refused(path: Path) -> None:
        raise DataError("chips.csv:2: no such format")

    monkeypatch.setattr("engine.threat.chips.load_accelerators", refused)
    assert tables._chip_problems(tmp_path) == ["chips.csv:2: no such format"]


def test_warnings_of_tables_are_of_the_day_in_new_york(monkeypatch: Patch) -> None:
    for name in ("_meetings", "_decisions", "_results"):
        monkeypatch.setattr(tables, name, lambda folder, today, n=name: [f"{n} {today}"])
    late = datetime(2026, 11, 25, 4, 59, tzinfo=UTC)
    assert tables.warnings(Path(), late) == [
        "_meetings 2026-11-24", "_decisions 2026-11-24", "_results 2026-11-24",
    ]  # fmt: skip


# --- a round --------------------------------------------------------------------------------------


def test_a_round_asks_what_is_named_within_its_time(monkeypatch: Patch) -> None:
    """Offline: nobody answered and two hosts were out of reach; then no failure is written."""
    asked: dict[str, Any] = {}
    unreachable = [0]
    counts = {"new": 0, "unchanged": 0}

    def collect(feeds: Any, witness: Any, sink: Any, now: datetime, **more: Any) -> Any:
        asked.update(feeds=feeds, now=now, more=more, sink=sink)
        witness._unreachable.update(f"h{n}" for n in range(unreachable[0]))
        sink.held.append(("feed", "state"))
        return Thing(count=lambda *names: sum(counts[n] for n in names))

    class Fetcher:
        def __init__(self, settings: Any, *, sleep: Any) -> None:
            asked.update(settings=settings, sleep=sleep)

        def __enter__(self) -> Fetcher:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    written: list[Any] = []
    inner = Thing(write=lambda *given: written.append(given))
    known = Thing(feeds=("all",), named=lambda names: ("named", names))
    monkeypatch.setattr("feeds.collect.collect", collect)
    monkeypatch.setattr("feeds.collect.StoreSink", lambda store: inner)
    monkeypatch.setattr("feeds.fetch.Fetcher", Fetcher)
    monkeypatch.setattr(collecting, "_settings", lambda feeds, config, budget: (feeds, budget))
    monkeypatch.setattr(collecting, "_ingest", lambda *given: given)
    config: Any = Thing(feeds=known)

    def round_(**more: Any) -> Any:
        return collecting.collect_and_ingest(NOTHING, config, NOW, **more)

    found = round_()
    assert (found.offline, found.ingested) == (False, (None, config, known, NOW))
    assert written == [("feed", "state", None)]
    assert (asked["feeds"], asked["now"]) == (("all",), NOW)
    settings, budget = asked["settings"]
    assert settings is known
    assert budget.question_seconds == float("inf")
    assert asked["sleep"] == budget.sleep
    assert asked["more"] == {
        "force": False, "before": budget.check, "progress": None,
        "sessions": derived.exchange_sessions,
    }  # fmt: skip
    said: Any = "progress"
    round_(names=["a"], force=True, budget_seconds=8.0, progress=said)
    assert asked["feeds"] == ("named", ["a"])
    assert asked["settings"][1].question_seconds == 4.0
    assert (asked["more"]["force"], asked["more"]["progress"]) == (True, "progress")
    unreachable[0] = 2
    written.clear()
    assert round_().offline is True
    assert written == []
    counts["unchanged"] = 1  # somebody was heard after all
    assert round_().offline is False
    counts["unchanged"] = 0
    counts["new"] = 1
    assert round_().offline is False
    assert len(written) == 2


def test_a_question_takes_no_longer_than_half_of_the_round(monkeypatch: Patch) -> None:
    from feeds.wire import FetchSettings

    asked: list[Any] = []

    def settings(feeds: Any, **more: Any) -> FetchSettings:
        asked.append((feeds, more))
        return FetchSettings(agent="x", deadline_seconds=30.0)

    monkeypatch.setattr("feeds.base.fetch_settings", settings)
    monkeypatch.setattr("importlib.metadata.version", lambda name: f"v-{name}")
    config: Any = Thing(settings=Thing(contact=Thing(mail="me@e.org")))
    feeds: Any = "feeds"
    for seconds, deadline in ((59.0, 29.5), (61.0, 30.0), (None, 30.0)):
        budget = collecting._Budget(seconds, lambda: 0.0)
        assert collecting._settings(feeds, config, budget).deadline_seconds == deadline
    assert asked[0] == ("feeds", {
        "version": "v-nvsignal", "contact": "me@e.org", "environment": os.environ,
    })  # fmt: skip


def test_the_round_s_items_are_read_by_the_classifier_of_the_folder(monkeypatch: Patch) -> None:
    def ingest(store: Any, now: datetime, *, classifier: Any, labs: Any) -> Any:
        return (store, now, classifier(), labs)

    monkeypatch.setenv("NVSIGNAL_DATA", "/data")
    monkeypatch.setattr("engine.service.ingest.ingest", ingest)
    monkeypatch.setattr(
        "engine.service.classifier.load_classifier", lambda data, folder: (data, folder)
    )
    monkeypatch.setattr("engine.threat.hub.labs_of", list)
    config: Any = Thing(folder="c")
    feeds: Any = Thing(feeds=[Thing(options="o")])
    store: Any = "s"
    found: Any = collecting._ingest(store, config, feeds, NOW)
    assert found == ("s", NOW, (Path("/data"), "c"), ["o"])


def test_the_health_of_feeds_is_asked_of_those_that_are_configured(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    def assess(feeds: Any, states: Any, now: datetime, *, contact: bool) -> Any:
        return (feeds, states, now, contact)

    monkeypatch.setattr("feeds.collect.StoreSink", lambda store: Thing(states=lambda: "states"))
    monkeypatch.setattr("feeds.health.assess_all", assess)

    def config(mail: str) -> Any:
        return Thing(folder=tmp_path, feeds=Thing(feeds="f"),
                     settings=Thing(contact=Thing(mail=mail)))  # fmt: skip

    assert collecting.health(NOTHING, config("x"), NOW) == ()
    (tmp_path / "feeds.toml").write_text("")
    for mail, contact in (("x", True), ("", False)):
        found: Any = collecting.health(NOTHING, config(mail), NOW)
        assert found == ("f", "states", NOW, contact)


def test_a_patient_sink_is_the_inner_one_beside() -> None:
    inner: Any = Thing(states=lambda: "s", prices=lambda now: ("p", now), flush=lambda: 1 / 0)
    sink = collecting._Patient(inner)
    told: list[Any] = [sink.states(), sink.prices(NOW)]
    assert told == ["s", ("p", NOW)]
    with pytest.raises(ZeroDivisionError):
        sink.flush()


def test_json_of_a_kept_note_is_plain(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path))
    monkeypatch.setattr(copies, "head_in", lambda path: "h")
    copies.note_backup(tmp_path / "x.db", "sqlite://")
    told = json.loads((tmp_path / "last_backup.json").read_text())
    assert told["ledger_head"] == "h"
    assert Path(told["file"]).name == "x.db"
