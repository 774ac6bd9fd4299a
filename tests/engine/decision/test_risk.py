"""The forecast distribution: causal to the last bit, equal to its slow definition, hard to fool."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from engine.decision import risk
from engine.decision.risk import Forecast, PriceHistory, chance_of_fall, forecast, stepped
from engine.values import FloatArray

ROWS = 700


def synthetic(rows: int = ROWS, seed: int = 4) -> PriceHistory:
    """Seeded prices with volatility that clusters; row t knows the session before it."""
    rng = np.random.default_rng(seed)
    log_sigma = np.empty(rows)
    state = 0.0
    for t in range(rows):
        state = 0.97 * state + 0.12 * rng.normal()
        log_sigma[t] = math.log(0.03) + state
    sigma = np.exp(log_sigma)
    move, gap = sigma * rng.standard_t(5, rows) / 1.3, 0.4 * sigma * rng.normal(size=rows)
    span = np.abs(move) + sigma * rng.gamma(4, 0.25, rows)
    vix = 100 * sigma * math.sqrt(252) / 2 + rng.normal(size=rows)
    vix[: rows // 3] = np.nan
    none = {h: np.full(rows, np.nan) for h in risk.HORIZONS}
    late = lambda x: np.concatenate(([np.nan], x[:-1]))  # noqa: E731
    return PriceHistory(
        log_return=late(move),
        log_range=late(span),
        log_gap=late(gap),
        vix=late(vix),
        results_due=none,
        fomc_due=none,
    )


def cut(history: PriceHistory, rows: int) -> PriceHistory:
    """The first ``rows`` rows."""
    parts = {
        f.name: {h: a[:rows] for h, a in value.items()} if isinstance(value, dict) else value[:rows]
        for f in fields(history)
        if (value := getattr(history, f.name)) is not None
    }
    return PriceHistory(**parts)


@pytest.mark.parametrize("rows", [30, 127, 400, 633])
def test_a_longer_record_changes_no_earlier_row(rows: int) -> None:
    """Sigma, chances, weights and shares up to the cut keep every bit."""
    whole, part = forecast(synthetic(), 21), forecast(cut(synthetic(), rows), 21)
    for fall in (0.05, 0.2):
        a, b = chance_of_fall(whole, fall), chance_of_fall(part, fall)
        for name in ("chance", "base", "model", "weight"):
            assert getattr(a, name)[:rows].tobytes() == getattr(b, name).tobytes(), name
    assert whole.sigma[:rows].tobytes() == part.sigma.tobytes()
    shares = [risk.bearable_share(said, 0.2, 0.1) for said in (whole, part)]
    assert shares[0][:rows].tobytes() == shares[1].tobytes()


def test_what_comes_after_a_row_is_what_would_betray_peeking() -> None:
    """The comparison can fail: a return moved one session earlier changes the forecast."""
    honest = synthetic()
    peeking = replace(honest, log_gap=np.roll(honest.log_gap, -1))

    assert not np.array_equal(
        forecast(honest, 21).sigma[200:400], forecast(peeking, 21).sigma[200:400]
    )


def slow_chance(said: Forecast, t: int, level: float) -> float:
    """The definition: windows over by row t, and Student paths, counted one by one."""
    past = [said.low[s] for s in range(t - said.horizon + 1) if not math.isnan(said.low[s])]
    asked = level / said.sigma[t]
    windows = len(past) / said.horizon
    share = sum(x <= asked for x in past) / len(past) if past else 0.0
    student = sum(x <= asked / said.scale[t] for x in said.tail_low) / said.tail_low.size
    return (windows * share + risk.TAIL_WINDOWS * student) / (windows + risk.TAIL_WINDOWS)


def slow_quantile(said: Forecast, t: int, chance: float) -> float:
    """The lowest level at or above which ``chance`` lies below, by halving."""
    lower, upper = -12.0 * said.sigma[t], 0.0
    for _ in range(60):
        middle = (lower + upper) / 2
        lower, upper = (middle, upper) if slow_chance(said, t, middle) < chance else (lower, middle)
    return float(upper)


@pytest.mark.parametrize("t", [40, 63, 64, 65, 126, 333, 699])
def test_the_chance_and_the_level_are_their_definitions(t: int) -> None:
    """Counted slowly for one row, with holes in the prices; a level of its own for each row."""
    history = synthetic()
    returns = history.log_return.copy()
    returns[50:300:45] = np.nan
    said = forecast(replace(history, log_return=returns), 21)
    levels = np.log(np.linspace(0.7, 0.99, ROWS))

    for level in (levels, np.full(ROWS, math.log(0.9))):
        slow = slow_chance(said, t, level[t])
        assert said.chance_below(level)[t] == pytest.approx(slow, abs=1e-12)
    assert said.quantile(0.1)[t] == pytest.approx(slow_quantile(said, t, 0.1), abs=1e-9)


def test_a_fall_is_the_lowest_close_of_the_horizon_against_the_last_one_known() -> None:
    """The outcome of row t looks at the closes of the next sessions only."""
    history = synthetic()
    said = forecast(history, 5)
    for t in (100, 250):
        path = np.cumsum(history.log_return[t + 1 : t + 6])
        expected = float(path.min() <= math.log(0.95))
        assert chance_of_fall(said, 0.05).outcome[t] == expected
    assert np.isnan(chance_of_fall(said, 0.05).outcome[-5:]).all()


def test_one_wrong_price_cannot_set_the_forecast() -> None:
    """A range ten times too wide moves the monthly forecast by less than a third."""
    history = synthetic()
    wild = history.log_range.copy()
    wild[500] *= 10
    wrong = replace(history, log_range=wild)
    before, after = forecast(history, 21).sigma[500], forecast(wrong, 21).sigma[500]

    assert before < after < 4 / 3 * before


def test_results_ahead_widen_the_distribution_and_an_unknown_calendar_does_not() -> None:
    """One report within a month is worth seven ordinary sessions."""
    history = synthetic()
    due = np.zeros(ROWS)
    due[-1] = 1.0
    told = replace(history, results_due={**history.results_due, 21: due})
    plain, busy = forecast(history, 21).sigma[-1], forecast(told, 21).sigma[-1]

    assert busy / plain == pytest.approx(math.sqrt(28 / 21))


def test_the_share_meets_the_words() -> None:
    """At the share, the chance to lose what may be lost is what was named; never above one."""
    said = forecast(synthetic(), 63)
    share = risk.bearable_share(said, 0.15, 0.1)[-1]
    assert 0 < share < 1
    reached = said.chance_below(math.log1p(-0.15 / share))[-1]

    assert reached == pytest.approx(0.1, abs=0.01)
    assert (risk.bearable_share(said, 0.99, 0.1) <= 1.0)[30:].all()


def test_words_may_be_many() -> None:
    """(P, 1) words give (P, T) shares, each row what it would be alone."""
    said = forecast(synthetic(), 21)
    falls = np.array([[0.1], [0.2], [0.3]])
    together = risk.bearable_share(said, falls, 0.1)

    for row, fall in enumerate(falls[:, 0]):
        assert together[row].tobytes() == risk.bearable_share(said, float(fall), 0.1).tobytes()
    assert (np.diff(together[:, 50:], axis=0) >= 0).all()


def slow_steps(want: FloatArray, band: float) -> list[float]:
    held, out = 1.0, []
    for asked in want:
        if not math.isnan(asked) and (abs(asked - held) > band or asked >= 1.0):
            held = float(asked)
        out.append(held)
    return out


def test_a_target_moves_in_steps_only() -> None:
    """Small changes are not worth a trade and its tax; what is unknown changes nothing."""
    want = np.array([np.nan, 0.95, 0.85, 0.8, np.nan, 0.72, 0.9, 1.0, 0.91])

    assert stepped(want, 0.1).tolist() == slow_steps(want, 0.1)
    assert stepped(want, 0.1).tolist() == [1, 1, 0.85, 0.85, 0.85, 0.72, 0.9, 1.0, 1.0]


def test_a_model_that_was_wrong_loses_its_say() -> None:
    """The weight against the base rate comes from the scored past."""
    rng = np.random.default_rng(2)
    truth = np.clip(0.3 + 0.25 * np.sin(np.arange(1500) / 40), 0.01, 0.99)
    outcome = (rng.random(1500) < truth).astype(float)

    assert risk.calibrated(truth, outcome, 5).weight[-1] > 0.8
    assert risk.calibrated(0.6 - truth, outcome, 5).weight[-1] == 0.0
    assert risk.calibrated(truth, outcome, 5).weight[0] == risk.PRIOR_TRUST


def test_a_slope_is_nothing_until_it_is_proven() -> None:
    """Noise is shrunk to zero or near it; a true slope is found with its sign."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=1500)
    noise = rng.normal(size=1500)

    assert abs(risk.proven_slope(x, noise, 1)[-1]) < 0.05
    assert risk.proven_slope(x, -0.5 * x + noise, 1)[-1] == pytest.approx(-0.5, abs=0.1)
    assert (risk.proven_slope(x, x, 1)[: risk.FIRST_FIT] == 0).all()


def test_newey_and_west_with_no_lags_is_white() -> None:
    """Against the textbook formula for independent errors (White 1980)."""
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=400), rng.normal(size=400)
    slope, error = risk.slope_and_error(x, y, 0)
    residual = y - slope * x

    assert slope == pytest.approx(float(x @ y / (x @ x)))
    assert error == pytest.approx(math.sqrt(float((x**2 * residual**2).sum())) / float(x @ x))


# --- a session whose close was not known in time ----------------------------------------------


def with_hole(row: int, *, told_later: bool) -> PriceHistory:
    """``synthetic`` without the session that ``row`` reads; its close comes a row later or never.

    Without a close the return of the row after, and its gap, are not known either.
    """
    true = synthetic()
    names = ("log_return", "log_range", "log_gap")
    read = {name: getattr(true, name).copy() for name in names}
    later = {name: np.concatenate(([np.nan], read[name][:-1])) for name in names}
    later["two"] = read["log_return"] + later["log_return"]
    later["two"][row] = np.nan
    for name in names:
        read[name][row] = np.nan
    if not told_later:
        for known, at in ((read, row + 1), (later, row + 1), (later, row + 2)):
            known["log_return"][at] = known["log_gap"][at] = np.nan
        later["log_range"][row + 1] = later["two"][row + 2] = np.nan
    return replace(true, later=later, **read)


HOLE = 420
"""A row in which the coefficients are fitted anew: the one that could peek."""


def test_a_close_that_comes_a_session_later_changes_its_own_row_alone() -> None:
    """Nothing is said in the row that did not know it; every other says what it always said."""
    true, holed = forecast(synthetic(), 21), forecast(with_hole(HOLE, told_later=True), 21)
    a, b = (risk.bearable_share(said, 0.1, 0.1) for said in (true, holed))

    assert HOLE % risk.REFIT == 0
    assert np.isnan(b[HOLE])
    assert np.delete(a, HOLE).tobytes() == np.delete(b, HOLE).tobytes()


def test_a_close_that_never_comes_costs_no_window_and_hardly_moves_a_share() -> None:
    """Its two sessions share the move across them; without that, 21 windows are lost."""
    true, holed = forecast(synthetic(), 21), forecast(with_hole(HOLE, told_later=False), 21)
    a, b = (risk.bearable_share(said, 0.1, 0.1)[HOLE + 2 :] for said in (true, holed))

    assert np.count_nonzero(np.isnan(holed.low)) == np.count_nonzero(np.isnan(true.low))
    assert np.nanmax(np.abs(a - b)[risk.MONTH :]) < 0.005
    assert np.isnan(holed.sigma[HOLE])
    assert holed.sigma[HOLE + 1] == pytest.approx(true.sigma[HOLE + 1], rel=0.1)


WRONG = math.log(0.74)


def with_wrong_close(row: int, *, corrected: bool) -> PriceHistory:
    """``synthetic`` with the close that ``row`` reads told 26 % too low; a row later it is
    corrected or no longer believed."""
    true, holed = synthetic(), with_hole(row, told_later=corrected)
    read = {name: getattr(holed, name).copy() for name in ("log_return", "log_range", "log_gap")}
    for name, array in read.items():
        array[row] = getattr(true, name)[row]
    read["log_return"][row] += WRONG
    read["log_gap"][row] += WRONG
    later = {name: array.copy() for name, array in holed.later.items()}
    later["two"][row] = read["log_return"][row] + true.log_return[row - 1]
    return replace(holed, later=later, **read)


@pytest.mark.parametrize("row", [HOLE, HOLE + 7])
def test_a_wrong_close_that_is_corrected_moves_the_row_that_believed_it_alone(row: int) -> None:
    """Later rows used to keep the fall that never was in every window across it, for ever."""
    wrong = with_wrong_close(row, corrected=True)
    true, said = forecast(synthetic(), 21), forecast(wrong, 21)
    then = forecast(cut(wrong, row + 1), 21)
    a, b, c = (risk.bearable_share(found, 0.1, 0.1) for found in (true, said, then))

    assert np.delete(a, row).tobytes() == np.delete(b, row).tobytes()
    assert b[row] == c[row] != a[row]
    assert said.sample(row)[0].tobytes() == then.sample(row)[0].tobytes()
    assert said.chance_below(-0.1)[row] == then.chance_below(-0.1)[-1]
    levels = np.linspace(-0.3, -0.05, true.sigma.size)
    assert said.chance_below(levels)[row] == then.chance_below(levels[: row + 1])[-1]


def test_a_wrong_close_that_is_no_longer_believed_hardly_moves_a_share() -> None:
    true, said = forecast(synthetic(), 21), forecast(with_wrong_close(HOLE, corrected=False), 21)
    a, b = (risk.bearable_share(found, 0.1, 0.1)[HOLE + 1 :] for found in (true, said))

    assert np.nanmax(np.abs(a - b)[risk.MONTH :]) < 0.005
    assert np.nanmax(np.abs(a - b)) < 0.05


STORIES = {
    "came": lambda: with_hole(HOLE, told_later=True),
    "never came": lambda: with_hole(HOLE, told_later=False),
    "corrected": lambda: with_wrong_close(HOLE, corrected=True),
    "taken back": lambda: with_wrong_close(HOLE, corrected=False),
}


@pytest.mark.parametrize("story", sorted(STORIES))
@pytest.mark.parametrize("rows", [HOLE + 1, HOLE + 2, HOLE + 3, HOLE + 22])
def test_what_came_later_is_used_by_no_row_before(rows: int, story: str) -> None:
    holed = STORIES[story]()
    whole, part = forecast(holed, 21), forecast(cut(holed, rows), 21)
    a, b = chance_of_fall(whole, 0.1), chance_of_fall(part, 0.1)

    assert whole.sigma[:rows].tobytes() == part.sigma.tobytes()
    for name in ("chance", "base", "model", "weight"):
        assert getattr(a, name)[:rows].tobytes() == getattr(b, name).tobytes(), name


@pytest.mark.parametrize("rows", [2, 20, 21, 22, 39, 63, 64])
def test_a_history_shorter_than_the_horizon_is_no_accident(rows: int) -> None:
    """A new record holds a few weeks of prices: no forecast is made of what was never seen."""
    for horizon in risk.HORIZONS:
        said = forecast(cut(synthetic(), rows), horizon)
        assert said.sigma.shape == (rows,)
