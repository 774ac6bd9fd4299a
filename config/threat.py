"""``threat.toml``: what the threat rating is unsure about, as dated evidence.

Each uncertain figure is a prior, held before anything was published, and rows of evidence with the
day on which each became known. The distribution as of a day uses the rows known by then and no
other, so it is never narrower than what could be known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.schema import FaultsError, Many, Place, Strict
from engine.phrases import phrase

Share = Annotated[float, Field(ge=0, le=1)]
_LogitSize = Annotated[float, Field(gt=0, le=10)]
_Logit = Annotated[float, Field(ge=-10, le=10)]
"""Ten logits are a share of 99.995 %: no benchmark tells more apart."""
_PartOfLoss = Annotated[float, Field(gt=0, le=1)]
_Figure = Annotated[float, Field(ge=0, le=1e6)]
"""The largest that is drawn is the price of a part, tens of thousands of USD."""
_Text = Annotated[str, Field(min_length=1, max_length=400)]

BENCHMARK_NAMES = (
    "gpqa_diamond",
    "mmlu_pro",
    "swe_bench_verified",
    "aime_2024",
    "aime_2025",
    "lmarena",
)


class Range(Strict):
    """Lowest, likeliest and highest value somebody had reason to name, and the reason."""

    low: _Figure
    mode: _Figure
    high: _Figure
    source: _Text

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.mode <= self.high:
            raise ValueError(
                phrase(
                    "low {low}, mode {mode}, high {high} are not in order",
                    low=self.low,
                    mode=self.mode,
                    high=self.high,
                )
            )
        return self


class Known(Range):
    """A range and the day from which it was public.

    study, published: the row of ``facts/elasticity_estimates.csv`` it weighs and the value printed
    there; the range is what is made of it. Both None: it rests on no row of that table.
    """

    known_on: date
    study: _Text | None = None
    published: Annotated[float, Field(ge=-100, le=100)] | None = None

    @model_validator(mode="after")
    def _study_and_value(self) -> Self:
        if (self.study is None) != (self.published is None):
            raise ValueError(phrase("study and published belong together"))
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A distribution: triangular from ``low`` over ``mode`` to ``high``, in logarithms if so said.

    sd: its standard deviation on that scale.
    """

    low: float
    mode: float
    high: float
    log_scale: bool

    @property
    def sd(self) -> float:
        """Standard deviation, of the logarithm where ``log_scale``."""
        return _sd(*self.on_scale)

    @property
    def on_scale(self) -> tuple[float, float, float]:
        """low, mode and high, their logarithms where ``log_scale``."""
        ends = (self.low, self.mode, self.high)
        low, mode, high = (math.log(x) for x in ends) if self.log_scale else ends
        return low, mode, high


class Uncertain(Strict):
    """One figure nobody knows. drift: how far the true value may wander in a year (deviation on
    its scale), so that old evidence weighs less; 0 for what does not change.
    """

    unit: _Text
    scale: Literal["linear", "log"] = "linear"
    drift: Annotated[float, Field(ge=0, le=5)] = 0.0
    prior: Range
    evidence: Many[Known] = ()

    @model_validator(mode="after")
    def _logarithms_exist(self) -> Self:
        rows: list[tuple[Place, Range]] = [(("prior",), self.prior)]
        rows += [(("evidence", n), row) for n, row in enumerate(self.evidence)]
        found: list[tuple[Place, str]] = [
            ((*place, "low"), phrase("must be above 0 on a logarithmic scale"))
            for place, row in rows
            if self.scale == "log" and row.low <= 0
        ]
        if found:
            raise FaultsError(found)
        return self

    def known_by(self, day: date) -> tuple[Known, ...]:
        """The evidence that was public by ``day``, oldest first."""
        return tuple(sorted((e for e in self.evidence if e.known_on <= day), key=_known_on))

    def spread(self, day: date) -> Spread:
        """The distribution as of ``day``.

        Prior and evidence are pooled by precision on the figure's scale; the result stays inside
        the prior's ends. Without evidence it is the prior itself.
        """
        log_scale = self.scale == "log"
        prior = _spread(self.prior, log_scale=log_scale)
        known = self.known_by(day)
        if not known:
            return prior
        floor, _, ceiling = prior.on_scale
        weights, means = [_precision(prior, 0.0)], [_mean(prior)]
        for row in known:
            told = _spread(row, log_scale=log_scale)
            years = (day - row.known_on).days / 365.25
            weights.append(_precision(told, self.drift**2 * years))
            means.append(_mean(told))
        total = math.fsum(weights)
        centre = math.fsum(w * m for w, m in zip(weights, means, strict=True)) / total
        reach = math.sqrt(6.0 / total)
        ends = (max(floor, centre - reach), centre, min(ceiling, centre + reach))
        low, mode, high = (math.exp(x) for x in ends) if log_scale else ends
        return Spread(low=low, mode=mode, high=high, log_scale=log_scale)


def _known_on(row: Known) -> date:
    return row.known_on


def _spread(row: Range, *, log_scale: bool) -> Spread:
    return Spread(low=row.low, mode=row.mode, high=row.high, log_scale=log_scale)


def _mean(spread: Spread) -> float:
    return math.fsum(spread.on_scale) / 3.0


def _sd(a: float, b: float, c: float) -> float:
    """Standard deviation of a triangular distribution."""
    return math.sqrt(max(0.0, (a * a + b * b + c * c - a * b - a * c - b * c) / 18.0))


def _precision(spread: Spread, wandered: float) -> float:
    """1 / variance; a point is as sure as a hundredth of a per cent of its scale lets it be."""
    return 1.0 / max(spread.sd**2 + wandered, 1e-8)


class Uncertainties(Strict):
    """``[uncertain.*]``: every figure the rating draws. The engine reads them by these names."""

    # China and what Nvidia could sell there
    china_market_usd_bn: Uncertain
    china_growth: Uncertain
    revenue_growth: Uncertain
    gross_margin: Uncertain
    discount_rate: Uncertain
    nvidia_share_if_free: Uncertain
    inference_share: Uncertain
    export_reach: Uncertain
    policy_persistence: Uncertain
    open_licence: Uncertain
    open_barred: Uncertain
    open_discouraged: Uncertain
    open_blocked: Uncertain
    grey_premium: Uncertain
    licence_friction: Uncertain
    discouraged_friction: Uncertain
    # home-grown chips
    carrying_share: Uncertain
    carrying_slope: Uncertain
    h20_equivalents_per_chip: Uncertain
    h20_price_usd: Uncertain
    serving_cost_ratio: Uncertain
    training_cost_ratio: Uncertain
    throughput_error: Uncertain
    software_penalty_inference: Uncertain
    software_penalty_training: Uncertain
    connectivity_penalty_inference: Uncertain
    connectivity_penalty_training: Uncertain
    switch_width: Uncertain
    directed_share: Uncertain
    format_penalty_inference: Uncertain
    format_penalty_training: Uncertain
    # the record of proof
    training_prior: Uncertain
    inference_prior: Uncertain
    training_success_weight: Uncertain
    vendor_factor: Uncertain
    training_failure_weight: Uncertain
    inference_support_weight: Uncertain
    training_helps_inference: Uncertain
    one_stack_share: Uncertain
    # price, openness, buyers
    elasticity: Uncertain
    compute_part: Uncertain
    efficiency_exposure: Uncertain
    supply_headroom: Uncertain
    buyer_funding_share: Uncertain
    capex_response: Uncertain
    novelty_life: Uncertain
    price_trend: Uncertain
    comparability: Uncertain
    quality_width: Uncertain
    adoption_open: Uncertain
    adoption_closed: Uncertain
    input_token_share: Uncertain
    output_over_input_price: Uncertain

    @model_validator(mode="after")
    def _shares_end_at_one(self) -> Self:
        found: list[tuple[Place, str]] = []
        for name in _SHARES:
            figure: Uncertain = getattr(self, name)
            rows = [("prior",), *(("evidence", n) for n in range(len(figure.evidence)))]
            for place, row in zip(rows, (figure.prior, *figure.evidence), strict=True):
                if row.high > 1:
                    found.append(
                        ((name, *place, "high"), phrase("{high} is a share above 1", high=row.high))
                    )
        if found:
            raise FaultsError(found)
        return self

    def items(self) -> tuple[tuple[str, Uncertain], ...]:
        """Every figure with its name, in order."""
        return tuple((name, getattr(self, name)) for name in type(self).model_fields)


_SHARES = (
    "gross_margin nvidia_share_if_free inference_share policy_persistence open_licence open_barred "
    "open_discouraged open_blocked carrying_share format_penalty_inference format_penalty_training "
    "directed_share "
    "training_prior inference_prior vendor_factor training_helps_inference one_stack_share "
    "compute_part efficiency_exposure supply_headroom buyer_funding_share capex_response "
    "novelty_life adoption_open adoption_closed input_token_share"
).split()


class PolicyMix(Strict):
    """Where policy may stand in the long run, as thought on a day: probabilities that add up to 1.

    accepted: the probability that China lets its firms take what the US lets Nvidia sell.
    """

    known_on: date
    free: Share
    licensed: Share
    barred: Share
    accepted: Share
    source: _Text

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if abs(self.free + self.licensed + self.barred - 1.0) > 1e-9:
            raise ValueError(phrase("free, licensed and barred must add up to 1"))
        return self


class ScoreScale(Strict):
    """``[score]``: how a loss becomes a score."""

    loss_scale: _PartOfLoss
    loss_threshold: _PartOfLoss


class QualityPrior(Strict):
    """``[quality]``: latent quality of a model, in logits of GPQA Diamond."""

    prior_mean: _Logit
    prior_sd: _LogitSize
    unscored_sd: _LogitSize
    settled_sd: _LogitSize


class Doubt(Strict):
    """``[doubt]``: what a rating carries besides its draws.

    residual, price, scores, sizes: standard deviations as shares of data-centre revenue, in
    quadrature: always, and where the field is not disclosed, for a model that everybody could take
    up. context, licence, unsized, confidence: by what fraction the doubt of the channels widens,
    the last in proportion to the confidence that a row lacks.
    """

    residual: _PartOfLoss
    price: Share
    scores: Share
    sizes: Share
    context: Share
    licence: Share
    unsized: Share
    confidence: Share
    source: _Text


class Benchmark(Strict):
    """How a benchmark reads latent quality, in logits: intercept + slope * quality + noise."""

    intercept: _Logit
    slope: _LogitSize
    noise: _LogitSize
    sd_intercept: _LogitSize
    sd_slope: _LogitSize
    source: _Text


class Benchmarks(Strict):
    """``[benchmarks.*]``: one line for each benchmark."""

    gpqa_diamond: Benchmark
    mmlu_pro: Benchmark
    swe_bench_verified: Benchmark
    aime_2024: Benchmark
    aime_2025: Benchmark
    lmarena: Benchmark

    def __getitem__(self, name: str) -> Benchmark:
        found: Benchmark = getattr(self, name)
        return found


class ThreatParameters(Strict):
    """The whole of ``threat.toml``. Shares and probabilities are fractions of one."""

    model_version: _Text
    score: ScoreScale
    quality: QualityPrior
    doubt: Doubt
    benchmarks: Benchmarks
    policy_mix: Annotated[Many[PolicyMix], Field(min_length=1)]
    uncertain: Uncertainties

    def policy_as_of(self, day: date) -> PolicyMix | None:
        """The newest view of the long run that was public by ``day``; None before the first."""
        known = [mix for mix in self.policy_mix if mix.known_on <= day]
        return max(known, key=lambda mix: mix.known_on, default=None)

    def spreads(self, day: date) -> Mapping[str, Spread]:
        """Name -> distribution as of ``day``."""
        return {name: figure.spread(day) for name, figure in self.uncertain.items()}


# --- the table of estimates ---

ESTIMATES = "elasticity_estimates.csv"


def estimate_problems(
    parameters: ThreatParameters, rows: Iterable[Mapping[str, str]], where: str
) -> list[str]:
    """Where the figures that weigh a published estimate and the table of estimates disagree."""
    table = {row["study"]: (row["known_on"], _number(row["value"])) for row in rows}
    found: list[str] = []
    for name, weighed in _weighed(parameters):
        told = (weighed.known_on.isoformat(), weighed.published)
        held = table.get(weighed.study or "")
        if told != held:
            has = (
                phrase("no such study")
                if held is None
                else phrase("{figure:sig6} of {day}", figure=held[1], day=held[0])
            )
            found.append(
                phrase(
                    "{place}: '{study}' is {figure:sig6} of {day} here, and {table} has {has}",
                    place=f"{where}: uncertain.{name}",
                    study=weighed.study,
                    figure=weighed.published,
                    day=told[0],
                    table=ESTIMATES,
                    has=has,
                )
            )
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def unweighed(parameters: ThreatParameters, rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Studies of demand in the table that no figure weighs."""
    cited = {weighed.study for _, weighed in _weighed(parameters)}
    known = (row["study"] for row in rows if row["scope"] != NO_DEMAND)
    return [study for study in known if study not in cited]


NO_DEMAND = "not a demand elasticity"
"""Scope of rows that the table keeps so that they are not mistaken for an estimate."""


def _weighed(parameters: ThreatParameters) -> list[tuple[str, Known]]:
    return [
        (name, row)
        for name, figure in parameters.uncertain.items()
        for row in figure.evidence
        if row.study is not None
    ]
