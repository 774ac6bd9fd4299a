"""What goes out, to whom and when; ``courier`` sends it.

::

    report, events, health ─▶ notices ─▶ plan (kinds, quiet hours, coalescing) ─▶ parcels ─▶ Apprise

What is to be sent is worked out anew each time from what is on record, less what is marked as sent;
so there is no queue to lose. A parcel is claimed before it is sent, freed again when that fails,
and marked as done when everybody has got it. Where each recipient stands is noted on a ``Slip`` at
once: the server's acceptance is the point of no return. A process killed between that answer and
the note is the one case in which a message goes out twice, under the same Message-ID, and
``doctor`` says so.

Decided, and documented here: in a reader's quiet hours nothing goes out. Mail is always held until
they end; a push channel lets through the kinds named in its ``wake_for`` (none by default). A daily
report that a newer one has overtaken is not sent any more; the next one names the days that were
not sent. A change of decision and the daily
report that tells it are one message, and a channel that wants only one of them gets that.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from engine.phrases import Phrase, phrase
from engine.report.forms.push import MAX_CHARS
from engine.report.i18n import voice
from engine.report.labels import LABELS
from engine.report.typography import clean, safe_url
from engine.report.ways import MAX_SUBJECT_CHARS, Channel, Message
from engine.shown import Report, SourceHealth
from engine.values import Event

if TYPE_CHECKING:
    pass

Kind = Literal["decision_changed", "digest", "tripwire", "data_down"]


TRIPWIRES = frozenset(
    {"export_restriction", "export_relief", "china_purchase_ban", "training_failure"}
)
"""Event types worth an alert between two reports: they move the gates of the China business, or
break a claim that a rating rests on. Releases trip the wire by their rating, not by their noise."""

TRIPWIRE_CONFIDENCE = 0.7
"""Least confidence of the classifier in an event that raises an alert."""

TRIPWIRE_AGE = timedelta(hours=24)
"""An event first known longer ago than this is in the daily report and alerts nobody."""

RELEASE_AGE = timedelta(days=3)
"""The same for releases, whose rating comes with the next report: a long weekend is covered."""

FAILURES_TOLERATED = 1
"""A feed that fails once is not worth a message; twice in a row is."""

MAX_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to be told. ``key`` is the same whenever the same thing is worked out again.

    report: for the daily report and a change of decision; else a line (an ``engine.phrases``
    phrase, said in the reader's language), and perhaps a link. earlier: sessions before it whose
    reports were made; those that never went out are named.
    """

    kind: Kind
    key: str
    report: Report | None = None
    line: str = ""
    url: str = ""
    earlier: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Notices that go out together on one channel."""

    channel: Channel
    notices: tuple[Notice, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """One key in the table of things sent for each notice."""
        return tuple(f"{self.channel.name}|{notice.key}" for notice in self.notices)


# --- what is to be told (pure) --------------------------------------------------------------


def digest_notice(report: Report, earlier: Sequence[date] = ()) -> Notice:
    """The daily report."""
    key = digest_key(report.decision.acts_on)
    return Notice(kind="digest", key=key, report=report, earlier=tuple(earlier))


def digest_key(acts_on: date) -> str:
    """What a session's report is called among the things sent."""
    return f"digest:{acts_on}"


def changed_notice(report: Report, past: Sequence[Mapping[str, Any]]) -> Notice | None:
    """A change of decision, known by the session in which it came.

    past: what stands in the ledger, oldest first, this report's own decision included. Worked out
    from the ledger, not from the replay, because the ledger never changes its mind; and told until
    it was delivered, or until the decision changed again.
    """
    ordered = sorted(past, key=lambda entry: str(entry["acts_on"]))
    since = None
    for earlier, later in pairwise(ordered):
        if earlier["decision"] != later["decision"]:
            since = str(later["acts_on"])
    if since is None or ordered[-1]["decision"] != report.decision.verdict:
        return None
    if report.decision.acts_on - date.fromisoformat(since) > timedelta(days=7):
        return None
    return Notice(kind="decision_changed", key=f"decision_changed:{since}", report=report)


def event_notices(events: Iterable[Event], now: datetime) -> Iterator[Notice]:
    """Tripwires among classified events: one for each story, however many sources tell it."""
    for event in events:
        age = now - event.known_at
        loud = event.event_type in TRIPWIRES and event.confidence >= TRIPWIRE_CONFIDENCE
        if loud and timedelta(0) <= age <= TRIPWIRE_AGE:
            yield Notice(
                kind="tripwire",
                key=f"tripwire:{event.event_id}",
                line=phrase(
                    "{what}: {headline} ({source})",
                    what=Phrase(LABELS.get(event.event_type, "Event"), {}),
                    headline=clean(event.headline, limit=MAX_CHARS),
                    source=clean(event.source, limit=80),
                ),
                url=safe_url(event.url),
            )


def release_notices(report: Report, now: datetime, least_score: float) -> Iterator[Notice]:
    """Tripwires among new releases: those rated ``least_score`` or more."""
    for card in report.releases:
        fresh = timedelta(0) <= now - card.release.known_at <= RELEASE_AGE
        if fresh and card.rating.score >= least_score:
            model = clean(card.release.model, limit=120)
            yield Notice(
                kind="tripwire",
                key=f"tripwire:release:{model}",
                line=phrase(
                    "New model {model}: threat rating {score:int} of 100",
                    model=model,
                    score=card.rating.score,
                ),
            )


def down_notices(health: Iterable[SourceHealth], failures: Mapping[str, int]) -> Iterator[Notice]:
    """Sources of tier 1 and 2 that failed twice in a row or more; once for each outage.

    failures: feed -> failures in a row.
    """
    for source in health:
        broken = failures.get(source.name, 0) > FAILURES_TOLERATED
        if broken and source.tier <= 2 and source.state.worth_telling:
            since = source.last_ok_at
            yield Notice(
                kind="data_down",
                key=f"data_down:{source.name}:{since.isoformat() if since else 'never'}",
                line=_down_line(clean(source.name, limit=80), clean(source.note, limit=200), since),
            )


def _down_line(name: str, why: str, since: datetime | None) -> str:
    if since is None:
        return phrase("{name}: {why}; it has never answered", name=name, why=why)
    return phrase("{name}: {why}; last good answer {on:date}", name=name, why=why, on=since)


def report_missing_notice(acts_on: date, why: str) -> Notice:
    """The report of a session could not be made, nearly always because data are missing."""
    return Notice(
        kind="data_down",
        key=f"data_down:report:{acts_on}",
        line=phrase(
            "The report for {on:date} could not be made: {why}",
            on=acts_on,
            why=clean(why, limit=MAX_CHARS),
        ),
    )


# --- what goes out now (pure) ---------------------------------------------------------------


def plan(
    channel: Channel,
    notices: Sequence[Notice],
    now: datetime,
    *,
    sent: Callable[[str], bool],
    last_tripwire_at: datetime | None,
    coalesce: timedelta,
) -> tuple[Parcel, ...]:
    """The parcels for ``channel`` at ``now``: what it wants, was not sent, and may go out.

    Tripwires that follow another one within ``coalesce`` wait and go out together.
    """
    wanted = [n for n in notices if n.kind in channel.kinds and not sent(f"{channel.name}|{n.key}")]
    if channel.quiet is not None and channel.quiet.covers(now):
        awake = channel.quiet.wake_for if channel.form == "push" else ()
        wanted = [n for n in wanted if n.kind in awake]
    if last_tripwire_at is not None and timedelta(0) <= now - last_tripwire_at < coalesce:
        wanted = [n for n in wanted if n.kind != "tripwire"]
    groups = (("decision_changed", "digest"), ("tripwire",), ("data_down",))
    parts = (tuple(n for n in wanted if n.kind in kinds) for kinds in groups)
    return tuple(Parcel(channel=channel, notices=part) for part in parts if part)


def compose(parcel: Parcel, unsent: Sequence[date] = ()) -> Message:
    """The parcel in its reader's language. unsent: days before it whose report never went out."""
    first = min(parcel.notices, key=lambda n: n.kind != "decision_changed")
    lang = parcel.channel.language
    if first.report is None:
        return _alert(parcel.notices, lang)
    message = _whole_report(first.report, first.kind, lang)
    return _with_unsent(message, unsent, lang) if unsent else message


def _with_unsent(message: Message, days: Sequence[date], lang: str) -> Message:
    """``message`` opening with the days whose report could not be sent; the archive has them."""
    speaker = voice(lang)
    told = speaker.say(
        "Reports that could not be sent before: {days}; they are kept with the others.",
        days=", ".join(speaker.on(day) for day in days),
    )
    page = message.html
    if page is not None:
        page = re.sub(r"(<body[^>]*>)", rf"\1<p>{html.escape(told)}</p>", page, count=1)
    return replace(message, text=f"{told}\n\n{message.text}", html=page)


def _whole_report(report: Report, kind: Kind, lang: str) -> Message:
    from engine.report.render import render, subject

    speaker = voice(lang)
    title, push = subject(report, lang), render(report, "push", lang)
    if kind == "decision_changed":
        title = speaker.say("Decision changed: {title}", title=title)
    return Message(
        subject=clean(title, limit=MAX_SUBJECT_CHARS),
        text=render(report, "mail_text", lang),
        html=render(report, "mail_html", lang),
        push=clean(push, limit=MAX_CHARS),
    )


def _alert(notices: Sequence[Notice], lang: str) -> Message:
    speaker = voice(lang)
    lines = [(speaker.tell(n.line, limit=700), n.url) for n in notices[:MAX_LINES]]
    more = len(notices) - len(lines)
    if more > 0:
        lines.append((speaker.count("and {n} more", "and {n} more", n=more), ""))
    if notices[0].kind == "tripwire":
        told = speaker.say("NVDA alert: {what}", what=lines[0][0])
    else:
        told = speaker.say("NVDA, data missing: {what}", what=lines[0][0])
    title = clean(told, limit=MAX_SUBJECT_CHARS)
    return Message(
        subject=title,
        text="\n".join(f"- {text}" + (f"\n  {url}" if url else "") for text, url in lines) + "\n",
        html=_alert_page(title, lines, lang),
        push=clean(". ".join(text for text, _ in lines), limit=MAX_CHARS),
    )


def _alert_page(title: str, lines: Sequence[tuple[str, str]], lang: str) -> str:
    """A small page; links are http(s) only, and everything else is text."""
    items = "".join(
        f'<li><a href="{html.escape(url)}">{html.escape(text)}</a></li>'
        if url
        else f"<li>{html.escape(text)}</li>"
        for text, url in lines
    )
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title></head>"
        f'<body style="font-family:sans-serif;line-height:1.4"><ul>{items}</ul></body></html>\n'
    )
