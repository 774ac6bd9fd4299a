"""A long record: the daily report stays fast and small, uses indexes, and says the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as sa_event

from engine.clock import parse_as_of
from engine.decision.events import EventLog, known_events, live
from engine.decision.ratings import PROOF_TYPES
from engine.macro.sessions import load_sessions
from engine.news.taxonomy import EVENT_TYPES
from engine.record.history import History
from engine.record.store import Store
from engine.service import derived, wiring
from engine.service.bind import load
from engine.threat.evidence import proofs_from_events
from tests.load.generate import Size, generate

ROOT = Path(__file__).resolve().parents[2]
AS_OF = parse_as_of("2025-08-22")
SMALL = Size(years=0.25, per_day=60)
MOST_RATIO = 1.3
MOST_RSS_MB = 600


@lru_cache(maxsize=1)
def config() -> Any:
    return load(ROOT / "config", "balanced")


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept outside the test."""
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))


@pytest.fixture
def small(store: Store) -> Store:
    """A quarter of invented news beside the reference tables, on each engine."""
    generate(store, SMALL)
    wiring.load_reference(store, config())
    return store


# --- indexes --------------------------------------------------------------------------------


@contextmanager
def statements(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """Every SELECT the store sends inside the block, with its parameters."""
    sent: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, sql: str, given: Any, _context: Any, _many: bool) -> None:
        if sql.lstrip().upper().startswith("SELECT"):
            sent.append((sql, given))

    sa_event.listen(store._engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa_event.remove(store._engine, "before_cursor_execute", note)


def scans(store: Store, sql: str, given: Any) -> list[str]:
    """Steps of the plan of ``sql`` that walk the whole fact or item table."""
    sqlite = store._engine.dialect.name == "sqlite"
    with store._engine.connect() as connection:
        if not sqlite:  # a small table is rightly scanned: ask whether an index *could* serve
            connection.exec_driver_sql("SET enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
        rows = connection.exec_driver_sql(explain + sql, given).all()
    steps = [str(row[-1]).strip() for row in rows]
    names = ("SCAN fact", "SCAN item") if sqlite else ("Seq Scan on fact", "Seq Scan on item")
    return [step for step in steps if any(name in step for name in names)]


def test_no_query_of_the_daily_path_scans_facts_or_items(small: Store) -> None:
    with statements(small) as sent:
        small.poll_states()
        wiring.world_at(small, config(), AS_OF)
        small.facts(kinds=("event",), known_by=AS_OF)
        small.stored_items(since=AS_OF - timedelta(days=4), known_by=AS_OF, dated_only=True)
        small.ledger_state()

    assert any("FROM fact" in sql for sql, _ in sent)
    assert any("FROM item" in sql for sql, _ in sent)
    assert [
        (sql, scans(small, sql, given)) for sql, given in sent if scans(small, sql, given)
    ] == []


def test_a_query_without_an_index_is_caught(small: Store) -> None:
    assert scans(small, "SELECT count(*) FROM fact WHERE payload = ''", ())


def test_the_decision_never_reads_items(small: Store) -> None:
    with statements(small) as sent:
        wiring.assess(wiring.world_at(small, config(), AS_OF), config(), version="test")

    assert not any("item" in sql.lower().split() for sql, _ in sent)


# --- the same, faster -----------------------------------------------------------------------


def test_a_history_read_lazily_equals_one_made_of_facts(small: Store) -> None:
    lazy, plain = small.history(AS_OF), History(small.facts(known_by=AS_OF))

    assert list(lazy) == list(plain)
    assert lazy.data_hash(AS_OF) == plain.data_hash(AS_OF) == small.data_hash(AS_OF)
    assert tuple(known_events(lazy, AS_OF)) == tuple(known_events(plain, AS_OF))


def test_a_decision_is_the_same_bits_lazy_or_plain_cold_or_warm(
    sqlite_url: str, tmp_path: Path
) -> None:
    with Store.open(sqlite_url) as store:
        generate(store, SMALL, items=False)
        wiring.load_reference(store, config())
        plain = wiring.world_of(History(store.facts(known_by=AS_OF)), config(), AS_OF)
        worlds = [plain, wiring.world_at(store, config(), AS_OF)]
        found = [wiring.assess(world, config(), version="test") for world in worlds]
        found.append(
            wiring.assess(wiring.world_at(store, config(), AS_OF), config(), version="test")
        )

    assert (tmp_path / "data" / "derived" / "computed.json").is_file()
    bits = [{k: v.tobytes() for k, v in a.features.values.items()} for a in found]
    assert bits[0] == bits[1] == bits[2]
    assert found[0].decision == found[1].decision == found[2].decision


def test_a_headline_cannot_pose_as_another_type(sqlite_url: str) -> None:
    """The type is told from the stored text, where quotes inside a headline are escaped."""
    with Store.open(sqlite_url) as store:
        generate(store, SMALL, items=False)
        first = next(f for f in store.facts(kinds=("event",)))
        trap = {**first.payload, "event_type": "other", "headline": '","event_type":"rates","x":"'}
        store.record([replace(first, key="trap", payload=trap)])
        log = known_events(store.history(), AS_OF)

    assert "trap" not in {e.event_id for e in log.of_types(("rates",))}
    assert "trap" in {e.event_id for e in log.of_types(("other",))}
    eager = EventLog.of(tuple(log))
    assert log.of_types(EVENT_TYPES[:4]) == eager.of_types(EVENT_TYPES[:4])


def test_no_other_type_of_event_is_evidence() -> None:
    """What ``PROOF_TYPES`` leaves unread could not have counted."""
    words = "Huawei trains and runs on Ascend"
    row = {"actor": "DeepSeek", "headline": words, "date_utc": "2025-08-21", "confidence": "high"}

    for kind in EVENT_TYPES:
        told = proofs_from_events([{**row, "event_type": kind}])
        assert bool(told) == (kind in PROOF_TYPES), kind


def test_stories_count_as_first_told(sqlite_url: str) -> None:
    with Store.open(sqlite_url) as store:
        generate(store, SMALL, items=False)
        facts = store.facts(kinds=("event",))
        log = known_events(store.history(), AS_OF)
    first = {f.key: f for f in reversed(facts)}

    assert len(facts) > len(first)
    assert tuple(log) == tuple(
        sorted(map(live, first.values()), key=lambda e: (e.known_at, e.event_id))
    )


# --- files that may be deleted --------------------------------------------------------------


@pytest.mark.parametrize("damage", [None, "", "[]\n{}", '{"on":', "x" * 50])
def test_the_kept_session_table_equals_the_calendar(tmp_path: Path, damage: str | None) -> None:
    span = date(2024, 1, 8), date(2025, 8, 29), time(8, 30)
    read = derived.sessions_from(tmp_path)
    read(*span)
    if damage is not None:
        (tmp_path / "sessions.json").write_text(damage)
    kept, fresh = read(*span), load_sessions(*span)

    assert kept.on == fresh.on
    for name in ("open_at_us", "close_at_us", "decide_at_us"):
        assert (getattr(kept, name) == getattr(fresh, name)).all()


def test_a_memo_of_other_code_or_changed_by_hand_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "memo.json"
    memo = derived.Memo(path, "one")
    memo.put("key", {"2025-09-17": -21.173})
    memo.save()

    assert derived.Memo(path, "one").get("key") == {"2025-09-17": -21.173}
    assert derived.Memo(path, "two").get("key") is None
    path.write_text(path.read_text().replace("-21.173", "+99.0"))
    assert derived.Memo(path, "one").get("key") is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memo = derived.Memo(tmp_path / "file" / "memo.json", "one")
    memo.put("key", 1)
    memo.save()

    assert memo.get("key") == 1


# --- time and memory ------------------------------------------------------------------------

_MEASURED = """
import contextlib, io, re, sys, time
from pathlib import Path
from engine.cli.main import main
sys.argv = ["nvsignal", "report", "--as-of", "2025-08-22", "--offline", "--db", sys.argv[1]]
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
# Not ru_maxrss: a child is born with that of the process it was forked from.
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(time.process_time(), int(peak[1]) / 1024)
"""


def measured(url: str, data: Path) -> tuple[float, float]:
    """CPU seconds and peak MB of one warm report in a process of its own: the better of two."""
    environment = {**os.environ, "NVSIGNAL_DATA": str(data), "OMP_NUM_THREADS": "1"}
    seen = []
    for _ in range(4):  # the first loads the reference tables, the second fills the files
        done = subprocess.run(
            [sys.executable, "-c", _MEASURED, url],
            env=environment, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300,
        )  # fmt: skip
        cpu, rss = done.stdout.split()[-2:]
        seen.append((float(cpu), float(rss)))
    return min(cpu for cpu, _ in seen[2:]), max(rss for _, rss in seen[2:])


@pytest.mark.long
def test_ten_years_cost_little_more_than_one(tmp_path: Path) -> None:
    """At 600 items a day. Items themselves are left out: the decision reads none (above)."""
    found = {}
    for years in (1, 10):
        url = f"sqlite:///{tmp_path}/{years}.db"
        with Store.open(url) as store:
            generate(store, Size(years=years, per_day=600), items=False)
        found[years] = measured(url, tmp_path / f"data{years}")
    (one, _), (ten, rss_mb) = found[1], found[10]

    assert ten <= MOST_RATIO * one, found
    assert rss_mb < MOST_RSS_MB, found
