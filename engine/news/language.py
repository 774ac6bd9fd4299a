"""Which language a headline is written in, before anything reads it.

English, French and Chinese are read. Any other language, and text without a letter, is *unread*: it
is counted and said, and never taken for irrelevant because nobody could read it. Scripts tell most
languages apart; among those of Latin letters small words do (``data/languages.toml``). A terse
headline without any small word counts as English.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from engine.news.lexicon import phrases, read_data

READ = frozenset({"en", "fr", "zh"})
"""The languages that are read."""

NOTHING = "none"
"""The language of text without a letter."""

OTHER = "other"
"""A script of which the language is not named."""

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_SCRIPTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ja", re.compile("[\u3040-\u30fa\u30fd-\u30ff\u31f0-\u31ff\uff66-\uff9d]")),
    ("ko", re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")),
    ("ru", re.compile("[\u0400-\u052f]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ar", re.compile("[\u0600-\u06ff\u0750-\u077f]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
)
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff\uff21-\uff5a]")
_LEAST_HAN, _LEAST_OTHER = 2, 3
_LEAST_MARKERS = 2
"""Small words of a language that it takes to tell it: one alone may be a name."""


def identify(text: str, words: Sequence[str]) -> str:
    """The language of ``text``, of which ``words`` are the folded words: a two-letter code.

    ``none`` where there is no letter, ``other`` where the script is not known here.
    """
    if text.isascii():
        return _latin(text, words) if _LATIN.search(text) else NOTHING
    han = len(_HAN.findall(text))
    for code, script in _SCRIPTS:
        strange = len(script.findall(text))
        if strange and strange + han >= _LEAST_OTHER:
            return code
    if han >= _LEAST_HAN:
        return "zh"
    if _LATIN.search(text):
        return _latin(text, words)
    return OTHER if any(c.isalpha() for c in text) else NOTHING


@functools.cache
def _markers() -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, frozenset[str]]]:
    """Small word → the languages that use it, and language → letters of its own."""
    data = read_data("languages.toml")
    owners: dict[str, tuple[str, ...]] = {}
    for code, text in data["words"].items():
        for word in phrases(text):
            owners[word] = (*owners.get(word, ()), code)
    letters = {code: frozenset(text) for code, text in data["letters"].items()}
    return MappingProxyType(owners), MappingProxyType(letters)


def _latin(text: str, words: Sequence[str]) -> str:
    owners, letters = _markers()
    count: dict[str, int] = {}
    for word in owners.keys() & words:
        for code in owners[word]:
            count[code] = count.get(code, 0) + 1
    if not text.isascii():
        lower = text.lower()
        for code, own in letters.items():
            if not own.isdisjoint(lower):
                count[code] = count.get(code, 0) + 1
    read = max(count.get("en", 0), count.get("fr", 0))
    best = max(count, key=lambda code: (count[code], code), default="en")
    if best not in READ and count[best] >= max(_LEAST_MARKERS, read + 1):
        return best
    return "fr" if count.get("fr", 0) > count.get("en", 0) else "en"
