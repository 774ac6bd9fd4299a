"""One reading of the record: an instant and a grid agree, row by row, whatever came when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.clock import at_new_york, from_micros, to_micros
from engine.errors import DataError
from engine.record.asof import (
    closes_at,
    known,
    known_on,
    prices,
    rank,
    spans,
    split_factor,
    unconfirmed_at,
)
from engine.record.history import History
from engine.record.readings import (
    ACTIONS,
    BAR_SIGHTINGS,
    BARS,
    OBSERVATIONS,
    Bar,
    BarSighting,
    CorporateAction,
    Observation,
)
from engine.values import Fact

MONDAY = date(2025, 1, 6)
DAYS = tuple(d for i in range(28) if (d := MONDAY + timedelta(days=i)).weekday() < 5)


@dataclass(frozen=True)
class Rows:
    sessions_on: tuple[date, ...]
    decide_at_us: npt.NDArray[np.int64]


def grid(days: Iterable[date] = DAYS) -> Rows:
    on = tuple(days)
    instants = [to_micros(at_new_york(day, time(8, 30))) for day in on]
    return Rows(sessions_on=on, decide_at_us=np.array(instants, dtype=np.int64))


def bar(
    day: date, close: float, known_at: datetime, *, curated: bool = False, source: str = ""
) -> Fact:
    return BARS.fact(
        Bar(symbol="NVDA", session_on=day, close=close),
        occurred_at=at_new_york(day, time(16)),
        known_at=known_at,
        source=source or ("table" if curated else "Yahoo Finance"),
        backfilled=curated,
    )


def split(ex_on: date, value: float, known_at: datetime) -> Fact:
    return ACTIONS.fact(
        CorporateAction(symbol="NVDA", ex_on=ex_on, action="split", value=value),
        occurred_at=at_new_york(ex_on, time(9, 30)),
        known_at=known_at,
        source="Yahoo Finance",
    )


def seen(day: date, close: float, known_at: datetime, *, nth: int = 2) -> Fact:
    return BAR_SIGHTINGS.fact(
        BarSighting(symbol="NVDA", session_on=day, close=close, nth=nth),
        occurred_at=at_new_york(day, time(16)),
        known_at=known_at,
        source="Yahoo Finance",
    )


START = datetime(2025, 1, 6, tzinfo=UTC)
INSTANTS = st.integers(0, 28 * 24 * 2).map(lambda n: START + timedelta(minutes=30 * n))
DAY = st.sampled_from(DAYS)
CLOSE = st.sampled_from([80.0, 100.0, 101.5, 187.0, 1208.88])
SOURCE = st.sampled_from(["", "imported from a.csv", "imported from b.csv", "Yahoo (polled)"])
BAR = st.builds(bar, DAY, CLOSE, INSTANTS, curated=st.booleans(), source=SOURCE)
SPLIT = st.builds(split, DAY, st.sampled_from([2.0, 10.0]), INSTANTS)
SEEN = st.builds(seen, DAY, CLOSE, INSTANTS, nth=st.integers(1, 2))
HISTORIES = st.lists(st.one_of(BAR, BAR, BAR, BAR, SPLIT, SEEN), max_size=60)
PATIENT = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def counts_by_definition(facts: list[Fact], at: datetime) -> dict[str, Fact]:
    """Of each key the last of the highest rank, in the order of a history; the slow definition."""
    told = [f for f in History(facts) if f.known_at <= at]
    return {
        key: max((f for f in told if f.key == key), key=lambda f: (rank(f), told.index(f)))
        for key in dict.fromkeys(f.key for f in told)
    }


@PATIENT
@given(HISTORIES, INSTANTS)
def test_the_version_that_counts_is_the_latest_of_the_highest_ranked_source(
    facts: list[Fact], at: datetime
) -> None:
    expected = {
        key: fact.payload["close"]
        for key, fact in counts_by_definition([f for f in facts if f.kind == "bar"], at).items()
    }
    found = {key: b.close for key, b in known(History(facts), BARS, at).items()}
    assert found == expected


@PATIENT
@given(HISTORIES)
def test_a_grid_says_at_each_row_what_an_instant_says(facts: list[Fact]) -> None:
    history, rows = History(facts), grid()
    for kind in (BARS, ACTIONS):
        swept = known_on(history, kind, rows)
        for t, us in enumerate(rows.decide_at_us.tolist()):
            told = known(history, kind, from_micros(us))
            assert list(swept.at(t).items()) == list(told.items())


@PATIENT
@given(HISTORIES, INSTANTS)
def test_spans_and_spells_say_of_an_instant_what_it_says_itself(
    facts: list[Fact], at: datetime
) -> None:
    """A version stands from its own hour to that of the next one that counts."""
    bars = [f for f in History(facts) if f.kind == "bar"]
    standing = {f.key: f for f, until in spans(bars) if f.known_at <= at and not _over(until, at)}
    assert standing == counts_by_definition(bars, at)

    rows = grid()
    spells = known_on(History(facts), BARS, rows).spells(len(DAYS))
    for row, instant in enumerate(map(from_micros, rows.decide_at_us.tolist())):
        here = [bar for first, until, bar in spells if first <= row < until]
        told = known(History(facts), BARS, instant).values()
        assert sorted(map(repr, here)) == sorted(map(repr, told))


def _over(until: datetime | None, at: datetime) -> bool:
    return until is not None and until <= at


@PATIENT
@given(HISTORIES)
def test_prices_on_a_grid_are_those_of_the_instant(facts: list[Fact]) -> None:
    """Corrections, late bars, ties, splits told early and late: no row differs in a bit."""
    history, rows = History(facts), grid()
    windows = prices(history, "NVDA", rows).window(len(DAYS))
    for t, us in enumerate(rows.decide_at_us.tolist()):
        closes = closes_at(history, "NVDA", from_micros(us))
        assert windows[t][~np.isnan(windows[t])].tolist() == list(closes.values())


@PATIENT
@given(HISTORIES, st.integers(1, len(DAYS) - 1), st.randoms(use_true_random=False))
def test_neither_what_comes_later_nor_the_order_of_arrival_moves_a_row(
    facts: list[Fact], cut: int, rng: object
) -> None:
    """Truncation, poison and order, on the readings themselves."""
    rows = grid()
    whole = prices(History(facts), "NVDA", rows).window(8)
    at = from_micros(int(rows.decide_at_us[cut]))
    kept = [f for f in facts if f.known_at <= at]
    lies = [bar(day, 1e6, at + timedelta(microseconds=1), curated=True) for day in DAYS]
    rng.shuffle(kept)  # type: ignore[attr-defined]
    for told in (kept, [*lies, *kept, split(DAYS[0], 7.0, at + timedelta(microseconds=1))]):
        found = prices(History(told), "NVDA", rows).window(8)
        assert np.array_equal(found[: cut + 1], whole[: cut + 1], equal_nan=True)


def at(day: date, hour: int, minute: int = 30) -> datetime:
    return at_new_york(day, time(hour, minute))


def test_a_correction_before_the_decision_counts_and_a_later_one_leaves_the_row() -> None:
    first, second, third = DAYS[:3]
    facts = [bar(first, 137.24, at(first, 16)), bar(first, 187.0, at(first, 20))]
    facts.append(bar(first, 190.0, at(second, 12)))
    found = prices(History(facts), "NVDA", grid()).last(3)
    assert found[1] == 187.0  # what was known that morning
    assert found[2] == 190.0
    assert known(History(facts), BARS, at(third, 8))[f"NVDA:{first}"].close == 190.0


def test_a_live_bar_never_overrules_a_curated_one() -> None:
    day = DAYS[0]
    facts = [bar(day, 100.0, at(day, 16), curated=True), bar(day, 9.0, at(day, 20))]
    assert prices(History(facts), "NVDA", grid()).last(3)[1] == 100.0
    facts.append(bar(day, 101.0, at(day, 21), curated=True))
    assert prices(History(facts), "NVDA", grid()).last(3)[1] == 101.0


def test_the_publisher_outranks_who_repeats_it() -> None:
    day = DAYS[0]

    def figure(value: float, source: str, hour: int) -> Fact:
        told = Observation(series="DFF", observed_on=day, value=value)
        return OBSERVATIONS.fact(
            told, occurred_at=at(day, 9), known_at=at(day, hour), source=source
        )

    history = History([figure(4.33, "FRED", 10), figure(4.5, "a newspaper", 12)])
    assert known(history, OBSERVATIONS, at(day, 13))[f"DFF:{day}"].value == 4.33


def test_a_close_beyond_belief_is_not_observed_until_somebody_repeats_it() -> None:
    """Nothing for the morning after; once confirmed it counts from then on, never before."""
    facts = [bar(day, 186.0 + k, at(day, 16)) for k, day in enumerate(DAYS[:3])]
    wrong = [*facts, bar(DAYS[3], 298.5, at(DAYS[3], 16))]
    table = prices(History(wrong), "NVDA", grid()).window(2)
    assert np.array_equal(table[4], np.array([188.0, np.nan]), equal_nan=True)
    assert unconfirmed_at(History(wrong), "NVDA", at(DAYS[4], 8)) == (DAYS[3],)
    assert DAYS[3] not in closes_at(History(wrong), "NVDA", at(DAYS[4], 8))

    again = seen(DAYS[3], 298.5, at(DAYS[4], 12))
    for confirmation in (again, bar(DAYS[3], 298.5, at(DAYS[4], 12), curated=True, source="other")):
        found = prices(History([*wrong, confirmation]), "NVDA", grid()).window(2)
        assert np.isnan(found[4][1])
        assert found[5].tolist()[0] == 298.5

    same = bar(DAYS[3], 298.5, at(DAYS[4], 12), source="Yahoo Finance (polled)")
    assert np.isnan(prices(History([*wrong, same]), "NVDA", grid()).window(2)[5][0])


def test_the_second_source_is_taken_where_the_best_one_is_beyond_belief() -> None:
    facts = [bar(day, 186.0, at(day, 16)) for day in DAYS[:3]]
    facts.append(bar(DAYS[3], 1860.0, at(DAYS[3], 16), curated=True, source="table"))
    facts.append(bar(DAYS[3], 187.0, at(DAYS[3], 17), source="feed"))
    assert prices(History(facts), "NVDA", grid()).last(3)[4] == 187.0


def test_a_session_without_a_bar_stays_unknown_and_an_old_price_ages_out() -> None:
    """Not observed is NaN: neither yesterday's price nor zero stands in the gap."""
    facts = [bar(DAYS[0], 100.0, at(DAYS[0], 16)), bar(DAYS[2], 102.0, at(DAYS[2], 16))]
    found = prices(History(facts), "NVDA", grid())
    assert np.array_equal(found.window(3)[3], np.array([100.0, np.nan, 102.0]), equal_nan=True)
    assert found.last(3)[6] == 102.0
    assert np.isnan(found.last(3)[7])
    assert np.isnan(found.last(3)[0])


def test_a_split_counts_from_the_morning_it_binds_and_only_once_known() -> None:
    facts = [bar(day, 1000.0 if day < DAYS[3] else 100.0, at(day, 16)) for day in DAYS[:5]]
    ex = DAYS[3]
    early = [*facts, split(ex, 10.0, at(DAYS[0], 12))]
    assert prices(History(early), "NVDA", grid()).window(1)[2:4, 0].tolist() == [1000.0, 100.0]
    late = [*facts, split(ex, 10.0, at(DAYS[4], 12))]
    unexplained = prices(History(late), "NVDA", grid()).window(2)[4]
    assert np.array_equal(unexplained, np.array([1000.0, np.nan]), equal_nan=True)
    assert prices(History(late), "NVDA", grid()).window(3)[5].tolist() == [100.0, 100.0, 100.0]


def test_splits_multiply_over_the_days_they_lie_between() -> None:
    def of(day: date, value: float, action: str = "split") -> CorporateAction:
        return CorporateAction(symbol="NVDA", ex_on=day, action=action, value=value)  # type: ignore[arg-type]

    told = [of(DAYS[1], 2.0), of(DAYS[3], 10.0), of(DAYS[2], 0.25, "dividend")]
    assert split_factor(told, DAYS[0], DAYS[4]) == 20.0
    assert split_factor(told, DAYS[1], DAYS[4]) == 10.0
    assert split_factor(told, DAYS[3], DAYS[4]) == 1.0


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"symbol": "NVDA", "session_on": "2025-01-06"}, "close"),
        ({"symbol": "NVDA", "session_on": "2025-01-06", "close": 0.0}, r"close = 0\.0"),
        ({"symbol": "NVDA", "session_on": "soon", "close": 1.0}, "soon"),
        ({"symbol": "NVDA", "session_on": "2025-01-06", "close": "inf"}, "finite"),
    ],
)
def test_a_fact_that_is_no_bar_is_named_with_a_remedy(
    payload: dict[str, object], said: str
) -> None:
    fact = Fact(
        kind="bar", key="NVDA:x", occurred_at=START, known_at=START, source="t", payload=payload
    )  # fmt: skip
    with pytest.raises(DataError, match=f"bar 'NVDA:x' .*{said}"):
        BARS.read(fact)
