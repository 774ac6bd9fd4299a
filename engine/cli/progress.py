"""Bars on standard error while it is a terminal; nothing in a pipe or a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import Progress

    console, seen = Console(stderr=True), sys.stderr.isatty()
    with Progress(console=console, transient=True, disable=not seen) as bar:
        yield bar


@contextmanager
def counted(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar that is told how many more of ``total`` are done."""
    with _bar() as bar:
        task = bar.add_task(what, total=total)
        yield lambda steps: bar.advance(task, steps)


@contextmanager
def staged(what: str) -> Iterator[Callable[[str, float], None]]:
    """A bar that is told what is being done and the share, 0 to 1, that is behind it."""
    with _bar() as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda stage, share: bar.update(task, completed=share, description=stage)
