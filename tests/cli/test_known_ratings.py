"""Known answers of ``rate``, ``rates`` and ``study``: who is asked, and what is chosen."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import numpy as np
import pytest

from backtests.observables import ResolvedForecast, ScoredQuantity
from engine.cli import calibration
from engine.cli.commands import rate, rates, study
from engine.cli.said import calibration as calibration_said
from engine.cli.said import rate as said
from engine.cli.said import rates as rates_said
from engine.errors import DataError, InputError, NotObservedError, OutOfRangeError, UnknownNameError
from engine.macro.fedwatch import UndeterminedCurveError
from engine.report.i18n import voice
from engine.values import ModelRelease, RateExpectation, RateOutcome, ThreatRating
from tests.cli.conftest import NOW, Rooms
from tests.engine.report.sample_report import rating, v31

EN = voice("en")
AT = datetime(2025, 8, 23, 3, 0, tzinfo=UTC)  # 23:00 of the 22nd in New York
DAY = date(2025, 8, 22)
Patch = pytest.MonkeyPatch


def rated(model: str, score: float, days: int = 0, **more: Any) -> ThreatRating:
    parts = {**dict.fromkeys(rating().channels, 0.0), "residual": score}
    given: dict[str, Any] = {
        "rated_at": AT + timedelta(days=days), "score_low": -99.0, "score_high": 99.0,
        "channels": parts,
    } | more  # fmt: skip
    return replace(rating(), model=model, score=score, **given)


def told(model: str, days: int = 0, **more: Any) -> ModelRelease:
    return replace(v31(), model=model, released_on=DAY + timedelta(days=days), **more)


# --- rate -----------------------------------------------------------------------------------------

RATINGS = (
    rated("Low-1", 1.0), rated("Tie-B", 5.0, 1), rated("Tie-C", 5.0), rated("Tie-A", 5.0),
    rated("High-1", 9.0), rated("Blind-1", 50.0, rateable=False), rated("Foreign", 99.0),
    rated("Cut-0", 3.0, 2, kind="price cut"), rated("Cut-1", 3.0, 2, kind="price cut"),
    rated("Ace-1", 2.0, 3, kind="failed run"),
)  # fmt: skip
RELEASES = {r.model: told(r.model) for r in RATINGS[:6]}


@pytest.fixture
def ratings(rooms: Rooms) -> Rooms:
    rooms.answer(
        "engine.service.wiring.ratings_at", lambda as_of, *rest: (AT, ("history", as_of), RATINGS)
    )
    rooms.answer("engine.decision.ratings.first_told", RELEASES)
    rooms.answer("engine.decision.ratings.market_multiple", 12.0)
    rooms.answer(
        "engine.cli.said.rate.league_text",
        lambda league, at, most, changes, voice, why: (
            f"{len(league)} {at:%d} {most} {len(changes)} {voice.lang} {len(why)}"
        ),
    )
    rooms.answer("engine.cli.said.rate.detail_text", lambda *given: f"{given[0].model} {given[2]}")
    rooms.answer(
        "engine.cli.said.rate.side_by_side", lambda a, b, voice: f"{a[0].model} | {b[0].model}"
    )
    return rooms


def test_the_league_is_by_score_then_the_older_then_the_name() -> None:
    order = ["High-1", "Tie-A", "Tie-C", "Tie-B", "Low-1", "Blind-1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.decision.ratings.first_told", lambda history, at: RELEASES)
        league = rate.league_of(RATINGS, "history", AT)
    assert [(release.model, r.model) for release, r in league] == [(n, n) for n in order]
    assert [r.model for r in rate.changes_of(RATINGS)] == ["Ace-1", "Cut-1", "Cut-0"]


def test_ratings_are_a_table_data_or_a_page(
    ratings: Rooms, tmp_path: Path, monkeypatch: Patch
) -> None:
    code, out, err = ratings.call("rate", "--as-of", "last", "--db", "u", "--config", "c")
    assert (code, out, err) == (0, "6 23 20 3 en 0\n", "")
    assert ratings.asked("ratings_at") == [("last", NOW, "u", "c")]
    assert ratings.asked("first_told") == [(("history", "last"), AT)]
    assert ratings.call("rate", "--all")[1] == "6 23 None 3 en 0\n"
    assert ratings.call("rate", "--why")[1] == "6 23 20 3 en 5\n"
    found = json.loads(ratings.call("rate", "--json")[1])
    assert found["as_of"] == "2025-08-23T03:00:00Z"
    assert [r["model"] for r in found["ratings"]][:2] == ["High-1", "Tie-A"]
    assert [r["model"] for r in found["changes"]] == ["Ace-1", "Cut-1", "Cut-0"]
    assert list(found["ratings"][0])[:4] == ["lab", "country", "released_on", "model"]
    first = found["ratings"][0]
    assert [first[key] for key in ("lab", "country", "released_on", "score")] == [
        "DeepSeek", "CN", "2025-08-22", 9.0,
    ]  # fmt: skip
    file = tmp_path / "a.html"
    ratings.answer("engine.report.league.render", lambda league, at, lang: f"{len(league)} {lang}")
    words = ("rate", "--html", str(file), "--lang", "fr")
    assert ratings.call(*words) == (0, "", f"wrote {file}\n")
    assert file.read_text() == "6 fr"
    assert ratings.asked("render")[0][1] == AT
    assert json.loads(ratings.call(*words, "--json")[1])["changes"]


def test_one_release_or_two_side_by_side(ratings: Rooms) -> None:
    assert ratings.call("rate", "High-1")[1] == "High-1 12.0\n"
    assert ratings.asked("market_multiple") == [(("history", None), AT, 322.0)]
    assert ratings.call("rate", "Low-1", "High-1")[1] == "Low-1 | High-1\n"
    assert json.loads(ratings.call("rate", "High-1", "--json")[1])["score"] == 9.0
    two = json.loads(ratings.call("rate", "High-1", "Low-1", "--json")[1])
    assert [r["score"] for r in two["compared"]] == [9.0, 1.0]
    code, _, err = ratings.call("rate", "High")
    assert (code, err) == (0, "")


@pytest.mark.parametrize(
    ("words", "said_"),
    [
        (("a", "--all"), "MODEL cannot be combined with --all or --html (drop one of them)"),
        (("a", "--html", "x"), "MODEL cannot be combined with --all or --html (drop one of them)"),
        (("a", "b", "c"), "3 releases given (name one, or two to compare)"),
        (("a", "b", "--calibration"), "--calibration takes one MODEL, or none (drop the rest)"),
        (("--all", "--calibration"), "--calibration takes one MODEL, or none (drop the rest)"),
        (("Cut-1",), "unknown release 'Cut-1'"),
    ],
)
def test_what_cannot_be_asked_of_ratings(
    ratings: Rooms, words: tuple[str, ...], said_: str
) -> None:
    code, out, err = ratings.call("rate", *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"nvsignal: {said_}")


def test_flagships_of_a_year_and_less_than_a_point_are_told() -> None:
    """Ten are told for their score; then a day of 365 counts and 366 not, 1.0 is not near zero."""
    ten = [(told(f"Top-{n}.0", lab="T"), rated(f"Top-{n}.0", 50.0 - n)) for n in range(10)]
    rest = [
        ("Year-1.0", "A", -365, 0.99), ("Older-1.0", "B", -366, 0.99), ("Edge-1.0", "C", 0, 1.0),
        ("Gain-1.0", "D", 0, -0.99), ("Zero-1.0", "E", -9, 0.5), ("Abel-2.0", "E", -8, 0.5),
    ]  # fmt: skip
    league = ten + [(told(m, days, lab=lab), rated(m, score)) for m, lab, days, score in rest]
    blind = (told("Blind-1.0", lab="F"), rated("Blind-1.0", 0.0, rateable=False))
    found = [release.model for release, _ in rate.explained([blind, *league], DAY)]
    assert found == [*(f"Top-{n}.0" for n in range(10)), "Year-1.0", "Gain-1.0", "Abel-2.0"]
    assert (rate.HIGHEST, rate.A_YEAR, rate.NEAR_ZERO, rate.SHOWN, rate.MOST_SHOWN) == (
        10, 365, 1.0, 20, 8,
    )  # fmt: skip


def test_a_beginning_of_several_is_taken_for_the_flagship_and_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ["Lab-V4-Flash", "Lab-V4-Pro", "Lab-V4-Air"]
    known = {n: told(n, total_params_b=90.0 if n.endswith("Pro") else 40.0) for n in names}
    assert rate.find_release("v4", names, known, EN) is known["Lab-V4-Pro"]
    assert capsys.readouterr().err == (
        "nvsignal: ‘v4’ is taken for Lab-V4-Pro; Lab-V4-Air, Lab-V4-Flash begin so too\n"
    )
    assert rate.find_release("v4-a", names, known, EN) is known["Lab-V4-Air"]
    assert capsys.readouterr().err == ""


def test_a_name_of_several_runs_or_of_none_is_refused() -> None:
    found = [told("Lab-2.0", 1), told("Lab-1.0", 2), told("Lab-A", 2)]
    with pytest.raises(InputError) as error:
        rate.meant("lab", found, ())
    assert str(error.value) == (
        '\'lab\' begins 3 names: "Lab-A" 2025-08-24, "Lab-1.0" 2025-08-24, "Lab-2.0" '
        "2025-08-23 (give one of them whole)"
    )
    with pytest.raises(UnknownNameError, match=r"^unknown release 'x' \(did you mean 'xy'\?\)$"):
        rate.meant("x", [], ["xy"])
    with pytest.raises(UnknownNameError, match="unknown chip 'z'"):
        rate.find_name("z", ["ab"], "chip")
    with pytest.raises(InputError, match=r'^.a. begins 2 names: "ab", "ac" '):
        rate.find_name("a", ["ac", "ab"], "chip")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("AB", ["ab"]),  # the whole name before what it begins
        ("ab-", ["ab-c"]), (" ab-c ", ["ab-c"]),
        ("c", ["ab-c", "x c-d"]),  # what follows a hyphen or a space, whole or to a word's end
        ("d", ["x c-d"]), ("x", ["x c-d"]), ("", []), ("b", []),
    ],
)  # fmt: skip
def test_the_narrowest_reading_of_a_name(name: str, found: list[str]) -> None:
    known = ["ab", "ab-c", "x c-d"]
    if name == "c":  # "c" is the whole end of the first, and only the beginning of the second
        found = ["ab-c"]
    assert rate.candidates(name, known) == found


# --- calibration ----------------------------------------------------------------------------------


def quantity(what: str, n: int, low: float, high: float, places: Any = (0.1,)) -> ScoredQuantity:
    return ScoredQuantity(
        what=what, n=n, crps=1.5, crps_of_past=2.0, skill=0.25, low=low, high=high, covered=0.9,
        covered_by_past=0.8, places=np.array(places, dtype=float),
    )  # fmt: skip


def test_what_calibration_is_asked_and_prints(
    rooms: Rooms, monkeypatch: Patch, tmp_path: Path
) -> None:
    one = Thing(rating=rated("High-1", 9.0))
    seen = Thing(
        as_of=AT,
        ratings=[one, Thing(rating=rated("Cut-1", 1.0, kind="price cut"))],
        releases=RELEASES,
    )
    scored = [quantity("a", 12, 0.1, 0.2)]
    for name, answer in (
        ("seen_at", seen), ("calibration", scored), ("unscored", [("b", 2)]),
        ("forecasts", "forecasts"), ("forecasts_plain", {"model": "High-1"}), ("page", "page"),
    ):  # fmt: skip
        rooms.answer(f"engine.cli.calibration.{name}", answer)
    rooms.answer("engine.cli.said.calibration.forecasts_text", lambda *given: f"{given[0]} said")
    rooms.answer("engine.cli.said.calibration.calibration_text", lambda *given: f"{given[2]}")
    words = ("rate", "--calibration", "--as-of", "last", "--db", "u", "--config", "c")
    assert rooms.call(*words)[1] == "[('b', 2)]\n"
    assert rooms.asked("seen_at") == [("last", NOW, "u", "c")]
    assert rooms.asked("unscored") == [(seen, scored)]
    assert rooms.asked("calibration_text")[0][:3] == (scored, AT, [("b", 2)])
    found = json.loads(rooms.call(*words, "--json")[1])
    assert (found["as_of"], found["too_few"]) == (
        "2025-08-23T03:00:00Z",
        [{"what": "b", "came": 2}],
    )
    assert [q["what"] for q in found["observables"]] == ["a"]
    file = tmp_path / "c.html"
    assert rooms.call(*words, "--html", str(file)) == (0, "", f"wrote {file}\n")
    assert file.read_text() == "page"
    assert rooms.asked("page") == [(scored, AT, "en")]
    assert json.loads(rooms.call(*words, "--html", str(file), "--json")[1])["too_few"]
    assert rooms.call("rate", "high", "--calibration")[1] == "forecasts said\n"
    assert rooms.asked("forecasts") == [(seen, one)]
    assert json.loads(rooms.call("rate", "high", "--calibration", "--json")[1]) == {
        "model": "High-1"}  # fmt: skip
    assert rooms.call("rate", "Cut-1", "--calibration")[0] == 2


def test_everything_seen_is_of_one_instant(rooms: Rooms) -> None:
    rooms.answer("engine.service.wiring.assessment_at", Thing(features="f", ratings=["r"]))
    rooms.answer("engine.cli.calibration.steps_at", ("steps",))
    rooms.answer("engine.decision.ratings.first_told", RELEASES)
    seen = calibration.seen_at("last", NOW, "u", "c")
    assert (seen.as_of, seen.features, seen.ratings, seen.steps, seen.releases) == (
        "last", "f", ["r"], ("steps",), RELEASES,
    )  # fmt: skip
    assert rooms.calls == [
        ("load", "c", None), ("open", "u"), ("instant_at", rooms.store, "last", NOW),
        ("assessment_at", rooms.store, rooms.loaded, "last"), ("close",),
        ("steps_at", ("history", "last"), "last"), ("first_told", ("history", "last"), "last"),
    ]  # fmt: skip


def test_quantities_are_scored_over_one_and_five_sessions_and_by_steps(rooms: Rooms) -> None:
    steps: Any = (("guide", ["s"], "effect"), ("china", ["s", "t"], "other"))
    seen: Any = Thing(features="f", ratings=["r"], steps=steps)
    came: dict[str, Any] = {"returns": ["x"], "guide": [], "china": ["y"]}
    rooms.answer("backtests.observables.of_returns", lambda *given, **more: came["returns"])
    rooms.answer("backtests.observables.of_steps", lambda what, *rest: came[what])
    rooms.answer("backtests.observables.next_step", lambda what, *rest: came[what] or None)
    rooms.answer("backtests.observables.score", lambda told: Thing(what="".join(told)))
    scored = calibration.calibration(seen)
    assert [s.what for s in scored] == ["x", "x", "y"]
    assert rooms.asked("of_returns") == [("f", ["r"], 1), ("f", ["r"], 5)]
    assert rooms.asked("of_steps") == [
        ("guide", ["s"], ["r"], "effect"), ("china", ["s", "t"], ["r"], "other"),
    ]  # fmt: skip
    assert calibration.unscored(seen, [quantity("china", 2, 0, 1)]) == [("guide", 1)]
    rooms.calls.clear()
    one: Any = Thing(rating="rating")
    assert calibration.forecasts(seen, one) == ["x", "x", ["y"]]
    assert rooms.asked("of_returns") == [
        ("f", [one], 1, {"running": True}), ("f", [one], 5, {"running": True}),
    ]  # fmt: skip
    assert rooms.asked("next_step")[1] == ("china", ["s", "t"], "rating", "other")
    came.update(returns=[], china=[])
    with pytest.raises(DataError, match="no forecast of a rating has run its course"):
        calibration.calibration(seen)


def forecast(came: float) -> ResolvedForecast:
    """The past is 0 to 100 in steps of one; the rating moves it by ten and adds no doubt."""
    return ResolvedForecast(
        what="w", about="a", on=DAY, past=np.arange(101.0), shift=10.0, sd=0.0, came=came
    )


def test_a_forecast_for_programs_and_in_words() -> None:
    one: Any = Thing(rating=rated("High-1", 9.0))
    row = {"what": "w", "on": DAY, "past_low": 5.0, "past_middle": 50.0, "past_high": 95.0}
    moved = {"low": 15.0, "middle": 60.0, "high": 105.0}
    found = calibration.forecasts_plain([forecast(7.0), forecast(float("nan"))], one)
    assert found["model"] == "High-1"
    assert found["rated_at"] == AT
    for plain, came in zip(found["forecasts"], (7.0, None), strict=True):
        assert plain == {**row, **moved, "came": came}
    text = calibration_said.forecasts_text([forecast(7.0), forecast(float("nan"))], one, EN)
    low, middle, high = (found["forecasts"][0][key] for key in ("low", "middle", "high"))
    assert calibration_said._forecast(forecast(7.0), EN) == [
        "w", f"{low:+.1f}  {middle:+.1f}  {high:+.1f}", "+5.0 to +95.0", "+7.0",
    ]  # fmt: skip
    assert calibration_said._forecast(forecast(float("nan")), EN)[-1] == "not yet"
    assert "High-1, rated Aug 22, 2025: what will be seen" in text
    none = calibration_said.forecasts_text([], one, EN)
    assert "Nothing: the release cannot be rated, or too little came before it." in none


@pytest.mark.parametrize(
    ("quantities", "verdict"),
    [
        ([("a", 12, 0.01, 1.0), ("b", 12, 0.01, 1.0)], "Ratings knew more than the past of: a, b."),
        ([("a", 11, 0.01, 1.0)], "No rating was shown"),
        ([("a", 12, 0.0, 1.0)], "No rating was shown"),
        ([("a", 12, -1.0, -0.01)], "Ratings knew less than the past of: a."),
        ([("a", 12, -1.0, 0.0)], "No rating was shown"),
        ([("a", 11, -1.0, -0.01)], "No rating was shown"),
    ],
)
def test_a_verdict_needs_twelve_forecasts_and_an_interval_beside_zero(
    quantities: list[tuple[Any, ...]], verdict: str
) -> None:
    scored = [quantity(*q) for q in quantities]
    assert calibration_said._verdict(scored, EN).startswith(verdict)
    text = " ".join(calibration_said.calibration_text(scored, AT, (), EN).split())
    few = [q[0] for q in quantities if q[1] < 12]
    assert (
        f"Under 12 forecasts, which show nothing either way: {', '.join(few)}." in text
    ) == bool(few)


def test_scores_and_places_as_tables() -> None:
    """Of ten outcomes three fell in the lowest fifth, one on a border that opens the next one."""
    places = (0.0, 0.1, 0.19, 0.2, 0.5, 0.5, 0.5, 0.9, 0.95, 1.0)
    one = quantity("w", 10, -0.5, 0.75, places)
    assert cells(calibration_said._scores([one], EN)) == [
        ["w", "10", "1.50", "2.00", "+25.0%", "-50.0% to +75.0%", "90%"]
    ]
    table = calibration_said._places([one], EN)
    assert [c.head for c in table.columns][1:] == ["0–20", "20–40", "40–60", "60–80", "80–100"]  # type: ignore[attr-defined]
    assert cells(table) == [["w", "30%", "10%", "30%", "0%", "30%"]]
    assert calibration_said._waiting("w", 1, EN) == "w: too few to score, it has come 1 time."
    assert calibration_said._waiting("w", 2, EN) == "w: too few to score, it has come 2 times."


def cells(table: Any) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


# --- what ratings say -----------------------------------------------------------------------------


def channels(**parts: float) -> dict[str, float]:
    return {"substitution": 0.0, "efficiency": 0.0, "price_pressure": 0.0, "openness": 0.0,
            "residual": 0.0} | parts  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ({"substitution": 0.5}, "substitution"), ({"substitution": 0.49}, "–"),
        ({"efficiency": -3.0, "openness": 2.0}, "efficiency"),
        ({"residual": 9.0, "price_pressure": 1.0}, "price"), ({"residual": 9.0}, "–"),
    ],
)  # fmt: skip
def test_the_channel_that_counts_most(parts: dict[str, float], word: str) -> None:
    assert said.main_channel(Thing(channels=channels(**parts)), EN) == word  # type: ignore[arg-type]


def rows_of(text: str, *starts: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(starts)]


def test_slight_releases_and_changes_take_no_line_unless_asked() -> None:
    scores = {"A-1": 3.0, "B-1": 0.5, "C-1": 0.49, "D-1": -0.5}
    league = [(told(m), rated(m, s)) for m, s in scores.items()]
    changes = [rated(f"E{n}", s, kind="price cut") for n, s in enumerate((0.5, 0.49, -2.0))]
    names = ("A-1", "B-1", "C-1", "D-1")
    some = said.league_text(league, AT, 20, changes, EN)
    assert [row.split()[0] for row in rows_of(some, *names)] == ["A-1", "B-1", "D-1"]
    assert "1 more with lower scores; --all shows them." in some
    assert [row.split()[-3] for row in rows_of(some, "2025-08-23")] == ["E0", "E2"]
    first = said.league_text(league, AT, 1, [], EN)
    assert len(rows_of(first, *names)) == 1
    assert "3 more with lower scores" in first
    whole = said.league_text(league, AT, None, changes, EN)
    assert len(rows_of(whole, *names)) == 4
    assert "more with lower scores" not in whole
    assert len(rows_of(whole, "2025-08-23")) == 3
    why = said.league_text(league, AT, 20, [], EN, league[:1])
    assert "A-1, Aug 22, 2025, 3.0:" in why
    assert "No release is known by then." in said.league_text([], AT, 20, [], EN)
    assert "No release is known" not in some


def test_a_row_of_ratings_and_its_details_by_hand() -> None:
    one = replace(
        rating(), loss_share=0.021, net_low_share=-0.083, net_high_share=0.047,
        closest_earlier=None, confidence=None,
    )  # fmt: skip
    assert cells(said._league([(v31(), one)], EN)) == [
        ["DeepSeek-V3.1", "2025-08-21", "18.0", "6…41", "2.10%", "5.8", "substitution"]
    ]
    assert cells(said._changes([replace(one, kind="price cut")], EN)) == [
        ["2025-08-23", "price cut", "DeepSeek-V3.1", "+18.0", "+2.10%"]
    ]
    lines = [(line.label, line.value) for line in said._figures(one, 20.0, EN)]
    # the interval of the loss is that of the gain turned round: 8.3 % lost to 4.7 % gained
    assert lines == [
        ("score", "18.0 (6 to 41)"), ("year at risk", "2.10% (-4.70% to 8.30%) of $155bn"),
        ("value at risk", "$5.8bn ($1.2bn to $14.0bn) of $322bn"),
        ("loss above 5%", "13% likely within a year"), ("novelty", "0.22"),
        ("confidence", "0.00"),
        ("the market pays", "20 times that profit: $116bn of it"),  # 20 x 5.8
        ("closest earlier", "none known"),
    ]  # fmt: skip
    assert [line.label for line in said._figures(rating(), None, EN)][-2:] == [
        "confidence", "closest earlier",
    ]  # fmt: skip
    assert cells(said._parts(one, EN))[0] == ["substitution", "9.8", "-1.60"]
    assert cells(said._parts(one, EN))[-1] == ["together", "18.0", "-1.90"]  # -1.6 + 1 - .4 - .9


def test_two_releases_field_by_field() -> None:
    known = said._column(v31(), rating(), EN)
    bare = said._column(replace(v31(), open_weights=False, gpqa_diamond_pct=None), rating(), EN)
    assert known == {
        "score": "18.0 (6 to 41)", "year at risk": "2.10% (-4.70% to 8.30%)",
        "value at risk": "$5.8bn ($1.2bn to $14.0bn)", "revenue": "$155bn", "novelty": "0.22",
        "confidence": "0.55", "substitution": "+9.8", "efficiency": "-2.5", "price": "+4.2",
        "openness": "+6.5", "unknown": "0.0", "laboratory": "DeepSeek",
        "released": "Aug 21, 2025", "parameters, billions": "671", "active, billions": "37",
        "context, thousands": "128", "price in, USD": "0.27", "price out, USD": "1.1",
        "open weights": "yes", "licence": "MIT", "precision": "FP8 E4M3",
        "GPQA Diamond": "80.1", "MMLU-Pro": "84.8", "SWE-bench Verified": "66", "AIME": "88.4",
        "LMArena": "not disclosed", "trained on": known["trained on"],
        "served at home": known["served at home"],
    }  # fmt: skip
    assert (bare["open weights"], bare["GPQA Diamond"]) == ("no", "not disclosed")
    assert said.parameter("elasticity", EN) == "how demand answers price"
    assert said.parameter("x" * 50, EN) == "x" * 39 + "…"


# --- rates ----------------------------------------------------------------------------------------

HELD, NEXT, LATER = date(2025, 7, 30), date(2025, 9, 17), date(2025, 10, 29)
RANGE = (425, 450)


def expected(
    on: date | None = NEXT, rung: str = "zq", note: str = "", **more: Any
) -> RateExpectation:
    outcomes = (
        RateOutcome(range_bps=(400, 425), change_bps=-25, probability=0.847),
        RateOutcome(range_bps=RANGE, change_bps=0, probability=0.153),
    )
    given: dict[str, Any] = {"outcomes": outcomes, "expected_change_bps": -21.2} | more
    return RateExpectation(meeting_on=on, rung=rung, note=note, **given)


class Fed:
    """What is known of rates, and a ladder that answers with what a test says."""

    def __init__(self, rooms: Rooms) -> None:
        from engine.macro.ladder import RateInputs

        self.rooms, self.found = rooms, (expected(),)
        self.inputs = RateInputs(
            as_of_on=HELD, meetings=(HELD,), range_bps=(1, 2), effr_pct=4.33,
            zq={date(2025, 9, 1): 95.7}, averages_pct={date(2025, 7, 1): 4.3}, missing_on=HELD,
        )  # fmt: skip
        known = Thing(
            meetings={LATER: 1, HELD: 1, NEXT: 1}, inputs=lambda at: self.inputs,
            range_bps=lambda held_by: RANGE if held_by == DAY else None,
            curve=lambda today: (date(2025, 8, 21), {}),
        )  # fmt: skip
        rooms.answer("engine.decision.rates.rates_at", known)
        rooms.answer("engine.macro.ladder.expect", lambda inputs: self.found)
        rooms.answer("engine.macro.fedwatch.expectations", lambda *given, **more: self.found)
        rooms.answer("engine.macro.fedwatch.held_by", DAY)

    def read(self, **more: Any) -> Any:
        self.rooms.calls.clear()
        return rates.read("history", as_of=AT, **more)  # type: ignore[arg-type]


@pytest.fixture
def fed(rooms: Rooms) -> Fed:
    return Fed(rooms)


def test_what_is_not_typed_is_as_the_record_knows_it(fed: Fed) -> None:
    """The day is that of New York; what is known of a missing outcome stays."""
    answer = fed.read()
    assert fed.rooms.asked("rates_at") == [("history", AT)]
    assert fed.rooms.asked("expect") == [(replace(
        fed.inputs, as_of_on=DAY, meetings=(HELD, NEXT, LATER), range_bps=RANGE,
    ),)]  # fmt: skip
    assert answer == rates_said.RatesAnswer(
        as_of=AT, range_bps=RANGE, effr_pct=4.33, prices={date(2025, 9, 1): 95.7},
        source=answer.source, found=(expected(),),
    )  # fmt: skip
    assert EN.tell(answer.source) == "record, closes of 2025-08-21"
    fed.found = (expected(rung="two_year"),)
    answer = fed.read()
    assert (answer.prices, EN.tell(answer.source)) == ({}, "none")


def test_what_is_typed_takes_its_place(fed: Fed) -> None:
    answer = fed.read(target="400-425", prices=("ZQU25=95.76",), effr_pct=4.1,
                      published="400-425:84.7;425-450:15.3")  # fmt: skip
    prices = {date(2025, 9, 1): 95.76}
    assert fed.rooms.asked("expectations") == [(prices, (HELD, NEXT, LATER), DAY, {
        "range_bps": (400, 425), "effr_pct": 4.1, "averages_pct": {date(2025, 8, 1): 4.1},
    })]  # fmt: skip
    assert (answer.range_bps, answer.effr_pct, answer.prices, answer.source) == (
        (400, 425), 4.1, prices, "given",
    )  # fmt: skip
    assert answer.published == pytest.approx({(400, 425): 0.847, RANGE: 0.153})
    fed.read(prices=("ZQU25=95.76",))
    assert fed.rooms.asked("expectations")[0][3] == {
        "range_bps": RANGE, "effr_pct": 4.33, "averages_pct": None}  # fmt: skip
    fed.read(target="400-425")
    (inputs,) = fed.rooms.asked("expect")[0]
    assert (inputs.range_bps, inputs.missing_on) == ((400, 425), None)
    fed.read(calendar_add=("2025-08-23",))
    assert fed.rooms.asked("expect")[0][0].meetings == (HELD, date(2025, 8, 23), NEXT, LATER)


def test_a_typed_rate_is_a_months_average_where_no_meeting_falls_in_it() -> None:
    calendar = (date(2025, 7, 30), date(2025, 9, 17))
    assert rates._averages(DAY, calendar, 4.1) == {date(2025, 8, 1): 4.1}
    assert rates._averages(DAY, calendar, None) == {}
    assert rates._averages(date(2025, 7, 1), calendar, 4.1) == {}


def test_one_meeting_is_chosen_or_what_is_known_besides(fed: Fed) -> None:
    fed.found = (expected(NEXT), expected(LATER))
    assert fed.read(meeting="2025-10-29").found == (expected(LATER),)
    fed.found = (expected(None, "two_year", "a note", outcomes=()),)
    fed.inputs = replace(fed.inputs, zq={})
    (told_,) = fed.read(meeting="2025-10-29").found
    assert EN.tell(told_.note) == (
        "a note; no futures price, so nothing is said of 2025-10-29 itself"
    )
    assert told_.rung == "two_year"
    fed.inputs = replace(fed.inputs, zq={date(2025, 9, 1): 95.7})
    with pytest.raises(UndeterminedCurveError, match=r"^meeting 2025-10-29: .*ZQV25, ZQX25\)$"):
        fed.read(meeting="2025-10-29")


@pytest.mark.parametrize(
    ("more", "kind", "said_"),
    [
        ({"meeting": "2025-07-30"}, InputError,
         "meeting 2025-07-30 was already held (give an earlier --as-of)"),
        ({"published": "400-425:84.7;425-450:15.3"}, NotObservedError,
         "nothing to compare --published with (give --price)"),
        ({"effr_pct": 26.0}, OutOfRangeError, "--effr = 26.0 is not allowed"),
    ],
)  # fmt: skip
def test_what_cannot_be_read(fed: Fed, more: dict[str, Any], kind: Any, said_: str) -> None:
    fed.found = (expected(outcomes=()),)
    with pytest.raises(kind) as error:
        fed.read(**more)
    assert str(error.value).startswith(said_)


@pytest.mark.parametrize(("held_by", "fine"), [(HELD, True), (HELD - timedelta(days=1), False)])
def test_rates_are_read_from_the_first_meeting_on(fed: Fed, held_by: date, fine: bool) -> None:
    fed.rooms.answer("engine.macro.fedwatch.held_by", held_by)
    if fine:
        assert fed.read().found
        with pytest.raises(NotObservedError, match="the target range of 2025-07-30 is not known"):
            fed.read(prices=("ZQU25=95.76",))
        return
    with pytest.raises(OutOfRangeError, match=r"--as-of = '2025-07-29'.*after 2025-07-30"):
        fed.read()
    fed.rooms.answer("engine.decision.rates.rates_at", Thing(meetings={}))
    with pytest.raises(OutOfRangeError, match="after the first known meeting"):
        fed.read()


def test_the_nearest_meeting_is_offered() -> None:
    days = (HELD, NEXT)
    with pytest.raises(InputError) as error:
        rates._wanted("2025-08-24", days)  # 25 days after the one, 24 before the other
    assert str(error.value) == (
        "2025-08-24 is not a meeting in the calendar (2025-07-30 to 2025-09-17) (the nearest is "
        "2025-09-17; or add it with --calendar-add 2025-08-24)"
    )


def test_the_command_says_or_writes_what_it_read(rooms: Rooms, fed: Fed) -> None:
    rooms.answer("engine.service.wiring.history_at", lambda as_of, *rest: (AT, "history"))
    words = ("rates", "--as-of", "last", "--db", "u", "--config", "c", "--range", "425-450",
             "--published", "400-425:80;450-475:20")  # fmt: skip
    code, out, _ = rooms.call(*words, "--json")
    assert code == 0
    assert rooms.asked("history_at") == [("last", NOW, "u", "c")]
    found = json.loads(out)
    differences = [row.pop("difference") for row in found["published"]]
    assert differences == pytest.approx([0.047, 0.153, -0.2])
    assert found == {
        "as_of": "2025-08-23T03:00:00Z", "as_of_on": "2025-08-22", "range_bps": [425, 450],
        "effr_pct": 4.33, "rung": "zq", "prices": {"ZQU25": 95.7},
        "prices_source": "record, closes of 2025-08-21",
        "meetings": [{
            "meeting_on": "2025-09-17",
            "outcomes": [
                {"range_bps": [400, 425], "change_bps": -25, "probability": 0.847},
                {"range_bps": [425, 450], "change_bps": 0, "probability": 0.153},
            ],
            "rung": "zq", "expected_change_bps": -21.2, "note": "",
        }],
        "published": [
            {"range_bps": [400, 425], "published": 0.8, "ours": 0.847},
            {"range_bps": [425, 450], "published": 0.0, "ours": 0.153},
            {"range_bps": [450, 475], "published": 0.2, "ours": 0.0},
        ],
    }  # fmt: skip
    assert "published" not in json.loads(rooms.call(*words[:-2], "--json")[1])
    text = rooms.call(*words)[1]
    assert "Against the published reading for Sep 17, 2025" in text


def test_a_reading_in_words() -> None:
    """Thirty cells of bar: 0.847 is 25.4, so 25; 0.153 is 4.59, so 5."""
    one = expected(note="as priced")
    assert cells(rates_said._outcomes(one, EN)) == [
        ["400–425 bp", "-25", "84.70%", "█" * 25], ["425–450 bp", "hold", "15.30%", "█" * 5],
    ]  # fmt: skip
    assert cells(rates_said._comparison([(RANGE, 0.2, 0.153)], EN)) == [
        ["425–450 bp", "20.00%", "15.30%", "-4.70"]
    ]
    table = rates_said._comparison([], EN)
    assert [c.number for c in table.columns] == [False, True, True, True]
    reading = rates_said.RatesAnswer(
        as_of=AT, range_bps=RANGE, effr_pct=4.33, source="given", found=(one,),
        prices={date(2025, 10, 1): 95.89, date(2025, 9, 1): 95.7},
    )  # fmt: skip
    assert [note.text for note in rates_said._head(reading, EN)] == [
        "Fed expectations as of Aug 22, 2025, 23:00 (New York)",
        "Target range 425–450 bp · effective rate 4.33%",
        "Futures (given): ZQU25 95.7, ZQV25 95.89",
    ]
    bare = replace(reading, range_bps=None, effr_pct=None, prices={})
    assert [note.text for note in rates_said._head(bare, EN)][1:] == [
        "Target range not known, as the decision of the last meeting is not on record · effective "
        "rate not observed",
        "Futures prices: none observed",
    ]
    title, blocks = rates_said._meeting(one, EN)
    assert (title, [b.text for b in blocks if hasattr(b, "text")]) == ("", [
        "", "Wednesday, September 17, 2025 · expected -21.2 bp · "
        f"{EN.label('zq')}", "Note: as priced.",
    ])  # fmt: skip
    assert len(rates_said._meeting(expected(), EN)[1]) == 3
    path = expected(None, "two_year", "why", outcomes=(), expected_change_bps=-54.0)
    assert rates_said._meeting(path, EN)[1][0].text == (  # type: ignore[attr-defined]
        f"Expected change -54\u00a0bp ({EN.label('two_year')}): why."
    )
    unknown = replace(path, expected_change_bps=None)
    assert rates_said._meeting(unknown, EN)[1][0].text == (  # type: ignore[attr-defined]
        "Unknown: why. Weight 0; give --price to know more."
    )


# --- study ----------------------------------------------------------------------------------------


def test_a_study_is_made_of_the_record_at_an_instant(
    rooms: Rooms, monkeypatch: Patch, tmp_path: Path
) -> None:
    made = (Thing(verdict="none"),)
    rooms.answer("engine.service.wiring.world_at", "world")
    rooms.answer("engine.cli.commands.study.studies", made)
    rooms.answer("engine.cli.commands.study.seen_beforehand", ("seen",))
    rooms.answer("engine.cli.commands.study.plain", {"verdict": "none"})
    rooms.answer("backtests.study_page.text_of", lambda found, lang, notes: f"{lang} {notes}\n\n")
    rooms.answer("backtests.study_page.render", lambda found, lang, notes: f"{lang} page")
    words = ("study", "--as-of", "last", "--db", "u", "--config", "c")
    assert rooms.call(*words)[:2] == (0, "en ('seen',)\n")
    assert rooms.asked("studies") == [
        ("world", rooms.loaded, ("model_release",), ((0, 0), (0, 1), (0, 5)), "QQQ", 120, "CN")
    ]
    assert rooms.asked("world_at") == [(rooms.store, rooms.loaded, "last")]
    assert (rooms.asked("load"), rooms.asked("open")) == ([("c", None)], [("u",)])
    found = json.loads(rooms.call(*words, "--json")[1])
    assert found == {"as_of": "last", "studies": [{"verdict": "none"}], "foresight": ["seen"]}
    more = ("--types", "a,b", "--window", "1,2", "--benchmark", "smh", "--estimation", "60",
            "--country", "us")  # fmt: skip
    file = tmp_path / "s.html"
    assert rooms.call(*words, *more, "--html", str(file)) == (0, "", f"wrote {file}\n")
    assert rooms.asked("studies")[0][2:] == (("a", "b"), ((1, 2),), "SMH", 60, "US")
    assert file.read_text() == "en page"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert rooms.call(*words, "--html", str(file))[1] == "en ('seen',)\n"


def test_each_type_is_studied_over_the_same_sessions(rooms: Rooms, monkeypatch: Patch) -> None:
    series = Thing(sessions_on=[date(2025, 1, 2), date(2025, 6, 30), date(2025, 7, 1)])
    rooms.answer("backtests.event_study.returns_at", series)
    rooms.answer("backtests.event_study.check_design", None)
    rooms.answer("backtests.event_study.study", lambda *given, **more: more["kind"])
    rooms.answer("engine.macro.sessions.load_sessions", "sessions")
    rooms.answer("engine.cli.commands.study.occasions", (("event",), 7))
    monkeypatch.setattr("backtests.event_study.GAP", 11)
    world: Any = Thing(history="history", as_of=AT)
    windows = ((0, 1),)
    assert study.studies(world, "c", ("model_release", "rates"), windows, "QQQ", 60, "US") == (  # type: ignore[arg-type]
        "model_release", "rates",
    )  # fmt: skip
    assert rooms.asked("returns_at") == [("history", AT, {"benchmark": "QQQ"})]
    assert rooms.asked("check_design") == [(series, windows, 60, 11)]
    assert rooms.asked("load_sessions") == [(date(2025, 1, 2), date(2025, 7, 15))]
    assert rooms.asked("occasions")[1] == (world, "c", "sessions", "rates", "US")
    given = rooms.asked("study")[1]
    assert given[:2] == (series, ("event",))
    assert given[2] | {"what": str(EN.tell(given[2]["what"]))} == {
        "kind": "rates", "what": "Events of type rates", "windows": windows, "estimation": 60,
        "n_events": 7,
    }  # fmt: skip


def test_what_is_studied_in_words() -> None:
    for kind, country, words in (
        ("model_release", "CN", "Chinese releases"), ("model_release", "ALL", "Model releases"),
        ("model_release", "US", "Model releases of US"), ("rates", "CN", "Events of type rates"),
    ):  # fmt: skip
        assert EN.tell(study._in_words(kind, country)) == words


def test_releases_of_a_country_count_from_midnight_and_events_from_their_hour(
    rooms: Rooms, monkeypatch: Patch
) -> None:
    from engine.clock import NEW_YORK

    world: Any = Thing(history=Thing(known=lambda kind, at: [kind, at]), as_of=AT)
    every = [told("A", country="CN"), told("B", 1, country="US"), told("C", 2, country="CN")]
    events = [
        Thing(event_type="rates", occurred_at=AT, known_at=NOW, headline="cut"),
        Thing(event_type="other", occurred_at=NOW, known_at=NOW, headline="no"),
    ]
    rooms.answer("engine.threat.catalogue.first_versions", lambda facts: list(facts) and every)
    rooms.answer("engine.values.release_of", lambda fact: fact)
    rooms.answer("engine.decision.events.known_events", events)
    rooms.answer("engine.service.wiring.rate_releases", [Thing(rating=rated("A", 3.0))])
    midnight = datetime(2025, 8, 22, tzinfo=NEW_YORK)
    assert study._releases(world, "c", "CN") == [  # type: ignore[arg-type]
        (midnight, "A", 3.0), (midnight + timedelta(days=2), "C", None),
    ]  # fmt: skip
    assert rooms.asked("rate_releases") == [(world, "c", events)]
    assert rooms.asked("known_events") == [(world.history, AT)]
    assert [name for _, name, _ in study._releases(world, "c", "ALL")] == ["A", "B", "C"]  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match=r"unknown country 'C' .did you mean 'CN'"):
        study._releases(world, "c", "C")  # type: ignore[arg-type]
    assert study._events(world, "rates") == [(AT, "cut", None)]
    with pytest.raises(InputError, match=r"no event of type 'rate' .did you mean 'rates'"):
        study._events(world, "rate")
    with pytest.raises(InputError, match=r"'zzz' .known: 'model_release', 'other', 'rates'"):
        study._events(world, "zzz")
    monkeypatch.setattr(study, "_reacts_on", lambda sessions, at: (sessions, at))
    rooms.answer("backtests.event_study.occurrences", lambda dated: tuple(dated))
    assert study.occasions(world, "c", "sessions", "rates", "CN") == (  # type: ignore[arg-type]
        ((("sessions", AT), "cut", None),), 1,
    )  # fmt: skip
    assert study.occasions(world, "c", "sessions", "model_release", "CN")[1] == 2  # type: ignore[arg-type]


def test_what_was_seen_is_of_all_studies_together(rooms: Rooms) -> None:
    rooms.answer("engine.service.basis.foresight", "seen")
    results: Any = [Thing(first_on=DAY, last_on=NEXT), Thing(first_on=HELD, last_on=LATER)]
    assert study.seen_beforehand(results) == "seen"
    assert rooms.asked("foresight") == [(HELD, LATER)]
