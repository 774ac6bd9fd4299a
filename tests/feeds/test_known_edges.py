"""Known answers of the readers at edges that a sample of planted faults had found open."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from config.feeds import FeedConfig
from feeds import charsets, rss
from feeds.entries import RawFeed, parse_strict
from feeds.rss import RssCollector

NOW = datetime(2025, 8, 22, 12, 30, tzinfo=UTC)
BODY = b"""<rss version="2.0"><channel><title>T</title><item><title>A story</title>
<link>https://e.org/a</link><pubDate>Thu, 21 Aug 2025 10:00:00 GMT</pubDate></item>
</channel></rss>"""


@pytest.mark.parametrize(("room", "strictly"), [(0, True), (-1, False), (1, True)])
def test_a_document_up_to_the_bound_is_read_here(
    monkeypatch: pytest.MonkeyPatch, room: int, strictly: bool
) -> None:
    """One byte more goes to the worker process."""
    read: list[str] = []

    def strict(body: bytes) -> RawFeed | None:
        read.append("here")
        return parse_strict(body)

    def in_worker(body: bytes, name: str) -> RawFeed:
        read.append("worker")
        found = parse_strict(body)
        assert found is not None
        return found

    collector = RssCollector()
    monkeypatch.setattr(collector, "_fallback", in_worker)
    monkeypatch.setattr(rss, "parse_strict", strict)
    monkeypatch.setattr(rss, "MAX_IN_PROCESS_BYTES", len(BODY) + room)
    feed = FeedConfig(name="f", kind="x:Y", url="https://e.org/rss")
    assert len(collector.parse(BODY, feed, NOW).items) == 1
    assert read == (["here"] if strictly else ["worker"])


def test_only_the_head_of_a_text_tells_its_script() -> None:
    """Accents in the first 64 kB, and runs of another script behind them, or before."""
    accents = b"caf\xe9 " * (charsets._GUESS_BYTES // 5)
    accents = accents.ljust(charsets._GUESS_BYTES)
    runs = "\u043f\u0440\u0438\u0432\u0435\u0442 ".encode("cp1251") * 9_000
    assert not charsets._is_of_another_script(accents)
    assert not charsets._is_of_another_script(accents + runs)
    assert charsets._is_of_another_script(runs)
    assert charsets._is_of_another_script(runs[: charsets._GUESS_BYTES] + b" \xe9" * 90_000)
