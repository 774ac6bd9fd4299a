"""No single wrong price changes the verdict, and none keeps later true ones out."""

from __future__ import annotations

import random
from dataclasses import fields
from datetime import date

import pytest

from engine.clock import from_micros
from engine.decision.risk import REFIT
from tests.service.bad_bars import Alteration, Bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NVSIGNAL_DATA", str(tmp_path_factory.mktemp("data")))
        return Bench("balanced", "cautious")


def test_a_price_wrong_by_more_than_a_third_moves_no_verdict(bench: Bench) -> None:
    """Any day, any door; ``python -m tests.service.bad_bars 300`` does it at length."""
    chance = random.Random(5)
    for _ in range(6):
        alteration = bench.draw(chance, beyond=True)
        found = bench.consequence(alteration)
        assert (found.verdicts, found.refused) == ((0, 0), 0), alteration


@pytest.mark.parametrize("door", ["table", "feed"])
def test_a_price_that_is_not_believed_moves_no_verdict_of_later_months(
    bench: Bench, door: str
) -> None:
    """The close of 2023-11-24 times 0.1 used to sell on 2024-08-13, at the same score: the forecast
    of risk lost every window across its row."""
    day = date(2023, 11, 24)
    wrong = Alteration(door=door, symbol="NVDA", day=day, factor=0.10080214218569887)
    assert bench.consequence(wrong).verdicts == (0, 0)


@pytest.mark.parametrize(
    ("door", "day", "factor"),
    [
        ("feed", date(2023, 4, 26), 0.734),
        ("feed", date(2022, 5, 31), 0.720),
        ("file", date(2022, 2, 9), 0.719),
        ("table", date(2024, 8, 9), 4.84),
        ("file", date(2022, 10, 19), 0.166),
    ],
)
def test_a_price_that_moved_a_verdict_once_moves_none(
    bench: Bench, door: str, day: date, factor: float
) -> None:
    """Two that lay within the bound until the next day's poll, one that lay within it on both days
    and was never corrected, one after which the risk was not said for two days, and one whose
    absence from the long mean turned a verdict eight weeks later."""
    wrong = Alteration(door=door, symbol="NVDA", day=day, factor=factor)
    assert bench.consequence(wrong).verdicts == (0, 0)


def test_mornings_around_a_wrong_price_are_the_rows_of_one_backtest(bench: Bench) -> None:
    """The morning that believed it said what it said, and so does its row after the correction.

    It is one of those in which slopes are fitted anew."""
    day = date(2023, 4, 4)
    wrong = Alteration(door="feed", symbol="NVDA", day=day, factor=0.8)
    record = bench.record_with(bench.altered(wrong)[0])
    whole = bench.assessed(record, bench.as_of)
    believed = whole.features.sessions_on.index(date(2023, 4, 5))
    for row in (believed, believed + 1):
        at = from_micros(int(whole.features.decide_at_us[row]))
        morning, replayed = bench.assessed(record, at).decision, whole.decision_at(row, whole=True)
        for told in fields(morning):
            if told.name != "data_hash":
                assert getattr(morning, told.name) == getattr(replayed, told.name), told.name
    assert believed % REFIT == 0
    assert whole.features.values["nvda_return"][believed] < -0.2


def test_the_short_way_to_the_features_is_the_long_one(bench: Bench) -> None:
    """Bit for bit, warm-up included, and the alteration is seen in them."""
    day = date(2024, 6, 3)
    history, _ = bench.altered(Alteration(door="table", symbol="NVDA", day=day, factor=3.0))
    short, long = bench.features_of(history), bench.whole_features_of(history)

    for name in long.values:
        assert short.values[name].tobytes() == long.values[name].tobytes(), name
        if name in long.warm:
            assert short.warm[name].tobytes() == long.warm[name].tobytes(), name
    true = bench.features.values["nvda_return"]
    assert short.values["nvda_return"].tobytes() != true.tobytes()


def test_no_wrong_price_keeps_a_true_one_out(bench: Bench) -> None:
    chance = random.Random(6)
    for _ in range(20):
        alteration = bench.draw(chance, beyond=False)
        assert bench.altered(alteration)[1] == 0, alteration


@pytest.mark.parametrize("factor", [1.6, 2.0, 2.9, 1 / 1.6])
@pytest.mark.parametrize("door", ["table", "file", "feed"])
def test_the_close_of_the_last_day_times_a_factor_sells_nothing(
    bench: Bench, door: str, factor: float
) -> None:
    """A close of 2025-09-22 times 1.6 used to sell the next morning."""
    alteration = Alteration(door=door, symbol="NVDA", day=date(2025, 9, 22), factor=factor)
    history, refused = bench.altered(alteration)
    assert refused == 0
    if factor == 2.9:
        assert bench.consequence(alteration).verdicts == (0, 0)
    assert len(history)
