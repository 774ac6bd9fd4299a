"""Honest tuning: choose on the past, be judged on what came after, and stitch the judgements.

Each fold sweeps the grid over its training sessions, takes the set with the best Sharpe ratio and
follows it over the test sessions. Between the two lie ``purge`` sessions, whose holding periods
would reach into the test, and ``embargo`` more, so that slow features do not carry the training
sample over (Lopez de Prado 2018, "Advances in Financial Machine Learning", ch. 7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from backtests.replay import Replay
from backtests.replay import replay as replay_weights
from backtests.sweep import SweepJob, SweepResult, blend_of, run
from engine.decision.decide import evaluate
from engine.errors import InputError, OutOfRangeError
from engine.phrases import phrase
from engine.values import FloatArray

LEAST_TRAIN = 63
"""Sessions: a quarter. A Sharpe ratio of less says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Rows of the account's window: train then, after the gap, test; both half open."""

    train: slice
    test: slice


def folds(
    sessions: int, *, train: int, test: int, purge: int = 0, embargo: int = 0, expanding: bool
) -> tuple[Fold, ...]:
    """Folds whose tests follow each other without gap to the end of ``sessions``.

    train: sessions to train on, when ``expanding`` in the first fold, growing from there. The last
    test may be shorter. Raises ``InputError`` when not even one fold fits.
    """
    for name, value, least in (
        ("train", train, LEAST_TRAIN),
        ("test", test, 1),
        ("purge", purge, 0),
        ("embargo", embargo, 0),
    ):
        if value < least:
            raise OutOfRangeError(name, value, phrase("{least} sessions or more", least=least))
    gap = purge + embargo
    first = train + gap
    if first >= sessions:
        raise InputError(
            phrase(
                "train {train} + purge {purge} + embargo {embargo} leave nothing of "
                "{sessions} sessions to test on",
                train=train,
                purge=purge,
                embargo=embargo,
                sessions=sessions,
            ),
            remedy=phrase("shorten them, or choose a longer window"),
        )
    return tuple(
        Fold(
            train=slice(0 if expanding else start - gap - train, start - gap),
            test=slice(start, min(start + test, sessions)),
        )
        for start in range(first, sessions, test)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldResult:
    """What a fold chose. Sharpe ratios per session, None without variation."""

    fold: Fold
    row: int
    sharpe_in_sample: float | None
    final_out_of_sample: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkForward:
    """The stitched out-of-sample path over the window's rows from ``first`` on."""

    folds: tuple[FoldResult, ...]
    first: int
    target_weight: FloatArray
    path: Replay


def walk_forward(
    job: SweepJob,
    plan: Sequence[Fold],
    *,
    on_fold: Callable[[int], None] | None = None,
    sweep_fold: Callable[[SweepJob], SweepResult] = run,
) -> WalkForward:
    """Refit in every fold of ``plan`` by the sweep of ``job``, follow, and stitch.

    Row t of the stitched weights depends on sessions before t and on the gap only.
    """
    results, parts = [], []
    weights: dict[int, FloatArray] = {}
    for number, fold in enumerate(plan):
        train = replace(job, world=job.world.part(fold.train), start=job.start + fold.train.start)
        found = sweep_fold(train)
        row = found.best
        if row not in weights:
            weights[row] = evaluate(blend_of(job, row), job.features).target_weight
        part = weights[row][job.start + fold.test.start : job.start + fold.test.stop]
        sharpe = float(found.sharpe[row])
        alone = replay_weights(job.world.part(fold.test), part)
        results.append(
            FoldResult(
                fold=fold,
                row=row,
                sharpe_in_sample=sharpe if np.isfinite(sharpe) else None,
                final_out_of_sample=alone.final_equity,
            )
        )
        parts.append(part)
        if on_fold is not None:
            on_fold(number)
    first = plan[0].test.start
    stitched = np.concatenate(parts)
    path = replay_weights(job.world.part(slice(first, first + stitched.size)), stitched)
    return WalkForward(folds=tuple(results), first=first, target_weight=stitched, path=path)
