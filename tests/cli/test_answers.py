"""What programs are told, over MCP and under ``/api``: the commands' own JSON, and no more."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import typer

import config
from engine.cli.answers import QUESTIONS, Answers
from engine.cli.main import build
from engine.cli.output import kept_output
from engine.errors import InputError, NvsignalError

DAY = "2025-08-22"
LOTS = """\
country = "FR"
[[lots]]
bought_on = 2023-05-25
shares = 31415
cost_per_share = 385.0
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("answers")
    shutil.copytree(Path(config.__file__).parent, place / "config")
    (place / "config" / "holding.toml").write_text(LOTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NVSIGNAL_DATA", str(place / "data"))
        yield place / "config"


def printed(folder: Path, *words: str) -> str:
    with kept_output() as told:
        build()(args=[*words, "--config", str(folder), "--json"], standalone_mode=False)
    return "".join(told)


def answers(folder: Path) -> Answers:
    return Answers(root=typer.main.get_command(build()), config=str(folder))


CALLS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "report": ({"as_of": DAY}, ("report", "--as-of", DAY)),
    "explain": ({"as_of": DAY, "strategy": "cautious"},
                ("explain", "--as-of", DAY, "--strategy", "cautious")),
    "rate": ({"as_of": DAY, "models": ["DeepSeek-R1"]}, ("rate", "DeepSeek-R1", "--as-of", DAY)),
    "track": ({"as_of": DAY}, ("track", "--as-of", DAY)),
    "events": ({"as_of": DAY, "days": 30}, ("events", "--as-of", DAY, "--days", "30")),
    "feeds": ({}, ("feeds",)),
}  # fmt: skip


def test_a_client_over_stdio_gets_the_commands_own_bytes(folder: Path) -> None:
    """One session of the SDK's own client with the program in a process of its own."""
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    from mcp import ClientSession, StdioServerParameters, stdio_client

    there = StdioServerParameters(
        command=sys.executable,
        args=["-m", "engine.cli.main", "mcp", "--config", str(folder)],
        env={**os.environ},
    )
    found: dict[str, str] = {}
    refused: dict[str, str] = {}

    async def talk() -> set[str]:
        async with stdio_client(there) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            tools = (await session.list_tools()).tools
            assert all(tool.annotations.read_only_hint for tool in tools)
            for name, (asked, _) in CALLS.items():
                answer = await session.call_tool(name, asked)
                assert not answer.is_error, answer.content
                found[name] = answer.content[0].text
            for name, asked in (
                ("holding", {"as_of": DAY}),
                ("report", {"as_of": "2031-01-01"}),
                ("report", {"strategy": "/etc/passwd"}),
                ("rate", {"models": ["--all"]}),
            ):
                answer = await session.call_tool(name, asked)
                assert answer.is_error
                refused[name + str(asked)] = answer.content[0].text
            return {tool.name for tool in tools}

    assert anyio.run(talk) == set(QUESTIONS)
    for name, (_, words) in CALLS.items():
        assert found[name] == printed(folder, *words), name
    assert "31415" not in "".join(found.values())
    for said in refused.values():
        assert "\n" not in said
        assert "Traceback" not in said
    assert [part for part in ("private", "lies ahead", "not a file", "unknown release")
            if not any(part in said for said in refused.values())] == []  # fmt: skip


def test_the_holding_is_told_where_its_owner_allows_it(folder: Path) -> None:
    ask = answers(folder)
    with pytest.raises(InputError, match="private"):
        ask("holding", {"as_of": DAY})
    mine = folder / "holding.toml"
    mine.write_text("programs_may_read = true\n" + LOTS)
    try:
        assert ask("holding", {"as_of": DAY}) == printed(folder, "holding", "--as-of", DAY)
        assert json.loads(ask("holding", {"as_of": DAY}))["shares"] == 314_150
    finally:
        mine.write_text(LOTS)


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("db", {}),
        ("collect", {}),
        ("report", {"save": "x.html"}),
        ("report", {"as_of": "--offline"}),
        ("events", {"days": "--help"}),
        ("events", {"days": "0"}),
        ("rate", {"models": ["a", "b", "c"]}),
    ],
)
def test_nothing_else_can_be_asked(folder: Path, question: str, asked: dict[str, Any]) -> None:
    with pytest.raises(NvsignalError) as said:
        answers(folder)(question, asked)
    assert "\n" not in str(said.value)


def test_an_error_line_turns_no_text_round() -> None:
    """What was asked is repeated in errors, and people read them in the client's window."""
    from engine.cli.commands.mcp import tools

    def asked(question: str, given: dict[str, Any]) -> str:
        raise InputError("'\u202e\x1b[31mgnorw\n' is no date")

    with pytest.raises(Exception, match=r"^'\[31mgnorw ' is no date$"):
        tools(asked)[0]()  # type: ignore[arg-type]


def test_a_question_leaves_no_decision_on_record(folder: Path) -> None:
    answers(folder)("report", {})

    assert json.loads(printed(folder, "ledger")) == []


def test_without_the_package_one_line_names_the_remedy(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install '\.\[mcp\]'"):
        build()(args=["mcp", "--config", str(folder)], standalone_mode=False)


@pytest.mark.parametrize("token", [None, "a-token-nobody-would-guess-0001"])
def test_the_page_gives_the_same_behind_its_guard(folder: Path, token: str | None) -> None:
    import httpx

    from engine.clock import now
    from engine.service import wiring
    from engine.service.bind import load
    from engine.web.app import create_app
    from engine.web.guard import Admission
    from tests.web.site import served

    admission = Admission(names=frozenset({"localhost"}), token=token)
    with wiring.open_record(load(folder)) as store:
        app = create_app(store, folder, admission=admission, clock=now, answers=answers(folder))
        with served(app) as port, httpx.Client(base_url=f"http://localhost:{port}") as client:
            given = client.get("/api/explain", params={"as_of": DAY}, timeout=60)
            wrong = client.get("/api/explain", params={"as_of": "2031-01-01"}, timeout=60)
            private = client.get("/api/holding", timeout=60)
            rebound = client.get("/api/feeds", headers={"host": "evil.example"})
    assert rebound.status_code == 421
    if token:
        assert [a.status_code for a in (given, wrong, private)] == [401, 401, 401]
        return
    assert given.headers["content-type"] == "application/json"
    assert given.text == printed(folder, "explain", "--as-of", DAY)
    assert (wrong.status_code, private.status_code) == (400, 400)
    assert "lies ahead" in wrong.json()["error"]
    assert "private" in private.json()["error"]
