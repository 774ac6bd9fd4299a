"""One round of made-up answers, one report: each kind of news shows with what it does.

An evening at the end of the shipped record, so that there are prices. All stanzas that ship
switched on are asked: six tell the news, the press has a quiet day, and the sources of figures are
down, as the record has the figures. The shapes are those of the recorded answers, the content is
made up.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from config.settings import PACKAGED, Config
from engine.record.store import Store
from engine.report.render import render
from engine.service import bind, morning, wiring
from feeds.base import FeedConfig, load_feeds
from tests.recorded.r1 import DIMENSIONS
from tests.recorded.runner import SHIPPED, World, ask, stanza

BEFORE = datetime(2025, 9, 29, 21, 0, tzinfo=UTC)
EVENING = datetime(2025, 9, 30, 22, 30, tzinfo=UTC)
MODEL = "DeepSeek-V9"
NAME, OLDER = f"deepseek-ai/{MODEL}", "deepseek-ai/DeepSeek-V8"
HUB = "https://huggingface.co/"
BARE = "Qwen9-Bare"
STANZAS = ("hf-deepseek", "hf-qwen", "openrouter-prices", "bis-rules", "sec-nvda", "fed-monetary",
           "chinanews-finance", "deepseek-prices", "mofcom-notices")  # fmt: skip
RULE = "Implementation of Additional Export Controls: Advanced Computing Chips (made up)"
STATEMENT = "Federal Reserve issues FOMC statement"
NOTICE = "商务部公告：对英伟达高端芯片实施进口限制"
ORDER = "商务部约谈英伟达：就H20芯片安全风险"
MAKERS_PAGE = "https://api-docs.deepseek.com/quick_start/pricing/"
CARD = """---
license: mit
---
| Benchmark (Metric) | DeepSeek-V9 |
|---|---|
| MMLU-Pro (EM) | 88.1 |
| GPQA-Diamond (Pass@1) | 84.0 |
| SWE Verified (Resolved) | 71.0 |
| AIME 2025 (Pass@1) | 91.0 |
"""


def priced(cut: bool) -> dict[str, Any]:
    """Two models on sale; the older one at half the price once ``cut``."""

    def offer(slug: str, hub: str, made: int, prompt: float, completion: float) -> dict[str, Any]:
        return {"id": f"deepseek/{slug}", "hugging_face_id": hub, "name": slug, "created": made,
                "context_length": 163840,
                "pricing": {"prompt": str(prompt), "completion": str(completion)}}  # fmt: skip

    old = offer("deepseek-v8", OLDER, 1758600000,
                *((5e-8, 2e-7) if cut else (2e-6, 8e-6)))  # fmt: skip
    new = offer("deepseek-v9", NAME, 1759200000, 1e-7, 3e-7)
    known = offer("deepseek-v3.1", "deepseek-ai/DeepSeek-V3.1", 1755779628,
                  *((2e-8, 6e-8) if cut else (5.6e-7, 1.68e-6)))  # fmt: skip
    return {"data": [old, known, new] if cut else [old, known]}


def makers_page(cut: bool) -> dict[str, Any]:
    """The maker's own prices of the two: the new one cheaper than at the router."""
    rows = [
        ("MODEL", OLDER, MODEL),
        ("1M INPUT TOKENS (CACHE MISS)", "$0.05" if cut else "$2", "$0.08"),
        ("1M OUTPUT TOKENS", "$0.2" if cut else "$8", "$0.24"),
    ]
    cells = ("".join(f"<td>{c.rpartition('/')[2]}</td>" for c in row) for row in rows)
    table = "".join(f"<tr>{row}</tr>" for row in cells)
    return {"text": f"<!doctype html><html><body><table>{table}</table></body></html>"}


def mofcom() -> dict[str, Any]:
    """The ministry's own list with one order."""
    link = "<a href='http://www.mofcom.gov.cn/zcfb/zc/art/2025/art_1.html'>"
    entry = f"<li>{link}{ORDER}</a><span>2025-09-30</span></li>"
    return {"text": f"<html><body><ul class='policy-list f-mt20'>{entry}</ul></body></html>"}


def repository(name: str, made: str) -> dict[str, Any]:
    """An entry of the hub's list."""
    return {
        "id": name, "createdAt": made, "sha": "c" * 40, "likes": 12, "downloads": 0,
        "pipeline_tag": "text-generation", "library_name": "transformers",
        "tags": ["license:mit"],
        "safetensors": {"parameters": {"F8_E4M3": 684_531_386_000}, "total": 684_531_386_000},
    }  # fmt: skip


def hub(*entries: dict[str, Any]) -> dict[str, Any]:
    """The hub with these repositories, their dimensions and cards."""
    found: dict[str, Any] = {f"{HUB}api/models?author=deepseek-ai*": {"json": list(entries)}}
    for entry in entries:
        at = f"{HUB}{entry['id']}/resolve/main/"
        found |= {f"{at}config.json": {"json": DIMENSIONS}, f"{at}README.md": {"text": CARD.replace(
            MODEL, entry["id"].partition("/")[2])}}  # fmt: skip
    return found


OLD_ENTRY = repository(OLDER, "2025-09-25T03:00:00.000Z")


def rss(title: str, url: str, stamp: str, source: str = "") -> list[str]:
    return [
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>x</title>',
        f"<item><title>{title}</title><link>{url}</link>",
        f"<pubDate>{stamp}</pubDate>{source}</item></channel></rss>",
    ]


def answers(cut: bool = True) -> dict[str, Any]:
    """What is there on the evening."""
    rule = {
        "document_number": "2025-19999", "type": "Rule", "title": RULE, "abstract": None,
        "action": "Interim final rule.", "publication_date": "2025-09-30",
        "effective_on": "2025-10-10", "agencies": [{"slug": "industry-and-security-bureau"}],
        "cfr_references": [{"title": 15, "part": 744}], "docket_ids": [],
        "html_url": "https://www.federalregister.gov/d/2025-19999",
    }  # fmt: skip
    recent = {
        "accessionNumber": ["0001045810-25-000999"], "form": ["8-K"], "items": ["1.01,9.01"],
        "acceptanceDateTime": ["2025-09-30T20:21:14.000Z"], "filingDate": ["2025-09-30"],
        "reportDate": ["2025-09-30"], "primaryDocument": ["x.htm"],
        "primaryDocDescription": ["8-K"],
    }  # fmt: skip
    stamp = "Tue, 30 Sep 2025 18:00:00 GMT"
    return {
        **hub(repository(NAME, "2025-09-30T03:00:00.000Z"), OLD_ENTRY),
        "https://openrouter.ai/api/v1/models": {"json": priced(cut)},
        "https://www.federalregister.gov/*": {"json": {"count": 1, "results": [rule]}},
        "https://data.sec.gov/*": {
            "json": {"cik": "1045810", "name": "NVIDIA CORP", "filings": {"recent": recent}}
        },
        "https://www.federalreserve.gov/*": {
            "lines": rss(STATEMENT, "https://www.federalreserve.gov/a.htm", stamp)
        },
        "https://www.chinanews.com.cn/*": {
            "lines": rss(NOTICE, "https://www.chinanews.com.cn/cj/2025/09-30/1.shtml", stamp)
        },
        MAKERS_PAGE: makers_page(cut),
        "https://www.mofcom.gov.cn/zcfb/index.html": mofcom(),
        **bare_repository(),
        **quiet_press(),
    }  # fmt: skip


def bare_repository() -> dict[str, Any]:
    """Qwen's list with a flagship of which nobody has told a price or a score."""
    name = f"Qwen/{BARE}"
    at = f"{HUB}{name}/resolve/main/"
    return {
        f"{HUB}api/models?author=Qwen*": {"json": [repository(name, "2025-09-30T02:00:00.000Z")]},
        f"{at}config.json": {"json": DIMENSIONS},
    }


def quiet_press() -> dict[str, Any]:
    """One old item without sense for the rest of the feeds that are on."""
    quiet = rss(
        "A museum opens a new wing", "https://e.example/museum", "Sun, 28 Sep 2025 09:00:00 GMT"
    )
    return {
        feed.url: {"lines": quiet}
        for feed in everything()
        if feed.kind.endswith(":RssCollector") and feed.name not in STANZAS
    }


def everything() -> list[FeedConfig]:
    """Every stanza that ships switched on, those that tell something first."""
    told = [stanza(name) for name in STANZAS]
    return [*told, *(f for f in load_feeds(SHIPPED).feeds if f.enabled and f.name not in STANZAS)]


@dataclass(frozen=True)
class Told:
    report: Any
    text: str
    shown: dict[str, Any]
    digests: tuple[str, str]
    later: tuple[Any, ...]


def digest(store: Store) -> str:
    """Of every fact and item in the record."""
    kept = sorted(
        f"{f.kind}|{f.key}|{f.known_at}|{sorted(f.payload.items())}" for f in store.facts()
    )
    kept += sorted(f"{s.item.url}|{s.item.body_hash}" for s in store.stored_items())
    return sha256("\n".join(kept).encode()).hexdigest()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    config: Config = bind.load(PACKAGED)
    feeds = everything()
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('m') / 'fresh.db'}") as store:
        wiring.load_reference(store, config)
        prices = {
            "https://openrouter.ai/api/v1/models": {"json": priced(cut=False)},
            MAKERS_PAGE: makers_page(cut=False),
        }
        before = [
            f for f in feeds if f.name in ("hf-deepseek", "openrouter-prices", "deepseek-prices")
        ]
        ask(store, before, World({**hub(OLD_ENTRY), **prices}), BEFORE)
        first = ask(store, feeds, World(answers()), EVENING)
        assert {r.status for r in first if r.feed in STANZAS} == {"new"}, [r.why for r in first]
        assert len(first) == len(feeds) > 60
        one = digest(store)
        made = morning.prepare(store, config, EVENING + timedelta(minutes=1), record=False)
        later = ask(store, feeds, World(answers()), EVENING + timedelta(hours=1))
        two = digest(store)
    return Told(
        report=made.report, text=render(made.report, "text", "en"),
        shown=json.loads(render(made.report, "json", "en")), digests=(one, two), later=later,
    )  # fmt: skip


def test_a_second_round_changes_nothing(told: Told) -> None:
    """An hour later the web says the same: nothing new, and the record is the same."""
    assert {(r.new, r.changed) for r in told.later} == {(0, 0)}
    assert len(told.later) > 60
    assert told.digests[0] == told.digests[1]


def test_a_new_flagship_is_rated_and_moves_the_threat(told: Told) -> None:
    """By size, price and scores; what it still puts at risk is said under the threat."""
    (card,) = [c for c in told.shown["ratings"] if c["model"] == MODEL]

    assert card["rateable"]
    assert card["score"] > 0
    assert card["release"]["price_elsewhere"] == "OpenRouter 0.1 / 0.3"
    assert "$0.08 / $0.24; OpenRouter asks $0.10 / $0.30" in told.text
    assert f"{MODEL}: " in told.text.split("AI model threat  weight")[1].split("Price trend")[0]


def test_a_price_cut_is_told_with_what_it_moved(told: Told) -> None:
    """As a change of the older model, on the day it was seen."""
    for model in ("DeepSeek-V8", "DeepSeek-V3.1"):  # of the hub, and of the catalogue
        (cut,) = [c for c in told.shown["changes"] if c["model"] == model]

        assert cut["kind"] == "price cut"
        assert model in told.text


def test_a_flagship_without_price_or_scores_is_seen_and_not_rated(told: Told) -> None:
    """The rendered report says so beside its name; no score stands there."""
    (card,) = [c for c in told.shown["ratings"] if c["model"] == BARE]

    assert not card["rateable"]
    told_of_it = " ".join(told.text.split(BARE, 1)[1].split()[:60])
    assert "Seen, cannot be rated yet: neither price nor scores are known" in told_of_it


def test_a_rule_moves_export_policy_and_stands_in_the_calendar(told: Told) -> None:
    """Effective in ten days."""
    (coming,) = [u for u in told.shown["upcoming"] if u["kind"] == "rule"]

    assert coming["on"] == "2025-10-10"
    assert re.search(r"Export policy  weight 15% × -0\.\d+; -0\.0\d+ since the session", told.text)
    assert any(RULE in e["headline"] and e["direction"] == -1 for e in told.shown["events"])


@pytest.mark.parametrize(
    ("headline", "kind", "sense"),
    [
        ("Nvidia files form 8-K: a material agreement", "other", 0),
        (STATEMENT, "rates", 0),
        (NOTICE, "china_purchase_ban", -1),
        (ORDER, "regulatory_probe", -1),
    ],
)
def test_what_was_said_is_told(told: Told, headline: str, kind: str, sense: int) -> None:
    """A filing and a statement tell that somebody spoke; a notice from Beijing has a sense."""
    (event,) = [e for e in told.shown["events"] if e["headline"] == headline]

    assert (event["event_type"], event["direction"]) == (kind, sense)
    assert headline in told.text
