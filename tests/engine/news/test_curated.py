"""The curated tables through the rules: a restriction has its sign unless relief is said.

The columns of direction are read here only; the rules see type and wording. Rows after 2025-09-30
are not looked at: no rule may be chosen by them.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from engine.news import mood, rules
from engine.news.reading import read

FACTS = Path(__file__).resolve().parents[3] / "config" / "facts"
UNTIL = "2025-09-30"
POLICY = {"export_restriction", "export_relief", "china_purchase_ban", "regulatory_probe"}
JUSTIFIED = {
    # table -1: a rumour of wide curbs; the words say only that Chinese chip makers may be listed,
    # which takes supply from rivals
    "Chamber of Commerce tells members that up to 200 Chinese chip firms may be listed before "
    "Thanksgiving",
}


def rows(name: str, day: str) -> list[dict[str, str]]:
    with (FACTS / name).open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row[day] <= UNTIL]


@pytest.mark.parametrize("kind", sorted(POLICY))
def test_policy_rows_have_the_sign_of_the_table(kind: str) -> None:
    told = [r for r in rows("chip_events.csv", "date_utc") if r["event_type"] == kind]
    wrong = [
        (row["headline"], sense)
        for row in told
        if (sense := rules.direction_by_rule(row["headline"], kind))
        != int(row["expected_direction"])
        and row["headline"] not in JUSTIFIED
    ]
    assert len(told) >= 5
    assert wrong == []


def test_the_largest_step_of_all_is_bad_and_a_step_about_tools_alone_has_no_sign() -> None:
    largest = "Commerce publishes broad limits on advanced chips and chip tools for China"
    assert rules.direction_by_rule(largest, "export_restriction") == -1
    tools = "US orders chip-design software firms to halt sales to China"
    assert rules.direction_by_rule(tools, "export_restriction") == 0


def test_no_step_of_the_policy_table_is_turned_by_its_wording() -> None:
    """The type follows from who acts and the sign of the table; the words may not turn it back."""
    kinds = {
        ("US", -1): "export_restriction",
        ("US", 1): "export_relief",
        ("China", -1): "china_purchase_ban",
    }
    told = [
        (row["event"], kinds[key], key[1])
        for row in rows("export_policy_events.csv", "date")
        if (key := (row["actor"], int(row["direction_for_nvda"]))) in kinds
    ]
    assert len(told) > 15
    assert [t for t in told if rules.direction_by_rule(t[0], t[1]) != t[2]] == []


def test_curated_steps_are_told_in_a_mood_that_weighs() -> None:
    told = [r for r in rows("chip_events.csv", "date_utc") if r["event_type"] in POLICY]
    weigh = [mood.told(read(row["headline"])).weighs for row in told]
    assert sum(weigh) / len(weigh) >= 0.8
