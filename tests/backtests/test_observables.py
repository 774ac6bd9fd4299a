"""What ratings say of things that will be seen: by hand and in made-up worlds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from backtests import observables
from backtests.observables import ResolvedForecast, abnormal, of_returns, of_steps, score
from engine.decision.features import RatedRelease
from engine.errors import DataError
from engine.record.readings import Consensus, Earnings
from engine.values import Features, FloatArray
from tests.engine.report.sample_report import rating

N = 900
START = datetime(2022, 1, 3, 13, 30, tzinfo=UTC)


def world(seed: int = 1, n: int = N) -> Features:
    """Made-up sessions: a market, a beta of 1.5 to it, and noise of the stock's own."""
    rng = np.random.default_rng(seed)
    qqq = 0.01 * rng.standard_normal(n)
    nvda = 1.5 * qqq + 0.02 * rng.standard_normal(n)
    days = tuple((START + timedelta(days=k)).date() for k in range(n))
    instants = np.array([int((START + timedelta(days=k)).timestamp() * 1e6) for k in range(n)])
    values: dict[str, FloatArray] = {
        "nvda_return": nvda,
        "qqq_return": qqq,
        "market_cap_usd_tn": np.full(n, 1.0),
    }
    return Features(sessions_on=days, decide_at_us=instants, values=values)


def rated(row: int, lost_usd_bn: float, doubt_usd_bn: float = 1.0) -> RatedRelease:
    made = replace(
        rating(),
        rated_at=START + timedelta(days=row, hours=-2),
        value_loss_usd_bn=lost_usd_bn,
        value_low_usd_bn=lost_usd_bn - doubt_usd_bn,
        value_high_usd_bn=lost_usd_bn + doubt_usd_bn,
    )
    return RatedRelease(row=row, rating=made)


def test_the_abnormal_return_is_what_beta_leaves() -> None:
    features = world()
    y = 100 * features.values["nvda_return"]
    x = 100 * features.values["qqq_return"]
    t = 500
    beta = np.polyfit(x[t - 250 : t], y[t - 250 : t], 1)[0]

    assert abnormal(features)[t] == pytest.approx(y[t] - beta * x[t])
    assert np.isnan(abnormal(features)[:60]).all()


def test_a_forecast_is_the_past_moved_by_the_loss_and_widened_by_the_doubt() -> None:
    """10 bn of a market value of 1 tn is one per cent."""
    (told,) = of_returns(world(), [rated(700, 10.0, doubt_usd_bn=3.29)], 1)

    assert told.shift == pytest.approx(-1.0)
    assert told.sd == pytest.approx(0.2)
    assert told.sample().size == 5 * told.past.size
    assert told.sample().mean() == pytest.approx(told.past.mean() - 1.0)
    assert told.came == pytest.approx(abnormal(world())[701])


@pytest.mark.parametrize("sessions", [1, 5])
def test_nothing_after_the_row_is_in_a_forecast(sessions: int) -> None:
    features = world()
    poisoned = {**features.values, "nvda_return": features.values["nvda_return"].copy()}
    poisoned["nvda_return"][701:] = 5.0

    (plain,) = of_returns(features, [rated(700, 10.0)], sessions)
    (later,) = of_returns(replace(features, values=poisoned), [rated(700, 10.0)], sessions)

    assert np.array_equal(plain.past, later.past)
    assert (plain.shift, plain.sd) == (later.shift, later.sd)
    assert plain.came != later.came


def test_ratings_that_know_score_better_than_the_past_and_false_ones_worse() -> None:
    features = world()
    rows = range(200, 880, 8)
    moved = features.values["nvda_return"].copy()
    rng = np.random.default_rng(3)
    losses = {row: float(rng.uniform(-60, 60)) for row in rows}
    for row, lost in losses.items():
        moved[row + 1] -= lost / 1000.0
    true = replace(features, values={**features.values, "nvda_return": moved})

    knows = score(of_returns(true, [rated(row, lost) for row, lost in losses.items()], 1))
    errs = score(of_returns(true, [rated(row, -lost) for row, lost in losses.items()], 1))
    silent = score(of_returns(true, [rated(row, 0.0, 0.001) for row in rows], 1))

    assert knows.low > 0.2
    assert errs.high < -0.2
    assert silent.skill == pytest.approx(0.0, abs=1e-3)
    assert 0.8 <= knows.covered <= 1.0


def test_what_cannot_be_rated_and_what_has_not_run_its_course_says_nothing() -> None:
    features = world()
    wide = rated(700, 10.0)
    unrated = replace(wide, rating=replace(wide.rating, rateable=False))

    assert of_returns(features, [unrated, rated(N - 2, 10.0), rated(0, 10.0)], 5) == []


def test_a_step_knows_the_ratings_told_since_the_one_before() -> None:
    days = [date(2022, 1, 3) + timedelta(days=90 * k) for k in range(8)]
    steps = [(a, b, float(k)) for k, (a, b) in enumerate(pairwise(days))]
    first = replace(rated(550, 0).rating, impulse_share=0.01)
    second = replace(rated(560, 0).rating, impulse_share=0.02)

    told = of_steps("a guide", steps, [RatedRelease(row=1, rating=r) for r in (first, second)])

    (one,) = told
    assert one.on == days[7]
    assert one.shift == pytest.approx(-3.0)
    assert one.came == 6.0
    assert one.past.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def told(on: str, **given: Any) -> Earnings:
    return Earnings(known_at=START, fiscal_quarter=on, report_datetime_et=f"{on}T16:20", **given)


def expected(on: str, usd_bn: float, horizon: str = "FY2026", vendor: str = "One") -> Consensus:
    return Consensus(
        known_at=START, known_on=date.fromisoformat(on), horizon=horizon, metric="total revenue",
        consensus_usd_bn=usd_bn, vendor=vendor,
    )  # fmt: skip


def test_steps_of_guides_and_of_a_consensus_by_hand() -> None:
    guides = [
        told("2024-05-22", guide_vs_consensus_pct=5.2),
        told("2024-08-28", guide_vs_consensus_pct=2.3),
        told("2024-11-20"),
    ]
    rows = [
        expected("2024-11-23", 110.0),
        expected("2024-09-30", 100.0),
        expected("2024-11-23", 90.0, horizon="FY2027"),
        expected("2024-10-15", 150.0, vendor="Two"),
    ]

    assert observables.guide_steps(guides)[1] == (date(2024, 5, 22), date(2024, 8, 28), 2.3)
    (step,) = observables.consensus_steps(rows)
    assert step[:2] == (date(2024, 9, 30), date(2024, 11, 23))
    assert step[2] == pytest.approx(10.0)


@pytest.mark.parametrize("vendor", observables.UNNAMED)
def test_figures_of_nobody_named_are_not_differenced(vendor: str) -> None:
    rows = [
        expected("2024-09-30", 100.0, vendor=vendor),
        expected("2024-11-23", 9.0, vendor=vendor),
    ]

    assert observables.consensus_steps(rows) == []


def test_places_are_flat_where_a_forecast_is_honest() -> None:
    rng = np.random.default_rng(5)
    past = rng.standard_normal(4_000)
    told = [
        ResolvedForecast(
            what="x", about="y", on=date(2024, 1, 1), past=past, shift=0.0, sd=0.0,
            came=float(rng.standard_normal()),
        )
        for _ in range(400)
    ]  # fmt: skip

    got = score(told)

    assert np.histogram(got.places, bins=5, range=(0, 1))[0] == pytest.approx(80, abs=25)
    assert got.covered == pytest.approx(0.9, abs=0.05)


def test_nothing_to_score_is_said() -> None:
    with pytest.raises(DataError, match="no forecast"):
        score([])


# --- the China line ---

LINES = [
    told(f"2022-{m:02d}-20", china_incl_hk_revenue_usd_bn=v, china_basis=basis)
    for m, v, basis in (
        (2, 2.0, "billing"), (5, 3.0, "billing; restated"), (8, 6.0, "HQ basis"),
        (11, 3.0, "HQ basis"),
    )
]  # fmt: skip


def test_china_lines_of_two_bases_are_not_differenced() -> None:
    lines = observables.china_lines([*reversed(LINES), told("2023-02-20")])

    assert [line.usd_bn for line in lines] == [2.0, 3.0, 6.0, 3.0]
    assert observables.china_steps(lines) == [
        (date(2022, 2, 20), date(2022, 5, 20), 50.0),
        (date(2022, 8, 20), date(2022, 11, 20), -50.0),
    ]


def test_the_china_line_is_moved_by_a_quarter_of_what_substitution_takes() -> None:
    """0.24 bn of a year is 0.06 of a quarter, two per cent of a line of 3; half of the rating's
    doubt of 10 % of 100 bn a year is substitution's."""
    made = replace(
        rating(),
        channel_usd_bn={"substitution": -0.24, "efficiency": 0.24},
        net_low_share=-0.05,
        net_high_share=0.05,
        revenue_usd_bn=100.0,
    )
    effect = observables.of_china(observables.china_lines(LINES))

    shift, sd = effect([made], date(2022, 6, 1))
    later, _ = effect([made, made], date(2022, 9, 1))
    none, no_doubt = effect([replace(made, channel_usd_bn={"efficiency": 1.0})], date(2022, 6, 1))

    assert shift == pytest.approx(-2.0)
    assert sd == pytest.approx(100 * (5.0 / 4) / 3.29 / 3.0)
    assert later == pytest.approx(-2.0)
    assert (none, no_doubt) == (0.0, 0.0)


def test_a_china_line_that_ratings_knew_scores_better_than_the_past() -> None:
    days = [date(2022, 1, 3) + timedelta(days=20 * k) for k in range(40)]
    rng = np.random.default_rng(5)
    noise = 5.0 * rng.standard_normal(39)
    hit = {k: float(rng.uniform(-30, 30)) for k in range(39)}
    lines = [observables.ChinaLine(on=d, usd_bn=4.0, basis="HQ") for d in days]
    steps = [(a, b, noise[k] + hit[k]) for k, (a, b) in enumerate(pairwise(days))]
    made = [
        replace(
            rated(20 * k + 5, 0).rating,
            channel_usd_bn={"substitution": 16.0 * hit[k] / 100},
            net_low_share=0.0,
            net_high_share=0.0,
        )
        for k in range(39)
    ]
    ratings = [RatedRelease(row=1, rating=r) for r in made]

    got = score(of_steps("next China line", steps, ratings, observables.of_china(lines)))

    assert got.low > 0.2


def test_one_rating_says_what_the_next_step_will_be_even_before_it_comes() -> None:
    days = [date(2022, 1, 3) + timedelta(days=90 * k) for k in range(8)]
    steps = [(a, b, float(k)) for k, (a, b) in enumerate(pairwise(days))]
    early, mid, late = (replace(rated(n, 0).rating, impulse_share=0.03) for n in (100, 500, 800))

    assert observables.next_step("a guide", steps, early) is None
    known = observables.next_step("a guide", steps, mid)
    open_ = observables.next_step("a guide", steps, late)

    assert known is not None
    assert open_ is not None
    assert list(known.past) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert (known.on, known.came, known.shift) == (days[6], 5.0, -3.0)
    assert np.isnan(open_.came)
    assert open_.past.size == 7


def test_a_forecast_that_runs_still_is_told_on_request_and_never_scored() -> None:
    features = world()
    (running,) = of_returns(features, [rated(N - 2, 10.0)], 5, running=True)

    assert np.isnan(running.came)
    assert of_returns(features, [rated(N - 2, 10.0)], 5) == []
