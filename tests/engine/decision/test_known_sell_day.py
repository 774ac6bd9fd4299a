"""A made-up record that sells, by hand: score, range, verdict, share, since and margin."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import ClassVar

import numpy as np
import pytest

from config.strategy import Rule
from engine.clock import to_micros
from engine.decision.decide import Evaluation, evaluate, since_row
from engine.decision.evidence import Blend, Voice
from engine.decision.explain import Origin, decision_at
from engine.values import Decision, Features, FloatArray
from strategies.base import Level, Params, Strategy
from tests.engine.decision.small_worlds import morning, weekdays

NAN = float("nan")


class Said(Strategy):
    """A made-up voice that says what one feature says, with a doubt of 0.3."""

    name: ClassVar[str] = "said"
    feature: ClassVar[str] = "first"
    needs: ClassVar[frozenset[str]] = frozenset({"first"})
    levels_spec: ClassVar[Mapping[str, Level]] = MappingProxyType(
        {"first": Level(low=-1, high=1, unit="", meaning="made up")}
    )

    def score(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        return levels[self.feature]

    def doubt(self, levels: Mapping[str, FloatArray], p: Params) -> FloatArray:
        return np.full(np.shape(levels[self.feature]), 0.3)


class SaidToo(Said):
    """The second voice."""

    name: ClassVar[str] = "said_too"
    feature: ClassVar[str] = "second"
    needs: ClassVar[frozenset[str]] = frozenset({"second"})
    levels_spec: ClassVar[Mapping[str, Level]] = MappingProxyType(
        {"second": Level(low=-1, high=1, unit="", meaning="made up")}
    )


DAYS = weekdays(date(2025, 1, 6), 6)
FIRST = [0.5, -0.8, -0.8, 0.1, NAN, 0.6]
SECOND = [0.5, -0.6, -0.6, -0.4, -0.4, 0.6]
"""Weights 0.75 and 0.25: scores 0.5, -0.75, -0.75, -0.025, -0.1 (of the second alone), 0.6."""

RULE = Rule(
    exit_below=-0.2, enter_above=0.1, min_sessions_between_changes=0, sell_weight=0.25,
    sell_chance=0.8,
)  # fmt: skip
BLEND = Blend(
    voices=(
        Voice(strategy=Said(), weight=3.0, params={}),
        Voice(strategy=SaidToo(), weight=1.0, params={}),
    ),
    rule=RULE,
)
BOTH_SEEN = 0.237170825
"""sqrt((0.75 * 0.3)**2 + (0.25 * 0.3)**2): the doubts are independent."""
FIRST_SILENT = 0.439459896
"""sqrt((0.25 * 0.3)**2 + 0.75**2 / 3): a silent voice could be anything from -1 to 1."""
QUANTILE = 0.841621234
"""Of the normal distribution at 0.8."""


def made() -> tuple[Features, Evaluation]:
    values = {"first": np.array(FIRST), "second": np.array(SECOND)}
    features = Features(
        sessions_on=tuple(DAYS),
        decide_at_us=np.array([to_micros(morning(day)) for day in DAYS]),
        values=values,
    )
    return features, evaluate(BLEND, features)


ORIGIN = Origin(
    decided_at=datetime(2025, 1, 6, 13, 30, tzinfo=UTC), strategy_file="made-up.toml",
    config_hash="c", data_hash="d", code_version="t",
)  # fmt: skip


def decided(t: int) -> Decision:
    features, evaluation = made()
    return decision_at(BLEND, features, evaluation, ORIGIN, t=t)


def test_the_scores_and_their_range() -> None:
    """0.75 a + 0.25 b over what was observed; what was not widens and is named as silent."""
    _, told = made()

    assert told.score == pytest.approx([0.5, -0.75, -0.75, -0.025, -0.1, 0.6])
    spread = [BOTH_SEEN] * 4 + [FIRST_SILENT, BOTH_SEEN]
    assert told.spread == pytest.approx(spread, abs=1e-8)
    assert told.silent == pytest.approx([0, 0, 0, 0, 0.75, 0])
    assert told.coverage == pytest.approx([1, 1, 1, 1, 0.25, 1])


def test_the_verdict_turns_and_turns_back() -> None:
    """-0.75 + 0.8416 * 0.2372 = -0.550 lies below -0.2; back only above 0.1."""
    said = [decided(t) for t in range(6)]

    verdicts = ["HOLD", "SELL", "SELL", "SELL", "SELL", "HOLD"]
    assert [d.verdict for d in said] == verdicts
    assert [d.target_weight for d in said] == [1.0, 0.25, 0.25, 0.25, 0.25, 1.0]
    assert [d.changed for d in said] == [False, True, False, False, False, True]
    since = [DAYS[0], DAYS[1], DAYS[1], DAYS[1], DAYS[1], DAYS[5]]
    assert [d.since_on for d in said] == since


@pytest.mark.parametrize(
    ("t", "margin"),
    [
        (0, 0.5 + QUANTILE * BOTH_SEEN + 0.2),  # holding: to where SELL would be said
        (1, 0.1 + 0.75),  # sold: to where HOLD comes back
        (3, 0.1 + 0.025),
        (4, 0.1 + 0.1),
        (5, 0.6 + QUANTILE * BOTH_SEEN + 0.2),
    ],
)
def test_the_distance_to_the_other_verdict(t: int, margin: float) -> None:
    """Positive on both sides, and to the line that would turn this day's verdict."""
    assert decided(t).margin == pytest.approx(margin, abs=1e-8)


@pytest.mark.parametrize(
    ("t", "chance"),
    [
        (1, 0.98980),  # N((-0.2 + 0.75) / 0.23717) = N(2.31900)
        (3, 0.23030),  # N((-0.2 + 0.025) / 0.23717) = N(-0.73787)
        (4, 0.41000),  # N((-0.2 + 0.1) / 0.43946) = N(-0.22755)
    ],
)
def test_the_chance_of_being_beyond_the_line(t: int, chance: float) -> None:
    """Of a normal distribution about the score, as wide as its standard error."""
    assert decided(t).chance_beyond == pytest.approx(chance, abs=2e-5)


def test_a_sum_below_the_line_does_not_sell_while_it_is_not_sure_enough() -> None:
    """-0.35 + 0.8416 * 0.2372 = -0.150 is not below -0.2; at an even chance it is."""
    days = DAYS[:1]
    features = Features(
        sessions_on=tuple(days),
        decide_at_us=np.array([to_micros(morning(days[0]))]),
        values={"first": np.array([-0.35]), "second": np.array([-0.35])},
    )
    even = Blend(voices=BLEND.voices, rule=RULE.model_copy(update={"sell_chance": 0.5}))

    assert evaluate(BLEND, features).invested.tolist() == [True]
    assert evaluate(even, features).invested.tolist() == [False]


@pytest.mark.parametrize(
    ("invested", "t", "first"),
    [
        ([True, True, True], 2, 0),  # since the first session of the record, not the second
        ([False, True, True], 2, 1),
        ([True, False, True], 2, 2),
        ([True, False, False, True], 2, 1),
        ([True], 0, 0),
    ],
)
def test_a_verdict_stands_since_the_first_session_of_its_run(
    invested: list[bool], t: int, first: int
) -> None:
    """The unbroken run that ends at row t."""
    assert since_row(invested, t) == first
