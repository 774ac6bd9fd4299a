"""``nvsignal rates``: what it prints, what it reads by itself, what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from engine.cli.main import main
from engine.clock import at_new_york, parse_as_of
from engine.decision.rates import expectations_at
from engine.record.readings import OBSERVATIONS, Observation
from engine.service.bind import load
from engine.service.wiring import open_record

CONFIG = Path(__file__).resolve().parents[2] / "config"

JACKSON_HOLE = ["--price", "ZQQ25=95.67", "--price", "ZQV25=95.89", "--price", "ZQX25=96.01"]


@pytest.fixture(autouse=True, scope="module")
def one_record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """All tests ask the same record, filled once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NVSIGNAL_DATA", str(tmp_path_factory.mktemp("data")))
        yield


def run(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    with pytest.raises(SystemExit) as left:
        main(["rates", *args])
    out, err = capsys.readouterr()
    assert (left.value.code or 0) == 0, err
    return out


def as_json(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(run(capsys, *args, "--json"))
    return parsed


def refusal(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    with pytest.raises(SystemExit) as left:
        main(["rates", *args])
    out, err = capsys.readouterr()
    assert left.value.code not in (0, None)
    assert out == ""
    assert err.startswith("nvsignal: ")
    assert err.count("\n") == 1
    return err


def odds(meeting: dict[str, Any]) -> dict[tuple[int, int], float]:
    return {tuple(o["range_bps"]): o["probability"] for o in meeting["outcomes"]}


def test_jackson_hole_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    out = as_json(capsys, "--as-of", "2025-08-22", "--range", "425-450", *JACKSON_HOLE)
    assert list(out) == [
        "as_of",
        "as_of_on",
        "range_bps",
        "effr_pct",
        "rung",
        "prices",
        "prices_source",
        "meetings",
    ]
    assert (out["as_of"], out["as_of_on"]) == ("2025-08-23T03:59:59.999999Z", "2025-08-22")
    assert [m["meeting_on"] for m in out["meetings"]] == ["2025-09-17", "2025-10-29"]
    september = out["meetings"][0]
    assert september["outcomes"][0] == {
        "change_bps": -25,
        "range_bps": [400, 425],
        "probability": pytest.approx(0.846897, abs=5e-7),
    }
    assert (september["rung"], out["prices_source"]) == ("zq", "given")
    assert september["expected_change_bps"] == pytest.approx(-21.1724, abs=5e-5)


def test_one_meeting_may_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    out = as_json(capsys, "--as-of", "2025-08-22", "--meeting", "2025-10-29", *JACKSON_HOLE)
    (october,) = out["meetings"]
    assert october["meeting_on"] == "2025-10-29"
    assert sum(odds(october).values()) == pytest.approx(1)


def test_the_range_comes_from_the_calendar_when_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = as_json(capsys, "--as-of", "2024-12-18T18:59Z")["range_bps"]
    after = as_json(capsys, "--as-of", "2024-12-18T19:15Z")["range_bps"]
    assert (before, after) == ([450, 475], [425, 450])
    assert as_json(capsys, "--as-of", "2021-06-01")["range_bps"] == [0, 25]


def test_the_minutes_between_the_hour_and_the_record_say_why_no_range_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """At 14:00 the old range is over and the new one not on record: that is no unknown calendar."""
    told = run(capsys, "--as-of", "2025-09-17T18:05Z")
    assert "Target range not known, as the decision of the last meeting is not on record" in told


def test_recorded_closes_speak_for_a_day_without_given_prices(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = as_json(capsys, "--as-of", "2025-08-22")
    assert out["prices_source"] == "record, closes of 2025-08-22"
    assert odds(out["meetings"][0])[(400, 425)] == pytest.approx(0.846897, abs=5e-7)


def test_closes_are_not_known_before_the_evening(capsys: pytest.CaptureFixture[str]) -> None:
    out = as_json(capsys, "--as-of", "2025-08-22T16:00Z")
    assert out["prices_source"] == "record, closes of 2025-08-21"
    assert odds(out["meetings"][0])[(400, 425)] == pytest.approx(0.749655, abs=5e-6)


def test_without_futures_the_two_year_yield_speaks(capsys: pytest.CaptureFixture[str]) -> None:
    """By the end of 2025-07-10 the figures of 07-09 are out: DGS2 3.86, DFF 4.33."""
    out = as_json(capsys, "--as-of", "2025-07-10")
    (path,) = out["meetings"]
    assert out["rung"] == path["rung"] == "two_year"
    assert (path["meeting_on"], path["outcomes"]) == (None, [])
    assert path["expected_change_bps"] == pytest.approx(-47)


def test_with_nothing_observed_it_says_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    out = as_json(capsys, "--as-of", "2026-11-20")
    assert (out["rung"], out["range_bps"]) == ("unknown", None)
    assert out["meetings"][0]["expected_change_bps"] is None
    assert "Unknown" in run(capsys, "--as-of", "2026-11-20")


def test_a_recorded_curve_that_settles_nothing_is_no_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """2026-10-10 holds October's contract alone."""
    assert as_json(capsys, "--as-of", "2026-10-10")["rung"] == "unknown"


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (
            "--as-of 2022-09-15 --range 225-250 --price ZQU22=97.4475 --price ZQV22=96.94",
            {(275, 300): 0.10, (300, 325): 0.90},
        ),
        (
            "--as-of 2022-09-21 --range 225-250 --meeting 2022-09-21 "
            "--price ZQU22=97.4475 --price ZQV22=96.94",
            {(275, 300): 0.10, (300, 325): 0.90},
        ),
        (
            "--as-of 2026-07-14 --price ZQN26=96.3688 --price ZQQ6=96.2825",
            {(350, 375): 0.631, (375, 400): 0.369},
        ),
        (
            "--as-of 2026-09-18 --meeting 2026-12-09 --price ZQV26.CBT=96.105 "
            "--price ZQX26=95.975 --price ZQF27=95.77 --price ZQG27=95.68",
            {(375, 400): 0.099, (400, 425): 0.460, (425, 450): 0.441},
        ),
    ],
)
def test_published_readings_through_the_command(
    capsys: pytest.CaptureFixture[str], args: str, expected: dict[tuple[int, int], float]
) -> None:
    meetings = as_json(capsys, *args.split())["meetings"]
    assert odds(meetings[0]) == pytest.approx(expected, abs=5e-4)


def test_a_typed_rate_stands_for_the_running_month_without_a_meeting(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """August 2025 by its realised 4.33 instead of its contract; September's own stays unused."""
    args = "--as-of 2025-08-22 --effr 4.33 --price ZQU25=95.7625 --price ZQV25=95.89"
    out = as_json(capsys, *args.split(), "--price", "ZQX25=96.01")
    assert odds(out["meetings"][0])[(400, 425)] == pytest.approx(0.846897, abs=5e-7)


def test_a_typed_rate_lets_one_contract_speak(capsys: pytest.CaptureFixture[str]) -> None:
    args = "--as-of 2026-10-10 --effr 3.88 --price ZQV26=96.115".split()
    (october,) = as_json(capsys, *args)["meetings"]
    assert october["expected_change_bps"] == pytest.approx(100 * (31 * 3.885 - 31 * 3.88) / 3)


def test_a_published_reading_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    reading = ["--published", "400-425:84.7;425-450:15.3"]
    out = as_json(capsys, "--as-of", "2025-08-22", *JACKSON_HOLE, *reading)
    assert [row["range_bps"] for row in out["published"]] == [[400, 425], [425, 450]]
    assert all(abs(row["difference"]) < 5e-4 for row in out["published"])
    text = run(capsys, "--as-of", "2025-08-22", *JACKSON_HOLE, *reading)
    assert "-0.00" not in text


def test_a_meeting_may_be_added_to_the_calendar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a meeting in January 2028, December 2027 and after can be priced."""
    monkeypatch.setattr("engine.clock.now", lambda: datetime(2027, 12, 2, 12, tzinfo=UTC))
    args = "--as-of 2027-12-01 --range 375-400 --price ZQX27=96.12 --price ZQZ27=96.05".split()
    new = ["--calendar-add", "2028-01-26", "--effr", "3.88"]
    assert as_json(capsys, *args, *new)["meetings"][0]["meeting_on"] == "2027-12-08"


def test_the_text_fits_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "--as-of", "2025-08-22", *JACKSON_HOLE)
    assert max(map(len, text.splitlines())) <= 80
    assert "Wednesday, September 17, 2025" in text
    assert "84.69%" in text


Q = "--as-of 2025-08-22 "


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (Q + "--range 450-425", "inverted"),
        (Q + "--range 425-475", "50 bp wide"),
        (Q + "--range about4", "write 425-450"),
        (Q + "--price ZQU25=195", "90 to 105"),
        (Q + "--price ZQU25=nan", "90 to 105"),
        (Q + "--price ZQU25=95,67", "with a point"),
        (Q + "--price ZQU25", "write ZQU25=95.76"),
        (Q + "--price ZQ=F=95.67", "write ZQU25"),
        (Q + "--price ZQA25=95.67", "not a ZQ contract"),
        (Q + "--price ZQU25=95.7 --price ZQU5=95.7", "given twice"),
        (Q + "--price ZQF31=95.7", "where meetings are known"),
        (Q + "--price ZQV25=95.89 --price ZQX25=96.01 --meeting 2025-12-10", "ZQZ25, ZQF26, ZQG26"),
        (Q + "--price ZQU25=95.7 --meeting 2025-09-18", "nearest is 2025-09-17"),
        (Q + "--meeting 2025-07-30", "already held"),
        (Q + "--meeting soon", "write 2025-09-17"),
        (Q + "--published 400-425:50;425-450:40", "sum to 90 %"),
        (Q + "--effr 433", "-2 to 25"),
        (Q + "--calendar-add 2025-09-17", "already in the calendar"),
        (Q + "--calendar-add 2025-09-03", "two meetings in one month"),
        ("--as-of 2019-05-01", "after 2019-06-19"),
        ("--as-of 2026-11-20 --price ZQZ26=96", "give --range"),
        ("--as-of yesterday", "not a date"),
        ("--as-of 2025-07-10 --published 425-450:100", "give --price"),
    ],
)
def test_bad_input_is_refused_in_one_line_with_a_remedy(
    capsys: pytest.CaptureFixture[str], args: str, says: str
) -> None:
    if "2025-09-03" in args:
        args += " --price ZQQ25=95.67 --price ZQV25=95.89 --price ZQX25=96.01"
    assert says in refusal(capsys, *args.split())


ZQ = {
    "ZQU25": 95.79, "ZQV25": 95.94, "ZQX25": 96.05, "ZQZ25": 96.20,
    "ZQF26": 96.28, "ZQG26": 96.35, "ZQH26": 96.40, "ZQJ26": 96.45,
}  # fmt: skip


def test_the_command_and_the_report_give_one_answer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Settlements of 2025-09-09 in the record of --db: both read them there, and alike."""
    settled_on = date(2025, 9, 9)
    url = f"sqlite:///{tmp_path}/record.sqlite3"
    config = load(CONFIG)
    with open_record(config, url) as store:
        store.record(
            OBSERVATIONS.fact(
                Observation(series=code, observed_on=settled_on, value=price),
                occurred_at=at_new_york(settled_on, time(15)),
                known_at=at_new_york(settled_on, time(20)),
                source="settlement",
            )
            for code, price in ZQ.items()
        )
        at = parse_as_of("2025-09-10")
        told = expectations_at(store.history(known_by=at), at)
    out = as_json(capsys, "--as-of", "2025-09-10", "--db", url)

    assert out["prices_source"] == "record, closes of 2025-09-09"
    assert [m["meeting_on"] for m in out["meetings"]] == [str(e.meeting_on) for e in told]
    changes = [m["expected_change_bps"] for m in out["meetings"]]
    assert changes == [e.expected_change_bps for e in told]
    assert changes[:3] == pytest.approx([-26.2, -38.0, -60.2], abs=0.1)
