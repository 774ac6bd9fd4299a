"""``nvsignal doctor``: what could keep tomorrow's report from coming, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from engine.cli.options import ConfigDir, Db, Json
from engine.cli.output import to_json, write_out
from engine.plain import safe_text

if TYPE_CHECKING:
    from engine.service.doctor import Finding


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def doctor(db: Db = None, config: ConfigDir = None, json: Json = False) -> None:
        """Check clock, disk, database, feeds, runs and channels; exit code 1 on an error.

        Asks no feed, sends nothing and writes nothing.
        """
        from config.settings import config_folder
        from engine.clock import now
        from engine.service.doctor import examine, worst

        findings = examine(config_folder(config), db, now())
        level = worst(findings)
        if json:
            write_out(to_json({"worst": level, "findings": findings}))
        else:
            write_out(_text(findings))
        if level == "error":
            raise typer.Exit(1)


_ORDER = {"error": 0, "warning": 1, "ok": 2}


def _text(findings: Sequence[Finding]) -> str:
    """Errors first; a remedy on a line of its own below what it mends."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", max_width=22)
    table.add_column(overflow="fold")
    for finding in sorted(findings, key=lambda f: _ORDER[f.level]):
        told = safe_text(finding.message)
        if finding.remedy:
            told += f"\n→ {safe_text(finding.remedy)}"
        table.add_row(finding.level, Text(safe_text(finding.check)), Text(told))
    console = Console(width=80, color_system=None, highlight=False)
    with console.capture() as capture:
        console.print(table)
    errors = sum(f.level == "error" for f in findings)
    warnings = sum(f.level == "warning" for f in findings)
    lines = [line.rstrip() for line in capture.get().splitlines()]
    return "\n".join([*lines, "", f"{errors} errors, {warnings} warnings"])
