"""``nvsignal collect`` and ``feeds``: ask the sources now, and how each of them is doing."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.app.options import ConfigDir, Db, Json
from engine.app.output import fail, safe_text, to_json, write_out
from engine.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from engine.app.collecting import Collected
    from engine.values import SourceHealth
    from feeds.base import FeedsConfig
    from feeds.collect import FeedResult, Progress

OFFLINE = "offline: no source could be reached; the record is as it was"
_WIDTH = 80


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""

    @app.command()
    def collect(
        feed: Annotated[
            list[str] | None, typer.Argument(metavar="FEED…", help="Only these feeds.")
        ] = None,
        force: Annotated[
            bool, typer.Option("--force", help="Ask also the feeds that are not due yet.")
        ] = False,
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Ask the sources that are due, then classify what came and write events and releases."""
        from config.settings import config_folder, load
        from engine.app import collecting, wiring
        from engine.clock import now

        loaded = load(config_folder(config))
        names = feed or []
        _need_enabled(collecting.feeds_of(loaded), names)
        instant = now()
        with wiring.open_record(loaded, db) as store, _progress() as progress:
            done = collecting.collect_and_ingest(
                store, loaded, instant, names=names, force=force, progress=progress
            )
        if json:
            write_out(to_json(summary_of(done)))
        elif not done.offline:
            write_out(summary_text(done))
        if done.offline:
            fail(OFFLINE)
        if done.offline or _nothing_worked(done):
            raise typer.Exit(1)

    @app.command()
    def feeds(db: Db = None, config: ConfigDir = None, json: Json = False) -> None:
        """List the sources with their health, as their polls left it in the record."""
        from config.settings import config_folder, load
        from engine.app import collecting, wiring
        from engine.clock import now

        loaded = load(config_folder(config))
        known = collecting.feeds_of(loaded)
        with wiring.open_record(loaded, db) as store:
            health = collecting.feed_health(store, known, now())
            states = store.poll_states()
        due = {name: state.next_due_at for name, state in states.items()}
        if json:
            write_out(to_json(health_rows(known, health, due)))
            return
        write_out(health_text(health, due))


def _need_enabled(known: FeedsConfig, names: Sequence[str]) -> None:
    for one in known.named(names):
        if not one.enabled:
            raise InputError(
                f"feed '{one.name}' is switched off",
                remedy="set enabled = true in its stanza of feeds.toml",
            )


def _nothing_worked(done: Collected) -> bool:
    from engine.app import collecting

    return bool(done.summary.count("failed")) and not done.summary.count(*collecting.ANSWERED)


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A bar on standard error while it is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("asking", total=None)

        def show(done: int, total: int, result: FeedResult) -> None:
            bar.update(task, completed=done, total=total, description=safe_text(result.feed))

        yield show


# --- collect --------------------------------------------------------------------------------


def summary_of(done: Collected) -> dict[str, Any]:
    """What ``collect --json`` prints."""
    from engine.app import collecting

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


def summary_text(done: Collected) -> str:
    """One row a feed that was asked, what the news told, and how many were left alone."""
    asked = [r for r in done.summary.results if r.status != "not_due"]
    table = _table(("feed", "result"), ("new", "changed", "same"), "why")
    for result in asked:
        table.add_row(
            _plain(result.feed, 24),
            result.status,
            *(f"{n:,}" if n else "·" for n in (result.new, result.changed, result.unchanged)),
            _plain(_why(result), 160),
        )
    lines = [_rendered(table)] if asked else []
    return "\n".join([*lines, *_closing(done)])


def _why(result: FeedResult) -> str:
    """The reason in few words: the feed's own name stands in the first column already."""
    text = result.why or (result.problems[0] if result.problems else "")
    return text.removeprefix(f"{result.feed}: ")


def _closing(done: Collected) -> list[str]:
    from engine.app import collecting

    summary, told = done.summary, done.ingested
    answered, failed = summary.count(*collecting.ANSWERED), summary.count(*collecting.FAILED)
    waiting, put_off = summary.count("not_due"), summary.count("deferred")
    hint = "  (--force asks them too)" if waiting and not answered else ""
    lines = [
        f"{answered} answered, {failed} failed, {put_off} put off, {waiting} not due, "
        f"in {summary.seconds:.1f} s{hint}"
    ]
    if told.classified:
        silent = told.irrelevant + told.abstained + told.archive
        lines.append(
            f"{_many(told.classified, 'item', 'items')} read: "
            f"{_many(told.stories, 'new story', 'new stories')}, {told.grown} grown, "
            f"{silent} told nothing ({told.abstained} unsure, {told.archive} too old)"
        )
    if told.releases or told.updated:
        new = _many(told.releases, "new model release", "new model releases")
        lines.append(f"{new}, {told.updated} updated")
    return lines


def _many(n: int, one: str, more: str) -> str:
    return f"{n:,} {one if n == 1 else more}"


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
            }
        )
    return rows


def health_text(health: Sequence[SourceHealth], due: dict[str, datetime | None]) -> str:
    """One row a feed: the ill first, tier 1 before the others."""
    table = _table(("feed", "tier", "state", "last ok", "next"), (), "note")
    ordered = sorted(health, key=lambda s: (s.state.value in ("ok", "empty"), s.tier))
    for source in ordered:
        table.add_row(
            _plain(source.name, 20),
            str(source.tier),
            source.state.value,
            _when(source.last_ok_at),
            _when(due.get(source.name)),
            _plain(source.note, 120),
        )
    good = sum(source.state.value == "ok" for source in health)
    return f"{_rendered(table)}\n{good} of {len(health)} sources up to date; times are UTC"


def _when(instant: datetime | None) -> str:
    return "never" if instant is None else f"{instant:%m-%d %H:%M}"


# --- both -----------------------------------------------------------------------------------


def _plain(text: str, limit: int) -> Any:
    """Outside text for a table: one line, no control characters, no markup."""
    from rich.text import Text

    return Text(" ".join(safe_text(text, limit=limit).split()))


def _table(words: Sequence[str], numbers: Sequence[str], last: str) -> Any:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in words:
        table.add_column(name, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(last, overflow="fold")
    return table


def _rendered(table: Any) -> str:
    from rich.console import Console

    console = Console(width=_WIDTH, color_system=None, highlight=False)
    with console.capture() as capture:
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
