"""The frozen series of readings: see ``tests.engine.news.frozen`` for what it can say."""

from __future__ import annotations

from tests.engine.news import frozen

RENEW = "if this is wanted: python -m tests.engine.news.frozen --renew"


def test_headlines_are_read_as_before() -> None:
    """Words, senses, moods, steps, stages and actors, by rule alone."""
    moved = []
    for headline, before in frozen.kept().items():
        now = frozen.told(headline)
        moved += [
            f"{headline[:50]}: {name} {now[name]!r}, was {before.get(name)!r}"
            for name in now
            if now[name] != before.get(name)
        ]
    assert not moved, f"{len(moved)} readings moved, among them {moved[:4]}; {RENEW}"


def test_the_series_holds_something_of_everything() -> None:
    """What is empty could not trip."""
    kept = frozen.kept().values()

    assert len(kept) >= 150
    assert {told["language"] for told in kept} >= {"en", "fr", "zh"}
    assert len({told["mood"][0] for told in kept}) >= 5
    assert sum(bool(told["steps"]) for told in kept) >= 20
    assert sum(told["budget"] for told in kept) >= 5
    turned = {span[3] for told in kept for span in told["spans"]}
    assert turned >= {"", "negated", "removed", "background"}
    assert {s for told in kept for s in told["stages"].values()} >= {"rumour", "effective"}
