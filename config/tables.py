"""The reference tables of ``facts``: their columns, and what may stand in a cell.

One ``TableRules`` a file. A column that is missing, misspelt or unknown is told with the nearest
name, a cell that is no date, number or known word with its line. Times, keys and bounds of the
facts that come out are the readers' business.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from types import MappingProxyType

from config.schema import unknown
from engine.errors import nearest
from engine.phrases import phrase
from engine.tables import csv_cells

Cell = Callable[[str], str | None]
"""A cell's text, not blank, to what is wrong with it; None when nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRules:
    """columns: all of them. needs: those that are never blank. kinds: column -> what it holds, a
    name of ``KINDS`` or the words allowed, with ``|`` between them; any other column is free text.
    """

    columns: str
    needs: str
    kinds: Mapping[str, str]


def _parses(parse: Callable[[str], object], wrong: str) -> Cell:
    def check(text: str) -> str | None:
        try:
            parse(text)
        except ValueError:
            return wrong
        return None

    return check


def _number(low: float, high: float, *, above: bool = False) -> Cell:
    def check(text: str) -> str | None:
        try:
            value = float(text)
        except ValueError:
            return phrase("is not a number")
        inside = low <= value <= high and not (above and value == low)
        if math.isfinite(value) and inside:
            return None
        if above:
            return phrase("is not a number above {low} to {high}", low=f"{low:g}", high=f"{high:g}")
        return phrase("is not a number from {low} to {high}", low=f"{low:g}", high=f"{high:g}")

    return check


def _day(text: str) -> date:
    day = date.fromisoformat(text)
    if not (len(text) == 10 and 1990 <= day.year <= 2100):
        raise ValueError(text)
    return day


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return datetime.combine(_day(text[:10]), at.time())


KINDS: Mapping[str, Cell] = MappingProxyType(
    {
        "date": _parses(_day, phrase("is not a date such as 2025-08-22")),
        "instant": _parses(_instant, phrase("is not an instant such as 2025-08-22T14:30Z")),
        "clock": _parses(time.fromisoformat, phrase("is not a time of day such as 14:30")),
        "number": _number(-1e6, 1e6),
        "percent": _number(-200, 200),
        "rate": _number(-5, 25),  # as ``engine.record.readings.observations.RATE_PCT``
        "share": _number(0, 100),
        "amount": _number(0, 1e12, above=True),
        "count": _number(0, 1e12),
    }
)
_GRADES = "high|medium|low|none"
_FLAG = "y|n"


def _kinds(**columns_by_kind: str) -> dict[str, str]:
    return {c: kind for kind, columns in columns_by_kind.items() for c in columns.split()}


SHEETS: Mapping[str, TableRules] = MappingProxyType(
    {
        "accelerators.csv": TableRules(
            columns="chip vendor release_date announced_on on_sale_from country platform process "
            "bf16_dense_tflops fp8_dense_tflops fp8_native int8_dense_tops fp4_dense_tflops "
            "mx_e8m0_native hif8_native memory_gb memory_type memory_bw_tbs scaleup_gbs_bidir "
            "scaleout_gbit_s tdp_w price_usd price_basis price_known_on rent_usd_per_hour "
            "rent_basis rent_known_on export_status confidence source notes",
            needs="chip vendor country platform confidence",
            kinds={
                **_kinds(date="announced_on on_sale_from price_known_on rent_known_on"),
                "country": "CN|US",
                "fp8_native": "y|n|reported|unknown",
                "mx_e8m0_native": "y|n|unknown",
                "hif8_native": "y|n|unknown",
                "confidence": "A|B|C|D",
            },
        ),
        "model_architectures.csv": TableRules(
            columns="model aliases attention_kind layers moe_layers hidden heads kv_heads head_dim "
            "q_lora_rank kv_lora_rank rope_dim v_head_dim experts_routed experts_per_token "
            "experts_shared moe_intermediate dense_intermediate vocab max_context mtp_depth "
            "total_params_b active_params_b tie_embeddings full_attention_layers index_heads "
            "index_head_dim index_topk sliding_window kv_elements_per_token check_total_b "
            "check_active_b check_diff_pct note source confidence",
            needs="model attention_kind layers hidden",
            kinds={
                **_kinds(
                    count="layers moe_layers hidden heads kv_heads head_dim q_lora_rank "
                    "kv_lora_rank rope_dim v_head_dim experts_routed experts_per_token "
                    "experts_shared moe_intermediate dense_intermediate vocab max_context "
                    "mtp_depth full_attention_layers index_heads index_head_dim index_topk "
                    "sliding_window kv_elements_per_token",
                    amount="total_params_b active_params_b",
                ),
                "attention_kind": "gqa|mha|mla|dsa|linear-hybrid",
                "tie_embeddings": _FLAG,
                "confidence": _GRADES,
            },
        ),
        "published_costs.csv": TableRules(
            columns="point use kind chip precision model prompt output batch devices kv_bytes "
            "attention_8bit verified accepted tokens_t total_b active_b published unit "
            "published_on source confidence note",
            needs="point use kind chip published unit",
            kinds={"use": "fitted|seen|held_out", "published": "amount"},
        ),
        "chip_events.csv": TableRules(
            columns="date_utc time_utc time_precision event_type actor headline "
            "expected_direction reaction_session nvda_reaction_pct_computed "
            "nvda_reaction_pct_published source confidence",
            needs="date_utc event_type headline",
            kinds={
                **_kinds(date="date_utc", clock="time_utc", event="event_type"),
                "time_precision": "scheduled|approximate",
                "confidence": _GRADES,
            },
        ),
        "china_availability.csv": TableRules(
            columns="chip from_date to_date us_permission china_acceptance note source confidence",
            needs="chip from_date us_permission china_acceptance",
            kinds={
                "from_date": "date",
                "us_permission": "allowed|licence|barred",
                "china_acceptance": "accepted|discouraged|blocked|unknown",
                "confidence": _GRADES,
            },
        ),
        "domestic_chip_supply.csv": TableRules(
            columns="known_on period vendor chip units_low units_mid units_high unit kind source "
            "confidence note",
            needs="known_on period vendor chip unit kind",
            kinds={
                **_kinds(date="known_on", count="units_low units_mid units_high"),
                "unit": "chips|dies|H20 equivalents|wafers per month|HBM stacks",
                "kind": "shipments|production plan|capacity|demand (own units)|"
                "demand in H20 equivalents|claim",
                "confidence": _GRADES,
            },
        ),
        "china_chip_share.csv": TableRules(
            columns="known_on period house basis unit total domestic nvidia amd huawei "
            "domestic_share_pct nvidia_share_pct huawei_share_pct kind source confidence note",
            needs="known_on period house basis unit kind",
            kinds={
                **_kinds(
                    date="known_on",
                    count="total domestic nvidia amd huawei",
                    share="domestic_share_pct nvidia_share_pct huawei_share_pct",
                ),
                "kind": "reported|estimate|forecast",
                "confidence": _GRADES,
            },
        ),
        "homegrown_training_record.csv": TableRules(
            columns="known_on model lab chip_vendor chip chips_used stage extent outcome "
            "claimed_by independent_of_chip_vendor total_params_b tokens_t source confidence note",
            needs="known_on model lab chip_vendor stage extent outcome claimed_by",
            kinds={
                **_kinds(date="known_on", count="chips_used total_params_b tokens_t"),
                "extent": "all|part",
                "outcome": "success|failure|unconfirmed|planned",
                "claimed_by": "lab|lab and press|chip vendor|press|outside",
                "independent_of_chip_vendor": _FLAG,
                "confidence": _GRADES,
            },
        ),
        "elasticity_estimates.csv": TableRules(
            columns="known_on study quantity method value low high interval_kind scope source "
            "confidence note",
            needs="known_on study quantity value",
            kinds={**_kinds(date="known_on", number="value low high"), "confidence": _GRADES},
        ),
        "nvidia_consensus.csv": TableRules(
            columns="known_on horizon horizon_end metric consensus_usd_bn low_usd_bn high_usd_bn "
            "previous_usd_bn vendor source confidence note",
            needs="known_on horizon metric consensus_usd_bn",
            kinds={
                **_kinds(
                    date="known_on horizon_end",
                    count="consensus_usd_bn low_usd_bn high_usd_bn previous_usd_bn",
                ),
                "metric": "total revenue|data-centre revenue",
                "confidence": _GRADES,
            },
        ),
        "eur_usd_daily.csv": TableRules(
            columns="observed_on usd_per_eur source confidence",
            needs="observed_on usd_per_eur source",
            kinds={"observed_on": "date", "usd_per_eur": "amount", "confidence": _GRADES},
        ),
        "export_policy_events.csv": TableRules(
            columns="date local_time time_precision time_zone utc event actor direction_for_nvda "
            "mechanism us_phase first_us_session first_session_return_pct return_minus_2x_spy_pct "
            "source confidence",
            needs="utc event actor",
            kinds={"utc": "instant", "actor": "US|China|NVDA|both", "confidence": _GRADES},
        ),
        "fedwatch_published.csv": TableRules(
            columns="observed meeting range_at_observation_bp published_pct zq_inputs zq_kind "
            "source confidence",
            needs="observed",
            kinds={},
        ),
        "fomc_meetings.csv": TableRules(
            columns="meeting_start meeting_end statement_time time_zone action_bp "
            "target_lower_after target_upper_after effective_date sep_meeting status note source "
            "confidence",
            needs="meeting_start meeting_end statement_time status",
            kinds={
                **_kinds(date="meeting_start meeting_end effective_date", clock="statement_time"),
                **_kinds(number="action_bp", share="target_lower_after target_upper_after"),
                "time_zone": "America/New_York",
                "sep_meeting": "Y|N",
                "status": "decided|scheduled|cancelled|unverified",
                "confidence": _GRADES,
            },
        ),
        "market_closes.csv": TableRules(
            columns="session nvda_open nvda_high nvda_low nvda_close spy_close qqq_close smh_close "
            "vix_close source confidence",
            needs="session nvda_close",
            kinds={
                "session": "date",
                **_kinds(amount="nvda_open nvda_high nvda_low nvda_close spy_close qqq_close"),
                **_kinds(amount="smh_close vix_close"),
                "confidence": _GRADES,
            },
        ),
        "nvidia_corporate_actions.csv": TableRules(
            columns="ex_date kind amount_usd_as_paid amount_usd_split_adjusted split_ratio "
            "declared_on payable_on source confidence note",
            needs="ex_date kind",
            kinds={
                **_kinds(date="ex_date declared_on payable_on", amount="amount_usd_as_paid"),
                "kind": "dividend|split",
                "confidence": _GRADES,
            },
        ),
        "nvidia_earnings.csv": TableRules(
            columns="fiscal_quarter period_end report_datetime_et revenue_usd_bn "
            "consensus_revenue_usd_bn adj_eps_usd consensus_eps_usd eps_share_basis "
            "data_center_revenue_usd_bn consensus_data_center_usd_bn "
            "china_incl_hk_revenue_usd_bn china_share_pct china_basis "
            "next_q_guide_midpoint_usd_bn consensus_next_q_usd_bn guide_vs_consensus_pct "
            "open_gap_pct next_session_return_pct note source confidence",
            needs="fiscal_quarter period_end report_datetime_et",
            kinds={
                **_kinds(date="period_end", instant="report_datetime_et", share="china_share_pct"),
                **_kinds(
                    amount="revenue_usd_bn consensus_revenue_usd_bn data_center_revenue_usd_bn "
                    "consensus_data_center_usd_bn next_q_guide_midpoint_usd_bn "
                    "consensus_next_q_usd_bn",
                    count="china_incl_hk_revenue_usd_bn",
                    percent="guide_vs_consensus_pct",
                ),
                "confidence": _GRADES,
            },
        ),
        "nvidia_market_cap.csv": TableRules(
            columns="kind date event shares_outstanding_bn share_basis price_usd_split_adjusted "
            "market_cap_usd_tn source confidence",
            needs="kind date",
            kinds={
                **_kinds(date="date", amount="shares_outstanding_bn"),
                "share_basis": "pre-split|post-split",
                "confidence": _GRADES,
            },
        ),
        "press_claims.csv": TableRules(
            columns="known_on model claim value unit comparison source confidence",
            needs="known_on model claim value",
            kinds={"known_on": "date", "confidence": _GRADES},
        ),
        "rates_daily.csv": TableRules(
            columns="observed_on dff_pct dgs2_pct dgs10_pct dtb3_pct source confidence",
            needs="observed_on",
            kinds={
                "observed_on": "date",
                **_kinds(rate="dff_pct dgs2_pct dgs10_pct dtb3_pct"),
                "confidence": _GRADES,
            },
        ),
        "release_updates.csv": TableRules(
            columns="model known_at_utc field value source confidence",
            needs="model known_at_utc field value",
            kinds={"known_at_utc": "instant", "confidence": _GRADES},
        ),
        "model_releases.csv": TableRules(
            columns="release_date announced_time_utc lab model country role total_params_b "
            "active_params_b context_k training_tokens_t weight_precision open_weights license "
            "price_input_usd_per_mtok price_output_usd_per_mtok comparison_model "
            "comparison_price_input comparison_price_output mmlu_pro gpqa_diamond "
            "swe_bench_verified aime aime_year lmarena_elo lmarena_asof training_hardware "
            "training_gpu_hours claimed_training_cost_usd inference_domestic_day0 "
            "delay_or_setback_note source confidence",
            needs="release_date lab model country role",
            kinds={
                **_kinds(date="release_date", clock="announced_time_utc"),
                **_kinds(
                    amount="total_params_b active_params_b context_k training_tokens_t "
                    "training_gpu_hours claimed_training_cost_usd lmarena_elo",
                    count="price_input_usd_per_mtok price_output_usd_per_mtok",
                    share="mmlu_pro gpqa_diamond swe_bench_verified aime",
                ),
                "country": "CN|US",
                "role": "tracked|us_comparison",
                "open_weights": _FLAG,
                "inference_domestic_day0": _FLAG,
                "aime_year": "2024|2025|2026",
                "confidence": _GRADES,
            },
        ),
    }
)


def table_problems(file: str, text: str, words: Mapping[str, Cell]) -> Iterator[tuple[int, str]]:
    """(line, what is wrong) in one table. words: kinds that ``KINDS`` cannot know, such as event.

    Raises ``TableError`` where the text is no CSV at all.
    """
    sheet = SHEETS[file]
    rows = csv_cells(text, file)
    _, heading = next(rows, (1, []))
    yield from ((1, problem) for problem in _heading_problems(heading, sheet.columns.split()))
    needs, seen = frozenset(sheet.needs.split()), {**KINDS, **words}
    for line, cells in rows:
        if len(cells) != len(heading):
            yield (
                line,
                phrase(
                    "{cells} cells under {columns} columns", cells=len(cells), columns=len(heading)
                ),
            )
            continue
        for column, cell in zip(heading, cells, strict=True):
            wrong = _cell_problem(cell, sheet.kinds.get(column), seen)
            if not cell and column in needs:
                yield line, phrase("column '{column}' is blank", column=column)
            elif cell and wrong:
                yield (
                    line,
                    phrase("{column} '{cell}' {wrong}", column=column, cell=cell[:60], wrong=wrong),
                )


def _heading_problems(heading: list[str], columns: list[str]) -> Iterator[str]:
    for column in columns:
        if column not in heading:
            near = nearest(column, [c for c in heading if c not in columns])
            if near:
                yield phrase(
                    "no column '{column}' (is '{near}' meant?)", column=column, near=near[:60]
                )
            else:
                yield phrase("no column '{column}'", column=column)
    for column in heading:
        if column not in columns:
            yield unknown(phrase("column"), column, columns)
    if len(set(heading)) < len(heading):
        yield phrase("a column comes twice")


def _cell_problem(cell: str, kind: str | None, kinds: Mapping[str, Cell]) -> str | None:
    if kind is None:
        return None
    if kind in kinds:
        return kinds[kind](cell)
    allowed = kind.split("|")
    if cell in allowed:
        return None
    near = nearest(cell, allowed)
    listed = ", ".join(allowed)
    if near is None:
        return phrase("is not one of {allowed}", allowed=listed)
    return phrase("is not one of {allowed} (did you mean '{near}'?)", allowed=listed, near=near)
