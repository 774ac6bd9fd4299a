"""Dates as people write them: read with the doubt that is in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.news import stamps
from engine.news.stamps import MAX_ZONE, parse_stamp, read_stamp
from feeds.base import FeedConfig
from feeds.entries import RawEntry, RawFeed
from feeds.rss import to_items


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """Every test looks its months up itself."""
    stamps._month.cache_clear()


@pytest.mark.parametrize(
    ("text", "lang", "stamp", "exact"),
    [
        ("Sat, 28 Nov 2026 10:00:00 GMT", "en", "2026-11-28T10:00", True),
        ("2026-11-28", "en", "2026-11-28T00:00", False),
        ("2026/11/28", "en", "2026-11-28T00:00", False),
        ("2026-11-28 10:00:00", "en", "2026-11-28T10:00", False),
        ("2026-11-28 10:00:00", "zh", "2026-11-28T02:00", False),
        ("2026-07-28 10:00:00", "fr", "2026-07-28T08:00", False),
        ("2026-11-28 10:00:00  +0800", "en", "2026-11-28T02:00", True),
        ("20261128T101500Z", "en", "2026-11-28T10:15", True),
        ("Sat Nov 28 10:00:00 2026", "en", "2026-11-28T10:00", False),
        ("Sat Nov 28 2026 10:00:00 GMT+0800 (China Standard Time)", "en", "2026-11-28T02:00", True),
        ("Saturday, November 28, 2026 - 10:15pm", "en", "2026-11-28T22:15", False),
        ("Nov 28, 2026 10:15 AM EST", "en", "2026-11-28T15:15", True),
        ("Nov 28, 2026 12:15 AM EST", "en", "2026-11-28T05:15", True),
        ("28/11/2026 10:15", "en", "2026-11-28T10:15", False),
        ("11/28/2026 10:15:00 PM", "en", "2026-11-28T22:15", False),
        ("03/04/2026", "en", None, False),
        ("03/04/2026", "fr", "2026-04-02T22:00", False),
        ("28.11.2026 10:15", "de", "2026-11-28T09:15", False),
        ("Sa, 28 Okt 2026 10:15:00 +0200", "de", "2026-10-28T08:15", True),
        ("2026年11月28日 10:15", "zh", "2026-11-28T02:15", False),
        ("2026年11月28日 下午3:15", "zh", "2026-11-28T07:15", False),
        ("le samedi 28 novembre 2026 à 10h15", "fr", "2026-11-28T09:15", False),
        ("Sat, 28 Nov 2026 10:00:00 +800", "en", "2026-11-28T02:00", True),
        ("Sat, 28 Nov 2026 10:00:00 +3000", "en", "2026-11-28T10:00", False),
        ("Sat, 28 Nov 2026 10:00:00 IST", "en", "2026-11-28T10:00", False),
        ("Sat, 28 Nov 2026 24:00:00 GMT", "en", "2026-11-29T00:00", True),
        ("28-Nov-26 10:00:00 GMT", "en", "2026-11-28T10:00", True),
        ("2026-13-45T00:00:00Z", "en", None, False),
        ("Tue, 31 Feb 2026 00:00:00 GMT", "en", None, False),
        ("Sat, 28 Nov 2026 25:00:00 GMT", "en", None, False),
        ("1762077600", "en", None, False),
        ("3 hours ago", "en", None, False),
        ("28 Nov 2026 of 3 parts at 10:00", "en", None, False),
    ],
)
def test_a_date_is_read_with_its_doubt(
    text: str, lang: str, stamp: str | None, exact: bool
) -> None:
    """The hour is the language's home where no offset is told."""
    found = read_stamp(text, lang=lang)

    if stamp is None:
        assert found is None
    else:
        assert found == (datetime.fromisoformat(stamp).replace(tzinfo=UTC), exact)


@given(st.text("0123456789-/:., TZAPMaugnov+年月日()", max_size=40) | st.text(max_size=60))
def test_no_text_hurts_and_what_is_sure_stays(text: str) -> None:
    """Nothing raises; where the strict reader is sure, the generous one says the same."""
    found, sure = read_stamp(text), parse_stamp(text)

    assert found is None or found.at.tzinfo is UTC
    assert sure is None or found == (sure, True)


def test_a_date_ahead_for_want_of_its_zone_is_of_now() -> None:
    """A newsroom in Asia that tells no offset: kept when seen, not put off by eight hours."""
    now = datetime(2026, 11, 28, 2, 5, tzinfo=UTC)
    feed = FeedConfig(name="f", kind="feeds.rss:RssCollector", url="https://e.example/feed")

    def at(stamp: str, updated: str = "") -> list[datetime | None]:
        entry = RawEntry("T", "https://e.example/1", stamp, "", "", "", updated)
        return [item.published_at for item in to_items(RawFeed((entry,), 1), feed, now).items]

    assert at("2026-11-28 10:00:00") == [now]
    assert at("2026-11-28T10:00:00Z") == []
    assert at((now + MAX_ZONE + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M")) == []
    assert at("soon", "2026-11-27T10:00:00Z") == [datetime(2026, 11, 27, 10, tzinfo=UTC)]


# --- every name and every bound ------------------------------------------------------------------

MONTHS = """
1 jan january janvier janv jän|ene gen gennaio enero
2 feb february février févr fevrier|febbraio
3 mar march mars|mrt märz marzo
4 apr april avr avril|abr abril
5 may mai|mag maggio mei
6 jun june juin|giu giugno
7 jul july juil juillet|lug luglio
8 aug august aou août|ago agosto
9 sep sept september septembre|set settembre
10 oct october octobre|okt oktober ott ottobre out outubro
11 nov november novembre
12 dec december déc décembre|dez dezember dic diciembre
""".strip()


@pytest.mark.parametrize("row", MONTHS.splitlines())
def test_a_month_is_known_by_its_first_letters(row: str) -> None:
    """The strict reader knows English and French, the generous one the names behind the bar too."""
    number, _, names = row.partition(" ")
    strict, _, more = names.partition("|")
    for name in strict.split():
        if name != "jän":
            found = parse_stamp(f"17 {name} 2026 10:00 GMT")
            assert found == datetime(2026, int(number), 17, 10, tzinfo=UTC), name
    for name in (*strict.split(), *more.split()):
        loose = read_stamp(f"17 {name} 2026")
        assert loose == (datetime(2026, int(number), 17, tzinfo=UTC), False), name
    assert parse_stamp("17 mrt 2026 10:00 GMT") is None


ZONES = """
Z UT UTC GMT WET +0
EST CDT -5
EDT -4
CST MDT -6
MST PDT -7
PST -8
WEST CET +1
CEST EET +2
EEST +3
HKT SGT +8
JST KST +9
""".strip()


@pytest.mark.parametrize("row", ZONES.splitlines())
def test_a_zone_has_its_hours(row: str) -> None:
    *names, hours = row.split()
    for name in names:
        found = parse_stamp(f"17 Jan 2026 12:00:05 {name}")
        assert found == datetime(2026, 1, 17, 12, 0, 5, tzinfo=UTC) - timedelta(hours=int(hours))


@pytest.mark.parametrize(
    ("lang", "hour"),
    [
        ("zh", 4), ("zh-TW", 4), ("ZH", 4), ("ja", 3), ("ko", 3), ("fr", 11), ("de", 11),
        ("it", 11), ("es", 11), ("nl", 11), ("en", 12), ("", 12), ("ru", 12),
    ],
)  # fmt: skip
def test_an_hour_without_an_offset_is_that_of_the_languages_home(lang: str, hour: int) -> None:
    """Noon in January."""
    found = read_stamp("2026-01-17 12:00", lang=lang)
    assert found == (datetime(2026, 1, 17, hour, tzinfo=UTC), False)


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        # offsets to 14 hours, by hours and minutes, either sign
        ("2026-01-17T12:00:00+14:00", "2026-01-16T22:00"),
        ("2026-01-17T12:00:00+14:01", None),
        ("2026-01-17T12:00:00-14:00", "2026-01-18T02:00"),
        ("2026-01-17T12:00:00-0330", "2026-01-17T15:30"),
        ("17 Jan 2026 12:00 GMT+8", "2026-01-17T04:00"),
        ("17 Jan 2026 12:00 UTC-3", "2026-01-17T15:00"),
        ("17 Jan 2026 12:00 UTC+10", "2026-01-17T02:00"),
        ("17 Jan 2026 12:00 GMT+14", "2026-01-16T22:00"),
        ("17 Jan 2026 12:00 GMT+15", None),
        ("17 Jan 2026 12:00 +0000", "2026-01-17T12:00"),
        # British summer ends on the last Sunday of October
        ("24 Oct 2026 12:00 BST", "2026-10-24T11:00"),
        ("26 Oct 2026 12:00 BST", None),
        # the first instant at which a feed can have been
        ("1995-01-01T00:00:00Z", "1995-01-01T00:00"),
        ("1994-12-31T23:59:59Z", None),
        ("1995-01-01T00:00:00+00:01", None),
        # a leap second is the second before
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59"),
        ("2016-12-31T23:59:59z", "2016-12-31T23:59:59"),
        ("2016-12-31t23:59:58Z", "2016-12-31T23:59:58"),
        # 64 characters at most
        ("17 Jan 2026 12:00:00 GMT (" + "x" * 37 + ")", "2026-01-17T12:00"),
        ("17 Jan 2026 12:00:00 GMT (" + "x" * 38 + ")", None),
        ("  2026-01-17T12:00:00Z" + " " * 64, "2026-01-17T12:00"),
        # beyond the years of a date
        ("9999-12-31T23:59:59-01:00", None),
    ],
)
def test_the_strict_reader_takes_its_bounds_in(text: str, stamp: str | None) -> None:
    expected = None if stamp is None else datetime.fromisoformat(stamp).replace(tzinfo=UTC)
    assert parse_stamp(text) == expected


def test_a_zone_of_a_language_is_known_by_its_first_letters_whatever_their_case() -> None:
    text = "17 Jan 2026 12:00 CST"
    for lang in ("zh", "ZH", "zh-Hans"):
        assert parse_stamp(text, lang=lang) == datetime(2026, 1, 17, 4, tzinfo=UTC)
    for lang in ("", "fr", "xzh"):
        assert parse_stamp(text, lang=lang) == datetime(2026, 1, 17, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("year", "full"),
    [("00", 2000), ("49", 2049), ("50", 1950), ("99", 1999), ("1999", 1999), ("0049", 49)],
)
def test_a_year_of_two_digits_is_of_1950_to_2049(year: str, full: int) -> None:
    assert stamps._full_year(year) == full


def test_a_wrong_clock_explains_an_hour() -> None:
    assert timedelta(hours=1) == stamps.FUTURE_TOLERANCE
    assert timedelta(hours=14) == MAX_ZONE


@pytest.mark.parametrize(
    ("text", "lang", "stamp", "exact"),
    [
        # a hundred characters at most
        ("", "fr", None, False),
        ("1/2/26", "fr", None, False),
        ("2026-1-7", "en", "2026-01-07T00:00", False),
        ("2026-01-17 12:00" + " (" + "x" * 81 + ")", "en", "2026-01-17T12:00", False),
        ("2026-01-17 12:00" + " (" + "x" * 82 + ")", "en", None, False),
        ("260117", "en", None, False),
        ("20260117", "en", "2026-01-17T00:00", False),
        ("20260117T1215", "en", "2026-01-17T12:15", False),
        ("20260117T121509", "en", "2026-01-17T12:15:09", False),
        # half days: twelve is the first hour of each
        ("2026-01-17 12:15 am", "en", "2026-01-17T00:15", False),
        ("2026-01-17 12:15 pm", "en", "2026-01-17T12:15", False),
        ("2026-01-17 1:15 a.m.", "en", "2026-01-17T01:15", False),
        ("2026-01-17 11:15 PM", "en", "2026-01-17T23:15", False),
        ("2026-01-17 13:15 PM", "en", "2026-01-17T13:15", False),
        ("2026-01-17 13:15 am", "en", "2026-01-17T13:15", False),
        ("2026-01-17 1:15 pm", "en", "2026-01-17T13:15", False),
        ("2026-01-17 0:15 PM", "en", "2026-01-17T00:15", False),
        # midnight at the end of a day; leap seconds; no other
        ("2026-01-17 24:00", "en", "2026-01-18T00:00", False),
        ("2026-01-17 24:01", "en", None, False),
        ("2026-01-17 24:00:01", "en", None, False),
        ("2026-01-17 23:59:60", "en", "2026-01-17T23:59:59", False),
        ("2026-01-17 23:59:61", "en", None, False),
        ("2026-01-17 12:59", "en", "2026-01-17T12:59", False),
        ("2026-01-17 12:60", "en", None, False),
        # the two orders of a day and a month: English leaves it open where both could be
        ("05/05/2026", "en", "2026-05-05T00:00", False),
        ("12/13/2026", "en", "2026-12-13T00:00", False),
        ("13/12/2026", "en", "2026-12-13T00:00", False),
        ("12/11/2026", "en", None, False),
        ("12/11/2026", "", None, False),
        ("10/12/2026", "en", None, False),
        ("10/12/2026", "ru", "2026-12-10T00:00", False),
        ("12/11/2026", "en-GB", None, False),
        ("12/11/2026", "ru", "2026-11-12T00:00", False),
        ("11/13/2026", "ru", "2026-11-13T00:00", False),
        ("13/13/2026", "en", None, False),
        # offsets in any place and form
        ("2026-01-17 12:00 GMT+8", "zh", "2026-01-17T04:00", True),
        ("2026-01-17 12:00 -0330", "zh", "2026-01-17T15:30", True),
        ("2026-01-17 12:00 -330", "zh", "2026-01-17T15:30", True),
        ("2026-01-17 12:00 +8", "zh", "2026-01-17T04:00", True),
        ("2026-01-17t12:00:00z", "zh", "2026-01-17T12:00", True),
        ("2026-01-17 12:00 +14:00", "en", "2026-01-16T22:00", True),
        ("2026-01-17 12:00 +14:01", "en", "2026-01-17T12:00", False),
        ("EST 2026-01-17 12:00", "en", "2026-01-17T17:00", True),
        ("2026-01-17 12:00 CST", "zh", "2026-01-17T04:00", True),
        ("2026-01-17 12:00 XYZ CET", "en", "2026-01-17T11:00", True),
        ("2026-01-17 12:00 (EST)", "en", "2026-01-17T12:00", False),
        ("2026-01-17 12:00 [EST]", "en", "2026-01-17T12:00", False),
        # six words beside the date at most, and no other figure
        ("on a b c d e 2026-01-17 12:00", "en", "2026-01-17T12:00", False),
        ("on a b c d e f 2026-01-17 12:00", "en", None, False),
        ("2026-01-17 12:00 page 2", "en", None, False),
        ("2026-01-17 page 2", "en", None, False),
        ("2026-01-17 page two", "en", "2026-01-17T00:00", False),
        # the hour between day and year
        ("Sat Jan 17 12:00:09 EST 2026", "en", "2026-01-17T17:00:09", True),
        # a name that is no month is passed over
        ("Sat 17 Foo 2026", "en", None, False),
        ("31 Feb 2026", "en", None, False),
        # half days of the East, before the hour
        ("2026年1月17日 上午12:15", "zh", "2026-01-16T16:15", False),
        ("2026年1月17日 晚上8時15分", "zh", "2026-01-17T12:15", False),
        ("2026年1月17日 晚上 8:15", "zh", "2026-01-17T12:15", False),
        ("2026-01-17 오후 3:15", "ko", "2026-01-17T06:15", False),
        ("2026-01-17 오전 3:15:20", "ko", "2026-01-16T18:15:20", False),
        # the first instant, and the hour of its home
        ("1995-01-01 00:00", "en", "1995-01-01T00:00", False),
        ("1995-01-01 07:59", "zh", None, False),
        ("1995-01-01 08:00", "zh", "1995-01-01T00:00", False),
    ],
)
def test_the_generous_reader_takes_its_bounds_in(
    text: str, lang: str, stamp: str | None, exact: bool
) -> None:
    found = read_stamp(text, lang=lang)
    expected = None if stamp is None else (datetime.fromisoformat(stamp).replace(tzinfo=UTC), exact)
    assert found == expected
