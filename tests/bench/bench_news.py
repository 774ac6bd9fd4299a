"""Headlines per second of processor time, and the figures of VADER beside ours, in one run.

The headlines are distinct: each of the labelled set with a different number appended, so that no
answer can be reused. VADER gives a sentiment, which is compared as a direction on the relevant rows
that are not neutral; it knows no event types. Our accuracy there is that of cross-validation.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from engine.news import classify, rules, validation

CSV = Path(__file__).resolve().parents[2] / "config" / "headlines.csv"
ROUNDS = 3
COPIES = 4


def rows() -> list[dict[str, object]]:
    """Speed of the whole chain and of the rules alone, then direction against VADER."""
    with CSV.open(newline="", encoding="utf-8") as file:
        labelled = classify.parse_labelled(csv.DictReader(file))
    started = time.process_time()
    model = classify.fit(labelled)
    fit_s = time.process_time() - started
    vader = SentimentIntensityAnalyzer()
    texts = [f"{row.headline} {i}{k}" for k in range(COPIES) for i, row in enumerate(labelled)]

    ours = _per_second(lambda: model.classify(texts), len(texts))
    with_spans = _per_second(lambda: [c.spans for c in model.classify(texts)], len(texts))
    alone = _per_second(lambda: rules.rule_types(texts), len(texts))
    part = texts[: len(labelled)]
    theirs = _per_second(lambda: [vader.polarity_scores(t) for t in part], len(part))
    note = f"headlines per processor second; fit with calibration {fit_s:.1f} s"
    return [
        _row("classify: type, direction, actor, stage", ours, theirs, ">= 10,000/s", note),
        _row("the same with spans in place", with_spans, theirs, "", "VADER: sentiment only"),
        _row("rules alone: type", alone, theirs, "", "VADER: sentiment only"),
        _direction(labelled, vader),
    ]


def _row(what: str, ours: float, theirs: float, target: str, note: str) -> dict[str, object]:
    return {
        "what": what,
        "ours": f"{ours:,.0f}",
        "theirs": f"{theirs:,.0f}",
        "ratio": ours / theirs,
        "target": target,
        "note": note,
    }


def _per_second(work: Callable[[], object], n: int) -> float:
    """Best of some rounds, in items per second of processor time."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return n / best


def _direction(
    labelled: tuple[classify.LabelledHeadline, ...], vader: SentimentIntensityAnalyzer
) -> dict[str, object]:
    checked = validation.cross_validate(labelled)
    ours = theirs = n = 0
    for row, found in zip(labelled, checked.predicted, strict=True):
        if row.event_type == "irrelevant" or row.direction == 0:
            continue
        compound = vader.polarity_scores(row.headline)["compound"]
        n += 1
        ours += found.direction == row.direction
        theirs += (compound >= 0.05) - (compound <= -0.05) == row.direction
    return {
        "what": f"direction right, {n} signed headlines (ours cross-validated)",
        "ours": ours / n,
        "theirs": theirs / n,
        "ratio": ours / theirs,
        "target": ">= 0.85",
        "note": f"macro-F1 {checked.macro_f1:.3f}, all relevant rows "
        f"{checked.direction_accuracy:.3f}",
    }
