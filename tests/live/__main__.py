"""``make live``: every shipped source asked once over the real internet, as a table.

Keeps nothing. Ends with 0 whatever the sources say: it is read by a person. Stanzas that are off
are asked with ``--all`` only.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from feeds.base import FeedConfig, fetch_settings, load_feeds
from feeds.collect import FeedResult, MemorySink, collect
from feeds.fetch import Fetcher

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "feeds.toml"
_UNREACHABLE = ("no address", "not resolved", "connection", "took too long", "no connection",
                "no answer", "unreachable", "connect", "could not resolve")  # fmt: skip
NOBODY = ("No source can be reached from here: is this machine online, and behind a proxy is "
          "HTTPS_PROXY set?")  # fmt: skip
_MENDS = (
    ("asks every client for a contact", "run it with CONTACT=you@example.org"),
    ("the proxy answered 407", "HTTPS_PROXY needs user:password@"),
    ("the proxy answered", "the proxy does not let it through: ask who runs it"),
    ("_proxy", "correct that variable, or unset it to connect directly"),
    ("holds no key", "set the variable that key_env names"),
    ("answered 404", "the address has moved: look for the feed on the site, change url"),
    ("answered 410", "the feed is gone: remove the stanza or give it a new url"),
    ("answered 403", "the source refuses this client: another address of it, or its fallback"),
    ("answered 406", "the source refuses this client: another address of it, or its fallback"),
    ("answered 429", "asked too often from here: again in an hour, or a longer cadence_minutes"),
    ("web page", "a page came, no feed: open url in a browser and look for its feed"),
    ("redesigned", "the page has another shape: its collector needs work"),
    ("no such organisation", "the organisation was renamed: change author in url, and org"),
)


def outcome(result: FeedResult) -> tuple[str, str]:
    """(word, how to mend it) of one answer."""
    if result.status in ("new", "unchanged"):
        return (
            ("undated", "its entries have no date: it moves nothing")
            if (result.state == "undated")
            else (f"{result.new} new", "")
        )
    why = result.why.lower()
    mend = next((text for part, text in _MENDS if part in why), "")
    if not mend and any(part in why for part in _UNREACHABLE):
        return "unreachable", "no way there from here: is this machine online?"
    return result.status, mend or "see why, then url and options of its stanza"


def table(feeds: Iterable[FeedConfig], results: Sequence[FeedResult]) -> str:
    """One line a source, worst first, each with what to do and who tells the nearest thing.

    Where nobody can be reached that is said once, and each source has one line.
    """
    by_name = {feed.name: feed for feed in feeds}
    outcomes = {result.feed: outcome(result) for result in results}
    cut_off = bool(results) and all(
        word in ("unreachable", "deferred") or "CONTACT" in mend for word, mend in outcomes.values()
    )
    lines = [NOBODY, ""] if cut_off else []
    for result in sorted(results, key=lambda r: (r.status in ("new", "unchanged"), r.feed)):
        word, mend = outcomes[result.feed]
        feed = by_name[result.feed]
        lines.append(f"{result.feed:<30} tier {feed.tier}  {word:<12} {result.seconds:5.1f} s")
        if cut_off and word in ("unreachable", "deferred"):
            continue
        said = result.why or "; ".join(result.problems[:1])
        lines += [f"    {said[:110]}"] if said else []
        lines += [f"    mend: {mend}"] if mend else []
        if mend and feed.fallback:
            lines.append(f"    meanwhile: {feed.fallback}")
    n_ok = sum(result.status in ("new", "unchanged") for result in results)
    return "\n".join([*lines, "", f"{n_ok} of {len(results)} sources answered."])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.live", description=__doc__)
    parser.add_argument("--contact", default="", help="mail address that the SEC and the Fed want")
    parser.add_argument("--all", action="store_true", help="also those that are off")
    told = parser.parse_args(arguments)
    config = load_feeds(SHIPPED)
    feeds = [f.model_copy(update={"enabled": f.enabled or told.all}) for f in config.feeds]
    settings = fetch_settings(config, version="live", contact=told.contact, environment=os.environ)
    with Fetcher(settings) as fetcher:
        summary = collect(feeds, fetcher, MemorySink(), datetime.now(UTC))
    sys.stdout.write(table(feeds, summary.results) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
