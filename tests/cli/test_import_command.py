"""``import bars|rates|actions|events`` as a user meets them, and what the record says after."""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.cli.main import main
from engine.record.asof import actions_at, bars_at, closes_at, known
from engine.record.history import History
from engine.record.readings import OBSERVATIONS
from engine.record.store import Store
from engine.service.importing import DECIDES

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "facts"
BARS = """Date,Open,High,Low,Close,Volume
2025-10-01,185.2,188.1,184.0,187.2,100
2025-10-02,189.6,191.0,188.0,188.9,100
2025-10-03,189.2,190.3,185.4,187.6,100
"""
LATER = datetime(2025, 11, 1, tzinfo=UTC)

Say = Callable[..., Any]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory, frozen_folder: Path) -> Path:
    """A record with the reference facts to the frozen day, made once, copied for each test."""
    from config.settings import config_folder
    from engine.service.bind import load
    from engine.service.wiring import open_record

    path = tmp_path_factory.mktemp("record") / "record.sqlite3"
    open_record(load(config_folder(str(frozen_folder))), f"sqlite:///{path}").close()
    return path


@pytest.fixture
def say(
    record: Path,
    frozen_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Say:
    """Import a text under a name; JSON comes back parsed, an error as (code, line)."""
    (tmp_path / "data").mkdir()
    shutil.copy(record, tmp_path / "data" / "record.sqlite3")
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NVSIGNAL_CONFIG", str(frozen_folder))
    monkeypatch.delenv("NVSIGNAL_DB", raising=False)

    def run(what: str, text: str | Path, *args: str, name: str = "f.csv") -> Any:
        file = text if isinstance(text, Path) else tmp_path / name
        if isinstance(text, str):
            file.write_text(text, encoding="utf-8")
        with pytest.raises(SystemExit) as left:
            main(["import", what, str(file), *args])
        said = capsys.readouterr()
        if left.value.code:
            return left.value.code, said.err
        return json.loads(said.out) if "--json" in args else said.out + said.err

    return run


@pytest.fixture
def history(tmp_path: Path) -> Callable[[], History]:
    def read() -> History:
        with Store.open(f"sqlite:///{tmp_path / 'data' / 'record.sqlite3'}") as store:
            return store.history()

    return read


def test_bars_are_recorded_once_and_said_to_be_what_they_are(say: Say) -> None:
    first = say("bars", BARS, "--json")
    second = say("bars", BARS, "--json")

    assert (first["new"], first["changed"]) == (3, 0)
    assert first["notes"] == ["read as Stooq, or plain: UTF-8, separator ','"]
    assert (second["new"], second["changed"], second["unchanged"]) == (0, 0, 3)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2025-10-02", "2025-10-01", "f.csv:3: 2025-10-01 comes twice"),
        (
            "2025-10-02,189.6,191.0,188.0,188.9,100\n",
            "",
            "f.csv: NVDA: 1 session has no bar, the first 2025-10-02 (complete it, or use --allow",
        ),
        ("2025-10-03", "2025-10-04", "f.csv: NVDA 2025-10-04: no session of the exchange"),
        ("2025-10-03", "2099-10-05", "NVDA 2099-10-05: the session is not over"),
        ("188.9", "x", "f.csv:3: close = 'x' is not a number"),
    ],
)
def test_a_bad_file_is_refused_whole(
    say: Say, record: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    code, error = say("bars", BARS.replace(old, new, 1))

    assert code
    assert said in error
    assert error.count("\n") == 1
    assert (tmp_path / "data" / "record.sqlite3").read_bytes() == record.read_bytes()


def test_a_hole_between_record_and_file_is_refused_and_with_leave_not_bridged(
    say: Say, history: Callable[[], History]
) -> None:
    """One row fourteen months on: 291 sessions lack, and no change is made across them."""
    alone = "date,close\n2026-11-27,215.0\n"
    _, error = say("bars", alone)
    assert "291 sessions have no bar, the first 2025-10-01" in error

    assert say("bars", alone, "--allow-gaps", "--json")["new"] == 1
    closes = closes_at(history(), "NVDA", datetime(2026, 11, 28, tzinfo=UTC))
    assert list(closes)[-2:] == [date(2025, 9, 30), date(2026, 11, 27)]


@pytest.mark.parametrize(("factor", "counts"), [(1.3, True), (1.6, False), (1.9, False)])
def test_a_close_beyond_belief_is_kept_and_counts_for_nothing(
    say: Say, history: Callable[[], History], factor: float, counts: bool
) -> None:
    text = f"date,close\n2025-10-01,{186.58 * factor:.2f}\n"
    for name in ("a.csv", "b.csv", "a.csv"):
        found = say("bars", text, "--json", name=name)
        assert any("waits until another source" in note for note in found["notes"]) != counts
    assert (date(2025, 10, 1) in bars_at(history(), "NVDA", LATER)) == counts

    right = "date,close\n2025-10-01,187.24\n2025-10-02,188.89\n"
    say("bars", right, "--json")
    assert closes_at(history(), "NVDA", LATER)[date(2025, 10, 1)] == 187.24
    assert closes_at(history(), "NVDA", LATER)[date(2025, 10, 2)] == 188.89


def test_a_real_jump_may_be_vouched_for(say: Say, history: Callable[[], History]) -> None:
    text = "date,close\n2025-10-01,90.0\n"
    assert say("bars", text, "--allow-jumps", "--json")["new"] == 1
    assert closes_at(history(), "NVDA", datetime(2027, 1, 1, tzinfo=UTC))[date(2025, 10, 1)] == 90.0


def test_a_wrong_file_and_then_the_right_one(say: Say, history: Callable[[], History]) -> None:
    say("bars", BARS.replace("185.2,188.1,184.0,187.2", ",,,150.0"), "--json")
    done = say("bars", BARS, "--json")

    assert (done["new"], done["changed"]) == (0, 1)
    assert (
        closes_at(history(), "NVDA", datetime(2025, 10, 2, 12, tzinfo=UTC))[date(2025, 10, 1)]
        == 187.2
    )


def test_euros_are_refused_by_what_the_record_holds(say: Say) -> None:
    closes = {
        "2025-09-25": 177.69,
        "2025-09-26": 178.19,
        "2025-09-29": 181.85,
        "2025-09-30": 186.58,
    }
    rows = "".join(f"{day},{close * 0.85:.2f}\n" for day, close in closes.items())
    _, error = say("bars", f"date,close\n{rows}2025-10-01,159.1\n")

    assert "4 of 4 sessions differ from the record, by a factor of 0.85" in error


def test_a_file_adjusted_for_a_split_is_taken_back_to_what_was_paid(say: Say) -> None:
    """Yahoo's download of 2024 divides the days before 2024-06-10 by ten."""
    rows = "2024-06-06,120.998\n2024-06-07,120.888\n2024-06-10,121.79\n2024-06-11,120.91\n"
    done = say("bars", f"date,close\n{rows}", "--json")

    assert "adjusted for splits, undone: 10 for 1 of 2024-06-10" in done["notes"]
    assert (done["new"], done["changed"], done["unchanged"]) == (0, 0, 4)


def test_a_symbol_that_only_lies_there_is_said_so(say: Say) -> None:
    assert "AMD is kept; no decision reads it" in say("bars", BARS, "--symbol", "amd")
    assert "is kept" not in say("bars", "date,close\n2025-10-01,16.3\n", "--symbol", "^VIX")
    _, error = say("bars", BARS, "--symbol", "not a symbol")
    assert "--symbol 'not a symbol' is no symbol" in error


def test_the_symbols_called_deciding_are_those_that_a_decision_reads() -> None:
    read = set()
    for path in sorted((ROOT / "engine" / "decision").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "prices":
                read |= {a.value for a in node.args if isinstance(a, ast.Constant)}
    assert read == set(DECIDES)


def test_rates_of_both_shapes_come_in(say: Say, history: Callable[[], History]) -> None:
    fred = "observation_date,DGS2\n2025-10-01,3.55\n2025-10-02,.\n2025-10-03,3.58\n"
    long = "date,series,value\n2025-10-01,DFF,4.09\n2025-10-01,ZQZ25,96.2\n"

    assert say("rates", fred, "--json")["new"] == 2
    assert say("rates", long, "--json")["new"] == 2
    assert say("rates", long, "--json")["unchanged"] == 2
    found = known(history(), OBSERVATIONS, LATER)
    assert found["DGS2:2025-10-03"].value == 3.58
    assert "DGS2:2025-10-02" not in found
    assert found["ZQZ25:2025-10-01"].value == 96.2

    done = say("rates", fred.replace("3.58", "3.60"), "--json")
    assert (done["new"], done["changed"]) == (0, 1)
    assert known(history(), OBSERVATIONS, LATER)["DGS2:2025-10-03"].value == 3.60


@pytest.mark.parametrize(
    ("what", "text", "said"),
    [
        ("rates", "date,series,value\n2025-10-01,SOFR,4\n", "f.csv:2: series 'SOFR' is not known"),
        ("rates", "date,DGS2\n2025-10-01,x\n", "f.csv:2: 'x' is not a number"),
        ("rates", "date,DGS2\n2099-10-01,4\n", "f.csv:2: 2099-10-01 lies ahead"),
        ("rates", "day,DGS2\n2025-10-01,4\n", "f.csv:2: no column 'date'"),
        ("rates", "date,DGS2\n2025-10-01,99\n", "f.csv:2: DGS2 = 99 is not between -5 and 25"),
        ("rates", "date,series,value\n2025-10-01,ZQZ25,4.1\n", "ZQZ25 = 4.1 is not between 85"),
        ("rates", "date,USDEUR\n2025-10-01,117\n", "USDEUR = 117 is not between 0.5 and 2.5"),
        ("rates", "date,DGS2\n", "'f.csv' has no rows"),
        ("actions", "date,kind\n2025-10-01,gift\n", "'gift' is neither split nor dividend"),
        ("actions", "date,kind,value\n2025-10-01,split,ten\n", "split 'ten' is no ratio"),
        ("events", "date,event_type\n2025-10-01,rate_decisio\n", "unknown event type"),
        ("events", "date,event_type,headline\n2025-10-01,export_restriction,\n", "no headline"),
    ],
)
def test_a_bad_row_is_one_line(say: Say, what: str, text: str, said: str) -> None:
    code, error = say(what, text)

    assert code
    assert said in error
    assert error.count("\n") == 1


def test_splits_and_dividends_come_in_as_facts(say: Say, history: Callable[[], History]) -> None:
    text = "ex_date,kind,amount_usd_as_paid,split_ratio\n2025-10-06,split,,4:1\n"
    assert say("actions", text + "2025-10-20,dividend,0.01,\n", "--json")["new"] == 2
    yf = "Date,Dividends,Stock Splits\n2025-10-21,0.01,0.0\n"
    assert say("actions", yf, "--json")["new"] == 1

    told = actions_at(history(), "NVDA", datetime(2026, 1, 1, tzinfo=UTC))
    assert ("split", 4.0) in [(a.action, a.value) for a in told]
    assert (date(2025, 10, 21), 0.01) in [(a.ex_on, a.value) for a in told]


def test_the_reference_list_of_dividends_and_splits_can_be_read(say: Say) -> None:
    file = SHARED / "nvidia_corporate_actions.csv"
    if not file.is_file():
        pytest.skip("the shared fact tables are not beside this checkout")
    done = say("actions", file, "--json")
    assert done["new"] + done["changed"] + done["unchanged"] == 32


def test_events_come_in_with_their_type(say: Say, history: Callable[[], History]) -> None:
    text = "date,time,event_type,headline\n2025-10-06,14:00,export_restriction,An invented ban\n"
    assert say("events", text, "--json")["new"] == 1
    told = [f for f in history().known("headline", LATER) if "invented" in f.payload["headline"]]
    assert told[0].payload["event_type"] == "export_restriction"
    assert told[0].known_at - told[0].occurred_at <= timedelta(hours=6)
