"""Rules, notices and filings are events of their own, with effective dates."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from engine.decision.events import known_events
from engine.news.official import documents, sense_of
from engine.news.official import official as events_of
from engine.record.history import History
from engine.report.build import upcoming
from engine.values import Event, Fact, Stage
from tests.builders import at, make_fact

DIFFUSION = "Framework for Artificial Intelligence Diffusion"


def rule(title: str, *, hours: float = 0, kind: str = "rule", **changes: Any) -> Fact:
    payload = {
        "document_number": "2025-00636", "type": "Rule", "title": title, "abstract": "",
        "effective_on": None, "agencies": ["industry-and-security-bureau"],
        "url": "https://www.federalregister.gov/d/2025-00636", **changes,
    }  # fmt: skip
    seen = at(hours=hours)
    return make_fact(
        kind, payload["document_number"], payload=payload, known_at=seen,
        occurred_at=seen - timedelta(hours=3), source="Federal Register",
    )  # fmt: skip


def filing(form: str, *items: str, days_old: float = 0.1) -> Fact:
    payload = {"form": form, "items": list(items), "url": "https://www.sec.gov/x"}
    return make_fact(
        "filing", "0001045810-25-000082", payload=payload, known_at=at(),
        occurred_at=at(-days_old), source="SEC EDGAR",
    )  # fmt: skip


def official(facts: list[Fact]) -> tuple[Event, ...]:
    return events_of(documents(History(facts), at()))


@pytest.mark.parametrize(
    ("title", "abstract", "sense"),
    [
        (
            "Implementation of Additional Export Controls: Certain Advanced Computing and "
            "Semiconductor Manufacturing Items; Supercomputer and Semiconductor End Use; Entity "
            "List Modification", "", -1,
        ),
        (
            "Foreign-Produced Direct Product Rule Additions, and Refinements to Controls for "
            "Advanced Computing and Semiconductor Manufacturing Items", "", -1,
        ),
        (DIFFUSION, "", -1),
        (
            "Implementation of Additional Due Diligence Measures for Advanced Computing Integrated "
            "Circuits; Amendments and Clarifications; and Extension of Comment Period", "", -1,
        ),
        ("Additions and Revisions to the Entity List", "adds AI and supercomputing firms", -1),
        ("Rescission of the Framework for Artificial Intelligence Diffusion", "", 1),
        (
            "Revision to License Review Policy for Advanced Computing Commodities",
            "BIS will review applications for exports to China case by case.", 1,
        ),
        (
            "Revision to License Review Policy for Advanced Computing Commodities",
            "Applications will be reviewed under a presumption of denial.", -1,
        ),
        ("Advanced Computing Integrated Circuits: Clarifications", "", 0),
    ],
)  # fmt: skip
def test_the_sense_of_a_rule_is_in_its_words(title: str, abstract: str, sense: int) -> None:
    assert sense_of(title, abstract) == sense


def test_a_rule_on_chips_is_a_confirmed_step_and_others_are_none() -> None:
    (event,) = official([rule(DIFFUSION, effective_on="2025-05-15")])
    assert (event.event_type, event.direction, event.confirmed) == ("export_restriction", -1, True)
    assert event.stage is Stage.ANNOUNCED
    assert event.source == "Federal Register"
    assert official([rule("Request for Comments on Steel Imports")]) == ()
    assert official([rule(DIFFUSION, agencies=["fish-and-wildlife-service"])]) == ()


def test_a_rule_in_force_and_a_proposed_one() -> None:
    (now,) = official([rule(DIFFUSION, effective_on="2025-01-06")])
    (proposed,) = official([rule(DIFFUSION, type="Proposed Rule")])
    assert now.stage is Stage.EFFECTIVE
    assert proposed.mood == "proposal"


def test_the_inspection_list_and_the_register_tell_one_event() -> None:
    history = History([rule(DIFFUSION, kind="rule_inspection"), rule(DIFFUSION, hours=50)])
    (event,) = known_events(history, at(10))
    assert event.known_at == at()


def test_effective_dates_are_those_of_rules_that_are_our_business() -> None:
    ahead = (at() + timedelta(days=9)).date()

    def days(told: Fact) -> list[date]:
        return [found.on for found in upcoming(History([told]), at())]

    assert days(rule(DIFFUSION, effective_on=ahead.isoformat())) == [ahead]
    assert days(rule(DIFFUSION)) == []
    assert days(rule("Steel", effective_on=ahead.isoformat())) == []


def test_results_and_material_events_are_shown_without_a_sense() -> None:
    (results,) = official([filing("8-K", "2.02", "9.01")])
    assert (results.event_type, results.direction) == ("nvidia_earnings", 0)
    assert "results of operations" in results.headline
    (other,) = official([filing("8-K", "8.01")])
    assert other.event_type == "other"
    assert official([filing("8-K", "5.02")]) == ()
    assert official([filing("4")]) == ()
    assert official([filing("10-Q", days_old=300)]) == ()  # the first look at a long list


def test_effective_days_stand_in_the_calendar() -> None:
    from engine.report.build import upcoming

    facts = [
        rule(DIFFUSION, effective_on="2025-01-20", kind="rule_inspection"),
        rule(DIFFUSION, effective_on="2025-01-21", hours=2),
        rule("Steel", document_number="2025-00637", effective_on="2025-01-20"),
    ]
    (entry,) = upcoming(History(facts), at(1))
    assert (entry.on, entry.kind) == (date(2025, 1, 21), "rule")
    assert DIFFUSION in str(entry.what)
