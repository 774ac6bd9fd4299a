"""What each voice doubts, tells and asks, and the shared tools: figures by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from engine.errors import ConfigError, DataError
from engine.values import Evidence
from strategies.base import (
    Param,
    Strategy,
    decay,
    fade_latest,
    levels_of,
    only_where,
    param_problem,
    squash,
    with_defaults,
)
from strategies.baselines import BuyAndHold, Cash, RandomSameTurnover
from strategies.demand import Demand
from strategies.earnings_surprise import EarningsSurprise
from strategies.export_policy import ExportPolicy
from strategies.fp8_threat import Fp8Threat
from strategies.rate_path import RatePath
from strategies.trend import Trend
from strategies.valuation_cap import ValuationCap, sustainable_pct
from tests.strategies.test_known_scores import inputs, score_of

NAN = math.nan


def defaults(strategy: Strategy, **changes: float) -> dict[str, float]:
    return with_defaults(strategy, changes, where="test")


def levels(strategy: Strategy, **changes: list[float]) -> Mapping[str, Any]:
    rows = {name: np.array(values[:2]) for name, values in inputs(1).items()}
    rows |= {name: np.array(values) for name, values in changes.items()}
    return levels_of(strategy, rows, defaults(strategy))


# --- doubt ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "doubt"),
    [
        (ExportPolicy(), 0.2), (RatePath(), 0.25), (ValuationCap(), 0.35),
        (EarningsSurprise(), 0.4), (Trend(), 0.3), (Demand(), 0.35), (BuyAndHold(), 0.0),
        (Cash(), 0.0), (RandomSameTurnover(), 1.0),
    ],
    ids=lambda x: getattr(x, "name", ""),
)  # fmt: skip
def test_a_voice_doubts_itself_by_what_its_docstring_says(strategy: Strategy, doubt: float) -> None:
    found = strategy.doubt(levels(strategy), defaults(strategy))
    assert found.tolist() == [doubt, doubt]


def test_the_threat_doubts_itself_by_the_width_of_its_ratings() -> None:
    """1.5 % of 3 %; never below 0.1 nor above 1: 0.15 % and 6 %."""
    voice = Fp8Threat()
    for width, doubt in ((1.5, 0.5), (0.15, 0.1), (6.0, 1.0)):
        told = levels(voice, threat_doubt_pct=[width, 0.0], threat_impulse_pct=[1.0, 0.0])
        assert float(voice.doubt(told, defaults(voice))[0]) == pytest.approx(doubt)
    told = levels(voice, threat_doubt_pct=[3.0, 0.0], threat_impulse_pct=[1.0, 0.0])
    half = 0.5 ** (1 / 63)
    assert told["rating_doubt_pct"] == pytest.approx([3.0, 3.0 * half])


# --- evidence ------------------------------------------------------------------------------------


def told(evidence: tuple[Evidence, ...]) -> list[tuple[dict[str, Any], str]]:
    """What fills each sentence, and its source."""
    return [(dict(e.text.args), e.source) for e in evidence]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("strategy", "at", "expected"),
    [
        (
            Trend(), {"trend_gap_pct": 4.0, "volatility_pct": 30.0},
            [({"gap": 4.0, "vol": 30.0}, "prices")],
        ),
        (
            Demand(), {"guided_growth_pct": 5.0, "buyers_news_pct": -2.0},
            [({"growth": 5.0}, "nvidia_earnings"), ({"news": -2.0}, "chip_events")],
        ),
        (
            EarningsSurprise(), {"guide_surprise_pct": 3.0},
            [({"surprise": 3.0}, "nvidia_earnings")],
        ),
        (
            RatePath(), {"expected_path_bps": -50.0, "surprise_effect_pct": 1.0},
            [({"path": -50.0, "effect": 1.0}, "engine.macro.fedwatch")],
        ),
        (
            Fp8Threat(), {"revenue_at_risk_pct": 2.0, "chip_news_pct": -0.5, "rated_loss_pct": 9.0},
            [({"risk": 2.0, "chips": 1.0}, "engine.threat.rating")],  # at a weight of 2
        ),
        (
            ExportPolicy(),
            {"policy_pressure_pct": -3.0, "china_access": 0.35, "us_gate": 1.0, "china_gate": 0.35},
            [
                ({"pressure": -3.0}, "chip_events, export_policy_events"),
                ({"us": 1.0, "cn": 0.35}, "china_availability"),
            ],
        ),
        (
            ExportPolicy(),
            {"policy_pressure_pct": -3.0, "china_access": NAN, "us_gate": NAN, "china_gate": 1.0},
            [({"pressure": -3.0}, "chip_events, export_policy_events")],
        ),
        (
            ValuationCap(),
            {"market_cap_usd_tn": 4.4, "ceiling_usd_tn": 4.0, "implied_growth_pct": 20.0,
             "delivered_growth_pct": NAN},
            [({"cap": 4.4, "ceiling": 4.0}, "nvidia_market_cap, prices")],
        ),
    ],
    ids=lambda x: getattr(x, "name", ""),
)  # fmt: skip
def test_a_sentence_is_filled_with_its_own_figures(
    strategy: Strategy, at: dict[str, float], expected: list[Any]
) -> None:
    changes = {"domestic_weight": 2.0} if strategy.name == "fp8_threat" else {}
    assert told(strategy.evidence(at, defaults(strategy, **changes))) == expected


@pytest.mark.parametrize(
    ("strategy", "at", "sentences"),
    [
        (
            Trend(), {"trend_gap_pct": 4.3, "volatility_pct": 30.4},
            ["NVDA stands +4.3% from its 200-session mean, at 30% volatility"],
        ),
        (
            Demand(), {"guided_growth_pct": 5.0, "buyers_news_pct": -2.0},
            [
                "Nvidia guides +5.0% on the quarter it reported last",
                "News on what buyers spend and on other chips, faded: -2.0% of data-centre revenue",
            ],
        ),
        (
            EarningsSurprise(), {"guide_surprise_pct": 3.0},
            ["Guidance against consensus, beyond the usual beat and faded: 3.0%"],
        ),
        (
            RatePath(), {"expected_path_bps": -50.0, "surprise_effect_pct": 1.0},
            [
                "Markets expect the policy rate to move by -50 bp over one to two years; "
                "recent Fed surprises still count for 1.0% of the share price",
            ],
        ),
        (
            Fp8Threat(), {"revenue_at_risk_pct": 2.0, "chip_news_pct": -0.5, "rated_loss_pct": 9.0},
            [
                "Releases put 2.0% of Nvidia's data-centre revenue at risk after fading, of which "
                "0.5% stem from news on home-grown chips",
            ],
        ),
        (
            ExportPolicy(),
            {"policy_pressure_pct": -3.0, "china_access": 0.35, "us_gate": 1.0, "china_gate": 0.35},
            [
                "Faded policy news is worth -3.0% of the share price",
                "Gates for sales to China: US permission 100% open, Chinese acceptance 35% open",
            ],
        ),
        (
            ValuationCap(),
            {"market_cap_usd_tn": 4.4, "ceiling_usd_tn": 4.0, "implied_growth_pct": 20.0,
             "delivered_growth_pct": 3.5},
            [
                "Market value $4.40tn against a ceiling of $4.00tn",
                "The price implies 20.0% growth a year for ten years; delivered growth of 4% would "
                "fade into 3.5%",
            ],
        ),
        (BuyAndHold(), {}, ["Buy and hold, whatever happens"]),
        (Cash(), {}, ["Cash, whatever happens"]),
        (RandomSameTurnover(), {}, ["A coin was tossed"]),
    ],
    ids=lambda x: getattr(x, "name", ""),
)  # fmt: skip
def test_a_sentence_is_said_in_its_units(
    strategy: Strategy, at: dict[str, float], sentences: list[str]
) -> None:
    """A share in per cent, a path in basis points, a value in trillions."""
    assert [str(e.text) for e in strategy.evidence(at, defaults(strategy))] == sentences


def test_the_valuation_tells_what_growth_would_fade_into() -> None:
    """At the terminal rate of 3.5 % nothing fades: 3.5 % for ten years."""
    at = {"market_cap_usd_tn": 4.4, "ceiling_usd_tn": 4.0, "implied_growth_pct": 20.0,
          "delivered_growth_pct": 3.5}  # fmt: skip
    _, (filled, source) = told(ValuationCap().evidence(at, defaults(ValuationCap())))

    assert source == "reverse DCF"
    assert (filled["implied"], filled["delivered"]) == (20.0, 3.5)
    assert filled["sustainable"] == pytest.approx(3.5)


# --- levels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "params", "rows", "expected"),
    [
        (
            # half-life 1: 2, then 1 + 4 = 5; chips 3, then 1.5 - 1 = 0.5, at a weight of 2
            Fp8Threat(), {"half_life_sessions": 1.0, "domestic_weight": 2.0},
            {
                "threat_impulse_pct": [2.0, 4.0, NAN, 0.0], "domestic_impulse_pct": [3, -1, 0, 0],
                "threat_doubt_pct": [1.0, 0.5, 0.0, NAN], "domestic_alone_pct": [-1, 0, 0, -0.5],
            },
            {
                "revenue_at_risk_pct": [2 - 6, 5 - 1, NAN, 1.25 - 0.25],
                "rated_loss_pct": [2.0, 5.0, NAN, 1.25], "chip_news_pct": [3.0, 0.5, NAN, 0.125],
                "rating_doubt_pct": [1.0, 1.0, NAN, 0.25], "lone_news_pct": [2.0, 0.0, 0.0, 1.0],
            },
        ),
        (
            # -8, then -4 + 0.5 * 2 once excluded, then half of it; access 0.5 * 0.35
            ExportPolicy(), {"half_life_sessions": 1.0, "excluded_multiplier": 0.5},
            {
                "policy_impulse_pct": [-8, 2.0, 0.0, NAN], "policy_alone_pct": [-6.0, -2, 0.0, -1],
                "us_gate": [1.0, 0.5, 0.0, NAN], "china_gate": [0.35, 0.35, 1.0, 1.0],
                "china_excluded": [0.0, 1.0, 1.0, 0.0],
            },
            {
                "policy_pressure_pct": [-8.0, -3.0, -1.5, NAN],
                "policy_alone_pct": [-6.0, -1.0, 0.0, -1.0],
                "china_access": [0.35, 0.175, 0.0, NAN], "us_gate": [1.0, 0.5, 0.0, NAN],
                "china_gate": [0.35, 0.35, 1.0, 1.0], "china_excluded": [0.0, 1.0, 1.0, 0.0],
            },
        ),
        (
            # -4 % a 100 bp at a beta of 2: 25 bp are -2 %, 50 bp -4, of which 3 at most; then fade
            RatePath(),
            {"half_life_sessions": 1.0, "index_pct_per_100bp": -4.0, "beta": 2.0, "cap_pct": 3.0},
            {"expected_path_bps": [10, NAN, 30, 40], "fed_surprise_bps": [25.0, 50.0, -50.0, 0.0]},
            {
                "expected_path_bps": [10.0, NAN, 30.0, 40.0],
                "surprise_effect_pct": [-2.0, NAN, -2.0 + 3.0, 0.5],  # -1 - 3 = -4 in between
            },
        ),
        (
            Demand(), {"half_life_sessions": 1.0},
            {
                "guided_growth_pct": [5.0, 6.0, NAN], "demand_impulse_pct": [4.0, NAN, 1.0],
                "demand_alone_pct": [0.0, -2.0, -1.0],
            },
            {
                "guided_growth_pct": [5.0, 6.0, NAN], "buyers_news_pct": [4.0, NAN, 2.0],
                "demand_alone_pct": [0.0, -2.0, -1.0],
            },
        ),
        (
            # 5 beyond a usual 3 is 2, then half of it; of 8 told two sessions ago a quarter
            EarningsSurprise(), {"half_life_sessions": 1.0, "usual_beat_pct": 3.0},
            {"guide_surprise_pct": [5.0, 0.0, 11.0, NAN], "guide_age_sessions": [0, 0, 2.0, 0]},
            {"guide_surprise_pct": [2.0, 1.0, 2.0, NAN]},
        ),
        (
            # 3 trillion at sales of 100: 1.5 at half of them
            ValuationCap(), {"ceiling_usd_tn": 3.0, "ceiling_at_sales_usd_bn": 100.0},
            {
                "market_cap_usd_tn": [1.0, 2.0], "implied_growth_pct": [10.0, NAN],
                "delivered_growth_pct": [30.0, 40.0], "trailing_revenue_usd_bn": [50.0, NAN],
            },
            {
                "market_cap_usd_tn": [1.0, 2.0], "implied_growth_pct": [10.0, NAN],
                "delivered_growth_pct": [30.0, 40.0], "ceiling_usd_tn": [1.5, NAN],
            },
        ),
        (
            Trend(), {}, {"trend_gap_pct": [1.0, NAN], "volatility_pct": [NAN, 30.0]},
            {"trend_gap_pct": [1.0, NAN], "volatility_pct": [NAN, 30.0]},
        ),
    ],
    ids=lambda x: getattr(x, "name", ""),
)  # fmt: skip
def test_every_level_of_a_voice_by_hand(
    strategy: Strategy,
    params: dict[str, float],
    rows: dict[str, list[float]],
    expected: dict[str, list[float]],
) -> None:
    """Away from the defaults; what was not observed keeps fading behind its hole."""
    arrays = {name: np.array(values, dtype=float) for name, values in rows.items()}
    found = levels_of(strategy, arrays, defaults(strategy, **params))

    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, nan_ok=True), name


@pytest.mark.parametrize(
    ("strategy", "params", "at", "score"),
    [
        # ln 1.1 over sigma sqrt(200 / 3): 80 % a year is 0.05040 a day, 0.41148 of 200; twice the
        # calm volatility of 40; over a scale of 2
        (
            Trend(), {"scale_sd": 2.0, "calm_vol_pct": 40.0},
            {"trend_gap_pct": 10.0, "volatility_pct": 80.0},
            0.5 * math.tanh(math.log(1.1) / (0.8 / math.sqrt(252) * math.sqrt(200 / 3)) / 2),
        ),
        (Trend(), {}, {"trend_gap_pct": 0.0, "volatility_pct": 80.0}, 0.0),
        (
            Demand(), {"ordinary_growth_pct": 5.0, "scale_pct": 4.0},
            {"guided_growth_pct": 8.0, "buyers_news_pct": -1.0}, math.tanh(0.5),
        ),
        (
            EarningsSurprise(), {"scale_pct": 4.0}, {"guide_surprise_pct": -2.0}, -math.tanh(0.5),
        ),
        # -2 % a 100 bp of 150 bp is -3; less an effect of 1 over a scale of 8
        (
            RatePath(), {"path_pct_per_100bp": -2.0, "scale_pct": 8.0},
            {"expected_path_bps": 150.0, "surprise_effect_pct": -1.0}, -math.tanh(0.5),
        ),
        (
            Fp8Threat(), {"scale_pct": 4.0}, {"revenue_at_risk_pct": 2.0}, -math.tanh(0.5),
        ),
        # 0.5 of a weight of 0.8 at an access of a quarter: 0.3
        (
            ExportPolicy(), {"scale_pct": 4.0, "access_weight": 0.8, "excluded_multiplier": 0.5},
            {"policy_pressure_pct": 2.0, "china_access": 0.25, "china_excluded": 1.0},
            math.tanh(0.5) - 0.3,
        ),
        (
            ExportPolicy(), {"scale_pct": 1.0, "access_weight": 1.0},
            {"policy_pressure_pct": -9.0, "china_access": 0.0, "china_excluded": 0.0}, -1.0,
        ),
        # growth of 30 capped at 5, which is terminal: 10 asked for is 5 beyond, over a scale of 10;
        # e^0.2 times the ceiling at a weight of 0.5
        (
            ValuationCap(),
            {"growth_cap_pct": 5.0, "terminal_growth_pct": 5.0, "ceiling_weight": 0.5},
            {"implied_growth_pct": 10.0, "delivered_growth_pct": 30.0,
             "market_cap_usd_tn": 4.0 * math.exp(0.2), "ceiling_usd_tn": 4.0},
            -math.tanh(0.5) - 0.1,
        ),
        (
            ValuationCap(), {"terminal_growth_pct": 5.0, "growth_scale_pp": 20.0},
            {"implied_growth_pct": -5.0, "delivered_growth_pct": 5.0, "market_cap_usd_tn": 1.0,
             "ceiling_usd_tn": 4.0},
            math.tanh(0.5),
        ),
        (
            ValuationCap(), {"ceiling_weight": 9.0},
            {"implied_growth_pct": 30.0, "delivered_growth_pct": 5.0, "market_cap_usd_tn": 8.0,
             "ceiling_usd_tn": 4.0},
            -1.0,
        ),
    ],
    ids=lambda x: getattr(x, "name", ""),
)  # fmt: skip
def test_a_score_by_hand_away_from_the_defaults(
    strategy: Strategy, params: dict[str, float], at: dict[str, float], score: float
) -> None:
    arrays = {name: np.array([value]) for name, value in at.items()}
    assert strategy.score(arrays, defaults(strategy, **params)) == pytest.approx([score])


@pytest.mark.parametrize(
    ("delivered", "years", "expected"),
    [
        (30.0, 1, 10.0 + 5.0),  # capped at 20: 10 above 10, halved within the year
        (10.0, 7, 10.0),
        (-10.0, 1, 10.0 - 10.0),
        (20.0, 2, 100 * (math.sqrt(1.15 * 1.125) - 1)),
    ],
)
def test_what_growth_fades_into_by_hand(delivered: float, years: int, expected: float) -> None:
    """Terminal 10 %, at most 20 % carried on, half of what is above in a year."""
    p = defaults(
        ValuationCap(), growth_cap_pct=20.0, fade_half_life_years=1.0, terminal_growth_pct=6.0
    ) | {"terminal_growth_pct": 10.0}
    found = sustainable_pct(np.array([delivered]), p, years)

    assert found == pytest.approx([expected])


# --- edges of the voices -------------------------------------------------------------------------


def test_only_what_scales_another_level_is_not_asked() -> None:
    asked = {
        name: level.asked
        for strategy in (Trend(), Demand(), RatePath(), ValuationCap(), ExportPolicy(), Fp8Threat())
        for name, level in strategy.levels_spec.items()
    }
    assert [name for name, yes in asked.items() if not yes] == ["volatility_pct"]


def test_a_trend_without_volatility_is_measured_at_a_hundredth_of_a_per_cent() -> None:
    """1e-4 sqrt(200/3) = 0.000816: ln(1.0001) is 0.12 of it."""
    found = score_of(Trend(), {"trend_gap_pct": [0.01], "volatility_pct": [0.0]})

    assert found[0] == pytest.approx(math.tanh(math.log(1.0001) / (1e-4 * math.sqrt(200 / 3))))


def test_a_ceiling_at_no_sales_stays_where_it_is() -> None:
    rows = {name: values[:1] for name, values in inputs(1).items()}
    p = defaults(ValuationCap(), ceiling_at_sales_usd_bn=0.0)
    arrays = {name: np.array(values) for name, values in rows.items()}

    assert levels_of(ValuationCap(), arrays, p)["ceiling_usd_tn"].tolist() == [4.0]
    drifts = levels_of(ValuationCap(), arrays | {"trailing_revenue_usd_bn": np.array([330.0])},
                       defaults(ValuationCap()))  # fmt: skip
    assert drifts["ceiling_usd_tn"].tolist() == [8.0]


def test_a_correction_stands_as_faded_as_if_told_with_the_report() -> None:
    """6 % four sessions late, of which 2 are usual, at a half-life of 4: half of it; then on."""
    voice = EarningsSurprise()
    p = defaults(voice, half_life_sessions=4.0)
    rows = {
        "guide_surprise_pct": np.array([0.0, 6.0, 0.0, 0.0, NAN]),
        "guide_age_sessions": np.array([0.0, 4.0, 0.0, 1.0, 0.0]),
    }
    found = levels_of(voice, rows, p)["guide_surprise_pct"]

    # a correction to exactly 0 % at row 3 (age 1): (0 - 2) faded by a session
    expected = [0.0, 2.0, 2.0 * 0.5**0.25, -2.0 * 0.5**0.25, NAN]
    assert found == pytest.approx(expected, nan_ok=True)


def test_lone_news_is_taken_off_with_what_damps_it() -> None:
    """-4 % of one owner: 0.4 of it once China is excluded; chips at their weight, turned round."""
    policy = levels(ExportPolicy(), policy_alone_pct=[-4.0, -4.0], china_excluded=[0.0, 1.0])
    assert policy["policy_alone_pct"] == pytest.approx([-4.0, -1.6])
    threat = levels(Fp8Threat(), domestic_alone_pct=[-1.0, 0.0])
    assert threat["lone_news_pct"] == pytest.approx([1.0, 0.0])
    apart = Fp8Threat().confirmed(threat)
    assert apart["revenue_at_risk_pct"] == pytest.approx(
        threat["revenue_at_risk_pct"] - np.array([1.0, 0.0])
    )
    quiet = levels(Fp8Threat(), domestic_alone_pct=[NAN, 0.0])
    assert Fp8Threat().confirmed(quiet) is quiet
    assert [v().lone for v in (Demand, ExportPolicy, Fp8Threat)] == [
        {"buyers_news_pct": "demand_alone_pct"}, {"policy_pressure_pct": "policy_alone_pct"},
        {"revenue_at_risk_pct": "lone_news_pct"},
    ]  # fmt: skip
    assert not any(v().lone for v in (Trend, RatePath, ValuationCap, EarningsSurprise))


def test_what_was_not_observed_makes_its_voice_silent_and_no_other() -> None:
    """Row 1 lacks one input; row 0 speaks."""
    cases = {
        Trend(): ("trend_gap_pct", "volatility_pct"),
        Demand(): ("guided_growth_pct", "demand_impulse_pct"),
        RatePath(): ("expected_path_bps",),
        ExportPolicy(): ("policy_impulse_pct", "us_gate", "china_gate"),
        Fp8Threat(): ("threat_impulse_pct",),
        EarningsSurprise(): ("guide_surprise_pct",),
        ValuationCap(): ("market_cap_usd_tn", "implied_growth_pct", "delivered_growth_pct"),
    }
    for strategy, names in cases.items():
        for name in names:
            rows = {key: values[:2] for key, values in inputs(1).items()}
            rows[name] = [rows[name][0], NAN]
            assert np.isnan(score_of(strategy, rows)).tolist() == [False, True], name


# --- yardsticks ----------------------------------------------------------------------------------


def test_the_yardsticks_say_what_they_are() -> None:
    for strategy, score in ((BuyAndHold(), 1.0), (Cash(), -1.0)):
        assert score_of(strategy, {"trend_gap_pct": [1.0, 2.0, 3.0]}).tolist() == [score] * 3
    for voice in (BuyAndHold(), Cash(), RandomSameTurnover()):
        assert [e.source for e in voice.evidence({}, {})] == ["baseline"]


def test_a_coin_takes_any_seed_of_31_bits_and_a_change_a_session() -> None:
    bounds = {n: (p.default, p.low, p.high) for n, p in RandomSameTurnover.params.items()}
    assert bounds == {"changes_per_year": (6, 0, 252), "seed": (1, 0, 2_147_483_648)}


def test_a_coin_switches_where_its_number_is_below_the_chance() -> None:
    """Of 252 a year every session, of none never; starts invested."""
    rows = {"trend_gap_pct": [0.0] * 6}

    always = score_of(RandomSameTurnover(), rows, changes_per_year=252.0)
    assert always.tolist() == [-1.0, 1.0, -1.0, 1.0, -1.0, 1.0]
    assert score_of(RandomSameTurnover(), rows, changes_per_year=0.0).tolist() == [1.0] * 6
    draws = np.random.default_rng(7).random(6)
    expected = np.where(np.cumsum(draws < 0.5) % 2 == 0, 1.0, -1.0)
    some = score_of(RandomSameTurnover(), rows, changes_per_year=126.0, seed=7.0)
    assert some.tolist() == expected.tolist()


# --- tools ---------------------------------------------------------------------------------------


def test_what_fades_halves_by_its_half_life_and_adds_up() -> None:
    """8, then 8 / 2 + 4 a half-life of one on; a hole brings nothing."""
    assert decay(np.array([8.0, 4.0, NAN, 0.0]), 1.0).tolist() == [8.0, 8.0, 4.0, 2.0]
    several = decay(np.array([8.0, 4.0, NAN, 0.0]), np.array([[1.0], [2.0]]))
    assert several[0].tolist() == [8.0, 8.0, 4.0, 2.0]
    root = math.sqrt(0.5)
    assert several[1] == pytest.approx([8.0, 8 * root + 4, 4 + 4 * root, 4 * root + 2])


def test_the_latest_word_takes_the_place_of_what_was_left() -> None:
    heard = np.array([False, True, False, True])
    found = fade_latest(np.array([9.0, 8.0, 9.0, 1.0]), heard, 1.0)

    assert found.tolist() == [0.0, 8.0, 4.0, 1.0]


def test_squash_is_tanh_and_unknown_stays_unknown() -> None:
    assert squash(np.array([0.5, NAN])) == pytest.approx([math.tanh(0.5), NAN], nan_ok=True)
    kept = only_where(np.array([1.0, NAN]), np.array([5.0, 6.0]))
    assert kept == pytest.approx([5.0, NAN], nan_ok=True)


PARAM = Param(default=1.0, low=0.0, high=2.0, unit="%", source="made up")


def test_a_range_is_told_in_words() -> None:
    assert PARAM.allowed == "from 0 to 2 %"
    opened = Param(default=1.0, low=0.0, high=2.0, unit="", source="made up", open_low=True)
    assert opened.allowed == "greater than 0 to 2"
    assert [opened.allows(x) for x in (0.0, 1e-9, 2.0, 2.1)] == [False, True, True, False]
    assert not PARAM.effect


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("scale_sd", 1.0, None),
        ("scale_sd", 1, None),
        ("scale_sd", True, "trend.scale_sd = True; allowed: greater than 0 to 10"),
        ("scale_sd", "1", "trend.scale_sd = '1'"),
        ("scale_sd", 11.0, "trend.scale_sd = 11.0"),
        ("scale_ds", 1.0, "trend has no parameter 'scale_ds'; did you mean 'scale_sd'?"),
        ("zzzzzzzz", 1.0, "trend has no parameter 'zzzzzzzz'"),
    ],
)
def test_what_is_wrong_with_a_parameter_is_said(name: str, value: object, said: str | None) -> None:
    found = param_problem(Trend(), name, value)
    assert found is None if said is None else found is not None and found.startswith(said)


def test_every_wrong_parameter_is_told_at_once_with_its_place() -> None:
    with pytest.raises(ConfigError) as caught:
        with_defaults(Trend(), {"scale_sd": 0.0, "no": 1.0}, where="here")
    assert len(caught.value.problems) == 2
    assert all(problem.startswith("here: trend") for problem in caught.value.problems)
    assert with_defaults(Trend(), {"scale_sd": 2}, where="here") == {
        "scale_sd": 2.0, "calm_vol_pct": 50.0
    }  # fmt: skip


class Peeking(Trend):
    """Reads what it does not declare."""

    def levels(self, features: Mapping[str, Any], p: Mapping[str, Any]) -> dict[str, Any]:
        return {"x": features["vix"]}


def test_a_strategy_sees_what_it_declares_alone() -> None:
    rows = {name: np.zeros(2) for name in ("trend_gap_pct", "volatility_pct", "vix")}
    with pytest.raises(DataError, match="reads 'vix' without declaring it"):
        levels_of(Peeking(), rows, {})

    class Counting(Trend):
        def levels(self, features: Mapping[str, Any], p: Mapping[str, Any]) -> dict[str, Any]:
            assert (list(features), len(features)) == (["trend_gap_pct", "volatility_pct"], 2)
            return super().levels(features, p)

    assert set(levels_of(Counting(), rows, {})) == {"trend_gap_pct", "volatility_pct"}


def test_a_bare_strategy_says_that_it_cannot_score() -> None:
    class Bare(Strategy):
        name = "bare"
        needs = frozenset()

    with pytest.raises(NotImplementedError, match="Bare does not say how to score"):
        Bare().score({}, {})
    with pytest.raises(NotImplementedError, match="how much to doubt"):
        Bare().doubt({}, {})
    assert Bare().evidence({}, {}) == ()
