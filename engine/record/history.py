"""What was known when, in memory: loaded once per run, asked thousands of times.

Pure: no SQL, no clock. A ``History`` answers for an instant ``at`` only from facts with
``known_at <= at``, so whoever holds one cannot look ahead of the instant he asks for.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from hashlib import blake2b, sha256
from operator import itemgetter
from types import MappingProxyType
from typing import Any, TypeVar

from engine.clock import from_micros, to_micros
from engine.errors import StoreError
from engine.phrases import phrase
from engine.record.content import content_hash, unreadable
from engine.record.readings.base import Kind
from engine.values import Fact

R = TypeVar("R")

_Row = tuple[Any, ...]
"""known_at in microseconds, kind, key, content hash: sorts as facts are ordered. Then the fact, or
in its place what a database holds of it (``STORED``), read only when somebody asks for the fact."""

STORED = "known_at kind key content_hash occurred_at source confidence backfilled payload".split()
"""Columns of a stored row as ``History.of_stored`` takes them, instants in microseconds."""
_FACT, _BACKFILLED, _PAYLOAD = 4, 7, 8


class History:
    """Facts ordered by ``(known_at, kind, key, content hash)``, repeats without change left out.

    The order in which ``facts`` arrive makes no difference to any answer, equal instants included.
    """

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self._adopt(_changes(facts))

    @classmethod
    def of_stored(cls, rows: Iterable[_Row]) -> History:
        """From rows of the columns ``STORED``, in any order; equal to one made of their facts."""
        return cls._of(_without_repeats(sorted(rows)))

    def _adopt(self, rows: list[_Row]) -> None:
        self._rows = rows
        by_kind: dict[str, list[_Row]] = {}
        for row in rows:
            by_kind.setdefault(row[1], []).append(row)
        self._kinds = {kind: _Kind(found) for kind, found in by_kind.items()}

    def __reduce__(self) -> tuple[Any, ...]:
        """The rows alone travel to another process; what was read of them stays behind."""
        return History._of, (self._rows,)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Fact]:
        facts = {kind: iter(found.facts) for kind, found in self._kinds.items()}
        return (next(facts[row[1]]) for row in self._rows)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of facts present, sorted."""
        return tuple(sorted(self._kinds))

    @property
    def first_known_at(self) -> datetime | None:
        """When the first fact became known; None without facts."""
        return from_micros(self._rows[0][0]) if self._rows else None

    @property
    def last_known_at(self) -> datetime | None:
        """When the newest fact became known; None without facts."""
        return from_micros(self._rows[-1][0]) if self._rows else None

    def known(self, kind: str, at: datetime) -> Sequence[Fact]:
        """Every version of every fact of ``kind`` known by ``at``, oldest first."""
        found = self._kinds.get(kind)
        return () if found is None else found.facts[: found.count(at)]

    def told(self, kind: Kind[R], at: datetime) -> Sequence[tuple[Fact, R]]:
        """``known`` with the reading of each version; each is read once."""
        return self.told_by_us(kind, to_micros(at))

    def told_by_us(self, kind: Kind[R], at_us: int) -> Sequence[tuple[Fact, R]]:
        """``told`` by an instant in UTC microseconds."""
        found = self._kinds.get(kind.name)
        return () if found is None else found.told(kind, at_us)

    def first_versions(self, kind: str, at: datetime) -> list[Entry]:
        """Of each key the version that became known first, oldest first; nothing is read yet."""
        found = self._kinds.get(kind)
        if found is None:
            return []
        first: dict[str, _Row] = {}
        for row in found.rows[: found.count(at)]:
            first.setdefault(row[2], row)
        return [Entry(row) for row in first.values()]

    def all_versions(self, kind: str, at: datetime) -> list[Entry]:
        """Every version known by ``at``, oldest first; nothing is read yet."""
        found = self._kinds.get(kind)
        return [] if found is None else [Entry(row) for row in found.rows[: found.count(at)]]

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
        return self if end == len(self._rows) else History._of(self._rows[:end])

    def observed_only(self) -> History:
        """Without back-filled facts: shows what a result owes to assumed ``known_at``."""
        return History(fact for fact in self if not fact.backfilled)

    def data_hash(self, at: datetime) -> str:
        """Digest of everything known by ``at``; equals ``Store.data_hash`` over the same record."""
        end = bisect_right(self._rows, to_micros(at), key=_known_us)
        return digest_of(map(itemgetter(0, 3), self._rows[:end]))

    def read_hash(self) -> str:
        """Digest of all that was read; ``data_hash`` takes the stored content hashes at their word.

        What is kept goes by this one: a row changed by hand in the database keeps its old hash.
        """
        said = "".join([f"{row[0]}:{_said(row)}\n" for row in self._rows])
        return blake2b(said.encode(), digest_size=16).hexdigest()

    def running_digests(self, kinds: Collection[str], instants_us: Iterable[int]) -> list[str]:
        """For each of the rising instants, a digest of it and of what was known of ``kinds``."""
        rows = (row for row in self._rows if row[1] in kinds)
        digest, waiting = blake2b(digest_size=16), next(rows, None)
        found = []
        for instant_us in instants_us:
            while waiting is not None and waiting[0] <= instant_us:
                digest.update(f"{waiting[0]}:{_said(waiting)}\n".encode())
                waiting = next(rows, None)
            here = digest.copy()
            here.update(str(instant_us).encode())
            found.append(here.hexdigest())
        return found

    @classmethod
    def _of(cls, rows: list[_Row]) -> History:
        history = cls.__new__(cls)
        history._adopt(rows)
        return history


class HistoryOnDemand(History):
    """What was known by an instant, of which only the digest is known until somebody asks for more.

    read: every row known by then, as ``of_stored`` takes them. ``StoreError`` where they have
    another digest than ``data_hash``.
    """

    def __init__(self, read: Callable[[], list[_Row]], known_by: datetime, data_hash: str) -> None:
        self._read, self._known_by, self._hash = read, known_by, data_hash

    def __getattr__(self, name: str) -> Any:
        """The rows, read at the first question about them."""
        if name not in ("_rows", "_kinds"):
            raise AttributeError(name)
        self._adopt(_without_repeats(sorted(self._read())))
        if super().data_hash(self._known_by) != self._hash:
            raise StoreError(
                phrase("the record is not the one that was kept in mind"),
                remedy=phrase("run it again; if it comes back, 'nvsignal doctor'"),
            )
        return self.__dict__[name]

    def cut(self, at: datetime) -> History:
        """The history as it stood at ``at``."""
        return self if at >= self._known_by else super().cut(at)

    def data_hash(self, at: datetime) -> str:
        """Digest of everything known by ``at``."""
        return self._hash if at >= self._known_by else super().data_hash(at)


class Entry:
    """A version in a history, read on demand."""

    __slots__ = ("_row",)

    def __init__(self, row: _Row) -> None:
        self._row = row

    @property
    def known_at_us(self) -> int:
        """``known_at`` in microseconds."""
        known_us: int = self._row[0]
        return known_us

    @property
    def key(self) -> str:
        """The key of the fact."""
        key: str = self._row[2]
        return key

    @property
    def backfilled(self) -> bool:
        """Whether its ``known_at`` is assumed from the publication."""
        row = self._row
        return bool(row[_BACKFILLED]) if len(row) > _PAYLOAD else _fact_of(row).backfilled

    @property
    def payload_text(self) -> str | None:
        """The payload as canonical JSON; None when the history was made of facts."""
        text: str | None = self._row[_PAYLOAD] if len(self._row) > _PAYLOAD else None
        return text

    def fact(self) -> Fact:
        """The fact itself."""
        return _fact_of(self._row)


def _fact_of(row: _Row) -> Fact:
    if len(row) <= _PAYLOAD:
        ready: Fact = row[_FACT]
        return ready
    with unreadable("the record"):
        return _read(row, json.loads(row[_PAYLOAD]))


def _facts_of(rows: list[_Row]) -> list[Fact]:
    """The facts of ``rows``, in whose place all payloads are read as one text: half the time."""
    if any(len(row) <= _PAYLOAD for row in rows):
        return list(map(_fact_of, rows))
    with unreadable("the record"):
        payloads = json.loads(f"[{','.join(map(itemgetter(_PAYLOAD), rows))}]")
        if len(payloads) != len(rows):
            raise ValueError("a payload that is several")
        return list(map(_read, rows, payloads))


def _read(row: _Row, payload: object) -> Fact:
    known_us, kind, key, _, occurred_us, source, confidence, backfilled, _ = row
    if not isinstance(payload, dict):
        raise ValueError("a payload that is no object")
    known_at = from_micros(known_us)
    return Fact(
        kind=kind,
        key=key,
        occurred_at=known_at if occurred_us == known_us else from_micros(occurred_us),
        known_at=known_at,
        source=source,
        confidence=confidence,
        backfilled=bool(backfilled),
        payload=payload,
    )


class _Kind:
    """The rows of one kind in order, their instants for bisection, and an index by key."""

    def __init__(self, rows: list[_Row]) -> None:
        self.rows = rows
        self._known_us = list(map(itemgetter(0), rows))
        # The last answer of `current`: how many facts it covers, and the mapping. Replaced whole,
        # never changed, so that views handed out earlier keep their content.
        self._last: tuple[int, dict[str, Fact]] = (0, {})
        self._told: tuple[object, list[Any]] = (None, [])

    def told(self, kind: Kind[R], at_us: int) -> Sequence[tuple[Fact, R]]:
        if self._told[0] is not kind:
            self._told = (kind, [(fact, kind.read(fact)) for fact in self.facts])
        return self._told[1][: bisect_right(self._known_us, at_us)]

    @cached_property
    def facts(self) -> list[Fact]:
        """The facts of ``rows``."""
        return _facts_of(self.rows)

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        places: dict[str, list[int]] = {}
        for place, row in enumerate(self.rows):
            places.setdefault(row[2], []).append(place)
        return places

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
    return sha256("".join([f"{at}:{h}\n" for at, h in versions]).encode("ascii")).hexdigest()


def _said(row: _Row) -> str:
    """Everything in a row but its instant."""
    return str(row[3]) if len(row) <= _PAYLOAD else repr(row[1:])


def _known_us(row: _Row) -> int:
    known_us: int = row[0]
    return known_us


def _changes(facts: Iterable[Fact]) -> list[_Row]:
    """Rows in order; of each key only the versions that differ from the one before."""
    rows = sorted(
        (
            (to_micros(fact.known_at), fact.kind, fact.key, content_hash(fact), fact)
            for fact in facts
        ),
        key=lambda row: row[:4],
    )
    return _without_repeats(rows)


def _without_repeats(rows: list[_Row]) -> list[_Row]:
    """``rows``, sorted, without versions that say what the one before them said.

    The content hash covers kind and key, so that without equal hashes there is nothing to leave
    out, which is the rule: the store writes no version that changes nothing.
    """
    if len(set(map(itemgetter(3), rows))) == len(rows):
        return rows
    latest: dict[tuple[str, str], str] = {}
    kept: list[_Row] = []
    for row in rows:
        identity = (row[1], row[2])
        if latest.get(identity) != row[3]:
            latest[identity] = row[3]
            kept.append(row)
    return kept
