"""Flip levels are true: just before them the verdict stands, just beyond them it does not."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from engine.clock import parse_as_of
from engine.decision import outlook
from engine.decision.decide import evaluate, evaluate_levels, latch, votes_of
from engine.decision.explain import flips_at
from engine.decision.outlook import firmness, stances
from engine.record.history import History
from engine.service.bind import load
from engine.service.wiring import Assessment, assess, world_of
from tests.reference import frozen_facts

CONFIG = Path(__file__).resolve().parents[3] / "config"
PRICES = ("bar", "corporate_action")
PRESETS = ("cautious", "balanced", "conviction")


@cache
def assessed(preset: str, as_of: str = "2025-08-22") -> Assessment:
    config = load(CONFIG, preset)
    history = History(frozen_facts())
    return assess(world_of(history, config, parse_as_of(as_of)), config, version="test")


def verdict_with(a: Assessment, strategy: str, level: str, value: float) -> str:
    """The last session's verdict by the deciding functions with one level replaced."""
    levels = tuple({k: v.copy() for k, v in lv.items()} for lv in a.evaluation.levels)
    index = [v.strategy.name for v in a.config.blend.voices].index(strategy)
    levels[index][level][-1] = value
    told = evaluate_levels(a.config.blend, levels, a.evaluation.bearing)
    return "HOLD" if told.invested[-1] else "SELL"


@pytest.mark.parametrize("preset", PRESETS)
def test_each_flip_level_flips_and_its_near_side_does_not(preset: str) -> None:
    """Verified by re-running the decision on either side of every level."""
    a = assessed(preset, "2025-04-08")  # a day on which the balance is already against
    found = [f for f in a.decision.flips if f.flips_at is not None]
    assert found or preset == "conviction"  # which no single input can turn on that day

    for flip in found:
        assert flip.current is not None
        assert flip.flips_at is not None
        step = 1e-6 * max(1.0, abs(flip.flips_at)) * np.sign(flip.flips_at - flip.current)
        beyond = verdict_with(a, flip.strategy, flip.input, flip.flips_at + step)
        before = verdict_with(a, flip.strategy, flip.input, flip.flips_at - step)

        assert before == a.decision.verdict, flip
        assert beyond != a.decision.verdict, flip


def test_what_only_scales_another_input_is_no_flip() -> None:
    """A calmer fall would read as "sell" in the evidence, on a day whose risk it would relieve."""
    a = assessed("balanced", "2025-04-16")
    told = {flip.input for flip in a.decision.flips}

    assert verdict_with(a, "trend", "volatility_pct", 20.0) == "SELL"  # so it did flip
    assert "volatility_pct" not in told
    assert "trend_gap_pct" in told


def test_inputs_that_cannot_flip_alone_really_cannot() -> None:
    """Where no level is named, the whole plausible range leaves the verdict."""
    a = assessed("conviction")
    for flip in a.decision.flips:
        if flip.flips_at is None:
            voice = next(v for v in a.config.blend.voices if v.strategy.name == flip.strategy)
            spec = voice.strategy.levels_spec[flip.input]
            for value in np.linspace(spec.low, spec.high, 23):
                assert verdict_with(a, flip.strategy, flip.input, float(value)) == "HOLD"


@pytest.mark.parametrize("preset", PRESETS)
def test_contributions_carry_evidence_and_sum_to_the_score(preset: str) -> None:
    """Every observed voice explains itself."""
    decision = assessed(preset).decision

    assert sum(c.contribution for c in decision.contributions) == pytest.approx(decision.score)
    assert all(c.evidence for c in decision.contributions)


def test_what_is_not_observed_widens_and_is_said() -> None:
    """Long after the last prices the score could be anything its silent voices might say."""
    stale = assessed("balanced", "2026-05-01").decision
    seen = assessed("balanced").decision

    assert stale.coverage < 1
    assert stale.silent_weight > seen.silent_weight
    assert stale.silent_weight == pytest.approx(1 - stale.coverage)
    assert stale.verdict == "HOLD"
    assert stale.risk is None
    assert {c.event for c in stale.chances} <= {"stands"}  # no fall is spoken of without prices


def test_a_morning_with_prices_alone_cannot_say_and_still_knows_the_risk() -> None:
    """One voice of six: grey, any score within what is silent, falls with their chances."""
    config = load(CONFIG, "balanced")
    facts = [f for f in frozen_facts() if f.kind in PRICES]
    world = world_of(History(facts), config, parse_as_of("2025-08-22"))
    d = assess(world, config, version="test").decision

    assert (d.known, d.verdict, d.target_weight) == (False, "HOLD", 1.0)
    assert d.coverage == pytest.approx(1.0 - d.silent_weight)
    assert d.silent_weight > 0.5
    assert d.risk is not None
    assert {c.event for c in d.chances} == {"fall"}  # of what cannot say nothing stands
    assert (d.firm_share, d.flips) == (None, ()) or all(f.flips_at is None for f in d.flips)


def test_the_other_horizons_of_the_forecast_are_told() -> None:
    """A week and a quarter beside the month, each wider than the one before."""
    risk = assessed("balanced").decision.risk
    assert risk is not None
    week, quarter = risk.spans
    assert (week.within_sessions, quarter.within_sessions) == (5, 63)
    widths = [s.high_pct - s.low_pct for s in (week, risk, quarter)]
    assert widths == sorted(widths)
    assert week.low_pct < 0 < week.high_pct


def test_every_chance_is_of_something_that_can_be_seen() -> None:
    """The stance a week on, and falls within a month, each beside its base rate."""
    told = assessed("balanced").decision.chances

    assert [(c.event, c.within_sessions) for c in told] == [("stands", 5), *[("fall", 21)] * 4]
    assert all(0 <= c.chance <= 1 and 0 <= c.base <= 1 and c.scored > 100 for c in told)
    falls = [c.chance for c in told if c.event == "fall"]
    assert falls == sorted(falls, reverse=True)


def test_firm_is_a_share_of_redrawn_presets_and_the_same_each_time() -> None:
    """500 presets, seeded."""
    a = assessed("balanced")
    share = a.decision.firm_share

    assert share is not None
    assert share * 500 == pytest.approx(round(share * 500))
    assert share == firmness(a.config.blend, a.features, a.evaluation, -1)


def test_firm_is_what_presets_decided_whole_would_say() -> None:
    """The definition: every redrawn preset through the whole rule, stance against stance."""
    a = assessed("conviction")
    blend, e = a.config.blend, a.evaluation
    params, weights = outlook._redraws(blend)
    stance = stances(e, blend.rule)[-1]
    for part in (slice(0, 3), slice(260, 263), slice(0, outlook.DRAWS, 50)):
        own = [{k: v if np.ndim(v) == 0 else v[part] for k, v in p.items()} for p in params]
        found = evaluate_levels(blend, e.levels, e.bearing, params=own, weights=weights[:, part])
        votes = votes_of(blend, e.levels, params=own, weights=weights[:, part])
        holding, reduced = latch(votes, blend.rule.min_sessions_between_changes)

        assert holding.tobytes() == found.holding.tobytes()
        assert reduced.tobytes() == found.reduced.tobytes()
    found = evaluate_levels(blend, e.levels, e.bearing, params=params, weights=weights)
    assert a.decision.firm_share == (stances(found, blend.rule)[:, -1] == stance).mean()


def test_each_bar_says_what_it_was_the_session_before() -> None:
    """The changes add up to the change of the score, so "what changed" can be answered."""
    a = assessed("balanced")
    d = a.decision
    before = a.decision_at(len(a.features.sessions_on) - 2)
    moves = [c.contribution - c.previous for c in d.contributions if c.previous is not None]

    assert [c.previous for c in d.contributions] == [c.contribution for c in before.contributions]
    assert d.previous_score is not None
    assert sum(moves) == pytest.approx(d.score - d.previous_score, abs=1e-12)


@pytest.mark.parametrize("day", range(24))
def test_flips_of_random_mornings_are_what_a_rerun_says(day: int) -> None:
    """Any day of the record, any preset: beyond each level the verdict turns, before it it stands.

    A third of the days get a headline that one source alone tells, up to a total loss.
    """
    rng = np.random.default_rng(day)
    a = assessed(PRESETS[day % 3], "2025-09-30")
    t = int(rng.integers(30, len(a.features.sessions_on)))
    values = {name: array[: t + 1].copy() for name, array in a.features.values.items()}
    if day % 3 == 0:
        values["policy_alone_pct"][t] = -float(rng.uniform(0, 30))
        values["policy_impulse_pct"][t] += values["policy_alone_pct"][t]
    short = replace(
        a.features,
        sessions_on=a.features.sessions_on[: t + 1],
        decide_at_us=a.features.decide_at_us[: t + 1],
        values=values,
    )
    found = evaluate(a.config.blend, short)
    verdict = bool(found.invested[-1])
    for flip in flips_at(a.config.blend, found, t):
        if flip.flips_at is None or flip.current is None:
            continue
        step = 1e-6 * max(1.0, abs(flip.flips_at)) * np.sign(flip.flips_at - flip.current)
        for nudge, turned in ((step, True), (-step, False)):
            levels = tuple({k: v.copy() for k, v in lv.items()} for lv in found.levels)
            index = [v.strategy.name for v in a.config.blend.voices].index(flip.strategy)
            levels[index][flip.input][-1] = flip.flips_at + nudge
            again = evaluate_levels(a.config.blend, levels, found.bearing)
            assert (bool(again.invested[-1]) != verdict) is turned, flip
