"""Known answers of a report's makers at edges that a sample of planted faults had found open."""

from __future__ import annotations

from pathlib import Path

from engine.report import catalogue
from engine.report.render import render
from tests.engine.report.sample_report import sample_report


def test_json_is_set_in_by_two_and_ends_with_a_line() -> None:
    text = render(sample_report(), "json")
    first, second, *_ = text.splitlines()
    assert (first, second[:3], text[-3:]) == ("{", '  "', "\n}\n")


def test_messages_stand_by_file_and_then_by_line(tmp_path: Path) -> None:
    """So that a sentence that moves within its file moves nothing else."""
    folders = [tmp_path / name for name in catalogue.SOURCES]
    for folder in folders:
        folder.mkdir()
    (folders[0] / "b.py").write_text('\n_("third")\n', encoding="utf-8")
    (folders[0] / "a.py").write_text('\n\n\n_("first")\n_("second")\n', encoding="utf-8")
    (folders[1] / "a.py").write_text('_("fourth")\n_("first")\n', encoding="utf-8")
    found = [m for m in catalogue.extract(tmp_path) if m.id]
    assert [m.id for m in found] == ["first", "second", "third", "fourth"]
    places = [(f"{catalogue.SOURCES[n]}/a.py", 1) for n in (0, 1)]
    assert found[0].locations == places
