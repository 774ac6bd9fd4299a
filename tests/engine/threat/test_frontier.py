"""The price-quality frontier as known before a release."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from engine.threat.frontier import (
    Offer,
    Standing,
    binding_offer,
    handicapped_log_prices,
    lacking,
    log_blended,
    offers_before,
)
from engine.threat.quality import fit_quality
from engine.values import FloatArray
from tests.engine.threat.threat_world import DAY, draws, params, release


def offer(model: str, price: float, quality: float, *, age: float = 0.0, doubt: float = 0) -> Offer:
    return Offer(
        model=model,
        price_input_usd_per_mtok=price,
        price_output_usd_per_mtok=price,
        quality=quality,
        doubt=doubt,
        age_days=age,
    )


def standing(mean: float = 1.0, doubt: float = 0.0) -> Standing:
    z = np.linspace(-2, 2, draws().draws)
    return Standing(model="New", mean=mean, doubt=doubt, z=z)


def frontier(*offers: Offer, mean: float = 1.0) -> FloatArray:
    counted = handicapped_log_prices(offers, standing(mean), draws())
    assert counted is not None
    return counted.min(axis=0)


def test_frontier_agrees_with_a_slow_loop_over_draws_and_offers() -> None:
    offers = (offer("a", 3.0, 1.2, age=40), offer("b", 0.2, 0.7, age=5), offer("c", 15, 1.5))
    fast = frontier(*offers)
    for i in range(0, draws().draws, 97):
        worse, trend = draws()["comparability"][i], draws()["price_trend"][i]
        slow = min(
            math.log(o.price_input_usd_per_mtok or 0)
            + worse * max(0.0, 1.0 - o.quality)
            - o.age_days / 365.25 * math.log(trend)
            for o in offers
        )
        assert fast[i] == pytest.approx(slow, rel=1e-12)


def test_another_offer_never_raises_the_frontier() -> None:
    one, two = offer("a", 3.0, 1.2), offer("b", 0.2, 0.7)
    assert np.all(frontier(one, two) <= frontier(one))


def test_a_far_worse_offer_is_not_comparable() -> None:
    good, poor = offer("good", 10.0, 1.0), offer("poor", 0.1, -1.0)
    assert np.array_equal(frontier(good, poor), frontier(good))


def test_an_old_price_counts_at_what_it_was_expected_to_fall_to() -> None:
    fresh, old = frontier(offer("a", 10.0, 1.0)), frontier(offer("a", 10.0, 1.0, age=365.25))
    assert np.allclose(fresh - old, np.log(draws()["price_trend"]))


def test_a_better_offer_counts_at_its_price_and_no_less() -> None:
    assert np.allclose(frontier(offer("a", 10.0, 2.0)), math.log(10.0))


def test_the_release_itself_lacks_nothing_whatever_its_doubt() -> None:
    own = standing(doubt=0.6)
    assert not lacking(replace(offer("New", 1.0, -3.0), doubt=0.6), own).any()


def test_an_unscored_copy_is_no_news_but_against_a_full_card_it_proved_less() -> None:
    unscored = offer("Old", 1.0, 1.0, doubt=0.5)
    assert np.allclose(lacking(unscored, standing(doubt=0.5)), 0.0)
    assert np.allclose(lacking(unscored, standing(doubt=0.0)), 0.5)


def test_blend_follows_the_published_mix_and_infers_a_missing_side() -> None:
    both = log_blended(1.0, 5.0, draws())
    assert both is not None
    share = draws()["input_token_share"]
    assert np.allclose(np.exp(both), share + 5 * (1 - share))
    half = log_blended(None, 5.0, draws())
    assert half is not None
    assert np.all(np.exp(half) < 5.0)
    assert log_blended(None, None, draws()) is None
    assert log_blended(0.0, None, draws()) is None


def test_only_offers_known_strictly_before_count() -> None:
    releases = [release("past", -1), release("same", 0), release("future", 1)]
    qualities = fit_quality(releases, params())
    names = [o.model for o in offers_before(releases, qualities, DAY, params())]
    assert names == ["past"]
    later = offers_before(releases, qualities, DAY + timedelta(days=2), params())
    assert [round(o.age_days) for o in later] == [3, 2, 1]


def test_an_offer_without_price_is_none() -> None:
    unpriced = release("x", -1, price_input_usd_per_mtok=None, price_output_usd_per_mtok=None)
    assert offers_before([unpriced], fit_quality([unpriced], params()), DAY, params()) == ()
    assert handicapped_log_prices((), standing(), draws()) is None


def test_binding_offer_is_the_one_that_sets_most_draws() -> None:
    offers = (offer("dear", 10.0, 1.5), offer("cheap", 1.0, 1.5))
    counted = handicapped_log_prices(offers, standing(), draws())
    found = binding_offer(offers, counted)
    assert found is not None
    assert found.model == "cheap"
