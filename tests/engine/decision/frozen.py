"""A frozen series: what the three presets decided on a few sessions of the shipped record.

A trip-wire and no truth: it says that a decision moved, and cannot say which side is right. When it
trips, find out why; if the change is wanted, renew the table in the same commit::

    python -m tests.engine.decision.frozen --renew
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from engine.clock import parse_as_of
from engine.record.history import History
from engine.service.bind import load
from engine.service.wiring import assess, world_of
from feeds.facts import Lags, read_tables

ROOT = Path(__file__).resolve().parents[3]
TABLE = ROOT / "tests" / "data" / "frozen_decisions.csv"
AS_OF = "2025-08-22T12:30Z"
PRESETS = ("cautious", "balanced", "conviction")
EVERY = 38
"""Sessions between two rows of the table: about 25 rows a preset."""
COLUMNS = ("preset", "session_on", "verdict", "target_weight", "score")


@lru_cache(maxsize=1)
def shipped() -> History:
    """The shipped facts."""
    return History(read_tables(ROOT / "config" / "facts", Lags()))


def rows_of(preset: str) -> Iterator[dict[str, str]]:
    """The rows of the table for one preset, the last session included."""
    config = load(ROOT / "config", preset)
    world = world_of(shipped(), config, parse_as_of(AS_OF))
    told = assess(world, config, version="test")
    evaluation, sessions = told.evaluation, told.features.sessions_on
    for t in range(len(sessions) - 1, -1, -EVERY):
        yield {
            "preset": preset,
            "session_on": sessions[t].isoformat(),
            "verdict": "HOLD" if evaluation.invested[t] else "SELL",
            "target_weight": f"{evaluation.target_weight[t]:.6f}",
            "score": f"{evaluation.score[t]:.6f}",
        }


def kept() -> list[dict[str, str]]:
    """The table as it is kept."""
    with TABLE.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def renew() -> None:
    """Write the table anew."""
    with TABLE.open("w", newline="", encoding="utf-8") as out:
        table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        table.writeheader()
        for preset in PRESETS:
            table.writerows(rows_of(preset))


if __name__ == "__main__":
    if sys.argv[1:] != ["--renew"]:
        raise SystemExit("use: python -m tests.engine.decision.frozen --renew")
    renew()
