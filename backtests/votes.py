"""Scores to positions for many parameter sets, a few sessions at a time.

``Blender`` is ``evidence.mix`` and ``decide.vote``, ``Latches`` is ``decide.latch``; both give the
decisions of their slow originals, which tests hold set by set.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from engine.decision.evidence import mix, spread
from engine.values import BoolArray, FloatArray

IntArray = npt.NDArray[np.int64]

ROWS = 16
"""Sessions blended at a time: 16 x 5,000 scores are 0.6 megabytes."""

Votes = tuple[int, BoolArray, BoolArray, BoolArray | None]
"""First row, then (rows, p): who would sell, who would buy, whose score is weak or None."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rules:
    """The lines of each set: (p,) arrays; extreme_below, sell_chance and observe_at_least are the
    same for all. levels (3, p): sell, hold, reduced weight.
    """

    exit_below: FloatArray
    enter_above: FloatArray
    reduce_below: FloatArray | None
    wait: FloatArray
    levels: FloatArray
    extreme_below: float | None = None
    sell_chance: float = 0.5
    observe_at_least: float = 0.0

    @property
    def graded(self) -> bool:
        """Whether anything reduces."""
        return self.reduce_below is not None or self.extreme_below is not None


class Latches:
    """``decide.latch`` for a chunk, one session at a time, on booleans.

    A change blocks the next ``wait`` sessions. Instead of counting down per set, a change sets a
    flag that is cleared when ``wait`` sessions have passed: at most one change can lie in between.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        n = rules.exit_below.size
        self.holding = np.ones(n, dtype=np.bool_)
        self.reduced = np.zeros(n, dtype=np.bool_)
        self.blocked = np.zeros(n, dtype=np.bool_)
        self.changed = np.zeros(n, dtype=np.bool_)
        self.state = np.ones(n, dtype=np.uint8)
        self._waits = [(int(w), rules.wait == w) for w in np.unique(rules.wait)]
        self._past: list[BoolArray] = []
        self._depth = max((w for w, _ in self._waits), default=0)

    def step(
        self, sells: BoolArray, buys: BoolArray, weak: BoolArray | None
    ) -> npt.NDArray[np.uint8]:
        """States after this session: 0 sold, 1 holding, 2 reduced; ``changed`` says where."""
        change = buys ^ (self.holding & (sells ^ buys))  # sells where holding, else buys
        if self._depth:
            change &= ~self.blocked
            self._remember(change)
        self.holding = self.holding ^ change
        if weak is None:
            self.changed = change
            self.state = self.holding.view(np.uint8)
        else:
            self.reduced = self.holding & (weak | (self.reduced & ~buys))
            state = self.holding.view(np.uint8) << self.reduced.view(np.uint8)
            self.changed = state != self.state
            self.state = state
        return self.state

    def _remember(self, change: BoolArray) -> None:
        self.blocked = self.blocked | change
        self._past.append(change)
        for wait, members in self._waits:
            if wait == 0:
                self.blocked &= ~members
            elif len(self._past) > wait:
                self.blocked ^= self._past[-1 - wait] & members
        if len(self._past) > self._depth:
            del self._past[0]


def heard_runs(pattern: BoolArray, stop: int) -> Iterator[tuple[int, int]]:
    """Row ranges of at most ``ROWS`` in which the same voices were observed."""
    breaks = np.flatnonzero((pattern[1:stop] != pattern[: stop - 1]).any(axis=1)) + 1
    for start, end in itertools.pairwise([0, *breaks.tolist(), stop]):
        for first in range(start, end, ROWS):
            yield first, min(first + ROWS, end)


Heard = tuple[bool, ...]
"""Which voices were observed, in their order."""
Column = tuple[FloatArray, FloatArray, FloatArray, IntArray | None]
"""A voice: scores, doubts and scores without what one source alone tells, (T, V) each, and the
column of each set, None for all the same. The third is the first where nothing rests on one."""


def _lone_rows(columns: Sequence[Column]) -> frozenset[int]:
    """Rows in which some score rests on one source."""
    lone = [
        ((table != apart) & ~np.isnan(table)).any(axis=1)
        for table, _, apart, _ in columns
        if apart is not table
    ]
    return frozenset(np.flatnonzero(np.any(lone, axis=0)).tolist() if lone else ())


class Blender:
    """``evidence.mix`` and ``decide.vote`` for a chunk, on a few rows at a time."""

    def __init__(self, columns: Sequence[Column], weights: FloatArray, rules: Rules) -> None:
        self.columns, self.weights, self.rules = columns, weights, rules
        # One unvaried voice: its score is the blend of every set, so one column will do.
        alone = len(columns) == 1 and columns[0][3] is None
        size = 1 if alone else weights.shape[1]
        self.blend_weights = weights[:, :1] if alone else weights
        self.total, self.part = (np.empty((ROWS, size)) for _ in range(2))
        chance = rules.sell_chance
        self.quantile = 0.0 if chance == 0.5 else NormalDist().inv_cdf(chance)
        self.known: dict[Heard, BoolArray] = {}
        self.varied = any(place is not None for *_, place in columns)
        self.lone_rows = _lone_rows(columns)
        self.last_error: tuple[tuple[Heard, bytes], FloatArray] | None = None
        line = rules.extreme_below
        self.extremes = [
            (v, line)
            for v, (table, _, _, _) in enumerate(columns)
            if line is not None and bool((table <= line).any())
        ]

    def votes(
        self, first: int, last: int, heard: Heard | None
    ) -> tuple[BoolArray, BoolArray, BoolArray | None]:
        """Sells, buys and weak of rows ``first`` to ``last``; heard None: it differs by set."""
        rules = self.rules
        if heard is None:
            return self._exactly(first, last)
        if not any(heard):
            nobody = np.zeros((last - first, self.weights.shape[1]), dtype=np.bool_)
            return nobody, nobody, nobody if rules.graded else None
        score = self._sum(first, last, heard)
        sells, buys = self._sells(score, first, last, heard), score > rules.enter_above
        weak = None
        if rules.graded:
            below = np.zeros_like(buys)
            if rules.reduce_below is not None:
                below = score < rules.reduce_below
            weak = self._with_extremes(below, first, last)
        known = self._known_sets(heard)
        if not known.all():
            sells, buys = sells & known, buys & known
            weak = None if weak is None else weak & known
        return sells, buys, weak

    def _known_sets(self, heard: Heard) -> BoolArray:
        """(p,): the sets of whose weight enough is observed."""
        if heard not in self.known:
            silence = np.where(np.array(heard)[:, None], 0.0, np.nan)
            mixed = mix(np.broadcast_to(silence, self.weights.shape), self.weights)
            self.known[heard] = mixed.coverage >= self.rules.observe_at_least
        return self.known[heard]

    def _sells(self, score: FloatArray, first: int, last: int, heard: Heard) -> BoolArray:
        """Where the score is below the line by what its error asks for.

        The error is computed only where the score itself is below: a quantile at or above zero
        never sells what is not.
        """
        line = self.rules.exit_below
        below = score < line
        for row in np.flatnonzero(below.any(axis=1)).tolist():
            alone = first + row in self.lone_rows
            if self.quantile == 0.0 and not alone:
                continue
            error = self._error(first + row, heard)
            below[row] &= score[row] + self.quantile * error < line
            if alone:
                below[row] &= self._confirmed(first + row) + self.quantile * error < line
        return below

    def _confirmed(self, row: int) -> FloatArray:
        """(p,): the score of one session without what one source alone tells."""
        everyone = np.arange(self.weights.shape[1])
        _, _, apart = self._cells(np.full(everyone.size, row), everyone)
        return mix(apart, self.weights).score

    def _error(self, row: int, heard: Heard) -> FloatArray:
        """(p,): ``evidence.spread`` of one session; the same as before while doubts are."""
        everyone = np.arange(self.weights.shape[1])
        sets = everyone if self.varied else everyone[:1]
        _, doubts, _ = self._cells(np.full(sets.size, row), sets)
        key = (heard, doubts.tobytes())
        if self.last_error is None or self.last_error[0] != key:
            told = np.where(np.array(heard)[:, None], 0.0, np.nan)
            told = np.broadcast_to(told, self.weights.shape)
            doubts = np.broadcast_to(doubts, self.weights.shape)
            self.last_error = key, spread(told, doubts, self.weights)
        return self.last_error[1]

    def _cells(self, rows: IntArray, sets: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(S, n): scores, doubts and confirmed scores of the cells named."""
        found = []
        for score, doubt, alone, place in self.columns:
            at = 0 if place is None else place[sets]
            found.append((score[rows, at], doubt[rows, at], alone[rows, at]))
        scores, doubts, apart = (np.stack(kind) for kind in zip(*found, strict=True))
        return scores, doubts, apart

    def _with_extremes(self, weak: BoolArray, first: int, last: int) -> BoolArray:
        for voice, line in self.extremes:
            table, _, _, place = self.columns[voice]
            far = table[first:last] <= line
            if far.any():
                far = far if place is None else far[:, place]
                weak = weak | (far & (self.weights[voice] > 0))
        return weak

    def _sum(self, first: int, last: int, heard: Heard) -> FloatArray:
        """Weighted sum over the voices heard, one after the other."""
        total, part, begun = self.total[: last - first], self.part[: last - first], False
        for voice, weight in enumerate(self.blend_weights):
            if not heard[voice]:
                continue
            target = part if begun else total
            np.multiply(self._known(voice, first, last, target), weight, out=target)
            if begun:
                np.add(total, part, out=total)
            begun = True
        return total

    def _known(self, voice: int, first: int, last: int, out: FloatArray) -> FloatArray:
        """(rows, p) or (rows, 1): one voice's scores for the chunk."""
        table, _, _, place = self.columns[voice]
        if place is None:
            return table[first:last]
        return np.take(table[first:last], place, axis=1, out=out, mode="clip")

    def _exactly(self, first: int, last: int) -> tuple[BoolArray, BoolArray, BoolArray | None]:
        """The same by ``evidence.mix`` and ``evidence.spread`` themselves."""
        rules, shape = self.rules, (last - first, self.weights.shape[1])
        rows, sets = (x.ravel() for x in np.indices(shape))
        scores, doubts, apart = self._cells(first + rows, sets)
        weights = self.weights[:, sets]
        mixed = mix(scores, weights)
        error = spread(scores, doubts, weights)
        known = (mixed.coverage >= rules.observe_at_least) & ~np.isnan(mixed.score)
        line = rules.exit_below[sets]
        sells = known & (mixed.score + self.quantile * error < line)
        if self.lone_rows:
            sells &= mix(apart, weights).score + self.quantile * error < line
        buys = known & (mixed.score > rules.enter_above[sets])
        weak = None
        if rules.graded:
            weak = np.zeros_like(known)
            if rules.reduce_below is not None:
                weak = known & (mixed.score < rules.reduce_below[sets])
            if rules.extreme_below is not None:
                far = ((weights > 0) & (scores <= rules.extreme_below)).any(axis=0)
                weak = weak | (known & far)
            weak = weak.reshape(shape)
        return sells.reshape(shape), buys.reshape(shape), weak
