"""Known answers in words: what commands say of made-up results, cell by cell and line by line."""

from __future__ import annotations

import errno
import io
import json
import sys
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace as Thing
from typing import Any

import numpy as np
import pytest

from engine.cli import answers, output, speech
from engine.cli import main as door
from engine.cli.commands import cost, ledger
from engine.cli.said import (
    audit,
    classify,
    collect,
    doctor,
    events,
    imports,
    register,
    risk,
    status,
    stress,
    whatif,
)
from engine.errors import ConfigError, InputError, NvsignalError, StoreError, UnknownNameError
from engine.phrases import phrase
from engine.report.i18n import voice
from engine.shown import FeedState
from tests.cli.conftest import NOW, Rooms
from tests.engine.report.sample_report import rating, stress_rows

EN, FR = voice("en"), voice("fr")
DAY = date(2025, 8, 22)
LONG = "x" * 900
Patch = pytest.MonkeyPatch


def cut(limit: int) -> str:
    return "x" * (limit - 1) + "…"


def cells(table: Any) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def heads(table: Any) -> list[tuple[str, bool]]:
    return [(column.head, column.number) for column in table.columns]


# --- seals ----------------------------------------------------------------------------------------


def test_what_was_sealed_is_told_preset_by_preset() -> None:
    one = {
        "preset": "balanced", "from": "2026-12-01", "until": date(2027, 11, 30), "decisions": 250,
        "decisions_hash": "0123456789abcdef0123", "prices_seen_until": "2026-11-30T21:00:00Z",
        "label": "forward",
    }  # fmt: skip
    text = register.sealed_text([one, one | {"preset": "b", "label": "held back"}], "h", EN)
    sealed = "  250 decisions sealed as 0123456789abcdef, prices seen until Nov 30, 2026"
    assert text.splitlines() == [
        "balanced: registered Dec 1, 2026 to Nov 30, 2027 (forward)", sealed,
        "b: registered Dec 1, 2026 to Nov 30, 2027 (held back)", sealed, "ledger head h",
    ]  # fmt: skip


def test_whether_it_still_holds() -> None:
    assert register.verified_text("b", False, (), EN) == "b: decisions reproduced"
    assert register.verified_text(LONG, True, ("x", "y"), EN) == (
        f"{cut(64)}: NOT reproduced; moved: x, y"
    )
    assert register.again_text("b", True, EN) == "b: had been run before; the same figures"
    assert register.again_text("b", False, EN) == (
        "b: had been run before; OTHER FIGURES, which do not replace it"
    )


def stick(**changes: Any) -> dict[str, Any]:
    return {
        "n_trades": 3, "cagr_pct": 4.56, "max_drawdown_pct": -7.89, "sharpe": 1.234,
        "exposure_pct": 60.0, "rule_excess_cagr_pct": -1.26,
        "rule_excess_cagr_interval_pct": (-4.04, 2.0),
    } | changes  # fmt: skip


def months(**changes: Any) -> Any:
    skill = {"brier": 0.1234, "brier_base_rate": 0.25, "skill": 0.506, "skill_interval": (0.1, 0.9),
             "n": 12, "void": 3}  # fmt: skip
    given: dict[str, Any] = {
        "preset": LONG, "first_on": DAY, "last_on": date(2025, 9, 30), "sessions": 27,
        "figures": {"growth_pct": 12.34, "fall_pct": -5.67, "sharpe": None, "switches": 2,
                    "exposure_pct": 87.6},
        "yardsticks": {"holding": stick(n_trades=0), "mix": stick(rule_excess_cagr_pct=None),
                       "cash": stick(rule_excess_cagr_interval_pct=None)},
        "skills": {"a": skill, "b": skill | {"skill_interval": None}},
        "looks": [Thing(sessions=126), Thing(sessions=252)], "withdrawn": ("it fell", "it lost"),
        "registered": {"registered_at": "2025-08-01T12:00:00Z", "before_the_prices": True,
                       "entry_hash": "0123456789abcdef"},
    }  # fmt: skip
    return Thing(**(given | changes))


def test_the_months_held_back_in_figures() -> None:
    table = register._figures(months(), EN)
    assert heads(table) == [
        ("", False), ("a year", True), ("fall", True), ("Sharpe", True), ("switches", True),
        ("in the stock", True), ("the rule above it, a year", True),
    ]  # fmt: skip
    rest = ["+4.6%", "-7.9%", "1.23"]
    assert cells(table) == [
        [cut(17), "+12.3%", "-5.7%", "–", "2", "88%", ""],
        ["holding", *rest, "0", "60%", "-1.3 (-4.0 to +2.0)"],  # no trade is no switch
        ["mix", *rest, "2", "60%", ""],  # the first of three trades is the purchase
        ["cash", *rest, "2", "60%", "-1.3"],
    ]


@pytest.mark.parametrize("before", [True, False])
def test_the_months_held_back_in_words(before: bool) -> None:
    run = months()
    run.registered["before_the_prices"] = before
    when = "before" if before else "AFTER"
    told = [block.text for block in register._run(run, EN) if hasattr(block, "text")]
    brier = "Brier 0.123, base 0.250, skill +0.51"
    assert told == [
        f"Registered Aug 1, 2025 {when} the prices were here (0123456789ab).",
        f"chance a: {brier} (+0.10 to +0.90), n 12, void 3", f"chance b: {brier}, n 12, void 3",
        "withdrawal rule, asked after 126, 252 sessions: it fell; it lost",
    ]  # fmt: skip
    quiet = [
        b.text for b in register._run(months(looks=[], withdrawn=()), EN) if hasattr(b, "text")
    ]
    assert quiet[-1] == "withdrawal rule, asked after too few sessions: not met"
    text = register.run_text([months(preset="one"), months(preset="two", sessions=9)], EN)
    assert "HELD BACK, NOT FORWARD: Aug 22, 2025 to Sep 30, 2025, 27 sessions" in text
    assert text.index("one") < text.index("two")


# --- audit, scenarios, falls ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clean", "leaks", "word"),
    [(True, 0, "CLEAN"), (False, 2, "LOOK-AHEAD"), (False, 0, "INCONCLUSIVE")],
)
def test_an_audit_begins_with_its_verdict(clean: bool, leaks: int, word: str) -> None:
    result: Any = Thing(
        strategy="s", first_on=DAY, last_on=date(2025, 9, 30), clean=clean, leak_count=leaks
    )
    assert audit._head(result, EN) == f"{word}: strategy s, Aug 22, 2025 to Sep 30, 2025"


def test_what_an_audit_compared_and_found() -> None:
    leak: Any = Thing(check="truncation", decided_on=DAY, where=LONG, full=LONG, cut="b\x07",
                      session_on=date(2025, 8, 21))  # fmt: skip
    result: Any = Thing(
        checked={"access": 1_250, "made-up": 2}, canaries={"peeking": True, "reading": False},
        doubt="", backfilled_share=0.256, leaks=(leak,) * 12, leak_count=12,
    )  # fmt: skip
    assert [note.text for note in audit._proof(result, EN)] == [  # type: ignore[attr-defined]
        "Comparisons: access 1,250, made-up 2.",
        "Runs that leak on purpose, caught: peeking yes, reading no.",
        "Facts with an assumed known_at: 26%.",
    ]
    result.doubt = "a doubt"
    assert [note.text for note in audit._proof(result, EN)][2] == "a doubt"  # type: ignore[attr-defined]
    told = [note.text for note in audit._leaks(result, EN)]  # type: ignore[attr-defined]
    assert told[0] == "12 differences, the first ones:"
    assert told[1:] == [
        f"Aug 22, 2025, truncation: {cut(80)} of Aug 21, 2025: {cut(24)} / b"
    ] * 10  # fmt: skip
    result.leak_count, result.leaks = 1, (leak,)
    assert next(audit._leaks(result, EN)).text == "1 difference, the first ones:"  # type: ignore[attr-defined]


def test_effects_row_by_row() -> None:
    one: Any = Thing(
        name="a", score_change=0.01234, verdicts_changed=3, new_sells=2, sell_sessions=1_240,
        coverage=0.987, final_equity=2.3456, sharpe=1.234, note="why",
    )  # fmt: skip
    none: Any = Thing(**(vars(one) | {"score_change": None, "coverage": None, "final_equity": None,
                                      "sharpe": None}))  # fmt: skip
    assert cells(audit._table("late", (one, none), EN)) == [
        ["a", "0.0123", "3", "2", "1,240", "0.99", "2.346", "1.23"],
        ["a", "–", "3", "2", "1,240", "–", "–", "–"],
    ]
    assert audit._note(one, EN) == "a: why"


def apart(**changes: Any) -> Any:
    given: dict[str, Any] = {
        "score_mean": 0.0123, "score_most": 0.456, "most_on": DAY, "first_on": date(2025, 1, 2),
        "sessions": 150, "share_days": 1, "verdict_days": 0, "first_verdict_on": None,
    }  # fmt: skip
    return Thing(**(given | changes))


def test_how_far_two_histories_lie_apart() -> None:
    scores = (
        "live from Jan 2, 2025, 150 sessions: score off by 0.012 on average, at most 0.456 on "
        "Aug 22, 2025."
    )
    day, days = "The share to keep differs on 1 day.", "The share to keep differs on 2 days."
    assert audit._apart("live", apart(), EN) == [scores, "No verdict differs.", day]
    turned = apart(verdict_days=1, first_verdict_on=DAY, share_days=2)
    assert audit._apart("live", turned, EN) == [
        scores, "1 verdict differs, on Aug 22, 2025.", days]  # fmt: skip
    turned.verdict_days = 3
    assert audit._apart("live", turned, EN)[1] == "3 verdicts differ, first on Aug 22, 2025."
    assert audit._apart("live", apart(score_mean=None), EN) == [
        "live: no session is scored in both."]  # fmt: skip


@pytest.mark.parametrize("live", [None, apart()])
def test_the_histories_of_the_news_in_sentences(live: Any) -> None:
    reading = Thing(
        steps=1_200, same=900, silent=250, turned=30, added=20, by_hand_pct=-3.456,
        as_read_pct=1.2, widest_gap_pct=4.56, widest_on=DAY,
    )  # fmt: skip
    found: Any = Thing(reading=reading, preset="balanced", as_read=apart(), live=live)
    told = [block.text for block in audit.histories_of(found, EN)]  # type: ignore[attr-defined]
    assert told[:4] == [
        "Curated headlines through the classifier: of 1,200 that move a voice, 900 keep their "
        "sense, 250 fall silent, 30 turn and 20 are added.",
        "Policy news adds up to -3.5% of the price by hand and +1.2% as read.",
        "The faded sums lie at most 4.6% apart, on Aug 22, 2025.",
        "Decisions of balanced against those by hand:",
    ]
    assert told[4].startswith("as read from")
    if live is None:
        assert told[7:] == ["Live: no feed has brought news yet."]
    else:
        assert told[7].startswith("live from")
    assert len(told) == (8 if live is None else 10)


def test_scenarios_row_by_row() -> None:
    from dataclasses import replace

    quiet, loud = stress_rows()
    row = replace(loud, share_of_known_days=0.125, share_reduced=None)
    assert stress._row(row, EN, True) == [
        "A guide 20% below consensus", "severe", "SELL", "25%", "12%", "–"]  # fmt: skip
    assert stress._row(row, EN, False) == [
        "A guide 20% below consensus", "severe", "–", "–", "12%", "–"]  # fmt: skip
    blind = replace(quiet, preset="blind", share_reduced=None)
    known = replace(blind, share_reduced=0.5)
    table = Thing(rows=(row, replace(quiet), blind), unjudged=("blind",))
    parts = list(stress._presets(table, EN))  # type: ignore[arg-type]
    assert [title for title, _ in parts] == ["balanced: HOLD before", "blind: cannot say"]
    assert [len(blocks) for _, blocks in parts] == [1, 1]
    table.rows = (blind, known)
    ((_, blocks),) = stress._presets(table, EN)  # type: ignore[arg-type]
    assert len(blocks) == 2  # what is known of other days is shown all the same


def test_lines_and_stances_of_presets() -> None:
    lines: Any = tuple(
        Thing(preset=LONG, line=line, at=at, share_beyond=0.1234, known_days=1_200)
        for line, at in (("SELL", -0.25), ("REDUCE", -0.1), ("RISK", 60.0))
    )
    rest = ["12.3%", "1,200"]
    assert cells(stress._lines(lines, EN)) == [
        [cut(24), "SELL", "-0.25", *rest], [cut(24), "REDUCE", "-0.10", *rest],
        [cut(24), "Risk", "60%", *rest],
    ]  # fmt: skip
    use: Any = Thing(preset=LONG, sell=0.1, reduce=0.2, hold=0.7, known_days=90)
    assert cells(stress._stances((use,), EN)) == [[cut(24), "10.0%", "20.0%", "70.0%", "90"]]
    assert [head for head, _ in heads(stress._stances((use,), EN))] == [
        "rules", "SELL", "REDUCE", "HOLD", "of"]  # fmt: skip


def stock(symbol: str, first_on: date, coverage: float) -> Any:
    score = Thing(
        rate=0.211, said=0.252, skill=0.0904, low=-0.01, high=0.2, of_model=0.08, weight=0.5,
        weight_now=0.65, table=(Thing(said=0.051, came=0.042, n=1_200),),
    )  # fmt: skip
    spread = Thing(coverage=coverage, below=0.04, above=0.061, crps=0.03124, crps_of_base=0.03338,
                   skill=-0.064)  # fmt: skip
    return Thing(
        symbol=symbol, first_on=first_on, last_on=DAY,
        falls=(Thing(fall_pct=5.0, score=score),
               Thing(fall_pct=20.0, score=Thing(**(vars(score) | {"low": None})))),
        distributions=((21, spread),),
    )  # fmt: skip


def test_falls_and_intervals_row_by_row() -> None:
    one, other = stock("NVDA", date(2020, 3, 2), 0.91), stock(LONG, date(2021, 3, 2), 0.81)
    rest = ["21.1%", "25.2%", "+0.090"]
    tail = ["+0.080", "0.50", "0.65"]
    assert cells(risk._falls([one], EN)) == [
        ["NVDA", "5%", *rest, "-0.010 to +0.200", *tail], ["NVDA", "20%", *rest, "–", *tail],
    ]  # fmt: skip
    assert cells(risk._bins(one, EN)) == [
        ["5%", "5.1%", "4.2%", "1,200"], ["20%", "5.1%", "4.2%", "1,200"]]  # fmt: skip
    assert cells(risk._spread([other], EN)) == [
        [cut(8), "21", "81.0%", "4.0%", "6.1%", "0.0312", "0.0334", "-0.064"]]  # fmt: skip
    text = risk.text_of([one, other], EN)
    assert text.startswith("Scored walk-forward, Mar 2, 2020 to Aug 22, 2025.")
    assert "Pooled: the 90% interval held 86.0% of the time." in text  # (0.91 + 0.81) / 2
    assert "What came of what was said of NVDA" in text


# --- the state of things --------------------------------------------------------------------------


def test_the_state_of_things_line_by_line() -> None:
    run = Thing(job="report", status="done", detail="", scheduled_for=NOW)
    found: dict[str, Any] = {
        "record": LONG, "strategy": LONG, "ledger_entries": 1, "items": 2, "led_by": None,
        "facts": [{"kind": LONG, "facts": 1_234, "newest_known_at": NOW, "age_days": 1.26}],
        "last_runs": [run, Thing(**(vars(run) | {"job": "collect", "status": "failed",
                                                 "detail": LONG})),
                      Thing(**(vars(run) | {"job": LONG, "status": LONG}))],
        "next_runs": {"report": None, "collect": NOW}, "feeds_asked": 3, "feeds": 9,
        "stale_feeds": [Thing(name=LONG, state=FeedState.ERROR, note="away")],
    }  # fmt: skip
    assert [(line.label, line.value) for line in status._head(found, EN).lines] == [  # type: ignore[attr-defined]
        ("record", cut(200)), ("strategy", cut(64)), ("ledger", "1 decision"), ("news", "2 items"),
        ("leader", "nobody runs the mornings"),
    ]  # fmt: skip
    found |= {"ledger_entries": 2, "items": 1, "led_by": LONG}
    assert [line.value for line in status._head(found, EN).lines][2:] == [  # type: ignore[attr-defined]
        "2 decisions", "1 item", cut(80)]  # fmt: skip
    at = "Nov 24, 2026, 08:30 (New York)"
    assert cells(status._facts(found, EN)) == [[cut(40), "1,234", at, "1.3"]]
    assert [(line.label, line.value) for line in status._runs(found, EN).lines] == [  # type: ignore[attr-defined]
        ("last report", f"{at}, done"),
        ("last round of the sources", f"{at}, failed: {cut(100)}"),
        (f"last {cut(40)}", f"{at}, {cut(20)}"), ("next report", "never"),
        ("next round of the sources", at),
    ]  # fmt: skip
    note, table = status._sources(found, EN)
    assert note.text == "3 of 9 sources were asked so far"  # type: ignore[attr-defined]
    assert cells(table) == [[cut(40), "error", "away"]]
    assert len(list(status._sources(found | {"stale_feeds": []}, EN))) == 1


def finding(level: str, check: str, remedy: str = "") -> Any:
    return Thing(level=level, check=check, message=f"{check} told", remedy=remedy)


def test_findings_with_errors_first() -> None:
    found = [finding("ok", "feeds"), finding("warning", "hours", "wait"),
             finding("error", "channel: mail", "mend"), finding("error", "feed: x")]  # fmt: skip
    lines = [line.rstrip() for line in doctor.text_of(found, EN).splitlines() if line.strip()]
    assert [line.split()[0] for line in lines if line[0] != " "] == [
        "error", "error", "warning", "ok", "2"]  # fmt: skip
    assert lines[-1] == "2 errors, 1 warning"
    assert doctor.text_of([], EN).strip() == "0 errors, 0 warnings"
    for check, said in (
        ("config", "configuration"), ("channel: mail", "channel: mail"),
        ("channel: data", "channel: data"), (LONG, cut(60)), ("own: y", "own: y"),
    ):  # fmt: skip
        assert doctor._check(check, EN) == said
    assert doctor._check("channel: reports", FR).count(FR.say("reports")) == 1


@pytest.mark.parametrize(
    ("told", "left", "alone", "said"),
    [
        (-2.0, -0.5, False, "moved -2.00%, -0.50% left"),
        (2.0, 1.0, True, "moved +2.00%, +1.00% left, rests on one source"),
        (None, None, None, "ended: because"), (1.0, None, None, "ended: because"),
    ],
)  # fmt: skip
def test_what_a_story_moved(told: Any, left: Any, alone: Any, said: str) -> None:
    event = Thing(ended="because")
    row: Any = Thing(event=event, told_pct=told, left_pct=left, alone=alone)
    assert events._moved(row, EN) == said
    if told is None:
        event.ended = LONG
        assert events._moved(row, EN) == f"ended: {cut(40)}"
        event.ended = ""
        assert events._moved(row, EN) == "no step"


def test_a_story_is_dated_by_when_it_was_known() -> None:
    event: Any = Thing(
        known_at=datetime(2025, 8, 22, 3, tzinfo=UTC), occurred_at=NOW, event_type="rates",
        direction=-1, headline="Fed hikes", ended="",
    )  # fmt: skip
    row: Any = Thing(event=event, told_pct=None, left_pct=None, alone=None)
    item = events._item(row, EN)
    assert (item.title, item.text, item.quoted, item.detail, item.tone) == (
        "Aug 21, 2025", "Fed hikes", True, "no step", -1)  # fmt: skip
    assert item.about == f"{EN.label('rates')}, {events.sense(-1, EN)}"
    for days, head in ((1, "1 day"), (2, "2 days")):
        text = events.text_of([], NOW, days, EN)
        assert f"Headlines of the {head} before Nov 24, 2026, 08:30 (New York)" in text
        assert "No event of these days is on record." in text
    assert "No event" not in events.text_of([row], NOW, 2, EN)


@pytest.mark.parametrize(
    ("rows", "one", "many"),
    [("bars", "1 new bar", "2 new bars"), ("figures", "1 new figure", "2 new figures"),
     ("actions", "1 new action", "2 new actions"), ("events", "1 new event", "2 new events")],
)  # fmt: skip
def test_an_import_in_one_line(rows: str, one: str, many: str) -> None:
    for n, new in ((1, one), (2, many)):
        done: Any = Thing(what="NVDA", first_on=DAY, last_on=date(2025, 9, 1), new=n, changed=3,
                          unchanged=4)  # fmt: skip
        assert imports.text_of(done, rows, EN) == (
            f"NVDA Aug 22, 2025 to Sep 1, 2025: {new}, 3 corrected, 4 known already"
        )


def test_a_hypothetical_release_in_words() -> None:
    before: Any = Thing(decision=Thing(verdict="HOLD", score=0.1234), world=Thing(as_of=NOW))
    after: Any = Thing(decision=Thing(verdict="SELL", score=-0.256, exit_below=-0.2))
    text = " ".join(whatif.text_of(before, after, rating(), EN).split())
    for said in (
        "HYPOTHETICAL: DeepSeek-V3.1 as if told on Nov 24, 2026",
        "threat 18 of 100, 90% interval 6 to 41; 2.1% of a year’s data-centre revenue at risk and "
        "$5.8bn of three years’ gross profit",
        "decision without it: HOLD, score +0.123",
        "decision with it: SELL, score -0.256 (SELL below -0.20)",
    ):  # fmt: skip
        assert said in text


def test_entries_of_the_ledger_line_by_line() -> None:
    def entry(**changes: Any) -> Any:
        given: dict[str, Any] = {
            "seq": 7, "acts_on": DAY, "strategy": "balanced", "stands": True, "revision": 2,
            "entry_hash": "0123456789abcdef", "payload": {"decision": "SELL", "score": -0.256},
        }  # fmt: skip
        return Thing(**(given | changes))

    rows = [
        entry(), entry(strategy=LONG, stands=False),
        entry(payload={"decision": LONG, "score": "x"}),
        entry(payload={"decision": "REDUCE", "score": 1}), entry(payload={"decision": "HOLD"}),
    ]  # fmt: skip
    head = "    #  session     decision    score  rules             hash"
    own = "balanced          0123456789ab"
    assert ledger._table(rows, EN).splitlines() == [
        head,
        f"    7  2025-08-22  SELL        -0.26  {own}",
        f"    7  2025-08-22  SELL        -0.26  {cut(16)}  0123456789ab  revision 2",
        f"    7  2025-08-22  {cut(8):<9}          {own}",
        f"    7  2025-08-22  REDUCE      +1.00  {own}",
        f"    7  2025-08-22  HOLD               {own}",
    ]  # fmt: skip


# --- headlines ------------------------------------------------------------------------------------


def read(**changes: Any) -> Any:
    given: dict[str, Any] = {
        "headline": "Chips barred", "event_type": "export_restriction", "direction": -1,
        "confidence": 0.876, "abstained": False, "relevant": True, "unread": False, "weighs": True,
        "stage": Thing(value="announced"), "mood": Thing(value="rumour"),
    }  # fmt: skip
    return Thing(**(given | changes))


def test_headlines_in_words(monkeypatch: Patch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: False)
    kind, stage = EN.label("export_restriction"), EN.label("announced")
    for changes, words in (
        ({}, ["-", kind, "88%", stage]), ({"direction": 0}, ["0", kind, "88%", stage]),
        ({"direction": 1, "weighs": False}, ["+", kind, "88%", "rumour"]),
        ({"relevant": False}, [kind, "88%"]), ({"abstained": True}, ["(unclassified)", "88%"]),
        ({"abstained": True, "unread": True}, ["(unread)", "88%"]),
    ):  # fmt: skip
        (_, line) = classify.text_of([read(**changes)], EN).splitlines()  # type: ignore[misc]
        assert line.split() == [*" ".join(words).split(), "Chips", "barred"]
    wide = classify.text_of([read(headline="y" * 600)], EN)
    assert wide.count("y") - wide.count("type") == 499
    assert max(len(line.rstrip()) for line in wide.splitlines()) == 80
    head, first, *_ = wide.splitlines()
    assert head.startswith("NVDA  type ")
    assert first.startswith(f" -    {kind}   88%  {stage} ")  # neither is broken over lines


def validation() -> Any:
    figures = {name: (n + 1) / 8 for n, name in enumerate(classify.FIGURES)}
    return Thing(
        rows=1_200, groups=400, folds=5, by_language={"fr": 0.5004},
        mistakes=[("h", "a", "b", 0.9)],
        by_type={"rates": (0.1, 0.2, float("nan"), 1_100), "other": (1.0, 0.5, 0.25, 100)},
        confusion=np.array([[3, 0], [1, 20]]), **figures,
    )  # fmt: skip


def test_a_validation_as_text() -> None:
    lines = classify.validation_text(validation(), EN).splitlines()
    assert lines[0].startswith("5-fold cross-validation, 1,200 headlines of 400 events; no event")
    assert lines[2] == f"  {'macro-F1 over all types':<44} 0.125"
    assert lines[12] == f"  {'macro-F1, fr':<44} 0.500"
    none = classify._score(float("nan"), EN)
    head, first, second = lines[14:17]
    assert head.split() == ["type", "precision", "recall", "F1", "rows"]
    assert first == f"   1 {EN.label('rates'):<32}{'0.10':>10}{'0.20':>8}{none:>8}{'1,100':>8}"
    assert second.split()[-4:] == ["1.00", "0.50", "0.25", "100"]
    assert lines[18:] == [
        "  true (row) as predicted (column), in the order above", "        1   2",
        "   1    3   ·", "   2    1  20",
    ]  # fmt: skip


def test_a_validation_as_markdown() -> None:
    lines = classify.validation_markdown(validation(), EN).splitlines()
    none = classify._score(float("nan"), EN)
    assert lines[2:5] == ["| figure | value |", "|---|---:|", "| macro-F1 over all types | 0.125 |"]
    assert lines[16:20] == [
        "| # | type | precision | recall | F1 | rows |", "|---:|---|---:|---:|---:|---:|",
        f"| 1 | `rates` | 0.10 | 0.20 | {none} | 1,100 |",
        "| 2 | `other` | 1.00 | 0.50 | 0.25 | 100 |",
    ]  # fmt: skip
    assert lines[21:] == [
        "Rows are true types, columns predictions, numbered as above.", "", "| | 1 | 2 |",
        "|---|---:|---:|", "| **1** | 3 |  |", "| **2** | 1 | 20 |", "",
        "Most confident mistakes:", "", "* 0.90 “h”: `a`, taken for `b`",
    ]  # fmt: skip


# --- feeds ----------------------------------------------------------------------------------------


def test_a_table_is_aligned_and_safe_with_its_notes_below() -> None:
    rows = [((LONG, "1"), LONG), (("b\x07", "22"), "")]
    lines = collect._table(("feed", "n"), "<>", rows)
    assert lines[0] == f"{'feed':<64}   n"
    assert lines[1] == f"{cut(64)}   1"
    assert [len(line) for line in lines[2:-1]] == [80] * 3 + [16]  # 240 characters in lines of 76
    assert {line[:4] for line in lines[2:-1]} == {"    "}
    assert lines[-1] == f"{'b':<64}  22"


@pytest.mark.parametrize(
    ("state", "tier", "mute", "said"),
    [
        (FeedState.NEVER, 1, False, ""),
        (FeedState.NEVER, 3, True, "note"),
        (FeedState.ERROR, 2, False, "note; meanwhile other; much"),
        (FeedState.ERROR, 3, False, "note"),
        (FeedState.OK, 1, False, "note"),
    ],
)
def test_what_the_silence_of_a_source_costs(
    state: FeedState, tier: int, mute: bool, said: str
) -> None:
    source: Any = Thing(state=state, note="note", mute=mute)
    feed: Any = Thing(tier=tier, fallback="other", when_silent="much")
    assert collect._said_of(source, feed, EN) == said
    if said.count(";"):
        bare: Any = Thing(tier=tier, fallback="", when_silent="")
        assert collect._said_of(source, bare, EN) == "note"


# --- the door, the output -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lang", "found"),
    [
        ('[report]\nlanguage = "fr"\n', None, "fr"), ('[report]\nlanguage = "fr"\n', "en", "en"),
        ("", None, "en"), ("= =", None, "en"), ('[report]\nlanguage = 5\n', None, "en"),
        ("", "fr-CA", "fr"),
    ],
)  # fmt: skip
def test_a_command_answers_in_the_language_asked_for_or_configured(
    tmp_path: Any, text: str, lang: str | None, found: str
) -> None:
    (tmp_path / "nvsignal.toml").write_text(text)
    assert speech.language(lang, str(tmp_path)) == found
    assert speech.speaker(lang, str(tmp_path)).lang == found
    with pytest.raises(UnknownNameError):
        speech.language("xx", str(tmp_path))


def ends(monkeypatch: Patch, capsys: pytest.CaptureFixture[str], error: BaseException, *words: str,
         ) -> tuple[int, str]:  # fmt: skip
    def fails(**given: Any) -> None:
        raise error

    monkeypatch.setattr(door, "build", lambda first="": fails)
    with pytest.raises(SystemExit) as left:
        door.main(list(words))
    return int(left.value.code or 0), capsys.readouterr().err


def test_each_error_ends_with_its_code_and_in_the_language_asked_for(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    monkeypatch.delenv("NVSIGNAL_DEBUG", raising=False)
    text = "this host name is not served here"
    known = InputError(phrase(text))  # type: ignore[arg-type]
    french = FR.tell(phrase(text))  # type: ignore[arg-type]
    assert french != text
    assert ends(monkeypatch, capsys, known) == (2, f"nvsignal: {text}\n")
    assert ends(monkeypatch, capsys, known, "--lang", "fr") == (2, f"nvsignal: {french}\n")
    assert ends(monkeypatch, capsys, known, "--lang", "en-GB") == (2, f"nvsignal: {text}\n")
    assert ends(monkeypatch, capsys, known, "--lang", "xx") == (2, f"nvsignal: {text}\n")
    (tmp_path / "nvsignal.toml").write_text('[report]\nlanguage = "fr"\n')
    own = ("--config", str(tmp_path))
    assert ends(monkeypatch, capsys, known, *own) == (2, f"nvsignal: {french}\n")
    assert ends(monkeypatch, capsys, known, *own, "--lang=en") == (2, f"nvsignal: {text}\n")
    assert ends(monkeypatch, capsys, StoreError("away")) == (1, "nvsignal: away\n")
    both = ConfigError(["a", "b"])
    assert ends(monkeypatch, capsys, both, "--lang", "fr") == (2, "nvsignal: a\nb\n")
    assert ends(monkeypatch, capsys, KeyboardInterrupt()) == (
        130, "nvsignal: interrupted; what was recorded so far is kept\n")  # fmt: skip
    assert ends(monkeypatch, capsys, ValueError("x")) == (
        1, "nvsignal: unexpected ValueError: x (NVSIGNAL_DEBUG=1 shows where; please report it)\n",
    )  # fmt: skip
    monkeypatch.setenv("NVSIGNAL_DEBUG", "1")
    with pytest.raises(ValueError, match="x"):
        ends(monkeypatch, capsys, ValueError("x"))


def test_who_says_nothing_is_helped_in_plain_words(rooms: Rooms) -> None:
    """No completion is offered, no traceback is drawn; a group alone tells its commands."""
    app = door.build("version")
    assert app.pretty_exceptions_enable is False
    assert app._add_completion is False
    for words, told in (
        ((), "HOLD or SELL Nvidia, every morning"), (("fp8",), "encode"), (("db",), "restore"),
        (("config",), "schema"), (("import",), "bars"),
    ):  # fmt: skip
        code, out, err = rooms.call(*words)
        assert (code, told in out + err) == (2, True)
        assert "completion" not in out + err


def test_the_first_word_chooses_what_is_built(monkeypatch: Patch) -> None:
    built: list[Any] = []

    def build(first: str = "") -> Any:
        built.append(first)
        return lambda args: built.append(args)

    hidden: list[int] = []
    monkeypatch.setattr(door, "build", build)
    monkeypatch.setattr(door, "hide_password", lambda: hidden.append(1))
    door.main(["track", "--json"])
    door.main([])
    assert (built, hidden) == (["track", ["track", "--json"], "", []], [])
    monkeypatch.setattr(sys, "argv", ["nvsignal", "rate", "R1"])
    door.main()
    assert (built[4:], hidden) == (["rate", None], [1])


def test_a_failing_output_is_told_by_the_name_of_its_file(monkeypatch: Patch) -> None:
    given_up: list[int] = []
    monkeypatch.setattr(output, "_give_up_output", lambda: given_up.append(1))
    for error, said in (
        (OSError(errno.ENOSPC, "full"), "cannot write to standard output (full)"),
        (OSError(errno.EACCES, "shut", "a.txt"), "cannot write to a.txt (shut)"),
    ):
        with pytest.raises(StoreError) as failed, output.standard_output():
            raise error
        assert str(failed.value) == said
    assert given_up == [1, 1]

    class PacifyFlushWrapper(io.StringIO):
        """Click's own, put there where it met the broken pipe."""

    monkeypatch.setattr("sys.stdout", PacifyFlushWrapper())
    with pytest.raises(SystemExit) as left, output.standard_output():
        raise SystemExit(1)
    assert left.value.code == 141


def test_text_that_an_output_cannot_encode_is_escaped(monkeypatch: Patch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    output.write_out("é")
    assert raw.getvalue() == b"\\xe9\n"
    monkeypatch.setattr("sys.stdout", shown := io.StringIO())  # one without an encoding
    output.write_out("é")
    assert shown.getvalue() == "é\n"
    with pytest.raises(ValueError, match="Out of range float"):
        json.dumps(float("nan"), allow_nan=False)
    assert json.loads(output.to_json({"a": float("nan"), "b": timedelta(0) or 1})) == {
        "a": None, "b": 1}  # fmt: skip
    monkeypatch.setattr("sys.stderr", None)
    output.remark("nobody hears")


# --- costs ----------------------------------------------------------------------------------------


def target(**changes: Any) -> Any:
    given: dict[str, Any] = {
        "target": "T1", "what": "y" * 32, "published": 1_234.5, "modelled": 0.0123,
        "error_pct": 23.44, "tolerance_pct": 20.0, "within": False, "in_fit": True,
        "left_out_pct": -7.6,
    }  # fmt: skip
    return Thing(**(given | changes))


def test_targets_are_told_in_a_table_and_what_they_prove_in_three_lines() -> None:
    result: Any = Thing(
        outcomes=(target(), target(target="X1", what="y" * 31, within=True, in_fit=False,
                                   left_out_pct=None, error_pct=-3.0)),
        covered=5, banded=6, rms_in_fit_pct=12.34, rms_left_out_pct=23.45, left_out_within_40=7,
        left_out_count=9,
    )  # fmt: skip
    lines = cost.validation_text(result).splitlines()
    assert lines[:5] == [
        f"Id    {'Target':31} Published    Model  Err % Tol % Left out", "─" * 80,
        f"T1*   {'y' * 30}…     1,230   0.0123  +23.4    20    -8 !!",
        f"X1    {'y' * 31}     1,230   0.0123   -3.0    20", "─" * 80,
    ]  # fmt: skip
    said = " ".join(lines[5:])
    assert said.startswith("1 of 2 inside their tolerance (!! outside; * helped to set constants")
    assert "The 90 % band holds 5 of 6 published values." in said
    assert said.endswith(
        "Serving error, rms: 12.3 % in the fit, 23.4 % with the platform left out; 7 of 9 "
        "strangers within 40 %."
    )


def scored(**changes: Any) -> Any:
    point = Thing(
        name="p", use="seen", published=100.0, unit="u", source="s", precision="fp8",
        model="M" * 40, chip="NVIDIA H800 SXM (per GPU)", kind="decode",
    )  # fmt: skip
    given: dict[str, Any] = {
        "point": point, "modelled": 110.0, "log_error": 0.0953, "low": 90.0, "high": 130.0,
        "covered": True,
    }  # fmt: skip
    return Thing(**(given | changes))


def test_figures_one_by_one_and_together(rooms: Rooms) -> None:
    assert cost._figure_line(scored()) == f"p     H800 fp8 {'M' * 33}      100      110  +0.10     "
    assert cost._figure_line(scored(covered=False, log_error=-0.5)).endswith("  -0.50  out")
    rooms.answer(
        "engine.threat.points.summary",
        lambda found: Thing(
            n=len(found), rms_log_error=0.256, mean_log_error=-0.123, covered=1, band_factor=2.34
        ),
    )
    assert cost._score_line("w", [scored(), scored()]) == (
        f"{'w':38}    2   0.26  -0.12      1/2    2.3"
    )
    rooms.answer("engine.threat.points.summary", len)
    assert cost.points_plain([scored()]) == {
        "fitted": 0, "seen": 1, "held_out": 0,
        "figures": [{
            "point": "p", "use": "seen", "published": 100.0, "unit": "u", "modelled": 110.0,
            "log_error": 0.0953, "low": 90.0, "high": 130.0, "source": "s",
        }],
    }  # fmt: skip


def test_an_estimate_in_words_and_for_programs(monkeypatch: Patch) -> None:
    figure = Thing(low=0.5, mid=1_234.5, high=2.5e12)
    keys = [key for _, _, key in cost._ROWS]
    note = Thing(name="duty", value="0.5", source="one; two")
    estimate = Thing(
        model="M", chip="C", precision="fp8", assumptions=(note,), **dict.fromkeys(keys, figure)
    )
    estimate.energy_mwh = None
    detail: Any = Thing(cost=estimate, devices=8, batch=16, tpot_ms=figure)
    lines = cost.as_text(detail).splitlines()
    assert lines[0] == "M on C, fp8, 8 devices, batch 16 a device"
    rows = [" ".join(line.split()) for line in lines]
    assert "Training compute FLOP 0.5 1,230 2.50e+12" in rows
    assert "Training energy MWh n/a n/a n/a" in rows
    assert "Token pace ms/token 0.5 1,230 2.50e+12" in rows
    assert lines[-2:] == ["Assumed", "- duty: 0.5 [one]"]
    right = [line for line in lines if line.endswith("2.50e+12")]
    assert len({len(line) for line in right}) == 1  # numbers end in one column
    assert cost._bullets(["y" * 400]).count("y") == 299
    detail.devices = None
    assert cost.as_text(detail).splitlines()[0] == "M on C, fp8"
    plain = {"model": "M", "assumptions": [1]}
    monkeypatch.setattr(cost, "to_plain", lambda value: dict(
        plain) if value is estimate else {"cost": 1, "devices": 8})  # fmt: skip
    told = cost.as_json(detail)
    assert told == {"model": "M", "devices": 8, "assumptions": [1]}
    assert list(told)[-1] == "assumptions"


# --- what if --------------------------------------------------------------------------------------


def test_a_release_that_is_assumed_is_laid_over_the_record(rooms: Rooms, tmp_path: Any) -> None:
    file = tmp_path / "new.toml"
    file.write_text("text")
    ratings = [Thing(rating="r")]
    after = Thing(ratings=ratings, name="after")
    made = [Thing(model="Other"), Thing(model="New")]
    rooms.answer("engine.service.wiring.world_at", "world")
    rooms.answer("engine.service.wiring.hypothesis", (["fact"], "New"))
    rooms.answer("engine.service.wiring.with_facts", "new world")
    rooms.answer(
        "engine.service.wiring.assess",
        lambda world, loaded: after if world != "world" else "before",
    )
    rooms.answer("engine.decision.rated.of_releases", lambda given: list(given) and made)
    rooms.answer("engine.cli.commands.whatif._plain", lambda *given: {"model": given[2].model})
    rooms.answer("engine.cli.said.whatif.text_of", lambda a, b, r, voice: f"{a} {b.name} {r.model}")
    words = ("whatif", "--release", str(file), "--strategy", "s", "--as-of", "last", "--db", "u",
             "--config", "c")  # fmt: skip
    assert rooms.call(*words)[1] == "before after New\n"
    assert rooms.asked("load") == [("c", "s")]
    assert rooms.asked("open") == [("u",)]
    assert rooms.asked("world_at") == [(rooms.store, rooms.loaded, "last")]
    assert rooms.asked("hypothesis") == [("text", "new.toml", "world")]
    assert rooms.asked("with_facts") == [("world", rooms.loaded, ["fact"])]
    assert rooms.asked("assess") == [("world", rooms.loaded), ("new world", rooms.loaded)]
    assert json.loads(rooms.call(*words, "--json")[1]) == {"model": "New"}
    made.pop()
    assert rooms.call(*words)[::2] == (
        2, "nvsignal: 'New' cannot be rated: no report of Nvidia is known by then (choose a later "
           "--as-of)\n",
    )  # fmt: skip
    assert rooms.call("whatif")[::2] == (
        2, "nvsignal: no release is given (--release FILE; --template prints one to start from)\n",
    )  # fmt: skip


def test_what_goes_wrong_in_an_answer_keeps_its_kind_and_loses_its_secrets(
    monkeypatch: Patch,
) -> None:
    class Root:
        def __init__(self, error: Exception) -> None:
            self.error = error

        def main(self, **given: Any) -> None:
            raise self.error

    monkeypatch.setenv("MY_TOKEN", "abcdefgh1")
    plain, secret = StoreError("away"), StoreError("at abcdefgh1")
    with pytest.raises(StoreError) as error:
        answers.Answers(root=Root(plain))("feeds", {})
    assert error.value is plain
    with pytest.raises(NvsignalError, match=r"^at \*\*\*$") as other:
        answers.Answers(root=Root(secret))("feeds", {})
    assert type(other.value) is NvsignalError


@pytest.mark.parametrize(
    ("mine", "fine"),
    [(None, False), (Thing(programs_may_read=False), False), (Thing(programs_may_read=True), True)],
)
def test_shares_are_told_to_programs_only_with_leave(rooms: Rooms, mine: Any, fine: bool) -> None:
    asked: list[Any] = []
    root: Any = Thing(main=lambda *, args, standalone_mode: asked.append(args))
    rooms.loaded.holding = mine
    ask = answers.Answers(root=root, config="c")
    if fine:
        ask("holding", {"as_of": "last"})
        assert asked == [["holding", "--json", "--as-of=last", "--config=c", "--"]]
        assert rooms.asked("load") == [("c", None)]
        return
    with pytest.raises(InputError, match=r"^the holding is private \(set programs_may_read = true"):
        ask("holding", {})
    assert asked == []
    ask("stress", {})
    assert len(asked) == 1
