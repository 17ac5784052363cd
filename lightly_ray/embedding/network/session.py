"""A network as an ONNX graph, loaded into the runtime: prepared pixels -> its output. One image input, one output."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from lightly_ray.errors import InvalidInputError

_FLOATS = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}


class Session:
    """A loaded network.

    Args:
        graph: the bytes of an ONNX file.
        what: how messages call it.
        output: name of the output to take; by default its only one.
        threads: of the runtime.
        gpu: run on the GPU that this process sees.

    Attributes:
        side: pixels of the square that the graph asks for; None where it takes any size.

    Raises:
        InvalidInputError: it is no ONNX file that the runtime can load, has not one image input, or not one output
            that can be meant; the message lists what it has.
    """

    def __init__(
        self, graph: bytes, what: str, *, output: str | None = None, threads: int = 1, gpu: bool = False
    ) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3  # errors; they are raised as well
        # Waiting threads must sleep: the CPUs beside this one belong to other actors.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CUDAExecutionProvider", "CPUExecutionProvider"] if gpu else ["CPUExecutionProvider"]
        try:
            self._session = ort.InferenceSession(graph, options, providers=providers)
        except Exception as error:  # the runtime has an exception class for each of its reasons
            raise InvalidInputError(f"{what} cannot be loaded as ONNX: {str(error).splitlines()[0]}") from error
        self._what = what
        self._input, self.side = self._image_input()
        self._output = self._chosen(output)
        self._single = self._session.get_inputs()[0].shape[0] == 1

    def _image_input(self) -> tuple[ort.NodeArg, int | None]:
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise InvalidInputError(
                f"{self._what} takes {len(inputs)} inputs ({_listed(inputs)}), expected one: images (n, 3, H, W)"
            )
        (only,) = inputs
        shape = list(only.shape)
        fits = len(shape) == 4 and (shape[1] == 3 or not isinstance(shape[1], int)) and only.type in _FLOATS
        if not fits:
            raise InvalidInputError(f"{self._what} takes {_listed(inputs)}, expected floats (n, 3, H, W)")
        sides = {size for size in shape[2:] if isinstance(size, int)}
        if len(sides) > 1:
            raise InvalidInputError(f"{self._what} takes {_listed(inputs)}, expected squares")
        return only, next(iter(sides), None)

    def _chosen(self, name: str | None) -> str:
        outputs = {one.name: one for one in self._session.get_outputs()}
        if name is None and len(outputs) != 1:
            raise InvalidInputError(
                f"{self._what} has {len(outputs)} outputs ({_listed(outputs.values())}): say which, output_name=NAME"
            )
        chosen = outputs.get(name or next(iter(outputs)))
        if chosen is None:
            raise InvalidInputError(f"{self._what} has no output {name!r} (it has {_listed(outputs.values())})")
        return str(chosen.name)

    def forward(self, pixels: NDArray[np.float32]) -> NDArray[Any]:
        """The output for prepared images (n, 3, S, S).

        Raises:
            InvalidInputError: the network cannot take them.
        """
        step = 1 if self._single else len(pixels)
        try:
            parts = [self._run(pixels[start : start + step]) for start in range(0, len(pixels), step)]
        except Exception as error:
            raise InvalidInputError(f"{self._what} failed on images {pixels.shape}: {error}") from error
        return np.concatenate(parts)

    def _run(self, pixels: NDArray[np.float32]) -> NDArray[Any]:
        (values,) = self._session.run([self._output], {self._input.name: pixels.astype(_FLOATS[self._input.type])})
        return np.asarray(values)


def _listed(values: Sequence[ort.NodeArg] | Any) -> str:
    return ", ".join(f"{one.name} {one.type} {one.shape}" for one in values) or "none"
