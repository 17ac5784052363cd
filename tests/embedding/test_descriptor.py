"""The built-in descriptor: what it sees, what it ignores, and that it is the same for ever."""

import numpy as np
import pytest

from lightly_ray.embedding.descriptor import FEATURES, Descriptor, features, fit
from lightly_ray.errors import InvalidInputError

RANDOM = np.random.default_rng(5)


def _image(height: int = 40, width: int = 56) -> np.ndarray:
    return RANDOM.integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_features__have_the_stated_size_and_shares() -> None:
    values = features(_image())
    assert values.shape == (FEATURES,)
    assert values.dtype == np.float32
    gradients, colours, layout = np.split(values, [1764, 1764 + 72])
    np.testing.assert_allclose(
        [np.linalg.norm(part) for part in (gradients, colours, layout)], [1, 0.15, 0.3], rtol=1e-5
    )


def test_features__each_part_sees_what_it_is_for() -> None:
    red, blue = np.zeros((2, 30, 50, 3), dtype=np.uint8)
    red[..., 0], blue[..., 2] = 255, 255
    gradients, colours = slice(0, 1764), slice(1764, 1764 + 72)
    # Flat images have no edges, whatever their colour.
    assert not features(red)[gradients].any()
    assert features(red)[colours] @ features(blue)[colours] == 0
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[::8] = 255
    upright = np.ascontiguousarray(stripes.transpose(1, 0, 2))
    assert features(stripes)[gradients] @ features(upright)[gradients] < 0.5
    np.testing.assert_allclose(features(stripes)[colours], features(upright)[colours])


def test_features__a_black_image_is_finite() -> None:
    assert np.isfinite(features(np.zeros((1, 1, 3), dtype=np.uint8))).all()


def test_descriptor__reduces_to_unit_vectors_of_at_most_128_dimensions() -> None:
    values = RANDOM.normal(size=(9, FEATURES)).astype(np.float32)
    embeddings = fit(values).embed(values)
    assert embeddings.shape == (9, 8)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-6)
    many = RANDOM.normal(size=(150, FEATURES)).astype(np.float32)
    assert fit(many).embed(many).shape == (150, 128)


def test_descriptor__keeps_the_directions_of_largest_variance() -> None:
    values = np.zeros((5, FEATURES), dtype=np.float32)
    values[:, 7] = [-20, -10, 0, 10, 20]
    values[:, 3] = [1, -1, 0, -1, 1]
    descriptor = fit(values)
    assert abs(descriptor.axes[0, 7]) > 0.99
    assert abs(descriptor.axes[1, 3]) > 0.99


def test_descriptor__a_vector_does_not_depend_on_its_batch() -> None:
    values = RANDOM.normal(size=(37, FEATURES)).astype(np.float32)
    descriptor = fit(values)
    alone = np.concatenate([descriptor.embed(values[row : row + 1]) for row in range(37)])
    np.testing.assert_array_equal(descriptor.embed(values), alone)


def test_descriptor__an_image_equal_to_the_mean_gets_a_unit_vector() -> None:
    descriptor = fit(RANDOM.normal(size=(6, FEATURES)).astype(np.float32))
    np.testing.assert_array_equal(descriptor.embed(descriptor.mean[None])[0], [1, 0, 0, 0, 0])


def test_descriptor__survives_saving() -> None:
    values = RANDOM.normal(size=(7, FEATURES)).astype(np.float32)
    descriptor = fit(values)
    read = Descriptor.from_bytes(descriptor.to_bytes())
    np.testing.assert_array_equal(read.embed(values), descriptor.embed(values))


def test_descriptor__other_bytes_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="not a fitted descriptor"):
        Descriptor.from_bytes(b"other bytes")


def test_fit__one_image_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="at least 2 images, got 1"):
        fit(np.zeros((1, FEATURES), dtype=np.float32))
