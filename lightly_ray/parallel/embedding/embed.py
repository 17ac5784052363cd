"""Images -> embeddings with the built-in descriptor, on Ray Data actors.

    embed            `lightly_ray.embed`: a folder -> Embedded, with a Ray of its own where there is none
    fit_descriptor   some of the images -> Descriptor
    embed_images     Dataset of filenames -> Dataset of (filename, embedding, error), streaming
    embed_folder     a folder -> arrays in file-name order, for pools that fit in memory

An image that cannot be decoded has its reason in ``error`` ("" otherwise) and a vector of NaN: the caller names and
counts it. A vector depends on its image and on the descriptor alone, never on the batch or the actor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import ray
import ray.data
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lightly_ray._types import PathLike
from lightly_ray.data.images import CorruptImageError, decode_rgb, list_images
from lightly_ray.data.location import Location
from lightly_ray.embedding.descriptor import FEATURES, Descriptor, features, fit
from lightly_ray.errors import InvalidInputError
from lightly_ray.parallel.cluster import cluster_cpus, connected
from lightly_ray.progress import Progress
from lightly_ray.selection.random_draw import random_keys

FIT_ON = 4096  # images; principal axes of this many are stable, and their features fit in 40 MB
_BATCH = 64  # images a call: about 0.2 s, so that progress moves


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """Embeddings of a folder's images, in file-name order.

    Attributes:
        filenames: N names of the images that could be decoded.
        embeddings: (N, D) float32, unit length.
        corrupt: reason by name, for the images that could not be decoded.
        descriptor: what made the embeddings.
    """

    filenames: list[str]
    embeddings: NDArray[np.float32]
    corrupt: dict[str, str]
    descriptor: Descriptor


class _Describe:
    """One actor: reads images below ``root`` and describes them, reduced where a descriptor is given."""

    def __init__(self, root: Location, shared: "ray.ObjectRef[Descriptor | None]") -> None:
        self._root = root
        self._descriptor: Descriptor | None = ray.get(shared)  # one copy a node, for all actors there

    def __call__(self, batch: dict[str, NDArray[Any]]) -> dict[str, Any]:
        names = [str(name) for name in batch["filename"]]
        # An actor has one CPU; threads of BLAS below it would fight with the other actors.
        with threadpool_limits(1):
            vectors, errors = zip(*(self._describe(name) for name in names), strict=True)
        return {"filename": np.array(names, dtype=object), "embedding": np.stack(vectors), "error": list(errors)}

    def _describe(self, name: str) -> tuple[NDArray[np.float32], str]:
        place = self._root.child(name)
        with place.filesystem.open_input_file(place.path) as file:
            data = file.read()
        try:
            vector, error = features(decode_rgb(data, name=name)), ""
        except CorruptImageError as corrupt:
            vector, error = np.full(FEATURES, np.nan, np.float32), str(corrupt)
        return (vector if self._descriptor is None else self._descriptor.embed(vector[None])[0]), error


def embed(folder: PathLike, *, descriptor: Descriptor | None = None) -> Embedded:
    """Embed all images of a folder, at any depth.

    Runs on the Ray of this process, else on the cluster that `RAY_ADDRESS` names, else on a local one that ends
    with the call.

    Args:
        folder: a path, which the workers of a cluster see too, or a URI such as `s3://bucket/photos`.
        descriptor: what made earlier embeddings, to embed further images the same way; by default one is fitted on
            images of the folder.

    Raises:
        NotFoundError: there is no such folder.
        InvalidInputError: it holds no image, or fewer than two that can be decoded where a descriptor is fitted.

    Example:
        >>> import lightly_ray
        >>> embedded = lightly_ray.embed("photos")  # doctest: +SKIP
        >>> embedded.embeddings.shape  # doctest: +SKIP
        (1797, 128)
    """
    place = Location.parse(folder)
    filenames = list_images(place)
    with connected():
        return embed_folder(place, filenames, descriptor)


def embed_images(root: Location, filenames: Sequence[str], descriptor: Descriptor | None) -> ray.data.Dataset:
    """Describe images, streaming.

    Args:
        root: the folder; a local one is seen by all workers.
        filenames: N >= 1 names below it.
        descriptor: a fitted one, or None for the raw features.

    Returns:
        Columns ``filename``, ``embedding`` (D,) float32, ``error``; in no order.
    """
    names = pa.table({"filename": pa.array(filenames, pa.string())})
    blocks = [names.slice(start, _BATCH) for start in range(0, len(filenames), _BATCH)]
    actors = min(len(blocks), cluster_cpus())
    return ray.data.from_arrow(blocks).map_batches(
        _Describe,
        fn_constructor_args=(root, ray.put(descriptor)),
        batch_size=_BATCH,
        batch_format="numpy",
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=actors),
    )


def fit_descriptor(root: Location, filenames: Sequence[str]) -> Descriptor:
    """Fit the descriptor on at most ``FIT_ON`` of the images, the same ones for the same names.

    Raises:
        InvalidInputError: fewer than two of them can be decoded.
    """
    keys = random_keys(filenames, seed=0)
    sample = [filenames[row] for row in np.argsort(keys, kind="stable")[:FIT_ON]]
    _, values, corrupt = _collect(embed_images(root, sample, None), len(sample), "read images to fit the descriptor")
    if len(values) < 2:
        raise InvalidInputError(
            f"{root.shown}: {len(values)} of {len(sample)} images can be read: {', '.join(corrupt.values())}"
        )
    return fit(values)


def embed_folder(root: Location, filenames: Sequence[str], descriptor: Descriptor | None = None) -> Embedded:
    """Embed images of a folder; without a descriptor, one is fitted on them first."""
    if descriptor is None:
        descriptor = fit_descriptor(root, filenames)
    return Embedded(*_collect(embed_images(root, filenames, descriptor), len(filenames), "embed images"), descriptor)


def _collect(dataset: ray.data.Dataset, total: int, what: str) -> tuple[list[str], NDArray[np.float32], dict[str, str]]:
    # Rows come in any order: the names bring them back into theirs, so a fit never depends on arrival.
    vectors: dict[str, NDArray[np.float32]] = {}
    corrupt: dict[str, str] = {}
    with Progress(what, total, unit="images") as progress:
        for batch in dataset.iter_batches(batch_size=None, batch_format="numpy"):
            for name, vector, error in zip(batch["filename"], batch["embedding"], batch["error"], strict=True):
                if error:
                    corrupt[str(name)] = str(error)
                else:
                    vectors[str(name)] = vector
            progress.advance(len(batch["filename"]))
    names = sorted(vectors)
    return names, np.array([vectors[name] for name in names], dtype=np.float32), dict(sorted(corrupt.items()))
