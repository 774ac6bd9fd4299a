"""Trip-wires under the known answers: made-up blocks in every form, figures of every section."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from engine.decision.holding import Fall, Position, SaleOutcome, Since
from engine.decision.options import FallChance, OptionOutlook
from engine.decision.reinvest import SoldInto
from engine.report.blocks import (
    Card,
    Cell,
    Chart,
    Column,
    Curve,
    Details,
    Gauge,
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
    Verdict,
    Waterfall,
    WaterfallStep,
)
from engine.report.calibration import Quantity
from engine.report.calibration import page_of as calibration_page
from engine.report.charts import Axis, AxisSpan
from engine.report.forms.markdown import render_markdown
from engine.report.forms.push import render_push
from engine.report.forms.text import render_text
from engine.report.i18n import voice
from engine.report.league import page_of as league_page
from engine.report.page import compose
from engine.report.render import render
from engine.report.sections.holding import holding_blocks
from engine.report.sections.risk import Beside
from engine.shown import Report
from engine.values import FallSkill
from tests.engine.report.sample_report import AS_OF, card, rating, sample_report, v31
from tests.engine.report.test_headlines_section import step
from tests.frozen import check, laid_out

AXIS = Axis(low=-1.0, high=1.0)


def bar(label: str, value: float, start: float, *, observed: bool = True) -> WaterfallStep:
    return WaterfallStep(
        label=label, value=value, shown=f"{value:+.2f}", working=f"{value} by hand",
        observed=observed, span=AXIS.span(start, start + value),
        reasons=(ListItem(text="because " * 12, tag="claim"), ListItem(text="and so")),
    )  # fmt: skip


def blocks() -> tuple[Any, ...]:
    """Each kind of block with every field of its own, edges among them."""
    gauge = Gauge(
        at=62.0, label="here", limit=30.0, limit_label="SELL", danger=AxisSpan(left=0, width=30.0),
        wait=AxisSpan(left=30.0, width=20.0), ends=("-1", "+1"),
    )  # fmt: skip
    verdict = Verdict(
        code="SELL", word="SELL", subject="NVDA", when="this evening", beside="keep 10%",
        acts="tomorrow", lead="It fell.", age="Two days old.", gauge=gauge,
        lines=(Note(text="so it is"), Note(text="quiet", style="quiet")),
        push=("SELL: keep 10%", "reason " * 9, "another " * 9),
    )  # fmt: skip
    lines = (
        Line(label="a", value="1", note="one", tone=1),
        Line(label="longer", value="-2", tone=-1),
    )
    cells = (
        (Cell(text="plain", note="noted"), Cell(span=AxisSpan(left=10, width=40), at=30.0, zero=0.0,
         tone=-1), Cell(text="42", style="strong")),
        (Cell(text="word " * 12), Cell(span=AxisSpan(left=99.0, width=0.5), at=100.0, zero=100.0),
         Cell(text="1", tone=1)),
        (Cell(note="only a note"), Cell(observed=False), Cell(text="0", style="quiet")),
        (Cell(text="none"), Cell(span=AxisSpan(left=50, width=0.0)), Cell(text="-1", tone=-1)),
    )  # fmt: skip
    items = (
        ListItem(text="a text", title="Titled", number=3, about="about", detail="detail", tag="tag",
                 source="source", url="https://e.org/a", tone=1),
        ListItem(text="bad " * 30, title="Bad", number=12, tone=-1),
        ListItem(text="no number", title="Loose"),
        ListItem(text="plain reason", tag="weak"),
    )  # fmt: skip
    fall = bar("Down", -0.3, 0.2)
    return (
        Note(text="an alarm", style="alarm"),
        Note(text="lead " * 25, style="lead", tag="tag", push=True),
        verdict,
        Lines(lines=lines, title="Lines"),
        Lines(lines=lines[:1], code=True),
        Table(columns=(Column(head="what"), Column(bar=True), Column(head="n", number=True)),
              rows=cells, title="A table"),
        Table(columns=(Column(), Column(number=True)), rows=(cells[0][::2],), dense=True),
        ItemList(items=items, title="Items", most=2),
        Waterfall(
            bars=(bar("Up", 0.2, 0.0), fall, bar("Unseen", 0.1, 0.0, observed=False)),
            total=bar("Score", -0.1, 0.0), zero=50.0, limit=39.0, limit_label="limit",
            heads=("a", "b", "c", "d"), key=("e", "f", "g"),
        ),
        Chart(
            curves=(Curve(path="M0 0L1000 400"), Curve(path="M0 9", style="bench", filled=True)),
            summary="It rose.", title="A chart", spark=tuple(float(i % 17) for i in range(150)),
            levels=(Tick(at=10, label="ten"),), times=(Tick(at=50, label="half"),),
            marks=(Mark(at=20.0, height=92.0, label="1", tone=-1),), key=(("own", "ours"),),
            gap=AxisSpan(left=75.0, width=25.0), end=Mark(at=75.0, height=20.0, label="end"),
        ),
        Card(title="A card", note="its note", blocks=(Note(text="inside"), Lines(lines=lines))),
        Details(title="Folded", blocks=(Note(text="folded"),)),
        Note(text="full only", depth="full"),
        Note(text="short only", depth="short"),
        Lines(lines=(), title="nothing"),
    )  # fmt: skip


def page() -> Page:
    whole = blocks()
    parts = (
        Part(name="head", title="", blocks=whole[:3]),
        Part(name="body", title="Body", blocks=whole[3:]),
        Part(name="empty", title="Empty", blocks=()),
    )
    return Page(lang="en", title="A title", code="SELL", parts=parts, disclaimer="No advice.")


@pytest.mark.parametrize("width", [30, 60, 80, 120])
def test_made_up_blocks_keep_their_text(width: int) -> None:
    check(f"text_{width}", render_text(page(), width=width).splitlines())


def test_made_up_blocks_keep_their_other_forms() -> None:
    check("text_short", render_text(page(), short=True).splitlines())
    colours = render_text(page(), color=True).replace("\x1b", "^").splitlines()
    check("text_colour", colours)
    check("markdown", render_markdown(page()).splitlines())
    check("push", [render_push(page())])


def test_a_line_for_a_phone_ends_where_it_must() -> None:
    def pushed(*parts: str) -> str:
        notes = tuple(Note(text=p, push=True) for p in (*parts, "not told"))
        notes = (*notes[:-1], replace(notes[-1], push=False))
        return render_push(replace(page(), parts=(Part(name="a", title="", blocks=notes),)))

    assert pushed("one.", "two") == "one · two."
    assert pushed("a" * 58, "b" * 58) == "a" * 58 + " · " + "b" * 58 + "."  # 119 and its stop
    assert pushed("a" * 58, "b" * 59) == "a" * 58 + "."
    assert pushed("a" * 130) == "a" * 120


WORDS = re.compile(r"(\w*)([ =]?)('[^']*'|\"[^\"]*\")")
FIGURE = re.compile(r"[-+−]?\d[\d.,\u202f]*%?")
NOT_WORDS = ("style", "depth", "code", "path", "kind", "name", "url")


def figures(told: object) -> Iterator[str]:
    """Everything of blocks but their words, which an editor may change."""

    def without_words(found: re.Match[str]) -> str:
        if found[1] in NOT_WORDS:
            return found[0]
        return f"{found[1]}{found[2]}'{' '.join(FIGURE.findall(found[3]))}'"

    for line in laid_out(told):
        yield WORDS.sub(without_words, line)


def variants() -> dict[str, Report]:
    plain = sample_report()
    decision = plain.decision
    risk = decision.risk
    assert risk is not None
    chain = OptionOutlook(
        symbol="NVDA", expires_on=date(2025, 9, 19), quoted_at=AS_OF, expected_move_pct=7.3,
        falls=(FallChance(fall_pct=5.0, chance=0.31, low=0.28, high=0.35),
               FallChance(fall_pct=20.0, chance=None, low=0.0, high=0.1)),
        put_cost_pct=1.35, collar_cost_pct=None,
    )  # fmt: skip
    proved = FallSkill(fall_pct=10.0, skill=0.02, low=0.01, high=0.04, scored=700)
    sold = replace(
        decision, verdict="SELL", stance="SELL", target_weight=0.4, floor_weight=0.25,
        changed=True, previous_score=None,
        risk=replace(risk, sells=True, tax_rate_pct=30.0, allowed_share=0.4),
    )  # fmt: skip
    first, *others = plain.releases
    odd = (
        replace(first, rating=replace(first.rating, score_low=-1.0, rateable=False)),
        replace(first, release=replace(
            first.release, price_input_usd_per_mtok=None, price_output_usd_per_mtok=None,
            open_weights=False)),
    )  # fmt: skip
    later = AS_OF.date() + timedelta(days=40)
    return {
        "plain": plain,
        "old": replace(plain, present_on=later),
        "blind": replace(plain, stale=True, market={}, prices=(), parts={}, releases=()),
        "bare": replace(
            plain, releases=(), rates=(), events=(), data_health=(), upcoming=(), track_record=(),
            parts={}, notices=("one notice",),
        ),
        "unknown": replace(plain, decision=replace(decision, known=False)),
        "beside": replace(
            plain, parts={**plain.parts, "risk": Beside(skill=proved, options=(chain,))}
        ),
        "limitless": replace(plain, decision=replace(
            decision, target_weight=0.5,
            risk=replace(risk, bear_fall_pct=None, last_close_usd=None, tax_rate_pct=0.0),
        )),
        "sells": replace(plain, decision=sold),
        "odd": replace(plain, releases=(*odd, *others)),
        "many": replace(
            plain, market={**plain.market, "nvda_change_5d_pct": 0.0}, events=plain.events * 4,
            parts={**plain.parts, "headlines": tuple(
                step(left_pct=n / 4 - 1, told_pct=-n / 2, others=n % 3, alone=n % 2 == 0,
                     owners=("Reuters", "AP")[: 1 + n % 2]) for n in range(14)
            )},
        ),
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(variants()))
def test_the_figures_of_every_section_stay(name: str) -> None:
    """Signs, shares, places on charts, tones and styles; not the sentences round them."""
    check(f"sections_{name}", list(figures(compose(variants()[name], voice("en")))))


OWNED = Position(
    as_of_on=date(2025, 8, 22), shares=120.5, price_usd=180.0, price_on=date(2025, 8, 15),
    usd_per_eur=1.16, rate_on=date(2025, 8, 8), value_eur=18698.0, cost_eur=9000.0,
    gain_eur=9698.0, tax_rate_pct=31.4, tax_source="", tax_confidence="certain",
    tax_if_sold_eur=3045.0, order_cost_eur=18.0, net_if_sold_eur=15635.0,
    break_even_fall_pct=16.4, break_even_if_back_pct=0.2, half_net_eur=7817.0,
    half_tax_eur=1522.0, half_kept_eur=9349.0,
    outcomes=(
        SaleOutcome(move_pct=-20.0, hold_eur=1.0, sell_half_eur=2.0, sell_all_eur=3.0,
                    must_earn_pct=-4.5),
        SaleOutcome(move_pct=0.0, hold_eur=6.0, sell_half_eur=7.0, sell_all_eur=8.0,
                    must_earn_pct=None),
    ),
    dividends_eur=41.0, withheld_eur=6.0, gain_with_dividends_eur=9739.0,
    falls=(Fall(fall_pct=10.0, loss_eur=1869.0, wealth_pct=4.0),
           Fall(fall_pct=35.0, loss_eur=6544.0, wealth_pct=None)),
    insured_eur_a_month=210.0, insured_until=date(2025, 9, 19),
    done=(
        Since(on=date(2025, 5, 1), note="sold 10", move_pct=12.5, kept_share=0.75, followed=True,
              brought_eur=0.0),
        Since(on=date(2025, 6, 1), note="bought 5", move_pct=-2.5, brought_eur=-30.0),
    ),
    sold_into=(
        SoldInto(into="cash", sold_on=date(2024, 8, 22), until_on=date(2025, 8, 22),
                 in_hand_eur=9000.0, kept_eur=12000.0),
        SoldInto(into="SMH", sold_on=date(2024, 8, 22), until_on=date(2025, 8, 22),
                 in_hand_eur=13000.0, kept_eur=12000.0),
    ),
)  # fmt: skip


def test_what_the_owner_holds_keeps_its_figures() -> None:
    say = voice("en")
    check("holding", [*figures(tuple(holding_blocks(OWNED, say, Note(text="both ways"))))])
    old = replace(OWNED, price_on=date(2025, 8, 14), rate_on=date(2025, 8, 6), dividends_eur=0.0)
    poor = replace(
        OWNED, price_usd=None, price_on=None, usd_per_eur=None, rate_on=None, value_eur=None,
        cost_eur=None, gain_eur=None, tax_rate_pct=None, tax_if_sold_eur=None, withheld_eur=None,
        outcomes=(), sold_into=(), insured_eur_a_month=None, tax_source="a rule", done=(),
    )  # fmt: skip
    for name, held in (("old", old), ("poor", poor)):
        check(f"holding_{name}", [*figures(tuple(holding_blocks(held, say)))])
    text = repr(tuple(holding_blocks(OWNED, say)))
    assert (text.count("You followed"), text.count("did not follow")) == (1, 0)
    assert "brought 0" in text
    assert "cost 30" in text


def test_the_machine_readable_form_keeps_its_values() -> None:
    told = json.loads(render(sample_report(), "json"))
    words = json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False).splitlines()
    numbers = [line for line in words if re.search(r": -?\d|: (true|false|null)", line)]
    check("report_json", numbers)


def test_the_league_and_the_pictures_of_calibration_keep_their_blocks() -> None:
    low = replace(
        rating(),
        model="Low",
        score=0.49,
        score_low=-3.0,
        score_high=2.0,
        channels={"residual": 0.49},
    )
    waiting = replace(
        rating(),
        model="Waiting",
        score=0.0,
        score_low=-1.0,
        score_high=1.0,
        channels={"residual": 0.0},
        rateable=False,
    )
    league = [
        (v31(), rating()),
        (replace(v31(), model="Low"), low),
        (replace(v31(), model="Waiting"), waiting),
    ]
    check("league", league_page(league, AS_OF, voice("en")))
    check("league_empty", league_page([], AS_OF, voice("en")))
    quantity = Quantity(
        what="next China line", n=12, crps=1.5, crps_of_past=2.0, skill=0.25, low=-0.1, high=0.4,
        covered=0.9, covered_by_past=0.8, places=(0.1, 0.2, 0.5, 0.5, 0.9),
    )  # fmt: skip
    check("calibration", calibration_page([quantity], AS_OF, voice("en")))


def test_a_card_of_a_release_that_is_not_the_newest_has_its_day() -> None:
    """The sample's day is the one that the frozen files know."""
    assert card().release.released_on == date(2025, 8, 21)
