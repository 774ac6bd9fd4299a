"""In which mood a headline speaks: only what happened, or is said to be about to, weighs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.news import mood
from engine.news.reading import read
from engine.values import Mood


@pytest.mark.parametrize(
    ("headline", "expected"),
    [
        ("US bans Nvidia H20 exports to China", Mood.FACT),
        ("UPDATE 2-China bans purchases of Nvidia chips", Mood.FACT),
        ("RPT-US bars Nvidia from selling H20 chips to China", Mood.FACT),
        ("WRAPUP 3-US bars Nvidia from selling H20 chips to China", Mood.FACT),
        ("Nvidia drops 6% as US bars H20 sales to China", Mood.FACT),
        ("US may ban Nvidia H20 exports, sources say", Mood.RUMOUR),
        ("Huawei reportedly readies AI chip after Trump's export ban", Mood.RUMOUR),
        ("美国拟放宽芯片出口管制", Mood.RUMOUR),
        ("On this day: US banned A100 exports to China in 2022", Mood.PAST),
        ("On this day in 2022: US bars Nvidia from selling A100 chips to China", Mood.PAST),
        ("A year after the H20 ban, Nvidia counts the cost", Mood.PAST),
        ("Il y a un an, Washington interdisait la H20", Mood.PAST),
        ("What if the US bans Nvidia H20 exports to China?", Mood.COMMENT),
        ("Will Trump lift the H20 ban?", Mood.COMMENT),
        ("特朗普会放行H20吗？", Mood.COMMENT),
        ("Opinion: The US should ban Nvidia H20 exports to China", Mood.COMMENT),
        ("ANALYSIS-US export curbs push Chinese labs to Huawei", Mood.COMMENT),
        ("Explainer: how China's chip curbs reached Nvidia", Mood.COMMENT),
        ("Satire: US bans Nvidia, gamers and lawnmowers", Mood.COMMENT),
        ("3 stocks to buy if the US lifts its chip ban", Mood.COMMENT),
        ("Inflation, US-China talks, Nvidia market cap: the day ahead", Mood.COMMENT),
        ("Nvidia 'Welcomes' Trump administration's fresh AI export framework", Mood.COMMENT),
        ("China condemns US ban on Nvidia chips", Mood.COMMENT),
        ("Nvidia ends day lower after US export curbs", Mood.COMMENT),
        ("Senators urge Trump to ban H20 sales", Mood.PROPOSAL),
        ("Lawmakers introduce bill to bar AI chip exports", Mood.PROPOSAL),
        ("White House denies it barred H20 sales to China", Mood.DENIAL),
        ("Nvidia calls report of H20 ban untrue", Mood.DENIAL),
        ("Report of H20 ban is false, Commerce says", Mood.DENIAL),
        ("Pékin dément avoir interdit la H20", Mood.DENIAL),
        ("外交部否认禁止企业购买英伟达芯片", Mood.DENIAL),
        ("RETRACTED: US bans Nvidia H20 exports to China", Mood.CORRECTION),
        ("Reuters withdraws story on H20 sales ban", Mood.CORRECTION),
        ("CORRECTED-DeepSeek says V4 was trained on Nvidia chips, not Ascend", Mood.CORRECTION),
        ("Correction: earlier headline on Nvidia H20 export ban was wrong", Mood.CORRECTION),
        ("Nvidia return to China unclear after supplier retracts announcement", Mood.CORRECTION),
    ],
)
def test_mood_follows_from_the_wording(headline: str, expected: Mood) -> None:
    found = mood.told(read(headline))
    assert found.mood is expected
    assert found.weighs == (expected in {Mood.FACT, Mood.RUMOUR})


def test_the_words_that_decided_stand_in_the_headline() -> None:
    for headline in ("Trump to lift ban?", "White House denies ban", "US may ban H20"):
        cue = mood.told(read(headline)).cue
        assert cue
        assert cue in headline
    assert mood.told(read("US bans H20")).cue == ""


def test_asking_for_an_enquiry_is_one() -> None:
    assert mood.told(read("House committee probes Nvidia chip exports")).weighs


@given(st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_text_has_one_mood_and_its_cue_is_part_of_it(text: str) -> None:
    found = mood.told(read(text))
    assert found.mood in set(Mood)
    assert found.cue in text


def test_the_month_of_may_is_no_doubt() -> None:
    assert mood.told(read("Huawei to ship Ascend 910C in May")).mood is Mood.FACT
    assert mood.told(read("US may bar H20 sales to China")).mood is Mood.RUMOUR


@pytest.mark.parametrize(
    "headline",
    [
        "Nvidia said to win US approval for China chip sales",
        "Curbs on Nvidia's AI chips to be lifted, Commerce Department says",
        "Nvidia accused of breaking China's antitrust law",
        "China accuses Nvidia of breaching antitrust rules",
    ],
)
def test_a_report_a_ministry_and_a_charge_are_no_talk(headline: str) -> None:
    assert mood.told(read(headline)).weighs


def test_a_company_that_speaks_of_measures_and_a_state_that_accuses_another_only_talk() -> None:
    assert not mood.told(read("Nvidia says US chip curbs hurt America")).weighs
    assert not mood.told(read("China accuses US of abusing chip export controls")).weighs
