"""Exports hold everything, and nothing in them acts as a formula."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UnknownNameError
from engine.record import ledger
from engine.record.export import csv_plain, csv_safe, export
from engine.record.store import Store
from tests.builders import at, make_fact, make_item

_HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\x00=1",
    "  =1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "\ufeff=1",
    "'=1",
    '=HYPERLINK("https://example.org")',
]


@pytest.mark.parametrize("text", _HOSTILE)
def test_no_cell_starts_a_formula(text: str) -> None:
    assert csv_safe(text).startswith("'")


@pytest.mark.parametrize("text", ["", "Nvidia beats", "5 - 3", "a=b", "état", "中国"])
def test_harmless_text_is_left_alone(text: str) -> None:
    assert csv_safe(text) == text


@given(st.text() | st.sampled_from(_HOSTILE) | st.text("='+-@ \t", max_size=4))
def test_every_text_comes_back(text: str) -> None:
    safe = csv_safe(text)

    assert csv_plain(safe) == text
    assert not safe.lstrip().startswith(("=", "+", "-", "@"))


def test_facts_come_back_from_csv_with_numbers_as_numbers(store: Store, tmp_path: Path) -> None:
    facts = [
        make_fact(key="=cmd", confidence=0.25, payload={"change": -1.5}),
        make_fact(key="b", source='été, "quoted"\nnew line', known_at=at(1, micros=7)),
    ]
    store.record(facts)

    assert export(store, "fact", tmp_path / "facts.csv", "csv") == 2

    with (tmp_path / "facts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [csv_plain(row["key"]) for row in rows] == ["=cmd", "b"]
    assert [row["confidence"] for row in rows] == ["0.25", ""]
    assert [json.loads(row["payload"]) for row in rows] == [f.payload for f in facts]
    assert rows[1]["source"] == facts[1].source
    assert rows[1]["known_at"] == "2025-01-07T13:30:00.000007Z"


def test_every_table_comes_back_from_parquet(store: Store, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is optional")
    store.record([make_fact(confidence=0.5)])
    store.record_items([make_item(published_at=None, title="=1+1")])
    ledger.append(store, {"x": 1}, acts_on=date(2025, 1, 6), strategy="main", made_at=at())
    found = {}
    for table in ("fact", "item", "ledger"):
        assert export(store, table, tmp_path / table, "parquet") == 1
        found[table] = parquet.read_table(tmp_path / table).to_pylist()[0]

    assert found["fact"]["known_at"] == at()
    assert found["fact"]["confidence"] == 0.5
    assert found["item"]["title"] == "=1+1"
    assert found["item"]["published_at"] is None
    assert found["ledger"]["acts_on"] == date(2025, 1, 6)


def test_unknown_tables_and_formats_name_the_nearest(tmp_path: Path) -> None:
    with Store.open("sqlite://") as store:
        with pytest.raises(UnknownNameError, match="did you mean 'fact'"):
            export(store, "facts", tmp_path / "x", "csv")
        with pytest.raises(UnknownNameError, match="did you mean 'parquet'"):
            export(store, "fact", tmp_path / "x", "parkuet")
