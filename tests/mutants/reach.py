"""A pytest plugin: which functions each test calls, and a run of chosen tests in a given order.

``REACH_OUT`` names a JSON file to write ``{test: {"s": seconds, "calls": ["path:line", ...]}}`` to,
a function by its file and first line. ``REACH_CHOSEN`` names a JSON list of tests: these run, in
that order, and no others. What a subprocess calls is not seen, nor what a cache already held, so
a choice by calls makes a rate of kills a lower bound.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from types import CodeType, FrameType

import pytest

CALLS = pytest.StashKey[dict[str, dict[str, object]]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the chosen tests, in their order."""
    chosen = os.environ.get("REACH_CHOSEN")
    if chosen:
        order = {n: i for i, n in enumerate(json.loads(Path(chosen).read_text(encoding="utf-8")))}
        items[:] = sorted((i for i in items if i.nodeid in order), key=lambda i: order[i.nodeid])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Watch one test with its fixtures."""
    if not os.environ.get("REACH_OUT"):
        return (yield)
    seen: set[CodeType] = set()

    def watch(frame: FrameType, event: str, arg: object) -> None:
        seen.add(frame.f_code)

    start = time.process_time()
    sys.settrace(watch)
    threading.settrace(watch)
    try:
        return (yield)
    finally:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        root = f"{item.config.rootpath}{os.sep}"
        item.config.stash.setdefault(CALLS, {})[item.nodeid] = {
            "s": time.process_time() - start,
            "calls": sorted(
                f"{c.co_filename.removeprefix(root)}:{c.co_firstlineno}"
                for c in seen
                if c.co_filename.startswith(root)
            ),
        }


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what was seen."""
    out = os.environ.get("REACH_OUT")
    if out:
        Path(out).write_text(json.dumps(session.config.stash.get(CALLS, {})), encoding="utf-8")
