"""Outside text without tricks, and values as plain data: what every exit uses."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any

# C0 and C1 controls except newline and tab, bidirectional overrides and isolates, zero-width and
# line-separator characters: nothing of this may reach a terminal from outside text.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)


def safe_text(text: str, *, limit: int = 2_000) -> str:
    """``text`` without control, bidi or invisible characters, cut at ``limit`` characters."""
    cleaned = _UNSAFE.sub("", text)
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1] + "…"


def one_line(text: str, *, limit: int) -> str:
    """``safe_text`` without line ends, which a quoted cell of a table may hold."""
    return safe_text(" ".join(text.split()), limit=limit)


def to_plain(value: Any) -> Any:
    """``value`` as JSON-ready plain data.

    Dataclasses become mappings, enums their values, dates ISO text (instants end in Z), NumPy
    numbers Python numbers; NaN and infinities become None, because JSON has no word for them.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): to_plain(v) for k, v in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(v) for v in value]
    if hasattr(value, "tolist") and not isinstance(value, str | bytes):
        return to_plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
