"""The command line: a thin shell around the rooms; every command takes ``--json``.

Nothing heavy is imported here, nor at the top of a command module, so that ``nvsignal --help``
answers at once. Errors meant for the user leave through one door: one line on standard error and a
non-zero exit code.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from itertools import pairwise

import typer

from engine.cli import commands
from engine.cli.address import hide_password
from engine.cli.output import ClosedOutput, fail, redacted, standard_output, unexpected
from engine.errors import NvsignalError
from engine.phrases import phrase


def build(first: str = "") -> typer.Typer:
    """The application with every command module registered, in alphabetical order.

    first: the first word of the command line; where a module is called so, it alone is registered,
    unless it answers for all the others.
    """
    app = typer.Typer(
        name="nvsignal",
        help="HOLD or SELL Nvidia, every morning: how sure, why, and what would flip it.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help: rich alone costs 0.15 s before the first line
        add_completion=False,
    )
    names = sorted(module.name for module in pkgutil.iter_modules(commands.__path__))
    if first in names and first not in ANSWERING:
        names = [first]
        app.callback()(_several)
    for name in names:
        importlib.import_module(f"{commands.__name__}.{name}").register(app)
    return app


ANSWERING = frozenset({"mcp", "serve"})
"""Commands that answer programs with what every other command prints."""


def _several() -> None:
    """A group, though one command alone is registered: Typer would leave out its name."""


def main(argv: list[str] | None = None) -> None:
    """Entry point of the console script."""
    sys.stdout = sys.stdout or ClosedOutput()
    # Nobody's plug-in changes what a configuration means; to look for one costs 40 ms.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if argv is None:
        hide_password()
    words = sys.argv[1:] if argv is None else argv
    try:
        with standard_output():
            try:
                build(*words[:1])(args=argv)
            finally:  # a loss is told here, once, and not by Python's own exit
                sys.stdout.flush()
    except NvsignalError as error:
        fail(redacted(_told(error, words)))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        fail(_told(NvsignalError(phrase("interrupted; what was recorded so far is kept")), words))
        sys.exit(130)
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        shows = phrase("{switch} shows where; please report it", switch=f"{DEBUG}=1")
        fail(_told(NvsignalError(unexpected(error), remedy=shows), words))
        sys.exit(1)


def _told(error: NvsignalError, argv: Sequence[str]) -> str:
    """``error`` in the language asked for with ``--lang``, else in the configured one."""
    from engine.cli.speech import configured
    from engine.report.faults import fault_lines
    from engine.report.i18n import voice

    try:
        lang = _given("--lang", argv) or configured(_given("--config", argv))
        return str(error) if lang[:2] == "en" else "\n".join(fault_lines(error, voice(lang)))
    except NvsignalError:  # a language or a folder that there is not, which may be the very error
        return str(error)


def _given(option: str, argv: Sequence[str]) -> str | None:
    """The last value of ``option`` on the command line; None where it does not stand there."""
    found = [after for before, after in pairwise(argv) if before == option]
    found += [word.partition("=")[2] for word in argv if word.startswith(f"{option}=")]
    return found[-1] if found else None


DEBUG = "NVSIGNAL_DEBUG"


if __name__ == "__main__":
    main()
