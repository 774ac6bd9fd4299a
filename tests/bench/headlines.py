"""What the classifier is worth on headlines it has never seen: ``python -m tests.bench.headlines``.

Prints macro-F1, direction, relevance, calibration and sign flips by language and by half of
``tests/data/headlines/unseen.csv``; ``--mistakes`` shows those of the half that may be looked at.
``--steps`` prints instead, over ``steps.csv``, how many calls that move the score are right, how
many steps are found and how many signs are flipped.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path

import numpy as np

from engine.news import classify as c
from engine.news import validation
from engine.news.taxonomy import EVENT_TYPES, IRRELEVANT
from engine.service.classifier import labelled_file, read_labelled
from tests import streams

UNSEEN = Path(__file__).resolve().parents[1] / "data" / "headlines" / "unseen.csv"
STEPS = UNSEEN.with_name("steps.csv")
_LANGUAGES = ("en+fr", "en", "fr", "zh")
POLICY = frozenset(
    {"export_restriction", "export_relief", "china_purchase_ban", "regulatory_probe"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Figures over ``rows`` headlines, shares in 0 to 1.

    direction: of relevant rows, sense as labelled, types as predicted; ``direction_answered`` over
    those not abstained. flips: of policy rows, those answered with the opposite sign.
    """

    rows: int
    macro_f1: float
    direction: float
    direction_answered: float
    relevance: float
    calibration_error: float
    flips: float
    answered: float


def read_unseen(path: Path = UNSEEN) -> list[dict[str, str]]:
    """The rows of the unseen file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def outcome(row: Mapping[str, str], one: c.Classification) -> str:
    """What a call comes to: right, wrong or flipped where it moves the score, else silent."""
    moving = streams.moving_types()
    if not (streams.weighs(one) and one.event_type in moving):
        return "silent"
    label = streams.Label(
        day=date.min,
        title="",
        moves=row["moves"],
        type=row["event_type"],
        sign=int(row["direction"]),
        mood="fact",
        untouched=False,
    )
    return streams.outcome(label, one.event_type, one.direction)


def steps_report(rows: Sequence[Mapping[str, str]], found: Sequence[c.Classification]) -> str:
    """Precision, share found and flips of each half, by language and over all of them."""
    lines = []
    for part, name in product(("dev", "untouched"), ("en+fr+zh", *_LANGUAGES[1:])):
        counts: Counter[str] = Counter()
        for row, one in zip(rows, found, strict=True):
            if row["part"] == part and row["lang"] in name.split("+"):
                counts[outcome(row, one)] += 1
                counts["moving"] += (
                    row["moves"] == "yes" and row["event_type"] in streams.moving_types()
                )
        calls = counts["right"] + counts["wrong"] + counts["flipped"]
        lines.append(
            f"{part:<9} {name:<8} right {counts['right']:>3} of {calls:>3} calls, "
            f"found {counts['right']:>3} of {counts['moving']:>3}, flipped {counts['flipped']}"
        )
    return "\n".join(lines)


def score(rows: Sequence[Mapping[str, str]], found: Sequence[c.Classification]) -> Score:
    """Compare ``found`` with the labels of ``rows``, in the same order."""
    index = {name: i for i, name in enumerate(EVENT_TYPES)}
    truth = np.array([index[row["event_type"]] for row in rows])
    guess = np.array([index[one.event_type] for one in found])
    sense = np.array([int(row["direction"]) for row in rows])
    said = np.array([one.direction for one in found])
    relevant = truth != index[IRRELEVANT]
    answered = np.array([not one.abstained for one in found])
    policy = np.array([row["event_type"] in POLICY for row in rows])
    flipped = policy & answered & (sense * said < 0)
    confidence = np.array([one.confidence for one in found])
    return Score(
        rows=len(rows),
        macro_f1=float(np.nanmean(validation.f1_by_class(truth, guess, len(EVENT_TYPES))[:, 2])),
        direction=float((said == sense)[relevant].mean()),
        direction_answered=float((said == sense)[relevant & answered].mean()),
        relevance=float((np.array([one.relevant for one in found]) == relevant).mean()),
        calibration_error=validation.calibration_error(confidence, guess == truth),
        flips=float(flipped.sum() / max(policy.sum(), 1)),
        answered=float(answered.mean()),
    )


def report(rows: Sequence[Mapping[str, str]], found: Sequence[c.Classification]) -> str:
    """One line for each half and group of languages."""
    head = "part      style   lang   rows  macro-F1  direction (answered)  relevance    ECE  flips"
    lines = [head + "  answered"]
    kinds = dict.fromkeys((row["part"], row["style"]) for row in rows)
    for (part, style), name in product(sorted(kinds), _LANGUAGES):
        at = [
            i
            for i, r in enumerate(rows)
            if (r["part"], r["style"]) == (part, style) and r["lang"] in name.split("+")
        ]
        s = score([rows[i] for i in at], [found[i] for i in at])
        lines.append(
            f"{part:<9} {style:<7} {name:<5} {s.rows:>5}  {s.macro_f1:>8.3f}  {s.direction:>9.3f} "
            f"({s.direction_answered:>8.3f})  {s.relevance:>9.3f}  {s.calibration_error:>5.3f} "
            f"{s.flips:>6.3f}  {s.answered:>8.3f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Fit on the shipped rows and print the figures."""
    model = c.fit(read_labelled(labelled_file())[1])
    if "--steps" in sys.argv:
        rows = read_unseen(STEPS)
        found = model.classify([row["headline"] for row in rows])
        print(steps_report(rows, found))
        _step_mistakes(rows, found)
        return
    rows = read_unseen()
    found = model.classify([row["headline"] for row in rows])
    print(report(rows, found))
    if "--mistakes" in sys.argv:
        for row, one in zip(rows, found, strict=True):
            if row["part"] != "dev":
                continue
            if (one.event_type, one.direction) != (row["event_type"], int(row["direction"])):
                print(
                    f"{row['event_type']:>22} {row['direction']:>2} | {one.event_type:>22} "
                    f"{one.direction:>2} {one.confidence:.2f} | {row['headline']}"
                )


def _step_mistakes(rows: Sequence[Mapping[str, str]], found: Sequence[c.Classification]) -> None:
    """With ``--mistakes``: calls and silences that are wrong, of the half that may be looked at."""
    for row, one in zip(rows, found, strict=True):
        result = outcome(row, one)
        wanted = "right" if row["moves"] == "yes" else "silent"
        if "--mistakes" in sys.argv and row["part"] == "dev" and result != wanted:
            said = f"{one.event_type} {one.direction:+d} {one.confidence:.2f} {one.mood}"
            print(
                f"{result:8} said {said:40} true {row['event_type']} {row['direction']} "
                f"| {row['headline']}"
            )


if __name__ == "__main__":
    main()
