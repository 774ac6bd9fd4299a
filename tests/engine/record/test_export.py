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
from engine.record.content import content_hash, item_id
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
    *(f"{blank}=1" for blank in "\x0b\x0c\u00a0\u3000\u200b\u2060"),
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


def test_each_row_of_a_csv_is_the_row_of_the_record(tmp_path: Path) -> None:
    """Every column of the three tables: Z for UTC, nothing for NULL, bare numbers."""
    fact = make_fact(confidence=0.25, backfilled=True, payload={"b": -1.5, "a": "é"})
    item = make_item(published_at=None, summary="-1", lang="fr", known_at=at(1))
    with Store.open("sqlite://") as store:
        store.record([fact])
        store.record_items([item])
        entry = ledger.append(
            store, {"x": 1}, acts_on=date(2025, 1, 7), strategy="main", made_at=at(2)
        )
        texts = {}
        for table in ("fact", "item", "ledger"):
            path = tmp_path / table
            assert export(store, table, path, "csv") == 1
            texts[table] = path.read_text(encoding="utf-8").splitlines()

    assert texts["fact"] == [
        "kind,key,occurred_at,known_at,source,confidence,backfilled,payload,content_hash",
        "observation,DFF:2025-01-03,2025-01-03T13:30:00Z,2025-01-06T13:30:00Z,test,0.25,true,"
        f'"{{""a"":""\\u00e9"",""b"":-1.5}}",{content_hash(fact)}',
    ]
    assert texts["item"] == [
        "item_id,source,title,url,lang,published_at,known_at,summary,backfilled",
        f"{item_id(item)},wire,Headline number 1,https://example.org/1,fr,,2025-01-07T13:30:00Z,"
        "'-1,false",
    ]
    assert texts["ledger"] == [
        "seq,acts_on,strategy,revision,made_at,payload,previous_hash,entry_hash",
        f'1,2025-01-07,main,0,2025-01-08T13:30:00Z,"{{""x"":1}}",{"0" * 64},{entry.entry_hash}',
    ]


def test_every_table_comes_back_from_parquet(store: Store, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is optional")
    store.record([make_fact(confidence=0.5)])
    store.record_items([make_item(published_at=None, title="=1+1")])
    ledger.append(store, {"x": 1}, acts_on=date(2025, 1, 6), strategy="main", made_at=at())
    found = {}
    for table in ("fact", "item", "ledger"):
        assert export(store, table, tmp_path / table, "parquet") == 1
        found[table] = parquet.read_table(tmp_path / table).to_pylist()[0]

    fact, item = make_fact(confidence=0.5), make_item(published_at=None, title="=1+1")
    assert found["fact"] == {
        "kind": fact.kind, "key": fact.key, "occurred_at": at(-3), "known_at": at(),
        "source": "test", "confidence": 0.5, "backfilled": False, "payload": '{"value":4.33}',
        "content_hash": content_hash(fact),
    }  # fmt: skip
    assert found["item"] == {
        "item_id": item_id(item), "source": "wire", "title": "=1+1",
        "url": "https://example.org/1", "lang": "en", "published_at": None, "known_at": at(),
        "summary": "", "backfilled": False,
    }  # fmt: skip
    assert found["ledger"] == {
        "seq": 1, "acts_on": date(2025, 1, 6), "strategy": "main", "revision": 0,
        "made_at": at(), "payload": '{"x":1}', "previous_hash": "0" * 64,
        "entry_hash": found["ledger"]["entry_hash"],
    }  # fmt: skip


def test_unknown_tables_and_formats_name_the_nearest(tmp_path: Path) -> None:
    with Store.open("sqlite://") as store:
        with pytest.raises(UnknownNameError, match="did you mean 'fact'"):
            export(store, "facts", tmp_path / "x", "csv")
        with pytest.raises(UnknownNameError, match="did you mean 'parquet'"):
            export(store, "fact", tmp_path / "x", "parkuet")
