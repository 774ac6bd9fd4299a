"""How commands speak: JSON with stable keys, or text that is safe on a terminal."""

from __future__ import annotations

import json
import sys
from typing import Any

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


def fail(message: str) -> None:
    """One clear line on standard error."""
    sys.stderr.write(f"nvsignal: {safe_text(message)}\n")
