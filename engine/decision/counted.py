"""How many past windows lie below a level, at every row and as known then, asked many times.

Plainly that is a comparison of all pairs of rows for each question, and the level that is undershot
with a chance takes forty questions. A table of counts at every ``_BLOCK``-th row leaves of each row
a few comparisons; ``tests/engine/decision/test_risk.py`` counts one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.values import FloatArray

_BLOCK = 32
"""Rows between two columns of the table of counts: what it leaves is compared one by one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counted:
    """Past shapes and Student paths made ready to be asked many times how many lie below a level.

    ordered: (N,), the shapes known at all, sorted. before: (B, N + 1), how many of the first n of
    them were known before each block of rows. since: (T, _BLOCK), the shapes that became known in
    the block of a row, up to that row; NaN elsewhere. windows: (T,), independent windows over by
    each row, ``seen`` of them counted with their overlaps.
    """

    ordered: FloatArray
    before: npt.NDArray[np.int64]
    since: FloatArray
    seen: FloatArray
    windows: FloatArray
    tail: FloatArray
    scale: FloatArray
    tail_windows: float

    @staticmethod
    def of(
        known: FloatArray, horizon: int, tail: FloatArray, scale: FloatArray, *, tail_windows: float
    ) -> Counted:
        """known: (T,), the shape of the window that is over at each row, NaN without one. tail:
        sorted shapes of the paths, stretched by ``scale`` (T,), ``tail_windows`` windows worth."""
        rows = np.flatnonzero(~np.isnan(known))
        order = np.argsort(known[rows], kind="stable")
        blocks = -(-known.size // _BLOCK)
        before = np.zeros((blocks + 1, rows.size + 1), dtype=np.int64)
        before[rows[order] // _BLOCK + 1, np.arange(rows.size) + 1] = 1
        padded = np.full(blocks * _BLOCK, np.nan)
        padded[: known.size] = known
        since = np.repeat(padded.reshape(blocks, _BLOCK), _BLOCK, axis=0)[: known.size]
        since[np.arange(_BLOCK) > (np.arange(known.size) % _BLOCK)[:, None]] = np.nan
        seen = np.cumsum(~np.isnan(known)).astype(np.float64)
        return Counted(
            ordered=known[rows][order],
            before=before.cumsum(axis=0).cumsum(axis=1),
            since=since,
            seen=seen,
            windows=seen / horizon,
            tail=tail,
            scale=scale,
            tail_windows=tail_windows,
        )

    @staticmethod
    def of_last(
        known: FloatArray, horizon: int, tail: FloatArray, scale: FloatArray, *, tail_windows: float
    ) -> Counted:
        """``of`` for the last row alone; scale: (1,)."""
        ordered = np.sort(known[~np.isnan(known)])
        seen = np.array([float(ordered.size)])
        return Counted(
            ordered=ordered,
            before=np.arange(ordered.size + 1)[None, :],
            since=np.full((1, _BLOCK), np.nan),
            seen=seen,
            windows=seen / horizon,
            tail=tail,
            scale=scale,
            tail_windows=tail_windows,
        )

    def share_below(self, asked: FloatArray) -> FloatArray:
        """(…, T): weighted share of shapes and paths at or below ``asked``; NaN where that is."""
        asked = np.broadcast_to(asked, np.broadcast_shapes(asked.shape, self.seen.shape))
        flat = asked.reshape(-1, asked.shape[-1])
        counted = np.stack([self._count(row) for row in flat])
        share = np.where(self.seen > 0, counted / np.maximum(self.seen, 1.0), 0.0)
        student = np.searchsorted(self.tail, flat / self.scale, side="right") / self.tail.size
        mixed = (self.windows * share + self.tail_windows * student) / (
            self.windows + self.tail_windows
        )
        return np.where(np.isnan(flat), np.nan, mixed).reshape(asked.shape)

    def _count(self, asked: FloatArray) -> npt.NDArray[np.int64]:
        """(T,): how many windows over by row t lie at or below ``asked[t]``."""
        place = np.searchsorted(self.ordered, asked, side="right")
        late = (self.since <= asked[:, None]).sum(axis=1)
        early = self.before[np.arange(asked.size) // _BLOCK, place]
        return np.asarray(early + late)
