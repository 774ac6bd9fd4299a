"""The report as JSON: English, stable keys, for programs.

======================= ======================================================================
key                     value
======================= ======================================================================
``as_of``               instant, ISO, ends in Z: everything known by then was used
``acts_on``             session the decision acts on
``decision``            "HOLD" or "SELL"; ``since_on``, ``changed``, ``previous_score`` beside it
``score``               sum of the contributions, exactly as parsed; ``margin`` to the other verdict
``contributions``       ``name``, ``weight``, ``value``, ``contribution``, ``previous`` (the session
                        before), ``doubt``, ``evidence``
``flips``               ``input``, ``strategy``, ``current``, ``flips_at``, ``unit``
``ratings``             one per release: the rating's figures, ``release`` and ``cost`` figures
``rates``               ``meeting_on``, ``outcomes`` (``change_bps``, ``range_bps``,
                        ``probability``), ``rung``, ``expected_change_bps``, ``note``
``events``              fields of ``Event``; ``url`` is empty unless it is plain http(s)
``data_health``         fields of ``SourceHealth``
``receipt``             ``config_hash``, ``data_hash``, ``code_version``, ``strategy_file`` and more
======================= ======================================================================

and ``target_weight``, ``confidence``, ``coverage``, ``exit_below``, ``enter_above``, ``market``,
``prices``, ``upcoming``, ``track_record``, ``notices``, ``notes``, ``stale``, ``disclaimer``.
null means not observed or not disclosed, never zero. Outside text is cleaned of control,
bidirectional and invisible characters; figures keep full precision.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from engine.report.typography import clean, safe_url
from engine.values import MAX_BODY_CHARS, Decision, Event, ReleaseCard, Report

DISCLAIMER = "Not investment advice."


def render_json(report: Report) -> str:
    """``report`` as indented JSON text; see the module's table."""
    return json.dumps(as_data(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_data(report: Report) -> dict[str, Any]:
    """``report`` as JSON-ready data."""
    return {
        "as_of": plain(report.as_of),
        **_decision(report.decision),
        "stale": report.stale,
        "notices": plain(report.notices),
        "ratings": [_rating(card) for card in report.releases],
        "rates": plain(report.rates),
        "market": plain(report.market),
        "events": [_event(event) for event in report.events],
        "upcoming": plain(report.upcoming),
        "track_record": plain(report.track_record),
        "data_health": plain(report.data_health),
        "prices": plain(report.prices),
        "receipt": _receipt(report),
        "disclaimer": DISCLAIMER,
    }


def _decision(d: Decision) -> dict[str, Any]:
    names = (
        "decided_at acts_on target_weight score margin confidence coverage since_on changed "
        "previous_score exit_below enter_above contributions flips notes"
    ).split()
    data = {name: plain(getattr(d, name)) for name in names}
    return {"acts_on": data.pop("acts_on"), "decision": d.verdict, **data}


def _rating(card: ReleaseCard) -> dict[str, Any]:
    cost = {
        "nvidia_chip": plain(card.nvidia_chip),
        "usd_per_mtok_nvidia": plain(card.usd_per_mtok_nvidia),
        "domestic_chip": plain(card.domestic_chip),
        "usd_per_mtok_domestic": plain(card.usd_per_mtok_domestic),
    }
    return {
        **plain(card.rating),
        "release": plain(card.release),
        "cost": cost,
        "claims": plain(card.claims),
    }


def _event(event: Event) -> dict[str, Any]:
    data: dict[str, Any] = plain(event)
    return {**data, "url": safe_url(event.url)}


def _receipt(report: Report) -> dict[str, Any]:
    d = report.decision
    own = {
        "config_hash": d.config_hash,
        "data_hash": d.data_hash,
        "code_version": d.code_version,
        "strategy_file": d.strategy_file,
    }
    return {str(k): v for k, v in plain({**own, **report.receipt}).items()}


def plain(value: Any) -> Any:
    """``value`` as JSON-ready data: instants end in Z, NaN and infinities are null, text clean."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {clean(str(k), limit=200): plain(v) for k, v in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return clean(value, limit=MAX_BODY_CHARS)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
