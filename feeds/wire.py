"""What goes over the wire, in words: a request, a document, a failure, and our manners.

Nothing here opens a connection, so that naming a collector loads no network library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from config.feeds import HostLimit
from engine.errors import ConfigError, FeedError
from engine.phrases import phrase
from feeds.proxies import Proxies

MAX_BYTES = 15 * 1024 * 1024
DEADLINE_SECONDS = 30.0
MAX_REDIRECTS = 5
MAX_TRIES = 3

Reason = Literal[
    "no_contact", "refused_address", "downgrade", "redirects", "gone", "not_found", "forbidden",
    "rate_limited", "unavailable", "deferred", "timeout", "network", "too_large", "bad_reply",
    "proxy",
]  # fmt: skip
"""Why a fetch failed; a stable word for states and tests."""


class FetchFailedError(FeedError):
    """No document. ``reason`` is stable; ``wait_seconds`` is what the host asked for, if it did."""

    def __init__(
        self,
        feed: str,
        message: str,
        *,
        reason: Reason,
        wait_seconds: float | None = None,
        remedy: str | None = None,
    ):
        state = "blocked" if reason == "forbidden" else "error"
        super().__init__(feed, message, state=state, remedy=remedy)
        self.reason: Reason = reason
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to fetch. ``etag`` and ``last_modified`` are those of the last good answer, or "".

    key: header and value that say who pays, ("", "") for none; sent to the asked host alone, and
    over https alone unless the source is in one's own network. referer: the public page whose
    question this is, "" for none; for the asked host alone.
    """

    feed: str
    url: str
    etag: str = ""
    last_modified: str = ""
    accept: str = "*/*"
    allow_private: bool = False
    needs_contact: bool = False
    referer: str = ""
    key: tuple[str, str] = field(default=("", ""), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A document. ``not_modified``: the server says ours is current, and ``body`` is empty.

    moved_to: where a chain of permanent redirects from the asked address ends, "" when none.
    fresh_seconds: how long the server asks not to come back, None when it does not say.
    next_url: where the list goes on (``Link`` with rel "next", RFC 8288), "" when it does not.
    """

    url: str
    body: bytes = b""
    not_modified: bool = False
    etag: str = ""
    last_modified: str = ""
    content_type: str = ""
    moved_to: str = ""
    fresh_seconds: float | None = None
    next_url: str = ""


class Getter(Protocol):
    """The one thing collectors need from a fetcher; tests pass a function in a class."""

    def get(self, request: Request, now: datetime) -> Fetched:
        """The document, or ``FetchFailedError``."""


# --- who we are -----------------------------------------------------------------------------

_CONTACT = re.compile(r"[A-Za-z0-9@.:/_+~%?=&# -]{3,200}\Z")


def user_agent(version: str, contact: str = "") -> str:
    """``nvsignal/<version> (+contact)``: who is asking and how to reach them.

    Raises ``ConfigError`` when ``contact`` could not stand in a header.
    """
    if contact and not _CONTACT.match(contact):
        raise ConfigError(
            [phrase("contact '{contact}' is not a mail address or a URL", contact=contact[:60])]
        )
    return f"nvsignal/{version}" + (f" (+{contact})" if contact else "")


_SECRET = re.compile(r"(?i)([?&][^=&]*(?:key|token|secret|auth|sig)[^=&]*=)[^&#]*")
_USERINFO = re.compile(r"//[^/@?#]*@")


def redact(url: str) -> str:
    """``url`` without credentials and with secret-looking parameters blanked, for messages."""
    return _SECRET.sub(r"\1***", _USERINFO.sub("//", url))[:300]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """Who we are and how far we go. Defaults are the product's promises; tests shorten them."""

    agent: str
    contact: str = ""
    deadline_seconds: float = DEADLINE_SECONDS
    max_bytes: int = MAX_BYTES
    max_redirects: int = MAX_REDIRECTS
    max_tries: int = MAX_TRIES
    default_limit: HostLimit = field(default_factory=lambda: HostLimit(per_second=1.0, burst=4.0))
    host_limits: Mapping[str, HostLimit] = field(default_factory=dict)
    proxies: Proxies = field(default_factory=Proxies)
