"""``nvsignal rates``: what futures say of each Fed meeting, by the CME FedWatch method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import AsOf, ConfigDir, Db, Lang
from engine.cli.output import to_json, write_out
from engine.cli.speech import speaker
from engine.errors import InputError, NotObservedError, OutOfRangeError
from engine.phrases import listed, phrase
from engine.plain import safe_text

if TYPE_CHECKING:
    from engine.cli.said.rates import Compared, RatesAnswer
    from engine.decision.rates import KnownRates
    from engine.macro.ladder import RateInputs
    from engine.record.history import History
    from engine.values import RateExpectation


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def rates(
        as_of: AsOf = None,
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
        lang: Lang = None,
        db: Db = None,
        config: ConfigDir = None,
        as_json: Annotated[bool, typer.Option("--json", help="JSON with stable keys.")] = False,
    ) -> None:
        """Meeting probabilities from fed funds futures, exactly as CME FedWatch has them."""
        from engine.cli.said.rates import text_of
        from engine.clock import now
        from engine.service.wiring import history_at

        instant, history = history_at(as_of, now(), db, config)
        reading = read(
            history,
            as_of=instant,
            target=target,
            prices=price or (),
            meeting=meeting,
            effr_pct=effr,
            calendar_add=calendar_add or (),
            published=published,
        )
        if as_json:
            write_out(to_json(as_plain(reading)))
            return
        write_out(text_of(reading, compared(reading), speaker(lang, config)))


def read(
    history: History,
    *,
    as_of: datetime,
    target: str | None = None,
    prices: Sequence[str] = (),
    meeting: str | None = None,
    effr_pct: float | None = None,
    calendar_add: Sequence[str] = (),
    published: str | None = None,
) -> RatesAnswer:
    """Everything behind the command, without printing. Raises ``InputError`` for bad input.

    What is not typed comes from ``history`` as the report reads it.
    """
    from engine.cli.said.rates import RatesAnswer
    from engine.clock import NEW_YORK
    from engine.decision.rates import rates_at
    from engine.macro.fedwatch import parse_published, parse_range

    rates, today = rates_at(history, as_of), as_of.astimezone(NEW_YORK).date()
    calendar = _calendar(rates, calendar_add)
    wanted = None if meeting is None else _wanted(meeting, calendar)
    held_by = _held_by(as_of, today, wanted)
    if wanted is not None and wanted <= held_by:
        raise InputError(
            phrase("meeting {wanted} was already held", wanted=str(wanted)),
            remedy=phrase("give an earlier --as-of"),
        )
    if not calendar or held_by < calendar[0]:
        allowed = (
            phrase("after {first}", first=str(calendar[0]))
            if calendar
            else phrase("after the first known meeting")
        )
        raise OutOfRangeError("--as-of", str(held_by), allowed)
    given, typed = _given_prices(prices, today), _checked_effr(effr_pct)
    known = rates.inputs(as_of)
    inputs = replace(
        known,
        as_of_on=held_by,
        meetings=calendar,
        range_bps=parse_range(target) if target else rates.range_bps(held_by),
        missing_on=None if target else known.missing_on,
        effr_pct=known.effr_pct if typed is None else typed,
        zq=given or known.zq,
        averages_pct=_averages(today, calendar, typed) if given else known.averages_pct,
    )
    compared = None if published is None else parse_published(published)
    found = _expected(inputs, wanted, typed=bool(given))
    if compared is not None and not found[0].outcomes:
        raise NotObservedError(
            phrase("nothing to compare --published with"), remedy=phrase("give --price")
        )
    spoken = found[0].rung == "zq"
    source = (
        phrase("given")
        if given
        else phrase("record, closes of {day}", day=str(rates.curve(today)[0]))
        if spoken
        else phrase("none")
    )
    return RatesAnswer(
        as_of=as_of,
        range_bps=inputs.range_bps,
        effr_pct=inputs.effr_pct,
        prices=inputs.zq if spoken else {},
        source=source,
        found=found,
        published=compared,
    )


# ----------------------------------------------------------------------------- what was asked


def _parse_day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InputError(
            phrase(
                "{option} '{text}' is not a date", option=option, text=safe_text(text, limit=40)
            ),
            remedy=phrase("write 2025-09-17"),
        ) from None


def _calendar(rates: KnownRates, added: Iterable[str]) -> tuple[date, ...]:
    """The meetings of the record and those added, by date."""
    days = set(rates.meetings)
    for text in added:
        on = _parse_day("--calendar-add", text)
        if on in days:
            raise InputError(
                phrase("meeting {on} is already in the calendar", on=str(on)),
                remedy=phrase("leave it out"),
            )
        days.add(on)
    return tuple(sorted(days))


def _wanted(text: str, days: Sequence[date]) -> date:
    on = _parse_day("--meeting", text)
    if on not in days:
        near = min(days, key=lambda day: abs(day - on))
        raise InputError(
            phrase(
                "{on} is not a meeting in the calendar ({first} to {last})",
                on=str(on),
                first=str(days[0]),
                last=str(days[-1]),
            ),
            remedy=phrase(
                "the nearest is {near}; or add it with --calendar-add {on}",
                near=str(near),
                on=str(on),
            ),
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


def _checked_effr(effr_pct: float | None) -> float | None:
    if effr_pct is not None and not -2 <= effr_pct <= 25:
        raise OutOfRangeError("--effr", effr_pct, phrase("-2 to 25 per cent"))
    return effr_pct


def _given_prices(texts: Iterable[str], near: date) -> dict[date, float]:
    from engine.macro.fedwatch import check_price, contract_code, parse_contract

    prices: dict[date, float] = {}
    for text in texts:
        code, equals, number = text.partition("=")
        if not equals:
            raise InputError(
                phrase("--price '{text}' is malformed", text=safe_text(text, limit=40)),
                remedy=phrase("write ZQU25=95.76"),
            )
        month = parse_contract(code, near=near)
        if month in prices:
            raise InputError(
                phrase(
                    "price of {contract_code} is given twice", contract_code=contract_code(month)
                ),
                remedy=phrase("give it once"),
            )
        prices[month] = check_price(contract_code(month), _number(number, code))
    return prices


def _number(text: str, code: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(
            phrase(
                "price '{text}' of {code} is not a number",
                text=safe_text(text, limit=40),
                code=safe_text(code, limit=20),
            ),
            remedy=phrase("write 95.76, with a point"),
        ) from None


# ------------------------------------------------------------------------------- what is found


def _averages(
    today: date, calendar: Sequence[date], typed_effr_pct: float | None
) -> dict[date, float]:
    """With typed prices: a rate typed in a month without a meeting is that month's average too."""
    busy = {day.replace(day=1) for day in calendar}
    month = today.replace(day=1)
    return {month: typed_effr_pct} if typed_effr_pct is not None and month not in busy else {}


def _expected(
    inputs: RateInputs, wanted: date | None, *, typed: bool
) -> tuple[RateExpectation, ...]:
    """The meetings that can be priced, or the one that is wanted.

    typed: prices were given, so that what they leave open is told and not passed over.
    """
    from engine.macro.fedwatch import expectations, undetermined
    from engine.macro.ladder import expect

    if not typed:
        found = expect(inputs)
    elif inputs.range_bps is None:
        raise NotObservedError(
            phrase("the target range of {as_of_on} is not known", as_of_on=str(inputs.as_of_on)),
            remedy=phrase("give --range"),
        )
    else:
        found = expectations(
            inputs.zq,
            inputs.meetings,
            inputs.as_of_on,
            range_bps=inputs.range_bps,
            effr_pct=inputs.effr_pct,
            averages_pct=inputs.averages_pct or None,
        )
    if wanted is None:
        return found
    chosen = tuple(e for e in found if e.meeting_on == wanted)
    if not chosen and inputs.zq and inputs.range_bps is not None:
        raise undetermined(wanted, inputs.zq, inputs.meetings)
    said = phrase("no futures price, so nothing is said of {day} itself", day=str(wanted))
    return chosen or tuple(replace(e, note=listed((e.note, said), between="; ")) for e in found)


# ---------------------------------------------------------------------------- how it is said


def as_plain(reading: RatesAnswer) -> dict[str, Any]:
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
            for label, theirs, ours in compared(reading)
        ]
    return plain


def compared(reading: RatesAnswer) -> list[Compared]:
    """(range, published, ours) for the first meeting shown; a range missing on one side is 0.

    Empty where no published reading was given.
    """
    if reading.published is None:
        return []
    ours = {o.range_bps: o.probability for o in reading.found[0].outcomes}
    theirs = reading.published
    return [
        (label, theirs.get(label, 0.0), ours.get(label, 0.0)) for label in sorted({*ours, *theirs})
    ]
