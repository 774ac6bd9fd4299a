"""One recorded answer a stanza, through the product's own fetch, collect and ingest.

``answers/NAME.json`` belongs to the stanza NAME of ``config/feeds.toml``. The content is our own;
the shape, the headers and the oddities are those of the real source::

    {"at": "2026-11-24T12:00:00+00:00",          when it is asked
     "answers": {"https://…": {…}, …},            by address, or by the start of one that ends in *
     "expect": [{"kind": …, "key": …, "known_at": …, "payload": {…}}, …],
     "items": [{"title": …, "url": …, "published_at": …, "known_at": …, "lang": …}, …],
     "problems": ["part of a problem line", …],
     "later": ["2026-20950", …]}                 keys of what is put off: there a day later

An answer holds ``json``, ``text``, ``lines`` (joined), ``zip`` (name -> text) or ``hex``, and may
hold ``status`` (200) and ``headers``; ``encode`` packs the body (gzip, deflate); ``referer`` is
what the Referer has to begin with, else it answers 403. What is asked and not there is answered
404. yfinance is asked too: its own requests go through the same web.
``expect`` names facts that must be in the fresh record with these fields; of ``payload`` those that
are given. A fact of a kind named there that is not named is too much, unless ``"others": true``
stands beside. To add a stanza, add a file: the test finds it.
"""

from __future__ import annotations

import gzip
import io
import json
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from engine.record.store import Store
from engine.service.ingest import ingest
from engine.values import Fact, Item
from feeds.base import Collector, FeedConfig, fetch_settings, find_collector, load_feeds
from feeds.collect import FeedResult, StoreSink, collect
from feeds.fed_futures import FedFutures
from feeds.fetch import Fetcher, HostLimit
from feeds.yahoo import YahooBars, make_ticker, yfinance_history
from feeds.yahoo_options import YahooOptions, yfinance_chains

HERE = Path(__file__).resolve().parent
ANSWERS = HERE / "answers"
SHIPPED = HERE.parents[1] / "config" / "feeds.toml"
CONTACT = "reader@example.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What a source answered, and what must come of it."""

    name: str
    at: datetime
    answers: Mapping[str, Mapping[str, Any]]
    expect: Sequence[Mapping[str, Any]] = ()
    items: Sequence[Mapping[str, Any]] = ()
    later: Sequence[str] = ()
    problems: Sequence[str] = ()
    others: bool = False


@dataclass(slots=True)
class World:
    """The web as recorded; keeps what it was asked."""

    answers: dict[str, Mapping[str, Any]]
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        url = str(request.url)
        found = self.answers.get(url) or next(
            (a for k, a in self.answers.items() if k.endswith("*") and url.startswith(k[:-1])),
            {"status": 404, "text": "not recorded"},
        )
        if not request.headers.get("Referer", "").startswith(found.get("referer", "")):
            found = {"status": 403, "text": "not from our page"}
        headers, body = dict(found.get("headers", {})), body_of(found)
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        etag = headers.get("ETag")
        if etag and request.headers.get("If-None-Match") == etag:
            return httpx.Response(304, headers=raw)
        return httpx.Response(found.get("status", 200), headers=raw, stream=_Bytes(body))


class _Bytes(httpx.SyncByteStream):
    """Sent as it is, so that the product undoes the encoding itself."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Any:
        yield self._body


def body_of(answer: Mapping[str, Any]) -> bytes:
    """The bytes of an answer as they go over the wire."""
    if "json" in answer:
        body = json.dumps(answer["json"]).encode()
    elif "zip" in answer:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in answer["zip"].items():
                archive.writestr(name, "\n".join(text) if isinstance(text, list) else text)
        body = packed.getvalue()
    elif "hex" in answer:
        body = bytes.fromhex(answer["hex"])
    else:
        body = (answer.get("text") or "\n".join(answer.get("lines", ()))).encode()
    return {"gzip": gzip.compress, "deflate": zlib.compress}.get(answer.get("encode"), bytes)(body)


def recordings() -> list[Recording]:
    """Every recording, by name."""
    return [read(path.stem) for path in sorted(ANSWERS.glob("*.json"))]


def read(name: str) -> Recording:
    """The recording of the stanza ``name``."""
    told = json.loads((ANSWERS / f"{name}.json").read_text(encoding="utf-8"))
    return Recording(name=name, **{**told, "at": datetime.fromisoformat(told["at"])})


def stanza(name: str) -> FeedConfig:
    """The stanza as shipped, switched on."""
    (feed,) = load_feeds(SHIPPED).named([name])
    return feed.model_copy(update={"enabled": True})


def ask(
    store: Store, feeds: Sequence[FeedConfig], world: World, at: datetime
) -> tuple[FeedResult, ...]:
    """One round of ``feeds`` at ``at`` into ``store``, items classified, releases made."""
    results = poll(store, feeds, world, at)
    ingest(store, at, classifier=small_classifier)
    return results


_NO_LIMIT = HostLimit(per_second=1e6, burst=1e6)


def poll(
    store: Store, feeds: Sequence[FeedConfig], world: World, at: datetime
) -> tuple[FeedResult, ...]:
    """One round of ``feeds`` at ``at`` into ``store``; the hosts' limits are not waited for."""
    settings = fetch_settings(load_feeds(SHIPPED), version="recorded", contact=CONTACT)
    with (
        Fetcher(
            replace(settings, host_limits={}, default_limit=_NO_LIMIT),
            transport=httpx.MockTransport(world),
            resolve=lambda host, port: ["93.184.216.34"],
            sleep=lambda seconds: None,
        ) as fetcher,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # yfinance uses what pandas deprecates
        summary = collect(
            feeds, fetcher, StoreSink(store), at, force=True, collectors=collectors(world)
        )
    return summary.results


def collectors(world: World) -> Callable[[str], Collector]:
    """The product's collectors; those of Yahoo with yfinance's own requests led into ``world``."""

    def make(kind: str) -> Collector:
        name = kind.partition(":")[2]
        if name not in ("YahooBars", "FedFutures", "YahooOptions"):
            return find_collector(kind)
        session = _session(world)

        def ticker(symbol: str) -> Any:
            return make_ticker(symbol, session)

        def history(symbol: str, start: date, end: date) -> Any:
            return yfinance_history(symbol, start, end, ticker=ticker)

        def chains(symbol: str, today: date, ahead: Sequence[int]) -> Any:
            return yfinance_chains(symbol, today, ahead, ticker=ticker)

        if name == "YahooOptions":
            return YahooOptions(chains)
        return YahooBars(history) if name == "YahooBars" else FedFutures(history)

    return make


def _session(world: World) -> Any:
    import requests
    from requests.adapters import HTTPAdapter

    class IntoTheWorld(HTTPAdapter):
        def send(self, request: Any, **how: Any) -> Any:
            if "getcrumb" in request.url:
                answer = httpx.Response(200, text="crumb")
            else:
                answer = world(httpx.Request("GET", request.url))
            got = requests.Response()
            got.status_code, got.url, got.request = answer.status_code, request.url, request
            got.headers.update(answer.headers)
            got._content = answer.read()
            return got

    session = requests.Session()
    session.mount("https://", IntoTheWorld())
    return session


@cache
def small_classifier() -> Any:
    """The product's classifier learnt from a sixth of its headlines: what it says is not tested
    here, and the whole takes longer than all the rest."""
    from engine.news.classify import fit
    from engine.service.classifier import labelled_file, read_labelled

    return fit(read_labelled(labelled_file(SHIPPED.parent))[1][::6], calibrate=False)


def in_record(store: Store) -> tuple[list[Fact], list[Item]]:
    """Everything that came in."""
    return list(store.facts()), [entry.item for entry in store.stored_items()]


def agrees(fact: Fact | Item, wanted: Mapping[str, Any]) -> bool:
    """Whether ``fact`` has every field that is wanted of it."""
    for name, value in wanted.items():
        told = getattr(fact, name)
        if name == "payload":
            if any(told.get(k) != v for k, v in value.items()):
                return False
        elif name.endswith("_at"):
            if told != datetime.fromisoformat(value):
                return False
        elif told != value:
            return False
    return True
