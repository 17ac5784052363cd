"""What learns: loss and views against their definitions, networks of torch against their graphs. Runs in `.ci/full`."""

from typing import Any

import numpy as np
import pytest

from lightly_ray.embedding.network.session import Session
from lightly_ray.embedding.preparation import Preparation
from lightly_ray.embedding.training.start import open_start
from lightly_ray.errors import InvalidInputError
from tests.conftest import missing

RANDOM = np.random.default_rng(2)


@pytest.fixture(scope="module")
def torch() -> Any:
    try:
        import torch
    except ModuleNotFoundError as error:
        missing("torch", str(error))
    return torch


def _by_definition(first: np.ndarray, second: np.ndarray, temperature: float) -> float:
    """Equation 1 of SimCLR, a pair at a time."""
    views = np.concatenate([first, second]).astype(np.float64)
    views /= np.linalg.norm(views, axis=1, keepdims=True)
    losses = []
    for one in range(len(views)):
        partner = (one + len(first)) % len(views)
        others = [np.exp(views[one] @ views[k] / temperature) for k in range(len(views)) if k != one]
        losses.append(-np.log(np.exp(views[one] @ views[partner] / temperature) / sum(others)))
    return float(np.mean(losses))


@pytest.mark.full
@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_nt_xent__is_the_equation(torch: Any, temperature: float) -> None:
    from lightly_ray.embedding.training.nt_xent import nt_xent

    first, second = (RANDOM.normal(size=(5, 7)).astype(np.float32) for _ in range(2))
    found = float(nt_xent(torch.from_numpy(first), torch.from_numpy(second), temperature))
    assert found == pytest.approx(_by_definition(first, second, temperature), rel=1e-5)
    alike = torch.ones(4, 3)
    assert float(nt_xent(alike, alike, temperature)) == pytest.approx(np.log(7), rel=1e-5)


@pytest.mark.full
def test_view__parts_of_the_image_each_on_its_own(torch: Any) -> None:
    from lightly_ray.embedding.training.views import view

    plain = Preparation(side=16, mean=(0, 0, 0), std=(1, 1, 1))

    def views(images: Any, seed: int) -> np.ndarray:
        return np.asarray(view(torch.from_numpy(images), plain, torch.Generator().manual_seed(seed)).numpy())

    images = RANDOM.integers(0, 256, (64, 24, 24, 3), dtype=np.uint8)
    found = views(images, 0)
    assert found.shape == (64, 3, 16, 16)
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 1
    np.testing.assert_array_equal(found, views(images, 0))
    assert (found != views(images, 1)).any(axis=(1, 2, 3)).all()
    grey = views(np.full((400, 24, 24, 3), 100, np.uint8), 0)
    # One colour stays one colour; grey has no hue to turn, only its brightness changes.
    assert np.ptp(grey, axis=(1, 2, 3)).max() < 1e-5
    brightness = grey.mean(axis=(1, 2, 3)) * 255 / 100
    assert 0.6 < brightness.min() < 0.7
    assert 1.3 < brightness.max() < 1.401
    assert 0.15 < np.isclose(brightness, 1, atol=1e-4).mean() < 0.25
    halves = np.zeros((400, 24, 24, 3), np.uint8)
    halves[:, :, 12:] = 200
    left = views(halves, 0).mean(axis=1)
    mirrored = left[:, :, 0].mean(axis=1) > left[:, :, -1].mean(axis=1)
    assert 0.4 < mirrored.sum() / np.sum(np.ptp(left, axis=(1, 2)) > 0.1) < 0.6


@pytest.mark.full
@pytest.mark.parametrize("name", ["resnet-10", "efficientnet-lite1"])
def test_trainable__is_its_graph(torch: Any, name: str) -> None:
    from lightly_ray.embedding.training.trainable import Trainable

    start = open_start(name)
    network = Trainable(start.features, start.weights(), start.epsilon)
    pixels = RANDOM.normal(size=(4, 3, start.preparation.side, start.preparation.side)).astype(np.float32)
    network.train()
    network(torch.from_numpy(pixels)).sum().backward()  # the running statistics of its norms are those of a batch now
    with torch.no_grad():
        for parameter in network.parameters():
            assert parameter.grad is not None
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    weights = network.weights()
    assert weights.keys() == {key for key, value in start.weights().items() if value.dtype == np.float32}
    network.eval()
    with torch.inference_mode():
        expected = network(torch.from_numpy(pixels)).numpy()
    assert expected.shape == (4, start.dimensions)
    found = Session(start.build(weights, {}), "the network").forward(pixels)
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    assert expected.std() > 0.01


def test_open_start__what_cannot_be_trained() -> None:
    with pytest.raises(InvalidInputError, match="'descriptor' cannot be trained: give resnet-10, which starts from"):
        open_start("descriptor")
