"""What was known when, in memory: loaded once per run, asked thousands of times.

Pure: no SQL, no clock. A ``History`` answers for an instant ``at`` only from facts with
``known_at <= at``, so whoever holds one cannot look ahead of the instant he asks for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType

from engine.clock import to_micros
from engine.record.content import content_hash
from engine.values import Fact

_Row = tuple[int, str, str, str, Fact]
"""known_at in microseconds, kind, key, content hash, the fact: sorts as facts are ordered."""


class History:
    """Facts ordered by ``(known_at, kind, key, content hash)``, repeats without change left out.

    The order in which ``facts`` arrive makes no difference to any answer, equal instants included.
    """

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self._adopt(_changes(facts))

    def _adopt(self, rows: list[_Row]) -> None:
        self._rows = rows
        self._kinds: dict[str, _Kind] = {}
        for row in rows:
            self._kinds.setdefault(row[1], _Kind()).append(row)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Fact]:
        return (row[4] for row in self._rows)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of facts present, sorted."""
        return tuple(sorted(self._kinds))

    @property
    def first_known_at(self) -> datetime | None:
        """When the first fact became known; None without facts."""
        return self._rows[0][4].known_at if self._rows else None

    @property
    def last_known_at(self) -> datetime | None:
        """When the newest fact became known; None without facts."""
        return self._rows[-1][4].known_at if self._rows else None

    def known(self, kind: str, at: datetime) -> Sequence[Fact]:
        """Every version of every fact of ``kind`` known by ``at``, oldest first."""
        found = self._kinds.get(kind)
        return () if found is None else found.facts[: found.count(at)]

    def newly_known(self, kind: str, after: datetime, at: datetime) -> Sequence[Fact]:
        """The versions that became known after ``after`` and by ``at``, oldest first."""
        found = self._kinds.get(kind)
        return () if found is None else found.facts[found.count(after) : found.count(at)]

    def current(self, kind: str, at: datetime) -> Mapping[str, Fact]:
        """key -> the latest version known by ``at``; keys in the order they first became known.

        A read-only view that later questions do not change. Cheap when asked for rising instants.
        """
        found = self._kinds.get(kind)
        return _NOTHING if found is None else found.current(at)

    def versions(self, kind: str, key: str, at: datetime) -> Sequence[Fact]:
        """Every version of one fact known by ``at``, oldest first; empty when unknown."""
        found = self._kinds.get(kind)
        return () if found is None else found.versions(key, at)

    def latest(self, kind: str, key: str, at: datetime) -> Fact | None:
        """The latest version of one fact known by ``at``; None when it was not known then."""
        found = self.versions(kind, key, at)
        return found[-1] if found else None

    def cut(self, at: datetime) -> History:
        """The history as it stood at ``at``: nothing known later is in it."""
        end = bisect_right(self._rows, to_micros(at), key=_known_us)
        return self._of(self._rows[:end])

    def observed_only(self) -> History:
        """Without back-filled facts: shows what a result owes to assumed ``known_at``."""
        return History(fact for fact in self if not fact.backfilled)

    def data_hash(self, at: datetime) -> str:
        """Digest of everything known by ``at``; equals ``Store.data_hash`` over the same record."""
        end = bisect_right(self._rows, to_micros(at), key=_known_us)
        return digest_of((row[0], row[3]) for row in self._rows[:end])

    @classmethod
    def _of(cls, rows: list[_Row]) -> History:
        history = cls.__new__(cls)
        history._adopt(rows)
        return history


class _Kind:
    """The facts of one kind in order, their instants for bisection, and an index by key."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self._known_us: list[int] = []
        self._places: dict[str, list[int]] = {}
        # The last answer of `current`: how many facts it covers, and the mapping. Replaced whole,
        # never changed, so that views handed out earlier keep their content.
        self._last: tuple[int, dict[str, Fact]] = (0, {})

    def append(self, row: _Row) -> None:
        self._places.setdefault(row[2], []).append(len(self.facts))
        self.facts.append(row[4])
        self._known_us.append(row[0])

    def count(self, at: datetime) -> int:
        return bisect_right(self._known_us, to_micros(at))

    def current(self, at: datetime) -> Mapping[str, Fact]:
        end = self.count(at)
        covered, latest = self._last
        if covered != end:
            start, base = (covered, latest) if covered < end else (0, {})
            latest = {**base, **{fact.key: fact for fact in self.facts[start:end]}}
            self._last = (end, latest)
        return MappingProxyType(latest)

    def versions(self, key: str, at: datetime) -> Sequence[Fact]:
        places = self._places.get(key, [])
        return [self.facts[i] for i in places[: bisect_right(places, self.count(at) - 1)]]


_NOTHING: Mapping[str, Fact] = MappingProxyType({})


def digest_of(versions: Iterable[tuple[int, str]]) -> str:
    """SHA-256 over ``known_at`` microseconds and content hashes, in the order of a ``History``."""
    return sha256("".join(f"{at}:{h}\n" for at, h in versions).encode("ascii")).hexdigest()


def _known_us(row: _Row) -> int:
    return row[0]


def _changes(facts: Iterable[Fact]) -> list[_Row]:
    """Rows in order; of each key only the versions that differ from the one before."""
    rows = sorted(
        (
            (to_micros(fact.known_at), fact.kind, fact.key, content_hash(fact), fact)
            for fact in facts
        ),
        key=lambda row: row[:4],
    )
    latest: dict[tuple[str, str], str] = {}
    kept: list[_Row] = []
    for row in rows:
        identity = (row[1], row[2])
        if latest.get(identity) != row[3]:
            latest[identity] = row[3]
            kept.append(row)
    return kept
