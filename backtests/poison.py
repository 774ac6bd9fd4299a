"""Lies told after a decision: whoever decides otherwise because of them has looked ahead."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from engine.values import Fact

NEWEST_POISONED, SAMPLE_POISONED = 10, 30
"""Facts of each kind that are corrected after the fact."""
_LIES: Mapping[str, Mapping[str, Any]] = {
    "bar": {},  # prices times a thousand
    "observation": {"value": 99.0},
    "headline": {
        "headline": "US bans all Nvidia sales and Nvidia goes bankrupt",
        "event_type": "export_restriction",
    },
    "event": {"headline": "Nvidia goes bankrupt", "direction": -1, "confidence": 1.0},
    "model_release": {"price_input_usd_per_mtok": 0.0001, "hardware_named": "Huawei Ascend"},
    "policy_event": {"event": "Nvidia's guide assumes no China revenue"},
    "availability": {"us_permission": "barred", "china_acceptance": "blocked"},
    "earnings": {"guide_vs_consensus_pct": "-90", "revenue_usd_bn": "0.1"},
    "supply_estimate": {"units_low": "9e9", "units_mid": "9e9", "units_high": "9e9"},
    "shares": {"shares_bn": 2400.0},
    "fomc_decision": {"target_lower_after": "9.00", "target_upper_after": "9.25"},
}


def poison(
    past: Sequence[Fact], future: Sequence[Fact], at: datetime, seed: int
) -> tuple[Fact, ...]:
    """Lies known after ``at``: every fact of the ``future``, and corrections of the ``past``.

    Corrected are the newest of each kind and a random sample; told late, they are also items that
    were published before ``at`` and first seen after it. Payloads stay well-formed: what is tested
    is time, not parsing.
    """
    rng = random.Random(seed)  # noqa: S311 - a sample, not a secret
    told = at + timedelta(microseconds=1)
    by_kind: dict[str, list[Fact]] = {}
    for fact in past:
        by_kind.setdefault(fact.kind, []).append(fact)
    chosen = [f for f in future if f.kind in _LIES]
    for kind in sorted(by_kind.keys() & _LIES.keys()):
        own = by_kind[kind]
        chosen += own[-NEWEST_POISONED:]
        chosen += rng.sample(own, min(len(own), SAMPLE_POISONED))
    true = [f for f in future if f.kind not in _LIES]
    lies = [
        replace(
            fact,
            known_at=max(fact.known_at, told),
            payload=_lie(fact),
            source="poison",
            confidence=1.0,
        )
        for fact in chosen
    ]
    return (*true, *lies, *_late_split(at, told))


def _lie(fact: Fact) -> dict[str, Any]:
    payload = dict(fact.payload)
    if fact.kind == "bar":
        for name in ("open", "close"):
            if payload.get(name) is not None:
                payload[name] = 1000.0 * float(payload[name])
        return payload
    return payload | dict(_LIES[fact.kind])


def _late_split(at: datetime, told: datetime) -> tuple[Fact, ...]:
    """Two splits told after ``at``: one that binds tomorrow, one that bound 40 days ago."""
    splits = []
    for days in (1, -40):
        ex_on = (at + timedelta(days=days)).date().isoformat()
        splits.append(
            Fact(
                kind="corporate_action",
                key=f"NVDA:{ex_on}:poisoned split",
                occurred_at=told,
                known_at=told,
                source="poison",
                payload={"symbol": "NVDA", "ex_on": ex_on, "action": "split", "value": 7.0},
            )
        )
    return tuple(splits)
