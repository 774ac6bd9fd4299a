"""What China and third countries are worth to Nvidia over three years, under policy as it may turn.

The market is what China would buy, not what it was last billed. How much of it stays open depends
on the state of policy: free, licensed or barred by the US, taken or refused by China. Today's state
is what the spells say; each year it may turn to the long run's mix (``policy_mix``). A market that
is barred today is an option on tomorrow's, and that option is what a proof of independence takes
away; what the bar has already taken is not counted again.

Value is the present value of the gross profit of three years, without a terminal value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from config.threat import PolicyMix
from engine.threat.parameters import Draws
from engine.threat.supply import AvailabilitySpell, current_spells
from engine.values import FloatArray

YEARS = 3
STATES = ("free", "licensed", "barred")
_OF_PERMISSION = {"allowed": "free", "licence": "licensed", "barred": "barred"}
_NO_VIEW = {"free": 1 / 3, "licensed": 1 / 3, "barred": 1 / 3}
_ACCEPTED_WITHOUT_VIEW = 0.95
_DATA_CENTRE = ("A", "H", "B")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Where policy stands now: probability of each state, and what China does with it.

    accepted: share of sales that China's stance leaves, by name of the stance.
    """

    now: str
    stance: str
    chip: str | None

    def odds(self, year: int, persistence: float, mix: PolicyMix | None) -> dict[str, float]:
        """Probability of each state in ``year`` (0 the first), at a given yearly persistence."""
        stays = persistence**year
        long_run = _NO_VIEW if mix is None else {s: getattr(mix, s) for s in STATES}
        return {s: stays * (s == self.now) + (1 - stays) * long_run[s] for s in STATES}


def policy_now(spells: Iterable[AvailabilitySpell]) -> Policy:
    """The state of the best data-centre chip China could get; free where no spell is known."""
    found = [
        (_rank(spell), name, spell)
        for name, spell in current_spells(spells).items()
        if name[:1] in _DATA_CENTRE and name[1:2].isdigit()
    ]
    if not found:
        return Policy(now="free", stance="accepted", chip=None)
    _, name, spell = max(found, key=lambda f: (f[0], f[1]))
    stance = spell.china_acceptance if spell.us_permission != "barred" else "accepted"
    return Policy(now=_OF_PERMISSION[spell.us_permission], stance=stance, chip=name)


def _rank(spell: AvailabilitySpell) -> float:
    permission = {"allowed": 1.0, "licence": 0.6, "barred": 0.0}[spell.us_permission]
    stance = {"accepted": 1.0, "unknown": 0.6, "discouraged": 0.7, "blocked": 0.1}
    return permission * stance[spell.china_acceptance]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """Money over three years, bn USD, each of shape (3, draws).

    base: Nvidia's data-centre revenue. market: what China would spend. reachable: what Nvidia could
    sell in China as policy may turn, third countries open to Chinese chips included. worth: what a
    dollar of each year is worth today in gross profit. odds: state -> probability by year, at the
    middle of the draws. policy: today's state.
    """

    base: FloatArray
    market: FloatArray
    reachable: FloatArray
    worth: FloatArray
    odds: Mapping[str, tuple[float, ...]]
    policy: Policy

    @property
    def base_value(self) -> FloatArray:
        """Present value of the gross profit of three years, bn USD, (draws,)."""
        value: FloatArray = (self.base * self.worth).sum(axis=0)
        return value

    @property
    def share(self) -> FloatArray:
        """Reachable over base, year by year, (3, draws)."""
        result: FloatArray = self.reachable / self.base
        return result


def stake_of(
    revenue_usd_bn: float,
    spells: Iterable[AvailabilitySpell],
    mix: PolicyMix | None,
    draws: Draws,
) -> Stake:
    """The stake as of the draws' day. ``revenue_usd_bn``: data-centre revenue of twelve months."""
    policy = policy_now(spells)
    year = np.arange(YEARS)[:, None]
    base = revenue_usd_bn * draws["revenue_growth"] ** year
    market = draws["china_market_usd_bn"] * draws["china_growth"] ** year
    opened = np.stack([_open_share(policy, y, mix, draws) for y in range(YEARS)])
    reachable = market * draws["nvidia_share_if_free"] * opened * (1.0 + draws["export_reach"])
    worth = draws["gross_margin"] / (1.0 + draws["discount_rate"]) ** (year + 0.5)
    middle = float(np.median(draws["policy_persistence"]))
    by_year = [policy.odds(y, middle, mix) for y in range(YEARS)]
    return Stake(
        base=base,
        market=market,
        reachable=np.minimum(reachable, 0.6 * base),
        worth=worth,
        odds=MappingProxyType({s: tuple(o[s] for o in by_year) for s in STATES}),
        policy=policy,
    )


def _open_share(policy: Policy, year: int, mix: PolicyMix | None, draws: Draws) -> FloatArray:
    """Share of its free sales that Nvidia keeps in ``year``, over states and stances, (draws,)."""
    keeps = {
        "free": np.ones(draws.draws),
        "licensed": draws["open_licence"],
        "barred": draws["open_barred"],
    }
    stays = draws["policy_persistence"] ** year
    long_run = _NO_VIEW if mix is None else {s: getattr(mix, s) for s in STATES}
    kept = np.zeros(draws.draws)
    for state in STATES:
        odds = stays * (state == policy.now) + (1.0 - stays) * long_run[state]
        kept = kept + odds * keeps[state] * _taken(policy, state, stays, mix, draws)
    return kept


def _taken(
    policy: Policy, state: str, stays: FloatArray, mix: PolicyMix | None, draws: Draws
) -> FloatArray:
    """Share of what is let through that China takes; what is barred comes in by itself."""
    if state == "barred":
        return np.ones(draws.draws)
    stance = {
        "accepted": np.ones(draws.draws),
        "unknown": draws["open_discouraged"],
        "discouraged": draws["open_discouraged"],
        "blocked": draws["open_blocked"],
    }[policy.stance]
    accepted = _ACCEPTED_WITHOUT_VIEW if mix is None else mix.accepted
    later = accepted + (1.0 - accepted) * draws["open_blocked"]
    taken: FloatArray = stays * stance + (1.0 - stays) * later
    return taken
