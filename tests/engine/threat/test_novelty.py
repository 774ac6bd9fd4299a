"""Price and openness as distances with noise: soft, and the same as a slow loop."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.threat.novelty import (
    _SOFT_PRICE,
    Offer,
    ReleaseStanding,
    below,
    closing,
    expected_log_price,
    has_price,
    lacking,
    log_blended,
    offers_before,
    undecided,
    within_reach,
)
from engine.threat.parameters import standard
from engine.threat.quality import Quality
from tests.engine.threat.threat_world import DAY, draws, params, release


def offer(
    model: str = "A", price: float | None = 2.0, quality: float = 0.0, **given: object
) -> Offer:
    values: dict[str, object] = {"doubt": 0.0, "age_days": 30.0, "is_open": False,
                                 "closed_in_china": False}  # fmt: skip
    return Offer(
        model=model,
        price_input_usd_per_mtok=None if price is None else price / 4,
        price_output_usd_per_mtok=price,
        quality=quality,
        **{**values, **given},  # type: ignore[arg-type]
    )


def own(mean: float = 0.0, doubt: float = 0.0) -> ReleaseStanding:
    return ReleaseStanding(
        model="New", mean=mean, doubt=doubt, z=standard(draws().noise["release_quality"])
    )


def test_expectation_agrees_with_a_slow_loop_over_draws_and_offers() -> None:
    offers = (offer(), offer("B", 0.5, -0.4), offer("C", 8.0, 0.6, age_days=300.0),
              offer("D", 0.3, 0.1, closed_in_china=True))  # fmt: skip
    found = expected_log_price(offers, own(0.1, 0.3), draws())
    assert found is not None
    d = draws()
    for i in range(0, d.draws, 97):
        counted = []
        for o in offers:
            low, high = o.price_input_usd_per_mtok or 0.0, o.price_output_usd_per_mtok or 0.0
            share = d["input_token_share"][i]
            price = math.log(share * low + (1 - share) * high)
            quality = 0.1 + 0.3 * standard(d.noise["release_quality"])[i]
            price += d["comparability"][i] * max(0.0, quality - o.quality)
            price -= o.age_days / 365.25 * math.log(d["price_trend"][i])
            price -= math.log(d["adoption_closed"][i]) * o.closed_in_china
            counted.append(price)
        soft = -_SOFT_PRICE * math.log(sum(math.exp(-c / _SOFT_PRICE) for c in counted))
        assert found[0][i] == pytest.approx(soft, abs=0.02)


def test_one_odd_offer_shifts_the_expectation_and_does_not_set_it_for_free() -> None:
    offers = tuple(offer(f"O{n}", 2.0) for n in range(6))
    plain = expected_log_price(offers, own(), draws())
    odd = expected_log_price((*offers, offer("odd", 2.0, -1.0)), own(), draws())
    assert plain is not None
    assert odd is not None
    assert np.abs(odd[0] - plain[0]).max() < 0.1


def test_far_dearer_offers_are_out_of_reach() -> None:
    near = within_reach((offer(), offer("far", 5_000.0)), own(), draws())
    assert [o.model for o in near] == ["A"]


def test_another_offer_never_raises_the_expectation() -> None:
    one = expected_log_price((offer(),), own(), draws())
    two = expected_log_price((offer(), offer("B", 9.0)), own(), draws())
    assert one is not None
    assert two is not None
    assert (two[0] <= one[0] + 1e-12).all()


def test_an_old_price_counts_at_what_it_was_expected_to_fall_to() -> None:
    new, old = (expected_log_price((offer(age_days=age),), own(), draws()) for age in (1.0, 300.0))
    assert new is not None
    assert old is not None
    assert (old[0] < new[0]).all()


def test_the_release_itself_and_an_unscored_copy_lack_nothing() -> None:
    assert not lacking(offer("New", quality=-3.0), own(1.0)).any()
    twin = lacking(offer("B", quality=0.5, doubt=0.4), own(0.5, 0.4))
    assert not twin.any()


def test_novelty_in_price_is_nothing_at_nothing_and_whole_far_off() -> None:
    at = np.zeros(4)
    assert not below(at, at).any()
    assert not below(at - 1.0, at).any()
    assert below(at + 3.0, at) == pytest.approx(3.0 - 0.12)
    steps = [float(below(at + x, at)[0]) for x in np.linspace(-3, 3, 25)]
    assert steps == sorted(steps)


def test_blend_follows_the_published_mix_and_infers_a_missing_side() -> None:
    both = log_blended(0.5, 2.0, draws())
    half = log_blended(None, 2.0, draws())
    assert both is not None
    assert half is not None
    assert half.std() > both.std()
    assert log_blended(None, None, draws()) is None
    assert log_blended(0.0, 0.0, draws()) == pytest.approx(math.log(0.01))


def test_zero_is_a_price() -> None:
    assert has_price(release(price_input_usd_per_mtok=0.0, price_output_usd_per_mtok=None))
    assert not has_price(release(price_input_usd_per_mtok=None, price_output_usd_per_mtok=None))


def test_only_offers_known_strictly_before_count() -> None:
    new = release()
    before, same = release("Before", -1), release("Same", 0)
    quality = Quality(mean=0.0, sd=0.3, n_scores=2)
    found = offers_before([before, same], [quality, quality], new, params().quality.settled_sd)
    assert [o.model for o in found] == ["Before"]
    assert found[0].age_days == pytest.approx(1.0)
    assert new.known_at == DAY


def test_openness_grows_with_the_lead_over_open_weights_and_ignores_closed_ones() -> None:
    offers = (offer("open", quality=0.5, is_open=True), offer("closed", quality=3.0))
    steps = [
        float(np.median(closing(offers, own(q), draws(), is_open=True)))
        for q in (0.2, 0.5, 1.0, 1.9)
    ]
    assert steps == sorted(steps)
    assert steps[0] < 0.05 < steps[2] < steps[3]
    assert not closing(offers, own(3.0), draws(), is_open=False).any()
    assert not closing((offer("closed"),), own(3.0), draws(), is_open=True).any()


def test_openness_agrees_with_a_slow_loop_over_draws_and_offers() -> None:
    """Lead of proved levels, what is undecided of both drawn once."""
    offers = (offer("A", quality=0.2, doubt=0.4, is_open=True),
              offer("B", quality=0.1, is_open=True), offer("C", quality=0.3, doubt=0.1,
              is_open=True), offer("closed", quality=2.0))  # fmt: skip
    mine = own(0.5, 0.3)
    found = closing(offers, mine, draws(), is_open=True)
    noise = standard(draws().noise["openness"])
    for i in range(0, draws().draws, 97):
        levels = []
        for o in offers[:3]:
            shared = min(0.3, o.doubt)
            levels.append(o.quality - o.doubt + shared + shared * mine.z[i])
        lead = 0.15 * math.log(sum(math.exp(level / 0.15) for level in levels))
        x = (0.5 + 0.3 * mine.z[i] + 0.15 * noise[i] - lead) / 0.15
        step = math.log1p(math.exp(x - 1)) - math.log1p(math.exp(-1)) * math.exp(-x)
        assert found[i] == pytest.approx(0.0 if x < 0 else min(0.15 * step, 1.5), abs=1e-9)


def test_shared_ignorance_is_no_step_in_openness() -> None:
    """An unscored model after an unscored one of its kind, and unknown openness after the same."""
    twin = (offer("twin", quality=0.5, doubt=0.45, is_open=True),)
    assert float(np.median(closing(twin, own(0.5, 0.45), draws(), is_open=True))) < 0.01
    assert float(np.median(closing(twin, own(0.5, 0.0), draws(), is_open=True))) > 0.2
    unknown = (offer("twin", quality=0.5, is_open=None), offer("old", quality=-1.0, is_open=True))
    assert float(np.median(closing(unknown, own(0.5), draws(), is_open=None))) < 0.01
    assert float(np.median(closing(unknown, own(0.5), draws(), is_open=True))) > 1.0


def test_what_neither_publishes_is_no_step_in_price() -> None:
    """Of one day and as little known; of known size, or long ago, it says next to nothing."""
    asked = np.full(draws().draws, math.log(0.2))

    def novelty(*unpriced: Offer) -> float:
        found = expected_log_price(
            (offer("dear", 8.0), *unpriced), own(), draws(), unpublished=asked
        )
        assert found is not None
        return float(np.median(below(found[0], asked)))

    assert novelty() > 2.0
    assert novelty(offer("twin", None, age_days=1.0)) < 0.01
    assert 0.0 < novelty(offer("cousin", None, age_days=60.0)) < novelty()
    assert novelty(offer("sized", None, age_days=1.0, active_params_b=9.0)) > 1.5
    assert novelty(offer("old", None, age_days=900.0)) == pytest.approx(novelty(), abs=1e-3)


def test_a_heavier_model_without_a_price_is_the_dearer_by_its_active_parameters() -> None:
    light = ReleaseStanding(model="New", mean=0.0, doubt=0.0, z=own().z, active_params_b=20.0)
    asked = np.full(draws().draws, math.log(0.2))
    offers = (offer("dear", 800.0), offer("heavy", None, active_params_b=60.0, age_days=0.0))
    found = expected_log_price(offers, light, draws(), unpublished=asked)
    assert found is not None
    assert found[0] == pytest.approx(math.log(0.6) + 0.5, abs=1e-3)  # a threefold is one width


def test_a_closed_service_of_china_is_no_further_from_its_like() -> None:
    offers = (offer("there", 1.0, closed_in_china=True, age_days=0.0),)
    like = ReleaseStanding(model="New", mean=0.0, doubt=0.0, z=own().z, closed_in_china=True)
    near, far = (expected_log_price(offers, s, draws()) for s in (like, own()))
    assert near is not None
    assert far is not None
    assert (near[0] < far[0]).all()


def test_what_scores_would_have_settled_is_undecided() -> None:
    assert undecided(Quality(mean=0, sd=0.2, n_scores=4), 0.2) == 0.0
    assert undecided(Quality(mean=0, sd=0.5, n_scores=0), 0.3) == pytest.approx(0.4)
