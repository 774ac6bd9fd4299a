"""Voice: one reader's language and number format.

Language belongs to the reader, not to the process: a ``Speaker`` is made per rendering and passed
down, nothing is installed globally. Messages are English templates in the manner of
``engine.phrases``, found in the sources by Babel (mapping in ``babel.cfg``), translated in
``locale/<lang>/LC_MESSAGES/nvsignal.po`` and compiled beside it.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.clock import NEW_YORK
from engine.errors import NvsignalError, UnknownNameError
from engine.phrases import (
    NOT_OBSERVED,
    Phrase,
    PhraseFormat,
    english,
    english_digits,
    error_phrase,
    fill,
    is_missing,
    phrase,
    resolve,
    round_half_even,
    sig_decimals,
)
from engine.report.labels import LABELS, WORDS
from engine.report.typography import NARROW, clean, print_english, print_french

if TYPE_CHECKING:
    from babel import Locale
    from babel.numbers import NumberPattern

LANGUAGES = ("en", "fr")
LOCALE_DIR = Path(__file__).parent / "locale"
DOMAIN = "nvsignal"
KEYWORDS = {
    "_": None,
    "N_": None,
    "count": (1, 2),
    "pgettext": ((1, "c"), 2),
    "phrase": None,
    "plural": (1, 2),
    "say": None,
}
"""What Babel takes for a message: our own names only."""

_NBSP = "\u00a0"
_DATE_PATTERN = {"en": "MMM d, y", "fr": "d MMM y"}
_LONG_PATTERN = {"en": "EEEE, MMMM d, y", "fr": "EEEE d MMMM y"}
_MONTH_PATTERN = {"en": "MMM", "fr": "MMM"}


class Said(str):
    """Text that a voice has already said; as an argument it passes through as it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Speaker:
    """How things are said to one reader. ``minus`` replaces the hyphen of negative numbers.

    labels: what identifiers are called in English.
    """

    lang: str
    catalogue: gettext.NullTranslations
    minus: str = "-"
    labels: Mapping[str, str] = field(default_factory=lambda: LABELS, compare=False, repr=False)

    def say(self, template: str, /, **args: Any) -> Said:
        """Our sentence ``template``, translated and filled; see ``engine.phrases`` for formats."""
        return Said(fill(self._print(self.catalogue.gettext(template)), args, self.value))

    def count(self, one: str, many: str, /, *, n: int, **args: Any) -> Said:
        """``say`` with the plural form the language wants for ``n``."""
        chosen = self.catalogue.ngettext(one, many, n)
        return Said(fill(self._print(chosen), {"n": n, **args}, self.value))

    def pgettext(self, context: str, message: str) -> Said:
        """``message`` as meant in ``context``."""
        return Said(self._print(self.catalogue.pgettext(context, message)))

    def tell(self, text: str, *, limit: int = 600) -> Said:
        """Text made elsewhere: a phrase is translated, other text is outside text and cleaned."""
        if isinstance(text, Said):
            return text
        if not text:  # the message without a name is the head of the catalogue
            return Said("")
        if not isinstance(text, Phrase):
            return Said(self._word(text) or clean(text, limit=limit))
        if text.plural is None:
            template = self.catalogue.gettext(text.template)
        else:
            template = self.catalogue.ngettext(text.template, text.plural, text.n)
        return Said(fill(self._print(template), text.args, self.value))

    def shipped(self, text: str, *, limit: int = 240) -> Said:
        """A sentence of the configuration: a shipped one translated, the reader's own as it is."""
        return Said(clean(self._print(self.catalogue.gettext(text)) if text else "", limit=limit))

    def _word(self, text: str) -> str:
        """``text`` when it is one of our own words, or a list of them; else empty."""
        words = [text] if text in WORDS else text.split(", ")
        if not all(word in WORDS for word in words):
            return ""
        return ", ".join(self._print(self.catalogue.gettext(word)) for word in words)

    def label(self, name: str) -> Said:
        """What an identifier (strategy, channel, event type, feed state …) is called."""
        known = self.labels.get(name)
        if known is not None:
            return Said(self._print(self.catalogue.gettext(known)))
        words = clean(name, limit=80).replace("_", " ")
        return Said(words[:1].upper() + words[1:])

    def value(self, value: Any, kind: PhraseFormat) -> str:
        """One placeholder, in the locale's form."""
        if is_missing(value):
            return self.say(NOT_OBSERVED)
        if isinstance(value, str):
            return self.tell(value)
        if isinstance(value, NvsignalError):
            return self.tell(error_phrase(value))
        name, digits, signed = resolve(value, kind)
        if not name:
            return clean(str(value))
        if name == "date":
            return self.on(value)
        return self._number(float(value), name, digits, signed)

    def pair(self, label: str, value: str) -> Said:
        """A label with its value; French puts a space before the colon."""
        return self.say("{label}: {value}", label=label, value=value)

    def quote(self, text: str, *, limit: int = 600) -> Said:
        """Words of somebody else, cleaned, and marked where their language is not the reader's."""
        told = self.tell(text, limit=limit)
        return told if self.lang == "en" or not told else Said(f"«{_NBSP}{told}{_NBSP}»")

    def number(self, value: float | None, spec: str) -> Said:
        """One number by a format of ``engine.phrases``."""
        return Said(fill("{x:" + spec + "}", {"x": value}, self.value))

    def on(self, day: date | datetime) -> Said:
        """Aug 22, 2025 or 22 août 2025."""
        if self.lang == "en":  # as phrases say it, without the tables of a locale library
            return Said(english(_in_new_york(day), _DATE))
        return self._date(day, _DATE_PATTERN)

    def long_on(self, day: date | datetime) -> Said:
        """Friday, August 22, 2025 or vendredi 22 août 2025."""
        if self.lang == "en":
            local = _in_new_york(day)
            return Said(f"{local:%A, %B} {local.day}, {local.year}")
        return self._date(day, _LONG_PATTERN)

    def month(self, day: date) -> Said:
        """Aug or août."""
        return Said(f"{day:%b}") if self.lang == "en" else self._date(day, _MONTH_PATTERN)

    def at(self, instant: datetime) -> Said:
        """An instant on New York's clock: Aug 22, 2025, 08:30 (New York)."""
        local = instant.astimezone(NEW_YORK)
        return self.say("{on:date}, {clock} (New York)", on=local, clock=f"{local:%H:%M}")

    def _date(self, day: date | datetime, patterns: dict[str, str]) -> Said:
        from babel.dates import format_date

        local = _in_new_york(day)
        text = str(format_date(local, patterns[self.lang], locale=self.lang))
        # French counts the first of a month as an ordinal; CLDR has no pattern for it.
        if self.lang == "fr" and local.day == 1:
            text = re.sub(r"(?<!\d)1(?= )", "1er", text, count=1)
        return Said(text)

    def _number(self, value: float, name: str, digits: int, signed: bool) -> str:
        if name == "share":
            value = value * 100
        if name == "usdtn" and self.lang == "fr":  # French counts such sums in milliards
            value, name, digits = value * 1000, "usdbn", 0
        text = self._decimal(value, name, digits, signed)
        return text.replace("-", self.minus)

    def _decimal(self, value: float, name: str, digits: int, signed: bool) -> str:
        shortest = name == "sig"
        if shortest:
            digits = sig_decimals(value, digits)
        decimals = 0 if name in ("int", "bps") else digits
        shown = round_half_even(value, decimals)
        if self.lang == "en" and abs(shown) < _FLOATS_ARE_WHOLE:
            body = english_digits(abs(shown), decimals, shortest=shortest)
        else:
            fraction = ("." + ("#" if shortest else "0") * decimals) if decimals else ""
            body = str(_pattern(fraction).apply(abs(shown), _locale(self.lang)))
        sign = "-" if shown < 0 else "+" if signed and shown > 0 else ""
        return sign + self._with_unit(body, name)

    def _with_unit(self, body: str, name: str) -> str:
        if self.lang == "fr":
            after = {"pct": NARROW + "%", "usd": _NBSP + "$", "usdbn": _NBSP + "Md$"}
            after |= {"share": NARROW + "%", "bps": _NBSP + "pb"}
            return body + after.get(name, "")
        after = {"pct": "%", "share": "%", "usdbn": "bn", "usdtn": "tn", "bps": _NBSP + "bp"}
        return ("$" if name.startswith("usd") else "") + body + after.get(name, "")

    def _print(self, template: str) -> str:
        return _PRINT[self.lang](template)


_DATE = PhraseFormat("date", 0, False)
_FLOATS_ARE_WHOLE = 2.0**53
"""Beyond it the digits of a float are an accident, which the locale library tells otherwise."""


def _in_new_york(day: date | datetime) -> date:
    return day.astimezone(NEW_YORK).date() if isinstance(day, datetime) else day


@cache
def _pattern(fraction: str) -> NumberPattern:
    """A number with its thousands apart and so many decimals; read once, as ``format_decimal``
    reads it for every number."""
    from babel.numbers import parse_pattern

    return parse_pattern("#,##0" + fraction)


@cache
def _locale(lang: str) -> Locale:
    from babel import Locale

    return Locale.parse(lang)


_PRINT: dict[str, Callable[[str], str]] = {"en": print_english, "fr": print_french}


def voice(lang: str, *, minus: str = "-") -> Speaker:
    """The voice for ``lang`` ("en", "fr", or a tag such as "fr-CA"); else ``UnknownNameError``."""
    short = lang.replace("_", "-").split("-")[0].split(".")[0].lower()
    if short not in LANGUAGES:
        raise UnknownNameError(phrase("language"), lang, LANGUAGES)
    return Speaker(short, _catalogue(short), minus)


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(lang: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, LOCALE_DIR, [lang])
