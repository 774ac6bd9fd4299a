"""``nvsignal classify`` and ``classify train`` in words."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from engine.phrases import is_missing
from engine.plain import safe_text
from engine.report.labels import N_

if TYPE_CHECKING:
    from engine.news.classify import Classification
    from engine.news.validation import CrossValidation
    from engine.report.i18n import Said, Speaker

_SENSE = {-1: "-", 0: "0", 1: "+"}
_MOODS = {
    "fact": N_("fact"),
    "rumour": N_("rumour"),
    "proposal": N_("proposal"),
    "comment": N_("comment"),
    "past": N_("past"),
    "denial": N_("denial"),
    "correction": N_("correction"),
}
FIGURES = {
    "macro_f1": N_("macro-F1 over all types"),
    "accuracy": N_("accuracy of the type"),
    "direction_accuracy": N_("direction accuracy, relevant rows"),
    "relevance_f1": N_("relevance F1"),
    "coverage": N_("answered (not abstained)"),
    "accuracy_answered": N_("accuracy where answered"),
    "calibration_error": N_("expected calibration error"),
    "log_loss": N_("log-loss"),
    "rule_macro_f1": N_("rules alone: macro-F1"),
    "rule_direction_accuracy": N_("rules alone: direction accuracy"),
}
"""Figures of a cross-validation, by the name they have there."""


def text_of(found: Sequence[Classification], voice: Speaker) -> str:
    """A table of 80 columns: direction, type, confidence, stage or mood, headline."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    _ = voice.say
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("NVDA", justify="center")
    table.add_column(_("type"), no_wrap=True)
    table.add_column(_("sure"), justify="right")
    table.add_column(_("told as"), no_wrap=True)
    table.add_column(_("headline"), overflow="fold")
    for c in found:
        silent = c.abstained or not c.relevant
        sense, how = ("", "") if silent else (_SENSE[c.direction], _told_as(c, voice))
        sure = voice.number(c.confidence, "share0")
        table.add_row(sense, _kind(c, voice), sure, how, Text(safe_text(c.headline, limit=500)))
    buffer = io.StringIO()
    console = Console(file=buffer, width=80 if not sys.stdout.isatty() else None, highlight=False)
    console.print(table, markup=False)
    return buffer.getvalue()


def _kind(c: Classification, voice: Speaker) -> Said:
    if c.unread:
        return voice.say("(unread)")
    return voice.say("(unclassified)") if c.abstained else voice.label(c.event_type)


def _told_as(c: Classification, voice: Speaker) -> Said:
    """How far it has come where it weighs, else how it is said."""
    return voice.label(c.stage.value) if c.weighs else voice.say(_MOODS[c.mood.value])


# --- train -------------------------------------------------------------------------------------


def _heading(validation: CrossValidation, voice: Speaker) -> Said:
    return voice.say(
        "{folds:int}-fold cross-validation, {rows:int} headlines of {groups:int} events; no event "
        "on both sides",
        folds=validation.folds,
        rows=validation.rows,
        groups=validation.groups,
    )


def _figures(validation: CrossValidation, voice: Speaker) -> Iterator[tuple[str, str]]:
    """What each figure is called, and its value."""
    for name, label in FIGURES.items():
        yield voice.say(label), voice.number(getattr(validation, name), ".3f")
    for lang, value in validation.by_language.items():
        yield voice.say("macro-F1, {lang}", lang=lang), voice.number(value, ".3f")


def _score(value: float, voice: Speaker) -> str:
    """A dash where no headline has the type and none was taken for it."""
    return "–" if is_missing(value) else voice.number(value, ".2f")


def validation_text(validation: CrossValidation, voice: Speaker) -> str:
    """Figures, scores by type and the confusion matrix as plain text within 80 columns."""
    _ = voice.say
    lines = [_heading(validation, voice), ""]
    lines += [f"  {label:<44}{value:>6}" for label, value in _figures(validation, voice)]
    precision, recall, rows, kind = _("precision"), _("recall"), _("rows"), _("type")
    heads = f"{precision:>10}{recall:>8}{'F1':>8}{rows:>8}"
    lines += ["", f"  {'':3}{kind:<32}{heads}"]
    for i, (name, (p, r, f, n)) in enumerate(validation.by_type.items(), start=1):
        scores = (_score(x, voice) for x in (p, r, f))
        cells = "{:>10}{:>8}{:>8}".format(*scores)
        lines.append(f"  {i:>2} {voice.label(name):<32}{cells}{voice.number(n, 'int'):>8}")
    size = len(validation.confusion)
    lines += ["", "  " + _("true (row) as predicted (column), in the order above")]
    lines.append("     " + "".join(f"{i:>4}" for i in range(1, size + 1)))
    for i, row in enumerate(validation.confusion.tolist(), start=1):
        lines.append(f"  {i:>2} " + "".join(f"{n or '·':>4}" for n in row))
    return "\n".join(lines) + "\n"


def validation_markdown(validation: CrossValidation, voice: Speaker) -> str:
    """The same as tables of Markdown, the types by the names that programs read; worst mistakes."""
    _ = voice.say
    figure, value = _("figure"), _("value")
    lines = [f"{_heading(validation, voice)}.", "", f"| {figure} | {value} |", "|---|---:|"]
    lines += [f"| {label} | {value} |" for label, value in _figures(validation, voice)]
    heads = (_("type"), _("precision"), _("recall"), "F1", _("rows"))
    lines += ["", f"| # | {' | '.join(heads)} |", "|---:|---|---:|---:|---:|---:|"]
    for i, (name, (p, r, f, n)) in enumerate(validation.by_type.items(), start=1):
        scores = " | ".join(_score(x, voice) for x in (p, r, f))
        lines.append(f"| {i} | `{name}` | {scores} | {voice.number(n, 'int')} |")
    numbers = range(1, len(validation.confusion) + 1)
    how = _("Rows are true types, columns predictions, numbered as above.")
    lines += ["", how, "", "| |" + "".join(f" {i} |" for i in numbers)]
    lines.append("|---|" + "---:|" * len(numbers))
    for i, row in zip(numbers, validation.confusion.tolist(), strict=True):
        lines.append(f"| **{i}** |" + "".join(f" {n or ''} |" for n in row))
    lines += ["", _("Most confident mistakes:"), ""]
    for headline, true, taken, sure in validation.mistakes:
        said = voice.say("`{true}`, taken for `{taken}`", true=true, taken=taken)
        lines.append(f"* {voice.number(sure, '.2f')} “{headline}”: {said}")
    return "\n".join(lines) + "\n"
