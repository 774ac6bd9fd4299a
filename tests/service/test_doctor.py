"""``doctor`` and ``status``: every trouble is named once, with its remedy; nothing is touched."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.cli.main import main
from engine.clock import at_new_york
from engine.record.store import Store, StoredPollState
from engine.service import doctor
from engine.service.doctor import Finding
from engine.service.lock import FileLock
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
    from engine.shown import FeedState

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
