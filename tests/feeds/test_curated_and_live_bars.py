"""A first poll over the curated past: 207 sessions told twice, and one version of each counts.

The live bars are the curated ones as Yahoo would give them: in single precision, rounded to the
cent on some days, a dividend short on others, and three closes plainly wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from backtests.replay import Costs, replay
from config.settings import PACKAGED, Lags
from engine.decision.decide import evaluate
from engine.record.asof import bars_at
from engine.record.history import History
from engine.record.readings import ACTIONS, BARS
from engine.record.store import Store
from engine.service import bind
from engine.service.history import open_window
from engine.service.wiring import load_reference
from engine.values import Fact
from feeds.bars import KINDS, exchange_sessions
from feeds.base import FeedConfig, load_feeds
from feeds.collect import FeedResult, StoreSink, collect
from feeds.facts import read_tables
from feeds.yahoo import RawBar, RawHistory, YahooBars

FIRST, LAST = date(2024, 12, 2), date(2025, 9, 30)
BEFORE = datetime(2024, 9, 1, tzinfo=UTC)
EVENING = datetime(2025, 9, 30, 22, 10, tzinfo=UTC)
WRONG = {date(2025, 1, 27): 1.009, date(2025, 4, 9): 0.92, date(2025, 8, 22): 1.2}
Noise = Callable[[date, float], float]


@cache
def curated() -> tuple[Fact, ...]:
    """Bars and corporate actions of the shipped tables, from a quarter before the overlap."""
    told = read_tables(PACKAGED / "facts", Lags())
    return tuple(f for f in told if f.kind in KINDS and f.occurred_at >= BEFORE)


def single(on: date, close: float) -> float:
    """As numpy's float32 holds it, which is how Yahoo's answer comes."""
    return float(np.float32(close))


def rounded(on: date, close: float) -> float:
    """To the cent on even days; on the others 0.02 % low, as after a dividend of a few cents."""
    return round(close, 2) if on.day % 2 == 0 else single(on, close * 0.9998)


def wrong(on: date, close: float) -> float:
    return single(on, close * WRONG.get(on, 1.0))


def history(noise: Noise) -> Callable[[str, date, date], RawHistory]:
    """Yahoo's answer for a symbol, from the curated bars of the overlap."""
    held = {
        s: bars_at(History(curated()), s, EVENING) for s in ("NVDA", "SPY", "QQQ", "SMH", "VIX")
    }
    paid = {a.ex_on: a for f in curated() if f.kind == ACTIONS.name for a in [ACTIONS.read(f)]
            if a.symbol == "NVDA" and a.action == "dividend"}  # fmt: skip

    def ask(symbol: str, start: date, end: date) -> RawHistory:
        name = symbol.lstrip("^")
        rows = []
        for on, bar in held[name].items():
            if FIRST <= on <= LAST:
                close = noise(on, bar.close) if name == "NVDA" else single(on, bar.close)
                dividend = paid[on].value if name == "NVDA" and on in paid else 0.0
                rows.append(RawBar(session_on=on, open=close, high=close, low=close, close=close,
                                   volume=1e8, dividend=dividend))  # fmt: skip
        return RawHistory(symbol=symbol, currency="USD", bars=tuple(rows))

    return ask


sessions = cache(exchange_sessions)


def polled(store: Store, noise: Noise) -> tuple[FeedResult, ...]:
    """The first poll of both shipped price stanzas."""
    feeds: tuple[FeedConfig, ...] = load_feeds(PACKAGED / "feeds.toml").named(
        ["yahoo-nvda", "yahoo-market"]
    )
    return collect(
        feeds, _NoWeb(), StoreSink(store), EVENING,
        collectors=lambda kind: YahooBars(history(noise)), sessions=sessions,
    ).results  # fmt: skip


class _NoWeb:
    def get(self, request: object, now: datetime) -> None:  # type: ignore[override]
        raise AssertionError("prices come through the adapter")


@pytest.fixture
def record(tmp_path: Path) -> Store:
    store = Store.open(f"sqlite:///{tmp_path / 'bars.db'}")
    store.record(curated())
    return store


@pytest.mark.parametrize("noise", [single, rounded])
def test_what_agrees_adds_nothing_so_every_decision_is_the_same(
    record: Store, noise: Noise
) -> None:
    """No version is new: the record's digest, of which a backtest is a function, does not move."""
    before = record.data_hash()
    with record:
        results = polled(record, noise)
        after = record.data_hash()
        counts = Counter(f.key for f in record.facts(kinds=(BARS.name,)))

    assert after == before
    assert {r.status for r in results} == {"unchanged"}, [r.why for r in results]
    sessions = [key for key in counts if key.startswith("NVDA:") and FIRST <= _day(key) <= LAST]
    assert len(sessions) == 207
    assert {counts[key] for key in sessions} == {1}


def test_what_differs_is_told_and_the_curated_close_stands(record: Store) -> None:
    """Three closes off by 0.9, 8 and 20 per cent: three lines, and no close moves."""
    with record:
        before = bars_at(History(record.facts()), "NVDA", EVENING)
        digest = record.data_hash()
        nvda = next(r for r in polled(record, wrong) if r.feed == "yahoo-nvda")
        history_after = History(record.facts())
        moved = record.data_hash() != digest

    assert len(nvda.problems) == 3
    assert all(f"NVDA {on}" in " ".join(nvda.problems) for on in WRONG)
    assert bars_at(history_after, "NVDA", EVENING) == before
    assert not moved


# --- the backtest itself ----------------------------------------------------------------------


Backtested = tuple[bytes, bytes, int]
"""Target weight of each session, equity after each, number of switches."""


def backtested(store: Store) -> Backtested:
    """The shipped strategy over the 207 sessions, as ``nvsignal backtest`` runs it."""
    window = open_window(
        store, bind.load(PACKAGED), Costs(), FIRST, LAST, now=EVENING + timedelta(hours=1)
    )
    target = evaluate(window.config.blend, window.features).target_weight[window.rows]
    run = replay(window.market, target, capital=1.0)
    assert len(target) == len(run.equity) == 207
    return target.tobytes(), run.equity.tobytes(), len(run.trades)


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Store]:
    """The shipped record, as a first start makes it."""
    with Store.open(f"sqlite:///{tmp_path / 'whole.db'}") as store:
        load_reference(store, bind.load(PACKAGED))
        yield store


def test_a_backtest_is_the_same_to_the_bit_after_the_poll(whole: Store) -> None:
    """Yahoo's rounding and three wrong closes: same weights, same equity, same trades. A version
    that did overrule would show."""
    before = backtested(whole)
    for noise in (rounded, wrong):
        polled(whole, noise)
    after = backtested(whole)
    for on in WRONG:
        told = max(
            (f for f in whole.facts(kinds=(BARS.name,)) if f.key == f"NVDA:{on}"),
            key=lambda f: f.known_at,
        )
        slipped = {k: told.payload[k] * 1.009 for k in ("open", "high", "low", "close")}
        payload = {**told.payload, **slipped}
        whole.record([replace(told, payload=payload, known_at=told.known_at + SECOND)])

    assert after == before
    assert backtested(whole) != before


SECOND = timedelta(seconds=1)


def test_the_check_sees_a_version_that_overrules(record: Store) -> None:
    """Were the live bar written over the curated one, digest and close would tell."""
    with record:
        before = record.data_hash()
        newest = max((f for f in curated() if f.key == "NVDA:2025-09-30"), key=lambda f: f.known_at)
        payload = {**newest.payload, "close": 186.6118}
        record.record([replace(newest, payload=payload, known_at=EVENING)])

        assert record.data_hash() != before
        assert bars_at(History(record.facts()), "NVDA", EVENING)[LAST].close == 186.6118


def _day(key: str) -> date:
    return date.fromisoformat(key.partition(":")[2])
