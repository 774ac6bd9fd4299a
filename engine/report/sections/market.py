"""Market and valuation: the day's figures."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine.report.blocks import Block, Details, Line, Lines
from engine.report.labels import MARKET_ORDER, N_
from engine.report.section import Section

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.shown import Report

_SUFFIXES = (
    ("_usd_tn", "usdtn2"),
    ("_usd_bn", "usdbn1"),
    ("_usd", "usd2"),
    ("_bps", "+bps"),
    ("_share", "share1"),
    ("_pct", "pct1"),
    ("_x", ".1f"),
)
FIRST = 3
"""Figures shown before the others are folded: the price and its moves."""


class Market(Section):
    """Every figure of ``Report.market``, known ones first."""

    name, order, title = "market", 50, N_("Market and valuation")

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """One list."""
        rank = {name: i for i, name in enumerate(MARKET_ORDER)}
        names = sorted(report.market, key=lambda name: (rank.get(name, len(rank)), name))
        lines = tuple(_figure(name, report.market[name], voice) for name in names)
        first, rest = lines[:FIRST], lines[FIRST:]
        if not rest:
            return (Lines(lines=lines),) if lines else ()
        more = Details(title=voice.say("Every figure"), blocks=(Lines(lines=rest),))
        return (Lines(lines=first), more)

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """Figures by name."""
        return {"market": report.market}


def _figure(name: str, value: float, voice: Speaker) -> Line:
    spec = next((spec for suffix, spec in _SUFFIXES if name.endswith(suffix)), "sig4")
    moves = "change" in name or "drawdown" in name or "relative" in name
    tone = 0
    if moves and math.isfinite(value):
        spec, tone = "+" + spec.lstrip("+"), (value > 0) - (value < 0)
    return Line(label=voice.label(name), value=voice.number(value, spec), tone=tone)
