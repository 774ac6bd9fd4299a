"""A vocabulary for tests: each builder makes a valid value; a test names only what matters."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from engine.record.readings import Bar, CorporateAction
from engine.values import Accelerator, Event, Fact, Item, ModelRelease

T0 = datetime(2025, 1, 6, 13, 30, tzinfo=UTC)
"""A Monday, 08:30 in New York: day zero of most tests."""


def at(days: float = 0, *, hours: float = 0, seconds: float = 0, micros: int = 0) -> datetime:
    """An instant counted from ``T0``."""
    return T0 + timedelta(days=days, hours=hours, seconds=seconds, microseconds=micros)


def make_fact(kind: str = "observation", key: str = "DFF:2025-01-03", **changes: Any) -> Fact:
    fields: dict[str, Any] = {
        "occurred_at": at(-3),
        "known_at": at(),
        "source": "test",
        "payload": {"value": 4.33},
    }
    return Fact(kind=kind, key=key, **{**fields, **changes})


def make_facts(n: int, kind: str = "bar", **changes: Any) -> list[Fact]:
    """``n`` facts with different keys, one known each hour."""
    return [
        make_fact(
            kind, f"NVDA:{i}", **{"known_at": at(hours=i), "payload": {"close": i}, **changes}
        )
        for i in range(n)
    ]


def make_item(number: int = 1, **changes: Any) -> Item:
    fields: dict[str, Any] = {
        "source": "wire",
        "title": f"Headline number {number}",
        "url": f"https://example.org/{number}",
        "published_at": at(-1),
        "known_at": at(),
    }
    return Item(**{**fields, **changes})


def make_event(event_type: str = "model_release", **changes: Any) -> Event:
    fields: dict[str, Any] = {
        "event_id": "event-1",
        "actor": "DeepSeek",
        "direction": -1,
        "stage": "announced",
        "confidence": 0.9,
        "occurred_at": at(-1),
        "known_at": at(),
        "headline": "DeepSeek releases a model",
        "source": "wire",
    }
    return Event(event_type=event_type, **{**fields, **changes})


def make_release(model: str = "Model-1", **changes: Any) -> ModelRelease:
    fields: dict[str, Any] = {
        "lab": "Lab",
        "country": "CN",
        "released_on": date(2025, 1, 6),
        "known_at": at(),
        "total_params_b": 671.0,
        "active_params_b": 37.0,
        "weight_precision": "fp8",
        "open_weights": True,
    }
    return ModelRelease(model=model, **{**fields, **changes})


def make_accelerator(chip: str = "H100", **changes: Any) -> Accelerator:
    fields: dict[str, Any] = {
        "vendor": "Nvidia",
        "valid_from": date(2022, 9, 1),
        "country": "US",
        "bf16_tflops": 989.0,
        "fp8_tflops": 1979.0,
        "int8_tops": 1979.0,
        "fp4_tflops": None,
        "fp8_native": True,
        "mx_native": False,
        "hif8_native": False,
        "memory_gb": 80.0,
        "memory_bw_tbs": 3.35,
        "scaleup_gbs_bidir": 900.0,
        "scaleout_gbit_s": 400.0,
        "tdp_w": 700.0,
        "price_usd": 30_000.0,
        "rent_usd_per_hour": 2.0,
        "confidence": "A",
        "source": "test",
    }
    return Accelerator(chip=chip, **{**fields, **changes})


def make_bar(session_on: date = date(2025, 1, 6), close: float = 150.0, **changes: Any) -> Bar:
    return Bar(**{"symbol": "NVDA", "session_on": session_on, "close": close, **changes})


def make_split(ex_on: date = date(2024, 6, 10), value: float = 10.0) -> CorporateAction:
    return CorporateAction(symbol="NVDA", ex_on=ex_on, action="split", value=value)


def unguarded(connection: Any) -> None:
    """Take the triggers off that let the record only grow: what a forger would do first.

    connection: SQLAlchemy's, or ``sqlite3``'s own.
    """
    run = getattr(connection, "exec_driver_sql", None) or connection.execute
    dialect = getattr(getattr(connection, "dialect", None), "name", "sqlite")
    for table in ("fact", "item", "ledger"):
        if dialect == "postgresql":
            run(f"DROP TRIGGER {table}_only_grows ON {table}")
        else:
            for verb in ("update", "delete"):
                run(f"DROP TRIGGER {table}_no_{verb}")
