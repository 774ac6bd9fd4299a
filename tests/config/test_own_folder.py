"""``config init``: a folder of one's own that is found, kept, and in order."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.holding import TEMPLATE, Holding
from config.schema import read_model
from config.settings import PACKAGED, config_folder
from engine.cli.main import build
from engine.service.bind import check, load


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, a working directory without a configuration."""
    monkeypatch.delenv("NVSIGNAL_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "home" / "nvsignal"


def run(*args: str) -> str:
    done = CliRunner().invoke(build(), ["config", *args])
    assert done.exit_code == 0, done.exception
    return done.stdout


def test_the_users_own_folder_is_written_found_and_in_order(home: Path) -> None:
    """Without an option or a variable: the next command uses it."""
    assert config_folder() == PACKAGED
    told = run("init")

    assert "files written, 0 kept" in told
    assert "export" not in told
    assert "SEC EDGAR (sec-nvda); set mail under [contact]" in told
    assert config_folder() == home
    assert check(home) == []
    assert load(home).holding == Holding()
    assert not (home / "facts").exists()
    assert load(home).facts == PACKAGED / "facts"
    assert load(home).digest == load(PACKAGED).digest


def test_a_file_that_is_there_stays_as_it_is(home: Path) -> None:
    """Run again after an upgrade, it adds what is new and touches nothing."""
    run("init")
    mine = home / "strategies" / "balanced.toml"
    mine.write_text(mine.read_text().replace("exit_below = -0.22", "exit_below = -0.30"))
    (home / "events.toml").unlink()

    assert "1 files written" in run("init")
    assert "-0.30" in mine.read_text()
    assert (home / "events.toml").read_text() == (PACKAGED / "events.toml").read_text()


def test_elsewhere_it_says_how_it_is_found(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = run("init", str(tmp_path / "mine"))
    line = next(line for line in told.splitlines() if "export" in line)
    name, _, value = shlex.split(line)[-1].partition("=")
    monkeypatch.setenv(name, value)

    assert config_folder() == tmp_path / "mine"


def test_the_programs_own_folder_is_refused(home: Path) -> None:
    done = CliRunner().invoke(build(), ["config", "init", str(PACKAGED)])

    assert done.exit_code != 0
    assert "the program's own" in str(done.exception)


def test_the_template_holds_when_its_marks_are_taken_off() -> None:
    """Every line of it is right: no investor starts from an example that is refused."""
    lines = [line.removeprefix("# ") for line in TEMPLATE.splitlines()]
    text = "\n".join(line for line in lines if line.startswith("[") or " = " in line)
    held = read_model(text, Holding, "holding.toml")

    assert held.lots[0].cost_per_share == 385
    assert held.tax[0].gains_rate_pct == 10
    assert set(tomllib.loads(text)) == set(Holding.model_fields)
