"""Judged real days from the wire to the decision: what a real morning would have done.

The same record is read twice, by the classifier as shipped and by the labels of a careful reader.
Fails when a preset stands on the other side on any day, or a score is further off than 0.05.

    python -m tests.service.test_stream_mornings            prints the days that differ
    python -m tests.service.test_stream_mornings --fresh    2022 and 2023: figures by preset
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from functools import cache
from statistics import mean

import pytest

from engine.service.classifier import load_classifier
from engine.service.folders import data_folder
from tests import stream_runs, streams

LARGEST_ERROR = 0.05
SPRING = date(2025, 3, 15)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(streams.available()), reason=streams.available()),
]


@cache
def runs(spring: bool) -> tuple[stream_runs.Run, stream_runs.Run]:
    """Both readings of the winter or the spring stream: judged, live."""
    judged = [j for j in streams.stream() if (j.day >= SPRING) == spring]
    model = load_classifier(data_folder())
    return stream_runs.read(judged, stream_runs.Judge()), stream_runs.read(judged, model)


def both(preset: str, spring: bool) -> list[tuple[stream_runs.Morning, stream_runs.Morning]]:
    judged, live = (run.mornings(preset)[0] for run in runs(spring))
    return list(zip(judged, live, strict=True))


def misses(preset: str, spring: bool, most: float) -> tuple[list[str], dict[str, float]]:
    """Judged days on the wrong side, and those whose score is further off than ``most``."""
    known = [(j, live) for j, live in both(preset, spring) if j.day in streams.days()]
    assert len(known) > 40
    wrong_side = [str(j.day) for j, live in known if j.held != live.held]
    errors = {str(j.day): round(live.score - j.score, 3) for j, live in known}
    return wrong_side, {day: error for day, error in errors.items() if abs(error) > most}


CASES = [(preset, spring) for preset in stream_runs.PRESETS for spring in (False, True)]


@pytest.mark.parametrize(("preset", "spring"), CASES)
def test_a_real_morning_would_have_stood_where_a_reader_stands(preset: str, spring: bool) -> None:
    """Over the winter and the spring stream."""
    assert misses(preset, spring, LARGEST_ERROR) == ([], {})


def fresh_figures() -> list[str]:
    """Per preset, over the sessions of 2022 and 2023: sides and scores against the labels."""
    judged = streams.fresh()
    days = {j.day for j in judged}
    reader = stream_runs.read(judged, stream_runs.Judge())
    product = stream_runs.read(judged, load_classifier(data_folder()))
    lines = []
    for preset in stream_runs.PRESETS:
        pairs = zip(reader.mornings(preset)[0], product.mornings(preset)[0], strict=True)
        known = [(j, live) for j, live in pairs if j.day in days]
        errors = [abs(live.score - j.score) for j, live in known]
        crossings = sum(j.held != live.held for j, live in known)
        lines.append(
            f"{preset}: {len(known)} sessions, wrong side on {crossings}, score error mean"
            f" {mean(errors):.4f}, largest {max(errors):.3f}, above {LARGEST_ERROR} on"
            f" {sum(error > LARGEST_ERROR for error in errors)}"
        )
    return lines


def main(arguments: Sequence[str]) -> int:
    """The days that differ by more than 0.02, for each preset named (or ``balanced``)."""
    if why := streams.available():
        print(why)
        return 1
    if "--fresh" in arguments:
        print("\n".join(fresh_figures()))
        return 0
    for preset in arguments or ("balanced",):
        for spring in (False, True):
            for j, live in both(preset, spring):
                error = live.score - j.score
                if abs(error) > 0.02 or j.held != live.held:
                    print(
                        f"{preset} {j.day} judged {j.score:+.3f} {'HOLD' if j.held else 'SELL'}"
                        f"  live {live.score:+.3f} {'HOLD' if live.held else 'SELL'}"
                        f"  news {j.policy_pct:+.2f} / {live.policy_pct:+.2f}  error {error:+.3f}"
                    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
