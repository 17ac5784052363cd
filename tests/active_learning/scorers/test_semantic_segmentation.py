from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from lightly_ray.active_learning.scorers import ScorerClassification, ScorerSemanticSegmentation
from lightly_ray.errors import InvalidInputError


def _map(*shape: int, dtype: Any = np.float64) -> NDArray[Any]:
    values = np.random.default_rng(sum(shape)).random(shape).astype(dtype)
    return np.asarray(values / values.sum(axis=-1, keepdims=True), dtype)


def test_scorer__is_the_mean_over_pixels() -> None:
    maps = [_map(2, 3, 4), _map(5, 1, 4), _map(1, 1, 3)]
    scores = ScorerSemanticSegmentation(maps).calculate_scores()
    for row, one in enumerate(maps):
        for name, pixels in ScorerClassification(one.reshape(-1, one.shape[2])).calculate_scores().items():
            assert scores[name][row] == pixels.mean()


def test_scorer__holds_one_map_at_a_time() -> None:
    alive = 0

    class Counted(np.ndarray):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def predictions() -> Iterator[NDArray[Any]]:
        nonlocal alive
        for _ in range(5):
            assert alive <= 1
            alive += 1
            yield np.full((3, 2, 4), 0.25).view(Counted)

    assert len(ScorerSemanticSegmentation(predictions()).calculate_scores()["uncertainty_margin"]) == 5


def test_scorer__four_dimensional_arrays_and_float32() -> None:
    array = _map(3, 2, 4, 5, dtype=np.float32)
    scores = ScorerSemanticSegmentation(array).calculate_scores()
    assert {(values.shape, str(values.dtype)) for values in scores.values()} == {((3,), "float32")}


def test_scorer__without_predictions_has_no_scores() -> None:
    assert ScorerSemanticSegmentation(iter(())).calculate_scores() == {}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.full((2, 3), 0.5), r"must have shape \(height, width, classes\), got \(2, 3\)"),
        (np.full((2, 3, 4), 0.3), "sum is not 1"),
        (np.full((2, 3, 4), np.nan), "NaN"),
        (np.full((2, 3, 1), 1.5), "outside"),
        ([[["a"]]], "must be an array of numbers"),
    ],
)
def test_scorer__a_bad_map_is_named(bad: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=f"map of row 1 .*{message}"):
        ScorerSemanticSegmentation([_map(1, 2, 3), bad]).calculate_scores()
    with pytest.raises(InvalidInputError, match=f"map of 'y' .*{message}"):
        ScorerSemanticSegmentation({"x": _map(1, 2, 3), "y": bad}).calculate_scores()


def test_from_dataset__a_bad_map_is_named() -> None:
    table = pa.table({"filename": ["x", "y"], "probabilities": [[0.5, 0.5], [1.0]], "shape": [[1, 1, 2]] * 2})
    with pytest.raises(InvalidInputError, match="map of 'y' cannot be used: it has values that do not fill"):
        ScorerSemanticSegmentation.from_dataset(table)
