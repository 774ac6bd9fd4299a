"""A twentieth event type is a row in the taxonomy: the classifier is trained with it as it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TRAIN = """
import csv, json
from dataclasses import replace
from types import MappingProxyType
from engine.news import taxonomy

new = replace(taxonomy.TAXONOMY["rates"], name="power_shortage")
taxonomy.TAXONOMY = MappingProxyType({**taxonomy.TAXONOMY, new.name: new})
taxonomy.EVENT_TYPES = tuple(taxonomy.TAXONOMY)

from engine.news import classify, validation

with open("config/headlines.csv", encoding="utf-8", newline="") as lines:
    rows = list(csv.DictReader(lines))[::12]
grid = "Data centre in {} has to wait for the grid, power shortage delays AI campus"
rows += [
    {**rows[0], "headline": grid.format(place), "event_type": new.name, "direction": "-1",
     "lang": "en", "event_group": place}
    for place in "Ohio Texas Virginia Oregon Ireland Frankfurt".split()
]
labelled = classify.parse_labelled(rows)
found = validation.cross_validate(labelled, folds=2)
print(json.dumps({"types": len(taxonomy.EVENT_TYPES), "shape": found.confusion.shape,
                  "hits": int(found.confusion[-1, -1]), "f1": found.by_language["en"]}))
"""


def test_a_twentieth_event_type_trains() -> None:
    """No number of types is written down anywhere; the new type is learnt from six headlines."""
    done = subprocess.run(
        [sys.executable, "-c", TRAIN], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["types"] == 20
    assert found["shape"] == [20, 20]
    assert found["hits"] >= 3
    assert 0.0 < found["f1"] <= 1.0
