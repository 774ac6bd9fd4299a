"""Your shares: what they are worth, and what selling them would bring after tax."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from engine.decision.reinvest import CASH, DOLLARS
from engine.report.blocks import Block, Cell, Column, Details, Line, Lines, Note, Table
from engine.report.labels import N_
from engine.report.section import Section
from engine.report.typography import clean

if TYPE_CHECKING:
    from engine.decision.holding import Position, SaleOutcome, Since
    from engine.report.i18n import Speaker
    from engine.report.inputs import Inputs
    from engine.shown import Report
    from engine.values import RiskView

OLD_DAYS = 7
"""A price so much older than the day asked for, or a rate so far from the price, is told as old."""


class Mine(Section):
    """Money lines for the owner; the decision knows nothing of them."""

    name, order, title = "holding", 17, N_("Your shares")
    private = True

    def gather(self, inputs: Inputs) -> Any:
        """The position, where there is a holding."""
        if inputs.holding is None:
            return None
        from engine.decision.holding import position

        kept = dict(
            zip(inputs.features.sessions_on, map(float, inputs.target_weight), strict=False)
        )
        told = {
            date.fromisoformat(str(e["acts_on"])): float(e["target_weight"]) for e in inputs.past
        }
        return position(inputs.holding, inputs.history, inputs.as_of, kept | told)

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """Nothing without a holding."""
        found = report.parts.get(self.name)
        if found is None:
            return
        risk = report.decision.risk
        wrong = None
        if risk is not None and found.value_eur is not None and not report.stale:
            wrong = Note(text=_wrong(found, found.value_eur, risk, voice))
        yield from holding_blocks(found, voice, wrong)


def holding_blocks(p: Position, voice: Speaker, wrong: Note | None = None) -> Iterable[Block]:
    """``p`` in words: value and gain, what a sale brings, what half would do.

    wrong: both ways of being wrong, by the forecast, where there is one.
    """
    _ = voice.say
    yield Lines(lines=_first(p, voice))
    yield from (Note(text=text, style="quiet") for text in _notes(p, voice))
    yield Details(
        title=_("Dividends, falls, what a sale would have brought"),
        blocks=(*([wrong] if wrong else []), *_rest(p, voice)),
    )


def _first(p: Position, voice: Speaker) -> tuple[Line, ...]:
    """What a phone shows of it."""
    return (*_worth(p, voice), *_sale(p, voice))


def _rest(p: Position, voice: Speaker) -> Iterable[Block]:
    """What a phone folds."""
    _ = voice.say
    yield Lines(lines=(*_received(p, voice), *_parted(p, voice), *_ahead(p, voice)))
    if p.outcomes:
        heads = (
            _("After a move of"), _("hold"), _("sell half now"), _("sell all now"),
            _("must earn elsewhere"),
        )  # fmt: skip
        yield Table(
            title=_("In hand after tax, once the rest is sold too"),
            columns=tuple(Column(head=head, number=True) for head in heads),
            rows=tuple(_outcome(row, voice) for row in p.outcomes),
        )
    yield from _elsewhere(p, voice)
    yield from (Note(text=text, style="quiet") for text in _small_print(p, voice))


def _wrong(p: Position, value_eur: float, risk: RiskView, voice: Speaker) -> str:
    """Both ways of being wrong for these shares, by the forecast of the next sessions."""
    told = {
        "n": risk.within_sessions,
        "gain": value_eur * risk.up_pct / 100.0,
        "loss": -value_eur * risk.down_pct / 100.0,
        "worst": -value_eur * risk.shortfall_pct / 100.0,
    }
    if p.tax_if_sold_eur:
        return voice.say(
            "Within {n:int} sessions. SELL all and wrong: {tax:int} EUR of tax now, and where it "
            "rises, half of the outcomes miss more than {gain:int} EUR. HOLD and wrong: where it "
            "falls, half lose more than {loss:int} EUR; the worst twentieth {worst:int} EUR on "
            "average.",
            tax=p.tax_if_sold_eur,
            **told,
        )
    return voice.say(
        "Within {n:int} sessions. SELL all and wrong: where it rises, half of the outcomes miss "
        "more than {gain:int} EUR. HOLD and wrong: where it falls, half lose more than {loss:int} "
        "EUR; the worst twentieth {worst:int} EUR on average.",
        **told,
    )


def _elsewhere(p: Position, voice: Speaker) -> Iterable[Block]:
    """What a sale a year ago into cash or a fund would have left, against the shares kept."""
    _ = voice.say
    if not p.sold_into:
        return
    first = p.sold_into[0]
    names: dict[str, str] = {
        CASH: _("euro, without interest"),
        DOLLARS: _("dollars at the Fed's rate"),
    }
    rows: list[tuple[str, float]] = [(_("NVDA, kept"), first.kept_eur)]
    rows += [(names.get(way.into, way.into), way.in_hand_eur) for way in p.sold_into]
    yield Table(
        title=_("Sold into what: in hand on {on:date}, after tax", on=first.until_on),
        columns=(
            Column(head=_("sold on {on:date}", on=first.sold_on)),
            Column(head=_("in hand"), number=True),
            Column(head=_("against keeping"), number=True),
        ),
        rows=tuple(
            (
                Cell(text=name),
                Cell(text=_euro(money, voice)),
                Cell(text="" if n == 0 else _euro(money - first.kept_eur, voice, signed=True)),
            )
            for n, (name, money) in enumerate(rows)
        ),
    )
    yield Note(
        text=_(
            "What came in this one year, not what will come: price moves in euro, without the "
            "dividends of NVDA and the funds (those of the funds are not on record), taxed at the "
            "sale and again at the end."
        ),
        style="quiet",
    )
    if DOLLARS not in {way.into for way in p.sold_into}:
        yield Note(text=_no_dollars(voice), style="quiet")


def _no_dollars(voice: Speaker) -> str:
    """That a way is missing, and why: missing is not nothing."""
    return voice.say("The Fed's rate of each day is not on record, so dollars are left out.")


def _worth(p: Position, voice: Speaker) -> Iterable[Line]:
    _ = voice.say
    price = ""
    if p.price_on is not None and p.rate_on is not None:
        price = _(
            "at {price:usd2} on {on:date}, {rate:.4f} USD per euro on {rate_on:date}",
            price=p.price_usd, on=p.price_on, rate=p.usd_per_eur, rate_on=p.rate_on,
        )  # fmt: skip
    yield Line(label=_("Shares today"), value=voice.number(p.shares, "sig8"))
    yield Line(label=_("Value"), value=_euro(p.value_eur, voice), note=price)
    yield Line(label=_("Gain before tax"), value=_euro(p.gain_eur, voice))


def _received(p: Position, voice: Speaker) -> Iterable[Line]:
    _ = voice.say
    if p.dividends_eur != 0:
        kept = p.withheld_eur
        note = "" if kept is None else _("of which {x:int} EUR withheld in the US", x=kept)
        yield Line(label=_("Dividends so far"), value=_euro(p.dividends_eur, voice), note=note)
        whole = p.gain_with_dividends_eur
        yield Line(label=_("Gain with dividends received"), value=_euro(whole, voice))


def _sale(p: Position, voice: Speaker) -> Iterable[Line]:
    _ = voice.say
    rule = "" if p.tax_rate_pct is None else _("{pct:pct1} of the gain", pct=p.tax_rate_pct)
    yield Line(label=_("Tax if sold now"), value=_euro(p.tax_if_sold_eur, voice), note=rule)
    yield Line(label=_("In hand if sold now"), value=_euro(p.net_if_sold_eur, voice))
    yield Line(
        label=_("NVDA must fall by"),
        value=voice.number(p.break_even_fall_pct, "pct1"),
        note=_("so that the proceeds buy back as many shares"),
    )


def _parted(p: Position, voice: Speaker) -> Iterable[Line]:
    _ = voice.say
    yield Line(label=_("In hand if half is sold now"), value=_euro(p.half_net_eur, voice))
    yield Line(
        label=_("Fall needed if it then recovers"),
        value=voice.number(p.break_even_if_back_pct, "pct1"),
        note=_(
            "where the shares bought back later sell at today's price: tax paid now is saved then"
        ),
    )


def _ahead(p: Position, voice: Speaker) -> Iterable[Line]:
    """What falls would take, what insurance costs, and what came after the steps noted."""
    _ = voice.say
    for fall in p.falls:
        wealth = fall.wealth_pct
        yield Line(
            label=_("A fall of {pct:pct0} takes", pct=fall.fall_pct),
            value=_euro(fall.loss_eur, voice),
            note="" if wealth is None else _("{pct:pct1} of all you own", pct=wealth),
        )
    if p.insured_eur_a_month is not None:
        until = _("a put 10 % below the price, until {on:date}", on=p.insured_until)
        cost = _("{x:int} EUR a month", x=p.insured_eur_a_month)
        yield Line(label=_("Insurance would cost"), value=cost, note=until)
    for step in p.done:
        yield Line(
            label=_("You noted on {on:date}", on=step.on),
            value=clean(step.note, limit=120),
            note=" ".join(_came(step, voice)),
        )


def _came(step: Since, voice: Speaker) -> Iterable[str]:
    """What the rules said that day, whether that was followed, and what it brought."""
    _ = voice.say
    yield _("NVDA since then: {moved}.", moved=voice.number(step.move_pct, "+pct1"))
    if step.kept_share is not None:
        yield _("The rules kept {share:share0} that day.", share=step.kept_share)
    if step.followed is not None:
        yield _("You followed them.") if step.followed else _("You did not follow them.")
    if step.brought_eur is not None and step.brought_eur >= 0:
        yield _("It brought {x:int} EUR before tax.", x=step.brought_eur)
    elif step.brought_eur is not None:
        yield _("It cost {x:int} EUR before tax.", x=-step.brought_eur)


def _outcome(row: SaleOutcome, voice: Speaker) -> tuple[Cell, ...]:
    sums = (row.hold_eur, row.sell_half_eur, row.sell_all_eur)
    return (
        Cell(text=voice.number(row.move_pct, "+pct0")),
        *(Cell(text=_euro(value, voice)) for value in sums),
        Cell(text=voice.number(row.must_earn_pct, "+pct1")),
    )


def _notes(p: Position, voice: Speaker) -> Iterable[str]:
    """What is lacking or old in the sums."""
    _ = voice.say
    if p.price_on is not None and (p.as_of_on - p.price_on).days > OLD_DAYS:
        yield voice.count(
            "The price is {n:int} day old: these are not today's sums.",
            "The price is {n:int} days old: these are not today's sums.",
            n=(p.as_of_on - p.price_on).days,
        )
    if p.rate_on is not None and p.price_on is not None:
        age = abs((p.price_on - p.rate_on).days)
        if age > OLD_DAYS:
            yield voice.count(
                "The euro's rate is {n:int} day away from the price; import a newer one.",
                "The euro's rate is {n:int} days away from the price; import a newer one.",
                n=age,
            )
    if p.cost_eur is None:
        yield _("No rate of the euro is on record for a purchase: give its cost in EUR.")
    if p.tax_rate_pct is None:
        yield _("No tax rule is known: name your country, or a rule under [[tax]].")


def _small_print(p: Position, voice: Speaker) -> Iterable[str]:
    _ = voice.say
    if p.tax_source:
        yield _("Tax rule: {source}.", source=voice.tell(p.tax_source))
    yield _("The decision does not read this; the tax on dividends is not counted.")


def _euro(value: float | None, voice: Speaker, *, signed: bool = False) -> str:
    if value is None:
        return voice.say("not observed")
    return voice.say("{x:+int} EUR", x=value) if signed else voice.say("{x:int} EUR", x=value)
