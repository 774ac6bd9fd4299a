"""What follows a delivered report: a time stamp of the ledger, and a sign of life.

Both are off by default. Neither can stop or delay a morning: they come after the delivery, each
exchange has a few seconds, and what fails is one line in the log and tried again later.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import InputError, NvsignalError
from engine.phrases import phrase
from engine.service import stamps

if TYPE_CHECKING:
    from config.settings import Config
    from engine.record.store import Store
    from engine.service.logs import Log

PAUSE = timedelta(minutes=10)
"""After a failure."""

Ping = Callable[[str], None]
"""Ask the address, a secret; raises ``NvsignalError``."""


@dataclass(kw_only=True)
class Afterwards:
    """Called after every delivery; each of the two is done once a session."""

    store: Store
    config: Config
    log: Log
    place: Path = field(default_factory=stamps.folder)
    ask: stamps.Ask | None = None
    ping: Ping | None = None
    _not_before: dict[str, datetime] = field(default_factory=dict)

    def __call__(self, day: date | None, now: datetime) -> None:
        """day: the session of the newest report; None before the first."""
        settings = self.config.settings
        if day is None:
            return
        if settings.timestamp.url:
            self._once("stamp", day, now, self._stamp)
        if settings.watch.ping_url_env and self._told(day):
            self._once("ping", day, now, self._ping)

    def _once(self, what: str, day: date, now: datetime, do: Callable[[], None]) -> None:
        key, waits = f"{what}|{day}", self._not_before.get(what)
        if waits is not None and waits - PAUSE <= now < waits:
            return
        if self.store.sent_at(key) is not None:
            return
        try:
            do()
        except Exception as error:  # whatever it is, the morning goes on
            known = isinstance(error, NvsignalError)
            why = str(error) if known else type(error).__name__
            self._not_before[what] = now + PAUSE
            self.log.warning(f"{what}_failed", session=day, why=self.log.redact(why))
        else:
            self.store.mark_sent(key, now)

    def _stamp(self) -> None:
        stamps.stamp(self.store, self.config.settings.timestamp, self.place, self.ask)

    def _told(self, day: date) -> bool:
        """Whether the report has gone out on every channel that carries reports."""
        from engine.report.courier import report_sent

        carriers = (c for c in self.config.settings.delivery.channel if "digest" in c.kinds)
        return all(report_sent(self.store, channel.name, day) for channel in carriers)

    def _ping(self) -> None:
        watch = self.config.settings.watch
        address = os.environ.get(watch.ping_url_env, "").strip()
        if not address:
            raise InputError(
                phrase(
                    "the environment variable {ping_url_env} is not set",
                    ping_url_env=watch.ping_url_env,
                )
            )
        if self.ping is not None:
            self.ping(address)
            return
        from engine.service.outside import exchange

        exchange(address, allow_private=watch.allow_private)
