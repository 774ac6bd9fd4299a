"""Every key of the configuration and of the collectors' options: kind, bounds, default.

``python -m tests.config.keys > tests/data/config_keys.txt`` renews the frozen list: on purpose, and
with a word in the change log, because an investor's files rest on it.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo

import config
import feeds
from config.schema import Strict

FROZEN = Path(__file__).resolve().parents[1] / "data" / "config_keys.txt"
WORDS = ("title", "description", "$defs", "default")
"""What a schema says for people, or what is told apart."""


def models() -> list[type[Strict]]:
    """Every model of every file of ``config``, and the options of every collector."""
    for package in (config, feeds):
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    found, waiting = [], [Strict]
    while waiting:
        below = waiting.pop().__subclasses__()
        found += [m for m in below if m.__module__.split(".")[0] in ("config", "feeds")]
        waiting += below
    return sorted(set(found), key=lambda m: (m.__module__, m.__qualname__))


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _plain(v) for k, v in node.items() if k not in WORDS}
    return [_plain(v) for v in node] if isinstance(node, list) else node


def _kind(info: FieldInfo) -> str:
    held: Any = info.annotation
    for part in info.metadata:
        held = Annotated[held, part]
    try:
        schema = TypeAdapter(held).json_schema()
    except PydanticUserError:
        return "no JSON form"
    if "$defs" in schema or "properties" in schema:
        return "tables of their own"
    return json.dumps(_plain(schema), sort_keys=True)


def _without(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    if info.default_factory is not None:
        return "{}"
    value = info.default
    return type(value).__name__ if isinstance(value, Strict) else repr(value)


def lines() -> Iterator[str]:
    """``config.strategy.Rule.sell_chance = 0.5 | {...}``, in order."""
    for model in models():
        for name, info in sorted(model.model_fields.items()):
            place = f"{model.__module__}.{model.__qualname__}.{name}"
            yield f"{place} = {_without(info)} | {_kind(info)}"


if __name__ == "__main__":
    print("\n".join(lines()))
