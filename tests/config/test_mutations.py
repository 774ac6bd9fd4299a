"""Damaged files end in plain words or in another receipt: no traceback, nothing in silence."""

from __future__ import annotations

import pytest

from tests.config.mutate import FAULTS, trial


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10_000, 10_024))
def test_a_damaged_file_is_refused_or_receipted(seed: int) -> None:
    """Twenty-four here; ``python -m tests.config.mutate 500`` for the long run."""
    found = trial(seed)

    assert found.kind not in FAULTS, found
