"""Real processes on one record: killed leaders, hand-over, signals, and one real morning."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.app.lock import leader_lock, wait_for
from engine.app.schedule import session_of
from engine.record import ledger
from engine.record.store import Store
from tests.app.mornings import CONFIG, calendar
from tests.schedule_workers import FastClock, lead_and_report, run_scheduler

SPAWN = multiprocessing.get_context("spawn")
ROOT = Path(__file__).resolve().parents[2]
HAND_OVER_SECONDS = 30.0


def pid_of_leader(url: str) -> int | None:
    lock = leader_lock(url)
    try:
        holder = lock.holder()
    finally:
        lock.release()
    return None if holder is None else int(holder.name.rpartition(":")[2])


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
            assert pid_of_leader(store_url) == pid
    finally:
        for worker in workers:
            worker.kill()
            worker.join()


@pytest.mark.slow
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
                pid = wait_until(lambda: pid_of_leader(store_url))
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
    command = [sys.executable, "-m", "engine.app.cli", *args]
    return subprocess.Popen(
        command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_one_real_morning_by_the_command_line(tmp_path: Path) -> None:
    """``daily`` makes the report of the day once, writes it, and has nothing to do after that."""
    env = environment(tmp_path)
    first = nvsignal("daily", "--offline", "--json", env=env)
    out, err = first.communicate(timeout=120)
    found = json.loads(out)
    again = nvsignal("daily", "--offline", "--json", env=env)
    second = json.loads(again.communicate(timeout=120)[0])

    events = [json.loads(line) for line in err.splitlines()]
    assert found["failed"] == []
    assert second["reports"] == []
    assert again.returncode == 0
    with Store.open(f"sqlite:///{tmp_path}/record.sqlite3") as store:
        entries = ledger.entries(store)
    assert len(entries) == len(found["reports"])
    if found["reports"]:  # none at a weekend
        assert first.returncode == 3  # the bundled prices end long before today
        assert {e["event"] for e in events} >= {"started", "leading", "report_done"}
        (row,) = found["reports"]
        assert row["acts_on"] == entries[0].acts_on.isoformat()
        names = [Path(path).name for path in row["files"]]
        assert names == [f"{row['acts_on']}.en.html", f"{row['acts_on']}.json"]
        assert all(Path(p).stat().st_mode & 0o077 == 0 for p in row["files"])
        report = json.loads(Path(row["files"][1]).read_text(encoding="utf-8"))
        assert entries[0].payload["decision"] in json.dumps(report)


def test_a_terminated_scheduler_stops_and_lets_the_lock_go(tmp_path: Path) -> None:
    env = environment(tmp_path)
    running = nvsignal("run", "--offline", "--every", "0.2", env=env)
    try:
        lines: list[dict[str, Any]] = []
        assert running.stderr is not None
        while not lines or lines[-1]["event"] != "collect_done":
            lines.append(json.loads(running.stderr.readline()))
        url = f"sqlite:///{tmp_path}/record.sqlite3"
        assert pid_of_leader(url) == running.pid
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
