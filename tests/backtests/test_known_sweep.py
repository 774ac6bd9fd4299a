"""Known answers of a sweep's bounds, chunks, stages and figures, by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from backtests import sweep
from backtests.sweep import GridAxis, SweepJob, SweepResult, grid, make_job, random_sets
from config.strategy import Rule
from engine.errors import DataError, InputError, OutOfRangeError
from tests.backtests.sweep_world import (
    full_voices,
    synthetic_features,
    synthetic_market,
    three_voices,
)

WAIT = "decision.min_sessions_between_changes"


def job(*axes: str, sets: Any = ((0.5,),), n: int = 64, **more: Any) -> SweepJob:
    given = {"blend": three_voices(), "features": synthetic_features(n),
             "world": synthetic_market(n), **more}  # fmt: skip
    blend, features, world = (given.pop(k) for k in ("blend", "features", "world"))
    table = np.array(sets, dtype=np.float64)
    return make_job(blend, axes or ("trend.weight",), table, features, world, **given)


# --- bounds ---------------------------------------------------------------------------------------


def test_a_grid_and_a_draw_are_taken_up_to_the_most_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "MOST_SETS", 4)
    two, five = (GridAxis(name=name, values=tuple(map(float, range(n)))) for name, n in
                 (("a", 2), ("b", 5)))  # fmt: skip
    assert grid([two, replace(two, name="c")]).shape == (4, 2)
    with pytest.raises(InputError, match="the grid is empty"):
        grid([two, GridAxis(name="c", values=())])
    assert grid([GridAxis(name="c", values=(7.0,))]).tolist() == [[7.0]]
    with pytest.raises(InputError, match="the grid has 5 sets"):
        grid([five])
    assert random_sets([five], 4, 1).shape == (4, 1)
    with pytest.raises(OutOfRangeError):
        random_sets([five], 5, 1)
    assert len(sweep.parse_axis("a=0:1:4").values) == 4
    with pytest.raises(InputError, match="asks for 5 values"):
        sweep.parse_axis("a=0:1:5")


@pytest.mark.parametrize(
    ("n", "curves", "fine"), [(32, True, True), (31, True, False), (31, False, True)]
)
def test_curves_need_two_sessions_a_block(n: int, curves: bool, fine: bool) -> None:
    if fine:
        assert job(n=n, curves=curves).blocks == 16
        return
    with pytest.raises(InputError, match="31 sessions are too few for 16 blocks"):
        job(n=n, curves=curves)


@pytest.mark.parametrize(("start", "fine"), [(0, True), (36, True), (37, False), (-1, False)])
def test_the_window_lies_within_the_record(start: int, fine: bool) -> None:
    given = {"features": synthetic_features(100), "world": synthetic_market(64), "start": start}
    if fine:
        assert job(**given).start == start
        return
    with pytest.raises(DataError, match="does not fit the 100 sessions"):
        job(**given)


@pytest.mark.parametrize(
    ("axis", "fine", "wrong"),
    [
        (WAIT, (0.0, 252.0), (-1.0, 253.0, 1.5)),
        ("decision.hold_weight", (-1.0, 2.0), (-1.01, 2.01)),
        ("decision.sell_weight", (-1.0, 2.0), (-1.01, 2.01)),
        ("decision.exit_below", (-1.0, -0.06), (-1.01, -0.05, 0.0)),  # bought from -0.05 on
        ("trend.weight", (0.0, 1000.0), (-0.1, 1000.1)),
    ],
)
def test_each_number_of_a_rule_has_its_bounds(
    axis: str, fine: tuple[float, ...], wrong: tuple[float, ...]
) -> None:
    assert len(job(axis, sets=[[x] for x in fine]).sets) == len(fine)
    for value in wrong:
        with pytest.raises(InputError):
            job(axis, sets=[[fine[0]], [value]])


def test_sets_that_are_no_rule_are_told_apart() -> None:
    """Sold below, reduced above that, bought above; a voice with any weight; NaN grades nothing."""
    axes = ("decision.exit_below", "decision.enter_above", "decision.reduce_below")
    sets = np.array([[-0.2, 0.1, -0.1], [0.1, 0.1, 0.2], [-0.2, 0.1, -0.2], [-0.2, 0.1, math.nan]])
    graded = three_voices(Rule(exit_below=-0.2, enter_above=0.1, reduce_below=-0.1))
    found = sweep.rules_among(graded, axes[:2], sets[:2, :2])
    assert found.tolist() == [True, False]
    assert sweep.rules_among(graded, axes, sets[:3]).tolist() == [True, False, False]
    assert sweep.rules_among(three_voices(), axes[:1], np.array([[-0.06]])).tolist() == [True]
    voices = [f"{v.strategy.name}.weight" for v in three_voices().voices]
    silent = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.1]])
    assert sweep.rules_among(three_voices(), voices, silent).tolist() == [False, True]
    with pytest.raises(InputError, match=r"set 1 is no rule: exit_below = 0.1, enter_above = 0.1"):
        job(*axes[:2], sets=sets[:2, :2])


def test_a_drawn_wait_is_whole_and_reaches_both_its_ends() -> None:
    """Of 64 draws between two numbers none lacks one, but once in 2**63; another axis is not
    rounded, and one value stays."""
    axes = [GridAxis(name=WAIT, values=(5.0, 4.0)), GridAxis(name="a", values=(0.5, 3.0, -1.0)),
            GridAxis(name="b", values=(0.7,))]  # fmt: skip
    drawn = random_sets(axes, 64, 1)
    assert set(drawn[:, 0].tolist()) == {4.0, 5.0}
    assert -1 < drawn[:, 1].min() < 0 < 2 < drawn[:, 1].max() < 3
    assert set(drawn[:, 2].tolist()) == {0.7}


# --- chunks ---------------------------------------------------------------------------------------


def test_chunks_are_slices_and_the_last_is_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four sets a chunk with curves, four times as many without."""
    monkeypatch.setattr(sweep, "CHUNK", 4)
    sets = [[x / 10] for x in range(1, 10)]
    nine, eight = job(sets=sets), job(sets=sets[:8])
    assert (nine.chunk_size, nine.n_chunks, eight.n_chunks) == (4, 3, 2)
    assert [nine.part(n) for n in range(3)] == [slice(0, 4), slice(4, 8), slice(8, 9)]
    bare = job(sets=sets, curves=False)
    assert (bare.chunk_size, bare.n_chunks, bare.part(0)) == (16, 1, slice(0, 9))
    alone = sweep.only(nine, 1)
    assert alone.sets.tolist() == sets[4:8]
    np.testing.assert_array_equal(
        sweep.run_chunk(alone, 0).final_equity, sweep.run_chunk(nine, 1).final_equity
    )
    for number in (-1, 3):
        with pytest.raises(DataError, match=f"chunk {number} of 3"):
            sweep.run_chunk(nine, number)
    with pytest.raises(DataError, match="2 of 3 chunks are missing"):
        sweep.gather(nine, {1: sweep.run_chunk(nine, 1)})
    assert sweep.excess_returns_of(nine, range(4)).shape == (64, 4)
    with pytest.raises(DataError, match="5 curves asked for, at most 4"):
        sweep.excess_returns_of(nine, range(5))


def test_blocks_are_as_equal_as_whole_sessions_allow() -> None:
    assert sweep.block_edges(10, 4).tolist() == [0, 2, 5, 7, 10]
    assert sweep.gather(job(), {0: sweep.run_chunk(job(), 0)}).block_rows.tolist() == [4] * 16


CHANGED: dict[str, Callable[[SweepJob], SweepJob]] = {
    "axes": lambda j: replace(j, axes=("rate_path.weight",)),
    "start": lambda j: replace(j, start=1),
    "curves": lambda j: replace(j, curves=False),
    "blocks": lambda j: replace(j, blocks=8),
    "sets": lambda j: replace(j, sets=j.sets + 1e-12),
    "rule": lambda j: replace(j, blend=replace(j.blend, rule=Rule(exit_below=-0.2, enter_above=0))),
    "voice": lambda j: replace(j, blend=replace(j.blend, voices=j.blend.voices[1:])),
    "weight": lambda j: replace(
        j, blend=replace(j.blend, voices=(replace(j.blend.voices[0], weight=0.51),
                                          *j.blend.voices[1:]))),
    "risk": lambda j: replace(j, blend=replace(j.blend, risk=full_voices().risk)),
    "valuation": lambda j: replace(j, blend=replace(j.blend, valuation=full_voices().valuation)),
    "held": lambda j: replace(j, bearing=replace(j.bearing, held=j.bearing.held - 0.5)),
    "floor": lambda j: replace(j, bearing=replace(j.bearing, floor_scale=j.bearing.held / 2)),
    "costs": lambda j: replace(j, world=replace(j.world, costs=replace(j.world.costs,
                                                                     spread_bps=11.0))),
    "fill": lambda j: replace(j, world=replace(j.world, stock_fill=j.world.stock_fill * 2)),
    "close": lambda j: replace(j, world=replace(j.world, stock_close=j.world.stock_close * 2)),
    "cash": lambda j: replace(j, world=replace(j.world, cash=j.world.cash * 2)),
    "feature": lambda j: replace(j, features=replace(
        j.features, values={**j.features.values, "vix": j.features.values["vix"] + 1})),
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(CHANGED))
def test_whatever_changes_a_result_changes_the_name_of_the_job(what: str) -> None:
    one = job()
    assert job().digest == one.digest
    assert CHANGED[what](one).digest != one.digest


# --- stages and figures ---------------------------------------------------------------------------


def test_target_weights_follow_risk_and_valuation() -> None:
    """Base 0.1, 1 and 0.5; held between the floor and the whole, the floor where risk sells."""
    bearing: Any = SimpleNamespace(
        floor_scale=np.array([1.0, 0.5, 1.0, 1.0]), held=np.array([1.5, 0.4, 0.05, 0.4]),
        sells=np.array([False, False, False, True]), said="risk",
    )  # fmt: skip
    stages = sweep._Stages(base=np.array([[0.1], [1.0], [0.5]]), bearing=bearing)
    assert [stages.at(row).ravel().tolist() for row in range(4)] == [
        [0.1, 1.0, 0.5], [0.05, 0.4, 0.4], [0.1, 0.1, 0.1], [0.1, 0.1, 0.1],
    ]  # fmt: skip
    bearing.said = None
    assert stages.at(3).ravel().tolist() == [0.1, 1.0, 0.5]


def figures(moments: Any, n: int) -> SweepResult:
    given: Any = {
        "job": SimpleNamespace(world=[0] * n), "block_rows": np.zeros(1, dtype=np.int64),
        "totals": SimpleNamespace(moments=np.array(moments)),
    }  # fmt: skip
    return SweepResult(**given)


def test_shape_and_ratio_of_sums_of_powers() -> None:
    """1, 2, 3, 6: sums 12, 50, 252, 1394; as centred by hand 18 / 4 and 98 / 4 over 3.5."""
    found = figures([[12.0], [50.0], [252.0], [1394.0]], 4)
    assert found.shape_of(0) == pytest.approx((4.5 / 3.5**1.5, 24.5 / 3.5**2))
    assert found.sharpe[0] == pytest.approx(3 / math.sqrt(14 / 3))


def test_the_best_is_the_first_of_the_highest() -> None:
    """Sums of two returns; squares as large as they can be, so that the mean decides."""
    sums, squares = [0.0, 4.0, 4.0, 2.0], [10.0, 10.0, 10.0, 10.0]
    assert figures([sums, squares], 2).best == 1
    assert figures([[0.0, 0.0], [0.0, 0.0]], 2).best == 0
    assert figures([[2.0, 4.0], [2.0, 10.0]], 2).best == 1  # the first does not vary


def test_a_set_is_a_blend_of_its_own() -> None:
    axes = (WAIT, "trend.weight", "trend.scale_sd", "decision.exit_below")
    made = job(*axes, sets=[[3.0, 0.7, 1.5, -0.4], [4.0, 0.8, 1.6, -0.5]])
    blend = sweep.blend_of(made, 1)
    assert blend.rule == made.blend.rule.model_copy(
        update={"min_sessions_between_changes": 4, "exit_below": -0.5}
    )
    assert isinstance(blend.rule.min_sessions_between_changes, int)
    assert [v.weight for v in blend.voices] == [0.5, 0.8, 0.2]
    first, trend, _ = blend.voices
    assert trend.params == {**made.blend.voices[1].params, "scale_sd": 1.6}
    assert first == made.blend.voices[0]
    result: Any = SweepResult(job=made, totals=None, block_rows=None)  # type: ignore[arg-type]
    assert result.params_of(0) == dict(zip(axes, (3.0, 0.7, 1.5, -0.4), strict=True))
    names = sweep.axis_names(made.blend)
    assert names[:3] == ("decision.exit_below", "decision.enter_above", "decision.reduce_below")
    at = names.index("trend.weight")
    assert names[at + 1 : at + 1 + len(trend.params)] == tuple(f"trend.{p}" for p in trend.params)
