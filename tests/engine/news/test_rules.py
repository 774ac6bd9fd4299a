"""What the rules read out of a headline, and which way it points."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UnknownNameError
from engine.news import reading as readings
from engine.news import rules
from engine.news.lexicon import RuleTable, lexicon, rule_table
from engine.news.taxonomy import DEMAND, EVENT_TYPES, MOVING, TAXONOMY, attention, event_type
from engine.values import Stage
from tests.engine.news.lines import line

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """Every test looks columns and names up itself."""
    rules._undone.cache_clear()
    rules._alias_matcher.cache_clear()


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


# --- on made lines: every condition, order and bound ---------------------------------------------


def one(*names: str) -> Any:
    """The evidence of one headline that says ``names``."""
    matrix = np.zeros((len(readings.columns()), 1), dtype=bool)
    matrix[[readings.column_of()[name] for name in names]] = True
    return matrix


@pytest.mark.parametrize(
    ("names", "holds"),
    [
        ("chip rates_word", True), ("stock rates_word", True), ("chip stock rates_word", True),
        ("rates_word", False), ("chip", False), ("chip rates_word gulf", False),
        ("chip rates_word memory", False), ("", False),
    ],
)  # fmt: skip
def test_a_condition_joins_some_of_some_all_and_none(names: str, holds: bool) -> None:
    """chip or stock, and rates_word, and neither gulf nor memory: for a matrix and for one."""
    condition = rules.parse_condition(" chip| stock, rates_word ,, !gulf|memory")
    said_ = {readings.column_of()[name] for name in names.split()}

    assert condition.holds(one(*names.split())).tolist() == [holds]
    assert condition.met(said_) is holds
    assert len(condition.clauses) == 3
    assert rules.parse_condition("").met(set())
    assert rules.parse_condition("").holds(one()).tolist() == [True]
    both = np.hstack([one("chip", "rates_word"), one("gulf")])
    assert condition.holds(both).tolist() == [True, False]


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three votes and the senses of two types, instead of those of the data file."""
    made = RuleTable(
        votes=(("rates", 2.0, "fed"), ("rates", 1.5, "rates_word"), ("capex_cut", 0.5, "capex")),
        senses={"rates": ((-1, "cut"), (1, "fed"), (0, "")), "capex_cut": ((1, "capex, raise"),)},
    )
    monkeypatch.setattr(rules, "rule_table", lambda: made)
    for name in ("_type_rules", "_direction_rules"):
        monkeypatch.setattr(rules, name, getattr(rules, name).__wrapped__)


@pytest.mark.usefixtures("table")
def test_votes_are_summed_by_type_and_silence_leans_on_irrelevant() -> None:
    matrix = np.hstack([one("fed", "rates_word"), one("capex"), one(), one("fed")])
    votes = rules.rule_votes(matrix)
    assert votes.tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0], [1, 0, 0]]
    scores = rules.type_scores(votes)
    rates, cut, none = (EVENT_TYPES.index(t) for t in ("rates", "capex_cut", "irrelevant"))
    assert scores[:, rates].tolist() == [3.5, 0.0, 0.0, 2.0]
    assert scores[:, cut].tolist() == [0.0, 0.5, 0.0, 0.0]
    assert scores[:, none].tolist() == [0.5] * 4
    assert scores.shape == (4, len(EVENT_TYPES))
    assert scores.sum() == 3.5 + 0.5 + 2.0 + 4 * 0.5
    # on a tie the type that comes first
    assert rules.rule_types(["Capex"]) == ("capex_cut",)
    assert rules.rule_types(["Fed", "Rain"]) == ("rates", "irrelevant")


@pytest.mark.usefixtures("table")
def test_the_first_condition_that_holds_gives_the_sense() -> None:
    """A type without one that holds has its usual sense: -1 of a cut; 0 of a release is its own."""
    matrix = np.hstack([one("cut", "fed"), one("fed"), one(), one("capex"), one("capex", "raise")])
    types = ["rates", "rates", "rates", "capex_cut", "capex_cut"]
    assert rules.directions(matrix, types).tolist() == [-1, 1, 0, -1, 1]
    turned = rules.directions(matrix[:, ::-1], types[::-1])
    assert turned.tolist() == [1, -1, 0, 1, -1]
    assert rules.directions(one(), ["export_relief"]).tolist() == [1]
    assert rules.direction_by_rule("Fed", "rates") == 1
    assert rules.direction_by_rule("Fed cuts", "rates") == -1
    assert rules.direction_by_rule("Rain", "rates") == 0


SUBJECTS = (
    "nvidia huang nv_chip nv_china_chip chip cn_chip own_chip huawei cn_fab fab memory eda rival "
    "rival_chip cn_lab cn_tech cn_model cn_model_plain us_lab us_model model_version diffusion "
    "-diffusion entity_list -entity_list"
)


def test_a_subject_is_a_chip_a_maker_a_buyer_or_a_laboratory() -> None:
    for name in readings.columns():
        assert rules.has_subject(one(name)).tolist() == [name in SUBJECTS.split()], name
    assert rules.has_subject(np.hstack([one(), one("chip")])).tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("x", "export_restriction", Stage.ANNOUNCED),
        ("x=effective", "export_restriction", Stage.EFFECTIVE),
        ("x=consider", "export_restriction", Stage.RUMOUR),
        ("x=consider y=effective", "export_restriction", Stage.RUMOUR),
        *((f"x={code}/removed", "export_restriction", Stage.REVERSED) for code in (
            "restrict", "relax", "rule", "diffusion", "licence", "entity_list", "probe",
        )),
        ("x=tariff/removed", "export_restriction", Stage.ANNOUNCED),
        ("x=restrict/removed y=effective", "export_restriction", Stage.REVERSED),
        ("x=restrict/removed y=consider", "export_restriction", Stage.RUMOUR),
        *(("x=restrict/removed", kind, Stage.REVERSED) for kind in (
            "export_relief", "china_purchase_ban", "regulatory_probe",
        )),
        ("x=restrict/removed", "capex_cut", Stage.ANNOUNCED),
        # a rate that was moved stays decided
        ("x=consider y=dove_strong", "rates", Stage.ANNOUNCED),
        ("x=consider y=hawk_strong", "rates", Stage.ANNOUNCED),
        ("x=consider y=cut", "rates", Stage.RUMOUR),
        ("x=consider y=dove_strong", "export_relief", Stage.RUMOUR),
        ("x=consider y=dove_strong z=effective", "rates", Stage.EFFECTIVE),
    ],
)  # fmt: skip
def test_a_stage_follows_from_what_is_said(text: str, kind: str, expected: Stage) -> None:
    assert rules.stage(line(text), kind) is expected


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("x=other_cb y=fed", "rates", "Central banks"), ("x=fed y=china", "rates", "Fed"),
        ("x", "rates", "Fed"), ("x=us_gov", "china_purchase_ban", "China"),
        # exports: Congress, Washington, Beijing, in this order
        ("a=cn_gov b=us_gov c=congress", "export_relief", "US Congress"),
        ("a=cn_gov b=us_gov", "export_restriction", "US government"),
        ("a=cn_gov b=regulator", "export_restriction", "China"),
        ("a=regulator nvidia", "export_restriction", "Nvidia"),  # no regulator of exports
        ("a=china nvidia", "export_restriction", "Nvidia"),
        # a word inside the name of China's ministry names no American one
        ("china_commerce=cn_gov", "export_restriction", "China"),
        # probes: Beijing stands before Washington, then regulators and customs
        ("a=us_gov b=cn_gov", "regulatory_probe", "China"),
        ("a=us_gov b=regulator", "regulatory_probe", "US government"),
        ("a=regulator b=china", "regulatory_probe", "Regulator"),
        ("a=customs", "regulatory_probe", "China"), ("a=china nvidia", "regulatory_probe", "China"),
        # others: the first company, else a government, else a central bank
        ("b=us_gov amd nvidia", "capex_cut", "AMD"), ("b=us_gov", "capex_cut", "US government"),
        ("b=regulator", "capex_cut", "Regulator"), ("b=customs", "capex_cut", ""),
        ("b=china", "capex_cut", ""), ("b=fed", "capex_cut", "Fed"),
        ("b=fed a=other_cb", "capex_cut", "Central banks"), ("x", "capex_cut", ""),
        ("x", "export_relief", ""),
    ],
)  # fmt: skip
def test_who_acts_is_asked_in_the_order_of_the_type(text: str, kind: str, expected: str) -> None:
    assert rules.actor(line(text), kind) == expected


def test_a_probe_that_china_leads_is_its_own_whoever_else_is_named() -> None:
    made = line("a=us_gov b=congress", also="first_china")
    assert rules.actor(made, "regulatory_probe") == "China"
    assert rules.actor(made, "export_relief") == "US Congress"


@pytest.mark.parametrize(
    ("hits", "named"),
    [
        (((0, 1, "us_gov"),), True),
        (((0, 2, "cn_gov"), (1, 2, "us_gov")), False),  # inside
        (((0, 2, "cn_gov"), (0, 2, "us_gov")), False),  # the same words
        (((0, 2, "cn_gov"), (0, 3, "us_gov")), True),  # longer
        (((1, 3, "cn_gov"), (0, 2, "us_gov")), True),
        (((0, 1, "cn_gov"), (1, 2, "us_gov")), True),
        (((0, 2, "cn_gov"), (1, 2, "us_gov"), (2, 3, "us_gov")), True),  # once more outside
        (((0, 2, "cn_gov"),), False),
    ],
)
def test_commerce_in_the_name_of_another_ministry_names_no_american(hits: Any, named: bool) -> None:
    at = readings.column_of()
    numbers = tuple((a, b, at[code]) for a, b, code in hits)
    made = replace(line("a b c"), hits=numbers, columns=tuple({h[2] for h in numbers}))
    assert rules._is_named(made, "us_gov") is named


def test_companies_are_named_by_alias_pair_before_word_and_model_for_its_laboratory() -> None:
    def named(text: str) -> list[str]:
        return list(rules._company_names(line(text)))

    assert named("jensen and amd and nvda") == ["Nvidia", "AMD", "Nvidia"]
    assert named("liang wenfeng") == ["DeepSeek"]
    assert named("qwen3.5s qwen3 kimi") == ["Alibaba", "Alibaba", "Moonshot"]
    assert named("z ai") == ["Zhipu"]
    assert named("rain") == []
    assert rules.companies(line("amd nvidia amd")) == {"AMD", "Nvidia"}


def test_event_types_are_looked_up_by_name() -> None:
    with pytest.raises(UnknownNameError, match="unknown event type 'ratez'") as told:
        event_type("ratez")
    assert told.value.suggestion == "rates"
    for half_life in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match=f"half_life_days = {half_life} is not positive"):
            attention(np.array([1.0]), half_life)
    assert TAXONOMY["rates"] is event_type("rates")
    assert (len(MOVING), len(DEMAND)) == (12, 3)
    assert {"capex_increase", "capex_cut", "competitor_chip"} == DEMAND
    assert DEMAND < MOVING < set(EVENT_TYPES)
