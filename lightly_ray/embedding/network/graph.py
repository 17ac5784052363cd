"""Layers -> an ONNX graph, one method per kind of layer; batch norms are folded into the convolutions before them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_OPSET, _IR = 17, 8  # of 2022: what any runtime of today reads


class GraphBuilder:
    """A graph that grows layer by layer; every method takes and gives names of values.

    Args:
        weights: arrays by name; layers are called by what their weights' names begin with.
        epsilon: of the batch norms.
    """

    def __init__(self, weights: Mapping[str, NDArray[Any]], epsilon: float) -> None:
        self._weights, self._epsilon = weights, epsilon
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def convolution(self, value: str, layer: str, norm: str, *, stride: int = 1) -> str:
        """A convolution without bias and the batch norm behind it.

        w' = w g / sqrt(v + eps),  b' = b - m g / sqrt(v + eps); a depthwise one is told by its weights' shape.

        Args:
            value: (n, C, H, W).
            layer: name of the convolution.
            norm: name of the batch norm.
            stride: step in pixels.
        """
        kernel = self._weights[f"{layer}.weight"].astype(np.float64)
        gain, shift, mean, variance = (
            self._weights[f"{norm}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gain / np.sqrt(variance + self._epsilon)
        attributes: dict[str, Any] = {"strides": [stride, stride], "kernel_shape": kernel.shape[2:]}
        attributes["auto_pad"] = "SAME_UPPER"  # zeros around as TensorFlow's SAME adds them, the odd one behind
        if kernel.shape[1] == 1:
            attributes["group"] = len(kernel)
        names = [
            self.constant(f"{layer}.weight", (kernel * scale[:, None, None, None]).astype(np.float32)),
            self.constant(f"{layer}.bias", (shift - mean * scale).astype(np.float32)),
        ]
        return self.node("Conv", [value, *names], layer, **attributes)

    def node(self, kind: str, values: list[str], name: str, **attributes: Any) -> str:
        """Any operator with one output."""
        output = f"{name}/{kind}"
        self._nodes.append(helper.make_node(kind, values, [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """An array of the graph itself."""
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def finish(self, name: str, side: int, output: str, dimensions: int) -> bytes:
        """The graph as an ONNX file: `images` (n, 3, side, side) float32 -> `features` (n, dimensions) float32."""
        self._nodes.append(helper.make_node("Identity", [output], ["features"], name="features"))
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, side, side])],
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", dimensions])],
            self._constants,
        )
        model = helper.make_model(
            graph, producer_name="lightly_ray", opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR
        )
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())
