"""Why: contributions with their evidence, and the level of each input at which the verdict flips.

Flips are found by moving one level of one strategy at the last session, all else equal, and asking
the same functions that decide (score, blend, thresholds). The first crossing on each side of the
present level is bracketed on a fine grid, refined by bisection, and verified on either side.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

import numpy as np

from engine.decision.decide import (
    Blend,
    Evaluation,
    Voice,
    confidence,
    margin,
    mix,
    since_row,
)
from engine.phrases import phrase
from engine.values import (
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


def decision_at(
    blend: Blend,
    features: Features,
    evaluation: Evaluation,
    *,
    decided_at: datetime,
    strategy_file: str,
    hashes: tuple[str, str, str],
    t: int = -1,
    notes: tuple[str, ...] = (),
) -> Decision:
    """The decision of row ``t`` with contributions and flips.

    hashes: config hash, data hash, code version. Raises nothing: a row without any observation
    keeps the verdict of the row before, with confidence zero.
    """
    row = range(len(features.sessions_on))[t]
    contributions = contributions_at(blend, evaluation, row)
    gap = margin(evaluation, blend.rule, row)
    score = float(sum(c.contribution for c in contributions))
    before = float(evaluation.score[row - 1]) if row else math.nan
    return Decision(
        decided_at=decided_at,
        acts_on=features.sessions_on[row],
        verdict="HOLD" if evaluation.invested[row] else "SELL",
        target_weight=float(evaluation.target_weight[row]),
        score=score,
        margin=gap if math.isfinite(gap) else 0.0,
        confidence=confidence(evaluation, blend, row),
        coverage=min(1.0, max(0.0, float(evaluation.coverage[row]))),
        contributions=contributions,
        flips=flips_at(blend, evaluation, row),
        since_on=features.sessions_on[since_row(evaluation.invested, row)],
        changed=row > 0 and bool(evaluation.invested[row] != evaluation.invested[row - 1]),
        previous_score=before if math.isfinite(before) else None,
        exit_below=blend.rule.exit_below,
        enter_above=blend.rule.enter_above,
        strategy_file=strategy_file,
        config_hash=hashes[0],
        data_hash=hashes[1],
        code_version=hashes[2],
        notes=notes,
    )


def contributions_at(blend: Blend, evaluation: Evaluation, t: int) -> tuple[Contribution, ...]:
    """One bar per strategy, in the order of the configuration; they sum to the score."""
    bars = []
    for i, voice in enumerate(blend.voices):
        value = float(evaluation.scores[i, t])
        before = float(evaluation.contributions[i, t - 1]) if t > 0 else None
        if math.isnan(value):
            bars.append(replace(_missing(voice), previous=before))
            continue
        at_t = {name: float(array[t]) for name, array in evaluation.levels[i].items()}
        bars.append(
            Contribution(
                name=voice.strategy.name,
                weight=float(evaluation.effective_weights[i, t]),
                value=value,
                contribution=float(evaluation.contributions[i, t]),
                evidence=voice.strategy.evidence(at_t, voice.params),
                doubt=float(evaluation.doubts[i, t]),
                previous=before,
            )
        )
    return tuple(bars)


def _missing(voice: Voice) -> Contribution:
    text = phrase("Its inputs were not observed; its weight is shared out and confidence is lower")
    return Contribution(
        name=voice.strategy.name,
        weight=0.0,
        value=None,
        contribution=0.0,
        evidence=(Evidence(text=text, observed=Observed.NOT_OBSERVED),),
    )


def flips_at(blend: Blend, evaluation: Evaluation, t: int) -> tuple[Flip, ...]:
    """For every declared level of every observed strategy, the nearest value that flips."""
    flips = []
    for i, voice in enumerate(blend.voices):
        if math.isnan(float(evaluation.scores[i, t])):
            continue
        for name, spec in voice.strategy.levels_spec.items():
            current = float(evaluation.levels[i][name][t])
            if math.isnan(current):
                continue
            flips.append(
                Flip(
                    input=name,
                    strategy=voice.strategy.name,
                    current=current,
                    flips_at=_nearest_flip(blend, evaluation, t, i, name, _bounds(spec, current)),
                    unit=spec.unit,
                )
            )
    return tuple(flips)


def _bounds(spec: Level, current: float) -> tuple[float, float]:
    """Where a flip of this level would still be plausible."""
    if spec.within_factor is None:
        return spec.low, spec.high
    near, far = current / spec.within_factor, current * spec.within_factor
    return max(spec.low, near), min(spec.high, far)


def _nearest_flip(
    blend: Blend,
    evaluation: Evaluation,
    t: int,
    index: int,
    level: str,
    bounds: tuple[float, float],
) -> float | None:
    """The flipping value closest to the present one; None when none lies within ``bounds``."""
    voice = blend.voices[index]
    current = float(evaluation.levels[index][level][t])
    low, high = min(bounds[0], current), max(bounds[1], current)
    grid = np.unique(np.append(np.linspace(low, high, GRID_POINTS), current))

    def flipped(values: FloatArray) -> FloatArray:
        return _flipped(blend, evaluation, t, index, voice, level, values)

    wrong = flipped(grid).astype(bool)
    here = int(np.searchsorted(grid, current))
    found = []
    below = [k for k in range(here - 1, -1, -1) if wrong[k]]
    above = [k for k in range(here + 1, grid.size) if wrong[k]]
    if below:
        found.append(_bisect(flipped, float(grid[below[0] + 1]), float(grid[below[0]])))
    if above:
        found.append(_bisect(flipped, float(grid[above[0] - 1]), float(grid[above[0]])))
    return min(found, key=lambda x: abs(x - current), default=None)


def _bisect(flipped: object, stays: float, flips: float) -> float:
    """Narrow to the edge; returns the side on which the verdict has flipped."""
    assert callable(flipped)
    for _ in range(BISECTIONS):
        middle = 0.5 * (stays + flips)
        if middle in (stays, flips):
            break
        if bool(flipped(np.array([middle]))[0]):
            flips = middle
        else:
            stays = middle
    return flips


def _flipped(
    blend: Blend,
    evaluation: Evaluation,
    t: int,
    index: int,
    voice: Voice,
    level: str,
    values: FloatArray,
) -> FloatArray:
    """Whether the thresholds would be crossed with ``level`` at each of ``values``.

    The minimum time between changes is left out: the question is which evidence would suffice.
    """
    moved = {
        name: np.full(values.shape, float(array[t]))
        for name, array in evaluation.levels[index].items()
    }
    moved[level] = values
    scores = np.repeat(evaluation.scores[:, t : t + 1], values.size, axis=1)
    scores[index] = voice.strategy.score(moved, voice.params)
    mixed = mix(scores, blend.weights[:, None])
    rule = blend.rule
    if evaluation.invested[t]:
        crossed = (mixed.score < rule.exit_below) & (mixed.doubted_score < rule.exit_below)
    else:
        crossed = mixed.score > rule.enter_above
    return np.asarray(crossed, dtype=np.float64)
