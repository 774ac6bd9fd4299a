"""The frozen series of the threat: see ``tests.engine.threat.frozen`` for what it can say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.threat import frozen

RENEW = "if this is wanted: python -m tests.engine.threat.frozen --renew"


def moved(now: Any, before: Any, at: str) -> list[str]:
    """The places at which two trees of figures differ by more than rounding."""
    if isinstance(now, dict) and isinstance(before, dict):
        gone = sorted(before.keys() - now.keys())  # what is new has not moved
        same = [k for k in before if k in now]
        return [
            *(f"{at}: without {gone}" for _ in gone[:1]),
            *(line for k in same for line in moved(now[k], before[k], f"{at}.{k}")),
        ]
    if isinstance(now, list) and isinstance(before, list) and len(now) == len(before):
        return [
            line
            for i, pair in enumerate(zip(now, before, strict=True))
            for line in moved(*pair, f"{at}[{i}]")
        ]
    numbers = isinstance(now, float) and isinstance(before, float | int)
    same = now == pytest.approx(before, rel=1e-6, abs=1e-9) if numbers else now == before
    return [] if same else [f"{at}: {now!r}, was {before!r}"]


@pytest.mark.parametrize("series", sorted(frozen.SERIES))
def test_the_shipped_record_is_rated_and_costed_as_before(series: str) -> None:
    """To six digits; a change of this is to be wanted, and said."""
    before, now = frozen.kept()[series], dict(frozen.SERIES[series]())
    differs = moved(now, before, series)

    assert not differs, f"{len(differs)} figures moved, among them {differs[:5]}; {RENEW}"


def test_the_series_holds_something_of_everything() -> None:
    """What is empty could not trip."""
    sizes = {name: len(told) for name, told in frozen.kept().items()}

    assert all(size >= 20 for size in sizes.values()), sizes
    kinds = {told["kind"] for told in frozen.kept()["ratings"].values()}
    assert len(kinds) >= 4
    channels = [told["channels"] for told in frozen.kept()["ratings"].values()]
    assert all(any(abs(c[name]) > 0.01 for c in channels) for name in channels[0])


def test_a_moved_figure_is_found_where_it_is() -> None:
    """The comparison can fail."""
    before = {"a": [1.0, {"b": 2.0}], "c": "x"}

    assert moved({"a": [1.0, {"b": 2.0 + 1e-9}], "c": "x"}, before, "at") == []
    assert moved({"a": [1.0, {"b": 2.00001}], "c": "y"}, before, "at") == [
        "at.a[1].b: 2.00001, was 2.0", "at.c: 'y', was 'x'"
    ]  # fmt: skip
    assert moved({"a": [1.0], "c": "x"}, before, "at")
