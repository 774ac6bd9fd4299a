"""Hostile inputs from a seed: words for a command line, damage to text and to database files."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.config.mutate import CHANGES

PLANTED = "planted-6071"
"""A password in addresses: seen in any output it is a fault."""

WORDS = (
    "", " ", "-", "--", "-1", "0", "1", "1e400", "nan", "inf", "-inf", "0x10", "1,5", "9" * 400,
    "9" * 5000, "é😀", "\u202eevil", "\x1b[31mred", "a\nb", "\udcff", "%s%n", "{0}", "{{7*7}}",
    "$(id)", "'; drop table fact; --", "<script>alert(1)</script>", "../../../etc/passwd", "/",
    "/dev/full", "/dev/null", "/proc/self/mem", "/proc/1/cwd/x", "~nosuch/x", "~", ".", "x" * 300,
    "x" * 5000, "[" * 2000, "{", '{"a": [', "\\", "now", "last", "today", "2025-08-22",
    "2025-02-30", "0001-01-01", "9999-12-31", "2025-08-22T25:00", "2025-08-22T08:30-99:00",
    "2025-W34", "1700000000", "en", "fr", "xx", "NVDA", "^VIX", "balanced", "json", "parquet",
    "1:2", "-5,5", "a=b", "NVDA=", "=1", "1-2-3", "2025-08-22=1", "sqlite://", "sqlite:///",
    "sqlite:////dev/full", "sqlite:///file:x?mode=memory", "mysql://x/y", "http://127.0.0.1:1/",
    f"postgresql+psycopg://u:{PLANTED}@127.0.0.1:1/x",
    f"postgresql+psycopg://u@127.0.0.1:1/x?password={PLANTED}", "postgresql+psycopg://[", "::1",
    "0.0.0.0:99999", "DeepSeek-R1", "deepseek", "H20", "bf16", "e4m3", "fact", "ledger",
)  # fmt: skip


def word(rng: random.Random, files: Sequence[Path]) -> str:
    """Anything somebody or something might put behind an option."""
    if files and rng.random() < 0.35:
        return str(rng.choice(files))
    said = rng.choice(WORDS)
    return said + rng.choice(WORDS)[:50] if rng.random() < 0.1 else said


def hostile_files(folder: Path) -> list[Path]:
    """Files that are not what their reader hopes for."""
    folder.mkdir(parents=True)
    contents: dict[str, bytes] = {
        "empty": b"",
        "zeros": bytes(5_000),
        "noise.bin": random.Random(3).randbytes(20_000),
        "latin1.csv": "date,close\n2025-01-02,1\né".encode("latin-1"),
        "utf16.csv": "Date,Close\n2025-01-02,1\n".encode("utf-16"),
        "good.json": b'{"model": "x", "price": 1}',
        "deep.json": b"[" * 50_000,
        "good.toml": b"a = 1\n",
        "deep.toml": b"x = " + b"[" * 1_500 + b"]" * 1_500,
        "one.csv": b"Date,Open,High,Low,Close,Volume\n2025-10-01,185,188,184,187,100\n",
        "long-line.csv": b"a," * 200_000,
        "huge-number.csv": b"date,series,value\n2025-01-02,DGS10," + b"9" * 5_000,
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "a-folder").mkdir()
    (folder / "link-to-nothing").symlink_to(folder / "nothing")
    (folder / "circle").symlink_to(folder / "circle")
    return sorted(folder.iterdir())


def damaged_text(text: str, rng: random.Random) -> bytes:
    """A file as an editor, a program or a disk might leave it."""
    for _ in range(rng.choice([1, 1, 2, 5])):
        try:
            text = rng.choice(CHANGES)(text, rng)
        except (IndexError, ValueError):  # nothing left that this change could change
            break
    raw = text.encode("utf-8", "surrogatepass")
    roll = rng.random()
    if roll < 0.08 and raw:
        at = rng.randrange(len(raw))
        return raw[:at] + rng.randbytes(3) + raw[at:]
    if roll < 0.11:
        return text.encode("utf-16", "replace")
    return b"" if roll < 0.13 else raw


# --- damaged records ----------------------------------------------------------------------------

Damage = Callable[[Path, random.Random], None]


def cut_short(path: Path, rng: random.Random) -> None:
    with path.open("r+b") as file:
        file.truncate(rng.randrange(path.stat().st_size))


def random_bytes(path: Path, rng: random.Random) -> None:
    path.write_bytes(rng.randbytes(rng.choice([1, 99, 4096, 70_000])))


def zero_bytes(path: Path, rng: random.Random) -> None:
    path.write_bytes(b"")


def a_folder(path: Path, rng: random.Random) -> None:
    path.unlink()
    path.mkdir()


def read_only(path: Path, rng: random.Random) -> None:
    path.chmod(0o400)


def bad_pages(path: Path, rng: random.Random) -> None:
    """Bytes turned over behind the header, as a failing disk does."""
    raw = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 20, 2_000])):
        raw[rng.randrange(100, len(raw))] = rng.randrange(256)
    path.write_bytes(raw)


def bad_log(path: Path, rng: random.Random) -> None:
    """A log beside the file that is not its own."""
    path.with_name(path.name + "-wal").write_bytes(rng.randbytes(9_000))


def _change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        names = [
            r[0] for r in connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'")
        ]
        for name in names:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def other_program(path: Path, rng: random.Random) -> None:
    path.unlink()
    _change(path, "CREATE TABLE t (x)")


def other_revision(path: Path, rng: random.Random) -> None:
    _change(path, f"UPDATE alembic_version SET version_num = '{rng.choice(['9999', '', 'é'])}'")


def table_lost(path: Path, rng: random.Random) -> None:
    tables = ("fact", "item", "ledger", "ledger_head", "job_run", "poll_state", "sent", "delivery")
    _change(path, f"DROP TABLE {rng.choice(tables)}")


def column_lost(path: Path, rng: random.Random) -> None:
    _change(path, "DROP TABLE ledger", "CREATE TABLE ledger (seq, acts_on)")


def odd_values(path: Path, rng: random.Random) -> None:
    """Cells that no program of ours wrote."""
    odd = rng.choice(["'odd'", "x'ff00fe'", "NULL", "'{'", "'[]'", "1e300", "''"])
    table, column = rng.choice(
        [("fact", "payload"), ("fact", "known_at"), ("fact", "kind"), ("ledger", "payload"),
         ("ledger", "acts_on"), ("ledger", "made_at"), ("ledger_head", "entry_hash"),
         ("ledger_head", "n_entries"), ("fact", "occurred_at")]
    )  # fmt: skip
    try:
        _change(path, f"UPDATE {table} SET {column} = {odd} WHERE rowid % 7 = 1")
    except sqlite3.IntegrityError:
        _change(path, f"UPDATE {table} SET {column} = 'odd' WHERE rowid = 1")


DAMAGES: tuple[Damage, ...] = (
    cut_short, random_bytes, zero_bytes, a_folder, read_only, bad_pages, bad_log, other_program,
    other_revision, table_lost, column_lost, odd_values, odd_values,
)  # fmt: skip


# --- forms and addresses of the page ------------------------------------------------------------

PAGES = ("/", "/archive", "/feeds", "/releases", "/backtest", "/compare", "/rules", "/login")
ASKED = ("as_of", "preset", "left", "right", "lang", "x")
FORMS = ("/backtest", "/rules/check", "/rules/save", "/jobs/x/cancel", "/login", "/logout", "/none")
FIELDS = ("preset", "rules", "loaded", "first", "last", "spread_bps", "left", "right", "name",
          "replace", "token", "x")  # fmt: skip
PLACES = ("/archive/file/", "/jobs/", "/static/", "/jobs/a/sheet/")


def visit(rng: random.Random, rules: str) -> tuple[str, str, dict[str, Any]]:
    """Method, path and fields of one request."""
    if rng.random() < 0.5:
        fields: dict[str, Any] = {n: _field(rng) for n in rng.sample(FIELDS, rng.randint(0, 6))}
        if rng.random() < 0.5:
            fields["rules"] = damaged_text(rules, rng).decode("utf-8", "replace")
            fields.setdefault("preset", "balanced")
            fields["loaded"] = "balanced"
        return "POST", rng.choice(FORMS), fields
    if rng.random() < 0.25:
        return "GET", rng.choice(PLACES) + _field(rng), {}
    asked = {name: _field(rng) for name in rng.sample(ASKED, rng.randint(0, 3))}
    return "GET", rng.choice(PAGES), asked


def _field(rng: random.Random) -> str:
    return rng.choice(WORDS).encode("utf-8", "replace").decode()[:3_000]
