"""``--as-of`` means the same in every command, and nothing is known of a day to come."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer

import config
from engine.cli.main import build
from engine.clock import end_of_day, instant_of
from engine.errors import InputError
from engine.service import wiring

PRESENT = datetime(2025, 8, 22, 15, 0, tzinfo=UTC)  # eleven in the morning in New York
LOTS = """\
[[lots]]
bought_on = 2023-05-25
shares = 10
cost_per_share = 385.0
"""
NEEDED = {
    "whatif": ("--release", "new.toml"),
    "cost": ("DeepSeek-V3", "--chip", "NVIDIA H800 SXM"),
}
WITH_AS_OF = (
    "audit calendar cost events explain holding rate rates report stress study track whatif".split()
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", PRESENT),
        (" Today ", PRESENT),
        ("2025-08-22", PRESENT),  # what is left of this day is still to come
        ("2025-08-22T19:00-04:00", PRESENT),
        ("2025-08-22T09:00Z", datetime(2025, 8, 22, 9, 0, tzinfo=UTC)),
        ("2025-08-21", end_of_day(PRESENT.date() - timedelta(days=1))),
    ],
)
def test_words_days_and_instants(text: str, meant: datetime) -> None:
    assert instant_of(text, PRESENT) == meant


@pytest.mark.parametrize("text", ["2025-08-23", "2025-08-23T00:30-04:00", "2031-01-01"])
def test_what_lies_ahead_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="lies ahead"):
        instant_of(text, PRESENT)


def commands_with_as_of() -> list[str]:
    group = typer.main.get_command(build())
    found = getattr(group, "commands", {})
    return sorted(
        name for name, command in found.items() if any(p.name == "as_of" for p in command.params)
    )


def test_the_commands_that_take_it() -> None:
    assert commands_with_as_of() == WITH_AS_OF


@pytest.mark.parametrize("command", [*WITH_AS_OF, "risk"])
def test_every_command_asks_the_same_owner(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "config"
    shutil.copytree(Path(config.__file__).parent, folder)
    (folder / "holding.toml").write_text(LOTS)
    (tmp_path / "new.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    asked: list[str | None] = []

    def owner(store: Any, as_of: str | None, present: datetime) -> datetime:
        asked.append(as_of)
        raise InputError("asked")

    monkeypatch.setattr(wiring, "instant_at", owner)
    where = () if command == "cost" else ("--config", str(folder))
    option = "--to" if command == "risk" else "--as-of"
    with pytest.raises(InputError, match="asked"):
        build()(
            args=[command, option, "last", *where, *NEEDED.get(command, ())],
            standalone_mode=False,
        )
    assert asked == ["last"]


def test_the_last_evening_and_now_are_told_apart(tmp_path: Path) -> None:
    from engine.service.bind import load

    with wiring.open_record(load(Path(config.__file__).parent)) as store:
        now = datetime(2026, 11, 1, tzinfo=UTC)
        assert wiring.instant_at(store, None, now) == now
        assert wiring.instant_at(store, "now", now) == now
        assert wiring.instant_at(store, "last", now) == wiring.last_evening(store) < now
        with pytest.raises(InputError, match="lies ahead"):
            wiring.instant_at(store, "2026-11-02", now)
