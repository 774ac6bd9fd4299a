"""A release told piece by piece ends where the catalogue has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.values import RATED_AGAIN, RATED_AT_LAST, RELEASE
from tests.recorded.r1 import by_the_catalogue, steps


@pytest.mark.slow
def test_r1_is_rated_again_as_its_price_and_its_scores_come(tmp_path: Path) -> None:
    """From a wide prior to within one point, by the live sources alone."""
    seen, priced, scored, voted = (step.rating for step in steps(tmp_path / "r1.db"))
    curated = by_the_catalogue()

    assert [r.kind for r in (seen, priced, scored)] == [RELEASE, RATED_AT_LAST, RATED_AGAIN]
    assert [r.rateable for r in (seen, priced, scored)] == [False, True, True]
    widths = [r.score_high - r.score_low for r in (seen, scored)]
    assert widths[0] > 2 * widths[1]
    assert abs(seen.score - curated.score) > 5
    assert scored.score == pytest.approx(curated.score, abs=1.0)
    assert voted == scored
    assert (scored.score_low, scored.score_high) == pytest.approx(
        (curated.score_low, curated.score_high), abs=3.0
    )
