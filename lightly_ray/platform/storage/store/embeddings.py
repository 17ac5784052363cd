"""Embeddings: a name, and the versions of its file; the fitted descriptor; 2-d projections."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, update

from lightly_ray.errors import ConflictError, NotFoundError
from lightly_ray.platform import limits
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import embeddings, projections
from lightly_ray.platform.storage.store.changes import note_change
from lightly_ray.platform.storage.store.records import Embedding, Projection, record

# Asked by many requests: put together once, it takes half the time.
_LISTED = (
    select(embeddings)
    .where(embeddings.c.dataset_id == bindparam("dataset"), embeddings.c.version > 0)
    .order_by(embeddings.c.created_at, embeddings.c.id)
)


@dataclass(frozen=True, slots=True)
class Upload:
    """An embedding file that has been checked and stored.

    Attributes:
        file_key: of the Parquet file.
        sha256: of the file as it came in.
        rows, dimension: its shape.
    """

    file_key: str
    sha256: str
    rows: int
    dimension: int


def get_or_create(db: Connection, dataset_id: str, name: str) -> Embedding:
    """The embedding of that name, made if there is none. It is listed once its file has been uploaded.

    Args:
        db: with the dataset locked.
        dataset_id: of the locked dataset.
        name: any printable text.
    """
    limits.embedding_name(name)
    query = select(embeddings).where(embeddings.c.dataset_id == dataset_id, embeddings.c.name == name)
    row = db.execute(query).one_or_none()
    if row is None:
        values = {"id": new_id(), "dataset_id": dataset_id, "name": name, "version": 0, "created_at": now()}
        db.execute(embeddings.insert().values(**values))
        row = db.execute(query).one()
    return record(Embedding, row)


def add_version(db: Connection, embedding_id: str, upload: Upload) -> None:
    """Make an upload the newest version of an embedding. Jobs in the queue keep the version they have pinned."""
    _note_change(db, embedding_id)
    db.execute(
        update(embeddings)
        .where(embeddings.c.id == embedding_id)
        .values(
            version=embeddings.c.version + 1,
            file_key=upload.file_key,
            sha256=upload.sha256,
            rows=upload.rows,
            dimension=upload.dimension,
            uploaded_at=now(),
        )
    )


def set_descriptor(db: Connection, embedding_id: str, key: str, sha256: str) -> None:
    """Point an embedding to the descriptor that made it."""
    query = update(embeddings).where(embeddings.c.id == embedding_id)
    db.execute(query.values(descriptor_key=key, descriptor_sha256=sha256))


def read(db: Connection, dataset_id: str, embedding_id: str) -> Embedding:
    """One embedding.

    Raises:
        NotFoundError: the dataset has none of that id (EMBEDDING_UNKNOWN).
    """
    embedding = find(db, embedding_id)
    if embedding.dataset_id != dataset_id:
        raise _unknown(embedding_id)
    return embedding


def find(db: Connection, embedding_id: str) -> Embedding:
    """One embedding, of any dataset.

    Raises:
        NotFoundError: there is none of that id (EMBEDDING_UNKNOWN).
    """
    row = db.execute(select(embeddings).where(embeddings.c.id == embedding_id)).one_or_none()
    if row is None:
        raise _unknown(embedding_id)
    return record(Embedding, row)


def require_file(embedding: Embedding) -> str:
    """The key of the newest file.

    Raises:
        ConflictError: nothing has been uploaded (EMBEDDING_NOT_READY).
    """
    if embedding.file_key is None:
        raise ConflictError(f"embedding {embedding.name!r} has not been uploaded", code="EMBEDDING_NOT_READY")
    return embedding.file_key


def listing(db: Connection, dataset_id: str) -> list[Embedding]:
    """The embeddings that have been uploaded, the oldest first: the last one is what clients use by default."""
    return [record(Embedding, row) for row in db.execute(_LISTED, {"dataset": dataset_id})]


def put_projection(db: Connection, embedding_id: str, method: str, version: int, key: str) -> str:
    """Store a projection in place of an older one by the same method; return its id."""
    _note_change(db, embedding_id)
    same = (projections.c.embedding_id == embedding_id, projections.c.method == method)
    values = {"version": version, "file_key": key, "created_at": now()}
    old = db.scalar(select(projections.c.id).where(*same))
    if old is not None:
        db.execute(update(projections).where(*same).values(**values))
        return str(old)
    projection_id = new_id()
    db.execute(projections.insert().values(id=projection_id, embedding_id=embedding_id, method=method, **values))
    return projection_id


def list_projections(db: Connection, embedding_id: str) -> list[Projection]:
    """The projections of an embedding, the oldest first."""
    query = select(projections).where(projections.c.embedding_id == embedding_id)
    return [record(Projection, row) for row in db.execute(query.order_by(projections.c.created_at, projections.c.id))]


def read_projection(db: Connection, embedding_id: str, projection_id: str) -> Projection:
    """One projection.

    Raises:
        NotFoundError: the embedding has none of that id (EMBEDDING_2D_UNKNOWN).
    """
    same = (projections.c.embedding_id == embedding_id, projections.c.id == projection_id)
    row = db.execute(select(projections).where(*same)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no projection with id {projection_id[:60]!r}", code="EMBEDDING_2D_UNKNOWN")
    return record(Projection, row)


def _note_change(db: Connection, embedding_id: str) -> None:
    note_change(db, select(embeddings.c.dataset_id).where(embeddings.c.id == embedding_id).scalar_subquery())


def _unknown(embedding_id: str) -> NotFoundError:
    return NotFoundError(f"the dataset has no embedding with id {embedding_id[:60]!r}", code="EMBEDDING_UNKNOWN")
