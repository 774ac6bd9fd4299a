"""Known answers of the backtests at edges that a sample of planted faults had found open."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from backtests.overfitting import LEVEL, objections
from backtests.sheet_page import MOST_CELLS_WITH_TEXT, _heat
from backtests.sweep import SweepResult
from backtests.tearsheet import Heat
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
