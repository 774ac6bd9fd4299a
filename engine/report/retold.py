"""Sentences of ours that were kept as text, said in the reader's language after all.

The record keeps words, not templates: why a source failed, how a run ended. They were made from
templates of the catalogue, so the templates that fit are found again and their gaps are read back.
What fits none is somebody else's wording, and is cleaned and told as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.phrases import Phrase, PhraseFormat, Piece, parse, phrase

if TYPE_CHECKING:
    from engine.report.i18n import Said, Speaker

DEEPEST = 3
"""A sentence in a sentence in a sentence."""
LEAST_LETTERS = 4
LEAST_SHARE = 0.25
"""Of a text's letters, which its templates must explain: "{a} to {b}" fits much and says little."""
MOST_CHARS = 400
_NUMBER = r"[+-]?\$?\d[\d,]*(?:\.\d+)?(?:%|bn|tn| bp)?"
_DATE = r"[A-Z][a-z]{2} \d{1,2}, \d{4}"


class _Known(NamedTuple):
    """A template with what finds it. plain: its longest piece of text, looked for first."""

    template: str
    plural: tuple[str, str] | None
    plain: str
    pattern: re.Pattern[str]
    letters: int


def retold(text: str, voice: Speaker) -> Said:
    """``text`` by ``voice``, through the template it was made from where one fits."""
    return voice.tell(text if voice.lang == "en" else recalled(text))


def recalled(text: str) -> str:
    """The phrase that ``text`` was, to the letter; ``text`` itself where none says the same."""
    return text if isinstance(text, Phrase) else _found(text[:MOST_CHARS], DEEPEST)[0]


@lru_cache(maxsize=512)
def _found(text: str, deeper: int) -> tuple[str, int]:
    """(the phrase that explains most of ``text``, letters explained); (``text``, 0) without one."""
    best: tuple[str, int] = (text, 0)
    if deeper == 0:
        return best
    least = max(LEAST_LETTERS, LEAST_SHARE * sum(char.isalpha() for char in text))
    for known in _templates():
        if known.plain not in text or not (match := known.pattern.fullmatch(text)):
            continue
        values, letters = _read(known, match.groupdict(), deeper)
        told = _made(known, values)
        explained = known.letters + letters
        if told == text and explained > best[1] and explained >= least:
            best = told, explained
    return best


def _read(known: _Known, told: Mapping[str, str], deeper: int) -> tuple[dict[str, Any], int]:
    """What stood in each gap, sentences read in turn, and how many letters those explain."""
    kinds = {piece.field: piece.kind for piece in parse(known.template) if piece.field}
    values, letters = dict[str, Any](), 0
    for name, text in told.items():
        if kinds[name].name:
            values[name] = _value(text, kinds[name])
        else:
            values[name], more = _found(text, deeper - 1)
            letters += more
    return values, letters


def _value(told: str, kind: PhraseFormat) -> Any:
    if kind.name == "date":
        return datetime.strptime(told, "%b %d, %Y").date()  # noqa: DTZ007 - a day
    value = float(re.sub(r"[^\d.+-]", "", told))
    return value / 100 if kind.name == "share" else value


def _made(known: _Known, values: Mapping[str, Any]) -> Phrase:
    if known.plural is None or not str(values.get("n")).isdecimal():
        return phrase(known.template, **values)
    one, many = known.plural
    return Phrase(one, {**values, "n": int(values["n"])}, many, int(values["n"]))


@cache
def _templates() -> tuple[_Known, ...]:
    """Every message of the catalogue, once."""
    from babel.messages.mofile import read_mo

    from engine.report.i18n import DOMAIN, LOCALE_DIR

    with (LOCALE_DIR / "en" / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        ids = [message.id for message in read_mo(file) if message.id and not message.context]
    found = {known.pattern.pattern: known for each in ids for known in _both(each)}
    return tuple(known for known in found.values() if known.plain.strip())


def _both(message: str | tuple[str, str]) -> tuple[_Known, ...]:
    if isinstance(message, str):
        return (_known(message, None),)
    return tuple(_known(form, message) for form in message)


def _known(template: str, plural: tuple[str, str] | None) -> _Known:
    pieces = parse(template)
    told = "".join(re.escape(piece.literal) + _gap(piece) for piece in pieces)
    plain = [piece.literal for piece in pieces]
    letters = sum(char.isalpha() for text in plain for char in text)
    twice = len({p.field for p in pieces if p.field}) < sum(1 for p in pieces if p.field)
    pattern = re.compile("(?!)" if twice else told, re.DOTALL)
    return _Known(template, plural, max(plain, key=len), pattern, letters)


def _gap(piece: Piece) -> str:
    if not piece.field:
        return ""
    name = piece.kind.name
    return f"(?P<{piece.field}>{_DATE if name == 'date' else _NUMBER if name else '.*?'})"
