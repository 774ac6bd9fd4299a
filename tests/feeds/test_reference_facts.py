"""The reference tables: honest times, no hindsight, and every problem told with its place."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from engine.clock import parse_as_of
from engine.errors import ConfigError
from engine.record.history import History
from engine.values import release_of
from feeds.facts import TABLES, Lags, confidence_of, next_business_morning, parse_table, read_tables

FACTS = Path(__file__).resolve().parents[2] / "config" / "facts"


@pytest.fixture(scope="module")
def history() -> History:
    return History(read_tables(FACTS, Lags()))


def table(file: str) -> object:
    return next(t for t in TABLES if t.file == file)


def test_every_fact_is_flagged_as_back_filled(history: History) -> None:
    """A result that rests on assumed lags can be told from one that does not."""
    assert all(f.backfilled for f in history)
    assert len(history) > 9_000


def test_a_longer_lag_never_makes_a_fact_known_earlier() -> None:
    """known_at is publication plus the lag."""
    short = {(f.kind, f.key, f.occurred_at): f.known_at for f in read_tables(FACTS, Lags())}
    slow = Lags(approximate=timedelta(hours=30), scheduled=timedelta(hours=2))
    for fact in read_tables(FACTS, slow):
        known = short.get((fact.kind, fact.key, fact.occurred_at))
        assert known is None or fact.kind == "model_release" or fact.known_at >= known


def test_prices_are_raw_with_the_split_as_a_fact(history: History) -> None:
    """NVDA closed at 1208.88 before the ten-for-one split of 2024-06-10 and near 121 after it."""
    bars = history.current("bar", parse_as_of("2024-07-01"))

    assert bars["NVDA:2024-06-07"].payload["close"] == pytest.approx(1208.9, abs=0.5)
    assert bars["NVDA:2024-06-10"].payload["close"] == pytest.approx(121.8, abs=0.5)
    assert "NVDA:2024-06-10:split" in history.current("corporate_action", parse_as_of("2024-06-08"))


def test_a_close_is_not_known_before_the_close(history: History) -> None:
    """The bar of 2025-08-22 is known at 16:30 New York."""
    noon = datetime(2025, 8, 22, 16, tzinfo=UTC)
    evening = datetime(2025, 8, 22, 20, 30, tzinfo=UTC)

    assert "NVDA:2025-08-22" not in history.current("bar", noon)
    assert "NVDA:2025-08-22" in history.current("bar", evening)


def test_treasury_yields_are_known_the_next_business_morning() -> None:
    """A Friday's figure is out on Monday at 09:15 New York."""
    assert next_business_morning(date(2025, 8, 22)) == datetime(2025, 8, 25, 13, 15, tzinfo=UTC)


def test_r1_is_not_known_with_the_bill_that_nature_printed(history: History) -> None:
    """294,000 USD was told on 2025-09-18, eight months after the release."""

    def r1(day: str) -> object:
        return release_of(
            history.current("model_release", parse_as_of(day))["DeepSeek/DeepSeek-R1"]
        )

    assert r1("2025-09-16").claimed_training_cost_usd is None  # type: ignore[attr-defined]
    assert r1("2025-09-19").claimed_training_cost_usd == 294_000  # type: ignore[attr-defined]


def test_v31_has_the_price_in_force_on_its_day(history: History) -> None:
    """0.27 until 2025-09-05 16:00 UTC, 0.56 from then on."""

    def price(day: str) -> float | None:
        found = history.current("model_release", parse_as_of(day))["DeepSeek/DeepSeek-V3.1"]
        return release_of(found).price_input_usd_per_mtok

    assert price("2025-08-22") == 0.27
    assert price("2025-09-06") == 0.56


def test_the_end_of_an_availability_spell_is_not_told_in_advance(history: History) -> None:
    """to_date is hindsight: the next spell ends the one before."""
    assert all(
        "to_date" not in f.payload for f in history.known("availability", parse_as_of("2026-10-01"))
    )


def test_a_step_told_later_is_known_later(history: History) -> None:
    """The H20 letter of 2025-04-09 became public on 2025-04-15."""
    known = history.current("availability", parse_as_of("2025-04-14"))
    later = history.current("availability", parse_as_of("2025-04-16"))

    assert "H20/2025-04-09" not in known
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
