"""The look-ahead audit catches what cheats, passes what does not, and says which."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from textwrap import dedent
from typing import Any, ClassVar

import numpy as np
import pytest
from typer.testing import CliRunner

from backtests import audit as au
from backtests import experiments, poison, trace
from backtests.fresh import Answer, answers
from backtests.surroundings import Surroundings, watcher
from config.settings import Config
from config.strategy import Rule
from engine.cli.commands.audit import run_of
from engine.cli.main import build
from engine.clock import from_micros, parse_as_of
from engine.decision.evidence import Blend, Voice
from engine.errors import InputError, OutOfRangeError
from engine.macro import sessions
from engine.record.history import History
from engine.service.bind import load
from engine.values import Fact, FloatArray
from feeds.facts import Lags, read_tables
from strategies.base import Strategy
from strategies.trend import Trend
from tests.backtests.planted_leaks import CLEAN, FURTHER, LEAKS, examined, module_cache, the_clock

CONFIG = Path(__file__).resolve().parents[2] / "config"
AS_OF = parse_as_of("2022-12-15T13:30Z")
KINDS = ("bar", "corporate_action", "observation", "headline", "fomc_meeting")


class _Base(Strategy):
    """A strategy whose score is the squashed level; subclasses say where it comes from."""

    name: ClassVar[str] = "test"
    needs: ClassVar[frozenset[str]] = frozenset({"nvda_return"})

    def levels(self, features: Any, p: Any) -> dict[str, FloatArray]:
        return {"x": self.read(features["nvda_return"])}

    def read(self, x: FloatArray) -> FloatArray:
        return x

    def score(self, levels: Any, p: Any) -> FloatArray:
        return np.tanh(10.0 * levels["x"])

    def doubt(self, levels: Any, p: Any) -> FloatArray:
        return np.full(np.shape(levels["x"]), 0.1)

    def evidence(self, levels: Any, p: Any) -> tuple[Any, ...]:
        return ()


class Honest(_Base):
    """Yesterday's return, known this morning."""


class Rolled(_Base):
    """Reads t + 1: a shift with the wrong sign."""

    def read(self, x: FloatArray) -> FloatArray:
        return np.roll(x, -1)


class Normalised(_Base):
    """Divides by the mean and deviation of the whole sample, the future included."""

    def read(self, x: FloatArray) -> FloatArray:
        return 0.02 * (x - np.nanmean(x)) / np.nanstd(x)


class Filled(_Base):
    """Fills gaps backwards: an unknown value is taken from the next one that is known."""

    def read(self, x: FloatArray) -> FloatArray:
        known = np.where(np.abs(x) > 0.03, x, np.nan)
        for t in range(known.size - 2, -1, -1):
            if np.isnan(known[t]):
                known[t] = known[t + 1]
        return known


class Constant(_Base):
    """Says the same every day: an audit of it proves nothing."""

    def read(self, x: FloatArray) -> FloatArray:
        return np.zeros(x.shape)


@pytest.fixture(autouse=True)
def one_calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Building a calendar for every cut would take most of these tests' time."""

    whole = _calendar()
    monkeypatch.setattr(sessions, "read_schedule", lambda first, last: whole)


@lru_cache(maxsize=1)
def _calendar() -> Any:
    return sessions.read_schedule(date(2021, 12, 1), date(2024, 12, 31))


@lru_cache(maxsize=1)
def record() -> History:
    """A year of prices, rates and headlines of the reference record: enough to cheat with."""
    facts = read_tables(CONFIG / "facts", Lags())
    end = AS_OF + timedelta(days=40)
    return History(f for f in facts if f.kind in KINDS and f.known_at < end)


def config_with(*strategies: Any) -> Config:
    voices = tuple(
        Voice(
            strategy=s,
            weight=1.0,
            params={k: v.default for k, v in s.params.items()},
        )
        for s in strategies
    )
    rule = Rule(exit_below=-0.3, enter_above=0.0)
    return replace(load(CONFIG, "balanced"), blend=Blend(voices=voices, rule=rule))


class Here:
    """Runs decided in this process, guarded as in one of their own: quick, and no more than that.

    What only a process of its own shows is tested with ``planted_leaks``.
    """

    at_once = 1

    def __call__(
        self, run: trace.Run, questions: Any, around: Surroundings, *, anew: bool = False
    ) -> list[Answer]:
        refused: list[str] = []
        kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # as in one of their own
        _WATCHERS.append(watcher(refused, refuse=around.refuse))
        try:
            return answers(run, questions, refused)
        finally:
            _WATCHERS.pop()
            sys.dont_write_bytecode = kept


_WATCHERS: list[Any] = []


@lru_cache(maxsize=1)
def _hooked() -> None:
    sys.addaudithook(lambda event, args: [watch(event, args) for watch in _WATCHERS] and None)


def inquiry_of(run: trace.Run, history: History, as_of: Any, seed: int) -> au._Inquiry:
    _hooked()
    bench = au._Bench(Here(), run, as_of, au._Choice("all", 1))
    return au._Inquiry(history, bench.whole(history), bench, seed)


def audit(history: History, as_of: Any, run: trace.Run, **more: Any) -> au.AuditResult:
    _hooked()
    return au.audit(history, as_of, run, **{"place": Here(), **more})


def audited(
    *strategies: Any, dates: Any = 3, history: History | None = None, **more: Any
) -> au.AuditResult:
    return audit(
        history or record(),
        AS_OF,
        run_of(config_with(*strategies)),
        strategy="test",
        dates=dates,
        delays=(1, 5),
        **more,
    )


# --- cheats and clean ones ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "cheat",
    [
        Rolled,
        pytest.param(Normalised, marks=pytest.mark.long),
        pytest.param(Filled, marks=pytest.mark.long),
    ],
)
def test_a_cheat_is_caught(cheat: type[_Base]) -> None:
    """Three ways to read tomorrow; truncation sees each, and the verdict names what leaked."""
    found = audited(cheat(), dates=4)

    assert not found.clean
    assert found.leak_count > 0
    assert {"truncation"} <= {leak.check for leak in found.leaks}
    assert any(leak.where in ("score of test", "level test.x") for leak in found.leaks)
    assert found.verdict.startswith("Look-ahead or disorder at ")
    assert "without its future" in found.verdict


def test_the_poison_alone_catches_a_peek() -> None:
    """Lies behind t reach a strategy that reads t + 1, even without cutting anything."""
    run = run_of(config_with(Rolled()))
    inquiry = inquiry_of(run, record(), AS_OF, 1)
    inquiry.poison_behind(120)

    assert {leak.check for leak in inquiry.leaks} == {"poison"}


def test_a_cheat_hidden_among_honest_voices_is_caught() -> None:
    """A blend is as honest as its least honest voice; the honest one is not accused."""
    found = audited(Trend(), Rolled())
    accused = {leak.where for leak in found.leaks}

    assert "score of test" in accused
    assert "score of trend" not in accused


def test_clean_strategies_pass() -> None:
    """No leak, the canary caught, every check made at every date."""
    steps: list[tuple[int, int]] = []
    found = audited(
        Honest(), Trend(), dates=6, progress=lambda done, total, _: steps.append((done, total))
    )

    assert found.clean
    assert steps == [(done, len(steps)) for done in range(len(steps))]  # none too many
    assert [e.name for e in found.delays] == ["1 session late", "5 sessions late"]
    assert [e.name for e in found.dropped] == list(au.droppable(record()))
    assert (found.strategy, found.n_dates, found.doubt) == ("test", 6, None)
    assert found.leaks == ()
    assert found.checked == {
        "determinism": 1,
        "truncation": 6,
        "order": 6,
        "parity": 6,
        "poison": 6,
        "memory": 4,
        "access": 1,
    }
    assert found.canaries == {"peeking": True, "remembering": True, "reading": True}
    assert found.verdict.startswith("No look-ahead at the 6 decision dates audited")


def test_an_audit_that_cannot_catch_the_canary_says_so() -> None:
    """With constant scores a peeking copy looks the same: not clean, and not an accusation."""
    found = audited(Constant())

    assert found.leak_count == 0
    assert not found.canary
    assert not found.clean
    assert "proves nothing" in found.verdict


@pytest.mark.long
def test_every_date_can_be_audited() -> None:
    """``all``: each session from the first decided on; prices before it are warm-up."""
    early = parse_as_of("2022-02-10T13:30Z")
    found = audit(
        record(), early, run_of(config_with(Honest())), strategy="t", dates="all", delays=()
    )

    assert found.clean
    assert found.n_dates == found.n_all_dates == 28
    assert found.checked["truncation"] == 28


def test_the_shipped_strategy_passes_on_recent_dates() -> None:
    """The whole blend with ratings, news and rates at three dates of the reference record."""
    history = History(read_tables(CONFIG / "facts", Lags()))
    run = run_of(load(CONFIG, "balanced"))
    as_of = parse_as_of("2024-03-01T13:30Z")
    inquiry = inquiry_of(run, history.cut(as_of), as_of, 3)
    for row in (260, 470, 541):
        inquiry.cut_at(row)
        inquiry.poison_behind(row)

    assert inquiry.leaks == []
    assert inquiry.bench.refused == []


# --- other disorders ---------------------------------------------------------------------------


def wrapped(change: Any) -> Any:
    """An honest run whose trace is changed afterwards."""
    honest = run_of(config_with(Honest()))

    def run(history: History, as_of: Any) -> trace.Trace:
        return change(honest(history, as_of), history)

    return run


def test_a_run_that_differs_from_itself_is_caught() -> None:
    """Determinism: the same record twice must give the same bits."""
    calls = iter(range(1_000))

    def noisy(trace: trace.Trace, history: History) -> trace.Trace:
        extra = {"noise": np.full(len(trace), float(next(calls)))}
        return replace(trace, arrays={**trace.arrays, **extra})

    found = audit(record(), AS_OF, wrapped(noisy), strategy="t", dates=2, delays=())

    assert "determinism" in {leak.check for leak in found.leaks}


def test_a_run_that_depends_on_the_order_of_arrival_is_caught() -> None:
    """A store that forgets to sort would show here."""

    class Unsorted(History):
        pass

    def first_fact(trace: trace.Trace, history: History) -> trace.Trace:
        first = float(len(next(iter(history)).key)) if isinstance(history, Unsorted) else 0.0
        return replace(trace, arrays={**trace.arrays, "first": np.full(len(trace), first)})

    full = wrapped(first_fact)
    inquiry = inquiry_of(full, record(), AS_OF, 2)
    original, au.History = au.History, Unsorted  # type: ignore[misc]
    try:
        inquiry.cut_at(100)
    finally:
        au.History = original  # type: ignore[misc]

    assert {leak.check for leak in inquiry.leaks} == {"order"}


def test_a_decision_told_otherwise_later_is_caught() -> None:
    """Parity: the morning's words against the backtest's."""

    def moody(trace: trace.Trace, history: History) -> trace.Trace:
        return replace(trace, told=lambda row: f"{row} of {len(trace)}")

    found = audit(record(), AS_OF, wrapped(moody), strategy="t", dates=3, delays=())

    assert {leak.check for leak in found.leaks} == {"parity"}
    assert found.leaks[0].where == "decision"


def test_an_event_that_only_the_whole_record_knows_is_caught() -> None:
    """What is no array is compared too: events and ratings in the row in which they count."""

    def knows(trace: trace.Trace, history: History) -> trace.Trace:
        extra = ((3, "event later", "x"),) if len(trace) > 200 else ()
        return replace(trace, items=(*trace.items, *extra))

    found = audit(record(), AS_OF, wrapped(knows), strategy="t", dates=4, delays=())

    assert "event later" in {leak.where for leak in found.leaks}


def test_bits_count_not_values() -> None:
    """Minus zero is not zero, one NaN equals the same NaN, and a missing array is a difference."""
    a = trace.Trace(
        sessions_on=(AS_OF.date(),),
        decide_at_us=np.array([0]),
        arrays={"x": np.array([0.0]), "y": np.array([np.nan])},
        items=(),
        told=str,
    )
    negative = replace(a, arrays={"x": np.array([-0.0]), "y": np.array([np.nan])})
    lacking = replace(a, arrays={"x": np.array([0.0])})

    assert trace.differences(a, a, 1) == []
    assert [d.where for d in trace.differences(a, negative, 1)] == ["x"]
    assert [d.where for d in trace.differences(a, lacking, 1)] == ["y"]


# --- poison and experiments --------------------------------------------------------------------


def test_every_lie_is_known_after_the_decision() -> None:
    """Poison is about the past and the future, but never known by t; late arrivals included."""
    at = from_micros(int(run_of(config_with(Honest()))(record(), AS_OF).decide_at_us[150]))
    past = record().cut(at)
    lies = poison.poison(tuple(past), tuple(record())[len(past) :], at, seed=1)

    assert all(lie.known_at > at for lie in lies)
    assert any(lie.occurred_at < at - timedelta(days=5) for lie in lies)
    assert {lie.kind for lie in lies} >= {"bar", "observation", "headline", "corporate_action"}
    true = {float(f.payload["close"]) for f in record() if f.kind == "bar"}
    assert true.isdisjoint(lie.payload["close"] for lie in lies if lie.kind == "bar")


def test_a_delay_moves_each_fact_by_whole_sessions() -> None:
    """A fact of row 10 becomes usable in row 12, one behind the last row is unknown."""
    instants = np.arange(20, dtype=np.int64) * 86_400_000_000
    fact = Fact(
        kind="headline",
        key="k",
        occurred_at=from_micros(0),
        known_at=from_micros(int(instants[10]) - 5),
        source="s",
        payload={},
    )
    bar = replace(fact, kind="bar")
    late = experiments.delay([fact, bar], instants, 2, ("headline",))

    assert [int(np.searchsorted(instants, _us(f))) for f in late] == [12, 10]
    assert experiments.delay([fact], instants, 10, ("headline",)) == []
    with pytest.raises(OutOfRangeError, match="delay = 0"):
        experiments.delay([fact], instants, 0, ("headline",))


def _us(fact: Fact) -> int:
    return round(fact.known_at.timestamp() * 1e6)


@pytest.mark.long
def test_the_experiments_show_what_changes() -> None:
    """Without observations cash earns nothing known; a missing source never causes a new SELL."""
    found = audited(Trend(), dates=2)
    dropped = {e.name: e for e in found.dropped}

    assert set(dropped) == {"observation", "headline", "fomc_meeting"}
    assert [e.name for e in found.delays] == ["1 session late", "5 sessions late"]
    assert all(e.new_sells == 0 for e in dropped.values())
    assert found.base.score_change == 0.0
    assert found.base.final_equity is not None


@pytest.mark.long
def test_back_filled_facts_can_be_left_out() -> None:
    """The reference record is all back-filled: prices stay, the rest goes, and it is said."""
    found = audited(Trend(), dates=2)

    assert found.backfilled_share == 1.0
    assert "prices kept" in found.observed_only.note
    observed = [replace(f, backfilled=False) for f in record()]
    assert audited(Trend(), dates=2, history=History(observed)).observed_only.note == ""


# --- bad input and the command -----------------------------------------------------------------


@pytest.mark.parametrize("dates", [0, -3])
def test_no_date_is_refused(dates: int) -> None:
    with pytest.raises(OutOfRangeError, match="--dates"):
        audited(Honest(), dates=dates)


def test_a_record_without_prices_is_refused() -> None:
    with pytest.raises(InputError, match="no price"):
        audited(Honest(), history=History(f for f in record() if f.kind != "bar"))


def command(*words: str, db: Path) -> Any:
    given = ["audit", "--db", f"sqlite:///{db}", "--as-of", "2022-01-31", "--dates", "1", *words]
    return CliRunner().invoke(build(), [*given, "--no-experiments"])


@pytest.mark.long
def test_the_command_passes_the_shipped_strategy(tmp_path: Path) -> None:
    """Exit 0, the verdict on the first lines, JSON with stable keys."""
    done = command(db=tmp_path / "r.sqlite3")
    one = command("--json", db=tmp_path / "r.sqlite3")

    assert done.exit_code == 0
    assert done.stdout.startswith("CLEAN: strategy balanced")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert json.loads(one.stdout)["clean"] is True


def test_the_command_fails_on_a_cheat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 1 and LOOK-AHEAD for a strategy file whose class peeks."""
    (tmp_path / "peeking_for_audit.py").write_text(
        dedent(
            '''
            import numpy as np
            from strategies.trend import Trend


            class Peeking(Trend):
                """Trend, one session early."""

                name = "peeking"
                needs = Trend.needs | {"nvda_return"}

                def levels(self, features, p):
                    ahead = {k: np.roll(v, -1) for k, v in features.items()}
                    ahead["trend_gap_pct"] = 20.0 * np.tanh(ahead["nvda_return"])
                    ahead["volatility_pct"] = np.where(np.isnan(ahead["nvda_return"]), np.nan, 30.0)
                    return super().levels(ahead, p)
            '''
        )
    )
    (tmp_path / "cheat.toml").write_text(
        'name = "cheat"\n[decision]\nexit_below = -0.3\nenter_above = 0.0\n'
        '[[strategy]]\nuse = "peeking_for_audit:Peeking"\nweight = 1.0\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    done = command("--strategy", str(tmp_path / "cheat.toml"), db=tmp_path / "r.sqlite3")

    assert done.exit_code == 1
    assert done.stdout.startswith("LOOK-AHEAD: strategy cheat")


def test_the_command_names_bad_dates(tmp_path: Path) -> None:
    done = command("--dates", "many", db=tmp_path / "r.sqlite3")

    assert isinstance(done.exception, OutOfRangeError)
    assert "many" in str(done.exception)


# --- in processes of their own -----------------------------------------------------------------

DAY = datetime.now(UTC).toordinal()
SOME_LEAKS = [(LEAKS + FURTHER)[(DAY + 5 * i) % 24] for i in range(1)] + [module_cache, the_clock]
SOME_CLEAN = [CLEAN[(DAY + 5 * i) % 20] for i in range(2)]
"""Others every day; ``python -m tests.bench audit`` sends all of them."""


@pytest.mark.parametrize("case", SOME_LEAKS, ids=lambda case: case.__name__)
def test_a_planted_leak_is_caught(case: Any) -> None:
    found = examined(case)

    assert found.leaks
    assert not found.clean


@pytest.mark.parametrize("case", SOME_CLEAN, ids=lambda case: case.__name__)
def test_an_honest_relative_passes(case: Any) -> None:
    found = examined(case)

    assert found.leaks == ()
    assert found.clean, found.canaries


def test_a_dead_comparator_catches_no_canary(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canaries go down the road of the audited run: with the comparison dead they pass."""
    monkeypatch.setattr(au, "differences", lambda *given: [])
    found = audited(Honest(), dates=2)

    assert not found.canaries["peeking"]
    assert not found.canaries["remembering"]
    assert not found.clean
    assert "proves nothing" in found.verdict


def test_a_sharpe_ratio_beyond_belief_is_named() -> None:
    assert au._doubt(3.0) is None
    assert au._doubt(None) is None
    assert "5.6 a year is not to be believed" in str(au._doubt(5.6))
