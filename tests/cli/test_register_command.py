"""Statements sealed beforehand, and the held-back run, on SYNTHETIC prices after the frozen day."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import time_machine

from config.frozen import FROZEN_ON
from engine.cli.main import main
from engine.errors import InputError
from engine.service import registering
from engine.service.registering import Withdrawal, withdrawn
from tests.reference import frozen_config

NOW = datetime.fromisoformat("2026-03-02T15:00:00+00:00")
PERIOD = ("--from", "2025-10-01", "--until", "2026-01-30")

Say = Callable[..., Any]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Commands on a copy of the configuration and a record of their own, on 2026-03-02."""
    frozen_config(tmp_path / "config")
    shutil.rmtree(tmp_path / "config" / "registered")  # nothing is sealed yet
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NVSIGNAL_CONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("NVSIGNAL_DB", raising=False)
    # Rating every release takes seconds and is not what is tested here.
    monkeypatch.setattr("engine.service.wiring.rate_releases", lambda *args: ())

    def run(*args: str) -> Any:
        with time_machine.travel(NOW, tick=False), pytest.raises(SystemExit) as left:
            main(list(args))
        said = capsys.readouterr()
        if left.value.code:
            return left.value.code, said.err
        return json.loads(said.out) if "--json" in args else said.out

    return run


def add_synthetic_months(facts: Path, *, seed: int = 7) -> None:
    """SYNTHETIC prices and rates to 2026-01-30 at the end of the tables, named as such."""
    from engine.macro.sessions import load_sessions

    days = load_sessions(FROZEN_ON + timedelta(days=1), date(2026, 1, 30)).on
    rng = np.random.default_rng(seed)
    with (facts / "market_closes.csv").open(newline="", encoding="utf-8") as file:
        head, last = next(csv.reader(file)), file.readlines()[-1].strip().split(",")
    values = {name: float(x) for name, x in zip(head[1:9], last[1:9], strict=True)}
    with (facts / "market_closes.csv").open("a", encoding="utf-8") as file:
        for day in days:
            moves = np.exp(rng.normal(0, [0.02, 0.01, 0.01, 0.015, 0.05]))
            opened = values["nvda_close"] * float(np.exp(rng.normal(0, 0.005)))
            names = ("nvda_close", "spy_close", "qqq_close", "smh_close", "vix_close")
            for name, move in zip(names, moves, strict=True):
                values[name] *= float(move)
            high = max(opened, values["nvda_close"]) * 1.01
            low = min(opened, values["nvda_close"]) * 0.99
            row = [opened, high, low, *(values[n] for n in names)]
            told = ",".join(f"{x:.2f}" for x in row)
            file.write(f"{day},{told},SYNTHETIC for a test,low\n")
    with (facts / "rates_daily.csv").open("a", encoding="utf-8") as file:
        for day in days:
            file.write(f"{day},4.09,3.6,4.16,3.86,SYNTHETIC for a test,low\n")


def test_what_nobody_had_seen_is_registered_run_once_and_told_as_held_back(
    say: Say, tmp_path: Path
) -> None:
    """Seal, open the later prices, run, run again, verify: the opener's whole road."""
    facts, file = tmp_path / "config" / "facts", tmp_path / "sealed.json"
    only = ("--strategy", "cautious")
    code, error = say("heldback", *only)
    assert code
    assert "not registered" in error
    code, error = say("register", *PERIOD, *only)
    assert code
    assert "already begun" in error
    sealed = say("register", *PERIOD, "--held-back", *only, "--out", str(file), "--json")
    code, error = say("heldback", *only)
    assert code
    assert "no price after 2025-09-30" in error

    add_synthetic_months(facts)
    (run,) = say("heldback", *only, "--json")
    again = say("heldback", *only)

    assert sealed["statements"][0]["label"] == run["label"] == "held back, not forward"
    assert (run["first_on"], run["last_on"]) == ("2025-10-01", "2026-01-30")
    assert run["registered"]["before_the_prices"] is True
    assert run["registered"]["prices_seen_until"] == "2025-09-30"
    assert (run["first_run"], run["same_as_first"]) == (True, True)
    assert run["withdrawn"] == []  # 84 sessions are too few to end anything
    assert set(run["yardsticks"]) == set(registering.BENCHMARKS)
    for stick in run["yardsticks"].values():
        low, high = stick["rule_excess_cagr_interval_pct"]
        assert low <= high
    assert set(run["skills"]) == {"stands", "fall_5", "fall_10", "fall_15", "fall_20"}
    assert run["skills"]["fall_10"]["n"] + run["skills"]["fall_10"]["void"] == run["sessions"]
    assert 15 <= run["skills"]["fall_10"]["void"] <= 25
    assert "HELD BACK, NOT FORWARD" in again
    assert "had been run before; the same figures" in again
    assert max(map(len, again.splitlines())) <= 80

    told = say("track", "--strategy", "cautious", "--json")["registered"]
    assert [(s["state"], s["so_far"]["figures"]) for s in told] == [("over", run["figures"])]
    shown = say("report", *only, "--as-of", "2026-03-02T15:00Z", "--json")["registered"]
    assert [(s["held_back"], s["sessions"], s["met"]) for s in shown] == [
        (True, run["sessions"], [])
    ]
    assert say("report", *only, "--as-of", "2026-01-30", "--json")["registered"] == []

    assert "decisions reproduced" in say("register", "--verify", str(file))
    assert "prices unseen, releases seen" in " ".join(say("backtest", *only).split())


def test_a_stranger_runs_what_came_with_the_configuration(say: Say, tmp_path: Path) -> None:
    """The ledger of whoever sealed it is elsewhere; the committed file is enough, once."""
    folder, only = tmp_path / "config" / "registered", ("--strategy", "cautious")
    say("register", *PERIOD, "--held-back", *only, "--out", str(folder / "held_back.json"))
    (tmp_path / "data" / "record.sqlite3").unlink()
    add_synthetic_months(tmp_path / "config" / "facts")
    (run,) = say("heldback", *only, "--json")

    assert (run["sessions"], run["registered"]["before_the_prices"]) == (84, True)
    (told,) = say("track", *only, "--json")["registered"]
    assert (told["file"], told["so_far"]["figures"]) == ("held_back.json", run["figures"])

    preset = tmp_path / "config" / "strategies" / "cautious.toml"
    text = preset.read_text(encoding="utf-8")
    preset.write_text(text.replace("reduce_below = -0.05", "reduce_below = -0.02"), "utf-8")
    code, error = say("heldback", *only)
    assert code
    assert "no longer the rule that was sealed" in error
    (folder / "held_back.json").write_text('[{"kind": "registered"}]', encoding="utf-8")
    code, error = say("track", *only)
    assert code
    assert "held_back.json holds no registered statements" in error


def test_a_moved_line_is_found_by_the_seal(say: Say, tmp_path: Path) -> None:
    """Another threshold, later: the sealed decisions cannot be had again, and exit is not 0."""
    file, preset = tmp_path / "sealed.json", tmp_path / "config" / "strategies" / "cautious.toml"
    say("register", *PERIOD, "--held-back", "--strategy", "cautious", "--out", str(file))
    text = preset.read_text(encoding="utf-8")
    preset.write_text(text.replace("reduce_below = -0.05", "reduce_below = -0.02"), "utf-8")
    assert preset.read_text(encoding="utf-8") != text
    code, error = say("register", "--verify", str(file))

    assert code
    assert "what was sealed is not what this version decides" in error


@pytest.mark.parametrize(
    ("first", "held_back", "said"),
    [
        ("2026-03-02", False, "already begun"),
        ("2025-10-01", False, "already begun"),
        ("2026-03-03", True, "so it is forward"),
        ("2025-09-30", True, "with prices up to 2025-09-30 in view"),
    ],
)
def test_a_period_is_refused_that_is_not_what_it_is_called(
    first: str, held_back: bool, said: str
) -> None:
    day = date.fromisoformat(first)
    with pytest.raises(InputError, match=said):
        registering.check_period(day, day + timedelta(days=365), NOW, held_back=held_back)


def test_tomorrow_may_be_registered() -> None:
    registering.check_period(date(2026, 3, 3), date(2027, 3, 3), NOW, held_back=False)


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        ({}, 0),
        ({"excess_high_pct": -0.1}, 1),
        ({"fall_pct": -32.1}, 1),
        ({"fall_pct": -31.9}, 0),
        ({"skill_high": -0.01, "sessions": 504}, 1),
        ({"skill_high": -0.01, "sessions": 503}, 0),
        ({"skill_high": -0.01, "fall_pct": -32.1, "excess_high_pct": -1.0, "sessions": 504}, 3),
        ({"excess_high_pct": -0.1, "sessions": 125}, 0),
    ],
)
def test_a_preset_ends_by_the_rule_written_before(changes: dict[str, Any], met: int) -> None:
    given = {
        "sessions": 126, "excess_high_pct": 5.0, "fall_pct": -20.0, "holding_fall_pct": -30.0,
        "skill_high": 0.1,
    }  # fmt: skip
    rule = {name: getattr(Withdrawal(), name) for name in Withdrawal.__slots__}

    assert len(withdrawn(rule, **(given | changes))) == met
