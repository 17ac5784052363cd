"""A linear classifier on embeddings that goes on learning from where it was: what a network's last layer is.

Its whole state is arrays, `Weights`: a checkpoint holds no code. Two learners make the same kind of weights, by
gradient steps on the cross entropy, see `learning`.
"""

import io
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """A linear classifier.

    Attributes:
        weight: (C, D) float64.
        bias: (C,) float64.
        steps: how many samples it has learned from, each as often as it was seen.
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    steps: int = 0

    @classmethod
    def zero(cls, classes: int, dimensions: int) -> Self:
        """What knows nothing."""
        return cls(np.zeros((classes, dimensions)), np.zeros(classes))

    def probabilities(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities (N, C) for embeddings (N, D): softmax of what the classes get."""
        raised = embeddings.astype(np.float64) @ self.weight.T + self.bias
        exponentials = np.exp(raised - raised.max(axis=1, keepdims=True))
        result: NDArray[np.float32] = (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)
        return result

    def accuracy(self, embeddings: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
        """Share of the samples whose likeliest class is their label."""
        return float(np.mean(self.probabilities(embeddings).argmax(axis=1) == labels))

    def to_bytes(self) -> bytes:
        """As an .npz file."""
        sink = io.BytesIO()
        np.savez(sink, weight=self.weight, bias=self.bias, steps=self.steps)
        return sink.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what ``to_bytes`` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return cls(arrays["weight"], arrays["bias"], int(arrays["steps"]))
