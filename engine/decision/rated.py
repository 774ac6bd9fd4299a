"""Questions to ratings that are already made: which stands, what lies between, what weighs most.

Apart from ``ratings``, which makes them and needs the whole threat model for it: a morning whose
ratings are kept asks only these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.decision.features import RatedRelease, added_losses
from engine.values import WHOLE, ThreatRating


def of_releases(ratings: Iterable[ThreatRating]) -> tuple[ThreatRating, ...]:
    """One rating for each release: that of its day, or the later one that could first be made."""
    last: dict[str, ThreatRating] = {}
    for rating in ratings:
        if rating.kind in WHOLE:
            last[rating.model] = rating
    return tuple(last.values())


def between_releases(ratings: Iterable[ThreatRating]) -> tuple[ThreatRating, ...]:
    """Price cuts, ports, claims and failed runs: what happened besides releases."""
    return tuple(r for r in ratings if r.kind not in WHOLE)


def largest_parts(
    ratings: Sequence[RatedRelease], row: int, half_life_sessions: float, most: int = 3
) -> tuple[tuple[str, float], ...]:
    """Model and faded loss in % at ``row``, of the events that weigh most there, either way."""
    parts = [
        (r.rating.model, 100.0 * loss * 2.0 ** (-(row - r.row) / half_life_sessions))
        for r, loss in zip(ratings, added_losses(ratings), strict=True)
        if 0 < r.row <= row and r.rating.rateable
    ]
    return tuple(sorted(parts, key=lambda p: (-abs(p[1]), p[0]))[:most])
