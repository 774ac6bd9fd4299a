"""The daily report over ten years of news against one: an invented record, made beforehand.

``python -m tests.load.generate --years 10 --db sqlite:////tmp/y10.db`` makes it in minutes; then
``NVSIGNAL_LOAD_DB=sqlite:////tmp/y10.db make bench``. Without it there is one line that says so.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from engine.record.store import Store
from tests.load.generate import Size, generate
from tests.load.test_load import measured


def rows() -> list[dict[str, object]]:
    """Seconds of CPU and peak memory of a warm report."""
    url = os.environ.get("NVSIGNAL_LOAD_DB")
    if not url:
        return [_row("report over ten years", "", "", "", "skipped: NVSIGNAL_LOAD_DB is not set")]
    with tempfile.TemporaryDirectory() as folder:
        one_year = f"sqlite:///{folder}/one.db"
        with Store.open(one_year) as store:
            generate(store, Size(years=1, per_day=600), items=False)
        one, _ = measured(one_year, Path(folder) / "one")
        full, rss_mb = measured(url, Path(folder) / "full")
    return [
        _row("report, CPU s", round(full, 2), round(one, 2), "<= 10", "theirs: one year"),
        _row("report over one year's", round(full / one, 2), 1, "<= 1.5", "600 items a day"),
        _row("peak memory, MB", round(rss_mb), "", "< 600", ""),
    ]


def _row(what: str, ours: object, theirs: object, target: str, note: str) -> dict[str, object]:
    return {
        "what": what, "ours": ours, "theirs": theirs, "ratio": "", "target": target, "note": note,
    }  # fmt: skip
