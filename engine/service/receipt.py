"""What a decision is made of, as three hashes: configuration, data and code.

``Bound.digest`` covers what is configured, ``History.data_hash`` the facts that were known, and
``code_version`` the program and the libraries that compute with it: another numpy may round
otherwise, another calendar may know another closure. Every input of a decision moves at least one.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "engine", "feeds", "strategies")
"""Every package that a decision runs: models of the configuration, engine, parsers, strategies."""
DATA = frozenset({".py", ".toml", ".csv", ".json"})
"""What decides inside ``engine``: modules and data. Templates and translations only tell it."""

LIBRARIES = ("exchange_calendars", "numpy", "pandas")
"""Distributions that a decision computes with. scikit-learn and scipy only train the classifier,
whose coefficients are data of ``engine``; the rest reads, checks and tells."""


def code_files(root: Path = ROOT) -> Iterator[Path]:
    """The files behind a decision, in a fixed order; those of ``config`` count as configuration."""
    for package in PACKAGES:
        wanted = DATA if package == "engine" else frozenset({".py"})
        found = [
            Path(folder, name)
            for folder, _, names in os.walk(root / package)
            for name in names
            if os.path.splitext(name)[1] in wanted
        ]
        yield from sorted(found)


def code_digest(root: Path = ROOT) -> str:
    """SHA-256 over names and contents of ``code_files``."""
    digest = hashlib.sha256()
    for path in code_files(root):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


@cache
def code_version() -> str:
    """Version of the installed package and twelve digits of what runs, read once a process.

    A decision can then be traced to the code that made it, edited checkouts included.
    """
    from importlib.metadata import version

    return f"{version('nvsignal')}+{running_digest(code_digest(), version)[:12]}"


def running_digest(code: str, version: Callable[[str], str]) -> str:
    """SHA-256 over ``code_digest`` and what it runs on: Python and ``LIBRARIES``.

    version: the installed version of a distribution.
    """
    python = f"python {sys.version_info.major}.{sys.version_info.minor}"
    runs_on = [python, *(f"{name} {version(name)}" for name in LIBRARIES)]
    return hashlib.sha256("\n".join([code, *runs_on]).encode()).hexdigest()
