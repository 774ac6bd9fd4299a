"""``nvsignal collect`` and ``feeds`` in words."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from engine.phrases import listed
from engine.report.retold import retold
from engine.report.typography import clean

if TYPE_CHECKING:
    from datetime import datetime

    from engine.report.i18n import Speaker
    from engine.service.collecting import Collected
    from engine.shown import SourceHealth
    from feeds.base import FeedConfig, FeedsConfig
    from feeds.collect import FeedResult

WIDTH = 80
_BETWEEN = {"en": "; ", "fr": "\u202f; "}


def summary_text(done: Collected, voice: Speaker) -> str:
    """One row a feed that was asked, what the news told, and how many were left alone."""
    _ = voice.say
    asked = [r for r in done.summary.results if r.status != "not_due"]
    rows = [
        ((r.feed, _status(r.status, voice), *_counts(r, voice)), retold(_why(r), voice))
        for r in asked
    ]
    heads = (_("feed"), _("result"), _("new"), _("changed"), _("same"))
    return "\n".join([*(_table(heads, "<<>>>", rows) if rows else ()), *_closing(done, voice)])


def _status(status: str, voice: Speaker) -> str:
    words = {
        "new": voice.pgettext("poll", "new"),
        "failed": voice.pgettext("poll", "failed"),
        "gone": voice.pgettext("poll", "gone"),
        "deferred": voice.pgettext("poll", "deferred"),
        "unchanged": voice.pgettext("poll", "unchanged"),
        "not_due": voice.pgettext("poll", "not due"),
    }
    return words.get(status, status)


def _counts(result: FeedResult, voice: Speaker) -> list[str]:
    counts = (result.new, result.changed, result.unchanged)
    return [voice.number(n, "int") if n else "·" for n in counts]


def _why(result: FeedResult) -> str:
    """The reason in few words: the feed's own name stands in the first column already."""
    text = result.why or (result.problems[0] if result.problems else "")
    prefix = f"{result.feed}: "
    return text.removeprefix(prefix) if text.startswith(prefix) else text


def _closing(done: Collected, voice: Speaker) -> list[str]:
    from engine.service import collecting

    summary, told, _ = done.summary, done.ingested, voice.say
    answered, failed = summary.count(*collecting.ANSWERED), summary.count(*collecting.FAILED)
    waiting, put_off = summary.count("not_due"), summary.count("deferred")
    lines: list[str] = [
        _(
            "{answered} answered, {failed} failed, {put_off} put off, {waiting} not due, in "
            "{seconds:.1f} s",
            answered=answered,
            failed=failed,
            put_off=put_off,
            waiting=waiting,
            seconds=summary.seconds,
        )
    ]
    if waiting and not answered:
        lines[0] += "  " + _("(--force asks them too)")
    if told.classified:
        silent = told.irrelevant + told.abstained + told.unread + told.archive
        lines += [
            _(
                "{items} read: {stories}, {grown} grown",
                items=voice.count("{n} item", "{n} items", n=told.classified),
                stories=voice.count("{n} new story", "{n} new stories", n=told.stories),
                grown=told.grown,
            ),
            _(
                "{silent} told nothing ({abstained} unsure, {unread} unread, {archive} told "
                "already or too old)",
                silent=silent,
                abstained=told.abstained,
                unread=told.unread,
                archive=told.archive,
            ),
        ]
    if told.releases or told.updated:
        new = voice.count("{n} new model release", "{n} new model releases", n=told.releases)
        lines.append(_("{new}, {updated} updated", new=new, updated=told.updated))
    return lines


def health_text(
    known: FeedsConfig,
    health: Sequence[SourceHealth],
    due: Mapping[str, datetime | None],
    voice: Speaker,
) -> str:
    """One row a feed: the ill first, tier 1 before the others, with what their silence costs."""
    _ = voice.say
    stanzas = {feed.name: feed for feed in known.feeds}
    rows = [
        (
            (
                s.name,
                str(s.tier),
                voice.label(s.state.value),
                _when(s.last_ok_at, voice),
                _when(due.get(s.name), voice),
            ),
            _said_of(s, stanzas[s.name], voice),
        )
        for s in sorted(health, key=lambda s: (s.state.value in ("ok", "empty"), s.tier))
    ]
    heads = (_("feed"), _("tier"), _("state"), _("last ok"), _("next"))
    good = sum(source.state.value == "ok" for source in health)
    end = _("{good} of {all} sources up to date; times are UTC", good=good, all=len(health))
    return "\n".join([*_table(heads, "<<<<<", rows), end])


def _said_of(source: SourceHealth, feed: FeedConfig, voice: Speaker) -> str:
    """The note, and of an important source that is ill who stands in and what is missed."""
    if source.state.value == "never" and not source.mute:
        return ""
    told = [retold(source.note, voice)]
    if source.state.blind and feed.tier < 3:
        told += [voice.say("meanwhile {feed}", feed=feed.fallback)] if feed.fallback else []
        told += [voice.shipped(feed.when_silent)] if feed.when_silent else []
    return voice.tell(listed((part for part in told if part), between=_BETWEEN[voice.lang]))


def _when(instant: datetime | None, voice: Speaker) -> str:
    return voice.say("never") if instant is None else f"{instant:%m-%d %H:%M}"


def _table(
    names: Sequence[str], aligned: str, rows: Sequence[tuple[Sequence[str], str]]
) -> list[str]:
    """Aligned lines; the note of a row stands below it, so that names are never cut.

    aligned: ``<`` or ``>`` for each column. Cells and notes may be anybody's text.
    """
    safe = [([clean(cell, limit=64) for cell in cells], clean(note, limit=240))
            for cells, note in rows]  # fmt: skip
    widths = [
        max(len(line[i]) for line in [list(names), *(cells for cells, _ in safe)])
        for i in range(len(names))
    ]

    def line(cells: Sequence[str]) -> str:
        parts = (f"{c:{a}{w}}" for c, a, w in zip(cells, aligned, widths, strict=True))
        return "  ".join(parts).rstrip()

    lines = [line(names)]
    for cells, note in safe:
        lines.append(line(cells))
        lines += textwrap.wrap(note, WIDTH, initial_indent="    ", subsequent_indent="    ")
    return lines
