"""``nvsignal classify``: what headlines are about, which way they point, or nothing at all."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.output import read_piped, to_json, write_out
from engine.errors import InputError
from engine.files import read_bytes, write_file
from engine.phrases import phrase
from engine.plain import safe_text
from engine.tables import csv_cells

if TYPE_CHECKING:
    from engine.news.classify import Classification
    from engine.news.validation import CrossValidation

MAX_HEADLINES = 1_000_000
MAX_INPUT_BYTES = 256_000_000
_SENSE = {-1: "-", 0: "0", 1: "+"}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""

    @app.command()
    def classify(
        source: Annotated[
            str | None,
            typer.Argument(
                metavar="[FILE|HEADLINE|train]",
                help="Headlines, one a line, or a CSV with a 'headline' column; standard input "
                "when left out; or one headline, in quotes. The word 'train' refits and "
                "cross-validates instead.",
            ),
        ] = None,
        report: Annotated[
            str | None,
            typer.Option("--report", metavar="FILE", help="With train: write the figures here."),
        ] = None,
        config: Annotated[
            str | None,
            typer.Option("--config", metavar="DIR", help="Folder with your own headlines.csv."),
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="JSON with stable keys.")] = False,
    ) -> None:
        """Event type, direction for NVDA, actor, stage and mood of headlines, or an abstention."""
        folder = _config_folder(config)
        if source == "train":
            train(folder, report, as_json=as_json)
            return
        if report is not None:
            raise InputError(phrase("--report belongs to 'classify train'"))
        headlines = read_headlines(source)
        found = _classify(headlines, folder)
        write_out(to_json([plain(c) for c in found]) if as_json else as_table(found))


def _config_folder(given: str | None) -> Path | None:
    if given is None:
        return None
    folder = Path(given)
    if not folder.is_dir():
        raise InputError(phrase("--config '{given}' is not a folder", given=given[:200]))
    return folder


def _classify(headlines: Sequence[str], folder: Path | None) -> tuple[Classification, ...]:
    from engine.service.classifier import load_classifier
    from engine.service.folders import data_folder

    return load_classifier(data_folder(), folder).classify(headlines)


def plain(found: Classification) -> dict[str, Any]:
    """One classification with the documented keys; outside text is made safe."""
    return {
        "headline": safe_text(found.headline),
        "event_type": found.event_type,
        "direction": found.direction,
        "actor": found.actor,
        "stage": found.stage.value,
        "confidence": round(found.confidence, 4),
        "abstained": found.abstained,
        "relevant": found.relevant,
        "unread": found.unread,
        "language": found.reading.language,
        "mood": found.mood.value,
        "cue": safe_text(found.cue),
        "weighs": found.weighs,
        "spans": [
            {
                "start": span.start,
                "end": span.end,
                "text": safe_text(span.text),
                "code": span.code,
                "turned": span.turned,
            }
            for span in found.spans
        ],
    }


# ── input ────────────────────────────────────────────────────────────────────────────────────────


def read_headlines(source: str | None) -> list[str]:
    """Headlines of a file, or of standard input when ``source`` is None or ``-``.

    Several words that name no file are a headline themselves, and so is what no writing with
    spaces would spell as one word: Chinese. Lines that are empty count for nothing; a file without
    any headline is an error.
    """
    if source is not None and _is_headline(source) and not _is_file(source):
        return [source.strip()]
    name = "standard input" if source in (None, "-") else str(source)
    text = _read(source, name)
    is_csv = name.lower().endswith(".csv") or text.split("\n", 1)[0].lower().startswith("headline,")
    lines = _csv_column(text, name) if is_csv else text.splitlines()
    headlines = [line.strip() for line in lines if line.strip()]
    if not headlines:
        raise InputError(
            phrase("no headlines in {name}", name=name),
            remedy=phrase("one a line, or a 'headline' column"),
        )
    if len(headlines) > MAX_HEADLINES:
        raise InputError(
            phrase(
                "{name}: more than {max_headlines:int} headlines",
                name=name,
                max_headlines=MAX_HEADLINES,
            )
        )
    return headlines


def _is_headline(source: str) -> bool:
    """Whether ``source`` reads as words; a Chinese name with a suffix is a file that is missing."""
    from engine.news.language import identify

    if len(source.split()) > 1:
        return True
    return identify(source, ()) == "zh" and not Path(source).suffix


def _is_file(source: str) -> bool:
    try:
        return Path(source).exists()
    except (OSError, ValueError):  # longer than a name may be, or with a zero byte
        return False


def _read(source: str | None, name: str) -> str:
    if source not in (None, "-"):
        raw = read_bytes(Path(str(source)), at_most=MAX_INPUT_BYTES)
    elif sys.stdin.isatty():
        raise InputError(
            phrase("no headlines given"), remedy=phrase("name a file, or pipe them in")
        )
    else:
        raw = read_piped(name, at_most=MAX_INPUT_BYTES)
    return raw.decode("utf-8-sig", errors="replace")


def _csv_column(text: str, name: str) -> Iterable[str]:
    found = csv_cells(text.replace("\0", ""), name)
    _, heading = next(found, (1, []))
    names = [cell.lower() for cell in heading]
    known = next((n for n in ("headline", "title") if n in names), None)
    if known is None:
        seen = ", ".join(f"'{safe_text(c, limit=40)}'" for c in heading[:6])
        raise InputError(
            phrase("{name}: no column 'headline'", name=name),
            remedy=phrase("columns: {seen}", seen=seen or "–"),
        )
    place = names.index(known)
    return [row[place] if place < len(row) else "" for _, row in found]


# ── text ─────────────────────────────────────────────────────────────────────────────────────────


def as_table(found: Sequence[Classification]) -> str:
    """A table of 80 columns: direction, type, confidence, stage or mood, headline."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_edge=False)
    for name, options in (
        ("NVDA", {"justify": "center"}),
        ("type", {"no_wrap": True}),
        ("sure", {"justify": "right"}),
        ("told as", {"no_wrap": True}),
        ("headline", {"overflow": "fold"}),
    ):
        table.add_column(name, **options)
    for c in found:
        kind = "(unread)" if c.unread else "(unclassified)" if c.abstained else c.event_type
        sense = "" if c.abstained or not c.relevant else _SENSE[c.direction]
        told = c.stage.value if c.weighs else c.mood.value
        stage = told if c.relevant and not c.abstained else ""
        table.add_row(
            sense, kind, f"{c.confidence:.0%}", stage, Text(safe_text(c.headline, limit=500))
        )
    buffer = io.StringIO()
    console = Console(file=buffer, width=80 if not sys.stdout.isatty() else None, highlight=False)
    console.print(table)
    return buffer.getvalue()


# ── train ────────────────────────────────────────────────────────────────────────────────────────


def train(folder: Path | None, report: str | None, *, as_json: bool) -> None:
    """Refit, keep the model, and report an event-grouped cross-validation."""
    from engine.news.validation import cross_validate
    from engine.service.classifier import labelled_file, load_classifier, read_labelled
    from engine.service.folders import data_folder

    _, rows = read_labelled(labelled_file(folder))
    validation = cross_validate(rows)
    load_classifier(data_folder(), folder)
    text = to_json(figures(validation)) if as_json else validation_text(validation)
    if report is not None:
        _write_report(Path(report), validation)
    write_out(text)


def _write_report(path: Path, validation: CrossValidation) -> None:
    is_text = path.suffix.lower() == ".txt"
    body = validation_text(validation) if is_text else validation_markdown(validation)
    write_file(path, body)


_FIGURES = (
    ("macro_f1", "macro-F1 over all types"),
    ("accuracy", "accuracy of the type"),
    ("direction_accuracy", "direction accuracy, relevant rows"),
    ("relevance_f1", "relevance F1"),
    ("coverage", "answered (not abstained)"),
    ("accuracy_answered", "accuracy where answered"),
    ("calibration_error", "expected calibration error"),
    ("log_loss", "log-loss"),
    ("rule_macro_f1", "rules alone: macro-F1"),
    ("rule_direction_accuracy", "rules alone: direction accuracy"),
)


def figures(validation: CrossValidation) -> dict[str, Any]:
    """The figures of a cross-validation with stable keys."""
    from engine.news.taxonomy import EVENT_TYPES

    return {
        "rows": validation.rows,
        "groups": validation.groups,
        "folds": validation.folds,
        **{name: round(getattr(validation, name), 4) for name, _ in _FIGURES},
        "macro_f1_by_language": {k: round(v, 4) for k, v in validation.by_language.items()},
        "by_type": {
            name: {
                "precision": round(p, 4),
                "recall": round(r, 4),
                "f1": round(f, 4),
                "rows": n,
            }
            for name, (p, r, f, n) in validation.by_type.items()
        },
        "types": list(EVENT_TYPES),
        "confusion": validation.confusion.tolist(),
        "worst_mistakes": [
            {"headline": h, "type": t, "predicted": p, "confidence": round(c, 4)}
            for h, t, p, c in validation.mistakes
        ],
    }


def _heading(validation: CrossValidation) -> str:
    return (
        f"{validation.folds}-fold cross-validation, {validation.rows:,} headlines of "
        f"{validation.groups:,} events; no event on both sides"
    )


def validation_text(validation: CrossValidation) -> str:
    """Figures, scores by type and the confusion matrix as plain text within 80 columns."""
    lines = [_heading(validation), ""]
    lines += [f"  {label:<36}{getattr(validation, name):6.3f}" for name, label in _FIGURES]
    lines += [
        f"  {'macro-F1, ' + lang:<36}{value:6.3f}" for lang, value in validation.by_language.items()
    ]
    lines += ["", f"  {'':3}{'type':<24}{'precision':>10}{'recall':>8}{'F1':>8}{'rows':>7}"]
    for i, (name, (p, r, f, n)) in enumerate(validation.by_type.items(), start=1):
        lines.append(f"  {i:>2} {name:<24}{p:10.2f}{r:8.2f}{f:8.2f}{n:7d}")
    size = len(validation.confusion)
    lines += ["", "  true (row) as predicted (column), in the order above"]
    lines.append("     " + "".join(f"{i:>4}" for i in range(1, size + 1)))
    for i, row in enumerate(validation.confusion.tolist(), start=1):
        lines.append(f"  {i:>2} " + "".join(f"{n or '·':>4}" for n in row))
    return "\n".join(lines) + "\n"


def validation_markdown(validation: CrossValidation) -> str:
    """The same for the README: figures, scores by type, confusion matrix, worst mistakes."""
    lines = [f"{_heading(validation)}.", "", "| figure | value |", "|---|---:|"]
    lines += [f"| {label} | {getattr(validation, name):.3f} |" for name, label in _FIGURES]
    lines += [f"| macro-F1, {k} | {v:.3f} |" for k, v in validation.by_language.items()]
    lines += ["", "| # | type | precision | recall | F1 | rows |", "|---:|---|---:|---:|---:|---:|"]
    for i, (name, (p, r, f, n)) in enumerate(validation.by_type.items(), start=1):
        lines.append(f"| {i} | `{name}` | {p:.2f} | {r:.2f} | {f:.2f} | {n} |")
    numbers = range(1, len(validation.confusion) + 1)
    lines += ["", "Rows are true types, columns predictions, numbered as above.", ""]
    lines.append("| |" + "".join(f" {i} |" for i in numbers))
    lines.append("|---|" + "---:|" * len(numbers))
    for i, row in zip(numbers, validation.confusion.tolist(), strict=True):
        lines.append(f"| **{i}** |" + "".join(f" {n or ''} |" for n in row))
    lines += ["", "Most confident mistakes:", ""]
    lines += [f"* {c:.2f} “{h}”: `{t}`, taken for `{p}`" for h, t, p, c in validation.mistakes]
    return "\n".join(lines) + "\n"
