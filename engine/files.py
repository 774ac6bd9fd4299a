"""The one door to files: written old or new and never half, read within a bound.

A path may be a link: the file it leads to is written, and the link stays a link. What is not a
regular file (a device, a pipe, a folder) is refused, and so is a folder that is not there, because
a mistyped one is never what was meant. The file keeps its mode; a new one obeys the umask.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import InputError

MAX_INPUT_BYTES = 20_000_000
"""Of a file that is read whole. Ten years of minute bars are about 50 MB; daily ones 0.2 MB."""

_LEFTOVER = re.compile(r"\..+-[0-9a-f]{12}\.unfinished(-wal|-shm|-journal)?\Z")
_ABANDONED_SECONDS = 3_600.0
"""An unfinished file that nobody has touched for so long belongs to a process that was killed."""


def write_file(
    path: Path, content: str | bytes, *, private: bool = False, make_folder: bool = False
) -> None:
    """Write ``content``, text as UTF-8, so that ``path`` holds the old or the new, never half.

    private: a new file is readable by its owner only. make_folder: for folders of the product
    itself. Raises ``InputError`` for what cannot be written, with the remedy.
    """
    data = content.encode() if isinstance(content, str) else content
    with appearing(path, private=private, make_folder=make_folder) as unfinished:
        unfinished.write_bytes(data)


@contextmanager
def appearing(path: Path, *, private: bool = False, make_folder: bool = False) -> Iterator[Path]:
    """A file beside ``path`` to be filled, which takes its place at the end if all went well.

    The rules and arguments of ``write_file``; for writers that want a path and not text.
    """
    try:
        target = _target(path, make_folder=make_folder)
        unfinished = _unfinished(target, private=private)
        try:
            yield unfinished
            _sync(unfinished)
            unfinished.replace(target)
            _sync(target.parent)
        finally:
            for ending in ("", "-wal", "-shm", "-journal"):
                unfinished.with_name(unfinished.name + ending).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot write '{path}' ({error.strerror})", remedy="choose a folder you may write to"
        ) from None


def _target(path: Path, *, make_folder: bool) -> Path:
    """Where the bytes go: the end of every link, a regular file or nothing yet."""
    try:
        target = path.resolve()
    except RuntimeError:  # a circle of links, until Python 3.13
        raise InputError(f"cannot write '{path}' (its links lead in a circle)") from None
    if make_folder:
        target.parent.mkdir(parents=True, exist_ok=True)
    elif not target.parent.is_dir():
        raise InputError(
            f"cannot write '{path}': there is no folder '{target.parent}'",
            remedy="make it first, or check the spelling",
        )
    if target.exists() and not target.is_file():
        raise InputError(
            f"cannot write '{path}': it is {_kind(target)}, not a regular file",
            remedy="name a file; without one the text goes to standard output",
        )
    return target


def _kind(path: Path) -> str:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a device"


def _unfinished(target: Path, *, private: bool) -> Path:
    """An empty file beside ``target`` with the mode that the finished one shall have."""
    # Names may have 255 bytes; the ending of ours and of SQLite's helpers needs 35.
    stem = os.fsdecode(os.fsencode(target.name)[:200])
    unfinished = target.with_name(f".{stem}-{secrets.token_hex(6)}.unfinished")
    handle = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600 if private else 0o666)
    try:
        if target.exists():
            before = target.stat()
            with suppress(PermissionError):  # only root may give a file to another
                os.fchown(handle, before.st_uid, before.st_gid)
            os.fchmod(handle, stat.S_IMODE(before.st_mode))
        _sweep(target.parent, now_s=os.fstat(handle).st_mtime)
    finally:
        os.close(handle)
    return unfinished


def _sweep(folder: Path, *, now_s: float) -> None:
    """Remove what killed writers left in ``folder``; now_s: by the clock of the file system."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _LEFTOVER.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                age_seconds = now_s - entry.stat(follow_symlinks=False).st_mtime
                if age_seconds > _ABANDONED_SECONDS:
                    Path(entry.path).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Until here the disk may still hold it in a buffer; some file systems cannot sync folders."""
    handle = os.open(path, os.O_RDONLY)
    try:
        if path.is_dir():
            with suppress(OSError):
                os.fsync(handle)
        else:
            os.fsync(handle)
    finally:
        os.close(handle)


def read_bytes(path: Path, *, at_most: int = MAX_INPUT_BYTES) -> bytes:
    """The whole of a file or a pipe; ``InputError`` says why it cannot be had."""
    try:
        with path.open("rb") as file:
            data = file.read(at_most + 1)
    except FileNotFoundError:
        raise InputError(f"there is no file '{path}'") from None
    except OSError as error:
        raise InputError(f"cannot read '{path}' ({error.strerror})") from None
    if len(data) > at_most:
        raise InputError(f"'{path.name}' is larger than {at_most:,} bytes")
    return data
