"""Embeddings: upload them from arrays or CSV, choose among them, download them.

They travel as one Parquet file with the columns `filename` and `embedding`, rows in any order, so they may
cover a part of the dataset; the platform joins them by file name.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lightly_ray.api.base import ClientBase
from lightly_ray.api.models import DatasetEmbeddingData, parse_list
from lightly_ray.api.names import timestamps
from lightly_ray.data.atomic import atomic_write
from lightly_ray.data.embedding_csv import read_csv, write_csv
from lightly_ray.data.text import unicode_hint
from lightly_ray.data.vectors import fixed_lists, matrix
from lightly_ray.errors import ApiError, ConflictError, InvalidInputError, NotFoundError

EmbeddingDoesNotExistError = NotFoundError


class LabelledEmbeddings(NamedTuple):
    """N file names, (N, D) floats, N labels."""

    filenames: list[str]
    embeddings: NDArray[Any]
    labels: list[str]


class EmbeddingsMixin(ClientBase):
    """The part of `ApiWorkflowClient` that handles embeddings."""

    def get_all_embedding_data(self) -> list[DatasetEmbeddingData]:
        """All embeddings of the dataset, the oldest first."""
        embeddings = parse_list(DatasetEmbeddingData, self.transport.get(self._at("embeddings")))
        return sorted(embeddings, key=lambda embedding: embedding.created_at)

    def get_embedding_data_by_name(self, name: str) -> DatasetEmbeddingData:
        """The newest embedding of exactly this name.

        Raises:
            NotFoundError: the dataset has none.
        """
        return self.get_embedding_by_name(name, ignore_suffix=False)

    def get_embedding_by_name(self, name: str, ignore_suffix: bool = True) -> DatasetEmbeddingData:
        """The newest embedding of this name, or with ``ignore_suffix`` whose name begins with it.

        Raises:
            NotFoundError: the dataset has none.
        """
        have = self.get_all_embedding_data()
        for embedding in reversed(have):
            if embedding.name == name or (ignore_suffix and embedding.name.startswith(name)):
                return embedding
        names = ", ".join(repr(embedding.name) for embedding in have) or "none"
        raise NotFoundError(
            f"there is no embedding {name!r} in this dataset (it has {names})", code="EMBEDDING_UNKNOWN"
        )

    def set_embedding_id_by_name(self, embedding_name: str | None = None) -> None:
        """Let selections use the embedding of this name, or the newest."""
        if embedding_name is None:
            self.set_embedding_id_to_latest()
        else:
            self.embedding_id = self.get_embedding_data_by_name(embedding_name).id

    def set_embedding_id_to_latest(self) -> None:
        """Let selections use the embedding that is the newest now."""
        self.embedding_id = self._latest_embedding_id()

    def upload_embeddings_from_arrays(
        self,
        filenames: Sequence[str],
        embeddings: NDArray[Any],
        name: str = "default",
        *,
        metadata: Mapping[str, Any] | None = None,
        extends: str | None = None,
    ) -> None:
        """Upload embeddings of all samples or of some, and let selections use them.

        Args:
            filenames: N distinct file names of the dataset, in any order.
            embeddings: (N, D) finite floats; row i belongs to ``filenames[i]``. float64 is kept, anything else is
                sent as float32.
            name: where the dataset has an embedding of this name, the rows of both are joined as in
                `upload_embeddings`.
            metadata: JSON values that are kept inside the file: what made these embeddings.
            extends: name of an embedding whose vectors are taken over for all other files: after images were
                appended, only theirs have to be given.

        Raises:
            InvalidInputError: shapes do not fit, a value is not finite, or a file name repeats.
            NotFoundError: a file name is not in the dataset, or ``extends`` is no embedding.
        """
        vectors = np.asarray(embeddings)
        _check(filenames, vectors)
        local = LabelledEmbeddings(list(filenames), vectors, ["0"] * len(filenames))
        if extends is not None:
            local = self._joined(local, self.get_embedding_data_by_name(extends))
        self._upload(local, name, metadata)

    def upload_embeddings(self, path_to_embeddings_csv: str | Path, name: str = "default") -> None:
        """Upload a CSV file of embeddings: columns `filenames`, `embedding_0` ..., and `labels`.

        Where the dataset has an embedding of this name, as after images were appended, the rows of both are
        joined, those of the file winning, and uploaded under the name and the time of day.

        Raises:
            InvalidInputError: the file is no such table.
            NotFoundError: a file name is not in the dataset.
        """
        self._upload(read_embeddings_csv(path_to_embeddings_csv), name)

    def download_embeddings_csv(self, output_path: str | Path) -> None:
        """Write the newest embedding to a CSV file."""
        self.download_embeddings_csv_by_id(self._latest_embedding_id(), output_path)

    def download_embeddings_csv_by_id(self, embedding_id: str, output_path: str | Path) -> None:
        """Write an embedding to a CSV file."""
        url = self.transport.get(self._at("embeddings", embedding_id, "readCSVUrl"))
        self.transport.save(str(url), Path(output_path))

    def upload_descriptor(self, descriptor: bytes, embedding_id: str | None = None) -> None:
        """Keep the fitted descriptor (an .npz file) with its embedding, to embed further images the same way."""
        self.transport.put_bytes(self._at("embeddings", self._chosen(embedding_id), "descriptor"), descriptor)

    def download_descriptor(self, embedding_id: str | None = None) -> bytes:
        """The descriptor kept with an embedding.

        Raises:
            NotFoundError: none was kept.
        """
        return self.transport.get_bytes(self._at("embeddings", self._chosen(embedding_id), "descriptor"))

    def trigger_2d_embeddings(self, method: str = "PCA", embedding_id: str | None = None) -> None:
        """Let the platform compute a map of an embedding for its web app; PCA, UMAP or TSNE."""
        body = {"dimensionalityReductionMethod": method.upper()}
        chosen = self._chosen(embedding_id)
        self.transport.post(self._at("embeddings", chosen, "trigger2dEmbeddingsJob"), body, repeat=True)

    def _chosen(self, embedding_id: str | None) -> str:
        return embedding_id or self.embedding_id or self._latest_embedding_id()

    def _latest_embedding_id(self) -> str:
        embeddings = self.get_all_embedding_data()
        if not embeddings:
            raise ConflictError("the dataset has no embedding yet: upload embeddings first", code="EMBEDDING_UNKNOWN")
        return embeddings[-1].id

    def _require_known(self, filenames: Sequence[str]) -> None:
        in_dataset = set(self.get_filenames())
        unknown = [name for name in filenames if name not in in_dataset]
        if unknown:
            raise NotFoundError(
                f"{len(unknown)} of {len(filenames)} embeddings are of files that are not in the dataset, "
                f"the first is {unknown[0]!r}{unicode_hint(unknown[0], pa.array(in_dataset, pa.string()))}",
                code="SAMPLE_UNKNOWN",
            )

    def _upload(self, local: LabelledEmbeddings, name: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Upload under a name, or joined with what has it under the name and the time of day."""
        self._require_known(local.filenames)
        older = self.newest_embedding(name)
        if older is not None:
            local = self._joined(local, older)
            taken = {one.name for one in self.get_all_embedding_data()}
            name = next(free for free in (f"{name}_{time}" for time in timestamps()) if free not in taken)
        self._upload_table(_table(local, metadata), name)

    def _upload_table(self, table: pa.Table, name: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "embeddings.parquet"
            pq.write_table(table, path, compression="zstd", row_group_size=65_536)
            answer = self.transport.get(self._at("embeddings", "writeUrl"), name=name, format="parquet")
            if not isinstance(answer, dict) or not {"signedWriteUrl", "embeddingId"} <= answer.keys():
                raise ApiError("the platform answered without a place to upload the embeddings to")
            self.transport.upload(str(answer["signedWriteUrl"]), path)
        self.embedding_id = str(answer["embeddingId"])

    def newest_embedding(self, name: str) -> DatasetEmbeddingData | None:
        """The newest embedding that was uploaded under a name, or joined under it and the time of day."""
        have = reversed(self.get_all_embedding_data())
        return next((one for one in have if one.name == name or one.name.startswith(f"{name}_")), None)

    def read_embedding(self, name: str) -> LabelledEmbeddings | None:
        """The vectors of `newest_embedding`, and from now on selections use it; None where there is none."""
        newest = self.newest_embedding(name)
        if newest is None:
            return None
        self.embedding_id = newest.id
        return self._read_online(newest)

    def _read_online(self, embedding: DatasetEmbeddingData) -> LabelledEmbeddings:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "known.csv"
            self.download_embeddings_csv_by_id(embedding.id, path)
            return read_embeddings_csv(path)

    def _joined(self, local: LabelledEmbeddings, known: DatasetEmbeddingData) -> LabelledEmbeddings:
        online = self._read_online(known)
        have = set(local.filenames)
        rows = [row for row, name in enumerate(online.filenames) if name not in have]
        if not rows:
            return local
        if online.embeddings.shape[1] != local.embeddings.shape[1]:
            raise InvalidInputError(
                f"the embedding {known.name!r} has {online.embeddings.shape[1]} dimensions, "
                f"the new one has {local.embeddings.shape[1]}: give it another name"
            )
        return LabelledEmbeddings(
            local.filenames + [online.filenames[row] for row in rows],
            np.concatenate([local.embeddings, online.embeddings[rows].astype(local.embeddings.dtype)]),
            local.labels + [online.labels[row] for row in rows],
        )


def read_embeddings_csv(path: str | Path) -> LabelledEmbeddings:
    """Read a CSV file of embeddings, see `lightly_ray.data.embedding_csv`.

    Raises:
        InvalidInputError: a column is missing, a number is not finite, or a file name repeats.
        UnreadableError: a row has other columns, or something that is no number.
    """
    what = repr(str(path))
    batches = list(read_csv(Path(path), what))
    if not batches:
        raise InvalidInputError(f"{what} has no embeddings")
    table = pa.Table.from_batches(batches)
    filenames = table["filename"].to_pylist()
    embeddings = matrix(table["embedding"].combine_chunks())
    _check(filenames, embeddings)
    return LabelledEmbeddings(filenames, embeddings, table["label"].to_pylist())


def write_embeddings_csv(path: str | Path, table: LabelledEmbeddings) -> None:
    """Write a CSV file of embeddings, whole or not at all, see `lightly_ray.data.embedding_csv`."""
    batches = _table(table, None).to_batches()
    with atomic_write(Path(path)) as file:
        file.writelines(write_csv(batches, table.embeddings.shape[1]))


def _check(filenames: Sequence[str], embeddings: NDArray[Any]) -> None:
    if embeddings.ndim != 2 or embeddings.shape[0] != len(filenames) or not embeddings.size:
        raise InvalidInputError(f"got {len(filenames)} file names for embeddings of shape {embeddings.shape}")
    bad = np.flatnonzero(~np.isfinite(embeddings).all(axis=1))
    if bad.size:
        raise InvalidInputError(f"{bad.size} embeddings have non-finite values, the first is of {filenames[bad[0]]!r}")
    again = next((name for name, times in Counter(filenames).items() if times > 1), None)
    if again is not None:
        raise InvalidInputError(f"file name {again!r} has more than one embedding")


def _table(local: LabelledEmbeddings, metadata: Mapping[str, Any] | None) -> pa.Table:
    embeddings = local.embeddings
    if embeddings.dtype != np.float64:
        embeddings = embeddings.astype(np.float32, copy=False)
    table = pa.table(
        {
            "filename": pa.array(local.filenames, pa.string()),
            "embedding": fixed_lists(embeddings),
            "label": pa.array(local.labels, pa.string()),
        }
    )
    return table if metadata is None else table.replace_schema_metadata({"lightly_ray": json.dumps(dict(metadata))})
