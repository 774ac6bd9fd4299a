"""Truncation, poison, order, parity: the four properties of the design, on the reference record."""

from __future__ import annotations

import random
from dataclasses import fields
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from backtests.trace import DECIDED
from config.settings import Config
from engine.clock import from_micros, parse_as_of
from engine.record.history import History
from engine.service.bind import load
from engine.service.wiring import Assessment, assess, world_of
from engine.values import Fact
from feeds.facts import Lags, read_tables

CONFIG = Path(__file__).resolve().parents[3] / "config"
AS_OF = parse_as_of("2025-09-30T12:30Z")  # 08:30 in New York: a decision instant


@lru_cache(maxsize=1)
def reference() -> tuple[Fact, ...]:
    return read_tables(CONFIG / "facts", Lags())


@lru_cache(maxsize=1)
def config() -> Config:
    return load(CONFIG, "balanced")


def assessed(facts: tuple[Fact, ...], as_of=AS_OF) -> Assessment:  # type: ignore[no-untyped-def]
    return assess(world_of(History(facts), config(), as_of), config(), version="test")


@lru_cache(maxsize=1)
def full() -> Assessment:
    return assessed(reference())


def differences(a: Assessment, b: Assessment, rows: int) -> list[str]:
    """Names of everything that differs, bit for bit, in the first ``rows`` rows."""
    found = [
        name
        for name in a.features.values
        if a.features.values[name][:rows].tobytes() != b.features.values[name][:rows].tobytes()
    ]
    for name in DECIDED:
        x, y = getattr(a.evaluation, name), getattr(b.evaluation, name)
        if x[:rows].tobytes() != y[:rows].tobytes():
            found.append(name)
    if a.evaluation.scores[:, :rows].tobytes() != b.evaluation.scores[:, :rows].tobytes():
        found.append("scores")
    return found


DATES = sorted(
    random.Random(20250822).sample(range(5, 930), 10)  # seeded: which dates is not a matter of luck
)


@pytest.mark.parametrize("row", [*DATES, 915, 938])
def test_truncation_a_record_cut_at_t_decides_the_same_up_to_t(row: int) -> None:
    """Cut the record at a decision instant: nothing up to it changes by a single bit."""
    instant = from_micros(int(full().features.decide_at_us[row]))
    cut = assessed(reference(), instant)

    assert len(cut.features.sessions_on) == row + 1
    assert differences(full(), cut, row + 1) == []


def poison(after_row: int) -> tuple[Fact, ...]:
    """Absurd facts known right after the decision of ``after_row``.

    Of the rank of what they correct, and prices within belief: what stops them is time alone.
    """
    instant = from_micros(int(full().features.decide_at_us[after_row])) + timedelta(microseconds=1)
    twisted = []
    for fact in reference():
        payload = dict(fact.payload)
        if fact.kind == "bar" and fact.known_at < instant:
            payload["close"] = 1.2 * float(payload["close"])
        elif fact.kind == "observation" and fact.known_at < instant:
            payload["value"] = 99.0
        elif fact.kind == "headline":
            payload["headline"] = "US bans all Nvidia sales and Nvidia goes bankrupt"
            payload["event_type"] = "export_restriction"
        elif fact.kind == "model_release":
            payload["price_input_usd_per_mtok"] = 0.0001
            payload["hardware_named"] = "Huawei Ascend"
        elif fact.kind == "earnings":
            payload["guide_vs_consensus_pct"] = "-90"
        elif fact.kind == "corporate_action" and fact.known_at < instant:
            payload["value"] = 7.0
        elif fact.kind == "shares" and fact.known_at < instant:
            payload["shares_bn"] = 900.0
        elif fact.kind == "accelerator" and fact.known_at < instant:
            payload["rent_usd_per_hour"] = 0.01
        elif fact.kind == "fomc_decision" and fact.known_at < instant:
            payload |= {"target_lower_after": "9.00", "target_upper_after": "9.25"}
        elif fact.kind == "fomc_meeting" and fact.known_at < instant:
            payload["meeting_end"] = "2024-01-17"
        elif fact.kind == "availability" and fact.known_at < instant:
            payload |= {"us_permission": "barred", "china_acceptance": "blocked"}
        else:
            continue
        twisted.append(
            Fact(
                kind=fact.kind,
                key=fact.key,
                occurred_at=fact.occurred_at,
                known_at=max(fact.known_at, instant),
                source="poison",
                payload=payload,
                confidence=1.0,
                backfilled=fact.backfilled,
            )
        )
    return tuple(twisted)


@pytest.mark.parametrize("row", [300, 700, 912])
def test_poison_absurd_facts_known_later_change_nothing_before(row: int) -> None:
    """Corrections and lies known after t leave every row up to t as it was."""
    poisoned = assessed((*reference(), *poison(row)))

    assert differences(full(), poisoned, row + 1) == []
    assert differences(full(), poisoned, len(full().features.sessions_on)) != []


def test_order_of_arrival_changes_nothing() -> None:
    """The same facts in another order give the same bits and the same data hash."""
    shuffled = list(reference())
    random.Random(7).shuffle(shuffled)
    other = assessed(tuple(shuffled))

    assert differences(full(), other, len(full().features.sessions_on)) == []
    assert other.world.data_hash == full().world.data_hash


def test_parity_decisions_made_day_by_day_equal_one_backtest() -> None:
    """The last row of each morning's run is the row of the one run over everything, with all that
    it says of the weeks ahead; of the receipt the hash of the data alone is the morning's own.

    Mornings on which risk allowed a part only, a sold one, and the two around 2025-08-22.
    """
    for row in (92, 197, 652, 820, 912, 913):
        instant = from_micros(int(full().features.decide_at_us[row]))
        morning = assessed(reference(), instant).decision
        backtest = full().decision_at(row, whole=True)

        for told in fields(morning):
            if told.name != "data_hash":
                assert getattr(morning, told.name) == getattr(backtest, told.name), told.name


def test_a_cheating_feature_is_caught_by_truncation() -> None:
    """The comparison is able to fail: a feature that looks one row ahead differs."""
    honest = full()
    row = 400
    cut = assessed(reference(), from_micros(int(honest.features.decide_at_us[row])))
    peeking = dict(honest.features.values)
    peeking["nvda_return"] = np.roll(peeking["nvda_return"], -1)
    cheated = peeking["nvda_return"][: row + 1].tobytes()

    assert cheated != cut.features.values["nvda_return"][: row + 1].tobytes()
