"""Daily bars, splits and dividends from Yahoo Finance, through yfinance and one adapter.

What has to be guarded against was seen by running yfinance 1.7.0:

* a failed fetch can look like "no such company": an empty answer is *not observed*, never absence;
* failures of a range are cached for the life of the process: the cache is cleared before each call;
* "raw" prices are still divided by every later split, so yesterday's history changes with each
  split: ``unadjusted`` multiplies them back, and the splits are kept as dated facts of their own;
* today's row is there while the market trades: a bar counts from half an hour after the close.

Prices are USD per share as traded that day (index points for ``^VIX``).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field

from config.schema import Many, Strict
from engine.clock import NEW_YORK, at_new_york
from engine.errors import DataError, FeedError
from engine.record.readings import Bar
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
from feeds.fetch import FetchFailedError

CLOSE = time(16, 0)
SETTLED = time(16, 30)
"""New York time from which today's bar is final; early closes are final long before."""

MAX_DAILY_FACTOR = 3.0
"""A share that trebled or fell by two thirds in a day is a unit slip or a missed split: NVDA's
largest daily moves since 1999 stay under a factor of 1.5."""

MAX_DAILY_FACTOR_INDEX = 5.0  # VIX rose by 2.16 times on 2018-02-05
MAX_FAILURES_AT_START = 2
"""Symbols in a row that may fail before the first answer; then nobody is there to ask."""

RATE_LIMIT_WAIT_SECONDS = 3_600.0  # Yahoo blocks in waves of about an hour
_PRICE_DECIMALS = 4  # Yahoo sends float32; beyond the fourth decimal is noise that looks like news


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBar:
    """One row of Yahoo's table; None where it holds NaN. dividend and split 0 when none."""

    session_on: date
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None
    dividend: float = 0.0
    split: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RawHistory:
    """Yahoo's answer for one symbol, oldest first. currency "" when it did not say."""

    symbol: str
    currency: str
    bars: tuple[RawBar, ...]


History = Callable[[str, date, date], RawHistory]
"""(symbol, first day, day after the last) to rows; a failure is raised as ``FeedError``."""


class YahooOptions(Strict):
    """lookback_days: so that a missed week and late corrections are caught; first_lookback_days:
    the same at the first poll.
    """

    symbols: Annotated[Many[str], Field(min_length=1)]
    currency: str = "USD"
    lookback_days: Days = 14
    first_lookback_days: Days = 730


class YahooBars(Collector):
    """Bars and corporate actions of some symbols.

    One symbol that fails is a problem; when all fail the poll fails.
    """

    Options = YahooOptions

    def __init__(self, history: History | None = None):
        self._history = history or yfinance_history

    def poll(self, poll: Poll) -> Harvest:
        """Ask for each symbol; a rate limit, or two failures at the start, end the round."""
        start, end = window(poll)
        answers: list[RawHistory] = []
        failures: list[FeedError] = []
        for symbol in options_of(poll.feed, YahooOptions).symbols:
            try:
                answers.append(self._history(symbol, start, end))
            except FetchFailedError:
                raise
            except FeedError as error:
                failures.append(error)
                if not answers and len(failures) == MAX_FAILURES_AT_START:
                    break
        digest = sha256(repr(answers).encode()).hexdigest()
        if not failures and digest == poll.state.body_hash:
            return Harvest(parsed=None, body_hash=digest, memo=poll.state.memo)
        parsed, memo = parse_bars(answers, poll.feed, poll.now, poll.state.memo)
        problems = (*(str(error) for error in failures), *parsed.problems)
        if not parsed.facts:
            raise (
                failures[0]
                if failures
                else FeedError(poll.feed.name, problems[0] if problems else "no bars: not observed")
            )
        return Harvest(
            parsed=replace(parsed, problems=problems),
            body_hash="" if failures else digest,
            memo=memo,
        )


def window(poll: Poll) -> tuple[date, date]:
    """(first day, day after the last) to ask for: long the first time, short afterwards."""
    today = poll.now.astimezone(NEW_YORK).date()
    first = poll.state.last_ok_at is None
    options = options_of(poll.feed, YahooOptions)
    days = options.first_lookback_days if first else options.lookback_days
    return today - timedelta(days=days), today + timedelta(days=1)


# --- parsing (pure) -------------------------------------------------------------------------


def parse_bars(
    answers: Iterable[RawHistory],
    feed: FeedConfig,
    fetched_at: datetime,
    memo: Mapping[str, str] | None = None,
) -> tuple[Parsed, dict[str, str]]:
    """Facts ``bar`` and ``corporate_action`` of each answer that holds up, and the next memo.

    memo: symbol to ``"session close"`` of the last poll; a symbol whose close of that session
    changed by half or more is refused whole.
    """
    notes = dict(memo or {})
    facts: list[Fact] = []
    problems: list[str] = []
    for answer in answers:
        try:
            bars = checked(answer, feed, fetched_at, notes.get(answer.symbol, ""))
        except FeedError as error:
            problems.append(str(error))
            continue
        made, refused = _facts(answer.symbol, bars, feed.source, fetched_at)
        facts += made
        problems += refused
        notes[answer.symbol] = f"{bars[-1].session_on} {bars[-1].close}"
    instants = newest_stamps(fact.occurred_at for fact in facts if fact.kind == "bar")
    return Parsed(facts=tuple(facts), problems=tuple(problems), stamps=instants), notes


def checked(
    answer: RawHistory, feed: FeedConfig, fetched_at: datetime, last: str = ""
) -> tuple[RawBar, ...]:
    """The final bars of ``answer``, splits undone; ``FeedError`` when it is not sound."""
    expected = options_of(feed, YahooOptions).currency
    if answer.currency != expected:
        shown = answer.currency[:8] or "no currency"
        raise FeedError(feed.name, f"{answer.symbol} came in {shown}, not {expected}")
    bars = final_bars(answer, feed, fetched_at)
    factor = MAX_DAILY_FACTOR_INDEX if answer.symbol.startswith("^") else MAX_DAILY_FACTOR
    for earlier, later in pairwise(bars):
        _need_near(answer.symbol, feed, earlier, later, factor)
    raw = unadjusted(bars)
    _need_same_past(answer.symbol, feed, raw, last)
    return raw


def final_bars(answer: RawHistory, feed: FeedConfig, fetched_at: datetime) -> tuple[RawBar, ...]:
    """Rows with a close whose session is over, oldest first.

    Raises ``FeedError`` for none at all (not observed), a session in the future or a repeated one.
    """
    today = fetched_at.astimezone(NEW_YORK).date()
    rows = sorted(answer.bars, key=lambda bar: bar.session_on)
    if rows and rows[-1].session_on > today:
        raise FeedError(
            feed.name, f"{answer.symbol} has a bar from the future ({rows[-1].session_on})"
        )
    if len({bar.session_on for bar in rows}) < len(rows):
        raise FeedError(feed.name, f"{answer.symbol} has a session twice")
    final = tuple(
        bar
        for bar in rows
        if bar.close is not None and at_new_york(bar.session_on, SETTLED) <= fetched_at
    )
    if not final:
        raise FeedError(feed.name, f"no bars of {answer.symbol}: not observed")
    return final


def unadjusted(bars: tuple[RawBar, ...]) -> tuple[RawBar, ...]:
    """``bars`` with every later split undone: what was really paid that day.

    A price of session s is multiplied by the product of the split ratios with ex date after s, its
    volume divided by it, a dividend multiplied. The answer reaches to the present, so all splits
    Yahoo has applied are in it.
    """
    factor, out = 1.0, []
    for bar in reversed(bars):
        out.append(_scaled(bar, factor))
        if bar.split > 0:
            factor *= bar.split
    return tuple(reversed(out))


def _scaled(bar: RawBar, factor: float) -> RawBar:
    def price(value: float | None) -> float | None:
        return None if value is None else round(value * factor, _PRICE_DECIMALS)

    return replace(
        bar,
        open=price(bar.open),
        high=price(bar.high),
        low=price(bar.low),
        close=price(bar.close),
        volume=None if bar.volume is None else round(bar.volume / factor),
        dividend=round(bar.dividend * factor, 6),
    )


def _need_near(
    symbol: str, feed: FeedConfig, earlier: RawBar, later: RawBar, factor: float
) -> None:
    assert earlier.close is not None
    assert later.close is not None
    ratio = later.close / earlier.close if earlier.close > 0 else math.inf
    if not 1 / factor <= ratio <= factor:
        raise FeedError(
            feed.name,
            f"{symbol} closed at {earlier.close:g} and then {later.close:g} on {later.session_on}: "
            "a unit slip or a missed split",
        )


def _need_same_past(symbol: str, feed: FeedConfig, bars: tuple[RawBar, ...], last: str) -> None:
    session, _, known = last.partition(" ")
    for bar in bars:
        if known and bar.session_on.isoformat() == session and bar.close is not None:
            ratio = bar.close / float(known)
            if not 2 / 3 < ratio < 1.5:
                raise FeedError(
                    feed.name, f"{symbol} of {session} was {known} and is now {bar.close:g}"
                )


AFTER_CLOSE = timedelta(hours=1)
"""Assumed delay of a back-filled close; longer than that of the reference table, whose bars of the
same sessions then stand."""


def _facts(
    symbol: str, bars: Iterable[RawBar], source: str, fetched_at: datetime
) -> tuple[list[Fact], list[str]]:
    name = symbol.lstrip("^")
    facts: list[Fact] = []
    problems: list[str] = []
    for bar in bars:
        try:
            facts.append(_bar_fact(name, bar, source, fetched_at))
        except DataError as error:
            problems.append(f"{symbol} {bar.session_on}: {error.message}")
            continue
        for action, value in (("split", bar.split), ("dividend", bar.dividend)):
            if value > 0:
                facts.append(_action_fact(name, bar.session_on, action, value, source, fetched_at))
    return facts, problems


def _bar_fact(symbol: str, bar: RawBar, source: str, fetched_at: datetime) -> Fact:
    assert bar.close is not None
    volume = bar.volume or None  # indices have no volume and send 0
    sound = Bar(
        symbol=symbol, session_on=bar.session_on, close=bar.close,
        open=bar.open, high=bar.high, low=bar.low, volume=volume,
    )  # fmt: skip
    day = sound.session_on.isoformat()
    closed_at = at_new_york(sound.session_on, CLOSE)
    known_at, backfilled = market_known_at(closed_at + AFTER_CLOSE, fetched_at)
    return Fact(
        kind="bar",
        key=f"{symbol}:{day}",
        occurred_at=closed_at,
        known_at=known_at,
        backfilled=backfilled,
        source=source,
        payload={
            "symbol": symbol,
            "session_on": day,
            "open": sound.open,
            "high": sound.high,
            "low": sound.low,
            "close": sound.close,
            "volume": sound.volume,
        },
    )


def _action_fact(
    symbol: str, ex_on: date, action: str, value: float, source: str, fetched_at: datetime
) -> Fact:
    day = ex_on.isoformat()
    effective_at = at_new_york(ex_on, time(0, 0))
    known_at, backfilled = market_known_at(effective_at, fetched_at)
    return Fact(
        kind="corporate_action",
        key=f"{symbol}:{day}:{action}",
        occurred_at=effective_at,
        known_at=known_at,
        backfilled=backfilled,
        source=source,
        payload={"symbol": symbol, "ex_on": day, "action": action, "value": value},
    )


# --- the adapter: the only lines that know yfinance -----------------------------------------


def yfinance_history(
    symbol: str, start_on: date, end_on: date, *, ticker: Callable[[str], Any] | None = None
) -> RawHistory:
    """``Ticker.history`` as plain rows.

    ticker: makes the object with ``history`` and ``history_metadata``; by default yfinance's own.
    Raises ``FetchFailedError`` (rate_limited) or ``FeedError``, also for an empty table.
    """
    make = ticker or make_ticker
    try:
        asked = make(symbol)
        frame = asked.history(
            start=start_on.isoformat(),
            end=end_on.isoformat(),
            interval="1d",
            auto_adjust=False,
            actions=True,
            raise_errors=True,
            timeout=20,
        )
        currency = str((asked.history_metadata or {}).get("currency", ""))
        bars = _rows(frame)
    except Exception as error:  # an undocumented interface raises whatever it likes
        raise _failure(symbol, error) from error
    if not bars:
        raise FeedError("yahoo", f"no bars of {symbol} came: not observed", remedy=_UPGRADE)
    return RawHistory(symbol=symbol, currency=currency, bars=bars)


_UPGRADE = "stored bars stay in use; if it lasts, upgrade yfinance"


def make_ticker(symbol: str, session: Any = None) -> Any:
    """yfinance's ticker with its traps out of the way; session None: its own."""
    import yfinance
    from yfinance.data import YfData

    YfData.cache_get.cache_clear()  # it remembers failures for the life of the process
    yfinance.config.debug.hide_exceptions = False
    logging.getLogger("yfinance").setLevel(logging.CRITICAL)  # the error is raised; once is enough
    return yfinance.Ticker(symbol, session=session)


def _failure(symbol: str, error: Exception) -> FeedError:
    what = f"{symbol}: {type(error).__name__} {str(error)[:120]}"
    if type(error).__name__ == "YFRateLimitError":
        return FetchFailedError(
            "yahoo", what, reason="rate_limited", wait_seconds=RATE_LIMIT_WAIT_SECONDS
        )
    return FeedError("yahoo", what, remedy=_UPGRADE)


def _rows(frame: Any) -> tuple[RawBar, ...]:
    if frame is None or frame.empty:
        return ()
    columns = [_column(frame, name) for name in _COLUMNS]
    days = [stamp.date() for stamp in frame.index]
    return tuple(
        RawBar(
            session_on=day, open=_known(o), high=_known(h), low=_known(low), close=_known(c),
            volume=_known(v), dividend=_known(d) or 0.0, split=_known(s) or 0.0,
        )
        for day, o, h, low, c, v, d, s in zip(days, *columns, strict=True)
    )  # fmt: skip


_COLUMNS = ("Open", "High", "Low", "Close", "Volume", "Dividends", "Stock Splits")


def _column(frame: Any, name: str) -> list[Any]:
    if name in frame.columns:
        return list(frame[name].tolist())
    if name in ("Open", "High", "Low", "Close"):
        raise ValueError(f"the table has no column '{name}'")
    return [math.nan] * len(frame.index)


def _known(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
