"""Trip-wires under the known answers: made-up sheets, studies and worlds, figure by figure."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import numpy as np

from backtests import event_study, sheet_page, study_page, worlds
from backtests.benchmarks import after_tax, yardsticks
from backtests.event_study import Occurrence, Returns, StudyResult
from backtests.metrics import summarise
from backtests.overfitting import BootstrapInterval, RuleEvidence
from backtests.reliability import Bin, ChanceScore, FallScore
from backtests.replay import Costs, buy_and_hold, market, replay
from backtests.tearsheet import Heat, Sheet, SheetEvent, ledger_csv, sheet_of
from engine.phrases import phrase
from engine.report.i18n import voice
from tests.backtests.market_data import random_prices, random_switches, weekdays
from tests.frozen import check

N = 130
"""A few more sessions than the rolling ratio looks back."""


def scored(low: float | None) -> ChanceScore:
    return ChanceScore(
        n=120, rate=0.21, said=0.25, brier=0.151, brier_of_base=0.166, skill=0.09, of_model=0.08,
        low=low, high=None if low is None else 0.2, weight=0.5, weight_now=0.6,
        table=(Bin(said=0.05, came=0.04, n=1), Bin(said=0.25, came=0.3, n=119)),
    )  # fmt: skip


def sheet(seed: int = 1, **more: Any) -> Sheet:
    """A made-up rule with everything a sheet can show."""
    prices = random_prices(N, seed)
    world = market(prices, 4.0, Costs(commission_bps=2.0, tax_rate=0.3))
    target = random_switches(N, seed, every=3)
    target[20:30] = 0.5
    run = replay(world, target, capital=2.0)
    rng = np.random.default_rng(seed)
    parts = {"trend": rng.normal(0, 0.1, N), "rate_path": rng.normal(-0.1, 0.05, N)}
    days = weekdays(N)
    events = (
        SheetEvent(session_on=days[7], direction=-1, text="chips barred", hindsight=True),
        SheetEvent(session_on=days[70], direction=1, text="chips freed"),
        SheetEvent(session_on=days[71], direction=0, text="nothing"),
        SheetEvent(session_on=datetime.date(2015, 1, 1), direction=1, text="long ago"),
    )
    given = {
        "score": sum(parts.values()),
        "contributions": parts,
        "exit_below": -0.3,
        "enter_above": 0.05,
        "events": events,
        "heat": Heat(
            x_name="a", y_name="b", x=(0.1, 0.2, 0.3), y=(1.0, 2.0),
            values=np.array([[0.5, np.nan, 1.5], [0.75, 1.0, 1.25]]), chosen=(1, 2),
        ),
        "evidence": RuleEvidence(
            excess_cagr_pct=-1.5,
            interval=BootstrapInterval(low_pct=-9, high_pct=7, block_length=3),
            p_value_random_timing=0.4, n_trials=3, dsr=0.3, pbo=0.6, spa_p_value=0.2,
        ),
        "yardsticks": yardsticks(world, run, np.linspace(90, 100, 205)),
        "after_tax": after_tax(world, target, capital=2.0),
        "chances": (
            FallScore(fall_pct=5.0, score=scored(-0.01)),
            FallScore(fall_pct=20.0, score=scored(None)),
        ),
        "notes": ("filled at the open",),
        "receipt": {"data_hash": "abc"},
    }  # fmt: skip
    return Sheet(
        strategy=f"rule {seed}",
        verdict=phrase("It lost {x:pct1}.", x=3.25),
        run=run,
        holding=buy_and_hold(world, capital=2.0),
        price_usd=prices.close_usd,
        target_weight=target,
        **(given | more),
    )


def test_the_figures_of_a_made_up_account_stay() -> None:
    one = sheet()
    told = {"ours": summarise(one.run), "held": summarise(one.holding)}
    check("account", {k: replace(v, trades=v.trades[:4]) for k, v in told.items()})
    check(
        "yardsticks",
        [(y.name, y.figures.final_equity, y.figures.n_trades, y.figures.cagr_pct or 0.0,
          y.after_tax.final_equity, y.after_tax.rate, y.excess_pct or 0.0,
          y.interval.low_pct if y.interval else None) for y in one.yardsticks],
    )  # fmt: skip


def test_a_sheet_of_everything_keeps_its_blocks() -> None:
    check("sheet_page", sheet_page.page_of([sheet()], voice("en")))


def test_two_rules_beside_each_other_keep_theirs() -> None:
    """Without what only one rule has."""
    plain = {"score": None, "contributions": {}, "heat": None, "evidence": None}
    page = sheet_page.page_of([sheet(1, **plain), sheet(2, **plain)], voice("en"))
    wanted = ("head", "equity", "figures", "basis")
    check("sheet_page_two", [p for p in page.parts if p.name in wanted])


def test_the_ledger_of_a_sheet_keeps_its_cells() -> None:
    check("ledger_csv", ledger_csv(sheet()).splitlines()[:9])


def study() -> StudyResult:
    """Made-up returns with a loss planted after each of eleven rated events that overlap."""
    rng = np.random.default_rng(5)
    days = weekdays(300)
    market_ = np.concatenate(([np.nan], rng.normal(0, 0.01, 299)))
    firm = 1.5 * market_ + np.concatenate(([np.nan], rng.normal(0.001, 0.02, 299)))
    rows = [60, 65, 90, 120, 121, 150, 180, 200, 205, 230, 280]
    for row in rows:
        firm[row] -= 0.02
    series = Returns(
        sessions_on=days, firm=firm, market=market_, firm_symbol="NVDA", benchmark="QQQ"
    )
    events = [Occurrence(session_on=days[r], names=(f"e{r}",), rating=float(r % 7)) for r in rows]
    early = Occurrence(session_on=days[20], names=("early",))
    return event_study.study(
        series, [early, *events], kind="test", what=phrase("Tests"), estimation=30, gap=5,
        windows=((0, 0), (-1, 3)),
    )  # fmt: skip


def test_a_study_of_a_made_up_share_stays() -> None:
    found = study()
    check("study", found)
    check("study_page", study_page.page_of([found], voice("en"), (phrase("noted"),)))


def test_a_planted_world_stays() -> None:
    """The seed makes the world; what was planted in it is proved elsewhere."""
    made = worlds.planted(random_prices(200, 3), np.random.default_rng(4), sharpe=1.5)
    check(
        "planted_world",
        {
            "close": made.prices.close_usd[::20],
            "open": made.prices.open_usd[::20],
            "weight": made.target_weight[:60],
            "dividend": made.prices.dividend_usd[:3],
        },
    )
    rows = {k: worlds.rows_of(k, 200, np.random.default_rng(6))[:12] for k in worlds.KINDS}
    check("world_rows", rows)


def test_a_sheet_made_of_an_evaluation_carries_prices_back_through_splits() -> None:
    """Close of the index over what one share has become: the last close is the raw one."""
    prices = random_prices(50, 2)
    world = market(prices, 4.0, Costs())
    run = buy_and_hold(world)
    made = sheet_of(world, run, run, np.ones(50), strategy="s", verdict="v")
    assert np.allclose(made.price_usd, prices.close_usd)
    assert made.score is None
    assert made.contributions == {}
