"""A network of `embedding.network` as a module of torch: it starts from weights, learns, and gives them back."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lightly_ray.embedding.network.layers import Layers

_BUFFERS = ("running_mean", "running_var")
_MOMENTUM = 0.1  # of the running statistics of batch norms


class TorchLayers:
    """Layers over tensors.

    Args:
        weights: parameters and running statistics by name.
        epsilon: of the batch norms.
        training: norms use the batch's own statistics, and update the running ones.
    """

    def __init__(self, weights: Mapping[str, torch.Tensor], epsilon: float, *, training: bool) -> None:
        self.weights, self._epsilon, self._training = weights, epsilon, training

    def convolution(self, value: torch.Tensor, layer: str, norm: str, *, stride: int = 1) -> torch.Tensor:
        """As `Layers` says."""
        kernel = self.weights[f"{layer}.weight"]
        size, side = value.shape[-1], kernel.shape[-1]
        pad = max((-(-size // stride) - 1) * stride + side - size, 0)
        if pad % 2:
            value = torch.nn.functional.pad(value, [pad // 2, pad - pad // 2] * 2)
        groups = value.shape[1] if kernel.shape[1] == 1 else 1
        around = 0 if pad % 2 else pad // 2
        value = torch.nn.functional.conv2d(value, kernel, stride=stride, padding=around, groups=groups)
        mean, variance, gain, shift = (self.weights[f"{norm}.{part}"] for part in (*_BUFFERS, "weight", "bias"))
        return torch.nn.functional.batch_norm(
            value, mean, variance, gain, shift, self._training, _MOMENTUM, self._epsilon
        )

    def relu(self, value: torch.Tensor, name: str) -> torch.Tensor:
        """As `Layers` says."""
        del name
        return value.relu()

    def relu6(self, value: torch.Tensor, name: str) -> torch.Tensor:
        """As `Layers` says."""
        del name
        return torch.nn.functional.relu6(value)

    def add(self, one: torch.Tensor, other: torch.Tensor, name: str) -> torch.Tensor:
        """As `Layers` says."""
        del name
        return one + other

    def mean(self, value: torch.Tensor, name: str) -> torch.Tensor:
        """As `Layers` says."""
        del name
        return value.mean(dim=(2, 3))


class Trainable(torch.nn.Module):  # type: ignore[misc]  # torch is optional, and read as Any
    """A network that learns.

    Args:
        features: the network, as a function of layers and images.
        weights: to start from, by name.
        epsilon: of the batch norms.
    """

    def __init__(
        self,
        features: Callable[[Layers[torch.Tensor], torch.Tensor], torch.Tensor],
        weights: Mapping[str, NDArray[Any]],
        epsilon: float,
    ) -> None:
        super().__init__()
        self._features, self._epsilon = features, epsilon
        self._names = [name for name in weights if weights[name].dtype == np.float32]
        for name in self._names:
            value = torch.from_numpy(weights[name].copy())
            if name.endswith(_BUFFERS):
                self.register_buffer(_key(name), value)
            else:
                self.register_parameter(_key(name), torch.nn.Parameter(value))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, 3, S, S) -> (n, F)."""
        weights = {name: getattr(self, _key(name)) for name in self._names}
        # With the channels innermost the convolutions of CPUs and GPUs are quicker.
        images = images.contiguous(memory_format=torch.channels_last)
        return self._features(TorchLayers(weights, self._epsilon, training=self.training), images)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """What it has learned, by name."""
        return {name: getattr(self, _key(name)).detach().cpu().numpy() for name in self._names}


def _key(name: str) -> str:
    return name.replace(".", "/")  # torch keeps dots for modules within modules
