"""The short form of the grid of kills; ``make soak`` runs it whole."""

from __future__ import annotations

from tests.service.outbox_grid import UNKNOWABLE, grid


def test_a_kill_at_a_marked_point_loses_nothing_and_repeats_where_nobody_can_know() -> None:
    points = ("offer noted", "text on its way", "answer heard", "answer noted")

    found = list(grid(1, servers=("busy at the door",), points=points))

    assert [t for t in found if t.fault] == []
    assert [t.point for t in found if not t.killed] == []
    assert {t.point for t in found if t.repeated} == UNKNOWABLE
