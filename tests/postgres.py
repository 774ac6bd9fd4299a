"""A private PostgreSQL server and databases on it, for tests and for ``python -m tests.soak``."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_serial = itertools.count(1)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        pytest.skip("no PostgreSQL server on this machine (install postgresql to run this test)")
    return (found[-1] if found else Path(str(on_path))).parent


def _unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root: then use the account its package makes."""
    if os.geteuid() != 0:
        return []
    if shutil.which("runuser") is None:
        pytest.skip("PostgreSQL refuses to run as root, and there is no runuser")
    return ["runuser", "-u", "postgres", "--"]


@contextmanager
def server() -> Iterator[str]:
    """Folder of the socket of a server of our own, gone at the end; skips where there is none."""
    pytest.importorskip("psycopg", reason="the PostgreSQL driver is not installed")
    programs, prefix = _programs(), _unprivileged()
    # Not under pytest's own folder: a socket's path may have 107 characters at most.
    home = Path(tempfile.mkdtemp(prefix="nvsignal-pg-"))
    if prefix:
        shutil.chown(home, "postgres")
    data, log = home / "data", home / "log"

    def run(program: str, *args: str) -> None:
        command = [*prefix, str(programs / program), *args]
        subprocess.run(command, check=True, capture_output=True, cwd=home, timeout=60)

    try:
        run("initdb", "-D", str(data), "-A", "trust", "-U", "nvsignal", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off"
        run("pg_ctl", "-D", str(data), "-l", str(log), "-o", options, "-w", "start")
        try:
            yield str(home)
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def database(home: str) -> Iterator[str]:
    """The address of an empty database on the server whose socket lies in ``home``."""
    import psycopg

    name = f"t{next(_serial)}"
    admin_at = f"host={home} user=nvsignal dbname=postgres"
    with psycopg.connect(admin_at, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    yield f"postgresql+psycopg://nvsignal@/{name}?host={home}"
    with psycopg.connect(admin_at, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
