"""Rooms behind the commands, which note what they are asked and answer what a test tells them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import pytest

from engine.cli.main import main

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)


class Rooms:
    """Configuration, record and clock of a command; ``calls`` holds who was asked what, in order.

    An instant that is asked for by name is the name itself, so that a test sees it pass through.
    """

    def __init__(self, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capsys = patch, capsys
        self.calls: list[tuple[Any, ...]] = []
        self.loaded: Any = Thing(
            folder=Path("home"), holding=None, digest="d", strategy=Thing(name="balanced"),
            blend="blend", settings=Thing(timestamp="ts", schedule="schedule"),
        )  # fmt: skip
        self.store: Any = Thing(address="r.db", history=lambda known_by: ("history", known_by))
        patch.setattr("config.settings.config_folder", lambda given=None: Path(given or "home"))
        patch.setattr("engine.clock.now", lambda: NOW)
        patch.setattr("engine.service.bind.load", self._load)
        patch.setattr("engine.service.wiring.open_record", self._opened)
        self.answer("engine.service.wiring.instant_at", lambda store, as_of, now: as_of or now)

    def _load(self, folder: Path, strategy: str | None = None) -> Any:
        self.calls.append(("load", str(folder), strategy))
        return self.loaded

    @contextmanager
    def _opened(self, loaded: Any, db: str | None = None) -> Iterator[Any]:
        assert loaded is self.loaded
        self.calls.append(("open", db))
        yield self.store
        self.calls.append(("close",))

    def answer(self, place: str, answer: Any) -> None:
        """``place`` answers ``answer``, or what it makes of what it is given; calls are noted."""

        def called(*given: Any, **named: Any) -> Any:
            self.calls.append((place.rpartition(".")[2], *given, *((named,) if named else ())))
            return answer(*given, **named) if callable(answer) else answer

        self._patch.setattr(place, called)

    def asked(self, name: str) -> list[tuple[Any, ...]]:
        """What ``name`` was given, call by call."""
        return [call[1:] for call in self.calls if call[0] == name]

    def call(self, *words: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of the command line ``words``."""
        self.calls.clear()
        with pytest.raises(SystemExit) as left:
            main([*words])
        out, err = self._capsys.readouterr()
        return int(left.value.code or 0), out, err


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rooms:
    """Stand-ins for what lies behind every command."""
    return Rooms(monkeypatch, capsys)
