"""``nvsignal register`` and ``heldback``: say beforehand, and run what nobody had seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import ConfigDir, Db, Json, Lang
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker
from engine.errors import DataError, InputError
from engine.phrases import phrase

if TYPE_CHECKING:
    from engine.report.i18n import Speaker

PRESETS = "balanced,cautious,conviction"
Presets = Annotated[str, typer.Option(help="Presets, separated by commas.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    _register(app)
    _heldback(app)


def _register(app: typer.Typer) -> None:
    @app.command("register")
    def statement(
        first: Annotated[
            str | None, typer.Option("--from", metavar="DATE", help="First session judged.")
        ] = None,
        until: Annotated[
            str | None, typer.Option(metavar="DATE", help="Last session judged.")
        ] = None,
        strategy: Presets = PRESETS,
        held_back: Annotated[
            bool, typer.Option("--held-back", help="The months have begun: held back, not forward.")
        ] = False,
        out: Annotated[
            Path | None, typer.Option(help="Also write the statements to this file.")
        ] = None,
        verify: Annotated[
            Path | None,
            typer.Option(help="Instead: does this version still make the decisions sealed here?"),
        ] = None,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Seal rules, code, record and decisions before the months they will be judged on."""
        if verify is not None:
            _verify(verify, db, config, speaker(lang, config), json=json)
            return
        if first is None or until is None:
            raise InputError(
                phrase("a period is needed"), remedy=phrase("--from 2026-12-01 --until 2027-11-30")
            )
        from engine.cli.said.register import sealed_text
        from engine.clock import now
        from engine.files import write_file
        from engine.service import registering
        from engine.service.history import parse_day

        told, head, instant = [], "", now()
        begins, ends = parse_day(first, "--from"), parse_day(until, "--until")
        assert begins is not None
        assert ends is not None
        for store, loaded in _each(strategy, db, config):
            said = registering.statement(
                store, loaded, first=begins, until=ends, now=instant, held_back=held_back
            )
            head = registering.register(store, said, instant).entry_hash
            told.append(said)
        if out is not None:
            write_file(out, registering.statement_text(told), make_folder=True)
        if json:
            write_out(to_json({"entry_hash": head, "statements": told}))
        else:
            write_out(sealed_text(told, head, speaker(lang, config)))


def _each(names: str, db: str | None, config: str | None) -> Any:
    """(record, configuration) of each preset named, one record open at a time."""
    from config.settings import config_folder
    from engine.service import wiring
    from engine.service.bind import load

    for name in dict.fromkeys(n.strip() for n in names.split(",") if n.strip()):
        loaded = load(config_folder(config), name)
        with wiring.open_record(loaded, db) as store:
            yield store, loaded


def _verify(path: Path, db: str | None, config: str | None, voice: Speaker, *, json: bool) -> None:
    from engine.cli.said.register import verified_text
    from engine.service import registering

    found: dict[str, Any] = {}
    for told in registering.read_statements(path):
        for store, loaded in _each(told["preset"], db, config):
            found[told["preset"]] = registering.differences(told, store, loaded)
    moved = [name for name, gone in found.items() if registering.breaks(gone)]
    if json:
        write_out(to_json({"reproduced": not moved, "differences": found}))
    else:
        for name, gone in found.items():
            write_out(verified_text(name, name in moved, gone, voice))
    if moved:
        raise DataError(
            phrase(
                "{moved}: what was sealed is not what this version decides", moved=", ".join(moved)
            ),
            remedy=phrase("register the new rules anew, for months that have not begun"),
        )


def _heldback(app: typer.Typer) -> None:
    @app.command()
    def heldback(
        strategy: Presets = PRESETS,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Run the registered presets once over the months whose prices nobody had seen."""
        from engine.cli.said.register import again_text, run_text
        from engine.clock import now
        from engine.service import heldback as months

        instant, runs = now(), []
        for store, loaded in _each(strategy, db, config):
            found = months.run(store, loaded, now=instant)
            runs.append((found, *months.keep(store, found, instant)))
        if json:
            write_out(
                to_json(
                    [
                        {**r.plain(), "first_run": first, "same_as_first": same}
                        for r, first, same in runs
                    ]
                )
            )
            return
        voice = speaker(lang, config)
        write_out(run_text([r for r, _, _ in runs], voice))
        for found, first, same in runs:
            if not first:
                write_out(again_text(found.preset, same, voice))
