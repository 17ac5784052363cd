"""Predictions: a name, and the newest version of its file. Jobs keep the version that they have pinned."""

from dataclasses import dataclass

from sqlalchemy import Connection, or_, select, update

from lightly_ray.data.labels.table import Task
from lightly_ray.errors import ConflictError, NotFoundError
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import predictions
from lightly_ray.platform.storage.store.changes import note_change
from lightly_ray.platform.storage.store.records import StoredPredictions, record


@dataclass(frozen=True, slots=True)
class Upload:
    """Predictions that have been checked and stored.

    Attributes:
        task, classes: as of `data.predictions.table.Predictions`.
        file_key, sha256: of the Parquet file.
        rows: samples that it has predictions of.
        creator: the name of the token.
    """

    task: Task
    classes: list[str]
    file_key: str
    sha256: str
    rows: int
    creator: str


def put(db: Connection, dataset_id: str, name: str, upload: Upload) -> StoredPredictions:
    """Make an upload the newest version of a name; the same file again changes nothing.

    Args:
        db: with the dataset locked.
        dataset_id: of the locked dataset.
        name: a name, checked.
        upload: the predictions.

    Raises:
        ConflictError: the name is that of predictions of another task.
    """
    same = (predictions.c.dataset_id == dataset_id, predictions.c.name == name)
    row = db.execute(select(predictions).where(*same)).one_or_none()
    values = {field: getattr(upload, field) for field in Upload.__slots__}
    if row is None:
        note_change(db, dataset_id)
        at = now()
        values |= {"id": new_id(), "dataset_id": dataset_id, "name": name, "version": 1}
        db.execute(predictions.insert().values(created_at=at, uploaded_at=at, **values))
    else:
        old = record(StoredPredictions, row)
        if old.task != upload.task:
            raise ConflictError(
                f"the predictions {name!r} are of {old.task}: store those of {upload.task} by another name"
            )
        if old.sha256 != upload.sha256:
            note_change(db, dataset_id)
            db.execute(update(predictions).where(*same).values(version=old.version + 1, uploaded_at=now(), **values))
    return record(StoredPredictions, db.execute(select(predictions).where(*same)).one())


def listing(db: Connection, dataset_id: str) -> list[StoredPredictions]:
    """All predictions of a dataset, those uploaded last at the end."""
    query = select(predictions).where(predictions.c.dataset_id == dataset_id)
    return [record(StoredPredictions, row) for row in db.execute(query.order_by(predictions.c.uploaded_at, "id"))]


def read(db: Connection, dataset_id: str, key: str) -> StoredPredictions:
    """Those of an id, or of a name.

    Raises:
        NotFoundError: the dataset has none (PREDICTIONS_UNKNOWN).
    """
    mine = predictions.c.dataset_id == dataset_id
    found = db.execute(select(predictions).where(mine, or_(predictions.c.id == key, predictions.c.name == key))).all()
    if not found:
        have = ", ".join(repr(one.name) for one in listing(db, dataset_id)) or "none"
        raise NotFoundError(f"no predictions {key[:60]!r} are stored, there are: {have}", code="PREDICTIONS_UNKNOWN")
    # Whoever names predictions like the id of others means the id.
    return record(StoredPredictions, min(found, key=lambda row: row.id != key))
