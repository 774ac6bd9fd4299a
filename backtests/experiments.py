"""Changed records without right or wrong: news late, a kind missing, assumed times left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from backtests.metrics import summarise
from backtests.replay import Costs, UnitValues, market, prices_over, replay
from backtests.trace import Trace
from engine.clock import from_micros
from engine.errors import DataError, NvsignalError, OutOfRangeError
from engine.phrases import phrase, plural
from engine.record.asof import actions_at, bars_at
from engine.record.history import History
from engine.values import Fact

NEWS_KINDS = (
    "headline",
    "event",
    "model_release",
    "policy_event",
    "availability",
    "supply_estimate",
    "press_claim",
    "earnings",
)
"""Kinds of facts that news brings; prices, rates and calendars are not delayed."""
_PRICES = ("bar", "corporate_action")
Decide = Callable[[History, datetime], Trace]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one experiment does to the outcome, against the run as it is.

    score_change: mean absolute change of the score over sessions scored in both; None where there
    are none. verdicts_changed, new_sells: sessions. coverage: mean share of the weight observed.
    final_equity: of one dollar, None without prices. sharpe: a year. note: why it could not be
    run, or "".
    """

    name: str
    score_change: float | None
    verdicts_changed: int
    new_sells: int
    sell_sessions: int
    coverage: float | None
    final_equity: float | None
    sharpe: float | None
    note: str = ""


class Laboratory:
    """Runs over changed records, measured against the run as it is."""

    def __init__(
        self, history: History, full: Trace, run: Decide, as_of: datetime, costs: Costs
    ) -> None:
        self.history, self.full, self.run, self.as_of = history, full, run, as_of
        self.rows, self.world = _market(history, full, as_of, costs)
        self.base = self._effect(phrase("as it is"), full)

    def delayed(self, sessions: int) -> Effect:
        """All news known ``sessions`` later."""
        late = History(delay(self.history, self.full.decide_at_us, sessions, NEWS_KINDS))
        return self._try(plural("{n} session late", "{n} sessions late", n=sessions), late)

    def without(self, kind: str) -> Effect:
        """Without one kind of fact."""
        return self._try(kind, History(f for f in self.history if f.kind != kind))

    def observed_only(self) -> Effect:
        """Without back-filled facts; back-filled prices stay where there are no others."""
        observed = self.history.observed_only()
        note = ""
        if not observed.known("bar", self.as_of):
            kept = (f for f in self.history if f.kind in _PRICES or not f.backfilled)
            observed = History(kept)
            note = phrase("back-filled prices kept: there are no others")
        return self._try(phrase("back-filled facts"), observed, note)

    def _try(self, name: str, history: History, note: str = "") -> Effect:
        try:
            return self._effect(name, self.run(history, self.as_of), note)
        except NvsignalError as error:
            return Effect(
                name=name,
                score_change=None,
                verdicts_changed=0,
                new_sells=0,
                sell_sessions=0,
                coverage=None,
                final_equity=None,
                sharpe=None,
                note=error.message,
            )

    def _effect(self, name: str, trace: Trace, note: str = "") -> Effect:
        before, after = self.full.arrays, trace.arrays
        rows = min(len(self.full), len(trace))
        change = np.abs(after["score"][:rows] - before["score"][:rows])
        held, holds = before["invested"][:rows], after["invested"][:rows]
        scored = change[np.isfinite(change)]
        equity, sharpe = self._account(trace)
        return Effect(
            name=name,
            score_change=float(scored.mean()) if scored.size else None,
            verdicts_changed=int((held != holds).sum()),
            new_sells=int((held & ~holds).sum()),
            sell_sessions=int((~holds).sum()),
            coverage=float(after["coverage"].mean()),
            final_equity=equity,
            sharpe=sharpe,
            note=note,
        )

    def _account(self, trace: Trace) -> tuple[float | None, float | None]:
        """Final value of one dollar, and the Sharpe ratio."""
        if self.world is None:
            return None, None
        place = {day: row for row, day in enumerate(trace.sessions_on)}
        weights = np.array([trace.arrays["target_weight"][place[d]] for d in self.rows])
        kept = replay(self.world, weights)
        return kept.final_equity, summarise(kept).sharpe


def _market(
    history: History, full: Trace, as_of: datetime, costs: Costs
) -> tuple[tuple[date, ...], UnitValues | None]:
    """The sessions with a price, and the market over them; None below two of them."""
    bars = bars_at(history, "NVDA", as_of)
    days = tuple(d for d in full.sessions_on if d in bars)
    if len(days) < 2:
        return days, None
    actions = actions_at(history, "NVDA", as_of)
    place = {day: row for row, day in enumerate(full.sessions_on)}
    rate = full.arrays.get("feature effr_pct", np.full(len(full), np.nan))
    cash = np.array([rate[place[d]] for d in days])
    return days, market(prices_over(bars, actions, days), cash, costs)


def delay(
    facts: Iterable[Fact],
    decide_at_us: npt.NDArray[np.int64],
    sessions: int,
    kinds: Sequence[str],
) -> list[Fact]:
    """``facts``, those of ``kinds`` usable ``sessions`` rows later than they were.

    What would become usable behind the last row stays unknown.
    """
    if sessions < 1:
        raise OutOfRangeError("delay", sessions, phrase("1 session or more"))
    kept = []
    for fact in facts:
        if fact.kind in kinds:
            known_us = round(fact.known_at.timestamp() * 1e6)
            row = int(np.searchsorted(decide_at_us, known_us, side="left")) + sessions
            if row >= decide_at_us.size:
                continue
            fact = replace(fact, known_at=from_micros(int(decide_at_us[row])))
        kept.append(fact)
    return kept


def droppable(history: History) -> tuple[str, ...]:
    """Kinds of facts without which a run can still be priced."""
    return tuple(k for k in history.kinds if k not in _PRICES)


def backfilled_share(history: History) -> float:
    """Share of the facts whose ``known_at`` was assumed, 0 to 1."""
    if not len(history):
        raise DataError(phrase("the record is empty"))
    return sum(f.backfilled for f in history) / len(history)
