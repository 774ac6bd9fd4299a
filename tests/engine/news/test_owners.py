"""Whose voice an item is: the credited agency's, else the address's, else the label's."""

from __future__ import annotations

import pytest

from engine.news import owners
from engine.news.owners import GRADES, Owner, owner_of, without_credit
from engine.values import Item
from tests.builders import at


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """Every test reads the table itself."""
    owners._owners.cache_clear()
    owners._table.cache_clear()


def owned(title: str = "x", source: str = "", url: str = "") -> tuple[str, str]:
    owner = owner_of(Item(source=source, title=title, url=url, known_at=at()))
    assert owner.confirms is (owner.grade == "A")
    return owner.name, owner.grade


@pytest.mark.parametrize(
    ("title", "source", "url", "owner"),
    [
        # the label, whatever its case and spaces; who is not listed owns himself
        ("x", "Reuters", "", ("Reuters", "B")),
        ("x", "  wall  STREET journal ", "", ("News Corp", "B")),
        ("x", "Barron’s", "", ("News Corp", "B")),
        ("x", "Nobody Weekly", "", ("Nobody Weekly", "C")),
        ("x", "Reddit", "", ("Reddit", "D")),
        # the address stands above the label, and a host below a host belongs to it
        ("x", "Nobody Weekly", "https://www.ft.com/a", ("Nikkei", "B")),
        ("x", "Nobody Weekly", "https://a.b.ft.com/a", ("Nikkei", "B")),
        ("x", "Reuters", "https://www.ft.com/a", ("Nikkei", "B")),
        ("x", "Reuters", "https://notft.com/a", ("Reuters", "B")),
        ("x", "Reuters", "https://com/a", ("Reuters", "B")),
        ("x", "Google News", "https://news.google.com/a", ("Google News", "C")),
        # a credit stands above both
        ("US bans H20, Reuters reports", "Yahoo", "https://yahoo.com/a", ("Reuters", "B")),
        ("US bans H20 - Reuters", "Yahoo", "", ("Reuters", "B")),
        ("US bans H20 (Bloomberg)", "Yahoo", "", ("Bloomberg", "B")),
        ("US bans H20: WSJ", "Yahoo", "", ("News Corp", "B")),
        ("FT: US bans H20", "Yahoo", "", ("Nikkei", "B")),
        ("Bloomberg reported a ban", "Yahoo", "", ("Bloomberg", "B")),
        ("US bans H20 - Wall Street Journal", "Yahoo", "", ("News Corp", "B")),
        ("Reuters of the north", "Yahoo", "", ("Yahoo", "C")),
        ("US bans H20 - Yahoo", "Nobody", "", ("Nobody", "C")),  # no agency is credited
        ("US bans H20 - X", "Nobody", "", ("Nobody", "C")),
        # A: the own address under no other house's label
        ("x", "BIS", "https://www.bis.gov/a", ("US Commerce", "A")),
        ("x", "Nobody", "https://www.bis.gov/a", ("US Commerce", "A")),
        ("x", "Reuters", "https://www.bis.gov/a", ("US Commerce", "B")),
        ("x", "BIS", "", ("US Commerce", "B")),
        ("x", "BIS", "https://nobody.example/a", ("US Commerce", "B")),
        ("US bans H20 - SEC EDGAR", "Nobody", "", ("SEC", "B")),
        ("US bans H20 - SEC EDGAR", "BIS", "https://www.bis.gov/a", ("SEC", "B")),
        ("Report - SEC EDGAR", "SEC EDGAR", "https://www.sec.gov/a", ("SEC", "A")),
    ],
)
def test_the_owner_of_a_voice(title: str, source: str, url: str, owner: tuple[str, str]) -> None:
    assert owned(title, source, url) == owner


@pytest.mark.parametrize(
    ("title", "left"),
    [
        ("US bans H20, Reuters reports", "US bans H20"),
        ("US bans H20: WSJ", "US bans H20"),
        ("US bans H20 - The Wall Street Journal", "US bans H20 "),
        ("FT: US bans H20", "FT: US bans H20"),  # at the start it stays
        ("Reuters reports a ban", "Reuters reports a ban"),
        ("US bans H20 - Nobody", "US bans H20 - Nobody"),
    ],
)
def test_a_credit_at_the_end_is_cut(title: str, left: str) -> None:
    assert without_credit(title) == left


def test_who_is_not_in_the_table_has_grade_c() -> None:
    assert Owner(name="a") == Owner(name="a", grade="C")
    assert GRADES == ("A", "B", "C", "D")
