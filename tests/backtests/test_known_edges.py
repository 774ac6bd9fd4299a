"""Known answers of the backtests at edges that a sample of planted faults had found open."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from backtests import observables, sweep, worlds
from backtests.overfitting import LEVEL, _half_sharpe, objections
from backtests.reliability import score_chance
from backtests.sheet_page import MOST_CELLS_WITH_TEXT, _heat
from backtests.sweep import SweepResult
from backtests.tearsheet import Heat
from engine.decision.risk import Chance
from engine.errors import DataError, OutOfRangeError
from engine.report.blocks import Table
from engine.report.i18n import voice
from tests.backtests.test_known_answers import GOOD

EXACTLY = 1 - LEVEL


@pytest.mark.parametrize(("p", "n"), [(EXACTLY, 0), (math.nextafter(EXACTLY, 1), 1)])
def test_a_level_that_is_met_exactly_is_met(p: float, n: int) -> None:
    assert len(objections(replace(GOOD, p_value_random_timing=p))) == n


@pytest.mark.parametrize("size", [1.0, 1e-10])
def test_a_ratio_of_many_sets_does_not_hang_on_the_size_of_returns(size: float) -> None:
    """Returns of 1 and 3, or of 5 and 5: mean 2 over a deviation of sqrt(2), or nothing."""
    moments = np.array([[4.0 * size, 10.0 * size], [10.0 * size**2, 50.0 * size**2]])
    result: Any = SweepResult(
        job=SimpleNamespace(world=[0, 0]),  # type: ignore[arg-type]
        totals=SimpleNamespace(moments=moments),  # type: ignore[arg-type]
        block_rows=np.zeros(1, dtype=np.int64),
    )
    assert result.n_obs == 2
    assert result.sharpe[0] == pytest.approx(2 / math.sqrt(2))
    assert math.isnan(result.sharpe[1])


@pytest.mark.parametrize(("wide", "written"), [(MOST_CELLS_WITH_TEXT, 28), (15, 1)])
def test_a_grid_of_fourteen_columns_has_its_figures(wide: int, written: int) -> None:
    """A wider one writes the chosen cell alone, and every fourth heading."""
    heat = Heat(
        x_name="a", y_name="b", x=tuple(float(n) for n in range(wide)), y=(1.0, 2.0),
        values=np.arange(2.0 * wide).reshape(2, wide), chosen=(1, 2),
    )  # fmt: skip
    table = next(b for b in _heat(heat, voice("en")) if isinstance(b, Table))
    cells = [cell for row in table.rows for cell in row if cell.shade is not None]
    assert MOST_CELLS_WITH_TEXT == 14
    assert sum(bool(cell.text) for cell in cells) == written
    assert [cell.shade for cell in cells][:2] == [0, round(100 / (2 * wide - 1))]


def test_a_ratio_over_chosen_blocks_by_hand() -> None:
    """Blocks of two sessions: 1, 3 and 5, 7; together 4 over sqrt(20 / 3), alone 2 / sqrt 2."""
    sums = np.array([[4.0], [12.0], [4.0]])
    squares = np.array([[10.0], [74.0], [8.0]])
    chosen = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    found = _half_sharpe(chosen, sums, squares, np.array([2, 2, 2]))
    assert found[:, 0] == pytest.approx([4 / math.sqrt(20 / 3), 2 / math.sqrt(2), 0.0])


@pytest.mark.parametrize(("weight", "fine"), [(0.0, True), (1_000.0, True), (1_000.5, False),
                                              (-0.5, False)])  # fmt: skip
def test_a_weight_of_a_grid_has_its_bounds(
    monkeypatch: pytest.MonkeyPatch, weight: float, fine: bool
) -> None:
    axes = ("trend.weight", "decision.exit_below")
    monkeypatch.setattr(sweep, "axis_names", lambda blend: axes)
    blend: Any = None
    for line, sound in ((-1.0, True), (1.0, True), (1.01, False), (-1.01, False)):
        sets = np.array([[0.5, 0.0], [weight, line]])
        if fine and sound:
            sweep._check_axes(blend, axes, sets)
        else:
            with pytest.raises(OutOfRangeError):
                sweep._check_axes(blend, axes, sets)


@pytest.mark.parametrize(("n", "block"), [(2, 1.0), (9, 3.0), (10_000, observables.BLOCK)])
def test_blocks_of_what_was_told_are_a_third_of_it(
    monkeypatch: pytest.MonkeyPatch, n: int, block: float
) -> None:
    asked: list[tuple[int, float, int]] = []
    monkeypatch.setattr(
        observables, "bootstrap_rows", lambda *given: asked.append(given[:3]) or np.zeros((1, n))
    )
    observables._blocks(n)
    assert asked == [(n, block, observables.DRAWS)]


def test_what_was_said_and_its_model_have_skills_of_their_own() -> None:
    """Of four days one came. Said 1, 0, 0, 0; model 0.5, 0, 0, 0; base a quarter each."""
    came = np.array([1.0, 0.0, 0.0, 0.0, np.nan])
    said = np.array([1.0, 0.0, 0.0, 0.0, 0.5])
    chance = Chance(
        chance=said, base=np.full(5, 0.25), model=said / 2, weight=np.array([0, 1, 2, 5, 9.0]),
        outcome=came, scored=np.arange(5), horizon=2,
    )  # fmt: skip
    found = score_chance(chance, np.array([True, True, True, True, True]))
    assert (found.n, found.rate, found.said) == (4, 0.25, 0.25)
    assert (found.brier, found.brier_of_base) == (0.0, 0.1875)
    assert (found.skill, found.of_model) == (1.0, pytest.approx(1 - 0.0625 / 0.1875))
    assert (found.weight, found.weight_now) == (2.0, 9.0)
    with pytest.raises(DataError):
        score_chance(chance, np.array([False, False, False, False, True]))


def test_a_spell_begins_within_the_stock() -> None:
    """And is left with the chance that makes three sessions of ten outside."""
    leave = worlds.OUT_SHARE / (1 - worlds.OUT_SHARE) / worlds.OUT_SPELL

    def drawn(*chances: float) -> list[float]:
        rng: Any = SimpleNamespace(random=lambda n: np.array(chances))
        return worlds._spells(len(chances), rng).tolist()

    back = 1 / worlds.OUT_SPELL
    assert drawn(leave, leave - 1e-9, back, back - 1e-9) == [1.0, 0.0, 0.0, 1.0]
    assert drawn(0.0, 0.999, 0.999) == [0.0, 0.0, 0.0]
