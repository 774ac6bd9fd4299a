"""The morning: ``report`` warm, cold and as help, beside the imports it cannot do without."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

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


def best(*args: str, folder: str) -> float:
    """The least of a few runs, after one to warm up."""
    cpu_seconds(*args, folder=folder)
    return min(cpu_seconds(*args, folder=folder) for _ in range(ROUNDS))


def rows() -> list[dict[str, object]]:
    """Ratios of process time, all in one run."""
    with tempfile.TemporaryDirectory() as folder:
        cpu_seconds(*REPORT, folder=folder)
        warm = best(*REPORT, folder=folder)
        imports = best("-c", LIBRARIES, folder=folder)
        for path in (Path(folder) / "derived").glob("morning-*"):
            path.unlink()
        new_day = cpu_seconds(*NEXT_DAY, folder=folder)
        told = best("-m", "engine.cli.main", "--help", folder=folder)
        bare = best("-c", "pass", folder=folder)
        memory = peak_mb(*NEXT_DAY, folder=folder)
    return [
        row("report, warm / imports of its libraries", warm, imports, "<= 2.0"),
        row("report, new day / report, warm", new_day, warm, "<= 2.0"),
        row("--help / bare interpreter", told, bare, "<= 12"),
        {"what": "memory of report, MB", "ours": round(memory), "target": "<= 150"},
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
