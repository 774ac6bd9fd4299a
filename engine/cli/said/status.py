"""``nvsignal status`` in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engine.cli.said import told
from engine.report.blocks import Block, Line, Lines, Note, plain_table
from engine.report.i18n import Said
from engine.report.retold import retold
from engine.report.typography import clean

if TYPE_CHECKING:
    from engine.report.i18n import Speaker


def text_of(found: dict[str, Any], voice: Speaker) -> str:
    """The record in figures, then what ran, what runs next, and which sources are not well."""
    return told(
        voice,
        ("", [_head(found, voice)]),
        (voice.say("Facts"), [_facts(found, voice)]),
        (voice.say("Runs"), [_runs(found, voice)]),
        (voice.say("Sources"), list(_sources(found, voice))),
    )


def _head(found: dict[str, Any], voice: Speaker) -> Block:
    _ = voice.say
    led_by = found["led_by"]
    leader = _("nobody runs the mornings") if led_by is None else clean(led_by, limit=80)
    n_decisions, n_items = found["ledger_entries"], found["items"]
    rows = (
        (_("record"), clean(str(found["record"]), limit=200)),
        (_("strategy"), clean(str(found["strategy"]), limit=64)),
        (_("ledger"), voice.count("{n} decision", "{n} decisions", n=n_decisions)),
        (_("news"), voice.count("{n} item", "{n} items", n=n_items)),
        (_("leader"), leader),
    )
    return Lines(lines=tuple(Line(label=label, value=value) for label, value in rows))


def _facts(found: dict[str, Any], voice: Speaker) -> Block:
    """Kinds keep the names that ``db export`` and the record give them."""
    heads = (
        voice.say("kind"),
        voice.say("count"),
        voice.say("newest known"),
        voice.say("days ago"),
    )
    rows = (
        [
            clean(row["kind"], limit=40),
            voice.number(row["facts"], "int"),
            voice.at(row["newest_known_at"]),
            voice.number(row["age_days"], ".1f"),
        ]
        for row in found["facts"]
    )
    return plain_table(heads, rows)


def job_word(job: str, voice: Speaker) -> str:
    """What a job of the schedule is called."""
    words = {"report": voice.say("report"), "collect": voice.say("round of the sources")}
    return words.get(job, clean(job, limit=40))


def _runs(found: dict[str, Any], voice: Speaker) -> Block:
    _ = voice.say
    ended = {"done": _("done"), "failed": _("failed"), "running": _("running")}
    lines = []
    for run in found["last_runs"]:
        said = ended.get(run.status, clean(run.status, limit=20))
        if run.detail:
            why = Said(clean(retold(run.detail, voice), limit=100))
            said = _("{status}: {why}", status=said, why=why)
        label = _("last {job}", job=job_word(run.job, voice))
        told = _("{at}, {said}", at=voice.at(run.scheduled_for), said=said)
        lines.append(Line(label=label, value=told))
    for job, at in found["next_runs"].items():
        label = _("next {job}", job=job_word(job, voice))
        lines.append(Line(label=label, value=_("never") if at is None else voice.at(at)))
    return Lines(lines=tuple(lines))


def _sources(found: dict[str, Any], voice: Speaker) -> Iterator[Block]:
    asked = voice.say(
        "{asked} of {all} sources were asked so far", asked=found["feeds_asked"], all=found["feeds"]
    )
    yield Note(text=asked)
    rows = [
        [clean(s.name, limit=40), voice.label(s.state.value), retold(s.note, voice)]
        for s in found["stale_feeds"]
    ]
    if rows:
        yield plain_table(("", "", ""), rows, words=3)
