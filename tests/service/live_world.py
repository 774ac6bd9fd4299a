"""A web of one's own for tests: a loopback server, a configuration that asks it, a fixed clock."""

from __future__ import annotations

import csv
import json
import shutil
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from engine.errors import FeedError
from feeds.wire import FetchFailedError
from feeds.yahoo import RawBar, RawHistory, YahooBars

CONFIG = Path(__file__).resolve().parents[2] / "config"
NOW = datetime(2025, 8, 22, 12, 0, tzinfo=UTC)
"""A Friday, 08:00 in New York, half an hour before the decision."""

HOSTILE = (
    "US bans Nvidia\x1b[2J\x1b[31m from \u202eselling\u202c H20 chips <script>alert(1)</script> "
    "to \u200bChina [bold]now[/bold]"
)


class Web:
    """Documents by path on 127.0.0.1; what is not there is a 404."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, bytes]] = {}
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, body = web.pages.get(self.path.split("?")[0], (404, b""))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def put(self, path: str, body: bytes | str, status: int = 200) -> None:
        self.pages[path] = (status, body.encode() if isinstance(body, str) else body)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def rss(entries: Iterable[tuple[str, str, datetime | None]]) -> str:
    """An RSS document of (title, path, published) entries."""
    told = "".join(
        f"<item><title>{escape(_printable(title))}</title><link>https://example.org/{path}</link>"
        + (f"<pubDate>{format_datetime(stamp)}</pubDate>" if stamp else "")
        + "</item>"
        for title, path, stamp in entries
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{told}</channel></rss>'


def _printable(title: str) -> str:
    """XML 1.0 has no word for ESC; a hostile feed sends it as it is, and so do we elsewhere."""
    return title.replace("\x1b", "\x9b")


def repository(name: str, total_b: float, created: str = "2025-08-21", **more: Any) -> Any:
    return {
        "id": f"deepseek-ai/{name}",
        "createdAt": f"{created}T06:00:00.000Z",
        "safetensors": {"total": int(total_b * 1e9)},
        "sha": "0123abc",
        "downloads": 12,
        "likes": 3,
        "tags": ["license:mit"],
        **more,
    }


FP8_UE8M0 = {
    "quantization_config": {
        "quant_method": "fp8",
        "fmt": "e4m3",
        "scale_fmt": "ue8m0",
        "weight_block_size": [128, 128],
    }
}

HOUR = timedelta(hours=1)
BANS = [
    ("US bans Nvidia from selling H20 chips to China", "ban", NOW - HOUR),
    ("Best recipes for a summer evening", "recipes", NOW - 2 * HOUR),
    ("US bans Nvidia from selling A800 chips to China", "undated", None),
]
FED = [("Federal Reserve issues FOMC statement", "fomc", NOW - 3 * HOUR)]
REPOSITORIES = [
    repository("DeepSeek-V9", 800),
    repository("DeepSeek-V9-Base", 800),
    repository("DeepSeek-V9-GGUF", 800),
    repository("DeepSeek-V9-OCR", 800),
    repository("DeepSeek-V9-Nano", 9),
    repository("DeepSeek-V3.1", 685),
    repository("DeepSeek-V7-Forgotten", 900, created="2024-03-01"),
]


def fill(web: Web, *, bans: list[Any] | None = None, repositories: list[Any] | None = None) -> None:
    """The three documents of the demonstration and a config for every repository."""
    listed = REPOSITORIES if repositories is None else repositories
    web.put("/models", json.dumps(listed))
    for entry in listed:
        web.put(f"/{entry['id']}/config.json", json.dumps(FP8_UE8M0))
    web.put("/bans.xml", rss(BANS if bans is None else bans))
    web.put("/fed.xml", rss(FED))


@dataclass(frozen=True)
class Stanza:
    """A feed for ``make_config``."""

    name: str
    kind: str
    url: str
    tier: int = 1
    options: Mapping[str, str] = field(default_factory=dict)
    more: str = ""

    def text(self) -> str:
        options = ", ".join(f"{k} = {v}" for k, v in self.options.items())
        return (
            f'[[feed]]\nname = "{self.name}"\nkind = "{self.kind}"\nurl = "{self.url}"\n'
            f'label = "{self.name}"\ntier = {self.tier}\nallow_private = true\n'
            f"cadence_minutes = 30\nsilence_days = 100\noptions = {{ {options} }}\n"
            f"{self.more}"
        )


def stanzas(url: str) -> tuple[Stanza, ...]:
    """The feeds of the demonstration."""
    rss_kind = "feeds.rss:RssCollector"
    return (
        Stanza(
            "hub",
            "feeds.hugging_face:HuggingFaceOrg",
            f"{url}/models",
            options={
                "org": '"deepseek-ai"',
                "config_url": f'"{url}/{{id}}/config.json"',
                "card_url": f'"{url}/{{id}}/README.md"',
            },
        ),
        Stanza("bans", rss_kind, f"{url}/bans.xml"),
        Stanza("fed", rss_kind, f"{url}/fed.xml"),
    )


def make_config(folder: Path, feeds: Iterable[Stanza]) -> Path:
    """The shipped configuration with other feeds, and fewer headlines so that fitting is quick."""
    if not folder.exists():
        shutil.copytree(CONFIG, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        _thin(folder / "headlines.csv")
    (folder / "feeds.toml").write_text("\n".join(feed.text() for feed in feeds))
    return folder


def _thin(path: Path) -> None:
    """Every tenth row."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows[::10]])


# --- Yahoo on bad days: collectors for ``kind`` ------------------------------------------------


def _bars(day: date, close: float = 175.0, currency: str = "USD") -> RawHistory:
    bar = RawBar(session_on=day, open=close, high=close, low=close, close=close, volume=1e8)
    return RawHistory(symbol="NVDA", currency=currency, bars=(bar,))


class Throttled(YahooBars):
    """Answers 429."""

    def __init__(self) -> None:
        super().__init__(self._refuse)

    @staticmethod
    def _refuse(symbol: str, start: date, end: date) -> RawHistory:
        raise FetchFailedError("yahoo", "answered 429", reason="rate_limited", wait_seconds=600)


class WebPage(YahooBars):
    """Answers with a page of HTML, which yfinance cannot read."""

    def __init__(self) -> None:
        super().__init__(self._garble)

    @staticmethod
    def _garble(symbol: str, start: date, end: date) -> RawHistory:
        raise FeedError("yahoo", f"{symbol}: JSONDecodeError Expecting value")


class Empty(YahooBars):
    """Answers with no rows."""

    def __init__(self) -> None:
        super().__init__(lambda symbol, a, b: RawHistory(symbol=symbol, currency="USD", bars=()))


class InEuro(YahooBars):
    """Answers in another currency."""

    def __init__(self) -> None:
        super().__init__(lambda symbol, a, b: _bars(date(2025, 8, 21), currency="EUR"))


class FromTomorrow(YahooBars):
    """Answers with a session that has not been held, at a tenth of the price."""

    def __init__(self) -> None:
        super().__init__(lambda symbol, a, b: _bars(date(2025, 8, 25), close=17.0))
