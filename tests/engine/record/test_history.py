"""A history answers from what was known, whatever the order of arrival."""

from __future__ import annotations

import json
import pickle
import random
import re
from datetime import datetime
from hashlib import blake2b, sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.clock import to_micros
from engine.errors import DataError, StoreError
from engine.record.content import canonical_json, content_hash, item_version, payload_json
from engine.record.history import STORED, History
from engine.record.readings import BARS
from engine.values import Fact
from tests.builders import at, make_bar, make_fact, make_facts, make_item

_few_facts = st.lists(
    st.builds(
        lambda kind, key, day, value: make_fact(
            kind, key, known_at=at(day), payload={"value": value}
        ),
        st.sampled_from(["bar", "vix"]),
        st.sampled_from(["a", "b"]),
        st.integers(0, 4),
        st.integers(0, 2),
    ),
    max_size=25,
)
_day = st.integers(-1, 5)


def _known_by_definition(facts: list[Fact], kind: str, day: int) -> list[Fact]:
    """The slow, readable definition: sort, cut, drop what repeats the version before it."""
    ordered = sorted(facts, key=lambda f: (f.known_at, f.kind, f.key, content_hash(f)))
    known: list[Fact] = []
    for fact in ordered:
        if fact.kind != kind or fact.known_at > at(day):
            continue
        before = [f for f in known if f.key == fact.key]
        if not before or content_hash(before[-1]) != content_hash(fact):
            known.append(fact)
    return known


@given(_few_facts, _day)
def test_known_and_current_follow_the_definition(facts: list[Fact], day: int) -> None:
    history = History(facts)
    for kind in ("bar", "vix"):
        expected = _known_by_definition(facts, kind, day)

        assert list(history.known(kind, at(day))) == expected
        assert dict(history.current(kind, at(day))) == {f.key: f for f in expected}
        for key in ("a", "b"):
            versions = [f for f in expected if f.key == key]
            assert list(history.versions(kind, key, at(day))) == versions
            assert history.latest(kind, key, at(day)) == (versions[-1] if versions else None)


@given(_few_facts, st.lists(_day, max_size=6))
def test_questions_asked_in_any_order_of_time_get_the_same_answers(
    facts: list[Fact], days: list[int]
) -> None:
    """`current` keeps its last answer to be quick; nobody may notice."""
    shared = History(facts)
    views = [(day, shared.current("bar", at(day))) for day in days]

    for day, view in views:
        assert dict(view) == dict(History(facts).current("bar", at(day)))


@given(_few_facts, _day)
def test_a_cut_history_answers_like_the_whole_one_asked_then(facts: list[Fact], day: int) -> None:
    whole, cut = History(facts), History(facts).cut(at(day))

    assert list(cut) == list(History(f for f in facts if f.known_at <= at(day)))
    assert cut.data_hash(at(99)) == whole.data_hash(at(day))
    assert dict(cut.current("bar", at(99))) == dict(whole.current("bar", at(day)))


@given(_few_facts, st.randoms(use_true_random=False), _day)
def test_order_of_arrival_never_shows(facts: list[Fact], rng: random.Random, day: int) -> None:
    shuffled = rng.sample(facts, len(facts))

    assert list(History(shuffled)) == list(History(facts))
    assert History(shuffled).data_hash(at(day)) == History(facts).data_hash(at(day))
    assert list(History(shuffled).current("bar", at(day))) == list(
        History(facts).current("bar", at(day))
    )


@given(_few_facts, _day)
def test_facts_known_later_change_nothing_before(facts: list[Fact], day: int) -> None:
    poison = [make_fact("bar", k, known_at=at(day, micros=1), payload={"value": 1e9}) for k in "ab"]

    assert History([*facts, *poison]).data_hash(at(day)) == History(facts).data_hash(at(day))


def test_known_at_itself_is_included_and_a_microsecond_less_is_not() -> None:
    history = History([make_fact()])

    assert len(history.known("observation", at())) == 1
    assert len(history.known("observation", at(micros=-1))) == 0


def test_an_empty_history_says_so() -> None:
    history = History()

    assert (len(history), history.kinds, history.first_known_at) == (0, (), None)
    assert history.last_known_at is None
    assert dict(history.current("bar", at())) == {}
    assert history.latest("bar", "x", at()) is None


def test_kinds_and_the_span_are_known() -> None:
    history = History([*make_facts(3), make_fact(known_at=at(-2))])

    assert history.kinds == ("bar", "observation")
    assert (history.first_known_at, history.last_known_at) == (at(-2), at(hours=2))


def test_a_view_handed_out_cannot_be_changed() -> None:
    view = History(make_facts(1)).current("bar", at(1))

    with pytest.raises(TypeError):
        view["x"] = make_fact()  # type: ignore[index]


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(DataError, match="naive"):
        History(make_facts(1)).known("bar", datetime(2025, 1, 6))  # noqa: DTZ001


def test_equal_facts_hash_alike_and_every_field_but_known_at_counts() -> None:
    fact = make_fact(confidence=1, payload={"a": 1, "b": [2, 3]})
    same = make_fact(confidence=1.0, payload={"b": (2, 3), "a": 1}, known_at=at(9))
    assert content_hash(fact) == content_hash(same)

    others = [
        make_fact(confidence=0.5, payload=fact.payload),
        make_fact(confidence=1, payload={"a": 1}),
        make_fact(confidence=1, payload=fact.payload, source="other"),
        make_fact(confidence=1, payload=fact.payload, key="other"),
        make_fact("bar", confidence=1, payload=fact.payload),
        make_fact(confidence=1, payload=fact.payload, occurred_at=at(1)),
        make_fact(confidence=1, payload=fact.payload, backfilled=True),
    ]
    assert len({content_hash(f) for f in [fact, *others]}) == 8


def test_what_a_reader_sees_of_an_item_counts_and_dates_do_not() -> None:
    seen = {item_version(make_item(**c)) for c in ({"title": "x"}, {"summary": "x"}, {"url": "x"})}

    assert len(seen | {item_version(make_item())}) == 4
    assert item_version(make_item(published_at=None, known_at=at(4))) == item_version(make_item())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)  # fmt: skip
def test_canonical_json_is_ascii_and_survives_a_round_trip(value: object) -> None:
    text = canonical_json(value)

    assert text.isascii()
    assert canonical_json(json.loads(text)) == text


# --- as a database holds it ----------------------------------------------------------------------


def row_of(fact: Fact) -> tuple[Any, ...]:
    """``fact`` as SQLite gives it: instants in microseconds, truth as 0 or 1, the payload as text.

    Written out, not taken from the code: this order is the contract of ``STORED``.
    """
    instants = to_micros(fact.known_at), to_micros(fact.occurred_at)
    return (
        instants[0], fact.kind, fact.key, content_hash(fact), instants[1], fact.source,
        fact.confidence, int(fact.backfilled), payload_json(fact),
    )  # fmt: skip


@given(_few_facts, _day)
def test_a_history_of_stored_rows_answers_as_one_of_their_facts(
    facts: list[Fact], day: int
) -> None:
    """Also after a journey to another process."""
    plain, lazy = History(facts), History.of_stored(map(row_of, facts))

    for found in (lazy, pickle.loads(pickle.dumps(lazy)), pickle.loads(pickle.dumps(plain))):
        assert (len(found), list(found), found.kinds) == (len(plain), list(plain), plain.kinds)
        assert found.data_hash(at(day)) == plain.data_hash(at(day))
        assert list(found.known("bar", at(day))) == list(plain.known("bar", at(day)))
        assert list(found.observed_only()) == list(plain.observed_only())


FIRST = make_fact("bar", "B", known_at=at(1), payload={"n": 1}, confidence=0.5, backfilled=True)
OTHER = make_fact("bar", "A", known_at=at(2), occurred_at=at(2), payload={"n": 2})
AGAIN = make_fact("bar", "B", known_at=at(3), payload={"n": 3}, source="another")
NOTED = make_fact("note", "C", known_at=at(2), payload={"n": 4})
STORY = [AGAIN, NOTED, OTHER, FIRST]


@pytest.fixture(params=["facts", "rows"])
def story(request: pytest.FixtureRequest) -> History:
    """Two bars and a correction, told out of order: of facts, and as a database holds them."""
    rows = map(row_of, STORY)
    return History(STORY) if request.param == "facts" else History.of_stored(rows)


def test_every_field_of_a_stored_row_comes_back(story: History) -> None:
    assert list(story) == [FIRST, OTHER, NOTED, AGAIN]
    assert (story.first_known_at, story.last_known_at) == (at(1), at(3))


@pytest.mark.parametrize(
    ("day", "first", "every"),
    [
        (0.9, [], []),
        (1, [FIRST], [FIRST]),
        (2, [FIRST, OTHER], [FIRST, OTHER]),
        (3, [FIRST, OTHER], [FIRST, OTHER, AGAIN]),
    ],
)
def test_versions_are_listed_without_being_read(
    story: History, day: float, first: list[Fact], every: list[Fact]
) -> None:
    assert [entry.fact() for entry in story.first_versions("bar", at(day))] == first
    assert [entry.fact() for entry in story.all_versions("bar", at(day))] == every
    assert story.first_versions("none", at(day)) == story.all_versions("none", at(day)) == []


def test_an_entry_tells_of_its_version_what_stands_in_its_row(story: History) -> None:
    """The text of the payload only where it was stored as text."""
    told = [
        (entry.known_at_us, entry.key, entry.backfilled)
        for entry in story.all_versions("bar", at(9))
    ]
    us = to_micros
    assert told == [(us(at(1)), "B", True), (us(at(2)), "A", False), (us(at(3)), "B", False)]
    texts = [entry.payload_text for entry in story.all_versions("bar", at(9))]
    assert texts in ([None] * 3, ['{"n":1}', '{"n":2}', '{"n":3}'])


def test_only_a_stored_version_has_a_text_of_its_payload() -> None:
    (plain,) = History([FIRST]).all_versions("bar", at(1))
    (stored,) = History.of_stored([row_of(FIRST)]).all_versions("bar", at(1))
    assert (plain.payload_text, stored.payload_text) == (None, '{"n":1}')


def test_a_view_of_rows_is_asked_forth_and_back(story: History) -> None:
    """The latest version of each key, in the order in which these became known."""
    bars = {day: story.current("bar", at(day)) for day in (3, 1, 2, 0, 3)}
    assert {day: list(view.items()) for day, view in bars.items()} == {
        3: [("B", AGAIN), ("A", OTHER)],
        2: [("B", FIRST), ("A", OTHER)],
        1: [("B", FIRST)],
        0: [],
    }
    assert list(story.versions("bar", "B", at(3))) == [FIRST, AGAIN]
    assert list(story.versions("bar", "B", at(2))) == [FIRST]
    assert list(story.versions("note", "B", at(3))) == list(story.versions("x", "B", at(3))) == []


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        ({"payload": "{"}, "JSONDecodeError"),
        ({"payload": "[1]"}, "ValueError"),
        ({"payload": "null"}, "ValueError"),
        ({"payload": '{"n":1},{"n":2}'}, "JSONDecodeError|ValueError"),
        ({"occurred_at": "soon"}, "TypeError"),
    ],
    ids=str,
)
def test_a_stored_row_that_cannot_be_read_says_so(damage: dict[str, Any], error: str) -> None:
    """No program of this house writes such a row; one version and all of a kind say the same, and
    none ever gets the payload of its neighbour."""
    row = dict(zip(STORED, row_of(FIRST), strict=True)) | damage
    rows = [tuple(row.values()), row_of(OTHER)]
    first = History.of_stored(rows).all_versions("bar", at(9))[0]
    said = rf"^the record holds a row that cannot be read \(({error})\)$"

    for ask in (lambda: list(History.of_stored(rows)), first.fact):
        with pytest.raises(StoreError) as caught:
            ask()
        assert re.match(said, caught.value.message)


def test_a_reading_is_told_with_its_fact_and_made_once() -> None:
    bars = [
        BARS.fact(make_bar(close=close), occurred_at=at(), known_at=at(day), source="a")
        for day, close in ((2, 152.0), (1, 151.0))
    ]
    history = History(bars)
    told = history.told(BARS, at(2))

    assert list(told) == [(bars[1], make_bar(close=151.0)), (bars[0], make_bar(close=152.0))]
    assert history.told(BARS, at(9))[0][1] is told[0][1]
    assert list(history.told(BARS, at(2, micros=-1))) == list(told)[:1]
    assert list(history.told_by_us(BARS, to_micros(at(2)))) == list(told)
    assert list(history.told_by_us(BARS, to_micros(at(2)) - 1)) == list(told)[:1]
    assert History().told(BARS, at(9)) == ()


def test_running_digests_are_of_the_instant_and_of_what_was_known_of_some_kinds() -> None:
    """By hand: a line ``known:hash`` for each version so far, then the instant."""
    us = [to_micros(at(day)) for day in (0, 1, 2, 3)]
    first, other, again = (f"{to_micros(f.known_at)}:{content_hash(f)}\n" for f in
                           (FIRST, OTHER, AGAIN))  # fmt: skip

    def by_hand(*lines: str) -> str:
        return blake2b("".join(lines).encode(), digest_size=16).hexdigest()

    found = History(STORY).running_digests({"bar"}, us)
    assert found == [
        by_hand(f"{us[0]}"),
        by_hand(first, f"{us[1]}"),
        by_hand(first, other, f"{us[2]}"),
        by_hand(first, other, again, f"{us[3]}"),
    ]
    assert History(STORY).running_digests((), us[:1]) == found[:1]


def test_the_digest_of_a_record_is_of_its_instants_and_contents_in_order() -> None:
    lines = "".join(
        f"{to_micros(f.known_at)}:{content_hash(f)}\n" for f in (FIRST, OTHER, NOTED, AGAIN)
    )
    for day, end in ((3, None), (2, -1)):
        known = "".join(lines.splitlines(keepends=True)[:end])
        assert History(STORY).data_hash(at(day)) == sha256(known.encode()).hexdigest()


def test_what_repeats_the_version_before_it_is_left_out_and_what_returns_is_not() -> None:
    """Of one key: 1, 1 again, 2, 1 again; another key with a version between is another matter."""
    story = [
        make_fact("bar", key, known_at=at(day), payload={"n": n})
        for day, key, n in ((1, "A", 1), (2, "B", 1), (3, "A", 1), (4, "A", 2), (5, "A", 1))
    ]
    for history in (History(story[::-1]), History.of_stored(map(row_of, story[::-1]))):
        assert list(history) == [story[0], story[1], story[3], story[4]]
        assert len(history.cut(at(4))) == 3
        assert history.cut(at(5)) is history
