"""Steps, parties and senses with a small grammar, on lines made by hand.

The table below stands in the place of ``frames.toml``: few verbs, few words of grammar, and one
frame of each kind, so that every rule can be met alone, at its bound and beyond it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.errors import UnknownNameError
from engine.news import frames
from engine.news.frames import Step, ToldStep
from engine.news.reading import Reading, column_of, columns
from tests.engine.news.lines import line

TABLE: dict[str, Any] = {
    "did": {
        "bars": {"sense": -1, "verbs": "bars; ban; limit; banned; halted; barring; shuts out"},
        "asks": {
            "sense": -1, "verbs": "", "pairs": [["tells", "stop; limit"], ["needs", "permit"]],
        },
        "ends": {"sense": 0, "turns": ["barriers", "openings"], "verbs": "ends; lifted; idles"},
        "force": {"sense": -1, "verbs": "", "passives": [["curbs", "imposed"]]},
        "frees": {"sense": 1, "verbs": "frees; off bars; allows"},
        "probes": {"sense": -1, "verbs": "probes"},
        "shuns": {"sense": -1, "verbs": "shuns"},
        "makes": {"sense": 0, "verbs": "ships"},
    },
    "matters": {"courts": "lawsuit; court case", "crypto": "mining"},
    "frames": {
        "export_restriction export_relief": [
            {"who": "us_gov|congress", "did": "bars asks ends force frees",
             "what": "nvidia|chip|huawei, !gulf", "not_about": "courts crypto"},
            {"who": "nvidia", "did": "asks", "what": "nvidia"},
        ],
        "regulatory_probe": [{"who": "regulator", "did": "probes", "what": "nvidia"}],
        "china_purchase_ban": [{"who": "cn_gov", "did": "shuns ends", "what": "nvidia"}],
        "domestic_chip_launch": [{"who": "huawei", "did": "makes", "what": "huawei"}],
        "domestic_chip_adoption": [{"who": "cn_lab", "did": "bars", "what": "huawei"}],
    },
    "grammar": {
        "nouns": "ban; limit; halted; needs", "before_verbs": "to; will",
        "before_nouns": "the; new", "others": "hits; is",
        "wishes": "hopes; urges", "asked": "should", "after_nouns": "on; of",
        "reversals": "rollback", "barriers": "curbs; ban; idles",
        "openings": "sales; permits", "aside": "amid", "links": "on; of", "branches": "arm",
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table in the place of the file, and nothing kept of columns looked up before."""
    with monkeypatch.context() as patch:
        patch.setattr(frames, "read_data", {"frames.toml": TABLE}.__getitem__)
        book = frames._book.__wrapped__()
    monkeypatch.setattr(frames, "_book", lambda: book)
    monkeypatch.setattr(frames, "_verbs", frames._verbs.__wrapped__)
    for kept in ("openers", "rivals", "ours", "things", "outsiders", "deciders"):
        getattr(frames, f"_{kept}").cache_clear()


def steps(text: str | Reading, kind: str) -> list[tuple[str, int]]:
    """Words and sense of every step of one kind."""
    made = line(text) if isinstance(text, str) else text
    found = frames._Line(made).steps(kind)
    assert all(step.kind == kind for step in found)
    return [(" ".join(made.words[s.first : s.last]), s.sense) for s in found]


def told(text: str | Reading, event_type: str = "export_restriction") -> list[tuple[str, int]]:
    """Words and sense of every step of one type."""
    made = line(text) if isinstance(text, str) else text
    return [
        (" ".join(made.words[s.first : s.last]), sense)
        for s, sense in frames.told(made, event_type)
    ]


# --- the table -----------------------------------------------------------------------------------


def test_the_table_is_read_as_it_is_written() -> None:
    book = frames._book()
    at = column_of()
    assert set(book.kinds) == set(TABLE["did"])
    ends = book.kinds["ends"]
    assert (ends.name, ends.sense, ends.turns) == ("ends", 0, ("barriers", "openings"))
    assert (ends.pairs, ends.passives) == ((), ())
    assert len(book.kinds["asks"].pairs) == 2
    assert len(book.kinds["force"].passives) == 1
    (frame, _) = book.frames["export_relief"]
    assert frame.who == book.frames["export_restriction"][0].who
    assert [len(rows) for rows in book.frames.values()] == [2, 2, 1, 1, 1, 1]
    assert frame.who == {at["us_gov"], at["congress"]}
    assert {at["us_gov"], at["nvidia"], at["stock"], at["analyst"]} <= frame.named
    assert at["restrict"] not in frame.named
    assert frame.did == ("bars", "asks", "ends", "force", "frees")
    assert frame.objects == {at["nvidia"], at["chip"], at["huawei"]}
    assert len(frame.not_about) == 2
    assert book.frames["regulatory_probe"][0].not_about == frozenset()
    assert at["stock"] in book.parties


def test_what_the_table_must_not_hold_is_named_with_the_nearest() -> None:
    with pytest.raises(
        UnknownNameError, match=r"event type in frames.toml 'export_relif'"
    ) as wrong:
        frames._frames({"rates export_relif": []}, set(), {}, frozenset())
    assert wrong.value.suggestion == "export_relief"
    row = {"who": "us_gov", "did": "bars bans", "what": "chip"}
    with pytest.raises(UnknownNameError, match=r"kind of step in frames.toml 'bans'") as wrong:
        frames._frame(row, {"bars", "frees"}, {}, frozenset())
    assert wrong.value.suggestion == "bars"
    frame = frames._frame({**row, "did": "bars"}, {"bars"}, {"m": 3}, frozenset({5}))
    assert frame.who == {column_of()["us_gov"]}
    assert frame.named == {column_of()["us_gov"], 5}
    assert (frame.did, frame.not_about) == (("bars",), frozenset())
    assert frame.what.names == (frozenset({column_of()["chip"]}),)


# --- verbs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "word", "is_verb"),
    [
        ("x bars y", "bars", True),
        ("x shuts out y", "shuts out", True),
        # a noun at the start is one before *on* or *of*, behind *the*, and before another verb
        ("ban y", "ban", True),
        ("ban on y", "ban", False),
        ("x ban y", "ban", True),
        ("x ban on y", "ban", False),
        ("the ban y", "ban", False),
        ("x to ban on y", "ban", True),
        ("x 6 ban y", "ban", False),
        ("x ban hits y", "ban", False),
        ("x ban y is", "ban", False),
        ("x ban y, is", "ban", True),  # in another clause
        ("hits ban y", "ban", True),  # before it
        # behind a verb it is what that acts on
        ("x bars limit y", "limit", False),
        ("x bars, limit y", "limit", True),
        # behind a thing too, unless another follows or a party of three words and more ends there
        ("x=chip ban y", "ban", False),
        ("x=ai_chips ban y", "ban", False),
        ("x=export ban y", "ban", False),
        ("x=stock ban y", "ban", True),
        ("x=chip ban y=chip", "ban", True),
        ("x=chip ban, y=chip", "ban", False),
        ("a_chip_bureau=regulator+chip ban y", "ban", True),
        ("chip_bureau=regulator+chip ban y", "ban", False),
        ("a_chip_bureau=earnings+chip ban y", "ban", False),
        # in -ed with *by* behind it, it is no noun
        ("x=chip halted by y", "halted", True),
        ("x=chip halted on y", "halted", False),
        ("x=chip ban by y", "ban", False),
        # in -ing somebody must be doing it
        ("barring y", "barring", False),
        ("x barring y", "barring", False),
        ("x is barring y", "barring", True),
        ("x=us_gov barring y", "barring", True),
        ("x=us_gov a barring y", "barring", False),
    ],
)
def test_a_verb_is_told_from_a_noun(text: str, word: str, is_verb: bool) -> None:
    assert ((word, -1) in steps(text, "bars")) is is_verb


def test_a_part_of_a_compound_is_no_verb() -> None:
    """*large-bars*; a hyphen before the first word makes none."""
    plain = line("large bars y")
    assert steps(plain, "bars") == [("bars", -1)]
    assert steps(replace(plain, text="large-bars y"), "bars") == []
    first = line("bars y")
    assert steps(replace(first, text="-bars y"), "bars") == [("bars", -1)]


def test_in_chinese_every_listed_word_is_a_verb() -> None:
    assert steps(line("the ban on y", glossed=True), "bars") == [("ban", -1)]


def test_a_step_knows_its_words() -> None:
    found = frames._Line(line("x bars y, shuts out y")).steps("bars")
    assert found == (
        Step(1, 2, "bars", -1, phrase=False, pair=False),
        Step(3, 5, "bars", -1, phrase=True, pair=False),
    )
    assert frames._Line(line("x tells y stop")).steps("asks") == (
        Step(1, 4, "asks", -1, phrase=False, pair=True),
    )
    assert frames._Line(line("curbs y imposed")).steps("force") == (
        Step(0, 3, "force", -1, phrase=False, pair=True),
    )
    assert Step(0, 1, "bars", -1) == Step(0, 1, "bars", -1, phrase=False, pair=False)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x tells stop", "tells stop"),
        ("x tells a b c d e f g h stop", "tells a b c d e f g h stop"),  # eight words between
        ("x tells a b c d e f g h i stop", ""),
        ("x stop tells", ""),  # before it
        ("x tells a stop limit", "tells a stop"),  # the nearest
        ("x tells a limit rollback", ""),  # the end of one
        ("x tells a limit rollback stop", "tells a limit rollback stop"),
        ("x needs stop", ""),  # what completes another verb
        ("x needs permit", "needs permit"),
        ("the needs permit", ""),  # a noun there
        ("x tells a, stop", ""),  # another clause
        ("x tells a, to stop", "tells a to stop"),  # that an infinitive joins
        ("x tells a, to b, to stop", "tells a to b to stop"),
        ("x tells a, to b, c stop", ""),
        ("amid a tells stop", ""),  # aside
        ("amid a, x tells stop", "tells stop"),
        ("tells amid stop", "tells amid stop"),  # what is aside begins behind the verb
    ],
)
def test_a_verb_is_completed_within_eight_words_of_its_clause(text: str, found: str) -> None:
    assert steps(text, "asks") == ([(found, -1)] if found else [])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("curbs imposed", "curbs imposed"), ("the curbs a imposed", "curbs a imposed"),
        ("imposed curbs", ""), ("curbs, imposed", ""), ("amid curbs imposed", ""),
        ("curbs a b c d e f g h imposed", "curbs a b c d e f g h imposed"),
        ("curbs a b c d e f g h i imposed", ""), ("curbs", ""),
    ],
)  # fmt: skip
def test_a_passive_begins_with_what_is_acted_on(text: str, found: str) -> None:
    assert steps(text, "force") == ([(found, -1)] if found else [])


def test_a_verb_aside_tells_no_step() -> None:
    assert steps("amid x bars y", "bars") == []
    assert steps("amid x, y bars z", "bars") == [("bars", -1)]
    assert steps("x bars amid y", "bars") == [("bars", -1)]


@pytest.mark.parametrize(
    ("text", "sense"),
    [
        ("x ends curbs", 1), ("x ends sales", -1), ("x ends y", 0),
        ("x ends sales curbs", 1),  # of things that stand together the last says what they are
        ("x ends curbs sales", -1),
        ("x ends curbs of sales", 1),  # and not of those that do not
        ("x ends sales of curbs", -1),
        ("x ends a b c d e f g h curbs", 1),  # eight words behind
        ("x ends a b c d e f g h i curbs", 0),
        ("x ends, curbs", 0), ("curbs, x ends", 0),  # in another clause
        # the passive: what stands before, the last of it unless a preposition makes it a complement
        ("curbs lifted", 1), ("sales lifted", -1), ("curbs sales lifted", -1),
        ("curbs on sales lifted", 1), ("sales of curbs lifted", -1),
        ("curbs on a sales lifted", 1), ("on curbs sales lifted", -1),
        ("curbs sales of ban lifted", -1),
        ("curbs lifted sales", -1),  # what follows stands above it
        ("x idles y", 0), ("x idles sales", -1),  # it does not act on itself
    ],
)  # fmt: skip
def test_what_is_undone_decides_the_sense(text: str, sense: int) -> None:
    assert [s for _, s in steps(text, "ends")] == [sense]


# --- who, what, and what else --------------------------------------------------------------------

BAR = "us=us_gov bars nvidia=nvidia"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BAR, "bars"),
        ("fed=fed bars nvidia=nvidia", ""),  # no power
        ("us=us_gov bars x", ""),  # no object
        ("us=us_gov bars nvidia=nvidia gulf=gulf", ""),  # the condition on the whole line
        # who is nearest before the step in its clause
        ("fed=fed us=us_gov bars nvidia=nvidia", "bars"),
        ("us=us_gov fed=fed bars nvidia=nvidia", ""),
        ("us=us_gov+fed bars nvidia=nvidia", "bars"),  # one name of two
        ("us=fed+us_gov bars nvidia=nvidia", "bars"),
        ("fed=fed, us=us_gov bars nvidia=nvidia", "bars"),
        ("us=us_gov, fed=fed bars nvidia=nvidia", ""),
        # else before the clause, where analysts and shares take none
        ("us=us_gov, bars nvidia=nvidia", "bars"),
        ("fed=fed, bars nvidia=nvidia us=us_gov", ""),
        ("x=stock, bars nvidia=nvidia us=us_gov", "bars"),
        ("us=us_gov x=stock, bars nvidia=nvidia", "bars"),
        ("us=us_gov x=stock bars nvidia=nvidia", ""),  # in its clause they are who is named
        # else behind it
        ("bars nvidia=nvidia us=us_gov", "bars"),
        ("bars nvidia=nvidia fed=fed", ""),
        # a branch is no country
        ("us=us_gov arm china=china bars nvidia=nvidia", "bars"),
        ("us=us_gov x china=china bars nvidia=nvidia", ""),
        # who speaks the whole line, if it can decide
        ("us=us_gov says: fed=fed bars nvidia=nvidia", "bars"),
        ("congress=congress: fed=fed bars nvidia=nvidia", ""),
        # a wish is no step, unless a government has it
        ("us=us_gov hopes x bars nvidia=nvidia", "bars"),
        ("fed=fed hopes us=us_gov bars nvidia=nvidia", ""),
        ("us=us_gov, x hopes bars nvidia=nvidia", ""),
        ("fed=fed hopes, us=us_gov bars nvidia=nvidia", "bars"),  # in another clause
        ("us=us_gov bars nvidia=nvidia hopes", "bars"),  # behind it
        ("us=congress hopes us=us_gov bars nvidia=nvidia", ""),
        ("us=us_gov+congress urges bars nvidia=nvidia", ""),  # a lawmaker asks
        # what a government should do is no step
        ("us=us_gov should bars nvidia=nvidia", ""),
        ("fed=fed should us=us_gov bars nvidia=nvidia", "bars"),
        ("us=us_gov bars nvidia=nvidia should", "bars"),
        ("us=us_gov should, us=us_gov bars nvidia=nvidia", "bars"),
        # another matter silences its clause, and the line unless it stands in the background
        ("us=us_gov bars nvidia=nvidia lawsuit", ""),
        ("us=us_gov bars nvidia=nvidia, x mining", ""),
        ("us=us_gov bars nvidia=nvidia after=background lawsuit", "bars"),
        ("us=us_gov bars nvidia=nvidia as=subordinate lawsuit", "bars"),
        ("us=us_gov bars nvidia=nvidia after=background x, lawsuit", ""),
        ("after=background us=us_gov bars nvidia=nvidia lawsuit", ""),  # its own clause
        # an object of another clause counts unless it is a share that moves there
        ("us=us_gov bars x, nvidia=nvidia y", "bars"),
        ("us=us_gov bars x, nvidia=nvidia shares=stock y", ""),
        ("us=us_gov bars shares=stock nvidia=nvidia", "bars"),
        # all of this is asked of the clause in which the verb begins
        ("nvidia=nvidia us=us_gov bars after=background lawsuit", "bars"),
        ("us=us_gov bars nvidia=nvidia after=background lawsuit, y", "bars"),
        ("us=us_gov bars, nvidia=nvidia shares=stock", ""),
        ("x=stock bars, nvidia=nvidia us=us_gov", ""),
        ("fed=fed hopes us=us_gov bars, nvidia=nvidia", ""),
        # a party inside the step stands behind its verb
        ("fed=fed tells us=us_gov stop nvidia=nvidia", ""),
        ("tells us=us_gov stop nvidia=nvidia", "tells us stop"),
        ("bars=us_gov nvidia=nvidia", "bars"),
        ("nvidia=nvidia tells hopes stop", "tells hopes stop"),
        ("us=us_gov tells should stop nvidia=nvidia", "tells should stop"),
        # a part of a longer verb of another sense is none
        ("us=us_gov off bars nvidia=nvidia", "off bars"),
    ],
)  # fmt: skip
def test_a_step_is_taken_by_who_can_take_it_and_concerns_nvidia(text: str, words: str) -> None:
    assert {w for w, _ in told(text)} == ({words} if words else set())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("us=us_gov fed=fed bars nvidia=nvidia", "bars"),  # the object may stand before its verb
        ("fed=fed bars nvidia=nvidia", None),
        ("arm china=china bars nvidia=nvidia us=us_gov", None),  # no branch in Chinese
    ],
)
def test_in_chinese_the_object_may_stand_before_its_verb(text: str, words: str | None) -> None:
    assert told(line(text, glossed=True)) == ([(words, -1)] if words else [])


@pytest.mark.parametrize(
    ("text", "sense"),
    [
        (BAR, -1),
        ("us=us_gov not=negate bars nvidia=nvidia", 1),
        ("us=us_gov not=negate a b c bars nvidia=nvidia", 1),  # three words between
        ("us=us_gov not=negate a b c d bars nvidia=nvidia", -1),
        ("not=negate, us=us_gov bars nvidia=nvidia", -1),  # another clause
        ("not=negate us=us_gov bars, nvidia=nvidia", 1),  # from its first word, of the verb's
        ("us=us_gov bars, huawei=huawei nvidia=nvidia", -1),
        ("us=us_gov bars not=negate nvidia=nvidia", -1),  # behind it
        ("us=us_gov not=negate frees nvidia=nvidia", -1),
        # what Washington does to a Chinese maker is decided by type and words
        ("us=us_gov bars huawei=huawei", 0), ("us=us_gov bars huawei=huawei chip=chip", 0),
        ("us=us_gov bars huawei=huawei nvidia=nvidia", 0),
        ("us=us_gov bars nvidia=nvidia, huawei=huawei x", -1),
        ("us=us_gov bars chip=chip, huawei=huawei x", 0),  # nobody of ours is named
        ("us=us_gov bars chip=chip, huawei=huawei x=rival", -1),
    ],
)  # fmt: skip
def test_the_sense_is_turned_by_a_negation_within_three_words(text: str, sense: int) -> None:
    assert [s for _, s in told(text)] == [sense]


def test_a_chinese_maker_takes_no_sense_away_from_other_types() -> None:
    assert told("lab=cn_lab bars huawei=huawei", "domestic_chip_adoption") == [("bars", -1)]


def test_a_part_of_a_longer_verb_and_a_pair_with_another_sense_inside_are_void() -> None:
    phrase = Step(0, 3, "frees", 1, phrase=True)
    assert frames._void(Step(1, 2, "bars", -1), [phrase])
    assert frames._void(Step(0, 2, "bars", 1), [phrase])
    assert frames._void(Step(1, 3, "bars", -1), [phrase])
    assert not frames._void(phrase, [phrase])
    assert not frames._void(Step(1, 4, "bars", -1), [phrase])
    assert not frames._void(Step(1, 2, "bars", -1), [replace(phrase, phrase=False)])
    pair = Step(1, 5, "asks", -1, pair=True)
    assert frames._void(pair, [Step(2, 3, "frees", 1)])
    assert frames._void(pair, [Step(1, 4, "frees", 1)])
    assert not frames._void(pair, [Step(2, 5, "frees", 1)])  # it ends the pair
    assert not frames._void(pair, [Step(0, 3, "frees", 1)])
    assert not frames._void(pair, [Step(2, 3, "bars", -1)])
    assert not frames._void(pair, [Step(2, 3, "ends", 0)])
    assert not frames._void(replace(pair, pair=False), [Step(2, 3, "frees", 1)])
    assert not frames._void(pair, [])


def speaker(text: str) -> str | None:
    found = frames._Line(line(text)).speaker
    return None if found is None else columns()[found]


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("x bars y us=us_gov says", "us_gov"), ("x bars y says us=us_gov", "us_gov"),
        ("x bars y us=us_gov a says", None), ("x bars y says a us=us_gov", None),
        ("us=us_gov bars says", None),
        ("x bars y fed=fed says", None),  # decides nothing
        ("x y us=cn_gov says", "cn_gov"), ("x y us=other_gov says", "other_gov"),
        ("x y us=china says", "china"),
        ("a fed=fed: x", "fed"),  # before a colon anybody may speak
        ("us=us_gov fed=fed: x", "fed"),
        ("a b c fed=fed: x", "fed"), ("a b c d fed=fed: x", None),  # four words
        ("says us=us_gov x", "us_gov"), ("us=us_gov says x", "us_gov"),
        ("a: fed=fed x", None), ("fed=fed x", None), ("a x=earnings: y", None),
    ],
)  # fmt: skip
def test_the_speaker_stands_beside_says_or_before_a_colon(text: str, who: str | None) -> None:
    assert speaker(text) == who


# --- what is judged ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "taken_for", "expected"),
    [
        # nothing is asked of other types
        (BAR, ("rates", 1), ToldStep("rates", 1, sure=False)),
        # a step of one sense gives type and sense
        (BAR, ("export_restriction", -1), ToldStep("export_restriction", -1, sure=True)),
        (BAR, ("export_relief", 1), ToldStep("export_restriction", -1, sure=True)),
        ("us=us_gov frees nvidia=nvidia", ("export_restriction", -1),
         ToldStep("export_relief", 1, sure=True)),
        ("cn=cn_gov shuns nvidia=nvidia", ("china_purchase_ban", 1),
         ToldStep("china_purchase_ban", -1, sure=True)),
        # none where words give none, or the step has none
        (BAR, ("export_restriction", 0), ToldStep("export_restriction", 0, sure=False)),
        ("us=us_gov ends nvidia=nvidia", ("export_relief", 1),
         ToldStep("export_relief", 1, sure=False)),
        # two senses: torn, if the words' is one of them
        ("us=us_gov bars chip=chip and frees nvidia=nvidia", ("export_relief", 1),
         ToldStep("export_relief", 1, sure=False, torn=True)),
        ("us=us_gov bars chip=chip and ends nvidia=nvidia", ("export_relief", 1),
         ToldStep("export_relief", 1, sure=False, torn=False)),
        # nothing at all
        ("us=us_gov x nvidia=nvidia", ("export_restriction", -1), None),
        ("us=us_gov x nvidia=nvidia", ("domestic_chip_launch", -1), None),
        # a step of the kin decides, where its sense does not say otherwise
        ("eu=regulator probes nvidia=nvidia", ("export_restriction", -1),
         ToldStep("regulatory_probe", -1, sure=True)),
        ("eu=regulator probes nvidia=nvidia", ("export_restriction", 1), None),
        ("eu=regulator probes nvidia=nvidia", ("china_purchase_ban", -1),
         ToldStep("regulatory_probe", -1, sure=True)),
        ("cn=cn_gov shuns nvidia=nvidia", ("export_relief", -1),
         ToldStep("china_purchase_ban", -1, sure=True)),
        ("cn=cn_gov shuns nvidia=nvidia", ("regulatory_probe", -1),
         ToldStep("china_purchase_ban", -1, sure=True)),
        ("cn=cn_gov ends nvidia=nvidia", ("regulatory_probe", -1),
         ToldStep("china_purchase_ban", -1, sure=False)),
        ("cn=cn_gov ends nvidia=nvidia", ("regulatory_probe", 0),
         ToldStep("china_purchase_ban", 0, sure=False)),
        ("cn=cn_gov shuns nvidia=nvidia, eu=regulator probes nvidia=nvidia",
         ("export_restriction", -1), ToldStep("regulatory_probe", -1, sure=True)),  # the first kin
        ("h=huawei ships", ("domestic_chip_adoption", -1),
         ToldStep("domestic_chip_launch", -1, sure=False)),
        ("h=huawei ships", ("domestic_chip_launch", -1),
         ToldStep("domestic_chip_launch", -1, sure=False)),
        ("lab=cn_lab bars huawei=huawei", ("domestic_chip_launch", -1),
         ToldStep("domestic_chip_adoption", -1, sure=True)),
        ("eu=regulator probes nvidia=nvidia", ("domestic_chip_launch", -1), None),  # no kin
        ("cn=cn_gov shuns chip=chip and ends nvidia=nvidia", ("regulatory_probe", -1),
         ToldStep("china_purchase_ban", -1, sure=False)),
        ("cn=cn_gov not=negate shuns nvidia=nvidia", ("regulatory_probe", 1),
         ToldStep("china_purchase_ban", 1, sure=True)),
        # budgets
        ("m=hyper raises capex", ("capex_increase", -1), ToldStep("capex_increase", 1, sure=True)),
        ("m=hyper cuts capex", ("capex_cut", 0), ToldStep("capex_cut", -1, sure=True)),
        ("m=hyper cuts capex", ("capex_increase", 1),
         ToldStep("capex_increase", 1, sure=False, torn=True)),
        ("m=hyper x", ("capex_increase", 1), None),
    ],
)  # fmt: skip
def test_type_and_sense_of_a_step_that_is_told(
    text: str, taken_for: tuple[str, int], expected: ToldStep | None
) -> None:
    assert frames.judge(line(text), *taken_for) == expected


def test_a_type_that_words_give_no_sense_is_not_torn_by_one_step_alone() -> None:
    """Neither of two senses is the words' 0: it stays, torn."""
    both = "us=us_gov bars chip=chip and frees nvidia=nvidia"
    assert frames.judge(line(both), "export_relief", 0) == ToldStep(
        "export_relief", 0, sure=False, torn=True
    )
    assert ToldStep("rates", 0, sure=True) == ToldStep("rates", 0, sure=True, torn=False)


def test_whether_a_type_tells() -> None:
    assert frames.tells(line(BAR), "export_restriction")
    assert not frames.tells(line("x"), "export_restriction")
    assert frames.tells(line("x"), "rates")
    assert frames.tells(line("m=hyper raises capex"), "capex_cut")
    assert not frames.tells(line("x"), "capex_cut")


def test_one_step_of_two_frames_is_told_by_each_that_it_fills() -> None:
    """*Nvidia tells ... stop* by the frame of makers, not by that of governments."""
    assert told("nvidia=nvidia tells x stop") == [("tells x stop", -1)]
    assert told("fed=fed tells nvidia=nvidia stop") == []


def test_parties_and_things_are_these() -> None:
    """By the names of their columns."""

    def named(codes: frozenset[int]) -> set[str]:
        return {columns()[c] for c in codes}

    assert named(frames._openers()) == {"background", "subordinate"}
    assert named(frames._rivals()) == {"cn_chip", "huawei", "cn_fab"}
    assert named(frames._ours()) == {
        "nvidia", "huang", "nv_chip", "nv_china_chip", "rival", "rival_chip", "diffusion",
        "-diffusion",
    }  # fmt: skip
    assert named(frames._things()) == {
        "chip", "ai_chips", "nv_chip", "nv_china_chip", "export", "licence", "rule", "ai", "memory",
        "sale",
    }  # fmt: skip
    assert named(frames._outsiders()) == {
        "stock", "analyst", "bank", "small_holder", "nv_stockholder", "nv_gaming", "cn_phone",
        "opinion",
    }  # fmt: skip
    assert named(frames._deciders()) == {"us_gov", "cn_gov", "other_gov", "china"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("china=china hopes cn=cn_gov shuns nvidia=nvidia", "shuns"),  # the state itself
        ("china=china firms hopes cn=cn_gov shuns nvidia=nvidia", ""),  # its firms
        ("cn=cn_gov firms hopes cn=cn_gov shuns nvidia=nvidia", "shuns"),
        ("x hopes cn=cn_gov shuns nvidia=nvidia", ""),
    ],
)
def test_china_decides_where_it_stands_right_before_the_wish(text: str, words: str) -> None:
    assert [w for w, _ in told(text, "china_purchase_ban")] == ([words] if words else [])
