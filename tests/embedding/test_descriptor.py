"""The built-in descriptor: what it sees, what it ignores, and that it is the same for ever."""

import numpy as np
from PIL import Image
from skimage.feature import hog

from lightly_ray.embedding.descriptor import FEATURES, features

RANDOM = np.random.default_rng(5)
GRADIENTS, COLOURS = slice(0, 1764), slice(1764, 1764 + 72)


def _image(height: int = 40, width: int = 56) -> np.ndarray:
    return RANDOM.integers(0, 256, (height, width, 3)).astype(np.uint8)


def _features(image: np.ndarray) -> np.ndarray:
    return np.asarray(features([Image.fromarray(image)])[0])


def test_features__have_the_stated_size_and_shares() -> None:
    values = _features(_image())
    assert values.shape == (FEATURES,)
    assert values.dtype == np.float32
    gradients, colours, layout = np.split(values, [1764, 1764 + 72])
    np.testing.assert_allclose(
        [np.linalg.norm(part) for part in (gradients, colours, layout)], [1, 0.15, 0.3], rtol=1e-5
    )


def test_features__gradients_are_those_of_scikit_image() -> None:
    for _ in range(5):
        image = _image(64, 64)  # its own size: nothing is resized
        expected = hog(image / 255, 9, (8, 8), (2, 2), transform_sqrt=True, channel_axis=-1)
        expected /= np.linalg.norm(expected)
        np.testing.assert_allclose(_features(image)[GRADIENTS], expected, atol=1e-5)


def test_features__each_part_sees_what_it_is_for() -> None:
    red, blue = np.zeros((2, 30, 50, 3), dtype=np.uint8)
    red[..., 0], blue[..., 2] = 255, 255
    # Flat images have no edges, whatever their colour.
    assert not _features(red)[GRADIENTS].any()
    assert _features(red)[COLOURS] @ _features(blue)[COLOURS] == 0
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[::8] = 255
    upright = np.ascontiguousarray(stripes.transpose(1, 0, 2))
    assert _features(stripes)[GRADIENTS] @ _features(upright)[GRADIENTS] < 0.5
    np.testing.assert_allclose(_features(stripes)[COLOURS], _features(upright)[COLOURS])


def test_features__colours_by_hue_saturation_and_value() -> None:
    cases = {(255, 0, 0): 0, (0, 255, 0): 2, (0, 0, 255): 5, (255, 255, 0): 1, (0, 255, 255): 4, (255, 0, 255): 6}
    for colour, hue in cases.items():
        image = np.full((9, 9, 3), colour, np.uint8)
        assert _features(image)[COLOURS].argmax() == hue * 9 + 2 * 3 + 2  # full saturation and value
    for grey, value in ((10, 0), (128, 1), (250, 2)):
        assert _features(np.full((9, 9, 3), grey, np.uint8))[COLOURS].argmax() == value


def test_features__a_black_image_is_finite() -> None:
    assert np.isfinite(_features(np.zeros((1, 1, 3), dtype=np.uint8))).all()


def test_features__do_not_depend_on_the_images_beside() -> None:
    images = [_image(20 + number, 90 - number) for number in range(17)]
    together = features([Image.fromarray(image) for image in images])
    np.testing.assert_array_equal(together, np.stack([_features(image) for image in images]))
