"""``make mutants``: plant faults one at a time and see whether the part's own tests fall.

``python -m tests.mutants --part decision --n 24 --seed 1``. The files are changed in a copy, so the
checkout stays as it is. The sound tree is run once and watched; a fault then meets the tests that
call its function, the quickest first (a fault outside any function meets all of them), and none
marked slow or long. So the rate is a lower bound; a fault that changes nothing that anybody can see
survives too: read the survivors before believing it. ``--tests`` names some files alone: a lower
bound yet, for much less time. What was watched is kept in ``var/mutants``: while the sources stay,
only the test files that changed are watched again.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.mutants.faults import Fault, drawn, function_lines

ROOT = Path(__file__).parents[2]
SKIPPED = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache")
BUDGET_S = 100.0
"""Tests of a fault, by what they take on the sound tree: those beyond it are left out."""
TIMEOUT_S = 400
"""After which a fault counts as one that hangs: four times the budget."""
WATCH_S = 3600
NO_TESTS = 5  # pytest's exit code where a file holds slow tests alone
HEAVY = ("numpy", "pandas", "pydantic", "scipy.stats", "sqlalchemy", "typer", "httpx")

Calls = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Modules, and the tests that are theirs: files and folders, the quick ones first."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


CONSTANTS = "tests/architecture/test_frozen_constants.py"
PARTS = {
    "backtests": Part(
        modules=("backtests",),
        tests=("tests/backtests", "tests/architecture/test_frozen_backtests.py", CONSTANTS),
    ),
    "cli": Part(
        modules=("engine/cli",),
        tests=("tests/cli", "tests/architecture/test_frozen_cli.py", CONSTANTS),
    ),
    "config": Part(
        modules=("config", "engine/service/bind.py"),
        tests=("tests/config", "tests/architecture/test_frozen_config.py", CONSTANTS),
    ),
    "decision": Part(modules=("engine/decision",), tests=("tests/engine/decision",)),
    "feeds": Part(
        modules=("feeds",),
        tests=(
            "tests/feeds",
            "tests/recorded",
            "tests/architecture/test_frozen_facts.py",
            "tests/architecture/test_frozen_feeds.py",
            CONSTANTS,
        ),
    ),
    "macro": Part(modules=("engine/macro",), tests=("tests/engine/macro",)),
    "news": Part(modules=("engine/news",), tests=("tests/engine/news",)),
    "record": Part(modules=("engine/record",), tests=("tests/engine/record",)),
    "report": Part(
        modules=("engine/report",),
        tests=(
            "tests/engine/report",
            "tests/architecture/test_frozen_report.py",
            "tests/architecture/test_frozen_cli.py",
            CONSTANTS,
        ),
    ),
    "service": Part(modules=("engine/service",), tests=("tests/service", CONSTANTS)),
    "strategies": Part(modules=("strategies",), tests=("tests/strategies",)),
    "threat": Part(modules=("engine/threat",), tests=("tests/engine/threat",)),
    "web": Part(modules=("engine/web",), tests=("tests/web", CONSTANTS)),
}


def modules_of(part: Part) -> list[Path]:
    """Python files of a part, relative to the root, without packages' front pages."""
    found: list[Path] = []
    for name in part.modules:
        path = ROOT / name
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return [
        p.relative_to(ROOT) for p in found if p.name != "__init__.py" and "versions" not in p.parts
    ]


def reached(calls: Calls, path: str, fault: Fault) -> list[str]:
    """The tests that call the function with the fault, the quickest first.

    All of them where it lies outside of functions, or in one that no test was seen to call; those
    that call anything of its module first.
    """
    within = {f"{path}:{line}" for line in function_lines(fault.sound, fault.line)}
    found = [t for t, seen in calls.items() if within.intersection(seen["calls"])]
    if found:
        return sorted(found, key=lambda t: calls[t]["s"])
    near = {t for t, seen in calls.items() if any(c.startswith(f"{path}:") for c in seen["calls"])}
    return sorted(calls, key=lambda t: (t not in near, calls[t]["s"]))


def affordable(tests: list[str], calls: Calls) -> list[str]:
    """The first of ``tests`` that fit into the budget, and at least one."""
    spent, kept = 0.0, []
    for test in tests:
        spent += calls[test]["s"]
        if kept and spent > BUDGET_S:
            break
        kept.append(test)
    return kept


def tests_run(root: Path, tests: list[str], timeout_s: float, **env: str) -> int | None:
    """Exit code of pytest over ``tests`` in the tree at ``root``; None when it took too long.

    In a fork of this process, which has the heavy libraries already.
    """
    child = os.fork()
    if not child:
        _become_pytest(root, tests, env)
    end, done, status = time.monotonic() + timeout_s, 0, 0
    try:
        while not done and time.monotonic() < end:
            time.sleep(0.05)
            done, status = os.waitpid(child, os.WNOHANG)
    finally:
        if not done:  # too long, or we are told to stop
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if done else None


def _become_pytest(root: Path, tests: list[str], env: dict[str, str]) -> NoReturn:
    code = 1
    try:
        os.setsid()
        os.chdir(root)
        quiet = os.open(root.parent / "out.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        for name in [n for n in sys.modules if n.split(".")[0] == "tests"]:
            del sys.modules[name]
        sys.path.insert(0, str(root))
        os.environ.update(env, PYTHONPATH=str(root))
        sys.dont_write_bytecode = "REACH_OUT" not in env
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1" if sys.dont_write_bytecode else ""
        plugins = ["-p", "no:cacheprovider", "-p", "tests.mutants.reach"]
        code = int(pytest.main(["-x", "-q", *plugins, "-m", "not long and not slow", *tests]))
    finally:
        os._exit(code)


def watched(root: Path, part: Part, kept: Path) -> Calls:
    """What each test of the sound tree calls; stops when one of them fails.

    Kept in the file ``kept`` by the content of the test's file and of everything that is no test.
    """
    files = test_files(root, part)
    known: dict[str, Calls] = {}
    if kept.exists():
        known = json.loads(kept.read_text(encoding="utf-8"))
    rest = contents(tracked(root))
    keys = {f: f"{f.relative_to(root)} {contents([f])} {rest}" for f in files}
    stale = [f for f in files if keys[f] not in known]
    if stale:
        fresh = _watch(root, [str(f.relative_to(root)) for f in stale])
        for f in stale:
            name = f.relative_to(root).as_posix()
            known[keys[f]] = {t: c for t, c in fresh.items() if t.partition("::")[0] == name}
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({key: known[key] for key in keys.values()}), encoding="utf-8")
    return {test: seen for f in files for test, seen in known[keys[f]].items()}


def _watch(root: Path, tests: list[str]) -> Calls:
    out = root.parent / "reach.json"
    if tests_run(root, tests, WATCH_S, REACH_OUT=str(out)) not in (0, NO_TESTS):
        said = (root.parent / "out.txt").read_text(encoding="utf-8")[-2000:]
        raise SystemExit(f"{said}\n{tests}: fail without any fault; mend them first")
    calls: Calls = json.loads(out.read_text(encoding="utf-8"))
    return calls


def test_files(root: Path, part: Part) -> list[Path]:
    """The files of a part's tests, in the order in which the part names them."""
    found: list[Path] = []
    for name in part.tests:
        path = root / name
        found += [path] if path.is_file() else sorted(path.rglob("test_*.py"))
    return found


def tracked(root: Path) -> list[Path]:
    """What any test may depend on: sources, settings, facts, recorded pages; no file of tests."""
    kept = ("config", "engine", "feeds", "strategies", "backtests", "tests")
    found = [p for name in kept for p in sorted((root / name).rglob("*")) if p.is_file()]
    return [p for p in found if p.suffix != ".pyc" and not p.name.startswith("test_")]


def contents(paths: Iterable[Path]) -> str:
    """One digest of the bytes of ``paths``."""
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()


def tried(root: Path, path: str, fault: Fault, calls: Calls) -> str:
    """Plant, test, restore: ``"killed"``, ``"hangs"`` or ``"survives"``."""
    tests = affordable(reached(calls, path, fault), calls)
    file, chosen = root / path, root.parent / "chosen.json"
    sound, times = file.read_text(encoding="utf-8"), file.stat()
    chosen.write_text(json.dumps(tests), encoding="utf-8")
    file.write_text(fault.source, encoding="utf-8")
    os.utime(file, (0, 0))  # never the time of the sound file's compiled copy
    try:
        files = sorted({t.partition("::")[0] for t in tests})
        code = tests_run(root, files, TIMEOUT_S, REACH_CHOSEN=str(chosen))
    finally:
        file.write_text(sound, encoding="utf-8")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    return "hangs" if code is None else "killed" if code else "survives"


def run(name: str, part: Part, n: int, seed: int, minutes: float) -> dict[str, object]:
    """Plant up to ``n`` faults in one part within ``minutes``; the sound tree must pass first."""
    sources = {str(p): (ROOT / p).read_text(encoding="utf-8") for p in modules_of(part)}
    survivors, killed, hung = [], 0, 0
    for library in HEAVY:
        importlib.import_module(library)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / ROOT.name
        shutil.copytree(ROOT, root, ignore=SKIPPED, symlinks=True)
        shared = ROOT.parent / "shared"
        if shared.exists():
            (root.parent / "shared").symlink_to(shared.resolve())
        calls = watched(root, part, ROOT / "var" / "mutants" / f"{name}.json")
        end = time.monotonic() + 60 * minutes
        for path, fault in drawn(sources, n, seed):
            if time.monotonic() > end:
                break
            fate = tried(root, path, fault, calls)
            fell = fate in ("killed", "hangs")
            killed += fell
            hung += fate == "hangs"
            if not fell:
                survivors.append(
                    {
                        "kind": fault.kind,
                        "at": f"{path}:{fault.line}",
                        "before": fault.before,
                        "after": fault.after,
                    }
                )
            print(f"{name} {fate:9} {fault.kind:10} {path}:{fault.line}", file=sys.stderr)
    return {
        "part": name,
        "planted": killed + len(survivors),
        "killed": killed,
        "hung": hung,
        "survivors": survivors,
    }


def main() -> None:
    """Run the parts asked for and print one line each, with the survivors below."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--part", choices=sorted(PARTS), action="append", help="default: all")
    parser.add_argument("--n", type=int, default=12, help="faults a part (default 12)")
    parser.add_argument("--seed", type=int, default=1, help="which faults are drawn (default 1)")
    parser.add_argument("--minutes", type=float, default=10.0, help="at most so long a part")
    parser.add_argument("--module", action="append", help="files of the part; default: all")
    parser.add_argument("--tests", action="append", help="its tests; default: all of the part's")
    parser.add_argument("--json", action="store_true", help="machine-readable result")
    chosen = parser.parse_args()
    results = []
    for name in chosen.part or sorted(PARTS):
        part = PARTS[name]
        modules, tests = chosen.module or part.modules, chosen.tests or part.tests
        part = Part(modules=tuple(modules), tests=tuple(tests))
        results.append(run(name, part, chosen.n, chosen.seed, chosen.minutes))
    if chosen.json:
        print(json.dumps(results, indent=2))
        return
    for result in results:
        hung = f", {result['hung']} of them by hanging" if result["hung"] else ""
        print(f"{result['part']}: {result['killed']} of {result['planted']} killed{hung}")
        for s in result["survivors"]:  # type: ignore[attr-defined]
            print(f"  {s['kind']} {s['at']}\n    - {s['before']}\n    + {s['after']}")


if __name__ == "__main__":
    main()
