"""The receipt: each input of a decision moves one of its three hashes, and nothing else does."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

from config.settings import PACKAGED, Lags
from engine.clock import parse_as_of
from engine.record.history import History
from engine.service.bind import load
from engine.service.receipt import (
    LIBRARIES,
    ROOT,
    code_digest,
    code_files,
    code_version,
    running_digest,
)
from feeds.facts import files, read_tables

AS_OF = parse_as_of("2026-11-01")
SCENARIOS = tuple(f"scenarios/{p.name}" for p in sorted((PACKAGED / "scenarios").glob("*.toml")))
DECIDING = ("events.toml", "threat.toml", "feeds.toml", "strategies/balanced.toml")
DATA = (".toml", ".csv", ".json")
"""What the engine reads as data; written out, so that the product cannot shorten it."""
NUMBER = re.compile(r"^(\s*[\w.]+\s*=\s*)(-?[\d_]+(?:\.\d+)?)\b", re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "config"
    shutil.copytree(PACKAGED, copy, ignore=shutil.ignore_patterns("__pycache__", "*.py", "facts"))
    return copy


def tables(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PACKAGED / "facts", tmp_path / "facts"))


def nudged(text: str, start: int) -> str:
    """``text`` with the first number at or after ``start`` a little larger."""
    found = NUMBER.search(text, start)
    assert found
    old = found[2].replace("_", "")
    new = f"{float(old) + 1e-6:.6f}" if "." in old else str(int(old) + 1)
    return text[: found.start(2)] + new + text[found.end(2) :]


# --- configuration --------------------------------------------------------------------------


@pytest.mark.parametrize("name", DECIDING)
def test_every_number_of_a_deciding_file_moves_the_hash(folder: Path, name: str) -> None:
    """A few values cannot grow (a bound, a date's part); the rest each give a hash of their own."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    places = [m.start() for m in NUMBER.finditer(text) if "reviewed_on" not in m[1]]  # a note
    chosen = places if len(places) < 40 else places[:: len(places) // 30]
    seen, refused = {load(folder).digest}, 0
    for start in chosen:
        path.write_text(nudged(text, start), encoding="utf-8")
        try:
            seen.add(load(folder).digest)
        except ValueError:
            refused += 1
        except Exception as error:
            assert type(error).__name__ == "ConfigError"  # noqa: PT017 - beyond its bound
            refused += 1
    assert len(seen) == 1 + len(chosen) - refused
    assert refused < len(chosen) / 2


def test_each_scenario_moves_the_hash(folder: Path) -> None:
    """One figure of each file, or what it includes: the stress table is drawn by them."""
    seen = {load(folder).digest}
    for name in SCENARIOS:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        other = nudged(text, 0) if NUMBER.search(text) else f"path_bps = 1.0\n{text}"
        path.write_text(other, encoding="utf-8")
        seen.add(load(folder).digest)
    assert len(seen) == 1 + len(SCENARIOS) > 10


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("nvsignal.toml", 'decide_at = "08:30"', 'decide_at = "08:31"'),
        ("nvsignal.toml", "scheduled_minutes = 15", "scheduled_minutes = 16"),
        ("nvsignal.toml", "approximate_hours = 6", "approximate_hours = 7"),
        ("nvsignal.toml", "close_minutes = 30", "close_minutes = 31"),
        ("nvsignal.toml", "first_on = 2022-01-03", "first_on = 2022-01-04"),
        ("feeds.toml", 'label = "Yahoo Finance"', 'label = "Yahoo"'),
        ("strategies/balanced.toml", 'name = "', 'name = "My '),
        ("events.toml", "[domestic.price_war]", "[domestic.nvidia_product]"),
        ("feeds.toml", "tier = 1", "tier = 2"),
        ("feeds.toml", 'symbols = ["NVDA"]', 'symbols = ["NVDA", "SPY"]'),
        ("strategies/balanced.toml", "4 trillion", "4.1 trillion"),
        ("strategies/balanced.toml", "strategies.trend:Trend", "strategies.baselines:Cash"),
    ],
)
def test_names_and_times_move_it_too(folder: Path, name: str, old: str, new: str) -> None:
    before = load(folder).digest
    replaced(folder / name, old, new)

    assert load(folder).digest != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("nvsignal.toml", 'language = "en"', 'language = "fr"'),
        ("nvsignal.toml", "collect_every_minutes = 30", "collect_every_minutes = 60"),
        ("nvsignal.toml", "[record]", "# a comment\n[record]"),
        ("feeds.toml", "unofficial interface;", "an unofficial interface;"),
        ("feeds.toml", 'fallback = "yahoo-market"', 'fallback = "yahoo-options"'),
        ("feeds.toml", 'when_silent = "', 'when_silent = "then '),
        ("feeds.toml", "terms_reviewed_on = 2026", "terms_reviewed_on = 2025"),
        ("strategies/balanced.toml", 'description = "', 'description = "My '),
        ("events.toml", "rumour = 0.5\nannounced = 1.0", "announced = 1.0\nrumour = 0.50"),
        ("events.toml", "reversed = 1.0\n", ""),
        ("strategies/balanced.toml", "description =", "# why\ndescription ="),
        ("strategies/cautious.toml", "weight = 0.20", "weight = 0.21"),
    ],
)
def test_what_decides_nothing_is_free(folder: Path, name: str, old: str, new: str) -> None:
    """Comments, the order of keys, a default written out or left out, other presets, manners."""
    before = load(folder, "balanced").digest
    replaced(folder / name, old, new)

    assert load(folder, "balanced").digest == before


def test_the_order_of_stanzas_is_free(folder: Path) -> None:
    """A type of event moved to the end of its file weighs what it weighed."""
    path = folder / "events.toml"
    text = path.read_text(encoding="utf-8")
    start = text.index("[policy.export_relief]")
    end = text.index("[policy.", start + 1)
    before = load(folder).digest
    path.write_text(f"{text[:start]}{text[end:]}\n{text[start:end]}", encoding="utf-8")

    assert load(folder).digest == before


def test_the_holding_is_in_no_hash(folder: Path) -> None:
    """It moves lines in money and never a decision."""
    before = load(folder).digest
    (folder / "holding.toml").write_text(
        "[[lots]]\nbought_on = 2023-05-25\nshares = 100\ncost_per_share = 38.5\n"
    )
    found = load(folder)

    assert found.holding is not None
    assert found.holding.lots[0].shares == 100
    assert found.digest == before


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# --- data -----------------------------------------------------------------------------------

CELLS = {
    "press_claims.csv": "value",
    "domestic_chip_supply.csv": "units_mid",
    "china_availability.csv": "us_permission",
    "china_chip_share.csv": "domestic_share_pct",
    "homegrown_training_record.csv": "total_params_b",
    "chip_events.csv": "headline",
    "export_policy_events.csv": "event",
    "fomc_meetings.csv": "target_upper_after",
    "fedwatch_published.csv": "zq_inputs",
    "rates_daily.csv": "dgs2_pct",
    "eur_usd_daily.csv": "usd_per_eur",
    "nvidia_earnings.csv": "revenue_usd_bn",
    "nvidia_consensus.csv": "consensus_usd_bn",
    "nvidia_market_cap.csv": "shares_outstanding_bn",
    "market_closes.csv": "nvda_close",
    "model_releases.csv": "price_output_usd_per_mtok",
    "release_updates.csv": "value",
    "accelerators.csv": "price_usd",
    "model_architectures.csv": "layers",
}


def hash_of(folder: Path) -> str:
    return History(read_tables(folder, Lags())).data_hash(AS_OF)


def test_each_table_moves_the_hash_of_the_data(tmp_path: Path) -> None:
    """Every file that is read, one cell each."""
    folder = tables(tmp_path)
    assert set(files()) <= set(CELLS) | {"nvidia_corporate_actions.csv"}
    seen = {hash_of(folder)}
    for name, column in CELLS.items():
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(with_cell(text, column), encoding="utf-8")
        seen.add(hash_of(folder))
        (folder / name).write_text(text, encoding="utf-8")

    assert len(seen) == 1 + len(CELLS)


def test_a_chip_at_a_quarter_of_its_price_moves_it(tmp_path: Path) -> None:
    """Huawei's prices moved a decision once while all three hashes stood still."""
    folder = tables(tmp_path)
    before = hash_of(folder)
    rows = list(csv.DictReader(io.StringIO((folder / "accelerators.csv").read_text())))
    cheap = 0
    for row in rows:
        for column in ("price_usd", "rent_usd_per_hour"):
            if row["vendor"] == "Huawei" and row[column]:
                row[column] = re.sub(r"[\d.]+", lambda m: f"{float(m[0]) / 4:.3f}", row[column])
                cheap += 1
    (folder / "accelerators.csv").write_text(as_csv(rows))

    assert cheap > 0
    assert hash_of(folder) != before


def with_cell(text: str, column: str) -> str:
    """The table with the first filled cell of ``column`` changed, in a row with a date."""
    rows = list(csv.DictReader(io.StringIO(text)))
    for row in rows:
        dated = "observed" not in row or re.match(r"\d{4}-\d\d-\d\d", row["observed"])
        if row[column] and dated:
            row[column] = changed(row[column])
            break
    return as_csv(rows)


def changed(cell: str) -> str:
    words = {"licence": "allowed", "allowed": "licence", "barred": "licence"}
    if cell in words:
        return words[cell]
    if cell[-1].isdigit():
        return cell[:-1] + str(9 - int(cell[-1]))
    return cell + " 1"


def as_csv(rows: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


# --- code -----------------------------------------------------------------------------------

RUN = """
import json, sys
from pathlib import Path
from config.settings import PACKAGED
from engine.clock import parse_as_of
from engine.record.history import History
from engine.service import bind, wiring
from feeds.facts import read_tables

config = bind.load(PACKAGED)
world = wiring.world_of(History(read_tables(config.facts, config.settings.lags)), config,
                        parse_as_of("2023-02-01"))
wiring.assess(world, config).decision
print(json.dumps(sorted(m.__file__ for m in list(sys.modules.values())
                        if getattr(m, "__file__", None))))
"""


@cache
def loaded() -> tuple[Path, ...]:
    """Every module that one real decision loads, libraries included."""
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return tuple(Path(name).resolve() for name in json.loads(done.stdout))


def modules_of_a_decision() -> Iterator[Path]:
    """Every module of the house that one real decision loads."""
    for path in loaded():
        if ROOT in path.parents and ".venv" not in path.parts:
            yield path


def test_each_module_that_a_decision_runs_moves_the_hash_of_the_code(tmp_path: Path) -> None:
    """One number of each, or a line where there is none; data files of the engine as well."""
    copied = {path: tmp_path / path.relative_to(ROOT) for path in code_files()}
    for path, copy in copied.items():
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    ran = list(modules_of_a_decision())
    assert len(ran) > 50
    assert set(ran) <= set(copied), set(ran) - set(copied)
    before = code_digest(tmp_path)
    data = [path for path in (ROOT / "engine").rglob("*") if path.suffix in DATA]
    assert data
    assert set(data) <= set(copied), set(data) - set(copied)
    for path in [*ran, *data]:
        copy, content = copied[path], path.read_bytes()
        digit = re.search(rb"= (\d)", content)
        at = digit.start(1) if digit else len(content)
        copy.write_bytes(content[:at] + b"7" + content[at + 1 :] if digit else content + b"# 7\n")
        moved = copy.read_bytes() != content
        assert (code_digest(tmp_path) != before) is moved, path
        copy.write_bytes(content)

    assert code_digest(tmp_path) == before


def test_each_library_that_a_decision_computes_with_moves_the_code_version() -> None:
    """All that a decision loads and that counts; the same versions give the same."""
    packages = {part for path in loaded() for part in path.parts}
    assert set(LIBRARIES) <= packages
    assert not {"scipy", "sklearn"} & packages
    now = dict.fromkeys(LIBRARIES, "1.0")
    before = running_digest("code", now.__getitem__)
    assert running_digest("code", dict(now).__getitem__) == before
    assert running_digest("other code", now.__getitem__) != before
    for name in LIBRARIES:
        assert running_digest("code", {**now, name: "1.1"}.__getitem__) != before
    assert code_version().endswith(running_digest(code_digest(), version)[:12])


def test_what_only_tells_or_tests_moves_nothing(tmp_path: Path) -> None:
    """Translations, templates, tests, the README and the tables are not code."""
    for path in code_files():
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    before = code_digest(tmp_path)
    for name in (
        "README.md",
        "tests/test_new.py",
        "backtests/new.py",
        "config/events.toml",
        "config/facts/new.csv",
        "engine/report/locale/fr/LC_MESSAGES/nvsignal.po",
        "engine/report/templates/report.html.j2",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("7\n")

    assert code_digest(tmp_path) == before
