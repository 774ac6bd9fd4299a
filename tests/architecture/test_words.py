"""What a user reads of an error is a sentence of the catalogue: no f-string and no bare text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from engine.phrases import parse
from tests.architecture.test_house_rules import modules

ERRORS = "engine.errors"
WORDS_AT = {
    "UnknownNameError": (0,),
    "OutOfRangeError": (0, 2),
    "FeedError": (1,),
    "UndeterminedCurveError": (1,),
}
"""Arguments of an error that are read; of all others it is the first."""
ENGLISH_BELOW = {"engine.errors", "engine.phrases"}
"""What phrases are made of: it tells its own misuse, to programmers, in English."""


@cache
def trees() -> tuple[tuple[str, ast.Module], ...]:
    """Every module of the house, read once."""
    return tuple(modules())


@cache
def error_classes() -> dict[str, tuple[int, ...]]:
    """Every class of the tree of errors, wherever it stands -> the arguments that are read."""
    bases = {
        node.name: [ast.unparse(base).split(".")[-1] for base in node.bases]
        for _, tree in trees()
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }
    found = {"NvsignalError": (0,)}
    while True:
        new = {
            name: WORDS_AT.get(name, found[parent])
            for name, parents in bases.items()
            if name not in found
            for parent in [next((p for p in parents if p in found), None)]
            if parent
        }
        if not new:
            return found
        found |= new


def unsaid(module: str, tree: ast.Module, classes: dict[str, tuple[int, ...]]) -> Iterator[str]:
    """Errors whose message, remedy or word is text that no language but English has."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).split(".")[-1]
        if name not in classes:
            continue
        read = [node.args[i] for i in classes[name] if i < len(node.args)]
        read += [k.value for k in node.keywords if k.arg in ("message", "remedy")]
        for said in read:
            if any(_english(part) for part in _parts(said)):
                yield f"{module}:{said.lineno}: {ast.unparse(said)[:60]}"


def _parts(said: ast.expr) -> Iterator[ast.expr]:
    """``said`` itself, or what it is chosen or listed from."""
    if isinstance(said, ast.IfExp):
        yield from (*_parts(said.body), *_parts(said.orelse))
    elif isinstance(said, ast.List | ast.Tuple):
        for one in said.elts:
            yield from _parts(one)
    elif isinstance(said, ast.BinOp):
        yield from (*_parts(said.left), *_parts(said.right))
    else:
        yield said


def _english(said: ast.expr) -> bool:
    """An f-string, or text of more than a name: ``--as-of`` and ``capital`` are names."""
    if isinstance(said, ast.JoinedStr):
        return True
    if not (isinstance(said, ast.Constant) and isinstance(said.value, str)):
        return False
    return " " in said.value and not said.value.startswith(("--", "nvsignal "))  # to be typed


def unfilled(module: str, tree: ast.Module) -> Iterator[str]:
    """Phrases whose placeholders are not their arguments: they break where they should speak."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "phrase"):
            continue
        given = {k.arg for k in node.keywords}
        if None in given or not isinstance(node.args[0], ast.Constant):
            continue
        named = {piece.field for piece in parse(node.args[0].value) if piece.field}
        if named != given:
            yield f"{module}:{node.lineno}: {sorted(named ^ given)}"


def test_every_phrase_has_what_it_names() -> None:
    assert [place for name, tree in trees() for place in unfilled(name, tree)] == []


def test_the_rule_of_placeholders_sees_one_without_a_value() -> None:
    tree = ast.parse('phrase("{a} of {b:int}", a=1)')
    assert list(unfilled("engine.x", tree)) == ["engine.x:1: ['b']"]


def test_every_error_is_said_in_phrases() -> None:
    classes = error_classes()
    assert {"FetchFailedError", "DeliveryError", "TableError"} <= classes.keys()
    found = [
        place
        for name, tree in trees()
        if name not in ENGLISH_BELOW
        for place in unsaid(name, tree, classes)
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        'raise InputError(f"no {x}")',
        'raise DataError("no prices")',
        'raise InputError(phrase("no prices"), remedy="import some")',
        'raise ConfigError([f"{path}: is no file"])',
        'raise UnknownNameError("event type", x, y)',
        'raise OutOfRangeError("port", port, f"1 to {most}")',
        'raise FetchFailedError(feed, "late" if x else f"{x} is late", reason="late")',
        'raise errors.StoreError("it broke: " + why)',
    ],
)
def test_the_rule_sees_english(code: str) -> None:
    """The rule itself is able to fail."""
    assert list(unsaid("engine.x", ast.parse(code), error_classes()))


@pytest.mark.parametrize(
    "code",
    [
        'raise InputError(phrase("no {x}", x=x), remedy=phrase("give one"))',
        'raise OutOfRangeError("--dates", f"{x}", phrase("1 or more"))',
        "raise FeedError(feed.name, str(error))",
    ],
)
def test_the_rule_lets_phrases_pass(code: str) -> None:
    assert not list(unsaid("engine.x", ast.parse(code), error_classes()))
