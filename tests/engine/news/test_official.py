"""Rules, notices and filings are events of their own, with effective dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
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


# --- every field and every word ------------------------------------------------------------------


def test_a_rule_as_an_event_field_by_field() -> None:
    (event,) = official([rule(DIFFUSION, abstract="covers H20, B30A, A800 in Malaysia, India")])
    assert event == Event(
        event_id=sha256(b"official\x1f2025-00636").hexdigest()[:16],
        event_type="export_restriction", actor="US government", direction=-1,
        stage=Stage.ANNOUNCED, confidence=0.9, occurred_at=at() - timedelta(hours=3),
        known_at=at(), headline=DIFFUSION, source="Federal Register", n_sources=1, item_ids=(),
        classifier="official document, by rule", url="https://www.federalregister.gov/d/2025-00636",
        owners=("Federal Register",), grade="A", mood="fact",
        objects=("a800", "b30a", "diffusion", "h20", "india", "malaysia"), ended="",
    )  # fmt: skip
    (relief,) = official([rule("Rescission of the rule on chips")])
    assert (relief.event_type, relief.direction) == ("export_relief", 1)
    (open_,) = official([rule("Advanced computing: clarifications")])
    assert (open_.event_type, open_.direction) == ("export_restriction", 0)


def test_a_rule_without_a_number_is_named_by_its_fact() -> None:
    fact = rule(DIFFUSION)
    nameless = {**fact.payload, "document_number": ""}
    (event,) = official([replace(fact, key="the-key", payload=nameless)])
    assert event.event_id == sha256(b"official\x1fthe-key").hexdigest()[:16]


def test_a_filing_as_an_event_field_by_field() -> None:
    (event,) = official([filing("8-K", "1.01", "2.02", "1.01", "9.01")])
    assert event == Event(
        event_id=sha256(b"official\x1f0001045810-25-000082").hexdigest()[:16],
        event_type="nvidia_earnings", actor="Nvidia", direction=0, stage=Stage.ANNOUNCED,
        confidence=0.9, occurred_at=at(-0.1), known_at=at(),
        headline="Nvidia files form 8-K: a material agreement, results of operations",
        source="SEC EDGAR", classifier="official document, by rule", url="https://www.sec.gov/x",
        owners=("SEC EDGAR",), grade="A", mood="fact", objects=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("item", "kind", "name"),
    [
        ("2.02", "nvidia_earnings", "results of operations"),
        ("2.05", "other", "costs of exit or disposal"),
        ("2.06", "nvidia_earnings", "material impairments"),
        ("1.01", "other", "a material agreement"),
        ("1.02", "other", "end of a material agreement"),
        ("7.01", "other", "Regulation FD disclosure"),
        ("8.01", "other", "other events"),
    ],
)
def test_items_of_form_8k_by_number(item: str, kind: str, name: str) -> None:
    (event,) = official([filing("8-K", item)])
    assert (event.event_type, event.headline) == (kind, f"Nvidia files form 8-K: {name}")


@pytest.mark.parametrize(
    ("form", "headline"),
    [
        ("10-Q", "Nvidia files its quarterly report (10-Q)"),
        ("10-K", "Nvidia files its annual report (10-K)"),
        ("10-K/A", "Nvidia files its annual report (10-K)"),
    ],
)
def test_reports_are_results(form: str, headline: str) -> None:
    for items in ((), ("2.02",)):
        (event,) = official([filing(form, *items)])
        assert (event.event_type, event.headline) == ("nvidia_earnings", headline)


def test_documents_are_those_known_by_the_instant_in_three_lists() -> None:
    late = rule("Late", document_number="9", hours=1)
    facts = [filing("10-Q"), rule(DIFFUSION, kind="rule_inspection"), late, rule("A")]
    known = documents(History(facts), at())
    assert [fact.kind for fact, _ in known] == ["rule", "rule_inspection", "filing"]
    assert len(documents(History(facts), at(hours=1))) == 4
    assert official([]) == ()


@pytest.mark.parametrize(
    ("title", "abstract", "agency", "ours"),
    [
        ("on GPUs", "", "industry-and-security-bureau", True),
        ("", "on GPUs", "commerce-department", True),
        ("on GPUs", "", "labor-department", False),
        ("on steel", "", "commerce-department", False),
        ("on AI", "", "commerce-department", True), ("on air", "", "commerce-department", False),
        ("ECCN 3A090", "", "commerce-department", True),
        ("ECCN 4A090", "", "commerce-department", True),
        ("ECCN 5A090", "", "commerce-department", False),
    ],
)  # fmt: skip
def test_ours_is_a_rule_of_commerce_on_chips(
    title: str, abstract: str, agency: str, ours: bool
) -> None:
    found = official([rule(title, abstract=abstract, agencies=["x", agency])])
    assert bool(found) is ours


@pytest.mark.parametrize(("days", "told"), [(7, True), (7.001, False)])
def test_what_was_seen_a_week_late_is_a_list_and_no_news(days: float, told: bool) -> None:
    assert bool(official([filing("10-Q", days_old=days)])) is told
    old = replace(rule(DIFFUSION), occurred_at=at(-days))
    assert bool(official([old])) is told


@pytest.mark.parametrize(
    ("on", "stage"),
    [("2025-01-06", Stage.EFFECTIVE), ("2025-01-07", Stage.ANNOUNCED), (None, Stage.ANNOUNCED)],
)
def test_a_rule_is_in_force_from_its_day(on: str | None, stage: Stage) -> None:
    """Seen on 6 January in New York."""
    (event,) = official([rule(DIFFUSION, effective_on=on)])
    assert event.stage is stage
