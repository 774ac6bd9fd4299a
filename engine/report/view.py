"""What a reader sees, before any format: sections in reading order, every word already said.

``engine.report.present`` fills these from a ``Report`` and a ``Voice``; the formats only lay them
out. Strings are plain text, already in the reader's language and cleaned; a format still escapes
them by its own rules. ``tone`` is the sense for NVDA (-1, 0, +1) and is never the only sign of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.report.charts import PriceChart, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A label with its value; ``note`` is secondary."""

    label: str
    value: str
    note: str = ""
    tone: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One sentence of evidence; ``tag`` is empty unless it is not observed or of low confidence."""

    text: str
    tag: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One contribution. ``value`` is the number behind ``shown``; observed False: hatched."""

    label: str
    value: float
    shown: str
    working: str
    observed: bool
    span: Span
    reasons: tuple[Reason, ...] = ()

    @property
    def tone(self) -> int:
        """Sign of the contribution."""
        return (self.value > 0) - (self.value < 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlipLine:
    """One input: its level today and the level that changes the decision."""

    label: str
    now: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The decision in five seconds."""

    code: str
    verdict: str
    other: str
    when: str
    acts: str
    acts_short: str
    confidence: str
    confidence_word: str
    confidence_pct: float
    score: str
    score_at: float
    sell_zone: Span
    wait_zone: Span
    exit_at: float
    exit: str
    enter_at: float
    enter: str
    since: str
    change: str
    distance: str
    evidence: str
    evidence_complete: bool
    target: str
    flips: tuple[FlipLine, ...]
    no_flips: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The waterfall: bars, the line of zero, the threshold, the sum."""

    bars: tuple[Bar, ...]
    zero: float
    threshold: float
    threshold_label: str
    total: Bar
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The price chart and what to say about it in words."""

    chart: PriceChart
    price_labels: tuple[str, ...]
    month_labels: tuple[str, ...]
    mark_labels: tuple[str, ...]
    end_label: str
    summary: str
    spark: tuple[float, ...]
    has_sell: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Modelled cost of a million tokens on one chip, with its range and a bar's length."""

    who: str
    chip: str
    mid: str
    span: str
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One release: facts, modelled cost, rating."""

    title: str
    lab: str
    facts: tuple[Line, ...]
    costs: tuple[Cost, ...]
    cost_note: str
    score: str
    score_band: str
    score_span: Span
    score_at: float
    risk: tuple[Line, ...]
    channels: tuple[Bar, ...]
    reasons: str
    evidence: tuple[Reason, ...]
    claims: tuple[Reason, ...]
    closest: str
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """One outcome of a meeting."""

    change: str
    range: str
    probability: str
    width: float
    likeliest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One meeting, or a path without a meeting; ``odds`` is empty where none are priced."""

    title: str
    odds: tuple[Odds, ...]
    expected: str
    rung: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event of the day."""

    number: int
    kind: str
    actor: str
    headline: str
    url: str
    host: str
    tone: int
    sense: str
    stage: str
    sources: str
    when: str
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A past decision with what followed."""

    acts: str
    code: str
    verdict: str
    until: str
    result: str
    outcome: str
    tone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One source."""

    name: str
    state: str
    ok: bool
    last_ok: str
    newest: str
    facts: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The whole report, in reading order."""

    lang: str
    title: str
    banner: str
    notices: tuple[str, ...]
    headline: Headline
    steps: Steps
    notes: tuple[str, ...]
    prices: Prices | None
    cards: tuple[Card, ...]
    meetings: tuple[Meeting, ...]
    market: tuple[Line, ...]
    happenings: tuple[Happening, ...]
    upcoming: tuple[Line, ...]
    calls: tuple[Call, ...]
    calls_summary: str
    health: tuple[Health, ...]
    health_summary: str
    receipt: tuple[Line, ...]
    disclaimer: str
