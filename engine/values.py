"""The vocabulary of what is known: frozen values that every room of the house speaks.

What is made of them for a reader is in ``engine.shown``.

Conventions, held everywhere:

* Times are aware UTC datetimes and end in ``_at``; calendar dates end in ``_on``.
* Units are in the name: ``_usd_per_mtok``, ``_bps``, ``_pct``, ``_b`` (billions), ``_tflops``.
* ``None`` means *not observed* or *not disclosed*. It is never zero and never a default.
* Sequences are tuples, so that a value can be hashed, compared and shared.
* Validation happens here, at the door: a value that exists is a value that holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engine.errors import DataError
from engine.phrases import phrase

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

Direction = Literal[-1, 0, 1]
"""Sense for NVDA: -1 bad, 0 neutral, +1 good."""

MAX_TITLE_CHARS = 500
MAX_BODY_CHARS = 20_000


def need_aware(owner: object, **instants: datetime | None) -> None:
    """Refuse an instant without a zone, by its name."""
    for name, instant in instants.items():
        if instant is not None and instant.tzinfo is None:
            place = f"{type(owner).__name__}.{name}"
            raise DataError(phrase("{place} = {at} is naive", place=place, at=str(instant)))


def _need_range(
    owner: object, least: float, most: float, /, *, open_low: bool = False, **numbers: float | None
) -> None:
    for name, number in numbers.items():
        if number is None:
            continue
        inside = (least < number if open_low else least <= number) and number <= most
        if not math.isfinite(number) or not inside:
            bracket = "(" if open_low else "["
            given, span = (
                f"{type(owner).__name__}.{name} = {number!r}",
                f"{bracket}{least}, {most}]",
            )
            raise DataError(phrase("{given} is outside {span}", given=given, span=span))


class Observed(StrEnum):
    """Three-valued evidence. NOT_OBSERVED lowers confidence and is said; it is never zero."""

    PRESENT = "present"
    ABSENT = "absent"
    NOT_OBSERVED = "not_observed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One row of the record: the only form in which anything enters the database.

    kind: the type of thing (``bar``, ``observation``, ``model_release``, ``policy_event`` …).
    key: its identity inside the kind; a correction has the same key and a later ``known_at``.
    occurred_at: what instant it is about. known_at: when we could act on it.
    source: where it came from, in words. confidence: 0 to 1, None when the source gives none.
    backfilled: known_at was assumed (publication plus a configured lag), not observed by us.
    payload: JSON-ready mapping with the rest.
    """

    kind: str
    key: str
    occurred_at: datetime
    known_at: datetime
    source: str
    payload: Mapping[str, Any]
    confidence: float | None = None
    backfilled: bool = False

    def __post_init__(self) -> None:
        need_aware(self, occurred_at=self.occurred_at, known_at=self.known_at)
        _need_range(self, 0, 1, confidence=self.confidence)
        if not self.kind or not self.key:
            raise DataError(phrase("a Fact needs a kind and a key"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A news entry as received, already cleaned and bounded (see ``engine.news.clean``).

    published_at: what the publisher claims, None when undated; never used to decide what was known.
    known_at: when we first saw this version. body_hash: hex digest of the text, "" when none.
    """

    source: str
    title: str
    url: str
    known_at: datetime
    published_at: datetime | None = None
    summary: str = ""
    lang: str = "en"
    body_hash: str = ""
    backfilled: bool = False

    def __post_init__(self) -> None:
        need_aware(self, known_at=self.known_at, published_at=self.published_at)
        if len(self.title) > MAX_TITLE_CHARS or len(self.summary) > MAX_BODY_CHARS:
            raise DataError(
                phrase("Item from {source} is longer than the bounds", source=self.source)
            )


class Stage(StrEnum):
    """How far an event has come."""

    RUMOUR = "rumour"
    ANNOUNCED = "announced"
    EFFECTIVE = "effective"
    REVERSED = "reversed"


class Mood(StrEnum):
    """How something is said. A member's value is what is written to the record."""

    FACT = "fact"
    RUMOUR = "rumour"
    PROPOSAL = "proposal"
    COMMENT = "comment"
    PAST = "past"
    DENIAL = "denial"
    CORRECTION = "correction"


WEIGHING = frozenset({Mood.FACT, Mood.RUMOUR})
"""The moods of which an event may move a score."""

REPEAT = "repeat"
"""Why an event weighs nothing that was old when it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, classified: a story told by one or more items.

    event_type: one of ``engine.news.taxonomy.EVENT_TYPES``. direction: for NVDA, after negation.
    confidence: calibrated probability of the type. n_sources: independent sources seen so far.
    classifier: version that made it. headline: the first member's title, for display only.
    owners: of the voices that told it, each once; grade: the best of their grades, A (the issuer's,
    regulator's or laboratory's own page) to D (moves nothing). mood: fact or rumour weigh. objects:
    chips, countries and documents it is about. ended: "" while it stands, else why it weighs
    nothing.
    """

    event_id: str
    event_type: str
    actor: str
    direction: Direction
    stage: Stage
    confidence: float
    occurred_at: datetime
    known_at: datetime
    headline: str
    source: str
    n_sources: int = 1
    item_ids: tuple[str, ...] = ()
    classifier: str = "rules"
    url: str = ""
    owners: tuple[str, ...] = ()
    grade: str = "C"
    mood: str = "fact"
    objects: tuple[str, ...] = ()
    ended: str = ""

    def __post_init__(self) -> None:
        need_aware(self, occurred_at=self.occurred_at, known_at=self.known_at)
        _need_range(self, 0, 1, confidence=self.confidence)
        if self.direction not in (-1, 0, 1):
            shown = repr(self.direction)
            raise DataError(phrase("Event.direction = {shown} is not -1, 0 or +1", shown=shown))

    @property
    def confirmed(self) -> bool:
        """Told by the issuer, regulator or laboratory itself."""
        return self.grade == "A"


RELEASE_BOUNDS: Mapping[str, tuple[float, float, bool]] = MappingProxyType(
    {
        "total_params_b": (0, 1e5, True),
        "active_params_b": (0, 1e5, True),
        "training_tokens_t": (0, 1e5, True),
        "context_k": (0, 1e5, True),
        "price_input_usd_per_mtok": (0, 1e4, False),
        "price_output_usd_per_mtok": (0, 1e4, False),
        "mmlu_pro_pct": (0, 100, False),
        "gpqa_diamond_pct": (0, 100, False),
        "swe_bench_verified_pct": (0, 100, False),
        "aime_pct": (0, 100, False),
        "aime_year": (1983, 2100, False),
        "lmarena_elo": (0, 5_000, False),
        "training_gpu_hours": (0, 1e11, False),
        "claimed_training_cost_usd": (0, 1e12, False),
        "confidence": (0, 1, False),
    }
)
"""Lowest and highest figure of a release, and whether the lowest itself is refused: a thousandfold
of what was seen by 2025-09 at most. The AIME was first held in 1983."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRelease:
    """A model as its lab described it. Every figure may be None: not disclosed.

    Parameters in billions, training tokens in trillions, prices in USD per million tokens,
    benchmark scores in percent, ``lmarena_elo`` in points, context in thousand tokens.
    ``hardware_named`` keeps the words of the source on training hardware; ``inference_domestic``
    is True when domestic-chip inference was announced with the release. ``price_elsewhere`` is what
    other lists ask, as ``LIST 0.1 / 0.3``, where that is another price than this one.
    """

    model: str
    lab: str
    country: str
    released_on: date
    known_at: datetime
    total_params_b: float | None = None
    active_params_b: float | None = None
    training_tokens_t: float | None = None
    context_k: float | None = None
    weight_precision: str | None = None
    scale_format: str | None = None
    open_weights: bool | None = None
    license: str | None = None
    price_input_usd_per_mtok: float | None = None
    price_output_usd_per_mtok: float | None = None
    mmlu_pro_pct: float | None = None
    gpqa_diamond_pct: float | None = None
    swe_bench_verified_pct: float | None = None
    aime_pct: float | None = None
    aime_year: int | None = None
    lmarena_elo: float | None = None
    hardware_named: str | None = None
    training_gpu_hours: float | None = None
    claimed_training_cost_usd: float | None = None
    inference_domestic: bool | None = None
    setback: str | None = None
    price_elsewhere: str | None = None
    is_comparison: bool = False
    source: str = ""
    confidence: float | None = None

    def __post_init__(self) -> None:
        need_aware(self, known_at=self.known_at)
        for name, (least, most, open_low) in RELEASE_BOUNDS.items():
            _need_range(self, least, most, open_low=open_low, **{name: getattr(self, name)})
        total, active = self.total_params_b, self.active_params_b
        if total is not None and active is not None and active > total:
            raise DataError(
                phrase(
                    "{model}: active_params_b = {active} exceeds total_params_b = {total}",
                    model=self.model,
                    active=active,
                    total=total,
                ),
                remedy=phrase("active parameters are a part of the total"),
            )


def release_payload(release: ModelRelease) -> dict[str, Any]:
    """``release`` as the payload of a fact: JSON-ready, without what is not disclosed.

    ``known_at`` is left out, because it is the fact's own.
    """
    plain: dict[str, Any] = {}
    for spec in fields(release):
        value = getattr(release, spec.name)
        if value is not None and spec.name != "known_at":
            plain[spec.name] = value.isoformat() if isinstance(value, date) else value
    return plain


def release_of(fact: Fact) -> ModelRelease:
    """The release told by a ``model_release`` fact, known when the fact was known.

    Unknown payload keys are refused (``DataError``): a release is never half read.
    """
    payload = dict(fact.payload)
    unknown = payload.keys() - {spec.name for spec in fields(ModelRelease)}
    if unknown:
        names = ", ".join(sorted(unknown))
        raise DataError(
            phrase("model_release {key}: unknown field(s) {names}", key=fact.key, names=names)
        )
    payload["released_on"] = date.fromisoformat(str(payload["released_on"]))
    return ModelRelease(**payload, known_at=fact.known_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """A chip with *dense* peaks. TFLOP/s (int8: TOP/s), GB, TB/s, GB/s both directions, W, USD.

    ``*_native`` is True or False, None when unknown or only reported.
    country: of the designer, ``CN``, ``US`` or ``other``. platform: hardware and stack whose
    calibration applies, a key of ``engine.threat.constants.PLATFORM_FACTOR``. valid_from: first
    day it could be bought anywhere; None for a roadmap part without a date.
    """

    chip: str
    vendor: str
    country: str
    valid_from: date | None
    bf16_tflops: float | None
    fp8_tflops: float | None
    int8_tops: float | None
    fp4_tflops: float | None
    fp8_native: bool | None
    mx_native: bool | None
    hif8_native: bool | None
    memory_gb: float | None
    memory_bw_tbs: float | None
    scaleup_gbs_bidir: float | None
    scaleout_gbit_s: float | None
    tdp_w: float | None
    price_usd: float | None
    rent_usd_per_hour: float | None
    confidence: str
    source: str
    platform: str = "unknown"
    valid_to: date | None = None
    note: str = ""

    @property
    def domestic(self) -> bool:
        """Whether its designer is Chinese."""
        return self.country == "CN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """low, mid and high of one uncertain figure: 5th, 50th and 95th percentile."""

    low: float
    mid: float
    high: float

    def __post_init__(self) -> None:
        if not (self.low <= self.mid <= self.high):
            given = f"{self.low}, {self.mid}, {self.high}"
            raise DataError(phrase("Interval {given} is not ordered", given=given))


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """A figure that was assumed, and where it comes from."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEstimate:
    """What a model costs to train and to serve on one chip.

    None where the model or the chip does not disclose what the figure needs.
    """

    model: str
    chip: str
    precision: str
    training_flops: Interval | None
    training_chip_hours: Interval | None
    training_usd: Interval | None
    energy_mwh: Interval | None
    prefill_tok_s_per_chip: Interval | None
    decode_tok_s_per_chip: Interval | None
    usd_per_mtok_prefill: Interval | None
    usd_per_mtok_decode: Interval | None
    usd_per_mtok_blended: Interval | None
    assumptions: tuple[Assumption, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One sentence of support, built from numbers, with how far it can be trusted (0 to 1)."""

    text: str
    observed: Observed = Observed.PRESENT
    confidence: float | None = None
    source: str = ""


CHANNELS = ("substitution", "efficiency", "price_pressure", "openness", "residual")


RELEASE, RATED_AT_LAST, RATED_AGAIN = "release", "rated at last", "rated again"
WHOLE = (RELEASE, RATED_AT_LAST, RATED_AGAIN)
"""Kinds of a rating of a release as a whole; the last one of a release is the one that stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreatRating:
    """What one event puts at risk of Nvidia: a release, a price cut, a port, a proof, a failed run.

    Two losses, each with its 5-95 % interval over the draws, negative for a gain. Twelve months:
    loss_share is the median loss as a share of data-centre revenue (revenue_usd_bn a year), of
    what was told; impulse_share, which decisions count, draws what was not told from its kind;
    net_mean_share, net_low_share, net_high_share are mean and interval of the *change*, negative is
    a loss. Three years: value_loss_usd_bn is the median present value of the gross profit lost,
    value_share that over the whole, base_value_usd_bn. score: -100 to 100, saturating in
    value_share; low, high: its interval, never of zero width. p_loss_over_5pct: probability of
    losing more than 5 % of a year's revenue. channels: name -> part of the score; the parts add up
    to ``score`` exactly. channel_usd_bn: name -> mean change of a year's revenue, billions of USD.
    rateable: False where neither a price nor a score is known: seen, and not more than a wide
    guess. kind: what happened. in_short: one line of reason.
    """

    model: str
    rated_at: datetime
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
    novelty: float
    reasons: str
    evidence: tuple[Evidence, ...] = ()
    sensitivity: tuple[tuple[str, float], ...] = ()
    closest_earlier: str | None = None
    model_version: str = "1"
    confidence: float | None = None
    kind: str = "release"
    rateable: bool = True
    in_short: str = ""

    def __post_init__(self) -> None:
        need_aware(self, rated_at=self.rated_at)
        _need_range(
            self, -100, 100, score=self.score, score_low=self.score_low, score_high=self.score_high
        )
        if not self.score_low <= self.score <= self.score_high:
            raise DataError(
                phrase("{model}: the interval does not hold the score", model=self.model)
            )
        if abs(sum(self.channels.values()) - self.score) > 1e-9:
            raise DataError(
                phrase("{model}: channels do not add up to the score", model=self.model)
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RateOutcome:
    """One outcome of a meeting: cumulative change from today's range, its range, probability."""

    change_bps: int
    range_bps: tuple[int, int]
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RateExpectation:
    """What is priced for one meeting. rung: the step of the fallback ladder that produced it.

    outcomes is empty when only a path is known (rungs below futures). expected_change_bps None
    means unknown. Probabilities sum to one.
    """

    meeting_on: date | None
    outcomes: tuple[RateOutcome, ...]
    rung: str
    expected_change_bps: float | None
    note: str = ""

    def __post_init__(self) -> None:
        total = sum(o.probability for o in self.outcomes)
        if self.outcomes and abs(total - 1) > 1e-9:
            raise DataError(
                phrase(
                    "meeting {day}: probabilities sum to {total}, not 1",
                    day=str(self.meeting_on),
                    total=total,
                )
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """One row per session. Every array is float64 of shape (T,); NaN means not observed.

    sessions_on: NYSE session dates. decide_at_us: decision instants, UTC microseconds; row t uses
    only facts with ``known_at`` at or before it. values: feature name -> array. warm: the features
    of prices over the sessions before the first row, oldest first, for what learns from the past.
    """

    sessions_on: tuple[date, ...]
    decide_at_us: npt.NDArray[np.int64]
    values: Mapping[str, FloatArray]
    warm: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, array in self.values.items():
            if array.shape != (len(self.sessions_on),) or array.dtype != np.float64:
                form = f"{array.shape}, {array.dtype}"
                raise DataError(phrase("feature {name} has shape {form}", name=name, form=form))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One bar of the waterfall. contribution = weight * value.

    value None (then contribution 0, though the weight could pull so far either way): not observed.
    previous: the contribution of the session before, None for the first.
    """

    name: str
    weight: float
    value: float | None
    contribution: float
    evidence: tuple[Evidence, ...] = ()
    doubt: float = 0.0
    previous: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """The level of one input at which the decision flips, all else equal.

    flips_at None: no value within the plausible range flips it. unit is for display.
    """

    input: str
    strategy: str
    current: float | None
    flips_at: float | None
    unit: str = ""


Verdict = Literal["HOLD", "SELL"]
Stance = Literal["HOLD", "REDUCE", "SELL"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedChance:
    """The chance of something that will be seen, with what it is drawn towards.

    event: ``stands`` (the same stance so many sessions on) or ``fall`` (the lowest close lies
    fall_pct or more below the last one known). base: how often it has come so far. weight: of the
    model against the base, 0 to 1, from its scored past. scored: windows that are over.
    """

    event: Literal["stands", "fall"]
    within_sessions: int
    chance: float
    base: float
    weight: float
    scored: int
    fall_pct: float | None = None

    def __post_init__(self) -> None:
        _need_range(self, 0, 1, chance=self.chance, base=self.base, weight=self.weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class FallSkill:
    """Brier skill of the chance of one fall against its base rate, over all windows that are over.

    low, high: 90 % interval by blocks of sessions. scored: how many forecasts.
    """

    fall_pct: float
    skill: float
    low: float
    high: float
    scored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSpan:
    """Where nine outcomes in ten end within so many sessions, simple returns in %."""

    within_sessions: int
    low_pct: float
    high_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskView:
    """The forecast of the next sessions, simple returns in %, and what the words allow.

    low_pct, high_pct: 5th and 95th percentile at the end. shortfall_pct: mean of the worst 5 %.
    up_pct, down_pct: median of the outcomes above and below zero. allowed_share: largest share at
    which the words hold, held_share: the same in steps of the band; None without words.
    tax_rate_pct: as the words give it, 0 for none. spans: the other horizons that are forecast,
    ascending.
    """

    within_sessions: int
    volatility_pct: float
    low_pct: float
    high_pct: float
    shortfall_pct: float
    up_pct: float
    down_pct: float
    last_close_usd: float | None = None
    bear_fall_pct: float | None = None
    with_chance_pct: float | None = None
    bear_within_sessions: int | None = None
    allowed_share: float | None = None
    held_share: float | None = None
    sells: bool = False
    tax_rate_pct: float | None = None
    spans: tuple[RiskSpan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """HOLD or SELL for one session, with everything needed to argue about it.

    known: whether enough was observed; if not, the evidence cannot say, and its last word stands.
    stance: HOLD, REDUCE or SELL. target_weight: share of the holding to keep; floor_weight: under
    SELL. score: sum of the contributions; silent_weight: by which it could be lower or higher.
    margin: distance of the score to where the verdict would change, positive while it stands.
    chance_beyond: chance that the score, as far as it is known, lies below the SELL line.
    firm_share: share of redrawn weights and effect sizes with the same stance; None: not asked.
    extreme: voices at their worst, which cap the share; one_source: voices whose news, told by one
    source alone, is all that keeps the evidence from SELL. worth_pct: what the score has proved to
    be worth over the next 21 sessions, % of price.
    since_on: first session of the present verdict. changed: differs from the session before.
    """

    decided_at: datetime
    acts_on: date
    verdict: Verdict
    stance: Stance
    known: bool
    target_weight: float
    floor_weight: float
    score: float
    silent_weight: float
    margin: float
    chance_beyond: float
    coverage: float
    contributions: tuple[Contribution, ...]
    flips: tuple[Flip, ...]
    since_on: date
    changed: bool
    previous_score: float | None
    exit_below: float
    enter_above: float
    reduce_below: float | None
    sell_chance: float
    strategy_file: str
    config_hash: str
    data_hash: str
    code_version: str
    extreme: tuple[str, ...] = ()
    one_source: tuple[str, ...] = ()
    firm_share: float | None = None
    worth_pct: float | None = None
    chances: tuple[StatedChance, ...] = ()
    risk: RiskView | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        need_aware(self, decided_at=self.decided_at)
        _need_range(self, 0, 1, coverage=self.coverage, chance_beyond=self.chance_beyond)
        if abs(sum(c.contribution for c in self.contributions) - self.score) > 1e-9:
            raise DataError(phrase("contributions do not add up to the score"))
