"""Options shared by commands."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE|INSTANT|now|today|last",
        help="What was known by the end of this New York day, or by this instant; "
        "'last' is the last evening with prices.",
    ),
]
Db = Annotated[
    str | None, typer.Option("--db", metavar="URL", help="Record to use instead of the default.")
]
ConfigDir = Annotated[
    str | None, typer.Option("--config", metavar="DIR", help="Folder with nvsignal.toml.")
]
StrategyFile = Annotated[
    str | None,
    typer.Option("--strategy", metavar="NAME|FILE", help="Preset or strategy file to decide with."),
]
Lang = Annotated[
    str | None, typer.Option("--lang", help="en or fr; default: the configured language.")
]
