"""What was known at the instant of a rating, and nothing else.

``world_as_of`` is the only door: it drops every value whose ``known_at`` lies after the instant,
every version that another had replaced by then, and every chip that was not yet on sale. A rating
reads nothing but a ``World``, a release and the parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Protocol, TypeVar

from engine.clock import utc
from engine.threat.asked import TokensRouted
from engine.threat.catalogue import latest_by
from engine.threat.chips import on_sale
from engine.threat.evidence import Proof
from engine.threat.pairing import ChipCosts
from engine.threat.supply import AvailabilitySpell, ChinaShare, EarningsReport, SupplyEstimate
from engine.values import Accelerator, ModelRelease


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything known at ``as_of``. Tuples may be empty: not observed, never zero.

    releases: every *version* of every release, Chinese and comparison, known by then. costs: model
    -> costs per chip (figures of the cost model; they carry no date of their own).
    """

    as_of: datetime
    releases: tuple[ModelRelease, ...] = ()
    accelerators: tuple[Accelerator, ...] = ()
    availability: tuple[AvailabilitySpell, ...] = ()
    supply: tuple[SupplyEstimate, ...] = ()
    shares: tuple[ChinaShare, ...] = ()
    earnings: tuple[EarningsReport, ...] = ()
    proofs: tuple[Proof, ...] = ()
    tokens: tuple[TokensRouted, ...] = ()
    costs: Mapping[str, ChipCosts] = field(default_factory=lambda: MappingProxyType({}))

    def earlier_than(self, release: ModelRelease) -> tuple[ModelRelease, ...]:
        """Each release known strictly before ``release``, as it was known then."""
        before = (r for r in self.releases if r.known_at < release.known_at)
        return latest_by(before, self.as_of)


class DatedFigure(Protocol):
    """A figure known from ``known_at`` on, until a correction takes its place."""

    @property
    def known_at(self) -> datetime:
        """When it could first be used."""
        ...

    @property
    def until(self) -> datetime | None:
        """When a correction took its place; None while it stands."""
        ...


V = TypeVar("V", bound=DatedFigure)


def _counting(versions: Iterable[V], at: datetime) -> tuple[V, ...]:
    return tuple(v for v in versions if v.known_at <= at and (v.until is None or at < v.until))


def world_as_of(
    instant: datetime,
    *,
    releases: Iterable[ModelRelease] = (),
    accelerators: Iterable[Accelerator] = (),
    availability: Iterable[AvailabilitySpell] = (),
    supply: Iterable[SupplyEstimate] = (),
    shares: Iterable[ChinaShare] = (),
    earnings: Iterable[EarningsReport] = (),
    proofs: Iterable[Proof] = (),
    tokens: Iterable[TokensRouted] = (),
    costs: Mapping[str, ChipCosts] | None = None,
) -> World:
    """The world at ``instant`` (aware; ``DataError`` otherwise)."""
    at = utc(instant)
    return World(
        as_of=at,
        releases=tuple(r for r in releases if r.known_at <= at),
        accelerators=tuple(c for c in accelerators if on_sale(c, at.date())),
        availability=_counting(availability, at),
        supply=_counting(supply, at),
        shares=_counting(shares, at),
        earnings=_counting(earnings, at),
        proofs=_counting(proofs, at),
        tokens=_counting(tokens, at),
        costs=MappingProxyType(dict(costs or {})),
    )
