"""``make bench``: every ``bench_*.py`` beside this file, one table, ratios measured in one run."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

COLUMNS = ("what", "ours", "theirs", "ratio", "target", "note")


def main(names: list[str]) -> None:
    console = Console(width=150)
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        if names and path.stem.removeprefix("bench_") not in names:
            continue
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        table = Table(title=path.stem.removeprefix("bench_"), title_justify="left")
        for column in COLUMNS:
            table.add_column(column, overflow="fold")
        for row in module.rows():
            table.add_row(*(_shown(row.get(c, "")) for c in COLUMNS))
        console.print(table)


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main(sys.argv[1:])
