"""How commands speak: JSON with stable keys, or text that is safe on a terminal."""

from __future__ import annotations

import json
import sys
from typing import Any

from engine.errors import InputError
from engine.plain import safe_text, to_plain


def to_json(value: Any) -> str:
    """``value`` as indented JSON, keys in the order they were given, ASCII outside text only."""
    return json.dumps(to_plain(value), indent=2, ensure_ascii=False, allow_nan=False)


def write_out(text: str) -> None:
    """Print to standard output; an unencodable terminal gets escapes instead of a crash."""
    try:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
    except UnicodeEncodeError:
        sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")


def read_piped(name: str, *, at_most: int) -> bytes:
    """All of standard input, called ``name`` in what is said when it is too long or closed."""
    try:
        raw = sys.stdin.buffer.read(at_most + 1)
    except (OSError, AttributeError):
        raise InputError(f"{name} cannot be read") from None
    if len(raw) > at_most:
        raise InputError(f"{name} is larger than {at_most:,} bytes")
    return raw


def fail(message: str) -> None:
    """One clear line on standard error."""
    sys.stderr.write(f"nvsignal: {safe_text(message)}\n")
