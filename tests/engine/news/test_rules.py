"""What the rules read out of a headline, and which way it points."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UnknownNameError
from engine.news import reading as readings
from engine.news import rules
from engine.news.lexicon import lexicon, rule_table
from engine.news.taxonomy import EVENT_TYPES, TAXONOMY, attention, event_type
from engine.values import Stage

ROOT = Path(__file__).resolve().parents[3]


def said(headline: str) -> set[str]:
    return {readings.columns()[column] for column in readings.read(headline).columns}


@pytest.mark.parametrize(
    ("headline", "kind", "sense"),
    [
        ("US bans Nvidia from selling H20 chips to China", "export_restriction", -1),
        ("NVDA: US TO ALLOW H20 SALES - SOURCES", "export_relief", 1),
        ("US lifts ban on Nvidia H20 exports to China", "export_relief", 1),
        ("Washington lève l'interdiction d'exporter la H20", "export_relief", 1),
        ("China bars firms from buying Nvidia chips", "china_purchase_ban", -1),
        ("AMD unveils MI450 accelerator", "competitor_chip", -1),
        ("Nvidia unveils Rubin GPU", "nvidia_product", 1),
        ("Google raises capex guidance to $90 bln", "capex_increase", 1),
        ("Fed cuts rates by 25 bps", "rates", 1),
        ("Fed holds rates steady", "rates", 0),
        ("ECB cuts rates", "rates", 0),
        ("DeepSeek delays R2", "release_delay", 1),
        ("Nvidia delays Rubin", "release_delay", -1),
        ("GeForce Game Ready driver fixes crash", "irrelevant", 0),
        ("Blue-chip stocks slip in Milan", "other", -1),
    ],
)
def test_type_and_sense_follow_from_wording(headline: str, kind: str, sense: int) -> None:
    if kind != "other":
        assert rules.rule_types([headline]) == (kind,)
    assert rules.direction_by_rule(headline, kind) == sense


@pytest.mark.parametrize(
    ("plain", "turned", "kind"),
    [
        ("US restricts H20 exports", "US denies it restricts H20 exports", "export_restriction"),
        ("Microsoft cuts AI capex", "Microsoft denies cutting AI capex", "capex_cut"),
        ("Huawei delays Ascend 960", "Huawei denies Ascend 960 delay", "domestic_chip_launch"),
        ("Nvidia delays Rubin", "Nvidia: report of Rubin delay false", "release_delay"),
        ("Pékin interdit la H20", "Pékin dément avoir interdit la H20", "china_purchase_ban"),
        ("EU probes Nvidia", "EU drops Nvidia probe", "regulatory_probe"),
        ("US grants H20 licences", "US has yet to grant H20 licences", "export_relief"),
    ],
)
def test_denial_and_reversal_flip_the_sense(plain: str, turned: str, kind: str) -> None:
    first, second = (rules.direction_by_rule(h, kind) for h in (plain, turned))
    assert first == -second != 0


def test_what_follows_despite_does_not_count() -> None:
    assert "struggle" not in said("Huawei to mass-produce 910C despite yield problems")
    assert "struggle" in said("Huawei mass production hit by yield problems")
    conceded = readings.spans(readings.read("Nvidia beats despite weak China"))
    assert {s.turned for s in conceded if s.text == "weak"} == {"conceded"}


def test_a_lifted_measure_is_removed_and_a_fallen_price_is_not() -> None:
    assert {"-restrict"} <= said("US lifts curbs on AI chips")
    assert "-restrict" not in said("Nvidia drops 6% on export curbs")


def test_the_country_is_told_from_the_pronoun() -> None:
    assert "us_pronoun" in said("Chipmaker tells us why GPUs sell")
    assert "us_pronoun" not in said("U.S. curbs AI chips")
    assert "us_gov" in said("U.S. curbs AI chips")


@pytest.mark.parametrize(
    ("headline", "hidden"),
    [
        ("Vera C. Rubin Observatory opens", "nv_chip"),
        ("Potato chip maker recalls bags", "chip"),
        ("Kimi Antonelli wins", "cn_model_plain"),
    ],
)
def test_lookalikes_are_shielded(headline: str, hidden: str) -> None:
    assert hidden not in said(headline)


def test_figures_against_estimates_and_signed_moves_are_read() -> None:
    assert "above_estimate" in said("NVDA REV $57B VS EST $55B")
    assert "below_estimate" in said("NVDA REV $900M VS EST $1.1B")
    assert "pct_down" in said("NVDA -8% on no news")
    assert "pct_up" in said("NVDA +5,2 % avant Bourse")


def test_spans_name_places_in_the_original_text() -> None:
    headline = "États-Unis : l’exportation de la H20 autorisée"
    spans = readings.spans(readings.read(headline))
    assert {"H20", "autorisée", "États-Unis"} <= {span.text for span in spans}
    assert all(headline[span.start : span.end] == span.text for span in spans)


@given(st.text(max_size=700))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_without_error_and_spans_hold(text: str) -> None:
    reading = readings.read(text)
    assert len(reading.turned) == len(reading.hits)
    for span in readings.spans(reading):
        assert text[span.start : span.end] == span.text
    assert len(readings.fold(text)) == len(text)


def test_the_matcher_agrees_with_a_slow_search() -> None:
    """Oracle: try every entry at every place."""
    headline = "Huawei's new AI chip rivals Nvidia H20 as US tightens export curbs on China"
    words = readings.read(headline).words

    def fits(word: str, pattern: str) -> bool:
        return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern

    expected = set()
    for code, entries in lexicon().entries.items():
        for entry in entries:
            parts = readings.fold(entry).split()
            for i in range(len(words) - len(parts) + 1):
                if all(map(fits, words[i : i + len(parts)], parts)):
                    expected.add((i, i + len(parts), readings.columns().index(code)))
    assert set(readings.matcher().hits(words)) == expected


def test_every_rule_names_known_types_and_columns() -> None:
    for name, weight, text in rule_table().votes:
        assert name in TAXONOMY
        assert weight > 0
        assert rules.parse_condition(text).clauses
    assert set(rule_table().senses) <= set(EVENT_TYPES)
    with pytest.raises(KeyError):
        rules.parse_condition("no_such_concept")


def test_an_unknown_type_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="export_relief"):
        rules.direction_by_rule("x", "export_releif")
    assert event_type("rates").name == "rates"


@pytest.mark.parametrize(
    ("headline", "kind", "expected"),
    [
        ("US may ban H20 - sources", "export_restriction", Stage.RUMOUR),
        ("Commerce rescinds AI diffusion rule", "export_relief", Stage.REVERSED),
        ("Commerce bans H20, effective immediately", "export_restriction", Stage.EFFECTIVE),
        ("Commerce bans H20", "export_restriction", Stage.ANNOUNCED),
    ],
)
def test_stage(headline: str, kind: str, expected: Stage) -> None:
    assert rules.stage(readings.read(headline), kind) is expected


def test_actor_is_a_government_where_the_type_is_theirs() -> None:
    def actor(headline: str, kind: str) -> str:
        return rules.actor(readings.read(headline), kind)

    assert actor("Nvidia hit as US bans H20", "export_restriction") == "US government"
    assert actor("Nvidia told to stop H20", "china_purchase_ban") == "China"
    assert actor("Powell hints at cut", "rates") == "Fed"
    assert actor("Qwen3 tops charts", "model_release") == "Alibaba"
    assert actor("Rain", "irrelevant") == ""
    notice = "China's commerce ministry imposes export controls on gallium"
    assert actor(notice, "export_restriction") == "China"
    assert actor("商务部公布对高端芯片实施进口管制", "export_restriction") == "China"
    assert actor("美国商务部收紧对华芯片出口", "export_restriction") == "US government"
    both = "US commerce department bans H20, China's commerce ministry objects"
    assert actor(both, "export_restriction") == "US government"


def test_directions_agree_with_the_curated_events() -> None:
    """The curated column is read here only; the rules see type and wording."""
    path = ROOT / "config" / "facts" / "chip_events.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    agree = [
        rules.direction_by_rule(r["headline"], r["event_type"]) == int(r["expected_direction"])
        for r in rows
    ]
    assert sum(agree) / len(agree) >= 0.92


def test_attention_halves_each_half_life_and_ignores_what_is_not_known() -> None:
    import numpy as np

    left = attention(np.array([0.0, 10.0, 20.0, -1.0, np.nan]), 10.0, [1, 1, 2, 1, 1])
    assert left.tolist() == [1.0, 0.5, 0.5, 0.0, 0.0]
    with pytest.raises(ValueError, match="half_life"):
        attention(np.array([1.0]), 0.0)


def test_a_probe_that_china_leads_is_chinas_whatever_it_is_about() -> None:
    told = "China says a preliminary review finds Nvidia broke antitrust law"
    assert rules.actor(readings.read(told), "regulatory_probe") == "China"
    assert (
        rules.actor(readings.read("EU antitrust regulators probe Nvidia"), "regulatory_probe")
        != "China"
    )
