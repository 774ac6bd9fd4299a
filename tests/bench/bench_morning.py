"""The morning: ``report`` warm, cold and as help, beside the imports it cannot do without."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable

LIBRARIES = "import numpy, sqlalchemy, typer, rich, jinja2, babel, pydantic"
REPORT = ("-m", "engine.cli.main", "report", "--as-of", "2025-08-22", "--offline")
NEXT_DAY = (*REPORT[:4], "2025-08-25", "--offline")
ROUNDS = 5


def cpu_seconds(*args: str, folder: str) -> float:
    """Process time of one run of the interpreter with ``args``, children included."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env |= {"NVSIGNAL_DATA": folder, "OMP_NUM_THREADS": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *args], env=env, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peak_mb(*args: str, folder: str) -> float:
    """Largest resident size of one run, measured in a process whose only child it is."""
    code = (
        "import resource, subprocess, sys; "
        "subprocess.run([sys.executable, *sys.argv[1:]], check=True, stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    )
    env = {**os.environ, "NVSIGNAL_DATA": folder, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *args]
    return float(subprocess.run(command, env=env, check=True, capture_output=True).stdout)


def side_by_side(*commands: tuple[str, ...], folder: str) -> list[float]:
    """The least of a few runs of each, after one to warm up.

    In turns, so that what else the machine does meets all of them alike.
    """
    for command in commands:
        cpu_seconds(*command, folder=folder)
    rounds = [[cpu_seconds(*c, folder=folder) for c in commands] for _ in range(ROUNDS)]
    return [min(times) for times in zip(*rounds, strict=True)]


def on_a_new_day(measure: Callable[..., float], before: str) -> float:
    """Of the morning after, in a copy of a data folder that does not know it yet."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(before, folder, dirs_exist_ok=True)
        return measure(*NEXT_DAY, folder=folder)


def rows() -> list[dict[str, object]]:
    """Ratios of process time, all in one run."""
    shown, nothing = ("-m", "engine.cli.main", "--help"), ("-c", "pass")
    with tempfile.TemporaryDirectory() as folder:
        cpu_seconds(*REPORT, folder=folder)
        warm, imports, told, bare = side_by_side(
            REPORT, ("-c", LIBRARIES), shown, nothing, folder=folder
        )
        new_day = min(on_a_new_day(cpu_seconds, folder) for _ in range(ROUNDS))
        memory = on_a_new_day(peak_mb, folder)
    return [
        row("report, warm / imports of its libraries", warm, imports, "<= 2.0"),
        row("report, new day / report, warm", new_day, warm, "<= 2.0"),
        row("--help / bare interpreter", told, bare, "<= 12"),
        {"what": "memory of report, new day, MB", "ours": round(memory), "target": "<= 150"},
    ]


def row(what: str, ours: float, theirs: float, target: str) -> dict[str, object]:
    """One ratio, CPU seconds of both sides beside it."""
    return {
        "what": what,
        "ours": round(ours, 3),
        "theirs": round(theirs, 3),
        "ratio": round(ours / max(theirs, 1e-3), 2),
        "target": target,
        "note": "CPU s of whole processes",
    }
