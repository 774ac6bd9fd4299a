"""A frozen series: how some two hundred headlines are read by rule, without the fitted model.

A trip-wire and no truth: it says that a reading moved, and cannot say which is right. A word added
to the lists of ``engine/news/data`` may trip it too: look at what moved, and if it is wanted, renew
the series in the same commit::

    python -m tests.engine.news.frozen --renew

The headlines stand in the file itself, so that rows added to the labelled table change nothing.
"""

from __future__ import annotations

import csv
import json
import sys
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from engine.news import budgets, frames, mood, rules
from engine.news.reading import columns, evidence, read, spans
from engine.news.taxonomy import EVENT_TYPES, MOVING
from engine.news.tellings import number, objects, only_names_scales, tokens

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "tests" / "data" / "frozen_readings.json"
ONE_IN = 20
MADE = (
    "Correction: Nvidia's H20 sales to China were not halted",
    "In 2022: US curbs A100 and H100 exports to China",
    "Analysis: What the new H20 export rule means for Nvidia",
    "Why Nvidia could lose its China business?",
    "Nvidia CEO urges US to ease chip export curbs",
    "Nvidia ends lower after US export curbs",
    "US lawmakers propose bill to bar H20 sales to China",
    "China tells tech firms to stop buying Nvidia H20, sources say",
    "Huawei launches Ascend 920 after US export curbs on Nvidia H20",
    "Nvidia beats estimates despite China export curbs",
    "US will not ban Nvidia H20 sales to China, Lutnick says",
    "US may lift curbs on H20 exports, but keeps ban on Blackwell",
)
"""Moods and turns that the drawn ones lack."""
FRAMED = (
    "export_restriction", "export_relief", "china_purchase_ban", "regulatory_probe",
    "domestic_chip_adoption", "domestic_chip_launch",
)  # fmt: skip


def told(headline: str) -> dict[str, Any]:
    """Everything that rules tell of one headline."""
    reading = read(headline)
    matrix = evidence([reading])
    scores = rules.type_scores(rules.rule_votes(matrix))[0]
    best = EVENT_TYPES[int(scores.argmax())]
    how = mood.told(reading, measures=best not in budgets.TYPES)
    words = tokens(headline)
    return {
        "language": reading.language,
        "known": round(reading.known, 4),
        "words": len(reading.words),
        "spans": [[s.start, s.end, s.code, s.turned] for s in spans(reading)],
        "says": [columns()[c] for c in reading.columns],
        "scores": {EVENT_TYPES[i]: float(scores[i]) for i in np.flatnonzero(scores)},
        "subject": bool(rules.has_subject(matrix)[0]),
        "senses": {
            name: sense
            for name in EVENT_TYPES
            if (sense := int(rules.directions(matrix, [name])[0]))
        },
        "stages": {
            name: stage.value
            for name in ("export_restriction", "rates", "model_release")
            if (stage := rules.stage(reading, name)).value != "announced"
        },
        "actors": {
            name: rules.actor(reading, name)
            for name in ("export_relief", "regulatory_probe", "rates", "capex_cut")
        },
        "companies": sorted(rules.companies(reading)),
        "mood": [how.mood.value, how.cue],
        "hedge": mood.hedge(reading),
        "only_named": mood.only_named(reading),
        "steps": {
            name: steps
            for name in FRAMED
            if (steps := [[s.first, s.last, s.kind, n] for s, n in frames.told(reading, name)])
        },
        "judged": {
            name: [step.event_type, step.direction, step.sure]
            for name in sorted(MOVING)
            if (step := frames.judge(reading, name, -1)) is not None and name in FRAMED
        },
        "budget": budgets.tells(reading),
        "objects": sorted(objects(words)),
        "figures": [number(w) for w in words if w[0].isdigit() and w[-1].isdigit()],
        "folded": sha256(" ".join(words).encode()).hexdigest()[:8],
        "scales": only_names_scales(headline),
    }


@lru_cache(maxsize=1)
def kept() -> dict[str, dict[str, Any]]:
    """Headline -> its reading as it is kept."""
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def chosen() -> list[str]:
    """Those that are kept already; the first time one in twenty of the labelled table, by hash."""
    if FILE.exists():
        return list(kept())
    with (ROOT / "config" / "headlines.csv").open(newline="", encoding="utf-8") as lines:
        rows = [row["headline"] for row in csv.DictReader(lines)]
    drawn = [h for h in rows if int(sha256(h.encode()).hexdigest()[:8], 16) % ONE_IN == 0]
    return [*drawn, *MADE]


def renew() -> None:
    """Write the series anew."""
    lines = [
        f"{json.dumps(h, ensure_ascii=False)}: {json.dumps(told(h), ensure_ascii=False)}"
        for h in chosen()
    ]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--renew"]:
        raise SystemExit("use: python -m tests.engine.news.frozen --renew")
    renew()
