"""The evening of 2025-08-22: HOLD with the sell-side arguments visible, and what turns it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

import pytest

from config.settings import Config
from engine.clock import parse_as_of
from engine.errors import InputError
from engine.record.history import History
from engine.service.bind import load
from engine.service.morning import report_of, stress_today
from engine.service.wiring import Assessment, KnownWorld, assess, with_facts, world_of
from engine.shown import Report
from engine.values import Fact, release_payload
from feeds.facts import Lags, read_tables

CONFIG = Path(__file__).resolve().parents[2] / "config"
AS_OF = parse_as_of("2025-08-22")
KNOWN = datetime(2025, 8, 22, 20, tzinfo=UTC)


@lru_cache(maxsize=1)
def config() -> Config:
    return load(CONFIG, "balanced")


@lru_cache(maxsize=1)
def world() -> KnownWorld:
    return world_of(History(read_tables(CONFIG / "facts", Lags())), config(), AS_OF)


@lru_cache(maxsize=1)
def seed() -> Assessment:
    return assess(world(), config(), version="test")


@lru_cache(maxsize=1)
def seed_report() -> Report:
    return report_of(seed())


def fact(kind: str, key: str, payload: dict[str, object], *, known: datetime = KNOWN) -> Fact:
    return Fact(
        kind=kind, key=key, occurred_at=known, known_at=known, source="test: hypothetical",
        payload=payload, confidence=0.95,
    )  # fmt: skip


def test_it_acts_on_monday() -> None:
    """Friday evening's knowledge acts at Monday's open."""
    assert seed().decision.acts_on == date(2025, 8, 25)


def test_the_decision_is_hold_out_of_the_rules_with_a_stated_distance() -> None:
    """The whole share, by evidence and by risk; the distance to SELL is positive and said."""
    decision = seed().decision

    assert (decision.verdict, decision.stance, decision.known) == ("HOLD", "HOLD", True)
    assert decision.target_weight == 1.0
    assert decision.score > decision.exit_below
    assert decision.margin > 0
    assert decision.chance_beyond < decision.sell_chance


def test_the_sell_side_is_visible() -> None:
    """Threat and policy pull towards SELL and are listed as such; demand is heard."""
    parts = {c.name: c.contribution for c in seed().decision.contributions}

    assert parts["fp8_threat"] < 0
    assert parts["export_policy"] < 0
    assert "demand" in parts
    assert sum(parts.values()) == pytest.approx(seed().decision.score, abs=1e-12)


def test_every_severe_scenario_sells_and_no_milder_one_does() -> None:
    """The four severe ones and their sum; no mild and no moderate one."""
    after = {row.severity: set() for row in stress_today(seed())}
    for row in stress_today(seed()):
        assert row.before == "HOLD"
        after[row.severity].add(row.after)

    assert after["severe"] == after["extreme"] == {"SELL"}
    assert "SELL" not in after["mild"] | after["moderate"]


def test_september_odds_are_the_published_closing_odds() -> None:
    """84.69 % for a quarter-point cut on 2025-09-17, from futures prices as known."""
    september = next(r for r in seed_report().rates if r.meeting_on == date(2025, 9, 17))
    cut = next(o for o in september.outcomes if o.change_bps == -25)

    assert september.rung == "zq"
    assert 100 * cut.probability == pytest.approx(84.69, abs=0.01)


def test_v31_is_on_a_card_with_the_press_claim_beside_the_estimate() -> None:
    """The 7 % claim stands there with low confidence, beside the engine's own figure."""
    card = next(c for c in seed_report().releases if c.release.model == "DeepSeek-V3.1")

    assert card.release.scale_format == "ue8m0"
    assert card.usd_per_mtok_nvidia is not None
    assert any("7%" in c.text and (c.confidence or 1) <= 0.4 for c in card.claims)


def test_recent_events_tell_the_story() -> None:
    """R2's failed Ascend training, the licences and Beijing's nudge are all known."""
    told = " ".join(e.headline for e in seed().events)

    for needle in ("R2 slipped", "H20 licences", "avoid H20", "UE8M0", "Jackson Hole"):
        assert needle in told


def test_nothing_later_is_known() -> None:
    """Cambricon's figures, the Q2 report and Alibaba's chip lie ahead."""
    told = " ".join(e.headline for e in seed().events)

    for needle in ("4,348 percent", "46.7 billion", "home-made inference chip"):
        assert needle not in told


def test_market_value_is_past_four_trillion() -> None:
    """The seed's mark: 4,000 billion and more."""
    assert seed_report().market["market_cap_usd_tn"] > 4.0


# --- what would turn it -----------------------------------------------------------------------


def trained_on_ascend() -> Fact:
    versions = world().history.known("model_release", AS_OF)
    v31 = next(f for f in versions if f.payload["model"] == "DeepSeek-V3.1")
    from engine.values import release_of

    release = replace(
        release_of(v31),
        hardware_named="40,000 Huawei Ascend 910C, all stages of training",
        inference_domestic=True,
        known_at=v31.known_at,
    )
    changed = release_payload(release)
    return replace(v31, payload=changed, source="test: hypothetical")


def stronger_evidence() -> list[Fact]:
    """Trained wholly on Ascend with ample supply, sales to China banned, no cut priced."""
    supply = fact(
        "supply_estimate",
        "hypothetical",
        {
            "known_on": "2025-08-22",
            "period": "2025",
            "vendor": "Huawei",
            "chip": "Ascend 910C",
            "units_low": "3000000",
            "units_mid": "4000000",
            "units_high": "5000000",
            "unit": "chips",
            "kind": "scenario",
            "source": "test",
            "confidence": "high",
        },
    )
    ban = fact(
        "headline",
        "hypothetical ban",
        {
            "event_type": "export_restriction",
            "actor": "US government",
            "headline": "US bans all sales of Nvidia AI chips to China with immediate effect",
            "time_precision": "scheduled",
        },
    )
    barred = [
        fact(
            "availability",
            f"hypothetical {chip}",
            {
                "chip": chip,
                "from_date": "2025-08-22",
                "us_permission": "barred",
                "china_acceptance": "accepted",
                "source": "test",
                "confidence": "high",
            },
        )
        for chip in ("H20", "B30A", "H800", "A800")
    ]
    rates = [
        fact(
            "observation",
            f"{series}:2025-08-22",
            {"series": series, "observed_on": "2025-08-22", "value": value},
            known=datetime(2025, 8, 22, 21, tzinfo=UTC),
        )
        for series, value in (("ZQQ25", 95.67), ("ZQV25", 95.67), ("ZQX25", 95.67), ("DGS2", 4.6))
    ]
    cuts = [
        fact(
            "headline",
            f"hypothetical cut {buyer}",
            {
                "event_type": "capex_cut",
                "actor": buyer,
                "headline": f"{buyer} cuts its capital spending on data centres by 30 percent",
                "time_precision": "scheduled",
            },
        )
        for buyer in ("Microsoft", "Alphabet", "Amazon", "Meta")
    ]
    return [supply, ban, *barred, *rates, *cuts]


def flipped() -> Assessment:
    """The same configuration on the record with stronger evidence in place of V3.1 as told."""
    kept = [f for f in world().history if f.payload.get("model") != "DeepSeek-V3.1"]
    history = History([*kept, trained_on_ascend(), *stronger_evidence()])
    return assess(world_of(history, config(), AS_OF), config(), version="test")


def test_stronger_evidence_flips_the_same_configuration_to_sell() -> None:
    """It comes out of the rules: no special case, the same weights and thresholds."""
    decision = flipped().decision

    assert decision.verdict == "SELL", decision.contributions
    assert decision.config_hash == seed().decision.config_hash


def test_one_of_them_alone_need_not_flip() -> None:
    """A ban by itself moves the score towards SELL."""
    ban = [f for f in stronger_evidence() if f.kind in ("headline", "availability")]
    decision = assess(with_facts(world(), config(), ban), config(), version="test").decision

    assert decision.score < seed().decision.score


def test_trend_and_volatility_speak_on_the_first_day_decided() -> None:
    """Prices from 2019 are warm-up: the first row is decided with them, and none before it."""
    features = seed().features
    assert features.sessions_on[0] == date(2022, 1, 3)
    for name in ("trend_gap_pct", "volatility_pct", "nvda_return", "vix", "effr_pct"):
        assert features.values[name][0] == features.values[name][0], name


def test_a_day_of_the_warm_up_is_refused_with_the_remedy() -> None:
    with pytest.raises(InputError, match=r"decisions begin on 2022-01-03.*first_on"):
        world_of(world().history, config(), parse_as_of("2021-06-01"))
