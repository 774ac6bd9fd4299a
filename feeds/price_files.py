"""Price files as people have them: twelve dialects known by their headings, each read or refused.

What a broker, a data site or a spreadsheet writes differs in encoding, separator, decimal sign,
order and the way a date is written. The heading tells most of it, the cells the rest; what neither
tells is refused with the reason, never guessed. Pure: bytes in, bars out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise

from engine.errors import InputError, TableError
from engine.phrases import listed, phrase
from engine.plain import one_line
from engine.record.readings import Bar
from engine.tables import csv_cells, decoded

MAX_HEADING_LINES = 5
ROUNDING = 1e-4
"""By how much an open or a close may lie outside low and high: sites round each by itself."""

_FIELDS: Mapping[str, str] = {
    **dict.fromkeys(("date", "<date>", "observation_date", "jour", "séance", "seance"), "date"),
    **dict.fromkeys(("open", "<open>", "ouv", "ouv.", "ouverture"), "open"),
    **dict.fromkeys(("high", "<high>", "haut", "plus haut", "+ haut"), "high"),
    **dict.fromkeys(("low", "<low>", "bas", "plus bas", "+ bas"), "low"),
    **dict.fromkeys(
        ("close", "<close>", "close/last", "close*", "price", "dernier", "clot", "clôt", "clôture",
         "cloture", "fermeture", "cours"), "close",
    ),
    **dict.fromkeys(("volume", "<vol>", "vol", "vol.", "volumes"), "volume"),
    **dict.fromkeys(("devise", "currency"), "currency"),
    **dict.fromkeys(("<ticker>", "ticker", "symbol"), "symbol"),
    **dict.fromkeys(("<per>",), "period"),
}  # fmt: skip
"""Heading, in lower case -> what it holds."""

_DIALECTS: Sequence[tuple[str, frozenset[str], str]] = (
    ("Yahoo Finance", frozenset({"adj close"}), ""),
    ("Stooq (bulk)", frozenset({"<ticker>", "<per>"}), ""),
    ("Nasdaq.com", frozenset({"close/last"}), "month"),
    ("Investing.com (English)", frozenset({"price", "change %"}), "month"),
    ("Investing.com (French)", frozenset({"dernier", "variation %"}), "day"),
    ("Boursorama", frozenset({"clot", "devise"}), "day"),
    ("ABC Bourse", frozenset({"ouverture", "plus haut", "dernier"}), "day"),
    ("Stooq, or plain", frozenset({"date", "open", "high", "low", "close", "volume"}), ""),
)
"""Name, headings that tell it, and which part of a date such as 01/10/2025 comes first."""

_BLANK = frozenset({"", "-", "--", "n/a", "na", "null", "nan"})
_SPACES = re.compile("[\\s\u00a0\u202f\u2009]")
_SUFFIX = {"k": 1e3, "m": 1e6, "b": 1e9}
_SLASHED = re.compile(r"(\d{1,2})([/.\-])(\d{1,2})\2(\d{4})(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?\Z")
_NAMED = re.compile(r"(\d{1,2})(?:er)?[ -]([^\W\d_]{3,9})\.?[ -](\d{4})\Z")
_MONTHS = (
    "jan january janv janvier", "feb february févr février fevr fevrier", "mar march mars",
    "apr april avr avril", "may mai", "jun june juin", "jul july juil juillet",
    "aug august août aout", "sep sept september septembre", "oct october octobre",
    "nov november novembre", "dec december déc décembre decembre",
)  # fmt: skip
"""Names of the months and what sites cut them to, English and French, January first."""
_SHORT_YEAR = re.compile(r"\d{1,2}[/.\- ][^\W_]{1,9}[/.\- ]\d{2}\Z")
_EVENT = re.compile(r"dividend|split", re.IGNORECASE)
"""Yahoo's page puts what was paid between the prices."""
_CURRENCY = re.compile(r"\A(?:US)?\$|(?:US)?\$\Z|USD\Z", re.IGNORECASE)
_NO_TEXT = (
    (re.compile(rb"PK\x03\x04|\xd0\xcf\x11\xe0"), phrase("a spreadsheet, not text")),
    (re.compile(rb"\s*<(?:!doctype|html)", re.IGNORECASE), phrase("a web page, not a table")),
)
_ISO = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[ T]\d{2}:\d{2}.*)?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFile:
    """What a file holds. bars: ascending, of ``symbol``, as printed. recognised: in words."""

    symbol: str
    bars: tuple[Bar, ...]
    recognised: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """The rows of a file under a heading that was understood. place: of a field, its column."""

    name: str
    dialect: str
    first_part: str
    place: Mapping[str, int]
    rows: Sequence[tuple[int, list[str]]]

    def cell(self, row: Sequence[str], field: str) -> str:
        index = self.place.get(field)
        return row[index] if index is not None and index < len(row) else ""


def read_price_file(raw: bytes, name: str, symbol: str) -> PriceFile:
    """The bars of ``symbol`` in the file ``raw``; ``InputError`` with ``name:line`` otherwise.

    Refused are: columns that are not known, dates that may be read in two ways, a number such as
    1,234 that may, another currency or symbol, NaN, prices that are not positive, a low above a
    high, days that come twice or in no order.
    """
    for begins, what in _NO_TEXT:
        if begins.match(raw):
            raise InputError(
                phrase("'{name}' is {what}", name=name, what=what), remedy=phrase("save it as CSV")
            )
    text, encoding = decoded(raw, name, legacy=True)
    separator, text = _separator(text)
    found = list(csv_cells(text, name, separator=separator))
    if not found:
        raise InputError(phrase("'{name}' is empty", name=name))
    sheet = _sheet(found, name, symbol)
    _need_ours(sheet, symbol)
    day_of, first_part = _days(sheet)
    number_of, comma = _numbers(sheet)
    dated = [(line, day_of(line, sheet.cell(row, "date")), row) for line, row in sheet.rows]
    newest_first = len(dated) > 1 and dated[0][1] > dated[-1][1]
    if newest_first:
        dated.reverse()
    _need_order(dated, name)
    bars = tuple(_bar(sheet, symbol, line, day, row, number_of) for line, day, row in dated)
    words = [encoding, phrase("separator '{separator}'", separator=_shown(separator))]
    words += [phrase("decimal comma")] if comma else []
    words += [_FIRST[first_part]] if first_part else []
    words += [phrase("newest first")] if newest_first else []
    told = phrase("{dialect}: {words}", dialect=sheet.dialect, words=listed(words))
    return PriceFile(symbol=symbol, bars=bars, recognised=told)


_FIRST = {"day": phrase("day first"), "month": phrase("month first")}
"""Which part of a date comes first."""


def _shown(separator: str) -> str:
    return phrase("tab") if separator == "\t" else separator


def _separator(text: str) -> tuple[str, str]:
    """(separator, text without a line ``sep=``) by that line, or by what the first line holds."""
    first, _, rest = text.lstrip("\r\n").partition("\n")
    told = re.fullmatch(r'"?sep=(.)"?\s*', first, re.IGNORECASE)
    if told:
        return told[1], rest
    bare = re.sub(r'"[^"]*"', "", first)
    return next((mark for mark in (";", "\t", "|") if mark in bare), ","), text


def _sheet(found: list[tuple[int, list[str]]], name: str, symbol: str) -> _Sheet:
    """The heading, wherever it stands in the first lines, and the rows below it."""
    if len(found) > 2 and [row[0].lower() for _, row in found[:2]] == ["price", "ticker"]:
        return _yfinance(found, name, symbol)
    for index, (_, row) in enumerate(found[:MAX_HEADING_LINES]):
        heading = [cell.lower() for cell in row]
        if not heading[0] and {"open", "close"} <= set(heading):
            heading[0] = "date"  # a table of pandas whose days are an index without a name
        place = {
            field: column
            for column, cell in reversed(list(enumerate(heading)))
            if (field := _FIELDS.get(cell)) is not None
        }
        if {"date", "close"} <= place.keys():
            dialect, first_part = next(
                ((d, part) for d, needs, part in _DIALECTS if needs <= set(heading)), ("table", "")
            )
            rows = _prices_only(found[index + 1 :], len(heading))
            _need_width(rows, len(heading), name)
            return _Sheet(
                name=name,
                dialect=dialect,
                first_part=first_part,
                place=place,
                rows=_some(rows, name),
            )
    line, heading = found[0]
    lacking = "close" if any(_FIELDS.get(c.lower()) == "date" for c in heading) else "date"
    seen = ", ".join(one_line(cell, limit=30) for cell in heading[:12])
    raise TableError(
        phrase(
            "{name}:{line}: no column '{lacking}'",
            name=name,
            line=str(line),
            lacking=lacking,
        ),
        remedy=phrase("columns seen: {seen}", seen=seen),
    )


def _prices_only(rows: list[tuple[int, list[str]]], width: int) -> list[tuple[int, list[str]]]:
    """``rows`` without lines of prose below them, and without dividends and splits among them."""
    end = len(rows)
    while end and width > 2 and len(rows[end - 1][1]) == 1:
        end -= 1
    return [(n, row) for n, row in rows[:end] if not any(map(_EVENT.search, row[1:]))]


def _yfinance(found: list[tuple[int, list[str]]], name: str, symbol: str) -> _Sheet:
    """Three heading rows: fields, tickers, and ``Date`` alone."""
    (_, fields), (line, tickers) = found[:2]
    ours = [k for k, ticker in enumerate(tickers) if k and ticker.upper().lstrip("^") == symbol]
    if not ours:
        seen = ", ".join(sorted({one_line(t, limit=12) for t in tickers[1:] if t}))
        raise TableError(
            phrase(
                "{name}:{line}: holds {seen}, not {symbol}",
                name=name,
                line=str(line),
                seen=seen,
                symbol=symbol,
            ),
            remedy=phrase("choose --symbol"),
        )
    place = {_FIELDS[fields[k].lower()]: k for k in ours if fields[k].lower() in _FIELDS}
    rows = [(n, row) for n, row in found[2:] if row[0].lower() != "date"]
    return _Sheet(
        name=name, dialect="yfinance", first_part="", place=place | {"date": 0},
        rows=_some(rows, name),
    )  # fmt: skip


def _some(rows: list[tuple[int, list[str]]], name: str) -> list[tuple[int, list[str]]]:
    if not rows:
        raise InputError(phrase("'{name}' has a heading and no rows", name=name))
    return rows


def _need_width(rows: Iterable[tuple[int, list[str]]], width: int, name: str) -> None:
    """A row may end with separators of its own, but neither lack a cell nor hold one too many."""
    for line, row in rows:
        if len(row) < width or any(row[width:]):
            raise TableError(
                phrase(
                    "{name}:{line}: {row} cells under {width} columns",
                    name=name,
                    line=str(line),
                    row=str(len(row)),
                    width=str(width),
                ),
                remedy=phrase("quote cells that hold the separator"),
            )


def _need_ours(sheet: _Sheet, symbol: str) -> None:
    for line, row in sheet.rows:
        currency = sheet.cell(row, "currency").upper()
        if currency not in ("", "USD", "$", "US$") or any("€" in cell for cell in row):
            shown = currency if currency not in ("", "USD", "$", "US$") else "EUR"
            raise TableError(
                phrase(
                    "{name}:{line}: prices in {shown}, the record holds USD",
                    name=sheet.name,
                    line=str(line),
                    shown=shown[:8],
                ),
                remedy=phrase("export the quotation in New York"),
            )
        ticker = sheet.cell(row, "symbol").upper().removesuffix(".US").lstrip("^")
        if ticker not in ("", symbol):
            raise TableError(
                phrase(
                    "{name}:{line}: a price of {ticker}, not of {symbol}",
                    name=sheet.name,
                    line=str(line),
                    ticker=one_line(ticker, limit=12),
                    symbol=symbol,
                ),
                remedy=phrase(
                    "--symbol {ticker}, or take its rows out", ticker=one_line(ticker, limit=12)
                ),
            )
        if sheet.cell(row, "period").upper() not in ("", "D"):
            raise TableError(
                phrase("{name}:{line}: not a daily price", name=sheet.name, line=str(line)),
                remedy=phrase("export daily bars"),
            )


# --- dates -----------------------------------------------------------------------------------


def _days(sheet: _Sheet) -> tuple[Callable[[int, str], date], str]:
    """(how to read a date, which part comes first in words, empty where the year does)."""
    parts = [
        (line, match)
        for line, row in sheet.rows
        if (match := _SLASHED.match(sheet.cell(row, "date")))
    ]
    first_part = _first_part(sheet, parts) if parts else ""

    def day_of(line: int, text: str) -> date:
        try:
            if match := _SLASHED.match(text):
                one, two, year = int(match[1]), int(match[3]), int(match[4])
                return date(year, two, one) if first_part == "day" else date(year, one, two)
            if match := _ISO.match(text):
                return date(int(match[1]), int(match[2]), int(match[3]))
            if (match := _NAMED.match(text)) and (month := _month(match[2])):
                return date(int(match[3]), month, int(match[1]))
            return datetime.strptime(text, "%b %d, %Y").replace(tzinfo=UTC).date()
        except ValueError:
            _refuse_short_year(sheet.name, line, text)
            raise TableError(
                phrase(
                    "{name}:{line}: date '{text}' is not a date",
                    name=sheet.name,
                    line=str(line),
                    text=one_line(text, limit=40),
                ),
                remedy=phrase("use 2025-10-01"),
            ) from None

    return day_of, first_part


def _month(name: str) -> int | None:
    """1 to 12 by its name."""
    return next((n for n, names in enumerate(_MONTHS, 1) if name.lower() in names.split()), None)


def _refuse_short_year(name: str, line: int, text: str) -> None:
    if _SHORT_YEAR.match(text):
        raise TableError(
            phrase("{name}:{line}: '{text}' has a year of two digits", name=name, line=str(line),
                   text=one_line(text, limit=20)),
            remedy=phrase("use 2025-10-01"),
        )  # fmt: skip


def _first_part(sheet: _Sheet, parts: Sequence[tuple[int, re.Match[str]]]) -> str:
    """Day or month, as the cells show; else as the dialect is known to write; else refused."""
    day_first = next((line for line, m in parts if int(m[1]) > 12), None)
    month_first = next((line for line, m in parts if int(m[3]) > 12), None)
    if day_first and month_first:
        raise TableError(
            phrase(
                "{name}:{line}: dates with the day and with the month first in one file",
                name=sheet.name,
                line=str(max(day_first, month_first)),
            ),
            remedy=phrase("write them as 2025-10-01"),
        )
    if day_first or month_first:
        return "day" if day_first else "month"
    if parts[0][1][2] == ".":  # written so where the day comes first
        return "day"
    if not sheet.first_part:
        line, match = parts[0]
        raise TableError(
            phrase(
                "{name}:{line}: '{match}' may be read with the day or with the month first",
                name=sheet.name,
                line=str(line),
                match=str(match[0]),
            ),
            remedy=phrase("write dates as 2025-10-01, or export more days"),
        )
    return sheet.first_part


def _need_order(dated: Sequence[tuple[int, date, list[str]]], name: str) -> None:
    for (_, before, _), (line, day, _) in pairwise(dated):
        if day == before:
            raise TableError(
                phrase("{name}:{line}: {day} comes twice", name=name, line=str(line), day=str(day))
            )
        if day < before:
            raise TableError(
                phrase(
                    "{name}:{line}: {day} is before {before}; rows must be in order",
                    name=name,
                    line=str(line),
                    day=str(day),
                    before=str(before),
                )
            )


# --- numbers ---------------------------------------------------------------------------------

_PRICES = ("open", "high", "low", "close")
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?\Z")
_DOTTED = re.compile(r"\d{1,3}(\.\d{3}){2,}\Z")
_COMMA_DECIMALS = re.compile(r"\d+(\.\d{3})*,\d+\Z")


def _numbers(sheet: _Sheet) -> tuple[Callable[[str], float], bool]:
    """(how to read a number, whether a comma stands before its decimals)."""
    with_comma = [
        (line, text)
        for line, row in sheet.rows
        for field in _PRICES
        if "," in (text := _bare(sheet.cell(row, field)))
    ]
    comma = any(_COMMA_DECIMALS.match(text) and not _GROUPED.match(text) for _, text in with_comma)
    if with_comma and not comma and not any("." in text for _, text in with_comma):
        line, text = with_comma[0]
        raise TableError(
            phrase(
                "{name}:{line}: '{text}' may be a thousand or a decimal",
                name=sheet.name,
                line=str(line),
                text=one_line(text, limit=20),
            ),
            remedy=phrase("write prices with a point"),
        )

    def number_of(text: str) -> float:
        bare = _bare(text)
        factor = _SUFFIX.get(bare[-1:].lower(), 1.0)
        bare = bare[:-1] if factor != 1.0 else bare
        dotted = comma and ("," in bare or _DOTTED.match(bare) is not None)
        plain = bare.replace(".", "").replace(",", ".") if dotted else bare
        return float(plain.replace(",", "")) * factor

    return number_of, comma


def _bare(text: str) -> str:
    """``text`` without blanks of any kind and without the sign or the name of the dollar."""
    return _CURRENCY.sub("", _SPACES.sub("", text))


def _bar(
    sheet: _Sheet,
    symbol: str,
    line: int,
    day: date,
    row: Sequence[str],
    number_of: Callable[[str], float],
) -> Bar:
    place = f"{sheet.name}:{line}"

    def figure(field: str) -> float | None:
        text = sheet.cell(row, field)
        if text.strip().lower() in _BLANK - {"nan"}:
            return None
        try:
            value = number_of(text)
        except ValueError:
            raise TableError(
                phrase(
                    "{place}: {field} = '{text}' is not a number",
                    place=place,
                    field=field,
                    text=one_line(text, limit=40),
                )
            ) from None
        least = value >= 0 if field == "volume" else value > 0
        if not (math.isfinite(value) and least):
            what = "0 or more" if field == "volume" else "a positive price"
            raise TableError(
                phrase(
                    "{place}: {field} = {text} is not {what}",
                    place=place,
                    field=field,
                    text=one_line(text, limit=40),
                    what=what,
                )
            )
        return value

    prices = {field: figure(field) for field in _PRICES}
    close = prices["close"]
    if close is None:
        raise TableError(phrase("{place}: no close", place=place))
    _need_range(place, prices["low"], prices["high"], (prices["open"], close))
    return Bar(
        symbol=symbol, session_on=day, close=close, open=prices["open"], high=prices["high"],
        low=prices["low"], volume=figure("volume"),
    )  # fmt: skip


def _need_range(
    place: str, low: float | None, high: float | None, inside: Iterable[float | None]
) -> None:
    if low is not None and high is not None and low > high:
        raise TableError(
            phrase(
                "{place}: low {low} is above high {high}",
                place=place,
                low=f"{low:g}",
                high=f"{high:g}",
            )
        )
    for value in inside:
        below = value is not None and low is not None and value < low * (1 - ROUNDING)
        above = value is not None and high is not None and value > high * (1 + ROUNDING)
        if below or above:
            raise TableError(
                phrase(
                    "{place}: {value} lies outside low and high",
                    place=place,
                    value=f"{value:g}",
                )
            )
