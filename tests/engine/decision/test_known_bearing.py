"""What risk allows, and what is said of the weeks ahead, by hand: from parts to the decision."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from config.strategy import RiskWords, Rule
from engine.decision import outlook, risk
from engine.decision.decide import (
    Bearing,
    bearing_from,
    bearing_of,
    chance_beyond,
    evaluate,
    judge,
    margin,
    since_row,
)
from engine.decision.evidence import Voice, mix, spread
from engine.decision.explain import decision_at
from engine.decision.outlook import Outlook
from engine.decision.risk import Chance
from engine.values import Features
from tests.engine.decision.small_worlds import weekdays
from tests.engine.decision.test_known_outlook import blend as any_blend
from tests.engine.decision.test_known_outlook import evaluation
from tests.engine.decision.test_known_risk import said
from tests.engine.decision.test_known_sell_day import BLEND, ORIGIN, RULE, Said, made
from tests.engine.decision.test_risk import HOLE, cut, synthetic, with_wrong_close

NAN = math.nan

# --- what the words allow ------------------------------------------------------------------------


def days(n: int, warm: int = 0, **values: list[float]) -> Features:
    """``n`` sessions with ``warm`` before them."""
    return Features(
        sessions_on=tuple(weekdays(date(2025, 1, 6), n)),
        decide_at_us=np.arange(n, dtype=np.int64),
        values={name: np.array(array) for name, array in values.items()},
        warm={"nvda_return": np.zeros(warm)} if warm else {},
    )


WORDS = RiskWords(bear_fall_pct=10, with_chance_pct=49, band_pct=10, sell_share_below_pct=60)


def test_what_the_words_allow_by_hand() -> None:
    """A chance of 49 % lies at -2.2, -2.2, -2.0 and -3.0 deviations of 10, 10, 10 and 20 %.

    Row 0 is warm-up. A fall of 1 - exp(-0.22) = 19.75 % costs 10 % of the holding where
    0.1 / 0.1975 = 0.5064 is kept; exp(-0.2): 0.5517; exp(-0.6): 0.2216. Steps longer than 0.1 only;
    below 0.6 twice running sells.
    """
    blend = any_blend(risk=WORDS)
    found = bearing_of(blend, days(3, warm=1), said())

    assert found.worst == pytest.approx([-2.2, -2.0, -3.0])
    one, two, three = (0.1 / (1 - math.exp(-fall)) for fall in (0.22, 0.2, 0.6))
    assert found.share == pytest.approx([one, two, three])
    assert found.held == pytest.approx([one, one, three])
    assert found.sells.tolist() == [False, True, True]
    assert found.floor_scale.tolist() == [1.0, 1.0, 1.0]
    assert found.said is not None


@pytest.mark.parametrize("within", [5, 63])
def test_the_words_ask_the_forecast_of_their_own_horizon(within: int) -> None:
    """What they name, not the month of the chances; and the tenth that they leave unnamed."""
    features = of_prices(synthetic(80))
    words = RiskWords.model_validate({"bear_fall_pct": 20, "within_sessions": within})
    found = bearing_of(any_blend(risk=words), features)

    forecast = risk.forecast(risk.history_from(features), within)
    assert found.said is not None
    assert found.said.horizon == within
    expected = risk.bearable_share(forecast, 0.2, 0.1)
    assert found.share == pytest.approx(expected, nan_ok=True)
    assert np.isfinite(found.share[-1])


def test_after_a_sell_of_risk_the_share_must_come_back_by_a_whole_band() -> None:
    """Sold below 0.4; 0.45 and 0.5 are not above 0.4 + 0.1."""
    words = RiskWords(bear_fall_pct=20, sell_share_below_pct=40, band_pct=10)
    share = np.array([0.4, 0.39, 0.39, 0.45, 0.5, 0.51])
    found = bearing_from(words, share, np.full(6, 0.75), None, np.arange(6.0))

    assert found.sells.tolist() == [False, False, True, True, True, False]
    assert found.share is share
    assert found.floor_scale.tolist() == [0.75] * 6
    assert found.worst is not None
    assert found.worst.tolist() == [0, 1, 2, 3, 4, 5]


def test_the_bearing_of_one_row_is_that_rows() -> None:
    whole = Bearing(
        share=np.array([0.1, 0.2]), held=np.array([0.3, 0.4]), sells=np.array([True, False]),
        floor_scale=np.array([0.5, 0.75]),
    )  # fmt: skip
    one = whole.at(1)

    told = (float(one.share), float(one.held), bool(one.sells), float(one.floor_scale))
    assert told == (0.2, 0.4, False, 0.75)


# --- the verdict ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "error", "chance"),
    [
        (-0.2, 0.1, 0.5),  # on the line
        (-0.3, 0.1, 0.841345),  # one standard error below it
        (-0.1, 0.1, 0.158655),
        (-0.21, 0.0, 1.0),  # without an error it lies below or it does not
        (-0.2, 0.0, 0.0),
        (NAN, 0.1, 0.0),
    ],
)
def test_the_chance_beyond_the_line_at_its_edges(score: float, error: float, chance: float) -> None:
    told = evaluation([score], spread=np.array([error]))
    assert chance_beyond(told, RULE, 0) == pytest.approx(chance, abs=1e-6)


def test_an_unknown_score_has_no_margin() -> None:
    for holding in (True, False):
        assert math.isnan(margin(evaluation([NAN], holding=np.array([holding])), RULE, 0))


def test_one_source_withholds_a_sell_only_while_the_evidence_holds() -> None:
    """Row 0 sells, confirmed; what row 1 withholds is no SELL that could have been said again."""
    scores, doubts, weights = np.array([[-0.9, -0.9]]), np.zeros((1, 2)), np.ones((1, 1))
    rows = np.ones(2)
    free = Bearing(share=rows, held=rows, sells=np.zeros(2, dtype=np.bool_), floor_scale=rows)
    rule = RULE.model_copy(update={"sell_chance": 0.5})
    apart = np.array([[-0.9, 0.0]])

    told = judge(rule, weights, (), scores, doubts, free, confirmed=apart)
    assert (told.holding.tolist(), told.withheld.tolist()) == ([False, False], [False, False])
    first = judge(rule, weights, (), scores, doubts, free, confirmed=apart[:, ::-1])
    assert (first.holding.tolist(), first.withheld.tolist()) == ([True, False], [True, False])


def test_the_parts_of_a_mix_by_hand() -> None:
    """Weights 0.5, 0.3, 0.2; the second voice is silent in row 1, everybody in row 2."""
    scores = np.array([[0.4, 0.4, NAN], [-1.0, NAN, NAN], [0.5, 0.5, NAN]])
    weights = np.array([[0.5], [0.3], [0.2]])
    mixed = mix(scores, weights)

    assert np.stack(mixed.contributions) == pytest.approx(
        np.array([[0.2, 0.2, 0], [-0.3, 0, 0], [0.1, 0.1, 0]])
    )
    assert mixed.score == pytest.approx([0.0, 0.3, NAN], nan_ok=True)
    assert mixed.coverage == pytest.approx([1.0, 0.7, 0.0])
    assert mixed.silent == pytest.approx([0.0, 0.3, 1.0])
    # 0.25 * 0.04 + 0.09 * 0.01 + 0.04 * 0.09; then 0.03 of the silent third in its place; all
    doubts = np.array([[0.2] * 3, [0.1] * 3, [0.3] * 3])
    expected = [0.0145**0.5, (0.0136 + 0.03) ** 0.5, (0.38 / 3) ** 0.5]
    assert spread(scores, doubts, weights) == pytest.approx(expected)


# --- the weeks ahead -----------------------------------------------------------------------------


def of_prices(told: risk.PriceHistory, warm: int = 0) -> Features:
    """The features that such prices give, ``warm`` rows of them before the record."""
    rows = told.log_return.size
    arrays = {
        "nvda_return": told.log_return, "nvda_range": told.log_range, "nvda_gap": told.log_gap,
        "vix": told.vix, "nvda_close_usd": np.arange(float(rows)),
        "first": np.sin(np.arange(rows) / 9.0) / 2, "second": np.zeros(rows),
    }  # fmt: skip
    for what, due in (("results", told.results_due), ("fomc", told.fomc_due)):
        arrays |= {f"{what}_within_{h}": due[h] for h in risk.HORIZONS}
    names = {"log_return": "return_before", "log_range": "range_before", "log_gap": "gap_before"}
    for name, array in told.later.items():
        arrays[f"nvda_{names.get(name, 'return_two')}"] = array
    return Features(
        sessions_on=tuple(weekdays(date(2020, 1, 6), rows - warm)),
        decide_at_us=np.arange(rows - warm, dtype=np.int64),
        values={name: array[warm:] for name, array in arrays.items()},
        warm={name: array[:warm] for name, array in arrays.items()} if warm else {},
    )


def same_chance(one: Chance, other: Chance) -> bool:
    pairs = ((getattr(one, f.name), getattr(other, f.name)) for f in fields(Chance))
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


@pytest.mark.parametrize("within", [None, 5, 21])
def test_the_weeks_ahead_are_asked_of_a_month_whatever_the_words_ask(within: int | None) -> None:
    """Falls of 5 to 20 % within 21 sessions, a week and a quarter beside; the warm-up taken off."""
    features = of_prices(synthetic(200), warm=20)
    words = within and RiskWords.model_validate({"bear_fall_pct": 20, "within_sessions": within})
    blend = replace(BLEND, risk=words or None)
    told = evaluate(blend, features)
    found = outlook.outlook_of(blend, features, told)

    month = risk.forecast(synthetic(200), 21)
    assert (found.said.horizon, found.before) == (21, 20)
    assert found.said.sigma.tobytes() == month.sigma.tobytes()
    assert [other.horizon for other in found.others] == [5, 63]
    assert sorted(found.falls) == [5.0, 10.0, 15.0, 20.0]
    for fall, chance in found.falls.items():
        assert same_chance(chance, risk.chance_of_fall(month, fall / 100).after(20)), fall
    means = np.cumsum(told.score) / np.arange(1, 181)
    assert found.score_mean == pytest.approx(means)
    assert found.worth.shape == (180,)
    assert found.stands.horizon == 5
    assert found.stands.outcome.size == 180


def test_a_row_whose_close_was_wrong_says_of_the_weeks_ahead_what_it_said_then() -> None:
    """Corrected a row later: its worth and its chances are those of the record that ends there.

    Row 399 of the record, a refit, after a warm-up of 21.
    """

    def asked(prices: risk.PriceHistory, rows: int) -> Outlook:
        features = of_prices(cut(prices, rows), warm=21)
        return outlook.outlook_of(BLEND, features, evaluate(BLEND, features))

    wrong = with_wrong_close(HOLE, corrected=True)
    later, then, true = (
        asked(wrong, HOLE + 30),
        asked(wrong, HOLE + 1),
        asked(synthetic(), HOLE + 1),
    )
    row = HOLE - 21
    assert list(later.said.own) == [HOLE]
    for one in (row - 1, row):
        assert later.worth[one] == then.worth[one]
        for fall, chance in then.falls.items():
            assert later.falls[fall].chance[one] == chance.chance[one], fall
    assert later.worth[row] != true.worth[row]
    assert later.worth[row - 1] == true.worth[row - 1]


def constant(horizon: int, chance: float, rows: int = 6) -> Chance:
    row = np.ones(rows)
    return Chance(
        horizon=horizon, chance=chance * row, base=0.2 * row, model=0.4 * row, weight=0.6 * row,
        outcome=row, scored=7 * row,
    )  # fmt: skip


def weeks_ahead(**changes: Any) -> Outlook:
    rows = np.full(6, NAN)
    month = said(
        sigma=np.full(6, 0.1), unit=np.full(6, 0.1), scale=np.ones(6), slopes=np.zeros((6, 5)),
        end=rows, low=rows, unsaid=np.zeros(6, dtype=np.bool_),
    )  # fmt: skip
    told = {
        "stands": constant(5, 0.9), "falls": {5.0: constant(21, 0.3)}, "said": month, "others": (),
        "before": 0, "worth": np.array([0, 0, 0, 0, 0.5, 0.2]),
        "score_mean": np.array([0, 0, 0, 0, 0, 0.1]), **changes,
    }  # fmt: skip
    return Outlook(**told)


def test_a_decision_says_what_its_score_has_proved_to_be_worth() -> None:
    """0.6 stands 0.5 above its mean, at 0.2 for one: exp(0.1) - 1 = 10.5171 %."""
    features, told = made()
    found = decision_at(BLEND, features, told, ORIGIN, t=5, outlook=weeks_ahead())

    assert found.worth_pct == pytest.approx(10.517092)
    assert found.firm_share == 1.0  # both voices say 0.6, whatever their weights
    assert [(c.event, c.chance) for c in found.chances] == [("stands", 0.9), ("fall", 0.3)]
    assert found.risk is not None
    # 38 of 40 Student ends at or below 2: the worst is three deviations of a tenth
    assert found.risk.low_pct == pytest.approx(100 * math.expm1(-0.3))


def test_of_evidence_that_cannot_say_nothing_is_firm_or_proven() -> None:
    """A quarter is observed of a half that must be: falls are told and nothing of the score."""
    features, _ = made()
    blind = replace(BLEND, rule=RULE.model_copy(update={"observe_at_least": 0.5}))
    found = decision_at(
        blind, features, evaluate(blind, features), ORIGIN, t=4, outlook=weeks_ahead()
    )

    assert (found.known, found.firm_share, found.worth_pct) == (False, None, None)
    assert [c.event for c in found.chances] == ["fall"]
    assert found.risk is not None


def test_without_any_score_nothing_is_worth_anything() -> None:
    features, told = made()
    unknown = np.where(np.arange(6) == 5, NAN, told.scores)
    contributions = np.where(np.arange(6) == 5, 0.0, told.contributions)
    nothing = replace(
        told, scores=unknown, contributions=contributions,
        score=np.where(np.arange(6) == 5, NAN, told.score),
    )  # fmt: skip
    found = decision_at(BLEND, features, nothing, ORIGIN, t=5, outlook=weeks_ahead())

    assert (found.worth_pct, found.margin, found.score) == (0.0, 0.0, 0.0)
    assert found.flips == ()
    earlier = replace(told, score=np.where(np.arange(6) == 4, NAN, told.score))
    assert decision_at(BLEND, features, earlier, ORIGIN, t=5).previous_score is None


def test_a_decision_keeps_its_floor_as_far_as_valuation_leaves_it() -> None:
    """A floor of 0.25, of which three quarters are left; the origin is told as it came."""
    features, told = made()
    stretched = replace(told, bearing=replace(told.bearing, floor_scale=np.full(6, 0.75)))
    found = decision_at(BLEND, features, stretched, ORIGIN)  # of the last row

    assert found.floor_weight == 0.1875
    assert (found.acts_on, found.stance) == (features.sessions_on[5], "HOLD")
    assert (found.firm_share, found.worth_pct, found.chances, found.risk) == (None, None, (), None)
    origin = (found.decided_at, found.strategy_file, found.config_hash, found.data_hash)
    assert origin == (ORIGIN.decided_at, "made-up.toml", "c", "d")
    assert found.code_version == "t"


@pytest.mark.parametrize(("observed", "told"), [(1.0 + 1e-16, 1.0), (-1e-17, 0.0), (0.4, 0.4)])
def test_a_coverage_lies_between_nothing_and_all(observed: float, told: float) -> None:
    features, base = made()
    off = replace(base, coverage=np.full(6, observed))
    assert decision_at(BLEND, features, off, ORIGIN, t=0).coverage == told


# --- how firm ------------------------------------------------------------------------------------


class Dampened(Said):
    """Says what its feature says."""

    name = "dampened"
    feature = "second"
    needs = frozenset({"second"})
    levels_spec = {}  # noqa: RUF012


def test_firm_is_how_many_redrawn_weights_take_the_same_stance() -> None:
    """-0.5 and 0.3 at equal weights: -0.1, not below the line at -0.15.

    SELL asks for -0.5 a + 0.3 b < -0.15 where a + b = 1: a above 0.5625, or odds a / b above
    9 / 7. Of factors even between 2/3 and 4/3 the odds lie above it with a chance of
    P(a > 9/7 b): b up to (4/3) / (9/7) = 28/27; area (1/2) (28/27 - 2/3) (4/3 - 6/7) over 4/9.
    """
    blend = replace(
        BLEND,
        voices=(
            Voice(strategy=Said(), weight=1.0, params={}),
            Voice(strategy=Dampened(), weight=1.0, params={}),
        ),
        rule=Rule(exit_below=-0.15, enter_above=0.1, min_sessions_between_changes=0),
    )
    features = days(2, first=[0.5, -0.5], second=[0.5, 0.3])
    told = evaluate(blend, features)
    sells = (28 / 27 - 2 / 3) * (4 / 3 - 6 / 7) / 2 / (4 / 9)

    assert told.invested.tolist() == [True, True]
    assert outlook.firmness(blend, features, told, 1) == pytest.approx(1 - sells, abs=0.05)
    assert outlook.firmness(blend, features, told, -1) == outlook.firmness(blend, features, told, 1)
    assert outlook.firmness(blend, features, told, 0) == 1.0


def test_a_share_reduced_by_one_voice_at_its_worst_is_as_firm_as_the_voice() -> None:
    """-0.5 is at its extreme whatever the weights, and 0.9 keeps the sum from selling."""
    worst = Rule(
        exit_below=-0.6, enter_above=0.1, min_sessions_between_changes=0, extreme_below=-0.5
    )
    blend = replace(BLEND, rule=worst)
    features = days(1, first=[-0.5], second=[0.9])
    told = evaluate(blend, features)

    assert (told.invested.tolist(), told.target_weight.tolist()) == ([True], [0.5])
    assert outlook.firmness(blend, features, told, 0) == 1.0
    whole = evaluate(
        replace(blend, rule=worst.model_copy(update={"extreme_below": None})), features
    )
    assert outlook.firmness(blend, features, whole, 0) == 0.0  # none of them keeps it in full


def test_a_sell_that_risk_asks_for_is_as_firm_as_the_risk() -> None:
    features = days(1, first=[0.9], second=[0.9])
    told = evaluate(BLEND, features)
    sold = replace(
        told, invested=np.zeros(1, dtype=np.bool_),
        bearing=replace(told.bearing, sells=np.ones(1, dtype=np.bool_)),
    )  # fmt: skip
    assert outlook.firmness(BLEND, features, sold, 0) == 1.0
    assert outlook.firmness(BLEND, features, replace(sold, bearing=told.bearing), 0) == 0.0


def test_since_when_is_asked_of_each_row_of_a_run() -> None:
    assert [since_row([True, False, False, True, True], t) for t in range(5)] == [0, 1, 1, 3, 3]
