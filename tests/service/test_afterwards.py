"""What follows a report: stamps that verify offline, a sign of life after delivery, no harm."""

from __future__ import annotations

import io
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from config.settings import PACKAGED, Config, TimestampSettings
from engine.errors import LedgerError, NvsignalError
from engine.record import ledger
from engine.record.store import Store
from engine.service import stamps
from engine.service.afterwards import PAUSE, Afterwards
from engine.service.bind import load
from engine.service.logs import Redactor, open_log
from engine.service.outside import exchange
from tests.authority import Authority
from tests.builders import unguarded

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = date(2026, 11, 24)
SECRET = "planted-ping-token"


def append(store: Store, number: int, verdict: str = "HOLD") -> str:
    return ledger.append(
        store,
        {"decision": verdict, "n": number},
        acts_on=DAY + timedelta(days=number),
        strategy="balanced",
        made_at=NOON + timedelta(days=number),
    ).entry_hash


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'record.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as opened:
        for number in range(3):
            append(opened, number)
        yield opened


@pytest.fixture
def authority() -> Authority:
    return Authority(NOON + timedelta(days=2, minutes=1))


@pytest.fixture
def settings(tmp_path: Path, authority: Authority) -> TimestampSettings:
    (tmp_path / "roots.pem").write_bytes(authority.pem)
    return TimestampSettings(
        url="http://127.0.0.1:1/", roots_file=str(tmp_path / "roots.pem"), allow_private=True
    )


Answer = Callable[[bytes], tuple[int, bytes]]


@contextmanager
def loopback(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """A server on this machine; what it was asked, each as method and path."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            asked.append(f"{self.command} {self.path}")
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, told = answer(body)
            self.send_response(status)
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = _do  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_authority_on_the_network_stamps_and_nobody_is_asked_to_verify(
    store: Store, settings: TimestampSettings, authority: Authority, tmp_path: Path
) -> None:
    with loopback(lambda body: (200, authority.answer(body))) as (address, asked):
        there = settings.model_copy(update={"url": address})
        path = stamps.stamp(store, there, tmp_path / "stamps")
        assert stamps.stamp(store, there, tmp_path / "stamps") == path
    assert asked == ["POST /"]
    assert stamps.verify(store, settings, tmp_path / "stamps") == 1


def stamped(store: Store, settings: TimestampSettings, authority: Authority, place: Path) -> Path:
    return stamps.stamp(store, settings, place, authority.answer)


def test_a_stamp_that_was_changed_or_is_another_s_does_not_verify(
    store: Store, settings: TimestampSettings, authority: Authority, tmp_path: Path
) -> None:
    path = stamped(store, settings, authority, tmp_path)
    told = path.read_bytes()
    for changed in (told[:-4] + b"abcd", told[:200], b"", b"\x30\x80" * 50):
        path.write_bytes(changed)
        with pytest.raises(LedgerError, match="does not verify"):
            stamps.verify(store, settings, tmp_path)
    path.write_bytes(told)
    (tmp_path / "roots.pem").write_bytes(Authority(authority.at).pem)
    with pytest.raises(LedgerError, match="does not verify"):
        stamps.verify(store, settings, tmp_path)


def test_a_stamp_moved_to_another_entry_does_not_verify(
    store: Store, settings: TimestampSettings, authority: Authority, tmp_path: Path
) -> None:
    path = stamped(store, settings, authority, tmp_path)
    other = append(store, 3)
    path.rename(path.with_name(f"{other}.tsr"))

    with pytest.raises(LedgerError, match="does not verify"):
        stamps.verify(store, settings, tmp_path)


def test_an_entry_dated_after_its_stamp_is_found(
    store: Store, settings: TimestampSettings, tmp_path: Path
) -> None:
    early = Authority(NOON)
    (tmp_path / "roots.pem").write_bytes(early.pem)
    stamped(store, settings, early, tmp_path)

    with pytest.raises(LedgerError, match="made after its stamp"):
        stamps.verify(store, settings, tmp_path)


REWRITES = {
    "cut": (
        "DELETE FROM ledger WHERE seq > 1",
        "UPDATE ledger_head SET n_entries = 1, "
        "entry_hash = (SELECT entry_hash FROM ledger WHERE seq = 1)",
    ),
    "emptied": ("DELETE FROM ledger", "DELETE FROM ledger_head"),
}


@pytest.mark.parametrize("how", [*REWRITES, "written anew"])
def test_a_ledger_rewritten_with_its_head_contradicts_the_stamp(
    how: str,
    store: Store,
    url: str,
    settings: TimestampSettings,
    authority: Authority,
    tmp_path: Path,
) -> None:
    stamped(store, settings, authority, tmp_path)
    other = f"sqlite:///{tmp_path / 'other.db'}"
    if how in REWRITES:
        with closing(sqlite3.connect(tmp_path / "record.db")) as connection:
            unguarded(connection)
            for statement in REWRITES[how]:
                connection.execute(statement)
            connection.commit()
    with Store.open(url if how in REWRITES else other) as forged:
        if how not in REWRITES:
            for number in range(3):
                append(forged, number, "SELL")
        ledger.verify(forged)  # by itself it looks whole
        with pytest.raises(LedgerError, match="does not hold"):
            stamps.verify(forged, settings, tmp_path)


@pytest.mark.parametrize("answer", [(503, b""), (302, b""), (200, b"no stamp"), (200, b"x" * 9**6)])
def test_a_bad_answer_keeps_nothing(
    answer: tuple[int, bytes], store: Store, settings: TimestampSettings, tmp_path: Path
) -> None:
    with loopback(lambda _: answer) as (address, _):
        there = settings.model_copy(update={"url": address})
        with pytest.raises(NvsignalError):
            stamps.stamp(store, there, tmp_path / "stamps")
    assert not (tmp_path / "stamps").exists()


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/x",
        "http://169.254.169.254/x",
        "file:///etc/passwd",
        "http://[::1]:9/",
        "no",
    ],
)
def test_private_addresses_are_not_asked_unless_allowed(address: str) -> None:
    with pytest.raises(NvsignalError) as told:
        exchange(address, allow_private=False)
    assert "/x" not in str(told.value)


def configured(settings: TimestampSettings, *, channels: bool = False) -> Config:
    config = load(PACKAGED)
    delivery = config.settings.delivery
    if channels:
        from config.settings import ChannelSettings

        way = ChannelSettings(name="mail", url_env="NVSIGNAL_MAIL_URL")
        delivery = delivery.model_copy(update={"channel": (way,)})
    watch = config.settings.watch.model_copy(
        update={"ping_url_env": "PING_URL", "allow_private": True}
    )
    changed = {"timestamp": settings, "watch": watch, "delivery": delivery}
    return replace(config, settings=config.settings.model_copy(update=changed))


def afterwards(
    store: Store, config: Config, place: Path, said: io.StringIO, authority: Authority
) -> Afterwards:
    log = open_log(Redactor(), said)
    return Afterwards(store=store, config=config, log=log, place=place, ask=authority.answer)


def test_the_sign_of_life_comes_once_and_only_after_delivery(
    store: Store,
    settings: TimestampSettings,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = io.StringIO()
    after = afterwards(store, configured(settings, channels=True), tmp_path / "s", said, authority)
    with loopback(lambda _: (200, b"OK")) as (address, asked):
        monkeypatch.setenv("PING_URL", f"{address}/{SECRET}")
        after(None, NOON)
        after(DAY, NOON)
        assert asked == []
        store.mark_sent(f"done|mail|digest:{DAY}", NOON)
        for minute in range(3):
            after(DAY, NOON + timedelta(minutes=minute))
    assert asked == [f"GET /{SECRET}"]
    assert len(list((tmp_path / "s").iterdir())) == 1
    assert said.getvalue() == ""


def test_trouble_with_either_is_one_line_and_tried_again_later(
    store: Store,
    settings: TimestampSettings,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said, status = io.StringIO(), [500]
    after = afterwards(store, configured(settings), tmp_path / "s", said, authority)
    after.ask = lambda _: b"no stamp"
    with loopback(lambda _: (status[0], b"")) as (address, asked):
        monkeypatch.setenv("PING_URL", f"{address}/{SECRET}")
        for second in range(0, 120, 5):
            after(DAY, NOON + timedelta(seconds=second))
        assert len(asked) == 1
        status[0], after.ask = 200, authority.answer
        after(DAY, NOON + PAUSE + timedelta(seconds=1))
    assert len(asked) == 2
    assert len(said.getvalue().splitlines()) == 2
    assert SECRET not in said.getvalue()
    assert stamps.verify(store, settings, tmp_path / "s") == 1
