"""Schedulers in processes of their own, to be killed by tests; imported by those processes."""

from __future__ import annotations

import io
import os
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from config.settings import ChannelSettings
from engine.macro.sessions import Sessions
from engine.record.store import Store
from engine.service.channels import channels_of, courier_of, outbox
from engine.service.lock import leader_lock, owner_name
from engine.service.logs import Redactor, open_log
from engine.service.morning import Morning
from engine.service.runner import serve
from tests.service.mornings import Desk, configured, make_runner, with_channels


class FastClock:
    """A day in ``seconds_a_day`` seconds, beginning at ``start`` when the test did.

    All processes share one machine and therefore one monotonic clock.
    """

    def __init__(self, start: datetime, began: float, seconds_a_day: float) -> None:
        self.start, self.began, self.rate = start, began, 86_400 / seconds_a_day

    def __call__(self) -> datetime:
        return self.start + timedelta(seconds=(time.monotonic() - self.began) * self.rate)


def run_scheduler(
    url: str, folder: str, clock: FastClock, sessions: Sessions, every: float, url_env: str = ""
) -> None:
    """``nvsignal run`` with a fast clock and fake decisions, until killed.

    url_env: names the variable with the address that reports are mailed to; "" for no mail.
    """
    desk = Desk(sessions=sessions)
    config = configured(catch_up_sessions=30, collect_every_minutes=1440)
    if url_env:
        channel = ChannelSettings(name="mail", url_env=url_env)
        config = with_channels(config, channel, coalesce_minutes=0)
    stop = threading.Event()
    log = open_log(Redactor(), io.StringIO())
    with Store.open(url) as store:
        courier = courier_of(store, config, channels_of(config), log)

        def deliver(morning: Morning | None, now: datetime, /) -> None:
            courier.deliver(outbox(store, config, morning, now), now)

        runner = make_runner(
            store,
            desk,
            clock,
            Path(folder),
            config=config,
            deliver=deliver,
            lock=leader_lock(url),
            log=log,
            owner=owner_name(),
        )
        try:
            serve(runner.cycle, stop, clock=_wall, log=log, seconds=every)
        finally:
            runner.lock.release()


def _wall() -> datetime:
    from engine.clock import now

    return now()


def leader_of(url: str) -> int | None:
    """Number of the process that leads; None when none does."""
    lock = leader_lock(url)
    try:
        holder = lock.holder()
    finally:
        lock.release()
    return None if holder is None else int(holder.name.rpartition(":")[2])


def lead_and_report(url: str, pipe: Any) -> None:
    """Take the lock, say when, and hold it until killed."""
    lock = leader_lock(url)
    while not lock.acquire():
        time.sleep(0.05)
    pipe.send((os.getpid(), time.monotonic()))
    time.sleep(600)
