"""The report on a terminal, by Rich, from 60 columns up.

Text is never parsed as markup, highlighted or linked, and the console reads no environment: the
same view and width give the same characters. Senses are signs and words first, colours second.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Literal

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.style import Style
from rich.table import Table
from rich.text import Text as RichText

from engine.report.charts import Span, sparkline
from engine.report.i18n import Voice
from engine.report.view import Bar, Card, Meeting, Reason, View

MIN_WIDTH = 40
_TONE = {1: "blue", -1: "red", 0: ""}
_ARROW = {1: "▲", -1: "▼", 0: "◆"}
_FULL, _AGAINST, _EMPTY = "█", "▒", " "
_GLUE = {0xA0: 0xE0A0, 0x202F: 0xE02F}
_UNGLUE = {glued: space for space, glued in _GLUE.items()}


class Text(RichText):
    """Text whose no-break spaces hold: Rich would break a line at them.

    They travel through the layout as private characters, which cleaned text cannot contain, and
    are put back at the end.
    """

    def __init__(self, text: str = "", style: str | Style = "", *, no_wrap: bool | None = None):
        super().__init__(text.translate(_GLUE), style, no_wrap=no_wrap)

    def append(self, text: RichText | str, style: str | Style | None = None) -> Text:
        """Add text at the end."""
        super().append(text.translate(_GLUE) if isinstance(text, str) else text, style)
        return self


def _joined(*parts: RichText | str | tuple[str, str]) -> Text:
    """Parts in a row: plain, styled as (text, style), or text."""
    whole = Text()
    for part in parts:
        whole.append(*part) if isinstance(part, tuple) else whole.append(part)
    return whole


def render_text(view: View, voice: Voice, *, width: int = 80, color: bool = False) -> str:
    """The report as lines of at most ``width`` columns; escape sequences only with ``color``."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=max(MIN_WIDTH, width),
        force_terminal=color,
        color_system="standard" if color else None,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    for block in _blocks(view, voice, console.width):
        console.print(block)
    lines = (line.rstrip() for line in out.getvalue().translate(_UNGLUE).split("\n"))
    return "\n".join(lines).strip("\n") + "\n"


def _blocks(view: View, voice: Voice, width: int) -> Iterable[RenderableType]:
    _ = voice.say
    yield _headline(view, voice, width)
    yield from _section(_("Why"), _waterfall(view, width))
    yield from _section(_("Price"), _price(view, voice, width))
    for card in view.cards:
        yield from _section(_("Release: {name}", name=card.title), _card(card, voice, width))
    yield from _section(_("Rates"), [_meeting(m, width) for m in view.meetings])
    yield from _section(_("Market and valuation"), _pairs(view.market))
    yield from _section(_("Events"), _events(view, voice))
    yield from _section(_("Ahead"), _ahead(view))
    yield from _section(_("Track record"), _calls(view, voice))
    yield from _section(_("Data health"), _health(view, voice))
    yield from _section(_("Receipt"), _pairs(view.receipt, style="dim"))
    yield Text("\n" + view.disclaimer, style="italic")


def _section(title: str, body: RenderableType | Sequence[RenderableType]) -> list[RenderableType]:
    """A rule with its title above the body; nothing at all for an empty body."""
    parts = list(body) if isinstance(body, Sequence) else [body]
    if not parts:
        return []
    rule = Rule(Text(title, style="bold"), align="left", characters="─", style="dim")
    return [Text(), rule, *parts]


def _grid(*columns: str, expand: bool = False) -> Table:
    """A borderless table; a column is its justification, with ``*`` when it takes what is left."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=expand)
    for column in columns:
        justify: Literal["left", "right"] = "right" if column.startswith("right") else "left"
        table.add_column(
            justify=justify, overflow="fold", ratio=1 if column.endswith("*") else None
        )
    return table


def _headline(view: View, voice: Voice, width: int) -> RenderableType:
    _ = voice.say
    head = view.headline
    style = "bold white on red" if head.code == "SELL" else "bold white on blue"
    top = _joined(
        Text("NVDA  ", style="bold"),
        Text(f" {head.verdict} ", style=style),
        Text(f"  {head.confidence_word}, {head.confidence}"),
    )
    parts: list[RenderableType] = []
    if view.banner:
        parts += [Text(f"! {view.banner}", style="bold red"), Text()]
    parts += [top, Text(head.when, style="dim"), Text(head.acts), Text()]
    parts += [Text(f"{head.since}. {head.change}.")]
    parts += [Text(_("Score {score}; {distance}.", score=head.score, distance=head.distance))]
    parts += [_gauge(view, width)]
    parts += [Text(f"{head.evidence}.", style="" if head.evidence_complete else "yellow")]
    parts += [Text(f"{head.target}.")]
    parts += [Text(f"! {notice}", style="yellow") for notice in view.notices]
    parts += [Text(), _flips(view, voice)]
    return Group(*parts)


def _gauge(view: View, width: int) -> RenderableType:
    """The score on the line from -1 to +1: SELL zone, band of patience, HOLD zone."""
    head = view.headline
    cells = max(20, min(width, 100) - 6)
    score, leave, enter = (
        min(cells - 1, round(at * (cells - 1) / 100))
        for at in (head.score_at, head.exit_at, head.enter_at)
    )
    row = ["═"] * leave + ["┄"] * (enter - leave) + ["─"] * (cells - enter)
    row[score] = "●"
    line = _joined(("-1 ", "dim"), "".join(row), (" +1", "dim"))
    line.stylize("red", 3, 3 + leave)
    line.stylize("bold", 3 + score, 4 + score)
    return line


def _flips(view: View, voice: Voice) -> RenderableType:
    _ = voice.say
    head = view.headline
    if not head.flips:
        return Text(head.no_flips)
    table = _grid("left*", "right", "right")
    table.add_row(
        Text(_("What would make it {other}", other=head.other), style="bold"),
        Text(_("today"), style="dim"),
        Text(_("flips at"), style="dim"),
    )
    for flip in head.flips:
        table.add_row(Text(flip.label), Text(flip.now), Text(flip.level, style="bold"))
    return table


# --- why ----------------------------------------------------------------------------------------


def _track(span: Span, zero: float, bar: Bar, cells: int) -> Text:
    """A bar of a waterfall in ``cells`` characters, with the zero line where it is free."""
    if not bar.observed:
        return Text("╱" * 3 + " " * (cells - 3), style="dim")
    start = round(span.left * cells / 100)
    end = max(start + 1, round((span.left + span.width) * cells / 100))
    row = [_EMPTY] * cells
    row[min(cells - 1, round(zero * cells / 100))] = "│"
    for i in range(start, min(end, cells) if bar.span.width else start):
        row[i] = _AGAINST if bar.tone < 0 else _FULL
    return Text("".join(row), style=_TONE[bar.tone])


def _waterfall(view: View, width: int) -> list[RenderableType]:
    steps = view.steps
    label = max(len(b.label) for b in (*steps.bars, steps.total))
    cells = max(10, min(40, width - min(label, 30 if width >= 76 else 20) - 16))
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(max_width=30 if width >= 76 else 20)
    table.add_column(min_width=cells)
    table.add_column(justify="right")
    for bar in (*steps.bars, steps.total):
        strong = "bold" if bar is steps.total else ""
        table.add_row(
            Text(bar.label, style=strong),
            _track(bar.span, steps.zero, bar, cells),
            Text(bar.shown, style=strong or ("" if bar.observed else "dim")),
        )
    parts: list[RenderableType] = [Text(steps.summary), Text(), table, Text()]
    for bar in steps.bars:
        parts.append(_joined((bar.label, "bold"), (f"  {bar.working}", "dim")))
        parts += [_reason(r) for r in bar.reasons]
    parts += [Text(note) for note in view.notes]
    return parts


def _reason(reason: Reason) -> RenderableType:
    text = Text(reason.text)
    if reason.tag:
        text.append(f" [{reason.tag}]", style="yellow")
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_row(Text("  ·"), text)
    return row


def _price(view: View, voice: Voice, width: int) -> list[RenderableType]:
    prices = view.prices
    if prices is None:
        return []
    spark = sparkline(prices.spark, min(width, 100))
    return [Text(spark, style="blue", no_wrap=True), Text(prices.summary)]


# --- releases -----------------------------------------------------------------------------------


def _card(card: Card, voice: Voice, width: int) -> list[RenderableType]:
    _ = voice.say
    title = _joined(
        (_("Threat {score} of 100", score=card.score), "bold"),
        f"   {card.score_band}   {card.confidence}",
    )
    parts: list[RenderableType] = [Text(card.lab, style="dim"), title]
    parts += [Text(card.reasons), Text()]
    parts += [*_pairs(card.facts), Text(), *_costs(card, voice), Text()]
    parts += [_channels(card, width), Text()]
    risk = _grid("left", "right", "left*")
    for line in card.risk:
        risk.add_row(Text(line.label), Text(line.value), Text(line.note, style="dim"))
    parts += [risk, *(_reason(r) for r in card.evidence)]
    if card.claims:
        parts += [Text(_("Claims, beside the estimate"), style="bold")]
        parts += [_reason(r) for r in card.claims]
    parts.append(Text(card.closest, style="dim"))
    return parts


def _costs(card: Card, voice: Voice) -> list[RenderableType]:
    _ = voice.say
    table = _grid("left", "left", "right", "left")
    for cost in card.costs:
        table.add_row(
            Text(cost.who), Text(cost.chip), Text(cost.mid, style="bold"), Text(cost.span, "dim")
        )
    return [
        Text(_("Modelled cost of a million tokens"), style="bold"),
        table,
        Text(card.cost_note),
    ]


def _channels(card: Card, width: int) -> RenderableType:
    cells = max(8, min(28, width - 48))
    zero = next(
        (b.span.left if b.value < 0 else b.span.left + b.span.width for b in card.channels), 0
    )
    table = _grid("left", "left", "right", "right")
    for bar in card.channels:
        table.add_row(
            Text(bar.label),
            _track(bar.span, zero, bar, cells),
            Text(bar.shown),
            Text(bar.working, style="dim"),
        )
    return table


# --- the boxes ----------------------------------------------------------------------------------


def _pairs(lines: Sequence[object], *, style: str = "") -> list[RenderableType]:
    """Label and value, one per row, values aligned on the left."""
    if not lines:
        return []
    table = _grid("left", "left*")
    for line in lines:
        tone = _TONE[getattr(line, "tone", 0)] or style
        table.add_row(Text(line.label, style="dim"), Text(line.value, style=tone))  # type: ignore[attr-defined]
    return [table]


def _meeting(meeting: Meeting, width: int) -> RenderableType:
    parts: list[RenderableType] = [
        _joined((meeting.title, "bold"), f"  {meeting.expected}", (f"  ({meeting.rung})", "dim"))
    ]
    cells = max(8, min(30, width - 44))
    table = _grid("right", "left", "right", "left")
    for odds in meeting.odds:
        bar = _FULL * round(odds.width * cells / 100)
        style = "bold" if odds.likeliest else ""
        table.add_row(
            Text(odds.change, style=style),
            Text(odds.range, style="dim"),
            Text(odds.probability, style=style),
            Text(bar, style="blue"),
        )
    if meeting.odds:
        parts.append(Padding(table, (0, 0, 0, 2)))
    if meeting.note:
        parts.append(Padding(Text(meeting.note, style="dim"), (0, 0, 0, 2)))
    return Group(*parts)


def _events(view: View, voice: Voice) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for h in view.happenings:
        head = _joined(
            f"{h.number:>2} ",
            (_ARROW[h.tone], _TONE[h.tone]),
            (f" {h.kind}", "bold"),
            f"  {h.actor}, {h.stage}, {h.sense}",
        )
        parts += [head, Padding(Text(h.headline), (0, 0, 0, 5))]
        detail = " · ".join(x for x in (h.when, h.sources, h.confidence, h.host) if x)
        parts.append(Padding(Text(detail, style="dim"), (0, 0, 0, 5)))
    return parts or [Text(voice.say("No event was recorded."), style="dim")]


def _ahead(view: View) -> list[RenderableType]:
    if not view.upcoming:
        return []
    table = _grid("left", "left", "left*")
    for line in view.upcoming:
        table.add_row(Text(line.label), Text(line.note, style="dim"), Text(line.value))
    return [table]


def _calls(view: View, voice: Voice) -> list[RenderableType]:
    if not view.calls:
        return [Text(view.calls_summary)]
    _ = voice.say
    table = _grid("left", "left", "left", "right", "left")
    heads = (_("from"), _("decision"), _("until"), "NVDA", _("result"))
    table.add_row(*(Text(h, style="dim") for h in heads))
    for call in view.calls:
        outcome = Text(call.outcome, style=_TONE[call.tone])
        cells = (call.acts, call.verdict, call.until, call.result)
        table.add_row(*(Text(c) for c in cells), outcome)
    return [Text(view.calls_summary), table]


def _health(view: View, voice: Voice) -> list[RenderableType]:
    parts: list[RenderableType] = [Text(view.health_summary)]
    table = _grid("left", "left", "left", "left*")
    for h in view.health:
        mark = Text("✓" if h.ok else "✗", style="" if h.ok else "yellow")
        state = Text(h.state, style="" if h.ok else "yellow")
        seen = Text(" · ".join(x for x in (h.last_ok, h.note) if x), style="dim")
        table.add_row(mark, Text(h.name), state, seen)
    return [*parts, table] if view.health else parts
