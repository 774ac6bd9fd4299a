"""A value laid out line by line and held to a frozen file: a trip-wire, not a truth.

It says that something moved, not which side is right; the known answers beside it do that. Renew
a file on purpose: run its test with ``RENEW_FROZEN=1``, read the difference, and say why in the
commit. The tests stand in ``tests/architecture``, which runs before anything reaches ``main``.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "data" / "frozen"


def laid_out(value: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """A line a value, deeper ones indented; fields at their default are left out.

    Floats have nine significant digits.
    """
    head, below = " " * depth + name, depth + 1
    short = _short(value)
    if short is not None:
        yield f"{head} {short}".rstrip()
    elif dataclasses.is_dataclass(value):
        yield f"{head} {type(value).__name__}".rstrip()
        for field, held in _own(value).items():
            yield from laid_out(held, field, below)
    else:
        yield head
        named = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, held in named:
            yield from laid_out(held, str(key) if isinstance(value, Mapping) else "-", below)


def _own(value: Any) -> dict[str, Any]:
    """The fields of a dataclass that say something."""
    fields = {f.name: (f, getattr(value, f.name)) for f in dataclasses.fields(value)}
    return {n: held for n, (f, held) in fields.items() if not _same(f.default, held)}


def _same(default: Any, held: Any) -> bool:
    return type(default) is type(held) and not isinstance(held, np.ndarray) and default == held


def _short(value: Any) -> str | None:
    """``value`` on one line; None where it takes more."""
    if isinstance(value, np.ndarray):
        return " ".join(_leaf(v) for v in value.tolist()) if value.ndim < 2 else None
    if dataclasses.is_dataclass(value):
        own = {k: _short(v) for k, v in _own(value).items()}
        if None in own.values() or len(own) > 6:
            return None
        return f"{type(value).__name__}({', '.join(f'{k}={v}' for k, v in own.items())})"
    if isinstance(value, list | tuple):
        told = [_short(v) for v in value]
        small = all(t is not None and len(t) < 60 for t in told)
        return f"[{' | '.join(t or '' for t in told)}]" if small else None
    return None if isinstance(value, Mapping) else _leaf(value)


def _leaf(value: Any) -> str:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, float):
        return f"{value + 0.0:.9g}"
    return repr(value) if isinstance(value, str) else str(value)


def check(name: str, value: Any) -> None:
    """Fail, with what moved, where ``value`` is not laid out as in the frozen file ``name``.

    A list of lines stands as it is.
    """
    ready = isinstance(value, list) and all(isinstance(line, str) for line in value)
    path = FOLDER / f"{name}.txt"
    now = "\n".join(value if ready else laid_out(value)) + "\n"
    if os.environ.get("RENEW_FROZEN") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(now, encoding="utf-8")
    was = path.read_text(encoding="utf-8")
    if was != now:
        moved = difflib.unified_diff(was.splitlines(), now.splitlines(), name, "now", n=0)
        told = "\n".join(line[:200] for line in list(moved)[:40])
        raise AssertionError(f"{told}\nmoved; on purpose? RENEW_FROZEN=1 writes {path.name} anew")


def keep(name: str, now: Mapping[str, str]) -> None:
    """Fail where something has another value than in the frozen file ``name``.

    What is new, renamed or gone does not fail, unless it is much.
    """
    path = FOLDER / f"{name}.txt"
    if os.environ.get("RENEW_FROZEN") == "1":
        path.write_text("".join(f"{k} = {v}\n" for k, v in now.items()), encoding="utf-8")
    lines = path.read_text(encoding="utf-8").splitlines()
    was = {key: value for key, _, value in (line.partition(" = ") for line in lines)}
    moved = {k: f"{was[k]} -> {v}" for k, v in now.items() if k in was and was[k] != v}
    assert moved == {}, f"on purpose? RENEW_FROZEN=1 writes {path.name} anew"
    assert len(was.keys() & now.keys()) > 0.8 * len(was)
