"""A report of this morning whose prices are old ends with 3, whether feeds were asked or not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.cli.main import build


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (datetime(2025, 10, 1, 12, 30, tzinfo=UTC), 0),  # the tables end on the evening before
        (datetime(2025, 10, 8, 12, 30, tzinfo=UTC), 3),
    ],
)
def test_a_stale_live_report_says_so_offline_too(
    now: datetime,
    code: int,
    frozen_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path))
    monkeypatch.setenv("NVSIGNAL_CONFIG", str(frozen_folder))
    monkeypatch.setattr("engine.clock.now", lambda: now)

    assert (build()(args=["report", "--offline"], standalone_mode=False) or 0) == code
