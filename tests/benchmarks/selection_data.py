"""Embeddings like those that selections run on, made row block by row block from a seed.

    isotropic   normal vectors
    clustered   500 clusters with Dirichlet(0.5) weights, each spread over 24 random directions, log-normal in size
    network     points between two features of a pretrained network (`between`)
    power       amplitude of axis i as i^-0.5 (power1: i^-1), rotated, in 500 clusters

All rows have unit length. A block depends on (kind, dimensions, seed, block) alone, so files of any size can be written
without holding them.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

import lightly_ray

BLOCK = 50_000
_CLUSTERS, _DIRECTIONS = 500, 24


def embeddings(kind: str, rows: int, dimensions: int, seed: int = 0) -> NDArray[np.float32]:
    """(rows, dimensions) float32, in memory."""
    out = np.empty((rows, dimensions), np.float32)
    start = 0
    for block in blocks(kind, rows, dimensions, seed):
        out[start : start + len(block)] = block
        start += len(block)
    return out


def between(features: Path | None, rows: int, dimensions: int) -> NDArray[np.float32]:
    """(rows, dimensions) float32: points between two features of a pretrained network.

    Args:
        features: (n, dimensions) ``.npy``; None for those of scikit-learn's digits.
        rows: N.
        dimensions: of the features.
    """
    made = _digits() if features is None else np.load(features)
    assert made.shape[1] == dimensions, made.shape
    rng = np.random.default_rng(0)
    share = rng.uniform(0, 0.5, (rows, 1)).astype(np.float32)
    one, other = (made[rng.integers(0, len(made), rows)] for _ in range(2))
    return np.asarray(one + share * (other - one), np.float32)


def _digits() -> NDArray[np.float32]:
    pictures = (load_digits().images * 15.9).astype(np.uint8)
    with TemporaryDirectory() as folder:
        for number, picture in enumerate(pictures):
            Image.fromarray(picture).resize((240, 240)).save(Path(folder) / f"{number:04}.png")
        return np.asarray(lightly_ray.embed(folder, reduce=0).embeddings, np.float32)


def blocks(kind: str, rows: int, dimensions: int, seed: int = 0) -> Iterator[NDArray[np.float32]]:
    """The same, block by block."""
    rng = np.random.default_rng([seed, dimensions])
    centers = _unit(rng.standard_normal((_CLUSTERS, dimensions), dtype=np.float32))
    weights = rng.dirichlet(np.full(_CLUSTERS, 0.5))
    sizes = rng.lognormal(-0.7, 0.5, _CLUSTERS).astype(np.float32)
    width = min(_DIRECTIONS, dimensions)
    spans = rng.standard_normal((_CLUSTERS, width, dimensions), dtype=np.float32) / np.sqrt(np.float32(dimensions))
    turn = np.linalg.qr(rng.standard_normal((dimensions, dimensions)))[0].astype(np.float32)
    exponent = 1.0 if kind == "power1" else 0.5
    amplitude = (np.arange(1, dimensions + 1) ** -exponent).astype(np.float32)
    for number, start in enumerate(range(0, rows, BLOCK)):
        count = min(BLOCK, rows - start)
        own = np.random.default_rng([seed, dimensions, number])
        if kind == "isotropic":
            yield _unit(own.standard_normal((count, dimensions), dtype=np.float32))
        elif kind == "clustered":
            labels = own.choice(_CLUSTERS, size=count, p=weights)
            yield _unit(centers[labels] + _spread(own, labels, spans, sizes))
        else:
            labels = own.integers(0, _CLUSTERS, count)
            noise = own.standard_normal((count, dimensions), dtype=np.float32)
            middles = centers[labels] * np.sqrt(np.float32(dimensions))
            yield _unit(((middles + np.float32(0.7) * noise) * amplitude) @ turn)


def _spread(
    rng: np.random.Generator, labels: NDArray[np.int64], spans: NDArray[np.float32], sizes: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Offset of every row from the middle of its cluster, within the directions of the cluster."""
    width, dimensions = spans.shape[1:]
    weights = rng.standard_normal((len(labels), width), dtype=np.float32) / np.sqrt(np.float32(width))
    weights *= sizes[labels][:, None]
    out = np.empty((len(labels), dimensions), np.float32)
    for label in np.unique(labels):
        members = labels == label
        out[members] = weights[members] @ spans[label]
    return out


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)
