"""Dates as people write them: read with the doubt that is in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.news.stamps import MAX_ZONE, parse_stamp, read_stamp
from feeds.base import FeedConfig
from feeds.entries import RawEntry, RawFeed
from feeds.rss import to_items


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
