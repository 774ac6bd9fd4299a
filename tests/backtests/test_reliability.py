"""Scores of forecasts against an independent library and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scoringrules

from backtests.reliability import (
    brier,
    crps,
    reliability_table,
    score_chance,
    score_distribution,
    skill,
    skill_interval,
)
from engine.decision import risk
from tests.engine.decision.test_risk import synthetic


@pytest.mark.parametrize("observed", [-9.0, -0.3, 0.0, 0.41, 7.0])
def test_crps_of_a_sample_equals_scoringrules(observed: float) -> None:
    """Equal weights, inside and outside the sample."""
    values = np.random.default_rng(1).normal(size=57)
    ours = crps(values, np.full(57, 1 / 57), observed)

    assert ours == pytest.approx(float(scoringrules.crps_ensemble(observed, values)), rel=1e-10)


def test_crps_with_weights_is_a_sample_with_repeats() -> None:
    """A weight of two sevenths is the value told twice."""
    values, weights = np.array([0.0, 1.0, -2.0, 5.0]), np.array([2, 1, 3, 1]) / 7
    repeated = np.array([0.0, 0.0, 1.0, -2.0, -2.0, -2.0, 5.0])

    assert crps(values, weights, 0.7) == pytest.approx(
        float(scoringrules.crps_ensemble(0.7, repeated))
    )


def test_brier_equals_scoringrules() -> None:
    """Mean over many."""
    rng = np.random.default_rng(2)
    chance, came = rng.random(50), (rng.random(50) < 0.4).astype(float)
    theirs = np.mean([scoringrules.brier_score(y, p) for y, p in zip(came, chance, strict=True)])

    assert brier(chance, came) == pytest.approx(float(theirs))


def test_skill_is_zero_for_the_yardstick_and_one_for_truth() -> None:
    """By definition."""
    assert skill(0.2, 0.2) == 0.0
    assert skill(0.0, 0.2) == 1.0
    assert skill(0.3, 0.2) < 0


def test_the_table_counts_everything_once() -> None:
    """The bins hold all forecasts, certainty included, and say what came."""
    chance = np.array([0.0, 0.05, 0.1, 0.29, 0.5, 1.0])
    came = np.array([0, 1, 0, 0, 1, 1.0])
    table = reliability_table(chance, came)

    assert sum(line.n for line in table) == 6
    assert table[0].said == pytest.approx(0.025)
    assert table[0].came == 0.5
    assert table[-1].came == 1.0


def test_the_interval_of_no_skill_holds_zero_and_is_narrow_for_plain_truth() -> None:
    """Two forecasts equally good by chance, and one that is always right."""
    rng = np.random.default_rng(3)
    a, b = rng.random(800), rng.random(800)
    low, high = skill_interval(a, b, 5) or (0.0, 0.0)
    assert low < 0 < high
    assert skill_interval(np.zeros(800), b, 5) == (1.0, 1.0)
    assert skill_interval(a[:20], b[:20], 5) is None


def test_a_forecast_of_its_own_world_is_honest() -> None:
    """On synthetic prices whose volatility clusters, intervals hold and the chance has skill."""
    history = synthetic(1500)
    rows = np.arange(1500) >= 300
    said = risk.forecast(history, 5)
    whole = score_distribution(said, rows)
    fall = score_chance(risk.chance_of_fall(said, 0.05), rows)

    assert 0.85 < whole.coverage < 0.95
    assert whole.below + whole.above == pytest.approx(1 - whole.coverage)
    assert whole.low is not None
    assert whole.high is not None
    assert whole.low < whole.skill < whole.high
    assert whole.skill > 0
    assert fall.skill > 0
    assert fall.low is not None
    assert fall.high is not None
    assert fall.low < fall.skill < fall.high


def test_the_tear_sheets_chances_are_those_of_the_command() -> None:
    """The rows of the sheet, scored as one by one; nothing of rows whose windows are not over."""
    from types import SimpleNamespace

    from backtests.reliability import score_falls
    from engine.decision.risk import HORIZONS

    history = synthetic(600)
    values = {"nvda_return": history.log_return, "nvda_range": history.log_range}
    values |= {"nvda_gap": history.log_gap, "vix": history.vix}
    for h in HORIZONS:
        values |= {f"results_within_{h}": history.results_due[h]}
        values |= {f"fomc_within_{h}": history.fomc_due[h]}
    given = SimpleNamespace(values=values, warm={}, sessions_on=tuple(range(600)))
    own = np.zeros(600, dtype=np.bool_)
    own[300:550] = True

    found = score_falls(given, slice(300, 550))  # type: ignore[arg-type]

    chance = risk.chance_of_fall(risk.forecast(history, 21), 0.10)
    assert [f.fall_pct for f in found] == [5.0, 10.0, 15.0, 20.0]
    assert found[1].score == score_chance(chance, own)
    assert score_falls(given, slice(590, 600)) == ()  # type: ignore[arg-type]
