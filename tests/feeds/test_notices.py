"""Lists of notices without a feed: pages of dated links, and JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import FeedError
from feeds.base import FeedConfig, PollState
from feeds.collect import MemorySink, collect
from feeds.notices import MAX_LINKS, NoticeList, NoticePage
from feeds.wire import Fetched

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PAGE = FeedConfig(name="page", kind="feeds.notices:NoticePage", label="Office", lang="zh",
                  url="https://e.example/list/index.htm")  # fmt: skip
LIST = FeedConfig(
    name="list", kind="feeds.notices:NoticeList", label="Exchange", lang="zh",
    url="https://e.example/q?from={since_on}&to={until_on}",
    options={"rows": "data.found", "title": "T", "link": "U", "day": "D", "who": "W",
             "base": "https://files.example"},
)  # fmt: skip
MIDNIGHT = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)  # in Beijing


def page(*entries: str, **options: str):
    body = f"<html><body><div id='there'>{''.join(entries)}</div></body></html>".encode()
    return NoticePage().parse(body, PAGE.model_copy(update={"options": options}), NOW)


def entry(title: str = "关于虚构事项的公告", link: str = "/a/1.htm", day: str = "2026-11-24"):
    return f"<li><h5><a href='{link}'>{title}</a></h5><div class='times'>{day}</div></li>"


@pytest.mark.parametrize(
    ("day", "at"),
    [
        ("2026-11-24", MIDNIGHT),
        ("[2026年11月24日]", MIDNIGHT),
        ("发布时间：2026/11/24 09:30", datetime(2026, 11, 24, 1, 30, tzinfo=UTC)),
        ("2026.11.24", MIDNIGHT),
        ("2026-11-25", NOW),  # already tomorrow there: from the moment it was seen
    ],
)
def test_the_day_beside_a_link_is_its_day(day, at):
    """However it is written, by the clock of the source's country."""
    (item,) = page(entry(day=day)).items

    assert (item.published_at, item.known_at, item.lang) == (at, NOW, "zh")
    assert item.url == "https://e.example/a/1.htm"


def test_an_entry_is_its_first_titled_link_and_the_rest_of_the_page_is_left():
    """Pictures and second links of a row, links without a day, rows elsewhere, other titles."""
    found = page(
        "<a href='/x'>栏目导航链接</a>",
        "<li><a href='/p'><img></a><a href='/2' title='约谈虚构公司的完整标题'>约谈虚构…</a>"
        "<a href='/3'>约谈的政策解读</a><span>2026-11-20</span></li>",
        entry("虚构大会通知文字"),
        "</div><ul>" + entry("约谈别处的标题") + "</ul><div>",
        inside="there",
        must_match="约谈",
    )

    assert [(i.title, i.url) for i in found.items] == [
        ("约谈虚构公司的完整标题", "https://e.example/2")
    ]


def test_a_day_in_the_address_counts_where_none_stands_beside():
    """Not the day that a title names, nor a number that is no day."""
    found = page(
        "<p><a href='/202611/t20261119_4.html'>2020年1月1日起施行的虚构办法</a></p>",
        "<p><a href='/20261399/x.html'>没有日期的虚构链接</a></p>",
        "<li><a href='/2026-11/18/c_5.htm'>2020-01-01 的虚构旧闻标题</a></li>",
    )

    assert [i.published_at.day for i in found.items] == [18, 17]


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"\xff\xfe\x00", b"<html>captcha</html>"])
def test_a_page_without_dated_links_is_an_error(body):
    """A redesign or a bot wall never looks like a quiet day."""
    with pytest.raises(FeedError, match=r"redesigned|no web page|bot wall"):
        NoticePage().parse(body, PAGE, NOW)


def test_a_torn_page_is_asked_for_again_and_a_long_one_is_bounded():
    """Half a page keeps no validators; of many links the first are looked at."""
    torn = NoticePage().parse(f"<html><ul>{entry()}".encode(), PAGE, NOW)
    many = page(*(entry(link=f"/{n}.htm") for n in range(MAX_LINKS + 500)))

    assert (len(torn.items), torn.put_off) == (1, 1)
    assert len(many.items) <= MAX_LINKS
    assert "beyond" in many.problems[-1]


def rows(*entries: object) -> bytes:
    return json.dumps({"data": {"found": entries}}).encode()


ROW = {"T": "2026年度业绩预告", "U": "/c/1.pdf", "D": "2026-11-24", "W": "虚构科技"}


@pytest.mark.parametrize(
    "body",
    [rows(ROW), rows([ROW, "x"], None, 3), b"cb_1.x(" + rows(ROW) + b");\n"],
    ids=["plain", "grouped", "jsonp"],
)
def test_a_list_in_json_is_read(body):
    """Plain, grouped, wrapped in a call; who it is of stands before the title."""
    (item,) = NoticeList().parse(body, LIST, NOW).items

    assert item.title == "虚构科技：2026年度业绩预告"
    assert (item.url, item.published_at) == ("https://files.example/c/1.pdf", MIDNIGHT)


def test_a_row_that_is_damaged_costs_that_row():
    """No title, no link, no day, a day far ahead, milliseconds."""
    found = NoticeList().parse(
        rows({**ROW, "T": ""}, {**ROW, "U": 7}, {**ROW, "D": "soon", "U": "/2"},
             {**ROW, "D": "2029-01-01", "U": "/3"}, {**ROW, "D": 10**30, "U": "/5"},
             {**ROW, "D": 1_795_500_000_000 - 2 * 86_400_000, "U": "/4"}),
        LIST, NOW,
    )  # fmt: skip

    assert [i.url for i in found.items] == ["https://files.example/4"]
    assert found.problems == ("4 entries without a name, an address or a date, skipped",)


def test_half_a_character_costs_nothing():
    """A lone surrogate, which JSON can spell and no text can hold, becomes a mark; pairs stay."""
    (item,) = NoticeList().parse(rows({**ROW, "T": "\ud800虚构\ud83d\ude80公告"}), LIST, NOW).items

    assert item.title == "虚构科技：?虚构🚀公告"


@pytest.mark.parametrize("body", [b"[]", b"{}", b"cb({)", b"<html>acw_sc__v2</html>", rows()[:-3]])
def test_what_is_no_list_is_an_error(body):
    """Said in the stanza's own words; a bot wall's page is blocked."""
    with pytest.raises(FeedError, match=r"no list called data\.found|not JSON|bot wall"):
        NoticeList().parse(body, LIST, NOW)


def test_the_days_and_the_referer_are_sent_and_an_unchanged_list_is_not_read_again():
    """The address of the stanza with its days, asked as from the page that asks it."""
    asked = []

    class Web:
        def get(self, request, now):
            asked.append(request)
            return Fetched(url=request.url, body=rows(ROW))

    feed = LIST.model_copy(update={"referer": "https://e.example/search"})
    sink = MemorySink({"list": PollState(url=feed.url)})
    first = collect([feed], Web(), sink, NOW, force=True)
    second = collect([feed], Web(), sink, NOW + timedelta(hours=2), force=True)

    assert asked[0].url == "https://e.example/q?from=2026-10-25&to=2026-11-25"
    assert asked[0].referer == "https://e.example/search"
    assert [r.results[0].status for r in (first, second)] == ["new", "unchanged"]
