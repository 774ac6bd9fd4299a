"""Doing what is due, once: the cycle of ``nvsignal run`` and ``nvsignal daily``.

::

    schedule.due ─▶ claim ─▶ collect, or decide and write ─▶ finish ─▶ deliver
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.errors import InputError, NvsignalError
from engine.files import at_home
from engine.phrases import phrase
from engine.service.collecting import health
from engine.service.lock import owner_name
from engine.service.schedule import AHEAD, RunKey, due, next_runs, session_of, sessions_around

if TYPE_CHECKING:
    from config.settings import Config
    from engine.macro.sessions import Sessions
    from engine.record.chain import LedgerEntry
    from engine.record.store import Store
    from engine.service.channels import Channels
    from engine.service.lock import LeaderLock
    from engine.service.logs import Log
    from engine.service.morning import Morning
    from engine.shown import Report

POLL_SECONDS = 5.0
"""Between two looks at the clock; also how long a killed leader's place stays empty at most."""

CLOCK_STEP = timedelta(seconds=30)
"""A wall clock this far behind where it should be was set back."""

COLLECT_SECONDS = 480.0
"""Most a round of the feeds may take: the last one before a report must not hold it up. What was
not asked in time stays due."""

_RUNS_READ = 60
_ANY_AGE = timedelta(days=-36_500)
"""``Store.claim`` compares ages; a negative one takes over whatever ``due`` has judged, also when
the clock has been set back since."""


# --- doing it -------------------------------------------------------------------------------


class Collect(Protocol):
    """Ask the feeds that are due and classify what they bring; returns lines worth logging."""

    def __call__(self, store: Store, config: Config, now: datetime, /) -> Mapping[str, Any]:
        """One round at ``now``."""


class Prepare(Protocol):
    """``engine.service.morning.prepare``."""

    def __call__(
        self, store: Store, config: Config, as_of: datetime, /, *, record: bool
    ) -> Morning:
        """The morning as of ``as_of``; ``record``: note its decision in the ledger."""


class Deliver(Protocol):
    """Send what is to be sent; called after the runs of a cycle and every minute."""

    def __call__(self, morning: Morning | None, now: datetime, /) -> None:
        """``morning``: the newest report, None when none was made yet."""


@dataclass(kw_only=True)
class Runner:
    """Does what is due, once. The clock, the feeds and the way out are passed in."""

    store: Store
    config: Config
    lock: LeaderLock
    log: Log
    clock: Callable[[], datetime]
    collect: Collect
    prepare: Prepare
    deliver: Deliver
    folder: Path
    sessions: Callable[[datetime, Config], Sessions] = sessions_around
    owner: str = field(default_factory=owner_name)
    afterwards: Callable[[date | None, datetime], None] = lambda day, now: None
    """(session of the newest report, now): what follows the delivery; it never fails."""
    _morning: Morning | None = None
    _leading: bool | None = None
    _said: set[str] = field(default_factory=set)
    _calendar: tuple[date, Sessions] | None = None
    _delivered_at: datetime | None = None

    def cycle(self, *, ahead: timedelta = timedelta(0)) -> tuple[RunKey, ...]:
        """Do everything that is due, then deliver; the runs that were finished well."""
        if not self.leads():
            return ()
        finished: list[RunKey] = []
        for key in self.due(ahead=ahead):
            if not self.lock.held():
                self.log.warning("lock_lost", remedy="another process may be leading now")
                return tuple(finished)
            if self.execute(key):
                finished.append(key)
        self._deliver_now(soon=bool(finished))
        self.afterwards(self._newest_session(), self.clock())
        return tuple(finished)

    def leads(self) -> bool:
        """Try to lead; a change is said once."""
        leading = self.lock.acquire()
        if leading != self._leading:
            self._morning = None  # somebody else may have made a newer one in the meantime
            if leading:
                self.log.info("leading", owner=self.owner)
            else:
                holder = self.lock.holder()
                self.log.info("waiting", holder=None if holder is None else holder.name)
        self._leading = leading
        return leading

    def due(self, *, ahead: timedelta = timedelta(0)) -> tuple[RunKey, ...]:
        """What the record and the clock say is due now."""
        now = self.clock()
        runs = (*self.store.job_runs("report", limit=_RUNS_READ), *self.store.job_runs("collect"))
        return due(now, runs, self._sessions(now), self.config.settings.schedule, ahead=ahead)

    def ahead(self) -> Mapping[str, datetime]:
        """job -> when it is due next."""
        now = self.clock()
        return next_runs(now, self._sessions(now), self.config.settings.schedule)

    def newest_report(self) -> Report | None:
        """The report made last by this object; None before the first."""
        return None if self._morning is None else self._morning.report

    def _newest_session(self) -> date | None:
        runs = self.store.job_runs("report", limit=1)
        return session_of(runs[0]) if runs and runs[0].status == "done" else None

    def execute(self, key: RunKey) -> bool:
        """Claim, do, finish. What goes wrong is noted in the run, and tried again later."""
        began = self.clock()
        where = (key.job, key.scheduled_for, self.owner)
        if not self.store.claim(*where, began, stale_after=_ANY_AGE, retry_after=_ANY_AGE):
            return False
        try:
            detail = self._report(key) if key.job == "report" else self._collect(began)
        except Exception as error:
            self._failed(key, error)
            return False
        self.store.finish(*where, self.clock(), detail=detail)
        self.log.info(f"{key.job}_done", scheduled_for=key.scheduled_for, detail=detail)
        self._said = {said for said in self._said if not said.startswith(f"{key.job}_failed")}
        return True

    def _failed(self, key: RunKey, error: Exception) -> None:
        known = isinstance(error, NvsignalError)
        why = self.log.redact(str(error) if known else f"{type(error).__name__}: {error}")[:500]
        self.store.finish(
            key.job, key.scheduled_for, self.owner, self.clock(), status="failed", detail=why
        )
        # The same trouble again is not news.
        self._once(f"{key.job}_failed", why, scheduled_for=key.scheduled_for, why=why)

    def _once(self, event: str, what: str, **fields: Any) -> None:
        if f"{event} {what}" not in self._said:
            self._said.add(f"{event} {what}")
            self.log.error(event, **fields)

    def _collect(self, now: datetime) -> str:
        told = self.collect(self.store, self.config, now)
        return ", ".join(f"{name} {value}" for name, value in told.items())

    def _report(self, key: RunKey) -> str:
        assert key.as_of is not None
        assert key.acts_on is not None
        standing = self._standing(key)
        as_of = key.as_of if standing is None else standing.made_at
        self._morning = self.prepare(self.store, self.config, as_of, record=standing is None)
        write_reports(self._morning, self.folder, self.config)
        decision = self._morning.report.decision
        return f"{decision.acts_on} {decision.verdict} {decision.score:+.3f}"

    def _standing(self, key: RunKey) -> LedgerEntry | None:
        """The entry that an earlier attempt at this very run has left in the ledger."""
        from engine.record import ledger

        assert key.as_of is not None
        latest = max(key.as_of, key.scheduled_for)
        for entry in ledger.entries(self.store, strategy=self.config.strategy.name):
            on_time = key.scheduled_for - AHEAD <= entry.made_at <= latest or (
                entry.made_at == key.as_of
            )
            if entry.acts_on == key.acts_on and entry.stands and on_time:
                return entry
        return None

    def _deliver_now(self, *, soon: bool) -> None:
        if not self.config.settings.delivery.channel:
            return
        now = self.clock()
        recent = self._delivered_at is not None and (
            timedelta(0) <= now - self._delivered_at < timedelta(minutes=1)
        )
        if recent and not soon:
            return
        self._delivered_at = now
        try:
            self.deliver(self._latest(), now)
        except Exception as error:
            why = self.log.redact(f"{type(error).__name__}: {error}")
            self._once("delivery_failed", why, why=why)

    def not_sent(self) -> list[str]:
        """One line for each channel that fails and each recipient who was turned away."""
        from engine.report.courier import failing_since, turned_away

        lines = []
        for channel in self.config.settings.delivery.channel:
            since = failing_since(self.store, channel.name)
            if since is not None:
                lines.append(f"nothing on '{channel.name}' since {since:%Y-%m-%d %H:%M} UTC")
        rows = turned_away(self.store, self.clock())
        return lines + [f"{row.recipient}: {row.why}" for row in rows]

    def _latest(self) -> Morning | None:
        """The newest report: the one just made, or after a restart the one on record again."""
        if self._morning is None:
            runs = self.store.job_runs("report", limit=_RUNS_READ)
            newest = next((run for run in runs if run.status == "done"), None)
            if newest is not None:
                day = session_of(newest)
                as_of = min(self._sessions(self.clock()).decide_at(day), newest.scheduled_for)
                key = RunKey(
                    job="report", scheduled_for=newest.scheduled_for, acts_on=day, as_of=as_of
                )
                entry = self._standing(key)
                as_of = as_of if entry is None else entry.made_at
                self._morning = self.prepare(self.store, self.config, as_of, record=False)
        return self._morning

    def _sessions(self, now: datetime) -> Sessions:
        """The calendar, read once a day."""
        today = now.astimezone(UTC).date()
        if self._calendar is None or self._calendar[0] != today:
            self._calendar = (today, self.sessions(now, self.config))
        return self._calendar[1]


def report_languages(config: Config) -> tuple[str, ...]:
    """Every language somebody reads: the report's own first, then those of the channels."""
    settings = config.settings
    told = [settings.report.language, *(c.language for c in settings.delivery.channel)]
    return tuple(dict.fromkeys(told))


def write_reports(morning: Morning, folder: Path, config: Config) -> tuple[Path, ...]:
    """``2026-11-23.json`` and ``2026-11-23.en.html`` (one for each language), old or new, never
    half; named by the session acted on."""
    from engine.files import write_file
    from engine.report.render import render

    day = morning.report.decision.acts_on.isoformat()
    forms = [(f"{day}.{lang}.html", "html", lang) for lang in report_languages(config)]
    written = []
    for name, form, lang in [*forms, (f"{day}.json", "json", "en")]:
        text = render(morning.report, form, lang)
        write_file(folder / name, text, private=True, make_folder=True)
        written.append(folder / name)
    return tuple(written)


def report_folder(config: Config) -> Path:
    """``[report] folder``, or ``reports`` in the data folder."""
    from engine.service.folders import data_folder

    given = config.settings.report.folder
    return at_home(given) if given else data_folder() / "reports"


# --- the real seams -------------------------------------------------------------------------


def collect(store: Store, config: Config, now: datetime, /) -> Mapping[str, Any]:
    """One round over the feeds that are due, and what it brought in figures."""
    from engine.service.collecting import collect_and_ingest

    done = collect_and_ingest(store, config, now, budget_seconds=COLLECT_SECONDS)
    summary = done.summary
    return {
        "asked": summary.count("new", "unchanged", "failed"),
        "failed": summary.count("failed"),
        "new": summary.new,
        "changed": summary.changed,
        "stories": done.ingested.stories,
        "releases": done.ingested.releases,
        **({"offline": "yes"} if done.offline else {}),
    }


def prepare(store: Store, config: Config, as_of: datetime, /, *, record: bool) -> Morning:
    """The morning with the health of the feeds in it."""
    from engine.service import morning

    return morning.prepare(store, config, as_of, record=record, polled=health(store, config, as_of))


# --- waking up ------------------------------------------------------------------------------


class Stop(Protocol):
    """A ``threading.Event``."""

    def wait(self, timeout: float | None = None) -> bool:
        """True once it is set."""

    def is_set(self) -> bool:
        """Whether it is set."""


def serve(
    cycle: Callable[[], Any],
    stop: Stop,
    *,
    clock: Callable[[], datetime],
    log: Log,
    seconds: float = POLL_SECONDS,
) -> None:
    """Call ``cycle`` every ``seconds`` until ``stop``; a cycle that is under way is finished.

    APScheduler plans by the wall clock, so a clock that is set back an hour would stop it for an
    hour: this watches for that and plans anew.
    """
    from apscheduler.schedulers.background import BackgroundScheduler

    # A long round of the feeds outlasts several wake-ups; that is not worth a line each.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.add_job(
        _Watch(cycle, log),
        "interval",
        id="cycle",
        seconds=seconds,
        next_run_time=clock(),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.start()
    try:
        before = clock()
        while not stop.wait(seconds):
            now = clock()
            if now < before - CLOCK_STEP:
                log.warning("clock_set_back", seconds=(before - now).total_seconds())
                scheduler.modify_job("cycle", next_run_time=now)
            before = now
    finally:
        scheduler.shutdown(wait=True)


@dataclass(slots=True)
class _Watch:
    """One cycle after another; a database that is away for an hour ends nothing and is one line."""

    cycle: Callable[[], Any]
    log: Log
    trouble: str = ""

    def __call__(self) -> None:
        try:
            self.cycle()
        except Exception as error:
            known = isinstance(error, NvsignalError)
            why = str(error) if known else f"{type(error).__name__}: {error}"
            if why != self.trouble:
                self.log.error("cycle_failed", why=why)
            self.trouble = why
        else:
            if self.trouble:
                self.log.info("cycle_works_again")
            self.trouble = ""


def make_runner(
    store: Store,
    config: Config,
    *,
    lock: LeaderLock,
    log: Log,
    clock: Callable[[], datetime],
    channels: Channels,
    offline: bool = False,
) -> Runner:
    """A runner with the real feeds and channels; ``offline`` asks no feed."""
    from engine.service.afterwards import Afterwards
    from engine.service.channels import courier_of, outbox

    courier = courier_of(store, config, channels, log)

    def deliver(morning: Morning | None, now: datetime, /) -> None:
        courier.deliver(outbox(store, config, morning, now), now)

    return Runner(
        store=store,
        config=config,
        lock=lock,
        log=log,
        clock=clock,
        collect=_no_feed if offline else collect,
        prepare=prepare,
        deliver=deliver,
        folder=report_folder(config),
        afterwards=Afterwards(store=store, config=config, log=log),
    )


def _no_feed(store: Store, config: Config, now: datetime, /) -> Mapping[str, Any]:
    return {"offline": "asked for"}


def check_folder(folder: Path) -> None:
    """Make the folder of reports; ``InputError`` when nothing can be written there."""
    import tempfile

    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            phrase(
                "cannot write reports to '{folder}' ({why})", folder=str(folder), why=error.strerror
            ),
            remedy=phrase("change [report] folder in nvsignal.toml, or the folder's permissions"),
        ) from None
