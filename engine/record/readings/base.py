"""How a typed reading becomes a fact and comes back: one codec for every kind.

A reading is a frozen dataclass whose fields are the payload, but for those that the fact carries
itself. None is left out of the payload: not observed, not disclosed, never zero.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, Generic, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from engine.errors import DataError
from engine.phrases import phrase
from engine.values import Fact

R = TypeVar("R")

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[R]):
    """One kind of fact: its name in the record, its type, and what identifies one.

    key: of a reading, its identity inside the kind. carried: fields of the reading that the fact
    holds itself and no payload. strict: a payload with a field unknown here is refused.
    """

    name: str
    of: type[R]
    key: Callable[[R], str]
    carried: tuple[str, ...] = ("known_at", "occurred_at", "source")
    strict: bool = False

    def read(self, fact: Fact) -> R:
        """The typed reading of ``fact``; ``DataError`` names the fact that cannot be read."""
        payload, converters = fact.payload, _converters(cast("type", self.of))
        values: dict[str, Any] = {}
        try:
            for name, (convert, blank) in converters.items():
                if name in self.carried:
                    values[name] = getattr(fact, name)
                elif (raw := payload.get(name)) is not None and raw != "":
                    values[name] = convert(raw)
                elif blank is not _DEFAULT:
                    values[name] = blank
            if self.strict and (unknown := payload.keys() - converters.keys()):
                raise ValueError(f"unknown field(s) {sorted(unknown)}")
            return self.of(**values)
        except (ValueError, TypeError, DataError) as error:
            said = error.message if isinstance(error, DataError) else str(error)
            raise DataError(
                phrase(
                    "{kind} '{key}' of the record cannot be read: {said}",
                    kind=fact.kind,
                    key=fact.key[:80],
                    said=said,
                ),
                remedy=phrase("correct it at its source; a correction is a new version"),
            ) from None

    def payload(self, reading: R) -> dict[str, Any]:
        """The fields of a reading as JSON holds them, without what is not known."""
        told = ((name, getattr(reading, name)) for name in _converters(cast("type", self.of)))
        return {n: _plain(v) for n, v in told if v is not None and n not in self.carried}

    def fact(
        self,
        reading: R,
        *,
        occurred_at: datetime,
        known_at: datetime,
        source: str,
        confidence: float | None = None,
        backfilled: bool = False,
        key: str | None = None,
    ) -> Fact:
        """``reading`` as a row of the record. key: where the identity is not the reading's own."""
        return Fact(
            kind=self.name,
            key=key or self.key(reading),
            occurred_at=occurred_at,
            known_at=known_at,
            source=source,
            confidence=confidence,
            backfilled=backfilled,
            payload=self.payload(reading),
        )


def need_range(
    owner: object, name: str, least: float, most: float, *, open_low: bool = False
) -> None:
    """``DataError`` unless the figure ``name`` of ``owner`` is None or inside its bounds."""
    number = getattr(owner, name)
    if number is None:
        return
    above = least < number if open_low else least <= number
    if not (math.isfinite(number) and above and number <= most):
        bracket = "(" if open_low else "["
        raise DataError(
            phrase(
                "{name} = {number} is outside {bracket}{least:sig6}, {most:sig6}]",
                name=name,
                number=repr(number),
                bracket=bracket,
                least=least,
                most=most,
            )
        )


_DEFAULT = object()
"""The field has a default of its own, or must be told: the class decides."""


@cache
def _converters(cls: type) -> Mapping[str, tuple[Convert, object]]:
    """Field -> how its JSON value is read, and what stands for a blank."""
    hints, found = get_type_hints(cls), {}
    for spec in fields(cls):
        blank = None if type(None) in get_args(hints[spec.name]) else _DEFAULT
        found[spec.name] = (_converter(hints[spec.name]), blank)
    return found


def _converter(hint: Any) -> Convert:
    """From a JSON value to ``hint``; a number may come as text, as the reference tables have it."""
    if get_origin(hint) in (types.UnionType, Union):
        return _converter(next(a for a in get_args(hint) if a is not type(None)))
    if get_origin(hint) is Literal:
        return _one_of(get_args(hint))
    if get_origin(hint) is tuple:
        inner = _converter(get_args(hint)[0])
        return lambda raw: tuple(map(inner, raw))
    convert: Convert = {float: _number, bool: _flag, date: _day}.get(hint, hint)
    return convert


def _one_of(allowed: tuple[Any, ...]) -> Convert:
    def check(raw: Any) -> Any:
        if raw not in allowed:
            raise ValueError(f"'{str(raw)[:40]}' is none of {', '.join(map(str, allowed))}")
        return raw

    return check


def _number(raw: Any) -> float:
    value = float(raw)
    if not math.isfinite(value):
        raise ValueError(f"{raw!r} is not a finite number")
    return value


def _flag(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise TypeError(f"{raw!r} is neither true nor false")
    return raw


def _day(raw: Any) -> date:
    return date.fromisoformat(raw)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value.value if isinstance(value, Enum) else value
