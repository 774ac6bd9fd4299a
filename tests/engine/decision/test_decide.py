"""The verdict: readable, causal, moved by evidence and risk, never by what is missing alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.strategy import RiskWords, Rule
from engine.decision.decide import (
    Bearing,
    Votes,
    band_of,
    bearing_from,
    evaluate_levels,
    judge,
    latch,
    target_weight,
    vote,
    weighed,
)
from engine.decision.evidence import Blend, Voice, mix, spread
from engine.values import BoolArray, FloatArray
from strategies.base import levels_of

RULE = Rule(exit_below=-0.2, enter_above=-0.05, min_sessions_between_changes=3)
GRADED = RULE.model_copy(update={"reduce_below": -0.1, "extreme_below": -0.9})
SCORES = st.lists(st.one_of(st.floats(-1, 1), st.just(float("nan"))), min_size=1, max_size=60)
VOICES = st.lists(st.one_of(st.floats(-1, 1), st.just(float("nan"))), min_size=2, max_size=6)


def votes_of(score: FloatArray, rule: Rule) -> Votes:
    """Votes of one voice that is sure of itself."""
    scores = np.asarray(score, dtype=float)[None]
    mixed = mix(scores, np.ones((1,) * scores.ndim))
    none = np.zeros(mixed.score.shape)
    return vote(rule, np.ones((1,) * scores.ndim), scores, scores, mixed, none)


def slow_latch(score: list[float], rule: Rule) -> list[tuple[bool, bool]]:
    """The definition, one session at a time."""
    holding, reduced, last_change, out = True, False, None, []
    for t, s in enumerate(score):
        rested = last_change is None or t - last_change > rule.min_sessions_between_changes
        buys = s > rule.enter_above
        wants = s < rule.exit_below if holding else buys
        if rested and wants:
            holding, last_change = not holding, t
        weak = rule.reduce_below is not None and s < rule.reduce_below
        weak = weak or (rule.extreme_below is not None and s <= rule.extreme_below)
        reduced = holding and (weak or (reduced and not buys))
        out.append((holding, reduced))
    return out


@given(SCORES)
def test_the_latch_equals_its_definition(score: list[float]) -> None:
    """Arrays and the plain loop give the same states."""
    for rule in (RULE, GRADED):
        holding, reduced = latch(votes_of(np.array(score), rule), 3)
        assert list(zip(holding.tolist(), reduced.tolist(), strict=True)) == slow_latch(score, rule)


@given(SCORES)
def test_the_latch_is_causal(score: list[float]) -> None:
    """States up to t do not depend on later scores."""
    cut = max(1, len(score) // 2)
    whole = latch(votes_of(np.array(score), GRADED), 3)
    part = latch(votes_of(np.array(score[:cut]), GRADED), 3)

    assert all(w[:cut].tolist() == p.tolist() for w, p in zip(whole, part, strict=True))


def test_one_latch_serves_many_parameter_sets() -> None:
    """Shape (P, T) gives each row what it would get alone."""
    scores = np.random.default_rng(1).uniform(-1, 1, (5, 200))
    together = latch(votes_of(scores, GRADED), 3)

    for row in range(5):
        alone = latch(votes_of(scores[row], GRADED), 3)
        assert all(a.tolist() == t[row].tolist() for a, t in zip(alone, together, strict=True))


def test_unknown_scores_change_nothing() -> None:
    """A session without any observation keeps the word of the day before."""
    score = np.array([0.1, -0.9, np.nan, np.nan, np.nan, np.nan, 0.5])

    assert latch(votes_of(score, RULE), 3)[0].tolist() == [True, *[False] * 5, True]


def decided(values: list[float], rule: Rule, doubt: float = 0.2) -> tuple[BoolArray, float]:
    scores = np.array(values)[:, None]
    weights = np.full((len(values), 1), 1.0 / len(values))
    doubts = np.full(scores.shape, doubt)
    mixed = mix(scores, weights)
    told = vote(rule, weights, scores, scores, mixed, spread(scores, doubts, weights))
    return told.sells, float(mixed.score[0])


@given(VOICES, st.integers(0, 5))
def test_a_voice_that_falls_silent_neither_sells_nor_speaks_for_holding(
    values: list[float], which: int
) -> None:
    """Silencing a voice that argued for holding may uncover a SELL of the others, by their sum
    alone; silencing one that argued for selling never sells.
    """
    place = which % len(values)
    if not values[place] < 0:
        return
    before, _ = decided(values, RULE)
    silenced = [*values[:place], float("nan"), *values[place + 1 :]]
    after, _ = decided(silenced, RULE)

    assert before[0] or not after[0]


def test_missing_evidence_widens_and_asks_for_more() -> None:
    """The same sum sells while all is seen, and not while half could say anything."""
    rule = RULE.model_copy(update={"sell_chance": 0.7})
    nan = float("nan")

    assert decided([-0.25, -0.25, -0.25, -0.25], rule, 0.1)[0].tolist() == [True]
    assert decided([-0.5, -0.5, nan, nan], rule, 0.1)[0].tolist() == [False]
    assert decided([-1.0, -1.0, nan, nan], rule, 0.1)[0].tolist() == [True]


def test_with_too_little_seen_the_evidence_cannot_say() -> None:
    """Below the share that must be observed nobody votes, either way."""
    rule = GRADED.model_copy(update={"observe_at_least": 0.6})
    scores = np.array([[-1.0, -1.0], [np.nan, -1.0]])
    weights = np.array([[0.5], [0.5]])
    mixed = mix(scores, weights)
    told = vote(rule, weights, scores, scores, mixed, np.zeros(2))

    assert told.known.tolist() == [False, True]
    assert told.sells.tolist() == told.weak.tolist() == [False, True]


def test_one_voice_at_its_extreme_caps_the_share_even_when_the_others_balance_it() -> None:
    """It reduces; it does not sell."""
    scores, weights = np.array([[-0.95], [1.0], [1.0]]), np.full((3, 1), 1 / 3)
    mixed = mix(scores, weights)
    told = vote(GRADED, weights, scores, scores, mixed, np.zeros(1))

    assert mixed.score[0] > GRADED.enter_above
    assert told.weak.tolist() == [True]
    assert told.sells.tolist() == [False]


@given(st.lists(st.one_of(st.floats(-1, 1), st.just(float("nan"))), min_size=1, max_size=6))
def test_contributions_sum_to_the_score(values: list[float]) -> None:
    """Exactly, over whatever was observed; what was seen and what was silent make one."""
    scores = np.array(values)[:, None]
    weights = np.linspace(1, 2, len(values))[:, None]
    mixed = mix(scores, weights / weights.sum())

    assert float((mixed.coverage + mixed.silent)[0]) == pytest.approx(1.0)
    if np.isnan(values).all():
        assert np.isnan(mixed.score[0])
    else:
        assert float(np.sum(mixed.contributions)) == pytest.approx(float(mixed.score[0]), abs=1e-12)


def test_a_silent_voice_is_as_wide_as_it_can_be() -> None:
    """Uniform on [-1, 1]: a third of the squared weight."""
    scores, weights = np.array([[0.5], [np.nan]]), np.array([[0.6], [0.4]])
    error = spread(scores, np.array([[0.2], [9.0]]), weights)

    assert error[0] == pytest.approx(np.sqrt(0.12**2 + 0.16 / 3))


def test_good_news_offsets_at_its_smaller_weight() -> None:
    """Half of a gain, all of a loss, nothing of the unknown."""
    rule = RULE.model_copy(update={"good_counts": 0.5})
    told = weighed(np.array([0.8, -0.8, np.nan]), rule)

    assert told[:2].tolist() == [0.4, -0.8]
    assert np.isnan(told[2])


def bearing(held: list[float], sells: list[bool], scale: float = 1.0) -> Bearing:
    share = np.array(held)
    return Bearing(
        share=share,
        held=share,
        sells=np.array(sells),
        floor_scale=np.full(share.shape, scale),
        said=object(),  # type: ignore[arg-type]
    )


def test_the_share_is_the_smaller_of_what_risk_and_evidence_allow() -> None:
    """Hold, reduced, sold, sold by risk, and a floor that valuation has taken away."""
    rule = RULE.model_copy(update={"sell_weight": 0.25, "reduce_weight": 0.5})
    holding, reduced = np.array([True, True, False, True]), np.array([False, True, False, False])
    allowed = bearing([0.8, 0.8, 0.8, 0.3], [False, False, False, True])

    assert target_weight(rule, holding, reduced, allowed).tolist() == [0.8, 0.5, 0.25, 0.25]
    stretched = replace(allowed, floor_scale=np.zeros(4))
    assert target_weight(rule, holding, reduced, stretched).tolist() == [0.8, 0.5, 0.0, 0.0]


def test_risk_sells_whatever_the_evidence_says() -> None:
    """The verdict is SELL while risk says so, and HOLD again without a change of the evidence."""
    scores = np.full((1, 3), 0.5)
    allowed = bearing([1.0, 0.2, 1.0], [False, True, False])
    told = judge(RULE, np.ones((1, 1)), (), scores, np.zeros((1, 3)), allowed)

    assert told.invested.tolist() == [True, False, True]
    assert told.holding.all()


def test_thresholds_that_cross_are_refused() -> None:
    """exit_below at or above enter_above would flutter."""
    with pytest.raises(ValidationError, match="is not below enter_above"):
        Rule(exit_below=0.1, enter_above=0.1)


def test_a_reduction_that_could_never_act_is_refused() -> None:
    """reduce_below must lie above exit_below."""
    with pytest.raises(ValidationError, match="never act"):
        Rule(exit_below=-0.2, enter_above=0.0, reduce_below=-0.3)


def test_no_sell_begins_on_news_that_rests_on_one_source() -> None:
    """The same scores sell when others confirm them, and hold while one owner alone tells them."""
    scores, doubts, weights = np.array([[-0.9]]), np.zeros((1, 1)), np.ones((1, 1))
    rows = np.ones(1)
    bearing = Bearing(share=rows, held=rows, sells=np.zeros(1, dtype=np.bool_), floor_scale=rows)
    rule = Rule(exit_below=-0.2, enter_above=0.0)

    told = judge(rule, weights, (), scores, doubts, bearing, confirmed=scores)
    alone = judge(rule, weights, (), scores, doubts, bearing, confirmed=np.array([[-0.1]]))
    assert (bool(told.invested[0]), bool(alone.invested[0])) == (False, True)
    assert alone.score[0] == told.score[0]


NEWS_VOICES = (
    ("strategies.export_policy:ExportPolicy", "policy_impulse_pct", "policy_alone_pct"),
    ("strategies.demand:Demand", "demand_impulse_pct", "demand_alone_pct"),
    ("strategies.fp8_threat:Fp8Threat", "domestic_impulse_pct", "domestic_alone_pct"),
)


@pytest.mark.parametrize(("use", "told", "alone"), NEWS_VOICES)
def test_every_voice_of_the_news_is_held_to_the_one_rule(use: str, told: str, alone: str) -> None:
    """A bad day that sells when others confirm it holds while one source alone tells it."""
    from importlib import import_module

    module, _, kind = use.partition(":")
    strategy = getattr(import_module(module), kind)()
    params = {name: spec.default for name, spec in strategy.params.items()}
    voice = Voice(strategy=strategy, weight=1.0, params=params)
    rule = Rule(exit_below=-0.5, enter_above=0.0)
    values = {name: np.zeros(2) for name in strategy.needs}
    values |= {"us_gate": np.ones(2), "china_gate": np.ones(2)}
    values[told] = np.array([0.0, -60.0])

    def withheld(lone: float) -> tuple[bool, bool]:
        features = {**values, alone: np.array([0.0, lone])}
        levels = (levels_of(strategy, features, params),)
        rows = np.ones(2)
        free = Bearing(share=rows, held=rows, sells=np.zeros(2, dtype=np.bool_), floor_scale=rows)
        found = evaluate_levels(Blend(voices=(voice,), rule=rule), levels, free)
        return bool(found.invested[1]), bool(found.withheld[1])

    assert withheld(0.0) == (False, False)
    assert withheld(-60.0) == (True, True)
    assert withheld(-3.0) == (False, False)
    assert withheld(float("nan")) == (False, False)


def test_tax_widens_the_band_and_moves_neither_the_words_nor_the_sell() -> None:
    """By the cube root of what a sale costs: 31.4 % on a half of gain, 315 times a fill, 68 points,
    of which 50 are the most; a tenth of that tax 3.2 times ten points."""
    plain = RiskWords(bear_fall_pct=20, sell_share_below_pct=40)
    taxed = plain.model_copy(update={"tax_rate_pct": 31.4})
    little = plain.model_copy(update={"tax_rate_pct": 3.14})

    assert band_of(plain) == pytest.approx(0.10)
    assert band_of(taxed) == 0.5
    assert band_of(little) == pytest.approx(0.10 * (1 + 0.0157 / 0.0005) ** (1 / 3))
    share, scale = np.array([0.95, 0.8, 0.35, 0.35, 0.6]), np.ones(5)
    quiet = bearing_from(taxed, share, scale, None, None)
    lively = bearing_from(plain, share, scale, None, None)
    assert lively.held.tolist() == [1.0, 0.8, 0.35, 0.35, 0.6]
    assert quiet.held.tolist() == [1.0, 1.0, 0.35, 0.35, 0.35]
    assert quiet.sells.tolist() == lively.sells.tolist() == [False, False, False, True, False]
