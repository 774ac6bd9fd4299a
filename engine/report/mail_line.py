"""A line to a mail server that ends: so many bytes an answer, so many seconds in all.

``smtplib`` waits for each piece of an answer anew and keeps every line of it, so a server that goes
on talking would hold the scheduler for ever and take all memory (4.7 GB in 40 s, measured 2026-11).
"""

from __future__ import annotations

import smtplib
import socket
import threading
from contextlib import suppress
from typing import IO, Any

PIECE_SECONDS = 20.0
"""For one piece of an answer."""
LINE_SECONDS = 120.0
"""From the connection to the goodbye. A report of 100 kB takes 27 s at 30 kbit/s."""
MAX_ANSWER_BYTES = 64_000
"""Of one answer. Real ones have under 1,000; RFC 5321 allows 512 a line."""


class _Bounded:
    """The reading side of a connection, with so many bytes left."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.left = file, MAX_ANSWER_BYTES

    def readline(self, limit: int = -1) -> bytes:
        """The next line; ``OSError`` when the answer is longer than any real one."""
        line = self._file.readline(limit)
        self.left -= len(line)
        if self.left < 0:
            raise OSError("the answer does not end")
        return line

    def close(self) -> None:
        """Close what is below."""
        self._file.close()


class BoundedSmtp(smtplib.SMTP):
    """``smtplib.SMTP`` with both bounds; where one is met it is as if the server had hung up."""

    _watch: threading.Timer | None = None

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self._watch = threading.Timer(LINE_SECONDS, self._cut)
        self._watch.daemon = True
        self._watch.start()
        return made

    def getreply(self) -> tuple[int, bytes]:
        """The next answer."""
        told: Any = self
        if told.file is None and told.sock is not None:
            told.file = _Bounded(told.sock.makefile("rb"))
        if told.file is not None:
            told.file.left = MAX_ANSWER_BYTES
        return super().getreply()

    def close(self) -> None:
        """End it."""
        if self._watch is not None:
            self._watch.cancel()
        super().close()

    def _cut(self) -> None:
        """The time is over: whoever waits for the server reads its end."""
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]


class SecureLine(BoundedSmtp, smtplib.SMTP_SSL):
    """The same in private from the start."""
