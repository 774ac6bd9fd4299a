"""The configuration with reference prices and rates that end on the frozen day.

Tests that speak of *the last price*, or tell prices of the days behind it, do so on this copy: the
tables in ``config/facts`` may have been carried on, and the answer must be the same.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from config.frozen import FROZEN_ON
from engine.values import Fact

CONFIG = Path(__file__).resolve().parents[1] / "config"
CARRIED_ON = ("market_closes.csv", "rates_daily.csv", "eur_usd_daily.csv")
"""Tables with a row a day, which grow; the day stands first in each row."""


def frozen_config(folder: Path) -> Path:
    """A copy of ``config`` at ``folder`` whose daily tables end on the frozen day."""
    shutil.copytree(CONFIG, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    for name in CARRIED_ON:
        cut(folder / "facts" / name)
    return folder


def frozen_facts() -> list[Fact]:
    """The facts of ``config/facts``, without prices and rates later than the frozen day."""
    from feeds.facts import Lags, read_tables

    facts = read_tables(CONFIG / "facts", Lags())
    return [fact for fact in facts if not later(fact)]


def later(fact: Fact) -> bool:
    """Whether ``fact`` is a price or a rate of a day behind the frozen one."""
    day = {"bar": "session_on", "observation": "observed_on"}.get(fact.kind)
    return day is not None and str(fact.payload[day]) > FROZEN_ON.isoformat()


def cut(table: Path) -> None:
    """Take every row later than the frozen day out of a table whose rows begin with their day."""
    head, *rows = table.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [row for row in rows if row[:10] <= FROZEN_ON.isoformat()]
    table.write_text("".join([head, *kept]), encoding="utf-8")
