"""Known answers of commands that run something: rules on history, costs, rounds, seals, audits."""

from __future__ import annotations

import asyncio
import json
import math
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import numpy as np
import pytest

from backtests.walk_forward import Fold
from engine.cli import progress
from engine.cli.commands import (
    audit,
    backtest,
    classify,
    collect,
    cost,
    fp8,
    mcp,
    run,
    serve,
    worlds,
)
from engine.errors import DataError, InputError
from engine.report.i18n import voice
from tests.cli.conftest import NOW, Rooms
from tests.engine.report import sample_report as sample

EN = voice("en")
FIRST, LAST = date(2025, 1, 2), date(2025, 6, 30)
Patch = pytest.MonkeyPatch


class Market:
    """Sessions of a window; ``len`` is their number."""

    sessions_on = tuple(date(2025, 1, day) for day in range(1, 31))
    costs = "costs"
    at_close = np.array([True, True, False])

    def __len__(self) -> int:
        return 30


class Weights:
    """Targets that know which rows were cut from them."""

    def __init__(self, name: str = "whole") -> None:
        self.name, self.size = name, 12

    def __getitem__(self, rows: Any) -> Weights:
        return Weights(f"{self.name} {rows}")

    def tobytes(self) -> bytes:
        return self.name.encode()


TOP = {"sharpe": 1.0, "final_equity": 1.5, "max_drawdown_pct": -9.0, "n_trades": 2, "params": {}}


class Bench:
    """A window and every room that judges what was replayed in it."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms, self.market = rooms, Market()
        rooms.loaded.blend = "blend"
        self.window: Any = Thing(
            config=rooms.loaded, market=self.market, features="features", rows="rows", start=5,
            first=FIRST, last=LAST, data_hash="h", dividends="dividends", earlier="earlier",
            part=self.part,
        )  # fmt: skip
        self.evidence = Thing(
            excess_cagr_pct=1.5, interval=Thing(low_pct=-1.0, high_pct=4.0, block_length=20),
            p_value_random_timing=0.25, dsr=0.5, n_trials=7,
        )  # fmt: skip
        for place, answer in (
            ("engine.service.history.open_window", self.window),
            ("engine.service.history.attempts", Thing(count=7, variance=0.04)),
            ("engine.service.history.evidence_of", (self.evidence, {"psr": 0.9}, {"cagr": 2.0})),
            ("engine.service.history.note_run", None),
            ("engine.service.history.note_sweep", None),
            ("engine.service.history.identity", "identity"),
            ("engine.service.history.named", "named"),
            ("engine.service.history.rule_numbers", "numbers"),
            ("engine.service.history.read_positions", Weights("typed")),
            ("engine.service.history.search_overfitting", 0.125),
            ("engine.service.history.superior_ability", (0.03, "a note")),
            ("engine.service.history.top_sets", [TOP]),
            ("engine.service.basis.fills", "fills"),
            ("engine.service.basis.costs", "costs told"),
            ("engine.service.basis.foresight", ("seen",)),
            ("engine.service.basis.plain_after_tax", "taxed"),
            ("engine.service.basis.plain_yardsticks", "sticks"),
            ("backtests.benchmarks.after_tax", "after tax"),
            ("backtests.benchmarks.yardsticks", "yardsticks"),
            ("backtests.metrics.expected_best_sharpe", 0.5),
            ("backtests.overfitting.verdict", "verdict"),
            ("backtests.replay.replay", Thing(capital=3.0, name="run")),
            ("engine.decision.decide.evaluate", Thing(target_weight=Weights())),
            ("engine.service.sheets.sheet_for", "sheet"),
            ("engine.service.sheets.write_sheet", lambda sheet, html, ledger, lang: [
                path for path in (html, ledger) if path]),
            ("backtests.sheet_page.text_of", lambda sheet, lang, before: f"{sheet} {before}\n\n"),
        ):  # fmt: skip
            rooms.answer(place, answer)

    def part(self, rows: slice) -> Any:
        return Thing(market=f"market {rows.start}-{rows.stop}", earlier="earlier of the part")

    def head(self, name: str) -> dict[str, Any]:
        return {
            "strategy": name, "from": "2025-01-02", "to": "2025-06-30", "sessions": 30,
            "data_hash": "h", "fills": "fills", "sessions_filled_at_close": 2, "costs": "costs",
            "costs_text": "costs told", "dividends": "dividends", "foresight": ["seen"],
            "held_back": False,
        }  # fmt: skip

    def judged(self, **more: Any) -> dict[str, Any]:
        return {
            "psr": 0.9, "after_tax": "taxed", "benchmark": {"cagr": 2.0}, "benchmarks": "sticks",
            "excess_cagr_pct": 1.5, "excess_cagr_interval_pct": [-1.0, 4.0],
            "bootstrap_block_sessions": 20, "p_value_random_timing": 0.25, "dsr": 0.5,
            "expected_best_sharpe": pytest.approx(0.5 * 252**0.5), "n_trials": 7, "pbo": None,
            "spa_p_value": None, "verdict": "verdict",
        } | more  # fmt: skip


@pytest.fixture
def bench(rooms: Rooms) -> Bench:
    return Bench(rooms)


COSTS = ("--commission-bps", "2", "--spread-bps", "6", "--borrow-pct", "0.75")
ASKED = ("--from", "2025-01-01", "--to", "2025-07-01", "--db", "u", "--config", "c")


def costs_of(rooms: Rooms) -> tuple[float, ...]:
    """Commission, spread, borrow and tax of the window that was opened, after its other answers."""
    ((store, loaded, costs, first, last, more),) = rooms.asked("open_window")
    assert (store, loaded, more["now"]) == (rooms.store, rooms.loaded, NOW)
    assert (first, last) == (date(2025, 1, 1), date(2025, 7, 1))
    assert rooms.asked("open") == [("u",)]
    return (costs.commission_bps, costs.spread_bps, costs.borrow_pct, costs.tax_rate)


def test_a_rule_is_replayed_noted_and_judged(rooms: Rooms, bench: Bench) -> None:
    words = ("backtest", "--strategy", "s", "--capital", "3", "--tax-rate", "0.3", *COSTS, *ASKED)
    found = json.loads(rooms.call(*words, "--json")[1])
    assert found == {**bench.head("balanced"), **bench.judged()}
    assert list(found)[:3] == ["strategy", "from", "to"]
    assert costs_of(rooms) == (2.0, 6.0, 0.75, 0.3)
    assert rooms.asked("open_window")[0][-1]["rate"] is True
    assert rooms.asked("load") == [("c", "s")]
    assert rooms.asked("evaluate") == [("blend", "features")]
    ((market, target, more),) = rooms.asked("replay")
    assert (market, target.name, more) == (bench.market, "whole rows", {"capital": 3.0})
    run = rooms.asked("note_run")[0][4]
    assert rooms.asked("note_run") == [
        (rooms.store, bench.window, "balanced", "identity", run, NOW)
    ]  # fmt: skip
    assert rooms.asked("identity") == [("numbers", bench.window)]
    assert rooms.asked("rule_numbers") == [("blend",)]
    tried = rooms.asked("evidence_of")[0][3]
    assert rooms.asked("evidence_of") == [
        (bench.market, run, target, tried, {"pbo": None, "spa_p_value": None})
    ]  # fmt: skip
    assert rooms.asked("after_tax") == [(bench.market, target, {"capital": 3.0})]
    assert rooms.asked("yardsticks") == [(bench.market, run, "earlier")]
    assert rooms.asked("expected_best_sharpe") == [(7, 0.04)]
    assert rooms.asked("attempts") == [(rooms.store, bench.window)]
    assert rooms.asked("foresight") == [(FIRST, LAST)]
    assert rooms.asked("sheet_for") == []
    bench.window.last = date(2025, 10, 1)
    assert json.loads(rooms.call(*words, "--json")[1])["held_back"] is True


def test_positions_of_a_file_are_replayed_as_they_are(
    rooms: Rooms, bench: Bench, tmp_path: Path
) -> None:
    file = tmp_path / "p.csv"
    words = ("backtest", "--positions", str(file), *ASKED)
    found = json.loads(rooms.call(*words, "--json")[1])
    assert found["strategy"] == "positions of p.csv"
    assert rooms.asked("read_positions") == [(file, bench.market.sessions_on)]
    assert rooms.asked("named") == [(b"typed", bench.window)]
    assert rooms.asked("note_run")[0][2:4] == ("positions", "named")
    assert rooms.asked("open_window")[0][-1]["rate"] is False
    assert costs_of(rooms) == (0.0, 10.0, 0.5, 0.0)
    assert rooms.asked("replay")[0][-1] == {"capital": 1.0}
    assert rooms.call(*words)[1] == "sheet ()\n"
    assert rooms.asked("sheet_for")[0][-1]["blend"] is None
    assert rooms.call(*words, "--strategy", "s")[::2] == (
        2, "nvsignal: --positions and --strategy exclude each other\n"
    )  # fmt: skip


@pytest.mark.parametrize(("capital", "code"), [("0", 2), ("-1", 2), ("nan", 2), ("0.01", 0)])
def test_there_must_be_money_to_begin_with(
    rooms: Rooms, bench: Bench, capital: str, code: int
) -> None:
    assert rooms.call("backtest", "--capital", capital)[0] == code


def test_a_tear_sheet_is_written_where_it_is_wanted(
    rooms: Rooms, bench: Bench, tmp_path: Path
) -> None:
    page, table = tmp_path / "a.html", tmp_path / "a.csv"
    assert rooms.call("backtest") == (0, "sheet ()\n", "")
    given = rooms.asked("sheet_for")[0]
    assert given[:2] == (rooms.store, bench.window)
    assert given[4]["strategy"] == "balanced"
    assert given[-1] == {
        "evidence": bench.evidence, "blend": "blend", "heat": None, "told": False}  # fmt: skip
    for words, told in (
        (("--html", str(page)), [page]), (("--ledger", str(table)), [table]),
        (("--html", str(page), "--ledger", str(table), "--json"), [page, table]),
    ):  # fmt: skip
        code, out, err = rooms.call("backtest", *words, "--lang", "en")
        assert (code, err) == (0, "".join(f"wrote {path}\n" for path in told))
        assert rooms.asked("sheet_for")[0][-1]["told"] is True
        assert (out == "sheet ()\n") == ("--json" not in words)
        html, ledger = (p if p in told else None for p in (page, table))
        assert rooms.asked("write_sheet") == [
            ("sheet", {"html": html, "ledger": ledger, "lang": "en"})
        ]  # fmt: skip


class Search:
    """A grid of four sets, of which the third is no rule, and a search over the others."""

    def __init__(self, rooms: Rooms, patch: Patch) -> None:
        self.fits = np.array([True, True, False, True])
        self.sets = np.array([[0.1], [0.2], [0.3], [0.4]])
        self.job = Thing(axes=("x",), sets=self.sets[self.fits], n_chunks=2)
        self.found = Thing(job=self.job, best=1, params_of=lambda row: {"x": row})
        self.cleared: list[int] = []
        self.fails = False
        rooms.answer("backtests.sweep.parse_axis", lambda text: Thing(name=text.partition("=")[0]))
        rooms.answer("backtests.sweep.grid", self.sets)
        rooms.answer("backtests.sweep.random_sets", self.sets)
        rooms.answer("backtests.sweep.rules_among", lambda *given: self.fits)
        rooms.answer("backtests.sweep.make_job", lambda *given, **more: self.job)
        rooms.answer("backtests.sweep.blend_of", "best blend")
        rooms.answer("backtests.sweep.run", "whole search")
        rooms.answer("backtests.tearsheet.heat_of", "heat")
        rooms.answer("engine.service.folders.data_folder", Path("data"))
        rooms.answer("engine.service.sweeping.code_digest", "code")
        rooms.answer(
            "engine.service.sweeping.Checkpoint",
            Thing(clear=lambda: self.cleared.append(1), load=lambda: [1, 2, 3]),
        )
        rooms.answer("engine.service.sweeping.run_sweep", self.run)

        @contextmanager
        def counted(what: str, total: int) -> Any:
            rooms.calls.append(("counted", what, total))
            yield lambda steps: rooms.calls.append(("steps", steps))

        patch.setattr(backtest, "counted", counted)

    def run(self, job: Any, *, on_chunk: Any, **more: Any) -> Any:
        if self.fails:
            raise KeyboardInterrupt
        on_chunk(5, "chunk")
        return self.found


@pytest.fixture
def search(rooms: Rooms, bench: Bench, monkeypatch: Patch) -> Search:
    return Search(rooms, monkeypatch)


def test_a_search_is_judged_as_one(rooms: Rooms, bench: Bench, search: Search) -> None:
    words = ("sweep", "--grid", "x=1,2", "--grid", "y=3", *COSTS, *ASKED)
    found = json.loads(rooms.call(*words, "--json")[1])
    shared = bench.judged(pbo=0.125, spa_p_value=0.03)
    best = {"params": {"x": 1}, "psr": 0.9, "after_tax": "taxed"}
    assert found == {
        **bench.head("balanced"), "axes": ["x"], "n_sets": 3, "best": best, "top": [TOP],
        **{k: v for k, v in shared.items() if k != "after_tax"}, "spa_note": "a note",
        "n_left_out": 1,
    }  # fmt: skip
    assert costs_of(rooms) == (2.0, 6.0, 0.75, 0.0)
    names = ["x", "y"]
    assert rooms.asked("rules_among") == [("blend", names, search.sets)]
    made = rooms.asked("make_job")[0]
    assert (made[:2], made[3:]) == (
        ("blend", names), ("features", bench.market, {"start": 5}),
    )  # fmt: skip
    assert made[2].tolist() == [[0.1], [0.2], [0.4]]
    assert rooms.asked("random_sets") == []
    ((job, more),) = rooms.asked("run_sweep")
    assert (job, more["workers"], more["cluster"]) == (search.job, 1, None)
    assert rooms.asked("counted") == [("3 parameter sets", 2)]
    assert rooms.asked("steps") == [(1,)]
    assert rooms.asked("Checkpoint") == [(Path("data/sweeps"), search.job, "code")]
    assert search.cleared == []
    assert rooms.asked("note_sweep") == [(rooms.store, bench.window, search.found, NOW)]
    assert rooms.asked("blend_of") == [(search.job, 1)] * 2
    assert rooms.asked("evaluate") == [("best blend", "features")]
    assert rooms.asked("superior_ability") == [(bench.window, search.found)]
    assert rooms.asked("search_overfitting") == rooms.asked("top_sets") == [(search.found,)]


def test_a_search_at_random_anew_on_many_machines(
    rooms: Rooms, bench: Bench, search: Search
) -> None:
    words = ("sweep", "--grid", "x=1,2", "--random", "9", "--seed", "4", "--no-resume",
             "--workers", "2", "--cluster", "tcp://h:1")  # fmt: skip
    code, out, _ = rooms.call(*words, *ASKED)
    assert (code, costs_of(rooms)) == (0, (0.0, 10.0, 0.5, 0.0))
    assert out.startswith("sheet (Part(name='search'")
    assert [asked[1:] for asked in rooms.asked("random_sets")] == [(9, 4)]
    assert rooms.asked("grid") == []
    more = rooms.asked("run_sweep")[0][1]
    assert (more["workers"], more["cluster"], search.cleared) == (2, "tcp://h:1", [1])
    sheet = rooms.asked("sheet_for")[0][-1]
    assert (sheet["blend"], sheet["heat"], sheet["told"]) == ("best blend", "heat", False)
    rooms.call("sweep", "--grid", "x=1", "--random", "9")
    assert [asked[1:] for asked in rooms.asked("random_sets")] == [(9, 1)]


def test_where_no_set_is_a_rule_the_job_says_so(rooms: Rooms, bench: Bench, search: Search) -> None:
    search.fits = np.array([False] * 4)
    assert json.loads(rooms.call("sweep", "--grid", "x=1", "--json")[1])["n_left_out"] == 4
    assert len(rooms.asked("make_job")[0][2]) == 4
    assert rooms.call("sweep")[::2] == (
        2, "nvsignal: the grid is empty (give --grid \"decision.exit_below=-0.4:-0.1:7\")\n"
    )  # fmt: skip


def test_an_interrupted_search_says_what_is_kept(
    rooms: Rooms, bench: Bench, search: Search
) -> None:
    search.fails = True
    code, _, err = rooms.call("sweep", "--grid", "x=1")
    assert code == 130
    assert err.splitlines()[0] == (
        "nvsignal: interrupted; 3 of 2 chunks are kept, the same command goes on from there"
    )


def test_a_walk_is_judged_over_its_own_rows(rooms: Rooms, bench: Bench, search: Search) -> None:
    """It begins with row 8 and has twelve rows; days are those of the whole window."""
    folds = [
        Thing(fold=Fold(train=slice(0, 5), test=slice(8, 14)), row=2, sharpe_in_sample=0.1,
              final_out_of_sample=1.25),
        Thing(fold=Fold(train=slice(1, 6), test=slice(14, 20)), row=0, sharpe_in_sample=None,
              final_out_of_sample=0.75),
    ]  # fmt: skip
    path = Thing(capital=1.0)
    walked = Thing(first=8, target_weight=Weights("walked"), path=path, folds=folds)

    def walk(job: Any, plan: Any, *, on_fold: Any) -> Any:
        on_fold(3)
        return walked

    rooms.answer("backtests.walk_forward.folds", ["a", "b", "c"])
    rooms.answer("backtests.walk_forward.walk_forward", walk)
    words = ("walk-forward", "--grid", "x=1", "--train", "200", "--test", "20", "--purge", "3",
             "--embargo", "4", *COSTS, *ASKED)  # fmt: skip
    found = json.loads(rooms.call(*words, "--json")[1])
    assert rooms.asked("folds") == [
        (30, {"train": 200, "test": 20, "purge": 3, "embargo": 4, "expanding": True})
    ]  # fmt: skip
    assert found == {
        **bench.head("balanced"), "n_sets": 3, "out_of_sample_from": "2025-01-09",
        "folds": [
            {"train_from": "2025-01-01", "train_to": "2025-01-05", "test_from": "2025-01-09",
             "test_to": "2025-01-14", "params": {"x": 0.4},
             "sharpe_in_sample": pytest.approx(0.1 * 252**0.5), "final": 1.25},
            {"train_from": "2025-01-02", "train_to": "2025-01-06", "test_from": "2025-01-15",
             "test_to": "2025-01-20", "params": {"x": 0.1}, "sharpe_in_sample": None,
             "final": 0.75},
        ],
        **bench.judged(), "n_left_out": 1,
    }  # fmt: skip
    assert costs_of(rooms) == (2.0, 6.0, 0.75, 0.0)
    assert rooms.asked("counted") == [("3 folds", 3)]
    assert rooms.asked("steps") == [(1,)]
    assert rooms.asked("note_sweep") == [(rooms.store, bench.window, "whole search", NOW)]
    assert rooms.asked("evidence_of")[0][:3] == ("market 8-20", path, walked.target_weight)
    assert rooms.asked("yardsticks") == [("market 8-20", path, "earlier of the part")]
    assert rooms.asked("after_tax")[0][0] == "market 8-20"
    code, out, _ = rooms.call("walk-forward", "--grid", "x=1", "--rolling", "--random", "5", *ASKED)
    assert (code, costs_of(rooms)) == (0, (0.0, 10.0, 0.5, 0.0))
    assert out.startswith("sheet (Part(name='folds'")
    assert rooms.asked("folds")[0][1] == {
        "train": 378, "test": 63, "purge": 5, "embargo": 5, "expanding": False}  # fmt: skip
    assert [asked[1:] for asked in rooms.asked("random_sets")] == [(5, 1)]
    sheet = rooms.asked("sheet_for")[0]
    assert (sheet[1].market, sheet[-1]["blend"]) == ("market 8-20", None)


# --- cost -----------------------------------------------------------------------------------------


def test_a_cost_is_estimated_as_it_was_asked(rooms: Rooms, tmp_path: Path) -> None:
    rooms.answer("engine.cli.commands.cost._subject", lambda model, file: (model, file))
    rooms.answer("engine.cli.commands.cost._chip", lambda chip, file, as_of: (chip, file, as_of))
    rooms.answer("engine.threat.estimate.estimate", "detail")
    rooms.answer("engine.cli.commands.cost.as_json", {"a": 1})
    rooms.answer("engine.cli.commands.cost.as_text", "text")
    assert rooms.call("cost", "M", "--chip", "C")[1] == "text\n"
    ((subject, chip, more),) = rooms.asked("estimate")
    load = more.pop("load")
    assert (subject, chip) == (("M", None), ("C", None, None))
    assert more == {
        "precision": None, "choose_batch": True, "choose_speculation": True,
        "target_tpot_ms": 50.0, "training_tokens": None, "usd_per_hour": None,
    }  # fmt: skip
    assert (load.prompt_tokens, load.output_tokens, load.context_tokens, load.batch) == (
        4096, 1024, None, 1.0,
    )  # fmt: skip
    assert (load.devices, load.cache_hit_share, load.verified, load.accepted, load.duty) == (
        None, 0.0, 1.0, 0.0, 1.0,
    )  # fmt: skip
    words = ("--model-file", "m", "--chip-file", "c", "--as-of", "last", "--precision", "fp8",
             "--prompt-tokens", "2", "--output-tokens", "3", "--context", "4", "--batch", "5",
             "--cache-hit-share", "0.25", "--accepted-tokens", "1.2", "--duty", "0.5",
             "--devices", "6", "--tpot-ms", "7", "--tokens-trained", "2T", "--usd-per-hour", "1.5",
             "--json")  # fmt: skip
    assert json.loads(rooms.call("cost", *words)[1]) == {"a": 1}
    ((subject, chip, more),) = rooms.asked("estimate")
    load = more.pop("load")
    assert (subject, chip) == ((None, Path("m")), (None, Path("c"), "last"))
    assert more == {
        "precision": "fp8", "choose_batch": False, "choose_speculation": False,
        "target_tpot_ms": 7.0, "training_tokens": 2e12, "usd_per_hour": 1.5,
    }  # fmt: skip
    assert (load.prompt_tokens, load.output_tokens, load.context_tokens, load.batch) == (2, 3, 4, 5)
    # 1.2 extra tokens a step need two positions beside the first
    assert (load.devices, load.cache_hit_share, load.verified, load.accepted, load.duty) == (
        6, 0.25, 3.0, 1.2, 0.5,
    )  # fmt: skip


@pytest.mark.parametrize("accepted", ["inf", "-1", "nan"])
def test_no_number_of_tokens_ends_in_a_crash(rooms: Rooms, accepted: str) -> None:
    words = ("cost", "DeepSeek-V3", "--chip", "NVIDIA H800 SXM", "--accepted-tokens", accepted)
    assert rooms.call(*words)[0] == 2


def test_a_model_is_found_by_any_of_its_names_or_read_from_a_file(
    rooms: Rooms, tmp_path: Path
) -> None:
    from engine.errors import UnknownNameError

    def find(name: str, models: Any, releases: Any) -> Any:
        if name not in ("DeepSeek-R1", "V3", "Kimi K2"):
            raise UnknownNameError("model", name, [])
        return name, models, releases

    models = [Thing(model="DeepSeek-V3", aliases=("V3",))]
    releases = [{"model": "DeepSeek-R1"}, {}, {"model": "Kimi K2"}]
    rooms.answer("engine.threat.architectures.load_architectures", models)
    rooms.answer("engine.threat.estimate.find_subject", find)
    rooms.answer("engine.cli.commands.cost._releases", releases)
    rooms.answer("engine.threat.estimate.subject_from", dict)
    assert cost._subject("V3", None) == ("V3", models, releases)
    assert cost._subject("r1", None) == ("DeepSeek-R1", models, releases)
    assert cost._subject("k2", None)[0] == "Kimi K2"  # type: ignore[index]
    with pytest.raises(InputError, match=r"^no model given \(name one, or use --model-file\)$"):
        cost._subject(None, None)
    file = tmp_path / "m.toml"
    for text in ("a = 1\n", "[model]\na = 1\n", "model = 5\na = 1\n"):
        file.write_text(text)
        found: Any = cost._subject("V3", file)
        assert found == ({"model": 5, "a": 1} if "5" in text else {"a": 1})


def test_a_chip_is_found_or_read_and_must_have_been_on_sale(rooms: Rooms, tmp_path: Path) -> None:
    own = Thing(chip="Mine")
    rooms.answer("engine.threat.chips.load_accelerators", "table")
    rooms.answer("engine.threat.chips.find_chip", lambda chips, name, as_of: (chips, name, as_of))
    rooms.answer("engine.threat.estimate.chip_from", own)
    rooms.answer("engine.service.wiring.instant_at", datetime(2025, 8, 23, 3, tzinfo=UTC))
    day = date(2025, 8, 22)  # in New York
    found: Any = cost._chip("C", None, "last")
    assert found == ("table", "C", day)
    assert rooms.asked("instant_at") == [(rooms.store, "last", NOW)]
    assert cost._chip("C", None, None) == ("table", "C", None)
    file = tmp_path / "c.toml"
    file.write_text("[chip]\na = 1\n")
    assert cost._chip("C", file, "last") == ((own,), "Mine", day)
    assert rooms.asked("chip_from") == [({"a": 1},)]
    with pytest.raises(InputError, match=r"^no chip given \(name one with --chip, or use --chip-f"):
        cost._chip(None, None, None)


@pytest.mark.parametrize(("misses", "code"), [(("X1",), 0), (("T1", "X1", "T2"), 1)])
def test_targets_outside_their_tolerance_end_with_one(
    rooms: Rooms, misses: tuple[str, ...], code: int
) -> None:
    facts = Thing(chips="chips", models="models")
    rooms.answer("engine.threat.architectures.load_architectures", "models")
    rooms.answer("engine.threat.chips.load_accelerators", "chips")
    rooms.answer("engine.threat.points.load_points", "points")
    rooms.answer("engine.threat.points.score_points", "scored")
    rooms.answer("engine.threat.validation.TargetTables", facts)
    rooms.answer("engine.threat.validation.validate", Thing(misses=misses))
    rooms.answer("engine.cli.commands.cost.validation_text", "targets")
    rooms.answer("engine.cli.commands.cost.points_text", lambda scored, figures: f"{figures}")
    rooms.answer("engine.cli.commands.cost.points_plain", "points")
    rooms.answer("engine.cli.commands.cost.to_plain", {"targets": 1})
    told = rooms.call("validate")
    assert told[:2] == (code, "targets\n\nFalse\n")
    assert told[2] == ("nvsignal: outside their tolerance: T1, T2\n" if code else "")
    assert rooms.asked("TargetTables") == [({"chips": "chips", "models": "models"},)]
    assert rooms.asked("score_points") == [("points", "chips", "models")]
    assert rooms.call("validate", "--figures")[1] == "targets\n\nTrue\n"
    code_, out, _ = rooms.call("validate", "--json")
    assert (code_, json.loads(out)) == (code, {"targets": 1, "published_costs": "points"})


def point(use: str, platform: str, training: bool, name: str = "p") -> Any:
    return Thing(
        point=Thing(use=use, training=training, name=name), platform=platform, modelled=1.0,
    )  # fmt: skip


def test_figures_are_told_apart_by_use_platform_and_work(rooms: Rooms) -> None:
    rooms.answer(
        "engine.cli.commands.cost._score_line", lambda words, part: f"{words}: {len(part)}"
    )
    rooms.answer("engine.cli.commands.cost._aim", lambda unseen: f"aim {len(unseen)}")
    rooms.answer("engine.cli.commands.cost._figure_line", lambda s: s.point.name)
    scored = [
        point("fitted", "hopper", False), point("fitted", "ascend", True, "q"),
        point("fitted", "hopper", True), point("held_out", "hopper", False, "r"),
    ]  # fmt: skip
    lines = cost.points_text(scored, figures=True).splitlines()
    assert lines[1] == "─" * 80
    assert lines[2:] == [
        "helped to set constants: 3", "  ascend, training: 1", "  hopper, serving: 1",
        "  hopper, training: 1", "never fitted, looked at since: 0",
        "written down before, run once: 1", "  hopper, serving: 1", "─" * 80,
        "rms and mean of ln(model / published); band: upper over lower end.", "aim 1", "", "p",
        "q", "p", "r",
    ]  # fmt: skip
    assert cost.points_text(scored, figures=False).splitlines()[-1] == "aim 1"


@pytest.mark.parametrize(
    ("n", "rms", "said"),
    [(4, 0.1, "4 of them say too little (at least 5)."), (5, 0.25, "met."), (5, 0.26, "missed.")],
)
def test_the_aim_of_figures_run_once(
    rooms: Rooms, monkeypatch: Patch, n: int, rms: float, said: str
) -> None:
    monkeypatch.setattr("engine.threat.points.LEAST_FIGURES", 5)
    monkeypatch.setattr("engine.threat.points.AIM_RMS_LOG_ERROR", 0.25)
    rooms.answer("engine.threat.points.summary", Thing(rms_log_error=rms))
    assert cost._aim([1] * n) == f"Aim for figures run once: rms at most 0.25: {said}"  # type: ignore[list-item]


# --- audit, seals, worlds, programs ---------------------------------------------------------------


@pytest.mark.parametrize(("clean", "code"), [(True, 0), (False, 1)])
def test_an_audit_runs_over_the_record_and_ends_with_one_on_a_leak(
    rooms: Rooms, monkeypatch: Patch, clean: bool, code: int
) -> None:
    monkeypatch.setattr("backtests.audit.DELAYS", (1, 5))
    rooms.answer("engine.service.wiring.world_at", Thing(history="history"))
    rooms.answer("backtests.audit.audit", Thing(clean=clean))
    rooms.answer("backtests.fresh.Fresh", lambda names: ("fresh", len(names)))
    rooms.answer("engine.cli.commands.audit.run_of", "run")
    rooms.answer("engine.cli.commands.audit.plain", {"clean": clean})
    rooms.answer("engine.service.histories.histories", {"apart": 1})
    rooms.answer("engine.service.classifier.load_classifier", "classifier")
    rooms.answer("engine.service.folders.data_folder", "data")
    rooms.answer("engine.cli.said.audit.text_of", lambda result, apart, voice: f"{apart}")
    words = ("audit", "--strategy", "s", "--as-of", "last", "--db", "u", "--config", "c")
    assert rooms.call(*words)[:2] == (code, "{'apart': 1}\n")
    ((history, instant, run, more),) = rooms.asked("audit")
    assert (history, instant, run) == ("history", "last", "run")
    assert more == {
        "strategy": "balanced", "dates": 50, "seed": 20_250_822, "delays": (1, 5),
        "without": None, "place": ("fresh", 10), "progress": None,
    }  # fmt: skip
    assert rooms.asked("load") == [("c", "s")]
    assert rooms.asked("world_at") == [(rooms.store, rooms.loaded, "last")]
    assert [asked[:2] for asked in rooms.asked("load_classifier")] == [("data", Path("home"))]
    assert rooms.asked("histories")[0][1:] == (rooms.loaded, "classifier")
    more_words = ("--dates", "all", "--seed", "7", "--no-experiments", "--json")
    told = rooms.call(*words, *more_words)
    assert (told[0], json.loads(told[1])) == (code, {"clean": clean, "histories": {"apart": 1}})
    more = rooms.asked("audit")[0][3]
    assert (more["dates"], more["seed"], more["delays"], more["without"]) == ("all", 7, (), ())


def test_a_period_is_sealed_for_each_preset(rooms: Rooms, tmp_path: Path) -> None:
    heads = iter(("one", "two", "three", "four", "five", "six"))
    rooms.answer("engine.service.registering.statement", lambda *given, **more: {"n": 1})
    rooms.answer("engine.service.registering.register", lambda *g: Thing(entry_hash=next(heads)))
    rooms.answer("engine.service.registering.statement_text", lambda told: f"{len(told)} told")
    rooms.answer("engine.cli.said.register.sealed_text", lambda told, head, voice: f"{head}")
    file = tmp_path / "new" / "s.txt"
    words = ("register", "--from", "2026-12-01", "--until", "2027-11-30", "--db", "u", "--config",
             "c")  # fmt: skip
    assert rooms.call(*words, "--out", str(file))[1] == "three\n"
    assert rooms.asked("load") == [("c", "balanced"), ("c", "cautious"), ("c", "conviction")]
    assert file.read_text() == "3 told"
    period = {"first": date(2026, 12, 1), "until": date(2027, 11, 30), "now": NOW,
              "held_back": False}  # fmt: skip
    assert rooms.asked("statement") == [(rooms.store, rooms.loaded, period)] * 3
    assert rooms.asked("register") == [(rooms.store, {"n": 1}, NOW)] * 3
    more = ("--strategy", " a, a,,b", "--held-back", "--json")
    assert json.loads(rooms.call(*words, *more)[1]) == {
        "entry_hash": "five", "statements": [{"n": 1}, {"n": 1}]}  # fmt: skip
    assert rooms.asked("load") == [("c", "a"), ("c", "b")]
    assert rooms.asked("statement")[0][2]["held_back"] is True
    for half in (words[:3], (words[0], *words[3:5])):
        assert rooms.call(*half)[::2] == (
            2, "nvsignal: a period is needed (--from 2026-12-01 --until 2027-11-30)\n",
        )  # fmt: skip


def test_what_was_sealed_is_compared_preset_by_preset(rooms: Rooms) -> None:
    statements = [{"preset": "a"}, {"preset": "b"}]
    gone = iter((["moved"], [], ["moved"], []))
    rooms.answer("engine.service.registering.read_statements", statements)
    rooms.answer("engine.service.registering.differences", lambda *given: next(gone))
    rooms.answer("engine.service.registering.breaks", bool)
    rooms.answer(
        "engine.cli.said.register.verified_text",
        lambda name, broken, gone, voice: f"{name} {broken}",
    )
    words = ("register", "--verify", "f", "--db", "u", "--config", "c")
    code, out, err = rooms.call(*words)
    assert (code, out) == (1, "a True\nb False\n")
    assert err == (
        "nvsignal: a: what was sealed is not what this version decides (register the new rules "
        "anew, for months that have not begun)\n"
    )
    assert rooms.asked("read_statements") == [(Path("f"),)]
    assert rooms.asked("differences") == [(told, rooms.store, rooms.loaded) for told in statements]
    assert rooms.asked("load")[:2] == [("c", "a"), ("c", "b")]
    code, out, _ = rooms.call(*words, "--json")
    assert json.loads(out) == {"reproduced": False, "differences": {"a": ["moved"], "b": []}}
    rooms.answer("engine.service.registering.differences", [])
    assert json.loads(rooms.call(*words, "--json")[1])["reproduced"] is True
    assert rooms.call(*words)[0] == 0


def test_the_months_held_back_are_run_once(rooms: Rooms) -> None:
    kept = iter(((True, True), (False, True), (False, False)) * 2)
    rooms.answer(
        "engine.service.heldback.run",
        lambda store, loaded, now: Thing(preset=loaded.strategy.name, plain=lambda: {"p": 1}),
    )
    rooms.answer("engine.service.heldback.keep", lambda *given: next(kept))
    rooms.answer("engine.cli.said.register.run_text", lambda runs, voice: f"{len(runs)} runs")
    rooms.answer("engine.cli.said.register.again_text", lambda name, same, voice: f"{name} {same}")
    assert (
        rooms.call("heldback", "--db", "u", "--config", "c")[1]
        == "3 runs\nbalanced True\nbalanced False\n"
    )
    assert rooms.asked("load")[-3:] == [("c", p) for p in ("balanced", "cautious", "conviction")]
    assert rooms.asked("run") == [(rooms.store, rooms.loaded, {"now": NOW})] * 3
    assert [asked[::2] for asked in rooms.asked("keep")] == [(rooms.store, NOW)] * 3
    assert json.loads(rooms.call("heldback", "--json")[1]) == [
        {"p": 1, "first_run": True, "same_as_first": True},
        {"p": 1, "first_run": False, "same_as_first": True},
        {"p": 1, "first_run": False, "same_as_first": False},
    ]


@pytest.mark.parametrize(("kept", "code"), [(True, 0), (False, 1)])
def test_worlds_without_and_with_an_edge_are_judged(
    rooms: Rooms, monkeypatch: Patch, kept: bool, code: int
) -> None:
    def tally(judge: Any, given: Any, count: int, *, on_world: Any, **more: Any) -> Any:
        on_world(1)
        claims = [Thing(claimed=True), Thing(claimed=False)]
        return Thing(worlds=count, claimed=1, by_kind={"a": (1, 2)}, judged=claims, name=judge)

    @contextmanager
    def counted(what: str, total: int) -> Any:
        rooms.calls.append(("counted", what, total))
        yield lambda steps: rooms.calls.append(("steps", steps))

    monkeypatch.setattr(worlds, "counted", counted)
    monkeypatch.setattr(worlds, "to_plain", len)
    monkeypatch.setattr("engine.service.worlds.without_edge", "without")
    monkeypatch.setattr("engine.service.worlds.with_edge", "with")
    rooms.answer("engine.service.worlds.presets", (rooms.loaded,))
    rooms.answer("engine.service.worlds.given_at", "given")
    rooms.answer("engine.service.worlds.tally", tally)
    rooms.answer("engine.service.worlds.kept", kept)
    rooms.answer("engine.cli.commands.worlds._text", lambda found, kept, voice: f"{kept}")
    words = ("worlds", "--worlds", "9", "--db", "u", "--config", "c")
    assert rooms.call(*words)[:2] == (code, f"{kept}\n")
    assert rooms.asked("presets") == [("c",)]
    assert rooms.asked("instant_at") == [(rooms.store, "2025-09-30", NOW)]
    assert rooms.asked("given_at") == [
        (("history", "2025-09-30"), "2025-09-30", (rooms.loaded,), 20_251_001)
    ]  # fmt: skip
    assert rooms.asked("counted") == [("worlds without an edge", 9), ("worlds with an edge", 9)]
    assert rooms.asked("steps") == [(1,), (1,)]
    assert [asked[:3] for asked in rooms.asked("tally")] == [
        ("without", "given", 9), ("with", "given", 9),
    ]  # fmt: skip
    assert [t.name for t in rooms.asked("kept")[0]] == ["without", "with"]
    more = ("--seed", "5", "--to", "last", "--workers", "2", "--cluster", "x", "--json")
    told = rooms.call(*words, *more)
    one = {"worlds": 9, "claimed": 1, "by_kind": {"a": [1, 2]}, "claims": 1}
    assert (told[0], json.loads(told[1])) == (code, {"kept": kept, "without": one, "with": one})
    assert rooms.asked("given_at")[0][3] == 5
    named = rooms.asked("tally")[0][3]
    assert (named["workers"], named["cluster"]) == (2, "x")
    rooms.call("worlds")
    named = rooms.asked("tally")[0][3]
    assert (rooms.asked("tally")[0][2], named["workers"], named["cluster"]) == (200, 1, None)


def test_tools_ask_the_question_of_their_name() -> None:
    asked: list[Any] = []

    def answers(question: str, given: Any) -> str:
        asked.append((question, given))
        return question

    found: Any = {tool.__name__: tool for tool in mcp.tools(answers)}  # type: ignore[arg-type]
    names = ["report", "explain", "rate", "stress", "track", "events", "holding", "feeds"]
    assert list(found) == names
    assert [found[name]() for name in names] == names
    assert asked == [(name, {}) for name in names]
    asked.clear()
    both = {"as_of": "last", "strategy": "s"}
    for name in ("report", "explain", "track"):
        found[name](as_of="last", strategy="s")
    found["rate"](models=["a"], as_of="last")
    for name in ("stress", "holding"):
        found[name](as_of="last")
    found["events"](days=3, as_of="last", strategy="s")
    assert asked == [
        ("report", both), ("explain", both), ("track", both),
        ("rate", {"models": ["a"], "as_of": "last"}), ("stress", {"as_of": "last"}),
        ("holding", {"as_of": "last"}), ("events", {"days": "3", **both}),
    ]  # fmt: skip


def test_tools_are_listed_or_served(rooms: Rooms) -> None:
    ran: list[Any] = []
    rooms.answer("engine.cli.commands.mcp.need_sdk", None)
    rooms.answer("engine.cli.commands.mcp.server", Thing(run=ran.append))
    words = ("mcp", "--strategy", "s", "--db", "u", "--config", "c")
    assert rooms.call(*words)[:2] == (0, "")
    ((answers,),) = rooms.asked("server")
    assert (answers.db, answers.config, answers.strategy, ran) == ("u", "c", "s", ["stdio"])
    listed = json.loads(rooms.call(*words, "--list")[1])
    assert [row["tool"] for row in listed][::7] == ["report", "feeds"]
    assert listed[0]["does"].startswith("The whole report: verdict")
    assert len(ran) == 1


def test_a_mistake_of_a_tool_is_one_short_line() -> None:
    from mcp.server.mcpserver.exceptions import ToolError

    def answers(question: str, given: Any) -> str:
        raise DataError("no\n such\x07 " + "x" * 2_000)

    with pytest.raises(ToolError) as error:
        mcp.tools(answers)[0]()  # type: ignore[arg-type]
    assert str(error.value) == ("no such " + "x" * 2_000)[:999] + "…"


def test_the_sdk_is_asked_for_where_it_is_missing(monkeypatch: Patch) -> None:
    seen: list[str] = []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: seen.append(name))
    with pytest.raises(InputError, match="this needs the package mcp"):
        mcp.need_sdk()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    mcp.need_sdk()
    assert seen == ["mcp"]


@pytest.mark.parametrize(
    ("host", "token", "names", "address", "warned"),
    [
        ("127.0.0.1", None, {"localhost", "127.0.0.1", "mine"}, "http://127.0.0.1:8377/", False),
        (
            "0.0.0.0",
            "t" * 16,
            {"localhost", "0.0.0.0", "mine", "box"},
            "http://0.0.0.0:8377/",
            True,
        ),
        ("::1", None, {"localhost", "::1", "mine"}, "http://[::1]:8377/", False),
    ],
)
def test_the_page_is_served_to_those_who_know_its_name(
    rooms: Rooms, monkeypatch: Patch, host: str, token: str | None, names: set[str], address: str,
    warned: bool,
) -> None:  # fmt: skip
    @contextmanager
    def listening(host: str, port: int) -> Any:
        rooms.calls.append(("listen", host, port))
        yield "socket"

    if token:
        monkeypatch.setenv("NVSIGNAL_WEB_TOKEN", token)
    else:
        monkeypatch.delenv("NVSIGNAL_WEB_TOKEN", raising=False)
    pages = Thing(warm=lambda: rooms.calls.append(("warm",)))
    app = Thing(state=Thing(pages=pages))
    rooms.loaded.settings.report = Thing(language="fr")
    monkeypatch.setattr("engine.web.app.listen", listening)
    monkeypatch.setattr("socket.gethostname", lambda: "BOX")
    monkeypatch.setattr(serve, "need_web", lambda: None)
    rooms.answer("engine.web.app.create_app", app)
    rooms.answer(
        "engine.web.app.server", Thing(run=lambda sockets: rooms.calls.append(("run", sockets)))
    )
    words = ("serve", "--host", host, "--name", "MINE", "--strategy", "s", "--db", "u", "--config",
             "c")  # fmt: skip
    code, out, err = rooms.call(*words)
    assert (code, out) == (0, "")
    warning = "nvsignal: warning: plain http beyond this machine; put a TLS proxy in front of it\n"
    assert err == (
        f"working out the first report\nserving {address} (stop with Ctrl-C)\n" + warning * warned
    )
    ((store, folder, more),) = rooms.asked("create_app")
    admission, answers = more.pop("admission"), more.pop("answers")
    assert (store, folder, more["strategy"], more["language"]) == (
        rooms.store, Path("home"), "s", "fr",
    )  # fmt: skip
    assert more["clock"]() == NOW
    assert (admission.names, admission.token) == (names, token)
    assert (answers.db, answers.config, answers.strategy) == ("u", "c", "s")
    assert rooms.asked("load")[-1] == ("c", "s")
    assert rooms.asked("open") == [("u",)]
    assert rooms.asked("listen") == [(host, 8377)]
    assert [call[0] for call in rooms.calls][-4:] == ["warm", "server", "run", "close"]
    assert rooms.asked("run") == [(["socket"],)]
    code, out, err = rooms.call(*words, "--json")
    assert json.loads(out) == {"address": address, "token_needed": token is not None}
    assert err == warning * warned


# --- configuration, rounds ------------------------------------------------------------------------


def test_a_configuration_is_checked_as_a_whole(rooms: Rooms) -> None:
    problems: list[str] = []
    rooms.answer("engine.service.bind.check", lambda folder: problems)
    rooms.answer("engine.service.bind.warnings", ["old"])
    assert rooms.call("config", "check", "--config", "c")[:2] == (
        0, "note: old\nc: every file is in order\n",
    )  # fmt: skip
    assert rooms.asked("check") == [(Path("c"),)]
    assert rooms.asked("warnings") == [(Path("c"), NOW)]
    assert json.loads(rooms.call("config", "check", "--json")[1]) == {
        "folder": "home", "ok": True, "problems": [], "warnings": ["old"]}  # fmt: skip
    problems.append("a.toml:1: no")
    assert rooms.call("config", "check") == (2, "", "nvsignal: a.toml:1: no\n")
    code, out, _ = rooms.call("config", "check", "--json")
    assert (code, json.loads(out)) == (
        2, {"folder": "home", "ok": False, "problems": ["a.toml:1: no"], "warnings": []},
    )  # fmt: skip


def test_a_folder_of_ones_own_is_written_and_named(
    rooms: Rooms, monkeypatch: Patch, tmp_path: Path
) -> None:
    problems: list[str] = []
    rooms.answer("config.settings.user_folder", tmp_path)
    rooms.answer("engine.service.own_folder.init", Thing(new=("a", "b", "c"), kept=("d",)))
    rooms.answer("engine.service.bind.check", lambda folder: problems)
    rooms.answer("engine.service.collecting.mute_line", "nobody is asked")
    monkeypatch.setattr("config.settings.config_folder", lambda given=None: tmp_path)
    told = f"{tmp_path}: 3 files written, 1 kept as they are\n"
    unread = f"nobody is asked; set mail under [contact] in {tmp_path}/nvsignal.toml\n"
    assert rooms.call("config", "init")[1] == told + unread
    assert rooms.asked("init") == [(tmp_path,)]
    problems.append("no")
    assert rooms.call("config", "init")[1] == told
    other = tmp_path / "other"
    assert rooms.call("config", "init", str(other))[1] == (
        f"{other}: 3 files written, 1 kept as they are\nTo use it: export NVSIGNAL_CONFIG={other}\n"
    )
    problems.clear()
    rooms.answer("engine.service.collecting.mute_line", "")
    assert rooms.call("config", "init")[1] == told


def test_presets_are_shown_by_the_names_of_their_files(
    rooms: Rooms, monkeypatch: Patch, tmp_path: Path
) -> None:
    (tmp_path / "strategies").mkdir()
    for name in ("c", "a", "b"):
        (tmp_path / "strategies" / f"{name}.toml").write_text("")

    def loaded(folder: Path, file: str) -> Any:
        name = Path(file).stem
        voices = [Thing(use="strategies.trend:Trend", weight=0.25)]
        rule = Thing(exit_below=-0.2, enter_above=0.1)
        return Thing(
            strategy=Thing(name=name, description=f"{name}!", decision=rule, strategy=voices)
        )

    monkeypatch.setattr("config.settings.load", loaded)
    told = json.loads(rooms.call("config", "show", "--json", "--config", str(tmp_path))[1])
    assert [row["name"] for row in told] == ["a", "b", "c"]
    assert told[0] == {
        "name": "a", "description": "a!", "exit_below": -0.2, "enter_above": 0.1,
        "weights": {"Trend": 0.25},
    }  # fmt: skip
    assert rooms.call("config", "show", "--config", str(tmp_path))[1].splitlines()[:2] == [
        "a: a!", "  SELL below -0.20, HOLD again above +0.10",
    ]  # fmt: skip


def test_a_schema_is_one_of_those_there_are(rooms: Rooms) -> None:
    rooms.answer("config.settings.schemas", {"strategy": {"a": 1}, "feeds": {"b": 2}})
    assert json.loads(rooms.call("config", "schema")[1]) == {"a": 1}
    assert json.loads(rooms.call("config", "schema", "feeds")[1]) == {"b": 2}
    assert rooms.call("config", "schema", "feed")[::2] == (
        2, "nvsignal: unknown configuration file 'feed' (did you mean 'feeds'?)\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("offline", "failed", "answered", "code"),
    [(False, 0, 1, 0), (False, 1, 1, 0), (False, 1, 0, 1), (True, 0, 0, 1), (False, 0, 0, 0)],
)
def test_a_round_asks_the_feeds_named(
    rooms: Rooms, offline: bool, failed: int, answered: int, code: int
) -> None:
    feeds = [Thing(name="a", enabled=True), Thing(name="b", enabled=False)]
    known = Thing(named=lambda names: [f for f in feeds if f.name in names])
    counts = {"failed": failed, "new": answered}
    summary = Thing(count=lambda *names: sum(counts.get(name, 0) for name in names))
    rooms.answer("engine.service.collecting.feeds_of", known)
    rooms.answer(
        "engine.service.collecting.collect_and_ingest", Thing(summary=summary, offline=offline)
    )
    rooms.answer("engine.cli.said.collect.summary_text", "summary")
    rooms.answer("engine.cli.commands.collect.summary_of", {"n": 1})
    told = rooms.call("collect", "a", "--db", "u", "--config", "c")
    said = "nvsignal: offline: no source could be reached; the record is as it was\n"
    assert told == (code, "" if offline else "summary\n", said if offline else "")
    assert rooms.asked("collect_and_ingest") == [
        (rooms.store, rooms.loaded, NOW, {"names": ["a"], "force": False, "progress": None})
    ]  # fmt: skip
    assert (rooms.asked("load")[0], rooms.asked("open")) == (("c", None), [("u",)])
    told = rooms.call("collect", "--force", "--json")
    assert (told[0], json.loads(told[1])) == (code, {"n": 1})
    more = rooms.asked("collect_and_ingest")[0][3]
    assert (more["names"], more["force"]) == ([], True)
    assert rooms.call("collect", "b")[::2] == (
        2, "nvsignal: feed 'b' is switched off (set enabled = true in its stanza of feeds.toml)\n",
    )  # fmt: skip


def test_the_health_of_feeds_is_as_their_polls_left_it(rooms: Rooms) -> None:
    rooms.store.poll_states = lambda: {"a": Thing(next_due_at=NOW)}
    rooms.answer("engine.service.collecting.feeds_of", "known")
    rooms.answer("engine.service.collecting.feed_health", "health")
    rooms.answer(
        "engine.cli.said.collect.health_text", lambda known, health, due, voice: f"{known}"
    )
    rooms.answer("engine.cli.commands.collect.health_rows", [1])
    assert rooms.call("feeds", "--db", "u", "--config", "c")[1] == "known\n"
    assert rooms.asked("feed_health") == [(rooms.store, rooms.loaded, NOW)]
    assert rooms.asked("health_text")[0][:3] == ("known", "health", {"a": NOW})
    assert (rooms.asked("load")[0], rooms.asked("open")) == (("c", None), [("u",)])
    assert json.loads(rooms.call("feeds", "--json")[1]) == [1]
    assert rooms.asked("health_rows") == [("known", "health", {"a": NOW})]


# --- headlines ------------------------------------------------------------------------------------


def test_headlines_are_classified_or_the_model_is_made_anew(rooms: Rooms, tmp_path: Path) -> None:
    given: list[Any] = []

    def load(data: Any, folder: Any, speaker: Any) -> Any:
        given.append((data, folder, speaker.lang))
        return Thing(classify=lambda headlines: headlines)

    rooms.answer("engine.service.folders.data_folder", "data")
    rooms.answer("engine.service.classifier.load_classifier", load)
    rooms.answer("engine.cli.commands.classify.plain", lambda found: {"h": found})
    rooms.answer("engine.cli.said.classify.text_of", lambda found, speaker: f"{found}")
    assert rooms.call("classify", "Nvidia falls")[1] == "['Nvidia falls']\n"
    assert given == [("data", None, "en")]
    words = ("--config", str(tmp_path), "--json")
    (tmp_path / "nvsignal.toml").write_text('[report]\nlanguage = "fr"\n')
    assert json.loads(rooms.call("classify", "Nvidia falls", *words)[1]) == [{"h": "Nvidia falls"}]
    assert given[1] == ("data", tmp_path, "fr")
    assert rooms.call("classify", "Nvidia falls", "--report", "x")[::2] == (
        2, "nvsignal: --report belongs to 'classify train'\n",
    )  # fmt: skip
    none = tmp_path / "none"
    assert rooms.call("classify", "Nvidia falls", "--config", str(none))[::2] == (
        2, f"nvsignal: --config '{none}' is not a folder\n",
    )  # fmt: skip
    validation = "validation"
    rooms.answer("engine.service.classifier.labelled_file", lambda folder: ("file", folder))
    rooms.answer("engine.service.classifier.read_labelled", ("head", "rows"))
    rooms.answer("engine.news.validation.cross_validate", validation)
    rooms.answer("engine.cli.said.classify.validation_text", "text")
    rooms.answer("engine.cli.said.classify.validation_markdown", "markdown")
    rooms.answer("engine.cli.commands.classify.figures", {"f": 1})
    text, mark = tmp_path / "a.TXT", tmp_path / "a.md"
    assert rooms.call("classify", "train", "--report", str(text))[1] == "text\n"
    assert rooms.asked("cross_validate") == [("rows",)]
    assert rooms.asked("read_labelled") == [(("file", None),)]
    assert json.loads(rooms.call("classify", "train", "--report", str(mark), "--json")[1]) == {
        "f": 1}  # fmt: skip
    assert (text.read_text(), mark.read_text()) == ("text", "markdown")


def test_a_classification_for_programs() -> None:
    value = Thing(value="v")
    span = Thing(start=1, end=3, text="a\x07b", code="c", turned=True)
    found: Any = Thing(
        headline="h\x07", event_type="e", direction=-1, actor="a", stage=Thing(value="s"),
        confidence=0.123456, abstained=False, relevant=True, unread="u", mood=value, cue="c\x07",
        reading=Thing(language="zh"), weighs=True, spans=(span,),
    )  # fmt: skip
    assert classify.plain(found) == {
        "headline": "h", "event_type": "e", "direction": -1, "actor": "a", "stage": "s",
        "confidence": 0.1235, "abstained": False, "relevant": True, "unread": "u",
        "language": "zh", "mood": "v", "cue": "c", "weighs": True,
        "spans": [{"start": 1, "end": 3, "text": "ab", "code": "c", "turned": True}],
    }  # fmt: skip


def test_figures_of_a_validation_for_programs() -> None:
    from engine.cli.said.classify import FIGURES
    from engine.news.taxonomy import EVENT_TYPES

    figures = {name: n + 0.123456 for n, name in enumerate(FIGURES)}
    found: Any = Thing(
        rows=9, groups=4, folds=3, by_language={"en": 0.55556}, confusion=np.array([[1, 2]]),
        by_type={"rates": (0.11111, 0.22222, 0.33333, 7)},
        mistakes=[("h", "true", "taken", 0.98765)], **figures,
    )  # fmt: skip
    assert classify.figures(found) == {
        "rows": 9, "groups": 4, "folds": 3,
        **{name: round(n + 0.1235, 4) for n, name in enumerate(FIGURES)},
        "macro_f1_by_language": {"en": 0.5556},
        "by_type": {"rates": {"precision": 0.1111, "recall": 0.2222, "f1": 0.3333, "rows": 7}},
        "types": list(EVENT_TYPES), "confusion": [[1, 2]],
        "worst_mistakes": [
            {"headline": "h", "type": "true", "predicted": "taken", "confidence": 0.9877}],
    }  # fmt: skip


def test_headlines_are_at_most_a_million_and_read_from_a_pipe(
    monkeypatch: Patch, tmp_path: Path
) -> None:
    file = tmp_path / "h.txt"
    file.write_text("one\ntwo\nthree\n")
    monkeypatch.setattr(classify, "MAX_HEADLINES", 3)
    assert classify.read_headlines(str(file)) == ["one", "two", "three"]
    monkeypatch.setattr(classify, "MAX_HEADLINES", 2)
    with pytest.raises(InputError, match=rf"^{file}: more than 2 headlines$"):
        classify.read_headlines(str(file))
    asked: list[Any] = []

    def piped(name: str, *, at_most: int) -> bytes:
        asked.append((name, at_most))
        return b"\xef\xbb\xbfheadline,x\none,1\n"

    monkeypatch.setattr(classify, "read_piped", piped)
    monkeypatch.setattr("sys.stdin", Thing(isatty=lambda: False))
    assert classify.read_headlines(None) == classify.read_headlines("-") == ["one"]
    assert asked == [("standard input", 256_000_000)] * 2
    monkeypatch.setattr("sys.stdin", Thing(isatty=lambda: True))
    with pytest.raises(InputError, match=r"^no headlines given \(name a file, or pipe them in\)$"):
        classify.read_headlines(None)
    table = tmp_path / "t.csv"
    table.write_text(",".join("abcdefg") + "\n1\n")
    with pytest.raises(InputError, match=r"'headline' \(columns: 'a', 'b', 'c', 'd', 'e', 'f'\)$"):
        classify.read_headlines(str(table))
    table.write_text("title,Headline\nt,h\n")
    assert classify.read_headlines(str(table)) == ["h"]
    assert not classify._is_file("x" * 9_999)
    assert not classify._is_file("a\0b")


# --- numbers of few bits --------------------------------------------------------------------------


def test_a_first_column_may_stand_alone_and_a_table_may_have_a_head(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    file = tmp_path / "n.csv"

    def column(text: str) -> tuple[list[str], list[Any]]:
        file.write_text(text)
        return fp8._read_column(file, ("value", "float32_hex"), fp8._number)

    assert column("1.5\n2\n") == (["1.5", "2"], [1.5, 2.0])
    assert column("a, value\nx, 3\n\ny,4\n") == (["3", "4"], [3.0, 4.0])
    with pytest.raises(InputError, match=r"line 2, column 'value': '' is not a number"):
        column("a,value\nx\n")
    with pytest.raises(InputError, match=r"'float32_hex' in the header \(found: a, b\)$"):
        column("a,b\n1,2\n")
    with pytest.raises(InputError, match=rf"\(found: {'x' * 119}…\)$"):
        column(f"{'x' * 130},b\n1,2\n")
    with pytest.raises(InputError, match=rf"column 'value': '{'x' * 59}…' is not"):
        column(f"value\n{'x' * 70}\n")
    with pytest.raises(InputError, match=r"\(found: nothing\)$"):
        column("")
    with pytest.raises(InputError, match=r"\(found: 1, 2\)$"):
        column("1,2\n")

    def table(text: str) -> list[list[float]]:
        file.write_text(text)
        return fp8._read_table(file)

    assert table("a,b\n1,2\n3, 0x3f800000\n") == [[1.0, 2.0], [3.0, 1.0]]
    with pytest.raises(InputError, match=r"line 1, column 1: 'a' is not"):
        table("a,2\n3,4\n")  # a line with a number is no head
    with pytest.raises(InputError, match=r"n\.csv, line 3: 1 cells where 2 were expected$"):
        table("1,2\n3,4\n5\n")
    asked: list[Any] = []
    monkeypatch.setattr(fp8, "read_piped", lambda name, at_most: asked.append(at_most) or b"1\n")
    for given in (None, Path("-")):
        assert fp8._text_of(given) == ("standard input", "1\n")
    assert asked == [64 * 1024 * 1024] * 2


def test_answers_are_written_as_csv_or_data_with_one_line_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "o"
    fp8._answer([(1, "a,b")], ("x", "y"), out, False, format="f")
    assert out.read_text() == 'x,y\n1,"a,b"\n'
    fp8._answer([(1, "b")], ("x", "y"), out, True, format="f")
    assert json.loads(out.read_text()) == {"format": "f", "rows": [{"x": 1, "y": "b"}]}
    assert out.read_text().endswith("}\n")
    fp8._write("a\n", out)
    assert out.read_text() == "a\n"
    fp8._write("a", None)
    assert capsys.readouterr().out == "a\n"


def test_a_rectangle_of_blocks_has_a_scale_each(tmp_path: Path, rooms: Rooms) -> None:
    """Blocks of 1 by 2 over two rows of four: the scale of each doubles, 448 in each."""
    file = tmp_path / "t.csv"
    file.write_text("448,1,896,2\n1792,4,3584,8\n")
    words = ("fp8", "quantize", str(file), "--block", "1x2")
    rows = [row.split(",") for row in rooms.call(*words)[1].splitlines()[1:]]
    assert [row[:2] for row in rows] == [[str(i), str(j)] for i in range(2) for j in range(4)]
    assert [row[4] for row in rows] == [
        "0x7f", "0x7f", "0x80", "0x80", "0x81", "0x81", "0x82", "0x82",
    ]  # fmt: skip
    assert [float(row[5]) for row in rows] == [448, 1, 896, 2, 1792, 4, 3584, 8]
    told = json.loads(rooms.call(*words, "--json")[1])
    assert (told["shape"], told["scales"]) == ([2, 4], [[127, 128], [129, 130]])
    assert told["scheme"]["block"] == [1, 2]
    one = rooms.call(*words[:-1], "tensor", "--scale", "float32", "--rule", "ceil")[1]
    assert {row.split(",")[4] for row in one.splitlines()[1:]} == {"8.0"}  # 3584 / 448
    file.write_text("nan,1\n")
    assert rooms.call(*words, "--strict")[0] == 1
    file.write_text("1.0625,1.0625\n")  # times 256 halfway from 256 to 288: to the even one, 256
    told = json.loads(rooms.call(*words, "--json")[1])
    assert told["reconstructed"] == [[1.0, 1.0]]
    assert told["sqnr_db"] == pytest.approx(10 * math.log10(289))  # (1.0625 / 0.0625) squared
    assert told["bytes_per_parameter"] == 1.5  # a byte each, and one for the scale of two
    file.write_text("nan,1\n")
    assert rooms.call(*words)[0] == 0


# --- bars, the runner -----------------------------------------------------------------------------


class Bar:
    """Stands for rich's bar: notes what it is made of and told."""

    made: list[Any]

    def __init__(self, *columns: Any, console: Any, transient: bool, disable: bool = False) -> None:
        assert console.stderr
        Bar.made = [("bar", len(columns), transient, disable)]

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *given: object) -> None:
        Bar.made.append("end")

    def add_task(self, what: str, total: float | None) -> str:
        Bar.made.append((str(what), total))
        return "task"

    def advance(self, task: str, steps: int) -> None:
        Bar.made.append((task, steps))

    def update(self, task: str, **told: Any) -> None:
        Bar.made.append((task, {k: v if k != "description" else str(v) for k, v in told.items()}))


@pytest.mark.parametrize("terminal", [True, False])
def test_bars_move_on_a_terminal_only(monkeypatch: Patch, terminal: bool) -> None:
    monkeypatch.setattr("rich.progress.Progress", Bar)
    monkeypatch.setattr("sys.stderr", Thing(isatty=lambda: terminal, write=len, flush=int))
    with progress.counted("sets", 7) as advance:
        advance(2)
    first = ("bar", 0, True, not terminal)
    assert Bar.made == [first, ("sets", 7), ("task", 2), "end"]
    with progress.staged("work") as step:
        step("reading", 0.25)
    told = {"completed": 0.25, "description": "reading"}
    assert Bar.made == [first, ("work", 1.0), ("task", told), "end"]
    for bar, columns, name in (
        (collect._progress, 3, "asking"), (audit._progress, 3, ""),
    ):  # fmt: skip
        with bar(EN) as show:  # type: ignore[operator]
            assert (show is not None) == terminal
            if show is None:
                continue
            for done in (1, 2):
                show(done, 2, Thing(feed="wire") if bar is collect._progress else "poison")
        if terminal:
            words = ("wire", "reading the news") if bar is collect._progress else ("poison",) * 2
            assert Bar.made == [
                ("bar", columns, True, False), (name, None),
                ("task", {"completed": 1, "total": 2, "description": words[0]}),
                ("task", {"completed": 2, "total": 2, "description": words[1]}), "end",
            ]  # fmt: skip


@pytest.mark.parametrize("terminal", [True, False])
def test_a_sign_of_life_is_given_on_a_terminal_only(monkeypatch: Patch, terminal: bool) -> None:
    told: list[Any] = []

    class Console:
        def __init__(self, *, stderr: bool) -> None:
            told.append(stderr)

        @contextmanager
        def status(self, what: str) -> Any:
            told.append(what)
            yield

    monkeypatch.setattr("rich.console.Console", Console)
    monkeypatch.setattr("sys.stderr", Thing(isatty=lambda: terminal))
    with backtest._waiting("reading"):
        pass
    assert told == ([True, "reading"] if terminal else [])


class Log:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.lines: list[Any] = []

    def info(self, event: str, **more: Any) -> None:
        self.lines.append((event, more))

    error = info


def test_a_runner_is_opened_with_everything_and_its_lock_is_given_back(
    rooms: Rooms, monkeypatch: Patch
) -> None:
    log, released = Log(), list[int]()
    lock = Thing(release=lambda: released.append(1))
    channels = Thing(secrets=("s1",), problems=("mail: no",))
    made = Thing(folder=Path("reports"), ahead=lambda: {"report": NOW})
    rooms.answer("engine.service.channels.channels_of", channels)
    rooms.answer("engine.service.logs.secrets_of", ("s2",))
    rooms.answer("engine.service.logs.Redactor", lambda secrets: ("redactor", secrets))
    rooms.answer("engine.service.logs.open_log", log)
    rooms.answer("engine.service.lock.leader_lock", lock)
    rooms.answer("engine.service.wiring.default_db_url", "own")
    rooms.answer("engine.service.runner.report_folder", "folder")
    rooms.answer("engine.service.runner.check_folder", None)
    rooms.answer("engine.service.runner.make_runner", made)
    with run._runner("u", "c", "s", offline=True) as (runner, told):
        assert (runner, told) == (made, log)
        assert released == []
    assert released == [1]
    assert log.lines == [
        ("channel_unusable", {"why": "mail: no"}),
        ("started", {"record": "r.db", "reports": "reports", "next": {"report": NOW}}),
    ]
    ((store, loaded, more),) = rooms.asked("make_runner")
    assert (store, loaded, more.pop("clock")()) == (rooms.store, rooms.loaded, NOW)
    assert more == {"lock": lock, "log": log, "channels": channels, "offline": True}
    assert rooms.asked("open_log") == [(("redactor", ("s1", "s2")),)]
    assert rooms.asked("leader_lock") == [("u",)]
    assert rooms.asked("check_folder") == [("folder",)]
    assert (rooms.asked("load"), rooms.asked("open")) == ([("c", "s")], [("u",)])
    with pytest.raises(ZeroDivisionError), run._runner(None, None, None, offline=False):
        1 / 0  # noqa: B018
    assert rooms.asked("leader_lock")[-1] == ("own",)
    assert released == [1, 1]


@pytest.mark.parametrize(("every", "seconds"), [(("--every", "2.5"), 2.5), ((), 5.0)])
def test_the_mornings_run_until_they_are_told_to_stop(
    rooms: Rooms, monkeypatch: Patch, every: tuple[str, ...], seconds: float
) -> None:
    """A first signal lets what is under way be finished; a second one is the system's own."""
    import signal

    log, handlers = Log(), dict[int, Any]()
    monkeypatch.setattr("signal.signal", lambda number, handler: handlers.update({number: handler}))

    @contextmanager
    def opened(*given: Any, offline: bool) -> Any:
        rooms.calls.append(("opened", *given, offline))
        yield Thing(cycle="cycle"), log

    def served(cycle: Any, stop: Any, *, clock: Any, log: Any, **more: float) -> None:
        assert (cycle, clock(), more, stop.is_set()) == ("cycle", NOW, {"seconds": seconds}, False)
        assert sorted(handlers) == [signal.SIGINT, signal.SIGTERM]
        handlers[signal.SIGTERM](signal.SIGTERM, None)
        assert stop.is_set()
        assert handlers[signal.SIGTERM] is signal.SIG_DFL
        assert handlers[signal.SIGINT] is not signal.SIG_DFL

    monkeypatch.setattr(run, "_runner", opened)
    monkeypatch.setattr("engine.service.runner.serve", served)
    words = ("run", *every, "--db", "u", "--config", "c", "--strategy", "s", "--offline")
    assert rooms.call(*words)[0] == 0
    assert rooms.asked("opened") == [("u", "c", "s", True)]
    assert log.lines == [("stopped", {})]


def test_an_audited_run_is_the_live_decision_with_all_that_it_rests_on(rooms: Rooms) -> None:
    world = Thing(history="own", as_of="at", grid="grid")
    voices = [Thing(strategy=Thing(name="trend"))]
    config: Any = Thing(blend=Thing(voices=voices))
    found = Thing(
        features="features", evaluation="evaluation", events="events",
        ratings=[Thing(row=3, rating="rated")],
        world=Thing(sessions=Thing(decide_at=lambda day: datetime(2020, 1, day.day, tzinfo=UTC))),
        decision_at=lambda row: sample.decision(acts_on=date(2025, 8, 25), data_hash=f"{row:064}"),
    )  # fmt: skip
    rooms.answer("backtests.trace.trace_of", lambda *given, **more: (given, more))
    rooms.answer("engine.decision.events.known_events", "known")
    rooms.answer("engine.decision.ratings.rate_all", "rated all")
    rooms.answer("engine.service.wiring.world_of", world)
    rooms.answer("engine.service.wiring.reference_of", "reference")
    rooms.answer("engine.service.wiring.assess", found)
    given, more = audit.run_of(config)("history", NOW)  # type: ignore[arg-type, misc]
    assert rooms.asked("world_of") == [("history", config, NOW)]
    assert rooms.asked("known_events") == [("own", "at")]
    assert rooms.asked("reference_of") == [(config,)]
    assert rooms.asked("rate_all") == [("own", "grid", "known", "reference")]
    assert rooms.asked("assess") == [
        (world, config, {"ratings": "rated all", "version": "audited"})
    ]  # fmt: skip
    assert given == ("features", "evaluation", ["trend"])
    told = more.pop("told")  # type: ignore[union-attr]
    assert more == {"events": "events", "ratings": [(3, "rated")]}
    said: Any = told(7)
    assert "data_hash=''" in said
    assert "decided_at=datetime.datetime(2020, 1, 25, 0, 0, tzinfo=" in said


def test_a_server_for_programs_has_a_tool_for_each_question() -> None:
    found = mcp.server(Thing())  # type: ignore[arg-type]
    tools_ = asyncio.run(found.list_tools())
    assert [tool.name for tool in tools_] == [
        "report", "explain", "rate", "stress", "track", "events", "holding", "feeds",
    ]  # fmt: skip
    for tool in tools_:
        marks = tool.annotations
        assert (marks.read_only_hint, marks.destructive_hint) == (True, False)
        assert (marks.idempotent_hint, marks.open_world_hint) == (True, False)
        assert tool.output_schema is None
    assert (found.name, found.instructions) == ("nvsignal", mcp.ABOUT)
