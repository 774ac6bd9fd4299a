"""Nothing lost, nothing twice: a mail server that misbehaves at every step, and kills between any.

The server speaks SMTP by itself on loopback, so that each answer can be wrong in its own way.
"""

from __future__ import annotations

import io
import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import config
from engine.cli.main import build
from engine.record.store import Store
from engine.report import courier, deliver
from engine.report.courier import Courier, DeliverySlip, delivery_problems
from engine.report.deliver import Notice
from engine.report.ways import Channel
from engine.service.doctor import recipients
from engine.service.logs import Log, Redactor, open_log
from tests.engine.report.sample_report import sample_report
from tests.service.mornings import KilledError

NOW = datetime(2026, 11, 24, 13, 31, tzinfo=UTC)
A, B = "a@example.org", "b@example.org"
Answer = str | None
"""What the server says at a step; None: it hangs up without a word."""


@dataclass
class Server:
    """A mail server with a script: step → the answer while ``ill``; well otherwise.

    Steps: connect, ehlo, mail, rcpt, data (the word), text (after the dot), quit. A step may name a
    recipient (``rcpt b@example.org``). keeps: an ill server that hangs up after the text may have
    kept it all the same.
    """

    script: dict[str, Answer]
    keeps: bool = False
    ill: bool = True
    got: list[tuple[str, str]] = field(default_factory=list)
    """(recipient, Message-ID) of everything it took."""
    port: int = 0

    def answer(self, step: str, well: str) -> Answer:
        return self.script.get(step, well) if self.ill else well

    def talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as wire:

            def say(step: str, well: str) -> bool:
                told = self.answer(step, well)
                if told is None:
                    return False
                wire.write(told.encode() + b"\r\n")
                wire.flush()
                return True

            people: list[str] = []
            if not say("connect", "220 ready"):
                return
            while line := wire.readline().decode().strip():
                verb = line.split()[0].upper()
                if verb == "RCPT":
                    who = line.split("<")[1].split(">")[0]
                    step = f"rcpt {who}" if f"rcpt {who}" in self.script else "rcpt"
                    if (self.answer(step, "250 ok") or "").startswith("250"):
                        people.append(who)
                    if not say(step, "250 ok"):
                        return
                elif verb == "DATA":
                    if not say("data", "354 go on"):
                        return
                    if (self.answer("data", "354") or "").startswith("354"):
                        text = b""
                        while not text.endswith(b"\r\n.\r\n"):
                            more = wire.readline()
                            if not more:
                                return
                            text += more
                        told = self.answer("text", "250 taken")
                        if self.keeps or (told or "").startswith("250"):
                            mark = text.split(b"Message-ID: ")[1].split(b"\r\n")[0].decode()
                            self.got += [(who, mark) for who in people]
                        if not say("text", "250 taken"):
                            return
                elif not say(verb.lower(), "221 bye" if verb == "QUIT" else "250 ok"):
                    return
                if verb == "QUIT":
                    return


@pytest.fixture
def serve() -> Iterator[Callable[[Server], Server]]:
    open_sockets: list[socket.socket] = []

    def start(server: Server) -> Server:
        listening = socket.create_server(("127.0.0.1", 0))
        open_sockets.append(listening)
        server.port = listening.getsockname()[1]

        def loop() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                try:
                    server.talk(connection)
                except OSError:
                    continue

        threading.Thread(target=loop, daemon=True).start()
        return server

    yield start
    for listening in open_sockets:
        listening.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as opened:
        yield opened


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(said: io.StringIO) -> Log:
    return open_log(Redactor(), said)


def way(port: int) -> Channel:
    address = f"mailto://127.0.0.1:{port}?from=robot@example.org&to={A},{B}"
    return Channel(name="mail", address=address, kinds=frozenset({"digest", "tripwire"}))


def digest() -> Notice:
    return deliver.digest_notice(sample_report())


def all_day(store: Store, log: Log, server: Server, *, ill_for: int = 40) -> None:
    """One process, a try every five minutes; the server recovers after ``ill_for`` minutes."""
    courier = Courier(store=store, channels=[way(server.port)], log=log)
    for minute in range(0, 600, 5):
        server.ill = minute < ill_for
        courier.deliver([digest()], NOW + timedelta(minutes=minute))


MISBEHAVING: dict[str, Server] = {
    "busy at the door": Server(script={"connect": "421 too busy"}),
    "hangs up at the door": Server(script={"connect": None}),
    "hangs up on EHLO": Server(script={"ehlo": None, "helo": None}),
    "does not like the sender": Server(script={"mail": "451 later"}),
    "hangs up on MAIL": Server(script={"mail": None}),
    "no recipient now": Server(script={"rcpt": "450 mailbox busy"}),
    "hangs up on RCPT": Server(script={"rcpt": None}),
    "no DATA now": Server(script={"data": "451 no room"}),
    "hangs up on DATA": Server(script={"data": None}),
    "refuses the text": Server(script={"text": "452 disk full"}),
    "hangs up after the text": Server(script={"text": None}),
    "closes on QUIT": Server(script={"quit": "421 closing"}),
    "odd QUIT": Server(script={"quit": "250 ok"}),
    "hangs up on QUIT": Server(script={"quit": None}),
    "one recipient later": Server(script={f"rcpt {B}": "450 greylisted"}),
}


@pytest.mark.parametrize("name", MISBEHAVING)
def test_whatever_the_server_does_everybody_gets_the_mail_once(
    name: str, serve: Callable[[Server], Server], store: Store, log: Log
) -> None:
    ill = MISBEHAVING[name]
    server = serve(Server(script=ill.script, keeps=ill.keeps))

    all_day(store, log, server)

    assert sorted(who for who, _ in server.got) == [A, B]
    assert len({mark for _, mark in server.got}) == 1
    assert courier.failing_since(store, "mail") is None
    assert list(recipients(store, NOW + timedelta(days=1))) == [] or name == (
        "hangs up after the text"
    )


def test_a_recipient_refused_for_good_is_named_and_nobody_gets_it_twice(
    serve: Callable[[Server], Server], store: Store, log: Log, said: io.StringIO
) -> None:
    server = serve(Server(script={f"rcpt {B}": "550 no such user"}))

    all_day(store, log, server, ill_for=600)

    assert [who for who, _ in server.got] == [A]
    assert B in said.getvalue()
    found = list(recipients(store, NOW + timedelta(days=1)))
    assert [f.level for f in found] == ["error"]
    assert f"{B} did not get the mail" in found[0].message
    assert "550 no such user" in found[0].message
    (told,) = delivery_problems(store, NOW + timedelta(days=1))
    assert B in str(told)
    assert delivery_problems(store, NOW - timedelta(days=1)) == ()


def test_a_recipient_who_takes_the_next_mail_is_no_problem_any_more(
    serve: Callable[[Server], Server], store: Store, log: Log
) -> None:
    server = serve(Server(script={f"rcpt {B}": "550 no such user"}))
    all_day(store, log, server, ill_for=600)
    server.ill = False
    later = Notice(kind="tripwire", key="tripwire:next", line="a story")

    Courier(store=store, channels=[way(server.port)], log=log).deliver(
        [later], NOW + timedelta(days=1)
    )

    assert list(recipients(store, NOW + timedelta(days=2))) == []
    assert [who for who, _ in server.got] == [A, A, B]


def test_a_server_that_keeps_the_mail_and_never_answers_is_said_to_have_it_twice(
    serve: Callable[[Server], Server], store: Store, log: Log
) -> None:
    """Nobody can know: it goes out again under the same Message-ID, and doctor says so."""
    server = serve(Server(script={"text": None}, keeps=True))

    all_day(store, log, server, ill_for=1)

    assert sorted(who for who, _ in server.got) == [A, A, B, B]
    assert len({mark for _, mark in server.got}) == 1
    found = list(recipients(store, NOW + timedelta(days=1)))
    assert [f.level for f in found] == ["warning", "warning"]
    assert "may have got" in found[0].message


STEPS = ("offered before", "offered after", "taken before", "taken after")


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_loses_nothing_and_repeats_in_one_instant_only(
    step: str, serve: Callable[[Server], Server], store: Store, log: Log
) -> None:
    """Only a kill between the server's answer and the note may send twice."""
    server = serve(Server(script={}))
    which, when = step.split()
    killed = 0

    class Mortal(Courier):
        def _slip(self, parcel: Any, now: datetime) -> DeliverySlip:
            slip = super()._slip(parcel, now)
            real = getattr(slip, which)

            def dying(people: Any) -> None:
                nonlocal killed
                if when == "after":
                    real(people)
                if not killed:
                    killed += 1
                    raise KilledError
                if when == "before":
                    real(people)

            setattr(slip, which, dying)
            return slip

    for minute in range(0, 60, 5):
        courier = Mortal(store=store, channels=[way(server.port)], log=log)
        try:
            courier.deliver([digest()], NOW + timedelta(minutes=minute))
        except KilledError:
            continue

    twice = step == "taken before"
    assert killed == 1
    assert sorted(who for who, _ in server.got) == ([A, A, B, B] if twice else [A, B])
    assert len({mark for _, mark in server.got}) == 1
    told = [f.message for f in recipients(store, NOW + timedelta(days=1))]
    assert len(told) == (2 if twice or step == "offered after" else 0)


def test_after_an_outage_one_mail_tells_which_days_were_not_sent(
    serve: Callable[[Server], Server], store: Store, log: Log
) -> None:
    server = serve(Server(script={"connect": "421 too busy"}))
    report = sample_report()
    acts_on = report.decision.acts_on
    first, missed = acts_on - timedelta(days=3), acts_on - timedelta(days=1)
    never = acts_on - timedelta(days=30)
    store.mark_sent(f"done|mail|{deliver.digest_key(first)}", NOW)
    parcel = deliver.Parcel(
        channel=way(server.port),
        notices=(deliver.digest_notice(report, [never, first, missed]),),
    )

    unsent = Courier(store=store, channels=[way(server.port)], log=log)._unsent(parcel)
    message = deliver.compose(parcel, unsent)

    assert unsent == (missed,)
    assert message.text.startswith("Reports that could not be sent before: ")
    assert message.html is not None
    assert "could not be sent before" in message.html
    assert "could not be sent" not in deliver.compose(parcel).text


def test_days_before_the_first_mail_are_no_outage(store: Store, log: Log) -> None:
    parcel = deliver.Parcel(
        channel=way(1),
        notices=(deliver.digest_notice(sample_report(), [date(2025, 8, 20)]),),
    )

    assert Courier(store=store, channels=[way(1)], log=log)._unsent(parcel) == ()


# --- a test message --------------------------------------------------------------------------


def trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> tuple[int, dict[str, Any]]:
    """Exit code and answer of ``deliver --test`` with one mail channel at ``url``."""
    folder = tmp_path / "config"
    shutil.copytree(Path(config.__file__).parent, folder)
    with (folder / "nvsignal.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[delivery.channel]]\nname = "mail"\nurl_env = "NV_MAIL"\n')
        file.write('quiet = { start = "00:00", end = "23:59", zone = "Europe/Paris" }\n')
    monkeypatch.setenv("NV_MAIL", url)
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    asked = ["deliver", "--test", "--json", "--config", str(folder)]
    code = build()(args=asked, standalone_mode=False) or 0
    return code, json.loads(capsys.readouterr().out)


def test_a_test_message_goes_out_at_once_and_leaves_no_record(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    serve: Callable[[Server], Server],
) -> None:
    """Whatever the hour: the channel's quiet hours cover the whole day."""
    server = serve(Server({}, ill=False))
    code, found = trial(tmp_path, monkeypatch, capsys, way(server.port).address)

    assert code == 0
    assert found["tried"][0]["reached"] == [A, B]
    assert [who for who, _ in server.got] == [A, B]
    assert not (tmp_path / "data").exists()


def test_who_did_not_get_the_test_message_is_named_and_the_exit_code_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    serve: Callable[[Server], Server],
) -> None:
    server = serve(Server({f"rcpt {B}": "550 no such user"}))
    code, found = trial(tmp_path, monkeypatch, capsys, way(server.port).address)

    assert code == 1
    assert found["tried"][0]["reached"] == [A]
    assert found["tried"][0]["not_reached"] == {B: "550 no such user"}


def test_an_address_that_cannot_be_read_says_how_to_write_an_at_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = trial(tmp_path, monkeypatch, capsys, "mailtoo://me@example.org:pw@smtp")

    assert code == 1
    assert "%40" in found["tried"][0]["error"]
    assert "pw@smtp" not in found["tried"][0]["error"]
