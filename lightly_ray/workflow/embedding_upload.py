"""A file of embeddings -> an embedding of a dataset, with what embeds further images alike; again changes nothing."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from lightly_ray.api import ApiWorkflowClient
from lightly_ray.api.api_workflow_upload_embeddings import LabelledEmbeddings, read_embeddings_csv
from lightly_ray.api.models import DatasetEmbeddingData
from lightly_ray.data.embedding_csv import NO_LABEL
from lightly_ray.data.location import Location
from lightly_ray.data.vectors import VectorFault, arrow_matrix, first_layout
from lightly_ray.embedding.embedder import Embedder
from lightly_ray.errors import ConflictError, InvalidInputError, NotFoundError
from lightly_ray.workflow.embed_images import read_embedder


def upload_embedding_file(client: ApiWorkflowClient, place: Location, name: str) -> int:
    """Upload embeddings, with their embedder where one lies beside them.

    Vectors that the dataset has already under this name are not sent again. Where it has others, as after images were
    appended, both are joined.

    Args:
        client: set to the dataset.
        place: Parquet with the columns ``filename`` and ``embedding``, as `embed` writes it, on any file system; or a
            CSV file of published clients on this machine.
        name: of the embedding.

    Returns:
        How many vectors were new.

    Raises:
        ConflictError: the dataset's embedding of this name was made by another model.
        InvalidInputError: the file is no such table.
        NotFoundError: there is no such file, or the dataset has no such sample.
    """
    table, embedder = _read(place), read_embedder(place)
    kept, online = kept_embedder(client, name), client.read_embedding(name)
    _require_one_space(kept, embedder, name)
    new = np.arange(len(table.filenames)) if online is None else _new_rows(table, online)
    if new.size:
        chosen = [table.filenames[row] for row in new]
        client.upload_embeddings_from_arrays(chosen, table.embeddings[new], name)
    if embedder is not None and (new.size or kept is None):
        client.upload_descriptor(embedder.to_bytes())
    return int(new.size)


def kept_embedder(client: ApiWorkflowClient, name: str) -> Embedder | None:
    """The embedder of the dataset's embedding of this name, None where there is none."""
    embedding = client.newest_embedding(name)
    return None if embedding is None else _embedder_of(client, embedding)


def family_embedder(client: ApiWorkflowClient, name: str) -> Embedder | None:
    """The same, else that of the embedding which the newest was joined with, or which that was joined with."""
    for embedding in reversed(client.get_all_embedding_data()):
        if embedding.name == name or embedding.name.startswith(f"{name}_"):
            embedder = _embedder_of(client, embedding)
            if embedder is not None:
                return embedder
    return None


def same_vectors(client: ApiWorkflowClient, place: Location, name: str) -> Embedder | None:
    """The embedder beside a file of embeddings, where these are those that the dataset has under this name."""
    embedder, online = read_embedder(place), client.read_embedding(name)
    if embedder is None or online is None or place.info().type != fs.FileType.File:
        return None
    table = _read(place)
    alike = set(table.filenames) == set(online.filenames) and table.embeddings.shape == online.embeddings.shape
    return embedder if alike and not _new_rows(table, online).size else None


def _embedder_of(client: ApiWorkflowClient, embedding: DatasetEmbeddingData) -> Embedder | None:
    try:
        return Embedder.from_bytes(
            client.download_descriptor(embedding.id), f"what is kept of embedding {embedding.name!r}"
        )
    except NotFoundError:
        return None


def _read(place: Location) -> LabelledEmbeddings:
    if place.path.lower().endswith(".csv"):
        if not place.is_local:
            raise InvalidInputError(f"a CSV file of embeddings must be on this machine, got {place.shown!r}")
        return read_embeddings_csv(Path(place.path))
    try:
        table = pq.read_table(place.path, filesystem=place.filesystem, columns=["filename", "embedding"])
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {place.shown!r}") from error
    except (pa.ArrowException, OSError) as error:
        raise InvalidInputError(
            f"{place.shown!r} is no Parquet file with the columns filename and embedding (nor does it end in .csv): "
            f"{str(error).splitlines()[0]}"
        ) from error
    names = table["filename"].to_pylist()
    column, where = table["embedding"].combine_chunks(), f"{place.shown!r}: the column 'embedding'"
    vectors = arrow_matrix(column, first_layout([column], where), np.arange(len(names)), where)
    if isinstance(vectors, VectorFault):
        raise InvalidInputError(f"{place.shown!r}: {names[vectors.row]!r}: {vectors.problem}")
    return LabelledEmbeddings(names, vectors, [NO_LABEL] * len(names))


def _new_rows(table: LabelledEmbeddings, online: LabelledEmbeddings) -> np.ndarray:
    """Rows of the table whose vectors the dataset does not have."""
    if table.embeddings.shape[1] != online.embeddings.shape[1]:
        raise InvalidInputError(
            f"the dataset's embedding has {online.embeddings.shape[1]} dimensions, the file "
            f"{table.embeddings.shape[1]}: give another embedding_name"
        )
    there = dict(zip(online.filenames, online.embeddings, strict=True))
    vectors = zip(table.filenames, table.embeddings, strict=True)
    same = [name in there and np.array_equal(there[name], vector.astype(np.float32)) for name, vector in vectors]
    return np.flatnonzero(~np.array(same, bool))


def _require_one_space(kept: Embedder | None, embedder: Embedder | None, name: str) -> None:
    if kept is not None and embedder is not None and kept.space != embedder.space:
        raise ConflictError(
            f"the dataset's embedding {name!r} was made by model {kept.model!r} with axes of its own, these by "
            f"{embedder.model!r} with others: give another embedding_name, or embed like the dataset's"
        )
