"""Official rates: the New York Fed's effective rate, FRED's daily series, the ECB's euro.

Everything becomes ``observation`` facts in percent a year (the euro in USD), known from the moment
we fetched it; figures of a day are published on the next business day, so a polled figure never
comes early.
FRED's graph file needs no key and holds only the latest vintage: a revision is a new version.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import Field

from config.schema import Strict
from engine.clock import NEW_YORK, at_new_york
from engine.errors import DataError, FeedError, InputError
from engine.phrases import phrase
from engine.record.readings import USD_PER_EURO, Observation
from engine.record.readings.observations import EURO_USD, RATE_PCT
from engine.tables import csv_cells, decoded
from engine.values import Fact
from feeds.base import (
    MAX_ENTRIES,
    Days,
    DocumentCollector,
    FeedConfig,
    Parsed,
    Poll,
    list_in,
    looks_like_html,
    newest_stamps,
    options_of,
    read_json,
)
from feeds.fed_futures import observation_fact

LOWEST_PCT, HIGHEST_PCT = RATE_PCT

_DAY_START = time(0, 0)  # the day as a whole; a later hour could lie after the fetch
_MISSING = ("", ".")  # FRED writes a full stop on holidays, in some exports nothing


class FredOptions(Strict):
    """series: which one. lookback_days: how far back to ask."""

    series: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,30}$"), Field(description="such as DGS2")]
    lookback_days: Days = 800


class FredSeries(DocumentCollector):
    """One series of FRED's graph file.

    The address may hold ``{since_on}``, the first day wanted; it changes with the month only, so
    that the file keeps its validators.
    """

    Options = FredOptions
    accept = "text/csv, */*;q=0.5"

    def url(self, poll: Poll) -> str:
        """The stanza's address with ``{since_on}`` filled in."""
        today = poll.now.astimezone(NEW_YORK).date()
        back = timedelta(days=options_of(poll.feed, FredOptions).lookback_days)
        since = (today - back).replace(day=1)
        return super().url(poll).replace("{since_on}", since.isoformat())

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """Facts of every day with a figure; blanks are holidays and become nothing."""
        series = options_of(feed, FredOptions).series
        if looks_like_html(body):
            raise FeedError(
                feed.name, phrase("a web page came instead of a table"), state="blocked"
            )
        try:
            rows = [row for _, row in csv_cells(decoded(body, "it")[0], "it")]
        except (InputError, DataError) as error:
            raise FeedError(
                feed.name, phrase("not a table: {error}", error=str(error)[:120])
            ) from None
        heading = rows[0] if rows else []
        if heading[:1] not in (["observation_date"], ["DATE"]) or series not in heading[1:]:
            shown = ",".join(heading)[:60]
            raise FeedError(
                feed.name,
                phrase(
                    "the table starts with '{shown}', not with {series}", shown=shown, series=series
                ),
            )
        column = heading.index(series)
        cells = ((row[0], row[column]) for row in rows[1:] if len(row) > column)
        return observations(
            ((day, series, value) for day, value in cells if value.strip() not in _MISSING),
            feed,
            fetched_at,
        )


class NewYorkFed(DocumentCollector):
    """EFFR with its target range: series ``EFFR``, ``DFEDTARL`` and ``DFEDTARU``."""

    accept = "application/json"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """Facts of every record of type EFFR."""
        records = list_in(read_json(body, feed), "refRates", feed, "refRates")
        return observations(_effr(records[:MAX_ENTRIES]), feed, fetched_at)


_NY_FED_FIELDS = (
    ("percentRate", "EFFR"),
    ("targetRateFrom", "DFEDTARL"),
    ("targetRateTo", "DFEDTARU"),
)


def _effr(records: Iterable[Any]) -> Iterable[tuple[str, str, Any]]:
    for record in records:
        if not isinstance(record, dict) or record.get("type") != "EFFR":
            continue
        for field, series in _NY_FED_FIELDS:
            if record.get(field) is not None:
                yield str(record.get("effectiveDate", "")), series, record[field]


class EcbReference(DocumentCollector):
    """The ECB's reference rates of the last 90 days: series ``USD_PER_EURO``, as the record has it.

    Set about 16:00 in Frankfurt from a concertation among central banks: no dealing rate.
    """

    accept = "application/xml, text/xml;q=0.9"

    def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
        """Facts of every day with a US dollar; ``FeedError`` when this is no such table."""
        if looks_like_html(body):
            raise FeedError(
                feed.name, phrase("a web page came instead of a table"), state="blocked"
            )
        rows = list(_euros(body, feed))
        low, high = EURO_USD
        sound = [r for r in rows if low <= (_percent(r[2]) or 0) <= high]
        parsed = observations(sound, feed, fetched_at)
        odd = tuple(f"'{day[:20]} {value[:20]}' is no price of a euro" for day, _, value in rows
                    if (day, _, value) not in sound)  # fmt: skip
        return replace(parsed, problems=(*odd, *parsed.problems)[:20])


def _euros(body: bytes, feed: FeedConfig) -> Iterable[tuple[str, str, str]]:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise FeedError(feed.name, phrase("the answer is no table of reference rates")) from None
    days = root.findall(f".//{_ECB}Cube[@time]")
    if not days:
        raise FeedError(feed.name, phrase("the table of reference rates has no days"))
    for day in days[:MAX_ENTRIES]:
        for rate in day.findall(f"{_ECB}Cube[@currency='USD']"):
            yield day.get("time", ""), USD_PER_EURO, rate.get("rate", "")


_ECB = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}"


def observations(
    rows: Iterable[tuple[str, str, Any]], feed: FeedConfig, fetched_at: datetime
) -> Parsed:
    """(day, series, value) rows as facts (pure); rows that do not hold up become problems.

    Raises ``FeedError`` for a day in the future: then nothing in the file can be trusted.
    """
    facts: list[Fact] = []
    problems: list[str] = []
    today = fetched_at.astimezone(NEW_YORK).date()
    for day_text, series, value_text in rows:
        day, value = _day(day_text), _percent(value_text)
        if day is None or value is None:
            shown = f"{series} {day_text[:20]} {str(value_text)[:20]}"
            problems.append(phrase("'{shown}' is not a day and a rate", shown=shown))
            continue
        if day > today:
            raise FeedError(
                feed.name,
                phrase(
                    "{series} has a figure from the future ({day})", series=series, day=str(day)
                ),
            )
        at = at_new_york(day, _DAY_START)
        observed = Observation(series=series, observed_on=day, value=value)
        facts.append(observation_fact(observed, at, fetched_at, feed.source))
    return Parsed(
        facts=tuple(facts),
        problems=tuple(problems[:20]),
        stamps=newest_stamps(fact.occurred_at for fact in facts),
    )


_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def _day(text: str) -> date | None:
    if not _ISO_DAY.match(text.strip()):
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _percent(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and LOWEST_PCT <= number <= HIGHEST_PCT else None
