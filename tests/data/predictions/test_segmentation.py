import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lightly_ray.data.predictions.checks import PredictionFault
from lightly_ray.data.predictions.segmentation import maps, pixels
from lightly_ray.errors import InvalidInputError


def _of_paths(*paths: Path | None) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"path": [None if path is None else str(path) for path in paths]})


def test_maps__of_lists_and_shapes() -> None:
    first, second = np.arange(24.0).reshape(2, 3, 4), np.arange(6, dtype=float).reshape(1, 3, 2)
    batch = pa.RecordBatch.from_pydict(
        {"probabilities": [first.ravel(), second.ravel()], "shape": [[2, 3, 4], [1, 3, 2]]}
    )
    for found, expected in zip(maps(batch), [first, second], strict=True):
        np.testing.assert_array_equal(np.asarray(found), expected)


def test_maps__of_files(tmp_path: Path) -> None:
    array = np.random.default_rng(0).random((2, 3, 4), dtype=np.float32)
    np.save(tmp_path / "good.npy", array)
    np.save(tmp_path / "flat.npy", array[0])
    np.save(tmp_path / "texts.npy", np.array([[["a"]]]))
    (tmp_path / "pickle.npy").write_bytes(pickle.dumps(array))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "good.npy").read_bytes()[:-5])
    names = ["good", "flat", "texts", "pickle", "cut", "absent"]
    found = list(maps(_of_paths(*(tmp_path / f"{name}.npy" for name in names), None)))
    np.testing.assert_array_equal(np.asarray(found[0]), array)
    unreadable = [PredictionFault.UNREADABLE] * 3
    assert found[1:] == [PredictionFault.SHAPE, *unreadable, PredictionFault.MISSING, PredictionFault.MISSING]


def test_pixels__one_class_is_two() -> None:
    rows = pixels(np.array([[[0.25], [1.0]]]))
    assert [rows.row(row).tolist() for row in range(len(rows))] == [[0.25, 0.75], [1, 0]]


@pytest.mark.parametrize("shape", [(), (3,), (3, 4), (2, 3, 4, 5), (0, 3, 4), (2, 3, 0)])
def test_pixels__other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError, match=r"the map of 'x' must have shape \(height, width, classes\)"):
        pixels(np.zeros(shape), "the map of 'x'")
