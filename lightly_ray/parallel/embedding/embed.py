"""Images -> embeddings, in the order of their names, on Ray Data actors.

    embed            `lightly_ray.embed`: a folder -> Embedded, with a Ray of its own where there is none
    fit_embedder     some of the images -> an Embedder, and their own embeddings on the way
    embed_in_order   a folder and an Embedder -> tables of (filename, embedding, error, several), one behind the other

Every image is read and decoded once: those that an embedder is fitted on are not read again. One that cannot be decoded
has its reason in ``error`` ("" otherwise) and a vector of NaN: the caller names and counts it. ``several`` says that a
file has more frames or pages than the first, which is embedded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lightly_ray._types import PathLike
from lightly_ray.data.images import list_images
from lightly_ray.data.location import Location
from lightly_ray.data.vectors import fixed_lists, matrix
from lightly_ray.embedding.embedder import Embedder
from lightly_ray.embedding.model_options import ModelOptions
from lightly_ray.embedding.models import DEFAULT, Model, open_model
from lightly_ray.embedding.reduction import DIMENSIONS, fit_reduction
from lightly_ray.errors import InvalidInputError, listed
from lightly_ray.parallel.cluster import connected
from lightly_ray.parallel.embedding.auto_model import resolve_auto
from lightly_ray.parallel.embedding.extract import Loader, extract_in_order
from lightly_ray.parallel.remote_args import checked_args
from lightly_ray.parallel.waiting import with_room
from lightly_ray.progress import Progress
from lightly_ray.selection.random_draw import random_keys

_EMBEDDER = b"embedder"
FIT_ON = 4096  # images; principal axes of this many are stable, and their features fit in 40 MB


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """Embeddings of a folder's images, in file-name order.

    Attributes:
        filenames: N names of the images that could be decoded.
        embeddings: (N, D) float32, unit length.
        corrupt: reason by name, for the images that could not be decoded.
        embedder: what made the embeddings, to embed further images the same way.
        first_frames: names of the files with several frames or pages, of which the first was embedded.
    """

    filenames: list[str]
    embeddings: NDArray[np.float32]
    corrupt: dict[str, str]
    embedder: Embedder
    first_frames: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """How features are reduced.

    Attributes:
        size: principal axes at most; 0: features are kept as they are, and nothing is fitted.
        fit_on: names of the images that the axes may be fitted on; None: all.
    """

    size: int = DIMENSIONS
    fit_on: Sequence[str] | None = None


def embed(
    folder: PathLike,
    *,
    model: str = DEFAULT,
    options: ModelOptions | None = None,
    reduce: int = DIMENSIONS,
    embedder: Embedder | None = None,
    ray_remote_args: Mapping[str, Any] | None = None,
) -> Embedded:
    """Embed all images of a folder, at any depth.

    Runs on the Ray of this process, else on the cluster that `RAY_ADDRESS` names, else on a local one that ends
    with the call.

    Args:
        folder: a path, which the workers of a cluster see too, or a URI such as `s3://bucket/photos`.
        model: ``efficientnet-lite1`` or ``-lite0`` (a pretrained network), ``descriptor`` (gradients and colours, for
            tiny pictures), ``auto`` (the network, but the descriptor where the median image is under 64 pixels),
            ``FILE.onnx``, ``torch:MODULE:FACTORY``, ``timm:NAME``, ``hf:NAME``.
        options: input size, normalisation and output of a network of your own.
        reduce: principal axes that features are reduced to; 0 keeps all features.
        embedder: what made earlier embeddings, to embed further images the same way, in place of a model.
        ray_remote_args: where the actors that embed run, and what they hold meanwhile: ``resources``,
            ``label_selector``, ``placement_group``, ``scheduling_strategy``, ``runtime_env``, ``num_cpus`` (1) and
            others of Ray's options.

    Raises:
        NotFoundError: there is no such folder, or no such model file.
        InvalidInputError: it holds no image, or fewer than two that can be decoded where axes are fitted; or the model
            cannot be used.
        ConflictError: the model of ``embedder`` is another one by now.

    Example:
        >>> import lightly_ray
        >>> embedded = lightly_ray.embed("photos")  # doctest: +SKIP
        >>> embedded.embeddings.shape  # doctest: +SKIP
        (1797, 128)
    """
    place, loader = Location.parse(folder), Loader(remote_args=checked_args(ray_remote_args))
    filenames = list_images(place)
    opened = open_model(resolve_auto(model, place, filenames), options) if embedder is None else embedder.open_model()
    with connected():
        return with_room(
            lambda: embed_folder(place, filenames, opened, axes=Axes(reduce), embedder=embedder, loader=loader),
            "embed images",
            loader.remote_args,
        )


def embed_folder(
    root: Location,
    filenames: Sequence[str],
    model: Model,
    *,
    axes: Axes | None = None,
    embedder: Embedder | None = None,
    loader: Loader | None = None,
) -> Embedded:
    """Embed images of a folder; without an embedder, one is fitted first."""
    filenames, loader = sorted(filenames), loader or Loader()
    with Progress("embed images", len(filenames), unit="images") as progress:
        if embedder is None:
            fitted = fit_embedder(root, filenames, model, axes=axes or Axes(), loader=loader, progress=progress)
        else:
            fitted = Fitted(embedder, None)
        tables = list(embed_in_order(root, filenames, model, fitted, loader=loader, progress=progress))
    whole = pa.concat_tables(tables)
    readable = whole.filter(pc.equal(whole["error"], ""))
    several = whole.filter(whole["several"])
    return Embedded(
        readable["filename"].to_pylist(),
        matrix(readable["embedding"].combine_chunks()),
        reasons_of(whole),
        fitted.embedder,
        several["filename"].to_pylist(),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """An embedder, and what fitting it left.

    Attributes:
        embedder: what embeds.
        kept: a table of the images that it was fitted on, as `embed_in_order` yields them, in file-name order; None
            where it was not fitted on any of these.
    """

    embedder: Embedder
    kept: pa.Table | None

    def to_bytes(self) -> bytes:
        """Both, of which there must be a table, as an Arrow stream."""
        table = cast("pa.Table", self.kept).replace_schema_metadata({_EMBEDDER: self.embedder.to_bytes()})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return bytes(sink.getvalue())

    @classmethod
    def from_bytes(cls, data: bytes) -> "Fitted":
        """Read what ``to_bytes`` wrote."""
        table = pa.ipc.open_stream(data).read_all()
        return cls(Embedder.from_bytes(table.schema.metadata[_EMBEDDER]), table.replace_schema_metadata())


def fit_embedder(
    root: Location,
    filenames: Sequence[str],
    model: Model,
    *,
    axes: Axes,
    loader: Loader,
    progress: Progress,
) -> Fitted:
    """Fit an embedder on at most ``FIT_ON`` of the images, the same ones for the same names.

    Where there are no more images than that, all are described on the way: actors need not be started again for the
    rest.

    Args:
        root: the folder.
        filenames: N names, sorted.
        model: what describes images.
        axes: how features are reduced; without any, nothing is read.
        loader: how images are read.
        progress: counts images.

    Raises:
        InvalidInputError: fewer than two of them can be decoded.
    """
    if not axes.size:
        return Fitted(Embedder.of(model, None), None)
    names = filenames if axes.fit_on is None else sorted(axes.fit_on)
    sample = sorted(names[row] for row in np.argsort(random_keys(names, seed=0), kind="stable")[:FIT_ON])
    tables = []
    for table in extract_in_order(root, filenames if len(filenames) <= FIT_ON else sample, model, None, loader):
        tables.append(table)
        progress.advance(len(table))
    described = pa.concat_tables(tables).combine_chunks()
    features = matrix(described["embedding"].combine_chunks())
    readable = np.isfinite(features).all(axis=1)
    chosen = readable & _is_in(described["filename"].to_pylist(), sample)
    if chosen.sum() < 2:
        reasons = listed(list(reasons_of(described).values()))
        raise InvalidInputError(f"{root.shown}: {chosen.sum()} of {len(sample)} images can be read: {reasons}")
    reduction = fit_reduction(features[chosen], axes.size)
    vectors = np.full((len(features), len(reduction.axes)), np.nan, np.float32)
    vectors[readable] = reduction.embed(features[readable])
    place = described.schema.get_field_index("embedding")
    return Fitted(
        Embedder.of(model, reduction),
        described.set_column(place, "embedding", fixed_lists(vectors)),
    )


def embed_in_order(
    root: Location,
    filenames: Sequence[str],
    model: Model,
    fitted: Fitted,
    *,
    loader: Loader,
    progress: Progress,
) -> Iterator[pa.Table]:
    """Embed images, streaming.

    Args:
        root: the folder; a local one is seen by all workers.
        filenames: N names below it, sorted.
        model: that of the embedder.
        fitted: the embedder, and the embeddings that are there already.
        loader: how images are read.
        progress: counts images that are read here.

    Yields:
        Tables of ``filename``, ``embedding`` (D,) float32, ``error`` and ``several``, each going on behind the one
        before it, together N rows.
    """
    kept = (
        None
        if fitted.kept is None
        else fitted.kept.filter(pa.array(_is_in(fitted.kept["filename"].to_pylist(), filenames)))
    )
    there = np.zeros(len(filenames), bool) if kept is None else _is_in(filenames, kept["filename"].to_pylist())
    rest = [name for name, known in zip(filenames, there, strict=True) if not known]
    rows = np.flatnonzero(~there)
    done, behind = 0, 0  # rows yielded; of `rest` seen
    if rest:
        for table in extract_in_order(root, rest, model, fitted.embedder, loader):
            progress.advance(len(table))
            behind += len(table)
            end = int(rows[behind - 1]) + 1
            yield _interleaved(table, kept, there, done, end)
            done = end
    if done < len(filenames) and kept is not None:
        yield kept.slice(int(there[:done].sum()))


def _is_in(names: Sequence[str], chosen: Sequence[str]) -> NDArray[np.bool_]:
    found = set(chosen)
    return np.fromiter((name in found for name in names), bool, len(names))


def reasons_of(table: pa.Table) -> dict[str, str]:
    """Reason by name, for the images of a table that could not be decoded."""
    broken = table.filter(pc.not_equal(table["error"], ""))
    return dict(zip(broken["filename"].to_pylist(), broken["error"].to_pylist(), strict=True))


def _interleaved(table: pa.Table, kept: pa.Table | None, there: NDArray[np.bool_], start: int, end: int) -> pa.Table:
    """Rows start to end: those that are there already from ``kept``, the others from ``table``, in order."""
    known = there[start:end]
    if kept is None or not known.any():
        return table
    first = int(there[:start].sum())
    both = pa.concat_tables([kept.slice(first, int(known.sum())), table])
    order = np.argsort(np.concatenate([np.flatnonzero(known), np.flatnonzero(~known)]))
    return both.take(order)
