"""The tolerant feed parser in a process of its own, so that no document can hurt the program.

feedparser needs more than 20 s for a hundred thousand attributes on one tag. In here such a
document costs ten seconds and one process: the worker is killed, the feed gets an error, and the
next document gets a new worker.

Frames on the pipe are an eight-byte big-endian length and that many bytes: the document one way,
JSON the other.
"""

from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

from engine.bare import PASSED_ON, named
from engine.errors import FeedError
from engine.phrases import phrase
from feeds.entries import RawEntry, RawFeed, parse_strict, parse_tolerant

PARSE_SECONDS = 10.0
MEMORY_BYTES = 512 * 1024 * 1024
_MAX_REPLY_BYTES = 64 * 1024 * 1024
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from feeds.sandbox import serve; "
    "serve(int(sys.argv[2]))"
)


class ParserProcess:
    """A worker, started when first needed and again after a kill. Thread-safe: one at a time."""

    def __init__(self, *, seconds: float = PARSE_SECONDS, memory_bytes: int = MEMORY_BYTES):
        self._seconds, self._memory_bytes = seconds, memory_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def parse(self, body: bytes, feed: str) -> RawFeed:
        """The entries of ``body``.

        Raises ``FeedError`` when it is no feed, took too long or needed too much memory.
        """
        with self._lock:
            reply = self._exchange(body, feed)
        if "error" in reply:
            raise FeedError(feed, str(reply["error"])[:200])
        return RawFeed(tuple(RawEntry(*entry) for entry in reply["entries"]), reply["n_found"])

    def close(self) -> None:
        """End the worker."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # unsent bytes of a dead worker
                    pipe.close()
        process.wait()

    def __del__(self) -> None:
        self.close()

    def _exchange(self, body: bytes, feed: str) -> dict[str, Any]:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, kill)
        timer.start()
        try:
            _write_frame(process.stdin, body)
            reply = json.loads(_read_frame(process.stdout))
        except (OSError, EOFError, ValueError) as error:
            self.close()
            limit = f"{self._seconds:.0f} s" if late.is_set() else "its memory"
            raise FeedError(feed, phrase("parsing was stopped at {limit}", limit=limit)) from error
        finally:
            timer.cancel()
        assert isinstance(reply, dict)
        return reply

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            root = str(Path(__file__).resolve().parents[1])
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-c", _START, root, str(self._memory_bytes)],
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process


def _environment() -> dict[str, str]:
    """Of the worker, which eats hostile bytes: no address, password or token is in it."""
    # Threads that a library starts by itself would count against the limit.
    return {**named(PASSED_ON), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def serve(memory_bytes: int) -> None:
    """The worker: one frame in, one out, until the pipe closes or memory has run out once."""
    import feedparser  # noqa: F401 - loaded before memory is limited
    import lxml.etree  # noqa: F401

    _limit_memory(memory_bytes)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing a library prints may reach the pipe
    while True:
        try:
            body = _read_frame(source)
        except EOFError:
            return
        try:
            reply = json.dumps(_answer(body)).encode()
        except MemoryError:  # what is left of the heap cannot be trusted: a new worker follows
            return
        _write_frame(sink, reply)


def _answer(body: bytes) -> dict[str, Any]:
    try:
        raw = parse_strict(body) or parse_tolerant(body)
    except MemoryError:
        raise
    except Exception as error:  # any failure of a foreign parser is a verdict on the document
        return {"error": f"{error or type(error).__name__}"[:200]}
    return {"entries": raw.entries, "n_found": raw.n_found}


def _limit_memory(memory_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # not a Unix: the deadline alone protects
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _write_frame(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(struct.pack(">Q", len(data)))
    pipe.write(data)
    pipe.flush()


def _read_frame(pipe: IO[bytes]) -> bytes:
    head = _read_exactly(pipe, 8)
    (length,) = struct.unpack(">Q", head)
    if length > _MAX_REPLY_BYTES:
        raise ValueError("frame too large")
    return _read_exactly(pipe, length)


def _read_exactly(pipe: IO[bytes], n: int) -> bytes:
    data = pipe.read(n)
    if len(data) < n:
        raise EOFError
    return data
