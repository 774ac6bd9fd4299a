"""The record as files for other programs: CSV that no spreadsheet runs, or Parquet."""

from __future__ import annotations

import csv
import io
import json
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from engine.errors import StoreError, UnknownNameError
from engine.files import appearing
from engine.phrases import phrase
from engine.record.content import canonical_json, content_hash
from engine.record.store import Store

_FORMULA_STARTS = frozenset("=+-@＝＋－＠")
_INVISIBLE = string.whitespace + "\0\u00a0\u3000\u200b\u2060\ufeff"
_RAW_STARTS = frozenset("\t\r\0")

FORMATS = ("csv", "parquet")

Row = dict[str, Any]


def csv_safe(text: str) -> str:
    """``text`` with an apostrophe in front where a spreadsheet would read a formula.

    Such a text starts with ``= + - @``, also full-width and after spaces, or with a tab, a
    carriage return or NUL (OWASP, CSV injection). A text that starts with an apostrophe gets one
    more, so that ``csv_plain`` gives back exactly what went in.
    """
    start = text.lstrip(_INVISIBLE)[:1]
    unsafe = text[:1] in _RAW_STARTS or start in _FORMULA_STARTS or text[:1] == "'"
    return f"'{text}" if text and unsafe else text


def csv_plain(cell: str) -> str:
    """The text that ``csv_safe`` made ``cell`` from."""
    return cell.removeprefix("'")


def export(store: Store, table: str, target: Path, form: str) -> int:
    """Write ``table`` (fact, item or ledger) to ``target``; returns the number of rows.

    CSV: instants as ISO 8601 with Z, empty means NULL, text is formula-safe and numbers are bare.
    Parquet: instants are UTC microseconds, text is as recorded; needs pyarrow. The file appears
    whole or not at all.
    """
    if table not in _TABLES:
        raise UnknownNameError(phrase("table"), table, _TABLES)
    if form not in FORMATS:
        raise UnknownNameError(phrase("format"), form, FORMATS)
    rows = list(_TABLES[table](store))
    write = _write_csv if form == "csv" else _write_parquet
    with appearing(target) as unfinished:
        write(unfinished, _COLUMNS[table], rows)
    return len(rows)


def _facts(store: Store) -> Iterator[Row]:
    for fact in store.facts():
        yield {
            "kind": fact.kind,
            "key": fact.key,
            "occurred_at": fact.occurred_at,
            "known_at": fact.known_at,
            "source": fact.source,
            "confidence": fact.confidence,
            "backfilled": fact.backfilled,
            "payload": canonical_json(dict(fact.payload)),
            "content_hash": content_hash(fact),
        }


def _items(store: Store) -> Iterator[Row]:
    for stored in store.stored_items():
        item = stored.item
        yield {
            "item_id": stored.item_id,
            "source": item.source,
            "title": item.title,
            "url": item.url,
            "lang": item.lang,
            "published_at": item.published_at,
            "known_at": item.known_at,
            "summary": item.summary,
            "backfilled": item.backfilled,
        }


def _ledger(store: Store) -> Iterator[Row]:
    for entry in store.ledger_entries():
        yield {
            "seq": entry.seq,
            "acts_on": entry.acts_on,
            "strategy": entry.strategy,
            "revision": entry.revision,
            "made_at": entry.made_at,
            "payload": entry.payload_text,
            "previous_hash": entry.previous_hash,
            "entry_hash": entry.entry_hash,
        }


_TABLES: Mapping[str, Callable[[Store], Iterator[Row]]] = {
    "fact": _facts,
    "item": _items,
    "ledger": _ledger,
}

_COLUMNS: Mapping[str, Mapping[str, type]] = {
    "fact": {
        "kind": str,
        "key": str,
        "occurred_at": datetime,
        "known_at": datetime,
        "source": str,
        "confidence": float,
        "backfilled": bool,
        "payload": str,
        "content_hash": str,
    },
    "item": {
        "item_id": str,
        "source": str,
        "title": str,
        "url": str,
        "lang": str,
        "published_at": datetime,
        "known_at": datetime,
        "summary": str,
        "backfilled": bool,
    },
    "ledger": {
        "seq": int,
        "acts_on": date,
        "strategy": str,
        "revision": int,
        "made_at": datetime,
        "payload": str,
        "previous_hash": str,
        "entry_hash": str,
    },
}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return csv_safe(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value)


def _write_csv(path: Path, columns: Mapping[str, type], rows: Iterable[Row]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[name]) for name in columns] for row in rows)
    path.write_bytes(text.getvalue().encode())


def _write_parquet(path: Path, columns: Mapping[str, type], rows: list[Row]) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise StoreError(
            phrase("Parquet needs pyarrow"), remedy=phrase("pip install pyarrow, or use csv")
        ) from None
    arrow = {
        str: pa.string(),
        int: pa.int64(),
        float: pa.float64(),
        bool: pa.bool_(),
        date: pa.date32(),
        datetime: pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([(name, arrow[kind]) for name, kind in columns.items()])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
