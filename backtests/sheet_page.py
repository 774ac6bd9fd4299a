"""One tear sheet as a page of blocks, for the command, the file and the local page.

``page_of`` takes one sheet, or two of the same sessions to stand side by side. The short form (the
command's answer, the local page) has the verdict, the figures, how much could be luck, the accounts
and the last trades; the file has everything. Every sentence goes through the reader's voice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from backtests import figures
from backtests.metrics import drawdowns, summarise
from backtests.overfitting import objections
from backtests.tearsheet import ROLLING, period_returns, rolling_sharpe
from engine.report.blocks import (
    Block,
    Card,
    Cell,
    Chart,
    Column,
    Curve,
    ItemList,
    Line,
    Lines,
    ListItem,
    Mark,
    Note,
    Page,
    Part,
    Table,
    Tick,
)
from engine.report.i18n import Speaker, voice

if TYPE_CHECKING:
    from backtests.benchmarks import AfterTax
    from backtests.metrics import Summary
    from backtests.overfitting import RuleEvidence
    from backtests.reliability import FallScore
    from backtests.tearsheet import Heat, Sheet, SheetEvent

COLOURS = 8
MOST_TRADES, FEW_TRADES = 40, 12
MOST_CELLS_WITH_TEXT = 14


def render(sheet: Sheet, *, lang: str = "en") -> str:
    """The whole tear sheet as a self-contained page in ``lang`` ("en" or "fr")."""
    from engine.report.forms.html import render_html

    return render_html(page_of([sheet], voice(lang, minus="\u2212")))


def text_of(sheet: Sheet, *, lang: str = "en", width: int = 80, before: Sequence[Part] = ()) -> str:
    """The short form as text; ``before``: parts of the command's own, after the head."""
    from engine.report.forms.text import render_text

    return render_text(page_of([sheet], voice(lang), before=before), width=width, short=True)


def page_of(sheets: Sequence[Sheet], say: Speaker, *, before: Sequence[Part] = ()) -> Page:
    """The page of one rule, or of two beside each other; ``before``: parts after the head."""
    first = sheets[0]
    _ = say.say
    names = [say.tell(s.strategy, limit=60) for s in sheets]
    if len(sheets) == 1:
        names = [_("the rule")]
    whole = [
        Part(name="head", title="", blocks=tuple(_head(s, say) for s in sheets)),
        *before,
        Part(name="equity", title=_("Equity"), blocks=(_equity(sheets, names, say),)),
        Part(name="figures", title=_("Figures"), blocks=(_comparison(sheets, names, say),)),
    ]
    for sheet in sheets:
        whole += _parts(sheet, say, "" if len(sheets) == 1 else say.tell(sheet.strategy, limit=60))
    whole.append(Part(name="basis", title=_("Basis"), blocks=tuple(_basis(first, say))))
    better = summarise(first.run).final_equity >= summarise(first.holding).final_equity
    return Page(
        lang=say.lang,
        title=_("Backtest of {strategy}", strategy=say.tell(first.strategy, limit=80)),
        code="HOLD" if better else "SELL",
        parts=tuple(whole),
        disclaimer="",
    )


def _parts(sheet: Sheet, say: Speaker, name: str) -> Iterator[Part]:
    """What only one rule has: luck, pictures, trades."""
    _ = say.say
    found: tuple[tuple[str, str, Sequence[Block | None]], ...] = (
        ("yardsticks", _("Beside rules without evidence"), _yardsticks(sheet, say)),
        ("luck", _("How much could be luck"), _luck(sheet.evidence, say)),
        ("chances", _("Chances that were printed, and what came"), _chances(sheet.chances, say)),
        ("falls", _("Falls from the peak"), [_falls(sheet, say)]),
        ("price", _("Price, position, events"), [_price(sheet, say)]),
        ("months", _("Months and years, %"), [_months(sheet, say)]),
        ("parts", _("Contributions"), [_contributions(sheet, say)]),
        ("rolling", _("Rolling Sharpe ratio"), [_rolling(sheet, say)]),
        ("heat", _("Sweep"), _heat(sheet.heat, say)),
        ("trades", _("Trades"), _trades(sheet, say)),
    )
    for key, title, blocks in found:
        shown = tuple(block for block in blocks if block is not None)
        if shown:
            titled = say.pair(title, name) if name else title
            yield Part(name=key, title=titled, blocks=shown)


def _head(sheet: Sheet, say: Speaker) -> Card:
    """The verdict with the four figures that matter."""
    _ = say.say
    ours, theirs = summarise(sheet.run), summarise(sheet.holding)
    capital = sheet.run.capital

    def both(label: str, a: float | None, b: float | None, spec: str) -> Line:
        held = _("holding {value}", value=say.number(b, spec))
        return Line(label=label, value=say.number(a, spec), note=held)

    one, two = ours.final_equity / capital, theirs.final_equity / capital
    return Card(
        title=_("Backtest of {strategy}", strategy=say.tell(sheet.strategy, limit=80)),
        note=_(
            "{first:date} to {last:date}, {n} sessions",
            first=sheet.days[0],
            last=sheet.days[-1],
            n=len(sheet.days),
        ),
        blocks=(
            Note(text=say.tell(sheet.verdict, limit=1_500), style="lead"),
            Lines(
                large=True,
                lines=(
                    both(_("of one dollar"), one, two, "usd2"),
                    both(_("a year"), ours.cagr_pct, theirs.cagr_pct, "+pct1"),
                    both(_("Sharpe ratio"), ours.sharpe, theirs.sharpe, ".2f"),
                    both(_("worst fall"), ours.max_drawdown_pct, theirs.max_drawdown_pct, "pct1"),
                ),
            ),
        ),
    )


def _comparison(sheets: Sequence[Sheet], names: Sequence[str], say: Speaker) -> Table:
    _ = say.say
    found: list[Summary] = [*(summarise(s.run) for s in sheets), summarise(sheets[0].holding)]
    lines: tuple[tuple[str, str, str], ...] = (
        (_("Final equity"), "final_equity", ".4f"),
        (_("Growth a year"), "cagr_pct", "+pct2"),
        (_("Volatility a year"), "volatility_pct", "pct1"),
        (_("Sharpe ratio"), "sharpe", ".2f"),
        (_("Standard error of the Sharpe ratio"), "sharpe_se", ".2f"),
        (_("Sortino ratio"), "sortino", ".2f"),
        (_("Worst fall"), "max_drawdown_pct", "pct1"),
        (_("Longest time below a peak, days"), "max_drawdown_days", "int"),
        (_("Share of the money in the stock"), "exposure_pct", "pct0"),
        (_("Turnover a year, times the equity"), "turnover_per_year", ".2f"),
        (_("Trades"), "n_trades", "int"),
        (_("Probability of a true Sharpe ratio above zero"), "psr", "share0"),
    )
    styles: list[Any] = ["strong"] * len(sheets) + [""]
    return Table(
        columns=(Column(), *(Column(head=n, number=True) for n in (*names, _("holding")))),
        rows=tuple(
            (
                Cell(text=label),
                *(
                    Cell(text=say.number(getattr(f, field), spec), style=style)
                    for f, style in zip(found, styles, strict=True)
                ),
            )
            for label, field, spec in lines
        ),
    )


def _yardsticks(sheet: Sheet, say: Speaker) -> list[Block]:
    """The rule and every yardstick in one table, then the rule against its own constant mix."""
    if not sheet.yardsticks:
        return []
    _ = say.say
    heads = (
        "", _("a year"), _("worst fall"), _("Sharpe"), _("in the stock"), _("trades"),
        _("a year, after tax"),
    )  # fmt: skip
    ours = _measured(_("the rule"), summarise(sheet.run), sheet.after_tax, say, "strong")
    others = (_measured(say.tell(y.label), y.figures, y.after_tax, say) for y in sheet.yardsticks)
    blocks: list[Block] = [
        Table(
            dense=True,
            columns=tuple(Column(head=h, number=bool(h)) for h in heads),
            rows=(ours, *others),
        )
    ]
    for stick in sheet.yardsticks:
        if stick.interval is not None and stick.excess_pct is not None:
            said = _(
                "Growth a year above {name}: {excess:+pct1} (95% interval {low:+pct1} to "
                "{high:+pct1}).",
                name=say.tell(stick.label),
                excess=stick.excess_pct,
                low=stick.interval.low_pct,
                high=stick.interval.high_pct,
            )
            blocks.append(Note(text=said))
    if sheet.after_tax is not None:
        taxed = _(
            "After tax: {rate:share0} of every gain, the one still open at the end included.",
            rate=sheet.after_tax.rate,
        )
        blocks.append(Note(text=taxed, style="quiet"))
    return blocks


def _measured(
    name: str, figures: Summary, taxed: AfterTax | None, say: Speaker, style: Any = ""
) -> tuple[Cell, ...]:
    cells = (
        say.number(figures.cagr_pct, "+pct1"),
        say.number(figures.max_drawdown_pct, "pct1"),
        say.number(figures.sharpe, ".2f"),
        say.number(figures.exposure_pct, "pct0"),
        say.number(figures.n_trades, "int"),
        say.number(taxed.cagr_pct if taxed else None, "+pct1"),
    )
    return (Cell(text=name, style=style), *(Cell(text=text, style=style) for text in cells))


def _luck(evidence: RuleEvidence | None, say: Speaker) -> list[Block]:
    """The tests of chance, then what speaks against the rule."""
    if evidence is None:
        return []
    _ = say.say
    lines = [
        Line(
            label=_("Growth a year above holding"),
            value=say.number(evidence.excess_cagr_pct, "+pct2"),
            note=_(
                "95% interval {low:+pct1} to {high:+pct1}",
                low=evidence.interval.low_pct,
                high=evidence.interval.high_pct,
            ),
        )
    ]
    timing = evidence.p_value_random_timing
    untested = _("cannot be tested")
    lines.append(
        Line(
            label=_("p against random timing"),
            value=untested if timing is None else say.number(timing, ".3f"),
        )
    )
    for label, value in (
        (_("Deflated Sharpe ratio (DSR)"), evidence.dsr),
        (_("Probability of backtest overfitting (PBO)"), evidence.pbo),
        (_("p of superior ability (SPA)"), evidence.spa_p_value),
    ):
        if value is not None:
            lines.append(Line(label=label, value=say.number(value, ".3f")))
    tried = say.number(evidence.n_trials, "int")
    lines.append(Line(label=_("Attempts on these data so far"), value=tried))
    against = tuple(ListItem(text=say.tell(o)) for o in objections(evidence))
    return [
        Lines(lines=tuple(lines)),
        ItemList(items=against, title=_("What speaks against it"), depth="full"),
    ]


def _chances(scored: tuple[FallScore, ...], say: Speaker) -> list[Block]:
    """Brier scores against the base rate, then what came of what was said."""
    if not scored:
        return []
    _ = say.say
    heads = (_("said"), _("came"), _("Brier"), _("of the base rate"), _("skill"), _("90% interval"))
    table = Table(
        columns=(Column(head=_("Fall")), *(Column(head=h, number=True) for h in heads)),
        rows=tuple(_scored(fall, say) for fall in scored),
    )
    lines = tuple(
        Line(
            label=_("{fall:pct0}: said {said:share0}", fall=fall.fall_pct, said=row.said),
            value=say.number(row.came, "share0"),
            note=say.count("{n:int} session", "{n:int} sessions", n=row.n),
        )
        for fall in scored
        for row in fall.score.table
    )
    return [table, Lines(lines=lines, depth="full")]


def _scored(fall: FallScore, say: Speaker) -> tuple[Cell, ...]:
    s = fall.score
    span = "–"
    if s.low is not None and s.high is not None:
        low, high = say.number(s.low, "+.3f"), say.number(s.high, "+.3f")
        span = say.say("{low} to {high}", low=low, high=high)
    figures = [(s.said, "share0"), (s.rate, "share0"), (s.brier, ".4f"), (s.brier_of_base, ".4f")]
    told = [say.number(value, spec) for value, spec in (*figures, (s.skill, "+.3f"))]
    return (
        Cell(text=say.number(fall.fall_pct, "pct0")),
        *(Cell(text=text) for text in (*told, span)),
    )


# --- pictures -----------------------------------------------------------------------------------


def _equity(sheets: Sequence[Sheet], names: Sequence[str], say: Speaker) -> Chart:
    """All accounts from one dollar, on a log scale: equal heights are equal per cents."""
    first = sheets[0]
    held = first.holding.equity / first.holding.capital
    ours = [s.run.equity / s.run.capital for s in sheets]
    low = min(1.0, *(float(x.min()) for x in (held, *ours)))
    high = max(1.0, *(float(x.max()) for x in (held, *ours)))
    axis, ticks = figures.logarithmic(low, high)
    styles = ("own", "second")
    bands = figures.runs_of(first.target_weight < 0.5) if len(sheets) == 1 else ()
    key = [*zip(styles, names, strict=False), ("bench", say.say("holding"))]
    return Chart(
        curves=(
            Curve(path=figures.line(np.log(held), axis), style="bench"),
            *(
                Curve(path=figures.line(np.log(one), axis), style=style)
                for one, style in reversed([*zip(ours, styles, strict=False)])
            ),
        ),
        levels=tuple(
            Tick(at=100 - axis.at(math.log(t)), label=say.number(t, "usd2")) for t in ticks
        ),
        times=figures.years(first.days),
        summary=say.say(
            "One dollar became {one:usd2} with the rule and {two:usd2} by holding.",
            one=float(ours[0][-1]),
            two=float(held[-1]),
        ),
        key=(*key, *([("out", say.say("sold"))] if bands else [])),
        bands=bands,
        spark=tuple(np.log(ours[0]).tolist()),
    )


def _falls(sheet: Sheet, say: Speaker) -> Chart:
    one = 100.0 * drawdowns(sheet.run.equity, sheet.run.capital)
    two = 100.0 * drawdowns(sheet.holding.equity, sheet.holding.capital)
    axis, ticks = figures.linear(min(float(one.min()), float(two.min()), -5.0), 0.0, about=3)
    return Chart(
        depth="full",
        low=True,
        curves=(
            Curve(path=figures.band(one, np.zeros(one.size), axis), style="fall", filled=True),
            Curve(path=figures.line(two, axis), style="bench"),
            Curve(path=figures.line(one, axis), style="lost"),
        ),
        levels=tuple(Tick(at=100 - axis.at(t), label=say.number(t, "pct0")) for t in ticks),
        times=figures.years(sheet.days),
        summary=say.say(
            "The worst fall was {one:pct1}; holding fell {two:pct1}.",
            one=abs(float(one.min())),
            two=abs(float(two.min())),
        ),
        key=(("lost", say.say("the rule")), ("bench", say.say("holding"))),
    )


def _price(sheet: Sheet, say: Speaker) -> Chart:
    """The price on a log scale, hatched where the rule was out, a dot per event with a sense."""
    values = sheet.price_usd
    axis, ticks = figures.logarithmic(float(values.min()), float(values.max()))
    place = {day: i for i, day in enumerate(sheet.days)}
    last = max(1, len(sheet.days) - 1)
    dots = tuple(
        Mark(
            at=round(100 * place[e.session_on] / last, 3),
            height=round(100 - axis.at(math.log(float(values[place[e.session_on]]))), 3),
            tone=e.direction,
            label=_dot(e, say),
        )
        for e in sheet.events
        if e.direction != 0 and e.session_on in place
    )
    out = sheet.target_weight < 0.5
    key = [("own", say.say("NVDA, split-adjusted")), ("out", say.say("sold"))]
    if dots:
        key += [("goodbox", say.say("good news")), ("badbox", say.say("bad news"))]
    return Chart(
        depth="full",
        curves=(Curve(path=figures.line(np.log(values), axis)),),
        levels=tuple(
            Tick(at=100 - axis.at(math.log(t)), label=say.number(t, "usd0")) for t in ticks
        ),
        times=figures.years(sheet.days),
        summary=say.say(
            "The rule wanted none of the stock in {none} of {all} sessions, a part in {part}.",
            none=int((sheet.target_weight <= 0).sum()),
            all=len(sheet.days),
            part=int(((sheet.target_weight > 0) & (sheet.target_weight < 1)).sum()),
        ),
        key=tuple(key),
        bands=figures.runs_of(out),
        dots=dots,
    )


def _dot(event: SheetEvent, say: Speaker) -> str:
    given = {"day": event.session_on, "text": say.quote(event.text, limit=200)}
    if event.hindsight:
        return say.say("{day:date}: {text} (picked with hindsight)", **given)
    return say.say("{day:date}: {text}", **given)


def _contributions(sheet: Sheet, say: Speaker) -> Chart | None:
    """What each strategy adds to the score, stacked; the score itself as a line."""
    if not sheet.contributions or sheet.score is None:
        return None
    low, high = figures.stacked_range(sheet.contributions)
    lines = [v for v in (sheet.exit_below, sheet.enter_above) if v is not None]
    axis, ticks = figures.linear(min(low, *lines, -0.1), max(high, *lines, 0.1))
    areas = figures.stacked(sheet.contributions, axis)
    styles = {name: f"c{i % COLOURS}" for i, name in enumerate(areas)}
    curves = [Curve(path=p, style=styles[n], filled=True) for n, p in areas.items() if p]
    key = [(styles[n], say.label(n)) for n in areas]
    key.append(("own", say.say("score")))
    if sheet.exit_below is not None:
        flat = np.full(len(sheet.days), sheet.exit_below)
        curves.append(Curve(path=figures.line(flat, axis), style="limit"))
        key.append(("limit", say.say("SELL below {x:+.2f}", x=sheet.exit_below)))
    curves.append(Curve(path=figures.line(sheet.score, axis)))
    return Chart(
        depth="full",
        curves=tuple(curves),
        levels=tuple(Tick(at=100 - axis.at(t), label=say.number(t, "+.2f")) for t in ticks),
        times=figures.years(sheet.days),
        summary=say.say("What each strategy added to the score, session by session."),
        key=tuple(key),
        zero=100 - axis.at(0.0),
    )


def _rolling(sheet: Sheet, say: Speaker) -> Chart | None:
    one, two = rolling_sharpe(sheet.run), rolling_sharpe(sheet.holding)
    known = np.concatenate((one, two))
    known = known[np.isfinite(known)]
    if known.size < 2:
        return None
    axis, ticks = figures.linear(min(float(known.min()), 0.0), max(float(known.max()), 0.0))
    return Chart(
        depth="full",
        low=True,
        curves=(
            Curve(path=figures.line(two, axis), style="bench"),
            Curve(path=figures.line(one, axis)),
        ),
        levels=tuple(Tick(at=100 - axis.at(t), label=say.number(t, ".1f")) for t in ticks),
        times=figures.years(sheet.days),
        summary=say.say("Sharpe ratio of the {n} sessions before each day.", n=ROLLING),
        key=(("own", say.say("the rule")), ("bench", say.say("holding"))),
        zero=100 - axis.at(0.0),
    )


# --- tables -------------------------------------------------------------------------------------


def _months(sheet: Sheet, say: Speaker) -> Table:
    """A row a year: twelve months, the year with the rule, the year by holding."""
    ours = period_returns(sheet.run.equity, sheet.days, sheet.run.capital)
    held = period_returns(sheet.holding.equity, sheet.days, sheet.holding.capital)
    rows = []
    for year in range(sheet.days[0].year, sheet.days[-1].year + 1):
        months = [_return(ours.get(f"{year}-{m:02d}"), 0.2, say, "+.1f") for m in range(1, 13)]
        totals = [_return(found.get(f"{year}"), 0.8, say, "+int") for found in (ours, held)]
        rows.append((Cell(text=str(year)), *months, *totals))
    names = [say.month(date(2024, m, 1)) for m in range(1, 13)]
    heads = ("", *names, say.say("the rule"), say.say("holding"))
    return Table(
        depth="full",
        dense=True,
        columns=tuple(Column(head=head, number=bool(head)) for head in heads),
        rows=tuple(rows),
    )


def _return(value: float | None, full: float, say: Speaker, spec: str) -> Cell:
    if value is None:
        return Cell(shade=0)
    strength = round(100 * min(1.0, abs(value) / full))
    tone = (value > 0) - (value < 0)
    return Cell(text=say.number(100 * value, spec), shade=strength, tone=tone)


def _heat(heat: Heat | None, say: Speaker) -> list[Block]:
    if heat is None:
        return []
    known = heat.values[np.isfinite(heat.values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    written = len(heat.x) <= MOST_CELLS_WITH_TEXT

    def cell(i: int, j: int) -> Cell:
        value, chosen = float(heat.values[i, j]), heat.chosen == (i, j)
        if not math.isfinite(value):
            return Cell(text="·", shade=0, chosen=chosen)
        strength = round(100 * (value - low) / (high - low)) if high > low else 50
        text = say.number(value, ".2f") if written or chosen else ""
        return Cell(text=text, shade=strength, tone=1, chosen=chosen)

    heads = [say.number(x, "sig4") if written or i % 4 == 0 else "" for i, x in enumerate(heat.x)]
    said = say.say(
        "{what} by {y} (down) and {x} (across), from {low} to {high}; the framed set was chosen.",
        what=say.label(heat.what),
        x=heat.x_name,
        y=heat.y_name,
        low=say.number(low, ".2f"),
        high=say.number(high, ".2f"),
    )
    blocks: list[Block] = [Note(text=said, depth="full")]
    if heat.chosen is not None:
        row, column = heat.chosen
        named = say.say(
            "Chosen: {y} = {down}, {x} = {across}, with {value}.",
            y=heat.y_name,
            down=say.number(heat.y[row], "sig4"),
            x=heat.x_name,
            across=say.number(heat.x[column], "sig4"),
            value=say.number(float(heat.values[row, column]), ".2f"),
        )
        blocks.append(Note(text=named, depth="full"))
    table = Table(
        depth="full",
        dense=True,
        columns=(Column(), *(Column(head=h, number=True) for h in heads)),
        rows=tuple(
            (Cell(text=say.number(y, "sig4")), *(cell(i, j) for j in range(len(heat.x))))
            for i, y in enumerate(heat.y)
        ),
    )
    return [*blocks, table]


def _trades(sheet: Sheet, say: Speaker) -> list[Block]:
    """The last trades, newest first: day, weights, price, cost in basis points of the equity."""
    _ = say.say
    trades = sheet.run.trades
    if not trades:
        return [Note(text=_("No trade was made."))]
    heads = (
        _("session"), _("share of the equity"), _("price"), _("filled at"), _("cost, bp")
    )  # fmt: skip
    columns = tuple(Column(head=h, number=i > 0) for i, h in enumerate(heads))
    place = {day: i for i, day in enumerate(sheet.days)}
    rows = []
    for trade in reversed(trades[-MOST_TRADES:]):
        equity = float(sheet.run.equity[place[trade.session_on]])
        rows.append(
            (
                Cell(text=say.on(trade.session_on)),
                Cell(text=_("{a:share0} to {b:share0}", a=trade.from_weight, b=trade.to_weight)),
                Cell(text=say.number(trade.price_usd, "usd2")),
                Cell(text=_filled(trade.filled_at, say)),
                Cell(text=say.number(10_000 * (trade.cost + trade.tax) / equity, ".1f")),
            )
        )
    few = Table(columns=columns, rows=tuple(rows[:FEW_TRADES]), depth="short")
    found: list[Block] = [Table(columns=columns, rows=tuple(rows), depth="full"), few]
    for most, depth in ((MOST_TRADES, "full"), (FEW_TRADES, "short")):
        if len(trades) > most:
            hidden = len(trades) - most
            said = say.count(
                "{n} earlier trade is not shown.", "{n} earlier trades are not shown.", n=hidden
            )
            found.append(Note(text=said, style="quiet", depth=depth))  # type: ignore[arg-type]
    return found


def _filled(where: str, say: Speaker) -> str:
    return say.pgettext("fill", "open") if where == "open" else say.pgettext("fill", "close")


def _basis(sheet: Sheet, say: Speaker) -> Iterator[Block]:
    for note in sheet.notes:
        yield Note(text=say.tell(note), style="quiet")
    lines = tuple(
        Line(label=say.label(k), value=say.tell(v, limit=200)) for k, v in sheet.receipt.items()
    )
    yield Lines(lines=lines, code=True)
