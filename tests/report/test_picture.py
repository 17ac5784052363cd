"""The embedding in two dimensions."""

import numpy as np
import pytest

from lightly_ray.report.picture import picture, principal


def test_principal__finds_the_plane_that_holds_the_points() -> None:
    plane = np.random.default_rng(0).normal(size=(60, 2)) * [3, 1]
    axes = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0][:, :2]
    points = principal((plane @ axes.T + 5).astype(np.float32))
    centered = plane - plane.mean(axis=0)
    np.testing.assert_allclose(
        np.linalg.norm(points[:, None] - points[None], axis=2),
        np.linalg.norm(centered[:, None] - centered[None], axis=2),
        atol=1e-4,
    )
    assert points[:, 0].var() > points[:, 1].var()


def test_principal__of_one_coordinate() -> None:
    assert principal(np.array([[1], [2], [4]], dtype=np.float32)).shape == (3, 2)


def test_picture__is_between_0_and_1_by_kind() -> None:
    points = np.array([[0.0, 10], [4, 30], [2, 20], [1, 12]])
    told = picture(points, np.array([0, 2, 1, 0]), "t-SNE of default")
    assert [len(told[kind]) for kind in ("pool", "before", "new")] == [2, 1, 1]
    assert told["new"] == [[1.0, 1.0]]
    assert told["before"] == [pytest.approx([0.5, 0.5], abs=0.01)]  # the border leaves out half a per cent
