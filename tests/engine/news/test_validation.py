"""The figures of a cross-validation, worked out by hand, and who is trained on what."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from math import log
from typing import Any

import numpy as np
import pytest

from engine.news import classify as c
from engine.news import validation
from engine.news.reading import read
from engine.news.taxonomy import EVENT_TYPES
from engine.values import Stage

BAN, HOLD, CUP, RAIN = (
    "US bans Nvidia H20 exports to China", "Fed holds rates steady",
    "Newcastle beat Arsenal in cup thriller", "Rain",
)  # fmt: skip


def row(headline: str, kind: str, sense: Any, lang: str = "en", group: str = "") -> Any:
    return c.LabelledHeadline(
        headline=headline, event_type=kind, direction=sense, lang=lang, synthetic=False,
        event_group=group or headline, actor="", stage="announced",
    )  # fmt: skip


def found(
    headline: str, kind: str, sense: Any, confidence: float, *, relevant: bool = True,
    abstained: bool = False,
) -> c.Classification:  # fmt: skip
    return c.Classification(
        headline=headline, event_type=kind, direction=sense, actor="", stage=Stage.ANNOUNCED,
        confidence=confidence, relevant=relevant, abstained=abstained, reading=read(headline),
    )  # fmt: skip


ROWS = [
    row(BAN, "export_restriction", -1),
    row(HOLD, "rates", 1, "fr", "one"),
    row(CUP, "irrelevant", 0, group="one"),
    row(RAIN, "rates", -1),
]
FOUND = (
    found(BAN, "export_restriction", -1, 0.9),
    found(HOLD, "rates", 1, 0.8),
    found(CUP, "rates", 0, 0.7),
    found(RAIN, "irrelevant", 0, 0.3, relevant=False, abstained=True),
)
BAN_AT, RATES_AT, NONE_AT = (
    EVENT_TYPES.index(n) for n in ("export_restriction", "rates", "irrelevant")
)


def figures() -> validation.CrossValidation:
    probability = np.zeros((4, len(EVENT_TYPES)))
    probability[[0, 1, 3], [BAN_AT, RATES_AT, RATES_AT]] = 0.9, 0.5, 0.25  # and 0 of CUP's
    return validation._validation(ROWS, FOUND, probability, 7)


def test_types_are_scored_by_class() -> None:
    """The ban is right; of two rates said and two real one is right; irrelevant is wrong both
    ways. F1 of 1, 0.5 and 0 over the three classes seen."""
    v = figures()
    assert (v.rows, v.groups, v.folds) == (4, 3, 7)
    assert v.macro_f1 == pytest.approx(0.5)
    assert v.accuracy == 0.5
    assert v.by_type["export_restriction"] == (1.0, 1.0, 1.0, 1)
    assert v.by_type["rates"] == (0.5, 0.5, 0.5, 2)
    assert v.by_type["irrelevant"] == (0.0, 0.0, 0.0, 1)
    assert np.isnan(v.by_type["capex_cut"][2])
    assert list(v.by_type) == list(EVENT_TYPES)
    expected = np.zeros((19, 19), dtype=int)
    expected[[BAN_AT, RATES_AT, NONE_AT, RATES_AT], [BAN_AT, RATES_AT, RATES_AT, NONE_AT]] = 1
    assert (v.confusion == expected).all()
    assert v.predicted == FOUND


def test_senses_relevance_and_answers_are_scored_apart() -> None:
    """Of the three relevant rows two senses are right. Said relevant 3, real 3, both 2.
    Three are answered, two of them right."""
    v = figures()
    assert v.direction_accuracy == pytest.approx(2 / 3)
    assert v.relevance_f1 == pytest.approx(2 / 3)
    assert v.coverage == 0.75
    assert v.accuracy_answered == pytest.approx(2 / 3)


def test_confidence_is_compared_with_what_came_out() -> None:
    """Gaps of 0.1, 0.2, 0.7 and 0.3, a row each; ln of 0.9, 0.5, 10^-12 for nothing, 0.25."""
    v = figures()
    assert v.calibration_error == pytest.approx((0.1 + 0.2 + 0.7 + 0.3) / 4)
    assert v.log_loss == pytest.approx(-(log(0.9) + log(0.5) + log(1e-12) + log(0.25)) / 4)


def test_rules_alone_are_scored_too() -> None:
    """They take rain for irrelevant and the rest right: F1 of 1, 2/3 (1 of 1 said, 1 of 2 real)
    and 2/3; of the senses the ban's alone."""
    v = figures()
    assert v.rule_macro_f1 == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)
    assert v.rule_direction_accuracy == pytest.approx(1 / 3)


def test_languages_are_scored_apart() -> None:
    """English: the ban of three classes is right. French: its one row."""
    assert figures().by_language == pytest.approx({"en": 1 / 3, "fr": 1.0})
    assert list(figures().by_language) == ["en", "fr"]
    rows, every = [row("x", "rates", 0, lang) for lang in "hgfedcba"], np.zeros(8, dtype=int)
    assert list(validation._by_language(rows, every, every)) == list("abcdefgh")


def test_the_worst_mistakes_come_first_and_ten_are_told() -> None:
    assert figures().mistakes == (
        (CUP, "irrelevant", "rates", 0.7),
        (RAIN, "rates", "irrelevant", 0.3),
    )

    names = [f"h{i:02}" for i in reversed(range(12))]
    rows = [row(name, "rates", 0) for name in names]
    wrong = tuple(found(name, "other", 0, 0.5 + 0.1 * (name == "h11")) for name in names)
    told = validation._worst(rows, wrong)
    assert [m[0] for m in told] == ["h11", *(f"h{i:02}" for i in range(9))]


def test_nobody_is_judged_by_a_model_that_saw_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that answers with the number of its rows, three folds by the hash of the event."""
    rows = [row(f"h{i}", "rates", 0, group=f"g{i // 2}") for i in range(12)]
    fold = [int(sha256(r.event_group.encode()).hexdigest()[:16], 16) % 3 for r in rows]
    assert set(fold) == {0, 1, 2}
    trained: list[list[str]] = []

    class Told:
        def __init__(self, size: int) -> None:
            self.size = size

        def probabilities(self, headlines: Sequence[str]) -> Any:
            return np.full((len(headlines), len(EVENT_TYPES)), self.size / 100)

        def classify(self, headlines: Sequence[str]) -> Any:
            return tuple(found(h, "rates", 0, self.size / 100) for h in headlines)

    def fit(given: Sequence[c.LabelledHeadline]) -> Told:
        trained.append([r.headline for r in given])
        return Told(len(given))

    monkeypatch.setattr(c, "fit", fit)
    v = validation.cross_validate(rows, folds=3)

    assert trained == [
        [r.headline for r, f in zip(rows, fold, strict=True) if f != k] for k in (0, 1, 2)
    ]
    assert [p.headline for p in v.predicted] == [r.headline for r in rows]
    sizes = [len(trained[f]) / 100 for f in fold]
    assert [p.confidence for p in v.predicted] == sizes
    assert v.log_loss == pytest.approx(-sum(log(s) for s in sizes) / 12)
    assert (v.folds, v.rows, v.groups, v.accuracy) == (3, 12, 6, 1.0)
    trained.clear()
    validation.cross_validate(rows)
    assert len(trained) == 5


def test_a_class_said_and_never_real_counts_as_nothing_right() -> None:
    """Class 1 is said once and never real: 0, not left out."""
    scores = validation.f1_by_class(np.array([0, 0]), np.array([0, 1]), 3)
    assert scores[1].tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(scores[2, 2])


def test_ten_bins_unless_told_otherwise() -> None:
    """0.62 and 0.68: one bin of ten, gap 0.15; two of twenty, 0.62 and 0.32, a half each."""
    confidence, right = np.array([0.62, 0.68]), np.array([False, True])
    assert validation.calibration_error(confidence, right) == pytest.approx(0.15)
    assert validation.calibration_error(np.array([1.0]), np.array([False])) == 1.0
    assert validation.calibration_error(confidence, right, 20) == pytest.approx(0.47)
