"""Chances, ranges and firmness of a decision against sums done by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from config.strategy import RiskWords, Rule
from engine.decision import outlook
from engine.decision.decide import Bearing, Evaluation
from engine.decision.evidence import Blend, Voice
from engine.decision.outlook import Outlook
from engine.decision.risk import Chance
from engine.values import Features
from strategies.base import Param
from strategies.baselines import BuyAndHold
from tests.engine.decision.test_known_risk import said, thirty

NAN = math.nan
RULE = Rule(exit_below=-0.2, enter_above=0.1, hold_weight=0.8, sell_chance=0.8)
QUANTILE = 0.841621234


def evaluation(score: list[float], **changes: Any) -> Evaluation:
    """Everything held in full at 0.8 of the holding, by a score with a standard error of 0.1."""
    told = np.array(score)
    rows = told.size
    yes, no = np.ones(rows, dtype=np.bool_), np.zeros(rows, dtype=np.bool_)
    bearing = Bearing(
        share=np.full(rows, 0.7), held=np.full(rows, 0.6), sells=no, floor_scale=np.ones(rows)
    )
    fields = {
        "levels": (), "scores": told[None], "doubts": told[None], "confirmed": told[None],
        "contributions": told[None], "score": told, "spread": np.full(rows, 0.1),
        "coverage": np.ones(rows), "silent": np.zeros(rows), "known": yes, "holding": yes,
        "reduced": no, "withheld": no, "invested": yes, "target_weight": np.full(rows, 0.8),
        "bearing": bearing, **changes,
    }  # fmt: skip
    return Evaluation(**fields)


def test_the_mean_so_far_is_of_what_was_known_by_then() -> None:
    """Zero before anything is; values of a window two rows later."""
    x = np.array([1.0, NAN, 3.0, 5.0])

    assert outlook._mean_so_far(x, 0) == pytest.approx([1.0, 1.0, 2.0, 3.0])
    assert outlook._mean_so_far(x, 2) == pytest.approx([0.0, 0.0, 1.0, 1.0])
    assert outlook._mean_so_far(np.array([NAN, 2.0]), 0) == pytest.approx([0.0, 2.0])


def test_a_stance_is_hold_at_the_full_share_reduce_below_and_sell_without() -> None:
    """The full share of the rule, not one."""
    told = evaluation(
        [0.0] * 4,
        target_weight=np.array([0.8, 0.79, 0.8, 0.0]),
        invested=np.array([True, True, False, False]),
    )

    assert outlook.stances(told, RULE).tolist() == [2.0, 1.0, 0.0, 0.0]
    assert [outlook.stance_of(told, RULE, t) for t in range(4)] == [
        "HOLD",
        "REDUCE",
        "SELL",
        "SELL",
    ]


@pytest.mark.parametrize(
    ("reduce_below", "holding", "reduced", "gap"),
    [
        (None, True, False, 0.05 + QUANTILE * 0.1 + 0.2),  # to where SELL is said
        (0.0, True, False, 0.05),  # to where less is kept
        (0.0, True, True, 0.05),  # the nearer of SELL (0.334) and the way back (0.1 - 0.05)
        (None, False, False, 0.05),  # the way back
    ],
)
def test_the_nearest_line_is_the_next_to_be_crossed(
    reduce_below: float | None, holding: bool, reduced: bool, gap: float
) -> None:
    told = evaluation([0.05], holding=np.array([holding]), reduced=np.array([reduced]))
    rule = RULE.model_copy(update={"reduce_below": reduce_below})

    assert outlook.nearest_line(rule, told) == pytest.approx([gap])


def test_from_a_reduced_share_sell_may_be_nearer_than_the_way_back() -> None:
    """-0.19 + 0.084 + 0.2 = 0.094 against 0.1 + 0.19."""
    told = evaluation([-0.19], reduced=np.array([True]))

    found = outlook.nearest_line(RULE, told)
    assert found == pytest.approx([0.01 + QUANTILE * 0.1])


def test_the_chance_to_stand_is_the_gap_over_how_far_scores_have_moved() -> None:
    """Moves of 0.3 and -0.4 over five sessions: root mean square sqrt(0.125)."""
    score = [0.0, 0.2, 0.1, 0.1, 0.1, 0.3, -0.2, 0.1]
    weight = np.array([0.8, 0.8, 0.5, 0.8, 0.8, 0.8, 0.5, 0.5])
    told = outlook._stands(RULE, evaluation(score, target_weight=weight))

    assert told.horizon == 5
    # the stance of row 5 is that of row 0, of row 6 not that of row 1, of row 7 that of row 2
    assert told.outcome == pytest.approx([1, 0, 1, *[NAN] * 5], nan_ok=True)
    assert np.isnan(told.model[:5]).all()
    normal, far = NormalDist().cdf, QUANTILE * 0.1 + 0.2
    assert told.model[5] == pytest.approx(normal((0.3 + far) / 0.3))
    assert told.model[6] == pytest.approx(normal((-0.2 + far) / math.sqrt(0.125)))
    assert told.model[7] == pytest.approx(normal((0.1 + far) / math.sqrt(0.25 / 3)))


def chance(horizon: int, value: float, model: float = 0.4, scored: float = 7) -> Chance:
    row = np.ones(1)
    return Chance(
        horizon=horizon, chance=value * row, base=0.2 * row, model=model * row, weight=0.6 * row,
        outcome=row, scored=scored * row,
    )  # fmt: skip


def an_outlook(**changes: Any) -> Outlook:
    fields = {
        "stands": chance(5, 1.2), "falls": {5.0: chance(21, 0.3), 10.0: chance(21, -0.1)},
        "said": said(), "others": (), "before": 0, "worth": np.zeros(4),
        "score_mean": np.zeros(4), **changes,
    }  # fmt: skip
    return Outlook(**fields)


def test_the_chances_name_their_event_and_lie_between_nothing_and_certain() -> None:
    stands, five, ten = outlook.chances_at(an_outlook(), 0)

    assert (stands.event, stands.within_sessions, stands.chance) == ("stands", 5, 1.0)
    assert (five.event, five.within_sessions, five.fall_pct) == ("fall", 21, 5.0)
    assert (five.chance, five.base, five.weight, five.scored) == (0.3, 0.2, 0.6, 7)
    assert (stands.fall_pct, ten.fall_pct, ten.chance) == (None, 10.0, 0.0)


@pytest.mark.parametrize("lacks", [{"value": NAN}, {"value": 0.3, "model": NAN}])
def test_no_chance_is_told_without_a_model(lacks: dict[str, float]) -> None:
    """A base rate alone says nothing of today."""
    told = an_outlook(falls={5.0: chance(21, **lacks)})

    assert [c.event for c in outlook.chances_at(told, 0)] == ["stands"]


DAYS = tuple(date(2025, 1, day) for day in (6, 7, 8, 9))
FEATURES = Features(
    sessions_on=DAYS,
    decide_at_us=np.arange(4, dtype=np.int64),
    values={"nvda_close_usd": np.array([1.0, 2.0, 3.0, 4.0])},
)
WORDS = RiskWords(bear_fall_pct=20, with_chance_pct=15, within_sessions=5, tax_rate_pct=30)


def blend(**changes: Any) -> Blend:
    voice = Voice(strategy=BuyAndHold(), weight=1.0, params={})
    return Blend(**{"voices": (voice,), "rule": RULE, "risk": WORDS, **changes})


def pct(log_return: float) -> float:
    return 100 * math.expm1(log_return)


def test_the_risk_of_a_row_by_hand() -> None:
    """Of eleven: -0.9 (2.5), -0.3 (2.5), -0.2 (0.5), 0.15 (2.5), 0.2 (0.5), 0.6 (2.5).

    5 % and 95 % lie at the ends; the middle of the gains is 0.2, of the losses -0.3.
    """
    other = said(horizon=5, tail_end=np.repeat([-2.0, -1.0, 0.5, 1.0], 10))
    found = outlook.risk_at(
        blend(), FEATURES, evaluation([0.0] * 4), an_outlook(others=(other,)), 3
    )

    assert found is not None
    assert found.within_sessions == 2
    assert found.volatility_pct == pytest.approx(100 * 0.2 * math.sqrt(126))
    assert (found.low_pct, found.high_pct) == pytest.approx((pct(-0.9), pct(0.6)))
    assert (found.up_pct, found.down_pct) == pytest.approx((pct(0.2), pct(-0.3)))
    assert found.shortfall_pct == pytest.approx(pct(-0.9))
    assert (found.last_close_usd, found.sells) == (4.0, False)
    assert (found.bear_fall_pct, found.with_chance_pct, found.bear_within_sessions) == (20, 15, 5)
    assert (found.allowed_share, found.held_share, found.tax_rate_pct) == (0.7, 0.6, 30)
    (span,) = found.spans
    assert span.within_sessions == 5
    assert (span.low_pct, span.high_pct) == pytest.approx((pct(-2 * 1.5 * 0.2), pct(0.3)))


def test_the_range_of_a_row_is_of_its_twentieths() -> None:
    """Of thirty from -0.20 to 0.09: one and a half below, one and a half above.

    Nine are gains, of which the fifth is 0.05; twenty are losses, of which the tenth is -0.11.
    """
    found = outlook.risk_at(
        blend(), FEATURES, evaluation([0.0] * 4), an_outlook(said=thirty(), others=(thirty(),)), 0
    )

    assert found is not None
    assert (found.low_pct, found.high_pct) == pytest.approx((pct(-0.19), pct(0.08)))
    assert found.shortfall_pct == pytest.approx((pct(-0.20) + pct(-0.19) / 2) / 1.5)
    assert (found.up_pct, found.down_pct) == pytest.approx((pct(0.05), pct(-0.11)))
    (span,) = found.spans
    assert (span.low_pct, span.high_pct) == pytest.approx((pct(-0.19), pct(0.08)))


def test_the_middle_of_gains_and_of_losses_is_by_their_own_weights() -> None:
    """Seven windows of half a weight, 0.8 four times and -0.2 three; Student -0.9, -0.3, 0.15, 0.6.

    Of losses worth 6.5 the half is reached at -0.3, of gains worth 7 at 0.6.
    """
    rows = {
        "end": np.array([4.0, 4, 4, 4, -1, -1, -1, NAN, NAN]), "sigma": np.full(9, 0.2),
        "scale": np.full(9, 1.5), "low": np.full(9, NAN),
    }  # fmt: skip
    told = evaluation([0.0] * 9)
    features = replace(FEATURES, values={})
    found = outlook.risk_at(blend(), features, told, an_outlook(said=said(**rows)), 8)

    assert found is not None
    assert (found.up_pct, found.down_pct) == pytest.approx((pct(0.6), pct(-0.3)))


def test_the_rows_of_the_forecast_begin_with_the_warm_up() -> None:
    """Row 1 of the record is row 3 of the forecast where two sessions stand before it."""
    found = outlook.risk_at(blend(), FEATURES, evaluation([0.0] * 4), an_outlook(before=2), 1)

    assert found is not None
    assert found.low_pct == pytest.approx(pct(-0.9))
    assert found.last_close_usd == 2.0


@pytest.mark.parametrize("values", [{}, {"nvda_close_usd": np.full(4, NAN)}])
def test_a_close_that_is_not_known_is_not_told(values: dict[str, Any]) -> None:
    features = replace(FEATURES, values=values)
    found = outlook.risk_at(blend(), features, evaluation([0.0] * 4), an_outlook(), 3)

    assert found is not None
    assert (found.last_close_usd, found.allowed_share) == (None, 0.7)


def test_without_prices_there_is_no_risk_and_without_words_no_share() -> None:
    unknown = an_outlook(said=said(sigma=np.full(4, NAN)))
    told = evaluation([0.0] * 4)
    assert outlook.risk_at(blend(), FEATURES, told, unknown, 3) is None

    wordless = outlook.risk_at(blend(risk=None), FEATURES, told, an_outlook(), 3)
    assert wordless is not None
    assert (wordless.allowed_share, wordless.held_share, wordless.bear_fall_pct) == (None,) * 3
    nowhere = replace(told.bearing, share=np.full(4, NAN))
    shareless = outlook.risk_at(blend(), FEATURES, replace(told, bearing=nowhere), an_outlook(), 3)
    assert shareless is not None
    assert (shareless.allowed_share, shareless.bear_fall_pct) == (None, 20)


def test_a_quantile_is_where_the_weight_is_reached() -> None:
    """Weights 1, 2, 1 on 0.1, -0.2, 0.3: up to a half it is -0.2, at three quarters 0.1."""
    values, weights = np.array([0.1, -0.2, 0.3]), np.array([1.0, 2.0, 1.0])

    found = [outlook._quantile_pct(values, weights, c) for c in (0.0, 0.25, 0.5, 0.75, 0.8, 1.0)]
    expected = [pct(x) for x in (-0.2, -0.2, -0.2, 0.1, 0.3, 0.3)]
    assert found == pytest.approx(expected)
    assert outlook._quantile_pct(values[:0], weights[:0], 0.5) == 0.0


class Sized(BuyAndHold):
    """A made-up voice with one effect size, and one parameter that is none."""

    name = "sized"
    params = {  # noqa: RUF012
        "effect_pct": Param(
            default=1.0, low=0.0, high=1.2, unit="%", source="made up", effect=True
        ),
        "window": Param(default=20.0, low=1.0, high=90.0, unit="sessions", source="made up"),
    }


def test_presets_are_redrawn_by_up_to_a_third_within_their_bounds() -> None:
    """500 draws; effect sizes and weights move, other parameters stay; weights sum to one."""
    voices = tuple(
        Voice(strategy=kind(), weight=weight, params=params)
        for kind, weight, params in (
            (Sized, 3.0, {"effect_pct": 1.0, "window": 20.0}),
            (BuyAndHold, 1.0, {}),
        )
    )
    params, weights = outlook._redraws(blend(voices=voices))
    drawn = np.asarray(params[0]["effect_pct"])

    assert drawn.shape == (500, 1)
    assert 0.6667 <= drawn.min() < 0.69
    assert drawn.max() == 1.2  # the bound, below a third more
    assert 0.1 < (drawn == 1.2).mean() < 0.3  # an even draw lies beyond it in a fifth
    assert params[0]["window"] == 20.0
    assert weights.shape == (2, 500, 1)
    assert weights.sum(axis=0) == pytest.approx(np.ones((500, 1)))
    odds = weights[0] / weights[1]  # 3 to 1, times a factor between a half and two
    assert 1.5 <= odds.min() < 1.75
    assert 5.4 < odds.max() <= 6.0


def test_presets_are_redrawn_the_same_each_time() -> None:
    """Fifty at a turn: first the effect sizes of each voice, then a factor of each weight."""
    voices = (
        Voice(strategy=Sized(), weight=3.0, params={"effect_pct": 0.9, "window": 20.0}),
        Voice(strategy=BuyAndHold(), weight=1.0, params={}),
    )
    params, weights = outlook._redraws(blend(voices=voices))
    rng = np.random.default_rng(20250930)
    for turn in range(10):
        part = slice(50 * turn, 50 * turn + 50)
        sizes = 0.9 * rng.uniform(2 / 3, 4 / 3, (50, 1))
        own = rng.uniform(2 / 3, 4 / 3, (2, 50, 1)) * np.array([0.75, 0.25])[:, None, None]
        assert np.asarray(params[0]["effect_pct"])[part] == pytest.approx(np.minimum(sizes, 1.2))
        assert weights[:, part] == pytest.approx(own / own.sum(axis=0))


def test_the_worth_of_the_score_is_of_what_came_against_its_own_mean() -> None:
    """A made-up truth: the final level is a tenth of the score above its mean, after two sessions.

    149 windows are over by row 147, of which 0.1 is found where nothing disturbs it.
    """
    rng = np.random.default_rng(5)
    score = rng.normal(size=160)
    came = 0.1 * score
    came[-2:] = NAN
    told = said(
        end=came, low=came, sigma=np.ones(160), unit=np.ones(160), scale=np.ones(160),
        slopes=np.zeros((160, 5)), unsaid=np.zeros(160, dtype=np.bool_),
    )  # fmt: skip

    found = outlook._worth(score, told, 0)
    assert not found[:147].any()
    assert found[147:] == pytest.approx([0.1] * 13, abs=0.02)
    assert outlook._worth(score[10:], told, 10)[137:] == pytest.approx(
        [0.0] * 10 + [0.1] * 3, abs=0.02
    )
