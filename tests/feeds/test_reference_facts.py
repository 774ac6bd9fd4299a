"""The reference tables: honest times, no hindsight, and every problem told with its place."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest

from config.frozen import FROZEN_ON
from engine.clock import parse_as_of
from engine.errors import ConfigError, DataError
from engine.record.asof import actions_at, bars_at, known
from engine.record.history import History
from engine.record.readings import ARCHITECTURES, CHIPS, OBSERVATIONS, CorporateAction, Observation
from engine.service.registering import read_statements
from engine.values import Accelerator, Fact
from feeds import facts as facts_module
from feeds.facts import (
    TABLES,
    CsvTable,
    Lags,
    action_facts,
    architecture_facts,
    as_corrections,
    chip_facts,
    confidence_of,
    coverage_fact,
    parse_table,
    read_tables,
    release_facts,
)

FACTS = Path(__file__).resolve().parents[2] / "config" / "facts"


@pytest.fixture(scope="module")
def history() -> History:
    return History(read_tables(FACTS, Lags()))


def table(file: str) -> CsvTable:
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
    facts, problems = parse_table(table("chip_events.csv"), text, Lags())

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
    facts, problems = parse_table(table("chip_events.csv"), text, Lags())

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


# --- one row of each table, worked by hand --------------------------------------------------------

LAGS = Lags(scheduled_minutes=7, approximate_hours=5, close_minutes=11)
"""Away from their defaults, and from each other."""
SPLIT = CorporateAction(symbol="NVDA", ex_on=date(2024, 6, 10), action="split", value=10.0)
OTHER = CorporateAction(symbol="SMH", ex_on=date(2023, 5, 5), action="split", value=2.0)

ROWS: list[tuple[str, dict[str, str], list[tuple[str, str, str, str, dict[str, object]]]]] = [
    # A day alone is public by its end.
    (
        "press_claims.csv",
        {"known_on": "2025-08-21", "model": "M", "claim": "c", "value": "7", "unit": "percent",
         "comparison": "all", "note": "left out"},
        [("press_claim", "M/c/2025-08-21", "2025-08-21T00:00", "2025-08-22T00:00",
          {"model": "M", "claim": "c", "value": "7", "unit": "percent", "comparison": "all"})],
    ),
    (
        "china_chip_share.csv",
        {"known_on": "2023-10-31", "period": "2023-H1", "house": "IDC", "basis": "cards",
         "unit": "k", "domestic_share_pct": "10", "kind": "reported", "total": "500"},
        [("chip_share", "2023-10-31/IDC/2023-H1/cards", "2023-10-31T00:00", "2023-11-01T00:00",
          {"known_on": "2023-10-31", "period": "2023-H1", "house": "IDC", "basis": "cards",
           "unit": "k", "domestic_share_pct": "10", "kind": "reported", "source": "s",
           "confidence": "high"})],
    ),
    (
        "china_chip_share.csv",
        {"known_on": "2023-10-31", "period": "2023-H1", "house": "IDC", "domestic_share_pct": "",
         "basis": "", "kind": ""},
        [],
    ),
    # Told with its release, which counts from seven minutes after the end of the day.
    (
        "homegrown_training_record.csv",
        {"known_on": "2024-01-30", "model": "M", "lab": "L", "chip_vendor": "V", "chip": "C",
         "outcome": "success", "claimed_by": "lab", "total_params_b": "7", "note": "no"},
        [("homegrown_run", "2024-01-30/L/M", "2024-01-30T00:00", "2024-01-31T00:06:59.999999",
          {"known_on": "2024-01-30", "model": "M", "lab": "L", "chip_vendor": "V", "chip": "C",
           "outcome": "success", "claimed_by": "lab", "total_params_b": "7", "source": "s",
           "confidence": "high"})],
    ),
    (
        "domestic_chip_supply.csv",
        {"known_on": "2023-08-09", "period": "2023", "vendor": "V", "chip": "C",
         "units_mid": "100", "unit": "chips", "kind": "demand", "note": "no"},
        [("supply_estimate", "2023-08-09/V/C/2023/demand", "2023-08-09T00:00", "2023-08-10T00:00",
          {"known_on": "2023-08-09", "period": "2023", "vendor": "V", "chip": "C",
           "units_mid": "100", "unit": "chips", "kind": "demand", "source": "s",
           "confidence": "high"})],
    ),
    # The end of a spell is not told, and the letter of 2025-04-09 became public on the 15th.
    (
        "china_availability.csv",
        {"chip": "H20", "from_date": "2025-04-09", "to_date": "2025-07-15",
         "us_permission": "licence", "china_acceptance": "accepted"},
        [("availability", "H20/2025-04-09", "2025-04-09T00:00", "2025-04-16T00:00",
          {"chip": "H20", "from_date": "2025-04-09", "us_permission": "licence",
           "china_acceptance": "accepted", "source": "s", "confidence": "high"})],
    ),
    # An hour that is a guess counts five hours later, one to the minute seven minutes later.
    (
        "chip_events.csv",
        {"date_utc": "2025-08-21", "time_utc": "07:00", "time_precision": "approximate",
         "event_type": "e", "headline": "h" * 90, "actor": "A", "expected_direction": "-1"},
        [("headline", f"2025-08-21/e/{'h' * 80}", "2025-08-21T07:00", "2025-08-21T12:00",
          {"event_type": "e", "actor": "A", "headline": "h" * 90,
           "time_precision": "approximate"})],
    ),
    (
        "chip_events.csv",
        {"date_utc": "2025-08-21", "time_utc": "07:00", "time_precision": "scheduled",
         "event_type": "e", "headline": "h"},
        [("headline", "2025-08-21/e/h", "2025-08-21T07:00", "2025-08-21T07:07",
          {"event_type": "e", "headline": "h", "time_precision": "scheduled"})],
    ),
    (
        "chip_events.csv",
        {"date_utc": "2025-08-21", "time_utc": "", "time_precision": "scheduled",
         "event_type": "e", "headline": "h"},
        [("headline", "2025-08-21/e/h", "2025-08-21T00:00", "2025-08-22T00:00",
          {"event_type": "e", "headline": "h", "time_precision": "scheduled"})],
    ),
    (
        "export_policy_events.csv",
        {"utc": "2022-08-31T20:30Z", "event": "e" * 90, "actor": "US", "mechanism": "m",
         "time_precision": "approx", "first_us_session": "2022-09-01"},
        [("policy_event", f"2022-08-31T20:30Z/{'e' * 80}", "2022-08-31T20:30", "2022-09-01T01:30",
          {"event": "e" * 90, "actor": "US", "mechanism": "m", "time_precision": "approx"})],
    ),
    # 14:00 in New York of September is 18:00; planned 400 days before 09:00 of the first day.
    (
        "fomc_meetings.csv",
        {"meeting_start": "2025-09-16", "meeting_end": "2025-09-17", "statement_time": "14:00",
         "sep_meeting": "Y", "status": "decided", "action_bp": "-25", "target_lower_after": "4.00",
         "target_upper_after": "4.25", "effective_date": "2025-09-18", "note": "a word"},
        [("fomc_meeting", "2025-09-17", "2025-09-17T18:00", "2024-08-12T13:00",
          {"meeting_start": "2025-09-16", "meeting_end": "2025-09-17", "statement_time": "14:00",
           "sep_meeting": "Y"}),
         ("fomc_decision", "2025-09-17", "2025-09-17T18:00", "2025-09-17T18:07",
          {"meeting_end": "2025-09-17", "action_bp": "-25", "target_lower_after": "4.00",
           "target_upper_after": "4.25", "effective_date": "2025-09-18"})],
    ),
    (
        "fomc_meetings.csv",
        {"meeting_start": "2020-03-02", "meeting_end": "2020-03-03", "statement_time": "10:00",
         "status": "ahead", "action_bp": "-50", "note": "unscheduled cut"},
        [("fomc_meeting", "2020-03-03", "2020-03-03T15:00", "2020-03-03T15:00",
          {"meeting_start": "2020-03-02", "meeting_end": "2020-03-03",
           "statement_time": "10:00"})],
    ),
    (
        "fomc_meetings.csv",
        {"meeting_start": "2020-03-17", "meeting_end": "2020-03-18", "statement_time": "14:00",
         "status": "cancelled"},
        [],
    ),
    # After the close of 16:00 in New York, 20:00 in summer; an article without a day is none.
    (
        "fedwatch_published.csv",
        {"observed": "2025-08-22 close", "zq_inputs": "ZQQ25=95.67;x;ZQV25=95.89"},
        [("observation", f"{c}:2025-08-22", "2025-08-22T00:00", "2025-08-22T20:11",
          {"series": c, "observed_on": "2025-08-22", "value": v})
         for c, v in (("ZQQ25", 95.67), ("ZQV25", 95.89))],
    ),
    ("fedwatch_published.csv", {"observed": "2022-09 (CME)", "zq_inputs": "ZQU22=97.4"}, []),
    # Out at 09:15 in New York on the next weekday: Monday for a Friday.
    (
        "rates_daily.csv",
        {"observed_on": "2025-08-22", "dff_pct": "4.33", "dgs2_pct": "", "dgs10_pct": "4.26",
         "dtb3_pct": "0"},
        [("observation", f"{c}:2025-08-22", "2025-08-22T00:00", "2025-08-25T13:15",
          {"series": c, "observed_on": "2025-08-22", "value": v})
         for c, v in (("DFF", 4.33), ("DGS10", 4.26), ("DTB3", 0.0))],
    ),
    (
        "eur_usd_daily.csv",
        {"observed_on": "2025-08-22", "usd_per_eur": "1.1608"},
        [("observation", "USDEUR:2025-08-22", "2025-08-22T00:00", "2025-08-23T00:00",
          {"series": "USDEUR", "observed_on": "2025-08-22", "value": 1.1608})],
    ),
    # 16:21 in New York is 20:21 in May; named 20 days before, readable after half an hour.
    (
        "nvidia_earnings.csv",
        {"fiscal_quarter": "FY2023Q1", "report_datetime_et": "2022-05-25T16:21",
         "revenue_usd_bn": "8.288", "period_end": "2022-05-01", "open_gap_pct": "-5"},
        [("earnings_date", "FY2023Q1", "2022-05-25T20:21", "2022-05-05T20:21",
          {"fiscal_quarter": "FY2023Q1", "report_on": "2022-05-25"}),
         ("earnings", "FY2023Q1", "2022-05-25T20:21", "2022-05-25T20:58",
          {"fiscal_quarter": "FY2023Q1", "report_datetime_et": "2022-05-25T16:21",
           "revenue_usd_bn": "8.288", "period_end": "2022-05-01", "source": "s",
           "confidence": "high"})],
    ),
    (
        "nvidia_earnings.csv",
        {"fiscal_quarter": "FY2027Q4", "report_datetime_et": "2027-02-24T16:20",
         "revenue_usd_bn": ""},
        [("earnings_date", "FY2027Q4", "2027-02-24T21:20", "2027-02-04T21:20",
          {"fiscal_quarter": "FY2027Q4", "report_on": "2027-02-24"})],
    ),
    (
        "nvidia_consensus.csv",
        {"known_on": "2022-05-25", "horizon": "FY2023Q1", "horizon_end": "2022-05-01",
         "metric": "m", "consensus_usd_bn": "3.6", "vendor": "V", "previous_usd_bn": "4"},
        [("consensus", "2022-05-25/FY2023Q1/m/V", "2022-05-25T00:00", "2022-05-26T00:00",
          {"known_on": "2022-05-25", "horizon": "FY2023Q1", "horizon_end": "2022-05-01",
           "metric": "m", "consensus_usd_bn": "3.6", "vendor": "V"})],
    ),
    # Told on the basis after the split of ten: 24.6 bn now were 2.46 bn on the day.
    *(
        (
            "nvidia_market_cap.csv",
            {"date": day, "shares_outstanding_bn": told, "share_basis": basis},
            [("shares", day, f"{day}T00:00", after, {"date": day, "shares_bn": counted})]
            if told else [],
        )
        for day, told, basis, after, counted in (
            ("2024-06-07", "24.6", "post-split", "2024-06-08T00:00", 2.46),
            ("2024-06-10", "24.6", "post-split (10:1)", "2024-06-11T00:00", 24.6),
            ("2024-06-07", "2.46", "pre-split", "2024-06-08T00:00", 2.46),
            ("2024-06-07", "", "", "", 0.0),
        )
    ),
    # Adjusted prices as they were: times ten, for SMH times two, rounded to four places.
    (
        "market_closes.csv",
        {"session": "2023-05-04", "nvda_open": "27.5", "nvda_high": "27.600126",
         "nvda_low": "", "nvda_close": "27.562", "smh_close": "120.25", "spy_close": "404.2",
         "qqq_close": "", "vix_close": "20.1"},
        [("bar", f"{symbol}:2023-05-04", "2023-05-04T20:00", "2023-05-04T20:11",
          {"symbol": symbol, "session_on": "2023-05-04", **prices})
         for symbol, prices in (
             ("NVDA", {"open": 275.0, "high": 276.0013, "close": 275.62}),
             ("SPY", {"close": 404.2}), ("SMH", {"close": 240.5}), ("VIX", {"close": 20.1}))],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("file", "row", "facts"), ROWS)
def test_a_row_becomes_its_facts(
    file: str, row: dict[str, str], facts: list[tuple[str, str, str, str, dict[str, object]]]
) -> None:
    made = table(file)
    given = {**dict.fromkeys(made.needs, ""), **row, "source": "s", "confidence": "high"}
    text = io.StringIO()
    csv.writer(text).writerows([list(given), list(given.values())])
    if made.adjusted:
        made = replace(made, make=partial(made.make, actions=[SPLIT, OTHER]))
    found, problems = parse_table(made, text.getvalue(), LAGS)
    assert problems == []
    assert [
        (f.kind, f.key, f.occurred_at, f.known_at, {k: f.payload[k] for k in f.payload})
        for f in found
    ] == [(kind, key, utc_of(at), utc_of(known), told) for kind, key, at, known, told in facts]
    assert {(f.source, f.confidence, f.backfilled) for f in found} <= {("s", 0.9, True)}


def utc_of(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_source_is_cut_and_never_empty() -> None:
    head = "known_on,model,claim,value,source,confidence\n"
    for told, kept in (("x" * 400, "x" * 300), ("", "reference table")):
        (fact,), _ = parse_table(table("press_claims.csv"), f"{head}2025-08-21,M,c,1,{told},", LAGS)
        assert (fact.source, fact.confidence) == (kept, None)


def test_releases_are_known_after_their_lag_and_dimensions_with_them() -> None:
    """A day alone counts from its end, here with seven minutes; a later word from its own hour."""
    heads = {
        name: (FACTS / name).read_text(encoding="utf-8").splitlines()[0].split(",")
        for name in ("model_releases.csv", "release_updates.csv", "model_architectures.csv")
    }
    release = {
        "release_date": "2024-12-26",
        "lab": "L",
        "model": "M-1",
        "country": "CN",
        "role": "tracked",
        "open_weights": "y",
        "source": "s",
        "confidence": "medium",
    }
    update = {"model": "M-1", "known_at_utc": "2025-01-02T10:00:00", "field": "gpqa_diamond",
              "value": "42.5", "source": "s", "confidence": "medium"}  # fmt: skip

    def written(name: str, row: dict[str, str]) -> str:
        cells = ",".join(row.get(column, "") for column in heads[name])
        return f"{','.join(heads[name])}\n{cells}\n"

    first, later = release_facts(
        written("model_releases.csv", release), written("release_updates.csv", update), LAGS
    )
    assert (first.key, later.key) == ("L/M-1", "L/M-1")
    assert first.occurred_at == later.occurred_at == utc_of("2024-12-26T00:00")
    assert first.known_at == utc_of("2024-12-27T00:06:59.999999")
    assert later.known_at == utc_of("2025-01-02T10:07")
    assert (first.payload.get("gpqa_diamond_pct"), later.payload["gpqa_diamond_pct"]) == (
        None,
        42.5,
    )
    assert {(f.source, f.confidence, f.backfilled) for f in (first, later)} == {("s", 0.7, True)}

    dims = dict(
        zip(
            heads["model_architectures.csv"],
            (FACTS / "model_architectures.csv")
            .read_text(encoding="utf-8")
            .splitlines()[1]
            .split(","),
            strict=False,
        )
    )
    for name, aliases, since in (
        ("m-1", "", first.known_at),
        ("other", "X|m-1", first.known_at),
        ("other", "", utc_of("2026-10-01T00:00")),
    ):
        text = written("model_architectures.csv", {**dims, "model": name, "aliases": aliases})
        (fact,) = architecture_facts(text, [later, first])
        assert (fact.known_at, fact.occurred_at, fact.key) == (since, since, name)
        assert fact.backfilled


ACTION_HEAD = "ex_date,kind,amount_usd_as_paid,split_ratio,declared_on,source,confidence\n"


@pytest.mark.parametrize(
    ("row", "key", "value", "known"),
    [
        # Trading opens at 04:00 in New York of summer: at the latest it is known then.
        ("2024-06-10,split,,10:1,2024-05-22,s,high", "NVDA:2024-06-10:split", 10.0,
         "2024-05-23T00:00"),
        ("2024-06-10,split,,3:2,2024-06-10,s,high", "NVDA:2024-06-10:split", 1.5,
         "2024-06-10T08:00"),
        ("2024-06-11,dividend,0.01,,,s,high", "NVDA:2024-06-11:dividend", 0.01,
         "2024-06-11T08:00"),
    ],
)  # fmt: skip
def test_an_action_is_known_once_declared_or_when_it_binds(
    row: str, key: str, value: float, known: str
) -> None:
    smh, fact = action_facts(ACTION_HEAD + row)
    day = key.split(":")[1]
    assert (fact.key, fact.payload["value"], fact.known_at) == (key, value, utc_of(known))
    assert fact.occurred_at == utc_of(f"{day}T13:30")
    assert (fact.source, fact.confidence, fact.backfilled) == ("s", 0.9, True)
    assert (smh.key, smh.payload["value"]) == ("SMH:2023-05-05:split", 2.0)
    assert (smh.known_at, smh.confidence) == (utc_of("2023-05-05T08:00"), 0.9)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2024-06-10,split,,ten,,s,high", "nvidia_corporate_actions.csv:2: "),
        ("2024-13-10,split,,10:1,,s,high", "nvidia_corporate_actions.csv:2: "),
        ("2024-06-10,dividend,,,,s,high", "nvidia_corporate_actions.csv:2: "),
        ("2024-06-10,dividend,0.01,,x,s,high", "nvidia_corporate_actions.csv:2: "),
    ],
)
def test_an_action_that_cannot_be_read_is_told_with_its_line(row: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        action_facts(ACTION_HEAD + row)


def test_coverage_begins_with_2022() -> None:
    fact = coverage_fact()
    start = utc_of("2022-01-01T00:00")
    assert (fact.kind, fact.key, fact.occurred_at, fact.known_at) == (
        "coverage", "reference tables", start, start,
    )  # fmt: skip
    assert dict(fact.payload) == {"streams": ["releases", "events"], "from_on": "2022-01-01"}
    assert (fact.source, fact.confidence) == ("reference table", None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("known_on,model,claim,value,source,confidence\n,M,c,1,s,A\n",
         "press_claims.csv:2: column 'known_on' is blank"),
        ("known_on,model,claim,value,source,confidence\n2025-08-21,M,c,1,s\n",
         "press_claims.csv:2: 5 cells under 6 columns"),
        ("known_on,model,claim,value,confidence\n", "press_claims.csv:1: missing column(s) source"),
        ("model,claim,source\n",
         "press_claims.csv:1: missing column(s) known_on, value, confidence"),
        ('known_on,model,claim,value,source,confidence\n2025-08-21,"M', "press_claims.csv:2: "),
        ('"known_on', "press_claims.csv:1: "),
        ("known_on,model,claim,value,source,confidence\n2025-02-30,M,c,1,s,A\n",
         "press_claims.csv:2: "),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_is_told_with_its_line(text: str, told: str) -> None:
    facts, problems = parse_table(table("press_claims.csv"), text, LAGS)
    assert facts == []
    assert len(problems) == 1
    assert problems[0].startswith(told)


def test_a_row_may_lack_a_figure_that_its_table_knows_to_be_missing() -> None:
    """``value`` is needed as a column; its cells may be empty."""
    text = "known_on,model,claim,value,source,confidence\n2025-08-21,M,c,,s,A\n"
    facts, problems = parse_table(table("press_claims.csv"), text, LAGS)
    assert (len(facts), problems) == (1, [])


def test_a_file_is_read_up_to_its_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, problems = tmp_path / "a.csv", list[str]()
    path.write_bytes(b"12345")
    for bound, read in ((5, "12345"), (4, "")):
        monkeypatch.setattr(facts_module, "MAX_TABLE_BYTES", bound)
        assert facts_module._read(path, problems) == read
    path.write_bytes(b"\xff")
    assert facts_module._read(path, problems) == ""
    assert facts_module._read(tmp_path / "b.csv", problems) == ""
    assert problems == [
        "a.csv: larger than 4 bytes",
        "a.csv: cannot be read (it is not UTF-8 text)",
        "b.csv: cannot be read (No such file or directory)",
    ]


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


@pytest.mark.parametrize("name", ["announced_on", "price_known_on", "rent_known_on"])
def test_a_date_of_a_chip_that_is_none_is_named(name: str) -> None:
    """To forty of its characters; blanks round a date, and blanks alone, are none of it."""

    def told(day: str) -> list[Fact]:
        days = {"announced_on": "2024-01-10", "price_known_on": "", "rent_known_on": "", name: day}
        return chip_facts(
            f"{CHIP_HEAD}X1,V,US,hopper,{days['announced_on']},,30000,{days['price_known_on']},"
            f"2.35,{days['rent_known_on']},A,s\n"
        )

    assert told(" 2024-02-20 ") == told("2024-02-20")
    assert told("  ") == told("")
    for wrong, shown in (("2024-02-30", "2024-02-30"), ("soon", "soon"), ("x" * 50, "x" * 40)):
        with pytest.raises(DataError, match=rf"^X1: {name} '{shown}' is not a date"):
            told(wrong)


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


def test_versions_are_compared_in_the_order_in_which_they_became_known() -> None:
    """Two steps of a chip, told the later first: nothing is corrected, nothing is added."""
    row = "X1,V,US,hopper,2024-01-10,2024-01-10,100,2024-01-10,2.0,2025-01-10,A,s\n"
    first, second = chip_facts(CHIP_HEAD + row)
    assert as_corrections([second, first], History([first, second])) == [first, second]
