"""What surrounds a run and must not matter: clock, environment, random state, files, network.

Used in a process of its own, which ends afterwards: nothing here is undone. The clock and the
environment are set to what is asked, so that two runs have different ones. Reading a file, opening
a connection, starting a program or looking through the interpreter's memory is refused and noted;
code may still be imported. Not covered: C code that asks the machine for the time by itself
(``numpy.datetime64("now")``), and data that somebody writes into a module of Python.
"""

from __future__ import annotations

import copyreg
import datetime as dt
import os
import random
import sys
import sysconfig
import time
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

import engine

KEPT_NAMES = (
    "PATH HOME LANG LC_ALL LC_CTYPE TZ TMPDIR TEMP SYSTEMROOT VIRTUAL_ENV OMP_NUM_THREADS "
    "OPENBLAS_NUM_THREADS MKL_NUM_THREADS"
).split()
"""Names of a bare environment: what the interpreter and its arithmetic need, and no more."""
REFUSED = (
    "socket.", "subprocess.", "ctypes.", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
    "os.system", "os.startfile", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link",
    "os.symlink", "os.truncate", "os.chmod", "shutil.", "sqlite3.", "urllib.", "ftplib.",
    "http.", "smtplib.", "tempfile.", "mmap.", "gc.", "sys.addaudithook",
)  # fmt: skip
"""Beginnings of the audit events (PEP 578) that are refused while a run decides."""
CODE = (".py", ".pyc", ".so", ".pyd", ".dll", ".dylib")
_DEVICES = ("/dev/null", "/dev/urandom")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """clock_at: what the clock says when the run begins. environ: None for the caller's own.

    seed: of the random generators that belong to everybody. refuse: False notes what would be
    refused and lets it pass.
    """

    clock_at: dt.datetime
    environ: Mapping[str, str] | None = None
    seed: int = 0
    refuse: bool = True


def bare_environment() -> dict[str, str]:
    """The environment without anything a strategy could be told by."""
    return {k: v for k, v in os.environ.items() if k in KEPT_NAMES}


def enter(surroundings: Surroundings) -> list[str]:
    """Set all of it for the rest of this process; the list fills with what was refused."""
    if surroundings.environ is not None:
        os.environ.clear()
        os.environ.update(surroundings.environ)
    random.seed(surroundings.seed)
    np.random.seed(surroundings.seed)  # the very state that a run must not use
    set_clock(surroundings.clock_at)
    sys.dont_write_bytecode = True  # a first import would else look like a strategy that writes
    refused: list[str] = []
    sys.addaudithook(watcher(refused, refuse=surroundings.refuse))
    return refused


# --- files, network, programs ------------------------------------------------------------------


class OutsideRecordError(PermissionError):
    """A run asked for something outside the record."""


def watcher(refused: list[str], *, refuse: bool) -> Callable[[str, tuple[Any, ...]], None]:
    """An audit hook (PEP 578) that notes and, where ``refuse``, refuses what is not the record."""
    roots = tuple(_installed())

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            if _is_code(args[0], args[2], roots):
                return
            what = f"opens {_shown(args[0])}"
        elif event.startswith(REFUSED):
            what = f"{event} {_shown(args[0]) if args else ''}".strip()
        else:
            return
        refused.append(what[:200])
        if refuse:
            _refuse(what)

    return watch


def _refuse(what: str) -> NoReturn:
    raise OutsideRecordError(f"refused while a strategy runs: {what}")


def _shown(thing: object) -> str:
    if isinstance(thing, bytes | os.PathLike | str):
        return os.fsdecode(thing)
    return type(thing).__name__


def _installed() -> set[str]:
    """Folders of the interpreter, its packages, the time zones and this code; no record there."""
    paths = sysconfig.get_paths()
    places = {paths[k] for k in ("stdlib", "platstdlib", "purelib", "platlib")}
    places |= set(zoneinfo.TZPATH)
    return {str(Path(p).resolve()) + os.sep for p in places} | _house()


def _house() -> set[str]:
    return {str(Path(p).resolve()) + os.sep for p in engine.__path__}


def _is_code(path: object, flags: int, roots: tuple[str, ...]) -> bool:
    """Read for reading: a module of somebody's code, anything installed, or a harmless device."""
    if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
        return False
    if isinstance(path, int):
        return False
    name = os.fsdecode(path) if isinstance(path, bytes | os.PathLike | str) else ""
    if name in _DEVICES or name.endswith(CODE):
        return True
    return os.path.realpath(name).startswith(roots)


# --- the clock ---------------------------------------------------------------------------------


def set_clock(at: dt.datetime) -> None:
    """Let the wall clock of Python code go on from ``at``."""
    started = time.monotonic()
    begins = at.timestamp()
    real_local, real_utc = time.localtime, time.gmtime

    def seconds() -> float:
        return begins + time.monotonic() - started

    day, instant = _dated(seconds)
    for kind in (dt.date, day):  # whichever it is, it leaves this process as a plain date
        copyreg.pickle(kind, _taken_apart)
    fakes: dict[int, Any] = {
        id(dt.date): day,
        id(dt.datetime): instant,
        id(time.time): seconds,
        id(time.time_ns): lambda: round(seconds() * 1e9),
        id(time.localtime): lambda s=None: real_local(seconds() if s is None else s),
        id(time.gmtime): lambda s=None: real_utc(seconds() if s is None else s),
    }
    for module in [dt, time, *_own_modules()]:
        for name, value in list(vars(module).items()):
            if id(value) in fakes:
                setattr(module, name, fakes[id(value)])
    pandas = sys.modules.get("pandas")
    if pandas is not None:
        _set_pandas_clock(pandas, instant)


def _taken_apart(day: dt.date) -> tuple[Any, ...]:
    return _day_of, (day.toordinal(),)


def _day_of(ordinal: int) -> dt.date:
    return dt.date.fromordinal(ordinal)


def _own_modules() -> list[ModuleType]:
    """Modules that are not installed: the house's and the user's."""
    roots = tuple(place for place in _installed() if place not in _house())
    found = []
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if path and not os.path.realpath(path).startswith(roots):
            found.append(module)
    return found


def _dated(seconds: Callable[[], float]) -> tuple[type[dt.date], type[dt.datetime]]:
    """Stand-ins for ``date`` and ``datetime``, equal in all but the time they tell."""
    real_date, real_datetime = dt.date, dt.datetime

    class Like(type):
        """Values made before count as ours."""

        def __instancecheck__(cls, value: object) -> bool:
            real = real_datetime if issubclass(cls, real_datetime) else real_date
            return isinstance(value, real)

        def __subclasscheck__(cls, other: type) -> bool:
            real = real_datetime if real_datetime in cls.__mro__ else real_date
            return issubclass(other, real)

    def today(cls: Any) -> Any:
        return cls.fromtimestamp(seconds())

    def now(cls: Any, tz: dt.tzinfo | None = None) -> Any:
        return cls.fromtimestamp(seconds(), tz)

    def utcnow(cls: Any) -> Any:
        return cls.fromtimestamp(seconds(), dt.UTC).replace(tzinfo=None)

    def made(name: str, real: type, **methods: Any) -> Any:
        body: dict[str, Any] = {k: classmethod(v) for k, v in methods.items()}
        # The full name, as representations of the real class have it, and the same size, which
        # C code compiled for the real class relies on.
        body |= {"__module__": "datetime", "__slots__": ()}
        cls = Like(f"datetime.{name}", (real,), body)
        cls.__qualname__ = name
        return cls

    day = made("date", real_date, today=today)
    instant = made("datetime", real_datetime, today=today, now=now, utcnow=utcnow)
    return day, instant


def _set_pandas_clock(pandas: ModuleType, instant: Any) -> None:
    stamp: Any = pandas.Timestamp
    stamp.now = classmethod(lambda cls, tz=None: cls(instant.now(tz)))
    stamp.today = classmethod(lambda cls, tz=None: cls(instant.now(tz)))
    stamp.utcnow = classmethod(lambda cls: cls(instant.now(dt.UTC)))
