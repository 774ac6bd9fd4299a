"""Releases as versions in time, and releases that do not exist yet."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from functools import lru_cache

import pytest

from config.settings import PACKAGED
from engine.errors import ConfigError
from engine.tables import read_rows
from engine.threat.catalogue import (
    first_versions,
    latest_by,
    parse_releases,
    parse_updates,
)
from engine.threat.supply import SCENARIO, availability_from_rows, supply_from_rows
from engine.threat.whatif import parse_whatif, planned, scenario_rows
from engine.values import ModelRelease
from tests.engine.threat.threat_world import end_of, facts


@lru_cache
def catalogue() -> tuple[ModelRelease, ...]:
    """The shipped tables as they are, without the lag that the record adds."""
    tables = PACKAGED / "facts"
    updates = parse_updates(read_rows(tables / "release_updates.csv"))
    return parse_releases(read_rows(tables / "model_releases.csv"), updates)


def as_known(model: str, at: datetime) -> ModelRelease:
    return next(r for r in latest_by(catalogue(), at) if r.model == model)


def test_r1_on_its_day_has_no_figure_that_came_later() -> None:
    on_day = as_known("DeepSeek-R1", end_of("2025-01-20"))
    assert (on_day.training_gpu_hours, on_day.claimed_training_cost_usd) == (None, None)
    assert (on_day.lmarena_elo, on_day.hardware_named) == (None, None)
    assert on_day.inference_domestic is False
    later = as_known("DeepSeek-R1", end_of("2025-09-18"))
    assert later.claimed_training_cost_usd == 294_000
    assert later.lmarena_elo == 1357
    assert later.inference_domestic is True


def test_v31_costs_the_old_price_until_september_5() -> None:
    before = as_known("DeepSeek-V3.1", datetime(2025, 9, 5, 15, 59, tzinfo=UTC))
    after = as_known("DeepSeek-V3.1", datetime(2025, 9, 5, 16, 0, tzinfo=UTC))
    prices = [(r.price_input_usd_per_mtok, r.price_output_usd_per_mtok) for r in (before, after)]
    assert prices == [(0.27, 1.10), (0.56, 1.68)]


def test_v31_scale_format_is_read_and_its_hardware_is_not_known() -> None:
    release = as_known("DeepSeek-V3.1", end_of("2025-08-22"))
    assert release.scale_format == "ue8m0"
    assert release.hardware_named is None


def test_a_release_with_a_day_only_is_known_from_the_end_of_it() -> None:
    assert as_known("DeepSeek-R1", end_of("2025-01-20")).known_at == end_of("2025-01-20")
    assert as_known("Grok 4", end_of("2025-07-10")).known_at.hour == 4


def test_setbacks_are_the_labs_own_and_hindsight_is_left_out() -> None:
    own = {r.model: r.setback for r in first_versions(facts(end_of("2026-08-26")).releases)}
    assert own["DeepSeek-V4-Pro"] == "missed windows in February and March"
    assert own["DeepSeek-R1"] is None
    assert own["Kimi K2"] is None


def test_every_row_of_the_tables_becomes_a_release() -> None:
    with (PACKAGED / "facts" / "model_releases.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    releases = first_versions(facts(end_of("2026-09-30")).releases)
    assert {r.model for r in releases} == {row["model"] for row in rows}
    assert len(releases) == len(rows)
    tracked = {row["model"] for row in rows if row["role"] == "tracked"}
    assert {r.model for r in releases if not r.is_comparison} == tracked


def test_all_bad_rows_are_told_at_once() -> None:
    good = {"release_date": "2025-01-01", "model": "m", "lab": "l", "country": "CN", "role": "x"}
    rows = [
        {**good, "release_date": "soon"},
        good,
        {**good, "gpqa_diamond": "high"},
        {**good, "open_weights": "maybe"},
        {**good, "aime": "140"},
    ]
    with pytest.raises(ConfigError) as told:
        parse_releases(rows)
    assert [p.split(":")[1] for p in told.value.problems] == ["2", "4", "5", "6"]


def test_an_unknown_update_field_names_the_nearest() -> None:
    row = {"model": "m", "known_at_utc": "2025-01-01T00:00:00", "field": "gpqa", "value": "1"}
    with pytest.raises(ConfigError, match="gpqa_diamond"):
        parse_updates([row])
    with pytest.raises(ConfigError, match="not an instant"):
        parse_updates([{**row, "field": "gpqa_diamond", "known_at_utc": "later"}])


PLAN = """
[release]
model = "Next"
lab = "DeepSeek"
released_on = 2025-08-22
weight_precision = "fp8-ue8m0"
price_output_usd_per_mtok = 1.0
"""


def test_a_planned_release_is_read_with_its_defaults() -> None:
    release = planned(parse_whatif(PLAN))
    assert (release.country, release.scale_format) == ("CN", "ue8m0")
    assert release.released_on == date(2025, 8, 22)
    assert release.known_at == end_of("2025-08-22")
    assert release.open_weights is None


def test_all_problems_of_a_planned_release_are_told_at_once_with_their_lines() -> None:
    text = PLAN + 'price_imput_usd_per_mtok = 1\nopen_weights = "yes"\ncontext_k = "big"\n'
    with pytest.raises(ConfigError) as told:
        parse_whatif(text, where="x.toml")
    assert len(told.value.problems) == 3
    assert "x.toml:8: release: unknown key 'price_imput_usd_per_mtok'" in told.value.problems[0]
    assert "did you mean 'price_input_usd_per_mtok'" in told.value.problems[0]


def test_all_figures_out_of_range_are_told_at_once() -> None:
    text = PLAN + "gpqa_diamond_pct = 140\naime_pct = -1\n"
    with pytest.raises(ConfigError) as told:
        parse_whatif(text)
    assert len(told.value.problems) == 2
    with pytest.raises(ConfigError, match="total_params_b"):
        parse_whatif(PLAN + "total_params_b = 10\nactive_params_b = 20\n")


def test_missing_keys_broken_toml_and_bad_scenarios_are_told() -> None:
    with pytest.raises(ConfigError, match="released_on is missing"):
        parse_whatif('model = "x"\nlab = "y"\n')
    with pytest.raises(ConfigError):
        parse_whatif("model = ")
    bad = PLAN + '[scenario]\nchina_sale = "x"\ndomestic_supply_units = -1\n'
    with pytest.raises(ConfigError) as told:
        parse_whatif(bad)
    assert len(told.value.problems) == 2


def test_a_scenario_changes_permissions_and_supply_and_nothing_else() -> None:
    text = PLAN + '[scenario]\nchina_sales = "banned"\ndomestic_supply_units = 5_000_000\n'
    on = date(2025, 8, 22)
    rows = scenario_rows(parse_whatif(text), ["H20", "A100", "H20"], on)
    spells = availability_from_rows(rows["availability"])
    assert [(s.chip, s.us_permission) for s in spells] == [("A100", "barred"), ("H20", "barred")]
    (assumed,) = supply_from_rows(rows["supply"])
    assert (assumed.kind, assumed.mid) == (SCENARIO, 5_000_000)
    nothing = scenario_rows(parse_whatif(PLAN), ["H20"], on)
    assert nothing == {"availability": [], "supply": []}
