"""Folds by index arithmetic, against skfolio; what is stitched never saw its own future."""

from __future__ import annotations

import warnings
from dataclasses import replace as changed

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtests.sweep import blend_of, make_job, parse_axis, random_sets, run
from backtests.walk_forward import folds, walk_forward
from engine.decision.decide import evaluate
from engine.errors import InputError, OutOfRangeError
from tests.backtests.sweep_world import synthetic_features, synthetic_market, three_voices


def job(n_sets: int = 12):
    axes = [
        parse_axis(a)
        for a in (
            "decision.exit_below=-0.5,-0.1",
            "decision.enter_above=-0.05,0.2",
            "trend.weight=0,1",
        )
    ]
    sets = random_sets(axes, n_sets, seed=2)
    names = [a.name for a in axes]
    return make_job(three_voices(), names, sets, synthetic_features(), synthetic_market(600))


@pytest.mark.parametrize("expanding", [True, False])
@pytest.mark.parametrize(("train", "test", "gap"), [(100, 50, 0), (126, 30, 7)])
def test_folds_are_those_of_skfolio(expanding: bool, train: int, test: int, gap: int) -> None:
    """Rolling and expanding windows with purged sessions, the last test shorter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from skfolio.model_selection import WalkForward

        theirs = list(
            WalkForward(
                test_size=test,
                train_size=train,
                purged_size=gap,
                expand_train=expanding,
                reduce_test=True,
            ).split(np.zeros((600, 1)))
        )

    ours = folds(600, train=train, test=test, purge=gap, expanding=expanding)

    assert len(ours) == len(theirs)
    for fold, (train_rows, test_rows) in zip(ours, theirs, strict=True):
        assert list(range(*fold.train.indices(600))) == train_rows.tolist()
        assert list(range(*fold.test.indices(600))) == test_rows.tolist()


@given(
    st.integers(70, 400),
    st.integers(63, 200),
    st.integers(1, 90),
    st.integers(0, 20),
    st.integers(0, 20),
    st.booleans(),
)
def test_tests_follow_each_other_and_training_ends_a_gap_before(
    sessions: int, train: int, test: int, purge: int, embargo: int, expanding: bool
) -> None:
    if train + purge + embargo >= sessions:
        with pytest.raises(InputError):
            folds(sessions, train=train, test=test, purge=purge, embargo=embargo, expanding=True)
        return
    plan = folds(
        sessions, train=train, test=test, purge=purge, embargo=embargo, expanding=expanding
    )

    tested = [row for f in plan for row in range(f.test.start, f.test.stop)]
    assert tested == list(range(plan[0].test.start, sessions))
    for fold in plan:
        assert fold.test.start - fold.train.stop == purge + embargo
        assert fold.train.stop - fold.train.start >= train
        assert fold.train.start >= 0


def test_each_fold_takes_the_best_set_of_its_own_past() -> None:
    whole = job()
    plan = folds(600, train=200, test=100, purge=5, embargo=5, expanding=True)

    found = walk_forward(whole, plan)

    for result in found.folds:
        past = changed(
            whole, world=whole.world.part(result.fold.train), start=result.fold.train.start
        )
        assert result.row == run(past).best
        target = evaluate(blend_of(whole, result.row), whole.features).target_weight
        rows = result.fold.test
        stitched = found.target_weight[rows.start - found.first : rows.stop - found.first]
        np.testing.assert_array_equal(stitched, target[rows])


def test_what_comes_later_changes_no_earlier_choice() -> None:
    """Prices after a fold's test may do what they like."""
    whole = job()
    plan = folds(600, train=200, test=100, purge=5, embargo=5, expanding=True)
    world = whole.world
    wild = np.where(np.arange(600) >= 320, np.arange(600) % 7 + 1.0, 1.0)
    poisoned = changed(
        whole,
        world=changed(
            world, stock_fill=world.stock_fill * wild, stock_close=world.stock_close * wild
        ),
    )

    before, after = walk_forward(whole, plan), walk_forward(poisoned, plan)

    assert [f.row for f in before.folds[:2]] == [f.row for f in after.folds[:2]]
    np.testing.assert_array_equal(before.path.equity[:105], after.path.equity[:105])


@pytest.mark.parametrize(("name", "value"), [("train", 10), ("test", 0), ("purge", -1)])
def test_a_plan_that_makes_no_sense_is_named(name: str, value: int) -> None:
    plan = {"train": 100, "test": 20, "purge": 0} | {name: value}

    with pytest.raises(OutOfRangeError, match=name):
        folds(600, embargo=0, expanding=True, **plan)


def test_a_window_without_room_for_a_test_is_refused() -> None:
    with pytest.raises(InputError, match="leave nothing of 150 sessions"):
        folds(150, train=150, test=10, expanding=True)
