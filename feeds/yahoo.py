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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import Field

from config.schema import Many, Strict
from engine.clock import NEW_YORK, at_new_york
from engine.errors import DataError, FeedError
from engine.phrases import phrase
from engine.record.asof import POLLED
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
from feeds.wire import FetchFailedError

CLOSE = time(16, 0)
SETTLED = time(16, 30)
"""New York time from which today's bar is final; early closes are final long before."""

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


class YahooBarOptions(Strict):
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

    Options = YahooBarOptions

    def __init__(self, history: History | None = None):
        self._history = history or yfinance_history

    def poll(self, poll: Poll) -> Harvest:
        """Ask for each symbol; a rate limit, or two failures at the start, end the round."""
        answers: list[RawHistory] = []
        failures: list[FeedError] = []
        for symbol in options_of(poll.feed, YahooBarOptions).symbols:
            try:
                answers.append(self._history(symbol, *window(poll, symbol)))
            except FetchFailedError:
                raise
            except FeedError as error:
                failures.append(error)
                if not answers and len(failures) == MAX_FAILURES_AT_START:
                    break
        parsed = parse_bars(answers, poll.feed, poll.now)
        problems = (*(str(error) for error in failures), *parsed.problems)
        if not parsed.facts:
            raise (
                failures[0]
                if failures
                else FeedError(
                    poll.feed.name, problems[0] if problems else phrase("no bars: not observed")
                )
            )
        return Harvest(parsed=replace(parsed, problems=problems))


OVERLAP = timedelta(days=10)
"""Asked for before the last session on record, so that the majority of sessions held can judge the
answer: six or seven of them."""


def window(poll: Poll, symbol: str) -> tuple[date, date]:
    """(first day, day after the last) to ask for: long the first time, short afterwards, and always
    back to the last session on record, so that a month away leaves no hole."""
    today = poll.now.astimezone(NEW_YORK).date()
    first = poll.state.last_ok_at is None
    options = options_of(poll.feed, YahooBarOptions)
    days = options.first_lookback_days if first else options.lookback_days
    start = today - timedelta(days=days)
    held = poll.last_session(record_symbol(symbol))
    return start if held is None else min(start, held - OVERLAP), today + timedelta(days=1)


def record_symbol(symbol: str) -> str:
    """The record's name of Yahoo's ``symbol``: an index without its caret."""
    return symbol.lstrip("^")


# --- parsing (pure) -------------------------------------------------------------------------


def parse_bars(answers: Iterable[RawHistory], feed: FeedConfig, fetched_at: datetime) -> Parsed:
    """Facts ``bar`` and ``corporate_action`` of each answer that can be read, as traded that day.

    Whether they hold against the record is for ``feeds.bars`` to say.
    """
    facts: list[Fact] = []
    problems: list[str] = []
    for answer in answers:
        try:
            rows = checked(answer, feed, fetched_at)
        except FeedError as error:
            problems.append(str(error))
            continue
        made, unread = _facts(answer.symbol, rows, feed.source + POLLED, fetched_at)
        facts += made
        problems += [*unread, *_newest_missing(answer.symbol, rows, fetched_at)]
    instants = newest_stamps(fact.occurred_at for fact in facts if fact.kind == "bar")
    return Parsed(facts=tuple(facts), problems=tuple(problems), stamps=instants)


def checked(answer: RawHistory, feed: FeedConfig, fetched_at: datetime) -> tuple[RawBar, ...]:
    """The rows of ``answer``, oldest first, splits undone over all of them, an unfinished session's
    included, because Yahoo divides by its split from the morning on.

    A row whose session is not over, or that holds no price, keeps its date and its actions and has
    no close. Raises ``FeedError`` for another currency, nothing at all (not observed), a session in
    the future or a repeated one.
    """
    expected = options_of(feed, YahooBarOptions).currency
    if answer.currency != expected:
        shown = answer.currency[:8] or "no currency"
        raise FeedError(
            feed.name,
            phrase(
                "{symbol} came in {shown}, not {expected}",
                symbol=answer.symbol,
                shown=shown,
                expected=expected,
            ),
        )
    today = fetched_at.astimezone(NEW_YORK).date()
    rows = tuple(sorted(answer.bars, key=lambda bar: bar.session_on))
    if rows and rows[-1].session_on > today:
        raise FeedError(
            feed.name,
            phrase(
                "{symbol} has a bar from the future ({session_on})",
                symbol=answer.symbol,
                session_on=str(rows[-1].session_on),
            ),
        )
    if len({bar.session_on for bar in rows}) < len(rows):
        raise FeedError(feed.name, phrase("{symbol} has a session twice", symbol=answer.symbol))
    final = tuple(
        bar if bar.close and at_new_york(bar.session_on, SETTLED) <= fetched_at else _priceless(bar)
        for bar in unadjusted(rows)
    )
    if all(bar.close is None for bar in final):
        raise FeedError(
            feed.name, phrase("no bars of {symbol}: not observed", symbol=answer.symbol)
        )
    return final


def _newest_missing(symbol: str, rows: Sequence[RawBar], fetched_at: datetime) -> list[str]:
    """A line where the newest session is over and came without a close: that is no quiet day."""
    newest = rows[-1]
    if newest.close is not None or at_new_york(newest.session_on, SETTLED) > fetched_at:
        return []
    return [f"{symbol} {newest.session_on}: came without a close, not observed"]


def _priceless(bar: RawBar) -> RawBar:
    """``bar`` without prices; Yahoo writes a missing one as zero."""
    return replace(bar, open=None, high=None, low=None, close=None, volume=None)


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


AFTER_CLOSE = timedelta(hours=1)
"""Assumed delay of a back-filled close: Yahoo has it by then on most days."""


def _facts(
    symbol: str, bars: Iterable[RawBar], source: str, fetched_at: datetime
) -> tuple[list[Fact], list[str]]:
    name = record_symbol(symbol)
    facts: list[Fact] = []
    problems: list[str] = []
    for bar in bars:
        if bar.close is not None:
            try:
                facts.append(_bar_fact(name, bar, source, fetched_at))
            except DataError as error:
                problems.append(
                    phrase(
                        "{symbol} {session_on}: {message}",
                        symbol=symbol,
                        session_on=str(bar.session_on),
                        message=error.message,
                    )
                )
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
        raise ticker_failure(symbol, error) from error
    if not bars:
        raise FeedError(
            "yahoo",
            phrase("no bars of {symbol} came: not observed", symbol=symbol),
            remedy=_UPGRADE,
        )
    return RawHistory(symbol=symbol, currency=currency, bars=bars)


_UPGRADE = phrase("stored bars stay in use; if it lasts, upgrade yfinance")


def make_ticker(symbol: str, session: Any = None) -> Any:
    """yfinance's ticker with its traps out of the way; session None: its own."""
    import yfinance
    from yfinance.data import YfData

    YfData.cache_get.cache_clear()  # it remembers failures for the life of the process
    yfinance.config.debug.hide_exceptions = False
    logging.getLogger("yfinance").setLevel(logging.CRITICAL)  # the error is raised; once is enough
    return yfinance.Ticker(symbol, session=session)


def ticker_failure(symbol: str, error: Exception) -> FeedError:
    """What yfinance raised, as an error of the feed; a rate limit says how long to wait."""
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
