"""Known answers of the house: what is due, what came of what was said, what a file may say."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import numpy as np
import pytest

from config.settings import ScheduleSettings
from engine.decision.risk import Chance
from engine.errors import DataError, InputError, NvsignalError
from engine.macro.sessions import load_sessions
from engine.record.history import History
from engine.record.readings import ACTIONS, BARS
from engine.record.store import JobRun, Store
from engine.service import derived, doctor, history, ics, importing, judging, registering, tracking
from engine.service.channels import missing_reports
from engine.service.doctor import Finding
from engine.service.importing import import_actions, import_events, import_rates, splits_undone
from engine.service.kept import decoded, encoded, key_of, remembered
from engine.service.logs import Redactor, open_log, secrets_of
from engine.service.risks import history_of_file
from engine.service.schedule import (
    RunKey,
    collect_slot,
    due,
    last_collect,
    next_runs,
    report_at,
    retry_pause,
)
from engine.service.sweeping import spread
from engine.values import Observed
from tests.builders import make_bar, make_event, make_fact, make_split

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)  # a Tuesday, 08:30 in New York
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
SETTINGS = ScheduleSettings()
SESSIONS = load_sessions(date(2026, 10, 1), date(2026, 12, 31))
TODAY = date(2026, 11, 24)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as opened:
        yield opened


# --- the schedule ---------------------------------------------------------------------------------


def run(job: str = "report", at: datetime = NOW, status: Any = "done", **changes: Any) -> JobRun:
    given: dict[str, Any] = {
        "started_at": at, "finished_at": at, "owner": "h:1", "attempts": 1, "detail": "",
    }  # fmt: skip
    return JobRun(job=job, scheduled_for=at, status=status, **(given | changes))


def told(now: datetime, *runs: JobRun, **more: Any) -> list[tuple[str, datetime]]:
    polled = run("collect", now)
    found = due(now, [polled, *runs], SESSIONS, SETTINGS, **more)
    return [(key.job, key.scheduled_for) for key in found]


def test_a_report_is_due_from_its_minute_on() -> None:
    assert told(NOW - SECOND) == []
    assert told(NOW) == [("report", NOW)]
    assert told(NOW, run()) == []
    assert told(NOW - 30 * MINUTE, ahead=30 * MINUTE) == [("report", NOW)]
    assert told(NOW - 30 * MINUTE - SECOND, ahead=30 * MINUTE) == []


def test_a_report_knows_no_more_than_its_decision_instant() -> None:
    """Reports at 09:00 decide by 08:30; one that is made early knows what is known by then."""
    late = ScheduleSettings(report_at="09:00")
    (key,) = due(NOW + 40 * MINUTE, [run("collect", NOW + 40 * MINUTE)], SESSIONS, late)
    assert key == RunKey(job="report", scheduled_for=NOW + 30 * MINUTE, acts_on=TODAY, as_of=NOW)
    early = ScheduleSettings(report_at="08:00")
    at = NOW - 30 * MINUTE
    (key,) = due(NOW, [run("collect", NOW)], SESSIONS, early)
    assert key.as_of == at
    before = NOW - 10 * MINUTE
    (key,) = due(before, [run("collect", before)], SESSIONS, SETTINGS, ahead=30 * MINUTE)
    assert key.as_of == before


def test_five_sessions_are_made_up_for_and_none_before_the_first() -> None:
    """Since 10 November nothing was made: of ten sessions the last six, today's among them."""
    old = run(at=datetime(2026, 11, 10, 13, 30, tzinfo=UTC))
    days = [at.date().day for _, at in told(NOW, old)]
    assert days == [17, 18, 19, 20, 23, 24]
    assert len(told(NOW)) == 1
    recent = run(at=datetime(2026, 11, 20, 13, 30, tzinfo=UTC))
    assert [at.date().day for _, at in told(NOW, recent)] == [23, 24]


@pytest.mark.parametrize(
    ("status", "ago", "attempts", "again"),
    [
        ("running", timedelta(0), 1, True),
        ("failed", 2 * MINUTE - SECOND, 1, False),
        ("failed", 2 * MINUTE, 1, True),
        ("failed", 4 * MINUTE - SECOND, 2, False),
        ("failed", 4 * MINUTE, 2, True),
        ("failed", -SECOND, 1, True),  # a clock that went back
        ("done", timedelta(days=1), 1, False),
    ],
)
def test_a_run_that_failed_is_left_alone_for_its_pause(
    status: str, ago: timedelta, attempts: int, again: bool
) -> None:
    failed = run(status=status, attempts=attempts, finished_at=NOW - ago)
    assert bool(told(NOW, failed)) is again


def test_pauses_double_from_two_minutes_to_an_hour() -> None:
    minutes = [retry_pause(n) / MINUTE for n in (0, 1, 2, 3, 4, 5, 6, 7, 99)]
    assert minutes == [2, 2, 4, 8, 16, 32, 60, 60, 60]


def test_feeds_are_asked_on_a_grid_and_once_before_the_report() -> None:
    def slot(hour: int, minute: int) -> str:
        at = datetime(2026, 11, 24, hour, minute, tzinfo=UTC)
        return f"{collect_slot(at, SESSIONS, SETTINGS):%H:%M}"

    assert [slot(13, m) for m in (0, 19, 20, 29, 30, 31)] == [
        "13:00", "13:00", "13:20", "13:20", "13:30", "13:30",
    ]  # fmt: skip
    sunday = datetime(2026, 11, 22, 13, 25, tzinfo=UTC)
    assert f"{collect_slot(sunday, SESSIONS, SETTINGS):%H:%M}" == "13:00"
    assert last_collect(TODAY, SETTINGS) == NOW - 10 * MINUTE
    assert report_at(TODAY, SETTINGS) == NOW


def test_a_round_is_due_once_a_slot() -> None:
    at = NOW + 5 * MINUTE
    made = run()

    def collects(*runs: JobRun) -> int:
        return len(due(at, [made, *runs], SESSIONS, SETTINGS))

    assert collects() == 1
    assert collects(run("collect", NOW)) == 0
    assert collects(run("collect", NOW - MINUTE)) == 1
    assert collects(run("collect", NOW, "running")) == 1
    assert collects(run("collect", NOW, "failed", finished_at=at - MINUTE)) == 0
    assert collects(run("collect", at + MINUTE)) == 1  # of a clock that was ahead


def test_what_comes_next() -> None:
    """The round ten minutes before a report lies between two of the grid."""

    def coming(at: datetime) -> list[str]:
        found = next_runs(at, SESSIONS, SETTINGS)
        return [f"{found[job]:%d %H:%M}" for job in ("collect", "report")]

    assert coming(NOW - 11 * MINUTE) == ["24 13:20", "24 13:30"]
    assert coming(NOW - 10 * MINUTE) == ["24 13:30", "24 13:30"]
    assert coming(NOW) == ["24 14:00", "25 13:30"]
    assert coming(NOW - SECOND) == ["24 13:30", "24 13:30"]


def test_a_report_that_failed_twice_in_two_days_is_told(tmp_path: Path) -> None:
    def missing(ago: timedelta, times: int, status: Any = "failed") -> int:
        where = tmp_path / f"{times}.{ago.total_seconds():.0f}.{status}.db"
        with Store.open(f"sqlite:///{where}") as store:
            at, any_age = NOW - ago, timedelta(days=-999)
            for _ in range(times):
                store.claim("report", at, "h:1", at, retry_after=any_age)
                store.finish("report", at, "h:1", at, status=status, detail="why")
            return len(missing_reports(store, NOW))

    two_days = timedelta(days=2)
    assert [missing(MINUTE, 1), missing(MINUTE, 2), missing(MINUTE, 1, "done")] == [0, 1, 0]
    assert [missing(two_days - SECOND, 2), missing(two_days, 2)] == [1, 0]


# --- what was said and what came ------------------------------------------------------------------


def test_a_move_is_that_of_the_twenty_one_sessions_after_the_row() -> None:
    """Row t knows the session before it: its move sums rows t + 1 to t + 21."""
    steps = np.zeros(45)
    steps[5] = math.log(1.1)
    found = tracking.moves_of(steps)
    assert np.isnan(found[24:]).all()
    assert [t for t in range(24) if found[t] != 0] == [0, 1, 2, 3, 4]
    assert found[0] == pytest.approx(0.1)
    steps[30] = np.nan
    assert np.isnan(tracking.moves_of(steps)[9:24]).all()
    assert not np.isnan(tracking.moves_of(steps)[8])


def calls(*given: tuple[str, float, bool]) -> dict[str, Any]:
    return tracking.outcomes(given)


def test_a_verdict_is_right_by_the_sign_and_told_from_thirty_on() -> None:
    few = calls(
        ("HOLD", 0.1, True), ("HOLD", -0.1, True), ("SELL", -0.1, True), ("SELL", 0.2, True),
        ("HOLD", 0.0, True), ("HOLD", math.nan, True), ("HOLD", 0.3, False),
    )  # fmt: skip
    assert [few[k] for k in ("n", "open", "void", "right")] == [4, 1, 2, 2]
    assert few["share_right"] is few["share_right_interval"] is few["share_always_hold"] is None
    assert few["expires_after_sessions"] == 21
    thirty = calls(*[("HOLD", 0.1, True)] * 20, *[("SELL", 0.1, True)] * 10)
    assert thirty["share_right"] == pytest.approx(2 / 3)
    assert thirty["share_always_hold"] == 1.0
    low, high = thirty["share_right_interval"]
    assert low < 2 / 3 < high
    assert calls(*[("HOLD", 0.1, True)] * 29)["share_right"] is None


def said(chance: float, came: float, *, void: bool = False) -> tracking.Statement:
    return tracking.Statement(
        event="fall_10", on=TODAY, chance=chance, base=0.5, came=came, within_sessions=21, void=void
    )


def test_a_chance_is_scored_from_thirty_outcomes_on() -> None:
    """Said 0.8, came 1 each time: Brier 0.04 against 0.25 of the base rate."""
    still = [said(0.8, math.nan), said(0.8, math.nan, void=True)]
    few = tracking.scored("fall_10", [said(0.8, 1.0)] * 29 + still)
    assert [few[k] for k in ("n", "open", "void", "brier")] == [29, 1, 1, None]
    full = tracking.scored("fall_10", [said(0.8, 1.0)] * 30 + still)
    assert full["brier"] == pytest.approx(0.04)
    assert full["brier_base_rate"] == pytest.approx(0.25)
    assert full["skill"] == pytest.approx(0.84)
    assert (full["came_share"], full["within_sessions"]) == (1.0, 21)
    assert full["reliability"] == [{"said": pytest.approx(0.8), "came": 1.0, "n": 30}]
    short = tracking._in_short("live", "fall_10", [said(0.8, 1.0)] * 30 + still)
    assert (short.event, short.fall_pct, short.n, short.open, short.void) == (
        "fall",
        10.0,
        30,
        1,
        1,
    )
    assert (short.said, short.came, short.brier) == pytest.approx((0.8, 1.0, 0.04))
    assert short.brier_base_rate == pytest.approx(0.25)
    none = tracking._in_short("live", "stands", [said(0.8, 1.0)] * 29)
    assert (none.event, none.fall_pct, none.said, none.reliability) == ("stands", None, None, ())


def chance(values: Sequence[float], outcome: Sequence[float], horizon: int = 2) -> Chance:
    made = np.array(values)
    return Chance(
        horizon=horizon, chance=made, base=np.full(made.size, 0.3), model=made,
        weight=np.full(made.size, 0.5), outcome=np.array(outcome), scored=np.arange(made.size),
    )  # fmt: skip


DAYS = [date(2026, 11, d) for d in (16, 17, 18, 19, 20, 23)]


def test_replayed_chances_are_void_where_their_window_is_over_without_an_outcome() -> None:
    """Six days, windows of two: row t is over when t + 2 <= 4."""
    nan = math.nan
    falls = chance([0.1, nan, 0.3, 0.4, 0.5, 0.6], [nan, 1.0, 0.0, nan, nan, nan])
    outlook = Thing(stands=chance([nan] * 6, [nan] * 6), falls={10.0: falls})
    found = tracking.replayed(outlook, DAYS)  # type: ignore[arg-type]
    assert [(s.event, s.on.day, s.chance, s.void) for s in found] == [
        ("fall_10", 16, 0.1, True),
        ("fall_10", 18, 0.3, False),
        ("fall_10", 19, 0.4, False),
        ("fall_10", 20, 0.5, False),
        ("fall_10", 23, 0.6, False),
    ]
    assert (found[1].base, found[1].came, found[1].within_sessions) == (0.3, 0.0, 2)


def entry(day: int, stance: str | None, **told: Any) -> dict[str, Any]:
    given = {"within_sessions": 2, "chance": 0.6, "base": 0.5} | told
    return {
        "acts_on": f"2026-11-{day}", "stance": stance, "decision": "HOLD", "chances": [given],
    }  # fmt: skip


def test_live_chances_resolve_by_the_stance_so_many_sessions_on() -> None:
    outlook = Thing(falls={10.0: chance([0.1] * 6, [1.0, 0.0, 1.0, math.nan, math.nan, math.nan])})
    assessment: Any = Thing(features=Thing(sessions_on=DAYS), outlook=outlook)
    stands = {"event": "stands"}
    past = [
        entry(16, "HOLD", **stands), entry(17, "HOLD", event="fall", fall_pct=10.0),
        entry(18, "HOLD", **stands), entry(19, "SELL", event="fall", fall_pct=7.0),
        entry(20, "SELL", **stands), entry(21, "HOLD", **stands),
    ]  # fmt: skip
    found = tracking.live(assessment, past)
    came = [None if math.isnan(s.came) else s.came for s in found]
    assert came == [1.0, 0.0, 0.0, None, None, None]
    assert [s.void for s in found] == [False, False, False, True, False, True]
    assert [s.event for s in found] == [
        "stands", "fall_10", "stands", "fall_7", "stands", "stands",
    ]  # fmt: skip


def test_ten_worst_sessions_are_told_the_worst_first() -> None:
    """Row t knows the session before it, so the move of session t stands in row t + 1."""
    n = 15
    steps = np.full(n, 0.01)
    steps[4], steps[9], steps[12] = math.log(0.8), math.log(0.9), np.nan
    days = [date(2026, 1, 1) + timedelta(days=d) for d in range(n)]
    weight = np.linspace(0, 1, n)
    evaluation = Thing(target_weight=weight, score=-weight, invested=np.ones(n, bool))
    assessment: Any = Thing(
        features=Thing(sessions_on=days, values={"nvda_return": steps}),
        evaluation=evaluation, outlook=Thing(falls={10.0: chance([0.2] * n, [0.0] * n)}),
        config=Thing(blend=Thing(rule=None)),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.decision.outlook.stance_of", lambda e, rule, t: f"row {t}")
        found = tracking.worst_days(assessment)
    assert [(w.session_on, w.decision) for w in found[:2]] == [
        (days[3], "row 3"),
        (days[8], "row 8"),
    ]
    assert found[0].return_pct == pytest.approx(-20.0)
    assert (found[0].target_weight, found[0].score) == (weight[3], -weight[3])
    assert found[0].chance_of_fall == 0.2
    assert len(found) == 10


# --- statements sealed beforehand -----------------------------------------------------------------

RULE: Mapping[str, Any] = {
    name: getattr(registering.Withdrawal(), name) for name in registering.Withdrawal.__slots__
}
FINE: dict[str, Any] = {
    "sessions": 504, "excess_high_pct": 0.0, "fall_pct": -22.0, "holding_fall_pct": -20.0,
    "skill_high": 0.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        ({}, 0),
        ({"excess_high_pct": -1e-9}, 1),
        ({"excess_high_pct": None}, 0),
        ({"fall_pct": -22.001}, 1),
        ({"skill_high": -1e-9}, 1),
        ({"skill_high": -1e-9, "sessions": 503}, 0),
        ({"skill_high": None}, 0),
        ({"excess_high_pct": -1.0, "sessions": 126}, 1),
        ({"excess_high_pct": -1.0, "sessions": 125}, 0),
        ({"excess_high_pct": -1.0, "fall_pct": -30.0, "skill_high": -1.0}, 3),
    ],
)
def test_each_condition_that_ends_a_rule_has_its_line(changes: dict[str, Any], met: int) -> None:
    assert len(registering.withdrawn(RULE, **(FINE | changes))) == met


def test_what_ends_a_rule_is_as_written() -> None:
    assert dict(RULE) == {
        "sessions": 126, "chance_sessions": 504, "excess_over": "constant_mix",
        "excess_interval_high_below_pct": 0.0, "fall_deeper_than": "holding",
        "fall_deeper_by_points": 2.0, "brier_skill_interval_high_below": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "until", "held_back", "fine"),
    [
        (date(2026, 11, 25), date(2027, 11, 24), False, True),
        (date(2026, 11, 24), date(2027, 11, 24), False, False),  # it begins today
        (date(2026, 11, 24), date(2026, 11, 24), True, True),
        (date(2026, 11, 25), date(2027, 11, 24), True, False),
        (date(2025, 10, 1), date(2026, 8, 20), True, True),
        (date(2025, 9, 30), date(2026, 8, 20), True, False),  # its prices were seen
        (date(2026, 11, 26), date(2026, 11, 25), False, False),
    ],
)
def test_a_period_is_ahead_or_held_back(
    first: date, until: date, held_back: bool, fine: bool
) -> None:
    if fine:
        registering.check_period(first, until, NOW, held_back=held_back)
        return
    with pytest.raises(InputError):
        registering.check_period(first, until, NOW, held_back=held_back)


def test_a_decision_is_sealed_to_six_decimals() -> None:
    evaluation = Thing(
        invested=[True, False], target_weight=[1.0, 0.0], score=[0.12345649, -0.5]
    )  # fmt: skip
    lines = registering.decision_lines(DAYS[:2], evaluation)
    assert lines == ["2026-11-16,HOLD,1.000000,0.123456", "2026-11-17,SELL,0.000000,-0.500000"]
    assert registering.digest_of(["a", "b"]) != registering.digest_of(["ab"])
    assert registering.breaks({"rule": (1, 2)})
    assert not registering.breaks({"config_hash": (1, 2)})


def statement(**changes: Any) -> dict[str, Any]:
    given = {
        "kind": "registered", "preset": "p", "label": "forward", "from": "2026-12-01",
        "until": "2027-11-30", "registered_at": NOW.isoformat(), "prices_seen_until": "2026-08-20",
        "withdrawal": dict(RULE), "rule": {}, "decisions": 1, "decisions_from": "2022-01-03",
        "decisions_hash": "a", "config_hash": "b", "record_hash": "c",
    }  # fmt: skip
    return {k: v for k, v in (given | changes).items() if v != "gone"}


@pytest.mark.parametrize(
    ("changes", "sound"),
    [
        ({}, True),
        *(({name: "gone"}, False) for name in (
            "kind", "preset", "label", "from", "until", "registered_at", "prices_seen_until",
            "withdrawal", "rule", "decisions", "decisions_from", "decisions_hash", "config_hash",
            "record_hash")),
        ({"kind": "other"}, False),
        ({"from": "soon"}, False),
        ({"registered_at": "soon"}, False),
        ({"until": 5}, False),
        ({"withdrawal": {}}, False),
        ({"withdrawal": dict(RULE) | {"excess_over": "nothing"}}, False),
        ({"withdrawal": dict(RULE) | {"fall_deeper_than": "nothing"}}, False),
        ({"withdrawal": []}, False),
    ],
)  # fmt: skip
def test_a_file_of_statements_has_everything_that_is_asked_later(
    tmp_path: Path, changes: dict[str, Any], sound: bool
) -> None:
    path = tmp_path / "s.json"
    path.write_text(registering.statement_text([statement(**changes)]), encoding="utf-8")
    if sound:
        assert registering.read_statements(path) == [statement(**changes)]
        return
    with pytest.raises(DataError):
        registering.read_statements(path)


def test_looks_are_every_half_year_and_after_the_last_session() -> None:
    """Until Friday 20 November; with 300 sessions priced up to that day there is one more look."""

    def looks(n: int, last: date, until: str = "2026-11-22") -> tuple[int, ...]:
        window: Any = Thing(market=range(n), last=last)
        return judging.looks_of(window, {"withdrawal": RULE, "until": until})

    friday, thursday = date(2026, 11, 20), date(2026, 11, 19)
    assert looks(300, thursday) == (126, 252)
    assert looks(300, friday) == (126, 252, 300)
    assert looks(252, friday) == (126, 252)
    assert looks(126, friday) == (126,)
    assert looks(125, friday) == ()
    assert [judging.next_look(126, n) for n in (0, 125, 126, 300)] == [126, 126, 252, 378]
    assert judging._last_session(date(2026, 11, 26)) == date(2026, 11, 25)  # Thanksgiving


def test_a_period_is_running_over_or_ended() -> None:
    told_ = {"until": "2026-11-22"}

    def state(last: date, withdrawn: tuple[str, ...] = ()) -> str:
        return judging._state(Thing(withdrawn=withdrawn, last_on=last), told_)  # type: ignore[arg-type]

    assert state(date(2026, 11, 19)) == "running"
    assert state(date(2026, 11, 20)) == "over"
    assert state(date(2026, 11, 20), ("x",)) == "withdrawn"


def test_live_mornings_that_said_otherwise_are_counted() -> None:
    assessment: Any = Thing(
        features=Thing(sessions_on=DAYS),
        evaluation=Thing(invested=np.array([True, True, False, False, True, True])),
    )
    found: Any = Thing(first_on=DAYS[1], last_on=DAYS[4])
    past = [
        {"acts_on": f"2026-11-{d}", "decision": v}
        for d, v in ((16, "SELL"), (17, "HOLD"), (18, "HOLD"), (19, "SELL"), (20, "SELL"),
                     (21, "SELL"), (23, "SELL"))
    ]  # fmt: skip
    assert judging.said_otherwise(assessment, found, past) == {"live": 4, "otherwise": 2}


def test_a_chance_is_scored_on_its_rows_and_void_where_nothing_can_be_told() -> None:
    nan = math.nan
    outlook: Any = Thing(
        stands=chance([0.5] * 40, [1.0] * 40), falls={10.0: chance([0.5] * 40, [nan] * 40)}
    )
    rows = np.zeros(40, bool)
    rows[5:37] = True
    outlook.stands.outcome[36] = nan
    found = judging.skills_of(outlook, rows)
    assert list(found) == ["stands"]
    assert (found["stands"]["n"], found["stands"]["void"]) == (31, 1)
    assert found["stands"]["within_sessions"] == 2
    assert (found["stands"]["came"], found["stands"]["brier"]) == (1.0, 0.25)
    few = judging.skills_of(outlook, rows & (np.arange(40) < 30))
    assert (few["stands"]["n"], few["stands"]["brier"]) == (25, None)


# --- files of the user ----------------------------------------------------------------------------


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "file.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_rate_is_known_on_the_next_business_morning_and_a_contract_after_the_close(
    store: Store, tmp_path: Path
) -> None:
    text = "date,series,value\n2026-11-20,DFF,3.63\n2026-11-20,ZQZ26,96.4\n2026-11-23,dgs2,3.5\n"
    found = import_rates(store, written(tmp_path, text), NOW)
    assert (found.n_rows, found.new, found.changed, found.unchanged) == (3, 3, 0, 0)
    assert (found.first_on, found.last_on) == (date(2026, 11, 20), date(2026, 11, 23))
    known = {f.key.split(":")[0]: f.known_at for f in store.facts(kinds=("observation",))}
    assert known["ZQZ26"] == datetime(2026, 11, 20, 21, 30, tzinfo=UTC)
    assert known["DFF"].date() == date(2026, 11, 23)
    assert known["DGS2"] <= NOW
    again = import_rates(store, written(tmp_path, text.replace("3.63", "3.64")), NOW)
    assert (again.new, again.changed, again.unchanged) == (0, 1, 2)


@pytest.mark.parametrize(
    "text",
    [
        "date,series,value\n2026-11-25,DFF,3.63\n",  # tomorrow
        "date,series,value\n2026-11-20,XXX,3.63\n",
        "date,series,value\n2026-11-20,DFF,99\n",
        "date,series,value\n2026-11-20,DFF,x\n",
        "date,series,value\nsoon,DFF,3\n",
        "day,series,value\n2026-11-20,DFF,3\n",
        "date,other\n2026-11-20,3\n",
        "date,series,value\n",
        "date,series,value\n2026-11-20,DFF,.\n",
    ],
)
def test_a_row_that_does_not_hold_refuses_the_file(store: Store, tmp_path: Path, text: str) -> None:
    with pytest.raises(NvsignalError):
        import_rates(store, written(tmp_path, text), NOW)
    assert store.facts() == [] or list(store.facts()) == []


def test_a_table_of_series_has_a_column_each(store: Store, tmp_path: Path) -> None:
    text = "observation_date,DGS2,dgs10_pct,note\n2026-11-20,3.5,.,x\n2026-11-23,-,4.1,y\n"
    found = import_rates(store, written(tmp_path, text), NOW)
    values = {f.key: f.payload["value"] for f in store.facts(kinds=("observation",))}
    assert sorted(values.values()) == [3.5, 4.1]
    assert found.n_rows == 2


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"kind": "split", "split_ratio": "10:1"}, [("split", 10.0)]),
        ({"kind": "split", "split_ratio": "3 : 2"}, [("split", 1.5)]),
        ({"action": "Split", "value": "4"}, [("split", 4.0)]),
        ({"kind": "dividend", "amount": "0.01"}, [("dividend", 0.01)]),
        ({"kind": "dividend", "amount_usd_as_paid": "0.16", "amount": "9"}, [("dividend", 0.16)]),
        ({"dividends": "0.01", "stock splits": "0.0"}, [("dividend", 0.01)]),
        ({"dividends": "0", "stock splits": "10"}, [("split", 10.0)]),
        ({"kind": "split", "split_ratio": "0:1"}, None),
        ({"kind": "split", "split_ratio": "10:0"}, None),
        ({"kind": "split", "split_ratio": "ten"}, None),
        ({"kind": "merger"}, None),
    ],
)
def test_an_action_is_a_ratio_or_an_amount(
    row: dict[str, str], told: list[tuple[str, float]] | None
) -> None:
    if told is not None:
        assert importing._actions(row, "f:2") == told
        return
    with pytest.raises(NvsignalError, match="f:2"):
        importing._actions(row, "f:2")


def test_an_action_is_known_from_its_declaration(store: Store, tmp_path: Path) -> None:
    text = (
        "ex_date,kind,amount,declared_on\n2026-09-10,dividend,0.01,2026-08-20\n"
        "2026-12-10,dividend,0.01,\n"
    )
    import_actions(store, written(tmp_path, text), "nvda", NOW)
    known = {f.payload["ex_on"]: f.known_at for f in store.facts(kinds=(ACTIONS.name,))}
    assert known["2026-09-10"] == datetime(2026, 8, 20, 4, tzinfo=UTC)
    assert known["2026-12-10"] == NOW  # told before its day


def test_an_event_without_an_hour_is_known_at_the_end_of_its_day(
    store: Store, tmp_path: Path
) -> None:
    text = (
        "date,time,event_type,headline\n2026-11-20,,export_restriction,barred\n"
        "2026-11-20,14:30,export_restriction,barred again\n"
    )
    found = import_events(store, written(tmp_path, text), NOW)
    assert found.n_rows == 2
    known = sorted(f.known_at for f in store.facts(kinds=("headline",)))
    assert known[0].date() == date(2026, 11, 20)
    assert known[1] >= datetime(2026, 11, 21, tzinfo=UTC)
    for row in (
        "2026-11-25,,export_restriction,x",
        "2026-11-20,,no_such_type,x",
        "2026-11-20,,export_restriction,",
    ):
        with pytest.raises(NvsignalError):
            import_events(store, written(tmp_path, f"date,time,event_type,headline\n{row}\n"), NOW)


@pytest.mark.parametrize(
    ("text", "symbol"),
    [("nvda", "NVDA"), (" ^vix ", "VIX"), ("BRK.B", "BRK.B"), ("A" * 12, "A" * 12)],
)
def test_a_symbol_is_as_the_record_names_it(text: str, symbol: str) -> None:
    assert importing.symbol_of(text) == symbol
    for wrong in ("", "1A", "A" * 13, "A B"):
        with pytest.raises(InputError):
            importing.symbol_of(wrong)


def bars(*closes: float, first: date = date(2024, 6, 6)) -> list[Any]:
    return [
        make_bar(first + timedelta(days=i), c, open=c, high=c, low=c, volume=100.0)
        for i, c in enumerate(closes)
    ]


def held(*facts: Any) -> History:
    return History(facts)


def split_fact(ex_on: date, value: float) -> Any:
    split = make_split(ex_on, value)
    early = datetime(2024, 1, 1, tzinfo=UTC)
    return make_fact(ACTIONS.name, f"NVDA:{ex_on}:split", payload=ACTIONS.payload(split),
                     occurred_at=early, known_at=early)  # fmt: skip


def test_a_split_worked_into_a_file_is_undone() -> None:
    """Without a step at the ex-date the past was divided; with one it was not."""
    ex_on = date(2024, 6, 8)
    record = held(split_fact(ex_on, 10.0))
    smooth, notes = splits_undone(bars(12.0, 12.1, 12.2, 12.3), record, NOW)
    assert [b.close for b in smooth] == [120.0, 121.0, 12.2, 12.3]
    assert (smooth[0].open, smooth[0].volume, smooth[2].volume) == (120.0, 10.0, 100.0)
    assert notes == ["adjusted for splits, undone: 10 for 1 of 2024-06-08"]
    stepped = bars(120.0, 121.0, 12.2, 12.3)
    assert splits_undone(stepped, record, NOW) == (tuple(stepped), [])
    after = bars(12.2, 12.3, first=ex_on)
    assert splits_undone(after, record, NOW) == (tuple(after), [])


def test_a_file_that_ends_before_the_split_is_judged_by_what_is_held() -> None:
    ex_on = date(2024, 6, 20)
    day = date(2024, 6, 6)
    early = datetime(2024, 6, 7, tzinfo=UTC)
    known = make_fact(BARS.name, f"NVDA:{day}", payload=BARS.payload(make_bar(day, 120.0)),
                      occurred_at=early, known_at=early)  # fmt: skip
    record = held(split_fact(ex_on, 10.0), known)
    undone, notes = splits_undone(bars(12.0, 12.1), record, NOW)
    assert [b.close for b in undone] == [120.0, 121.0]
    assert notes
    for close, fine in ((12.5, True), (12.7, False), (120.0, False)):  # within five per cent
        _, notes = splits_undone(bars(close), record, NOW)
        assert bool(notes) is fine


@pytest.mark.parametrize(
    ("ours", "theirs", "undone"),
    [
        (480.0, 480.0, ""),
        (480.0, 120.0, "4 for 1 of 2024-06-20"),  # downloaded between the two
        (480.0, 12.0, "4 for 1 of 2024-06-20, 10 for 1 of 2024-07-10"),
        (480.0, 48.0, ""),  # by the second alone: no site does that
    ],
)
def test_a_file_that_ends_before_two_splits_was_divided_by_the_first_ones(
    ours: float, theirs: float, undone: str
) -> None:
    day, early = date(2024, 6, 6), datetime(2024, 6, 7, tzinfo=UTC)
    known = make_fact(BARS.name, f"NVDA:{day}", payload=BARS.payload(make_bar(day, ours)),
                      occurred_at=early, known_at=early)  # fmt: skip
    splits = [split_fact(date(2024, 7, 10), 10.0), split_fact(date(2024, 6, 20), 4.0)]
    found, notes = splits_undone(bars(theirs), held(*splits, known), NOW)
    assert [b.close for b in found] == [ours if undone else theirs]
    assert notes == ([f"adjusted for splits, undone: {undone}"] if undone else [])


def test_a_split_inside_and_one_beyond_a_file_are_told_apart() -> None:
    """480 and 481 before the first, 120 and 121 after it; the last close is the one compared."""
    early = datetime(2024, 6, 7, tzinfo=UTC)
    days = [date(2024, 6, n) for n in (6, 7, 8, 9)]
    known = [
        make_fact(BARS.name, f"NVDA:{day}", payload=BARS.payload(make_bar(day, close)),
                  occurred_at=early, known_at=early)
        for day, close in zip(days, (480.0, 481.0, 120.0, 121.0), strict=True)
    ]  # fmt: skip
    record = held(split_fact(days[2], 4.0), split_fact(date(2024, 7, 10), 10.0), *known)
    whole, notes = splits_undone(bars(12.0, 12.025, 12.0, 12.1), record, NOW)
    assert [b.close for b in whole] == [480.0, 481.0, 120.0, 121.0]
    assert "4 for 1" in notes[0]
    assert "10 for 1" in notes[0]
    stepped, _ = splits_undone(bars(48.0, 48.1, 12.0, 12.1), record, NOW)
    assert [b.close for b in stepped] == [480.0, 481.0, 120.0, 121.0]
    as_traded = bars(480.0, 481.0, 120.0, 121.0)
    assert splits_undone(as_traded, record, NOW) == (tuple(as_traded), [])


POSITIONS = [date(2025, 1, d) for d in (6, 7, 8, 9)]


@pytest.mark.parametrize(
    ("rows", "weights"),
    [
        ("2025-01-07,1", [0, 1, 1, 1]),
        ("2025-01-01,0.5\n2025-01-08,0", [0.5, 0.5, 0, 0]),
        ("2025-01-06,-1\n2025-01-09,2", [-1, -1, -1, 2]),
        ("2025-01-10,1", None),
        ("2025-01-07,2.01", None),
        ("2025-01-07,-1.01", None),
        ("2025-01-07,nan", None),
        ("2025-01-07,x", None),
        ("soon,1", None),
        ("2025-01-07,1\n2025-01-07,0", None),
        ("2025-01-08,1\n2025-01-07,0", None),
        ("", None),
    ],
)
def test_a_weight_holds_from_its_date(
    tmp_path: Path, rows: str, weights: list[float] | None
) -> None:
    path = written(tmp_path, f"Date,Weight\n{rows}\n")
    if weights is not None:
        assert history.read_positions(path, POSITIONS).tolist() == weights
        return
    with pytest.raises(NvsignalError):
        history.read_positions(path, POSITIONS)


def test_a_day_of_an_option() -> None:
    assert history.parse_day(None, "--from") is None
    assert history.parse_day(" 2025-01-06 ", "--from") == date(2025, 1, 6)
    with pytest.raises(InputError, match="--from 'soon' is not a date"):
        history.parse_day("soon", "--from")


def test_sets_are_thinned_evenly_with_the_best_among_them() -> None:
    def chosen(total: int, best: int, most: int) -> list[int]:
        found: Any = Thing(job=Thing(sets=range(total)), best=best)
        return history.chosen_sets(found, most)

    assert chosen(5, 2, 5) == [0, 1, 2, 3, 4]
    assert chosen(101, 7, 5) == [0, 7, 25, 50, 75]
    assert chosen(101, 25, 5) == [0, 25, 50, 75]


def test_prices_of_a_file_are_known_a_row_later(tmp_path: Path) -> None:
    head = "Date,Open,High,Low,Close\n"
    own = tmp_path / "a.csv"
    own.write_text(f"{head}2025-01-06,100,110,90,105\n2025-01-07,107,120,100,110\n"
                   "2025-01-08,1,1,1,1\n")  # fmt: skip
    vix = tmp_path / "v.csv"
    vix.write_text(f"{head}2025-01-07,1,1,1,17\n")
    days, found = history_of_file(own, vix)
    assert [d.day for d in days] == [6, 7, 8]
    assert found.log_return[2] == pytest.approx(math.log(110 / 105))
    assert found.log_range[1:] == pytest.approx([math.log(110 / 90), math.log(120 / 100)])
    assert found.log_gap[2] == pytest.approx(math.log(107 / 105))
    assert np.isnan(found.log_return[:2]).all()
    assert np.isnan(found.vix[1])
    assert found.vix[2] == 17.0
    own.write_text("Date,Open,High,Low\n2025-01-06,1,1,1\n")
    with pytest.raises(InputError, match=r"a\.csv:2"):
        history_of_file(own, vix)


# --- logs, calendars, kept values -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("mailto://me:pw@e.org/x", "mailto://***@e.org/x"),
        ("https://e.org/?api_key=abc&b=1", "https://e.org/?api_key=***&b=1"),
        ("token=abc def", "token=*** def"),
        ('{"my_token": "abc", "a": "b"}', '{"my_token": "***", "a": "b"}'),
        ("Authorization: Bearer abcdefgh", "Authorization: ***"),
        ("sent bearer abcdefgh.ij", "sent bearer ***"),
        ("bearer short", "bearer short"),
        ("keyboard=1", "keyboard=1"),
        ("of s3cr and s3cret", "of *** and ***et"),
        ("of abc", "of abc"),
    ],
)
def test_a_line_of_the_log_holds_no_secret(text: str, safe: str) -> None:
    """Known secrets count from four letters on."""
    assert Redactor(("s3cr", "abc"))(text) == safe


def test_values_of_secret_variables_are_known() -> None:
    found = secrets_of(
        {
            "MY_TOKEN": "12345678", "API_KEY": "1234567", "PATH_KEY": "/home/x/key",
            "NVSIGNAL_DB": "postgresql://a", "NVSIGNAL_DB_URL": "sqlite:///a.db",
            "OTHER": "https://me:pw@e.org", "PLAIN": "12345678",
        }
    )  # fmt: skip
    assert set(found) == {"12345678", "postgresql://a", "https://me:pw@e.org"}
    assert len(found) == 3


def test_a_channels_address_is_hidden_in_its_parts() -> None:
    redact = Redactor(("slack://TokenAAAA/TokenBBBB/short", "mailto://me:p%40ss@mail.example.org"))
    assert redact("TokenAAAA TokenBBBB short") == "*** *** short"
    assert redact("p@ss p%40ss mail.example.org me") == "*** *** mail.example.org me"


def test_a_log_is_a_line_of_json_each() -> None:
    stream = io.StringIO()
    log = open_log(Redactor(), stream)
    log.info("sent", channel="mail", secret="token=abcdef")
    log.warning("late", n=1)
    log.error("bad", at=NOW)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["level"], line["event"]) for line in lines] == [
        ("info", "sent"), ("warning", "late"), ("error", "bad"),
    ]  # fmt: skip
    assert lines[0]["secret"] == "token=***"
    assert lines[1]["n"] == 1


def test_a_calendar_is_folded_and_escaped() -> None:
    assert ics.escape("a;b,c\\d\r\ne\x07") == "a\\;b\\,c\\\\d\\ne"
    assert ics.fold("a" * 75) == "a" * 75
    assert ics.fold("a" * 76) == "a" * 75 + "\r\n a"
    assert ics.fold("a" * 75 + "b" * 75) == "a" * 75 + "\r\n " + "b" * 74 + "\r\n b"
    assert ics.fold("a" * 74 + "é") == "a" * 74 + "\r\n é"
    day = ics.Day(uid="u", on=date(2026, 12, 31), summary="s", categories="c")
    text = ics.calendar_text([day, replace(day, categories="")], NOW, name="n")
    assert text.count("CATEGORIES:c\r\n") == 1
    assert "DTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270101\r\n" in text
    assert "DTSTAMP:20261124T133000Z\r\n" in text
    assert text.endswith("END:VCALENDAR\r\n")


def test_a_kept_file_counts_only_as_it_was_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "x.json"
    derived.keep_file(path, "v1", {"a": 1})
    assert derived.read_file(path, "v1") == {"a": 1}
    assert derived.read_file(path, "v2") is None
    path.write_text(path.read_text().replace("1}", "2}"))
    assert derived.read_file(path, "v1") is None
    assert derived.read_file(tmp_path / "none", "v1") is None


def test_a_memo_forgets_what_is_longest_unused(tmp_path: Path) -> None:
    path = tmp_path / "memo.json"
    first = derived.Memo(path, "v", most=2)
    for key in "ab":
        first.put(key, key.upper())
    first.save()
    second = derived.Memo(path, "v", most=2)
    assert (second.get("a"), second.get("x")) == ("A", None)
    written = path.read_bytes()
    path.write_text("as it was")
    second.save()  # nothing new: the file stays
    assert path.read_text() == "as it was"
    path.write_bytes(written)
    second.put("c", "C")
    second.save()
    third = derived.Memo(path, "v", most=2)
    assert [third.get(k) for k in "abc"] == ["A", None, "C"]
    assert derived.Memo(path, "other").get("a") is None
    path.write_text("as it was")
    third.save()
    second.save()  # it was saved
    assert path.read_text() == "as it was"


def test_sessions_kept_are_those_of_the_calendar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = derived.sessions_from(tmp_path)
    first, last = date(2026, 11, 20), date(2026, 11, 30)
    fresh = load_sessions(first, last, time(9, 0))
    assert load(first, last, time(9, 0)).on == fresh.on
    asked: list[Any] = []
    monkeypatch.setattr("engine.macro.sessions.read_schedule", lambda *a: asked.append(a))
    again = load(first, last, time(9, 0))
    assert again.on == fresh.on
    assert again.decide_at_us.tolist() == fresh.decide_at_us.tolist()
    assert load(date(2026, 1, 2), date(2027, 12, 31), time(9, 0)).on
    assert asked == []  # whole years round the span were kept


def test_values_come_back_as_they_were_kept(tmp_path: Path) -> None:
    event = make_event()
    value = {
        "event": event, 3: (1, 2.5, None, True, "x"), "on": TODAY, "at": NOW,
        "seen": Observed.NOT_OBSERVED,
    }  # fmt: skip
    assert decoded(json.loads(json.dumps(encoded(value)))) == value
    arrays = ([1.5, np.nan], [1, 2], [True, False], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    for array in map(np.array, arrays):
        back = decoded(json.loads(json.dumps(encoded(array))))
        assert back.dtype == array.dtype
        assert np.array_equal(back, array, equal_nan=array.dtype == np.float64)
    assert encoded(np.float64(1.5)) == 1.5
    for strange in (object(), np.array(["x"]), {1, 2}):
        with pytest.raises(DataError):
            encoded(strange)
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return 7

    key = key_of("a", 1)
    assert [remembered(tmp_path, key, "n", make) for _ in range(3)] == [7, 7, 7]
    assert remembered(tmp_path, key_of("a", 2), "n", make) == 7
    assert remembered(None, key, "n", make) == 7
    assert len(made) == 3


def test_twelve_kept_files_stay(tmp_path: Path) -> None:
    import os

    for n in range(15):
        remembered(tmp_path, key_of(n), "n", lambda n=n: n)  # type: ignore[misc]
        path = next(tmp_path.glob(f"morning-{key_of(n)[:32]}-n.json"))
        os.utime(path, (n, n))
    assert len(list(tmp_path.glob("*.json"))) == 12
    assert not list(tmp_path.glob(f"morning-{key_of(0)[:32]}*"))
    assert list(tmp_path.glob(f"morning-{key_of(14)[:32]}*"))


@pytest.mark.parametrize("workers", [0, 257])
def test_workers_are_one_to_two_hundred_and_fifty_six(workers: int) -> None:
    with pytest.raises(InputError):
        spread(lambda n: (int, n), [1], lambda n, r: None, workers)
    kept: list[tuple[int, int]] = []
    spread(lambda n: (pow, n, 2), [3, 4], lambda n, r: kept.append((n, r)))
    assert kept == [(3, 9), (4, 16)]


# --- the doctor -----------------------------------------------------------------------------------


def test_disks_that_are_nearly_full_are_named() -> None:
    low, full = doctor.LOW_DISK_BYTES, doctor.FULL_DISK_BYTES
    assert (low, full) == (1_000_000_000, 50_000_000)
    levels = [doctor.disk("d", Path("/d"), n).level for n in (low, low - 1, full, full - 1, 0)]
    assert levels == ["ok", "warning", "warning", "error", "error"]
    assert str(doctor.disk("d", Path("/d"), 2_460_000_000).message) == "/d: 2.5 GB free"


def test_the_worst_level_speaks() -> None:
    def worst(*levels: Any) -> str:
        return doctor.worst(Finding(level=v, check="c", message="m", remedy="") for v in levels)

    assert worst("ok", "warning", "error", "ok") == "error"
    assert worst("ok", "warning") == "warning"
    assert worst("ok") == worst() == "ok"
