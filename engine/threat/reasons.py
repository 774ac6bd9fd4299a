"""A rating in words: sentences made from its own numbers, each with how far to trust it.

Nothing here computes a figure that the rating does not hold, and no text of a source is repeated:
names and numbers only. Sentences are phrases, so a report can say them in another language.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.phrases import fiscal, paragraph, phrase, plural
from engine.threat.asked import asked_at
from engine.threat.channels import Case
from engine.threat.evidence import Proof, ProofOutcome, ProofStage, redeemed
from engine.threat.novelty import has_price
from engine.threat.supply import last_china_share
from engine.threat.world import World
from engine.values import Evidence, FloatArray, ModelRelease, Observed

if TYPE_CHECKING:
    from engine.threat.setting import CostClaim, Setting

SPOKEN_CHANNEL: Mapping[str, str] = MappingProxyType(
    {
        "substitution": "substitution by home-grown chips",
        "efficiency": "efficiency",
        "price_pressure": "price pressure",
        "openness": "open weights",
        "residual": "what no channel knows",
    }
)
_USD_PER_CHIP_HOUR = 2.0
"""DeepSeek's own assumption for an H800 hour (V3 report, 2024-12)."""
_LITTLE = 1.0
"""Points of the score below which a rating says that little is new."""
_A_LINE = 0.5
"""Points of the score from which a channel is the one line of reason."""
_NOTICED = 0.05
"""Log price, logits and probability below which a novelty is not worth a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The numbers of a rating that come from the draws alone, named as in ``ThreatRating``."""

    score: float
    score_low: float
    score_high: float
    loss_share: float
    impulse_share: float
    net_mean_share: float
    net_low_share: float
    net_high_share: float
    p_loss_over_5pct: float
    revenue_usd_bn: float
    value_loss_usd_bn: float
    value_low_usd_bn: float
    value_high_usd_bn: float
    value_share: float
    base_value_usd_bn: float
    channels: Mapping[str, float]
    channel_usd_bn: Mapping[str, float]

    def fields(self) -> dict[str, Any]:
        """By name."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonFacts:
    """What the sentences are made from."""

    release: ModelRelease
    world: World
    setting: Setting
    case: Case
    figures: Figures
    kind: str
    claims: tuple[CostClaim, ...]

    @property
    def rateable(self) -> bool:
        """Whether a price or a score is known."""
        return has_price(self.release) or self.setting.own.n_scores > 0


def paragraph_of(story: ReasonFacts) -> str:
    """The reason in one paragraph: the loss, the channel that leads, novelty, what is missing."""
    return paragraph(
        _loss(story),
        _lead(story),
        _price(story),
        _per_token(story),
        _openness(story),
        _hardware(story),
        _gaps(story),
    )


def in_short(story: ReasonFacts) -> str:
    """One line of reason: what most of it comes from, or why it is next to nothing."""
    lead, part = _leading(story)
    if abs(part) < _A_LINE:
        return paragraph(_price(story), _no_opening(story))
    by_channel = {"substitution": _hardware, "openness": _openness}
    return by_channel.get(lead, _price)(story) or _lead(story)


def _leading(story: ReasonFacts) -> tuple[str, float]:
    """The channel with the largest part, and that part in points."""
    parts = {n: p for n, p in story.figures.channels.items() if n != "residual"}
    lead = max(parts, key=lambda name: abs(parts[name]))
    return lead, parts[lead]


def _loss(story: ReasonFacts) -> str:
    f = story.figures
    if not story.rateable:
        return phrase(
            "{model} is seen and cannot be rated yet: neither a price nor a score is known. What "
            "stands here is a wide guess from models of its kind.",
            model=story.release.model,
        )
    return phrase(
        "{model} puts {loss:share1} of Nvidia's data-centre revenue of {revenue:usdbn0} a year at "
        "risk ({low:+share1} to {high:+share1} as a change) and {value:usdbn1} of three years' "
        "gross profit, a score of {score:.0f}.",
        model=story.release.model,
        loss=f.loss_share,
        revenue=f.revenue_usd_bn,
        low=f.net_low_share,
        high=f.net_high_share,
        value=f.value_loss_usd_bn,
        score=f.score,
    )


def _lead(story: ReasonFacts) -> str:
    lead, part = _leading(story)
    if abs(part) < _LITTLE and not story.rateable:
        return ""  # what nobody knows yet cannot be said to be nothing new
    if abs(part) < _LITTLE:
        return phrase("Little of it is new: earlier releases had moved the same.")
    return phrase(
        "Most of it comes through {channel}, {part:+.1f} points.",
        channel=SPOKEN_CHANNEL[lead],
        part=part,
    )


def _price(story: ReasonFacts) -> str:
    if not has_price(story.release):
        return phrase(
            "No price was published: it counts as no novelty, and what it may be is left to the "
            "interval."
        )
    if story.case.nearest_offer is None:
        return phrase("No earlier offer is known to compare its price with.")
    ratio = _price_ratio(story)
    if ratio > 1 - _NOTICED:
        return phrase(
            "At its quality it is no cheaper than {other} had led buyers to expect.",
            other=story.case.nearest_offer,
        )
    return phrase(
        "At its quality it costs {ratio:share0} of what {other} had led buyers to expect.",
        ratio=ratio,
        other=story.case.nearest_offer,
    )


def _price_ratio(story: ReasonFacts) -> float:
    """Its price over what buyers had been led to expect, 1 where it is no lower."""
    return float(np.exp(-np.median(story.case.price)))


def _per_token(story: ReasonFacts) -> str:
    """Why a model that answers in few words may be rated too low."""
    compared = has_price(story.release) and story.case.nearest_offer is not None
    if not compared or _price_ratio(story) <= 1 - _NOTICED:
        return ""
    return phrase("Prices are compared by the token: how many an answer takes is known of neither.")


def _no_opening(story: ReasonFacts) -> str:
    """That its weights, open or closed, carry openness no further."""
    if story.release.open_weights is None or _openness(story):
        return ""
    if story.release.open_weights:
        return phrase("Its open weights lead no further than those before.")
    return phrase("Its weights are closed.")


def _openness(story: ReasonFacts) -> str:
    step = float(np.median(story.case.openness))
    if step < _NOTICED:
        return ""
    return phrase(
        "It carries the best open weights {step:.2f} logits of GPQA Diamond further.", step=step
    )


def _hardware(story: ReasonFacts) -> str:
    stages = {p.stage for p in story.setting.added if p.weight > 0}
    before, after = story.case.before, story.case.after
    if ProofStage.TRAINING in stages:
        return phrase(
            "Training on home-grown chips moves the odds that others can do so from "
            "{before:share0} to {after:share0}.",
            before=float(before.training.mean()),
            after=float(after.training.mean()),
        )
    if ProofStage.SERVING in stages:
        return phrase(
            "Serving on home-grown chips moves the odds that others can do so from {before:share0} "
            "to {after:share0}; training stays where it was.",
            before=float(before.inference.mean()),
            after=float(after.inference.mean()),
        )
    if story.release.scale_format == "ue8m0":
        return phrase("Its UE8M0 scales prove no hardware: Nvidia's Blackwell uses them too.")
    return ""


def _gaps(story: ReasonFacts) -> str:
    missing = [name for name, seen in observed(story).items() if not seen]
    if not missing:
        return ""
    return plural(
        "Not observed: {names}; this widens the interval.",
        "Not observed: {names}; these widen the interval.",
        n=len(missing),
        names=", ".join(missing),
    )


def observed(story: ReasonFacts) -> dict[str, bool]:
    """Which inputs were observed, in the order in which they matter."""
    release, world = story.release, story.world
    return {
        "list price": has_price(release),
        "benchmark scores": story.setting.own.n_scores > 0,
        "an earlier offer": story.case.nearest_offer is not None,
        "openness of the weights": release.open_weights is not None,
        "size": release.total_params_b is not None and release.active_params_b is not None,
        "training hardware": release.hardware_named is not None,
        "inference hardware": release.inference_domestic is not None,
        "China's share of revenue": last_china_share(world.earnings) is not None,
        "home-grown chip supply": bool(world.shares),
    }


_WEIGHTS = (0.25, 0.25, 0.1, 0.1, 0.06, 0.06, 0.06, 0.06, 0.06)


def confidence_of(story: ReasonFacts) -> float:
    """0 to 1: the weighted share of inputs observed, times trust in the release row."""
    seen = sum(w for w, ok in zip(_WEIGHTS, observed(story).values(), strict=True) if ok)
    scores = min(story.setting.own.n_scores, 4) / 4
    trust = story.release.confidence if story.release.confidence is not None else 0.5
    return min(1.0, (seen - 0.15 * (1 - scores) * (scores > 0)) * trust)


def evidence_of_story(story: ReasonFacts) -> tuple[Evidence, ...]:
    """Every sentence of support, most telling first."""
    found = [
        _price_evidence(story),
        _quality_evidence(story),
        _openness_evidence(story),
        *(_proof_evidence(p) for p in story.setting.added),
        _format_evidence(story),
        *_failures(story),
        _chips_evidence(story),
        _policy_evidence(story),
        _market_evidence(story),
        _supply_evidence(story),
        _share_evidence(story),
        _tokens_evidence(story),
        *_training_bill(story.release),
        *(_claim_evidence(claim, story) for claim in story.claims),
    ]
    return tuple(e for e in found if e is not None)


def _price_evidence(story: ReasonFacts) -> Evidence:
    release = story.release
    if not has_price(release):
        return Evidence(text=phrase("No list price was published"), observed=Observed.NOT_OBSERVED)
    low, mid, high = _band(np.exp(-story.case.price))
    return Evidence(
        text=phrase(
            "List price {price_in:usd2} in, {price_out:usd2} out per million tokens: "
            "{mid:share0} ({low:share0} to {high:share0}) of the frontier's at equal quality",
            price_in=release.price_input_usd_per_mtok,
            price_out=release.price_output_usd_per_mtok,
            mid=mid,
            low=low,
            high=high,
        ),
        confidence=release.confidence,
        source=release.source,
    )


def _quality_evidence(story: ReasonFacts) -> Evidence:
    own, best = story.setting.own, story.setting.best_quality
    if own.n_scores == 0:
        return Evidence(
            text=phrase(
                "No benchmark score is known; its quality is taken for that of the cheapest open "
                "models of its kind"
            ),
            observed=Observed.NOT_OBSERVED,
        )
    return Evidence(
        text=plural(
            "Quality {quality:+.2f} from {n} benchmark against {best:+.2f} of the best earlier "
            "model (logits of GPQA Diamond)",
            "Quality {quality:+.2f} from {n} benchmarks against {best:+.2f} of the best earlier "
            "model (logits of GPQA Diamond)",
            n=own.n_scores,
            quality=own.mean,
            best=best,
        ),
        confidence=0.5,
        source=story.release.source,
    )


def _openness_evidence(story: ReasonFacts) -> Evidence | None:
    if story.release.open_weights is None:
        return Evidence(
            text=phrase("Whether its weights are open is not known"), observed=Observed.NOT_OBSERVED
        )
    if not story.release.open_weights:
        return None
    low, mid, high = _band(story.case.openness)
    return Evidence(
        text=phrase(
            "Open weights, {mid:.2f} ({low:.2f} to {high:.2f}) logits beyond the best open ones "
            "known before",
            mid=mid,
            low=low,
            high=high,
        ),
        confidence=story.release.confidence,
        source=story.release.source,
    )


def _proof_evidence(proof: Proof) -> Evidence:
    if proof.stage is ProofStage.TRAINING:
        text = phrase("Training on home-grown chips is claimed")
    else:
        text = phrase("Serving on home-grown chips is claimed")
    return Evidence(text=text, confidence=proof.trust, source=proof.source)


def _format_evidence(story: ReasonFacts) -> Evidence | None:
    if story.release.scale_format != "ue8m0":
        return None
    return Evidence(
        text=phrase("UE8M0 scales: a format that Nvidia's Blackwell uses too; counted as nothing"),
        confidence=0.0,
        source=story.release.source,
    )


def _failures(story: ReasonFacts) -> list[Evidence]:
    """Failed runs of this lab: credited on their own day, never again with a release."""
    lab = story.release.lab.lower()
    record = story.setting.record.proofs
    everything = (*record, *story.setting.added)
    failed = [p for p in record if p.outcome is ProofOutcome.FAILURE and p.actor.lower() == lab]
    return [
        Evidence(
            text=_failure_text(p, taken_back=redeemed(p, everything) >= 1.0),
            confidence=p.trust,
            source=p.source,
        )
        for p in failed
    ]


def _failure_text(failure: Proof, *, taken_back: bool) -> str:
    if taken_back:
        return phrase(
            "The run of {lab} on home-grown chips reported as failed on {day:date} no longer "
            "counts: the lab has trained on them since",
            day=failure.known_at,
            lab=failure.actor,
        )
    return phrase(
        "On {day:date} a training run of {lab} on home-grown chips was reported to have failed: "
        "good for Nvidia, and counted on that day",
        day=failure.known_at,
        lab=failure.actor,
    )


def _chips_evidence(story: ReasonFacts) -> Evidence:
    pair = story.case.pair
    if not pair.from_cost_model:
        return Evidence(
            text=phrase("The cost model has no pair of chips for it; a wide prior stands in"),
            observed=Observed.NOT_OBSERVED,
        )
    low, mid, high = _band(np.exp(pair.log_serving))
    return Evidence(
        text=phrase(
            "Serving on {home} costs {mid:.2f} ({low:.2f} to {high:.2f}) times what it costs in "
            "China on {nvidia}, before software and network penalties",
            home=pair.domestic_chip and pair.domestic_chip.removesuffix(" (system)"),
            nvidia=pair.nvidia_chip,
            mid=mid,
            low=low,
            high=high,
        ),
        confidence=0.5,
        source="engine.threat.cost",
    )


def _policy_evidence(story: ReasonFacts) -> Evidence:
    odds = story.case.stake.odds
    return Evidence(
        text=phrase(
            "Policy over the third year: free {free:share0}, licensed {licensed:share0}, barred "
            "{barred:share0}",
            free=odds["free"][-1],
            licensed=odds["licensed"][-1],
            barred=odds["barred"][-1],
        ),
        observed=Observed.PRESENT if story.case.stake.policy.chip else Observed.NOT_OBSERVED,
        confidence=0.4,
        source="china_availability",
    )


def _market_evidence(story: ReasonFacts) -> Evidence:
    low, mid, high = _band(story.case.stake.reachable[0])
    return Evidence(
        text=phrase(
            "Nvidia could sell {mid:usdbn0} ({low:usdbn0} to {high:usdbn0}) in China within twelve "
            "months as policy may turn",
            mid=mid,
            low=low,
            high=high,
        ),
        confidence=0.4,
        source="threat.toml",
    )


def _supply_evidence(story: ReasonFacts) -> Evidence:
    low, mid, high = _band(story.case.carrying[0])
    return Evidence(
        text=phrase(
            "Home-grown supply can carry {mid:share0} ({low:share0} to {high:share0}) of China's "
            "demand in a year",
            mid=mid,
            low=low,
            high=high,
        ),
        observed=Observed.PRESENT if story.world.shares else Observed.NOT_OBSERVED,
        confidence=0.4,
        source="china_chip_share",
    )


def _tokens_evidence(story: ReasonFacts) -> Evidence | None:
    asked = asked_at(story.world.tokens, story.world.as_of)
    if asked is None:
        return None
    if asked.share_before is None:
        text = phrase(
            "Chinese models answered {share:share0} of the tokens that OpenRouter passed on in the "
            "week to {on:date}",
            share=asked.share,
            on=asked.on,
        )
    else:
        text = phrase(
            "Chinese models answered {share:share0} of the tokens that OpenRouter passed on in the "
            "week to {on:date}, {before:share0} four weeks before",
            share=asked.share,
            on=asked.on,
            before=asked.share_before,
        )
    return Evidence(text=text, confidence=0.3, source="openrouter.ai/rankings")


def _share_evidence(story: ReasonFacts) -> Evidence:
    told = last_china_share(story.world.earnings)
    if told is None:
        return Evidence(
            text=phrase("China's share of revenue was not reported"),
            observed=Observed.NOT_OBSERVED,
        )
    return Evidence(
        text=phrase(
            "China was {share:share1} of Nvidia's revenue in {quarter}, as first reported",
            share=told.china_share,
            quarter=fiscal(told.quarter),
        ),
        confidence=0.9,
        source="nvidia_earnings",
    )


def _training_bill(release: ModelRelease) -> list[Evidence]:
    """The lab's bill beside hours at market rent: a claim, which moves nothing."""
    bill, hours = release.claimed_training_cost_usd, release.training_gpu_hours
    if bill is None:
        return []
    estimate = None if hours is None else hours * _USD_PER_CHIP_HOUR
    return [
        Evidence(
            text=phrase(
                "Claimed training cost {bill:usd0}; its chip hours at two dollars give "
                "{estimate:usd0}; neither holds research, staff or data, neither moves the rating",
                bill=bill,
                estimate=estimate,
            ),
            confidence=0.3,
            source=release.source,
        )
    ]


def _claim_evidence(claim: CostClaim, story: ReasonFacts) -> Evidence:
    low, mid, high = _band(np.exp(-story.case.compute))
    return Evidence(
        text=phrase(
            "Press claim: {claimed:share0} of the cost. Own estimate of cost per token of equal "
            "quality: {mid:share0} ({low:share0} to {high:share0}) of the frontier's. The claim "
            "moves nothing",
            claimed=claim.claimed_ratio,
            mid=mid,
            low=low,
            high=high,
        ),
        confidence=min(claim.confidence, 0.3),
        source=claim.source,
    )


def _band(values: FloatArray) -> tuple[float, float, float]:
    """5th, 50th and 95th percentile."""
    low, mid, high = (float(x) for x in np.quantile(values, (0.05, 0.5, 0.95)))
    return low, mid, high
