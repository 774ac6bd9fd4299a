"""In which mood a headline speaks: only what happened, or is said to be about to, weighs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.news import mood
from engine.news.reading import column_of, read
from engine.values import Mood
from tests.engine.news.lines import line


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """Every test looks its columns up itself."""
    mood._codes.cache_clear()


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


# --- on lines made by hand: where each word must stand, and what stands above it ------------------


def heard(text: str, *, measures: bool = True, also: str = "") -> tuple[Mood, str]:
    found = mood.told(line(text, also=also), measures=measures)
    return found.mood, found.cue


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("us=us_gov bars=restrict chips", (Mood.FACT, "")),
        # a correction stands above the past, the past above comment, comment above denial ...
        ("a=mood_denial b=mood_comment c=mood_past d=mood_correction", (Mood.CORRECTION, "d")),
        ("a=mood_denial b=mood_comment c=mood_past", (Mood.PAST, "c")),
        ("a=mood_denial b=mood_comment", (Mood.COMMENT, "b")),
        ("a=mood_proposal curbs=restrict b=mood_denial", (Mood.DENIAL, "b")),
        ("a=mood_proposal curbs=restrict b=consider", (Mood.PROPOSAL, "a")),
        ("a=mood_reaction curbs=restrict b=consider", (Mood.COMMENT, "a")),
        ("a=consider curbs=restrict", (Mood.RUMOUR, "a")),
        # the first place of a cue, and all its words
        ("a b_c=mood_past d_e=mood_past", (Mood.PAST, "b c")),
        # an opener counts at the very start alone
        ("why=mood_opener us=us_gov bars", (Mood.COMMENT, "why")),
        ("a why=mood_opener", (Mood.FACT, "")),
        # a question ends the headline, whatever closes it
        ("bars chips?", (Mood.COMMENT, "?")),
        ("bars? chips", (Mood.FACT, "")),
        # a proposal stands above a reaction, a reaction above talk, talk above an echo
        ("a=mood_reaction b=mood_proposal curbs=restrict", (Mood.PROPOSAL, "b")),
        ("b=congress curbs=restrict", (Mood.PROPOSAL, "b")),
        ("b=analyst curbs=restrict", (Mood.COMMENT, "b")),
        ("b=opinion curbs=restrict", (Mood.COMMENT, "b")),
        # nothing of this without a measure
        ("a=mood_reaction b=mood_proposal c=analyst", (Mood.FACT, "")),
        ("a=mood_proposal x=rule", (Mood.PROPOSAL, "a")),
        ("a=mood_proposal x=licence", (Mood.PROPOSAL, "a")),
        ("a=mood_proposal x=entity_list", (Mood.PROPOSAL, "a")),
        ("a=mood_proposal x=diffusion", (Mood.PROPOSAL, "a")),
        ("a=mood_proposal x=shun", (Mood.PROPOSAL, "a")),
        ("a=mood_proposal x=relax", (Mood.PROPOSAL, "a")),
        ("a=mood_proposal x=tariff", (Mood.FACT, "")),
    ],
)
def test_one_mood_stands_above_another(text: str, expected: tuple[Mood, str]) -> None:
    assert heard(text) == expected


def test_a_budget_is_asked_for_no_measure() -> None:
    """Measures are, unless the caller says that this is about a budget."""
    text = "halts=restrict leases b=analyst"
    assert heard(text) == (Mood.COMMENT, "b")
    assert heard(text, measures=False) == (Mood.FACT, "")


@pytest.mark.parametrize(
    ("text", "also", "open_"),
    [
        ("a=mood_proposal curbs=restrict", "", True),
        ("a=mood_proposal curbs=restrict b=mood_enacted", "", False),
        ("a=mood_proposal curbs=restrict b=probe", "", False),
        ("a=mood_proposal curbs=restrict b=probe/removed", "", False),
        ("a=mood_proposal curbs=restrict", "first_us", False),  # who decides asks for it
        ("a=mood_proposal curbs=restrict", "first_china", False),
        ("a=mood_proposal curbs=restrict", "first_nvidia", True),
        ("a=mood_proposal curbs=restrict b=congress", "first_us", True),  # Congress decides alone
    ],
)
def test_a_proposal_is_open_and_of_others_than_those_who_decide(
    text: str, also: str, open_: bool
) -> None:
    assert (heard(text, also=also)[0] is Mood.PROPOSAL) is open_


@pytest.mark.parametrize(
    ("text", "also", "talks"),
    [
        *(("x says=mood_talk bars=restrict", f"first_{who}", True)
          for who in ("nvidia", "us_lab", "rival", "hyper")),
        *(("x says=mood_talk bars=restrict", f"first_{who}", False)
          for who in ("us", "china", "cn_lab", "cn_chip")),
        ("x bars=restrict", "first_nvidia", False),
        ("x says=mood_talk told=mood_act bars=restrict", "first_nvidia", False),  # done to it
        ("x said=mood_talk to bars=restrict", "first_nvidia", False),  # "said to win"
        ("x said=mood_talk bars=restrict to", "first_nvidia", True),
        ("x bars=restrict us=us_gov says=mood_talk", "first_nvidia", False),  # a government says it
        *((f"x bars=restrict us={who} says=mood_talk", "first_nvidia", False)
          for who in ("cn_gov", "other_gov", "regulator", "customs")),
        ("x bars=restrict us=stock says=mood_talk", "first_nvidia", True),
        ("x us=us_gov bars=restrict says=mood_talk", "first_nvidia", True),  # not right before it
        ("x tells=mood_talk firms to stop bars=restrict", "first_nvidia", False),  # an order
        ("x tells=mood_talk a b c d e f to bars=restrict", "first_nvidia", False),  # seven words
        ("x tells=mood_talk a b c d e f g to bars=restrict", "first_nvidia", True),
        ("to x tells=mood_talk bars=restrict", "first_nvidia", True),  # before it
        ("x demande=mood_talk a b de bars=restrict", "first_nvidia", False),
        ("x demande=mood_talk a b c d e f de bars=restrict", "first_nvidia", False),
        ("x demande=mood_talk a b c d e f g de bars=restrict", "first_nvidia", True),
        ("de x demande=mood_talk bars=restrict", "first_nvidia", True),
        ("x says=mood_talk firms to stop bars=restrict", "first_nvidia", True),  # no order
        ("x demande=mood_talk de bars=restrict", "first_nvidia", False),  # the next word
        ("x says=mood_talk tells to bars=restrict", "first_nvidia", False),
        ("x to tells=mood_talk bars=restrict", "first_nvidia", True),  # the word before
        ("x de demande=mood_talk bars=restrict", "first_nvidia", True),
    ],
)  # fmt: skip
def test_a_company_talks_of_measures_and_does_nothing(text: str, also: str, talks: bool) -> None:
    assert (heard(text, also=also)[0] is Mood.COMMENT) is talks


@pytest.mark.parametrize(
    ("text", "also", "reacts"),
    [
        ("x hails=mood_reaction curbs=restrict", "", True),
        ("over=background fears=mood_reaction bars=restrict", "", False),  # a reason
        ("x slams=mood_reaction door on bars=restrict", "", False),
        ("x slams=mood_reaction the door bars=restrict", "", False),  # the second word behind
        ("x slams=mood_reaction on the door bars=restrict", "", True),
        ("door slams=mood_reaction bars=restrict", "", True),  # before it
        ("x hits=mood_reaction brakes bars=restrict", "", False),
        # Nvidia accused of something; whoever accuses Nvidia
        ("x accused=mood_reaction of bars=restrict", "first_nvidia", False),
        ("x accused=mood_reaction by bars=restrict", "first_nvidia", False),
        ("x accused=mood_reaction of bars=restrict", "first_us", True),
        ("x accused=mood_reaction bars=restrict of", "first_nvidia", True),
        ("x accuses=mood_reaction nvidia=nvidia bars=restrict", "", False),
        ("x accuses=mood_reaction the nvidia=nvidia bars=restrict", "", True),
        ("x hails=mood_reaction nvidia=nvidia bars=restrict", "", True),  # no accusation
        ("x hails=mood_reaction of bars=restrict", "first_nvidia", True),
        ("nvidia=nvidia accuses=mood_reaction bars=restrict", "", True),
    ],
)
def test_a_word_of_reaction_may_be_a_reason_a_step_or_a_charge(
    text: str, also: str, reacts: bool
) -> None:
    assert (heard(text, also=also)[0] is Mood.COMMENT) is reacts


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("x falls after=background curbs=restrict", "curbs"),
        ("x falls after=background bars=restrict", None),  # a verb tells the step itself
        ("curbs=restrict weigh", None),  # not behind
        ("x curbs=restrict+background", None),  # nor behind itself
        ("x falls after=background curbs=restrict/removed", None),
        ("x falls after=background curbs=restrict/negated", None),
        ("x falls after=background curbs=restrict/kept", None),
        ("x falls after=background curbs=restrict/background", None),  # the main clause tells
        ("x falls after=background curbs=restrict ban=shun", "curbs"),  # the first named
        ("x ban=shun falls after=background curbs=restrict", None),
        ("x falls after=background curbs=rule", None),  # a rule is no step of policy
        ("x falls after=background ai_curbs=restrict", None),  # its first word is no noun of those
    ],
)
def test_a_measure_that_is_only_named_is_an_echo(text: str, named: str | None) -> None:
    made = line(text)
    assert mood._echo(made, mood._codes()) == named
    assert (mood.told(made).mood is Mood.COMMENT) is (named is not None)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("x falls after=background curbs=restrict", "curbs"),  # a noun behind *after*
        ("x falls after=background bars=restrict", None),  # a verb there
        ("x falls amid=background bars=restrict", "bars"),  # anything behind *amid*
        ("x falls amidst=background bars=restrict", "bars"),
        ("x falls despite=background bars=restrict", "bars"),
        ("x falls malgre=background bars=restrict", "bars"),
        ("bars=restrict amid=background x", None),
        ("x amid=background+restrict", None),  # not behind itself
        ("x curbs=restrict+background", None),
        ("x after=background ai_curbs=restrict", "ai curbs"),  # its last word is a noun
        ("x after=background curbs_ai=restrict", None),
        ("x amid=background bars=probe", "bars"),  # an enquiry too
        ("x amid=background bars=rule", "bars"),
        ("x amid=background bars=chip", None),  # nothing is named
        ("x amid=background a=rule b=probe", "a"),
        ("b=probe x amid=background a=rule", None),  # each of them
        # what a headline opens with
        ("with a=probe, x hardens", "a"),
        ("avec a=probe, x hardens", "a"),
        ("as a=probe, x hardens", None),
        ("with b, x opens a=probe", None),
        ("with b a=probe x", None),
        ("with a_b=probe, x", "a b"),
    ],
)
def test_a_measure_is_only_named_where_it_is_known_already(text: str, named: str | None) -> None:
    assert mood.only_named(line(text)) == named


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("us may=consider bar", "may"),
        ("in may=consider us bars", None),
        ("us bars may=consider 15", None),
        ("us bars may=consider 15th", None),
        ("us bars in may=consider", None),
        ("may=consider us", "may"),
        ("may=consider 15", None),
        ("in could=consider us", "could"),  # no month
        ("could=consider 15", "could"),
        ("in may=consider us could=consider bar", "could"),  # the next word of doubt
        ("open_sources=launch us", None),
        ("a_b=consider c", "a b"),
    ],
)
def test_a_word_of_doubt_is_no_month(text: str, doubt: str | None) -> None:
    assert mood.hedge(line(text)) == doubt


@pytest.mark.parametrize(
    ("hits", "doubt"),
    [
        (((0, 2, "launch"), (1, 2, "consider")), None),  # a part of a longer word
        (((1, 3, "launch"), (1, 2, "consider")), None),
        (((1, 2, "launch"), (1, 2, "consider")), "b"),  # as long as it
        (((1, 2, "consider"), (2, 3, "launch")), "b"),
        (((0, 1, "launch"), (1, 2, "consider")), "b"),
        (((0, 2, "consider"), (1, 2, "consider")), "a b"),
    ],
)
def test_a_word_of_doubt_stands_by_itself(hits: Any, doubt: str | None) -> None:
    """The sources of "open-sources" doubt nothing."""
    at = column_of()
    made = replace(line("a b c"), hits=tuple((a, b, at[code]) for a, b, code in hits))
    assert mood.hedge(made) == doubt


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("In 2022, US bars chips", "In 2022"), ("En 1929 rien", "En 1929"),
        ("Back in 2019 chips sold", "Back in 2019"), ("Depuis 2022 rien", "Depuis 2022"),
        ("Chips of 2022: a list", "of 2022:"), ("Best of 2021, so far", "of 2021,"),
        ("To spend so much in 2025", None), ("In 2030, US bars", None), ("In 1899 US", None),
        ("In 20225 chips", None),
    ],
)  # fmt: skip
def test_a_year_is_past_at_the_start_or_before_a_colon(text: str, cue: str | None) -> None:
    assert mood._year(text) == cue


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("US bars chips?", "?"), ("US bars chips? \"", "? \""), ("US bars？", "？"),
        ("US? bars", None),
        ("ANALYSIS-US bars", "ANALYSIS-"), (" Opinion: x", "Opinion:"), ("Analysis of x", None),
        ("FACTBOX — x", "FACTBOX —"), ("x ANALYSIS-", None),
        ("3 stocks to buy", "3 stocks"), ("The top 10 new best cheap AI chip stocks", None),
        ("Top 10 AI chip names", "Top 10 AI chip names"), ("100 stocks", None),
        ("12 reasons", "12 reasons"), ("We like 3 stocks", None),
        ("5 one two three four stocks", "5 one two three four stocks"),
        ("5 one two three four five stocks", None),
    ],
)  # fmt: skip
def test_questions_marks_of_wires_and_lists_are_comment(text: str, cue: str | None) -> None:
    """Four words between a figure and its stocks."""
    assert mood._comments(text) == cue


def test_a_fact_or_rumour_weighs_and_a_cue_is_empty_unless_told() -> None:
    assert mood.MoodReading(mood=Mood.FACT) == mood.MoodReading(mood=Mood.FACT, cue="")
    assert [m for m in Mood if mood.MoodReading(mood=m).weighs] == [Mood.FACT, Mood.RUMOUR]
