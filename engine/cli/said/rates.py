"""``nvsignal rates`` in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from engine.cli.said import told
from engine.report.blocks import Block, Cell, Column, Note, Table

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.values import RateExpectation

_BAR_CELLS = 30
Compared = tuple[tuple[int, int], float, float]
"""A range with the published probability and ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatesAnswer:
    """What was asked and what was found. ``source`` says where prices came from."""

    as_of: datetime
    range_bps: tuple[int, int] | None
    effr_pct: float | None
    prices: Mapping[date, float]
    source: str
    found: tuple[RateExpectation, ...]
    published: Mapping[tuple[int, int], float] | None = None


def text_of(reading: RatesAnswer, compared: Sequence[Compared], voice: Speaker) -> str:
    """The reading as tables of at most 80 columns; compared: with a published one, or empty."""
    parts: list[tuple[str, list[Block]]] = [("", list(_head(reading, voice)))]
    parts += [_meeting(expectation, voice) for expectation in reading.found]
    if compared:
        title = voice.say(
            "Against the published reading for {day:date}", day=reading.found[0].meeting_on
        )
        parts.append((title, [_comparison(compared, voice)]))
    return told(voice, *parts)


def _head(reading: RatesAnswer, voice: Speaker) -> Iterator[Note]:
    _ = voice.say
    yield Note(text=_("Fed expectations as of {at}", at=voice.at(reading.as_of)))
    target = (
        _("not known, as the decision of the last meeting is not on record")
        if reading.range_bps is None
        else _span(reading.range_bps, voice)
    )
    effr = voice.number(reading.effr_pct, "pct2")
    yield Note(text=_("Target range {target} · effective rate {effr}", target=target, effr=effr))
    yield Note(text=_prices(reading, voice))


def _prices(reading: RatesAnswer, voice: Speaker) -> str:
    from engine.macro.fedwatch import contract_code

    if not reading.prices:
        return voice.say("Futures prices: none observed")
    priced = sorted(reading.prices.items())
    listed = ", ".join(f"{contract_code(m)} {voice.number(p, 'sig6')}" for m, p in priced)
    return voice.say(
        "Futures ({source}): {prices}", source=voice.tell(reading.source), prices=listed
    )


def _span(range_bps: tuple[int, int], voice: Speaker) -> str:
    return voice.say("{low}–{high} bp", low=str(range_bps[0]), high=str(range_bps[1]))


def _meeting(expectation: RateExpectation, voice: Speaker) -> tuple[str, list[Block]]:
    """Its heading and its outcomes, or the path that is expected where none is priced."""
    _ = voice.say
    note = voice.tell(expectation.note)
    if not expectation.outcomes:
        if expectation.expected_change_bps is None:
            said = _("Unknown: {note}. Weight 0; give --price to know more.", note=note)
        else:
            said = _(
                "Expected change {change:+bps} ({rung}): {note}.",
                change=expectation.expected_change_bps,
                rung=voice.label(expectation.rung),
                note=note,
            )
        return "", [Note(text=said)]
    assert expectation.meeting_on is not None  # what has outcomes has a day
    title = _(
        "{day} · expected {mean:+.1f} bp · {rung}",
        day=voice.long_on(expectation.meeting_on),
        mean=expectation.expected_change_bps or 0.0,
        rung=voice.label(expectation.rung),
    )
    blocks: list[Block] = [Note(text=""), Note(text=title), _outcomes(expectation, voice)]
    if expectation.note:
        blocks.append(Note(text=_("Note: {note}.", note=note)))
    return "", blocks


def _outcomes(expectation: RateExpectation, voice: Speaker) -> Table:
    _ = voice.say
    rows = [
        (
            _span(outcome.range_bps, voice),
            voice.pgettext("Fed", "hold")
            if outcome.change_bps == 0
            else voice.number(outcome.change_bps, "+int"),
            voice.number(outcome.probability, "share2"),
            "█" * math.floor(_BAR_CELLS * outcome.probability + 0.5),
        )
        for outcome in expectation.outcomes
    ]
    columns = (
        Column(head=_("Range")),
        Column(head=_("Change, bp"), number=True),
        Column(head=_("Probability"), number=True),
        Column(),
    )
    return Table(
        columns=columns, rows=tuple(tuple(Cell(text=text) for text in row) for row in rows)
    )


def _comparison(compared: Sequence[Compared], voice: Speaker) -> Table:
    _ = voice.say
    heads = (_("Range"), _("Published"), _("Ours"), _("Difference, points"))
    rows = (
        (
            _span(span, voice),
            voice.number(theirs, "share2"),
            voice.number(ours, "share2"),
            voice.number(100 * (ours - theirs), "+.2f"),
        )
        for span, theirs, ours in compared
    )
    return Table(
        columns=tuple(Column(head=head, number=i > 0) for i, head in enumerate(heads)),
        rows=tuple(tuple(Cell(text=text) for text in row) for row in rows),
    )
