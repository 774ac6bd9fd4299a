"""``nvsignal rate --calibration``: what ratings said of things that were seen, and what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import DataError
from engine.phrases import phrase

if TYPE_CHECKING:
    from backtests.observables import Effect, ResolvedForecast, ScoredQuantity
    from engine.decision.features import RatedRelease
    from engine.record.history import History
    from engine.values import Features, ModelRelease

LEAST_TOLD = 12
"""Forecasts below which no interval says anything: three blocks of the bootstrap, four each."""
RATED = ("release", "rated at last")
"""Kinds of ratings that stand for a release; a test holds them to ``engine.threat.changes``."""
GUIDE, CHINA = "next guide against consensus", "next China line"
CONSENSUS = "next change of a consensus"


if TYPE_CHECKING:
    Stepped = tuple[str, list[tuple[date, date, float]], Effect]
    """A quantity that comes in steps, those that have come, and what ratings move them by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What forecasts are made of: sessions, ratings, and quantities that come in steps.

    releases: by name, as their day told them.
    """

    as_of: datetime
    features: Features
    ratings: Sequence[RatedRelease]
    steps: tuple[Stepped, ...]
    releases: Mapping[str, ModelRelease]


def seen_at(as_of: str | None, present: datetime, db: str | None, config_dir: str | None) -> Seen:
    """Everything known at the instant meant by ``as_of``."""
    from config.settings import config_folder
    from engine.decision.ratings import first_told
    from engine.service import wiring
    from engine.service.bind import load

    config = load(config_folder(config_dir))
    with wiring.open_record(config, db) as store:
        instant = wiring.instant_at(store, as_of, present)
        made = wiring.assessment_at(store, config, instant)
        history = store.history(known_by=instant)
    return Seen(
        as_of=instant,
        features=made.features,
        ratings=made.ratings,
        steps=steps_at(history, instant),
        releases=first_told(history, instant),
    )


def steps_at(history: History, instant: datetime) -> tuple[Stepped, ...]:
    """What Nvidia and analysts had told by ``instant``, each figure in its version of that day."""
    from backtests import observables as o
    from engine.record.asof import known
    from engine.record.readings import CONSENSUS as EXPECTED
    from engine.record.readings import EARNINGS

    earnings = tuple(known(history, EARNINGS, instant).values())
    china = o.china_lines(earnings)
    return (
        (GUIDE, o.guide_steps(earnings), o.of_the_year),
        (CHINA, o.china_steps(china), o.of_china(china)),
        (CONSENSUS, o.consensus_steps(known(history, EXPECTED, instant).values()), o.of_the_year),
    )


def calibration(seen: Seen) -> list[ScoredQuantity]:
    """Every quantity with forecasts that have run their course."""
    from backtests import observables

    found = [observables.of_returns(seen.features, seen.ratings, s) for s in (1, 5)]
    for what, steps, effect in seen.steps:
        found.append(observables.of_steps(what, steps, seen.ratings, effect))
    if not any(found):
        raise DataError(
            phrase("no forecast of a rating has run its course"),
            remedy=phrase("choose a later day"),
        )
    return [observables.score(told) for told in found if told]


def unscored(seen: Seen, scored: Sequence[ScoredQuantity]) -> list[tuple[str, int]]:
    """Quantities without one forecast that has run its course, and how often each has come."""
    done = {s.what for s in scored}
    return [(what, len(steps)) for what, steps, _ in seen.steps if what not in done]


def forecasts(seen: Seen, rated: RatedRelease) -> list[ResolvedForecast]:
    """What one rating says of things that will be seen; those that have come with what came."""
    from backtests import observables

    found = []
    for sessions in (1, 5):
        found += observables.of_returns(seen.features, [rated], sessions, running=True)
    for what, steps, effect in seen.steps:
        told = observables.next_step(what, steps, rated.rating, effect)
        found += [] if told is None else [told]
    return found


def forecasts_plain(told: Sequence[ResolvedForecast], rated: RatedRelease) -> dict[str, Any]:
    """What one rating says of each quantity, JSON-ready. came null: it has not run its course."""
    rows = []
    for t in told:
        low, middle, high = (float(v) for v in np.percentile(t.sample(), (5, 50, 95)))
        past_low, past_middle, past_high = (float(v) for v in np.percentile(t.past, (5, 50, 95)))
        rows.append(
            {
                "what": t.what,
                "on": t.on,
                "low": low,
                "middle": middle,
                "high": high,
                "past_low": past_low,
                "past_middle": past_middle,
                "past_high": past_high,
                "came": None if np.isnan(t.came) else t.came,
            }
        )
    return {"model": rated.rating.model, "rated_at": rated.rating.rated_at, "forecasts": rows}


# --- page ---


def page(scored: Sequence[ScoredQuantity], instant: datetime, lang: str) -> str:
    """The same as one self-contained HTML file with a picture for each quantity."""
    from engine.report.calibration import Quantity, render

    quantities = [
        Quantity(
            what=s.what,
            n=s.n,
            crps=s.crps,
            crps_of_past=s.crps_of_past,
            skill=s.skill,
            low=s.low,
            high=s.high,
            covered=s.covered,
            covered_by_past=s.covered_by_past,
            places=tuple(float(place) for place in s.places),
        )
        for s in scored
    ]
    return render(quantities, instant, lang)
