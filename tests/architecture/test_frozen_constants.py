"""A trip-wire under bounds, waits, sizes and defaults: what a module names or falls back on.

No quick test would notice that a deadline of thirty seconds became one of fifty minutes, or that an
option left out now says yes. Only what has another value than it had fails; what is new, renamed or
gone does not. A change that is meant renews the lists: ``RENEW_FROZEN=1``.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.frozen import keep

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("backtests", "config", "engine/cli", "engine/report", "engine/service", "engine/web",
           "feeds")  # fmt: skip
PLAIN = (int, float, str, timedelta, time, date, type(None))


def plain(value: Any) -> bool:
    if isinstance(value, dict):
        return len(value) <= 20 and all(plain(inner) for pair in value.items() for inner in pair)
    if isinstance(value, tuple | list | set | frozenset):
        return len(value) <= 20 and all(map(plain, value))
    return isinstance(value, PLAIN)


def shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}:{shown(inner)}" for key, inner in value.items())
    if isinstance(value, set | frozenset):
        return " ".join(sorted(map(shown, value)))
    if isinstance(value, tuple | list):
        return " ".join(map(shown, value)) or "none"
    return repr(value) if isinstance(value, str) else str(value)


def capitals(path: Path) -> Iterator[str]:
    """Module-level names in capitals that the file itself gives a value."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            yield from (n.id for n in names if isinstance(n, ast.Name) and n.id.isupper())


def defaults(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Of parameters of functions and methods, and of fields, with what of them is not shown."""
    own = [t for t in vars(module).values() if getattr(t, "__module__", "") == module.__name__]
    classes = [t for t in own if inspect.isclass(t)]
    methods = [m for c in classes for m in vars(c).values() if inspect.isfunction(m)]
    for thing in (*(t for t in own if inspect.isfunction(t)), *methods):
        if thing.__module__ == module.__name__ and "<" not in thing.__qualname__:
            for name, parameter in inspect.signature(thing).parameters.items():
                if parameter.default is not inspect.Parameter.empty:
                    yield f"{thing.__qualname__}({name})", parameter.default
    for thing in classes:
        for field in dataclasses.fields(thing) if dataclasses.is_dataclass(thing) else ():
            if not field.repr:
                yield f"{thing.__qualname__}.{field.name}.repr", field.repr
            if field.default is not dataclasses.MISSING:
                yield f"{thing.__qualname__}.{field.name}", field.default


def numbers(folder: str) -> dict[str, str]:
    found = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        if path.name in ("__main__.py", "__init__.py"):
            continue
        dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        module = importlib.import_module(dotted)
        told = [*((n, getattr(module, n)) for n in capitals(path)), *defaults(module)]
        found |= {f"{dotted} {name}": shown(v) for name, v in told if plain(v)}
    return {name: value for name, value in found.items() if len(value) < 200 and "\n" not in value}


@pytest.mark.parametrize("folder", FOLDERS)
def test_numbers_are_what_they_were(folder: str) -> None:
    keep(f"numbers_{folder.replace('/', '_')}", numbers(folder))
