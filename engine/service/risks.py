"""How good the forecast of risk has been: NVDA from the record, other stocks from price files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InputError
from engine.phrases import phrase
from engine.tables import csv_rows

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from backtests.reliability import DistributionScore, FallScore
    from engine.decision.risk import PriceHistory
    from engine.values import Features, FloatArray

MAX_BYTES = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskScore:
    """One stock. distributions: by horizon in sessions."""

    symbol: str
    first_on: date
    last_on: date
    falls: tuple[FallScore, ...]
    distributions: tuple[tuple[int, DistributionScore], ...]


def score_stock(
    symbol: str, days: Sequence[date], history: PriceHistory, first: date, last: date
) -> RiskScore:
    """Everything scored over ``first`` to ``last``, walk-forward; rows of ``history`` are days."""
    from backtests.reliability import FALLS_PCT, FallScore, score_chance, score_distribution
    from engine.decision import risk

    rows = np.array([first <= day <= last for day in days])
    if not rows.any():
        raise InputError(
            phrase(
                "{symbol}: no session between {first} and {last}",
                symbol=symbol,
                first=str(first),
                last=str(last),
            )
        )
    said = {horizon: risk.forecast(history, horizon) for horizon in risk.HORIZONS}
    return RiskScore(
        symbol=symbol,
        first_on=first,
        last_on=last,
        falls=tuple(
            FallScore(
                fall_pct=fall,
                score=score_chance(risk.chance_of_fall(said[21], fall / 100.0), rows),
            )
            for fall in FALLS_PCT
        ),
        distributions=tuple((h, score_distribution(f, rows)) for h, f in said.items()),
    )


def nvda_history(features: Features, warm_on: Sequence[date]) -> tuple[list[date], PriceHistory]:
    """Days and prices of the record, warm-up first."""
    from engine.decision import risk

    return [*warm_on, *features.sessions_on], risk.history_from(features)


def history_of_file(path: Path, vix: Path) -> tuple[list[date], PriceHistory]:
    """Days and prices of a CSV with Date, Open, High, Low and Close, adjusted for splits.

    Row t knows the session before it, as in the record. vix: a file of the same kind.
    """
    from engine.decision.risk import HORIZONS, PriceHistory

    days, bars = _bars(path)
    levels = dict(zip(*_closes(vix), strict=True))
    opened, high, low, close = bars.T
    move = np.diff(np.log(close), prepend=np.nan)
    gap = np.log(opened / np.concatenate(([np.nan], close[:-1])))
    none = {h: np.full(len(days), np.nan) for h in HORIZONS}
    known = PriceHistory(
        log_return=_late(move),
        log_range=_late(np.log(high / low)),
        log_gap=_late(gap),
        vix=_late(np.array([levels.get(day, np.nan) for day in days])),
        results_due=none,
        fomc_due=none,
    )
    return days, known


def _late(x: FloatArray) -> FloatArray:
    return np.concatenate(([np.nan], x[:-1]))


def _bars(path: Path) -> tuple[list[date], FloatArray]:
    from datetime import date as day_of

    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(
                phrase(
                    "'{name}' is larger than {max_bytes} bytes",
                    name=path.name,
                    max_bytes=f"{MAX_BYTES:,}",
                )
            )
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(
            phrase("cannot read '{path}'", path=str(path)), remedy=phrase("a CSV of daily prices")
        ) from None
    days, rows = [], []
    for line, row in csv_rows(text, path.name):
        try:
            days.append(day_of.fromisoformat(row["Date"][:10]))
            rows.append([float(row[name]) for name in ("Open", "High", "Low", "Close")])
        except (KeyError, ValueError):
            raise InputError(
                phrase(
                    "{name}:{line}: no Date, Open, High, Low and Close",
                    name=path.name,
                    line=str(line),
                ),
                remedy=phrase("columns as Yahoo names them, dates as 2025-08-22"),
            ) from None
    return days, np.array(rows)


def _closes(path: Path) -> tuple[list[date], list[float]]:
    days, bars = _bars(path)
    return days, bars[:, 3].tolist()
