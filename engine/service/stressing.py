"""Scenarios times presets: what each would make of a morning and of the known days before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InputError
from engine.phrases import phrase
from engine.report.labels import N_
from engine.service import wiring
from engine.service.basis import foresight

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from engine.decision.decide import Evaluation
    from engine.decision.evidence import Blend
    from engine.decision.scenarios import StressRow
    from engine.phrases import Phrase
    from engine.record.store import Store
    from engine.service.bind import Bound
    from engine.values import Features

PRESETS = ("cautious", "balanced", "conviction")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineUse:
    """How often known days lay beyond a line. known_days: with every voice observed.

    line: SELL, REDUCE (both of the score), or RISK (the share that the words allow, in %).
    """

    preset: str
    line: str
    at: float
    share_beyond: float
    known_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StanceUse:
    """What a preset said on known days (with every voice observed), as shares that sum to one."""

    preset: str
    sell: float
    reduce: float
    hold: float
    known_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StressTable:
    """All of it, scenarios in order of severity, presets as asked.

    foresight: what was seen of the known days when the rules were set. unjudged: presets for which
    too little is observed that morning to say what a scenario would change; of their rows only
    the shares of known days mean something.
    """

    as_of: datetime
    rows: tuple[StressRow, ...]
    lines: tuple[LineUse, ...]
    stances: tuple[StanceUse, ...] = ()
    foresight: tuple[Phrase, ...] = ()
    unjudged: tuple[str, ...] = ()


Step = Callable[[str, float], None]
"""Told what begins and the share, 0 to 1, that is behind it; may raise to stop the work."""
_READING = 0.6
"""Share of the work that reading and rating take where nothing is kept."""


def _unheard(stage: str, share: float) -> None:
    pass


def stress_table(
    store: Store,
    folder: Path,
    as_of: datetime,
    presets: Sequence[str] = PRESETS,
    *,
    step: Step = _unheard,
) -> StressTable:
    """The table as of ``as_of``; releases are rated once for all presets."""
    from engine.decision.decide import evaluate
    from engine.service.bind import load

    rows: list[StressRow] = []
    lines: list[LineUse] = []
    said: list[StanceUse] = []
    unjudged: list[str] = []
    features = None
    for number, preset in enumerate(presets):
        config = load(folder, preset)
        if not config.scenarios:
            raise InputError(
                phrase("no scenario in '{folder}'", folder=str(folder / "scenarios")),
                remedy=phrase("add a file there"),
            )
        if features is None:
            step(N_("Reading the record and rating the releases of its time"), 0.0)
            features = wiring.assessment_at(store, config, as_of).features
        found = evaluate(config.blend, features)
        for share, row in _rows(config, preset, features, found):
            done = (number + share) / len(presets)
            step(N_("Laying scenarios over the known days"), _READING + (1.0 - _READING) * done)
            rows.append(row)
        if not found.known[-1]:
            unjudged.append(preset)
        lines += _lines(config.blend, preset, found)
        said.append(_stances(config.blend, preset, found))
    names = list(dict.fromkeys(row.scenario for row in rows))
    rows.sort(key=lambda row: names.index(row.scenario))
    days = () if features is None else features.sessions_on
    return StressTable(
        as_of=as_of,
        rows=tuple(rows),
        lines=tuple(lines),
        stances=tuple(said),
        # The last row acts on a session that has no price yet.
        foresight=foresight(days[0], days[-2]) if len(days) > 1 else (),
        unjudged=tuple(unjudged),
    )


def _rows(
    config: Bound, preset: str, features: Features, found: Evaluation
) -> Iterator[tuple[float, StressRow]]:
    """(share of them that is done, row), one scenario after the other."""
    from engine.decision.scenarios import complete, stress

    scenarios = complete(config.scenarios)
    for number, scenario in enumerate(scenarios):
        for row in stress(config.blend, preset, features, [scenario], found):
            yield (number + 1) / len(scenarios), row


def _stances(blend: Blend, preset: str, found: Evaluation) -> StanceUse:
    from engine.decision.outlook import stances

    known = ~np.isnan(found.scores).any(axis=0)
    told, n = stances(found, blend.rule)[known], int(known.sum())
    sell, reduce, hold = (float((told == code).mean()) if n else 0.0 for code in (0.0, 1.0, 2.0))
    return StanceUse(preset=preset, sell=sell, reduce=reduce, hold=hold, known_days=n)


def _lines(blend: Blend, preset: str, found: Evaluation) -> list[LineUse]:
    known = ~np.isnan(found.scores).any(axis=0)
    score, n = found.score[known], int(known.sum())
    told = [("SELL", blend.rule.exit_below, score < blend.rule.exit_below)]
    if blend.rule.reduce_below is not None:
        told.append(("REDUCE", blend.rule.reduce_below, score < blend.rule.reduce_below))
    if blend.risk is not None:
        least = blend.risk.sell_share_below_pct
        told.append(("RISK", least, 100.0 * found.bearing.share[known] < least))
    return [
        LineUse(
            preset=preset,
            line=name,
            at=float(at),
            share_beyond=float(beyond.mean()) if n else 0.0,
            known_days=n,
        )
        for name, at, beyond in told
    ]
