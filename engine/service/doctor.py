"""What could keep tomorrow's report from coming, each with a one-line remedy.

Reads only: no feed is asked, no message sent, no file made.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.clock import NEW_YORK
from engine.errors import NvsignalError
from engine.phrases import Phrase, error_phrase, phrase
from engine.report.retold import recalled
from engine.shown import FeedState, SourceHealth

if TYPE_CHECKING:
    from config.settings import Config
    from engine.record.store import Store
    from engine.service.channels import Channels

Level = Literal["ok", "warning", "error"]

WAL_RESET_FIRST, WAL_RESET_FIXED = (3, 7, 0), (3, 51, 3)
"""SQLite with the WAL-reset bug: two connections that write or checkpoint at the same moment can
corrupt the file (release notes of SQLite 3.51.3)."""

LOW_DISK_BYTES, FULL_DISK_BYTES = 1_000_000_000, 50_000_000
CLOCK_TOLERANCE = timedelta(minutes=5)
LATE = timedelta(hours=2)
"""A report still missing this long after its hour is overdue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line. remedy: what to do; empty when nothing needs doing."""

    level: Level
    check: str
    message: str
    remedy: str = ""


def examine(folder: Path, db: str | None, now: datetime) -> tuple[Finding, ...]:
    """Everything there is to say at ``now`` about the configuration in ``folder`` and its record.

    db: the record's address when it is not the configured one.
    """
    from engine.service import bind

    problems = bind.check(folder)
    if problems:
        return tuple(
            Finding(level="error", check="config", message=p, remedy=phrase("correct the file"))
            for p in problems
        )
    config = bind.load(folder)
    noted = (
        Finding(level="warning", check="config", message=line, remedy=phrase("see config/facts"))
        for line in bind.warnings(folder, now)
    )
    return (*noted, *_all(config, db, now))


def worst(findings: Iterable[Finding]) -> Level:
    """The worst level among ``findings``."""
    levels = {f.level for f in findings}
    return "error" if "error" in levels else "warning" if "warning" in levels else "ok"


def _all(config: Config, db: str | None, now: datetime) -> Iterator[Finding]:
    from engine.service import wiring
    from engine.service.channels import channels_of
    from engine.service.folders import data_folder
    from engine.service.logs import Redactor, secrets_of
    from engine.service.runner import report_folder

    url = db or wiring.default_db_url(config)
    channels = channels_of(config)
    redact = Redactor((*channels.secrets, *secrets_of(os.environ)))
    yield Finding(
        level="ok",
        check="config",
        message=phrase("{folder} is in order", folder=str(config.folder)),
    )
    yield from feeds_file(config)
    yield from hours(config)
    yield from contact(config)
    yield from ways_out(os.environ)
    yield from sqlite_version(url, sqlite3.sqlite_version_info)
    yield from folders({"reports": report_folder(config), "data": data_folder()})
    yield from addresses(channels)
    for finding in on_record(config, url, channels, now):
        yield Finding(
            level=finding.level,
            check=finding.check,
            message=_without_secrets(finding.message, redact),
            remedy=finding.remedy,
        )


def _without_secrets(message: str, redact: Callable[[str], str]) -> str:
    """``message``, still a phrase where it was one, and so are the phrases in it."""
    if not isinstance(message, Phrase):
        return redact(message)
    args = {
        name: _without_secrets(x, redact) if isinstance(x, str) else x
        for name, x in message.args.items()
    }
    return Phrase(message.template, args, message.plural, message.n)


# --- without the record ---------------------------------------------------------------------


def feeds_file(config: Config) -> Iterator[Finding]:
    """Problems of ``feeds.toml``."""
    from engine.service.collecting import feeds_of

    try:
        feeds_of(config)
    except NvsignalError as error:
        yield Finding(
            level="error",
            check="feeds.toml",
            message=error_phrase(error),
            remedy=phrase("correct the file"),
        )


def hours(config: Config) -> Iterator[Finding]:
    """Hours that contradict each other."""
    from engine.service.bind import contradicting_hours

    for message, remedy in contradicting_hours(config.settings):
        yield Finding(level="warning", check="hours", message=message, remedy=remedy)


def contact(config: Config) -> Iterator[Finding]:
    """The mail address that some sources ask of every client."""
    from engine.service.collecting import mute_line

    line = mute_line(config)
    if line:
        yield Finding(
            level="warning",
            check="contact",
            message=line,
            remedy=phrase("set [contact] mail in nvsignal.toml"),
        )


def ways_out(environment: Mapping[str, str]) -> Iterator[Finding]:
    """The proxies that the environment names, without their passwords."""
    from feeds.proxies import BadProxyError, proxies_of

    for name, found in proxies_of(environment).shown().items():
        if isinstance(found, BadProxyError):
            yield Finding(
                level="error",
                check="proxy",
                message=str(found),
                remedy=phrase("correct {name}, or unset it to connect directly", name=name),
            )
        else:
            yield Finding(level="ok", check="proxy", message=f"{name}: {found}")


def sqlite_version(url: str, version: tuple[int, ...]) -> Iterator[Finding]:
    """Whether the SQLite in use can lose a file to the WAL-reset bug."""
    if url.startswith("postgresql"):
        return
    shown = ".".join(map(str, version))
    if WAL_RESET_FIRST <= version < WAL_RESET_FIXED:
        yield Finding(
            level="warning",
            check="sqlite",
            message=phrase(
                "SQLite {shown} has the WAL-reset bug (3.7.0 to 3.51.2), rare damage when two "
                "connections write at the same moment; nvsignal lets one write at a time",
                shown=str(shown),
            ),
            remedy=phrase("keep backups ('nvsignal db backup'), or use SQLite 3.51.3 or newer"),
        )
    else:
        yield Finding(
            level="ok", check="sqlite", message=phrase("SQLite {shown}", shown=str(shown))
        )


def folders(wanted: dict[str, Path]) -> Iterator[Finding]:
    """Folders that cannot be written, and disks that are nearly full."""
    for name, folder in wanted.items():
        there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            yield Finding(
                level="error",
                check=f"folder: {name}",
                message=phrase("{folder} cannot be written", folder=str(folder)),
                remedy=phrase(
                    "change the permissions of {there}, or name another folder", there=str(there)
                ),
            )
            continue
        yield disk(name, folder, shutil.disk_usage(there).free)


def disk(name: str, folder: Path, free_bytes: int) -> Finding:
    """How much room is left for ``folder``."""
    message = phrase("{folder}: {free:.1f} GB free", folder=str(folder), free=free_bytes / 1e9)
    level: Level = "ok"
    if free_bytes < LOW_DISK_BYTES:
        level = "error" if free_bytes < FULL_DISK_BYTES else "warning"
    return Finding(
        level=level,
        check=f"folder: {name}",
        message=message,
        remedy=""
        if level == "ok"
        else phrase("free some space: below 1 GB a record may stop growing"),
    )


def addresses(channels: Channels) -> Iterator[Finding]:
    """Channels whose address is missing, readable by others, or not understood."""
    from engine.report.courier import open_address
    from engine.report.ways import DeliveryError

    for problem in channels.problems:
        message, _, remedy = problem.partition(" (")
        yield Finding(
            level="error", check="channel", message=message, remedy=remedy.removesuffix(")")
        )
    for channel in channels.usable:
        try:
            open_address(channel)
        except DeliveryError as error:
            yield Finding(
                level="error", check="channel", message=error.message, remedy=error.remedy or ""
            )
    if not channels.usable and not channels.problems:
        yield Finding(
            level="ok", check="channel", message=phrase("none configured: reports go to files")
        )


# --- on the record --------------------------------------------------------------------------


def on_record(config: Config, url: str, channels: Channels, now: datetime) -> Iterator[Finding]:
    """What the record itself tells: age, runs, feeds, ledger, channels that fail."""
    from engine.record.connect import file_of, parse_url
    from engine.record.store import Store

    try:
        path = file_of(parse_url(url))
        if path is not None and not path.exists():
            yield Finding(
                level="ok",
                check="record",
                message=phrase("no record at {path} yet", path=str(path)),
                remedy=phrase(
                    "next: 'nvsignal report' makes one, 'nvsignal collect' brings it up to date"
                ),
            )
            return
        with Store.open(url, create=False) as store:
            yield Finding(level="ok", check="record", message=store.address)
            if path is not None:
                yield journal_mode(path)
            checks: tuple[Callable[[], Iterator[Finding]], ...] = (
                lambda: clock_skew(store, now),
                lambda: ledger_chain(store, config),
                lambda: leader(url),
                lambda: runs(store, config, now),
                lambda: sources(store, config, now),
                lambda: failing_channels(store, channels),
                lambda: recipients(store, now),
            )
            for check in checks:
                yield from check()
    except NvsignalError as error:
        yield Finding(
            level="error", check="record", message=error.message, remedy=error.remedy or ""
        )


def journal_mode(path: Path) -> Finding:
    """Whether readers and the writer can work side by side."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
    if mode == "wal":
        return Finding(level="ok", check="journal", message=phrase("WAL is on"))
    return Finding(
        level="warning",
        check="journal",
        message=phrase(
            "journal mode is {mode}, not WAL: readers and the writer block each other",
            mode=str(mode),
        ),
        remedy=phrase("keep the record on a local disk that allows WAL"),
    )


def clock_skew(store: Store, now: datetime) -> Iterator[Finding]:
    """Facts or runs from the future: the clock was ahead then, or is behind now."""
    newest = list(store.newest_known_at().values())
    newest += [run.started_at for run in store.job_runs(limit=1)]
    latest = max(newest, default=None)
    if latest is not None and latest > now + CLOCK_TOLERANCE:
        yield Finding(
            level="error",
            check="clock",
            message=phrase(
                "the record holds {latest} UTC, and the clock says {now} UTC",
                latest=f"{latest:%Y-%m-%d %H:%M}",
                now=f"{now:%Y-%m-%d %H:%M}",
            ),
            remedy=phrase("set the clock (timedatectl set-ntp true)"),
        )
    else:
        yield Finding(
            level="ok", check="clock", message=phrase("nothing on record is from the future")
        )


def ledger_chain(store: Store, config: Config) -> Iterator[Finding]:
    """Whether the chain of decisions holds, and every entry that a report names is in it."""
    from engine.record import ledger
    from engine.service import anchors, stamps
    from engine.service.runner import report_folder

    try:
        head = ledger.verify(store)
        reports = anchors.hold(store, report_folder(config))
        stamped = stamps.verify(store, config.settings.timestamp, stamps.folder())
    except NvsignalError as error:
        yield Finding(
            level="error",
            check="ledger",
            message=error.message,
            remedy=phrase("restore a backup: nvsignal db restore"),
        )
    else:
        yield Finding(
            level="ok",
            check="ledger",
            message=_unbroken(head.n_entries, reports, stamped),
        )


def _unbroken(entries: int, reports: int, stamped: int) -> str:
    said = {"entries": entries, "reports": reports, "stamped": stamped}
    if stamped:
        return phrase(
            "unbroken, length {entries}, as {reports} reports name it and {stamped} time stamps",
            **said,
        )
    return phrase("unbroken, length {entries}, as {reports} reports name it", **said)


def leader(url: str) -> Iterator[Finding]:
    """Who runs the mornings."""
    from engine.service.lock import leader_lock

    lock = leader_lock(url)
    try:
        holder = lock.holder()
    finally:
        lock.release()
    if holder is None:
        yield Finding(
            level="ok",
            check="leader",
            message=phrase("no process is running the mornings"),
            remedy=phrase("start 'nvsignal run', or call 'nvsignal daily' from cron"),
        )
    else:
        yield Finding(
            level="ok",
            check="leader",
            message=phrase("{name} runs the mornings", name=holder.name),
        )


def runs(store: Store, config: Config, now: datetime) -> Iterator[Finding]:
    """The last report and the next one; an overdue or failed report is an error."""
    from engine.service import schedule

    settings = config.settings.schedule
    sessions = schedule.sessions_around(now, config)
    told = store.job_runs("report", limit=30)
    if told:
        last = told[0]
        failed = last.status == "failed"
        yield Finding(
            level="error" if failed else "ok",
            check="last report",
            message=_run_told(str(schedule.session_of(last)), last.status, last.detail),
            remedy=phrase("mend what the message names; it is tried again by itself")
            if failed
            else "",
        )
        done = {schedule.session_of(run) for run in told if run.status == "done"}
        first = min(schedule.session_of(run) for run in told)  # none was due before the first
        late = now - LATE
        passed = [d for d in sessions.on if d >= first and schedule.report_at(d, settings) < late]
        if passed and passed[-1] not in done and not failed:
            yield Finding(
                level="error",
                check="last report",
                message=phrase("there is no report for {passed}", passed=str(passed[-1])),
                remedy=phrase("start 'nvsignal run', or 'nvsignal daily' once"),
            )
    coming = schedule.next_runs(now, sessions, settings)["report"].astimezone(NEW_YORK)
    yield Finding(
        level="ok",
        check="next report",
        message=phrase("{coming} New York", coming=f"{coming:%Y-%m-%d %H:%M}"),
    )


def _run_told(session: str, status: str, detail: str) -> str:
    said = {"done": phrase("done"), "failed": phrase("failed"), "running": phrase("running")}
    told = said.get(status, status)
    if detail:
        why = recalled(detail)
        return phrase("{session}: {status}, {detail}", session=session, status=told, detail=why)
    return phrase("{session}: {status}", session=session, status=told)


def _state_told(source: SourceHealth) -> str:
    if not source.note:
        return source.state.value
    note = recalled(source.note)
    return phrase("{state}: {note}", state=source.state.value, note=note)


def sources(store: Store, config: Config, now: datetime) -> Iterator[Finding]:
    """Feeds that bring nothing."""
    from engine.service.collecting import health

    told = health(store, config, now)
    bad = [s for s in told if s.state.blind]
    never = [s for s in bad if s.state is FeedState.NEVER]
    if never and len(never) == len(told):
        yield Finding(
            level="warning",
            check="feeds",
            message=phrase("no feed was ever asked"),
            remedy=phrase("'nvsignal collect' asks them"),
        )
        return
    for source in bad:
        yield Finding(
            level="warning",
            check=f"feed: {source.name}",
            message=_state_told(source),
            remedy=phrase("see 'nvsignal feeds'"),
        )
    if told and not bad:
        yield Finding(
            level="ok", check="feeds", message=phrase("all {told} are well", told=str(len(told)))
        )


def failing_channels(store: Store, channels: Channels) -> Iterator[Finding]:
    """Channels whose last message could not be handed over."""
    from engine.report.courier import failing_since

    for channel in channels.usable:
        since = failing_since(store, channel.name)
        if since is None:
            yield Finding(
                level="ok", check=f"channel: {channel.name}", message=phrase("no failure")
            )
        else:
            yield Finding(
                level="error",
                check=f"channel: {channel.name}",
                message=phrase(
                    "nothing could be sent since {since} UTC", since=f"{since:%Y-%m-%d %H:%M}"
                ),
                remedy=phrase("the log of 'nvsignal run' says why; check its address"),
            )


REPEATS_SHOWN = timedelta(days=30)


def recipients(store: Store, now: datetime) -> Iterator[Finding]:
    """Recipients who were turned away, and mails that may have gone out twice."""
    from engine.report.courier import maybe_twice, turned_away

    for row in turned_away(store, now):
        yield Finding(
            level="error",
            check=f"channel: {row.channel}",
            message=phrase(
                "{recipient} did not get the mail of {changed_at}: {why}",
                recipient=str(row.recipient),
                changed_at=f"{row.changed_at:%Y-%m-%d}",
                why=str(row.why),
            ),
            remedy=phrase("correct the address, or ask its provider"),
        )
    for row in maybe_twice(store, now - REPEATS_SHOWN):
        yield Finding(
            level="warning",
            check=f"channel: {row.channel}",
            message=phrase(
                "{who} may have got '{key}' twice: a process ended before it heard the answer",
                who=row.recipient or phrase("the service"),
                key=str(row.key),
            ),
            remedy=phrase("none needed: both have one Message-ID, and mail programs show one"),
        )
