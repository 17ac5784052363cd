"""Layers of an ONNX graph; batch norms are folded into the convolutions before them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from lightly_ray.errors import InvalidInputError

_OPSET, _IR = 17, 8  # of 2022: what any runtime of today reads


class GraphBuilder:
    """A graph that grows layer by layer; every method takes and gives names of values.

    Args:
        weights: arrays by name; layers are called by what their weights' names begin with.
        epsilon: of the batch norms.
    """

    def __init__(self, weights: Mapping[str, NDArray[Any]], epsilon: float) -> None:
        self.weights, self._epsilon = weights, epsilon
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def convolution(self, value: str, layer: str, norm: str, *, stride: int = 1) -> str:
        """As `Layers` says: w' = w g / sqrt(v + eps),  b' = b - m g / sqrt(v + eps)."""
        kernel = self.weights[f"{layer}.weight"].astype(np.float64)
        gain, shift, mean, variance = (
            self.weights[f"{norm}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gain / np.sqrt(variance + self._epsilon)
        attributes: dict[str, Any] = {"strides": [stride, stride], "kernel_shape": kernel.shape[2:]}
        attributes["auto_pad"] = "SAME_UPPER"
        if kernel.shape[1] == 1:
            attributes["group"] = len(kernel)
        names = [
            self._constant(f"{layer}.weight", (kernel * scale[:, None, None, None]).astype(np.float32)),
            self._constant(f"{layer}.bias", (shift - mean * scale).astype(np.float32)),
        ]
        return self._node("Conv", [value, *names], layer, **attributes)

    def relu(self, value: str, name: str) -> str:
        """As `Layers` says."""
        return self._node("Relu", [value], name)

    def relu6(self, value: str, name: str) -> str:
        """As `Layers` says."""
        bounds = [
            self._constant(f"{name}.{bound}", np.array(limit, np.float32)) for bound, limit in (("low", 0), ("high", 6))
        ]
        return self._node("Clip", [value, *bounds], name)

    def add(self, one: str, other: str, name: str) -> str:
        """As `Layers` says."""
        return self._node("Add", [one, other], name)

    def mean(self, value: str, name: str) -> str:
        """As `Layers` says."""
        return self._node("Flatten", [self._node("GlobalAveragePool", [value], name)], name, axis=1)

    def _node(self, kind: str, values: list[str], name: str, **attributes: Any) -> str:
        output = f"{name}/{kind}"
        self._nodes.append(helper.make_node(kind, values, [output], name=output, **attributes))
        return output

    def _constant(self, name: str, value: NDArray[Any]) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def finish(self, name: str, side: int, output: str, dimensions: int, metadata: Mapping[str, str]) -> bytes:
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
        helper.set_model_props(model, dict(metadata))
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())


def read_metadata(graph: bytes) -> dict[str, str]:
    """What an ONNX file says of itself, by key.

    Raises:
        InvalidInputError: it is no ONNX file.
    """
    try:
        model = onnx.load_from_string(graph)
    except Exception as error:  # the parser's own, of a package that is not ours
        raise InvalidInputError(f"it is no ONNX file: {error}") from error
    return {one.key: one.value for one in model.metadata_props}
