"""What the classifier is worth: event-grouped cross-validation and the figures of forecasts.

A figure of cross-validation says how well wording like that of the labelled rows is read; the rules
were written with an eye on those rows. What counts are headlines and streams nobody made rules from
(``tests/data/headlines``, ``tests/streams.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from engine.news import classify as c
from engine.news import rules
from engine.news.reading import evidence
from engine.news.taxonomy import EVENT_TYPES, IRRELEVANT
from engine.values import FloatArray

IntArray = npt.NDArray[np.int64]

_INDEX: Mapping[str, int] = MappingProxyType({name: i for i, name in enumerate(EVENT_TYPES)})


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossValidation:
    """Figures of a cross-validation in which no event is on both sides.

    confusion: (types, types) counts, true type by row, predicted by column.
    ``direction_accuracy`` is over relevant rows, with the type as predicted. ``coverage`` is the
    share not abstained, ``accuracy_answered`` the accuracy on it. ``calibration_error`` is the
    expected calibration error over ten equal bins. ``rule_*``: the rules alone. ``by_language``:
    macro-F1 by language.
    """

    rows: int
    groups: int
    folds: int
    macro_f1: float
    accuracy: float
    direction_accuracy: float
    relevance_f1: float
    coverage: float
    accuracy_answered: float
    calibration_error: float
    log_loss: float
    rule_macro_f1: float
    rule_direction_accuracy: float
    by_type: Mapping[str, tuple[float, float, float, int]]
    by_language: Mapping[str, float]
    confusion: IntArray
    mistakes: tuple[tuple[str, str, str, float], ...]
    predicted: tuple[c.Classification, ...]


def f1_by_class(truth: IntArray, predicted: IntArray, classes: int) -> FloatArray:
    """Precision, recall, F1 of each class: shape (classes, 3); NaN F1 for a class never seen."""
    table = np.zeros((classes, classes))
    np.add.at(table, (truth, predicted), 1)
    hits, said, real = np.diag(table), table.sum(axis=0), table.sum(axis=1)
    precision = np.divide(hits, said, out=np.zeros(classes), where=said > 0)
    recall = np.divide(hits, real, out=np.zeros(classes), where=real > 0)
    both = precision + recall
    f1 = np.divide(2 * precision * recall, both, out=np.zeros(classes), where=both > 0)
    return np.column_stack([precision, recall, np.where((real > 0) | (said > 0), f1, np.nan)])


def calibration_error(
    confidence: FloatArray, right: npt.NDArray[np.bool_], bins: int = 10
) -> float:
    """Expected calibration error: mean gap between confidence and accuracy over equal bins."""
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gaps = [
        abs(float(right[place == b].mean()) - float(confidence[place == b].mean()))
        * float((place == b).mean())
        for b in range(bins)
        if (place == b).any()
    ]
    return float(sum(gaps))


def cross_validate(rows: Sequence[c.LabelledHeadline], *, folds: int = 5) -> CrossValidation:
    """Event-grouped cross-validation of the whole chain, temperature and abstention included."""
    fold = c.group_folds([row.event_group for row in rows], folds)
    found: dict[int, c.Classification] = {}
    probability = np.zeros((len(rows), len(EVENT_TYPES)))
    for k in range(folds):
        outside = np.flatnonzero(fold == k).tolist()
        model = c.fit([row for row, f in zip(rows, fold.tolist(), strict=True) if f != k])
        headlines = [rows[i].headline for i in outside]
        probability[outside] = model.probabilities(headlines)
        found.update(zip(outside, model.classify(headlines), strict=True))
    return _validation(rows, tuple(found[i] for i in range(len(rows))), probability, folds)


def _validation(
    rows: Sequence[c.LabelledHeadline],
    found: tuple[c.Classification, ...],
    probability: FloatArray,
    folds: int,
) -> CrossValidation:
    truth = np.array([_INDEX[row.event_type] for row in rows], dtype=np.int64)
    guess = np.array([_INDEX[one.event_type] for one in found], dtype=np.int64)
    wanted = np.array([row.direction for row in rows])
    senses = np.array([one.direction for one in found])
    answered = np.array([not one.abstained for one in found])
    confidence = np.array([one.confidence for one in found])
    right, real = guess == truth, truth != _INDEX[IRRELEVANT]
    scores = f1_by_class(truth, guess, len(EVENT_TYPES))
    matrix = evidence([one.reading for one in found])
    by_rule = rules.type_scores(rules.rule_votes(matrix)).argmax(axis=1).astype(np.int64)
    rule_senses = rules.directions(matrix, [EVENT_TYPES[i] for i in by_rule])
    relevance = f1_by_class(real.astype(np.int64), np.array([o.relevant for o in found], int), 2)
    confusion = np.zeros((len(EVENT_TYPES), len(EVENT_TYPES)), dtype=np.int64)
    np.add.at(confusion, (truth, guess), 1)
    at = np.arange(len(truth))
    return CrossValidation(
        rows=len(rows),
        groups=len({row.event_group for row in rows}),
        folds=folds,
        macro_f1=float(np.nanmean(scores[:, 2])),
        accuracy=float(right.mean()),
        direction_accuracy=float((senses == wanted)[real].mean()),
        relevance_f1=float(relevance[1, 2]),
        coverage=float(answered.mean()),
        accuracy_answered=float(right[answered].mean()),
        calibration_error=calibration_error(confidence, right),
        log_loss=float(-np.log(np.maximum(probability[at, truth], 1e-12)).mean()),
        rule_macro_f1=float(np.nanmean(f1_by_class(truth, by_rule, len(EVENT_TYPES))[:, 2])),
        rule_direction_accuracy=float((rule_senses == wanted)[real].mean()),
        by_type=_by_type(scores, truth),
        by_language=_by_language(rows, truth, guess),
        confusion=confusion,
        mistakes=_worst(rows, found),
        predicted=found,
    )


def _by_type(scores: FloatArray, truth: IntArray) -> Mapping[str, tuple[float, float, float, int]]:
    return {
        name: (float(p), float(r), float(f), int((truth == i).sum()))
        for i, (name, (p, r, f)) in enumerate(zip(EVENT_TYPES, scores, strict=True))
    }


def _by_language(
    rows: Sequence[c.LabelledHeadline], truth: IntArray, guess: IntArray
) -> Mapping[str, float]:
    languages = np.array([row.lang for row in rows])
    found = {}
    for lang in sorted(set(languages.tolist())):
        own = languages == lang
        f1 = f1_by_class(truth[own], guess[own], len(EVENT_TYPES))[:, 2]
        found[str(lang)] = float(np.nanmean(f1))
    return found


def _worst(
    rows: Sequence[c.LabelledHeadline], found: Sequence[c.Classification]
) -> tuple[tuple[str, str, str, float], ...]:
    """Ten most confident mistakes: (headline, truth, predicted, confidence)."""
    wrong = [
        (row.headline, row.event_type, c.event_type, c.confidence)
        for row, c in zip(rows, found, strict=True)
        if row.event_type != c.event_type
    ]
    return tuple(sorted(wrong, key=lambda m: (-m[3], m[0]))[:10])
