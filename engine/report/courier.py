"""The only place that sends anything.

What ``deliver.plan`` wants sent is claimed, handed over recipient by recipient, and marked as done
when everybody has got it. Where each recipient stands is noted on a ``DeliverySlip`` at once: the
server's acceptance is the point of no return. A process killed between that answer and the note is
the one case in which a message goes out twice, under the same Message-ID, and ``doctor`` says so.
"""

from __future__ import annotations

import logging
import os
import stat
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from engine.errors import InputError, NvsignalError
from engine.files import at_home
from engine.phrases import phrase
from engine.record.tables.sent import Delivery, DeliveryState
from engine.report import smtp
from engine.report.deliver import Notice, Parcel, compose, digest_key, plan
from engine.report.i18n import voice
from engine.report.smtp import NAME, mail, recipients_of, submit
from engine.report.typography import clean
from engine.report.ways import Channel, DeliveryError, Message
from engine.report.web_line import bounded_answers, ended_within

if TYPE_CHECKING:
    from engine.record.store import Store

CLAIM_AGE = timedelta(minutes=2)
"""A parcel claimed this long ago and not done was being sent by a process that is gone."""

ADDRESS_REMEDY = (
    "see the Apprise documentation for the form of each service's address; in a user or password "
    "write @ as %40, # as %23, : as %3A, / as %2F: "
    "mailto://me%40example.org:password@smtp.example.org"
)

FIRST_PAUSE, LAST_PAUSE = timedelta(minutes=1), timedelta(minutes=30)
"""How long a failing channel is left alone; the pause doubles with each failure."""


# --- secrets --------------------------------------------------------------------------------


def read_address(
    *, name: str, url_env: str = "", url_file: str = "", environ: Mapping[str, str] | None = None
) -> str:
    """The address of channel ``name`` from the environment or from a file.

    The file must be readable by its owner alone (mode 0600 or less). Raises ``InputError`` saying
    what is missing, never what was found.
    """
    if url_env:
        found = (os.environ if environ is None else environ).get(url_env, "").strip()
        if not found:
            raise InputError(
                phrase(
                    "channel '{name}': the environment variable {url_env} is not set",
                    name=name,
                    url_env=url_env,
                ),
                remedy=phrase("put the Apprise address of the channel there"),
            )
        return found
    path = at_home(url_file)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise InputError(
                phrase(
                    "channel '{name}': {path} has mode {mode}, others can read it",
                    name=name,
                    path=str(path),
                    mode=f"{mode:04o}",
                ),
                remedy=phrase("chmod 600 {path}", path=str(path)),
            )
        found = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InputError(
            phrase(
                "channel '{name}': cannot read {path} ({why})",
                name=name,
                path=str(path),
                why=error.strerror,
            )
        ) from None
    except UnicodeDecodeError:
        raise InputError(
            phrase("channel '{name}': {path} is not UTF-8 text", name=name, path=str(path))
        ) from None
    if not found or "\n" in found:
        raise InputError(
            phrase(
                "channel '{name}': {path} must hold one address on one line",
                name=name,
                path=str(path),
            )
        )
    return found


# --- the way out ----------------------------------------------------------------------------


class CourierLog(Protocol):
    """Where the courier says what it did; ``engine.service.logs.Log``."""

    def info(self, event: str, **fields: Any) -> None:
        """As it should be."""

    def warning(self, event: str, **fields: Any) -> None:
        """To be tried again."""


@dataclass(kw_only=True)
class DeliverySlip:
    """Where handing one parcel over stands, written into the record as it happens."""

    store: Store
    parcel: Parcel
    now: datetime
    pending: tuple[str, ...]
    doubtful: frozenset[str] = frozenset()
    """Recipients to whom an earlier process may have sent it already."""
    open: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """Recipient → the server's words: to be tried again, or turned away for good."""

    def offered(self, recipients: Sequence[str]) -> None:
        """The text goes out to these now."""
        self._note(recipients, "offered")

    def taken(self, recipients: Sequence[str]) -> None:
        """They have got it: committed at once."""
        self._note(recipients, "taken")

    def kept_back(self, recipients: Sequence[str], why: str, *, for_good: bool = False) -> None:
        """They have not got it, and the server said so."""
        (self.refused if for_good else self.open).update(dict.fromkeys(recipients, why))
        self._note(recipients, "refused" if for_good else "deferred", why)

    def _note(self, recipients: Sequence[str], state: DeliveryState, why: str = "") -> None:
        self.store.save_deliveries(
            Delivery(
                channel=self.parcel.channel.name,
                key=notice.key,
                recipient=recipient,
                state=state,
                changed_at=self.now,
                repeats=int(recipient in self.doubtful),
                why=why,
            )
            for notice in self.parcel.notices
            for recipient in recipients
        )


Send = Callable[[Channel, Message, str, datetime, DeliverySlip], None]
"""(channel, message, key, now, slip) → handed over as the slip says, or ``DeliveryError``."""


@dataclass(kw_only=True)
class Courier:
    """Sends what ``plan`` says, once, and remembers which channels fail.

    A failing channel is said once, in the log and in the table of things sent, until it works
    again; it never holds up another one.
    """

    store: Store
    channels: Sequence[Channel]
    log: CourierLog
    coalesce: timedelta = timedelta(minutes=30)
    send: Send | None = None
    _failures: dict[str, int] = field(default_factory=dict)
    _not_before: dict[str, datetime] = field(default_factory=dict)

    def deliver(self, notices: Sequence[Notice], now: datetime) -> int:
        """Send what is due on every channel; how many messages went out."""
        return sum(self._on(channel, notices, now) for channel in self.channels)

    def _on(self, channel: Channel, notices: Sequence[Notice], now: datetime) -> int:
        not_before = self._not_before.get(channel.name)
        if not_before is not None and not_before - LAST_PAUSE <= now < not_before:
            return 0
        parcels = plan(
            channel,
            notices,
            now,
            sent=lambda key: self.store.sent_at(_done(key)) is not None,
            last_tripwire_at=self.store.sent_at(_last_tripwire(channel)),
            coalesce=self.coalesce,
        )
        count = 0
        for parcel in (part for whole in parcels for part in self._alike(whole)):
            claimed = [key for key in parcel.keys if self._claim(key, now)]
            if len(claimed) < len(parcel.keys):
                self._free(claimed)  # another process is sending a part of it right now
                continue
            if not self._try(parcel, now):
                break
            count += 1
        return count

    def _alike(self, parcel: Parcel) -> Iterator[Parcel]:
        """``parcel`` in parts of which everybody lacks all or nothing, so that nobody gets twice
        what he has, and a Message-ID never stands for two texts."""

        def stand(notice: Notice) -> tuple[tuple[str, str], ...]:
            rows = self.store.deliveries(parcel.channel.name, keys=[notice.key])
            return tuple((row.recipient, row.state) for row in rows if row.state != "deferred")

        groups: dict[tuple[tuple[str, str], ...], list[Notice]] = {}
        for notice in parcel.notices:
            groups.setdefault(tuple(sorted(stand(notice))), []).append(notice)
        for notices in groups.values():
            yield replace(parcel, notices=tuple(notices))

    def _slip(self, parcel: Parcel, now: datetime) -> DeliverySlip:
        rows = self.store.deliveries(parcel.channel.name, keys=[parcel.notices[0].key])
        taken = {row.recipient for row in rows if row.state == "taken"}
        doubtful = frozenset(row.recipient for row in rows if row.state == "offered")
        turned_away = {row.recipient for row in rows if row.state == "refused"} if taken else set()
        people = readers(parcel.channel) if self.send is None else ("",)
        pending = tuple(p for p in people if p not in taken | turned_away)
        return DeliverySlip(
            store=self.store, parcel=parcel, now=now, pending=pending, doubtful=doubtful
        )

    def _try(self, parcel: Parcel, now: datetime) -> bool:
        channel = parcel.channel
        try:
            slip = self._slip(parcel, now)
            if slip.pending:
                message = compose(parcel, self._unsent(parcel))
                (self.send or send)(channel, message, parcel.keys[0], now, slip)
        except Exception as error:  # a fault in one channel must not silence the others
            self._free(parcel.keys)
            self._failed(channel, error, now)
            return False
        for recipient, why in {**slip.refused, **slip.open}.items():
            self.log.warning("recipient_refused", channel=channel.name, to=recipient, why=why)
        if slip.open:
            self._free(parcel.keys)
            self._later(channel, now)
            return True
        for key in parcel.keys:
            self.store.mark_sent(_done(key), now)
        if parcel.notices[0].kind == "tripwire":
            self._stamp(_last_tripwire(channel), now)
        self._works(channel)
        kinds = sorted({notice.kind for notice in parcel.notices})
        self.log.info("sent", channel=channel.name, kinds=kinds, notices=len(parcel.notices))
        return True

    def _unsent(self, parcel: Parcel) -> tuple[date, ...]:
        """Days before this report whose own could not be sent on this channel; none before the
        first that was."""
        days = sorted({day for notice in parcel.notices for day in notice.earlier})
        name = parcel.channel.name
        out = [self.store.sent_at(_done(f"{name}|{digest_key(day)}")) is not None for day in days]
        if True not in out:
            return ()
        first = out.index(True)
        return tuple(day for day, went in zip(days[first:], out[first:], strict=True) if not went)

    def _later(self, channel: Channel, now: datetime) -> None:
        count = self._failures.get(channel.name, 0) + 1
        self._failures[channel.name] = count
        self._not_before[channel.name] = now + min(FIRST_PAUSE * 2 ** min(count - 1, 9), LAST_PAUSE)

    def _claim(self, key: str, now: datetime) -> bool:
        """Whether this process is the one to send ``key``."""
        if self.store.mark_sent(key, now):
            return True
        claimed_at = self.store.sent_at(key)
        if claimed_at is not None and timedelta(0) <= now - claimed_at < CLAIM_AGE:
            return False
        self._stamp(key, now)
        return True

    def _stamp(self, key: str, now: datetime) -> None:
        self.store.unmark_sent(key)
        self.store.mark_sent(key, now)

    def _free(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.store.unmark_sent(key)

    def _failed(self, channel: Channel, error: Exception, now: datetime) -> None:
        self._later(channel, now)
        if self.store.mark_sent(_failing(channel.name), now):
            known = isinstance(error, NvsignalError)
            why = str(error) if known else f"{type(error).__name__}: {error}"
            self.log.warning("channel_failed", channel=channel.name, why=why)

    def _works(self, channel: Channel) -> None:
        self._failures.pop(channel.name, None)
        self._not_before.pop(channel.name, None)
        if self.store.sent_at(_failing(channel.name)) is not None:
            self.store.unmark_sent(_failing(channel.name))
            self.log.info("channel_works_again", channel=channel.name)


def turned_away(store: Store, at: datetime) -> tuple[Delivery, ...]:
    """Recipients whose last word from a server by ``at`` was no: the newest row of each."""
    last: dict[tuple[str, str], Delivery] = {}
    for row in store.deliveries():
        if row.changed_at <= at:
            last[row.channel, row.recipient] = row
    return tuple(row for row in last.values() if row.state in ("refused", "deferred"))


def delivery_problems(store: Store, at: datetime) -> tuple[str, ...]:
    """Sentences for the report about whom the last mail did not reach, as known at ``at``."""
    return tuple(
        phrase(
            "The mail to {to} was not taken: {why}",
            to=clean(row.recipient, limit=120),
            why=clean(row.why, limit=160),
        )
        for row in turned_away(store, at)
    )


def maybe_twice(store: Store, since: datetime) -> tuple[Delivery, ...]:
    """What may have gone out twice: taken, after a process ended before it heard the answer."""
    rows = store.deliveries()
    return tuple(r for r in rows if r.repeats and r.state == "taken" and r.changed_at >= since)


def report_sent(store: Store, name: str, day: date) -> bool:
    """Whether the report of ``day`` has gone out on the channel called ``name``."""
    return store.sent_at(_done(f"{name}|{digest_key(day)}")) is not None


def failing_since(store: Store, name: str) -> datetime | None:
    """When the channel called ``name`` began to fail; None while it works."""
    return store.sent_at(_failing(name))


def _done(key: str) -> str:
    return f"done|{key}"


def _failing(name: str) -> str:
    return f"failing|{name}"


def _last_tripwire(channel: Channel) -> str:
    return f"last-tripwire|{channel.name}"


def readers(channel: Channel) -> tuple[str, ...]:
    """Who reads ``channel``: the addresses of a mail channel, else the service itself, ""."""
    plugin = open_address(channel)
    return recipients_of(plugin) if _is_mail(plugin) else ("",)


def _is_mail(plugin: Any) -> bool:
    return str(plugin.schema) in ("mailto", "mailtos")


def send(channel: Channel, message: Message, key: str, now: datetime, slip: smtp.Slip) -> None:
    """Hand ``message`` to the service behind ``channel``; ``DeliveryError`` says why not."""
    plugin = open_address(channel)
    if _is_mail(plugin):
        submit(plugin, mail(plugin, channel, message, key, now), slip)
        return
    from apprise import NotifyFormat

    rich = channel.form == "mail" and message.html is not None
    body = message.html if rich else message.text if channel.form == "mail" else message.push
    form = NotifyFormat.HTML if rich else NotifyFormat.TEXT
    slip.offered(slip.pending)

    def notify() -> bool:
        return bool(plugin.notify(title=message.subject, body=body, body_format=form))

    with _complaints() as said, bounded_answers():
        try:
            well = ended_within(notify)
        except TimeoutError as error:  # nobody knows whether it has it
            raise DeliveryError(
                phrase("channel '{name}': {error}", name=channel.name, error=error)
            ) from None
        if not well:
            why = said[-1] if said else "it gave no reason"
            slip.kept_back(slip.pending, why)
            raise DeliveryError(
                phrase(
                    "channel '{name}': the service did not take it: {why}",
                    name=channel.name,
                    why=why,
                )
            )
    slip.taken(slip.pending)


@dataclass(kw_only=True)
class TestSlip:
    """A slip for a message that leaves no trace in the record: only who got it, who did not."""

    pending: tuple[str, ...]
    reached: list[str] = field(default_factory=list)
    missed: dict[str, str] = field(default_factory=dict)
    """Recipient → the server's words."""

    def offered(self, recipients: Sequence[str]) -> None:
        """Nothing is noted."""

    def taken(self, recipients: Sequence[str]) -> None:
        """They have got it."""
        self.reached += recipients

    def kept_back(self, recipients: Sequence[str], why: str, *, for_good: bool = False) -> None:
        """They have not got it."""
        self.missed.update(dict.fromkeys(recipients, why))


def send_test(channel: Channel, now: datetime) -> TestSlip:
    """One message now, at whatever hour, that says it is a test; ``DeliveryError`` as ``send``."""
    speaker = voice(channel.language)
    title = speaker.say("nvsignal: test message")
    text = speaker.say(
        "This is a test of the channel {name}. No decision is in it; reports will come this way.",
        name=clean(channel.name, limit=80),
    )
    message = Message(subject=title, text=f"{text}\n", html=None, push=f"{title}. {text}")
    slip = TestSlip(pending=readers(channel))
    send(channel, message, f"test|{channel.name}|{now.isoformat()}", now, slip)
    return slip


def open_address(channel: Channel) -> Any:
    """The Apprise service behind a channel; ``DeliveryError`` for an address it cannot read."""
    import apprise

    asset = apprise.AppriseAsset(app_id=NAME, app_url="", secure_logging=True, async_mode=False)
    with _complaints(), warnings.catch_warnings():
        # 2.2.0 loads a module that Python 3.11 calls deprecated; harmless, and not ours to change.
        warnings.simplefilter("ignore", DeprecationWarning)
        plugin = apprise.Apprise.instantiate(channel.address, asset=asset, suppress_exceptions=True)
    if plugin is None:
        scheme = channel.address.partition("://")[0]
        shown = f"'{clean(scheme, limit=20)}://…'" if "://" in channel.address else "without ://"
        raise DeliveryError(
            phrase(
                "channel '{name}': its address {shown} is not one Apprise understands",
                name=channel.name,
                shown=shown,
            ),
            remedy=ADDRESS_REMEDY,
        )
    return plugin


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What Apprise says went wrong, kept from the log, where it would come without a name."""
    said: list[str] = []

    class Ears(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(clean(record.getMessage(), limit=200))

    logger, ears = logging.getLogger("apprise"), Ears(logging.WARNING)
    before = logger.propagate
    logger.addHandler(ears)
    logger.propagate = False
    try:
        yield said
    finally:
        logger.removeHandler(ears)
        logger.propagate = before
