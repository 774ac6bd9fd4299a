"""The record on disk: append-only facts and news items, and the bookkeeping around them.

The one place that speaks SQL. A write is one transaction, so a document is stored whole or not at
all, and repeating it stores nothing: after a crash the same call is simply made again. No clock is
read here; instants come in as arguments.
"""

from __future__ import annotations

import gc
import json
import re
import threading
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import itemgetter
from types import TracebackType
from typing import Any, Literal, Self

import sqlalchemy as sa
from sqlalchemy import BigInteger, Connection, Engine, Table, type_coerce
from sqlalchemy.dialects import postgresql, sqlite

from engine.clock import to_micros
from engine.errors import DataError, StoreError
from engine.news.clean import item_id
from engine.record import content, ledger, schema
from engine.record.connect import (
    BUSY_TIMEOUT_S,
    make_engine,
    parse_url,
    prepare_file,
    reading,
    shown,
    writing,
)
from engine.record.content import Version
from engine.record.history import STORED, History, digest_of
from engine.values import Fact, Item

_SURROGATE = re.compile("[\ud800-\udfff]")

_LOOKUP_KEYS = 500
"""Keys in one look-up. Measured on SQLite: no gain from more."""

_HASH = {"fact": "content_hash", "item": "version"}
"""The column that tells the versions of one identity apart."""

_CREATION_LOCK = 7_311_402
"""Any number that all our processes agree on: two of them must not create the tables at once."""

Row = dict[str, Any]
Identity = tuple[str, ...]
"""Of a fact within its kind: its key; of an item: its id and source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a write did. new: first versions; changed: corrections; unchanged: nothing written."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: Recorded) -> Recorded:
        return Recorded(
            new=self.new + other.new,
            changed=self.changed + other.changed,
            unchanged=self.unchanged + other.unchanged,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PollState:
    """What the next poll of a feed needs to know. None: the server never said, or never happened.

    next_due_at None: due now. failures: in a row. health: JSON-ready details for ``status``.
    """

    feed: str
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    last_ok_at: datetime | None = None
    next_due_at: datetime | None = None
    retry_after_until: datetime | None = None
    failures: int = 0
    health: Mapping[str, Any] = field(default_factory=dict)


RunStatus = Literal["running", "done", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """One due run of one job. finished_at None: still running, or its owner was killed."""

    job: str
    scheduled_for: datetime
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None
    owner: str
    attempts: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One backtest that was run, kept so that the best of many is not taken for the only one.

    sharpe: per observation, not annualised; None when undefined. kurtosis: normal is 3.
    """

    data_hash: str
    strategy: str
    params: Mapping[str, Any]
    n_obs: int
    sharpe: float | None
    skewness: float | None
    kurtosis: float | None
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItem:
    """An item with its identity across edits and the hash of this version."""

    item_id: str
    version: str
    item: Item


class Store:
    """An open database. Safe to share between threads; writers take turns.

    Every method raises ``StoreError`` when the database is locked for longer than the timeout,
    cannot be written, is full or damaged; nothing of the failed write is kept.
    """

    def __init__(self, engine: Engine) -> None:
        """Use ``Store.open``."""
        self._engine = engine
        self._insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
        # One write connection at a time in this process (SQLite before 3.51.3, WAL-reset).
        self._turn = threading.Lock()

    @classmethod
    def open(cls, url: str, *, create: bool = True, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Self:
        """Open the database at ``url``, making an empty one first if ``create`` allows it.

        url: ``sqlite:///path``, a bare file path, ``sqlite://`` (in memory), or
        ``postgresql+psycopg://…``. Raises ``StoreError`` for anything that is not a database of
        this program at this schema revision, ``InputError`` for an address it cannot use.
        """
        address = parse_url(url)
        prepare_file(address, create=create)
        store = cls(make_engine(address, busy_timeout_s=busy_timeout_s))
        try:
            store._check_schema(create=create)
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Give back every connection. The store cannot be used afterwards."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def address(self) -> str:
        """The database's file or address, without a password."""
        return shown(self._engine.url)

    def _reading(self) -> AbstractContextManager[Connection]:
        return reading(self._engine)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._turn, writing(self._engine) as connection:
            yield connection

    # Schema -----------------------------------------------------------------------------------

    def _check_schema(self, *, create: bool) -> None:
        with self._reading() as connection:
            found = schema_revision(connection)
        if found is None and create:
            with self._writing() as connection:
                found = create_schema(connection)
        if found == schema.REVISION:
            return
        if found is None:
            raise StoreError(f"{self.address} holds no nvsignal record")
        if found in schema.REVISIONS:
            raise StoreError(
                f"{self.address} has schema {found}, this version needs {schema.REVISION}",
                remedy="run 'nvsignal db upgrade'",
            )
        raise StoreError(
            f"{self.address} has schema {found[:40]}, newer than {schema.REVISION}",
            remedy="install a newer nvsignal",
        )

    # Facts ------------------------------------------------------------------------------------

    def record(self, facts: Iterable[Fact]) -> Recorded:
        """Write facts, all or none. Recording twice is recording once.

        A fact is *unchanged*, and nothing is written, when the version of its key before it (by
        ``known_at``, ties by content hash) has the same content; a later ``known_at`` alone is no
        change. Other content is a new row beside the old one. Several versions of one key may come
        in any order.

        A value seen again unchanged leaves no trace, so a different version back-dated between
        the two sightings counts until the value is delivered once more.
        """
        rows = [_fact_row(fact) for fact in facts]
        with self._writing() as connection:
            return self._write_facts(connection, rows)

    def record_items(self, items: Iterable[Item]) -> Recorded:
        """Write news items under the rules of ``record``; an edited item is a new version."""
        rows = [_item_row(item) for item in items]
        with self._writing() as connection:
            return self._write_items(connection, rows)

    def record_poll(
        self, state: PollState, *, facts: Iterable[Fact] = (), items: Iterable[Item] = ()
    ) -> Recorded:
        """Write everything one poll brought, and where the next one starts, all or none."""
        fact_rows = [_fact_row(fact) for fact in facts]
        item_rows = [_item_row(item) for item in items]
        with self._writing() as connection:
            done = self._write_facts(connection, fact_rows)
            done += self._write_items(connection, item_rows)
            self._upsert_poll_state(connection, state)
        return done

    def _write_facts(self, connection: Connection, rows: list[Row]) -> Recorded:
        table, done = schema.fact, Recorded()
        by_kind: dict[str, dict[Identity, list[Row]]] = {}
        for row in rows:
            by_key = by_kind.setdefault(row["kind"], {})
            by_key.setdefault((row["key"],), []).append(row)
        for kind, by_key in by_kind.items():
            query = sa.select(table.c.key, *_version_of(table)).where(table.c.kind == kind)
            stored = _stored_versions(connection, query, table.c.key, [key for (key,) in by_key])
            done += self._write_versions(connection, table, by_key, stored)
        return done

    def _write_items(self, connection: Connection, rows: list[Row]) -> Recorded:
        table = schema.item
        by_id: dict[Identity, list[Row]] = {}
        for row in rows:
            by_id.setdefault((row["item_id"], row["source"]), []).append(row)
        query = sa.select(table.c.item_id, table.c.source, *_version_of(table))
        stored = _stored_versions(connection, query, table.c.item_id, [key for key, _ in by_id])
        return self._write_versions(connection, table, by_id, stored)

    def _write_versions(
        self,
        connection: Connection,
        table: Table,
        incoming: Mapping[Identity, list[Row]],
        stored: Mapping[Identity, list[Version]],
    ) -> Recorded:
        chosen: list[Row] = []
        new = total = 0
        for identity, rows in incoming.items():
            versions = stored.get(identity)
            kept = _choose(rows, _HASH[table.name], versions or [])
            new += versions is None
            total += len(rows)
            chosen += kept
        if chosen:
            self._insert_rows(connection, table, chosen)
        return Recorded(new=new, changed=len(chosen) - new, unchanged=total - len(chosen))

    def _insert_rows(self, connection: Connection, table: Table, rows: list[Row]) -> None:
        """Insert rows whose instants are microseconds already.

        SQLAlchemy writes the statement once and the driver gets the rows as they are, which skips
        its work per row: a third of the time of an insert.
        """
        statement = self._insert(table).values(dict.fromkeys(rows[0]))
        compiled = statement.on_conflict_do_nothing().compile(dialect=connection.dialect)
        names = compiled.positiontup
        given = rows if names is None else list(map(itemgetter(*names), rows))
        connection.exec_driver_sql(str(compiled), given)

    def facts(
        self, kinds: Iterable[str] | None = None, known_by: datetime | None = None
    ) -> list[Fact]:
        """Facts ordered by ``(known_at, kind, key, content hash)``, without repeats of no change.

        kinds: all when None. known_by: only what was known by then, inclusive; all when None.
        """
        table = schema.fact
        query = sa.select(table).where(*_known_by(table, known_by))
        if kinds is not None:
            query = query.where(table.c.kind.in_(sorted(set(kinds))))
        with self._reading() as connection:
            rows = connection.execute(query).all()
        ordered = sorted(rows, key=lambda r: (r.known_at, r.kind, r.key, r.content_hash))
        latest: dict[tuple[str, str], str] = {}
        found = []
        for row in ordered:
            if latest.get((row.kind, row.key)) != row.content_hash:
                latest[row.kind, row.key] = row.content_hash
                found.append(_to_fact(row))
        return found

    def history(self, known_by: datetime | None = None) -> History:
        """Everything known by then, all when None, each fact read only when it is asked for.

        Equal to ``History(self.facts(known_by=known_by))`` and, over a record of years, ten times
        faster: rows stay as the driver gives them.
        """
        columns = [schema.fact.c[name] for name in STORED]
        query = sa.select(*columns).where(*_known_by(schema.fact, known_by))
        with self._reading() as connection, uncollected():
            result = connection.execute(query)
            cursor = result.cursor
            rows = [] if cursor is None else cursor.fetchall()
            result.close()
            return History.of_stored(rows)

    def data_hash(self, known_by: datetime | None = None) -> str:
        """Digest of every fact known by then, all when None.

        Independent of the order of arrival and of the engine. News items count through the facts
        made of them, which are what a decision reads.
        """
        table = schema.fact
        known = type_coerce(table.c.known_at, BigInteger)
        query = sa.select(known, table.c.kind, table.c.key, table.c.content_hash)
        with self._reading() as connection:
            rows = connection.execute(query.where(*_known_by(table, known_by))).all()
        latest: dict[tuple[str, str], str] = {}
        versions: list[Version] = []
        for known_us, kind, key, hashed in sorted(tuple(row) for row in rows):
            if latest.get((kind, key)) != hashed:
                latest[kind, key] = hashed
                versions.append((known_us, hashed))
        return digest_of(versions)

    def counts(self) -> dict[str, int]:
        """Stored rows per kind of fact, sorted by kind."""
        kind = schema.fact.c.kind
        query = sa.select(kind, sa.func.count()).group_by(kind)
        with self._reading() as connection:
            return {row[0]: row[1] for row in sorted(connection.execute(query).all())}

    def newest_known_at(self) -> dict[str, datetime]:
        """kind -> when its newest fact became known."""
        table = schema.fact
        query = sa.select(table.c.kind, sa.func.max(table.c.known_at)).group_by(table.c.kind)
        with self._reading() as connection:
            return {row[0]: row[1] for row in sorted(connection.execute(query).all())}

    # Items ------------------------------------------------------------------------------------

    def items(
        self,
        *,
        known_by: datetime | None = None,
        since: datetime | None = None,
        limit: int | None = None,
        dated_only: bool = False,
    ) -> list[Item]:
        """News items with ``since <= known_at <= known_by``, oldest first; edits are versions.

        limit: only the newest so many. dated_only: without those whose publisher gave no date.
        """
        stored = self.stored_items(
            known_by=known_by, since=since, limit=limit, dated_only=dated_only
        )
        return [entry.item for entry in stored]

    def stored_items(
        self,
        *,
        known_by: datetime | None = None,
        since: datetime | None = None,
        limit: int | None = None,
        dated_only: bool = False,
    ) -> list[StoredItem]:
        """As ``items``, with the identity and version of each."""
        query = _items_query(known_by=known_by, since=since, limit=limit, dated_only=dated_only)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [
            StoredItem(item_id=row.item_id, version=row.version, item=_to_item(row))
            for row in reversed(rows)
        ]

    def item_count(self) -> int:
        """Stored versions of news items."""
        with self._reading() as connection:
            return connection.execute(
                sa.select(sa.func.count()).select_from(schema.item)
            ).scalar_one()

    # Polling ----------------------------------------------------------------------------------

    def poll_state(self, feed: str) -> PollState | None:
        """The state of one feed; None when it was never polled."""
        return self.poll_states().get(feed)

    def poll_states(self) -> dict[str, PollState]:
        """feed -> state of every feed polled so far, sorted by name."""
        with self._reading() as connection:
            rows = connection.execute(sa.select(schema.poll_state)).mappings().all()
        states = [PollState(**{**row, "health": json.loads(row["health"])}) for row in rows]
        return {state.feed: state for state in sorted(states, key=lambda s: s.feed)}

    def save_poll_state(self, state: PollState) -> None:
        """Replace the state of one feed."""
        with self._writing() as connection:
            self._upsert_poll_state(connection, state)

    def _upsert_poll_state(self, connection: Connection, state: PollState) -> None:
        row = {name: getattr(state, name) for name in schema.poll_state.c.keys()}  # noqa: SIM118
        row["health"] = content.canonical_json(dict(state.health))
        statement = self._insert(schema.poll_state).values(row)
        connection.execute(statement.on_conflict_do_update(index_elements=["feed"], set_=row))

    # Job runs ---------------------------------------------------------------------------------

    def claim(
        self,
        job: str,
        scheduled_for: datetime,
        owner: str,
        now: datetime,
        *,
        stale_after: timedelta | None = None,
        retry_after: timedelta | None = None,
    ) -> bool:
        """Try to become the one who executes this run; True for exactly one caller.

        stale_after: also take over a run still marked running that started this long ago or more
        (its owner was killed). retry_after: also one that failed this long ago or more.
        """
        table = schema.job_run
        row = {
            "job": job,
            "scheduled_for": scheduled_for,
            "status": "running",
            "started_at": now,
            "finished_at": None,
            "owner": owner,
            "attempts": 1,
            "detail": "",
        }
        insert = self._insert(table).values(row)
        takeover = _takeover(now, stale_after=stale_after, retry_after=retry_after)
        statement = insert.on_conflict_do_nothing()
        if takeover is not None:
            statement = insert.on_conflict_do_update(
                index_elements=["job", "scheduled_for"],
                set_={
                    **{k: row[k] for k in ("status", "started_at", "finished_at", "owner")},
                    "attempts": table.c.attempts + 1,
                },
                where=takeover,
            )
        with self._writing() as connection:
            return connection.execute(statement.returning(table.c.job)).first() is not None

    def finish(
        self,
        job: str,
        scheduled_for: datetime,
        owner: str,
        now: datetime,
        *,
        status: Literal["done", "failed"] = "done",
        detail: str = "",
    ) -> bool:
        """Mark a run as done or failed; False when it is no longer this owner's run."""
        table = schema.job_run
        mine = (
            (table.c.job == job)
            & (table.c.scheduled_for == scheduled_for)
            & (table.c.owner == owner)
            & (table.c.status == "running")
        )
        outcome = {"status": status, "finished_at": now, "detail": detail}
        with self._writing() as connection:
            return connection.execute(sa.update(table).where(mine).values(outcome)).rowcount == 1

    def job_runs(self, job: str | None = None, *, limit: int = 100) -> list[JobRun]:
        """The newest runs of one job or of all, newest first."""
        table = schema.job_run
        query = sa.select(table).order_by(table.c.scheduled_for.desc(), table.c.job).limit(limit)
        if job is not None:
            query = query.where(table.c.job == job)
        with self._reading() as connection:
            return [JobRun(**row) for row in connection.execute(query).mappings()]

    # Trials -----------------------------------------------------------------------------------

    def add_trials(self, trials: Iterable[Trial]) -> int:
        """Record backtests; those already recorded on the same data count once. Returns the new."""
        table = schema.trial
        rows = list({_trial_key(row): row for row in map(_trial_row, trials)}.values())
        if not rows:
            return 0
        with self._writing() as connection:
            before = _count(connection, table)
            connection.execute(self._insert(table).on_conflict_do_nothing(), rows)
            return _count(connection, table) - before

    def trial_count(self, *, data_hash: str | None = None, strategy: str | None = None) -> int:
        """How many different trials were run, on some data or with some strategy or in all."""
        where = _trial_filter(data_hash, strategy)
        with self._reading() as connection:
            return _count(connection, schema.trial, *where)

    def trials(self, *, data_hash: str | None = None, strategy: str | None = None) -> list[Trial]:
        """The recorded trials, ordered by data, strategy and parameters."""
        query = sa.select(schema.trial).where(*_trial_filter(data_hash, strategy))
        with self._reading() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        trials = []
        for row in sorted(rows, key=_trial_key):
            del row["params_hash"]
            trials.append(Trial(**{**row, "params": json.loads(row["params"])}))
        return trials

    # Delivery ---------------------------------------------------------------------------------

    def mark_sent(self, key: str, now: datetime) -> bool:
        """True the first time ``key`` is marked: deliver then; False ever after."""
        insert = self._insert(schema.sent).values(key=key, sent_at=now)
        statement = insert.on_conflict_do_nothing().returning(schema.sent.c.key)
        with self._writing() as connection:
            return connection.execute(statement).first() is not None

    def unmark_sent(self, key: str) -> None:
        """Forget a mark whose delivery failed, so that it is tried again."""
        with self._writing() as connection:
            connection.execute(sa.delete(schema.sent).where(schema.sent.c.key == key))

    def sent_at(self, key: str) -> datetime | None:
        """When ``key`` was marked; None when it never was."""
        query = sa.select(schema.sent.c.sent_at).where(schema.sent.c.key == key)
        with self._reading() as connection:
            return connection.execute(query).scalar_one_or_none()

    # Ledger (rules in engine.record.ledger) ---------------------------------------------------

    def append_ledger(
        self, *, acts_on: date, strategy: str, made_at: datetime, payload_text: str
    ) -> ledger.LedgerEntry:
        """Append one decision; returns the earlier entry when it is there already."""
        table = schema.ledger
        session = (table.c.acts_on == acts_on.isoformat()) & (table.c.strategy == strategy)
        with self._writing() as connection:
            head = self._lock_head(connection)
            query = sa.select(table).where(session).order_by(table.c.revision)
            same = [_to_entry(row) for row in connection.execute(query)]
            entry = ledger.next_entry(
                head,
                same,
                acts_on=acts_on,
                strategy=strategy,
                made_at=made_at,
                payload_text=payload_text,
            )
            if entry is None:
                return next(e for e in same if e.payload_text == payload_text)
            connection.execute(sa.insert(table).values(_ledger_row(entry)))
            moved = {"n_entries": entry.seq, "entry_hash": entry.entry_hash}
            connection.execute(sa.update(schema.ledger_head).values(moved))
        return entry

    def _lock_head(self, connection: Connection) -> ledger.LedgerHead:
        first = {"id": 1, "n_entries": 0, "entry_hash": ledger.GENESIS}
        table = schema.ledger_head
        connection.execute(self._insert(table).values(first).on_conflict_do_nothing())
        # The lock is PostgreSQL's; SQLite has one writer and leaves the words out.
        row = connection.execute(sa.select(table).with_for_update()).one()
        return ledger.LedgerHead(n_entries=row.n_entries, entry_hash=row.entry_hash)

    def ledger_entries(self) -> list[ledger.LedgerEntry]:
        """Every entry in the order written."""
        return self.ledger_state()[0]

    def ledger_state(self) -> tuple[list[ledger.LedgerEntry], ledger.LedgerHead]:
        """Every entry and the stored head, seen at one moment."""
        with self._reading() as connection:
            query = sa.select(schema.ledger).order_by(schema.ledger.c.seq)
            found = [_to_entry(row) for row in connection.execute(query)]
            row = connection.execute(sa.select(schema.ledger_head)).one_or_none()
        if row is None:
            return found, ledger.EMPTY_HEAD
        return found, ledger.LedgerHead(n_entries=row.n_entries, entry_hash=row.entry_hash)


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the cycle collector, which would look through every row of a long record in vain.

    What was made inside stays out of its sight until the next such block, so that a process that
    runs for months still collects everything.
    """
    was_on = gc.isenabled()
    gc.unfreeze()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def schema_revision(connection: Connection) -> str | None:
    """The schema revision of a database; None when it holds no tables at all.

    Raises ``StoreError`` for tables without a revision: somebody else's database.
    """
    tables = sa.inspect(connection).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise StoreError(
            f"{shown(connection.engine.url)} belongs to another program",
            remedy="name another database",
        )
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


def create_schema(connection: Connection) -> str:
    """Create every table in an empty database and return the revision found or made.

    Ten times faster than running the migrations, which need Alembic; a test holds both to the
    same result. Called with the write lock held, so that of two first starts one waits.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CREATION_LOCK})")
    found = schema_revision(connection)
    if found is not None:
        return found
    schema.metadata.create_all(connection)
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    version = sa.table("alembic_version", sa.column("version_num"))
    connection.execute(sa.insert(version).values(version_num=schema.REVISION))
    return schema.REVISION


def _fact_row(fact: Fact) -> Row:
    if len(fact.kind) > schema.MAX_KIND_CHARS or len(fact.key) > schema.MAX_KEY_CHARS:
        raise DataError(
            f"fact {fact.kind[:40]} '{fact.key[:40]}…' is longer than "
            f"{schema.MAX_KIND_CHARS} or {schema.MAX_KEY_CHARS} characters"
        )
    _need_storable("fact", fact.key, fact.kind, fact.source)
    payload = content.payload_json(fact)
    return {
        "kind": fact.kind,
        "key": fact.key,
        "occurred_at": to_micros(fact.occurred_at),
        "known_at": to_micros(fact.known_at),
        "source": fact.source,
        "confidence": fact.confidence,
        "backfilled": fact.backfilled,
        "payload": payload,
        "content_hash": content.content_hash(fact, payload),
    }


def _item_row(item: Item) -> Row:
    if item.backfilled and item.published_at is None:
        raise DataError(
            f"item '{item.title[:60]}' is back-filled but undated",
            remedy="without a date nobody can say when it was known",
        )
    _need_storable(
        "item", item.title, item.source, item.url, item.summary, item.lang, item.body_hash
    )
    published_us = None if item.published_at is None else to_micros(item.published_at)
    return {
        "item_id": item_id(item),
        "version": content.item_version(item),
        "source": item.source,
        "title": item.title,
        "url": item.url,
        "lang": item.lang[:16],
        "published_at": published_us,
        "known_at": to_micros(item.known_at),
        "summary": item.summary,
        "body_hash": item.body_hash,
        "backfilled": item.backfilled,
        "undated": published_us is None,
    }


def _need_storable(what: str, name: str, *texts: str) -> None:
    """Both engines must be able to keep the text: no NUL, no half of a surrogate pair."""
    joined = "\n".join((name, *texts))
    if "\0" in joined or not (joined.isascii() or _SURROGATE.search(joined) is None):
        raise DataError(f"{what} {name[:60]!a} holds characters that cannot be stored")


def _version_of(table: Table) -> tuple[sa.ColumnElement[int], sa.Column[Any]]:
    return type_coerce(table.c.known_at, BigInteger), table.c[_HASH[table.name]]


def _stored_versions(
    connection: Connection, query: sa.Select[Any], column: sa.Column[Any], wanted: Sequence[str]
) -> dict[Identity, list[Version]]:
    """identity -> its stored versions, sorted, for those that have any.

    query selects the identity, then a version. wanted: values of ``column`` to look for.
    """
    stored: dict[Identity, list[Version]] = {}
    for start in range(0, len(wanted), _LOOKUP_KEYS):
        chunk = query.where(column.in_(wanted[start : start + _LOOKUP_KEYS]))
        for *identity, known_us, hashed in connection.execute(chunk):
            stored.setdefault(tuple(identity), []).append((known_us, hashed))
    for versions in stored.values():
        versions.sort()
    return stored


def _choose(rows: list[Row], hash_column: str, versions: list[Version]) -> list[Row]:
    """The rows that say something new about one key, given its sorted stored versions."""
    if len(rows) == 1 and not versions:
        return rows
    chosen = []
    for row in sorted(rows, key=itemgetter("known_at", hash_column)):
        version = (row["known_at"], row[hash_column])
        place = bisect_left(versions, version)
        repeated = place < len(versions) and versions[place] == version
        if repeated or (place > 0 and versions[place - 1][1] == version[1]):
            continue
        insort(versions, version)
        chosen.append(row)
    return chosen


def _known_by(table: Table, known_by: datetime | None) -> Sequence[sa.ColumnElement[bool]]:
    return () if known_by is None else (table.c.known_at <= known_by,)


def _to_fact(row: Any) -> Fact:
    return Fact(
        kind=row.kind,
        key=row.key,
        occurred_at=row.occurred_at,
        known_at=row.known_at,
        source=row.source,
        confidence=row.confidence,
        backfilled=row.backfilled,
        payload=json.loads(row.payload),
    )


def _items_query(
    *, known_by: datetime | None, since: datetime | None, limit: int | None, dated_only: bool
) -> sa.Select[Any]:
    """Newest first. A version equal to the one before it says nothing new and is left out."""
    table, earlier = schema.item, schema.item.alias("earlier")
    place = sa.tuple_(table.c.known_at, table.c.version)
    before = (
        sa.select(earlier.c.version)
        .where(earlier.c.item_id == table.c.item_id, earlier.c.source == table.c.source)
        .where(sa.tuple_(earlier.c.known_at, earlier.c.version) < place)
        .order_by(earlier.c.known_at.desc(), earlier.c.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        sa.select(table)
        .where(*_known_by(table, known_by), sa.func.coalesce(before, "") != table.c.version)
        .order_by(*(table.c[n].desc() for n in ("known_at", "item_id", "source", "version")))
        .limit(limit)
    )
    if since is not None:
        query = query.where(table.c.known_at >= since)
    return query.where(table.c.undated.is_(False)) if dated_only else query


def _to_item(row: Any) -> Item:
    return Item(
        source=row.source,
        title=row.title,
        url=row.url,
        known_at=row.known_at,
        published_at=row.published_at,
        summary=row.summary,
        lang=row.lang,
        body_hash=row.body_hash,
        backfilled=row.backfilled,
    )


def _takeover(
    now: datetime, *, stale_after: timedelta | None, retry_after: timedelta | None
) -> sa.ColumnElement[bool] | None:
    table = schema.job_run
    allowed = []
    if stale_after is not None:
        allowed.append((table.c.status == "running") & (table.c.started_at <= now - stale_after))
    if retry_after is not None:
        allowed.append((table.c.status == "failed") & (table.c.finished_at <= now - retry_after))
    return sa.or_(*allowed) if allowed else None


def _count(connection: Connection, table: Table, *where: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(*where)
    return connection.execute(query).scalar_one()


def _trial_row(trial: Trial) -> Row:
    params = content.canonical_json(dict(trial.params))
    return {
        "data_hash": trial.data_hash,
        "strategy": trial.strategy,
        "params_hash": content.digest(params),
        "params": params,
        "n_obs": trial.n_obs,
        "sharpe": _finite(trial.sharpe),
        "skewness": _finite(trial.skewness),
        "kurtosis": _finite(trial.kurtosis),
        "made_at": trial.made_at,
    }


def _finite(number: float | None) -> float | None:
    """NaN and infinities are *undefined*, which the database spells NULL on both engines."""
    return None if number is None or not abs(number) < float("inf") else float(number)


def _trial_key(row: Row) -> tuple[str, str, str]:
    return row["data_hash"], row["strategy"], row["params_hash"]


def _trial_filter(data_hash: str | None, strategy: str | None) -> Sequence[sa.ColumnElement[bool]]:
    columns = schema.trial.c
    wanted = ((columns.data_hash, data_hash), (columns.strategy, strategy))
    return [column == value for column, value in wanted if value is not None]


def _ledger_row(entry: ledger.LedgerEntry) -> Row:
    return {
        "seq": entry.seq,
        "acts_on": entry.acts_on.isoformat(),
        "strategy": entry.strategy,
        "revision": entry.revision,
        "made_at": entry.made_at,
        "payload": entry.payload_text,
        "previous_hash": entry.previous_hash,
        "entry_hash": entry.entry_hash,
    }


def _to_entry(row: Any) -> ledger.LedgerEntry:
    return ledger.LedgerEntry(
        seq=row.seq,
        acts_on=date.fromisoformat(row.acts_on),
        strategy=row.strategy,
        revision=row.revision,
        made_at=row.made_at,
        payload_text=row.payload,
        previous_hash=row.previous_hash,
        entry_hash=row.entry_hash,
    )
