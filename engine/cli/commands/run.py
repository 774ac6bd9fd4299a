"""``nvsignal run`` and ``daily``: every morning, unattended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import ConfigDir, Db, Json, Lang, StrategyFile
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker
from engine.plain import safe_text

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.service.logs import Log
    from engine.service.runner import Runner
    from engine.service.schedule import RunKey

Offline = Annotated[bool, typer.Option("--offline", help="Ask no feed; decide with what is known.")]

LOCK_SECONDS = 30.0
"""How long ``daily`` waits for a process that is just finishing."""


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""

    @app.command()
    def run(
        db: Db = None,
        config: ConfigDir = None,
        strategy: StrategyFile = None,
        offline: Offline = False,
        every: Annotated[
            float, typer.Option(min=0.1, max=60, help="Seconds between two looks at the clock.")
        ] = 5.0,
    ) -> None:
        """Collect, decide, report and deliver, for ever; logs JSON lines to standard error."""
        import signal
        import threading

        from engine.clock import now
        from engine.service import runner as running

        stop = threading.Event()
        with _runner(db, config, strategy, offline=offline) as (runner, log):

            def end(number: int, _: object) -> None:
                """Finish what is under way; asked a second time, end at once, which is safe too."""
                signal.signal(number, signal.SIG_DFL)
                stop.set()

            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, end)
            running.serve(runner.cycle, stop, clock=now, log=log, seconds=every)
            log.info("stopped")

    @app.command()
    def daily(
        db: Db = None,
        config: ConfigDir = None,
        strategy: StrategyFile = None,
        offline: Offline = False,
        lang: Lang = None,
        json: Json = False,
    ) -> None:
        """Make the report that is due, deliver it and exit; for cron and systemd timers.

        Harmless at any hour and as often as you like: a session has one report. A report may be
        made up to 30 minutes early. Exit code 1 when a report failed or could not be sent, 3 when
        prices are stale.
        """
        from engine.service.lock import wait_for

        voice = speaker(lang, config)
        with _runner(db, config, strategy, offline=offline) as (runner, _):
            if not wait_for(runner.lock, LOCK_SECONDS):
                holder = runner.lock.holder()
                found: dict[str, Any] = {
                    "led_by": None if holder is None else holder.name,
                    "reports": [],
                }
                said = voice.say("nothing done: {leader} leads", leader=found["led_by"])
                write_out(to_json(found) if json else said)
                return
            found = _one_morning(runner)
            write_out(to_json(found) if json else _told(found, voice))
            if found["failed"] or found["not_sent"]:
                raise typer.Exit(1)
            if found["stale"]:
                raise typer.Exit(3)


@contextmanager
def _runner(
    db: str | None, config: str | None, strategy: str | None, *, offline: bool
) -> Iterator[tuple[Runner, Log]]:
    """Everything opened, and closed again whatever happens."""
    from config.settings import config_folder
    from engine.clock import now
    from engine.service import runner as running
    from engine.service import wiring
    from engine.service.bind import load
    from engine.service.channels import channels_of
    from engine.service.lock import leader_lock
    from engine.service.logs import Redactor, open_log, secrets_of

    loaded = load(config_folder(config), strategy)
    channels = channels_of(loaded)
    log = open_log(Redactor((*channels.secrets, *secrets_of(os.environ))))
    for problem in channels.problems:
        log.error("channel_unusable", why=problem)
    running.check_folder(running.report_folder(loaded))
    lock = leader_lock(db or wiring.default_db_url(loaded))
    with wiring.open_record(loaded, db) as store:
        runner = running.make_runner(
            store, loaded, lock=lock, log=log, clock=now, channels=channels, offline=offline
        )
        log.info("started", record=store.address, reports=str(runner.folder), next=runner.ahead())
        try:
            yield runner, log
        finally:
            lock.release()


def _one_morning(runner: Runner) -> dict[str, Any]:
    """Collect first, so that the report knows the night's news; then everything that is due."""
    from engine.service.schedule import AHEAD

    for key in runner.due():
        if key.job == "collect":
            runner.execute(key)
    wanted = [key for key in runner.due(ahead=AHEAD) if key.job == "report"]
    finished = runner.cycle(ahead=AHEAD)
    made = {key.acts_on for key in finished if key.job == "report"}
    newest = runner.newest_report()
    return {
        "led_by": runner.owner,
        "reports": [_as_row(key, runner) for key in wanted if key.acts_on in made],
        "failed": [str(key.acts_on) for key in wanted if key.acts_on not in made],
        "not_sent": runner.not_sent(),
        "stale": bool(made) and newest is not None and newest.stale,
        "next": runner.ahead(),
    }


def _as_row(key: RunKey, runner: Runner) -> dict[str, Any]:
    files = sorted(str(path) for path in runner.folder.glob(f"{key.acts_on}.*"))
    return {"acts_on": key.acts_on, "as_of": key.as_of, "files": files}


def _told(found: dict[str, Any], voice: Speaker) -> str:
    from engine.report.retold import retold

    lines, _ = list[str](), voice.say
    for row in found["reports"]:
        lines.append(_("report for {day}:", day=str(row["acts_on"])))
        lines += [f"  {path}" for path in row["files"]]
    lines += [_("report for {day}: failed, see the log", day=day) for day in found["failed"]]
    lines += [
        _("not sent, will be tried again: {why}", why=retold(safe_text(why), voice))
        for why in found["not_sent"]
    ]
    if not found["reports"] and not found["failed"]:
        lines.append(_("nothing due"))
    lines.append(_("next report {at}", at=voice.at(found["next"]["report"])))
    return "\n".join(lines)
