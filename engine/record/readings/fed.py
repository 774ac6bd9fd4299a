"""Meetings of the Federal Open Market Committee and what they decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from engine.record.readings.base import Kind, need_range


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A meeting on the Fed's calendar; ``occurred_at`` is the instant of its statement.

    sep_meeting: ``Y`` when projections are published with it.
    """

    meeting_end: date
    occurred_at: datetime
    meeting_start: date | None = None
    statement_time: str | None = None
    sep_meeting: Literal["Y", "N"] | None = None


MEETINGS = Kind(name="fomc_meeting", of=Meeting, key=lambda m: m.meeting_end.isoformat())


@dataclass(frozen=True, slots=True, kw_only=True)
class FedDecision:
    """What a meeting decided: the target range after it in per cent, the step in basis points."""

    meeting_end: date
    action_bp: float | None = None
    target_lower_after: float | None = None
    target_upper_after: float | None = None
    effective_date: date | None = None

    def __post_init__(self) -> None:
        need_range(self, "target_lower_after", -5, 50)
        need_range(self, "target_upper_after", -5, 50)

    @property
    def told_range(self) -> bool:
        """Whether it told the target range."""
        return self.target_lower_after is not None and self.target_upper_after is not None

    @property
    def range_bps(self) -> tuple[int, int] | None:
        """The target range in basis points; None where the decision did not tell it."""
        if self.target_lower_after is None or self.target_upper_after is None:
            return None
        return round(100 * self.target_lower_after), round(100 * self.target_upper_after)


FED_DECISIONS = Kind(name="fomc_decision", of=FedDecision, key=lambda d: d.meeting_end.isoformat())
