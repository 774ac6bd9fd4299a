"""Option chains near the close, from Yahoo Finance through yfinance and one adapter.

Nobody can buy yesterday's chain for nothing, so it is kept from the first day on: one
``option_chain`` fact an expiry and session. Asked only in the last half hour of trading, New York,
and the quarter after it: at other hours Yahoo sends old or empty quotes, and nobody is asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import Field

from config.schema import Many, Strict
from engine.clock import NEW_YORK
from engine.errors import DataError, FeedError
from engine.phrases import phrase
from engine.record.readings import OPTION_CHAINS, OptionChain
from engine.values import Fact
from feeds.base import Collector, Days, Harvest, Parsed, Poll, newest_stamps, options_of
from feeds.wire import FetchFailedError
from feeds.yahoo import make_ticker, ticker_failure

FROM, UNTIL = time(15, 30), time(16, 15)
WIDTH = 0.6
"""Strikes kept: within 60 % of the share, either way; beyond, quotes are empty or a cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawChain:
    """Yahoo's answer for one expiry. Rows hold strike, bid, ask, iv (a fraction), open_interest;
    a figure is NaN where it is not told. spot NaN and currency "" where not said."""

    symbol: str
    expires_on: date
    spot: float
    currency: str
    calls: tuple[Mapping[str, float], ...]
    puts: tuple[Mapping[str, float], ...]


Chains = Callable[[str, date, Sequence[int]], tuple[RawChain, ...]]
"""(symbol, today, days ahead) to the chains whose expiries lie nearest to these days."""


class OptionsWanted(Strict):
    """days_ahead: the expiry nearest to each is kept, so that months can be compared."""

    symbols: Annotated[Many[str], Field(min_length=1, max_length=6)]
    days_ahead: Annotated[Many[Days], Field(min_length=1, max_length=8)] = (10, 30, 60, 90)


class YahooOptions(Collector):
    """The chains of some symbols; one symbol that fails is a problem, when all fail the poll."""

    Options = OptionsWanted

    def __init__(self, chains: Chains | None = None):
        self._chains = chains or yfinance_chains

    def poll(self, poll: Poll) -> Harvest:
        """Nothing outside the window, as an unchanged document."""
        clock = poll.now.astimezone(NEW_YORK)
        if clock.weekday() > 4 or not FROM <= clock.time() <= UNTIL:
            return Harvest(parsed=None, memo=poll.state.memo)
        wanted = options_of(poll.feed, OptionsWanted)
        facts: list[Fact] = []
        problems: list[str] = []
        for symbol in wanted.symbols:
            try:
                chains = self._chains(symbol, clock.date(), wanted.days_ahead)
            except FetchFailedError:
                raise
            except FeedError as error:
                problems.append(error.message)
                continue
            for chain in chains:
                try:
                    facts.append(chain_fact(chain, poll.feed.source, poll.now))
                except DataError as error:
                    problems.append(
                        phrase(
                            "{symbol} {expires_on}: {message}",
                            symbol=symbol,
                            expires_on=str(chain.expires_on),
                            message=error.message,
                        )
                    )
        if not facts:
            raise FeedError(
                poll.feed.name, problems[0] if problems else phrase("no chains: not observed")
            )
        stamps = newest_stamps(fact.occurred_at for fact in facts)
        return Harvest(parsed=Parsed(facts=tuple(facts), problems=tuple(problems), stamps=stamps))


# --- parsing (pure) ---------------------------------------------------------------------------


def chain_fact(chain: RawChain, source: str, seen_at: datetime) -> Fact:
    """``option_chain`` of one answer; a row without a strike, or far from the share, is left out.

    ``DataError`` for another currency, no price of the share, or no strikes.
    """
    if chain.currency != "USD":
        raise DataError(
            phrase(
                "came in {currency}, not USD", currency=chain.currency[:8] or phrase("no currency")
            )
        )
    if not (math.isfinite(chain.spot) and chain.spot > 0):
        raise DataError(phrase("no price of the share"))
    calls, puts = (_by_strike(rows, chain.spot) for rows in (chain.calls, chain.puts))
    strikes = tuple(sorted({*calls, *puts}))

    def told(rows: Mapping[float, Mapping[str, float]], name: str) -> tuple[float, ...]:
        return tuple(_quote(rows.get(strike, {}), name) for strike in strikes)

    reading = OptionChain(
        symbol=chain.symbol,
        expires_on=chain.expires_on,
        quoted_on=seen_at.astimezone(NEW_YORK).date(),
        spot_usd=round(chain.spot, 4),
        strikes_usd=strikes,
        call_bids_usd=told(calls, "bid"),
        call_asks_usd=told(calls, "ask"),
        put_bids_usd=told(puts, "bid"),
        put_asks_usd=told(puts, "ask"),
        call_iv_pct=tuple(round(100 * iv, 2) for iv in told(calls, "iv")),
        put_iv_pct=tuple(round(100 * iv, 2) for iv in told(puts, "iv")),
        call_open_interest=told(calls, "open_interest"),
        put_open_interest=told(puts, "open_interest"),
        occurred_at=seen_at,
        known_at=seen_at,
        source=source,
    )
    return OPTION_CHAINS.fact(reading, occurred_at=seen_at, known_at=seen_at, source=source)


def _by_strike(
    rows: Sequence[Mapping[str, float]], spot: float
) -> dict[float, Mapping[str, float]]:
    near = (r for r in rows[:2_000] if abs(r.get("strike", math.nan) - spot) <= WIDTH * spot)
    return {round(row["strike"], 4): row for row in near}


def _quote(row: Mapping[str, float], name: str) -> float:
    """0 for what is not told or is no quote."""
    value = row.get(name, math.nan)
    return round(value, 6) if 0 < value < 1e9 else 0.0


# --- the adapter: the only lines that know yfinance -------------------------------------------

_COLUMNS = {
    "strike": "strike", "bid": "bid", "ask": "ask", "iv": "impliedVolatility",
    "open_interest": "openInterest",
}  # fmt: skip


def yfinance_chains(
    symbol: str,
    today: date,
    days_ahead: Sequence[int],
    *,
    ticker: Callable[[str], Any] | None = None,
) -> tuple[RawChain, ...]:
    """``Ticker.options`` and ``Ticker.option_chain`` as plain rows.

    Raises ``FetchFailedError`` (rate_limited) or ``FeedError``, also where there are no expiries.
    """
    try:
        asked = (ticker or make_ticker)(symbol)
        expiries = sorted(date.fromisoformat(str(day)) for day in asked.options)
        wanted = nearest_expiries([day for day in expiries if day > today], today, days_ahead)
        found = tuple(_chain(symbol, day, asked.option_chain(day.isoformat())) for day in wanted)
    except Exception as error:  # an undocumented interface raises whatever it likes
        raise ticker_failure(symbol, error) from error
    if not found:
        raise FeedError(
            "yahoo", phrase("no expiries of {symbol} came: not observed", symbol=symbol)
        )
    return found


def nearest_expiries(
    expiries: Sequence[date], today: date, days_ahead: Sequence[int]
) -> tuple[date, ...]:
    """Of ``expiries`` the one nearest to each of ``days_ahead``, each once."""
    chosen = {
        min(expiries, key=lambda day: abs((day - today) - timedelta(days=ahead)))
        for ahead in (days_ahead if expiries else ())
    }
    return tuple(sorted(chosen))


def _chain(symbol: str, expires_on: date, told: Any) -> RawChain:
    share = told.underlying if isinstance(told.underlying, dict) else {}
    return RawChain(
        symbol=symbol,
        expires_on=expires_on,
        spot=float(share.get("regularMarketPrice") or math.nan),
        currency=str(share.get("currency", "")),
        calls=_rows(told.calls),
        puts=_rows(told.puts),
    )


def _rows(frame: Any) -> tuple[Mapping[str, float], ...]:
    columns = [[float(value) for value in frame[theirs].tolist()] for theirs in _COLUMNS.values()]
    return tuple(dict(zip(_COLUMNS, row, strict=True)) for row in zip(*columns, strict=True))
