"""What happened: curated events, steps of policy, official documents, and classified news."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from engine.record.readings.base import Kind
from engine.values import Direction, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A row of the curated event table; its direction comes from the wording, by rule."""

    headline: str
    event_type: str
    known_at: datetime
    occurred_at: datetime
    source: str = ""
    actor: str = ""
    time_precision: str | None = None


HEADLINES = Kind(
    name="headline",
    of=Headline,
    key=lambda h: f"{h.occurred_at.date().isoformat()}/{h.event_type}/{h.headline[:80]}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyStep:
    """A step of export policy as a government or Nvidia told it."""

    event: str
    known_at: datetime
    actor: str | None = None
    mechanism: str | None = None
    time_precision: str | None = None


POLICY_STEPS = Kind(name="policy_event", of=PolicyStep, key=lambda p: p.event[:80])


@dataclass(frozen=True, slots=True, kw_only=True)
class FederalRule:
    """A document of the Federal Register, published or laid out for inspection days before.

    agencies: slugs, as ``industry-and-security-bureau``. type: ``Rule``, ``Proposed Rule``, …
    effective_on: None where it takes effect on no day of its own.
    """

    known_at: datetime
    occurred_at: datetime
    source: str = ""
    document_number: str = ""
    title: str = ""
    abstract: str = ""
    type: str = ""
    agencies: tuple[str, ...] = ()
    effective_on: date | None = None
    url: str = ""


RULES = Kind(name="rule", of=FederalRule, key=lambda r: r.document_number)
INSPECTIONS = Kind(name="rule_inspection", of=FederalRule, key=lambda r: r.document_number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """What Nvidia filed with the SEC: the form, ``8-K``, and its items, ``2.02``."""

    known_at: datetime
    occurred_at: datetime
    accession: str = ""
    source: str = ""
    form: str = ""
    items: tuple[str, ...] = ()
    url: str = ""


FILINGS = Kind(name="filing", of=Filing, key=lambda f: f.accession)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A version of a classified story. tellings: who told it and how, one JSON list each.

    An event that another hand wrote carries no tellings. gone: tellings that were taken back.
    ended: why it weighs no more, empty while it does.
    """

    event_type: str
    direction: Direction
    stage: Stage
    confidence: float
    headline: str
    known_at: datetime
    occurred_at: datetime
    source: str
    actor: str = ""
    n_sources: int = 1
    item_ids: tuple[str, ...] = ()
    classifier: str = ""
    url: str = ""
    owners: tuple[str, ...] = ()
    grade: Literal["A", "B", "C", "D"] = "C"
    mood: str = "fact"
    objects: tuple[str, ...] = ()
    ended: str = ""
    tellings: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


NEWS = Kind(name="event", of=News, key=lambda n: n.headline)
