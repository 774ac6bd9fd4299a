"""Any error is one line with an exit code, and no secret is in it."""

from __future__ import annotations

import pytest

from engine.cli import main as door
from engine.errors import StoreError
from engine.record.connect import parse_url, shown


def run(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(door, "build", lambda: fails)
    with pytest.raises(SystemExit) as left:
        door.main([])
    return int(left.value.code or 0)


def test_an_unforeseen_error_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(door.DEBUG, raising=False)

    code = run(monkeypatch, ValueError("odd\nand long"))

    said = capsys.readouterr().err
    assert code == 1
    assert said.count("\n") == 1
    assert "unexpected ValueError: odd and long" in said
    assert door.DEBUG in said


def test_the_whole_story_is_there_for_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(door.DEBUG, "1")

    def fails(*_: object, **__: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(door, "build", lambda: fails)
    with pytest.raises(ValueError, match="odd"):
        door.main([])


@pytest.mark.parametrize("error", [ValueError, StoreError])
def test_no_secret_of_the_environment_reaches_an_error_line(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(door.DEBUG, raising=False)
    monkeypatch.setenv("NVSIGNAL_DB", "postgresql+psycopg://u:planted-4417@127.0.0.1:1/db")
    monkeypatch.setenv("NVSIGNAL_MAIL_URL", "mailtos://me:planted-9921@smtp.example.org")

    run(monkeypatch, error("cannot open u:planted-4417 with planted-9921"))

    assert "planted" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://u:planted-1@127.0.0.1:1/db",
        "postgresql+psycopg://u@127.0.0.1:1/db?password=planted-2",
        "postgresql+psycopg://u@127.0.0.1:1/db?sslpassword=planted-3&sslkey=planted-4",
    ],
)
def test_the_address_of_a_database_is_shown_without_its_passwords(url: str) -> None:
    assert "planted" not in shown(parse_url(url))
    assert "127.0.0.1" in shown(parse_url(url))
