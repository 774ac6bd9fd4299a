"""Chip sales, token shares, repositories and releases elsewhere: what counts, what is refused."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.errors import FeedError
from feeds.announced import GitHubReleases, ModelScopeOrg
from feeds.base import DocumentCollector, FeedConfig, Parsed
from feeds.chip_sales import TABLE, EpochChipSales
from feeds.token_shares import OpenRouterTokens

NOW = datetime(2026, 11, 24, 21, tzinfo=UTC)
COLUMNS = ",".join((
    "Chip manufacturer", "End date", "Chip type", "Number of Units",
    "Number of Units (5th percentile)", "Number of Units (95th percentile)",
    "Compute estimate in H100e (median)", "Incomplete",
))  # fmt: skip


def read(collector: DocumentCollector, body: bytes, **options: Any) -> Parsed:
    feed = FeedConfig(name="f", kind="x:Y", url="https://e.example/", options=options)
    return collector.parse(body, feed, NOW)


def sales(*rows: str, name: str = TABLE, columns: str = COLUMNS) -> Parsed:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, "\n".join((columns, *rows)))
    return read(EpochChipSales(), packed.getvalue())


def year(maker: str, chip: str, h100e: str = "10", incomplete: str = "") -> list[str]:
    return [f"{maker},2025-{end},{chip},100,70,140,{h100e},{incomplete}"
            for end in ("03-31", "06-30", "09-30", "12-31")]  # fmt: skip


def test_a_share_needs_a_whole_year_of_one_house_in_one_unit() -> None:
    """Three quarters are none, a quarter in progress is none, an unknown part leaves no share."""
    whole = sales(*year("Huawei", "Ascend 910C"), *year("Nvidia", "H20", "30"))
    kinds = [(f.kind, f.payload.get("domestic_share_pct")) for f in whole.facts]

    assert kinds == [("supply_estimate", None), ("supply_estimate", None), ("chip_share", 25.0)]
    assert sales(*year("Huawei", "Ascend 910C")[:3]).facts == ()
    assert sales(*year("Huawei", "Ascend 910C", incomplete="True")).facts == ()
    partly = sales(*year("Huawei", "Ascend 910C"), *year("Nvidia", "H20", ""))
    assert [f.kind for f in partly.facts] == ["supply_estimate"] * 2
    elsewhere = sales(*year("Huawei", "Ascend 910C"), *year("Nvidia", "B300", "900"))
    assert elsewhere.facts[-1].payload["domestic_share_pct"] == 100.0
    assert len(elsewhere.facts) == 2


def test_the_interval_is_kept_and_an_unknown_bound_stays_unknown() -> None:
    """90 % bounds in chips a year; no bound is no zero."""
    (told, _) = sales(*year("Huawei", "Ascend 910C")).facts
    (blank, _) = sales(*(r.replace(",70,", ",,") for r in year("Huawei", "Ascend 910C"))).facts

    assert (told.payload["units_low"], told.payload["units_high"]) == (280, 560)
    assert "units_low" not in blank.payload


@pytest.mark.parametrize("columns", ["a,b", COLUMNS.replace("H100e", "TPP")])
def test_a_table_of_another_shape_is_an_error(columns: str) -> None:
    with pytest.raises(FeedError, match="other columns"):
        sales(*(r for r in year("Huawei", "Ascend")), columns=columns)
    with pytest.raises(FeedError, match="archive"):
        sales(name="other.csv")


def tokens(*rows: tuple[Any, Any, Any], as_of: str = "2026-11-24T02:00:00Z") -> Parsed:
    data = [{"date": d, "model_permaslug": m, "total_tokens": t} for d, m, t in rows]
    body = json.dumps({"data": data, "meta": {"as_of": as_of}}).encode()
    return read(OpenRouterTokens(), body, makers=["deepseek"])


def test_a_day_still_being_counted_waits_and_a_bad_row_costs_itself() -> None:
    """A restatement changes share and checksum; the past of a first poll is back-filled."""
    rows = [("2026-11-23", "deepseek/x", "30"), ("2026-11-23", "openai/y", "60"),
            ("2026-11-23", "other", "10"), ("2026-11-24", "deepseek/x", "5"),
            ("2026-11-01", "openai/y", "7"), ("2026-11-23", "deepseek/z", "many"),
            (None, "deepseek/z", "1"), ("2026-11-23", "no stroke", "1")]  # fmt: skip
    parsed = tokens(*rows)
    restated = tokens(("2026-11-23", "deepseek/x", "31"), *rows[1:])

    old, new = parsed.facts
    assert (old.backfilled, new.backfilled) == (True, False)
    assert new.payload["chinese_share"] == 0.3
    assert old.payload["chinese_share"] == 0.0
    assert parsed.problems == ("3 rows without a day, a model or a count, skipped",)
    assert restated.facts[1].key == new.key
    assert restated.facts[1].payload["checksum"] != new.payload["checksum"]
    with pytest.raises(FeedError, match="daily totals"):
        tokens()


@pytest.mark.parametrize("body", [b"{}", b'{"data": {"models": {}}}', b"[1", b"null"])
def test_an_answer_of_another_shape_is_an_error(body: bytes) -> None:
    for collector in (ModelScopeOrg(), GitHubReleases()):
        with pytest.raises(FeedError):
            read(collector, body, maker="M")


def test_what_is_dated_ahead_waits_and_what_has_no_name_is_skipped() -> None:
    """As in any feed; a model whose tasks are not told may be a language model."""
    models = [{"id": "a/New", "created_at": "2026-11-24T10:00:00Z"},
              {"id": "a/Soon", "created_at": "2026-11-25T10:00:00Z"},
              {"id": "a b", "created_at": "2026-11-24T10:00:00Z"},
              {"id": "a/Undated"}, "noise"]  # fmt: skip
    body = json.dumps({"success": True, "data": {"models": models}}).encode()

    parsed = read(ModelScopeOrg(), body, maker="M")

    assert [i.title for i in parsed.items] == ["M publishes the model New on ModelScope"]
    assert parsed.put_off == 1
    assert parsed.problems[0].startswith("2 entries without a name")
