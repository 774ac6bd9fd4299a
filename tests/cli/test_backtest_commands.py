"""``backtest``, ``sweep`` and ``walk-forward`` as a user meets them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.cli.main import main

CONFIG = Path(__file__).resolve().parents[2] / "config"
WINDOW = ("--from", "2024-01-02", "--to", "2025-09-30")
GRID = ("--grid", "decision.exit_below=-0.4:-0.16:4", "--grid", "trend.weight=0.1,0.5")

RESULT_KEYS = set(
    "final_equity cagr_pct volatility_pct sharpe sharpe_se sortino max_drawdown_pct "
    "max_drawdown_days exposure_pct turnover_per_year n_trades trades benchmark excess_cagr_pct "
    "excess_cagr_interval_pct p_value_random_timing psr dsr n_trials verdict".split()
)

Say = Callable[..., Any]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record with the reference facts, made once and copied for each test."""
    from config.settings import config_folder
    from engine.service.bind import load
    from engine.service.wiring import open_record

    path = tmp_path_factory.mktemp("record") / "record.sqlite3"
    open_record(load(config_folder(str(CONFIG))), f"sqlite:///{path}").close()
    return path


@pytest.fixture
def say(
    record: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Say:
    """Run a command on a record of its own; JSON comes back parsed, text as it is."""
    (tmp_path / "data").mkdir()
    shutil.copy(record, tmp_path / "data" / "record.sqlite3")
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NVSIGNAL_CONFIG", str(CONFIG))
    monkeypatch.delenv("NVSIGNAL_DB", raising=False)
    # Rating every release takes seconds and is not what is tested here.
    monkeypatch.setattr("engine.service.wiring.rate_releases", lambda *args: ())

    def run(*args: str) -> Any:
        with pytest.raises(SystemExit) as left:
            main(list(args))
        said = capsys.readouterr()
        if left.value.code:
            return left.value.code, said.err
        return json.loads(said.out) if "--json" in args else said.out

    return run


def test_a_backtest_has_every_key_and_says_whether_it_beats_holding(say: Say) -> None:
    found = say("backtest", "--strategy", "cautious", *WINDOW, "--json")

    assert set(found) >= RESULT_KEYS
    assert (found["from"], found["to"]) == ("2024-01-02", "2025-09-30")
    assert "beats holding" in found["verdict"]
    assert found["benchmark"]["n_trades"] == 1
    assert found["trades"][0]["filled_at"] == "open"
    assert found["final_equity"] > 0


def test_the_text_fits_eighty_columns_and_ends_in_a_verdict(say: Say) -> None:
    text = say("backtest", "--strategy", "cautious", *WINDOW)

    assert max(map(len, text.splitlines())) <= 80
    assert "No evidence that this beats holding" in text
    assert "holding" in text
    assert "Deflated Sharpe ratio" in text
    assert "cash earns the effective federal funds rate" in " ".join(text.split())


def test_positions_from_a_file_are_held_until_the_next_row(say: Say, tmp_path: Path) -> None:
    """In on a Saturday means in on Monday; before the first row there is only cash."""
    file = tmp_path / "weights.csv"
    file.write_text("date,weight\n2024-01-06,1\n2024-03-01,0\n")

    found = say("backtest", "--positions", str(file), *WINDOW, "--json")

    assert [(t["session_on"], t["to_weight"]) for t in found["trades"]] == [
        ("2024-01-08", 1.0),
        ("2024-03-01", 0.0),
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("2024-01-05,1\n2024-01-05,0\n", "w.csv:3: 2024-01-05 comes twice"),
        ("2024-01-08,1\n2024-01-05,0\n", "w.csv:3: 2024-01-05 is before 2024-01-08"),
        ("2024-01-05,3\n", "w.csv:2: weight = 3.0 (allowed: -1 to 2)"),
        ("2024-01-05,nan\n", "w.csv:2: weight = nan"),
        ("2024-01-05,much\n", "w.csv:2: weight = 'much' is not a number"),
        ("someday,1\n", "w.csv:2: date 'someday' is not a date"),
        ("2031-01-05,1\n", "w.csv:2: 2031-01-05 is after the window's end"),
        ("", "'w.csv' has no rows"),
    ],
)
def test_bad_positions_are_named_by_row(say: Say, tmp_path: Path, rows: str, said: str) -> None:
    file = tmp_path / "w.csv"
    file.write_text("date,weight\n" + rows)

    code, error = say("backtest", "--positions", str(file), *WINDOW)

    assert code
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--from", "2019-01-02"), "longer than the data"),
        (("--from", "2025-01-02", "--to", "2024-01-02"), "before it begins"),
        (("--from", "January"), "--from 'January' is not a date"),
        (("--spread-bps", "-4"), "spread_bps = -4.0 is not allowed"),
        (("--tax-rate", "2"), "tax_rate = 2.0 is not allowed"),
        (("--capital", "0"), "capital = 0.0 is not allowed"),
        (("--strategy", "ballanced"), "did you mean 'balanced'"),
    ],
)
def test_bad_backtest_options_are_named(say: Say, args: tuple[str, ...], said: str) -> None:
    code, error = say("backtest", *args)

    assert code
    assert said in error


def test_a_sweep_names_its_best_set_and_judges_the_search(say: Say) -> None:
    found = say("sweep", "--strategy", "cautious", *WINDOW, *GRID, "--json")

    assert found["n_sets"] == 8
    assert found["n_trials"] == 8
    assert set(found["best"]["params"]) == {"decision.exit_below", "trend.weight"}
    assert 0 <= found["pbo"] <= 1
    assert 0 <= found["dsr"] <= 1
    assert "beats holding" in found["verdict"]
    assert found["best"]["sharpe"] == pytest.approx(found["top"][0]["sharpe"])


def test_sets_that_are_no_rule_are_left_out_of_a_rectangle(say: Say) -> None:
    """Thresholds may cross in a grid; nobody enters above 0.95."""
    found = say("sweep", *WINDOW, "--grid", "decision.exit_below=-0.3,0.95", "--json")

    assert (found["n_sets"], found["n_left_out"]) == (1, 1)


def test_every_attempt_on_the_same_data_counts_once_and_deflates_the_next(say: Say) -> None:
    """The ledger survives between runs; a repeated run is no new attempt, eight sets are eight."""
    alone = say("backtest", "--strategy", "cautious", *WINDOW, "--json")
    sweep_text = say("sweep", "--strategy", "cautious", *WINDOW, *GRID)
    again = say("backtest", "--strategy", "cautious", *WINDOW, "--json")

    assert (alone["n_trials"], again["n_trials"]) == (1, 9)
    assert again["dsr"] < alone["dsr"] == pytest.approx(alone["psr"])
    assert max(map(len, sweep_text.splitlines())) <= 80


def test_a_new_day_does_not_start_the_count_anew(say: Say) -> None:
    """The same rule a day later is the same idea; another rule on shared sessions is the next."""
    first = say("backtest", "--strategy", "balanced", "--to", "2025-09-29", "--json")
    later = say("backtest", "--strategy", "balanced", "--to", "2025-09-30", "--json")
    other = say("backtest", "--strategy", "cautious", "--to", "2025-09-26", "--json")
    apart = say("backtest", "--from", "2022-01-03", "--to", "2022-06-30", "--json")

    assert first["data_hash"] != later["data_hash"] != other["data_hash"]
    assert [r["n_trials"] for r in (first, later, other)] == [1, 1, 2]
    assert apart["n_trials"] >= 2  # the sessions of 2022 were met by both
    assert other["dsr"] < other["psr"]


def test_every_backtest_stands_beside_fair_yardsticks(say: Say, tmp_path: Path) -> None:
    """Holding, cash, mixes, trend, volatility; after tax too; dividends counted; hindsight told."""
    found = say("backtest", "--strategy", "cautious", *WINDOW, "--json")
    sticks = found["benchmarks"]

    assert set(sticks) == {
        "holding", "cash", "constant_mix", "constant_60", "half", "trend_200", "volatility_target",
    }  # fmt: skip
    assert sticks["holding"]["final_equity"] == found["benchmark"]["final_equity"]
    assert sticks["constant_mix"]["exposure_pct"] == pytest.approx(found["exposure_pct"], abs=3)
    for taxed, plain in ((found["after_tax"], found), *((s["after_tax"], s) for s in
                         (sticks["holding"], sticks["half"]))):  # fmt: skip
        assert taxed["tax_rate"] == 0.3
        assert taxed["final_equity"] < plain["final_equity"]
    gain = sticks["holding"]["final_equity"] - 1
    # The fill's fee is part of what was paid, so the tax is a shade above 30 % of the gain.
    assert sticks["holding"]["after_tax"]["final_equity"] == pytest.approx(1 + 0.7 * gain, rel=1e-3)
    assert found["dividends"] == 7
    assert "hindsight" in " ".join(found["foresight"])
    assert found["held_back"] is False

    html = tmp_path / "sheet.html"
    text = " ".join(say("backtest", "--strategy", "cautious", *WINDOW, "--html", str(html)).split())
    for where in (text, html.read_text(encoding="utf-8")):
        assert "as much as the rule on average" in where
        assert "picked with hindsight" in where


def test_what_changed_once_is_not_tested_against_random_timing(say: Say, tmp_path: Path) -> None:
    """It used to say that random timing did as well in 100 % of draws."""
    file = tmp_path / "two.csv"
    file.write_text("date,weight\n2024-01-02,1\n2025-01-02,0\n")
    found = say("backtest", "--positions", str(file), *WINDOW, "--json")
    text = say("backtest", "--positions", str(file), *WINDOW)

    assert found["p_value_random_timing"] is None
    assert "100%" not in found["verdict"]
    assert "changed too seldom" in found["verdict"]
    assert "cannot be tested" in text


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "the grid is empty"),
        (("--grid", "decision.exit_bellow=-0.3,-0.2"), "did you mean 'decision.exit_below'"),
        (("--grid", "trend.weight=1:2"), "not numbers"),
        (("--grid", "decision.exit_below=0.5,0.9"), "set 0 is no rule: exit_below = 0.5"),
        (("--grid", "trend.weight=1,2", "--random", "0"), "random = 0"),
        (("--grid", "trend.weight=1,2", "--workers", "0"), "workers = 0"),
    ],
)
def test_bad_sweep_options_are_named(say: Say, args: tuple[str, ...], said: str) -> None:
    code, error = say("sweep", *WINDOW, *args)

    assert code
    assert said in error


def test_a_walk_forward_tests_only_what_it_was_not_fitted_to(say: Say) -> None:
    found = say(
        "walk-forward", "--strategy", "cautious", *WINDOW, *GRID, "--train", "200", "--json"
    )

    assert set(found) >= RESULT_KEYS
    assert all(f["train_to"] < f["test_from"] for f in found["folds"])
    assert found["out_of_sample_from"] == found["folds"][0]["test_from"]
    assert found["n_trials"] == 8


def test_a_walk_forward_longer_than_the_window_is_refused(say: Say) -> None:
    code, error = say("walk-forward", *WINDOW, *GRID, "--train", "900")

    assert code
    assert "leave nothing of" in error
