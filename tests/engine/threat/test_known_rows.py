"""Rows of the reference tables, read field by field, and what stands for what they leave out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from engine.errors import ConfigError, DataError
from engine.threat import catalogue, evidence, hub, points, supply
from engine.threat.asked import TokensRouted, tokens_from_rows
from engine.threat.catalogue import ReleaseUpdate
from engine.threat.evidence import Confirmed, Proof, ProofOutcome, ProofStage
from engine.threat.points import Point
from engine.threat.supply import AvailabilitySpell, ChinaShare, EarningsReport, SupplyEstimate
from engine.values import ModelRelease
from tests.builders import make_release
from tests.engine.threat.threat_world import end_of

EARNINGS = {
    "fiscal_quarter": " FY2026Q1 ", "report_datetime_et": " 2025-01-28T16:20 ",
    "revenue_usd_bn": "44", "data_center_revenue_usd_bn": " 39 ", "china_share_pct": "12.5",
    "next_q_guide_midpoint_usd_bn": "45", "china_basis": "billing address",
}  # fmt: skip
SPELL = {
    "chip": " H20 ", "from_date": " 2025-04-09 ", "us_permission": " licence ",
    "china_acceptance": " blocked ", "note": "public only on 2025-04-15, then public 2025-04-12",
    "source": " s ",
}  # fmt: skip
UNITS = {
    "known_on": " 2025-03-01 ", "period": " 2025 ", "vendor": " Huawei ", "chip": " 910C ",
    "units_low": "1", "units_mid": " 2 ", "units_high": "3", "unit": " chips ",
    "kind": " estimate ", "source": " s ", "confidence": " low ",
}  # fmt: skip
SHARE = {
    "known_on": " 2025-03-01 ", "period": " 2025-H2 ", "house": " IDC ", "kind": " forecast ",
    "domestic_share_pct": " 35 ", "confidence": " high ", "source": " s ",
}  # fmt: skip


def test_figures_of_markets_and_permissions_are_read_field_by_field() -> None:
    """16:20 in New York is 21:20 UTC in January."""
    assert supply.earnings_from_rows([EARNINGS]) == (
        EarningsReport(
            quarter="FY2026Q1", known_at=datetime(2025, 1, 28, 21, 20, tzinfo=UTC),
            revenue_usd_bn=44, data_center_usd_bn=39, next_quarter_guide_usd_bn=45,
            china_share=0.125, by_billing=True,
        ),
    )  # fmt: skip
    assert supply.availability_from_rows([SPELL]) == (
        AvailabilitySpell(
            chip="H20", since=date(2025, 4, 9), known_at=end_of("2025-04-15"),
            us_permission="licence", china_acceptance="blocked", source="s",
        ),
    )  # fmt: skip
    assert supply.supply_from_rows([UNITS]) == (
        SupplyEstimate(
            known_at=end_of("2025-03-01"), period="2025", vendor="Huawei", chip="910C", low=1,
            mid=2, high=3, unit="chips", kind="estimate", source="s", confidence="low",
        ),
    )  # fmt: skip
    assert supply.shares_from_rows([SHARE]) == (
        ChinaShare(
            known_at=end_of("2025-03-01"), year=2025.75, house="IDC", share=0.35, kind="forecast",
            confidence="high", source="s",
        ),
    )  # fmt: skip


def test_what_a_figure_leaves_out_is_none_or_empty() -> None:
    (quarter,) = supply.earnings_from_rows(
        [{k: EARNINGS[k] for k in ("fiscal_quarter", "report_datetime_et", "revenue_usd_bn")}]
    )
    assert (quarter.data_center_usd_bn, quarter.next_quarter_guide_usd_bn) == (None, None)
    assert (quarter.china_share, quarter.by_billing) == (None, False)
    bare: list[Any] = [
        *supply.availability_from_rows([{k: v for k, v in SPELL.items() if k != "source"}]),
        *supply.supply_from_rows(
            [{k: v for k, v in UNITS.items() if k not in ("source", "confidence")}]
        ),
        *supply.shares_from_rows(
            [{k: v for k, v in SHARE.items() if k not in ("source", "confidence")}]
        ),
    ]
    assert [one.source for one in bare] == ["", "", ""]
    assert (bare[1].confidence, bare[2].confidence) == ("", "")


@pytest.mark.parametrize(
    ("basis", "by_billing"),
    [("billing", True), ("billing/HQ", False), ("customer HQ; billing", False), ("", False)],
)
def test_a_share_is_by_billing_where_it_says_so_first(basis: str, by_billing: bool) -> None:
    assert (
        supply.earnings_from_rows([EARNINGS | {"china_basis": basis}])[0].by_billing is by_billing
    )


def test_spells_are_ordered_by_when_they_were_known_and_by_name() -> None:
    later = SPELL | {"from_date": "2025-05-01", "note": ""}
    rows = [later, SPELL | {"chip": "H9"}, SPELL]
    assert [(s.chip, s.known_at.month) for s in supply.availability_from_rows(rows)] == [
        ("H20", 4), ("H9", 4), ("H20", 5)
    ]  # fmt: skip


CLAIM = {
    "known_on": " 2025-08-14 ", "lab": " Lab ", "model": " Made-2 ", "outcome": " success ",
    "claimed_by": " chip vendor ", "chip_vendor": " Huawei ", "extent": " all ",
    "stage": "pretraining and more", "confidence": " medium ", "total_params_b": " 700 ",
    "independent_of_chip_vendor": " n ", "source": " a paper ",
}  # fmt: skip
STORY = {
    "event_type": "domestic_chip_adoption", "headline": "Zhipu trained GLM-5 on Ascend",
    "actor": "Zhipu / Huawei", "date_utc": " 2025-08-14 ", "time_utc": " 09:30 ",
    "time_precision": "", "confidence": " medium ", "source": "wire",
}  # fmt: skip


def test_claims_are_read_field_by_field() -> None:
    """0.6 of a vendor's word at 0.85; 0.7 of a frontier-sized model without a score."""
    assert evidence.proofs_from_rows([CLAIM]) == (
        Proof(
            known_at=end_of("2025-08-14"), actor="Lab", obj="Made-2", stage=ProofStage.TRAINING,
            outcome=ProofOutcome.SUCCESS, vendor="Huawei", share=1.0,
            confirmed_by=Confirmed.VENDOR, trust=pytest.approx(0.51), independent=False,
            closeness=pytest.approx(0.7), size_b=700, source="a paper",
        ),
    )  # fmt: skip
    (bare,) = evidence.proofs_from_rows(
        [{k: CLAIM[k] for k in ("known_on", "lab", "model", "outcome")} | {"claimed_by": "press"}]
    )
    assert bare == Proof(
        known_at=end_of("2025-08-14"), actor="Lab", obj="Made-2", stage=ProofStage.TRAINING,
        share=0.35, confirmed_by=Confirmed.PRESS, trust=pytest.approx(0.3),
        closeness=pytest.approx(0.35),
    )  # fmt: skip


def test_headlines_are_read_field_by_field_in_order_and_what_shows_nothing_is_left_out() -> None:
    early = STORY | {"date_utc": "2025-08-13", "headline": "R9 runs on Ascend"}
    found = evidence.proofs_from_events([STORY, STORY | {"headline": "Zhipu plans more"}, early])

    assert found == (
        Proof(
            known_at=datetime(2025, 8, 13, 9, 30, tzinfo=UTC), actor="Zhipu", obj="R9",
            stage=ProofStage.SERVING, confirmed_by=Confirmed.PRESS, trust=pytest.approx(0.51),
            closeness=0.4, source="wire",
        ),
        Proof(
            known_at=datetime(2025, 8, 14, 9, 30, tzinfo=UTC), actor="Zhipu", obj="GLM-5",
            stage=ProofStage.TRAINING, confirmed_by=Confirmed.PRESS, trust=pytest.approx(0.51),
            closeness=0.2, source="wire",
        ),
    )  # fmt: skip
    (word,) = evidence.proofs_from_events(
        [{**STORY, "confidence": "", "source": "", "time_utc": ""}]
    )
    assert (word.trust, word.source, word.known_at) == (0.3, "", end_of("2025-08-14"))


@pytest.mark.parametrize(
    ("changes", "of_it"),
    [
        ({"headline": "Zhipu never trained GLM-5 on Ascend"}, False),
        ({"headline": "Zhipu will train GLM-5 on Ascend"}, False),
        ({"headline": "GLM-5 in UE8M0 trained on Ascend"}, False),
        ({"headline": "GLM-5 likes Ascend"}, False),
        ({"event_type": "export_policy"}, False),
        ({"headline": "Ascend supports GLM-5"}, True),
        ({"event_type": "training_failure", "headline": "Zhipu will not say"}, True),
    ],
)
def test_a_plan_a_denial_and_a_format_are_no_claim(changes: dict[str, str], of_it: bool) -> None:
    assert (evidence.proof_of_event(STORY | changes) is not None) is of_it


def test_of_one_run_the_largest_of_its_first_day_is_the_flagship() -> None:
    small, large = make_release("B", total_params_b=40.0), make_release("C")
    alike, later = make_release("A"), make_release("D", released_on=date(2025, 2, 1),
                                                  total_params_b=900.0)  # fmt: skip
    unsized = make_release("E", total_params_b=None)

    assert evidence.flagship_of([small, later, large]) == large
    assert evidence.flagship_of([large, alike]) == alike
    assert evidence.flagship_of([unsized, small]) == small


RELEASE = {
    "release_date": " 2025-01-20 ", "announced_time_utc": " 12:30 ", "model": " M ", "lab": " L ",
    "country": " CN ", "role": " us_comparison ", "confidence": " medium ", "total_params_b": "671",
    "active_params_b": "37", "training_tokens_t": "14.8", "context_k": "128",
    "price_input_usd_per_mtok": "0.5", "price_output_usd_per_mtok": " 2 ", "mmlu_pro": "81",
    "gpqa_diamond": "71", "swe_bench_verified": "49", "aime": "79", "aime_year": "2024",
    "lmarena_elo": "1357", "training_gpu_hours": "2788000", "claimed_training_cost_usd": "294000",
    "weight_precision": " fp8-ue8m0 ", "open_weights": " y ", "license": " MIT ",
    "training_hardware": " H800 ", "inference_domestic_day0": " n ", "source": " s ",
    "delay_or_setback_note": "delayed twice; failed at Meta; launch stalled; fine",
}  # fmt: skip


def test_a_release_is_read_field_by_field() -> None:
    (found,) = catalogue.parse_releases([RELEASE])

    assert found == ModelRelease(
        model="M", lab="L", country="CN", released_on=date(2025, 1, 20),
        known_at=datetime(2025, 1, 20, 12, 30, tzinfo=UTC), total_params_b=671, active_params_b=37,
        training_tokens_t=14.8, context_k=128, weight_precision="fp8-ue8m0", scale_format="ue8m0",
        open_weights=True, license="MIT", price_input_usd_per_mtok=0.5,
        price_output_usd_per_mtok=2, mmlu_pro_pct=81, gpqa_diamond_pct=71,
        swe_bench_verified_pct=49, aime_pct=79, aime_year=2024, lmarena_elo=1357,
        hardware_named="H800", training_gpu_hours=2_788_000, claimed_training_cost_usd=294_000,
        inference_domestic=False, setback="delayed twice; launch stalled", is_comparison=True,
        source="s", confidence=0.7,
    )  # fmt: skip


def test_what_a_release_leaves_out_is_not_disclosed() -> None:
    told = ("release_date", "model", "lab", "country")
    (found,) = catalogue.parse_releases([{name: RELEASE[name] for name in told}])

    assert found == ModelRelease(
        model="M", lab="L", country="CN", released_on=date(2025, 1, 20),
        known_at=end_of("2025-01-20"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("word", "sure"), [("high", 0.9), ("medium", 0.7), ("low", 0.4), ("none", 0.1), ("?", None)]
)
def test_a_row_is_as_sure_as_its_word(word: str, sure: float | None) -> None:
    assert catalogue.parse_releases([RELEASE | {"confidence": word}])[0].confidence == sure


def test_releases_are_ordered_by_when_they_were_known_and_by_name() -> None:
    rows = [RELEASE | {"model": "Z"}, RELEASE, RELEASE | {"model": "A", "announced_time_utc": ""}]
    assert [r.model for r in catalogue.parse_releases(rows)] == ["M", "Z", "A"]


def test_an_update_is_read_field_by_field() -> None:
    row = {"model": " M ", "known_at_utc": " 2025-03-01T10:00:00 ", "field": " aime ",
           "value": " 80 ", "source": " s "}  # fmt: skip
    assert catalogue.parse_updates([row]) == (
        ReleaseUpdate(
            model="M", known_at=datetime(2025, 3, 1, 10, tzinfo=UTC), column="aime", value="80",
            source="s",
        ),
    )  # fmt: skip


def test_updates_are_told_in_their_order_and_never_before_the_release() -> None:
    def update(at: str, column: str, value: str) -> ReleaseUpdate:
        (made,) = catalogue.parse_updates(
            [{"model": "M", "known_at_utc": at, "field": column, "value": value}]
        )
        return made

    row = RELEASE | {"aime": "", "gpqa_diamond": "", "mmlu_pro": ""}
    found = catalogue.parse_releases(
        [row],
        [
            update("2025-03-01T10:00:00", "aime", "80"),
            update("2025-02-01T10:00:00", "gpqa_diamond", "60"),
            update("2024-02-01T10:00:00", "mmlu_pro", "70"),
        ],
    )
    assert [(r.known_at.month, r.mmlu_pro_pct, r.gpqa_diamond_pct, r.aime_pct) for r in found] == [
        (1, 70, None, None), (2, 70, 60, None), (3, 70, 60, 80)
    ]  # fmt: skip


POINT = {
    "point": " F1 ", "use": " fitted ", "kind": " decode ", "chip": " H ", "precision": " fp8 ",
    "model": " M ", "prompt": "100", "output": " 50 ", "batch": "8", "devices": "4",
    "kv_bytes": "1", "attention_8bit": " y ", "verified": "2", "accepted": "0.7", "tokens_t": "3",
    "total_b": "70", "active_b": "7", "published": "123", "unit": " tok/s ", "source": " s ",
}  # fmt: skip


def test_a_published_figure_is_read_field_by_field() -> None:
    (found,) = points.parse_points([POINT])
    assert found == Point(
        name="F1", use="fitted", kind="decode", chip="H", precision="fp8", model="M", prompt=100,
        output=50, batch=8, devices=4, kv_bytes=1, attention_8bit=True, verified=2, accepted=0.7,
        tokens_t=3, total_b=70, active_b=7, published=123, unit="tok/s", source="s",
    )  # fmt: skip
    (bare,) = points.parse_points([{k: POINT[k] for k in ("use", "kind", "published")}])
    assert bare == Point(
        name="a point", use="fitted", kind="decode", chip="", precision="", model="", prompt=4096,
        output=0, batch=None, devices=None, kv_bytes=2, attention_8bit=False, verified=1,
        accepted=0, tokens_t=None, total_b=None, active_b=None, published=123, unit="", source="",
    )  # fmt: skip
    for kind, is_run in (("training", True), ("training_rate", True), ("both", False)):
        assert points.parse_points([POINT | {"kind": kind}])[0].training is is_run
    for published in ("0", "-1"):
        with pytest.raises(DataError, match="F1: published is missing"):
            points.parse_points([POINT | {"published": published}])


def test_a_day_of_tokens_is_read_field_by_field() -> None:
    row = {"on": "2025-08-21", "chinese_share": "0.3", "others_share": "0.1"}
    assert tokens_from_rows([row]) == (
        TokensRouted(
            known_at=datetime(2025, 8, 21, tzinfo=UTC), on=date(2025, 8, 21), chinese_share=0.3,
            others_share=0.1,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("read", "row", "bad", "said"),
    [
        (supply.earnings_from_rows, EARNINGS, {"revenue_usd_bn": "x"}, "nvidia_earnings.csv"),
        (supply.supply_from_rows, UNITS, {"units_mid": "x"}, "domestic_chip_supply.csv"),
        (supply.shares_from_rows, SHARE, {"period": "x"}, "china_chip_share.csv"),
        (supply.availability_from_rows, SPELL, {"china_acceptance": "x"}, "china_availability.csv"),
        (
            evidence.proofs_from_rows, CLAIM, {"outcome": "x"}, "homegrown_training_record.csv",
        ),
        (catalogue.parse_releases, RELEASE, {"aime": "x"}, "model_releases.csv"),
    ],
)  # fmt: skip
def test_every_bad_row_is_told_by_its_line(
    read: Callable[[list[dict[str, str]]], Any], row: dict[str, str], bad: dict[str, str], said: str
) -> None:
    """The head of a table is its first line."""
    with pytest.raises(ConfigError) as told:
        read([row | bad, row, row | bad])
    assert [str(p).partition(": ")[0] for p in told.value.problems] == [f"{said}:2", f"{said}:4"]


def test_updates_of_unknown_fields_and_instants_are_told_by_their_lines() -> None:
    good = {"model": "M", "known_at_utc": "2025-03-01T10:00:00", "field": "aime", "value": "80"}
    with pytest.raises(ConfigError) as told:
        catalogue.parse_updates(
            [good, good | {"field": "aimee"}, good | {"known_at_utc": "soon"},
             good | {"field": "zzzzzzzz"}]
        )  # fmt: skip
    assert [str(p) for p in told.value.problems] == [
        "release_updates.csv:3: unknown field 'aimee'; did you mean 'aime'?",
        "release_updates.csv:4: known_at_utc is not an instant",
        "release_updates.csv:5: unknown field 'zzzzzzzz'",
    ]


def test_every_laboratory_is_spelt_as_the_catalogue_spells_it() -> None:
    assert {org: (lab.name, lab.country) for org, lab in hub.LABS.items()} == {
        "deepseek-ai": ("DeepSeek", "CN"), "qwen": ("Alibaba", "CN"),
        "moonshotai": ("Moonshot AI", "CN"), "zai-org": ("Zhipu", "CN"),
        "minimaxai": ("MiniMax", "CN"), "stepfun-ai": ("StepFun", "CN"),
        "tencent": ("Tencent", "CN"), "baidu": ("Baidu", "CN"), "xiaomimimo": ("Xiaomi", "CN"),
        "bytedance-seed": ("ByteDance", "CN"), "inclusionai": ("Ant Group", "CN"),
    }  # fmt: skip


def test_a_claim_is_attributed_to_the_release_of_its_run() -> None:
    v4 = make_release("DeepSeek-V4-Pro", lab="DeepSeek")
    told = Proof(known_at=v4.known_at, actor="Huawei", obj="V4", stage=ProofStage.SERVING)

    for name in ("V4", "DeepSeek V4", "deepseek-v4-flash"):
        found = evidence.attributed(replace(told, obj=name), [make_release("Else-1"), v4])
        assert (found.actor, found.obj) == ("DeepSeek", "DeepSeek-V4-Pro")
    for name in ("", "V5", "eek-V4"):
        assert evidence.attributed(replace(told, obj=name), [v4]).actor == "Huawei"
