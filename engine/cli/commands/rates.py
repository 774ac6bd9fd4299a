"""``nvsignal rates``: what futures say of each Fed meeting, by the CME FedWatch method."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.output import to_json, write_out
from engine.errors import InputError, NotObservedError, OutOfRangeError
from engine.plain import safe_text

if TYPE_CHECKING:
    from engine.values import RateExpectation

STALE_AFTER_DAYS = 4
"""A reference curve or rate older than a long weekend does not speak for the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One row of the calendar: announcement date, and the range decided, None when unknown."""

    on: date
    range_bps: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was asked and what was found. ``source`` says where prices came from."""

    as_of: datetime
    range_bps: tuple[int, int] | None
    effr_pct: float | None
    prices: Mapping[date, float]
    source: str
    found: tuple[RateExpectation, ...]
    published: Mapping[tuple[int, int], float] | None = None


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def rates(
        as_of: Annotated[
            str | None, typer.Option("--as-of", help="Date or instant; now when left out.")
        ] = None,
        target: Annotated[
            str | None,
            typer.Option("--range", help="Target range in bp, 425-450; else from the calendar."),
        ] = None,
        price: Annotated[
            list[str] | None,
            typer.Option("--price", help="Futures price, ZQU25=95.76; repeat for each contract."),
        ] = None,
        meeting: Annotated[
            str | None, typer.Option("--meeting", help="Only this announcement date.")
        ] = None,
        effr: Annotated[
            float | None,
            typer.Option("--effr", help="Effective rate, %; fills what prices leave open."),
        ] = None,
        calendar_add: Annotated[
            list[str] | None,
            typer.Option("--calendar-add", help="A meeting the calendar does not know."),
        ] = None,
        published: Annotated[
            str | None,
            typer.Option("--published", help="Reading to compare, 400-425:84.7;425-450:15.3"),
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="JSON with stable keys.")] = False,
    ) -> None:
        """Meeting probabilities from fed funds futures, exactly as CME FedWatch has them."""
        from engine.clock import now, parse_as_of

        reading = read(
            as_of=now() if as_of is None else parse_as_of(as_of),
            target=target,
            prices=price or (),
            meeting=meeting,
            effr_pct=effr,
            calendar_add=calendar_add or (),
            published=published,
        )
        write_out(to_json(as_plain(reading)) if as_json else as_text(reading))


def read(
    *,
    as_of: datetime,
    target: str | None = None,
    prices: Sequence[str] = (),
    meeting: str | None = None,
    effr_pct: float | None = None,
    calendar_add: Sequence[str] = (),
    published: str | None = None,
) -> Reading:
    """Everything behind the command, without printing. Raises ``InputError`` for bad input."""
    from engine.clock import NEW_YORK
    from engine.macro.fedwatch import parse_published, parse_range

    calendar = _calendar(calendar_add)
    local = as_of.astimezone(NEW_YORK)
    wanted = None if meeting is None else _wanted(meeting, calendar)
    held_by = _held_by(as_of, local.date(), wanted)
    if wanted is not None and wanted <= held_by:
        raise InputError(f"meeting {wanted} was already held", remedy="give an earlier --as-of")
    given = _given_prices(prices, local.date())
    today = parse_range(target) if target else _range_on(held_by, calendar)
    question = _Question(
        as_of=as_of,
        as_of_on=local.date(),
        held_by=held_by,
        meetings=tuple(m.on for m in calendar),
        wanted=wanted,
        range_bps=today,
        given_effr_pct=_checked_effr(effr_pct),
        known_effr_pct=_known_effr(as_of, held_by, calendar),
    )
    compared = None if published is None else parse_published(published)
    if not given:
        found, used, source = _from_reference(question)
    elif today is not None:
        found, used, source = _from_futures(question, given, today), given, "given"
    else:
        raise NotObservedError(
            f"the target range of {held_by} is not in the calendar", remedy="give --range"
        )
    if compared is not None and not found[0].outcomes:
        raise NotObservedError("nothing to compare --published with", remedy="give --price")
    return Reading(
        as_of=as_of,
        range_bps=today,
        effr_pct=question.effr_pct,
        prices=used,
        source=source,
        found=found,
        published=compared,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What is asked, after every part of it was checked.

    as_of_on: New York date. held_by: last date whose meeting counts as held. meetings: every
    announcement date. wanted: the only meeting asked for, or None. given_effr_pct: as typed;
    known_effr_pct: as published.
    """

    as_of: datetime
    as_of_on: date
    held_by: date
    meetings: tuple[date, ...]
    wanted: date | None
    range_bps: tuple[int, int] | None
    given_effr_pct: float | None
    known_effr_pct: float | None

    @property
    def effr_pct(self) -> float | None:
        return self.known_effr_pct if self.given_effr_pct is None else self.given_effr_pct


# ----------------------------------------------------------------------------- what was asked


def _parse_day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InputError(
            f"{option} '{safe_text(text, limit=40)}' is not a date", remedy="write 2025-09-17"
        ) from None


def _calendar(added: Iterable[str]) -> tuple[Meeting, ...]:
    """The meetings of the reference table and those added, by date."""
    meetings = {
        (on := date.fromisoformat(row["meeting_end"])): Meeting(on=on, range_bps=_decided(row))
        for row in _table("fomc_meetings.csv")
    }
    for text in added:
        on = _parse_day("--calendar-add", text)
        if on in meetings:
            raise InputError(f"meeting {on} is already in the calendar", remedy="leave it out")
        meetings[on] = Meeting(on=on, range_bps=None)
    return tuple(meetings[on] for on in sorted(meetings))


def _decided(row: Mapping[str, str]) -> tuple[int, int] | None:
    if row["status"] != "decided":
        return None
    lower, upper = float(row["target_lower_after"]), float(row["target_upper_after"])
    return round(100 * lower), round(100 * upper)


def _wanted(text: str, calendar: Sequence[Meeting]) -> date:
    on = _parse_day("--meeting", text)
    days = [m.on for m in calendar]
    if on not in days:
        near = min(days, key=lambda day: abs(day - on))
        raise InputError(
            f"{on} is not a meeting in the calendar ({days[0]} to {days[-1]})",
            remedy=f"the nearest is {near}; or add it with --calendar-add {on}",
        )
    return on


def _held_by(as_of: datetime, as_of_on: date, wanted: date | None) -> date:
    """The last date whose meeting counts as held.

    By the end of a meeting day the meeting is over; asked for by name on its own day, it is read as
    it was priced before the statement.
    """
    from engine.macro.fedwatch import held_by

    day_before = as_of_on - timedelta(days=1)
    return day_before if wanted == as_of_on else held_by(as_of)


def _range_on(held_by: date, calendar: Sequence[Meeting]) -> tuple[int, int] | None:
    """The range decided at the last meeting held; None when that decision is not known."""
    held = [m for m in calendar if m.on <= held_by]
    if not held:
        raise OutOfRangeError("--as-of", str(held_by), f"after {calendar[0].on}")
    return held[-1].range_bps


def _checked_effr(effr_pct: float | None) -> float | None:
    if effr_pct is not None and not -2 <= effr_pct <= 25:
        raise OutOfRangeError("--effr", effr_pct, "-2 to 25 per cent")
    return effr_pct


def _given_prices(texts: Iterable[str], near: date) -> dict[date, float]:
    from engine.macro.fedwatch import check_price, contract_code, parse_contract

    prices: dict[date, float] = {}
    for text in texts:
        code, equals, number = text.partition("=")
        if not equals:
            raise InputError(
                f"--price '{safe_text(text, limit=40)}' is malformed", remedy="write ZQU25=95.76"
            )
        month = parse_contract(code, near=near)
        if month in prices:
            raise InputError(
                f"price of {contract_code(month)} is given twice", remedy="give it once"
            )
        prices[month] = check_price(contract_code(month), _number(number, code))
    return prices


def _number(text: str, code: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(
            f"price '{safe_text(text, limit=40)}' of {safe_text(code, limit=20)} is not a number",
            remedy="write 95.76, with a point",
        ) from None


# ------------------------------------------------------------------------------- what is found


def _from_futures(
    question: _Question, prices: Mapping[date, float], range_bps: tuple[int, int]
) -> tuple[RateExpectation, ...]:
    """Rung 1. A rate typed in a month without a meeting also stands for that month's average."""
    from engine.macro.fedwatch import expectations, undetermined

    month = question.as_of_on.replace(day=1)
    busy = {day.replace(day=1) for day in question.meetings}
    typed = question.given_effr_pct
    found = expectations(
        prices,
        question.meetings,
        question.held_by,
        range_bps=range_bps,
        effr_pct=question.effr_pct,
        averages_pct={month: typed} if typed is not None and month not in busy else None,
    )
    if question.wanted is None:
        return found
    chosen = tuple(e for e in found if e.meeting_on == question.wanted)
    if not chosen:
        raise undetermined(question.wanted, prices, question.meetings)
    return chosen


def _from_reference(
    question: _Question,
) -> tuple[tuple[RateExpectation, ...], dict[date, float], str]:
    """(found, prices used, their source) from the tables, down the ladder as far as needed."""
    from engine.macro.fedwatch import UndeterminedCurveError
    from engine.macro.ladder import RateInputs, expect

    prices, source = _reference_prices(question)
    if prices and question.range_bps is not None:
        try:
            return _from_futures(question, prices, question.range_bps), prices, source
        except UndeterminedCurveError:
            if question.wanted is not None:
                raise
    inputs = RateInputs(
        as_of_on=question.as_of_on,
        effr_pct=question.effr_pct,
        two_year_pct=_latest_rate("dgs2_pct", question.as_of),
    )
    found = expect(inputs)
    if question.wanted is not None:
        said = f"no futures price, so nothing is said of {question.wanted} itself"
        found = tuple(replace(e, note=f"{e.note}; {said}") for e in found)
    return found, {}, "none"


def _reference_prices(question: _Question) -> tuple[dict[date, float], str]:
    """The latest recorded futures closes known by then: (month -> price, where from)."""
    from engine.clock import at_new_york
    from engine.macro.fedwatch import parse_contract

    by_day: dict[date, dict[date, float]] = {}
    for row in _table("fedwatch_published.csv"):
        day = _stamp(row["observed"])
        if day is None or at_new_york(day, time(20)) > question.as_of:
            continue
        for pair in filter(None, row["zq_inputs"].split(";")):
            code, _, number = pair.partition("=")
            month = parse_contract(code.split()[0], near=day)
            by_day.setdefault(day, {})[month] = float(number)
    if not by_day or (question.as_of_on - max(by_day)).days > STALE_AFTER_DAYS:
        return {}, "none"
    return by_day[max(by_day)], f"reference table, closes of {max(by_day)}"


def _stamp(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _known_effr(as_of: datetime, held_by: date, calendar: Sequence[Meeting]) -> float | None:
    """The last effective rate published by ``as_of``, unless a decision has moved it since."""
    latest = _latest_observation("dff_pct", as_of)
    if latest is None:
        return None
    observed_on, rate = latest
    before = [m.range_bps for m in calendar if m.on < observed_on]
    since = [m.range_bps for m in calendar if observed_on <= m.on <= held_by]
    return rate if all(r is not None and r == before[-1] for r in since) else None


def _latest_rate(column: str, as_of: datetime) -> float | None:
    latest = _latest_observation(column, as_of)
    return None if latest is None else latest[1]


def _latest_observation(column: str, as_of: datetime) -> tuple[date, float] | None:
    """(observation date, per cent) of the last figure published by ``as_of``; None when stale.

    H.15 comes out on the next business day in the afternoon; the table's own dates are the business
    days, so a figure counts once the one after it has its date.
    """
    from engine.clock import at_new_york

    days = [(date.fromisoformat(r["observed_on"]), r[column]) for r in _table("rates_daily.csv")]
    filled = [(day, float(text)) for day, text in days if text]
    following = [day for day, _ in filled[1:]] + [_next_weekday(filled[-1][0])]
    known = [
        figure
        for figure, out_on in zip(filled, following, strict=True)
        if at_new_york(out_on, time(16, 15)) <= as_of
    ]
    if not known or (as_of.date() - known[-1][0]).days > 2 * STALE_AFTER_DAYS:
        return None
    return known[-1]


def _next_weekday(day: date) -> date:
    return day + timedelta(days=3 if day.weekday() == 4 else 1)


def _table(name: str) -> list[Mapping[str, str]]:
    from importlib.resources import files

    from engine.tables import csv_rows

    text = (files("config") / "facts" / name).read_text(encoding="utf-8")
    return [row for _, row in csv_rows(text, name)]


# ---------------------------------------------------------------------------- how it is said


def as_plain(reading: Reading) -> dict[str, Any]:
    """The JSON object; ``range_bps`` is always [lower, upper], probabilities are shares of one."""
    from engine.clock import NEW_YORK
    from engine.macro.fedwatch import contract_code

    plain: dict[str, Any] = {
        "as_of": reading.as_of,
        "as_of_on": reading.as_of.astimezone(NEW_YORK).date(),
        "range_bps": reading.range_bps,
        "effr_pct": reading.effr_pct,
        "rung": reading.found[0].rung,
        "prices": {contract_code(m): p for m, p in sorted(reading.prices.items())},
        "prices_source": reading.source,
        "meetings": [
            {
                "meeting_on": e.meeting_on,
                "outcomes": e.outcomes,
                "rung": e.rung,
                "expected_change_bps": e.expected_change_bps,
                "note": e.note,
            }
            for e in reading.found
        ],
    }
    if reading.published is not None:
        plain["published"] = [
            {"range_bps": label, "published": theirs, "ours": ours, "difference": ours - theirs}
            for label, theirs, ours in _compared(reading)
        ]
    return plain


def _compared(reading: Reading) -> list[tuple[tuple[int, int], float, float]]:
    """(range, published, ours) for the first meeting shown; a range missing on one side is 0."""
    ours = {o.range_bps: o.probability for o in reading.found[0].outcomes}
    theirs = reading.published or {}
    return [
        (label, theirs.get(label, 0.0), ours.get(label, 0.0)) for label in sorted({*ours, *theirs})
    ]


def as_text(reading: Reading) -> str:
    """The reading as a table of at most 80 columns."""
    from io import StringIO

    from rich.console import Console

    from engine.clock import NEW_YORK

    out = StringIO()
    console = Console(file=out, width=80, color_system=None, highlight=False, emoji=False)
    target = "not known" if reading.range_bps is None else "{}-{} bp".format(*reading.range_bps)
    local = reading.as_of.astimezone(NEW_YORK)
    effr = "not observed" if reading.effr_pct is None else f"{reading.effr_pct:.2f} %"
    console.print(f"Fed expectations as of {local:%Y-%m-%d %H:%M} New York")
    console.print(f"Target range {target} · effective rate {effr}")
    console.print(_price_line(reading))
    for expectation in reading.found:
        console.print()
        if expectation.outcomes:
            console.print(_table_of(expectation))
            if expectation.note:
                console.print(f"  Note: {expectation.note}.")
        else:
            console.print(_path_line(expectation))
    if reading.published is not None:
        console.print()
        console.print(_comparison_of(reading))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _price_line(reading: Reading) -> str:
    from engine.macro.fedwatch import contract_code

    if not reading.prices:
        return "Futures prices: none observed"
    listed = ", ".join(f"{contract_code(m)} {p:g}" for m, p in sorted(reading.prices.items()))
    return f"Futures ({reading.source}): {listed}"


def _path_line(expectation: RateExpectation) -> str:
    if expectation.expected_change_bps is None:
        return f"Unknown: {expectation.note}. Weight 0; give --price to know more."
    return (
        f"Expected change {expectation.expected_change_bps:+.0f} bp "
        f"(rung {expectation.rung}): {expectation.note}."
    )


def _table_of(expectation: RateExpectation) -> Any:
    from rich import box
    from rich.table import Table

    mean = expectation.expected_change_bps or 0.0
    title = f"{expectation.meeting_on:%a %Y-%m-%d} · expected {mean:+.1f} bp · {expectation.rung}"
    table = Table(title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD)
    table.add_column("Range, bp")
    table.add_column("Change", justify="right")
    table.add_column("Probability", justify="right")
    table.add_column("", min_width=36)
    for outcome in expectation.outcomes:
        low, high = outcome.range_bps
        table.add_row(
            f"{low}-{high}",
            "hold" if outcome.change_bps == 0 else f"{outcome.change_bps:+d}",
            f"{100 * outcome.probability:.2f} %",
            "█" * math.floor(36 * outcome.probability + 0.5),
        )
    return table


def _comparison_of(reading: Reading) -> Any:
    from rich import box
    from rich.table import Table

    title = f"Against the published reading for {reading.found[0].meeting_on}"
    table = Table(title=title, title_justify="left", title_style="", box=box.SIMPLE_HEAD)
    for name in ("Range, bp", "Published", "Ours", "Difference"):
        table.add_column(name, justify="right")
    for (low, high), theirs, ours in _compared(reading):
        cells = (
            f"{100 * theirs:.2f} %",
            f"{100 * ours:.2f} %",
            f"{100 * (ours - theirs):+z.2f} pp",
        )
        table.add_row(f"{low}-{high}", *cells)
    return table
