"""RSS, Atom and RDF: bytes to entries as their publisher wrote them, by two roads.

The strict road (lxml: no entities, no network, no huge trees, no recovery) reads well-formed UTF-8
RSS 2.0 and Atom 1.0; feedparser reads the rest, inside the sandbox only. A corpus in the tests
holds both to the same entries.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from feeds.base import MAX_ENTRIES

MAX_RAW_TEXT = 60_000
"""Characters of one raw field that are looked at; cleaning cuts to a third of it at most."""


class RawEntry(NamedTuple):
    """One entry as its publisher wrote it; "" where a field is missing."""

    title: str
    link: str
    stamp: str
    summary: str
    publisher: str
    guid: str = ""


@dataclass(frozen=True, slots=True)
class RawFeed:
    """The entries of a document, at most ``MAX_ENTRIES``, and how many there were."""

    entries: tuple[RawEntry, ...]
    n_found: int


# --- the strict path ------------------------------------------------------------------------

_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_UTF8_DECLARATION = re.compile(
    rb"\A\s*<\?xml\s+version=[\"']1\.0[\"'](?:\s+encoding=[\"'](?i:utf-?8)[\"'])?"
    rb"(?:\s+standalone=[\"'][a-z]+[\"'])?\s*\?>"
)
# What the two parsers could read differently: left to feedparser.
_NOT_STRICT = (b"<!DOCTYPE", b"<!ENTITY", b"xml:base", b'"xhtml"', b"'xhtml'", b"\x00")


def parse_strict(body: bytes) -> RawFeed | None:
    """The entries of a well-formed UTF-8 RSS 2.0 or Atom 1.0 document; None for anything else.

    None is no verdict: the tolerant parser decides.
    """
    from lxml import etree

    body = body.removeprefix(b"\xef\xbb\xbf")
    if body[:5] == b"<?xml" and not _UTF8_DECLARATION.match(body):
        return None
    if any(mark in body for mark in _NOT_STRICT):
        return None
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
        encoding="utf-8",
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root.tag == "rss" and root.get("version", "").startswith("2."):
        channel = root.find("channel")
        return None if channel is None else _rss(channel.findall("item"))
    if root.tag == _ATOM + "feed":
        return _atom(root.findall(_ATOM + "entry"))
    return None


def _rss(nodes: Sequence[Any]) -> RawFeed:
    return RawFeed(tuple(_rss_entry(node) for node in nodes[:MAX_ENTRIES]), len(nodes))


def _rss_entry(node: Any) -> RawEntry:
    found: dict[str, str] = {}
    for child in node:
        tag = child.tag
        if tag == "guid":
            found["id"] = _repaired((child.text or "").strip())
            if child.get("isPermaLink", "true").lower() == "true":
                found["guid"] = child.text or ""
        elif tag == _ATOM + "link":
            if child.get("rel", "alternate") == "alternate":
                found.setdefault("atom", child.get("href", ""))
        elif tag in _RSS_TAGS:
            text = child.text or ""
            if len(child):  # markup that was not escaped
                text = "".join(child.itertext())
            if text.strip():
                found.setdefault(tag, _repaired(text.strip()))
    get = found.get
    return RawEntry(
        title=get("title", ""),
        link=(get("link") or get("atom") or get("guid") or "").strip(),
        stamp=get("pubDate") or get(_DC + "date") or "",
        summary=(get("description") or get(_CONTENT) or "")[:MAX_RAW_TEXT],
        publisher=get("source", ""),
        guid=get("id", ""),
    )


def _repaired(text: str) -> str:
    """``text`` with UTF-8 that somebody read as Latin-1 read rightly, as feedparser does."""
    if text.isascii():
        return text
    try:
        return text.encode("iso-8859-1").decode("utf-8")
    except UnicodeError:
        return text


_RSS_TAGS = frozenset(("title", "link", "pubDate", _DC + "date", "description", _CONTENT, "source"))


def _atom(nodes: Sequence[Any]) -> RawFeed:
    return RawFeed(tuple(_atom_entry(node) for node in nodes[:MAX_ENTRIES]), len(nodes))


def _atom_entry(node: Any) -> RawEntry:
    found: dict[str, str] = {}
    for child in node:
        tag = child.tag
        if not tag.startswith(_ATOM):
            continue
        name = tag[len(_ATOM) :]
        if name == "link":
            if child.get("rel", "alternate") == "alternate":
                found.setdefault("link", child.get("href", ""))
        elif name in ("id", "title", "summary", "content", "published", "updated"):
            text = "".join(child.itertext()) if len(child) else child.text or ""
            if text.strip():
                found.setdefault(name, _repaired(text.strip()))
    get = found.get
    return RawEntry(
        title=get("title", ""),
        link=(get("link") or get("id", "")).strip(),
        stamp=get("published") or get("updated") or "",
        summary=(get("summary") or get("content") or "")[:MAX_RAW_TEXT],
        publisher="",
        guid=get("id", ""),
    )


# --- the tolerant path (runs in the sandbox) ------------------------------------------------


def parse_tolerant(body: bytes) -> RawFeed:
    """Whatever feedparser makes of ``body``; ``ValueError`` when it is no feed at all.

    feedparser's own sanitiser, link resolver and dates are not used: the first two cost more than
    the parsing, and its dates guess (``2026-13-45`` becomes a day in 2027).
    """
    import feedparser

    try:
        parsed = feedparser.parse(
            _utf16_to_utf8(body),
            sanitize_html=False,
            resolve_relative_uris=False,
            response_headers={"content-type": "application/xml"},
        )
    except MemoryError:
        raise
    except Exception as error:  # about one mutated document in 2,000 trips over its own lists
        raise ValueError(f"damaged: {type(error).__name__} {str(error)[:80]}") from error
    entries = parsed.entries
    if not parsed.get("version"):
        raise ValueError("not a feed")
    if not entries and parsed.get("bozo"):
        raise ValueError(f"damaged: {str(parsed.get('bozo_exception', ''))[:120]}")
    return RawFeed(tuple(_tolerant_entry(entry) for entry in entries[:MAX_ENTRIES]), len(entries))


def _utf16_to_utf8(body: bytes) -> bytes:
    """feedparser finds no entries in UTF-16 without a declaration; the byte-order mark says it."""
    if body[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return body
    text = body.decode("utf-16", "replace")
    return re.sub(r"\A(<\?xml[^>]*?)\s+encoding=[\"'][^\"']*[\"']", r"\1", text).encode()


def _tolerant_entry(entry: Any) -> RawEntry:
    def text(value: Any) -> str:
        return value if isinstance(value, str) else ""

    summary = text(entry.get("summary"))
    for part in entry.get("content") or ():
        summary = summary or text(part.get("value"))
    source = entry.get("source")
    return RawEntry(
        title=text(entry.get("title"))[:MAX_RAW_TEXT],
        link=text(entry.get("link")).strip(),
        stamp=text(entry.get("published")) or text(entry.get("updated")),
        summary=summary[:MAX_RAW_TEXT],
        publisher=text(source.get("title")) if isinstance(source, dict) else "",
        guid=text(entry.get("id")).strip(),
    )
