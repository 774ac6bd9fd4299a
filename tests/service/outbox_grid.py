"""Kills at every step of mail servers that misbehave: ``python -m tests.service.outbox_grid``.

Each trial is a record of its own, a server on loopback that is ill at first, and processes (forked,
ended by SIGKILL at a marked point) that try to tell two recipients one notice. Counted are
recipients who never got it and are not named by ``doctor``, and copies beyond the first. A copy is
allowed where nobody can know: after the text has gone out and before the answer is noted.
"""

from __future__ import annotations

import argparse
import io
import mmap
import os
import random
import shutil
import signal
import smtplib
import socket
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from engine.record.store import Store
from engine.report import courier
from engine.report.deliver import Notice
from engine.service.doctor import recipients
from engine.service.logs import Redactor, open_log
from tests.service.test_outbox import NOW, A, B, Server, way

STEP_MINUTES, LAST_MINUTE = 5, 300
SERVERS: dict[str, Server] = {
    "busy at the door": Server({"connect": "421 too busy"}),
    "hangs up at the door": Server({"connect": None}),
    "hangs up on EHLO": Server({"ehlo": None, "helo": None}),
    "sender not now": Server({"mail": "451 later"}),
    "no recipient now": Server({"rcpt": "450 mailbox busy"}),
    "one recipient later": Server({f"rcpt {B}": "450 greylisted"}),
    "hangs up on RCPT": Server({"rcpt": None}),
    "no DATA now": Server({"data": "451 no room"}),
    "refuses the text": Server({"text": "452 disk full"}),
    "hangs up after the text": Server({"text": None}),
    "keeps the text and hangs up": Server({"text": None}, keeps=True),
    "odd QUIT": Server({"quit": "421 closing"}),
}
POINTS: dict[str, tuple[Any, str, str]] = {
    "connected": (smtplib.SMTP, "connect", "after"),
    "greeted": (smtplib.SMTP, "ehlo", "after"),
    "sender named": (smtplib.SMTP, "mail", "after"),
    "recipient named": (smtplib.SMTP, "rcpt", "after"),
    "before the offer": (courier.DeliverySlip, "offered", "before"),
    "offer noted": (courier.DeliverySlip, "offered", "after"),
    "text on its way": (smtplib.SMTP, "send", "after"),
    "answer heard": (courier.DeliverySlip, "taken", "before"),
    "answer noted": (courier.DeliverySlip, "taken", "after"),
    "refusal noted": (courier.DeliverySlip, "kept_back", "after"),
    "goodbye said": (smtplib.SMTP, "quit", "after"),
    "claimed": (courier.Courier, "_claim", "after"),
}
UNKNOWABLE = frozenset({"text on its way", "answer heard"})
"""Points between the text and the note of its answer: a copy may follow."""


@dataclass
class Ill(Server):
    """A server that recovers at a minute of the trial's clock."""

    minute: Callable[[], int] = field(default=lambda: 0)
    ill_for: int = 0

    def answer(self, step: str, well: str) -> str | None:
        self.ill = self.minute() < self.ill_for
        return super().answer(step, well)


@contextmanager
def listening(server: Server) -> Iterator[None]:
    """``server`` on a port of its own, one connection at a time."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        server.port = door.getsockname()[1]

        def loop() -> None:
            while True:
                try:
                    connection, _ = door.accept()
                except OSError:
                    return
                with suppress(OSError, IndexError, UnicodeDecodeError):
                    server.talk(connection)

        threading.Thread(target=loop, daemon=True).start()
        yield
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 5) as last:
            last.recv(100)  # whatever came before has been dealt with
        door.shutdown(socket.SHUT_RDWR)


def die_at(point: str, occurrence: int) -> None:
    """From now on this process is killed at ``point`` when it comes for the n-th time."""
    owner, name, when = POINTS[point]
    real, seen = getattr(owner, name), 0

    def marked(*given: Any, **named: Any) -> Any:
        nonlocal seen
        if name == "send" and not (isinstance(given[1], bytes) and b"Message-ID: " in given[1]):
            return real(*given, **named)
        seen += 1
        if when == "before" and seen == occurrence:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*given, **named)
        if when == "after" and seen == occurrence:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, marked)


def process(record: Path, port: int, clock: mmap.mmap, point: str = "", occurrence: int = 0) -> int:
    """One life of the program in a fork of its own; how it ended, as ``waitpid`` says."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    code = 1
    try:
        if point:
            die_at(point, occurrence)
        notice = Notice(kind="tripwire", key="tripwire:grid", line="a story")
        with Store.open(f"sqlite:///{record}", create=False) as store:
            log = open_log(Redactor(), io.StringIO())
            postman = courier.Courier(store=store, channels=[way(port)], log=log)
            while minute_of(clock) < LAST_MINUTE:
                set_minute(clock, minute_of(clock) + STEP_MINUTES)
                postman.deliver([notice], NOW + timedelta(minutes=minute_of(clock)))
        code = 0
    finally:
        os._exit(code)


def minute_of(clock: mmap.mmap) -> int:
    return int.from_bytes(clock[:4], "little")


def set_minute(clock: mmap.mmap, minute: int) -> None:
    clock[:4] = minute.to_bytes(4, "little")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """killed: whether the point was reached. lost, repeated: recipients. told: by ``doctor``."""

    server: str
    point: str
    killed: bool
    lost: tuple[str, ...]
    repeated: tuple[str, ...]
    most_copies: int
    told: bool
    ids: int

    @property
    def fault(self) -> str:
        """What must not be; empty when all is as the rule says."""
        if self.lost:
            return "lost"
        if self.ids > 1:
            return "another Message-ID"
        if self.repeated and not self.told:
            return "repeated, not told"
        if self.repeated and not (self.point in UNKNOWABLE or self.server.startswith("keeps")):
            return "repeated elsewhere"
        return "repeated more than once" if self.most_copies > self._copies_allowed else ""

    @property
    def _copies_allowed(self) -> int:
        """The first, one for a kill in the instant, one for each time a server kept and hung up."""
        return 2 if not self.server.startswith("keeps") else 99


def trial(
    name: str, point: str, rng: random.Random, empty: Path, place: Path, occurrence: int = 1
) -> Trial:
    """One record, one server, one kill, and processes until everybody is served."""
    record = place / "record.db"
    for old in place.glob("record.db*"):
        old.unlink()
    shutil.copy(empty, record)
    clock = mmap.mmap(-1, 4)
    script = SERVERS[name]
    # A server that keeps what it denies repeats by itself: it does so once.
    ill_for = STEP_MINUTES + 1 if script.keeps else rng.choice([0, STEP_MINUTES + 1, 20, 40])
    server = Ill(
        script.script, keeps=script.keeps, minute=lambda: minute_of(clock), ill_for=ill_for
    )
    with listening(server):
        ended = process(record, server.port, clock, point, occurrence)
        killed = os.WIFSIGNALED(ended)
        while minute_of(clock) < LAST_MINUTE:
            assert process(record, server.port, clock) == 0
    copies = Counter(who for who, _ in server.got)
    with Store.open(f"sqlite:///{record}", create=False) as store:
        said = [f.message for f in recipients(store, NOW + timedelta(days=1))]
    repeated = tuple(who for who, n in copies.items() if n > 1)
    return Trial(
        server=name,
        point=point,
        killed=killed,
        lost=tuple(who for who in (A, B) if not copies[who]),
        repeated=repeated,
        most_copies=max(copies.values(), default=0),
        told=all(any(who in line for line in said) for who in repeated),
        ids=len({mark for _, mark in server.got}),
    )


def grid(
    kills: int, seed: int = 1, servers: Iterable[str] = SERVERS, points: Iterable[str] = POINTS
) -> Iterator[Trial]:
    """Every server at every point, ``kills`` times each."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="nvsignal-grid-") as folder:
        place = Path(folder)
        empty = place / "empty.db"
        Store.open(f"sqlite:///{empty}").close()
        courier.open_address(way(1))  # loads what each fork would load again
        for name in servers:
            for point in points:
                for number in range(kills):
                    # Every third at the second time; a server soon well may have none.
                    yield trial(name, point, rng, empty, place, 2 if number % 3 == 2 else 1)


def main() -> int:
    """The whole grid; exit code 1 when a mail was lost or repeated where it must not be."""
    asked = argparse.ArgumentParser(description="Kills at every step of misbehaving servers.")
    asked.add_argument("--kills", type=int, default=40, help="at each point of each server")
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    trials = kills = lost = copies = 0
    faults: Counter[tuple[str, str, str]] = Counter()
    where: Counter[str] = Counter()
    for found in grid(given.kills, given.seed):
        trials, kills = trials + 1, kills + found.killed
        lost += bool(found.lost)
        copies += bool(found.repeated)
        where[found.point if found.point in UNKNOWABLE else found.server] += bool(found.repeated)
        if found.fault:
            faults[found.server, found.point, found.fault] += 1
    for fault, n in faults.items():
        print(*fault, n)
    print(f"{len(SERVERS)} servers, {len(POINTS)} points: {trials} trials, {kills} kills")
    print(f"lost {lost}; repeated {copies}: {dict(+where)}; faults {sum(faults.values())}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
