"""Trip-wires under the known answers: what commands say of made-up results, line by line."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from backtests.audit import AuditResult, Leak, _doubt
from backtests.experiments import Effect
from backtests.observables import ResolvedForecast, ScoredQuantity
from backtests.reliability import Bin, ChanceScore, DistributionScore, FallScore
from engine.cli.calibration import forecasts_plain
from engine.cli.commands import audit, cost, rates
from engine.cli.output import to_json
from engine.cli.said import audit as audit_said
from engine.cli.said import calibration, doctor, events, rate, risk, stress
from engine.cli.said import rates as rates_said
from engine.decision.features import RatedRelease
from engine.phrases import phrase, plural
from engine.report.forms.text import render_text
from engine.report.i18n import voice
from engine.report.record_page import page_of as record_page
from engine.service.doctor import Finding
from engine.service.risks import RiskScore
from engine.service.stressing import LineUse, StanceUse, StressTable
from engine.threat.estimate import Detail
from engine.threat.points import Point, ScoredPoint
from engine.threat.validation import TargetOutcome, Validation
from engine.values import (
    Assumption,
    CostEstimate,
    Interval,
    ModelRelease,
    RateExpectation,
    RateOutcome,
    ThreatRating,
)
from tests.builders import make_event
from tests.cli.test_readme import commands
from tests.engine.report.sample_report import AS_OF, rating, stress_rows, v31
from tests.french import english_in
from tests.frozen import check, keep

EN = voice("en")
KINDS = re.compile(r"^(bar|event|headline)\b", re.MULTILINE)
"""Kinds of facts, which keep the names of the record."""
NO_OTHERS = phrase("back-filled prices kept: there are no others")
NOW = datetime(2025, 8, 22, 12, 31, tzinfo=UTC)
DAY = date(2025, 8, 22)


def held(name: str, *texts: str) -> None:
    check(f"cli_{name}", "\n".join(texts).splitlines())


def league() -> list[tuple[ModelRelease, ThreatRating]]:
    small = replace(
        rating(), model="Small", score=0.3, score_low=-3.0, score_high=2.0, channels={
            "substitution": 0.1, "efficiency": 0.0, "price_pressure": 0.05, "openness": 0.05,
            "residual": 0.1,
        },
    )  # fmt: skip
    waiting = replace(small, model="Waiting", rateable=False)
    return [
        (v31(), rating()),
        (replace(v31(), model="Small"), small),
        (replace(v31(), model="Waiting"), waiting),
    ]


def test_ratings_in_words() -> None:
    changes = [replace(rating(), kind="price cut"), league()[1][1]]
    held(
        "rate",
        rate.league_text(league(), AS_OF, 10, changes, EN),
        rate.league_text(league(), AS_OF, None, changes, EN),
        rate.league_text([], AS_OF, 10, [], EN),
        rate.detail_text(v31(), rating(), 12.0, EN),
        rate.detail_text(v31(), replace(rating(), closest_earlier=None), None, EN),
        rate.side_by_side(league()[0], league()[1], EN),
    )


def test_headlines_and_findings_in_words() -> None:
    event = make_event("export_restriction", headline="Chips barred")
    rows = [
        events.Moved(event=event, voice="v", told_pct=-2.0, left_pct=-0.5, alone=False),
        events.Moved(event=event, voice="v", told_pct=2.0, left_pct=1.0, alone=True),
        events.Moved(event=event, voice=None, told_pct=None, left_pct=None, alone=None),
    ]
    found = [
        Finding(level="ok", check="feeds", message=phrase("all well"), remedy=""),
        Finding(level="error", check="channel: mail", message=phrase("no"), remedy=phrase("do")),
        Finding(level="warning", check="hours", message="h", remedy="r"),
    ]
    held(
        "events",
        events.text_of(rows, NOW, 3, EN),
        events.text_of([], NOW, 1, EN),
        doctor.text_of(found, EN),
    )


def test_scenarios_and_risk_in_words() -> None:
    rows = stress_rows()[:6]
    table = StressTable(
        as_of=NOW, rows=tuple(rows),
        lines=(LineUse(preset="p", line="SELL", at=-0.25, share_beyond=0.125, known_days=80),
               LineUse(preset="p", line="RISK", at=60.0, share_beyond=0.5, known_days=90)),
        stances=(StanceUse(preset="p", sell=0.1, reduce=0.2, hold=0.7, known_days=70),),
        foresight=(phrase("seen before"),),
    )  # fmt: skip
    score = ChanceScore(
        n=120, rate=0.21, said=0.25, brier=0.151, brier_of_base=0.166, skill=0.09, of_model=0.08,
        low=-0.01, high=0.2, weight=0.5, weight_now=0.6,
        table=(Bin(said=0.05, came=0.04, n=1_200), Bin(said=0.25, came=0.3, n=119)),
    )  # fmt: skip
    spread = DistributionScore(
        n=99, coverage=0.9, below=0.04, above=0.06, crps=0.0312, crps_of_base=0.0333, skill=0.06,
        low=0.0, high=0.1,
    )  # fmt: skip
    stocks = [
        RiskScore(
            symbol="NVDA", first_on=date(2020, 3, 2), last_on=DAY,
            falls=(FallScore(fall_pct=5.0, score=score),
                   FallScore(fall_pct=20.0, score=replace(score, low=None, high=None))),
            distributions=((5, spread), (21, replace(spread, coverage=0.8))),
        ),
        RiskScore(symbol="AMD", first_on=date(2020, 3, 2), last_on=DAY,
                  falls=(FallScore(fall_pct=5.0, score=score),), distributions=((5, spread),)),
    ]  # fmt: skip
    held("stress", stress.text_of(table, EN), risk.text_of(stocks, EN))


def outcomes(n: int) -> dict[str, Any]:
    told = n >= 30
    return {
        "expires_after_sessions": 21, "n": n, "open": 2, "void": 1, "right": n // 2,
        "share_right": 0.5 if told else None, "share_right_interval": [0.4, 0.6] if told else None,
        "share_always_hold": 0.7 if told else None,
    }  # fmt: skip


def chance(event: str, brier: float | None, interval: list[float] | None) -> dict[str, Any]:
    return {
        "event": event, "within_sessions": 21, "n": 40, "open": 3, "void": 2, "brier": brier,
        "brier_base_rate": 0.25, "skill": 0.84, "skill_interval": interval, "came_share": 0.6,
        "reliability": [{"said": 0.8, "came": 0.9, "n": 40}] if brier else None,
    }  # fmt: skip


def statement(state: str = "running", **so_far: Any) -> dict[str, Any]:
    stick = {
        "final_equity": 1.05, "rule_excess_cagr_pct": -1.5, "max_drawdown_pct": -12.0,
        "rule_excess_cagr_interval_pct": [-4.0, 2.0],
    }  # fmt: skip
    found = {
        "sessions": 130, "last_on": "2026-06-01", "withdrawn": [],
        "looks": [{"met": [], "on": "x"}],
        "figures": {"total_pct": 7.5, "fall_pct": -13.0}, "skills": {},
        "yardsticks": {"constant_mix": stick, "holding": stick | {"final_equity": 1.2}},
    } | so_far  # fmt: skip
    return {
        "registered_at": "2026-01-02T12:00:00+00:00", "from": "2026-01-05", "until": "2026-12-31",
        "label": "forward", "entry_hash": "abcdef0123456789", "state": state,
        "so_far": None if state in ("not begun", "changed") else found,
        "said_otherwise": {"live": 9, "otherwise": 2},
        "withdrawal": {
            "sessions": 126, "chance_sessions": 504, "excess_over": "constant_mix",
            "fall_deeper_than": "holding", "fall_deeper_by_points": 2.0,
        },
    }  # fmt: skip


def test_the_track_record_in_words() -> None:
    ended = {
        "withdrawn": ["fell deeper than holding"],
        "looks": [{"met": [], "on": "2026-03-01"}, {"met": ["x"], "on": "2026-06-01"}],
        "skills": {"fall_10": {"skill": -0.1, "skill_interval": [-0.2, -0.01]}},
    }
    short = {"skills": {"fall_10": {"skill": 0.1, "skill_interval": None}}, "looks": []}
    found = {
        "strategy": "balanced", "as_of": NOW,
        "live": {"outcomes": outcomes(4), "chances": [chance("stands", None, None)]},
        "replayed": {
            "outcomes": outcomes(400),
            "chances": [chance("fall_10", 0.04, [0.7, 0.9]), chance("fall_20", 0.04, None)],
            "distribution": {"n": 99, "coverage": 0.905, "crps": 0.0312, "crps_of_base": 0.0333,
                             "skill": 0.06, "low": 0.01, "high": 0.1},
            "foresight": [phrase("seen before")],
            "worst_days": [{"session_on": DAY, "decision": "REDUCE", "return_pct": -12.34,
                            "target_weight": 0.5, "score": -0.1, "chance_of_fall": 0.25}],
        },
        "registered": [
            statement(), statement("withdrawn", **ended), statement("not begun"),
            statement("changed"), statement("running", **short),
        ],
    }  # fmt: skip
    bare = found | {"registered": []}
    bare["replayed"] = found["replayed"] | {"distribution": None}  # type: ignore[operator]
    held("track", *(render_text(record_page(told, EN)) for told in (found, bare)))


def quantity(what: str, **changes: Any) -> ScoredQuantity:
    given = {
        "n": 12, "crps": 1.5, "crps_of_past": 2.0, "skill": 0.25, "low": -0.1, "high": 0.4,
        "covered": 0.9, "covered_by_past": 0.8, "places": np.array([0.05, 0.2, 0.5, 0.5, 1.0]),
    } | changes  # fmt: skip
    return ScoredQuantity(what=what, **given)  # type: ignore[arg-type]


def test_what_ratings_said_in_words() -> None:
    guide, china = "next guide against consensus", "next China line"
    better = [quantity(guide, low=0.01), quantity(china, n=11, high=-0.1)]
    worse = [quantity(guide, high=-0.01)]
    forecast = ResolvedForecast(
        what=china, about="a", on=DAY, past=np.arange(-5.0, 6.0), shift=-1.5, sd=2.0, came=3.25
    )
    still = replace(forecast, what=guide, came=float("nan"))
    rated = RatedRelease(row=3, rating=rating())
    held(
        "calibration",
        calibration.calibration_text(better, NOW, [(guide, 1), (china, 3)], EN),
        calibration.calibration_text(worse, NOW, [], EN),
        calibration.calibration_text([quantity(guide)], NOW, [], EN),
        calibration.forecasts_text([forecast, still], rated, EN),
        calibration.forecasts_text([], rated, EN),
        to_json(forecasts_plain([forecast, still], rated)),
    )


def effect(name: str, **changes: Any) -> Effect:
    given = {
        "score_change": 0.01234, "verdicts_changed": 3, "new_sells": 2, "sell_sessions": 40,
        "coverage": 0.987, "final_equity": 2.3456, "sharpe": 1.234,
    } | changes  # fmt: skip
    return Effect(name=name, **given)  # type: ignore[arg-type]


def test_an_audit_in_words() -> None:
    leak = Leak(
        check="truncation", decided_on=DAY, where="us_gate", session_on=DAY - timedelta(days=3),
        full="1.0" * 12, cut="2.0" * 12, cells=5,
    )  # fmt: skip
    clean = AuditResult(
        strategy="s", first_on=date(2022, 1, 3), last_on=DAY, n_dates=25, n_all_dates=900, seed=1,
        checked={"truncation": 25, "poison": 5}, leaks=(), leak_count=0,
        canaries={"peeking": True, "reading": True}, doubt=None, base=effect(phrase("as it is")),
        delays=(effect(plural("{n} session late", "{n} sessions late", n=1), note=NO_OTHERS),),
        dropped=(effect("headline", score_change=None, final_equity=None, sharpe=None),),
        observed_only=effect(phrase("back-filled facts"), coverage=None), backfilled_share=0.126,
        verdict=phrase("A strategy asked for something beside the record: {where}.", where="os"),
    )  # fmt: skip
    leaky = replace(clean, leaks=(leak,) * 12, leak_count=30, doubt=_doubt(9.9))
    blind = replace(clean, canaries={"peeking": False, "reading": True})
    texts = [audit_said.text_of(r, None, EN) for r in (clean, leaky, blind)]
    french = [audit_said.text_of(r, None, voice("fr")) for r in (clean, leaky, blind)]
    assert [english_in(KINDS.sub(" ", text)) for text in french] == [[], [], []]
    assert max(len(line) for text in (*texts, *french) for line in text.splitlines()) <= 80
    plain = {k: audit.plain(blind)[k] for k in ("clean", "canary", "leak_count")}
    held("audit", *texts, to_json(plain))


def test_costs_in_words() -> None:
    figure = Interval(low=0.5, mid=1_234.5, high=2.5e12)
    estimate = CostEstimate(
        model="M", chip="C", precision="fp8", training_flops=figure, training_chip_hours=None,
        training_usd=figure, energy_mwh=Interval(low=1.0, mid=2.0, high=3.0),
        prefill_tok_s_per_chip=figure, decode_tok_s_per_chip=figure, usd_per_mtok_prefill=figure,
        usd_per_mtok_decode=figure, usd_per_mtok_blended=figure,
        assumptions=(Assumption(name="duty", value="0.5", source="one; two"),),
    )  # fmt: skip
    detail = Detail(
        cost=estimate, precision_asked="fp8", computes_in="bf16", devices=8, min_devices=4,
        batch=16, max_batch=64, tpot_ms=figure, usd_per_chip_hour=2.5,
    )  # fmt: skip
    target = TargetOutcome(
        target="T1", unit="u", kind="k", what="a target " * 5,
        published=100.0, modelled=123.4, error_pct=23.4,
        tolerance_pct=20.0, within=False, in_fit=False, left_out_pct=-7.6, low=90.0, high=130.0,
    )  # fmt: skip
    result = Validation(
        outcomes=(target, replace(target, target="X1", what="b", within=True, in_fit=True,
                                  left_out_pct=None)),
        covered=5, banded=6, misses=("T1",), fit={}, rms_in_fit_pct=12.3, rms_left_out_pct=23.4,
        left_out_within_40=7, left_out_count=9,
    )  # fmt: skip
    point = Point(
        name="p", use="fitted", kind="decode", chip="C", precision="fp8", model="M", prompt=1.0,
        output=2.0, batch=None, devices=8.0, kv_bytes=1.0, attention_8bit=False, verified=1.0,
        accepted=0.0, tokens_t=None, total_b=None, active_b=None, published=100.0, unit="tok/s",
        source="s",
    )  # fmt: skip
    one = ScoredPoint(point=point, platform="hopper", modelled=110.0, log_error=0.0953, low=90.0,
                      high=130.0)  # fmt: skip
    scored = [
        one,
        replace(one, point=replace(point, use="seen", name="p"), log_error=0.1, high=99.0),
        replace(one, point=replace(point, use="held_out", name="q"), log_error=-0.3, low=105.0),
    ]  # fmt: skip
    held(
        "cost",
        cost.as_text(detail),
        cost.as_text(replace(detail, devices=None, tpot_ms=None)),
        ", ".join(cost.as_json(detail)),
        cost.validation_text(result),
        cost.points_text(scored, figures=True),
        to_json(cost.points_plain(scored)),
    )


def test_fed_meetings_in_words() -> None:
    meeting = RateExpectation(
        meeting_on=date(2025, 9, 17),
        outcomes=(
            RateOutcome(range_bps=(400, 425), change_bps=-25, probability=0.847),
            RateOutcome(range_bps=(425, 450), change_bps=0, probability=0.153),
        ),
        rung="futures", expected_change_bps=-21.2, note="a note",
    )  # fmt: skip
    answer = rates_said.RatesAnswer(
        as_of=NOW, range_bps=(425, 450), effr_pct=4.33, prices={date(2025, 9, 1): 95.76},
        source="typed", found=(meeting, replace(meeting, outcomes=(), note="path alone")),
        published={(400, 425): 0.85, (375, 400): 0.01},
    )  # fmt: skip
    blind = rates_said.RatesAnswer(
        as_of=NOW, range_bps=None, effr_pct=None, prices={}, source="none",
        found=(replace(meeting, outcomes=(), expected_change_bps=None),),
    )  # fmt: skip
    held(
        "rates",
        rates_said.text_of(answer, rates.compared(answer), EN),
        rates_said.text_of(blind, rates.compared(blind), EN),
        to_json(rates.as_plain(answer)),
        to_json(rates.as_plain(blind)),
    )


def test_options_keep_their_names_bounds_and_defaults() -> None:
    """What a command does where nothing is said: who types it without options rests on that."""
    now = {}
    for words, command in commands().items():
        for p in command.params:
            bounds = [f"{n} {v}" for n in ("min", "max") if (v := getattr(p, n, None)) is not None]
            marks = [n for n in ("required", "multiple", "is_flag") if getattr(p, n, False)]
            default = getattr(p.default, "value", p.default)
            names = " ".join((*p.opts, *p.secondary_opts))
            now[f"{words} {names}"] = ", ".join((*bounds, *marks, str(default)))
    assert len(now) > 150
    keep("cli_options", now)
