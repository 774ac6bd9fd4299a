"""The README's commands, options and JSON keys are those of the program."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from backtests.metrics import Summary
from engine.cli.commands import rates, whatif
from engine.cli.main import build
from engine.cli.output import to_json
from engine.cli.said.events import Moved
from engine.cli.said.rates import RatesAnswer
from engine.report.render import render
from engine.service import tracking
from engine.values import ThreatRating
from tests.cli import test_backtest_commands, test_classify_command
from tests.engine.report.sample_report import sample_report

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def commands() -> dict[str, Any]:
    """Command -> its parameters, families as "db backup"."""
    found: dict[str, Any] = {}

    def walk(command: Any, words: tuple[str, ...]) -> None:
        inner = getattr(command, "commands", None)
        if inner is None:
            found[" ".join(words)] = command
            return
        for name, below in inner.items():
            walk(below, (*words, name))

    walk(typer.main.get_command(build()), ())
    return found


def named_in_the_readme() -> set[tuple[str, tuple[str, ...]]]:
    """(words, options) of every ``nvsignal …`` in code, alternatives apart."""
    spans = re.findall(r"`nvsignal ([^`]+)`", README)
    spans += re.findall(r"(?m)^    nvsignal (.+)$", README)
    found = set()
    for span in spans:
        plain = span.replace("\\|", " ")
        options = tuple(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", plain))
        found.add((plain, options))
    return found


def command_of(span: str) -> str | None:
    """The command meant by the first words of ``span``."""
    words = re.split(r"[ \[,…]+", span.strip())
    two = " ".join(words[:2])
    return two if two in commands() else words[0] if words[0] in commands() else None


def test_every_command_is_in_the_readme() -> None:
    told = " ".join(
        line
        for line in README.splitlines()
        if line.startswith("| `nvsignal") or "`nvsignal" in line
    )
    lone = {name for name in commands() if " " not in name}
    families = {name.partition(" ")[0] for name in commands() if " " in name}
    missing = [n for n in (*lone, *families) if not re.search(rf"`(?:nvsignal )?{n}\b", told)]
    assert set(missing) <= {"version"}


def test_every_command_that_the_readme_names_is_there_with_its_options() -> None:
    spans = named_in_the_readme()
    assert len(spans) > 25
    for span, options in sorted(spans):
        name = command_of(span)
        first = re.split(r"[ \[,]+", span.strip())[0]
        family = any(known.startswith(f"{first} ") for known in commands())
        assert name is not None or family, span
        if name is None:
            continue
        known = {o for p in commands()[name].params for o in (*p.opts, *p.secondary_opts)}
        assert set(options) <= known, (span, sorted(set(options) - known))


def documented() -> dict[str, str]:
    """Command -> what the README says of its JSON."""
    table = README.partition("\n## JSON\n")[2].partition("\n## ")[0]
    rows = re.findall(r"(?m)^\| `([a-z0-9]+)` \| (.+) \|$", table)
    return dict(rows)


def test_the_table_of_json_is_read() -> None:
    assert set(documented()) == set(
        "report rates rate cost backtest classify fp8 track audit events whatif".split()
    )


def top(text: str) -> set[str]:
    """The keys outside of brackets."""
    bare = re.sub(r"\([^()]*\)", "", text).partition(";")[0]
    return set(re.findall(r"`(\w+)`", bare))


def inner(text: str, key: str) -> set[str]:
    """The keys in brackets behind ``key``."""
    found = re.search(rf"`{key}` \(([^()]*)\)", text)
    assert found is not None, key
    return set(re.findall(r"`(\w+)`", found[1]))


def plain(value: Any) -> Any:
    return json.loads(to_json(value))


def test_keys_of_a_report() -> None:
    told, data = documented()["report"], json.loads(render(sample_report(), "json"))
    assert top(told) - data.keys() == set()
    for key in ("contributions", "flips", "registered"):
        assert inner(told, key) - data[key][0].keys() == set(), key
    assert inner(told, "receipt") - sample_keys(data["receipt"]) == set()
    assert inner(told, "rates") - {*data["rates"][0], *data["rates"][0]["outcomes"][0]} == set()


def sample_keys(receipt: dict[str, Any]) -> set[str]:
    """Those of the receipt that ``build`` puts together; the sample has two of its own."""
    return {*receipt, "config_hash", "data_hash", "code_version"}


def test_keys_of_rates_and_costs() -> None:
    answer = RatesAnswer(
        as_of=datetime.fromisoformat("2025-08-22T12:30:00+00:00"), range_bps=(425, 450),
        effr_pct=4.33, prices={date(2025, 9, 1): 95.7}, source="x", found=sample_report().rates,
    )  # fmt: skip
    data = plain(rates.as_plain(answer))
    assert top(documented()["rates"]) - data.keys() == set()
    assert inner(documented()["rates"], "meetings") - data["meetings"][0].keys() == set()
    assert data["range_bps"] == [425, 450]
    done = CliRunner().invoke(build("cost"), ["cost", "DeepSeek-V3", "--chip", "H800", "--json"])
    told = json.loads(done.stdout)
    assert inner_free(documented()["cost"]) - told.keys() == {"low", "mid", "high"}
    assert told["training_usd"].keys() >= {"low", "mid", "high"}


def inner_free(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text))


def test_keys_of_a_rating_and_a_what_if() -> None:
    told = documented()["rate"]
    assert "ThreatRating" in told
    known = {f.name for f in fields(ThreatRating)}
    from engine.cli.commands import rate

    data = plain(rate.plain(sample_release(), sample_rating()))
    assert known | {"lab", "country", "released_on"} <= data.keys()
    verdicts = inner(documented()["whatif"], "after")

    class Made:
        class decision:  # noqa: N801
            verdict, score, margin, stance, target_weight = "HOLD", 0.1, 0.2, "HOLD", 1.0
            acts_on = date(2025, 8, 25)
            contributions = ()

        class world:  # noqa: N801
            as_of = datetime.fromisoformat("2025-08-22T12:30:00+00:00")

    data = plain(whatif._plain(Made, Made, sample_rating()))  # type: ignore[arg-type]
    assert top(documented()["whatif"]) <= data.keys()
    assert verdicts == data["after"].keys() == data["before"].keys()


def sample_release() -> Any:
    return sample_report().releases[0].release


def sample_rating() -> ThreatRating:
    return sample_report().releases[0].rating


def test_keys_of_a_backtest() -> None:
    """The command itself is held to ``RESULT_KEYS`` by its own test."""
    told = top(documented()["backtest"])
    assert told == test_backtest_commands.RESULT_KEYS
    assert {f.name for f in fields(Summary)} & told


def test_keys_of_the_track_record_and_of_events() -> None:
    told = documented()["track"]
    assert inner(told, "outcomes") <= tracking.outcomes([]).keys()
    one = tracking.Statement(
        event="stands", on=date(2025, 8, 22), chance=0.5, base=0.5, came=1.0, within_sessions=5
    )
    assert inner(told, "chances") <= tracking.scored("stands", [one]).keys()
    words = set(re.findall(r"`(\w+)`", documented()["events"])) - {"as_of", "days", "events"}
    assert words == {f.name for f in fields(Moved)}


@pytest.mark.parametrize(
    ("words", "text"),
    [(("encode",), "value\n1\n"), (("quantize", "--block", "2"), "1,2\n")],
)
def test_keys_of_small_numbers(tmp_path: Path, words: tuple[str, ...], text: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(build("fp8"), ["fp8", words[0], str(path), *words[1:], "--json"])
    data = json.loads(done.stdout)
    row = documented()["fp8"]
    part = row.partition("quantize:")
    told = set(re.findall(r"`(\w+)`", part[2] if words[0] == "quantize" else part[0]))
    assert told - {*data, *(data["rows"][0] if "rows" in data else ())} == set()


def test_keys_of_a_headline() -> None:
    """The command itself is held to ``KEYS`` by its own test."""
    assert top(documented()["classify"]) == set(test_classify_command.KEYS)
