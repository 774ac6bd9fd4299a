"""``/track``: what ``nvsignal track`` tells, behind the same guard, with its JSON beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest

from engine.report.blocks import Note, Table
from engine.report.i18n import voice
from engine.report.record_page import page_of
from engine.service import judging, morning, wiring
from engine.service.bind import load
from engine.web.app import create_app
from engine.web.guard import Admission
from tests.web.site import NOW, TOKEN, Site, browser, make_site

DAY = "2025-03-14"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = make_site(tmp_path_factory.mktemp("site"))
    yield made
    made.store.close()


def words_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_the_page_says_every_word_of_the_command(site: Site) -> None:
    """Each sentence, each cell, in the same order of parts."""
    loaded = load(site.folder)
    instant = wiring.instant_at(site.store, DAY, NOW)
    assessment = wiring.assessment_at(site.store, loaded, instant)
    past = morning.past_decisions(site.store, loaded, instant)
    found = judging.whole_record(site.store, assessment, past, instant)
    page = page_of(found, voice("fr", minus="\u2212"))
    with browser(site.app()) as visitor:
        told = words_of(visitor.get(f"/track?lang=fr&as_of={DAY}").text)

    place = 0
    for part in page.parts:
        assert " ".join(part.title.split()) in told[place:]
        place = told.index(" ".join(part.title.split()), place)
    said = [b.text for b in page.blocks() if isinstance(b, Note)]
    said += [c.text for b in page.blocks() if isinstance(b, Table) for r in b.rows for c in r]
    assert len(said) > 60
    for text in said:
        assert " ".join(text.split()) in told


def test_its_json_is_linked_where_programs_are_answered(site: Site) -> None:
    admission = Admission(names=frozenset({"localhost"}), token=None)
    asked: list[tuple[str, dict[str, str]]] = []

    def answers(question: str, options: object) -> str:
        asked.append((question, dict(options)))  # type: ignore[call-overload]
        return "{}\n"

    app = create_app(
        site.store, site.folder, admission=admission, clock=lambda: NOW, answers=answers
    )
    with browser(app) as visitor:
        link = re.search(r'href="(/api/track[^"]*)"', visitor.get(f"/track?as_of={DAY}").text)
        assert link is not None
        assert visitor.get(unescape(link[1])).text == "{}\n"
    assert asked == [("track", {"as_of": DAY})]
    with browser(site.app()) as visitor:
        assert "/api/" not in visitor.get(f"/track?as_of={DAY}").text


def test_it_stands_behind_the_guard_and_names_a_wrong_day(site: Site) -> None:
    with browser(site.app(TOKEN)) as stranger:
        shut = stranger.get("/track")
        assert shut.status_code in (302, 303)
        assert shut.headers["location"].startswith("/login")
    with browser(site.app()) as visitor:
        wrong = visitor.get("/track?as_of=2031-01-01")
        assert wrong.status_code == 400
        assert "lies ahead" in wrong.text
