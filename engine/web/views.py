"""What each page shows, every word already said in the reader's language."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from engine.clock import NEW_YORK
from engine.report.charts import FRAME_H, FRAME_W, Axis, Span, padded_axis
from engine.report.i18n import Voice
from engine.report.typography import clean
from engine.report.words import verdict_word
from engine.values import (
    CHANNELS,
    Decision,
    Evidence,
    FeedState,
    ModelRelease,
    Observed,
    Report,
    SourceHealth,
)

if TYPE_CHECKING:
    from backtests.metrics import Summary
    from engine.record.ledger import LedgerEntry
    from engine.values import ThreatRating
    from engine.web.trial import Outcome, Trial

CHART_POINTS = 500
TRADES_SHOWN = 60
_LOW_CONFIDENCE = 0.5
_SCORE_AXIS = Axis(low=0, high=100)
_ROUND = (1, 2, 5)


# --- releases ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One channel of a score, or one strategy of a decision."""

    label: str
    shown: str
    tone: int
    span: Span
    observed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One line of evidence; ``tag`` is empty unless it is weak or not observed."""

    text: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """One row of the league."""

    place: int
    title: str
    lab: str
    released: str
    score: str
    band: str
    span: Span
    at: float
    reasons: str
    parts: tuple[Part, ...]
    proofs: tuple[Proof, ...]


def league_rows(
    league: Sequence[tuple[ModelRelease, ThreatRating]], voice: Voice
) -> tuple[Rated, ...]:
    """The league, in the order given."""
    return tuple(_rated(i, *pair, voice) for i, pair in enumerate(league, start=1))


def _rated(place: int, release: ModelRelease, rating: ThreatRating, voice: Voice) -> Rated:
    _ = voice.say
    return Rated(
        place=place,
        title=clean(release.model, limit=80),
        lab=clean(release.lab, limit=80),
        released=voice.on(release.released_on),
        score=voice.number(rating.score, "int"),
        band=_("{low:int} to {high:int}", low=rating.score_low, high=rating.score_high),
        span=_SCORE_AXIS.span(rating.score_low, rating.score_high),
        at=_SCORE_AXIS.at(rating.score),
        reasons=voice.tell(rating.reasons, limit=1_200),
        parts=_parts(rating.channels, voice),
        proofs=tuple(_proof(e, voice) for e in rating.evidence),
    )


def _parts(channels: Mapping[str, float], voice: Voice) -> tuple[Part, ...]:
    axis = padded_axis([0.0, *channels.values()])
    return tuple(
        Part(
            label=voice.label(name),
            shown=voice.number(channels[name], "+.1f"),
            tone=(channels[name] < 0) - (channels[name] > 0),  # a threat is bad for Nvidia
            span=axis.span(0, channels[name]),
        )
        for name in CHANNELS
        if name in channels
    )


def _proof(evidence: Evidence, voice: Voice) -> Proof:
    tag = ""
    if evidence.observed is not Observed.PRESENT:
        tag = voice.label(evidence.observed.value)
    elif evidence.confidence is not None and evidence.confidence < _LOW_CONFIDENCE:
        tag = voice.say("low confidence")
    return Proof(text=voice.tell(evidence.text), tag=tag)


# --- the archive ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One entry of the ledger. link: the report of that instant under the same rules."""

    number: int
    acts: str
    strategy: str
    verdict: str
    code: str
    score: str
    confidence: str
    stands: bool
    made: str
    link: str


def noted(entry: LedgerEntry, presets: Collection[str], voice: Voice) -> Noted:
    """``entry`` as a row; what an older version did not write stays *not observed*.

    presets: names whose rules can be looked at again.
    """
    payload: Mapping[str, Any] = entry.payload
    code = str(payload.get("decision", ""))
    confidence = _number(payload.get("confidence"))
    asked = {"as_of": entry.made_at.isoformat().replace("+00:00", "Z")}
    if entry.strategy in presets:
        asked["preset"] = entry.strategy
    return Noted(
        number=entry.seq,
        acts=voice.on(entry.acts_on),
        strategy=clean(entry.strategy, limit=60),
        verdict=_verdict(code, voice),
        code=code if code in ("HOLD", "SELL") else "",
        score=voice.number(_number(payload.get("score")), "+.2f"),
        confidence=voice.number(None if confidence is None else 100 * confidence, "pct0"),
        stands=entry.stands,
        made=voice.at(entry.made_at),
        link="/archive?" + urlencode(asked),
    )


def _verdict(code: str, voice: Voice) -> str:
    if code == "SELL":
        return verdict_word("SELL", voice)
    return verdict_word("HOLD", voice) if code == "HOLD" else clean(code, limit=20)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


# --- feeds ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One source with its health."""

    name: str
    state: str
    ok: bool
    idle: bool
    tier: int
    last_ok: str
    newest: str
    entries: str
    note: str


def feed_rows(sources: Sequence[SourceHealth], voice: Voice) -> tuple[Feed, ...]:
    """Sources that need attention first."""
    ordered = sorted(sources, key=lambda s: (s.state is FeedState.OK, s.tier, s.name))
    return tuple(_feed(source, voice) for source in ordered)


def _feed(source: SourceHealth, voice: Voice) -> Feed:
    _ = voice.say
    last, newest = source.last_ok_at, source.newest_at
    return Feed(
        name=voice.tell(source.name, limit=60),
        state=voice.label(source.state.value),
        ok=source.state is FeedState.OK,
        idle=source.state is FeedState.NEVER,
        tier=source.tier,
        last_ok=_("never") if last is None else voice.at(last),
        newest=_("none") if newest is None else voice.on(newest),
        entries=voice.number(source.n_facts, "int"),
        note=voice.tell(source.note),
    )


# --- a decision in brief, for two side by side ------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One configuration's decision on a few lines."""

    name: str
    code: str
    verdict: str
    confidence: str
    score: str
    acts: str
    thresholds: str
    parts: tuple[Part, ...]
    zero: float


def briefs(reports: Sequence[tuple[str, Report]], voice: Voice) -> tuple[Brief, ...]:
    """Decisions by the name of their rules, drawn on one axis so that bars can be compared."""
    moved = [c.contribution for _, r in reports for c in r.decision.contributions]
    axis = padded_axis([0.0, *moved], least=0.05)
    return tuple(_brief(name, report.decision, axis, voice) for name, report in reports)


def _brief(name: str, d: Decision, axis: Axis, voice: Voice) -> Brief:
    _ = voice.say
    return Brief(
        name=name,
        code=d.verdict,
        verdict=verdict_word(d.verdict, voice),
        confidence=voice.number(100 * d.confidence, "pct0"),
        score=voice.number(d.score, "+.2f"),
        acts=voice.on(d.acts_on),
        thresholds=_(
            "SELL below {exit:+.2f}, HOLD again above {enter:+.2f}",
            exit=d.exit_below,
            enter=d.enter_above,
        ),
        parts=tuple(
            Part(
                label=voice.label(c.name),
                shown=voice.number(None if c.value is None else c.contribution, "+.3f"),
                tone=(c.contribution > 0) - (c.contribution < 0),
                span=axis.span(0, c.contribution),
                observed=c.value is not None,
            )
            for c in d.contributions
        ),
        zero=axis.at(0),
    )


# --- the tear sheet ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One account's value over time, in user units of the chart's frame."""

    name: str
    style: str
    line: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A labelled place on an axis, in percent."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One trade."""

    day: str
    what: str
    price: str
    filled: str
    tone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One rule's own part of the tear sheet."""

    name: str
    verdict: str
    positive: bool
    against: tuple[str, ...]
    bands: tuple[Span, ...]
    fills: tuple[Fill, ...]
    fills_said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TearSheet:
    """Rules beside holding: figures by row, curves, trades, and what speaks against them."""

    title: str
    basis: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    curves: tuple[Curve, ...]
    values: tuple[Label, ...]
    years: tuple[Label, ...]
    sheets: tuple[Sheet, ...]
    receipt: str


def tear_sheet(outcome: Outcome, voice: Voice) -> TearSheet:
    """The whole of ``outcome``."""
    _ = voice.say
    names = [str(voice.tell(t.name, limit=60)) for t in outcome.trials]
    accounts = [*(t.run for t in outcome.trials), outcome.holding]
    hold = _("Holding")
    axis, values = _growth_axis([float(v) for a in accounts for v in a.equity], voice)
    styles = ("one", "two")[: len(names)]
    curves = [
        Curve(
            name=name,
            style=style,
            line=_path([float(v) for v in account.equity], axis),
            end=_("{x:.2f} times", x=account.final_equity),
        )
        for name, style, account in zip([*names, hold], [*styles, "hold"], accounts, strict=True)
    ]
    return TearSheet(
        title=_("{first:date} to {last:date}", first=outcome.first, last=outcome.last),
        basis=_basis(outcome, voice),
        columns=("", *names, hold),
        rows=_figures([*(t.figures for t in outcome.trials), outcome.holding_figures], voice),
        curves=tuple(reversed(curves)),
        values=values,
        years=_years(outcome.holding.sessions_on),
        sheets=tuple(_sheet(t, name, voice) for t, name in zip(outcome.trials, names, strict=True)),
        receipt=outcome.data_hash,
    )


def _basis(outcome: Outcome, voice: Voice) -> str:
    _ = voice.say
    said: str = _(
        "{n:int} sessions, decided before each open and filled at it, half of a quoted spread of "
        "{spread:sig3} bp paid per trade, cash at the policy rate, before tax.",
        n=len(outcome.holding.sessions_on),
        spread=outcome.spread_bps,
    )
    if outcome.at_close:
        said += " " + _(
            "{n:int} sessions have no recorded open and were filled at the close.",
            n=outcome.at_close,
        )
    return said


def _figures(found: Sequence[Summary], voice: Voice) -> tuple[tuple[str, ...], ...]:
    _ = voice.say
    wanted = (
        (_("Growth a year"), "cagr_pct", "+pct1"),
        (_("Volatility a year"), "volatility_pct", "pct1"),
        (_("Sharpe ratio"), "sharpe", ".2f"),
        (_("its standard error"), "sharpe_se", ".2f"),
        (_("Sortino ratio"), "sortino", ".2f"),
        (_("Deepest fall"), "max_drawdown_pct", "pct1"),
        (_("Longest time below a high, days"), "max_drawdown_days", "int"),
        (_("In the stock, mean"), "exposure_pct", "pct0"),
        (_("Turnover a year, times"), "turnover_per_year", ".1f"),
        (_("Trades"), "n_trades", "int"),
    )
    return tuple(
        (label, *(voice.number(getattr(f, name), spec) for f in found))
        for label, name, spec in wanted
    )


def _growth_axis(values: Sequence[float], voice: Voice) -> tuple[Axis, tuple[Label, ...]]:
    """A logarithmic axis with round marks (1, 2, 5 times a power of ten) around ``values``."""
    low, high = max(min(values), 1e-6), max(values)
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    marks = [m * 10.0**p for p in powers for m in _ROUND]
    below = max((m for m in marks if m <= low), default=marks[0])
    above = min((m for m in marks if m >= high), default=marks[-1])
    shown = [m for m in marks if below <= m <= above]
    axis = Axis(low=math.log10(below), high=math.log10(max(above, below * 2)))
    labels = tuple(
        Label(at=round(100 - axis.at(math.log10(m)), 3), text=voice.number(m, "sig2"))
        for m in shown
    )
    return axis, labels


def _path(equity: Sequence[float], axis: Axis) -> str:
    """An SVG path of at most ``CHART_POINTS`` points, the last one always there."""
    every = max(1, math.ceil(len(equity) / CHART_POINTS))
    rows = [*range(0, len(equity) - 1, every), len(equity) - 1]
    width = max(len(equity) - 1, 1)
    spots = (
        (FRAME_W * row / width, FRAME_H * (100 - axis.at(math.log10(max(equity[row], 1e-6)))) / 100)
        for row in rows
    )
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in spots)


def _years(days: Sequence[date]) -> tuple[Label, ...]:
    width = max(len(days) - 1, 1)
    starts = [i for i in range(1, len(days)) if days[i].year != days[i - 1].year]
    labels = [Label(at=round(100 * i / width, 3), text=str(days[i].year)) for i in starts]
    return tuple(x for x in labels[:: max(1, math.ceil(len(labels) / 8))] if x.at <= 96)


def _sheet(trial: Trial, name: str, voice: Voice) -> Sheet:
    from backtests.overfitting import objections, verdict

    trades = trial.run.trades
    shown = trades[-TRADES_SHOWN:]
    return Sheet(
        name=name,
        verdict=voice.tell(verdict(trial.evidence)),
        positive=not objections(trial.evidence),
        against=tuple(voice.tell(o) for o in objections(trial.evidence)),
        bands=_bands(trial.target_weight),
        fills=tuple(_fill(t, voice) for t in reversed(shown)),
        fills_said=voice.count("{n} trade", "{n} trades", n=len(trades)),
    )


def _bands(target: Sequence[float]) -> tuple[Span, ...]:
    """Stretches with less than half of the account asked to be in the stock."""
    axis = Axis(low=0, high=max(len(target) - 1, 1))
    runs: list[list[int]] = []
    for row, weight in enumerate(target):
        if weight >= 0.5:
            continue
        if runs and runs[-1][1] == row - 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    return tuple(axis.span(first - 0.5, last + 0.5) for first, last in runs)


def _fill(trade: Any, voice: Voice) -> Fill:
    _ = voice.say
    return Fill(
        day=voice.on(trade.session_on),
        what=_("{old:share0} to {new:share0}", old=trade.from_weight, new=trade.to_weight),
        price=voice.number(trade.price_usd, "usd2"),
        filled=_("at the open") if trade.filled_at == "open" else _("at the close"),
        tone=(trade.value > 0) - (trade.value < 0),
    )


def new_york_day(instant: datetime) -> date:
    """The day in New York at ``instant``."""
    return instant.astimezone(NEW_YORK).date()
