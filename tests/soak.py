"""The long simulations: ``python -m tests.soak`` (part of ``make soak``), on both databases.

``ingest``: processes killed at their writes; the record is sound, and a re-run brings back all.
``mornings``: three schedulers share a record and a mailbox on loopback for half a year of fast days
with both changes of the clock; leaders are killed at work and the machine sleeps for days. Each
session must have one decision, one report and one mail. A session that passed while another was
late, as after a sleep, is folded: its mail is left out and the next one names it. A kill between a
server's answer and its note may repeat a mail once, under the same Message-ID, and ``doctor`` says
so. Exit code 1 where anything else came of it.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import multiprocessing
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from engine.macro.sessions import Sessions
from engine.record import ledger
from engine.record.store import Store
from engine.report.deliver import digest_key
from engine.report.i18n import voice
from engine.report.smtp import NAME
from engine.service.doctor import recipients
from tests import postgres, record_workers
from tests.schedule_workers import FastClock, leader_of, run_scheduler
from tests.service.mornings import calendar

FIRST, LAST = date(2026, 10, 5), date(2027, 4, 1)
"""Winter time begins on 25 October (Paris) and 1 November (New York), summer time on 14 and 28
March; Thanksgiving, Christmas, New Year and three Mondays are holidays."""
KILLS_A_RECORD = 20
SLEEPS, SLEPT_DAYS = 8, (1.5, 4.5)
MOST_WAIT_SECONDS = 120.0


# --- killed ingests -----------------------------------------------------------------------------


def ingest(address: Callable[[], Any], kills: int, longest_s: float) -> str:
    """``kills`` of processes that write, ``KILLS_A_RECORD`` to a record."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.record_workers"])
    rng, between = random.Random(kills), 0
    for start in range(0, kills, KILLS_A_RECORD):
        n = min(KILLS_A_RECORD, kills - start)
        with address() as url:
            between += len(record_workers.kill_ingests(context, url, n, longest_s, rng))
    return f"{kills} kills, {between} of them between new documents: all sound, all re-runs equal"


# --- half a year of mornings --------------------------------------------------------------------


@dataclass
class Inbox:
    """Mails as they came in: (Message-ID, text)."""

    mails: list[tuple[str, str]] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = mail.get_body(("plain",))
        self.mails.append((str(mail["Message-ID"]), body.get_content() if body else ""))
        return "250 OK"


@contextmanager
def mailbox() -> Iterator[tuple[Inbox, int]]:
    """An inbox and the port of its server."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    inbox = Inbox()
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield inbox, port
    finally:
        server.stop()


@dataclass
class Crew:
    """Three schedulers; whoever is killed is replaced."""

    url: str
    start: Callable[[], Any]
    members: list[Any] = field(default_factory=list)

    def fill(self) -> None:
        while len(self.members) < 3:
            self.members.append(self.start())

    def kill_leader(self) -> bool:
        """False when nobody leads at the moment."""
        pid = leader_of(self.url)
        found = [m for m in self.members if m.pid == pid]
        for member in found:
            member.kill()
            member.join()
            self.members.remove(member)
        self.fill()
        return bool(found)

    def sleep(self, seconds: float) -> None:
        """The machine sleeps: no process does anything, and the clock goes on."""
        for member in self.members:
            os.kill(member.pid, signal.SIGSTOP)
        time.sleep(seconds)
        for member in self.members:
            os.kill(member.pid, signal.SIGCONT)

    def end(self) -> None:
        for member in self.members:
            member.kill()
            member.join()


def mornings(address: Callable[[], Any], kills: int, seconds_a_day: float, seed: int) -> str:
    """One half-year; what came of it in figures. ``AssertionError`` where it is not as it must."""
    sessions, rng = calendar(FIRST, LAST), random.Random(seed)
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        url = stack.enter_context(address())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nvsignal-soak-")))
        inbox, port = stack.enter_context(mailbox())
        os.environ["REPORT_URL"] = f"mailto://127.0.0.1:{port}?from=r@example.org&to=y@example.org"
        Store.open(url).close()
        began = time.monotonic() + 5.0
        clock = FastClock(datetime(2026, 10, 5, 6, tzinfo=UTC), began, seconds_a_day)

        def start() -> Any:
            args = (url, str(folder), clock, sessions, 0.05, "REPORT_URL")
            process = context.Process(target=run_scheduler, args=args)
            process.start()
            return process

        crew = Crew(url, start)
        stack.callback(crew.end)
        crew.fill()
        killed, slept = disturb(crew, clock, rng, kills)
        with Store.open(url) as store:
            settled(inbox)
            return judge(store, folder, inbox, sessions, killed, slept)


def disturb(crew: Crew, clock: FastClock, rng: random.Random, kills: int) -> tuple[int, int]:
    """Kills and sleeps at random moments of the half-year; how many of each there were."""
    span_s = (LAST - FIRST).days / clock.rate * 86_400
    moments = sorted(
        [(rng.uniform(0.03, 0.93) * span_s, "kill") for _ in range(kills)]
        + [(rng.uniform(0.05, 0.9) * span_s, "sleep") for _ in range(SLEEPS)]
    )
    killed = slept = 0
    for after_s, what in moments:
        time.sleep(max(clock.began + after_s - time.monotonic(), 0))
        if what == "sleep":
            crew.sleep(rng.uniform(*SLEPT_DAYS) / clock.rate * 86_400)
            slept += 1
        else:
            until = time.monotonic() + MOST_WAIT_SECONDS
            while not crew.kill_leader():
                assert time.monotonic() < until, "nobody leads"
                time.sleep(0.02)
            killed += 1
    end_s = clock.began + span_s + 86_400 * 1.5 / clock.rate
    time.sleep(max(end_s - time.monotonic(), 0))
    return killed, slept


def settled(inbox: Inbox) -> None:
    """Wait until the last session's mail is there."""
    until = time.monotonic() + MOST_WAIT_SECONDS
    while message_id(LAST) not in {mark for mark, _ in inbox.mails}:
        assert time.monotonic() < until, "the last mail did not come"
        time.sleep(0.2)


def message_id(day: date) -> str:
    """Of the mail that tells the session ``day``."""
    key = f"mail|{digest_key(day)}"
    return f"<{sha256(key.encode()).hexdigest()[:32]}@{NAME}.invalid>"


def judge(
    store: Store, folder: Path, inbox: Inbox, sessions: Sessions, killed: int, slept: int
) -> str:
    """What came of the sessions up to ``LAST``; the schedulers have gone on since."""
    ledger.verify(store)
    entries = [e for e in ledger.entries(store) if e.acts_on <= LAST]
    first = entries[0].acts_on  # a fresh record is not filled backwards
    expected = [d for d in sessions.on if first <= d <= LAST]
    need("one decision a session", [e.acts_on for e in entries], expected)
    files = [p.name for p in folder.iterdir() if p.name[:10] <= f"{LAST}"]
    need("one report a session", files, [f"{d}.{f}" for d in expected for f in ("en.html", "json")])
    copies = Counter(mark for mark, _ in inbox.mails)
    texts = [text for _, text in inbox.mails]
    began = min(day for day in expected if copies[message_id(day)])  # of no mail before is told
    folded = [day for day in expected if day > began and not copies[message_id(day)]]
    unnamed = [day for day in folded if not any(voice("en").on(day) in text for text in texts)]
    need("each mailed, or named by a later mail", unnamed, [])
    need("one copy, and one more at most", [n for n in copies.values() if n > 2], [])
    twice = sum(n == 2 for n in copies.values())
    told = [f.message for f in recipients(store, datetime(2027, 4, 4, tzinfo=UTC))]
    assert told or not twice, "a repeat that doctor does not know"
    return (
        f"{len(expected)} sessions, {killed} leaders killed, {slept} sleeps: one decision and one "
        f"report each; {len(copies)} mails, {len(folded)} sessions folded and named, "
        f"{twice} repeats"
    )


def need(what: str, found: list[Any], expected: list[Any]) -> None:
    """Say what is too much and what is missing where the two differ."""
    more = sorted(map(str, Counter(found) - Counter(expected)))
    less = sorted(map(str, Counter(expected) - Counter(found)))
    if more or less:
        raise AssertionError(f"{what}: too much {more}, missing {less}")


# --- the whole ----------------------------------------------------------------------------------


def addresses(stack: ExitStack) -> dict[str, Callable[[], Any]]:
    """A way to a fresh record for each database of this machine."""

    @contextmanager
    def sqlite() -> Iterator[str]:
        with tempfile.TemporaryDirectory(prefix="nvsignal-soak-") as place:
            yield f"sqlite:///{place}/record.db"

    found: dict[str, Callable[[], Any]] = {"sqlite": sqlite}
    try:
        home = stack.enter_context(postgres.server())
    except pytest.skip.Exception as reason:
        print(f"postgresql: left out ({reason})", flush=True)
    else:
        found["postgresql"] = lambda: postgres.database(home)
    return found


def main() -> int:
    """Every simulation asked for; exit code 1 when one of them did not hold."""
    asked = argparse.ArgumentParser(description="The long simulations.")
    asked.add_argument("--part", choices=["ingest", "mornings"], help="only this one")
    asked.add_argument("--database", choices=["sqlite", "postgresql"], help="only this one")
    asked.add_argument("--ingest-kills", type=int, default=200, help="half of it on PostgreSQL")
    asked.add_argument("--leader-kills", type=int, default=20)
    asked.add_argument("--seconds-a-day", type=float, default=2.5)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    failed = 0
    with ExitStack() as stack:
        for name, address in addresses(stack).items():
            if given.database not in (None, name):
                continue
            kills = given.ingest_kills if name == "sqlite" else given.ingest_kills // 2
            longest_s = 0.08 if name == "sqlite" else 0.3
            parts: dict[str, Callable[[], str]] = {
                "ingest": lambda a=address, n=kills, s=longest_s: ingest(a, n, s),  # type: ignore[misc]
                "mornings": lambda a=address: mornings(  # type: ignore[misc]
                    a, given.leader_kills, given.seconds_a_day, given.seed
                ),
            }
            for part, run in parts.items():
                if given.part in (None, part):
                    failed += not told(f"{name}, {part}", run)
    return 1 if failed else 0


def told(what: str, run: Callable[[], str]) -> bool:
    """Print what came of ``run``; False when it did not hold."""
    began = time.monotonic()
    try:
        found, well = run(), True
    except AssertionError as error:
        found, well = f"FAILED: {error}", False
    print(f"{what}: {found} ({time.monotonic() - began:.0f} s)", flush=True)
    return well


if __name__ == "__main__":
    sys.exit(main())
