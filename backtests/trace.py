"""Everything one run computed, and where two runs part: bit for bit, nothing left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.decision.decide import Evaluation
from engine.decision.grid import Grid
from engine.record.history import History
from engine.values import Event, Features, ThreatRating

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
