"""``compose``: a report for one reader, as a page of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.report.blocks import Page, Part
from engine.report.section import Section, public_sections
from engine.report.words import verdict_code, verdict_word

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.shown import Report


def compose(report: Report, voice: Speaker, listed: Sequence[Section] | None = None) -> Page:
    """The page of ``report``; ``listed`` instead of every section that may leave the house.

    Pure: the same report, voice and sections always give the same page, and no fact is added.
    """
    parts = []
    for section in public_sections() if listed is None else listed:
        speaker = section.voice(voice)
        blocks = tuple(section.blocks(report, speaker))
        if blocks:
            title = speaker.say(section.title) if section.title else ""
            parts.append(Part(name=section.name, title=title, blocks=blocks))
    _ = voice.say
    return Page(
        lang=voice.lang,
        title=_(
            "NVDA: {verdict}, {on:date}",
            verdict=verdict_word(report.decision.verdict, voice),
            on=report.as_of,
        ),
        code=verdict_code(report),
        parts=tuple(parts),
        disclaimer=_(
            "Not investment advice: the output of a published rule on public data, which can be "
            "wrong."
        ),
    )
