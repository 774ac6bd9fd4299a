"""The channels: draws of the change in Nvidia's data-centre revenue over three years.

Every function returns shape (3, draws), year by year, as a share of that year's revenue; negative
is a loss, and their sum is the rating. With a the adoption of the model, v = exp(-lack/width) the
value of the demand its quality reaches, x and o its novelty in price (log) and openness (logits),
l what is left of a novelty a year on, S the stake in China, K what home-grown chips can carry, and
p the ledger's odds after and before::

    substitution    -S K [ i u_i (s' - s) + (1-i) u_t (p_t' - p_t) ],   s = p_i (1 - o_s (1 - p_t))
    efficiency      +e v a l^t [ exp((eps - 1) k x) - 1 ],    a gain saturating at the headroom
    price pressure  -f c v a l^t log(1 + x)
    openness        -f c v a l^t o
    residual        what no channel knows; mean 0

i inference share, u the share of buyers that switch at the cost ratio or because they are told to,
o_s serving that stays on the chips a lab must train on, eps elasticity, k the part of a price gap
that is compute, e and f exposed revenue, c capital spending cut per e-fold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.threat.evidence import Feasibility
from engine.threat.parameters import Draws, standard
from engine.threat.stake import YEARS, Stake
from engine.values import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The best Nvidia chip China can get against the best home-grown one.

    log_serving, log_training: log cost of the home-grown chip over Nvidia's, before penalties,
    (draws,). native_fp8: the home-grown chip computes in FP8. Names are None where the table held
    no usable chip.
    """

    log_serving: FloatArray
    log_training: FloatArray
    native_fp8: bool
    nvidia_chip: str | None
    domestic_chip: str | None
    from_cost_model: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One event in one world, in draws: what the equations of this module read.

    reach: v. price, openness: novelties x and o. compute: the part of x that is compute saved.
    carrying: (3, draws). doubt: deviation of the residual, a share of revenue; stretch: by how much
    what is not disclosed widens the rest. format_in_doubt: trained in FP8, and not shown to train
    so on home-grown chips by itself.
    """

    reach: FloatArray
    adoption: FloatArray
    price: FloatArray
    compute: FloatArray
    openness: FloatArray
    expected_log_price: FloatArray | None
    log_price: FloatArray | None
    nearest_offer: str | None
    stake: Stake
    carrying: FloatArray
    pair: Pair
    before: Feasibility
    after: Feasibility
    format_in_doubt: bool
    doubt: float
    stretch: float = 0.0


CHANNEL_ORDER = ("substitution", "efficiency", "price_pressure", "openness", "residual")


def all_channels(case: Case, draws: Draws) -> FloatArray:
    """The channels stacked in ``CHANNEL_ORDER``, shape (5, 3, draws)."""
    return np.stack(
        [
            substitution(case, draws),
            efficiency(case, draws),
            price_pressure(case, draws),
            openness(case, draws),
            residual(case, draws),
        ]
    )


def switching(log_cost: FloatArray, draws: Draws) -> FloatArray:
    """Share of buyers that switch: those who are told to, and of the others by cost.

    Half of the others at equal cost.
    """
    by_cost = 1.0 / (1.0 + np.exp(log_cost / draws["switch_width"]))
    directed = draws["directed_share"]
    return directed + (1.0 - directed) * by_cost


def serveable(record: Feasibility, draws: Draws) -> FloatArray:
    """Share of serving that can run off Nvidia: p_i (1 - o (1 - p_t)).

    o is ``one_stack_share``: serving that stays on the chips a lab must train on anyway.
    """
    stays: FloatArray = draws["one_stack_share"] * (1.0 - record.training)
    return record.inference * (1.0 - stays)


def moved(case: Case, draws: Draws) -> FloatArray:
    """Share of China's demand that can move because of what was proved, (draws,)."""
    pair = case.pair
    serving = pair.log_serving + np.log(
        draws["software_penalty_inference"] * draws["connectivity_penalty_inference"]
    )
    training = pair.log_training + np.log(
        draws["software_penalty_training"] * draws["connectivity_penalty_training"]
    )
    serves = 1.0 if pair.native_fp8 else draws["format_penalty_inference"]
    needs_fp8 = case.format_in_doubt and not pair.native_fp8
    trains = draws["format_penalty_training"] if needs_fp8 else 1.0
    share = draws["inference_share"]
    served = serveable(case.after, draws) - serveable(case.before, draws)
    trained = case.after.training - case.before.training
    result: FloatArray = share * switching(serving, draws) * serves * served
    return result + (1.0 - share) * switching(training, draws) * trains * trained


def substitution(case: Case, draws: Draws) -> FloatArray:
    """Revenue that moves to home-grown chips; a gain where a failed run took proof away."""
    return -case.stake.share * case.carrying * moved(case, draws)


def efficiency(case: Case, draws: Draws) -> FloatArray:
    """Fewer chips for the same work against more work."""
    rebound = np.exp((draws["elasticity"] - 1.0) * case.compute) - 1.0
    change = draws["efficiency_exposure"] * case.reach * case.adoption * rebound
    ceiling = draws["supply_headroom"]
    gain = ceiling * (1.0 - np.exp(-np.maximum(change, 0.0) / ceiling))
    return _fading(np.where(change > 0.0, gain, change), draws)


def price_pressure(case: Case, draws: Draws) -> FloatArray:
    """Sellers of model access, undercut, cut what they spend on chips."""
    return _fading(-_squeeze(case, draws) * np.log1p(case.price), draws)


def openness(case: Case, draws: Draws) -> FloatArray:
    """The same where open weights take what closed models were paid for."""
    return _fading(-_squeeze(case, draws) * case.openness, draws)


def _squeeze(case: Case, draws: Draws) -> FloatArray:
    funded = draws["buyer_funding_share"] * draws["capex_response"]
    result: FloatArray = funded * case.reach * case.adoption
    return result


def _fading(effect: FloatArray, draws: Draws) -> FloatArray:
    """A novelty's effect year by year: others catch up."""
    years = np.arange(YEARS)[:, None]
    result: FloatArray = effect * draws["novelty_life"] ** years
    return result


def residual(case: Case, draws: Draws) -> FloatArray:
    """What the channels do not know: mean 0, the same share every year."""
    one: FloatArray = case.doubt * standard(draws.noise["residual"])
    return np.broadcast_to(one, (YEARS, draws.draws))


def stretched(parts: FloatArray, stretch: float) -> FloatArray:
    """Channels (5, draws) whose total is widened around its own median, in the residual's row.

    What is not disclosed so moves the width and not the centre.
    """
    total = parts.sum(axis=0)
    wider = np.array(parts)
    wider[-1] += stretch * (total - np.median(total))
    return wider
