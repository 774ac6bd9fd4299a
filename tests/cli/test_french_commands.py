"""Every command that answers in words answers in French, errors included; not one English word.

The record is a fresh one without news, so that these cases cost little; the ones that decide, rate
or replay stand in tests/web/test_french_pages.py, outside CI.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from engine.cli.main import build, main
from tests.french import english_in
from tests.web.site import Site, make_site

DAY = "2025-08-22"
BARS = (
    "Date;Ouverture;Plus haut;Plus bas;Dernier;Volume\n01/10/2025;189,00;190,00;188,00;189,50;100\n"
)
KINDS = re.compile(r"^\w+(?= +[\d\u202f]+ )", re.MULTILINE)
"""The kinds of facts in ``status``, which keep the names of the record."""
SPOKEN_WITHOUT_A_LANGUAGE = {"run", "mcp", "version", "fp8"}
"""Logs for programs, programs, a number, tables for programs."""


ENGLISH_ONLY = {"cost", "validate"}
"""Not translated yet; the list may only shrink."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = make_site(tmp_path_factory.mktemp("spoken"))
    yield made
    made.store.close()


@pytest.fixture(autouse=True)
def own_data(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NVSIGNAL_DATA", str(site.folder.parent / "data"))


def asked(site: Site, command: str) -> Result:
    given = [*command.split(), "--lang", "fr", "--config", str(site.folder)]
    return CliRunner().invoke(build(), given, catch_exceptions=False)


@pytest.mark.parametrize(
    "command",
    [
        "status", "feeds", "rates --as-of " + DAY, "rates --as-of 2021-01-10",
        f"rates --as-of {DAY} --price ZQU25=95.67 --published 400-425:84.7;425-450:15.3",
        "config check", "config show", "calendar --as-of " + DAY, "ledger", "ledger verify",
        "db upgrade", "collect bis-rules",
    ],
)  # fmt: skip
def test_a_command_answers_in_french(site: Site, command: str, offline: None) -> None:
    done = asked(site, command)

    told = done.stdout + done.stderr
    assert told.strip()
    assert english_in(KINDS.sub(" ", told) if command == "status" else told) == []


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: Any, **__: Any) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", no_network)


def test_what_a_file_brings_is_told_in_french(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "cours.csv"
    file.write_text(BARS)
    done = asked(site, f"import bars {file} --allow-gaps")

    assert done.exit_code == 0, done.stderr
    assert "1 nouveau cours" in done.stdout
    assert english_in((done.stdout + done.stderr).replace(str(file), " ")) == []


REFUSED = (
    "import bars nothing.csv", "import rates {bad}", "import events {bad}", "import actions {bad}",
    "import bars {bad}", "import bars {bad} --symbol !", "collect nobody", "whatif",
    "whatif --release nothing.toml", "whatif --release {bad}", "rates --as-of 1990-01-01",
    "rates --as-of 2025-08-22 --range 450-425", "rates --as-of 2025-08-22 --price ZQU25=195",
    "rates --as-of 2025-08-22 --price ZQU25=95.7 --meeting 2025-09-18",
    "rates --as-of 2025-08-22 --price ZQV25=95.89 --price ZQX25=96.01 --meeting 2025-12-10",
    "rates --as-of 2025-08-22 --published 4", "rates --effr 90", "rates --meeting soon",
    "register", "register --from 2024-01-01 --until 2024-02-01", "register --verify {bad}",
    "ledger verify {bad}", "ledger verify --head 00", "deliver", "deliver --test",
    "db restore nothing.sqlite3", "db backup {bad}", "db export {bad} --table nothing",
    "study --types x",
    "backtest --strategy nobody", "backtest --capital -1", "sweep", "sweep --grid x",
    "sweep --grid decision.exit_below=1:2:0", "sweep --grid decision.nothing=1,2",
    "walk-forward --grid decision.exit_below=-0.3,-0.2 --train 9000",
    "config init {bad}/x", "serve --port 0", "report --format pdf",
    "calendar --as-of soon", "audit --dates 0", "classify --report x",
    "classify {bad}", "track --as-of 2030-01-01", "worlds --worlds 0",
)  # fmt: skip


@pytest.mark.parametrize("command", REFUSED)
def test_a_command_refuses_in_french(
    site: Site, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1\n")
    words = command.format(bad=bad).split()
    config = [] if command.startswith("config ") else ["--config", str(site.folder)]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--lang", "fr", *config])

    assert ended.value.code in (1, 2)
    told = capsys.readouterr().err
    assert told.startswith("nvsignal: ")
    assert english_in(told.replace(str(bad), " ").replace(str(tmp_path), " ")) == []


def test_the_configured_language_is_that_of_errors_too(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = site.folder / "nvsignal.toml"
    before = settings.read_text(encoding="utf-8")
    settings.write_text(before.replace('language = "en"', 'language = "fr"'), encoding="utf-8")
    try:
        with pytest.raises(SystemExit):
            main(["backtest", "--strategy", "nobody", "--config", str(site.folder)])
    finally:
        settings.write_text(before, encoding="utf-8")

    assert "est inconnu" in capsys.readouterr().err


def commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def test_every_command_that_answers_in_words_takes_a_language() -> None:
    """``db drill`` and the like too; a new command is asked for its language here."""
    silent = {
        name
        for name, command in commands(typer.main.get_command(build()))
        if not any("--lang" in parameter.opts for parameter in command.params)
        and name.split()[0] not in SPOKEN_WITHOUT_A_LANGUAGE
    }
    assert silent == {"config schema", *ENGLISH_ONLY}  # a schema is JSON
