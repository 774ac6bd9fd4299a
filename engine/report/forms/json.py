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
Each section gives its own keys (``Section.data``); one that names none appears under its name.
null means not observed or not disclosed, never zero. Outside text is cleaned of control,
bidirectional and invisible characters; figures keep full precision.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from engine.report.blocks import Block
from engine.report.section import Section, public_sections
from engine.report.typography import clean
from engine.values import MAX_BODY_CHARS

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.shown import Report

DISCLAIMER = "Not investment advice."


def render_json(report: Report, english: Speaker, listed: Sequence[Section] | None = None) -> str:
    """``report`` as indented JSON text; see the module's table."""
    data = as_data(report, english, listed)
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_data(
    report: Report, english: Speaker, listed: Sequence[Section] | None = None
) -> dict[str, Any]:
    """``report`` as JSON-ready data; ``listed`` instead of every public section."""
    found: dict[str, Any] = {}
    for section in public_sections() if listed is None else listed:
        found |= plain(section.data(report, section.voice(english)))
    return {**found, "disclaimer": DISCLAIMER}


def plain(value: Any) -> Any:
    """``value`` as JSON-ready data: instants end in Z, NaN and infinities are null, text clean."""
    if is_dataclass(value) and not isinstance(value, type):
        kind = {"kind": value.kind} if isinstance(value, Block) else {}
        return kind | {f.name: plain(getattr(value, f.name)) for f in fields(value)}
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
