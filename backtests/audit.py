"""Does anything know the future? The record is cut, poisoned, shuffled and thinned to find out.

The audit knows nothing of strategies: it is handed ``run``, the very function that decides live,
and compares everything that function computes, cell by cell and bit by bit, sessions without a
signal included. Every run is decided in a process that has seen nothing else (``fresh``), where
files, network and programs are refused and clock, environment and random state are others each
time (``surroundings``). At each audited decision date t

* **truncation and order**: the record is physically cut at t, its facts handed over in random
  order, the clock set to t; every row up to t must be the same;
* **poison**: everything known after t is replaced by lies (prices times a thousand, a bankruptcy, a
  split), told about the days before t as well; every row up to t must be the same;
* **parity**: the decision made that morning must equal row t of the one run over everything.

Besides, the whole run is made once more by a new interpreter in other surroundings
(**determinism**), and in one process after the whole record has been seen the cuts must give what
they gave in processes of their own (**memory**). What was asked for beside the record is named
(**access**).

The canaries are runs that leak, sent down the same road through the same comparison: one scores
with tomorrow's score, one keeps what it saw, one reads a file. An audit that does not catch all
three is broken and says so.

Then come experiments without right or wrong: what is lost when all news arrives d sessions late,
when one kind of source is missing, and when back-filled facts are left out.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np

from backtests.experiments import Effect, Laboratory, backfilled_share, droppable
from backtests.fresh import Answer, Fresh, Place, Question
from backtests.poison import poison
from backtests.replay import Costs
from backtests.surroundings import Surroundings, bare_environment
from backtests.trace import Run, Trace, differences
from engine.clock import from_micros
from engine.errors import InputError, NvsignalError, OutOfRangeError
from engine.phrases import Phrase, paragraph, phrase, plural
from engine.record.history import History

DEFAULT_DATES = 50
SEED = 20250822
DELAYS = (1, 2, 3, 5, 10)
"""Sessions by which all news is delayed."""
HORIZON = 30
"""Sessions behind the audited one that the poisoned run may see."""
MOST_LEAKS = 50
"""Leaks listed; all are counted."""
REMEMBERED = 4
"""Cuts that are decided once more in a process that has seen the whole record."""
ELSEWHEN = timedelta(days=11 * 365)
"""How far the clock of the second whole run is off."""
PLAUSIBLE_SHARPE = 3.0
"""A year, above cash. A judgement: half as much again as the 2.0 of the Medallion fund before fees
from 1988 to 2018 (66.1 % at 31.7 %; Cornell 2020, J. Portfolio Management 46(4), 156-159)."""

Check = Literal["access", "determinism", "memory", "truncation", "order", "poison", "parity"]
Progress = Callable[[int, int, str], None]


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
class AuditResult:
    """The verdict with everything behind it.

    checked: comparisons made by check. leaks: at most ``MOST_LEAKS``; leak_count: all. canaries:
    which of the runs that leak were caught. doubt: a line about a Sharpe ratio that is not to be
    believed, or None. base: the run as it is; delays, dropped, observed_only: the
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
    canaries: Mapping[str, bool]
    doubt: Phrase | None
    base: Effect
    delays: tuple[Effect, ...]
    dropped: tuple[Effect, ...]
    observed_only: Effect
    backfilled_share: float
    verdict: str

    @property
    def canary(self) -> bool:
        """Every run that leaks was caught."""
        return all(self.canaries.values())

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
    without: Sequence[str] | None = None,
    costs: Costs | None = None,
    place: Place | None = None,
    progress: Progress | None = None,
) -> AuditResult:
    """Audit ``run`` over ``history`` as known at ``as_of``.

    dates: how many decision dates, drawn with ``seed``, or every one. place: where runs are
    decided, processes of their own unless said; ``run`` must be picklable then. without: kinds of
    facts that are left out one by one, None for all. Raises
    ``InputError`` when the record is too short to cut.
    """
    history = history.cut(as_of)
    kinds = droppable(history) if without is None else tuple(without)
    choice = _Choice(dates, seed)
    bench = _Bench(place or Fresh(), run, as_of, choice)
    full = bench.whole(history)
    rows = choice(history, full)
    work = _Steps(2 * len(rows) + 4 + len(delays) + len(kinds), progress)
    inquiry = _Inquiry(history, full, bench, seed)
    _inquire(inquiry, rows, work)
    work.step(phrase("sending runs that leak down the same road"))
    canaries = _canaries(inquiry, rows)
    lab = Laboratory(history, full, bench.at, as_of, costs or Costs())
    late = tuple(lab.delayed(d) for d in work.each(delays, phrase("delaying the news")))
    thin = tuple(lab.without(k) for k in work.each(kinds, phrase("leaving out")))
    work.step(phrase("leaving out what was back-filled"))
    possible = len(full) - _first_row(history, full)
    return AuditResult(
        strategy=strategy,
        first_on=full.sessions_on[rows[0]],
        last_on=full.sessions_on[rows[-1]],
        n_dates=len(rows),
        n_all_dates=possible,
        seed=seed,
        checked=inquiry.checked,
        leaks=tuple(inquiry.leaks[:MOST_LEAKS]),
        leak_count=len(inquiry.leaks),
        canaries=canaries,
        doubt=_doubt(lab.base.sharpe),
        base=lab.base,
        delays=late,
        dropped=thin,
        observed_only=lab.observed_only(),
        backfilled_share=backfilled_share(history),
        verdict=_verdict(inquiry, canaries, len(rows), possible),
    )


def _inquire(inquiry: _Inquiry, rows: Sequence[int], work: _Steps) -> None:
    """Every comparison at every row."""
    work.step(phrase("running once more, elsewhere"))
    inquiry.twice()

    def examine(row: int) -> None:
        work.step(phrase("cutting at {day:date}", day=inquiry.full.sessions_on[row]))
        inquiry.cut_at(row)
        work.step(phrase("poisoning behind {day:date}", day=inquiry.full.sessions_on[row]))
        inquiry.poison_behind(row)

    with ThreadPoolExecutor(inquiry.bench.place.at_once) as pool:
        list(pool.map(examine, rows))
    work.step(phrase("cutting after the whole record was seen"))
    inquiry.remember(_spread(rows, REMEMBERED))
    inquiry.accuse_of_access()
    inquiry.leaks.sort(key=lambda leak: (leak.decided_on, _WEIGHT[leak.check], leak.where))


def _spread(rows: Sequence[int], most: int) -> tuple[int, ...]:
    """At most ``most`` of ``rows``, evenly spaced, the last one among them."""
    places = np.linspace(0, len(rows) - 1, min(most, len(rows)))
    return tuple(rows[round(place)] for place in places.tolist())


def _doubt(sharpe: float | None) -> Phrase | None:
    if sharpe is None or sharpe <= PLAUSIBLE_SHARPE:
        return None
    return phrase(
        "A Sharpe ratio of {sharpe:.1f} a year is not to be believed: the best record known over "
        "decades stands at 2. Look for what the audit cannot see, such as numbers chosen with "
        "these months in view.",
        sharpe=sharpe,
    )


# --- where runs are decided --------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class _Bench:
    """Sends questions to where they are decided and gathers what was refused there.

    as_of: the end of the whole record. choice: rows whose decision is told by whole runs. refuse:
    False after a run broke off, so that the other checks can still be made.
    """

    place: Place
    run: Run
    as_of: datetime
    choice: _Choice
    refuse: bool = True
    refused: list[str] = field(default_factory=list)

    def whole(self, history: History) -> Trace:
        """The run over everything, all decisions told, in the caller's own environment."""
        question = Question(history=history, as_of=self.as_of, told=self.choice)
        [answer] = self._ask([question], self.as_of, environ=dict(os.environ))
        return _traced(answer)

    def at(self, history: History, at: datetime, *told: int) -> Trace:
        """One run at ``at``, by a clock that says so, with nothing around it."""
        [answer] = self._ask([Question(history=history, as_of=at, told=told)], at)
        return _traced(answer)

    def elsewhere(self, history: History) -> Trace:
        """The whole run by a new interpreter, years later."""
        question = Question(history=history, as_of=self.as_of, told=self.choice)
        [answer] = self._ask([question], self.as_of + ELSEWHEN, seed=2, anew=True)
        return _traced(answer)

    def in_a_row(self, questions: Sequence[Question]) -> list[Trace]:
        """All of them in one process."""
        return [_traced(answer) for answer in self._ask(questions, self.as_of)]

    def _ask(
        self,
        questions: Sequence[Question],
        clock_at: datetime,
        *,
        environ: Mapping[str, str] | None = None,
        seed: int = 1,
        anew: bool = False,
    ) -> list[Answer]:
        around = Surroundings(
            clock_at=clock_at,
            environ=bare_environment() if environ is None else environ,
            seed=seed,
            refuse=self.refuse,
        )
        found = self.place(self.run, questions, around, anew=anew)
        self.refused += [what for answer in found for what in answer.refused]
        if self.refuse and any(answer.trace is None for answer in found):
            self.refuse = False
            return self._ask(questions, clock_at, environ=environ, seed=seed, anew=anew)
        return found


def _traced(answer: Answer) -> Trace:
    if answer.trace is None:
        raise NvsignalError(phrase("a run broke off: {why}", why="; ".join(answer.refused)[:200]))
    return answer.trace


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
            self.step(phrase("{what}: {thing}", what=what, thing=thing))
            yield thing


def _first_row(history: History, full: Trace) -> int:
    """The first session that was decided with a price known."""
    bars = history.known("bar", from_micros(int(full.decide_at_us[-1])))
    if not bars:
        raise InputError(phrase("the record holds no prices"), remedy=phrase("import bars first"))
    first = bars[0].known_at
    return next(
        (t for t in range(len(full)) if from_micros(int(full.decide_at_us[t])) >= first), len(full)
    )


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which rows are audited; the same wherever it is asked."""

    dates: int | Literal["all"]
    seed: int

    def __post_init__(self) -> None:
        if self.dates != "all" and self.dates < 1:
            raise OutOfRangeError("--dates", self.dates, phrase("1 or more, or all"))

    def __call__(self, history: History, full: Trace) -> tuple[int, ...]:
        possible = range(_first_row(history, full), len(full))
        if len(possible) < 2:
            raise InputError(
                phrase(
                    "{n_possible} decision dates are too few to cut the record",
                    n_possible=len(possible),
                )
            )
        if self.dates == "all" or self.dates >= len(possible):
            return tuple(possible)
        rng = random.Random(self.seed)  # noqa: S311 - a sample, not a secret
        return tuple(sorted(rng.sample(possible, self.dates)))


# --- comparing ---------------------------------------------------------------------------------


class _Inquiry:
    """The comparisons of one audit, and what they found."""

    def __init__(self, history: History, full: Trace, bench: _Bench, seed: int) -> None:
        self.history, self.full, self.bench, self.seed = history, full, bench, seed
        self.leaks: list[Leak] = []
        self.checked: dict[str, int] = {}

    def twice(self) -> None:
        """The same record and code elsewhere: the same everything, every word included."""
        again = self.bench.elsewhere(self.history)
        self._count("determinism")
        if not self._compare("determinism", again, len(self.full) - 1):
            for row in self.bench.choice(self.history, self.full):
                self._parity("determinism", again, row)

    def cut_at(self, row: int) -> None:
        """Cut, shuffle, run, compare; a difference is then traced to the cut or to the order."""
        at = self.decided_at(row)
        known = list(self.history.cut(at))
        random.Random(self.seed + row).shuffle(known)  # noqa: S311 - an order, not a secret
        cut = self.bench.at(History(known), at, row)
        if self._different(cut, row):
            cut = self.bench.at(self.history.cut(at), at, row)
            if not self._compare("truncation", cut, row):
                self._compare("order", self.bench.at(History(known), at, row), row)
        self._count("truncation", "order", "parity")
        self._parity("parity", cut, row)

    def poison_behind(self, row: int) -> None:
        """Nothing but lies known after the decision, in front of a run that may see them."""
        at = self.decided_at(row)
        last = self.decided_at(min(row + HORIZON, len(self.full) - 1))
        end = max(last, at + timedelta(seconds=1))
        past, future = self.history.cut(at), self.history.cut(end)
        lies = poison(tuple(past), tuple(future)[len(past) :], at, self.seed + row)
        self._compare("poison", self.bench.at(History([*past, *lies]), end), row)
        self._count("poison")

    def remember(self, rows: Sequence[int]) -> None:
        """Whoever has seen the whole record must decide each morning as one who has not."""
        accused = {leak.decided_on for leak in self.leaks}  # once is enough
        rows = [row for row in rows if self.full.sessions_on[row] not in accused]
        questions = [Question(history=self.history, as_of=self.bench.as_of)]
        for row in rows:
            at = self.decided_at(row)
            questions.append(Question(history=self.history.cut(at), as_of=at, told=(row,)))
        for row, seen in zip(rows, self.bench.in_a_row(questions)[1:], strict=True):
            self._compare("memory", seen, row)
            self._parity("memory", seen, row)
            self._count("memory")

    def accuse_of_access(self) -> None:
        """Everything that was asked for beside the record, once."""
        day = self.full.sessions_on[-1]
        for what in sorted(set(self.bench.refused)):
            self.leaks.append(
                Leak(
                    check="access",
                    decided_on=day,
                    where=what,
                    session_on=day,
                    full="asked for",
                    cut="refused",
                    cells=1,
                )
            )
        self._count("access")

    def decided_at(self, row: int) -> datetime:
        return from_micros(int(self.full.decide_at_us[row]))

    def _count(self, *checks: str) -> None:
        for check in checks:
            self.checked[check] = self.checked.get(check, 0) + 1

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


# --- the canaries ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Peeking:
    """Scores every session but the last with the next one's score."""

    run: Run

    def __call__(self, history: History, as_of: datetime) -> Trace:
        trace = self.run(history, as_of)
        score = trace.arrays["score"]
        ahead = np.concatenate([score[..., 1:], score[..., -1:]], axis=-1)
        return replace(trace, arrays={**trace.arrays, "score": ahead})


_SEEN: list[float] = []
"""What the remembering canary keeps: state of a module, as a careless cache would be."""


@dataclass(frozen=True, slots=True)
class _Remembering:
    """Knows in each run how much it saw in those before."""

    run: Run

    def __call__(self, history: History, as_of: datetime) -> Trace:
        trace = self.run(history, as_of)
        seen = np.full(len(trace), sum(_SEEN))
        _SEEN.append(float(len(history)))
        return replace(trace, arrays={**trace.arrays, "seen before": seen})


_TOMORROW = "prices of tomorrow.csv"


@dataclass(frozen=True, slots=True)
class _Reading:
    """Looks for a file beside the record."""

    run: Run

    def __call__(self, history: History, as_of: datetime) -> Trace:
        with suppress(OSError):  # as somebody would who does not want it known
            Path(_TOMORROW).read_bytes()
        return self.run(history, as_of)


def _canaries(inquiry: _Inquiry, rows: Sequence[int]) -> dict[str, bool]:
    """Which leaks are caught when they are sent where the audited run was sent."""
    return {
        "peeking": _caught_peeking(inquiry, rows),
        "remembering": _caught_remembering(inquiry, rows[0]),
        "reading": _caught_reading(inquiry, rows[0]),
    }


def _bench_of(inquiry: _Inquiry, run: Run) -> _Bench:
    bench = inquiry.bench
    return _Bench(bench.place, run, bench.as_of, bench.choice, refuse=bench.refuse)


def _caught_peeking(inquiry: _Inquiry, rows: Sequence[int]) -> bool:
    """By the cut, at the first row after which the score changes."""
    bench = _bench_of(inquiry, _Peeking(inquiry.bench.run))
    canary = _Inquiry(inquiry.history, bench.whole(inquiry.history), bench, inquiry.seed)
    score = inquiry.full.arrays["score"]
    telling = [r for r in rows if r + 1 < len(inquiry.full) and _moves(score, r)]
    for row in telling[:1]:
        canary.cut_at(row)
    return any(leak.check == "truncation" for leak in canary.leaks)


def _moves(score: Any, row: int) -> bool:
    return bool(score[..., row].tobytes() != score[..., row + 1].tobytes())


def _caught_remembering(inquiry: _Inquiry, row: int) -> bool:
    """By the cut decided after the whole record was seen."""
    bench = _bench_of(inquiry, _Remembering(inquiry.bench.run))
    at = inquiry.decided_at(row)
    cut = inquiry.history.cut(at)
    canary = _Inquiry(cut, bench.at(cut, at, row), bench, inquiry.seed)
    bench.as_of = at
    canary.remember([row])
    return any(leak.check == "memory" for leak in canary.leaks)


def _caught_reading(inquiry: _Inquiry, row: int) -> bool:
    """By the guard, though the run goes on as if nothing had been asked for."""
    bench = _bench_of(inquiry, _Reading(inquiry.bench.run))
    at = inquiry.decided_at(row)
    cut = inquiry.history.cut(at)
    canary = _Inquiry(cut, bench.at(cut, at), bench, inquiry.seed)
    canary.accuse_of_access()
    return any(leak.check == "access" and _TOMORROW in leak.where for leak in canary.leaks)


# --- the verdict -------------------------------------------------------------------------------


def _verdict(found: _Inquiry, canaries: Mapping[str, bool], dates: int, possible: int) -> str:
    """One paragraph anyone can read."""
    if found.leaks:
        return _accusation(found)
    if not all(canaries.values()):
        return phrase(
            "Nothing was found, but of the runs that leak on purpose one was not caught either: "
            "this audit proves nothing. It is broken, or the scores are constant."
        )
    return paragraph(
        plural(
            "No look-ahead at the one decision date audited, of {possible}.",
            "No look-ahead at the {n} decision dates audited, of {possible}.",
            n=dates,
            possible=possible,
        ),
        phrase(
            "Cut there, in any order of arrival, the record decides the same to the last bit, in a "
            "process that has seen nothing else; lies known later change nothing; each morning's "
            "decision is the one of the backtest. Nothing beside the record was asked for."
        ),
    )


def _accusation(found: _Inquiry) -> str:
    access = [leak for leak in found.leaks if leak.check == "access"]
    first = min(access or found.leaks, key=lambda leak: (leak.decided_on, _WEIGHT[leak.check]))
    if first.check == "access":
        return phrase(
            "A strategy asked for something beside the record: {where}.", where=first.where
        )
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
    "access": 0,
    "truncation": 1,
    "poison": 2,
    "order": 3,
    "parity": 4,
    "memory": 5,
    "determinism": 6,
}
"""Which of several leaks is told first."""
