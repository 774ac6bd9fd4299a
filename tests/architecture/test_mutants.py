"""The planted faults are faults: each kind shows on a line of its own, and the rest stays."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tests.mutants.__main__ as mutants
from tests.mutants.faults import drawn, faults

SOURCE = '''
"""A docstring with 42 and a < b."""

LIMIT_S: int = 30


def worth(rows: list[int], known_at: int, wide: bool = False) -> int:
    """Say 7 - 3."""
    if not rows or known_at < 5:
        raise ValueError("at least 12 rows")
    return max(rows[:-1]) * 2 - known_at
'''


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("sign", "return (max(rows[:-1]) * 2 + known_at)"),
        ("boundary", "if not rows or (known_at <= 5):"),
        ("turned", "if (not rows and known_at < 5):"),
        ("swapped", "return (max(rows[:-1]) / 2) - known_at"),
        ("dropped", "return max(rows[:-1]) - known_at"),
        ("unit", "LIMIT_S: int = 60"),
        ("look_ahead", "return max(rows[:]) * 2 - known_at"),
        ("flipped", "if not rows or (known_at > 5):"),
        ("nudged", "LIMIT_S: int = 31"),
        ("guard", "if False:"),
        ("default", "def worth(rows: list[int], known_at: int, wide: bool = True) -> int:"),
    ],
)
def test_each_kind_of_fault_is_planted_where_it_belongs(kind: str, after: str) -> None:
    planted = [f for f in faults(SOURCE) if f.kind == kind]
    assert after in [f.after for f in planted]
    for fault in planted:
        changed = [
            n
            for n, (a, b) in enumerate(
                zip(SOURCE.split("\n"), fault.source.split("\n"), strict=True)
            )
            if a != b
        ]
        assert changed == [fault.line - 1]


def test_no_fault_touches_what_nobody_runs() -> None:
    for fault in faults(SOURCE):
        assert "docstring with 42 and a < b" in fault.source
        assert "Say 7 - 3." in fault.source
        assert "at least 12 rows" in fault.source
        ast.parse(fault.source)


def test_a_seed_draws_the_same_faults_and_every_kind_has_its_turn() -> None:
    first = drawn({"a.py": SOURCE}, 8, 3)
    assert first == drawn({"a.py": SOURCE}, 8, 3)
    assert len({fault.kind for _, fault in first}) == 8


def test_only_the_test_files_that_changed_are_watched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def watch(root: Path, tests: list[str]) -> dict[str, dict[str, object]]:
        asked.append(tests)
        return {f"{t}::test_it": {"s": 0.1, "calls": []} for t in tests}

    monkeypatch.setattr(mutants, "_watch", watch)
    for name in ("engine/part.py", "tests/part/test_a.py", "tests/part/test_b.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("pass\n", encoding="utf-8")
    part = mutants.Part(modules=("engine",), tests=("tests/part",))
    both = ["tests/part/test_a.py", "tests/part/test_b.py"]
    for change, again in (
        (None, both),
        (None, None),
        ("tests/part/test_b.py", both[1:]),
        ("engine/part.py", both),
    ):
        asked.clear()
        if change:
            (tmp_path / change).write_text("1\n", encoding="utf-8")
        calls = mutants.watched(tmp_path, part, tmp_path / "kept.json")
        assert asked == ([again] if again else [])
        assert set(calls) == {f"{t}::test_it" for t in both}


def test_a_fault_meets_the_quickest_tests_that_its_budget_allows() -> None:
    calls: mutants.Calls = {
        f"t{n}": {"s": s, "calls": []} for n, s in enumerate((60.0, 40.0, 0.1, 1.0))
    }
    assert mutants.affordable(["t0", "t1", "t2"], calls) == ["t0", "t1"]
    assert mutants.affordable(["t0", "t3", "t1"], calls) == ["t0", "t3"]
    calls["t0"]["s"] = 500.0
    assert mutants.affordable(["t0", "t3"], calls) == ["t0"]
    assert mutants.affordable([], calls) == []


def test_no_fault_is_planted_that_cannot_show() -> None:
    """``strict`` of ``zip`` says what holds anyway; every other switch is turned."""
    source = "pairs = zip(a, b, strict=True)\nfound = sorted(a, reverse=True)\n"
    turned = [f.after for f in faults(source) if f.kind == "default"]
    assert turned == ["found = sorted(a, reverse=False)"]
