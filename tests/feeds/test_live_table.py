"""``make live``: what a person reads of each answer."""

from __future__ import annotations

import pytest

from engine.shown import FeedState
from feeds.base import FeedConfig
from feeds.collect import FeedResult
from tests.live.__main__ import NOBODY, outcome, table


@pytest.mark.parametrize(
    ("why", "word", "mend"),
    [
        ("x.org: name not resolved (-2)", "unreachable", "online"),
        ("x.org answered 404", "failed", "moved"),
        ("x.org answered 429", "failed", "an hour"),
        ("a web page came instead of a feed", "failed", "browser"),
        ("something new", "failed", "url and options"),
    ],
)
def test_a_failure_says_how_to_mend_it(why: str, word: str, mend: str) -> None:
    """By its own words; what nobody foresaw points to the stanza."""
    got = outcome(FeedResult(feed="x", status="failed", state=FeedState.ERROR, why=why))

    assert got[0] == word
    assert mend in got[1]


def test_the_table_begins_with_what_failed_and_names_the_fallback() -> None:
    """And counts what answered."""
    feeds = [FeedConfig(name=n, kind="a:B", fallback=f) for n, f in (("good", ""), ("bad", "good"))]
    good = FeedResult(feed="good", status="new", state=FeedState.OK, new=3)
    bad = FeedResult(feed="bad", status="failed", state=FeedState.ERROR, why="x answered 404")
    text = table(feeds, [good, bad])

    assert text.index("bad") < text.index("good   ")
    assert "meanwhile: good" in text
    assert text.endswith("1 of 2 sources answered.")


def test_a_machine_that_is_cut_off_is_told_so_once() -> None:
    """One line a source then; one that fails for a reason of its own brings the lines back."""
    feeds = [FeedConfig(name=n, kind="a:B") for n in ("a", "b", "sec")]
    away = [
        FeedResult(feed=n, status="failed", state=FeedState.ERROR, why=f"{n}: name not resolved")
        for n in ("a", "b")
    ]
    mute = FeedResult(feed="sec", status="failed", state=FeedState.ERROR,
                      why="this source asks every client for a contact address")  # fmt: skip
    told = table(feeds, [*away, mute])

    assert told.startswith(NOBODY)
    assert told.count("online") == 1
    assert "CONTACT=" in told
    assert len(told.splitlines()) == 2 + 2 + 3 + 2
    gone = FeedResult(feed="sec", status="failed", state=FeedState.ERROR, why="x answered 404")
    assert NOBODY not in table(feeds, [*away, gone])
