"""``nvsignal config check|init|schema|show``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.options import ConfigDir, Json, Lang
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker
from engine.errors import ConfigError, UnknownNameError
from engine.phrases import phrase


def register(app: typer.Typer) -> None:
    """Add the command group to ``app``."""
    group = typer.Typer(no_args_is_help=True, help="Check and describe the configuration.")
    app.add_typer(group, name="config")

    @group.command()
    def check(lang: Lang = None, config: ConfigDir = None, json: Json = False) -> None:
        """List every problem of every configuration file; touches no network and no database."""
        from config.settings import config_folder
        from engine.clock import now
        from engine.service import bind

        folder = config_folder(config)
        problems = bind.check(folder)
        warnings = [] if problems else bind.warnings(folder, now())
        if json:
            found = {"problems": problems, "warnings": warnings}
            write_out(to_json({"folder": str(folder), "ok": not problems, **found}))
            if problems:
                raise typer.Exit(2)
            return
        if problems:
            raise ConfigError(problems)
        voice = speaker(lang, config)
        for line in warnings:
            write_out(voice.say("note: {note}", note=line))
        write_out(voice.say("{folder}: every file is in order", folder=str(folder)))

    @group.command()
    def init(
        folder: Annotated[
            Path | None, typer.Argument(help="~/.config/nvsignal unless given.")
        ] = None,
        lang: Lang = None,
    ) -> None:
        """Write a configuration folder of your own, which an upgrade leaves alone."""
        from config.settings import config_folder, user_folder
        from engine.files import at_home, real
        from engine.service import bind, own_folder
        from engine.service.collecting import mute_line

        chosen = at_home(folder or user_folder())
        written = own_folder.init(chosen)
        voice = speaker(lang, str(chosen))
        write_out(
            voice.say(
                "{folder}: {new} files written, {kept} kept as they are",
                folder=str(chosen),
                new=len(written.new),
                kept=len(written.kept),
            )
        )
        if real(config_folder()) != real(chosen):
            command = f"export NVSIGNAL_CONFIG={chosen}"
            write_out(voice.say("To use it: {command}", command=command))
        unread = "" if bind.check(chosen) else mute_line(bind.load(chosen))
        if unread:
            file = str(chosen / "nvsignal.toml")
            write_out(voice.say("{why}; set mail under [contact] in {file}", why=unread, file=file))

    @group.command()
    def schema(
        name: Annotated[
            str,
            typer.Argument(
                help="nvsignal, strategy, events, feeds, threat, scenario, holding, whatif."
            ),
        ] = "strategy",
    ) -> None:
        """Print the JSON Schema of a file, for editors that complete TOML."""
        from config.settings import schemas

        known = schemas()
        if name not in known:
            raise UnknownNameError(phrase("configuration file"), name, known)
        write_out(to_json(known[name]))

    @group.command()
    def show(lang: Lang = None, config: ConfigDir = None, json: Json = False) -> None:
        """List the presets and their voices."""
        from config import settings

        folder = settings.config_folder(config)
        rows = []
        for path in sorted((folder / "strategies").glob("*.toml")):
            chosen = settings.load(folder, str(path)).strategy
            rows.append(
                {
                    "name": chosen.name,
                    "description": chosen.description,
                    "exit_below": chosen.decision.exit_below,
                    "enter_above": chosen.decision.enter_above,
                    "weights": {v.use.split(":")[1]: v.weight for v in chosen.strategy},
                }
            )
        if json:
            write_out(to_json(rows))
            return
        voice = speaker(lang, config)
        for row in rows:
            told = voice.shipped(str(row["description"]))
            write_out(voice.pair(str(row["name"]), told))
            lines = voice.say(
                "SELL below {exit:+.2f}, HOLD again above {enter:+.2f}",
                exit=row["exit_below"],
                enter=row["enter_above"],
            )
            write_out(f"  {lines}")
