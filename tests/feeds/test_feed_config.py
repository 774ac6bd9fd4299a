"""``feeds.toml``: what ships is sound, and a mistake is named with its line."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from engine.errors import ConfigError, FeedError, InputError, UnknownNameError
from feeds.base import (
    FeedConfig,
    fetch_settings,
    find_collector,
    load_feeds,
    option_problems,
    options_of,
)

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "feeds.toml"
GOOD = """\
[hosts."sec.gov"]
per_second = 8
burst = 8

[[feed]]
name = "one"
kind = "feeds.rss:RssCollector"
url = "https://example.com/feed"
cadence_minutes = 30

[[feed]]
name = "two"
kind = "feeds.edgar:EdgarSubmissions"
url = "https://data.sec.gov/x.json"
options = { cik = "0001045810" }
"""


def problems(tmp_path, text: str) -> tuple[str, ...]:
    path = tmp_path / "feeds.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_feeds(path)
    return error.value.problems


def test_what_ships_can_be_loaded_and_built():
    """Every stanza has a collector, a label, terms, and https."""
    config = load_feeds(SHIPPED)

    for feed in config.feeds:
        assert option_problems(feed, find_collector(feed.kind).Options) == []
    for feed in config.feeds:
        assert feed.label
        assert feed.terms
        assert feed.url.startswith("https://") or "symbols" in feed.options or not feed.url
        assert not feed.allow_private


def test_sources_that_ask_for_a_contact_are_marked():
    """The SEC refuses whoever cannot be reached; the Federal Reserve asks for nothing."""
    official = re.compile(r"//[^/]*(sec\.gov|federalreserve\.gov|newyorkfed\.org)/")
    marked = {feed.name: feed.needs_contact for feed in load_feeds(SHIPPED).feeds
              if official.search(feed.url)}  # fmt: skip

    assert len(marked) >= 4
    assert [name for name, marked_so in marked.items() if marked_so] == ["sec-nvda"]


def test_what_robots_txt_disallows_is_off_and_nothing_leans_on_it():
    """Google News disallows /rss for everybody; the stanza says why, and how to switch it on.

    A stanza that is on has a fallback that is on.
    """
    feeds = {feed.name: feed for feed in load_feeds(SHIPPED).feeds}
    queries = [feed for feed in feeds.values() if "news.google.com" in feed.url]

    assert len(queries) == 4
    for feed in queries:
        assert not feed.enabled
        assert "robots.txt" in feed.terms
        assert "enabled = true" in feed.terms
    for feed in feeds.values():
        if feed.enabled and feed.fallback:
            assert feeds[feed.fallback].enabled, feed.name


def test_every_source_says_what_its_silence_costs_and_who_tells_the_nearest():
    """Two have no stand-in: the euro's rate, and what home-grown chips were sold."""
    feeds = load_feeds(SHIPPED).feeds
    alone = {"ecb-euro", "epoch-chip-sales"}

    assert [f.name for f in feeds if f.enabled and not f.when_silent] == []
    assert {f.name for f in feeds if f.enabled and not f.fallback} == alone


def test_a_source_whose_terms_forbid_robots_is_off():
    """NVIDIA's newsroom ships disabled, with the reason in its stanza."""
    (newsroom,) = load_feeds(SHIPPED).named(["nvidia-newsroom"])

    assert not newsroom.enabled
    assert "forbid" in newsroom.terms


def test_a_name_that_does_not_exist_gets_its_nearest():
    """As typed on the command line."""
    with pytest.raises(UnknownNameError, match="did you mean 'fred-dff'"):
        load_feeds(SHIPPED).named(["fred-df"])


def test_fetch_settings_carry_agent_and_limits(tmp_path):
    """The contact is in the User-Agent, the hosts' limits in the settings."""
    path = tmp_path / "feeds.toml"
    path.write_text(GOOD)
    settings = fetch_settings(load_feeds(path), version="1.2", contact="you@example.org")

    assert settings.agent == "nvsignal/1.2 (+you@example.org)"
    assert settings.host_limits["sec.gov"].per_second == 8


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("cadence_minutes = 30", "cadense_minutes = 30",
         "feeds.toml:9: feed 'one': unknown key 'cadense_minutes' "
         "(did you mean 'cadence_minutes'?)"),
        ("cadence_minutes = 30", "cadence_minutes = 0",
         "feeds.toml:9: feed 'one': cadence_minutes = 0 is not a number from 1 to 44640"),
        ("cadence_minutes = 30", "cadence_minutes = true",
         "feeds.toml:9: feed 'one': cadence_minutes = True is not a number from 1 to 44640"),
        ("cadence_minutes = 30", "tier = 9",
         "feeds.toml:9: feed 'one': tier = 9 is not a whole number from 1 to 3"),
        ("https://example.com/feed", "file:///etc/passwd",
         "feeds.toml:8: feed 'one': url = 'file:///etc/passwd' is not an http(s) address"),
        ('"feeds.rss:RssCollector"', '"rss"',
         "feeds.toml:7: feed 'one': kind = 'rss' is not \"module:Class\""),
        ('name = "two"', 'name = "one"', "feeds.toml:11: feed 'one': the name is used twice"),
        ('name = "two"', 'name = "T W O"',
         "feeds.toml:12: feed 'T W O': name = 'T W O' is not lower-case letters, digits, - and _, "
         "at most 64"),
        ('name = "two"\n', "", "feeds.toml:11: feed 2: name is missing"),
        ("per_second = 8", "per_sec = 8",
         "feeds.toml:2: hosts.sec.gov: unknown key 'per_sec' (did you mean 'per_second'?)"),
        ("[[feed]]\nname = \"one\"", "[[feeed]]\nname = \"one\"",
         "feeds.toml:5: unknown key 'feeed' (did you mean 'feed'?)"),
        ('[hosts."sec.gov"]\nper_second = 8\nburst = 8', "hosts = 3",
         "feeds.toml:1: hosts = 3 is not a table"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(old, new, problem, tmp_path):
    """File, line, stanza, value and what is allowed or the nearest name."""
    assert old in GOOD

    assert problem in problems(tmp_path, GOOD.replace(old, new))


def test_all_mistakes_are_said_at_once(tmp_path):
    """One pass over the file, not one mistake a run."""
    text = GOOD.replace("cadence_minutes = 30", "tier = 0\nenabled = 1")

    assert len(problems(tmp_path, text)) == 2


def test_a_missing_file_is_one_line(tmp_path):
    """No traceback for a wrong path."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_feeds(tmp_path / "none.toml")


def test_mutated_files_give_problems_never_tracebacks(tmp_path):
    """Three hundred damaged copies of what ships: loaded, or refused in plain words."""
    original = SHIPPED.read_bytes()[:6_000].rpartition(b"[[feed]]")[0]
    path = tmp_path / "feeds.toml"
    outcomes = set()
    for seed in range(300):
        chance = random.Random(seed)
        body = bytearray(original)
        for _ in range(chance.randrange(1, 6)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        path.write_bytes(bytes(body))
        try:
            load_feeds(path)
            outcomes.add("loaded")
        except ConfigError as error:
            outcomes.add("refused" if error.problems else "silent")

    assert outcomes == {"loaded", "refused"}


@pytest.mark.parametrize("kind", ["feeds.nowhere:X", "feeds.rss:Nothing", "json:dumps", "os:sep"])
def test_a_kind_that_is_no_collector_is_an_input_error(kind):
    """Not found, not there, or not a collector."""
    with pytest.raises(InputError, match=kind.split(":")[0]):
        find_collector(kind)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"must_mach": "nvidia"}, "unknown key 'must_mach' (did you mean 'must_match'?)"),
        ({"must_match": ["nvidia"]}, "must_match is not text"),
        ({"must_match": "(nvidia"}, "is not a pattern"),
        ({"keep_summary": "no"}, "keep_summary = 'no' is not true or false"),
    ],
)
def test_a_wrong_option_is_refused_at_the_poll_too(options, problem):
    """A misspelt option would silently do nothing; a list would become a class of characters."""
    feed = FeedConfig(name="a", kind="feeds.rss:RssCollector", options=options)

    with pytest.raises(FeedError) as error:
        options_of(feed, find_collector(feed.kind).Options)

    assert problem in str(error.value)
