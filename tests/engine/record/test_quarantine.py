"""A wrong price counts for nothing, and keeps no true one out."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.record.quarantine import ToldClose, Walk, bound_of, same_close

FIRST = date(2025, 9, 1)  # a Monday


def weekdays(n: int) -> list[date]:
    days = (FIRST + timedelta(days=k) for k in range(2 * n + 4))
    return [day for day in days if day.weekday() < 5][:n]


def no_split(after: date, until: date) -> float:
    return 1.0


def counting(closes: list[float | list[ToldClose]], bound: float = 1.35, split=no_split):
    """The closes that count in the end; whoever follows what moved at each session knows them."""
    walk = Walk(bound, split)
    followed: dict[int, float | None] = {}
    for day, close in zip(weekdays(len(closes)), closes, strict=True):
        walk.add(day, close if isinstance(close, list) else [ToldClose(close=close)])
        followed |= {place: walk.chosen[place] for place in walk.moved}
        walk.moved = set()
        assert [followed[place] for place in range(len(walk.chosen))] == walk.chosen
    return walk.chosen


def test_a_close_beyond_the_bound_waits_and_the_next_true_one_counts() -> None:
    assert counting([186.6, 298.5, 187.0, 188.0]) == [186.6, None, 187.0, 188.0]
    assert counting([186.6, 93.3, 187.0]) == [186.6, None, 187.0]
    assert counting([186.6, 298.5]) == [186.6, None]


def test_what_somebody_repeats_counts_and_so_does_what_follows() -> None:
    crash = [ToldClose(close=110.0, confirmed=True)]

    assert counting([186.6, crash, 112.0, 111.0]) == [186.6, 110.0, 112.0, 111.0]


def test_another_source_that_is_sound_is_taken_instead() -> None:
    both = [ToldClose(close=298.5), ToldClose(close=187.0)]

    assert counting([186.6, both, 188.0]) == [186.6, 187.0, 188.0]


def test_a_spike_that_returns_was_wrong_even_if_it_was_repeated() -> None:
    spike = [ToldClose(close=298.5, confirmed=True)]

    assert counting([186.6, spike]) == [186.6, 298.5]
    assert counting([186.6, spike, 187.0]) == [186.6, None, 187.0]
    assert counting([186.6, spike, 299.0, 187.0]) == [186.6, None, None, 187.0]


def test_a_level_that_stands_is_not_undone_by_a_return() -> None:
    fall = [ToldClose(close=110.0, confirmed=True)]
    rise = [ToldClose(close=186.0, confirmed=True)]

    assert counting([186.6, fall, 111.0, 112.0, rise]) == [186.6, 110.0, 111.0, 112.0, 186.0]


def test_a_split_on_record_explains_and_one_that_is_not_does_not() -> None:
    days = weekdays(5)

    def ten_for_one(after: date, until: date) -> float:
        return 10.0 if after < days[3] <= until else 1.0

    closes = [1200.0, 1205.0, 1208.9, 121.8, 122.0]
    assert counting(closes, split=ten_for_one) == closes
    assert counting(closes) == [*closes[:3], None, None]


def test_the_majority_decides_where_the_first_price_was_wrong() -> None:
    assert counting([298.5]) == [298.5]
    assert counting([298.5, 186.6]) == [298.5, None]
    assert counting([298.5, 186.6, 187.0]) == [None, 186.6, 187.0]
    # within the bound of two sessions, not within that of one: the second stayed out for ever
    assert counting([68.75, 100.0, 100.0, 100.0]) == [None, 100.0, 100.0, 100.0]


def test_the_bound_grows_with_a_hole_and_not_without_end() -> None:

    def across(close: float) -> float | None:
        walk = Walk(1.35, no_split)
        walk.add(date(2025, 9, 30), [ToldClose(close=186.6)])
        walk.add(date(2026, 11, 27), [ToldClose(close=close)])
        return walk.chosen[1]

    assert across(330.0) == 330.0
    assert across(600.0) is None


def test_a_wrong_price_inside_the_bound_keeps_the_true_ones_waiting_a_session_at_most() -> None:
    """QQQ fell by 4.5 % on 2022-04-29; told as a rise of 11 % it made the next true close too far.
    The session after shows which of the three was the odd one."""
    closes = [327.7, 362.1, 300.0]
    assert counting(closes, bound=1.2) == [327.7, 362.1, None]
    assert counting([*closes, 304.0], bound=1.2) == [327.7, None, 300.0, 304.0]

    assert counting([186.0, 186.5, 252.5, 190.0]) == [186.0, 186.5, None, 190.0]


def test_a_wrong_price_inside_the_bound_is_shown_by_the_next_close() -> None:
    """0.719 of the close of 2022-02-09 (26.70), a day of +6.3 %: both leaps lie within 1.35, and
    no later close was ever beyond it."""
    true, wrong = [25.11, 26.7, 25.82, 23.95], 19.2
    told: list[float | list[ToldClose]] = [true[0], wrong, *true[2:]]

    assert counting(told[:2]) == [true[0], wrong]
    assert counting(told) == [true[0], None, *true[2:]]

    both = [ToldClose(close=wrong), ToldClose(close=true[1])]
    assert counting([told[0], both, *told[2:]]) == true
    sure = [ToldClose(close=wrong, confirmed=True)]
    assert counting([told[0], sure, *told[2:]]) == [true[0], wrong, *true[2:]]


def test_large_days_and_their_returns_are_no_spikes() -> None:
    """NVDA, Yahoo Finance daily closes: 2020-03-11 to 17, 2025-04-07 to 10, 2023-05-24 to 30, and
    2016-11-11; the largest moves of ten years."""
    for closes in (
        [6.1617, 5.4078, 6.021, 4.91, 5.4318],
        [97.64, 96.3, 114.33, 107.57],
        [30.54, 37.98, 38.95, 40.11],
        [67.77, 87.97],
    ):
        assert counting(list(closes), bound=bound_of("NVDA")) == closes


def test_each_symbol_has_its_own_bound() -> None:
    """VIX rose to 2.16 times on 2018-02-05; NVDA's largest day of ten years is 1.298."""
    assert bound_of("NVDA") == 1.3
    assert counting([17.31, 37.32], bound=bound_of("VIX")) == [17.31, 37.32]
    assert counting([17.31, 37.32], bound=bound_of("NVDA")) == [17.31, None]
    assert bound_of("AMD") == 2.0


def test_rounding_is_not_another_price() -> None:
    assert same_close(186.58, 186.61)
    assert not same_close(186.58, 186.9)


paths = st.lists(st.floats(-0.1, 0.1), min_size=6, max_size=40)


@given(paths, st.data(), st.floats(1.9, 30.0), st.booleans())
def test_one_altered_close_costs_that_session_alone(
    steps: list[float], data: st.DataObject, factor: float, up: bool
) -> None:
    """Any day, either way: every other close counts as it is (the first is outvoted at the third).

    1.9: beyond the bound over two sessions, 1.53, and two steps of the path, which are up to 1.11.
    """
    true = [100.0]
    for step in steps:
        true.append(true[-1] * 2.718281828**step)
    place = data.draw(st.integers(0, len(true) - 1))
    told = list(true)
    told[place] *= factor if up else 1 / factor

    found = counting(told)

    assert found[:place] + found[place + 1 :] == true[:place] + true[place + 1 :]
    assert found[place] is None


@given(paths, st.data(), st.floats(0.05, 20.0), st.booleans())
def test_no_altered_close_keeps_a_true_one_out(
    steps: list[float], data: st.DataObject, factor: float, confirmed: bool
) -> None:
    """Whatever the factor and whoever repeated it, the last of enough true closes counts."""
    true = [100.0]
    for step in steps:
        true.append(true[-1] * 2.718281828 ** (step / 5))
    place = data.draw(st.integers(0, len(true) - 4))
    told: list[float | list[ToldClose]] = list(true)
    told[place] = [ToldClose(close=true[place] * factor, confirmed=confirmed)]

    assert counting(told)[place + 1 :] == true[place + 1 :]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_later_price_changes_no_earlier_answer_but_by_the_rules_above(n: int) -> None:
    """With fewer sessions known the answer rests on those alone: nothing looks ahead."""
    closes = [186.6, 298.5, 187.0, 188.0, 60.0, 189.0]

    assert counting(closes[:n]) == counting(closes)[:n]
