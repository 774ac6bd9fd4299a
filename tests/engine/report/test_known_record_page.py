"""Known answers of the track record in words: each figure stands where its name says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from engine.report.forms.text import render_text
from engine.report.i18n import voice
from engine.report.record_page import page_of

EN = voice("en")


def outcomes(**changes: Any) -> dict[str, Any]:
    given = {
        "expires_after_sessions": 21, "n": 30, "open": 4, "void": 1, "share_right": 0.6,
        "share_right_interval": (0.4, 0.77), "share_always_hold": 0.55,
    }  # fmt: skip
    return given | changes


def chance(**changes: Any) -> dict[str, Any]:
    given = {
        "event": "fall_10", "within_sessions": 21, "n": 40, "open": 3, "void": 0, "brier": 0.181,
        "brier_base_rate": 0.2, "skill": 0.09, "skill_interval": (-0.01, 0.2),
        "reliability": [{"said": 0.07, "came": 0.05}, {"said": 0.25, "came": 0.31}],
    }  # fmt: skip
    return given | changes


FEW = chance(event="stands", within_sessions=5, n=7, open=5, void=2, brier=None)
LOOKS = [{"on": "2025-10-01", "met": []}, {"on": "2025-12-01", "met": ["growth below its mix"]}]


def so_far(**changes: Any) -> dict[str, Any]:
    mix = {
        "final_equity": 1.1, "rule_excess_cagr_pct": 1.5,
        "rule_excess_cagr_interval_pct": (-3.0, 4.5),
    }  # fmt: skip
    given = {
        "yardsticks": {"mix": mix, "held": {"final_equity": 1.25, "max_drawdown_pct": -30.2}},
        "figures": {"total_pct": 4.2, "fall_pct": -31.0}, "sessions": 64,
        "last_on": "2025-12-02", "withdrawn": [], "looks": LOOKS[:1],
        "skills": {"fall_10": {"skill": 0.05, "skill_interval": (-0.1, 0.2)}},
    }  # fmt: skip
    return given | changes


def sealed(**changes: Any) -> dict[str, Any]:
    given = {
        "registered_at": "2025-08-01T12:00:00+00:00", "from": "2025-09-02", "until": "2026-09-01",
        "label": "first", "entry_hash": "abcdef0123456789", "state": "open", "so_far": so_far(),
        "said_otherwise": {"live": 12, "otherwise": 2},
        "withdrawal": {
            "excess_over": "mix", "fall_deeper_than": "held", "sessions": 63,
            "fall_deeper_by_points": 5.0, "chance_sessions": 126,
        },
    }  # fmt: skip
    return given | changes


def told(**replayed: Any) -> list[str]:
    """The page's lines, those of its rules left out."""
    registered = replayed.pop("registered", [])
    days = [
        {"session_on": date(2025, 1, 27), "decision": "REDUCE", "return_pct": -17.0,
         "target_weight": 0.5, "score": -0.11, "chance_of_fall": 0.31},
        {"session_on": date(2025, 4, 3), "decision": "SELL", "return_pct": -7.8,
         "target_weight": 0.25, "score": 0.02, "chance_of_fall": None},
    ]  # fmt: skip
    found = {
        "strategy": "balanced", "as_of": date(2025, 8, 22), "registered": registered,
        "live": {"outcomes": outcomes(n=3, share_right=None), "chances": []},
        "replayed": {
            "outcomes": outcomes(), "chances": [], "distribution": None, "foresight": [],
            "worst_days": days,
        } | replayed,
    }  # fmt: skip
    lines = render_text(page_of(found, EN), width=200).splitlines()
    return [" ".join(line.replace("─", "").split()) for line in lines if line]


HEAD = [
    "Track record of balanced, as of Aug 22, 2025",
    "Live",
    "Verdicts after 21 sessions: 3 over, 4 open, 1 void. Too few for a rate.",
    "Replayed",
    "Verdicts after 21 sessions: 30 over, 4 open, 1 void. Right 60% (40% to 77% if they were "
    "independent, which they are not); always HOLD: 55%.",
]
WORST = [
    "What the rules say of the mornings of the worst ten sessions (replayed)",
    "day decision NVDA share kept score chance of a fall of 10%",
    "Jan 27, 2025 REDUCE -17.0% 50% -0.11 31%",
    "Apr 3, 2025 SELL -7.8% 25% +0.02 not observed",
]


def test_a_record_without_chances_is_its_verdicts_and_its_worst_days() -> None:
    assert told() == [*HEAD, *WORST]


def test_chances_have_their_counts_and_scores() -> None:
    """What is void has a column where there is any; too few outcomes have no score."""
    event = "a fall of 10% within 21 sessions"
    scored = f"{event}: 7% → 5% ; 25% → 31%"
    assert told(chances=[chance(), FEW]) == [
        *HEAD,
        "chance of over open void Brier base rate skill",
        f"{event} 40 3 0 0.181 0.200 +0.09 (-0.01 to +0.20)",
        "the same said 5 sessions later 7 5 2 too few for a rate",
        "Said, and how often it then came",
        scored,
        *WORST,
    ]
    assert told(chances=[chance(skill_interval=None)])[len(HEAD) :] == [
        "chance of over open Brier base rate skill",
        f"{event} 40 3 0.181 0.200 +0.09",
        "Said, and how often it then came",
        scored,
        *WORST,
    ]
    assert told(chances=[FEW | {"void": 0}])[len(HEAD) :] == [
        "chance of over open Brier base rate skill",
        "the same said 5 sessions later 7 5 too few for a rate",
        *WORST,
    ]


@pytest.mark.parametrize(("low", "skill"), [(-0.01, "+0.030 (-0.010 to +0.070)"), (None, "+0.030")])
def test_the_forecast_of_a_month_stands_under_the_replay(low: float | None, skill: str) -> None:
    month = {
        "skill": 0.03, "low": low, "high": 0.07, "n": 500, "coverage": 0.893, "crps": 0.0512,
        "crps_of_base": 0.0528,
    }  # fmt: skip
    assert told(distribution=month, foresight=["Prices were in view."]) == [
        *HEAD,
        "Forecast of the month, 500 times: its 90% interval held 89.3%; CRPS 0.0512, of the past "
        f"alone 0.0528, skill {skill}.",
        "Prices were in view.",
        *WORST,
    ]


SEAL = "Sealed on Aug 1, 2025 for Sep 2, 2025 to Sep 1, 2026 (first), abcdef012345"
ENDS = (
    "What ends it: growth surely below its constant mix; a fall more than 5% deeper than of "
    "holding; from session 126 on, chances of a fall surely worse than the base rate."
)


def statement(**changes: Any) -> list[str]:
    return told(registered=[sealed(**changes)])[len(HEAD) + len(WORST) :]


def test_a_statement_under_way_has_what_came_so_far() -> None:
    """A mix of 1.1 has gained 10 %, holding of 1.25 a quarter."""
    lines = [
        "Registered beforehand",
        SEAL,
        "64 sessions to Dec 2, 2025: +4.2%, constant mix +10.0%, holding +25.0%.",
        "A year above its constant mix: +1.5 points (-3.0 to +4.5).",
        "Deepest fall -31.0%, of holding -30.2%; skill of its 10% fall: +0.05 (-0.10 to +0.20).",
        "Live mornings: 12, of another verdict than this replay: 2.",
        f"{ENDS} Asked 1 time, not met.",
    ]
    assert " ".join(statement()) == " ".join(lines)
    asked = statement(so_far=so_far(looks=[]))
    assert " ".join(asked).endswith(f"{ENDS} Asked after every 63 sessions and after the last.")


def test_a_statement_has_too_few_sessions_or_outcomes_at_first() -> None:
    mix = so_far()["yardsticks"]["mix"] | {"rule_excess_cagr_interval_pct": None}
    held = so_far()["yardsticks"]["held"]
    for skills, skill in (
        ({}, "too few outcomes"),
        ({"fall_10": {"skill": None}}, "too few outcomes"),
        ({"fall_10": {"skill": 0.05, "skill_interval": None}}, "+0.05"),
    ):
        early = so_far(yardsticks={"mix": mix, "held": held}, skills=skills)
        lines = statement(so_far=early)
        assert lines[3] == "A year above its constant mix: too few sessions."
        assert lines[4].endswith(f"skill of its 10% fall: {skill}.")


def test_a_statement_that_has_not_begun_or_was_changed_says_so() -> None:
    assert " ".join(statement(so_far=None)) == (
        f"Registered beforehand {SEAL} Not begun. {ENDS} Asked after every 63 sessions and after "
        "the last."
    )
    assert statement(state="changed") == [
        "Registered beforehand",
        SEAL,
        "The rule has been changed since; what is sealed there is not judged here.",
    ]


def test_a_statement_that_was_ended_names_what_was_met_and_when() -> None:
    """On the first look that met it, not the first of all."""
    met = ["growth below its constant mix", "fell deeper than holding"]
    last = statement(so_far=so_far(looks=LOOKS, withdrawn=met))[-1]
    assert last == (
        "! Withdrawn by the rule written before, on Dec 1, 2025: its growth is below that of its "
        "constant mix; it fell deeper than holding."
    )
