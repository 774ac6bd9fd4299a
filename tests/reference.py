"""The configuration with reference prices and rates that end on the frozen day.

Tests that speak of *the last price*, or tell prices of the days behind it, do so on this copy: the
tables in ``config/facts`` may have been carried on, and the answer must be the same.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from config.frozen import FROZEN_ON

CONFIG = Path(__file__).resolve().parents[1] / "config"
CARRIED_ON = ("market_closes.csv", "rates_daily.csv", "eur_usd_daily.csv")
"""Tables with a row a day, which grow; the day stands first in each row."""


def frozen_config(folder: Path) -> Path:
    """A copy of ``config`` at ``folder`` whose daily tables end on the frozen day."""
    shutil.copytree(CONFIG, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in CARRIED_ON:
        cut(folder / "facts" / name)
    return folder


def cut(table: Path) -> None:
    """Take every row later than the frozen day out of a table whose rows begin with their day."""
    head, *rows = table.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [row for row in rows if row[:10] <= FROZEN_ON.isoformat()]
    table.write_text("".join([head, *kept]), encoding="utf-8")
