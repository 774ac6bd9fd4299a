"""Does anything know the future? The record is cut, poisoned, shuffled and thinned to find out.

The audit knows nothing of strategies: it is handed ``run``, the very function that decides live,
and compares everything that function computes, cell by cell and bit by bit, sessions without a
signal included. At each audited decision date t

* **truncation and order**: the record is physically cut at t, its facts handed over in random
  order; every row up to t must be the same;
* **poison**: everything known after t is replaced by lies (prices times a thousand, a bankruptcy, a
  split), told about the days before t as well; every row up to t must be the same;
* **parity**: the decision made that morning must equal row t of the one run over everything.

No result is reused between dates: each cut is a run of its own. A copy of the run that peeks one
session ahead is compared in the same way; an audit that does not catch it says nothing.

Then come experiments without right or wrong: what is lost when all news arrives d sessions late,
when one kind of source is missing, and when back-filled facts are left out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from backtests.metrics import summarise
from backtests.replay import Costs, Market, market, prices_over, replay
from engine.clock import from_micros
from engine.decision.decide import Evaluation
from engine.decision.grid import Grid
from engine.errors import DataError, InputError, NvsignalError, OutOfRangeError
from engine.phrases import paragraph, phrase, plural
from engine.record.asof import actions_at, bars_at
from engine.record.history import History
from engine.values import Event, Fact, Features, ThreatRating

DEFAULT_DATES = 50
SEED = 20250822
DELAYS = (1, 2, 3, 5, 10)
"""Sessions by which all news is delayed."""
HORIZON = 30
"""Sessions behind the audited one that the poisoned run may see."""
MOST_LEAKS = 50
"""Leaks listed; all are counted."""
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

Check = Literal["determinism", "truncation", "order", "poison", "parity"]
Progress = Callable[[int, int, str], None]
Content = tuple[int, str, str]

DECIDED: tuple[str, ...] = (
    "score", "spread", "coverage", "silent", "known", "holding", "reduced", "invested",
    "target_weight",
)  # fmt: skip
"""What an evaluation says of each session."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """Everything one run computed, one row a session.

    arrays: name -> (…, T). items: what is no array (events, ratings) as (first row in which it
    counts, name, content). told: row -> everything said in that session's decision.
    """

    sessions_on: tuple[date, ...]
    decide_at_us: npt.NDArray[np.int64]
    arrays: Mapping[str, npt.NDArray[Any]]
    items: tuple[Content, ...]
    told: Callable[[int], str]

    def __len__(self) -> int:
        return len(self.sessions_on)


Run = Callable[[History, datetime], Trace]
"""The run under audit: the record and an instant to everything computed by then."""


def trace_of(
    features: Features,
    evaluation: Evaluation,
    names: Sequence[str],
    *,
    events: Iterable[Event] = (),
    ratings: Iterable[tuple[int, ThreatRating]] = (),
    told: Callable[[int], str] = lambda row: "",
) -> Trace:
    """A trace of features, levels, scores, doubts and positions; names: the strategies."""
    grid = Grid(sessions_on=features.sessions_on, decide_at_us=features.decide_at_us)
    arrays: dict[str, npt.NDArray[Any]] = {
        f"feature {name}": array for name, array in features.values.items()
    }
    for name, levels in zip(names, evaluation.levels, strict=True):
        arrays |= {f"level {name}.{level}": array for level, array in levels.items()}
    for number, name in enumerate(names):
        arrays[f"score of {name}"] = evaluation.scores[number]
        arrays[f"doubt of {name}"] = evaluation.doubts[number]
    for name in DECIDED:
        arrays[name] = getattr(evaluation, name)
    for name in ("share", "held", "sells", "floor_scale"):
        arrays[f"risk {name}"] = getattr(evaluation.bearing, name)
    items = [(grid.row_at(e.known_at), f"event {e.event_id}", repr(e)) for e in events]
    items += [(row, f"rating of {r.model}", repr(r)) for row, r in ratings]
    return Trace(
        sessions_on=features.sessions_on,
        decide_at_us=features.decide_at_us,
        arrays=arrays,
        items=tuple(sorted(items)),
        told=told,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One thing that is not what it was. ``decided_on``: the audited session.

    where: array or item. session_on: first session that differs. full, cut: its two values as
    text. cells: how many cells differ.
    """

    check: Check
    decided_on: date
    where: str
    session_on: date
    full: str
    cut: str
    cells: int


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """The verdict with everything behind it.

    checked: comparisons made by check. leaks: at most ``MOST_LEAKS``; leak_count: all. canary:
    whether the peeking copy was caught. base: the run as it is; delays, dropped, observed_only: the
    experiments. backfilled_share: share of the facts whose ``known_at`` was assumed.
    """

    strategy: str
    first_on: date
    last_on: date
    n_dates: int
    n_all_dates: int
    seed: int
    checked: Mapping[str, int]
    leaks: tuple[Leak, ...]
    leak_count: int
    canary: bool
    base: Effect
    delays: tuple[Effect, ...]
    dropped: tuple[Effect, ...]
    observed_only: Effect
    backfilled_share: float
    verdict: str

    @property
    def clean(self) -> bool:
        """No leak found, by an audit that proved able to find one."""
        return self.leak_count == 0 and self.canary


def audit(
    history: History,
    as_of: datetime,
    run: Run,
    *,
    strategy: str,
    dates: int | Literal["all"] = DEFAULT_DATES,
    seed: int = SEED,
    delays: Sequence[int] = DELAYS,
    costs: Costs | None = None,
    progress: Progress | None = None,
) -> AuditResult:
    """Audit ``run`` over ``history`` as known at ``as_of``.

    dates: how many decision dates, drawn with ``seed``, or every one. Raises ``InputError`` when
    the record is too short to cut.
    """
    history = history.cut(as_of)
    full = run(history, as_of)
    rows = _chosen_rows(history, full, dates, seed)
    work = _Steps(2 * len(rows) + 2 + len(delays) + len(_droppable(history)), progress)
    inquiry = _Inquiry(history, full, run, seed)
    work.step("running twice")
    inquiry.twice(as_of)
    for row in rows:
        work.step(f"cutting at {full.sessions_on[row]}")
        inquiry.cut_at(row)
        work.step(f"poisoning behind {full.sessions_on[row]}")
        inquiry.poison_behind(row)
    lab = _Laboratory(history, full, run, as_of, costs or Costs())
    late = tuple(lab.delayed(d) for d in work.each(delays, "delaying the news"))
    thin = tuple(lab.without(k) for k in work.each(_droppable(history), "leaving out"))
    work.step("leaving out what was back-filled")
    return AuditResult(
        strategy=strategy,
        first_on=full.sessions_on[rows[0]],
        last_on=full.sessions_on[rows[-1]],
        n_dates=len(rows),
        n_all_dates=len(full) - _first_row(history, full),
        seed=seed,
        checked=inquiry.checked,
        leaks=tuple(inquiry.leaks[:MOST_LEAKS]),
        leak_count=len(inquiry.leaks),
        canary=inquiry.canary,
        base=lab.base,
        delays=late,
        dropped=thin,
        observed_only=lab.observed_only(),
        backfilled_share=_backfilled_share(history),
        verdict=_verdict(inquiry, len(rows), len(full) - _first_row(history, full)),
    )


class _Steps:
    """Counts steps for a progress bar; silent without one."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total, self.progress, self.done = total, progress, 0

    def step(self, what: str) -> None:
        if self.progress is not None:
            self.progress(self.done, self.total, what)
        self.done += 1

    def each(self, things: Iterable[Any], what: str) -> Iterable[Any]:
        for thing in things:
            self.step(f"{what}: {thing}")
            yield thing


def _first_row(history: History, full: Trace) -> int:
    """The first session that was decided with a price known."""
    bars = history.known("bar", from_micros(int(full.decide_at_us[-1])))
    if not bars:
        raise InputError("the record holds no prices", remedy="import bars first")
    first = bars[0].known_at
    return next(
        (t for t in range(len(full)) if from_micros(int(full.decide_at_us[t])) >= first), len(full)
    )


def _chosen_rows(
    history: History, full: Trace, dates: int | Literal["all"], seed: int
) -> tuple[int, ...]:
    possible = range(_first_row(history, full), len(full))
    if len(possible) < 2:
        raise InputError(f"{len(possible)} decision dates are too few to cut the record")
    if dates == "all":
        return tuple(possible)
    if dates < 1:
        raise OutOfRangeError("--dates", dates, f"1 to {len(possible)}, or all")
    if dates >= len(possible):
        return tuple(possible)
    return tuple(sorted(random.Random(seed).sample(possible, dates)))  # noqa: S311 - a sample


# --- comparing ---------------------------------------------------------------------------------


class _Inquiry:
    """The comparisons of one audit, and what they found."""

    def __init__(self, history: History, full: Trace, run: Run, seed: int) -> None:
        self.history, self.full, self.run, self.seed = history, full, run, seed
        self.leaks: list[Leak] = []
        self.checked: dict[str, int] = {}
        self.canary = False

    def twice(self, as_of: datetime) -> None:
        """The same record and code twice: the same everything, the decision's words included."""
        again = self.run(self.history, as_of)
        self._compare("determinism", again, len(self.full) - 1)
        self._parity("determinism", again, len(self.full) - 1)

    def cut_at(self, row: int) -> None:
        """Cut, shuffle, run, compare; a difference is then traced to the cut or to the order."""
        at = from_micros(int(self.full.decide_at_us[row]))
        known = list(self.history.cut(at))
        random.Random(self.seed + row).shuffle(known)  # noqa: S311 - an order, not a secret
        cut = self.run(History(known), at)
        self._peek(cut, row)
        if self._different(cut, row):
            cut = self.run(self.history.cut(at), at)
            if not self._compare("truncation", cut, row):
                self._compare("order", self.run(History(known), at), row)
        for check in ("truncation", "order", "parity"):
            self.checked[check] = self.checked.get(check, 0) + 1
        self._parity("parity", cut, row)

    def poison_behind(self, row: int) -> None:
        """Nothing but lies known after the decision, in front of a run that may see them."""
        at = from_micros(int(self.full.decide_at_us[row]))
        last = from_micros(int(self.full.decide_at_us[min(row + HORIZON, len(self.full) - 1)]))
        end = max(last, at + timedelta(seconds=1))
        past, future = self.history.cut(at), self.history.cut(end)
        lies = poison(tuple(past), tuple(future)[len(past) :], at, self.seed + row)
        self._compare("poison", self.run(History([*past, *lies]), end), row)
        self.checked["poison"] = self.checked.get("poison", 0) + 1

    def _different(self, other: Trace, row: int) -> bool:
        return bool(differences(self.full, other, row + 1))

    def _compare(self, check: Check, other: Trace, row: int) -> bool:
        """Note every difference up to ``row``; True if there were any."""
        found = differences(self.full, other, row + 1)
        day = self.full.sessions_on[row]
        self.leaks += [
            Leak(
                check=check,
                decided_on=day,
                where=d.where,
                session_on=self.full.sessions_on[d.row],
                full=d.full,
                cut=d.other,
                cells=d.cells,
            )
            for d in found
        ]
        if check == "determinism":
            self.checked[check] = 1
        return bool(found)

    def _parity(self, check: Check, morning: Trace, row: int) -> None:
        """The decision as told that morning against the same row of the one run."""
        live, replayed = morning.told(row), self.full.told(row)
        if live != replayed:
            day = self.full.sessions_on[row]
            self.leaks.append(
                Leak(
                    check=check,
                    decided_on=day,
                    where="decision",
                    session_on=day,
                    full=replayed[:200],
                    cut=live[:200],
                    cells=1,
                )
            )

    def _peek(self, cut: Trace, row: int) -> None:
        """The canary: a copy that scores with tomorrow's score must not look the same."""
        if not self.canary:
            honest = self.full.arrays["score"]
            ahead, seen = np.roll(honest, -1)[: row + 1], np.roll(cut.arrays["score"], -1)
            self.canary = ahead.tobytes() != seen[: row + 1].tobytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where two traces part: the first row, its values as text, the number of cells."""

    where: str
    row: int
    full: str
    other: str
    cells: int


def differences(full: Trace, other: Trace, rows: int) -> list[Difference]:
    """Everything that differs in the first ``rows`` rows, bit for bit, NaN and sign included."""
    if full.sessions_on[:rows] != other.sessions_on[:rows]:
        return [Difference(where="sessions", row=0, full="", other="", cells=rows)]
    found = []
    for name in sorted(full.arrays.keys() | other.arrays.keys()):
        a, b = full.arrays.get(name), other.arrays.get(name)
        if a is None or b is None:
            found.append(Difference(where=name, row=0, full="", other="missing", cells=rows))
        elif a[..., :rows].tobytes() != b[..., :rows].tobytes():
            found.append(_first_difference(name, a[..., :rows], b[..., :rows]))
    return found + _item_differences(full, other, rows)


def _first_difference(name: str, a: npt.NDArray[Any], b: npt.NDArray[Any]) -> Difference:
    a, b = np.broadcast_arrays(a, b)
    bits = [np.ascontiguousarray(x).view(np.uint8).reshape(*x.shape, -1) for x in (a, b)]
    cells = (bits[0] != bits[1]).any(axis=-1)
    rows = np.flatnonzero(cells.reshape(-1, cells.shape[-1]).any(axis=0))
    row = int(rows[0])
    at = tuple(int(i) for i in np.argwhere(cells[..., row])[0])
    return Difference(
        where=name,
        row=row,
        full=repr(a[(*at, row)].item()),
        other=repr(b[(*at, row)].item()),
        cells=int(cells.sum()),
    )


def _item_differences(full: Trace, other: Trace, rows: int) -> list[Difference]:
    """Events and ratings that count by then and are not the same in both."""
    a = {(n, row): text for row, n, text in full.items if row < rows}
    b = {(n, row): text for row, n, text in other.items if row < rows}
    if a == b:
        return []
    keys = [k for k in sorted(a.keys() | b.keys()) if a.get(k) != b.get(k)]
    return [
        Difference(
            where=name,
            row=row,
            full=a.get((name, row), "absent")[:200],
            other=b.get((name, row), "absent")[:200],
            cells=1,
        )
        for name, row in keys
    ]


# --- poison ------------------------------------------------------------------------------------

NEWEST_POISONED, SAMPLE_POISONED = 10, 30
"""Facts of each kind that are corrected after the fact."""
_LIES: Mapping[str, Mapping[str, Any]] = {
    "bar": {},  # prices times a thousand
    "observation": {"value": 99.0},
    "headline": {
        "headline": "US bans all Nvidia sales and Nvidia goes bankrupt",
        "event_type": "export_restriction",
    },
    "event": {"headline": "Nvidia goes bankrupt", "direction": -1, "confidence": 1.0},
    "model_release": {"price_input_usd_per_mtok": 0.0001, "hardware_named": "Huawei Ascend"},
    "policy_event": {"event": "Nvidia's guide assumes no China revenue"},
    "availability": {"us_permission": "barred", "china_acceptance": "blocked"},
    "earnings": {"guide_vs_consensus_pct": "-90", "revenue_usd_bn": "0.1"},
    "supply_estimate": {"units_low": "9e9", "units_mid": "9e9", "units_high": "9e9"},
    "shares": {"shares_bn": 2400.0},
    "fomc_decision": {"target_lower_after": "9.00", "target_upper_after": "9.25"},
}


def poison(
    past: Sequence[Fact], future: Sequence[Fact], at: datetime, seed: int
) -> tuple[Fact, ...]:
    """Lies known after ``at``: every fact of the ``future``, and corrections of the ``past``.

    Corrected are the newest of each kind and a random sample; told late, they are also items that
    were published before ``at`` and first seen after it. Payloads stay well-formed: what is tested
    is time, not parsing.
    """
    rng = random.Random(seed)  # noqa: S311 - a sample, not a secret
    told = at + timedelta(microseconds=1)
    by_kind: dict[str, list[Fact]] = {}
    for fact in past:
        by_kind.setdefault(fact.kind, []).append(fact)
    chosen = [f for f in future if f.kind in _LIES]
    for kind in sorted(by_kind.keys() & _LIES.keys()):
        own = by_kind[kind]
        chosen += own[-NEWEST_POISONED:]
        chosen += rng.sample(own, min(len(own), SAMPLE_POISONED))
    true = [f for f in future if f.kind not in _LIES]
    lies = [
        replace(
            fact,
            known_at=max(fact.known_at, told),
            payload=_lie(fact),
            source="poison",
            confidence=1.0,
        )
        for fact in chosen
    ]
    return (*true, *lies, *_late_split(at, told))


def _lie(fact: Fact) -> dict[str, Any]:
    payload = dict(fact.payload)
    if fact.kind == "bar":
        for name in ("open", "close"):
            if payload.get(name) is not None:
                payload[name] = 1000.0 * float(payload[name])
        return payload
    return payload | dict(_LIES[fact.kind])


def _late_split(at: datetime, told: datetime) -> tuple[Fact, ...]:
    """Two splits told after ``at``: one that binds tomorrow, one that bound 40 days ago."""
    splits = []
    for days in (1, -40):
        ex_on = (at + timedelta(days=days)).date().isoformat()
        splits.append(
            Fact(
                kind="corporate_action",
                key=f"NVDA:{ex_on}:poisoned split",
                occurred_at=told,
                known_at=told,
                source="poison",
                payload={"symbol": "NVDA", "ex_on": ex_on, "action": "split", "value": 7.0},
            )
        )
    return tuple(splits)


# --- experiments -------------------------------------------------------------------------------


class _Laboratory:
    """Runs over changed records, measured against the run as it is."""

    def __init__(
        self, history: History, full: Trace, run: Run, as_of: datetime, costs: Costs
    ) -> None:
        self.history, self.full, self.run, self.as_of = history, full, run, as_of
        self.rows, self.world = _market(history, full, as_of, costs)
        self.base = self._effect("as it is", full)

    def delayed(self, sessions: int) -> Effect:
        """All news known ``sessions`` later."""
        late = History(delay(self.history, self.full.decide_at_us, sessions, NEWS_KINDS))
        return self._try(f"{sessions} sessions late" if sessions > 1 else "1 session late", late)

    def without(self, kind: str) -> Effect:
        """Without one kind of fact."""
        return self._try(kind, History(f for f in self.history if f.kind != kind))

    def observed_only(self) -> Effect:
        """Without back-filled facts; back-filled prices stay where there are no others."""
        observed = self.history.observed_only()
        note = ""
        if not observed.known("bar", self.as_of):
            kept = (f for f in self.history if f.kind in _PRICES or not f.backfilled)
            observed, note = History(kept), "back-filled prices kept: there are no others"
        return self._try("back-filled facts", observed, note)

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
) -> tuple[tuple[date, ...], Market | None]:
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
        raise OutOfRangeError("delay", sessions, "1 session or more")
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


def _droppable(history: History) -> tuple[str, ...]:
    return tuple(k for k in history.kinds if k not in _PRICES)


def _backfilled_share(history: History) -> float:
    if not len(history):
        raise DataError("the record is empty")
    return sum(f.backfilled for f in history) / len(history)


# --- the verdict -------------------------------------------------------------------------------


def _verdict(found: _Inquiry, dates: int, possible: int) -> str:
    """One paragraph anyone can read."""
    if found.leaks:
        return _accusation(found)
    if not found.canary:
        return phrase(
            "Nothing was found, but a copy that peeks one session ahead was not caught either: "
            "this audit proves nothing. The scores may be constant."
        )
    return paragraph(
        plural(
            "No look-ahead at the one decision date audited, of {possible}.",
            "No look-ahead at the {n} decision dates audited, of {possible}.",
            n=dates,
            possible=possible,
        ),
        phrase(
            "Cut there, in any order of arrival, the record decides the same to the last bit; lies "
            "known later change nothing; each morning's decision is the one of the backtest."
        ),
    )


def _accusation(found: _Inquiry) -> str:
    first = min(found.leaks, key=lambda leak: (leak.decided_on, _WEIGHT[leak.check]))
    dates = len({leak.decided_on for leak in found.leaks})
    return paragraph(
        plural(
            "Look-ahead or disorder at {n} decision date.",
            "Look-ahead or disorder at {n} decision dates.",
            n=dates,
        ),
        phrase(
            "First seen on {day:date} by {check}: {where} of {session:date} is {full} with the "
            "whole record and {cut} without its future.",
            day=first.decided_on,
            check=first.check,
            where=first.where,
            session=first.session_on,
            full=first.full,
            cut=first.cut,
        ),
    )


_WEIGHT: Mapping[str, int] = {
    "truncation": 0,
    "poison": 1,
    "order": 2,
    "parity": 3,
    "determinism": 4,
}
