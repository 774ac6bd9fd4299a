"""More doors to knock at: files given to a command, sources, programs, the environment.

Each is a hunt like those of ``hunt``: a seed, a random state and the lab in, an outcome out.
"""

from __future__ import annotations

import asyncio
import os
import random
import traceback
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any
from unittest.mock import patch

from tests.fuzz import inputs
from tests.fuzz.hunt import (
    HUNTS,
    ODD_CHARACTERS,
    Lab,
    Outcome,
    TooLongError,
    bounded,
    judged,
    verbs,
)
from tests.recorded import runner

# --- a file of the user's own -------------------------------------------------------------------

MODEL = (
    'name = "x"\nlayers = 61\nhidden = 7168\nheads = 128\ntotal_params_b = 671\n'
    "active_params_b = 37\ncontext_tokens = 131072\n"
)
CHIP = (
    'name = "x"\nvendor = "y"\nbf16_tflops = 148\nfp8_tflops = 296\nhbm_gb = 96\n'
    "hbm_tb_per_s = 4.0\nusd_per_hour = 1.2\n"
)
NUMBERS = "value\n1.5\n-0.0\n448\n1e9\n0.001\nnan\n"
TITLES = "title,lang\nNvidia beats estimates,en\nHuawei trains on Ascend,en\n"
POSITIONS = "date,weight\n2024-01-02,1.0\n2024-06-03,0.5\n2025-01-02,-0.5\n"
ORDER = "0x3f800000\n0x7f800001\n0xff800000\n"


def _files() -> dict[str, tuple[str, list[str]]]:
    """A sound text by the words of the command that reads it; FILE stands for its place."""
    from config.settings import PACKAGED
    from config.whatif import TEMPLATE

    rules = (PACKAGED / "strategies" / "balanced.toml").read_text(encoding="utf-8")
    return {
        "whatif": (TEMPLATE.replace("\n# ", "\n"), ["whatif", "--release", "FILE"]),
        "rules": (rules, ["backtest", "--strategy", "FILE", "--from", "2025-07-01"]),
        "rules shown": (rules, ["config", "show", "--strategy", "FILE"]),
        "positions": (POSITIONS, ["backtest", "--positions", "FILE", "--from", "2025-07-01"]),
        "model": (MODEL, ["cost", "--model-file", "FILE", "--chip", "H20"]),
        "chip": (CHIP, ["cost", "DeepSeek-V3", "--chip-file", "FILE"]),
        "encode": (NUMBERS, ["fp8", "encode", "FILE", "--format", "e4m3fn"]),
        "decode": (f"float32_hex\n{ORDER}", ["fp8", "decode", "FILE", "--format", "e5m2"]),
        "quantize": (NUMBERS, ["fp8", "quantize", "FILE"]),
        "titles": (TITLES, ["classify", "FILE"]),
        "registered": ('{"strategy": "balanced", "rows": []}', ["register", "--verify", "FILE"]),
        "drill": ("SQLite format 3\0" + "x" * 500, ["db", "drill", "FILE"]),
        "report": (_report(), ["ledger", "verify", "FILE"]),
    }


def _report() -> str:
    return (
        'Content-Type: text/html; charset=utf-8\n\n<html><main data-ledger-head="'
        + "a" * 64
        + f'"><p>Ledger {"b" * 64}</p></main></html>\n'
    )


def files(seed: int, rng: random.Random, lab: Lab) -> Outcome:
    """A file that a command is told to read, damaged."""
    text, words = rng.choice(list(_files().values()))
    path = lab.place / rng.choice(["own.toml", "own.csv", "own.json", "own.html", "own.eml", "own"])
    path.write_bytes(inputs.damaged_text(text, rng))
    argv = [str(path) if word == "FILE" else word for word in words]
    options = {
        p.opts[0] for path, params in verbs() if list(path) == words[: len(path)] for p in params
    }
    argv += ["--db", str(lab.copy())] if "--db" in options else []
    argv += ["--config", str(lab.config)] if "--config" in options else []
    try:
        return judged(seed, "files", argv, path.read_bytes()[:80].decode("utf-8", "replace"))
    finally:
        path.unlink()


# --- what a source answers ----------------------------------------------------------------------


@cache
def _recordings() -> list[runner.Recording]:
    return runner.recordings()


def feeds(seed: int, rng: random.Random, lab: Lab) -> Outcome:
    """One recorded source, its answers spoilt, through fetch, collect and ingest; then, seldom, the
    decision over what came in."""
    from engine.record.store import Store

    recording = rng.choice(_recordings())
    answers: dict[str, Any] = dict(recording.answers)
    for url in list(answers):
        if rng.random() < 0.7 or len(answers) == 1:
            given = dict(answers[url])
            answers[url] = inputs.damaged_answer(given, runner.body_of(given), rng)
    asked, told = f"{recording.name}", ""
    path = lab.copy()
    world = runner.World(answers)
    try:
        with bounded(), Store.open(f"sqlite:///{path}") as store:
            for _ in range(rng.choice([1, 1, 2])):
                feed = runner.stanza(recording.name)
                results = runner.ask(store, [feed], world, recording.at)
                told = " ".join(str(result.why) for result in results)
    except TooLongError:
        return Outcome(seed=seed, kind="feeds", asked=asked, code=0, fault="endless")
    except Exception:
        lines = traceback.format_exc(limit=-6)
        return Outcome(seed=seed, kind="feeds", asked=asked, code=0, fault="traceback", told=lines)
    fault = "last door" if "the collector failed" in told else ""
    if ODD_CHARACTERS.search(told):
        fault = "control characters"
    if not fault and rng.random() < 0.05:
        day = f"{recording.at:%Y-%m-%d}"
        argv = ["explain", "--as-of", day, "--db", str(path), "--config", str(lab.config)]
        return judged(seed, "feeds", argv, asked)
    return Outcome(
        seed=seed, kind="feeds", asked=asked, code=len(told) > 0, fault=fault, told=told[:1500]
    )


# --- programs -----------------------------------------------------------------------------------

SLOW = ("stress", "track")
"""Two seconds each: asked seldom."""
OPTIONS = ("as_of", "strategy", "models", "days", "db", "config", "json", "x")


def programs(seed: int, rng: random.Random, lab: Lab) -> Outcome:
    """One request under ``/api`` or one call of an MCP tool."""
    from engine.cli.answers import QUESTIONS

    cheap = [q for q in QUESTIONS if q not in SLOW]
    question = rng.choice([*cheap, *cheap, "x", "", "daily", "collect"])
    if rng.random() < 0.04:
        question = rng.choice(SLOW)
    asked = {
        name: inputs.field(rng, name)
        for name in rng.sample(OPTIONS[: rng.choice([4, 8])], rng.randint(0, 3))
    }
    said = f"{question} { ({k: str(v)[:60] for k, v in asked.items()}) }"
    ask = _over_mcp if rng.random() < 0.5 else _over_api
    try:
        with bounded(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code, told = ask(lab, question, asked, rng)
    except TooLongError:
        return Outcome(seed=seed, kind="programs", asked=said, code=0, fault="endless")
    except Exception:
        lines = traceback.format_exc(limit=-6)
        return Outcome(
            seed=seed, kind="programs", asked=said, code=0, fault="traceback", told=lines
        )
    fault = "failed" if code >= 500 and code != 503 else ""
    if "Traceback" in told or "unexpected " in told:
        fault = "last door"
    if code < 500 and ODD_CHARACTERS.search(told):
        fault = "control characters"
    return Outcome(seed=seed, kind="programs", asked=said, code=code, fault=fault, told=told[:600])


def _over_api(
    lab: Lab, question: str, asked: dict[str, Any], rng: random.Random
) -> tuple[int, str]:
    from urllib.parse import quote

    name = quote(question or "-", safe="")
    answer = lab.client.get(f"/api/{name}", params={k: str(v) for k, v in asked.items()})
    return answer.status_code, answer.text if answer.status_code != 200 else ""


def _over_mcp(
    lab: Lab, question: str, asked: dict[str, Any], rng: random.Random
) -> tuple[int, str]:
    odd: dict[str, Any] = {
        name: rng.choice([value, value, [value], 5, None, {"a": value}, -1, 1e308, True])
        for name, value in asked.items()
    }
    try:
        result = asyncio.run(_mcp(lab).call_tool(question, odd))
    except Exception as error:
        kind = type(error).__name__
        if kind in ("ToolError", "InvalidParamsError", "MCPError", "McpError", "ToolNotFoundError"):
            return 400, str(error)
        raise
    return 200, str(result)[:400] if getattr(result, "is_error", False) else ""


def _mcp(lab: Lab) -> Any:
    from engine.cli.commands.mcp import server

    return server(lab.answers)


# --- the environment ----------------------------------------------------------------------------

VARIABLES = (
    "NVSIGNAL_DATA", "NVSIGNAL_DB", "NVSIGNAL_CONFIG", "NVSIGNAL_MAIL_URL", "NVSIGNAL_WEB_TOKEN",
    "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HOME", "TMPDIR", "TZ", "LANG", "LC_ALL",
    "COLUMNS", "LINES", "TERM", "NO_COLOR", "FORCE_COLOR", "HTTPS_PROXY", "SSL_CERT_FILE",
    "MPLCONFIGDIR", "MPLBACKEND", "PGHOST", "PGPASSWORD", "BROWSER", "PAGER", "SOURCE_DATE_EPOCH",
)  # fmt: skip
ASKED = (
    ("status",), ("doctor",), ("config", "show"), ("config", "check"), ("feeds",), ("ledger",),
    ("deliver", "--test"), ("explain", "--as-of", "2025-08-22"), ("rates",), ("config", "init"),
    ("db", "backup", "copy.db", "--force"), ("calendar",), ("collect",), ("version",),
)  # fmt: skip


def environment(seed: int, rng: random.Random, lab: Lab) -> Outcome:
    """Variables with values that nobody should give them, and a command that reads them."""
    given = {}
    for name in rng.sample(VARIABLES, rng.randint(1, 4)):
        value = inputs.word(rng, lab.files).replace("\0", "")
        given[name] = value
    verb = list(rng.choice(ASKED))
    if "NVSIGNAL_DB" not in given and verb[0] not in ("config", "version", "collect"):
        verb += ["--db", str(lab.copy())]
    if "NVSIGNAL_CONFIG" not in given and verb != ["config", "init"] and verb != ["version"]:
        verb += ["--config", str(lab.config)]
    with patch.dict(os.environ, given):
        return judged(seed, "environment", verb, str({k: v[:60] for k, v in given.items()}))


OWN: dict[str, Callable[[int, random.Random, Lab], Outcome]] = {
    "files": files,
    "feeds": feeds,
    "programs": programs,
    "environment": environment,
}
HUNTS.update(OWN)
