"""Scores to positions for many parameter sets, a few sessions at a time.

``Blender`` is ``decide.mix`` and the thresholds, ``Latches`` is ``decide.latch``; both give the
decisions of their slow originals, which tests hold set by set.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.decision.decide import mix
from engine.values import BoolArray, FloatArray

IntArray = npt.NDArray[np.int64]

ROWS = 16
"""Sessions blended at a time: 16 x 5,000 scores are 0.6 megabytes."""
_NEAR = 1e-9
"""Scores closer than this to a threshold are decided by the exact sums of ``decide.mix``."""


Votes = tuple[int, BoolArray, BoolArray, BoolArray | None]
"""First row, then (rows, p): who would sell, who would buy, whose score is weak or None."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rules:
    """The latch of each set: (p,) arrays; levels (3, p): sell, hold, reduced weight."""

    exit_below: FloatArray
    enter_above: FloatArray
    reduce_below: FloatArray | None
    wait: FloatArray
    levels: FloatArray


class Latches:
    """``decide.latch`` for a chunk, one session at a time, on booleans.

    A change blocks the next ``wait`` sessions. Instead of counting down per set, a change sets a
    flag that is cleared when ``wait`` sessions have passed: at most one change can lie in between.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        n = rules.exit_below.size
        self.holding = np.ones(n, dtype=np.bool_)
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
            state = self.holding.view(np.uint8) << (self.holding & weak).view(np.uint8)
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Shares:
    """Weights (S, p) over what was heard; missing (p,): weight of the rest, counted at +1.

    whole: the weights heard add up to one without rounding in every set.
    """

    effective: FloatArray
    missing: FloatArray
    whole: bool


class Blender:
    """``decide.mix`` and the thresholds for a chunk, on a few rows at a time."""

    def __init__(
        self,
        columns: Sequence[tuple[FloatArray, IntArray | None]],
        weights: FloatArray,
        rules: Rules,
    ) -> None:
        self.columns, self.weights, self.rules = columns, weights, rules
        # One unvaried voice: its score is the blend of every set, so one column will do.
        alone = len(columns) == 1 and columns[0][1] is None
        size = 1 if alone else weights.shape[1]
        self.blend_weights = weights[:, :1] if alone else weights
        self.total, self.part, self.doubted = (np.empty((ROWS, size)) for _ in range(3))
        self.shares: dict[Heard, _Shares] = {}

    def votes(
        self, first: int, last: int, heard: Heard | None
    ) -> tuple[BoolArray, BoolArray, BoolArray | None]:
        """Sells, buys and weak of rows ``first`` to ``last``; heard None: it differs by set."""
        rules = self.rules
        weak: BoolArray | None = None
        if heard is None:
            score, doubted = self._exactly(first, last)
            sells = (score < rules.exit_below) & (doubted < rules.exit_below)
            if rules.reduce_below is not None:
                weak = (score < rules.reduce_below) & (doubted < rules.reduce_below)
        elif not any(heard):
            nobody = np.zeros((last - first, self.weights.shape[1]), dtype=np.bool_)
            return nobody, nobody, nobody if rules.reduce_below is not None else None
        else:
            shares = self._shares_of(heard)
            score = self._sum(first, last, heard, shares.effective, self.total)
            sells = self._below(rules.exit_below, score, first, last, heard)
            if rules.reduce_below is not None:
                weak = self._below(rules.reduce_below, score, first, last, heard)
        return sells, score > rules.enter_above, weak

    def _shares_of(self, heard: Heard) -> _Shares:
        """Weights for a pattern of voices heard, with the bits of ``mix``."""
        if heard not in self.shares:
            silence = np.where(np.array(heard)[:, None, None], 0.0, np.nan)
            silence = np.broadcast_to(silence, (len(heard), 1, self.blend_weights.shape[1]))
            mixed = mix(silence, self.blend_weights[:, None, :])
            self.shares[heard] = _Shares(
                effective=np.ascontiguousarray(mixed.effective_weights[:, 0, :]),
                missing=mixed.doubted_score[0],
                whole=bool((mixed.coverage == 1.0).all()),
            )
        return self.shares[heard]

    def _below(
        self, limit: FloatArray, score: FloatArray, first: int, last: int, heard: Heard
    ) -> BoolArray:
        """Where the score and the benefit-of-the-doubt score are both below ``limit``.

        With every voice heard the two are the same up to rounding, and exactly when the weights add
        up to one; otherwise the second is needed only where someone may sell, or is near it.
        """
        shares = self.shares[heard]
        below = score < limit
        if shares.whole or not below.any():
            return below
        if all(heard) and np.array_equal(score < limit - _NEAR, score < limit + _NEAR):
            return below
        doubted = self._sum(first, last, heard, self.blend_weights, self.doubted)
        np.add(doubted, shares.missing, out=doubted)
        return below & (doubted < limit)

    def _sum(
        self, first: int, last: int, heard: Heard, weights: FloatArray, into: FloatArray
    ) -> FloatArray:
        """Weighted sum over the voices heard, one after the other."""
        total, part, begun = into[: last - first], self.part[: last - first], False
        for voice, weight in enumerate(weights):
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
        table, place = self.columns[voice]
        if place is None:
            return table[first:last]
        return np.take(table[first:last], place, axis=1, out=out, mode="clip")

    def _exactly(self, first: int, last: int) -> tuple[FloatArray, FloatArray]:
        """Score and benefit-of-the-doubt score by ``decide.mix`` itself."""
        shape = (last - first, self.weights.shape[1])
        known = [
            np.broadcast_to(self._known(v, first, last, np.empty(shape)), shape)
            for v in range(len(self.columns))
        ]
        mixed = mix(np.stack(known), self.weights[:, None, :])
        return mixed.score, mixed.doubted_score
