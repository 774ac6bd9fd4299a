"""Secrets planted wherever one can stand, and looked for in everything that comes out."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.settings import PACKAGED
from engine.bare import bare_environment
from engine.cli.address import without_password
from engine.errors import NvsignalError
from engine.record.store import Store
from engine.web.app import create_app
from engine.web.guard import Admission
from feeds.sandbox import ParserProcess
from tests.fuzz.hunt import run, shorten

TOKENS = tuple(f"planted{number:02d}zq" for number in range(1, 25))
T = dict(enumerate(TOKENS, start=1))

FEEDS = f"""
[[feed]]
name = "in-the-user-part"
kind = "feeds.rss:RssCollector"
url = "https://reader:{T[1]}@feeds.example.org/a.xml"
[[feed]]
name = "in-the-query"
kind = "feeds.rss:RssCollector"
url = "https://feeds.example.org/b.xml?token={T[2]}&x=1"
[[feed]]
name = "another-key"
kind = "feeds.rss:RssCollector"
url = "https://feeds.example.org/c.xml?api_key={T[3]}"
[[feed]]
name = "its-own-header"
kind = "feeds.rss:RssCollector"
url = "https://feeds.example.org/d.xml"
key_env = "FEED_OWN_KEY"
"""
ENVIRONMENT = {
    "FEED_OWN_KEY": T[4],
    "NVSIGNAL_MAIL_URL": f"mailtos://me%40example.org:{T[5]}@smtp.example.org?to=you@example.org",
    "CHAT_URL": f"tgram://123456789:{T[6]}AAAAAAAAAAAAAAAAAAAAAAAA/12345",
    "NVSIGNAL_WEB_TOKEN": T[8] * 4,
    "HTTPS_PROXY": f"http://someone:{T[9]}@proxy.example.org:3128",
    "PING_URL": f"https://hc.example.org/{T[10]}",
    "AWS_SECRET_ACCESS_KEY": T[11],
    "DATABASE_PASSWORD": T[12],
    "TELEGRAM_BOT_TOKEN": T[13],
    "PGPASSWORD": T[14],
}
CHANNELS = """
[[delivery.channel]]
name = "mail"
url_env = "NVSIGNAL_MAIL_URL"
[[delivery.channel]]
name = "chat"
url_env = "CHAT_URL"
form = "push"
[[delivery.channel]]
name = "file"
url_file = "{file}"
"""
DATABASES = (
    f"postgresql+psycopg://u:{T[15]}@127.0.0.1:1/db",
    f"postgresql+psycopg://u@127.0.0.1:1/db?password={T[16]}",
    f"postgresql+psycopg://u@127.0.0.1:1/db?sslkey={T[17]}",
    f"mysql://u:{T[18]}@127.0.0.1/db",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A whole configuration with secrets in every place that takes one."""
    made = tmp_path / "config"
    ignored = shutil.ignore_patterns("__pycache__", "*.py", "headlines.csv")
    shutil.copytree(PACKAGED, made, ignore=ignored)
    shorten(made)
    (made / "feeds.toml").write_text(FEEDS)
    address = tmp_path / "address"
    address.write_text(f"mailtos://me:{T[7]}@smtp.example.org?to=you@example.org\n")
    address.chmod(0o600)
    settings = made / "nvsignal.toml"
    told = settings.read_text().replace('ping_url_env = ""', 'ping_url_env = "PING_URL"')
    settings.write_text(told + CHANNELS.format(file=address))
    (tmp_path / ".netrc").write_text(f"machine feeds.example.org login x password {T[22]}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NVSIGNAL_DB", f"sqlite:///{tmp_path / 'record.sqlite3'}")
    monkeypatch.delenv("NVSIGNAL_DEBUG", raising=False)
    yield made
    for handler in [h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler]:
        logging.getLogger().removeHandler(handler)


QUESTIONS = ("report", "explain", "feeds", "track", "events", "holding", "rate", "none")
COMMANDS = (
    "collect", "collect --json", "daily", "feeds", "feeds --json", "doctor", "doctor --json",
    "status", "status --json", "config show --json", "ledger --json", "ledger verify",
    "config check",
    "deliver --test", "db backup {out}/copy.db", "db export {out}/fact.csv",
    "db export {out}/item.csv --table item", "db export {out}/ledger.csv --table ledger",
    "report --offline --format json --out {out}/r.json", "db drill {out}/copy.db",
    "report --offline --save {out}/r.html --lang fr", "status --db {out}/none/x.db", "mcp --list",
)  # fmt: skip


def said_by(argv: list[str]) -> str:
    _, out, err, escaped = run(argv)
    return out + err + escaped


@pytest.mark.slow
def test_no_planted_secret_comes_out_anywhere(folder: Path, tmp_path: Path) -> None:
    """Commands, logs, crash lines, record, copies, exports, pages, programs, kept files: none."""
    out = tmp_path / "out"
    out.mkdir()
    said = {
        line: said_by([*line.format(out=out).split(), "--config", str(folder)]) for line in COMMANDS
    }
    for address in DATABASES:
        said[address[:12]] = said_by(["status", "--db", address, "--config", str(folder)])
    said["crash"] = crash_line(f"{T[11]} in https://u:{T[19]}@h/?sig={T[20]}")
    said |= pages(folder, tmp_path) | programs(folder)
    said["a refused reader"] = words_of_a_mail_server(T[21])
    for path in (*out.iterdir(), *(tmp_path / "data").rglob("*"), *tmp_path.glob("record*")):
        if path.is_file():
            said[path.name] = path.read_bytes().decode("latin-1")

    found = {(where, token) for where, text in said.items() for token in TOKENS if token in text}
    assert found == set()
    assert "refused" in said["deliver --test"] or "smtp" in said["deliver --test"]
    assert {"copy.db", "fact.csv", "r.json", "record.sqlite3"} <= said.keys()


def crash_line(text: str) -> str:
    from engine.cli.output import unexpected

    return unexpected(RuntimeError(text))


def programs(folder: Path) -> dict[str, str]:
    """What programs are told over MCP and, by the same ``Answers``, under ``/api``."""
    from engine.cli.answers import Answers
    from tests.fuzz.hunt import program

    told = {}
    ask = Answers(root=program(), config=str(folder))
    odd = ({"as_of": "nonsense"}, {"strategy": "../x"}, {"days": "x"})
    for question, asked in [*((q, {}) for q in ("report", "feeds", "holding")),
                            *((q, o) for q in QUESTIONS for o in odd)]:  # fmt: skip
        try:
            told[f"asked {question} {asked}"] = ask(question, asked)
        except NvsignalError as error:
            told[f"asked {question} {asked}"] = str(error)
    return told


def words_of_a_mail_server(password: str) -> str:
    """What is kept of a server that repeats what it was sent, in the clear and encoded."""
    from email.message import EmailMessage

    from engine.report import smtp
    from engine.report.courier import TestSlip, open_address
    from engine.report.ways import Channel, DeliveryError
    from tests.service.outbox_grid import listening
    from tests.service.test_outbox import Server

    encoded = b64encode(f"\0me\0{password}".encode()).decode()
    said, hello = "", "250-here\r\n250 AUTH PLAIN"
    for step in ("mail", "rcpt", "data", "text"):
        server = Server(
            {"ehlo": hello, "auth": "235 welcome", step: f"550 no {encoded} nor {password}"}
        )
        with listening(server):
            address = (
                f"mailto://me:{password}@127.0.0.1:{server.port}?from=a@example.org&to=b@c.org"
            )
            slip = TestSlip(pending=("b@c.org",))
            channel = Channel(name="m", address=address, kinds=frozenset())
            try:
                smtp.submit(open_address(channel), EmailMessage(), slip)
            except DeliveryError as error:
                said += f"{error} {slip}"
    assert "550 no" in said
    assert encoded not in said
    return said


def seen_of(pid: int) -> str:
    """What others on the machine read of a process, and what its owner does."""
    return "".join(
        Path(f"/proc/{pid}/{name}").read_bytes().decode("utf-8", "replace")
        for name in ("cmdline", "comm")
    )


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no /proc on this system")
def test_the_process_list_shows_no_password_of_a_database(tmp_path: Path) -> None:
    """``--db`` moves into the environment at once; the process keeps its number."""
    address = f"postgresql+psycopg://u:{T[23]}@127.0.0.1:1/db"
    argv = [sys.executable, "-m", "engine.cli.main", "mcp", "--db", address]
    env = {**os.environ, "NVSIGNAL_DATA": str(tmp_path)}
    with subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as held:
        try:
            until = time.monotonic() + 60
            while T[23] in (seen := seen_of(held.pid)) or "mcp" not in seen:
                assert time.monotonic() < until
                time.sleep(0.02)
        finally:
            held.kill()

    assert "--db" not in seen


@pytest.mark.parametrize(
    ("given", "kept", "address"),
    [
        (["--db", "sqlite:///x"], ["--db", "sqlite:///x"], ""),
        (["--db", "postgresql+psycopg://u@h/x"], ["--db", "postgresql+psycopg://u@h/x"], ""),
        (["status", "--db=p://u:s@h/x", "--json"], ["status", "--json"], "p://u:s@h/x"),
        (["--db", "p://u@h/x?password=s", "status"], ["status"], "p://u@h/x?password=s"),
        (["--db", "p://u:s@h/x", "--db", "y.db"], [], "y.db"),
        (["status", "--db"], ["status", "--db"], ""),
    ],
)
def test_a_password_leaves_the_command_line(
    given: list[str], kept: list[str], address: str
) -> None:
    assert without_password(given) == (kept, address)


@pytest.mark.parametrize("worker", ["sandbox", "pool"])
def test_no_worker_inherits_a_secret(worker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read from the process itself, as the system shows it."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("no /proc on this system")
    for name, value in {**ENVIRONMENT, "NVSIGNAL_DB": f"p://u:{T[24]}@h/x"}.items():
        monkeypatch.setenv(name, value)
    if worker == "sandbox":
        parser = ParserProcess()
        try:
            seen = environment_of(parser._started().pid)
        finally:
            parser.close()
    else:
        context = multiprocessing.get_context("spawn")
        with bare_environment(), ProcessPoolExecutor(1, context) as pool:
            seen = pool.submit(Path("/proc/self/environ").read_text).result()

    assert "PATH=" in seen
    assert [token for token in TOKENS if token in seen] == []


def environment_of(pid: int) -> str:
    """What the system shows of a process; empty for an instant while a program takes its place."""
    for _ in range(200):
        if seen := Path(f"/proc/{pid}/environ").read_text():
            return seen
        time.sleep(0.02)
    return ""


def pages(folder: Path, tmp_path: Path) -> dict[str, str]:
    """What a browser is shown."""
    from starlette.testclient import TestClient

    admission = Admission(names=frozenset({"localhost"}))
    with Store.open(os.environ["NVSIGNAL_DB"]) as store:
        app = create_app(
            store, folder, admission=admission, clock=lambda: datetime(2025, 8, 22, 22, tzinfo=UTC)
        )
        client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
        paths = ("/", "/feeds", "/archive", "/rules", "/backtest", "/none", "/?as_of=x")
        return {f"page {path}": client.get(path).text for path in paths}
