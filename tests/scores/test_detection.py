from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightly_ray.data.predictions.detection import Detections
from lightly_ray.data.predictions.ragged import Ragged
from lightly_ray.errors import InvalidInputError, NotFoundError
from lightly_ray.scores.detection import (
    DETECTION_SCORES,
    FREQUENCY,
    Extent,
    FrequencyConfig,
    box_uncertainties,
    detection_scores,
    finish,
    merge,
    object_counts,
    objectness_least_confidence,
    summarize,
)

# Three images with 4, 0 and 1 boxes.
OFFSETS = np.array([0, 4, 4, 5])


def test_object_counts__by_hand() -> None:
    labels = np.array([7, 2, 7, 7, 2])
    counts = object_counts(labels, OFFSETS, np.float64(0.25))
    assert counts.tolist() == [2 + 2 * 0.25, 0, 1]


def test_object_counts__does_not_mind_the_order_of_boxes() -> None:
    labels = np.array([1, 3, 3, 2, 1, 3, 5])
    assert object_counts(labels, np.array([0, 7]), np.float32(0.5)).tolist() == [4 + 1.5]
    assert object_counts(labels[::-1].copy(), np.array([0, 7]), np.float32(0.5)).tolist() == [4 + 1.5]


def test_finish__by_hand() -> None:
    counts = np.array([2.0, 1.0, 0.0, 0.5])
    np.testing.assert_allclose(finish(counts, summarize(counts), 0.9), [1, 0.95, 0.9, 0.925], rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_finish__equal_counts_are_all_1(dtype: Any) -> None:
    counts = np.full(3, 1.25, dtype)
    found = finish(counts, summarize(counts), 0.9)
    assert found.tolist() == [1, 1, 1]
    assert found.dtype == dtype


def test_finish__without_images() -> None:
    assert finish(np.empty(0), summarize(np.empty(0)), 0.9).tolist() == []


COUNTS = st.lists(st.integers(0, 4000).map(lambda quarter: quarter / 4), max_size=8).map(np.array)


@given(st.lists(COUNTS, min_size=1, max_size=5), st.floats(0, 1), st.sampled_from([np.float32, np.float64]))
def test_frequency__splitting_the_images_changes_no_bit(parts: list[Any], min_score: float, dtype: Any) -> None:
    counts = [np.asarray(part, dtype) for part in parts]
    extent = Extent()
    for part in reversed(counts):
        extent = merge(summarize(part), extent)
    whole = np.concatenate(counts)
    assert extent == summarize(whole)
    expected = finish(whole, summarize(whole), min_score)
    np.testing.assert_array_equal(np.concatenate([finish(part, extent, min_score) for part in counts]), expected)
    assert ((expected >= dtype(min_score)) & (expected <= 1)).all()


@given(*[st.tuples(st.floats(0, 9), st.floats(0, 9)).map(lambda pair: Extent(*sorted(pair)))] * 3)
def test_merge__is_associative_and_commutative(a: Extent, b: Extent, c: Extent) -> None:
    assert merge(a, merge(b, c)) == merge(merge(a, b), c)
    assert merge(a, b) == merge(b, a)
    assert merge(a, Extent()) == a


def test_objectness_least_confidence__by_hand() -> None:
    scores = np.array([0.5, 0.25, 1.0, 0.25, 0.125], dtype=np.float32)
    found = objectness_least_confidence(scores, OFFSETS)
    assert found.tolist() == [0.5, 0, 0.875]
    assert found.dtype == np.float32


def test_box_uncertainties__the_most_uncertain_box_counts() -> None:
    classes = Ragged.from_lengths(
        np.array([0.7, 0.2, 0.1, 0.4, 0.5, 0.1, 1, 0, 0, 0.9, 0.1, 0, 0.6]), np.array([3, 3, 3, 3, 1])
    )
    found = box_uncertainties(classes, OFFSETS)
    np.testing.assert_allclose(found["uncertainty_least_confidence"], [0.75, 0, 0.8])
    np.testing.assert_allclose(found["uncertainty_margin"], [0.9, 0, 0.8])
    np.testing.assert_allclose(found["uncertainty_entropy"], [0.85867271, 0, 0.97095059], rtol=1e-7)


def _boxes(**given: Any) -> Detections:
    classes = Ragged.from_lengths(np.array([0.7, 0.3, 0.5, 0.5, 0.2, 0.8]), np.array([2, 2, 2]))
    fields = {"objects": Ragged(np.array([0.5, 1.0, 0.25]), np.array([0, 2, 3])), "scores": None, "labels": None}
    return Detections(classes=classes, **{**fields, **given})


def test_detection_scores__labels_and_scores_follow_from_the_likeliest_class() -> None:
    found = detection_scores(_boxes(), 0.25)
    assert list(found) == list(DETECTION_SCORES)
    # Labels 0 and 0 (the first among equals), then 1; scores 0.35, 0.5, then 0.2.
    assert found[FREQUENCY].tolist() == [1.25, 1]
    np.testing.assert_allclose(found["objectness_least_confidence"], [1 - 0.85 / 2, 0.8])


def test_detection_scores__given_labels_and_scores_win() -> None:
    found = detection_scores(_boxes(scores=np.array([0.5, 0.25, 1.0]), labels=np.array([4, 9, 9])), 0.25)
    assert found[FREQUENCY].tolist() == [2, 1]
    assert found["objectness_least_confidence"].tolist() == [1 - 0.375, 0]


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), "0.5", None, True])
def test_frequency_config__refuses_what_is_no_share(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="min_score must be a number in"):
        FrequencyConfig.from_mapping({"min_score": value})


def test_frequency_config__fills_in_what_is_not_given() -> None:
    assert FrequencyConfig.from_mapping(None) == FrequencyConfig.from_mapping({}) == FrequencyConfig(0.25, 0.9)
    assert FrequencyConfig.from_mapping({"min_score": 0}) == FrequencyConfig(0.25, 0)


def test_frequency_config__unknown_keys_and_other_things() -> None:
    with pytest.raises(NotFoundError, match="unknown key 'penalty'"):
        FrequencyConfig.from_mapping({"penalty": 0.5})
    with pytest.raises(InvalidInputError, match="must be a dictionary"):
        FrequencyConfig.from_mapping([0.5])  # type: ignore[arg-type]  # the point of the test
