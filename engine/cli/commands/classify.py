"""``nvsignal classify``: what headlines are about, which way they point, or nothing at all."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.options import Lang
from engine.cli.output import read_piped, to_json, write_out
from engine.cli.speech import speaker
from engine.errors import InputError
from engine.files import read_bytes, write_file
from engine.phrases import phrase
from engine.plain import safe_text
from engine.tables import csv_cells

if TYPE_CHECKING:
    from engine.news.classify import Classification
    from engine.news.validation import CrossValidation
    from engine.report.i18n import Speaker

MAX_HEADLINES = 1_000_000
MAX_INPUT_BYTES = 256_000_000


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
        lang: Lang = None,
        as_json: Annotated[bool, typer.Option("--json", help="JSON with stable keys.")] = False,
    ) -> None:
        """Event type, direction for NVDA, actor, stage and mood of headlines, or an abstention."""
        from engine.cli.said.classify import text_of

        folder = _config_folder(config)
        voice = speaker(lang, config if folder and (folder / "nvsignal.toml").is_file() else None)
        if source == "train":
            train(folder, report, voice, as_json=as_json)
            return
        if report is not None:
            raise InputError(phrase("--report belongs to 'classify train'"))
        headlines = read_headlines(source)
        found = _classify(headlines, folder, voice)
        write_out(to_json([plain(c) for c in found]) if as_json else text_of(found, voice))


def _config_folder(given: str | None) -> Path | None:
    if given is None:
        return None
    folder = Path(given)
    if not folder.is_dir():
        raise InputError(phrase("--config '{given}' is not a folder", given=given[:200]))
    return folder


def _classify(
    headlines: Sequence[str], folder: Path | None, voice: Speaker
) -> tuple[Classification, ...]:
    from engine.service.classifier import load_classifier
    from engine.service.folders import data_folder

    return load_classifier(data_folder(), folder, voice).classify(headlines)


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


# ── train ────────────────────────────────────────────────────────────────────────────────────────


def train(folder: Path | None, report: str | None, voice: Speaker, *, as_json: bool) -> None:
    """Refit, keep the model, and report an event-grouped cross-validation."""
    from engine.cli.said.classify import validation_text
    from engine.news.validation import cross_validate
    from engine.service.classifier import labelled_file, load_classifier, read_labelled
    from engine.service.folders import data_folder

    _, rows = read_labelled(labelled_file(folder))
    validation = cross_validate(rows)
    load_classifier(data_folder(), folder, voice)
    text = to_json(figures(validation)) if as_json else validation_text(validation, voice)
    if report is not None:
        _write_report(Path(report), validation, voice)
    write_out(text)


def _write_report(path: Path, validation: CrossValidation, voice: Speaker) -> None:
    from engine.cli.said.classify import validation_markdown, validation_text

    tell = validation_text if path.suffix.lower() == ".txt" else validation_markdown
    write_file(path, tell(validation, voice))


def figures(validation: CrossValidation) -> dict[str, Any]:
    """The figures of a cross-validation with stable keys."""
    from engine.cli.said.classify import FIGURES
    from engine.news.taxonomy import EVENT_TYPES

    return {
        "rows": validation.rows,
        "groups": validation.groups,
        "folds": validation.folds,
        **{name: round(getattr(validation, name), 4) for name in FIGURES},
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
