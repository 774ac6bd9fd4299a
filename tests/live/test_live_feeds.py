"""Every shipped source asked once over the real internet; off unless NVSIGNAL_LIVE=1."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feeds.base import fetch_settings, load_feeds
from feeds.collect import MemorySink, collect
from feeds.fetch import Fetcher

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "feeds.toml"
CONTACT = os.environ.get("NVSIGNAL_CONTACT", "")

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        os.environ.get("NVSIGNAL_LIVE") != "1",
        reason="asks the real internet: set NVSIGNAL_LIVE=1 and NVSIGNAL_CONTACT=you@example.org",
    ),
    pytest.mark.filterwarnings("default"),
]


@pytest.mark.parametrize("feed", load_feeds(SHIPPED).feeds, ids=lambda feed: feed.name)
def test_each_source_answers_with_something_dated(feed):
    """One polite poll; a source that needs a contact is skipped without one."""
    if not feed.enabled or (feed.needs_contact and not CONTACT):
        pytest.skip("disabled, or no NVSIGNAL_CONTACT")
    sink = MemorySink()
    with Fetcher(fetch_settings(load_feeds(SHIPPED), version="live", contact=CONTACT)) as fetcher:
        (result,) = collect([feed], fetcher, sink, datetime.now(UTC)).results

    assert result.status == "new" or feed.may_be_empty, result.why
