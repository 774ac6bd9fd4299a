"""What a reader sees, before any form: blocks of a few kinds, every word already said.

A section (``engine.report.section``) turns a report into blocks, a form (``engine.report.forms``)
lays blocks out. Neither knows the other, so a new section appears in every form and a new form
shows every section::

    Report ─▶ sections ─▶ Page of blocks ─▶ text, markdown, html, mail, json, push, local page

Strings are plain text, already in the reader's language and cleaned; a form still escapes them by
its own rules. ``tone`` is the sense for NVDA (-1 bad, 0 neutral, +1 good) and never its only sign.

A short form (mail) leaves out what is marked ``depth="full"`` and is the only one to show what is
marked ``depth="short"``; a ``Note`` with ``push=True`` also goes into the one line for a phone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from engine.report.charts import AxisSpan

Tone = int
Depth = Literal["all", "full", "short"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Anything that can stand in a section. depth: which forms show it, see the module."""

    kind: ClassVar[str] = ""
    depth: Depth = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Block):
    """One paragraph. style: ``lead`` opens a section, ``alert`` and ``alarm`` warn (an alarm stands
    before everything), ``quiet`` is secondary. tag: a short mark behind it, such as "claim"."""

    kind: ClassVar[str] = "note"
    text: str
    style: Literal["", "lead", "alert", "alarm", "quiet"] = ""
    tag: str = ""
    push: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A place on a line, in percent of it, with the stretch where the other verdict begins.

    limit: where that stretch ends; wait: the stretch in which the present verdict stands on.
    """

    at: float
    label: str
    limit: float
    limit_label: str
    danger: AxisSpan
    wait: AxisSpan
    ends: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Block):
    """The decision in five seconds.

    age: how old it is, in words, before everything; empty: it decides for today. code: ``HOLD`` or
    ``SELL``, any other is shown in grey. beside: what qualifies the word. acts:
    when it acts. lines: sentences, in order of weight.
    """

    kind: ClassVar[str] = "verdict"
    code: str
    word: str
    subject: str
    when: str
    beside: str
    acts: str
    lead: str
    age: str = ""
    lines: tuple[Note, ...] = ()
    gauge: Gauge | None = None
    push: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A label with its value; ``note`` is secondary."""

    label: str
    value: str
    note: str = ""
    tone: Tone = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines(Block):
    """Labels with their values. code: to be copied, not read; large: few figures, set large."""

    kind: ClassVar[str] = "lines"
    lines: tuple[Line, ...]
    title: str = ""
    code: bool = False
    large: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell: text with a small ``note``, or a bar over ``span``, with a needle ``at`` (percent).

    bar cells carry no text; ``observed`` False draws them hatched. zero: place of nothing on the
    bar's axis, percent; None draws no line. shade: how strongly a cell of a map is coloured by its
    tone, 0 to 100; chosen: framed.
    """

    text: str = ""
    note: str = ""
    tone: Tone = 0
    style: Literal["", "strong", "quiet"] = ""
    span: AxisSpan | None = None
    at: float | None = None
    zero: float | None = None
    observed: bool = True
    shade: int | None = None
    chosen: bool = False

    @property
    def is_bar(self) -> bool:
        """Drawn, not written."""
        return self.span is not None or not self.observed


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column. number: set to the right, never broken; bar: takes a drawing; whole: not broken."""

    head: str = ""
    number: bool = False
    bar: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Block):
    """Rows of cells, one cell for each column; no head is shown when every head is empty.

    dense: small print for many narrow columns.
    """

    kind: ClassVar[str] = "table"
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    dense: bool = False

    @property
    def headed(self) -> bool:
        """Whether any column has a head."""
        return any(column.head for column in self.columns)


def plain_table(
    heads: Sequence[str], rows: Iterable[Sequence[str | Cell]], *, words: int = 1
) -> Table:
    """Cells below ``heads``; the first ``words`` columns are words, the others numbers."""
    return Table(
        columns=tuple(Column(head=head, number=i >= words) for i, head in enumerate(heads)),
        rows=tuple(
            tuple(cell if isinstance(cell, Cell) else Cell(text=cell) for cell in row)
            for row in rows
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListItem:
    """One entry of a list: a number, a title, the text (a link when ``url`` is set), details.

    quoted: the text is somebody else's, in a language of its own.
    """

    text: str
    title: str = ""
    number: int | None = None
    about: str = ""
    detail: str = ""
    tag: str = ""
    source: str = ""
    url: str = ""
    tone: Tone = 0
    quoted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemList(Block):
    """A list. most: how many a short form shows. boxed: set apart from our own findings."""

    kind: ClassVar[str] = "items"
    items: tuple[ListItem, ...]
    title: str = ""
    most: int = 8
    boxed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterfallStep:
    """One step of a waterfall. value: the number behind ``shown``; observed False: hatched."""

    label: str
    value: float
    shown: str
    working: str
    observed: bool
    span: AxisSpan
    reasons: tuple[ListItem, ...] = ()

    @property
    def tone(self) -> Tone:
        """Sign of the contribution."""
        return (self.value > 0) - (self.value < 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall(Block):
    """Parts that add up: bars, the line of zero, a limit, the sum; ``key`` names its colours."""

    kind: ClassVar[str] = "waterfall"
    bars: tuple[WaterfallStep, ...]
    total: WaterfallStep
    zero: float
    limit: float
    limit_label: str
    heads: tuple[str, str, str, str]
    key: tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A labelled place on an axis, in percent."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """An SVG path in the frame's units. style: a class of the style sheet; filled: an area."""

    path: str
    style: str = "own"
    filled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A small label at a place of a chart, in percent from left and top."""

    at: float
    height: float
    label: str
    tone: Tone = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart(Block):
    """Curves over time or order. summary says them in words, spark holds the main one's values.

    levels: labels beside it, times: labels below it; bands: hatched stretches;
    gap: one without values; marks: numbered
    places; dots: unlabelled ones, whose words a pointer shows; end: the last point's place and
    words; clear: height in percent at which those words, ending there, hide no curve, None where
    nothing is drawn to the right of the point; zero: height of the zero line; key: (style, words)
    for each curve; low: half as high.
    """

    kind: ClassVar[str] = "chart"
    curves: tuple[Curve, ...]
    summary: str
    levels: tuple[Tick, ...] = ()
    times: tuple[Tick, ...] = ()
    bands: tuple[AxisSpan, ...] = ()
    gap: AxisSpan | None = None
    marks: tuple[Mark, ...] = ()
    dots: tuple[Mark, ...] = ()
    end: Mark | None = None
    clear: float | None = None
    zero: float | None = None
    key: tuple[tuple[str, str], ...] = ()
    title: str = ""
    spark: tuple[float, ...] = ()
    low: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card(Block):
    """Blocks that belong together, under a title of their own."""

    kind: ClassVar[str] = "card"
    title: str
    note: str = ""
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Details(Block):
    """Blocks that a narrow HTML page keeps behind ``title`` until asked; forms of text lay them out
    as if they stood alone. printed: paper shows them too."""

    kind: ClassVar[str] = "fold"
    title: str
    blocks: tuple[Block, ...]
    printed: bool = False


KINDS: tuple[type[Block], ...] = (Note, Verdict, Lines, Table, ItemList, Waterfall, Chart, Card)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One section with its blocks; ``name`` is stable, ``title`` is said (empty for the first)."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything, in reading order. code: the verdict's, for the colour of the whole."""

    lang: str
    title: str
    code: str
    parts: tuple[Part, ...]
    disclaimer: str

    def blocks(self) -> Iterator[Block]:
        """Every block, those inside cards too."""
        for part in self.parts:
            yield from flat(part.blocks)


def flat(blocks: Iterable[Block]) -> Iterator[Block]:
    """``blocks`` with those inside cards."""
    for block in blocks:
        yield block
        if isinstance(block, Card | Details):
            yield from flat(block.blocks)


def folds_only(blocks: Sequence[Block]) -> bool:
    """Whether a page that shows no folded block, as paper does, would show nothing of these."""
    kept = tuple(shown(blocks, short=False, folds=True))
    return all(isinstance(block, Details) and not block.printed for block in kept)


def shown(blocks: Sequence[Block], *, short: bool, folds: bool = False) -> Iterator[Block]:
    """Those of ``blocks`` that a full or a short form shows; empty lists are left out.

    folds: the form can fold; otherwise what is folded comes in its place.
    """
    unwanted = "full" if short else "short"
    for block in blocks:
        if block.depth == unwanted:
            continue
        if isinstance(block, Lines | Table | ItemList) and not _content(block):
            continue
        if isinstance(block, Details):
            inside = tuple(shown(block.blocks, short=short, folds=folds))
            if folds and inside:
                yield replace(block, blocks=inside)
            else:
                yield from inside
            continue
        yield block


def _content(block: Lines | Table | ItemList) -> tuple[object, ...]:
    if isinstance(block, Lines):
        return block.lines
    return block.rows if isinstance(block, Table) else block.items
