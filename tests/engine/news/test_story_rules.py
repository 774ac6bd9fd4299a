"""The rules of stories one by one, on tellings made by hand: who joins, edits, refutes, recurs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from engine.news import stories
from engine.news.stories import Stories
from engine.news.tellings import Telling, ToldItem, jaccard, key_of, tokens
from engine.record.content import item_id
from engine.values import REPEAT, Item, Mood, Stage
from tests.builders import make_event
from tests.engine.news.test_stories import START

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BAN, BAN_TOO = "US bans Nvidia H20 sales", "Washington halts H20 exports"


def told(
    title: str, *, hours: float = 0.0, url: str = "", source: str = "wire", printed: float = 0.0,
    tells: bool = True, unread: bool = False, **label: Any,
) -> ToldItem:  # fmt: skip
    """An item known ``hours`` after the start, printed so many hours before, and its telling."""
    at = START + hours * HOUR
    item = Item(source=source, title=title, url=url, known_at=at, published_at=at - printed * HOUR)
    fields: dict[str, Any] = {
        "item_id": item_id(item), "words": key_of(tokens(title)), "plain": title, "owner": source,
        "grade": "B", "event_type": "export_restriction", "direction": -1, "actor": "US government",
        "stage": Stage.ANNOUNCED, "mood": Mood.FACT, "confidence": 0.9, "objects": (), **label,
    }  # fmt: skip
    return ToldItem(item=item, telling=Telling(**fields), tells=tells, unread=unread)


def kept(*items: ToldItem, curated: tuple[Any, ...] = ()) -> Stories:
    made = Stories(classifier="c", curated=curated)
    made.take(items)
    return made


def ended(made: Stories) -> dict[str, str]:
    """Headline → why it weighs nothing, of every story that was told as fact or rumour."""
    return {e.headline: e.ended for e in made.events() if e.mood in (Mood.FACT, Mood.RUMOUR)}


# --- in what order, and what is given out --------------------------------------------------------


def test_versions_come_out_instant_by_instant_in_the_order_of_print() -> None:
    """Two of one instant by print, then title; a later one that joins makes a second version."""
    late, early = (
        told("B rates", event_type="rates"),
        told("A capex", event_type="capex_cut", printed=2),
    )
    same = told("Zeta prices", event_type="price_war")
    joins = told("A capex now", event_type="capex_cut", hours=1, source="ft")
    made = Stories(classifier="c")
    versions = made.take([joins, late, same, early])

    assert [(at, e.headline, e.n_sources) for at, _, e in versions] == [
        (START, "A capex", 1), (START, "B rates", 1), (START, "Zeta prices", 1),
        (START + HOUR, "A capex", 2),
    ]  # fmt: skip
    assert versions[-1][1] == made.held[versions[-1][1].event_id]
    assert len(versions[-1][1].tellings) == 2
    assert made.take([]) == []
    assert [e.headline for e in made.events()] == ["A capex", "B rates", "Zeta prices"]
    assert [e.headline for e in stories.cluster([joins, late, same, early])] == [
        e.headline for e in sorted(made.events(), key=lambda e: (e.known_at, e.event_id))
    ]


def test_items_of_one_instant_are_ordered_by_print_title_source_and_address() -> None:
    first = told("a", printed=1)
    rest = [
        told("a"), told("b"), told("b", source="x"), told("b", source="x", url="https://u.example")
    ]  # fmt: skip
    assert sorted([*reversed(rest), first], key=stories._order) == [
        first,
        *rest[:1],
        rest[1],
        rest[2],
        rest[3],
    ]
    undated = replace(first, item=replace(first.item, published_at=None))
    assert stories._order(undated)[0] == START


def test_a_story_begins_with_its_words_and_its_instant() -> None:
    first = told(BAN, url="https://u.example/1", printed=3)
    begun = stories._begin(first)
    text = f"{key_of(tokens(BAN))}\x1f{START.isoformat()}"
    assert begun == stories.Story(
        event_id=sha256(text.encode()).hexdigest()[:16], headline=BAN, url="https://u.example/1",
        known_at=START, occurred_at=START - 3 * HOUR, tellings=(first.telling,), gone=(), ended="",
    )  # fmt: skip
    undated = replace(first, item=replace(first.item, published_at=None))
    assert stories._begin(undated).occurred_at == START


def test_stories_of_the_record_are_known_again() -> None:
    """Their words, items and plain words; what is gone is known too, but yields to what stands."""
    first = told(BAN, url="https://u.example/1")
    story = replace(stories._begin(first), gone=("gone",))
    made = Stories(classifier="c", held={story.event_id: story})

    assert made.knows(first.telling.item_id)
    assert not made.knows("other")
    assert made._words == {first.telling.words: story.event_id, "gone": story.event_id}
    assert made.take([told(BAN, hours=300)]) == []
    assert made.repeated == 1
    newer = replace(
        story, event_id="z", known_at=START + DAY, gone=(first.telling.words,), tellings=()
    )
    newer = replace(newer, tellings=(replace(first.telling, words="w2", item_id="i2"),))
    both = Stories(classifier="c", held={"z": newer, story.event_id: story})
    assert both._words[first.telling.words] == story.event_id


# --- told already --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "days", "repeated"),
    [
        *((kind, days, n) for days, n in ((20, 1), (20.01, 0)) for kind in (
            "rates", "nvidia_earnings", "valuation_milestone", "other",
        )),
        ("export_restriction", 400, 1), ("capex_cut", 400, 1),
    ],
)  # fmt: skip
def test_the_same_words_tell_nothing_new_unless_they_recur(
    kind: str, days: float, repeated: int
) -> None:
    made = kept(
        told("Words", event_type=kind),
        told("Words", event_type=kind, hours=24 * days, source="ft"),
    )
    assert made.repeated == repeated
    assert len(made.held) == 2 - repeated


def test_archive_and_late_repeats_are_counted_and_kept_as_repeats() -> None:
    made = kept(told(BAN, printed=24 * 8))
    assert (made.repeated, ended(made)) == (1, {BAN: REPEAT})
    by_address = kept(told(BAN, url="https://u.example/2024/01/01/a"))
    assert (by_address.repeated, ended(by_address)) == (1, {BAN: REPEAT})
    undated = told(BAN)
    undated = replace(undated, item=replace(undated.item, published_at=None))
    assert ended(kept(undated)) == {BAN: ""}


@pytest.mark.parametrize(
    ("hours", "changes", "repeat"),
    [
        (-80, {}, True),
        (-97, {}, True),  # a day before it was printed, 73 hours ago
        (-97.01, {}, False),
        (0, {}, False),  # not before it was seen
        (-0.01, {}, True),
        (-80, {"direction": 1}, False),
        (-80, {"event_type": "china_purchase_ban"}, True),  # one voice
        (-80, {"event_type": "capex_cut"}, False),
        (-80, {"ended": "refuted"}, False),
    ],
)
def test_a_late_item_is_compared_with_the_curated_events_too(
    hours: float, changes: dict[str, Any], repeat: bool
) -> None:
    known = make_event("export_restriction", known_at=START + hours * HOUR)
    made = kept(told(BAN, printed=73), curated=(replace(known, **changes),))
    assert ended(made) == {BAN: REPEAT if repeat else ""}


# --- edits ---------------------------------------------------------------------------------------

URL = "https://u.example/1"


def test_an_edit_replaces_its_telling_and_keeps_its_owner() -> None:
    first, other = told(BAN, url=URL), told(BAN_TOO, hours=1, source="ft")
    edit = told(
        BAN + " now", url=URL, hours=2, source="paper", grade="C", confidence=0.8, objects=("h20",)
    )
    made = kept(first, other, edit)
    (story,) = made.held.values()

    assert story.tellings == (
        replace(edit.telling, owner="wire", grade="B"), other.telling,
    )  # fmt: skip
    assert story.gone == (first.telling.words,)
    assert (story.ended, story.headline) == ("", BAN)
    assert made.texts[edit.telling.item_id].telling.owner == "wire"
    assert made.repeated == 0
    again = kept(first, other, edit, told(BAN, hours=3, source="x"))
    assert again.repeated == 1  # the words that are gone were told


@pytest.mark.parametrize(
    ("edit", "result"),
    [
        # the same words, or what cannot be read, change nothing
        ({"title": BAN}, {BAN: ""}),
        ({"title": BAN + " x", "unread": True, "tells": False}, {BAN: ""}),
        # unless it takes the report back
        ({"title": BAN + " x", "unread": True, "tells": False, "mood": Mood.DENIAL},
         {BAN: "withdrawn"}),
        ({"title": BAN + " x", "tells": False, "mood": Mood.CORRECTION}, {BAN: "corrected"}),
        # a story that no longer tells is withdrawn, one of another sense corrected
        ({"title": BAN + " x", "tells": False}, {BAN: "withdrawn"}),
        ({"title": BAN + " x", "direction": 1}, {BAN: "corrected", BAN + " x": ""}),
        ({"title": BAN + " x", "event_type": "capex_cut"}, {BAN: "corrected", BAN + " x": ""}),
        ({"title": BAN + " x", "event_type": "china_purchase_ban"}, {BAN: ""}),  # one voice
        # a different report under the address is no edit, unless they name one thing
        ({"title": "Fed holds", "event_type": "rates"}, {BAN: "", "Fed holds": ""}),
        ({"title": "Fed holds", "event_type": "rates", "objects": ("h20",)},
         {BAN: "corrected", "Fed holds": ""}),
    ],
)  # fmt: skip
def test_an_edit_may_polish_withdraw_correct_or_be_another_report(
    edit: dict[str, Any], result: dict[str, str]
) -> None:
    first = told(BAN, url=URL, objects=("h20", "uae"))
    assert ended(kept(first, told(hours=1, url=URL, **edit))) == result


def test_what_is_the_same_report_shares_a_third_of_its_words() -> None:
    """0.34: of 3 words in 9 it is another, of 3 in 8 it is the same."""
    first = told("kaa kbb kcc kdd kee", url=URL)
    assert stories.SHARED_WORDS == 0.34
    other = told("kaa kbb kcc kff kgg khh kii", url=URL, hours=1, direction=1)  # 3 of 9
    same = told("kaa kbb kcc kff kgg khh", url=URL, hours=1, direction=1)  # 3 of 8
    assert ended(kept(first, other))[first.item.title] == ""
    assert ended(kept(first, same))[first.item.title] == "corrected"


def test_a_story_of_two_outlives_the_edit_of_one() -> None:
    first, other = told(BAN, url=URL), told(BAN_TOO, hours=1, source="ft")
    back = told(BAN + " x", url=URL, hours=2, tells=False, mood=Mood.DENIAL)
    made = kept(first, other, back)
    (story,) = made.held.values()
    assert (story.tellings, story.ended) == ((other.telling,), "")
    assert story.gone == (first.telling.words, back.telling.words)
    assert not made.knows(first.telling.item_id)


def test_the_last_telling_stays_in_a_story_that_ends() -> None:
    first = told(BAN, url=URL)
    back = told(BAN + " x", url=URL, hours=2, tells=False, mood=Mood.DENIAL)
    (story,) = kept(first, back).held.values()
    assert (story.tellings, story.ended) == ((first.telling,), "withdrawn")
    turned = told(BAN + " x", url=URL, hours=2, direction=1)
    old, new = kept(first, turned).held.values()
    assert (old.gone, old.ended) == ((first.telling.words,), "corrected")
    assert (new.tellings, new.ended) == ((turned.telling,), "")


def test_an_edit_of_what_ended_ends_it_no_other_way() -> None:
    first = told(BAN, url=URL, printed=24 * 8)
    back = told(BAN + " x", url=URL, hours=2, tells=False)
    assert ended(kept(first, back)) == {BAN: REPEAT}


# --- refutations ---------------------------------------------------------------------------------


def denial(hours: float = 1, **changes: Any) -> ToldItem:
    return told(
        "Report of H20 sales ban is false",
        **{"hours": hours, "tells": False, "mood": Mood.DENIAL, "direction": 1, "source": "afp",
           "objects": ("h20",), **changes},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("story", "denied", "why"),
    [
        ({}, {}, "refuted"),
        ({}, {"mood": Mood.CORRECTION}, "corrected"),
        ({"grade": "A"}, {}, ""),  # the issuer itself told it
        ({"direction": 0}, {}, ""),  # no step of a sense
        # of its voice, or filed where what names no step is filed
        ({}, {"event_type": "china_purchase_ban"}, "refuted"),
        ({}, {"event_type": "capex_cut"}, ""),
        ({}, {"event_type": "other"}, "refuted"),
        ({}, {"event_type": "nvidia_earnings"}, "refuted"),
        # a denial may name what it denies with its sign, a correction says what now holds
        ({}, {"direction": -1}, "refuted"),
        ({}, {"direction": -1, "event_type": "china_purchase_ban"}, ""),
        ({}, {"direction": -1, "mood": Mood.CORRECTION}, ""),
        # the same object where both name one
        ({}, {"objects": ("h200",)}, ""),
        ({}, {"objects": ("h200", "h20")}, "refuted"),
        ({"objects": ()}, {"objects": ("h200",)}, "refuted"),  # the words decide: 2 of 7
        ({}, {"objects": ()}, "refuted"),
        # ten days
        ({}, {"hours": 240}, "refuted"), ({}, {"hours": 240.01}, ""),
    ],
)  # fmt: skip
def test_a_refutation_ends_what_it_speaks_of(
    story: dict[str, Any], denied: dict[str, Any], why: str
) -> None:
    first = told(BAN, **{"objects": ("h20",), **story})
    made = kept(first, denial(**denied))
    assert ended(made)[BAN] == why
    assert len(made.held) == 2


def test_without_objects_a_sixth_of_the_words_is_shared() -> None:
    """Half of 0.34: 2 of 11 words (0.18) are enough, 2 of 12 (0.167) are not."""
    first = told("kaa kbb kcc kdd kee")
    near = denial(objects=())
    for more, why in (("kff kgg khh kii kjj kkk", "refuted"), ("kff kgg khh kii kjj kkk kll", "")):
        title = "kaa kbb " + more
        one = replace(near, item=replace(near.item, title=title))
        assert ended(kept(first, one))[first.item.title] == why


def test_a_denial_ends_no_story_again_and_is_kept() -> None:
    first = told(BAN, objects=("h20",))
    correction = denial(2, mood=Mood.CORRECTION, words="w", source="ap")
    made = kept(first, denial(1), correction)
    assert ended(made) == {BAN: "refuted"}
    assert sorted(e.mood for e in made.events()) == ["correction", "denial", "fact"]


# --- which story ---------------------------------------------------------------------------------


def test_a_reprint_takes_the_owner_of_what_it_reprints_unless_it_is_the_source_itself() -> None:
    first = told("kaa kbb kcc kdd kee kff kgg")
    reprint = told("kaa kbb kcc kdd kee kff kgg khh", hours=1, source="paper", grade="C")  # 7 of 8
    (story,) = kept(first, reprint).held.values()
    assert story.tellings[1] == replace(reprint.telling, owner="wire", grade="B")
    own = replace(reprint, telling=replace(reprint.telling, grade="A"))
    (story,) = kept(first, own).held.values()
    assert story.tellings[1].owner == "paper"
    loose = told("kaa kbb kcc kdd kee kxx kyy", hours=1, source="paper", grade="C")  # 5 of 9
    (story,) = kept(first, loose).held.values()
    assert story.tellings[1].owner == "paper"


def test_the_most_alike_story_is_joined_and_the_first_of_equals() -> None:
    """A capex story of 5 words shared beats one of 4."""
    label: dict[str, Any] = {"event_type": "capex_cut", "actor": "m"}
    far = told("kaa kbb kcc kdd kxx kyy", **label, url="https://u.example/1")
    near = told(
        "kaa kbb kcc kee kff kzz", hours=1, **{**label, "actor": "n"}, url="https://u.example/2"
    )
    asks = told("kaa kbb kcc kdd kee kff", hours=2, source="ft", **label)
    made = kept(far, near, asks)
    assert [len(s.tellings) for s in made.held.values()] == [2, 1]  # near has another actor


@pytest.mark.parametrize(
    ("kind", "hours", "changes", "n"),
    [
        ("capex_cut", 24 * 90, {}, 1), ("capex_cut", 24 * 90.01, {}, 2),
        ("capex_cut", 96, {"direction": 1}, 2), ("capex_cut", 96, {"event_type": "rates"}, 2),
        ("export_relief", 24 * 30, {"event_type": "export_restriction"}, 1),
        ("rates", 96, {}, 1), ("rates", 96.01, {}, 2), ("other", 96.01, {}, 2),
        ("capex_cut", 24, {"source": "ft", "owner": "ft"}, 2),
    ],
)  # fmt: skip
def test_an_owners_new_figures_are_an_update_for_ninety_days(
    kind: str, hours: float, changes: dict[str, Any], n: int
) -> None:
    """The same words but for the figures; what recurs is another meeting after 96 hours."""
    first = told("kaa kbb 7", event_type=kind, plain="same")
    again = told(
        "qxx qyy qzz 8", **{"event_type": kind, "hours": hours, "plain": "same", **changes}
    )
    assert len(kept(first, again).held) == n


def test_an_update_of_what_ended_is_news() -> None:
    first = told("kaa kbb 7", plain="same", printed=24 * 8)
    again = told("qxx qyy qzz 8", plain="same", hours=1)
    assert len(kept(first, again).held) == 2


CAPEX = {"event_type": "capex_cut"}


# --- likeness and vetoes -------------------------------------------------------------------------


def pair(
    a: str, b: str, one: dict[str, Any] | None = None, two: dict[str, Any] | None = None
) -> Any:
    return told(a, **(one or {})), told(b, **(two or {}))


@pytest.mark.parametrize(
    ("a", "b", "two", "base"),
    [
        (
            "kaa kbb kcc kdd kee kff kgg",
            "kaa kbb kcc kdd kee kff kgg khh",
            {},
            2.0,
        ),  # 7 of 8: 0.875
        ("kaa kbb kcc kdd kee kff", "kaa kbb kcc kdd kee kff kgg khh", {"actor": "x"}, 0.0),  # 0.75
        ("H20 one two three", "H20 four five six", {"actor": "x"}, 1.0),  # a chip
        ("Nvidia 7 one two", "Nvidia 7 four five", {"actor": "x"}, 1.0),  # a figure and a company
        ("Nvidia 7 one two", "Nvidia 8 four five", {"actor": "x"}, 0.0),
        ("Nvidia 7 one two", "AMD 7 four five", {"actor": "x"}, 0.0),
        ("one two three", "one two four", {}, 0.0),  # 2 of 4: as alike as it is
        ("one two three", "one two four", {"actor": "x"}, None),
        ("one two three", "one two four", {"event_type": "rates"}, None),
        ("one two three", "one four five", {}, None),  # 1 of 5
    ],
)
def test_likeness_is_by_words_then_by_names_then_by_voice_and_actor(
    a: str, b: str, two: dict[str, Any], base: float | None
) -> None:
    one, other = pair(a, b, None, two)
    alike = jaccard(one.content, other.content)
    expected = 0.0 if base is None or (base == 0.0 and two) else base + alike
    assert stories._likeness(one, other) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("a", "b", "one", "two", "apart"),
    [
        ("x", "y", {}, {}, False),
        # label: one sense and voice, or one of them unsure (below 0.7)
        ("x", "y", {}, {"direction": 1}, True),
        ("x", "y", {}, {"direction": 1, "confidence": 0.69}, True),  # opposed in one voice
        ("x", "x", {}, {"direction": 1, "confidence": 0.69}, False),  # but in the same words
        ("x", "x", {}, {"direction": 1, "confidence": 0.7}, True),
        ("x", "y", {}, {"direction": 0, "confidence": 0.69}, False),
        ("x", "y", {"confidence": 0.69}, {"direction": 0}, False),
        ("x", "y", {}, {"direction": 0}, True),
        ("x", "y", {}, {"event_type": "capex_cut"}, True),
        ("x", "y", {}, {"event_type": "capex_cut", "confidence": 0.5}, False),
        ("x", "y", {}, {"event_type": "capex_cut", "direction": 1, "confidence": 0.5}, False),
        ("x", "y", {}, {"event_type": "china_purchase_ban"}, False),  # one voice
        # other chips, figures, companies, verbs
        ("H20 x", "H200 x", {}, {}, True), ("H20 x", "H20 H200 x", {}, {}, False),
        ("7 x", "8 x", {}, {}, False),  # steps of policy are not told by figures
        ("7 x", "8 x", CAPEX, CAPEX, True),
        ("7 x", "x", CAPEX, CAPEX, False),
        ("Nvidia x", "AMD x", {}, {}, False),
        ("Nvidia x", "AMD x", CAPEX, CAPEX, True),
        ("Nvidia x", "AMD Nvidia x", CAPEX, CAPEX, False),
        ("Nvidia x", "x", CAPEX, CAPEX, False),
        ("7 x", "8 x", {"confidence": 0.5}, {"event_type": "capex_cut"}, True),  # one is no step
        ("US restricts chips", "US allows chips", {}, {}, True),
    ],
)  # fmt: skip
def test_what_names_other_things_is_kept_apart(
    a: str, b: str, one: dict[str, Any], two: dict[str, Any], apart: bool
) -> None:
    first, second = pair(a, b, one, two)
    assert stories.vetoed(first, second) is apart
    assert stories.vetoed(second, first) is apart


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("restrict", "relax -restrict ~restrict -rule -licence"), ("raise", "cut hold"),
        ("cut", "hold raise"), ("beat", "miss"), ("launch", "delay"), ("adopt", "~adopt"),
        ("dovish", "hawkish"), ("probe", "~probe -probe"),
    ],
)  # fmt: skip
def test_the_opposed_verbs_are_these(left: str, right: str) -> None:
    every = {w for a, b in stories._OPPOSED for w in a | b}
    for word in every:
        apart = stories._one_sided(frozenset({left}), frozenset({word}))
        assert apart is (word in right.split()), word


def test_the_windows_change_on_purpose_only() -> None:
    """Judgements, by their notes."""
    assert (stories.STORY_WINDOW, stories.HELD) == (96 * HOUR, 90 * DAY)
    assert (stories.RECURRENT_HELD, stories.REFUTED_WITHIN) == (20 * DAY, 10 * DAY)
    assert (stories.NEWS_AGE, stories.LATE, stories._BEFORE_PRINT) == (7 * DAY, 3 * DAY, DAY)
    assert (stories.NEAR_VERBATIM, stories.SHARED_WORDS, stories.SURE) == (0.85, 0.34, 0.7)


@pytest.mark.parametrize(
    ("path", "old"),
    [
        ("/2025/7/7/x", True), ("/2025/07/08/x", False), ("/2025/07/0/x", False),
        ("/2025/06/28", True), ("/2025/06/x", True), ("/2025/06", False),
        ("/2024/12/x", True), ("/2026/01/01", False),
        ("/1999/x", True), ("/20250701/x", False),
    ],
)  # fmt: skip
def test_a_path_names_a_day_a_month_or_a_year(path: str, old: bool) -> None:
    """Known on 15 July 2025: a week before is the 8th."""
    seen = datetime.fromisoformat("2025-07-15T02:30:00+00:00")
    assert stories.old_address("https://x.example" + path, seen) is old


# --- exactly at the bound of words ---------------------------------------------------------------


def words(count: int, letter: str) -> str:
    """So many words of no meaning, all different from those of another letter."""
    return " ".join(f"q{letter}{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(count))


def sharing(shared: int, of: int) -> tuple[str, str]:
    """Two titles with ``shared`` words in common of ``of`` in all."""
    both, left = words(shared, "s"), (of - shared) // 2
    return f"{both} {words(left, 'l')}", f"{both} {words(of - shared - left, 'r')}"


def test_the_bounds_of_shared_words_are_taken_in() -> None:
    """17 of 20 are 0.85, 17 of 50 are 0.34, 17 of 100 half of that."""
    near = pair(*sharing(17, 20), {}, {"actor": "x"})
    assert stories._likeness(*near) == pytest.approx(2.85)
    third = pair(*sharing(17, 50))
    assert stories._likeness(*third) == pytest.approx(0.34)
    (story,) = kept(
        near[0], replace(near[1], telling=replace(near[1].telling, item_id="i", owner="o"))
    ).held.values()
    assert [t.owner for t in story.tellings] == ["wire", "wire"]  # a reprint
    opposed = pair(*sharing(17, 20), {}, {"direction": 1, "confidence": 0.6})
    assert not stories.vetoed(*opposed)
    first, second = sharing(17, 50)
    edited = kept(told(first, url=URL), told(second, url=URL, hours=1, direction=1))
    assert ended(edited)[first] == "corrected"
    first, second = sharing(17, 100)
    refuted = kept(told(first), denial(objects=(), hours=1))
    assert ended(refuted)[first] == ""
    about = denial(objects=())
    about = replace(about, item=replace(about.item, title=second))
    assert ended(kept(told(first), about))[first] == "refuted"


# --- who may be joined ---------------------------------------------------------------------------

OTHER_WORDS = "H20 kaa kbb"


def test_a_story_whose_words_are_not_known_is_joined_by_nobody() -> None:
    story = stories._begin(told(BAN))
    made = Stories(classifier="c", held={story.event_id: story})
    made.take([told(OTHER_WORDS, hours=1, source="ft")])
    assert len(made.held) == 2


def test_a_story_is_open_from_when_it_was_known() -> None:
    """Printed two days before it was seen: 96 hours from then on, not from its print."""
    first = told(BAN, printed=48)
    assert len(kept(first, told(OTHER_WORDS, hours=60, source="ft")).held) == 1


def test_what_ended_and_what_refutes_is_joined_by_nobody() -> None:
    first = told(BAN, objects=("h20",))
    assert len(kept(first, denial(1), told(OTHER_WORDS, hours=3, source="ft")).held) == 3
    alone = denial(0, direction=-1)
    assert len(kept(alone, told(OTHER_WORDS, hours=3, source="ft")).held) == 2
    assert len(kept(first, told(OTHER_WORDS, hours=3, source="ft")).held) == 1


def test_one_member_that_names_another_thing_keeps_an_item_out() -> None:
    """H200 fits the second telling, which names both, and not the first."""
    first, both = told("H20 kaa"), told("H20 H200 kbb", hours=1, source="ft")
    assert len(kept(first, both).held) == 1
    assert len(kept(first, both, told("H200 kcc", hours=2, source="afp")).held) == 2


def test_of_equals_the_story_known_first_is_joined() -> None:
    """Whatever their order on record and whenever they were printed."""
    first = told("H20 kaa", actor="a")
    second = told("H20 B30A kbb", hours=1, printed=10, source="ft", direction=0, actor="b")
    made = kept(first, second)
    assert len(made.held) == 2
    again = Stories(classifier="c", held=dict(reversed(made.held.items())), texts=made.texts)
    asks = told("H20 kcc", hours=2, source="afp", direction=0, confidence=0.5)
    again.take([asks])
    joined = next(s for s in again.held.values() if len(s.tellings) == 2)
    assert joined.known_at == START


def test_a_refutation_is_refuted_by_none_and_reaches_its_own_instant() -> None:
    first = told(BAN, objects=("h20",))
    later = denial(2, direction=-1, words="w", source="ap")
    made = kept(first, denial(1), later)
    assert [e.ended for e in made.events()] == ["refuted", "", ""]
    at_once = replace(denial(0), item=replace(denial(0).item, title="zzz H20 sales"))
    assert ended(kept(first, at_once)) == {BAN: "refuted"}


def test_events_come_in_the_order_in_which_they_were_known() -> None:
    first, second = (
        told("kaa", event_type="rates"),
        told("kbb", event_type="capex_cut", hours=1, printed=5),
    )
    assert [e.headline for e in stories.cluster([second, first])] == ["kaa", "kbb"]


def test_an_event_is_about_all_that_its_tellers_name_in_order() -> None:
    one = told(BAN, objects=("uae", "h20", "rubin")).telling
    two = told(BAN, objects=("b30a", "india", "h20")).telling
    story = replace(stories._begin(told(BAN)), tellings=(one, two))
    assert stories.event_of(story, "c").objects == ("b30a", "h20", "india", "rubin", "uae")


def test_a_month_of_28_days_is_a_month() -> None:
    seen = datetime.fromisoformat("2025-07-15T02:30:00+00:00")
    assert stories.old_address("https://x.example/2025/02/x", seen)
