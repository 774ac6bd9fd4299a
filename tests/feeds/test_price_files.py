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


# --- at the edges ---------------------------------------------------------------------------------


def closes_of(text: str | bytes, symbol: str = "NVDA") -> list[tuple[str, float]]:
    return [(bar.session_on.isoformat(), bar.close) for bar in read(text, symbol).bars]


def refused(text: str | bytes, symbol: str = "NVDA") -> str:
    with pytest.raises(InputError) as caught:
        read(text, symbol)
    return str(caught.value)


@pytest.mark.parametrize(
    ("cell", "volume"),
    [
        ("1.5K", 1_500.0), ("2k", 2_000.0), ("173.84M", 173_840_000.0), ("3B", 3e9), ("0", 0.0),
        ("1e3", 1_000.0), ("", None), ("-", None), ("--", None), ("N/A", None), ("na", None),
        ("null", None), (" NULL ", None), ("$5", 5.0), ('"1,234.5"', 1_234.5), ('"1,234,567"',
        1_234_567.0),
    ],
)  # fmt: skip
def test_a_volume_may_be_short_grouped_nothing_or_not_told(cell: str, volume: float | None) -> None:
    (bar,) = read(f"Date,Close,Volume\n2025-10-01,187.24,{cell}\n").bars
    assert bar.volume == volume
    assert (bar.open, bar.high, bar.low, bar.symbol) == (None, None, None, "NVDA")


@pytest.mark.parametrize(
    ("field", "cell", "said"),
    [
        ("Volume", "-1", "f.csv:2: volume = -1 is not 0 or more"),
        ("Volume", "inf", "f.csv:2: volume = inf is not 0 or more"),
        ("Volume", "nan", "f.csv:2: volume = nan is not 0 or more"),
        ("Open", "0", "f.csv:2: open = 0 is not a positive price"),
        ("High", "-187", "f.csv:2: high = -187 is not a positive price"),
        ("Low", "much", "f.csv:2: low = 'much' is not a number"),
        ("Low", "x" * 60, f"f.csv:2: low = '{'x' * 39}"),
        ("Open", "1.2.3", "f.csv:2: open = '1.2.3' is not a number"),
        ("Close", "", "f.csv:2: no close"),
        ("Close", "n/a", "f.csv:2: no close"),
    ],
)  # fmt: skip
def test_a_figure_that_is_none_is_told_with_its_place(field: str, cell: str, said: str) -> None:
    given = {"Open": "187", "High": "188", "Low": "186", "Close": "187", "Volume": "5"}
    rows = ",".join({**given, field: cell}.values())
    assert refused(f"Date,{','.join(given)}\n2025-10-01,{rows}\n").startswith(said)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"Low": "188"}, ""),  # low, high and all between them at one price
        ({"Low": "188.01"}, "low 188.01 is above high 188"),
        # A ten-thousandth of 188 and of 186 is 0.0188 and 0.0186.
        ({"Open": "188.0187"}, ""),
        ({"Open": "188.0189"}, "188.019 lies outside low and high"),
        ({"Close": "185.9815"}, ""),
        ({"Close": "185.9813"}, "185.981 lies outside low and high"),
        ({"High": "", "Close": "999"}, ""),
        ({"Low": "", "Close": "1"}, ""),
        ({"High": "", "Close": "185"}, "185 lies outside low and high"),
        ({"Low": "", "Close": "189"}, "189 lies outside low and high"),
        ({"Open": "", "Low": "", "High": ""}, ""),
    ],
)
def test_prices_lie_between_low_and_high_give_or_take_a_rounding(
    changes: dict[str, str], said: str
) -> None:
    given = {"Open": "188", "High": "188", "Low": "186", "Close": "188", **changes}
    text = f"Date,{','.join(given)}\n2025-10-01,{','.join(given.values())}\n"
    if not said:
        (bar,) = read(text).bars
        assert [bar.open, bar.high, bar.low, bar.close] == [
            float(v) if v else None for v in given.values()
        ]
        return
    assert refused(text) == f"f.csv:2: {said}"


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        # What is more than twelve is a day; twelve and one may be either.
        (("12/10/2025", "11/10/2025"), None),
        (("13/10/2025", "12/10/2025"), ["2025-10-12", "2025-10-13"]),
        (("10/12/2025", "10/13/2025"), ["2025-10-12", "2025-10-13"]),
        (("12.10.2025", "13.10.2025"), ["2025-10-12", "2025-10-13"]),
        (("1.2.2025", "2.2.2025"), ["2025-02-01", "2025-02-02"]),
        (("1-2-2025", "13-2-2025"), ["2025-02-01", "2025-02-13"]),
        (("1/2/2025 16:00", "1/13/2025 16:00:00"), ["2025-01-02", "2025-01-13"]),
        (("20251001", "20251002"), ["2025-10-01", "2025-10-02"]),
        (("2025-10-01T16:00", "2025-10-02 16:00:00+02:00"), ["2025-10-01", "2025-10-02"]),
        (("3 mars 2025", "4 March 2025"), ["2025-03-03", "2025-03-04"]),
        (('"Mar 3, 2025"', '"Mar 4, 2025"'), ["2025-03-03", "2025-03-04"]),
    ],
)
def test_dates_by_hand(cells: tuple[str, str], days: list[str] | None) -> None:
    text = f"Date,Close\n{cells[0]},187\n{cells[1]},188\n"
    if days is None:
        assert refused(text) == (
            "f.csv:2: '12/10/2025' may be read with the day or with the month first "
            "(write dates as 2025-10-01, or export more days)"
        )
        return
    newest_first = cells[0].startswith("13/")
    assert closes_of(text) == list(
        zip(days, (188.0, 187.0) if newest_first else (187.0, 188.0), strict=True)
    )


MONTHS = (
    "jan january janv janvier,feb february févr février fevr fevrier,mar march mars,"
    "apr april avr avril,may mai,jun june juin,jul july juil juillet,aug august août aout,"
    "sep sept september septembre,oct october octobre,nov november novembre,"
    "dec december déc décembre decembre"
)


@pytest.mark.parametrize(("number", "names"), list(enumerate(MONTHS.split(","), 1)))
def test_months_by_name(number: int, names: str) -> None:
    for name in names.split():
        for cell in (f"1 {name} 2025", f"1er {name.upper()}. 2025", f"01-{name.title()}-2025"):
            assert closes_of(f"Date;Close\n{cell};187\n")[0][0] == f"2025-{number:02}-01", cell


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("1 xyz 2025", "date '1 xyz 2025' is not a date (use 2025-10-01)"),
        ("30/02/2025", "date '30/02/2025' is not a date (use 2025-10-01)"),
        ("32 March 2025", "date '32 March 2025' is not a date (use 2025-10-01)"),
        ("1 March 25", "'1 March 25' has a year of two digits (use 2025-10-01)"),
        ("", "date '' is not a date (use 2025-10-01)"),
        ("y" * 60, f"date '{'y' * 39}"),
    ],
)
def test_what_is_no_date_is_told(cell: str, said: str) -> None:
    assert refused(f"Date,Close\n{cell},187\n").startswith(f"f.csv:2: {said}")


def test_days_come_once_and_in_one_order() -> None:
    rows = "2025-10-0{},1\n"
    head = "Date,Close\n"
    for order, said in (
        ("123", ""), ("321", ""), ("1", ""),
        ("132", "f.csv:4: 2025-10-02 is before 2025-10-03; rows must be in order"),
        ("311", "f.csv:3: 2025-10-01 comes twice"),
        ("11", "f.csv:3: 2025-10-01 comes twice"),
        ("213", "f.csv:3: 2025-10-01 is before 2025-10-02; rows must be in order"),
        ("312", "f.csv:3: 2025-10-01 is before 2025-10-02; rows must be in order"),
    ):  # fmt: skip
        text = head + "".join(rows.format(n) for n in order)
        if said:
            assert refused(text) == said
        else:
            found = read(text)
            assert [bar.session_on.day for bar in found.bars] == sorted(map(int, order))
            assert ("newest first" in found.recognised) is (order == "321")


@pytest.mark.parametrize(
    ("cells", "prices", "comma"),
    [
        (("1,5", "2,75"), [1.5, 2.75], True),
        (("1.234,5", "2"), [1_234.5, 2.0], True),
        (('"1,234.5"', "2"), [1_234.5, 2.0], False),
        (('"1,234"', "2.5"), None, False),
        (("1.234", "2.5"), [1.234, 2.5], False),
        (("1.234", "2,5"), [1.234, 2.5], True),  # one point alone stands before decimals
        (("1.234.567", "2,5"), [1_234_567.0, 2.5], True),
        (("1 234,5", "2\u00a0000,5"), [1_234.5, 2_000.5], True),
        (("12,34", "1,234"), [12.34, 1.234], True),
        (("1\u2009234.5", "$2"), [1_234.5, 2.0], False),
        (("2 USD", "US$3"), [2.0, 3.0], False),
    ],
)
def test_numbers_by_hand(cells: tuple[str, str], prices: list[float] | None, comma: bool) -> None:
    text = f"Date;Close\n2025-10-01;{cells[0]}\n2025-10-02;{cells[1]}\n"
    if prices is None:
        assert refused(text) == (
            "f.csv:2: '1,234' may be a thousand or a decimal (write prices with a point)"
        )
        return
    found = read(text)
    assert [bar.close for bar in found.bars] == prices
    assert ("decimal comma" in found.recognised) is comma


@pytest.mark.parametrize(("above", "found"), [(0, True), (4, True), (5, False)])
def test_the_heading_stands_in_the_first_five_lines(above: int, found: bool) -> None:
    text = "A word\n" * above + "Date,Close\n2025-10-01,187\n"
    if found:
        assert closes_of(text) == [("2025-10-01", 187.0)]
        return
    assert refused(text) == "f.csv:1: no column 'date' (columns seen: A word)"


def test_twelve_columns_of_a_heading_are_shown_cut_to_thirty_letters() -> None:
    heading = ["x" * 40, *(f"c{n}" for n in range(20))]
    said = refused(",".join(heading) + "\n1\n")
    shown = said.partition("columns seen: ")[2].removesuffix(")").split(", ")
    assert len(shown) == 12
    assert len(shown[0]) == 30
    assert shown[1:] == [f"c{n}" for n in range(11)]
    assert "no column 'close'" in refused("Séance,Value\n1,2\n")


FIELDS = {
    "date": "date|<date>|observation_date|jour|séance|seance",
    "open": "open|<open>|ouv|ouv.|ouverture", "high": "high|<high>|haut|plus haut|+ haut",
    "low": "low|<low>|bas|plus bas|+ bas",
    "close": "close|<close>|close/last|close*|price|dernier|clot|clôt|clôture|cloture|fermeture"
    "|cours",
    "volume": "volume|<vol>|vol|vol.|volumes",
}  # fmt: skip


@pytest.mark.parametrize(("field", "names"), FIELDS.items())
def test_a_column_is_known_by_each_of_its_names(field: str, names: str) -> None:
    usual = ["date", "open", "high", "low", "close", "volume"]
    row = "2025-10-01,185,188,184,187,5"
    expected = read(f"{','.join(usual)}\n{row}\n").bars
    for name in names.split("|"):
        heading = ",".join(name.upper() if column == field else column for column in usual)
        assert read(f"{heading}\n{row}\n").bars == expected, name


def test_of_two_columns_of_one_kind_the_first_counts() -> None:
    text = "Date,Close,Adj Close,Price\n2025-10-01,187,5,9\n"
    assert closes_of(text) == [("2025-10-01", 187.0)]
    assert read(text).recognised == "Yahoo Finance: UTF-8, separator ','"


@pytest.mark.parametrize(
    ("head", "cells", "said"),
    [
        ("Devise", "USD", ""), ("Devise", "$", ""), ("Currency", "us$", ""), ("Currency", "", ""),
        ("Currency", "EUR", "prices in EUR, the record holds USD (export the quotation in New "
         "York)"),
        ("Currency", "ABCDEFGHIJ", "prices in ABCDEFGH, the record"),
        ("Comment", "5 €", "prices in EUR, the record holds USD"),
        ("Symbol", "nvda", ""), ("Ticker", "NVDA.US", ""), ("Ticker", "^NVDA", ""),
        ("Symbol", "AMD", "a price of AMD, not of NVDA (--symbol AMD, or take its rows out)"),
        ("Symbol", "ABCDEFGHIJKLMN", "a price of ABCDEFGHIJK"),
        ("<PER>", "D", ""), ("<PER>", "d", ""), ("<PER>", "", ""),
        ("<PER>", "W", "not a daily price (export daily bars)"),
    ],
)  # fmt: skip
def test_rows_are_ours_or_refused(head: str, cells: str, said: str) -> None:
    text = f"Date,Close,{head}\n2025-10-01,187,{cells}\n"
    if not said:
        assert closes_of(text) == [("2025-10-01", 187.0)]
        return
    assert refused(text).startswith(f"f.csv:2: {said}")


@pytest.mark.parametrize(
    ("line", "separator"),
    [("sep=;", ";"), ("SEP=,", ","), ('"sep=|"', "|"), ("", ";"), ("", ","), ("", "\t"), ("", "|")],
)
def test_the_separator_is_told_or_seen(line: str, separator: str) -> None:
    head = f"{line}\n" if line else "\r\n"
    text = head + f"Date{separator}Close\n2025-10-01{separator}187\n"
    found = read(text)
    assert [bar.close for bar in found.bars] == [187.0]
    shown = "tab" if separator == "\t" else separator
    assert f"separator '{shown}'" in found.recognised
    quoted = f'"a;b|c"{separator}Close{separator}Date\nx{separator}187{separator}2025-10-01\n'
    assert closes_of(head + quoted) == [("2025-10-01", 187.0)]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2025-10-01,187,,,", ""),
        ("2025-10-01", "1 cells under 2 columns"),
        ("2025-10-01,187,5", "3 cells under 2 columns (quote cells that hold the separator)"),
    ],
)
def test_a_row_is_as_wide_as_its_heading(row: str, said: str) -> None:
    text = f"Date,Close\n{row}\n2025-10-02,188\n"
    if not said:
        assert closes_of(text)[0] == ("2025-10-01", 187.0)
        return
    assert refused(text).startswith(f"f.csv:2: {said}")


def test_prose_below_a_table_is_left_out_where_a_table_is_wider_than_two() -> None:
    """Of two columns a lone cell is a row that lacks one."""
    wide = "Date,Close,Volume\n2025-10-01,187,5\nEnd\nof file\n"
    assert closes_of(wide) == [("2025-10-01", 187.0)]
    assert refused("Date,Close\n2025-10-01,187\nEnd\n").startswith("f.csv:3: 1 cells under 2")
    assert refused("Date,Close,Volume\nEnd\n") == "'f.csv' has a heading and no rows"
    between = "Date,Close,Volume\n2025-10-01,187,5\nA word\n2025-10-02,188,5\n"
    assert refused(between).startswith("f.csv:3: 1 cells under 3 columns")
    # Dividends and splits stand in cells behind the day; a word like it as a day is none.
    assert closes_of("Date,Close\n2025-10-01,Dividend\n2025-10-02,188\n")[0][0] == "2025-10-02"
    assert "is not a date" in refused("Date,Close\nsplit,187\n")


def test_a_table_of_yfinance_by_hand() -> None:
    """Three heading rows; a caret before an index; other tickers are named in order."""
    text = (
        "Price,Close,High,Adj Close,Close\nTicker,^VIX,^VIX,^VIX,AMD\nDate,,,,\n"
        "2025-10-01,16,17,15,160\n"
    )
    (bar,) = read(text, "VIX").bars
    assert (bar.close, bar.high, bar.open, bar.symbol) == (16.0, 17.0, None, "VIX")
    assert closes_of(text, "AMD") == [("2025-10-01", 160.0)]
    assert refused(text) == "f.csv:2: holds AMD, ^VIX, not NVDA (choose --symbol)"
    headings = "Price,Close\nTicker,NVDA\nDate,\n"
    assert refused(headings) == "'f.csv' has a heading and no rows"
    assert refused("Price,Close\nTicker,NVDA\n") == (
        "f.csv:1: no column 'date' (columns seen: Price, Close)"
    )
    assert closes_of("Price,Close\nTicker,NVDA\n2025-10-01,5\n") == [("2025-10-01", 5.0)]


@pytest.mark.parametrize(
    ("head", "row", "name"),
    [
        ("Date,Close/Last", "10/11/2025,187", "Nasdaq.com: UTF-8, separator ',', month first"),
        ("Date,Price,Change %", "10/11/2025,187,1", "Investing.com (English): UTF-8, separator "
         "',', month first"),
        ("Date,Dernier,Variation %", "11/10/2025,187,1", "Investing.com (French): UTF-8, "
         "separator ',', day first"),
        ("date,clot,devise", "11/10/2025,187,USD", "Boursorama: UTF-8, separator ',', day first"),
        ("Date,Ouverture,Plus haut,Dernier", "11/10/2025,187,187,187", "ABC Bourse: UTF-8, "
         "separator ',', day first"),
        ("Date,Close", "11.10.2025,187", "table: UTF-8, separator ',', day first"),
    ],
)  # fmt: skip
def test_a_site_is_known_by_its_heading_and_so_is_its_habit(head: str, row: str, name: str) -> None:
    found = read(f"{head}\n{row}\n")
    assert found.recognised == name
    assert found.bars[0].session_on.isoformat() == "2025-10-11"
    assert found.symbol == "NVDA"


def test_where_day_and_month_first_meet_the_later_line_is_told() -> None:
    text = "Date,Close\n13/10/2025,1\n01/10/2025,1\n10/14/2025,1\n"
    assert refused(text) == (
        "f.csv:4: dates with the day and with the month first in one file "
        "(write them as 2025-10-01)"
    )
    assert refused(text.replace("13/10", "10/13").replace("10/14", "14/10")).startswith("f.csv:4:")
