"""Filings of one company from the SEC's submissions file.

Each filing is a ``filing`` fact under its accession number; ``occurred_at`` is the moment the SEC
accepted it. The SEC asks every client for a contact address and blocks for about ten minutes those
that ask more than ten times a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from config.schema import Many, Strict
from engine.errors import FeedError
from engine.news.clean import clean_text
from engine.news.stamps import is_future, parse_stamp
from engine.phrases import phrase
from engine.values import Fact
from feeds.base import (
    MAX_ENTRIES,
    DocumentCollector,
    FeedConfig,
    Parsed,
    falls_due,
    newest_stamps,
    options_of,
    read_json,
)

_ACCESSION = re.compile(r"\d{10}-\d{2}-\d{6}\Z")
_FILE = re.compile(r"[\w./-]{1,200}\Z", re.A)
_COLUMNS = (
    "accessionNumber", "form", "acceptanceDateTime", "filingDate", "reportDate", "items",
    "primaryDocument", "primaryDocDescription",
)  # fmt: skip


class EdgarOptions(Strict):
    """cik: the company. forms: what to keep; 8-K, 10-Q, 10-K and their amendments."""

    cik: Annotated[str, Field(pattern=r"^\d{10}$"), Field(description="ten digits")]
    forms: Many[str] = ("8-K", "8-K/A", "10-Q", "10-Q/A", "10-K", "10-K/A")


class EdgarSubmissions(DocumentCollector):
    """The submissions of one company."""

    Options = EdgarOptions
    accept = "application/json"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """Facts ``filing`` of the wanted forms; ``FeedError`` for another company's file."""
        answer = read_json(body, feed)
        options = options_of(feed, EdgarOptions)
        cik = options.cik
        if not isinstance(answer, dict) or str(answer.get("cik", "")).zfill(10) != cik:
            raise FeedError(feed.name, phrase("the answer is not about CIK {cik}", cik=cik))
        filings = answer.get("filings")
        recent = filings.get("recent") if isinstance(filings, dict) else None
        rows = _rows(recent, feed)
        wanted = [row for row in rows if row["form"] in options.forms]
        return _parsed(wanted, cik, clean_text(str(answer.get("name", "")), limit=120), feed,
                       fetched_at)  # fmt: skip


def _rows(recent: Any, feed: FeedConfig) -> list[dict[str, str]]:
    """The columns of ``recent`` turned into rows; ``FeedError`` unless all are equally long."""
    columns = [recent.get(name) for name in _COLUMNS] if isinstance(recent, dict) else [None]
    lists = [column for column in columns if isinstance(column, list)]
    if len(lists) < len(columns) or len({len(column) for column in lists}) > 1:
        raise FeedError(feed.name, phrase("filings.recent has missing or uneven columns"))
    table = zip(*(column[:MAX_ENTRIES] for column in lists), strict=True)
    return [dict(zip(_COLUMNS, map(str, row), strict=True)) for row in table]


def _parsed(
    rows: Iterable[Mapping[str, str]], cik: str, entity: str, feed: FeedConfig, seen_at: datetime
) -> Parsed:
    facts: list[Fact] = []
    problems: list[str] = []
    n_put_off = 0
    for row in rows:
        accession = row["accessionNumber"]
        accepted_at = parse_stamp(row["acceptanceDateTime"])
        if not _ACCESSION.match(accession):
            problems.append(
                phrase(
                    "'{clean_text}' is not an accession number",
                    clean_text=clean_text(accession, limit=40),
                )
            )
        elif accepted_at is not None and falls_due(accepted_at, seen_at):
            n_put_off += 1
            problems.append(phrase("{accession} is stamped ahead: put off", accession=accession))
        elif accepted_at is None or is_future(accepted_at, seen_at):
            problems.append(
                phrase("{accession} has no usable time of acceptance", accession=accession)
            )
        else:
            payload = _payload(row, accession, accepted_at, cik, entity)
            facts.append(
                Fact(
                    kind="filing",
                    key=accession,
                    occurred_at=accepted_at,
                    known_at=seen_at,
                    source=feed.source,
                    payload=payload,
                )
            )
    return Parsed(
        facts=tuple(facts),
        problems=tuple(problems[:20]),
        stamps=newest_stamps(fact.occurred_at for fact in facts),
        put_off=n_put_off,
    )


def _payload(
    row: Mapping[str, str], accession: str, accepted_at: datetime, cik: str, entity: str
) -> dict[str, Any]:
    document = row["primaryDocument"] if _FILE.match(row["primaryDocument"]) else ""
    folder = f"https://www.sec.gov/Archives/edgar/data/{int(cik)}/{accession.replace('-', '')}"
    return {
        "accession": accession,
        "form": clean_text(row["form"], limit=20),
        "accepted_at": accepted_at.isoformat().replace("+00:00", "Z"),
        "filed_on": row["filingDate"][:10],
        "report_on": row["reportDate"][:10] or None,
        "items": [item.strip() for item in clean_text(row["items"], limit=200).split(",") if item],
        "description": clean_text(row["primaryDocDescription"], limit=200),
        "url": f"{folder}/{document}",
        "cik": cik,
        "entity": entity,
    }
