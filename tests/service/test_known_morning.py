"""Known answers of a morning: its report, the track record beside it, and what it was read from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace as Thing
from typing import Any

import numpy as np
import pytest

from config.frozen import FROZEN_ON
from engine.clock import to_micros
from engine.errors import DataError
from engine.record import ledger
from engine.record.history import History
from engine.record.store import Recorded, Store, StoredPollState
from engine.service import anchors, histories, ingest, morning, tracking, wiring
from engine.service.ingest import Bookmark, Ingested, ingest_news
from engine.shown import Outcomes, WorstDay
from engine.values import FallSkill
from tests.builders import at, make_event, make_fact, make_item
from tests.engine.report.sample_report import decision, sample_report

NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)  # a Tuesday, 08:30 in New York
TODAY = date(2026, 11, 24)
DAY, MICRO = timedelta(days=1), timedelta(microseconds=1)
DAYS = [date(2026, 11, d) for d in (16, 17, 18, 19, 20, 23)]
NAN = math.nan
Patch = pytest.MonkeyPatch
NOTHING: Any = None


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'record.db'}") as opened:
        yield opened


# --- the morning ----------------------------------------------------------------------------------


@pytest.mark.parametrize("record", [True, False])
def test_a_morning_notes_its_decision_only_when_it_is_told_to(
    monkeypatch: Patch, record: bool
) -> None:
    """With its entry in the receipt, and with what could not be delivered."""
    told: dict[str, Any] = {}
    assessment = Thing(decision="decision")
    base = sample_report()

    def report_of(found: Any, **given: Any) -> Any:
        told.update(given, found=found)
        return base

    def note(store: Any, found: Any, decided: Any) -> str:
        told["noted"] = (store.address, found, decided)
        return "head"

    def assessment_at(store: Any, config: Any, at: Any, *, present: Any) -> Any:
        assert (store.address, config, at, present) == ("there", "config", NOW, NOW + DAY)
        return assessment

    monkeypatch.setattr(wiring, "assessment_at", assessment_at)
    monkeypatch.setattr(morning, "note_decision", note)
    monkeypatch.setattr(morning, "past_decisions", lambda store, config, at: ("past", config, at))
    monkeypatch.setattr(morning, "registered_rules", lambda store, found, past: ("rules", past))
    monkeypatch.setattr("engine.report.courier.delivery_problems", lambda store, at: ["lost", at])
    monkeypatch.setattr(morning, "report_of", report_of)
    store: Any = Thing(address="there")
    config: Any = "config"
    given: dict[str, Any] = {
        "polled": ("p",), "notices": ("n",), "holding": "h", "present": NOW + DAY,
    }  # fmt: skip
    found = morning.prepare(store, config, NOW, record=record, **given)
    past = ("past", "config", NOW)
    assert found.record_at == "there"
    kept: Any = found.assessment
    assert kept is assessment
    assert told.pop("noted", None) == (("there", assessment, "decision") if record else None)
    notices = ("n", "lost", NOW) if record else ("n",)
    assert told == {
        "found": assessment, "decision": "decision", "past": past, "registered": ("rules", past),
        "polled": ("p",), "notices": notices, "holding": "h", "present": NOW + DAY,
    }  # fmt: skip
    sealed = {"ledger_head": "head"} if record else {}
    assert found.report == replace(base, receipt={**base.receipt, **sealed})


def test_a_decision_stands_in_the_ledger_under_its_strategy_and_instant(store: Store) -> None:
    assessment: Any = Thing(config=Thing(strategy=Thing(name="balanced")), world=Thing(as_of=NOW))
    made = decision()
    head = morning.note_decision(store, assessment, made)
    (entry,) = ledger.entries(store)
    assert (entry.entry_hash, entry.acts_on, entry.strategy, entry.made_at) == (
        head, made.acts_on, "balanced", NOW,
    )  # fmt: skip
    assert entry.payload["decision"] == made.verdict


def test_past_decisions_stand_and_were_made_by_the_instant(store: Store) -> None:
    def note(n: int, day: date, made_at: datetime, strategy: str = "balanced") -> None:
        ledger.append(store, {"n": n}, acts_on=day, strategy=strategy, made_at=made_at)

    note(1, TODAY - DAY, NOW - DAY)
    note(2, TODAY, NOW)
    note(3, TODAY, NOW)  # a revision
    note(4, TODAY + DAY, NOW + MICRO)
    note(5, TODAY, NOW, "cautious")
    config: Any = Thing(strategy=Thing(name="balanced"))
    assert morning.past_decisions(store, config, NOW) == ({"n": 1}, {"n": 2})


def test_a_report_is_built_of_everything_the_morning_knows(monkeypatch: Patch) -> None:
    """By the reader's day in New York: 03:00 UTC is the evening before."""
    parts = morning.SettledParts(
        cards=("card",), weighed=("w",), fall_skill="skill", standing=Thing(rates="rates"),  # type: ignore[arg-type]
        outcomes=Outcomes(chances=("replayed",), worst=("worst",)),  # type: ignore[arg-type]
        stress="stress", meeting="meeting",  # type: ignore[arg-type]
    )  # fmt: skip
    monkeypatch.setattr("engine.report.inputs.Inputs", lambda **given: given)
    monkeypatch.setattr("engine.report.build.build", lambda inputs: inputs)
    monkeypatch.setattr(morning, "beside_of", lambda a: parts)
    monkeypatch.setattr(morning, "_ceiling", lambda a: 5.5)
    monkeypatch.setattr(morning, "asks_again", lambda a: ("asked",))
    monkeypatch.setattr(morning, "changes_of_ratings", lambda a: "changes")
    monkeypatch.setattr(tracking, "scores_live", lambda a, past: ("live", *past))
    assessment: Any = Thing(
        world=Thing(as_of=NOW, history="h"), features="f", decision="own",
        evaluation=Thing(target_weight="w"),
    )  # fmt: skip
    found: Any = morning.report_of(assessment)
    plain = {
        "as_of": NOW, "history": "h", "features": "f", "decision": "own", "target_weight": "w",
        "cards": ("card",), "polled": (), "past": (), "stress": "stress",
        "ceiling_usd_tn": 5.5, "notices": ("asked",), "holding": None, "present_on": None,
        "weighed": ("w",), "changes": "changes", "fall_skill": "skill", "registered": (),
        "outcomes": Outcomes(chances=("live", "replayed"), worst=("worst",)),  # type: ignore[arg-type]
        "meeting": "meeting", "standing": parts.standing,
    }  # fmt: skip
    assert found == plain
    given: dict[str, Any] = {
        "decision": "given", "past": ["p"], "registered": ["r"], "polled": ["s"],
        "notices": ["n"], "holding": "h", "present": datetime(2026, 11, 25, 3, tzinfo=UTC),
    }  # fmt: skip
    full: Any = morning.report_of(assessment, **given)
    assert full == plain | {
        "decision": "given", "past": ("p",), "registered": ("r",), "polled": ("s",),
        "notices": ("n", "asked"), "holding": "h", "present_on": TODAY,
        "outcomes": Outcomes(chances=("live", "p", "replayed"), worst=("worst",)),  # type: ignore[arg-type]
    }  # fmt: skip


def test_registered_rules_are_the_statements_judged_in_short(monkeypatch: Patch) -> None:
    monkeypatch.setattr(
        "engine.service.judging.all_judged", lambda store, a, past: [(store, a), past]
    )
    monkeypatch.setattr("engine.service.judging.in_short", lambda found: ("short", found))
    found: Any = morning.registered_rules("s", "a", "past")  # type: ignore[arg-type]
    assert found == (("short", ("s", "a")), ("short", "past"))


def test_the_skill_of_a_fall_is_told_with_its_interval_or_not_at_all(monkeypatch: Patch) -> None:
    asked: list[Any] = []
    score = Thing(skill=0.1, low=-0.2, high=0.3, n=99)

    def scored(told: Any, rows: Any) -> Any:
        asked.append(rows.tolist())
        if score.n == 0:
            raise DataError("nothing is over")
        return score

    monkeypatch.setattr("engine.decision.risk.FIRST_FIT", 5)
    monkeypatch.setattr("backtests.reliability.score_chance", scored)
    falls = {10.0: Thing(scored=np.array([NAN, 4.0, 5.0, 6.0])), 5.0: Thing(scored=np.zeros(9))}
    assessment: Any = Thing(prospects=Thing(falls=falls))
    assert morning.fall_skill(assessment) == FallSkill(
        fall_pct=10.0, skill=0.1, low=-0.2, high=0.3, scored=99
    )
    assert asked == [[False, False, True, True]]
    for name in ("low", "high"):
        kept = getattr(score, name)
        setattr(score, name, None)
        assert morning.fall_skill(assessment) is None
        setattr(score, name, kept)
    score.n = 0
    assert morning.fall_skill(assessment) is None


def test_news_that_weigh_are_of_every_type_with_a_weight(monkeypatch: Patch) -> None:
    monkeypatch.setattr(
        "engine.decision.events.moving_versions", lambda events, types: (events, sorted(types))
    )
    monkeypatch.setattr("engine.decision.news_impulses.weighed", lambda *given: given)
    weights = Thing(policy={"p": 1}, domestic={"d": 1}, demand={"m": 1})
    assessment: Any = Thing(
        config=Thing(events=weights), events="e", world=Thing(grid="g"),
        features=Thing(values="v"),
    )  # fmt: skip
    found: Any = morning.weighed_news(assessment)
    assert found == ("g", ("e", ["d", "m", "p"]), weights, "v")


def test_what_stands_beside_a_decision_is_kept_under_its_three_hashes(monkeypatch: Patch) -> None:
    asked: list[Any] = []

    def remembered(folder: Any, key: str, name: str, make: Callable[[], Any]) -> Any:
        asked.append((folder, key, name))
        return make()

    monkeypatch.setattr("engine.service.kept.remembered", remembered)
    for name in ("release_cards", "weighed_news", "fall_skill", "stress_today"):
        monkeypatch.setattr(morning, name, lambda a, n=name: n)
    monkeypatch.setattr(morning, "meeting_scores", lambda a, rates: ("meeting", rates))
    monkeypatch.setattr(
        "engine.report.build.standing_at", lambda h, at, events: Thing(rates=(h, at, events))
    )
    monkeypatch.setattr(tracking, "outcomes_replayed", lambda a: "outcomes")
    world = Thing(key=lambda digest, code: f"{digest} {code}", kept="folder", history="h",
                  as_of=NOW)  # fmt: skip
    assessment: Any = Thing(world=world, config=Thing(digest="d"), version="v", events="e")
    found: Any = morning.beside_of(assessment)
    assert found == morning.SettledParts(
        cards="release_cards", weighed="weighed_news", fall_skill="fall_skill",  # type: ignore[arg-type]
        standing=Thing(rates=("h", NOW, "e")), outcomes="outcomes",  # type: ignore[arg-type]
        stress="stress_today", meeting=("meeting", ("h", NOW, "e")),  # type: ignore[arg-type]
    )  # fmt: skip
    assert asked == [("folder", "d v", "beside")]


def test_changes_of_ratings_are_those_between_releases(monkeypatch: Patch) -> None:
    monkeypatch.setattr("engine.decision.rated.between_releases", list)
    monkeypatch.setattr("engine.report.sections.changes.recent", lambda found, at: (found, at))
    assessment: Any = Thing(ratings=[Thing(rating="a"), Thing(rating="b")], world=Thing(as_of=NOW))
    found: Any = morning.changes_of_ratings(assessment)
    assert found == (["a", "b"], NOW)


def test_scenarios_are_laid_over_the_last_session(monkeypatch: Patch) -> None:
    monkeypatch.setattr("engine.decision.scenarios.complete", lambda told: ("complete", told))
    monkeypatch.setattr("engine.decision.scenarios.stress_at", lambda *given: given)
    config = Thing(blend="b", strategy=Thing(name="p"), scenarios="s")
    assessment: Any = Thing(config=config, features="f", evaluation="e")
    found: Any = morning.stress_today(assessment)
    assert found == ("b", "p", "f", ("complete", "s"), "e")


def test_a_card_shows_a_release_as_it_is_and_as_it_was_rated(monkeypatch: Patch) -> None:
    """Ratings of models that the record does not tell have no card."""
    ratings = [Thing(model=m, rated_at=NOW - DAY) for m in ("a", "b", "gone")]
    versions: Any = {
        NOW: {"a": Thing(model="a", n=2), "b": Thing(model="b", n=2)}, NOW - DAY: {"a": "a, then"},
    }  # fmt: skip
    asked: list[Any] = []

    def choose(rated: Any, as_of: datetime) -> Any:
        asked.append(([(r.n, rating.model) for r, rating in rated], as_of))
        return reversed(rated)

    def costs(release: Any, at: datetime, history: Any, memo: Any) -> Any:
        assert memo is None
        asked.append((release.model, at, history))
        return {"nvidia_chip": f"chip of {release.model}"}

    monkeypatch.setattr("engine.decision.rated.of_releases", list)
    monkeypatch.setattr("engine.decision.ratings.serving_costs", costs)
    monkeypatch.setattr("engine.report.build.choose_cards", choose)
    monkeypatch.setattr("engine.report.build.claims_about", lambda h, model, at: (h, model, at))
    monkeypatch.setattr("engine.report.build.release_versions", lambda h, at: versions[at])
    assessment: Any = Thing(
        world=Thing(history="h", as_of=NOW, kept=None), ratings=[Thing(rating=r) for r in ratings]
    )
    second, first = morning.release_cards(assessment)
    told: list[Any] = [first.release, first.rating, first.rated, first.claims, first.nvidia_chip]
    assert told == [versions[NOW]["a"], ratings[0], "a, then", ("h", "a", NOW), "chip of a"]
    assert (second.release.model, second.rated) == ("b", None)
    assert asked == [([(2, "a"), (2, "b")], NOW), ("b", NOW, "h"), ("a", NOW, "h")]


def test_what_a_model_costs_is_kept_for_the_next_mornings_of_the_same_code(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    """Of three models the two newest are kept where two are; another version begins afresh."""
    rated = [Thing(model=m, rated_at=NOW - DAY) for m in "abc"]
    worked_out: list[str] = []

    def costs(release: Any, at: datetime, history: Any, memo: Any) -> Any:
        if memo.get(release.model) is None:
            worked_out.append(release.model)
            memo.put(release.model, (0.5, None))
        assert memo.get(release.model) == (0.5, None)
        return {"nvidia_chip": "chip"}

    monkeypatch.setattr("engine.decision.rated.of_releases", list)
    monkeypatch.setattr("engine.decision.ratings.serving_costs", costs)
    monkeypatch.setattr("engine.report.build.choose_cards", lambda rated, at: rated)
    monkeypatch.setattr("engine.report.build.claims_about", lambda *given: ())
    monkeypatch.setattr(
        "engine.report.build.release_versions", lambda h, at: {m: Thing(model=m) for m in "abc"}
    )
    world = Thing(history="h", as_of=NOW, kept=tmp_path)

    def cards(version: str) -> str:
        worked_out.clear()
        told: Any = Thing(world=world, ratings=[Thing(rating=r) for r in rated], version=version)
        assert len(morning.release_cards(told)) == 3
        return "".join(worked_out)

    assert morning.MOST_COSTS == 200
    assert [cards(v) for v in ("1", "1", "2", "2", "1")] == ["abc", "", "abc", "", "abc"]
    monkeypatch.setattr(morning, "MOST_COSTS", 2)
    assert [cards("3"), cards("3")] == ["abc", "a"]


def test_the_ceiling_is_that_of_the_last_session(monkeypatch: Patch) -> None:
    levels: dict[str, Any] = {"ceiling_usd_tn": np.array([4.0, 5.5])}
    asked: list[Any] = []
    monkeypatch.setattr(
        "strategies.base.levels_of",
        lambda *given: asked.append(given) or levels,  # type: ignore[func-returns-value]
    )
    voice = Thing(strategy="cap", params="params")
    assessment: Any = Thing(
        config=Thing(blend=Thing(valuation=voice)), features=Thing(values="values")
    )
    assert morning._ceiling(assessment) == 5.5
    assert asked == [("cap", "values", "params")]
    levels["ceiling_usd_tn"][-1] = NAN
    assert morning._ceiling(assessment) is None
    levels.clear()
    assert morning._ceiling(assessment) is None
    assessment.config.blend.valuation = None
    assert morning._ceiling(assessment) is None


# --- the track record -----------------------------------------------------------------------------


def test_a_track_record_is_live_and_replayed_with_its_rules(monkeypatch: Patch) -> None:
    """Hindsight is told of the sessions with an outcome: the last one acts on no price yet."""
    worst = WorstDay(session_on=DAYS[0], return_pct=-20.0, decision="HOLD", target_weight=1.0,
                     score=0.1, chance_of_fall=0.2)  # fmt: skip
    monkeypatch.setattr(tracking, "moves_of", lambda x: ("moves", x))
    monkeypatch.setattr(tracking, "_record", lambda said, calls: {"said": said, "calls": calls})
    monkeypatch.setattr(tracking, "live", lambda a, past: ("live", past))
    monkeypatch.setattr(tracking, "replayed", lambda outlook, days: (outlook, days))
    monkeypatch.setattr(tracking, "_calls_live", lambda past, days, moves: (past, days, moves))
    monkeypatch.setattr(tracking, "_calls_replayed", lambda a, moves: moves)
    monkeypatch.setattr(tracking, "foresight", lambda first, last: (first, last))
    monkeypatch.setattr(tracking, "worst_days", lambda a: [worst])
    monkeypatch.setattr(tracking, "_distribution", lambda a: "crps")
    assessment: Any = Thing(
        features=Thing(sessions_on=DAYS, values={"nvda_return": "returns"}), outlook="outlook"
    )
    past: Any = ["past"]
    moves = ("moves", "returns")
    found = tracking.track(assessment, past)
    rules: dict[str, Any] = found.pop("rules")
    assert found == {
        "live": {"said": ("live", past), "calls": (past, DAYS, moves)},
        "replayed": {
            "said": ("outlook", DAYS), "calls": moves, "foresight": [DAYS[0], DAYS[4]],
            "frozen_on": FROZEN_ON, "distribution": "crps",
            "worst_days": [{
                "session_on": DAYS[0], "return_pct": -20.0, "decision": "HOLD",
                "target_weight": 1.0, "score": 0.1, "chance_of_fall": 0.2,
            }],
        },
    }  # fmt: skip
    assert (rules["least_outcomes_for_a_rate"], set(rules)) == (
        30, {"verdict", "fall", "stands", "least_outcomes_for_a_rate"},
    )  # fmt: skip
    assert rules["verdict"] == "HOLD right if higher after 21 sessions, SELL if lower"


def test_calls_are_over_when_their_window_is(monkeypatch: Patch) -> None:
    """Windows of two sessions over six rows: those of rows 0 to 3 are over."""
    monkeypatch.setattr(tracking, "EXPIRES", 2)
    moves = np.array([0.1, -0.2, NAN, 0.3, NAN, NAN])
    held = Thing(evaluation=Thing(invested=[True, False, True, True, True, False]))
    found = tracking._calls_replayed(held, moves)  # type: ignore[arg-type]
    assert [(v, over) for v, _, over in found] == [
        ("HOLD", True), ("SELL", True), ("HOLD", True), ("HOLD", True), ("HOLD", False),
        ("SELL", False),
    ]  # fmt: skip
    assert [m for _, m, _ in found[:2]] == [0.1, -0.2]
    past = [{"acts_on": f"2026-11-{day}", "decision": f"d{day}"} for day in (17, 19, 20, 21)]
    live = tracking._calls_live(past, DAYS, moves)
    assert [(v, over) for v, _, over in live] == [
        ("d17", True), ("d19", True), ("d20", False), ("d21", True),
    ]  # fmt: skip
    assert live[0][1] == -0.2
    assert math.isnan(live[3][1])  # no such session


def said(event: str, came: float) -> tracking.Statement:
    return tracking.Statement(
        event=event, on=TODAY, chance=0.5, base=0.5, came=came, within_sessions=21
    )


def test_chances_are_told_apart_by_event_in_the_order_said(monkeypatch: Patch) -> None:
    told = [said("stands", 1.0), said("fall_10", 0.0), said("stands", NAN)]
    found = tracking._record(told, [("HOLD", 0.1, True)])
    assert found["outcomes"]["n"] == 1
    assert [(c["event"], c["n"], c["open"]) for c in found["chances"]] == [
        ("stands", 1, 1), ("fall_10", 1, 0),
    ]  # fmt: skip
    monkeypatch.setattr(tracking, "live", lambda a, past: told if past == "p" else [])
    monkeypatch.setattr(tracking, "replayed", lambda outlook, days: told[:2])
    monkeypatch.setattr(tracking, "worst_days", lambda a: ["worst"])
    past: Any = "p"
    live = tracking.scores_live(NOTHING, past)
    assert [(c.record, c.event, c.fall_pct, c.n) for c in live] == [
        ("live", "stands", None, 1), ("live", "fall", 10.0, 1),
    ]  # fmt: skip
    assessment: Any = Thing(outlook=None, features=Thing(sessions_on=DAYS))
    whole = tracking.outcomes_replayed(assessment)
    assert [(c.record, c.event) for c in whole.chances] == [
        ("replayed", "stands"), ("replayed", "fall"),
    ]  # fmt: skip
    assert whole.worst == ("worst",)  # type: ignore[comparison-overlap]


@pytest.mark.parametrize(("n", "told"), [(30, True), (29, False)])
def test_a_distribution_is_scored_from_thirty_outcomes_on(
    monkeypatch: Patch, n: int, told: bool
) -> None:
    """Rows before the first decision do not count, nor those without an outcome."""
    came = np.full(40, NAN)
    came[5 : 5 + n] = 0.1
    came[:5] = 0.1
    monkeypatch.setattr(
        "backtests.reliability.score_distribution",
        lambda said, rows: {"rows": rows.tolist(), "of": said.name},
    )
    said_ = Thing(sigma=np.zeros(40), came=lambda low: came if not low else came * NAN, name="s")
    assessment: Any = Thing(outlook=Thing(said=said_, before=5))
    found = tracking._distribution(assessment)
    assert found == ({"rows": [False] * 5 + [True] * 35, "of": "s"} if told else None)


# --- from items to events -------------------------------------------------------------------------


def test_a_run_of_ingest_is_news_and_releases(monkeypatch: Patch) -> None:
    news = Ingested(classified=1, irrelevant=2, abstained=3, unread=4, archive=5, stories=6,
                    grown=7)  # fmt: skip
    monkeypatch.setattr(ingest, "ingest_news", lambda store, now, *, classifier: news)
    monkeypatch.setattr(
        ingest, "ingest_releases", lambda store, labs: (8, 9) if labs == "labs" else (0, 0)
    )
    labs: Any = "labs"
    found = ingest.ingest(NOTHING, NOW, classifier=NOTHING, labs=labs)
    assert found == replace(news, releases=8, updated=9)
    assert Ingested() == Ingested(classified=0, stories=0, releases=0, updated=0)


def stored(n: int, hours: float) -> Any:
    return Thing(item_id=f"i{n}", version="v", item=Thing(known_at=at(hours=hours), source="wire"))


def test_a_bookmark_reaches_back_ninety_six_hours_and_never_further_than_before() -> None:
    """Marks older than that are let go; the one at its very edge stays."""
    first, state = Bookmark().after([stored(1, 0), stored(2, 96), stored(3, 96)], "c-1")
    marks = sorted(ingest._mark(stored(n, h)) for n, h in ((1, 0), (2, 96), (3, 96)))
    assert first == Bookmark(since=at(), handled=frozenset(marks), classifier="c-1")
    assert state == StoredPollState(
        feed="news-classifier", last_ok_at=at(hours=96),
        health={"since": to_micros(at()), "handled": marks, "classifier": "c-1"},
    )  # fmt: skip
    later, _ = first.after([stored(4, 96 + 1e-3)], "c-2")
    assert (later.since, later.classifier) == (at(hours=1e-3), "c-2")
    assert len(later.handled) == 3  # the first one is let go
    back, _ = later.after([stored(5, 50)], "c-2")
    assert back.since == later.since
    assert len(back.handled) == 4
    for one, other in ((stored(1, 0), stored(2, 0)), (stored(1, 0), stored(1, 1))):
        assert ingest._mark(one) != ingest._mark(other)
    assert ingest._marked_at(ingest._mark(stored(1, 7))) == at(hours=7)
    assert len(ingest._mark(stored(1, 7)).partition(":")[2]) == 12


def test_a_bookmark_that_cannot_be_read_starts_again() -> None:
    health = {"since": to_micros(at()), "handled": ["a", "b"], "classifier": "c"}

    def of(**changes: Any) -> Bookmark:
        kept = {k: v for k, v in (health | changes).items() if v != "gone"}
        return Bookmark.of(StoredPollState(feed="f", health=kept))

    assert of() == Bookmark(since=at(), handled=frozenset({"a", "b"}), classifier="c")
    assert (
        Bookmark.of(None) == Bookmark() == Bookmark(since=None, handled=frozenset(), classifier="")
    )
    for wrong in ({"since": "gone"}, {"handled": "gone"}, {"classifier": "gone"},
                  {"since": "x"}, {"since": 10**30}, {"handled": 5}):  # fmt: skip
        assert of(**wrong) == Bookmark()


class Reader:
    """A classifier by the first word of a headline."""

    version = "reader-1"

    def classify(self, headlines: Iterable[str]) -> tuple[Any, ...]:
        return tuple(
            Thing(
                relevant=not title.startswith(("dull", "unsure", "strange")),
                abstained=title.startswith(("unsure", "strange")),
                unread=title.startswith("strange"),
                title=title,
            )
            for title in headlines
        )


def test_items_are_counted_by_what_they_were_taken_for(store: Store, monkeypatch: Patch) -> None:
    """Three new stories were written, one of them a repeat; known at the instant counts."""
    titles = ["dull 1", "dull 2", "unsure 1", "strange 1", "strange 2", "strange 3", "news 1"]
    store.record_items([make_item(n, title=t, known_at=at(hours=1)) for n, t in enumerate(titles)])
    store.record_items([
        make_item(8, title="news of tomorrow", known_at=at(hours=1, micros=1)),
        make_item(9, title="undated", known_at=at(), published_at=None),
    ])  # fmt: skip
    taken: dict[str, Any] = {}

    class Filed:
        repeated = 11

        def __init__(self, **given: Any) -> None:
            taken.update(given)

        def take(self, told: Any) -> Any:
            taken["told"] = sorted(told)
            return [("a", Thing(ended="repeat"), 1), ("b", Thing(ended=""), 1)]

    def texts(store: Any, held: Any, *, since: datetime) -> Any:
        return (held, since)

    monkeypatch.setattr("engine.news.stories.Stories", Filed)
    monkeypatch.setattr("engine.news.story_record.stories_of", lambda facts: ("held", list(facts)))
    monkeypatch.setattr("engine.news.story_record.story_fact", lambda *version: version[0])
    monkeypatch.setattr("engine.news.tellings.ToldItem.of", lambda item, label: label.title)
    monkeypatch.setattr(ingest, "REPEAT", "repeat")
    monkeypatch.setattr(ingest, "_texts", texts)
    monkeypatch.setattr(ingest, "_curated", lambda store: "curated")
    written: list[Any] = []

    def record(state: Any, *, facts: Any) -> Recorded:
        written.append((state, facts))
        return Recorded(new=news[0], changed=5)

    news = [3]
    monkeypatch.setattr(store, "record_poll", record)
    chosen: Any = Reader()

    def run() -> Ingested:
        return ingest_news(store, at(hours=1), classifier=lambda: chosen)

    assert run() == Ingested(
        classified=7, irrelevant=2, abstained=1, unread=3, archive=11, stories=2, grown=5
    )  # fmt: skip
    held: Any = ("held", [])
    assert taken == {
        "classifier": "reader-1", "held": held, "texts": (held, at(hours=1)),
        "curated": "curated", "told": sorted(titles),
    }  # fmt: skip
    ((state, facts),) = written
    assert (state.feed, state.health["classifier"], list(facts)) == (
        "news-classifier", "reader-1", ["a", "b"],
    )  # fmt: skip
    news[0] = 0
    assert run().stories == 0  # the repeat was written before
    store.save_poll_states([state])
    assert run() == Ingested()
    assert len(written) == 2


def test_words_of_a_story_are_looked_up_from_ninety_six_hours_before(monkeypatch: Patch) -> None:
    since = at(hours=200)
    horizon = at(hours=104)
    asked: list[Any] = []

    def telling(n: int, words: str) -> Any:
        return Thing(item_id=f"i{n}", words=words)

    held: Any = {
        "old": Thing(known_at=horizon - MICRO, tellings=[telling(1, "one")]),
        "at": Thing(known_at=horizon, tellings=[telling(2, "two"), telling(3, "three")]),
    }
    items = [Thing(item=Thing(title=title, n=n)) for n, title in (
        (1, "one"), (2, "two"), (2, "two again"), (3, "other"), (2, "two"))]  # fmt: skip

    def stored_items(**given: Any) -> Any:
        asked.append(given)
        return items

    monkeypatch.setattr("engine.record.content.item_id", lambda item: f"i{item.n}")
    monkeypatch.setattr("engine.news.tellings.tokens", lambda title: title)
    monkeypatch.setattr("engine.news.tellings.key_of", lambda tokens: tokens)
    monkeypatch.setattr("engine.news.tellings.ToldItem", lambda **given: given)
    store: Any = Thing(stored_items=stored_items)
    found: Any = ingest._texts(store, held, since=since)
    assert found == {"i2": {"item": items[1].item, "telling": held["at"].tellings[0]}}
    assert asked == [{"since": horizon, "dated_only": True}]
    assert ingest._texts(store, {"old": held["old"]}, since=since) == {}
    assert len(asked) == 1


def test_releases_are_read_again_when_a_row_of_three_kinds_came(monkeypatch: Patch) -> None:
    counts = {"hf_repository": 1, "model_price": 2, "model_score": 4, "bar": 8}
    states: dict[str, Any] = {}
    asked: list[Any] = []

    def record(state: Any, *, facts: Any) -> Any:
        states[state.feed] = state
        asked.append(facts)
        return Recorded(new=3, changed=2)

    store: Any = Thing(
        counts=lambda: counts, poll_state=states.get, facts=lambda *, kinds: kinds[0],
        record_poll=record,
    )  # fmt: skip
    monkeypatch.setattr("engine.threat.hub.release_facts", lambda *given: given)
    monkeypatch.setattr("engine.threat.hub.LABS", "shipped")
    labs: Any = "labs"
    assert ingest.ingest_releases(store, labs) == (3, 2)
    assert states == {
        "hub-releases": StoredPollState(feed="hub-releases", health={"rows": 7})
    }  # fmt: skip
    told = ("hf_repository", "model_release", labs, "model_price", "model_score")
    assert asked == [told]
    assert ingest.ingest_releases(store, labs) == (0, 0)
    for kind in ("hf_repository", "model_price", "model_score"):
        counts[kind] += 1
        assert ingest.ingest_releases(store) == (3, 2)
    assert asked[-1][2] == "shipped"
    counts["bar"] += 1
    assert ingest.ingest_releases(store) == (0, 0)
    counts.clear()
    states.clear()
    assert ingest.ingest_releases(store) == (0, 0)  # nothing was ever brought
    assert len(asked) == 4


# --- from the record to a decision ----------------------------------------------------------------


def test_everything_on_the_way_to_a_decision_is_made_once(monkeypatch: Patch) -> None:
    """Under a key of facts, configuration and code; ratings that are given keep nothing."""
    asked: list[Any] = []

    def remembered(folder: Any, key: Any, name: str, make: Callable[[], Any]) -> Any:
        asked.append((folder, key, name))
        return make()

    config = Thing(digest="d", events="weights", blend="blend")
    monkeypatch.setattr("engine.service.bind.bound", lambda given: config)
    monkeypatch.setattr(wiring, "code_version", lambda: "own")
    monkeypatch.setattr("engine.service.kept.remembered", remembered)
    monkeypatch.setattr(wiring, "_rated_once", lambda world, c, events: ("rated", events))
    reads: list[Any] = []

    def known_events(*given: Any) -> Any:
        reads.append(given)
        return given

    monkeypatch.setattr("engine.decision.events.known_events", known_events)
    monkeypatch.setattr("engine.decision.features.build", lambda h, grid, **more: (h, grid, more))
    monkeypatch.setattr("engine.decision.decide.evaluate", lambda *given: given)
    monkeypatch.setattr(
        "engine.decision.outlook.prospects_of", lambda f: Thing(forecasts=("of", f))
    )
    saved: list[str] = []
    memo = Thing(save=lambda: saved.append("saved"))
    world: Any = Thing(
        key=lambda digest, code: (digest, code), kept="kept", history="h", as_of=NOW, grid="g",
        warm="warm", memo=memo,
    )  # fmt: skip
    events = ("h", NOW, memo)
    found: Any = wiring.assess(world, NOTHING)
    told = {"events": events, "weights": "weights", "warm": "warm", "memo": memo}
    features = ("h", "g", told | {"ratings": ("rated", events)})
    assert found.events == events
    assert reads == [events]
    assert found == wiring.Assessment(
        config=config, world=world, read_events=found.read_events, ratings=("rated", events),  # type: ignore[arg-type]
        features=features, evaluation=("blend", features, ("of", features)), version="own",  # type: ignore[arg-type]
        prospects=Thing(forecasts=("of", features)),  # type: ignore[arg-type]
    )  # fmt: skip
    assert (asked, saved) == ([("kept", ("d", "own"), "rows")], ["saved"])
    ratings: Any = []
    world.memo = None
    given = wiring.assess(world, NOTHING, ratings=ratings, version="v")
    assert (given.ratings, given.version) == ((), "v")
    assert asked[1] == (None, ("d", "v"), "rows")
    assert saved == ["saved"]
    monkeypatch.setattr(
        wiring, "world_at", lambda store, c, at, *, present: (store, c, at, present)
    )
    monkeypatch.setattr(wiring, "assess", lambda world, c: (world, c))
    store: Any = "s"
    own: Any = "c"
    both: Any = wiring.assessment_at(store, own, NOW)
    assert both == (("s", "c", NOW, None), "c")
    lazy: Any = wiring.assessment_at(store, own, NOW, present=NOW + DAY)
    assert lazy == (("s", "c", NOW, NOW + DAY), "c")


def assessed(**changes: Any) -> wiring.Assessment:
    given: dict[str, Any] = {
        "config": Thing(blend="b", strategy_path=Path("x/p.toml"), digest="d"),
        "world": Thing(as_of=NOW, data_hash="h"), "read_events": tuple, "ratings": "ratings",
        "evaluation": "e", "version": "v", "prospects": "ahead",
        "features": Thing(
            sessions_on=DAYS[:2], decide_at_us=[to_micros(NOW - DAY), to_micros(NOW + DAY)]
        ),
    }  # fmt: skip
    return wiring.Assessment(**(given | changes))


def test_a_decision_is_made_at_its_hour_or_by_the_instant_asked_for(monkeypatch: Patch) -> None:
    asked: list[Any] = []
    base = decision()

    def decision_at(*given: Any, **more: Any) -> Any:
        asked.append((given, more))
        return base

    monkeypatch.setattr("engine.decision.explain.Origin", lambda **given: given)
    monkeypatch.setattr("engine.decision.explain.decision_at", decision_at)
    monkeypatch.setattr("engine.decision.outlook.outlook_of", lambda *given: ("outlook", *given))
    monkeypatch.setattr(wiring.Assessment, "_named", lambda self, c, t: replace(c, name=f"{t}"))
    made = assessed()
    origin = {"strategy_file": "p.toml", "config_hash": "d", "data_hash": "h",
              "code_version": "v"}  # fmt: skip
    found = made.decision_at(0)
    assert asked[0] == (
        ("b", made.features, "e", origin | {"decided_at": NOW - DAY}), {"t": 0, "outlook": None},
    )  # fmt: skip
    assert {c.name for c in found.contributions} == {"0"}
    assert len(found.contributions) == len(base.contributions)
    assert {c.name for c in made.decision.contributions} == {"-1"}
    assert asked[1] == (
        ("b", made.features, "e", origin | {"decided_at": NOW}),
        {"t": -1, "outlook": ("outlook", "b", made.features, "e", "ahead")},
    )  # fmt: skip


def test_the_bar_of_the_threat_names_the_releases_in_it(monkeypatch: Patch) -> None:
    """Of at least 0.05 %; the last row is row 1 of two."""
    asked: list[Any] = []

    def parts(ratings: Any, row: int, half_life: float) -> Any:
        asked.append((ratings, row, half_life))
        return (("big", 1.24), ("edge", 0.05), ("small", 0.049), ("less", -1.0))

    monkeypatch.setattr("engine.decision.rated.largest_parts", parts)
    voices = [
        Thing(strategy=Thing(name=name), params={"half_life_sessions": n})
        for n, name in enumerate(("trend", "fp8_threat"))
    ]
    made = assessed(config=Thing(blend=Thing(voices=voices)))
    base = replace(decision().contributions[0], name="fp8_threat", value=0.5)
    named = made._named(base, -1)
    added = named.evidence[len(base.evidence) :]
    assert named.evidence[: len(base.evidence)] == base.evidence
    assert [e.text for e in added] == [
        "big: 1.2% of that revenue still at risk", "edge: 0.1% of that revenue still at risk",
    ]  # fmt: skip
    assert {e.source for e in added} == {"engine.threat.rating"}
    assert asked == [("ratings", 1, 1)]
    for other in (replace(base, value=None), replace(base, name="trend")):
        assert made._named(other, -1) is other


def test_a_world_of_the_record_keeps_its_values_in_the_data_folder(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    from engine.errors import InputError

    monkeypatch.setenv("NVSIGNAL_DATA", str(tmp_path))
    monkeypatch.setattr(wiring, "code_version", lambda: "v")
    monkeypatch.setattr("engine.service.derived.sessions_from", lambda folder: ("load", folder))
    kinds = {"bar"}
    asked: list[Any] = []

    def history(*, known_by: datetime) -> Any:
        asked.append(known_by)
        return Thing(kinds=kinds)

    base = wiring.KnownWorld(
        as_of=NOW, history=History([]), data_hash="h", sessions=NOTHING, grid=NOTHING
    )
    monkeypatch.setattr(
        wiring,
        "world_of",
        lambda h, config, at, load: asked.append((config, at, load)) or base,  # type: ignore[func-returns-value]
    )
    store: Any = Thing(history=history)
    config: Any = "c"
    found = wiring.world_at(store, config, NOW)
    folder = tmp_path / "derived"
    assert asked == [NOW, ("c", NOW, ("load", folder))]
    assert found.kept == folder
    assert found.memo is not None
    assert (found.memo._path, found.memo._made_with) == (folder / "computed.json", "v")
    kinds.clear()
    monkeypatch.setattr(wiring, "_before_the_record", lambda store, at: InputError(f"{at}"))
    with pytest.raises(InputError, match="2026-11-24 13:30"):
        wiring.world_at(store, config, NOW)


# --- three histories, and heads -------------------------------------------------------------------


def test_live_news_stand_alone_from_the_first_of_them_on(monkeypatch: Patch) -> None:
    """And the table up to then; the day is that of New York."""
    begun = datetime(2026, 11, 20, 3, tzinfo=UTC)
    by_hand = [make_event(event_id=f"t{n}", known_at=begun + n * MICRO) for n in (-1, 0)]
    live = [make_event(event_id=f"l{n}", known_at=begun + n * DAY) for n in (1, 0)]
    monkeypatch.setattr(histories, "_apart", lambda *given: given)
    decided: Any = lambda events: (None, [e.event_id for e in events])  # noqa: E731
    base: Any = "base"
    found: Any = histories._live(DAYS, base, decided, by_hand, live)
    assert found == ("live", DAYS, "base", ["t-1", "l1", "l0"], date(2026, 11, 19), 2)


def test_a_headline_is_read_anew_and_keeps_its_time() -> None:
    event = make_event(headline="x", direction=-1, actor="a")
    labels = [
        Thing(event_type="rates", direction=1, weighs=weighs, actor="b", stage="said", mood="fact")
        for weighs in (True, False)
    ]
    model: Any = Thing(
        version="m", classify=lambda headlines: labels if headlines == ["x"] * 2 else []
    )
    first, second = histories._as_read([event, event], model)
    told: dict[str, Any] = {"event_type": "rates", "actor": "b", "stage": "said", "mood": "fact",
                            "classifier": "m"}  # fmt: skip
    assert first == replace(event, direction=1, **told)
    assert second == replace(event, direction=0, **told)


def test_releases_are_rated_anew_where_claims_differ_alone(monkeypatch: Patch) -> None:
    rated: list[Any] = []

    def rate(world: Any, config: Any, events: Any) -> Any:
        rated.append(events)
        return ("rated", len(rated))

    monkeypatch.setattr("engine.decision.ratings.claims_at", lambda events, at: (events[0], at))
    monkeypatch.setattr("engine.decision.features.build", lambda h, grid, **more: (h, grid, more))
    monkeypatch.setattr("engine.decision.decide.evaluate", lambda blend, f: (blend, f))
    monkeypatch.setattr(wiring, "rate_releases", rate)
    world: Any = Thing(as_of=NOW, history="h", grid="g", warm="w")
    config: Any = Thing(events="weights", blend="b")
    decide = histories._Deciding(world, config)
    found: Any = [decide(events) for events in (["a", "x"], ["a", "y"], ["b"])]  # type: ignore[arg-type]
    assert rated == [["a", "x"], ["b"]]
    for (features, evaluation), n, events in zip(
        found, (1, 1, 2), (["a", "x"], ["a", "y"], ["b"]), strict=True
    ):
        assert features == ("h", "g", {
            "ratings": ("rated", n), "events": events, "weights": "weights", "warm": "w",
        })  # fmt: skip
        assert evaluation == ("b", features)


def test_three_histories_share_the_decisions_by_hand(monkeypatch: Patch) -> None:
    live: list[str] = []
    monkeypatch.setattr("engine.decision.events.told_by_table", lambda h, at: ["t", h, at])
    monkeypatch.setattr("engine.decision.events.told_by_feeds", lambda h, at: live)
    monkeypatch.setattr(histories, "_as_read", lambda by_hand, model: ["read", model])
    features = Thing(sessions_on=DAYS, values="values")
    monkeypatch.setattr(
        histories, "_Deciding", lambda world, config: lambda events: (features, ("by", events))
    )
    for name in ("_reading", "_apart", "_live"):
        monkeypatch.setattr(histories, name, lambda *given, n=name: (n, *given))
    world: Any = Thing(history="h", as_of=NOW, grid="g")
    config: Any = Thing(strategy=Thing(name="p"), events="weights")
    model: Any = "m"
    by_hand, read = ["t", "h", NOW], ["read", "m"]
    base = ("by", by_hand)
    found: Any = histories.histories(world, config, model)
    assert (found.preset, found.live) == ("p", None)
    assert found.reading == ("_reading", "g", "weights", "values", by_hand, read)
    assert found.as_read == ("_apart", "as read", DAYS, base, ("by", read), DAYS[0], 2)
    live.append("l")
    found = histories.histories(world, config, model)
    assert found.live[:3] == ("_live", DAYS, base)
    assert found.live[4:] == (by_hand, ["l"])


def test_reports_are_looked_for_by_their_ending_and_size(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    """One that is too large, or a folder named as a report, is passed over; a named one is not."""
    said = b'{"receipt": {"ledger_head": "' + b"a" * 64 + b'"}}'
    (tmp_path / "d.json").mkdir()
    for name in ("b.json", "a.json", "c.txt"):
        (tmp_path / name).write_bytes(said)
    found = list(anchors.anchors(tmp_path))
    assert [(a.path.name, a.entry_hash) for a in found] == [
        (name, "a" * 64) for name in ("a.json", "b.json", "c.txt")
    ]
    assert list(anchors.anchors(tmp_path / "none")) == []
    assert (anchors.MAX_REPORT_BYTES, anchors.MAX_MAILBOX_BYTES) == (4_000_000, 200_000_000)
    monkeypatch.setattr(anchors, "MAX_REPORT_BYTES", len(said))
    assert len(list(anchors.anchors(tmp_path))) == 3
    monkeypatch.setattr(anchors, "MAX_REPORT_BYTES", len(said) - 1)
    assert list(anchors.anchors(tmp_path)) == []
    assert len(anchors.anchors_of(tmp_path / "a.json")) == 1
    assert set(anchors.FORMS) == {".json", ".html", ".md", ".txt", ".eml"}


def test_curated_headlines_are_events_of_the_table(store: Store) -> None:
    payload = {"headline": "a ban", "event_type": "export_restriction", "actor": "US government"}
    store.record([make_fact("headline", "row", payload=payload, confidence=0.9), make_fact()])
    (event,) = ingest._curated(store)
    assert (event.headline, event.event_type, event.direction) == (
        "a ban",
        "export_restriction",
        -1,
    )
