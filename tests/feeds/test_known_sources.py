"""What officials, markets and lists tell, worked by hand at the edges of each reader."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from config.feeds import FeedConfig
from engine.errors import FeedError, UnknownNameError
from engine.record.readings import OPTION_CHAINS
from engine.shown import FeedState
from feeds import model_scores, notices, token_shares, yahoo
from feeds.announced import GitHubReleases, ModelScopeOrg
from feeds.base import (
    Collector,
    DocumentCollector,
    Parsed,
    Poll,
    PollState,
    claimed_at,
    collector_class,
    find_collector,
)
from feeds.change_log import ChangeLog
from feeds.chip_sales import TABLE, EpochChipSales, _number
from feeds.edgar import EdgarSubmissions
from feeds.entries import parse_strict
from feeds.fed_futures import FedFutures
from feeds.federal_register import FederalRegister
from feeds.health import assess, is_mute
from feeds.model_scores import (
    ArenaRatings,
    ArtificialAnalysis,
    EpochBenchmarks,
    benchmark_of,
    day_in,
    number_in,
    scored,
    table_rows,
)
from feeds.notices import NoticeList, NoticePage
from feeds.official_rates import EcbReference, FredSeries, NewYorkFed, observations
from feeds.proxies import BadProxyError, Proxies, Proxy, proxies_of
from feeds.token_shares import OpenRouterTokens
from feeds.wire import Fetched, FetchFailedError, FetchSettings, Request
from feeds.yahoo import RawBar, RawHistory, checked
from feeds.yahoo_options import (
    OptionsWanted,
    RawChain,
    YahooOptions,
    chain_fact,
    nearest_expiries,
)

NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def stanza(**options: Any) -> FeedConfig:
    return FeedConfig(
        name="f", kind="x:Y", label="Source", url="https://e.org/list/", tier=2, options=options
    )


def parse(collector: DocumentCollector, body: object, **options: Any) -> Parsed:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return collector.parse(raw, stanza(**options), NOW)


def refused(collector: DocumentCollector, body: object, **options: Any) -> FeedError:
    with pytest.raises(FeedError) as caught:
        parse(collector, body, **options)
    return caught.value


# --- officials ------------------------------------------------------------------------------------


def filing(stamp: str, **changes: str) -> dict[str, object]:
    row = {
        "accessionNumber": "0001045810-25-000207", "form": "8-K", "acceptanceDateTime": stamp,
        "filingDate": "2025-08-21T00:00", "reportDate": "", "items": " 2.02, 9.01,",
        "primaryDocument": "a b.htm", "primaryDocDescription": "8-K", **changes,
    }  # fmt: skip
    recent = {name: [cell] for name, cell in row.items()}
    return {"cik": "1045810", "name": "NVIDIA", "filings": {"recent": recent}}


@pytest.mark.parametrize(
    ("stamp", "n", "n_put_off", "said"),
    [
        ("2025-08-22T12:30:00Z", 1, 0, ""),
        ("2025-08-24T12:30:00Z", 0, 1, "0001045810-25-000207 is stamped ahead: put off"),
        ("2026-08-22T12:30:00Z", 0, 0, "0001045810-25-000207 has no usable time of acceptance"),
        ("soon", 0, 0, "0001045810-25-000207 has no usable time of acceptance"),
    ],
)
def test_a_filing_has_its_instant_or_its_reason(
    stamp: str, n: int, n_put_off: int, said: str
) -> None:
    parsed = parse(EdgarSubmissions(), filing(stamp), cik="0001045810")
    assert (len(parsed.facts), parsed.put_off) == (n, n_put_off)
    assert parsed.problems == ((said,) if said else ())
    for fact in parsed.facts:
        assert (fact.occurred_at, fact.known_at, fact.source) == (NOW, NOW, "Source")
        assert dict(fact.payload) == {
            "accession": "0001045810-25-000207", "form": "8-K",
            "accepted_at": "2025-08-22T12:30:00Z", "filed_on": "2025-08-21", "report_on": None,
            "items": ["2.02", "9.01"], "description": "8-K", "cik": "0001045810",
            "entity": "NVIDIA",
            "url": "https://www.sec.gov/Archives/edgar/data/1045810/000104581025000207/",
        }  # fmt: skip


def test_forms_are_those_wanted() -> None:
    for form, kept in (("8-K", 0), ("10-K/A", 1)):
        body = filing("2025-08-21T12:30:00Z", form=form)
        parsed = parse(EdgarSubmissions(), body, cik="0001045810", forms=["10-K/A"])
        assert len(parsed.facts) == kept


def rule(**changes: object) -> dict[str, object]:
    return {"results": [{"document_number": "2025-1", "agencies": [], **changes}]}


@pytest.mark.parametrize(
    ("changes", "kind", "n_put_off", "said"),
    [
        # The issue is on the web at six in New York: ten o'clock in summer.
        ({"publication_date": "2025-08-22"}, "rule", 0, ""),
        ({"publication_date": "2025-08-23"}, None, 1,
         "2025-1 is dated 2025-08-23: put off until then"),
        ({"publication_date": "2026-08-22"}, None, 0, "2025-1 has no usable date"),
        ({"filed_at": "2025-08-22T08:30:00-04:00", "publication_date": "2025-10-21"},
         "rule_inspection", 0, ""),
        ({"filed_at": "2025-08-22T08:30:00-04:00", "publication_date": "2025-10-22"}, None, 0,
         "2025-1 has no usable date"),
        ({"filed_at": "soon"}, None, 0, "2025-1 has no usable date"),
        ({"publication_date": "2025-08-22", "document_number": "x/" * 30}, None, 0,
         "'" + "x/" * 19),
    ],
)  # fmt: skip
def test_a_rule_has_its_morning_or_its_reason(
    changes: dict[str, object], kind: str | None, n_put_off: int, said: str
) -> None:
    parsed = parse(FederalRegister(), rule(**changes))
    assert [fact.kind for fact in parsed.facts] == ([kind] if kind else [])
    assert parsed.put_off == n_put_off
    assert [problem.startswith(said) for problem in parsed.problems] == ([True] if said else [])
    for fact in parsed.facts:
        hour = 10 if kind == "rule" else 12
        minute = 0 if kind == "rule" else 30
        assert fact.occurred_at == datetime(2025, 8, 22, hour, minute, tzinfo=UTC)
        assert fact.known_at == NOW


def test_parts_of_a_rule_are_read_to_fifty() -> None:
    refs = [{"title": 15, "part": n} for n in range(60)]
    parsed = parse(
        FederalRegister(),
        rule(publication_date="2025-08-21", cfr_references=refs, docket_ids=["d" * 90] * 60),
    )
    told = parsed.facts[0].payload
    assert (len(told["cfr"]), told["cfr"][-1]) == (50, "15 CFR 49")
    assert (len(told["docket_ids"]), len(told["docket_ids"][0])) == (50, 80)


@pytest.mark.parametrize(
    ("day", "value", "kept"),
    [
        ("2025-08-21", "4.33", 4.33), (" 2025-08-21 ", "-1", -1.0), ("2025-08-22", "0", 0.0),
        ("20250821", "4.33", None), ("2025-8-21", "4.33", None), ("2025-08-21T00", "4", None),
        ("2025-08-21", None, None), ("2025-08-21", "inf", None), ("2025-08-21", "x", None),
    ],
)  # fmt: skip
def test_an_observation_is_a_day_and_a_rate(day: str, value: object, kept: float | None) -> None:
    parsed = observations([(day, "DFF", value)], stanza(), NOW)
    if kept is None:
        assert parsed.problems == (f"'DFF {day[:20]} {value}' is not a day and a rate",)
        assert parsed.facts == ()
        return
    (fact,) = parsed.facts
    assert (fact.key, fact.payload["value"]) == (f"DFF:{day.strip()}", kept)
    assert parsed.stamps == (fact.occurred_at,)
    assert fact.occurred_at == datetime.fromisoformat(f"{day.strip()}T04:00:00+00:00")


def test_a_figure_of_tomorrow_in_new_york_spoils_its_file() -> None:
    late = datetime(2025, 8, 23, 3, 59, tzinfo=UTC)  # still the 22nd in New York
    assert len(observations([("2025-08-22", "DFF", 4.3)], stanza(), late).facts) == 1
    with pytest.raises(FeedError, match=r"DFF has a figure from the future \(2025-08-23\)"):
        observations([("2025-08-23", "DFF", 4.3)], stanza(), late)


def test_a_series_is_read_from_its_own_column() -> None:
    body = b"DATE,DGS2,DFF\n2025-08-20,3.7,4.33\n2025-08-21,3.8\n2025-08-19, . ,\n"
    parsed = parse(FredSeries(), body, series="DFF")
    assert [(f.key, f.payload["value"]) for f in parsed.facts] == [("DFF:2025-08-20", 4.33)]
    for head in ("day,DFF", "DFF,DATE", "DATE,DGS2"):
        error = refused(FredSeries(), f"{head}\n2025-08-20,4\n".encode(), series="DFF")
        assert str(error) == f"f: the table starts with '{head}', not with DFF"
    long = ",".join(["DATE", *("X" * 9 for _ in range(9))])
    error = refused(FredSeries(), f"{long}\n".encode(), series="DFF")
    assert f"'{long[:60]}'" in str(error)


EURO = (
    '<e xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">'
    '<Cube time="2025-08-21"><Cube currency="JPY" rate="172"/><Cube currency="USD" rate="{}"/>'
    "</Cube></e>"
)


@pytest.mark.parametrize("rate", ["1.16", "0.31", "9999", "x", ""])
def test_a_euro_has_a_price_in_dollars(rate: str) -> None:
    parsed = parse(EcbReference(), EURO.format(rate).encode())
    if rate == "1.16":
        assert [(f.key, f.payload["value"]) for f in parsed.facts] == [("USDEUR:2025-08-21", 1.16)]
        assert parsed.problems == ()
        return
    assert parsed.facts == ()
    assert parsed.problems == (f"'2025-08-21 {rate}' is no price of a euro",)


@pytest.mark.parametrize(
    ("body", "said", "state"),
    [
        (b"<e", "the answer is no table of reference rates", "error"),
        (b"", "the answer is no table of reference rates", "error"),
        (b"<e/>", "the table of reference rates has no days", "error"),
        (b"<html></html>", "a web page came instead of a table", "blocked"),
        (b'<!DOCTYPE e [<!ENTITY a SYSTEM "file:///etc/hostname">]><e>&a;</e>',
         "the table of reference rates has no days", "error"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_rates_says_why(body: bytes, said: str, state: str) -> None:
    error = refused(EcbReference(), body)
    assert (error.message, error.state) == (f"f: {said}", state)


def test_only_the_effective_rate_of_new_york_is_read() -> None:
    records = [
        {"effectiveDate": "2025-08-21", "type": "EFFR", "percentRate": 0, "targetRateTo": 4.5},
        {"effectiveDate": "2025-08-21", "type": "SOFR", "percentRate": 4.4}, "noise",
        {"type": "EFFR", "percentRate": 4.3},
    ]  # fmt: skip
    parsed = parse(NewYorkFed(), {"refRates": records})
    assert [(f.key, f.payload["value"]) for f in parsed.facts] == [
        ("EFFR:2025-08-21", 0.0), ("DFEDTARU:2025-08-21", 4.5),
    ]  # fmt: skip
    assert parsed.problems == ("'EFFR  4.3' is not a day and a rate",)


# --- notices, logs, lists -------------------------------------------------------------------------


def listed(day: object, **changes: object) -> Parsed:
    row = {"T": "A notice", "U": "/n/1", "D": day, **changes}
    return parse(
        NoticeList(), {"found": [row]}, rows="found", title="T", link="U", day="D", who="W",
        base="https://b.org",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("day", "at"),
    [
        (1_755_777_600_000, datetime(2025, 8, 21, 12, tzinfo=UTC)),
        (10**12 + 1_000, datetime(2001, 9, 9, 1, 46, 41, tzinfo=UTC)),
        (10**12, None),
        (1_755_777_600, None),
        (10**14, None),
        (True, None),
        ("2025-08-21T10:00:00Z", datetime(2025, 8, 21, 10, tzinfo=UTC)),
        ("2025-08-21T10:00:00Z".ljust(41) + "later", datetime(2025, 8, 21, 10, tzinfo=UTC)),
        (None, None),
    ],
)
def test_a_day_is_text_or_milliseconds(day: object, at: datetime | None) -> None:
    assert [item.published_at for item in listed(day).items] == ([at] if at else [])


def test_who_a_notice_is_of_stands_before_it_once() -> None:
    for who, title in (("Ho", "Ho：A notice"), ("A", "A notice"), ("", "A notice"),
                       (7, "A notice")):  # fmt: skip
        (item,) = listed("2025-08-21T10:00:00Z", W=who).items
        assert (item.title, item.url, item.source) == (title, "https://b.org/n/1", "Source")
    assert listed("2025-08-21T10:00:00Z", T="", W="Ho").items == ()


def linked(rows: str, **options: str) -> list[tuple[str, str]]:
    body = f"<html><body>{rows}</body></html>".encode()
    return [(i.title, i.url) for i in parse(NoticePage(), body, **options).items]


def test_a_link_is_wanted_by_its_address_and_dated_by_what_stands_beside_it() -> None:
    rows = (
        "<ul><li><a href=' /n/1 ' title='A full title'>A…</a> 2025-08-20</li>"
        "<li><a href='/x/2'>Another one</a> 2025-08-20</li>"
        "<li><a href='/n/3'>Four</a> 2025-08-20</li>"
        "<li><a href='/n/4'>From 2025-08-19 on</a> 2025-08-18</li></ul>"
    )
    assert linked(rows, link_match="^/n/") == [
        ("A full title", "https://e.org/n/1"), ("From 2025-08-19 on", "https://e.org/n/4"),
    ]  # fmt: skip
    body = f"<html><body>{rows}</body></html>".encode()
    stamps = [i.published_at for i in parse(NoticePage(), body, link_match="/n/4").items]
    assert stamps == [datetime(2025, 8, 18, tzinfo=UTC)]  # not the day that the title names
    assert linked(rows, link_match="^/n/", must_match="FULL") == [
        ("A full title", "https://e.org/n/1")
    ]


def test_a_row_is_looked_at_to_two_thousand_letters() -> None:
    for gap, dated in ((1_970, True), (2_000, False)):
        row = f"<li><a href='/n/1'>A title here</a> {'x' * gap} 2025-08-20</li>"
        other = "<li><a href='/n/2'>Another one</a> 2025-08-20</li>"
        assert ("A title here" in [t for t, _ in linked(row + other)]) is dated


def test_of_many_links_the_first_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    assert notices.MAX_LINKS == 3_000
    monkeypatch.setattr(notices, "MAX_LINKS", 2)
    rows = "".join(f"<li><a href='/n/{n}'>Title {n}</a> 2025-08-20</li>" for n in range(3))
    assert [title for title, _ in linked(rows)] == ["Title 0", "Title 1"]
    part = f"<div class='a list b'>{rows}</div>"
    assert [title for title, _ in linked(part, inside="list")] == ["Title 0", "Title 1"]


LOG = (
    "<html><h3 id='early'>Before any day</h3><h2>Date: 2025-08-21</h2><p>Loose words</p>"
    "<h3 id='a-1'>Model One</h3><p>First.</p><li>Second.</li><h4 id='b c'>Model Two</h4>"
    "<h2>No day</h2><h3 id='lost'>Nothing</h3><h1>2025-08-23</h1><h3 id='z'>Ahead</h3></html>"
)


def test_a_change_log_is_read_heading_by_heading() -> None:
    """What is below a heading is its text; a mark that is none gives way to the day."""
    parsed = parse(ChangeLog(), LOG.encode(), maker="M")
    assert [(i.title, i.url, i.summary, i.published_at) for i in parsed.items] == [
        ("M: Model One", "https://e.org/list/#a-1", "First. Second.",
         datetime(2025, 8, 21, tzinfo=UTC)),
        ("M: Model Two", "https://e.org/list/#2025-08-21", "", datetime(2025, 8, 21, tzinfo=UTC)),
    ]  # fmt: skip
    assert parsed.put_off == 1
    assert parsed.problems == ("1 entries dated ahead, read again when due",)
    assert parsed.stamps == (datetime(2025, 8, 21, tzinfo=UTC),)
    torn = parse(ChangeLog(), LOG.encode().replace(b"</html>", b""), maker="M")
    assert torn.put_off == 2
    assert torn.problems[1] == "the page ends early, asked for again"
    error = refused(ChangeLog(), b"<html><h2>2025-02-30</h2><h3>x</h3></html>", maker="M")
    assert "headings with a day" in str(error)


@pytest.mark.parametrize(
    ("changes", "titles"),
    [
        ({}, ["M publishes the model New on ModelScope"]),
        ({"tasks": ["text-generation", "other"]}, ["M publishes the model New on ModelScope"]),
        ({"tasks": ["image-to-video"]}, []),
        ({"tasks": [7]}, ["M publishes the model New on ModelScope"]),
        ({"id": "a/New-GGUF"}, []),
        ({"id": "a/New_fp8-x"}, []),
        ({"id": "a/Newfp8"}, ["M publishes the model Newfp8 on ModelScope"]),
        ({"created_at": None, "last_modified": "2025-08-21T10:00:00Z"},
         ["M publishes the model New on ModelScope"]),
        ({"created_at": "soon", "last_modified": "2025-08-21T10:00:00Z"},
         ["M publishes the model New on ModelScope"]),
    ],
)  # fmt: skip
def test_a_language_model_of_its_own_is_news(changes: dict[str, Any], titles: list[str]) -> None:
    model = {"id": "a/New", "created_at": "2025-08-21T10:00:00Z", **changes}
    parsed = parse(ModelScopeOrg(), {"data": {"models": [model]}}, maker="M")
    assert [item.title for item in parsed.items] == titles
    for item in parsed.items:
        assert item.published_at == datetime(2025, 8, 21, 10, tzinfo=UTC)
        assert item.url == f"https://modelscope.cn/models/{model['id']}"


def test_a_release_that_is_no_draft_is_news() -> None:
    release = {
        "name": "", "tag_name": "v1", "html_url": "https://g.org/1", "body": "n" * 9,
        "published_at": "2025-08-21T10:00:00Z", "created_at": "2025-08-01T10:00:00Z",
    }  # fmt: skip
    two = {**release, "name": "Two", "html_url": "https://g.org/2", "published_at": None}
    rows = [release, two, {**two, "draft": True, "html_url": "https://g.org/3"},
            {**two, "html_url": 7}, {**two, "name": 7, "body": ""}]  # fmt: skip
    parsed = parse(GitHubReleases(), rows, maker="M")
    assert [(i.title, i.url, i.published_at and i.published_at.day) for i in parsed.items] == [
        ("M: v1", "https://g.org/1", 21), ("M: Two", "https://g.org/2", 1),
    ]  # fmt: skip
    assert parsed.problems == ("2 entries without a name, an address or a date, skipped",)
    assert parsed.items[0].summary == "n" * 9
    # A name that is blank is a name: what is told beneath it is the title, as in any feed.
    (blank,) = parse(GitHubReleases(), [{**release, "name": " "}], maker="M").items
    assert (blank.title, blank.url) == ("n" * 9, "https://g.org/1")


# --- chips and tokens -----------------------------------------------------------------------------

COLUMNS = (
    "Chip manufacturer,End date,Chip type,Number of Units,Number of Units (5th percentile),"
    "Number of Units (95th percentile),Compute estimate in H100e (median),Incomplete"
)


def sales(*rows: str, now: datetime = NOW) -> Parsed:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(TABLE, "\n".join((COLUMNS, *rows)))
    return EpochChipSales().parse(packed.getvalue(), stanza(), now)


def year(maker: str, chip: str, h100e: str, of: int = 2024) -> list[str]:
    ends = ("03-31", "06-30", "09-30", "12-31")
    return [f'{maker},{of}-{end},{chip},"1,000",700,1400,{h100e},' for end in ends]


def test_a_year_of_chips_field_by_field() -> None:
    """Four quarters of a thousand; two parts at home to one from abroad: 66.67 per cent."""
    parsed = sales(*year("HUAWEI", "Ascend 910B", "0.1"), *year("Nvidia", "H20 PCIe", "0.05"))
    end = datetime(2024, 12, 31, tzinfo=UTC)
    assert {(f.occurred_at, f.known_at, f.source) for f in parsed.facts} == {(end, NOW, "Source")}
    huawei, nvidia, share = (dict(f.payload) for f in parsed.facts)
    assert {k: huawei[k] for k in ("vendor", "chip", "period", "known_on", "units_low",
                                   "units_mid", "units_high", "confidence")} == {
        "vendor": "HUAWEI", "chip": "Ascend 910B", "period": "2024", "known_on": "2024-12-31",
        "units_low": 2_800, "units_mid": 4_000, "units_high": 5_600, "confidence": "medium",
    }  # fmt: skip
    assert (nvidia["vendor"], nvidia["chip"]) == ("Nvidia", "H20 PCIe")
    assert (share["domestic_share_pct"], share["confidence"]) == (66.67, "low")
    assert parsed.stamps == (end,)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0.0), ("1,234.5", 1_234.5), ("9999999999", 9_999_999_999.0), ("1e10", None),
     ("-1", None), ("x", None), ("", None), ("inf", None)],
)  # fmt: skip
def test_units_are_none_or_more(text: str, value: float | None) -> None:
    found = _number(text)
    assert (found if value is not None else found != found) == (value if value is not None else 1)


def test_a_year_counts_once_its_last_quarter_is_over() -> None:
    rows = year("Huawei", "Ascend 910C", "10")
    for day, n in ((31, 0), (1, 2)):
        now = datetime(2024, 12, 31, 12, tzinfo=UTC) if day == 31 else NOW
        assert len(sales(*rows, now=now).facts) == n
    assert len(sales(*rows, now=datetime(2025, 1, 1, tzinfo=UTC)).facts) == 2
    both = sales(*rows, *year("Huawei", "Ascend 910C", "5", of=2023))
    assert [f.payload["period"] for f in both.facts] == ["2023", "2023", "2024", "2024"]
    noisy = sales(*rows, *(["too,short"] * 25))
    assert len(noisy.problems) == 20


def tokens(rows: list[tuple[Any, Any, Any]], as_of: object = None) -> Parsed:
    data = [{"date": d, "model_permaslug": m, "total_tokens": t} for d, m, t in rows]
    return parse(OpenRouterTokens(), {"data": data, "meta": {"as_of": as_of}}, makers=["home"])


def test_a_day_of_tokens_field_by_field() -> None:
    """Of 80 tokens 20 and 10 at home, 40 abroad, 10 of others; two days after it is known."""
    on = date(2025, 8, 20)
    rows = [(str(on), "home/a", "20"), (str(on), "home/b", 10), (str(on), "far/c", 40),
            (str(on), "other", 10)]  # fmt: skip
    (fact,) = tokens(rows).facts
    told = dict(fact.payload)
    assert (told["chinese_share"], told["others_share"], told["total_tokens"]) == (
        0.375, 0.125, 80.0,
    )  # fmt: skip
    assert (told["top_model"], told["top_share"]) == ("home/a", 0.25)
    assert fact.occurred_at == datetime(2025, 8, 20, tzinfo=UTC)
    assert (fact.known_at, fact.backfilled) == (NOW, False)
    (old,) = tokens([("2025-08-15", "far/c", 1)]).facts
    assert (old.known_at, old.backfilled) == (datetime(2025, 8, 17, tzinfo=UTC), True)
    assert "top_model" not in old.payload
    assert tokens([("2025-08-15", "far/c", 0)]).facts == ()
    tie = [(str(on), "home/a", 5), (str(on), "home/b", 5)]
    assert tokens(tie).facts[0].payload["top_model"] == "home/b"


@pytest.mark.parametrize(
    ("as_of", "last"),
    [
        (None, 21), ("soon", 21), ("2025-08-20T10:00:00Z", 19), ("2025-08-29T10:00:00Z", 21),
        ("2025-08-21T01:00:00+05:00", 19),
    ],
)  # fmt: skip
def test_the_day_still_counted_is_that_of_the_list_or_ours(as_of: object, last: int) -> None:
    rows = [(f"2025-08-{day}", "home/a", 5) for day in (19, 20, 21, 22, 23)]
    assert tokens(rows, as_of).facts[-1].payload["on"] == f"2025-08-{last}"


def test_days_and_rows_of_tokens_have_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (token_shares.MAX_DAYS, token_shares.MAX_ROWS) == (400, 30_000)
    monkeypatch.setattr(token_shares, "MAX_DAYS", 2)
    rows = [(f"2025-08-{day}", "home/a", 5) for day in (18, 20, 19)]
    assert [f.payload["on"] for f in tokens(rows).facts] == ["2025-08-19", "2025-08-20"]
    odd = [("2025-08-20", "home/a", n) for n in (-1, 10**18, "x")]
    sound = [("2025-08-20", "home/a", 10**18 - 1), ("2025-08-20", "nobody", 1)]
    parsed = tokens([*odd, *sound])
    assert parsed.problems == ("4 rows without a day, a model or a count, skipped",)
    assert len(parsed.facts) == 1


# --- scores ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "times", "number"),
    [("0.71528", 100.0, 71.528), (0.123456789, 1.0, 0.123457), ("x", 1.0, None), (None, 1.0, None),
     (10**400, 1.0, None)],
)  # fmt: skip
def test_numbers_are_told_to_six_digits(value: object, times: float, number: float | None) -> None:
    found = number_in(value, times)
    assert found == number if number is not None else found != found


def test_days_are_what_a_cell_starts_with() -> None:
    assert day_in("2025-08-21T10:00") == date(2025, 8, 21)
    assert day_in(date(2025, 8, 21)) == date(2025, 8, 21)
    assert day_in("21.8.2025") is day_in(None) is None


def score(**changes: Any) -> dict[str, Any]:
    return {"model": "Net-K9", "lab": "Lab A", "benchmark": "mmlu_pro", "value": 80.0,
            "released_on": date(2025, 8, 20), "told_on": date(2025, 8, 21), **changes}  # fmt: skip


def test_of_several_efforts_the_best_counts_and_a_bad_row_costs_itself() -> None:
    rows = [
        score(value=70.0, model="Net-K9 (low)"), score(value=80.0, model="Net-K9_high"),
        score(value=75.0), score(benchmark="gpqa_diamond", value=60.0, released_on=None),
        score(model="Net/K9;"), score(value=float("nan")), score(released_on=date(2025, 8, 24)),
        score(lab="other"), score(benchmark="aime_2025", released_on=None, told_on=None, value=9.0),
    ]  # fmt: skip
    parsed = scored(rows, stanza(labs=["LAB-a"]), NOW, ["before"])
    told = [(f.key, f.payload["value"], f.occurred_at) for f in parsed.facts]
    assert told == [
        ("Source:Net-K9:mmlu_pro", 80.0, datetime(2025, 8, 20, tzinfo=UTC)),
        ("Source:Net-K9:gpqa_diamond", 60.0, datetime(2025, 8, 21, tzinfo=UTC)),
        ("Source:Net-K9:aime_2025", 9.0, NOW),
    ]
    assert parsed.facts[0].payload["tier"] == 2
    assert parsed.problems == (
        "before",
        "Net/K9;: is not the name of a model",
        "Net-K9: value = nan is outside (0, 100]",
        "Net-K9: is dated ahead",
    )


def test_scores_beyond_the_bound_are_told_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_scores, "MAX_ENTRIES", 2)
    for n in (2, 3):
        parsed = scored([score(model=f"Net-{k}") for k in range(n)], stanza(), NOW)
        assert len(parsed.facts) == 2
        assert parsed.problems == (("1 scores beyond the first 2, not read",) if n == 3 else ())


def test_rows_of_a_table_have_its_width() -> None:
    problems: list[str] = []
    rows = list(table_rows("t.csv", "a,b\n1,2\n3\n4,5,6\n", problems))
    assert rows == [{"a": "1", "b": "2"}]
    assert problems == ["t.csv:3: 1 cells under 2 columns", "t.csv:4: 3 cells under 2 columns"]
    assert list(table_rows("t.csv", 'a,b\n"x', problems)) == []
    assert problems[2].startswith("t.csv:2: ")


class Pages:
    """Answers by address with one row named by it; keeps what was asked."""

    def __init__(self, make: Any) -> None:
        self.make, self.asked = make, list[str]()

    def get(self, request: Request, now: datetime) -> Fetched:
        assert (request.etag, request.accept) == ("e" if not self.asked else "", "application/json")
        self.asked.append(request.url)
        return Fetched(url=request.url, body=json.dumps(self.make(request.url)).encode())


@pytest.mark.parametrize(
    ("total", "n"), [(0, 1), (100, 1), (101, 2), (250, 3), (10_000, 8), ("9", 1), (True, 1)]
)
def test_pages_of_ratings_are_followed_to_their_count(total: object, n: int) -> None:
    def page(url: str) -> dict[str, Any]:
        row = {"model_name": f"Net-{url[-3:]}", "organization": "A", "rating": 1400.5,
               "leaderboard_publish_date": "2025-08-20"}  # fmt: skip
        return {"rows": [{"row": row}, {"row": 3}, 3], "num_rows_total": total}

    web = Pages(page)
    feed = stanza().model_copy(update={"url": "https://a.org/x?length=100&offset=000"})
    state = PollState(etag="e")
    harvest = ArenaRatings().poll(Poll(feed=feed, state=state, fetcher=web, now=NOW))
    assert web.asked == [feed.url, *(
        f"https://a.org/x?length=100&offset={100 * k}" for k in range(1, n)
    )]  # fmt: skip
    assert harvest.parsed is not None
    assert len(harvest.parsed.facts) == n
    assert harvest.parsed.facts[0].payload["value"] == 1400.5


@pytest.mark.parametrize(
    ("told", "n"),
    [({"total_pages": 3}, 3), ({"total_pages": 99}, 8), ({"total_pages": "3"}, 1), (None, 1),
     ({"total_pages": 1}, 1)],
)  # fmt: skip
def test_pages_of_measured_models_are_followed(told: object, n: int) -> None:
    def page(url: str) -> dict[str, Any]:
        model = {
            "name": f"Net-{url[-1]}",
            "model_creator": {"name": "A"},
            "release_date": "2025-08-20",
            "evaluations": {"gpqa": 0.715, "gpqa_diamond": None, "aime_25": 0.5},
        }
        return {"data": [model, 3], "pagination": told}

    for address, mark in (("https://a.org/m", "?"), ("https://a.org/m?k=1", "&")):
        web = Pages(page)
        feed = stanza().model_copy(update={"url": address})
        poll = Poll(feed=feed, state=PollState(etag="e"), fetcher=web, now=NOW)
        parsed = ArtificialAnalysis().poll(poll).parsed
        assert web.asked == [address, *(f"{address}{mark}page={k}" for k in range(2, n + 1))]
        assert parsed is not None
        assert [(f.payload["benchmark"], f.payload["value"]) for f in parsed.facts[:2]] == [
            ("gpqa_diamond", 71.5), ("aime_2025", 50.0),
        ]  # fmt: skip


def test_a_table_of_runs_is_read_from_its_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    head = "Model version,Organization,Release date,Started at,{}\n"
    tables = {
        "gpqa_diamond.csv": head.format("Best score (across scorers),mean_score")
        + "Net-K9_high,A,2025-08-01,2025-08-02,0.7,0.6\nNet-K8,A,,2025-08-02,,0.5\n"
        "Net-K7,A,,2025-08-02,,\n",
        "swe_bench_verified.csv": head.format("mean_score") + "Net-K9,A,2025-08-01,,0.4\n",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in tables.items():
            archive.writestr(name, text)
    parsed = parse(EpochBenchmarks(), packed.getvalue())
    assert [(f.key, f.payload["value"], f.occurred_at.day) for f in parsed.facts] == [
        ("Source:Net-K9:gpqa_diamond", 70.0, 1), ("Source:Net-K8:gpqa_diamond", 50.0, 2),
        ("Source:Net-K9:swe_bench_verified", 40.0, 1),
    ]  # fmt: skip
    size = len(tables["gpqa_diamond.csv"])
    for bound, n in ((size, 3), (size - 1, 1)):
        monkeypatch.setattr(model_scores, "MAX_TABLE_BYTES", bound)
        assert len(parse(EpochBenchmarks(), packed.getvalue()).facts) == n
    assert "no archive" in str(refused(EpochBenchmarks(), b"PK"))


def test_a_name_of_a_benchmark_is_looked_at_to_eighty_letters() -> None:
    assert benchmark_of("gpqa" + " " * 9) == "gpqa_diamond"
    assert benchmark_of("aime 2025 " + "x" * 69 + " tool") == "aime_2025"
    assert benchmark_of("aime 2025 " + "x" * 65 + " tool") is None


# --- options --------------------------------------------------------------------------------------


def chain(**changes: Any) -> RawChain:
    row = {"strike": 100.0, "bid": 1.0, "ask": 1.1, "iv": 0.4, "open_interest": 7.0}
    given: dict[str, Any] = {
        "symbol": "NVDA", "expires_on": date(2025, 9, 19), "spot": 100.00004, "currency": "USD",
        "calls": (row,), "puts": ({**row, "iv": 0.45, "bid": 2.0, "ask": 2.2},), **changes,
    }  # fmt: skip
    return RawChain(**given)


def test_a_chain_is_told_side_by_side_and_field_by_field() -> None:
    """A strike that one side lacks is 0 there; what is far from the share or no quote is none."""
    calls = (
        {"strike": 110.0, "bid": 0.5, "ask": 0.61234567, "iv": 0.41239, "open_interest": 2.0},
        {"strike": 40.0, "bid": 60.0}, {"strike": 39.99, "bid": 60.0}, {"bid": 3.0},
        {"strike": 160.0, "ask": 1e9}, {"strike": 160.01},
    )  # fmt: skip
    fact = chain_fact(chain(calls=calls, spot=100.0), "Source", NOW)
    found = OPTION_CHAINS.read(fact)
    assert found.strikes_usd == (40.0, 100.0, 110.0, 160.0)
    assert found.call_bids_usd == (60.0, 0.0, 0.5, 0.0)
    assert found.call_asks_usd == (0.0, 0.0, 0.612346, 0.0)
    assert found.put_bids_usd == (0.0, 2.0, 0.0, 0.0)
    assert found.put_asks_usd == (0.0, 2.2, 0.0, 0.0)
    assert found.call_iv_pct == (0.0, 0.0, 41.24, 0.0)
    assert found.put_iv_pct == (0.0, 45.0, 0.0, 0.0)
    assert found.call_open_interest == (0.0, 0.0, 2.0, 0.0)
    assert found.put_open_interest == (0.0, 7.0, 0.0, 0.0)
    assert (found.symbol, found.expires_on) == ("NVDA", date(2025, 9, 19))
    assert (found.quoted_on, fact.occurred_at, fact.known_at) == (date(2025, 8, 22), NOW, NOW)
    assert OPTION_CHAINS.read(chain_fact(chain(), "Source", NOW)).spot_usd == 100.0


def test_of_many_strikes_two_thousand_are_looked_at() -> None:
    for before, strikes in ((1_999, (100.0, 110.0)), (2_000, (100.0,))):
        calls = ({"strike": 900.0},) * before + ({"strike": 110.0, "bid": 1.0},)
        found = OPTION_CHAINS.read(chain_fact(chain(calls=calls, spot=100.0), "Source", NOW))
        assert found.strikes_usd == strikes


@pytest.mark.parametrize(
    ("new_york", "asked"),
    [
        ("2025-08-22T15:29:59", False), ("2025-08-22T15:30", True), ("2025-08-22T16:15", True),
        ("2025-08-22T16:15:01", False), ("2025-08-23T15:45", False), ("2025-08-24T15:45", False),
    ],
)  # fmt: skip
def test_chains_are_asked_for_in_three_quarters_of_an_hour(new_york: str, asked: bool) -> None:
    calls: list[Any] = []

    def chains(symbol: str, today: date, ahead: Any) -> tuple[RawChain, ...]:
        calls.append((symbol, today, tuple(ahead)))
        return (chain(symbol=symbol),)

    now = datetime.fromisoformat(new_york).replace(tzinfo=UTC) + timedelta(hours=4)
    feed = stanza(symbols=["NVDA", "SPY"])
    poll = Poll(feed=feed, state=PollState(memo={"a": "b"}), fetcher=None, now=now)  # type: ignore[arg-type]
    harvest = YahooOptions(chains).poll(poll)
    assert (harvest.parsed is not None) is asked
    if asked:
        day = date(2025, 8, 22)
        assert calls == [("NVDA", day, (10, 30, 60, 90)), ("SPY", day, (10, 30, 60, 90))]
        assert harvest.parsed is not None
        assert harvest.parsed.stamps == (now,)
        assert [f.payload["symbol"] for f in harvest.parsed.facts] == ["NVDA", "SPY"]
    else:
        assert (calls, harvest.memo) == ([], {"a": "b"})


def test_one_symbol_that_fails_is_a_problem_and_all_of_them_fail_the_poll() -> None:
    feed = stanza(symbols=["NVDA", "SPY"], days_ahead=[5])
    now = datetime(2025, 8, 22, 19, 45, tzinfo=UTC)
    poll = Poll(feed=feed, state=PollState(), fetcher=None, now=now)  # type: ignore[arg-type]

    def told(answers: dict[str, Any]) -> YahooOptions:
        def chains(symbol: str, today: date, ahead: Any) -> tuple[RawChain, ...]:
            if isinstance(answers[symbol], Exception):
                raise answers[symbol]
            return (chain(symbol=symbol, **answers[symbol]),)

        return YahooOptions(chains)

    parsed = told({"NVDA": FeedError("yahoo", "no"), "SPY": {}}).poll(poll).parsed
    assert parsed is not None
    assert (len(parsed.facts), parsed.problems) == (1, ("yahoo: no",))
    parsed = told({"NVDA": {"currency": "EUR"}, "SPY": {}}).poll(poll).parsed
    assert parsed is not None
    assert parsed.problems == ("NVDA 2025-09-19: came in EUR, not USD",)
    for wrong, said in (
        ({"currency": ""}, "came in no currency, not USD"), ({"spot": 0.0}, "no price of the"),
        ({"spot": float("nan")}, "no price of the share"),
    ):  # fmt: skip
        with pytest.raises(FeedError, match=f"NVDA 2025-09-19: {said}"):
            told({"NVDA": wrong, "SPY": wrong}).poll(poll)
    with pytest.raises(FetchFailedError):
        told({"NVDA": FetchFailedError("y", "x", reason="rate_limited"), "SPY": {}}).poll(poll)
    with pytest.raises(FeedError, match="no chains: not observed"):
        YahooOptions(lambda *asked: ()).poll(poll)
    assert OptionsWanted(symbols=("X",)).days_ahead == (10, 30, 60, 90)


def test_the_expiry_nearest_to_each_day_is_taken_once() -> None:
    """7, 28 and 56 days ahead."""
    today = date(2025, 8, 22)
    days = [date(2025, 8, 29), date(2025, 9, 19), date(2025, 10, 17)]
    assert nearest_expiries(days, today, (7, 10, 30)) == (days[0], days[1])
    assert nearest_expiries(days[::-1], today, (99, 1)) == (days[0], days[2])
    assert nearest_expiries([], today, (30,)) == ()


# --- futures --------------------------------------------------------------------------------------


def test_a_curve_that_did_not_change_is_not_read_and_one_that_settled_is_not_asked() -> None:
    """Friday 22 August 2025: the day closes at 17:00 in New York and is settled three hours on."""
    asked: list[tuple[str, date, date]] = []

    def history(symbol: str, start: date, end: date) -> RawHistory:
        asked.append((symbol, start, end))
        bar = RawBar(session_on=date(2025, 8, 22), open=96.0, high=96.0, low=96.0, close=96.0,
                     volume=1.0)  # fmt: skip
        return RawHistory(symbol=symbol, currency="USD", bars=(bar,))

    def poll(hour: float, state: PollState) -> Any:
        now = datetime(2025, 8, 22, tzinfo=UTC) + timedelta(hours=hour)
        return FedFutures(history).poll(
            Poll(feed=stanza(), state=state, fetcher=None, now=now)  # type: ignore[arg-type]
        )

    early = poll(23.99, PollState())  # 19:59 in New York
    assert early.parsed is not None
    assert (len(early.parsed.facts), early.memo) == (14, {})
    assert asked[0] == ("ZQQ25.CBT", date(2025, 8, 15), date(2025, 8, 23))
    same = poll(24.0, PollState(body_hash=early.body_hash, memo={"a": "b"}))
    assert (same.parsed, same.body_hash, same.memo) == (None, early.body_hash, {"a": "b"})
    late = poll(24.0, PollState())
    assert late.memo == {"read_to": "2025-08-22T21:00:00+00:00"}
    n = len(asked)
    quiet = poll(30.0, PollState(memo=late.memo, body_hash="h"))
    assert (quiet.parsed, quiet.body_hash, quiet.memo) == (None, "h", late.memo)
    assert len(asked) == n


@pytest.mark.parametrize("n", [2, 3])
def test_of_fewer_than_three_contracts_no_curve_was_observed(n: int) -> None:
    answered: list[str] = []

    def history(symbol: str, start: date, end: date) -> RawHistory:
        if len(answered) == n:
            raise FeedError("yahoo", f"no {symbol}")
        answered.append(symbol)
        bar = RawBar(session_on=date(2025, 8, 21), open=96.0, high=96.0, low=96.0, close=96.0,
                     volume=1.0)  # fmt: skip
        return RawHistory(symbol=symbol, currency="USD", bars=(bar,))

    poll = Poll(feed=stanza(), state=PollState(), fetcher=None, now=NOW)  # type: ignore[arg-type]
    if n == 2:
        with pytest.raises(FeedError, match=r"f: 2 contracts answered: yahoo: no ZQV25\.CBT"):
            FedFutures(history).poll(poll)
        return
    parsed = FedFutures(history).poll(poll).parsed
    assert parsed is not None
    assert (len(parsed.facts), parsed.put_off, len(parsed.problems)) == (3, 11, 11)


# --- what all share -------------------------------------------------------------------------------


def test_a_document_that_moved_for_good_is_asked_for_there_from_the_third_time() -> None:
    class Plain(DocumentCollector):
        accept = "text/plain"

        def parse(self, body: bytes, feed: FeedConfig, fetched_at: datetime) -> Parsed:
            return Parsed(problems=(body.decode(),))

    class Web:
        def __init__(self) -> None:
            self.asked: list[Request] = []

        def get(self, request: Request, now: datetime) -> Fetched:
            self.asked.append(request)
            return Fetched(url=request.url, body=b"x", not_modified=request.etag == "same")

    for seen, url in ((2, "https://e.org/list/"), (3, "https://n.org")):
        web = Web()
        state = PollState(moved_to="https://n.org", moved_seen=seen, memo={"a": "b"}, etag="e",
                          last_modified="l", body_hash="h")  # fmt: skip
        harvest = Plain().poll(Poll(feed=stanza(), state=state, fetcher=web, now=NOW))
        assert (web.asked[0].url, web.asked[0].accept) == (url, "text/plain")
        assert (web.asked[0].etag, web.asked[0].last_modified) == ("e", "l")
        assert harvest.parsed == Parsed(problems=("x",))
        assert harvest.memo == {"a": "b"}
        again = Plain().poll(
            Poll(feed=stanza(), state=replace(state, body_hash=harvest.body_hash),
                 fetcher=web, now=NOW)
        )  # fmt: skip
        assert (again.parsed, again.body_hash) == (None, harvest.body_hash)
        kept = Plain().poll(
            Poll(feed=stanza(), state=replace(state, etag="same"), fetcher=web, now=NOW)
        )
        assert (kept.parsed, kept.body_hash, kept.memo) == (None, "h", {"a": "b"})
    bare = stanza().model_copy(update={"url": ""})
    with pytest.raises(FeedError, match="f: the stanza has no url"):
        Plain().poll(Poll(feed=bare, state=PollState(), fetcher=Web(), now=NOW))
    with pytest.raises(FeedError, match="DocumentCollector does not say how to parse"):
        DocumentCollector().parse(b"", stanza(), NOW)
    with pytest.raises(FeedError, match="Collector does not say how to poll"):
        Collector().poll(Poll(feed=stanza(), state=PollState(), fetcher=Web(), now=NOW))


@pytest.mark.parametrize(
    ("value", "ok"),
    [("abcd", True), ("abc", False), ("x" * 200, True), ("x" * 201, False), ("a bcd", False),
     (" abcd ", True), ("é" * 5, False), (None, False)],
)  # fmt: skip
def test_a_key_is_plain_and_stands_in_its_header(
    monkeypatch: pytest.MonkeyPatch, value: str | None, ok: bool
) -> None:
    class Web:
        def get(self, request: Request, now: datetime) -> Fetched:
            assert value is not None
            assert request.key == ("X-Key", f"Bearer {value.strip()}")
            return Fetched(url=request.url, not_modified=True)

    monkeypatch.delenv("NVSIGNAL_TEST_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("NVSIGNAL_TEST_KEY", value)
    feed = stanza().model_copy(
        update={"key_env": "NVSIGNAL_TEST_KEY", "key_header": "X-Key", "key_prefix": "Bearer "}
    )
    poll = Poll(feed=feed, state=PollState(), fetcher=Web(), now=NOW)
    if ok:
        assert ChangeLog().poll(poll).parsed is None
        return
    with pytest.raises(FeedError) as caught:
        ChangeLog().poll(poll)
    assert caught.value.state == "blocked"
    assert str(caught.value) == (
        "f: the environment variable NVSIGNAL_TEST_KEY holds no key (ask the source for a key and "
        "set the variable, or set enabled = false)"
    )


def test_a_collector_is_found_by_module_and_class() -> None:
    assert collector_class("feeds.change_log:ChangeLog") is ChangeLog
    assert isinstance(find_collector("feeds.change_log:ChangeLog"), ChangeLog)
    for kind, near in (("feeds.change_lag:ChangeLog", "feeds.change_log"),
                       ("feeds.change_log:ChangeLag", "ChangeLog")):  # fmt: skip
        with pytest.raises(UnknownNameError, match=near):
            collector_class(kind)
    for kind in ("feeds.change_log:clean", "feeds.change_log:date", "feeds.change_log:"):
        with pytest.raises(UnknownNameError):
            collector_class(kind)


@pytest.mark.parametrize(
    ("text", "lang", "at"),
    [
        ("2025-08-22T14:00:00Z", "en", "2025-08-22T14:00"),  # ahead, and said to the hour
        ("2025-08-22 09:00", "en", "2025-08-22T09:00"),
        ("2025-08-22 14:00", "en", "2025-08-22T12:30"),
        ("2025-08-23 02:30", "en", "2025-08-22T12:30"),  # fourteen hours: as far as zones go
        ("2025-08-23 02:31", "en", "2025-08-23T02:31"),
        ("2025-08-23", "zh", "2025-08-22T12:30"),
        ("2025-08-29", "zh", "2025-08-28T16:00"),
        ("soon", "en", None),
    ],
)
def test_an_instant_ahead_without_an_offset_is_from_a_zone_further_east(
    text: str, lang: str, at: str | None
) -> None:
    found = claimed_at(text, lang, NOW)
    assert found == (at and datetime.fromisoformat(at).replace(tzinfo=UTC))


def test_a_source_without_a_contact_is_mute_only_where_it_needs_one() -> None:
    feed = stanza().model_copy(update={"needs_contact": True})
    state = PollState(health=FeedState.OK, last_poll_at=NOW, last_ok_at=NOW, n_entries=3,
                      stamps=(NOW - DAY,))  # fmt: skip
    told = assess(feed, state, NOW, contact=False)
    assert (told.mute, told.note) == (True, "not asked: no contact address is set")
    assert (told.name, told.last_ok_at, told.newest_at, told.n_facts, told.tier) == (
        "f", NOW, NOW - DAY, 3, 2,
    )  # fmt: skip
    assert not is_mute(feed, contact=True)
    assert not is_mute(stanza(), contact=False)


# --- proxies --------------------------------------------------------------------------------------

P = "http://p.org:3128"


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "direct"),
    [
        ("", "e.org", 443, False), ("*", "e.org", 443, True), ("e.org", "e.org", 443, True),
        ("e.org", "a.e.org", 443, True), ("e.org", "ae.org", 443, False),
        (".e.org", "a.e.org", 443, True), ("*.e.org", "a.e.org", 443, True),
        (".e.org", "e.org", 443, True), ("e.org:443", "e.org", 443, True),
        ("e.org:443", "e.org", 80, False), ("e.org:x", "e.org", 443, False),
        ("x.org, E.ORG ", "e.org.", 443, True), (":443", "e.org", 443, False),
        ("10.0.0.0/8", "10.1.2.3", 80, True), ("10.0.0.0/8", "11.1.2.3", 80, False),
        ("10.1.2.3", "10.1.2.3", 80, True), ("10.1.2.3:80", "10.1.2.3", 80, True),
        ("10.1.2.3:80", "10.1.2.3", 81, False), ("[fd00::1]", "[fd00::1]", 80, True),
        ("", "localhost", 80, True), ("", "a.localhost", 80, True), ("", "127.0.0.9", 80, True),
        ("", "[::1]", 80, True), ("", "notlocalhost", 80, False), ("", "10.0.0.1", 80, False),
    ],
)  # fmt: skip
def test_whom_the_proxy_is_left_out_for(no_proxy: str, host: str, port: int, direct: bool) -> None:
    found = Proxies({"https_proxy": P, "no_proxy": no_proxy}).of("https", host, port)
    assert (found is None) is direct
    assert direct or found == Proxy(scheme="http", host="p.org", port=3128)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"HTTPS_PROXY": P}, {"https_proxy": P}),
        ({"https_proxy": P, "HTTPS_PROXY": "x"}, {"https_proxy": P}),
        ({"HTTP_PROXY": P}, {"http_proxy": P}),
        ({"HTTP_PROXY": P, "REQUEST_METHOD": "GET"}, {}),  # there it is a header of the visitor
        ({"http_proxy": P, "REQUEST_METHOD": "GET"}, {"http_proxy": P}),
        ({"HTTPS_PROXY": P, "REQUEST_METHOD": "GET"}, {"https_proxy": P}),
        ({"ALL_PROXY": f" {P} ", "NO_PROXY": "e.org"}, {"all_proxy": P, "no_proxy": "e.org"}),
        ({"HTTPS_PROXY": "  "}, {}),
        ({"FTP_PROXY": P}, {}),
    ],
)
def test_which_variables_name_a_proxy(environment: dict[str, str], named: dict[str, str]) -> None:
    assert proxies_of(environment) == Proxies(named)


def test_each_scheme_has_its_proxy_and_all_the_rest() -> None:
    found = Proxies({"http_proxy": "a.org", "all_proxy": "https://b.org", "no_proxy": "x.org"})
    plain, tls = found.of("http", "e.org", 80), found.of("https", "e.org", 443)
    assert plain == Proxy(scheme="http", host="a.org", port=3128)
    assert tls == Proxy(scheme="https", host="b.org", port=443)
    assert found.shown() == {"HTTP_PROXY": plain, "ALL_PROXY": tls}
    assert Proxies({"http_proxy": P}).of("https", "e.org", 443) is None
    told = Proxies({"https_proxy": "http://me:p%40w@p.org"}).of("https", "e.org", 443)
    assert told is not None
    assert told.auth == ("me", "p@w")
    alone = Proxies({"https_proxy": "http://me@p.org"}).of("https", "e.org", 443)
    assert alone is not None
    assert alone.auth == ("me", "")
    for wrong in ("http://:80", "http://p.org:x", "http://p.org:99999"):
        with pytest.raises(BadProxyError, match="HTTPS_PROXY names no proxy: http://host:port is"):
            Proxies({"https_proxy": wrong}).of("https", "e.org", 443)
        assert isinstance(Proxies({"https_proxy": wrong}).shown()["HTTPS_PROXY"], BadProxyError)


def test_the_promises_of_a_fetch() -> None:
    told = FetchSettings(agent="a")
    assert (told.deadline_seconds, told.max_bytes, told.max_redirects, told.max_tries) == (
        30.0, 15 * 1_048_576, 5, 3,
    )  # fmt: skip
    assert (told.default_limit.per_second, told.default_limit.burst) == (1.0, 4.0)
    assert (told.contact, dict(told.host_limits), told.proxies) == ("", {}, Proxies())
    for reason, state in (("forbidden", "blocked"), ("gone", "error")):
        failure = FetchFailedError("f", "no", reason=reason)  # type: ignore[arg-type]
        assert (failure.state, failure.reason, failure.wait_seconds) == (state, reason, None)


# --- bars -----------------------------------------------------------------------------------------


def test_an_answer_without_a_close_is_not_observed_and_prices_without_one_are_none() -> None:
    """Of a session that is over and one that is not; NVDA's actions stay."""
    feed = stanza(symbols=["NVDA"])

    def bars(*closes: float | None) -> RawHistory:
        rows = tuple(
            RawBar(session_on=date(2025, 8, 20 + n), open=1.0, high=2.0, low=0.5, close=close,
                   volume=9.0, dividend=0.01) for n, close in enumerate(closes)
        )  # fmt: skip
        return RawHistory(symbol="NVDA", currency="USD", bars=rows)

    with pytest.raises(FeedError, match="no bars of NVDA: not observed"):
        checked(bars(None, 0.0), feed, NOW)
    with pytest.raises(FeedError, match="no bars of NVDA: not observed"):
        checked(bars(), feed, NOW)
    first, second, third = checked(bars(1.5, 0.0, 1.6), feed, NOW)
    assert (first.open, first.high, first.low, first.close, first.volume) == (1.0, 2.0, 0.5, 1.5, 9)
    for bare in (second, third):  # written as zero; not over at half past eight
        assert (bare.open, bare.high, bare.low, bare.close, bare.volume) == (None,) * 5
        assert bare.dividend == 0.01


def test_a_table_of_nothing_has_no_rows() -> None:
    class Empty:
        empty = True

    assert yahoo._rows(None) == yahoo._rows(Empty()) == ()


# --- feeds ----------------------------------------------------------------------------------------

ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>A title</title><id>i</id>{}</entry>'
    "</feed>"
)


@pytest.mark.parametrize(
    ("inner", "entry"),
    [
        ('<link href="https://e.org/1"/><published>p</published><updated>u</updated>'
         "<summary>s</summary><content>c</content>",
         ("A title", "https://e.org/1", "p", "s", "", "i", "u")),
        ('<link rel="self" href="https://e.org/s"/><link type="text/html" href="https://e.org/2"/>'
         "<updated>u</updated><content>c</content>",
         ("A title", "https://e.org/2", "u", "c", "", "i", "u")),
        ("<summary></summary><updated>u</updated>", ("A title", "i", "u", "", "", "i", "u")),
        ('<content type="image/png">x</content><updated>u</updated>', None),
        ('<content mode="escaped" type="x/y"></content><updated>u</updated>', None),
        ("<source><title>t</title></source><updated>u</updated>",
         ("A title", "i", "u", "", "", "i", "u")),
    ],
)  # fmt: skip
def test_an_entry_of_atom_by_hand(inner: str, entry: tuple[str, ...] | None) -> None:
    found = parse_strict(ATOM.format(inner).encode())
    assert (found and [tuple(e) for e in found.entries]) == (entry and [entry])


RSS = (
    '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:a="http://www.w3.org/2005'
    '/Atom" xmlns:c="http://purl.org/rss/1.0/modules/content/"><channel><item>{}</item></channel>'
    "</rss>"
)


@pytest.mark.parametrize(
    ("inner", "entry"),
    [
        ("<title>T</title><link>l</link><guid>g</guid><pubDate>p</pubDate><dc:date>d</dc:date>"
         "<description>s</description><c:encoded>e</c:encoded><source>w</source>",
         ("T", "l", "p", "s", "w", "g", "d")),
        ("<title>T</title><guid>g</guid><dc:date>d</dc:date><c:encoded>e</c:encoded>",
         ("T", "g", "d", "e", "", "g", "d")),
        ('<title>T</title><guid isPermaLink="FALSE">g</guid>', ("T", "", "", "", "", "g", "")),
        ('<title>T</title><link> </link><a:link href="x"/><pubDate>p</pubDate>',
         ("T", "x", "p", "", "", "", "")),
        ('<title>T</title><title>U</title><link href=" h "/>', ("T", "h", "", "", "", "", "")),
        ("<title>T <b>bold</b></title><link>l</link>", ("T bold", "l", "", "", "", "", "")),
        ("<title>T</title><link>l</link><published>p</published>", None),
        ("<title>caf\u00c3\u00a9 \u00e2\u20ac\u2122</title><link>l</link>",
         ("caf\u00e9 \u2019", "l", "", "", "", "", "")),
        ("<title>caf\u00e9</title><link>l</link>", ("caf\u00e9", "l", "", "", "", "", "")),
        ("<title>caf\u00c3\u00a9</title><link>l</link>", ("caf\u00e9", "l", "", "", "", "", "")),
        ("<title>it\u00e2\u20ac\u2122s</title><link>l</link>", ("it\u2019s", "l", "", "", "", "",
         "")),
    ],
)  # fmt: skip
def test_an_item_of_rss_by_hand(inner: str, entry: tuple[str, ...] | None) -> None:
    found = parse_strict(RSS.format(inner).encode())
    assert (found and [tuple(e) for e in found.entries]) == (entry and [entry])


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (RSS.format("<title>T</title>"), True),
        ("\ufeff" + RSS.format("<title>T</title>"), True),
        ("<?xml version='1.0' encoding='UTF-8' standalone='yes'?>" + RSS.format("<title>T</title>"),
         True),
        ("<?xml version='1.0' encoding='latin-1'?>" + RSS.format("<title>T</title>"), False),
        ("<!DOCTYPE rss>" + RSS.format("<title>T</title>"), False),
        (RSS.format("<title>T</title>").replace('"2.0"', '"1.0"'), False),
        (RSS.format("<title>T</title>").replace('"2.0"', '"2.1"'), True),
        ('<rss version="2.0"><item/></rss>', False),
        ('<rss version="2.0"><channel/><item/></rss>', False),
        ('<rss version="2.0"><channel><entry/></channel></rss>', False),
        ('<rss version="2.0"><channel><Item/></channel></rss>', False),
        ("<feed><entry/></feed>", False),
        ('<feed xmlns="http://www.w3.org/2005/Atom"><item/></feed>', False),
        ("<rss", False),
    ],
)  # fmt: skip
def test_what_the_strict_road_takes(body: str, read: bool) -> None:
    assert (parse_strict(body.encode()) is not None) is read
