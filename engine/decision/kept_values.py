"""Where values that were computed before may be found: everything is the same without them."""

from __future__ import annotations

from typing import Any, Protocol


class KeptValues(Protocol):
    """A key says all that its value depends on beside the code, which the keeper watches."""

    def get(self, key: str) -> Any:
        """The value of ``key``; None when it is not kept."""

    def put(self, key: str, value: Any) -> None:
        """Keep a value that JSON can hold."""
