"""Known answers of rows on the page, and a trip-wire under their figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace as Thing
from typing import Any

import pytest

from engine.phrases import phrase
from engine.report.charts import AxisSpan
from engine.report.i18n import voice
from engine.report.sections.health import BACKFILLED
from engine.report.sections.stress import cannot_say
from engine.service.stressing import StressTable
from engine.shown import FeedState, SourceHealth
from engine.values import Contribution, Evidence, Observed
from engine.web import views
from tests.architecture.test_frozen_report import figures
from tests.engine.report.sample_report import rating, sample_report, stress_rows, v31
from tests.frozen import check

EN = voice("en")
NOW = datetime(2025, 8, 22, 12, 31, tzinfo=UTC)
LONG = "x" * 2_000


def cut(limit: int) -> str:
    return "x" * (limit - 1) + "…"


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


def test_a_row_of_the_league_in_whole() -> None:
    told = replace(
        rating(), score=18.4, score_low=6.0, score_high=41.0, reasons=LONG,
        channels={"efficiency": -0.6, "substitution": 19.0}, evidence=(),
    )  # fmt: skip
    (row,) = views.league_rows([(replace(v31(), model=LONG, lab=LONG), told)], EN)
    # -0.6 to 19 is 19.6 wide, with 8 % of that on each side 22.736: from -2.168 to 20.568
    small, large, zero = -0.6, 19.0, -2.168
    at = {x: round(100 * (x - zero) / 22.736, 3) for x in (small, 0.0, large)}
    assert row == views.Rated(
        place=1, title=cut(80), lab=cut(80), released="Aug 21, 2025", score="18", band="6 to 41",
        span=AxisSpan(left=24.8, width=28.0), at=34.72, reasons=cut(1_200),  # (6 + 25) / 125, ...
        parts=(
            views.ShownPart(
                label="Substitution by domestic chips", shown="+19.0", tone=-1,
                span=AxisSpan(left=at[0.0], width=round(at[large] - at[0.0], 3)),
            ),
            views.ShownPart(
                label="Efficiency against rebound", shown="-0.6", tone=1,
                span=AxisSpan(left=at[small], width=round(at[0.0] - at[small], 3)),
            ),
        ),
        proofs=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("evidence", "tag"),
    [
        (Evidence(text="t", confidence=0.5), ""),
        (Evidence(text="t", confidence=0.49), "low confidence"),
        (Evidence(text="t"), ""),
        (Evidence(text="t", observed=Observed.NOT_OBSERVED), "not observed"),
    ],
)
def test_a_line_of_evidence_says_what_is_weak(evidence: Evidence, tag: str) -> None:
    assert views._proof(evidence, EN) == views.EvidenceLine(text="t", tag=tag)


def test_an_entry_of_the_ledger_in_whole() -> None:
    given: dict[str, Any] = {"decision": "HOLD", "score": 0.5, "target_weight": 0.25}
    entry: Any = Thing(
        payload=given, made_at=NOW, strategy=LONG, seq=3, acts_on=date(2025, 8, 25), stands=False
    )
    assert views.noted(entry, (), EN) == views.Noted(
        number=3, acts="Aug 25, 2025", strategy=cut(60), verdict="HOLD", code="HOLD",
        score="+0.50", target="25%", stands=False, made="Aug 22, 2025, 08:31 (New York)",
        link="/archive?as_of=2025-08-22T12%3A31%3A00Z",
    )  # fmt: skip
    entry.payload = {"decision": LONG, "score": "0.5", "target_weight": None}
    other = views.noted(entry, (), EN)
    assert (other.verdict, other.code, other.score) == (cut(20), "", "not observed")
    entry.payload = {}
    assert views.noted(entry, (), EN).verdict == ""


def test_a_source_in_whole() -> None:
    base = SourceHealth(
        name=LONG, state=FeedState.ERROR, tier=2, last_ok_at=NOW,
        newest_at=datetime(2025, 8, 21, 12, tzinfo=UTC), n_facts=1_234, note="away",
    )  # fmt: skip
    table = replace(base, state=FeedState.OK, note=BACKFILLED, last_ok_at=None, newest_at=None)
    assert views.feed_rows([table, base], EN) == (
        views.Feed(
            name=cut(60), state="error", ok=False, idle=False, tier=2,
            last_ok="Aug 22, 2025, 08:31 (New York)", newest="Aug 21, 2025", entries="1,234",
            note="away",
        ),
        views.Feed(
            name=cut(60), state="up to date", ok=True, idle=False, tier=2, last_ok="never",
            newest="none", entries="1,234", note="",
        ),
    )  # fmt: skip
    names = [("b", 2), ("z", 1), ("a", 2)]
    told = views.feed_rows([replace(base, name=n, tier=t) for n, t in names], EN)
    assert [(row.name, row.tier) for row in told] == [("z", 1), ("a", 2), ("b", 2)]


def part(name: str, contribution: float, value: float | None = 0.1) -> Contribution:
    return Contribution(
        name=name, weight=0.2, value=value, contribution=contribution, evidence=(), doubt=0.1
    )


def test_a_decision_in_brief_in_whole() -> None:
    """Bars that are all small lie on an axis of 0.05: with its margins 0.058, from -0.039."""
    parts: Any = (part("trend", -0.02), part("rate_path", 0.0, None))
    sells: Any = Thing(
        stance="SELL", score=-0.256, exit_below=-0.2, enter_above=0.1, contributions=parts
    )
    report: Any = Thing(decision=sells)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "verdict_code", lambda report: "code")
        patch.setattr(views, "beside", lambda report, voice: "beside")
        patch.setattr(views, "acts", lambda report, voice: "acts")
        found = views.briefs([("mine", report)], EN)
    # the middle of the bars is -0.01: the axis goes from -0.01 - 0.029 to -0.01 + 0.029
    zero, low = round(100 * 0.039 / 0.058, 3), round(100 * 0.019 / 0.058, 3)
    assert found == (
        views.Brief(
            name="mine", code="code", verdict="SELL", kept="beside", score="-0.26", acts="acts",
            thresholds="SELL below -0.20, HOLD again above +0.10",
            parts=(
                views.ShownPart(
                    label=EN.label("trend"), shown="-0.020", tone=-1,
                    span=AxisSpan(left=low, width=round(zero - low, 3)),
                ),
                views.ShownPart(
                    label=EN.label("rate_path"), shown="not observed", tone=0,
                    span=AxisSpan(left=zero, width=0.0), observed=False,
                ),
            ),
            zero=zero,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("at_close", "more"),
    [(0, ""), (2, " 2 sessions have no recorded open and were filled at the close.")],
)
def test_a_tear_sheet_of_the_page_is_the_short_one(
    monkeypatch: pytest.MonkeyPatch, at_close: int, more: str
) -> None:
    monkeypatch.setattr("backtests.sheet_page.page_of", lambda sheets, voice: (sheets, voice.lang))
    monkeypatch.setattr("engine.report.forms.html.inner_html", lambda page, short: (page, short))
    sheets = [Thing(strategy=LONG), Thing(strategy=phrase("{name}, edited", name="b"))]
    outcome: Any = Thing(
        trials=[Thing(sheet=sheet) for sheet in sheets], spread_bps=7.5, at_close=at_close,
        holding=Thing(sessions_on=range(1_250)),
    )  # fmt: skip
    assert views.tear_sheet(outcome, EN) == views.Outlined(
        inside=((sheets, "en"), True),  # type: ignore[arg-type]
        names=(cut(60), "b, edited"),
        basis="1,250 sessions, decided before each open and filled at it, half of a quoted spread "
        f"of 7.5 bp paid per trade, cash at the policy rate, before tax.{more}",
    )


def test_scenarios_in_whole_and_what_cannot_be_said() -> None:
    quiet, loud = stress_rows()
    rows = (
        replace(loud, preset="blind", share_of_known_days=0.5, share_reduced=0.75),
        replace(loud, preset=LONG, before="REDUCE", target_after=0.25, share_of_known_days=0.125,
                share_reduced=None),
        replace(quiet, preset="calm", after="HOLD"),
    )  # fmt: skip
    table = StressTable(
        as_of=NOW, rows=rows, lines=(), unjudged=("blind", LONG[:41]), foresight=(phrase("seen"),)
    )
    rest: Any = {"scenario": "A guide 20% below consensus", "severity": "severe"}
    assert views.stress_rows(table, EN) == (
        views.Stressed(
            preset="blind", before="–", after="–", turned=False, kept="–", sells_on="50%",
            less_on="75%", **rest,
        ),
        views.Stressed(
            preset=cut(40), before="REDUCE", after="SELL", turned=True, kept="25%",
            sells_on="12%", less_on="–", **rest,
        ),
        views.Stressed(
            scenario="Nothing happens", severity="mild", preset="calm", before="HOLD",
            after="HOLD", turned=False, kept="100%", sells_on="0%", less_on="0%",
        ),
    )  # fmt: skip
    said = cannot_say(EN)
    assert views.stress_notes(table, EN) == [f"blind: {said}", f"{cut(40)}: {said}", "seen"]


def test_a_day_is_new_yorks() -> None:
    assert views.new_york_day(datetime(2025, 8, 23, 3, 59, tzinfo=UTC)) == date(2025, 8, 22)
    assert views.new_york_day(datetime(2025, 8, 23, 4, 0, tzinfo=UTC)) == date(2025, 8, 23)


def test_rows_keep_their_figures() -> None:
    low = replace(rating(), score=-3.0, score_low=-9.0, score_high=2.0, rateable=False,
                  channels={"residual": -3.0})  # fmt: skip
    rows = views.league_rows([(v31(), rating()), (v31(), low)], EN)
    briefs = views.briefs([("a", sample_report())], EN)
    check("web_rows", [*figures(tuple(rows)), *figures(tuple(briefs))])
