"""One piece of long work at a time, in a thread of its own, with progress and a way to stop."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal

from engine.errors import InputError, NvsignalError

KEPT = 8
"""Finished jobs whose results can still be looked at."""

State = Literal["running", "done", "failed", "cancelled"]


class CancelledError(Exception):
    """Raised inside the work when the user asked it to stop."""


class BusyError(InputError):
    """Another job is still running."""


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """A piece of work. share: how much is done, 0 to 1. failure: one line for the user."""

    job_id: str
    title: str
    state: State = "running"
    stage: str = ""
    share: float = 0.0
    result: Any = None
    failure: str = ""
    started_s: float = field(default_factory=monotonic)
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
        return self.state != "running"


Work = Callable[[Job], Any]


class Jobs:
    """The jobs of one page. Only one runs; the last few results are kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, title: str, work: Work) -> Job:
        """Run ``work`` in the background; ``BusyError`` while another runs."""
        with self._lock:
            if any(not job.over for job in self._jobs.values()):
                raise BusyError(
                    "another backtest is still running", remedy="wait for it, or stop it"
                )
            job = Job(job_id=secrets.token_urlsafe(9), title=title)
            while len(self._jobs) >= KEPT:
                self._jobs.pop(next(iter(self._jobs)))
            self._jobs[job.job_id] = job
        threading.Thread(target=_run, args=(job, work), name="backtest", daemon=True).start()
        return job

    def get(self, job_id: str) -> Job | None:
        """The job called ``job_id``, while it is kept."""
        return self._jobs.get(job_id)

    def running(self) -> Job | None:
        """The job at work."""
        return next((job for job in list(self._jobs.values()) if not job.over), None)

    def stop_all(self) -> None:
        """Ask whatever runs to stop; for the server's own end."""
        for job in list(self._jobs.values()):
            job.stop.set()


def _run(job: Job, work: Work) -> None:
    state: State = "failed"
    try:
        job.result = work(job)
        state = "done"
    except CancelledError:
        state = "cancelled"
    except NvsignalError as error:
        job.failure = str(error)
    except Exception as error:  # the thread's last door: the page must not wait for ever
        job.failure = f"the work failed unexpectedly ({type(error).__name__})"
        raise
    finally:
        job.seconds = monotonic() - job.started_s
        job.state = state
