"""The track record: what resolves when, by hand; live and replayed apart; nothing from later."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from engine.clock import parse_as_of
from engine.service import bind, judging, morning, registering, tracking, wiring
from engine.service.registering import Withdrawal
from engine.service.tracking import EXPIRES, LEAST, Call, Statement, moves_of, outcomes, scored
from tests.service.test_nothing_from_later import later_than
from tests.stream_runs import CONFIG

AS_OF = "2025-03-03"


def said(chance: float, came: float, *, void: bool = False, base: float = 0.2) -> Statement:
    day = date(2025, 1, 2)
    return Statement(
        event="fall_10", on=day, chance=chance, base=base, came=came, within_sessions=21, void=void
    )


def test_a_verdict_is_judged_by_the_close_a_month_on() -> None:
    """One per cent a session: 21 of them from the close known that morning, and not one more."""
    returns = np.full(40, math.log(1.01))
    returns[0] = returns[1 + EXPIRES :] = 5.0  # neither before the row nor beyond its window
    moves = moves_of(returns)

    assert moves[0] == pytest.approx(1.01**21 - 1)
    assert np.isnan(moves[40 - EXPIRES :]).all()
    assert not np.isnan(moves[39 - EXPIRES])
    returns[3] = np.nan
    assert np.isnan(moves_of(returns)[0])


def test_verdicts_have_outcomes_and_no_rate_below_thirty() -> None:
    calls: list[Call] = [("HOLD", 0.1, True)] * 20 + [("SELL", 0.1, True)] * 5
    calls += [("SELL", -0.1, True)] * 4
    calls += [("HOLD", math.nan, True), ("HOLD", 0.0, True), ("HOLD", math.nan, False)]
    few = outcomes(calls)

    assert (few["n"], few["right"], few["void"], few["open"]) == (29, 24, 2, 1)
    assert few["share_right"] is few["share_right_interval"] is few["share_always_hold"] is None

    enough = outcomes([*calls, ("HOLD", -0.1, True)])
    low, high = enough["share_right_interval"]
    assert enough["share_right"] == 24 / 30
    assert enough["share_always_hold"] == 25 / 30
    assert low < 24 / 30 < high


def test_a_chance_is_scored_against_its_base_rate_and_void_ones_are_counted() -> None:
    """Thirty outcomes by hand: 15 said 0.8 came, 15 said 0.1 did not; base 0.2 throughout."""
    told = [said(0.8, 1.0)] * 15 + [said(0.1, 0.0)] * 15
    other = [said(0.5, math.nan), said(0.5, math.nan, void=True), said(0.5, math.nan, void=True)]
    found = scored("fall_10", [*told, *other])

    assert (found["n"], found["open"], found["void"]) == (30, 1, 2)
    assert found["brier"] == pytest.approx((0.2**2 + 0.1**2) / 2)
    assert found["brier_base_rate"] == pytest.approx((0.8**2 + 0.2**2) / 2)
    assert [(b["said"], b["came"], b["n"]) for b in found["reliability"]] == [
        (pytest.approx(0.1), 0.0, 15),
        (pytest.approx(0.8), 1.0, 15),
    ]
    short = scored("fall_10", told[: LEAST - 1])
    assert short["n"] == LEAST - 1
    assert short["brier"] is short["reliability"] is short["skill"] is None


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Forty mornings of the shipped record noted as if live, seen from ``AS_OF``."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("track")
    patch.setenv("NVSIGNAL_DATA", str(folder))
    # Rating every release takes seconds and is not what is tested here.
    patch.setattr("engine.service.wiring.rate_releases", lambda *args: ())
    config = bind.load(CONFIG, "cautious")
    with wiring.open_record(config, f"sqlite:///{folder}/record.sqlite3") as store:
        prepared = morning.prepare(store, config, parse_as_of(AS_OF), record=True)
        assessment = prepared.assessment
        past = []
        for t in range(-80, -40):
            payload = morning.decision_payload(assessment.decision_at(t))
            day = assessment.features.sessions_on[t]
            chance = {"event": "fall", "within_sessions": 21, "chance": 0.3, "base": 0.25,
                      "fall_pct": 10.0, "weight": 1.0, "scored": 400}  # fmt: skip
            past.append({**payload, "acts_on": day.isoformat(), "chances": [chance]})
        entries = [dict(e.payload) for e in store.ledger_entries()]
    patch.undo()
    return prepared, past, entries


def test_live_and_replayed_are_two_records(world: Any) -> None:
    """The ledger's chances resolve by the prices; the replay does not add to their number."""
    prepared, past, _ = world
    assessment = prepared.assessment
    found = json.loads(json.dumps(tracking.track(assessment, past), default=str))
    live, replayed = found["live"], found["replayed"]
    rows = range(len(assessment.features.sessions_on))[-80:-40]
    came = assessment.outlook.falls[10.0].outcome[list(rows)]

    assert live["outcomes"]["n"] + live["outcomes"]["void"] == 40
    assert replayed["outcomes"]["n"] > 700
    (chance,) = live["chances"]
    assert (chance["event"], chance["n"], chance["void"]) == ("fall_10", 40, 0)
    assert chance["brier"] == pytest.approx(float(((0.3 - came) ** 2).mean()))
    assert chance["brier_base_rate"] == pytest.approx(float(((0.25 - came) ** 2).mean()))
    assert {c["event"] for c in replayed["chances"]} == {
        "stands", "fall_5", "fall_10", "fall_15", "fall_20",
    }  # fmt: skip
    whole = replayed["distribution"]
    assert whole["low"] < whole["skill"] < whole["high"]
    assert len(replayed["worst_days"]) == 10
    assert replayed["worst_days"][0]["session_on"] == "2025-01-27"
    assert replayed["worst_days"][0]["return_pct"] == pytest.approx(-17.0, abs=0.1)
    for day in replayed["worst_days"]:
        assert (day["decision"] == "HOLD") == (day["target_weight"] == 1.0), day
    assert "REDUCE" in {day["decision"] for day in replayed["worst_days"]}
    assert "prices unseen" not in " ".join(replayed["foresight"])


def test_nothing_that_is_said_is_dated_after_as_of(world: Any) -> None:
    """Report, track record and ledger of a morning in 2025-03, field by field."""
    from engine.report.render import render

    prepared, past, entries = world
    day = date.fromisoformat(AS_OF)
    report = json.loads(render(prepared.report, "json", lang="en"))
    track = json.loads(json.dumps(tracking.track(prepared.assessment, past), default=str))
    track["replayed"].pop("frozen_on")  # a fact about the rules, not about the market

    assert later_than(report, day) == []
    assert later_than(track, day) == []
    assert entries
    assert later_than(entries, day) == []


# --- statements registered beforehand ---------------------------------------------------------


def told(assessment: Any, **changes: Any) -> dict[str, Any]:
    """A sealed statement about 2024, as ``register`` writes it."""
    rule = {name: getattr(Withdrawal(), name) for name in Withdrawal.__slots__}
    return {
        "kind": "registered", "label": registering.FORWARD, "preset": "cautious",
        "from": "2024-01-02", "until": "2024-12-31", "registered_at": "2023-12-29T15:00:00+00:00",
        "rule": registering.rule_of(assessment.config), "withdrawal": rule, "entry_hash": "c0ffee",
        **changes,
    }  # fmt: skip


def test_a_sealed_rule_is_judged_over_its_own_sessions(world: Any) -> None:
    """2024 whole: 252 sessions, holding from the first open to the last close, less one fill."""
    assessment = world[0].assessment
    found = judging.judged(assessment, told(assessment), ())
    so_far = found["so_far"]
    days = assessment.features.sessions_on
    lines = registering.decision_lines(days, assessment.evaluation)
    inside = [line for line in lines if line[:4] == "2024"]
    holding = so_far["yardsticks"]["holding"]["final_equity"]

    assert found["state"] == "over"
    assert (so_far["first_on"], so_far["last_on"]) == ("2024-01-02", "2024-12-31")
    assert so_far["sessions"] == len(inside) == 252
    assert so_far["decisions_hash"] == registering.digest_of(inside)
    # 134.29 over 49.244, splits undone, less half a spread of 10 bp; dividends are next to nothing.
    assert holding == pytest.approx(134.29 / 49.244 * 0.9995, rel=2e-3)
    assert 0 < so_far["figures"]["total_pct"] < 100 * (holding - 1)
    assert so_far["skills"]["fall_10"]["n"] == 252


def test_a_period_may_be_ahead_running_or_of_another_rule(world: Any) -> None:
    assessment = world[0].assessment
    running = judging.judged(assessment, told(assessment, until="2025-12-31"), ())
    ahead = judging.judged(assessment, told(assessment, **{"from": "2025-03-04"}), ())
    other = {**registering.rule_of(assessment.config), "decision.exit_below": -0.9}
    changed = judging.judged(assessment, told(assessment, rule=other), ())

    assert running["state"] == "running"
    assert running["so_far"]["last_on"] == AS_OF
    assert (ahead["state"], ahead["so_far"]) == ("not begun", None)
    assert (changed["state"], changed["so_far"]) == ("changed", None)
    assert judging.in_short(ahead).total_pct is None
    assert judging.in_short(running).sessions == running["so_far"]["sessions"]


def test_a_rule_ends_by_what_was_written_and_not_before_its_sessions(world: Any) -> None:
    """Cash never falls, so a rule that may not fall deeper than cash ends, once it is asked."""
    from engine.report.i18n import voice

    prepared, past, _ = world
    assessment = prepared.assessment
    rule = {**told(assessment)["withdrawal"], "fall_deeper_than": "cash"}
    ended = judging.judged(assessment, told(assessment, withdrawal=rule), ())
    early = told(assessment, withdrawal=rule, **{"from": "2024-10-01"})
    few = judging.judged(assessment, early, ())

    assert ended["so_far"]["sessions"] >= 126 > few["so_far"]["sessions"]
    assert (ended["state"], few["state"]) == ("withdrawn", "over")
    assert ended["so_far"]["withdrawn"] == ["fell deeper than holding"]
    assert [look["sessions"] for look in ended["so_far"]["looks"]] == [126, 252]
    assert few["so_far"]["looks"] == []
    assert judging.in_short(ended).ended_on == date(2024, 7, 2)
    assert judging.in_short(ended).met == ("fell deeper than holding",)
    found = {"as_of": assessment.world.as_of, "strategy": "cautious"}
    found |= {**tracking.track(assessment, past), "registered": [ended, few]}
    from engine.report.forms.text import render_text
    from engine.report.record_page import page_of

    text = " ".join(render_text(page_of(found, voice("en"))).split())
    assert "Withdrawn by the rule written before, on Jul 2, 2024: it fell deeper" in text
    assert "Asked after every 126 sessions and after the last." in text


def test_the_rule_is_asked_at_fixed_sessions_and_by_what_was_known_then(world: Any) -> None:
    """Earlier looks are the same when the period has gone on; the last session is a look too."""
    assessment = world[0].assessment
    long = told(assessment, until="2025-12-31")
    running = judging.measure(assessment, long).looks
    whole = judging.measure(assessment, told(assessment, until="2025-03-01")).looks  # a Saturday
    earlier = world_as_of(assessment, "2024-10-01")
    before = judging.measure(earlier, long).looks

    assert [look.sessions for look in running] == [126, 252]
    assert [look.sessions for look in whole] == [126, 252, 291]
    assert whole[-1].on == date(2025, 2, 28)
    assert before == running[:1]
    assert before[0].excess_high_pct is not None
    assert judging.judged(assessment, told(assessment, until="2025-03-01"), ())["state"] == "over"
    assert [judging.next_look(126, n) for n in (0, 125, 126, 300)] == [126, 126, 252, 378]


def world_as_of(assessment: Any, day: str) -> Any:
    """What was assessed, had it been on ``day``."""
    config, at = assessment.config, parse_as_of(day)
    return wiring.assess(
        wiring.world_of(assessment.world.history, config, at), config, ratings=(), version="test"
    )


def test_what_was_met_once_stays_met(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look meets the rule and the second does not: it has ended."""
    assessment, real = world[0].assessment, judging._look

    def once(assessment: Any, window: Any, sealed: Any, n: int) -> judging.Look:
        met = ("fell deeper than holding",) if n == 126 else ()
        return replace(real(assessment, window, sealed, n), met=met)

    monkeypatch.setattr(judging, "_look", once)
    found = judging.judged(assessment, told(assessment), ())

    assert found["state"] == "withdrawn"
    assert [bool(look["met"]) for look in found["so_far"]["looks"]] == [True, False]


def test_live_mornings_that_said_otherwise_than_the_replay_are_counted(world: Any) -> None:
    prepared, past, _ = world
    assessment = prepared.assessment
    turned = [
        {**entry, "decision": "SELL" if entry["decision"] == "HOLD" else "HOLD"}
        for entry in past[:3]
    ]
    period = told(assessment, **{"from": past[0]["acts_on"], "until": past[-1]["acts_on"]})
    found = judging.judged(assessment, period, [*turned, *past[3:]])
    outside = judging.judged(assessment, told(assessment, until="2024-01-31"), past)

    assert found["said_otherwise"] == {"live": 40, "otherwise": 3}
    assert outside["said_otherwise"] == {"live": 0, "otherwise": 0}


def test_below_thirty_outcomes_a_chance_has_a_number_and_no_rate(world: Any) -> None:
    """Of the last forty sessions known, nineteen windows of 21 are over."""
    assessment = world[0].assessment
    rows = np.zeros(len(assessment.features.sessions_on), dtype=bool)
    rows[-40:] = True
    found = judging.skills_of(assessment.outlook, rows)["fall_10"]

    assert 0 < found["n"] < LEAST
    assert found["n"] + found["void"] == 40
    assert found["brier"] is found["skill"] is found["came"] is None
