"""Intermediate values kept by the content they came from; the answer itself is never kept.

Ratings and feature rows take most of a morning and depend on the facts, the configuration and the
code alone, which is what the three hashes of the receipt stand for. So they are kept under those
hashes: whatever moves one of them makes everything anew, and a decision is worked out each time. A
file that is damaged, of another version or cannot be written counts as absent.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast

from engine.errors import DataError
from engine.phrases import Phrase, phrase
from engine.service.derived import Memo, keep_file, read_file

MOST_FILES = 12
"""Two a morning: a few presets, or a few days looked at again."""

T = TypeVar("T")

_PREFIX = "morning-"


def key_of(*told: str | int) -> str:
    """A digest of everything that a kept value depends on."""
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def remembered(folder: Path | None, key: str, name: str, make: Callable[[], T]) -> T:
    """What ``make`` gives, or the equal value kept under ``key`` and ``name``.

    folder: None keeps nothing.
    """
    if folder is None:
        return make()
    path = folder / f"{_PREFIX}{key[:32]}-{name}.json"
    content = read_file(path, key)
    if content is not None:
        with suppress(DataError, KeyError, TypeError, ValueError, AttributeError):
            return cast("T", decoded(content))
    value = make()
    with suppress(DataError):
        keep_file(path, key, encoded(value))
        _forget(folder)
    return value


class KeptObjects:
    """A memo (``KeptValues``) of anything that ``encoded`` knows."""

    def __init__(self, memo: Memo) -> None:
        self._memo = memo

    def get(self, key: str) -> Any:
        """An equal of what was put under ``key``; None when it is not kept."""
        found = self._memo.get(key)
        return None if found is None else decoded(found)

    def put(self, key: str, value: Any) -> None:
        """Keep ``value``; sequences come back as tuples."""
        self._memo.put(key, encoded(value))


def _forget(folder: Path) -> None:
    """Let the oldest files go."""
    with suppress(OSError):
        held = sorted(folder.glob(f"{_PREFIX}*.json"), key=lambda p: p.stat().st_mtime_ns)
        for path in held[:-MOST_FILES]:
            path.unlink(missing_ok=True)


# --- values as JSON and back --------------------------------------------------------------------


def encoded(value: Any) -> Any:
    """``value`` as JSON-ready data that ``decoded`` turns into an equal one, phrases included."""
    if isinstance(value, Phrase):
        told = [value.template, encoded(dict(value.args)), value.plural, value.n]
        return {"phrase": [str(value), *told]}
    if isinstance(value, Enum):
        return {"enum": [type(value).__name__, value.value]}
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"on": value.isoformat()}
    if isinstance(value, tuple | list):
        return [encoded(part) for part in value]
    if isinstance(value, Mapping):
        return {"map": [[encoded(k), encoded(v)] for k, v in value.items()]}
    if is_dataclass(value):
        parts = {f.name: encoded(getattr(value, f.name)) for f in fields(value)}
        return {"of": [type(value).__name__, parts]}
    return _array(value)


def _array(value: Any) -> Any:
    import numpy as np

    if isinstance(value, np.ndarray) and value.dtype.name in _DTYPES:
        stored = np.ascontiguousarray(value, dtype=_DTYPES[value.dtype.name])
        text = b64encode(stored.tobytes()).decode("ascii")
        return {"array": [value.dtype.name, list(value.shape), text]}
    if isinstance(value, np.floating):
        return float(value)
    raise DataError(phrase("{kind} cannot be kept", kind=type(value).__name__))


def decoded(data: Any) -> Any:
    """What ``encoded`` was given; sequences come back as tuples."""
    if isinstance(data, list):
        return tuple(decoded(part) for part in data)
    if not isinstance(data, dict):
        return data
    ((kind, given),) = data.items()
    return _DECODE[kind](given)


def _decoded_phrase(given: Any) -> Phrase:
    text, template, args, plural, n = given
    return Phrase.filled(text, template, dict(decoded(args)), plural, n)


def _decoded_dataclass(given: Any) -> Any:
    name, parts = given
    return _class_of(name)(**{field: decoded(part) for field, part in parts.items()})


def _decoded_array(given: Any) -> Any:
    import numpy as np

    name, shape, text = given
    stored = np.frombuffer(b64decode(text), dtype=_DTYPES[name])
    return stored.reshape(shape).astype(np.dtype(name))


_ELSEWHERE = MappingProxyType(
    {
        "Chance": "engine.decision.risk",
        "FallChance": "engine.decision.options",
        "Flood": "engine.news.sentinel",
        "Forecast": "engine.decision.risk",
        "OptionOutlook": "engine.decision.options",
        "Overdue": "engine.decision.overdue",
        "Prospects": "engine.decision.outlook",
        "RatedRelease": "engine.decision.features",
        "SettledParts": "engine.service.morning",
        "Standing": "engine.report.inputs",
        "StressRow": "engine.decision.scenarios",
        "Weighed": "engine.decision.news_impulses",
    }
)
"""Class -> the module of it, where that is neither ``engine.values`` nor ``engine.shown``."""


@cache
def _class_of(name: str) -> Any:
    """The class called ``name``; only those named here are ever made from a file."""
    if name in _ELSEWHERE:
        return getattr(import_module(_ELSEWHERE[name]), name)
    from engine import shown, values

    found = vars(values).get(name) or vars(shown)[name]
    if not isinstance(found, type) or found.__module__ not in ("engine.values", "engine.shown"):
        raise TypeError(name)
    return found


_DTYPES = MappingProxyType({"float64": "<f8", "int64": "<i8", "bool": "?"})
"""Of arrays, and how their bytes lie in a file."""

_DECODE: Mapping[str, Any] = MappingProxyType(
    {
        "phrase": _decoded_phrase,
        "enum": lambda given: _class_of(given[0])(given[1]),
        "at": datetime.fromisoformat,
        "on": date.fromisoformat,
        "map": lambda given: {decoded(k): decoded(v) for k, v in given},
        "of": _decoded_dataclass,
        "array": _decoded_array,
    }
)
