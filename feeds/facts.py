"""The reference tables of ``config/facts`` as back-filled facts.

Each table is one ``CsvTable``: where identity and times come from and which columns may enter the
record. Columns written with hindsight (expected directions, market reactions) are on no list, so
they cannot reach a feature. ``known_at`` is publication plus the lag of ``Lags``, and every fact is
flagged ``backfilled``: a result that rests on assumed lags can be told from one that does not.

Parsing is pure (text in, facts and problems out); only ``read_tables`` opens files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache, partial
from pathlib import Path

from config.settings import Lags as Lags
from engine.clock import at_new_york, next_business_morning
from engine.errors import ConfigError, DataError, NvsignalError
from engine.phrases import error_phrase, phrase
from engine.record.asof import split_factor
from engine.record.history import History
from engine.record.readings import (
    ACTIONS,
    ARCHITECTURES,
    BARS,
    CHIPS,
    USD_PER_EURO,
    Bar,
    CorporateAction,
)
from engine.tables import csv_cells, csv_rows
from engine.values import Accelerator, Fact, release_payload

Row = Mapping[str, str]
MAX_TABLE_BYTES = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvTable:
    """How one CSV becomes facts. ``make`` yields the facts of a row or raises on a bad one.

    adjusted: told on the newest share basis, so that ``make`` takes ``actions`` too.
    """

    file: str
    needs: tuple[str, ...]
    make: Callable[..., Iterable[Fact]]
    adjusted: bool = False


_CONFIDENCE = {"high": 0.9, "medium": 0.7, "low": 0.4, "none": 0.1}
_LETTERS = {"A": 0.9, "B": 0.75, "C": 0.5, "D": 0.25}


@lru_cache(maxsize=256)  # a table says the same few words in every row
def confidence_of(word: str) -> float | None:
    """0 to 1 from the words and letters of the tables; None for a blank.

    Mixed entries such as ``high (probability), medium (prices)`` count as their weakest part.
    """
    found = [v for k, v in _CONFIDENCE.items() if re.search(rf"\b{k}\b", word.lower())]
    found += [v for k, v in _LETTERS.items() if re.search(rf"\b{k}\b", word)]
    return min(found) if found else None


def end_of_utc_day(day: date) -> datetime:
    """Midnight after ``day``: the earliest instant at which a date-only row is surely public."""
    return datetime.combine(day + timedelta(days=1), time(0), tzinfo=UTC)


def _pick(row: Row, columns: Iterable[str]) -> dict[str, str]:
    return {c: row[c] for c in columns if row.get(c, "") != ""}


def _fact(
    kind: str,
    key: str,
    occurred_at: datetime,
    known_at: datetime,
    row: Row,
    payload: Mapping[str, object],
) -> Fact:
    return Fact(
        kind=kind,
        key=key,
        occurred_at=occurred_at,
        known_at=known_at,
        source=row.get("source", "")[:300] or "reference table",
        confidence=confidence_of(row.get("confidence", "")),
        backfilled=True,
        payload=payload,
    )


# --- releases, chips, supply, availability ---------------------------------------------------


def release_facts(releases_csv: str, updates_csv: str, lags: Lags) -> list[Fact]:
    """Every version of every release: what was told on the day, then what was disclosed later."""
    from engine.threat.catalogue import parse_releases, parse_updates

    updates = parse_updates(row for _, row in csv_rows(updates_csv, WHOLE_FILES[1]))
    versions = parse_releases((row for _, row in csv_rows(releases_csv, WHOLE_FILES[0])), updates)
    facts = []
    for release in versions:
        row = {"source": release.source, "confidence": ""}
        at = datetime.combine(release.released_on, time(0), tzinfo=UTC)
        fact = _fact(
            "model_release",
            f"{release.lab}/{release.model}",
            at,
            max(release.known_at, at) + lags.scheduled,
            row,
            release_payload(release),
        )
        facts.append(replace(fact, confidence=release.confidence))
    return facts


CHIPS_ON = date(2026, 9, 30)
"""Newest date in ``accelerators.csv``: what has no date of its own there is known from then on."""


def chip_facts(accelerators_csv: str) -> list[Fact]:
    """Every chip in the steps in which it became known: announced, on sale, its price, its rent.

    A figure counts from the date of its source, without one from the date of the table.
    """
    from engine.threat.chips import parse_accelerators

    rows = [row for _, row in csv_rows(accelerators_csv, WHOLE_FILES[2])]
    facts = []
    for row, chip in zip(rows, parse_accelerators(rows), strict=True):
        on = {name: _date_in(row, name) for name in _CHIP_DATES}
        announced = min(filter(None, (on["announced_on"], chip.valid_from)), default=CHIPS_ON)
        priced, rented = on["price_known_on"] or CHIPS_ON, on["rent_known_on"] or CHIPS_ON
        days = [announced, *filter(None, (chip.valid_from,)), priced, rented]
        facts += [
            _chip_fact(row, _chip_by(chip, day, priced, rented), day)
            for day in sorted({max(day, announced) for day in days})
        ]
    return facts


_CHIP_DATES = ("announced_on", "price_known_on", "rent_known_on")


def _date_in(row: Row, name: str) -> date | None:
    text = (row.get(name) or "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        place = f"{row['chip']}: {name}"
        told = phrase("{place} '{text}' is not a date", place=place, text=text[:40])
        raise DataError(told) from None


def _chip_by(chip: Accelerator, day: date, priced: date, rented: date) -> Accelerator:
    """What was known of ``chip`` by the end of ``day``."""
    sold = chip.valid_from is not None and chip.valid_from <= day
    return replace(
        chip,
        valid_from=chip.valid_from if sold else None,
        price_usd=chip.price_usd if priced <= day else None,
        rent_usd_per_hour=chip.rent_usd_per_hour if rented <= day else None,
    )


def _chip_fact(row: Row, chip: Accelerator, day: date) -> Fact:
    return CHIPS.fact(
        chip,
        occurred_at=datetime.combine(day, time(0), tzinfo=UTC),
        known_at=end_of_utc_day(day),
        source=chip.source[:300] or "reference table",
        confidence=confidence_of(row.get("confidence") or ""),
        backfilled=True,
    )


ARCHITECTURES_ON = date(2026, 9, 30)
"""As ``CHIPS_ON``, for ``model_architectures.csv``: its newest models are of September 2026."""


def architecture_facts(architectures_csv: str, releases: Iterable[Fact]) -> list[Fact]:
    """The dimensions of each model, known with the first release that it or an alias names."""
    from engine.threat.architectures import parse_architectures

    first: dict[str, datetime] = {}
    for fact in sorted(releases, key=lambda f: f.known_at):
        first.setdefault(str(fact.payload["model"]).lower(), fact.known_at)
    facts = []
    rows = (row for _, row in csv_rows(architectures_csv, WHOLE_FILES[3]))
    for dims in parse_architectures(rows):
        names = (dims.model, *dims.aliases)
        known = [first[n.lower()] for n in names if n.lower() in first]
        at = min(known, default=end_of_utc_day(ARCHITECTURES_ON))
        facts.append(
            ARCHITECTURES.fact(
                dims,
                occurred_at=at,
                known_at=at,
                source=dims.source[:300] or "reference table",
                confidence=confidence_of(dims.confidence),
                backfilled=True,
            )
        )
    return facts


def _supply(row: Row, lags: Lags) -> Iterator[Fact]:
    day = date.fromisoformat(row["known_on"])
    columns = (
        "known_on period vendor chip units_low units_mid units_high unit kind source confidence"
    ).split()
    key = f"{row['known_on']}/{row['vendor']}/{row['chip']}/{row['period']}/{row['kind']}"
    at = datetime.combine(day, time(0), tzinfo=UTC)
    yield _fact("supply_estimate", key, at, end_of_utc_day(day), row, _pick(row, columns))


def _chip_share(row: Row, lags: Lags) -> Iterator[Fact]:
    if not row["domestic_share_pct"]:
        return
    day = date.fromisoformat(row["known_on"])
    columns = "known_on period house basis unit domestic_share_pct kind source confidence".split()
    key = f"{row['known_on']}/{row['house']}/{row['period']}/{row['basis']}"
    at = datetime.combine(day, time(0), tzinfo=UTC)
    yield _fact("chip_share", key, at, end_of_utc_day(day), row, _pick(row, columns))


def _homegrown_run(row: Row, lags: Lags) -> Iterator[Fact]:
    day = date.fromisoformat(row["known_on"])
    columns = (
        "known_on model lab chip_vendor chip chips_used stage extent outcome claimed_by "
        "independent_of_chip_vendor total_params_b tokens_t source confidence"
    ).split()
    key = f"{row['known_on']}/{row['lab']}/{row['model']}"
    at = datetime.combine(day, time(0), tzinfo=UTC)
    # Told with its release, where there is one: at the very instant of a release with a day only.
    known = datetime.combine(day, time.max, tzinfo=UTC) + lags.scheduled
    yield _fact("homegrown_run", key, at, known, row, _pick(row, columns))


_PUBLIC_ON = {date(2025, 4, 9): date(2025, 4, 15)}
"""Steps that bound before they were told: the H20 letter of 2025-04-09 became public in the 8-K of
2025-04-15 (export_policy_events.csv)."""


def _availability(row: Row, lags: Lags) -> Iterator[Fact]:
    start = date.fromisoformat(row["from_date"])
    public = _PUBLIC_ON.get(start, start)
    # The end of a spell is told by the next spell; carrying to_date would tell it in advance.
    columns = "chip from_date us_permission china_acceptance source confidence".split()
    at = datetime.combine(start, time(0), tzinfo=UTC)
    key = f"{row['chip']}/{row['from_date']}"
    yield _fact("availability", key, at, end_of_utc_day(public), row, _pick(row, columns))


# --- events ----------------------------------------------------------------------------------


def event_facts(row: Row, lags: Lags) -> Iterator[Fact]:
    """An event as a ``headline`` fact; ``date_utc``, ``event_type`` and ``headline`` are needed."""
    day = date.fromisoformat(row["date_utc"])
    stamp = row.get("time_utc", "")
    if stamp:
        at = datetime.combine(day, time.fromisoformat(stamp), tzinfo=UTC)
        exact = row["time_precision"] == "scheduled"
        known = at + (lags.scheduled if exact else lags.approximate)
    else:
        at = datetime.combine(day, time(0), tzinfo=UTC)
        known = end_of_utc_day(day)
    payload = _pick(row, ("event_type", "actor", "headline", "time_precision"))
    key = f"{row['date_utc']}/{row['event_type']}/{row['headline'][:80]}"
    yield _fact("headline", key, at, known, row, payload)


def _policy(row: Row, lags: Lags) -> Iterator[Fact]:
    at = datetime.fromisoformat(row["utc"].replace("Z", "+00:00"))
    payload = _pick(row, ("event", "actor", "mechanism", "time_precision"))
    key = f"{row['utc']}/{row['event'][:80]}"
    yield _fact("policy_event", key, at, at + lags.approximate, row, payload)


# --- macro -----------------------------------------------------------------------------------


def _meeting(row: Row, lags: Lags) -> Iterator[Fact]:
    if row["status"] == "cancelled":
        return  # the only one, of March 2020, had given way to two moves between meetings
    ends = date.fromisoformat(row["meeting_end"])
    starts = date.fromisoformat(row["meeting_start"])
    stated = at_new_york(ends, time.fromisoformat(row["statement_time"]))
    schedule = _pick(row, ("meeting_start", "meeting_end", "statement_time", "sep_meeting"))
    # The Fed publishes its calendar more than a year ahead; what it had not planned, as it comes.
    planned = not (row.get("note") or "").startswith("unscheduled")
    published = at_new_york(starts, time(9)) - timedelta(days=400) if planned else stated
    key = row["meeting_end"]
    yield _fact("fomc_meeting", key, stated, published, row, schedule)
    if row["status"] == "decided":
        columns = "meeting_end action_bp target_lower_after target_upper_after effective_date"
        decided = _pick(row, columns.split())
        yield _fact("fomc_decision", key, stated, stated + lags.scheduled, row, decided)


def _rates(row: Row, lags: Lags) -> Iterator[Fact]:
    day = date.fromisoformat(row["observed_on"])
    for column in ("dff_pct", "dgs2_pct", "dgs10_pct", "dtb3_pct"):
        if row[column] != "":
            series = column.removesuffix("_pct").upper()
            yield _observation(series, day, float(row[column]), next_business_morning(day), row)


def _euro(row: Row, lags: Lags) -> Iterator[Fact]:
    # About 16:00 in Frankfurt; the day over is a safe bound for a reference, not a dealing rate.
    day = date.fromisoformat(row["observed_on"])
    yield _observation(USD_PER_EURO, day, float(row["usd_per_eur"]), end_of_utc_day(day), row)


def _observation(series: str, day: date, value: float, known: datetime, row: Row) -> Fact:
    payload = {"series": series, "observed_on": day.isoformat(), "value": value}
    at = datetime.combine(day, time(0), tzinfo=UTC)
    return _fact("observation", f"{series}:{day.isoformat()}", at, known, row, payload)


_ZQ_PAIR = re.compile(r"(ZQ[FGHJKMNQUVXZ]\d{2})=([0-9.]+)")


def _futures(row: Row, lags: Lags) -> Iterator[Fact]:
    stamp = row["observed"][:10]
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", stamp):
        return  # an article without a trading date: a test case, not history
    day = date.fromisoformat(stamp)
    known = at_new_york(day, time(16)) + lags.close
    for contract, price in _ZQ_PAIR.findall(row["zq_inputs"]):
        yield _observation(contract, day, float(price), known, row)


# --- company and market ----------------------------------------------------------------------

EARNINGS_COLUMNS = (
    "fiscal_quarter period_end report_datetime_et revenue_usd_bn consensus_revenue_usd_bn "
    "data_center_revenue_usd_bn consensus_data_center_usd_bn china_incl_hk_revenue_usd_bn "
    "china_share_pct china_basis next_q_guide_midpoint_usd_bn consensus_next_q_usd_bn "
    "guide_vs_consensus_pct source confidence"
).split()


def _earnings(row: Row, lags: Lags) -> Iterator[Fact]:
    local = datetime.fromisoformat(row["report_datetime_et"])
    at = at_new_york(local.date(), local.time())
    schedule = {"fiscal_quarter": row["fiscal_quarter"], "report_on": local.date().isoformat()}
    announced = at - timedelta(days=20)  # Nvidia names its report dates about three weeks ahead
    yield _fact("earnings_date", row["fiscal_quarter"], at, announced, row, schedule)
    if row["revenue_usd_bn"]:
        payload = _pick(row, EARNINGS_COLUMNS)
        known = at + lags.scheduled + timedelta(minutes=30)
        yield _fact("earnings", row["fiscal_quarter"], at, known, row, payload)


CONSENSUS_COLUMNS = (
    "known_on horizon horizon_end metric consensus_usd_bn low_usd_bn high_usd_bn vendor"
).split()


def _consensus(row: Row, lags: Lags) -> Iterator[Fact]:
    day = date.fromisoformat(row["known_on"])
    at = datetime.combine(day, time(0), tzinfo=UTC)
    key = f"{row['known_on']}/{row['horizon']}/{row['metric']}/{row['vendor']}"
    payload = _pick(row, CONSENSUS_COLUMNS)
    yield _fact("consensus", key, at, end_of_utc_day(day), row, payload)


Actions = Sequence[CorporateAction]


def _shares(row: Row, lags: Lags, actions: Actions = ()) -> Iterator[Fact]:
    if not row["shares_outstanding_bn"]:
        return
    day = date.fromisoformat(row["date"])
    # Kept raw, as counted on the day: a count told on the later basis is taken back to its own.
    told_later = row["share_basis"].startswith("post-split")
    nvidia = [a for a in actions if a.symbol == "NVDA"]
    factor = split_factor(nvidia, day, LATEST_BASIS) if told_later else 1.0
    payload = {"date": row["date"], "shares_bn": float(row["shares_outstanding_bn"]) / factor}
    at = datetime.combine(day, time(0), tzinfo=UTC)
    yield _fact("shares", row["date"], at, end_of_utc_day(day), row, payload)


SMH_SPLIT = CorporateAction(symbol="SMH", ex_on=date(2023, 5, 5), action="split", value=2.0)
"""VanEck, 2-for-1; the tables hold no actions but Nvidia's."""


COVERED_FROM = date(2022, 1, 1)
"""From here on the tables of releases and events look for everything of their kinds: a stretch
without a row means that nothing happened. The first rows are of 2022-08 (policy) and 2023-11."""


def coverage_fact() -> Fact:
    """From when on the tables of releases and events have been looked after."""
    at = datetime.combine(COVERED_FROM, time(0), tzinfo=UTC)
    payload = {"streams": ["releases", "events"], "from_on": COVERED_FROM.isoformat()}
    return _fact("coverage", "reference tables", at, at, {}, payload)


def action_facts(actions_csv: str) -> list[Fact]:
    """Nvidia's splits and dividends; without a day of declaration known when they bind."""
    facts = [_action_fact(SMH_SPLIT, {"source": "VanEck announcement", "confidence": "high"}, "")]
    for line, row in csv_rows(actions_csv, WHOLE_FILES[4]):
        try:
            split = row["kind"] == "split"
            told = CorporateAction(
                symbol="NVDA",
                ex_on=date.fromisoformat(row["ex_date"]),
                action="split" if split else "dividend",
                value=_ratio(row["split_ratio"]) if split else float(row["amount_usd_as_paid"]),
            )
            facts.append(_action_fact(told, row, row["declared_on"]))
        except KeyError as error:
            raise DataError(
                phrase("{file}: column {error} is missing", file=WHOLE_FILES[4], error=error)
            ) from None
        except (ValueError, DataError) as error:
            raise DataError(
                phrase("{place}: {fault}", place=f"{WHOLE_FILES[4]}:{line}", fault=error)
            ) from None
    return facts


def _ratio(text: str) -> float:
    """New shares per old of ``10:1``."""
    new, _, old = text.partition(":")
    return float(new) / float(old)


def _action_fact(told: CorporateAction, row: Row, declared_on: str) -> Fact:
    binds = at_new_york(told.ex_on, time(4))  # when trading opens in the small hours
    known = end_of_utc_day(date.fromisoformat(declared_on)) if declared_on else binds
    return ACTIONS.fact(
        told,
        occurred_at=at_new_york(told.ex_on, time(9, 30)),
        known_at=min(known, binds),
        source=row["source"][:300] or "reference table",
        confidence=confidence_of(row["confidence"]),
        backfilled=True,
    )


def _raw(row: Row, symbol: str, name: str, day: date, actions: Actions) -> float | None:
    """A price of the table, which is split-adjusted, as it was on the day."""
    text = row.get(f"{symbol.lower()}_{name}") or ""
    factor = split_factor((a for a in actions if a.symbol == symbol), day, LATEST_BASIS)
    return round(float(text) * factor, 4) if text else None


LATEST_BASIS = date(2025, 9, 30)
"""The tables of prices and share counts are told on the share basis of this day."""


def _closes(row: Row, lags: Lags, actions: Actions = ()) -> Iterator[Fact]:
    day = date.fromisoformat(row["session"])
    closed = at_new_york(day, time(16))
    for symbol in ("NVDA", "SPY", "QQQ", "SMH", "VIX"):
        opened, high, low, close = (
            _raw(row, symbol, name, day, actions) for name in ("open", "high", "low", "close")
        )
        if close is None:
            continue
        bar = Bar(symbol=symbol, session_on=day, open=opened, high=high, low=low, close=close)
        yield BARS.fact(
            bar,
            occurred_at=closed,
            known_at=closed + lags.close,
            source=row["source"][:300] or "reference table",
            confidence=confidence_of(row["confidence"]),
            backfilled=True,
        )


def _claim(row: Row, lags: Lags) -> Iterator[Fact]:
    day = date.fromisoformat(row["known_on"])
    payload = _pick(row, ("model", "claim", "value", "unit", "comparison"))
    at = datetime.combine(day, time(0), tzinfo=UTC)
    key = f"{row['model']}/{row['claim']}/{row['known_on']}"
    yield _fact("press_claim", key, at, end_of_utc_day(day), row, payload)


TABLES = (
    CsvTable(file="press_claims.csv", needs=("known_on", "model", "claim", "value"), make=_claim),
    CsvTable(
        file="china_chip_share.csv",
        needs=("known_on", "period", "house", "domestic_share_pct"),
        make=_chip_share,
    ),
    CsvTable(
        file="homegrown_training_record.csv",
        needs=("known_on", "model", "lab", "outcome", "claimed_by"),
        make=_homegrown_run,
    ),
    CsvTable(file="domestic_chip_supply.csv", needs=("known_on", "vendor", "chip"), make=_supply),
    CsvTable(
        file="china_availability.csv",
        needs=("chip", "from_date", "us_permission", "china_acceptance"),
        make=_availability,
    ),
    CsvTable(
        file="chip_events.csv", needs=("date_utc", "event_type", "headline"), make=event_facts
    ),
    CsvTable(file="export_policy_events.csv", needs=("utc", "event", "actor"), make=_policy),
    CsvTable(
        file="fomc_meetings.csv",
        needs=("meeting_start", "meeting_end", "statement_time", "status"),
        make=_meeting,
    ),
    CsvTable(file="fedwatch_published.csv", needs=("observed", "zq_inputs"), make=_futures),
    CsvTable(
        file="rates_daily.csv",
        needs=("observed_on", "dff_pct", "dgs2_pct", "dgs10_pct", "dtb3_pct"),
        make=_rates,
    ),
    CsvTable(file="eur_usd_daily.csv", needs=("observed_on", "usd_per_eur"), make=_euro),
    CsvTable(
        file="nvidia_earnings.csv",
        needs=("fiscal_quarter", "report_datetime_et", "revenue_usd_bn"),
        make=_earnings,
    ),
    CsvTable(
        file="nvidia_consensus.csv",
        needs=("known_on", "horizon", "metric", "consensus_usd_bn", "vendor"),
        make=_consensus,
    ),
    CsvTable(
        file="nvidia_market_cap.csv",
        needs=("date", "shares_outstanding_bn", "share_basis"),
        make=_shares,
        adjusted=True,
    ),
    CsvTable(
        file="market_closes.csv",
        needs=("session", "nvda_close"),
        make=_closes,
        adjusted=True,
    ),
)


def parse_table(table: CsvTable, text: str, lags: Lags) -> tuple[list[Fact], list[str]]:
    """Facts and problems (``file:line: what``) of one CSV text; a bad row costs one row."""
    found = csv_cells(text, table.file)
    facts: list[Fact] = []
    problems: list[str] = []
    try:
        _, header = next(found, (1, []))
    except DataError as error:
        return [], [error_phrase(error)]
    missing = [c for c in (*table.needs, "source", "confidence") if c not in header]
    if missing:
        return [], [
            phrase(
                "{file}:1: missing column(s) {columns}", file=table.file, columns=", ".join(missing)
            )
        ]
    try:
        for line, row in found:
            if len(row) == len(header):
                mapped = dict(zip(header, row, strict=True))
                facts.extend(_row_facts(table, mapped, line, lags, problems))
            else:
                told = {"cells": len(row), "columns": len(header)}
                wrong = phrase("{cells} cells under {columns} columns", **told)
                problems.append(_at(table, line, wrong))
    except DataError as error:
        problems.append(error_phrase(error))
    return facts, problems


def _row_facts(
    table: CsvTable, row: dict[str, str], line: int, lags: Lags, problems: list[str]
) -> list[Fact]:
    blank = [c for c in table.needs if row[c] == "" and c in _NEVER_BLANK]
    if blank:
        problems.append(_at(table, line, phrase("column '{column}' is blank", column=blank[0])))
        return []
    try:
        return list(table.make(row, lags))
    except (ValueError, DataError) as error:
        problems.append(_at(table, line, error))
        return []


def _at(table: CsvTable, line: int, fault: object) -> str:
    return phrase("{place}: {fault}", place=f"{table.file}:{line}", fault=fault)


_NEVER_BLANK = frozenset(
    "known_on vendor chip from_date date_utc event_type headline utc event "
    "meeting_start meeting_end observed observed_on fiscal_quarter report_datetime_et date session "
    "nvda_close".split()
)


def read_tables(folder: Path, lags: Lags) -> tuple[Fact, ...]:
    """Every reference fact under ``folder``; all problems of all files in one ``ConfigError``."""
    facts: list[Fact] = [coverage_fact()]
    problems: list[str] = []
    releases, updates, chips, dims, acts = (_read(folder / name, problems) for name in WHOLE_FILES)
    try:
        told = release_facts(releases, updates, lags)
        facts += [*told, *chip_facts(chips), *architecture_facts(dims, told), *action_facts(acts)]
    except ConfigError as error:
        problems += error.problems
    except NvsignalError as error:
        problems.append(error_phrase(error))
    actions = [ACTIONS.read(fact) for fact in facts if fact.kind == ACTIONS.name]
    for table in TABLES:
        text = _read(folder / table.file, problems)
        if text:
            make = partial(table.make, actions=actions) if table.adjusted else table.make
            found, wrong = parse_table(replace(table, make=make), text, lags)
            facts += found
            problems += wrong
    if problems:
        raise ConfigError(
            problems, remedy=phrase("correct the table, or restore it from the repository")
        )
    return tuple(facts)


def as_corrections(loaded: Sequence[Fact], held: History) -> list[Fact]:
    """``loaded`` so that a changed row of a table counts from right after what it corrects.

    held: the record before, with what the tables told then. Without this a corrected row would
    share its ``known_at`` with the wrong one, and which of both counts would hang on a hash.
    """
    end = held.last_known_at
    if end is None:
        return list(loaded)
    by_key: dict[tuple[str, str], list[Fact]] = {}
    for fact in loaded:
        by_key.setdefault((fact.kind, fact.key), []).append(fact)
    found: list[Fact] = []
    for (kind, key), versions in by_key.items():
        before = {f.known_at: f for f in held.versions(kind, key, end) if f.backfilled}
        told = [_after(fact, before) for fact in sorted(versions, key=lambda f: f.known_at)]
        last = max(before, default=None)
        if last is None:  # the record does not hold it yet
            found += told
            continue
        if last >= told[-1].known_at and before[last].payload != told[-1].payload:
            told.append(replace(told[-1], known_at=last + _TICK))  # a later word was taken back
        found += told
    return found


_TICK = timedelta(microseconds=1)


def _after(fact: Fact, before: Mapping[datetime, Fact]) -> Fact:
    standing = before.get(fact.known_at)
    same = standing is None or dict(standing.payload) == dict(fact.payload)
    return fact if same else replace(fact, known_at=fact.known_at + _TICK)


WHOLE_FILES = (
    "model_releases.csv",
    "release_updates.csv",
    "accelerators.csv",
    "model_architectures.csv",
    "nvidia_corporate_actions.csv",
)
"""Tables whose rows are read together: one row needs others."""


def files() -> tuple[str, ...]:
    """Every file ``read_tables`` reads."""
    return (*(t.file for t in TABLES), *WHOLE_FILES)


def _read(path: Path, problems: list[str]) -> str:
    try:
        if path.stat().st_size > MAX_TABLE_BYTES:
            problems.append(
                phrase("{name}: larger than {most:int} bytes", name=path.name, most=MAX_TABLE_BYTES)
            )
            return ""
        return path.read_text(encoding="utf-8")
    except OSError as error:
        why = error.strerror
        problems.append(phrase("{name}: cannot be read ({why})", name=path.name, why=why))
    except UnicodeDecodeError:
        problems.append(phrase("{name}: cannot be read (it is not UTF-8 text)", name=path.name))
    return ""
