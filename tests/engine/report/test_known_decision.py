"""Known answers of the first screen: every sentence whole, on its line and just beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engine.report.blocks import Details, Note, Table
from engine.report.charts import AxisSpan
from engine.report.i18n import voice
from engine.report.sections import decision
from engine.report.sections.decision import DecisionSection
from engine.shown import FeedState, Report, SourceHealth
from engine.values import Contribution, Decision, Flip, StatedChance
from tests.engine.report.sample_report import sample_report

EN = voice("en")
FRIDAY, MONDAY = date(2025, 8, 22), date(2025, 8, 25)


def parts(**amounts: tuple[float, float | None]) -> tuple[Contribution, ...]:
    """Voices by name: what each adds to the score now, and the session before."""
    return tuple(
        Contribution(name=name, weight=0.5, value=2 * now, contribution=now, previous=before)
        for name, (now, before) in amounts.items()
    )


def made(**changes: Any) -> Decision:
    """HOLD at +0.20 of two voices, all observed: sold below -0.30, bought back above +0.10."""
    given: dict[str, Any] = {
        "silent_weight": 0.0, "margin": 0.5, "coverage": 1.0, "exit_below": -0.3,
        "enter_above": 0.1, "sell_chance": 0.5, "previous_score": 0.2, "chances": (),
        "firm_share": None, "flips": (), "risk": None,
        "contributions": parts(trend=(-0.1, -0.1), rate_path=(0.3, 0.3)),
    }  # fmt: skip
    given |= changes
    score = sum(c.contribution for c in given["contributions"])
    return replace(sample_report().decision, score=score, **given)


def reported(d: Decision | None = None, **changes: Any) -> Report:
    """On Friday evening for Monday's open, all sources well."""
    given: dict[str, Any] = {
        "decision": d or made(), "data_health": (), "notices": (), "present_on": FRIDAY,
    }  # fmt: skip
    return replace(sample_report(), **(given | changes))


def head(report: Report) -> Any:
    return next(iter(DecisionSection().blocks(report, EN)))


def test_a_whole_first_screen_of_today() -> None:
    """Half of the holding, by the two voices that weigh; the parts of the gauge in per cent."""
    found = head(reported(made(target_weight=0.5)))
    assert (found.code, found.word, found.subject) == ("HOLD", "HOLD", "NVDA")
    assert found.when == "Evening of Friday, August 22, 2025"
    assert found.acts == "Acts at the open of Monday, August 25, 2025."
    assert (found.beside, found.age) == ("keep 50%", "")
    assert found.lead == (
        "HOLD since May 13, 2025. Main reasons: Fed rate path +0.30, Price trend -0.10."
    )
    assert found.push == (
        "For Aug 25, 2025: NVDA HOLD 50%", "Fed rate path +0.30", "Price trend -0.10",
    )  # fmt: skip
    gauge = found.gauge
    # The axis runs from -1 to +1: 0.2 is at 60 %, -0.3 at 35 %, +0.1 at 55 %.
    assert (gauge.at, gauge.limit, gauge.ends) == (60.0, 35.0, ("-1", "+1"))
    assert (gauge.danger, gauge.wait) == (
        AxisSpan(left=0.0, width=35.0), AxisSpan(left=35.0, width=20.0),
    )  # fmt: skip
    assert (gauge.label, gauge.limit_label) == ("Score +0.20", "SELL below -0.30")


@pytest.mark.parametrize(
    ("hour", "minute", "said"),
    [
        (20, 0, "Evening of Friday, August 22, 2025"),
        (19, 59, "Friday, August 22, 2025, 15:59 (New York)"),
        (12, 30, "Friday, August 22, 2025, 08:30 (New York)"),
    ],
)
def test_the_evening_begins_with_the_close(hour: int, minute: int, said: str) -> None:
    """New York is four hours behind in August."""
    assert decision._moment(datetime(2025, 8, 22, hour, minute, tzinfo=UTC), EN) == said


@pytest.mark.parametrize(
    ("days", "stale", "age", "push", "acts"),
    [
        (0, False, "", "For Aug 25, 2025", "Acts at"),
        (3, False, "", "For Aug 25, 2025", "Acts at"),
        (4, False, "Example, 4 days old: no decision for today.",
         "4 days old, no decision for today", "Was for"),
        (0, True, "STALE, prices 1 day old: no decision for today.",
         "STALE, prices 1 day old", "Would be for"),
        (3, True, "STALE, prices 4 days old: no decision for today.",
         "STALE, prices 4 days old", "Would be for"),
        (4, True, "STALE, prices 5 days old: no decision for today.",
         "STALE, prices 5 days old", "Was for"),
    ],
)  # fmt: skip
def test_the_age_of_a_decision_by_day(
    days: int, stale: bool, age: str, push: str, acts: str
) -> None:
    """Made on Friday for Monday, with Thursday's close as the last one."""
    prices = sample_report().prices[:-1]
    assert prices[-1].session_on == FRIDAY - timedelta(days=1)
    report = reported(stale=stale, prices=prices, present_on=FRIDAY + timedelta(days=days))
    assert decision.age_in_words(report, EN) == age
    assert head(report).push[0] == f"{push}: NVDA HOLD 100%"
    assert head(report).acts == f"{acts} the open of Monday, August 25, 2025."
    assert head(report).beside == ("last word: keep 100%" if stale else "keep 100%")


def test_without_any_price_no_age_can_be_told() -> None:
    report = reported(stale=True, prices=())
    assert decision.age_in_words(report, EN) == "STALE, no price is known: no decision for today."
    assert decision._age_in_short(report, EN) == "STALE, no price known, no decision"


def test_a_report_that_knows_no_day_of_its_reader_is_of_its_own_day() -> None:
    report = reported(present_on=None, stale=True, prices=sample_report().prices[:-1])
    assert decision.age_in_words(report, EN) == "STALE, prices 1 day old: no decision for today."
    assert decision._age_in_short(report, EN) == "STALE, prices 1 day old"
    assert decision.acts(report, EN) == "Would be for the open of Monday, August 25, 2025"
    assert decision.acts(reported(present_on=None), EN).startswith("Acts at")


def test_what_cannot_say_tells_its_last_word() -> None:
    report = reported(made(known=False, changed=True, verdict="SELL", stance="SELL",
                           target_weight=0.25, coverage=0.15))  # fmt: skip
    found = head(report)
    assert found.code == "UNKNOWN"
    assert found.beside == "cannot say · last word: keep 25%"
    assert found.lead == ("The evidence cannot say; its last word stands: SELL since May 13, 2025.")
    assert found.push[0] == "For Aug 25, 2025: cannot say, last word NVDA SELL 25%"
    assert "it was" not in "".join(found.push)
    assert decision._distance(report.decision, "HOLD", EN) == (
        "15% of the weight is observed, too little to judge"
    )


def test_a_change_is_pushed_on_its_day_alone() -> None:
    sold = made(changed=True, verdict="SELL", stance="SELL", target_weight=0.0)
    assert head(reported(sold)).push[:2] == ("For Aug 25, 2025: NVDA SELL 0%", "it was HOLD")
    late = reported(sold, present_on=MONDAY + timedelta(days=1))
    assert "it was HOLD" not in head(late).push
    assert decision._change(reported(sold), "HOLD", EN) == "Changed today: it was HOLD"
    assert decision._change(late, "HOLD", EN) == "Changed on that day: it was HOLD"


def test_a_reduction_is_no_hold_while_it_is_known() -> None:
    told = made(stance="REDUCE", target_weight=0.5)
    assert decision._since(told, EN) == "No SELL since May 13, 2025"
    assert decision._since(replace(told, known=False), EN) == "HOLD since May 13, 2025"
    assert decision._since(replace(told, stance="HOLD"), EN) == "HOLD since May 13, 2025"
    sold = replace(told, verdict="SELL", stance="SELL")
    assert decision._since(sold, EN) == "SELL since May 13, 2025"
    assert head(reported(told)).word == "REDUCE"


@pytest.mark.parametrize(
    ("silent", "said"),
    [
        (0.005, "Score +0.20; 0.50 away from SELL: the line is at -0.30"),
        (0.006, "Score +0.20, anywhere from +0.19 to +0.21 with what is not observed; 0.50 away "
         "from SELL: the line is at -0.30"),
        (0.25, "Score +0.20, anywhere from -0.05 to +0.45 with what is not observed; 0.50 away "
         "from SELL: the line is at -0.30"),
    ],
)  # fmt: skip
def test_what_is_silent_widens_the_score(silent: float, said: str) -> None:
    assert decision._standing(made(silent_weight=silent), "SELL", EN) == said


def test_the_distance_is_to_the_line_of_the_other_verdict() -> None:
    """From HOLD to where it is sold, from SELL to where it is bought back."""
    sold = made(verdict="SELL", margin=0.04, sell_chance=0.6)
    assert decision._distance(sold, "HOLD", EN) == "0.04 away from HOLD: the line is at +0.10"
    assert decision._distance(replace(sold, margin=-0.01), "HOLD", EN) == (
        "The score has passed the line of +0.10; the rule on time between changes delays HOLD"
    )
    assert decision._distance(made(sell_chance=0.6), "SELL", EN) == (
        "0.50 away from SELL, which asks for a chance of 60% of lying below -0.30"
    )
    risk = sample_report().decision.risk
    assert risk is not None
    by_risk = replace(sold, margin=-0.01, risk=replace(risk, sells=True))
    assert decision._distance(by_risk, "HOLD", EN) == "risk sells whatever the evidence says"


@pytest.mark.parametrize(
    ("allowed", "held", "sells", "share", "binds"),
    [
        (0.6, 0.6, False, 0.6, True),
        (0.6, 0.6, False, 0.5, False),
        (0.6, None, False, 0.6, False),
        (1.0, 1.0, False, 1.0, False),
        (None, 0.6, False, 0.6, False),
        (0.2, 0.25, True, 0.0, True),
        (None, None, True, 0.0, False),
    ],
)
def test_risk_is_the_reason_where_it_sets_the_share(
    allowed: float | None, held: float | None, sells: bool, share: float, binds: bool
) -> None:
    """And where it names a share to allow."""
    risk = sample_report().decision.risk
    assert risk is not None
    risk = replace(risk, allowed_share=allowed, held_share=held, sells=sells)
    told = made(risk=risk, target_weight=share)
    if binds:
        percent = f"{100 * (allowed or 0):.0f}%"
        assert (
            decision._reason(told, EN) == f"Main reason: your words on risk allow {percent} of it"
        )
        assert list(decision._reasons(told, EN)) == [f"your words on risk allow {percent}"]
    else:
        assert decision._reason(told, EN) == (
            "Main reasons: Fed rate path +0.30, Price trend -0.10"
        )


def test_the_two_heaviest_voices_are_the_reasons() -> None:
    """From half a point of the second decimal on, whatever their sign."""
    voices = parts(trend=(0.005, None), demand=(-0.0049, None), rate_path=(-0.2, None),
                   export_policy=(0.1, None))  # fmt: skip
    names = [c.name for c in decision._heard(made(contributions=voices))]
    assert names == ["rate_path", "export_policy", "trend"]
    assert list(decision._reasons(made(contributions=voices), EN)) == [
        "Fed rate path -0.20", "Export policy +0.10",
    ]  # fmt: skip
    nothing = made(contributions=parts(trend=(0.0049, None)))
    assert decision._reason(nothing, EN) == "Main reason: nothing weighs in the score"


@pytest.mark.parametrize(
    ("before", "voices", "said"),
    [
        (0.2, {"trend": (0.2, 0.2)}, "Unchanged; score moved 0.00"),
        (0.1, {"trend": (-0.1, -0.3), "rate_path": (0.3, 0.4)},
         "Unchanged; score moved +0.10, most of it by Price trend (+0.20)"),
        (0.3, {"trend": (-0.1, -0.05), "rate_path": (0.3, 0.45)},
         "Unchanged; score moved -0.10, most of it by Fed rate path (-0.15)"),
        (-0.001, {"trend": (0.004, -0.001)},
         "Unchanged; score moved +0.01, most of it by Price trend (+0.01)"),
        (0.0, {"trend": (0.0049, -0.2)}, "Unchanged; score moved 0.00"),
        (0.1, {"trend": (0.2, 0.1951)}, "Unchanged; score moved +0.10"),
        (0.1, {"trend": (0.2, None)}, "Unchanged; score moved +0.10"),
        (None, {"trend": (0.2, 0.0)}, "Unchanged"),
    ],
)  # fmt: skip
def test_what_moved_the_score_is_named(
    before: float | None, voices: dict[str, Any], said: str
) -> None:
    """From half a point of the second decimal on, by whichever voice moved most, up or down."""
    told = made(previous_score=before, contributions=parts(**voices))
    assert decision._change(reported(told), "SELL", EN) == said


def test_a_voice_that_fell_silent_is_said_to_be_no_longer_observed() -> None:
    """The other voice is silent as well, but did not move the score."""
    silent = tuple(replace(c, value=None) for c in parts(trend=(0.0, 0.25), rate_path=(0.0, 0.0)))
    told = made(previous_score=0.25, contributions=silent)
    assert decision._change(reported(told), "SELL", EN) == (
        "Unchanged; score moved -0.25, mostly because Price trend is no longer observed (-0.25)"
    )
    told = made(previous_score=0.25, contributions=(silent[0], *parts(rate_path=(0.5, 0.0))))
    assert decision._change(reported(told), "SELL", EN) == (
        "Unchanged; score moved +0.25, most of it by Fed rate path (+0.50)"
    )


def test_the_first_decision_is_one_that_stands_since_its_own_session() -> None:
    first = made(previous_score=None, since_on=MONDAY)
    assert decision._change(reported(first), "SELL", EN) == "First decision on record"
    again = replace(first, previous_score=0.2)
    assert decision._change(reported(again), "SELL", EN) == "Unchanged; score moved 0.00"


def source(name: str, state: FeedState = FeedState.STALE, tier: int = 1) -> SourceHealth:
    return SourceHealth(name=name, state=state, last_ok_at=None, newest_at=None, tier=tier)


def test_what_is_not_seen_is_told_by_share_and_by_name() -> None:
    """Voices that are silent, sources of the first tier out of reach, four of them by name."""

    def told(d: Decision, *sources: SourceHealth) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return decision._evidence(reported(d, data_health=sources), EN)

    assert told(made()) == (("Evidence complete",), ())
    assert told(made(coverage=1 - 2e-9)) == (
        (), ("Evidence incomplete: 100% of the weight observed",),
    )  # fmt: skip
    assert told(made(coverage=1 - 0.5e-9)) == (("Evidence complete",), ())
    well = (source("a", FeedState.OK), source("b", FeedState.BLOCKED, tier=2))
    assert told(made(), *well) == (("Evidence complete",), ())
    one, two = made().contributions
    half = made(coverage=0.5, contributions=(replace(one, value=None), two))
    assert told(half) == (
        (), ("Evidence incomplete: 50% of the weight observed; silent: Price trend",),
    )  # fmt: skip
    none = made(coverage=0.0, contributions=tuple(replace(c, value=None) for c in (one, two)))
    assert told(none) == ((), ("Evidence missing: none of the weight is observed",))
    (said,) = told(made(), source("x" * 61, FeedState.BLOCKED))[1]
    assert said.endswith(f": {'x' * 59}…")
    blocked = [source(name, FeedState.BLOCKED) for name in "abcde"]
    assert told(made(), *blocked[:4]) == (
        (), ("Evidence incomplete: 100% of the weight observed. Out of reach: a, b, c, d",),
    )  # fmt: skip
    assert told(half, *blocked) == (
        (), ("Evidence incomplete: 50% of the weight observed; silent: Price trend. Out of reach: "
             "a, b, c, d and 1 more",),
    )  # fmt: skip


def test_lines_of_one_source_and_of_extremes() -> None:
    d = made(one_source=("trend", "demand"), extreme=("rate_path",))
    alone = (
        "The evidence would say SELL, but rests on one source (Price trend, "
        f"{EN.label('demand')}): nothing is sold on it alone"
    )
    worst = "At its worst, and capping the share by itself: Fed rate path"
    assert list(decision._alone(d, EN)) == [alone, worst]
    assert list(decision._alone(replace(d, verdict="SELL"), EN)) == [alone]
    assert list(decision._alone(made(one_source=(), extreme=()), EN)) == []


FLIPS = (
    Flip(input="trend_gap_pct", strategy="trend", current=5.0, flips_at=-3.0, unit="%"),
    Flip(input="expected_path_bps", strategy="rate_path", current=-54, flips_at=41, unit="bp"),
    Flip(input="vix", strategy="trend", current=20.0, flips_at=None, unit=""),
    Flip(input="market_cap_usd_tn", strategy="cap", current=None, flips_at=6.0, unit="USD tn"),
)


def test_what_would_flip_it_row_by_row() -> None:
    """Up where the level is above today's, down where it is not; nothing of what cannot flip it."""
    table = decision._flips(reported(made(flips=FLIPS)), EN)
    assert isinstance(table, Table)
    heads = [(c.head, c.number) for c in table.columns]
    assert heads == [("What would make it SELL", False), ("today", True), ("flips at", True)]
    rows = [tuple(cell.text for cell in row) for row in table.rows]
    assert rows == [
        (EN.label("trend_gap_pct"), "5.0%", "≤ -3.0%"),
        (EN.label("expected_path_bps"), "-54 bp".replace(" ", "\u00a0"),
         "≥ +41 bp".replace("1 ", "1\u00a0")),
        (EN.label("market_cap_usd_tn"), "not observed", "$6.00tn"),
    ]  # fmt: skip
    late = decision._flips(reported(made(flips=FLIPS), present_on=date(2025, 9, 1)), EN)
    assert isinstance(late, Table)
    assert late.columns[1].head == "on that day"


def test_where_nothing_would_flip_it() -> None:
    """For want of one input that could, or for want of evidence; any flip found is told."""
    none = (FLIPS[2],)
    for known, said in (
        (True, "No single input, moved within its plausible range, makes it SELL."),
        (False, "Too little is observed to say what would make it SELL."),
    ):
        note = decision._flips(reported(made(flips=none, known=known)), EN)
        assert isinstance(note, Note)
        assert note.text == said
    assert isinstance(decision._flips(reported(made(flips=FLIPS, known=False)), EN), Table)


def test_how_firm_it_is_by_its_own_chance_and_by_presets() -> None:
    """Nothing of the first where prices are not known; no chance of another event is told there."""
    chances = (
        StatedChance(event="fall", within_sessions=21, chance=0.23, base=0.29, weight=0.8,
                     scored=890, fall_pct=10.0),
        StatedChance(event="stands", within_sessions=5, chance=0.64, base=0.81, weight=0.5,
                     scored=900),
    )  # fmt: skip
    d = made(chances=chances, firm_share=0.874)
    stands = "Chance that it says the same 5 sessions from now: 64% (so far 81%)."
    firm = (
        "Firm: 87% of 500 presets with every weight and effect size off by up to a third say the "
        "same."
    )
    for stale, said in ((False, [stands, firm]), (True, [firm])):
        *_, last = DecisionSection().blocks(reported(d, stale=stale), EN)
        assert isinstance(last, Details)
        assert last.title == "How likely it stands, and how firm it is"
        assert [note.text for note in last.blocks] == said  # type: ignore[attr-defined]


def test_warnings_come_before_what_stands() -> None:
    """What is lacking in the evidence first, then the report's own notices."""
    d = made(coverage=0.5, firm_share=None)
    blocks = list(DecisionSection().blocks(reported(d, notices=("late",)), EN))
    told = [(b.style, b.text) for b in blocks[1:4] if isinstance(b, Note)]
    assert told == [
        ("alert", "Evidence incomplete: 50% of the weight observed."),
        ("alert", "late."),
        ("", "Score +0.20; 0.50 away from SELL: the line is at -0.30. Unchanged; score moved "
         "0.00."),
    ]  # fmt: skip
    plain = list(DecisionSection().blocks(reported(), EN))
    assert plain[1].text == (  # type: ignore[attr-defined]
        "Score +0.20; 0.50 away from SELL: the line is at -0.30. Evidence complete. Unchanged; "
        "score moved 0.00."
    )


def test_the_machine_readable_decision_is_each_field_by_its_own_name() -> None:
    day = date(2025, 9, 1)
    report = reported(made(coverage=0.75, worth_pct=1.5), present_on=day, stale=True)
    told = DecisionSection().data(report, EN)
    renamed = {"decision": report.decision.verdict, "as_of": report.as_of}
    of_report = {k: getattr(report, k) for k in ("stale", "for_today", "age_days", "notices")}
    rest = {k: v for k, v in told.items() if k not in renamed | of_report}
    assert told == renamed | of_report | {k: getattr(report.decision, k) for k in rest}
    assert (told["age_days"], told["for_today"]) == (10, False)
