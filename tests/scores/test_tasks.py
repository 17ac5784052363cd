"""Whole batches of every task: good ones, and every way in which one sample can be bad."""

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightly_ray.data.predictions.checks import PredictionFault
from lightly_ray.errors import InvalidInputError
from lightly_ray.scores.detection import Extent, FrequencyConfig
from lightly_ray.scores.tasks import SCORE_NAMES, Task, evaluate, finish_scores, score_table, summarize_scores

CONFIG = FrequencyConfig()
NAN = float("nan")
every_task = pytest.mark.parametrize("task", SCORE_NAMES)

GOOD: dict[Task, dict[str, list[Any]]] = {
    "classification": {"probabilities": [[0.7, 0.2, 0.1], [0.25, 0.75, 0.0]]},
    "detection": {
        "object_probabilities": [[0.5, 0.25, 1.0], []],
        "class_probabilities": [[[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]], []],
    },
    "segmentation": {"probabilities": [[0.5, 0.5, 1.0, 0.0], [0.25, 0.75]], "shape": [[1, 2, 2], [1, 1, 2]]},
    "keypoints": {"keypoints": [[[3.0, 4.0, 0.5, 5.0, 6.0, 0.75], [1.0, 2.0, 0.25]], []]},
}


def _batch(columns: dict[str, list[Any]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns)


@every_task
def test_evaluate__good_samples_have_every_score(task: Task) -> None:
    found = evaluate(task, _batch(GOOD[task]), CONFIG)
    assert found.faults.tolist() == [0, 0]
    assert tuple(found.scores) == SCORE_NAMES[task]
    for scores in found.scores.values():
        assert scores.shape == (2,)
        assert np.isfinite(scores).all()


@every_task
def test_evaluate__a_null_is_missing_and_spoils_nothing_else(task: Task) -> None:
    good = evaluate(task, _batch(GOOD[task]), CONFIG)
    for column in GOOD[task]:
        first, second = GOOD[task][column]
        others = {name: [values[0], None, values[1]] for name, values in GOOD[task].items()}
        found = evaluate(task, _batch({**others, column: [first, None, second]}), CONFIG)
        assert found.faults.tolist() == [0, PredictionFault.MISSING, 0]
        for name, scores in found.scores.items():
            assert np.isnan(scores[1])
            np.testing.assert_array_equal(scores[[0, 2]], good.scores[name])


@every_task
def test_evaluate__an_empty_batch(task: Task) -> None:
    found = evaluate(task, _batch(GOOD[task]).slice(0, 0), CONFIG)
    assert [scores.shape for scores in found.scores.values()] == [(0,)] * len(SCORE_NAMES[task])


@every_task
def test_evaluate__a_slice_equals_its_rows(task: Task) -> None:
    # Slices share the buffers of the whole: offsets and children must be read relative to them.
    whole = evaluate(task, _batch(GOOD[task]), CONFIG)
    last = evaluate(task, _batch(GOOD[task]).slice(1), CONFIG)
    for name, scores in whole.scores.items():
        np.testing.assert_array_equal(last.scores[name], scores[1:])


def _replaced(task: Task, **columns: Any) -> dict[str, list[Any]]:
    """The good samples with a third one between them."""
    return {name: [values[0], columns[name], values[1]] for name, values in GOOD[task].items()}


@pytest.mark.parametrize(
    ("task", "bad", "fault"),
    [
        ("classification", {"probabilities": [0.5, 0.4]}, PredictionFault.SUM),
        ("classification", {"probabilities": [0.5, 0.5012]}, PredictionFault.SUM),
        ("classification", {"probabilities": [0.5, 0.5, NAN]}, PredictionFault.NAN),
        ("classification", {"probabilities": [0.5, None, 0.5]}, PredictionFault.NAN),
        ("classification", {"probabilities": [1.5, -0.5]}, PredictionFault.RANGE),
        ("classification", {"probabilities": [1.0, -0.01]}, PredictionFault.RANGE),
        ("classification", {"probabilities": [0.5, 0.5]}, PredictionFault.CLASSES),
        ("classification", {"probabilities": [float("inf"), 0.0]}, PredictionFault.RANGE),
        ("classification", {"probabilities": [1.25]}, PredictionFault.RANGE),
        ("classification", {"probabilities": []}, PredictionFault.CLASSES),
        ("detection", {"object_probabilities": [0.5], "class_probabilities": []}, PredictionFault.LENGTHS),
        ("detection", {"object_probabilities": [1.5], "class_probabilities": [[0.5, 0.5]]}, PredictionFault.RANGE),
        ("detection", {"object_probabilities": [NAN], "class_probabilities": [[0.5, 0.5]]}, PredictionFault.NAN),
        ("detection", {"object_probabilities": [0.5], "class_probabilities": [[0.5, 0.6]]}, PredictionFault.SUM),
        ("detection", {"object_probabilities": [0.5], "class_probabilities": [[]]}, PredictionFault.CLASSES),
        ("detection", {"object_probabilities": [0.5], "class_probabilities": [None]}, PredictionFault.CLASSES),
        (
            "detection",
            {"object_probabilities": [0.5, 0.5], "class_probabilities": [[0.5, 0.5], [0.5, 0.25, 0.25]]},
            PredictionFault.CLASSES,
        ),
        ("segmentation", {"probabilities": [0.5, 0.5, 0.6, 0.6], "shape": [1, 2, 2]}, PredictionFault.SUM),
        ("segmentation", {"probabilities": [0.5, 0.5], "shape": [1, 2, 2]}, PredictionFault.SHAPE),
        ("segmentation", {"probabilities": [0.5, 0.5], "shape": [1, 2]}, PredictionFault.SHAPE),
        ("segmentation", {"probabilities": [], "shape": [0, 2, 2]}, PredictionFault.SHAPE),
        ("segmentation", {"probabilities": [0.5, 0.5], "shape": [-1, -1, 2]}, PredictionFault.SHAPE),
        ("segmentation", {"probabilities": [0.5, 0.5], "shape": [1, None, 2]}, PredictionFault.SHAPE),
        ("keypoints", {"keypoints": [[1.0, 2.0]]}, PredictionFault.LENGTHS),
        ("keypoints", {"keypoints": [[1.0, 2.0, 0.5, 7.0], [1.0, 2.0, 0.5]]}, PredictionFault.LENGTHS),
        ("keypoints", {"keypoints": [[1.0, 2.0, 1.5]]}, PredictionFault.RANGE),
        ("keypoints", {"keypoints": [[1.0, 2.0, NAN]]}, PredictionFault.NAN),
    ],
)
def test_evaluate__a_bad_sample_is_told_and_spoils_nothing_else(
    task: Task, bad: dict[str, Any], fault: PredictionFault
) -> None:
    found = evaluate(task, _batch(_replaced(task, **bad)), CONFIG)
    assert found.faults.tolist() == [0, fault, 0]
    good = evaluate(task, _batch(GOOD[task]), CONFIG)
    for name, scores in found.scores.items():
        assert np.isnan(scores[1])
        np.testing.assert_array_equal(scores[[0, 2]], good.scores[name])


def test_evaluate__a_sum_within_the_tolerance_is_no_fault() -> None:
    found = evaluate("classification", _batch({"probabilities": [[0.5, 0.5009], [0.4991, 0.5]]}), CONFIG)
    assert found.faults.tolist() == [0, 0]
    assert (found.scores["uncertainty_least_confidence"] <= 1).all()


def test_evaluate__confidences_are_checked_too() -> None:
    columns: dict[str, list[Any]] = {"object_probabilities": [[0.5]] * 3, "class_probabilities": [[[0.5, 0.5]]] * 3}
    batch = _batch({**columns, "scores": [[0.5], [1.5], [NAN]], "labels": [[0]] * 3})
    assert evaluate("detection", batch, CONFIG).faults.tolist() == [0, PredictionFault.RANGE, PredictionFault.NAN]


@pytest.mark.parametrize("label", [-1, None, 100_000])
def test_evaluate__labels_that_no_distribution_can_be_made_up_for(label: int | None) -> None:
    batch = _batch({"scores": [[0.5], [0.25]], "labels": [[3], [label]]})
    found = evaluate("detection", batch, CONFIG)
    assert found.faults.tolist() == [0, PredictionFault.LABEL]
    said = "without a class (null)" if label is None else f"of class {label}"
    assert found.reason(1) == f"a box {said}; classes are numbered 0 to 99999"
    with pytest.raises(InvalidInputError, match=re.escape(f"first: 'b.jpg' has a box {said}")):
        score_table("detection", pa.Table.from_batches([batch]), CONFIG, ["a.jpg", "b.jpg"])


def test_evaluate__a_hair_outside_is_brought_inside() -> None:
    hair = float(np.nextafter(np.float32(1), np.float32(2)))
    found = evaluate("classification", _batch({"probabilities": [[hair, 1 - hair], [hair], [0.5, 0.5]]}), CONFIG)
    assert found.faults.tolist() == [0, 0, 0]
    for scores in found.scores.values():
        np.testing.assert_array_equal(scores, [0, 0, 1])
    boxes = {"object_probabilities": [[hair]], "class_probabilities": [[[hair, 1 - hair]]], "scores": [[hair]]}
    one = {"object_probabilities": [[1.0]], "class_probabilities": [[[1.0, 0.0]]], "scores": [[1.0]]}
    assert _detection_scores(boxes) == _detection_scores(one)
    made_up = _detection_scores({"scores": [[hair]], "labels": [[1]]})
    assert made_up == _detection_scores({"scores": [[1.0]], "labels": [[1]]})
    found = evaluate("keypoints", _batch({"keypoints": [[[1.0, 2.0, hair, 3.0, 4.0, -1e-7]]]}), CONFIG)
    assert found.scores["mean_uncertainty"].tolist() == [0.5]
    found = evaluate("segmentation", _batch({"probabilities": [[hair, 1 - hair]], "shape": [[1, 1, 2]]}), CONFIG)
    assert found.scores["uncertainty_entropy"].tolist() == [0]


def _detection_scores(columns: dict[str, Any]) -> dict[str, float]:
    found = evaluate("detection", _batch(columns), CONFIG)
    assert found.faults.tolist() == [0]
    return {name: float(values[0]) for name, values in found.scores.items()}


def test_score_table__one_number_of_classes_in_all_batches() -> None:
    batches = [_batch({"probabilities": [[0.5, 0.5], [1.0, 0.0]]}), _batch({"probabilities": [[0.2, 0.3, 0.5]]})]
    with pytest.raises(InvalidInputError, match=r"1 of 3 .*first: 'c\.jpg' has another number of classes"):
        score_table("classification", pa.Table.from_batches(batches), CONFIG, ["a.jpg", "b.jpg", "c.jpg"])


def test_evaluate__scores_and_labels_alone_make_up_distributions() -> None:
    made_up: dict[str, list[Any]] = {
        "object_probabilities": [[0.75, 0.25], [0.5]],
        "class_probabilities": [[[0.125, 0.125, 0.75], [0.25, 0.375, 0.375]], [[0.5, 0.5]]],
    }
    given: dict[str, list[Any]] = {"scores": [[0.75, 0.25], [0.5]], "labels": [[2, 0], [0]]}
    expected = evaluate("detection", _batch({**made_up, **given}), CONFIG)
    found = evaluate("detection", _batch(given), CONFIG)
    for name, scores in expected.scores.items():
        np.testing.assert_array_equal(found.scores[name], scores)


@pytest.mark.parametrize("list_type", [pa.list_, pa.large_list, lambda kind: pa.list_(kind, 3)])
@pytest.mark.parametrize(
    ("number", "expected"),
    [(pa.float16(), np.float32), (pa.float32(), np.float32), (pa.float64(), np.float64), (pa.int8(), np.float64)],
)
def test_evaluate__all_lists_and_numbers(list_type: Any, number: pa.DataType, expected: Any) -> None:
    values = pa.array([[0, 1, 0], [0, 0, 1]], list_type(number))
    found = evaluate("classification", pa.RecordBatch.from_arrays([values], ["probabilities"]), CONFIG)
    for scores in found.scores.values():
        assert scores.tolist() == [0, 0]
        assert scores.dtype == expected


WILD = st.lists(st.one_of(st.none(), st.floats(width=32), st.sampled_from([0.5, 0.25, 0.0, 1.0])), max_size=4)
WILD_LISTS = st.one_of(st.none(), st.lists(st.one_of(st.none(), WILD), max_size=3))
_LISTS, _NESTED = pa.list_(pa.float32()), pa.list_(pa.list_(pa.float32()))
_LABELS = st.one_of(st.none(), st.lists(st.one_of(st.none(), st.integers(-5, 9)), max_size=3))


@given(st.lists(st.tuples(WILD_LISTS, st.one_of(st.none(), WILD), st.one_of(st.none(), WILD), _LABELS), max_size=4))
def test_evaluate__whatever_comes_in(rows: list[tuple[Any, ...]]) -> None:
    nested = pa.array([row[0] for row in rows], _NESTED)
    flat, more = (pa.array([row[place] for row in rows], _LISTS) for place in (1, 2))
    labels = pa.array([row[3] for row in rows], pa.list_(pa.int64()))
    batches: list[tuple[Task, dict[str, pa.Array]]] = [
        ("classification", {"probabilities": flat}),
        ("detection", {"object_probabilities": flat, "class_probabilities": nested}),
        (
            "detection",
            {"object_probabilities": flat, "class_probabilities": nested, "scores": more, "labels": labels},
        ),
        ("detection", {"scores": flat, "labels": labels}),
        ("segmentation", {"probabilities": flat, "shape": labels}),
        ("keypoints", {"keypoints": nested}),
    ]
    for task, columns in batches:
        found = evaluate(task, pa.RecordBatch.from_pydict(columns), CONFIG)
        for name, scores in found.scores.items():
            np.testing.assert_array_equal(np.isfinite(scores), found.faults == 0)
            if name != "object_frequency":
                assert ((scores[found.faults == 0] >= 0) & (scores[found.faults == 0] <= 1)).all()


def test_evaluate__nulls_among_lists_of_one_length() -> None:
    # What lies under a null is anything: a reader that does not skip it would shift the rows behind.
    values = pa.array([[0.5, 0.5, 0], None, [0, 1, 0]], pa.list_(pa.float64(), 3))
    found = evaluate("classification", pa.RecordBatch.from_arrays([values], ["probabilities"]), CONFIG)
    assert found.faults.tolist() == [0, PredictionFault.MISSING, 0]
    np.testing.assert_array_equal(found.scores["uncertainty_margin"], [1, NAN, 0])


@pytest.mark.parametrize(
    ("task", "columns", "message"),
    [
        ("classification", {"softmax": [[0.5, 0.5]]}, "column 'probabilities', got softmax"),
        ("classification", {"probabilities": [0.5]}, "'probabilities' must hold lists, got double"),
        ("classification", {"probabilities": [["a"]]}, "'probabilities' must hold numbers, got string"),
        ("detection", {"scores": [[0.5]]}, "column 'object_probabilities', got scores"),
        ("detection", {"scores": [[0.5]], "labels": [[0.5]]}, "'labels' must hold integers, got double"),
        ("segmentation", {"probabilities": [[0.5, 0.5]]}, "column 'shape', got probabilities"),
    ],
)
def test_evaluate__columns_that_cannot_be_used(task: Task, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        evaluate(task, _batch(columns), CONFIG)


@every_task
def test_score_table__chunks_change_no_bit(task: Task) -> None:
    table = pa.Table.from_batches([_batch(GOOD[task])])
    whole = score_table(task, table, CONFIG)
    for name, scores in score_table(task, pa.concat_tables([table.slice(0, 1), table.slice(1)]), CONFIG).items():
        np.testing.assert_array_equal(scores, whole[name])
    assert [len(scores) for scores in score_table(task, table.slice(0, 0), CONFIG).values()] == [0] * len(whole)


def test_score_table__names_the_first_bad_sample() -> None:
    table = pa.table({"probabilities": [[0.5, 0.5], [0.5, 0.6], [2.0, -1.0]]})
    with pytest.raises(
        InvalidInputError, match=r"2 of 3 predictions .* first: row 1 has class probabilities whose sum"
    ):
        score_table("classification", table, CONFIG)
    with pytest.raises(InvalidInputError, match=r"first: 'b\.jpg'"):
        score_table("classification", table, CONFIG, ["a.jpg", "b.jpg", "c.jpg"])


def test_finish_scores__bad_samples_do_not_count() -> None:
    counts = {"object_frequency": np.array([2.0, NAN, 1.0]), "other": np.zeros(3)}
    extent = summarize_scores(counts)
    assert extent == Extent(1, 2)
    finished = finish_scores(counts, extent, FrequencyConfig(0.25, 0.5))
    np.testing.assert_array_equal(finished["object_frequency"], [1, NAN, 0.5])
    assert finished["other"] is counts["other"]
