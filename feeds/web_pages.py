"""What is read off a web page: its tree, what is seen of a node, and its tables as grids.

Every page is hostile: bytes, rows and columns are bounded, nothing is fetched, nothing is run.
Tables come from HTML, with cells that span rows and columns repeated in each place they cover, and
from Markdown, which documentation sites send under ``.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from engine.errors import FeedError
from engine.phrases import phrase
from feeds.base import FeedConfig

MAX_PAGE_BYTES = 2 * 1024 * 1024
"""The largest real page read here has about 700 kB; a tree takes up to thirty times the bytes."""

MAX_TABLES, MAX_ROWS, MAX_COLUMNS = 100, 400, 40
MAX_CELL_CHARS = 300

Table = Sequence[Sequence[str]]
"""Rows of cells, all of one length; a cell that spans several places stands in each of them."""

_WALL = re.compile(rb"acw_sc__v2|captcha|cf-challenge|challenge-platform", re.I)


def page_tree(body: bytes, feed: FeedConfig) -> Any:
    """The root of a page in UTF-8; ``FeedError`` for what is no page, or one too large."""
    from lxml import etree, html

    if len(body) > MAX_PAGE_BYTES:
        raise FeedError(
            feed.name,
            phrase(
                "the page has more than {max_page_bytes} MiB",
                max_page_bytes=MAX_PAGE_BYTES // 2**20,
            ),
        )
    try:
        return html.document_fromstring(
            body, parser=html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
        )
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        raise FeedError(feed.name, phrase("the answer is no web page")) from None


def seen_text(node: Any) -> str:
    """What is seen of ``node``, without the mark that links a heading to itself."""
    parts = (t for t in node.itertext() if t.strip("\u200b #"))
    return " ".join(" ".join(parts).split())


def redesigned(body: bytes, feed: FeedConfig, what: str) -> FeedError:
    """Why a page holds no ``what``: a bot wall's page, or another design. Never plain silence."""
    if len(body) < 100_000 and _WALL.search(body):
        return FeedError(feed.name, phrase("a bot wall's page came instead"), state="blocked")
    return FeedError(feed.name, phrase("the page has no {what}: it was redesigned", what=what))


def is_torn(body: bytes) -> bool:
    """Whether the end of an HTML page is missing: the rest comes under the same validators."""
    return b"</html" not in body[-4_096:].lower()


# --- tables -----------------------------------------------------------------------------------


def tables(body: bytes, feed: FeedConfig) -> Iterator[Table]:
    """The tables of a page in HTML, or of a text in Markdown."""
    if not re.search(rb"<table[\s>]", body, re.I):
        if len(body) > MAX_PAGE_BYTES:
            raise FeedError(
                feed.name,
                phrase(
                    "the text has more than {max_page_bytes} MiB",
                    max_page_bytes=MAX_PAGE_BYTES // 2**20,
                ),
            )
        yield from piped(body.decode("utf-8", "replace"))
        return
    for found, table in enumerate(page_tree(body, feed).iter("table")):
        if found >= MAX_TABLES:
            return
        for node in table.xpath(_STRUCK):
            node.clear(keep_tail=True)
        yield _grid(table)


_STRUCK = ".//del | .//s | .//strike | .//*[contains(@style, 'line-through')]"
"""What a page shows as no longer so is not read."""


def _grid(table: Any) -> Table:
    """Row by row, with the cells from above that still reach down."""
    rows: list[list[str]] = []
    reaching: dict[int, tuple[int, str]] = {}  # column -> rows still to cover, text
    for row in table.iter("tr"):
        if len(rows) >= MAX_ROWS or next(row.iterancestors("table"), None) is not table:
            continue
        cells, below = [""] * 0, dict[int, tuple[int, str]]()
        own = (cell for cell in row if cell.tag in ("td", "th"))
        while len(cells) < MAX_COLUMNS:
            at = len(cells)
            if at in reaching:
                left, text = reaching[at]
                cells.append(text)
                if left > 1:
                    below[at] = (left - 1, text)
                continue
            cell = next(own, None)
            if cell is None:
                if not any(column > at for column in reaching):
                    break
                cells.append("")
                continue
            text, down = _cell_text(cell), _span(cell, "rowspan", MAX_ROWS)
            for column in range(at, min(at + _span(cell, "colspan", MAX_COLUMNS), MAX_COLUMNS)):
                cells.append(text)
                if down > 1:
                    below[column] = (down - 1, text)
        reaching = below
        rows.append(cells)
    return _even(rows)


def _cell_text(cell: Any) -> str:
    return seen_text(cell)[:MAX_CELL_CHARS]


def _span(cell: Any, name: str, most: int) -> int:
    told = cell.get(name) or "1"
    return min(max(int(told[:6]), 1), most) if told[:6].isascii() and told[:6].isdigit() else 1


_STRUCK_IN_TEXT = re.compile(r"~~[^~]{0,200}~~|<(del|s|strike)\b[^<>]{0,80}>.{0,200}?</\1>", re.I)
_MARKS = re.compile(r"<br\s*/?>|<[^<>]{0,200}>|!?\[([^\]]{0,120})\]\([^)]{0,300}\)|[*`\\]")


def piped(text: str) -> Iterator[Table]:
    """Tables of Markdown, marks and links undone; the rule below a heading is no row."""
    rows: list[list[str]] = []
    found = 0
    for line in (*text.splitlines(), ""):
        bare = line.strip()
        if bare.startswith("|"):
            if len(rows) < MAX_ROWS and not re.fullmatch(r"[|:\s-]+", bare):
                cells = bare[:20_000].strip("|").split("|")[:MAX_COLUMNS]
                rows.append([_unmarked(cell) for cell in cells])
        elif rows:
            yield _even(rows)
            rows, found = [], found + 1
            if found >= MAX_TABLES:
                return


def _unmarked(cell: str) -> str:
    shown = _STRUCK_IN_TEXT.sub(" ", cell[:2_000])
    return " ".join(_MARKS.sub(lambda m: m[1] or " ", shown).split())[:MAX_CELL_CHARS]


def _even(rows: list[list[str]]) -> Table:
    width = max(map(len, rows), default=0)
    return [[*row, *[""] * (width - len(row))] for row in rows]
