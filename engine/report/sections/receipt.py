"""Receipt: what the decision was made of, so that it can be made again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine.report.blocks import Block, Details, Line, Lines
from engine.report.labels import N_
from engine.report.section import Section
from engine.report.typography import clean

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.shown import Report


class Receipt(Section):
    """Hashes and versions."""

    name, order, title = "receipt", 900, N_("Receipt")

    def blocks(self, report: Report, voice: Speaker) -> Iterable[Block]:
        """One list."""
        lines = [
            Line(label=voice.label(key), value=clean(value, limit=100))
            for key, value in _entries(report).items()
        ]
        as_of = Line(label=voice.say("As of"), value=voice.at(report.as_of))
        made = Lines(lines=(as_of, *lines), code=True)
        return (
            Details(title=voice.say("What this report was made of"), blocks=(made,), printed=True),
        )

    def data(self, report: Report, voice: Speaker) -> dict[str, Any]:
        """Hashes and versions by name."""
        return {"receipt": _entries(report)}


def _entries(report: Report) -> dict[str, str]:
    d = report.decision
    own = {
        "config_hash": d.config_hash,
        "data_hash": d.data_hash,
        "code_version": d.code_version,
        "strategy_file": d.strategy_file,
    }
    return {**own, **report.receipt}
