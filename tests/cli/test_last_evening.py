"""``report --as-of last``: newer prices are asked for only where there could be any."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from engine.cli.commands import report as command
from engine.report.i18n import voice
from engine.service import morning, wiring
from engine.service.morning import Morning
from tests.engine.report.sample_report import sample_report


@pytest.mark.parametrize(("days", "asked"), [(0, False), (30, True)])
def test_a_report_that_decides_for_today_asks_for_no_newer_price(
    days: int, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a Sunday with Friday's prices nothing newer exists; a month later it does."""
    report = sample_report()
    report = replace(report, present_on=report.decision.acts_on + timedelta(days=days))
    loaded: Any = SimpleNamespace(holding=None)
    monkeypatch.setattr("engine.service.bind.load", lambda *_: loaded)
    monkeypatch.setattr(wiring, "open_record", lambda *_: nullcontext())
    monkeypatch.setattr(wiring, "instant_at", lambda *_: report.as_of)
    made = Morning(report=report, assessment=SimpleNamespace())  # type: ignore[arg-type]
    monkeypatch.setattr(morning, "prepare", lambda *_args, **_given: made)

    told = command._morning("last", None, None, None, voice=voice("en"), offline=True)

    said = [text for text in told.report.notices if "the last evening with prices" in text]
    assert bool(said) is asked
    assert told.report.notices[len(said) :] == report.notices
