"""The record's rules at their edges: which close counts, ranks, splits, chains and hashes."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from engine.errors import DataError, LedgerError
from engine.record import asof, chain, content, export, quarantine
from engine.record.chain import EMPTY_HEAD, GENESIS, LedgerHead, check_chain, next_entry
from engine.record.history import History
from engine.record.quarantine import ToldClose, Walk
from engine.record.readings import (
    ACTIONS,
    BAR_SIGHTINGS,
    BARS,
    OBSERVATIONS,
    SHARES,
    Bar,
    BarSighting,
    CorporateAction,
    Observation,
    ShareCount,
)
from engine.record.readings.observations import sound_range
from engine.record.tables.versions import choose
from engine.values import Fact
from tests.builders import at, make_fact, make_item

MONDAY = date(2025, 1, 6)

# --- which close counts --------------------------------------------------------------------------


def chosen(closes: list[float | list[tuple[float, bool]]], *, gaps: dict[int, int] | None = None,
           bound: float = 1.3) -> list[float | None]:  # fmt: skip
    """Of closes on consecutive days (``gaps``: days more before a place); confirmed where told."""
    walk, day = Walk(bound, lambda after, until: 1.0), MONDAY
    followed: dict[int, float | None] = {}
    for place, close in enumerate(closes):
        day += timedelta(days=(gaps or {}).get(place, 0) + 1)
        told = close if isinstance(close, list) else [(close, False)]
        walk.add(day, [ToldClose(close=c, confirmed=sure) for c, sure in told])
        followed |= {moved: walk.chosen[moved] for moved in walk.moved}
        walk.moved = set()
    assert list(followed.values()) == walk.chosen  # what moved says all that changed
    return walk.chosen


@pytest.mark.parametrize(
    ("close", "counts"), [(130.0, True), (130.1, False), (76.93, True), (76.9, False)]
)
def test_a_close_within_the_bound_of_the_last_counts(close: float, counts: bool) -> None:
    """1.3 up and 1 / 1.3 down, after two that stand."""
    found = chosen([100.0, 100.0, close])
    assert found == [100.0, 100.0, close if counts else None]


def test_a_close_beyond_the_bound_waits_until_somebody_repeats_it() -> None:
    assert chosen([100.0, 100.0, [(140.0, True)]]) == [100.0, 100.0, 140.0]
    assert chosen([100.0, 100.0, [(140.0, False), (101.0, False)]]) == [100.0, 100.0, 101.0]


def test_once_more_wait_than_stand_the_majority_was_right() -> None:
    assert chosen([100.0, 200.0]) == [100.0, None]
    assert chosen([100.0, 200.0, 201.0]) == [None, 200.0, 201.0]
    assert chosen([100.0, 101.0, 200.0, 201.0]) == [100.0, 101.0, None, None]
    assert chosen([100.0, 101.0, 200.0, 201.0, 202.0]) == [None, None, 200.0, 201.0, 202.0]
    # what does not agree among itself does not add up
    assert chosen([100.0, 101.0, 200.0, 300.0, 450.0]) == [100.0, 101.0, None, None, None]


@pytest.mark.parametrize(("close", "counts"), [(179.0, True), (182.0, False)])
def test_a_hole_is_counted_from_the_last_close_that_stands(close: float, counts: bool) -> None:
    """Tuesday to Thursday, then the Thursday after: five sessions, 1.3 ** sqrt(5) = 1.798. Counted
    from Wednesday it were six, 1.90; from Tuesday seven, 2.00."""
    found = chosen([100.0, 100.0, 100.0, close], gaps={3: 6})
    assert found == [100.0, 100.0, 100.0, close if counts else None]


def test_those_that_wait_are_asked_from_the_last_of_them_too() -> None:
    """Two at 100, then two that wait a week apart: 250 and 440 are 1.76, within five sessions; one
    more near the last and the majority is theirs. 1.82 apart they do not add up."""
    near, far = [250.0, 440.0, 441.0], [250.0, 455.0, 456.0]
    week = {3: 6}
    assert chosen([100.0, 100.0, *near], gaps=week) == [None, None, *near]
    assert chosen([100.0, 100.0, *far], gaps=week) == [100.0, 100.0, None, None, None]


def test_a_level_that_returns_is_asked_from_its_own_last_day() -> None:
    """A confirmed fall, the next day back where it came from: the fall was the wrong price."""
    fall: list[Any] = [(50.0, True)]
    assert chosen([100.0, 101.0, fall, 102.0]) == [100.0, 101.0, None, 102.0]
    assert chosen([100.0, 101.0, fall, 51.0, 102.0]) == [100.0, 101.0, None, None, 102.0]
    stands = [50.0, 51.0, 52.0]
    assert chosen([100.0, 101.0, fall, *stands[1:], 102.0]) == [100.0, 101.0, *stands, None]


def test_a_leap_and_back_was_a_wrong_price() -> None:
    """0.6 of ln 1.3 is a factor of 1.1705: 1.18 up and back is one, 1.17 is none."""
    assert chosen([100.0, 100.0, 118.0, 100.0]) == [100.0, 100.0, None, 100.0]
    assert chosen([100.0, 100.0, 117.0, 100.0]) == [100.0, 100.0, 117.0, 100.0]
    assert chosen([100.0, 100.0, 118.0, 118.0]) == [100.0, 100.0, 118.0, 118.0]
    assert chosen([100.0, 100.0, [(118.0, True)], 100.0]) == [100.0, 100.0, 118.0, 100.0]
    # another source's word for the session takes its place
    both: list[Any] = [100.0, 100.0, [(118.0, False), (101.0, False)], 100.0]
    assert chosen(both) == [100.0, 100.0, 101.0, 100.0]
    assert chosen([100.0, 100.0, 84.0, 100.0]) == [100.0, 100.0, None, 100.0]
    assert chosen([100.0, 118.0, 100.0]) == [100.0, None, 100.0]
    # two leaps one way are none, and what returns is held against the close just before the leap:
    # from 80 the way back would be the shorter half of 118 / 80
    assert chosen([80.0, 80.0, 100.0, 118.0]) == [80.0, 80.0, 100.0, 118.0]
    assert chosen([80.0, 80.0, 100.0, 118.0, 100.0]) == [80.0, 80.0, 100.0, None, 100.0]


def test_the_odd_one_is_the_last_that_counted_and_no_other() -> None:
    """Bound 1.2: 362.1 made the true 300 wait, until 304 stood nearer to it. The level then holds
    four: five of another are needed to outvote it, and four are not."""
    told: list[Any] = [300.0, 327.7, 362.1, 300.0, 304.0]
    right = [300.0, 327.7, None, 300.0, 304.0]
    assert chosen(told, bound=1.2) == right
    assert chosen([*told, *[600.0] * 4], bound=1.2) == [*right, *[None] * 4]
    assert chosen([*told, *[600.0] * 5], bound=1.2) == [*[None] * 5, *[600.0] * 5]
    # 124 is nearer to 125 than to 78, although 78 lies near the close before
    assert chosen([100.0, 125.0, 78.0, 124.0]) == [100.0, 125.0, None, 124.0]
    # a confirmed level of one is not the first of all: 180 is nearer to 200, and 150 stays
    sure: list[Any] = [100.0, 101.0, [(150.0, True)], 200.0, 180.0]
    assert chosen(sure) == [100.0, 101.0, 150.0, None, 180.0]


def test_a_second_look_is_half_a_day_later_and_a_level_stands_after_three_sessions() -> None:
    assert timedelta(hours=12) == quarantine.SECOND_LOOK
    assert quarantine.YOUNG == 3


@pytest.mark.parametrize(
    ("days", "bound"),
    [(1, 1.3), (2, 1.3), (7, 1.3**5**0.5), (14, 1.3**10**0.5), (60, 3.0)],
)
def test_across_a_hole_the_bound_grows_with_the_root_of_its_sessions(
    days: int, bound: float
) -> None:
    """From a Monday: a week holds five sessions; never beyond three."""
    found = quarantine._bound_over(1.3, MONDAY, MONDAY + timedelta(days=days))
    expected = 1.3**2**0.5 if days == 2 else bound
    assert found == pytest.approx(expected)
    assert quarantine._bound_over(4.0, MONDAY, MONDAY + timedelta(days=60)) == 4.0


@pytest.mark.parametrize(
    ("after", "until", "sessions"),
    [("01-10", "01-13", 1), ("01-10", "01-14", 2), ("01-11", "01-13", 1), ("01-09", "01-13", 2)],
)
def test_a_weekend_is_no_hole(after: str, until: str, sessions: int) -> None:
    """Friday to Monday is one session, as any day to the next; from a Saturday no less than one."""
    days = (date.fromisoformat(f"2025-{day}") for day in (after, until))
    assert quarantine._bound_over(1.3, *days) == pytest.approx(1.3**sessions**0.5)


def test_bounds_are_those_of_the_symbol_and_two_of_any_other() -> None:
    told = {name: quarantine.bound_of(name) for name in ("NVDA", "SPY", "QQQ", "SMH", "VIX", "AMD")}
    assert told == {"NVDA": 1.3, "SPY": 1.2, "QQQ": 1.2, "SMH": 1.25, "VIX": 2.5, "AMD": 2.0}


@pytest.mark.parametrize(
    ("other", "same"),
    [(100.1, True), (100.1001, True), (100.11, False), (99.91, True), (99.9, True), (99.89, False)],
)
def test_two_sources_agree_within_a_thousandth(other: float, same: bool) -> None:
    assert quarantine.same_close(100.0, other) is same
    assert quarantine.same_close(other, 100.0) is same
    assert quarantine.same_close(1000.0, 999.0)  # a thousandth of the larger, to the bit


# --- ranks, versions and splits ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "backfilled", "rank"),
    [
        ("a table", True, 2), ("a table", False, 0), ("FRED", False, 1), ("FRED (polled)", True, 1),
        ("Yahoo (polled)", True, 0), ("SEC EDGAR", False, 1), ("imported from x.csv", True, 2),
        ("New York Fed", False, 1), ("Federal Reserve (polled)", True, 1),
        ("Federal Register", False, 1), ("by FRED", False, 0), ("a table (polled) twice", True, 2),
    ],
)  # fmt: skip
def test_a_table_outranks_the_publisher_who_outranks_the_rest(
    source: str, backfilled: bool, rank: int
) -> None:
    assert asof.rank(make_fact(source=source, backfilled=backfilled)) == rank


def figure(value: float, hours: float, source: str = "FRED", day: date = MONDAY) -> Fact:
    told = Observation(series="DFF", observed_on=day, value=value)
    return OBSERVATIONS.fact(told, occurred_at=at(), known_at=at(hours=hours), source=source)


def test_the_latest_of_the_highest_rank_counts() -> None:
    facts = [figure(1.0, 1), figure(2.0, 2, "a blog"), figure(3.0, 3), figure(4.0, 4, "a blog")]

    def value(hours: float) -> float | None:
        found = asof.known(History(facts), OBSERVATIONS, at(hours=hours))
        return next((o.value for o in found.values()), None)

    assert [value(h) for h in (0.5, 1, 2, 3, 4)] == [None, 1.0, 1.0, 3.0, 3.0]
    until = [(f.known_at, end) for f, end in asof.spans(facts)]
    assert until == [(at(hours=1), at(hours=3)), (at(hours=3), None)]
    same = [figure(1.0, 1), figure(2.0, 1)]
    assert [end for _, end in asof.spans(same)] == [None]


def test_a_split_counts_after_its_day_before_and_until_its_own() -> None:
    splits = [
        CorporateAction(symbol="NVDA", ex_on=MONDAY, action="split", value=10.0),
        CorporateAction(symbol="NVDA", ex_on=MONDAY + timedelta(days=7), action="split", value=4.0),
        CorporateAction(symbol="NVDA", ex_on=MONDAY, action="dividend", value=9.0),
    ]
    day = timedelta(days=1)

    assert asof.split_factor(splits, MONDAY - day, MONDAY) == 10.0
    assert asof.split_factor(splits, MONDAY, MONDAY + 6 * day) == 1.0
    assert asof.split_factor(splits, MONDAY - day, MONDAY + 7 * day) == 40.0
    assert asof.split_factor(splits, MONDAY - day, MONDAY - day) == 1.0


def test_closes_are_told_in_shares_of_today() -> None:
    def bar(close: float, on: date) -> Fact:
        instant = datetime(on.year, on.month, on.day, 22, tzinfo=UTC)
        told = Bar(symbol="NVDA", session_on=on, close=close)
        return BARS.fact(told, occurred_at=instant, known_at=instant, source="a")

    split_on = date(2025, 1, 8)
    split = ACTIONS.fact(
        CorporateAction(symbol="NVDA", ex_on=split_on, action="split", value=10.0),
        occurred_at=at(), known_at=at(), source="a",
    )  # fmt: skip
    history = History(
        [bar(1000.0, MONDAY), bar(1010.0, date(2025, 1, 7)), bar(102.0, split_on), split]
    )

    before = asof.closes_at(history, "NVDA", datetime(2025, 1, 7, 23, tzinfo=UTC))
    after = asof.closes_at(history, "NVDA", datetime(2025, 1, 8, 23, tzinfo=UTC))
    assert list(before.values()) == [1000.0, 1010.0]
    assert list(after.values()) == pytest.approx([100.0, 101.0, 102.0])
    assert asof.closes_at(history, "AMD", at(9)) == {}
    assert asof.unconfirmed_at(history, "NVDA", at(9)) == ()


class Rows:
    """Four sessions, decided at noon."""

    sessions_on = tuple(MONDAY + timedelta(days=n) for n in range(4))
    decide_at_us = np.array(
        [int(datetime(2025, 1, 6 + n, 12, tzinfo=UTC).timestamp() * 1e6) for n in range(4)]
    )


def test_prices_have_windows_and_ages() -> None:
    """Closes of the first and third session, each known that evening."""
    facts = []
    for n, close in ((0, 100.0), (2, 104.0)):
        on = MONDAY + timedelta(days=n)
        known = datetime(2025, 1, 6 + n, 22, tzinfo=UTC)
        told = Bar(
            symbol="NVDA", session_on=on, close=close, open=close - 1, high=close + 2, low=close - 2
        )
        facts.append(BARS.fact(told, occurred_at=known, known_at=known, source="a"))
    found = asof.prices(History(facts), "NVDA", Rows())
    nan = math.nan

    assert found.window(2) == pytest.approx(
        np.array([[nan, nan], [nan, 100.0], [100.0, nan], [nan, 104.0]]), nan_ok=True
    )
    assert found.window(1, "high")[:, 0] == pytest.approx([nan, 102.0, nan, 106.0], nan_ok=True)
    assert found.window(1, "low")[1, 0] == 98.0
    assert found.window(1, "open")[1, 0] == 99.0
    assert found.last(0) == pytest.approx([nan, 100.0, nan, 104.0], nan_ok=True)
    assert found.last(1) == pytest.approx([nan, 100.0, 100.0, 104.0], nan_ok=True)
    assert [found.last_on(t) for t in range(4)] == [
        None, MONDAY, MONDAY, MONDAY + timedelta(days=2)
    ]  # fmt: skip


def test_a_timeline_tells_rows_spells_and_what_counts() -> None:
    facts = [
        figure(1.0, -2),
        figure(2.0, 20),
        figure(3.0, 21),
        figure(9.0, 20, day=date(2025, 1, 3)),
    ]
    told = asof.known_on(History(facts), OBSERVATIONS, Rows())

    assert [(row, [v.reading.value for v in versions]) for row, versions in told] == [
        (0, [1.0]), (1, [9.0, 3.0])
    ]  # fmt: skip
    spells = [(first, until, o.value) for first, until, o in told.spells(4)]
    assert spells == [(0, 1, 1.0), (1, 4, 9.0), (1, 4, 3.0)]
    assert [o.value for o in told.at(0).values()] == [1.0]
    assert sorted(o.value for o in told.at(1).values()) == [3.0, 9.0]


# --- which source is believed, and what a correction changes -------------------------------------


def told_bar(
    close: float, known: datetime, source: str = "feed", *, day: int = 0, curated: bool = False,
    symbol: str = "NVDA", **figures: float,
) -> Fact:  # fmt: skip
    """A close of the ``day``-th day from Monday."""
    on = MONDAY + timedelta(days=day)
    return BARS.fact(
        Bar(symbol=symbol, session_on=on, close=close, **figures),
        occurred_at=known, known_at=known, source=source, backfilled=curated,
    )  # fmt: skip


def evening(day: int, hour: int = 22) -> datetime:
    return datetime(2025, 1, 6 + day, hour, tzinfo=UTC)


def sighting(close: float, nth: int, *, day: int = 2, symbol: str = "NVDA") -> Fact:
    on = MONDAY + timedelta(days=day)
    return BAR_SIGHTINGS.fact(
        BarSighting(symbol=symbol, session_on=on, close=close, nth=nth),
        occurred_at=evening(day), known_at=evening(day, 23), source="feed",
    )  # fmt: skip


TWO_QUIET_DAYS = [told_bar(100.0, evening(0)), told_bar(101.0, evening(1), day=1)]
LEAP = told_bar(190.0, evening(2), day=2)
"""1.88 times the close before it: beyond 1.3, so it waits for a second word."""


@pytest.mark.parametrize(
    ("more", "believed"),
    [
        ([], None),
        ([sighting(190.0, 2)], 190.0),
        ([sighting(190.0, 1)], None),  # the first sighting is the bar itself
        ([sighting(191.0, 2)], None),  # another price
        ([sighting(190.0, 2, day=1)], None),  # another session
        ([sighting(190.0, 2, symbol="SPY")], None),
        ([told_bar(190.1, evening(2, 23), "another", day=2)], 190.0),  # rounding; the first told
        ([told_bar(191.0, evening(2, 23), "another", day=2)], None),
        ([told_bar(190.0, evening(2, 23), "another", day=2, symbol="SPY")], None),
        ([told_bar(102.0, evening(2, 23), "another", day=2)], 102.0),
        ([told_bar(102.0, evening(2, 23), day=2)], 102.0),  # the source corrects itself
        ([told_bar(190.0, evening(2, 23), "feed (polled)", day=2)], None),  # the same source
    ],
)
def test_a_close_that_leapt_is_believed_on_a_second_word(
    more: list[Fact], believed: float | None
) -> None:
    history = History([*TWO_QUIET_DAYS, LEAP, *more])
    third, at_last = MONDAY + timedelta(days=2), evening(9)
    expected = {MONDAY: 100.0, MONDAY + timedelta(days=1): 101.0}
    expected |= {} if believed is None else {third: believed}

    found = asof.bars_at(history, "NVDA", at_last)
    assert {day: bar.close for day, bar in found.items()} == pytest.approx(expected, abs=0.2)
    assert asof.unconfirmed_at(history, "NVDA", at_last) == ((third,) if believed is None else ())


def test_two_files_of_one_reader_are_one_source() -> None:
    """What was brought in twice does not confirm itself; a feed's word does."""
    files = [
        told_bar(190.0, evening(2, hour), f"imported from {name}.csv", day=2, curated=True)
        for name, hour in (("a", 22), ("b", 23))
    ]
    third = MONDAY + timedelta(days=2)
    assert third not in asof.bars_at(History([*TWO_QUIET_DAYS, *files]), "NVDA", evening(9))
    both = History([*TWO_QUIET_DAYS, *files, LEAP])
    assert asof.bars_at(both, "NVDA", evening(9))[third].close == 190.0


def test_the_best_source_is_asked_first_and_the_latest_of_equals() -> None:
    """All of Monday: a feed, its publisher's name, a table; then the table corrected from below."""
    told = [
        told_bar(100.0, evening(0, 20)),
        told_bar(101.0, evening(0, 21), "another feed"),
        told_bar(102.0, evening(0, 22), "FRED"),
        told_bar(103.0, evening(0, 23), "a feed at last"),
        told_bar(104.0, evening(1, 1), "feed", curated=True),
        told_bar(105.0, evening(1, 2), "feed"),  # of lower standing than its own table
        told_bar(106.0, evening(1, 3), "feed", curated=True),
    ]
    hours = [evening(0, h) for h in (20, 21, 22, 23)] + [evening(1, h) for h in (1, 2, 3)]
    history = History(told)

    found = [asof.bars_at(history, "NVDA", hour)[MONDAY].close for hour in hours]
    assert found == [100.0, 101.0, 102.0, 102.0, 104.0, 104.0, 106.0]


def test_a_bar_that_comes_late_is_put_in_its_place() -> None:
    """Tuesday's wrong close is told on Wednesday, after two that stand: it waits in its own day."""
    late = told_bar(250.0, evening(3), day=1)
    story = [told_bar(100.0, evening(0)), told_bar(101.0, evening(2), day=2), late]
    days = [MONDAY + timedelta(days=n) for n in range(3)]

    assert list(asof.bars_at(History(story), "NVDA", evening(2))) == [days[0], days[2]]
    assert list(asof.bars_at(History(story), "NVDA", evening(3))) == [days[0], days[2]]
    assert asof.unconfirmed_at(History(story), "NVDA", evening(3)) == (days[1],)
    sound = [*story[:2], told_bar(100.5, evening(3), day=1)]
    assert list(asof.bars_at(History(sound), "NVDA", evening(3))) == days


def action(value: float, ex_day: int, known: datetime, kind: Any = "split", symbol: str = "NVDA",
           key: str | None = None) -> Fact:  # fmt: skip
    told = CorporateAction(
        symbol=symbol, ex_on=MONDAY + timedelta(days=ex_day), action=kind, value=value
    )
    return ACTIONS.fact(told, occurred_at=known, known_at=known, source="a", key=key)


def test_actions_come_by_their_day_and_a_split_told_twice_counts_once() -> None:
    told = [
        action(4.0, 3, evening(0)),
        action(10.0, 1, evening(0), key="first hand"),
        action(10.0, 1, evening(1), key="second hand"),
        action(0.01, 1, evening(0), "dividend"),
        action(2.0, 1, evening(0), symbol="SPY"),
    ]
    found = asof.actions_at(History(told), "NVDA", evening(1))
    assert [(a.ex_on.day, a.action, a.value) for a in found] == [
        (7, "dividend", 0.01), (7, "split", 10.0), (9, "split", 4.0)
    ]  # fmt: skip
    assert asof.actions_at(History(told), "NVDA", evening(-1)) == ()
    closes = asof.closes_at(History([*told, told_bar(1000.0, evening(0))]), "NVDA", evening(1))
    assert closes == {MONDAY: 100.0}  # once by ten; the dividend and Thursday's split do not count


def test_shares_are_carried_through_the_splits_since_they_were_counted() -> None:
    """Counted before Monday: 2.0, and 2.1 of a later day told on Tuesday, of which an older count
    told on Wednesday takes nothing; ten for one on Wednesday, told on Tuesday."""

    def count(shares: float, day: int, known: datetime) -> Fact:
        told = ShareCount(date=MONDAY + timedelta(days=day), shares_bn=shares)
        return SHARES.fact(told, occurred_at=known, known_at=known, source="SEC EDGAR")

    counts = [
        count(2.0, -9, evening(0)),
        count(2.1, -2, evening(1, 9)),
        count(1.9, -30, evening(2)),
    ]
    splits = [action(10.0, 2, evening(1, 8)), action(3.0, 2, evening(0), symbol="SPY"),
              action(5.0, 9, evening(0))]  # fmt: skip
    nan = math.nan

    found = asof.shares_on(History([*counts, *splits]), "NVDA", Rows())
    assert found == pytest.approx([nan, 2.1, 21.0, 21.0], nan_ok=True)
    # the split told only after Wednesday's noon counts from Thursday on
    late = asof.shares_on(History([*counts, action(10.0, 2, evening(2))]), "NVDA", Rows())
    assert late == pytest.approx([nan, 2.1, 2.1, 21.0], nan_ok=True)
    # a count of the split's own day is in new shares already
    fresh = [count(20.5, 2, evening(2, 11)), *splits]
    assert asof.shares_on(History(fresh), "NVDA", Rows()) == pytest.approx(
        [nan, nan, 20.5, 20.5], nan_ok=True
    )
    assert asof.shares_on(History(), "NVDA", Rows()) == pytest.approx([nan] * 4, nan_ok=True)


def test_prices_stand_in_shares_of_the_row_s_own_day() -> None:
    """Monday 1000 and Tuesday 1010 raw, ten for one on Wednesday, 102 then; one correction of
    Monday, told on Wednesday evening, moves Thursday's row alone."""
    facts = [
        told_bar(1000.0, evening(0), open=990.0),
        told_bar(1010.0, evening(1), day=1, open=1000.0, high=1020.0, low=980.0),
        told_bar(102.0, evening(2), day=2),
        told_bar(1005.0, evening(2, 23)),
        action(10.0, 2, evening(0)),
        action(5.0, 9, evening(0)),  # binds after the last row
        told_bar(7.0, evening(0), symbol="SPY"),
    ]
    found = asof.prices(History(facts), "NVDA", Rows())
    nan = math.nan

    assert found.days == Rows.sessions_on
    assert found.end.tolist() == found.told.tolist() == [0, 1, 2, 3]
    assert found.window(3) == pytest.approx(
        np.array([[nan] * 3, [nan, nan, 1000.0], [nan, 100.0, 101.0], [100.5, 101.0, 102.0]]),
        nan_ok=True,
    )
    assert found.window(3, "open")[2] == pytest.approx([nan, 99.0, 100.0], nan_ok=True)
    assert found.window(3, "open")[3] == pytest.approx([nan, 100.0, nan], nan_ok=True)
    assert found.window(2, "high")[2] == pytest.approx([nan, 102.0], nan_ok=True)
    assert found.window(2, "low")[2] == pytest.approx([nan, 98.0], nan_ok=True)
    assert [found.last_on(t) for t in range(4)] == [None, *Rows.sessions_on[:3]]
    assert asof.prices(History(), "NVDA", Rows()).last_on(3) is None


def test_a_day_without_a_session_has_a_bar_and_the_rows_before_keep_their_ends() -> None:
    """A bar of the Sunday before Monday, and one of the row's own day told that morning."""
    facts = [told_bar(99.0, evening(-1), day=-1), told_bar(101.0, evening(1, 9), day=1)]
    found = asof.prices(History(facts), "NVDA", Rows())

    sunday = MONDAY - timedelta(days=1)
    assert found.days == (sunday, *Rows.sessions_on)
    assert found.told.tolist() == [1, 3, 3, 3]
    assert found.end.tolist() == [1, 3, 3, 4]
    nan = math.nan
    assert found.window(2) == pytest.approx(
        np.array([[nan, 99.0], [nan, 101.0], [nan, 101.0], [101.0, nan]]), nan_ok=True
    )


class NoRows:
    """A grid without a session."""

    sessions_on = ()
    decide_at_us = np.array([], dtype=np.int64)


def test_a_grid_without_rows_has_no_versions() -> None:
    assert asof.known_on(History([figure(1.0, 0)]), OBSERVATIONS, NoRows()).versions == ()


def test_what_is_known_stands_in_the_order_in_which_it_took_effect() -> None:
    """A corrected key moves to the end; one outranked keeps its place; with its fact."""
    one, other = figure(1.0, 1), figure(2.0, 2, day=date(2025, 1, 3))
    fixed, rumour = figure(3.0, 3), figure(9.0, 4, "a blog", day=date(2025, 1, 3))
    history = History([rumour, fixed, other, one])

    assert list(asof.counting(history, OBSERVATIONS, at(hours=4)).values()) == [
        (other, OBSERVATIONS.read(other)), (fixed, OBSERVATIONS.read(fixed))
    ]  # fmt: skip
    assert [o.value for o in asof.known(history, OBSERVATIONS, at(hours=2)).values()] == [1.0, 2.0]
    assert asof.spans([one, other, fixed, rumour]) == [
        (one, at(hours=3)), (other, None), (fixed, None)
    ]  # fmt: skip


# --- the ledger ----------------------------------------------------------------------------------


def entry(head: LedgerHead, text: str, earlier: tuple[Any, ...] = ()) -> Any:
    return next_entry(head, earlier, acts_on=MONDAY, strategy="s", made_at=at(), payload_text=text)


def test_entries_follow_each_other_and_the_first_stands() -> None:
    first = entry(EMPTY_HEAD, '{"a":1}')
    head = LedgerHead(n_entries=1, entry_hash=first.entry_hash)
    second = entry(head, '{"a":2}', (first,))

    assert (first.seq, first.revision, first.previous_hash, first.stands) == (1, 0, GENESIS, True)
    assert (second.seq, second.revision, second.stands) == (2, 1, False)
    assert second.previous_hash == first.entry_hash
    assert entry(head, '{"a":1}', (first, second)) is None
    assert (first.payload, len(first.entry_hash)) == ({"a": 1}, 64)
    check_chain([first, second], LedgerHead(n_entries=2, entry_hash=second.entry_hash))
    check_chain([], EMPTY_HEAD)


def forged(one: Any, **changes: Any) -> Any:
    made = replace(one, **changes)
    return replace(made, entry_hash=chain.entry_hash(made))


def test_every_break_of_the_chain_is_named() -> None:
    first = entry(EMPTY_HEAD, '{"a":1}')
    second = entry(LedgerHead(n_entries=1, entry_hash=first.entry_hash), '{"a":2}', (first,))
    whole = LedgerHead(n_entries=2, entry_hash=second.entry_hash)
    rogue = forged(second, revision=0)
    cases = [
        ([second], whole, "entry 1 is missing"),
        ([replace(first, payload_text="{}"), second], whole, "content was changed"),
        ([first, forged(second, previous_hash=GENESIS)], whole, "does not follow"),
        ([first, rogue], LedgerHead(n_entries=2, entry_hash=rogue.entry_hash), "out of turn"),
        ([first], whole, "the end was cut off"),
        (
            [first, second],
            LedgerHead(n_entries=1, entry_hash=first.entry_hash),
            "outside the ledger",
        ),
        ([first, second], replace(whole, entry_hash=first.entry_hash), "written last"),
    ]
    for entries, head, said in cases:
        with pytest.raises(LedgerError, match=said):
            check_chain(entries, head)
    for text in ("[1]", "nonsense"):
        with pytest.raises(LedgerError, match="cannot be read"):
            _ = replace(first, payload_text=text).payload


@pytest.mark.parametrize(
    "changes",
    [
        {"seq": 2}, {"acts_on": date(2025, 1, 7)}, {"strategy": "t"}, {"revision": 1},
        {"made_at": at(hours=1)}, {"payload_text": "{}"}, {"previous_hash": "1" * 64},
    ],
    ids=lambda c: next(iter(c)),
)  # fmt: skip
def test_the_hash_is_of_every_field(changes: dict[str, Any]) -> None:
    first = entry(EMPTY_HEAD, '{"a":1}')
    assert chain.entry_hash(replace(first, **changes)) != first.entry_hash


# --- what is the same ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"known_at": at(9)}, True), ({"kind": "bar"}, False), ({"key": "x"}, False),
        ({"occurred_at": at(-4)}, False), ({"source": "x"}, False), ({"confidence": 0.5}, False),
        ({"backfilled": True}, False), ({"payload": {"value": 4.34}}, False),
    ],
    ids=lambda c: next(iter(c)) if isinstance(c, dict) else "",
)  # fmt: skip
def test_a_fact_is_the_same_whenever_it_is_learned(changes: dict[str, Any], same: bool) -> None:
    one = make_fact()
    assert (content.content_hash(one) == content.content_hash(replace(one, **changes))) is same


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"published_at": at(-2)}, True), ({"known_at": at(1)}, True), ({"source": "x"}, True),
        ({"title": "x"}, False), ({"url": "https://example.org/x"}, False), ({"lang": "fr"}, False),
        ({"summary": "x"}, False), ({"body_hash": "x"}, False),
    ],
    ids=lambda c: next(iter(c)) if isinstance(c, dict) else "",
)  # fmt: skip
def test_a_version_of_an_item_is_what_its_reader_sees(changes: dict[str, Any], same: bool) -> None:
    one = make_item()
    assert (content.item_version(one) == content.item_version(replace(one, **changes))) is same


def test_an_item_is_its_address_else_its_source_title_and_day() -> None:
    one = make_item()
    assert content.item_id(one) == content.item_id(replace(one, title="x", source="x"))
    bare = replace(one, url="")
    shouted = replace(bare, title="  HEADLINE number   1 ")
    assert content.item_id(bare) == content.item_id(shouted) != content.item_id(one)
    for other in ({"source": "x"}, {"published_at": at(-2)}, {"title": "x"}):
        assert content.item_id(replace(bare, **other)) != content.item_id(bare)  # type: ignore[arg-type]
    undated = replace(bare, published_at=None)
    assert content.item_id(undated) == content.title_id(one.source, one.title, at().date())


def test_canonical_json_is_sorted_ascii_and_refuses_what_would_not_come_back() -> None:
    assert (
        content.canonical_json({"b": 1, "a": [True, None, "é"]})
        == '{"a":[true,null,"\\u00e9"],"b":1}'
    )
    for wrong in (math.nan, {1: 2}, [{1: 2}], {"a": {1: 2}}, {"a": ({1: 2},)}, object()):
        with pytest.raises(DataError):
            content.canonical_json(wrong)
    assert len(content.digest("x")) == 32


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("  =1", "'  =1"),
        ("＝1", "'＝1"), ("\t1", "'\t1"), ("\r1", "'\r1"), ("'x", "''x"), ("plain", "plain"),
        ("", ""), ("a=1", "a=1"),
    ],
)  # fmt: skip
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(text: str, safe: str) -> None:
    assert export.csv_safe(text) == safe
    assert export.csv_plain(safe) == text or text.startswith("'")


# --- readings and stored versions ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "inside", "outside"),
    [
        (
            lambda x: Observation(series="DFF", observed_on=MONDAY, value=x),
            (-1e6, 1e6), (-1.01e6, 1.01e6),
        ),
        (lambda x: Bar(symbol="NVDA", session_on=MONDAY, close=x), (1e-9, 1e7), (0.0, 1.01e7)),
        (
            lambda x: Bar(symbol="NVDA", session_on=MONDAY, close=1.0, volume=x),
            (0, 1e15), (-1, 1.1e15),
        ),
        (
            lambda x: CorporateAction(symbol="NVDA", ex_on=MONDAY, action="split", value=x),
            (1e-9, 1e4), (0.0, 1.01e4),
        ),
        (lambda x: ShareCount(date=MONDAY, shares_bn=x), (1e-9, 1e5), (0.0, 1.01e5)),
    ],
    ids=["observation", "close", "volume", "action", "shares"],
)  # fmt: skip
def test_a_reading_has_bounds(make: Any, inside: Any, outside: Any) -> None:
    for value in inside:
        make(value)
    for value in (*outside, math.nan, math.inf):
        with pytest.raises(DataError, match="is outside"):
            make(value)


@pytest.mark.parametrize(
    ("series", "bounds"),
    [("ZQU25", (85.0, 101.0)), ("USDEUR", (0.5, 2.5)), ("DFF", (-5.0, 25.0))],
)
def test_a_sound_figure_is_in_the_range_of_its_series(
    series: str, bounds: tuple[float, float]
) -> None:
    assert sound_range(series) == bounds


def test_a_reading_comes_back_as_it_went_in_and_blank_is_unknown() -> None:
    told = Bar(symbol="NVDA", session_on=MONDAY, close=150.0, open=149.0)
    fact = BARS.fact(told, occurred_at=at(), known_at=at(1), source="a", confidence=0.5)

    assert BARS.read(fact) == told
    assert (fact.key, fact.payload["session_on"], "volume" in fact.payload) == (
        "NVDA:2025-01-06", "2025-01-06", False
    )  # fmt: skip
    assert (fact.confidence, fact.backfilled, fact.known_at) == (0.5, False, at(1))
    assert BARS.fact(told, occurred_at=at(), known_at=at(), source="a", key="x").key == "x"
    text = replace(fact, payload={**fact.payload, "close": "150.5", "open": "", "high": None})
    assert (BARS.read(text).close, BARS.read(text).open, BARS.read(text).high) == (
        150.5,
        None,
        None,
    )
    for wrong in ({"close": "nan"}, {"close": "dear"}, {"session_on": "soon"}):
        with pytest.raises(DataError, match="cannot be read"):
            BARS.read(replace(fact, payload={**fact.payload, **wrong}))


def test_of_new_rows_those_count_that_say_something_new_where_they_stand() -> None:
    """Stored: B at 5, A at 9."""

    def kept(*rows: tuple[int, str]) -> list[tuple[int, str]]:
        stored = [(5, "B"), (9, "A")]
        told = [{"known_at": when, "h": what} for when, what in rows]
        return [(row["known_at"], row["h"]) for row in choose(told, "h", stored)]

    assert kept((1, "A")) == [(1, "A")]  # before everything: what comes last is no repeat of it
    assert kept((5, "B")) == kept((6, "B")) == kept((9, "A")) == kept((10, "A")) == []
    assert kept((6, "C"), (7, "C"), (10, "B")) == [(6, "C"), (10, "B")]
    assert kept((7, "C"), (6, "C")) == [(6, "C")]
    assert choose([{"known_at": 1, "h": "A"}], "h", []) == [{"known_at": 1, "h": "A"}]
