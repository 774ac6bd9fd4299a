"""What waits for its hour is looked at again, though the same bytes come, or a 304."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from feeds.base import FeedConfig, find_collector
from feeds.collect import MemorySink, collect
from feeds.fed_futures import FedFutures
from feeds.wire import Fetched
from feeds.yahoo import RawBar, RawHistory


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Web:
    """One body for ever, with an ETag that it honours."""

    def __init__(self, body: bytes):
        self.body = body
        self.asked_with: list[str] = []

    def get(self, request, now):
        self.asked_with.append(request.etag)
        same = request.etag == '"a"'
        body = b"" if same else self.body
        return Fetched(url=request.url, body=body, not_modified=same, etag='"a"')


def stanza(kind: str, **options: object) -> FeedConfig:
    return FeedConfig(name="f", kind=kind, url="https://example.com/f", options=options)


def rule(number: str, day: str) -> dict[str, object]:
    return {"document_number": number, "title": "Export controls", "publication_date": day,
            "agencies": []}  # fmt: skip


def entry(n: int, stamp: str) -> str:
    return (
        f"<item><title>Headline {n}</title><link>https://example.com/{n}</link>"
        f"<pubDate>{stamp}</pubDate></item>"
    )


REGISTER = json.dumps({"results": [rule("2026-20439", "2026-10-05"),
                                   rule("2026-19001", "2026-09-20")]}).encode()  # fmt: skip
HEADLINES = (
    '<rss version="2.0"><channel>'
    + entry(1, "Sat, 03 Oct 2026 08:00:00 GMT")
    + entry(2, "Sat, 03 Oct 2026 11:00:00 GMT")
    + "</channel></rss>"
).encode()
FILINGS = json.dumps({"cik": "1045810", "name": "N", "filings": {"recent": {
    "accessionNumber": ["0001045810-26-000002", "0001045810-26-000001"],
    "form": ["8-K", "8-K"],
    "acceptanceDateTime": ["2026-10-03T20:21:00.000Z", "2026-10-01T20:21:00.000Z"],
    "filingDate": ["2026-10-03", "2026-10-01"], "reportDate": ["", ""], "items": ["", ""],
    "primaryDocument": ["a.htm", "b.htm"], "primaryDocDescription": ["8-K", "8-K"],
}}}).encode()  # fmt: skip
MODELS = json.dumps([
    {"id": f"Lab/M{n}", "createdAt": f"2026-10-0{n}T00:00:00.000Z", "sha": "a" * 40,
     "safetensors": {"total": 8 * 10**9}} for n in (4, 1)
]).encode()  # fmt: skip

CASES = {
    "a rule dated Monday": (
        stanza("feeds.federal_register:FederalRegister"), REGISTER,
        ["2026-10-03T08:15", "2026-10-05T11:30", "2026-10-06T13:00"],
    ),
    "an item two hours ahead": (
        stanza("feeds.rss:RssCollector"), HEADLINES,
        ["2026-10-03T09:00", "2026-10-03T10:30", "2026-10-03T12:00"],
    ),
    "a filing stamped ahead": (
        stanza("feeds.edgar:EdgarSubmissions", cik="0001045810"), FILINGS,
        ["2026-10-03T16:30", "2026-10-03T20:30", "2026-10-03T21:00"],
    ),
    "a repository of tomorrow": (
        stanza("feeds.hugging_face:HuggingFaceOrg", org="Lab"), MODELS,
        ["2026-10-03T12:00", "2026-10-04T06:00", "2026-10-04T12:00"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_was_too_early_is_read_when_its_hour_has_come(name):
    """Until then the document is asked for whole; afterwards it is unchanged as ever."""
    feed, body, hours = CASES[name]
    web, sink = Web(body), MemorySink()

    new = [
        collect([feed], web, sink, at(hour), force=True, collectors=find_collector).results[0].new
        for hour in hours
    ]

    assert new == [1, 1, 0]
    assert web.asked_with == ["", "", '"a"']


def test_a_price_of_an_unfinished_session_is_read_after_it():
    """The same answers at 16:10 and 18:10 New York: the second time the price of the day counts."""

    def history(symbol: str, start: date, end: date) -> RawHistory:
        bars = tuple(
            RawBar(session_on=date(2026, 10, day), open=96.0, high=96.0, low=96.0, close=96.0,
                   volume=1.0) for day in (1, 2)
        )  # fmt: skip
        return RawHistory(symbol=symbol, currency="USD", bars=bars)

    feed, sink = stanza("feeds.fed_futures:FedFutures"), MemorySink()
    new = [
        collect([feed], Web(b""), sink, at(hour), force=True,
                collectors=lambda kind: FedFutures(history)).results[0].new
        for hour in ("2026-10-02T20:10", "2026-10-02T22:10", "2026-10-02T23:10")
    ]  # fmt: skip

    assert new == [14, 14, 0]
