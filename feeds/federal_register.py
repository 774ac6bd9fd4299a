"""Rules and notices from the Federal Register's public interface.

A published document is a ``rule`` fact under its document number. The public-inspection list shows
the same documents up to days earlier; there each is a ``rule_inspection`` fact, so that the two
sources do not overwrite each other's version by turns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

from config.schema import Many, Strict
from engine.clock import NEW_YORK, at_new_york
from engine.errors import FeedError
from engine.news.clean import canonical_url, clean_text
from engine.news.stamps import is_future, parse_stamp
from engine.phrases import phrase
from engine.values import Fact
from feeds.base import (
    MAX_ENTRIES,
    MAX_PUT_OFF,
    DocumentCollector,
    FeedConfig,
    Parsed,
    falls_due,
    newest_stamps,
    options_of,
    read_json,
)

_NUMBER = re.compile(r"[A-Za-z0-9-]{4,30}\Z")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_ISSUE_ONLINE = time(6, 0)
"""New York; the day's issue is on the web by then."""


class RegisterOptions(Strict):
    """agencies: slugs; a document of none of them is left out; by default any."""

    agencies: Many[str] = ()


class FederalRegister(DocumentCollector):
    """Published documents and the public-inspection list."""

    Options = RegisterOptions
    accept = "application/json"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """Facts ``rule`` or ``rule_inspection``, told apart by the filing time of the latter."""
        answer = read_json(body, feed)
        results = answer.get("results") if isinstance(answer, dict) else None
        if isinstance(answer, dict) and results is None and answer.get("count") == 0:
            results = []  # the interface leaves the list out when nothing matches
        if not isinstance(results, list):
            raise FeedError(feed.name, phrase("no results in the answer"))
        agencies = frozenset(options_of(feed, RegisterOptions).agencies)
        wanted = (
            entry
            for entry in results[:MAX_ENTRIES]
            if isinstance(entry, dict) and (not agencies or agencies & _agencies(entry))
        )
        return _parsed(wanted, feed, fetched_at)


def _agencies(entry: Mapping[str, Any]) -> frozenset[str]:
    listed = entry.get("agencies")
    return frozenset(
        str(agency.get("slug", ""))
        for agency in (listed if isinstance(listed, list) else ())
        if isinstance(agency, dict)
    )


def _parsed(entries: Iterable[Mapping[str, Any]], feed: FeedConfig, seen_at: datetime) -> Parsed:
    facts: list[Fact] = []
    problems: list[str] = []
    n_put_off = 0
    for entry in entries:
        number = str(entry.get("document_number", ""))
        kind, at = _when(entry)
        published_on = _day(entry.get("publication_date"))
        if not _NUMBER.match(number):
            problems.append(
                phrase(
                    "'{clean_text}' is not a document number",
                    clean_text=clean_text(number, limit=40),
                )
            )
        elif at is not None and falls_due(at, seen_at):
            n_put_off += 1
            problems.append(
                phrase(
                    "{number} is dated {at}: put off until then",
                    number=str(number),
                    at=f"{at:%Y-%m-%d}",
                )
            )
        elif at is None or is_future(at, seen_at) or _absurd(published_on, seen_at):
            problems.append(phrase("{number} has no usable date", number=str(number)))
        else:
            facts.append(
                Fact(
                    kind=kind,
                    key=number,
                    occurred_at=at,
                    known_at=seen_at,
                    source=feed.source,
                    payload=_payload(entry, number, published_on),
                )
            )
    return Parsed(
        facts=tuple(facts),
        problems=tuple(problems[:20]),
        stamps=newest_stamps(fact.occurred_at for fact in facts),
        put_off=n_put_off,
    )


def _when(entry: Mapping[str, Any]) -> tuple[str, datetime | None]:
    if entry.get("filed_at"):
        return "rule_inspection", parse_stamp(str(entry["filed_at"]))
    day = _day(entry.get("publication_date"))
    return "rule", None if day is None else at_new_york(day, _ISSUE_ONLINE)


def _absurd(published_on: date | None, seen_at: datetime) -> bool:
    today = seen_at.astimezone(NEW_YORK).date()
    return published_on is not None and published_on > today + MAX_PUT_OFF


def _payload(entry: Mapping[str, Any], number: str, published_on: date | None) -> dict[str, Any]:
    effective_on = _day(entry.get("effective_on"))
    return {
        "document_number": number,
        "type": clean_text(str(entry.get("type") or ""), limit=60),
        "title": clean_text(str(entry.get("title") or ""), limit=500),
        "abstract": clean_text(str(entry.get("abstract") or ""), limit=4_000),
        "action": clean_text(str(entry.get("action") or ""), limit=200),
        "publication_on": None if published_on is None else published_on.isoformat(),
        "effective_on": None if effective_on is None else effective_on.isoformat(),
        "agencies": sorted(_agencies(entry) - {""}),
        "docket_ids": _texts(entry.get("docket_ids") or entry.get("docket_numbers")),
        "cfr": _cfr(entry.get("cfr_references")),
        "url": canonical_url(str(entry.get("html_url") or "")),
    }


def _cfr(references: Any) -> list[str]:
    """``15 CFR 744`` from the interface's title and part numbers."""
    listed = references if isinstance(references, list) else []
    pairs = [(r.get("title"), r.get("part")) for r in listed[:50] if isinstance(r, dict)]
    return [f"{t} CFR {p}" for t, p in pairs if isinstance(t, int) and isinstance(p, int)]


def _texts(values: Any) -> list[str]:
    listed = values if isinstance(values, list) else []
    return [clean_text(str(value), limit=80) for value in listed[:50]]


def _day(value: Any) -> date | None:
    if not isinstance(value, str) or not _ISO_DAY.match(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
