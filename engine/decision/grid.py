"""From dated facts to arrays of one row per session, without ever looking ahead.

Row t is the state of knowledge at decision instant t. A fact lands in the first row whose decision
instant is at or after its ``known_at``; nothing here can move it earlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import numpy.typing as npt

from engine.clock import to_micros
from engine.values import Fact


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """Session dates (length T, ascending) and their decision instants in UTC microseconds."""

    sessions_on: tuple[date, ...]
    decide_at_us: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.sessions_on)

    def row(self, fact: Fact) -> int:
        """The first row that may use ``fact``; ``len(self)`` when no row may."""
        return self.row_at(fact.known_at)

    def row_at(self, known_at: datetime) -> int:
        """The first row that may use what became known at ``known_at``."""
        return int(np.searchsorted(self.decide_at_us, to_micros(known_at), side="left"))

    def rows(self, facts: Sequence[Fact]) -> npt.NDArray[np.int64]:
        """``row`` for many facts."""
        known = np.array([to_micros(f.known_at) for f in facts], dtype=np.int64)
        return np.searchsorted(self.decide_at_us, known, side="left").astype(np.int64)

    def recently(self, rows: npt.NDArray[np.int64], within: int) -> npt.NDArray[np.bool_]:
        """Whether anything of a stream arrived in the last ``within`` rows, row t included."""
        arrived = np.zeros(len(self))
        inside = rows[rows < len(self)]
        np.add.at(arrived, inside, 1.0)
        total = np.concatenate(([0.0], np.cumsum(arrived)))
        start = np.maximum(np.arange(len(self)) + 1 - within, 0)
        return np.asarray(total[1:] - total[start] > 0)
