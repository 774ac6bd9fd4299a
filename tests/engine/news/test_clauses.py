"""Operators act inside their own clause, and background is not news."""

from __future__ import annotations

import pytest

from engine.news.reading import columns, read, without_prefix


def said(headline: str) -> set[str]:
    return {columns()[column] for column in read(headline).columns}


@pytest.mark.parametrize(
    "headline",
    [
        "Chip stocks drop as US tightens export curbs",
        "Nvidia ends day lower after US export curbs",
        "Nvidia drops China from guidance as US restrictions bite",
        "European stocks fall as Nvidia curbs hurt sentiment; ASML drops",
        "AMD, Micron, Broadcom stocks drop on US chip export curbs",
        "US will not lift Nvidia export curbs",
        "Les États-Unis excluent de lever l'embargo sur les puces de Nvidia",
        "Washington ne lèvera pas ses restrictions sur les puces",
    ],
)
def test_a_measure_stands_where_nobody_lifts_it(headline: str) -> None:
    assert "restrict" in said(headline)
    assert "-restrict" not in said(headline)


@pytest.mark.parametrize(
    "headline",
    [
        "US lifts curbs on AI chips",
        "US drops plan to curb AI chip exports",
        "Nvidia rises as US ends chip ban",
        "H20 ban lifted after talks",
        "Washington lève les restrictions sur la H20",
        "Trump to scrap Biden-era AI chip export curbs, sources say",
    ],
)
def test_a_measure_is_removed_in_its_own_clause(headline: str) -> None:
    assert "-restrict" in said(headline)


@pytest.mark.parametrize(
    "headline",
    [
        "Nvidia to launch cheaper chip for China after US export curbs",
        "Huawei readies AI chip after Trump's export ban",
        "Alibaba unveils chip amid US curbs",
    ],
)
def test_what_stands_behind_after_is_background_where_something_else_happens(
    headline: str,
) -> None:
    assert "restrict" not in said(headline)


def test_a_step_told_behind_a_price_move_is_the_news() -> None:
    assert "restrict" in said("Nvidia falls 6% after US bars H20 sales")


def test_the_mark_of_a_wire_is_blank_and_keeps_every_place() -> None:
    for mark in ("UPDATE 2-", "RPT-", "WRAPUP 3-", "EXCLUSIVE-", "BREAKING: ", "UPDATE 1-RPT-"):
        blank = without_prefix(mark + "China bans Nvidia")
        assert blank == " " * len(mark) + "China bans Nvidia"
        assert read(mark + "China bans Nvidia").words == ("china", "bans", "nvidia")
    for plain in ("US-China talks end", "Nvidia: Rubin on time", "AMD - a primer"):
        assert without_prefix(plain) == plain
