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


# --- at their edges ---


def test_a_return_is_forecast_from_its_row_to_the_last_that_knows_it() -> None:
    """Five sessions from row 700: of rows 701 to 705; the past ends with what row 700 knows."""
    features = world()
    ar = abnormal(features)
    sums = [ar[t : t + 5].sum() for t in range(60, 697)]  # from the first beta to 696 .. 700
    (told,) = of_returns(features, [rated(700, 10.0)], 5)

    assert told.past == pytest.approx(np.array(sums[:-1]))
    assert told.came == pytest.approx(ar[701:706].sum())
    assert (told.what, told.about) == ("abnormal return, 5 sessions", rating().model)
    assert told.on == features.sessions_on[700]
    (one,) = of_returns(features, [rated(700, 10.0)], 1)
    assert one.what == "abnormal return, 1 session"
    last = [bool(of_returns(features, [rated(row, 1.0)], 5)) for row in (N - 6, N - 5)]
    assert last == [True, False]


def test_a_forecast_needs_five_returns_of_the_past_and_a_market_value() -> None:
    """The first abnormal return is that of row 60: row 65 knows those to 64."""
    features = world()
    (told,) = of_returns(features, [rated(row, 1.0) for row in (64, 65)], 1)
    assert told.on == features.sessions_on[65]
    assert told.past.size == observables.LEAST_PAST == 5
    values = {**features.values, "market_cap_usd_tn": np.full(N, np.nan)}
    values["market_cap_usd_tn"][700] = 2.0
    valued = replace(features, values=values)
    assert [bool(of_returns(valued, [rated(r, 1.0)], 1)) for r in (699, 700)] == [False, True]
    assert of_returns(valued, [rated(700, 10.0)], 1)[0].shift == pytest.approx(-0.5)
    holed = replace(features, values={**features.values, "nvda_return": values["nvda_return"] * 1})
    holed.values["nvda_return"][701] = np.nan  # what came is not observed
    assert of_returns(holed, [rated(700, 1.0)], 1) == []
    assert len(of_returns(holed, [rated(700, 1.0)], 1, running=True)) == 1


def test_a_rating_behind_the_last_row_runs_from_there() -> None:
    features = world()
    (told,) = of_returns(features, [rated(N, 10.0)], 1, running=True)
    assert (told.on, told.shift) == (features.sessions_on[-1], pytest.approx(-1.0))
    assert np.isnan(told.came)
    assert of_returns(features, [rated(0, 10.0)], 1, running=True) == []


def test_losses_of_a_year_add_up_and_their_doubts_by_squares() -> None:
    """Widths of 3 and 4 % of a year: five together, over 3.29 deviations."""
    made = [
        replace(rating(), impulse_share=s, net_low_share=-w / 2, net_high_share=w / 2)
        for s, w in ((0.01, 0.03), (-0.03, 0.04))
    ]
    shift, sd = observables.of_the_year(made, date.max)
    assert shift == pytest.approx(2.0)
    assert sd == pytest.approx(5.0 / 3.29)


@pytest.mark.parametrize(
    ("day", "counts"),
    [(date(2022, 1, 9), 0), (date(2022, 1, 10), 1), (date(2022, 1, 11), 1), (date(2022, 1, 12), 0)],
)
def test_a_step_hears_from_the_day_of_the_one_before_to_the_day_before_its_own(
    day: date, counts: int
) -> None:
    """Steps on 1, 2, 3, 4, 5, 10 and 12 January, given in disorder; ratings of one day."""
    days = [date(2022, 1, d) for d in (1, 2, 3, 4, 5, 10, 12)]
    steps = [(a, b, float(b.day)) for a, b in pairwise(days)]
    made = replace(rating(), rated_at=datetime(day.year, day.month, day.day, tzinfo=UTC))
    ratings = [RatedRelease(row=1, rating=made)]
    found = of_steps("s", steps[::-1], ratings)
    assert [told.on for told in found if told.on == days[-1]] == [days[-1]] * counts
    for told in found[-1:] if counts else []:
        assert told.past.tolist() == [2.0, 3.0, 4.0, 5.0, 10.0]
        assert (told.what, told.about, told.came) == ("s", "1 events", 12.0)
    unrated = [RatedRelease(row=1, rating=replace(made, rateable=False))]
    assert of_steps("s", steps, unrated) == []


def test_the_next_step_is_the_first_after_the_day_of_the_rating() -> None:
    """What came on the day itself is past; a step less than five is no past."""
    days = [date(2022, 1, d) for d in range(1, 9)]
    steps = [(a, b, float(b.day)) for a, b in pairwise(days)]

    def on(day: int, **more: Any) -> ResolvedForecast | None:
        at = datetime(2022, 1, day, 12, tzinfo=UTC)
        return observables.next_step("s", steps[::-1], replace(rating(), rated_at=at, **more))

    assert on(5) is None
    sixth = on(6)
    assert sixth is not None
    assert sixth.past.tolist() == [2.0, 3.0, 4.0, 5.0, 6.0]
    assert (sixth.on, sixth.came, sixth.about) == (date(2022, 1, 7), 7.0, rating().model)
    open_ = on(8)
    assert open_ is not None
    assert open_.on == date(2022, 1, 8)
    assert on(6, rateable=False) is None


def test_guides_stand_by_their_day_and_the_first_has_none_before() -> None:
    given = [
        told("2024-08-28", guide_vs_consensus_pct=2.3),
        told("2024-05-22", guide_vs_consensus_pct=0.0),
        replace(told("2024-02-21", guide_vs_consensus_pct=1.0), report_datetime_et=None),
    ]
    may, august = date(2024, 5, 22), date(2024, 8, 28)
    assert observables.guide_steps(given) == [(may, may, 0.0), (may, august, 2.3)]
    assert observables.guide_steps([]) == []


def test_a_china_line_says_by_what_it_counts() -> None:
    """Zero is a line; what is not told by billing is told by headquarters."""
    given = [
        told("2022-05-20", china_incl_hk_revenue_usd_bn=0.0, china_basis=None),
        told("2022-02-20", china_incl_hk_revenue_usd_bn=2.0, china_basis="billing, restated"),
    ]
    found = observables.china_lines(given)
    assert [(line.on, line.usd_bn, line.basis) for line in found] == [
        (date(2022, 2, 20), 2.0, "billing"), (date(2022, 5, 20), 0.0, "HQ"),
    ]  # fmt: skip


def test_the_line_before_a_day_is_not_the_one_of_the_day() -> None:
    """And a rating without any channel doubts nothing there."""
    lines = [observables.ChinaLine(on=date(2022, m, 1), usd_bn=b, basis="HQ")
             for m, b in ((1, 5.0), (4, 10.0))]  # fmt: skip
    made = replace(rating(), channel_usd_bn={"substitution": -2.0})
    effect = observables.of_china(lines)
    assert effect([made], date(2022, 4, 1))[0] == pytest.approx(-10.0)
    assert effect([made], date(2022, 4, 2))[0] == pytest.approx(-5.0)
    assert effect([replace(made, channel_usd_bn={})], date(2022, 4, 2)) == (0.0, 0.0)


def test_an_outcome_on_the_end_of_an_interval_is_inside() -> None:
    """Of 0, 1 .. 20 the 5th and 95th percentiles are 1 and 19; places count what is not above."""
    past = np.arange(21.0)
    ends = [
        ResolvedForecast(what="x", about="y", on=date(2024, 1, 1), past=past, shift=0.0, sd=0.0,
                         came=came)
        for came in (1.0, 19.0, 0.99, 19.01)
    ]  # fmt: skip
    found = score(ends)
    assert (found.what, found.n, found.covered, found.covered_by_past) == ("x", 4, 0.5, 0.5)
    assert found.places == pytest.approx([2 / 21, 20 / 21, 1 / 21, 20 / 21])
