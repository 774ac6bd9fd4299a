"""Rows of news: of which types they are, and which are found again that were kept; by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from config.events import Impulse
from engine.decision.features import NewsBegun, build
from engine.decision.news_impulses import FIGURES
from engine.record.history import History
from tests.engine.decision.small_worlds import WEIGHTS, grid_of, told, weekdays
from tests.engine.decision.test_known_answers import news, spell
from tests.engine.decision.test_known_rates import Memo

DAYS = weekdays(date(2025, 1, 6), 6)


@pytest.mark.parametrize(
    ("event_type", "voice", "size"),
    [
        ("export_restriction", "policy", -6.0), ("chip_launch", "domestic", -3.0),
        ("capex_cut", "demand", -4.0), ("other", "", 0.0),
    ],
)  # fmt: skip
def test_news_of_each_of_the_three_voices_moves_its_own(
    event_type: str, voice: str, size: float
) -> None:
    cut = {"capex_cut": Impulse(impulse_pct=4, source="made up")}
    made = build(
        History([]), grid_of(DAYS), ratings=(), events=[news(DAYS, 2, event_type=event_type)],
        weights=WEIGHTS.model_copy(update={"demand": cut}),
    ).values  # fmt: skip
    for name in ("policy", "domestic", "demand"):
        moved = size if name == voice else 0.0
        assert made[f"{name}_impulse_pct"][2:].tolist() == [moved, 0.0, 0.0, 0.0]


OPEN = spell("H20", DAYS[0], "allowed", "accepted")


class Counted(Memo):
    """Counts what is put into it, too."""

    puts = 0

    def put(self, key: str, value: Any) -> None:
        super().put(key, value)
        self.puts += 1


def numbered(rows: int) -> dict[str, Any]:
    """0, 1, 2 … of the first figure, 10, 11, 12 … of the second."""
    return {name: np.arange(float(rows)) + 10 * n for n, name in enumerate(FIGURES)}


@pytest.fixture
def kept() -> Counted:
    """Of five rows that begin on Monday, with the gates open."""
    memo = Counted()
    NewsBegun(History([OPEN]), grid_of(DAYS[:5]), WEIGHTS, memo).keep(numbered(5))
    return memo


def test_rows_that_were_kept_are_found_and_only_new_ones_are_put(kept: Counted) -> None:
    whole = [tuple(range(row, row + 60, 10)) for row in range(6)]
    again = NewsBegun(History([OPEN]), grid_of(DAYS[:5]), WEIGHTS, kept)
    assert [tuple(row) for row in again.rows] == whole[:5]
    longer = NewsBegun(History([OPEN]), grid_of(DAYS), WEIGHTS, kept)
    assert [tuple(row) for row in longer.rows] == whole[:5]
    longer.keep(numbered(6))
    assert (len(kept), kept.puts) == (6, 6)
    assert [tuple(row) for row in NewsBegun(
        History([OPEN]), grid_of(DAYS), WEIGHTS, kept
    ).rows] == whole  # fmt: skip
    del kept[list(kept)[2]]
    cut = NewsBegun(History([OPEN]), grid_of(DAYS), WEIGHTS, kept)
    assert len(cut.rows) == 2
    cut.keep(numbered(6))
    assert (len(kept), kept.puts) == (6, 6 + 4)


def test_rows_are_kept_of_one_first_row_and_one_set_of_weights(kept: Counted) -> None:
    later = NewsBegun(History([OPEN]), grid_of(DAYS[1:]), WEIGHTS, kept)
    assert later.rows == []
    other = WEIGHTS.model_copy(update={"policy": {}})
    assert NewsBegun(History([OPEN]), grid_of(DAYS), other, kept).rows == []


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("event", 3), ("headline", 3), ("rule", 3), ("rule_inspection", 3), ("filing", 3),
        ("availability", 3), ("coverage", 3), ("bar", 5), ("observation", 5), ("policy_event", 5),
    ],
)  # fmt: skip
def test_a_fact_that_moves_news_makes_other_rows_from_its_own_on(
    kept: Counted, kind: str, rows: int
) -> None:
    """Known on the evening of the third day: the fourth row is another."""
    more = [OPEN, told(kind, "k", DAYS[2])]
    assert len(NewsBegun(History(more), grid_of(DAYS[:5]), WEIGHTS, kept).rows) == rows


def test_features_are_the_same_with_what_was_kept_and_it_is_used() -> None:
    """A bar of 6 % on row 2; what is kept is believed, and each new row is kept."""
    history, memo = History([OPEN]), Counted()

    def made(rows: int, memo: Memo | None = None) -> Any:
        days = DAYS[:rows]
        return build(
            history, grid_of(days), ratings=(), events=[news(days, 2)], weights=WEIGHTS, memo=memo
        ).values

    plain = made(5)
    assert plain["policy_impulse_pct"][2] == -6.0
    for found in (made(5, memo), made(5, memo)):
        assert all(found[name].tobytes() == array.tobytes() for name, array in plain.items())
    assert (len(memo), memo.puts, memo.read) == (5, 5, 5)
    for key in memo:
        memo[key] = [1.0] * 6
    found = made(6, memo)
    assert found["policy_impulse_pct"][2:].tolist() == [1.0, 1.0, 1.0, 0.0]
    assert found["policy_alone_pct"].tolist() == [1.0] * 5 + [0.0]
    assert memo.puts == 6
