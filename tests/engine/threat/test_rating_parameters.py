"""Uncertain parameters: read in one pass, drawn once, the same bits every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import ConfigError
from engine.service.reference import CONFIG
from engine.threat.parameters import (
    UNCERTAIN_NAMES,
    parse_parameters,
    sample,
    standard,
    triangular,
    unit_ranks,
)
from tests.engine.threat.threat_world import draws, params

TEXT = (CONFIG / "threat.toml").read_text(encoding="utf-8")


def test_every_parameter_has_a_unit_a_source_and_a_date() -> None:
    assert tuple(u.name for u in params().uncertain) == UNCERTAIN_NAMES
    for u in params().uncertain:
        assert u.unit
        assert len(u.source) > 10
        assert u.dated_on.year >= 2024


def test_all_problems_are_told_in_one_pass_with_their_lines() -> None:
    broken = (
        TEXT.replace("[uncertain.elasticity]", "[uncertain.elastisity]")
        .replace("loss_scale = 0.0577", 'loss_scale = "big"')
        .replace("prior_sd = 0.7 ", "prior_sdd = 0.7 ")
        .replace("mode = 0.85\n", "mode = 7\n")
    )
    with pytest.raises(ConfigError) as told:
        parse_parameters(broken, where="t.toml")
    text = str(told.value)
    assert "did you mean 'elasticity'?" in text
    assert "did you mean 'prior_sd'?" in text
    assert "score.loss_scale = 'big' is not a finite number" in text
    assert "uncertain.adoption_open" in text
    assert "[uncertain.elasticity] is missing" in text
    assert all(p.startswith("t.toml") for p in told.value.problems)
    line = next(p for p in told.value.problems if "elastisity" in p).split(":")[1]
    assert broken.splitlines()[int(line) - 1] == "[uncertain.elastisity]"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('date = "2025-03-12"', 'date = "soon"', "is not a date"),
        ('high = 1.0\nunit = "reach', 'high = 1.5\nunit = "reach', "cannot exceed 1"),
        ("low = 3\nmode = 10", "low = 0\nmode = 10", "must be above 0"),
        ('scale = "log"\nunit = "fall', 'scale = "cubic"\nunit = "fall', "'linear' or 'log'"),
        ("slope = 0.70", "slope = -1", "is not above 0"),
        ('model_version = "1"', "model_version = 1", "model_version"),
    ],
)
def test_each_kind_of_problem_is_found(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(ConfigError, match=said):
        parse_parameters(TEXT.replace(old, new, 1))


def test_broken_toml_and_empty_files_are_told() -> None:
    with pytest.raises(ConfigError):
        parse_parameters("[score")
    with pytest.raises(ConfigError, match=r"\[uncertain\] is missing"):
        parse_parameters("")


def test_triangular_quantiles_are_those_of_scipy() -> None:
    from scipy.stats import triang

    u = np.linspace(0.001, 0.999, 101)
    ours = triangular(u, 2.0, 3.0, 7.0)
    assert np.allclose(ours, triang.ppf(u, c=0.2, loc=2.0, scale=5.0), rtol=1e-12)
    assert np.all(triangular(u, 4.0, 4.0, 4.0) == 4.0)


def test_draws_stay_inside_and_reach_the_ends() -> None:
    for u in params().uncertain:
        values = draws()[u.name]
        assert values.min() >= u.low * (1 - 1e-12)
        assert values.max() <= u.high * (1 + 1e-12)


def test_each_parameter_visits_every_slice_of_its_distribution_once() -> None:
    drawn = sample(params(), draws=256)
    for u in drawn.noise.values():
        assert sorted(np.floor(u * 256).astype(int)) == list(range(256))


def test_the_seed_alone_decides_the_bits() -> None:
    one, two = sample(params(), draws=128, seed=5), sample(params(), draws=128, seed=5)
    other = sample(params(), draws=128, seed=6)
    assert np.array_equal(one["elasticity"], two["elasticity"])
    assert not np.array_equal(one["elasticity"], other["elasticity"])


def test_dropping_a_parameter_moves_no_other_one() -> None:
    fewer = replace(params(), uncertain=params().uncertain[5:])
    assert np.array_equal(
        sample(fewer, draws=64)["elasticity"], sample(params(), draws=64)["elasticity"]
    )


def test_standard_noise_has_mean_zero_and_deviation_one() -> None:
    z = standard((np.arange(100_000) + 0.5) / 100_000)
    assert abs(float(z.mean())) < 1e-6
    assert float(z.std()) == pytest.approx(1, abs=1e-4)


def test_unit_ranks_give_spearman() -> None:
    x = np.array([3.0, 1.0, 2.0, 10.0])
    assert float(unit_ranks(x) @ unit_ranks(x**3)) == pytest.approx(1)
    assert float(unit_ranks(x) @ unit_ranks(-x)) == pytest.approx(-1)
