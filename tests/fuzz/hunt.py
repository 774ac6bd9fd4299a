"""One hostile input against the product, and what came of it.

Commands run in this process without a network, each with a bound on CPU time. What counts as a
fault: an exception that gets out, the last door's "unexpected", an exit code of nobody's, an error
without a word, control characters or a planted password in what is said, a page that answers 500.
"""

from __future__ import annotations

import importlib
import io
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from unittest.mock import patch

import typer

from config.settings import PACKAGED
from engine.cli.main import build, main
from tests.fuzz import inputs

CPU_SECONDS = 20.0
"""Of one input; anything that takes so long is a fault."""

LONG_SECONDS = 1.0
"""Of one input to a long command, which is then cut: what its words do to it shows before."""

LAST_DAY = "2025-09-30"
DAILY_ROWS = 300
"""Of a daily table in the configuration to be damaged: reading them all costs two seconds."""

LONG = frozenset(
    "audit backtest heldback register risk stress study sweep validate walk-forward worlds".split()
)
NEVER = frozenset({"run", "serve"})
"""They go on until somebody stops them; ``serve`` is asked for what is wrong only."""

ODD_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Never in a line for people: they move the cursor, ring, or turn the text round."""

CODES = frozenset({0, 1, 2, 3, 130, 141})


class TooLongError(BaseException):
    """The input was cut; no door of the product may take this for an error of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """fault: empty when all was well. code: the command's exit code or the page's status."""

    seed: int
    kind: str
    asked: str
    code: int
    fault: str = ""
    told: str = ""


LATE = (
    "distributed",
    "pandas",
    "scipy.stats",
    "sklearn.linear_model",
    "matplotlib.figure",
    "yfinance",
)
"""What commands load when they need it. A cut inside an import leaves half a module to all tests
that follow in the process, so these are whole before anything is cut."""


@cache
def load_late() -> None:
    """Import ``LATE``, as far as it is installed."""
    for name in LATE:
        with suppress(ImportError):
            importlib.import_module(name)


@contextmanager
def bounded(cpu_s: float = CPU_SECONDS) -> Iterator[None]:
    """Cut what burns more than ``cpu_s``."""

    def cut(*_: Any) -> None:
        raise TooLongError

    load_late()
    before = signal.signal(signal.SIGPROF, cut)
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def offline() -> Iterator[None]:
    """No name is looked up and nothing but a local socket is connected."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(111, "refused by the test")

    with (
        patch.object(socket, "getaddrinfo", refuse),
        patch.object(socket.socket, "connect", refuse),
    ):
        yield


def shorten(folder: Path) -> None:
    """Leave some rows of the daily tables, which are all alike, and read in a tenth of it.

    Those before ``LAST_DAY``: the days that are asked for have a year behind them.
    """
    for table in (folder / "facts").glob("*.csv"):
        lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
        if len(lines) > DAILY_ROWS:
            lines = [lines[0], *(line for line in lines[1:] if line[:10] <= LAST_DAY)]
            table.write_text("".join([lines[0], *lines[-DAILY_ROWS:]]), encoding="utf-8")


@dataclass(frozen=True)
class Lab:
    """A place with a sound record, a configuration to damage, and files to be misread."""

    place: Path

    @cached_property
    def record(self) -> Path:
        """A record with the reference facts and two decisions, made once."""
        from engine.clock import parse_as_of
        from engine.service import morning, wiring
        from engine.service.bind import load

        path = self.place / "sound.sqlite3"
        config = load(self.config)  # whose tables are the short ones: nothing is read in again
        with wiring.open_record(config, f"sqlite:///{path}") as store:
            for day in ("2025-08-21", "2025-08-22"):
                morning.prepare(store, config, parse_as_of(day), record=True)
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
        return path

    @cached_property
    def files(self) -> list[Path]:
        """Hostile files, and the sound ones for comparison."""
        return [*inputs.hostile_files(self.place / "files"), self.record]

    @cached_property
    def config(self) -> Path:
        """A whole configuration with a holding, mended after each damage."""
        folder = self.place / "config"
        shutil.copytree(PACKAGED, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
        shorten(folder)
        titles = folder / "headlines.csv"
        lines = titles.read_text(encoding="utf-8").splitlines(keepends=True)
        titles.write_text("".join([lines[0], *lines[1::6]]), encoding="utf-8")
        (folder / "holding.toml").write_text(
            'country = "FR"\n[[lots]]\nbought_on = 2023-05-25\n'
            "shares = 10\ncost_per_share = 385.0\n"
        )
        return folder

    def copy(self) -> Path:
        """A copy of the record for something that may write."""
        path = self.place / "record.sqlite3"
        for old in self.place.glob("record.sqlite3*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        shutil.copy(self.record, path)
        path.chmod(0o600)
        return path

    @cached_property
    def app(self) -> Any:
        """The page over the sound record; backtests are refused before they burn time."""
        from datetime import UTC, datetime

        from engine.record.store import Store
        from engine.web.app import create_app
        from engine.web.guard import Admission

        page = self.place / "page.sqlite3"
        shutil.copy(self.record, page)
        now = datetime(2025, 8, 22, 22, 0, tzinfo=UTC)
        store = Store.open(f"sqlite:///{page}")
        admission = Admission(names=frozenset({"localhost"}))
        return create_app(
            store, self.config, admission=admission, clock=lambda: now, answers=self.answers
        )

    @cached_property
    def answers(self) -> Any:
        """What programs are told, over a record of their own."""
        from engine.cli.answers import Answers

        asked = self.place / "asked.sqlite3"
        shutil.copy(self.record, asked)
        return Answers(root=program(), db=f"sqlite:///{asked}", config=str(self.config))

    @cached_property
    def client(self) -> Any:
        """A browser of our own, signed in and with a form's token."""
        from starlette.testclient import TestClient

        return TestClient(self.app, base_url="http://localhost", follow_redirects=False)

    @cached_property
    def token(self) -> str:
        """What this browser's forms carry."""
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.client.get("/backtest").text)
        assert found is not None
        return found[1]


# --- commands -----------------------------------------------------------------------------------


def run(argv: Sequence[str]) -> tuple[int, str, str, str]:
    """Exit code, standard output, standard error, and what got out of ``main``."""
    raw = io.BytesIO()
    out, err = io.TextIOWrapper(raw, encoding="utf-8", write_through=True), io.StringIO()
    escaped, code = "", 0
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(err))
        stack.enter_context(patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x\n"))))
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(offline())
        stack.enter_context(patch("engine.cli.main.build", lambda *first: program()))
        warnings.simplefilter("ignore")
        try:
            with bounded(LONG_SECONDS if LONG & set(argv[:1]) else CPU_SECONDS):
                main(list(argv))
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
        except TooLongError:
            code, escaped = 0, "cut"
        except BaseException:
            escaped = traceback.format_exc(limit=-6)
    return code, raw.getvalue().decode("utf-8", "replace"), err.getvalue(), escaped


def fault_of(argv: Sequence[str], code: int, out: str, err: str, escaped: str) -> str:
    """What is wrong with how a command ended; empty when nothing is."""
    if escaped == "cut":
        return "" if LONG & set(argv[:1]) else "endless"
    if escaped or "Traceback (most" in out + err:
        return "traceback"
    if "unexpected " in err and "please report it" in err:
        return "last door"
    if code not in CODES:
        return "exit code"
    if code in (1, 2) and not (err.strip() or out.strip()):
        return "silent"
    if ODD_CHARACTERS.search(err):
        return "control characters"
    return (
        "secret"
        if inputs.PLANTED in err + out and inputs.PLANTED not in " ".join(argv[-1:])
        else ""
    )


def judged(seed: int, kind: str, argv: Sequence[str], what: str = "") -> Outcome:
    code, out, err, escaped = run(argv)
    fault = fault_of(argv, code, out, err, escaped)
    told = escaped if fault == "traceback" else err.strip() or out.strip()[-300:]
    asked = f"{what} {' '.join(a[:120] for a in argv)}".strip()
    return Outcome(seed=seed, kind=kind, asked=asked, code=code, fault=fault, told=told[-1500:])


@cache
def program() -> Any:
    """The command line as typer makes it, made once: it takes longer than most commands."""
    return typer.main.get_command(build())


@cache
def verbs() -> list[tuple[tuple[str, ...], list[Any]]]:
    """Every command with its parameters, as the program itself lists them."""

    def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
        if hasattr(command, "commands"):
            for name, inner in command.commands.items():
                yield from walk(inner, (*path, name))
        if path and path[0] not in NEVER:
            yield path, [p for p in command.params if p.name != "help"]

    return list(walk(program(), ()))


def arguments(seed: int, rng: random.Random, lab: Lab) -> Outcome:
    """A command with options that it has and values that nobody should give."""
    path, params = rng.choice(verbs())
    argv = [*path]
    options = [p for p in params if p.param_type_name == "option"]
    for option in rng.sample(options, min(len(options), rng.choice([0, 1, 1, 2, 3]))):
        argv.append(option.opts[0])
        if not getattr(option, "is_flag", False):
            fits = inputs.FITTING.get(option.opts[0].lstrip("-"))
            fitting = fits is not None and rng.random() < 0.5
            argv.append(rng.choice(fits) if fitting else inputs.word(rng, lab.files))
    if "--db" not in argv and any(p.opts[0] == "--db" for p in options):
        argv += ["--db", str(lab.copy())]
    if "--config" not in argv and any(p.opts[0] == "--config" for p in options):
        argv += ["--config", str(lab.config)]
    for argument in params:
        if argument.param_type_name == "argument" and rng.random() < 0.9:
            argv.append(inputs.word(rng, lab.files))
    if rng.random() < 0.08:
        argv.append(inputs.word(rng, lab.files))
    return judged(seed, "arguments", argv)


ASK_CONFIG = (("config", "show"), ("doctor",), ("feeds",), ("holding",), ("rates",), ("calendar",))


def configuration(seed: int, rng: random.Random, lab: Lab) -> Outcome:
    """One file of the configuration damaged: the check first, then a command that reads it."""
    files = sorted(p for p in lab.config.rglob("*") if p.suffix in (".toml", ".csv"))
    target = rng.choice(files)
    kept = target.read_bytes()
    target.write_bytes(inputs.damaged_text(kept.decode("utf-8"), rng))
    what = f"[{target.relative_to(lab.config)}]"
    try:
        found = judged(seed, "config", ["config", "check", "--config", str(lab.config)], what)
        if found.fault or (found.code and rng.random() < 0.7):
            return found
        verb = rng.choice(ASK_CONFIG)
        db = [] if verb[0] == "config" else ["--db", str(lab.copy())]
        return judged(seed, "config", [*verb, "--config", str(lab.config), *db], what)
    finally:
        target.write_bytes(kept)


IMPORTS = {
    "bars": "Date,Open,High,Low,Close,Volume\n2025-10-01,185.2,188.1,184.0,187.2,100\n"
    "2025-10-02,189.6,191.0,188.0,188.9,100\n2025-10-03,189.2,190.3,185.4,187.6,100\n",
    "rates": "date,series,value\n2025-10-01,DGS10,4.1\n2025-10-02,DGS2,3.6\n",
    "actions": "ex_date,kind,split_ratio,amount_usd_as_paid\n2025-12-04,dividend,,0.01\n",
    "events": "date,event_type,headline,time,actor,source,confidence\n"
    "2025-10-02,export_restriction,New rule,09:00,BIS,Reuters,0.9\n",
}


def imported(seed: int, rng: random.Random, lab: Lab) -> Outcome:
    """A file of the user's own, damaged."""
    what = rng.choice(sorted(IMPORTS))
    path = lab.place / "import.csv"
    path.write_bytes(inputs.damaged_text(IMPORTS[what], rng))
    argv = ["import", what, str(path), "--db", str(lab.copy()), "--config", str(lab.config)]
    return judged(seed, "import", argv, path.read_bytes()[:60].decode("utf-8", "replace"))


ASK_RECORD = (
    ("status",), ("ledger",), ("ledger", "verify"), ("doctor",), ("db", "upgrade"), ("feeds",),
    ("explain", "--as-of", "2025-08-22"), ("rates",), ("calendar",), ("db", "backup", "COPY"),
    ("db", "restore", "FROM", "--force"), ("db", "export", "OUT"), ("daily", "--offline"),
)  # fmt: skip


def record(seed: int, rng: random.Random, lab: Lab) -> Outcome:
    """A damaged record, and a command that opens it."""
    path = lab.copy()
    damage = rng.choice(inputs.DAMAGES)
    damage(path, rng)
    verb = [{"COPY": str(lab.place / "copy.db"), "OUT": str(lab.place / "out.csv")}.get(w, w)
            for w in rng.choice(ASK_RECORD)]  # fmt: skip
    argv = [str(lab.record) if w == "FROM" else w for w in verb]
    argv += ["--db", str(path), "--config", str(lab.config)]
    (lab.place / "copy.db").unlink(missing_ok=True)
    try:
        return judged(seed, "record", argv, f"[{damage.__name__}]")
    finally:
        with suppress(OSError):
            path.chmod(0o700 if path.is_dir() else 0o600)


# --- the page -----------------------------------------------------------------------------------


def page(seed: int, rng: random.Random, lab: Lab) -> Outcome:
    """One request of the page, with its token so that the form is read."""
    rules = (lab.config / "strategies" / "balanced.toml").read_text(encoding="utf-8")
    method, path, fields = inputs.visit(rng, rules)
    headers = inputs.headers(rng) if rng.random() < 0.25 else {}
    jobs = lab.app.state.pages.jobs
    with patch.object(jobs, "start", _no_work), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with bounded():
                code, text = _ask(lab, method, path, fields, headers)
        except TooLongError:
            return Outcome(seed=seed, kind="page", asked=path, code=0, fault="endless")
        except Exception:
            told = traceback.format_exc(limit=-6)
            return Outcome(
                seed=seed,
                kind="page",
                asked=f"{method} {path}",
                code=0,
                fault="traceback",
                told=told,
            )
    fault = "page failed" if code >= 500 or "Traceback" in text else ""
    asked = f"{method} {path} { ({k: v[:60] for k, v in fields.items()}) } {headers or ''}"
    said = " ".join(re.findall(r"(?s)<main.*?</main>", text))[:600] if fault else ""
    return Outcome(seed=seed, kind="page", asked=asked, code=code, fault=fault, told=said)


def _no_work(title: str, work: Callable[..., Any]) -> Any:
    from engine.web.jobs import BusyError

    raise BusyError("8 backtests are waiting already")


def _ask(
    lab: Lab, method: str, path: str, fields: dict[str, Any], headers: dict[str, str]
) -> tuple[int, str]:
    from urllib.parse import quote

    safe = quote(path, safe="/")
    if method == "POST":
        sent = {"origin": "http://localhost", **headers}
        answer = lab.client.post(safe, data={**fields, "csrf": lab.token}, headers=sent)
    else:
        answer = lab.client.request(method, safe, params=fields, headers=headers)
    return answer.status_code, answer.text


HUNTS: dict[str, Callable[[int, random.Random, Lab], Outcome]] = {
    "arguments": arguments,
    "config": configuration,
    "import": imported,
    "record": record,
    "page": page,
}
"""More are added by ``doors``."""


def trial(seed: int, lab: Lab, kind: str | None = None) -> Outcome:
    """The input that ``seed`` stands for."""
    rng = random.Random(seed)
    drawn = rng.choice(sorted(HUNTS))  # drawn in any case: ``kind`` does not change the rest
    chosen = kind or drawn
    os.environ["NVSIGNAL_DATA"] = str(lab.place / "data")
    os.environ["XDG_CONFIG_HOME"] = str(lab.place / "settings")  # `config init` writes there
    desk = lab.place / "desk"  # relative names are written here
    desk.mkdir(exist_ok=True)
    before = Path.cwd()
    os.chdir(desk)
    try:
        return HUNTS[chosen](seed, rng, lab)
    finally:
        os.chdir(before)
