"""RSS and Atom: two parsers that agree, and no document that hurts."""

from __future__ import annotations

import os
import random
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import FeedError
from engine.record.content import item_id
from engine.shown import FeedState
from feeds.base import MAX_ENTRIES, FeedConfig
from feeds.entries import parse_strict, parse_tolerant
from feeds.rss import RssCollector, to_items
from feeds.sandbox import ParserProcess

NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)
FEED = FeedConfig(name="f", kind="feeds.rss:RssCollector", url="https://example.com/feed")


@pytest.fixture(scope="module")
def rss():
    process = ParserProcess(seconds=120)  # a busy machine is not what is tested
    yield RssCollector(process.parse)
    process.close()


def rss_doc(*items: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    names = (
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:media="http://search.yahoo.com/mrss/"'
    )
    inside = "".join(f"<item>{item}</item>" for item in items)
    title = "<title>Channel</title><link>https://example.com/</link>"
    return f'{head}<rss version="2.0" {names}><channel>{title}{inside}</channel></rss>'.encode()


def atom_doc(*entries: str) -> bytes:
    inside = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        f'xmlns:media="http://search.yahoo.com/mrss/"><title>Feed</title>{inside}</feed>'
    ).encode()


def entry(n: int, when: str = "Fri, 22 Aug 2025 10:00:00 GMT") -> str:
    return (
        f"<title>Headline {n}</title><link>https://example.com/{n}</link>"
        f"<pubDate>{when}</pubDate><description>Text {n}</description>"
    )


CORPUS = {
    "plain": rss_doc(entry(1), entry(2)),
    "cdata markup": rss_doc(
        "<title><![CDATA[A <b>bold</b> claim &amp; more]]></title><link>https://e.com/1</link>"
        "<description><![CDATA[<p>One</p><p>Two &eacute;</p>]]></description>"
    ),
    "escaped markup": rss_doc(
        "<title>&lt;script&gt;x&lt;/script&gt;Nvidia &amp;amp; AMD</title><link>https://e.com/1</link>"
        "<description>&lt;p&gt;A&lt;br/&gt;B&lt;/p&gt;</description>"
    ),
    "permalink guid": rss_doc("<title>T</title><guid>https://e.com/guid</guid>"),
    "opaque guid": rss_doc('<title>T</title><guid isPermaLink="false">abc</guid>'),
    "atom link": rss_doc('<title>T</title><atom:link href="https://e.com/a" rel="alternate"/>'),
    "relative link": rss_doc("<title>T</title><link>/2025/a.html</link>"),
    "dc date": rss_doc(
        "<title>T</title><link>https://e.com/1</link><dc:date>2025-08-22T10:00:00Z</dc:date>"
    ),
    "content before description": rss_doc(
        "<title>T</title><link>https://e.com/1</link>"
        "<content:encoded><![CDATA[<p>Long text</p>]]></content:encoded>"
        "<description>Short</description>"
    ),
    "content alone": rss_doc(
        "<title>T</title><link>https://e.com/1</link>"
        "<content:encoded><![CDATA[<p>Long text</p>]]></content:encoded>"
    ),
    "description before content": rss_doc(
        "<title>T</title><link>https://e.com/1</link><description>Short</description>"
        "<content:encoded><![CDATA[<p>Long text</p>]]></content:encoded>"
    ),
    "media title": rss_doc(
        "<title>Right</title><link>https://e.com/1</link>"
        "<media:content><media:title>Wrong</media:title></media:content>"
    ),
    "media title first": rss_doc(
        "<media:content><media:title>Wrong</media:title></media:content>"
        "<title>Right</title><link>https://e.com/1</link>"
    ),
    "no title": rss_doc("<link>https://e.com/1</link><description>Only a text</description>"),
    "nothing": rss_doc("<category>x</category>"),
    "undated": rss_doc("<title>T</title><link>https://e.com/1</link>"),
    "bad date": rss_doc("<title>T</title><link>https://e.com/1</link><pubDate>soon</pubDate>"),
    "unicode": rss_doc("<title>芯片 — été ✓</title><link>https://e.com/ü?x=é</link>"),
    "comment inside": rss_doc("<title>A<!-- x -->B</title><link>https://e.com/1</link>"),
    "spaces": rss_doc("<title>\n  A \t title \n</title><link>\n https://e.com/1 \n</link>"),
    "source": rss_doc(
        "<title>Nvidia beats - Reuters</title><link>https://e.com/1</link>"
        '<source url="https://reuters.com">Reuters</source>'
    ),
    "empty channel": rss_doc(),
    "atom": atom_doc(
        "<title>T</title><link href='https://e.com/1'/><updated>2025-08-22T10:00:00Z</updated>"
        "<published>2025-08-21T10:00:00+02:00</published><summary>S</summary>"
    ),
    "atom html": atom_doc(
        "<title type='html'>A &lt;i&gt;b&lt;/i&gt; &amp;amp; c</title><link href='https://e.com/1'/>"
        "<updated>2025-08-22T10:00:00Z</updated>"
        "<content type='html'>&lt;p&gt;x&lt;/p&gt;&lt;p&gt;y&lt;/p&gt;</content>"
    ),
    "atom links": atom_doc(
        "<title>T</title><link rel='self' href='https://e.com/self'/>"
        "<link rel='alternate' href='https://e.com/alt'/><link rel='enclosure' href='https://e.com/x'/>"
    ),
    "atom both texts": atom_doc(
        "<title>T</title><link href='/rel'/><content>Long</content><summary>Short</summary>"
    ),
    "atom source": atom_doc(
        "<title>T</title><link href='https://e.com/1'/>"
        "<source><title>Other</title><updated>2020-01-01T00:00:00Z</updated></source>"
    ),
    "atom author": atom_doc(
        "<author><name>N</name></author><title>T</title><link href='https://e.com/1'/>"
    ),
}


@pytest.mark.parametrize("name", CORPUS)
def test_the_strict_and_the_tolerant_parser_agree(name):
    """Speed changes nothing: the same items, the same problems."""
    strict = parse_strict(CORPUS[name])
    tolerant = parse_tolerant(CORPUS[name])

    assert strict is not None
    assert to_items(strict, FEED, NOW) == to_items(tolerant, FEED, NOW)


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co"),
                  exclude_characters="]"), max_size=40,
)  # fmt: skip


@given(st.lists(st.tuples(TEXT, TEXT, st.integers(0, 10**9)), max_size=5))
@settings(max_examples=60)
def test_both_parsers_agree_on_any_text(rows):
    """Whatever the titles and texts hold, escaped as CDATA or not.

    Also text that is UTF-8 read as Latin-1 all through: both turn it back.
    """
    from xml.sax.saxutils import escape

    body = rss_doc(
        *(
            f"<title>{escape(title)}</title><description><![CDATA[{text}]]></description>"
            f"<link>https://e.com/{n}</link><pubDate>Fri, 22 Aug 2025 10:00:00 GMT</pubDate>"
            for title, text, n in rows
        )
    )
    strict = parse_strict(body)

    assert strict is not None
    assert to_items(strict, FEED, NOW) == to_items(parse_tolerant(body), FEED, NOW)


def test_an_entry_becomes_a_clean_item(rss):
    """Source, title, address, stamp and our own instant."""
    (item,) = rss.parse(CORPUS["escaped markup"], FEED, NOW).undated
    (dated,) = rss.parse(rss_doc(entry(7)), FEED, NOW).items

    assert (item.title, item.summary) == ("Nvidia & AMD", "A B")
    assert (dated.source, dated.url) == ("f", "https://example.com/7")
    assert dated.known_at == NOW
    assert dated.published_at == datetime(2025, 8, 22, 10, tzinfo=UTC)


def test_undated_entries_stay_out_of_history(rss):
    """They are handed over apart, flagged, and make the document's state."""
    parsed = rss.parse(CORPUS["undated"], FEED, NOW)

    assert parsed.items == ()
    assert len(parsed.undated) == 1
    assert parsed.state is FeedState.UNDATED
    assert "display only" in parsed.problems[0]


def test_stamps_from_the_future_are_refused(rss):
    """More than an hour ahead is no date of an article; an hour is a wrong clock."""
    soon = entry(1, "Fri, 22 Aug 2025 13:29:00 GMT")
    tomorrow = entry(2, "Sat, 23 Aug 2025 12:30:00 GMT")

    parsed = rss.parse(rss_doc(soon, tomorrow), FEED, NOW)

    assert [item.title for item in parsed.items] == ["Headline 1"]
    assert parsed.problems == ("1 entries stamped ahead, read again when due",)
    assert parsed.put_off == 1


def test_a_stamp_of_another_year_is_not_waited_for(rss):
    """It is a wrong clock; waiting for it would read the document anew at every poll."""
    parsed = rss.parse(rss_doc(entry(1), entry(2, "Sun, 23 Aug 2026 12:30:00 GMT")), FEED, NOW)

    assert parsed.problems == ("1 entries stamped in the future, refused",)
    assert parsed.put_off == 0


def test_text_encoded_twice_is_read_once_by_both_parsers():
    """UTF-8 that a publisher took for Latin-1; a name that only looks so stays."""
    wrong = "Société Générale".encode().decode("iso-8859-1")
    body = rss_doc(
        f"<title>{wrong}</title><description>{wrong} \u2013 x</description>"
        "<link>https://e.com/1</link><pubDate>Fri, 22 Aug 2025 10:00:00 GMT</pubDate>"
    )

    for raw in (parse_strict(body), parse_tolerant(body)):
        (item,) = to_items(raw, FEED, NOW).items
        assert item.title == "Société Générale"
        assert item.summary == wrong + " \u2013 x"


def test_entries_that_share_a_link_are_told_apart_by_their_guid():
    """A live blog: three entries, one address; the same entry twice is still one."""
    blocks = [entry(1) + f"<guid isPermaLink='false'>block-{n}</guid>" for n in (1, 2, 3)]
    body = rss_doc(*blocks, blocks[0], entry(2) + "<guid isPermaLink='false'>own</guid>")

    for raw in (parse_strict(body), parse_tolerant(body)):
        urls = {item.url for item in to_items(raw, FEED, NOW).items}
        assert len(urls) == 4
        assert {url.partition("#")[0] for url in urls} == {
            "https://example.com/1", "https://example.com/2"
        }  # fmt: skip
        assert "https://example.com/2" in urls


def test_a_fragment_that_tells_entries_apart_is_kept_as_it_is():
    """A day's page with an anchor for each note; without need the fragment goes, as ever."""
    notes = [entry(1).replace("/1</link>", f"/1#note{n}</link>") for n in (1, 2)]
    alone = entry(2).replace("/2</link>", "/2#top</link>")

    for raw in (parse_strict(rss_doc(*notes, alone)), parse_tolerant(rss_doc(*notes, alone))):
        assert [item.url for item in to_items(raw, FEED, NOW).items] == [
            "https://example.com/1#note1", "https://example.com/1#note2", "https://example.com/2"
        ]  # fmt: skip


def test_an_atom_entry_without_a_link_has_the_address_of_its_id():
    """An id that is a web address leads somewhere; a tag does not."""

    def one(name: str) -> str:
        return f"<title>{name}</title><id>{name}</id><updated>2025-08-22T10:00:00Z</updated>"

    body = atom_doc(one("https://e.com/a"), one("tag:e.com,2025:b"))

    for raw in (parse_strict(body), parse_tolerant(body)):
        assert [item.url for item in to_items(raw, FEED, NOW).items] == ["https://e.com/a", ""]


@pytest.mark.parametrize(
    "body",
    [
        rss_doc(entry(1)).replace(b"item>", b"ITEM>"),
        rss_doc(entry(2), entry(1)).replace(b"<item>", b"<Item>").replace(b"/item>", b"/Item>"),
        rss_doc(entry(2)).replace(b"</chan", b"<Item><title>Headline 1</title></Item></chan"),
        rss_doc(entry(2)).replace(b"</rss", b"<item><title>Headline 1</title></item></rss"),
        atom_doc("<title>Headline 1</title>").replace(b"entry>", b"Entry>"),
    ],
)  # fmt: skip
def test_items_under_another_spelling_or_beside_the_channel_are_not_passed_over(body, rss):
    """The strict road leaves such a document to the other, instead of calling it empty."""
    assert parse_strict(body) is None
    assert "Headline 1" in {i.title for i in (*rss.parse(body, FEED, NOW).items,
                                              *rss.parse(body, FEED, NOW).undated)}  # fmt: skip


def test_a_link_may_stand_in_an_attribute_and_marks_of_cdata_are_no_text(rss):
    """As feedparser reads the first; the second, escaped, had taken the whole title with it."""
    body = rss_doc(
        '<title>&lt;![CDATA[Nvidia &lt;![CDATA[one]]&gt;</title><link href="https://e.com/1"/>'
        "<pubDate>Fri, 22 Aug 2025 10:00:00 GMT</pubDate>"
    )
    (item,) = rss.parse(body, FEED, NOW).items

    assert (item.title, item.url) == ("Nvidia one", "https://e.com/1")


def test_order_and_repetition_carry_no_meaning(rss):
    """Ten deliveries of one document, shuffled and doubled: identical identities and versions."""
    entries = [entry(n % 40) for n in range(60)]
    seen = set()
    for seed in range(10):
        random.Random(seed).shuffle(entries)
        parsed = rss.parse(rss_doc(*entries), FEED, NOW + timedelta(hours=seed))
        seen.add(frozenset((item_id(i), i.body_hash) for i in parsed.items))

    assert len(seen) == 1
    assert len(next(iter(seen))) == 40


def test_two_texts_under_one_address_are_both_kept_in_any_order(rss):
    """No guid tells whether one is the other's new wording: what would be lost costs more."""
    a = entry(1).replace("Headline", "First")
    b = entry(1).replace("Headline", "Second")
    c = entry(1, "Fri, 22 Aug 2025 09:00:00 GMT").replace("Headline", "Older")

    found = {
        frozenset((item.title, item.url) for item in rss.parse(rss_doc(*order), FEED, NOW).items)
        for order in ((a, b, c), (c, b, a), (b, a, c))
    }

    assert len(found) == 1
    assert {title for title, _ in next(iter(found))} == {"First 1", "Second 1", "Older 1"}


def test_of_two_versions_of_one_text_the_later_stays_in_any_order(rss):
    """One address and one title: the later stamp wins, then the greater hash."""
    a = entry(1).replace("Text", "First")
    b = entry(1, "Fri, 22 Aug 2025 09:00:00 GMT")

    (one,) = rss.parse(rss_doc(a, b), FEED, NOW).items

    assert rss.parse(rss_doc(b, a), FEED, NOW).items == (one,)
    assert one.summary == "First 1"


def test_aggregated_titles_lose_their_publisher(feed, rss):
    """Google News appends it to every headline."""
    google = feed(options={"strip_publisher": True})

    assert rss.parse(CORPUS["source"], google, NOW).undated[0].title == "Nvidia beats"


def test_a_pattern_keeps_what_it_names(feed, rss):
    """``must_match`` looks at titles and summaries; a broken pattern is said."""
    body = rss_doc(entry(1), entry(2).replace("Text 2", "about NVIDIA"))

    assert [i.url for i in rss.parse(body, feed(options={"must_match": "nvidia"}), NOW).items] == [
        "https://example.com/2"
    ]
    with pytest.raises(FeedError, match="must_match"):
        rss.parse(body, feed(options={"must_match": "("}), NOW)


def test_a_pattern_sees_the_summary_that_is_not_kept(feed, rss):
    """What the terms keep out of the record may still say what an item is about."""
    body = rss_doc(entry(1), entry(2).replace("Text 2", "for the NVIDIA Rubin platform"))
    kept = feed(options={"must_match": "nvidia", "keep_summary": False})

    (item,) = rss.parse(body, kept, NOW).items

    assert (item.url, item.summary) == ("https://example.com/2", "")


def test_terms_can_ask_for_titles_only(feed, rss):
    """``keep_summary = false`` keeps no text of the publisher but the title."""
    parsed = rss.parse(rss_doc(entry(1)), feed(options={"keep_summary": False}), NOW)

    assert parsed.items[0].summary == ""


# --- hostile documents ----------------------------------------------------------------------

LAUGHS = "".join(
    f'<!ENTITY l{n} "{"&l" + str(n - 1) + ";" if n else "ha"}{f"&l{n - 1};" * 9 if n else ""}">'
    for n in range(10)
)
SECRET = "planted-secret-31337"


def hostile(tmp_path) -> dict[str, tuple[bytes, str]]:
    """name -> (document, word that has to be in the error)."""
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    xxe = f'<!DOCTYPE r [<!ENTITY x SYSTEM "file://{secret}">]>'
    dtd = f'<!DOCTYPE rss SYSTEM "file://{secret}">'
    return {
        "html": (b"<!DOCTYPE html><html><body>Checking your browser</body></html>", "web page"),
        "html after bom": (b"\xef\xbb\xbf \n<HTML><head></head></HTML>", "web page"),
        "xhtml": (b'<?xml version="1.0"?>\n<!-- x -->\n<html xmlns="x"></html>', "web page"),
        "json": (b'{"error": "no"}', "not a feed"),
        "empty": (b"", "not a feed"),
        "nul": (b"\x00" * 1_000, "not a feed"),
        "noise": (bytes(random.Random(1).randbytes(5_000)), "not a feed"),
        "other xml": (b"<?xml version='1.0'?><root><item/></root>", "not a feed"),
        "cut in the head": (b'<?xml version="1.0"?><rss version="2.0"><chan', "damaged"),
        "billion laughs": (
            f'<?xml version="1.0"?><!DOCTYPE r [{LAUGHS}]><rss version="2.0"><channel><item>'
            "<title>&l9;</title></item></channel></rss>".encode(),
            "",
        ),
        "xxe": (
            f'<?xml version="1.0"?>{xxe}<rss version="2.0"><channel><item><title>T &x;</title>'
            "</item></channel></rss>".encode(),
            "",
        ),
        "external dtd": (
            f'<?xml version="1.0"?>{dtd}<rss version="2.0"><channel><item><title>T</title>'
            "</item></channel></rss>".encode(),
            "",
        ),
        "deep nesting": (
            rss_doc("<title>T</title><description>" + "<b>" * 50_000 + "</b>" * 50_000
                    + "</description>"),
            "",
        ),
        "false utf-8": (rss_doc("<title>caf\u00e9</title>").replace(b"\xc3\xa9", b"\xe9"), ""),
        "utf-16": (
            b"\xff\xfe" + rss_doc("<title>Zwölf</title>", head="").decode().encode("utf-16-le"), ""
        ),
        "windows-1252": (
            rss_doc("<title>caf\u00e9</title>",
                    head='<?xml version="1.0" encoding="windows-1252"?>')
            .decode().encode("cp1252"),
            "",
        ),
        "unknown charset": (
            rss_doc("<title>T</title>", head='<?xml version="1.0" encoding="klingon"?>'), ""
        ),
        "cut in the middle": (rss_doc(entry(1), entry(2))[:-60], ""),
        "bare ampersand": (rss_doc("<title>AT&T</title>"), ""),
    }  # fmt: skip


HOSTILE_NAMES = [
    "html", "html after bom", "xhtml", "json", "empty", "nul", "noise", "other xml",
    "cut in the head", "billion laughs", "xxe", "external dtd", "deep nesting", "false utf-8",
    "utf-16", "windows-1252", "unknown charset", "cut in the middle", "bare ampersand",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_document_hurts(name, rss, tmp_path):
    """Each ends as items or as a ``FeedError``; a web page is blocked; no file is ever read."""
    body, word = hostile(tmp_path)[name]

    outcome = read(rss, body)

    if word:
        assert isinstance(outcome, FeedError)
        assert word in str(outcome)
        assert outcome.state == ("blocked" if word == "web page" else "error")
    assert SECRET not in str(outcome)
    assert len(str(outcome)) < 200_000


def read(rss: RssCollector, body: bytes) -> object:
    try:
        return rss.parse(body, FEED, NOW)
    except FeedError as error:
        return error


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("false utf-8", "café"),
        ("utf-16", "Zwölf"),
        ("windows-1252", "café"),
        ("bare ampersand", "AT&T"),
        ("cut in the middle", "Headline 1"),
    ],
)
def test_what_can_be_read_of_a_damaged_document_is_read(name, title, rss, tmp_path):
    """Wrong character sets and cut documents lose nothing that was there."""
    parsed = rss.parse(hostile(tmp_path)[name][0], FEED, NOW)

    titles = [item.title for item in (*parsed.items, *parsed.undated)]
    assert any(found.startswith(title) for found in titles)  # feedparser makes "AT&T;" of "AT&T"


def test_a_hundred_thousand_items_are_cut_at_two_thousand(rss):
    """In the worker, in well under the deadline, and the cut is said."""
    body = rss_doc(*(entry(n) for n in range(100_000)))

    parsed = rss.parse(body, FEED, NOW)

    assert len(parsed.items) == MAX_ENTRIES
    assert parsed.problems == ("98000 entries beyond the first 2000, not read",)


def test_an_attribute_bomb_costs_its_deadline_and_one_worker():
    """A hundred thousand attributes: stopped, said, and the next document is parsed."""
    attributes = " ".join(f'a{n}="x"' for n in range(100_000))
    bomb = f'<!DOCTYPE rss><rss version="2.0" {attributes}><channel></channel></rss>'.encode()
    process = ParserProcess(seconds=3.0)
    collector = RssCollector(process.parse)
    began = time.monotonic()
    try:
        with pytest.raises(FeedError, match="stopped at 3 s"):
            collector.parse(bomb, FEED, NOW)
        assert time.monotonic() - began < 15  # feedparser would need more than 20 s
        assert collector.parse(b"<!-- x -->" + rss_doc(entry(1), head=""), FEED, NOW).items
    finally:
        process.close()


@pytest.mark.skipif(os.name != "posix", reason="memory limits exist on Unix only")
def test_a_worker_out_of_memory_is_an_error_of_that_feed_alone():
    """The limit is the worker's; the program does not grow."""
    process = ParserProcess(seconds=120, memory_bytes=150 * 2**20)
    body = b"<!DOCTYPE rss>" + rss_doc(*("<title>" + "x" * 900 + "</title>",) * 14_000, head="")
    try:
        with pytest.raises(FeedError, match="its memory"):
            process.parse(body, "f")
        assert process.parse(rss_doc(entry(1)), "f").n_found == 1
    finally:
        process.close()


@given(st.integers(0, 10**9))
@settings(max_examples=150)
def test_mutated_documents_never_crash_the_parsers(seed):
    """A few random bytes changed anywhere: items, or a plain ValueError from the tolerant path."""
    chance = random.Random(seed)
    body = bytearray(chance.choice(list(CORPUS.values())))
    for _ in range(chance.randrange(1, 12)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    raw = parse_strict(bytes(body))
    if raw is None:
        try:
            raw = parse_tolerant(bytes(body))
        except ValueError:
            return

    assert to_items(raw, FEED, NOW).n_entries <= 3


def test_the_strict_path_declines_what_it_does_not_know():
    """No verdict on anything with a DTD, another charset, RDF, RSS 0.9 or damage."""
    for name in ("windows-1252", "cut in the middle", "utf-16"):
        assert parse_strict(hostile_body(name)) is None
    assert parse_strict(b"<!DOCTYPE rss>" + rss_doc(head="")) is None
    assert parse_strict(rss_doc().replace(b'"2.0"', b'"0.91"')) is None


def hostile_body(name: str) -> bytes:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        return hostile(Path(folder))[name][0]
