"""The pieces of the forecast against sums done by hand and slow second definitions."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from engine.decision import risk
from engine.decision.counted import Counted
from engine.decision.risk import Forecast, PriceHistory
from engine.values import Features, FloatArray

NAN = math.nan
LN2_4 = 4 * math.log(2)


def history(
    returns: list[float],
    ranges: list[float] | None = None,
    gaps: list[float] | None = None,
    **changes: object,
) -> PriceHistory:
    """Prices of which only what is given is known."""
    nothing = np.full(len(returns), NAN)
    none = dict.fromkeys(risk.HORIZONS, nothing)
    fields = {
        "log_return": np.array(returns),
        "log_range": np.array(ranges) if ranges else nothing.copy(),
        "log_gap": np.array(gaps) if gaps else nothing.copy(),
        "vix": nothing,
        "results_due": none,
        "fomc_due": none,
        **changes,
    }
    return PriceHistory(**fields)  # type: ignore[arg-type]


# --- variance and its memories -------------------------------------------------------------------


def test_a_sessions_variance_is_gap_and_range_else_the_squared_return() -> None:
    """0.03^2 + 0.05^2 / (4 ln 2); without a range 0.04^2; never below 0.2 % a day."""
    told = history([0.01, 0.04, 0.0, NAN], [0.05, NAN, NAN, NAN], [0.03, 0.01, 0.0, NAN])
    found = risk.daily_variance(told)

    expected = [0.0009 + 0.0025 / LN2_4, 0.0016, 0.000004, NAN]
    assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(("calm", "capped"), [(10, False), (11, True), (22, True)])
def test_a_session_counts_for_at_most_sixteen_medians_once_half_a_month_is_known(
    calm: int, capped: bool
) -> None:
    """Sessions of 1 %, then one of 10 %: 16 * 0.0001, not 0.01, from the twelfth on."""
    found = risk.daily_variance(history([0.01] * calm + [0.1]))

    assert found[-1] == pytest.approx(0.0016 if capped else 0.01)
    assert found[-2] == pytest.approx(0.0001)


def test_a_session_below_the_cap_counts_as_it_is() -> None:
    """3.9 standard deviations: 0.00152 of at most 0.0016."""
    assert risk.daily_variance(history([0.01] * 22 + [0.039]))[-1] == pytest.approx(0.039**2)


def test_the_median_is_the_lower_one_of_the_values_before() -> None:
    """Of four before each, half known at least; of two the smaller, of three the middle."""
    x = np.array([5.0, 1.0, 3.0, NAN, 9.0, 7.0, 2.0])
    # before row 2: 5, 1; row 3: 5, 1, 3; row 4 the same; row 5: 1, 3, 9; row 6: 3, 9, 7
    expected = [NAN, NAN, 1.0, 3.0, 3.0, 3.0, 7.0]

    assert risk._trailing_median(x, 4) == pytest.approx(expected, nan_ok=True)


def test_a_memory_is_the_mean_of_what_is_known_from_a_third_of_it_on() -> None:
    x = np.array([2.0, NAN, NAN, 8.0, NAN, NAN, NAN, NAN])
    # of three, one is a third; the value itself is within its own window
    expected = [2.0, 2.0, 2.0, 8.0, 8.0, 8.0, NAN, NAN]

    assert risk._trailing_mean(x, 3) == pytest.approx(expected, nan_ok=True)
    # of four, one is a quarter
    assert np.isnan(risk._trailing_mean(np.array([NAN, NAN, NAN, 8.0]), 4)).all()
    assert risk._trailing_mean(np.array([NAN, NAN, 4.0, 8.0]), 4)[-1] == 6.0


def test_the_memories_are_logs_of_day_week_and_month_and_of_the_vix_a_session() -> None:
    """VIX 20: 20 % a year, 0.04 / 252 a session."""
    rng = np.random.default_rng(1)
    variance = rng.uniform(1e-4, 9e-4, 40)
    found = risk.memories(variance, np.full(40, 20.0))

    assert found.shape == (40, 5)
    assert found[:, 0].tolist() == [1.0] * 40
    for place, window in ((1, 1), (2, 5), (3, 22)):
        assert found[30, place] == pytest.approx(
            math.log(statistics.fmean(variance[31 - window : 31].tolist()))
        )
    assert found[30, 4] == pytest.approx(math.log(0.04 / 252))
    assert np.isnan(risk.memories(variance, np.full(40, NAN))[:, 4]).all()


def test_the_target_is_the_log_mean_of_the_next_sessions() -> None:
    """Row 0 of two sessions: those of rows 1 and 2; the last two rows are not over."""
    found = risk._target(np.array([9.0, 1.0, 3.0, 5.0]), 2)

    assert found == pytest.approx([math.log(2.0), math.log(4.0), NAN, NAN], nan_ok=True)
    assert np.isnan(risk._target(np.array([9.0, 1.0]), 5)).all()


def test_busy_sessions_count_as_several() -> None:
    """Two reports and one Fed day in 21: 1 + (2 * 7 + 0.3) / 21; unknown is none."""
    due = {h: np.array([2.0, NAN, 0.0]) for h in risk.HORIZONS}
    fed = {h: np.array([1.0, 1.0, NAN]) for h in risk.HORIZONS}
    told = history([0.0] * 3, results_due=due, fomc_due=fed)

    assert risk.event_factor(told, 21) == pytest.approx([1 + 14.3 / 21, 1 + 0.3 / 21, 1.0])
    assert risk.event_factor(told, 5)[1] == pytest.approx(1.06)


def test_sigma_is_the_root_of_what_the_slopes_say_over_the_horizon() -> None:
    """exp(0.5 - 4 + 0.25 * -8) * 1.2 * 21; a memory without a slope, or unknown, adds nothing."""
    slopes = np.array([[0.5, 0.5, 0.25, 0.0, 0.0], [0.5, NAN, 0.25, 0.0, 0.0]])
    inputs = np.array([[1.0, -8.0, -8.0, NAN, NAN], [1.0, -8.0, -8.0, NAN, NAN]])
    found = risk.sigma_from(slopes[:1], inputs[:1], np.array([1.2]), 21)

    assert found == pytest.approx([math.sqrt(math.exp(-5.5) * 1.2 * 21)])


# --- coefficients --------------------------------------------------------------------------------


def slow_fit(
    x: FloatArray, y: FloatArray, row: int, prior: tuple[float, ...], horizon: int
) -> list[float] | None:
    """Ridge towards ``prior`` on what was over at ``row``, solved from the sums' definition."""
    good = [t for t in range(row - horizon + 1) if not (np.isnan(x[t]).any() or math.isnan(y[t]))]
    slopes = np.array(prior)
    if len(good) >= 126:
        inside, told = x[good][:, 1:], y[good]
        centred, moved = inside - inside.mean(axis=0), told - told.mean()
        weight = np.diag(63.0 * centred.var(axis=0))
        slopes = np.linalg.solve(
            centred.T @ centred + weight, centred.T @ moved + weight @ np.array(prior)
        )
        constant = told.mean() - slopes @ inside.mean(axis=0)
    else:
        seen = [t for t in range(row + 1) if not np.isnan(x[t]).any()]
        if not seen:
            return None
        level = x[seen][:, 1:].mean(axis=0)
        constant = level[2] - slopes @ level
    return [float(constant), *slopes.tolist()]


@pytest.mark.parametrize("with_vix", [False, True])
def test_coefficients_equal_their_slow_definition(with_vix: bool) -> None:
    """Refitted every 21 rows; 126 windows before the first fit; the month's level before it."""
    rng = np.random.default_rng(3)
    x = np.column_stack((np.ones(260), rng.normal(-8, 1, (260, 4))))[:, : 5 if with_vix else 4]
    x[:4, 1] = NAN
    y = x[:, 1:4].mean(axis=1) + rng.normal(0, 0.3, 260)
    y[-5:] = NAN
    prior = risk.PRIOR_WITH_VIX if with_vix else risk.PRIOR
    good = ~(np.isnan(x).any(axis=1) | np.isnan(y))
    found = risk._expanding_fits(x, y, good, prior, 5)

    for row in range(260):
        expected = slow_fit(x, y, row - row % 21, prior, 5)
        if expected is None:
            assert np.isnan(found[row]).all()
        else:
            assert found[row] == pytest.approx(expected, rel=1e-6), row


def test_the_first_fit_needs_126_windows_that_are_over() -> None:
    """Row 126 of one session ahead knows 126 windows, 0 to 125; of two it knows 125."""
    rng = np.random.default_rng(3)
    x = np.column_stack((np.ones(200), rng.normal(-8, 1, (200, 3))))
    y = x[:, 1:].sum(axis=1)
    good = np.ones(200, dtype=np.bool_)

    one, two = (risk._expanding_fits(x, y, good, risk.PRIOR, h) for h in (1, 2))
    assert one[125, 1:].tolist() == list(risk.PRIOR)
    assert one[126, 1:].tolist() != list(risk.PRIOR)
    assert two[126, 1:].tolist() == list(risk.PRIOR)
    assert two[147, 1:].tolist() != list(risk.PRIOR)


def test_without_a_vix_its_slope_is_zero_and_with_one_it_is_used() -> None:
    inputs = np.column_stack((np.ones(44), np.full((44, 3), -8.0), np.full(44, NAN)))
    inputs[30:, 4] = -7.0
    found = risk._walk(inputs, np.full(44, NAN), 21)

    assert found[0, 1:].tolist() == [*risk.PRIOR, 0.0]
    assert found[41, 1:].tolist() == [*risk.PRIOR, 0.0]  # its coefficients come with the refit
    assert found[42, 1:].tolist() == list(risk.PRIOR_WITH_VIX)
    # the constant takes up what the slopes leave of the level: -8 + 0.85 * 8
    assert found[0, 0] == pytest.approx(-8 + 0.85 * 8)
    assert found[42, 0] == pytest.approx(-8 + 0.6 * 8 + 0.3 * 7)


# --- shapes and the distribution -----------------------------------------------------------------


def test_a_shape_is_the_final_and_the_lowest_level_over_its_forecast() -> None:
    """After row 0: -0.1, then +0.3: ends at 0.2, lowest -0.1; over 0.05."""
    end, low = risk._shapes(np.array([9.0, -0.1, 0.3, 0.1]), np.array([0.05, 0.1, 0.1, 0.1]), 2)

    assert end == pytest.approx([4.0, 4.0, NAN, NAN], nan_ok=True)
    assert low == pytest.approx([-2.0, 3.0, NAN, NAN], nan_ok=True)


def test_the_stretch_is_realised_over_forecast_variance_with_ten_windows_of_one() -> None:
    """Windows of two: 0.05 / 0.01 = 5 known at row 2, 0.13 / 0.04 = 3.25 at row 3."""
    returns, sigma = np.array([9.0, 0.1, 0.2, 0.3]), np.array([0.1, 0.2, 0.1, 0.1])
    found = risk._stretch(returns, sigma, 2)

    expected = [1.0, 1.0, math.sqrt(25 / 21), math.sqrt(28.25 / 22)]
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("horizon", [5, 21])
def test_student_walks_have_unit_variance_and_fat_tails(horizon: int) -> None:
    """4,000 sorted paths; four degrees of freedom put a step beyond four deviations too often."""
    end, low = risk._student_shapes(horizon)

    assert end.size == low.size == 4_000
    assert np.array_equal(end, np.sort(end))
    assert np.array_equal(low, np.sort(low))
    assert (low <= end.max()).all()
    assert float(end.std()) == pytest.approx(1.0, abs=0.08)
    assert float(low.mean()) < -0.3
    # the walks do not depend on the scale: their kurtosis tells the degrees of freedom
    step, _ = risk._student_shapes(1)
    assert float((np.abs(step) > 4).mean()) == pytest.approx(2 * 0.00243, abs=0.003)


@pytest.mark.parametrize("horizon", [1, 5])
def test_student_walks_are_drawn_anew_the_same_each_time(horizon: int) -> None:
    """A step of four degrees of freedom has a variance of 2: halved, and an H-th of it."""
    rng = np.random.default_rng(20250930)
    walks = np.cumsum(rng.standard_t(4, size=(4_000, horizon)) * math.sqrt(0.5 / horizon), axis=1)
    end, low = risk._student_shapes(horizon)

    assert end == pytest.approx(np.sort(walks[:, -1]))
    assert low == pytest.approx(np.sort(walks.min(axis=1)))


TAIL = (np.array([[-3.0], [-1.0], [0.5], [2.0]]) + np.arange(-0.05, 0.045, 0.01)).ravel()
"""Forty, -3.05, -3.04 … 2.04; every tenth from the sixth on: -3, -1, 0.5, 2."""
TAIL_LOW = np.round(np.arange(-4.0, -0.1, 0.2), 6)
"""-4.0, -3.8 … -0.2: twenty of them."""


def said(**changes: object) -> Forecast:
    """Two windows of two sessions are over by row 3: final 1 and -1, lowest -0.5 and -1.5."""
    fields = {
        "horizon": 2,
        "sigma": np.array([0.1, 0.1, 0.1, 0.2]),
        "unit": np.array([0.1, 0.1, 0.1, 0.2]),
        "slopes": np.zeros((4, 5)),
        "end": np.array([1.0, -1.0, NAN, NAN]),
        "low": np.array([-0.5, -1.5, NAN, NAN]),
        "scale": np.array([1.0, 1.0, 1.0, 1.5]),
        "tail_end": TAIL,
        "tail_low": TAIL_LOW,
        "unsaid": np.zeros(4, dtype=np.bool_),
        **changes,
    }
    return Forecast(**fields)  # type: ignore[arg-type]


def test_the_distribution_of_a_row_by_hand() -> None:
    """Row 3: past 1 and -1, one window; Student -4.5, -1.5, 0.75, 3, ten windows; all by 0.2."""
    values, weights = said().sample(3)

    assert values == pytest.approx([0.2, -0.2, -0.9, -0.3, 0.15, 0.6])
    assert weights == pytest.approx(np.array([0.5, 0.5, 2.5, 2.5, 2.5, 2.5]) / 11)
    values, weights = said().sample(2)  # one past window of two sessions: half a window
    assert values == pytest.approx([0.1, -0.3, -0.1, 0.05, 0.2])
    assert weights == pytest.approx(np.array([0.5, 2.5, 2.5, 2.5, 2.5]) / 10.5)
    assert said().sample(0)[1] == pytest.approx([0.25] * 4)


def test_the_expected_shortfall_is_the_mean_of_the_worst() -> None:
    """5 % lie within the worst value; half of all are its 2.5, 2.5 of the next and 0.5 of -0.2."""
    worst = [math.expm1(x) for x in (-0.9, -0.3, -0.2)]

    assert said().expected_shortfall(3) == pytest.approx(worst[0])
    half = (2.5 * worst[0] + 2.5 * worst[1] + 0.5 * worst[2]) / 5.5
    assert said().expected_shortfall(3, 0.5) == pytest.approx(half)


THIRTY = np.repeat(np.arange(-20, 10) / 100.0, 10)
"""Ends of which thirty are sampled, -0.20 to 0.09; each weighs a thirtieth before any window."""


def thirty() -> Forecast:
    nothing = np.full(4, NAN)
    return said(tail_end=THIRTY, end=nothing, low=nothing, sigma=np.ones(4), scale=np.ones(4))


def test_the_expected_shortfall_is_of_the_worst_twentieth_unless_told_otherwise() -> None:
    """One and a half of thirty, and three of them for a tenth."""
    one, two, three = (math.expm1(x) for x in (-0.20, -0.19, -0.18))

    assert thirty().expected_shortfall(1) == pytest.approx((one + two / 2) / 1.5)
    assert thirty().expected_shortfall(1, 0.1) == pytest.approx((one + two + three) / 3)


def test_the_chance_below_a_level_by_hand() -> None:
    """Row 3, -0.2: one of two past lows at or below -1; 17 of 20 Student lows below -1 / 1.5.

    Row 2, -2 in its own deviations: its one past low lies above; 11 of 20 at or below -2.
    """
    found = said().chance_below(-0.2)

    assert found[3] == pytest.approx((1 * 0.5 + 10 * 0.85) / 11)
    assert found[2] == pytest.approx((0.5 * 0.0 + 10 * 0.55) / 10.5)
    assert found[0] == pytest.approx(0.55)
    # the end alone: row 3 at -0.2: one of two; Student ends to -0.96 below -1 / 1.5: half
    assert said().chance_below(-0.2, low=False)[3] == pytest.approx((0.5 + 5) / 11)


@pytest.mark.parametrize(
    ("asked", "row", "below"),
    [
        (1.0, 39, 1), (0.999, 39, 0), (1.999, 39, 1), (2.0, 39, 2), (3.0, 39, 3), (2.999, 39, 2),
        (3.0, 34, 2), (3.0, 35, 3), (2.0, 31, 2), (2.0, 32, 2), (2.0, 1, 2), (2.0, 0, 1),
    ],
)  # fmt: skip
def test_what_lies_at_or_below_a_level_is_counted_across_blocks(
    asked: float, row: int, below: int
) -> None:
    """1 known in row 0, 2 in row 1, 3 in row 35; a path at 10 worth one window lies above all."""
    known = np.full(40, NAN)
    known[[0, 1, 35]] = 1.0, 2.0, 3.0
    counted = Counted.of(known, 1, np.array([10.0]), np.ones(40), tail_windows=1.0)

    seen = 1 + (row >= 1) + (row >= 35)
    assert counted.share_below(np.array([asked]))[row] == pytest.approx(below / (seen + 1))


def test_the_level_of_a_chance_is_where_it_is_reached() -> None:
    """Row 0: ten of twenty at or below -2.2 deviations; row 3: eleven at or below -2.0 * 1.5."""
    found = said().quantile(0.49)

    assert found[0] == pytest.approx(-0.22)
    assert found[3] == pytest.approx(-0.6)
    # of the end: 20 of 40 Student paths at or below -0.96, 28 at or below 0.52
    assert said().quantile(0.5, low=False)[0] == pytest.approx(-0.096)
    assert said().quantile(0.7, low=False)[0] == pytest.approx(0.052)
    assert np.isnan(said(sigma=np.full(4, NAN)).quantile(0.5)).all()


def test_a_row_that_was_corrected_says_what_it_said_alone() -> None:
    alone = said(
        sigma=np.array([NAN, NAN, 0.3]), unit=np.ones(3), scale=np.ones(3), end=np.full(3, NAN),
        low=np.full(3, NAN), unsaid=np.zeros(3, dtype=np.bool_),
    )  # fmt: skip
    both = said(own={2: alone})

    assert both.quantile(0.49)[2] == pytest.approx(-2.2 * 0.3)
    assert both.quantile(0.49)[3] == said().quantile(0.49)[3]
    assert both.chance_below(-0.3)[2] == pytest.approx(0.8)  # 16 of 20 at or below -1
    assert both.chance_below(np.array([-9.0, -9.0, -0.3, -9.0]))[2] == pytest.approx(0.8)
    several = np.array([[-9.0, -9.0, -0.3, -9.0], [0.0, 0.0, -0.6, 0.0]])
    assert both.chance_below(several)[:, 2] == pytest.approx([0.8, 0.55])  # 11 at or below -2
    assert both.sample(2)[0] == pytest.approx(np.array([-3, -1, 0.5, 2]) * 0.3)
    assert both.quantile(0.5, low=False)[2] == pytest.approx(-0.96 * 0.3)
    assert both.chance_below(-0.3001, low=False)[2] == pytest.approx(15 / 40)  # the 16th is at -1


def test_what_came_is_in_prices_and_not_where_a_session_was_not_known() -> None:
    """Shapes by their unit; a row that did not know its session, or whose last one did not."""
    assert said().came() == pytest.approx([-0.05, -0.15, NAN, NAN], nan_ok=True)
    assert said().came(low=False) == pytest.approx([0.1, -0.1, NAN, NAN], nan_ok=True)
    for row, expected in ((1, [-0.05, NAN]), (2, [NAN, -0.15]), (3, [-0.05, NAN])):
        unsaid = np.arange(4) == row
        assert said(unsaid=unsaid).came()[:2] == pytest.approx(expected, nan_ok=True)
    short = {name: np.ones(2) for name in ("sigma", "unit", "scale")}
    short |= {name: np.full(2, NAN) for name in ("end", "low")}
    for horizon in (2, 3):  # as many rows as a window, and fewer: none is over
        told = said(**short, horizon=horizon, unsaid=np.ones(2, dtype=np.bool_))
        assert np.isnan(told.came()).tolist() == [True, True]


# --- a session told otherwise a row later --------------------------------------------------------


def with_later(**told: list[float]) -> PriceHistory:
    """Four rows; row 2 lacks its session unless told otherwise."""
    base = history([0.01, 0.02, NAN, 0.03], [0.05] * 4, [0.0, 0.001, NAN, 0.002])
    later = {name: np.array(values) for name, values in told.items()}
    return replace(base, later=later)


def test_what_came_a_session_later_is_taken_as_it_is_told() -> None:
    nan = [NAN] * 4
    told = with_later(
        log_return=[NAN, 0.01, 0.02, -0.04], log_range=[NAN, 0.05, 0.05, 0.07],
        log_gap=[NAN, 0.0, 0.001, -0.01], two=nan,
    )  # fmt: skip
    found = risk.mended(told)

    assert found.log_return == pytest.approx([0.01, 0.02, -0.04, 0.03])
    assert found.log_range == pytest.approx([0.05, 0.05, 0.07, 0.05])
    assert found.log_gap == pytest.approx([0.0, 0.001, -0.01, 0.002])
    assert risk._changed(told, found) == [2]


def test_a_session_that_never_came_shares_the_move_across_it() -> None:
    """Across rows 2 and 3: -0.08; half each, and a range of 0.08 sqrt(2 ln 2) at least."""
    told = with_later(
        log_return=[NAN, 0.01, 0.02, NAN], log_range=[NAN, 0.05, 0.05, NAN],
        log_gap=[NAN, 0.0, 0.001, NAN], two=[NAN, NAN, 0.03, -0.08],
    )  # fmt: skip
    told.log_return[3] = told.log_gap[3] = NAN
    # row 3 is the last and keeps its own hole; a row after it says what moved across both
    longer = PriceHistory(
        log_return=np.append(told.log_return, 0.01), log_range=np.append(told.log_range, 0.04),
        log_gap=np.append(told.log_gap, 0.0), vix=np.full(5, NAN),
        results_due={}, fomc_due={},
        later={
            "log_return": np.array([NAN, 0.01, 0.02, NAN, NAN]),
            "log_range": np.array([NAN, 0.05, 0.05, NAN, 0.05]),
            "log_gap": np.array([NAN, 0.0, 0.001, NAN, NAN]),
            "two": np.array([NAN, NAN, 0.03, -0.08, NAN]),
        },
    )  # fmt: skip
    found = risk.mended(longer)

    assert found.log_return == pytest.approx([0.01, 0.02, -0.04, -0.04, 0.01])
    wide = 0.08 * math.sqrt(2 * math.log(2))
    assert found.log_range == pytest.approx([0.05, 0.05, wide, wide, 0.04])
    assert found.log_gap == pytest.approx([0.0, 0.001, 0.0, 0.0, 0.0])


def test_a_figure_told_in_shares_of_another_day_is_the_same_figure() -> None:
    """Logarithms that differ by a billionth at most; of what differs by more the later counts.

    The last row has no later telling and keeps its own.
    """
    own = np.array([0.01, 0.01, 0.01, NAN, 0.01, 0.05])
    told = np.array([0.01 + 0.9e-9, 0.01 + 1.2e-9, 0.01 - 1.2e-9, 0.02, NAN, 0.09])
    found = risk._as_told(own, told)

    assert found == pytest.approx([0.01, told[1], told[2], 0.02, NAN, 0.05], abs=0, nan_ok=True)


def test_a_return_that_never_came_is_what_both_sessions_moved_less_the_second() -> None:
    """0.05 over two sessions, 0.03 of it in the second: 0.02; ranges and gaps stay unknown."""
    nan = [NAN] * 4
    told = with_later(
        log_return=[NAN, 0.01, 0.02, NAN], log_range=[NAN, 0.05, 0.05, 0.05],
        log_gap=nan, two=[NAN, NAN, 0.03, 0.05],
    )  # fmt: skip
    found = risk.mended(told)

    assert found.log_return == pytest.approx([0.01, 0.02, 0.02, 0.03])
    assert np.isnan(found.log_gap[2])


def test_without_a_second_telling_nothing_is_mended() -> None:
    told = history([0.01, NAN])

    assert risk.mended(told) is told


def test_the_warm_up_stands_before_the_record() -> None:
    names = ["nvda_return", "nvda_range", "nvda_gap", "vix"]
    names += [f"{what}_within_{h}" for what in ("results", "fomc") for h in risk.HORIZONS]
    told = {
        "nvda_return_before": "log_return", "nvda_range_before": "log_range",
        "nvda_gap_before": "log_gap", "nvda_return_two": "two",
    }  # fmt: skip
    values = {name: np.array([float(n)]) for n, name in enumerate([*names, *told])}
    warm = {name: array - 100.0 for name, array in values.items()}
    day, instant = (date(2025, 1, 6),), np.array([0], dtype=np.int64)
    features = Features(sessions_on=day, decide_at_us=instant, values=values, warm=warm)
    found = risk.history_from(features)

    assert found.log_return.tolist() == [-100.0, 0.0]
    assert found.log_range.tolist() == [-99.0, 1.0]
    assert found.log_gap.tolist() == [-98.0, 2.0]
    assert found.vix.tolist() == [-97.0, 3.0]
    assert [found.results_due[h].tolist()[1] for h in (5, 21, 63)] == [4.0, 5.0, 6.0]
    assert [found.fomc_due[h].tolist()[1] for h in (5, 21, 63)] == [7.0, 8.0, 9.0]
    for n, name in enumerate(told.values(), start=10):
        assert found.later[name].tolist() == [n - 100.0, float(n)]
    assert risk.rows_before(features) == 1


# --- chances -------------------------------------------------------------------------------------


def test_a_chance_is_drawn_towards_how_often_it_has_happened() -> None:
    """Outcomes 1, 0, 1 of one session ahead: base (k + 0.5) / (n + 1); the model counts half."""
    model, outcome = np.array([0.9, 0.9, NAN, 0.1]), np.array([1.0, 0.0, 1.0, NAN])
    found = risk.calibrated(model, outcome, 1)

    assert found.base == pytest.approx([0.5, 0.75, 0.5, 0.625])
    assert found.scored.tolist() == [0, 1, 2, 3]
    assert found.weight.tolist() == [0.5] * 4
    # nothing scored: the model alone; then half way; without a model the base
    assert found.chance == pytest.approx([0.9, 0.825, 0.5, 0.3625])
    assert found.after(2).chance == pytest.approx([0.5, 0.3625])
    assert [getattr(found.after(3), n).size for n in ("base", "model", "weight", "outcome")] == [
        1
    ] * 4


def test_a_slopes_error_by_newey_and_west_by_hand() -> None:
    """x 1, 2, 1, -1 on y 2, 3, 0, 1: slope 7 / 7 = 1; scores 1, 2, -1, -2.

    Squares 10; lag one, half: 1 * 2 + 2 * -1 + -1 * -2 = 2, added twice by a half: 12.
    """
    x, y = np.array([1.0, 2.0, 1.0, -1.0]), np.array([2.0, 3.0, 0.0, 1.0])

    assert risk.slope_and_error(x, y, 1) == pytest.approx((1.0, math.sqrt(12) / 7))
    assert risk.slope_and_error(x, y, 0) == pytest.approx((1.0, math.sqrt(10) / 7))
    # two lags by 2/3 and 1/3: 10 + 2 * 2/3 * 2 + 2 * 1/3 * (1 * -1 + 2 * -2)
    assert risk.slope_and_error(x, y, 2)[1] == pytest.approx(math.sqrt(10 + 8 / 3 - 10 / 3) / 7)
    assert risk.slope_and_error(np.zeros(3), np.ones(3), 1) == (0.0, 0.0)


def test_refits_wait_for_126_windows_and_see_only_what_is_over() -> None:
    """With three sessions ahead row 126 knows 124 windows, row 147 knows 145."""
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=190), rng.normal(size=190)
    y[-3:] = NAN

    found = list(risk.refits(x, y, 3))
    assert [row for row, _, _ in found] == [147, 168, 189]
    slope, error = risk.slope_and_error(x[:145], y[:145], 3)
    assert found[0] == (147, slope, error)
    assert [row for row, _, _ in risk.refits(x, y, 1)] == [126, 147, 168, 189]


def test_rows_without_a_figure_add_nothing_to_a_slope() -> None:
    """Holes in either: the slope is that of the rows on which both are known."""
    rng = np.random.default_rng(10)
    x, y = rng.normal(size=148), rng.normal(size=148)
    both = np.ones(148, dtype=np.bool_)
    both[[5, 40, 80, 120]] = False
    holed, moved = x.copy(), y.copy()
    holed[[5, 40]], moved[[80, 120]] = NAN, NAN

    ((row, slope, _),) = [found for found in risk.refits(holed, moved, 1) if found[0] == 147]
    known = both[:row]
    assert slope == pytest.approx(
        float((x[:row][known] * y[:row][known]).sum() / (x[:row][known] ** 2).sum())
    )


def test_trust_and_proof_weigh_a_slope_by_its_error() -> None:
    """Trust: slope and 0.5 by their inverse variances; proof: slope times 1 - 1 / t²."""
    rng = np.random.default_rng(9)
    x = rng.normal(size=150)
    y = 0.3 * x + rng.normal(size=150)
    ((row, slope, error), *_) = list(risk.refits(x, y, 2))

    assert row == 147
    told = (slope / error**2 + 0.5 / 0.25) / (1 / error**2 + 1 / 0.25)
    trust = risk._trust(x, y, 2)
    assert trust[146] == 0.5
    assert trust[147:] == pytest.approx([told] * 3)
    proven = risk.proven_slope(x, y, 2)
    assert proven[146] == 0.0
    assert abs(slope / error) > 1
    assert proven[147:] == pytest.approx([slope * (1 - (error / slope) ** 2)] * 3)


def test_a_slope_of_exactly_nothing_proves_nothing() -> None:
    """1 and -1 in turn on ones: the slope is 0, its error is not; without variation both are 0."""
    ones, turns = np.ones(130), np.tile([1.0, -1.0], 65)

    assert risk.slope_and_error(ones[:126], turns[:126], 1)[0] == 0.0
    assert not risk.proven_slope(ones, turns, 1).any()
    assert not risk.proven_slope(np.zeros(130), turns, 1).any()
    assert risk._trust(np.zeros(130), turns, 1).tolist() == [0.5] * 130


@pytest.mark.parametrize(("lowest", "fell"), [(-0.11, 1.0), (math.log1p(-0.1), 1.0), (-0.105, 0.0)])
def test_a_fall_of_ten_per_cent_is_a_log_of_nine_tenths(lowest: float, fell: float) -> None:
    """-0.10536: reached or passed, it fell."""
    low = np.array([lowest, NAN, NAN, NAN])
    unit = np.ones(4)
    told = said(low=low, unit=unit, sigma=unit)
    found = risk.chance_of_fall(told, 0.1)

    assert found.outcome == pytest.approx([fell, NAN, NAN, NAN], nan_ok=True)
    assert found.model == pytest.approx(told.chance_below(math.log(0.9)))
    assert found.scored.tolist() == [0, 0, 1, 1]
    assert found.horizon == 2


# --- how much to hold ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fall", "level", "share"),
    [(0.2, math.log(0.6), 0.5), (0.2, math.log(0.8), 1.0), (0.2, math.log(0.9), 1.0)],
)
def test_the_share_loses_what_may_be_lost(fall: float, level: float, share: float) -> None:
    """A fall of 40 % costs 20 % of the holding where half is kept."""
    assert risk.share_of(fall, np.array([level])) == pytest.approx([share])


def test_a_step_is_taken_when_it_is_longer_than_the_band() -> None:
    """0.125 from 1 is not more than 0.125; from 0.75 back to 1 it goes at once."""
    want = np.array([0.875, 0.75, 0.875, 0.99, 1.0])

    assert risk.stepped(want, 0.125).tolist() == [1.0, 0.75, 0.75, 0.99, 1.0]
    bands = np.array([[0.125], [0.5]])
    together = risk.stepped(want, bands)
    assert together.tolist() == [[1.0, 0.75, 0.75, 0.99, 1.0], [1.0] * 5]


@pytest.mark.parametrize(
    ("share", "inside"),
    [
        ([0.39, 0.39, 0.5, 0.51], [False, True, True, False]),  # back above 0.5, not at it
        ([0.4, 0.39, 0.4], [False, False, False]),  # at the line is not below; twice running
        ([0.39, 0.41, 0.39, 0.39], [False, False, False, True]),
        ([0.39, NAN, 0.39, NAN], [False, False, True, True]),  # unknown changes nothing
        ([0.41, NAN, 0.39], [False, False, False]),
    ],
)
def test_risk_sells_after_two_sessions_below_and_until_above(
    share: list[float], inside: list[bool]
) -> None:
    assert risk.below_until(np.array(share), 0.4, 0.5).tolist() == inside
