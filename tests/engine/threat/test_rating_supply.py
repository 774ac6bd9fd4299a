"""China as a market: shares as first reported, permissions as known, supply with its spread."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from engine.decision.ratings import world_from
from engine.errors import ConfigError
from engine.record.history import History
from engine.threat.rating import at_instant
from engine.threat.supply import (
    CarryingPath,
    ChinaShare,
    availability_from_rows,
    carrying_path,
    current_spells,
    earnings_from_rows,
    friction,
    last_china_share,
    run_rate_usd_bn,
    shares_from_rows,
    supply_from_rows,
)
from tests.engine.threat.threat_world import (
    DAY,
    draws,
    earnings,
    end_of,
    facts,
    record,
    share,
    spell,
    supply,
    world,
)


def test_china_share_is_the_one_reported_by_the_day() -> None:
    """12.5 % until the report of 2025-08-27 after the close, 5.9 % from then on."""
    before = facts(datetime(2025, 8, 27, 20, 0, tzinfo=UTC)).earnings
    after = facts(datetime(2025, 8, 27, 22, 0, tzinfo=UTC)).earnings
    shares = [last_china_share(reports) for reports in (before, after)]
    assert [s.china_share for s in shares if s] == pytest.approx([0.125, 0.059])


def test_run_rate_is_four_quarters_at_the_guided_pace() -> None:
    assert run_rate_usd_bn((earnings(),)) == pytest.approx(4 * 39.0 * 45 / 44)
    assert run_rate_usd_bn((replace(earnings(), next_quarter_guide_usd_bn=None),)) == 156.0
    assert run_rate_usd_bn((replace(earnings(), data_center_usd_bn=None),)) is None


def test_the_h20_licence_was_known_on_april_15_and_not_on_april_9() -> None:
    for day, permission in (("2025-04-14", "allowed"), ("2025-04-15", "barred")):
        # What is dated by its day alone is known from the midnight after it.
        known = end_of(day) + timedelta(seconds=1)
        h20 = current_spells(at_instant(facts(known), known).availability)["H20"]
        assert h20.us_permission == permission


def test_friction_grows_from_free_to_licensed_to_barred() -> None:
    free = friction(spell("allowed", "accepted"), draws())
    licensed = friction(spell("licence", "discouraged"), draws())
    barred = friction(spell("barred", "accepted"), draws())
    assert np.all(free == 1.0)
    assert free.mean() < licensed.mean() < barred.mean()
    assert np.array_equal(barred, friction(spell("allowed", "blocked"), draws()))


def market() -> np.ndarray:  # type: ignore[type-arg]
    return np.full((3, draws().draws), 40.0)


def path(*counts: ChinaShare, assumed: float | None = None) -> CarryingPath:
    given = () if assumed is None else (supply(assumed),)
    return carrying_path(counts, given, DAY, draws(), market())


def middle(found: CarryingPath) -> list[float]:
    return [float(x) for x in np.median(found.share, axis=1)]


def test_a_count_moves_the_share_towards_itself_and_narrows_it() -> None:
    nothing, one = path(), path(share(0.6))
    many = path(*(share(0.6, house=f"H{n}") for n in range(6)))
    assert middle(nothing)[0] < middle(one)[0] < middle(many)[0] < 0.75
    widths = [float(np.ptp(p.share[0])) for p in (nothing, one, many)]
    assert widths == sorted(widths, reverse=True)


def test_counts_agree_with_the_textbook_regression() -> None:
    """Oracle: the same normal posterior by augmenting least squares with the prior."""
    counts = [share(0.3, year=2024.5), share(0.41), share(0.57, kind="forecast", confidence="low")]
    found = path(*counts)
    d = draws()
    start = np.log(d["carrying_share"] / (1 - d["carrying_share"]))
    rise = d["carrying_slope"]
    sds = [start.std(), rise.std(), 0.35, 0.35, 1.1]
    rows = np.array([[1, 0], [0, 1], [1, 1.0], [1, 2.0], [1, 2.0]]) / np.array(sds)[:, None]
    shares = [np.log(c.share / (1 - c.share)) for c in counts]
    values = np.array([start.mean(), rise.mean(), *shares]) / np.array(sds)
    level, slope = np.linalg.lstsq(rows, values, rcond=None)[0]
    now = DAY.year + (DAY.timetuple().tm_yday - 1) / 365.25
    logits = level + slope * (now + 0.5 - 2023.5)
    assert middle(found)[0] == pytest.approx(1 / (1 + np.exp(-logits)), abs=0.01)


def test_the_tables_own_counts_are_used_and_plans_far_ahead_are_not() -> None:
    counts = facts(end_of("2026-04-30")).shares
    assert {c.share for c in counts} >= {0.41, 0.37, 0.30}
    assert all(c.year <= c.known_at.year + 2 for c in counts)
    found = carrying_path(counts, (), end_of("2026-04-30"), draws(), market())
    assert 0.41 < middle(found)[0] < 0.75
    early = carrying_path(
        facts(end_of("2024-12-31")).shares, (), end_of("2024-12-31"), draws(), market()
    )
    assert 0.1 < middle(early)[0] < 0.45


def test_an_assumed_supply_stands_in_for_every_count() -> None:
    found = [middle(path(share(0.9), assumed=u))[0] for u in (0.0, 1e5, 1e6, 5e6, 5e8)]
    assert found == sorted(found)
    assert found[0] == 0.0
    assert found[-1] == 1.0


def test_counts_of_units_move_nothing() -> None:
    """Only shares whose two sides have one source count: units of one house over demand of another
    were the error."""
    units = replace(supply(5e6), kind="shipments")
    assert np.array_equal(
        carrying_path((share(0.3),), (units,), DAY, draws(), market()).share, path(share(0.3)).share
    )


def test_bad_rows_are_all_told_at_once() -> None:
    rows = [
        {"fiscal_quarter": "Q", "revenue_usd_bn": "x", "report_datetime_et": "2025-01-01T16:20"}
    ]
    with pytest.raises(ConfigError) as told:
        earnings_from_rows(rows * 2)
    assert len(told.value.problems) == 2
    with pytest.raises(ConfigError, match="maybe"):
        availability_from_rows(
            [{"us_permission": "maybe", "china_acceptance": "accepted", "from_date": "2025-01-01"}]
        )
    with pytest.raises(ConfigError):
        supply_from_rows([{"known_on": "soon"}])
    with pytest.raises(ConfigError):
        shares_from_rows([{"known_on": "soon", "domestic_share_pct": "41"}])


# --- versions ---


def test_a_replaced_figure_counts_until_its_correction_and_the_correction_from_then_on() -> None:
    first = replace(supply(100.0, days=-9), until=DAY)
    second = supply(200.0)
    around = world(supply=(first, second), at=DAY + timedelta(days=1))
    assert around.supply == (second,)
    assert at_instant(replace(around, supply=(first, second)), DAY - timedelta(days=1)).supply == (
        first,
    )


def test_a_corrected_older_quarter_or_spell_is_not_the_newest() -> None:
    """The record's own reading: FY2026Q1 corrected after FY2026Q2 was told."""
    at = end_of("2025-09-30")
    told = [f for f in record() if f.kind == "earnings" and f.known_at < at]
    old, new = told[-2], told[-1]
    spells = [f for f in record() if f.kind == "availability" and f.key.startswith("H20/")]
    again = [
        replace(fact, known_at=at - timedelta(days=1), payload={**fact.payload, **changes})
        for fact, changes in (
            (old, {"data_center_revenue_usd_bn": "1.0", "next_q_guide_midpoint_usd_bn": "44.0"}),
            (spells[0], {"us_permission": "barred"}),
        )
    ]
    before, after = (
        at_instant(world_from(History(facts), at, ()), at)
        for facts in (record(), [*record(), *again])
    )
    assert new.known_at < again[0].known_at
    assert run_rate_usd_bn(after.earnings) == run_rate_usd_bn(before.earnings)
    assert len(after.earnings) == len(before.earnings)
    by_quarter = {r.quarter: r for r in after.earnings}
    assert by_quarter[old.key].data_center_usd_bn == 1.0
    assert current_spells(after.availability)["H20"] == current_spells(before.availability)["H20"]
    earlier = at_instant(world_from(History([*record(), *again]), at, ()), new.known_at)
    assert {r.quarter: r for r in earlier.earnings}[old.key].data_center_usd_bn != 1.0
