"""``nvsignal version``."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def version() -> None:
        """Print the version."""
        from importlib.metadata import version as installed

        typer.echo(installed("nvsignal"))
