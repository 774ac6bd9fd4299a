"""Hostile inputs from a seed: words for a command line, damage to text and to database files."""

from __future__ import annotations

import json
import random
import re
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


DAYS = ("2025-08-22", "2025-08-23", "2024-02-29", "2019-01-02", "2025-12-31", "1900-01-01")
COUNTS = ("0", "1", "2", "-1", "7", "300", "99999999999", "1000000")
NUMBERS = ("0", "0.5", "-0.5", "1", "10", "1e9", "1e-9", "nan", "inf", "99.9")
FITTING: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("as-of", "from", "to", "until", "meeting"), (*DAYS, "now", "today", "last")),
    **dict.fromkeys(
        (
            "seed",
            "dates",
            "random",
            "workers",
            "train",
            "test",
            "purge",
            "embargo",
            "days",
            "limit",
            "worlds",
            "estimation",
            "devices",
            "block",
        ),
        COUNTS,
    ),
    **dict.fromkeys(
        (
            "capital",
            "commission-bps",
            "spread-bps",
            "borrow-pct",
            "tax-rate",
            "effr",
            "duty",
            "batch",
            "prompt-tokens",
            "output-tokens",
            "context",
            "cache-hit-share",
            "accepted-tokens",
            "tpot-ms",
            "usd-per-hour",
        ),
        NUMBERS,
    ),
    **dict.fromkeys(
        ("strategy", "preset"), ("balanced", "cautious", "conviction", "balanced.toml")
    ),
    "lang": ("en", "fr", "FR", "de"),
    "format": ("text", "html", "md", "json", "push", "csv", "parquet", "e4m3fn", "e8m0", "hif8"),
    "range": ("425-450", "450-425", "0-0", "425", "-25-0", "1-99999"),
    "price": ("ZQU25=95.76", "ZQU25=0", "ZQU25=-1", "ZQZ99=95", "ZQA25=95"),
    "calendar-add": ("2025-09-17", "2025-08-22", "1900-01-01"),
    "published": ("400-425:84.7;425-450:15.3", "400-425:200", "1-2:nan"),
    "grid": ("spread=0,1", "exit_below=-0.2,-0.1", "x=1", "exit_below=" + "1," * 500),
    "window": ("-5,5", "5,-5", "0,0", "-9999,9999"),
    "types": ("earnings", "fomc", "release", "x,y", "earnings,fomc"),
    "country": ("CN", "US", "FR", "ZZ"),
    "symbols": ("NVDA", "TSM,NVDA", "^VIX", ","),
    "table": ("fact", "item", "ledger", "sqlite_master"),
    "chip": ("H20", "H100", "Ascend 910C", "h20"),
    "precision": ("fp8", "bf16", "int4", "mxfp4"),
    "tokens-trained": ("14.8T", "900B", "1e400", "-1B", "0"),
    "models": ("DeepSeek-R1", "deepseek,qwen", "DeepSeek-R1,V3", ",", "R1"),
    "head": ("0" * 64, "abc", "z" * 64),
    "symbol": ("NVDA", "TSM", "^VIX", "BTC-USD", "X"),
}
"""Values that the options of these names may take, and near ones."""


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


def _spot(text: str, rng: random.Random) -> tuple[int, int]:
    """Where a value stands: a cell, or what follows a sign of assignment."""
    found = list(re.finditer(r"(?<=[,=:])[^,=:\n]+(?=[,\n]|$)", text))
    chosen = rng.choice(found)
    return chosen.start(), chosen.end()


def odd_value(text: str, rng: random.Random) -> str:
    """A value of another kind than the one that stood there."""
    start, end = _spot(text, rng)
    return text[:start] + rng.choice((*ODD, *WORDS))[:400] + text[end:]


def values_swapped(text: str, rng: random.Random) -> str:
    """Two values in each other's place."""
    (a, b), (c, d) = sorted((_spot(text, rng), _spot(text, rng)))
    return text if c < b else text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]


def other_signs(text: str, rng: random.Random) -> str:
    """As another program saves it: other ends of lines, separators, quotes, a byte order mark."""
    old, new = rng.choice([
        ("\n", "\r\n"), ("\n", "\r"), (",", ";"), (",", "\t"), ('"', "'"), ("=", ":"), ("[", "[["),
        ("", "\ufeff"), ("]", ""), (" ", "\u00a0"), ("-", "\u2212"), (".", ","), ("\n", "\n\n"),
    ])  # fmt: skip
    return new + text if not old else text.replace(old, new, rng.choice([1, 3, -1]))


def other_digits(text: str, rng: random.Random) -> str:
    """Numbers in another script, which ``int`` and ``float`` take for digits."""
    start, end = _spot(text, rng)
    table = str.maketrans(
        "0123456789", rng.choice(["٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "०१२३४५६७८९"])
    )
    return text[:start] + text[start:end].translate(table) + text[end:]


def lines_shuffled(text: str, rng: random.Random) -> str:
    """The rows in another order, the first one too."""
    lines = text.split("\n")
    rng.shuffle(lines)
    return "\n".join(lines)


def all_twice(text: str, rng: random.Random) -> str:
    """The file appended to itself."""
    return text + text


OWN_CHANGES = (
    odd_value, odd_value, odd_value, values_swapped, other_signs, other_digits, lines_shuffled,
    all_twice,
)  # fmt: skip
ODD = (
    "[]", "{}", "[[1]]", "true", "null", "{a = 1}", "1979-05-27", "07:32:00", '"""', "1e308",
    "-1e308", "1e-320", "1_000", "0o7", "2025-08-22T08:30:00Z", "9999-12-31T23:59:59-23:59",
    "0001-01-01", "-0.0", "['a', 1]", "''", '"\\u0000"', '"\\ud800"', "२", "1" + "0" * 400,
    "\u0301", "a.b:C", "os:system", "strategies.base:Strategy", "feeds.base:Collector", "../x", "%",
    "NaN", "Infinity",
)  # fmt: skip


def damaged_text(text: str, rng: random.Random) -> bytes:
    """A file as an editor, a program or a disk might leave it."""
    for _ in range(rng.choice([1, 1, 2, 5])):
        try:
            text = rng.choice(rng.choice([CHANGES, OWN_CHANGES]))(text, rng)
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

PAGES = ("/", "/archive", "/feeds", "/releases", "/stress", "/backtest", "/compare", "/rules",
         "/login")  # fmt: skip
ASKED = ("as_of", "preset", "left", "right", "lang", "x")
FORMS = ("/backtest", "/rules/check", "/rules/save", "/jobs/x/cancel", "/login", "/logout", "/none")
FIELDS = ("preset", "rules", "loaded", "first", "last", "spread_bps", "left", "right", "name",
          "replace", "token", "x")  # fmt: skip
PLACES = ("/archive/file/", "/jobs/", "/static/", "/jobs/a/sheet/")


HEADERS = ("accept-language", "cookie", "hx-request", "origin", "host", "content-type", "range",
           "if-none-match", "transfer-encoding", "x-forwarded-for", "accept-encoding", "referer",
           "content-length", "authorization")  # fmt: skip


def headers(rng: random.Random) -> dict[str, str]:
    """Headers of a request that a client of its own making may send."""
    names = rng.sample(HEADERS, rng.randint(1, 4))
    return {n: _field(rng).encode("ascii", "ignore").decode()[:900] for n in names}


def visit(rng: random.Random, rules: str) -> tuple[str, str, dict[str, Any]]:
    """Method, path and fields of one request."""
    if rng.random() < 0.06:
        return rng.choice(("PUT", "DELETE", "OPTIONS", "HEAD", "PATCH")), rng.choice(PAGES), {}
    if rng.random() < 0.5:
        fields: dict[str, Any] = {n: field(rng, n) for n in rng.sample(FIELDS, rng.randint(0, 6))}
        if rng.random() < 0.5:
            fields["rules"] = damaged_text(rules, rng).decode("utf-8", "replace")
            fields.setdefault("preset", "balanced")
            fields["loaded"] = "balanced"
        return "POST", rng.choice(FORMS), fields
    if rng.random() < 0.25:
        return "GET", rng.choice(PLACES) + _field(rng), {}
    asked = {name: field(rng, name) for name in rng.sample(ASKED, rng.randint(0, 3))}
    return "GET", rng.choice(PAGES), asked


def field(rng: random.Random, name: str) -> str:
    """A value for the option or field ``name``: as often one that fits as one that does not."""
    fits = FITTING.get(name.replace("_", "-"))
    return rng.choice(fits) if fits and rng.random() < 0.5 else _field(rng)


def _field(rng: random.Random) -> str:
    return rng.choice(WORDS).encode("utf-8", "replace").decode()[:3_000]


# --- what sources answer ------------------------------------------------------------------------


def odd_node(value: Any, rng: random.Random, depth: int = 0) -> Any:
    """A JSON value with one node, anywhere in it, replaced by what nobody expects there."""
    if isinstance(value, dict) and value and rng.random() < 0.9 - depth * 0.05:
        name = rng.choice(list(value))
        if rng.random() < 0.1:
            return {k: v for k, v in value.items() if k != name}
        return {**value, name: odd_node(value[name], rng, depth + 1)}
    if isinstance(value, list) and value and rng.random() < 0.9 - depth * 0.05:
        place = rng.randrange(len(value))
        return [*value[:place], odd_node(value[place], rng, depth + 1), *value[place + 1 :]]
    return rng.choice(
        [None, True, -1, 0, 1e308, -(10**30), "", "x" * 5_000, "NaN", [], {}, [value], {"a": value},
         [[]], "2025-02-30", "9999-12-31T00:00:00Z", -62_135_596_801, 253_402_300_800, "\x00",
         "\u202e", 1.5, "1,5", str(value)[:3_000], "<b>", float("inf"), float("nan")]
    )  # fmt: skip


def damaged_body(body: bytes, rng: random.Random) -> bytes:
    """The bytes of an answer as a broken or hostile source may send them."""
    if body[:1] in (b"{", b"[") and rng.random() < 0.7:
        try:
            told = json.loads(body)
            for _ in range(rng.choice([1, 1, 3])):
                told = odd_node(told, rng)
            return json.dumps(told).encode()
        except ValueError:
            pass
    if rng.random() < 0.25:
        return body[: rng.randrange(len(body) + 1)]
    try:
        return damaged_text(body.decode("utf-8"), rng)
    except UnicodeDecodeError:
        at = rng.randrange(len(body) + 1)
        return body[:at] + rng.randbytes(rng.choice([1, 8, 200])) + body[at + 1 :]


def damaged_answer(answer: dict[str, Any], body: bytes, rng: random.Random) -> dict[str, Any]:
    """One recorded answer with body, state or headers spoilt."""
    changed = {**answer}
    if rng.random() < 0.85:
        changed = {k: v for k, v in answer.items() if k in ("status", "headers")}
        changed["hex"] = damaged_body(body, rng).hex()
    if rng.random() < 0.15:
        changed["status"] = rng.choice([200, 204, 206, 301, 304, 403, 410, 429, 500, 503, 599])
    if rng.random() < 0.25:
        name = rng.choice(
            ["Content-Type", "Content-Encoding", "ETag", "Last-Modified", "Retry-After", "Location",
             "Cache-Control", "Date", "Expires"]
        )  # fmt: skip
        odd = rng.choice([
            "gzip", "br", "deflate, gzip", "text/html; charset=utf-7", "-1", "1e9", "max-age=-5",
            "max-age=" + "9" * 400, "Thu, 99 Foo 2025 99:99:99 GMT", "file:///etc/passwd",
            "x" * 9_000, "http://169.254.169.254/", "//[", "W/\"\"",
            "application/json; charset=none", "\xff",
        ])  # fmt: skip
        changed["headers"] = {**changed.get("headers", {}), name: odd}
    return changed
