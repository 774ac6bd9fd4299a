"""One command registered alone is the command of the whole application."""

from __future__ import annotations

import pkgutil

import pytest
import typer

from engine.cli import commands
from engine.cli.main import build

NAMES = {
    command.name or command.callback.__name__.rstrip("_").replace("_", "-")
    for command in build().registered_commands
    if command.callback
} | {str(group.name) for group in build().registered_groups}
MODULES = sorted(module.name for module in pkgutil.iter_modules(commands.__path__))


@pytest.mark.parametrize("module", [name for name in MODULES if name in NAMES])
def test_a_module_called_like_a_command_brings_it(module: str) -> None:
    alone, whole = (typer.main.get_command(build(first)) for first in (module, ""))
    context = typer.Context(whole)

    assert isinstance(alone, typer.core.TyperGroup)  # so that its name is still the first word
    assert isinstance(whole, typer.core.TyperGroup)
    told = [app.get_command(context, module) for app in (alone, whole)]
    assert None not in told
    helps = [
        command.get_help(typer.Context(command, info_name=module)) for command in told if command
    ]
    assert helps[0] == helps[1]


def test_any_other_first_word_finds_every_command() -> None:
    assert len(build("imports").registered_groups) <= len(build().registered_groups)
    assert len(build("reprot").registered_commands) == len(build().registered_commands)
