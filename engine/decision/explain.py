"""Why: contributions with their evidence, and the level of each input at which the verdict flips.

Flips are found by moving one level of one strategy at the last session, all else equal, and asking
the same functions that decide, memory of the latch included: what is named would have been said,
and what cannot be said that morning is not named. The first crossing on each side of the present
level is bracketed on a fine grid, refined by bisection, and verified on either side.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from engine.decision.decide import (
    Evaluation,
    chance_beyond,
    margin,
    score_pair,
    since_row,
    vote,
)
from engine.decision.evidence import Blend, Voice, mix, spread
from engine.decision.outlook import Outlook, chances_at, firmness, risk_at, stance_of
from engine.phrases import phrase
from engine.values import (
    BoolArray,
    Contribution,
    Decision,
    Evidence,
    Features,
    Flip,
    FloatArray,
    Observed,
)
from strategies.base import Level

GRID_POINTS = 201
BISECTIONS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a decision comes from: hashes of configuration and data, version of the code."""

    decided_at: datetime
    strategy_file: str
    config_hash: str
    data_hash: str
    code_version: str


def decision_at(
    blend: Blend,
    features: Features,
    evaluation: Evaluation,
    origin: Origin,
    *,
    t: int = -1,
    outlook: Outlook | None = None,
) -> Decision:
    """The decision of row ``t`` with contributions and flips.

    outlook: adds what is said of the coming sessions, and how firm the stance is. Raises nothing: a
    row without any observation keeps the verdict of the row before and says so.
    """
    row = range(len(features.sessions_on))[t]
    contributions = contributions_at(blend, evaluation, row)
    gap = margin(evaluation, blend.rule, row)
    before = float(evaluation.score[row - 1]) if row else math.nan
    said = Decision(
        decided_at=origin.decided_at,
        acts_on=features.sessions_on[row],
        verdict="HOLD" if evaluation.invested[row] else "SELL",
        stance=stance_of(evaluation, blend.rule, row),
        known=bool(evaluation.known[row]),
        target_weight=float(evaluation.target_weight[row]),
        floor_weight=float(blend.rule.sell_weight * evaluation.bearing.floor_scale[row]),
        score=float(sum(c.contribution for c in contributions)),
        silent_weight=float(evaluation.silent[row]),
        margin=gap if math.isfinite(gap) else 0.0,
        chance_beyond=chance_beyond(evaluation, blend.rule, row),
        coverage=min(1.0, max(0.0, float(evaluation.coverage[row]))),
        contributions=contributions,
        flips=flips_at(blend, evaluation, row),
        since_on=features.sessions_on[since_row(evaluation.invested, row)],
        changed=row > 0 and bool(evaluation.invested[row] != evaluation.invested[row - 1]),
        previous_score=before if math.isfinite(before) else None,
        exit_below=blend.rule.exit_below,
        enter_above=blend.rule.enter_above,
        reduce_below=blend.rule.reduce_below,
        sell_chance=blend.rule.sell_chance,
        strategy_file=origin.strategy_file,
        config_hash=origin.config_hash,
        data_hash=origin.data_hash,
        code_version=origin.code_version,
        extreme=_extreme(blend, evaluation, row),
        one_source=_one_source(blend, evaluation, row),
    )
    if outlook is None:
        return said
    known = bool(evaluation.known[row])  # of evidence that cannot say nothing is firm or proven
    distance = float(evaluation.score[row] - outlook.score_mean[row])
    worth = outlook.worth[row] * distance if math.isfinite(distance) else 0.0
    return replace(
        said,
        firm_share=firmness(blend, features, evaluation, row) if known else None,
        worth_pct=100.0 * math.expm1(worth) if known else None,
        chances=tuple(c for c in chances_at(outlook, row) if known or c.event != "stands"),
        risk=risk_at(blend, features, evaluation, outlook, row),
    )


def _extreme(blend: Blend, evaluation: Evaluation, t: int) -> tuple[str, ...]:
    """Names of the voices that are at their worst."""
    line = blend.rule.extreme_below
    if line is None:
        return ()
    return tuple(
        v.strategy.name
        for v, score in zip(blend.voices, evaluation.scores[:, t], strict=True)
        if v.weight > 0 and score <= line
    )


def _one_source(blend: Blend, evaluation: Evaluation, t: int) -> tuple[str, ...]:
    """Names of the voices whose lone news keeps SELL from being said; empty where none does."""
    if not evaluation.withheld[t]:
        return ()
    rests = evaluation.confirmed[:, t] != evaluation.scores[:, t]  # NaN differs, and is no news
    heard = ~np.isnan(evaluation.scores[:, t]) & (blend.weights > 0)
    pairs = zip(blend.voices, rests & heard, strict=True)
    return tuple(voice.strategy.name for voice, alone in pairs if alone)


def contributions_at(blend: Blend, evaluation: Evaluation, t: int) -> tuple[Contribution, ...]:
    """One bar per strategy, in the order of the configuration; they sum to the score."""
    bars = []
    for i, voice in enumerate(blend.voices):
        value = float(evaluation.scores[i, t])
        before = float(evaluation.contributions[i, t - 1]) if t > 0 else None
        if math.isnan(value):
            bars.append(replace(_missing(voice, float(blend.weights[i])), previous=before))
            continue
        at_t = {name: float(array[t]) for name, array in evaluation.levels[i].items()}
        bars.append(
            Contribution(
                name=voice.strategy.name,
                weight=float(blend.weights[i]),
                value=value,
                contribution=float(evaluation.contributions[i, t]),
                evidence=voice.strategy.evidence(at_t, voice.params),
                doubt=float(evaluation.doubts[i, t]),
                previous=before,
            )
        )
    return tuple(bars)


def _missing(voice: Voice, weight: float) -> Contribution:
    text = phrase(
        "Its inputs were not observed; the score could lie {weight:.2f} lower or higher",
        weight=weight,
    )
    return Contribution(
        name=voice.strategy.name,
        weight=weight,
        value=None,
        contribution=0.0,
        evidence=(Evidence(text=text, observed=Observed.NOT_OBSERVED),),
    )


def flips_at(blend: Blend, evaluation: Evaluation, t: int) -> tuple[Flip, ...]:
    """For every level of every observed strategy that is asked, the nearest value that flips.

    None flips while too little is observed, while risk sells whatever the evidence says, and while
    the rule on time between changes blocks one.
    """
    free = bool(evaluation.known[t] and not evaluation.bearing.sells[t]) and not _waits(
        blend, evaluation, t
    )
    flips = []
    for i, voice in enumerate(blend.voices):
        if math.isnan(float(evaluation.scores[i, t])):
            continue
        for name, spec in voice.strategy.levels_spec.items():
            current = float(evaluation.levels[i][name][t])
            if math.isnan(current) or not spec.asked:
                continue
            found = None
            if free:
                asked = _Asked(blend=blend, evaluation=evaluation, t=t, voice=i, level=name)
                found = _nearest_flip(asked.flipped, current, _bounds(spec, current))
            flips.append(
                Flip(
                    input=name,
                    strategy=voice.strategy.name,
                    current=current,
                    flips_at=found,
                    unit=spec.unit,
                )
            )
    return tuple(flips)


def _waits(blend: Blend, evaluation: Evaluation, t: int) -> bool:
    """Whether the last change of the evidence is too fresh for another one on this row."""
    earlier = evaluation.holding[: t + 1]
    changes = np.flatnonzero(earlier[1:] != earlier[:-1]) + 1
    if not earlier[0]:
        changes = np.insert(changes, 0, 0)
    if changes.size and changes[-1] == t:
        changes = changes[:-1]  # a change of this very row is what a flip would undo
    return bool(changes.size and t - changes[-1] <= blend.rule.min_sessions_between_changes)


def _bounds(spec: Level, current: float) -> tuple[float, float]:
    """Where a flip of this level would still be plausible."""
    if spec.within_factor is None:
        return spec.low, spec.high
    near, far = current / spec.within_factor, current * spec.within_factor
    return max(spec.low, near), min(spec.high, far)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One level of one voice at one session, and the question what its verdict would be."""

    blend: Blend
    evaluation: Evaluation
    t: int
    voice: int
    level: str

    def flipped(self, values: FloatArray) -> BoolArray:
        """Whether the evidence would hold otherwise with the level at each of ``values``."""
        e, t, rule = self.evaluation, self.t, self.blend.rule
        voice = self.blend.voices[self.voice]
        moved = {n: np.full(values.shape, float(a[t])) for n, a in e.levels[self.voice].items()}
        moved[self.level] = values
        scores = np.repeat(e.scores[:, t : t + 1], values.size, axis=1)
        doubts = np.repeat(e.doubts[:, t : t + 1], values.size, axis=1)
        confirmed = np.repeat(e.confirmed[:, t : t + 1], values.size, axis=1)
        pair = score_pair(voice, moved, voice.params, rule)
        scores[self.voice], confirmed[self.voice] = pair
        doubts[self.voice] = voice.strategy.doubt(moved, voice.params)
        weights = self.blend.weights[:, None]
        mixed = mix(scores, weights)
        error = spread(scores, doubts, weights)
        votes = vote(rule, weights, scores, confirmed, mixed, error)
        before = bool(e.holding[t - 1]) if t else True
        holding = ~votes.sells if before else votes.buys
        return np.asarray(holding != bool(e.holding[t]))


def _nearest_flip(
    flipped: Callable[[FloatArray], BoolArray], current: float, bounds: tuple[float, float]
) -> float | None:
    """The flipping value closest to the present one; None when none lies within ``bounds``."""
    low, high = min(bounds[0], current), max(bounds[1], current)
    # Not ``np.unique``, which imports ``numpy.ma`` for it.
    grid = np.array(sorted({*np.linspace(low, high, GRID_POINTS).tolist(), current}))
    wrong = flipped(grid)
    here = int(np.searchsorted(grid, current))
    found = []
    below = [k for k in range(here - 1, -1, -1) if wrong[k]]
    above = [k for k in range(here + 1, grid.size) if wrong[k]]
    if below:
        found.append(_bisect(flipped, float(grid[below[0] + 1]), float(grid[below[0]])))
    if above:
        found.append(_bisect(flipped, float(grid[above[0] - 1]), float(grid[above[0]])))
    return min(found, key=lambda x: abs(x - current), default=None)


def _bisect(flipped: Callable[[FloatArray], BoolArray], stays: float, flips: float) -> float:
    """Narrow to the edge; returns the side on which the verdict has flipped."""
    for _ in range(BISECTIONS):
        middle = 0.5 * (stays + flips)
        if bool(flipped(np.array([middle]))[0]):
            flips = middle
        else:
            stays = middle
    return flips
