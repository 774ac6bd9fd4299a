"""A Chinese headline as the English words that the rules know, each with its place in the original.

No segmenter and no translation: at every place the longest word of ``data/chinese.toml`` is taken,
and what is not listed is passed over. Headlines in Chinese put subject, verb and object in the
order of English ones, so that the same rules, operators and model read the outcome. Latin words and
figures inside the headline stay as they are.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engine.errors import DataError
from engine.news.lexicon import read_data
from engine.phrases import phrase

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LATIN = re.compile(r"[^\W_\u3400-\u9fff\uf900-\ufaff]+(?:[.,]\d+)*[a-z]*|%", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Glossary:
    """Chinese word → English words; ``longest`` is the length of the longest Chinese word."""

    words: Mapping[str, tuple[str, ...]]
    simplified: Mapping[int, str]
    longest: int


@functools.cache
def glossary() -> Glossary:
    """The words of ``data/chinese.toml``, read and checked on first use."""
    data = read_data("chinese.toml")
    pairs = data.pop("traditional")["pairs"].split()
    words: dict[str, tuple[str, ...]] = {}
    for section in data.values():
        for word, meaning in section.items():
            if word.lower() in words:
                raise DataError(phrase("chinese.toml: '{word}' stands there twice", word=word))
            words[word.lower()] = tuple(meaning.split())
    return Glossary(
        words=MappingProxyType(words),
        simplified=MappingProxyType({ord(pair[0]): pair[1] for pair in pairs}),
        longest=max(map(len, words)),
    )


def gloss(folded: str) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...], float]:
    """English words of ``folded`` text, the place of each, and the share of Han characters known.

    ``folded`` keeps the length of the original, so that the places are those of the original.
    """
    book = glossary()
    text = folded.translate(book.simplified)
    words: list[str] = []
    places: list[tuple[int, int]] = []
    known = total = at = 0
    while at < len(text):
        found = _longest(text, at, book)
        if found is not None:
            end, meaning = found
            words += meaning
            places += [(at, end)] * len(meaning)
        elif latin := _LATIN.match(text, at):
            end = latin.end()
            words.append(latin.group())
            places.append((at, end))
        else:
            end = at + 1
        han = len(_HAN.findall(text[at:end]))
        total += han
        known += han if found is not None else 0
        at = end
    return tuple(words), tuple(places), known / total if total else 0.0


def _longest(text: str, at: int, book: Glossary) -> tuple[int, tuple[str, ...]] | None:
    """The longest listed word that starts at ``at``: its end and its English words."""
    if not _HAN.match(text, at) and not text[at : at + 2].isalpha():
        return None
    for size in range(min(book.longest, len(text) - at), 0, -1):
        meaning = book.words.get(text[at : at + size])
        if meaning is not None:
            return at + size, meaning
    return None
