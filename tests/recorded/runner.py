"""One recorded answer a stanza, through the product's own fetch, collect and ingest.

``answers/NAME.json`` belongs to the stanza NAME of ``config/feeds.toml``. The content is our own;
the shape, the headers and the oddities are those of the real source::

    {"at": "2026-11-24T12:00:00+00:00",          when it is asked
     "answers": {"https://…": {…}, …},            by address, or by the start of one that ends in *
     "expect": [{"kind": …, "key": …, "known_at": …, "payload": {…}}, …],
     "problems": ["part of a problem line", …]}

An answer holds ``json``, ``text``, ``lines`` (joined), ``zip`` (name -> text) or ``hex``, and may
hold ``status`` (200) and ``headers``; ``encode`` packs the body (gzip, deflate). What is asked and
not there is answered 404. ``expect`` names facts that must be in the fresh record with these
fields; of ``payload`` those that are given. A fact of a kind named there that is not named is too
much, unless ``"others": true`` stands beside. To add a stanza, add a file: the test finds it.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from engine.record.store import Store
from engine.service.ingest import ingest
from engine.values import Fact, Item
from feeds.base import FeedConfig, fetch_settings, load_feeds
from feeds.collect import FeedResult, StoreSink, collect
from feeds.fetch import Fetcher

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
        headers, body = dict(found.get("headers", {})), body_of(found)
        etag = headers.get("ETag")
        if etag and request.headers.get("If-None-Match") == etag:
            return httpx.Response(304, headers=headers)
        return httpx.Response(found.get("status", 200), headers=headers, stream=_Bytes(body))


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
    settings = fetch_settings(load_feeds(SHIPPED), version="recorded", contact=CONTACT)
    with Fetcher(
        settings,
        transport=httpx.MockTransport(world),
        resolve=lambda host, port: ["93.184.216.34"],
        sleep=lambda seconds: None,
    ) as fetcher:
        summary = collect(feeds, fetcher, StoreSink(store), at, force=True)
    ingest(store, at, classifier=_classifier)
    return summary.results


def _classifier() -> Any:
    from engine.service.classifier import load_classifier
    from engine.service.folders import data_folder

    return load_classifier(data_folder(), SHIPPED.parent)


def in_record(store: Store) -> tuple[list[Fact], list[Item]]:
    """Everything that came in."""
    return list(store.facts()), [entry.item for entry in store.stored_items()]


def agrees(fact: Fact, wanted: Mapping[str, Any]) -> bool:
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
