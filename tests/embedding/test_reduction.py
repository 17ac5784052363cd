"""Features -> principal axes -> unit vectors."""

import numpy as np
import pytest

from lightly_ray.embedding.reduction import fit_reduction, unit_length
from lightly_ray.errors import InvalidInputError

RANDOM = np.random.default_rng(5)
SIZE = 200


def test_reduction__to_unit_vectors_of_at_most_128_dimensions() -> None:
    values = RANDOM.normal(size=(9, SIZE)).astype(np.float32)
    embeddings = fit_reduction(values).embed(values)
    assert embeddings.shape == (9, 8)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-6)
    many = RANDOM.normal(size=(150, SIZE)).astype(np.float32)
    assert fit_reduction(many).embed(many).shape == (150, 128)
    assert fit_reduction(many, 5).embed(many).shape == (150, 5)


@pytest.mark.parametrize("count", [5, 400])  # fewer images than features, and more
def test_reduction__keeps_the_directions_of_largest_variance(count: int) -> None:
    values = np.zeros((count, SIZE), dtype=np.float32)
    values[:, 7] = np.linspace(-20, 20, count)
    values[:, 3] = np.tile([1, -1, 0, -1, 1], count // 5)
    reduction = fit_reduction(values, 4)
    assert abs(reduction.axes[0, 7]) > 0.99
    assert abs(reduction.axes[1, 3]) > 0.99
    np.testing.assert_allclose(reduction.mean, values.mean(axis=0), atol=1e-5)


def test_reduction__a_vector_does_not_depend_on_its_batch() -> None:
    values = RANDOM.normal(size=(37, SIZE)).astype(np.float32)
    reduction = fit_reduction(values)
    alone = np.concatenate([reduction.embed(values[row : row + 1]) for row in range(37)])
    np.testing.assert_array_equal(reduction.embed(values), alone)


def test_reduction__an_image_equal_to_the_mean_gets_a_unit_vector() -> None:
    reduction = fit_reduction(RANDOM.normal(size=(6, SIZE)).astype(np.float32))
    np.testing.assert_array_equal(reduction.embed(reduction.mean[None])[0], [1, 0, 0, 0, 0])


def test_fit_reduction__one_image_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="at least 2 images, got 1"):
        fit_reduction(np.zeros((1, SIZE), dtype=np.float32))


def test_unit_length__of_zeros_and_others() -> None:
    np.testing.assert_array_equal(unit_length(np.array([[0, 0], [0, -3]], np.float32)), [[1, 0], [0, -1]])
