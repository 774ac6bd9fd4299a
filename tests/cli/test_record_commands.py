"""``nvsignal ledger`` and ``nvsignal db``: what they print and what they refuse."""

from __future__ import annotations

import json
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.cli.main import main
from engine.record import ledger
from engine.record.store import Store
from tests.builders import at, make_fact, unguarded


@pytest.fixture
def database(tmp_path: Path) -> str:
    """A record with a fact and three decisions, one of them revised."""
    url = f"sqlite:///{tmp_path}/record.db"
    with Store.open(url) as store:
        store.record([make_fact()])
        for day, decision in ((6, "HOLD"), (7, "SELL"), (7, "HOLD")):
            ledger.append(
                store,
                {"decision": decision, "score": -0.25},
                acts_on=date(2025, 1, day),
                strategy="balanced",
                made_at=at(),
            )
    return url


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([*args])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def as_json(capsys: pytest.CaptureFixture[str], *args: str) -> Any:
    code, out, err = run(capsys, *args, "--json")
    assert code == 0, err
    return json.loads(out)


def test_the_ledger_is_listed_oldest_first(
    capsys: pytest.CaptureFixture[str], database: str
) -> None:
    rows = as_json(capsys, "ledger", "--db", database)

    assert list(rows[0]) == [
        "seq",
        "acts_on",
        "strategy",
        "revision",
        "stands",
        "made_at",
        "entry_hash",
        "payload",
    ]
    assert [(r["acts_on"], r["payload"]["decision"], r["stands"]) for r in rows] == [
        ("2025-01-06", "HOLD", True),
        ("2025-01-07", "SELL", True),
        ("2025-01-07", "HOLD", False),
    ]
    assert [r["seq"] for r in as_json(capsys, "ledger", "--limit", "1", "--db", database)] == [3]


def test_the_listing_fits_eighty_columns(capsys: pytest.CaptureFixture[str], database: str) -> None:
    _, out, _ = run(capsys, "ledger", "--db", database)

    lines = out.splitlines()
    assert len(lines) == 4
    assert max(map(len, lines)) <= 80
    assert lines[3].endswith("revision 1")
    assert "-0.25" in lines[1]


def test_verify_prints_the_head_and_accepts_it_later(
    capsys: pytest.CaptureFixture[str], database: str
) -> None:
    found = as_json(capsys, "ledger", "verify", "--db", database)

    assert (found["ok"], found["entries"]) == (True, 3)
    code, out, _ = run(capsys, "ledger", "verify", "--head", found["head"], "--db", database)
    assert (code, out) == (0, f"3 entries hold; head {found['head']}\n")


def test_verify_names_the_entry_that_was_changed(
    capsys: pytest.CaptureFixture[str], database: str
) -> None:
    connection = sqlite3.connect(database.removeprefix("sqlite:///"))
    with connection:
        unguarded(connection)
        connection.execute("UPDATE ledger SET payload = '{}' WHERE seq = 2")
    connection.close()

    code, out, err = run(capsys, "ledger", "verify", "--db", database)

    assert (code, out) == (1, "")
    assert err == (
        "nvsignal: ledger entry 2 (2025-01-07, balanced): its content was changed "
        "after it was written\n"
    )


def test_backup_restore_and_upgrade_go_round(
    capsys: pytest.CaptureFixture[str], database: str, tmp_path: Path
) -> None:
    copy = str(tmp_path / "copy.db")
    assert as_json(capsys, "db", "backup", copy, "--db", database)["bytes"] > 4_096
    Path(database.removeprefix("sqlite:///")).unlink()

    restored = as_json(capsys, "db", "restore", copy, "--db", database)
    upgraded = as_json(capsys, "db", "upgrade", "--db", database)

    assert restored["database"] == upgraded["database"] == database.removeprefix("sqlite:///")
    assert as_json(capsys, "ledger", "verify", "--db", database)["entries"] == 3


def test_export_takes_its_format_from_the_file_name(
    capsys: pytest.CaptureFixture[str], database: str, tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is optional")
    for name, form in (("x.csv", "csv"), ("x.parquet", "parquet")):
        found = as_json(capsys, "db", "export", str(tmp_path / name), "--db", database)

        assert (found["format"], found["rows"]) == (form, 1)
        assert (tmp_path / name).stat().st_size > 0


@pytest.mark.parametrize(
    "args",
    [
        ["ledger", "verify"],
        ["ledger"],
        ["db", "export", "x.csv"],
        ["db", "backup", "x.db"],
    ],
)
def test_a_missing_record_is_one_clear_line(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    code, out, err = run(capsys, *args, "--db", f"sqlite:///{tmp_path}/none.db")

    assert (code, out) == (1, "")
    assert err.startswith("nvsignal: no database at ")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_without_a_name_the_configured_record_is_meant(
    capsys: pytest.CaptureFixture[str], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVSIGNAL_DB", database)

    assert as_json(capsys, "ledger", "verify")["entries"] == 3
