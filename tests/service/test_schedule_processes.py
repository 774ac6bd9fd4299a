"""Real processes on one record: killed leaders, hand-over, signals, and one real morning."""

from __future__ import annotations

import email
import email.policy
import json
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from engine.record import ledger
from engine.record.store import Store
from engine.service.lock import leader_lock, wait_for
from engine.service.schedule import session_of
from tests.schedule_workers import FastClock, lead_and_report, leader_of, run_scheduler
from tests.service.mornings import CONFIG, calendar

pytestmark = pytest.mark.slow  # real processes import everything, several times

SPAWN = multiprocessing.get_context("spawn")
ROOT = Path(__file__).resolve().parents[2]
HAND_OVER_SECONDS = 30.0


def wait_until(check: Any, seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing in {seconds} s")


def test_when_the_leader_is_killed_another_process_leads_at_once(store_url: str) -> None:
    """Measured from kill -9 to the lock in other hands, on both engines."""
    Store.open(store_url).close()
    here, there = SPAWN.Pipe()
    workers = [SPAWN.Process(target=lead_and_report, args=(store_url, there)) for _ in range(3)]
    for worker in workers:
        worker.start()
    try:
        pid, _ = here.recv()
        for _ in range(2):
            killed_at = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            assert here.poll(HAND_OVER_SECONDS)
            pid, led_at = here.recv()
            assert led_at - killed_at < HAND_OVER_SECONDS
            assert leader_of(store_url) == pid
    finally:
        for worker in workers:
            worker.kill()
            worker.join()


def test_killed_leaders_leave_each_session_done_exactly_once(
    store_url: str, tmp_path: Path
) -> None:
    """Schedulers share a record while weeks pass in seconds and each leader is killed at work."""
    start, folder = datetime(2026, 10, 5, 6, tzinfo=UTC), tmp_path / "reports"
    sessions = calendar(start.date(), date(2027, 6, 30))
    clock = FastClock(start, time.monotonic() + 1.0, seconds_a_day=0.25)
    Store.open(store_url).close()
    args = (store_url, str(folder), clock, sessions, 0.05)
    workers = {p.pid: p for p in (_started(run_scheduler, args) for _ in range(3))}
    try:
        with Store.open(store_url) as store:
            for _ in range(2):
                seen = len(ledger.entries(store))
                wait_until(lambda: len(ledger.entries(store)) > seen + 2)  # noqa: B023
                pid = wait_until(lambda: leader_of(store_url))
                os.kill(pid, signal.SIGKILL)
                workers.pop(pid).join()
            seen = len(ledger.entries(store))
            wait_until(lambda: len(ledger.entries(store)) > seen + 2)
            for worker in workers.values():
                worker.kill()
                worker.join()
            entries, runs = ledger.entries(store), store.job_runs("report", limit=400)
            ledger.verify(store)
    finally:
        for worker in workers.values():
            worker.kill()
            worker.join()
    made = [e.acts_on for e in entries]
    assert made == [d for d in sessions.on if made[0] <= d <= made[-1]]
    done = [r for r in runs if r.status == "done"]
    assert len(done) >= len(made) - 1  # the last one may have been killed before its end
    assert len({r.owner for r in done}) == 3
    assert all((folder / f"{session_of(r)}.json").exists() for r in done)


def _started(target: Any, args: tuple[Any, ...]) -> Any:
    process = SPAWN.Process(target=target, args=args)
    process.start()
    return process


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NVSIGNAL_")}
    return {**kept, "NVSIGNAL_DATA": str(tmp_path), "NVSIGNAL_CONFIG": CONFIG, **more}


def nvsignal(*args: str, env: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "engine.cli.main", *args]
    return subprocess.Popen(
        command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


MAIL = """
[[delivery.channel]]
name = "mail"
url_env = "NVSIGNAL_MAIL_URL"
language = "fr"
"""


def test_one_real_morning_by_the_command_line_ends_in_a_french_mail(tmp_path: Path) -> None:
    """``daily`` makes the report of the day once, writes it, mails it, and has then nothing to do.

    The password of the mail account is in no file, no table and no line of the log.
    """
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config, ignore=shutil.ignore_patterns("__pycache__"))
    settings = config / "nvsignal.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + MAIL, encoding="utf-8")
    inbox = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        address = f"mailto://127.0.0.1:{port}?from=robot@example.org&to=you@example.org"
        more = {"NVSIGNAL_CONFIG": str(config), "NVSIGNAL_MAIL_URL": f"{address}&token={PLANTED}"}
        env = environment(tmp_path / "data", **more)
        first = nvsignal("daily", "--offline", "--json", env=env)
        out, err = first.communicate(timeout=120)
        again = nvsignal("daily", "--offline", "--json", env=env)
        second, err_again = again.communicate(timeout=120)
    finally:
        server.stop()
    found = json.loads(out)
    assert found["failed"] == []
    assert (again.returncode, json.loads(second)["reports"]) == (0, [])
    with Store.open(f"sqlite:///{tmp_path}/data/record.sqlite3") as store:
        entries = ledger.entries(store)
    assert len(entries) == len(found["reports"]) == len(inbox.mails)
    kept = b"".join(p.read_bytes() for p in (tmp_path / "data").rglob("*") if p.is_file())
    for text in (out, err, second, err_again, kept.decode("utf-8", "replace"), *inbox.mails):
        assert PLANTED not in text
    if found["reports"]:  # none at a weekend
        assert first.returncode == 3  # the bundled prices end long before today
        told = {json.loads(line)["event"] for line in err.splitlines()}
        assert told >= {"started", "leading", "report_done", "sent"}
        (row,) = found["reports"]
        assert row["acts_on"] == entries[0].acts_on.isoformat()
        assert [Path(path).name for path in row["files"]] == [
            f"{row['acts_on']}.{form}" for form in ("en.html", "fr.html", "json")
        ]
        assert all(Path(p).stat().st_mode & 0o077 == 0 for p in row["files"])
        mail = email.message_from_string(inbox.mails[0], policy=email.policy.default)
        assert mail["Content-Language"] == "fr"
        assert "NVDA" in str(mail["Subject"])
        assert len(inbox.mails[0].encode()) < 100_000


PLANTED = "planted-secret-77aa01"


@dataclass
class Inbox:
    """Every mail as it came in."""

    mails: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content.decode("utf-8", "replace"))
        return "250 OK"


def test_a_terminated_scheduler_stops_and_lets_the_lock_go(tmp_path: Path) -> None:
    env = environment(tmp_path)
    running = nvsignal("run", "--offline", "--every", "0.2", env=env)
    try:
        lines: list[dict[str, Any]] = []
        assert running.stderr is not None
        while not lines or lines[-1]["event"] != "collect_done":
            lines.append(json.loads(running.stderr.readline()))
        url = f"sqlite:///{tmp_path}/record.sqlite3"
        assert leader_of(url) == running.pid
        running.send_signal(signal.SIGTERM)
        _, rest = running.communicate(timeout=60)
        assert running.returncode == 0
        assert json.loads(rest.splitlines()[-1])["event"] == "stopped"
        lock = leader_lock(url)
        assert wait_for(lock, 0)
        lock.release()
    finally:
        running.kill()
        running.wait()
