"""``doctor`` and ``status``: every trouble is named once, with its remedy; nothing is touched."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import pytest

from engine.cli.main import main
from engine.clock import at_new_york
from engine.errors import InputError, LedgerError, NvsignalError
from engine.phrases import Phrase, phrase, plural
from engine.record.store import Store, StoredPollState
from engine.record.tables.sent import Delivery
from engine.report.ways import DeliveryError
from engine.service import doctor
from engine.service.doctor import Finding
from engine.service.lock import FileLock, owner_name
from engine.shown import FeedState, SourceHealth
from tests.builders import make_fact, unguarded
from tests.service.mornings import CONFIG, configured

NOW = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
TUESDAY_RUN = at_new_york(date(2026, 11, 24), datetime(2000, 1, 1, 8, 30).time())  # noqa: DTZ001


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration of the test's own, and a data folder beside it."""
    copy = tmp_path / "config"
    shutil.copytree(CONFIG, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("NVSIGNAL_DB", "NVSIGNAL_CONFIG", "REPORT_MAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    return copy


@pytest.fixture
def record(folder: Path, tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'data' / 'record.sqlite3'}"
    Store.open(url).close()
    return url


def add(folder: Path, text: str) -> None:
    path = folder / "nvsignal.toml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "nvsignal.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def found(folder: Path, check: str, now: datetime = NOW) -> Finding:
    told = [f for f in doctor.examine(folder, None, now) if f.check == check]
    assert len(told) == 1, told
    return told[0]


def test_a_sound_installation_has_no_error(folder: Path, record: str) -> None:
    findings = doctor.examine(folder, None, NOW)

    assert [f for f in findings if f.level == "error"] == []
    assert {f.check for f in findings} >= {
        "config", "sqlite", "folder: reports", "channel", "record", "journal", "clock", "ledger",
        "leader", "feeds", "next report",
    }  # fmt: skip
    assert all(f.remedy for f in findings if f.level != "ok")
    assert all("\n" not in f.message + f.remedy for f in findings)


def test_a_machine_without_a_record_is_told_how_to_get_one_and_gets_none_by_asking(
    folder: Path, tmp_path: Path
) -> None:
    fresh = found(folder, "record")
    assert fresh.level == "ok"  # as it should be on the first day
    assert "nvsignal report" in fresh.remedy
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ((3, 6, 23), "ok"),
        ((3, 7, 0), "warning"),
        ((3, 40, 1), "warning"),
        ((3, 51, 2), "warning"),
        ((3, 51, 3), "ok"),
        ((3, 54, 1), "ok"),
    ],
)
def test_sqlite_with_the_wal_reset_bug_is_named(version: tuple[int, ...], level: str) -> None:
    (told,) = doctor.sqlite_version("sqlite:///x", version)

    assert told.level == level
    assert list(doctor.sqlite_version("postgresql+psycopg://h/d", version)) == []


def test_sources_that_are_mute_for_want_of_an_address_are_named(folder: Path) -> None:
    """By name, as they are of the first rank; with an address nothing is said."""
    mute = found(folder, "contact")
    edit(folder, 'mail = ""', 'mail = "me@example.org"')
    told = [f for f in doctor.examine(folder, None, NOW) if f.check == "contact"]

    assert mute.level == "warning"
    assert "SEC EDGAR (sec-nvda)" in mute.message
    assert "[contact] mail" in mute.remedy
    assert told == []


def test_the_proxy_in_use_is_told_without_its_password(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that cannot be used is an error, because no source would be reached."""
    monkeypatch.setenv("HTTPS_PROXY", "http://reader:planted-pw@proxy.example:3128")
    used = found(folder, "proxy")
    monkeypatch.setenv("HTTPS_PROXY", "socks5://reader:planted-pw@proxy.example:1080")
    unusable = found(folder, "proxy")

    assert (used.level, used.message) == ("ok", "HTTPS_PROXY: http://proxy.example:3128")
    assert unusable.level == "error"
    assert "socks5" in unusable.message
    assert "planted-pw" not in f"{used}{unusable}"


@pytest.mark.parametrize(
    ("free", "level"), [(2e9, "ok"), (999_999_999, "warning"), (10_000_000, "error")]
)
def test_less_than_a_gigabyte_of_disk_warns(free: float, level: str) -> None:
    assert doctor.disk("data", Path("x"), int(free)).level == level


def test_a_rollback_journal_is_told(folder: Path, record: str) -> None:
    assert found(folder, "journal").level == "ok"
    with closing(sqlite3.connect(record.removeprefix("sqlite:///"))) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        path = Path(record.removeprefix("sqlite:///"))
        assert doctor.journal_mode(path).level == "warning"


def test_facts_from_the_future_mean_a_wrong_clock(folder: Path, record: str) -> None:
    with Store.open(record) as store:
        store.record([make_fact(known_at=NOW + timedelta(minutes=4))])
    assert found(folder, "clock").level == "ok"
    with Store.open(record) as store:
        store.record([make_fact(key="later", known_at=NOW + timedelta(minutes=6))])

    told = found(folder, "clock")

    assert (told.level, "2026-11-24 17:06" in told.message) == ("error", True)


def test_a_broken_ledger_is_an_error(folder: Path, record: str) -> None:
    from engine.record import ledger

    with Store.open(record) as store:
        ledger.append(store, {"d": 1}, acts_on=date(2026, 11, 24), strategy="x", made_at=NOW)
    with closing(sqlite3.connect(record.removeprefix("sqlite:///"))) as connection:
        unguarded(connection)
        connection.execute("UPDATE ledger SET payload = '{}'")
        connection.commit()

    assert found(folder, "ledger").level == "error"


def test_the_holder_of_the_lock_is_named(folder: Path, record: str) -> None:
    assert "no process" in found(folder, "leader").message
    path = Path(record.removeprefix("sqlite:///"))
    lock = FileLock(path.with_name(path.name + ".lock"))
    assert lock.acquire()
    try:
        import os

        assert f":{os.getpid()} runs the mornings" in found(folder, "leader").message
        assert lock.held()
    finally:
        lock.release()


def run(store: Store, status: str, at: datetime = TUESDAY_RUN, detail: str = "") -> None:
    assert store.claim("report", at, "h:1", at)
    if status != "running":
        store.finish("report", at, "h:1", at, status=status, detail=detail)  # type: ignore[arg-type]


def test_a_failed_report_and_a_missing_one_are_errors(folder: Path, record: str) -> None:
    with Store.open(record) as store:
        run(store, "done", TUESDAY_RUN - timedelta(days=1))
        told = list(doctor.runs(store, configured(), NOW))
        early = list(doctor.runs(store, configured(), TUESDAY_RUN + timedelta(hours=1)))
        run(store, "failed", detail="no price is known")
        failed = list(doctor.runs(store, configured(), NOW))

    assert [f.message for f in told if f.level == "error"] == ["there is no report for 2026-11-24"]
    assert [f for f in early if f.level == "error"] == []
    assert [f.message for f in failed if f.level == "error"] == [
        "2026-11-24: failed, no price is known"
    ]


def test_feeds_that_fail_are_listed(folder: Path, record: str) -> None:
    from engine.service.collecting import feeds_of
    from feeds.base import PollState as Polled
    from feeds.collect import to_stored

    config = configured()
    feed = next(f for f in feeds_of(config).feeds if f.enabled)
    state = Polled(
        url=feed.url, last_poll_at=NOW, failures=3, health=FeedState.BLOCKED, why="HTTP 403"
    )
    with Store.open(record) as store:
        store.save_poll_states([to_stored(feed.name, state)])

    told = found(folder, f"feed: {feed.name}")

    assert (told.level, told.message) == ("warning", "blocked: HTTP 403 (3 times in a row)")
    assert isinstance(to_stored(feed.name, state), StoredPollState)


MAIL = """
[[delivery.channel]]
name = "mail"
url_env = "REPORT_MAIL"
"""


def test_a_channel_is_told_without_its_address(
    folder: Path, record: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(folder, MAIL)
    missing = found(folder, "channel")
    monkeypatch.setenv("REPORT_MAIL", "mailtoo://me:hunter2222@host")
    wrong = found(folder, "channel")
    monkeypatch.setenv("REPORT_MAIL", "mailto://me:hunter2222@localhost")
    with Store.open(record) as store:
        store.mark_sent("failing|mail", NOW - timedelta(hours=3))
    failing = found(folder, "channel: mail")

    assert (missing.level, wrong.level, failing.level) == ("error",) * 3
    assert "REPORT_MAIL is not set" in missing.message
    assert "'mailtoo://…' is not one Apprise understands" in wrong.message
    assert "since 2026-11-24 14:00 UTC" in failing.message
    assert "hunter2222" not in repr((missing, wrong, failing))


def test_a_folder_that_cannot_be_written_is_an_error(
    folder: Path, record: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    edit(folder, 'folder = ""', f'folder = "{tmp_path / "file" / "reports"}"')

    assert found(folder, "folder: reports").level == "error"


def test_hours_that_contradict_each_other_are_told(folder: Path, record: str) -> None:
    edit(folder, 'report_at = "08:30"', 'report_at = "07:00"')
    assert "do not know what comes in until 08:30" in found(folder, "hours").message
    edit(folder, 'report_at = "07:00"', 'report_at = "09:45"')
    assert "after the open" in found(folder, "hours").message


def test_configuration_problems_are_listed_instead_of_a_traceback(folder: Path) -> None:
    edit(folder, "collect_every_minutes = 30", "colect_every_minutes = 1")

    (told,) = doctor.examine(folder, None, NOW)

    assert "did you mean" in told.message
    assert told.level == "error"


# --- each check by itself, to the letter ----------------------------------------------------------


def ok(check: str, message: str, remedy: str = "") -> Finding:
    return Finding(level="ok", check=check, message=message, remedy=remedy)


def warning(check: str, message: str, remedy: str) -> Finding:
    return Finding(level="warning", check=check, message=message, remedy=remedy)


def error(check: str, message: str, remedy: str) -> Finding:
    return Finding(level="error", check=check, message=message, remedy=remedy)


def test_the_whole_page_of_a_sound_installation(
    folder: Path, record: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this order, with a planted secret taken out of what the record tells, and only there."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("SOME_TOKEN", "planted-word")
    monkeypatch.setattr("engine.service.bind.warnings", lambda folder, now: ["a.csv: ends soon"])
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 51, 3))
    monkeypatch.setattr("shutil.disk_usage", lambda path: Thing(free=5_000_000_000))
    monkeypatch.setattr(
        doctor, "leader", lambda url: iter([warning("leader", "by planted-word", "so")])
    )
    edit(folder, 'mail = ""', 'mail = "me@example.org"')
    data = tmp_path / "data"

    assert list(doctor.examine(folder, None, NOW)) == [
        warning("config", "a.csv: ends soon", "see config/facts"),
        ok("config", f"{folder} is in order"),
        ok("sqlite", "SQLite 3.51.3"),
        ok("folder: reports", f"{data / 'reports'}: 5.0 GB free"),
        ok("folder: data", f"{data}: 5.0 GB free"),
        ok("channel", "none configured: reports go to files"),
        ok("record", str(data / "record.sqlite3")),
        ok("journal", "WAL is on"),
        ok("clock", "nothing on record is from the future"),
        ok("ledger", "unbroken, length 0, as 0 reports name it"),
        warning("leader", "by ***", "so"),
        ok("next report", "2026-11-25 08:30 New York"),
        warning("feeds", "no feed was ever asked", "'nvsignal collect' asks them"),
    ]


def test_a_record_that_is_not_there_or_does_not_open_is_said_by_its_own_words(
    folder: Path, tmp_path: Path
) -> None:
    channels: Any = Thing(usable=(), problems=(), secrets=())
    path = tmp_path / "none.db"
    (fresh,) = doctor.on_record(configured(), f"sqlite:///{path}", channels, NOW)
    path.write_text("no database")
    (broken,) = doctor.on_record(configured(), f"sqlite:///{path}", channels, NOW)
    (wrong,) = doctor.on_record(configured(), "mysql://h/nowhere", channels, NOW)

    assert fresh == ok(
        "record",
        f"no record at {path} yet",
        "next: 'nvsignal report' makes one, 'nvsignal collect' brings it up to date",
    )
    with pytest.raises(NvsignalError) as raised:
        Store.open(f"sqlite:///{path}", create=False)
    assert broken == error("record", raised.value.message, raised.value.remedy or "")
    assert (wrong.level, wrong.check) == ("error", "record")
    assert "mysql" in wrong.message
    assert list(tmp_path.glob("none.db-*")) == []


def test_configuration_problems_come_with_what_to_do(folder: Path) -> None:
    edit(folder, "collect_every_minutes = 30", "colect_every_minutes = 1")
    (told,) = doctor.examine(folder, None, NOW)
    assert (told.level, told.check, told.remedy) == ("error", "config", "correct the file")


def test_a_file_of_feeds_that_does_not_hold_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(config: Any) -> Any:
        raise InputError("no such kind", remedy="choose another")

    config: Any = None
    monkeypatch.setattr("engine.service.collecting.feeds_of", lambda config: None)
    assert list(doctor.feeds_file(config)) == []
    monkeypatch.setattr("engine.service.collecting.feeds_of", broken)
    (told,) = doctor.feeds_file(config)
    assert told == error("feeds.toml", "no such kind (choose another)", "correct the file")


def test_hours_contact_and_ways_out_come_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.service.bind.contradicting_hours", lambda s: [("m", "r"), (s, "")])
    config: Any = Thing(settings="s")
    assert list(doctor.hours(config)) == [warning("hours", "m", "r"), warning("hours", "s", "")]
    monkeypatch.setattr("engine.service.collecting.mute_line", lambda config: "mute")
    assert list(doctor.contact(config)) == [
        warning("contact", "mute", "set [contact] mail in nvsignal.toml")
    ]
    monkeypatch.setattr("engine.service.collecting.mute_line", lambda config: "")
    assert list(doctor.contact(config)) == []
    used, wrong = doctor.ways_out(
        {"HTTPS_PROXY": "http://me:pw@e.org:1", "HTTP_PROXY": "socks5://e.org:2"}
    )
    if used.level == "error":
        used, wrong = wrong, used
    assert used == ok("proxy", "HTTPS_PROXY: http://e.org:1")
    assert (wrong.level, wrong.check) == ("error", "proxy")
    assert wrong.remedy == "correct HTTP_PROXY, or unset it to connect directly"
    assert list(doctor.ways_out({})) == []


def test_an_old_sqlite_and_a_full_disk_come_with_what_to_do() -> None:
    assert list(doctor.sqlite_version("sqlite:///x", (3, 51, 2))) == [
        warning(
            "sqlite",
            "SQLite 3.51.2 has the WAL-reset bug (3.7.0 to 3.51.2), rare damage when two "
            "connections write at the same moment; nvsignal lets one write at a time",
            "keep backups ('nvsignal db backup'), or use SQLite 3.51.3 or newer",
        )
    ]
    assert list(doctor.sqlite_version("sqlite:///x", (3, 51, 3))) == [ok("sqlite", "SQLite 3.51.3")]
    space = "free some space: below 1 GB a record may stop growing"
    assert doctor.disk("d", Path("/d"), 999_999_999) == warning(
        "folder: d", "/d: 1.0 GB free", space
    )
    assert doctor.disk("d", Path("/d"), 49_000_000) == error("folder: d", "/d: 0.0 GB free", space)
    assert doctor.disk("d", Path("/d"), 1_000_000_000) == ok("folder: d", "/d: 1.0 GB free")


def test_each_folder_is_looked_at_where_it_is_or_would_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in the way, and a folder that may not be written; the others are still told."""
    looked: list[Path] = []

    def usage(path: Path) -> Any:
        looked.append(path)
        return Thing(free=2_000_000_000)

    monkeypatch.setattr("shutil.disk_usage", usage)
    (tmp_path / "file").write_text("")
    (tmp_path / "shut").mkdir()
    monkeypatch.setattr(
        "os.access",
        lambda path, mode: mode == 3 and path.name != "shut",  # write, enter
    )
    wanted = {"a": tmp_path / "file", "b": tmp_path / "shut", "c": tmp_path / "new" / "deeper"}

    def unwritable(name: str, place: str) -> Finding:
        path = tmp_path / place
        return error(
            f"folder: {name}",
            f"{path} cannot be written",
            f"change the permissions of {path}, or name another folder",
        )

    assert list(doctor.folders(wanted)) == [
        unwritable("a", "file"),
        unwritable("b", "shut"),
        ok("folder: c", f"{tmp_path / 'new' / 'deeper'}: 2.0 GB free"),
    ]
    assert looked == [tmp_path]


def test_each_channel_is_told_by_what_is_wrong_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(channel: Any) -> None:
        if channel.name != "good":
            raise DeliveryError("not understood", remedy=channel.name)

    monkeypatch.setattr("engine.report.courier.open_address", opened)

    def told(usable: Sequence[str | None], *problems: str) -> list[Finding]:
        channels: Any = Thing(usable=[Thing(name=n) for n in usable], problems=problems)
        return list(doctor.addresses(channels))

    assert told(["bad", "good", None], "X is not set (set it)") == [
        error("channel", "X is not set", "set it"),
        error("channel", "not understood", "bad"),
        error("channel", "not understood", ""),
    ]
    assert told([], "none (at all)") == [error("channel", "none", "at all")]
    assert told(["good"]) == []
    assert told([]) == [ok("channel", "none configured: reports go to files")]


@pytest.mark.parametrize(
    ("facts", "run_at", "late"),
    [
        ([], None, False),
        ([timedelta(minutes=5)], None, False),
        ([timedelta(minutes=5, microseconds=1)], None, True),
        ([timedelta(minutes=6), timedelta(days=-3)], timedelta(days=-1), True),
        ([timedelta(days=-3)], timedelta(minutes=6), True),
        ([], timedelta(minutes=5), False),
    ],
)
def test_five_minutes_ahead_of_the_clock_are_from_the_future(
    facts: list[timedelta], run_at: timedelta | None, late: bool
) -> None:
    runs_ = [] if run_at is None else [Thing(started_at=NOW + run_at)]
    store: Any = Thing(
        newest_known_at=lambda: {n: NOW + ahead for n, ahead in enumerate(facts)},
        job_runs=lambda limit: runs_[:limit],
    )
    (told,) = doctor.clock_skew(store, NOW)
    if not late:
        assert told == ok("clock", "nothing on record is from the future")
        return
    ahead = max([*facts, run_at or timedelta(0)])
    assert told == error(
        "clock",
        f"the record holds {NOW + ahead:%Y-%m-%d %H:%M} UTC, and the clock says "
        "2026-11-24 17:00 UTC",
        "set the clock (timedatectl set-ntp true)",
    )


def test_the_ledger_is_told_with_what_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(entries: int, reports: int, stamped: int) -> Finding:
        monkeypatch.setattr("engine.record.ledger.verify", lambda store: Thing(n_entries=entries))
        monkeypatch.setattr("engine.service.anchors.hold", lambda store, folder: reports)
        monkeypatch.setattr("engine.service.stamps.verify", lambda store, chosen, place: stamped)
        (found,) = doctor.ledger_chain(store, configured())
        return found

    store: Any = None
    assert told(5, 3, 0) == ok("ledger", "unbroken, length 5, as 3 reports name it")
    assert told(5, 3, 2) == ok(
        "ledger", "unbroken, length 5, as 3 reports name it and 2 time stamps"
    )

    def torn(store: Any) -> Any:
        raise LedgerError("entry 3 does not hold", remedy="none")

    monkeypatch.setattr("engine.record.ledger.verify", torn)
    assert list(doctor.ledger_chain(store, configured())) == [
        error("ledger", "entry 3 does not hold", "restore a backup: nvsignal db restore")
    ]


def test_who_runs_the_mornings(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'r.db'}"
    nobody = ok(
        "leader",
        "no process is running the mornings",
        "start 'nvsignal run', or call 'nvsignal daily' from cron",
    )
    assert list(doctor.leader(url)) == [nobody]
    lock = FileLock(tmp_path / "r.db.lock")
    assert lock.acquire()
    assert list(doctor.leader(url)) == [ok("leader", f"{owner_name()} runs the mornings")]
    lock.release()
    assert list(doctor.leader(url)) == [nobody]


MONDAY_RUN, FRIDAY_RUN = TUESDAY_RUN - timedelta(days=1), TUESDAY_RUN - timedelta(days=4)
TRIED_AGAIN = "mend what the message names; it is tried again by itself"
TWO_HOURS_ON = TUESDAY_RUN + timedelta(hours=2)


@pytest.mark.parametrize(
    ("told", "now", "said"),
    [
        ([], NOW, []),
        ([("done", TUESDAY_RUN)], NOW, [ok("last report", "2026-11-24: done")]),
        ([("running", TUESDAY_RUN)], TWO_HOURS_ON, [ok("last report", "2026-11-24: running")]),
        ([("done", MONDAY_RUN)], TWO_HOURS_ON, [ok("last report", "2026-11-23: done")]),
        (
            [("done", MONDAY_RUN), ("done", FRIDAY_RUN)],
            TWO_HOURS_ON + timedelta(microseconds=1),
            [ok("last report", "2026-11-23: done"), "2026-11-24"],
        ),
        ([("running", TUESDAY_RUN)], NOW, [ok("last report", "2026-11-24: running"), "2026-11-24"]),
        (
            [("failed", TUESDAY_RUN), ("done", MONDAY_RUN)],
            NOW,
            [error("last report", "2026-11-24: failed, no price", TRIED_AGAIN)],
        ),
        (
            [("done", TUESDAY_RUN), ("failed", MONDAY_RUN)],
            NOW,
            [ok("last report", "2026-11-24: done")],
        ),
        # The very first is of tomorrow's session: none was due before it.
        ([("done", TUESDAY_RUN)], TUESDAY_RUN, [ok("last report", "2026-11-24: done")]),
    ],
)
def test_a_report_is_overdue_more_than_two_hours_after_its_minute(
    told: list[tuple[str, datetime]], now: datetime, said: list[Finding | str]
) -> None:
    runs_ = [
        Thing(status=status, scheduled_for=at, detail="no price" if status == "failed" else "")
        for status, at in told
    ]
    store: Any = Thing(job_runs=lambda job, limit: runs_ if job == "report" else [])
    expected = [
        error(
            "last report",
            f"there is no report for {line}",
            "start 'nvsignal run', or 'nvsignal daily' once",
        )
        if isinstance(line, str)
        else line
        for line in said
    ]
    coming = "2026-11-25 08:30 New York"
    assert list(doctor.runs(store, configured(), now)) == [*expected, ok("next report", coming)]


def health(name: str, state: FeedState, note: str = "") -> SourceHealth:
    return SourceHealth(name=name, state=state, last_ok_at=None, newest_at=None, note=note)


def test_feeds_are_told_one_by_one_unless_none_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(*states: SourceHealth) -> list[Finding]:
        monkeypatch.setattr("engine.service.collecting.health", lambda store, config, at: states)
        store: Any = None
        return list(doctor.sources(store, configured(), NOW))

    never, fine = health("a", FeedState.NEVER), health("b", FeedState.OK)
    blocked = health("c", FeedState.BLOCKED, "HTTP 403")
    assert told() == []
    assert told(fine, health("d", FeedState.EMPTY)) == [ok("feeds", "all 2 are well")]
    assert told(never, never) == [
        warning("feeds", "no feed was ever asked", "'nvsignal collect' asks them")
    ]
    see = "see 'nvsignal feeds'"
    assert told(never, fine, blocked) == [
        warning("feed: a", "never", see),
        warning("feed: c", "blocked: HTTP 403", see),
    ]
    assert told(never, blocked)[0] == warning("feed: a", "never", see)


def test_channels_that_fail_and_recipients_turned_away_are_told(tmp_path: Path) -> None:
    """A mail that may have come twice is told for thirty days."""
    thirty, moment = timedelta(days=30), timedelta(seconds=1)
    channels: Any = Thing(usable=[Thing(name="mail"), Thing(name="push")])

    def row(key: str, ago: timedelta, **changes: Any) -> Delivery:
        given: dict[str, Any] = {"channel": "mail", "recipient": "you@e.org", "state": "taken"}
        return Delivery(key=key, changed_at=NOW - ago, **(given | changes))

    with Store.open(f"sqlite:///{tmp_path / 'r.db'}") as store:
        store.mark_sent("failing|push", NOW - timedelta(hours=3))
        store.save_deliveries([
            row("a", thirty, repeats=1),
            row("b", thirty + moment, repeats=1),
            row("c", moment, channel="push", recipient="", repeats=2),
            row("d", moment),
            row("e", timedelta(days=2), state="refused", recipient="me@e.org", why="550 unknown"),
        ])  # fmt: skip
        assert list(doctor.failing_channels(store, channels)) == [
            ok("channel: mail", "no failure"),
            error(
                "channel: push",
                "nothing could be sent since 2026-11-24 14:00 UTC",
                "the log of 'nvsignal run' says why; check its address",
            ),
        ]
        none_needed = "none needed: both have one Message-ID, and mail programs show one"
        twice = "a process ended before it heard the answer"
        assert list(doctor.recipients(store, NOW)) == [
            error(
                "channel: mail",
                "me@e.org did not get the mail of 2026-11-22: 550 unknown",
                "correct the address, or ask its provider",
            ),
            warning("channel: mail", f"you@e.org may have got 'a' twice: {twice}", none_needed),
            warning("channel: push", f"the service may have got 'c' twice: {twice}", none_needed),
        ]


def test_the_journal_is_told_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "r.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("CREATE TABLE a (b)")
    assert doctor.journal_mode(path) == warning(
        "journal",
        "journal mode is delete, not WAL: readers and the writer block each other",
        "keep the record on a local disk that allows WAL",
    )
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    assert doctor.journal_mode(path) == ok("journal", "WAL is on")


def test_a_phrase_without_its_secrets_is_still_a_phrase() -> None:
    def hidden(text: str) -> str:
        return text.replace("pw", "***")

    assert doctor._without_secrets("a pw", hidden) == "a ***"
    told = plural("{n} of {what}", "{n} times {what}", n=2, what=phrase("{x} pw", x="pw b"))
    found = doctor._without_secrets(told, hidden)
    assert isinstance(found, Phrase)
    assert (found, found.template, found.n) == ("2 times *** b pw", "{n} of {what}", 2)
    assert isinstance(found.args["what"], Phrase)


# --- the commands ---------------------------------------------------------------------------------


def command(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as left:
        main([*args])
    return int(left.value.code or 0), capsys.readouterr().out


def test_the_command_exits_with_1_on_an_error_alone(
    capsys: pytest.CaptureFixture[str], folder: Path, record: str
) -> None:
    good, page = command(capsys, "doctor", "--config", str(folder))
    told = json.loads(command(capsys, "doctor", "--config", str(folder), "--json")[1])
    add(folder, MAIL)
    bad, _ = command(capsys, "doctor", "--config", str(folder))

    assert (good, bad) == (0, 1)
    assert max(map(len, page.splitlines())) <= 80
    assert told["worst"] == "warning"
    assert set(told["findings"][0]) == {"level", "check", "message", "remedy"}


def test_status_tells_runs_leader_and_feeds(
    capsys: pytest.CaptureFixture[str], folder: Path, record: str
) -> None:
    with Store.open(record) as store:
        run(store, "done", detail="2026-11-24 HOLD +0.100")
    code, text = command(capsys, "status", "--config", str(folder))
    told: dict[str, Any] = json.loads(
        command(capsys, "status", "--config", str(folder), "--json")[1]
    )

    assert code == 0
    assert "last report Nov 24, 2026, 08:30 (New York), done: 2026-11-24 HOLD +0.100" in " ".join(
        text.split()
    )
    assert max(len(line) for line in text.splitlines() if not line.startswith("record")) <= 80
    assert told["led_by"] is None
    assert told["last_runs"][0]["status"] == "done"
    assert set(told["next_runs"]) == {"collect", "report"}
    assert told["stale_feeds"] == []
    assert told["feeds_asked"] == 0 < told["feeds"]
