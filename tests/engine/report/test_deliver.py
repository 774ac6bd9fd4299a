"""What goes out: once, in the right language and hour, to real servers on loopback."""

from __future__ import annotations

import email
import email.policy
import io
import json
import logging
import socket
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from config.settings import QuietHours
from engine.errors import InputError
from engine.record.store import Store
from engine.report import courier as courier_
from engine.report import deliver, smtp
from engine.report.courier import Courier
from engine.report.deliver import Notice
from engine.report.ways import Channel, DeliveryError, Message
from engine.service.logs import Log, Redactor, open_log
from engine.shown import FeedState, Report
from tests.engine.report.sample_report import HOSTILE, card, events, health, sample_report

ALL = frozenset({"decision_changed", "digest", "tripwire", "data_down"})
NOW = datetime(2025, 8, 22, 12, 31, tzinfo=UTC)
TOKENS = ("planted-pw-8c1f", "planted-tok-41aa9", "planted-key-77", "planted-hook-0d3e", "s3cr3t!9")


def channel(name: str = "mail", address: str = "json://localhost", **changes: Any) -> Channel:
    base = Channel(name=name, address=address, kinds=ALL)
    return replace(base, **changes)


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


@dataclass
class Post:
    """A postman who keeps what he is given, and fails where he is told to."""

    sent: list[tuple[str, Message]] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    tries: int = 0

    def __call__(
        self, way: Channel, message: Message, key: str, now: datetime, slip: Any = None
    ) -> None:
        self.tries += 1
        if way.name in self.broken:
            raise DeliveryError(f"channel '{way.name}': its server is away")
        self.sent.append((way.name, message))


@dataclass
class Paper:
    """A slip that is only looked at."""

    pending: tuple[str, ...] = ("me@example.org",)
    told: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def offered(self, recipients: Sequence[str]) -> None:
        self.told.append(("offered", tuple(recipients)))

    def taken(self, recipients: Sequence[str]) -> None:
        self.told.append(("taken", tuple(recipients)))

    def kept_back(self, recipients: Sequence[str], why: str, *, for_good: bool = False) -> None:
        self.told.append(("refused" if for_good else "deferred", tuple(recipients)))


def courier(store: Store, log: Log, post: Post, *channels: Channel, **rules: Any) -> Courier:
    return Courier(store=store, channels=channels, log=log, send=post, **rules)


def alert(number: int = 1) -> Notice:
    return Notice(kind="tripwire", key=f"tripwire:{number}", line=f"story {number}")


# --- what there is to tell ------------------------------------------------------------------


def entries(*verdicts: tuple[str, str]) -> tuple[Mapping[str, Any], ...]:
    return tuple({"acts_on": day, "decision": verdict} for day, verdict in verdicts)


def test_a_change_of_decision_is_known_by_the_session_in_which_it_came() -> None:
    report = sample_report()
    on = report.decision.acts_on.isoformat()
    verdict = report.decision.verdict
    other = "SELL" if verdict == "HOLD" else "HOLD"

    def key(*past: tuple[str, str]) -> str | None:
        found = deliver.changed_notice(report, entries(*past))
        return None if found is None else found.key

    assert key((on, verdict)) is None  # the first decision of all changes nothing
    assert key(("2025-08-21", verdict), (on, verdict)) is None
    assert key(("2025-08-21", other), (on, verdict)) == f"decision_changed:{on}"
    assert key(("2025-08-20", other), ("2025-08-21", verdict), (on, verdict)) == (
        "decision_changed:2025-08-21"
    )
    assert key(("2025-07-01", other), ("2025-07-02", verdict), (on, verdict)) is None  # old news


def test_only_fresh_events_that_move_the_china_business_trip_the_wire() -> None:
    told = [replace(e, known_at=NOW - timedelta(hours=1)) for e in events()]

    keys = {n.key for n in deliver.event_notices(told, NOW)}
    types = {e.event_type for e in told if f"tripwire:{e.event_id}" in keys}

    assert types == {"china_purchase_ban", "training_failure", "export_relief"}
    assert list(deliver.event_notices(told, NOW + timedelta(days=2))) == []
    assert list(deliver.event_notices(told, NOW - timedelta(days=2))) == []
    unsure = [replace(e, confidence=0.5) for e in told]
    assert list(deliver.event_notices(unsure, NOW)) == []


def test_a_release_trips_the_wire_by_its_rating() -> None:
    known_at = card().release.known_at

    def keys(least: float, now: datetime = known_at + timedelta(hours=5)) -> list[str]:
        return [n.key for n in deliver.release_notices(sample_report(), now, least)]

    assert keys(18.0) == ["tripwire:release:DeepSeek-V3.1"]
    assert keys(18.1) == []
    assert keys(18.0, known_at + timedelta(days=4)) == []


def test_a_source_is_reported_down_after_two_failures_once_for_each_outage() -> None:
    def keys(**failures: int) -> list[str]:
        return [n.key for n in deliver.down_notices(health(), failures)]

    assert keys(federal_register=1) == []
    assert keys(yahoo=9) == []  # its last answer was good
    assert len(keys(federal_register=2)) == 1
    assert keys(federal_register=2) == keys(federal_register=7)
    back = [replace(h, last_ok_at=NOW) for h in health()]
    assert [n.key for n in deliver.down_notices(back, {"federal_register": 2})] != keys(
        federal_register=2
    )


# --- when it goes out -----------------------------------------------------------------------

PARIS = ZoneInfo("Europe/Paris")
NIGHT = QuietHours(start="22:00", end="06:30", zone="Europe/Paris")


@pytest.mark.parametrize(
    ("utc_clock", "quiet"),
    [("19:59", False), ("20:00", True), ("23:30", True), ("04:29", True), ("04:30", False)],
)
def test_quiet_hours_are_the_readers_own(utc_clock: str, quiet: bool) -> None:
    """22:00 to 06:30 in Paris, in summer."""
    now = datetime.combine(date(2025, 8, 22), time.fromisoformat(utc_clock), tzinfo=UTC)

    assert NIGHT.covers(now) is quiet


def test_quiet_hours_within_a_day_and_none_at_all() -> None:
    siesta = QuietHours(start="13:00", end="15:00")
    never = QuietHours(start="08:00", end="08:00")

    assert siesta.covers(NOW) is True  # 14:31
    assert never.covers(NOW) is False


def keys_of(parcels: Sequence[deliver.Parcel]) -> list[list[str]]:
    return [[n.key for n in p.notices] for p in parcels]


def planned(way: Channel, notices: Sequence[Notice], now: datetime = NOW, **rules: Any) -> Any:
    given: dict[str, Any] = {
        "sent": lambda key: False,
        "last_tripwire_at": None,
        "coalesce": timedelta(minutes=30),
    }
    return keys_of(deliver.plan(way, notices, now, **(given | rules)))


def both() -> tuple[Notice, ...]:
    report = sample_report()
    return (
        Notice(kind="decision_changed", key="changed", report=report),
        Notice(kind="digest", key="digest", report=report),
    )


def test_a_change_and_the_report_that_tells_it_are_one_message() -> None:
    assert planned(channel(), both()) == [["changed", "digest"]]
    assert planned(channel(kinds=frozenset({"digest"})), both()) == [["digest"]]
    assert planned(channel(kinds=frozenset({"decision_changed"})), both()) == [["changed"]]


def test_in_quiet_hours_mail_is_held_and_a_push_channel_wakes_for_what_it_was_told_to() -> None:
    night = datetime(2025, 8, 22, 23, 0, tzinfo=UTC)
    waking = NIGHT.model_copy(update={"wake_for": ("decision_changed",)})
    told = (*both(), alert())

    assert planned(channel(quiet=waking), told, night) == []
    assert planned(channel(quiet=NIGHT, form="push"), told, night) == []
    assert planned(channel(quiet=waking, form="push"), told, night) == [["changed"]]
    morning = datetime(2025, 8, 23, 4, 30, tzinfo=UTC)
    assert planned(channel(quiet=NIGHT), told, morning) == [["changed", "digest"], ["tripwire:1"]]


def test_tripwires_close_together_wait_and_go_out_as_one() -> None:
    told = [alert(1), alert(2), alert(3)]

    assert planned(channel(), told) == [["tripwire:1", "tripwire:2", "tripwire:3"]]
    soon = NOW - timedelta(minutes=29)
    assert planned(channel(), told, last_tripwire_at=soon) == []
    assert len(planned(channel(), told, last_tripwire_at=NOW - timedelta(minutes=30))) == 1
    assert len(planned(channel(), told, last_tripwire_at=NOW + timedelta(hours=5))) == 1


# --- once -----------------------------------------------------------------------------------


def test_what_was_sent_is_not_sent_again_however_often_it_is_worked_out(
    store: Store, log: Log
) -> None:
    post = Post()

    for minute in range(5):
        courier(store, log, post, channel()).deliver(
            [*both(), alert()], NOW + timedelta(minutes=40 * minute)
        )

    assert [m.subject for _, m in post.sent].count("NVDA alert: story 1") == 1
    assert len(post.sent) == 2


def test_a_story_goes_out_once_to_each_channel(store: Store, log: Log) -> None:
    post = Post()
    one = courier(store, log, post, channel("mail"), channel("phone", form="push"))

    one.deliver([alert()], NOW)
    one.deliver([alert()], NOW + timedelta(hours=1))

    assert [name for name, _ in post.sent] == ["mail", "phone"]


def test_a_failing_channel_is_said_once_does_not_hold_up_another_and_is_tried_again(
    store: Store, log: Log, said: io.StringIO
) -> None:
    post = Post(broken={"mail"})
    one = courier(store, log, post, channel("mail"), channel("phone"))
    for minute in range(0, 240, 1):
        one.deliver(both(), NOW + timedelta(minutes=minute))
    tries = post.tries - 1
    failing_since = courier_.failing_since(store, "mail")
    post.broken.clear()
    one.deliver(both(), NOW + timedelta(hours=5))

    assert [name for name, _ in post.sent] == ["phone", "mail"]
    assert 5 < tries < 20  # after 1, 2, 4 … 30 minutes
    assert failing_since == NOW
    assert courier_.failing_since(store, "mail") is None
    told = [json.loads(line)["event"] for line in said.getvalue().splitlines()]
    assert told == ["channel_failed", "sent", "sent", "channel_works_again"] or told == [
        "channel_failed", "sent", "channel_works_again", "sent",
    ]  # fmt: skip


def test_a_message_whose_sender_was_killed_goes_out_all_the_same(store: Store, log: Log) -> None:
    """Claimed and never done: after two minutes it is sent by the next process."""

    class KilledError(BaseException):
        pass

    def die(*_: Any) -> None:
        raise KilledError

    first = Courier(store=store, channels=[channel()], log=log, send=die)
    with pytest.raises(KilledError):
        first.deliver([alert()], NOW)
    post = Post()
    second = courier(store, log, post, channel())
    assert second.deliver([alert()], NOW + timedelta(seconds=90)) == 0  # it may be at it still
    assert second.deliver([alert()], NOW + timedelta(minutes=3)) == 1
    assert second.deliver([alert()], NOW + timedelta(hours=3)) == 0
    assert len(post.sent) == 1


# --- what it says ---------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_each_reader_gets_his_language_and_a_push_of_at_most_120_characters(lang: str) -> None:
    changed, digest = (
        deliver.compose(deliver.Parcel(channel=channel(language=lang), notices=(n,)))
        for n in both()
    )

    word = {"en": "HOLD", "fr": "CONSERVER"}[lang]
    assert word in digest.subject.upper()
    assert word in digest.push.upper()
    assert digest.subject in changed.subject
    assert changed.subject != digest.subject
    assert all(len(m.push) <= 120 for m in (changed, digest))
    assert f'lang="{lang}"' in str(digest.html)


@pytest.mark.parametrize("payload", HOSTILE)
def test_outside_text_cannot_act_in_an_alert(payload: str) -> None:
    event = replace(
        events()[1],
        headline=payload,
        source=payload,
        url="javascript:alert(1)",
        known_at=NOW,
        confidence=0.9,
    )

    notices = tuple(deliver.event_notices([event], NOW))
    message = deliver.compose(deliver.Parcel(channel=channel(), notices=notices))

    from lxml import html

    page = html.fromstring(str(message.html))
    assert {str(e.tag) for e in page.iter()} <= {
        "html", "head", "meta", "title", "body", "ul", "li", "a",
    }  # fmt: skip
    assert not page.xpath("//@href | //@*[starts-with(name(), 'on')]")
    for text in (message.subject, message.push):
        assert "\n" not in text
        assert "\r" not in text
        assert "\x1b" not in text


def test_a_header_cannot_be_injected() -> None:
    plugin = courier_.open_address(channel(address="mailto://localhost:2525?from=a@example.org"))
    message = Message(subject="x\r\nBcc: evil@example.org", text="t", html=None, push="p")

    made = smtp.mail(plugin, channel(), message, "key", NOW)

    assert made["Bcc"] is None
    assert made["Subject"] == "x Bcc: evil@example.org"
    assert b"\r\nBcc" not in made.as_bytes()


def test_a_line_break_hidden_in_an_address_stops_that_channel_alone(
    store: Store, log: Log, receiver: Receiver
) -> None:
    dirty = "mailto://localhost:1?from=x%0d%0aBcc:evil@example.org%20<a@example.org>"
    phone = f"json://127.0.0.1:{receiver.port}/hook"
    ways = [channel("mail", dirty), channel("phone", phone, form="push")]

    assert Courier(store=store, channels=ways, log=log).deliver([alert()], NOW) == 1
    assert len(receiver.got) == 1
    assert courier_.failing_since(store, "mail") == NOW


# --- a real SMTP server ---------------------------------------------------------------------


@dataclass
class Mailbox:
    """What a mail server received."""

    mails: list[EmailMessage] = field(default_factory=list)
    people: list[list[str]] = field(default_factory=list)
    port: int = 0
    refuse: str = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuse:
            return self.refuse
        made = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(made, EmailMessage)
        self.mails.append(made)
        self.people.append(envelope.rcpt_tos)
        return "250 OK"


def _authenticate(server: Any, session: Any, envelope: Any, how: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and data.password == TOKENS[0].encode()
    return AuthResult(success=good, handled=False)


@pytest.fixture(params=[False])
def mailbox(request: pytest.FixtureRequest) -> Iterator[Mailbox]:
    box = Mailbox()
    options: dict[str, Any] = {}
    if request.param:
        options = {
            "authenticator": _authenticate,
            "auth_required": True,
            "auth_require_tls": False,
        }
    with socket.create_server(("127.0.0.1", 0)) as free:
        box.port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **options)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def mailto(port: int, user: str = "", query: str = "") -> str:
    return f"mailto://{user}127.0.0.1:{port}?from=robot@example.org&to=reader@example.org{query}"


def test_a_french_mail_arrives_with_text_and_html(store: Store, log: Log, mailbox: Mailbox) -> None:
    """End to end: HTML with a plain-text part, below 100 kB, one Message-ID for one thing told."""
    way = channel(address=mailto(mailbox.port, query="&cc=second@example.org"), language="fr")

    assert Courier(store=store, channels=[way], log=log).deliver(both()[1:], NOW) == 1

    (mail,) = mailbox.mails
    assert mail.get_content_type() == "multipart/alternative"
    text, page = mail.iter_parts()
    assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    assert "CONSERVER" in text.get_content().upper()
    assert 'lang="fr"' in page.get_content()
    assert "cid:" not in page.get_content()
    assert "http-equiv=refresh" not in page.get_content()
    assert len(mail.as_bytes()) < 100_000
    assert mail["From"] == "nvsignal <robot@example.org>"
    assert (mail["To"], mail["Cc"]) == ("reader@example.org", "second@example.org")
    assert mail["Content-Language"] == "fr"
    assert mailbox.people == [["reader@example.org", "second@example.org"]]
    assert mail["Subject"].startswith("NVDA")


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
@pytest.mark.parametrize("mailbox", [True], indirect=True)
def test_a_refused_password_is_said_plainly_and_never_shown(
    store: Store, log: Log, said: io.StringIO, mailbox: Mailbox
) -> None:
    way = channel(address=mailto(mailbox.port, user="me:wrong-" + TOKENS[1] + "@"))

    assert Courier(store=store, channels=[way], log=log).deliver([alert()], NOW) == 0

    told = json.loads(said.getvalue().splitlines()[-1])
    assert told["event"] == "channel_failed"
    assert "refused the user or the password" in told["why"]
    assert TOKENS[1] not in said.getvalue()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
@pytest.mark.parametrize("mailbox", [True], indirect=True)
def test_the_right_password_opens_the_server(store: Store, log: Log, mailbox: Mailbox) -> None:
    way = channel(address=mailto(mailbox.port, user=f"me:{TOKENS[0]}@"))

    assert Courier(store=store, channels=[way], log=log).deliver([alert()], NOW) == 1
    assert len(mailbox.mails) == 1


def test_a_server_that_is_not_there_or_does_not_take_the_mail_is_said(mailbox: Mailbox) -> None:
    message = Message(subject="s", text="t", html=None, push="p")

    with pytest.raises(DeliveryError, match="cannot be reached: Connection refused"):
        courier_.send(channel(address=mailto(1)), message, "key", NOW, Paper())
    mailbox.refuse = "554 too much of it"
    with pytest.raises(DeliveryError, match=r"did not take the mail: .*too much of it"):
        courier_.send(channel(address=mailto(mailbox.port)), message, "key", NOW, Paper())


# --- a real HTTP receiver -------------------------------------------------------------------


@dataclass
class Receiver:
    """What an HTTP service was told."""

    got: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0
    status: int = 200


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append(json.loads(body))
            self.send_response(kept.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_push_arrives_as_one_plain_line(store: Store, log: Log, receiver: Receiver) -> None:
    way = channel("phone", f"json://127.0.0.1:{receiver.port}/hook", form="push")

    assert Courier(store=store, channels=[way], log=log).deliver(both()[1:], NOW) == 1

    (told,) = receiver.got
    assert "HOLD" in told["message"]
    assert len(told["message"]) <= 120
    assert "\n" not in told["message"]


def test_an_expired_token_is_said_with_the_services_own_reason(receiver: Receiver) -> None:
    receiver.status = 401
    way = channel("phone", f"json://127.0.0.1:{receiver.port}/hook", form="push")
    message = Message(subject="s", text="t", html=None, push="p")

    with pytest.raises(DeliveryError, match="error=401") as error:
        courier_.send(way, message, "key", NOW, Paper())
    assert "channel 'phone'" in str(error.value)


# --- addresses and secrets ------------------------------------------------------------------


def test_an_address_comes_from_the_environment_or_a_file_of_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "address"
    path.write_text("json://localhost/abc\n")
    path.chmod(0o600)

    assert courier_.read_address(name="x", url_env="A", environ={"A": " json://h "}) == "json://h"
    assert courier_.read_address(name="x", url_file=str(path)) == "json://localhost/abc"
    path.chmod(0o640)
    with pytest.raises(InputError, match=r"mode 0640, others can read it .*chmod 600"):
        courier_.read_address(name="x", url_file=str(path))
    with pytest.raises(InputError, match="environment variable A is not set"):
        courier_.read_address(name="x", url_env="A", environ={})
    with pytest.raises(InputError, match="No such file"):
        courier_.read_address(name="x", url_file=str(tmp_path / "none"))


@pytest.mark.parametrize("address", [f"nosuch://{TOKENS[0]}", TOKENS[0], "", "mailto://", "::"])
def test_an_address_that_is_none_is_refused_without_being_shown(address: str) -> None:
    with pytest.raises(DeliveryError, match="not one Apprise understands") as error:
        courier_.open_address(channel(address=address))
    assert TOKENS[0] not in str(error.value)


def test_planted_secrets_are_found_nowhere(
    tmp_path: Path, store: Store, said: io.StringIO, receiver: Receiver, caplog: Any
) -> None:
    """Five tokens in addresses of five kinds, every server failing: log, database and repr."""
    receiver.status = 500
    addresses = [
        mailto(1, user=f"me:{TOKENS[0]}@"),
        f"tgram://123456789:{TOKENS[1]}_0123456789abcdefghijkl/42",
        f"json://127.0.0.1:{receiver.port}/?token={TOKENS[2]}&+X-Key={TOKENS[2]}",
        f"json://127.0.0.1:{receiver.port}/hooks/{TOKENS[3]}/end",
        f"json://me:{TOKENS[4]}@127.0.0.1:{receiver.port}",
    ]
    channels = [channel(f"c{i}", a, form="push") for i, a in enumerate(addresses)]
    log = open_log(Redactor(addresses), said)
    logging.getLogger("other.library").warning("asked %s", " and ".join(addresses))
    with_telegram_unplugged = [c for c in channels if not c.address.startswith("tgram")]

    Courier(store=store, channels=with_telegram_unplugged, log=log).deliver([alert()], NOW)
    for way in channels:
        log.error("quoted", address=way.address, channel=way, text=f"see {way.address}!")

    store.close()
    database = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    with sqlite3.connect(tmp_path / "record.db") as check:
        assert check.execute("SELECT count(*) FROM sent").fetchone()[0] == 4
    check.close()
    assert said.getvalue().count("channel_failed") == 4
    for token in TOKENS:
        assert token not in said.getvalue()
        assert token.encode() not in database
        assert token not in repr(channels)


def test_the_report_itself_holds_no_address(store: Store, log: Log) -> None:
    way = channel(address=f"json://me:{TOKENS[4]}@localhost")
    report: Report = sample_report()
    message = deliver.compose(
        deliver.Parcel(channel=way, notices=(Notice(kind="digest", key="k", report=report),))
    )

    assert all(TOKENS[4] not in str(part) for part in (message.text, message.html, message.push))


def test_feed_states_that_count_as_down_are_those_without_an_answer() -> None:
    bad = [s for s in FeedState if s not in ("ok", "empty", "undated", "never")]
    sources = [replace(health()[0], name=s.value, state=s) for s in FeedState]

    notices = deliver.down_notices(sources, {s.value: 2 for s in FeedState})

    assert [n.key.split(":")[1] for n in notices] == [s.value for s in bad]
