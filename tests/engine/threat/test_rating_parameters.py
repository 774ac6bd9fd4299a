"""Uncertain parameters: read in one pass, drawn once, the same bits every time."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from config.settings import PACKAGED
from config.threat import Uncertain
from engine.errors import ConfigError
from engine.threat.parameters import (
    UNCERTAIN_NAMES,
    parse_parameters,
    sample,
    standard,
    triangular,
    unit_ranks,
)
from tests.engine.threat.threat_world import DAY, drawn, draws, end_of, params

FROZEN_ON = date(2025, 9, 30)

TEXT = (PACKAGED / "threat.toml").read_text(encoding="utf-8")


def test_every_parameter_has_a_unit_and_sources() -> None:
    assert tuple(name for name, _ in params().uncertain.items()) == UNCERTAIN_NAMES
    for _, figure in params().uncertain.items():
        assert figure.unit
        assert all(len(row.source) > 8 for row in (figure.prior, *figure.evidence))


def test_nothing_dated_later_is_used_and_it_was_wider_before() -> None:
    for name, figure in params().uncertain.items():
        for row in figure.evidence:
            eve = row.known_on - timedelta(days=1)
            without = figure.model_copy(
                update={"evidence": tuple(e for e in figure.evidence if e.known_on <= eve)}
            )
            assert figure.spread(eve) == without.spread(eve), name
            assert figure.spread(row.known_on).sd < figure.spread(eve).sd, name


def test_priors_rest_on_nothing_after_the_freeze() -> None:
    """What is dated after 2025-09-30 may inform later days and chooses no prior."""
    for name, figure in params().uncertain.items():
        early = figure.model_copy(
            update={"evidence": tuple(e for e in figure.evidence if e.known_on <= FROZEN_ON)}
        )
        assert figure.spread(FROZEN_ON) == early.spread(FROZEN_ON), name
    assert all(mix.known_on <= FROZEN_ON for mix in params().policy_mix)


def test_pooling_is_by_precision_and_stays_inside_the_prior() -> None:
    def row(low: float, mode: float, high: float, **given: object) -> dict[str, object]:
        return {"low": low, "mode": mode, "high": high, "source": "made for the test", **given}

    figure = Uncertain.model_validate(
        {
            "unit": "x",
            "prior": row(0.0, 1.0, 2.0),
            "evidence": [row(1.0, 2.0, 3.0, known_on=date(2025, 1, 1))],
        }
    )
    after = figure.spread(date(2025, 1, 1))
    assert after.mode == pytest.approx(1.5)
    assert figure.prior.low <= after.low <= after.high <= figure.prior.high
    drifting = figure.model_copy(update={"drift": 0.5})
    assert drifting.spread(date(2028, 1, 1)).mode < after.mode


def test_all_problems_are_told_in_one_pass_with_their_lines() -> None:
    broken = (
        TEXT.replace("[uncertain.elasticity]", "[uncertain.elastisity]")
        .replace("loss_scale = 0.0289", 'loss_scale = "big"')
        .replace("prior_sd = 0.7 ", "prior_sdd = 0.7 ")
        .replace("mode = 0.75, high = 1.0, source", "mode = 7.0, high = 1.0, source")
    )
    with pytest.raises(ConfigError) as told:
        parse_parameters(broken, where="t.toml")
    text = str(told.value)
    assert "did you mean 'elasticity'?" in text
    assert "did you mean 'prior_sd'?" in text
    assert "loss_scale = 'big'" in text
    assert "uncertain.adoption_open" in text
    assert "not in order" in text
    assert all(p.startswith("t.toml") for p in told.value.problems)
    line = next(p for p in told.value.problems if "elastisity" in p).split(":")[1]
    assert broken.splitlines()[int(line) - 1] == "[uncertain.elastisity]"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("known_on = 2026-01-04", 'known_on = "soon"', "date"),
        ("low = 0.4, mode = 0.75, high = 1.0", "low = 0.4, mode = 0.75, high = 1.5", "above 1"),
        ("prior = { low = 2, mode = 6", "prior = { low = 0, mode = 6", "must be above 0"),
        ('scale = "log"\ndrift', 'scale = "cubic"\ndrift', "linear"),
        ("slope = 0.70", "slope = -1", "not a number above 0"),
        ('model_version = "2"', "model_version = 2", "model_version"),
        ("free = 0.30", "free = 0.50", "add up to 1"),
    ],
)
def test_each_kind_of_problem_is_found(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(ConfigError, match=said):
        parse_parameters(TEXT.replace(old, new, 1))


def test_broken_toml_and_empty_files_are_told() -> None:
    with pytest.raises(ConfigError):
        parse_parameters("[score")
    with pytest.raises(ConfigError, match="uncertain is missing"):
        parse_parameters("")


def test_triangular_quantiles_are_those_of_scipy() -> None:
    from scipy.stats import triang

    u = np.linspace(0.001, 0.999, 101)
    ours = triangular(u, 2.0, 3.0, 7.0)
    assert np.allclose(ours, triang.ppf(u, c=0.2, loc=2.0, scale=5.0), rtol=1e-12)
    assert np.all(triangular(u, 4.0, 4.0, 4.0) == 4.0)


def test_draws_stay_inside_and_reach_the_ends() -> None:
    for name, spread in params().spreads(DAY.date()).items():
        values = draws()[name]
        assert values.min() >= spread.low * (1 - 1e-12)
        assert values.max() <= spread.high * (1 + 1e-12)


def test_each_figure_visits_every_slice_of_its_distribution_once() -> None:
    for u in sample(params(), draws=256).uniform.values():
        assert sorted(np.floor(u * 256).astype(int)) == list(range(256))


def test_the_seed_alone_decides_the_bits() -> None:
    one, two = sample(params(), draws=128, seed=5), sample(params(), draws=128, seed=5)
    other = sample(params(), draws=128, seed=6)
    assert np.array_equal(one.at(DAY)["elasticity"], two.at(DAY)["elasticity"])
    assert not np.array_equal(one.at(DAY)["elasticity"], other.at(DAY)["elasticity"])


def test_common_draws_keep_their_order_from_day_to_day() -> None:
    early, late = drawn().at(end_of("2025-01-20")), drawn().at(end_of("2026-08-31"))
    assert np.array_equal(np.argsort(early["elasticity"]), np.argsort(late["elasticity"]))


def test_standard_noise_has_mean_zero_and_deviation_one() -> None:
    z = standard((np.arange(100_000) + 0.5) / 100_000)
    assert abs(float(z.mean())) < 1e-6
    assert float(z.std()) == pytest.approx(1, abs=1e-4)


def test_unit_ranks_give_spearman() -> None:
    x = np.array([3.0, 1.0, 2.0, 10.0])
    assert float(unit_ranks(x) @ unit_ranks(x**3)) == pytest.approx(1)
    assert float(unit_ranks(x) @ unit_ranks(-x)) == pytest.approx(-1)
