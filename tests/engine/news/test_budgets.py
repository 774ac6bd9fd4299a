"""A budget is told by a buyer, as subject, with a sum or a change beside what is spent."""

from __future__ import annotations

import pytest

from engine.news import budgets
from engine.news.reading import Reading
from tests.engine.news.lines import line


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """Every test looks its columns up itself."""
    budgets._columns.cache_clear()


META = "meta=hyper "


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (META + "raises capex", True),  # a change beside it
        (META + "to spend 70 billion", True),  # a sum of two words
        (META + "to spend 72bn", True),  # of one
        (META + "to spend 1.5tn", True),
        (META + "to spend 72,5md", True),
        (META + "to spend 72", False),  # a figure alone is no sum, nor at the end
        (META + "to spend 72 shares", False),
        (META + "to spend billions", False),  # nor without a figure
        (META + "shows capex", False),
        (META + "raises prices", False),
        # six words between what is spent and its sum or change, and not seven; either way round
        (META + "capex a b c d e 72bn", True),
        (META + "capex a b c d e f 72bn", False),
        (META + "raises a b c d e capex", True),
        (META + "raises a b c d e f capex", False),
        # a deal is one for computing, or none
        (META + "signs 14 billion deal", False),
        (META + "signs 14 billion deal for compute=data_center", True),
        (META + "signs 14 billion deal for blackwell=nv_chip", True),
        (META + "signs 14 billion deal for chips=chip", True),
        (META + "signs 14 billion deal for gpus=ai_chips", True),
        (META + "signs 14 billion deal for offices=earnings", False),
        (META + "signs 14 billion deal after=background chips=chip", False),  # named aside
        (META + "signs 14 billion deal after=background+chip", False),  # from its first word
    ],
)  # fmt: skip
def test_a_sum_or_a_change_stands_beside_what_is_spent(text: str, told: bool) -> None:
    assert budgets.tells(line(text)) is told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (META + "adds thousands of nvidia=nvidia cards", True),
        (META + "adds thousands nvidia=nvidia", True),
        (META + "adds thousands of new blackwell=nv_chip", True),  # the third word behind
        (META + "adds thousands of very new chips=chip", False),  # the fourth
        (META + "adds gpus=ai_chips thousands", False),  # behind, not before
        (META + "adds thousands=chip", False),  # nor the same word
        (META + "adds 40,000 chips=chip", True),
        (META + "adds 1.000 chips=chip", True),
        (META + "adds 4000 chips=chip", True),
        (META + "adds 40k chips=chip", True),
        (META + "adds 400 chips=chip", False),
        (META + "adds thousands of servers=earnings", False),
        (META + "wants thousands of chips=chip", False),  # takes none
        ("nvidia=nvidia adds thousands of chips=chip", False),  # and it is no buyer
    ],
)
def test_so_does_a_number_of_accelerators_beside_a_verb_of_buying(text: str, told: bool) -> None:
    assert budgets.tells(line(text)) is told


SPENDS = " raises capex"


@pytest.mark.parametrize(
    ("subject", "leads"),
    [
        *((f"x={code}", True) for code in (
            "hyper", "neocloud", "us_lab", "gulf", "other_gov", "us_gov", "cn_tech", "cn_lab",
        )),
        *((f"y={code} x=hyper", False) for code in (
            "nvidia", "huang", "nv_chip", "rival", "fab", "memory", "analyst", "stock",
        )),
        ("y=earnings x=hyper", True),  # others are no party
        ("x=hyper y=nvidia", True),
        ("x", False),
        ("y=nvidia backed x=hyper", True),
        ("y=nvidia powered x=hyper", True),
        ("y=nvidia like x=hyper", False),
        ("x=hyper backed y=nvidia", True),
    ],
)  # fmt: skip
def test_the_buyer_is_the_first_party_of_the_main_clause(subject: str, leads: bool) -> None:
    assert budgets.tells(line(subject + SPENDS)) is leads


@pytest.mark.parametrize("aside", ["subordinate", "background", "despite"])
def test_the_main_clause_ends_where_another_begins(aside: str) -> None:
    """A word of it that opens the headline ends nothing."""
    assert not budgets.tells(line(f"x=rates_word moves as={aside} x=hyper raises capex"))
    assert not budgets.tells(line(f"x=hyper moves as={aside} others raise capex to 70 billion"))
    assert budgets.tells(line(f"as={aside} x=hyper raises capex"))
    assert budgets.tells(line(f"x=hyper raises capex as={aside} y=nvidia cuts"))
    assert not budgets.tells(line(f"raises capex as={aside} x=hyper"))
    assert budgets.sense(line(f"x=hyper raises capex as={aside} y=rival cuts spending")) == 1
    assert not budgets.tells(line(f"x as={aside} y=hyper raises capex"))  # the second word
    assert budgets.tells(line(f"raises capex x=hyper as={aside} y"))  # the last word before it
    two = line(f"x=hyper moves as={aside} y raises capex as={aside} z")
    assert not budgets.tells(two)  # the first of two ends it


def test_accelerators_count_in_the_main_clause_alone() -> None:
    """The word that opens the next clause is no part of it, nor is a party behind it."""
    assert not budgets.tells(line(META + "adds thousands of after=background+chip"))
    assert not budgets.tells(line("raises capex as=subordinate+hyper"))


def test_a_party_that_ends_the_headline_is_followed_by_nothing() -> None:
    assert not budgets.tells(line("capex raises y=nvidia"))


def test_chinese_has_no_order_to_ask_for_a_sum_in() -> None:
    """The buyer leads, that is all; in English the same words tell nothing."""
    assert budgets.tells(line("x=cn_tech capex", glossed=True))
    assert not budgets.tells(line("x=cn_tech capex"))
    assert not budgets.tells(line("y=nvidia capex", glossed=True))


@pytest.mark.parametrize(
    ("text", "sense"),
    [
        ("raises capex", 1),
        ("keeps capex", 1),
        ("to spend 70 billion", 1),  # new
        ("cuts capex", -1),
        ("raises capex and cuts jobs", -1),  # any cut
        ("backs away from leases", -1),
        ("backsliding capex", 1),  # no word of change at all
        ("capex misses estimates", -1),
        ("capex below estimates", -1),
        ("capex disappoints", -1),
        ("raises capex below estimates", 1),  # something is raised
        ("sales miss estimates", 1),  # not of what is spent
        ("capex a b c d e misses", -1),  # six words
        ("capex a b c d e f misses", 1),
    ],
)
def test_it_is_less_where_something_is_cut_or_less_than_was_expected(text: str, sense: int) -> None:
    assert budgets.sense(line(META + text)) == sense


def test_the_types_of_budgets_are_two() -> None:
    assert frozenset({"capex_increase", "capex_cut"}) == budgets.TYPES


def test_a_made_reading_is_what_it_says() -> None:
    """The helper of these tests: words, matches, what was done to them, and places."""
    made = line("white_house=us_gov eases=relax curbs=restrict/removed, again", also="first_us")
    from engine.news.reading import column_of, places

    at = column_of()
    assert made == Reading(
        text="white house eases curbs, again", words=("white", "house", "eases", "curbs", "again"),
        hits=((0, 2, at["us_gov"]), (2, 3, at["relax"]), (3, 4, at["restrict"])),
        turned=("", "", "removed"),
        columns=(at["us_gov"], at["relax"], at["-restrict"], at["first_us"]),
    )  # fmt: skip
    assert places(made)[3] == (18, 23)
