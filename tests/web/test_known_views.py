"""Known answers of rows on the page, and a trip-wire under their figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.report.i18n import voice
from engine.web import views
from tests.architecture.test_frozen_report import figures
from tests.engine.report.sample_report import rating, sample_report, v31
from tests.frozen import check

EN = voice("en")


def test_the_axis_of_a_score_is_from_a_quarter_of_relief_to_all() -> None:
    """125 points across: a score of zero stands at a fifth."""
    channels = {"substitution": 0.0, "residual": 0.0}
    even = replace(rating(), score=0.0, score_low=-25.0, score_high=100.0, channels=channels)
    (row,) = views.league_rows([(v31(), even)], EN)
    assert (row.at, row.span.left, row.span.width) == pytest.approx((20.0, 0.0, 100.0))
    assert [part.tone for part in row.parts] == [0, 0]


def test_a_voice_that_adds_nothing_has_no_colour() -> None:
    one = sample_report()
    first, *others = one.decision.contributions
    moved = others[0].contribution + first.contribution
    parts = (
        replace(first, contribution=0.0, value=0.0),
        replace(others[0], contribution=moved),
        *others[1:],
    )
    report = replace(one, decision=replace(one.decision, contributions=parts))
    (brief,) = views.briefs([("a", report)], EN)
    assert brief.parts[0].tone == 0
    assert [p.tone for p in brief.parts] == [
        (c.contribution > 0) - (c.contribution < 0) for c in parts
    ]


def test_rows_keep_their_figures() -> None:
    low = replace(rating(), score=-3.0, score_low=-9.0, score_high=2.0, rateable=False,
                  channels={"residual": -3.0})  # fmt: skip
    rows = views.league_rows([(v31(), rating()), (v31(), low)], EN)
    briefs = views.briefs([("a", sample_report())], EN)
    check("web_rows", [*figures(tuple(rows)), *figures(tuple(briefs))])
