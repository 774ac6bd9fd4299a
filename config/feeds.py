"""``feeds.toml``: one stanza a source, and how fast each host may be asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from config.schema import FaultsError, Many, Strict, read_file
from engine.errors import UnknownNameError
from engine.phrases import phrase

_Name = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$"),
    Field(description=phrase("lower-case letters, digits, - and _, at most 64")),
]
_Kind = Annotated[
    str,
    Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$", max_length=200),
    Field(description='"module:Class"'),
]
_Url = Annotated[
    str,
    Field(pattern=r"^(https?://[^\s/]+.*)?$", max_length=2_000),
    Field(description=phrase("an http(s) address")),
]
_HOST = re.compile(r"[a-z0-9.:-]{1,253}\Z")


class FeedConfig(Strict):
    """One ``[[feed]]`` stanza.

    kind: ``"module:Class"`` of the collector. tier 1 weighs on confidence when it is down.
    cadence_minutes: how often to ask. silence_days: a source quiet for less is never called frozen.
    may_be_empty: no entries at all is healthy, as for a search or a list of pending rules.
    label: the source as the reader sees it. allow_private: the source is in one's own network.
    needs_contact: refuse to ask without a contact address. terms_*: what its owner allows.
    key_env: environment variable with the reader's own key; key_header, key_prefix: how it is sent.
    referer: the public page that asks this question in a browser, where the source wants it named.
    fallback: the stanza that tells the nearest thing when this one is silent. when_silent: what the
    reader then goes without.
    options: what only this collector knows (``symbols``, ``org``, ``series`` …).
    """

    name: _Name
    kind: _Kind
    url: _Url = ""
    label: Annotated[str, Field(max_length=120)] = ""
    tier: Annotated[int, Field(ge=1, le=3)] = 2
    cadence_minutes: Annotated[float, Field(ge=1, le=44_640)] = 30.0
    silence_days: Annotated[float, Field(ge=0.01, le=400)] = 4.0
    may_be_empty: bool = False
    enabled: bool = True
    lang: Annotated[
        str, Field(pattern=r"^[a-z]{2}$"), Field(description=phrase("a two-letter language"))
    ] = "en"
    allow_private: bool = False
    needs_contact: bool = False
    referer: _Url = ""
    key_env: Annotated[str, Field(pattern=r"^([A-Z][A-Z0-9_]{2,60})?$")] = ""
    key_header: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z-]{0,40}$")] = "Authorization"
    key_prefix: Annotated[str, Field(max_length=20)] = ""
    terms_reviewed_on: date | None = None
    terms: Annotated[str, Field(max_length=500)] = ""
    fallback: Annotated[str, Field(max_length=64)] = ""
    when_silent: Annotated[str, Field(max_length=300)] = ""
    options: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def source(self) -> str:
        """What facts and items of this feed name as their source."""
        return self.label or self.name


class HostLimit(Strict):
    """``[hosts."…"]``: at most ``burst`` requests at once, refilled at ``per_second``."""

    per_second: Annotated[float, Field(ge=1e-4, le=1e6)]
    burst: Annotated[float, Field(ge=1, le=1e6)] = 1.0


class FeedsConfig(Strict):
    """The whole file."""

    hosts: dict[str, HostLimit] = Field(default_factory=dict)
    feed: Many[FeedConfig] = ()

    @model_validator(mode="after")
    def _names_are_names(self) -> Self:
        found: list[tuple[tuple[str | int, ...], str]] = [
            (("hosts", host), phrase("is not a lower-case host name"))
            for host in self.hosts
            if not _HOST.match(host)
        ]
        seen: set[str] = set()
        for order, feed in enumerate(self.feed):
            if feed.name in seen:
                found.append((("feed", order), phrase("the name is used twice")))
            seen.add(feed.name)
        found += [
            (
                ("feed", order),
                phrase(
                    "fallback = '{fallback}' is no other stanza of this file",
                    fallback=feed.fallback,
                ),
            )
            for order, feed in enumerate(self.feed)
            if feed.fallback and feed.fallback not in seen - {feed.name}
        ]
        if found:
            raise FaultsError(found)
        return self

    @property
    def feeds(self) -> tuple[FeedConfig, ...]:
        """The feeds in file order."""
        return self.feed

    def named(self, names: Iterable[str]) -> tuple[FeedConfig, ...]:
        """The feeds called ``names``, in file order; ``UnknownNameError`` for any that is not."""
        known = {feed.name: feed for feed in self.feed}
        wanted = list(names)
        for name in wanted:
            if name not in known:
                raise UnknownNameError(phrase("feed"), name, known)
        return tuple(feed for feed in self.feed if feed.name in wanted)


def load_feeds(path: Path) -> FeedsConfig:
    """``feeds.toml`` read and checked; ``ConfigError`` with every problem of the file."""
    return read_file(path, FeedsConfig)
