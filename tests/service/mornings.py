"""Mornings without the market: a runner whose clock, calendar, feeds and report are the test's."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from config.settings import Config, config_folder
from engine.macro.sessions import Sessions, load_sessions
from engine.record import ledger
from engine.record.store import Store
from engine.service.bind import load
from engine.service.lock import LeaderLock, NoLock
from engine.service.logs import Log, Redactor, open_log
from engine.service.morning import Morning
from engine.service.runner import Runner
from engine.shown import Report
from tests.engine.report.sample_report import sample_report

CONFIG = str(Path(__file__).resolve().parents[2] / "config")


class KilledError(BaseException):
    """Stands for kill -9: no handler of the program sees it."""


def configured(**schedule: Any) -> Config:
    """The shipped configuration with another schedule."""
    config = load(config_folder(CONFIG))
    changed = config.settings.schedule.model_copy(update=schedule)
    return replace(config, settings=config.settings.model_copy(update={"schedule": changed}))


def with_channels(config: Config, *channels: Any, **rules: Any) -> Config:
    """``config`` that delivers to ``channels``."""
    delivery = config.settings.delivery.model_copy(update={"channel": channels, **rules})
    return replace(config, settings=config.settings.model_copy(update={"delivery": delivery}))


@dataclass
class Clock:
    """A clock the test moves."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Desk:
    """Fake feeds and fake decisions; counts them, and is killed where the test says.

    kill_at: steps ("collect", "before ledger", "after ledger") at which the next call dies, once.
    """

    sessions: Sessions
    strategy: str = "balanced"
    verdict: Callable[[date], str] = lambda _: "HOLD"
    kill_at: list[str] = field(default_factory=list)
    collected: list[datetime] = field(default_factory=list)
    prepared: list[tuple[datetime, bool]] = field(default_factory=list)

    def collect(self, store: Store, config: Config, now: datetime, /) -> Mapping[str, Any]:
        self._maybe_die("collect")
        self.collected.append(now)
        return {"asked": 1}

    def prepare(self, store: Store, config: Config, as_of: datetime, /, *, record: bool) -> Morning:
        self._maybe_die("before ledger")
        acts_on = self.sessions.acts_on(as_of)
        self.prepared.append((as_of, record))
        verdict = self.verdict(acts_on)
        if record:
            payload = {"acts_on": acts_on.isoformat(), "decision": verdict, "score": 0.1}
            ledger.append(
                store, payload, acts_on=acts_on, strategy=config.strategy.name, made_at=as_of
            )
            self._maybe_die("after ledger")
        return Morning(report=report_for(acts_on, as_of, verdict), assessment=None)  # type: ignore[arg-type]

    def _maybe_die(self, step: str) -> None:
        if step in self.kill_at:
            self.kill_at.remove(step)
            raise KilledError(step)


def report_for(acts_on: date, as_of: datetime, verdict: str = "HOLD") -> Report:
    """The sample report for another day."""
    base = sample_report()
    decided = replace(base.decision, acts_on=acts_on, verdict=verdict, decided_at=as_of)  # type: ignore[arg-type]
    return replace(base, as_of=as_of, decision=decided)


def make_runner(
    store: Store,
    desk: Desk,
    clock: Callable[[], datetime],
    folder: Path,
    *,
    config: Config | None = None,
    lock: LeaderLock | None = None,
    deliver: Any = lambda morning, now: None,
    log: Log | None = None,
    owner: str = "host:1",
) -> Runner:
    return Runner(
        store=store,
        config=config or configured(),
        lock=lock or NoLock(),
        log=log or open_log(Redactor(), io.StringIO()),
        clock=clock,
        collect=desk.collect,
        prepare=desk.prepare,
        deliver=deliver,
        folder=folder,
        sessions=lambda now, _: desk.sessions,
        owner=owner,
    )


def calendar(first: date, last: date) -> Sessions:
    return load_sessions(first - timedelta(days=40), last + timedelta(days=40))
