"""The threat rating: what an event puts at risk of Nvidia, in twelve months and in three years.

``rate`` is pure: a release, a ``World`` that holds only what was known, and parameters give a
``ThreatRating``; the same arguments give the same bits. It never looks at prices of shares.

The centre and the doubt are reported apart, so that learning less widens a rating and does not
raise it. The centre is the median of what was told (``Cases``): a price that nobody published
is no novelty. The doubt is the width of all draws, in which what is not disclosed is drawn from its
kind; every rating carries a residual besides. ``impulse_share``, what decisions count, is the
median of all draws: the best guess where a price is not known. A channel's part is its mean over
the draws around the centre, scaled like the score; the residual takes what is left, so that the
parts add up exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from config.threat import Doubt
from engine.errors import NotObservedError
from engine.phrases import phrase
from engine.threat import reasons
from engine.threat.catalogue import first_versions
from engine.threat.channels import Case, Pair
from engine.threat.evidence import (
    Ledger,
    Proof,
    ProofStage,
    assess,
    attributed,
    closeness,
    family,
    proofs_of,
    same_run,
)
from engine.threat.figures import figures_of, outcome_of, sensitivity
from engine.threat.novelty import (
    ReleaseStanding,
    below,
    closing,
    expected_log_price,
    has_price,
    kind_log_price,
    log_blended,
    offers_before,
    undecided,
)
from engine.threat.parameters import (
    DEFAULT_DRAWS,
    DEFAULT_SEED,
    Draws,
    Sample,
    ThreatParameters,
    sample,
    standard,
)
from engine.threat.quality import Quality, fit_quality
from engine.threat.setting import CostClaim, Setting
from engine.threat.stake import Stake, stake_of
from engine.threat.supply import carrying_path, current_spells, friction, run_rate_usd_bn
from engine.threat.world import World, world_as_of
from engine.values import Accelerator, FloatArray, ModelRelease, ThreatRating

_CLOSE_QUALITY, _CLOSE_LOG, _UNKNOWN_APART = 0.25, math.log(4.0), 9.0
"""Units of ``closest_earlier``: a quarter logit of quality, a factor of four in price and size."""
_MOST_COMPUTE = math.log(10.0)
"""A tenth of the compute for the same work is the most that one release can save: judgement."""


def rate(
    release: ModelRelease,
    world: World,
    params: ThreatParameters,
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int = DEFAULT_SEED,
    drawn: Sample | None = None,
    claims: Sequence[CostClaim] = (),
    kind: str = "release",
) -> ThreatRating:
    """Rate ``release`` in ``world``.

    What it is compared with is what was known strictly before it; earnings, supply, permissions and
    parameters are those of the world's instant. ``drawn`` reuses a ``sample`` (then draws and seed
    are ignored). Raises ``NotObservedError`` when the world holds no data-centre revenue.
    """
    with_ = drawn if drawn is not None else sample(params, draws=draws, seed=seed)
    now = with_.at(world.as_of)
    setting = setting_of(release, world, params)
    stake = stake_in(world, params, now, release.model)
    cases = cases_of(release, world, params, setting, stake, now)
    return assemble(release, world, params, setting, cases, with_, now, claims, kind)


def rate_all(
    releases: Iterable[ModelRelease],
    facts: World,
    params: ThreatParameters,
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int = DEFAULT_SEED,
) -> tuple[ThreatRating, ...]:
    """Each release rated on its own day, from what was known on it; newest fact last.

    ``facts`` holds everything up to its ``as_of`` (a ``World``); releases known later are left out,
    and so are those before Nvidia's first known report. All share one sample.
    """
    drawn = sample(params, draws=draws, seed=seed)
    ratings = []
    for release in first_versions(releases):
        if release.known_at > facts.as_of:
            continue
        world = at_instant(facts, release.known_at)
        if run_rate_usd_bn(world.earnings) is not None:
            ratings.append(rate(release, world, params, drawn=drawn))
    return tuple(ratings)


def at_instant(facts: World, instant: datetime) -> World:
    """``facts`` cut back to an earlier instant. Chips must already be those on sale later."""
    return world_as_of(
        instant,
        releases=facts.releases,
        accelerators=facts.accelerators,
        availability=facts.availability,
        supply=facts.supply,
        shares=facts.shares,
        earnings=facts.earnings,
        proofs=facts.proofs,
        tokens=facts.tokens,
        costs=facts.costs,
    )


# --- the surroundings ---


def setting_of(release: ModelRelease, world: World, params: ThreatParameters) -> Setting:
    """The release among what was known strictly before it."""
    earlier = world.earlier_than(release)
    *others, own = fit_quality((*earlier, release), params)
    qualities = tuple(others)
    best = best_of(qualities, params)
    near = own_closeness(release, earlier, best, params) if claims_any(release, world) else 0.0
    record, close = ledger_before(release, world, earlier, qualities, params, near)
    added = Ledger.of(record.news_in((*own_proofs(release, near, earlier), *close))).proofs
    return Setting(
        earlier=earlier,
        qualities=qualities,
        own=own,
        best_quality=best,
        offers=offers_before(earlier, qualities, release, params.quality.settled_sd),
        record=record,
        added=added,
    )


def claims_any(release: ModelRelease, world: World) -> bool:
    """Whether the release itself, a table or a headline tells what it runs on."""
    told = any(family(p.obj) in family(release.model) for p in world.proofs if p.obj)
    return told or bool(proofs_of(release, 1.0))


def own_closeness(
    release: ModelRelease,
    earlier: Sequence[ModelRelease],
    best_quality: float,
    params: ThreatParameters,
) -> float:
    """How near the release came to the frontier, 0 to 1: no matter of its price or its licence.

    Where scores leave its quality to its kind, a dear or a closed model seems a better one; what a
    proof is worth must not hang on that, so it is read as of an open model without a price.
    """
    bare = replace(
        release, price_input_usd_per_mtok=None, price_output_usd_per_mtok=None, open_weights=True
    )
    read = fit_quality((*earlier, bare), params)[-1]
    return closeness(best_quality - read.mean, release.total_params_b, scored=read.n_scores > 0)


def best_of(qualities: Iterable[Quality], params: ThreatParameters) -> float:
    """Quality of the best model as far as scores prove it; the prior's upper end without any."""
    settled = params.quality.settled_sd
    scored = (q.mean - undecided(q, settled) for q in qualities if q.n_scores)
    return max(scored, default=params.quality.prior_mean + params.quality.prior_sd)


def ledger_before(
    release: ModelRelease,
    world: World,
    earlier: Sequence[ModelRelease],
    qualities: Sequence[Quality],
    params: ThreatParameters,
    own_closeness: float,
) -> tuple[Ledger, tuple[Proof, ...]]:
    """The ledger before ``release``, and the claims told at the same instant, which are its own.

    Claims of tables and headlines are put under the release they are about, at its closeness.
    """
    near = closeness_by_run(earlier, qualities, params)
    mine = (release.lab, family(release.model))
    near[mine] = max(near.get(mine, 0.0), own_closeness)
    told = [placed(p, (*earlier, release), near) for p in world.proofs]
    run = family(release.model)
    own = [p for p in told if family(p.obj) == run and p.actor.lower() == release.lab.lower()]
    first = all(other.model != release.model for other in earlier)
    before = [p for p in told if p.known_at < release.known_at]
    for other in earlier:
        before += own_proofs(other, near.get((other.lab, family(other.model)), 0.0), earlier)
    with_it = tuple(p for p in own if first and p.known_at == release.known_at)
    return Ledger.of(before), with_it


def own_proofs(
    release: ModelRelease, near: float, earlier: Sequence[ModelRelease]
) -> tuple[Proof, ...]:
    """What a release claims, under the name and laboratory that told of the same run first."""
    claims = proofs_of(release, near)
    if not claims:
        return ()
    told = [r for r in earlier if r.known_at < release.known_at and same_run(r, release)]
    first = min(told, key=lambda r: r.known_at, default=release)
    return proofs_of(replace(release, model=first.model, lab=first.lab), near)


def closeness_by_run(
    releases: Sequence[ModelRelease], qualities: Sequence[Quality], params: ThreatParameters
) -> dict[tuple[str, str], float]:
    """(lab, family) -> closeness of its model to the best of its own day."""
    near: dict[tuple[str, str], float] = {}
    best = params.quality.prior_mean + params.quality.prior_sd
    settled = params.quality.settled_sd
    for release, quality in zip(releases, qualities, strict=True):
        key = (release.lab, family(release.model))
        lack, scored = best - quality.mean, quality.n_scores > 0
        own = closeness(lack, release.total_params_b, scored=scored)
        near[key] = max(near.get(key, 0.0), own)
        if quality.n_scores:
            best = max(best, quality.mean - undecided(quality, settled))
    return near


def placed(
    proof: Proof, releases: Sequence[ModelRelease], near: Mapping[tuple[str, str], float]
) -> Proof:
    """``proof`` under the release it is about, at that release's closeness to the frontier."""
    found = attributed(proof, releases)
    known = near.get((found.actor, family(found.obj)))
    return found if known is None else replace(found, closeness=known)


def stake_in(world: World, params: ThreatParameters, draws: Draws, who: str) -> Stake:
    """The stake at the world's instant; ``NotObservedError`` without any revenue known."""
    revenue = run_rate_usd_bn(world.earnings)
    if revenue is None:
        raise NotObservedError(
            phrase(
                "{who}: no data-centre revenue of Nvidia is known at {as_of}",
                who=who,
                as_of=f"{world.as_of:%Y-%m-%d}",
            ),
            remedy=phrase("load nvidia_earnings, or rate at a later date"),
        )
    mix = params.policy_as_of(world.as_of.date())
    return stake_of(revenue, world.availability, mix, draws)


# --- one release in draws ---


def case_of(
    release: ModelRelease,
    world: World,
    params: ThreatParameters,
    setting: Setting,
    stake: Stake,
    draws: Draws,
) -> Case:
    """What the channels read of one release."""
    own = _standing(release, params, setting, draws)
    before = assess(setting.record, draws)
    trained = any(p.stage is ProofStage.TRAINING for p in setting.added)
    adoption = _adoption(release, draws)
    return Case(
        **_reached(release, setting, own, draws),
        **_priced(release, world, setting, own, draws),
        adoption=adoption,
        stake=stake,
        carrying=carrying_path(world.shares, world.supply, world.as_of, draws, stake.market).share,
        pair=pair_of(release, world, draws),
        before=before,
        after=assess(setting.record.with_(setting.added), draws) if setting.added else before,
        format_in_doubt="fp8" in (release.weight_precision or "") and not trained,
        doubt=doubt_of(release, setting.own.n_scores, params.doubt, float(np.median(adoption))),
        stretch=stretch_of(release, params.doubt),
    )


def _standing(
    release: ModelRelease, params: ThreatParameters, setting: Setting, draws: Draws
) -> ReleaseStanding:
    return ReleaseStanding(
        model=release.model,
        mean=setting.own.mean,
        doubt=undecided(setting.own, params.quality.settled_sd),
        z=standard(draws.noise["release_quality"]),
        closed_in_china=release.country == "CN" and release.open_weights is False,
        active_params_b=release.active_params_b,
    )


def _reached(
    release: ModelRelease, setting: Setting, own: ReleaseStanding, draws: Draws
) -> dict[str, Any]:
    """Reach and openness of a ``Case``, by name: what hangs on quality whatever the price."""
    lack = np.maximum(setting.best_quality - own.quality, 0.0)
    return {
        "reach": np.exp(-lack / draws["quality_width"]),
        "openness": closing(setting.offers, own, draws, is_open=release.open_weights),
    }


def _priced(
    release: ModelRelease, world: World, setting: Setting, own: ReleaseStanding, draws: Draws
) -> dict[str, Any]:
    """What of a ``Case`` hangs on the price, by name."""
    log_price = log_blended(
        release.price_input_usd_per_mtok, release.price_output_usd_per_mtok, draws
    )
    found = expected_log_price(setting.offers, own, draws)
    expected, nearest = (None, None) if found is None else found
    price, compute = _price_novelty(release, world, setting, own, (log_price, expected), draws)
    return {
        "price": price,
        "compute": compute,
        "expected_log_price": expected,
        "log_price": log_price,
        "nearest_offer": nearest,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """One release in its readings. full: what nobody told is drawn from its kind.

    told: what nobody told is no novelty and moves no centre. free: as if it cost nothing, which is
    how far an unpublished price may reach; None where one was published.
    """

    full: Case
    told: Case
    free: Case | None


def cases_of(
    release: ModelRelease,
    world: World,
    params: ThreatParameters,
    setting: Setting,
    stake: Stake,
    draws: Draws,
) -> Cases:
    """The readings of one release.

    As told, a price that was not published is no step. Quality that no score tells, and what an
    unpublished price would have told of it, is that of the cheapest open models of its kind,
    whatever the release costs and whether it is open: else a lower price would seem a worse model,
    and the threat smaller.
    """
    full = case_of(release, world, params, setting, stake, draws)
    told = replace(full, doubt=params.doubt.residual)
    priced, gift = has_price(release), free_of_charge(release)
    if priced and setting.own.n_scores:
        return Cases(full=full, told=told, free=None)
    cheapest = fit_quality((*setting.earlier, replace(gift, open_weights=True)), params)[-1]
    read = replace(setting, own=cheapest)
    own = _standing(release, params, read, draws)
    told = replace(told, **_reached(release, read, own, draws))
    if priced:
        told = replace(told, **_priced(release, world, read, own, draws))
        return Cases(full=full, told=told, free=None)
    none, nothing = np.zeros(draws.draws), log_blended(0.0, 0.0, draws)
    own = _standing(release, params, setting, draws)
    price, compute = _price_novelty(
        gift, world, setting, own, (nothing, full.expected_log_price), draws
    )
    return Cases(
        full=full,
        told=replace(told, price=none, compute=none),
        free=replace(full, price=price, compute=compute),
    )


def free_of_charge(release: ModelRelease) -> ModelRelease:
    """``release`` at a price of zero."""
    return replace(release, price_input_usd_per_mtok=0.0, price_output_usd_per_mtok=0.0)


def _price_novelty(
    release: ModelRelease,
    world: World,
    setting: Setting,
    own: ReleaseStanding,
    prices: tuple[FloatArray | None, FloatArray | None],
    draws: Draws,
) -> tuple[FloatArray, FloatArray]:
    """Log price below the expectation, and the part of it that is compute really saved.

    A price below what serving costs on the cheapest Nvidia chip of the day is a gift, and the gift
    is no efficiency. An unpublished price is drawn from its kind, together with those of the offers
    that published none either.
    """
    none = np.zeros(draws.draws)
    log_price, expected = prices
    if expected is None:
        return none, none
    if log_price is None:
        log_price = kind_log_price(setting.offers, own, draws, release, expected)
        together = expected_log_price(setting.offers, own, draws, unpublished=log_price)
        expected = expected if together is None else together[0]
    floor = _cheapest_nvidia(release, world)
    honest = log_price if floor is None else np.maximum(log_price, math.log(floor))
    saved = draws["compute_part"] * below(expected, honest)
    return below(expected, log_price), np.minimum(saved, _MOST_COMPUTE)


def doubt_of(release: ModelRelease, n_scores: int, doubt: Doubt, adoption: float) -> float:
    """Standard deviation of the residual: what every rating carries, and what is not disclosed.

    Prices, scores and sizes that are not known leave the more room, the further the model reaches.
    """
    no_price, no_scores = not has_price(release), n_scores == 0
    parts = (
        doubt.residual,
        adoption * doubt.price * no_price,
        adoption * doubt.scores * no_scores,
        adoption * doubt.sizes * _sizes_unknown(release),
    )
    unseen = 2.0 * parts[1] * parts[2]  # the two add straight: each would have told of the other
    return math.sqrt(math.fsum(p * p for p in parts) + unseen)


def _sizes_unknown(release: ModelRelease) -> float:
    """0, a half or 1: how much of total and active parameters is not known."""
    return 0.5 * ((release.total_params_b is None) + (release.active_params_b is None))


def stretch_of(release: ModelRelease, doubt: Doubt) -> float:
    """By how much the doubt of the channels widens for what is not disclosed or not sure."""
    sure = release.confidence if release.confidence is not None else 0.5
    unknown = (
        doubt.context * (release.context_k is None),
        doubt.licence * (release.license is None),
        doubt.unsized * _sizes_unknown(release),
        doubt.confidence * (1.0 - sure),
    )
    return math.fsum(unknown)


def _adoption(release: ModelRelease, draws: Draws) -> FloatArray:
    """Open weights reach further; abroad a closed service is sold everywhere too."""
    opened, closed = draws["adoption_open"], draws["adoption_closed"]
    if release.country != "CN" or release.open_weights:
        return opened
    if release.open_weights is False:
        return closed
    return closed + draws.noise["adoption_unknown"] * (opened - closed)


def _on_hand(chips: Iterable[Accelerator], *, vendor: str) -> list[Accelerator]:
    return [c for c in chips if c.vendor == vendor]


def _cheapest_nvidia(release: ModelRelease, world: World) -> float | None:
    costs = world.costs.get(release.model)
    if costs is None:
        return None
    names = [c.chip for c in _on_hand(world.accelerators, vendor="NVIDIA")]
    return min((costs.serving[n] for n in names if n in costs.serving), default=None)


def pair_of(release: ModelRelease | None, world: World, draws: Draws) -> Pair:
    """The best chips of both sides that China could buy on the day."""
    costs = None if release is None else world.costs.get(release.model)
    serving: Mapping[str, float] = {} if costs is None else costs.serving
    training: Mapping[str, float] = {} if costs is None else costs.training
    home = [c for c in world.accelerators if c.domestic]
    nvidia, rub = _obtainable(world, serving, draws)
    best = min((c for c in home if c.chip in serving), key=lambda c: serving[c.chip], default=None)
    trains = min((training[c.chip] for c in home if c.chip in training), default=None)
    log_serving = np.log(draws["serving_cost_ratio"])
    log_training = np.log(draws["training_cost_ratio"])
    modelled = best is not None and nvidia is not None
    if best is not None and nvidia is not None:
        error = np.log(draws["throughput_error"])
        log_serving = math.log(serving[best.chip] / serving[nvidia]) + error
        if trains is not None and nvidia in training:
            log_training = math.log(trains / training[nvidia]) + error
    return Pair(
        log_serving=log_serving - np.log(rub),
        log_training=log_training - np.log(rub),
        native_fp8=bool(best.fp8_native) if best is not None else False,
        nvidia_chip=nvidia,
        domestic_chip=None if best is None else best.chip,
        from_cost_model=modelled,
    )


def _obtainable(
    world: World, serving: Mapping[str, float], draws: Draws
) -> tuple[str | None, FloatArray]:
    """(chip, friction draws) of the Nvidia chip cheapest in China, friction included.

    Chips of the table come first; a spell of a chip outside it speaks only where no other does.
    Without any spell nothing restricts sales: the cheapest chip, no friction.
    """
    chips = _on_hand(world.accelerators, vendor="NVIDIA")
    tabled: list[tuple[float, str | None, FloatArray]] = []
    others: list[tuple[float, str | None, FloatArray]] = []
    for name, spell in current_spells(world.availability).items():
        if name.startswith("AMD"):
            continue
        rub = friction(spell, draws)
        barred = spell.us_permission == "barred" or spell.china_acceptance == "blocked"
        match = next((c.chip for c in chips if _is_chip(name, c.chip)), None)
        cost = None if match is None else serving.get(match)
        price = (1.0 if cost is None else cost) * float(np.median(rub)) + 1e6 * barred
        found = (price, match if cost is not None else None, rub)
        (others if match is None else tabled).append(found)
    if tabled or others:
        _, chip, rub = min(tabled or others, key=lambda f: f[0])
        return chip, rub
    free = min((c.chip for c in chips if c.chip in serving), key=lambda n: serving[n], default=None)
    return free, np.ones(draws.draws)


def _is_chip(short: str, full: str) -> bool:
    return f" {short.lower()} " in f" {full.lower()} "


# --- from draws to the rating ---


def assemble(
    release: ModelRelease,
    world: World,
    params: ThreatParameters,
    setting: Setting,
    cases: Cases,
    drawn: Sample,
    draws: Draws,
    claims: Sequence[CostClaim],
    kind: str,
) -> ThreatRating:
    """Numbers and words of one rating."""
    case, outcome = cases.told, outcome_of(cases.full, draws)
    told = outcome_of(case, draws) if case.doubt < cases.full.doubt else outcome
    free = None if cases.free is None else outcome_of(cases.free, draws)
    figures = figures_of(outcome, params.score, float(case.stake.base[0, 0]), told, free)
    story = reasons.ReasonFacts(
        release=release,
        world=world,
        setting=setting,
        case=case,
        figures=figures,
        kind=kind,
        claims=tuple(claims),
    )
    return ThreatRating(
        model=release.model,
        rated_at=world.as_of,
        kind=kind,
        rateable=has_price(release) or setting.own.n_scores > 0,
        **figures.fields(),
        novelty=novelty(case),
        reasons=reasons.paragraph_of(story),
        in_short=reasons.in_short(story),
        evidence=reasons.evidence_of_story(story),
        sensitivity=sensitivity(outcome.total_value, drawn),
        closest_earlier=closest_earlier(release, setting),
        model_version=params.model_version,
        confidence=reasons.confidence_of(story),
    )


def novelty(case: Case) -> float:
    """0 to 1: how far the release moved price, openness or the record of proof.

    1 less the product of what each left as it was: exp(-x v), exp(-o v), 1 less the gain in odds.
    """
    left = float(np.mean(np.exp(-case.reach * case.price)))
    left *= float(np.mean(np.exp(-case.reach * case.openness)))
    gain = max(
        float(np.mean(case.after.training - case.before.training)),
        float(np.mean(case.after.inference - case.before.inference)),
        0.0,
    )
    return 1.0 - left * (1.0 - gain)


def closest_earlier(release: ModelRelease, setting: Setting) -> str | None:
    """The earlier release nearest in quality, price and size; an unknown counts three units."""
    if not setting.earlier:
        return None

    def apart(a: float | None, b: float | None) -> float:
        if a is None or b is None or a <= 0 or b <= 0:
            return _UNKNOWN_APART
        return (math.log(a / b) / _CLOSE_LOG) ** 2

    def distance(pair: tuple[ModelRelease, Quality]) -> tuple[float, str]:
        other, quality = pair
        scored = quality.n_scores and setting.own.n_scores
        gap = (
            ((quality.mean - setting.own.mean) / _CLOSE_QUALITY) ** 2 if scored else _UNKNOWN_APART
        )
        gap += apart(release.price_output_usd_per_mtok, other.price_output_usd_per_mtok)
        gap += apart(release.total_params_b, other.total_params_b)
        return gap, other.model

    return min(zip(setting.earlier, setting.qualities, strict=True), key=distance)[0].model
