"""A backup is tried before it is needed, and its head stands outside the ledger."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from config.settings import PACKAGED
from engine.clock import parse_as_of
from engine.errors import InputError, LedgerError
from engine.record.backup import backup
from engine.service import anchors, copies, morning, wiring
from engine.service.bind import load
from tests.builders import unguarded


def test_a_backup_makes_the_same_report_until_it_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    config, url = load(PACKAGED), f"sqlite:///{tmp_path / 'record.db'}"
    with pytest.raises(InputError, match="no backup was made yet"):
        copies.drill(config, url)
    with wiring.open_record(config, url) as store:
        morning.prepare(store, config, parse_as_of("2025-08-22"), record=True)
    copy = backup(url, tmp_path / "copy.db")
    head = copies.note_backup(copy, url).ledger_head
    assert len(head) == 64

    done = copies.drill(config, url)
    assert (done.same, done.acts_on) == (True, "2025-08-25")

    with closing(sqlite3.connect(copy)) as connection:
        unguarded(connection)
        connection.execute("DELETE FROM fact WHERE kind = 'bar' AND rowid % 3 = 0")
        connection.commit()
    assert not copies.drill(config, url, copy).same

    with closing(sqlite3.connect(tmp_path / "record.db")) as connection:
        unguarded(connection)
        connection.execute("DELETE FROM ledger")
        connection.execute("DELETE FROM ledger_head")
        connection.commit()
    with (
        wiring.open_record(config, url) as store,
        pytest.raises(LedgerError, match=r"the backup copy\.db ends with the entry"),
    ):
        anchors.hold(store, tmp_path / "no reports")
