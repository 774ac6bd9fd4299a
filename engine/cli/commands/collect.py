"""``nvsignal collect`` and ``feeds``: ask the sources now, and how each of them is doing."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import ConfigDir, Db, Json, Lang
from engine.cli.output import fail, to_json, write_out
from engine.cli.speech import speaker
from engine.errors import InputError
from engine.phrases import phrase
from engine.plain import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from engine.report.i18n import Speaker
    from engine.service.collecting import Collected
    from engine.shown import SourceHealth
    from feeds.base import FeedsConfig
    from feeds.collect import FeedResult, Progress

OFFLINE = phrase("offline: no source could be reached; the record is as it was")


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""

    @app.command()
    def collect(
        feed: Annotated[
            list[str] | None, typer.Argument(metavar="FEED", help="Only these feeds.")
        ] = None,
        force: Annotated[
            bool, typer.Option("--force", help="Ask also the feeds that are not due yet.")
        ] = False,
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Ask the sources that are due, then classify what came and write events and releases."""
        from config.settings import config_folder
        from engine.cli.said.collect import summary_text
        from engine.clock import now
        from engine.service import collecting, wiring
        from engine.service.bind import load

        loaded, voice = load(config_folder(config)), speaker(lang, config)
        names = feed or []
        _need_enabled(collecting.feeds_of(loaded), names)
        instant = now()
        with wiring.open_record(loaded, db) as store, _progress(voice) as progress:
            done = collecting.collect_and_ingest(
                store, loaded, instant, names=names, force=force, progress=progress
            )
        if json:
            write_out(to_json(summary_of(done)))
        elif not done.offline:
            write_out(summary_text(done, voice))
        if done.offline:
            fail(voice.tell(OFFLINE))
        if done.offline or _nothing_worked(done):
            raise typer.Exit(1)

    @app.command()
    def feeds(
        lang: Lang = None, db: Db = None, config: ConfigDir = None, json: Json = False
    ) -> None:
        """List the sources with their health, as their polls left it in the record."""
        from config.settings import config_folder
        from engine.cli.said.collect import health_text
        from engine.clock import now
        from engine.service import collecting, wiring
        from engine.service.bind import load

        loaded = load(config_folder(config))
        known = collecting.feeds_of(loaded)
        with wiring.open_record(loaded, db) as store:
            health = collecting.feed_health(store, loaded, now())
            states = store.poll_states()
        due = {name: state.next_due_at for name, state in states.items()}
        if json:
            write_out(to_json(health_rows(known, health, due)))
            return
        write_out(health_text(known, health, due, speaker(lang, config)))


def _need_enabled(known: FeedsConfig, names: Sequence[str]) -> None:
    for one in known.named(names):
        if not one.enabled:
            raise InputError(
                phrase("feed '{name}' is switched off", name=one.name),
                remedy=phrase("set enabled = true in its stanza of feeds.toml"),
            )


def _nothing_worked(done: Collected) -> bool:
    from engine.service import collecting

    return bool(done.summary.count("failed")) and not done.summary.count(*collecting.ANSWERED)


@contextmanager
def _progress(voice: Speaker) -> Iterator[Progress | None]:
    """A bar on standard error while it is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(voice.say("asking"), total=None)

        def show(done: int, total: int, result: FeedResult) -> None:
            now = safe_text(result.feed) if done < total else voice.say("reading the news")
            bar.update(task, completed=done, total=total, description=now)

        yield show


# --- collect --------------------------------------------------------------------------------


def summary_of(done: Collected) -> dict[str, Any]:
    """What ``collect --json`` prints."""
    from engine.service import collecting

    summary = done.summary
    return {
        "at": summary.now,
        "offline": done.offline,
        "seconds": round(summary.seconds, 3),
        "totals": {
            "new": summary.new,
            "changed": summary.changed,
            "unchanged": sum(r.unchanged for r in summary.results),
            "failed": summary.count(*collecting.FAILED),
            "deferred": summary.count("deferred"),
            "not_due": summary.count("not_due"),
        },
        "ingested": done.ingested,
        "feeds": [
            {
                "feed": r.feed,
                "status": r.status,
                "state": r.state,
                "new": r.new,
                "changed": r.changed,
                "unchanged": r.unchanged,
                "why": safe_text(r.why),
                "problems": [safe_text(p) for p in r.problems],
                "seconds": round(r.seconds, 3),
            }
            for r in summary.results
        ],
    }


# --- feeds ----------------------------------------------------------------------------------


def health_rows(
    known: FeedsConfig, health: Sequence[SourceHealth], due: dict[str, datetime | None]
) -> list[dict[str, Any]]:
    """What ``feeds --json`` prints: every stanza, the ones switched off with state ``off``."""
    by_name = {source.name: source for source in health}
    rows = []
    for feed in known.feeds:
        source = by_name.get(feed.name)
        rows.append(
            {
                "feed": feed.name,
                "label": feed.source,
                "tier": feed.tier,
                "state": source.state if source else "off",
                "last_ok_at": source.last_ok_at if source else None,
                "newest_at": source.newest_at if source else None,
                "next_due_at": due.get(feed.name),
                "entries": source.n_facts if source else None,
                "note": safe_text(source.note) if source else "",
                "fallback": feed.fallback,
                "when_silent": feed.when_silent,
            }
        )
    return rows
