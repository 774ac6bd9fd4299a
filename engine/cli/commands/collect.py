"""``nvsignal collect`` and ``feeds``: ask the sources now, and how each of them is doing."""

from __future__ import annotations

import sys
import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import ConfigDir, Db, Json
from engine.cli.output import fail, to_json, write_out
from engine.errors import InputError
from engine.phrases import phrase
from engine.plain import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from engine.service.collecting import Collected
    from engine.shown import SourceHealth
    from feeds.base import FeedConfig, FeedsConfig
    from feeds.collect import FeedResult, Progress

OFFLINE = "offline: no source could be reached; the record is as it was"
_WIDTH = 80


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
        db: Db = None,
        config: ConfigDir = None,
        json: Json = False,
    ) -> None:
        """Ask the sources that are due, then classify what came and write events and releases."""
        from config.settings import config_folder
        from engine.clock import now
        from engine.service import collecting, wiring
        from engine.service.bind import load

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
        from config.settings import config_folder
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
        write_out(health_text(known, health, due))


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
            now = safe_text(result.feed) if done < total else "reading the news"
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


def summary_text(done: Collected) -> str:
    """One row a feed that was asked, what the news told, and how many were left alone."""
    asked = [r for r in done.summary.results if r.status != "not_due"]
    rows = [
        (
            (r.feed, r.status, *(f"{n:,}" if n else "·" for n in (r.new, r.changed, r.unchanged))),
            _why(r),
        )
        for r in asked
    ]
    table = _table(("feed", "result", "new", "changed", "same"), "<<>>>", rows) if rows else []
    return "\n".join([*table, *_closing(done)])


def _why(result: FeedResult) -> str:
    """The reason in few words: the feed's own name stands in the first column already."""
    text = result.why or (result.problems[0] if result.problems else "")
    return text.removeprefix(f"{result.feed}: ")


def _closing(done: Collected) -> list[str]:
    from engine.service import collecting

    summary, told = done.summary, done.ingested
    answered, failed = summary.count(*collecting.ANSWERED), summary.count(*collecting.FAILED)
    waiting, put_off = summary.count("not_due"), summary.count("deferred")
    hint = "  (--force asks them too)" if waiting and not answered else ""
    lines = [
        f"{answered} answered, {failed} failed, {put_off} put off, {waiting} not due, "
        f"in {summary.seconds:.1f} s{hint}"
    ]
    if told.classified:
        silent = told.irrelevant + told.abstained + told.unread + told.archive
        lines += [
            f"{_many(told.classified, 'item', 'items')} read: "
            f"{_many(told.stories, 'new story', 'new stories')}, {told.grown} grown",
            f"{silent} told nothing ({told.abstained} unsure, {told.unread} unread, "
            f"{told.archive} told already or too old)",
        ]
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
                "fallback": feed.fallback,
                "when_silent": feed.when_silent,
            }
        )
    return rows


def health_text(
    known: FeedsConfig, health: Sequence[SourceHealth], due: dict[str, datetime | None]
) -> str:
    """One row a feed: the ill first, tier 1 before the others, with what their silence costs."""
    stanzas = {feed.name: feed for feed in known.feeds}
    rows = [
        (
            (s.name, str(s.tier), s.state.value, _when(s.last_ok_at), _when(due.get(s.name))),
            _said_of(s, stanzas[s.name]),
        )
        for s in sorted(health, key=lambda s: (s.state.value in ("ok", "empty"), s.tier))
    ]
    table = _table(("feed", "tier", "state", "last ok", "next"), "<<<<<", rows)
    good = sum(source.state.value == "ok" for source in health)
    return "\n".join([*table, f"{good} of {len(health)} sources up to date; times are UTC"])


def _said_of(source: SourceHealth, feed: FeedConfig) -> str:
    """The note, and of an important source that is ill who stands in and what is missed."""
    if source.state.value == "never" and not source.mute:
        return ""
    told = [source.note]
    if source.state.blind and feed.tier < 3:
        told += [f"meanwhile {feed.fallback}"] if feed.fallback else []
        told += [feed.when_silent] if feed.when_silent else []
    return "; ".join(part for part in told if part)


def _when(instant: datetime | None) -> str:
    return "never" if instant is None else f"{instant:%m-%d %H:%M}"


# --- both -----------------------------------------------------------------------------------


def _table(
    names: Sequence[str], aligned: str, rows: Sequence[tuple[Sequence[str], str]]
) -> list[str]:
    """Aligned lines; the note of a row stands below it, so that names are never cut.

    aligned: ``<`` or ``>`` for each column. Cells and notes may be anybody's text.
    """
    safe = [([_plain(cell, 64) for cell in cells], _plain(note, 240)) for cells, note in rows]
    widths = [
        max(len(line[i]) for line in [list(names), *(cells for cells, _ in safe)])
        for i in range(len(names))
    ]

    def line(cells: Sequence[str]) -> str:
        parts = (f"{c:{a}{w}}" for c, a, w in zip(cells, aligned, widths, strict=True))
        return "  ".join(parts).rstrip()

    lines = [line(names)]
    for cells, note in safe:
        lines.append(line(cells))
        lines += textwrap.wrap(note, _WIDTH, initial_indent="    ", subsequent_indent="    ")
    return lines


def _plain(text: str, limit: int) -> str:
    """Outside text on one line, without control characters."""
    return " ".join(safe_text(text, limit=limit).split())
