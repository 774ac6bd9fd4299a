"""The frozen series of decisions: see ``tests.engine.decision.frozen`` for what it can say."""

from __future__ import annotations

import pytest

from tests.engine.decision import frozen

RENEW = "if this is wanted: python -m tests.engine.decision.frozen --renew"


@pytest.mark.parametrize("preset", frozen.PRESETS)
def test_the_shipped_record_is_decided_as_before(preset: str) -> None:
    """Verdict exactly; share and score to six digits, one unit of the last left to rounding."""
    now, before = list(frozen.rows_of(preset)), [r for r in frozen.kept() if r["preset"] == preset]

    assert [r["session_on"] for r in now] == [r["session_on"] for r in before]
    for new, old in zip(now, before, strict=True):
        assert new["verdict"] == old["verdict"], f"{new} was {old}; {RENEW}"
        for name in ("target_weight", "score"):
            as_before = pytest.approx(float(old[name]), abs=1.5e-6, nan_ok=True)
            assert float(new[name]) == as_before, f"{new} was {old}; {RENEW}"


def test_the_table_holds_both_verdicts_and_every_preset() -> None:
    """What never sells could not trip on the side of SELL."""
    kept = frozen.kept()

    assert {row["preset"] for row in kept} == set(frozen.PRESETS)
    assert {row["verdict"] for row in kept} == {"HOLD", "SELL"}
    assert all(sum(row["preset"] == preset for row in kept) >= 20 for preset in frozen.PRESETS)
