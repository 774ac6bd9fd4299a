"""The product in years it was not made in: past its tables, on a leap day, on a far morning."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    (["report", "--offline"], 3),
    (["doctor"], 0),
    (["status"], 0),
    (["calendar"], 0),
    (["config", "check"], 0),
    (["rate", "DeepSeek-R1"], 0),
    (["ledger", "verify"], 0),
)
RUN = """
import sys, time_machine
from datetime import datetime
with time_machine.travel(datetime.fromisoformat(sys.argv[1] + "T14:00:00+00:00"), tick=True):
    from engine.cli.main import main
    for line in sys.argv[2:]:
        sys.argv = ["nvsignal", *line.split()]
        print("$", line, flush=True)
        try:
            code = main()
        except SystemExit as end:
            code = end.code
        print("=", code or 0, flush=True)
"""


@pytest.mark.parametrize(
    "day",
    [
        pytest.param("2027-01-04", marks=pytest.mark.long),
        "2028-02-29",
        pytest.param("2030-01-02", marks=pytest.mark.long),
    ],
)
def test_every_command_works_years_from_now_and_says_what_is_old(day: str, tmp_path: Path) -> None:
    lines = [" ".join(args) for args, _ in COMMANDS]
    env = dict(os.environ, NVSIGNAL_DATA=str(tmp_path), PYTHONPATH=str(ROOT), COLUMNS="80")

    ran = subprocess.run(
        [sys.executable, "-c", RUN, day, *lines],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )

    assert "Traceback" not in ran.stdout + ran.stderr
    codes = [int(line[2:]) for line in ran.stdout.splitlines() if line.startswith("= ")]
    assert codes == [code for _, code in COMMANDS], ran.stderr[-2000:]
    told = " ".join(ran.stdout.split()).replace("’", "'")
    assert "STALE" in told
    assert "cannot say" in told
    assert "fill in its figures" in told  # results that are overdue
    assert ("add the Fed's next calendar" in told) == (day >= "2027-07-01")
