"""Beside the chances: what they have proved, and what a synthetic option chain prices."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from engine.cli.commands.report import EXPLAINED
from engine.decision.options import FallChance, OptionOutlook
from engine.report.render import render
from engine.report.section import sections
from engine.report.sections.risk import Beside, Risk
from engine.report.sections.stress import Stress
from engine.report.sections.why import Why
from engine.values import FallSkill
from tests.engine.report.sample_report import sample_report

SYNTHETIC_CHAIN = OptionOutlook(
    symbol="NVDA",
    expires_on=date(2025, 9, 19),
    quoted_at=datetime(2025, 8, 22, 19, 45, tzinfo=UTC),
    expected_move_pct=7.3,
    falls=(
        FallChance(fall_pct=5.0, chance=0.31, low=0.28, high=0.35),
        FallChance(fall_pct=10.0, chance=0.17, low=0.14, high=0.2),
        FallChance(fall_pct=20.0, chance=None, low=0.0, high=0.1),
    ),
    put_cost_pct=1.35,
    collar_cost_pct=None,
)


def skill(low: float, high: float) -> FallSkill:
    return FallSkill(fall_pct=10.0, skill=(low + high) / 2, low=low, high=high, scored=700)


def told(beside: Beside, form: str = "text", lang: str = "en") -> str:
    report = sample_report()
    parts = {**report.parts, "risk": beside}
    text = render(replace(report, parts=parts), form, lang=lang, listed=[Risk()])
    return " ".join(text.split()) if form == "text" else text


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-0.02, 0.04, "hardly better than the base rate"),
        (0.01, 0.04, "better than the base rate"),
        (-0.04, -0.01, "worse than the base rate"),
        (0.0, 0.04, "hardly better than the base rate"),
    ],
)
def test_the_sentence_follows_the_interval(low: float, high: float, words: str) -> None:
    """Zero inside it is no skill; either side of it says which."""
    said = told(Beside(skill=skill(low, high), options=()))
    assert words in said
    assert sum(w in said for w in ("hardly more", "better than", "worse than")) == 1
    assert "base rate" not in told(Beside(skill=None, options=()))


@pytest.mark.parametrize(("lang", "title"), [("en", "As options price it"), ("fr", "options")])
def test_the_priced_chance_stands_beside_ours_where_a_chain_is_on_record(
    lang: str, title: str
) -> None:
    """Chance, expected move, cost of insurance; nothing of them without a chain."""
    with_chain = told(Beside(skill=None, options=(SYNTHETIC_CHAIN,)), lang=lang)
    assert title in with_chain
    for figure in (
        "31",
        "17",
        "7.3" if lang == "en" else "7,3",
        "1.35" if lang == "en" else "1,35",
    ):
        assert figure in with_chain, figure
    assert title not in told(Beside(skill=None, options=()), lang=lang)


def test_the_investor_is_told_to_enter_his_tax() -> None:
    """While none is counted; not once a rate is given, nor without words on risk."""
    report = sample_report()
    risk = report.decision.risk
    assert risk is not None
    for rate, said in ((0.0, True), (30.0, False), (None, False)):
        decision = replace(report.decision, risk=replace(risk, tax_rate_pct=rate))
        text = render(replace(report, decision=decision), "text", listed=[Risk()])
        assert ("yours to enter" in " ".join(text.split())) == said


def test_json_carries_both() -> None:
    """Under stable keys."""
    data = json.loads(told(Beside(skill=skill(-0.1, 0.1), options=(SYNTHETIC_CHAIN,)), "json"))
    assert data["fall_skill"]["scored"] == 700
    assert data["options"][0]["falls"][1]["chance"] == 0.17


@pytest.mark.parametrize("form", ["text", "html", "md"])
def test_the_three_parts_stand_in_order(form: str) -> None:
    """Verdict, risk, evidence: what the words allow and the falls' chances before any reason."""
    said = " ".join(render(sample_report(), form).split())
    places = [
        said.index(words)
        for words in (
            "What would make it SELL",
            "Your words",
            "weight of the forecast",
            "weight 30% ×",
        )
    ]
    assert places == sorted(places)


def test_explain_tells_its_parts_in_the_order_of_the_report() -> None:
    """In the order of the report, and nothing else."""
    told = [section.name for section in sections() if section.name in EXPLAINED]
    assert told == ["decision", "view", "risk", "why"] == list(EXPLAINED)


def test_scenarios_say_what_would_undo_a_sale_that_stands() -> None:
    """Where it says SELL already, "0 would make it SELL" says nothing."""
    report = sample_report()
    rows = tuple(replace(row, before="SELL", after="SELL") for row in report.parts["stress"])
    one_back = (replace(rows[0], after="HOLD"), *rows[1:])
    parts = {**report.parts, "stress": one_back}
    text = " ".join(render(replace(report, parts=parts), "text", listed=[Stress()]).split())
    assert f"SELL already: of {len(rows)} scenarios laid over that morning, 1 would undo it" in text


def test_what_is_not_observed_is_said_once() -> None:
    """By its line of the working; no reason repeats it."""
    report = sample_report()
    contributions = tuple(
        replace(c, value=None, contribution=0.0) for c in report.decision.contributions
    )
    score = sum(c.contribution for c in contributions)
    decision = replace(report.decision, contributions=contributions, score=score)
    text = " ".join(render(replace(report, decision=decision), "text", listed=[Why()]).split())
    assert text.count("not observed; up to") == len(contributions)
    assert "·" not in text
