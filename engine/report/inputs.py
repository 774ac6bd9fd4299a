"""What a report is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.record.history import History
    from engine.shown import ReleaseCard, SourceHealth
    from engine.values import Decision, Event, Features, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a report is made of. cards: newest releases first, already chosen.

    polled: health of the live feeds. past: standing ledger entries' payloads, oldest first.
    """

    as_of: datetime
    history: History
    features: Features
    decision: Decision
    target_weight: FloatArray
    events: Sequence[Event]
    cards: tuple[ReleaseCard, ...]
    polled: tuple[SourceHealth, ...] = ()
    past: tuple[Mapping[str, Any], ...] = ()
    ceiling_usd_tn: float | None = None
    notices: tuple[str, ...] = ()
