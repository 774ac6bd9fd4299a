"""A trip-wire under the reference facts: what the first rows of every table become."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from config.settings import PACKAGED, Lags
from engine.values import Fact
from feeds.facts import files, read_tables
from tests.frozen import check

ROWS = 4
"""Rows of each table; the first were there from the start and stay as they are."""


def heads(folder: Path) -> Path:
    """The tables cut to their first rows; updates and dimensions of the releases that are left."""
    models: set[str] = set()
    for name in sorted(files(), key=lambda name: name != "model_releases.csv"):
        with (PACKAGED / "facts" / name).open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        if name == "release_updates.csv":
            rows = [rows[0], *(r for r in rows[1:] if r[0] in models)][: ROWS + 1]
        else:
            rows = rows[: ROWS + 1]
        if name == "model_releases.csv":
            models = {row[rows[0].index("model")] for row in rows[1:]}
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        (folder / name).write_text(out.getvalue(), encoding="utf-8")
    return folder


def line(fact: Fact) -> str:
    said = ", ".join(f"{k}={v}" for k, v in sorted(fact.payload.items()))
    known = f"{fact.occurred_at:%Y-%m-%dT%H:%M} {fact.known_at:%Y-%m-%dT%H:%M:%S}"
    return f"{fact.kind} {fact.key} {known} {fact.confidence} {fact.backfilled} {said}"[:600]


def test_the_first_rows_of_every_table_become_the_facts_they_were(tmp_path: Path) -> None:
    lags = Lags(scheduled_minutes=7, approximate_hours=5, close_minutes=11)
    facts = read_tables(heads(tmp_path), lags)
    assert len({fact.kind for fact in facts}) > 12
    check("facts_of_tables", sorted(line(fact) for fact in facts))
