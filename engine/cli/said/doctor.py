"""``nvsignal doctor`` in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.cli.said import told
from engine.report.blocks import Note, plain_table
from engine.report.labels import N_

if TYPE_CHECKING:
    from engine.report.i18n import Speaker
    from engine.service.doctor import Finding

_ORDER = {"error": 0, "warning": 1, "ok": 2}
CHECKS: Mapping[str, str] = MappingProxyType(
    {
        "config": N_("configuration"),
        "hours": N_("hours"),
        "contact": N_("contact"),
        "sqlite": "SQLite",
        "folder": N_("folder"),
        "reports": N_("reports"),
        "data": N_("data"),
        "channel": N_("channel"),
        "record": N_("record"),
        "journal": N_("journal"),
        "clock": N_("clock"),
        "ledger": N_("ledger"),
        "leader": N_("leader"),
        "last report": N_("last report"),
        "next report": N_("next report"),
        "feeds": N_("feeds"),
        "feed": N_("feed"),
    }
)
"""What is looked at, in words; a name behind a colon stays."""


def text_of(findings: Sequence[Finding], voice: Speaker) -> str:
    """Errors first; a remedy on a line of its own below what it mends; 80 columns."""
    levels = {"error": voice.say("error"), "warning": voice.say("warning"), "ok": "ok"}
    rows = []
    for finding in sorted(findings, key=lambda f: _ORDER[f.level]):
        said: str = voice.tell(finding.message)
        if finding.remedy:
            said = f"{said}\n→ {voice.tell(finding.remedy)}"
        rows.append([levels[finding.level], _check(finding.check, voice), said])
    errors = sum(f.level == "error" for f in findings)
    warnings = sum(f.level == "warning" for f in findings)
    end = "{}, {}".format(
        voice.count("{n} error", "{n} errors", n=errors),
        voice.count("{n} warning", "{n} warnings", n=warnings),
    )
    return told(
        voice, ("", [plain_table(("", "", ""), rows, words=3), Note(text=""), Note(text=end)])
    )


def _check(check: str, voice: Speaker) -> str:
    kind, _, name = check.partition(": ")
    said = voice.say(CHECKS[kind]) if kind in CHECKS else voice.tell(kind, limit=60)
    if not name:
        return said
    return voice.pair(said, voice.say(CHECKS[name]) if name in CHECKS else voice.tell(name))
