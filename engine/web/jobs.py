"""Long work one piece at a time, in a thread of its own: a queue, progress, and a way to stop.

Memory is bound on every side: one piece works, ``MOST_WAITING`` wait, results are kept up to
``KEPT`` and ``KEPT_BYTES``, and a piece begins only while the machine has ``NEEDED_BYTES`` left.
"""

from __future__ import annotations

import dataclasses
import re
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from engine.errors import InputError, NvsignalError
from engine.phrases import phrase

KEPT = 8
"""Finished jobs whose results can still be looked at."""
KEPT_BYTES = 16_000_000
"""Of these results together; the newest is kept whatever its size. One of two rules over all the
years on record holds 1 MB (measured 2026-11)."""
MOST_WAITING = 8
NEEDED_BYTES = 300_000_000
"""Left on the machine before a piece begins: a whole process with the page's report and a backtest
of two rules over all years takes 273 MB at its peak (measured 2026-11)."""
MEMORY_SECONDS = 30.0
"""How long a piece waits for that before it is given up."""

State = Literal["waiting", "running", "done", "failed", "cancelled"]


class CancelledError(Exception):
    """Raised inside the work when the user asked it to stop."""


class BusyError(InputError):
    """The queue is full."""


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """A piece of work. share: how much is done, 0 to 1. failure: what went wrong.

    ahead: how many pieces come before it. n_bytes: what its result holds.
    """

    job_id: str
    title: str
    state: State = "waiting"
    ahead: int = 0
    stage: str = ""
    share: float = 0.0
    result: Any = None
    n_bytes: int = 0
    failure: NvsignalError | None = None
    seconds: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)

    def step(self, stage: str, share: float) -> None:
        """Say how far the work is; raises ``CancelledError`` when the user asked it to stop."""
        if self.stop.is_set():
            raise CancelledError
        self.stage, self.share = stage, min(max(share, 0.0), 1.0)

    @property
    def over(self) -> bool:
        """True once there is nothing more to wait for."""
        return self.state not in ("waiting", "running")


Work = Callable[[Job], Any]


class Jobs:
    """The jobs of one page. One runs, some wait in turn, and the last few results are kept.

    free: bytes of memory that are left now; None where nobody can say.
    """

    def __init__(self, free: Callable[[], int | None] | None = None) -> None:
        self._free = free or free_bytes
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._waiting: list[tuple[Job, Work]] = []
        self._at_work = False

    def start(self, title: str, work: Work) -> Job:
        """Run ``work`` in its turn; ``BusyError`` when too many wait already."""
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                raise BusyError(
                    phrase("{n:int} backtests are waiting already", n=MOST_WAITING),
                    remedy=phrase("wait for one to end, or stop one"),
                )
            job = Job(job_id=secrets.token_urlsafe(9), title=title)
            self._jobs[job.job_id] = job
            self._waiting.append((job, work))
            self._count()
            if not self._at_work:
                self._at_work = True
                threading.Thread(target=self._work_off, name="backtest", daemon=True).start()
        return job

    def get(self, job_id: str) -> Job | None:
        """The job called ``job_id``, while it is kept."""
        return self._jobs.get(job_id)

    def running(self) -> Job | None:
        """The job at work, else the next one."""
        with self._lock:
            return next((job for job in self._jobs.values() if not job.over), None)

    def cancel(self, job: Job) -> None:
        """Stop ``job`` at its next step, or take it out of the queue."""
        job.stop.set()
        with self._lock:
            kept = [pair for pair in self._waiting if pair[0] is not job]
            if len(kept) < len(self._waiting):
                self._waiting = kept
                job.state = "cancelled"
                self._count()

    def stop_all(self) -> None:
        """Ask whatever runs or waits to stop; for the server's own end."""
        for job in list(self._jobs.values()):
            self.cancel(job)

    def _work_off(self) -> None:
        """Do what waits, in turn; the thread ends with the queue."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._at_work = False
                    return
                job, work = self._waiting.pop(0)
                job.state = "running"
                self._count(running=1)
            try:
                _run(job, work, self._free)
            finally:
                with self._lock:
                    self._count()
                    self._forget()

    def _count(self, running: int = 0) -> None:
        """Tell those who wait how many come before them."""
        running = running or sum(job.state == "running" for job in self._jobs.values())
        for place, (job, _) in enumerate(self._waiting):
            job.ahead = place + running

    def _forget(self) -> None:
        """Drop the oldest results beyond what is kept."""
        ended = [job for job in self._jobs.values() if job.over]
        total = sum(job.n_bytes for job in ended)
        for place, job in enumerate(ended[:-1]):
            if len(ended) - place <= KEPT and total <= KEPT_BYTES:
                return
            total -= job.n_bytes
            del self._jobs[job.job_id]


def _run(job: Job, work: Work, free: Callable[[], int | None]) -> None:
    state: State = "failed"
    began_s = monotonic()
    try:
        _need_memory(job, free)
        result = work(job)
        job.n_bytes = held_bytes(result)
        job.result = result
        state = "done"
    except CancelledError:
        state = "cancelled"
    except NvsignalError as error:
        job.failure = error
    except MemoryError:
        job.failure = NvsignalError(
            phrase("there is not enough memory for this"), remedy=phrase("choose a shorter window")
        )
    except Exception as error:  # the thread's last door: the page must not wait for ever
        kind = type(error).__name__
        job.failure = NvsignalError(phrase("the work failed unexpectedly ({kind})", kind=kind))
        raise
    finally:
        job.seconds = monotonic() - began_s
        job.state = state


def _need_memory(job: Job, free: Callable[[], int | None]) -> None:
    """Wait until the machine has room for the work; ``InputError`` when it does not get it."""
    until = monotonic() + MEMORY_SECONDS
    while (left := free()) is not None and left < NEEDED_BYTES:
        if monotonic() > until:
            raise InputError(
                phrase(
                    "only {left:int} MB of memory are free, {needed:int} MB are needed",
                    left=left / 1e6,
                    needed=NEEDED_BYTES / 1e6,
                ),
                remedy=phrase("close something, and run it again"),
            )
        if job.stop.wait(0.5):
            raise CancelledError


def free_bytes(
    meminfo: Path = Path("/proc/meminfo"), group: Path = Path("/sys/fs/cgroup")
) -> int | None:
    """Memory left for this process: of the machine, or of its container where that is less.

    None where the system does not tell (proc(5), cgroup v2). What files keep in memory is given
    back on demand and counts as free.
    """
    left = []
    if found := re.search(r"MemAvailable:\s+(\d+) kB", _read(meminfo)):
        left.append(1024 * int(found[1]))
    limit, used = _read(group / "memory.max").strip(), _read(group / "memory.current").strip()
    if limit.isdigit() and used.isdigit():
        files = re.search(r"(?m)^inactive_file (\d+)$", _read(group / "memory.stat"))
        left.append(int(limit) - int(used) + (int(files[1]) if files else 0))
    return min(left, default=None)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def held_bytes(value: Any, seen: set[int] | None = None) -> int:
    """Bytes that ``value`` holds: arrays, dataclasses and containers all the way down, once each.

    What else it refers to counts with its own size alone.
    """
    seen = set() if seen is None else seen
    if id(value) in seen:
        return 0
    seen.add(id(value))
    n = max(sys.getsizeof(value), getattr(value, "nbytes", 0))
    if dataclasses.is_dataclass(value):
        inside = [getattr(value, f.name) for f in dataclasses.fields(value)]
    elif isinstance(value, Mapping):
        inside = [*value.keys(), *value.values()]
    elif isinstance(value, tuple | list | set | frozenset):
        inside = list(value)
    else:
        return n
    return n + sum(held_bytes(part, seen) for part in inside)
