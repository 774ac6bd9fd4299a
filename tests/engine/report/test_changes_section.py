"""Changes of ratings: each with its own day and impulse, in every form; nothing where none is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.report.blocks import flat
from engine.report.i18n import voice
from engine.report.render import render
from engine.report.sections.changes import DAYS, Changes, recent
from engine.threat import changes as kinds
from tests.engine.report.sample_report import AS_OF, rating_changes, sample_report

FORMS = ("text", "html", "md", "mail_html", "mail_text")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("Changes of ratings", "price cut", "Aug 20, 2025", "failed run", "+0.40%")),
        ("fr", ("Changements de notes", "baisse de prix", "20 août 2025", "échec")),
    ],
)
def test_each_change_stands_in_every_form_with_its_day_and_what_it_moved(
    form: str, lang: str, words: tuple[str, ...]
) -> None:
    said = render(sample_report(), form, lang).replace("\u202f", " ")
    said = " ".join(said.replace("\u00a0", " ").replace("&#160;", " ").split())
    missing = [word for word in words if word not in said]
    assert missing == []


def test_without_a_change_there_is_no_section() -> None:
    empty = sample_report(parts={})
    assert list(Changes().blocks(empty, voice("en"))) == []
    assert "Changes of ratings" not in render(empty)


def test_only_the_last_days_and_what_moves_something_are_told_newest_first() -> None:
    cut, failed = rating_changes()
    old = replace(cut, rated_at=AS_OF - timedelta(days=DAYS))
    ahead = replace(cut, rated_at=AS_OF + timedelta(hours=1))
    slight = replace(cut, loss_share=1e-4)
    assert recent([failed, old, ahead, slight, cut], AS_OF) == (cut, failed)


def test_every_kind_of_change_has_words() -> None:
    told = {kinds.PRICE_CUT, kinds.OPENED, kinds.PORTED, kinds.PROOF, kinds.FAILED, kinds.WITHDRAWN}
    assert set(Changes.labels) == told


def test_a_gain_for_nvidia_is_told_as_good() -> None:
    blocks = list(Changes().blocks(sample_report(), Changes().voice(voice("en"))))
    (items,) = (b for b in flat(blocks) if b.kind == "items")
    assert [item.tone for item in items.items] == [-1, 1]  # type: ignore[attr-defined]
