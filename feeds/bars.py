"""The one door for prices: Yahoo's bars, a file of the user, a test, all come in through here.

A bar must lie on a session of the exchange that is over, once, and agree with what is known: an
answer of which most sessions differ from the record is in another currency or otherwise adjusted,
and is refused whole. One that is merely too far from its neighbours goes on record and counts for
nothing until somebody repeats it (``engine.record.quarantine``). A curated bar is never overruled
by a live one, and a correction is known when it came.

Pure: facts and the record in, facts and sentences out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from statistics import median

from engine.clock import at_new_york
from engine.errors import DataError
from engine.phrases import phrase, plural
from engine.record.asof import IMPORTED, POLLED, bars_at, rank, unconfirmed_at
from engine.record.history import History
from engine.record.quarantine import SECOND_LOOK, bound_of, same_close
from engine.record.readings import ACTIONS, BAR_SIGHTINGS, BARS, Bar, BarSighting
from engine.values import Fact

KINDS = (BARS.name, ACTIONS.name, BAR_SIGHTINGS.name)
"""What of the record the door looks at."""

OTHER_PRICE = 5e-3
"""Relative difference from which a session's close is another price: vendors round to the cent."""

_SAME_ACTION = 5e-4
"""Difference, in dollars or in shares for one, below which two sources tell one action."""

LEAST_OVERLAP = 3
"""Sessions in common from which the majority can say that an answer is not in the record's terms;
of fewer, one wrong price could keep true ones out."""

Calendar = Callable[[date, date], Collection[date]]
"""(first, last) -> the sessions of the exchange from one to the other, both inclusive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What may enter the record, and one line for each thing worth a word.

    refused: symbol -> why nothing of it may. left_out: single bars that may not. holes: sessions
    without a bar. waiting: closes that count for nothing until they are repeated.
    """

    facts: tuple[Fact, ...]
    refused: Mapping[str, str]
    left_out: tuple[str, ...] = ()
    holes: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """Every line, the gravest first."""
        return (*self.refused.values(), *self.left_out, *self.waiting, *self.holes)


def exchange_sessions(first: date, last: date) -> Collection[date]:
    """The NYSE sessions from ``first`` to ``last``."""
    from engine.macro.sessions import load_sessions

    return set(load_sessions(first, last, time(8, 30)).on)


def sound_bars(
    facts: Iterable[Fact],
    record: History,
    *,
    now: datetime,
    sessions: Calendar = exchange_sessions,
    vouched: bool = False,
) -> Sound:
    """What of ``facts`` holds against ``record``; facts that are no bars pass.

    record: must hold every fact of ``KINDS`` known by ``now``. vouched: the user says that closes
    beyond the bound are real. Nothing here raises for what a source says.
    """
    told = list(facts)
    by_symbol: dict[str, list[tuple[Fact, Bar]]] = {}
    problems: list[str] = []
    passed = _actions_that_add(told, record, now, problems)
    for fact in told:
        if fact.kind == BARS.name:
            try:
                bar = BARS.read(fact)
            except DataError as error:
                problems.append(error.message)
                continue
            by_symbol.setdefault(bar.symbol, []).append((fact, bar))
    refused: dict[str, str] = {}
    holes: list[str] = []
    waiting: list[str] = []
    for symbol, bars in by_symbol.items():
        door = _Door(symbol, record, passed, now)
        kept = door.on_sessions(sorted(bars, key=lambda b: b[1].session_on), sessions, problems)
        why = door.in_other_terms(kept)
        if why:
            refused[symbol] = why
            continue
        admitted = door.admitted(kept, problems)
        sightings, unsure = door.sightings(kept, admitted, vouched=vouched)
        holes += door.holes(kept, sessions)
        passed += [*admitted, *sightings]
        waiting += unsure
    return Sound(
        facts=tuple(f for f in passed if f.payload.get("symbol") not in refused),
        refused=refused,
        left_out=tuple(problems),
        holes=tuple(holes),
        waiting=tuple(waiting),
    )


def _actions_that_add(
    told: Sequence[Fact], record: History, now: datetime, problems: list[str]
) -> list[Fact]:
    """Of the facts that are no bars all but actions that a source of higher rank has told already.

    A dividend that every poll tells again is no news of the record; one that differs from the
    curated one is said and left out, as a close is.
    """
    standing = {f.key: f for f in record.known(ACTIONS.name, now)}
    found: list[Fact] = []
    for fact in told:
        held = standing.get(fact.key) if fact.kind == ACTIONS.name else None
        if held is None or rank(held) <= rank(fact):
            found += [fact] if fact.kind != BARS.name else []
        elif abs(ACTIONS.read(fact).value - ACTIONS.read(held).value) > _SAME_ACTION:
            problems.append(
                phrase(
                    "{key}: {source} says {value:sig6}, the record's {value2:sig6} from "
                    "'{source2}' stands",
                    key=fact.key,
                    source=fact.source,
                    value=ACTIONS.read(fact).value,
                    value2=ACTIONS.read(held).value,
                    source2=held.source[:60],
                )
            )
    return found


class _Door:
    """What the record knows of one symbol, with the corporate actions that come along."""

    def __init__(self, symbol: str, record: History, coming: Sequence[Fact], now: datetime) -> None:
        self.symbol, self.now = symbol, now
        self.coming = [f for f in coming if f.payload.get("symbol") == symbol]
        self.record = [f for kind in KINDS for f in record.known(kind, now) if self._ours(f)]
        known = History([*self.record, *self.coming])
        self.held = bars_at(known, symbol, now)
        self.versions: dict[date, Fact] = {}
        for fact in self.record:
            if fact.kind == BARS.name:
                day = BARS.read(fact).session_on
                standing = self.versions.get(day)
                if standing is None or rank(fact) >= rank(standing):
                    self.versions[day] = fact

    def _ours(self, fact: Fact) -> bool:
        return fact.payload.get("symbol") == self.symbol

    def on_sessions(
        self, bars: Sequence[tuple[Fact, Bar]], sessions: Calendar, problems: list[str]
    ) -> list[tuple[Fact, Bar]]:
        """The bars of sessions that took place and are over, one each."""
        calendar = sessions(bars[0][1].session_on, bars[-1][1].session_on)
        kept: list[tuple[Fact, Bar]] = []
        for fact, bar in bars:
            if bar.session_on not in calendar:
                problems.append(
                    phrase(
                        "{symbol} {session_on}: no session of the exchange",
                        symbol=self.symbol,
                        session_on=str(bar.session_on),
                    )
                )
            elif fact.occurred_at > self.now:
                problems.append(
                    phrase(
                        "{symbol} {session_on}: the session is not over",
                        symbol=self.symbol,
                        session_on=str(bar.session_on),
                    )
                )
            elif kept and kept[-1][1].session_on == bar.session_on:
                problems.append(
                    phrase(
                        "{symbol} {session_on}: comes twice",
                        symbol=self.symbol,
                        session_on=str(bar.session_on),
                    )
                )
            else:
                kept.append((fact, bar))
        return kept

    def in_other_terms(self, bars: Sequence[tuple[Fact, Bar]]) -> str:
        """Why nothing of the answer can be taken; empty when the majority agrees."""
        ratios = {
            bar.session_on: bar.close / self.held[bar.session_on].close
            for _, bar in bars
            if bar.session_on in self.held
        }
        other = {day: ratio for day, ratio in ratios.items() if abs(ratio - 1) > OTHER_PRICE}
        if len(ratios) < LEAST_OVERLAP or 2 * len(other) <= len(ratios):
            return ""
        return phrase(
            "{symbol}: {other} of {all} sessions differ from the record, by a factor of "
            "{factor:sig3}: another currency, or adjusted otherwise",
            symbol=self.symbol,
            other=len(other),
            all=len(ratios),
            factor=median(other.values()),
        )

    def admitted(self, bars: Sequence[tuple[Fact, Bar]], problems: list[str]) -> list[Fact]:
        """What adds something: new sessions, corrections, and a word on what is not believed."""
        found = []
        for fact, bar in bars:
            standing = self.versions.get(bar.session_on)
            believed = self.held.get(bar.session_on)
            if standing is None:
                found.append(fact)
            elif believed is None or believed.close != BARS.read(standing).close:
                found.append(self._after(fact, standing))
            elif same_close(bar.close, believed.close):
                continue
            elif rank(standing) <= rank(fact):
                found.append(self._after(fact, standing))
            else:
                problems.append(
                    phrase(
                        "{symbol} {session_on}: {source} says {close:sig6}, the record's "
                        "{close2:sig6} from '{source2}' stands",
                        symbol=self.symbol,
                        session_on=str(bar.session_on),
                        source=fact.source,
                        close=bar.close,
                        close2=believed.close,
                        source2=standing.source[:60],
                    )
                )
        return found

    def _after(self, fact: Fact, standing: Fact) -> Fact:
        """A correction is known when it came; of what was back-filled, right after that."""
        if fact.source == standing.source and fact.payload == standing.payload:
            return standing
        if fact.source.endswith(POLLED):
            return replace(fact, known_at=self.now, backfilled=False)
        if not standing.backfilled:
            return replace(fact, known_at=self.now)
        next_us = standing.known_at + timedelta(microseconds=1)
        return replace(fact, known_at=max(fact.known_at, next_us))

    def sightings(
        self,
        bars: Sequence[tuple[Fact, Bar]],
        admitted: Sequence[Fact],
        *,
        vouched: bool,
    ) -> tuple[list[Fact], list[str]]:
        """Of the closes beyond belief that came: what is noted of them, and a line if one waits."""
        after = History([*self.record, *self.coming, *admitted])
        unsure = set(unconfirmed_at(after, self.symbol, self.now))
        noted: list[Fact] = []
        waiting: list[str] = []
        for fact, bar in bars:
            if bar.session_on not in unsure:
                continue
            nth = 2 if vouched else self._look(bar, fact)
            if nth:
                noted.append(self._sighting(bar, fact, nth))
            if nth != 2:
                waiting.append(self._wait_line(bar))
        return noted, waiting

    def _look(self, bar: Bar, fact: Fact) -> int:
        """Which look this is, 1 or 2; 0: nothing to note. A file brought again is no second one."""
        if fact.source.startswith(IMPORTED):
            return 0
        key = BAR_SIGHTINGS.key(self._seen(bar, 1))
        first = next(
            (f for f in self.record if f.kind == BAR_SIGHTINGS.name and f.key == key), None
        )
        if first is None:
            return 1
        return 2 if self.now - first.known_at >= SECOND_LOOK else 0

    def _seen(self, bar: Bar, nth: int) -> BarSighting:
        return BarSighting(symbol=bar.symbol, session_on=bar.session_on, close=bar.close, nth=nth)

    def _sighting(self, bar: Bar, fact: Fact, nth: int) -> Fact:
        return BAR_SIGHTINGS.fact(
            self._seen(bar, nth),
            occurred_at=fact.occurred_at,
            known_at=self.now,
            source=fact.source,
        )

    def _wait_line(self, bar: Bar) -> str:
        days = [day for day in self.held if day < bar.session_on]
        before = phrase(" after {close:sig6}", close=self.held[days[-1]].close) if days else ""
        return phrase(
            "{symbol} {day}: close {close:sig6}{before} is beyond a factor of {bound:sig6} and "
            "waits until another source, or a poll twelve hours from now, repeats it",
            symbol=self.symbol,
            day=str(bar.session_on),
            close=bar.close,
            before=before,
            bound=bound_of(self.symbol),
        )

    def holes(self, bars: Sequence[tuple[Fact, Bar]], sessions: Calendar) -> list[str]:
        """Sessions without a bar between what is known and the last that came."""
        if not bars:
            return []
        days = {bar.session_on for _, bar in bars} | set(self.versions)
        first, last = bars[0][1].session_on, bars[-1][1].session_on
        start = max((day for day in self.versions if day < first), default=first)
        missing = sorted(set(sessions(start, last)) - days)
        if not missing:
            return []
        return [hole_line(self.symbol, missing)]


def hole_line(symbol: str, missing: Sequence[date]) -> str:
    """That sessions have no bar; changes across them are not observed."""
    return plural(
        "{symbol}: {n} session has no bar, the first {first}",
        "{symbol}: {n} sessions have no bar, the first {first}",
        n=len(missing),
        symbol=symbol,
        first=str(missing[0]),
    )


def last_session(record: History, symbol: str, now: datetime) -> date | None:
    """The newest session of ``symbol`` with a bar on record, believed or not."""
    days = [bar.session_on for _, bar in record.told(BARS, now) if bar.symbol == symbol]
    return max(days, default=None)


def bar_fact(bar: Bar, *, known_at: datetime, source: str, backfilled: bool) -> Fact:
    """``bar`` as a fact about the close of its session."""
    return BARS.fact(
        bar,
        occurred_at=at_new_york(bar.session_on, time(16)),
        known_at=known_at,
        source=source,
        backfilled=backfilled,
    )
