"""What China is worth to Nvidia over three years, under policy as it may turn."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from config.threat import PolicyMix
from engine.threat.stake import Stake, policy_now, stake_of
from tests.engine.threat.threat_world import DAY, draws, params, spell


def stake(*state: str, mix: PolicyMix | None = None, revenue: float = 160.0) -> Stake:
    spells = (spell(*state),) if state else ()
    return stake_of(revenue, spells, mix or params().policy_as_of(DAY.date()), draws())


def middle(values: Any) -> list[float]:
    return [float(x) for x in np.median(values, axis=1)]


def test_the_better_the_gate_the_larger_the_stake_in_the_first_year() -> None:
    states = [("barred", "blocked"), ("licence", "blocked"), ("licence", "discouraged"),
              ("licence", "accepted"), ("allowed", "accepted")]  # fmt: skip
    found = [stake(*state).reachable for state in states]
    for worse, better in pairwise(found[1:]):
        assert (better >= worse - 1e-12).all()
    assert middle(found[0])[0] < middle(found[-1])[0]


def test_a_barred_market_is_an_option_on_a_later_one() -> None:
    barred = stake("barred", "blocked")
    first, _, third = middle(barred.reachable)
    assert 0 < first < third
    free = stake("allowed", "accepted")
    assert middle(free.share)[2] < middle(free.share)[0]


def test_odds_of_policy_add_up_and_start_at_what_is() -> None:
    found = stake("licence", "discouraged")
    assert found.policy.now == "licensed"
    assert found.odds["licensed"][0] == pytest.approx(1.0)
    for year in range(3):
        assert sum(odds[year] for odds in found.odds.values()) == pytest.approx(1.0)


def test_the_best_part_that_china_could_get_counts() -> None:
    best = spell("licence", "discouraged")
    worse = replace(spell("barred", "accepted"), chip="H100")
    card = replace(spell("allowed", "accepted"), chip="RTX 4090")
    assert policy_now((best, worse, card)).chip == "H20"
    assert policy_now(()).now == "free"


def test_value_is_gross_profit_of_three_discounted_years() -> None:
    found, d = stake(), draws()
    by_hand = sum(
        160.0 * d["revenue_growth"] ** t * d["gross_margin"] / (1 + d["discount_rate"]) ** (t + 0.5)
        for t in range(3)
    )
    assert found.base_value == pytest.approx(by_hand)


def test_the_market_is_what_china_would_buy_and_not_the_last_bill() -> None:
    small, large = stake(revenue=100.0), stake(revenue=300.0)
    assert np.array_equal(small.market, large.market)
    assert 20 < middle(small.market)[0] < 60


def test_third_countries_come_on_top() -> None:
    none = dict(draws().values)
    none["export_reach"] = np.zeros(draws().draws)
    without = stake_of(160.0, (), None, replace(draws(), values=none))
    assert (stake_of(160.0, (), None, draws()).reachable >= without.reachable).all()


def test_views_of_policy_are_dated() -> None:
    from datetime import date

    assert params().policy_as_of(date(2020, 1, 1)) is None
    early, late = params().policy_as_of(date(2023, 1, 1)), params().policy_as_of(date(2025, 8, 22))
    assert early is not None
    assert late is not None
    assert early.known_on < late.known_on
    assert late.accepted < early.accepted
