"""How much of somebody else's text each place of a report shows: a word of any length is cut there.

A name has 60 to 80 characters, a sentence up to 600, the reasons of a rating 1,200.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace as Thing
from typing import Any

import pytest

from engine.news.sentinel import Flood
from engine.report import deliver
from engine.report.blocks import Block
from engine.report.calibration import Quantity
from engine.report.calibration import page_of as calibration_page
from engine.report.i18n import voice
from engine.report.league import page_of as league_page
from engine.report.section import sections
from engine.report.sections.holding import holding_blocks
from engine.report.ways import Channel
from engine.shown import FeedState, Report, SourceHealth
from tests.architecture.test_frozen_report import OWNED
from tests.builders import make_event
from tests.engine.report.sample_report import (
    AS_OF,
    hostile_report,
    rating,
    stress_rows,
    v31,
)
from tests.engine.report.test_headlines_section import step

EN = voice("en")
LONG = "x" * 5_000
BY_NAME = {section.name: section for section in sections()}


def lengths(told: object) -> dict[int, int]:
    """How often a run of x stands in ``told``, by its length with the mark where it was cut."""
    found = Counter(len(run) for run in re.findall("x+…?", repr(told)) if len(run) > 9)
    return dict(sorted(found.items()))


def long_report() -> Report:
    """Every outside text of the sample without end, and those that it does not show."""
    base = replace(hostile_report(LONG, ""), stale=False)
    (card,) = base.releases
    elsewhere = f"{'x' * 60} 1 / 2"
    slight = replace(card, rating=replace(card.rating, score=0.0, score_low=-1.0, score_high=1.0,
                                          channels={"residual": 0.0}))  # fmt: skip
    idle = SourceHealth(
        name=LONG, state=FeedState.NEVER, last_ok_at=None, newest_at=None, tier=1, mute=True
    )
    return replace(
        base,
        releases=(
            replace(card, release=replace(card.release, price_elsewhere=elsewhere)), slight,
        ),
        data_health=(*base.data_health[:1], idle),
        parts={
            **base.parts,
            "floods": (Flood(source=LONG, told=60, usual_a_day=1.0),),
            "stress": (replace(stress_rows()[0], scenario=LONG),),
            "headlines": (step(owners=(LONG, LONG), alone=False),),
        },
    )  # fmt: skip


SHOWN = {
    "decision": {24: 2, 60: 1, 79: 3, 600: 1},  # a unit twice, a source, labels, a notice
    "view": {79: 1},
    "why": {79: 1, 120: 10, 600: 11},  # ten reasons with their sources, a note
    "stress": {60: 1},
    "ratings": {60: 4, 80: 5, 120: 2, 160: 3, 600: 2, 1200: 1},
    "changes": {79: 1, 80: 2, 600: 2},
    "rates": {79: 3, 600: 3},
    "market": {79: 1},
    "headlines": {120: 1},
    "floods": {60: 1},
    "events": {60: 5, 79: 5, 80: 5, 300: 5},  # source, type, actor, headline
    "upcoming": {79: 3, 600: 3},
    "data_health": {60: 3, 600: 1},
    "receipt": {79: 1, 100: 2},
}
"""Section -> length -> how often. A label is 80 long, its first letter a capital."""


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_a_text_without_end_is_cut_in_each_section(name: str) -> None:
    section = BY_NAME[name]
    blocks: list[Block] = list(section.blocks(long_report(), section.voice(EN)))
    assert lengths(blocks) == SHOWN[name]


def test_a_text_without_end_is_cut_in_a_notice() -> None:
    """Headline and source; a model; a source and why it is down; why there is no report."""
    now = datetime(2025, 8, 22, 12, tzinfo=UTC)
    event = make_event("export_relief", known_at=now, headline=LONG, source=LONG)
    (told,) = deliver.event_notices([event], now)
    assert lengths(str(told.line)) == {80: 1, 120: 1}
    card: Any = Thing(release=Thing(known_at=now, model=LONG), rating=Thing(score=50.0))
    (told,) = deliver.release_notices(Thing(releases=(card,)), now, 10.0)  # type: ignore[arg-type]
    assert lengths(str(told.line)) == lengths(told.key) == {120: 1}
    for last in (None, now):
        down = SourceHealth(name=LONG, state=FeedState.ERROR, last_ok_at=last, newest_at=None,
                            tier=1, note=LONG)  # fmt: skip
        (told,) = deliver.down_notices([down], {LONG: 2})
        assert lengths(str(told.line)) == {80: 1, 200: 1}
    assert lengths(str(deliver.report_missing_notice(AS_OF.date(), LONG).line)) == {120: 1}
    line = deliver.Notice(kind="tripwire", key="k", line=LONG)
    way = Channel(name="c", address="json://localhost", kinds=frozenset({"tripwire"}))
    message = deliver.compose(deliver.Parcel(channel=way, notices=(line,)))
    assert lengths(message.text) == {700: 1}


def test_a_text_without_end_is_cut_on_a_page() -> None:
    """Model, lab, model again and reasons in the league; the name of a quantity; an own note."""
    release = replace(v31(), model=LONG, lab=LONG)
    rated = replace(rating(), model=LONG, reasons=LONG)
    waiting = (replace(release, model=LONG), replace(rated, rateable=False))
    page = league_page([(release, rated), waiting], AS_OF, EN)
    assert lengths(page) == {60: 4, 1200: 1}
    quantity = Quantity(what=LONG, n=2, crps=1.0, crps_of_past=2.0, skill=0.5, low=0.1, high=0.6,
                        covered=0.9, covered_by_past=0.9, places=(0.1, 0.9))  # fmt: skip
    assert lengths(calibration_page([quantity], AS_OF, EN)) == {60: 2}
    done = replace(OWNED.done[0], note=LONG)
    assert lengths(tuple(holding_blocks(replace(OWNED, done=(done,)), EN))) == {120: 1}
