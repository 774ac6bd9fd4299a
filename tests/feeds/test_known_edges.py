"""Known answers of the readers at edges that a sample of planted faults had found open."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from config.feeds import FeedConfig
from engine.errors import FeedError
from engine.record.history import History
from feeds import (
    announced,
    change_log,
    charsets,
    edgar,
    entries,
    federal_register,
    hugging_face,
    model_prices,
    official_rates,
    proxies,
    rss,
    token_shares,
    web_pages,
)
from feeds.bars import bar_fact, sound_bars
from feeds.base import Parsed
from feeds.entries import RawFeed, parse_strict
from feeds.guard import GuardedTransport
from feeds.model_scores import unzipped
from feeds.notices import NoticePage
from feeds.proxies import BadProxyError
from feeds.rss import RssCollector
from feeds.yahoo import RawBar, RawHistory, checked
from tests.builders import make_bar
from tests.feeds.test_sold_and_asked import sales, year

NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)
BODY = b"""<rss version="2.0"><channel><title>T</title><item><title>A story</title>
<link>https://e.org/a</link><pubDate>Thu, 21 Aug 2025 10:00:00 GMT</pubDate></item>
</channel></rss>"""


@pytest.mark.parametrize(("room", "strictly"), [(0, True), (-1, False), (1, True)])
def test_a_document_up_to_the_bound_is_read_here(
    monkeypatch: pytest.MonkeyPatch, room: int, strictly: bool
) -> None:
    """One byte more goes to the worker process."""
    read: list[str] = []

    def strict(body: bytes) -> RawFeed | None:
        read.append("here")
        return parse_strict(body)

    def in_worker(body: bytes, name: str) -> RawFeed:
        read.append("worker")
        found = parse_strict(body)
        assert found is not None
        return found

    collector = RssCollector()
    monkeypatch.setattr(collector, "_fallback", in_worker)
    monkeypatch.setattr(rss, "parse_strict", strict)
    monkeypatch.setattr(rss, "MAX_IN_PROCESS_BYTES", len(BODY) + room)
    feed = FeedConfig(name="f", kind="x:Y", url="https://e.org/rss")
    assert len(collector.parse(BODY, feed, NOW).items) == 1
    assert read == (["here"] if strictly else ["worker"])


def test_only_the_head_of_a_text_tells_its_script() -> None:
    """Accents in the first 64 kB, and runs of another script behind them, or before."""
    accents = b"caf\xe9 " * (charsets._GUESS_BYTES // 5)
    accents = accents.ljust(charsets._GUESS_BYTES)
    runs = "\u043f\u0440\u0438\u0432\u0435\u0442 ".encode("cp1251") * 9_000
    assert not charsets._is_of_another_script(accents)
    assert not charsets._is_of_another_script(accents + runs)
    assert charsets._is_of_another_script(runs)
    assert charsets._is_of_another_script(runs[: charsets._GUESS_BYTES] + b" \xe9" * 90_000)


# --- more than is read ----------------------------------------------------------------------------

EURO = """<e xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">{}</e>"""
CUBE = '<Cube time="2025-08-{}"><Cube currency="USD" rate="1.16"/></Cube>'
ITEM = "<item><title>Story {0}</title><link>https://e.org/{0}</link></item>"


def answers(n: int) -> dict[str, tuple[Any, Any, bytes, dict[str, Any]]]:
    """Module, collector, an answer with ``n`` entries that are all sound, options."""
    days = range(1, n + 1)
    stamps = [f"2025-08-{d:02}T10:00:00Z" for d in days]
    columns = {name: [""] * n for name in edgar._COLUMNS} | {
        "form": ["8-K"] * n, "acceptanceDateTime": stamps,
        "accessionNumber": [f"0001045810-25-{d:06}" for d in days],
    }  # fmt: skip
    rules = [{"document_number": f"2025-{d}", "publication_date": "2025-08-01"} for d in days]
    hub = [{"id": f"org/m{d}", "createdAt": at} for d, at in zip(days, stamps, strict=True)]
    routed = [{"id": f"o/m{d}", "created": 1_755_660_000,
               "pricing": {"prompt": "1e-7", "completion": "1e-7"}} for d in days]  # fmt: skip
    rates = [{"effectiveDate": at[:10], "type": "EFFR", "percentRate": 4.3} for at in stamps]
    log = "".join(f"<h2>{at[:10]}</h2><h3>Entry {at}</h3>" for at in stamps)
    github = [{"name": f"v{at}", "html_url": f"https://e.org/{at}", "published_at": at}
              for at in stamps]  # fmt: skip
    tokens = [{"date": at[:10], "model_permaslug": "a/b", "total_tokens": 3} for at in stamps]
    recent = {"cik": "1", "filings": {"recent": columns}}
    plain: dict[str, tuple[Any, Any, Any, dict[str, Any]]] = {
        "edgar": (edgar, edgar.EdgarSubmissions, recent, {"cik": "0000000001"}),
        "rules": (federal_register, federal_register.FederalRegister, {"results": rules}, {}),
        "hub": (hugging_face, hugging_face.HuggingFaceOrg, hub, {"org": "org"}),
        "prices": (model_prices, model_prices.OpenRouterPrices, {"data": routed}, {}),
        "new york": (official_rates, official_rates.NewYorkFed, {"refRates": rates}, {}),
        "github": (announced, announced.GitHubReleases, github, {"maker": "M"}),
        "tokens": (token_shares, token_shares.OpenRouterTokens, {"data": tokens},
                   {"makers": ["a"]}),
    }  # fmt: skip
    euro = EURO.format("".join(CUBE.format(f"{d:02}") for d in days)).encode()
    page = f"<html>{log}</html>".encode()
    stories = "".join(ITEM.format(d) for d in days)
    feed = f'<rss version="2.0"><channel>{stories}</channel></rss>'.encode()
    return {k: (m, c, json.dumps(a).encode(), o) for k, (m, c, a, o) in plain.items()} | {
        "euro": (official_rates, official_rates.EcbReference, euro, {}),
        "log": (change_log, change_log.ChangeLog, page, {"maker": "M"}),
        "rss": (entries, RssCollector, feed, {}),
    }


@pytest.mark.parametrize("name", sorted(answers(1)))
def test_a_list_is_read_to_its_bound_and_no_further(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """All of three where three may be; of five the first three."""
    for n in (3, 5):
        module, collector, body, options = answers(n)[name]
        bound = "MAX_ROWS" if name == "tokens" else "MAX_ENTRIES"
        monkeypatch.setattr(module, bound, 3)
        feed = FeedConfig(name="f", kind="x:Y", url="https://e.org/", options=options)
        parsed: Parsed = collector().parse(body, feed, NOW)
        assert len(parsed.facts) + len(parsed.items) + len(parsed.undated) == 3
        told = any("2 " in said and "beyond the first" in said for said in parsed.problems)
        assert told == (n == 5 and name in ("prices", "github", "rss"))


@pytest.mark.parametrize("name", ["edgar", "rules", "hub", "prices", "new york", "euro"])
def test_twenty_problems_are_told(name: str) -> None:
    _, collector, body, options = answers(25)[name]
    for sound, broken in (
        (b"0001045810-25-", b"x"), (b'"2025-', b'"x 2025-'), (b"org/m", b"org m"),
        (b'"o/m', b'"o m'), (b": 4.3", b': "n/a"'), (b"1.16", b"9999"),
    ):  # fmt: skip
        if name != "rules" or b"2025" in broken:
            body = body.replace(sound, broken)
    feed = FeedConfig(name="f", kind="x:Y", url="https://e.org/", options=options)
    parsed = collector().parse(body, feed, NOW)
    assert (len(parsed.facts), len(parsed.problems)) == (0, 20)


# --- ways and damage ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://e.org/x", 80), ("https://e.org/x", 443), ("http://e.org:8080/x", 8080),
        ("https://e.org:8443/x", 8443), ("http://e.org:443/x", 443),
    ],
)  # fmt: skip
def test_a_target_is_judged_and_left_out_by_the_port_of_its_scheme(url: str, port: int) -> None:
    """80 without encryption and 443 with it, where the address names none."""
    asked: list[tuple[str, int]] = []

    def resolve(host: str, at: int) -> list[str]:
        asked.append((host, at))
        return ["93.184.216.34"]

    def way(no_proxy: str) -> proxies.Proxy | None:
        named = proxies.Proxies({"all_proxy": "http://p.org:3128", "no_proxy": no_proxy})
        transport = GuardedTransport(resolve=resolve, monotonic=lambda: 0.0, proxies=named)
        return transport._way(httpx.URL(url))

    assert way(f"e.org:{port + 1}") == proxies.Proxy(scheme="http", host="p.org", port=3128)
    assert asked == [("e.org", port)]
    assert way(f"e.org:{port}") is None
    assert asked == [("e.org", port)]  # what is asked directly is judged as it connects


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'<?xml version="1.0" encoding="\x00"?><rss version="2.0"><channel/></rss>',
         "damaged: ValueError embedded null character"),
        (b'<rss version="2.0"><channel>', "damaged: <unknown>:"),
        (b"<html><title>A page</title></html>", "not a feed"),
        (b"", "not a feed"),
    ],
)  # fmt: skip
def test_what_no_parser_reads_is_damaged_or_no_feed(body: bytes, said: str) -> None:
    """A charset whose name holds a zero byte trips the reader itself."""
    with pytest.raises(ValueError, match=f"^{said}"):
        entries.parse_tolerant(body)


# --- prices at the door ---------------------------------------------------------------------------


@pytest.mark.parametrize(("late", "n"), [(timedelta(0), 1), (-timedelta(seconds=1), 0)])
def test_a_session_is_over_at_its_close(late: timedelta, n: int) -> None:
    close = datetime(2025, 8, 21, 20, tzinfo=UTC)
    fact = bar_fact(
        make_bar(date(2025, 8, 21), 180.0), known_at=close, source="s", backfilled=False
    )
    assert fact.occurred_at == close
    found = sound_bars([fact], History([]), now=close + late, sessions=lambda a, b: {a, b})
    assert len(found.facts) == n
    assert bool(found.left_out) == (n == 0)


# --- what is in no message ------------------------------------------------------------------------


def test_what_a_proxy_is_told_with_shows_no_password() -> None:
    from feeds.proxies import Proxies, Proxy

    proxy = Proxy(scheme="http", host="p.example", port=3128, auth=("me", "planted"))
    named = Proxies(named={"https_proxy": "http://me:planted@p.example:3128"})
    shown = [repr(proxy), str(proxy), repr(named), repr(named.shown()), str(named.shown())]
    assert not any("planted" in text for text in shown)
    assert list(named.shown().values()) == [proxy]
    assert str(Proxy(scheme="http", host="::1", port=1)) == "http://[::1]:1"


@pytest.mark.parametrize(
    ("scheme", "said"),
    [
        ("socks5", "socks5"),
        ("abcdefghij", "abcdefghij"),
        ("abcdefghijk", "other"),
        ("a+b", "other"),
    ],
)
def test_a_proxy_of_another_kind_is_named_where_its_name_is_short(scheme: str, said: str) -> None:
    with pytest.raises(BadProxyError, match=f"ALL: {said} proxies are not spoken"):
        proxies._read("ALL", f"{scheme}://me:planted@p.example:1")


def test_bars_come_oldest_first_however_they_were_told() -> None:
    days = [date(2025, 8, n) for n in (21, 19, 20)]
    bars = tuple(
        RawBar(session_on=day, close=100.0 + day.day, open=1.0, high=1.0, low=1.0, volume=1.0)
        for day in days
    )
    feed = FeedConfig(name="f", kind="x:Y", options={"symbols": ["NVDA"]})
    rows = checked(RawHistory(symbol="NVDA", currency="USD", bars=bars), feed, NOW)
    assert [(r.session_on, r.close) for r in rows] == [
        (day, 100.0 + day.day) for day in sorted(days)
    ]


def test_a_table_is_found_wherever_it_stands_in_its_archive() -> None:
    def packed(n: int) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for k in range(n):
                archive.writestr(f"other{k}.csv", "x")
            archive.writestr("wanted.csv", "told")
        return out.getvalue()

    feed = FeedConfig(name="f", kind="x:Y")
    assert unzipped(packed(999), feed, ["wanted.csv"]) == {"wanted.csv": "told"}
    with pytest.raises(FeedError, match=r"none of wanted\.csv"):
        unzipped(packed(1_000), feed, ["wanted.csv"])


def test_of_a_row_of_links_the_first_with_a_title_and_a_wanted_address() -> None:
    page = (
        "<html><ul><li><a href='/n/0'>abcd</a><a href='/n/1'>abcde</a><a href='/n/2'>Another link"
        "</a> 2025-08-21</li><li><a href='/x/3'>Another link</a> 2025-08-21</li></ul></html>"
    )
    feed = FeedConfig(name="f", kind="x:Y", url="https://e.org/", options={"link_match": "^/n/"})
    found = NoticePage().parse(page.encode(), feed, NOW)
    assert [item.url for item in found.items] == ["https://e.org/n/1"]


def test_a_year_without_compute_has_no_share() -> None:
    """Chips that nobody counts in compute are sold all the same."""
    found = sales(*year("Huawei", "Ascend 910C", "0")).facts
    assert [fact.kind for fact in found] == ["supply_estimate"]


def test_a_bar_that_cannot_be_read_is_left_out_alone() -> None:
    close = datetime(2025, 8, 21, 20, tzinfo=UTC)
    sound = bar_fact(
        make_bar(date(2025, 8, 21), 180.0), known_at=close, source="s", backfilled=False
    )
    broken = replace(sound, payload={**sound.payload, "close": "much"})
    found = sound_bars([broken, sound], History([]), now=close, sessions=lambda a, b: {a, b})
    assert found.facts == (sound,)
    assert len(found.left_out) == 1


@pytest.mark.parametrize(
    ("told", "span"),
    [("3", 3), ("0", 1), ("41", 40), ("999999x", 40), ("x", 1), ("", 1), ("-2", 1), ("2.5", 1)],
)
def test_a_cell_spans_one_to_forty_columns(told: str, span: int) -> None:
    """Six digits are read of it."""
    assert web_pages._span({"colspan": told}, "colspan", 40) == span


def test_a_quarter_ends_on_the_day_told_whatever_hour_stands_behind_it() -> None:
    rows = [row.replace("-31,", "-31T00:00,").replace("-30,", "-30 00:00,")
            for row in year("Huawei", "Ascend 910C")]  # fmt: skip
    assert sales(*rows).facts == sales(*year("Huawei", "Ascend 910C")).facts
