"""Evaluations: what was measured of a version of predictions, against which imports of labels, on which samples."""

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from lightly_ray.errors import NotFoundError
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import evaluations
from lightly_ray.platform.storage.store.changes import note_change
from lightly_ray.platform.storage.store.records import Json, StoredEvaluation, record


@dataclass(frozen=True, slots=True)
class NewEvaluation:
    """What an evaluation came to; the fields are those of `StoredEvaluation`."""

    predictions_id: str
    predictions_version: int
    source: str | None
    label_imports: list[str]
    tag_id: str | None
    tag_name: str
    metrics: Json
    file_key: str


def put(db: Connection, dataset_id: str, new: NewEvaluation) -> str:
    """Store an evaluation, in place of an older one of the same predictions, source and tag; return its id.

    Args:
        db: with the dataset locked.
        dataset_id: of the locked dataset.
        new: the evaluation.
    """
    note_change(db, dataset_id)
    values = {name: getattr(new, name) for name in NewEvaluation.__slots__}
    same = [evaluations.c.dataset_id == dataset_id, evaluations.c.tag_name == new.tag_name]
    same += [evaluations.c[name] == values[name] for name in ("predictions_id", "predictions_version")]
    # None compares as null, which equals nothing in SQL.
    same += [evaluations.c[name].is_not_distinct_from(values[name]) for name in ("source", "tag_id")]
    old = db.scalar(select(evaluations.c.id).where(*same))
    if old is not None:
        db.execute(update(evaluations).where(evaluations.c.id == old).values(created_at=now(), **values))
        return str(old)
    evaluation_id = new_id()
    db.execute(evaluations.insert().values(id=evaluation_id, dataset_id=dataset_id, created_at=now(), **values))
    return evaluation_id


def listing(db: Connection, dataset_id: str) -> list[StoredEvaluation]:
    """All evaluations of a dataset, in the order in which they were first made."""
    query = select(evaluations).where(evaluations.c.dataset_id == dataset_id).order_by(evaluations.c.id)
    return [record(StoredEvaluation, row) for row in db.execute(query)]


def read(db: Connection, dataset_id: str, evaluation_id: str) -> StoredEvaluation:
    """One evaluation.

    Raises:
        NotFoundError: the dataset has none of that id (EVALUATION_UNKNOWN).
    """
    same = (evaluations.c.dataset_id == dataset_id, evaluations.c.id == evaluation_id)
    row = db.execute(select(evaluations).where(*same)).one_or_none()
    if row is None:
        raise NotFoundError(f"the dataset has no evaluation with id {evaluation_id[:60]!r}", code="EVALUATION_UNKNOWN")
    return record(StoredEvaluation, row)
