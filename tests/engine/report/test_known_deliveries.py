"""What goes out, at its edges: ages, scores, quiet minutes, pauses, claims, sizes."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.settings import QuietHours
from engine.errors import InputError
from engine.record.store import Store
from engine.report import courier as courier_
from engine.report import deliver, smtp
from engine.report.courier import Courier, DeliverySlip, read_address
from engine.report.deliver import Notice
from engine.report.mail_line import MAX_ANSWER_BYTES, _Bounded
from engine.report.ways import Channel, DeliveryError, Message
from engine.report.web_line import ended_within
from engine.service.logs import Redactor, open_log
from engine.shown import FeedState, SourceHealth
from tests.builders import make_event
from tests.engine.report.sample_report import sample_report

NOW = datetime(2025, 8, 22, 12, 31, tzinfo=UTC)
ALL = frozenset({"decision_changed", "digest", "tripwire", "data_down"})
SECOND = timedelta(seconds=1)


def channel(**changes: Any) -> Channel:
    return replace(Channel(name="c", address="json://localhost", kinds=ALL), **changes)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as opened:
        yield opened


# --- what is told ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, True),
        ({"known_at": NOW - timedelta(hours=24)}, True),
        ({"known_at": NOW - timedelta(hours=24) - SECOND}, False),
        ({"known_at": NOW + SECOND}, False),
        ({"confidence": 0.7}, True),
        ({"confidence": 0.69}, False),
        ({"event_type": "export_relief"}, True),
        ({"event_type": "china_purchase_ban"}, True),
        ({"event_type": "training_failure"}, True),
        ({"event_type": "model_release"}, False),
    ],
)
def test_an_event_alerts_for_a_day_when_it_is_sure(changes: dict[str, Any], told: bool) -> None:
    event = make_event("export_restriction", known_at=NOW, headline="h", source="s")
    found = list(deliver.event_notices([replace(event, **changes)], NOW))
    assert bool(found) is told
    if told:
        assert (found[0].kind, found[0].key) == ("tripwire", "tripwire:event-1")
        assert str(found[0].line).endswith(": h (s)")


@pytest.mark.parametrize(
    ("age", "above", "told"),
    [
        (timedelta(0), 0.0, True),
        (timedelta(days=3), 0.0, True),
        (timedelta(days=3) + SECOND, 0.0, False),
        (-SECOND, 0.0, False),
        (timedelta(0), 0.01, False),
    ],
)
def test_a_release_alerts_for_three_days_from_its_score_on(
    age: timedelta, above: float, told: bool
) -> None:
    report = sample_report()
    card = report.releases[0]
    card = replace(card, release=replace(card.release, known_at=NOW - age))
    least = card.rating.score + above
    found = list(deliver.release_notices(replace(report, releases=(card,)), NOW, least))
    assert bool(found) is told


@pytest.mark.parametrize(
    ("failures", "tier", "state", "told"),
    [
        (2, 1, FeedState.ERROR, True),
        (2, 2, FeedState.ERROR, True),
        (2, 3, FeedState.ERROR, False),
        (1, 1, FeedState.ERROR, False),
        (2, 1, FeedState.OK, False),
    ],
)
def test_a_source_is_down_after_two_failures(
    failures: int, tier: int, state: FeedState, told: bool
) -> None:
    health = SourceHealth(
        name="wire", state=state, tier=tier, note="timed out", n_facts=0, last_ok_at=None,
        newest_at=None,
    )  # fmt: skip
    found = list(deliver.down_notices([health], {"wire": failures}))
    assert bool(found) is told
    if told:
        assert found[0].key == "data_down:wire:never"
        assert str(found[0].line) == "wire: timed out; it has never answered"
        since = replace(health, last_ok_at=NOW)
        (notice,) = deliver.down_notices([since], {"wire": failures})
        assert notice.key == f"data_down:wire:{NOW.isoformat()}"
        assert str(notice.line) == "wire: timed out; last good answer Aug 22, 2025"


def past(*entries: tuple[str, str]) -> list[dict[str, str]]:
    return [{"acts_on": day, "decision": verdict} for day, verdict in entries]


def test_a_change_is_told_for_a_week_and_while_it_lasts() -> None:
    report = sample_report()
    verdict = report.decision.verdict
    other = "HOLD" if verdict == "SELL" else "SELL"
    on = report.decision.acts_on

    def told(days: int, *more: tuple[str, str]) -> str | None:
        first = (on - timedelta(days=days + 1)).isoformat()
        since = (on - timedelta(days=days)).isoformat()
        found = deliver.changed_notice(report, past((since, verdict), (first, other), *more))
        return found and found.key

    assert told(0) == f"decision_changed:{on}"
    assert told(7) == f"decision_changed:{on - timedelta(days=7)}"
    assert told(8) is None
    assert told(1, (on.isoformat(), other)) is None  # it changed back
    assert deliver.changed_notice(report, past((on.isoformat(), verdict))) is None
    assert deliver.changed_notice(report, []) is None


# --- what goes out now ----------------------------------------------------------------------------


def planned(way: Channel, notices: list[Notice], **changes: Any) -> list[list[str]]:
    given: dict[str, Any] = {
        "sent": lambda key: False,
        "last_tripwire_at": None,
        "coalesce": timedelta(minutes=30),
    }
    parcels = deliver.plan(way, notices, NOW, **(given | changes))
    return [[n.key for n in p.notices] for p in parcels]


NOTICES = [Notice(kind=k, key=k) for k in ("data_down", "tripwire", "digest", "decision_changed")]  # type: ignore[arg-type]


def test_parcels_come_in_the_order_of_their_weight() -> None:
    whole = [["digest", "decision_changed"], ["tripwire"], ["data_down"]]
    assert planned(channel(), NOTICES) == whole
    assert planned(channel(kinds=frozenset({"digest"})), NOTICES) == [["digest"]]
    assert planned(channel(), NOTICES, sent=lambda key: key == "c|tripwire") == [
        whole[0],
        whole[2],
    ]


@pytest.mark.parametrize(
    ("ago", "waits"),
    [
        (timedelta(0), True),
        (timedelta(minutes=30) - SECOND, True),
        (timedelta(minutes=30), False),
        (-SECOND, False),  # a clock that went back holds nothing up
    ],
)
def test_a_tripwire_waits_for_half_an_hour_after_another(ago: timedelta, waits: bool) -> None:
    found = planned(channel(), NOTICES, last_tripwire_at=NOW - ago)
    assert (["tripwire"] not in found) is waits
    assert ["data_down"] in found


def test_in_quiet_hours_only_a_push_is_let_through() -> None:
    night = QuietHours(start="00:00", end="23:59", zone="UTC", wake_for=("tripwire",))
    assert planned(channel(quiet=night), NOTICES) == []
    assert planned(channel(quiet=night, form="push"), NOTICES) == [["tripwire"]]
    over = QuietHours(start="13:00", end="23:59", zone="UTC")
    assert len(planned(channel(quiet=over), NOTICES)) == 3


def test_an_alert_lists_twenty_and_counts_the_rest() -> None:
    def text(n: int) -> list[str]:
        notices = tuple(Notice(kind="tripwire", key=str(i), line=f"l{i}") for i in range(n))
        parcel = deliver.Parcel(channel=channel(), notices=notices)
        return deliver.compose(parcel).text.splitlines()

    assert text(20) == [f"- l{i}" for i in range(20)]
    assert text(22) == [*(f"- l{i}" for i in range(20)), "- and 2 more"]


def test_an_alert_says_what_it_is_and_links_where_there_is_a_link() -> None:
    told = Notice(kind="tripwire", key="k", line="chips <barred>", url="https://e.org/?a=1&b=2")
    message = deliver.compose(deliver.Parcel(channel=channel(), notices=(told,)))
    assert message.subject == "NVDA alert: chips <barred>"
    assert message.text == "- chips <barred>\n  https://e.org/?a=1&b=2\n"
    assert message.push == "chips <barred>"
    assert message.html is not None
    assert '<a href="https://e.org/?a=1&amp;b=2">chips &lt;barred&gt;</a>' in message.html
    down = Notice(kind="data_down", key="k", line="x" * 900)
    message = deliver.compose(deliver.Parcel(channel=channel(), notices=(down,)))
    assert message.subject.startswith("NVDA, data missing: x")
    assert (len(message.subject), len(message.push)) == (150, 120)


def test_days_that_could_not_be_sent_open_text_and_page() -> None:
    report = Notice(kind="digest", key="d", report=sample_report())
    parcel = deliver.Parcel(channel=channel(), notices=(report,))
    plain = deliver.compose(parcel)
    message = deliver.compose(parcel, (date(2025, 8, 20), date(2025, 8, 21)))
    told = "Reports that could not be sent before: Aug 20, 2025, Aug 21, 2025; they are kept with"
    assert message.text.startswith(told)
    assert message.text.endswith("\n\n" + plain.text)
    assert message.html is not None
    assert message.html.count(told) == 1
    assert plain.html is not None
    assert told not in plain.html


def test_a_change_names_itself_and_goes_before_the_daily_report() -> None:
    report = sample_report()
    both = (
        Notice(kind="digest", key="d", report=report),
        Notice(kind="decision_changed", key="c", report=report),
    )
    for notices in (both, both[::-1]):
        parcel = deliver.Parcel(channel=channel(), notices=notices)
        assert deliver.compose(parcel).subject.startswith("Decision changed: ")


# --- the courier ----------------------------------------------------------------------------------


class Post:
    """A postman who fails as long as he is told to."""

    def __init__(self) -> None:
        self.tries, self.broken = 0, True
        self.sent: list[str] = []

    def __call__(self, way: Channel, message: Message, key: str, now: datetime, slip: Any) -> None:
        self.tries += 1
        if self.broken:
            raise DeliveryError("away")
        self.sent.append(key)
        slip.offered(slip.pending)
        slip.taken(slip.pending)


def courier(store: Store, post: Any, said: io.StringIO | None = None) -> Courier:
    log = open_log(Redactor(), said or io.StringIO())
    return Courier(store=store, channels=[channel()], log=log, send=post)


ALERT = [Notice(kind="tripwire", key="t", line="l")]


def test_a_failing_channel_is_left_alone_for_pauses_that_double_to_half_an_hour(
    store: Store,
) -> None:
    """Minutes after each failure: 1, 2, 4, 8, 16, 30, 30."""
    post, said, now = Post(), io.StringIO(), NOW
    man = courier(store, post, said)
    for tries, minutes in enumerate((1, 2, 4, 8, 16, 30, 30), 1):
        assert man.deliver(ALERT, now) == 0
        assert post.tries == tries
        now += timedelta(minutes=minutes)
        man.deliver(ALERT, now - SECOND)
        assert post.tries == tries  # still left alone
    post.broken = False
    assert man.deliver(ALERT, now) == 1
    assert courier_.failing_since(store, "c") is None
    assert said.getvalue().count("channel_failed") == 1
    assert said.getvalue().count("channel_works_again") == 1
    assert man.deliver(ALERT, now) == 0
    assert post.sent == ["c|t"]
    post.broken = True
    more = [Notice(kind="tripwire", key="u", line="m")]
    now += timedelta(hours=1)
    for minutes in (0, 1, 3):  # the pauses begin again
        assert man.deliver(more, now + timedelta(minutes=minutes)) == 0
    assert post.tries == 11


def test_a_channel_that_fails_is_not_tried_with_the_next_parcel(store: Store) -> None:
    """Of three; and what could not be sent on earlier days opens the report that goes out."""
    post = Post()
    man = courier(store, post)
    report = Notice(kind="digest", key="d", report=sample_report(), earlier=(date(2025, 8, 21),))
    whole = [Notice(kind="data_down", key="w", line="l"), *ALERT, report]
    assert man.deliver(whole, NOW) == 0
    assert post.tries == 1
    post.broken = False
    assert man.deliver(whole, NOW + timedelta(minutes=1)) == 3
    assert post.sent == ["c|d", "c|t", "c|w"]


def test_a_report_says_which_days_before_it_were_not_sent(store: Store) -> None:
    told: list[str] = []

    def post(way: Channel, message: Message, key: str, now: datetime, slip: Any) -> None:
        told.append(message.text)
        slip.kept_back(["a"], "unknown", for_good=True)

    days = (date(2025, 8, 20), date(2025, 8, 21))
    store.mark_sent(f"done|c|{deliver.digest_key(days[0])}", NOW)
    both = [
        Notice(kind="digest", key="d", report=sample_report(), earlier=days),
        Notice(kind="decision_changed", key="e", report=sample_report()),
    ]
    said = io.StringIO()
    assert courier(store, post, said).deliver(both, NOW) == 1
    assert told[0].startswith("Reports that could not be sent before: Aug 21, 2025;")
    refused, sent = (json.loads(line) for line in said.getvalue().splitlines())
    assert (refused["event"], refused["to"], refused["why"]) == (
        "recipient_refused", "a", "unknown",
    )  # fmt: skip
    assert (sent["event"], sent["kinds"], sent["notices"]) == (
        "sent", ["decision_changed", "digest"], 2,
    )  # fmt: skip


def test_a_clock_set_back_by_more_than_the_longest_pause_holds_nothing_up(store: Store) -> None:
    post = Post()
    man = courier(store, post)
    man.deliver(ALERT, NOW)
    back = NOW + timedelta(minutes=1) - timedelta(minutes=30)
    man.deliver(ALERT, back)
    assert post.tries == 1
    man.deliver(ALERT, back - SECOND)
    assert post.tries == 2


@pytest.mark.parametrize(
    ("ago", "ours"),
    [
        (timedelta(0), False),
        (timedelta(minutes=2) - SECOND, False),
        (timedelta(minutes=2), True),
        (-SECOND, True),
    ],
)
def test_a_claim_of_another_process_holds_for_two_minutes(
    store: Store, ago: timedelta, ours: bool
) -> None:
    post = Post()
    post.broken = False
    store.mark_sent("c|t", NOW - ago)
    assert courier(store, post).deliver(ALERT, NOW) == int(ours)


def test_a_parcel_of_which_another_process_sends_a_part_waits_whole(store: Store) -> None:
    """And what was claimed of it is free again."""
    post = Post()
    post.broken = False
    store.mark_sent("c|t", NOW)
    both = [*ALERT, Notice(kind="tripwire", key="u", line="m")]
    assert courier(store, post).deliver(both, NOW) == 0
    assert store.sent_at("c|u") is None
    assert store.sent_at("c|t") == NOW
    later = NOW + timedelta(minutes=2)
    assert courier(store, post).deliver(both, later) == 1
    assert post.sent == ["c|t"]  # the first names the message


def test_days_without_a_report_are_named_from_the_first_that_had_one(store: Store) -> None:
    days = [date(2025, 8, d) for d in (18, 19, 20, 21)]
    notice = Notice(kind="digest", key="d", report=sample_report(), earlier=tuple(days))
    parcel = deliver.Parcel(channel=channel(), notices=(notice,))
    man = courier(store, Post())
    assert man._unsent(parcel) == ()
    store.mark_sent(f"done|c|{deliver.digest_key(days[1])}", NOW)
    assert man._unsent(parcel) == (days[2], days[3])
    assert courier_.report_sent(store, "c", days[1])
    assert not courier_.report_sent(store, "c", days[2])
    assert not courier_.report_sent(store, "d", days[1])


def slip(store: Store, *pending: str, **changes: Any) -> DeliverySlip:
    parcel = deliver.Parcel(channel=channel(), notices=tuple(ALERT))
    return DeliverySlip(store=store, parcel=parcel, now=NOW, pending=pending, **changes)


def test_a_slip_notes_each_step_of_each_recipient(store: Store) -> None:
    kept = slip(store, "a", "b", "c", doubtful=frozenset({"a"}))
    kept.offered(["a", "b", "c"])
    kept.taken(["a"])
    kept.kept_back(["b"], "busy")
    kept.kept_back(["c"], "unknown", for_good=True)
    assert (kept.open, kept.refused) == ({"b": "busy"}, {"c": "unknown"})
    rows = {row.recipient: row for row in store.deliveries("c", keys=["t"])}
    assert {r: (row.state, row.why) for r, row in rows.items()} == {
        "a": ("taken", ""),
        "b": ("deferred", "busy"),
        "c": ("refused", "unknown"),
    }
    assert [r.recipient for r in courier_.maybe_twice(store, NOW)] == ["a"]
    assert courier_.maybe_twice(store, NOW + SECOND) == ()
    told = [str(line) for line in courier_.delivery_problems(store, NOW)]
    assert told == ["The mail to b was not taken: busy", "The mail to c was not taken: unknown"]
    assert courier_.turned_away(store, NOW - SECOND) == ()
    slip(store, "a", doubtful=frozenset({"a"})).kept_back(["a"], "busy")
    assert courier_.maybe_twice(store, NOW) == ()  # it was not taken this time


def test_a_report_that_went_out_holds_no_tripwire_back_and_a_tripwire_the_next(
    store: Store,
) -> None:
    """Half an hour from the last of them, whichever it was."""
    post = Post()
    post.broken = False
    man = courier(store, post)
    half = timedelta(minutes=30)
    wires = [[Notice(kind="tripwire", key=k, line="l")] for k in "tuv"]
    assert man.deliver([Notice(kind="digest", key="d", report=sample_report())], NOW) == 1
    assert man.deliver(wires[0], NOW) == 1
    assert man.deliver(wires[1], NOW + half - SECOND) == 0
    assert man.deliver(wires[1], NOW + half) == 1
    assert man.deliver(wires[2], NOW + 2 * half - SECOND) == 0
    assert man.deliver(wires[2], NOW + 2 * half) == 1


class Half:
    """A postman whose server puts one of the readers off until he is told otherwise."""

    def __init__(self) -> None:
        self.busy, self.asked = True, list[tuple[str, ...]]()

    def __call__(self, way: Channel, message: Message, key: str, now: datetime, slip: Any) -> None:
        self.asked.append(tuple(slip.pending))
        slip.offered(slip.pending)
        if self.busy:
            slip.kept_back(slip.pending, "busy")
        else:
            slip.taken(slip.pending)


def test_a_mail_that_was_put_off_is_free_again_after_its_pause(store: Store) -> None:
    post, said = Half(), io.StringIO()
    man = courier(store, post, said)
    minute = timedelta(minutes=1)
    assert man.deliver(ALERT, NOW) == 1
    assert (store.sent_at("c|t"), store.sent_at("done|c|t")) == (None, None)
    assert man.deliver(ALERT, NOW + minute - SECOND) == 0
    post.busy = False
    assert man.deliver(ALERT, NOW + minute) == 1
    assert store.sent_at("done|c|t") == NOW + minute
    assert len(post.asked) == 2
    assert said.getvalue().count("recipient_refused") == 1
    assert said.getvalue().count("busy") == 1


FOUR = "mailto://me:word@localhost?to=a@x.org,b@x.org,c@x.org,d@x.org"


def test_who_has_a_mail_or_was_turned_away_beside_others_gets_none(store: Store) -> None:
    """Refused by all, everybody is asked again; whoever may have it already is in doubt."""
    parcel = deliver.Parcel(channel=channel(address=FOUR), notices=tuple(ALERT))
    man = Courier(store=store, channels=[parcel.channel], log=open_log(Redactor(), io.StringIO()))
    noted = DeliverySlip(store=store, parcel=parcel, now=NOW, pending=())
    noted.offered(["d@x.org"])
    noted.kept_back(["b@x.org"], "no", for_good=True)
    noted.kept_back(["c@x.org"], "later")
    found = man._slip(parcel, NOW)
    assert found.pending == ("a@x.org", "b@x.org", "c@x.org", "d@x.org")
    assert found.doubtful == {"d@x.org"}
    noted.taken(["a@x.org"])
    assert man._slip(parcel, NOW).pending == ("c@x.org", "d@x.org")


def test_notices_that_stand_alike_go_out_together(store: Store) -> None:
    """Put off is as not sent; what somebody has goes to the others by itself."""
    notices = tuple(Notice(kind="tripwire", key=k, line="l") for k in "tuvw")
    whole = deliver.Parcel(channel=channel(), notices=notices)
    for at in (0, 2):
        part = replace(whole, notices=(notices[at],))
        DeliverySlip(store=store, parcel=part, now=NOW, pending=()).taken(["a"])
    part = replace(whole, notices=(notices[1],))
    DeliverySlip(store=store, parcel=part, now=NOW, pending=()).kept_back(["a"], "busy")
    found = [[n.key for n in part.notices] for part in courier(store, Post())._alike(whole)]
    assert found == [["t", "v"], ["u", "w"]]


def test_an_address_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "address"
    path.write_text("json://localhost\n", encoding="utf-8")
    for mode, fine in (
        (0o600, True),
        (0o400, True),
        (0o640, False),
        (0o604, False),
        (0o610, False),
        (0o601, False),
    ):
        path.chmod(mode)
        if fine:
            assert read_address(name="c", url_file=str(path)) == "json://localhost"
            continue
        with pytest.raises(InputError, match=f"mode 0{mode:o}"):
            read_address(name="c", url_file=str(path))
    path.chmod(0o600)
    for content in (b"", b"a\nb\n", b"\xff"):
        path.write_bytes(content)
        with pytest.raises(InputError):
            read_address(name="c", url_file=str(path))
    assert read_address(name="c", url_env="A", environ={"A": " json://x "}) == "json://x"
    for environ in ({}, {"A": " "}):
        with pytest.raises(InputError, match="A is not set"):
            read_address(name="c", url_env="A", environ=environ)


# --- lines that end -------------------------------------------------------------------------------


def test_an_answer_ends_at_its_bound() -> None:
    assert MAX_ANSWER_BYTES == 64_000
    line = b"x" * 999 + b"\n"
    bounded = _Bounded(io.BytesIO(line * 65))
    for _ in range(64):
        assert len(bounded.readline()) == 1_000
    with pytest.raises(OSError, match="does not end"):
        bounded.readline()


def test_work_ends_in_time_or_is_left_alone() -> None:
    import threading

    held = threading.Event()
    assert ended_within(lambda: 5, 5.0) == 5
    assert ended_within(lambda: None, 5.0) is None
    with pytest.raises(ZeroDivisionError):
        ended_within(lambda: 1 // 0, 5.0)
    with pytest.raises(TimeoutError, match=r"within 0\.05 s"):
        ended_within(held.wait, 0.05)
    held.set()


class Server:
    """Answers RCPT and DATA as told, and keeps what was sent."""

    def __init__(self, *codes: int) -> None:
        self.codes, self.sent = list(codes), b""

    def rcpt(self, recipient: str) -> tuple[int, bytes]:
        return self.codes.pop(0), f"said of {recipient}".encode()

    def docmd(self, word: str) -> tuple[int, bytes]:
        assert word == "DATA"
        return self.codes.pop(0), b"go"

    def send(self, text: bytes) -> None:
        self.sent += text

    def getreply(self) -> tuple[int, bytes]:
        return self.codes.pop(0), b"well"


class Paper:
    def __init__(self, *pending: str) -> None:
        self.pending, self.told = pending, list[tuple[str, tuple[str, ...], str]]()

    def offered(self, recipients: Any) -> None:
        self.told.append(("offered", tuple(recipients), ""))

    def taken(self, recipients: Any) -> None:
        self.told.append(("taken", tuple(recipients), ""))

    def kept_back(self, recipients: Any, why: str, *, for_good: bool = False) -> None:
        self.told.append(("refused" if for_good else "deferred", tuple(recipients), why))


def test_recipients_are_taken_put_off_or_refused_by_the_code() -> None:
    paper = Paper("a", "b", "c", "d", "e")
    found = smtp._takers(Server(250, 251, 450, 499, 500), paper, lambda t: t)  # type: ignore[arg-type]
    assert found == ["a", "b"]
    assert [(state, who) for state, who, _ in paper.told] == [
        ("deferred", ("c",)),
        ("deferred", ("d",)),
        ("refused", ("e",)),
    ]
    assert paper.told[0][2] == "450 said of c"


@pytest.mark.parametrize(
    ("codes", "states"),
    [
        ((354, 250), ["offered", "taken"]),
        ((354, 451), ["offered", "deferred"]),
        ((550,), ["deferred"]),
    ],
)
def test_only_the_answer_after_the_text_takes_a_mail(
    codes: tuple[int, ...], states: list[str]
) -> None:
    server, paper = Server(*codes), Paper("a")
    text = b"first\r\n.second\r\n..third\r\n"
    refused = pytest.raises(DeliveryError, match=r"^host:25 did not take the mail: ")
    with refused if states[-1] == "deferred" else nullcontext():
        smtp._hand_over(server, text, ["a"], paper, "host:25", lambda t: t)  # type: ignore[arg-type]
    assert [state for state, _, _ in paper.told] == states
    if codes[0] == 354:
        assert server.sent == b"first\r\n..second\r\n...third\r\n.\r\n"


def test_a_password_is_hidden_in_every_form_it_is_repeated_in() -> None:
    class Plugin:
        user, password = "me", "p/ss"

    hide = smtp._hiding(Plugin())
    assert hide("p/ss p%2Fss cC9zcw== AG1lAHAvc3M=") == "*** *** *** ***"
    Plugin.password = ""
    assert smtp._hiding(Plugin())("") == ""


EVERYBODY = (
    "mailto://me:word@localhost?from=Robot<r@x.org>&to=Ann<a@x.org>,b@x.org"
    "&cc=d@x.org,c@x.org&bcc=e@x.org&reply=s@x.org"
)


def test_a_mail_names_everybody_but_those_who_are_to_stay_unseen() -> None:
    """Its identity is that of the key, whenever it is sent."""
    way, words = (
        channel(address=EVERYBODY),
        Message(subject="s" * 200, text="t", html="<p>h", push="p"),
    )
    plugin = courier_.open_address(way)
    assert smtp.recipients_of(plugin) == ("a@x.org", "b@x.org", "c@x.org", "d@x.org", "e@x.org")
    made = smtp.mail(plugin, way, words, "key", NOW)
    headers = {name: str(value) for name, value in made.items()}
    assert headers["From"] == "Robot <r@x.org>"
    assert headers["To"] == "Ann <a@x.org>, b@x.org"
    assert (headers["Cc"], headers["Reply-To"]) == ("c@x.org, d@x.org", "s@x.org")
    assert headers["Date"] == "Fri, 22 Aug 2025 12:31:00 +0000"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert (headers["Content-Language"], len(headers["Subject"])) == ("en", 150)
    assert "e@x.org" not in made.as_string()
    again = smtp.mail(plugin, way, words, "key", NOW + SECOND)
    assert again["Message-ID"] == made["Message-ID"]
    assert smtp.mail(plugin, way, words, "other", NOW)["Message-ID"] != made["Message-ID"]

    def parts(way: Channel, words: Message) -> list[str]:
        found = smtp.mail(plugin, way, words, "key", NOW)
        return [part.get_content().strip() for part in found.walk() if not part.is_multipart()]

    assert parts(way, words) == ["t", "<p>h"]
    assert parts(way, replace(words, html=None)) == ["t"]
    assert parts(replace(way, form="push"), words) == ["p"]
    plain = courier_.open_address(channel(address="mailto://me:word@localhost?to=a@x.org"))
    bare = smtp.mail(plain, way, words, "key", NOW)
    assert (bare["Cc"], bare["Reply-To"]) == (None, None)


class Host(Server):
    """With the greeting before."""

    def mail(self, sender: str) -> tuple[int, bytes]:
        self.sender = sender
        return self.codes.pop(0), b"noted"


def test_a_server_that_wants_none_of_them_gets_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = courier_.open_address(channel(address="mailto://localhost?from=r@x.org&to=a@x.org"))
    text = smtp.mail(
        plugin, channel(), Message(subject="s", text="t", html=None, push="p"), "k", NOW
    )
    for codes, said in (((250, 550), "for none of the recipients"), ((251,), "the sender: 251")):
        host, paper = Host(*codes), Paper("a@x.org")
        monkeypatch.setattr(smtp, "_connected", lambda plugin, host=host: nullcontext(host))
        with pytest.raises(DeliveryError, match=said):
            smtp.submit(plugin, text, paper)
        assert (host.sender, host.codes, host.sent) == ("r@x.org", [], b"")


@pytest.mark.parametrize("before", [True, False])
def test_what_a_service_complains_of_is_kept_from_the_log_while_it_is_heard(before: bool) -> None:
    logger = logging.getLogger("apprise")
    stood, ears = logger.propagate, list(logger.handlers)
    logger.propagate = before
    try:
        with courier_._complaints() as said:
            logger.warning("a\x1b[31m %s", "b")
            logger.info("not this")
            assert logger.propagate is False
        assert said == ["a b"]
        assert (logger.propagate, logger.handlers) == (before, ears)
    finally:
        logger.propagate = stood


class Service:
    """What stands behind an address that is no mail."""

    schema = "json"

    def __init__(self, answer: bool | Exception) -> None:
        self.answer, self.got = answer, list[tuple[str, str, str]]()

    def notify(self, *, title: str, body: str, body_format: Any) -> bool:
        self.got.append((title, body, body_format.value))
        for words in ("first", "last"):
            logging.getLogger("apprise").warning(words)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "states"),
    [(True, ["offered", "taken"]), (False, ["offered", "deferred"]),
     (TimeoutError("late"), ["offered"])],
)  # fmt: skip
def test_a_service_is_told_in_its_form_and_its_last_words_are_the_reason(
    monkeypatch: pytest.MonkeyPatch, answer: bool | Exception, states: list[str]
) -> None:
    """Nobody knows of a service that did not answer in time."""
    words = Message(subject="s", text="t", html="h", push="p")
    for way, message, body, form in (
        (channel(), words, "h", "html"), (channel(), replace(words, html=None), "t", "text"),
        (channel(form="push"), words, "p", "text"),
    ):  # fmt: skip
        service, paper = Service(answer), Paper("")
        monkeypatch.setattr(courier_, "open_address", lambda way, service=service: service)
        why = "did not take it: last$" if answer is False else "'c': late$"
        with nullcontext() if answer is True else pytest.raises(DeliveryError, match=why):
            courier_.send(way, message, "k", NOW, paper)
        assert service.got == [("s", body, form)]
        assert [state for state, _, _ in paper.told] == states
        assert answer is not False or paper.told[-1][2] == "last"
