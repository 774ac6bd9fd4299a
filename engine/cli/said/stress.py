"""``nvsignal stress`` in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.cli.said import told
from engine.report.blocks import Block, Note, plain_table
from engine.report.i18n import Said
from engine.report.sections.stress import Stress, cannot_say, scenario_name
from engine.report.typography import clean
from engine.report.words import stance_word

if TYPE_CHECKING:
    from engine.decision.scenarios import StressRow
    from engine.report.i18n import Speaker
    from engine.service.stressing import LineUse, StanceUse, StressTable


def text_of(found: StressTable, voice: Speaker) -> str:
    """One block a scenario, a line for each preset; then how often the lines were crossed."""
    _ = voice.say
    when = Note(text=_("As of {at}.", at=voice.at(found.as_of)), style="lead")
    read = _(
        "Sells on: of the known days on which the preset held in full, that day and the one "
        "before. Keeps less on: of the known days on which it did not sell."
    )
    notes = [Note(text=voice.tell(said), style="quiet") for said in found.foresight]
    return told(
        voice,
        ("", [when]),
        *_presets(found, voice),
        ("", [Note(text=read, style="quiet")]),
        (_("Known days beyond each line"), [_lines(found.lines, voice)]),
        (_("What each preset said on known days"), [_stances(found.stances, voice), *notes]),
    )


def _presets(found: StressTable, voice: Speaker) -> Iterator[tuple[str, list[Block]]]:
    """A part for each preset: what every scenario would make of its verdict."""
    _ = voice.say
    heads = (
        _("scenario"), _("severity"), _("then"), _("share kept"), _("sells on"),
        _("keeps less on"),
    )  # fmt: skip
    for preset in dict.fromkeys(row.preset for row in found.rows):
        mine = [row for row in found.rows if row.preset == preset]
        rules, judged = Said(clean(preset, limit=24)), preset not in found.unjudged
        table = plain_table(heads, (_row(row, voice, judged) for row in mine), words=3)
        if judged:
            before = stance_word(mine[0].before, voice)
            yield _("{rules}: {before} before", rules=rules, before=before), [table]
            continue
        none = all(row.share_reduced is None for row in mine)
        note = Note(text=cannot_say(voice))
        yield _("{rules}: cannot say", rules=rules), [note] if none else [note, table]


def _row(row: StressRow, voice: Speaker, judged: bool) -> list[str]:
    shares = (row.target_after if judged else None, row.share_of_known_days, row.share_reduced)
    return [
        scenario_name(row.scenario, voice),
        Stress().voice(voice).label(f"severity_{row.severity}"),
        stance_word(row.after, voice) if judged else "–",
        *("–" if share is None else voice.number(share, "share0") for share in shares),
    ]


def _lines(lines: tuple[LineUse, ...], voice: Speaker) -> Block:
    _ = voice.say
    names = {
        "SELL": voice.pgettext("verdict", "SELL"),
        "REDUCE": voice.pgettext("verdict", "REDUCE"),
        "RISK": _("Risk"),
    }
    heads = (_("rules"), _("line"), _("at"), _("known days beyond"), _("of"))
    rows = (
        [
            clean(line.preset, limit=24),
            names[line.line],
            voice.number(line.at, "pct0" if line.line == "RISK" else "+.2f"),
            voice.number(line.share_beyond, "share1"),
            voice.number(line.known_days, "int"),
        ]
        for line in lines
    )
    return plain_table(heads, rows, words=2)


def _stances(stances: tuple[StanceUse, ...], voice: Speaker) -> Block:
    heads = (voice.say("rules"), *(stance_word(s, voice) for s in ("SELL", "REDUCE", "HOLD")))
    rows = (
        [
            clean(use.preset, limit=24),
            *(voice.number(share, "share1") for share in (use.sell, use.reduce, use.hold)),
            voice.number(use.known_days, "int"),
        ]
        for use in stances
    )
    return plain_table((*heads, voice.say("of")), rows)
