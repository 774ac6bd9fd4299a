"""Known answers of the smaller sections: each branch of what they say, at its line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace as Thing
from typing import Any

import pytest

from engine.decision.options import FallChance, OptionOutlook
from engine.decision.reinvest import DOLLARS
from engine.report.blocks import Cell, Chart, Details, Line, Lines, ListItem, Note, Table
from engine.report.charts import AxisSpan
from engine.report.i18n import voice
from engine.report.section import sections
from engine.report.sections import (
    changes,
    events,
    health,
    holding,
    rates,
    registered,
    risk,
    scored,
    track,
    why,
)
from engine.report.sections.headlines import FIRST, MOST_SHOWN
from engine.report.sections.risk import Beside
from engine.shown import (
    FeedState,
    MeetingScore,
    Outcomes,
    PricePoint,
    Report,
    ScoredChance,
    SourceHealth,
)
from engine.values import Contribution, FallSkill, RateExpectation, RateOutcome, Stage, StatedChance
from tests.architecture.test_frozen_report import OWNED
from tests.builders import make_event
from tests.engine.report.sample_report import (
    AS_OF,
    rating_changes,
    registered_rules,
    sample_report,
    scored_chances,
    stress_rows,
    worst_days,
)
from tests.engine.report.test_headlines_section import shown as headlines
from tests.engine.report.test_headlines_section import step

EN = voice("en")
BY_NAME = {section.name: section for section in sections()}


def laid(name: str, report: Report | None = None, **parts: Any) -> list[Any]:
    """A section's blocks, those of its folds among them."""
    report = report or sample_report(parts=parts)
    section = BY_NAME[name]
    found: list[Any] = []
    for block in section.blocks(report, section.voice(EN)):
        found += [block, *block.blocks] if isinstance(block, Details) else [block]
    return found


def decided(**changed: Any) -> Report:
    report = sample_report()
    return replace(report, decision=replace(report.decision, **changed))


def texts(table: Table) -> list[list[str]]:
    """Cells by row, a note after a stroke."""
    return [[" / ".join(x for x in (c.text, c.note) if x) for c in row] for row in table.rows]


def heads(table: Table) -> list[str]:
    """Headings, a hash before those of numbers."""
    return [f"#{c.head}" if c.number else c.head for c in table.columns]


# --- risk -----------------------------------------------------------------------------------------


def fall(pct: float, chance: float, *, within: int = 21) -> StatedChance:
    return StatedChance(
        event="fall", within_sessions=within, chance=chance, base=chance / 2, weight=0.8,
        scored=890, fall_pct=pct,
    )  # fmt: skip


def view(**changed: Any) -> Any:
    found = sample_report().decision.risk
    assert found is not None
    return replace(found, **changed)


def test_chances_of_falls_stand_beside_how_often_they_came() -> None:
    table = risk._chances([fall(5.0, 0.5), fall(10.0, 0.25)], EN)
    assert heads(table) == [
        "Fall within 21 sessions", "#chance", "#so far", "#weight of the forecast",
    ]  # fmt: skip
    assert texts(table) == [["5%", "50%", "25%", "80%"], ["10%", "25%", "12%", "80%"]]
    assert [cell.style for cell in table.rows[0]] == ["", "strong", "quiet", "quiet"]


@pytest.mark.parametrize(
    ("target", "falls", "allowed", "said"),
    [
        (1.0, {10.0: 0.4, 20.0: 0.1}, 1.0,
         "Why not half: it would take the chance of losing 10% of the holding from 40% to 10%, and "
         "give up half of any rise, 4.0% in the middle of those. Your words on risk allow 100%."),
        (0.51, {10.0: 0.4, 20.0: 0.1}, None,
         "Why not half: it would take the chance of losing 10% of the holding from 40% to 10%, and "
         "give up half of any rise, 4.0% in the middle of those. No limit asks for it."),
        (0.5, {10.0: 0.4, 20.0: 0.1}, 1.0, ""),
        (1.0, {10.0: 0.4}, 1.0, ""),
        (1.0, {20.0: 0.1, 5.0: 0.6}, 1.0, ""),
    ],
)  # fmt: skip
def test_half_is_weighed_where_more_is_held(
    target: float, falls: dict[float, float], allowed: float | None, said: str
) -> None:
    """Half a holding loses ten per cent where the share falls by twenty."""
    found = risk._half(
        decided(target_weight=target), [fall(p, c) for p, c in falls.items()],
        view(up_pct=8.0, allowed_share=allowed), EN,
    )  # fmt: skip
    assert [note.text for note in found] == ([said] if said else [])


def test_being_wrong_is_told_in_money_a_share() -> None:
    """Of 200 USD: 8 % up is 16, 5 % down is 10."""
    told = view(last_close_usd=200.0, up_pct=8.0, down_pct=-5.0, shortfall_pct=-20.0)
    assert [note.text for note in risk._wrong(told, EN)] == [
        "SELL and wrong: where it rises, half of the outcomes miss more than 8.0%, $16.00 a share. "
        "HOLD and wrong: where it falls, half lose more than 5.0%, $10.00 a share; the worst "
        "twentieth lose 20.0% on average."
    ]
    assert list(risk._wrong(replace(told, last_close_usd=None), EN)) == []


def test_what_the_words_allow() -> None:
    told = view(bear_fall_pct=20.0, with_chance_pct=10.0, bear_within_sessions=21,
                allowed_share=0.4)  # fmt: skip
    words = (
        "Your words (a fall of 20% of the holding within 21 sessions, with a chance of 10%) allow "
        "40% of it"
    )
    assert risk._allowed(told, EN) == f"{words}."
    assert risk._allowed(replace(told, sells=True), EN) == (
        f"{words}: less than you asked to stay for."
    )
    for unset in ({"bear_fall_pct": None}, {"allowed_share": None}):
        assert risk._allowed(replace(told, **unset), EN) == (
            "No limit is set: the whole holding is kept whatever prices do."
        )


def test_spans_stand_by_their_length() -> None:
    """That of the view among those of other lengths."""
    spans = tuple(Thing(within_sessions=n, low_pct=-n, high_pct=n + 0.5) for n in (63, 5))
    lines = risk._distribution(view(spans=spans, low_pct=-17.0, high_pct=22.0), EN)
    assert lines.lines == (
        Line(label="Volatility expected, a year", value="39%"),
        Line(label="Nine times in ten, in 5 sessions", value="-5.0% to +5.5%"),
        Line(label="Nine times in ten, in 21 sessions", value="-17.0% to +22.0%"),
        Line(label="Nine times in ten, in 63 sessions", value="-63.0% to +63.5%"),
        Line(label="Mean of the worst twentieth", value="-22.9%"),
    )
    assert lines.depth == "full"


@pytest.mark.parametrize(
    ("low", "high", "words", "end"),
    [
        (0.01, 0.04, "better", "."), (-0.04, -0.01, "worse", "."),
        (-0.01, 0.04, "hardly better", ", which holds zero."),
        (0.0, 0.04, "hardly better", ", which holds zero."),
        (-0.04, 0.0, "hardly better", ", which holds zero."),
    ],
)  # fmt: skip
def test_the_record_of_the_forecast_is_told_with_its_interval(
    low: float, high: float, words: str, end: str
) -> None:
    found = FallSkill(fall_pct=10.0, skill=0.025, low=low, high=high, scored=1700)
    assert risk._record(found, EN) == (
        f"On 1,700 days scored, the chance of a fall of 10% was {words} than the base rate: Brier "
        f"skill +0.025, nine times in ten {EN.number(low, '+.3f')} to {EN.number(high, '+.3f')}"
        f"{end}"
    )


def test_what_options_pay_for_stands_by_their_expiry() -> None:
    chain = OptionOutlook(
        symbol="NVDA", expires_on=date(2025, 9, 19), quoted_at=AS_OF, expected_move_pct=7.3,
        falls=(FallChance(fall_pct=5.0, chance=0.31, low=0.28, high=0.35),
               FallChance(fall_pct=20.0, chance=None, low=0.0, high=0.1)),
        put_cost_pct=1.35, collar_cost_pct=-0.25,
    )  # fmt: skip
    skill = FallSkill(fall_pct=10.0, skill=0.02, low=0.01, high=0.04, scored=700)
    beside = Beside(skill=skill, options=(chain,))
    report = sample_report(parts={"risk": beside})
    _, _, _, note, table, *_ = laid("risk", report)
    assert note == Note(text=risk._record(skill, EN), style="quiet")
    assert table.title == "As options price it, on the day of expiry"
    assert heads(table) == [
        "expiry", "#priced chance of 5% lower", "#priced chance of 20% lower",
        "#move expected by then", "#put, a month", "#collar, a month",
    ]  # fmt: skip
    assert texts(table) == [
        ["NVDA / Sep 19, 2025", "31%", "not observed", "7.3%", "1.35%", "-0.25%"]
    ]
    assert [c.style for c in table.rows[0]] == ["", "strong", "strong", "", "quiet", "quiet"]
    told = BY_NAME["risk"].data(report, EN)
    assert (told["fall_skill"], told["options"]) == (skill, (chain,))


def test_the_parts_of_risk_are_there_where_there_is_something_to_say() -> None:
    """No table without falls, no record without one; the chance that it stands is none of them."""
    whole = laid("risk", decided(chances=(fall(10.0, 0.3),), risk=view(tax_rate_pct=0.0)))
    assert [type(b).__name__ for b in whole] == [
        "Note", "Details", "Table", "Lines", "Note", "Note",
    ]  # fmt: skip
    assert whole[5].text.startswith("No tax is counted")
    stands = replace(fall(10.0, 0.3), event="stands", fall_pct=None)
    bare = laid("risk", decided(chances=(stands,), risk=view(tax_rate_pct=None)))
    assert [type(b).__name__ for b in bare] == ["Note", "Details", "Lines", "Note"]
    unknown = "No current price is known: nothing is said of the weeks ahead."
    for silent in (replace(sample_report(), stale=True), decided(risk=None)):
        assert [b.text for b in laid("risk", silent)] == [unknown]
    assert BY_NAME["risk"].data(sample_report(parts={}), EN)["options"] == ()
    data = BY_NAME["risk"].data(sample_report(parts={"risk": Beside(skill=None, options=())}), EN)
    assert data["chances"] == sample_report().decision.chances
    assert data["risk"] == sample_report().decision.risk


# --- rates ----------------------------------------------------------------------------------------


def odds(bps: float, low: int, probability: float) -> RateOutcome:
    return RateOutcome(change_bps=bps, range_bps=(low, low + 25), probability=probability)


def test_a_meeting_has_its_odds_and_the_likeliest_stands_out() -> None:
    """Ranges are on record in basis points."""
    meeting = RateExpectation(
        meeting_on=date(2025, 9, 17), rung="zq", expected_change_bps=-17.5, note="Thin trade",
        outcomes=(odds(-25, 400, 0.7), odds(0, 425, 0.2), odds(25, 450, 0.1)),
    )  # fmt: skip
    table, note = rates._meeting(meeting, EN)
    assert isinstance(table, Table)
    assert table.title.replace("\u00a0", " ") == (
        "Fed meeting of Sep 17, 2025 · expected change -18 bp (fed funds futures)"
    )
    assert [[t.replace("\u00a0", " ") for t in row] for row in texts(table)] == [
        ["-25 bp / 4.00–4.25%", "", "70.0%"],
        ["no change / 4.25–4.50%", "", "20.0%"],
        ["+25 bp / 4.50–4.75%", "", "10.0%"],
    ]
    assert [row[1].span for row in table.rows] == [
        AxisSpan(left=0, width=width) for width in (70.0, 20.0, 10.0)
    ]
    assert [[cell.style for cell in row] for row in table.rows] == [["strong", "", "strong"],
                                                                   [""] * 3, [""] * 3]  # fmt: skip
    assert [(c.head, c.bar, c.number) for c in table.columns] == [
        ("change", False, False), ("", True, False), ("probability", False, True),
    ]  # fmt: skip
    assert note == Note(text="Thin trade", style="quiet")


def test_a_path_without_odds_is_a_sentence() -> None:
    path = RateExpectation(
        meeting_on=None, outcomes=(), rung="unknown", expected_change_bps=None, note=""
    )
    assert list(rates._meeting(path, EN)) == [
        Note(text="Path of the policy rate · expected change not observed")
    ]


def test_the_next_meeting_is_open_and_what_it_does_to_the_score_follows() -> None:
    made = tuple(
        MeetingScore(
            meeting_on=date(2025, 9, 17),
            change_bps=bps,
            probability=p,
            surprise_bps=0.0,
            score=s,
            after=a,
        )
        for bps, p, s, a in ((-25, 0.7, 0.1, "HOLD"), (0, 0.3, -0.2, "SELL"))
    )
    first, then, fold, *later = laid("rates", sample_report(parts={"rates": made}))
    assert "Sep 17, 2025" in first.title
    assert then.text.replace("\u00a0", " ") == (
        "All else unchanged, after -25 bp the score is +0.10 (HOLD), after an unchanged rate the "
        "score is -0.20 (SELL)."
    )
    assert fold.title == "The meetings after it"
    assert "Oct 29, 2025" in later[0].title
    for few in (made[:1], (*made, made[0])):
        assert len(laid("rates", sample_report(parts={"rates": few}))) == 1 + 1 + len(later)
    alone = replace(sample_report(parts={}), rates=sample_report().rates[:1])
    assert len(laid("rates", alone)) == 1
    assert BY_NAME["rates"].data(alone, EN) == {"rates": alone.rates, "next_meeting": ()}


# --- events and headlines -------------------------------------------------------------------------


def test_events_are_numbered_from_the_newest() -> None:
    """Told in the same second: by name; two are open, the others folded behind their number."""
    given = [
        make_event(
            event_id=name,
            known_at=AS_OF - timedelta(hours=ago),
            headline=name,
            stage=Stage.ANNOUNCED,
        )
        for name, ago in (("c", 2), ("b", 1), ("a", 2), ("d", 3))
    ]
    first, fold, rest = laid("events", replace(sample_report(), events=tuple(given)))
    assert [(i.number, i.text) for i in (*first.items, *rest.items)] == [
        (1, "b"), (2, "a"), (3, "c"), (4, "d"),
    ]  # fmt: skip
    assert (len(first.items), fold.title, rest.most, first.most) == (2, "2 more", 6, 8)
    two = replace(sample_report(), events=tuple(given[:2]))
    assert len(laid("events", two)) == 1
    none, empty = laid("events", replace(sample_report(), events=()))
    assert none == Note(text="No event of these days is on record.", style="quiet")
    assert empty.items == ()


def test_an_event_says_who_when_and_how_sure() -> None:
    """By the host of its link, or by its source where there is none."""
    told = make_event(
        "export_relief", known_at=datetime(2025, 8, 11, 12, 20, tzinfo=UTC), direction=0,
        headline="Licences start", source="wire", actor="BIS / Nvidia", stage=Stage.EFFECTIVE,
        url="https://www.example.org/a", n_sources=1, confidence=0.9,
    )  # fmt: skip
    assert events._item(7, told, EN) == ListItem(
        number=7, title="Export relief", about="BIS / Nvidia, in force, neutral for NVDA",
        text="Licences start", quoted=True, url="https://www.example.org/a", tone=0,
        detail="Aug 11, 2025, 08:20 (New York) · 1 source · 90% sure of the type · example.org",
    )  # fmt: skip
    bare = events._item(1, replace(told, url="", n_sources=2, direction=-1, actor=""), EN)
    assert bare.detail.endswith("2 sources · 90% sure of the type · wire")
    assert (bare.about, bare.tone, bare.url) == ("in force, bad for NVDA", -1, "")
    assert events.sense(1, EN) == "good for NVDA"


def test_headlines_show_one_and_fold_eleven() -> None:
    """A mail takes four in all."""
    first, fold = headlines(*(step(left_pct=n / 10) for n in range(14)))
    assert (FIRST, MOST_SHOWN) == (1, 12)
    (rest,) = fold.blocks
    assert (len(first.items), len(rest.items), fold.title) == (1, 11, "11 more")
    assert (first.most, rest.most) == (4, 3)
    lefts = [item.title.split(", ")[1] for item in rest.items]
    assert lefts == [f"+{n / 10:.1f}% left" for n in range(1, 12)]


def test_a_headline_of_another_voice_is_told_in_its_own_unit() -> None:
    (items,) = headlines(step(voice="domestic_impulse_pct", told_pct=2.0, left_pct=1.5, others=1))
    (item,) = items.items
    assert item.title == "+2.0% of data-centre revenue when told, +1.5% left"
    assert item.detail.endswith(" · rests on one source: Reuters · edited press · 1 more story")
    assert item.quoted
    assert item.tone == step().event.direction


# --- sources --------------------------------------------------------------------------------------


def source(name: str, state: FeedState = FeedState.OK, tier: int = 1, **more: Any) -> SourceHealth:
    given = {"last_ok_at": AS_OF, "newest_at": None, "n_facts": 1200, **more}
    return SourceHealth(name=name, state=state, tier=tier, **given)


def test_sources_stand_by_need_tier_and_name() -> None:
    given = [
        source("e", tier=2), source("d"), source("c"), source("b", FeedState.BLOCKED, tier=2),
        source("a", FeedState.STALE, tier=3), source("z", FeedState.ERROR),
    ]  # fmt: skip
    assert [s.name for s in health.worst_first(given)] == ["z", "b", "a", "c", "d", "e"]


def test_a_source_in_its_row() -> None:
    """A feed by the minute, a table that came with the program by its day and without its note."""
    assert health._row(source("wire", FeedState.BLOCKED, note="HTTP 403"), EN) == (
        Cell(text="wire"), Cell(text="✗ blocked", note="HTTP 403", tone=-1),
        Cell(text="Aug 22, 2025, 23:59 (New York)", style="quiet"),
        Cell(text="1,200", style="quiet"),
    )  # fmt: skip
    table = health._row(source("table", note=health.BACKFILLED, n_facts=0), EN)
    assert table == (
        Cell(text="table"), Cell(text="✓ up to date"), Cell(text="Aug 22, 2025", style="quiet"),
        Cell(text="0", style="quiet"),
    )  # fmt: skip
    assert health._row(source("wire", last_ok_at=None), EN)[2].text == "never"


def test_data_health_names_what_is_mute_idle_or_a_table() -> None:
    """Twelve at most by name."""
    idle = [source(f"i{n:02}", FeedState.NEVER, last_ok_at=None) for n in range(13)]
    mute = replace(idle[0], mute=True)
    tables = source("t", note=health.BACKFILLED)
    report = replace(sample_report(), data_health=(mute, *idle[1:], tables, source("x")))
    lead, alert, fold, full, told, short, rest = laid("data_health", report)
    assert lead == Note(text="2 of 15 sources up to date.", style="lead")
    assert (alert.style, alert.text) == (
        "alert",
        "Not asked, because no contact address is set (mail under [contact]): i00.",
    )
    assert (fold.title, full.depth, short.depth) == ("Each source", "full", "short")
    assert heads(full) == heads(short) == ["source", "state", "last reached", "#facts"]
    assert [row[0].text for row in full.rows] == ["t", "x"]
    assert short.rows == ()
    assert told.text.endswith("taken as known from the day it was published: t.")
    assert rest.text == (
        f"13 sources were never reached: {', '.join(f'i{n:02}' for n in range(12))}, …."
    )
    few = replace(report, data_health=(idle[1], source("x")))
    assert [b.text for b in laid("data_health", few) if isinstance(b, Note)] == [
        "1 of 2 sources up to date.", "1 source was never reached: i01.",
    ]  # fmt: skip
    assert "…" not in health._idle(idle[:12], EN)
    mutes = [replace(one, mute=True) for one in idle]
    assert health._mute(mutes, EN).endswith(f": {', '.join(f'i{n:02}' for n in range(12))}.")
    none = laid("data_health", replace(report, data_health=(idle[1],)))
    assert [type(b).__name__ for b in none] == ["Note", "Table"]


# --- what came of it ------------------------------------------------------------------------------


def test_a_call_without_a_move_is_open() -> None:
    calls = sample_report().track_record
    rows = {name: track._call(calls[n], EN) for n, name in ((0, "up"), (1, "wrong"), (4, "open"))}
    assert rows["up"] == (
        Cell(text="Nov 4, 2024"), Cell(text="HOLD", style="strong"), Cell(text="Jan 28, 2025"),
        Cell(text="+4.6%"), Cell(text="✓ right", tone=1),
    )  # fmt: skip
    assert [cell.text for cell in rows["wrong"]] == [
        "Jan 28, 2025", "SELL", "Feb 18, 2025", "+8.1%", "✗ wrong",
    ]  # fmt: skip
    assert rows["wrong"][4].tone == -1
    assert [cell.text for cell in rows["open"]] == ["May 13, 2025", "HOLD", "", "", "open"]
    still = track._call(replace(calls[0], nvda_return_pct=0.0), EN)
    assert [cell.text for cell in still[2:]] == ["Jan 28, 2025", "", "open"]
    assert track._summary(calls, EN).startswith("1 of 4 closed decisions were right (95% interval")
    assert track._summary(calls[4:], EN) == "No decision has run its course yet."


def test_the_latest_twenty_calls_come_newest_first() -> None:
    call = sample_report().track_record[0]
    calls = tuple(replace(call, acts_on=date(2024, 1, n)) for n in range(1, 23))
    _, fold, table = laid("track_record", replace(sample_report(), track_record=calls))
    days = [row[0].text for row in table.rows]
    assert days == [f"Jan {n}, 2024" for n in range(22, 2, -1)]
    assert (fold.title, table.depth) == ("The latest decisions", "full")
    assert heads(table) == ["from", "decision", "until", "#NVDA", "result"]


def test_scored_chances_are_rows_and_a_picture() -> None:
    few, replayed = scored_chances()
    table = next(b for b in scored._in_full((few, replayed), EN) if isinstance(b, Table))
    assert heads(table) == ["chance of", "#over", "#said", "#came", "#Brier", "#base rate"]
    assert texts(table) == [
        ["the same said 5 sessions later / live", "7 / too few for a rate", "", "", "", ""],
        ["a fall of 10% within 21 sessions / replayed", "919", "24%", "26%", "0.181", "0.189"],
    ]
    assert [cell.style for cell in table.rows[1]] == ["", "", "", "strong", "", "quiet"]
    picture = scored._picture(replayed, EN)
    # A frame of 1000 by 400 from the top: 0.07 and 0.05 are at 70 and 380.
    assert [c.path for c in picture.curves] == [
        "M0.0 400.0L1000.0 0.0", "M70.0 380.0L250.0 276.0L440.0 240.0",
    ]  # fmt: skip
    assert [c.style for c in picture.curves] == ["bench", "own"]
    assert [(t.at, t.label) for t in picture.levels] == [(100, "0%"), (50, "50%"), (0, "100%")]
    assert [(t.at, t.label) for t in picture.times] == [(5, "5%"), (50, "50%"), (90, "90%")]
    assert (picture.spark, picture.low, picture.depth) == ((0.05, 0.31, 0.4), True, "full")
    assert picture.summary == (
        "a fall of 10% within 21 sessions (replayed): said 7%, came 5% (200 times); said 25%, came "
        "31% (600 times); said 44%, came 40% (119 times)."
    )
    assert [key for key, _ in picture.key] == ["own", "bench"]


def in_short(*found: ScoredChance) -> str:
    (note,) = scored._in_short(found, EN)
    assert isinstance(note, Note)
    assert note.depth == "short"
    return note.text


def test_a_mail_tells_the_fall_of_ten_per_cent_live_where_it_can() -> None:
    few, replayed = scored_chances()
    live = replace(replayed, record="live", said=0.3, came=0.2)
    deep = replace(replayed, fall_pct=20.0)
    line = "a fall of 10% within 21 sessions ({}): said {}, came {}; Brier 0.181, its base rate " \
           "0.189."  # fmt: skip
    assert in_short(few, deep, replayed) == line.format("replayed", "24%", "26%")
    assert in_short(few, live, replayed) == line.format("live", "30%", "20%")
    young = replace(live, brier=None)
    assert in_short(young, replayed) == line.format("replayed", "24%", "26%")
    none = "Too few of its chances are over to say how good they were."
    assert in_short(few) == in_short(young, deep) == none
    assert in_short(deep).startswith("a fall of 20% within 21 sessions (replayed)")


def test_chances_are_pictured_and_explained_where_there_is_something_to_see() -> None:
    few, replayed = scored_chances()

    def kinds(*chances: ScoredChance, worst: Any = ()) -> list[str]:
        blocks = laid("scored_chances", scored_chances=Outcomes(chances=chances, worst=worst))
        return [type(block).__name__ for block in blocks]

    assert kinds() == []
    assert kinds(few) == ["Note", "Details", "Note", "Table"]
    live = replace(replayed, record="live")
    assert kinds(live) == ["Note", "Details", "Note", "Table", "Chart"]
    assert kinds(replayed) == ["Note", "Details", "Note", "Table", "Chart", "Note"]
    assert kinds(few, worst=worst_days()) == ["Note", "Details", "Note", "Table", "Table"]
    data = BY_NAME["scored_chances"].data(sample_report(parts={}), EN)
    assert data == {"scored_chances": (), "worst_days": ()}
    found = Outcomes(chances=(few,), worst=worst_days())
    data = BY_NAME["scored_chances"].data(sample_report(parts={"scored_chances": found}), EN)
    assert data == {"scored_chances": (few,), "worst_days": worst_days()}


def test_the_worst_days_have_what_was_said_that_morning() -> None:
    (table,) = scored._worst(worst_days(), EN)
    assert isinstance(table, Table)
    assert table.title == "The 2 worst sessions, and what was said that morning"
    assert heads(table) == [
        "", "#NVDA", "decision", "#share kept", "#score", "#chance of a fall of 10%",
    ]  # fmt: skip
    assert [c.whole for c in table.columns] == [True] + [False] * 5
    assert texts(table) == [
        ["Jan 27, 2025", "-17.0%", "HOLD", "100%", "+0.11", "31%"],
        ["Apr 3, 2025", "-7.8%", "SELL", "25%", "+0.11", "31%"],
    ]
    assert [cell.tone for cell in table.rows[0]] == [0, -1, 0, 0, 0, 0]
    assert list(scored._worst((), EN)) == []


# --- scenarios, rules, changes --------------------------------------------------------------------


def scenario_rows(*turns: tuple[str, str, float]) -> tuple[Any, ...]:
    """(before, after, share kept after), of a whole holding before."""
    quiet, _ = stress_rows()
    return tuple(replace(quiet, before=b, after=a, target_after=t) for b, a, t in turns)


def test_scenarios_are_counted_by_what_they_would_change() -> None:
    """Three sell, one keeps less; what sells already is counted by what would undo it."""
    sells, less, still = ("HOLD", "SELL", 0.25), ("HOLD", "REDUCE", 0.5), ("HOLD", "HOLD", 1.0)
    rows = scenario_rows(sells, less, sells, still, sells)
    lead, *_ = laid("stress", stress=rows)
    assert lead == Note(
        text="Of 5 scenarios laid over this morning, 3 would make it SELL and 1 more would keep "
        "less.",
        style="lead",
    )
    old = replace(sample_report(parts={"stress": rows}), present_on=date(2025, 10, 1))
    assert laid("stress", old)[0].text == (
        "Of 5 scenarios laid over that morning, 3 would have made it SELL and 1 more would have "
        "kept less."
    )
    sold = scenario_rows(("SELL", "SELL", 0.0), ("SELL", "HOLD", 1.0), ("SELL", "REDUCE", 0.5))
    assert laid("stress", stress=sold)[0].text == (
        "It says SELL already: of 3 scenarios laid over that morning, 2 would undo it."
    )
    assert laid("stress", stress=()) == []
    unknown = replace(old, decision=replace(old.decision, known=False))
    assert [b.text for b in laid("stress", unknown)] == [
        "Too little is observed to say what a turn of the world would change."
    ]
    assert BY_NAME["stress"].data(old, EN) == {"stress": rows}
    assert BY_NAME["stress"].data(sample_report(parts={}), EN) == {"stress": ()}


def test_a_scenario_in_its_row() -> None:
    _, _, table = laid("stress", stress=stress_rows())
    assert heads(table) == ["scenario", "severity", "then", "#share kept", "#score"]
    assert texts(table) == [
        ["Nothing happens", "mild", "HOLD", "100%", "+0.02"],
        ["A guide 20% below consensus", "severe", "SELL", "25%", "-0.48"],
    ]
    assert [(row[2].style, row[2].tone) for row in table.rows] == [("quiet", 0), ("strong", -1)]


def test_a_registered_rule_says_how_it_stands() -> None:
    ended, ahead = registered_rules()
    say = BY_NAME["registered"].voice(EN)
    assert registered._sealed(ended, say) == (
        "Sealed on Aug 1, 2025 for Jan 2, 2025 to Aug 20, 2025, held back and not forward: prices "
        "unseen, releases seen."
    )
    assert registered._sealed(ahead, say) == (
        "Sealed on Aug 1, 2025 for Sep 2, 2025 to Sep 1, 2026, forward."
    )
    assert registered._came(ahead, say) == "No session of it is over."
    assert registered._came(replace(ahead, state="changed"), say) == (
        "The rule has been changed since, so it is not judged by what was sealed."
    )
    came = (
        "158 sessions so far: +4.2%, a constant mix of the same exposure +11.0%; deepest fall "
        "-31.0%, of holding -30.2%. "
    )
    assert registered._came(ended, say) == (
        f"{came}By the rule written before, this preset ended on Jul 7, 2025: its growth is below "
        "that of its constant mix; it fell deeper than holding."
    )
    going = replace(ended, met=(), state="running")
    assert registered._came(replace(going, looks=0), say) == (
        f"{came}What would end it is first asked after session 252."
    )
    assert registered._came(replace(going, looks=1), say) == (
        f"{came}What would end it was asked once and has not come."
    )
    assert registered._came(going, say).endswith("was asked 2 times and has not come.")
    notes = laid("registered", registered=(ended, ahead, going))
    assert [note.style for note in notes] == ["alert", "", ""]


def test_a_change_of_a_rating_is_told_from_its_share_on_for_thirty_days() -> None:
    cut, failed = rating_changes()
    edges = [replace(cut, rated_at=AS_OF, loss_share=s) for s in (5e-4, 4.9e-4, -5e-4, -4.9e-4)]
    young = replace(cut, rated_at=AS_OF - timedelta(days=30) + timedelta(seconds=1))
    assert changes.recent([*edges, young], AS_OF) == (edges[0], edges[2], young)
    same = [replace(cut, model=m, kind=k) for m, k in (("a", "x"), ("b", "x"), ("b", "y"))]
    assert [(r.model, r.kind) for r in changes.recent(same, AS_OF)] == [
        ("b", "y"), ("b", "x"), ("a", "x"),
    ]  # fmt: skip
    assert changes._item(failed, BY_NAME["changes"].voice(EN)) == ListItem(
        title="R2", about="failed run, Aug 14, 2025",
        text="-0.30% of a year’s data-centre revenue, -$0.7bn of value",
        detail="DeepSeek is said to have failed.", tone=1,
    )  # fmt: skip
    tones = [changes._item(replace(cut, loss_share=x), EN).tone for x in (0.004, 0.0, -0.004)]
    assert tones == [-1, 0, 1]
    fold, how, items = laid("changes", changes=(cut, failed))
    assert fold.title == "2 changes of ratings in the last weeks"
    assert (how.style, [item.title for item in items.items]) == ("quiet", [cut.model, "R2"])


# --- price, calendar, working ---------------------------------------------------------------------


def points(*closes: float, sold: Iterable[int] = ()) -> tuple[PricePoint, ...]:
    return tuple(
        PricePoint(session_on=date(2025, 8, 18) + timedelta(days=n), close=close,
                   target_weight=0.0 if n in set(sold) else 1.0)
        for n, close in enumerate(closes)
    )  # fmt: skip


def drawn(**changed: Any) -> Chart:
    given = {"prices": points(100.0, 110.0, 105.0), "events": (), "present_on": date(2025, 8, 21)}
    (chart,) = laid("prices", replace(sample_report(), **(given | changed)))
    assert isinstance(chart, Chart)
    return chart


def test_a_chart_explains_what_is_drawn_and_nothing_else() -> None:
    """A gap from the eighth day without a price on; events by New York's day."""
    plain = drawn()
    assert plain.summary == "From $100.00 on Aug 18, 2025 to $105.00 on Aug 20, 2025: +5.0%."
    assert (plain.key, plain.gap, len(plain.curves)) == ((), None, 2)
    assert plain.end is not None
    assert (plain.end.label, plain.end.at) == ("$105.00", 100.0)
    assert plain.spark == (100.0, 110.0, 105.0)
    assert drawn(prices=points(1.0, 2.0, 1.5, sold=[1])).key == (("out", "out of the position"),)
    assert drawn(present_on=date(2025, 8, 27)).gap is None
    late = drawn(present_on=date(2025, 8, 28))
    assert late.gap is not None
    assert late.key == (("gap", "no price known to this day, 8 days"),)
    told = [
        make_event(occurred_at=datetime(2025, 8, 19, 3, tzinfo=UTC), direction=-1),  # the 18th
        make_event(occurred_at=datetime(2025, 8, 18, 3, tzinfo=UTC)),  # a Sunday evening, before
    ]
    marked = drawn(events=tuple(told))
    assert marked.key == (("", "Numbers are the events listed below."),)
    assert [(m.label, m.tone, m.at) for m in marked.marks] == [("1", -1, 0.0)]
    assert [c.style for c in marked.curves] == ["under", "lead", "own"]
    # From the point at the left edge, at the foot of the frame, up to its number.
    assert marked.curves[1].path == f"M0.0 400.0L0.0 {4 * marked.marks[0].height:.1f}"
    # Ticks of 2.5 from 100 to 110, the highest on top.
    assert [(t.at, t.label) for t in plain.levels] == [
        (100.0, "$100"), (75.0, "$102"), (50.0, "$105"), (25.0, "$108"), (0.0, "$110"),
    ]  # fmt: skip
    assert plain.curves[1].path == "M0.0 400.0L500.0 0.0L1000.0 200.0"
    for few in ((), points(100.0)):
        assert laid("prices", replace(sample_report(), prices=few)) == []


def test_the_calendar_stands_by_day_and_names_kinds_that_do_not_name_themselves() -> None:
    (table,) = laid("upcoming")
    assert texts(table) == [
        ["Aug 27, 2025", "Nvidia reports the quarter after the close"],
        ["Sep 11, 2025", "CPI, August / US consumer prices"],
        ["Sep 17, 2025", "FOMC"],
    ]
    assert laid("upcoming", replace(sample_report(), upcoming=())) == []


def part(name: str, value: float | None, previous: float | None = None) -> Contribution:
    told = 0.0 if value is None else value / 2
    return Contribution(name=name, weight=0.5, value=value, contribution=told, previous=previous)


def test_the_working_of_a_part() -> None:
    """A move is told from half a point of the third decimal on."""
    plain = "weight 50% × +0.20"
    for previous, said in (
        (None, plain), (0.1, plain), (0.0996, plain), (0.1004, plain),
        (0.0994, f"{plain}; +0.001 since the session before"),
        (0.15, f"{plain}; -0.050 since the session before"),
    ):  # fmt: skip
        assert why._working(part("trend", 0.2, previous), EN) == said
    assert why._working(part("trend", None, 0.3), EN) == "not observed; up to 0.50 either way"


def test_steps_come_from_the_strongest_to_the_weakest_and_end_at_the_score() -> None:
    """-0.2, then 0.1 twice by name, the silent one last; SELL is measured to where it buys."""
    d = replace(
        sample_report().decision, score=0.0, exit_below=-0.3, enter_above=0.1,
        contributions=(part("trend", 0.2), part("gone", None), part("demand", 0.2),
                       part("rate_path", -0.4)),
    )  # fmt: skip
    found = why.steps_of(d, EN)
    assert [(bar.shown, bar.observed) for bar in found.bars] == [
        ("-0.200", True), ("+0.100", True), ("+0.100", True), ("not observed", False),
    ]  # fmt: skip
    assert [bar.label for bar in found.bars[1:3]] == [EN.label("demand"), EN.label("trend")]
    # From -0.3 to 0 with 8 % of that at each end: zero at (0.3 + 0.024) / 0.348.
    assert (found.zero, found.limit) == (93.103, 6.897)
    assert found.total.span == AxisSpan(left=93.103, width=0.0)
    assert (found.limit_label, found.total.shown) == ("SELL line -0.30", "0.000")
    sold = why.steps_of(replace(d, verdict="SELL", stance="SELL"), EN)
    assert sold.limit_label == "HOLD line +0.10"


def test_why_ends_with_its_worth_and_its_notes() -> None:
    told = laid("why", decided(worth_pct=-1.25, notes=("so it is",)))
    assert [note.text for note in told[1:]] == [
        "What the evidence has proved to be worth in return so far: -1.2% over 21 sessions.",
        "so it is",
    ]
    assert len(laid("why", decided(worth_pct=None, notes=()))) == 1


def test_the_market_shows_three_figures_and_folds_the_rest() -> None:
    figures = {"vix": 20.0, "nvda_close_usd": 100.0, "change_1d_pct": 1.0, "zebra": 2.0}
    first, fold, rest = laid("market", replace(sample_report(), market=figures))
    assert isinstance(first, Lines)
    assert (len(first.lines), len(rest.lines), fold.title) == (3, 1, "Every figure")
    assert rest.lines[0].label == "Zebra"
    assert first.lines[0].value == "$100.00"
    del figures["zebra"]
    (only,) = laid("market", replace(sample_report(), market=figures))
    assert len(only.lines) == 3
    assert laid("market", replace(sample_report(), market={})) == []


def test_a_flood_names_its_source_and_number() -> None:
    (note,) = laid("floods", floods=(Thing(source="Wire", told=60, usual_a_day=2.5),))
    assert note == Note(
        text="Wire told 60 events in a day, ten times its usual number or more: its feed may be "
        "broken.",
        style="alert",
    )


# --- the owner's shares ---------------------------------------------------------------------------


def test_being_wrong_is_told_in_money_of_the_holding() -> None:
    """Of 20,000 EUR: 8 % up is 1,600, 5 % down 1,000, the worst twentieth 4,000."""
    told = view(up_pct=8.0, down_pct=-5.0, shortfall_pct=-20.0, within_sessions=21)
    ends = (
        "half of the outcomes miss more than 1,600 EUR. HOLD and wrong: where it falls, half lose "
        "more than 1,000 EUR; the worst twentieth 4,000 EUR on average."
    )
    taxed = holding._wrong(replace(OWNED, tax_if_sold_eur=3045.0), 20_000.0, told, EN)
    assert taxed == (
        "Within 21 sessions. SELL all and wrong: 3,045 EUR of tax now, and where it rises, " + ends
    )
    for tax in (None, 0.0):
        plain = holding._wrong(replace(OWNED, tax_if_sold_eur=tax), 20_000.0, told, EN)
        assert plain == f"Within 21 sessions. SELL all and wrong: where it rises, {ends}"


def test_a_holding_says_what_it_is_worth_and_what_a_sale_brings() -> None:
    lines, *notes, _ = holding.holding_blocks(OWNED, EN)
    assert isinstance(lines, Lines)
    assert [(x.label, x.value, x.note) for x in lines.lines] == [
        ("Shares today", "120.5", ""),
        ("Value", "18,698 EUR",
         "at $180.00 on Aug 15, 2025, 1.1600 USD per euro on Aug 8, 2025"),
        ("Gain before tax", "9,698 EUR", ""),
        ("Tax if sold now", "3,045 EUR", "31.4% of the gain"),
        ("In hand if sold now", "15,635 EUR", ""),
        ("NVDA must fall by", "16.4%", "so that the proceeds buy back as many shares"),
    ]  # fmt: skip
    assert notes == []
    for unknown in ({"price_on": None}, {"rate_on": None}):
        assert [x.note for x in holding._worth(replace(OWNED, **unknown), EN)] == [""] * 3
    assert holding._euro(-5.4, EN, signed=True) == "-5 EUR"
    assert (holding._euro(5.4, EN, signed=True), holding._euro(None, EN)) == (
        "+5 EUR", "not observed",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"price_on": date(2025, 8, 14)},
         ["The price is 8 days old: these are not today’s sums."]),
        ({"rate_on": date(2025, 8, 7)},
         ["The euro’s rate is 8 days away from the price; import a newer one."]),
        ({"rate_on": date(2025, 8, 23)},
         ["The euro’s rate is 8 days away from the price; import a newer one."]),
        ({"rate_on": None, "price_on": None}, []),
        ({"rate_on": None}, []),
        ({"cost_eur": None},
         ["No rate of the euro is on record for a purchase: give its cost in EUR."]),
        ({"tax_rate_pct": None},
         ["No tax rule is known: name your country, or a rule under [[tax]]."]),
    ],
)  # fmt: skip
def test_what_is_old_or_lacking_in_the_sums_is_said(
    changes: dict[str, Any], said: list[str]
) -> None:
    """Seven days old is not old: a price of 15 August on the 22nd, a rate of the 8th."""
    assert list(holding._notes(replace(OWNED, **changes), EN)) == said


def test_dividends_falls_and_insurance_have_their_lines() -> None:
    _, fold = holding.holding_blocks(OWNED, EN)
    assert isinstance(fold, Details)
    lines, outcomes, elsewhere, note, missing, *rest = fold.blocks
    assert isinstance(lines, Lines)
    assert [(x.label, x.value, x.note) for x in lines.lines] == [
        ("Dividends so far", "41 EUR", "of which 6 EUR withheld in the US"),
        ("Gain with dividends received", "9,739 EUR", ""),
        ("In hand if half is sold now", "7,817 EUR", ""),
        ("Fall needed if it then recovers", "0.2%",
         "where the shares bought back later sell at today’s price: tax paid now is saved then"),
        ("A fall of 10% takes", "1,869 EUR", "4.0% of all you own"),
        ("A fall of 35% takes", "6,544 EUR", ""),
        ("Insurance would cost", "210 EUR a month",
         "a put 10% below the price, until Sep 19, 2025"),
        ("You noted on May 1, 2025", "sold 10", "NVDA since then: +12.5%. The rules kept 75% that "
         "day. You followed them. It brought 0 EUR before tax."),
        ("You noted on Jun 1, 2025", "bought 5", "NVDA since then: -2.5%. It cost 30 EUR before "
         "tax."),
    ]  # fmt: skip
    assert isinstance(outcomes, Table)
    assert outcomes.title == "In hand after tax, once the rest is sold too"
    assert heads(outcomes) == [
        "#After a move of", "#hold", "#sell half now", "#sell all now", "#must earn elsewhere",
    ]  # fmt: skip
    assert texts(outcomes) == [
        ["-20%", "1 EUR", "2 EUR", "3 EUR", "-4.5%"],
        ["0%", "6 EUR", "7 EUR", "8 EUR", "not observed"],
    ]
    assert isinstance(elsewhere, Table)
    assert elsewhere.title == "Sold into what: in hand on Aug 22, 2025, after tax"
    assert heads(elsewhere) == ["sold on Aug 22, 2024", "#in hand", "#against keeping"]
    assert texts(elsewhere) == [
        ["NVDA, kept", "12,000 EUR", ""],
        ["euro, without interest", "9,000 EUR", "-3,000 EUR"],
        ["SMH", "13,000 EUR", "+1,000 EUR"],
    ]
    assert note.text.startswith("What came in this one year")  # type: ignore[attr-defined]
    assert missing.text == (  # type: ignore[attr-defined]
        "The Fed’s rate of each day is not on record, so dollars are left out."
    )
    assert len(rest) == 1
    missed = replace(OWNED.done[0], followed=False, brought_eur=None)
    assert " ".join(holding._came(missed, EN)) == (
        "NVDA since then: +12.5%. The rules kept 75% that day. You did not follow them."
    )
    dear = replace(OWNED.done[0], kept_share=None, followed=None, brought_eur=-30.0)
    assert " ".join(holding._came(dear, EN)) == (
        "NVDA since then: +12.5%. It cost 30 EUR before tax."
    )
    assert list(holding._received(replace(OWNED, dividends_eur=0.0), EN)) == []
    for received, told in ((1.0, "1 EUR"), (-5.0, "-5 EUR")):
        line, _whole = holding._received(replace(OWNED, dividends_eur=received), EN)
        assert line.value == told
    dollars = tuple(replace(way, into=DOLLARS) for way in OWNED.sold_into[:1])
    *_, last = holding._elsewhere(replace(OWNED, sold_into=dollars), EN)
    assert "What came in this one year" in last.text  # type: ignore[attr-defined]
    sourced = [*holding._small_print(replace(OWNED, tax_source="a law"), EN)]
    assert sourced[0] == "Tax rule: a law."


def test_a_position_knows_what_was_kept_and_what_was_told_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Weights of the replay by session, and over them what stood in the ledger."""
    asked: list[Any] = []
    monkeypatch.setattr(
        "engine.decision.holding.position", lambda *given: asked.append(given) or "position"
    )
    days = (date(2025, 8, 21), date(2025, 8, 22))
    inputs: Any = Thing(
        holding="held", history="record", as_of=AS_OF, features=Thing(sessions_on=days),
        target_weight=[1, 0.5], past=[{"acts_on": "2025-08-22", "target_weight": 0.25}],
    )  # fmt: skip
    assert BY_NAME["holding"].gather(inputs) == "position"
    assert asked == [("held", "record", AS_OF, {days[0]: 1.0, days[1]: 0.25})]
    inputs.holding = None
    assert BY_NAME["holding"].gather(inputs) is None


def test_both_ways_of_being_wrong_need_a_price_and_a_forecast() -> None:
    def wrong(**changes: Any) -> bool:
        position = replace(OWNED, **changes.pop("position", {}))
        given = {"parts": {"holding": position}, **changes}
        found = laid("holding", replace(sample_report(), **given))
        return any("SELL all and wrong" in getattr(block, "text", "") for block in found)

    assert wrong()
    assert not wrong(stale=True)
    assert not wrong(position={"value_eur": None})
    assert not wrong(decision=decided(risk=None).decision)
    assert laid("holding", sample_report(parts={})) == []


def test_sections_are_read_in_this_order_and_one_is_private() -> None:
    assert [section.name for section in sections()] == [
        "decision", "view", "risk", "why", "stress", "holding", "prices", "ratings", "changes",
        "rates", "market", "headlines", "floods", "events", "upcoming", "track_record",
        "scored_chances", "registered", "data_health", "receipt",
    ]  # fmt: skip
    assert [section.name for section in sections() if section.private] == ["holding"]
