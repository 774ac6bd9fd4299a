"""Outside text is made safe, bounded and recognisable before anything else sees it."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.news.clean import (
    canonical_url,
    clean_text,
    clean_title,
    make_item,
    text_hash,
    without_publisher,
)
from engine.news.stamps import is_future, parse_stamp
from engine.record.content import item_id, title_id
from engine.values import Item

NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)

# Text built from the pieces that break cleaners: escapes, half tags, invisible characters.
PIECES = st.sampled_from(
    ["<", ">", "&", ";", "amp", "lt", "gt", "#60", "#x3c", "&lt;b&gt;", "<script>", "</script>",
     "<p>", "<!--", "-->", "\u202e", "\u200b", "\x1b[31m", "\x00", "e\u0301", "\ud800", " ", "\n",
     "NVDA", "é", "\u2028", "\ufeff", "&nbsp;", "&#8238;", "<img src=x onerror=y>"]
)  # fmt: skip
HOSTILE = st.lists(PIECES, max_size=24).map("".join) | st.text(max_size=200)


@given(HOSTILE)
def test_cleaning_twice_is_cleaning_once(text):
    """What is clean stays as it is."""
    once = clean_text(text)

    assert clean_text(once) == once


@given(HOSTILE)
def test_clean_text_is_plain(text):
    """No control, format, surrogate or line-break character and no tag is left; it is NFC."""
    cleaned = clean_text(text)

    assert {unicodedata.category(c) for c in cleaned}.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]", cleaned)
    assert not re.search(r"<[a-zA-Z/!?]", cleaned)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == " ".join(cleaned.split())


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("&lt;script&gt;alert(1)&lt;/script&gt;Nvidia", "Nvidia"),
        ("&amp;lt;b&amp;gt;Nvidia&amp;lt;/b&amp;gt;", "Nvidia"),
        ("<p>One</p><p>Two</p>", "One Two"),
        ("<b>N</b>VIDIA", "NVIDIA"),
        ("AT&amp;T &#8211; caf&eacute;", "AT&T – café"),
        ("P/E < 30 & rising", "P/E < 30 & rising"),
        ("if a<5 and b>3", "if a<5 and b>3"),
        ("red\x1b[31m alert\x07", "red[31m alert"),
        ("\u202eesrever", "esrever"),
        ("cafe\u0301", "café"),
        ("a\u00a0b\u2003c\n\td", "a b c d"),
        ("<a href='javascript:x'>link</a>", "link"),
        ("<style>p{}</style>text", "text"),
        ("", ""),
    ],
)
def test_examples(raw, clean):
    """The cases seen in the wild."""
    assert clean_text(raw) == clean


def test_lengths_are_bounded_and_the_cut_is_shown():
    """500 characters of title, 20,000 of body, an ellipsis in the last place."""
    assert clean_title("x" * 500) == "x" * 500
    assert clean_title("x" * 501) == "x" * 499 + "…"
    assert len(clean_text("word " * 100_000)) <= 20_000


def test_a_megabyte_of_escapes_costs_no_time():
    """The work is bounded by the limit, not by the input."""
    assert len(clean_text("&amp;" * 10**6)) <= 20_000
    assert len(clean_text("<" * 10**6)) <= 20_000


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("HTTPS://Example.COM", "https://example.com/"),
        ("https://example.com:443/a#part", "https://example.com/a"),
        ("http://example.com:8080/a", "http://example.com:8080/a"),
        ("https://me:pw@example.com/a", "https://example.com/a"),
        ("https://example.com/a?utm_source=x&b=2&a=1&fbclid=9", "https://example.com/a?a=1&b=2"),
        ("https://example.com/a?id=", "https://example.com/a?id="),
        ("https://exämple.com/é", "https://xn--exmple-cua.com/%C3%A9"),
        ("https://example.com/%C3%A9", "https://example.com/%C3%A9"),
        ("  https://example.com/a/b-c_d.html ", "https://example.com/a/b-c_d.html"),
        ("https://example.com./a", "https://example.com/a"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//example.com/a", ""),
        ("https://", ""),
        ("https://exa mple.com/", ""),
        ("https://example.com/\x00", ""),
        ("https://example.com\\@evil.com/", ""),
        ("https://example.com/" + "a" * 2_000, ""),
        ("https://[::1", ""),
        ("https://example.com:99999/", ""),
    ],
)
def test_addresses_have_one_spelling(raw, canonical):
    """Tracking, fragments, credentials and default ports say nothing about the article."""
    assert canonical_url(raw) == canonical


@given(st.text(max_size=80).map(lambda t: "https://example.com/" + t) | st.text(max_size=60))
def test_canonical_addresses_are_stable_and_safe(text):
    """A fixed point, http(s) only, with nothing that could break out of an attribute or a line."""
    url = canonical_url(text)

    assert canonical_url(url) == url
    assert url == "" or re.fullmatch(r"https?://[^\s<>\"\\]+", url)


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("Fri, 22 Aug 2025 10:00:00 GMT", "2025-08-22T10:00:00"),
        ("22 Aug 2025 10:00 -0400", "2025-08-22T14:00:00"),
        ("Friday, 22 August 2025 10:00:00 EDT", "2025-08-22T14:00:00"),
        ("2025-08-22T10:00:00Z", "2025-08-22T10:00:00"),
        ("2025-08-22T10:00:00.5+02:00", "2025-08-22T08:00:00"),
        ("2025-08-22 10:00 +0530", "2025-08-22T04:30:00"),
        ("1762077600", None),
        ("2026-13-45T00:00:00Z", None),
        ("Tue, 31 Feb 2026 00:00:00 GMT", None),
        ("2025-08-22T02:30:00", None),
        ("2025-08-22", None),
        ("2025-08-22T02:30 America/New_York", None),
        ("Fri, 22 Aug 2025 10:00:00 IST", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Fri, 22 Aug 2025 25:00:00 GMT", None),
        ("2025-08-22T10:00:00+99:00", None),
        ("Sat, 28 Nov 26 10:00:00 EST", "2026-11-28T15:00:00"),
        ("Sun, 06 Nov 94 08:49:37 GMT", None),
        ("Sat, 28 Nov 99 10:00:00 GMT", "1999-11-28T10:00:00"),
        ("Sat, 28 Nov 2026 10:00:00 +08:00", "2026-11-28T02:00:00"),
        ("Sat, 28 Nov 2026 10:00:00 +0800 (CST)", "2026-11-28T02:00:00"),
        ("sam., 28 nov. 2026 10:00:00 +0100", "2026-11-28T09:00:00"),
        ("lun. 01 févr. 2027 10:00 +0100", "2027-02-01T09:00:00"),
        ("mercredi, 01 juillet 2026 10:00:00 CEST", "2026-07-01T08:00:00"),
        ("01 juin 2026 10:00:00 +0200", "2026-06-01T08:00:00"),
        ("lun., 31 août 2026 10:00:00 +0200", "2026-08-31T08:00:00"),
        ("Sat, 28 Nov 2026 10:00:00 GMT+8", "2026-11-28T02:00:00"),
        ("Sat, 28 Nov 2026 10:00:00 HKT", "2026-11-28T02:00:00"),
        ("Sat, 28 Nov 2026 10:00:00 CET", "2026-11-28T09:00:00"),
        ("Fri, 21 Aug 2026 10:00:00 BST", "2026-08-21T09:00:00"),
        ("Sat, 28 Nov 2026 10:00:00 BST", None),
        ("Sat, 28 Nov 2026 10:00:00 CST", "2026-11-28T16:00:00"),
        ("Sat, 28 Nov 2026 10:00:00 GMT+99", None),
        ("Sat, 28 Nov 026 10:00:00 GMT", None),
        ("2026/11/28", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_doubtful_date_is_no_date(text, stamp):
    """feedparser reads the bare number as year 1762 and the 45th day as one in 2027."""
    expected = None if stamp is None else datetime.fromisoformat(stamp).replace(tzinfo=UTC)

    assert parse_stamp(text) == expected


def test_a_zone_of_two_meanings_is_read_by_the_language_of_its_source():
    """CST stands for Chicago in English and for Shanghai in Chinese."""
    text = "Sat, 28 Nov 2026 10:00:00 CST"

    assert parse_stamp(text, lang="zh") == datetime(2026, 11, 28, 2, tzinfo=UTC)
    assert parse_stamp(text, lang="zh-CN") == datetime(2026, 11, 28, 2, tzinfo=UTC)
    assert parse_stamp(text, lang="en") == datetime(2026, 11, 28, 16, tzinfo=UTC)


@given(
    st.integers(min_value=823_000_000, max_value=4_000_000_000),
    st.integers(min_value=-14 * 4, max_value=14 * 4),
)
def test_stamps_written_by_the_standard_library_are_read_back(seconds, quarters):
    """Both formats, every quarter-hour offset."""
    zone = timezone(timedelta(minutes=15 * quarters))
    stamp = datetime.fromtimestamp(seconds, zone)

    assert parse_stamp(format_datetime(stamp)) == stamp
    assert parse_stamp(stamp.isoformat()) == stamp


@given(st.text(max_size=70))
def test_no_text_makes_the_date_parser_fail(text):
    """It answers with an aware instant or None."""
    stamp = parse_stamp(text)

    assert stamp is None or stamp.tzinfo is UTC


def test_a_stamp_may_run_an_hour_ahead():
    """A wrong clock is tolerated, a date from tomorrow is not."""
    assert not is_future(NOW + timedelta(hours=1), NOW)
    assert is_future(NOW + timedelta(hours=1, seconds=1), NOW)


@pytest.mark.parametrize(
    ("title", "publisher", "bare"),
    [
        ("Nvidia beats - Reuters", "Reuters", "Nvidia beats"),
        ("Nvidia - the story - Reuters", "reuters", "Nvidia - the story"),
        ("Nvidia - the story", "Reuters", "Nvidia - the story"),
        ("Nvidia beats - Reuters", "", "Nvidia beats"),
        ("Nvidia beats", "", "Nvidia beats"),
        (" - Reuters", "", " - Reuters"),
        ("Nvidia - " + "long " * 20, "", "Nvidia - " + "long " * 20),
    ],
)
def test_the_publisher_is_cut_from_aggregated_titles(title, publisher, bare):
    """Only the last part, and only the named one when a name is known."""
    assert without_publisher(title, publisher) == bare


def item(**changes: object):
    parts: dict[str, object] = {
        "source": "s",
        "title": "Nvidia beats",
        "url": "https://example.com/a",
        "known_at": NOW,
        "published_at": NOW,
        **changes,
    }
    made = make_item(**parts)  # type: ignore[arg-type]
    assert made is not None
    return made


def test_identity_survives_edits_tracking_and_redelivery():
    """The address decides; a new text under it is a new version of the same item."""
    first = item()
    edited = item(title="Nvidia beats again", url="https://EXAMPLE.com/a?utm_medium=rss#x")

    assert item_id(edited) == item_id(first)
    assert edited.body_hash != first.body_hash
    assert item(known_at=NOW + timedelta(days=1)).body_hash == first.body_hash


def test_without_an_address_source_title_and_day_identify():
    """Case and spacing do not matter, the day and the source do."""
    first = item_id(item(url=""))

    assert first == item_id(item(url="javascript:x", title=" NVIDIA  beats"))
    assert first == title_id("s", "nvidia beats", date(2025, 8, 22))
    assert first != item_id(item(url="", source="t"))
    assert first != item_id(item(url="", published_at=NOW - timedelta(days=1)))


def test_items_are_bounded_and_never_empty():
    """A missing title is taken from the summary; nothing readable gives no item."""
    long = item(title="t" * 900, summary="<p>" + "s" * 90_000)

    assert (len(long.title), len(long.summary)) == (500, 20_000)
    assert item(title="<b></b>", summary="A summary").title == "A summary"
    assert make_item(
        source="s", title="\u200b", url="", known_at=NOW, published_at=None, summary="<br>"
    ) is None  # fmt: skip


def test_title_and_summary_are_kept_apart_in_the_hash():
    """Moving a word from one to the other is a change."""
    assert text_hash("a", "b c") != text_hash("a b", "c")


@pytest.mark.parametrize(
    ("raw", "limit", "clean"),
    [
        ("abcde", 5, "abcde"),
        ("abcdef", 5, "abcd…"),
        ("abc def", 5, "abc…"),  # no space before the ellipsis
        ("a" * 5 + " " * 100, 5, "aaaaa"),
        (" " * 20 + "b", 5, ""),  # four times the limit is looked at, and no more
        (" " * 19 + "b", 5, "b"),
    ],
)
def test_a_cut_ends_in_an_ellipsis_within_the_bound(raw, limit, clean):
    """The ellipsis counts."""
    assert clean_text(raw, limit=limit) == clean


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("\x93quoted\x94 \x80", "“quoted” €"),  # windows-1252 taken for Latin-1
        ("a\x81b", "ab"),  # unknown to it
        ("a&b", "a&b"),
        ("a < b & c > d", "a < b & c > d"),
        ("<![CDATA[One]]> two", "One two"),
        ("&lt;![CDATA[One]]&gt;", "One"),
        ("One<br>two<hr/>three<span>four</span>", "One two threefour"),
        ("One<H2>two", "One two"),
        ("&amp;amp;lt;b&amp;amp;gt;x", "x"),  # escaped three times
        ("&amp;amp;amp;lt;b&amp;amp;amp;gt;x", "b x"),
        ("&amp;amp;amp;amp;amp;lt;b", "amp;lt;b"),  # more often: no mark is left of it
    ],
)
def test_markup_is_resolved_however_it_is_hidden(raw, clean):
    """Four rounds; what then still holds a mark loses it."""
    assert clean_text(raw) == clean


@pytest.mark.parametrize(
    ("title", "publisher", "bare"),
    [
        ("A - " + "b" * 60, "", "A"),
        ("A - " + "b" * 61, "", "A - " + "b" * 61),
        ("A  - B", "", "A"),
        ("A  - B", "b", "A"),
        ("A - B - C", "B", "A - B - C"),
    ],
)
def test_a_publisher_has_sixty_characters_at_most(title, publisher, bare):
    """Whatever short text follows the last dash, unless a name is given."""
    assert without_publisher(title, publisher) == bare


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("https://a.example/" + "b" * 1_982, "https://a.example/" + "b" * 1_982),  # 2,000
        ("https://a.example/" + "b" * 1_983, ""),
        ("http://a.example:80/x", "http://a.example/x"),
        ("http://a.example:443/x", "http://a.example:443/x"),
        ("https://a.example:80/x", "https://a.example:80/x"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x"),
        ("ftp://a.example/x", ""),
        ("https://a<b.example/x", ""),
        ("https://a.example?x=1", "https://a.example/?x=1"),
        ("https://a.example/é?b=é&a=ü", "https://a.example/%C3%A9?a=%C3%BC&b=%C3%A9"),
        ("https://a.example/é?b=", "https://a.example/%C3%A9?b="),
        ("https://a.example/x?b=2&b=1&a&=3", "https://a.example/x?=3&a=&b=1&b=2"),
        ("https://a.example/x?&&b=1", "https://a.example/x?b=1"),
        ("https://a.example/x?utm_x=1&UTM_Y=2&gclid=3", "https://a.example/x"),
        ("https://a.example/x?gclidx=3", "https://a.example/x?gclidx=3"),
        ("https://a.example/x?b=c=d", "https://a.example/x?b=c%3Dd"),
    ],
)
def test_an_address_is_spelt_one_way_the_short_and_the_long(raw, canonical):
    """Plain addresses go a shorter way, with the same outcome."""
    assert canonical_url(raw) == canonical


def test_an_item_is_made_field_by_field():
    """Title and summary cleaned, the address in one spelling, the digest of both texts."""
    made = make_item(
        source="s", title="<b>A</b> - Paper", url="HTTPS://A.example", known_at=NOW,
        published_at=None, summary="<p>B</p>", lang="fr", publisher="PAPER",
    )  # fmt: skip
    assert made == Item(
        source="s", title="A", url="https://a.example/", known_at=NOW, published_at=None,
        summary="B", lang="fr", body_hash=sha256(b"A\x1fB").hexdigest(),
    )  # fmt: skip
    plain = item(title="A - Paper")
    assert (plain.title, plain.summary, plain.lang) == ("A - Paper", "", "en")
    assert item(title="A - Paper", publisher="").title == "A"
    assert item(title="A - Paper", publisher="Else").title == "A - Paper"
    long = item(title="", summary="s" * 200)
    assert long.title == "s" * 119 + "…"
