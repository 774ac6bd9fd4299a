"""The first ``make report`` of a fresh clone: never silent for long, and it fails as it should."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SILENCE_SECONDS = 5


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    if shutil.which("make") is None:
        pytest.skip("no make on this machine")
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def made(clone: Path, installer: str, *asked: str) -> subprocess.CompletedProcess[str]:
    """``make`` with a stand-in for uv that runs ``installer`` instead of installing."""
    fake = clone / "fake-uv"
    fake.write_text(f"#!/bin/sh\n{installer}\n", encoding="utf-8")
    fake.chmod(0o755)
    outer = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}  # of the make that runs this test
    return subprocess.run(
        ["make", *asked, f"UV={fake}"],
        cwd=clone, capture_output=True, text=True, timeout=60, check=False,
        env={name: value for name, value in os.environ.items() if name not in outer},
    )  # fmt: skip


def test_a_slow_installer_is_spoken_for(clone: Path) -> None:
    """Three seconds of silence, told every second here and every few by default."""
    slow = "sleep 2.5; mkdir -p .venv/bin; : > .venv/bin/python"
    done = made(clone, slow, ".venv/bin/python", "TELL_EVERY=1")

    assert done.returncode == 0, done.stderr
    assert done.stdout == ""  # of a report that goes to a pipe
    assert done.stderr.startswith("Setting up .venv, once; this takes a few minutes.\n")
    told = re.findall(r"making the environment, (\d+) s so far", done.stderr)
    assert told[0] in ("1", "2")  # by the clock, whose second may be near its end
    every = re.search(r"TELL_EVERY \?= (\d+)", (clone / "Makefile").read_text(encoding="utf-8"))
    assert every is not None
    assert int(every[1]) < LONGEST_SILENCE_SECONDS


def test_each_step_is_named_as_it_begins(clone: Path) -> None:
    """Else the silence before it and its own first seconds add up."""
    done = made(clone, "mkdir -p .venv/bin; : > .venv/bin/python", ".venv/bin/python")

    assert done.returncode == 0, done.stderr
    assert "\n  making the environment\n" in done.stderr


def test_an_installer_that_fails_stops_the_set_up(clone: Path) -> None:
    done = made(clone, "echo no network >&2; exit 7", "report")

    assert done.returncode != 0
    assert "no network" in done.stderr
    assert "making the report" not in done.stderr
