"""The learned voice: silent before it is trained, blind to the future, no better than its data."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InputError
from strategies.base import with_defaults
from strategies.learned import INPUTS, Learned, design_matrix, forward_gain, whole_numbers

T = 700


def features(seed: int, signal: float = 0.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = {name: rng.normal(0, 1, T) for name in sorted(Learned.needs)}
    driver = np.repeat(rng.choice([-1.0, 1.0], T // 35 + 1), 35)[:T]
    values["trend_gap_pct"] = driver + rng.normal(0, 0.3, T)
    # The return of row t+1 follows the driver of row t: that is what could honestly be learnt.
    values["nvda_return"] = rng.normal(0, 0.01, T) + signal * np.roll(driver, 1)
    return values


def probability(values: dict[str, np.ndarray], **given: float) -> np.ndarray:
    p = with_defaults(Learned(), given, where="test")
    return Learned().levels(values, p)["learned_probability"]


def test_it_refuses_to_score_before_it_is_trained() -> None:
    """No number before the first fit, a probability after it."""
    p = probability(features(1, 0.01))

    assert np.isnan(p[:378]).all()
    assert ((p[378:] >= 0) & (p[378:] <= 1)).all()


def test_it_is_causal_bit_for_bit() -> None:
    """Throwing the future away changes nothing before the cut, wherever the cut falls."""
    values = features(2, 0.01)
    whole = probability(values)
    for cut in (440, 441, 503, 601):
        part = probability({k: v[:cut] for k, v in values.items()})
        assert whole[:cut].tobytes() == part.tobytes()


def test_poisoned_later_returns_do_not_reach_back() -> None:
    """Labels end before the refit: absurd returns after row 500 leave rows up to 500 alone."""
    values = features(3, 0.01)
    poisoned = dict(values) | {"nvda_return": values["nvda_return"].copy()}
    poisoned["nvda_return"][501:] = 9.0

    assert probability(values)[:501].tobytes() == probability(poisoned)[:501].tobytes()


def test_it_finds_what_is_there_and_not_what_is_not() -> None:
    """With a planted signal it ranks the outcomes; with shuffled returns it is a coin."""

    def hit_rate(values: dict[str, np.ndarray]) -> float:
        p = probability(values, horizon_sessions=5)
        gain, known = forward_gain(values["nvda_return"], 5)
        rows = np.flatnonzero(~np.isnan(p) & known)
        return float(np.mean((p[rows] > np.median(p[rows])) == gain[rows]))

    planted = np.mean([hit_rate(features(s, 0.01)) for s in range(4)])
    empty = np.mean([hit_rate(features(s, 0.0)) for s in range(20, 28)])

    assert planted > 0.75
    assert abs(empty - 0.5) < 0.12


def test_forward_gain_looks_at_the_returns_after_the_row() -> None:
    """Row t's label sums the returns of rows t+1 to t+h."""
    gain, known = forward_gain(np.array([5.0, -1.0, -1.0, 2.5, 0.0]), 2)

    assert gain.tolist()[:3] == [False, True, True]
    assert known.tolist() == [True, True, True, False, False]


def test_missing_inputs_are_flagged_not_zeroed() -> None:
    """The design matrix says what was not observed."""
    values = features(4)
    values["vix"][10] = np.nan
    matrix = design_matrix(values)
    column = 2 * INPUTS.index("vix")

    assert matrix[10, column + 1] == 1.0
    assert matrix[10, column] == pytest.approx(np.mean(values["vix"][:10]))
    assert np.isfinite(matrix).all()


def test_a_sweep_over_it_is_refused() -> None:
    """Every value would mean training again."""
    with pytest.raises(InputError, match="cannot be swept"):
        whole_numbers({"horizon_sessions": np.array([[5.0], [10.0]])})
