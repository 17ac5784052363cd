"""Small ONNX files that tests bring as a user would."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WEIGHTS = np.random.default_rng(9).normal(size=(5, 3, 4, 4)).astype(np.float32)


def tiny(
    path: Path,
    *,
    side: int | str = 16,
    outputs: tuple[str, ...] = ("map",),
    inputs: int = 1,
    batch: int | str = "n",
    metadata: dict[str, str] | None = None,
) -> Path:
    """A convolution of 4 x 4 and a rectifier; outputs `map` (n, 5, .., ..) and `mean` (n, 5)."""
    nodes = [
        helper.make_node("Conv", ["images", "weights"], ["raw"], strides=[4, 4]),
        helper.make_node("Relu", ["raw"], ["map"]),
        helper.make_node("GlobalAveragePool", ["map"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["mean"]),
    ]
    shapes: dict[str, list[Any]] = {"map": [batch, 5, "h", "w"], "mean": [batch, 5]}
    names = ["images", "others"][:inputs]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, 3, side, side]) for name in names],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in outputs],
        [numpy_helper.from_array(WEIGHTS, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    onnx.save(model, path)
    return path


def tiny_features(pixels: np.ndarray) -> np.ndarray:
    """What the file gives for prepared pixels (n, 3, side, side), pooled."""
    n, _, height, width = pixels.shape
    patches = pixels.reshape(n, 3, height // 4, 4, width // 4, 4).transpose(0, 2, 4, 1, 3, 5)
    values = np.einsum("nhwcyx,fcyx->nfhw", patches, WEIGHTS)
    return np.asarray(np.maximum(values, 0).mean(axis=(2, 3)))
