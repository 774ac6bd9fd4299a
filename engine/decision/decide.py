"""From evidence and risk to a verdict: HOLD or SELL, and which share to keep.

Three things are kept apart, and each is printed:

* **Evidence** moves a latch. SELL needs the score below ``exit_below`` *and* the chance of being
  below it above ``sell_chance``; HOLD comes back above ``enter_above``. Between the lines, and
  while one voice alone is at its extreme, the share is reduced.
* **Risk** says how much of the holding the investor's own words allow, and sells when that is less
  than ``sell_share_below_pct``.
* **Ignorance** is a state of its own: below ``observe_at_least`` of the weight the evidence cannot
  say, and its last word stands. Missing evidence neither sells nor forbids selling: it widens.

Everything is elementwise over parameter sets: (T,) for one configuration, (P, T) in a sweep.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from statistics import NormalDist
from typing import Any

import numpy as np

from config.strategy import RiskWords as RiskWords
from config.strategy import Rule as Rule
from engine.decision import risk
from engine.decision.evidence import Blend, Mixed, Voice, mix, spread
from engine.values import BoolArray, Features, FloatArray
from strategies.base import Params, levels_of

Levels = tuple[dict[str, FloatArray], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bearing:
    """What risk allows, (…, T) or (T,).

    share: what the words allow, NaN before prices are known. held: the same in steps of the band.
    sells: whether the allowed share is too small to stay. floor_scale: factor of the floor by
    valuation, in steps. said: the forecast behind it, warm-up included, None without words.
    worst: (T,), what is undershot with the chance of the words, in standard deviations.
    """

    share: FloatArray
    held: FloatArray
    sells: BoolArray
    floor_scale: FloatArray
    said: risk.Forecast | None = None
    worst: FloatArray | None = None

    def at(self, t: int) -> Bearing:
        """What it is at row ``t`` alone, without that axis."""
        names = ("share", "held", "sells", "floor_scale")
        return replace(self, **{name: getattr(self, name)[..., t] for name in names})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """The blend over all sessions.

    scores, doubts, contributions: (S, T), scores NaN where not observed, contributions 0 there.
    confirmed: (S, T), the scores without what one source alone tells. withheld: (T,), where that
    alone keeps the evidence from saying SELL. levels: per strategy. score: (T,), NaN when nothing
    was observed. spread: (T,), its standard error. silent: (T,), weight not observed, by which the
    score could be lower or higher. known: (T,), whether enough was observed for the evidence to
    speak. holding, reduced: (T,), the state of the evidence. invested: (T,), False where the
    verdict is SELL. target_weight: (T,), share of the holding to keep.
    """

    levels: Levels
    scores: FloatArray
    doubts: FloatArray
    confirmed: FloatArray
    contributions: FloatArray
    score: FloatArray
    spread: FloatArray
    coverage: FloatArray
    silent: FloatArray
    known: BoolArray
    holding: BoolArray
    reduced: BoolArray
    withheld: BoolArray
    invested: BoolArray
    target_weight: FloatArray
    bearing: Bearing


def evaluate(
    blend: Blend, features: Features, forecasts: Mapping[int, risk.Forecast] | None = None
) -> Evaluation:
    """Every session's score and share; the live decision is the last row of this.

    forecasts: those of ``features`` by horizon, as far as they are known already.
    """
    levels = tuple(levels_of(v.strategy, features.values, v.params) for v in blend.voices)
    words = blend.risk
    said = forecasts.get(words.within_sessions) if forecasts and words else None
    return evaluate_levels(blend, levels, bearing_of(blend, features, said))


def evaluate_levels(
    blend: Blend,
    levels: Levels,
    bearing: Bearing,
    *,
    params: Sequence[Params] | None = None,
    weights: FloatArray | None = None,
) -> Evaluation:
    """The pointwise rest of ``evaluate``: what a flip search re-runs with one level moved.

    params, weights (S, P, 1): instead of the blend's own.
    """
    said = said_by(blend, levels, params)
    scores = stacked(said.scores)
    apart = None if said.confirmed is said.scores else stacked(said.confirmed)
    if weights is None:
        weights = blend.weights.reshape(-1, *(1,) * (scores.ndim - 1))
    shape = np.broadcast_shapes(scores.shape[1:], weights.shape[1:])
    scores = np.broadcast_to(scores, (len(scores), *shape))
    doubts = np.stack([np.broadcast_to(doubt, shape) for doubt in said.doubts])
    return judge(blend.rule, weights, levels, scores, doubts, bearing, confirmed=apart)


def votes_of(
    blend: Blend, levels: Levels, *, params: Sequence[Params], weights: FloatArray
) -> Votes:
    """What the evidence alone asks for, as in ``evaluate_levels``, (P, T)."""
    said = said_by(blend, levels, params)
    mixed, error = mix(said.scores, weights), spread(said.scores, said.doubts, weights)
    return vote(blend.rule, weights, said.scores, said.confirmed, mixed, error)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Testimony:
    """Of each voice its weighed score, the same without what one source alone tells, its doubt.

    S times (T,), or (P, T) where a parameter that varies moves it. confirmed: the very ``scores``
    where nothing rests on one source.
    """

    scores: Sequence[FloatArray]
    confirmed: Sequence[FloatArray]
    doubts: Sequence[FloatArray]


def said_by(blend: Blend, levels: Levels, params: Sequence[Params] | None = None) -> Testimony:
    """What the voices say of their levels. params: instead of the blend's own."""
    given = params or [v.params for v in blend.voices]
    heard = list(zip(blend.voices, levels, given, strict=True))
    pairs = [score_pair(*voice, blend.rule) for voice in heard]
    scores = [score for score, _ in pairs]
    alone = any(confirmed is not score for score, confirmed in pairs)
    return Testimony(
        scores=scores,
        confirmed=[confirmed for _, confirmed in pairs] if alone else scores,
        doubts=[v.strategy.doubt(lv, p) for v, lv, p in heard],
    )


def score_pair(
    voice: Voice, levels: Mapping[str, FloatArray], p: Params, rule: Rule
) -> tuple[FloatArray, FloatArray]:
    """A voice's weighed score, and the same without what one source alone tells.

    One and the same array where nothing rests on one source.
    """
    score = weighed(voice.strategy.score(levels, p), rule)
    apart = voice.strategy.confirmed(levels)
    if apart is levels:
        return score, score
    return score, weighed(voice.strategy.score(apart, p), rule)


def weighed(scores: FloatArray, rule: Rule) -> FloatArray:
    """Scores with what argues for holding at its smaller weight; NaN stays NaN."""
    return (
        scores
        if rule.good_counts == 1.0
        else np.where(scores > 0, rule.good_counts * scores, scores)
    )


def stacked(parts: Sequence[FloatArray]) -> FloatArray:
    """(S, …, T) of parts that may be (T,) or (P, T)."""
    return np.stack(np.broadcast_arrays(*parts))


def judge(
    rule: Rule,
    weights: FloatArray,
    levels: Levels,
    scores: FloatArray,
    doubts: FloatArray,
    bearing: Bearing,
    *,
    confirmed: FloatArray | None = None,
) -> Evaluation:
    """Verdict and share from what the voices say (S, …, T) and what risk allows.

    confirmed: the scores without what one source alone tells; None: nothing rests on one source.
    """
    confirmed = scores if confirmed is None else np.broadcast_to(confirmed, scores.shape)
    mixed = mix(scores, weights)
    error = spread(scores, doubts, weights)
    votes = vote(rule, weights, scores, confirmed, mixed, error)
    holding, reduced = latch(votes, rule.min_sessions_between_changes)
    return Evaluation(
        levels=levels,
        scores=scores,
        doubts=doubts,
        confirmed=confirmed,
        contributions=stacked(mixed.contributions),
        score=mixed.score,
        spread=error,
        coverage=mixed.coverage,
        silent=mixed.silent,
        known=votes.known,
        holding=holding,
        reduced=reduced,
        withheld=votes.withheld & holding,
        invested=holding & ~bearing.sells,
        target_weight=target_weight(rule, holding, reduced, bearing),
        bearing=bearing,
    )


# --- risk ---------------------------------------------------------------------------------------

FILL_COST = 0.0005
"""What a fill costs, of what is traded: the 5 basis points of the backtests, for which the band of
the words is meant."""
MOST_BAND = 0.5


def band_of(words: RiskWords) -> float:
    """How far the allowed share must move before the kept one follows, as a share.

    The band of the words, widened by tax as the cube root of what a sale costs: the half-width of
    the region without trades under proportional costs (Constantinides 1986, Journal of Political
    Economy 94; Rogers 2004). Tax counts in full, though a part is only paid earlier.
    """
    tax = words.tax_rate_pct / 100.0 * words.gain_share_pct / 100.0
    wider = math.cbrt((FILL_COST + tax) / FILL_COST)
    return max(words.band_pct / 100.0, min(MOST_BAND, words.band_pct / 100.0 * wider))


FLOOR_STEP = 0.25
"""The floor follows valuation in quarters, so that a price that drifts causes no trades."""


def bearing_of(blend: Blend, features: Features, said: risk.Forecast | None = None) -> Bearing:
    """What the investor's words allow at each session of ``features``.

    said: the forecast for the horizon of the words when it is known already.
    """
    rows = len(features.sessions_on)
    scale = floor_scale(blend.valuation, features)
    words = blend.risk
    if words is None:
        everything = np.ones(rows)
        nowhere = np.zeros(rows, dtype=np.bool_)
        return Bearing(share=everything, held=everything, sells=nowhere, floor_scale=scale)
    said = said or risk.forecast(risk.history_from(features), words.within_sessions)
    before = risk.rows_before(features)
    worst = (said.quantile(words.with_chance_pct / 100.0) / said.sigma)[before:]
    share = risk.share_of(words.bear_fall_pct / 100.0, worst * said.sigma[before:])
    return bearing_from(words, share, scale, said, worst)


def bearing_from(
    words: RiskWords,
    share: FloatArray,
    scale: FloatArray,
    said: risk.Forecast | None,
    worst: FloatArray | None,
) -> Bearing:
    """Steps and the risk's own SELL from the allowed share (…, T)."""
    least = words.sell_share_below_pct / 100.0
    back = least + words.band_pct / 100.0
    return Bearing(
        share=share,
        held=risk.stepped(share, band_of(words)),
        sells=risk.below_until(share, least, back),
        floor_scale=scale,
        said=said,
        worst=worst,
    )


def floor_scale(valuation: Voice | None, features: Features) -> FloatArray:
    """(T,): 1 while the price is not stretched or nothing is known of it, down to 0 as it is."""
    rows = len(features.sessions_on)
    if valuation is None:
        return np.ones(rows)
    strategy, params = valuation.strategy, valuation.params
    score = strategy.score(levels_of(strategy, features.values, params), params)
    stretched = np.where(np.isnan(score), 0.0, np.maximum(-score, 0.0))
    return risk.stepped(np.ceil((1.0 - stretched) / FLOOR_STEP) * FLOOR_STEP, FLOOR_STEP)


# --- evidence -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Votes:
    """What the evidence asks for at each session, (…, T).

    withheld: where SELL is not asked for only because it would rest on one source.
    """

    sells: BoolArray
    buys: BoolArray
    weak: BoolArray
    known: BoolArray
    withheld: BoolArray


def together(parts: Sequence[Votes]) -> Votes:
    """Votes (P, T) of parameter sets that were asked apart."""
    names = (f.name for f in fields(Votes))
    return Votes(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})


def vote(
    rule: Rule,
    weights: FloatArray,
    scores: Sequence[FloatArray] | FloatArray,
    confirmed: Sequence[FloatArray] | FloatArray,
    mixed: Mixed,
    error: FloatArray,
) -> Votes:
    """The lines of ``rule`` applied; nobody votes while too little is observed.

    The one place of the rule that no SELL begins on one source: it must also be said by
    ``confirmed``, the scores without what one source alone tells. Every voice that listens to news,
    the stress table, the flips and the sweep ask here or are held to it by a test.
    """
    score = mixed.score
    known = (mixed.coverage >= rule.observe_at_least) & ~np.isnan(score)
    asked = known & below_line(rule, score, error)
    withheld = np.zeros(np.shape(score), dtype=np.bool_)
    if confirmed is not scores:
        withheld = asked & ~below_line(rule, mix(confirmed, weights).score, error)
    weak = np.zeros(np.shape(score), dtype=np.bool_)
    if rule.reduce_below is not None:
        weak = known & (score < rule.reduce_below)
    if rule.extreme_below is not None:
        for weight, said in zip(weights, scores, strict=True):
            weak = weak | (known & (weight > 0) & (said <= rule.extreme_below))
    buys = known & (score > rule.enter_above)
    return Votes(sells=asked & ~withheld, buys=buys, weak=weak, known=known, withheld=withheld)


def below_line(rule: Rule, score: FloatArray, error: FloatArray) -> BoolArray:
    """Whether a score is below ``exit_below`` by what the chance asks for."""
    return np.asarray(score + sell_quantile(rule) * error < rule.exit_below)


def sell_quantile(rule: Rule) -> float:
    """Standard errors by which the score must lie below the line; 0 for an even chance."""
    return NormalDist().inv_cdf(rule.sell_chance)


def latch(votes: Votes, wait_sessions: int) -> tuple[BoolArray, BoolArray]:
    """State with memory: whether the evidence holds, and whether it holds less, (…, T) each.

    Starts holding. A change needs ``wait_sessions`` sessions since the last one (the first is
    free). A reduction ends when the score is back above ``enter_above``.
    """
    by_session = (np.moveaxis(v, -1, 0).copy() for v in (votes.sells, votes.buys, votes.weak))
    sells, buys, weak = by_session
    holding_out, reduced_out = np.empty_like(sells), np.empty_like(sells)
    holding = np.ones(sells.shape[1:], dtype=np.bool_)
    reduced = np.zeros(sells.shape[1:], dtype=np.bool_)
    free_at = np.zeros(sells.shape[1:], dtype=np.int64)
    differ = sells ^ buys
    for t in range(len(sells)):
        change = buys[t] ^ (holding & differ[t])  # sells where it holds, else buys
        if change.any():
            change &= free_at <= t
            holding = holding ^ change
            free_at = np.where(change, t + 1 + wait_sessions, free_at)
        reduced = holding & (weak[t] | (reduced & ~buys[t]))
        holding_out[t], reduced_out[t] = holding, reduced
    return np.moveaxis(holding_out, 0, -1).copy(), np.moveaxis(reduced_out, 0, -1).copy()


def target_weight(
    rule: Rule, holding: BoolArray, reduced: BoolArray, bearing: Bearing
) -> FloatArray:
    """Share of the holding to keep: the floor when sold, else what risk allows, at most a part."""
    floor = rule.sell_weight * bearing.floor_scale
    full = np.where(
        bearing.sells, floor, np.minimum(rule.hold_weight, np.maximum(floor, bearing.held))
    )
    if bearing.said is None:
        full = np.broadcast_to(np.float64(rule.hold_weight), full.shape)
    less = np.minimum(full, rule.reduce_weight)
    return np.where(holding, np.where(reduced, less, full), floor)


# --- distances ----------------------------------------------------------------------------------


def margin(evaluation: Evaluation, rule: Rule, t: int) -> float:
    """Distance of the score to the threshold that would change the verdict; NaN unobserved.

    While holding, to where SELL is said: the line less what the chance asks for.
    """
    score = float(evaluation.score[t])
    if not evaluation.holding[t]:
        return rule.enter_above - score
    return score + sell_quantile(rule) * float(evaluation.spread[t]) - rule.exit_below


def chance_beyond(evaluation: Evaluation, rule: Rule, t: int) -> float:
    """Chance that the score, as far as it is known, lies below ``exit_below``; normal errors."""
    score, error = float(evaluation.score[t]), float(evaluation.spread[t])
    if not math.isfinite(score) or error <= 0.0:
        return float(score < rule.exit_below)
    return NormalDist(score, error).cdf(rule.exit_below)


def since_row(invested: Sequence[Any] | BoolArray, t: int) -> int:
    """The first row of the unbroken run of the verdict at row t."""
    row = t
    while row > 0 and bool(invested[row - 1]) == bool(invested[t]):
        row -= 1
    return row
