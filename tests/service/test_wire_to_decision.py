"""From the wire to the decision: what a server says at 08:00 is in the report of 08:00."""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.settings import Config
from engine.cli.main import main
from engine.record.store import Store
from engine.service.bind import load
from engine.service.collecting import collect_and_ingest, feeds_of
from feeds.base import fetch_settings
from feeds.collect import StoreSink
from feeds.collect import collect as poll
from feeds.fetch import Fetcher
from tests.service.live_world import (
    BANS,
    HOSTILE,
    HOUR,
    NOW,
    REPOSITORIES,
    Stanza,
    Web,
    fill,
    make_config,
    stanzas,
)


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    made = Web()
    yield made
    made.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, web: Web) -> Iterator[Path]:
    """A folder for everything; the clock stands at ``NOW``."""
    folder = tmp_path_factory.mktemp("live")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NVSIGNAL_DATA", str(folder / "data"))
        patch.setattr("engine.clock.now", lambda: NOW)
        yield folder


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(*args: str) -> Ran:
    """The command line in this process."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(list(args))
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Ran(code, out.getvalue(), err.getvalue())


def settings(home: Path, name: str, feeds: tuple[Stanza, ...]) -> tuple[str, ...]:
    folder = make_config(home / name, feeds)
    return ("--config", str(folder), "--db", f"sqlite:///{home / name}.db")


@dataclass(frozen=True)
class Demonstration:
    before: Any
    collected: Ran
    feeds: Ran
    after: Ran
    page: str
    text: str


@pytest.fixture(scope="module")
def demo(home: Path, web: Web) -> Demonstration:
    """A report without the feeds; then one ``collect`` and one ``report``."""
    fill(web, bans=[*BANS, (HOSTILE, "hostile", NOW - HOUR), ("A" * 10_000, "long", NOW - HOUR)])
    with_feeds = settings(home, "demo", stanzas(web.url))
    folder, db = with_feeds[1], f"sqlite:///{home}/before.db"
    before = run("report", "--offline", "--json", "--config", folder, "--db", db)
    collected = run("collect", *with_feeds)
    saved = (home / "report.html", home / "report.txt")
    save = [part for path in saved for part in ("--save", str(path))]
    after = run("report", "--json", *save, *with_feeds)
    feeds = run("feeds", *with_feeds)
    page, text = (path.read_text() for path in saved)
    return Demonstration(before.json, collected, feeds, after, page, text)


def contributions(report: Any) -> dict[str, float]:
    return {c["name"]: c["contribution"] for c in report["contributions"]}


def test_the_new_release_is_rated(demo: Demonstration) -> None:
    """One release from three builds, with what the config said; prices and active size unknown."""
    cards = {card["release"]["model"]: card for card in demo.after.json["ratings"]}
    card = cards["DeepSeek-V9"]

    assert card["release"]["weight_precision"] == "fp8-ue8m0"
    assert card["release"]["scale_format"] == "ue8m0"
    assert card["release"]["total_params_b"] == 800.0
    assert card["release"].get("active_params_b") is None
    assert card["release"].get("price_output_usd_per_mtok") is None
    assert "deepseek-ai/DeepSeek-V9" in card["release"]["source"]
    assert abs(card["score"]) < 0.1  # nothing is known that would be new ...
    assert card["score_low"] < -20
    assert card["score_high"] > 20  # ... and a good deal may be


def test_the_ban_moves_export_policy_towards_sell(demo: Demonstration) -> None:
    assert (
        contributions(demo.after.json)["export_policy"]
        < (contributions(demo.before)["export_policy"])
    )


def test_the_fed_statement_is_among_the_events(demo: Demonstration) -> None:
    told = {e["headline"]: e for e in demo.after.json["events"]}
    statement = told["Federal Reserve issues FOMC statement"]

    assert statement["event_type"] == "rates"
    assert statement["known_at"] == "2025-08-22T12:00:00Z"


def test_the_undated_ban_and_the_recipe_tell_nothing(demo: Demonstration) -> None:
    told = " ".join(e["headline"] for e in demo.after.json["events"])

    assert "A800" not in told
    assert "recipes" not in told


def test_the_feeds_stand_in_the_health_box_with_their_state(demo: Demonstration) -> None:
    health = {s["name"]: s for s in demo.after.json["data_health"]}

    assert health["bans"]["state"] == "ok"
    assert health["hub"]["tier"] == 1


def test_the_same_record_gives_the_same_bytes_without_the_network(
    demo: Demonstration, home: Path
) -> None:
    """Health is read from the record: reporting offline at the same instant changes nothing."""
    again = run(
        "report", "--offline", "--json", "--config", str(home / "demo"),
        "--db", f"sqlite:///{home / 'demo'}.db",
    )  # fmt: skip

    assert again.out == demo.after.out


def test_hostile_headlines_come_out_safe_everywhere(demo: Demonstration) -> None:
    """No control, bidi or invisible character, no live markup, no endless line."""
    assert "H20 chips" in demo.text
    for text in (demo.collected.out, demo.feeds.out, demo.text, demo.after.out, demo.collected.err):
        bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c not in "\n\t"}
        assert bad - set("\u00ad\u2060") == set()
    assert "<script>alert" not in demo.page
    assert "A" * 600 not in demo.text + demo.page + demo.collected.out
    for text in (demo.collected.out, demo.feeds.out, demo.text):
        assert max(map(len, text.splitlines())) <= 80


def test_collect_says_what_came(demo: Demonstration) -> None:
    assert demo.collected.code == 0
    assert re.search(r"^hub +new +7 ", demo.collected.out, re.M)
    assert "1 new model release," in demo.collected.out
    assert re.search(r"\d+ items read: [1-9]\d* new stor", demo.collected.out)


# --- the record --------------------------------------------------------------------------------


def open_demo(home: Path, web: Web, name: str) -> tuple[Store, Config]:
    config = load(make_config(home / name, stanzas(web.url)))
    return Store.open(f"sqlite:///{home / name}.db"), config


def rows(store: Store) -> tuple[dict[str, int], int]:
    return store.counts(), store.item_count()


def test_ten_shuffled_deliveries_add_no_row(home: Path, web: Web) -> None:
    """The same documents in any order, polled again and again: the record stays as it is.

    The second poll reads the last configs: at most five a poll.
    """
    fill(web)
    store, config = open_demo(home, web, "redelivery")
    with store:
        for hours in (0, 1):
            collect_and_ingest(store, config, NOW + hours * HOUR, force=True)
        before, digest = rows(store), store.data_hash()
        for n in range(2, 12):
            bans, listed = list(BANS), list(REPOSITORIES)
            random.Random(n).shuffle(bans)
            random.Random(n).shuffle(listed)
            fill(web, bans=bans, repositories=listed)
            done = collect_and_ingest(store, config, NOW + n * HOUR, force=True)
            assert done.summary.count("failed") == 0
            assert rows(store) == before

        assert store.data_hash() == digest
        assert before[0]["event"] >= 2


def test_a_kill_between_collecting_and_classifying_loses_nothing(home: Path, web: Web) -> None:
    """Only the polling happened; the next run, an hour later, ends in the same record."""
    fill(web)
    whole, config = open_demo(home, web, "whole")
    killed, _ = open_demo(home, web, "killed")
    feeds = feeds_of(config)
    with whole, killed:
        collect_and_ingest(whole, config, NOW)
        with Fetcher(fetch_settings(feeds, version="0")) as fetcher:
            poll(feeds.feeds, fetcher, StoreSink(killed), NOW)
        assert killed.counts().get("event", 0) == 0
        for store in (whole, killed):
            collect_and_ingest(store, config, NOW + HOUR)

        assert killed.data_hash() == whole.data_hash()
        assert rows(killed) == rows(whole)
        assert killed.counts()["event"] >= 2


def test_events_are_known_when_their_item_was_known_to_us(home: Path, web: Web) -> None:
    """Never at the publisher's date, which the decision must not lean on."""
    fill(web)
    store, config = open_demo(home, web, "known")
    with store:
        collect_and_ingest(store, config, NOW)
        facts = [f for f in store.facts(("event", "model_release")) if not f.backfilled]

        assert {f.known_at for f in facts} == {NOW}
        assert all(f.occurred_at < NOW for f in facts)


# --- Yahoo on bad days -------------------------------------------------------------------------

BAD_DAYS = ("Throttled", "WebPage", "Empty", "InEuro", "FromTomorrow")


def test_yahoo_failing_leaves_prices_as_they_are_and_never_sells(
    home: Path, demo: Demonstration
) -> None:
    """429, a web page, nothing, another currency, a bar from the future: the verdict stands."""
    feeds = tuple(
        Stanza(name.lower(), f"tests.service.live_world:{name}", "http://127.0.0.1:9/",
               options={"symbols": '["NVDA"]'})
        for name in BAD_DAYS
    )  # fmt: skip
    with_yahoo = settings(home, "yahoo", feeds)
    done = run("report", "--json", *with_yahoo)
    states = {row["feed"]: row for row in run("feeds", "--json", *with_yahoo).json}
    before, after = demo.before, done.json

    assert {states[name.lower()]["state"] for name in BAD_DAYS} == {"error"}
    assert "future" in states["fromtomorrow"]["note"]
    assert "EUR" in states["ineuro"]["note"]
    assert after["decision"] == before["decision"] == "HOLD"
    assert after["score"] == before["score"]
    assert after["ratings"] == before["ratings"]
    assert after["market"] == before["market"]
    # What was not read neither moves the decision nor what is said of it: the page names the feeds.
    assert after["chances"] == before["chances"]
    assert after["firm_share"] == before["firm_share"]


def test_a_wrong_clock_does_not_hide_items(home: Path, web: Web) -> None:
    """Items fetched under a clock an hour ahead are read when that hour has come."""
    fill(web)
    store, config = open_demo(home, web, "clock")
    with store:
        feeds = feeds_of(config)
        with Fetcher(fetch_settings(feeds, version="0")) as fetcher:
            poll(feeds.feeds, fetcher, StoreSink(store), NOW + HOUR)
        collect_and_ingest(store, config, NOW)
        assert store.counts().get("event", 0) == 0
        collect_and_ingest(store, config, NOW + HOUR + timedelta(minutes=1))

        assert store.counts()["event"] >= 2
        assert store.newest_known_at()["event"] == NOW + HOUR
