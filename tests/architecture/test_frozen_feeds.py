"""A trip-wire under the collectors: what a made-up answer of each becomes, field by field."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from config.feeds import FeedConfig, FeedsConfig
from config.settings import PACKAGED, Read
from feeds.announced import GitHubReleases, ModelScopeOrg
from feeds.base import DocumentCollector, Parsed, collector_class
from feeds.change_log import ChangeLog
from feeds.chip_sales import TABLE, EpochChipSales
from feeds.edgar import EdgarSubmissions
from feeds.fed_futures import contracts, last_close, parse_curve
from feeds.federal_register import FederalRegister
from feeds.hugging_face import HuggingFaceOrg
from feeds.model_prices import ModelsDevPrices, OpenRouterPrices
from feeds.model_scores import ArenaRatings, ArtificialAnalysis, EpochBenchmarks
from feeds.notices import NoticeList, NoticePage
from feeds.official_rates import EcbReference, FredSeries, NewYorkFed
from feeds.price_pages import PricePage
from feeds.rss import RssCollector
from feeds.token_shares import OpenRouterTokens
from feeds.web_pages import tables
from feeds.yahoo import RawBar, RawHistory, parse_bars
from tests.frozen import check, keep

NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)
LONG = "x" * 30_000


def told(parsed: Parsed) -> Iterator[str]:
    """Every field of what was read; long runs of one letter by their length."""
    for item in parsed.items:
        yield f"item {item}"
    for fact in parsed.facts:
        times = f"{fact.occurred_at:%Y-%m-%dT%H:%M:%S} {fact.known_at:%Y-%m-%dT%H:%M:%S}"
        yield f"{fact.kind} {fact.key} {times} {fact.source} {fact.confidence} {fact.backfilled}"
        yield from (f"  {k}={v!r}" for k, v in sorted(fact.payload.items()))
    yield from (f"problem {said}" for said in parsed.problems)
    stamps = " ".join(f"{at:%m-%dT%H:%M}" for at in parsed.stamps)
    yield f"state {parsed.state.value}, put off {parsed.put_off}, stamps {stamps}"


def read(collector: DocumentCollector, body: object, **options: Any) -> list[str]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    feed = FeedConfig(
        name="f", kind="x:Y", label="Source", url="https://e.org/list/index.htm", tier=2,
        options=options,
    )  # fmt: skip
    lines = [f"== {type(collector).__name__}", *told(collector.parse(raw, feed, NOW))]
    return [re.sub(r"(x)\1{9,}", lambda m: f"{m[1]}*{len(m[0])}", line) for line in lines]


def test_what_officials_answer_is_read_as_it_was() -> None:
    filings = {
        "accessionNumber": ["0001045810-25-000207", "0001045810-25-000208", "0001045810-25-000209"],
        "form": ["8-K", "10-Q", "8-K"],
        "acceptanceDateTime": [
            "2025-08-21T20:21:14.000Z", "2025-08-20T20:00:00.000Z", "2025-08-23T20:00:00.000Z"],
        "filingDate": ["2025-08-21", "2025-08-20T00:00", "2025-08-23"],
        "reportDate": ["2025-08-21", "", ""],
        "items": ["2.02,9.01, 8.01", "", LONG],
        "primaryDocument": ["nvda-20250821.htm", "<b>", "a"],
        "primaryDocDescription": [LONG, "10-Q", ""],
    }  # fmt: skip
    rule = {
        "document_number": "2025-00636", "type": LONG, "title": LONG, "abstract": LONG,
        "action": LONG, "publication_date": "2025-01-15", "effective_on": "2025-01-13",
        "agencies": [{"slug": "b-office"}, {"slug": "a-office"}, {"raw_name": "X"}],
        "cfr_references": [{"title": 15, "part": 732}] * 60, "docket_ids": [LONG] * 60,
        "html_url": "https://www.federalregister.gov/d/2025-00636?utm_source=x",
    }  # fmt: skip
    filed = {"document_number": "2025-1", "filed_at": "2025-08-22T08:45:00-04:00", "title": "t",
             "docket_numbers": ["n"], "publication_date": "2025-08-25"}  # fmt: skip
    ahead = {"document_number": "2025-2", "publication_date": "2025-08-25", "agencies": []}
    rates = [{"effectiveDate": "2025-08-21", "type": "EFFR", "percentRate": 4.33,
              "targetRateFrom": 4.25, "targetRateTo": 4.5},
             {"effectiveDate": "2025-08-20", "type": "EFFR", "percentRate": "n/a"},
             {"effectiveDate": "2025-08-01", "type": "EFFR", "percentRate": 4.32}]  # fmt: skip
    euro = b"""<e:Envelope xmlns:e="http://www.gesmes.org/xml/2002-08-01"
      xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><Cube>
      <Cube time="2025-08-22"><Cube currency="USD" rate="1.1608"/><Cube currency="JPY" rate="172"/>
      </Cube><Cube time="2025-08-21"><Cube currency="USD" rate="0.31"/></Cube>
      <Cube time="2025-06-02"><Cube currency="USD" rate="1.1419"/></Cube></Cube></e:Envelope>"""
    fred = b"observation_date,DGS2\n2025-08-01,3.69\n2025-08-20,3.74\n2025-08-21,.\n2025-08-22,x\n"
    check("feeds_official", [
        *read(EdgarSubmissions(), {"cik": 1045810, "name": LONG, "filings": {"recent": filings}},
              cik="0001045810"),
        *read(FederalRegister(), {"results": [rule, filed, ahead, 3]}),
        *read(FederalRegister(), {"results": [rule, filed]}, agencies=["a-office"]),
        *read(FederalRegister(), {"count": 0}),
        *read(NewYorkFed(), {"refRates": rates}),
        *read(EcbReference(), euro),
        *read(FredSeries(), fred, series="DGS2"),
    ])  # fmt: skip


def test_what_markets_answer_is_read_as_it_was() -> None:
    def bar(day: int, close: float | None, **more: Any) -> RawBar:
        given = {"open": 101.0, "high": 104.5, "low": 99.25, "volume": 1e6, **more}
        return RawBar(session_on=date(2025, 8, day), close=close, **given)

    feed = FeedConfig(name="f", kind="x:Y", label="Source", options={"symbols": ["NVDA"]})
    futures = FeedConfig(name="f", kind="x:Y", label="Source")
    week = [bar(18, 100.0), bar(19, 104.0, dividend=0.01), bar(20, 103.0, volume=2e6),
            bar(21, 104.123456789), bar(22, 102.0)]  # fmt: skip
    split = [bar(18, 100.0), bar(19, 104.0), bar(20, 103.0, split=4.0), bar(21, 104.0)]
    months = [
        RawHistory(symbol="ZQU25.CBT", currency="USD", bars=tuple(
            bar(day, 95.7 + day / 1000) for day in (20, 21, 22))),
        RawHistory(symbol="ZQV25.CBT", currency="EUR", bars=(bar(21, 95.8),)),
        RawHistory(symbol="ZQX25.CBT", currency="USD", bars=(bar(20, 95.8), bar(21, 93.1))),
    ]  # fmt: skip
    lines = [
        *told(parse_bars([RawHistory(symbol="NVDA", currency="USD", bars=tuple(week))], feed, NOW)),
        *told(parse_bars([RawHistory(symbol="NVDA", currency="USD", bars=tuple(split))], feed,
                         NOW + timedelta(days=90))),
        *told(parse_curve(months, futures, NOW)),
        " ".join(contracts(date(2025, 11, 30))),
        *(f"{last_close(NOW + timedelta(hours=n)):%dT%H:%M}" for n in (0, 7, 8, 24, 60, 72, 80)),
    ]  # fmt: skip
    check("feeds_markets", lines)


def test_what_makers_answer_is_read_as_it_was() -> None:
    fp8 = {"quant_method": "fp8", "fmt": "e4m3", "scale_fmt": "ue8m0",
           "weight_block_size": [128, 128]}  # fmt: skip
    packed = {"quant_method": "compressed-tensors", "config_groups": {"g": {"weights": {
        "num_bits": 4, "type": "int", "group_size": 32, "strategy": "group"}}}}  # fmt: skip
    hub = [
        {"id": "org/One", "createdAt": "2025-08-21T02:37:52.000Z", "sha": LONG,
         "safetensors": {"total": 684_531_386_000}, "config": {"quantization_config": fp8},
         "downloads": 12_345, "likes": 678, "tags": ["license:mit", "fp8"],
         "pipeline_tag": "text-generation", "library_name": "transformers"},
        {"id": "org/Two", "createdAt": "2025-08-22T12:40:00.000Z", "safetensors": {"total": -1},
         "config": {"text_config": {"quantization_config": packed}}, "downloads": 7, "likes": 0,
         "cardData": {"license": "apache-2.0"}},
        {"id": "org/Three", "createdAt": "2025-08-24T12:40:00.000Z"},
        {"id": "other/Four", "createdAt": "2025-08-21T02:37:52.000Z"},
    ]  # fmt: skip
    routed = [
        {"id": "maker/m-1", "hugging_face_id": "maker/M-1", "name": LONG, "created": 1_755_660_000,
         "context_length": 163_840, "pricing": {"prompt": "0.00000027", "completion": "0.0000011"}},
        {"id": "maker/m-2", "created": 10**9, "context_length": -1, "name": 3,
         "pricing": {"prompt": "1", "completion": "1"}},
        {"id": "maker/m-3:free", "created": 1_755_660_000,
         "pricing": {"prompt": "1e-7", "completion": "1e-7"}},
        {"id": "maker/m-4", "created": 1_755_660_000,
         "pricing": {"prompt": "-1", "completion": "1e-7"}},
        {"id": "else/m-5", "created": 1_755_660_000,
         "pricing": {"prompt": "1e-7", "completion": "1e-7"}},
        {"id": "maker/m-6", "created": 1_756_660_000,
         "pricing": {"prompt": "1e-7", "completion": "1e-7"}},
    ]  # fmt: skip
    offered = {
        "maker": {
            "models": {
                "m-1": {
                    "name": "M 1",
                    "release_date": "2025-08-20",
                    "limit": {"context": 128_000},
                    "cost": {"input": 0.28, "output": 0.42},
                },
                "m-2": {"release_date": "2025-08", "cost": {"input": 1, "output": 2}},
                "m-3": 4,
            }
        }
    }
    scope = {"data": {"models": [
        {"id": "a/New", "created_at": "2025-08-22T10:00:00Z", "tasks": ["text-generation"]},
        {"id": "a/New-gguf", "created_at": "2025-08-22T10:00:00Z"},
        {"id": "a/Voice", "created_at": "2025-08-22T10:00:00Z", "tasks": ["tts"]},
        {"id": "a/Seen", "last_modified": "2025-08-21T10:00:00Z", "tasks": []},
        {"id": "a/Soon", "created_at": "2025-08-23T10:00:00Z"}, {"id": "a b"}]}}  # fmt: skip
    releases = [
        {"name": "", "tag_name": "v1.2", "html_url": "https://e.org/r/1", "body": "word " * 3_000,
         "published_at": "2025-08-21T01:02:03Z", "created_at": "2025-08-20T00:00:00Z"},
        {"name": "Draft", "draft": True, "html_url": "https://e.org/r/2"},
        {"name": "Bare", "created_at": "2025-08-20T00:00:00Z"},
    ]  # fmt: skip
    log = b"""<html><h1>Log</h1><h3>Too early</h3><h2>Date: 2025-08-21<a>#</a></h2>
      <h3 id="one">Model One</h3><p>It is new.</p><li>And fast.</li><h4>Two</h4><p>Second.</p>
      <h2>2025-08-19</h2><h3 id="b c">Three</h3><h2>2025-09-19</h2><h3>Later</h3></html>"""
    days = {"data": [
        *({"date": "2025-08-20", "model_permaslug": m, "total_tokens": t} for m, t in (
            ("maker/x", "30"), ("maker/y", 30), ("else/z", 45), ("other", 15))),
        {"date": "2025-08-01", "model_permaslug": "else/z", "total_tokens": 7},
        {"date": "2025-08-02", "model_permaslug": "else/z", "total_tokens": 0},
        {"date": "2025-08-21", "model_permaslug": "maker/x", "total_tokens": 7},
        {"date": "2025-08-20", "model_permaslug": "maker/q", "total_tokens": -1},
    ], "meta": {"as_of": "2025-08-21T02:00:00Z"}}  # fmt: skip
    columns = (
        "Chip manufacturer,End date,Chip type,Number of Units,Number of Units (5th percenti"
        "le),Number of Units (95th percentile),Compute estimate in H100e (median),Incomplete"
    )
    year = [f"{maker},2024-{end},{chip},100,70,140,{power},"
            for maker, chip, power in (("Huawei", "Ascend 910C", 10), ("Nvidia", "H20", 25))
            for end in ("03-31", "06-30", "09-30", "12-31")]  # fmt: skip
    sales = io.BytesIO()
    with zipfile.ZipFile(sales, "w") as archive:
        archive.writestr(TABLE, "\n".join((columns, *year)))
    check("feeds_makers", [
        *read(HuggingFaceOrg(), hub, org="org"),
        *read(OpenRouterPrices(), {"data": routed}, providers=["maker"]),
        *read(ModelsDevPrices(), offered, orgs={"maker": "maker-ai"}),
        *read(ModelScopeOrg(), scope, maker="M"),
        *read(GitHubReleases(), releases, maker="M"),
        *read(ChangeLog(), log, maker="M"),
        *read(ChangeLog(), log.replace(b"</html>", b""), maker="M"),
        *read(OpenRouterTokens(), days, makers=["maker"]),
        *read(EpochChipSales(), sales.getvalue()),
    ])  # fmt: skip


def test_scores_are_read_as_they_were() -> None:
    """Of several efforts the best; a share of one, or of a hundred; dated by release, or told."""
    head = "Model version,Organization,Best score (across scorers),mean_score,Release date,Started"
    table = "\n".join((
        f"{head} at", "one-2025_32K,Lab,0.7123456,0.5,2025-01-02,2025-03-01T00:00:00Z",
        "one-2025_32K,Lab,0.61,,2025-01-02,2025-03-01", "two,Lab,,0.4,,2025-03-01",
        "three,Lab,,,2025-01-02,", "four,Lab,x,,2025-01-02,", "five,Lab,0.4,,2026-01-02,", "a,b",
    ))  # fmt: skip
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("gpqa_diamond.csv", table)
        archive.writestr("other.csv", "a\n1")
    arena = {"rows": [{"row": {"model_name": "m-1", "organization": "Lab", "rating": 1417.123456,
                               "leaderboard_publish_date": "2025-08-01"}},
                      {"row": {"model_name": "", "rating": 1}}, {"row": 3}, 4]}  # fmt: skip
    measured = {
        "data": [
            {
                "name": "M 1",
                "model_creator": {"name": "Lab"},
                "release_date": "2025-07-01",
                "evaluations": {"gpqa": 0.811, "mmlu_pro": 0.7, "aime_25": 0, "aime": 0.91},
            },
            {"slug": "m-2", "evaluations": {"gpqa_diamond": None, "gpqa": 0.5}},
            {"name": "M 3"},
            5,
        ]
    }
    check("feeds_scores", [
        *read(EpochBenchmarks(), packed.getvalue()),
        *read(ArenaRatings(), arena),
        *read(ArtificialAnalysis(), measured),
        *read(ArtificialAnalysis(), measured, labs=["L.a.b"]),
    ])  # fmt: skip


def test_what_pages_hold_is_read_as_it_was() -> None:
    page = """<html><table><tr><th>Model</th><th>Input</th><th>Cached input</th><th>Output</th></tr>
      <tr><td>GLM 9</td><td>$1</td><td>$0.2</td><td>$3.2</td></tr>
      <tr><td>GLM 9 Air</td><td>$0.4 <s>$1</s></td><td></td><td>$2</td></tr></table></html>"""
    links = """<html><ul><li><a href='/a/1.htm'>The first notice of all</a> 2025-08-21</li>
      <li><a href='https://o.org/2'>The second notice here</a> 2025-08-20 09:30</li>
      <li><a href='/c/t20250819_4.html'>The third notice of 2024-01-01</a></li>
      <li><a href='/d'>No day for this one</a></li></ul></html>"""
    listed = {
        "data": {
            "found": [
                {"T": "A notice", "U": "/files/1.pdf", "D": "2025-08-21", "W": "NVDA"},
                {"T": "Another", "U": "https://o.org/2", "D": 1_755_660_000_000},
                [{"T": "Nested", "U": "/3", "D": "2025-08-20 01:02:03"}],
                {"T": "", "U": "/4", "D": "x"},
            ]
        }
    }
    rss = """<rss version="2.0"><channel><title>T</title>
      <item><title>Nvidia ships</title><link>/a?utm_source=x</link><guid>g1</guid>
      <description>&lt;b&gt;First&lt;/b&gt; words.</description>
      <pubDate>Thu, 21 Aug 2025 10:00:00 GMT</pubDate></item>
      <item><title>Later</title><link>https://e.org/b</link>
      <pubDate>Sat, 23 Aug 2025 10:00:00 GMT</pubDate></item>
      <item><title>No date</title><link>https://e.org/c</link></item>
      <item><link>https://e.org/d</link></item></channel></rss>"""
    span = b"""<table><tr><td rowspan=2>a</td><td colspan=3>b</td></tr>
      <tr><td>c</td><td>d</td></tr><tr><td>e</td></tr></table>"""
    feed = FeedConfig(name="f", kind="x:Y")
    check("feeds_pages", [
        *read(PricePage(), page.encode(), maker="zhipu", org="zai-org"),
        *read(NoticePage(), links.encode()),
        *read(NoticePage(), links.replace("</html>", "").encode(), must_match="first|third"),
        *read(NoticeList(), listed, rows="data.found", title="T", link="U", day="D", who="W",
              base="https://files.example"),
        *read(RssCollector(), rss.encode()),
        *read(RssCollector(), rss.replace("</rss>", "").encode()),
        *(repr(table) for table in tables(span, feed)),
        *(repr(t) for t in tables(b"| a | **b** |\n|--|--|\n| [c](u) | ~~1~~ 2 |\n\n|x|\n", feed)),
    ])  # fmt: skip


def test_options_of_collectors_keep_their_bounds_and_defaults() -> None:
    """Of every kind that the shipped feeds name."""
    shipped = Read(PACKAGED).one("feeds.toml", FeedsConfig)
    assert shipped is not None
    now = {}
    for kind in sorted({feed.kind for feed in shipped.feed}):
        for name, field in collector_class(kind).Options.model_fields.items():
            now[f"{kind} {name}"] = re.sub(
                " at 0x[0-9a-f]+", "", f"{field.default!r} {field.metadata}"
            )
    assert len(now) > 30
    keep("feeds_options", now)
