"""The reference tables: honest times, no hindsight, and every problem told with its place."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from config.frozen import FROZEN_ON
from engine.clock import parse_as_of
from engine.errors import ConfigError, DataError
from engine.record.asof import actions_at, bars_at, known
from engine.record.history import History
from engine.record.readings import ARCHITECTURES, CHIPS, OBSERVATIONS, Observation
from engine.service.registering import read_statements
from engine.values import Accelerator, Fact
from feeds.facts import (
    TABLES,
    Lags,
    action_facts,
    as_corrections,
    chip_facts,
    confidence_of,
    parse_table,
    read_tables,
)

FACTS = Path(__file__).resolve().parents[2] / "config" / "facts"


@pytest.fixture(scope="module")
def history() -> History:
    return History(read_tables(FACTS, Lags()))


def table(file: str) -> object:
    return next(t for t in TABLES if t.file == file)


def test_every_fact_is_flagged_as_back_filled(history: History) -> None:
    """A result that rests on assumed lags can be told from one that does not."""
    spells = history.known("availability", parse_as_of("2026-10-01"))

    assert spells
    assert all("to_date" not in f.payload for f in spells)


def test_a_step_told_later_is_known_later(history: History) -> None:
    """The H20 letter of 2025-04-09 became public on 2025-04-15."""
    before = history.current("availability", parse_as_of("2025-04-14"))
    later = history.current("availability", parse_as_of("2025-04-16"))

    assert "H20/2025-04-09" not in before
    assert "H20/2025-04-09" in later


def test_share_counts_are_kept_as_counted_on_the_day(history: History) -> None:
    """About 2.5 bn before the split, 24.6 bn after it."""
    counts = history.current("shares", parse_as_of("2025-01-01"))

    assert counts["2024-03-01"].payload["shares_bn"] == pytest.approx(2.5, abs=0.05)
    assert counts["2024-06-10"].payload["shares_bn"] == pytest.approx(24.6)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("date_utc,event_type\n", "chip_events.csv:1: missing column(s) headline"),
        ("", "chip_events.csv:1: missing column(s)"),
    ],
)
def test_missing_columns_are_named(text: str, told: str) -> None:
    """The header is checked before any row."""
    facts, problems = parse_table(table("chip_events.csv"), text, Lags())  # type: ignore[arg-type]

    assert facts == []
    assert told in problems[0]


def test_one_bad_row_costs_one_row_and_says_where() -> None:
    """A bad date, a short row and a blank headline are three problems; the good row stays."""
    text = (
        "date_utc,time_utc,time_precision,event_type,actor,headline,source,confidence\n"
        "2025-08-21,07:00,approximate,model_release,DeepSeek,V3.1 is out,x,high\n"
        "2025-13-45,07:00,approximate,model_release,DeepSeek,no such day,x,high\n"
        "2025-08-21,07:00\n"
        "2025-08-21,07:00,approximate,model_release,DeepSeek,,x,high\n"
    )
    facts, problems = parse_table(table("chip_events.csv"), text, Lags())  # type: ignore[arg-type]

    assert [f.payload["headline"] for f in facts] == ["V3.1 is out"]
    assert [p.split(":")[1] for p in problems] == ["3", "4", "5"]


def test_all_problems_of_all_tables_come_at_once(tmp_path: Path) -> None:
    """Two broken files, one error with both."""
    folder = tmp_path / "facts"
    shutil.copytree(FACTS, folder)
    (folder / "rates_daily.csv").write_text("observed_on\n", encoding="utf-8")
    (folder / "chip_events.csv").unlink()
    with pytest.raises(ConfigError) as caught:
        read_tables(folder, Lags())

    told = "\n".join(caught.value.problems)
    assert "rates_daily.csv:1" in told
    assert "chip_events.csv: cannot be read" in told


@pytest.mark.parametrize(
    ("word", "value"),
    [("high", 0.9), ("B", 0.75), ("", None), ("high (probability), medium (prices)", 0.7)],
)
def test_confidence_words_become_numbers(word: str, value: float | None) -> None:
    """A mixed entry counts as its weakest part; a blank is unknown, not zero."""
    assert confidence_of(word) == value


# --- chips and dimensions ------------------------------------------------------------------------

CHIP_HEAD = "chip,vendor,country,platform,announced_on,on_sale_from,price_usd,price_known_on"
CHIP_HEAD += ",rent_usd_per_hour,rent_known_on,confidence,source\n"


def chip_at(row: str, day: str) -> Accelerator | None:
    history = History(chip_facts(CHIP_HEAD + row))
    return known(history, CHIPS, parse_as_of(day)).get(row.split(",")[0])


def test_a_chip_is_what_was_published_of_it_by_the_day() -> None:
    """No rent of 2026 prices a model of 2024; a sale date to come is not known yet."""
    row = "X1,V,US,hopper,2024-01-10,2024-06-30,30000,2024-07-04,2.35,2026-03-31,A,s\n"
    assert chip_at(row, "2024-01-09") is None
    announced, sold = chip_at(row, "2024-02-01"), chip_at(row, "2024-07-01")
    priced, rented = chip_at(row, "2025-01-01"), chip_at(row, "2026-04-01")
    assert announced
    assert sold
    assert priced
    assert rented
    assert (announced.valid_from, announced.price_usd) == (None, None)
    assert (sold.valid_from, sold.price_usd) == (date(2024, 6, 30), None)
    assert (priced.price_usd, priced.rent_usd_per_hour) == (30000.0, None)
    assert rented.rent_usd_per_hour == 2.35


def test_a_figure_without_a_date_acts_from_the_date_of_its_table() -> None:
    row = "X1,V,US,hopper,2024-01-10,,30000,,,,A,s\n"
    before, after = chip_at(row, "2026-09-29"), chip_at(row, "2026-10-01")
    assert before
    assert before.price_usd is None
    assert after
    assert after.price_usd == 30000.0


def test_dimensions_are_known_with_the_first_release_that_has_them(history: History) -> None:
    dims = known(history, ARCHITECTURES, parse_as_of("2024-12-27"))
    assert "DeepSeek-V3" in dims
    assert "DeepSeek-V3.2" not in dims


def test_splits_and_dividends_are_dated_facts_and_prices_raw(history: History) -> None:
    """The table is adjusted; the record holds what was paid on the day, known once declared."""
    late = parse_as_of("2025-09-30")
    splits = [a for a in actions_at(history, "NVDA", late) if a.action == "split"]
    assert [(a.ex_on, a.value) for a in splits] == [
        (date(2021, 7, 20), 4.0),
        (date(2024, 6, 10), 10.0),
    ]
    assert not [a for a in actions_at(history, "NVDA", parse_as_of("2024-05-21")) if a.value == 10]
    bars = bars_at(history, "NVDA", late)
    assert bars[date(2024, 6, 7)].close == pytest.approx(1208.88, abs=0.1)
    assert bars[date(2019, 5, 16)].close == pytest.approx(160.19, abs=0.01)
    paid = [a.value for a in actions_at(history, "NVDA", late) if a.ex_on == date(2024, 3, 5)]
    assert paid == [0.04]


SEALED = FACTS.parent / "registered" / "held_back.json"
DAILY = {"bar": "session_on", "observation": "observed_on"}


def test_prices_and_rates_of_unseen_days_came_in_after_the_rules_were_sealed(
    history: History,
) -> None:
    """Rules are frozen on what was seen by then: rows of later days need a statement before."""
    days = {str(f.payload[DAILY[f.kind]]) for f in history if f.kind in DAILY and not of_a_curve(f)}
    assert max(day for day in days if day <= FROZEN_ON.isoformat()) == FROZEN_ON.isoformat()
    if max(days) == FROZEN_ON.isoformat():
        return
    sealed = {told["preset"]: told["prices_seen_until"] for told in read_statements(SEALED)}
    assert sealed == dict.fromkeys(("balanced", "cautious", "conviction"), FROZEN_ON.isoformat())


def of_a_curve(fact: Fact) -> bool:
    """Futures were published with the meeting tables and end before."""
    return str(fact.payload.get("series", "")).startswith("ZQ")


@pytest.mark.parametrize("wrong", [3.60, 6.60])
def test_a_corrected_row_of_a_table_counts_whatever_its_hash(wrong: float) -> None:
    """Both rows claim one hour of publication; the correction comes right after the wrong one."""

    def told(value: float) -> Fact:
        figure = Observation(series="DGS2", observed_on=date(2025, 9, 29), value=value)
        at = parse_as_of("2025-09-30T13:15Z")
        return OBSERVATIONS.fact(
            figure, occurred_at=at, known_at=at, source="table", backfilled=True
        )

    right = 10.2 - wrong
    before = History([told(wrong)])
    after = [*before, *as_corrections([told(right)], before)]
    late = parse_as_of("2025-09-30")
    assert known(History(after), OBSERVATIONS, late)["DGS2:2025-09-29"].value == right
    again = as_corrections([told(wrong)], History(after))
    found = known(History([*after, *again]), OBSERVATIONS, late)
    assert found["DGS2:2025-09-29"].value == wrong
    assert as_corrections([told(wrong)], History([told(wrong)])) == [told(wrong)]


def test_rows_added_to_a_table_are_taken_as_they_are() -> None:
    """A record that knows the table before meets rows of later days; it used to end in KeyError."""

    def told(day: date) -> Fact:
        at = parse_as_of(f"{day}T20:15Z")
        figure = Observation(series="DGS2", observed_on=day, value=3.6)
        return OBSERVATIONS.fact(
            figure, occurred_at=at, known_at=at, source="table", backfilled=True
        )

    before, later = told(date(2025, 9, 29)), told(date(2025, 10, 1))

    assert as_corrections([before, later], History([before])) == [before, later]


@pytest.mark.parametrize("wrong", [100.0, 300.0])
def test_a_corrected_step_counts_until_the_next_step(wrong: float) -> None:
    """A chip's price of 2024 is corrected; what came in 2025 stays as it was."""

    def told(price: float) -> list[Fact]:
        row = "X1,V,US,hopper,2024-01-10,2024-01-10,{},2024-01-10,2.0,2025-01-10,A,s\n"
        return chip_facts(CHIP_HEAD + row.format(price))

    before = History(told(wrong))
    after = History([*before, *as_corrections(told(400.0 - wrong), before)])
    for day in ("2024-06-01", "2025-06-01"):
        assert known(after, CHIPS, parse_as_of(day))["X1"].price_usd == 400.0 - wrong


def test_actions_without_a_column_name_it() -> None:
    text = "ex_date,amount_usd_as_paid\n2024-06-10,0.01\n"
    with pytest.raises(DataError, match=r"actions\.csv: column 'kind' is missing"):
        action_facts(text)
