"""Every error a user can meet, drawn as one tree.

::

    NvsignalError                 anything said to the user in one line; exit code 1
    ├── InputError                the user's input is wrong; exit code 2
    │   ├── ConfigError           one or more problems in configuration files
    │   ├── UnknownNameError      a name that does not exist, with the nearest that does
    │   ├── OutOfRangeError       a value outside its allowed range
    │   └── TableError            a row of a table that breaks its form; a DataError too
    ├── DataError                 a record, a table or an array that breaks its contract
    │   ├── NotObservedError      something needed was never observed (missing is not zero)
    │   └── LedgerError           the hash chain of the ledger does not hold
    ├── StoreError                the database cannot be opened, read or written
    └── FeedError                 one feed, one document: never stops the others

An error carries the failing thing and, where there is one, the remedy.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class NvsignalError(Exception):
    """Base of all errors with a message meant for the user.

    ``message`` names the failing thing; ``remedy`` says what to do about it, or is None when the
    message already does.
    """

    exit_code = 1

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return self.message if self.remedy is None else f"{self.message} ({self.remedy})"


class InputError(NvsignalError):
    """The user's input is wrong."""

    exit_code = 2


class ConfigError(InputError):
    """All problems found in configuration files, in one pass.

    ``problems`` holds one line each, starting with ``file:line:``  where a line is known.
    """

    def __init__(self, problems: Iterable[str], *, remedy: str | None = None) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems), remedy=remedy)


class UnknownNameError(InputError):
    """A name that does not exist; the message offers the nearest one that does."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        self.what, self.name = what, name
        self.suggestion = nearest(name, known)
        remedy = None if self.suggestion is None else f"did you mean '{self.suggestion}'?"
        super().__init__(f"unknown {what} '{name[:120]}'", remedy=remedy)


class OutOfRangeError(InputError):
    """A value outside its range: names the field, the value and what is allowed."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        self.field, self.value, self.allowed = field, value, allowed
        super().__init__(f"{field} = {value!r} is not allowed", remedy=f"allowed: {allowed}")


class DataError(NvsignalError):
    """Data that breaks its contract: naive time, NaN price, duplicate date."""


class TableError(InputError, DataError):
    """A row of a table somebody wrote breaks its form; the message names file, line and remedy."""


class NotObservedError(DataError):
    """Something needed was never observed; never to be read as zero."""


class LedgerError(DataError):
    """The ledger's hash chain is broken; the message names the first bad entry."""


class StoreError(NvsignalError):
    """The database cannot be opened, read or written."""


class FeedError(NvsignalError):
    """One feed failed.

    ``feed`` is its name, ``said`` what happened, ``state`` its health (see ``FeedState``).
    """

    def __init__(
        self, feed: str, message: str, *, state: str = "error", remedy: str | None = None
    ) -> None:
        super().__init__(f"{feed}: {message}", remedy=remedy)
        self.feed, self.said, self.state = feed, message, state


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest in spelling to ``name``, ignoring case; None when none is close."""
    by_lower = {k.lower(): k for k in known}
    match = difflib.get_close_matches(name.lower()[:200], by_lower, n=1, cutoff=0.5)
    if match:
        return by_lower[match[0]]
    inside = [k for low, k in by_lower.items() if name.lower() in low]
    return min(inside, key=len) if inside and name else None
