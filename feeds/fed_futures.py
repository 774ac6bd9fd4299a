"""The fed funds futures curve (CBOT 30-Day Fed Funds, ZQ), archived day by day.

Expired contracts vanish from Yahoo and cannot be had again, so every day's curve is kept as
``observation`` facts: series ``ZQU25``, price points (100 minus the average effective rate of the
month). Yahoo's bar is the last trade until the settlement replaces it in the US night; a later
value of the same day is a new version of the same fact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from hashlib import sha256

from config.schema import Strict
from engine.clock import NEW_YORK, at_new_york, next_business_morning
from engine.errors import FeedError
from engine.phrases import phrase
from engine.record.readings import Observation
from engine.record.readings.observations import FUTURES_PRICE
from engine.values import Fact
from feeds.base import (
    Collector,
    Days,
    FeedConfig,
    Harvest,
    Parsed,
    Poll,
    market_known_at,
    newest_stamps,
    options_of,
)
from feeds.wire import FetchFailedError
from feeds.yahoo import History, RawBar, RawHistory, yfinance_history

MONTH_CODES = "FGHJKMNQUVXZ"
"""January to December, the exchange's letters."""

CONTRACTS_AHEAD = 14
"""The current month and the thirteen after it: every meeting of the next year with its anchors."""

LOWEST_PRICE, HIGHEST_PRICE = FUTURES_PRICE

MIN_CONTRACTS = 3  # fewer answer than one meeting's probability needs: the curve was not observed
_PRICE_TIME = time(17, 0)  # New York; electronic trading of the day ends at 16:00 Chicago
_MAX_DAILY_POINTS = 1.5  # the largest daily move of any contract in 2008 and 2023 was about 0.7


class FuturesOptions(Strict):
    """lookback_days: how far back to ask."""

    lookback_days: Days = 7
    currency: str = "USD"


class FedFutures(Collector):
    """Closes of the next contracts."""

    Options = FuturesOptions

    def __init__(self, history: History | None = None):
        self._history = history or yfinance_history

    def poll(self, poll: Poll) -> Harvest:
        """Ask for each contract; a rate limit, or three failures at the start, end the round.

        Nobody is asked while every contract's last close is held and no other can have come.
        """
        last = last_close(poll.now)
        if poll.state.memo.get(_READ_TO) == last.isoformat():
            return Harvest(parsed=None, body_hash=poll.state.body_hash, memo=poll.state.memo)
        today = poll.now.astimezone(NEW_YORK).date()
        start = today - timedelta(days=options_of(poll.feed, FuturesOptions).lookback_days)
        answers: list[RawHistory] = []
        problems: list[str] = []
        for series in contracts(today):
            try:
                answers.append(self._history(f"{series}.CBT", start, today + timedelta(days=1)))
            except FetchFailedError:
                raise
            except FeedError as error:
                problems.append(str(error))
                if not answers and len(problems) == MIN_CONTRACTS:
                    break  # nobody answers: fourteen timeouts would tell no more
        digest = sha256(repr(answers).encode()).hexdigest()
        if not problems and digest == poll.state.body_hash:
            return Harvest(parsed=None, body_hash=digest, memo=poll.state.memo)
        parsed = parse_curve(answers, poll.feed, poll.now)
        said = (*problems, *parsed.problems)
        seen = {fact.payload["series"] for fact in parsed.facts}
        if len(seen) < MIN_CONTRACTS:
            first = f": {said[0]}" if said else ""
            raise FeedError(
                poll.feed.name,
                phrase("{n_seen} contracts answered{first}", n_seen=len(seen), first=str(first)),
            )
        waiting = parsed.put_off + len(problems)  # a contract that did not answer is asked again
        held = {fact.payload["series"] for fact in parsed.facts if fact.occurred_at == last}
        whole = not said and len(held) == CONTRACTS_AHEAD
        settled = whole and poll.now >= last + _SETTLES
        return Harvest(
            parsed=replace(parsed, problems=said, put_off=waiting),
            body_hash=digest,
            memo={_READ_TO: last.isoformat()} if settled else {},
        )


_READ_TO = "read_to"
_SETTLES = timedelta(hours=3)
"""After the close Yahoo may still put the settlement in the place of the last trade."""


def last_close(now: datetime) -> datetime:
    """The newest weekday's close that lies behind ``now``; a holiday has none, and is asked for."""
    day = now.astimezone(NEW_YORK).date()
    while day.weekday() >= 5 or at_new_york(day, _PRICE_TIME) > now:
        day -= timedelta(days=1)
    return at_new_york(day, _PRICE_TIME)


def contracts(today: date, ahead: int = CONTRACTS_AHEAD) -> tuple[str, ...]:
    """The series names of the month of ``today`` and those after it: ``("ZQU25", "ZQV25", …)``."""
    months = range(today.year * 12 + today.month - 1, today.year * 12 + today.month - 1 + ahead)
    return tuple(f"ZQ{MONTH_CODES[m % 12]}{m // 12 % 100:02d}" for m in months)


def parse_curve(answers: Iterable[RawHistory], feed: FeedConfig, fetched_at: datetime) -> Parsed:
    """Facts ``observation`` for every finished day of every contract that holds up (pure)."""
    facts: list[Fact] = []
    problems: list[str] = []
    read = tuple(answers)
    for answer in read:
        try:
            facts += _contract(answer, feed, fetched_at)
        except FeedError as error:
            problems.append(str(error))
    return Parsed(
        facts=tuple(facts),
        problems=tuple(problems),
        stamps=newest_stamps(fact.occurred_at for fact in facts),
        put_off=sum(_unfinished(bar, fetched_at) for answer in read for bar in answer.bars),
    )


def _unfinished(bar: RawBar, fetched_at: datetime) -> bool:
    return at_new_york(bar.session_on, _PRICE_TIME) > fetched_at


def _contract(answer: RawHistory, feed: FeedConfig, fetched_at: datetime) -> list[Fact]:
    series = answer.symbol.partition(".")[0]
    expected = options_of(feed, FuturesOptions).currency
    if answer.currency != expected:
        raise FeedError(
            feed.name,
            phrase(
                "{series} came in '{currency}', not {expected}",
                series=series,
                currency=answer.currency[:8],
                expected=expected,
            ),
        )
    facts: list[Fact] = []
    previous: float | None = None
    for bar in sorted(answer.bars, key=lambda bar: bar.session_on):
        at = at_new_york(bar.session_on, _PRICE_TIME)
        if bar.session_on > fetched_at.astimezone(NEW_YORK).date():
            raise FeedError(
                feed.name,
                phrase(
                    "{series} has a bar from the future ({session_on})",
                    series=series,
                    session_on=str(bar.session_on),
                ),
            )
        if bar.close is None or _unfinished(bar, fetched_at):
            continue
        price = round(bar.close, 4)
        slipped = previous is not None and abs(price - previous) > _MAX_DAILY_POINTS
        if slipped or not LOWEST_PRICE <= price <= HIGHEST_PRICE:
            raise FeedError(
                feed.name,
                phrase(
                    "{series} at {price:sig6} on {session_on} is implausible",
                    series=series,
                    price=price,
                    session_on=str(bar.session_on),
                ),
            )
        previous = price
        sound = Observation(series=series, observed_on=bar.session_on, value=price)
        facts.append(observation_fact(sound, at, fetched_at, feed.source))
    return facts


def observation_fact(
    observed: Observation, occurred_at: datetime, fetched_at: datetime, source: str
) -> Fact:
    """An ``Observation`` as it enters the record; key ``SERIES:YYYY-MM-DD``."""
    day = observed.observed_on.isoformat()
    known_at, backfilled = market_known_at(next_business_morning(observed.observed_on), fetched_at)
    return Fact(
        kind="observation",
        key=f"{observed.series}:{day}",
        occurred_at=occurred_at,
        known_at=known_at,
        backfilled=backfilled,
        source=source,
        payload={"series": observed.series, "observed_on": day, "value": observed.value},
    )
