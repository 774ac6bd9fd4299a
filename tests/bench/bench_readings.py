"""One reading of the record: the sweep over ten years, and agreement at 200 instants."""

from __future__ import annotations

import random
import time
from datetime import date, timedelta
from datetime import time as clock

from engine.clock import at_new_york, from_micros
from engine.decision.grid import Grid
from engine.macro.sessions import load_sessions
from engine.record.asof import known, known_on, prices
from engine.record.history import History
from engine.record.readings import BARS, Bar
from engine.values import Fact
from tests.one_reading import backtest, corrections, disagreements, tables

CORRECTIONS, INSTANTS, SYMBOLS = 300, 200, ("NVDA", "SPY", "QQQ", "SMH", "VIX")


def rows() -> list[dict[str, object]]:
    """CPU seconds of this process; counts where a count is asked for."""
    return [*_ten_years(), _agreement()]


def _ten_years() -> list[dict[str, object]]:
    sessions = load_sessions(date(2015, 9, 30), date(2025, 9, 30))
    grid = Grid(sessions_on=sessions.on, decide_at_us=sessions.decide_at_us)
    rng = random.Random(3)
    facts = [_bar(s, day, rng.uniform(95, 105)) for day in sessions.on for s in SYMBOLS]
    history = History(facts)
    history.told(BARS, sessions.decide_at(sessions.on[-1]))  # read once, as every run does
    start = time.process_time()
    swept = known_on(history, BARS, grid)
    sweep = time.process_time() - start
    start = time.process_time()
    prices(history, "NVDA", grid).window(200)
    priced = time.process_time() - start
    some = range(0, len(grid), len(grid) // 10)
    start = time.process_time()
    for row in some:
        known(history, BARS, from_micros(int(grid.decide_at_us[row])))
    alone = (time.process_time() - start) / len(some) * len(grid)
    what = f"known_on, {len(facts):,} daily bars, {len(grid):,} rows"
    note = "theirs: known() at every row, extrapolated from ten"
    return [
        {"what": what, "ours": sweep, "theirs": alone, "ratio": alone / sweep, "target": "0.2 s",
         "note": f"{note}; {len(swept.versions):,} versions count"},
        {"what": "prices of one symbol, windows of 200", "ours": priced, "target": "0.2 s"},
    ]  # fmt: skip


def _bar(symbol: str, day: date, close: float) -> Fact:
    return BARS.fact(
        Bar(symbol=symbol, session_on=day, close=close),
        occurred_at=at_new_york(day, clock(16)),
        known_at=at_new_york(day, clock(16)) + timedelta(minutes=30),
        source="synthetic",
    )


def _agreement() -> dict[str, object]:
    history = History([*tables(), *corrections(CORRECTIONS, seed=11)])
    whole = backtest(history)
    chosen = random.Random(7).sample(range(30, len(whole.features.sessions_on)), INSTANTS)
    found = disagreements(history, whole, chosen, tell=True)
    return {
        "what": f"report, rates, rate, backtest at {INSTANTS} instants, {CORRECTIONS} corrections",
        "ours": len(found),
        "target": "0 differences",
        "note": "; ".join(found[:3]),
    }
