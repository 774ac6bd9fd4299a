"""RSS, Atom and RDF: bytes to entries as their publisher wrote them, by two roads.

The strict road (lxml: no entities, no network, no huge trees, no recovery) reads well-formed UTF-8
RSS 2.0 and Atom 1.0; feedparser reads the rest, inside the sandbox only. A corpus in the tests
holds both to the same entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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
    updated: str = ""


@dataclass(frozen=True, slots=True)
class RawFeed:
    """The entries of a document, at most ``MAX_ENTRIES``, and how many there were."""

    entries: tuple[RawEntry, ...]
    n_found: int


# --- the strict path ------------------------------------------------------------------------

_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_MEDIA = "{http://search.yahoo.com/mrss/}"
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
    try:
        if root.tag == "rss" and root.get("version", "").startswith("2."):
            channel = root.find("channel")
            if channel is None or _hides_items(root, "") or _hides_items(channel, "item"):
                return None
            return _rss(channel.findall("item"))
        if root.tag == _ATOM + "feed" and not _hides_items(root, _ATOM + "entry"):
            return _atom(root.findall(_ATOM + "entry"))
    except _UnsureError:
        return None
    return None


def _hides_items(parent: Any, known: str) -> bool:
    """Whether items stand here under another spelling than ``known``, or beside the channel."""
    names = {child.tag for child in parent} - {known}
    return any(name.rpartition("}")[2].lower() in ("item", "entry") for name in names)


def _rss(nodes: Sequence[Any]) -> RawFeed:
    return RawFeed(tuple(_rss_entry(node) for node in nodes[:MAX_ENTRIES]), len(nodes))


def _rss_entry(node: Any) -> RawEntry:
    found: dict[str, str] = {}
    others: set[str] = set()
    for child in node:
        tag = child.tag
        if tag == "guid":
            found["id"] = _repaired((child.text or "").strip())
            if child.get("isPermaLink", "true").lower() == "true":
                found["guid"] = child.text or ""
        elif tag == _ATOM + "link":
            if _is_page(child):
                found["link"] = child.get("href", "")
        elif tag in _RSS_TAGS:
            text = child.text or ""
            if len(child):  # markup that was not escaped
                text = "".join(child.itertext())
            if tag == "link":
                text = text.strip() or child.get("href", "").strip()
                found[tag] = text or found.get(tag, "")
            elif text.strip():
                found.setdefault(tag, _repaired(text.strip()))
        else:
            others.update(_local_names(child))
    get = found.get
    entry = RawEntry(
        title=get("title", ""),
        link=(get("link") or get("guid") or "").strip(),
        stamp=get("pubDate") or get(_DC + "date") or "",
        summary=(get("description") or get(_CONTENT) or "")[:MAX_RAW_TEXT],
        publisher=get("source", ""),
        guid=get("id", ""),
        updated=get(_DC + "date", ""),
    )
    return _sure(entry, others)


_PAGES = frozenset(("", "text/html", "html", "application/xhtml+xml", "xhtml"))


def _is_page(link: Any) -> bool:
    """Whether an Atom link leads to what a person reads: the last of these counts."""
    return link.get("rel", "alternate") == "alternate" and link.get("type", "").lower() in _PAGES


# What else may tell a part of an entry, by local name, in the many namespaces that were ever used.
_ELSEWHERE = {
    "title": frozenset(("title",)),
    "link": frozenset(("link", "id", "guid", "a")),
    "stamp": frozenset(("pubdate", "date", "published", "updated", "issued", "modified", "created",
                        "publicationdate", "lastbuilddate")),
    "summary": frozenset(("description", "summary", "abstract", "body", "encoded", "content",
                          "fullitem")),
}  # fmt: skip


class _UnsureError(Exception):
    """A part of an entry may stand where the strict road does not look."""


def _local_names(node: Any) -> Iterator[str]:
    """Of ``node``, and of its children where it is a group of media; a picture tells nothing."""
    if not node.tag.startswith(_MEDIA + "content"):
        yield node.tag.rpartition("}")[2].lower()
    if len(node):
        yield from (child.tag.rpartition("}")[2].lower() for child in node
                    if child.tag != _MEDIA + "content")  # fmt: skip


def _sure(entry: RawEntry, others: set[str]) -> RawEntry:
    """``entry``, unless something that it lacks may be among the tags that were not read."""
    if others:
        for part, names in _ELSEWHERE.items():
            if not getattr(entry, part) and not names.isdisjoint(others):
                raise _UnsureError
    return entry


def _repaired(text: str) -> str:
    """``text`` with UTF-8 that somebody read as Latin-1 or windows-1252 read rightly.

    As feedparser does for the first; the second is the commoner of the two ("â€™").
    """
    if text.isascii():
        return text
    for charset in ("iso-8859-1", "cp1252"):
        try:
            return text.encode(charset).decode("utf-8")
        except UnicodeError:
            continue
    return text


_RSS_TAGS = frozenset(("title", "link", "pubDate", _DC + "date", "description", _CONTENT, "source"))


def _atom(nodes: Sequence[Any]) -> RawFeed:
    return RawFeed(tuple(_atom_entry(node) for node in nodes[:MAX_ENTRIES]), len(nodes))


_ATOM_TAGS = ("id", "title", "summary", "content", "published", "updated")


def _atom_entry(node: Any) -> RawEntry:
    found: dict[str, str] = {}
    others: set[str] = set()
    for child in node:
        tag = child.tag
        name = tag[len(_ATOM) :] if tag.startswith(_ATOM) else ""
        if name == "link":
            if _is_page(child):
                found["link"] = child.get("href", "")
        elif name in _ATOM_TAGS:
            text = "".join(child.itertext()) if len(child) else child.text or ""
            if text.strip() and child.get("type", "text") in ("text", "html", "text/html"):
                found.setdefault(name, _repaired(text.strip()))
            elif text.strip() or child.get("mode"):
                others.add(name)
        elif name != "source":
            others.update(_local_names(child))
    get = found.get
    entry = RawEntry(
        title=get("title", ""),
        link=(get("link") or get("id", "")).strip(),
        stamp=get("published") or get("updated") or "",
        summary=(get("summary") or get("content") or "")[:MAX_RAW_TEXT],
        publisher="",
        guid=get("id", ""),
        updated=get("updated", ""),
    )
    return _sure(entry, others)


# --- the tolerant path (runs in the sandbox) ------------------------------------------------


def parse_tolerant(body: bytes) -> RawFeed:
    """Whatever feedparser makes of ``body``; ``ValueError`` when it is no feed at all.

    feedparser's own sanitiser, link resolver and dates are not used: the first two cost more than
    the parsing, and its dates guess (``2026-13-45`` becomes a day in 2027).
    """
    import feedparser

    try:
        parsed = feedparser.parse(
            body,
            sanitize_html=False,
            resolve_relative_uris=False,
            response_headers={"content-type": "application/xml"},
        )
    except MemoryError:
        raise
    except Exception as error:  # about one mutated document in 2,000 trips over its own lists
        raise ValueError(f"damaged: {type(error).__name__} {str(error)[:80]}") from error
    entries = parsed.entries
    if not parsed.get("version") and not any(e.get("title") or e.get("summary") for e in entries):
        raise ValueError("not a feed")
    if not entries and parsed.get("bozo"):
        raise ValueError(f"damaged: {str(parsed.get('bozo_exception', ''))[:120]}")
    return RawFeed(tuple(_tolerant_entry(entry) for entry in entries[:MAX_ENTRIES]), len(entries))


def _tolerant_entry(entry: Any) -> RawEntry:
    def text(value: Any) -> str:
        return value if isinstance(value, str) else ""

    summary = text(entry.get("summary"))
    for part in entry.get("content") or ():
        summary = summary or text(part.get("value"))
    source = entry.get("source")
    return RawEntry(
        title=_repaired(text(entry.get("title"))[:MAX_RAW_TEXT]),
        link=(text(entry.get("link")) or _address(text(entry.get("id")))).strip(),
        stamp=text(entry.get("published")),
        summary=_repaired(summary[:MAX_RAW_TEXT]),
        publisher=text(source.get("title")) if isinstance(source, dict) else "",
        guid=text(entry.get("id")).strip(),
        updated=text(dict.get(entry, "updated")) or text(entry.get("created")),
    )


def _address(guid: str) -> str:
    return guid if guid.startswith(("https://", "http://")) else ""
