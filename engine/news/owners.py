"""Who owns a voice: an agency's report under several labels, or papers of one house, are one.

A third of what looks confirmed by two is one owner told twice. So what counts is the *owner*: of
the agency that a headline credits, else of the address, else of the label. The table, with a grade
for each owner, is ``data/owners.toml``; whoever is not in it is an owner of his own, grade C.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Literal
from urllib.parse import urlsplit

from engine.values import Item

Grade = Literal["A", "B", "C", "D"]
"""A the issuer's, regulator's or laboratory's own page; B edited; C other; D moves nothing."""

GRADES: tuple[Grade, ...] = ("A", "B", "C", "D")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A house that speaks with one voice."""

    name: str
    grade: Grade = "C"

    @property
    def confirms(self) -> bool:
        """Its word is the thing itself, not a report of it."""
        return self.grade == "A"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    names: Mapping[str, Owner]
    hosts: Mapping[str, Owner]
    credit: re.Pattern[str]


def owner_of(item: Item) -> Owner:
    """The owner of the voice of ``item``: credited in its title, else by address, else by label.

    A feed writes its own titles and links, so neither alone is the word of an issuer, regulator or
    laboratory: grade A asks for its address under a label that is no other house's. Else the owner
    counts as one who reports (B), and confirms nothing.
    """
    table = _table()
    label = table.names.get(_folded(item.source))
    home = _home(urlsplit(item.url).hostname or "", table)
    if (found := table.credit.search(item.title)) is not None:
        owner = table.names[_folded(next(filter(None, found.groups())))]
    else:
        owner = home or label or Owner(name=item.source)
    if owner.confirms and not (owner == home and label in (None, owner)):
        return replace(owner, grade="B")
    return owner


def without_credit(title: str) -> str:
    """``title`` without the agency that it credits at its end ("…: WSJ", "…, Reuters reports")."""
    found = _table().credit.search(title)
    return title[: found.start()] if found is not None and found.end() == len(title) else title


def _home(host: str, table: _Table) -> Owner | None:
    """The owner of an address, by the host or a host above it."""
    while "." in host:
        if host in table.hosts:
            return table.hosts[host]
        host = host.partition(".")[2]
    return None


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("’", "'").split())


@cache
def _owners() -> tuple[tuple[Owner, tuple[str, ...], tuple[str, ...]], ...]:
    text = (files("engine.news") / "data" / "owners.toml").read_text(encoding="utf-8")
    return tuple(
        (
            Owner(name=str(row["name"]), grade=row["grade"]),
            tuple(map(str, row.get("names", ()))),
            tuple(map(str, row.get("hosts", ()))),
        )
        for row in tomllib.loads(text)["owner"]
    )


@cache
def _table() -> _Table:
    names = {_folded(name): owner for owner, known, _ in _owners() for name in known}
    hosts = {host: owner for owner, _, known in _owners() for host in known}
    credited = [n for n, owner in names.items() if owner.grade in ("A", "B")]
    told = "|".join(map(re.escape, credited))
    # "…, Reuters reports", "… - Reuters", "…: WSJ", "… (Bloomberg)", "FT: …" but no "AP" in "APP".
    credit = re.compile(
        rf"(?:[,:(–—-]\s?)(?:the )?({told})(?: news)?(?:\s(?:says|said|reports?|reported))?\)?\s*\Z"
        rf"|\A(?:the )?({told})\s?:\s"
        rf"|\b({told}) (?:reports|reported)\b",
        re.IGNORECASE,
    )
    return _Table(names=names, hosts=hosts, credit=credit)
