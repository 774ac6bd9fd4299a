"""What the user brings in files: prices, rates, corporate actions and events, as dated facts.

Everything is back-filled: a file says what happened, and when it could have been known is assumed
(half an hour after a close, the next business morning for a rate). A row that does not hold refuses
the whole file with its line; prices go through ``feeds.bars`` like those of any source.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from engine.clock import at_new_york, next_business_morning
from engine.errors import DataError, InputError, TableError
from engine.files import read_bytes
from engine.phrases import listed, phrase
from engine.record.asof import IMPORTED, actions_at, bars_at, split_factor
from engine.record.history import History
from engine.record.readings import ACTIONS, OBSERVATIONS, Bar, CorporateAction, Observation
from engine.record.readings.observations import sound_range
from engine.tables import Row, csv_rows, decoded

if TYPE_CHECKING:
    from engine.record.store import Recorded, Store
    from engine.values import Fact
    from feeds.bars import Calendar

DECIDES = ("NVDA", "QQQ", "VIX")
"""Symbols whose prices a decision reads; others are kept on record and nothing more."""

AFTER_CLOSE = timedelta(minutes=30)
"""From a close to having it, of a file: as assumed of the reference table."""

_SYMBOL = re.compile(r"[A-Z][A-Z0-9.\-]{0,11}\Z")
_SERIES = re.compile(r"DFF|EFFR|DGS2|DGS10|DTB3|USDEUR|ZQ[FGHJKMNQUVXZ]\d\d\Z")
_RATIO = re.compile(r"(\d+(?:\.\d+)?)(?::(\d+(?:\.\d+)?))?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a file brought. what: in words. notes: what its owner should know, one line each."""

    what: str
    first_on: date
    last_on: date
    n_rows: int
    new: int
    changed: int
    notes: tuple[str, ...] = ()

    @property
    def unchanged(self) -> int:
        """Rows that the record held already."""
        return self.n_rows - self.new - self.changed


def import_bars(
    store: Store,
    file: Path,
    symbol: str,
    now: datetime,
    *,
    sessions: Calendar,
    allow_gaps: bool = False,
    vouched: bool = False,
) -> Imported:
    """Daily prices of ``symbol`` from any file that ``feeds.price_files`` knows.

    allow_gaps: take a file that leaves sessions without a bar; changes across them are then not
    observed. vouched: closes beyond the symbol's bound count at once.
    """
    from feeds.bars import KINDS, bar_fact, sound_bars
    from feeds.price_files import read_price_file

    name = symbol_of(symbol)
    found = read_price_file(read_bytes(file), file.name, name)
    record = History(store.facts(kinds=KINDS, known_by=now))
    bars, undone = splits_undone(found.bars, record, now)
    facts = []
    for bar in bars:
        close_at = at_new_york(bar.session_on, time(16))
        known_at = min(now, close_at + AFTER_CLOSE) if close_at <= now else close_at
        facts.append(bar_fact(bar, known_at=known_at, source=IMPORTED + file.name, backfilled=True))
    sound = sound_bars(facts, record, now=now, sessions=sessions, vouched=vouched)
    wrong = (*sound.refused.values(), *sound.left_out)
    if wrong:
        raise DataError(
            phrase(
                "{name}: {wrong}{more}",
                name=file.name,
                wrong=wrong[0],
                more=_more(wrong),
            ),
            remedy=phrase("nothing was recorded"),
        )
    if sound.holes and not allow_gaps:
        raise DataError(
            phrase("{name}: {holes}", name=file.name, holes=sound.holes[0]),
            remedy=phrase("complete it, or use --allow-gaps"),
        )
    done = store.record(sound.facts)
    notes = [phrase("read as {what}", what=found.recognised), *undone, *sound.waiting, *sound.holes]
    if name not in DECIDES:
        notes.append(
            phrase(
                "{name} is kept; no decision reads it ({read} are read)",
                name=name,
                read=", ".join(DECIDES),
            )
        )
    sightings = sum(fact.kind != "bar" for fact in sound.facts)
    return _imported(name, [bar.session_on for bar in bars], done, notes, also=sightings)


def symbol_of(text: str) -> str:
    """``text`` as the record names it: capitals, no caret; ``InputError`` for no symbol at all."""
    symbol = text.strip().upper().lstrip("^")
    if not _SYMBOL.match(symbol):
        raise InputError(
            phrase("--symbol '{text}' is no symbol", text=text[:20]),
            remedy=phrase("such as NVDA or ^VIX"),
        )
    return symbol


def _more(lines: Sequence[str]) -> str:
    return phrase(" (and {n} more)", n=len(lines) - 1) if len(lines) > 1 else ""


def splits_undone(
    bars: Sequence[Bar], record: History, now: datetime
) -> tuple[tuple[Bar, ...], list[str]]:
    """``bars`` as traded that day, and a line when a split had been worked into them.

    Most sites divide the past by every later split. That shows in the file itself, where no step
    stands at an ex-date, and in the sessions that the record holds too.
    """
    splits = [a for a in actions_at(record, bars[0].symbol, now) if a.action == "split"]
    held = bars_at(record, bars[0].symbol, now)
    worked_in = _worked_in(splits, bars, held)
    if not worked_in:
        return tuple(bars), []
    today = now.date()
    raw = tuple(_scaled(bar, split_factor(worked_in, bar.session_on, today)) for bar in bars)
    told = listed(
        phrase("{new:sig6} for 1 of {day}", new=split.value, day=str(split.ex_on))
        for split in worked_in
    )
    return raw, [phrase("adjusted for splits, undone: {splits}", splits=told)]


def _worked_in(
    splits: Sequence[CorporateAction], bars: Sequence[Bar], held: dict[date, Bar]
) -> list[CorporateAction]:
    """The splits by which earlier closes of a file were divided.

    Of those beyond its end a site has worked in the first ones, up to the day of its answer: their
    product is what lies between its closes and ours.
    """
    first, last = bars[0].session_on, bars[-1].session_on
    inside = [s for s in splits if first < s.ex_on <= last]
    beyond = sorted((s for s in splits if s.ex_on > last), key=lambda s: s.ex_on)
    found = [s for s in inside if _has_no_step(s, bars)]
    since = max((s.ex_on for s in inside), default=first)
    shared = [
        held[b.session_on].close / b.close
        for b in bars
        if b.session_on in held and b.session_on >= since
    ]
    for n in range(len(beyond), 0, -1) if shared else ():
        whole = math.prod(s.value for s in beyond[:n])
        if abs(math.log(median(shared) / whole)) < math.log(1.05):
            return found + beyond[:n]
    return found


def _has_no_step(split: CorporateAction, bars: Sequence[Bar]) -> bool:
    """Whether the closes go on over the ex-date as if there had been no split."""
    before = [bar for bar in bars if bar.session_on < split.ex_on]
    after = [bar for bar in bars if bar.session_on >= split.ex_on]
    step = after[0].close / before[-1].close
    return abs(math.log(step)) < abs(math.log(step * split.value))


def _scaled(bar: Bar, factor: float) -> Bar:
    def price(value: float | None) -> float | None:
        return None if value is None else round(value * factor, 4)

    return replace(
        bar,
        open=price(bar.open),
        high=price(bar.high),
        low=price(bar.low),
        close=round(bar.close * factor, 4),
        volume=None if bar.volume is None else bar.volume / factor,
    )


# --- rates, actions, events ------------------------------------------------------------------


def import_rates(store: Store, file: Path, now: datetime) -> Imported:
    """``date,series,value``, or FRED's file: a date column and one column a series.

    Series: DFF, EFFR, DGS2, DGS10, DTB3 in percent a year, ZQ contracts as prices,
    USDEUR in USD per euro.
    """
    facts = []
    for place, row in _table(file):
        day = _day(row, place, "date", "observation_date", "observed_on")
        if day > now.date():
            raise TableError(phrase("{place}: {day} lies ahead", place=place, day=str(day)))
        for series, text in _figures(row, place):
            observed = Observation(
                series=series, observed_on=day, value=_figure(series, text, place)
            )
            closed = at_new_york(day, time(16)) + AFTER_CLOSE
            public_at = closed if series.startswith("ZQ") else next_business_morning(day)
            facts.append(
                OBSERVATIONS.fact(
                    observed, occurred_at=at_new_york(day, time(0)), known_at=min(now, public_at),
                    source=IMPORTED + file.name, backfilled=True,
                )
            )  # fmt: skip
    return _record(store, phrase("rates"), facts, now)


def _figure(series: str, text: str, place: str) -> float:
    """A figure within what the live sources are held to."""
    value, (low, high) = _number(text, place), sound_range(series)
    if not low <= value <= high:
        raise TableError(
            phrase(
                "{place}: {series} = {value} is not between {low} and {high}",
                place=place,
                series=series,
                value=f"{value:g}",
                low=f"{low:g}",
                high=f"{high:g}",
            )
        )
    return value


def _figures(row: Row, place: str) -> Iterable[tuple[str, str]]:
    missing = ("", ".", "-", "n/a")
    if "series" in row:
        found = [(row["series"].upper(), row.get("value", ""))]
        if not _SERIES.match(found[0][0]):
            raise TableError(
                phrase(
                    "{place}: series '{series}' is not known",
                    place=place,
                    series=row["series"][:20],
                ),
                remedy=_KNOWN,
            )
    else:
        found = [(k.removesuffix("_pct").upper(), v) for k, v in row.items()]
        found = [(k, v) for k, v in found if _SERIES.match(k)]
        if not found:
            raise TableError(
                phrase("{place}: no column of a known series", place=place), remedy=_KNOWN
            )
    return [(series, text) for series, text in found if text.lower() not in missing]


_KNOWN = "DFF, EFFR, DGS2, DGS10, DTB3, USDEUR or a ZQ contract such as ZQZ25"


def import_actions(store: Store, file: Path, symbol: str, now: datetime) -> Imported:
    """Splits and cash dividends: ``ex_date,kind,…`` with ``split_ratio`` (10:1) or an amount as
    paid, or yfinance's ``Date,Dividends,Stock Splits``.

    A row counts as known from ``declared_on``, without it from its ex-date.
    """
    name = symbol_of(symbol)
    facts = []
    for place, row in _table(file):
        day = _day(row, place, "ex_date", "ex_on", "date")
        declared = row.get("declared_on", "")
        public_on = _iso(declared, place) if declared else day
        for kind, value in _actions(row, place):
            action = CorporateAction(symbol=name, ex_on=day, action=kind, value=value)  # type: ignore[arg-type]
            facts.append(
                ACTIONS.fact(
                    action, occurred_at=at_new_york(day, time(9, 30)),
                    known_at=min(now, at_new_york(public_on, time(0))),
                    source=IMPORTED + file.name, backfilled=True,
                )
            )  # fmt: skip
    return _record(store, phrase("{name} actions", name=name), facts, now)


def _actions(row: Row, place: str) -> list[tuple[str, float]]:
    if "kind" not in row and "action" not in row:
        told = (("dividend", row.get("dividends", "")), ("split", row.get("stock splits", "")))
        return [(kind, value) for kind, text in told if text and (value := _number(text, place))]
    kind = (row.get("kind") or row.get("action", "")).lower()
    if kind == "split":
        text = row.get("split_ratio") or row.get("value", "")
        match = _RATIO.match(text.replace(" ", ""))
        if not match or float(match[1]) <= 0 or float(match[2] or 1) <= 0:
            raise TableError(
                phrase("{place}: split '{text}' is no ratio", place=place, text=text[:20]),
                remedy=phrase("such as 10:1"),
            )
        return [(kind, float(match[1]) / float(match[2] or 1))]
    if kind == "dividend":
        amount = row.get("amount_usd_as_paid") or row.get("amount") or row.get("value", "")
        return [(kind, _number(amount, place))]
    raise TableError(
        phrase("{place}: '{kind}' is neither split nor dividend", place=place, kind=kind[:20])
    )


def import_events(store: Store, file: Path, now: datetime) -> Imported:
    """``date,event_type,headline`` with ``time``, ``actor``, ``source``, ``confidence`` if known.

    Times are UTC; an event without one counts as known at the end of its day.
    """
    from engine.news.taxonomy import event_type
    from feeds.facts import Lags, event_facts

    facts = []
    for place, row in _table(file):
        day = _day(row, place, "date", "date_utc")
        if day > now.date():
            raise TableError(phrase("{place}: {day} lies ahead", place=place, day=str(day)))
        event_type(row.get("event_type", ""))
        if not row.get("headline"):
            raise TableError(phrase("{place}: no headline", place=place))
        told = {"date_utc": day.isoformat(), "time_utc": row.get("time_utc") or row.get("time", "")}
        told |= {"source": row.get("source") or IMPORTED + file.name, "time_precision": ""}
        try:
            made = list(event_facts({**row, **told}, Lags()))
        except (ValueError, DataError) as error:
            raise TableError(phrase("{place}: {error}", place=place, error=error)) from None
        facts += [replace(fact, known_at=min(now, fact.known_at)) for fact in made]
    return _record(store, phrase("events"), facts, now)


# --- shared ----------------------------------------------------------------------------------


def _table(file: Path) -> list[tuple[str, Row]]:
    """(place for messages, row) of a comma table, columns in lower case, at least one row."""
    text, _ = decoded(read_bytes(file), file.name)
    found = [(f"{file.name}:{line}", row) for line, row in csv_rows(text, file.name, fold=True)]
    if not found:
        raise InputError(phrase("'{name}' has no rows", name=file.name))
    return found


def _day(row: Row, place: str, *names: str) -> date:
    name = next((n for n in names if n in row), None)
    if name is None:
        raise TableError(
            phrase("{place}: no column '{names}'", place=place, names=str(names[0])),
            remedy=phrase("columns: {x}", x=", ".join(row)),
        )
    return _iso(row[name], place)


def _iso(text: str, place: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise TableError(
            phrase("{place}: '{text}' is not a date", place=place, text=text[:40]),
            remedy=phrase("use 2025-10-01"),
        ) from None


def _number(text: str, place: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise TableError(
            phrase("{place}: '{text}' is not a number", place=place, text=text[:40]),
            remedy=phrase("use a point: 4.33"),
        )
    return value


def _record(store: Store, what: str, facts: list[Fact], now: datetime) -> Imported:
    """Record facts; one that corrects another is known right after it, or now if that was live."""
    kinds = {fact.kind for fact in facts}
    held = History(store.facts(kinds=kinds, known_by=now))
    placed = []
    for fact in facts:
        before = held.latest(fact.kind, fact.key, now)
        if before is not None and dict(before.payload) != dict(fact.payload):
            just_after = before.known_at + timedelta(microseconds=1) if before.backfilled else now
            fact = replace(fact, known_at=max(fact.known_at, just_after))
        elif before is not None:
            continue
        placed.append(fact)
    days = [fact.occurred_at.astimezone(UTC).date() for fact in facts]
    if not days:
        raise InputError(phrase("the file holds no figure"))
    done = store.record(placed)
    return replace(_imported(what, days, done, ()), n_rows=len(facts))


def _imported(
    what: str, days: Sequence[date], done: Recorded, notes: Iterable[str], *, also: int = 0
) -> Imported:
    return Imported(
        what=what,
        first_on=min(days),
        last_on=max(days),
        n_rows=len(days),
        new=done.new - also,
        changed=done.changed,
        notes=tuple(notes),
    )
