"""A way out to one reader, and what goes down it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from engine.errors import NvsignalError

if TYPE_CHECKING:
    from config.settings import QuietHours

Form = Literal["mail", "push"]
MAX_SUBJECT_CHARS = 150


class DeliveryError(NvsignalError):
    """A message could not be handed over. Never holds a password or a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way out to one reader. ``address``: an Apprise URL, kept out of every printed form."""

    name: str
    address: str = field(repr=False)
    language: str = "en"
    kinds: frozenset[str]
    form: Form = "mail"
    quiet: QuietHours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message in one language. html None: there is no richer form of it."""

    subject: str
    text: str
    html: str | None
    push: str
