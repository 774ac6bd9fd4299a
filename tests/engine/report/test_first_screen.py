"""The first screen: verdict, age and main reason in sixty words; the same state in every form."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from engine.report.i18n import voice
from engine.report.page import compose
from engine.report.render import FORMS, render
from engine.report.sections.decision import DecisionSection
from engine.shown import Report
from tests.engine.report.sample_report import sample_report

MOST_WORDS = 60


def at_age(days: int, *, stale: bool = False) -> Report:
    report = sample_report()
    present = report.on + timedelta(days=days)
    return replace(report, present_on=present, stale=stale)


def first_screen(report: Report, lang: str) -> str:
    """Down to the blank line or the first thing that is no part of the verdict."""
    from engine.report.blocks import Page, Part, Verdict
    from engine.report.forms.text import render_text

    page = compose(report, voice(lang), [DecisionSection()])
    head = next(b for b in page.blocks() if isinstance(b, Verdict))
    part = Part(name="decision", title="", blocks=(head,))
    return render_text(Page(lang=lang, title="", code="", parts=(part,), disclaimer=""))


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("days", [0, 1, 425])
@pytest.mark.parametrize("stale", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_the_first_screen_is_read_in_five_seconds(
    lang: str, days: int, stale: bool, known: bool
) -> None:
    """The line of the gauge aside, at most sixty words, whatever the state."""
    report = at_age(days, stale=stale)
    decision = replace(report.decision, known=known)
    lines = first_screen(replace(report, decision=decision), lang).splitlines()
    told = " ".join(line for line in lines if "══" not in line).split()
    words = [word for word in told if any(map(str.isalnum, word))]
    assert 15 < len(words) <= MOST_WORDS, " ".join(words)


def test_what_is_old_says_so_before_its_verdict_in_every_form() -> None:
    """And a report of today says nothing of its age."""
    old, today = at_age(425), at_age(0)
    for form in FORMS:
        text = render(old, form)
        if form == "json":
            told = json.loads(text)
            assert (told["for_today"], told["age_days"]) == (False, 425)
            continue
        if form == "push":
            assert text.startswith("425 days old, no decision for today: NVDA HOLD")
        else:
            said = text.index("Example, 425 days old: no decision for today")
            assert said < text.index("keep "), form
        assert "days old" not in render(today, form)


def test_a_decision_lives_until_its_session_is_over() -> None:
    """Made on Friday evening for Monday: it is today's on Sunday and Monday, not on Tuesday."""
    report = at_age(0)
    acts_on = report.decision.acts_on
    assert report.on < acts_on
    living = [replace(report, present_on=acts_on + timedelta(days=n)).for_today for n in (-1, 0, 1)]
    assert living == [True, True, False]


@pytest.mark.parametrize(("days", "stale"), [(425, False), (0, True)])
def test_what_decides_nothing_today_is_grey(days: int, stale: bool) -> None:
    """Neither the colour of HOLD nor that of SELL."""
    report = at_age(days, stale=stale)
    assert compose(report, voice("en")).code == "PAST"
    assert 'class="decision past"' in render(report, "html")
    assert 'class="decision hold"' in render(at_age(0), "html")


def test_stale_prices_are_aged_in_words() -> None:
    """By the last close, not by the report."""
    report = at_age(3, stale=True)
    assert report.prices_end_on is not None
    days = (report.on + timedelta(days=3) - report.prices_end_on).days
    assert f"STALE, prices {days} days old: no decision for today." in render(report, "text")
    assert "no price is known" in render(replace(report, prices=()), "text")


def test_the_share_to_keep_is_said_once() -> None:
    """Beside the word, and not again."""
    assert first_screen(at_age(0), "en").lower().count("keep ") == 1


def test_that_day_is_not_called_today() -> None:
    """In the table of flips and where it changed."""
    old = at_age(425)
    changed = replace(old, decision=replace(old.decision, changed=True))
    text = render(changed, "text", listed=[DecisionSection()])
    assert "on that day" in text
    assert "today" not in text.replace("no decision for today", "")
    assert "Changed today" in render(
        replace(changed, present_on=date(2025, 8, 23)), "text", listed=[DecisionSection()]
    )


def test_the_main_reason_is_risk_where_risk_sets_the_share() -> None:
    """And the voices of the evidence where it does not."""
    report = at_age(0)
    d = report.decision
    assert d.risk is not None
    risk = replace(d.risk, allowed_share=0.64, held_share=0.64, sells=False)
    bound = replace(d, target_weight=0.64, risk=risk)
    other = replace(d, target_weight=0.5, risk=risk)
    assert "allow 64%" in first_screen(replace(report, decision=bound), "en")
    assert "Main reasons: " in first_screen(replace(report, decision=other), "en")


def told_of(**changed: object) -> str:
    """The decision section of the sample with other fields."""
    report = at_age(0)
    decision = replace(report.decision, **changed)
    text = render(replace(report, decision=decision), "text", listed=[DecisionSection()])
    return " ".join(text.split())


def test_a_part_that_is_kept_is_not_called_hold() -> None:
    """Under REDUCE the verdict that stands is that it is not sold."""
    assert "HOLD since" in told_of()
    reduced = told_of(stance="REDUCE", target_weight=0.5)
    assert "No SELL since" in reduced
    assert "HOLD since" not in reduced


def test_a_score_that_stands_still_names_no_culprit() -> None:
    """Parts that cancel move nothing; one that moves it is named."""
    d = sample_report().decision
    moved = tuple(replace(c, previous=c.contribution - 0.1) for c in d.contributions)
    same = told_of(changed=False, contributions=moved, previous_score=d.score - 0.001)
    risen = told_of(changed=False, contributions=moved, previous_score=d.score - 0.1)
    assert "most of it by" not in same
    assert "score moved +0.10, most of it by" in risen


def test_what_stands_since_last_year_is_no_first_decision() -> None:
    """Also where the session before had nothing to score."""
    d = sample_report().decision
    unseen = {"changed": False, "previous_score": None}
    assert d.since_on < d.acts_on
    assert "Unchanged." in told_of(**unseen)
    assert "First decision" not in told_of(**unseen)
    assert "First decision on record." in told_of(since_on=d.acts_on, **unseen)


def test_the_distance_says_what_sell_asks_for_beyond_the_line() -> None:
    """0.17 from the line by eye and 0.23 in the report is a riddle, unless the chance is said."""
    assert "asks for a chance of 60% of lying below" in told_of(sell_chance=0.6)
    assert "the line is at" in told_of(sell_chance=0.5)
