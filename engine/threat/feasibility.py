"""The record of what has been shown to run on home-grown chips, and what a release adds to it.

Evidence is dated and typed; probabilities live in log-odds. What a release adds is the difference
between the record with and without it, so a second lab that repeats a proof adds little. Serving
and training are separate: to train on Nvidia and serve on Ascend is a serving fact. A number format
is no hardware fact: UE8M0 is the scale format of Nvidia's own Blackwell too, and weighs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from enum import StrEnum

import numpy as np

from engine.threat.parameters import Sample
from engine.threat.supply import end_of_utc_day
from engine.values import FloatArray, ModelRelease


class Kind(StrEnum):
    """What a piece of evidence is about."""

    TRAINING_SUCCESS = "training_success"
    TRAINING_FAILURE = "training_failure"
    INFERENCE_SUPPORT = "inference_support"
    DELAY = "delay"
    SCALE_FORMAT = "scale_format"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeasibilityEvidence:
    """One dated sign that something runs, or does not, on home-grown chips.

    independent: from a lab that does not sell the chip. credibility 0 to 1 scales its weight.
    closeness 0 to 1: how near the model came to the best of its day (1 frontier); a small model
    proves less. stage: ``training`` or ``inference``, as the kind implies unless said.
    """

    known_at: datetime
    kind: Kind
    lab: str
    independent: bool
    credibility: float
    source: str
    closeness: float = 1.0
    model: str = ""
    text: str = ""

    @property
    def stage(self) -> str:
        """``training`` or ``inference``."""
        return "inference" if self.kind is Kind.INFERENCE_SUPPORT else "training"


CHIP_MAKERS = (
    "Huawei",
    "Cambricon",
    "Hygon",
    "Kunlun",
    "Moore Threads",
    "MetaX",
    "Biren",
    "T-Head",
)
_HOME_GROWN = re.compile(
    r"\b(Ascend|Kunlun\w*|Cambricon|Siyuan|MLU\d*|Hygon|DCU|Moore Threads|MTT|MetaX|Biren|T-Head|"
    r"Zhenwu|910[BCD]?|950(?:PR|DT)?)\b",
    re.I,
)
_UNCONFIRMED = re.compile(r"\b(press|unconfirmed|reported|rumou?r\w*|disputed|said to)\b", re.I)
_NEGATED = re.compile(r"\b(no|not|never|without|denie[sd])\b", re.I)
_NVIDIA = re.compile(r"\b(H\d{2,3}|A\d{3}|B\d{3}|Nvidia|Hopper|Blackwell)\b", re.I)
UNCONFIRMED_CREDIBILITY = 0.15
"""A training claim that only press repeats (GLM-5 wholly on Ascend, 2026-02): judgement."""
_EVENT_CLOSENESS = {Kind.TRAINING_SUCCESS: 0.2, Kind.INFERENCE_SUPPORT: 0.4}
"""How near the frontier a model is that a headline does not name: judgement."""
_EVENT_CREDIBILITY = {"high": 0.9, "medium": 0.6, "low": 0.3}


def names_home_grown_training(release: ModelRelease) -> bool:
    """Whether the words on training hardware name a home-grown chip, and no denial."""
    words = release.hardware_named or ""
    return bool(_HOME_GROWN.search(words)) and not _NEGATED.search(words)


def evidence_of(release: ModelRelease, closeness: float) -> tuple[FeasibilityEvidence, ...]:
    """What a release itself says about home-grown chips; ``closeness`` 0 to 1 to the frontier."""
    made: list[FeasibilityEvidence] = []
    own = any(maker.lower() in release.lab.lower() for maker in CHIP_MAKERS)
    if names_home_grown_training(release):
        words = release.hardware_named or ""
        shared = bool(_NVIDIA.search(words))
        doubtful = bool(_UNCONFIRMED.search(words)) or shared
        credible = UNCONFIRMED_CREDIBILITY if doubtful else (release.confidence or 0.5)
        made.append(_own(release, Kind.TRAINING_SUCCESS, not own, credible, closeness, words))
    if release.inference_domestic:
        made.append(
            _own(
                release,
                Kind.INFERENCE_SUPPORT,
                not own,
                release.confidence or 0.5,
                closeness,
                "home-grown inference announced",
            )
        )
    if release.scale_format == "ue8m0":
        made.append(_own(release, Kind.SCALE_FORMAT, True, 1.0, closeness, "UE8M0 scales"))
    if release.setback:
        made.append(_own(release, Kind.DELAY, True, 0.7, closeness, release.setback))
    return tuple(made)


def _own(
    release: ModelRelease,
    kind: Kind,
    independent: bool,
    credibility: float,
    closeness: float,
    text: str,
) -> FeasibilityEvidence:
    return FeasibilityEvidence(
        known_at=release.known_at,
        kind=kind,
        lab=release.lab,
        independent=independent,
        credibility=credibility,
        closeness=closeness,
        source=release.source,
        model=release.model,
        text=text,
    )


def evidence_from_events(rows: Iterable[Mapping[str, str]]) -> tuple[FeasibilityEvidence, ...]:
    """Evidence in headlines, by rule; rows with the columns of ``chip_events.csv``.

    Used: event_type, actor, headline, date_utc, time_utc, confidence, source. A training failure
    counts as such; an adoption counts as training when it says *train*, as serving when it says
    that a model runs or is supported; a delay counts when the lab is Chinese, not when it is
    Nvidia's. A remark on a number format is kept as such. Anything else is no evidence.
    """
    found = (_from_event(row) for row in rows)
    return tuple(sorted((e for e in found if e is not None), key=lambda e: e.known_at))


def _from_event(row: Mapping[str, str]) -> FeasibilityEvidence | None:
    headline, actor = row.get("headline") or "", row.get("actor") or ""
    kind = _event_kind(row.get("event_type") or "", actor, headline)
    if kind is None:
        return None
    makers = sum(maker.lower() in actor.lower() for maker in CHIP_MAKERS)
    lab = actor.split("/")[0].strip()
    own_chips = "own chips" in headline.lower()
    sure = _EVENT_CREDIBILITY.get((row.get("confidence") or "").strip(), 0.3)
    hearsay = 0.5 if _UNCONFIRMED.search(headline) and kind is not Kind.TRAINING_FAILURE else 1.0
    return FeasibilityEvidence(
        known_at=_event_instant(row),
        kind=kind,
        lab=lab,
        independent=not own_chips and makers < len(actor.split("/")),
        credibility=sure * hearsay,
        closeness=_EVENT_CLOSENESS.get(kind, 1.0),
        source=row.get("source") or "",
        text=headline,
    )


def _event_kind(event_type: str, actor: str, headline: str) -> Kind | None:
    low = headline.lower()
    if event_type == "training_failure":
        return Kind.TRAINING_FAILURE
    if event_type == "release_delay":
        return None if "nvidia" in actor.lower() else Kind.DELAY
    if event_type != "domestic_chip_adoption":
        return None
    if "ue8m0" in low or "scale" in low:
        return Kind.SCALE_FORMAT
    if _NEGATED.search(low):
        return None
    if re.search(r"\btrain(s|ed|ing)?\b", low):
        return Kind.TRAINING_SUCCESS
    if re.search(r"\b(run on|runs on|support(s)?|serve[sd]?)\b", low):
        return Kind.INFERENCE_SUPPORT
    return None


def _event_instant(row: Mapping[str, str]) -> datetime:
    day, clock = date.fromisoformat(row["date_utc"].strip()), (row.get("time_utc") or "").strip()
    if not clock or (row.get("time_precision") or "").strip() == "approximate":
        return end_of_utc_day(day)
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=UTC)


# --- log-odds ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Feasibility:
    """Probability draws (draws,) that a frontier model is served, trained on home-grown chips."""

    inference: FloatArray
    training: FloatArray


def assess(evidence: Sequence[FeasibilityEvidence], draws: Sample) -> Feasibility:
    """The record in probabilities.

    log-odds = prior + sum over classes of weight * saturating count. A class is a kind, from
    independent labs or from chip makers; within it the first full proof counts 1, each further one
    half of the one before, 2 in all: repetition convinces less and less.
    """
    success, failure = draws["training_success_weight"], draws["training_failure_weight"]
    won = _count(evidence, Kind.TRAINING_SUCCESS, independent=True) + draws[
        "vendor_factor"
    ] * _count(evidence, Kind.TRAINING_SUCCESS, independent=False)
    lost = _count(evidence, Kind.TRAINING_FAILURE, independent=None)
    late = _count(evidence, Kind.DELAY, independent=None)
    shown = _count(evidence, Kind.INFERENCE_SUPPORT, independent=True) + draws[
        "vendor_factor"
    ] * _count(evidence, Kind.INFERENCE_SUPPORT, independent=False)
    helps = draws["training_helps_inference"]
    training = _logit(draws["training_prior"]) + success * won - failure * lost
    training = training - draws["delay_weight"] * late
    inference = _logit(draws["inference_prior"]) + draws["inference_support_weight"] * shown
    inference = inference + helps * (success * won - 0.2 * failure * lost)
    return Feasibility(inference=_expit(inference), training=_expit(training))


def settle(
    record: Iterable[FeasibilityEvidence], everything: Sequence[FeasibilityEvidence]
) -> tuple[FeasibilityEvidence, ...]:
    """``record`` with each failed run weakened by what the same lab has since shown to work.

    Give the release's own evidence in ``everything`` too: a proof then counts against a record in
    which that failure no longer stands, so failing first never makes succeeding larger.
    """
    return tuple(
        replace(e, credibility=e.credibility * (1.0 - redeemed(e, everything)))
        if e.kind is Kind.TRAINING_FAILURE
        else e
        for e in record
    )


def redeemed(failure: FeasibilityEvidence, evidence: Iterable[FeasibilityEvidence]) -> float:
    """How surely the lab of a failure has trained on home-grown chips since: 0 to 1.

    1 once a later success of the lab is at least as likely as not.
    """
    later = (
        e.credibility
        for e in evidence
        if e.kind is Kind.TRAINING_SUCCESS
        and _same_lab(e.lab, failure.lab)
        and e.known_at > failure.known_at
    )
    return min(1.0, 2.0 * max(later, default=0.0))


def _count(
    evidence: Iterable[FeasibilityEvidence], kind: Kind, *, independent: bool | None
) -> float:
    """2 (1 - 2^-n) with n the credibility-weighted number of items: 0, 1, 1.5, 1.75 ..."""
    n = sum(
        e.credibility * e.closeness
        for e in evidence
        if e.kind is kind and (independent is None or e.independent is independent)
    )
    return 2.0 * (1.0 - 0.5**n)


def _logit(p: FloatArray) -> FloatArray:
    return np.log(p) - np.log1p(-p)


def _expit(x: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + np.exp(-x))


def setbacks_weight(
    evidence: Iterable[FeasibilityEvidence], release: ModelRelease, as_of: datetime, draws: Sample
) -> FloatArray:
    """How much of the last setbacks of this lab still hangs on its release, (draws,) in [0, 1].

    Weighs half after ``setback_half_life_days``, nothing once the lab has shown it can; other
    labs' setbacks change the record only.
    """
    items = tuple(evidence)
    weight = np.zeros(draws.draws)
    for e in items:
        if e.kind in (Kind.TRAINING_FAILURE, Kind.DELAY) and _same_lab(e.lab, release.lab):
            age_days = max(0.0, (as_of - e.known_at).total_seconds() / 86_400)
            standing = 1.0 - redeemed(e, items)
            faded = standing * 0.5 ** (age_days / draws["setback_half_life_days"])
            weight = np.maximum(weight, faded)
    return weight


def _same_lab(a: str, b: str) -> bool:
    return a.strip().lower() == b.strip().lower()


def without_setbacks_of(
    evidence: Iterable[FeasibilityEvidence], lab: str
) -> tuple[FeasibilityEvidence, ...]:
    """The record as it would be had this lab not failed."""
    return tuple(
        e
        for e in evidence
        if not (e.kind in (Kind.TRAINING_FAILURE, Kind.DELAY) and _same_lab(e.lab, lab))
    )
