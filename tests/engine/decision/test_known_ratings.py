"""What a rating reads of the record, its serving costs, and what is kept of it: by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from engine.decision import ratings
from engine.errors import NotObservedError
from engine.record.history import History
from engine.record.readings import CHIPS
from engine.threat.estimate import estimate
from engine.threat.evidence import Proof, ProofStage
from engine.values import Fact, ModelRelease, ThreatRating
from tests.builders import make_accelerator, make_event, make_release
from tests.engine.decision.small_worlds import grid_of, morning, report, told, weekdays
from tests.engine.decision.test_known_answers import rated

MONDAY = date(2025, 1, 6)
AT = morning(date(2025, 1, 10))

# --- what is on record ---------------------------------------------------------------------------


def chip(name: str, rent: float = 2.0, on: date = MONDAY, hour: int = 9, **changes: Any) -> Fact:
    """A chip that could be bought since 2022, rented at ``rent`` USD an hour, known on ``on``."""
    made = make_accelerator(name, rent_usd_per_hour=rent, **changes)
    at = datetime(on.year, on.month, on.day, hour, tzinfo=UTC)
    return CHIPS.fact(made, occurred_at=at, known_at=at, source="made up")


def home(name: str, rent: float = 2.0, **changes: Any) -> Fact:
    return chip(name, rent, vendor="Huawei", country="CN", **changes)


def spell(chip_: str, us: str, on: date = MONDAY, hour: int = 9, china: str = "accepted") -> Fact:
    return told(
        "availability", f"{chip_}/2025", on, hour, chip=chip_, from_date="2025-01-02",
        us_permission=us, china_acceptance=china,
    )  # fmt: skip


def serving(*facts: Fact, at: datetime = AT, **release: Any) -> dict[str, Any]:
    return ratings.serving_costs(make_release(**release), at, History(facts))


def cost_of(fact: Fact) -> Any:
    """The slow way: the estimate of one chip, in FP8."""
    subject = ratings._subject(make_release(), ())
    made = estimate(subject, CHIPS.read(fact), precision="fp8", n_draws=512)
    return made.cost.usd_per_mtok_blended


def test_a_card_serves_on_the_cheapest_part_china_may_buy_and_the_cheapest_of_its_own() -> None:
    """Equal chips but for the rent: barred, or not yet on sale, is none to be served on."""
    h20, h800 = chip("Nvidia H20"), chip("Nvidia H800", 1.0)
    b30a, l20 = chip("Nvidia B30A", 0.5, valid_from=date(2025, 1, 11)), chip("Nvidia L20", 3.0)
    dear, cheap = home("Ascend 910B", 1.8), home("Ascend 910C", 1.2)
    coming = home("Ascend 920", 0.1, valid_from=date(2025, 1, 11))
    legal = [spell("H20", "licence"), spell("B30A", "allowed"), spell("L20", "allowed")]
    found = serving(l20, h800, h20, b30a, dear, cheap, coming, *legal, spell("H800", "barred"))

    assert found == {
        "nvidia_chip": "Nvidia H20", "usd_per_mtok_nvidia": cost_of(h20),
        "domestic_chip": "Ascend 910C", "usd_per_mtok_domestic": cost_of(cheap),
    }  # fmt: skip
    assert found["usd_per_mtok_nvidia"].mid > found["usd_per_mtok_domestic"].mid > 0


def test_a_chip_serves_from_the_day_it_is_sold_on_and_by_what_was_known() -> None:
    """Sold from the day itself, in New York; of a rent known later nothing is known."""
    own = home("Ascend 910C", valid_from=date(2025, 1, 10))
    assert set(serving(own)) == {"domestic_chip", "usd_per_mtok_domestic"}
    assert serving(own, at=datetime(2025, 1, 10, 4, 59, tzinfo=UTC)) == {}
    later = home("Ascend 910C", 1.0, on=date(2025, 1, 10), hour=14)
    assert serving(own, later)["usd_per_mtok_domestic"] == cost_of(own)


def test_the_spell_that_stands_says_whether_a_part_may_be_bought() -> None:
    """Allowed, and corrected to barred the day after: barred. A part without a spell: none."""
    part = chip("Nvidia H20")
    barred = spell("H20", "barred", date(2025, 1, 7))
    assert serving(part, spell("H20", "allowed"), barred) == {}
    assert serving(part, spell("H20", "allowed"))["nvidia_chip"] == "Nvidia H20"
    assert serving(part) == {}
    assert serving(part, spell("H200", "allowed")) == {}


def test_the_same_model_on_the_same_chips_is_worked_out_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another rent, another size, another chip: anew. That none could serve is kept too."""
    kept: dict[str, Any] = {}
    memo: Any = SimpleNamespace(get=kept.get, put=kept.__setitem__)
    worked: list[str] = []
    cheapest = ratings._cheapest

    def counted(subject: Any, chips: Any) -> Any:
        worked.append(f"{len(chips)} chips")
        return cheapest(subject, chips)

    monkeypatch.setattr(ratings, "_cheapest", counted)

    def ask(*facts: Fact, **release: Any) -> dict[str, Any]:
        return ratings.serving_costs(make_release(**release), AT, History(facts), memo)

    own, part = home("Ascend 910C"), [chip("Nvidia H20"), spell("H20", "allowed")]
    assert ask(own) == serving(own) == ask(own)
    assert worked == ["0 chips", "1 chips", "0 chips", "1 chips"]  # kept, and plain
    assert ask(own, *part) == serving(own, *part)
    assert ask(home("Ascend 910C", 3.0)) == serving(home("Ascend 910C", 3.0)) != ask(own)
    assert ask(own, active_params_b=99.0) == serving(own, active_params_b=99.0) != ask(own)
    worked.clear()
    assert ask(own, *part) == ask(own) | ask(*part)
    assert worked == []


def test_of_equal_costs_the_first_chip_stands() -> None:
    twins = (home("Ascend A"), home("Ascend B"))
    assert serving(*twins)["domestic_chip"] == "Ascend A"


def test_without_sizes_nothing_is_served() -> None:
    assert serving(home("Ascend 910C"), total_params_b=None) == {}


def test_chips_are_read_as_the_latest_word_on_each_by_then() -> None:
    first, second = chip("A", 2.0), chip("A", 3.0, date(2025, 1, 8))
    history = History([first, second, chip("B", 4.0, date(2025, 1, 9))])

    def rents(day: int) -> list[float | None]:
        known = ratings.chips_at(history, morning(date(2025, 1, day)))
        return [c.rent_usd_per_hour for c in known]

    assert (rents(6), rents(8), rents(9)) == ([2.0], [3.0], [3.0, 4.0])
    assert rents(5) == []


def release_fact(model: str, on: date, hour: int = 9, **payload: Any) -> Fact:
    given = {"model": model, "lab": "Lab", "country": "CN", "released_on": str(on), **payload}
    return told("model_release", model, on, hour, **given)


def test_releases_stand_as_their_own_day_told_them() -> None:
    """A size that came later is no part of the first telling."""
    history = History(
        [
            release_fact("A", MONDAY),
            release_fact("A", MONDAY, 15, total_params_b=9.0),
            release_fact("B", date(2025, 1, 8)),
        ]
    )
    found = ratings.first_told(history, morning(date(2025, 1, 7)))

    assert {name: r.total_params_b for name, r in found.items()} == {"A": None}
    assert set(ratings.first_told(history, AT)) == {"A", "B"}


def test_a_world_holds_what_was_known_by_then_dated_as_its_facts_are() -> None:
    """Known in the evening of the 6th, corrected on the 8th; nothing of after the instant."""
    day, late = MONDAY, date(2025, 1, 13)
    facts = [
        chip("Nvidia H20"), chip("Nvidia B30A", valid_from=date(2025, 2, 1)),
        spell("H20", "allowed", day), spell("H20", "barred", date(2025, 1, 8)),
        spell("B30A", "allowed", late),
        report("FY2025Q3", "2024-10-27", day, "35.1"),
        report("FY2025Q4", "2025-01-26", late, "39.3"),
        release_fact("A", day, total_params_b=671.0, active_params_b=37.0),
        release_fact("B", late),
    ]  # fmt: skip
    claim = make_event(
        "domestic_chip_adoption", event_id="a", known_at=morning(day), actor="Zhipu",
        confidence=0.9, headline="Zhipu trained GLM-5 on Ascend", owners=("Reuters", "AFP"),
    )  # fmt: skip
    other = replace(claim, event_id="b", known_at=morning(late))
    world = ratings.world_from(History(facts), AT, [claim, other])

    assert world.as_of == AT
    assert [r.model for r in world.releases] == ["A"]
    assert [c.chip for c in world.accelerators] == ["Nvidia H20"]
    spells = [(s.us_permission, s.known_at, s.until) for s in world.availability]
    first, second = facts[2].known_at, facts[3].known_at
    assert spells == [("allowed", first, second), ("barred", second, None)]
    assert [(e.quarter, e.known_at) for e in world.earnings] == [("FY2025Q3", facts[5].known_at)]
    assert [p.known_at for p in world.proofs] == [claim.known_at]
    assert (world.supply, world.shares, world.tokens) == ((), (), ())
    assert set(world.costs) == {"A"}


def test_what_was_known_at_an_earlier_instant_is_cut_from_the_world() -> None:
    facts = [
        chip("Nvidia H20"), chip("Nvidia B30A", valid_from=date(2025, 1, 9)),
        report("FY2025Q3", "2024-10-27", MONDAY, "35.1"),
        report("FY2025Q4", "2025-01-26", date(2025, 1, 8), "39.3"), release_fact("A", MONDAY),
    ]  # fmt: skip
    history = History(facts)
    whole = ratings.world_from(history, AT, ())
    subject = make_release("Asked", known_at=morning(date(2025, 1, 8)))
    then = ratings.world_then(whole, history, subject.known_at, [subject])

    assert (len(whole.earnings), len(whole.accelerators)) == (2, 2)
    assert [e.quarter for e in then.earnings] == ["FY2025Q3"]
    assert [c.chip for c in then.accelerators] == ["Nvidia H20"]
    assert (then.as_of, set(then.costs)) == (subject.known_at, {"Asked"})


# --- ratings, made once --------------------------------------------------------------------------


class Memo(dict[str, Any]):
    """What is kept, in memory."""

    def put(self, key: str, value: Any) -> None:
        self[key] = value


def of(model: str, days: int = 0, kind: str = "release") -> ThreatRating:
    told_ = rated(1).rating
    return replace(told_, model=model, kind=kind, rated_at=morning(MONDAY) + timedelta(days=days))


def test_what_is_kept_is_made_once_for_what_was_known_at_its_instant() -> None:
    """Another name, instant or fact by then makes it anew; a fact of later does not."""
    releases = [make_release("A", known_at=morning(MONDAY)), make_release("B", known_at=AT)]
    proof = Proof(
        known_at=morning(date(2025, 1, 8)), actor="Zhipu", obj="GLM", stage=ProofStage.TRAINING,
        until=morning(date(2025, 1, 9)),
    )  # fmt: skip
    before, after = chip("Nvidia H20"), chip("Nvidia B30A", on=date(2025, 1, 10), hour=20)
    memo, asked = Memo(), list[str]()

    def rate(history: History, instant: datetime, name: str) -> ThreatRating | None:
        def make() -> ThreatRating | None:
            asked.append(name)
            return None if name == "nothing" else of(name)

        return ratings._kept_in(memo, history, releases, [proof])(instant, name, make)

    one = History([before])
    for _ in range(2):
        assert rate(one, morning(MONDAY), "A") == of("A")
        assert rate(one, morning(MONDAY), "nothing") is None
        assert rate(History([before, after]), morning(MONDAY), "A") == of("A")
    assert asked == ["A", "nothing"]
    assert proof.until is not None
    for instant in (AT, proof.known_at, proof.until):
        rate(one, instant, "A")
    rate(one, morning(MONDAY), "B")
    rate(History([before, chip("Nvidia L20", hour=8)]), morning(MONDAY), "A")
    assert asked == ["A", "nothing", "A", "A", "A", "B", "A"]


def pretend(monkeypatch: pytest.MonkeyPatch, blind: str = "") -> list[tuple[str, datetime]]:
    """Ratings that only tell who was rated in a world of which instant."""
    seen = list[tuple[str, datetime]]()

    def rate(release: ModelRelease, world: Any, *_: Any, **__: Any) -> ThreatRating:
        if release.model == blind:
            raise NotObservedError("made up")
        seen.append((release.model, world.as_of))
        return replace(of(release.model), rated_at=release.known_at)

    def changes(*_: Any) -> list[ThreatRating]:
        return [of("A", 1, "price cut")]

    monkeypatch.setattr(ratings, "rate", rate)
    monkeypatch.setattr(ratings, "rate_changes", changes)
    monkeypatch.setattr(ratings, "rate_proofs", lambda *_: [of("Z", 0, "claim")])
    monkeypatch.setattr(ratings, "sample", lambda *_, **__: None)
    return seen


RELEASES = (
    release_fact("C", date(2025, 1, 8)),
    release_fact("A", MONDAY),
    release_fact("A", MONDAY, 15, total_params_b=9.0),
    release_fact("US", MONDAY, country="US"),
    release_fact("Beside", MONDAY, is_comparison=True),
)


@pytest.mark.parametrize("memo", [None, Memo()])
def test_chinese_releases_are_rated_on_their_first_day_and_told_oldest_first(
    monkeypatch: pytest.MonkeyPatch, memo: Memo | None
) -> None:
    """No comparison and nobody else's; with their changes and the claims, by instant and name."""
    seen = pretend(monkeypatch)
    history = History(RELEASES)
    found = ratings.rate_history(history, (), None, memo)  # type: ignore[arg-type]

    first, later = RELEASES[1].known_at, RELEASES[0].known_at
    assert sorted(seen) == [("A", first), ("C", later)]
    assert [(r.model, r.kind) for r in found] == [
        ("A", "release"), ("Z", "claim"), ("A", "price cut"), ("C", "release"),
    ]  # fmt: skip
    days = weekdays(MONDAY, 3)
    placed = ratings.rate_all(
        history,
        grid_of(days),
        (),
        ratings.Reference(params=None),
        memo,  # type: ignore[arg-type]
    )
    # at 09:00, 13:30, a day later, and at 09:00 of the 8th: by the decisions of 13:30
    assert [(p.row, p.rating.model) for p in placed] == [(0, "A"), (0, "Z"), (1, "A"), (2, "C")]


def test_what_cannot_be_rated_is_left_out_and_an_empty_record_has_no_ratings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretend(monkeypatch, blind="C")
    found = ratings.rate_history(History(RELEASES), (), None)  # type: ignore[arg-type]

    assert [r.model for r in found if r.kind == "release"] == ["A"]
    assert ratings.rate_history(History(()), (), None) == ()  # type: ignore[arg-type]
