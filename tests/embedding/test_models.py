"""Models by name: what each gives, and what is wrong with a file that cannot be one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lightly_ray.embedding.descriptor import features
from lightly_ray.embedding.model_options import ModelOptions
from lightly_ray.embedding.models import PREPARATION_KEY, open_model
from lightly_ray.embedding.preparation import IMAGENET_MEAN, IMAGENET_STD, Preparation
from lightly_ray.errors import InvalidInputError, NotFoundError
from tests.embedding.onnx_files import tiny, tiny_features

RANDOM = np.random.default_rng(1)
IMAGES = [Image.fromarray(RANDOM.integers(0, 256, (20 + row, 30 - row, 3), np.uint8)) for row in range(11)]


def _prepared(side: int, mean: Any = IMAGENET_MEAN, std: Any = IMAGENET_STD) -> np.ndarray:
    squares = [np.asarray(image.resize((side, side), Image.Resampling.BILINEAR)) for image in IMAGES]
    return np.asarray(((np.stack(squares) / 255 - mean) / std).transpose(0, 3, 1, 2))


def test_preparation__is_what_it_says() -> None:
    found = Preparation(side=8, mean=(0.1, 0.2, 0.3), std=(1, 2, 4))(IMAGES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, _prepared(8, (0.1, 0.2, 0.3), (1, 2, 4)), atol=1e-5)


def test_open_model__the_descriptor() -> None:
    model = open_model("descriptor")
    np.testing.assert_array_equal(model.load(1, gpu=False)(IMAGES), features(IMAGES))


def test_open_model__the_default_network() -> None:
    model = open_model("efficientnet-lite1")
    assert model.side == 240
    found = model.load(1, gpu=False)(IMAGES[:2])
    assert found.shape == (2, 1280)
    np.testing.assert_array_equal(found, model.load(2, gpu=False)(IMAGES[:2]))


def test_open_model__a_file(tmp_path: Path) -> None:
    path = tiny(tmp_path / "tiny.onnx")
    model = open_model(str(path))
    np.testing.assert_allclose(model.load(1, gpu=False)(IMAGES), tiny_features(_prepared(16)), atol=1e-4)
    again = open_model(str(path), ModelOptions(mean=(0, 0, 0), std=(1, 1, 1)))
    np.testing.assert_allclose(again.load(1, gpu=False)(IMAGES), tiny_features(_prepared(16, 0, 1)), atol=1e-4)
    assert again.digest != model.digest
    assert open_model(str(path)).digest == model.digest


def test_open_model__a_file_that_takes_any_size_or_one_image_at_a_time(tmp_path: Path) -> None:
    path = tiny(tmp_path / "tiny.onnx", side="side", batch=1)
    with pytest.raises(InvalidInputError, match=r"tiny\.onnx' takes any size: say which, input_size=PIXELS"):
        open_model(str(path))
    model = open_model(str(path), ModelOptions(input_size=8))
    np.testing.assert_allclose(model.load(1, gpu=False)(IMAGES), tiny_features(_prepared(8)), atol=1e-4)


def test_open_model__a_file_that_says_how_its_pixels_are_prepared(tmp_path: Path) -> None:
    own = Preparation(side=12, mean=(0.5, 0.5, 0.5), std=(0.1, 0.1, 0.1))
    path = tiny(tmp_path / "tiny.onnx", side="side", metadata={PREPARATION_KEY: own.model_dump_json()})
    found = open_model(str(path)).load(1, gpu=False)(IMAGES)
    np.testing.assert_allclose(found, tiny_features(_prepared(12, 0.5, 0.1)), atol=1e-3)
    path = tiny(tmp_path / "odd.onnx", metadata={PREPARATION_KEY: "{}"})
    with pytest.raises(InvalidInputError, match=r"odd\.onnx': its metadata .* cannot be used"):
        open_model(str(path))


def test_open_model__outputs_by_name(tmp_path: Path) -> None:
    path = tiny(tmp_path / "tiny.onnx", outputs=("map", "mean"))
    with pytest.raises(InvalidInputError, match=r"has 2 outputs \(map .*, mean .*\): say which, output_name=NAME"):
        open_model(str(path))
    with pytest.raises(InvalidInputError, match="has no output 'other'"):
        open_model(str(path), ModelOptions(output_name="other"))
    pooled, means = (
        open_model(str(path), ModelOptions(output_name=name)).load(1, gpu=False)(IMAGES) for name in ("map", "mean")
    )
    np.testing.assert_allclose(pooled, means, atol=1e-5)


@pytest.mark.parametrize(
    ("made", "options", "message"),
    [
        ({"inputs": 2}, {}, r"takes 2 inputs \(images .*, others .*\), expected one"),
        ({}, {"input_size": 9}, "takes 16 x 16 pixels, input_size says 9"),
    ],
)
def test_open_model__files_that_cannot_be_used(
    made: dict[str, Any], options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = tiny(tmp_path / "tiny.onnx", **made)
    with pytest.raises(InvalidInputError, match=message):
        open_model(str(path), ModelOptions(**options))


def test_open_model__what_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_bytes(b"no graph")
    with pytest.raises(InvalidInputError, match=r"text\.onnx' cannot be loaded as ONNX"):
        open_model(str(tmp_path / "text.onnx"))
    with pytest.raises(NotFoundError, match=r"there is no file '.*nowhere\.onnx'"):
        open_model(str(tmp_path / "nowhere.onnx"))
    with pytest.raises(InvalidInputError, match="there is no model 'resnet': give efficientnet-lite0, "):
        open_model("resnet")
    with pytest.raises(InvalidInputError, match="input_size is for models of your own; 'descriptor' knows its own"):
        open_model("descriptor", ModelOptions(input_size=3))
