"""One event told by many is one event; opposites and lookalikes stay apart."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from engine.news import reading as readings
from engine.news import rules, stories
from engine.news.classify import Classification
from engine.news.tellings import ToldItem, jaccard, tokens
from engine.values import REPEAT, Direction, Item, Stage

START = datetime(2025, 7, 15, 2, 30, tzinfo=UTC)


def told(
    title: str,
    kind: str,
    *,
    source: str = "reuters",
    hours: float = 0.0,
    sense: Direction | None = None,
    confidence: float = 0.9,
    relevant: bool = True,
    abstained: bool = False,
    stage: Stage = Stage.ANNOUNCED,
    url: str = "",
    published: float | None = None,
) -> ToldItem:
    at = START + timedelta(hours=hours)
    printed = at if published is None else START + timedelta(hours=published)
    item = Item(source=source, title=title, url=url, known_at=at, published_at=printed)
    reading = readings.read(title)
    label = Classification(
        headline=title,
        event_type=kind,
        direction=rules.direction_by_rule(title, kind) if sense is None else sense,
        actor=rules.actor(reading, kind),
        stage=stage,
        confidence=confidence,
        relevant=relevant,
        abstained=abstained,
        reading=reading,
    )
    return ToldItem.of(item, label)


RESUME = "Nvidia to resume H20 sales to China after US assurances"


def test_the_same_event_in_other_words_is_one_event_with_two_voices() -> None:
    events = stories.cluster(
        [
            told(RESUME, "export_relief"),
            told("Washington greenlights H20 exports", "export_relief", source="ft", hours=2),
        ]
    )
    assert [e.n_sources for e in events] == [2]
    assert events[0].known_at == START
    assert events[0].headline == RESUME
    assert len(events[0].item_ids) == 2


def test_reprinted_words_and_one_outlets_updates_are_one_voice() -> None:
    reprint = told(RESUME + " on sales", "export_relief", source="paper", hours=1)
    update = told("Nvidia H20 sales to China to resume, US says", "export_relief", hours=3)
    (event,) = stories.cluster([told(RESUME, "export_relief"), reprint, update])
    assert event.n_sources == 1
    assert len(event.item_ids) == 3


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        ("US to allow H20 sales", "US to ban H20 sales", "export_relief"),
        ("Fed holds rates", "Fed cuts rates", "rates"),
        ("Nvidia reports record revenue", "AMD reports record revenue", "nvidia_earnings"),
        ("US clears H20 for China", "US clears H200 for China", "export_relief"),
        ("Meta lifts capex to $65 bln", "Meta lifts capex to $72 bln", "capex_increase"),
        ("DeepSeek releases R1", "DeepSeek releases V3.1", "model_release"),
        ("Nvidia beats estimates", "Nvidia misses estimates", "nvidia_earnings"),
        ("Huawei launches Ascend 910C", "Huawei launches Ascend 910D", "domestic_chip_launch"),
    ],
)
def test_opposites_and_lookalikes_never_merge(a: str, b: str, kind: str) -> None:
    pair = [told(a, kind, sense=1), told(b, kind, sense=1, source="ft", hours=1)]
    assert len(stories.cluster(pair)) == 2


def test_opposite_directions_never_merge_however_alike() -> None:
    pair = [
        told(RESUME, "export_relief", sense=1),
        told(RESUME + " now", "export_relief", sense=-1),
    ]
    assert len(stories.cluster(pair)) == 2


def test_an_unsure_label_does_not_split_a_story_and_the_vote_decides() -> None:
    """One of three tellings is filed as a product, unsurely: still one relief, of three owners."""
    (event,) = stories.cluster(
        [
            told(RESUME, "nvidia_product", confidence=0.5),
            told("US lets Nvidia ship H20 to China", "export_relief", source="ft", hours=1),
            told("Washington allows H20 sales", "export_relief", source="afp", hours=2),
        ]
    )
    assert (event.event_type, event.direction, event.n_sources) == ("export_relief", 1, 3)


def test_a_story_closes_after_four_days() -> None:
    def later(hours: float) -> int:
        second = told("US lets Nvidia ship H20", "export_relief", source="ft", hours=hours)
        return len(stories.cluster([told(RESUME, "export_relief"), second]))

    assert later(96.0) == 1
    assert later(96.01) == 2


def test_order_of_arrival_does_not_matter() -> None:
    items = [
        told(RESUME, "export_relief"),
        told("US allows H20 exports", "export_relief", source="ft"),
        told("US lets Nvidia ship H20 to China", "export_relief", source="bbg"),
        told("Fed cuts rates", "rates", source="ap"),
    ]
    outcomes = {stories.cluster(order) for order in itertools.permutations(items)}
    assert len(outcomes) == 1


def test_unclassified_and_irrelevant_items_tell_nothing_and_repeats_count_once() -> None:
    quiet = [
        told(RESUME, "export_relief", abstained=True),
        told("Kimi wins podium", "irrelevant", relevant=False),
    ]
    assert stories.cluster(quiet) == ()
    twice = [told(RESUME, "export_relief")] * 2
    (event,) = stories.cluster(twice, classifier="v1")
    assert (len(event.item_ids), event.classifier) == (1, "v1")


def test_numbers_are_compared_as_numbers() -> None:
    a = told("Nvidia books $5.5 billion H20 charge", "export_restriction")
    b = told("H20 : Nvidia inscrit 5,5 milliards de charges", "export_restriction", source="lm")
    assert len(stories.cluster([a, b])) == 1


def test_the_event_is_confident_as_its_surest_member() -> None:
    second = told("US allows H20 sales", "export_relief", source="ft", confidence=0.97)
    (event,) = stories.cluster([told(RESUME, "export_relief"), second])
    assert event.confidence == 0.97


def test_jaccard_is_the_share_of_common_words() -> None:
    assert jaccard(frozenset("abc"), frozenset("bcd")) == 0.5
    assert jaccard(frozenset(), frozenset()) == 0.0


# --- the same words ------------------------------------------------------------------------------

BAN = "US bans Nvidia H20 exports to China"


def test_the_same_words_are_one_telling_under_any_address_owner_and_date() -> None:
    again = [
        told(BAN, "export_restriction", source=source, hours=hours, url=f"https://ex.org/1?p={n}")
        for n, (source, hours) in enumerate([("wire", 0), ("wire", 144), ("paper", 24 * 80)])
    ]
    (event,) = stories.cluster(again)
    assert (event.n_sources, event.known_at, len(event.item_ids)) == (1, START, 1)


def test_what_recurs_by_calendar_is_told_in_the_same_words_each_time() -> None:
    meetings = [told("Fed holds rates", "rates", hours=24.0 * day) for day in (0, 42)]
    assert len(stories.cluster(meetings)) == 2


@pytest.mark.parametrize(
    "title",
    [
        "UPDATE 2-US bans Nvidia H20 exports to China",
        "WRAPUP 1-US bans Nvidia H20 exports to China",
        "RPT-US bans Nvidia H20 exports to China",
        "EXCLUSIVE: US bans Nvidia H20 exports to China",
        "Exclusive-US bans Nvidia H20 exports to China, sources say",
        "US bans Nvidia H20 exports to China - Reuters",
        "US bans Nvidia H20 exports to China (Bloomberg)",
    ],
)
def test_wire_prefixes_and_credits_are_no_words(title: str) -> None:
    assert tokens(title) == tokens(BAN)


def test_updates_of_a_wire_are_one_event_whatever_their_number() -> None:
    """2 and 3 are not contradicting figures; figures that change are still the same report."""
    (event,) = stories.cluster(
        [
            told("China bans purchases of Nvidia chips", "china_purchase_ban"),
            told("UPDATE 2-China bans purchases of Nvidia chips", "china_purchase_ban", hours=1),
            told("UPDATE 3-China bans purchases of 40,000 Nvidia chips", "china_purchase_ban",
                 hours=90),
        ]
    )  # fmt: skip
    assert event.n_sources == 1


def test_the_stage_is_the_highest_of_the_members() -> None:
    """A rumour that is confirmed is confirmed, not a rumour twice told."""
    (event,) = stories.cluster(
        [
            told("US may ban H20 exports, sources say", "export_restriction", sense=-1,
                 stage=Stage.RUMOUR),
            told("US bans H20 exports", "export_restriction", source="ft", hours=3),
        ]
    )  # fmt: skip
    assert (event.stage, event.mood, event.n_sources) == (Stage.ANNOUNCED, "fact", 2)


@pytest.mark.parametrize(
    "url", ["https://a.example/2022/09/01/a", "https://a.example/news/2024-11-02/b"]
)
def test_an_address_of_long_ago_is_archive_whatever_its_date(url: str) -> None:
    (event,) = stories.cluster([told(BAN, "export_restriction", url=url)])
    assert event.ended == REPEAT
    fresh = stories.cluster([told(BAN, "export_restriction", url="https://a.example/2025/07/14/a")])
    assert fresh[0].ended == ""


def test_archive_is_remembered_so_that_a_new_date_makes_no_news_of_it() -> None:
    old = told(BAN, "export_restriction", published=-24 * 30)
    dated_anew = told(BAN, "export_restriction", hours=200, url="https://b.example/2")
    (event,) = stories.cluster([old, dated_anew])
    assert event.ended == REPEAT


# --- owners --------------------------------------------------------------------------------------


def test_papers_of_one_house_and_a_credited_agency_are_one_owner() -> None:
    (event,) = stories.cluster(
        [
            told("US bans H20 exports to China", "export_restriction", source="Barron's"),
            told("Washington bars H20 exports", "export_restriction", source="WSJ", hours=1),
            told("US halts H20 exports, WSJ reports", "export_restriction", source="Yahoo Finance",
                 sense=-1, hours=2),
        ]
    )  # fmt: skip
    assert event.owners == ("News Corp",)


def test_the_page_of_the_regulator_confirms_and_a_forum_is_no_voice() -> None:
    (event,) = stories.cluster(
        [
            told("US bans H20 exports to China", "export_restriction", source="Reddit"),
            told("Commerce bans H20 exports", "export_restriction", hours=1,
                 source="BIS", url="https://www.bis.gov/press/1"),
        ]
    )  # fmt: skip
    assert event.confirmed
    assert event.owners == ("US Commerce",)
    (alone,) = stories.cluster([told(BAN, "export_restriction", source="Hacker News")])
    assert alone.grade == "D"


# --- life and death ------------------------------------------------------------------------------


def lives(told_in_turn: list[ToldItem]) -> list[str]:
    """How each story stands in the end, denials left out."""
    events = stories.cluster(told_in_turn)
    return [event.ended for event in events if event.mood in ("fact", "rumour")]


@pytest.mark.parametrize(
    "title",
    [
        "RETRACTED: US bans Nvidia H20 exports to China",
        "Reuters withdraws story on H20 sales ban",
        "Report of H20 ban is false, White House says",
        "Nvidia calls report of H20 ban untrue",
        "Bloomberg retracts report on H20 exports",
    ],
)
def test_a_report_taken_back_ends_its_event(title: str) -> None:
    ban = told(BAN, "export_restriction", url="https://ex.org/1")
    other = told("US bans Nvidia A800 exports to Iran", "export_restriction", source="ft", hours=1)
    back = told(title, "other", source="afp", hours=4, url="https://ex.org/2", relevant=False)
    assert lives([ban, other, back]) == ["refuted", ""]


def test_an_edit_that_takes_back_ends_the_event_and_one_that_polishes_does_not() -> None:
    ban = told(BAN, "export_restriction", url="https://ex.org/1")
    polished = told("US bans Nvidia's H20 chip exports to China", "export_restriction", hours=1,
                    url="https://ex.org/1")  # fmt: skip
    taken_back = told("RETRACTED: " + BAN, "export_restriction", hours=2, url="https://ex.org/1")
    assert lives([ban, polished]) == [""]
    assert lives([ban, polished, taken_back]) == ["withdrawn"]
    assert lives([ban, taken_back, told(BAN, "export_restriction", hours=99)]) == ["withdrawn"]


def test_an_edit_to_the_opposite_ends_one_event_and_begins_another() -> None:
    ban = told(BAN, "export_restriction", url="https://ex.org/1")
    turned = told("US allows Nvidia H20 exports to China", "export_relief", hours=1,
                  url="https://ex.org/1")  # fmt: skip
    events = stories.cluster([ban, turned])
    assert [(e.direction, e.ended) for e in events] == [(-1, "corrected"), (1, "")]


def test_an_edited_item_leaves_the_story_to_its_other_tellers() -> None:
    ban = told(BAN, "export_restriction", url="https://ex.org/1")
    second = told("Washington bars H20 exports", "export_restriction", source="ft", hours=1)
    back = told("WITHDRAWN: " + BAN, "export_restriction", hours=2, url="https://ex.org/1")
    (event,) = [e for e in stories.cluster([ban, second, back]) if e.mood == "fact"]
    assert (event.ended, event.owners) == ("", ("Nikkei",))


def test_an_edit_that_cannot_be_read_and_a_live_page_change_nothing() -> None:
    ban = told(BAN, "export_restriction", url="https://ex.org/live")
    unread = told("H20: live", "other", abstained=True, hours=1, url="https://ex.org/live")
    other = told("Meta lifts its spending plans", "capex_increase", hours=2,
                 url="https://ex.org/live")  # fmt: skip
    assert lives([ban, unread]) == [""]
    assert lives([ban, other]) == ["", ""]


def test_a_denial_does_not_end_what_the_regulator_itself_says() -> None:
    rule = told(BAN, "export_restriction", source="BIS", url="https://www.bis.gov/press/1")
    denial = told("Report of H20 ban is false, senator says", "other", source="afp", hours=4)
    assert lives([rule, denial]) == [""]


def test_a_refutation_reaches_only_what_it_speaks_of() -> None:
    relief = told("US allows H20 exports to China", "export_relief")
    denial = told("Report of H20 ban is false, White House says", "export_restriction", sense=1,
                  source="afp", hours=4)  # fmt: skip
    assert lives([relief, denial]) == [""]
