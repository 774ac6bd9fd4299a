"""The configuration: every problem at once, with line, key, remedy; never a traceback."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from config.settings import PACKAGED, schemas, strategy_path
from engine.errors import ConfigError, NvsignalError, UnknownNameError
from engine.record.readings.observations import RATE_PCT
from engine.service.bind import check, load

CONFIG = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "config"
    shutil.copytree(CONFIG, copy, ignore=shutil.ignore_patterns("facts", "__pycache__"))
    return copy


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_shipped_configuration_is_in_order() -> None:
    """No preset carries a problem."""
    assert check(CONFIG) == []


def test_an_unknown_key_names_line_and_nearest_key(folder: Path) -> None:
    """A typing error is found where it stands."""
    preset = folder / "strategies" / "balanced.toml"
    edit(preset, "exit_below =", "exit_belw =")
    lines = preset.read_text(encoding="utf-8").splitlines()
    (line,) = [n for n, text in enumerate(lines, start=1) if text.startswith("exit_belw =")]
    problems = check(folder)

    assert any(f"balanced.toml:{line}" in p and "did you mean 'exit_below'" in p for p in problems)


def test_all_problems_come_in_one_pass(folder: Path) -> None:
    """Three files with one problem each give three lines."""
    edit(folder / "strategies" / "balanced.toml", "weight = 0.20", "weight = -0.20")
    edit(folder / "strategies" / "cautious.toml", "Fp8Threat", "Fp8Thread")
    edit(folder / "nvsignal.toml", 'language = "en"', 'language = "de"')
    told = "\n".join(check(folder))

    for part in ("balanced.toml", "cautious.toml", "nvsignal.toml", "did you mean 'Fp8Threat'"):
        assert part in told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('ceiling_usd_tn = "4 trillion"', 'ceiling_usd_tn = "four"', "four"),
        ('ceiling_usd_tn = "4 trillion"', "ceiling_usd_tn = -1", "greater than 0"),
        (
            '{ ceiling_usd_tn = "4 trillion", ceiling_at_sales_usd_bn = 165 }',
            "{ half_life_sessions = 0 }",
            "no parameter",
        ),
        ("exit_below = -0.22", "exit_below = 0.5", "is not below enter_above"),
        ("exit_below = -0.22", "exit_below = -7", "exit_below"),
        ("exit_below = -0.22", "exit_below = nan", "exit_below"),
        ("exit_below = -0.22", "exit_below = ", "Invalid value (line "),
        ('use = "strategies.trend:Trend"', 'use = "strategies.trnd:Trend"', "strategies.trnd"),
        ("weight = 0.15", 'weight = "heavy"', "weight"),
    ],
)
def test_bad_values_are_refused_with_what_is_allowed(
    folder: Path, old: str, new: str, told: str
) -> None:
    """Each message names the value's place and the remedy."""
    edit(folder / "strategies" / "balanced.toml", old, new)

    assert any(told in p for p in check(folder)), check(folder)
    with pytest.raises(ConfigError):
        load(folder, "balanced")


def test_a_ceiling_is_said_in_words_of_money(folder: Path) -> None:
    """4,2 trillion with a comma is the same as 4.2."""
    edit(folder / "strategies" / "balanced.toml", '"4 trillion"', '"4,2 trillion"')
    voice = load(folder, "balanced").blend.valuation

    assert voice is not None
    assert voice.params["ceiling_usd_tn"] == pytest.approx(4.2)


def test_an_unknown_preset_names_the_nearest() -> None:
    """balancd is balanced."""
    with pytest.raises(UnknownNameError, match="balanced"):
        strategy_path(CONFIG, "balancd")


def test_a_preset_name_cannot_leave_the_folder() -> None:
    """Path traversal finds nothing."""
    with pytest.raises(NvsignalError):
        strategy_path(CONFIG, "../nvsignal")


def test_comments_do_not_change_the_digest(folder: Path) -> None:
    """The receipt's hash is over content."""
    before = load(folder, "balanced").digest
    path = folder / "strategies" / "balanced.toml"
    path.write_text("# a note\n" + path.read_text(encoding="utf-8"), encoding="utf-8")

    assert load(folder, "balanced").digest == before
    edit(path, "weight = 0.15", "weight = 0.16")
    assert load(folder, "balanced").digest != before


def test_schemas_describe_every_file() -> None:
    """An editor can complete the keys."""
    keys = {
        "nvsignal": "decide_at",
        "strategy": "exit_below",
        "events": "impulse_pct",
        "feeds": "cadence_minutes",
        "scenario": "name",
        "holding": "cost_per_share",
        "whatif": "price_output_usd_per_mtok",
        "threat": "known_on",
    }
    shipped = {path.stem for path in PACKAGED.glob("*.toml")}
    folders = {"strategies": "strategy", "scenarios": "scenario"}
    shipped |= {folders[path.parent.name] for path in PACKAGED.glob("*/*.toml")}
    own = {"whatif", "holding"}  # written by the user; none ships
    assert shipped | own == keys.keys() == schemas().keys()
    for name, key in keys.items():
        assert f"'{key}'" in str(schemas()[name]), name


def test_mutated_files_give_no_traceback(folder: Path) -> None:
    """300 random edits end in a clean load or in ConfigError, nothing else."""
    path = folder / "strategies" / "balanced.toml"
    original = path.read_text(encoding="utf-8")
    rng = random.Random(11)
    refused = 0
    for _ in range(300):
        text = list(original)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(text))
            text[at] = rng.choice(["", "=", '"', "[", "9" * 30, "\x00", "é", "-", "nan", "\n"])
        path.write_text("".join(text), encoding="utf-8")
        try:
            load(folder, "balanced")
        except NvsignalError:
            refused += 1

    assert refused > 100


@pytest.mark.parametrize("name", ["threat.toml", "feeds.toml", "events.toml", "nvsignal.toml"])
@pytest.mark.parametrize("text", ["[[[", None])
def test_no_file_of_the_configuration_is_left_unchecked(
    folder: Path, name: str, text: str | None
) -> None:
    """Broken or missing, each is named; none ends in a traceback later."""
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(text, encoding="utf-8")

    assert any(name in problem for problem in check(folder))


def test_a_table_that_is_missing_is_told_once(folder: Path) -> None:
    """It was three lines, one of them an exception's name."""
    missing = shutil.ignore_patterns("model_releases.csv")
    shutil.copytree(CONFIG / "facts", folder / "facts", ignore=missing)
    told = [problem for problem in check(folder) if "model_releases.csv" in problem]
    assert told == [f"model_releases.csv is missing from '{folder / 'facts'}'"]


def test_a_yield_no_live_source_may_tell_is_no_table_entry_either(folder: Path) -> None:
    """One range for every door: 99 % in the table passed the check and moved the rates voice."""
    tables = folder / "facts"
    shutil.copytree(CONFIG / "facts", tables)
    rates = tables / "rates_daily.csv"
    rates.write_text(
        rates.read_text(encoding="utf-8").rstrip("\n") + "\n2026-08-21,3.63,99,4.7,,x,medium\n",
        encoding="utf-8",
    )
    (told,) = [problem for problem in check(folder) if "rates_daily.csv" in problem]
    assert "dgs2_pct" in told
    assert f"{RATE_PCT[0]:g} to {RATE_PCT[1]:g}" in told
