"""Twelve kinds of price file, written here after each site's layout; every price is invented."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from feeds.price_files import PriceFile, read_price_file

YAHOO = """Date,Open,High,Low,Close,Adj Close,Volume
2025-10-01,185.24,188.14,183.90,187.24,187.24,173844900
2025-10-02,189.60,191.05,188.06,188.89,188.89,136805800
"""
YFINANCE = """Price,Close,High,Low,Open,Volume
Ticker,NVDA,NVDA,NVDA,NVDA,NVDA
Date,,,,,
2025-10-01,187.24,188.14,183.90,185.24,173844900
2025-10-02,188.89,191.05,188.06,189.60,136805800
"""
STOOQ_WEB = """Date,Open,High,Low,Close,Volume
2025-10-01,185.24,188.14,183.90,187.24,173844900
2025-10-02,189.60,191.05,188.06,188.89,136805800
"""
STOOQ_BULK = """<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>
NVDA.US,D,20251001,000000,185.24,188.14,183.90,187.24,173844900,0
NVDA.US,D,20251002,000000,189.60,191.05,188.06,188.89,136805800,0
"""
NASDAQ = """Date,Close/Last,Volume,Open,High,Low
10/02/2025,$188.89,136805800,$189.60,$191.05,$188.06
10/01/2025,$187.24,173844900,$185.24,$188.14,$183.90
"""
INVESTING_EN = """"Date","Price","Open","High","Low","Vol.","Change %"
"10/02/2025","188.89","189.60","191.05","188.06","136.81M","0.88%"
"10/01/2025","187.24","185.24","188.14","183.90","173.84M","0.35%"
"""
INVESTING_FR = """"Date","Dernier","Ouv.","Plus Haut","Plus Bas","Vol.","Variation %"
"02/10/2025","188,89","189,60","191,05","188,06","136,81M","0,88%"
"01/10/2025","187,24","185,24","188,14","183,90","173,84M","0,35%"
"""
BOURSORAMA = """date;ouv;haut;bas;clot;vol;devise;
01/10/2025 00:00;185,24;188,14;183,90;187,24;173844900;USD;
02/10/2025 00:00;189,60;191,05;188,06;188,89;136805800;USD;
"""
ABC_BOURSE = """Date;Ouverture;Plus haut;Plus bas;Dernier;Volume
01/10/2025;185,24;188,14;183,90;187,24;173 844 900
02/10/2025;189,60;191,05;188,06;188,89;136\u202f805\u202f800
"""
SPREADSHEET = """sep=;
Jour;Clôture;Volume
2025-10-01;187,24;1 000
2025-10-02;188,89;
"""

DIALECTS: dict[str, tuple[bytes, str]] = {
    "Yahoo": (YAHOO.encode(), "Yahoo Finance: UTF-8, separator ','"),
    "yfinance": (YFINANCE.encode(), "yfinance: UTF-8, separator ','"),
    "Stooq web": (STOOQ_WEB.encode(), "Stooq, or plain: UTF-8, separator ','"),
    "Stooq bulk": (STOOQ_BULK.encode(), "Stooq (bulk): UTF-8, separator ','"),
    "Nasdaq.com": (NASDAQ.encode(), "Nasdaq.com: UTF-8, separator ',', month first, newest first"),
    "Investing.com en": (
        INVESTING_EN.encode("utf-8-sig"),
        "Investing.com (English): UTF-8, separator ',', month first, newest first",
    ),
    "Investing.com fr": (
        INVESTING_FR.encode("utf-8-sig"),
        "Investing.com (French): UTF-8, separator ',', decimal comma, day first, newest first",
    ),
    "Boursorama": (
        BOURSORAMA.encode(),
        "Boursorama: UTF-8, separator ';', decimal comma, day first",
    ),
    "ABC Bourse": (
        ABC_BOURSE.encode(),
        "ABC Bourse: UTF-8, separator ';', decimal comma, day first",
    ),
    "semicolon, Latin-1": (
        SPREADSHEET.encode("latin-1"),
        "table: Windows-1252, separator ';', decimal comma",
    ),
    "UTF-16": (YAHOO.encode("utf-16"), "Yahoo Finance: UTF-16, separator ','"),
    "BOM, CRLF, tabs": (
        STOOQ_WEB.replace(",", "\t").replace("\n", "\r\n").encode("utf-8-sig"),
        "Stooq, or plain: UTF-8, separator 'tab'",
    ),
}


def read(raw: bytes | str, symbol: str = "NVDA") -> PriceFile:
    return read_price_file(raw.encode() if isinstance(raw, str) else raw, "f.csv", symbol)


@pytest.mark.parametrize("name", DIALECTS)
def test_each_dialect_gives_the_same_bars_and_says_what_it_is(name: str) -> None:
    raw, recognised = DIALECTS[name]
    found = read(raw)

    assert found.recognised == recognised
    closes = [(bar.session_on.isoformat(), bar.close) for bar in found.bars]
    assert closes == [("2025-10-01", 187.24), ("2025-10-02", 188.89)]
    if "Jour" not in raw.decode("latin-1"):
        first = found.bars[0]
        assert (first.open, first.high, first.low) == (185.24, 188.14, 183.90)
        assert first.volume == pytest.approx(173_844_900, rel=1e-4)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'f.csv' is empty"),
        (" ;;\n ; ;\n", "'f.csv' is empty"),
        ("Date,Close\n", "a heading and no rows"),
        ("Datum,Schluss\n2025-10-01,1\n", "f.csv:1: no column 'date' (columns seen: Datum, Schl"),
        ("Date,Value\n2025-10-01,1\n", "f.csv:1: no column 'close' (columns seen: Date, Value)"),
        (
            "Date,Close\n01/10/2025,187.2\n02/10/2025,188.1\n",
            "f.csv:2: '01/10/2025' may be read with the day or with the month first",
        ),
        ("Date,Close\n13/10/2025,187.2\n10/14/2025,188.1\n", "the day and with the month first"),
        ("Date;Close\n2025-10-01;1,234\n", "f.csv:2: '1,234' may be a thousand or a decimal"),
        (BOURSORAMA.replace("USD", "EUR"), "f.csv:2: prices in EUR, the record holds USD"),
        ("Date;Close\n2025-10-01;187,24 €\n", "f.csv:2: prices in EUR, the record holds USD"),
        (STOOQ_BULK.replace("NVDA", "AMD"), "a price of AMD, not of NVDA (--symbol AMD"),
        (YFINANCE.replace("NVDA", "AMD"), "f.csv:2: holds AMD, not NVDA"),
        (STOOQ_BULK.replace(",D,", ",60,"), "f.csv:2: not a daily price"),
        (STOOQ_WEB.replace("10-02", "10-01"), "f.csv:3: 2025-10-01 comes twice"),
        ("Date,Close\n2025-10-01,1\n2025-10-03,1\n2025-10-02,1\n", "2025-10-02 is before"),
        (STOOQ_WEB.replace("187.24", "nan"), "close = nan is not a positive price"),
        (STOOQ_WEB.replace("187.24", "null"), "f.csv:2: no close"),
        (STOOQ_WEB.replace("188.14", "180.0"), "f.csv:2: low 183.9 is above high 180"),
        (STOOQ_WEB.replace("187.24", "250"), "f.csv:2: 250 lies outside low and high"),
        ("Date,Close\n2025-13-01,1\n", "date '2025-13-01' is not a date"),
        ("Date,Close\n2025-10-01,1,2\n", "f.csv:2: 3 cells under 2 columns"),
        ("Date,Close\n01-Oct-25,187.2\n", "'01-Oct-25' has a year of two digits (use 2025-10-01)"),
        ("Date,Close\n10/21/25,187.2\n", "has a year of two digits"),
        ("<!DOCTYPE html><p>Too many requests", "'f.csv' is a web page, not a table (save it as"),
        ("PK\x03\x04xl/", "'f.csv' is a spreadsheet, not text (save it as CSV)"),
        (f"date,close\n2025-10-01,{'1' * 200_000}\n", "f.csv:2: a cell has more than 131,072"),
    ],
)
def test_what_cannot_be_read_is_refused_with_place_and_reason(text: str, said: str) -> None:
    with pytest.raises(InputError) as refusal:
        read(text)

    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


ROWS = "2025-10-01,185.24,188.14,183.90,187.24,1\n2025-10-02,189.60,191.05,188.06,188.89,1\n"
PLAIN = f"Date,Open,High,Low,Close,Volume\n{ROWS}"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN + '\n"Data are provided for information only"\n',
        PLAIN + "\nSource: a broker\nNo warranty.\n",
        "NVIDIA Corporation (NVDA)\nHistorical prices\n\n" + PLAIN,
        PLAIN.replace("2025-10-02", "2025-10-01,0.01 Dividend,,,,\n2025-10-02"),
        PLAIN.replace("2025-10-02", '"Oct 1, 2025",10:1 Stock Splits,,,,\n2025-10-02'),
        PLAIN.replace("Date,", ",").replace("10-01,", "10-01 00:00:00-04:00,"),
        PLAIN.replace("Volume", "Volume,,").replace(",1\n", ",1,,\n"),
        PLAIN.replace(",", ";").replace(".", ",").replace("-10-01", "-10-01 00:00"),
        PLAIN.replace("2025-10-01", "1-Oct-2025").replace("2025-10-02", "2 October 2025"),
        PLAIN.replace(",", ";")
        .replace("2025-10-01", "1er octobre 2025")
        .replace("2025-10-02", "2 oct. 2025"),
        PLAIN.replace("187.24", "187.24 USD").replace("188.89", "US$188.89"),
        PLAIN.replace("187.24", "$187.24").replace("188.89", "188.89 $"),
        "\r".join(PLAIN.split("\n")),
    ],
)
def test_what_strangers_files_have_around_and_inside_their_rows(text: str) -> None:
    """Prose above and below, dividends between, months by name, the dollar by sign and name."""
    closes = [(bar.session_on.isoformat(), bar.close) for bar in read(text).bars]
    assert closes == [("2025-10-01", 187.24), ("2025-10-02", 188.89)]


def test_points_between_thousands_are_read_where_commas_stand_before_decimals() -> None:
    text = "Date;Close;Volume\n2024-05-23;1.037,99;83.506.500\n2024-05-24;1 064,69;42 949 300\n"
    found = read(text).bars

    assert [bar.close for bar in found] == [1037.99, 1064.69]
    assert [bar.volume for bar in found] == [83_506_500, 42_949_300]


def test_the_cells_overrule_the_habit_of_a_site() -> None:
    """Investing.com of another country writes the day first; the 13th shows it."""
    text = INVESTING_EN.replace("10/02/2025", "14/10/2025").replace("10/01/2025", "13/10/2025")

    assert [bar.session_on.day for bar in read(text).bars] == [13, 14]


def test_two_tickers_in_a_yfinance_file_give_the_one_asked_for() -> None:
    text = """Price,Close,Close,Volume,Volume
Ticker,AMD,NVDA,AMD,NVDA
Date,,,,
2025-10-01,160.1,187.24,1,2
"""
    assert read(text).bars[0].close == 187.24
    assert read(text, "AMD").bars[0].close == 160.1


def test_grouped_thousands_are_read_where_a_point_shows_them() -> None:
    assert read('Date,Close\n2024-06-06,"1,209.98"\n').bars[0].close == 1209.98
    assert read("Date;Close\n2024-06-06;1.209,98\n").bars[0].close == 1209.98


def test_a_heading_with_a_line_end_is_told_in_one_line() -> None:
    """A quoted cell may hold one; what is said of it may not."""
    with pytest.raises(InputError) as error:
        read('"Date\nDate"')
    assert "columns seen: Date Date" in str(error.value)


PIECES = st.sampled_from(
    ["Date", "Close", "Price", "Ticker", "NVDA", "2025-10-01", "01/10/2025", "1,5", "$2", "€",
     "sep=;",
     ",", ";", "\t", "\n", '"', " ", "-", "1.2.3", "\u00a0", "1e400", "9" * 400]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.binary(max_size=400), st.lists(PIECES, max_size=40).map("".join)))
def test_whatever_the_bytes_the_answer_is_bars_or_one_line(raw: bytes | str) -> None:
    try:
        found = read(raw)
    except InputError as error:
        said = str(error)
    else:
        said, _ = "", [bar.close for bar in found.bars]
    assert "\n" not in said
