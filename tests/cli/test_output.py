"""Standard output that is full, closed or left: one line and the right exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = [sys.executable, "-c", "from engine.cli.main import main; main()"]
ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN, *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False, **how
    )  # type: ignore[call-overload]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
@pytest.mark.parametrize("command", [("version",), ("config", "schema"), ("--help",)])
def test_a_full_disk_is_one_line(command: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        done = run(*command, stdout=full)

    assert done.returncode == 1
    assert done.stderr == ("nvsignal: cannot write to standard output (No space left on device)\n")


def test_a_closed_output_is_one_line() -> None:
    command = f'"{sys.executable}" -c "from engine.cli.main import main; main()" version >&-'
    done = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr == "nvsignal: cannot write to standard output (Bad file descriptor)\n"


def test_a_reader_that_left_ends_it_without_a_word() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run("version", stdout=writing)
    os.close(writing)

    assert (done.returncode, done.stderr) == (141, "")


def test_what_a_terminal_cannot_show_is_escaped_and_not_garbled() -> None:
    code = "from engine.cli.output import write_out; write_out('confiance élevée · 189 €')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
    )

    assert done.stdout == "confiance élevée · 189 \\u20ac\n".encode("latin-1")
