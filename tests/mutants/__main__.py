"""``make mutants``: plant faults one at a time and see whether the part's own tests fall.

``python -m tests.mutants --part decision --n 24 --seed 1``. The files are changed in a copy, so the
checkout stays as it is. A fault that changes nothing that anybody can see survives too: read the
survivors before believing the rate.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.faults import Fault, drawn

ROOT = Path(__file__).parents[2]
SKIPPED = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache")
TIMEOUT_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Modules, and the tests that are theirs: files and folders, the quick ones first."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


PARTS = {
    "backtests": Part(modules=("backtests",), tests=("tests/backtests",)),
    "config": Part(modules=("config", "engine/service/bind.py"), tests=("tests/config",)),
    "decision": Part(modules=("engine/decision",), tests=("tests/engine/decision",)),
    "feeds": Part(modules=("feeds",), tests=("tests/feeds", "tests/recorded")),
    "macro": Part(modules=("engine/macro",), tests=("tests/engine/macro",)),
    "news": Part(modules=("engine/news",), tests=("tests/engine/news",)),
    "record": Part(modules=("engine/record",), tests=("tests/engine/record",)),
    "report": Part(modules=("engine/report",), tests=("tests/engine/report",)),
    "service": Part(modules=("engine/service",), tests=("tests/service",)),
    "strategies": Part(modules=("strategies",), tests=("tests/strategies",)),
    "threat": Part(modules=("engine/threat",), tests=("tests/engine/threat",)),
    "web": Part(modules=("engine/web",), tests=("tests/web",)),
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


def tests_for(module: Path, part: Part, root: Path) -> list[str]:
    """The part's test files, those that name the module first: most faults fall there."""
    files: list[Path] = []
    for name in part.tests:
        path = root / name
        files += sorted(path.rglob("test_*.py")) if path.is_dir() else []
    dotted = ".".join(module.with_suffix("").parts)
    package, stem = dotted.rsplit(".", 1)

    def rank(file: Path) -> int:
        text = file.read_text(encoding="utf-8")
        named = dotted in text or (f"from {package} import" in text and stem in text)
        return 0 if named else 1

    return [str(f.relative_to(root)) for f in sorted(files, key=lambda f: (rank(f), f.name))]


def falls(root: Path, tests: list[str]) -> str:
    """How the tests take the tree at ``root``: ``"killed"``, ``"hangs"`` or ``"survives"``."""
    env = dict(os.environ, PYTHONPATH=str(root), OMP_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header"]
    try:
        done = subprocess.run(
            [*command, *tests],
            cwd=root,
            env=env,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "hangs"
    return "survives" if done.returncode == 0 else "killed"


def tried(root: Path, path: str, fault: Fault, part: Part) -> str:
    """Plant, test, restore."""
    file = root / path
    sound = file.read_text(encoding="utf-8")
    file.write_text(fault.source, encoding="utf-8")
    try:
        return falls(root, tests_for(Path(path), part, root))
    finally:
        file.write_text(sound, encoding="utf-8")


def run(name: str, n: int, seed: int, minutes: float) -> dict[str, object]:
    """Plant up to ``n`` faults in one part within ``minutes``; the sound tree must pass first."""
    part = PARTS[name]
    sources = {str(p): (ROOT / p).read_text(encoding="utf-8") for p in modules_of(part)}
    end = time.monotonic() + 60 * minutes
    survivors, killed = [], 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / ROOT.name
        shutil.copytree(ROOT, root, ignore=SKIPPED, symlinks=True)
        shared = ROOT.parent / "shared"
        if shared.exists():
            (root.parent / "shared").symlink_to(shared.resolve())
        if falls(root, tests_for(Path("x/y.py"), part, root)) != "survives":
            raise SystemExit(f"{name}: its tests fail without any fault; mend them first")
        for path, fault in drawn(sources, n, seed):
            if time.monotonic() > end:
                break
            fate = tried(root, path, fault, part)
            killed += fate != "survives"
            if fate == "survives":
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
        "survivors": survivors,
    }


def main() -> None:
    """Run the parts asked for and print one line each, with the survivors below."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--part", choices=sorted(PARTS), action="append", help="default: all")
    parser.add_argument("--n", type=int, default=12, help="faults a part (default 12)")
    parser.add_argument("--seed", type=int, default=1, help="which faults are drawn (default 1)")
    parser.add_argument("--minutes", type=float, default=10.0, help="at most so long a part")
    parser.add_argument("--json", action="store_true", help="machine-readable result")
    chosen = parser.parse_args()
    results = [run(p, chosen.n, chosen.seed, chosen.minutes) for p in chosen.part or sorted(PARTS)]
    if chosen.json:
        print(json.dumps(results, indent=2))
        return
    for result in results:
        print(f"{result['part']}: {result['killed']} of {result['planted']} killed")
        for s in result["survivors"]:  # type: ignore[attr-defined]
            print(f"  {s['kind']} {s['at']}\n    - {s['before']}\n    + {s['after']}")


if __name__ == "__main__":
    main()
