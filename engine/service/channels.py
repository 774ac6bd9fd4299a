"""The channels of the configuration, and what there is to tell on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from engine.errors import InputError
from engine.phrases import error_phrase

if TYPE_CHECKING:
    from config.settings import ChannelSettings, Config
    from engine.record.store import Store
    from engine.report.courier import Courier
    from engine.report.deliver import Notice
    from engine.report.ways import Channel
    from engine.service.logs import Log
    from engine.service.morning import Morning
    from engine.values import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """The channels that can be used, and one line for each that cannot."""

    usable: tuple[Channel, ...]
    problems: tuple[str, ...]

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every address, for the redactor."""
        return tuple(channel.address for channel in self.usable)


def channels_of(config: Config) -> Channels:
    """Read the addresses of every channel; one that is missing does not silence the others."""
    from engine.report.courier import read_address

    usable, problems = [], []
    for settings in config.settings.delivery.channel:
        try:
            address = read_address(
                name=settings.name, url_env=settings.url_env, url_file=settings.url_file
            )
            usable.append(_channel(settings, address))
        except InputError as error:
            problems.append(error_phrase(error))
    return Channels(usable=tuple(usable), problems=tuple(problems))


def _channel(settings: ChannelSettings, address: str) -> Channel:
    from engine.report.ways import Channel

    return Channel(
        name=settings.name,
        address=address,
        language=settings.language,
        kinds=frozenset(settings.kinds),
        form=settings.form,
        quiet=settings.quiet,
    )


def outbox(
    store: Store, config: Config, morning: Morning | None, now: datetime
) -> tuple[Notice, ...]:
    """Everything there is to tell at ``now``, whether it was told before or not."""
    from engine.report import deliver
    from engine.service.collecting import health
    from engine.service.morning import past_decisions

    told: list[Notice] = []
    if morning is not None:
        report = morning.report
        past = past_decisions(store, config, max(now, report.as_of))
        past = tuple(p for p in past if str(p["acts_on"]) <= str(report.decision.acts_on))
        changed = deliver.changed_notice(report, past)
        told += [changed] if changed is not None else []
        told.append(deliver.digest_notice(report, _earlier(store, report.decision.acts_on)))
        least = config.settings.delivery.tripwire_score
        told += deliver.release_notices(report, now, least)
    told += deliver.event_notices(live_events(store), now)
    failures = {name: state.failures for name, state in store.poll_states().items()}
    told += deliver.down_notices(health(store, config, now), failures)
    told += missing_reports(store, now)
    return tuple(told)


EARLIER_REPORTS = 10
"""Sessions back for which a report says that it could not be sent."""


def _earlier(store: Store, acts_on: date) -> tuple[date, ...]:
    """The sessions before ``acts_on`` whose reports were made, oldest first."""
    from engine.service.schedule import session_of

    runs = store.job_runs("report", limit=EARLIER_REPORTS + 1)
    days = {session_of(run) for run in runs if run.status == "done"}
    return tuple(sorted(day for day in days if day < acts_on))


def live_events(store: Store) -> tuple[Event, ...]:
    """The stories of classified news, each as it was first told; curated history alerts nobody."""
    from engine.decision.events import known_events
    from engine.record.history import History

    facts = store.facts(kinds=("event",))
    if not facts:
        return ()
    return tuple(known_events(History(facts), facts[-1].known_at))


def missing_reports(store: Store, now: datetime) -> Sequence[Notice]:
    """Reports of the last two days that failed twice or more and were not made since."""
    from engine.report.deliver import report_missing_notice
    from engine.service.schedule import session_of

    return [
        report_missing_notice(session_of(run), run.detail)
        for run in store.job_runs("report", limit=5)
        if run.status == "failed"
        and run.attempts > 1
        and now - run.scheduled_for < timedelta(days=2)
    ]


def courier_of(store: Store, config: Config, channels: Channels, log: Log) -> Courier:
    """The one who sends."""
    from engine.report.courier import Courier

    return Courier(
        store=store,
        channels=channels.usable,
        log=log,
        coalesce=timedelta(minutes=config.settings.delivery.coalesce_minutes),
    )
