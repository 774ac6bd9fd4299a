"""Whoever extends nvsignal starts from an example in a docstring: each of the six runs as it is."""

from __future__ import annotations

import doctest
import importlib

import pytest

POINTS = {
    "feed": "feeds.base",
    "strategy": "strategies.base",
    "event type": "engine.news.taxonomy",
    "chip": "engine.threat.chips",
    "section": "engine.report.section",
    "scenario": "config.scenario",
}


@pytest.mark.parametrize("point", POINTS)
def test_the_example_of_an_extension_point_runs(point: str) -> None:
    module = importlib.import_module(POINTS[point])
    assert "To see it" in (module.__doc__ or "")

    ran = doctest.testmod(module)

    assert ran.attempted > 1
    assert ran.failed == 0
