"""The tear sheet: what a rule did, as values for the page and as a daily ledger.

Nothing here computes a result: figures come from ``metrics`` and ``replay``. ``sheet_page`` turns a
sheet into blocks, so the command, the file and the local page show one and the same.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from backtests.metrics import SESSIONS_A_YEAR, excess_returns
from backtests.replay import Replay, UnitValues
from engine.decision.events import CURATED
from engine.errors import DataError
from engine.phrases import phrase
from engine.values import Event, FloatArray

if TYPE_CHECKING:
    from backtests.benchmarks import AfterTax, Yardstick
    from backtests.overfitting import RuleEvidence
    from backtests.reliability import FallScore
    from backtests.sweep import SweepResult
    from engine.decision.decide import Evaluation

ROLLING = 126
"""Sessions of the rolling Sharpe ratio: half a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetEvent:
    """An event on the session that could act on it; direction: -1 bad, 0, +1 good for NVDA.

    hindsight: picked for a table by somebody who knew what followed.
    """

    session_on: date
    direction: int
    text: str
    hindsight: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heat:
    """A grid of outcomes, (len(y), len(x)), NaN where nothing was tried.

    chosen: (row, column), or None.
    """

    x_name: str
    y_name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    values: FloatArray
    chosen: tuple[int, int] | None
    what: str = "Sharpe ratio"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """Everything on a tear sheet. Arrays are (T,), one row a session of ``run``.

    verdict: the sentence on top, a phrase or plain text. price_usd: split-adjusted closes.
    contributions: strategy -> part of the score, empty without strategies. evidence: how much could
    be luck. yardsticks: what the same money did by rules without evidence; after_tax: of the rule.
    chances: of falls, printed on these sessions, against what came.
    notes: how it was filled, what it cost, what was seen before. receipt: name -> value.
    """

    strategy: str
    verdict: str
    run: Replay
    holding: Replay
    price_usd: FloatArray
    target_weight: FloatArray
    score: FloatArray | None = None
    exit_below: float | None = None
    enter_above: float | None = None
    contributions: Mapping[str, FloatArray] = field(default_factory=dict)
    events: tuple[SheetEvent, ...] = ()
    heat: Heat | None = None
    evidence: RuleEvidence | None = None
    yardsticks: tuple[Yardstick, ...] = ()
    after_tax: AfterTax | None = None
    chances: tuple[FallScore, ...] = ()
    notes: tuple[str, ...] = ()
    receipt: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = len(self.run.sessions_on)
        named = {"price_usd": self.price_usd, "target_weight": self.target_weight}
        named |= {f"contribution of {k}": v for k, v in self.contributions.items()}
        if self.score is not None:
            named["score"] = self.score
        for name, array in named.items():
            if array.shape != (rows,):
                raise DataError(
                    phrase(
                        "{name} has shape {shape}, not ({rows},)",
                        name=name,
                        shape=str(array.shape),
                        rows=rows,
                    )
                )
        if self.holding.sessions_on != self.run.sessions_on:
            raise DataError(phrase("the account and the benchmark cover different sessions"))

    @property
    def days(self) -> tuple[date, ...]:
        """Session dates."""
        return self.run.sessions_on


def sheet_of(
    market: UnitValues,
    run: Replay,
    holding: Replay,
    target_weight: FloatArray,
    *,
    strategy: str,
    verdict: str,
    evaluation: Evaluation | None = None,
    names: Sequence[str] = (),
    rows: slice = slice(None),
    **more: Any,
) -> Sheet:
    """A sheet from what ``nvsignal backtest`` has at hand.

    evaluation: over all rows of the features, of which ``rows`` are those of ``market``. names: the
    strategies in its order. more: further fields of ``Sheet``.
    """
    carried = market.stock_fill[-1] / market.price_usd[-1]
    parts: dict[str, FloatArray] = {}
    score = None
    if evaluation is not None:
        score = evaluation.score[rows]
        parts = {n: evaluation.contributions[i][rows] for i, n in enumerate(names)}
    return Sheet(
        strategy=strategy,
        verdict=verdict,
        run=run,
        holding=holding,
        price_usd=market.stock_close / carried,
        target_weight=target_weight,
        score=score,
        contributions=parts,
        **more,
    )


def events_on(
    events: Sequence[Event], days: Sequence[date], acts_on: Any
) -> tuple[SheetEvent, ...]:
    """Events inside ``days``; acts_on: instant -> session, such as ``Sessions.acts_on``."""
    found = []
    for event in events:
        day = acts_on(event.known_at)
        if days[0] <= day <= days[-1]:
            found.append(
                SheetEvent(
                    session_on=day,
                    direction=event.direction,
                    text=event.headline,
                    hindsight=event.owners == (CURATED,),
                )
            )
    return tuple(found)


def heat_of(result: SweepResult) -> Heat | None:
    """The two axes of a sweep with most values; the best set where more were varied.

    None for a sweep of one axis or of random sets, which make no grid; sets that are no rule and
    were left out are holes in it.
    """
    job = result.job
    levels = [sorted(set(job.sets[:, i].tolist())) for i in range(len(job.axes))]
    # Drawn at random every set has values of its own; in a grid, however many of its sets were no
    # rule, they share them.
    if len(levels) < 2 or max(map(len, levels)) >= len(job.sets):
        return None
    a, b = sorted(sorted(range(len(levels)), key=lambda i: -len(levels[i]))[:2])
    if min(len(levels[a]), len(levels[b])) < 2:
        return None
    values = np.full((len(levels[a]), len(levels[b])), np.nan)
    sharpe = result.sharpe * math.sqrt(SESSIONS_A_YEAR)
    for row, given in enumerate(job.sets.tolist()):
        at = levels[a].index(given[a]), levels[b].index(given[b])
        if math.isfinite(sharpe[row]):
            values[at] = np.nanmax([values[at], sharpe[row]])
    best = job.sets[result.best].tolist()
    return Heat(
        x_name=job.axes[b],
        y_name=job.axes[a],
        x=tuple(levels[b]),
        y=tuple(levels[a]),
        values=values,
        chosen=(levels[a].index(best[a]), levels[b].index(best[b])),
    )


# --- figures of the account --------------------------------------------------------------------


def period_returns(equity: FloatArray, days: Sequence[date], capital: float) -> dict[str, float]:
    """Simple returns by month and year, under "2024-01" and "2024"; the first from ``capital``."""
    found: dict[str, float] = {}
    for length in (7, 4):
        before, labels = capital, [d.isoformat()[:length] for d in days]
        for row, label in enumerate(labels):
            if row + 1 == len(labels) or labels[row + 1] != label:
                found[label] = float(equity[row]) / before - 1.0
                before = float(equity[row])
    return found


def rolling_sharpe(run: Replay, sessions: int = ROLLING) -> FloatArray:
    """(T,): annualised Sharpe ratio of the last ``sessions``; NaN before and without variation."""
    excess = excess_returns(run)
    out = np.full(excess.size, np.nan)
    if excess.size < sessions:
        return out
    seen = np.lib.stride_tricks.sliding_window_view(excess, sessions)
    deviation = seen.std(axis=1, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = seen.mean(axis=1) / deviation * math.sqrt(SESSIONS_A_YEAR)
    out[sessions - 1 :] = np.where(deviation > 1e-12, ratio, np.nan)
    return out


# --- the daily ledger --------------------------------------------------------------------------


def ledger_csv(sheet: Sheet) -> str:
    """One row a session, RFC 4180, safe to open in a spreadsheet.

    date, target and actual weight, price, equity and return of the rule and of holding, cash,
    turnover, score, one column a strategy, and what happened. Blank: not observed.
    """
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(map(safe_cell, _ledger_head(sheet)))
    for row in _ledger_rows(sheet):
        table.writerow(map(safe_cell, row))
    return out.getvalue()


def _ledger_head(sheet: Sheet) -> list[str]:
    return [
        *"session_on target_weight actual_weight price_usd equity return_pct".split(),
        *"holding_equity holding_return_pct cash_return_pct turnover score".split(),
        *(f"contribution_{name}" for name in sheet.contributions),
        "events",
    ]


def _ledger_rows(sheet: Sheet) -> Iterator[list[object]]:
    told: dict[date, list[str]] = {}
    for event in sheet.events:
        told.setdefault(event.session_on, []).append(event.text)
    run, held = sheet.run, sheet.holding
    for t, day in enumerate(sheet.days):
        yield [
            day.isoformat(),
            float(sheet.target_weight[t]),
            float(run.weights[t]),
            float(sheet.price_usd[t]),
            float(run.equity[t]),
            100.0 * float(run.returns[t]),
            float(held.equity[t]),
            100.0 * float(held.returns[t]),
            100.0 * float(run.cash_returns[t]),
            float(run.turnover[t]),
            math.nan if sheet.score is None else float(sheet.score[t]),
            *(float(part[t]) for part in sheet.contributions.values()),
            " | ".join(told.get(day, ())),
        ]


def safe_cell(value: object) -> str:
    """``value`` for a spreadsheet: a text that could be read as a formula gets an apostrophe.

    Numbers stay numbers, a negative one included; NaN is blank; control characters go.
    """
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    text = str(value)
    if text[:1] in ("\t", "\r") or (text[:1] in "=+-@" and text and not _is_number(text)):
        text = "'" + text
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", text)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
