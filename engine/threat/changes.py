"""What happens between releases: price cuts, ports, opened weights, proofs, failed runs.

A rating changes when the world does. Each change is rated as an event of its own, with its own
day, against the world strictly before it, the release as it stood then included: what comes out is
the increment. A claim enters the ledger once; told again it moves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import groupby, pairwise

import numpy as np

from engine.phrases import paragraph, phrase
from engine.threat.catalogue import latest_by
from engine.threat.channels import Case
from engine.threat.evidence import (
    Ledger,
    Proof,
    ProofOutcome,
    ProofStage,
    assess,
    family,
    proofs_of,
)
from engine.threat.figures import figures_of, outcome_of, sensitivity
from engine.threat.novelty import has_price
from engine.threat.parameters import Draws, Sample, ThreatParameters
from engine.threat.quality import fit_quality
from engine.threat.rating import (
    at_instant,
    closeness_by_run,
    pair_of,
    placed,
    rate,
    stake_in,
)
from engine.threat.supply import carrying_path, run_rate_usd_bn
from engine.threat.world import World
from engine.values import (
    RATED_AGAIN,
    RATED_AT_LAST,
    WHOLE,
    Evidence,
    ModelRelease,
    ThreatRating,
)

PRICE_CUT, OPENED, PORTED = "price cut", "weights published", "served on home-grown chips"
PROOF, FAILED, WITHDRAWN = "proof", "failed run", "claim withdrawn"
_LEAST_CUT = 0.05
"""A list price lower by less is no news."""
_LEAST_SHARE = 5e-5
"""Share of value, either way, below which a claim is not worth a line."""
_BENCHMARKS = (
    "gpqa_diamond_pct",
    "mmlu_pro_pct",
    "swe_bench_verified_pct",
    "aime_pct",
    "lmarena_elo",
)
_TESTS = _BENCHMARKS[:-1]
"""What tests a model; the crowd's vote comes weeks later and rates nothing anew."""


def kind_of_change(old: ModelRelease, new: ModelRelease) -> str | None:
    """What is new between two versions of one release; None for what moves no rating."""
    if not _rateable(old) and _rateable(new):
        return RATED_AT_LAST
    if _rateable(old) and _fuller(old, new):
        return RATED_AGAIN
    before, after = _price(old), _price(new)
    if before is not None and after is not None and after < before * (1.0 - _LEAST_CUT):
        return PRICE_CUT
    if new.open_weights and not old.open_weights:
        return OPENED
    if new.inference_domestic and not old.inference_domestic:
        return PORTED
    return None


def _rateable(release: ModelRelease) -> bool:
    return has_price(release) or any(getattr(release, name) is not None for name in _BENCHMARKS)


def _fuller(old: ModelRelease, new: ModelRelease) -> bool:
    """A first price, the first tests, or twice as many tests: the rating before was a guess."""
    tests_before, tests = (
        sum(getattr(release, name) is not None for name in _TESTS) for release in (old, new)
    )
    priced = has_price(new) and not has_price(old)
    return priced or tests >= max(1, 2 * tests_before) > tests_before


def _price(release: ModelRelease) -> float | None:
    """The sum of the two list prices, of those known."""
    known = (release.price_input_usd_per_mtok, release.price_output_usd_per_mtok)
    told = [price for price in known if price is not None]
    return sum(told) if told else None


WorldAt = Callable[[datetime, Sequence[ModelRelease]], World]
"""The world as of an instant, with the costs of these models."""


def worlds_of(facts: World) -> WorldAt:
    """Worlds cut from one that holds everything, its chips and costs included."""
    return lambda instant, _: at_instant(facts, instant)


Once = Callable[[datetime, str, Callable[[], ThreatRating | None]], ThreatRating | None]
"""What the third makes, or its equal kept from another time. The second tells it from everything
else that is rated at the instant, of which it depends on what was known then and on nothing later.
"""


def each_time(
    _instant: datetime, _name: str, make: Callable[[], ThreatRating | None]
) -> ThreatRating | None:
    """Nothing is kept."""
    return make()


def rate_changes(
    versions: Iterable[ModelRelease],
    world_at: WorldAt,
    params: ThreatParameters,
    drawn: Callable[[], Sample],
    once: Once = each_time,
) -> tuple[ThreatRating, ...]:
    """Every later change of the releases in ``versions``, each on its own day, oldest first."""
    rated = []
    ordered = sorted(versions, key=lambda r: (r.model, r.known_at))
    for _, group in groupby(ordered, key=lambda r: r.model):
        for order, (old, new) in enumerate(pairwise(group)):
            kind = kind_of_change(old, new)
            if kind is not None:
                make = partial(_rate_change, new, kind, world_at, params, drawn)
                rated.append(once(new.known_at, f"{new.model}, change {order}: {kind}", make))
    return tuple(sorted((r for r in rated if r), key=lambda r: (r.rated_at, r.model)))


def _rate_change(
    new: ModelRelease,
    kind: str,
    world_at: WorldAt,
    params: ThreatParameters,
    drawn: Callable[[], Sample],
) -> ThreatRating | None:
    world = world_at(new.known_at, [new])
    if run_rate_usd_bn(world.earnings) is None:
        return None
    if kind in WHOLE:
        others = tuple(r for r in world.releases if r.model != new.model)
        world = replace(world, releases=others)
    return rate(new, world, params, drawn=drawn(), kind=kind)


# --- claims of their own ---


def rate_proofs(
    proofs: Sequence[Proof],
    world_at: WorldAt,
    params: ThreatParameters,
    drawn: Callable[[], Sample],
    once: Once = each_time,
) -> tuple[ThreatRating, ...]:
    """Every claim on home-grown chips that belongs to no release's own day, oldest first.

    And every claim that ended: taken back, refuted or corrected. What it had moved, and nobody else
    tells, is moved back on that day, whole, as such days come within weeks.
    """
    rated = []
    ended = {p.until for p in proofs if p.until is not None and p.until > p.known_at}
    groups = [(group[0].known_at, group) for group in _told_together(proofs)]
    for instant, group in sorted([*groups, *((day, ()) for day in ended)], key=lambda g: g[0]):
        ending = tuple(p for p in proofs if p.until == instant)
        make = partial(_rate_told, instant, group, ending, world_at, params, drawn)
        name = f"claims of {group[0].actor.lower()}" if group else "claims that ended"
        rated.append(once(instant, name, make))
    return tuple(rating for rating in rated if rating is not None)


def _told_together(proofs: Sequence[Proof]) -> Iterator[tuple[Proof, ...]]:
    """Claims of one instant and actor."""
    weighty = [p for p in proofs if p.weight > 0]
    weighty.sort(key=lambda p: (p.known_at, p.actor.lower(), p.obj, p.source))
    for _, group in groupby(weighty, key=lambda p: (p.known_at, p.actor.lower())):
        yield tuple(group)


def _rate_told(
    instant: datetime,
    group: tuple[Proof, ...],
    ending: tuple[Proof, ...],
    world_at: WorldAt,
    params: ThreatParameters,
    drawn: Callable[[], Sample],
) -> ThreatRating | None:
    world = world_at(instant, ())
    if run_rate_usd_bn(world.earnings) is None:
        return None
    return _rate_claims(group, ending, world, params, drawn())


def _rate_claims(
    group: tuple[Proof, ...],
    ending: tuple[Proof, ...],
    world: World,
    params: ThreatParameters,
    drawn: Sample,
) -> ThreatRating | None:
    """What the claims of ``group`` move; without any, what the end of others moves."""
    known = latest_by(world.releases, world.as_of)
    near = closeness_by_run(known, fit_quality(known, params), params)
    gone = tuple(placed(p, known, near) for p in ending)
    if not group:
        left = _ledger(world, known, near, told_now=True)
        return _rate_step(gone, (left.with_(gone), left), WITHDRAWN, world, params, drawn)
    told = tuple(placed(p, known, near) for p in group)
    told = tuple(p for p in told if not _of_a_release(p, known))
    before = _ledger(world, known, near).with_(gone)
    told = before.news_in(told)
    if not told:
        return None
    kind = FAILED if told[0].outcome is ProofOutcome.FAILURE else PROOF
    return _rate_step(told, (before, before.with_(told)), kind, world, params, drawn)


def _rate_step(
    told: tuple[Proof, ...],
    ledgers: tuple[Ledger, Ledger],
    kind: str,
    world: World,
    params: ThreatParameters,
    drawn: Sample,
) -> ThreatRating | None:
    """The rating of a step from one ledger to another; None where it moves next to nothing."""
    draws = drawn.at(world.as_of)
    known = latest_by(world.releases, world.as_of)
    release = next((r for r in known if r.model == told[0].obj), None)
    case = _case(release, world, params, ledgers, draws)
    outcome = outcome_of(case, draws)
    if abs(float(np.median(outcome.total_value))) < _LEAST_SHARE:
        return None
    figures = figures_of(outcome, params.score, float(case.stake.base[0, 0]))
    return ThreatRating(
        model=told[0].obj or told[0].actor,
        rated_at=world.as_of,
        kind=kind,
        **figures.fields(),
        novelty=max(0.0, float(np.mean(case.after.training - case.before.training))),
        reasons=_said(told[0], kind, case, figures.loss_share),
        evidence=tuple(Evidence(text=_claim(p), confidence=p.trust, source=p.source) for p in told),
        sensitivity=sensitivity(outcome.total_value, drawn),
        model_version=params.model_version,
        confidence=max(p.trust for p in told),
    )


def _of_a_release(proof: Proof, known: Iterable[ModelRelease]) -> bool:
    """Whether a release of that run, told at the same instant, counts the claim as its own."""
    return any(r.model == proof.obj and r.known_at == proof.known_at for r in known)


def _ledger(
    world: World,
    known: Sequence[ModelRelease],
    near: dict[tuple[str, str], float],
    *,
    told_now: bool = False,
) -> Ledger:
    """What stood before the world's instant; told_now: with what is told at it."""
    before = [placed(p, known, near) for p in world.proofs if told_now or p.known_at < world.as_of]
    for release in known:
        if told_now or release.known_at < world.as_of:
            before += proofs_of(release, near.get((release.lab, family(release.model)), 0.0))
    return Ledger.of(before)


def _case(
    release: ModelRelease | None,
    world: World,
    params: ThreatParameters,
    ledgers: tuple[Ledger, Ledger],
    draws: Draws,
) -> Case:
    none = np.zeros(draws.draws)
    stake = stake_in(world, params, draws, "a claim on home-grown chips")
    carrying = carrying_path(world.shares, world.supply, world.as_of, draws, stake.market)
    return Case(
        reach=none,
        adoption=none,
        price=none,
        compute=none,
        openness=none,
        expected_log_price=None,
        log_price=None,
        nearest_offer=None,
        stake=stake,
        carrying=carrying.share,
        pair=pair_of(release, world, draws),
        before=assess(ledgers[0], draws),
        after=assess(ledgers[1], draws),
        format_in_doubt=False,
        doubt=params.doubt.residual,
    )


def _said(proof: Proof, kind: str, case: Case, loss: float) -> str:
    taken_back = [phrase("A claim was taken back.")] if kind == WITHDRAWN else []
    return paragraph(
        *taken_back,
        _claim(proof),
        phrase(
            "It moves the odds that others can train on home-grown chips from {before:share0} to "
            "{after:share0}, and {loss:share1} of a year's data-centre revenue.",
            before=float(case.before.training.mean()),
            after=float(case.after.training.mean()),
            loss=loss,
        ),
    )


def _claim(proof: Proof) -> str:
    who, what = proof.actor, proof.obj or proof.actor
    if proof.outcome is ProofOutcome.FAILURE:
        return phrase("{who} is said to have failed to train on home-grown chips.", who=who)
    if proof.stage is ProofStage.TRAINING:
        return phrase("{what} is said to be trained on home-grown chips.", what=what)
    return phrase("{what} is said to be served on home-grown chips.", what=what)
