"""The report as it is looked at: on a phone of 390 x 844, and on paper."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from config.holding import Holding
from engine.report.render import render
from engine.service.morning import report_of
from tests.service.test_seed_case import seed, seed_report
from tests.web.chrome import FAINT, Tab, chrome

pytestmark = pytest.mark.xdist_group("browser")

LANGS = ("en", "fr")
SCREEN_PX = 844
MOST_SCREENS = 6
MOST_PAGES = 4


WARNINGS = (
    "Nvidia's results of Aug 20, 2025, due 2 days ago, are missing: what rests on them is silent",
    "The Fed's decision of Jul 30, 2025 is missing for 23 days: the voice of rates is silent",
    "The close of QQQ of Aug 21, 2025 is too far from the one before to be believed",
)
OWN = {
    "country": "FR",
    "share_of_wealth_pct": 20,
    "lots": [{"bought_on": date(2023, 5, 25), "shares": 10, "cost_per_share": 385.0}],
    "done": [{"on": date(2025, 1, 28), "note": "sold 20 shares", "shares": -20}],
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """lang -> the HTML report of 2025-08-22 over the reference record.

    And with "-full" behind: of an owner, three warnings, a year later.
    """
    folder = tmp_path_factory.mktemp("look")
    own = report_of(seed(), holding=Holding.model_validate(OWN))
    full = replace(own, notices=WARNINGS, present_on=date(2026, 8, 22))
    found = {}
    for name, report in (("", seed_report()), ("-full", full)):
        for lang in LANGS:
            path = found[lang + name] = folder / f"{lang}{name}.html"
            path.write_text(render(report, "html", lang), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with chrome(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(params=[*LANGS, *(f"{lang}-full" for lang in LANGS)])
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
def test_paper_is_light_and_shows_no_heading_over_nothing(
    tab: Tab, pages: dict[str, Path], dark: bool
) -> None:
    """What is folded stays off the paper, and a section of folds alone with it; not warnings."""
    tab.look(width=1280, dark=dark)
    tab.open(pages["fr-full"].as_uri())
    tab.call("Emulation.setEmulatedMedia", media="print", features=[
        {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    ])  # fmt: skip
    try:
        assert tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert tab.run("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        bare = json.loads(tab.run(_BARE))
        assert len(bare["shown"]) > 8
        assert bare["empty"] == []
        assert bare["hidden"] != []
        for place in (".alert", ".printed .mono"):  # each warning; what the report was made of
            told = f"[...document.querySelectorAll('{place}')]"
            assert tab.run(f"{told}.length") >= 3
            assert tab.run(f"{told}.every(e => e.checkVisibility({{contentVisibilityAuto: true}}))")
    finally:
        tab.call("Emulation.setEmulatedMedia", media="")


_BARE = """
(() => {
  const seen = e => e.checkVisibility({contentVisibilityAuto: true});
  const found = {shown: [], empty: [], hidden: []};
  for (const s of document.querySelectorAll('section')) {
    const name = s.querySelector('h2').textContent;
    if (!seen(s)) { found.hidden.push(name); continue; }
    found.shown.push(name);
    const words = e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    const inside = [...s.querySelectorAll('.body *')].filter(e => e.tagName !== 'SUMMARY');
    if (!inside.some(e => seen(e) && words(e))) found.empty.push(name);
  }
  return JSON.stringify(found);
})()
"""


@pytest.mark.parametrize("dark", [False, True])
def test_every_word_stands_out_from_its_ground(
    tab: Tab, pages: dict[str, Path], dark: bool
) -> None:
    tab.look(width=390, height=SCREEN_PX, dark=dark)
    tab.open(pages["en"].as_uri())
    read, faint = json.loads(tab.run(FAINT))
    assert read > 200
    assert faint == []
