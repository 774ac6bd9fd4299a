"""A headline about budgets, rules or chips moves something only when somebody takes a step."""

from __future__ import annotations

import pytest

from engine.errors import UnknownNameError
from engine.news import budgets, frames, mood
from engine.news.reading import read
from engine.news.taxonomy import MOVING
from engine.values import Mood


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


@pytest.mark.parametrize(
    ("headline", "event_type", "sense"),
    [
        ("US requires licences for AI chips bound for Thailand", "export_restriction", -1),
        ("BIS adds Inspur units to entity list", "export_restriction", -1),
        ("Nvidia told by Washington to stop selling H20 to China", "export_restriction", -1),
        ("Trump: Blackwell stays home, China will not get it", "export_restriction", -1),
        ("Washington refuses to lift curbs on Nvidia chips", "export_restriction", -1),
        ("US revokes Nvidia's H20 licences", "export_restriction", -1),
        ("Nvidia takes $5.5 billion charge on new H20 licence rule", "export_restriction", -1),
        ("Commerce ends H20 licence requirement", "export_relief", 1),
        ("US freezes chip curbs on China", "export_relief", 1),
        ("Nvidia wins OK to sell B30A in China", "export_relief", 1),
        ("Washington will not tighten curbs on Nvidia chips", "export_relief", 1),
        ("Nvidia tells Amkor, Samsung, Foxconn to stop H20 work", "china_purchase_ban", -1),
        ("Beijing tells banks to avoid Nvidia GPUs", "china_purchase_ban", -1),
        ("Beijing signs off on H200 orders", "china_purchase_ban", 1),
        ("Pékin somme ses géants d'arrêter leurs achats de H20", "china_purchase_ban", -1),
        ("网信办要求字节跳动停止采购英伟达芯片", "china_purchase_ban", -1),
        ("Zhipu trains in Japan on Nvidia instead of Huawei chips", "domestic_chip_adoption", 1),
        ("ByteDance swaps Nvidia for Ascend", "domestic_chip_adoption", -1),
    ],
)
def test_a_step_has_the_sense_of_what_is_done_to_what(
    headline: str, event_type: str, sense: int
) -> None:
    told = read(headline)
    assert {s for _, s in frames.told(told, event_type)} == {sense}
    found = frames.judge(told, event_type, -sense)
    assert found is not None
    assert (found.direction, found.sure) == (sense, True)


@pytest.mark.parametrize(
    ("headline", "event_type", "sense"),
    [
        ("微软资本开支低于预期", "capex_cut", -1),
        ("谷歌资本支出不及预期", "capex_cut", -1),
        ("Meta资本开支高于预期", "capex_increase", 1),
        ("Microsoft cuts capex plan to $60 billion", "capex_cut", -1),
    ],
)
def test_less_than_was_expected_is_less(headline: str, event_type: str, sense: int) -> None:
    found = frames.judge(read(headline), event_type, -sense)
    assert found is not None
    assert (found.direction, found.sure) == (sense, True)


def test_a_budget_that_says_otherwise_than_its_type_is_torn() -> None:
    found = frames.judge(read("亚马逊资本支出不及预期"), "capex_increase", 1)
    assert found is not None
    assert (found.sure, found.torn) == (False, True)


@pytest.mark.parametrize(
    ("headline", "event_type"),
    [
        # a noun is no step
        ("Nvidia chips are another failure of US China sanctions", "export_restriction"),
        ("Nvidia seeks a way around limits on AI exports to China", "export_restriction"),
        ("Large-cap stock picks: Nvidia and US chip firms", "export_restriction"),
        # who wishes, warns or foretells takes none
        ("Huang hopes Washington will allow Blackwell in China", "export_relief"),
        ("Senators press Trump to bar Nvidia's B30A from China", "export_restriction"),
        ("China's AI firms could switch to Huawei, bank says", "domestic_chip_adoption"),
        # who has no power takes none
        ("Samsung profit slows after US-China trade war hits AI spending", "export_restriction"),
        ("Arm China fires CEO but he refuses to leave - NVIDIA", "china_purchase_ban"),
        ("Nvidia probes reports of melting connectors", "regulatory_probe"),
        ("Nvidia questions analysts' view of China demand", "regulatory_probe"),
        ("寒武纪股价涨停，市值超茅台", "domestic_chip_adoption"),
        # another patient, another object, another matter
        ("US bars Nvidia chips from Russia", "export_restriction"),
        ("Nvidia agrees to settle SEC probe over cryptomining", "regulatory_probe"),
        ("RTX 5060 Ti review: Nvidia's card under scrutiny", "regulatory_probe"),
        ("Huawei's 5G Kirin processor challenges Nvidia", "domestic_chip_launch"),
        ("华为Mate 80搭载新麒麟芯片发布", "domestic_chip_launch"),
        ("AMD stock jumps as it announces $6B buyback and AI chip", "competitor_chip"),
        # a purchase is no order of an authority
        ("Nvidia wins $5B order from Alibaba", "china_purchase_ban"),
        ("CoreWeave raises $2.3 billion in debt against Nvidia chips", "capex_increase"),
        # who answers tells what is known
        ("中国商务部回应美国限制芯片出口", "export_restriction"),
    ],
)
def test_what_only_looks_like_a_step_is_none(headline: str, event_type: str) -> None:
    assert not frames.tells(read(headline), event_type)


def test_a_chinese_makers_loss_leaves_the_sense_to_type_and_words() -> None:
    told = read("US to squeeze Huawei's chip supply")
    assert {sense for _, sense in frames.told(told, "export_restriction")} == {0}


def test_a_word_of_frames_that_does_not_exist_is_named() -> None:
    with pytest.raises(UnknownNameError, match="kind of step"):
        frames._frame(
            {"who": "us_gov", "did": "nonsense", "what": "chip"}, {"bars"}, {}, frozenset()
        )


def test_a_charge_of_smuggling_taken_for_a_restriction_is_a_probe() -> None:
    told = read("US charges two men with illegally shipping Nvidia AI chips to China")
    found = frames.judge(told, "export_restriction", -1)
    assert found == frames.ToldStep("regulatory_probe", -1, sure=True)
    soars = read("Nvidia soars on Saudi AI chip deal, closes in on Apple's market cap")
    assert frames.judge(soars, "export_restriction", -1) is None


def test_a_restriction_that_frees_is_a_relief() -> None:
    told = read("US ends H20 licence requirement for Nvidia")
    found = frames.judge(told, "export_restriction", -1)
    assert found == frames.ToldStep("export_relief", 1, sure=True)


@pytest.mark.parametrize(
    ("headline", "mood_told"),
    [
        ("Meta to spend up to $72 billion on AI infrastructure in 2025", Mood.FACT),
        ("In 2022 US barred Nvidia's A100 from China", Mood.PAST),
        ("Nvidia tells suppliers to stop work on H20", Mood.FACT),
        ("Nvidia says curbs on H20 help Huawei", Mood.COMMENT),
    ],
)
def test_a_plan_for_a_year_is_not_past_and_an_order_is_no_talk(
    headline: str, mood_told: Mood
) -> None:
    assert mood.told(read(headline)).mood is mood_told


@pytest.mark.parametrize(
    ("headline", "taken_for", "expected"),
    [
        ("Ban on H20 exports to China lifted", ("export_restriction", -1), ("export_relief", 1)),
        (
            "Curbs on Nvidia's AI chips to be lifted, Commerce Department says",
            ("export_restriction", -1),
            ("export_relief", 1),
        ),
        (
            "US licenses Nvidia to sell H200 in China after CEO meets Trump",
            ("export_restriction", -1),
            ("export_relief", 1),
        ),
        (
            "New curbs on Nvidia chips announced by Commerce Department",
            ("export_restriction", -1),
            ("export_restriction", -1),
        ),
        (
            "Nvidia's RTX Pro 6000D banned by China's internet regulator",
            ("regulatory_probe", -1),
            ("china_purchase_ban", -1),
        ),
        (
            "State Administration for Market Regulation launches investigation into Nvidia",
            ("regulatory_probe", -1),
            ("regulatory_probe", -1),
        ),
        (
            "US seen lifting curbs on Nvidia's H20 chip",
            ("export_relief", 1),
            ("export_relief", 1),
        ),
        (
            "DeepSeek's next model is said to be trained on Huawei chips",
            ("domestic_chip_adoption", -1),
            ("domestic_chip_adoption", -1),
        ),
    ],
)
def test_a_passive_a_report_and_a_nominal_tell_the_step_too(
    headline: str, taken_for: tuple[str, int], expected: tuple[str, int]
) -> None:
    told = frames.judge(read(headline), *taken_for)
    assert told is not None
    assert (told.event_type, told.direction) == expected


def test_steps_of_both_senses_leave_a_headline_torn() -> None:
    told = frames.judge(read("US bars Blackwell and allows H20 sales to China"), "export_relief", 1)
    assert told == frames.ToldStep("export_relief", 1, sure=False, torn=True)


@pytest.mark.parametrize(
    ("headline", "event_type", "sense"),
    [
        ("US weighs easing Nvidia chip curbs on UAE", "export_relief", 1),
        ("MIIT leaves Nvidia chips off approved list", "china_purchase_ban", -1),
    ],
)
def test_a_part_of_a_longer_verb_and_a_pair_with_another_verb_inside_are_no_steps(
    headline: str, event_type: str, sense: int
) -> None:
    assert {s for _, s in frames.told(read(headline), event_type)} <= {sense}


def test_a_matter_of_its_own_silences_its_own_clause_alone() -> None:
    """Who is fired beside a licence does not undo it; a lawsuit over licences is no step."""
    told = read("US licenses Nvidia to sell H200 in China after CEO meets Trump")
    assert frames.tells(told, "export_relief")
    assert not frames.tells(read("Nvidia CEO wins US licence lawsuit over H20"), "export_relief")


@pytest.mark.parametrize(
    ("headline", "event_type", "expected"),
    [
        ("Alibaba to invest $53 billion in AI data centers", "capex_increase", (1, True)),
        ("Microsoft cancels data center leases worth $3 billion", "capex_cut", (-1, True)),
        ("Meta trims capex to $60 billion", "capex_increase", (0, False)),
    ],
)
def test_a_budget_has_the_sign_of_its_verb_where_its_type_agrees(
    headline: str, event_type: str, expected: tuple[int, bool]
) -> None:
    told = frames.judge(read(headline), event_type, 0)
    assert told is not None
    assert (told.direction, told.sure) == expected
