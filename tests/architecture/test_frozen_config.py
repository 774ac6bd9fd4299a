"""A trip-wire under the configuration: kind, bounds and default of every key."""

from __future__ import annotations

from tests.config.keys import FROZEN, lines


def test_every_key_keeps_its_kind_its_bounds_and_its_default() -> None:
    """An investor's file rests on each line. Renew on purpose, as ``keys`` says; a new
    key is in the list from the next renewal on."""
    frozen = FROZEN.read_text(encoding="utf-8").splitlines()

    assert sorted(set(frozen) - set(lines())) == []
    assert len(frozen) > 300
