"""Images -> vectors on Ray Data actors: each loads the model once, reads, decodes and describes.

An actor does it all, as pixels are larger than what is made of them. It has one CPU, and a thread for it; where Ray has
GPUs and the runtime can use them, it has one of those, its share of the CPUs, and decodes on as many threads.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import onnxruntime as ort
import pyarrow as pa
import ray
import ray.data

from lightly_ray.data.location import Location
from lightly_ray.data.vectors import fixed_lists
from lightly_ray.embedding.embedder import Embedder
from lightly_ray.embedding.models import Model
from lightly_ray.parallel import metrics
from lightly_ray.parallel.cluster import cluster_cpus, cluster_gpus, own_cpus
from lightly_ray.parallel.embedding.reader import BLACK, Reader
from lightly_ray.parallel.errors import plain_errors
from lightly_ray.parallel.remote_args import ACTOR_LOSSES, map_batches
from lightly_ray.selection.threads import single_products

_BLOCK = 256  # names that travel together; about five seconds of work


@dataclass(frozen=True, slots=True)
class Loader:
    """How images are read.

    Attributes:
        batch_size: images that an actor describes in one go.
        num_workers: actors; None: one per CPU of the cluster.
        remote_args: of the actors; what they say comes before what is chosen here.
    """

    batch_size: int = 64
    num_workers: int | None = None
    remote_args: Mapping[str, Any] = field(default_factory=dict)


def extract_in_order(
    root: Location, filenames: Sequence[str], model: Model, embedder: Embedder | None, loader: Loader
) -> Iterator[pa.Table]:
    """Vectors of images, in the order of the names.

    Args:
        root: the folder.
        filenames: N >= 1 names below it.
        model: what describes images.
        embedder: makes embeddings of features; None: features.
        loader: how images are read.

    Yields:
        Tables of ``filename``, ``embedding`` (fixed-size list of float32, NaN where an image cannot be decoded),
        ``error`` and ``several``.

    Raises:
        UnreadableError: a file is gone, or its store does not answer.
    """
    dataset = map_batches(
        _names(filenames, loader),
        _EmbedImages,
        fn_constructor_args=(root, ray.put(model), ray.put(embedder)),
        batch_size=loader.batch_size,
        batch_format="pyarrow",
        **_resources(filenames, loader),
    )
    dataset.context.execution_options.preserve_order = True
    row = 0
    with plain_errors():
        for table in cast("Iterable[pa.Table]", dataset.iter_batches(batch_format="pyarrow", batch_size=None)):
            if table["filename"].to_pylist() != list(filenames[row : row + len(table)]):
                raise RuntimeError(f"the image {filenames[row]!r} was expected, Ray Data brought others")
            row += len(table)
            yield table


def _names(filenames: Sequence[str], loader: Loader) -> ray.data.Dataset:
    workers = loader.num_workers or cluster_cpus()
    # Small enough that all workers have work to the end, whole batches, and not more blocks than needed.
    share = -(-len(filenames) // (4 * workers * loader.batch_size)) * loader.batch_size
    size = max(loader.batch_size, min(_BLOCK, share))
    names = pa.table({"filename": pa.array(filenames, pa.string())})
    return ray.data.from_arrow([names.slice(start, size) for start in range(0, len(filenames), size)])


def _resources(filenames: Sequence[str], loader: Loader) -> dict[str, Any]:
    gpus = cluster_gpus() if "CUDAExecutionProvider" in ort.get_available_providers() else 0
    wanted = loader.num_workers or gpus or cluster_cpus()
    most = max(1, min(wanted, -(-len(filenames) // loader.batch_size)))
    # All at once, since each takes seconds to load; on a full cluster those begin that find a place.
    pool = ray.data.ActorPoolStrategy(min_size=1, max_size=most, initial_size=most)
    held: dict[str, Any] = {"num_cpus": 1}
    if gpus:
        held = {"num_gpus": min(1.0, gpus / most), "num_cpus": max(1, cluster_cpus() // most)}
    return {"compute": pool, **held, **ACTOR_LOSSES, **loader.remote_args}


class _EmbedImages:
    """One actor: reads images below ``root`` and describes them."""

    def __init__(
        self, root: Location, model: "ray.ObjectRef[Model]", embedder: "ray.ObjectRef[Embedder | None]"
    ) -> None:
        opened: Model = ray.get(model)  # one copy a node, for all actors there
        self._embedder: Embedder | None = ray.get(embedder)
        threads = own_cpus()
        self._extract = opened.load(threads, gpu=bool(ray.get_gpu_ids()))
        self._reader = Reader(root, opened.side, threads)

    def __call__(self, batch: pa.Table) -> pa.Table:
        names = [str(name) for name in batch["filename"].to_pylist()]
        decoded = list(self._reader.read(names))
        metrics.count(metrics.ROWS_EMBEDDED, len(names))
        images = [one.image for one in decoded if not one.error]
        # What an actor was not given belongs to others: threads of BLAS would fight over it.
        with single_products():
            values = self._extract(images or [BLACK])  # one at least, to know the dimensions
            described = values if self._embedder is None else self._embedder.embed(values)
        vectors = np.full((len(names), described.shape[1]), np.nan, np.float32)
        vectors[[not one.error for one in decoded]] = described[: len(images)]
        return pa.table(
            {
                "filename": pa.array(names, pa.string()),
                "embedding": fixed_lists(vectors),
                "error": pa.array([one.error for one in decoded], pa.string()),
                "several": pa.array([one.several for one in decoded], pa.bool_()),
            }
        )
