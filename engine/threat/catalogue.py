"""Model releases from tables and files: what was disclosed, and from when on.

A release is a *sequence of versions*: what the lab said on the day, then the same release again
each time something more became known (an arena score a week later, a price change, a training bill
disclosed eight months on). A reader as of an instant takes the last version known by then, so that
R1 is never rated with the training cost that Nature printed in September.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from engine.errors import ConfigError, DataError, nearest
from engine.phrases import phrase
from engine.values import ModelRelease

_COLUMN_OF_FIELD: Mapping[str, str] = {
    "total_params_b": "total_params_b",
    "active_params_b": "active_params_b",
    "training_tokens_t": "training_tokens_t",
    "context_k": "context_k",
    "price_input_usd_per_mtok": "price_input_usd_per_mtok",
    "price_output_usd_per_mtok": "price_output_usd_per_mtok",
    "mmlu_pro_pct": "mmlu_pro",
    "gpqa_diamond_pct": "gpqa_diamond",
    "swe_bench_verified_pct": "swe_bench_verified",
    "aime_pct": "aime",
    "aime_year": "aime_year",
    "lmarena_elo": "lmarena_elo",
    "training_gpu_hours": "training_gpu_hours",
    "claimed_training_cost_usd": "claimed_training_cost_usd",
}
_CONFIDENCE = {"high": 0.9, "medium": 0.7, "low": 0.4, "none": 0.1}
_SETBACK = re.compile(
    r"\b(missed|delay(?:ed|s)?|failed|stalled|postponed|in place of the awaited|withdrawn)\b", re.I
)
_SOMEBODY_ELSE = re.compile(r"\b(OpenAI|Anthropic|Google|Meta|xAI|Nvidia|NVDA)\b")
_UPDATE_COLUMNS = frozenset(
    {*_COLUMN_OF_FIELD.values(), "training_hardware", "inference_domestic_day0", "open_weights"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseUpdate:
    """One figure of a release that became known, or changed, after its day.

    column: a column of ``model_releases.csv``. Where the release row already holds the same value,
    the row was written in hindsight: the figure is hidden until ``known_at``.
    """

    model: str
    known_at: datetime
    column: str
    value: str
    source: str


def parse_updates(rows: Iterable[Mapping[str, str]]) -> tuple[ReleaseUpdate, ...]:
    """``release_updates.csv``; all problems in one ``ConfigError``."""
    updates, problems = [], []
    for number, row in enumerate(rows, start=2):
        column = row.get("field", "").strip()
        if column not in _UPDATE_COLUMNS:
            close = nearest(column, _UPDATE_COLUMNS)
            hint = f"; did you mean '{close}'?" if close else ""
            problems.append(
                phrase(
                    "release_updates.csv:{number}: unknown field '{column}'{hint}",
                    number=str(number),
                    column=column[:60],
                    hint=hint,
                )
            )
            continue
        try:
            known = datetime.fromisoformat(row.get("known_at_utc", "").strip())
        except ValueError:
            problems.append(
                phrase(
                    "release_updates.csv:{number}: known_at_utc is not an instant",
                    number=str(number),
                )
            )
            continue
        updates.append(
            ReleaseUpdate(
                model=row.get("model", "").strip(),
                known_at=known.replace(tzinfo=UTC) if known.tzinfo is None else known,
                column=column,
                value=row.get("value", "").strip(),
                source=row.get("source", "").strip(),
            )
        )
    if problems:
        raise ConfigError(problems)
    return tuple(updates)


def parse_releases(
    rows: Iterable[Mapping[str, str]], updates: Sequence[ReleaseUpdate] = ()
) -> tuple[ModelRelease, ...]:
    """Every version of every release, ordered by ``known_at``, then by name.

    Rows are those of ``model_releases.csv``. A release with a day and no time is known from the end
    of that day, UTC. All problems in one ``ConfigError``.
    """
    versions: list[ModelRelease] = []
    problems: list[str] = []
    for number, row in enumerate(rows, start=2):
        own = [u for u in updates if u.model == row.get("model", "").strip()]
        try:
            versions.extend(_versions(row, own))
        except (DataError, ValueError) as error:
            problems.append(
                phrase("model_releases.csv:{number}: {error}", number=str(number), error=error)
            )
    if problems:
        raise ConfigError(problems)
    return tuple(sorted(versions, key=lambda r: (r.known_at, r.model)))


def latest_by(releases: Iterable[ModelRelease], instant: datetime) -> tuple[ModelRelease, ...]:
    """The last version of each release known at ``instant``, ordered by release day and name."""
    last: dict[str, ModelRelease] = {}
    for release in sorted(releases, key=lambda r: r.known_at):
        if release.known_at <= instant:
            last[release.model] = release
    return tuple(sorted(last.values(), key=lambda r: (r.released_on, r.model)))


def first_versions(releases: Iterable[ModelRelease]) -> tuple[ModelRelease, ...]:
    """Each release as it was on its own day, in the order in which they became known."""
    first: dict[str, ModelRelease] = {}
    for release in sorted(releases, key=lambda r: (r.known_at, r.model)):
        first.setdefault(release.model, release)
    return tuple(first.values())


def _versions(row: Mapping[str, str], updates: Sequence[ReleaseUpdate]) -> list[ModelRelease]:
    released = date.fromisoformat(row["release_date"].strip())
    known = _known_at(released, row.get("announced_time_utc") or "")
    later = [*updates, *_late_arena_score(row, released)]
    cells = dict(row)
    for update in later:  # written in hindsight: hide until disclosed
        if (cells.get(update.column) or "").strip() == update.value:
            cells[update.column] = ""
    versions = [_release(cells, released, known)]
    for update in sorted(later, key=lambda u: u.known_at):
        cells[update.column] = update.value
        version = _release(cells, released, max(update.known_at, known))
        if version.known_at == versions[-1].known_at:
            versions.pop()
        versions.append(version)
    return versions


def _known_at(released: date, clock: str) -> datetime:
    moment = time.fromisoformat(clock.strip()) if clock.strip() else time.max
    return datetime.combine(released, moment, tzinfo=UTC)


def _late_arena_score(row: Mapping[str, str], released: date) -> list[ReleaseUpdate]:
    """The arena score appears with its snapshot, days after the release."""
    seen = (row.get("lmarena_asof") or "").strip()
    value = (row.get("lmarena_elo") or "").strip()
    if not value or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", seen):
        return []
    day = date.fromisoformat(seen)
    if day <= released:
        return []
    return [
        ReleaseUpdate(
            model=row["model"].strip(),
            known_at=datetime.combine(day, time.max, tzinfo=UTC),
            column="lmarena_elo",
            value=value,
            source="LMArena history",
        )
    ]


def _release(row: Mapping[str, str], released: date, known: datetime) -> ModelRelease:
    numbers = {field: _number(row, column) for field, column in _COLUMN_OF_FIELD.items()}
    year = numbers.pop("aime_year")
    precision = _text(row, "weight_precision")
    return ModelRelease(
        model=row["model"].strip(),
        lab=row["lab"].strip(),
        country=row["country"].strip(),
        released_on=released,
        known_at=known,
        weight_precision=precision,
        scale_format=scale_format_of(precision),
        open_weights=_flag(row, "open_weights"),
        license=_text(row, "license"),
        hardware_named=_text(row, "training_hardware"),
        inference_domestic=_flag(row, "inference_domestic_day0"),
        setback=_setback(row.get("delay_or_setback_note") or ""),
        price_elsewhere=None,
        is_comparison=row.get("role", "").strip() == "us_comparison",
        source=row.get("source", "").strip(),
        confidence=_CONFIDENCE.get((row.get("confidence") or "").strip()),
        aime_year=None if year is None else int(year),
        **numbers,
    )


def scale_format_of(precision: str | None) -> str | None:
    """The block-scale format a precision names: ``ue8m0`` or ``fp32-128x128``; None if neither."""
    if precision is None:
        return None
    low = precision.lower()
    if "ue8m0" in low or "e8m0" in low or low.startswith("mxfp"):
        return "ue8m0"
    return "fp32-128x128" if "128x128" in low else None


def _setback(note: str) -> str | None:
    """The clauses that tell of the lab's own delay or failure; the rest may be hindsight."""
    clauses = [
        clause.strip()
        for clause in note.split(";")
        if _SETBACK.search(clause) and not _SOMEBODY_ELSE.search(clause)
    ]
    return "; ".join(clauses) or None


def _text(row: Mapping[str, str], column: str) -> str | None:
    return (row.get(column) or "").strip() or None


def _number(row: Mapping[str, str], column: str) -> float | None:
    text = _text(row, column)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(
            phrase("{column} = '{text}' is not a number", column=column, text=text[:40])
        )
    return value


def _flag(row: Mapping[str, str], column: str) -> bool | None:
    text = _text(row, column)
    if text is None:
        return None
    if text not in ("y", "n"):
        raise DataError(phrase("{column} = '{text}' is not y or n", column=column, text=text[:40]))
    return text == "y"
