"""What makers ask for their models, as the tables of their own price pages tell it.

One adapter for all: a table with a model in each row (input and output are columns), or with a
model in each column (input and output are rows), in HTML or Markdown, in USD for a million tokens.
Each model becomes the same ``model_price`` fact as in ``feeds.model_prices``, marked as the maker's
own.

A price struck through is not asked. Of several prices of a model in columns the highest counts:
less by night is no list price. Of several rows the first: tiers begin with the shortest request. A
page in another currency, for another number of tokens, or without such a table is an error.
``occurred_at`` is the day the page was first seen to list the model: it names no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from types import MappingProxyType
from typing import Annotated, NamedTuple

from pydantic import Field

from config.schema import Strict
from engine.errors import FeedError
from feeds.base import DocumentCollector, FeedConfig, Harvest, Parsed, Poll, options_of
from feeds.model_prices import Priced, priced
from feeds.web_pages import Table, redesigned, tables

MAX_REMEMBERED = 300
"""Models whose first day is kept between polls."""

_HEADING_ROWS = 3
_MODEL = re.compile(r"\bmodels?\b|模型", re.I)
_INPUT = re.compile(r"\binput\b|\bprompt\b|输入", re.I)
_OUTPUT = re.compile(r"\boutput\b|\bcompletion\b|输出", re.I)
_CACHED = re.compile(r"\bcach\w*|缓存", re.I)
_MISSED = re.compile(r"\bmiss\b|未命中", re.I)
_BATCH = re.compile(r"\bbatch\b|批量", re.I)
_USD = re.compile(r"(?:\bUSD?|(?<![A-Za-z]))\$\s*(\d{1,4}(?:\.\d{1,6})?)(?![\d.])")
_BARE = re.compile(r"\d{1,4}(?:\.\d{1,6})?")
_OTHER_MONEY = re.compile(r"[¥￥€£]|\b(?:HK|NT|S|A|C)\$|\bCNY\b|\bRMB\b|\d\s*元|元\s*/")
_THOUSAND = re.compile(r"\b(?:1,?000|1 ?k|thousand) tokens|千 ?tokens", re.I)
_MILLION = re.compile(r"\b(?:1 ?M|1,?000,?000|million) ?tok|\bM(?:illion )?Tok|百万", re.I)
_FOOTNOTE = re.compile(
    r"\s*(?:[(（](?:\d+|[^()（）]*mode[^()（）]*)[)）]|\[\d+\]|[*†‡¹²³⁴]+)", re.I
)
_NAME = re.compile(r"(?=.*[A-Za-z])[\w][\w.:-]{1,78}\Z", re.A)


class PricePageOptions(Strict):
    """maker: what stands before the names of models in the record. org: the organisation on the hub
    that has the weights, by which a price finds its release; "" where there are none.
    """

    maker: Annotated[str, Field(pattern=r"^[\w.~-]{1,64}$")]
    org: Annotated[str, Field(pattern=r"^[\w.-]{0,96}$")] = ""


class PricePage(DocumentCollector):
    """The price page of one maker."""

    Options = PricePageOptions
    accept = "text/html, text/markdown;q=0.9, text/plain;q=0.8"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """A fact a model; ``FeedError`` when no table of the page tells prices in USD."""
        options = options_of(feed, PricePageOptions)
        found: dict[str, _Asked] = {}
        if _is_by_the_thousand(body):
            raise FeedError(feed.name, _BY_THE_THOUSAND)
        refused = ""
        for table in tables(body, feed):
            asked = list(_asked(table))
            fault = _fault(table) if asked or _names_prices(table) else ""
            refused = refused or fault
            for price in () if fault else asked:
                found.setdefault(price.name.lower(), price)
        if not found:
            raise FeedError(feed.name, refused) if refused else redesigned(body, feed, "prices")
        rows = (_row(price, options, fetched_at) for price in found.values())
        return priced(rows, feed, fetched_at)

    def poll(self, poll: Poll) -> Harvest:
        """Fetch; each model keeps the day on which it was first seen here."""
        harvest = super().poll(poll)
        if harvest.parsed is None:
            return harvest
        days = {key: poll.state.memo.get(key, "") for key in _keys(harvest.parsed)}
        today = poll.now.astimezone(UTC).date().isoformat()
        kept = {key: day if _is_day(day) else today for key, day in days.items()}
        facts = tuple(
            replace(fact, occurred_at=min(_start_of(kept[fact.key]), fact.known_at))
            if fact.key in kept
            else fact
            for fact in harvest.parsed.facts
        )
        remembered = {**poll.state.memo, **kept}
        memo = dict(list(remembered.items())[-MAX_REMEMBERED:])
        return replace(
            harvest, parsed=replace(harvest.parsed, facts=facts), memo=MappingProxyType(memo)
        )


def _keys(parsed: Parsed) -> list[str]:
    return [fact.key for fact in parsed.facts[:MAX_REMEMBERED]]


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _start_of(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(0), tzinfo=UTC)


# --- parsing (pure) ---------------------------------------------------------------------------


class _Asked(NamedTuple):
    """name: as the page calls the model. version: what it says stands behind the name, or ""."""

    name: str
    input_usd: float
    output_usd: float
    version: str = ""


def _row(price: _Asked, options: PricePageOptions, seen_at: datetime) -> Priced:
    weights = price.version or price.name
    return {
        "id": f"{options.maker}/{price.name}",
        "name": weights,
        "made": seen_at,
        "input": price.input_usd,
        "output": price.output_usd,
        "hub_id": f"{options.org}/{weights}" if options.org else None,
        "context": None,
        "by_maker": True,
    }


def _fault(table: Table) -> str:
    """Why the prices of a table are none in USD for a million tokens; "" where they are."""
    shown = " | ".join(cell for row in table for cell in row)[:20_000]
    if _OTHER_MONEY.search(shown) and not _USD.search(shown):
        return "the page asks in another currency than USD"
    heading = " | ".join(cell for row in table[:_HEADING_ROWS] for cell in row)
    return _BY_THE_THOUSAND if _THOUSAND.search(heading) else ""


_BY_THE_THOUSAND = "the page asks for a thousand tokens"


def _is_by_the_thousand(body: bytes) -> bool:
    """Whether a page speaks of a thousand tokens, above its tables say, and never of a million."""
    page = body.decode(errors="replace")
    return bool(_THOUSAND.search(page)) and not _MILLION.search(page)


def _names_prices(table: Table) -> bool:
    labels = [cell for row in table[:_HEADING_ROWS] for cell in row]
    return any(map(_is_input, labels)) and any(map(_is_output, labels))


def _asked(table: Table) -> list[_Asked]:
    return list(_by_row(table)) or list(_by_column(table))


def _by_row(table: Table) -> Iterator[_Asked]:
    """A model a row, below a heading that names the columns."""
    found = ((at, *_columns(row)) for at, row in enumerate(table[:_HEADING_ROWS]))
    at, inputs, outputs = next((f for f in found if f[1] and f[2]), (0, [], []))
    if not inputs:
        return
    heading = table[at]
    model = next((i for i, cell in enumerate(heading) if _MODEL.search(cell)), 0)
    for row in table[at + 1 :]:
        name = _name(row[model])
        asked = _first(row, inputs, heading), _first(row, outputs, heading)
        if name and asked[0] is not None and asked[1] is not None:
            yield _Asked(name, asked[0], asked[1])


def _columns(heading: Sequence[str]) -> tuple[list[int], list[int]]:
    """Where a heading tells of input, and where of output."""
    return (
        [i for i, cell in enumerate(heading) if _is_input(cell)],
        [i for i, cell in enumerate(heading) if _is_output(cell)],
    )


def _first(row: Sequence[str], columns: list[int], heading: Sequence[str]) -> float | None:
    """The price in the first of ``columns`` that holds one."""
    told = (_usd(row[i], bare="$" in heading[i] or "USD" in heading[i]) for i in columns)
    return next((price for price in told if price is not None), None)


def _by_column(table: Table) -> Iterator[_Asked]:
    """A model a column, and rows for what is sold."""
    names = next((row for row in table[:_HEADING_ROWS] if row and _MODEL.search(row[0])), None)
    if names is None:
        return
    versions = next((row for row in table if "version" in row[0].lower()), None)
    priced_rows = [(row, _label(row)) for row in table]
    inputs = [row for row, label in priced_rows if _is_input(label)]
    outputs = [row for row, label in priced_rows if _is_output(label)]
    dearest: dict[str, _Asked] = {}
    for column in range(1, len(names)):
        name = _name(names[column])
        asked = _highest(inputs, column), _highest(outputs, column)
        if not name or _MODEL.fullmatch(name) or asked[0] is None or asked[1] is None:
            continue
        before = dearest.get(name, _Asked(name, 0.0, 0.0))
        dearest[name] = _Asked(
            name,
            max(asked[0], before.input_usd),
            max(asked[1], before.output_usd),
            _name(versions[column]) if versions else "",
        )
    yield from dearest.values()


def _label(row: Sequence[str]) -> str:
    """What stands in a row before its first price."""
    first = next((i for i, cell in enumerate(row) if _USD.search(cell)), 0)
    return " ".join(row[:first])


def _highest(rows: list[Sequence[str]], column: int) -> float | None:
    told = [price for row in rows if (price := _usd(row[column])) is not None]
    return max(told, default=None)


def _is_input(label: str) -> bool:
    """Input that is not read from the cache, nor stored in it, nor asked for by the batch."""
    cached = _CACHED.search(label) and not _MISSED.search(label)
    whole = not cached and not _BATCH.search(label)
    return bool(_INPUT.search(label)) and whole and not _OUTPUT.search(label)


def _is_output(label: str) -> bool:
    aside = _INPUT.search(label) or _BATCH.search(label)
    return bool(_OUTPUT.search(label)) and not aside


def _usd(cell: str, *, bare: bool = False) -> float | None:
    """The highest price in a cell; None where there is none. bare: a figure alone is one."""
    told = [float(text) for text in _USD.findall(cell)]
    if not told and bare and _BARE.fullmatch(cell):
        told = [float(cell)]
    return max(told, default=None)


def _name(cell: str) -> str:
    """The model that a cell names, its words joined; "" where it names none.

    Of a cell that goes on to tell more than a name the first word counts.
    """
    words = re.split(r"[≤≥<>,;(（]", _FOOTNOTE.sub("", cell[:200]))[0].split()
    name = "-".join(words if len(words) <= 4 else words[:1])
    return name if _NAME.match(name) else ""
