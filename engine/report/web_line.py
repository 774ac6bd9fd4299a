"""An exchange with a push service that ends: so many bytes an answer, so many seconds in all.

The libraries behind the channels read an answer whole, whatever its size, and wait for each piece
of it anew; a service that goes on talking would hold the scheduler and take all memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from engine.report.mail_line import LINE_SECONDS, MAX_ANSWER_BYTES

T = TypeVar("T")


def ended_within(work: Callable[[], T], seconds: float | None = None) -> T:
    """What ``work`` gives; ``TimeoutError`` when it goes on for more than ``seconds``.

    It is left to itself then, in a thread that ends with the process.
    """
    limit_s = LINE_SECONDS if seconds is None else seconds
    found: list[T] = []
    wrong: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:
            wrong.append(error)

    thread = threading.Thread(target=run, name="push", daemon=True)
    thread.start()
    thread.join(limit_s)
    if wrong:
        raise wrong[0]
    if not found:
        raise TimeoutError(f"no end of its answer within {limit_s:g} s")
    return found[0]


@contextmanager
def bounded_answers() -> Iterator[None]:
    """Inside, ``requests`` reads no more than ``MAX_ANSWER_BYTES`` of an answer."""
    import requests

    real = requests.Session.send

    def send(self: Any, request: Any, **named: Any) -> Any:
        answer = real(self, request, **{**named, "stream": True})
        body = b""
        for piece in answer.iter_content(1_024):
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                answer.close()
                raise requests.ConnectionError("the answer does not end")
        answer._content = body
        return answer

    requests.Session.send = send  # type: ignore[method-assign]
    try:
        yield
    finally:
        requests.Session.send = real  # type: ignore[method-assign]
