"""What helper processes may see of our environment: nothing that could be a secret."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

PASSED_ON = (
    "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV",
)  # fmt: skip
"""All that a process needs that eats hostile bytes."""

WORKERS_TOO = (
    "HOME", "USERPROFILE", "NVSIGNAL_DATA", "XDG_DATA_HOME", "XDG_CACHE_HOME", "PYTHONPATH",
    "PYTHONHASHSEED", "PYTHONWARNINGS", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
)  # fmt: skip
"""Of workers that compute with our own code: where things lie, and how many threads to take."""


def named(*groups: tuple[str, ...]) -> dict[str, str]:
    """The variables of ``groups`` that are set."""
    return {name: os.environ[name] for group in groups for name in group if name in os.environ}


@contextmanager
def bare_environment() -> Iterator[None]:
    """Only what workers need is in the environment, so that processes begun inside inherit no more.

    For the main thread of a command: the environment belongs to the whole process. ``spawn`` has
    no argument for it, and what a worker removes by itself stays readable from outside.
    """
    before = dict(os.environ)
    kept = named(PASSED_ON, WORKERS_TOO)
    for name in before.keys() - kept.keys():
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(before)
