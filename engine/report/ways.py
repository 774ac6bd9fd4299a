"""A way out to one reader, and what goes down it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from engine.errors import NvsignalError

Form = Literal["mail", "push"]
MAX_SUBJECT_CHARS = 150


class DeliveryError(NvsignalError):
    """A message could not be handed over. Never holds a password or a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Hours of the reader's own clock, ``start`` inclusive, ``end`` exclusive, over midnight too.

    wake_for: kinds that a push channel lets through.
    """

    start: time
    end: time
    zone: ZoneInfo
    wake_for: frozenset[str] = frozenset()

    def covers(self, now: datetime) -> bool:
        """Whether it is quiet at ``now``; equal ends are no quiet hours at all."""
        clock = now.astimezone(self.zone).time()
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way out to one reader. ``address``: an Apprise URL, kept out of every printed form."""

    name: str
    address: str = field(repr=False)
    language: str = "en"
    kinds: frozenset[str]
    form: Form = "mail"
    quiet: Quiet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message in one language. html None: there is no richer form of it."""

    subject: str
    text: str
    html: str | None
    push: str
