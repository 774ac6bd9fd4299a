"""What a rating says of things that will be seen, scored as they come.

A rating's losses are never observed. Its forecasts are: NVDA's abnormal return over the next 1 and
5 sessions, the surprise of Nvidia's next guide, the change of its next line of revenue in China,
and the next change of a dated consensus. Each is the past of that quantity as known on the day
(climatology, the yardstick), moved by what the rating says is lost and widened by its doubt; so a
rating that knows nothing scores as climatology does, and one that is wrong scores worse. CRPS in
the unit of the quantity (Gneiting and Raftery 2007).
The rating itself never looks at prices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from backtests.overfitting import bootstrap_rows
from backtests.reliability import crps
from engine.decision.features import RatedRelease
from engine.errors import DataError
from engine.phrases import phrase
from engine.record.readings import Consensus, Earnings
from engine.values import Features, FloatArray, ThreatRating

BETA_SESSIONS = 250
"""Sessions of the past from which NVDA's beta to QQQ is taken, at most."""
LEAST_PAST = 5
"""Past values without which there is no climatology."""
NORMAL_FIVE = (-1.2816, -0.5244, 0.0, 0.5244, 1.2816)
"""Middles of five equally likely parts of a standard normal: how a doubt is worked in."""
NINETY = 3.29
"""Standard deviations between the 5th and 95th percentile of a normal."""
DRAWS = 2_000
BLOCK = 4.0
"""Mean block of the bootstrap over forecasts: releases come in weeks, and their windows overlap."""
SEED = 20_250_930


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedForecast:
    """One forecast of one quantity, and what came. pct throughout.

    past: the yardstick's sample (n,). shift: what the rating moves it by. sd: the doubt it adds.
    came: NaN where it has not run its course.
    """

    what: str
    about: str
    on: date
    past: FloatArray
    shift: float
    sd: float
    came: float

    def sample(self) -> FloatArray:
        """The forecast: the past, moved and widened; (5 n,), equally likely."""
        return np.add.outer(self.past, self.shift + self.sd * np.array(NORMAL_FIVE)).ravel()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredQuantity:
    """Forecasts of one quantity together.

    skill: 1 - CRPS over that of climatology. low, high: 90 % interval of it by blocks. covered,
    covered_by_past: share of outcomes inside the 90 % interval of forecast and of climatology.
    places: (n,), each outcome's rank in its forecast, 0 to 1: flat where the forecast is honest.
    """

    what: str
    n: int
    crps: float
    crps_of_past: float
    skill: float
    low: float
    high: float
    covered: float
    covered_by_past: float
    places: FloatArray


def abnormal(features: Features) -> FloatArray:
    """(T,): NVDA's return less beta times QQQ's, per cent, of the session before each row; beta
    from the sessions before that one only."""
    nvda, qqq = (100.0 * features.values[name] for name in ("nvda_return", "qqq_return"))
    out = np.full(nvda.shape, np.nan)
    for t in range(nvda.size):
        start = max(0, t - BETA_SESSIONS)
        y, x = nvda[start:t], qqq[start:t]
        seen = ~(np.isnan(x) | np.isnan(y))
        if seen.sum() >= 60:
            beta = np.cov(y[seen], x[seen])[0, 1] / np.var(x[seen], ddof=1)
            out[t] = nvda[t] - beta * qqq[t]
    return out


def of_returns(
    features: Features, ratings: Sequence[RatedRelease], sessions: int, *, running: bool = False
) -> list[ResolvedForecast]:
    """The sum of abnormal returns over ``sessions`` from the open at which each rating acts.

    running: those that have not run their course too.
    """
    ar = abnormal(features)
    total = np.full(ar.shape, np.nan)  # total[t]: of the sessions whose returns rows t.. t+s-1 know
    for t in range(ar.size - sessions + 1):
        total[t] = ar[t : t + sessions].sum()
    told = []
    for rated in ratings:
        first = rated.row + 1  # the row that knows the return of the session acted on
        over = first + sessions <= ar.size
        if not (rated.row > 0 and (over or running)) or not rated.rating.rateable:
            continue
        past = total[: rated.row - sessions + 1]
        past = past[~np.isnan(past)]
        cap = 1000.0 * features.values["market_cap_usd_tn"][min(rated.row, ar.size - 1)]
        came = float(total[first]) if over else np.nan
        if past.size < LEAST_PAST or np.isnan(cap) or (np.isnan(came) and not running):
            continue
        r = rated.rating
        width = abs(r.value_high_usd_bn - r.value_low_usd_bn)
        told.append(
            ResolvedForecast(
                what=f"abnormal return, {sessions} session" + ("s" if sessions > 1 else ""),
                about=r.model,
                on=features.sessions_on[min(rated.row, ar.size - 1)],
                past=past,
                shift=-100.0 * r.value_loss_usd_bn / cap,
                sd=100.0 * width / NINETY / cap,
                came=came,
            )
        )
    return told


Steps = Iterable[tuple[date, date, float]]
"""A quantity that comes in steps: (known before, known on, change in per cent)."""
Effect = Callable[[Sequence[ThreatRating], date], tuple[float, float]]
"""What ratings move a step known on a day by, and the doubt they add: per cent, and its sd."""


def of_the_year(own: Sequence[ThreatRating], _on: date) -> tuple[float, float]:
    """Losses of a year's revenue add up, as each quarter of that year loses the same share."""
    widths = [r.net_high_share - r.net_low_share for r in own]
    lost = sum(r.impulse_share for r in own)
    return -100.0 * lost, 100.0 * float(np.hypot.reduce(widths)) / NINETY


def of_steps(
    what: str, steps: Steps, ratings: Sequence[RatedRelease], effect: Effect = of_the_year
) -> list[ResolvedForecast]:
    """The forecast of a step knows the ratings told after the step before and before it."""
    told: list[ResolvedForecast] = []
    past: list[float] = []
    for since, on, came in sorted(steps, key=lambda s: s[1]):
        own = [
            r.rating
            for r in ratings
            if since <= r.rating.rated_at.date() < on and r.rating.rateable
        ]
        if own and len(past) >= LEAST_PAST:
            shift, sd = effect(own, on)
            about = f"{len(own)} events"
            told.append(_step(what, about, on, past, shift, sd, came))
        past.append(came)
    return told


def next_step(
    what: str, steps: Steps, rating: ThreatRating, effect: Effect = of_the_year
) -> ResolvedForecast | None:
    """What one rating alone says of the step after its day; None where too little came before.

    The step may not have come: its day is the rating's own, and what came is NaN.
    """
    day = rating.rated_at.date()
    ordered = sorted(steps, key=lambda s: s[1])
    past = [came for _, on, came in ordered if on <= day]
    if len(past) < LEAST_PAST or not rating.rateable:
        return None
    ahead = next(((on, came) for _, on, came in ordered if on > day), (None, np.nan))
    on, came = ahead
    shift, sd = effect([rating], on or date.max)
    return _step(what, rating.model, on or day, past, shift, sd, came)


def _step(
    what: str, about: str, on: date, past: Sequence[float], shift: float, sd: float, came: float
) -> ResolvedForecast:
    return ResolvedForecast(
        what=what, about=about, on=on, past=np.array(past), shift=shift, sd=sd, came=came
    )


def guide_steps(told: Iterable[Earnings]) -> list[tuple[date, date, float]]:
    """Surprise of each guide against consensus."""
    found = sorted(
        (on, e.guide_vs_consensus_pct)
        for e in told
        if (on := _told_on(e)) and e.guide_vs_consensus_pct is not None
    )
    days = [on for on, _ in found]
    before = [days[0], *days[:-1]] if days else []
    return [(since, on, pct) for since, (on, pct) in zip(before, found, strict=True)]


def _told_on(told: Earnings) -> date | None:
    """The New York date of the report."""
    at = told.report_datetime_et
    return None if at is None else date.fromisoformat(at[:10])


UNNAMED = ("not named", "see source")
"""Vendors of ``nvidia_consensus.csv`` that are no one vendor."""


def consensus_steps(told: Iterable[Consensus]) -> list[tuple[date, date, float]]:
    """Change of each dated consensus of one horizon, quantity and vendor, per cent.

    Figures of two vendors, or of one that is not named, are not differenced: their bases differ.
    """
    by: dict[tuple[str, str, str], list[tuple[date, float]]] = {}
    for c in told:
        if c.vendor not in UNNAMED:
            series = by.setdefault((c.horizon, c.metric, c.vendor), [])
            series.append((c.known_on, c.consensus_usd_bn))
    steps = []
    for series in by.values():
        for (before, old), (on, new) in pairwise(sorted(series)):
            if on > before:
                steps.append((before, on, 100.0 * (new / old - 1.0)))
    return steps


@dataclass(frozen=True, slots=True, kw_only=True)
class ChinaLine:
    """Nvidia's revenue of a quarter in China with Hong Kong, as reported. basis: by what customers
    are counted (``billing`` or ``HQ``); figures of two bases must not be differenced."""

    on: date
    usd_bn: float
    basis: str


def china_lines(told: Iterable[Earnings]) -> list[ChinaLine]:
    """The lines that were reported, oldest first."""
    found = [
        ChinaLine(
            on=on,
            usd_bn=e.china_incl_hk_revenue_usd_bn,
            basis="billing" if (e.china_basis or "").startswith("billing") else "HQ",
        )
        for e in told
        if (on := _told_on(e)) and e.china_incl_hk_revenue_usd_bn is not None
    ]
    return sorted(found, key=lambda line: line.on)


def china_steps(lines: Sequence[ChinaLine]) -> list[tuple[date, date, float]]:
    """Change of each line against the one before it, per cent, where both count alike."""
    return [
        (old.on, new.on, 100.0 * (new.usd_bn / old.usd_bn - 1.0))
        for old, new in pairwise(lines)
        if old.basis == new.basis
    ]


def of_china(lines: Sequence[ChinaLine]) -> Effect:
    """What home-grown chips take is taken in China: a quarter of the year's loss by substitution,
    over the last line known. The doubt is that of the whole rating, in the same proportion."""

    def effect(own: Sequence[ThreatRating], on: date) -> tuple[float, float]:
        quarter = next(line.usd_bn for line in reversed(lines) if line.on < on)
        moved = sum(r.channel_usd_bn.get("substitution", 0.0) for r in own) / 4.0
        doubt = float(np.hypot.reduce([_substitution_width_usd_bn(r) / 4.0 for r in own]))
        return 100.0 * moved / quarter, 100.0 * doubt / NINETY / quarter

    return effect


def _substitution_width_usd_bn(rating: ThreatRating) -> float:
    parts = rating.channel_usd_bn
    whole = sum(abs(part) for part in parts.values())
    share = abs(parts.get("substitution", 0.0)) / whole if whole else 0.0
    return share * (rating.net_high_share - rating.net_low_share) * rating.revenue_usd_bn


def score(told: Sequence[ResolvedForecast]) -> ScoredQuantity:
    """CRPS, skill with its interval, coverage and places; ``DataError`` without forecasts."""
    if not told:
        raise DataError(phrase("no forecast of this quantity has run its course"))
    ours = np.array([_crps(t.sample(), t.came) for t in told])
    past = np.array([_crps(t.past, t.came) for t in told])
    drawn = _blocks(len(told))
    skills = 1.0 - ours[drawn].mean(axis=1) / past[drawn].mean(axis=1)
    low, high = np.percentile(skills, (5.0, 95.0))
    return ScoredQuantity(
        what=told[0].what,
        n=len(told),
        crps=float(ours.mean()),
        crps_of_past=float(past.mean()),
        skill=float(1.0 - ours.mean() / past.mean()),
        low=float(low),
        high=float(high),
        covered=_coverage([t.sample() for t in told], told),
        covered_by_past=_coverage([t.past for t in told], told),
        places=np.array([float(np.mean(t.sample() <= t.came)) for t in told]),
    )


def _crps(sample: FloatArray, came: float) -> float:
    return crps(sample, np.full(sample.size, 1.0 / sample.size), came)


def _coverage(samples: Sequence[FloatArray], told: Sequence[ResolvedForecast]) -> float:
    ends = [np.percentile(sample, (5.0, 95.0)) for sample in samples]
    inside = [low <= t.came <= high for (low, high), t in zip(ends, told, strict=True)]
    return float(np.mean(inside))


def _blocks(n: int) -> npt.NDArray[np.int64]:
    mean_block = min(BLOCK, max(n / 3.0, 1.0))
    return bootstrap_rows(n, mean_block, DRAWS, np.random.default_rng(SEED))
