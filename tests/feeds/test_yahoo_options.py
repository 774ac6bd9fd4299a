"""Option chains through the adapter, in the tables yfinance gives, and what is read of them.

The quotes are made up: Black and Scholes at one volatility, so that every answer is known.
"""

from __future__ import annotations

import math
from collections import namedtuple
from datetime import UTC, date, datetime, timedelta
from statistics import NormalDist
from typing import Any

import pytest

from engine.decision.options import chain_of, chance_bounds, option_outlook
from engine.errors import FeedError
from engine.record.history import History
from engine.record.readings import OBSERVATIONS, OPTION_CHAINS, Observation
from feeds.base import FeedConfig, Poll, PollState
from feeds.yahoo_options import YahooOptions, nearest_expiries, yfinance_chains

NEAR_CLOSE = datetime(2026, 11, 24, 20, 45, tzinfo=UTC)  # 15:45 in New York
SPOT, VOL, RATE_PCT = 200.0, 0.40, 4.0
EXPIRY = date(2026, 12, 24)
FEED = FeedConfig(
    name="yahoo-options", kind="x:Y", label="Yahoo Finance", options={"symbols": ["NVDA"]}
)
Told = namedtuple("Told", ("calls", "puts", "underlying"))
N = NormalDist().cdf


def years(day: date) -> float:
    close = datetime(day.year, day.month, day.day, 21, tzinfo=UTC)
    return (close - NEAR_CLOSE).total_seconds() / (365 * 86_400)


def price(strike: float, t: float, *, put: bool) -> float:
    root, growth = VOL * math.sqrt(t), math.exp(-RATE_PCT / 100 * t)
    d1 = (math.log(SPOT / strike) + (RATE_PCT / 100 + VOL * VOL / 2) * t) / root
    call = SPOT * N(d1) - strike * growth * N(d1 - root)
    return call - SPOT + strike * growth if put else call


class Ticker:
    """What yfinance's object shows of itself."""

    def __init__(self, symbol: str, **underlying: Any) -> None:
        self.underlying = {"currency": "USD", "regularMarketPrice": SPOT, **underlying}
        self.options = ("2026-11-24", "2026-12-04", EXPIRY.isoformat(), "2027-06-18")

    def option_chain(self, day: str) -> Told:
        t = years(date.fromisoformat(day))
        return Told(self._table(t, put=False), self._table(t, put=True), self.underlying)

    def _table(self, t: float, *, put: bool) -> Any:
        import pandas as pd

        strikes = [100.0 + 5 * k for k in range(45)] + [900.0]
        mids = [price(strike, t, put=put) for strike in strikes]
        half = [max(0.01, 0.01 * mid) for mid in mids]
        return pd.DataFrame({
            "contractSymbol": ["X"] * 46, "strike": strikes, "lastPrice": mids,
            "bid": [m - h for m, h in zip(mids, half, strict=True)],
            "ask": [m + h for m, h in zip(mids, half, strict=True)],
            "impliedVolatility": [VOL] * 46, "openInterest": [math.nan] + [1200] * 45,
            "inTheMoney": [False] * 46,
        })  # fmt: skip


def polled(at: datetime = NEAR_CLOSE, ticker: Any = Ticker) -> Any:
    def chains(symbol: str, today: date, ahead: Any) -> Any:
        return yfinance_chains(symbol, today, ahead, ticker=ticker)

    poll = Poll(feed=FEED, state=PollState(), fetcher=None, now=at)  # type: ignore[arg-type]
    return YahooOptions(chains).poll(poll).parsed


def test_a_chain_is_one_compact_fact() -> None:
    """The expiries nearest to the days wanted, never today's; far strikes left out."""
    facts = polled().facts

    assert [fact.key for fact in facts] == [
        "NVDA:2026-12-04:2026-11-24",
        "NVDA:2026-12-24:2026-11-24",
    ]
    chain = OPTION_CHAINS.read(facts[1])
    assert (chain.spot_usd, chain.known_at, chain.occurred_at) == (SPOT, NEAR_CLOSE, NEAR_CLOSE)
    assert (chain.strikes_usd[0], chain.strikes_usd[-1]) == (100.0, 320.0)
    assert (chain.call_open_interest[0], chain.call_open_interest[1]) == (0.0, 1200.0)
    assert chain.put_iv_pct[0] == 40.0
    assert len(str(dict(facts[1].payload))) < 6_000


@pytest.mark.parametrize("hour", [14, 20, 22])
def test_nothing_is_asked_outside_the_window(hour: int) -> None:
    """Neither at the open, before half past three, after the close nor at a weekend."""
    assert polled(NEAR_CLOSE.replace(hour=hour, minute=20)) is None
    assert polled(NEAR_CLOSE + timedelta(days=4)) is None


def test_what_is_no_sound_chain_is_an_error() -> None:
    for wrong in ({"currency": "EUR"}, {"regularMarketPrice": None}):
        with pytest.raises(FeedError):
            polled(ticker=lambda symbol, told=wrong: Ticker(symbol, **told))
    assert nearest_expiries([], NEAR_CLOSE.date(), (30,)) == ()


def test_the_outlook_finds_what_the_quotes_were_made_with() -> None:
    """Expected move, chance of a fall within its bounds, and what insurance costs a month."""
    bill = OBSERVATIONS.fact(
        Observation(series="DTB3", observed_on=date(2026, 11, 20), value=RATE_PCT),
        occurred_at=NEAR_CLOSE, known_at=NEAR_CLOSE, source="made up",
    )  # fmt: skip
    history = History((*polled().facts, bill))
    near, month = option_outlook(history, NEAR_CLOSE + timedelta(hours=15))
    t, root = years(EXPIRY), VOL * math.sqrt(years(EXPIRY))
    ten = next(fall for fall in month.falls if fall.fall_pct == 10.0)
    d2 = (math.log(1 / 0.9) + (RATE_PCT / 100 - VOL * VOL / 2) * t) / root

    assert (near.symbol, near.expires_on, month.expires_on) == ("NVDA", date(2026, 12, 4), EXPIRY)
    assert ten.chance == pytest.approx(N(-d2), abs=0.005)
    assert 0 < ten.low <= N(-d2) <= ten.high < 0.5
    assert month.expected_move_pct == pytest.approx(200 * (2 * N(root / 2) - 1), rel=0.03)
    asked = 100 * 1.01 * price(180.0, t, put=True) / SPOT
    assert month.put_cost_pct == pytest.approx(asked * 365 / 12 / (365 * t), rel=0.02)
    assert month.collar_cost_pct is not None
    assert month.collar_cost_pct < month.put_cost_pct


def test_an_old_chain_and_a_record_without_bills_say_nothing() -> None:
    history = History(polled().facts)

    assert option_outlook(history, NEAR_CLOSE + timedelta(hours=1)) == ()
    assert option_outlook(History(), NEAR_CLOSE) == ()


def test_bounds_are_all_or_nothing_where_no_strikes_are() -> None:
    chain = chain_of(OPTION_CHAINS.read(polled().facts[1]), RATE_PCT)

    assert chance_bounds(chain, 1.0)[0] == 0.0
    assert chance_bounds(chain, 1_000.0)[1] == 1.0
