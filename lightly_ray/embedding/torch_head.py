"""A linear classifier that learns by torch, see `learning`."""

import numpy as np
import torch
from numpy.typing import NDArray

from lightly_ray.embedding.linear_head import Weights

_RATE, _DECAY = 0.01, 1e-4


def learn_with_torch(
    weights: Weights, embeddings: NDArray[np.float32], labels: NDArray[np.int64], epochs: int
) -> Weights:
    """Go on learning by Adam on the cross entropy, all samples in each step; see `learning.learn`."""
    classes, dimensions = weights.weight.shape
    layer = torch.nn.Linear(dimensions, classes, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weights.weight))
        layer.bias.copy_(torch.from_numpy(weights.bias))
    optimizer = torch.optim.AdamW(layer.parameters(), lr=_RATE, weight_decay=_DECAY)
    given, true = torch.from_numpy(embeddings.astype(np.float64)), torch.from_numpy(labels.astype(np.int64))
    for _ in range(epochs):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(layer(given), true).backward()
        optimizer.step()
    weight, bias = layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy()
    return Weights(weight, bias, weights.steps + epochs * len(labels))
