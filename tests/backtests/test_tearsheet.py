"""The tear sheet: right figures, safe text, nothing fetched, and readable when little is known."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import replace
from datetime import date
from functools import lru_cache
from html.parser import HTMLParser
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtests import event_study, figures, sheet_page, study_page, tearsheet
from backtests.metrics import summarise
from backtests.replay import Costs, RawPrices, Replay, buy_and_hold, market, replay
from backtests.tearsheet import Heat, Sheet, SheetEvent
from engine.errors import DataError
from engine.phrases import phrase
from engine.report.blocks import Chart, Table
from engine.report.charts import Axis
from engine.report.forms.html import CSP
from engine.report.i18n import voice

HOSTILE = '<script>alert(1)</script><img src="https://evil.example/x">\x1b[31m'


def weekdays(n: int, start: date = date(2022, 1, 3)) -> tuple[date, ...]:
    days = (date.fromordinal(start.toordinal() + i) for i in range(2 * n + 7))
    return tuple(d for d in days if d.weekday() < 5)[:n]


def sheet(n: int = 400, seed: int = 1, **more: Any) -> Sheet:
    """A seeded random walk, held in spells."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(5e-4, 0.02, n)))
    prices = RawPrices(
        symbol="NVDA",
        sessions_on=weekdays(n),
        open_usd=close * np.exp(rng.normal(0, 0.004, n)),
        close_usd=close,
        split=np.ones(n),
        dividend_usd=np.zeros(n),
    )
    world = market(prices, 4.0, Costs())
    target = (np.cumsum(rng.random(n) < 0.04) % 2 == 0).astype(np.float64)
    parts = {"trend": rng.normal(0, 0.1, n), "rate_path": rng.normal(0, 0.05, n)}
    given = {
        "strategy": "test",
        "verdict": phrase("It lost {x:pct1} against holding.", x=3.25),
        "score": parts["trend"] + parts["rate_path"],
        "contributions": parts,
        "exit_below": -0.1,
        "enter_above": 0.05,
    }
    return Sheet(
        run=replay(world, target),
        holding=buy_and_hold(world),
        price_usd=close,
        target_weight=target,
        **(given | more),
    )


@lru_cache(maxsize=2)
def page(lang: str = "en") -> str:
    events = (SheetEvent(session_on=weekdays(400)[50], direction=-1, text=HOSTILE),)
    heat = Heat(
        x_name="decision.exit_below",
        y_name="decision.enter_above",
        x=(-0.3, -0.2),
        y=(0.0, 0.1),
        values=np.array([[0.5, np.nan], [0.7, 0.6]]),
        chosen=(1, 0),
    )
    return sheet_page.render(
        sheet(events=events, heat=heat, notes=(HOSTILE,), receipt={"data_hash": HOSTILE}), lang=lang
    )


class _Reader(HTMLParser):
    """Tags, attributes and text of a page; unbalanced tags are remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "path", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.bad.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    return reader


# --- the page ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_page_fetches_and_runs_nothing(lang: str) -> None:
    """No script, no link, no outside source; a policy that forbids them; well-formed."""
    reader = read(page(lang))
    tags = {tag for tag, _ in reader.tags}
    policy = [a["content"] for t, a in reader.tags if "http-equiv" in a]

    assert tags.isdisjoint({"script", "img", "link", "iframe", "a", "object", "form", "base"})
    assert policy == [CSP]
    assert not any(k.startswith("on") or k in ("src", "href") for _, a in reader.tags for k in a)
    assert "url(" not in page(lang)
    assert "@import" not in page(lang)
    assert (reader.bad, reader.open) == ([], [])


def test_outside_text_is_shown_and_cannot_act() -> None:
    """A hostile headline stands in a tooltip, escaped; control characters are gone."""
    tips = [a["title"] for _, a in read(page()).tags if "title" in a]

    assert any("<script>alert(1)</script>" in str(t) for t in tips)
    assert "\x1b" not in page()


def test_the_verdict_comes_first_with_the_figures_of_holding_beside() -> None:
    """Before any picture: the sentence, then four figures and what holding gave."""
    text = " ".join(read(page()).text)
    found = summarise(sheet().run)

    assert text.index("It lost 3.2% against holding.") < text.index("Equity")
    assert f"${found.final_equity:.2f}" in text
    assert text.count("holding") > 5


def test_every_part_is_there() -> None:
    """Equity, falls, price, months, contributions, rolling ratio, sweep, figures, trades."""
    titles = re.findall(r"<h2>([^<]+)</h2>", page())

    assert titles == [
        "Equity",
        "Figures",
        "Falls from the peak",
        "Price, position, events",
        "Months and years, %",
        "Contributions",
        "Rolling Sharpe ratio",
        "Sweep",
        "Trades",
        "Basis",
    ]


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_command_shows_the_same_sheet_without_its_pictures(lang: str) -> None:
    """Verdict, figures and last trades as in the file, in eighty columns."""
    text = sheet_page.text_of(sheet(), lang=lang)
    file = " ".join(read(sheet_page.render(sheet(), lang=lang)).text).replace("\u2212", "-")
    figures_shown = re.findall(r"[-+]?\d+[.,]\d+", text)

    assert max(map(len, text.splitlines())) <= 80
    assert len(figures_shown) > 30
    assert [x for x in figures_shown if x not in file] == []


def test_two_rules_stand_beside_each_other_and_beside_holding() -> None:
    """One table with a column each, one picture with three curves."""
    one, two = sheet(), sheet(seed=1, strategy="other")
    page_ = sheet_page.page_of([one, two], voice("en"))
    shown = {part.name: part.blocks[0] for part in page_.parts}
    table, equity = shown["figures"], shown["equity"]

    assert isinstance(table, Table)
    assert isinstance(equity, Chart)
    assert [c.head for c in table.columns] == ["", "test", "other", "holding"]
    assert len(equity.curves) == 3


def test_equal_input_gives_equal_bytes() -> None:
    assert sheet_page.render(sheet()) == sheet_page.render(sheet())


@pytest.mark.parametrize("n", [2, 3, 30])
def test_a_short_history_still_makes_a_page(n: int) -> None:
    """Two sessions: no rolling ratio, no month to compare, and no crash."""
    text = sheet_page.render(sheet(n))

    assert read(text).bad == []
    assert "Rolling" not in text


def test_without_strategies_there_are_no_contributions() -> None:
    """Positions from a file have neither score nor parts."""
    bare = sheet(contributions={}, score=None, exit_below=None, enter_above=None)

    assert "Contributions" not in sheet_page.render(bare)
    assert "contribution" not in tearsheet.ledger_csv(bare)


def test_an_array_of_the_wrong_length_is_named() -> None:
    with pytest.raises(DataError, match=r"contribution of trend .* not \(400,\)"):
        sheet(contributions={"trend": np.zeros(3)})


def test_the_chosen_set_is_framed_once() -> None:
    """One framed cell, with the chosen value; what was not tried is a dot."""
    framed = re.findall(r'<td class="[^"]*chosen[^"]*"[^>]*>([^<]*)</td>', page())

    assert framed == ["0.70"]
    assert ">·</td>" in page()


def test_the_price_is_hatched_where_the_rule_was_out() -> None:
    """As many bands as spells below half a position, and the sentence counts the sessions."""
    s = sheet()
    out = s.target_weight < 0.5
    spells = int((np.diff(np.concatenate(([0], out.astype(int)))) == 1).sum())

    price = page().partition("<h2>Price")[2].partition("</section>")[0]
    assert price.count('class="band"') == spells
    assert f"none of the stock in {int((s.target_weight <= 0).sum())} of 400 sessions" in price


# --- figures of the account --------------------------------------------------------------------


def test_months_and_years_compound_to_the_whole() -> None:
    """No session is lost or counted twice at a month's edge."""
    s = sheet()
    found = tearsheet.period_returns(s.run.equity, s.days, s.run.capital)
    months = math.prod(1 + v for k, v in found.items() if len(k) == 7)
    years = math.prod(1 + v for k, v in found.items() if len(k) == 4)

    assert months == pytest.approx(s.run.final_equity)
    assert years == pytest.approx(s.run.final_equity)
    assert found["2022"] == pytest.approx(
        math.prod(1 + v for k, v in found.items() if k.startswith("2022-")) - 1
    )


def cut(run: Replay, rows: slice) -> Replay:
    return replace(
        run,
        sessions_on=run.sessions_on[rows],
        equity=run.equity[rows],
        returns=run.returns[rows],
        cash_returns=run.cash_returns[rows],
        weights=run.weights[rows],
        turnover=run.turnover[rows],
    )


def test_the_rolling_ratio_is_the_ratio_of_its_window() -> None:
    """The value at row t is ``summarise`` over the 126 rows that end there."""
    run = sheet().holding
    found = tearsheet.rolling_sharpe(run)

    assert np.isnan(found[:125]).all()
    for t in (125, 200, 399):
        assert found[t] == pytest.approx(summarise(cut(run, slice(t - 125, t + 1))).sharpe)


# --- geometry ----------------------------------------------------------------------------------


def spots(path: str) -> list[tuple[float, float]]:
    pairs = re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)
    return [(float(x), float(y)) for x, y in pairs]


def test_a_line_spans_the_frame_and_stays_inside() -> None:
    """First point left, last point right, highest value on top."""
    values = np.array([1.0, 3.0, 2.0])
    found = spots(figures.line(values, Axis(low=1.0, high=3.0)))

    assert found == [(0.0, 400.0), (500.0, 0.0), (1000.0, 200.0)]


def test_a_gap_lifts_the_pen() -> None:
    """NaN is not observed: no line is drawn across it."""
    path = figures.line(np.array([1.0, np.nan, 2.0, 3.0]), Axis(low=0.0, high=3.0))

    assert path.count("M") == 2


def test_long_histories_are_thinned_with_both_ends_kept() -> None:
    places = figures.thinned(10_000)

    assert len(places) <= figures.MOST_POINTS + 1
    assert (places[0], places[-1]) == (0, 9_999)
    assert {b - a for a, b in pairwise(places[:-1])} == {12}


def test_stacked_parts_reach_the_sums() -> None:
    """The outermost edges are the sums of the positive and of the negative parts."""
    parts = {"a": np.array([0.2, -0.1]), "b": np.array([0.3, -0.4])}

    assert figures.stacked_range(parts) == pytest.approx((-0.5, 0.5))
    top = spots(figures.stacked(parts, Axis(low=-0.5, high=0.5))["b"])
    assert min(y for _, y in top) == 0.0
    assert max(y for _, y in top) == 400.0


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_bands_cover_exactly_the_flagged_sessions(flags: list[bool]) -> None:
    """Number of runs and covered width agree with a slow count."""
    found = figures.runs_of(np.array(flags))
    runs = sum(a and not b for a, b in pairwise([*flags, False]))

    assert len(found) == runs
    assert all(s.left >= 0 and s.left + s.width <= 100.001 for s in found)


def test_a_log_axis_has_round_values_inside() -> None:
    axis, ticks = figures.logarithmic(0.4, 6.4)

    assert ticks == (0.5, 1, 2, 3, 5)
    assert axis.low < math.log(0.4) < math.log(6.4) < axis.high


# --- heat map ----------------------------------------------------------------------------------


def swept(sets: list[list[float]], sharpe: list[float], axes: list[str]) -> Any:
    job = SimpleNamespace(sets=np.array(sets), axes=axes)
    found = np.array(sharpe)
    return SimpleNamespace(job=job, sharpe=found, best=int(np.nanargmax(found)))


def test_a_third_axis_shows_its_best() -> None:
    """2 x 3 x 2 sets: the map has the two longest axes, each cell the best over the third."""
    axes = ["a", "b", "c"]
    sets = [[a, b, c] for a in (0.0, 1.0) for b in (1.0, 2.0, 3.0) for c in (5.0, 6.0)]
    heat = tearsheet.heat_of(swept(sets, [float(i) for i in range(12)], axes))

    assert heat is not None
    assert (heat.y_name, heat.x_name, heat.values.shape) == ("a", "b", (2, 3))
    assert heat.values[0].tolist() == pytest.approx([math.sqrt(252) * v for v in (1, 3, 5)])
    assert heat.chosen == (1, 2)


def test_sets_that_are_no_rule_leave_holes_in_the_map() -> None:
    """A corner of thresholds that cross was left out; the rest is still a grid."""
    sets = [[a, b] for a in (0.0, 1.0) for b in (1.0, 2.0, 3.0) if (a, b) != (0.0, 3.0)]
    heat = tearsheet.heat_of(swept(sets, [float(i) for i in range(5)], ["a", "b"]))

    assert heat is not None
    assert np.isnan(heat.values).tolist() == [[False, False, True], [False, False, False]]


def test_a_grid_of_which_most_are_no_rule_keeps_its_map() -> None:
    """Thresholds over the same range cross in more than half of the pairs."""
    levels = [-0.3, -0.2, -0.1, 0.0]
    sets = [[a, b] for a in levels for b in levels if a < b]
    heat = tearsheet.heat_of(swept(sets, [float(i) for i in range(6)], ["exit", "enter"]))

    assert heat is not None
    assert int(np.isfinite(heat.values).sum()) == 6
    assert heat.chosen == (2, 2)


def test_the_chosen_cell_is_named() -> None:
    text = page()

    assert "Chosen: decision.enter_above = 0.1, decision.exit_below = −0.3, with 0.70." in text


def test_random_sets_and_single_axes_make_no_map() -> None:
    random = swept([[0.1, 0.2], [0.3, 0.5], [0.2, 0.9]], [1.0, 2.0, 3.0], ["a", "b"])
    single = swept([[0.1], [0.2]], [1.0, 2.0], ["a"])

    assert tearsheet.heat_of(random) is None
    assert tearsheet.heat_of(single) is None


# --- the ledger -----------------------------------------------------------------------


def test_the_ledger_holds_every_session_to_the_last_digit() -> None:
    """Numbers come back bit for bit; returns compound to the equity."""
    s = sheet()
    rows = list(csv.DictReader(io.StringIO(tearsheet.ledger_csv(s))))

    assert len(rows) == 400
    assert [float(r["equity"]) for r in rows] == s.run.equity.tolist()
    assert math.prod(1 + float(r["return_pct"]) / 100 for r in rows) == pytest.approx(
        s.run.final_equity
    )


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+CMD", "'+CMD"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'"),
        ("-2.5", "-2.5"),
        (-2.5, "-2.5"),
        (float("nan"), ""),
        ("plain, with comma", "plain, with comma"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(given_: object, kept: str) -> None:
    """What begins like a formula gets an apostrophe; numbers stay numbers."""
    assert tearsheet.safe_cell(given_).startswith(kept)
    assert tearsheet.safe_cell(given_)[:1] not in ("=", "@", "\t", "\r")


@given(st.text(max_size=40))
def test_a_headline_in_the_ledger_is_text(text: str) -> None:
    """Whatever a headline holds, the file keeps its rows and no cell acts."""
    s = sheet(20, events=(SheetEvent(session_on=weekdays(20)[3], direction=0, text=text),))
    rows = list(csv.reader(io.StringIO(tearsheet.ledger_csv(s), newline="")))

    assert len(rows) == 21
    assert all(len(r) == len(rows[0]) for r in rows)
    told = rows[4][-1]
    assert told[:1] not in ("=", "@")
    assert told[:1] not in ("+", "-") or tearsheet._is_number(told)


# --- the page of a study -----------------------------------------------------------------------


def test_a_study_page_says_its_claim_and_fetches_nothing() -> None:
    """Claim, pictures and tables; one dot an event, its hostile name escaped."""
    rng = np.random.default_rng(2)
    days = weekdays(500)
    firm = np.concatenate(([np.nan], rng.normal(0, 0.02, 499)))
    bench = np.concatenate(([np.nan], rng.normal(0, 0.01, 499)))
    series = event_study.Returns(
        sessions_on=days, firm=firm, market=bench, firm_symbol="NVDA", benchmark="QQQ"
    )
    events = [
        event_study.Occurrence(session_on=days[r], names=(HOSTILE,), rating=float(r % 5))
        for r in range(150, 480, 20)
    ]
    found = event_study.study(
        series, events, kind="test", what=phrase("Events of type {kind}", kind="x")
    )
    text = study_page.render([found])
    reader = read(text)

    assert {t for t, _ in reader.tags}.isdisjoint({"script", "img", "link", "a"})
    assert (reader.bad, reader.open) == ([], [])
    assert text.count('class="dot') == len(events)
    assert str(found.sentences[0]).split(".")[0] in " ".join(reader.text)
