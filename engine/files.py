"""The one door to files: written old or new and never half, read within a bound.

A path may be a link: the file it leads to is written, and the link stays a link. What is not a
regular file (a device, a pipe, a folder) is refused, and so is a folder that is not there, because
a mistyped one is never what was meant. The file keeps its mode; a new one obeys the umask.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import InputError
from engine.phrases import phrase

MAX_INPUT_BYTES = 20_000_000
"""Of a file that is read whole. Ten years of minute bars are about 50 MB; daily ones 0.2 MB."""

SPARE_BYTES = 10_000_000
"""Left free on a disk by whoever writes much."""

_LEFTOVER = re.compile(
    r"\..+?-(?:(?P<pid>\d{1,10})-)?[0-9a-f]{12}\.unfinished(-wal|-shm|-journal)?\Z"
)
_ABANDONED_SECONDS = 3_600.0
"""An unfinished file that nobody has touched for so long belongs to a process that was killed."""
_SETTLED_SECONDS = 60.0
"""A process of another machine or container, which this one cannot see, is given so long."""


def at_home(path: str | Path) -> Path:
    """``path`` with a leading ``~`` or ``~name`` made the home that it means.

    Raises ``InputError`` where nobody knows that home.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InputError(
            phrase("'{path}' names a home that is not there", path=str(path)[:200]),
            remedy=phrase("write the whole path"),
        ) from None


def real(path: Path) -> Path:
    """The end of every link on the way, absolute; a circle of links stays as it is."""
    return Path(os.path.realpath(path))


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
            phrase(
                "cannot write '{path}' ({strerror})", path=str(path), strerror=str(error.strerror)
            ),
            remedy=phrase("choose a folder you may write to"),
        ) from None


def _target(path: Path, *, make_folder: bool) -> Path:
    """Where the bytes go: the end of every link, a regular file or nothing yet."""
    target = real(path)
    if target.is_symlink():
        raise InputError(
            phrase("cannot write '{path}' (its links lead in a circle)", path=str(path))
        )
    if make_folder:
        target.parent.mkdir(parents=True, exist_ok=True)
    elif not target.parent.is_dir():
        raise InputError(
            phrase(
                "cannot write '{path}': there is no folder '{parent}'",
                path=str(path),
                parent=str(target.parent),
            ),
            remedy=phrase("make it first, or check the spelling"),
        )
    if target.exists() and not target.is_file():
        raise InputError(
            phrase(
                "cannot write '{path}': it is {target}, not a regular file",
                path=str(path),
                target=str(_kind(target)),
            ),
            remedy=phrase("name a file; without one the text goes to standard output"),
        )
    return target


def _kind(path: Path) -> str:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a device"


def _unfinished(target: Path, *, private: bool) -> Path:
    """An empty file beside ``target`` with the mode that the finished one shall have."""
    # Names may have 255 bytes; the ending of ours and of SQLite's helpers needs 46.
    stem = os.fsdecode(os.fsencode(target.name)[:190])
    name = f".{stem}-{os.getpid()}-{os.urandom(6).hex()}.unfinished"
    unfinished = target.with_name(name)
    handle = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600 if private else 0o666)
    try:
        if target.exists():
            before = target.stat()
            with suppress(PermissionError):  # only root may give a file to another
                os.fchown(handle, before.st_uid, before.st_gid)
            os.fchmod(handle, stat.S_IMODE(before.st_mode))
        sweep(target.parent, now_s=os.fstat(handle).st_mtime)
    finally:
        os.close(handle)
    return unfinished


def sweep(folder: Path, *, now_s: float) -> int:
    """Remove what killed writers left in ``folder``; returns how many files went.

    now_s: seconds since 1970 by the clock of the file system. A file goes when nobody has touched
    it for an hour, or for a minute when the process that began it is gone.
    """
    gone = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _LEFTOVER.fullmatch(entry.name)
            if found is None or not entry.is_file(follow_symlinks=False):
                continue
            age_seconds = now_s - entry.stat(follow_symlinks=False).st_mtime
            alive = found["pid"] is None or _lives(int(found["pid"]))
            if age_seconds > (_ABANDONED_SECONDS if alive else _SETTLED_SECONDS):
                Path(entry.path).unlink(missing_ok=True)
                gone += 1
    return gone


def tidy(folders: Iterable[Path]) -> int:
    """``sweep`` in each folder that holds anything unfinished; returns how many files went."""
    import tempfile  # here, for the sake of --help

    gone = 0
    for folder in dict.fromkeys(folders):
        with suppress(OSError):
            if any(_LEFTOVER.fullmatch(name) for name in os.listdir(folder)):
                with tempfile.TemporaryFile(dir=folder) as fresh:  # asks the disk for its time
                    gone += sweep(folder, now_s=os.fstat(fresh.fileno()).st_mtime)
    return gone


def _lives(pid: int) -> bool:
    """Whether a process of this number runs here; one of somebody else's counts."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def need_room(folder: Path, needed_bytes: int, what: str) -> None:
    """Raise ``InputError`` when the disk of ``folder`` cannot take ``needed_bytes`` for ``what``.

    A little is left over for everybody else: a disk that is full to the last byte stops the record.
    """
    there = next((p for p in (folder, *folder.absolute().parents) if p.is_dir()), None)
    free_bytes = shutil.disk_usage(there).free if there is not None else needed_bytes
    if free_bytes < needed_bytes + SPARE_BYTES:
        raise InputError(
            phrase(
                "{what} needs {needed_bytes} MB in '{folder}', where {free_bytes} MB are free",
                what=what,
                needed_bytes=f"{needed_bytes / 1000000.0:,.0f}",
                folder=str(folder),
                free_bytes=f"{free_bytes / 1000000.0:,.0f}",
            ),
            remedy=phrase("free some space, or name another folder"),
        )


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
        raise InputError(phrase("there is no file '{path}'", path=str(path))) from None
    except OSError as error:
        raise InputError(
            phrase(
                "cannot read '{path}' ({strerror})", path=str(path), strerror=str(error.strerror)
            )
        ) from None
    if len(data) > at_most:
        raise InputError(
            phrase(
                "'{name}' is larger than {at_most} bytes",
                name=path.name,
                at_most=f"{at_most:,}",
            )
        )
    return data
