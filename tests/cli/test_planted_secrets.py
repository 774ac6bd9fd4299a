"""Secrets planted wherever one can stand, and looked for in everything that comes out."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.settings import PACKAGED
from engine.record.store import Store
from engine.web.app import create_app
from engine.web.guard import Admission
from tests.fuzz.hunt import run

TOKENS = tuple(f"planted{number:02d}zq" for number in range(1, 21))
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
    (made / "feeds.toml").write_text(FEEDS)
    address = tmp_path / "address"
    address.write_text(f"mailtos://me:{T[7]}@smtp.example.org?to=you@example.org\n")
    address.chmod(0o600)
    settings = made / "nvsignal.toml"
    told = settings.read_text().replace('ping_url_env = ""', 'ping_url_env = "PING_URL"')
    settings.write_text(told + CHANNELS.format(file=address))
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NVSIGNAL_DB", f"sqlite:///{tmp_path / 'record.sqlite3'}")
    monkeypatch.delenv("NVSIGNAL_DEBUG", raising=False)
    yield made
    for handler in [h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler]:
        logging.getLogger().removeHandler(handler)


COMMANDS = (
    "collect", "collect --json", "daily", "feeds", "feeds --json", "doctor", "doctor --json",
    "status", "status --json", "config show --json", "ledger --json", "ledger verify",
    "config check",
    "deliver --test", "db backup {out}/copy.db", "db export {out}/fact.csv",
    "db export {out}/item.csv --table item", "db export {out}/ledger.csv --table ledger",
    "report --offline --format json --out {out}/r.json", "db drill {out}/copy.db",
)  # fmt: skip


def said_by(argv: list[str]) -> str:
    _, out, err, escaped = run(argv)
    return out + err + escaped


@pytest.mark.slow
def test_no_planted_secret_comes_out_anywhere(folder: Path, tmp_path: Path) -> None:
    """Commands, logs, crash lines, record, copies, exports, pages: twenty tokens, none found."""
    out = tmp_path / "out"
    out.mkdir()
    said = {
        line: said_by([*line.format(out=out).split(), "--config", str(folder)]) for line in COMMANDS
    }
    for address in DATABASES:
        said[address[:12]] = said_by(["status", "--db", address, "--config", str(folder)])
    said["crash"] = crash_line(f"{T[11]} in https://u:{T[19]}@h/?sig={T[20]}")
    said |= pages(folder, tmp_path)
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
