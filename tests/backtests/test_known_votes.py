"""Known answers of a sweep's votes, latch and accounts: a few sessions and sets, worked by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from backtests.accounts import Accounts, final_equities
from backtests.replay import Costs, UnitValues, market
from backtests.votes import ROWS, Blender, Column, Latches, Rules, heard_runs
from engine.decision.evidence import SILENT_VARIANCE
from tests.backtests.test_known_answers import FREE, prices

BOTH = (True, True)


def rules(n: int = 2, **changes: Any) -> Rules:
    """Sell below -0.25, buy above 0.25, reduce below 0."""
    given: dict[str, Any] = {
        "exit_below": np.full(n, -0.25),
        "enter_above": np.full(n, 0.25),
        "reduce_below": np.zeros(n),
        "wait": np.zeros(n),
        "levels": np.repeat([[0.0], [1.0], [0.5]], n, axis=1),
    }
    return Rules(**(given | changes))


def told(scores: list[float], doubts: float | list[float] = 0.0, *, alone: Any = None) -> Column:
    """One voice with the same settings in every set; alone: without what one source tells."""
    table = np.array(scores)[:, None]
    doubt = np.broadcast_to(np.asarray(doubts, dtype=float), table.shape[:1])[:, None]
    return table, doubt, table if alone is None else np.array(alone)[:, None], None


@pytest.mark.parametrize("heard", [BOTH, None])
def test_votes_on_their_lines_and_beside_them(heard: Any) -> None:
    """Two sets: both voices by half, and the first alone. On a line is neither below nor above.

    Extreme at -0.75 and below: weak, whatever the other voice says, but for a weight of nothing.
    """
    cases = [  # first, second voice: sells, buys, weak of (a + b) / 2, and of a
        (-0.5, 0.0, "..w", "s.w"),  # -0.25
        (-0.5, -0.125, "s.w", "s.w"),  # -0.3125
        (0.5, 0.0, "...", ".b."),  # 0.25
        (0.5, 0.125, ".b.", ".b."),  # 0.3125
        (0.0, 0.0, "...", "..."),
        (0.0, -0.125, "..w", "..."),
        (1.0, -0.75, "..w", ".b."),  # 0.125, but the second voice on its extreme
        (1.0, -0.625, "...", ".b."),
        (-0.75, 1.0, "..w", "s.w"),
        (0.25, 0.25, "...", "..."),
        (-0.25, -0.25, "..w", "..w"),
    ]
    columns = [told([c[0] for c in cases]), told([c[1] for c in cases])]
    weights = np.array([[0.5, 1.0], [0.5, 0.0]])
    blender = Blender(columns, weights, rules(extreme_below=-0.75))
    sells, buys, weak = blender.votes(0, len(cases), heard)
    assert weak is not None
    found = [
        "".join(letter if vote else "." for letter, vote in zip("sbw", votes, strict=True))
        for votes in zip(sells.ravel(), buys.ravel(), weak.ravel(), strict=True)
    ]
    assert found == [letters for case in cases for letters in case[2:]]
    part = blender.votes(3, 7, heard)
    for whole, some in zip((sells, buys, weak), part, strict=True):
        np.testing.assert_array_equal(some, whole[3:7])


@pytest.mark.parametrize("heard", [BOTH, None])
def test_nothing_is_weak_where_nothing_reduces(heard: Any) -> None:
    blender = Blender([told([-0.9]), told([-0.9])], np.full((2, 2), 0.5), rules(reduce_below=None))
    sells, _, weak = blender.votes(0, 1, heard)
    assert sells.all()
    assert weak is None
    sharp = rules(reduce_below=None, extreme_below=-0.9)
    *_, weak = Blender([told([-0.9, -0.8]), told([0.0, 0.0])], np.full((2, 2), 0.5), sharp).votes(
        0, 2, heard
    )
    assert weak is not None
    assert weak.tolist() == [[True, True], [False, False]]
    *_, weak = Blender([told([-0.95]), told([1.0])], np.full((2, 2), 0.5), sharp).votes(0, 1, heard)
    assert weak is not None
    assert weak.all()  # beyond the line in every session


def test_where_nobody_is_heard_nobody_votes() -> None:
    silent = told([math.nan] * 3)
    for given, graded in ((rules(), True), (rules(reduce_below=None), False)):
        sells, buys, weak = Blender([silent, silent], np.full((2, 2), 0.5), given).votes(
            2, 3, (False, False)
        )
        assert sells.tolist() == buys.tolist() == [[False, False]]
        assert (weak is not None) is graded
        assert weak is None or weak.tolist() == [[False, False]]


@pytest.mark.parametrize("exactly", [False, True])
def test_a_set_votes_from_its_least_share_of_weight_heard(exactly: bool) -> None:
    """The first voice alone is heard: half of the weight is enough where half is asked for."""
    weights = np.array([[0.5, 0.375], [0.5, 0.625]])
    columns = [told([-1.0, 1.0]), told([math.nan, math.nan])]
    blender = Blender(columns, weights, rules(observe_at_least=0.5))
    sells, buys, weak = blender.votes(0, 2, None if exactly else (True, False))
    assert sells.tolist() == [[True, False], [False, False]]
    assert buys.tolist() == [[False, False], [True, False]]
    assert weak is not None
    assert weak.tolist() == [[True, False], [False, False]]


@pytest.mark.parametrize("heard", [BOTH, None])
def test_a_sale_asks_for_one_error_below_the_line(heard: Any) -> None:
    """Doubts 0.25 and 0, by half: 0.125, so from -0.375 down; 0.5 and 0: from -0.5 down."""
    scores = [-0.75, -0.76, -1.0, -1.0, -0.75, -0.76, 1.0]
    doubts = [0.25, 0.25, 0.5, 0.25, 0.25, 0.25, 0.0]
    columns = [told(scores, doubts), told([0.0] * 7)]
    blender = Blender(columns, np.full((2, 3), 0.5), rules(3))
    blender.quantile = 1.0
    sells, buys, _ = blender.votes(0, 7, heard)
    assert sells[:, 0].tolist() == [False, True, False, True, False, True, False]
    assert buys[:, 1].tolist() == [False] * 6 + [True]
    assert (sells[:, 0] == sells[:, 1]).all()


def test_a_chance_is_a_quantile_of_the_error() -> None:
    """An even chance asks for none; 84 of 100 for one error, 16 of 100 for one error less."""
    one = (1 + math.erf(1 / math.sqrt(2))) / 2
    for chance, quantile in ((0.5, 0.0), (one, 1.0), (1 - one, -1.0)):
        found = Blender([told([0.0])], np.ones((1, 1)), rules(1, sell_chance=chance)).quantile
        assert found == pytest.approx(quantile, abs=1e-12)


def test_a_silent_voice_adds_its_own_doubt() -> None:
    """Half of the weight silent: 0.5 x the deviation of what it could have said, beside 0.125."""
    error = math.sqrt(0.125**2 + SILENT_VARIANCE * 0.5**2)
    for shift, sold in ((-1e-9, True), (1e-9, False)):
        score = 2 * (0.25 - error + shift)
        lines = rules(exit_below=np.full(2, 0.25), enter_above=np.full(2, 0.5))
        columns = [told([0.0, score], 0.25), told([0.0, math.nan], 0.0)]
        blender = Blender(columns, np.full((2, 2), 0.5), lines)
        blender.quantile = 1.0
        assert blender.votes(0, 1, BOTH)[0].all()  # 0.125 is known before the other is asked for
        assert blender.votes(1, 2, (True, False))[0].tolist() == [[sold, sold]]
        assert blender.votes(1, 2, None)[0].tolist() == [[sold, sold]]


@pytest.mark.parametrize("heard", [BOTH, None])
@pytest.mark.parametrize("quantile", [0.0, 1.0])
def test_what_one_source_alone_tells_does_not_sell(heard: Any, quantile: float) -> None:
    """Confirmed, the score must be below the line too, by as much: -0.25, or -0.375 with 0.125.

    A voice that is silent besides takes nothing from either.
    """
    line = -0.25 - 0.125 * quantile
    scores = [-1.0] * 5 + [0.0]
    alone = [-1.0, 2 * line, 2 * line - 1e-9, -1.0, 0.5, -1.0]
    columns = [told(scores, 0.25, alone=alone), told([0.0] * 6)]
    blender = Blender(columns, np.full((2, 2), 0.5), rules())
    blender.quantile = quantile
    sells, *_ = blender.votes(0, 6, heard)
    assert sells[:, 0].tolist() == sells[:, 1].tolist() == [True, False, True, True, False, False]
    later, *_ = blender.votes(4, 6, heard)
    assert not later.any()
    silent = Blender([columns[0], told([math.nan] * 6)], np.full((2, 2), 0.5), rules())
    sells, *_ = silent.votes(0, 6, None if heard is None else (True, False))
    assert sells[:, 0].tolist() == [True, quantile > 0, True, True, False, False]


@pytest.mark.parametrize("heard", [BOTH, None])
def test_each_set_has_its_own_column_and_doubt(heard: Any) -> None:
    """Three sets of two settings: -0.75 with a doubt of 0.25 (0.125 by half) sells from -0.375
    down, not on it; -0.8 with none does."""
    table = np.array([[-0.75, -0.8], [0.75, -0.75]])
    doubt = np.array([[0.25, 0.0], [0.0, 0.25]])
    varied: Column = (table, doubt, table, np.array([1, 0, 1]))
    lines = rules(3, extreme_below=-0.78)
    blender = Blender([varied, told([0.0, 0.0])], np.full((2, 3), 0.5), lines)
    blender.quantile = 1.0
    sells, buys, weak = blender.votes(0, 2, heard)
    assert sells.tolist() == [[True, False, True], [False, False, False]]
    assert buys.tolist() == [[False, False, False], [False, True, False]]
    assert weak is not None
    assert weak.tolist() == [[True, True, True], [True, False, True]]
    np.testing.assert_array_equal(blender.votes(1, 2, heard)[0], sells[1:])
    mild = Blender([varied, told([1.0, 1.0])], np.full((2, 3), 0.5), lines)
    *_, weak = mild.votes(0, 2, heard)
    assert weak is not None
    assert weak.tolist() == [[True, False, True], [False, False, False]]


def test_a_single_voice_is_the_score_of_every_set() -> None:
    """Each set with lines of its own."""
    lines = rules(exit_below=np.array([-0.5, -0.1]), enter_above=np.array([0.5, 0.1]))
    found = Blender([told([-0.3, 0.3])], np.ones((1, 2)), lines).votes(0, 2, (True,))
    assert [x.tolist() for x in found if x is not None] == [
        [[False, True], [False, False]],
        [[False, False], [False, True]],
        [[True, True], [False, False]],
    ]


def test_rows_are_taken_while_the_same_voices_are_heard() -> None:
    """At most sixteen at a time, and none behind the end."""
    heard = np.array([[True, True]] * 3 + [[True, False]] * 18 + [[True, True]] * 9)
    assert ROWS == 16
    assert list(heard_runs(heard, 25)) == [(0, 3), (3, 19), (19, 21), (21, 25)]
    assert list(heard_runs(heard, 3)) == [(0, 3)]
    assert list(heard_runs(heard, 19)) == [(0, 3), (3, 19)]


# --- the latch ------------------------------------------------------------------------------------


def walked(waits: list[float], votes: str, *, graded: bool = False) -> tuple[list[str], list[str]]:
    """States of each set, a letter a session, and where they changed, as ``x``.

    votes: ``s`` sells, ``b`` buys, ``w`` is weak, ``c`` is weak and buys, ``.`` says nothing.
    """
    n = len(waits)
    latches = Latches(rules(n, wait=np.array(waits)))
    states, changes = [], []
    for vote in votes:
        weak = np.full(n, vote in "wc") if graded else None
        found = latches.step(np.full(n, vote == "s"), np.full(n, vote in "bc"), weak)
        states.append(["OHR"[state] for state in found.tolist()])
        changes.append(["x" if changed else "." for changed in latches.changed.tolist()])
    return ["".join(x) for x in zip(*states, strict=True)], [
        "".join(x) for x in zip(*changes, strict=True)
    ]


def test_a_change_blocks_as_many_sessions_as_the_wait() -> None:
    """Sold on the first session; with a wait of two it is free again on the fourth."""
    states, changes = walked([0, 1, 2, 9], ".sbbbbs.sss")
    assert states == ["HOHHHHOOOOO", "HOOHHHOOOOO", "HOOOHHHHOOO", "HOOOOOOOOOO"]
    assert changes == [".xx...x....", ".x.x..x....", ".x..x...x..", ".x........."]
    assert walked([2, 2], "sbsb")[0] == ["OOOH", "OOOH"]
    assert walked([0], "ssbb") == (["OOHH"], ["x.x."])


def test_a_change_that_was_blocked_blocks_nothing() -> None:
    """Wait of two: sold at 0; buying is refused at 1 and 2 and done at 3; free again at 6."""
    states, _ = walked([2], "sbbbsss")
    assert states == ["OOOHHHO"]


def test_less_is_held_from_a_weak_score_until_one_buys() -> None:
    states, changes = walked([0], "w.bww.cb", graded=True)
    assert states == ["RRHRRRRH"]
    assert changes == ["x.xx...x"]
    states, changes = walked([0], ".wsw.b.", graded=True)
    assert states == ["HROOOHH"]  # what is sold is not reduced, and is bought back whole
    assert changes == [".xx..x."]


# --- accounts -------------------------------------------------------------------------------------


def doubled_and_halved(costs: Costs = FREE, rate: float = 0.0) -> UnitValues:
    return market(prices([100.0, 200.0, 100.0]), rate, costs)


STATES = np.array([[1, 2, 0], [1, 1, 0], [0, 1, 0]], dtype=np.uint8)
"""Sessions by accounts: all until the last, half and then all, nothing."""


def booked(levels: np.ndarray, *, curves: bool = True) -> tuple[Any, np.ndarray]:
    kept = np.full((3, 3), math.nan)
    books = Accounts(doubled_and_halved(), levels, curves=curves, keep=kept)
    changed = np.zeros((3, 3), dtype=bool)
    changed[1:] = STATES[1:] != STATES[:-1]
    for t in range(3):
        books.session(t, STATES[t], changed[t])
        if t:
            books.close_block()
    return books.result(), kept


@pytest.mark.parametrize("same", [True, False])
def test_three_accounts_by_hand(same: bool) -> None:
    """All: 1, 2, 1. Half, then all: 1, 1.5 (a third of it bought for), 0.75. Nothing: 1, 1, 1."""
    levels = np.repeat([[0.0], [1.0], [0.5]], 3, axis=1)
    if not same:
        levels[1:, 2] = 0.7, 0.3  # of the account that holds nothing
    found, kept = booked(levels)
    assert kept.T.tolist() == [[0.0, 1.0, -0.5], [0.0, 0.5, -0.5], [0.0, 0.0, 0.0]]
    assert found.final_equity.tolist() == [1.0, 0.75, 1.0]
    assert found.n_trades.tolist() == [2, 2, 0]
    assert found.traded.tolist() == pytest.approx([1 + 1, 0.5 + 0.5 / 1.5, 0.0])
    assert found.exposure.tolist() == pytest.approx([2 / 3, 2.5 / 3, 0.0])
    assert found.max_drawdown.tolist() == [-0.5, -0.5, 0.0]
    assert found.block_sums.tolist() == [[1.0, 0.5, 0.0], [-0.5, -0.5, 0.0]]
    assert found.block_squares.tolist() == [[1.0, 0.25, 0.0], [0.25, 0.25, 0.0]]
    cubes, fourths = [1 - 0.125, 0.0, 0.0], [1 + 0.0625, 0.125, 0.0]
    assert found.moments.tolist() == [[0.5, 0.0, 0.0], [1.25, 0.5, 0.0], cubes, fourths]


def test_without_curves_only_the_end_and_the_trades_are_known() -> None:
    found, _ = booked(np.repeat([[0.0], [1.0], [0.5]], 3, axis=1), curves=False)
    assert found.final_equity.tolist() == [1.0, 0.75, 1.0]
    assert found.n_trades.tolist() == [2, 2, 0]
    for unknown in (found.traded, found.exposure, found.max_drawdown):
        assert np.isnan(unknown).all()
    assert found.block_sums.shape == found.block_squares.shape == (0, 3)


def test_ends_by_state_alone() -> None:
    """Levels of any number, states as rows of them; a fee of 1 % on what is traded."""
    world = doubled_and_halved()
    levels = np.array([0.0, 1.0, 0.5])
    assert final_equities(world, levels, STATES).tolist() == [1.0, 0.75, 1.0]
    dear = doubled_and_halved(Costs(commission_bps=100.0, spread_bps=0.0))
    (bought, *_, never) = final_equities(dear, levels, STATES)
    assert bought == pytest.approx(1 / 1.01 * 0.99)
    assert never == 1.0


def test_weights_beyond_the_equity_are_owed() -> None:
    """Twice the equity: 3 of 2 on 1 owed; short: 1 sold for 2 of cash, worth 2 when it doubles.

    Owed money costs 36 % and borrowed stock 72 % a year: over one day 0.1 and 0.2 %.
    """
    costs = Costs(spread_bps=0.0, borrow_pct=72.0, margin_pct=36.0)
    world = market(prices([100.0, 150.0]), 0.0, costs)
    states = np.array([[0, 1], [0, 1]], dtype=np.uint8)
    found = final_equities(world, np.array([2.0, -0.5]), states)
    assert found.tolist() == pytest.approx([2 * 1.5 - 1.001, 1.5 - 0.5 * 1.5 * 1.002])


def test_new_target_weights_move_whose_present_one_they_change() -> None:
    base = np.array([[0.0], [1.0], [0.5]])
    state = np.array([0, 1, 2], dtype=np.uint8)
    books = Accounts(doubled_and_halved(), np.repeat(base, 3, axis=1), curves=True)
    assert books.restage(base, state).tolist() == [False] * 3
    less = np.array([[0.0], [0.8], [0.5]])
    assert books.restage(less, state).tolist() == [False, True, False]
    assert books.level is not None
    assert books.level.tolist() == [0.0, 0.8, 0.5]
    assert books.restage(less, state).tolist() == [False] * 3
    each = np.array([[0.0, 0.1, 0.2], [0.8, 0.8, 0.7], [0.5, 0.4, 0.5]])
    assert books.restage(each, state).tolist() == [False, False, False]
    other = each.copy()
    other[0, 0], other[1, 1], other[2, 0] = 0.3, 0.6, 0.9
    assert books.restage(other, state).tolist() == [True, True, False]
    books.session(0, state, np.zeros(3, dtype=bool))
    assert books.held.tolist() == [0.3, 0.6, 0.5]
