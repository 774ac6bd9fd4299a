"""A headline about budgets, rules or chips moves something only when somebody takes a step."""

from __future__ import annotations

import pytest

from engine.news import budgets, frames, mood
from engine.news.mood import Mood
from engine.news.reading import read
from engine.news.taxonomy import MOVING


@pytest.mark.parametrize(
    ("headline", "event_type"),
    [
        ("Meta raises 2025 capex to $72 billion", "capex_increase"),
        ("Nvidia-backed CoreWeave to spend up to $23 billion this year", "capex_increase"),
        ("Oracle to buy $40bn of Nvidia chips for new data centre", "capex_increase"),
        ("Microsoft to invest $80 bln in AI data centers this year", "capex_increase"),
        ("Meta va investir 65 milliards dans l'IA", "capex_increase"),
        ("阿里巴巴提高AI资本开支", "capex_increase"),
        ("Amazon pauses some data center leases, bank says", "capex_cut"),
        ("US bars Nvidia from selling H20 chips to China", "export_restriction"),
        ("China opens antitrust probe into Nvidia", "regulatory_probe"),
        ("French police raid Nvidia offices", "regulatory_probe"),
        ("Nvidia faces criminal investigation", "regulatory_probe"),
        ("Two charged over smuggled RTX 4090 cards", "regulatory_probe"),
        ("China tells firms to stop buying Nvidia chips", "china_purchase_ban"),
        ("Huawei launches Ascend 950 AI chip", "domestic_chip_launch"),
        ("OpenAI designs its own chip with Broadcom", "competitor_chip"),
        ("Nvidia reports record revenue", "nvidia_earnings"),
    ],
)
def test_a_step_has_somebody_who_takes_it(headline: str, event_type: str) -> None:
    assert frames.tells(read(headline), event_type)


@pytest.mark.parametrize(
    ("headline", "event_type"),
    [
        ("Cisco earnings beat as AI orders grow", "capex_increase"),
        ("Magnificent Seven stocks: Nvidia rallies; Meta jumps on earnings", "capex_increase"),
        ("Alphabet just delivered fantastic news for Nvidia shareholders", "capex_increase"),
        ("Nvidia remains a winner as Big Tech increases AI investments", "capex_increase"),
        ("Nvidia teams up with Saudi AI startup Humain", "capex_increase"),
        ("CoreWeave surges past analyst targets", "capex_increase"),
        ("Meta says its numbers show that AI spending is paying off", "capex_increase"),
        ("AI will require $5.2 trillion in investment, McKinsey says", "capex_increase"),
        ("Big Tech's problem is estimates that may be too high", "capex_cut"),
        ("Nvidia CEO sees no evidence of AI chip diversion", "export_restriction"),
        ("China bans Micron chips from key infrastructure", "china_purchase_ban"),
        ("Google faces EU antitrust probe over search", "regulatory_probe"),
        ("AMD stock jumps on AI chip hopes", "competitor_chip"),
        ("Nvidia GeForce RTX 5070 review", "regulatory_probe"),
        ("Nvidia patches security vulnerabilities in its GPU drivers", "regulatory_probe"),
    ],
)
def test_talk_of_others_is_no_step(headline: str, event_type: str) -> None:
    assert not frames.tells(read(headline), event_type)


def test_steps_are_asked_only_of_types_that_move() -> None:
    assert set(frames._book().frames) | budgets.TYPES == MOVING


@pytest.mark.parametrize(
    "headline",
    [
        "Nvidia down, Huawei to ship AI chips amid tightening U.S. curbs",
        "With Nvidia antitrust probe, China hardens its stance",
    ],
)
def test_a_step_behind_amid_or_an_opening_is_known_already(headline: str) -> None:
    assert mood.only_named(read(headline)) is not None


def test_what_stands_behind_an_opening_is_told() -> None:
    told = read("With Huang in town, US bars Nvidia from selling H20 to China")
    assert mood.only_named(told) is None
    assert mood.told(told).mood is Mood.FACT
