"""The report says which headline weighs what, and on whose word."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from engine.decision.events import CURATED, curated
from engine.decision.news_impulses import POLICY, Weighed
from engine.record.readings import HEADLINES
from engine.report.blocks import ItemList, Note, flat
from engine.report.i18n import voice
from engine.report.sections.headlines import VOICES, Headlines
from engine.values import Event, Stage
from tests.builders import at, make_event, make_fact


def step(**changes: Any) -> Weighed:
    event = make_event(
        "export_restriction", headline="US bars H20 <b>sales</b>", url="javascript:alert(1)",
        grade=changes.pop("grade", "B"), source="chip desk", stage=Stage.ANNOUNCED,
    )  # fmt: skip
    fields: dict[str, Any] = {
        "event": event, "voice": POLICY, "told_pct": -1.5, "left_pct": -0.8,
        "owners": ("Reuters",), "others": 0, "alone": True, **changes,
    }  # fmt: skip
    return Weighed(**fields)


def told_by(source: str) -> Event:
    return replace(step().event, source=source)


def shown(*steps: Weighed, lang: str = "en", silent: str = "") -> list[Any]:
    section = Headlines()
    voices = [SimpleNamespace(name=n, value=None if n == silent else 0.1) for n in VOICES.values()]
    decision = SimpleNamespace(contributions=voices)
    report: Any = SimpleNamespace(parts={"headlines": steps}, decision=decision)
    return list(section.blocks(report, section.voice(voice(lang))))


def test_each_step_says_its_weight_its_teller_and_its_tier() -> None:
    blocks = shown(step(), step(owners=("Reuters", "AFP"), alone=False, others=2))
    lone, confirmed = (i for b in flat(blocks) if isinstance(b, ItemList) for i in b.items)
    assert str(lone.title) == "-1.5% of the price when told, -0.8% left"
    assert "rests on one source: Reuters · edited press" in lone.detail
    assert "told by Reuters, AFP" in confirmed.detail
    assert "2 more stories" in confirmed.detail
    assert lone.url == ""  # never a link that is not http(s)


def test_a_row_checked_by_hand_names_its_own_source() -> None:
    (items,) = shown(step(owners=(CURATED,), alone=False, grade="A"))
    assert "told by chip desk · checked by hand" in items.items[0].detail


def test_who_is_on_no_record_told_nothing() -> None:
    """The tables' mark for it is no name of a paper."""
    alone = replace(step(owners=(CURATED,), alone=False), event=told_by("general knowledge (WSJ)"))
    (items,) = shown(alone)
    assert " · no source on record (WSJ) · " in items.items[0].detail
    assert "told by" not in items.items[0].detail


def test_what_a_silent_voice_would_hear_is_not_said_to_weigh() -> None:
    """A step that has not faded moves nothing where its voice is not observed."""
    (note, rest) = shown(step(), step(), silent="export_policy")
    assert isinstance(note, Note)
    assert note.text.startswith("2 steps of news have not faded and weigh nothing now")
    assert "Export policy" in note.text
    assert rest.items == ()
    (items,) = shown(step(), silent="demand")
    assert len(items.items) == 1


def test_no_news_is_said_and_french_is_french() -> None:
    (note,) = shown()
    assert isinstance(note, Note)
    (items,) = shown(step(), lang="fr")
    assert "repose sur une seule source" in items.items[0].detail


def test_programs_read_the_same() -> None:
    report: Any = SimpleNamespace(parts={"headlines": (step(),)})
    (row,) = Headlines().data(report, voice("en"))["headlines"]
    assert (row["told_pct"], row["left_pct"], row["rests_on_one_source"]) == (-1.5, -0.8, True)
    assert row["url"] == ""


@pytest.mark.parametrize(
    ("headline", "mood"),
    [
        ("DeepSeek says V3.1's UE8M0 FP8 scale targets the coming generation of chips", "comment"),
        ("DeepSeek trains V4 in UE8M0 on Huawei Ascend chips", "fact"),
        ("Huawei launches Ascend 950", "fact"),
    ],
)
def test_a_scale_format_alone_is_no_evidence(headline: str, mood: str) -> None:
    payload = {"headline": headline, "event_type": "domestic_chip_adoption", "actor": "DeepSeek"}
    fact = make_fact("headline", headline, payload=payload, known_at=at())
    assert curated(fact, HEADLINES.read(fact)).mood == mood
    kept: dict[str, Any] = {}
    memo = SimpleNamespace(get=kept.get, put=kept.__setitem__)
    first, again = (curated(fact, HEADLINES.read(fact), memo) for _ in range(2))
    assert first == again == curated(fact, HEADLINES.read(fact))
    assert json.loads(json.dumps(kept)) == kept  # what a file can hold
