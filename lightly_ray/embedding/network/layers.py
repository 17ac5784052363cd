"""What networks are made of. A network is written once, as a function of these layers.

graph.GraphBuilder                a value is a name in a graph: the network as an ONNX file
training.trainable.TorchLayers    a value is a tensor of torch: the network as it learns
"""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

V = TypeVar("V")


class Layers(Protocol[V]):
    """Layers over values of one kind, with weights by name."""

    @property
    def weights(self) -> Mapping[str, Any]:
        """Arrays or tensors by name; layers are called by what their weights' names begin with."""

    def convolution(self, value: V, layer: str, norm: str, *, stride: int = 1) -> V:
        """A convolution without bias, and the batch norm behind it.

        Zeros are added around as TensorFlow's SAME does, the odd one behind. A kernel with one input channel filters
        each channel on its own.

        Args:
            value: (n, C, H, W).
            layer: name of the convolution.
            norm: name of the batch norm.
            stride: step in pixels.
        """

    def relu(self, value: V, name: str) -> V:
        """max(0, x)."""

    def relu6(self, value: V, name: str) -> V:
        """min(6, max(0, x))."""

    def add(self, one: V, other: V, name: str) -> V:
        """The sum of two values of one shape."""

    def mean(self, value: V, name: str) -> V:
        """(n, C, H, W) -> (n, C), averaged over positions."""
