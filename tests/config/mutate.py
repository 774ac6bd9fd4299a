"""Damage to configuration and fact files as people and programs do it, from a seed.

``python -m tests.config.mutate 500`` tries 500 and prints what came of them.
"""

from __future__ import annotations

import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from unittest.mock import patch

from config.settings import PACKAGED, Lags
from engine.clock import parse_as_of
from engine.errors import NvsignalError
from engine.record.history import History
from engine.service import bind, wiring
from engine.service.collecting import feeds_of
from engine.service.tables import problems as table_problems
from engine.values import Fact
from feeds.facts import read_tables

AS_OF = parse_as_of("2025-02-03")
"""The week of R1: every voice has something to say."""

Change = Callable[[str, random.Random], str]


def _line(text: str, rng: random.Random) -> tuple[list[str], int]:
    lines = text.split("\n")
    full = [n for n, line in enumerate(lines) if line.strip() and not line.startswith("#")]
    return lines, rng.choice(full)


def letter_lost(text: str, rng: random.Random) -> str:
    """A name with a letter missing, twice, or beside its place."""
    words = list(re.finditer(r"[A-Za-z_]{4,}", text))
    word = rng.choice(words)
    at = rng.randrange(word.start(), word.end() - 1)
    swapped = text[at + 1] + text[at]
    new = rng.choice(["", text[at] * 2, swapped])
    return text[:at] + new + text[at + (2 if new == swapped else 1) :]


def number_changed(text: str, rng: random.Random) -> str:
    """Another digit, another sign, another unit, no number at all; without numbers a letter."""
    numbers = list(re.finditer(r"\d+(?:\.\d+)?", text))
    if not numbers:
        return letter_lost(text, rng)
    number = rng.choice(numbers)
    old = number[0]
    new = rng.choice([old + "0", "-" + old, "0", "nan", "1e400", old.replace(".", ","), "9" * 5000])
    return text[: number.start()] + new + text[number.end() :]


def line_lost(text: str, rng: random.Random) -> str:
    lines, at = _line(text, rng)
    return "\n".join(lines[:at] + lines[at + 1 :])


def line_twice(text: str, rng: random.Random) -> str:
    lines, at = _line(text, rng)
    return "\n".join(lines[: at + 1] + lines[at:])


def line_cut(text: str, rng: random.Random) -> str:
    lines, at = _line(text, rng)
    lines[at] = lines[at][: rng.randrange(len(lines[at]))]
    return "\n".join(lines)


def file_cut(text: str, rng: random.Random) -> str:
    return text[: rng.randrange(len(text))]


def noise(text: str, rng: random.Random) -> str:
    """Characters that do not belong there."""
    at = rng.randrange(len(text))
    return text[:at] + rng.choice(["\x00", '"', "[" * 1200, "=", "é", "\n", ",", "😀"]) + text[at:]


def huge_cell(text: str, rng: random.Random) -> str:
    lines, at = _line(text, rng)
    return "\n".join([*lines[:at], lines[at] + "x" * 140_000, *lines[at + 1 :]])


CHANGES: tuple[Change, ...] = (
    letter_lost, letter_lost, letter_lost, number_changed, number_changed, line_lost, line_twice,
    line_cut, file_cut, noise, huge_cell,
)  # fmt: skip


def targets() -> tuple[str, ...]:
    """The files of the shipped configuration that a decision may read."""
    names = [
        "nvsignal.toml",
        "events.toml",
        "threat.toml",
        "feeds.toml",
        "strategies/balanced.toml",
    ]
    names += [f"scenarios/{p.name}" for p in sorted((PACKAGED / "scenarios").glob("*.toml"))]
    tables = [f"facts/{p.name}" for p in sorted((PACKAGED / "facts").glob("*.csv"))]
    return tuple(name for name in [*names * 3, *tables] if (PACKAGED / name).is_file())


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one damaged file.

    kind: ``refused`` by the check, ``free`` (passed, same decision), ``receipted`` (passed, another
    decision, a hash moved); or a fault: ``traceback``, ``late`` (passed the check, failed after),
    ``silent`` (another decision, the same hashes).
    """

    seed: int
    file: str
    change: str
    kind: str
    told: str = ""


FAULTS = frozenset({"traceback", "late", "silent"})


@lru_cache(maxsize=1)
def packaged_facts(lags: Lags) -> tuple[Fact, ...]:
    return read_tables(PACKAGED / "facts", lags)


def facts_in(folder: Path, lags: Lags) -> tuple[Fact, ...]:
    """The facts of a folder; those that ship are read once."""
    return packaged_facts(lags) if folder == PACKAGED / "facts" else read_tables(folder, lags)


@lru_cache(maxsize=1)
def packaged_problems(lags: Lags) -> tuple[str, ...]:
    return tuple(table_problems(PACKAGED / "facts", lags))


def check(folder: Path) -> list[str]:
    """``bind.check``, with the answer about tables that ship kept from the first time."""
    if (folder / "facts").is_dir():
        return bind.check(folder)
    answered = lambda _, lags: list(packaged_problems(lags))  # noqa: E731
    with patch.object(bind.tables, "problems", answered):
        return bind.check(folder)


@dataclass(frozen=True, slots=True)
class Said:
    """A decision and the hashes it carries."""

    text: str
    hashes: tuple[str, str]


def decide(folder: Path) -> Said:
    """The decision that a folder makes of its own tables, without a database."""
    config = bind.load(folder)
    feeds_of(config)
    world = wiring.world_of(History(facts_in(config.facts, config.settings.lags)), config, AS_OF)
    decision = wiring.assess(world, config, version="same code").decision
    hashes = (decision.config_hash, decision.data_hash)
    free = {"config_hash": "", "data_hash": ""}
    plain = {f: getattr(decision, f) for f in type(decision).__dataclass_fields__ if f not in free}
    return Said(repr(plain), hashes)


@lru_cache(maxsize=1)
def undamaged() -> Said:
    return decide(PACKAGED)


def attempt(seed: int, folder: Path) -> Outcome:
    """Damage one file of a fresh copy in ``folder`` and see what the product makes of it."""
    rng = random.Random(seed)
    name, change = rng.choice(targets()), rng.choice(CHANGES)
    left_out = ["__pycache__", "*.py", "headlines.csv"]
    left_out += [] if name.startswith("facts/") else ["facts"]
    shutil.copytree(PACKAGED, folder, ignore=shutil.ignore_patterns(*left_out))
    text = (folder / name).read_text(encoding="utf-8")
    (folder / name).write_text(change(text, rng), encoding="utf-8")

    def outcome(kind: str, told: str = "") -> Outcome:
        return Outcome(seed=seed, file=name, change=change.__name__, kind=kind, told=told[:300])

    try:
        problems = check(folder)
    except Exception as error:
        return outcome("traceback", repr(error))
    if problems:
        return outcome("refused", problems[0])
    try:
        said = decide(folder)
    except NvsignalError as error:
        return outcome("late", str(error))
    except Exception as error:
        return outcome("traceback", repr(error))
    if said.text == undamaged().text:
        return outcome("free")
    return outcome("silent" if said.hashes == undamaged().hashes else "receipted")


def trial(seed: int) -> Outcome:
    with tempfile.TemporaryDirectory() as place:
        return attempt(seed, Path(place) / "config")


def main(first: int, last: int) -> int:
    """Try the seeds from ``first`` to before ``last``; what passed and changed is told."""
    found = []
    for seed in range(first, last):
        found.append(trial(seed))
        if found[-1].kind in FAULTS | {"receipted"}:
            print(found[-1], flush=True)
        if len(found) % 50 == 0:
            print(f"{len(found)} of {last - first} tried", flush=True)
    for kind, n in sorted(Counter(o.kind for o in found).items()):
        print(f"{kind:10} {n}")
    return 1 if any(o.kind in FAULTS for o in found) else 0


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]] or [500]
    sys.exit(main(*(given if len(given) > 1 else [0, *given])))
