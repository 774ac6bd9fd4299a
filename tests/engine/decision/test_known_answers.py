"""Features against answers worked out by hand: from a few rows of facts to the number expected."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from engine.clock import from_micros
from engine.decision.features import FEATURES, RatedRelease
from engine.decision.rates import KnownRates, _Surprises
from engine.record.readings import Observation
from engine.values import Event, Fact, Stage, ThreatRating
from strategies.base import with_defaults
from strategies.earnings_surprise import EarningsSurprise
from tests.builders import make_event
from tests.engine.decision.small_worlds import (
    bars,
    features,
    grid_of,
    morning,
    report,
    split,
    told,
    weekdays,
)

MONDAY = date(2025, 1, 6)


def test_every_feature_is_told_of_and_has_a_row_a_session() -> None:
    """On a record that holds nothing: what needs facts is unknown, what counts news is nothing."""
    days = weekdays(MONDAY, 3)
    made = features(days, [])
    plain = {name: array.tolist() for name, array in made.items() if not np.isnan(array).any()}

    assert made.keys() == FEATURES.keys()
    assert {array.shape for array in made.values()} == {(3,)}
    assert plain.keys() == {
        "policy_alone_pct", "domestic_alone_pct", "demand_alone_pct", "threat_doubt_pct",
        "china_excluded", "guide_age_sessions", "fed_surprise_bps",
    }  # fmt: skip
    assert all(array == [0.0, 0.0, 0.0] for array in plain.values())


# --- prices --------------------------------------------------------------------------------------

SPLIT_ON = date(2024, 6, 10)
AROUND_SPLIT = {
    date(2024, 6, 6): 1209.98,
    date(2024, 6, 7): 1208.88,
    SPLIT_ON: 121.79,
    date(2024, 6, 11): 120.91,
}
"""Raw closes of NVDA around its 10-for-1 split."""


def test_a_split_on_its_ex_date_is_no_fall_and_no_rise() -> None:
    """Row t knows the close of the session before, in shares of its own day."""
    days = [*AROUND_SPLIT, date(2024, 6, 12)]
    made = features(days, [*bars(AROUND_SPLIT), split(SPLIT_ON, 10)])

    # on 2024-06-07: 1209.98 of the 6th; on the 10th, after the split: 1208.88 / 10; then as traded
    close = [np.nan, 1209.98, 120.888, 121.79, 120.91]
    assert made["nvda_close_usd"] == pytest.approx(close, nan_ok=True)
    # ln(1208.88/1209.98), then ln(121.79/120.888), then ln(120.91/121.79)
    returns = [np.nan, np.nan, -0.000909520, 0.007433751, -0.007251786]
    assert made["nvda_return"] == pytest.approx(returns, abs=1e-8, nan_ok=True)


def test_trend_and_volatility_go_through_a_split_as_if_there_were_none() -> None:
    """The same closes, told in old shares before the ex-date and in new ones after it."""
    days = weekdays(date(2023, 10, 2), 181)
    place = days.index(SPLIT_ON)
    traded = {d: 100.0 + 7.0 * math.sin(i) for i, d in enumerate(days)}
    raw = {d: c * (10.0 if i < place else 1.0) for i, (d, c) in enumerate(traded.items())}
    told_in_old = features(days, [*bars(raw), split(SPLIT_ON, 10)])
    plain = features(days, bars(traded))

    for name in ("trend_gap_pct", "volatility_pct", "nvda_return"):
        assert told_in_old[name] == pytest.approx(plain[name], nan_ok=True)
        assert np.isfinite(told_in_old[name][place - 2 :]).all()


def test_volatility_is_the_deviation_of_twenty_returns_times_the_root_of_252() -> None:
    """Ten returns of +2 % and ten of -2 %: sd = 0.02 sqrt(20/19); times sqrt(252) 32.574 %."""
    days = weekdays(MONDAY, 23)
    # an earlier move of 10 % lies before the twenty returns of the last row
    closes = [90.0, *(100.0 * math.exp(0.02 * (i % 2)) for i in range(21))]
    made = features(days, bars(dict(zip(days, closes, strict=False))))

    assert made["volatility_pct"][-1] == pytest.approx(32.57381, abs=1e-4)
    # a row that knows ten closes has nine returns, one that knows eleven has ten: half of twenty
    assert np.isnan(made["volatility_pct"][10])
    assert np.isfinite(made["volatility_pct"][11])


def test_the_trend_gap_is_against_the_mean_of_two_hundred_closes() -> None:
    """199 closes of 100 and one of 110: mean 100.05, gap 110/100.05 - 1 = 9.9450 %."""
    days = weekdays(date(2024, 1, 1), 211)
    closes = [90.0] * 10 + [100.0] * 199 + [110.0]  # the ten oldest lie before the window
    made = features(days, bars(dict(zip(days, closes, strict=False))))

    assert made["trend_gap_pct"][-1] == pytest.approx(9.945027, abs=1e-6)
    # 119 closes are too few, 120 are enough: (10 * 90 + 110 * 100) / 120 = 99.1667
    assert np.isnan(made["trend_gap_pct"][119])
    assert made["trend_gap_pct"][120] == pytest.approx(0.840336, abs=1e-6)


def test_a_session_without_a_close_lies_between_its_neighbours_in_the_mean() -> None:
    """120 closes of 100, a hole, then 121: 110 = sqrt(100 * 121) in the hole.

    A mean of (120 * 100 + 110 + 121) / 122, and no return across the hole.
    """
    days = weekdays(date(2024, 1, 1), 124)
    closes = dict(zip(days, [*[100.0] * 120, math.nan, 121.0], strict=False))
    told_ = {day: close for day, close in closes.items() if not math.isnan(close)}
    made = features(days[:123], bars(told_))

    mean = (120 * 100 + 110 + 121) / 122
    assert made["trend_gap_pct"][122] == pytest.approx(100 * (121 / mean - 1))
    assert np.isnan(made["nvda_return"][122])
    assert made["volatility_pct"][122] == 0.0


def test_market_value_does_not_move_by_a_split() -> None:
    """2.5 bn old shares at 1209.98; then 25 bn new ones at 120.888: 3.022 trillion."""
    count = told("shares", "2024-05-29", date(2024, 5, 29), date="2024-05-29", shares_bn=2.5)
    made = features(list(AROUND_SPLIT), [*bars(AROUND_SPLIT), split(SPLIT_ON, 10), count])

    expected = [np.nan, 3.02495, 3.0222, 3.04475]
    assert made["market_cap_usd_tn"] == pytest.approx(expected, nan_ok=True)


# --- earnings ------------------------------------------------------------------------------------

QUARTERS = (
    ("FY2024Q1", "2023-04-30", "10"),
    ("FY2024Q2", "2023-07-30", "11"),
    ("FY2024Q3", "2023-10-29", "12"),
    ("FY2024Q4", "2024-01-28", "13"),
    ("FY2025Q1", "2024-04-28", "15"),
    ("FY2025Q2", "2024-07-28", "22"),
    ("FY2025Q3", "2024-10-27", "18"),
)


def of_reports(revenues: dict[str, str], leave_out: str = "") -> dict[str, list[float]]:
    """Quarter n reported in the evening of day 2n: the figures of the morning after each."""
    days = weekdays(MONDAY, 16)
    facts = [
        report(name, end, days[2 * i], revenues.get(name, revenue))
        for i, (name, end, revenue) in enumerate(QUARTERS)
        if name != leave_out
    ]
    made = features(days, facts)
    return {
        n: made[n][1:15:2].tolist() for n in ("delivered_growth_pct", "trailing_revenue_usd_bn")
    }


def test_growth_is_on_the_quarter_a_year_before_and_revenue_that_of_four_quarters() -> None:
    """15/10, 22/11, 18/12; 10+11+12+13 = 46, 51 = 11+12+13+15, 62 = 12+13+15+22, 68."""
    made = of_reports({})

    nan = math.nan
    growth = [nan, nan, nan, nan, 50.0, 100.0, 50.0]
    assert made["delivered_growth_pct"] == pytest.approx(growth, nan_ok=True)
    trailing = [nan, nan, nan, 46.0, 51.0, 62.0, 68.0]
    assert made["trailing_revenue_usd_bn"] == pytest.approx(trailing, nan_ok=True)


def test_a_report_without_revenue_leaves_unknown_what_needs_it_and_nothing_else() -> None:
    """Without the second quarter's: its own year on year, and every four quarters that hold it."""
    made = of_reports({"FY2024Q2": ""})

    nan = math.nan
    growth = [nan, nan, nan, nan, 50.0, nan, 50.0]
    assert made["delivered_growth_pct"] == pytest.approx(growth, nan_ok=True)
    trailing = [nan, nan, nan, nan, nan, 62.0, 68.0]
    assert made["trailing_revenue_usd_bn"] == pytest.approx(trailing, nan_ok=True)


def test_a_quarter_that_was_never_reported_is_no_other_quarter() -> None:
    """Without FY2024Q3 no four quarters in a row hold it, and 18 is not compared with 11."""
    made = of_reports({}, leave_out="FY2024Q3")

    assert made["delivered_growth_pct"][4:6] == pytest.approx([50.0, 100.0])
    assert math.isnan(made["delivered_growth_pct"][6])
    # 13 + 15 + 22 + 18 is the only year without a hole
    assert made["trailing_revenue_usd_bn"][6] == pytest.approx(68.0)
    assert np.isnan(made["trailing_revenue_usd_bn"][:6]).all()


def test_a_report_that_names_no_quarters_end_is_left_out_and_breaks_nothing() -> None:
    """It has no place among the quarters: the one before it still speaks."""
    days = weekdays(MONDAY, 6)
    nowhere = report("FY2025Q4", "", days[2], "10")
    placed = report("FY2025Q3", "2024-10-27", days[0], "18", next_q_guide_midpoint_usd_bn="9")
    payload = {k: v for k, v in nowhere.payload.items() if k != "period_end"}
    made = features(days, [placed, replace(nowhere, payload=payload)])

    assert made["guided_growth_pct"] == pytest.approx([np.nan, *[-50.0] * 5], nan_ok=True)


def test_the_guide_speaks_in_one_row_and_its_growth_until_the_next() -> None:
    """Guide of 9 on a quarter of 10: -10 %; 4 % below consensus, told once, and 0 after it."""
    days = weekdays(MONDAY, 4)
    guide = {"guide_vs_consensus_pct": "-4.0", "next_q_guide_midpoint_usd_bn": "9"}
    made = features(days, [report("FY2025Q4", "2025-01-26", days[0], "10", **guide)])

    assert made["guide_surprise_pct"] == pytest.approx([np.nan, -4.0, 0.0, 0.0], nan_ok=True)
    assert made["guided_growth_pct"] == pytest.approx([np.nan, -10, -10, -10], nan_ok=True)


def test_a_corrected_report_counts_from_its_own_hour_on_and_grows_no_younger() -> None:
    """9 on 10 becomes 9 on 12 two sessions later, and 4 % below consensus becomes 8 %."""
    days = weekdays(MONDAY, 5)
    first = {"guide_vs_consensus_pct": "-4.0", "next_q_guide_midpoint_usd_bn": "9"}
    later = {"guide_vs_consensus_pct": "-8.0", "next_q_guide_midpoint_usd_bn": "9"}
    made = features(
        days,
        [
            report("FY2025Q4", "2025-01-26", days[0], "10", **first),
            report("FY2025Q4", "2025-01-26", days[2], "12", **later),
        ],
    )
    nan = np.nan

    guided = [nan, -10.0, -10.0, -25.0, -25.0]
    assert made["guided_growth_pct"] == pytest.approx(guided, nan_ok=True)
    assert made["guide_surprise_pct"] == pytest.approx([nan, -4, 0, -8, 0], nan_ok=True)
    assert made["guide_age_sessions"].tolist() == [0, 0, 0, 2, 0]
    # 2 % is the usual beat: 10 % short of it, faded by two sessions as if told with the report
    p = with_defaults(EarningsSurprise(), {"half_life_sessions": 2.0}, where="test")
    level = EarningsSurprise().levels(made, p)["guide_surprise_pct"]
    assert level == pytest.approx([nan, -6, -6 * 0.5**0.5, -5, -5 * 0.5**0.5], nan_ok=True)


def test_a_corrected_guide_may_turn_out_as_everybody_expected() -> None:
    """0 % beyond consensus and the usual 2 %: the surprise that was told is gone, not kept."""
    days = weekdays(MONDAY, 4)
    told_ = [
        report("FY2025Q4", "2025-01-26", days[n], "10", guide_vs_consensus_pct=text)
        for n, text in ((0, "-4.0"), (1, "0.0"), (2, "2.0"))
    ]
    p = with_defaults(EarningsSurprise(), {"half_life_sessions": 1.0}, where="test")
    level = EarningsSurprise().levels(features(days, told_), p)["guide_surprise_pct"]

    assert level == pytest.approx([np.nan, -6, -1, 0], nan_ok=True)


def test_a_corrected_older_quarter_moves_growth_and_nothing_else() -> None:
    """24 on 12 of a year before is 100 %; on 16 it is 50 %; figures go stale when they would have.

    The older quarter's guide is no news, and its correction makes no report newer.
    """
    days = weekdays(MONDAY, 86)
    guide = {"guide_vs_consensus_pct": "5.0", "next_q_guide_midpoint_usd_bn": "30"}
    old = [
        report("FY2024Q4", "2024-01-28", on, revenue, guide_vs_consensus_pct=surprise)
        for on, revenue, surprise in (
            (date(2024, 2, 21), "12", "1.0"), (days[3], "16", "9.0"),
        )
    ]  # fmt: skip
    made = features(days, [*old, report("FY2025Q4", "2025-01-26", days[0], "24", **guide)])

    assert made["delivered_growth_pct"][1:6] == pytest.approx([100, 100, 100, 50, 50])
    assert made["guide_surprise_pct"][1:6] == pytest.approx([5, 0, 0, 0, 0])
    assert made["guided_growth_pct"][1:6] == pytest.approx([25.0] * 5)
    assert np.isfinite(made["delivered_growth_pct"][81])
    assert np.isnan(made["delivered_growth_pct"][82:]).all()


def test_a_report_is_overdue_by_the_date_as_it_is_known_then() -> None:
    """Moved a week out before it passes: nothing is missing until three days after the new one."""
    days = weekdays(MONDAY, 14)
    dates = [
        told("earnings_date", "FY2026Q1", known, fiscal_quarter="FY2026Q1", report_on=str(on))
        for known, on in ((days[0], days[2]), (days[1], days[7]))
    ]
    guide = {"next_q_guide_midpoint_usd_bn": "9"}
    last = report("FY2025Q4", "2025-01-26", days[0], "10", **guide)
    made = features(days, [last, *dates])["guided_growth_pct"]

    due = days[7] + timedelta(days=3)
    known = [day <= due for day in days[1:]]
    assert np.isfinite(made[1:]).tolist() == known
    assert not all(known)


def test_results_that_come_late_are_known_again_from_their_own_row_on() -> None:
    """Named for day 2; missing from the fourth day after it; told in the evening of day 9."""
    days = weekdays(MONDAY, 14)
    named = told(
        "earnings_date", "FY2026Q1", days[0], fiscal_quarter="FY2026Q1", report_on=str(days[2])
    )
    guide = {"next_q_guide_midpoint_usd_bn": "9"}
    before = report("FY2025Q4", "2025-01-26", days[0], "10", **guide)
    late = report("FY2026Q1", "2025-04-27", days[9], "12", **guide)
    found = features(days, [named, before, late])["guided_growth_pct"]

    # days[2] is a Wednesday: Saturday is the third day after it, so Monday's row, 5, lacks them
    nan = math.nan
    expected = [nan, -10, -10, -10, -10, nan, nan, nan, nan, nan, -25, -25, -25, -25]
    assert found == pytest.approx(expected, nan_ok=True)


def test_an_older_quarter_that_is_told_later_is_not_the_newest() -> None:
    """22 of the year's second quarter, then 10 of the year before: growth of 120 %, guide of 22."""
    days = weekdays(MONDAY, 5)
    guide = {"guide_vs_consensus_pct": "5.0"}
    found = features(
        days,
        [
            report("FY2025Q2", "2024-07-28", days[0], "22", next_q_guide_midpoint_usd_bn="33"),
            report(
                "FY2024Q2", "2023-07-30", days[2], "10", next_q_guide_midpoint_usd_bn="5", **guide
            ),
        ],
    )
    nan = math.nan
    assert found["delivered_growth_pct"] == pytest.approx([nan, nan, nan, 120, 120], nan_ok=True)
    assert found["guided_growth_pct"] == pytest.approx([nan, 50, 50, 50, 50], nan_ok=True)


def test_a_quarter_whose_end_is_taken_back_is_no_quarter_any_more() -> None:
    """18 guides 9; told again without its end, the one before it speaks: 20 guides 25."""
    days = weekdays(MONDAY, 5)
    first = report("FY2025Q2", "2024-07-28", days[0], "20", next_q_guide_midpoint_usd_bn="25")
    second = report("FY2025Q3", "2024-10-27", days[1], "18", next_q_guide_midpoint_usd_bn="9")
    payload = {k: v for k, v in second.payload.items() if k != "period_end"}
    gone = replace(second, known_at=second.known_at + timedelta(days=1), payload=payload)
    found = features(days, [first, second, gone])["guided_growth_pct"]

    assert found == pytest.approx([math.nan, 25, -50, 25, 25], nan_ok=True)


# --- gates ---------------------------------------------------------------------------------------


def spell(chip: str, on: date, us: str, china: str) -> Fact:
    return told(
        "availability", f"{chip}/{on}", on, chip=chip, from_date=str(on), us_permission=us,
        china_acceptance=china,
    )  # fmt: skip


def test_the_gates_are_those_of_the_best_part_not_of_the_most_barred() -> None:
    """A barred A100 beside an H20; a graphics card that may be sold keeps no data centre."""
    days = weekdays(MONDAY, 5)
    made = features(
        days,
        [
            spell("A100", days[0], "barred", "accepted"),
            spell("H20", days[1], "licence", "accepted"),
            spell("H20", days[2], "allowed", "discouraged"),
            spell("RTX 4090D", days[2], "allowed", "accepted"),
            spell("H20", days[3], "barred", "blocked"),
        ],
    )
    # day 1: A100 alone, 0 * 1; day 2: H20 0.5 * 1; day 3: 1 * 0.35; day 4: nothing, A100 again
    assert made["us_gate"] == pytest.approx([np.nan, 0.0, 0.5, 1.0, 0.0], nan_ok=True)
    assert made["china_gate"] == pytest.approx([np.nan, 1.0, 1.0, 0.35, 1.0], nan_ok=True)


def test_a_corrected_spell_counts_from_its_own_hour_on_and_stays_in_its_place() -> None:
    """The first spell of the H20 is corrected while the second stands: nothing moves; the second
    is corrected from barred to a licence: half open from the next row on, not before."""
    days = weekdays(MONDAY, 6)
    first, second = (
        spell("H20", days[0], "allowed", "accepted"),
        spell("H20", days[1], "barred", "accepted"),
    )

    def again(fact: Fact, row: int, us: str) -> Fact:
        known = spell("H20", days[row], us, "accepted").known_at
        return replace(fact, known_at=known, payload={**fact.payload, "us_permission": us})

    made = features(days, [first, second, again(first, 2, "licence"), again(second, 3, "licence")])

    assert made["us_gate"] == pytest.approx([np.nan, 1, 0, 0, 0.5, 0.5], nan_ok=True)


def test_a_corrected_step_no_longer_says_that_guidance_leaves_china_out() -> None:
    """Told on the second day, taken back on the fourth."""
    days = weekdays(MONDAY, 6)
    steps = [
        told("policy_event", "x", days[row], event=f"Nvidia guide assumes {what}")
        for row, what in ((1, "no China sales"), (3, "H20 sales"))
    ]

    assert features(days, steps)["china_excluded"].tolist() == [0, 0, 1, 1, 0, 0]


def test_one_step_that_leaves_china_out_does_so_whatever_others_say() -> None:
    """Another is told on the same day and one a day later; taken back on the fourth."""
    days = weekdays(MONDAY, 6)
    steps = [
        told("policy_event", key, days[row], event=f"Nvidia guide assumes {what}")
        for key, row, what in (
            ("a", 1, "H20 sales"), ("x", 1, "no China sales"), ("z", 2, "H20 sales"),
            ("x", 3, "H20 sales"),
        )
    ]  # fmt: skip

    assert features(days, steps)["china_excluded"].tolist() == [0, 0, 1, 1, 0, 0]


# --- news ----------------------------------------------------------------------------------------


def news(days: list[date], row: int, name: str = "a", **changes: Any) -> Event:
    """Told by two owners an hour before the decision of ``row``: a bar of 6 % unless told so."""
    known = morning(days[row]) - timedelta(hours=1)
    fields: dict[str, Any] = {
        "event_type": "export_restriction", "event_id": name, "actor": "US government",
        "direction": -1, "stage": Stage.ANNOUNCED, "confidence": 1.0, "occurred_at": known,
        "known_at": known, "headline": name, "objects": ("h20",),
        "owners": ("Reuters", "Bloomberg"), "n_sources": 2, **changes,
    }  # fmt: skip
    return make_event(**fields)


def policy(events: list[Event], days: list[date], facts: list[Fact] | None = None) -> list[float]:
    return features(days, facts or [], events=events)["policy_impulse_pct"].tolist()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, -6.0),
        ({"confidence": 0.75}, -4.5),  # the smallest factor: confidence
        ({"stage": Stage.RUMOUR}, -3.0),  # stage, 0.5
        ({"stage": Stage.RUMOUR, "confidence": 0.75}, -3.0),  # the smallest, not the product
        ({"confidence": 0.69}, 0.0),  # below the least certainty: nothing
        ({"owners": ("Reuters",), "n_sources": 1}, -3.0),  # one owner alone: half
    ],
)
def test_an_event_weighs_its_size_by_the_smallest_factor(
    changes: dict[str, Any], expected: float
) -> None:
    """6 % times the least of stage, owners and confidence, in the row that learns of it alone."""
    days = weekdays(MONDAY, 4)

    assert policy([news(days, 1, **changes)], days)[1:] == pytest.approx([expected, 0.0, 0.0])


@pytest.mark.parametrize(("china", "expected"), [("accepted", 5.0), ("discouraged", 2.0)])
def test_relief_weighs_more_where_china_takes_the_part(china: str, expected: float) -> None:
    """5 % while China accepts, 2 % while it does not."""
    days = weekdays(MONDAY, 4)
    relief = news(days, 2, event_type="export_relief", direction=1)

    told_ = policy([relief], days, [spell("H20", days[0], "licence", china)])
    assert told_[2] == pytest.approx(expected)


@pytest.mark.parametrize(("later", "again"), [(20, 0.0), (21, -6.0)])
def test_a_repeat_within_twenty_sessions_counts_once(later: int, again: float) -> None:
    """The same actor, object and direction; after the window it is a step of its own."""
    days = weekdays(MONDAY, 30)
    made = policy([news(days, 2), news(days, 2 + later, "b")], days)

    assert made[2] == pytest.approx(-6.0)
    assert made[2 + later] == pytest.approx(again)


def test_what_was_known_before_the_first_row_gives_no_impulse() -> None:
    """It belongs to a row that is not here: neither of news nor of a report's surprise."""
    days = weekdays(MONDAY, 4)
    old = report("FY2025Q3", "2024-10-27", date(2024, 11, 20), "10", guide_vs_consensus_pct="-4.0")
    known = morning(days[0]) - timedelta(days=9)
    made = features(days, [old], events=[news(days, 0, known_at=known, occurred_at=known)])

    assert made["policy_impulse_pct"].tolist() == [0.0] * 4
    assert made["guide_surprise_pct"].tolist() == [0.0] * 4


def rated(row: int) -> RatedRelease:
    """A loss of 2 % of a year's revenue, between -5 % and 1 %, and 1.5 % of three years' profit."""
    return RatedRelease(
        row=row,
        rating=ThreatRating(
            model="Made-up-1", rated_at=morning(MONDAY), score=20.0, score_low=-5.0,
            score_high=40.0, loss_share=0.02, impulse_share=0.02, net_mean_share=-0.02,
            net_low_share=-0.05,
            net_high_share=0.01, p_loss_over_5pct=0.05, revenue_usd_bn=100.0,
            value_loss_usd_bn=3.0, value_low_usd_bn=-1.0, value_high_usd_bn=8.0,
            value_share=0.015, base_value_usd_bn=200.0, channels={"made up": 20.0},
            channel_usd_bn={"made up": -2.0}, novelty=0.5, reasons="made up",
        ),
    )  # fmt: skip


def test_ratings_speak_in_the_row_that_learns_of_them_and_none_of_before() -> None:
    """Two of one row: 2 + 2 %; half widths of 3 % add in quadrature: 3 sqrt 2 = 4.2426."""
    days = weekdays(MONDAY, 4)
    made = features(
        days,
        [told("coverage", "all", date(2025, 1, 1), streams=["releases"], from_on="2025-01-01")],
        ratings=[rated(0), rated(2), rated(2)],
    )
    assert made["threat_impulse_pct"] == pytest.approx([0.0, 0.0, 4.0, 0.0])
    assert made["threat_doubt_pct"] == pytest.approx([0.0, 0.0, 4.242641, 0.0], abs=1e-6)


# --- rates ---------------------------------------------------------------------------------------


def observed(series: str, day: date, value: float, on: date) -> Fact:
    key = f"{series}:{day}"
    return told("observation", key, on, series=series, observed_on=str(day), value=value)


def test_the_new_york_feds_rate_stands_in_where_dff_is_missing() -> None:
    """EFFR of the day DFF lacks; DFF where both speak of one day."""
    days = weekdays(MONDAY, 4)
    made = features(
        days,
        [
            observed("EFFR", days[0], 4.31, days[0]),
            observed("EFFR", days[1], 4.32, days[1]),
            observed("DFF", days[1], 4.33, days[1]),
            observed("EFFR", days[2], 4.34, days[2]),
        ],
    )
    assert made["effr_pct"] == pytest.approx([np.nan, 4.31, 4.33, 4.34], nan_ok=True)


def test_a_fed_day_by_the_two_year_yield_alone() -> None:
    """4.00 to 4.10 on the day of a speech: +10 bp, once; the next day's move is no Fed window."""
    days = weekdays(MONDAY, 5)
    yields = [4.00, 4.10, 4.25]
    facts = [observed("DGS2", days[i], y, days[i]) for i, y in enumerate(yields)]
    speech = news(
        days, 2, event_type="rates", actor="Federal Reserve", direction=0,
        occurred_at=morning(days[1]) + timedelta(hours=2),
        known_at=morning(days[1]) + timedelta(hours=3),
    )  # fmt: skip
    made = features(days, facts, events=[speech])

    assert made["fed_surprise_bps"] == pytest.approx([0.0, 0.0, 10.0, 0.0, 0.0])


def test_a_surprise_that_futures_told_first_is_counted_once() -> None:
    """Futures say +6 bp in the evening, the yield +10 bp a day later: 6, then 4, and not 16."""
    days = weekdays(MONDAY, 3)
    grid, rates, meeting = grid_of(days), KnownRates(), date(2025, 3, 19)
    surprises = _Surprises({1: {days[1]}})

    def learn(row: int, priced_bps: float, *brought: Observation) -> float:
        rates.take(brought)
        at, eve = from_micros(int(grid.decide_at_us[row])), days[row - 1]
        return surprises.learn(row, eve, at, brought, rates, {meeting: priced_bps})

    def yield_on(day: date, value: float) -> Observation:
        return Observation(series="DGS2", observed_on=day, value=value)

    surprises.learn(0, days[0], morning(days[0]), (), rates, {meeting: 4.0})
    assert learn(1, 4.0, yield_on(days[0], 4.00)) == pytest.approx(0.0)
    assert learn(2, 10.0) == pytest.approx(6.0)
    late = (yield_on(days[1], 4.10),)
    rates.take(late)
    after = morning(days[2]) + timedelta(days=1)
    added = surprises.learn(3, days[2], after, late, rates, {meeting: 10.0})
    assert added == pytest.approx(4.0)
