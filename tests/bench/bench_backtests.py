"""Sweep, replay and PBO beside vectorbt, bt, backtesting.py and holdout-backtest.

CPU seconds of one core in one run. Everything here is synthetic and seeded: an AR(1) rating, a
random-walk price, 2,520 sessions.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import numpy as np

from backtests import sweep
from backtests.overfitting import overfitting_probability
from backtests.replay import Costs, RawPrices, UnitValues, market, replay
from config.strategy import Rule
from engine.decision.evidence import Blend, Voice
from engine.values import Features
from tests.backtests.market_data import random_prices, random_switches
from tests.backtests.sweep_world import full_voices, one_voice, synthetic_features

SESSIONS, SETS = 2_520, 10_000
_ENTER, _EXIT = np.linspace(0.05, 0.6, 100), np.linspace(-0.6, -0.05, 100)


def rows() -> list[dict[str, object]]:
    """Bench rows; ratios are theirs over ours."""
    features = _with_rating(synthetic_features(SESSIONS, holes=False))
    prices = random_prices(SESSIONS)
    world = market(prices, 0.0, Costs(spread_bps=10))
    single, finals = _cpu(lambda: _single(features, world), best_of=3)
    full = _cpu(lambda: _full(features, world, SETS), best_of=2)[0]
    tenth = _cpu(lambda: _full(features, world, SETS // 5), best_of=3)[0]
    theirs, their_finals = _vectorbt(features, prices)
    fills = _fills(features, world)
    error = float(np.max(np.abs(finals / their_finals - 1.0)))
    one, one_theirs = _one_replay(prices)
    return [
        {
            "what": "10,000 hysteresis pairs, one signal, final equity",
            "ours": f"{single:.3f} s",
            "theirs": f"vectorbt warm {theirs:.2f} s",
            "ratio": theirs / single,
            "target": "50x",
            "note": f"mean {fills:.0f} fills; largest relative difference {error:.0e}",
        },
        {
            "what": "10,000 sets, six voices, statistics and block sums",
            "ours": f"{full:.3f} s",
            "theirs": f"vectorbt plain {theirs:.2f} s",
            "ratio": theirs / full,
            "target": "5x, and ours under 1 s",
            "note": "synthetic features; vectorbt has one signal and no statistics",
        },
        {
            "what": "10,000 sets of the full rule: risk, floor, chance, extremes, ignorance",
            "ours": f"{_full_rule(features, world):.3f} s",
            "theirs": "",
            "ratio": None,
            "target": "under 2 s",
            "note": "synthetic features, three voices; lines and weights varied, statistics kept",
        },
        {
            "what": "growth of the time from 2,000 to 10,000 sets",
            "ours": f"{tenth:.3f} s -> {full:.3f} s",
            "theirs": "",
            "ratio": full / tenth,
            "target": "5 (linear)",
            "note": "",
        },
        _pbo_row(),
        {
            "what": "one replay, 2,520 sessions",
            "ours": f"{one * 1e3:.2f} ms",
            "theirs": f"vectorbt warm {one_theirs * 1e3:.1f} ms",
            "ratio": one_theirs / one,
            "target": "",
            "note": "ours with trades, cash and turnover",
        },
        *_looped_peers(prices, one),
    ]


def _looped_peers(prices: RawPrices, ours: float) -> list[dict[str, object]]:
    """One backtest of the same length by the two peers that run bar by bar, both warm."""
    rows: list[dict[str, object]] = []
    for name, work in (("bt", _bt(prices)), ("backtesting.py", _backtesting(prices))):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            work()
            theirs = _cpu(work, best_of=2)[0]
        rows.append(
            {
                "what": "one replay, 2,520 sessions",
                "ours": f"{ours * 1e3:.2f} ms",
                "theirs": f"{name} warm {theirs * 1e3:.1f} ms",
                "ratio": theirs / ours,
                "target": "",
                "note": "one run each; a loop of runs is how they sweep",
            }
        )
    return rows


def _bt(prices: RawPrices) -> Callable[[], object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import bt
        import pandas as pd

    targets = random_switches(SESSIONS)
    index = pd.DatetimeIndex(prices.sessions_on)
    data = pd.DataFrame({"NVDA": prices.open_usd}, index=index)
    switches = np.flatnonzero(np.diff(targets, prepend=0.0))
    weights = pd.DataFrame({"NVDA": targets[switches]}, index=index[switches])

    def work() -> object:
        algos = [bt.algos.WeighTarget(weights), bt.algos.Rebalance()]
        test = bt.Backtest(
            bt.Strategy("same", algos), data, initial_capital=1e6, integer_positions=False,
            commissions=lambda q, p: abs(q) * p * 5e-4, progress_bar=False,
        )  # fmt: skip
        test.run()
        return float(test.strategy.values.iloc[-1])

    return work


def _backtesting(prices: RawPrices) -> Callable[[], object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from backtesting import Backtest, Strategy

    targets = random_switches(SESSIONS)
    columns = {
        "Open": prices.open_usd,
        "High": np.maximum(prices.open_usd, prices.close_usd),
        "Low": np.minimum(prices.open_usd, prices.close_usd),
        "Close": prices.close_usd,
        "Volume": np.ones(SESSIONS),
    }
    data = pd.DataFrame(columns, index=pd.DatetimeIndex(prices.sessions_on))

    class Follow(Strategy):  # type: ignore[misc]
        def init(self) -> None: ...

        def next(self) -> None:
            wanted = targets[min(len(self.data), SESSIONS - 1)]
            if wanted and not self.position:
                self.buy(size=0.9999)
            elif not wanted and self.position:
                self.position.close()

    return lambda: float(Backtest(data, Follow, cash=1e9).run()["Equity Final [$]"])


def _cpu(work: Callable[[], object], *, best_of: int) -> tuple[float, np.ndarray]:
    best, result = float("inf"), None
    for _ in range(best_of):
        start = time.process_time()
        result = work()
        best = min(best, time.process_time() - start)
    return best, np.asarray(result)


def _with_rating(features: Features) -> Features:
    """An AR(1) rating whose crossings give about 51 fills a pair, as in the peers' comparison."""
    noise = np.random.default_rng(12).normal(0, 0.1, SESSIONS)
    rating, state = np.empty(SESSIONS), 0.0
    for t in range(SESSIONS):
        state = 0.96 * state + noise[t]
        rating[t] = state
    values = {**features.values, "given": rating}
    return Features(
        sessions_on=features.sessions_on, decide_at_us=features.decide_at_us, values=values
    )


def _pairs() -> np.ndarray:
    return np.array([(a, b) for a in _EXIT for b in _ENTER])


def _fills(features: Features, world: UnitValues) -> float:
    return float(sweep.run(_single_job(features, world)).totals.n_trades.mean())


def _single(features: Features, world: UnitValues) -> np.ndarray:
    return sweep.run(_single_job(features, world)).totals.final_equity


def _single_job(features: Features, world: UnitValues) -> sweep.SweepJob:
    rule = Rule(exit_below=-0.3, enter_above=0.1, min_sessions_between_changes=0)
    axes = ["decision.exit_below", "decision.enter_above"]
    return sweep.make_job(one_voice(rule), axes, _pairs(), features, world, curves=False)


def _full(features: Features, world: UnitValues, sets: int) -> np.ndarray:
    blend, extended = _six_voices(features)
    axes = [
        sweep.parse_axis(a)
        for a in (
            "decision.exit_below=-0.5,-0.1",
            "decision.enter_above=-0.05,0.2",
            *(f"{v.strategy.name}.weight=0,1" for v in blend.voices),
        )
    ]
    drawn = sweep.random_sets(axes, sets, seed=1)
    scale = np.random.default_rng(0).choice([6.0, 9.0, 12.0, 18.0, 24.0], (sets, 1))
    names = [*(a.name for a in axes), "fp8_threat.scale_pct"]
    job = sweep.make_job(blend, names, np.hstack([drawn, scale]), extended, world)
    return sweep.run(job).totals.final_equity


def _full_rule(features: Features, world: UnitValues) -> float:
    """CPU seconds of a sweep over everything a preset may ask for, the forecast included."""
    axes = [
        sweep.parse_axis(a)
        for a in (
            "decision.exit_below=-0.5,-0.1",
            "decision.enter_above=-0.05,0.2",
            "trend.weight=0,1",
            "fp8_threat.weight=0,1",
        )
    ]
    sets, names = sweep.random_sets(axes, SETS, seed=1), [a.name for a in axes]
    return _cpu(
        lambda: sweep.run(sweep.make_job(full_voices(), names, sets, features, world)), best_of=2
    )[0]


def _six_voices(features: Features) -> tuple[Blend, Features]:
    """The voices of the presets, on synthetic features."""
    from strategies.earnings_surprise import EarningsSurprise
    from strategies.export_policy import ExportPolicy
    from strategies.fp8_threat import Fp8Threat
    from strategies.rate_path import RatePath
    from strategies.trend import Trend
    from strategies.valuation_cap import ValuationCap

    rng = np.random.default_rng(8)
    n = len(features.sessions_on)
    walk = np.cumsum(rng.normal(0, 0.02, n))
    more = {
        "policy_alone_pct": np.zeros(n),
        "domestic_alone_pct": np.zeros(n),
        "demand_alone_pct": np.zeros(n),
        "policy_impulse_pct": np.where(rng.random(n) < 0.03, rng.normal(0, 3, n), 0.0),
        "us_gate": np.full(n, 0.5),
        "china_gate": np.full(n, 0.35),
        "china_excluded": np.zeros(n),
        "market_cap_usd_tn": 2.0 * np.exp(walk),
        "implied_growth_pct": 15 + 5 * walk,
        "delivered_growth_pct": 60 + 10 * np.sin(np.arange(n) / 63),
        "guide_surprise_pct": np.where(np.arange(n) % 63 == 0, rng.normal(3, 4, n), 0.0),
        "guide_age_sessions": np.zeros(n),
        "trailing_revenue_usd_bn": np.full(n, 100.0),
        "nvda_return": rng.normal(0, 0.03, n),
        "qqq_return": rng.normal(0, 0.015, n),
        "effr_pct": np.full(n, 4.0),
        "vix": np.full(n, 18.0),
    }
    extended = Features(
        sessions_on=features.sessions_on,
        decide_at_us=features.decide_at_us,
        values={**features.values, **more},
    )
    voices = [
        Voice(strategy=s, weight=1.0, params={k: p.default for k, p in s.params.items()})
        for s in (
            Fp8Threat(),
            ExportPolicy(),
            ValuationCap(),
            Trend(),
            RatePath(),
            EarningsSurprise(),
        )
    ]
    return Blend(voices=tuple(voices), rule=Rule(exit_below=-0.3, enter_above=-0.1)), extended


def _vectorbt(features: Features, prices: RawPrices) -> tuple[float, np.ndarray]:
    """The single-signal task in blocks of 1,000 columns, its faster way; warm."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import vectorbt as vbt

        signal = features.values["given"][:, None]
        pairs = _pairs()

        def work() -> np.ndarray:
            finals = []
            for first in range(0, len(pairs), 1_000):
                block = pairs[first : first + 1_000]
                finals.append(_vectorbt_block(vbt, signal, block, prices))
            return np.concatenate(finals)

        _vectorbt_block(vbt, signal, pairs[:10], prices)
        return _cpu(work, best_of=1)


def _vectorbt_block(
    vbt: object, signal: np.ndarray, block: np.ndarray, prices: RawPrices
) -> object:
    # It starts in cash and our latch in HOLD: the first session is an entry for it.
    entries = signal > block[:, 1]
    exits = signal < block[:, 0]
    entries[0] = True
    entries[0] &= ~exits[0]
    portfolio = vbt.Portfolio.from_signals(  # type: ignore[attr-defined]
        close=np.repeat(prices.close_usd[:, None], len(block), axis=1),
        entries=entries,
        exits=exits,
        price=prices.open_usd[:, None],
        fees=5e-4,
        init_cash=1.0,
        freq="1D",
    )
    return np.asarray(portfolio.final_value())


def _one_replay(prices: RawPrices) -> tuple[float, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import vectorbt as vbt

        target = random_switches(SESSIONS, every=25)
        world = market(prices, 0.0, Costs())
        ours = _cpu(lambda: replay(world, target).equity, best_of=5)[0]
        change = np.diff(target, prepend=0.0)

        def theirs() -> object:
            return np.asarray(
                vbt.Portfolio.from_signals(
                    close=prices.close_usd,
                    entries=change > 0,
                    exits=change < 0,
                    price=prices.open_usd,
                    fees=5e-4,
                    init_cash=1.0,
                    freq="1D",
                ).final_value()
            )

        theirs()
        return ours, _cpu(theirs, best_of=5)[0]


def _pbo_row() -> dict[str, object]:
    import holdout

    returns = np.random.default_rng(0).normal(0, 0.01, (2_512, 1_000))
    blocks = returns.reshape(16, 157, 1_000)
    size = np.full(16, 157)

    def own() -> object:
        found = overfitting_probability(blocks.sum(axis=1), (blocks**2).sum(axis=1), size)
        return found.pbo

    ours, pbo = _cpu(own, best_of=2)
    theirs, other = _cpu(
        lambda: holdout.probability_of_backtest_overfitting(returns).pbo, best_of=1
    )
    return {
        "what": "PBO, 12,870 splits x 1,000 trials",
        "ours": f"{ours:.3f} s",
        "theirs": f"holdout-backtest {theirs:.2f} s",
        "ratio": theirs / ours,
        "target": "under 1.5 s",
        "note": f"difference {abs(float(pbo) - float(other)):.0e}",
    }
