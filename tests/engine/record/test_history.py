"""A history answers from what was known, whatever the order of arrival."""

from __future__ import annotations

import json
import random
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DataError
from engine.record.content import canonical_json, content_hash, item_version
from engine.record.history import History
from engine.values import Fact
from tests.builders import at, make_fact, make_facts, make_item

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
