"""``nvsignal calendar``: what RFC 5545 wants, and dates that were known then."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.cli.main import main
from engine.service.ics import Day, calendar_text, escape, fold
from tests.service.mornings import CONFIG

STAMP = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)


def unfold(text: str) -> list[str]:
    """RFC 5545, 3.1: a line break followed by a space is no line break."""
    return re.sub(r"\r\n[ \t]", "", text).split("\r\n")


def unescape(text: str) -> str:
    return re.sub(r"\\([\\;,nN])", lambda m: {"n": "\n", "N": "\n"}.get(m[1], m[1]), text)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=40, max_size=300))
@example("é" * 100)
@example("x" * 66 + "𝄞𝄞")
def test_a_folded_line_has_75_octets_at_most_and_unfolds_to_itself(text: str) -> None:
    line = "SUMMARY:" + escape(text)

    folded = fold(line)

    assert all(len(piece.encode()) <= 75 for piece in folded.split("\r\n"))
    assert unfold(folded) == [line]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t")))
def test_escaped_text_is_one_line_and_reads_back(text: str) -> None:
    assert "\n" not in escape(text)
    assert unescape(escape(text)) == text


def test_outside_text_cannot_add_a_line_or_an_event() -> None:
    hostile = "x\r\nEND:VEVENT\r\nBEGIN:VALARM\x00\x1b"

    lines = unfold(
        calendar_text([Day(uid="u", on=date(2026, 1, 2), summary=hostile)], STAMP, name="N")
    )

    assert lines.count("END:VEVENT") == 1
    assert "BEGIN:VALARM" not in lines
    assert "SUMMARY:x\\nEND:VEVENT\\nBEGIN:VALARM" in lines


def test_a_whole_day_ends_on_the_next_one() -> None:
    day = Day(uid="fomc-1", on=date(2026, 12, 31), summary="Fed", categories="fomc")

    text = calendar_text([day], STAMP, name="NVDA")

    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert text.endswith("END:VCALENDAR\r\n")
    assert "DTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270101\r\n" in text
    assert "DTSTAMP:20261124T170000Z" in text


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["calendar", "--config", CONFIG, *args])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'record.db'}"


def test_the_calendar_of_august_2025_holds_the_results_and_the_fed(
    capsys: pytest.CaptureFixture[str], database: str, tmp_path: Path
) -> None:
    """Nvidia reported on 27 August 2025; the FOMC met until 17 September and 29 October."""
    at = ("--as-of", "2025-08-22", "--db", database)
    rows = json.loads(run(capsys, *at, "--json")[1])
    path = tmp_path / "nvda.ics"
    run(capsys, *at, "--lang", "fr", "--out", str(path))
    again = tmp_path / "again.ics"
    run(capsys, *at, "--lang", "fr", "--out", str(again))

    assert [(r["on"], r["kind"]) for r in rows] == [
        ("2025-08-27", "earnings"),
        ("2025-09-17", "fomc"),
        ("2025-10-29", "fomc"),
    ]
    lines = unfold(path.read_bytes().decode("utf-8"))
    assert [x for x in lines if x.startswith("UID")] == [
        f"UID:{r['kind']}-{r['on']}@nvsignal.invalid" for r in rows
    ]
    assert any("Fed" in x and "Décision" in x for x in lines)
    stable = [x for x in unfold(again.read_bytes().decode("utf-8")) if "DTSTAMP" not in x]
    assert stable == [x for x in lines if "DTSTAMP" not in x]


def test_an_unknown_language_is_refused(capsys: pytest.CaptureFixture[str], database: str) -> None:
    code, _, err = run(capsys, "--lang", "de", "--db", database)

    assert code == 2
    assert err == "nvsignal: unknown language 'de' (did you mean 'en'?)\n"
