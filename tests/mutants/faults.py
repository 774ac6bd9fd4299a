"""One-line faults of the kinds people make, planted in a module's source from a seed.

The kinds are those that reviews of such programs find most: a sign, a boundary, a swapped
operation, a dropped term, a unit, a look-ahead, a default, a turned condition.
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SWAPPED = {ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div, ast.Mod: ast.FloorDiv}
BOUNDARY = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
TURNED = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In}
OTHER_NAME = {
    "min": "max",
    "max": "min",
    "minimum": "maximum",
    "maximum": "minimum",
    "any": "all",
    "all": "any",
    "floor": "ceil",
    "known_at": "occurred_at",
    "occurred_at": "known_at",
    "first": "last",
}
OTHER_WORD = {"left": "right", "right": "left"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One planted fault; ``source`` is the whole module with it."""

    kind: str
    line: int
    before: str
    after: str
    source: str


def sign(node: ast.AST) -> ast.AST | None:
    """A plus for a minus, and a minus lost."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        if _texts(node):
            return None
        new = copy.deepcopy(node)
        new.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        return new
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return copy.deepcopy(node.operand)
    return None


def boundary(node: ast.AST) -> ast.AST | None:
    """A comparison that takes its bound in, or leaves it out."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in BOUNDARY:
        new = copy.deepcopy(node)
        new.ops[0] = BOUNDARY[type(node.ops[0])]()
        return new
    return None


def turned(node: ast.AST) -> ast.AST | None:
    """A condition the other way round, ``and`` for ``or``."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in TURNED:
        new = copy.deepcopy(node)
        new.ops[0] = TURNED[type(node.ops[0])]()
        return new
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return copy.deepcopy(node.operand)
    if isinstance(node, ast.BoolOp):
        other = copy.deepcopy(node)
        other.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return other
    return None


def swapped(node: ast.AST) -> ast.AST | None:
    """Times for divided by, the smaller for the larger, one time of a fact for the other."""
    if isinstance(node, ast.BinOp) and type(node.op) in SWAPPED and not _texts(node):
        new = copy.deepcopy(node)
        new.op = SWAPPED[type(node.op)]()
        return new
    if isinstance(node, ast.Name) and node.id in OTHER_NAME and isinstance(node.ctx, ast.Load):
        return ast.Name(id=OTHER_NAME[node.id], ctx=ast.Load())
    if isinstance(node, ast.Attribute) and node.attr in OTHER_NAME:
        other = copy.deepcopy(node)
        other.attr = OTHER_NAME[node.attr]
        return other
    return None


def dropped(node: ast.AST) -> ast.AST | None:
    """The right-hand term of a sum or a product, forgotten."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
        return None if _texts(node) else copy.deepcopy(node.left)
    return None


def unit(node: ast.AST) -> ast.AST | None:
    """A number of twice its size: 24 hours of 12, 504 sessions of 252."""
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return None
    if isinstance(node.value, int | float) and abs(node.value) > 1:
        return ast.Constant(value=node.value * 2)
    return None


def look_ahead(node: ast.AST) -> ast.AST | None:
    """The other side of an instant, or a slice one row too long."""
    if isinstance(node, ast.Constant) and node.value in OTHER_WORD:
        return ast.Constant(value=OTHER_WORD[node.value])
    if isinstance(node, ast.Slice) and (node.upper or node.lower):
        return ast.Slice(lower=None, upper=None, step=copy.deepcopy(node.step))
    return None


def default(node: ast.AST) -> ast.AST | None:
    """A switch that stands the other way."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return ast.Constant(value=not node.value)
    return None


KINDS: tuple[Callable[[ast.AST], ast.AST | None], ...] = (
    sign,
    boundary,
    turned,
    swapped,
    dropped,
    unit,
    look_ahead,
    default,
)


def _texts(node: ast.BinOp) -> bool:
    """Whether the operation joins or fills text."""
    return any(
        isinstance(part, ast.JoinedStr)
        or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in (node.left, node.right)
    )


def _code(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs: no annotations, docstrings, messages, decorators, ``__all__``."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.Raise | ast.Assert | ast.Import | ast.ImportFrom | ast.JoinedStr):
            continue
        if isinstance(child, ast.arg):
            continue
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _function(child)
            continue
        if isinstance(child, ast.ClassDef):
            for part in child.body:
                yield from _code(ast.Module(body=[part], type_ignores=[]))
            continue
        if isinstance(child, ast.AnnAssign):
            if child.value is not None:
                yield child.value
                yield from _code(child.value)
            continue
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        yield child
        yield from _code(child)


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    defaults = [d for d in (*node.args.defaults, *node.args.kw_defaults) if d is not None]
    yield from defaults
    yield from _code(ast.Module(body=node.body, type_ignores=[]))


def faults(source: str) -> list[Fault]:
    """Every fault of every kind that ``source`` can carry, one at a time, that still compiles."""
    lines = source.encode().split(b"\n")
    found = []
    for node in _code(ast.parse(source)):
        for kind in KINDS:
            new = kind(node)
            if new is None or not hasattr(node, "lineno"):
                continue
            fault = _planted(lines, node, new, kind.__name__)
            if fault is not None:
                found.append(fault)
    return found


def _planted(lines: list[bytes], node: ast.AST, new: ast.AST, kind: str) -> Fault | None:
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1  # type: ignore[attr-defined]
    start, end = node.col_offset, node.end_col_offset  # type: ignore[attr-defined]
    text = ast.unparse(ast.fix_missing_locations(new))
    if isinstance(new, ast.BinOp | ast.BoolOp | ast.Compare):
        text = f"({text})"
    changed = lines[first][:start] + text.encode() + lines[last][end:]
    source = b"\n".join([*lines[:first], changed, *lines[last + 1 :]]).decode()
    try:
        compile(source, "<fault>", "exec")
    except SyntaxError:
        return None
    before = b" ".join(line.strip() for line in lines[first : last + 1]).decode()
    return Fault(
        kind=kind,
        line=first + 1,
        before=before,
        after=changed.decode().strip(),
        source=source,
    )


def drawn(sources: dict[str, str], n: int, seed: int) -> list[tuple[str, Fault]]:
    """``n`` faults over the modules of ``sources`` (path to text), kinds in turn, from ``seed``."""
    rng = random.Random(seed)
    by_kind: dict[str, list[tuple[str, Fault]]] = {}
    for path, source in sorted(sources.items()):
        for fault in faults(source):
            by_kind.setdefault(fault.kind, []).append((path, fault))
    for found in by_kind.values():
        rng.shuffle(found)
    chosen: list[tuple[str, Fault]] = []
    while len(chosen) < n and any(by_kind.values()):
        for kind in list(by_kind):
            if by_kind[kind] and len(chosen) < n:
                chosen.append(by_kind[kind].pop())
    return chosen
