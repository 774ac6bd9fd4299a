"""Every kind of reading: its key, what its fact holds by default, the bounds of its figures."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from engine.errors import DataError
from engine.record import readings
from engine.record.readings import (
    ACTIONS,
    AVAILABILITY,
    BAR_SIGHTINGS,
    BARS,
    BENCHMARKS,
    CHIP_SHARES,
    CONSENSUS,
    EARNINGS,
    EARNINGS_DATES,
    FED_DECISIONS,
    FILINGS,
    HEADLINES,
    INSPECTIONS,
    MEETINGS,
    MODEL_PRICES,
    MODEL_SCORES,
    NEWS,
    OBSERVATIONS,
    OPTION_CHAINS,
    POLICY_STEPS,
    PRESS_CLAIMS,
    RELEASES,
    REPOSITORIES,
    RULES,
    SHARES,
    SUPPLY,
    TOKEN_SHARES,
    FedDecision,
    Kind,
)
from engine.record.readings.base import need_range
from engine.record.readings.options import MOST_STRIKES
from engine.values import Stage
from tests.builders import at, make_fact, make_release

DAY = date(2025, 1, 6)
DAY_TEXT = "2025-01-06"
CARRIED: dict[str, Any] = {"known_at": at(1), "occurred_at": at(-1), "source": "a source"}
QUOTES = ("call_bids_usd", "call_asks_usd", "put_bids_usd", "put_asks_usd")

LEAST: dict[Kind[Any], tuple[dict[str, Any], str, dict[str, Any]]] = {
    ACTIONS: (
        {"symbol": "NVDA", "ex_on": DAY, "action": "split", "value": 10.0},
        "NVDA:2025-01-06:split",
        {"ex_on": DAY_TEXT},
    ),
    BARS: ({"symbol": "SPY", "session_on": DAY, "close": 1.0}, "SPY:2025-01-06",
           {"session_on": DAY_TEXT}),
    BAR_SIGHTINGS: (
        {"symbol": "SPY", "session_on": DAY, "close": 590.5, "nth": 2},
        "SPY:2025-01-06:590.5:2",
        {"session_on": DAY_TEXT},
    ),
    AVAILABILITY: ({"chip": "H20", "from_date": DAY}, "H20/2025-01-06", {"from_date": DAY_TEXT}),
    SUPPLY: (
        {"known_on": DAY, "vendor": "Huawei", "chip": "910C", "period": "2025", "kind": "capacity"},
        "2025-01-06/Huawei/910C/2025/capacity",
        {"known_on": DAY_TEXT},
    ),
    CHIP_SHARES: (
        {"known_on": DAY, "period": "2025", "house": "a house", "domestic_share_pct": 40.0,
         "basis": "units"},
        "2025-01-06/a house/2025/units",
        {"known_on": DAY_TEXT, "unit": "", "kind": "estimate"},
    ),
    EARNINGS: ({"fiscal_quarter": "FY2026Q1"}, "FY2026Q1", {}),
    CONSENSUS: (
        {"known_on": DAY, "horizon": "FY2026", "metric": "total revenue", "vendor": "v",
         "consensus_usd_bn": 200.0},
        "2025-01-06/FY2026/total revenue/v",
        {"known_on": DAY_TEXT},
    ),
    EARNINGS_DATES: ({"fiscal_quarter": "FY2026Q1", "report_on": DAY}, "FY2026Q1",
                     {"report_on": DAY_TEXT}),
    SHARES: ({"date": DAY, "shares_bn": 24.4}, "2025-01-06", {"date": DAY_TEXT}),
    HEADLINES: (  # the day is that of what happened, a day before T0; the headline is cut at 80
        {"headline": "h" * 90, "event_type": "model_release"},
        "2025-01-05/model_release/" + "h" * 80,
        {"actor": ""},
    ),
    POLICY_STEPS: ({"event": "e" * 90}, "e" * 80, {}),
    RULES: (
        {"document_number": "2025-00636"},
        "2025-00636",
        {"title": "", "abstract": "", "type": "", "agencies": [], "url": ""},
    ),
    INSPECTIONS: (
        {"document_number": "2025-00636"},
        "2025-00636",
        {"title": "", "abstract": "", "type": "", "agencies": [], "url": ""},
    ),
    FILINGS: ({"accession": "0001"}, "0001", {"form": "", "items": [], "url": ""}),
    NEWS: (
        {"event_type": "model_release", "direction": -1, "stage": Stage.RUMOUR, "confidence": 0.5,
         "headline": "a headline"},
        "a headline",
        {"stage": "rumour", "actor": "", "n_sources": 1, "item_ids": [], "classifier": "",
         "url": "", "owners": [], "grade": "C", "mood": "fact", "objects": [], "ended": "",
         "tellings": [], "gone": []},
    ),
    MEETINGS: ({"meeting_end": DAY}, DAY_TEXT, {"meeting_end": DAY_TEXT}),
    FED_DECISIONS: ({"meeting_end": DAY}, DAY_TEXT, {"meeting_end": DAY_TEXT}),
    OBSERVATIONS: ({"series": "DFF", "observed_on": DAY, "value": 4.33}, "DFF:2025-01-06",
                   {"observed_on": DAY_TEXT}),
    OPTION_CHAINS: (
        {"symbol": "NVDA", "expires_on": date(2025, 2, 21), "quoted_on": DAY, "spot_usd": 140.0,
         "strikes_usd": (140.0,), **dict.fromkeys(QUOTES, (1.0,))},
        "NVDA:2025-02-21:2025-01-06",
        {"expires_on": "2025-02-21", "quoted_on": DAY_TEXT, "strikes_usd": [140.0],
         **{name: [1.0] for name in QUOTES}, "call_iv_pct": [], "put_iv_pct": [],
         "call_open_interest": [], "put_open_interest": []},
    ),
    PRESS_CLAIMS: ({"model": "R2", "claim": "parameters", "value": 1200.0}, "R2/parameters", {}),
    REPOSITORIES: ({"id": "lab/model"}, "lab/model", {"block": []}),
    MODEL_PRICES: (
        {"id": "deepseek/r1", "input_usd_per_mtok": 0.5, "output_usd_per_mtok": 2.0},
        "a source:deepseek/r1",
        {"name": ""},
    ),
    TOKEN_SHARES: (
        {"on": DAY, "chinese_share": 0.3, "others_share": 0.1, "total_tokens": 5.0,
         "checksum": "c"},
        "a source/2025-01-06",
        {"on": DAY_TEXT},
    ),
    MODEL_SCORES: (
        {"model": "R1", "benchmark": "gpqa_diamond", "value": 71.5},
        "a source:R1:gpqa_diamond",
        {"lab": "", "tier": 2},
    ),
}  # fmt: skip
"""Kind -> the fewest fields of a reading, its key, what its payload holds besides or instead."""


def reading(kind: Kind[Any], **changes: Any) -> Any:
    """The least reading of ``kind``, with what a fact carries where the kind has such a field."""
    names = kind.of.__dataclass_fields__
    carried = {name: value for name, value in CARRIED.items() if name in names}
    return kind.of(**{**carried, **LEAST[kind][0], **changes})


def test_every_kind_but_the_two_of_wide_tables_has_its_least_reading() -> None:
    kinds = {getattr(readings, name) for name in readings.__all__}
    named = {kind for kind in kinds if isinstance(kind, Kind)}
    assert {kind.name for kind in named - LEAST.keys()} == {
        "architecture", "accelerator", "model_release"
    }  # fmt: skip


@pytest.mark.parametrize("kind", LEAST, ids=lambda kind: kind.name)
def test_a_least_reading_has_its_key_and_its_payload_and_comes_back(kind: Kind[Any]) -> None:
    """Left out: what is not known, and what the fact carries. Dates and tuples as JSON has them."""
    given, key, besides = LEAST[kind]
    told = reading(kind)
    fact = kind.fact(told, **CARRIED)

    assert (fact.kind, fact.key, dict(fact.payload)) == (kind.name, key, {**given, **besides})
    assert (fact.confidence, fact.backfilled) == (None, False)
    assert kind.read(fact) == told


def test_a_release_names_its_own_source_and_refuses_what_it_does_not_know() -> None:
    told = make_release(source="the card")
    fact = RELEASES.fact(told, **{**CARRIED, "known_at": told.known_at})

    assert (fact.key, fact.payload["source"], "known_at" in fact.payload) == (
        "Lab/Model-1", "the card", False
    )  # fmt: skip
    assert RELEASES.read(fact) == told
    more = replace(fact, payload={**fact.payload, "colour": "red", "a": 1})
    with pytest.raises(DataError, match=r"unknown field\(s\) \['a', 'colour'\]"):
        RELEASES.read(more)
    bar = BARS.fact(reading(BARS), **CARRIED)
    assert BARS.read(replace(bar, payload={**bar.payload, "colour": "red"})) == reading(BARS)


CLOSED, OPEN = False, True
BOUNDED: list[tuple[Kind[Any], str, float, float, bool]] = [
    (ACTIONS, "value", 0, 1e4, OPEN),
    *((BARS, name, 0, 1e7, OPEN) for name in ("open", "high", "low", "close")),
    (BARS, "volume", 0, 1e15, CLOSED),
    (BAR_SIGHTINGS, "close", 0, 1e7, OPEN),
    (BAR_SIGHTINGS, "nth", 1, 2, CLOSED),
    *((SUPPLY, f"units_{end}", 0, 1e12, CLOSED) for end in ("low", "mid", "high")),
    (CHIP_SHARES, "domestic_share_pct", 0, 100, CLOSED),
    (EARNINGS, "revenue_usd_bn", 0, 1e5, CLOSED),
    (EARNINGS, "data_center_revenue_usd_bn", 0, 1e5, CLOSED),
    (EARNINGS, "china_share_pct", 0, 100, CLOSED),
    (CONSENSUS, "consensus_usd_bn", 0, 1e5, OPEN),
    (SHARES, "shares_bn", 0, 1e5, OPEN),
    (FED_DECISIONS, "target_lower_after", -5, 50, CLOSED),
    (FED_DECISIONS, "target_upper_after", -5, 50, CLOSED),
    (OBSERVATIONS, "value", -1e6, 1e6, CLOSED),
    (OPTION_CHAINS, "spot_usd", 0, 1e6, OPEN),
    *((TOKEN_SHARES, f"{whose}_share", 0, 1, CLOSED) for whose in ("chinese", "others", "top")),
    (MODEL_SCORES, "value", 0, 100, OPEN),
]


@pytest.mark.parametrize(
    ("kind", "name", "least", "most", "open_low"),
    BOUNDED,
    ids=[f"{kind.name}-{name}" for kind, name, *_ in BOUNDED],
)
def test_a_figure_is_taken_up_to_its_bounds_and_refused_beyond(
    kind: Kind[Any], name: str, least: float, most: float, open_low: bool
) -> None:
    """An open bound is refused itself; a millionth of the range, or of one, beyond is beyond."""
    step = 1e-6 * max(1.0, abs(least))
    inside = [least + step if open_low else least, most]
    beyond = [least if open_low else least - step, most * (1 + 1e-6), math.nan, math.inf]
    for value in inside:
        assert getattr(reading(kind, **{name: value}), name) == value
    for value in beyond:
        with pytest.raises(DataError, match=f"^{name} = .* is outside "):
            reading(kind, **{name: value})


@pytest.mark.parametrize(("value", "sound"), [(500.0, False), (500.1, True), (2500.0, True),
                                              (2500.1, False)])  # fmt: skip
def test_points_of_the_arena_are_elo_and_no_per_cent(value: float, sound: bool) -> None:
    if sound:
        assert reading(MODEL_SCORES, benchmark="lmarena", value=value).value == value
    else:
        with pytest.raises(DataError, match="is outside"):
            reading(MODEL_SCORES, benchmark="lmarena", value=value)


def test_what_is_out_of_range_is_told_with_the_bracket_of_its_bound() -> None:
    with pytest.raises(DataError) as closed:
        need_range(reading(BARS, volume=3.0), "volume", 5, 1e3)
    with pytest.raises(DataError) as opened:
        need_range(reading(BARS, volume=5.0), "volume", 5, 10, open_low=True)
    assert closed.value.message == "volume = 3.0 is outside [5, 1,000]"
    assert opened.value.message == "volume = 5.0 is outside (5, 10]"
    need_range(reading(BARS), "volume", 5, 10)  # not known is not out of range


def test_a_high_may_equal_its_low_and_not_lie_below() -> None:
    assert reading(BARS, high=10.0, low=10.0).high == 10.0
    assert reading(BARS, high=9.0).low is None
    with pytest.raises(DataError, match=r"^SPY 2025-01-06: high 9 < low 10$"):
        reading(BARS, high=9.0, low=10.0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"strikes_usd": ()}, "no strikes, or too many"),
        ({"strikes_usd": tuple(map(float, range(1, MOST_STRIKES + 2)))}, "no strikes, or too many"),
        ({"strikes_usd": (0.0,)}, "no strikes, or too many"),
        ({"strikes_usd": (140.0, 140.0)}, "strikes do not ascend"),
        ({"expires_on": DAY - timedelta(days=1)}, "expired before it was quoted"),
        *(({name: quotes}, f"{name} are not one sound quote a strike")
          for name in QUOTES for quotes in ((), (1.0, 1.0), (-0.01,), (1e6,), (math.nan,))),
    ],
)  # fmt: skip
def test_an_unsound_chain_of_options_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=f"^{said}$"):
        reading(OPTION_CHAINS, **changes)


def test_a_chain_of_options_is_taken_up_to_its_bounds() -> None:
    """600 ascending strikes, quotes of nothing and of all but a million, on the day it expires."""
    strikes = tuple(map(float, range(1, 601)))
    quotes = dict.fromkeys(QUOTES, (0.0, *[999_999.0] * 599))
    held = reading(OPTION_CHAINS, strikes_usd=strikes, expires_on=DAY, **quotes)

    assert (len(held.strikes_usd), MOST_STRIKES) == (600, 600)


@pytest.mark.parametrize(
    ("lower", "upper", "bps"),
    [(4.25, 4.5, (425, 450)), (0.0, 0.25, (0, 25)), (None, 4.5, None), (4.25, None, None)],
)
def test_a_target_range_is_told_in_basis_points_when_both_ends_are(
    lower: float | None, upper: float | None, bps: tuple[int, int] | None
) -> None:
    told = FedDecision(meeting_end=DAY, target_lower_after=lower, target_upper_after=upper)
    assert told.range_bps == bps


def test_benchmarks_are_the_six_columns_of_the_table() -> None:
    assert BENCHMARKS == (
        "gpqa_diamond", "mmlu_pro", "swe_bench_verified", "aime_2024", "aime_2025", "lmarena"
    )  # fmt: skip


# --- how a value is read back --------------------------------------------------------------------


def payload_of(kind: Kind[Any], **changes: Any) -> Any:
    """The least fact of ``kind`` with its payload changed, read back."""
    fact = kind.fact(reading(kind), **CARRIED)
    return kind.read(replace(fact, payload={**fact.payload, **changes}))


@pytest.mark.parametrize(
    ("kind", "name", "raw", "value"),
    [
        (BARS, "open", None, None),
        (BARS, "open", "", None),
        (BARS, "open", 0.5, 0.5),
        (BARS, "open", "1e2", 100.0),
        (SUPPLY, "period", "", None),
        (MODEL_SCORES, "lab", "", ""),
        (MODEL_SCORES, "tier", None, 2),  # blank: what holds without it
        (MODEL_SCORES, "tier", 1, 1),
        (MODEL_SCORES, "released_on", "2025-01-20", date(2025, 1, 20)),
        (REPOSITORIES, "served_at_home", False, False),
        (REPOSITORIES, "block", [128, 64], (128, 64)),
        (MEETINGS, "sep_meeting", "Y", "Y"),
        (NEWS, "stage", "effective", Stage.EFFECTIVE),
        (NEWS, "direction", 0, 0),
        (NEWS, "item_ids", ["b", "a"], ("b", "a")),
    ],
)
def test_a_value_is_read_as_its_field_has_it(
    kind: Kind[Any], name: str, raw: Any, value: Any
) -> None:
    found = getattr(payload_of(kind, **{name: raw}), name)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "name", "raw", "said"),
    [
        (BARS, "close", "inf", "'inf' is not a finite number"),
        (BARS, "close", "nan", "'nan' is not a finite number"),
        (BARS, "close", "dear", "could not convert string to float: 'dear'"),
        (BARS, "session_on", "soon", "Invalid isoformat string: 'soon'"),
        (REPOSITORIES, "served_at_home", 1, "1 is neither true nor false"),
        (MEETINGS, "sep_meeting", "maybe", "'maybe' is none of Y, N"),
        (MEETINGS, "sep_meeting", "m" * 50, f"'{'m' * 40}' is none of Y, N"),
        (NEWS, "grade", "E", "'E' is none of A, B, C, D"),
        (NEWS, "stage", "done", "'done' is not a valid Stage"),
        (BARS, "close", 0.0, "close = 0.0 is outside (0, 10,000,000]"),
    ],
)
def test_a_value_that_cannot_be_read_names_its_fact_and_what_is_wrong(
    kind: Kind[Any], name: str, raw: Any, said: str
) -> None:
    with pytest.raises(DataError) as error:
        payload_of(kind, **{name: raw})
    key = LEAST[kind][1]
    assert error.value.message == f"{kind.name} '{key}' of the record cannot be read: {said}"
    assert error.value.remedy == "correct it at its source; a correction is a new version"


def test_a_long_key_is_cut_where_its_fact_cannot_be_read() -> None:
    with pytest.raises(DataError, match=rf"^bar '{'k' * 80}' of the record"):
        BARS.read(make_fact("bar", "k" * 81, payload={}))


def test_a_fact_may_have_a_key_a_confidence_and_a_past_of_its_own() -> None:
    made = BARS.fact(reading(BARS), **CARRIED, confidence=0.25, backfilled=True, key="mine")
    assert made == make_fact(
        "bar", "mine", **CARRIED, confidence=0.25, backfilled=True,
        payload={"symbol": "SPY", "session_on": DAY_TEXT, "close": 1.0},
    )  # fmt: skip
