"""What the rules know, read once from the data files beside this module and checked.

``data/words.toml`` entities with their aliases, topics and verbs · ``data/rules.toml`` which
concepts vote for which type, and which wording gives which sense. Both are meant to be extended by
somebody who does not program; a name that does not exist is an error that names it.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from engine.errors import DataError, UnknownNameError
from engine.news.taxonomy import EVENT_TYPES
from engine.phrases import phrase
from engine.values import Direction

_SECTIONS = ("entities", "topics", "verbs", "clauses", "moods")
_SHIELDS = ("noise", "idiom")
_SENSES: Mapping[int, Direction] = MappingProxyType({-1: -1, 0: 0, 1: 1})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """The words: ``entries`` concept → phrases, in a fixed order; ``actors`` alias → name shown.

    entities, verbs: which concepts are who, and which are what happened (shields are neither).
    implies: who says the first, says the others too.
    """

    entries: Mapping[str, tuple[str, ...]]
    entities: frozenset[str]
    verbs: frozenset[str]
    implies: Mapping[str, tuple[str, ...]]
    actors: Mapping[str, str]

    @property
    def codes(self) -> tuple[str, ...]:
        """Names of the concepts, in the order of the file."""
        return tuple(self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTable:
    """The rules, groups written out: ``votes`` (type, weight, condition) and ``senses`` by type."""

    votes: tuple[tuple[str, float, str], ...]
    senses: Mapping[str, tuple[tuple[Direction, str], ...]]


def read_data(name: str) -> dict[str, Any]:
    """A data file of this package as a mapping; ``DataError`` names the file and the place."""
    raw = files("engine.news").joinpath("data", name).read_text(encoding="utf-8")
    try:
        return tomllib.loads(raw)
    except tomllib.TOMLDecodeError as error:
        raise DataError(
            phrase("engine/news/data/{name}: {error}", name=name, error=error)
        ) from None


def phrases(text: str) -> tuple[str, ...]:
    """The entries of one line of a data file: separated by ``;``, single-spaced."""
    return tuple(" ".join(entry.split()) for entry in text.split(";") if entry.strip())


@functools.cache
def lexicon() -> Lexicon:
    """The words, read and checked on first use."""
    data = read_data("words.toml")
    entries: dict[str, tuple[str, ...]] = {}
    for section in _SECTIONS:
        for code, text in data[section].items():
            if code in entries:
                raise DataError(
                    phrase("words.toml: concept '{code}' stands in two sections", code=code)
                )
            entries[code] = phrases(text)
    implies = {code: phrases(text) for code, text in data["implies"].items()}
    for code in (*implies, *(c for more in implies.values() for c in more)):
        if code not in entries:
            raise UnknownNameError(phrase("concept in [implies]"), code, tuple(entries))
    return Lexicon(
        entries=MappingProxyType(entries),
        entities=frozenset(data["entities"]),
        verbs=frozenset(data["verbs"]) - {*_SHIELDS, "noise_verb"},
        implies=MappingProxyType(implies),
        actors=MappingProxyType(
            {alias: name for name, text in data["actors"].items() for alias in phrases(text)}
        ),
    )


@functools.cache
def rule_table() -> RuleTable:
    """The rules, read on first use; conditions are checked where they are parsed."""
    data = read_data("rules.toml")
    groups: Mapping[str, str] = data["groups"]
    for name in (*data["votes"], *data["senses"]):
        if name not in EVENT_TYPES:
            raise UnknownNameError(phrase("event type in rules.toml"), name, EVENT_TYPES)
    return RuleTable(
        votes=tuple(
            (name, float(weight), _written_out(text, groups))
            for name, rows in data["votes"].items()
            for weight, text in rows
        ),
        senses=MappingProxyType(
            {
                name: tuple((_SENSES[sense], _written_out(text, groups)) for sense, text in rows)
                for name, rows in data["senses"].items()
            }
        ),
    )


def written_out(condition: str) -> str:
    """``condition`` of another file, with the groups of ``rules.toml`` written out."""
    return _written_out(condition, _groups())


@functools.cache
def _groups() -> Mapping[str, str]:
    groups: Mapping[str, str] = read_data("rules.toml")["groups"]
    return groups


def _written_out(condition: str, groups: Mapping[str, str]) -> str:
    """``condition`` with each ``@group`` replaced by its concepts."""
    return ", ".join(_clauses(condition, groups))


def _clauses(condition: str, groups: Mapping[str, str]) -> Iterator[str]:
    for clause in filter(None, (part.strip() for part in condition.split(","))):
        names = []
        for name in clause.removeprefix("!").split("|"):
            group = name.strip().removeprefix("@")
            if name.strip().startswith("@") and group not in groups:
                raise UnknownNameError(phrase("group in rules.toml"), group, tuple(groups))
            names.append(groups[group] if name.strip().startswith("@") else name.strip())
        yield ("!" if clause.startswith("!") else "") + "|".join(names)
