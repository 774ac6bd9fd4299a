"""``make report`` and the command read the same record, and say where it lies to its owner only."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.cli.main import build
from engine.service.morning import Morning

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this system")
def test_make_report_leaves_the_users_own_choice_of_record_alone() -> None:
    done = subprocess.run(
        ["make", "-n", "report", "AS_OF=2025-08-22"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"NVSIGNAL_DATA": "/somewhere/else"},
    )

    line = next(text for text in done.stdout.splitlines() if "nvsignal report" in text)
    assert "NVSIGNAL" not in line
    assert "--as-of 2025-08-22" in line


def test_the_local_reader_learns_where_the_record_lies_and_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "mine"))
    place = str(tmp_path / "mine" / "record.sqlite3")
    saved = [tmp_path / name for name in ("x.html", "x.json", "x.md", "x.txt")]
    asked = ["report", "--as-of", "2025-08-22", "--offline"]
    for path in saved:
        asked += ["--save", str(path)]

    build()(args=asked, standalone_mode=False)
    told = capsys.readouterr().out
    build()(args=[*asked[:4], "--json"], standalone_mode=False)
    data = json.loads(capsys.readouterr().out)

    assert told.replace("\n", "").replace(" ", "").endswith(f"Record:{place}")
    assert data["record"] == place
    assert Morning.__dataclass_fields__["record_at"].default == ""
    for path in saved:
        assert str(tmp_path) not in path.read_text(encoding="utf-8"), path.name
