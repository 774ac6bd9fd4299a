"""Windows, thresholds and votes of stories, floods, official documents and stamps: by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from engine.news import classify, frames, official, reading, sentinel, stories, taxonomy
from engine.news.tellings import Telling, ToldItem, jaccard, number
from engine.news.validation import calibration_error, f1_by_class
from engine.record.readings import FederalRule, Filing
from engine.values import Fact, Item, Mood, Stage
from tests.builders import make_event
from tests.engine.news.test_stories import START, told

HOUR = timedelta(hours=1)


def telling(**changes: Any) -> Telling:
    fields: dict[str, Any] = {
        "item_id": "i", "words": "w", "plain": "p", "owner": "Reuters", "grade": "B",
        "event_type": "export_restriction", "direction": -1, "actor": "US government",
        "stage": Stage.ANNOUNCED, "mood": Mood.FACT, "confidence": 0.9, "objects": ("h20",),
        **changes,
    }  # fmt: skip
    return Telling(**fields)


def story(*tellings: Telling, **changes: Any) -> stories.Story:
    fields: dict[str, Any] = {
        "event_id": "e", "headline": "US bans H20", "url": "", "known_at": START,
        "occurred_at": START, "tellings": tellings, **changes,
    }  # fmt: skip
    return stories.Story(**fields)


# --- the vote ------------------------------------------------------------------------------------


def test_type_then_sense_go_by_the_sum_of_confidence() -> None:
    """0.9 against 0.5 + 0.5 for the type; of that type 0.5 against 0.6 for the sense."""
    made = stories.event_of(
        story(
            telling(confidence=0.9),
            telling(event_type="export_relief", direction=1, confidence=0.5, actor="", item_id="j"),
            telling(
                event_type="export_relief",
                direction=-1,
                confidence=0.6,
                owner="AFP",
                actor="Nvidia",
                objects=("b30a",),
                stage=Stage.EFFECTIVE,
                item_id="k",
            ),
        ),
        "c",
    )
    assert (made.event_type, made.direction, made.confidence) == ("export_relief", -1, 0.6)
    assert (made.actor, made.stage, made.objects) == ("Nvidia", Stage.EFFECTIVE, ("b30a",))
    assert (made.owners, made.n_sources, made.item_ids) == (("Reuters", "AFP"), 2, ("i", "j", "k"))
    assert (made.source, made.classifier, made.grade) == ("Reuters", "c", "B")


def test_the_first_of_equals_wins_and_its_figures_are_of_those_who_agree() -> None:
    made = stories.event_of(
        story(telling(confidence=0.5), telling(direction=1, confidence=0.5, actor="Else")), "c"
    )
    assert (made.direction, made.actor) == (-1, "US government")


@pytest.mark.parametrize(
    ("moods", "stages", "mood", "stage"),
    [
        ((Mood.FACT, Mood.RUMOUR), (Stage.ANNOUNCED, Stage.EFFECTIVE), "fact", Stage.ANNOUNCED),
        ((Mood.RUMOUR, Mood.RUMOUR), (Stage.EFFECTIVE,) * 2, Mood.RUMOUR, Stage.RUMOUR),
        ((Mood.FACT, Mood.FACT), (Stage.REVERSED, Stage.ANNOUNCED), "fact", Stage.REVERSED),
        ((Mood.FACT, Mood.FACT), (Stage.REVERSED, Stage.EFFECTIVE), "fact", Stage.EFFECTIVE),
        ((Mood.DENIAL, Mood.RUMOUR), (Stage.EFFECTIVE,) * 2, Mood.RUMOUR, Stage.RUMOUR),
        ((Mood.DENIAL, Mood.DENIAL), (Stage.ANNOUNCED,) * 2, Mood.DENIAL, Stage.ANNOUNCED),
    ],
)
def test_a_rumour_is_the_lowest_stage_and_what_weighs_speaks_for_the_rest(
    moods: tuple[Mood, Mood], stages: tuple[Stage, Stage], mood: str, stage: Stage
) -> None:
    parts = (telling(mood=m, stage=s) for m, s in zip(moods, stages, strict=True))
    made = stories.event_of(story(*parts), "c")

    assert (made.mood, made.stage) == (mood, stage)


def test_a_forum_is_no_owner_beside_others_and_the_best_grade_counts() -> None:
    forum = telling(owner="Reddit", grade="D")
    made = stories.event_of(story(forum, telling(), telling(owner="SEC", grade="A")), "c")

    assert (made.owners, made.grade, made.confirmed) == (("Reuters", "SEC"), "A", True)
    alone = stories.event_of(story(forum), "c")
    assert (alone.owners, alone.grade) == (("Reddit",), "D")


# --- windows -------------------------------------------------------------------------------------

BAN = "US bans Nvidia H20 chip sales to China"
BAN_TOO = "Washington halts exports of the H20 to China"


def events(*items: ToldItem) -> int:
    return len(stories.cluster(items))


@pytest.mark.parametrize(("hours", "n"), [(96, 1), (96.01, 2)])
def test_a_story_takes_other_words_for_96_hours(hours: float, n: int) -> None:
    first = told(BAN, "export_restriction")
    later = told(BAN_TOO, "export_restriction", source="ft", hours=hours)

    assert events(first, later) == n


@pytest.mark.parametrize(("days", "n"), [(90, 1), (90.01, 2)])
def test_new_figures_of_one_owner_are_an_update_for_90_days(days: float, n: int) -> None:
    first = told("Meta raises capex to $60 billion", "capex_increase")
    later = told("Meta raises capex to $65 billion", "capex_increase", hours=24 * days)

    assert events(first, later) == n


@pytest.mark.parametrize(("days", "n"), [(20, 1), (20.01, 2)])
def test_what_recurs_is_the_same_for_20_days(days: float, n: int) -> None:
    first = told("Fed holds rates steady", "rates", sense=0)
    later = told("Fed holds rates steady", "rates", sense=0, source="ft", hours=24 * days)

    assert events(first, later) == n


def test_the_same_words_of_a_step_are_the_same_for_ever() -> None:
    first = told(BAN, "export_restriction")
    later = told(BAN, "export_restriction", source="ft", hours=24 * 365)

    assert events(first, later) == 1


@pytest.mark.parametrize(("days", "ended"), [(7, ""), (7.01, "repeat")])
def test_what_was_published_more_than_a_week_before_is_archive(days: float, ended: str) -> None:
    (event,) = stories.cluster([told(BAN, "export_restriction", published=-24 * days)])
    assert event.ended == ended


@pytest.mark.parametrize(
    ("published", "before", "sense", "ended"),
    [
        (-72, -80, -1, ""),  # three days late is not late
        (-73, -80, -1, "repeat"),  # told since: up to a day before it was published
        (-73, -96.9, -1, "repeat"),
        (-73, -97.1, -1, ""),
        (-73, -80, 1, ""),  # the other sense
    ],
)
def test_a_late_item_tells_only_what_nobody_told_since(
    published: float, before: float, sense: Any, ended: str
) -> None:
    other = told(
        "Beijing frees A800 sales", "export_relief", hours=before, sense=sense, source="ft"
    )
    late = told(BAN, "export_restriction", published=published)
    found = {e.headline: e.ended for e in stories.cluster([other, late])}

    assert found[BAN] == ended


@pytest.mark.parametrize(("days", "ended"), [(10, "refuted"), (10.01, "")])
def test_a_denial_reaches_back_ten_days(days: float, ended: str) -> None:
    ban = told(BAN, "export_restriction")
    denial = told("Report of H20 chip ban is false, US says", "export_restriction", sense=1,
                  source="ft", hours=24 * days)  # fmt: skip
    denial = replace(denial, telling=replace(denial.telling, mood=Mood.DENIAL), tells=False)
    found = {e.headline: e.ended for e in stories.cluster([ban, denial])}

    assert found[BAN] == ended


@pytest.mark.parametrize(
    ("path", "old"),
    [
        ("/2025/07/08/x", False), ("/2025/07/07/x", True), ("/2025-7-7/x", True),
        ("/2025/06/x", True), ("/2025/07/x", False), ("/2024/x", True), ("/2025/x", False),
        ("/2025/02/31/x", False), ("/1888/x", False), ("", False),
    ],
)  # fmt: skip
def test_an_address_names_its_day_a_week_at_most(path: str, old: bool) -> None:
    """Seen on 2025-07-15; a month counts to its 28th, a year to December."""
    assert stories.old_address(f"https://x.org{path}", START) is old


# --- likeness ------------------------------------------------------------------------------------


def test_likeness_orders_near_words_names_and_the_rest() -> None:
    ban, again = told(BAN, "export_restriction"), told(BAN + " today", "export_restriction")
    named = told(BAN_TOO, "export_restriction")
    alike = jaccard(ban.content, again.content)

    assert alike >= 0.85
    assert stories._likeness(ban, again) == pytest.approx(2.0 + alike)
    assert stories._likeness(ban, named) == pytest.approx(1.0 + jaccard(ban.content, named.content))
    other = told("Fed raises rates", "rates", sense=-1)
    assert stories._likeness(ban, other) == 0.0


def test_a_third_of_the_words_links_one_actors_steps() -> None:
    a = told("Meta lifts outlook for data centers", "capex_increase")
    b = told("Meta lifts outlook for servers", "capex_increase")
    c = told("Amazon lifts outlook for servers", "capex_increase")

    assert stories._likeness(a, b) == pytest.approx(jaccard(a.content, b.content))
    assert jaccard(a.content, b.content) >= 0.34
    assert stories._likeness(a, c) == 0.0


@pytest.mark.parametrize(
    ("a", "b", "can"),
    [((), (1,), True), ((1,), (1, 2), True), ((1, 2), (1,), True), ((1, 2), (2, 3), False)],
)
def test_one_may_name_more_than_the_other_but_no_other(a: Any, b: Any, can: bool) -> None:
    assert stories._compatible(frozenset(a), frozenset(b)) is can


def test_opposed_verbs_keep_apart_where_each_says_one_only() -> None:
    raised, cut = frozenset({"raise"}), frozenset({"cut"})
    both = frozenset({"raise", "cut"})

    assert stories._one_sided(raised, cut)
    assert stories._one_sided(cut, raised)
    assert not stories._one_sided(both, cut)
    assert not stories._one_sided(raised, both)
    assert not stories._one_sided(raised, frozenset())


@pytest.mark.parametrize(
    ("kind", "voice"),
    [
        ("export_relief", "policy"), ("china_purchase_ban", "policy"),
        ("regulatory_probe", "policy"), ("capex_cut", "demand"), ("rates", "macro"),
        ("no such", "none"),
    ],
)  # fmt: skip
def test_policy_is_one_voice_and_the_rest_their_groups(kind: str, voice: str) -> None:
    assert stories.voice_of(kind) == voice


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("5,5", 5.5),
        ("5.50", 5.5),
        ("1,600", 1600.0),
        ("1.600", 1600.0),
        ("16", 16.0),
        ("1,60", 1.6),
    ],
)
def test_figures_are_numbers(word: str, value: float) -> None:
    assert number(word) == value


# --- floods and documents ------------------------------------------------------------------------


def flood(today: int, before: int, hours: float = 1.0, days: float = 10.0) -> tuple[Any, ...]:
    at = START
    told_ = [make_event(event_id=f"t{i}", known_at=at - hours * HOUR) for i in range(today)]
    told_ += [
        make_event(event_id=f"b{i}", known_at=at - timedelta(days=days)) for i in range(before)
    ]
    return tuple((f.told, f.usual_a_day) for f in sentinel.floods(told_, at))


def test_a_flood_is_ten_events_and_ten_times_the_usual() -> None:
    assert flood(10, 30) == ((10, 1.0),)
    assert flood(9, 3) == ()
    assert flood(10, 31) == ()
    assert flood(10, 0) == ()  # new: nothing is usual
    assert flood(10, 3, hours=24) == ()  # a day ago is yesterday's
    assert flood(10, 30, hours=0) == ((10, 1.0),)
    assert flood(10, 3, days=31) == ()
    assert flood(10, 3, days=30.9) == ((10, 0.1),)


def rule(**changes: Any) -> tuple[Fact, FederalRule]:
    fields: dict[str, Any] = {
        "title": "Additional export controls on advanced computing chips", "abstract": "",
        "type": "Rule", "agencies": ("industry-and-security-bureau",), "document_number": "2025-1",
        "url": "https://example.org", "occurred_at": START - timedelta(days=1), "known_at": START,
        **changes,
    }  # fmt: skip
    read = FederalRule(**{k: v for k, v in fields.items() if k in FederalRule.__dataclass_fields__})
    fact = Fact(
        kind="rule", key="k", occurred_at=read.occurred_at, known_at=read.known_at,
        source="Federal Register", payload={},
    )  # fmt: skip
    return fact, read


def made(*told_: Any) -> Any:
    found = official.official(told_)
    return found[0] if found else None


def test_a_rule_of_commerce_on_chips_is_a_confirmed_step() -> None:
    event = made(rule())

    assert (event.event_type, event.direction, event.stage) == (
        "export_restriction",
        -1,
        Stage.ANNOUNCED,
    )
    assert (event.confidence, event.grade, event.mood, event.actor) == (
        0.9,
        "A",
        Mood.FACT,
        "US government",
    )
    assert event.owners == ("Federal Register",)
    assert made(rule(agencies=("labor-department",))) is None
    assert made(rule(title="Additional export controls on apples")) is None
    assert (
        made(rule(agencies=("commerce-department",), title="apples", abstract="on GPUs"))
        is not None
    )
    assert made(rule(type="Proposed Rule")).mood is Mood.PROPOSAL
    relief = made(rule(title="Removal of license requirements for chips"))
    assert (relief.event_type, relief.direction) == ("export_relief", 1)


@pytest.mark.parametrize(("days", "told_"), [(7, True), (7.01, False)])
def test_a_document_older_than_a_week_is_no_news(days: float, told_: bool) -> None:
    assert (made(rule(occurred_at=START - timedelta(days=days))) is not None) is told_


@pytest.mark.parametrize(
    ("starts", "stage"),
    [
        (date(2025, 7, 14), Stage.EFFECTIVE),  # seen on the evening of the 14th in New York
        (date(2025, 7, 15), Stage.ANNOUNCED),
        (None, Stage.ANNOUNCED),
    ],
)
def test_a_rule_in_force_when_seen_is_effective(starts: date | None, stage: Stage) -> None:
    assert made(rule(effective_on=starts)).stage is stage


@pytest.mark.parametrize(
    ("title", "abstract", "sense"),
    [
        ("Rescission of a rule", "additional controls", 1),
        ("A rule on chips", "imposes controls on chips", -1),
        ("Removal of controls and additions to the entity list", "", 1),  # what comes first
        ("Additions to the entity list and removal of controls", "", -1),
        ("A rule", "a notice", 0),
    ],
)
def test_the_title_decides_before_the_abstract_and_the_first_word_before_the_next(
    title: str, abstract: str, sense: int
) -> None:
    assert official.sense_of(title, abstract) == sense


def filing(form: str, items: tuple[str, ...] = (), days: float = 1.0) -> Any:
    fields = {
        "form": form, "items": items, "url": "", "occurred_at": START - timedelta(days=days),
        "known_at": START, "accession": "a", "filed_on": START.date(), "symbol": "NVDA",
        "cik": "1",
    }  # fmt: skip
    read = Filing(**{k: v for k, v in fields.items() if k in Filing.__dataclass_fields__})
    fact = Fact(
        kind="filing", key="k", occurred_at=read.occurred_at, known_at=read.known_at,
        source="SEC EDGAR", payload={},
    )  # fmt: skip
    return made((fact, read))


def test_a_filing_tells_that_nvidia_spoke() -> None:
    results = filing("8-K", ("9.01", "8.01", "2.02"))

    assert (results.event_type, results.direction, results.actor) == (
        "nvidia_earnings",
        0,
        "Nvidia",
    )
    assert results.headline == "Nvidia files form 8-K: other events, results of operations"
    assert filing("8-K/A", ("8.01",)).event_type == "other"
    assert filing("8-K", ("9.01",)) is None
    assert filing("10-Q").headline == "Nvidia files its quarterly report (10-Q)"
    assert filing("10-K/A").headline == "Nvidia files its annual report (10-K)"
    assert filing("4") is None
    assert filing("10-Q", days=7.01) is None


# --- the arithmetic of the classifier ------------------------------------------------------------


def test_precision_recall_and_f1_by_hand() -> None:
    """Class 0: 2 of 3 said, 2 of 2 real; class 1: 1 of 1 said, 1 of 2; class 2 never."""
    truth, said = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])
    found = f1_by_class(truth, said, 3)

    assert found[0] == pytest.approx([2 / 3, 1.0, 0.8])
    assert found[1] == pytest.approx([1.0, 0.5, 2 / 3])
    assert np.isnan(found[2, 2])


def test_calibration_is_the_gap_by_tenths() -> None:
    """Two at 0.95, one right: gap 0.45 on half; two at 0.25, none right: 0.25 on half."""
    found = calibration_error(
        np.array([0.95, 0.95, 0.25, 0.25]), np.array([True, False, False, False])
    )
    assert found == pytest.approx(0.5 * 0.45 + 0.5 * 0.25)
    assert calibration_error(np.array([1.0]), np.array([True])) == 0.0


def test_a_step_that_is_found_told_raises_the_odds() -> None:
    """0.5: odds 1 become 2.5, 0.714; certainty stays."""
    assert classify._surer(0.5) == pytest.approx(2.5 / 3.5)
    assert classify._surer(1.0) == 1.0


def test_irrelevant_needs_half() -> None:
    names = list(taxonomy.EVENT_TYPES)
    probability = np.zeros((3, len(names)))
    for row, share in enumerate((0.5, 0.499, 0.6)):
        probability[row, names.index("irrelevant")] = share
        probability[row, names.index("rates")] = 1 - share
    probability[1, names.index("rates")] = 0.4

    assert [names[i] for i in classify.best_types(probability)] == [
        "irrelevant",
        "rates",
        "irrelevant",
    ]


def test_softmax_and_term_weights_by_hand() -> None:
    assert classify._softmax(np.array([[0.0, np.log(3.0)]])) == pytest.approx(
        np.array([[0.25, 0.75]])
    )
    # twice "a" weighs (1 + ln 2) * 1, "b" weighs 2; over their length
    row = classify.tfidf_row(["a", "b", "a", "zz"], {"a": 0, "b": 1}, [1.0, 2.0])
    a = 1 + np.log(2)
    assert row == pytest.approx({0: a / np.hypot(a, 2), 1: 2 / np.hypot(a, 2)})
    assert classify.tfidf_row(["zz"], {"a": 0}, [1.0]) == {}
    kept, idf = classify.fit_vocabulary([["a", "b"], ["a"], ["c", "c"]], 2)
    assert kept == ("a",)
    assert idf == pytest.approx([np.log(4 / 3) + 1])
    assert classify.plain_words(["5", "5bn", "h20", "1,600"]) == ["#", "5bn", "h20", "#"]
    assert classify.word_terms(["a", "b", "c"]) == ["a", "b", "c", "a b", "b c"]
    assert classify.char_terms("ab") == [" ab", "ab ", " ab "]


def test_attention_halves_and_knows_nothing_of_tomorrow() -> None:
    found = taxonomy.attention(np.array([0.0, 10.0, 20.0, -1.0, np.nan]), 10.0)
    assert found == pytest.approx([1.0, 0.5, 0.25, 0.0, 0.0])
    weighed = taxonomy.attention(np.array([[10.0, 10.0]]), 10.0, [2.0, 4.0])
    assert weighed == pytest.approx(np.array([[1.0, 2.0]]))


TYPES = """\
model_release model -1 10
training_failure model 1 20
release_delay model 1 10
price_war model 0 10
domestic_chip_launch domestic_chip -1 20
domestic_chip_adoption domestic_chip -1 20
export_restriction export_policy -1 30
export_relief export_policy 1 30
china_purchase_ban china_procurement -1 30
capex_increase demand 1 20
capex_cut demand -1 20
competitor_chip competition -1 15
nvidia_product company 1 10
nvidia_earnings company 1 15
valuation_milestone market 0 3
regulatory_probe legal -1 20
rates macro 0 7
other market 0 5
irrelevant none 0 1
"""


def test_the_types_change_on_purpose_only() -> None:
    """Group, usual sense, half-life in days."""
    told_ = [
        f"{t.name} {t.group.value} {t.usual_direction} {t.half_life_days:g}"
        for t in taxonomy.TAXONOMY.values()
    ]
    assert told_ == TYPES.splitlines()


@pytest.mark.parametrize(
    ("headline", "speaks"),
    [
        ("H20 sales to China may resume, White House says", "us_gov"),
        ("H20 sales to China may resume, says White House", "us_gov"),
        ("H20 sales to China may resume, White House hopes", None),
        ("White House: H20 sales to China resume", "us_gov"),
        ("Analysts fear what comes next from the White House: H20 sales resume", None),
        ("H20 sales to China may resume, Nvidia says", None),
    ],
)
def test_a_government_speaks_where_it_says_so_or_stands_before_a_colon(
    headline: str, speaks: str | None
) -> None:
    """Four words before a colon at most; a company that says so decides nothing."""
    line = frames._Line(reading.read(headline))
    found = None if line.speaker is None else reading.columns()[line.speaker]

    assert found == speaks


def test_an_item_of_the_house_begins_a_story_on_its_own_day() -> None:
    """Published before it was seen: then; with a date ahead of us: when it was seen."""
    item = Item(source="s", title="t", url="", known_at=START, published_at=START - HOUR)
    label = told("t", "other").telling
    begun = stories._begin(ToldItem(item=item, telling=label))
    ahead = stories._begin(ToldItem(item=replace(item, published_at=START + HOUR), telling=label))

    assert (begun.occurred_at, begun.known_at) == (START - HOUR, START)
    assert ahead.occurred_at == START
    assert len(begun.event_id) == 16
    assert START.tzinfo is UTC
    assert isinstance(START, datetime)
