"""``nvsignal rate --calibration``: what ratings said of things that were seen, and what came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import DataError

if TYPE_CHECKING:
    from backtests.observables import Scored, Told

WIDTH = 80
BINS = 5


def calibration(instant: datetime, db: str | None, config_dir: str | None) -> list[Scored]:
    """Every quantity with forecasts that have run their course by ``instant``."""
    from backtests import observables
    from config.settings import config_folder
    from engine.decision.features import RatedRelease
    from engine.service import wiring
    from engine.service.bind import load
    from engine.tables import read_rows

    config = load(config_folder(config_dir))
    with wiring.open_record(config, db) as store:
        made = wiring.assess(wiring.world_at(store, config, instant), config)
    ratings: Sequence[RatedRelease] = made.ratings
    facts = config.facts
    steps = {
        "next guide against consensus": observables.guide_steps(
            read_rows(facts / "nvidia_earnings.csv")
        ),
        "next change of a consensus": observables.consensus_steps(
            read_rows(facts / "nvidia_consensus.csv")
        ),
    }
    found: list[list[Told]] = [observables.of_returns(made.features, ratings, s) for s in (1, 5)]
    for what, all_steps in steps.items():
        over = [step for step in all_steps if step[1] <= instant.date()]
        found.append(observables.of_steps(what, over, ratings))
    if not any(found):
        raise DataError("no forecast of a rating has run its course", remedy="choose a later day")
    return [observables.score(told) for told in found if told]


def calibration_text(scored: Sequence[Scored], instant: datetime) -> str:
    """Table and pictures in 80 columns."""
    head = f"{'quantity':29} {'n':>3} {'CRPS':>6} {'past':>6} {'skill':>6} {'90 %':>16} {'held':>5}"
    lines = [f"Forecasts of ratings against the past alone, to {instant:%Y-%m-%d}", "", head]
    lines.append("─" * WIDTH)
    for s in scored:
        span = f"{s.low:+.1%} to {s.high:+.1%}"
        lines.append(
            f"{s.what:29} {s.n:>3} {s.crps:>6.2f} {s.crps_of_past:>6.2f} {s.skill:>+6.1%} "
            f"{span:>16} {s.covered:>5.0%}"
        )
    lines += ["─" * WIDTH, _verdict(scored), ""]
    for s in scored:
        lines += [f"{s.what}: where outcomes fell in the forecast (a fifth each if honest)"]
        shares = np.histogram(s.places, bins=BINS, range=(0.0, 1.0))[0] / s.n
        for number, share in enumerate(shares):
            span = f"{20 * number:>3} to {20 * (number + 1):>3} %"
            lines.append(f"  {span}  {'█' * round(40 * share):<40} {share:.0%}")
    return "\n".join(lines)


def _verdict(scored: Sequence[Scored]) -> str:
    better = [s.what for s in scored if s.low > 0]
    worse = [s.what for s in scored if s.high < 0]
    if better:
        return f"Ratings knew more than the past of: {', '.join(better)}."
    if worse:
        return f"Ratings knew less than the past of: {', '.join(worse)}."
    return "No rating was shown to know more than the past alone, and none to know less."
