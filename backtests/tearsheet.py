"""The tear sheet: what a rule did, as one HTML file, as text, and as a daily ledger.

``render`` gives a self-contained page: inline style and SVG, no script, nothing fetched, the same
design language as the report. Every sentence goes through the reader's voice; every outside text is
cleaned and escaped. Nothing here computes a result: figures come from ``metrics`` and ``replay``.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from backtests import figures
from backtests.figures import Dot, Figure, Shape, Tick
from backtests.metrics import SESSIONS_A_YEAR, Summary, drawdowns, excess_returns, summarise
from backtests.replay import Market, Replay
from engine.errors import DataError
from engine.report.charts import Axis, nice_ticks
from engine.report.i18n import Voice, voice
from engine.values import Event, FloatArray

if TYPE_CHECKING:
    from jinja2 import Template

    from backtests.event_study import StudyResult, WindowResult
    from backtests.sweep import SweepResult
    from engine.decision.decide import Evaluation

CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
ROLLING = 126
"""Sessions of the rolling Sharpe ratio: half a year."""
COLOURS = 8
MOST_TRADES = 40
MOST_CELLS_WITH_TEXT = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetEvent:
    """An event on the session that could act on it; direction: -1 bad, 0, +1 good for NVDA."""

    session_on: date
    direction: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heat:
    """A grid of outcomes, (len(y), len(x)), NaN where nothing was tried.

    chosen: (row, column), or None.
    """

    x_name: str
    y_name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    values: FloatArray
    chosen: tuple[int, int] | None
    what: str = "Sharpe ratio"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """Everything on a tear sheet. Arrays are (T,), one row a session of ``run``.

    verdict: the sentence on top, a phrase or plain text. price_usd: split-adjusted closes.
    contributions: strategy -> part of the score, empty without strategies. notes: how it was
    filled and what it cost. receipt: name -> value.
    """

    strategy: str
    verdict: str
    run: Replay
    holding: Replay
    price_usd: FloatArray
    target_weight: FloatArray
    score: FloatArray | None = None
    exit_below: float | None = None
    enter_above: float | None = None
    contributions: Mapping[str, FloatArray] = field(default_factory=dict)
    events: tuple[SheetEvent, ...] = ()
    heat: Heat | None = None
    notes: tuple[str, ...] = ()
    receipt: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = len(self.run.sessions_on)
        named = {"price_usd": self.price_usd, "target_weight": self.target_weight}
        named |= {f"contribution of {k}": v for k, v in self.contributions.items()}
        if self.score is not None:
            named["score"] = self.score
        for name, array in named.items():
            if array.shape != (rows,):
                raise DataError(f"{name} has shape {array.shape}, not ({rows},)")
        if self.holding.sessions_on != self.run.sessions_on:
            raise DataError("the account and the benchmark cover different sessions")

    @property
    def days(self) -> tuple[date, ...]:
        """Session dates."""
        return self.run.sessions_on


def sheet_of(
    market: Market,
    run: Replay,
    holding: Replay,
    target_weight: FloatArray,
    *,
    strategy: str,
    verdict: str,
    evaluation: Evaluation | None = None,
    names: Sequence[str] = (),
    rows: slice = slice(None),
    **more: Any,
) -> Sheet:
    """A sheet from what ``nvsignal backtest`` has at hand.

    evaluation: over all rows of the features, of which ``rows`` are those of ``market``. names: the
    strategies in its order. more: further fields of ``Sheet``.
    """
    carried = market.stock_fill[-1] / market.price_usd[-1]
    parts: dict[str, FloatArray] = {}
    score = None
    if evaluation is not None:
        score = evaluation.score[rows]
        parts = {n: evaluation.contributions[i][rows] for i, n in enumerate(names)}
    return Sheet(
        strategy=strategy,
        verdict=verdict,
        run=run,
        holding=holding,
        price_usd=market.stock_close / carried,
        target_weight=target_weight,
        score=score,
        contributions=parts,
        **more,
    )


def events_on(
    events: Sequence[Event], days: Sequence[date], acts_on: Any
) -> tuple[SheetEvent, ...]:
    """Events inside ``days``; acts_on: instant -> session, such as ``Sessions.acts_on``."""
    found = []
    for event in events:
        day = acts_on(event.known_at)
        if days[0] <= day <= days[-1]:
            found.append(SheetEvent(session_on=day, direction=event.direction, text=event.headline))
    return tuple(found)


def heat_of(result: SweepResult) -> Heat | None:
    """The two axes of a sweep with most values; the best set where more were varied.

    None for a sweep of one axis or of random sets, which make no grid.
    """
    job = result.job
    levels = [sorted(set(job.sets[:, i].tolist())) for i in range(len(job.axes))]
    if len(levels) < 2 or math.prod(map(len, levels)) != len(job.sets):
        return None
    a, b = sorted(sorted(range(len(levels)), key=lambda i: -len(levels[i]))[:2])
    if min(len(levels[a]), len(levels[b])) < 2:
        return None
    values = np.full((len(levels[a]), len(levels[b])), np.nan)
    sharpe = result.sharpe * math.sqrt(SESSIONS_A_YEAR)
    for row, given in enumerate(job.sets.tolist()):
        at = levels[a].index(given[a]), levels[b].index(given[b])
        if math.isfinite(sharpe[row]):
            values[at] = np.nanmax([values[at], sharpe[row]])
    best = job.sets[result.best].tolist()
    return Heat(
        x_name=job.axes[b],
        y_name=job.axes[a],
        x=tuple(levels[b]),
        y=tuple(levels[a]),
        values=values,
        chosen=(levels[a].index(best[a]), levels[b].index(best[b])),
    )


# --- figures of the account --------------------------------------------------------------------


def period_returns(equity: FloatArray, days: Sequence[date], capital: float) -> dict[str, float]:
    """Simple returns by month and year, under "2024-01" and "2024"; the first from ``capital``."""
    found: dict[str, float] = {}
    for length in (7, 4):
        before, labels = capital, [d.isoformat()[:length] for d in days]
        for row, label in enumerate(labels):
            if row + 1 == len(labels) or labels[row + 1] != label:
                found[label] = float(equity[row]) / before - 1.0
                before = float(equity[row])
    return found


def rolling_sharpe(run: Replay, sessions: int = ROLLING) -> FloatArray:
    """(T,): annualised Sharpe ratio of the last ``sessions``; NaN before and without variation."""
    excess = excess_returns(run)
    out = np.full(excess.size, np.nan)
    if excess.size < sessions:
        return out
    seen = np.lib.stride_tricks.sliding_window_view(excess, sessions)
    deviation = seen.std(axis=1, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = seen.mean(axis=1) / deviation * math.sqrt(SESSIONS_A_YEAR)
    out[sessions - 1 :] = np.where(deviation > 1e-12, ratio, np.nan)
    return out


# --- the page ----------------------------------------------------------------------------------


def render(sheet: Sheet, *, lang: str = "en") -> str:
    """The whole tear sheet as a self-contained page in ``lang`` ("en" or "fr")."""
    say = voice(lang, minus="\u2212")
    ours, theirs = summarise(sheet.run), summarise(sheet.holding)
    return _page(
        "tearsheet.html.j2",
        say,
        s=sheet,
        title=say.say("Backtest of {strategy}", strategy=say.tell(sheet.strategy, limit=80)),
        verdict=say.tell(sheet.verdict, limit=1_500),
        span=say.say(
            "{first:date} to {last:date}, {n} sessions",
            first=sheet.days[0],
            last=sheet.days[-1],
            n=len(sheet.days),
        ),
        better=ours.final_equity >= theirs.final_equity,
        cells=_headline_cells(ours, theirs, sheet, say),
        table=_comparison(ours, theirs, say),
        equity=_equity(sheet, say),
        falls=_falls(sheet, say),
        price=_price(sheet, say),
        months=_months(sheet, say),
        parts=_parts(sheet, say),
        rolling=_rolling(sheet, say),
        heat=_heat_rows(sheet.heat, say) if sheet.heat else None,
        trades=_trades(sheet, say),
        notes=[say.tell(n) for n in sheet.notes],
        receipt=[(say.label(k), say.tell(v, limit=200)) for k, v in sheet.receipt.items()],
    )


def _page(template: str, say: Voice, **given: Any) -> str:
    page = _template(template).render(_=say.say, csp=CSP, lang=say.lang, **given)
    return re.sub(r"\n\s*\n+", "\n", page).strip() + "\n"


@lru_cache
def _template(name: str) -> Template:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    env = Environment(
        loader=ChoiceLoader([PackageLoader("backtests"), PackageLoader("engine.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return env.get_template(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A figure with its label and the same figure of the benchmark, as text."""

    label: str
    ours: str
    theirs: str = ""


def _headline_cells(ours: Summary, theirs: Summary, sheet: Sheet, say: Voice) -> list[Cell]:
    def both(label: str, a: float | None, b: float | None, spec: str) -> Cell:
        held = say.say("holding {value}", value=say.number(b, spec))
        return Cell(label=label, ours=say.number(a, spec), theirs=held)

    capital = sheet.run.capital
    return [
        both(
            say.say("of one dollar"),
            ours.final_equity / capital,
            theirs.final_equity / capital,
            "usd2",
        ),
        both(say.say("a year"), ours.cagr_pct, theirs.cagr_pct, "+pct1"),
        both(say.say("Sharpe ratio"), ours.sharpe, theirs.sharpe, ".2f"),
        both(say.say("worst fall"), ours.max_drawdown_pct, theirs.max_drawdown_pct, "pct1"),
    ]


def _comparison(ours: Summary, theirs: Summary, say: Voice) -> list[Cell]:
    lines: tuple[tuple[str, str, str], ...] = (
        (say.say("Growth a year"), "cagr_pct", "+pct2"),
        (say.say("Volatility a year"), "volatility_pct", "pct1"),
        (say.say("Sharpe ratio"), "sharpe", ".2f"),
        (say.say("Standard error of the Sharpe ratio"), "sharpe_se", ".2f"),
        (say.say("Sortino ratio"), "sortino", ".2f"),
        (say.say("Worst fall"), "max_drawdown_pct", "pct1"),
        (say.say("Longest time below a peak, days"), "max_drawdown_days", "int"),
        (say.say("Share of the money in the stock"), "exposure_pct", "pct0"),
        (say.say("Turnover a year, times the equity"), "turnover_per_year", ".2f"),
        (say.say("Trades"), "n_trades", "int"),
        (say.say("Probability of a true Sharpe ratio above zero"), "psr", "share0"),
    )
    return [
        Cell(
            label=label,
            ours=say.number(getattr(ours, name), spec),
            theirs=say.number(getattr(theirs, name), spec),
        )
        for label, name, spec in lines
    ]


def _equity(sheet: Sheet, say: Voice) -> Figure:
    """Both accounts from one dollar, on a log scale: equal heights are equal per cents."""
    one, two = sheet.run.equity / sheet.run.capital, sheet.holding.equity / sheet.holding.capital
    low, high = float(min(one.min(), two.min(), 1.0)), float(max(one.max(), two.max(), 1.0))
    axis, ticks = figures.logarithmic(low, high)
    return Figure(
        shapes=(
            Shape(path=figures.line(np.log(two), axis), style="bench"),
            Shape(path=figures.line(np.log(one), axis), style="own"),
        ),
        rows=tuple(Tick(at=100 - axis.at(math.log(t)), text=say.number(t, "usd2")) for t in ticks),
        columns=figures.years(sheet.days),
        summary=say.say(
            "One dollar became {one:usd2} with the rule and {two:usd2} by holding.",
            one=float(one[-1]),
            two=float(two[-1]),
        ),
        key=_both(say),
    )


def _both(say: Voice) -> tuple[tuple[str, str], ...]:
    return (("own", say.say("the rule")), ("bench", say.say("holding")))


def _falls(sheet: Sheet, say: Voice) -> Figure:
    one = 100.0 * drawdowns(sheet.run.equity, sheet.run.capital)
    two = 100.0 * drawdowns(sheet.holding.equity, sheet.holding.capital)
    axis, ticks = figures.linear(min(float(one.min()), float(two.min()), -5.0), 0.0, about=3)
    return Figure(
        shapes=(
            Shape(path=figures.band(one, np.zeros(one.size), axis), style="fall", filled=True),
            Shape(path=figures.line(two, axis), style="bench"),
            Shape(path=figures.line(one, axis), style="lost"),
        ),
        rows=tuple(Tick(at=100 - axis.at(t), text=say.number(t, "pct0")) for t in ticks),
        columns=figures.years(sheet.days),
        summary=say.say(
            "The worst fall was {one:pct1}; holding fell {two:pct1}.",
            one=abs(float(one.min())),
            two=abs(float(two.min())),
        ),
        key=(("lost", say.say("the rule")), ("bench", say.say("holding"))),
    )


def _price(sheet: Sheet, say: Voice) -> Figure:
    """The price on a log scale, hatched where the rule was out, a dot per event with a sense."""
    values = sheet.price_usd
    axis, ticks = figures.logarithmic(float(values.min()), float(values.max()))
    place = {day: i for i, day in enumerate(sheet.days)}
    last = max(1, len(sheet.days) - 1)
    dots = [
        Dot(
            left=round(100 * place[e.session_on] / last, 3),
            top=round(100 - axis.at(math.log(float(values[place[e.session_on]]))), 3),
            style="good" if e.direction > 0 else "bad",
            text=say.say("{day:date}: {text}", day=e.session_on, text=e.text[:200]),
        )
        for e in sheet.events
        if e.direction != 0 and e.session_on in place
    ]
    out = sheet.target_weight < 0.5
    key = [("own", say.say("NVDA, split-adjusted")), ("out", say.say("sold"))]
    if dots:
        key += [("goodbox", say.say("good news")), ("badbox", say.say("bad news"))]
    return Figure(
        shapes=(Shape(path=figures.line(np.log(values), axis), style="own"),),
        rows=tuple(Tick(at=100 - axis.at(math.log(t)), text=say.number(t, "usd0")) for t in ticks),
        columns=figures.years(sheet.days),
        summary=say.say(
            "The rule was out of the stock in {n} of {all} sessions.",
            n=int(out.sum()),
            all=len(sheet.days),
        ),
        key=tuple(key),
        bands=figures.runs_of(out),
        dots=tuple(dots),
    )


def _parts(sheet: Sheet, say: Voice) -> Figure | None:
    """What each strategy adds to the score, stacked; the score itself as a line."""
    if not sheet.contributions or sheet.score is None:
        return None
    low, high = figures.stacked_range(sheet.contributions)
    lines = [v for v in (sheet.exit_below, sheet.enter_above) if v is not None]
    axis, ticks = figures.linear(min(low, *lines, -0.1), max(high, *lines, 0.1))
    areas = figures.stacked(sheet.contributions, axis)
    styles = {name: f"c{i % COLOURS}" for i, name in enumerate(areas)}
    shapes = [Shape(path=p, style=styles[n], filled=True) for n, p in areas.items() if p]
    if sheet.exit_below is not None:
        flat = np.full(len(sheet.days), sheet.exit_below)
        shapes.append(Shape(path=figures.line(flat, axis), style="limit"))
    shapes.append(Shape(path=figures.line(sheet.score, axis), style="own"))
    key = [(styles[n], say.label(n)) for n in areas]
    key.append(("own", say.say("score")))
    if sheet.exit_below is not None:
        key.append(("limit", say.say("SELL below {x:+.2f}", x=sheet.exit_below)))
    return Figure(
        shapes=tuple(shapes),
        rows=tuple(Tick(at=100 - axis.at(t), text=say.number(t, "+.2f")) for t in ticks),
        columns=figures.years(sheet.days),
        summary=say.say("What each strategy added to the score, session by session."),
        key=tuple(key),
        zero=100 - axis.at(0.0),
    )


def _rolling(sheet: Sheet, say: Voice) -> Figure | None:
    one, two = rolling_sharpe(sheet.run), rolling_sharpe(sheet.holding)
    known = np.concatenate((one, two))
    known = known[np.isfinite(known)]
    if known.size < 2:
        return None
    axis, ticks = figures.linear(min(float(known.min()), 0.0), max(float(known.max()), 0.0))
    return Figure(
        shapes=(
            Shape(path=figures.line(two, axis), style="bench"),
            Shape(path=figures.line(one, axis), style="own"),
        ),
        rows=tuple(Tick(at=100 - axis.at(t), text=say.number(t, ".1f")) for t in ticks),
        columns=figures.years(sheet.days),
        summary=say.say("Sharpe ratio of the {n} sessions before each day.", n=ROLLING),
        key=_both(say),
        zero=100 - axis.at(0.0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shade:
    """A table cell: its text, and how strongly it is coloured, 0 to 100; tone -1, 0, +1."""

    text: str
    strength: int = 0
    tone: int = 0
    chosen: bool = False


def _months(sheet: Sheet, say: Voice) -> dict[str, Any]:
    """Rows of (year, twelve months, year with the rule, year by holding)."""
    ours = period_returns(sheet.run.equity, sheet.days, sheet.run.capital)
    held = period_returns(sheet.holding.equity, sheet.days, sheet.holding.capital)
    rows = []
    for year in range(sheet.days[0].year, sheet.days[-1].year + 1):
        months = [_shade(ours.get(f"{year}-{m:02d}"), 0.2, say, "+.1f") for m in range(1, 13)]
        totals = [_shade(found.get(f"{year}"), 0.8, say, "+.0f") for found in (ours, held)]
        rows.append((str(year), months, totals))
    names = [say.month(date(2024, m, 1)) for m in range(1, 13)]
    return {"names": names, "rows": rows}


def _shade(value: float | None, full: float, say: Voice, spec: str) -> Shade:
    if value is None:
        return Shade(text="")
    strength = round(100 * min(1.0, abs(value) / full))
    text = say.number(100 * value, spec if "." in spec and spec != "+.0f" else "+.0f")
    return Shade(text=text, strength=strength, tone=(value > 0) - (value < 0))


def _heat_rows(heat: Heat, say: Voice) -> dict[str, Any]:
    known = heat.values[np.isfinite(heat.values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    written = len(heat.x) <= MOST_CELLS_WITH_TEXT

    def cell(i: int, j: int) -> Shade:
        value = float(heat.values[i, j])
        chosen = heat.chosen == (i, j)
        if not math.isfinite(value):
            return Shade(text="·", chosen=chosen)
        strength = round(100 * (value - low) / (high - low)) if high > low else 50
        text = say.number(value, ".2f") if written or chosen else ""
        return Shade(text=text, strength=strength, tone=1, chosen=chosen)

    rows = [
        (say.number(y, "sig4"), [cell(i, j) for j in range(len(heat.x))])
        for i, y in enumerate(heat.y)
    ]
    columns = [say.number(x, "sig4") for x in heat.x]
    return {
        "columns": columns if written else [c if i % 4 == 0 else "" for i, c in enumerate(columns)],
        "rows": rows,
        "x_name": heat.x_name,
        "y_name": heat.y_name,
        "what": say.label(heat.what),
        "low": say.number(low, ".2f"),
        "high": say.number(high, ".2f"),
    }


def _trades(sheet: Sheet, say: Voice) -> list[tuple[str, ...]]:
    """The last trades, newest first: day, weights, price, cost in basis points of the equity."""
    place = {day: i for i, day in enumerate(sheet.days)}
    found: list[tuple[str, ...]] = []
    for trade in reversed(sheet.run.trades[-MOST_TRADES:]):
        equity = float(sheet.run.equity[place[trade.session_on]])
        change = say.say("{a:share0} to {b:share0}", a=trade.from_weight, b=trade.to_weight)
        found.append(
            (
                say.on(trade.session_on),
                change,
                say.number(trade.price_usd, "usd2"),
                say.say("open") if trade.filled_at == "open" else say.say("close"),
                say.number(10_000 * (trade.cost + trade.tax) / equity, ".1f"),
            )
        )
    return found


# --- the daily ledger --------------------------------------------------------------------------


def ledger_csv(sheet: Sheet) -> str:
    """One row a session, RFC 4180, safe to open in a spreadsheet.

    date, target and actual weight, price, equity and return of the rule and of holding, cash,
    turnover, score, one column a strategy, and what happened. Blank: not observed.
    """
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(map(safe_cell, _ledger_head(sheet)))
    for row in _ledger_rows(sheet):
        table.writerow(map(safe_cell, row))
    return out.getvalue()


def _ledger_head(sheet: Sheet) -> list[str]:
    return [
        *"session_on target_weight actual_weight price_usd equity return_pct".split(),
        *"holding_equity holding_return_pct cash_return_pct turnover score".split(),
        *(f"contribution_{name}" for name in sheet.contributions),
        "events",
    ]


def _ledger_rows(sheet: Sheet) -> Iterator[list[object]]:
    told: dict[date, list[str]] = {}
    for event in sheet.events:
        told.setdefault(event.session_on, []).append(event.text)
    run, held = sheet.run, sheet.holding
    for t, day in enumerate(sheet.days):
        yield [
            day.isoformat(),
            float(sheet.target_weight[t]),
            float(run.weights[t]),
            float(sheet.price_usd[t]),
            float(run.equity[t]),
            100.0 * float(run.returns[t]),
            float(held.equity[t]),
            100.0 * float(held.returns[t]),
            100.0 * float(run.cash_returns[t]),
            float(run.turnover[t]),
            math.nan if sheet.score is None else float(sheet.score[t]),
            *(float(part[t]) for part in sheet.contributions.values()),
            " | ".join(told.get(day, ())),
        ]


def safe_cell(value: object) -> str:
    """``value`` for a spreadsheet: a text that could be read as a formula gets an apostrophe.

    Numbers stay numbers, a negative one included; NaN is blank; control characters go.
    """
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    text = str(value)
    if text[:1] in ("\t", "\r") or (text[:1] in "=+-@" and text and not _is_number(text)):
        text = "'" + text
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", text)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


# --- studies -----------------------------------------------------------------------------------


def render_studies(results: Sequence[StudyResult], *, lang: str = "en") -> str:
    """Event studies as one self-contained page."""
    say = voice(lang, minus="\u2212")
    return _page(
        "study.html.j2",
        say,
        title=say.say("Event study of {firm}", firm=results[0].firm),
        studies=[_study_view(r, say) for r in results],
    )


def _study_view(r: StudyResult, say: Voice) -> dict[str, Any]:
    sentences = [say.tell(part, limit=600) for part in r.sentences]
    return {
        "what": say.tell(r.what),
        "claim": sentences[0],
        "details": sentences[1:],
        "span": say.say(
            "{first:date} to {last:date}; {n} events in the record, {k} sessions studied; "
            "{m} sessions of estimation against {benchmark}",
            first=r.first_on,
            last=r.last_on,
            n=r.n_events,
            k=r.n_occurrences,
            m=r.estimation,
            benchmark=r.benchmark,
        ),
        "path": _path_figure(r, say) if r.path else None,
        "spread": _spread_figure(r.windows[-1], say),
        "windows": [_window_view(w, say) for w in r.windows],
        "tests": [
            (say.tell(t.name), [_test_text(w.tests[i], say) for w in r.windows])
            for i, t in enumerate(r.windows[0].tests)
        ],
        "base": [
            (say.say("event sessions"), _base_view(r.base, say)),
            (say.say("all sessions"), _base_view(r.all_sessions, say)),
        ],
        "rank": None
        if r.rank is None
        else say.say(
            "Rank correlation of threat score and move: {rho:+.2f} ({low:+.2f} to {high:+.2f}) "
            "over {n} sessions.",
            rho=r.rank.rho,
            low=r.rank.low,
            high=r.rank.high,
            n=r.rank.n,
        ),
    }


def _test_text(test: Any, say: Voice) -> str:
    if test.statistic is None:
        return "–"
    shown = say.number(test.statistic, "+.2f")
    return say.say("{z} (p {p:.3f})", z=shown, p=test.p_value)


def _base_view(base: Any, say: Voice) -> list[str]:
    return [
        say.number(base.n, "int"),
        say.number(base.mean_pct, "+pct2"),
        say.number(base.median_pct, "+pct2"),
        say.number(base.sd_pct, "pct2"),
        say.number(base.large_fall_share, "share0"),
    ]


def _window_view(w: WindowResult, say: Voice) -> list[str]:
    return [
        say.say("{a} to {b}", a=str(w.window[0]), b=str(w.window[1])),
        say.number(w.n, "int"),
        say.number(w.mean_car_pct, "+pct2"),
        say.say("{a:+pct2} to {b:+pct2}", a=w.low_pct, b=w.high_pct),
        say.number(w.negative_share, "share0"),
        say.number(w.p_bootstrap, ".3f"),
        say.number(w.usual_car_pct, "+pct2"),
        say.say("{a:+pct2} to {b:+pct2}", a=w.excess_low_pct, b=w.excess_high_pct),
        say.number(w.detectable_pct, "pct1"),
    ]


def _path_figure(r: StudyResult, say: Voice) -> Figure:
    assert r.path is not None
    low, high = np.array(r.path.low_pct), np.array(r.path.high_pct)
    axis, ticks = figures.linear(min(float(low.min()), 0.0), max(float(high.max()), 0.0))
    last = len(r.path.offsets) - 1
    columns = [
        Tick(at=round(100 * i / last, 3), text=say.number(o, "+.0f"))
        for i, o in enumerate(r.path.offsets)
        if o % 5 == 0
    ]
    return Figure(
        shapes=(
            Shape(path=figures.band(low, high, axis), style="around", filled=True),
            Shape(path=figures.line(np.array(r.path.mean_pct), axis), style="own"),
        ),
        rows=tuple(Tick(at=100 - axis.at(t), text=say.number(t, "+pct1")) for t in ticks),
        columns=tuple(columns),
        summary=say.say(
            "Mean cumulative move beyond {benchmark}, from five sessions before the event.",
            benchmark=r.benchmark,
        ),
        key=(("own", say.say("mean")), ("around", say.say("95 % interval"))),
        zero=100 - axis.at(0.0),
    )


def _spread_figure(w: WindowResult, say: Voice) -> Figure:
    """One dot an occurrence, by date and CAR."""
    days = [e.session_on.toordinal() for e in w.events]
    across = Axis(low=min(days) - 20, high=max(days) + 20)
    cars = [e.car_pct for e in w.events]
    ticks = nice_ticks(min(*cars, 0.0), max(*cars, 0.0))
    up = Axis(low=ticks[0], high=ticks[-1])
    dots = tuple(
        Dot(
            left=across.at(e.session_on.toordinal()),
            top=round(100 - up.at(e.car_pct), 3),
            style="good" if e.car_pct > 0 else "bad",
            text=say.say(
                "{day:date}, {car:+pct1}: {name}",
                day=e.session_on,
                car=e.car_pct,
                name=", ".join(e.names)[:160],
            ),
        )
        for e in w.events
    )
    spanned = range(w.events[0].session_on.year, w.events[-1].session_on.year + 1)
    columns = [Tick(at=across.at(date(y, 1, 1).toordinal()), text=str(y)) for y in spanned]
    return Figure(
        shapes=(),
        rows=tuple(Tick(at=100 - up.at(t), text=say.number(t, "+pct0")) for t in ticks),
        columns=tuple(t for t in columns if 3 <= t.at <= 97),
        summary=say.say(
            "Every event's cumulative move from session {a} to {b}.",
            a=str(w.window[0]),
            b=str(w.window[1]),
        ),
        dots=dots,
        zero=100 - up.at(0.0),
    )


__all__ = [
    "Heat",
    "Sheet",
    "SheetEvent",
    "events_on",
    "heat_of",
    "ledger_csv",
    "period_returns",
    "render",
    "render_studies",
    "rolling_sharpe",
    "safe_cell",
    "sheet_of",
]
