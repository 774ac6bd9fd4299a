"""China as a market: shares as first reported, permissions as known, supply with its spread."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from engine.errors import ConfigError
from engine.threat.supply import (
    availability_from_rows,
    carrying_share,
    china_share_draws,
    current_spells,
    domestic_supply,
    earnings_from_rows,
    friction,
    last_china_share,
    run_rate_usd_bn,
    supply_from_rows,
)
from tests.engine.threat.threat_world import DAY, draws, earnings, end_of, facts, spell, supply


def test_china_share_is_the_one_reported_by_the_day() -> None:
    """12.5 % until the report of 2025-08-27 after the close, 5.9 % from then on."""
    before = facts(datetime(2025, 8, 27, 20, 0, tzinfo=UTC)).earnings
    after = facts(datetime(2025, 8, 27, 20, 30, tzinfo=UTC)).earnings
    shares = [last_china_share(reports) for reports in (before, after)]
    assert [s.china_share for s in shares if s] == pytest.approx([0.125, 0.059])


def test_a_billing_share_is_scaled_to_customers_and_a_headquarters_share_is_not() -> None:
    billed = china_share_draws((earnings(0.125),), draws())
    seated = china_share_draws((replace(earnings(0.125), by_billing=False),), draws())
    assert np.allclose(billed, 0.125 * draws()["customer_over_billing"])
    assert np.all(seated == 0.125)
    assert np.array_equal(china_share_draws((), draws()), draws()["unknown_china_share"])


def test_run_rate_is_four_quarters_at_the_guided_pace() -> None:
    assert run_rate_usd_bn((earnings(),)) == pytest.approx(4 * 39.0 * 45 / 44)
    assert run_rate_usd_bn((replace(earnings(), next_quarter_guide_usd_bn=None),)) == 156.0
    assert run_rate_usd_bn((replace(earnings(), data_center_usd_bn=None),)) is None


def test_the_h20_licence_was_known_on_april_15_and_not_on_april_9() -> None:
    for day, permission in (("2025-04-14", "allowed"), ("2025-04-15", "barred")):
        h20 = current_spells(facts(end_of(day)).availability)["H20"]
        assert h20.us_permission == permission


def test_friction_grows_from_free_to_licensed_to_barred() -> None:
    free = friction(spell("allowed", "accepted"), draws())
    licensed = friction(spell("licence", "discouraged"), draws())
    barred = friction(spell("barred", "accepted"), draws())
    assert np.all(free == 1.0)
    assert free.mean() < licensed.mean() < barred.mean()
    assert np.array_equal(barred, friction(spell("allowed", "blocked"), draws()))


def test_sources_that_disagree_stay_apart() -> None:
    spread = domestic_supply(facts(end_of("2025-08-21")).supply, end_of("2025-08-21"))
    assert spread is not None
    assert (spread.low, spread.high) == (200_000, 800_000)
    assert spread.n_sources == 3


def test_parts_of_one_source_are_added_and_wholes_are_not() -> None:
    part_b = replace(supply(300_000), chip="Ascend 910B")
    part_c = replace(supply(100_000), chip="Ascend 910C")
    whole = replace(supply(800_000, days=-5), chip="Ascend 910B and 910C")
    both = domestic_supply((part_b, part_c), DAY)
    assert both is not None
    assert both.mid == 400_000
    three = domestic_supply((part_b, part_c, whole), DAY)
    assert three is not None
    assert (three.low, three.high) == (400_000, 800_000)


def test_nobody_said_anything_is_none_and_zero_is_zero() -> None:
    assert domestic_supply((), DAY) is None
    assert not carrying_share((supply(0.0),), (earnings(),), DAY, draws()).any()
    unknown = carrying_share((), (earnings(),), DAY, draws())
    assert np.all(unknown > 0)


def test_carried_share_never_exceeds_one_and_grows_with_supply() -> None:
    small = carrying_share((supply(3e5),), (earnings(),), DAY, draws())
    large = carrying_share((supply(9e7),), (earnings(),), DAY, draws())
    assert np.all(small <= large)
    assert np.all(large == 1.0)


def test_stale_estimates_are_left_out() -> None:
    assert domestic_supply((supply(3e5, days=-500),), DAY) is None
    assert domestic_supply((supply(3e5),), DAY - timedelta(days=365)) is None


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
