"""``nvsignal rate --calibration``: the text, one release's forecasts, the page."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from backtests import observables
from backtests.observables import ScoredQuantity
from config.settings import PACKAGED, Lags
from engine.cli import calibration as c
from engine.cli.said import calibration as said
from engine.decision.features import RatedRelease
from engine.record.history import History
from engine.report.i18n import voice
from engine.values import RATED_AT_LAST, RELEASE, Fact
from feeds.facts import read_tables
from tests.backtests.test_observables import rated, world

ENGLISH = voice("en")
AT = datetime(2025, 9, 30, 20, tzinfo=UTC)
DAYS = [date(2022, 1, 3) + timedelta(days=90 * k) for k in range(9)]
STEPS = [(a, b, float(k)) for k, (a, b) in enumerate(pairwise(DAYS))]


def seen() -> c.Seen:
    made: list[RatedRelease] = [rated(row, 5.0) for row in range(300, 700, 20)]
    year = observables.of_the_year
    steps = ((c.GUIDE, STEPS, year), (c.CONSENSUS, STEPS[:2], year))
    return c.Seen(as_of=AT, features=world(), ratings=made, steps=steps, releases={})


@pytest.fixture(scope="module")
def scored() -> list[ScoredQuantity]:
    return c.calibration(seen())


def test_the_text_gives_scores_and_says_what_is_too_few(scored: list[ScoredQuantity]) -> None:
    text = said.calibration_text(scored, AT, c.unscored(seen(), scored), ENGLISH)

    assert max(map(len, text.splitlines())) <= 80
    flat = " ".join(text.split())
    assert "to Sep 30, 2025" in flat
    assert re.search(r"Nvidia\u2019s next guide.* \d+ ", flat)
    assert "Next change of a dated consensus: too few to score, it has come 2 times." in flat


def test_a_handful_of_forecasts_is_no_verdict(scored: list[ScoredQuantity]) -> None:
    """Six of one vendor, three of them of one day, gave an interval above nothing."""
    good = replace(scored[0], what="lucky", low=0.1, high=0.4)
    few, enough = (
        said.calibration_text([replace(good, n=n)], AT, (), ENGLISH)
        for n in (c.LEAST_TOLD - 1, c.LEAST_TOLD)
    )

    assert c.LEAST_TOLD >= 3 * observables.BLOCK
    assert "knew more than the past of: lucky" in enough
    assert "knew more than the past of" not in few
    assert "show nothing either way: lucky" in few


def test_one_release_has_its_forecasts_beside_the_past_and_what_came() -> None:
    all_seen = seen()
    one = all_seen.ratings[5]

    told = c.forecasts(all_seen, one)
    text = said.forecasts_text(told, one, ENGLISH)
    plain = c.forecasts_plain(told, one)

    assert max(map(len, text.splitlines())) <= 80
    quantities = [row["what"] for row in plain["forecasts"]]
    assert quantities == ["abnormal return, 1 session", "abnormal return, 5 sessions"]
    assert all(row["low"] < row["middle"] < row["high"] for row in plain["forecasts"])
    late = c.forecasts(all_seen, rated(890, 5.0))
    assert "not yet" in said.forecasts_text(late, rated(890, 5.0), ENGLISH)
    assert c.forecasts_plain(late, rated(890, 5.0))["forecasts"][-1]["came"] is None


def test_a_name_finds_ratings_of_releases_only() -> None:
    assert set(c.RATED) == {RELEASE, RATED_AT_LAST}


def test_the_quantities_of_the_page_are_those_that_are_scored() -> None:
    from engine.report.calibration import _NAMES

    told = ("abnormal return, 1 session", "abnormal return, 5 sessions")
    assert set(_NAMES) == {*told, c.GUIDE, c.CHINA, c.CONSENSUS}


@pytest.mark.parametrize(("lang", "word"), [("en", "honest"), ("fr", "honnête")])
def test_the_page_draws_each_quantity_and_stays_the_same(
    scored: list[ScoredQuantity], lang: str, word: str
) -> None:
    html = c.page(scored, AT, lang)

    assert html.count('role="img"') == len(scored)
    assert word in html
    assert html == c.page(scored, AT, lang)


def test_the_picture_rises_by_one_nth_at_each_outcome_between_its_corners() -> None:
    from engine.report.calibration import _steps

    corners = _steps((0.75, 0.25))

    assert corners == [(0, 0), (0.25, 0), (0.25, 0.5), (0.75, 0.5), (0.75, 1.0), (1, 1)]
    assert np.all(np.diff([x for x, _ in corners]) >= 0)


def test_what_was_told_or_corrected_later_is_in_no_step() -> None:
    """From the record as of a day, and not from tables that hold the future."""
    day = datetime(2024, 12, 1, tzinfo=UTC)
    reference = read_tables(PACKAGED / "facts", Lags())
    history = History(reference)
    early = History([f for f in reference if f.known_at <= day])
    corrected = replace_figure(reference, "earnings", "FY2024Q4", china_incl_hk_revenue_usd_bn=99)

    steps = [steps for _, steps, _ in c.steps_at(history, day)]

    assert all(steps)
    assert max(on for every in steps for _, on, _ in every) <= day.date()
    assert steps == [s for _, s, _ in c.steps_at(early, day)]
    assert steps == [s for _, s, _ in c.steps_at(History([*reference, corrected]), day)]
    later = datetime(2025, 9, 30, tzinfo=UTC)
    moved = c.steps_at(History([*reference, corrected]), later)[1][1]
    assert moved != c.steps_at(history, later)[1][1]


def replace_figure(facts: tuple[Fact, ...], kind: str, key: str, **given: object) -> Fact:
    """A correction of one fact, told in 2025."""
    (held,) = (f for f in facts if (f.kind, f.key) == (kind, key))
    told = datetime(2025, 1, 5, tzinfo=UTC)
    return replace(held, known_at=told, payload={**held.payload, **given})
