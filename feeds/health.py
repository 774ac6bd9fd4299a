"""How each feed is doing, said from what its polls have left behind. Pure.

The dangerous feed is the one that answers 200 for a year with the same newest item. So each feed's
own cadence is learnt from the instants of its items, and one that is silent for three times its
median gap is *frozen*; a floor in days per feed keeps weekends and holidays out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from engine.phrases import phrase
from engine.shown import FeedState, SourceHealth
from feeds.base import FeedConfig, PollState

FROZEN_GAPS = 3.0
"""Silence of this many median gaps is a frozen feed."""

MIN_GAPS = 3
"""Gaps needed before a cadence counts as learnt."""

STALE_CADENCES = 3.0
STALE_AT_LEAST = timedelta(days=1)
"""Without a good answer for three polling intervals, and at least a day, a feed is stale."""


def assess(
    feed: FeedConfig, state: PollState, now: datetime, *, contact: bool = True
) -> SourceHealth:
    """One line of the data-health box for ``feed`` at ``now``; contact: an address is set."""
    verdict, note = _verdict(feed, state, now)
    mute = is_mute(feed, contact=contact)
    return SourceHealth(
        name=feed.name,
        state=verdict,
        last_ok_at=state.last_ok_at,
        newest_at=state.newest_at,
        n_facts=state.n_entries,
        tier=feed.tier,
        note=phrase("not asked: no contact address is set") if mute else note,
        mute=mute,
    )


def is_mute(feed: FeedConfig, *, contact: bool) -> bool:
    """Whether ``feed`` is on and not asked, for want of a contact address."""
    return feed.enabled and feed.needs_contact and not contact


def assess_all(
    feeds: Iterable[FeedConfig],
    states: Mapping[str, PollState],
    now: datetime,
    *,
    contact: bool = True,
) -> tuple[SourceHealth, ...]:
    """``assess`` for every enabled feed, in order."""
    never = PollState()
    return tuple(
        assess(feed, states.get(feed.name, never), now, contact=contact)
        for feed in feeds
        if feed.enabled
    )


def _verdict(feed: FeedConfig, state: PollState, now: datetime) -> tuple[FeedState, str]:
    if state.gone:
        return FeedState.ERROR, phrase("gone for good (410)")
    if state.last_poll_at is None or state.health is FeedState.NEVER:
        return FeedState.NEVER, phrase("never asked")
    if state.failures:
        return state.health, _failed(state)
    if state.health is FeedState.EMPTY and feed.may_be_empty:
        return FeedState.OK, phrase("nothing at the moment")
    if state.health is not FeedState.OK:
        return state.health, state.why
    if state.last_ok_at is None:
        return FeedState.NEVER, phrase("never answered")
    if now - state.last_ok_at > stale_after(feed):
        return FeedState.STALE, phrase("no answer for {span}", span=_days(now - state.last_ok_at))
    silence = silence_at(state)
    if silence is not None and silence > frozen_after(feed, state.stamps):
        return FeedState.FROZEN, phrase("answers, but nothing new for {span}", span=_days(silence))
    return FeedState.OK, _moved(state) or state.why


def stale_after(feed: FeedConfig) -> timedelta:
    """How long a feed may go without a good answer."""
    return max(STALE_CADENCES * timedelta(minutes=feed.cadence_minutes), STALE_AT_LEAST)


def silence_at(state: PollState) -> timedelta | None:
    """Age of the newest item when the feed last answered; None when nothing was ever dated."""
    if state.last_ok_at is None or state.newest_at is None:
        return None
    return state.last_ok_at - state.newest_at


def median_gap(stamps: Sequence[datetime]) -> timedelta | None:
    """The usual time between items, from their distinct instants; None when not learnt yet."""
    ordered = sorted(set(stamps))
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(ordered)]
    return timedelta(seconds=median(gaps)) if len(gaps) >= MIN_GAPS else None


def frozen_after(feed: FeedConfig, stamps: Sequence[datetime]) -> timedelta:
    """The silence at which ``feed`` is frozen; without a learnt cadence, ten times its floor."""
    floor = timedelta(days=feed.silence_days)
    gap = median_gap(stamps)
    return 10 * floor if gap is None else max(FROZEN_GAPS * gap, floor)


def _failed(state: PollState) -> str:
    if state.failures == 1:
        return state.why
    return phrase("{why} ({times:int} times in a row)", why=state.why, times=state.failures)


def _moved(state: PollState) -> str:
    return phrase("moved for good to {address}", address=state.moved_to) if state.moved_to else ""


def _days(span: timedelta) -> str:
    hours = span.total_seconds() / 3_600
    if hours < 48:
        return phrase("{hours:int} h", hours=hours)
    return phrase("{days:int} days", days=hours / 24)
