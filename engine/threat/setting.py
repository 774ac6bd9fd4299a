"""The surroundings of a release, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.threat.evidence import Ledger, Proof
    from engine.threat.novelty import Offer
    from engine.threat.quality import Quality
    from engine.values import ModelRelease


@dataclass(frozen=True, slots=True, kw_only=True)
class CostClaim:
    """A press claim such as "at 7 % of the cost": shown beside the estimate, moves nothing."""

    text: str
    claimed_ratio: float
    source: str
    confidence: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the world said before the release: the release's surroundings, not yet drawn."""

    earlier: tuple[ModelRelease, ...]
    qualities: tuple[Quality, ...]
    own: Quality
    best_quality: float
    offers: tuple[Offer, ...]
    record: Ledger
    added: tuple[Proof, ...]
