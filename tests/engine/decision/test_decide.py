"""The blend and the latch: readable, causal, and never moved to SELL by missing data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decision.decide import Rule, latch, mix, target_weight

RULE = Rule(exit_below=-0.2, enter_above=-0.05, min_sessions_between_changes=3)
SCORES = st.lists(st.one_of(st.floats(-1, 1), st.just(float("nan"))), min_size=1, max_size=60)


def slow_latch(score: list[float], doubted: list[float], rule: Rule) -> list[bool]:
    """The definition, one session at a time."""
    holding, last_change, out = True, None, []
    for t, (s, d) in enumerate(zip(score, doubted, strict=True)):
        rested = last_change is None or t - last_change > rule.min_sessions_between_changes
        wants = (s < rule.exit_below and d < rule.exit_below) if holding else s > rule.enter_above
        if rested and wants:
            holding, last_change = not holding, t
        out.append(holding)
    return out


@given(SCORES)
def test_the_latch_equals_its_definition(score: list[float]) -> None:
    """Arrays and the plain loop give the same positions."""
    expected = slow_latch(score, score, RULE)

    assert latch(np.array(score), np.array(score), RULE).tolist() == expected


@given(SCORES)
def test_the_latch_is_causal(score: list[float]) -> None:
    """Positions up to t do not depend on later scores."""
    cut = max(1, len(score) // 2)
    whole = latch(np.array(score), np.array(score), RULE)
    part = latch(np.array(score[:cut]), np.array(score[:cut]), RULE)

    assert whole[:cut].tolist() == part.tolist()


def test_one_latch_serves_many_parameter_sets() -> None:
    """Shape (P, T) gives each row what it would get alone."""
    rng = np.random.default_rng(1)
    scores = rng.uniform(-1, 1, (5, 200))
    together = latch(scores, scores, RULE)

    for row in range(5):
        assert latch(scores[row], scores[row], RULE).tolist() == together[row].tolist()


def test_unknown_scores_change_nothing() -> None:
    """A session without any observation keeps the verdict of the day before."""
    score = np.array([0.1, -0.9, np.nan, np.nan, np.nan, np.nan, 0.5])

    assert latch(score, score, RULE).tolist() == [True, False, False, False, False, False, True]


@given(
    st.lists(st.floats(-1, 1), min_size=2, max_size=6),
    st.data(),
)
def test_missing_data_never_causes_sell(values: list[float], data: st.DataObject) -> None:
    """If SELL is entered with voices missing, it is entered whatever they would have said."""
    weights = np.full((len(values), 1), 1.0 / len(values))
    hidden = data.draw(
        st.lists(st.booleans(), min_size=len(values), max_size=len(values)), label="hidden"
    )
    seen = np.array([[np.nan if h else v] for v, h in zip(values, hidden, strict=True)])
    partial = mix(seen, weights)
    sells = not latch(partial.score, partial.doubted_score, RULE)[0]
    told = [
        data.draw(st.floats(-1, 1), label="would have said") if h else v
        for v, h in zip(values, hidden, strict=True)
    ]
    complete = mix(np.array(told)[:, None], weights)

    if sells:
        assert complete.score[0] < RULE.exit_below + 1e-12


@given(st.lists(st.one_of(st.floats(-1, 1), st.just(float("nan"))), min_size=1, max_size=6))
def test_contributions_sum_to_the_score(values: list[float]) -> None:
    """Exactly, over whatever was observed; weights over the observed sum to one."""
    scores = np.array(values)[:, None]
    weights = np.linspace(1, 2, len(values))[:, None]
    weights = weights / weights.sum()
    mixed = mix(scores, weights)

    if np.isnan(values).all():
        assert np.isnan(mixed.score[0])
    else:
        assert float(mixed.contributions.sum()) == pytest.approx(float(mixed.score[0]), abs=1e-12)
        assert float(mixed.effective_weights.sum()) == pytest.approx(1.0)


def test_thresholds_that_cross_are_refused() -> None:
    """exit_below at or above enter_above would flutter."""
    with pytest.raises(ValueError, match="is not below enter_above"):
        Rule(exit_below=0.1, enter_above=0.1)


def test_a_weak_score_reduces_while_holding() -> None:
    """Graded weight: hold, reduced, sold."""
    rule = Rule(exit_below=-0.5, enter_above=0.0, reduce_below=-0.2, reduce_weight=0.4)
    invested = np.array([True, True, False])
    score = np.array([0.0, -0.3, -0.8])

    assert target_weight(invested, score, score, rule).tolist() == [1.0, 0.4, 0.0]


def test_missing_data_never_causes_a_reduction() -> None:
    """A weak score that better news from the silent voices could lift leaves the weight alone."""
    rule = Rule(exit_below=-0.5, enter_above=0.0, reduce_below=-0.2, reduce_weight=0.4)
    invested, score, doubted = np.array([True]), np.array([-0.3]), np.array([0.1])

    assert target_weight(invested, score, doubted, rule).tolist() == [1.0]


def test_a_reduction_that_could_never_act_is_refused() -> None:
    """reduce_below must lie above exit_below."""
    with pytest.raises(ValueError, match="never act"):
        Rule(exit_below=-0.2, enter_above=0.0, reduce_below=-0.3)
