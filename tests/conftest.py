"""Fixtures shared by every test: databases of both kinds, and Hypothesis without deadlines."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests import postgres

if TYPE_CHECKING:
    from engine.record.store import Store

# Shared machines are slow at random: a deadline would test the machine.
settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("house")

THEIRS = pytest.StashKey[tuple[Path, dict[str, str]]]()
TOUCHED = pytest.StashKey[list[str]]()
ROOT = Path(__file__).resolve().parents[1]


def of_the_user(home: Path) -> dict[str, str]:
    """Path -> SHA-256 of what no test may touch: the data under ``home``, and our configuration."""
    kept = (home / "nvsignal", home / "config" / "nvsignal", ROOT / "config")
    files = (file for folder in kept for file in sorted(folder.rglob("*")))
    return {
        str(file): sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file() and "__pycache__" not in file.parts
    }


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let a made-up user own a record, a ledger and reports where the program keeps them by itself.

    Not the real one's folder: a program that runs there meanwhile changes it with every right.
    """
    if hasattr(session.config, "workerinput"):
        return
    home = Path(tempfile.mkdtemp(prefix="nvsignal-user-"))
    kept = home / "nvsignal"
    (kept / "reports").mkdir(parents=True)
    for name in ("record.sqlite3", "reports/2025-08-22.html", "outbox.json"):
        (kept / name).write_text(f"{name} of a user, made up", encoding="utf-8")
    os.environ["XDG_DATA_HOME"] = str(home)
    os.environ["XDG_CONFIG_HOME"] = str(home / "config")  # nor do their own settings change a test
    session.config.stash[THEIRS] = (home, of_the_user(home))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the whole run when a test touched any of it."""
    if THEIRS not in session.config.stash:
        return
    home, before = session.config.stash[THEIRS]
    after = of_the_user(home)
    changed = sorted(p for p in before | after if before.get(p) != after.get(p))
    shutil.rmtree(home, ignore_errors=True)
    if changed:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        session.config.stash[TOUCHED] = changed


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was touched."""
    for path in terminalreporter.config.stash.get(TOUCHED, []):
        terminalreporter.write_line(f"ERROR: a test changed {path}, which is the user's", red=True)


@pytest.fixture(autouse=True, scope="session")
def _own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the data folder of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NVSIGNAL_DATA", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session")
def frozen_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration whose prices and rates end on the frozen day; not to be written to."""
    from tests.reference import frozen_config

    return frozen_config(tmp_path_factory.mktemp("frozen") / "config")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Folder of the socket of a private PostgreSQL server, gone after the session."""
    with postgres.server() as home:
        yield home


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of an empty PostgreSQL database of the test's own."""
    with postgres.database(postgres_server) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'record.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The same test on both engines: an address without any table behind it yet."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open, empty record on each engine."""
    from engine.record.store import Store

    with Store.open(store_url) as opened:
        yield opened
