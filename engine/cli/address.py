"""A database's password out of the process list, where everybody on the machine can read it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import MutableMapping, Sequence

VARIABLE = "NVSIGNAL_DB"
_PASSWORD = re.compile(r"://[^/?#]*:[^/?#]+@|[?&](?:password|passwd|passfile|sslkey|sslpassword)=")


def without_password(words: Sequence[str]) -> tuple[list[str], str]:
    """The command line without ``--db`` where one holds a password, and the address that counts.

    The address is "" when nothing has to be hidden.
    """
    kept: list[str] = []
    found: list[str] = []
    rest = iter(words)
    for word in rest:
        name, is_one, value = word.partition("=")
        if name != "--db":
            kept.append(word)
        else:
            found.append(value if is_one else next(rest, ""))
    hidden = any(_PASSWORD.search(address) for address in found)
    return (kept, found[-1]) if hidden else (list(words), "")


def hide_password(environment: MutableMapping[str, str] = os.environ) -> None:
    """Begin anew with the address in the environment, which only the user's own processes read.

    The process keeps its number. Where the system cannot replace a process, all stays as it is.
    """
    words, address = without_password(sys.orig_argv)
    if not address or os.name != "posix":
        return
    environment[VARIABLE] = address
    os.execv(sys.executable, [sys.executable, *words[1:]])  # noqa: S606 - our own command line
