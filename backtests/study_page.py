"""Event studies as a page of blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from backtests import figures
from engine.report.blocks import (
    Block,
    Card,
    Cell,
    Chart,
    Column,
    Curve,
    Mark,
    Note,
    Page,
    Part,
    Table,
    Tick,
)
from engine.report.charts import Axis, nice_ticks
from engine.report.i18n import Speaker, voice

if TYPE_CHECKING:
    from backtests.event_study import StudyResult, WindowResult
    from engine.phrases import Phrase


def render(
    results: Sequence[StudyResult], *, lang: str = "en", notes: Sequence[Phrase] = ()
) -> str:
    """Event studies as one self-contained page; notes: said beneath them."""
    from engine.report.forms.html import render_html

    return render_html(page_of(results, voice(lang, minus="\u2212"), notes))


def text_of(
    results: Sequence[StudyResult],
    *,
    lang: str = "en",
    width: int = 80,
    notes: Sequence[Phrase] = (),
) -> str:
    """The same as text."""
    from engine.report.forms.text import render_text

    return render_text(page_of(results, voice(lang), notes), width=width)


def page_of(results: Sequence[StudyResult], say: Speaker, notes: Sequence[Phrase] = ()) -> Page:
    """The studies one after the other, then what was seen of their sessions beforehand."""
    parts = [part for result in results for part in _parts(result, say)]
    if notes:
        blocks = tuple(Note(text=say.tell(note, limit=600), style="quiet") for note in notes)
        parts.append(Part(name="notes", title=say.say("What was seen beforehand"), blocks=blocks))
    return Page(
        lang=say.lang,
        title=say.say("Event study of {firm}", firm=results[0].firm),
        code="STUDY",
        parts=tuple(parts),
        disclaimer="",
    )


def _parts(r: StudyResult, say: Speaker) -> Iterator[Part]:
    _ = say.say
    yield Part(name="claim", title="", blocks=(_claim(r, say),))
    if r.path:
        yield Part(name="path", title=_("Around the event"), blocks=(_path(r, say),))
    yield Part(name="spread", title=_("Event by event"), blocks=(_spread(r.windows[-1], say),))
    tables = (_windows(r, say), _beyond(r, say), _tests(r, say), _base(r, say), *_left_out(r, say))
    yield Part(name="windows", title=_("Windows"), blocks=tables)


def _claim(r: StudyResult, say: Speaker) -> Card:
    _ = say.say
    first, *others = [say.tell(part, limit=600) for part in r.sentences]
    if r.rank is not None:
        others.append(
            _(
                "Rank correlation of threat score and move: {rho:+.2f} ({low:+.2f} to {high:+.2f}) "
                "over {n} sessions.",
                rho=r.rank.rho,
                low=r.rank.low,
                high=r.rank.high,
                n=r.rank.n,
            )
        )
    return Card(
        title=say.tell(r.what),
        note=_(
            "{first:date} to {last:date}; {n} events in the record, {k} sessions studied; "
            "{m} sessions of estimation against {benchmark}",
            first=r.first_on,
            last=r.last_on,
            n=r.n_events,
            k=r.n_occurrences,
            m=r.estimation,
            benchmark=r.benchmark,
        ),
        blocks=(Note(text=first, style="lead"), *(Note(text=text) for text in others)),
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    return Table(
        dense=True,
        columns=tuple(Column(head=head, number=i > 0) for i, head in enumerate(heads)),
        rows=tuple(tuple(Cell(text=text) for text in row) for row in rows),
    )


def _windows(r: StudyResult, say: Speaker) -> Table:
    _ = say.say
    heads = (_("window"), _("events"), _("mean"), _("95 % interval"), _("below zero"), "p")
    return _table(heads, (_window(w, say) for w in r.windows))


def _window(w: WindowResult, say: Speaker) -> list[str]:
    return [
        _name(w.window),
        say.number(w.n, "int"),
        say.number(w.mean_car_pct, "+pct2"),
        say.say("{a:+pct2} to {b:+pct2}", a=w.low_pct, b=w.high_pct),
        say.number(w.negative_share, "share0"),
        say.number(w.p_bootstrap, ".3f"),
    ]


def _beyond(r: StudyResult, say: Speaker) -> Table:
    """What any session of the time shows, and what is left beyond it."""
    _ = say.say
    heads = (_("window"), _("usual"), _("beyond usual"), _("least drift to be seen"))
    rows = (
        [
            _name(w.window),
            say.number(w.usual_car_pct, "+pct2"),
            say.say("{a:+pct2} to {b:+pct2}", a=w.excess_low_pct, b=w.excess_high_pct),
            say.number(w.detectable_pct, "pct1"),
        ]
        for w in r.windows
    )
    return _table(heads, rows)


def _name(window: tuple[int, int]) -> str:
    return f"{window[0]}..{window[1]}"


def _tests(r: StudyResult, say: Speaker) -> Table:
    return _table(
        (say.say("test"), *(_name(w.window) for w in r.windows)),
        (
            (say.tell(t.name), *(_test(w.tests[i], say) for w in r.windows))
            for i, t in enumerate(r.windows[0].tests)
        ),
    )


def _test(test: Any, say: Speaker) -> str:
    if test.statistic is None:
        return "–"
    shown = say.number(test.statistic, "+.2f")
    return say.say("{z} (p {p:.3f})", z=shown, p=test.p_value)


def _base(r: StudyResult, say: Speaker) -> Table:
    _ = say.say
    heads = (
        _("close over previous close"), _("sessions"), _("mean"), _("median"), _("deviation"),
        _("below −2 %"),
    )  # fmt: skip
    both = ((_("event sessions"), r.base), (_("all sessions"), r.all_sessions))
    return _table(heads, ((name, *_figures(base, say)) for name, base in both))


def _figures(base: Any, say: Speaker) -> list[str]:
    return [
        say.number(base.n, "int"),
        say.number(base.mean_pct, "+pct2"),
        say.number(base.median_pct, "+pct2"),
        say.number(base.sd_pct, "pct2"),
        say.number(base.large_fall_share, "share0"),
    ]


def _left_out(r: StudyResult, say: Speaker) -> Iterator[Block]:
    for reason, n in r.left_out.items():
        said = say.say("left out, {reason}: {n}", reason=say.tell(reason), n=n)
        yield Note(text=said, style="quiet")


def _path(r: StudyResult, say: Speaker) -> Chart:
    assert r.path is not None
    low, high = np.array(r.path.low_pct), np.array(r.path.high_pct)
    axis, ticks = figures.linear(min(float(low.min()), 0.0), max(float(high.max()), 0.0))
    last = len(r.path.offsets) - 1
    times = [
        Tick(at=round(100 * i / last, 3), label=say.number(o, "+int"))
        for i, o in enumerate(r.path.offsets)
        if o % 5 == 0
    ]
    return Chart(
        curves=(
            Curve(path=figures.band(low, high, axis), style="around", filled=True),
            Curve(path=figures.line(np.array(r.path.mean_pct), axis)),
        ),
        levels=tuple(Tick(at=100 - axis.at(t), label=say.number(t, "+pct1")) for t in ticks),
        times=tuple(times),
        summary=say.say(
            "Mean cumulative move beyond {benchmark}, from five sessions before the event.",
            benchmark=r.benchmark,
        ),
        key=(("own", say.say("mean")), ("around", say.say("95 % interval"))),
        zero=100 - axis.at(0.0),
        spark=tuple(r.path.mean_pct),
    )


def _spread(w: WindowResult, say: Speaker) -> Chart:
    """One dot an occurrence, by date and CAR."""
    days = [e.session_on.toordinal() for e in w.events]
    across = Axis(low=min(days) - 20, high=max(days) + 20)
    cars = [e.car_pct for e in w.events]
    ticks = nice_ticks(min(*cars, 0.0), max(*cars, 0.0))
    up = Axis(low=ticks[0], high=ticks[-1])
    dots = tuple(
        Mark(
            at=across.at(e.session_on.toordinal()),
            height=round(100 - up.at(e.car_pct), 3),
            tone=1 if e.car_pct > 0 else -1,
            label=say.say(
                "{day:date}, {car:+pct1}: {name}",
                day=e.session_on,
                car=e.car_pct,
                name=", ".join(e.names)[:160],
            ),
        )
        for e in w.events
    )
    spanned = range(w.events[0].session_on.year, w.events[-1].session_on.year + 1)
    years = [Tick(at=across.at(date(y, 1, 1).toordinal()), label=str(y)) for y in spanned]
    return Chart(
        curves=(),
        levels=tuple(Tick(at=100 - up.at(t), label=say.number(t, "+pct0")) for t in ticks),
        times=tuple(t for t in years if 3 <= t.at <= 97),
        summary=say.say(
            "Every event's cumulative move from session {a} to {b}.",
            a=str(w.window[0]),
            b=str(w.window[1]),
        ),
        dots=dots,
        zero=100 - up.at(0.0),
    )
