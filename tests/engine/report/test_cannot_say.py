"""Where nothing can be said, no form prints a chance, a scenario or a share as today's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.decision.scenarios import StressRow
from engine.report.render import FORMS, render
from engine.shown import Report
from tests.engine.report.sample_report import sample_report

WORDED = [form for form in FORMS if form != "json"]


def silent(*, known: bool = True, stale: bool = False, days: int = 0) -> Report:
    """The sample morning with too little seen, or without a current price."""
    report = sample_report()
    return replace(
        report,
        decision=replace(report.decision, known=known, flips=()),
        stale=stale,
        present_on=report.on + timedelta(days=days),
    )


@pytest.mark.parametrize("form", WORDED)
def test_without_current_prices_nothing_is_said_of_the_weeks_ahead(form: str) -> None:
    """Neither a chance nor what being wrong would cost; the share is the last word."""
    told, said = (render(silent(stale=stale), form) for stale in (True, False))
    weeks = ("A fall of 10%", "weight of the forecast", "Chance that it says", "SELL and wrong")
    for words in weeks:
        assert words not in told, words
    assert "last word: keep" in told or form == "push"
    assert "last word" not in said
    assert "A fall of 10%" in said or form in ("push", "mail_html")


@pytest.mark.parametrize(("lang", "words"), [("en", "Too little"), ("fr", "Trop peu")])
def test_what_if_says_that_nothing_can_be_said(lang: str, words: str) -> None:
    """Instead of thirteen lines of HOLD; nor does it claim that nothing would flip it."""
    told, said = (render(silent(known=known), "text", lang=lang) for known in (False, True))
    row = next(iter(sample_report().parts["stress"]))
    assert isinstance(row, StressRow)
    name = {"en": row.scenario, "fr": "Il ne se passe rien"}[lang]
    assert name in said
    assert name not in told
    assert told.count(words) == 2  # scenarios and flips
    assert "No single input" not in told


def test_the_open_is_told_in_the_readers_tense() -> None:
    """Ahead, past, and where no price is known for it."""
    assert "Acts at the open of Monday" in render(silent(), "text")
    assert "Was for the open of Monday" in render(silent(days=9), "text")
    assert "Would be for the open of Monday" in render(silent(stale=True), "text")
