"""Report, ``rates``, ``rate`` and backtest read one record alike, corrections included."""

from __future__ import annotations

import random

import numpy as np

from engine.record.history import History
from tests.one_reading import backtest, corrections, disagreements, tables


def test_report_rates_and_backtest_agree_over_a_record_of_corrections() -> None:
    """300 random corrections, 6 random mornings; ``make bench`` asks 200."""
    history = History([*tables(), *corrections(300, seed=11)])
    whole = backtest(history)
    rows = random.Random(5).sample(range(30, len(whole.features.sessions_on)), 6)
    assert disagreements(history, whole, rows) == []
    plain = backtest(History(tables()))
    moved = [
        name
        for name, values in whole.features.values.items()
        if not np.array_equal(values, plain.features.values[name], equal_nan=True)
    ]
    prices = {"nvda_close_usd", "market_cap_usd_tn"}
    assert prices | {"effr_pct", "expected_path_bps"} <= set(moved)
