"""A record that stood still is not read again, and nobody can tell from what is said."""

from __future__ import annotations

import os
import pickle
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.settings import load
from engine.clock import now, to_micros
from engine.decision import features
from engine.decision.counted import Counted
from engine.decision.grid import Grid
from engine.decision.news_impulses import FIGURES
from engine.errors import StoreError
from engine.record import connect
from engine.record.history import History, HistoryOnDemand
from engine.record.store import Store
from engine.service import wiring
from engine.service.derived import Memo
from engine.values import Fact
from tests.builders import make_fact
from tests.streams import ROOT

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
OLD_S = 1_700_000_000


def facts(n: int) -> list[Fact]:
    return [
        make_fact("bar", f"NVDA:2026-11-{d:02}", known_at=NOW - d * HOUR) for d in range(1, n + 1)
    ]


def stored(known: list[Fact]) -> tuple[list[tuple[Any, ...]], str]:
    with Store.open("sqlite://") as store:
        store.record(known)
        return store._stored(NOW), store.data_hash(NOW)


def test_the_rows_are_read_at_the_first_question_and_once() -> None:
    rows, digest = stored(facts(5))
    asked: list[int] = []

    def read() -> list[tuple[Any, ...]]:
        asked.append(1)
        return rows

    history = HistoryOnDemand(read, NOW, digest)
    assert history.data_hash(NOW) == history.data_hash(NOW + HOUR) == digest
    assert history.cut(NOW) is history.cut(NOW + HOUR) is history
    assert asked == []
    assert list(history) == list(History(facts(5)))
    assert history.kinds == ("bar",)
    assert len(history.cut(NOW - 3 * HOUR)) == 3
    assert history.data_hash(NOW - HOUR * 3) == History(facts(5)).data_hash(NOW - 3 * HOUR)
    assert list(pickle.loads(pickle.dumps(history.cut(NOW)))) == list(history)
    assert asked == [1]
    with pytest.raises(AttributeError, match="other"):
        _ = history.other  # type: ignore[attr-defined]


def test_rows_of_another_digest_are_refused() -> None:
    rows, digest = stored(facts(5))
    history = HistoryOnDemand(lambda: rows[1:], NOW, digest)
    with pytest.raises(StoreError, match="not the one that was kept in mind"):
        len(history)


def test_what_joined_later_is_not_in_it(store: Store) -> None:
    """Even where it was known before the instant: an import of old prices, say."""
    store.record(facts(3))
    last_id, digest = store.last_id(), store.data_hash(NOW)
    assert last_id == 3
    history = store.history_on_demand(NOW, digest, last_id)
    store.record(facts(9))
    assert len(history) == 3
    assert list(history) == list(History(facts(3)))


def test_an_empty_record_has_no_last_row(store: Store) -> None:
    assert store.last_id() == 0


# --- whether it stood still -----------------------------------------------------------------------


def aged(path: Path) -> Path:
    """``path`` as if it had been written in 2023, its change of state today aside."""
    os.utime(path, (OLD_S, OLD_S))
    return path


def later_ns(*paths: Path) -> int:
    """Two seconds after the last change of any of them, exactly."""
    changed = [max(p.stat().st_mtime_ns, p.stat().st_ctime_ns) for p in paths]
    return max(changed) + connect.SETTLED_NS


def test_a_file_is_told_by_itself_and_its_journals(tmp_path: Path) -> None:
    path = aged(tmp_path / "r.db") if (tmp_path / "r.db").write_bytes(b"one") else tmp_path
    plain = connect.file_signature(path, later_ns(path))
    assert plain is not None
    assert plain.startswith(f"r.db {path.stat().st_ino} 3 ")
    assert connect.file_signature(path, later_ns(path) - 1) is None  # may be written again
    empty = tmp_path / "r.db-wal"
    empty.touch()
    assert connect.file_signature(path, later_ns(path)) == plain  # opening it made that
    for journal in (empty, tmp_path / "r.db-journal"):
        journal.write_bytes(b"log")
        with_it = connect.file_signature(path, later_ns(path, journal))
        assert with_it not in (None, plain)
        assert connect.file_signature(path, later_ns(path, journal) - 1) is None
        journal.unlink()
    assert connect.file_signature(tmp_path / "none.db", 0) is None


def test_a_change_of_the_same_length_shows(tmp_path: Path) -> None:
    path = tmp_path / "r.db"
    path.write_bytes(b"one")
    first = connect.file_signature(path, later_ns(path))
    os.utime(path, (OLD_S, OLD_S))
    assert connect.file_signature(path, later_ns(path)) != first


def test_a_change_shows_though_its_time_was_put_back(tmp_path: Path) -> None:
    """And a file dated into the future is never settled; another file of the same name is new."""
    path = tmp_path / "r.db"
    path.write_bytes(b"one")
    first = connect.file_signature(aged(path), later_ns(path))
    path.write_bytes(b"two")
    second = connect.file_signature(aged(path), later_ns(path))
    assert None not in (first, second)
    assert first != second
    changed = max(path.stat().st_ctime_ns, path.stat().st_mtime_ns)
    os.utime(path, ns=(changed + 9 * connect.SETTLED_NS,) * 2)
    assert connect.file_signature(path, changed + 5 * connect.SETTLED_NS) is None
    assert connect.file_signature(path, later_ns(path)) is not None


def test_a_record_in_memory_and_one_just_written_have_no_signature(tmp_path: Path) -> None:
    with Store.open("sqlite://") as memory:
        assert memory.signature(NOW) is None
    with Store.open(f"sqlite:///{tmp_path}/r.db") as store:
        store.record(facts(1))
        present = now()
        assert store.signature(present) is None
        assert store.signature(present + HOUR) is not None


# --- the world ------------------------------------------------------------------------------------

CONFIG = load(ROOT / "config", "balanced")


def test_a_world_is_read_once_while_the_record_stands_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    signature: list[str | None] = ["a"]
    read: list[datetime | None] = []
    whole = Store.history

    def history(self: Store, known_by: datetime | None = None) -> History:
        read.append(known_by)
        return whole(self, known_by)

    monkeypatch.setattr(Store, "signature", lambda self, present: signature[0])
    monkeypatch.setattr(Store, "history", history)
    with Store.open(f"sqlite:///{tmp_path}/r.db") as store:
        store.record(facts(9))
        worlds: list[Any] = []

        def look(at: datetime = NOW, present: datetime | None = NOW) -> None:
            worlds.append(wiring.world_at(store, CONFIG, at, present=present))

        look()
        look()
        assert read == [NOW]
        assert type(worlds[1].history) is HistoryOnDemand
        look(present=None)
        assert len(read) == 2
        look(NOW + HOUR)
        assert len(read) == 3
        signature[0] = "b"
        look()
        assert len(read) == 4
        signature[0] = None
        look()
        look()
        assert len(read) == 6
        for world in (w for w in worlds if w.as_of == NOW):
            assert world.data_hash == worlds[0].data_hash
            assert world.grid.sessions_on == worlds[0].grid.sessions_on
            assert list(world.history) == list(worlds[0].history)


def test_a_record_that_changes_while_it_is_read_is_not_kept_in_mind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    said = iter(["a", "b", "b", "b", "b"])
    monkeypatch.setattr(Store, "signature", lambda self, present: next(said))
    with Store.open(f"sqlite:///{tmp_path}/r.db") as store:
        store.record(facts(9))
        kinds = [type(wiring.world_at(store, CONFIG, NOW, present=NOW).history) for _ in range(3)]
    assert kinds == [History, History, HistoryOnDemand]


def test_a_row_changed_by_hand_shows_in_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its content hash stays, and so does that of the data: what is kept must not go by it."""
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    signature = ["a"]
    monkeypatch.setattr(Store, "signature", lambda self, present: signature[0])
    path = tmp_path / "r.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.record([*facts(9), make_fact("headline", "h", known_at=NOW - HOUR)])

        def look() -> tuple[str, str, list[str]]:
            world = wiring.world_at(store, CONFIG, NOW, present=NOW)
            begun = world.history.running_digests({"headline"}, [to_micros(NOW)])
            return world.data_hash, world.key("c", "v"), begun

        first = look()
        assert look() == first
        for changed in ("payload = '{\"x\": 7}'", "source = 'by hand'"):
            with closing(sqlite3.connect(path)) as database:
                database.execute("DROP TRIGGER IF EXISTS fact_no_update")
                database.execute(f"UPDATE fact SET {changed} WHERE kind = 'headline'")
                database.commit()
            signature[0] = changed
            digest, key, begun = look()
            assert digest == first[0]
            assert key != first[1]
            assert begun != first[2]
            assert look() == (digest, key, begun)
            first = digest, key, begun


# --- what else is not done again ------------------------------------------------------------------


def test_the_last_row_is_counted_alone_as_among_all() -> None:
    rng = np.random.default_rng(1)
    known = np.where(rng.random(90) < 0.3, np.nan, rng.normal(size=90))
    tail, scale = np.sort(rng.normal(size=50)), rng.uniform(0.5, 2.0, 90)
    whole = Counted.of(known, 5, tail, scale, tail_windows=10.0)
    alone = Counted.of_last(known, 5, tail, scale[-1:], tail_windows=10.0)
    for level in (-9.0, -0.7, 0.0, float(np.nanmax(known)), 9.0, np.nan):
        every = whole.share_below(np.full(90, level))[-1:]
        assert alone.share_below(np.array([level])).tobytes() == every.tobytes()
    nothing = Counted.of_last(np.array([np.nan]), 5, tail, scale[:1], tail_windows=10.0)
    assert nothing.share_below(np.array([0.0]))[0] == pytest.approx((tail <= 0.0).mean())


class Counting(dict[str, Any]):
    """Kept values that tell what was put."""

    def put(self, key: str, value: Any) -> None:
        self[key] = value


def begun_of(
    history: History, rows: int, memo: Any, changed: Callable[[Any], Any] = lambda w: w
) -> features.NewsBegun:
    instants = [to_micros(NOW + 24 * HOUR * d) for d in range(rows)]
    days = tuple((NOW + 24 * HOUR * d).date() for d in range(rows))
    grid = Grid(sessions_on=days, decide_at_us=np.array(instants))
    return features.NewsBegun(history, grid, changed(CONFIG.events), memo)


def test_rows_of_news_are_kept_by_what_was_known_by_them(tmp_path: Path) -> None:
    """A third row joins: two are kept. A headline known by the second row: one is."""
    memo = Counting()
    story = make_fact("headline", "h", known_at=NOW + 23 * HOUR)
    price = make_fact("bar", "NVDA:2026-11-24", known_at=NOW - HOUR)
    plain, empty = History([]), begun_of(History([]), 2, memo)
    assert empty.rows == []
    told = {name: np.array([n + 0.5, -1.0]) for n, name in enumerate(FIGURES)}
    empty.keep(told)
    first = (0.5, 1.5, 2.5, 3.5, 4.5, 5.5)
    assert list(memo.values()) == [first, (-1.0,) * 6]
    assert begun_of(plain, 3, memo).rows == [first, (-1.0,) * 6]
    assert begun_of(History([price]), 3, memo).rows == [first, (-1.0,) * 6]
    assert begun_of(History([story]), 3, memo).rows == [first]
    assert len(begun_of(plain, 1, memo).rows) == 1

    def heavier(weights: Any) -> Any:
        alone = weights.owner.alone / 2
        return weights.model_copy(
            update={"owner": weights.owner.model_copy(update={"alone": alone})}
        )

    assert begun_of(plain, 2, memo, heavier).rows == []
    kept = Memo(tmp_path / "m.json", "v")
    begun_of(plain, 2, kept).keep(told)
    kept.save()
    again = begun_of(plain, 2, Memo(tmp_path / "m.json", "v"))
    assert [tuple(row) for row in again.rows] == [first, (-1.0,) * 6]
