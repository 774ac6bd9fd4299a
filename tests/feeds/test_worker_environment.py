"""The worker that eats hostile bytes is given no secret."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from feeds.sandbox import ParserProcess

RSS = b"<rss version='2.0'><channel><title>t</title><item><title>a</title></item></channel></rss>"
PLACES = ("NVSIGNAL_DB", "NVSIGNAL_MAIL_URL", "NVSIGNAL_WEB_TOKEN", "HTTPS_PROXY", "PGPASSWORD")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_no_secret_stands_in_the_worker_s_environment_or_arguments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in PLACES:
        monkeypatch.setenv(name, f"planted-{name}")
    worker = ParserProcess()
    try:
        assert worker.parse(RSS, "t").n_found == 1
        process = worker._process
        assert process is not None
        for kind in ("environ", "cmdline"):
            assert b"planted-" not in Path(f"/proc/{process.pid}/{kind}").read_bytes()
    finally:
        worker.close()
    assert os.environ["PGPASSWORD"] == "planted-PGPASSWORD"
