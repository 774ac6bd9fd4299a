"""How commands speak: JSON with stable keys, or text that is safe on a terminal."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from engine.errors import InputError, StoreError
from engine.phrases import phrase
from engine.plain import safe_text, to_plain


def to_json(value: Any) -> str:
    """``value`` as indented JSON, keys in the order they were given, ASCII outside text only."""
    return json.dumps(to_plain(value), indent=2, ensure_ascii=False, allow_nan=False)


_kept: ContextVar[list[str] | None] = ContextVar("kept", default=None)


@contextmanager
def kept_output() -> Iterator[list[str]]:
    """What commands of this thread would print, kept in a list instead."""
    told: list[str] = []
    token = _kept.set(told)
    try:
        yield told
    finally:
        _kept.reset(token)


def write_out(text: str) -> None:
    """Print to standard output; a terminal that cannot encode a character gets an escape.

    Raises ``StoreError`` when it is closed or full; a reader that left ends the program, code 141.
    """
    text = text if text.endswith("\n") else text + "\n"
    told = _kept.get()
    if told is not None:
        told.append(text)
        return
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    shown = text.encode(encoding, "backslashreplace").decode(encoding)
    with standard_output():
        sys.stdout.write(shown)
        sys.stdout.flush()


class ClosedOutput(io.TextIOBase):
    """Stands for a standard output that was closed before the start (``>&-``)."""

    def write(self, _: str) -> int:
        """Fails as the system would."""
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


@contextmanager
def standard_output() -> Iterator[None]:
    """Turn a failing standard output into one line, once: the flush at exit would fail again."""
    try:
        yield
    except BrokenPipeError:
        _give_up_output()
        raise SystemExit(141) from None
    except OSError as error:
        _give_up_output()
        where = error.filename or "standard output"  # only what has a name is another file
        raise StoreError(
            phrase("cannot write to {where} ({why})", where=where, why=error.strerror)
        ) from None
    except SystemExit:
        if type(sys.stdout).__name__ == "PacifyFlushWrapper":  # click met the broken pipe first
            raise SystemExit(141) from None
        raise


def _give_up_output() -> None:
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


def read_piped(name: str, *, at_most: int) -> bytes:
    """All of standard input, called ``name`` in what is said when it is too long or closed."""
    try:
        raw = sys.stdin.buffer.read(at_most + 1)
    except (OSError, AttributeError):
        raise InputError(phrase("{name} cannot be read", name=name)) from None
    if len(raw) > at_most:
        raise InputError(
            phrase("{name} is larger than {at_most:int} bytes", name=name, at_most=at_most)
        )
    return raw


def redacted(text: str) -> str:
    """``text`` without the secrets that this process was given, and what looks like one."""
    from engine.service.logs import Redactor, secrets_of

    return Redactor(secrets_of(os.environ))(text)


def unexpected(error: Exception) -> str:
    """One line for an error that nobody foresaw, without passwords of addresses."""
    text = redacted(" ".join(str(error).split())) or phrase("no reason given")
    return phrase("unexpected {kind}: {text}", kind=type(error).__name__, text=text)


def fail(message: str) -> None:
    """What went wrong: one clear line on standard error."""
    remark(message)


def remark(message: str) -> None:
    """One line on standard error, beside what was asked for."""
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write(f"nvsignal: {safe_text(message)}\n")
