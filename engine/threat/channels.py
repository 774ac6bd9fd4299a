"""The four channels: draws of the change in Nvidia's data-centre revenue, as a share of it.

Every function returns shape (draws,), negative for a loss; their sum is the rating. With q the
release's quality, S China's share, K the share of China's demand home-grown supply can carry, p
the feasibility record after and before the release, u the share of buyers that switch at the cost
ratio::

    substitution    -S (1+x) K [ a i u_i (s' - s) + (1-i) u_t (p_t' - p_t) ],
                    s = p_i (1 - o (1 - p_t))
    efficiency      +e v a [ rho_c^(1-eps) - 1 ],  rho_c = rho^kappa, a gain saturating at headroom
    price pressure  -f c v a (1 - rho)
    setbacks        +S (1+x) K w [ a i u_i (s* - s°) + (1-i) u_t (p_t* - p_t°) ]

x reach abroad, i inference share, o serving that follows training, e and f exposed revenue, c capex
response, v = exp(-lack/width) the value of demand the quality reaches, a adoption of the model (a
proof of training needs none), rho = price over the frontier's (1 at most), p° the record with the
lab's failures, p* had it not failed, w the age weight of its last failure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.threat.feasibility import Feasibility
from engine.threat.frontier import Offer
from engine.threat.parameters import Sample
from engine.values import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The best Nvidia chip China can get against the best home-grown one.

    log_serving, log_training: log cost of the home-grown chip over Nvidia's, before penalties,
    (draws,). barred: no Nvidia chip may be sold, or China blocks it. native_fp8: the home-grown
    chip computes in FP8. Names are None where the table held no usable chip.
    """

    log_serving: FloatArray
    log_training: FloatArray
    barred: bool
    native_fp8: bool
    nvidia_chip: str | None
    domestic_chip: str | None
    from_cost_model: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One release in one world, in draws: what the equations of this module read.

    format_in_doubt: trained in FP8, and not shown to train so on home-grown chips by itself.
    """

    quality: FloatArray
    binding: Offer | None
    reach: FloatArray
    adoption: FloatArray
    log_price: FloatArray | None
    log_frontier: FloatArray | None
    log_rho: FloatArray
    log_rho_compute: FloatArray
    china_share: FloatArray
    carrying: FloatArray
    pair: Pair
    before: Feasibility
    after: Feasibility
    held_back: Feasibility
    without_setbacks: Feasibility
    setbacks_weight: FloatArray
    format_in_doubt: bool


CHANNEL_ORDER = ("substitution", "efficiency", "price_pressure", "setbacks")


def all_channels(case: Case, draws: Sample) -> FloatArray:
    """The four channels stacked in ``CHANNEL_ORDER``, shape (4, draws)."""
    return np.stack(
        [
            substitution(case, draws),
            efficiency(case, draws),
            price_pressure(case, draws),
            setbacks(case, draws),
        ]
    )


def switching(log_cost: FloatArray, pair: Pair, draws: Sample) -> FloatArray:
    """Share of buyers that switch at a log cost ratio, penalties included.

    Half at equal cost. Where Nvidia is barred only the grey share of demand has the choice.
    """
    by_cost = 1.0 / (1.0 + np.exp(log_cost / draws["switch_width"]))
    if not pair.barred:
        return by_cost
    grey = draws["grey_supply_share"]
    return grey * by_cost + (1.0 - grey)


def serveable(record: Feasibility, draws: Sample) -> FloatArray:
    """Share of serving that can run off Nvidia: p_i (1 - o (1 - p_t)).

    o is ``one_stack_share``: serving that stays on the chips a lab must train on anyway.
    """
    stays: FloatArray = draws["one_stack_share"] * (1.0 - record.training)
    return record.inference * (1.0 - stays)


def runnable(case: Case, draws: Sample, late: Feasibility, early: Feasibility) -> FloatArray:
    """Share of China's demand that moves when the record goes from ``early`` to ``late``."""
    pair = case.pair
    serving = pair.log_serving + np.log(
        draws["software_penalty_inference"] * draws["connectivity_penalty_inference"]
    )
    training = pair.log_training + np.log(
        draws["software_penalty_training"] * draws["connectivity_penalty_training"]
    )
    serves = np.ones(draws.draws) if pair.native_fp8 else draws["format_penalty_inference"]
    needs_fp8 = case.format_in_doubt and not pair.native_fp8
    trains = draws["format_penalty_training"] if needs_fp8 else np.ones(draws.draws)
    share = draws["inference_share"]
    gained = serveable(late, draws) - serveable(early, draws)
    served = share * case.adoption * switching(serving, pair, draws) * serves * gained
    trained = (
        (1.0 - share) * switching(training, pair, draws) * trains * (late.training - early.training)
    )
    moved: FloatArray = served + trained
    return moved


def china_at_stake(case: Case, draws: Sample) -> FloatArray:
    """Share of revenue that home-grown supply could take if everything ran on it."""
    stake: FloatArray = case.china_share * (1.0 + draws["export_reach"]) * case.carrying
    return stake


def substitution(case: Case, draws: Sample) -> FloatArray:
    """Revenue that moves to home-grown chips because of what this release proved."""
    gained = runnable(case, draws, case.after, case.before)
    return -china_at_stake(case, draws) * np.maximum(gained, 0.0)


def efficiency(case: Case, draws: Sample) -> FloatArray:
    """Fewer chips for the same work against more work: compute spending moves to rho^(1-eps)."""
    rebound = np.exp((1.0 - draws["elasticity"]) * case.log_rho_compute) - 1.0
    moved = draws["efficiency_exposure"] * case.reach * case.adoption * rebound
    ceiling = draws["supply_headroom"]
    gain = ceiling * (1.0 - np.exp(-np.maximum(moved, 0.0) / ceiling))
    result: FloatArray = np.where(moved > 0.0, gain, moved)
    return result


def price_pressure(case: Case, draws: Sample) -> FloatArray:
    """Sellers of model access, undercut, cut what they spend on chips."""
    squeezed = draws["buyer_funding_share"] * draws["capex_response"]
    return -squeezed * case.reach * case.adoption * (1.0 - np.exp(case.log_rho))


def setbacks(case: Case, draws: Sample) -> FloatArray:
    """What the lab's own failures keep with Nvidia: positive, good for Nvidia."""
    kept = runnable(case, draws, case.without_setbacks, case.held_back)
    return china_at_stake(case, draws) * case.setbacks_weight * np.maximum(kept, 0.0)
