"""One-line faults of the kinds people make, planted in a module's source from a seed.

The kinds are those that reviews of such programs find most: a sign, a boundary, a swapped
operation, a dropped term, a unit, a look-ahead, a default, a turned condition, the wrong field or
key, two arguments changed over, a guard or an exception forgotten, one too many or too few.
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SWAPPED = {ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div, ast.Mod: ast.FloorDiv}
FLIPPED = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}
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
COMMUTE = {"min", "max", "minimum", "maximum", "isinstance", "cast", "getattr", "print"}
OTHER_WORD = {"left": "right", "right": "left"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One planted fault; ``source`` is the whole module with it."""

    kind: str
    line: int
    before: str
    after: str
    source: str
    sound: str


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


def flipped(node: ast.AST) -> ast.AST | None:
    """A comparison the wrong way, or an order turned round."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in FLIPPED:
        new = copy.deepcopy(node)
        new.ops[0] = FLIPPED[type(node.ops[0])]()
        return new
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sorted":
        return ast.Call(func=ast.Name("list", ast.Load()), args=node.args[:1], keywords=[])
    return None


def nudged(node: ast.AST) -> ast.AST | None:
    """One more of a count, a day or an index; a tenth more of a quantity."""
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return None
    if isinstance(node.value, int):
        return ast.Constant(value=node.value + 1)
    if isinstance(node.value, float):
        return ast.Constant(value=node.value * 1.1 if node.value else 0.1)
    return None


def hundredfold(node: ast.AST) -> ast.AST | None:
    """Percent for a share, or a share for percent: a factor of a hundred lost or gained."""
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool | str):
        return None
    if isinstance(node.value, int | float) and node.value in (100, 1e-2, 1e4, 1e-4, 1e3, 1e6, 1e9):
        return ast.Constant(value=1)
    if isinstance(node.value, float) and node.value not in (0.0, 1.0):
        return ast.Constant(value=node.value * 100)
    return None


def arguments(node: ast.AST) -> ast.AST | None:
    """The first two arguments, or the two outcomes of a choice, changed over."""
    if isinstance(node, ast.IfExp):
        return ast.IfExp(test=node.test, body=node.orelse, orelse=node.body)
    if not isinstance(node, ast.Call) or len(node.args) < 2:
        return None
    named = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    first, second = node.args[:2]
    if named in COMMUTE or isinstance(first, ast.Starred) or isinstance(second, ast.Starred):
        return None
    return ast.Call(func=node.func, args=[second, first, *node.args[2:]], keywords=node.keywords)


def guard(node: ast.AST) -> ast.AST | None:
    """A guard that is never taken: ``if`` with one way out and no ``else``; an exception let by."""
    if isinstance(node, ast.ExceptHandler) and node.type is not None:
        return ast.Tuple(elts=[], ctx=ast.Load())
    ways_out = ast.Return | ast.Continue | ast.Break | ast.Raise
    if isinstance(node, ast.If) and not node.orelse and isinstance(node.body[-1], ways_out):
        return ast.Constant(value=False)
    return None


def neighbours(tree: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """The next field of the same thing in the same function, or the next key of the module."""
    keys = _in_order(n.slice.value for n in ast.walk(tree) if _keyed(n))  # type: ignore[attr-defined]
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        fields: dict[str, list[str]] = {}
        called = {id(n.func) for n in ast.walk(function) if isinstance(n, ast.Call)}
        reads = [
            n
            for n in _code(ast.Module(body=function.body, type_ignores=[]))
            if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load) and id(n) not in called
        ]
        for read in reads:
            known = fields.setdefault(ast.unparse(read.value), [])
            if read.attr not in known:
                known.append(read.attr)
        for read in reads:
            known = fields[ast.unparse(read.value)]
            if len(known) > 1:
                other = known[(known.index(read.attr) + 1) % len(known)]
                yield read, ast.Attribute(value=read.value, attr=other, ctx=ast.Load())
    for node in _code(tree):
        if _keyed(node) and len(keys) > 1:
            key = node.slice.value  # type: ignore[attr-defined]
            yield node.slice, ast.Constant(value=keys[(keys.index(key) + 1) % len(keys)])  # type: ignore[attr-defined]


def _keyed(node: ast.AST) -> bool:
    """Whether the node reads a value by a key that is a word."""
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    )


def _in_order(words: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(words))


def function_lines(source: str, line: int) -> list[int]:
    """First line, decorators included, of the innermost function round ``line``; else empty."""
    around = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _first_line(node) <= line <= (node.end_lineno or node.lineno)
    ]
    return [max(_first_line(node) for node in around)] if around else []


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


KINDS: tuple[Callable[[ast.AST], ast.AST | None], ...] = (
    sign,
    boundary,
    turned,
    swapped,
    dropped,
    unit,
    look_ahead,
    default,
    flipped,
    nudged,
    hundredfold,
    arguments,
    guard,
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
        if isinstance(child, ast.arg) or (isinstance(child, ast.keyword) and child.arg == "strict"):
            continue  # sequences of one length are of one length either way
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
    tree = ast.parse(source)
    lines = source.encode().split(b"\n")
    found = []
    for old, new, kind in _changes(tree):
        fault = _planted(lines, old, new, kind) if hasattr(old, "lineno") else None
        if fault is not None:
            found.append(fault)
    return found


def _changes(tree: ast.AST) -> Iterator[tuple[ast.AST, ast.AST, str]]:
    for node in _code(tree):
        for kind in KINDS:
            new = kind(node)
            if new is not None:
                yield _place(node), new, kind.__name__
    for old, new in neighbours(tree):
        yield old, new, "neighbour"


def _place(node: ast.AST) -> ast.AST:
    """What of a statement is written anew: of an ``if`` its test, of an ``except`` its type."""
    if isinstance(node, ast.If):
        return node.test
    return node.type or node if isinstance(node, ast.ExceptHandler) else node


def _planted(lines: list[bytes], node: ast.AST, new: ast.AST, kind: str) -> Fault | None:
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1  # type: ignore[attr-defined]
    start, end = node.col_offset, node.end_col_offset  # type: ignore[attr-defined]
    text = ast.unparse(ast.fix_missing_locations(new))
    if isinstance(new, ast.BinOp | ast.BoolOp | ast.Compare | ast.IfExp):
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
        sound=b"\n".join(lines).decode(),
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
