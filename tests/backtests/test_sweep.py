"""The sweep against the very functions that decide live, set by set, bit by bit."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from backtests import sweep
from backtests.accounts import Chunk
from backtests.metrics import excess_returns, moments
from backtests.replay import Costs, replay
from config.strategy import Rule
from engine.decision.decide import evaluate
from engine.errors import DataError, InputError, OutOfRangeError, UnknownNameError
from tests.backtests.sweep_world import (
    Given,
    full_voices,
    one_voice,
    synthetic_features,
    synthetic_market,
    three_voices,
)

AXES = (
    "decision.exit_below=-0.5,-0.1",
    "decision.enter_above=-0.05,0.2",
    "decision.min_sessions_between_changes=0,9",
    "fp8_threat.weight=0,1",
    "fp8_threat.half_life_sessions=5,90",
    "trend.scale_sd=0.3,2",
)


def random_job(n_sets: int = 40, *, holes: bool = True, rule: Rule | None = None) -> sweep.SweepJob:
    axes = [sweep.parse_axis(a) for a in AXES]
    return sweep.make_job(
        three_voices(rule),
        [a.name for a in axes],
        sweep.random_sets(axes, n_sets, seed=7),
        synthetic_features(holes=holes),
        synthetic_market(600),
    )


GRADED = Rule(
    exit_below=-0.2,
    enter_above=0.0,
    hold_weight=1.3,
    sell_weight=-0.4,
    reduce_below=-0.04,
    reduce_weight=0.6,
)


SAME_WEIGHTS = GRADED.model_copy(update={"hold_weight": 0.6})
"""Reduced is the full weight: a weak score changes the state and nothing is traded."""


@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("rule", [None, GRADED, SAME_WEIGHTS])
def test_every_set_is_the_live_decision_replayed_bit_for_bit(
    holes: bool, rule: Rule | None
) -> None:
    """evaluate + replay on each set alone give the same final equity, trades and returns."""
    job = random_job(holes=holes, rule=rule)

    found = sweep.run(job)
    excess = sweep.excess_returns_of(job, range(len(job.sets)))

    for row in range(len(job.sets)):
        target = evaluate(sweep.blend_of(job, row), job.features).target_weight
        alone = replay(job.world, target)
        assert found.totals.final_equity[row] == alone.final_equity
        assert found.totals.n_trades[row] == len(alone.trades)
        assert found.totals.traded[row] == pytest.approx(alone.turnover.sum(), rel=1e-12)
        assert found.totals.exposure[row] == pytest.approx(target.mean(), rel=1e-12, abs=1e-15)
        np.testing.assert_array_equal(excess[:, row], excess_returns(alone))


@pytest.mark.parametrize("holes", [False, True])
def test_the_full_rule_is_swept_bit_for_bit(holes: bool) -> None:
    """Risk, floor, extremes, chance and ignorance: each set as it would be decided alone."""
    axes = [sweep.parse_axis(a) for a in AXES]
    features = synthetic_features(holes=holes)
    world = synthetic_market(600)
    sets = sweep.random_sets(axes, 40, seed=11)
    job = sweep.make_job(full_voices(), [a.name for a in axes], sets, features, world)

    found = sweep.run(job)
    plain = sweep.run(replace(job, curves=False))

    met = np.zeros(5, dtype=np.bool_)
    for row in range(len(sets)):
        told = evaluate(sweep.blend_of(job, row), features)
        alone = replay(world, told.target_weight)
        assert found.totals.final_equity[row] == alone.final_equity
        assert plain.totals.final_equity[row] == alone.final_equity
        assert found.totals.n_trades[row] == len(alone.trades)
        seen = (told.reduced, ~told.holding, told.bearing.sells, told.withheld, ~told.known)
        met |= [bool(kind.any()) for kind in seen]
    assert met[:4].all()
    assert met[4] == holes


def test_the_moments_are_those_of_the_path() -> None:
    """Sharpe, skewness and kurtosis from block sums equal the moments of the returns."""
    job = random_job()
    found = sweep.run(job)
    excess = sweep.excess_returns_of(job, range(len(job.sets)))
    edges = sweep.block_edges(600, 16)

    for row in range(len(job.sets)):
        slow = moments(excess[:, row])
        if slow.sharpe is None:
            continue
        assert found.sharpe[row] == pytest.approx(slow.sharpe, rel=1e-9, abs=1e-12)
        assert found.shape_of(row) == pytest.approx((slow.skewness, slow.kurtosis), rel=1e-7)
    sums = np.add.reduceat(excess, edges[:-1], axis=0)
    np.testing.assert_allclose(found.totals.block_sums, sums, rtol=1e-10, atol=1e-14)


def test_the_drawdown_is_that_of_the_path() -> None:
    from backtests.metrics import drawdowns

    job = random_job(12)
    found = sweep.run(job)

    for row in range(12):
        target = evaluate(sweep.blend_of(job, row), job.features).target_weight
        fall = drawdowns(replay(job.world, target).equity, 1.0).min()
        assert found.totals.max_drawdown[row] == pytest.approx(fall, abs=1e-14)


def test_a_score_on_the_threshold_is_decided_as_live() -> None:
    """Scores equal to exit_below, and one ulp below it: the exact sums decide."""
    features = synthetic_features(64, holes=False)
    edge = -0.3
    features.values["given"][:] = 0.5
    features.values["given"][[10, 20]] = edge, np.nextafter(edge, -1)
    job = sweep.make_job(
        one_voice(Rule(exit_below=edge, enter_above=0.0, min_sessions_between_changes=0)),
        ["decision.exit_below"],
        np.array([[edge], [-0.4]]),
        features,
        synthetic_market(64),
    )

    found = sweep.run(job)

    assert found.totals.n_trades.tolist() == [3, 1]


def test_the_account_may_begin_after_the_record() -> None:
    """The latch remembers what came before the window; the account starts in cash."""
    features, world = synthetic_features(), synthetic_market(200)
    sets = np.array([[w] for w in (0.1, 0.4, 1.0, 2.0, 9.0)])
    job = sweep.make_job(three_voices(), ["trend.weight"], sets, features, world, start=350)

    found = sweep.run(job)

    targets = [
        evaluate(sweep.blend_of(job, row), features).target_weight[350:550] for row in range(5)
    ]
    assert {target[0] for target in targets} == {0.0, 1.0}
    for row, target in enumerate(targets):
        assert found.totals.final_equity[row] == replay(world, target).final_equity


def test_more_sets_than_a_chunk_and_more_settings_than_are_kept() -> None:
    """Chunks join in order; settings beyond the table are computed chunk by chunk, same bits."""
    axes = [sweep.parse_axis(a) for a in AXES]
    sets = sweep.random_sets(axes, sweep.CHUNK + 5, seed=1)
    names = [a.name for a in axes]
    features, world = synthetic_features(120), synthetic_market(120)

    many = sweep.run(sweep.make_job(three_voices(), names, sets, features, world))
    few = sweep.run(sweep.make_job(three_voices(), names, sets[-7:], features, world))

    for f in fields(Chunk):
        whole, part = getattr(many.totals, f.name), getattr(few.totals, f.name)
        np.testing.assert_array_equal(whole[..., -7:], part)


def test_finished_chunks_are_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep cut off after a chunk resumes with the rest and gives the same bytes."""
    monkeypatch.setattr(sweep, "CHUNK", 16)
    job = random_job(40)
    kept: dict[int, Chunk] = {}

    def stop_after_two(number: int, chunk: Chunk) -> None:
        kept[number] = chunk
        if len(kept) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep.run(job, on_chunk=stop_after_two)
    again: list[int] = []
    resumed = sweep.run(job, done=kept, on_chunk=lambda n, _: again.append(n))

    assert again == [2]
    np.testing.assert_array_equal(resumed.totals.final_equity, sweep.run(job).totals.final_equity)


def test_the_best_set_has_the_highest_sharpe() -> None:
    found = sweep.run(random_job())

    assert found.sharpe[found.best] == np.nanmax(found.sharpe)
    assert set(found.params_of(found.best)) == set(found.job.axes)


# --- grids ----------------------------------------------------------------------------------------


def test_a_range_has_both_ends_and_a_list_its_order() -> None:
    assert sweep.parse_axis("decision.exit_below=-0.4:-0.1:4").values == (-0.4, -0.3, -0.2, -0.1)
    assert sweep.parse_axis("trend.weight=0.3,0.1").values == (0.3, 0.1)


def test_the_grid_is_the_product_with_the_last_axis_fastest() -> None:
    axes = [sweep.GridAxis(name="a", values=(1, 2)), sweep.GridAxis(name="b", values=(3, 4, 5))]

    assert sweep.grid(axes)[:4].tolist() == [[1, 3], [1, 4], [1, 5], [2, 3]]


def test_random_sets_follow_from_the_seed_and_stay_in_range() -> None:
    axes = [sweep.parse_axis(a) for a in AXES]
    first, second = (sweep.random_sets(axes, 50, seed=4) for _ in range(2))

    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, sweep.random_sets(axes, 50, seed=5))
    for column, axis in zip(first.T, axes, strict=True):
        assert min(axis.values) <= column.min() <= column.max() <= max(axis.values)
    assert (first[:, 2] == np.floor(first[:, 2])).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("trend.weight", "names no values"),
        ("trend.weight=", "names no values"),
        ("trend.weight=a,b", "not numbers"),
        ("trend.weight=1:2", "not numbers"),
        ("trend.weight=1:2:0", "asks for 0"),
        ("trend.weight=nan", "finite"),
        ("trend.weight=1,1", "twice"),
    ],
)
def test_a_bad_axis_is_named(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        sweep.parse_axis(text)


def make(axis: str, *values: float) -> sweep.SweepJob:
    sets = np.array(values, dtype=np.float64).reshape(-1, 1)
    return sweep.make_job(
        three_voices(), [axis], sets, synthetic_features(100), synthetic_market(100)
    )


def test_an_unknown_parameter_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'fp8_threat\.scale_pct'"):
        make("fp8_threat.scal_pct", 1.0)


@pytest.mark.parametrize(
    ("axis", "value"),
    [
        ("fp8_threat.scale_pct", -3.0),
        ("trend.weight", -1.0),
        ("decision.exit_below", -2.0),
        ("decision.hold_weight", 3.0),
        ("decision.exit_below", 0.5),
        ("decision.min_sessions_between_changes", 2.5),
    ],
)
def test_values_that_make_no_rule_are_refused(axis: str, value: float) -> None:
    with pytest.raises(InputError):
        make(axis, value)


def test_a_value_out_of_range_says_what_is_allowed() -> None:
    with pytest.raises(OutOfRangeError, match="greater than 0 to 100"):
        make("fp8_threat.scale_pct", 0.0)


def test_an_empty_grid_is_refused() -> None:
    with pytest.raises(InputError, match="grid is empty"):
        make("trend.weight")


def test_a_window_shorter_than_its_blocks_is_refused() -> None:
    with pytest.raises(InputError, match="too few for 16 blocks"):
        sweep.make_job(
            three_voices(),
            ["trend.weight"],
            np.array([[1.0]]),
            synthetic_features(20),
            synthetic_market(20),
        )


def test_a_strategy_that_raises_is_named_with_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Given, levels: object, p: object) -> None:
        raise ZeroDivisionError("no luck")

    monkeypatch.setattr(Given, "score", broken)

    with pytest.raises(DataError, match="strategy given raised ZeroDivisionError: no luck"):
        sweep.make_job(
            one_voice(Rule(exit_below=-0.2, enter_above=0.1)),
            ["decision.exit_below"],
            np.array([[-0.3]]),
            synthetic_features(100),
            synthetic_market(100),
        )


def test_a_taxed_sweep_is_refused() -> None:
    with pytest.raises(InputError, match="no tax rate"):
        sweep.make_job(
            three_voices(),
            ["trend.weight"],
            np.array([[1.0]]),
            synthetic_features(100),
            synthetic_market(100, costs=Costs(tax_rate=0.2)),
        )
