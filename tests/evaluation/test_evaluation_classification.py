"""Figures against scikit-learn; calibration and label errors by hand; what is left out and what is refused."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from lightly_ray.data.labels.table import Labels
from lightly_ray.errors import InvalidInputError
from lightly_ray.evaluation import Evaluation, evaluate
from tests.evaluation.tables import classified, detected, distributions

CLASSES = ("ant", "bee", "cat", "dog")
PREDICTED = distributions({"a": [1, 0], "b": [1, 0]}, ["ant", "bee"])


def drawn(seed: int, count: int) -> tuple[dict[str, str], dict[str, list[float]]]:
    """Labels and distributions; the model knows `dog` and nobody labels it, `elk` is labelled and it does not know."""
    rng = np.random.default_rng(seed)
    names = [f"{number:04}.jpg" for number in rng.permutation(count)]
    classes = ["ant", *rng.choice(["ant", "bee", "cat", "elk"], count - 1).tolist()]
    labels = dict(zip(names, classes, strict=True))
    rows = rng.dirichlet(np.full(4, 0.4), count)
    return labels, dict(zip(names, rows.tolist(), strict=True))


def evaluated(labels: dict[str, str], rows: dict[str, list[float]]) -> Evaluation:
    backwards = dict(reversed(rows.items()))  # joined by name: the order of rows must not matter
    return evaluate(classified({name: [one] for name, one in labels.items()}), distributions(backwards, CLASSES))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 60))
def test_figures__are_those_of_scikit_learn(seed: int, count: int) -> None:
    labels, rows = drawn(seed, count)
    result = evaluated(labels, rows)
    names = [one.name for one in result.classes]
    assert names == [*CLASSES, *(["elk"] if "elk" in labels.values() else [])]
    truth = [labels[name] for name in result.filenames.to_pylist()]
    guess = [CLASSES[int(np.argmax(rows[name]))] for name in result.filenames.to_pylist()]
    assert result.metrics["accuracy"] == accuracy_score(truth, guess)
    assert result.metrics["macro_f1"] == pytest.approx(f1_score(truth, guess, average="macro", zero_division=0))
    figures = precision_recall_fscore_support(truth, guess, labels=names, zero_division=np.nan)
    for place, field in enumerate(("precision", "recall", "f1", "support")):
        found = [getattr(one, field) for one in result.classes]
        np.testing.assert_allclose(found, figures[place], equal_nan=True)
    np.testing.assert_array_equal(result.confusion_matrix(), confusion_matrix(truth, guess, labels=names))
    assert result.counts.evaluated == count


def test_scores__by_hand() -> None:
    labels = {"a": "ant", "b": "ant", "c": "bee", "d": "bee"}
    rows = {"a": [0.9, 0.1, 0, 0], "b": [0.3, 0.7, 0, 0], "c": [0.5, 0.5, 0, 0], "d": [0.25, 0.75, 0, 0]}
    result = evaluated(labels, rows)
    # Thresholds: ant (0.9 + 0.3) / 2 = 0.6, bee (0.5 + 0.75) / 2 = 0.625. b is confidently a bee; c is confidently
    # nothing, although it is predicted as an ant.
    np.testing.assert_allclose(result.scores["prediction_error"], [0.1, 0.7, 0.5, 0.25])
    np.testing.assert_allclose(result.scores["label_error"], [0, 0.7, 0, 0])
    assert result.likely_label_errors == 1
    assert result.metrics["accuracy"] == 0.5
    assert result.to_json()["worst"]["label_error"] == [{"filename": "b", "value": pytest.approx(0.7)}]


def test_label_error__is_one_for_a_class_that_the_model_does_not_know() -> None:
    result = evaluated(
        {"a": "ant", "b": "elk", "c": "ant"}, {"a": [0.8, 0.2, 0, 0], "b": [1, 0, 0, 0], "c": [1, 0, 0, 0]}
    )
    assert result.scores["label_error"].tolist() == [0, 1, 0]


def test_calibration_error__by_hand() -> None:
    # Bins of 1 / 15: 0.6 ends the ninth, 0.61 begins the tenth.
    rows = {"a": [0.6, 0.4, 0, 0], "b": [0.61, 0.39, 0, 0], "c": [0.63, 0.37, 0, 0]}
    result = evaluated({"a": "ant", "b": "ant", "c": "bee"}, rows)
    filled = {number: one.count for number, one in enumerate(result.calibration) if one.count}
    assert filled == {8: 1, 9: 2}
    assert result.metrics["expected_calibration_error"] == pytest.approx(1 / 3 * 0.4 + 2 / 3 * (0.62 - 0.5))


def test_json__is_json_and_has_no_nan() -> None:
    text = json.dumps(evaluated(*drawn(3, 20)).to_json(), allow_nan=False)
    stored = json.loads(text)
    assert stored["classes"][3]["name"] == "dog"
    assert stored["classes"][3]["recall"] is None
    assert sum(count for _, _, count in stored["confusion"]) == 20


def test_left_out__is_counted() -> None:
    labels = classified({"a": ["ant"], "nobody predicted": ["bee"], "nothing to be seen": []}, skipped=["blurred"])
    result = evaluate(labels, distributions({"a": [1, 0, 0, 0], "b": [1, 0, 0, 0], "blurred": [0, 0, 0, 1]}, CLASSES))
    assert result.to_json()["counts"] == {
        "evaluated": 1,
        "without_prediction": 1,
        "without_label": 1,
        "unlabelled": 1,
        "cannot_be_labelled": 1,
    }


def test_several_classes__are_refused() -> None:
    with pytest.raises(InvalidInputError, match="1 of 2 samples have more than one class, first: 'b'"):
        evaluate(classified({"a": ["ant"], "b": ["ant", "bee"]}), PREDICTED)


def test_no_common_class__is_refused() -> None:
    with pytest.raises(InvalidInputError, match="labels have 'ant', predictions '0', '1'"):
        evaluate(classified({"a": ["ant"]}), distributions({"a": [0.5, 0.5]}))


def test_no_common_sample__is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"none of the 1 labelled samples has a prediction, first: 'x/a\.jpg'"):
        evaluate(classified({"x/a.jpg": ["0"]}), distributions({"a.jpg": [0.5, 0.5]}))


def test_labels_without_file_names__are_refused() -> None:
    labels = classified({"a": ["ant"]})
    columns = labels.table.set_column(0, "sample_id", [["id-1"]]).set_column(1, "filename", [[None]])
    nameless = Labels("classification", labels.classes, columns.cast(labels.table.schema))
    with pytest.raises(InvalidInputError, match="row 0 has none, only the id 'id-1'"):
        evaluate(nameless, PREDICTED)


def test_segmentation__is_refused() -> None:
    labels, predictions = classified({"a": ["0"]}), detected({"a": []})
    labels = Labels("segmentation", labels.classes, labels.table)
    predictions = type(predictions)("segmentation", predictions.classes, predictions.table)
    with pytest.raises(InvalidInputError, match="segmentation cannot be evaluated yet"):
        evaluate(labels, predictions)
