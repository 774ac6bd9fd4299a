"""FedWatch: published CME readings, simulated months, and one day against many."""

from __future__ import annotations

import csv
import itertools
from calendar import monthrange
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import DataError, InputError, NvsignalError, OutOfRangeError
from engine.macro import fedwatch
from engine.macro.fedwatch import (
    UndeterminedCurveError,
    contract_code,
    convolve,
    distributions,
    expectations,
    parse_contract,
    parse_published,
    parse_range,
    steps_over_time,
    two_point,
)
from engine.values import RateExpectation

ROOT = Path(__file__).resolve().parents[3]
HISTORY = ROOT / "../shared/data/rates/fedwatch_history.csv"
FUTURES = ROOT / "../shared/data/rates/zq_fed_funds_futures_daily.csv"
FUTURES_MONTHS = [date(y, m, 1) for y in range(2022, 2028) for m in range(1, 13)]


def table(name: str) -> list[dict[str, str]]:
    with (ROOT / "config" / "facts" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


MEETINGS = tuple(
    date.fromisoformat(row["meeting_end"])
    for row in table("fomc_meetings.csv")
    if row["status"] != "cancelled"
)
QUOTED = [
    r for r in table("fedwatch_published.csv") if r["zq_inputs"] and "mid" not in r["zq_inputs"]
]
JACKSON_HOLE = {date(2025, 8, 1): 95.67, date(2025, 10, 1): 95.89, date(2025, 11, 1): 96.01}
TODAY = (425, 450)


def law(expectation: RateExpectation) -> dict[int, float]:
    return {o.change_bps: o.probability for o in expectation.outcomes}


def by_range(expectation: RateExpectation) -> dict[tuple[int, int], float]:
    return {o.range_bps: o.probability for o in expectation.outcomes}


@pytest.mark.parametrize("row", QUOTED, ids=lambda r: f"{r['observed'][:10]}->{r['meeting']}")
def test_every_published_reading_with_prices_is_reproduced(row: dict[str, str]) -> None:
    """Within 0.05 percentage points, the rounding of one published decimal."""
    text = row["observed"]
    as_of = date(2022, 9, 1) if "article" in text else date.fromisoformat(text)
    pairs = (part.split("=") for part in row["zq_inputs"].split(";"))
    prices = {parse_contract(code, near=as_of): float(price) for code, price in pairs}
    today = parse_range(row["range_at_observation_bp"])
    found = expectations(prices, MEETINGS, as_of, range_bps=today)
    ours = next(by_range(e) for e in found if str(e.meeting_on) == row["meeting"])
    published = parse_published(row["published_pct"])
    assert ours.keys() == published.keys()
    assert ours == pytest.approx(published, abs=0.0005)


def test_there_are_sixteen_such_readings() -> None:
    assert len(QUOTED) == 16


def test_jackson_hole_close_to_four_decimals() -> None:
    september, october = expectations(JACKSON_HOLE, MEETINGS, date(2025, 8, 22), range_bps=TODAY)
    assert 100 * law(september)[-25] == pytest.approx(84.6897, abs=5e-5)
    assert 100 * law(september)[0] == pytest.approx(15.3103, abs=5e-5)
    cut, again = 0.846897, (4.118276 - 3.990) / 0.25
    assert by_range(october) == pytest.approx(
        {
            (375, 400): cut * again,
            (400, 425): cut * (1 - again) + (1 - cut) * again,
            (425, 450): (1 - cut) * (1 - again),
        },
        abs=5e-6,
    )
    assert september.rung == october.rung == "zq"
    assert september.expected_change_bps == pytest.approx(-21.1724, abs=5e-5)


def test_the_meeting_months_own_contract_plays_no_part_between_anchors() -> None:
    absurd = {**JACKSON_HOLE, date(2025, 9, 1): 93.0}
    with_own = expectations(absurd, MEETINGS, date(2025, 8, 22), range_bps=TODAY)
    assert with_own == expectations(JACKSON_HOLE, MEETINGS, date(2025, 8, 22), range_bps=TODAY)


def test_a_common_shift_of_the_whole_curve_leaves_probabilities_alone() -> None:
    shifted = {month: price + 0.05 for month, price in JACKSON_HOLE.items()}
    before = expectations(JACKSON_HOLE, MEETINGS, date(2025, 8, 22), range_bps=TODAY)[0]
    after = expectations(shifted, MEETINGS, date(2025, 8, 22), range_bps=TODAY)[0]
    assert law(after) == pytest.approx(law(before), abs=1e-9)


def test_one_tick_moves_the_reading_by_the_published_sensitivities() -> None:
    """0.005 in ZQV25 is 2.14 points, in ZQX25 0.14; 0.0025 in ZQQ25 is 1.0."""
    base = law(expectations(JACKSON_HOLE, MEETINGS, date(2025, 8, 22), range_bps=TODAY)[0])[-25]
    moves = {}
    for month, tick in [(10, 0.005), (11, 0.005), (8, 0.0025)]:
        bumped = dict(JACKSON_HOLE)
        bumped[date(2025, month, 1)] += tick
        out = expectations(bumped, MEETINGS, date(2025, 8, 22), range_bps=TODAY)[0]
        moves[month] = abs(100 * (law(out)[-25] - base))
    assert moves == pytest.approx({10: 2.14, 11: 0.14, 8: 1.0}, abs=0.005)


# ---------------------------------------------------------------- an oracle: months day by day


def curve_of(path: dict[date, float], today: float, first: date, last: date) -> dict[date, float]:
    """Contract prices of a certain path: the plain mean over the calendar days of each month."""
    rates: dict[date, list[float]] = {}
    day, rate = first, today
    while day <= last:
        rates.setdefault(day.replace(day=1), []).append(rate)
        rate += path.get(day, 0.0)  # the announcement day is still at the old rate
        day += timedelta(days=1)
    return {month: 100 - sum(r) / len(r) for month, r in rates.items()}


@given(st.lists(st.integers(-3, 3), min_size=8, max_size=8))
def test_a_certain_path_is_recovered_with_certainty(steps: list[int]) -> None:
    """2025 in full: whole 25 bp moves at each of the eight meetings come back as probability 1."""
    ahead = [m for m in MEETINGS if m.year == 2025]
    path = {m: 0.25 * s for m, s in zip(ahead, steps, strict=True)}
    prices = curve_of(path, 4.33, date(2024, 12, 19), date(2026, 2, 28))
    del prices[date(2024, 12, 1)]
    found = expectations(prices, MEETINGS, date(2025, 1, 2), range_bps=TODAY, effr_pct=4.33)
    expected = [25 * total for total in itertools.accumulate(steps)]
    for expectation, change in zip(found, expected, strict=False):
        assert law(expectation)[change] == pytest.approx(1, abs=1e-8)
    assert len(found) >= 8


ALONE_IN_MONTH = tuple(
    m for m in MEETINGS[2:-6] if sum((n.year, n.month) == (m.year, m.month) for n in MEETINGS) == 1
)
"""March 2020 held two: one contract a month cannot tell them apart, and that is refused."""


@given(st.floats(-2.9, 2.9), st.sampled_from(ALONE_IN_MONTH))
def test_a_fractional_move_splits_over_its_neighbours(steps: float, meeting: date) -> None:
    """Mean and support: the mean is the move, and only two neighbouring outcomes have weight."""
    before = meeting.replace(day=1) - timedelta(days=40)
    prices = curve_of({meeting: 0.25 * steps}, 4.33, before.replace(day=1), meeting + timedelta(90))
    first = expectations(
        prices, MEETINGS, meeting - timedelta(days=3), range_bps=TODAY, effr_pct=4.33
    )[0]
    assert first.expected_change_bps == pytest.approx(25 * steps, abs=1e-6)
    changes = [o.change_bps for o in first.outcomes]
    assert len(changes) <= 2
    assert max(changes) - min(changes) in (0, 25)


def test_cuts_and_hikes_split_alike() -> None:
    assert two_point(-1.057) == pytest.approx({-2: 0.057, -1: 0.943})
    assert two_point(2.9) == pytest.approx({2: 0.1, 3: 0.9})
    assert two_point(-1 + 1e-13) == {-1: 1.0}


def test_the_tree_is_a_convolution() -> None:
    """Two half-chances: 1/4, 1/2, 1/4; checked against numpy's convolution for ten meetings."""
    assert convolve({0: 0.5, 1: 0.5}, {-1: 0.5, 0: 0.5}) == {-1: 0.25, 0: 0.5, 1: 0.25}
    total, plain = {0: 1.0}, np.ones(1)
    for f in np.linspace(0.05, 0.95, 10):
        total, plain = convolve(total, two_point(float(f))), np.convolve(plain, [1 - f, f])
    np.testing.assert_allclose(list(total.values()), plain, atol=1e-14)


@pytest.mark.skipif(not HISTORY.exists(), reason="CME history is not part of the repository")
def test_cme_history_is_the_convolution_of_its_own_meetings() -> None:
    """1,592 published laws, 2024-08 to 2025-08: each follows from the means of the one before."""
    laws: dict[tuple[str, str], dict[int, float]] = {}
    with HISTORY.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            key = row["date"], row["meeting_date"]
            laws.setdefault(key, {})[int(row["lo_bps"]) // 25] = float(row["probability"])
    checked = 0
    for (day, meeting), published in laws.items():
        previous = _previous(laws, day, meeting)
        if previous is None:
            continue
        mean = _mean(published) - _mean(previous)
        ours = convolve(previous, two_point(mean))
        worst = max(abs(ours.get(k, 0) - published.get(k, 0)) for k in ours.keys() | published)
        assert worst < 3e-4, (day, meeting)
        checked += 1
    assert checked == 1592


def _previous(
    laws: dict[tuple[str, str], dict[int, float]], day: str, meeting: str
) -> dict[int, float] | None:
    on = date.fromisoformat(meeting)
    earlier = [m for m in MEETINGS if m < on]
    return laws.get((day, str(earlier[-1])))


def _mean(one: dict[int, float]) -> float:
    return sum(k * p for k, p in one.items()) / sum(one.values())


@pytest.mark.skipif(not FUTURES.exists(), reason="CME prices are not part of the repository")
def test_on_its_eve_each_decision_of_2022_and_2023_was_priced_within_five_basis_points() -> None:
    """Thirteen meetings, hikes of 0 to 75 bp, from raw futures closes and the effective rate."""
    days, prices = _closes()
    with (FUTURES.parent / "DFF.csv").open(encoding="utf-8") as file:
        dff = {row["date"]: float(row["value"]) for row in csv.DictReader(file) if row["value"]}
    meetings = [m for m in MEETINGS if m.year >= 2022]
    effr = np.array([dff[str(day)] for day in days])
    steps = steps_over_time(prices, FUTURES_MONTHS, meetings, days, effr)
    decided = {r["meeting_end"]: r["action_bp"] for r in table("fomc_meetings.csv")}
    held = [m for m in meetings if days[0] < m <= days[-1]]
    assert len(held) == 13
    for meeting in held:
        eve = max(t for t, day in enumerate(days) if day < meeting)
        priced = 25 * steps[eve, meetings.index(meeting)]
        assert priced == pytest.approx(float(decided[str(meeting)]), abs=5), meeting


def _closes() -> tuple[list[date], np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
    with FUTURES.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["close"]]
    days = sorted({date.fromisoformat(r["date"]) for r in rows})
    prices = np.full((len(days), len(FUTURES_MONTHS)), np.nan)
    row_of = {str(day): t for t, day in enumerate(days)}
    column_of = {f"{m:%Y-%m}": k for k, m in enumerate(FUTURES_MONTHS)}
    for r in rows:
        if r["contract_month"] in column_of:
            prices[row_of[r["date"]], column_of[r["contract_month"]]] = float(r["close"])
    return days, prices


# ----------------------------------------------------------- which prices settle which meeting


@pytest.mark.parametrize(
    ("instant", "held"),
    [("2025-09-17T12:30Z", 16), ("2025-09-17T17:59Z", 16), ("2025-09-17T18:00Z", 17)],
)
def test_a_meeting_is_ahead_until_its_statement(instant: str, held: int) -> None:
    assert fedwatch.held_by(datetime.fromisoformat(instant)) == date(2025, 9, held)


def test_the_cme_article_with_two_contracts_only() -> None:
    prices = {date(2022, 9, 1): 97.4475, date(2022, 10, 1): 96.94}
    (only,) = expectations(prices, MEETINGS, date(2022, 9, 1), range_bps=(225, 250))
    assert law(only) == pytest.approx({50: 0.1, 75: 0.9}, abs=1e-9)


def test_an_expired_anchor_stands_by_its_realised_average() -> None:
    """August 2022 averaged 2.33: then the article's meeting starts from it, not from September."""
    prices = {date(2022, 9, 1): 97.4475, date(2022, 10, 1): 96.94}
    realised = {date(2022, 8, 1): 2.33}
    (only,) = expectations(
        prices, MEETINGS, date(2022, 9, 1), range_bps=(225, 250), averages_pct=realised
    )
    assert law(only) == pytest.approx({50: 0.08, 75: 0.92}, abs=1e-9)


def test_a_settlement_comes_before_a_realised_average() -> None:
    wrong = {date(2025, 8, 1): 4.0}
    found = expectations(
        JACKSON_HOLE, MEETINGS, date(2025, 8, 22), range_bps=TODAY, averages_pct=wrong
    )
    assert law(found[0])[-25] == pytest.approx(0.846897, abs=5e-7)


def test_an_unpriced_month_without_a_meeting_passes_the_rate_through() -> None:
    """November 2025 missing: December's start is October's end."""
    prices = curve_of({date(2025, 10, 29): -0.25}, 4.08, date(2025, 10, 1), date(2026, 2, 28))
    del prices[date(2025, 11, 1)]
    october = expectations(prices, MEETINGS, date(2025, 10, 1), range_bps=(400, 425))[0]
    assert law(october)[-25] == pytest.approx(1, abs=1e-9)


def test_the_effective_rate_fills_only_what_prices_leave_open() -> None:
    settled = expectations(JACKSON_HOLE, MEETINGS, date(2025, 8, 22), range_bps=TODAY, effr_pct=9.0)
    assert law(settled[0])[-25] == pytest.approx(0.846897, abs=5e-7)
    open_start = {m: p for m, p in JACKSON_HOLE.items() if m.month != 8}
    with pytest.raises(UndeterminedCurveError, match="effective rate, ZQQ25 or ZQU25"):
        expectations(open_start, MEETINGS, date(2025, 8, 22), range_bps=TODAY)
    filled = expectations(open_start, MEETINGS, date(2025, 8, 22), range_bps=TODAY, effr_pct=4.33)
    assert law(filled[0])[-25] == pytest.approx(0.846897, abs=5e-7)


def test_own_contract_and_rate_alone_reach_the_next_meeting_forwards() -> None:
    prices = {date(2025, 9, 1): 100 - (17 * 4.33 + 13 * 4.08) / 30}
    (only,) = expectations(prices, MEETINGS, date(2025, 9, 2), range_bps=TODAY, effr_pct=4.33)
    assert law(only)[-25] == pytest.approx(1, abs=1e-9)


def test_a_reading_that_hangs_on_few_days_says_so() -> None:
    """October 2025 forwards: two days after the 29th, so a tick is 31 points; September is calm."""
    prices = {date(2025, 9, 1): 95.78, date(2025, 10, 1): 95.915}
    september, october = expectations(
        prices, MEETINGS, date(2025, 9, 10), range_bps=TODAY, effr_pct=4.33
    )
    assert september.note == ""
    assert october.note == "rests on 2 days of ZQV25: one tick moves it by 31 percentage points"
    bumped = {**prices, date(2025, 10, 1): 95.92}
    moved = expectations(bumped, MEETINGS, date(2025, 9, 10), range_bps=TODAY, effr_pct=4.33)[1]
    assert october.expected_change_bps is not None
    assert moved.expected_change_bps == pytest.approx(october.expected_change_bps - 0.31 * 25)


def test_a_meeting_on_the_last_day_needs_a_later_contract() -> None:
    """2024-07-31: no day of July is at the new rate (M = 0)."""
    july = {date(2024, 7, 1): 94.67}
    with pytest.raises(UndeterminedCurveError, match=r"last day of its month.*ZQQ24"):
        expectations(july, MEETINGS, date(2024, 7, 1), range_bps=(525, 550), effr_pct=5.33)
    both = {**july, date(2024, 8, 1): 94.7325}
    (only,) = expectations(both, MEETINGS, date(2024, 7, 1), range_bps=(525, 550))
    assert law(only) == pytest.approx({-25: 0.25, 0: 0.75}, abs=1e-9)


def test_a_meeting_on_the_first_day_starts_from_the_realised_rate() -> None:
    """2023-11-01: one old day, so November's own contract cannot say where it starts."""
    prices = curve_of({date(2023, 11, 1): 0.05}, 5.33, date(2023, 11, 1), date(2024, 2, 28))
    prices[date(2023, 11, 1)] += 0.0025
    first = expectations(prices, MEETINGS, date(2023, 10, 20), range_bps=(525, 550), effr_pct=5.33)[
        0
    ]
    assert law(first) == pytest.approx({0: 0.8, 25: 0.2}, abs=1e-6)


def test_two_meetings_in_one_month_are_refused() -> None:
    twice = (*MEETINGS, date(2025, 9, 3))
    with pytest.raises(UndeterminedCurveError, match="two meetings in one month"):
        expectations(JACKSON_HOLE, twice, date(2025, 8, 22), range_bps=TODAY)


def test_a_month_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(OutOfRangeError, match="contract month"):
        expectations({date(2031, 1, 1): 96.0}, MEETINGS, date(2025, 8, 22), range_bps=TODAY)
    with pytest.raises(OutOfRangeError, match="as-of date"):
        expectations({}, MEETINGS, date(2029, 1, 1), range_bps=TODAY)
    with pytest.raises(DataError, match="first day"):
        expectations({date(2025, 9, 2): 96.0}, MEETINGS, date(2025, 8, 22), range_bps=TODAY)


def test_a_meeting_out_of_reach_names_the_contracts_it_needs() -> None:
    error = fedwatch.undetermined(date(2025, 12, 10), JACKSON_HOLE, MEETINGS)
    assert isinstance(error, DataError)
    assert str(error).endswith("(give ZQZ25, ZQF26, ZQG26)")


# ------------------------------------------------------------------------------ what is typed


@pytest.mark.parametrize("text", ["ZQU25", "zqu25", " ZQU25.CBT ", "ZQU5", "ZQU2025", "/ZQU25"])
def test_the_forms_of_a_contract_code(text: str) -> None:
    month = parse_contract(text, near=date(2025, 8, 22))
    assert month == date(2025, 9, 1)
    assert contract_code(month) == "ZQU25"


def test_a_one_digit_year_is_the_listed_one() -> None:
    assert parse_contract("ZQF0", near=date(2027, 3, 1)) == date(2030, 1, 1)
    assert parse_contract("ZQZ9", near=date(2020, 1, 1)) == date(2019, 12, 1)


@pytest.mark.parametrize(
    "text", ["", "ZQ=F", "ZQA25", "SR1U25", "ZQU", "ZQU250", "ZQU25;x", "Z" * 90]
)
def test_malformed_codes_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a ZQ contract"):
        parse_contract(text, near=date(2025, 8, 22))


@pytest.mark.parametrize(
    ("text", "why"),
    [("450-425", "inverted"), ("425-475", "50 bp wide"), ("4.25-4.50", "malformed"), ("", "malf")],
)
def test_bad_ranges_are_refused_with_a_remedy(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as caught:
        parse_range(text)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("400-425:80;425-450:15", "sum to 95 %"),
        ("400-425:80;400-425:20", "twice"),
        ("400-425:x;425-450:20", "no probability"),
        ("400-425:120;425-450:-20", "no probability"),
    ],
)
def test_published_readings_must_be_a_law(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse_published(text)


@pytest.mark.parametrize("price", [89.99, 105.01, float("nan"), float("inf")])
def test_absurd_prices_are_refused(price: float) -> None:
    with pytest.raises(NvsignalError, match="90 to 105"):
        fedwatch.check_price("ZQU25", price)


# ------------------------------------------------------------------------- one day, many days

GRID = [date(y, m, 1) for y in (2024, 2025) for m in range(1, 13)]
GRID_MEETINGS = [m for m in MEETINGS if m.year in (2024, 2025)]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.3, 1.0), st.booleans())
def test_many_days_at_once_equal_the_definition_day_by_day(
    seed: int, density: float, with_effr: bool
) -> None:
    """Random curves with random holes, every as-of day of a span; NaN where it refuses."""
    rng = np.random.default_rng(seed)
    days = [date(2024, 1, 2) + timedelta(days=int(d)) for d in rng.integers(0, 600, 8)]
    prices = 95 + np.cumsum(rng.normal(0, 0.05, (8, len(GRID))), axis=1)
    prices[rng.random(prices.shape) > density] = np.nan
    effr = rng.normal(4.5, 0.3, 8) if with_effr else np.full(8, np.nan)
    steps = steps_over_time(prices, GRID, GRID_MEETINGS, days, effr)
    lower, probability, first = distributions(steps, 4)
    for t, day in enumerate(days):
        curve = {m: float(p) for m, p in zip(GRID, prices[t], strict=True) if not np.isnan(p)}
        try:
            slow = expectations(
                curve,
                GRID_MEETINGS,
                day,
                range_bps=TODAY,
                effr_pct=float(effr[t]) if with_effr else None,
            )
        except UndeterminedCurveError:
            slow = ()
        assert int((~np.isnan(steps[t])).sum()) == len(slow)
        for j, expectation in enumerate(slow[:4]):
            assert GRID_MEETINGS[first[t] + j] == expectation.meeting_on
            fast = {25 * int(lower[t, j] + i): p for i, p in enumerate(probability[t, j])}
            assert law(expectation) == pytest.approx(
                {k: v for k, v in fast.items() if k in law(expectation)}, abs=1e-6
            )
        assert np.isnan(probability[t, len(slow) : 4]).all()


def test_the_fast_path_refuses_what_it_cannot_mean() -> None:
    prices = np.full((1, 24), 95.0)
    day = [date(2024, 1, 2)]
    with pytest.raises(UndeterminedCurveError, match="two meetings"):
        steps_over_time(prices, GRID, [date(2024, 1, 3), date(2024, 1, 30)], day)
    with pytest.raises(DataError, match="consecutive"):
        steps_over_time(prices[:, :2], [GRID[0], GRID[2]], [], day)
    with pytest.raises(DataError, match="do not fit"):
        steps_over_time(prices, GRID, [], [*day, *day])
    with pytest.raises(DataError, match="outside the months"):
        steps_over_time(prices, GRID, [date(2031, 1, 30)], day)


def test_contract_months_have_the_days_of_the_calendar() -> None:
    """February 2024 has 29 days: an anchor and its neighbour must see that."""
    assert monthrange(2024, 2)[1] == 29
    prices = curve_of({date(2024, 3, 20): -0.25}, 5.33, date(2024, 2, 1), date(2024, 4, 30))
    (only,) = expectations(prices, MEETINGS, date(2024, 2, 1), range_bps=(525, 550))[:1]
    assert law(only)[-25] == pytest.approx(1, abs=1e-9)
