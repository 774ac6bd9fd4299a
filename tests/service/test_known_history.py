"""Known answers of what replays, sweeps, stress tables and worlds are made of and noted as."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import numpy as np
import pytest

from backtests.overfitting import RuleEvidence
from backtests.replay import Costs
from engine.errors import InputError, NotObservedError, OutOfRangeError
from engine.record.store import Store, Trial
from engine.service import history, sheets, stressing, wiring, worlds
from engine.service.history import Attempts
from engine.service.worlds import Given, Judged, Tally
from tests.builders import make_bar

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST, LAST = date(2026, 11, 16), date(2026, 11, 20)
NAN = math.nan
Patch = pytest.MonkeyPatch
NOTHING: Any = None


def window(**changes: Any) -> Any:
    blend = Thing(
        rule=[("exit_below", -0.5), ("reduce_below", None)], risk=None, valuation=None, voices=[]
    )
    given = {
        "first": FIRST, "last": LAST, "data_hash": "d", "rows": slice(2, 7), "earlier": "earlier",
        "config": Thing(strategy=Thing(name="balanced"), blend=blend, digest="c"),
    }  # fmt: skip
    return Thing(**(given | changes))


# --- a window, and what ran over it ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "now", "rate", "as_of", "ratings"),
    [
        (None, NOW, True, datetime(2026, 11, 23, tzinfo=UTC), None),
        (LAST, NOW, True, datetime(2026, 11, 21, 4, 59, 59, 999_999, tzinfo=UTC), None),
        (date(2026, 11, 24), NOW, False, NOW, ()),  # the day is not over
        (None, datetime(2026, 11, 22, tzinfo=UTC), False, datetime(2026, 11, 22, tzinfo=UTC), ()),
    ],
)
def test_a_window_is_opened_as_known_at_the_end_of_its_last_day(
    monkeypatch: Patch, last: date | None, now: datetime, rate: bool, as_of: datetime, ratings: Any
) -> None:
    monkeypatch.setattr(wiring, "last_evening", lambda store: datetime(2026, 11, 23, tzinfo=UTC))
    monkeypatch.setattr(wiring, "world_at", lambda store, config, at: (store, config, at))
    monkeypatch.setattr(wiring, "assess", lambda world, config, **more: (world, config, more))
    monkeypatch.setattr(history, "window_of", lambda *given: given)
    config: Any = "config"
    store: Any = "store"
    costs = Costs()
    found: Any = history.open_window(store, config, costs, FIRST, last, now=now, rate=rate)
    assessed = ((store, config, as_of), config, {"ratings": ratings, "version": "backtest"})
    assert found == (assessed, costs, FIRST, last)


def test_a_rule_is_told_by_every_number_it_has() -> None:
    blend: Any = Thing(
        rule=[("exit_below", -0.5), ("reduce_below", None)],
        risk=[("sell_share_below_pct", 30)],
        valuation=Thing(params={"ceiling_usd_tn": 4}),
        voices=[
            Thing(strategy=Thing(name="trend"), weight=0.25, params={"gap_pct": 10}),
            Thing(strategy=Thing(name="rates"), weight=0.75, params={}),
        ],
    )
    found = history.rule_numbers(blend)
    assert found == {
        "decision.exit_below": -0.5, "decision.reduce_below": None,
        "risk.sell_share_below_pct": 30.0, "valuation.ceiling_usd_tn": 4.0,
        "trend.weight": 0.25, "trend.gap_pct": 10.0, "rates.weight": 0.75,
    }  # fmt: skip
    assert all(value is None or type(value) is float for value in found.values())
    blend.risk = blend.valuation = None
    assert list(history.rule_numbers(blend))[2:] == [
        "trend.weight",
        "trend.gap_pct",
        "rates.weight",
    ]


def test_an_attempt_is_its_numbers_in_any_order_and_its_sessions() -> None:
    digest = hashlib.sha256(b"[('a', 1.0), ('b', None)]").hexdigest()[:32]
    said = {"rule": digest, "from": "2026-11-16", "to": "2026-11-20"}
    assert history.identity({"b": None, "a": 1.0}, window()) == said
    assert history.named(b"[('a', 1.0), ('b', None)]", window()) == said


def test_a_run_is_noted_with_the_moments_of_its_excess_returns(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    """-1, 0 and 4 %: mean 1, deviation sqrt((4 + 1 + 9) / 2) = 2.6458, third and fourth moment
    (-8 - 1 + 27) / 3 = 6 and (16 + 1 + 81) / 3 = 32.667 over 14 / 3 = 4.6667."""
    returns = np.array([-0.01, 0.0, 0.04])
    monkeypatch.setattr("backtests.metrics.excess_returns", lambda run: returns)
    with Store.open(f"sqlite:///{tmp_path / 'r.db'}") as store:
        history.note_run(store, window(), "p", {"rule": "r"}, NOTHING, NOW)
        (trial,) = store.trials()
    assert (trial.data_hash, trial.strategy, trial.params) == ("d", "p", {"rule": "r"})
    assert (trial.n_obs, trial.made_at) == (3, NOW)
    assert trial.sharpe == pytest.approx(1 / math.sqrt(7))
    assert trial.skewness == pytest.approx(6 / (14 / 3) ** 1.5)
    assert trial.kurtosis == pytest.approx(98 / 3 / (14 / 3) ** 2)


@pytest.mark.parametrize(
    ("sharpes", "count", "variance"),
    [
        ([], 1, 0.0),
        ([0.1], 1, 0.0),
        ([0.1, None], 2, 0.0),
        ([0.1, None, 0.3], 3, 0.02),  # 0.1 either side of 0.2: 2 × 0.01 over one
    ],
)
def test_attempts_are_counted_and_vary(
    sharpes: list[float | None], count: int, variance: float
) -> None:
    asked: list[Any] = []

    def tried_on(*span: date) -> list[Any]:
        asked.append(span)
        return [Thing(sharpe=x) for x in sharpes]

    store: Any = Thing(tried_on=tried_on)
    found = history.attempts(store, window())
    assert found.count == count
    assert found.variance == pytest.approx(variance)
    assert asked == [(FIRST, LAST)]


@pytest.mark.parametrize(
    ("active", "sharpe", "ours", "theirs", "target", "dsr", "excess", "never_left"),
    [
        (63, 0.1, 12.0, 5.0, [1.0, 1.0], 0.7, 7.0, True),
        (62, 0.1, 12.0, 5.0, [1.0, 0.5], None, 7.0, False),
        (63, None, None, 5.0, [0.0, 0.0], None, None, False),
        (64, 0.1, 12.0, None, [1.0, 0.0], 0.7, None, False),
    ],
)
def test_evidence_is_put_together_from_its_parts(
    monkeypatch: Patch,
    active: int,
    sharpe: float | None,
    ours: float | None,
    theirs: float | None,
    target: list[float],
    dsr: float | None,
    excess: float | None,
    never_left: bool,
) -> None:
    run: Any = Thing(name="run", capital=5.0)
    figures = {
        "run": Thing(cagr_pct=ours, active_sessions=active),
        "holding": Thing(cagr_pct=theirs, active_sessions=999),
    }
    deflated: list[Any] = []
    monkeypatch.setattr(
        "backtests.replay.buy_and_hold",
        lambda m, *, capital: Thing(name="holding", of=(m, capital)),
    )
    monkeypatch.setattr("backtests.metrics.summarise", lambda r: figures[r.name])
    monkeypatch.setattr("backtests.metrics.excess_returns", lambda r: r.name)
    monkeypatch.setattr(
        "backtests.metrics.moments",
        lambda r: {"run": Thing(n=9, sharpe=sharpe, skewness=-0.5, kurtosis=4.0)}[r],
    )
    monkeypatch.setattr(
        "backtests.metrics.deflated_sharpe",
        lambda *given, **more: deflated.append((given, more)) or 0.7,  # type: ignore[func-returns-value]
    )
    monkeypatch.setattr(
        "backtests.overfitting.excess_growth_interval",
        lambda a, b: (a.name, b.name, b.of) == ("run", "holding", ("market", 5.0)),
    )
    monkeypatch.setattr(
        "backtests.overfitting.random_timing_p_value", lambda m, t: 0.25 if m == "market" else 0.0
    )
    market: Any = "market"
    tried = Attempts(count=3, variance=0.02)
    found, mine, other = history.evidence_of(
        market, run, np.array(target), tried, pbo=0.3, spa_p_value=0.4
    )
    assert found == RuleEvidence(
        excess_cagr_pct=excess, interval=True, p_value_random_timing=0.25, n_trials=3, dsr=dsr,  # type: ignore[arg-type]
        pbo=0.3, spa_p_value=0.4, never_left=never_left, active_sessions=active,
    )  # fmt: skip
    both: Any = [mine, other]
    assert both == [figures["run"], figures["holding"]]
    told = ((0.1, 9, -0.5, 4.0), {"n_trials": 3, "variance": 0.02})
    assert deflated == ([] if dsr is None else [told])
    bare = history.evidence_of(market, run, np.array(target), tried)[0]
    assert (bare.pbo, bare.spa_p_value) == (None, None)


# --- a search -------------------------------------------------------------------------------------


def swept(sharpes: Sequence[float], **changes: Any) -> Any:
    n = len(sharpes)
    given = {
        "job": Thing(axes=("decision.exit_below",), sets=np.arange(float(n)).reshape(n, 1)),
        "sharpe": np.array(sharpes), "n_obs": 7, "best": 1, "block_rows": "rows",
        "shape_of": lambda row: (row + 0.5, row + 3.0),
        "params_of": lambda row: {"decision.exit_below": float(row)},
    }  # fmt: skip
    return Thing(**(given | changes))


def test_every_set_of_a_sweep_is_noted_as_the_rule_it_is() -> None:
    """The axis takes the place of the preset's own number; the rest of the rule stays."""
    batches: list[list[Trial]] = []
    store: Any = Thing(add_trials=batches.append)
    history.note_sweep(store, window(), swept([0.1, NAN]), NOW)
    ((first, second),) = batches

    def named(exit_below: float) -> dict[str, str]:
        return history.identity(
            {"decision.exit_below": exit_below, "decision.reduce_below": None}, window()
        )

    common: dict[str, Any] = {
        "data_hash": "d", "strategy": "balanced", "n_obs": 7, "made_at": NOW,
    }  # fmt: skip
    assert first == Trial(params=named(0.0), sharpe=0.1, skewness=0.5, kurtosis=3.0, **common)
    assert second == Trial(params=named(1.0), sharpe=None, skewness=None, kurtosis=None, **common)
    batches.clear()
    history.note_sweep(store, window(), swept([0.1] * 5_001), NOW)
    assert [len(batch) for batch in batches] == [5_000, 1]


def test_a_search_is_judged_by_its_blocks_from_two_sets_on(monkeypatch: Patch) -> None:
    def asked(sums: Any, squares: Any, rows: Any) -> Any:
        return Thing(pbo=(sums.tolist(), squares.tolist(), rows))

    monkeypatch.setattr("backtests.overfitting.overfitting_probability", asked)
    totals = Thing(block_sums=np.array([[1, 2, 3]]), block_squares=np.array([[4, 5, 6]]))
    assert history.MOST_PBO_SETS == 2_000
    monkeypatch.setattr(history, "MOST_PBO_SETS", 2)
    two: Any = ([[1, 2]], [[4, 5]], "rows")  # the first and the best, which is the second
    assert history.search_overfitting(swept([0.1, 0.2, 0.3], totals=totals)) == two
    assert history.search_overfitting(swept([0.1], totals=totals)) is None


def test_superior_ability_says_of_how_many_sets_it_is(monkeypatch: Patch) -> None:
    monkeypatch.setattr("backtests.overfitting.MOST_SPA_MODELS", 2)
    monkeypatch.setattr("backtests.replay.buy_and_hold", lambda market: ("holding", market))
    monkeypatch.setattr("backtests.metrics.excess_returns", lambda run: run)
    monkeypatch.setattr("backtests.sweep.excess_returns_of", lambda job, rows: rows)
    told: list[Any] = []

    def value(holding: Any, rows: Any) -> float:
        told.append((holding, rows))
        if len(told) == 3:
            raise NotObservedError("no variation")
        return 0.2

    monkeypatch.setattr("backtests.overfitting.superior_ability_p_value", value)
    met = window(market="m")
    assert history.superior_ability(met, swept([0.1, 0.2, 0.3])) == (0.2, "SPA over 2 of 3 sets.")
    assert history.superior_ability(met, swept([0.1, 0.2])) == (0.2, "")
    assert history.superior_ability(met, swept([0.1, 0.2])) == (None, "no variation")
    assert told == [(("holding", "m"), [0, 1])] * 3


def test_the_best_sets_come_first_and_those_that_trade_alike_once() -> None:
    """Sets 2 and 3 end alike in equity, squares and trades; set 5 in equity and trades alone."""
    totals = Thing(
        final_equity=np.array([1.0, 1.1, 1.3, 1.3, 1.2, 1.3]),
        moments=np.array([[0.0] * 6, [1.0, 2.0, 3.0, 3.0, 4.0, 5.0]]),
        n_trades=np.array([1, 2, 3, 3, 4, 3]),
        max_drawdown=np.array([-0.1, -0.2, -0.3, -0.4, -0.5, -0.6]),
        exposure=np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
    )
    found = swept([0.1, NAN, 0.3, 0.3, 0.2, 0.3], totals=totals)
    told = history.top_sets(found)
    assert [row["params"]["decision.exit_below"] for row in told] == [2, 5, 4, 0, 1]
    assert told[0] == {
        "params": {"decision.exit_below": 2.0}, "sharpe": pytest.approx(0.3 * math.sqrt(252)),
        "final_equity": 1.3, "max_drawdown_pct": pytest.approx(-30.0),
        "exposure_pct": pytest.approx(30.0), "n_trades": 3,
    }  # fmt: skip
    assert told[-1]["sharpe"] is None
    assert len(history.top_sets(found, 2)) == 2
    many = np.arange(12.0)
    flat = Thing(final_equity=many, moments=np.array([many, many]), n_trades=many,
                 max_drawdown=many, exposure=many)  # fmt: skip
    assert len(history.top_sets(swept(many.tolist(), totals=flat))) == 10


# --- tear sheets ----------------------------------------------------------------------------------


def test_a_sheet_has_the_parts_of_its_run(monkeypatch: Patch) -> None:
    monkeypatch.setattr(
        "backtests.benchmarks.after_tax", lambda m, target, *, capital: ("tax", m, target, capital)
    )
    monkeypatch.setattr("backtests.benchmarks.yardsticks", lambda m, run, before: (m, before))
    monkeypatch.setattr("backtests.reliability.score_falls", lambda f, rows: (f, rows))
    monkeypatch.setattr("backtests.replay.buy_and_hold", lambda m, *, capital: (m, capital))
    monkeypatch.setattr("backtests.tearsheet.sheet_of", lambda *given, **more: (given, more))
    monkeypatch.setattr("engine.decision.decide.evaluate", lambda blend, f: ("evaluated", f))
    monkeypatch.setattr("engine.service.basis.notes", lambda met: ("notes", met))
    monkeypatch.setattr(sheets, "_events", lambda store, met: ("events", store, met))
    met = window(market="m", features="f")
    run: Any = Thing(capital=3.0)
    target: Any = "target"
    proof: Any = "proof"
    store: Any = "store"
    told = {"strategy": "p", "verdict": "v", "data_hash": "h"}
    blend: Any = Thing(
        voices=[Thing(strategy=Thing(name="a")), Thing(strategy=Thing(name="b"))],
        rule=Thing(exit_below=-0.5, enter_above=0.1),
    )
    heat: Any = "heat"
    given, more = history_of(
        sheets.sheet_for(store, met, run, target, told, evidence=proof, blend=blend, heat=heat)
    )
    common = {
        "strategy": "p", "verdict": "v", "rows": slice(2, 7), "evidence": "proof",
        "yardsticks": ("m", "earlier"), "after_tax": ("tax", "m", "target", 3.0),
        "notes": ("notes", met), "chances": ("f", slice(2, 7)),
        "receipt": {"data_hash": "h", "config_hash": "c"},
    }  # fmt: skip
    assert given == ("m", run, ("m", 3.0), "target")
    assert more == common | {
        "evaluation": ("evaluated", "f"), "names": ["a", "b"], "heat": "heat",
        "events": ("events", "store", met), "exit_below": -0.5, "enter_above": 0.1,
    }  # fmt: skip
    bare = sheets.sheet_for(store, met, run, target, told, evidence=proof, blend=None, told=False)
    assert history_of(bare)[1] == common | {
        "evaluation": None, "names": [], "heat": None, "events": (),
    }  # fmt: skip


def history_of(sheet: Any) -> tuple[Any, Any]:
    """What ``sheet_of`` was given."""
    return sheet[0], sheet[1]


def test_events_of_a_sheet_lie_between_the_last_session_before_and_its_end(
    monkeypatch: Patch,
) -> None:
    """By the day in New York: 04:59 UTC is the day before."""
    known = [
        Thing(known_at=datetime(2026, 11, day, 5, 0, tzinfo=UTC) - early)
        for day, early in ((9, DAY / 86_400), (9, 0 * DAY), (21, DAY / 86_400), (21, 0 * DAY))
    ]
    asked: list[Any] = []

    def load(first: date, last: date) -> Any:
        asked.append((first, last))
        return Thing(first=first, acts_on="acts_on")

    def world(store: Any, config: Any, at: datetime) -> Any:
        asked.append(at)
        return Thing(history="h", as_of=at)

    monkeypatch.setattr("engine.macro.sessions.load_sessions", load)
    monkeypatch.setattr(wiring, "world_at", world)
    monkeypatch.setattr("engine.decision.events.known_events", lambda h, at: known)
    monkeypatch.setattr("backtests.tearsheet.events_on", lambda *given: given)
    found: Any = sheets._events(NOTHING, window(market=Thing(sessions_on="days")))
    assert found == (known[1:3], "days", "acts_on")
    assert asked == [
        (date(2026, 11, 9), date(2026, 12, 4)),
        datetime(2026, 11, 21, 4, 59, 59, 999_999, tzinfo=UTC),
    ]


# --- scenarios times presets ----------------------------------------------------------------------


def test_a_stress_table_goes_by_scenario_and_tells_its_steps(monkeypatch: Patch) -> None:
    """Reading is 60 % of the work; two presets of two scenarios are 10 % each."""
    days = [date(2026, 11, n) for n in (20, 23, 24)]
    asked: list[Any] = []

    def load(folder: Path, preset: str) -> Any:
        return Thing(scenarios=("mild", "severe"), blend=preset, name=preset)

    def assessed(store: Any, config: Any, at: datetime) -> Any:
        asked.append((store, config.name, at))
        return Thing(features=Thing(sessions_on=days))

    monkeypatch.setattr("engine.service.bind.load", load)
    monkeypatch.setattr(wiring, "assessment_at", assessed)
    monkeypatch.setattr(
        "engine.decision.decide.evaluate", lambda blend, f: Thing(known=[True, blend == "bold"])
    )
    monkeypatch.setattr("engine.decision.scenarios.complete", lambda scenarios: scenarios)
    monkeypatch.setattr(
        "engine.decision.scenarios.stress",
        lambda blend, preset, f, chosen, found: [Thing(scenario=chosen[0], preset=preset)],
    )
    monkeypatch.setattr(stressing, "_lines", lambda blend, preset, found: [f"line {preset}"])
    monkeypatch.setattr(stressing, "_stances", lambda blend, preset, found: f"stance {preset}")
    monkeypatch.setattr(stressing, "foresight", lambda *span: span)
    steps: list[tuple[str, float]] = []
    store: Any = "store"
    found: Any = stressing.stress_table(
        store, Path("c"), NOW, ("bold", "shy"), step=lambda what, share: steps.append((what, share))
    )
    assert found.as_of == NOW
    assert [(row.scenario, row.preset) for row in found.rows] == [
        ("mild", "bold"), ("mild", "shy"), ("severe", "bold"), ("severe", "shy"),
    ]  # fmt: skip
    assert (found.lines, found.stances) == (
        ("line bold", "line shy"), ("stance bold", "stance shy"),
    )  # fmt: skip
    assert found.unjudged == ("shy",)
    assert found.foresight == (days[0], days[1])
    assert asked == [("store", "bold", NOW)]
    assert [share for _, share in steps] == pytest.approx([0.0, 0.7, 0.8, 0.9, 1.0])
    assert len({what for what, _ in steps}) == 2
    del days[1:]
    assert stressing.stress_table(store, Path("c"), NOW, ("bold",)).foresight == ()
    assert [r.preset for r in stressing.stress_table(store, Path("c"), NOW).rows[:3]] == [
        "cautious", "balanced", "conviction",
    ]  # fmt: skip
    monkeypatch.setattr("engine.service.bind.load", lambda folder, preset: Thing(scenarios=()))
    with pytest.raises(InputError, match="no scenario in 'c/scenarios'"):
        stressing.stress_table(store, Path("c"), NOW)


# --- worlds ---------------------------------------------------------------------------------------


def given_world(**changes: Any) -> Given:
    configs = tuple(
        Thing(
            blend=name, strategy=Thing(name=name),
            settings=Thing(decision=Thing(first_on=date(2026, 11, 17))),
        )
        for name in ("a", "b")
    )  # fmt: skip
    told: dict[str, Any] = {
        "history": ["fact"], "as_of": NOW, "configs": configs, "ratings": ("r",), "seed": 5,
    }  # fmt: skip
    return Given(**(told | changes))


def test_worlds_share_what_does_not_depend_on_drawn_prices(monkeypatch: Patch) -> None:
    monkeypatch.setattr(
        wiring, "world_of", lambda h, config, at: Thing(history=("cut", h), of=(config, at))
    )
    monkeypatch.setattr(wiring, "rate_releases", lambda world, config, events: (config, events))
    monkeypatch.setattr("engine.decision.events.known_events", lambda h, at: ("events", h, at))
    past: Any = "past"
    configs: Any = ["one", "two"]
    found: Any = worlds.given_at(past, NOW, configs, 7)
    assert found == Given(
        history=("cut", "past"), as_of=NOW, configs=("one", "two"),  # type: ignore[arg-type]
        ratings=("one", ("events", ("cut", "past"), NOW)), seed=7,
    )  # fmt: skip


def test_a_world_without_edge_is_drawn_by_its_number_and_tries_every_rule(
    monkeypatch: Patch,
) -> None:
    seen: dict[str, Any] = {}

    def redrawn(facts: Any, kind: str, rng: Any) -> Any:
        seen.update(facts=facts, kind=kind, draw=rng.random())
        return ["drawn"]

    def claims(market: Any, target: Any, tried: list[float]) -> bool:
        seen.setdefault("tried", []).append((market, target.tolist(), list(tried)))
        tried.append(0.5)
        return bool(target[0] == 1)

    monkeypatch.setattr("backtests.worlds.KINDS", ("x", "y", "z"))
    monkeypatch.setattr("backtests.worlds.redrawn", redrawn)
    monkeypatch.setattr(worlds, "History", lambda facts: ("history", facts))
    monkeypatch.setattr(wiring, "world_of", lambda h, config, at, load: (h, config.blend, at, load))
    monkeypatch.setattr(
        wiring, "assess",
        lambda world, config, ratings, version: Thing(features=(world, ratings, version)),
    )  # fmt: skip
    monkeypatch.setattr(worlds, "_market", lambda h, features, at: (features, slice(1, 3)))
    weights = {"a": [0, 1, 1], "b": [1, 0, 0]}
    monkeypatch.setattr(
        "engine.decision.decide.evaluate",
        lambda blend, f: Thing(target_weight=np.array(weights[blend])),
    )
    monkeypatch.setattr(worlds, "_claims", claims)
    found = worlds.without_edge(given_world(), 5)
    assert found == Judged(number=5, kind="z", claimed=("a",))
    assert (seen["facts"], seen["kind"]) == (["fact"], "z")
    assert seen["draw"] == np.random.default_rng([5, 5]).random()
    world = (("history", ["drawn"]), "a", NOW, worlds._sessions)
    features = (world, ("r",), "world")
    assert seen["tried"] == [(features, [1, 1], []), (features, [0, 0], [0.5])]


def test_a_planted_world_holds_its_rule_against_the_market(monkeypatch: Patch) -> None:
    """From the first day of decisions on, over days in order; nothing was tried before."""
    bars = {date(2026, 11, day): day for day in (19, 16, 17, 18)}
    seen: dict[str, Any] = {}

    def planted(prices: Any, rng: Any, *, sharpe: float) -> Any:
        seen.update(draw=rng.random(), sharpe=sharpe)
        return Thing(prices=prices, target_weight="weights")

    monkeypatch.setattr("engine.record.asof.bars_at", lambda h, symbol, at: bars)
    monkeypatch.setattr("engine.record.asof.actions_at", lambda h, symbol, at: (h, symbol, at))
    monkeypatch.setattr("backtests.replay.prices_over", lambda *given: given)
    monkeypatch.setattr("backtests.replay.market", lambda *given: given)
    monkeypatch.setattr("backtests.worlds.planted", planted)

    def found(claimed: bool) -> tuple[Judged, Any]:
        told: list[Any] = []
        monkeypatch.setattr(worlds, "_claims", lambda *given: told.append(given) or claimed)  # type: ignore[func-returns-value]
        return worlds.with_edge(given_world(), 3), told[0]

    judged, ((prices, rate, costs), target, tried) = found(True)
    assert judged == Judged(number=3, kind="planted", claimed=("planted",))
    assert prices[0] is bars
    assert prices[1] == (["fact"], "NVDA", NOW)
    assert [day.day for day in prices[2]] == [17, 18, 19]
    assert (rate, costs, target, tried) == (0.0, Costs(), "weights", [])
    assert seen == {"draw": np.random.default_rng([5, 3, 1]).random(), "sharpe": 1.5}
    assert found(False)[0].claimed == ()


def test_a_market_of_a_world_covers_the_sessions_with_a_price(monkeypatch: Patch) -> None:
    days = tuple(date(2026, 11, n) for n in (16, 17, 18, 19, 20))
    bars = {day: make_bar(day, 10.0 + n, open=9.0) for n, day in enumerate(days[1:4])}
    monkeypatch.setattr("engine.record.asof.bars_at", lambda h, symbol, at: bars)
    monkeypatch.setattr("engine.record.asof.actions_at", lambda h, symbol, at: ())
    features = Thing(sessions_on=days, values={"effr_pct": np.array([9.0, 3.6, 7.2, 9.0, 9.0])})
    found, rows = worlds._market(NOTHING, features, NOW)
    assert (found.sessions_on, rows) == (days[1:4], slice(1, 4))
    assert found.stock_close.tolist() == [10.0, 11.0, 12.0]
    # A night earns the rate known before it: 3.6 % and 7.2 % over 360 days.
    assert found.cash.tolist() == pytest.approx([1.0, 1.0001, 1.0001 * 1.0002])
    assert found.costs == Costs()


def judging(monkeypatch: Patch, ours: float | None, theirs: float | None) -> Callable[..., Any]:
    monkeypatch.setattr("backtests.replay.replay", lambda market, target: "run")
    monkeypatch.setattr("backtests.replay.buy_and_hold", lambda market: "holding")
    monkeypatch.setattr("backtests.metrics.excess_returns", lambda run: run)
    monkeypatch.setattr("backtests.metrics.moments", lambda run: Thing(sharpe=0.3))
    grown = {"run": ours, "holding": theirs}
    monkeypatch.setattr("backtests.metrics.summarise", lambda run: Thing(cagr_pct=grown[run]))
    asked: list[Any] = []

    def evidence(*given: Any) -> Any:
        asked.append(given)
        return ("evidence", None, None)

    monkeypatch.setattr("engine.service.history.evidence_of", evidence)
    monkeypatch.setattr("backtests.overfitting.claims_edge", lambda found: found == "evidence")

    def judge(tried: list[float]) -> tuple[bool, list[Any]]:
        market: Any = "market"
        target: Any = "target"
        return worlds._claims(market, target, tried), asked

    return judge


def test_a_rule_that_earned_no_more_than_holding_claims_nothing(monkeypatch: Patch) -> None:
    """And the tries before it in the same world count against one that did."""
    for ours, theirs in ((5.0, 5.0), (4.9, 5.0), (None, 5.0), (5.0, None)):
        tried: list[float] = []
        claimed, asked = judging(monkeypatch, ours, theirs)(tried)
        assert (claimed, asked, tried) == (False, [], [0.3])
    judge = judging(monkeypatch, 5.1, 5.0)
    claimed, asked = judge([])
    assert claimed is True
    claimed, asked = judge([0.1])
    assert [given[:3] for given in asked] == [("market", "run", "target")] * 2
    assert [given[3].count for given in asked] == [1, 2]
    assert [given[3].variance for given in asked] == pytest.approx([0.0, 0.02])
    monkeypatch.setattr("backtests.metrics.moments", lambda run: Thing(sharpe=None))
    tried = []
    judge(tried)
    assert tried == [0.0]


def test_worlds_are_tallied_in_their_order_and_by_kind() -> None:
    def judge(given: Given, number: int) -> Judged:
        return Judged(number=number, kind="xy"[number % 2], claimed=("a", "b")[: number // 2])

    seen: list[int] = []
    found = worlds.tally(
        judge, given_world(), 5, on_world=lambda judged: seen.append(judged.number)
    )
    assert found == Tally(
        worlds=5, claimed=3, by_kind={"x": (2, 3), "y": (1, 2)},
        judged=tuple(judge(given_world(), n) for n in range(5)),
    )  # fmt: skip
    assert found.share == 0.6
    assert seen == [0, 1, 2, 3, 4]
    assert worlds.tally(judge, given_world(), 1).worlds == 1
    for n in (0, 10_001):
        with pytest.raises(OutOfRangeError, match="1 to 10000"):
            worlds.tally(judge, given_world(), n)
    with pytest.raises(OutOfRangeError, match="workers"):
        worlds.tally(judge, given_world(), 10_000, workers=0)


@pytest.mark.parametrize(
    ("claimed", "found", "kept"),
    [(16, 160, True), (17, 160, False), (16, 159, False), (0, 200, True)],
)
def test_eight_of_a_hundred_may_claim_and_eighty_must(claimed: int, found: int, kept: bool) -> None:
    without, edge = (Tally(worlds=200, claimed=n, by_kind={}, judged=()) for n in (claimed, found))
    assert worlds.kept(without, edge) is kept


def test_the_rules_of_worlds_are_those_of_the_folder_by_name(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    (tmp_path / "strategies").mkdir()
    for name in ("b.toml", "a.toml", "c.md"):
        (tmp_path / "strategies" / name).write_text("")
    monkeypatch.setattr("config.settings.config_folder", lambda given: tmp_path / str(given))
    monkeypatch.setattr("engine.service.bind.load", lambda folder, name: (folder, name))
    found: Any = worlds.presets(".")
    assert found == ((tmp_path, "a"), (tmp_path, "b"))
    assert (worlds.SEED, worlds.SHARPE) == (20_251_001, 1.5)
    assert (worlds.MOST_CLAIMED, worlds.LEAST_FOUND) == (0.08, 0.8)


def test_a_calendar_of_worlds_is_that_of_the_exchange() -> None:
    found = worlds._sessions(date(2026, 11, 25), date(2026, 11, 27), time(9, 0))
    assert found.on == (date(2026, 11, 25), date(2026, 11, 27))  # Thanksgiving lies between
    assert found.decide_at(date(2026, 11, 25)) == datetime(2026, 11, 25, 14, tzinfo=UTC)
