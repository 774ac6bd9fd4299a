"""``nvsignal collect`` and ``feeds``: what they say, and that being offline changes nothing."""

from __future__ import annotations

import contextlib
import io
import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from engine.cli.commands.collect import OFFLINE
from engine.cli.main import main
from engine.record.store import Store
from engine.service.bind import load
from engine.service.collecting import (
    blind,
    collect_and_ingest,
    feed_health,
)
from engine.shown import FeedState, SourceHealth
from engine.values import Mood, Stage
from tests.service.live_world import HOUR, NOW, Stanza, Web, make_config, rss

HOSTILE = (
    "\x1b[31mred\x1b[0m \u202egnp.exe <script>alert(1)</script> [bold]x[/bold] " + "z" * 10_000
)
PLAIN = [("Best recipes for a summer evening", "recipes", NOW - HOUR)]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


@dataclass
class Home:
    """A configuration and a record of their own, with reference tables left out for speed."""

    folder: Path
    web: Web

    def use(self, *feeds: Stanza) -> None:
        make_config(self.folder / "config", feeds)
        for table in (self.folder / "config" / "facts").glob("*.csv"):
            if table.name in ("market_closes.csv", "rates_daily.csv"):
                header, *rows = table.read_text().splitlines()
                table.write_text("\n".join([header, *rows[-3:]]) + "\n")

    def run(self, *args: str) -> Ran:
        out, err, code = io.StringIO(), io.StringIO(), 0
        where = ("--config", str(self.folder / "config"), "--db", f"sqlite:///{self.db}")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main([*args, *where])
            except SystemExit as stop:
                code = int(stop.code or 0)
        return Ran(code, out.getvalue(), err.getvalue())

    @property
    def db(self) -> Path:
        return self.folder / "record.db"

    def dump(self) -> list[str]:
        """Every row of the database."""
        with contextlib.closing(sqlite3.connect(self.db)) as connection:
            return list(connection.iterdump())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("engine.clock.now", lambda: NOW)
    monkeypatch.setattr("engine.service.classifier.load_classifier", lambda *_: _Silent())
    web = Web()
    yield Home(tmp_path, web)
    web.close()


class _Silent:
    """A classifier that is sure of nothing."""

    version = "silent"

    def classify(self, headlines: list[str]) -> tuple[Any, ...]:
        return tuple(_Unsure() for _ in headlines)


class _Unsure:
    abstained, relevant, unread = True, False, False
    event_type, direction, actor, stage, confidence = "other", 0, "", Stage.ANNOUNCED, 0.3
    mood = Mood.FACT


def wire(name: str, url: str, tier: int = 1) -> Stanza:
    return Stanza(name, "feeds.rss:RssCollector", url, tier)


def test_offline_is_one_line_and_changes_nothing(home: Home) -> None:
    """No failure is counted, no feed put off: not a byte of any row moves."""
    home.use(wire("one", "http://127.0.0.1:9/a"), wire("two", "http://127.0.0.2:9/b"))
    home.run("feeds")
    before = home.dump()
    done = home.run("collect")

    assert (done.code, done.out) == (1, "")
    assert done.err == f"nvsignal: {OFFLINE}\n"
    assert home.dump() == before
    told = json.loads(home.run("collect", "--json").out)
    assert told["offline"] is True
    assert home.dump() == before


def test_a_dead_host_among_living_ones_is_its_own_failure(home: Home) -> None:
    """Then it is counted, put off and said."""
    home.web.put("/a", rss(PLAIN))
    home.use(
        wire("good", f"{home.web.url}/a"),
        wire("dead", "http://127.0.0.1:9/a"),
        wire("gone", "http://127.0.0.2:9/a"),
    )
    done = home.run("collect")
    states = {row["feed"]: row for row in json.loads(home.run("feeds", "--json").out)}

    assert done.code == 0
    assert done.err == ""
    assert "1 answered, 2 failed" in done.out
    assert "1 item read: 0 new stories, 0 grown\n1 told nothing (1 unsure" in done.out
    assert states["dead"]["state"] == "error"
    assert states["good"]["state"] == "ok"
    assert states["dead"]["next_due_at"] is not None


def test_one_feed_alone_that_cannot_be_reached_is_not_called_offline(home: Home) -> None:
    home.use(wire("dead", "http://127.0.0.1:9/a"))
    done = home.run("collect")

    assert done.code == 1
    assert "0 answered, 1 failed" in done.out


def test_a_source_that_is_ill_says_who_stands_in_and_what_is_missed(home: Home) -> None:
    """Of an important one; one of the third rank says its fault alone."""
    costs = 'fallback = "good"\nwhen_silent = "nobody tells the hour"\n'
    home.web.put("/a", rss(PLAIN))
    home.use(
        wire("good", f"{home.web.url}/a"),
        replace(wire("dead", f"{home.web.url}/none", 2), more=costs),
        replace(wire("low", f"{home.web.url}/gone", 3), more=costs),
    )
    home.run("collect")
    told = home.run("feeds").out
    rows = {row["feed"]: row for row in json.loads(home.run("feeds", "--json").out)}

    assert told.count("meanwhile good; nobody tells the hour") == 1
    assert told.index("dead") < told.index("meanwhile good")
    assert rows["dead"]["fallback"] == "good"
    assert rows["low"]["when_silent"] == "nobody tells the hour"


def test_only_the_feeds_named_are_asked(home: Home) -> None:
    for path in "ab":
        home.web.put(f"/{path}", rss(PLAIN))
    home.use(wire("a", f"{home.web.url}/a"), wire("b", f"{home.web.url}/b"))
    told = json.loads(home.run("collect", "b", "--json").out)

    assert [row["feed"] for row in told["feeds"]] == ["b"]
    assert told["totals"] == {
        "new": 1, "changed": 0, "unchanged": 0, "failed": 0, "deferred": 0, "not_due": 0,
    }  # fmt: skip
    assert set(told) == {"at", "offline", "seconds", "totals", "ingested", "feeds"}


def test_what_is_not_due_is_left_alone_unless_forced(home: Home) -> None:
    home.web.put("/a", rss(PLAIN))
    home.use(wire("a", f"{home.web.url}/a"))
    home.run("collect")
    again = home.run("collect")
    forced = home.run("collect", "--force")

    assert "0 answered, 0 failed, 0 put off, 1 not due" in again.out
    assert "--force" in again.out
    assert "1 answered" in forced.out


def test_an_unknown_feed_names_the_nearest_and_a_disabled_one_the_remedy(home: Home) -> None:
    home.use(wire("tomshardware", f"{home.web.url}/a"), wire("off", f"{home.web.url}/b"))
    path = home.folder / "config" / "feeds.toml"
    path.write_text(path.read_text().replace('name = "off"', 'name = "off"\nenabled = false'))
    wrong, off = home.run("collect", "tomhardware"), home.run("collect", "off")

    assert wrong.code == off.code == 2
    assert wrong.err == "nvsignal: unknown feed 'tomhardware' (did you mean 'tomshardware'?)\n"
    assert "enabled = true" in off.err
    rows = {row["feed"]: row["state"] for row in json.loads(home.run("feeds", "--json").out)}
    assert rows == {"tomshardware": "never", "off": "off"}


def test_outputs_are_safe_and_fit_eighty_columns(home: Home) -> None:
    """A hostile server's words reach the table cleaned, short and without markup."""
    web = home.web
    web.put("/hub", json.dumps({"error": HOSTILE}))
    web.put("/page", "<!doctype html><title>\x1b[31mAre you human?</title>")
    web.put("/empty", rss([]))
    web.put("/undated", rss([("Some title", "u", None)]))
    web.put("/none", "[]")
    hub = "feeds.hugging_face:HuggingFaceOrg"
    home.use(
        Stanza("hub", hub, f"{web.url}/hub", options={"org": '"deepseek-ai"'}),
        Stanza("renamed", hub, f"{web.url}/none", options={"org": '"deepseek-ai"'}),
        *(wire(name, f"{web.url}/{name}") for name in ("page", "empty", "undated")),
    )
    texts = [home.run("collect").out, home.run("feeds").out]
    rows = {row["feed"]: row for row in json.loads(home.run("feeds", "--json").out)}

    for text in texts:
        assert all(c.isprintable() or c == "\n" for c in text)
        assert max(map(len, text.splitlines())) <= 80
        assert "zzzz" * 100 not in text.replace("\n", "")
    assert {name: row["state"] for name, row in rows.items()} == {
        "hub": "error", "renamed": "unknown_org", "page": "blocked", "empty": "empty",
        "undated": "undated",
    }  # fmt: skip
    assert all("\x1b" not in row["note"] and "\u202e" not in row["note"] for row in rows.values())


def test_a_budget_bounds_the_round_and_leaves_the_rest_due(home: Home) -> None:
    """A server that never answers costs the report its budget, not its morning."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        home.web.put("/a", rss(PLAIN))
        home.use(wire("mute", f"{url}/m"), wire("a", f"{home.web.url}/a"))
        config = load(home.folder / "config")
        with Store.open(f"sqlite:///{home.db}") as store:
            began = time.monotonic()
            done = collect_and_ingest(store, config, NOW, budget_seconds=1.0)
            spent = time.monotonic() - began
            told = {r.feed: r.status for r in done.summary.results}

            assert told == {"mute": "failed", "a": "new"}
            assert spent < 3.0  # one second by the budget; the rest is a busy machine


def test_no_time_left_means_put_off_not_failed(home: Home) -> None:
    home.web.put("/a", rss(PLAIN))
    home.use(wire("a", f"{home.web.url}/a"))
    config = load(home.folder / "config")
    with Store.open(f"sqlite:///{home.db}") as store:
        done = collect_and_ingest(store, config, NOW, budget_seconds=-1.0)
        (state,) = feed_health(store, config, NOW)

        assert done.summary.count("deferred") == 1
        assert not done.offline
        assert state.state is FeedState.NEVER


# --- what blindness costs ------------------------------------------------------------------------


def health(*states: str, tier: int = 1) -> list[SourceHealth]:
    return [
        SourceHealth(name=f"s{n}", state=FeedState(s), last_ok_at=None, newest_at=None, tier=tier)
        for n, s in enumerate(states)
    ]


@pytest.mark.parametrize(
    ("sources", "unseen"),
    [
        ([], 0),
        (health("ok", "empty"), 0),
        (health("ok", "stale"), 1),
        (health("error", "blocked", "frozen", "undated", "unknown_org", "never"), 6),
        (health("error", "stale", tier=2), 0),
        ([*health("ok"), *health("error", tier=3)], 0),
    ],
)
def test_only_tier_one_sources_that_could_not_be_read_are_blind(
    sources: list[SourceHealth], unseen: int
) -> None:
    assert len(blind(sources)) == unseen
