"""Backtests of the page: one at a time, some in a queue, and a bound on what they hold."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import InputError
from engine.web import jobs as queue
from engine.web.jobs import BusyError, Job, Jobs, free_bytes, held_bytes


def plenty() -> int:
    return 10 * queue.NEEDED_BYTES


class Gate:
    """Work that goes on until it is let through, and says how many are inside at once."""

    def __init__(self) -> None:
        self.open, self.entered = threading.Event(), threading.Event()
        self.inside = self.most = 0
        self.order: list[str] = []

    def __call__(self, job: Job) -> str:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.order.append(job.title)
        job.step("first", 0.5)
        self.entered.set()
        assert self.open.wait(30)
        self.inside -= 1
        job.step("second", 0.9)
        return job.title


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def ended(job: Job) -> None:
    until(lambda: job.over)


def test_one_works_and_the_others_wait_in_turn() -> None:
    jobs, gate = Jobs(plenty), Gate()
    made = [jobs.start(name, gate) for name in ("one", "two", "three")]
    assert gate.entered.wait(30)

    assert [job.state for job in made] == ["running", "waiting", "waiting"]
    assert [job.ahead for job in made[1:]] == [1, 2]
    assert (made[0].stage, made[0].share, jobs.running()) == ("first", 0.5, made[0])
    gate.open.set()
    for job in made:
        ended(job)
    assert [job.result for job in made] == gate.order == ["one", "two", "three"]
    assert (gate.most, jobs.running()) == (1, None)


def test_a_full_queue_says_so_and_takes_more_later() -> None:
    jobs, gate = Jobs(plenty), Gate()
    jobs.start("first", gate)
    assert gate.entered.wait(30)
    for _ in range(queue.MOST_WAITING):
        last = jobs.start("one", gate)
    with pytest.raises(BusyError, match="waiting already"):
        jobs.start("too many", gate)
    gate.open.set()
    ended(last)

    ended(jobs.start("later", gate))


def test_what_runs_stops_at_its_next_step_and_what_waits_at_once() -> None:
    jobs, gate = Jobs(plenty), Gate()
    works, waits, after = (jobs.start(name, gate) for name in ("works", "waits", "after"))
    assert gate.entered.wait(30)
    jobs.cancel(waits)
    assert (waits.state, after.ahead) == ("cancelled", 1)
    jobs.cancel(works)
    assert works.state == "running"
    gate.open.set()
    ended(works)
    ended(after)

    assert (works.state, works.result, after.state) == ("cancelled", None, "done")
    assert gate.order == ["works", "after"]


def test_the_servers_end_stops_all() -> None:
    jobs, gate = Jobs(plenty), Gate()
    made = [jobs.start("one", gate) for _ in range(3)]
    assert gate.entered.wait(30)
    jobs.stop_all()
    gate.open.set()
    for job in made:
        ended(job)

    assert {job.state for job in made} == {"cancelled"}


def test_a_mistake_inside_a_job_is_its_answer() -> None:
    def work(_: Job) -> None:
        raise InputError("no such window", remedy="choose another")

    job = Jobs(plenty).start("one", work)
    ended(job)

    assert (job.state, str(job.failure)) == ("failed", "no such window (choose another)")


def test_a_job_that_runs_out_of_memory_says_so_and_the_next_one_runs() -> None:
    def work(_: Job) -> None:
        raise MemoryError

    jobs = Jobs(plenty)
    failed, well = jobs.start("one", work), jobs.start("two", lambda _: 2)
    ended(well)

    assert (failed.state, well.result) == ("failed", 2)
    assert "memory" in str(failed.failure)


def test_only_the_last_results_are_kept() -> None:
    jobs = Jobs(plenty)
    made = []
    for _ in range(12):
        made.append(jobs.start("one", lambda _: 1))
        ended(made[-1])
    until(lambda: not jobs._at_work)

    assert [j for j in made if jobs.get(j.job_id) is j] == made[-queue.KEPT :]


def test_results_are_kept_up_to_their_bytes_and_the_newest_whatever_its_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "KEPT_BYTES", 1_000_000)
    jobs = Jobs(plenty)
    made = []
    for megabytes in (0.4, 0.4, 0.4, 3.0):
        made.append(jobs.start("one", lambda _, n=int(megabytes * 1e6): np.zeros(n, np.uint8)))
        ended(made[-1])
        until(lambda: not jobs._at_work)
        kept = [j for j in made if jobs.get(j.job_id) is j]
        assert kept == (made[-2:] if len(made) < 4 else made[-1:])


def test_a_job_begins_only_while_there_is_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MEMORY_SECONDS", 0.0)
    left = [1_000_000]
    jobs = Jobs(lambda: left[0])
    refused = jobs.start("one", lambda _: 1)
    ended(refused)
    left[0] = plenty()
    well = jobs.start("two", lambda _: 1)
    ended(well)

    assert str(refused.failure).startswith("only 1 MB of memory are free, 300 MB are needed")
    assert well.state == "done"
    unknown = Jobs(lambda: None).start("nobody can say", lambda _: 1)
    ended(unknown)
    assert unknown.state == "done"


@pytest.mark.parametrize(
    ("limit", "used", "expected"),
    [("max", "7", 2_048_000), ("1000000", "400000", 600_000), ("9000000000", "0", 2_048_000)],
)
def test_free_memory_is_the_containers_where_that_is_less(
    tmp_path: Path, limit: str, used: str, expected: int
) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    2000 kB\n")
    (tmp_path / "memory.max").write_text(limit + "\n")
    (tmp_path / "memory.current").write_text(f"{int(used) + 50_000}\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 50000\nactive_file 9\n")

    assert free_bytes(tmp_path / "meminfo", tmp_path) == expected
    assert free_bytes(tmp_path / "none", tmp_path / "none") is None


def test_what_a_result_holds_is_counted_once() -> None:
    @dataclass(frozen=True)
    class Result:
        array: Any
        again: Any
        inside: Any

    array = np.zeros(1_000_000, np.uint8)

    n_bytes = held_bytes(Result(array, array, {"a": (np.zeros(500_000, np.uint8),)}))
    assert 1_500_000 < n_bytes < 1_501_500
