"""``nvsignal stress`` and ``risk`` as a user meets them."""

from __future__ import annotations

import csv
import json
import math
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.cli.main import build
from engine.cli.said.risk import text_of
from engine.cli.said.stress import text_of as stress_text
from engine.errors import InputError
from engine.report.i18n import voice
from engine.service import wiring
from engine.service.bind import load
from engine.service.risks import history_of_file, score_stock
from engine.service.stressing import stress_table
from engine.web.views import stress_notes, stress_rows
from tests.reference import frozen_config

AT = datetime(2024, 6, 28, 22, 0, tzinfo=UTC)


def say(home: Path, *argv: str) -> str:
    done = CliRunner(env={"NVSIGNAL_DATA": str(home)}).invoke(build(), list(argv))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_stress_has_its_documented_keys_and_a_text_of_eighty_columns(tmp_path: Path) -> None:
    """One preset, one morning."""
    asked = ("stress", "--as-of", "2024-06-28", "--preset", "balanced")
    told = json.loads(say(tmp_path, *asked, "--json"))

    assert len(told["rows"]) >= 12
    assert set(told["rows"][0]) >= {
        "scenario", "severity", "preset", "before", "after", "share_of_known_days",
    }  # fmt: skip
    assert {row["severity"] for row in told["rows"]} == {"mild", "moderate", "severe", "extreme"}
    assert {line["line"] for line in told["lines"]} == {"SELL", "REDUCE", "RISK"}
    (use,) = told["stances"]
    assert use["sell"] + use["reduce"] + use["hold"] == pytest.approx(1.0)
    assert use["known_days"] == told["lines"][0]["known_days"] > 0
    text = say(tmp_path, *asked)
    flat = " ".join(text.split())
    assert f"balanced {use['sell']:.1%} {use['reduce']:.1%} {use['hold']:.1%}" in flat
    assert max(map(len, text.splitlines())) <= 80
    assert all(row["scenario"].split()[0] in flat for row in told["rows"])


def prices_only(folder: Path) -> Path:
    """A configuration whose tables hold prices alone, with one preset that asks for more."""
    frozen_config(folder)
    for table in (folder / "facts").glob("*.csv"):
        if table.name != "market_closes.csv":
            table.write_text(table.read_text("utf-8").splitlines(keepends=True)[0], "utf-8")
    rules = folder / "strategies" / "balanced.toml"
    asked = rules.read_text("utf-8").replace("observe_at_least = 0.5", "observe_at_least = 0.6")
    rules.write_text(asked, "utf-8")
    return folder


@pytest.mark.parametrize(
    ("lang", "silent", "judged", "words"),
    [
        ("en", "balanced: cannot say", "cautious: REDUCE before", "Too little is observed to say"),
        ("fr", "balanced : sans avis", "cautious : Réduire avant", "Trop peu est observé pour"),
    ],
)
def test_a_morning_that_cannot_say_has_no_verdict_to_turn(
    tmp_path: Path, lang: str, silent: str, judged: str, words: str
) -> None:
    """As its report says; only a preset that can say keeps its table, here and on the page."""
    config = prices_only(tmp_path / "config")
    with wiring.open_record(load(config), f"sqlite:///{tmp_path / 'record'}") as store:
        table = stress_table(store, config, AT, ("cautious", "balanced"))
    assert table.unjudged == ("balanced",)
    speaker = voice(lang)

    text = stress_text(table, speaker).replace("\u202f", " ")
    head, _, tail = text.partition(silent)
    assert judged in head
    assert words in tail
    assert words not in head
    assert speaker.say("Nothing happens") in head
    assert speaker.say("Nothing happens") not in tail
    for row in stress_rows(table, speaker):
        dashes = row.preset == "balanced"
        assert ((row.before, row.after, row.kept) == ("–", "–", "–")) is dashes
        assert not (dashes and row.turned)
    assert any(words in note and "balanced" in note for note in stress_notes(table, speaker))
    assert not any("cautious" in note for note in stress_notes(table, speaker))


def prices(path: Path, seed: int, sessions: int = 700) -> Path:
    """Synthetic daily prices in the columns of Yahoo."""
    rng, close, day = random.Random(seed), 100.0, date(2021, 1, 4)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["Date", "Open", "High", "Low", "Close", "Volume"])
        for _ in range(sessions):
            opened = close * math.exp(rng.gauss(0, 0.01))
            close = opened * math.exp(rng.gauss(0, 0.02))
            high, low = max(opened, close) * 1.01, min(opened, close) * 0.99
            out.writerow([day.isoformat(), opened, high, low, close, 1])
            day += timedelta(days=3 if day.weekday() == 4 else 1)
    return path


def test_a_stock_from_a_file_is_scored_and_row_t_knows_the_session_before(tmp_path: Path) -> None:
    """The first row knows nothing, the second the first session's range."""
    path = prices(tmp_path / "SYN.csv", 1)
    days, history = history_of_file(path, prices(tmp_path / "VIX.csv", 2))
    with path.open(encoding="utf-8", newline="") as file:
        first = next(csv.DictReader(file))

    assert math.isnan(history.log_range[0])
    assert history.log_range[1] == pytest.approx(
        math.log(float(first["High"]) / float(first["Low"]))
    )
    found = score_stock("SYN", days, history, days[300], days[-1])
    assert [fall.fall_pct for fall in found.falls] == [5.0, 10.0, 15.0, 20.0]
    assert 0.7 < found.distributions[0][1].coverage < 1.0
    rows = [line.split() for line in text_of([found], voice("en")).splitlines()]
    begun = rows.index(["fall", "said", "came", "sessions"]) + 1
    for fall in found.falls:
        counted = [int(row[3]) for row in rows[begun:] if row[:1] == [f"{fall.fall_pct:.0f}%"]]
        assert sum(counted) == fall.score.n


def test_a_file_without_the_columns_is_refused_with_its_line(tmp_path: Path) -> None:
    """And one that is not there by name."""
    bad = tmp_path / "BAD.csv"
    bad.write_text("Date,Close\n2024-01-02,1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"BAD.csv:2: no Date, Open"):
        history_of_file(bad, bad)
    with pytest.raises(InputError, match="cannot read"):
        history_of_file(tmp_path / "none.csv", bad)
