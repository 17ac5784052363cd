"""Projections into two dimensions."""

from importlib.util import find_spec

import numpy as np
import pytest

from lightly_ray.errors import InvalidInputError, MissingExtraError
from lightly_ray.platform.jobs.projection import project

VECTORS = np.random.default_rng(0).normal(size=(23, 6)).astype(np.float32)


def test_pca__by_hand() -> None:
    # On a line through the origin of the plane: the first axis is the place on it, the second is nothing.
    line = np.array([[-3, -4], [0, 0], [6, 8], [-3, -4]], dtype=np.float32)
    points = project(line, "PCA")
    np.testing.assert_allclose(abs(points[:, 0] - points[1, 0]), [5, 0, 10, 5], atol=1e-5)
    np.testing.assert_allclose(points[:, 1], 0, atol=1e-5)


def test_pca__one_coordinate() -> None:
    points = project(np.array([[1], [2], [4]], dtype=np.float32), "PCA")
    assert points.shape == (3, 2)
    assert points[:, 1].tolist() == [0, 0, 0]


@pytest.mark.parametrize("method", ["PCA", "TSNE"])
@pytest.mark.parametrize("count", [3, 5, 23])
def test_project__the_same_each_time(method: str, count: int) -> None:
    points = project(VECTORS[:count], method)
    assert points.shape == (count, 2)
    assert points.dtype == np.float32
    assert np.isfinite(points).all()
    np.testing.assert_array_equal(points, project(VECTORS[:count], method))


def test_umap__or_how_to_get_it() -> None:
    if find_spec("umap") is None:
        with pytest.raises(MissingExtraError, match=r"lightly-ray\[umap\]"):
            project(VECTORS, "UMAP")
    else:
        assert project(VECTORS, "UMAP").shape == (23, 2)


@pytest.mark.parametrize("method", ["PCA", "TSNE", "UMAP"])
def test_project__too_few(method: str) -> None:
    with pytest.raises(InvalidInputError, match="at least 3 samples, got 2"):
        project(VECTORS[:2], method)
