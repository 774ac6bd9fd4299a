"""What is kept of an item: its words, what it names, and the mood it is told in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.news.classify import Classification
from engine.news.reading import read
from engine.news.tellings import (
    MAX_KEY_CHARS,
    Telling,
    ToldItem,
    key_of,
    mood_of,
    objects,
    only_names_scales,
    tokens,
)
from engine.record.content import item_id
from engine.values import Item, Mood, Stage
from tests.builders import at
from tests.engine.news.lines import line

BAN = "US bans 40,000 Nvidia H20 chips"


def label(title: str = BAN, **changes: Any) -> Classification:
    fields: dict[str, Any] = {
        "event_type": "export_restriction", "direction": -1, "actor": "US government",
        "stage": Stage.EFFECTIVE, "confidence": 0.87654321, "relevant": True, "abstained": False,
        **changes,
    }  # fmt: skip
    return Classification(headline=title, reading=read(title), **fields)


def item(title: str = BAN, **changes: Any) -> Item:
    return Item(**{"source": "FT", "title": title, "url": "", "known_at": at(), **changes})


def of(title: str = BAN, **changes: Any) -> ToldItem:
    return ToldItem.of(item(title), label(title, **changes))


def test_a_telling_keeps_words_names_owner_and_label() -> None:
    """``plain`` is without the figure; confidence is rounded to four digits."""
    told = of()
    assert told.telling == Telling(
        item_id=item_id(item()),
        words=key_of(["us", "bans", "40,000", "nvidia", "h20", "chips"]),
        plain=key_of(["us", "bans", "nvidia", "h20", "chips"]),
        owner="Nikkei", grade="B", event_type="export_restriction", direction=-1,
        actor="US government", stage=Stage.EFFECTIVE, mood=Mood.FACT, confidence=0.8765,
        objects=("h20",),
    )  # fmt: skip
    assert (told.tells, told.unread, told.refutes) == (True, False, False)
    assert ToldItem(item=item(), telling=told.telling) == told  # it tells, unless it is said not to
    assert len(told.telling.words) == MAX_KEY_CHARS == 16


@pytest.mark.parametrize(
    ("changes", "tells", "unread"),
    [
        ({"relevant": False}, False, False),
        ({"abstained": True}, False, True),
        ({"mood": Mood.COMMENT}, False, False),
        ({"mood": Mood.RUMOUR}, True, False),
    ],
)
def test_what_is_relevant_sure_and_a_fact_or_rumour_tells(
    changes: dict[str, Any], tells: bool, unread: bool
) -> None:
    told = of(**changes)
    assert (told.tells, told.unread) == (tells, unread)


def test_what_nobody_reads_is_unread() -> None:
    assert of("США запретили Nvidia продавать H20 Китаю").unread


def test_names_are_of_two_letters_and_no_generic_word() -> None:
    """Of the words of a model or chip; other concepts name nothing, nor do figures."""
    told = of()
    told.__dict__["reading"] = line("x_yys_nvidia_gpu_40=nv_chip zz=chip ww=us_model h2 40nm")
    assert told.names == frozenset({"yy", "ww", "h2"})


def test_what_is_named_is_kept_in_order() -> None:
    told = of("US bans H20, B30A, Rubin, HBM3, A800 exports to UAE, India")
    assert told.telling.objects == ("a800", "b30a", "h20", "hbm3", "india", "rubin", "uae")


def test_a_refutation_of_our_business_has_words_of_its_own() -> None:
    """An irrelevant one that names a chip is about something; one that names none is nothing."""
    told = of("RETRACTED: US bans H20", event_type="irrelevant", relevant=False)
    assert told.refutes
    assert told.telling.event_type == "other"
    assert told.telling.mood is Mood.DENIAL
    assert told.telling.words == key_of(["denial", "us", "bans", "h20"])
    assert told.telling.plain == key_of(["us", "bans", "h20"])
    assert not told.tells

    about_nothing = of("RETRACTED: rain", event_type="irrelevant", relevant=False)
    assert about_nothing.telling.event_type == "irrelevant"
    assert not about_nothing.refutes
    typed = of("RETRACTED: US bans H20")
    assert (typed.telling.event_type, typed.refutes) == ("export_restriction", True)


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("UPDATE 2-US bans H20 - Reuters", "us bans h20"),
        ("Exclusive: Market chatter: U.S. bans H20", "us bans h20"),
        ("Breaking - Nvidia’s H20 banned, sources say", "nvidia s h20 banned"),
        ("Update 2-", "update 2"),  # a prefix alone is the title
        ("H20 barred (Dow Jones Newswires)", "h20 barred dow jones newswires"),
        ("US bans Nvidia H20 chips (Dow Jones Newswires)", "us bans nvidia h20 chips"),
        ("Ban - a long name of some paper", "ban a long name of some paper"),  # half would go
        ("1,5 % of H20s", "1,5 % of h20s"),
        ("美国bans H20", "美 国 bans h20"),
        ("", ""),
    ],
)
def test_words_are_folded_without_prefixes_and_credits(title: str, words: str) -> None:
    """What is cut must leave at least half."""
    assert " ".join(tokens(title)) == words


def test_a_cut_that_leaves_half_is_made_and_one_that_leaves_less_is_not() -> None:
    """10 of 20 characters are left, 9 of 19 (half of it rounded down), and 9 of 20."""
    assert tokens("abcd efghi - paper12") == ("abcd", "efghi")
    assert tokens("abcd efgh - paper12") == ("abcd", "efgh")
    assert tokens("abcd efgh - paper123") == ("abcd", "efgh", "paper123")


def test_objects_are_chips_documents_and_places() -> None:
    named = objects(("h20", "abu", "dhabi", "emirates", "h2", "saudis", "us", "910c", "diffusion"))
    assert named == frozenset({"h20", "uae", "saudi", "910c", "diffusion"})
    assert objects(()) == frozenset()


def test_a_headline_names_models_chips_figures_companies_and_verbs() -> None:
    told = of("US bans Nvidia H20s, R2 and Blackwell GPUs: 5,5 billion in Q2, 40nm, 16 a day")
    assert told.names == frozenset({"h20", "r2", "blackwell"})
    assert told.numbers == frozenset({5.5, 16.0})
    assert told.companies == frozenset({"Nvidia"})
    assert {"restrict", "nvidia", "us_gov"} <= told.verbs
    assert told.content == frozenset(
        "us bans nvidia h20s r2 blackwell gpus 5,5 billion q2 40nm 16 day".split()
    )


@pytest.mark.parametrize(
    ("title", "mood"),
    [
        ("Reuters withdraws its story on the H20", Mood.DENIAL),
        ("Report on H20 was false", Mood.DENIAL),
        ("Nvidia calls reports of a ban untrue", Mood.DENIAL),
        ("CORRECTED-US bans H20", Mood.CORRECTION),
        ("Corrections 2: US bans H20", Mood.CORRECTION),
        ("US corrected: a ban", Mood.RUMOUR),  # not at the start: as the classifier says
        ("US bans H20", Mood.RUMOUR),
    ],
)
def test_what_takes_a_report_back_is_a_denial(title: str, mood: Mood) -> None:
    assert mood_of(label(title, mood=Mood.RUMOUR), title) is mood


def test_a_scale_format_alone_says_nothing_of_chips() -> None:
    alone, used = "DeepSeek adopts UE8M0", "DeepSeek trains in UE8M0 on Ascend"
    bare = "DeepSeek V3.1 in UE8M0 format"
    assert only_names_scales(bare)
    assert not only_names_scales(used)
    assert not only_names_scales(alone)
    assert not only_names_scales("DeepSeek V3.1")
    for kind, mood in (
        ("domestic_chip_launch", Mood.COMMENT), ("domestic_chip_adoption", Mood.COMMENT),
        ("model_release", Mood.FACT),
    ):  # fmt: skip
        assert mood_of(label(bare, event_type=kind), bare) is mood
    assert mood_of(label(used, event_type="domestic_chip_adoption"), used) is Mood.FACT


def test_a_told_item_is_compared_by_what_it_is() -> None:
    assert of() == of()
    assert of() != replace(of(), tells=False)
