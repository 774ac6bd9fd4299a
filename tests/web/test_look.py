"""The report as it is looked at: on a phone of 390 x 844, and on paper."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.report.render import render
from tests.service.test_seed_case import seed_report
from tests.web.chrome import FAINT, Tab, chrome

pytestmark = pytest.mark.xdist_group("browser")

LANGS = ("en", "fr")
SCREEN_PX = 844
MOST_SCREENS = 6
MOST_PAGES = 4


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """lang -> the HTML report of 2025-08-22 over the reference record."""
    folder = tmp_path_factory.mktemp("look")
    report = seed_report()
    found = {}
    for lang in LANGS:
        found[lang] = folder / f"{lang}.html"
        found[lang].write_text(render(report, "html", lang), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with chrome(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(params=LANGS)
def phone(request: pytest.FixtureRequest, tab: Tab, pages: dict[str, Path]) -> Tab:
    """The report on a phone."""
    tab.look(width=390, height=SCREEN_PX)
    tab.open(pages[request.param].as_uri())
    return tab


def test_a_phone_shows_the_report_on_six_screens(phone: Tab) -> None:
    root = "document.documentElement"
    assert 2 * SCREEN_PX < phone.run(f"{root}.scrollHeight") <= MOST_SCREENS * SCREEN_PX
    assert phone.run(f"{root}.scrollWidth") == 390


def test_verdict_reasons_and_flips_stand_on_the_first_two_screens(phone: Tab) -> None:
    """The end of the waterfall is above the second screen's, and all before it with it."""
    assert phone.run("document.querySelector('.decision').getBoundingClientRect().top") < 100
    assert phone.run("document.querySelector('.fall').getBoundingClientRect().bottom") <= (
        2 * SCREEN_PX
    )


def test_a_fold_opens_without_a_script_and_a_wide_page_has_none_closed(phone: Tab) -> None:
    """What is folded is there: a tap shows it, and a desk shows all."""
    inside = "document.querySelector('.fold .folded')"
    seen = f"{inside}.checkVisibility({{contentVisibilityAuto: true}})"
    height = phone.run("document.documentElement.scrollHeight")
    assert not phone.run(seen)
    phone.click(".fold > summary")
    phone.wait(seen, "opening")
    assert phone.run("document.documentElement.scrollHeight") > height
    phone.click(".fold > summary")
    phone.look(width=1280)
    phone.wait(seen, "showing all at a desk")


@pytest.mark.parametrize("lang", LANGS)
def test_paper_takes_four_pages_at_most(tab: Tab, pages: dict[str, Path], lang: str) -> None:
    tab.open(pages[lang].as_uri())
    printed = tab.call("Page.printToPDF", preferCSSPageSize=True)
    pdf = base64.b64decode(printed["data"])
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= MOST_PAGES


@pytest.mark.parametrize("dark", [False, True])
def test_every_word_stands_out_from_its_ground(
    tab: Tab, pages: dict[str, Path], dark: bool
) -> None:
    tab.look(width=390, height=SCREEN_PX, dark=dark)
    tab.open(pages["en"].as_uri())
    read, faint = json.loads(tab.run(FAINT))
    assert read > 200
    assert faint == []
