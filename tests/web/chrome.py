"""A real Chromium without a driver: its DevTools protocol over a websocket."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FAINT = """
(() => {
  const rgb = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = c => c.slice(0, 3).map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0);
  const over = (a, b, k = a[3] ?? 1) => [0, 1, 2].map(i => a[i] * k + b[i] * (1 - k));
  const behind = e => {
    const layers = [];
    for (let n = e; n; n = n.parentElement) layers.push(rgb(getComputedStyle(n).backgroundColor));
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const faint = []; let read = 0;
  document.querySelectorAll('details').forEach(d => { d.open = true; });
  for (const e of document.body.querySelectorAll('*')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    if (!e.getClientRects().length) continue;
    const back = behind(e), ink = over(rgb(getComputedStyle(e).color), back);
    const [a, b] = [light(ink), light(back)].sort((x, y) => y - x);
    read += 1;
    if ((a + .05) / (b + .05) < 4.5) faint.push(e.textContent.trim().slice(0, 40));
  }
  return JSON.stringify([read, faint]);
})()
"""
"""Contrast after WCAG 2.1, 1.4.3, of every element with text of its own, over what is behind it."""
START_SECONDS = 30.0
WAIT_SECONDS = 60.0


class Tab:
    """One page. ``said`` collects dialogs, exceptions, and what the console and the policy said."""

    def __init__(self, line: ClientConnection) -> None:
        self._line, self._serial = line, itertools.count(1)
        self._session = ""
        self.said: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> Any:
        """Send one command and wait for its answer; events on the way are noted."""
        number = next(self._serial)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._line.send(json.dumps(message))
        while True:
            answer = json.loads(self._line.recv(timeout=WAIT_SECONDS))
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self._note(answer)

    def _note(self, event: dict[str, Any]) -> None:
        name, params = event.get("method", ""), event.get("params", {})
        if name == "Page.javascriptDialogOpening":
            self.said.append(f"dialog: {params['message']}")
            self._line.send(
                json.dumps(
                    {
                        "id": next(self._serial),
                        "sessionId": self._session,
                        "method": "Page.handleJavaScriptDialog",
                        "params": {"accept": False},
                    }
                )
            )
        elif name == "Runtime.exceptionThrown":
            self.said.append(f"exception: {params['exceptionDetails'].get('text')}")
        elif name == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.said.append(f"log: {params['entry']['text']}")
        elif name == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.said.append(f"console: {params['args']}")

    def run(self, script: str) -> Any:
        """The value of ``script``."""
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in done, (script, done["exceptionDetails"])
        return done["result"].get("value")

    def wait(self, script: str, what: str) -> None:
        """Until ``script`` is true."""
        until = time.monotonic() + WAIT_SECONDS
        while not self.run(script):
            assert time.monotonic() < until, f"{what} did not happen: {self.text()[:400]}"
            time.sleep(0.05)

    def open(self, url: str) -> None:
        """Load ``url`` to the end."""
        self.run("window.leaving = true")
        self.call("Page.navigate", url=url)
        self.loaded()

    def click(self, selector: str) -> None:
        """Press what ``selector`` finds, which must be there and visible."""
        found = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " if (!e || !e.getClientRects().length) return false; e.click(); return true; })()"
        )
        assert found, f"nothing to click: {selector}"

    def follow(self, selector: str) -> None:
        """Click a link or button that leads to another page, and wait for it."""
        self.run("window.leaving = true")
        self.click(selector)
        self.loaded()

    def loaded(self) -> None:
        """Wait until another page than the marked one is complete."""
        self.wait("!window.leaving && document.readyState === 'complete'", "loading")

    def text(self) -> str:
        """What a reader sees."""
        return str(self.run("document.body.innerText"))

    def look(self, *, width: int, height: int = 900, dark: bool = False) -> None:
        """The size of the window, and whether the reader likes it dark."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path: Path, *, full: bool = True) -> None:
        """A screenshot as PNG."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=full)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def chrome(profile: Path) -> Iterator[Tab]:
    """A tab of a fresh headless Chromium; skips the test where there is none."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium on this machine (install chromium to run this test)")
    process = subprocess.Popen(
        [
            program,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-extensions",
            "--no-proxy-server",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = _address(process, profile / "DevToolsActivePort")
        with connect(address, max_size=None, proxy=None, open_timeout=START_SECONDS) as line:
            yield Tab(line)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _address(process: subprocess.Popen[bytes], announced: Path) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if announced.is_file():
            lines = announced.read_text().splitlines()
            if len(lines) == 2:
                return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        if process.poll() is not None:
            pytest.fail(f"Chromium ended with {process.returncode} before it was ready")
        time.sleep(0.05)
    pytest.fail("Chromium did not get ready")
