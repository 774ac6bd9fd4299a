"""A frozen series: what the rating and the cost model said of the shipped record to 2025-09-30.

A trip-wire and no truth: it says that a figure moved, and cannot say which side is right. When it
trips, find out why; if the change is wanted, renew the figures in the same commit::

    python -m tests.engine.threat.frozen --renew

Words may change as they like: of a sentence only what is filled into it is kept.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import numpy as np

from engine.phrases import Phrase
from engine.threat.architectures import load_architectures
from engine.threat.catalogue import first_versions
from engine.threat.changes import rate_changes, rate_proofs, worlds_of
from engine.threat.chips import (
    PRECISIONS,
    chip_arrays,
    find_chip,
    load_accelerators,
    ownership_usd_per_hour,
    peak_flops,
)
from engine.threat.estimate import estimate, find_subject
from engine.threat.parameters import sample
from engine.threat.points import load_points, score_points
from engine.threat.quality import fit_quality
from engine.threat.rating import rate_all
from engine.threat.validation import TargetTables, validate
from tests.engine.threat.threat_world import ROOT, end_of, facts, params

FILE = ROOT / "tests" / "data" / "frozen_threat.json"
FREEZE = "2025-09-30"
DRAWS = 256
TOLD = ("DeepSeek-R1", "DeepSeek-V3.1", "Kimi K2", "Qwen2.5-Max", "ERNIE 4.5")
"""Releases whose reasons and evidence are kept too."""
MODELS = ("DeepSeek-V3", "Qwen3-32B", "Kimi K2", "GLM-4.5", "DeepSeek-V3.2")
LONGEST_NAME = 4
"""Words; what is longer may be said otherwise."""
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
CHIPS = ("NVIDIA H100 SXM", "NVIDIA H20 96GB", "Huawei Ascend 910C", "Huawei Ascend 910B (B2)")


def figures(value: Any) -> Any:
    """Numbers, names and what fills sentences, of anything; no words that a page might reword."""
    if isinstance(value, Phrase):
        filled = (figures(arg) for arg in value.args.values())
        return [told for told in filled if told != []]  # a sentence without figures is words
    if isinstance(value, str):  # a name or a sentence: of that its numbers
        return str(value) if len(value.split()) <= LONGEST_NAME else NUMBER.findall(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, int | float | np.floating | np.integer):
        return float(f"{float(value):.9g}") if np.isfinite(value) else str(float(value))
    if isinstance(value, Mapping):
        return {str(k): figures(v) for k, v in value.items()}
    if dataclasses.is_dataclass(value):
        return {f.name: figures(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return [figures(part) for part in value]


def ratings() -> Iterator[tuple[str, Any]]:
    """Every release on its own day, the changes after it, and the claims on chips."""
    told, drawn = facts(end_of(FREEZE)), sample(params(), draws=DRAWS)
    chinese = [r for r in told.releases if r.country == "CN" and not r.is_comparison]
    found = [
        *rate_all(chinese, told, params(), draws=DRAWS),
        *rate_changes(chinese, worlds_of(told), params(), lambda: drawn),
        *rate_proofs(told.proofs, worlds_of(told), params(), lambda: drawn),
    ]
    for rating in found:
        kept = figures(rating)
        if rating.kind == "release" and rating.model not in TOLD:
            kept = {k: v for k, v in kept.items() if k not in ("reasons", "evidence")}
        yield f"{rating.model} {rating.kind} {rating.rated_at:%Y-%m-%d}", kept


def qualities() -> Iterator[tuple[str, Any]]:
    """Quality of every release, fitted together."""
    told = first_versions(facts(end_of(FREEZE)).releases)
    for release, quality in zip(told, fit_quality(told, params()), strict=True):
        yield release.model, figures(quality)


def chips() -> Iterator[tuple[str, Any]]:
    """What each chip runs, at which peak, and what an hour of it costs."""
    for chip in load_accelerators():
        one = chip_arrays([chip], "fp8")
        yield (
            chip.chip,
            figures(
                {
                    "peaks": {p: peak_flops(chip, p) for p in PRECISIONS},
                    "owned": ownership_usd_per_hour(chip),
                    "one": {k: np.ravel(v) for k, v in figures(one).items()},
                }
            ),
        )


def estimates() -> Iterator[tuple[str, Any]]:
    """Costs of a few models on a few chips, by the load of the command and by latency."""
    models, table = load_architectures(), load_accelerators()
    for model in MODELS:
        subject = dataclasses.replace(find_subject(model, models, []), training_tokens=1e13)
        for chip in CHIPS:
            for pick in (False, True):
                made = estimate(subject, find_chip(table, chip), choose_batch=pick, n_draws=64)
                yield f"{model} on {chip}, batch {'chosen' if pick else 'given'}", figures(made)


def targets() -> Iterator[tuple[str, Any]]:
    """Published figures beside the model."""
    tables = TargetTables(chips=load_accelerators(), models=load_architectures())
    yield "validation", figures(validate(tables))
    names = set(kept()["targets"]) if FILE.exists() else set()
    points = [p for i, p in enumerate(load_points()) if p.name in names or not (names or i % 6)]
    for scored in score_points(points, tables.chips, tables.models):
        yield scored.point.name, figures(scored)


SERIES: Mapping[str, Callable[[], Iterator[tuple[str, Any]]]] = {
    "chips": chips,
    "estimates": estimates,
    "qualities": qualities,
    "ratings": ratings,
    "targets": targets,
}


@lru_cache(maxsize=1)
def kept() -> dict[str, dict[str, Any]]:
    """The figures as they are kept."""
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def renew() -> None:
    """Write the figures anew."""
    lines = [
        f'"{name}": {{\n'
        + ",\n".join(f"{json.dumps(key)}: {json.dumps(told)}" for key, told in made())
        + "\n}"
        for name, made in SERIES.items()
    ]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--renew"]:
        raise SystemExit("use: python -m tests.engine.threat.frozen --renew")
    renew()
