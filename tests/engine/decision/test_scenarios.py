"""Scenarios: the same functions asked again, and the anchors that hold the lines."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from config.scenario import Scenario
from engine.clock import parse_as_of
from engine.decision import decide, risk
from engine.decision.scenarios import (
    StressRow,
    ask,
    complete,
    known_days,
    overlaid,
    stress,
    stress_at,
)
from engine.errors import UnknownNameError
from engine.record.history import History
from engine.service.bind import load
from engine.service.morning import asks_again
from engine.service.wiring import assess, world_of
from engine.values import Features
from feeds.facts import Lags, read_tables
from tests.backtests.sweep_world import full_voices, synthetic_features

CONFIG = Path(__file__).resolve().parents[3] / "config"
NOTHING = Scenario(name="nothing", severity="mild", source="definition")
SHOCK = Scenario(
    name="shock",
    severity="severe",
    source="synthetic",
    threat_pct=9.0,
    path_bps=50.0,
    price_pct=-20.0,
    price_sessions=8,
    daily_vol_pct=6.0,
    vix=45.0,
)


def test_nothing_changes_nothing() -> None:
    """Neither a feature nor an answer."""
    features, blend = synthetic_features(), full_voices()
    base = decide.evaluate(blend, features)
    rows = np.arange(50, 600, 37)
    asked = ask(blend, features, base, NOTHING, rows)

    assert overlaid(features.values, NOTHING, rows) == {}
    assert asked.target_weight.tolist() == base.target_weight[rows].tolist()


@pytest.mark.parametrize("row", [90, 301, 599])
def test_many_mornings_at_once_are_each_morning_alone(row: int) -> None:
    """The slow definition: one record with the scenario in it, decided from the start."""
    features, blend = synthetic_features(holes=False), full_voices()
    base = decide.evaluate(blend, features)
    rows = np.array([40, row])
    asked = ask(blend, features, base, SHOCK, rows)

    changed = {k: v[1] for k, v in overlaid(features.values, SHOCK, rows).items()}
    one = Features(
        sessions_on=features.sessions_on[: row + 1],
        decide_at_us=features.decide_at_us[: row + 1],
        values={k: changed.get(k, v)[: row + 1] for k, v in features.values.items()},
    )
    said = risk.forecast(risk.history_from(one), 21)
    learnt = base.bearing.said
    assert learnt is not None
    # What was learnt from the past is kept: only the inputs of the path are new.
    inputs = risk.memories(risk.daily_variance(risk.history_from(one)), one.values["vix"])
    sigma = risk.sigma_from(
        learnt.slopes[: row + 1], inputs, risk.event_factor(risk.history_from(one), 21), 21
    )
    assert blend.risk is not None
    assert base.bearing.worst is not None
    share = risk.share_of(0.2, base.bearing.worst[: row + 1] * sigma)
    bearing = decide.bearing_from(
        blend.risk, share, base.bearing.floor_scale[: row + 1], said, base.bearing.worst
    )
    levels = tuple(v.strategy.levels(one.values, v.params) for v in blend.voices)
    alone = decide.evaluate_levels(blend, levels, bearing)

    assert asked.score[1] == alone.score[-1]
    assert asked.target_weight[1] == alone.target_weight[-1]
    assert asked.invested[1] == alone.invested[-1]


def test_a_price_path_ends_where_it_says() -> None:
    """The returns of the path carry the fall, the sessions before are as they were."""
    features = synthetic_features()
    changed = overlaid(features.values, SHOCK, np.array([300]))["nvda_return"][0]
    moved = changed - features.values["nvda_return"]

    assert np.nansum(moved) == pytest.approx(np.log(0.8))
    assert np.flatnonzero(np.abs(moved) > 1e-12).tolist() == list(range(293, 301))


def test_included_scenarios_add_up_and_the_worst_fall_counts() -> None:
    """And one that is not there is named with the nearest."""
    parts = {
        "a": SHOCK,
        "b": Scenario(name="b", severity="severe", source="test", threat_pct=5.0, us_gate=0.0),
        "all": Scenario(name="all", severity="extreme", source="test", includes=("a", "b")),
    }
    whole = complete(parts)[-1]

    assert (whole.threat_pct, whole.us_gate, whole.price_pct, whole.vix) == (14.0, 0.0, -20.0, 45.0)
    with pytest.raises(UnknownNameError, match="did you mean 'a'"):
        complete({"a": SHOCK, "x": parts["all"].model_copy(update={"includes": ("aa",)})})


@cache
def table(preset: str) -> tuple[StressRow, ...]:
    config = load(CONFIG, preset)
    history = History(read_tables(CONFIG / "facts", Lags()))
    world = world_of(history, config, parse_as_of("2025-09-30"))
    found = assess(world, config, version="test")
    return stress(config.blend, preset, found.features, complete(config.scenarios))


def test_the_lines_of_balanced_stand_where_the_scenarios_put_them() -> None:
    """Severe sells on nine known days of ten, mild on none, extreme on all."""
    share = {(row.severity, row.scenario): row.share_of_known_days for row in table("balanced")}

    assert len(share) >= 12
    for (severity, name), found in share.items():
        assert found is not None
        if severity == "severe":
            assert found >= 0.9, name
        if severity == "mild":
            assert found == 0.0, name
        if severity == "extreme":
            assert found == 1.0, name


def test_moderate_scenarios_reduce_cautious_on_most_days_and_extreme_sells_every_preset() -> None:
    """Cautious keeps less on more than half of the known days; all three sell at the extreme."""
    rows = table("cautious")
    assert all((r.share_reduced or 0) > 0.5 for r in rows if r.severity == "moderate")
    for preset in ("cautious", "conviction"):
        extreme = [r for r in table(preset) if r.severity == "extreme"]
        assert [r.share_of_known_days for r in extreme] == [1.0]


@pytest.mark.parametrize("preset", ["cautious", "balanced", "conviction"])
def test_no_voice_weighs_enough_to_sell_alone(preset: str) -> None:
    """The SELL line lies at or beyond the heaviest weight."""
    blend = load(CONFIG, preset).blend

    assert -blend.rule.exit_below >= blend.weights.max() - 1e-12


@pytest.mark.parametrize("preset", ["cautious", "balanced"])
def test_every_stance_has_its_days(preset: str) -> None:
    """Of the known days, none of HOLD, REDUCE and SELL has none or all."""
    config = load(CONFIG, preset)
    history = History(read_tables(CONFIG / "facts", Lags()))
    found = assess(world_of(history, config, parse_as_of("2025-09-30")), config, version="test")
    e = found.evaluation
    days = known_days(e)
    sold = ~e.invested[days]
    less = ~sold & (e.target_weight[days] < 1.0)

    assert all(0.0 < share < 1.0 for share in (sold.mean(), less.mean(), (~sold & ~less).mean()))


def test_a_scenario_that_one_source_tells_sells_nothing() -> None:
    """The same news sells when it is confirmed; the score is the same."""
    features, blend = synthetic_features(holes=False), full_voices()
    base = decide.evaluate(blend, features)
    rows = np.flatnonzero(base.holding)[::20].astype(np.int64)
    bad = Scenario(name="bad", severity="severe", source="synthetic", domestic_pct=-60.0)
    told = ask(blend, features, base, bad, rows)
    alone = ask(blend, features, base, bad.model_copy(update={"confirmed": False}), rows)

    assert alone.score.tolist() == told.score.tolist()
    assert (~told.invested).sum() > (~alone.invested).sum()
    assert alone.invested.tolist() == base.invested[rows].tolist()


def test_all_scenarios_in_one_go_are_each_alone() -> None:
    """The row of the report's box is the row of the table, bit for bit."""
    features, blend = synthetic_features(holes=False), full_voices()
    base = decide.evaluate(blend, features)
    given = (NOTHING, SHOCK, SHOCK.model_copy(update={"price_sessions": 3, "name": "short"}))
    together = stress_at(blend, "p", features, given, base)
    alone = [stress_at(blend, "p", features, [one], base)[0] for one in given]

    assert list(together) == alone
    assert together[1].score_after != together[0].score_after
    assert together[1].score_after != together[2].score_after


def test_the_ceiling_asks_again_from_its_day_on() -> None:
    """Silent the day before, and without a day."""
    on = date(2026, 1, 5)

    def asked(acts_on: date, ask: date | None) -> tuple[str, ...]:
        strategy = SimpleNamespace(name="mine", valuation=SimpleNamespace(ask_again_on=ask))
        features = SimpleNamespace(sessions_on=(acts_on,))
        config = SimpleNamespace(strategy=strategy)
        return asks_again(SimpleNamespace(config=config, features=features))  # type: ignore[arg-type]

    assert asked(date(2026, 1, 2), on) == asked(on, None) == ()
    (line,) = asked(on, on)
    assert "mine" in line
