"""Every recorded answer gives the facts it should, once, and nothing that it should not.

All stanzas are asked in one round into one fresh record, then a day later, then by a web that
misbehaves in every way that has been seen, then by the sound one again: nothing may be lost.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.record.store import Store
from engine.values import Fact, Item
from feeds.base import FeedConfig, load_feeds
from feeds.collect import FeedResult, StoreSink
from tests.recorded.runner import (
    SHIPPED,
    Recording,
    World,
    agrees,
    ask,
    body_of,
    in_record,
    poll,
    recordings,
    stanza,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # yfinance under pandas 3.1

TOLD = {recording.name: recording for recording in recordings()}
BY_YFINANCE = ("yahoo-nvda", "yahoo-market", "yahoo-options", "fed-futures")
ZSTD_HELLO = bytes.fromhex("28b52ffd2005290000") + b"hello"
BROTLI_HELLO = b"\x0b\x02\x80hello\x03"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a fresh record held after the first round, and after one a day later."""

    first: Mapping[str, FeedResult]
    facts: list[Fact]
    items: list[Item]
    second: Mapping[str, FeedResult]
    later: list[Fact]
    later_items: list[Item]


def world() -> World:
    """The web as all recordings together tell it."""
    return World({url: a for told in TOLD.values() for url, a in told.answers.items()})


def stanzas(*left_out: str) -> list[FeedConfig]:
    return [stanza(name) for name in TOLD if name not in left_out]


@pytest.fixture(scope="module", autouse=True)
def keys() -> Iterator[None]:
    """A key for each source that wants one."""
    with pytest.MonkeyPatch.context() as patch:
        for feed in stanzas():
            if feed.key_env:
                patch.setenv(feed.key_env, "recorded-key")
        yield


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record without a row; a copy of it is had sooner than a new one."""
    path = tmp_path_factory.mktemp("empty") / "fresh.db"
    Store.open(f"sqlite:///{path}").close()
    return path


Fresh = Callable[[], Store]


@pytest.fixture
def fresh(empty: Path, tmp_path: Path) -> Fresh:
    return lambda: Store.open(f"sqlite:///{shutil.copy(empty, tmp_path / 'fresh.db')}")


@pytest.fixture(scope="module")
def asked(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    web, at = world(), max(told.at for told in TOLD.values())
    path = shutil.copy(empty, tmp_path_factory.mktemp("r") / "fresh.db")
    with Store.open(f"sqlite:///{path}") as store:
        first = ask(store, stanzas(), web, at)
        facts, items = in_record(store)
        second = poll(store, stanzas(), web, at + timedelta(hours=25))
        later, later_items = in_record(store)
    return Asked(
        first={r.feed: r for r in first}, facts=facts, items=items,
        second={r.feed: r for r in second}, later=later, later_items=later_items,
    )  # fmt: skip


def test_every_shipped_stanza_has_its_recording() -> None:
    """And no recording belongs to a stanza that is gone."""
    assert set(TOLD) == {feed.name for feed in load_feeds(SHIPPED).feeds}


@pytest.mark.parametrize("name", TOLD)
def test_a_recorded_answer_enters_the_record(name: str, asked: Asked) -> None:
    """Its facts and items, each once; a day later only what was put off."""
    told, first = TOLD[name], asked.first[name]

    assert first.status == "new", first.why
    for wanted in told.expect:
        assert sum(agrees(fact, wanted) for fact in asked.facts) == 1, wanted
    for wanted in told.items:
        assert sum(agrees(item, wanted) for item in asked.items) == 1, wanted
    said = "\n".join(first.problems)
    assert all(part in said for part in told.problems), said
    assert bool(told.problems) == bool(said), said
    second = asked.second[name]
    assert (second.new, second.changed) == (len(told.later), 0), second
    keys = [fact.key for fact in asked.later]
    assert all(keys.count(key) == 1 for key in told.later)


def test_nothing_enters_that_no_recording_names(asked: Asked) -> None:
    """Counted over all: facts of every kind that is named in full, and items."""
    wanted = Counter(w["kind"] for told in TOLD.values() if not told.others for w in told.expect)
    open_ = {w["kind"] for told in TOLD.values() if told.others for w in told.expect}
    held = Counter(fact.kind for fact in asked.facts)

    assert {k: held[k] for k in wanted if k not in open_} == {
        k: n for k, n in wanted.items() if k not in open_
    }
    assert len(asked.items) == sum(len(told.items) for told in TOLD.values())
    assert len(asked.later_items) == len(asked.items)


# --- a web that misbehaves --------------------------------------------------------------------

AT = datetime(2026, 11, 24, 21, tzinfo=UTC)
HTML = b"<!DOCTYPE html><html><head><title>One moment</title></head><body>Checking</body></html>"


def everywhere(**answer: Any) -> World:
    """A web that gives ``answer`` to whatever is asked."""
    return World({"https://*": answer})


def cut() -> World:
    """Every sound body torn off in the middle."""
    web = world()
    for url, answer in web.answers.items():
        kept = {k: answer[k] for k in ("headers",) if k in answer}
        body = body_of(answer)
        web.answers[url] = {**kept, "hex": body[: len(body) // 2].hex()}
    return web


BAD = {
    "429, seconds": (everywhere(status=429, headers={"Retry-After": "900"}), "rate"),
    "429, a date": (
        everywhere(status=429, headers={"Retry-After": "Tue, 24 Nov 2026 21:15:00 GMT"}), "rate"),
    "a web page": (everywhere(hex=HTML.hex(), headers={"Content-Type": "text/html"}), "page"),
    "nothing": (everywhere(hex=""), "page"),
    "torn off": (cut(), "page"),
    "br": (everywhere(hex=BROTLI_HELLO.hex(), headers={"Content-Encoding": "br"}), "encoding"),
    "zstd": (everywhere(hex=ZSTD_HELLO.hex(), headers={"Content-Encoding": "zstd"}), "encoding"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_answer_fails_and_loses_nothing(case: str, fresh: Fresh) -> None:
    """No fact of it enters, each source says why, and the next sound answer brings all."""
    web, kind = BAD[case]
    feeds = stanzas(*BY_YFINANCE)
    with fresh() as store:
        bad = poll(store, feeds, web, AT)
        facts, items = in_record(store)
        states = StoreSink(store).states()
        good = poll(store, feeds, world(), AT + timedelta(hours=1))
        held, texts = in_record(store)

    if case != "torn off":  # half a page of HTML can be sound
        assert (facts, items) == ([], [])
        assert {r.status for r in bad} <= {"failed", "deferred"}, bad
    assert all(r.why for r in bad if r.status in ("failed", "deferred"))
    if kind == "rate":
        asked_for = {states[r.feed].retry_after_until for r in bad if r.status == "failed"}
        assert asked_for == {AT + timedelta(minutes=15)}
    if kind == "encoding":
        assert all("unexpected content encoding" in r.why for r in bad)
    assert {r.status for r in good} <= {"new", "unchanged"}, [r.why for r in good]
    for name in (feed.name for feed in feeds):
        told = TOLD[name]
        assert all(any(_same(fact, w) for fact in held) for w in told.expect), name
        assert all(any(_same(item, w) for item in texts) for w in told.items), name


def _same(one: Fact | Item, wanted: Mapping[str, Any]) -> bool:
    """As wanted, an hour later."""
    return agrees(one, {k: v for k, v in wanted.items() if k != "known_at"})


def test_an_unchanged_answer_is_not_read_again(fresh: Fresh) -> None:
    """304 to those that gave a validator; the same bytes to the rest."""
    feeds = stanzas(*BY_YFINANCE, "bis-rules")  # where something is put off, it is read again
    web = world()
    with fresh() as store:
        poll(store, feeds, web, AT)
        n = len(web.asked)
        second = poll(store, feeds, web, AT + timedelta(hours=2))

    assert {r.status for r in second} == {"unchanged"}
    assert {r.headers["Accept-Encoding"] for r in web.asked} == {"gzip, deflate"}
    conditional = [r for r in web.asked[n:] if "If-None-Match" in r.headers]
    assert len(conditional) > 20


def test_the_runner_sees_what_is_wrong() -> None:
    """A value or a time that differs is no agreement, so that the tests above can fail."""
    at = datetime(2026, 11, 24, tzinfo=UTC)
    fact = Fact(kind="k", key="a", occurred_at=at, known_at=at, source="s", payload={"value": 1})
    sound = {"kind": "k", "known_at": "2026-11-24T00:00:00+00:00", "payload": {"value": 1}}

    assert agrees(fact, sound)
    assert not agrees(fact, {**sound, "payload": {"value": 2}})
    assert not agrees(fact, {**sound, "known_at": "2026-11-24T00:00:01+00:00"})


def test_a_recording_says_when(asked: Asked) -> None:
    """Every fact that was not back-filled is known at the round that brought it."""
    at = max(told.at for told in TOLD.values())

    assert {f.known_at for f in asked.facts if not f.backfilled} == {at}
    assert isinstance(next(iter(TOLD.values())), Recording)
