"""Sentences that can be said again in another language.

A strategy, a rating or a decision explains itself in English sentences built from numbers. Written
with an f-string, such a sentence is lost to every other language and number format. Written as a
phrase it is a plain English ``str`` for everyone, and still a template with arguments for the
renderer::

    >>> from engine.phrases import phrase
    >>> line = phrase("{model} serves at {usd:usd2} per million tokens", model="R1", usd=0.5512)
    >>> line
    'R1 serves at $0.55 per million tokens'
    >>> line == "R1 serves at $0.55 per million tokens", line.template
    (True, '{model} serves at {usd:usd2} per million tokens')

Rules for authors: the template is one **literal** (the extraction of messages reads the source),
one whole sentence, with named placeholders; never add phrases with ``+`` (the sum is a bare
``str``, English for ever) but with ``paragraph``.

Placeholders are ``{name}`` or ``{name:kind}``; a sign in front of the kind (``{x:+pct1}``) shows
plus signs too; ``D`` is a number of decimals, 0 to 9.

========== ===================================== ============== ==================
kind       argument                              English        French
========== ===================================== ============== ==================
``.Df``    number                                1,234.50       1 234,50
``int``    number, rounded                       1,235          1 235
``sigD``   number, D significant digits          0.551          0,551
``pctD``   percent (names in ``_pct``)           3.1%           3,1 %
``shareD`` fraction of one (names in ``_share``) 0.031 -> 3.1%  3,1 %
``usdD``   USD                                   $1,234.50      1 234,50 $
``usdbnD`` billions of USD                       $12.3bn        12,3 Md$
``usdtnD`` trillions of USD                      $4.33tn        4 330 Md$
``bps``    basis points                          25 bp          25 pb
``date``   ``date`` or ``datetime``              Aug 22, 2025   22 août 2025
(none)     text as it is; an int as ``int``, a float as ``sig4``, a date as ``date``
========== ===================================== ============== ==================

``None`` and NaN say *not observed*: missing is never zero. An argument may itself be a phrase.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from string import Formatter
from typing import Any, NamedTuple

from engine.errors import (
    DataError,
    FeedError,
    NvsignalError,
    OutOfRangeError,
    UnknownNameError,
)

NOT_OBSERVED = "not observed"
_KIND = re.compile(r"(?P<sign>\+?)(?:\.(?P<f>\d)f|(?P<name>[a-z]+?)(?P<digits>\d?))\Z")
_FISCAL = re.compile(r"FY(?P<year>\d{4})Q(?P<number>[1-4])\Z")
_WITH_DIGITS = frozenset({"sig", "pct", "share", "usd", "usdbn", "usdtn"})
_WITHOUT_DIGITS = frozenset({"int", "bps", "date"})


class PhraseFormat(NamedTuple):
    """A parsed format: ``name`` as in the table (``f`` for ``.Df``, "" for none)."""

    name: str
    digits: int
    signed: bool


class Piece(NamedTuple):
    """Literal text followed by a placeholder; ``field`` is None after the last one."""

    literal: str
    field: str | None
    kind: PhraseFormat


class Phrase(str):
    """An English sentence that remembers its template and arguments.

    It compares, hashes, prints and serialises as the English text. ``template`` is the message
    to translate; ``plural`` its plural form or None, chosen by ``n``; ``args`` the values.
    """

    __slots__ = ("args", "n", "plural", "template")
    template: str
    args: Mapping[str, Any]
    plural: str | None
    n: int

    def __new__(
        cls, template: str, args: Mapping[str, Any], plural: str | None = None, n: int = 1
    ) -> Phrase:
        """Build and check: a placeholder without an argument is a ``DataError``."""
        chosen = template if plural is None or n == 1 else plural
        self = super().__new__(cls, fill(chosen, args, english))
        self.template, self.args, self.plural, self.n = template, dict(args), plural, n
        return self

    @classmethod
    def filled(
        cls, text: str, template: str, args: Mapping[str, Any], plural: str | None, n: int
    ) -> Phrase:
        """One whose English ``text`` was kept with its parts: nothing is filled in again."""
        self = super().__new__(cls, text)
        self.template, self.args, self.plural, self.n = template, dict(args), plural, n
        return self

    def __reduce__(self) -> tuple[type[Phrase], tuple[Any, ...]]:
        return Phrase, (self.template, self.args, self.plural, self.n)

    def __copy__(self) -> Phrase:
        return self

    def __deepcopy__(self, memo: object) -> Phrase:
        return self


def phrase(template: str, /, **args: Any) -> Phrase:
    """The sentence ``template`` with ``args``; see the module's table for the formats."""
    return Phrase(template, args)


def error_phrase(error: NvsignalError) -> Phrase:
    """What ``str(error)`` says, remedy included, still translatable where its parts are.

    What the error's own class composes is phrased here.
    """
    message, remedy = _told(error)
    if remedy is None:
        return paragraph(message)
    return phrase("{fault} ({remedy})", fault=message, remedy=remedy)


def _told(error: NvsignalError) -> tuple[str, str | None]:
    if isinstance(error, UnknownNameError):
        near = error.suggestion
        return (
            phrase("unknown {what} '{name}'", what=error.what, name=error.name[:120]),
            None if near is None else phrase("did you mean '{near}'?", near=near),
        )
    if isinstance(error, OutOfRangeError):
        return (
            phrase("{field} = {value} is not allowed", field=error.field, value=repr(error.value)),
            phrase("allowed: {allowed}", allowed=error.allowed),
        )
    if isinstance(error, FeedError):
        return phrase("{feed}: {fault}", feed=error.feed, fault=error.said), error.remedy
    return error.message, error.remedy


def plural(one: str, many: str, /, *, n: int, **args: Any) -> Phrase:
    """``one`` or ``many`` by the grammar of the reader's language; ``{n}`` is the count."""
    return Phrase(one, {"n": n, **args}, many, n)


def fiscal(quarter: str) -> str:
    """Nvidia's name for a quarter, ``FY2026Q2``, as a phrase; any other text stays as it is."""
    match = _FISCAL.match(quarter)
    if match is None:
        return quarter
    return phrase("FY{year}Q{number}", year=match["year"], number=match["number"])


def paragraph(*sentences: str) -> Phrase:
    """Sentences in a row, each still translatable; bare ``str`` is kept as it is."""
    args = {f"s{i}": sentence for i, sentence in enumerate(s for s in sentences if s)}
    return Phrase(" ".join(f"{{{name}}}" for name in args), args)


def sentences(text: str) -> tuple[str, ...]:
    """What ``paragraph`` put together, one by one; any other text is one sentence."""
    if not isinstance(text, Phrase) or text.plural is not None:
        return (text,)
    names = [f"s{i}" for i in range(len(text.args))]
    if text.template != " ".join(f"{{{name}}}" for name in names):
        return (text,)
    return tuple(text.args[name] for name in names)


def listed(parts: Iterable[str], *, between: str = ", ") -> Phrase:
    """``parts`` with ``between`` them, each still translatable."""
    args = {f"s{i}": part for i, part in enumerate(parts)}
    return Phrase(between.join(f"{{{name}}}" for name in args), args)


@lru_cache(maxsize=2048)
def parse(template: str) -> tuple[Piece, ...]:
    """``template`` in pieces; ``DataError`` for a malformed placeholder or an unknown kind."""
    try:
        parsed = tuple(Formatter().parse(template))
    except ValueError as error:
        raise DataError(f"phrase {template!r}: {error}") from None
    return tuple(_piece(template, *part) for part in parsed)


def _piece(
    template: str, literal: str, field: str | None, spec: str | None, conversion: str | None
) -> Piece:
    if field is None:
        return Piece(literal, None, PhraseFormat("", 0, False))
    if not field.isidentifier() or conversion:
        raise DataError(f"phrase {template!r}: placeholder {{{field}}} is not a plain name")
    return Piece(literal, field, _kind(template, spec or ""))


def _kind(template: str, spec: str) -> PhraseFormat:
    if not spec:
        return PhraseFormat("", 0, False)
    match = _KIND.match(spec)
    name, digits = "", ""
    if match:
        name, digits = ("f", match["f"]) if match["f"] else (match["name"], match["digits"])
    known = (name == "f" or name in _WITH_DIGITS) if digits else name in _WITHOUT_DIGITS
    if match is None or not known:
        raise DataError(f"phrase {template!r}: unknown format '{spec}'")
    return PhraseFormat(name, int(digits or 0), bool(match["sign"]))


def fill(template: str, args: Mapping[str, Any], say: Any) -> str:
    """``template`` with each placeholder replaced by ``say(value, kind)``."""
    out: list[str] = []
    for literal, field, kind in parse(template):
        out.append(literal)
        if field is not None:
            if field not in args:
                raise DataError(f"phrase {template!r}: no value for {{{field}}}")
            out.append(say(args[field], kind))
    return "".join(out)


def is_missing(value: Any) -> bool:
    """None and NaN: not observed."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def resolve(value: Any, kind: PhraseFormat) -> PhraseFormat:
    """``kind``, or the default one for the type of ``value`` where none was written."""
    if kind.name:
        return kind
    if isinstance(value, date):
        return PhraseFormat("date", 0, False)
    if isinstance(value, bool | str):
        return kind
    if isinstance(value, int):
        return PhraseFormat("int", 0, False)
    return PhraseFormat("sig", 4, False) if isinstance(value, float) else kind


def english(value: Any, kind: PhraseFormat) -> str:
    """``value`` in English, without a locale library."""
    if is_missing(value):
        return NOT_OBSERVED
    name, digits, signed = resolve(value, kind)
    if not name:
        return str(value)
    if name == "date":
        return f"{value:%b} {value.day}, {value.year}"
    return _english_number(float(value), name, digits, signed)


def _english_number(value: float, name: str, digits: int, signed: bool) -> str:
    value = value * 100 if name == "share" else value
    if name == "sig":
        digits = sig_decimals(value, digits)
    shown = round_half_even(value, digits if name not in ("int", "bps") else 0)
    decimals = digits if name not in ("int", "bps") else 0
    sign = "-" if shown < 0 else "+" if signed and shown > 0 else ""
    body = english_digits(abs(shown), decimals, shortest=name == "sig")
    before = "$" if name.startswith("usd") else ""
    after = {"pct": "%", "share": "%", "usdbn": "bn", "usdtn": "tn", "bps": " bp"}.get(name, "")
    return f"{sign}{before}{body}{after}"


def english_digits(value: float, decimals: int, *, shortest: bool) -> str:
    """1,234.50 of a ``value`` that is rounded already; shortest: 1,234.5."""
    body = f"{value:,.{decimals}f}"
    return body.rstrip("0").rstrip(".") if shortest and decimals else body


def round_half_even(value: float, digits: int) -> float:
    """``value`` rounded; a negative zero becomes zero, so that "-0.0" is never shown."""
    return round(value, digits) + 0.0


def sig_decimals(value: float, digits: int) -> int:
    """Decimals that show ``digits`` significant digits of ``value``; 0 from 10**digits on."""
    if value == 0 or not math.isfinite(value):
        return 0
    return max(0, digits - 1 - math.floor(math.log10(abs(value))))
