"""ResNet-10 for small pictures: what is trained from nothing on a user's own images.

One basic block in each of four stages, behind a stem for 64 x 64 pixels; half the published widths, so that two CPUs
train it in minutes. It has no published weights: it is of use once it was trained.

References:
    He, Zhang, Ren, Sun. Deep Residual Learning for Image Recognition. CVPR 2016: figure 5 (left), section 4.1.
    He, Zhang, Ren, Sun. Delving Deep into Rectifiers. ICCV 2015: equation 14, the initial weights.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightly_ray.embedding.network.graph import GraphBuilder
from lightly_ray.embedding.network.layers import Layers, V

NAME = "resnet-10"
SIDE = 64
_WIDTHS = (32, 64, 128, 256)
DIMENSIONS = _WIDTHS[-1]
EPSILON = 1e-5


def build(side: int, weights: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """The network as an ONNX file: `images` (n, 3, side, side) float32 -> `features` (n, 256) float32."""
    graph = GraphBuilder(weights, EPSILON)
    return graph.finish(NAME, side, features(graph, "images"), DIMENSIONS, metadata)


def features(layers: Layers[V], images: V) -> V:
    """(n, 3, S, S) -> (n, 256)."""
    value = layers.relu(layers.convolution(images, "stem", "stem_norm", stride=2), "stem")
    for stage in range(len(_WIDTHS)):
        value = _block(layers, value, f"stage{stage}")
    return layers.mean(value, "mean")


def _block(layers: Layers[V], value: V, name: str) -> V:
    inner = layers.relu(layers.convolution(value, f"{name}.first", f"{name}.first_norm", stride=2), f"{name}.first")
    inner = layers.convolution(inner, f"{name}.second", f"{name}.second_norm")
    short = layers.convolution(value, f"{name}.short", f"{name}.short_norm", stride=2)
    return layers.relu(layers.add(short, inner, name), name)


def initial_weights(seed: int) -> dict[str, NDArray[np.float32]]:
    """Random weights of variance 2 / fan-in, batch norms that change nothing."""
    random = np.random.default_rng(seed)
    weights: dict[str, NDArray[np.float32]] = {}
    for layer, wide, deep, side in _convolutions():
        kernel = random.normal(0, np.sqrt(2 / (deep * side * side)), (wide, deep, side, side))
        weights[f"{layer}.weight"] = kernel.astype(np.float32)
        for part, value in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
            weights[f"{layer}_norm.{part}"] = np.full(wide, value, np.float32)
    return weights


def _convolutions() -> list[tuple[str, int, int, int]]:
    """Name, output channels, input channels and side of every kernel."""
    found = [("stem", _WIDTHS[0], 3, 3)]
    before = _WIDTHS[0]
    for stage, width in enumerate(_WIDTHS):
        found += [
            (f"stage{stage}.first", width, before, 3),
            (f"stage{stage}.second", width, width, 3),
            (f"stage{stage}.short", width, before, 1),
        ]
        before = width
    return found
