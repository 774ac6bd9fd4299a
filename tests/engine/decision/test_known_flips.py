"""What would turn a decision, and scenarios laid over a day: by hand on made-up voices."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from config.scenario import Scenario
from config.strategy import RiskWords, Rule
from engine.decision import explain, ratings, risk, scenarios
from engine.decision.decide import (
    Bearing,
    Votes,
    band_of,
    bearing_of,
    evaluate,
    floor_scale,
    latch,
    margin,
    sell_quantile,
    target_weight,
    vote,
)
from engine.decision.evidence import Blend, Voice, mix
from engine.errors import ConfigError, UnknownNameError
from engine.record.history import History
from engine.values import Features, FloatArray
from strategies.base import Level
from tests.builders import make_event, make_release
from tests.engine.decision.small_worlds import bars, morning, split, told, weekdays
from tests.engine.decision.test_known_outlook import blend as any_blend
from tests.engine.decision.test_known_outlook import evaluation
from tests.engine.decision.test_known_sell_day import BLEND, ORIGIN, Said, decided, made

NAN = math.nan
MONDAY = date(2025, 1, 6)

# --- flips ---------------------------------------------------------------------------------------


def turns_at(*edges: tuple[float, float]) -> Any:
    """A verdict that is another one within ``edges``, both included."""

    def flipped(values: FloatArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return np.any([(values >= low) & (values <= high) for low, high in edges], axis=0)

    return flipped


@pytest.mark.parametrize(
    ("edges", "current", "nearest"),
    [
        (((3.0, 9.0),), 1.0, 3.0),
        (((-9.0, -2.0),), 1.0, -2.0),
        (((3.0, 9.0), (-9.0, -2.0)), 1.0, 3.0),
        (((5.0, 9.0), (-9.0, -2.0)), 1.0, -2.0),
        (((3.0, 4.0), (7.0, 9.0)), 1.0, 3.0),  # the first crossing on a side
        (((1.05, 1.15),), 1.0, 1.05),  # of the grid the next value alone, 0.1 on
        (((0.85, 0.95),), 1.0, 0.95),
        (((11.0, 12.0),), 1.0, None),  # beyond the bounds
        (((10.0, 12.0),), 1.0, 10.0),
        (((20.0, 99.0),), 15.0, None),  # a present level outside widens the bounds to itself
    ],
)
def test_the_nearest_flip_is_the_first_crossing_closer_to_today(
    edges: tuple[tuple[float, float], ...], current: float, nearest: float | None
) -> None:
    found = explain._nearest_flip(turns_at(*edges), current, (-10.0, 10.0))
    assert found == (None if nearest is None else pytest.approx(nearest, abs=1e-9))
    if found is not None:
        assert bool(turns_at(*edges)(np.array([found]))[0])  # the side that has turned


@pytest.mark.parametrize(
    ("factor", "current", "bounds"),
    [
        (None, 4.0, (1.0, 50.0)),
        (2.0, 4.0, (2.0, 8.0)),
        (2.0, 1.5, (1.0, 3.0)),
        (2.0, 40.0, (20.0, 50.0)),
    ],
)
def test_a_flip_is_looked_for_where_it_is_plausible(
    factor: float | None, current: float, bounds: tuple[float, float]
) -> None:
    spec = Level(low=1.0, high=50.0, unit="", meaning="made up", within_factor=factor)
    assert explain._bounds(spec, current) == bounds


@pytest.mark.parametrize(
    ("holding", "wait", "waits"),
    [
        ([1, 1, 1, 1], 5, False),
        ([1, 0, 0, 0], 2, True),  # changed two sessions ago
        ([1, 0, 0, 0], 1, False),
        ([1, 0, 0, 0], 0, False),
        ([1, 1, 1, 0], 5, False),  # a change of this row is what a flip would undo
        ([1, 0, 0, 1], 2, True),  # but the one before it still binds
        ([0, 0, 0, 0], 3, True),  # sold in the first session
        ([0, 0, 0, 0], 2, False),
        ([0, 1, 1, 1], 2, True),  # and bought back in the second
        ([0, 1, 1, 1], 1, False),
    ],
)
def test_a_fresh_change_blocks_the_next_for_as_long_as_the_rule_says(
    holding: list[int], wait: int, waits: bool
) -> None:
    told_ = evaluation([0.0] * 4, holding=np.array(holding, dtype=np.bool_))
    rule = Rule(exit_below=-0.2, enter_above=0.1, min_sessions_between_changes=wait)

    assert explain._waits(any_blend(rule=rule), told_, 3) is waits


def test_the_flips_of_a_made_up_day_by_hand() -> None:
    """Weights 0.75 and 0.25, first 0.5 and second 0.5: SELL below -0.2 - 0.84162 * 0.23717.

    0.75 x + 0.125 = -0.39961 at x = -0.69947; the second alone would have to say less than -1.
    """
    line = -0.2 - 0.841621234 * 0.237170825
    first, second = decided(0).flips

    assert (first.input, first.strategy, first.current, first.unit) == ("first", "said", 0.5, "")
    assert first.flips_at == pytest.approx((line - 0.125) / 0.75, abs=1e-7)
    assert (second.input, second.current, second.flips_at) == ("second", 0.5, None)


def test_the_way_back_from_sell_by_hand() -> None:
    """Sold at -0.025: back above 0.1: 0.75 * 0.1 + 0.25 x at x = 0.1, or 0.75 x - 0.1 = 0.1."""
    first, second = decided(3).flips

    assert first.flips_at == pytest.approx(0.2 / 0.75, abs=1e-7)
    assert second.flips_at == pytest.approx(0.1, abs=1e-7)


def test_nothing_flips_while_risk_sells_or_too_little_is_known() -> None:
    _, told_ = made()
    sells = replace(told_.bearing, sells=np.ones(6, dtype=np.bool_))
    blind = replace(told_, known=np.zeros(6, dtype=np.bool_))

    for stuck in (replace(told_, bearing=sells), blind):
        assert {f.flips_at for f in explain.flips_at(BLEND, stuck, 0)} == {None}
    # of a voice that was not observed no flip is named at all
    assert [f.input for f in explain.flips_at(BLEND, told_, 4)] == ["second"]


class Scaling(Said):
    """The same voice, whose level only scales another."""

    levels_spec = {"first": Level(low=-1, high=1, unit="", meaning="made up", asked=False)}  # noqa: RUF012


def test_a_level_that_only_scales_is_not_asked() -> None:
    features, _ = made()
    silent = replace(BLEND, voices=(replace(BLEND.voices[0], strategy=Scaling()), BLEND.voices[1]))

    assert [f.input for f in explain.flips_at(silent, evaluate(silent, features), 0)] == ["second"]


def test_a_decision_names_its_numbers() -> None:
    """Of the sixth session: 0.6 after -0.1, doubts of 0.3, and what each bar was before."""
    told_ = decided(5)
    first, second = told_.contributions

    assert (told_.previous_score, told_.known, told_.floor_weight) == (
        pytest.approx(-0.1),
        True,
        0.25,
    )
    assert (first.weight, first.value, first.contribution) == (0.75, 0.6, pytest.approx(0.45))
    assert (first.doubt, first.previous) == (0.3, 0.0)
    assert second.previous == pytest.approx(-0.1)
    assert (told_.exit_below, told_.enter_above, told_.sell_chance) == (-0.2, 0.1, 0.8)
    assert (told_.reduce_below, told_.silent_weight, told_.coverage) == (None, 0.0, 1.0)
    silent = decided(4).contributions[0]
    assert (silent.value, silent.contribution, silent.previous) == (None, 0.0, pytest.approx(0.075))
    assert decided(0).contributions[0].previous is None
    assert decided(0).previous_score is None
    assert (decided(4).silent_weight, decided(4).coverage) == (0.75, 0.25)


@pytest.mark.parametrize(
    ("line", "names"), [(None, ()), (-0.8, ("said",)), (-0.81, ()), (-0.6, ("said", "said_too"))]
)
def test_voices_at_or_below_the_extreme_are_named(
    line: float | None, names: tuple[str, ...]
) -> None:
    """-0.8 and -0.6 on the second day."""
    _, told_ = made()
    rule = BLEND.rule.model_copy(update={"extreme_below": line})

    assert explain._extreme(replace(BLEND, rule=rule), told_, 1) == names
    weightless = (BLEND.voices[0], replace(BLEND.voices[1], weight=0.0))
    assert "said_too" not in explain._extreme(
        replace(BLEND, rule=rule, voices=weightless), told_, 1
    )


def test_voices_whose_lone_news_keeps_sell_from_being_said_are_named() -> None:
    _, told_ = made()
    apart = told_.scores.copy()
    apart[1, 1] += 0.5
    withheld = replace(told_, confirmed=apart, withheld=np.arange(6) == 1)

    assert explain._one_source(BLEND, withheld, 1) == ("said_too",)
    assert explain._one_source(BLEND, replace(withheld, withheld=np.zeros(6, dtype=bool)), 1) == ()
    silent = replace(withheld, withheld=np.ones(6, dtype=bool))
    assert explain._one_source(BLEND, silent, 4) == ()  # the first voice is silent on that day


# --- the rule ------------------------------------------------------------------------------------

RULE = Rule(
    exit_below=-0.2, enter_above=0.1, reduce_below=0.0, extreme_below=-0.9, observe_at_least=0.5,
    min_sessions_between_changes=0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("score", "sells", "weak", "buys"),
    [
        (-0.21, True, True, False),
        (-0.2, False, True, False),  # at the line is not below it
        (-0.01, False, True, False),
        (0.0, False, False, False),
        (0.1, False, False, False),  # nor at the other above it
        (0.11, False, False, True),
    ],
)
def test_the_lines_are_crossed_and_not_touched(
    score: float, sells: bool, weak: bool, buys: bool
) -> None:
    scores, weights = np.array([[score]]), np.ones((1, 1))
    found = vote(RULE, weights, scores, scores, mix(scores, weights), np.zeros(1))

    assert (found.sells[0], found.weak[0], found.buys[0]) == (sells, weak, buys)


@pytest.mark.parametrize(
    ("first", "weight", "weak"),
    [(-0.9, 0.5, True), (-0.89, 0.5, False), (-0.9, 0.0, False)],
)
def test_a_voice_with_weight_at_its_extreme_reduces(
    first: float, weight: float, weak: bool
) -> None:
    scores, weights = np.array([[first], [1.0]]), np.array([[weight], [1.0]])
    found = vote(RULE, weights, scores, scores, mix(scores, weights), np.zeros(1))

    assert bool(found.weak[0]) is weak


@pytest.mark.parametrize(("observed", "known"), [(0.5, True), (0.49, False)])
def test_the_evidence_speaks_from_the_share_that_must_be_observed_on(
    observed: float, known: bool
) -> None:
    scores = np.array([[-0.5], [NAN]])
    weights = np.array([[observed], [1 - observed]])
    found = vote(RULE, weights, scores, scores, mix(scores, weights), np.zeros(1))

    assert (bool(found.known[0]), bool(found.weak[0])) == (known, known)


def test_the_quantile_of_a_chance() -> None:
    assert sell_quantile(RULE) == 0.0
    assert sell_quantile(RULE.model_copy(update={"sell_chance": 0.8})) == pytest.approx(0.841621)


def test_a_change_waits_and_the_first_is_free() -> None:
    """Sold on day 0, two sessions of rest: back on day 3, not on day 2."""
    sells = np.array([True, False, False, False, False])
    buys = np.array([False, True, True, True, True])
    none = np.zeros(5, dtype=np.bool_)
    votes = Votes(sells=sells, buys=buys, weak=none, known=~none, withheld=none)

    assert latch(votes, 2)[0].tolist() == [False, False, False, True, True]
    assert latch(votes, 0)[0].tolist() == [False, True, True, True, True]


def test_a_reduction_lasts_until_the_way_back() -> None:
    weak = np.array([False, True, False, False, False])
    buys = np.array([True, True, False, True, False])
    none = np.zeros(5, dtype=np.bool_)
    votes = Votes(sells=none, buys=buys, weak=weak, known=~none, withheld=none)

    assert latch(votes, 0)[1].tolist() == [False, True, True, False, False]


def test_the_share_to_keep_by_state() -> None:
    """Full 0.9, half of a floor of 0.2: held 0.7, held 0.05, reduced, sold, sold by risk, all."""
    rule = Rule(
        exit_below=-0.2, enter_above=0.1, hold_weight=0.9, sell_weight=0.2, reduce_weight=0.4
    )
    held = np.array([0.7, 0.05, 0.7, 0.7, 0.7, 1.0])
    allowed = Bearing(
        share=held, held=held, sells=np.array([False, False, False, False, True, False]),
        floor_scale=np.full(6, 0.5), said=object(),  # type: ignore[arg-type]
    )  # fmt: skip
    holding = np.array([True, True, True, False, True, True])
    reduced = np.array([False, False, True, False, False, False])

    found = target_weight(rule, holding, reduced, allowed)
    assert found == pytest.approx([0.7, 0.1, 0.4, 0.1, 0.1, 0.9])
    wordless = replace(allowed, said=None, sells=np.zeros(6, dtype=np.bool_))
    assert target_weight(rule, holding, reduced, wordless)[:3] == pytest.approx([0.9, 0.9, 0.4])


def test_margins_of_held_and_sold_by_hand() -> None:
    """0.3 + 0 * 0.1 + 0.2 while it holds; 0.1 - 0.3 while it does not."""
    told_ = evaluation([0.3, 0.3], holding=np.array([True, False]))

    assert [margin(told_, RULE, t) for t in (0, 1)] == pytest.approx([0.5, -0.2])


@pytest.mark.parametrize(
    ("rate", "gain", "band"),
    [(0.0, 50.0, 10.0), (2.0, 10.0, 10.0 * 5 ** (1 / 3)), (75.0, 100.0, 50.0)],
)
def test_the_band_widens_by_the_cube_root_of_what_a_sale_costs(
    rate: float, gain: float, band: float
) -> None:
    """2 % of a tenth is 0.002, four times the fill of 0.0005: five in all."""
    words = RiskWords(bear_fall_pct=20, band_pct=10, tax_rate_pct=rate, gain_share_pct=gain)
    assert band_of(words) == pytest.approx(band / 100)


def test_a_band_above_a_half_stays_as_it_is_told() -> None:
    words = RiskWords(bear_fall_pct=20, band_pct=50, tax_rate_pct=30)
    assert band_of(words) == 0.5


class Stretched(Said):
    """A made-up valuation."""


def features_of(first: list[float]) -> Features:
    days = weekdays(MONDAY, len(first))
    return Features(
        sessions_on=tuple(days), decide_at_us=np.arange(len(first), dtype=np.int64),
        values={"first": np.array(first)},
    )  # fmt: skip


def test_the_floor_follows_valuation_in_quarters() -> None:
    """Cheap or unknown 1; -0.3 leaves 0.7, of which three quarters and a rest is rounded up."""
    voice = Voice(strategy=Stretched(), weight=1.0, params={})

    found = floor_scale(voice, features_of([0.9, NAN, -0.3, -0.6, -1.0, -0.9, 0.0]))
    # 0.7 -> 0.75 is one step from 1, not more; 0.4 -> 0.5; 0.0; 0.1 -> 0.25 is one step; 1 at once
    assert found.tolist() == [1.0, 1.0, 1.0, 0.5, 0.0, 0.0, 1.0]
    assert floor_scale(None, features_of([0.9, -1.0])).tolist() == [1.0, 1.0]


def test_without_words_risk_allows_everything() -> None:
    found = bearing_of(BLEND, features_of([0.1, 0.2]))

    assert (found.share.tolist(), found.sells.tolist()) == ([1.0, 1.0], [False, False])
    assert (found.held.tolist(), found.said, found.worst) == ([1.0, 1.0], None, None)


def test_a_blend_refuses_what_cannot_be_weighed() -> None:
    twice = (BLEND.voices[0], BLEND.voices[0])
    with pytest.raises(ConfigError, match="listed twice"):
        replace(BLEND, voices=twice)
    for weight in (-0.1, NAN, math.inf):
        with pytest.raises(ConfigError, match="0 or more, finite"):
            replace(BLEND, voices=(replace(BLEND.voices[0], weight=weight), BLEND.voices[1]))
    nobody = tuple(replace(v, weight=0.0) for v in BLEND.voices)
    with pytest.raises(ConfigError, match="nobody has a say"):
        replace(BLEND, voices=nobody)


# --- scenarios -----------------------------------------------------------------------------------


def scenario(name: str = "made up", **changes: Any) -> Scenario:
    return Scenario(**{"name": name, "severity": "mild", "source": "made up", **changes})


NAMES = (
    "threat_impulse_pct", "domestic_impulse_pct", "policy_impulse_pct", "demand_impulse_pct",
    "expected_path_bps", "fed_surprise_bps", "domestic_alone_pct", "policy_alone_pct",
    "demand_alone_pct", "us_gate", "china_gate", "guide_surprise_pct", "guided_growth_pct",
    "guide_age_sessions",
)  # fmt: skip


def values(**changes: list[float]) -> dict[str, FloatArray]:
    plain = {name: np.full(3, 0.25) for name in NAMES}
    return plain | {name: np.array(array) for name, array in changes.items()}


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("threat_pct", "threat_impulse_pct"), ("domestic_pct", "domestic_impulse_pct"),
        ("policy_pct", "policy_impulse_pct"), ("demand_pct", "demand_impulse_pct"),
        ("path_bps", "expected_path_bps"), ("fed_surprise_bps", "fed_surprise_bps"),
    ],
)  # fmt: skip
def test_what_a_scenario_adds_is_added_on_its_own_morning(field: str, name: str) -> None:
    rows = np.array([2, 0])
    found = scenarios.overlaid(values(), scenario(**{field: 3.0}), rows)

    assert set(found) == {name}
    assert found[name].tolist() == [[0.25, 0.25, 3.25], [3.25, 0.25, 0.25]]
    unknown = scenarios.overlaid(values(**{name: [NAN] * 3}), scenario(**{field: 3.0}), rows)
    assert np.isnan(unknown[name]).all()


@pytest.mark.parametrize(
    "name", ["us_gate", "china_gate", "guide_surprise_pct", "guided_growth_pct"]
)
def test_what_a_scenario_sets_is_known_by_it_even_where_it_is_zero(name: str) -> None:
    found = scenarios.overlaid(values(**{name: [NAN] * 3}), scenario(**{name: 0.0}), np.array([1]))

    assert found[name] == pytest.approx(np.array([[NAN, 0.0, NAN]]), nan_ok=True)
    if name == "guide_surprise_pct":  # a report of that morning
        assert found["guide_age_sessions"].tolist() == [[0.25, 0.0, 0.25]]
    else:
        assert set(found) == {name}


def test_news_of_one_source_is_its_worst_step_alone() -> None:
    """-3 is worse than -1; good news is no step against the stock."""
    told_ = scenario(confirmed=False, policy_pct=-3.0, domestic_pct=2.0, demand_pct=-0.5)
    before = values(policy_alone_pct=[0.0, -1.0, -9.0], demand_alone_pct=[NAN, -1.0, 0.0])
    found = scenarios.overlaid(before, told_, np.array([1, 2]))

    assert found["policy_alone_pct"].tolist() == [[0.0, -3.0, -9.0], [0.0, -1.0, -9.0]]
    assert found["demand_alone_pct"][1, 2] == -0.5
    assert "domestic_alone_pct" not in found
    sure = scenario(policy_pct=-3.0)
    assert "policy_alone_pct" not in scenarios.overlaid(before, sure, np.array([1]))


def prices() -> dict[str, FloatArray]:
    fields = {
        "nvda_return": 0.0, "nvda_range": 0.04, "nvda_gap": 0.01, "trend_gap_pct": 10.0,
        "market_cap_usd_tn": 4.0, "volatility_pct": 40.0, "vix": 20.0,
    }  # fmt: skip
    return {name: np.full(5, value) for name, value in fields.items()}


def test_a_fall_is_spread_over_the_last_sessions_and_worked_into_everything() -> None:
    """-19 % over two sessions: -10 % each. After one the gap is 1.1 * 0.9 over a mean moved by
    1.1 * -0.1 / 200; after two 1.1 * 0.81 over 1.1 * -0.29 / 200."""
    told_ = scenario(price_pct=-19.0, price_sessions=2)
    found = scenarios.overlaid(prices(), told_, np.array([3]))

    step = math.log(0.9)
    assert found["nvda_return"][0] == pytest.approx([0, 0, step, step, 0])
    one, two = (
        100 * (1.1 * kept / (1 - 1.1 * lost / 200) - 1) for kept, lost in ((0.9, 0.1), (0.81, 0.29))
    )
    assert found["trend_gap_pct"][0, 1:4] == pytest.approx([10.0, one, two])
    assert found["market_cap_usd_tn"][0, 1:4] == pytest.approx([4.0, 3.6, 3.24])
    assert set(found) == {"nvda_return", "trend_gap_pct", "market_cap_usd_tn"}


def test_a_wild_week_sets_ranges_gaps_and_a_twentieth_of_volatility_each_session() -> None:
    """3 % a day: a range of 0.03 sqrt(4 ln 2), no gap; (18 * 40^2 + 2 * 3^2 * 252) / 20."""
    told_ = scenario(daily_vol_pct=3.0, price_sessions=2, vix=35.0)
    found = scenarios.overlaid(prices(), told_, np.array([3]))

    wide = 0.03 * math.sqrt(4 * math.log(2))
    assert found["nvda_range"][0] == pytest.approx([0.04, 0.04, wide, wide, 0.04])
    assert found["nvda_gap"][0] == pytest.approx([0.01, 0.01, 0.0, 0.0, 0.01])
    one, two = (math.sqrt(((20 - n) * 1600 + n * 9 * 252) / 20) for n in (1, 2))
    assert found["volatility_pct"][0] == pytest.approx([40.0, 40.0, one, two, 40.0])
    assert found["vix"][0].tolist() == [20.0, 20.0, 35.0, 35.0, 20.0]
    calm = scenarios.overlaid(prices(), scenario(vix=15.0), np.array([3]))
    assert calm["vix"][0].tolist() == [20.0] * 5
    assert found["market_cap_usd_tn"][0].tolist() == [4.0] * 5


def test_known_days_are_every_fifth_on_which_every_voice_was_observed() -> None:
    scores = np.zeros((2, 14))
    scores[0, 1] = scores[1, 3] = NAN
    # 0, 2, 4, 5 … 13: the first, the sixth and the eleventh of those
    assert scenarios.known_days(evaluation([0.0] * 14, scores=scores)).tolist() == [0, 7, 12]


@pytest.mark.parametrize(
    ("invested", "weight", "full", "said"),
    [(False, 1.0, 1.0, "SELL"), (True, 0.8, 0.8, "HOLD"), (True, 0.79, 0.8, "REDUCE")],
)
def test_a_stance_by_share(invested: bool, weight: float, full: float, said: str) -> None:
    assert scenarios.stance(invested, weight, full) == said


def test_a_row_of_the_stress_table_counts_its_days_by_hand() -> None:
    """Five known days: full and held the day before on rows 2 and 3; sold there on one of them.

    Of the four that did not sell, one would be sold and one keep less: a half.
    """
    base = evaluation(
        [0.1, 0.2, 0.3, 0.4, 0.6, 0.5],
        invested=np.array([False, True, True, True, True, True]),
        target_weight=np.array([0.0, 0.8, 0.8, 0.8, 0.5, 0.9]),
    )
    asked = scenarios.AnsweredMornings(
        invested=np.array([False, True, False, True, True, False]),
        reduced=np.zeros(6, dtype=np.bool_),
        target_weight=np.array([0.0, 0.8, 0.0, 0.8, 0.4, 0.1]),
        score=np.array([0.0, 0.0, 0.0, 0.0, 0.0, -0.7]),
    )
    rule = Rule(exit_below=-0.2, enter_above=0.1, hold_weight=0.8)
    row = scenarios._row(
        any_blend(rule=rule), "p", base, np.arange(5), scenario(severity="severe"), asked
    )

    assert (row.scenario, row.severity, row.preset) == ("made up", "severe", "p")
    assert (row.before, row.after, row.known_days) == ("HOLD", "SELL", 2)
    assert (row.target_before, row.target_after) == (0.9, 0.1)
    assert (row.score_before, row.score_after) == (0.5, -0.7)
    assert (row.share_of_known_days, row.share_reduced) == (0.5, 0.5)
    none = scenarios._row(any_blend(rule=rule), "p", base, np.arange(0), scenario(), asked.at(5))
    assert (none.share_of_known_days, none.share_reduced, none.known_days) == (None, None, 0)


def test_included_changes_add_up_and_of_the_rest_the_worst_counts() -> None:
    parts = {
        "a": scenario("A", policy_pct=-60.0, path_bps=600.0, us_gate=0.5, vix=30.0, price_pct=-5.0,
                      price_sessions=3, guide_surprise_pct=1.0),
        "b": scenario("B", policy_pct=-50.0, path_bps=700.0, us_gate=0.2, vix=20.0, price_pct=-9.0,
                      price_sessions=7, daily_vol_pct=4.0),
        "both": scenario("Both", severity="extreme", includes=("a", "b"), policy_pct=-1.0),
        "c": scenario("C", severity="moderate"),
    }  # fmt: skip
    found = {s.name: s for s in scenarios.complete(parts)}

    assert list(found) == ["A", "B", "C", "Both"]
    both = found["Both"]
    assert (both.policy_pct, both.path_bps, both.us_gate) == (-100.0, 1300.0, 0.2)
    assert (both.vix, both.daily_vol_pct, both.guide_surprise_pct) == (30.0, 4.0, 1.0)
    assert (both.price_pct, both.price_sessions, both.china_gate) == (-9.0, 7, None)
    assert found["A"] == parts["a"]
    with pytest.raises(UnknownNameError):
        scenarios.complete({"x": scenario("X", includes=("nowhere",))})


# --- scenarios asked of made-up voices -----------------------------------------------------------


class Guided(Said):
    """Says a tenth of the guided growth."""

    name = "guided"
    feature = "guided_growth_pct"
    needs = frozenset({"guided_growth_pct"})
    levels_spec = {  # noqa: RUF012
        "guided_growth_pct": Level(low=-50, high=80, unit="%", meaning="made up")
    }

    def score(self, levels: Any, p: Any) -> FloatArray:
        return np.asarray(levels["guided_growth_pct"] / 10.0)


class Told(Said):
    """Says a tenth of the news on policy, of which one source alone tells a part."""

    name = "told"
    feature = "policy_impulse_pct"
    needs = frozenset({"policy_impulse_pct", "policy_alone_pct"})
    lone = {"policy_impulse_pct": "policy_alone_pct"}  # noqa: RUF012
    levels_spec = {  # noqa: RUF012
        "policy_impulse_pct": Level(low=-60, high=60, unit="%", meaning="made up")
    }

    def score(self, levels: Any, p: Any) -> FloatArray:
        return np.asarray(levels["policy_impulse_pct"] / 10.0)


ASKED = Blend(
    voices=(
        Voice(strategy=Guided(), weight=3.0, params={}),
        Voice(strategy=Told(), weight=1.0, params={}),
    ),
    rule=Rule(
        exit_below=-0.2, enter_above=0.1, min_sessions_between_changes=0, reduce_below=0.0,
        reduce_weight=0.5, sell_weight=0.25,
    ),
)  # fmt: skip
GROWTH = [4.0, 4.0, NAN, 4.0, -4.0, -4.0, 4.0, 1.0, 4.0, 4.0, 4.0, 4.0]
"""0.75 of a tenth of it: 0.3; -0.3 sells on rows 4 and 5; 0.075 on row 7 holds on."""


def growing() -> Features:
    days = weekdays(MONDAY, 12)
    zeros = np.zeros(12)
    return Features(
        sessions_on=tuple(days), decide_at_us=np.arange(12, dtype=np.int64),
        values={
            "guided_growth_pct": np.array(GROWTH), "policy_impulse_pct": zeros,
            "policy_alone_pct": zeros,
        },
    )  # fmt: skip


def test_a_scenario_is_answered_for_each_morning_with_the_memory_of_its_own_past() -> None:
    """-5 % of growth and +2 of news: 0.75 * -0.5 + 0.25 * 0.2 = -0.325 on each morning asked."""
    features = growing()
    base = evaluate(ASKED, features)
    told_ = scenario(guided_growth_pct=-5.0, policy_pct=2.0)
    rows = np.array([3, 5, 7])
    found = scenarios.ask(ASKED, features, base, told_, rows)

    assert base.invested.tolist() == [True] * 4 + [False] * 2 + [True] * 6
    assert found.score == pytest.approx([-0.325] * 3)
    assert found.invested.tolist() == [False] * 3
    assert found.target_weight.tolist() == [0.25] * 3
    mild = scenarios.ask(ASKED, features, base, scenario(guided_growth_pct=-1.0), rows)
    # -0.075: reduced where it held; on row 5 still sold since row 4
    assert mild.invested.tolist() == [True, False, True]
    assert mild.reduced.tolist() == [True, False, True]
    assert mild.target_weight.tolist() == [0.5, 0.25, 0.5]
    good = scenarios.ask(ASKED, features, base, scenario(guided_growth_pct=2.0), rows)
    assert (good.invested.tolist(), good.reduced.tolist()) == ([True] * 3, [False] * 3)


def test_the_stress_table_by_hand() -> None:
    """Known days are rows 0, 6 and 11 (every fifth of the eleven on which both spoke).

    On row 6 it holds and had sold the day before; on 0 and 11 it held in full. The scenario sells.
    """
    features = growing()
    (row, mild) = scenarios.stress(
        ASKED, "p", features,
        [scenario("bad", guided_growth_pct=-5.0), scenario("mild", guided_growth_pct=-1.0)],
    )  # fmt: skip

    assert row == scenarios.StressRow(
        scenario="bad", severity="mild", preset="p", before="HOLD", after="SELL",
        target_before=1.0, target_after=0.25, score_before=pytest.approx(0.3),
        score_after=pytest.approx(-0.375), share_of_known_days=1.0, share_reduced=1.0,
        known_days=2,
    )  # fmt: skip
    assert (mild.after, mild.share_of_known_days, mild.share_reduced) == ("REDUCE", 0.0, 1.0)
    (alone,) = scenarios.stress_at(
        ASKED, "p", features, [scenario("bad", guided_growth_pct=-5.0)], evaluate(ASKED, features)
    )
    assert alone == replace(row, share_of_known_days=None, share_reduced=None, known_days=0)
    # 0.75 * 0.2 = 0.15 holds in full
    (good,) = scenarios.stress(ASKED, "p", features, [scenario(guided_growth_pct=2.0)])
    assert (good.after, good.target_after) == ("HOLD", 1.0)
    assert good.score_after == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("less", "share"), [(0.9e-9, 0.0), (1.05e-9, 0.5), (5e-9, 0.5), (-1e-3, 0.0)]
)
def test_a_share_is_less_by_more_than_a_billionth(less: float, share: float) -> None:
    """Of the two known days that held, one keeps so much less of all."""
    told_ = scenarios.AnsweredMornings(
        invested=np.array([True] * 3), reduced=np.array([False] * 3),
        target_weight=np.array([1.0 - less, 1.0, 1.0]), score=np.array([0.3] * 3),
    )  # fmt: skip
    features = growing()
    found = scenarios._row(
        ASKED, "p", evaluate(ASKED, features), np.array([0, 11]), scenario(), told_
    )
    assert (found.share_reduced, found.share_of_known_days) == (share, 0.0)


def test_a_stress_row_tells_of_today_and_not_of_a_day_before() -> None:
    """Eleven rows of 0.3 that hold, then -0.3, which sells; asked with 0.25 * -0.2 on top.

    Known days are rows 0, 5 and 10: 0.25 holds each of them.
    """
    features = replace(
        growing(), values=growing().values | {"guided_growth_pct": np.array([4.0] * 11 + [-4.0])}
    )
    asked = [scenario("news", policy_pct=-2.0)]
    (row,) = scenarios.stress(ASKED, "p", features, asked)

    assert row == scenarios.StressRow(
        scenario="news", severity="mild", preset="p", before="SELL", after="SELL",
        target_before=0.25, target_after=0.25, score_before=pytest.approx(-0.3),
        score_after=pytest.approx(-0.35), share_of_known_days=0.0, share_reduced=0.0, known_days=3,
    )  # fmt: skip
    (alone,) = scenarios.stress_at(ASKED, "p", features, asked, evaluate(ASKED, features))
    assert alone == replace(row, share_of_known_days=None, share_reduced=None, known_days=0)


def test_what_one_source_tells_in_a_scenario_does_not_sell() -> None:
    """0.75 * -0.1 - 0.25 * 0.8 = -0.275 sells when it is confirmed; without the news -0.075."""
    features = growing()
    base = evaluate(ASKED, features)
    bad = scenario(guided_growth_pct=-1.0, policy_pct=-8.0)
    found = [
        scenarios.ask(ASKED, features, base, told_, np.array([11]))
        for told_ in (bad, bad.model_copy(update={"confirmed": False}))
    ]
    assert [f.score[0] for f in found] == pytest.approx([-0.275, -0.275])
    assert [bool(f.invested[0]) for f in found] == [False, True]
    assert [float(f.target_weight[0]) for f in found] == [0.25, 0.5]


def with_news(impulse: float, alone: float) -> Features:
    """The same with news on the last morning."""
    features = growing()
    features.values["policy_impulse_pct"] = np.append(np.zeros(11), impulse)
    features.values["policy_alone_pct"] = np.append(np.zeros(11), alone)
    return features


@pytest.mark.parametrize(
    ("alone", "growth_at", "news_at"),
    [
        # 0.075 g - 0.2 below -0.2: g below 0; 0.3 + 0.025 x below -0.2: x below -20
        (0.0, 0.0, -20.0),
        # of which -8 is one owner's: 0.075 g below -0.2, and 0.3 + 0.025 (x + 8)
        (-8.0, -0.2 / 0.075, -28.0),
    ],
)
def test_a_flip_must_stand_without_what_one_source_tells(
    alone: float, growth_at: float, news_at: float
) -> None:
    """0.3 - 0.2 = 0.1 holds; a SELL must be said by the whole score and by the confirmed one."""
    features = with_news(-8.0, alone)
    base = evaluate(ASKED, features)
    growth, news_ = explain.flips_at(ASKED, base, 11)

    assert base.score[11] == pytest.approx(0.1)
    assert (growth.current, news_.current) == (4.0, -8.0)
    assert growth.flips_at == pytest.approx(growth_at, abs=1e-6)
    assert news_.flips_at == pytest.approx(news_at, abs=1e-6)


def test_a_sell_that_one_source_withholds_is_named_and_holds() -> None:
    """0.3 - 0.025 * 24 = -0.3; without what one owner tells 0.3 holds, and -0.275 still sells."""
    origin = replace(ORIGIN, strategy_file="asked.toml")
    for alone, verdict, names in ((-24.0, "HOLD", ("told",)), (-1.0, "SELL", ())):
        features = with_news(-24.0, alone)
        base = evaluate(ASKED, features)
        found = explain.decision_at(ASKED, features, base, origin)
        assert (found.verdict, found.one_source) == (verdict, names)
        assert found.score == pytest.approx(-0.3)
        assert bool(base.withheld[11]) is (verdict == "HOLD")


WORDS = RiskWords(bear_fall_pct=10, band_pct=0, sell_share_below_pct=30)


def priced(rows: int = 30, warm: int = 0) -> Features:
    """Sessions of a range of 4 % and no gap, a VIX that is not known, and half as much before."""
    arrays = {
        "nvda_return": np.zeros(rows), "nvda_range": np.full(rows, 0.04),
        "nvda_gap": np.zeros(rows), "vix": np.full(rows, NAN), "trend_gap_pct": np.zeros(rows),
        "market_cap_usd_tn": np.ones(rows), "volatility_pct": np.full(rows, 30.0),
        "guided_growth_pct": np.full(rows, 4.0), "policy_impulse_pct": np.zeros(rows),
        "policy_alone_pct": np.zeros(rows),
    }  # fmt: skip
    for horizon in risk.HORIZONS:
        arrays[f"results_within_{horizon}"] = np.arange(rows) / 10.0
        arrays[f"fomc_within_{horizon}"] = np.zeros(rows)
    n = rows - warm
    return Features(
        sessions_on=tuple(weekdays(MONDAY, n)), decide_at_us=np.arange(n, dtype=np.int64),
        values={name: array[warm:] for name, array in arrays.items()},
        warm={name: array[:warm] for name, array in arrays.items()} if warm else {},
    )  # fmt: skip


@pytest.mark.parametrize("warm", [0, 3])
@pytest.mark.parametrize(("rows", "wildest"), [(30, None), (63, 43)])
def test_a_wild_week_is_forecast_from_the_sessions_of_its_path(
    rows: int, wildest: int | None, warm: int
) -> None:
    """4 % a day for two sessions after months of a range of 4 %, at the prior slopes.

    The range is a variance of 0.0016 / (4 ln 2). With the constant of a level that never moved,
    the log variance is level + 0.15 d + 0.3 w + 0.4 m, where d, w and m are how far the day, the
    week and the month stand above it; results ahead count as ever. A session ten times as wide, 20
    before the last and after the last refit, is in the month for 16 usual ones.
    """
    features, blend = priced(rows, warm), replace(ASKED, risk=WORDS)
    if wildest is not None:
        features.values["nvda_range"][wildest - warm] = 0.4
    base = evaluate(blend, features)
    n = len(features.sessions_on)
    told_, last = scenario(daily_vol_pct=4.0, price_sessions=2), np.array([n - 1])
    changed = scenarios.overlaid(features.values, told_, last)
    found = scenarios._share(blend, base.bearing, features, changed, told_, last)

    usual, wild = 0.0016 / (4 * math.log(2)), 0.0016
    shares = []
    for known in (1, 2):
        day = math.log(wild / usual)
        more = 0.0 if wildest is None else 15.0
        week = math.log((known * wild + (5 - known) * usual) / (5 * usual))
        month = math.log((known * wild + (22 - known + more) * usual) / (22 * usual))
        level = math.log(usual) + 0.15 * day + 0.3 * week + 0.4 * month
        busy = 1 + 7 * (rows - 3 + known) / 10 / 21
        sigma = math.sqrt(math.exp(level) * busy * 21)
        assert base.bearing.worst is not None
        worst = float(base.bearing.worst[n - 3 + known])
        shares.append(min(1.0, 0.1 / (1 - math.exp(worst * sigma))))
    assert found.shape == (1, n)
    assert found[0, -2:] == pytest.approx(shares)
    assert found[0, :-2].tobytes() == base.bearing.share[:-2].tobytes()


def test_the_share_of_a_scenario_stays_where_it_moves_no_price() -> None:
    features, blend = priced(), replace(ASKED, risk=WORDS)
    base = evaluate(blend, features)
    calm = scenario(guided_growth_pct=2.0)
    rows = np.array([29, 20])
    found = scenarios._share(
        blend, base.bearing, features, scenarios.overlaid(features.values, calm, rows), calm, rows
    )

    assert np.isfinite(found[:, -1]).all()
    assert found.tobytes() == np.stack([base.bearing.share] * 2).tobytes()


def test_a_price_path_sells_by_the_words_on_its_own_morning() -> None:
    """15 % a day for three sessions, of a month that may cost a tenth: below 0.3 twice running."""
    features, blend = priced(), replace(ASKED, risk=WORDS)
    base = evaluate(blend, features)
    shock = scenario("shock", daily_vol_pct=15.0, price_sessions=3, price_pct=-20.0)
    rows = np.array([25, 29])
    found = scenarios.ask(blend, features, base, shock, rows)

    assert base.invested.all()
    assert found.invested.tolist() == [False, False]
    assert found.score == pytest.approx([0.3, 0.3])
    assert found.target_weight.tolist() == [0.25, 0.25]
    one = scenarios.ask(blend, features, base, shock.model_copy(update={"price_sessions": 1}), rows)
    assert one.invested.tolist() == [True, True]  # one session below is not two
    (row,) = scenarios.stress_at(blend, "p", features, [shock], base)
    assert (row.before, row.after, row.target_after) == ("REDUCE", "SELL", 0.25)


# --- ratings beside the market -------------------------------------------------------------------


def test_the_market_multiple_is_value_over_profit_at_todays_shares() -> None:
    """24 bn shares of before a 10:1 split, 121 USD after it: 29,040 over 1,452 is 20."""
    day = date(2024, 6, 11)
    facts = [
        *bars({date(2024, 6, 7): 1208.0, day: 121.0}), split(date(2024, 6, 10), 10),
        told("shares", "2024-05-01", date(2024, 5, 1), date="2024-05-01", shares_bn=24.0),
        told("shares", "2024-01-01", date(2024, 5, 2), date="2024-01-01", shares_bn=9.0),
    ]  # fmt: skip
    at = morning(day + timedelta(days=1))

    assert ratings.market_multiple(History(facts), at, 1452.0) == pytest.approx(20.0)
    assert ratings.market_multiple(History(facts), at, 0.0) is None
    assert ratings.market_multiple(History(facts[:2]), at, 1452.0) is None
    assert ratings.market_multiple(History(facts[3:]), at, 1452.0) is None


@pytest.mark.parametrize(
    ("chip", "part", "same"),
    [
        ("Nvidia H20", "H20", True), ("NVIDIA H20 96 GB", "h20 96", True),
        ("Nvidia H200", "H20", False), ("Nvidia H20", "A100", False),
    ],
)  # fmt: skip
def test_a_part_is_named_by_whole_words(chip: str, part: str, same: bool) -> None:
    assert ratings._same_part(chip, part) is same


def claim(hours: float, name: str = "a", **changes: Any) -> Any:
    at = datetime(2025, 1, 6, tzinfo=UTC) + timedelta(hours=hours)
    fields = {
        "event_id": name, "known_at": at, "occurred_at": at, "actor": "Zhipu", "confidence": 0.9,
        "headline": "Zhipu trained GLM-5 on Ascend", "owners": ("Reuters", "AFP"), **changes,
    }  # fmt: skip
    return make_event("domestic_chip_adoption", **fields)


def test_a_claim_stands_as_it_first_weighed_until_its_event_ends() -> None:
    first, surer = claim(1, confidence=0.6), claim(2)
    ended, again = claim(5, ended="refuted"), claim(7, ended="withdrawn")
    end = datetime(2025, 1, 7, tzinfo=UTC)

    (held,) = ratings.claims_at([surer, first, ended, again], end)
    assert (held.known_at, held.trust) == (first.known_at, pytest.approx(0.6 * 0.85))
    assert held.until == ended.known_at
    (standing,) = ratings.claims_at([surer, first, ended], first.known_at)
    assert standing.until is None
    assert ratings.claims_at([first], first.known_at - timedelta(seconds=1)) == ()
    assert ratings.claims_at([claim(1, ended="refuted")], end) == ()


def test_sizes_are_told_in_billions_and_read_in_ones() -> None:
    subject = ratings._subject(make_release(total_params_b=671.0, active_params_b=37.0), ())
    unsized = ratings._subject(make_release(total_params_b=None, active_params_b=None), ())

    assert (subject.total_params, subject.active_params) == (671e9, 37e9)
    assert (unsized.total_params, unsized.active_params) == (None, None)
    assert (subject.name, subject.weight_precision) == ("Model-1", "fp8")
    assert ratings._subject(make_release(source="hub"), ()).source == "hub"
