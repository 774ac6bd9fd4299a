"""What happens between releases is an event of its own, once, on its own day."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from engine.threat.changes import (
    FAILED,
    OPENED,
    PORTED,
    PRICE_CUT,
    WITHDRAWN,
    kind_of_change,
    rate_changes,
    rate_proofs,
    worlds_of,
)
from engine.threat.evidence import Proof, ProofOutcome, ProofStage
from engine.threat.world import World
from engine.values import RATED_AT_LAST, ModelRelease, ThreatRating
from tests.engine.threat.threat_world import DAY, drawn, end_of, facts, params, release, world

LATER = DAY + timedelta(days=60)


def changed(old: ModelRelease, **given: object) -> tuple[ThreatRating, ...]:
    new = replace(old, known_at=DAY + timedelta(days=30), **given)  # type: ignore[arg-type]
    around = world(old, new, at=LATER)
    return rate_changes([old, new], worlds_of(around), params(), drawn)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"price_output_usd_per_mtok": 0.5, "price_input_usd_per_mtok": 0.1}, PRICE_CUT),
        ({"inference_domestic": True}, PORTED),
        ({"price_output_usd_per_mtok": 9.0}, None),
        ({"price_output_usd_per_mtok": 1.99}, None),
        ({"lmarena_elo": 1400.0}, None),
    ],
)
def test_each_change_has_its_kind(given: dict[str, object], kind: str | None) -> None:
    old = release()
    assert kind_of_change(old, replace(old, **given)) == kind  # type: ignore[arg-type]


def test_a_cut_is_rated_as_the_increment_over_the_old_price() -> None:
    old = release(price_input_usd_per_mtok=0.1, price_output_usd_per_mtok=0.4)
    (cut,) = changed(old, price_input_usd_per_mtok=0.02, price_output_usd_per_mtok=0.08)
    assert cut.kind == PRICE_CUT
    assert cut.rated_at == DAY + timedelta(days=30)
    assert cut.channels["price_pressure"] > 1
    (small,) = changed(old, price_input_usd_per_mtok=0.09, price_output_usd_per_mtok=0.36)
    assert abs(small.loss_share) < 0.25 * cut.loss_share


def test_opened_weights_are_an_event() -> None:
    (opened,) = changed(release(open_weights=False), open_weights=True)
    assert opened.kind == OPENED


def test_what_could_not_be_rated_is_rated_when_it_can() -> None:
    blank = dict.fromkeys(
        ("price_input_usd_per_mtok", "price_output_usd_per_mtok", "gpqa_diamond_pct",
         "mmlu_pro_pct", "swe_bench_verified_pct", "aime_pct")
    )  # fmt: skip
    (late,) = changed(release(**blank), price_input_usd_per_mtok=0.1, price_output_usd_per_mtok=0.4)
    assert late.kind == RATED_AT_LAST
    assert late.rateable


# --- claims ---


def claim(day: datetime, **given: object) -> Proof:
    values = {
        "actor": "Lab",
        "obj": "Run-1",
        "stage": ProofStage.TRAINING,
        "size_b": 1000.0,
        **given,
    }
    return Proof(known_at=day, **values)  # type: ignore[arg-type]


def rated(*proofs: Proof, around: World | None = None) -> tuple[ThreatRating, ...]:
    base = around or world(at=LATER)
    return rate_proofs(proofs, worlds_of(replace(base, proofs=proofs)), params(), drawn)


def test_a_failed_run_is_a_gain_on_its_day_and_told_again_moves_nothing() -> None:
    failed = claim(DAY, outcome=ProofOutcome.FAILURE, trust=0.6)
    again = replace(failed, known_at=DAY + timedelta(days=3), obj="R2", source="elsewhere")
    (rating,) = rated(failed, again)
    assert rating.kind == FAILED
    assert rating.rated_at == DAY
    assert rating.loss_share < 0
    assert rating.score < 0


def test_a_proof_told_twice_is_credited_once_and_a_confirmation_adds_what_is_surer() -> None:
    press = claim(DAY, trust=0.3)
    same = claim(DAY + timedelta(days=5), trust=0.3, source="other")
    sure = claim(DAY + timedelta(days=9), trust=0.9)
    first, second = rated(press, same, sure)
    (alone,) = rated(sure)
    assert (first.rated_at, second.rated_at) == (press.known_at, sure.known_at)
    assert first.loss_share + second.loss_share == pytest.approx(alone.loss_share, rel=0.15)


def test_a_claim_taken_back_moves_back_what_it_had_moved() -> None:
    told = claim(DAY, trust=0.8, until=DAY + timedelta(days=6))
    after, back = rated(told)
    assert (back.kind, back.rated_at) == (WITHDRAWN, told.until)
    assert back.loss_share == pytest.approx(-after.loss_share, rel=0.02)
    assert "taken back" in back.reasons


def test_a_claim_taken_back_counts_whole_before_and_for_nothing_afterwards() -> None:
    back = claim(DAY, until=DAY + timedelta(days=6))
    early = claim(DAY + timedelta(days=3), source="early", trust=0.5)
    late = claim(DAY + timedelta(days=9), source="late")
    first, _, told_again = rated(back, late)
    assert told_again.rated_at == late.known_at
    assert told_again.loss_share == pytest.approx(first.loss_share, rel=0.05)
    first, less = rated(back, early)
    assert (first.rated_at, less.kind) == (DAY, WITHDRAWN)
    assert -first.loss_share < less.loss_share < 0


def test_what_another_still_tells_is_not_taken_back() -> None:
    headline = claim(DAY, until=DAY + timedelta(days=6), source="headline")
    row = claim(DAY + timedelta(days=1), source="table")
    (only,) = rated(headline, row)
    assert only.rated_at == DAY


def test_a_row_corrected_in_its_words_alone_moves_nothing() -> None:
    day = DAY + timedelta(days=6)
    (only,) = rated(claim(DAY, until=day), claim(day, source="better told"))
    assert only.rated_at == DAY
    surer = rated(claim(DAY, until=day, trust=0.4), claim(day, trust=0.8))
    assert [r.rated_at for r in surer] == [DAY, day]


def test_a_headline_and_a_table_row_of_one_fact_count_once() -> None:
    headline = claim(DAY, source="headline", trust=0.6)
    row = claim(DAY + timedelta(days=1), source="homegrown_training_record.csv", trust=0.6)
    (both,), (alone,) = rated(headline, row), rated(headline)
    assert both == alone


def test_a_plan_moves_nothing() -> None:
    assert rated(claim(DAY, outcome=ProofOutcome.PLANNED)) == ()


def test_a_claim_of_a_releases_own_day_is_the_releases() -> None:
    own = release("Run-1", lab="Lab", hardware_named="Ascend")
    told = claim(DAY)
    assert rated(told, around=world(own, at=LATER)) == ()


# --- the record ---


def test_the_failed_r2_run_is_one_event_of_2025_08_14() -> None:
    base = facts(end_of("2025-09-30"))
    events = rate_proofs(base.proofs, worlds_of(base), params(), drawn)
    failed = [r for r in events if r.kind == FAILED]
    assert [r.rated_at.date().isoformat() for r in failed] == ["2025-08-14"]
    assert -0.01 < failed[0].loss_share < -0.0005


def test_r1_served_on_ascend_is_one_event_of_2025_02_01() -> None:
    base = facts(end_of("2025-09-30"))
    events = rate_changes(base.releases, worlds_of(base), params(), drawn)
    ported = [r for r in events if r.kind == PORTED]
    # Dated by its day alone: known a quarter of an hour after the midnight that ends it.
    known = [(r.model, r.rated_at.isoformat(timespec="minutes")) for r in ported]
    assert known == [("DeepSeek-R1", "2025-02-02T00:14+00:00")]
    assert ported[0].channels["substitution"] > 0
