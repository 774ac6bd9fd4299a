"""Typed, dated proof of what runs on home-grown chips, and the one ledger in which it counts.

A proof says who did what (trained, served), on whose chips, how much of it, with what outcome, who
confirmed it, and when that became known. Tables, releases and headlines all become proofs; the
ledger keys them by actor, object and stage, so that one fact told by many counts once, at the best
confirmation it has. Probabilities live in log-odds. A plan is no run, a capacity is no supply, two
models of one run are one proof, and a number format is no hardware: UE8M0 is the scale format of
Nvidia's own Blackwell too, and appears nowhere here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache

import numpy as np

from engine.errors import ConfigError
from engine.phrases import phrase
from engine.threat.parameters import Draws
from engine.threat.supply import end_of_utc_day
from engine.values import FloatArray, ModelRelease


class ProofStage(StrEnum):
    """What was done on the chips."""

    TRAINING = "training"
    SERVING = "serving"


class ProofOutcome(StrEnum):
    """How it went. Only success and failure weigh."""

    SUCCESS = "success"
    FAILURE = "failure"
    UNCONFIRMED = "unconfirmed"
    PLANNED = "planned"


class Confirmed(StrEnum):
    """Who says so."""

    OUTSIDE = "outside"
    LAB = "lab"
    VENDOR = "chip vendor"
    PRESS = "press"


TRUST: Mapping[Confirmed, float] = {
    Confirmed.OUTSIDE: 0.95,
    Confirmed.LAB: 0.8,
    Confirmed.VENDOR: 0.6,
    Confirmed.PRESS: 0.6,
}
"""How surely a claim holds by who makes it: judgement. A laboratory risks its name; a vendor sells;
press was right on R2's failure (2025-08-14) and unconfirmed on GLM-5 (2026-02-11)."""
UNCONFIRMED_TRUST = 0.15
"""A claim that its own table calls unconfirmed: judgement."""
_WORD = {"high": 1.0, "medium": 0.85, "low": 0.5}
PART_OF_IT = 0.35
"""Weight of a stage done in part on home-grown chips, share not given: judgement."""
MIXED_WITH_NVIDIA = 0.2
UNSCORED = 0.7
OTHERS = 0.25
"""What a proof adds beside a stronger one: judgement."""
UNNAMED_VENDOR = 0.9
"""Weight of a proof whose chips have no named maker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One claim about home-grown chips.

    actor: the laboratory. obj: the model or run, whose family is the key; "" where none is named.
    share: of the stage done on them, 0 to 1. trust: how surely the claim holds, 0 to 1.
    independent: the actor does not sell the chips. closeness: how near the model came to the best
    of its day, 1 the frontier. until: when it was taken back, refuted
    or corrected; None while it stands.
    """

    known_at: datetime
    actor: str
    obj: str
    stage: ProofStage
    outcome: ProofOutcome = ProofOutcome.SUCCESS
    vendor: str = ""
    share: float = 1.0
    confirmed_by: Confirmed = Confirmed.LAB
    trust: float = 0.8
    independent: bool = True
    closeness: float = 1.0
    size_b: float | None = None
    source: str = ""
    until: datetime | None = None

    @property
    def weight(self) -> float:
        """How much of one full, sure, frontier-sized proof it is."""
        if self.outcome is ProofOutcome.PLANNED:
            return 0.0
        return self.trust * self.share * self.closeness


_FAMILY = re.compile(r"^(?P<name>[a-z][a-z.\-]*?-?v?\d+(?:\.\d+)?)(?![\d.])")


@lru_cache(maxsize=4096)
def family(name: str) -> str:
    """The run behind a model's name: ``DeepSeek-V4-Pro-0813`` and ``DeepSeek-V4 (Flash and Pro)``
    are both ``deepseek-v4``; a name without a version is its own family.
    """
    low = "-".join(name.lower().replace("_", " ").split())
    found = _FAMILY.match(low)
    return found["name"] if found else low


def flagship_of(releases: Iterable[ModelRelease]) -> ModelRelease:
    """Of the releases of one run: the largest of its first day. Raises ``ValueError`` for none."""
    return min(releases, key=lambda r: (r.released_on, -(r.total_params_b or 0.0), r.model))


# --- where proofs come from ---


def proofs_from_rows(rows: Iterable[Mapping[str, str]]) -> tuple[Proof, ...]:
    """Training claims of ``homegrown_training_record.csv``, oldest first; all problems at once."""
    found, problems = [], []
    for number, row in enumerate(rows, start=2):
        try:
            found.append(_from_row(row))
        except (KeyError, ValueError) as error:
            problems.append(
                phrase(
                    "homegrown_training_record.csv:{number}: {error}",
                    number=str(number),
                    error=error,
                )
            )
    if problems:
        raise ConfigError(problems)
    return tuple(sorted(found, key=lambda p: (p.known_at, p.obj)))


def _from_row(row: Mapping[str, str]) -> Proof:
    outcome = ProofOutcome(row["outcome"].strip())
    by = (row.get("claimed_by") or "").strip()
    confirmed = Confirmed.LAB if by.startswith("lab") else Confirmed(by)
    size = (row.get("total_params_b") or "").strip()
    vendor = (row.get("chip_vendor") or "").strip()
    whole = (row.get("extent") or "all").strip() == "all"
    pretraining = "pretraining" in (row.get("stage") or "") or row.get("stage") == "training"
    share = (1.0 if whole else PART_OF_IT) * (1.0 if pretraining else PART_OF_IT)
    trust = TRUST[confirmed] * _WORD.get((row.get("confidence") or "").strip(), 0.5)
    return Proof(
        known_at=end_of_utc_day(date.fromisoformat(row["known_on"].strip())),
        actor=row["lab"].strip(),
        obj=row["model"].strip(),
        stage=ProofStage.TRAINING,
        outcome=outcome,
        vendor="" if vendor in ("unnamed", "several") else vendor,
        share=share * (UNNAMED_VENDOR if vendor == "unnamed" else 1.0),
        confirmed_by=confirmed,
        trust=UNCONFIRMED_TRUST if outcome is ProofOutcome.UNCONFIRMED else trust,
        independent=(row.get("independent_of_chip_vendor") or "").strip() != "n",
        closeness=1.0
        if outcome is ProofOutcome.FAILURE
        else UNSCORED * size_closeness(_number(size)),
        size_b=_number(size),
        source=(row.get("source") or "").strip(),
    )


def _number(text: str) -> float | None:
    return float(text) if text else None


_FRONTIER_SIZE_B, _UNKNOWN_SIZE_CLOSENESS = 700.0, 0.5


def size_closeness(size_b: float | None) -> float:
    """How near a size is to that of a frontier model, 700 B and more: the ratio to the power 3/4.

    Judgement: what trains 16 B on one rack says little of 700 B on ten thousand chips. An unknown
    size counts as that of a middling model.
    """
    if size_b is None:
        return _UNKNOWN_SIZE_CLOSENESS
    return float(min(1.0, size_b / _FRONTIER_SIZE_B) ** 0.75)


def closeness(lack: float, size_b: float | None, *, scored: bool = True) -> float:
    """0 to 1 from the quality it lacks against the best (logits, at least 0) and its size.

    1 at the frontier falling to 1/e at a logit and a half below, times the size's; without a score
    nobody has seen how good it is, and it counts ``UNSCORED`` of that.
    """
    seen = 1.0 if scored else UNSCORED
    return seen * math.exp(-max(0.0, lack) / 1.5) * size_closeness(size_b)


# --- a release's own words on hardware ---

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
_VENDORS: tuple[tuple[str, str], ...] = (
    ("Huawei", r"Huawei|Ascend|CloudMatrix\d*|Atlas|HCCL|MindSpore|910[BCD]?|950(?:PR|DT)?"),
    ("Kunlunxin", r"Kunlun\w*|P800"),
    ("Cambricon", r"Cambricon|Siyuan|MLU\d*"),
    ("Hygon", r"Hygon|DCU"),
    ("Moore Threads", r"Moore Threads|MTT"),
    ("MetaX", r"MetaX"),
    ("Biren", r"Biren"),
    ("T-Head", r"T-Head|Zhenwu"),
    (
        "",
        r"(?:domestic|home-?grown|Chinese)\b[\w ,-]*\b"
        r"(?:\w*chips?|compute|computing|accelerators?|ASICs?|NPUs?|GPUs?)|AI ASICs?",
    ),
)
_HOME = tuple((vendor, re.compile(rf"\b(?:{words})\b", re.I)) for vendor, words in _VENDORS)
_NVIDIA = re.compile(r"\b(H\d{2,3}|A\d{3}|B\d{3}|GB\d{3}|Nvidia|Hopper|Blackwell)s?\b", re.I)
_CLAUSE = re.compile(r"[;,.]|\bbut\b|\bwhile\b|\band\b")
_NEGATED = re.compile(r"\b(no|not|never|without|denie[sd]|instead of|rather than)\b", re.I)
_HEARSAY = re.compile(
    r"\b(press|unconfirmed|reported\w*|rumou?r\w*|disputed|alleged|said to)\b", re.I
)
_PARTLY = re.compile(r"\b(part|partly|some|share not given|mix|mixed)\b", re.I)


_RUN = (
    "total_params_b",
    "active_params_b",
    "gpqa_diamond_pct",
    "mmlu_pro_pct",
    "swe_bench_verified_pct",
    "aime_pct",
    "lmarena_elo",
    "hardware_named",
    "inference_domestic",
)
_OFFER = ("price_input_usd_per_mtok", "price_output_usd_per_mtok", "context_k", "open_weights")
_SAME_STORY = timedelta(days=120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What a release names: the home-grown maker ("" unnamed, None none), and Nvidia beside it."""

    vendor: str | None
    nvidia: bool
    hearsay: bool
    partly: bool


@lru_cache(maxsize=1024)
def read_hardware(words: str) -> Hardware:
    """The words of a source on training hardware, clause by clause.

    A denial holds for the chips of its own clause, after it: "without Nvidia, on Ascend" names
    Ascend alone, "Ascend, no H100 used" too.
    """
    vendor: str | None = None
    nvidia = False
    for clause in _CLAUSE.split(words):
        denial = _NEGATED.search(clause)
        positive = clause if denial is None else clause[: denial.start()]
        nvidia = nvidia or bool(_NVIDIA.search(positive))
        found = next((name for name, told in _HOME if told.search(positive)), None)
        vendor = vendor or (found if found is not None else vendor)
    return Hardware(
        vendor=vendor,
        nvidia=nvidia,
        hearsay=bool(_HEARSAY.search(words)),
        partly=bool(_PARTLY.search(words)),
    )


def proofs_of(release: ModelRelease, near: float) -> tuple[Proof, ...]:
    """What a release itself claims about home-grown chips; ``near``: its closeness, 0 to 1."""
    sure = release.confidence if release.confidence is not None else 0.5
    made: list[Proof] = []
    own = any(maker.lower() in release.lab.lower() for maker in CHIP_MAKERS)
    named = read_hardware(release.hardware_named or "")
    plain = Proof(
        known_at=release.known_at,
        actor=release.lab,
        obj=release.model,
        stage=ProofStage.TRAINING,
        vendor=named.vendor or "",
        independent=not own,
        closeness=near,
        size_b=release.total_params_b,
        source=release.source,
    )
    if named.vendor is not None:
        share = PART_OF_IT if named.partly else 1.0
        share *= MIXED_WITH_NVIDIA if named.nvidia else 1.0
        share *= UNNAMED_VENDOR if named.vendor == "" else 1.0
        trust = UNCONFIRMED_TRUST if named.hearsay else TRUST[Confirmed.LAB] * sure
        by = Confirmed.PRESS if named.hearsay else Confirmed.LAB
        made.append(replace(plain, share=share, trust=trust, confirmed_by=by))
    if release.inference_domestic:
        trust = TRUST[Confirmed.LAB] * sure
        made.append(replace(plain, stage=ProofStage.SERVING, vendor="", trust=trust))
    return tuple(made)


def same_run(one: ModelRelease, other: ModelRelease) -> bool:
    """Whether two releases are one model under two names: what is known of both is the same.

    Sizes, scores and words on hardware agree within four months. Where sizes are not known, price,
    context and openness must agree as well, and it is one laboratory's.
    """
    sized = None not in (one.total_params_b, one.active_params_b)
    if abs(one.known_at - other.known_at) > _SAME_STORY:
        return False
    if not sized and one.lab.strip().lower() != other.lab.strip().lower():
        return False
    named = _RUN if sized else (*_RUN, *_OFFER)
    return all(getattr(one, name) == getattr(other, name) for name in named)


# --- headlines ---


def proofs_from_events(rows: Iterable[Mapping[str, str]]) -> tuple[Proof, ...]:
    """Claims in classified headlines; rows with the columns of ``chip_events.csv``.

    Used: event_type, actor, headline, date_utc, time_utc, confidence, source. A failed training
    run, and an adoption that says who trained or serves on what; everything else is no proof.
    """
    found = (proof_of_event(row) for row in rows)
    return tuple(sorted((p for p in found if p is not None), key=lambda p: (p.known_at, p.obj)))


_FORMAT = re.compile(r"\b(ue8m0|e8m0|scale format|block scales?)\b", re.I)
_TRAINED = re.compile(r"\btrain(s|ed|ing)?\b", re.I)
_SERVED = re.compile(r"\b(run on|runs on|support(s)?|serve[sd]?)\b", re.I)
_PLAN = re.compile(r"\b(plans?|planned|to train|will|would|orders?|ordered|buy|bought)\b", re.I)
_MODEL_NAME = re.compile(r"\b[A-Z][A-Za-z]*[- ]?[A-Za-z]?\d[\w.\-]*")
_HEADLINE_CLOSENESS = {ProofStage.TRAINING: 0.2, ProofStage.SERVING: 0.4}
"""How near the frontier a model is that only a headline tells of: judgement."""


def is_about_a_format(headline: str) -> bool:
    """Whether a headline tells of a number format: no evidence, of anything, in any place."""
    return bool(_FORMAT.search(headline))


def proof_of_event(row: Mapping[str, str]) -> Proof | None:
    """The claim of one classified headline, or None."""
    headline, actor = row.get("headline") or "", row.get("actor") or ""
    claim = _event_claim(row.get("event_type") or "", headline)
    if claim is None:
        return None
    stage, outcome = claim
    makers = sum(maker.lower() in actor.lower() for maker in CHIP_MAKERS)
    failed = outcome is ProofOutcome.FAILURE
    sure = _WORD.get((row.get("confidence") or "").strip(), 0.5)
    hearsay = bool(_HEARSAY.search(headline)) and not failed
    named = _MODEL_NAME.search(headline)
    return Proof(
        known_at=_event_instant(row),
        actor=actor.split("/")[0].strip(),
        obj=named[0] if named else "",
        stage=stage,
        outcome=outcome,
        confirmed_by=Confirmed.PRESS,
        trust=UNCONFIRMED_TRUST if hearsay else TRUST[Confirmed.PRESS] * sure,
        independent="own chips" not in headline.lower() and makers < len(actor.split("/")),
        closeness=1.0 if failed else _HEADLINE_CLOSENESS[stage],
        source=row.get("source") or "",
    )


def _event_claim(event_type: str, headline: str) -> tuple[ProofStage, ProofOutcome] | None:
    if event_type == "training_failure":
        return ProofStage.TRAINING, ProofOutcome.FAILURE
    if event_type != "domestic_chip_adoption" or is_about_a_format(headline):
        return None
    if _NEGATED.search(headline) or _PLAN.search(headline):
        return None
    if _TRAINED.search(headline):
        return ProofStage.TRAINING, ProofOutcome.SUCCESS
    if _SERVED.search(headline):
        return ProofStage.SERVING, ProofOutcome.SUCCESS
    return None


def _event_instant(row: Mapping[str, str]) -> datetime:
    day, clock = date.fromisoformat(row["date_utc"].strip()), (row.get("time_utc") or "").strip()
    if not clock or (row.get("time_precision") or "").strip() == "approximate":
        return end_of_utc_day(day)
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=UTC)


# --- the ledger ---


@dataclass(frozen=True, slots=True)
class Ledger:
    """Each claim once: of several tellings of one claim the weightiest counts.

    A failure is one claim of its actor within a quarter, whatever the run is called, and fades as
    that actor shows later that it can. A success that names no model adds nothing to a named one of
    the same actor and stage within four months.
    """

    proofs: tuple[Proof, ...] = ()

    @staticmethod
    def of(told: Iterable[Proof]) -> Ledger:
        """The ledger of everything told; order does not matter."""
        best: dict[tuple[str, ...], Proof] = {}
        for proof in sorted(told, key=lambda p: (p.known_at, p.obj, p.source)):
            key = _claim(proof)
            if key not in best or proof.weight > best[key].weight:
                best[key] = proof
        claims = tuple(best.values())
        named = tuple(p for p in claims if not _told_by_name(p, claims))
        return Ledger(_settled(named))

    def news_in(self, told: Iterable[Proof]) -> tuple[Proof, ...]:
        """Those of ``told`` that the ledger does not hold yet, or that are surer or wider now."""
        held = {_claim(p): p.trust * p.share for p in self.proofs}
        return tuple(
            p for p in told if p.weight > 0 and p.trust * p.share > held.get(_claim(p), 0.0) + 1e-9
        )

    def with_(self, added: Iterable[Proof]) -> Ledger:
        """The ledger after more was told."""
        return Ledger.of((*self.proofs, *added))


def _claim(proof: Proof) -> tuple[str, ...]:
    """What makes two tellings one claim: actor, object's family and stage."""
    actor = proof.actor.strip().lower()
    if proof.outcome is ProofOutcome.FAILURE:
        told = proof.known_at.astimezone(UTC)
        return actor, "failed", proof.stage, f"{told.year}-{(told.month - 1) // 3}"
    return actor, family(proof.obj), proof.stage


def _told_by_name(proof: Proof, claims: Iterable[Proof]) -> bool:
    """Whether a claim that names no model is told with its name by another."""
    return not proof.obj and any(
        p.obj
        and p.stage is proof.stage
        and p.outcome is proof.outcome
        and p.actor.strip().lower() == proof.actor.strip().lower()
        and abs(p.known_at - proof.known_at) <= _SAME_STORY
        for p in claims
    )


def attributed(proof: Proof, releases: Iterable[ModelRelease]) -> Proof:
    """``proof`` under the laboratory and name of the known release whose run it is about.

    "Huawei says Ascend supports DeepSeek V4" is a claim on DeepSeek's V4. Unchanged when no release
    of that family is known.
    """
    run = family(proof.obj)
    if not run:
        return proof
    for release in releases:
        own = family(release.model)
        if own == run or own.endswith(f"-{run}"):
            return replace(proof, actor=release.lab, obj=release.model)
    return proof


def _settled(proofs: tuple[Proof, ...]) -> tuple[Proof, ...]:
    """Failures weakened by what the same actor showed later."""
    return tuple(
        replace(p, trust=p.trust * (1.0 - redeemed(p, proofs)))
        if p.outcome is ProofOutcome.FAILURE
        else p
        for p in proofs
    )


def redeemed(failure: Proof, proofs: Iterable[Proof]) -> float:
    """How surely the actor of a failure has done it since: 0 to 1, 1 from even odds on."""
    later = (
        p.trust * p.share
        for p in proofs
        if p.outcome is ProofOutcome.SUCCESS
        and p.stage is failure.stage
        and p.actor.strip().lower() == failure.actor.strip().lower()
        and p.known_at > failure.known_at
    )
    return min(1.0, 2.0 * max(later, default=0.0))


# --- log-odds ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Feasibility:
    """Probability draws (draws,) that a frontier model is served, trained on home-grown chips."""

    inference: FloatArray
    training: FloatArray


def assess(ledger: Ledger, draws: Draws) -> Feasibility:
    """The ledger in probabilities: log-odds = prior + sum of weight times saturating count.

    Independent proofs count whole, those of chip makers by ``vendor_factor``. The strongest counts
    whole, the others a quarter; and twice the strength counts less than twice.
    """
    won = _count(ledger.proofs, ProofStage.TRAINING, draws)
    lost = _saturating(
        sum(p.weight for p in ledger.proofs if p.outcome is ProofOutcome.FAILURE)
        * np.ones(draws.draws)
    )
    served = _count(ledger.proofs, ProofStage.SERVING, draws)
    success = draws["training_success_weight"] * won
    failure = draws["training_failure_weight"] * lost
    training = _logit(draws["training_prior"]) + success - failure
    inference = _logit(draws["inference_prior"]) + draws["inference_support_weight"] * served
    inference = inference + draws["training_helps_inference"] * (success - 0.2 * failure)
    return Feasibility(inference=_expit(inference), training=_expit(training))


def _count(proofs: Sequence[Proof], stage: ProofStage, draws: Draws) -> FloatArray:
    good = [p for p in proofs if p.stage is stage and p.outcome is not ProofOutcome.FAILURE]
    alone = [p.weight for p in good if p.independent]
    vendors = [p.weight for p in good if not p.independent]
    return _saturating(_strength(alone) + draws["vendor_factor"] * _strength(vendors))


def _strength(weights: Sequence[float]) -> float:
    """The strongest proof, and a quarter of the others: many small runs make no large one."""
    return max(weights, default=0.0) + OTHERS * (sum(weights) - max(weights, default=0.0))


def _saturating(n: FloatArray) -> FloatArray:
    """2 (1 - 2^-n): 0, 1, 1.5, 1.75 ..."""
    count: FloatArray = 2.0 * (1.0 - 0.5**n)
    return count


def _logit(p: FloatArray) -> FloatArray:
    return np.log(p) - np.log1p(-p)


def _expit(x: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + np.exp(-x))
