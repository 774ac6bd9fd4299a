"""``nvsignal rate --calibration`` in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from config.frozen import FROZEN_ON
from engine.cli.calibration import LEAST_TOLD
from engine.cli.said import told
from engine.clock import NEW_YORK
from engine.report.blocks import Block, Note, plain_table
from engine.report.calibration import named
from engine.report.i18n import Said
from engine.report.typography import clean
from engine.service.basis import foresight

if TYPE_CHECKING:
    from datetime import datetime

    from backtests.observables import ResolvedForecast, ScoredQuantity
    from engine.decision.features import RatedRelease
    from engine.report.i18n import Speaker

BINS = 5


def calibration_text(
    scored: Sequence[ScoredQuantity],
    instant: datetime,
    left: Sequence[tuple[str, int]],
    voice: Speaker,
) -> str:
    """Table and pictures in 80 columns."""
    _ = voice.say
    head = _("Forecasts of ratings against the past alone, to {on:date}", on=instant)
    few = [named(s.what, voice) for s in scored if s.n < LEAST_TOLD]
    blocks: list[Block] = [_scores(scored, voice)]
    blocks += [Note(text=_waiting(what, n, voice)) for what, n in left]
    blocks.append(Note(text=_verdict(scored, voice), style="lead"))
    if few:
        none = _(
            "Under {n:int} forecasts, which show nothing either way: {names}.",
            n=LEAST_TOLD, names=Said(", ".join(few)),
        )  # fmt: skip
        blocks.append(Note(text=none))
    where = _("Where outcomes fell in their forecasts, a fifth each if honest")
    seen = foresight(FROZEN_ON, instant.astimezone(NEW_YORK).date())
    notes = [Note(text=voice.tell(note), style="quiet") for note in seen]
    return told(voice, (head, blocks), (where, [_places(scored, voice), *notes]))


def _waiting(what: str, n: int, voice: Speaker) -> str:
    return voice.count(
        "{what}: too few to score, it has come {n} time.",
        "{what}: too few to score, it has come {n} times.",
        n=n,
        what=named(what, voice),
    )


def _scores(scored: Sequence[ScoredQuantity], voice: Speaker) -> Block:
    _ = voice.say
    heads = (
        _("Quantity"), "n", "CRPS", _("past"), _("skill"), _("90% interval"), _("held"),
    )  # fmt: skip
    rows = (
        [
            named(s.what, voice),
            voice.number(s.n, "int"),
            voice.number(s.crps, ".2f"),
            voice.number(s.crps_of_past, ".2f"),
            voice.number(s.skill, "+share1"),
            _("{low:+share1} to {high:+share1}", low=s.low, high=s.high),
            voice.number(s.covered, "share0"),
        ]
        for s in scored
    )
    return plain_table(heads, rows)


def _places(scored: Sequence[ScoredQuantity], voice: Speaker) -> Block:
    """The share of outcomes in each fifth of their forecasts, a line for each quantity."""
    heads = [f"{20 * n}–{20 * (n + 1)}" for n in range(BINS)]
    rows = []
    for s in scored:
        shares = np.histogram(s.places, bins=BINS, range=(0.0, 1.0))[0] / s.n
        rows.append([named(s.what, voice), *(voice.number(float(x), "share0") for x in shares)])
    return plain_table((voice.say("Quantity"), *heads), rows)


def _verdict(scored: Sequence[ScoredQuantity], voice: Speaker) -> str:
    _ = voice.say
    enough = [s for s in scored if s.n >= LEAST_TOLD]
    better = [named(s.what, voice) for s in enough if s.low > 0]
    worse = [named(s.what, voice) for s in enough if s.high < 0]
    if better:
        names = Said(", ".join(better))
        return _("Ratings knew more than the past of: {names}.", names=names)
    if worse:
        return _("Ratings knew less than the past of: {names}.", names=Said(", ".join(worse)))
    return _("No rating was shown to know more than the past alone, and none to know less.")


def forecasts_text(
    forecasts: Sequence[ResolvedForecast], rated: RatedRelease, voice: Speaker
) -> str:
    """What one rating says of each quantity beside the past alone, 80 columns."""
    _ = voice.say
    rating = rated.rating
    title = _(
        "{model}, rated {on:date}: what will be seen",
        model=Said(clean(rating.model, limit=40)),
        on=rating.rated_at,
    )
    heads = (_("Quantity"), _("rating: 5–50–95 %"), _("the past alone"), _("came"))
    if not forecasts:
        none = _("Nothing: the release cannot be rated, or too little came before it.")
        return told(voice, (title, [Note(text=none)]))
    return told(voice, (title, [plain_table(heads, (_forecast(t, voice) for t in forecasts))]))


def _forecast(t: ResolvedForecast, voice: Speaker) -> list[str]:
    said = [voice.number(float(v), "+.1f") for v in np.percentile(t.sample(), (5, 50, 95))]
    low, high = (float(v) for v in np.percentile(t.past, (5, 95)))
    came = voice.say("not yet") if np.isnan(t.came) else voice.number(t.came, "+.1f")
    past = voice.say("{low:+.1f} to {high:+.1f}", low=low, high=high)
    return [named(t.what, voice), "  ".join(said), past, came]
