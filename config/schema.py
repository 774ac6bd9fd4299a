"""How a TOML file becomes an object, and how a mistake in it is told.

A file is read once, bounded, and validated against one model; every problem comes back as a line
``file:line: where: what is wrong``, with the nearest right word where a name is misspelt. Models
that find several faults of their own raise ``FaultsError`` with the place of each.
"""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import ConfigError, nearest
from engine.phrases import phrase

MAX_CONFIG_BYTES = 1_000_000
Place = tuple[str | int, ...]
_T = TypeVar("_T")
_M = TypeVar("_M", bound=BaseModel)

Many = Annotated[tuple[_T, ...], Field(strict=False)]
"""A TOML list, kept as a tuple."""


class Strict(BaseModel):
    """Base of every model of a file: no unknown key, no conversion, no NaN, nothing to change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class FaultsError(ValueError):
    """What a model's own check found: (place below the model, what is wrong), one or more."""

    def __init__(self, found: Iterable[tuple[Place, str]]) -> None:
        self.found = tuple(found)
        super().__init__("; ".join(text for _, text in self.found))


def one_of(what: str, name: str, known: Iterable[str]) -> str:
    """``name`` when it is known, else a ``ValueError`` that names the nearest."""
    names = tuple(known)
    if name not in names:
        raise ValueError(unknown(what, name, names))
    return name


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """``unknown WHAT 'name'``, with the nearest name that exists."""
    near, shown = nearest(str(name), known), str(name)[:60]
    if near is None:
        return phrase("unknown {what} '{name}'", what=what, name=shown)
    return phrase(
        "unknown {what} '{name}' (did you mean '{near}'?)", what=what, name=shown, near=near
    )


def read_text(path: Path) -> str:
    """The text of a configuration file; ``ConfigError`` when it is none, too large or not UTF-8."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ConfigError([phrase("{path}: is not a file", path=str(path))])
        if found.st_size > MAX_CONFIG_BYTES:
            raise ConfigError(
                [
                    phrase(
                        "{name}: larger than {max_config_bytes:int} bytes",
                        name=path.name,
                        max_config_bytes=MAX_CONFIG_BYTES,
                    )
                ]
            )
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(
            [phrase("{path}: cannot be read ({why})", path=str(path), why=error.strerror)]
        ) from None
    except UnicodeDecodeError:
        raise ConfigError([phrase("{name}: is not UTF-8 text", name=path.name)]) from None


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """``text`` as plain data; ``ConfigError`` with the line for anything that is not TOML."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError([phrase("{where}: brackets nested too deep", where=where)]) from None
    except ValueError as error:  # a number of thousands of digits is no TOMLDecodeError
        raise ConfigError([_toml_message(error, where)]) from None


def _toml_message(error: ValueError, where: str) -> str:
    match = re.match(r"(?P<what>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)", str(error))
    if match is None:
        return phrase(
            "{where}: {what}; TOML wants key = value, text in quotes",
            where=where,
            what=str(error)[:160],
        )
    return phrase(
        "{place}: {what} (line {line}, column {column})",
        place=f"{where}:{match['line']}",
        what=match["what"],
        line=match["line"],
        column=match["column"],
    )


def read_file(path: Path, model: type[_M]) -> _M:
    """The file as its model; ``ConfigError`` with every problem."""
    return read_model(read_text(path), model, path.name)


def read_model(text: str, model: type[_M], where: str) -> _M:
    """``text`` as ``model``; ``ConfigError`` with every problem, each with its line."""
    data = parse_toml(text, where)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        told = FileFaults(where, text, data)
        found = sorted(_found(error, model), key=lambda fault: told.number(fault[0]) or 0)
        raise ConfigError(told.line(*fault) for fault in found) from None


def faults_in(data: Mapping[str, Any], model: type[BaseModel]) -> list[tuple[Place, str]]:
    """(place, what is wrong) for everything in ``data`` that ``model`` does not allow."""
    try:
        model.model_validate(data)
    except ValidationError as error:
        return list(_found(error, model))
    return []


_PRIVATE = frozenset({"url_env", "url_file"})
"""Keys where a password may stand by mistake: their value is never repeated."""


class FileFaults:
    """Says what is wrong in one file, with the line and the names of the tables around it."""

    def __init__(self, where: str, text: str, data: Mapping[str, Any] | None = None) -> None:
        self._where = where
        self._data = parse_toml(text, where) if data is None else data
        self._places = places(text)

    @staticmethod
    def of(path: Path) -> FileFaults:
        """For a file that can be read."""
        return FileFaults(path.name, read_text(path))

    def number(self, place: Place) -> int | None:
        """The line of ``place``, or of the nearest table around it."""
        around = (place[:n] for n in range(len(place), 0, -1))
        return next((self._places[near] for near in around if near in self._places), None)

    def line(self, place: Place, what: str) -> str:
        """``file:line: where: what``; where names the tables around the key at ``place``."""
        number = self.number(place)
        head = f"{self._where}:{number}" if number else self._where
        around = place[:-1] if place and isinstance(place[-1], str) else place
        said = self._said(around)
        place_of = f"{head}: {said}" if said else head
        return phrase("{place}: {fault}", place=place_of, fault=what)

    def _said(self, place: Place) -> str:
        """``feed 'yahoo-nvda'.options`` for ("feed", 0, "options")."""
        words: list[str] = []
        node: Any = self._data
        for part in place:
            try:
                node = node[part]
            except (KeyError, IndexError, TypeError):
                node = None
            if isinstance(part, str):
                words.append(part[:80])
                continue
            name = node.get("name", node.get("use")) if isinstance(node, Mapping) else None
            label = f"'{str(name)[:64]}'" if name else f"{part + 1}"
            words[-1:] = [f"{words[-1]} {label}" if words else label]
        return ".".join(words)


def _found(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Place, str]]:
    """What the validator found, in words."""
    for problem in error.errors():
        place = tuple(problem["loc"])
        fault = problem.get("ctx", {}).get("error")
        if isinstance(fault, FaultsError):
            yield from (((*place, *below), text) for below, text in fault.found)
        elif problem["type"] == "extra_forbidden":
            yield place, unknown(phrase("key"), place[-1], keys_at(_schema(model), place[:-1]))
        elif problem["type"] == "missing":
            yield place, phrase("{key} is missing", key=str(place[-1]))
        else:
            yield place, _wrong(place, problem, _node_at(_schema(model), place))


def _wrong(place: Place, problem: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    given = problem.get("input")
    key = str(place[-1]) if place and isinstance(place[-1], str) else ""
    hidden = key in _PRIVATE or isinstance(given, dict | list)  # a whole table says too much
    shown = key if hidden or not key else f"{key} = {given!r}"[:80]
    if problem["type"] == "value_error":
        return _joined(shown, problem["ctx"]["error"].args[0])
    allowed = _allowed(node)
    if not allowed:
        return _joined(shown, problem["msg"])
    if not shown:
        return phrase("is not {allowed}", allowed=allowed)
    return phrase("{shown} is not {allowed}", shown=shown, allowed=allowed)


def _joined(shown: str, message: str) -> str:
    if not shown:
        return message
    if message.startswith("is "):  # a predicate of what is shown
        return phrase("{subject} {predicate}", subject=shown, predicate=message)
    return phrase("{shown}: {fault}", shown=shown, fault=message)


def _allowed(node: Mapping[str, Any]) -> str:
    """What a value must be, in words, from its JSON Schema; empty when that says nothing."""
    if "pattern" in node or "enum" in node or "format" in node:
        named = {
            "date": phrase("a date such as 2026-11-23"),
            "date-time": phrase("an instant with its zone"),
        }
        words = ", ".join(str(word) for word in node.get("enum", ()))
        described: str = node.get("description", "")
        return described or words or named.get(node.get("format", ""), "")
    if "const" in node:
        return str(node["const"])
    kind = str(node.get("type", ""))
    simple = {
        "boolean": phrase("true or false"),
        "array": phrase("a list"),
        "object": phrase("a table"),
    }
    if kind in simple:
        return simple[kind]
    if kind == "string":
        least, most = node.get("minLength", 0), node.get("maxLength")
        if not most:
            return phrase("text")
        return phrase("text of {least} to {most} characters", least=str(least), most=str(most))
    if kind not in ("integer", "number"):
        return ""
    return _range(phrase("a whole number") if kind == "integer" else phrase("a number"), node)


def _range(noun: str, node: Mapping[str, Any]) -> str:
    """``noun`` with the bounds that the schema sets."""
    keys = ("minimum", "exclusiveMinimum", "maximum")
    low, above, high = (None if node.get(k) is None else f"{node[k]:g}" for k in keys)
    if above is not None:
        told = phrase("{noun} above {above}", noun=noun, above=above)
    elif low is not None:
        told = phrase("{noun} from {low}", noun=noun, low=low)
    else:
        told = phrase("{noun}", noun=noun)
    return told if high is None else phrase("{told} to {high}", told=told, high=high)


# --- where a key stands ---------------------------------------------------------------------

_HEADING = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([\w-]+)""")


def places(text: str) -> dict[Place, int]:
    """Place of each table and key of a TOML text -> its line, from 1."""
    found: dict[Place, int] = {}
    count: dict[Place, int] = {}
    inside: Place = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := _HEADING.match(line):
            inside = _resolve(_parts(heading[2]), count)
            if heading[1] == "[[":
                found.setdefault(inside, number)
                count[inside] = count.get(inside, -1) + 1
                inside = (*inside, count[inside])
            found.setdefault(inside, number)
        elif key := _KEY.match(line):
            found.setdefault((*inside, *_parts(key[1])), number)
    return found


def _parts(dotted: str) -> Place:
    return tuple("".join(groups) for groups in _PART.findall(dotted))


def _resolve(path: Place, count: Mapping[Place, int]) -> Place:
    """``path`` with the number of the current stanza after each list of tables but the last."""
    place: Place = ()
    for order, part in enumerate(path):
        place = (*place, part)
        if place in count and order < len(path) - 1:
            place = (*place, count[place])
    return place


# --- what a model allows --------------------------------------------------------------------


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _node_at(schema: Mapping[str, Any], place: Sequence[str | int]) -> Mapping[str, Any]:
    """The part of a JSON Schema that describes ``place``; empty when nothing does."""
    node: Mapping[str, Any] = schema
    for part in place:
        node = _plain_node(schema, node)
        if isinstance(part, int):
            node = node.get("items", {})
        else:
            rest = node.get("additionalProperties")
            node = node.get("properties", {}).get(part) or (rest if isinstance(rest, dict) else {})
    own = {k: node[k] for k in ("description",) if k in node}
    return {**_plain_node(schema, node), **own}


def _plain_node(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    options = node.get("anyOf")
    if options:
        node = next((o for o in options if o.get("type") != "null"), node)
    name = node.get("$ref", "").removeprefix("#/$defs/")
    return schema["$defs"][name] if name else node


def keys_at(schema: Mapping[str, Any], place: Sequence[str | int]) -> tuple[str, ...]:
    """The keys that a model allows at ``place``."""
    return tuple(_node_at(schema, place).get("properties", {}))
