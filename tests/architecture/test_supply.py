"""What is delivered: its packages, their licences, and files that are the same bytes twice."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from email.message import Message
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

ROOT = Path(__file__).parents[2]
PERMISSIVE = frozenset(
    "0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause CC0-1.0 ISC MIT MIT-0 MIT-CMU PSF-2.0 Zlib".split()
)
FILE_BY_FILE = {"certifi": "MPL-2.0", "pathspec": "MPL-2.0"}
"""Copyleft that asks for changes to the package's own files only; neither is changed here."""


@pytest.fixture(scope="module")
def supply() -> ModuleType:
    spec = importlib.util.spec_from_file_location("supply", ROOT / ".ci" / "supply.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["supply"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pinned(supply: ModuleType) -> list[tuple[str, str]]:
    found = supply.pins((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    return sorted((p.name, p.version) for p in found)


def test_every_package_of_the_lock_is_counted(pinned: list[tuple[str, str]]) -> None:
    hashed = re.findall(r"(?m)^\S+==", (ROOT / "requirements.lock").read_text(encoding="utf-8"))

    assert len(pinned) == len(hashed) > 50


def test_the_sbom_names_exactly_the_packages_of_the_lock(pinned: list[tuple[str, str]]) -> None:
    bill = json.loads((ROOT / ".ci" / "sbom.json").read_text(encoding="utf-8"))

    assert sorted((c["name"], c["version"]) for c in bill["components"]) == pinned
    assert all(c["licenses"] for c in bill["components"])
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")


def test_every_run_time_licence_is_permissive(pinned: list[tuple[str, str]]) -> None:
    lines = (ROOT / ".ci" / "licences.txt").read_text(encoding="utf-8").splitlines()[2:]
    told = {tuple(line.partition(": ")[0].split()): line.partition(": ")[2] for line in lines}

    assert sorted(told) == pinned
    assert {
        (name, licence)
        for (name, _), licence in told.items()
        if not set(re.split(r" AND | OR ", licence)) <= PERMISSIVE
        and FILE_BY_FILE.get(name) != licence
    } == set()


def test_nothing_in_them_moves_or_names_a_place() -> None:
    both = "".join((ROOT / ".ci" / n).read_text("utf-8") for n in ("sbom.json", "licences.txt"))

    assert re.findall(r"timestamp|serialNumber|/simple|file:|/(?:home|tmp|root)/", both) == []


def test_the_seed_is_pinned_like_the_rest() -> None:
    seed = (ROOT / ".ci" / "seed.lock").read_text(encoding="utf-8")
    dev = (ROOT / ".ci" / "requirements-dev.lock").read_text(encoding="utf-8")
    made = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert re.match(r"pip==\d[\d.]* \\\n    --hash=sha256:[0-9a-f]{64}", seed)
    assert seed.strip() in dev, "a package has one version"
    assert "--seed" not in re.sub(r"--seed \$", "", made), "whatever is newest today"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"License-Expression": "MIT AND Zlib", "License": "other"}, "MIT AND Zlib"),
        ({"License": "Apache"}, "Apache-2.0"),
        ({"License": "BSD-3-Clause"}, "BSD-3-Clause"),
        ({"Classifier": "License :: OSI Approved :: ISC License (ISCL)"}, "ISC"),
        ({"License": "Redistribution and use.\nRedistributions of source.\nNeither the name"},
         "BSD-3-Clause"),
        ({"License": "Copyright me.\nRedistributions of source code must keep this"},
         "BSD-2-Clause"),
    ],
)  # fmt: skip
def test_a_licence_is_told_by_its_name(
    told: dict[str, str], expected: str, supply: ModuleType
) -> None:
    assert supply.licence(_package(told)) == expected


def test_a_licence_that_nobody_tells_ends_the_run(supply: ModuleType) -> None:
    with pytest.raises(SystemExit, match="does not tell its licence"):
        supply.licence(_package({"License": "see the file"}))


def _package(told: dict[str, str]) -> metadata.Distribution:
    class Told:
        metadata = cast(Any, Message())
        version, files = "1", ()

    Told.metadata = Message()
    for name, value in {"Name": "x", **told}.items():
        Told.metadata[name] = value
    return cast(metadata.Distribution, Told())


def test_wheel_and_sdist_are_the_same_bytes_twice(tmp_path: Path) -> None:
    """From two places, with other file times and another mask of rights."""
    first = _built(tmp_path / "a", 0o022, "1.1.2001")
    again = _built(tmp_path / "b" / "deeper", 0o077, "2.2.2022")

    assert len(first) == 2
    assert first == again


def _built(place: Path, mask: int, day: str) -> dict[str, str]:
    """sha256 of each file made from a copy of the project."""
    inside = ["engine", "strategies", "feeds", "backtests", "config"]
    ignored = shutil.ignore_patterns("__pycache__")
    stamp = int(day.split(".")[2]) * 86_400
    before = os.umask(mask)
    try:
        for name in inside:
            shutil.copytree(ROOT / name, place / name, ignore=ignored, copy_function=shutil.copy)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, place / name)
        for path in place.rglob("*"):
            path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)
            os.utime(path, (stamp, stamp))
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-d", "dist"],
            cwd=place,
            env={"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": "1756000000"},
            check=True,
            capture_output=True,
        )
    finally:
        os.umask(before)
    made = (place / "dist").iterdir()
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in made}
