"""The fitted model: figures without leakage, arrays without pickle, the same answer every time."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import precision_recall_fscore_support

from engine.errors import DataError, InputError, UnknownNameError
from engine.news import classify as c
from engine.news import validation
from engine.news.reading import read
from engine.news.taxonomy import EVENT_TYPES

CSV = Path(__file__).resolve().parents[3] / "config" / "headlines.csv"


@pytest.fixture(scope="module")
def labelled() -> tuple[c.LabelledHeadline, ...]:
    with CSV.open(newline="", encoding="utf-8") as file:
        return c.parse_labelled(csv.DictReader(file))


@pytest.fixture(scope="module")
def model(labelled: tuple[c.LabelledHeadline, ...]) -> c.Classifier:
    return c.fit(labelled, key="k" * 64, calibrate=False)


def test_the_labelled_set_is_large_bilingual_and_not_repeated(
    labelled: tuple[c.LabelledHeadline, ...],
) -> None:
    assert len(labelled) >= 2_000
    assert {r.lang for r in labelled} == {"en", "fr", "zh"}
    assert {r.event_type for r in labelled} == set(EVENT_TYPES)
    assert len({r.headline.casefold() for r in labelled}) == len(labelled)
    assert all(r.direction == 0 for r in labelled if r.event_type == "irrelevant")


def test_no_event_is_on_both_sides_of_a_fold(labelled: tuple[c.LabelledHeadline, ...]) -> None:
    groups = [r.event_group for r in labelled]
    fold = c.group_folds(groups, 5)
    by_group: dict[str, set[int]] = {}
    for group, k in zip(groups, fold.tolist(), strict=True):
        by_group.setdefault(group, set()).add(k)
    assert all(len(folds) == 1 for folds in by_group.values())
    assert set(fold.tolist()) == set(range(5))


def test_a_word_row_is_what_scikit_learn_computes() -> None:
    documents = [["a", "b", "b"], ["b", "c"], ["a", "d", "d", "d"]]
    terms, idf = c.fit_vocabulary(documents, 1)
    theirs = TfidfVectorizer(analyzer=lambda d: d, sublinear_tf=True)
    expected = theirs.fit_transform(documents).toarray()
    assert terms == tuple(theirs.get_feature_names_out())
    vocabulary = {t: i for i, t in enumerate(terms)}
    for document, row in zip(documents, expected, strict=True):
        ours = c.tfidf_row(document, vocabulary, idf.tolist())
        assert [ours.get(i, 0.0) for i in range(len(terms))] == pytest.approx(row.tolist())


def test_character_grams_are_those_of_char_wb() -> None:
    theirs = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)).build_analyzer()
    assert sorted(c.char_terms("huawei")) == sorted(theirs("huawei"))


def test_scores_by_class_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    truth, guess = rng.integers(0, 4, 200), rng.integers(0, 4, 200)
    p, r, f, _ = precision_recall_fscore_support(truth, guess, labels=range(4))
    np.testing.assert_allclose(validation.f1_by_class(truth, guess, 4), np.column_stack([p, r, f]))


def test_calibration_error_of_an_honest_and_of_a_boastful_forecaster() -> None:
    right = np.array([True] * 7 + [False] * 3)
    assert validation.calibration_error(np.full(10, 0.7), right) == pytest.approx(0.0)
    assert validation.calibration_error(np.full(10, 1.0), right) == pytest.approx(0.3)


def test_wording_never_seen_is_understood(model: c.Classifier) -> None:
    expected = {
        "WASHINGTON GREENLIGHTS BLACKWELL EXPORTS TO CHINA": ("export_relief", 1),
        "Commerce slaps fresh curbs on Nvidia shipments to China": ("export_restriction", -1),
        "Beijing orders Tencent to cancel H20 purchases": ("china_purchase_ban", -1),
        "Hygon DCU picked by China Unicom for inference": ("domestic_chip_adoption", -1),
        "Meta hikes 2027 capex to $150 bln": ("capex_increase", 1),
        "La Fed réduit ses taux de 25 points de base": ("rates", 1),
        "Newcastle beat Arsenal in cup thriller": ("irrelevant", 0),
    }
    found = model.classify(expected)
    assert [(f.event_type, f.direction) for f in found] == list(expected.values())


def test_probabilities_sum_to_one_and_order_does_not_matter(model: c.Classifier) -> None:
    headlines = ["US bans H20", "Fed cuts rates", "", "!!!", "Qwen4 released", "Chips au vinaigre"]
    probability = model.probabilities(headlines)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    np.testing.assert_allclose(model.probabilities(headlines[::-1])[::-1], probability)
    assert model.classify(headlines) == model.classify(headlines)


def test_empty_and_absurd_text_is_not_our_business(model: c.Classifier) -> None:
    for found in model.classify(["", "\x00\x1b[31m", "\u202e" * 50, "a" * 10_000]):
        assert found.abstained or not found.relevant


def test_scores_kept_of_words_seen_before_change_no_answer(
    model: c.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all kept, and with what was kept forgotten in between: the same to the bit.

    All at once they are alike but for the last bit, as sums of another shape are.
    """
    titles = ["US bars Nvidia H20 sales to China", "China bars purchases of Nvidia H20", "", "H20"]
    found = []
    for kept in (-1, 3, 50_000):
        monkeypatch.setattr(c, "_KEPT_WORDS", kept)
        fresh = c.Classifier.from_arrays(model.to_arrays())
        found.append([fresh.classify([title])[0].confidence for title in titles])
    assert found[0] == found[1] == found[2]
    at_once = [a.confidence for a in fresh.classify(titles)]
    assert found[0] == pytest.approx(at_once, rel=1e-12)


def test_the_pairs_of_a_headline_are_those_of_the_slow_definition(model: c.Classifier) -> None:
    features = c._Featurizer((), np.zeros(0), (), np.zeros(0), model.pairs)
    number = {pair: i for i, pair in enumerate(model.pairs)}
    found = 0
    for title in (
        "US bars Nvidia H20 sales to China",
        "Meta lifts capex, Huawei ships Ascend 910C",
    ):
        reading = read(title)
        slow = {number[p] for p in c.pair_terms(reading) if p in number}
        assert features._known_pairs(reading.hits) == slow
        found += len(slow)
    assert found > 4


def test_two_fits_are_the_same_to_the_bit(labelled: tuple[c.LabelledHeadline, ...]) -> None:
    part = labelled[::12]
    first, second = (c.fit(part, calibrate=False).to_arrays() for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_stored_model_answers_as_before_without_pickle(model: c.Classifier) -> None:
    file = io.BytesIO()
    np.savez(file, **model.to_arrays())  # type: ignore[arg-type]
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        again = c.Classifier.from_arrays(arrays)
        assert all(arrays[name].dtype != object for name in arrays)
    headlines = ["US lifts H20 ban", "DeepSeek R2 failed on Ascend"]
    assert again.classify(headlines) == model.classify(headlines)
    assert again.version == "linear-2/kkkkkkkkkkkk"


def test_a_damaged_model_is_refused(model: c.Classifier) -> None:
    arrays = model.to_arrays()
    with pytest.raises(DataError):
        c.Classifier.from_arrays({k: v for k, v in arrays.items() if k != "bias"})
    with pytest.raises(DataError, match="shape"):
        c.Classifier.from_arrays(arrays | {"words": arrays["words"][:-1]})


def test_an_uncertain_headline_is_left_unclassified(model: c.Classifier) -> None:
    found = model.classify(["US bans H20 exports to China", "Nvidia x"])
    assert not found[0].abstained
    assert all(f.abstained for f in found if f.confidence < c.ABSTAIN_BELOW)


def _record(**changes: str) -> dict[str, str]:
    row = {
        "headline": "US bans H20", "event_type": "export_restriction", "direction": "-1",
        "lang": "en", "synthetic": "false", "event_group": "g", "actor": "", "stage": "announced",
    }  # fmt: skip
    return row | changes


def test_words_of_policy_without_a_step_have_no_sign(model: c.Classifier) -> None:
    """A figure of speech that no frame understands is left open; what is done is answered."""
    told, untold = model.classify(
        ["US bars Nvidia from selling H20 chips to China", "H20 curbs, a stone in Nvidia's shoe"]
    )
    assert not told.abstained
    assert told.direction == -1
    assert untold.event_type == "export_restriction"
    assert untold.abstained


def test_a_bad_row_is_named_with_its_line() -> None:
    with pytest.raises(InputError, match="line 3: direction '2'"):
        c.parse_labelled([_record(), _record(direction="2")])
    with pytest.raises(UnknownNameError, match="line 2"):
        c.parse_labelled([_record(event_type="export_ban")])
    with pytest.raises(InputError, match="empty headline"):
        c.parse_labelled([_record(headline=" ")])
    with pytest.raises(InputError, match="'lang' is missing"):
        c.parse_labelled([{k: v for k, v in _record().items() if k != "lang"}])
    with pytest.raises(InputError, match="two event types"):
        c.parse_labelled([_record()])


@pytest.mark.slow
def test_cross_validation_reaches_the_published_figures(
    labelled: tuple[c.LabelledHeadline, ...],
) -> None:
    v = validation.cross_validate(labelled, folds=3)
    assert v.macro_f1 >= 0.75
    assert v.direction_accuracy >= 0.80  # a third of the rows are oblique on purpose
    assert v.relevance_f1 >= 0.93
    assert v.calibration_error <= 0.05
    assert v.accuracy_answered > v.accuracy > 0.8
    assert v.confusion.sum() == v.rows == len(labelled)
    assert np.trace(v.confusion) / v.rows == pytest.approx(v.accuracy)
    assert v.macro_f1 > v.rule_macro_f1
    assert len(v.mistakes) == 10
