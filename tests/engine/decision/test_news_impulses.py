"""What news moves, when, and what is left of it once it is taken back."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from config.events import EventWeights
from config.settings import load
from engine.clock import to_micros
from engine.decision.events import CURATED
from engine.decision.grid import Grid
from engine.decision.news_impulses import (
    DEMAND,
    DOMESTIC,
    POLICY,
    factor,
    faded_sum,
    impulses,
    standing_at_the_end,
)
from engine.values import Event, Stage
from tests import streams

START = datetime(2025, 1, 2, 13, 30, tzinfo=UTC)
WEIGHTS: EventWeights = load(streams.ROOT / "config", "balanced").events
BAN_PCT = WEIGHTS.policy["export_restriction"].impulse_pct


def grid(rows: int = 60) -> Grid:
    days = [START + timedelta(days=d) for d in range(rows)]
    return Grid(
        sessions_on=tuple(date(2025, 1, 2) + timedelta(days=d) for d in range(rows)),
        decide_at_us=np.array([to_micros(day) for day in days]),
    )


def event(row: int, name: str = "a", kind: str = "export_restriction", **changes: Any) -> Event:
    """An event that row ``row`` may use first, told by two owners unless it says otherwise."""
    fields: dict[str, Any] = {
        "direction": -1,
        "actor": "US government",
        "stage": Stage.ANNOUNCED,
        "confidence": 1.0,
        "owners": ("Reuters", "Bloomberg"),
        "objects": ("h20",),
        "n_sources": len(changes.get("owners", ("Reuters", "Bloomberg"))),
        **changes,
    }
    known = START + timedelta(days=row) - timedelta(hours=1)
    return Event(
        event_id=name, event_type=kind, occurred_at=known, known_at=known, headline=name,
        source=fields["owners"][0], **fields,
    )  # fmt: skip


def gates(rows: int = 60) -> dict[str, Any]:
    return {"china_gate": np.zeros(rows)}


def policy(*versions: Event) -> dict[int, float]:
    """Row -> impulse, where there is one."""
    array = impulses(grid(), versions, WEIGHTS, gates())[POLICY]
    return {int(t): round(float(array[t]), 6) for t in np.flatnonzero(array)}


# --- how much ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        ({}, 1.0),
        ({"owners": ("Reuters",)}, 0.5),
        ({"owners": ("SEC",), "grade": "A"}, 1.0),
        ({"stage": Stage.RUMOUR}, 0.5),
        ({"stage": Stage.RUMOUR, "owners": ("Reuters",)}, 0.5),  # the smaller, not the product
        ({"confidence": 0.8, "owners": ("Reuters",)}, 0.5),
        ({"confidence": 0.8}, 0.8),
        ({"confidence": 0.69}, 0.0),
        ({"confidence": 0.4, "owners": (CURATED,), "grade": "A"}, 0.4),
        ({"grade": "D", "owners": ("Reddit",)}, 0.0),
        ({"mood": "denial"}, 0.0),
        ({"ended": "withdrawn"}, 0.0),
    ],
)
def test_the_smallest_of_stage_owners_and_confidence_holds(
    changes: dict[str, Any], share: float
) -> None:
    told = event(5, **changes)
    assert factor(told, len(told.owners), WEIGHTS, confirmed=told.confirmed) == share
    assert policy(told) == ({5: round(-BAN_PCT * share, 6)} if share else {})


# --- one step told again -------------------------------------------------------------------------


def test_the_window_slides_and_a_repeat_never_adds() -> None:
    """Told again every sixth session for two months: one step."""
    again = [event(row, f"t{row}") for row in range(3, 60, 6)]
    assert policy(*again) == {3: -BAN_PCT}


def test_a_second_owner_raises_a_step_to_what_it_weighs_and_no_more() -> None:
    first = event(3, owners=("Reuters",))
    second = event(5, "b", owners=("Bloomberg",))
    third = event(9, "c", owners=("AFP",))
    assert policy(first, second, third) == {3: -BAN_PCT / 2, 5: -BAN_PCT / 2}


def test_another_object_is_another_step_and_none_named_is_the_same() -> None:
    ban, unnamed = event(3), event(5, "b", objects=())
    other = event(8, "c", objects=("rtx",))
    assert policy(ban, unnamed, other) == {3: -BAN_PCT, 8: -BAN_PCT}


def test_one_step_counts_under_one_type() -> None:
    """Filed once as a restriction and once as a probe of the same government: the larger."""
    ban, probe = event(3), event(4, "b", "regulatory_probe")
    assert policy(ban, probe) == {3: -BAN_PCT}


def test_a_step_of_another_government_is_another_step() -> None:
    purchase = event(4, "b", "china_purchase_ban", actor="China")
    assert set(policy(event(3), purchase)) == {3, 4}


def budgets(*versions: Event) -> dict[int, float]:
    array = impulses(grid(), versions, WEIGHTS, gates())[DEMAND]
    return {int(t): round(float(array[t]), 6) for t in np.flatnonzero(array)}


def budget(row: int, name: str, actor: str, *owners: str) -> Event:
    """A buyer who spends more; only the table is as good as the source itself."""
    grade = "A" if owners == (CURATED,) else "B"
    told = {"actor": actor, "direction": 1, "objects": (), "owners": owners, "grade": grade}
    return event(row, name, "capex_increase", **told)


def test_a_headline_of_the_wires_tells_the_curated_step_again() -> None:
    """The table names two buyers in one row, the wires one each: the step counts once, in full."""
    rise_pct = WEIGHTS.demand["capex_increase"].impulse_pct
    table = budget(5, "table", "Meta / Microsoft", CURATED)
    meta = budget(6, "meta", "Meta", "Barron's")
    microsoft = budget(7, "msft", "Microsoft", "Reuters")

    assert budgets(table, meta, microsoft) == {5: rise_pct}
    assert budgets(replace(table, known_at=event(8).known_at), meta) == {
        6: rise_pct / 2,
        8: rise_pct / 2,
    }
    assert budgets(table, budget(6, "amazon", "Amazon", "AFP", "dpa")) == {5: rise_pct, 6: rise_pct}
    assert budgets(table, budget(26, "late", "Meta", "AFP", "dpa")) == {5: rise_pct, 26: rise_pct}


def test_two_rows_of_the_table_are_one_step_by_the_same_actors_only() -> None:
    """The one that names more is another step, as it was: history does not move."""
    rise_pct = WEIGHTS.demand["capex_increase"].impulse_pct
    both = budget(5, "both", "Meta / Microsoft", CURATED)
    one = budget(9, "one", "Meta", CURATED)
    between = budget(6, "wire", "Meta", "Barron's")
    assert budgets(both, one) == {5: rise_pct, 9: rise_pct}
    assert budgets(both, between, one) == {5: rise_pct, 9: rise_pct}


def test_a_step_back_makes_the_next_step_new() -> None:
    relief = event(6, "b", "export_relief", direction=1)
    again = event(9, "c")
    told = policy(event(3), relief, again)
    assert (told[3], told[9]) == (-BAN_PCT, -BAN_PCT)
    doubtful = replace(relief, owners=("Fool",))
    assert 9 not in policy(event(3), doubtful, again)


@pytest.mark.parametrize(
    ("began", "lifted", "ends"),
    [
        ("China SAMR", "CAC (China)", True),
        ("China", "China SAMR", True),
        ("US DOJ", "US government", True),
        ("US government", "China", False),
        ("US DOJ", "Regulator", False),
    ],
)
def test_a_probe_that_another_agency_of_the_side_drops_is_over(
    began: str, lifted: str, ends: bool
) -> None:
    """Then the same probe, opened again, is new; told by another side it still is the old one."""
    probe = event(3, kind="regulatory_probe", actor=began)
    dropped = event(6, "b", "regulatory_probe", actor=lifted, direction=1)
    again = event(9, "c", "regulatory_probe", actor=began)
    assert (9 in policy(probe, dropped, again)) is ends


def test_a_cut_by_one_of_the_buyers_ends_the_rise_that_both_told() -> None:
    both = budget(3, "both", "Meta / Microsoft", "Reuters", "AFP")
    cut = replace(budget(6, "cut", "Microsoft", "Reuters", "AFP"), direction=-1)
    cut = replace(cut, event_type="capex_cut")
    again = budget(9, "again", "Meta / Microsoft", "Reuters", "AFP")
    assert 9 in budgets(both, cut, again)


# --- taken back ----------------------------------------------------------------------------------


def level(array: Any, t: int, half_life: float) -> float:
    rows = np.arange(t + 1)
    return float(np.sum(array[: t + 1] * np.exp2(-(t - rows) / half_life)))


def test_what_is_withdrawn_leaves_nothing_behind_and_rewrites_no_row() -> None:
    ban = event(5)
    ended = replace(event(9), ended="withdrawn")
    array = impulses(grid(), [ban, ended], WEIGHTS, gates())[POLICY]
    half_life = WEIGHTS.fade.policy_sessions

    assert array[5] == -BAN_PCT
    assert level(array, 8, half_life) == pytest.approx(-BAN_PCT * 2 ** (-3 / half_life))
    assert [level(array, t, half_life) for t in (9, 20)] == pytest.approx([0.0, 0.0])


def test_a_step_that_others_told_too_stands_when_one_telling_is_withdrawn() -> None:
    versions = [event(5), event(6, "b", owners=("AFP",)), replace(event(9), ended="refuted")]
    array = impulses(grid(), versions, WEIGHTS, gates())[POLICY]
    half_life = WEIGHTS.fade.policy_sessions
    assert level(array, 9, half_life) == pytest.approx(-BAN_PCT / 2 * 2 ** (-3 / half_life))


def test_an_event_whose_vote_turns_counts_in_its_new_sense_only() -> None:
    turned = event(7, kind="export_relief", direction=1)
    array = impulses(grid(), [event(5), turned], WEIGHTS, gates())[POLICY]
    relief = WEIGHTS.policy["export_relief"].impulse_pct
    assert level(array, 7, WEIGHTS.fade.policy_sessions) == pytest.approx(relief)


def test_half_lives_of_the_fade_are_those_of_the_voices() -> None:
    from strategies.export_policy import ExportPolicy
    from strategies.fp8_threat import Fp8Threat

    assert WEIGHTS.fade.policy_sessions == ExportPolicy.params["half_life_sessions"].default
    assert WEIGHTS.fade.domestic_sessions == Fp8Threat.params["half_life_sessions"].default


# --- the slow definition -------------------------------------------------------------------------

KINDS = ("export_restriction", "export_relief", "china_purchase_ban", "domestic_chip_launch")
OWNERS = ("Reuters", "Bloomberg", "Fool", "Reddit")


def random_versions(seed: int) -> list[Event]:
    """Events that grow, turn, lose tellers and end, in any order."""
    rng = random.Random(seed)
    versions = []
    for n in range(rng.randint(1, 12)):
        row = rng.randint(1, 50)
        for _ in range(rng.randint(1, 4)):
            owners = tuple(rng.sample(OWNERS[:3], rng.randint(1, 3)))
            versions.append(
                event(
                    row,
                    f"e{n}",
                    rng.choice(KINDS),
                    direction=rng.choice((-1, -1, 1, 0)),
                    owners=owners,
                    confidence=rng.choice((0.4, 0.8, 1.0)),
                    stage=rng.choice((Stage.RUMOUR, Stage.ANNOUNCED)),
                    objects=rng.choice(((), ("h20",), ("rtx",))),
                    ended=rng.choice(("", "", "", "refuted")),
                )
            )
            row += rng.randint(1, 9)
    rng.shuffle(versions)
    return versions


@pytest.mark.parametrize("seed", range(25))
def test_the_faded_sum_is_the_slow_definition_at_every_row(seed: int) -> None:
    versions = random_versions(seed)
    fast = impulses(grid(), versions, WEIGHTS, gates())
    half_lives = {POLICY: WEIGHTS.fade.policy_sessions, DOMESTIC: WEIGHTS.fade.domestic_sessions}
    for t in range(60):
        slow = faded_sum(grid(), versions, WEIGHTS, gates(), t)
        for name, half_life in half_lives.items():
            assert level(fast[name], t, half_life) == pytest.approx(slow[name], abs=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_no_row_hangs_on_what_came_after_it_nor_on_the_order(seed: int) -> None:
    versions = random_versions(seed)
    whole = impulses(grid(), versions, WEIGHTS, gates())
    cut_at = 30
    early = [e for e in versions if grid().row_at(e.known_at) < cut_at]
    cut = impulses(grid(), early, WEIGHTS, gates())
    shuffled = impulses(grid(), versions[::-1], WEIGHTS, gates())
    for name in whole:
        assert np.array_equal(whole[name][:cut_at], cut[name][:cut_at])
        assert np.array_equal(whole[name], shuffled[name])


def test_the_steps_that_stand_name_what_weighs() -> None:
    lone = event(5, owners=("Fool",))
    ended = replace(event(9, "b", objects=("rtx",)), ended="refuted")
    told = [lone, event(7, "b", objects=("rtx",)), ended]
    (step,) = standing_at_the_end(grid(), told, WEIGHTS, gates())
    (part,) = step.parts
    assert (part.event.event_id, part.row, step.confirmed_row) == ("a", 5, None)
    assert part.amount_pct == -BAN_PCT / 2


def test_what_rests_on_one_owner_is_known_apart() -> None:
    """The worst single step of one owner, until another tells it; two steps are not added."""
    lone, other = event(3, owners=("Fool",)), event(4, "b", owners=("AFP",), objects=("rtx",))
    second = event(6, "c", owners=("Reuters",))
    alone = impulses(grid(), [lone, other, second], WEIGHTS, gates())["policy_alone_pct"]
    half_life = WEIGHTS.fade.policy_sessions
    assert alone[2] == 0.0
    assert alone[3] == alone[4] == -BAN_PCT / 2
    assert alone[6] == pytest.approx(-BAN_PCT / 2 * 2 ** (-2 / half_life))
    confirmed = impulses(grid(), [event(3)], WEIGHTS, gates())["policy_alone_pct"]
    assert not confirmed.any()


def test_the_wires_join_the_tables_step_of_an_agency_of_their_government() -> None:
    """The table says "China SAMR", the wire "China": one probe, not two."""
    table = event(5, "table", "regulatory_probe", actor="China SAMR", owners=(CURATED,), grade="A")
    wire = event(6, "wire", "regulatory_probe", actor="China", objects=())
    other = event(6, "other", "regulatory_probe", actor="Regulator", objects=())
    assert set(policy(table, wire)) == {5}
    assert set(policy(table, other)) == {5, 6}
