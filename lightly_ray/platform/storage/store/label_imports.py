"""Imports of labels: each holds all that its source says after it, so the newest of a source counts alone.

A source whose newest import is withdrawn says nothing; the next import of that name begins from nothing. Rows are
never deleted, and no row is changed but to withdraw it: what was imported once can be read for good.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from lightly_ray.data.labels.table import Task
from lightly_ray.errors import NotFoundError
from lightly_ray.platform.storage.ids import now
from lightly_ray.platform.storage.schema import label_imports
from lightly_ray.platform.storage.store.changes import note_change
from lightly_ray.platform.storage.store.records import Json, LabelImport, record


@dataclass(frozen=True, slots=True)
class NewImport:
    """An import that has been checked and stored.

    Attributes:
        id: as its own samples name it.
        source: whose.
        version: one more than that of the import it was made on.
        task: of the labels.
        file_key, sha256: of the file that holds all that the source says now.
        samples: how many it says something of.
        report: how the labels fitted.
        creator: the name of the token.
    """

    id: str
    source: str
    version: int
    task: Task
    file_key: str
    sha256: str
    samples: int
    report: Json
    creator: str


def add(db: Connection, dataset_id: str, new: NewImport) -> None:
    """Make an import the newest of its source.

    Args:
        db: with the dataset locked, and the newest import looked at under that lock.
        dataset_id: of the locked dataset.
        new: the import.
    """
    note_change(db, dataset_id)
    values = {name: getattr(new, name) for name in NewImport.__slots__}
    db.execute(label_imports.insert().values(dataset_id=dataset_id, created_at=now(), **values))


def newest(db: Connection, dataset_id: str, source: str) -> LabelImport | None:
    """The newest import of a source, withdrawn or not; None where there is none."""
    query = select(label_imports).where(label_imports.c.dataset_id == dataset_id, label_imports.c.source == source)
    row = db.execute(query.order_by(label_imports.c.version.desc()).limit(1)).one_or_none()
    return None if row is None else record(LabelImport, row)


def current(db: Connection, dataset_id: str, source: str | None = None) -> list[LabelImport]:
    """The imports that count: the newest of each source, those of withdrawn sources left out; the newest last.

    Args:
        db: any connection.
        dataset_id: of a dataset.
        source: of this source alone; None: of all.
    """
    last = (
        select(label_imports.c.source, func.max(label_imports.c.version).label("version"))
        .where(label_imports.c.dataset_id == dataset_id)
        .group_by(label_imports.c.source)
        .subquery("last")
    )
    query = select(label_imports).join(
        last, (last.c.source == label_imports.c.source) & (last.c.version == label_imports.c.version)
    )
    query = query.where(label_imports.c.dataset_id == dataset_id, label_imports.c.withdrawn_at.is_(None))
    if source is not None:
        query = query.where(label_imports.c.source == source)
    return [
        record(LabelImport, row) for row in db.execute(query.order_by(label_imports.c.created_at, label_imports.c.id))
    ]


def listing(db: Connection, dataset_id: str) -> list[LabelImport]:
    """All imports, also withdrawn ones, the oldest first."""
    query = select(label_imports).where(label_imports.c.dataset_id == dataset_id)
    return [
        record(LabelImport, row) for row in db.execute(query.order_by(label_imports.c.created_at, label_imports.c.id))
    ]


def read(db: Connection, dataset_id: str, import_id: str) -> LabelImport:
    """One import, withdrawn or not.

    Raises:
        NotFoundError: the dataset has none of that id (LABELS_UNKNOWN).
    """
    query = select(label_imports).where(label_imports.c.dataset_id == dataset_id, label_imports.c.id == import_id)
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(f"the dataset has no import of labels with id {import_id[:60]!r}", code="LABELS_UNKNOWN")
    return record(LabelImport, row)


def withdraw(db: Connection, dataset_id: str, source: str, name: str) -> None:
    """Let a source say nothing from now on; one that was withdrawn before stays so.

    Args:
        db: with the dataset locked.
        dataset_id: of the locked dataset.
        source: whose labels.
        name: of the token that withdraws them.

    Raises:
        NotFoundError: nothing was ever imported from it (LABELS_UNKNOWN).
    """
    if newest(db, dataset_id, source) is None:
        raise unknown(db, dataset_id, source)
    note_change(db, dataset_id)
    mine = (label_imports.c.dataset_id == dataset_id, label_imports.c.source == source)
    query = update(label_imports).where(*mine, label_imports.c.withdrawn_at.is_(None))
    db.execute(query.values(withdrawn_at=now(), withdrawn_by=name))


def unknown(db: Connection, dataset_id: str, source: str | None) -> NotFoundError:
    """The error of a source, or of a dataset, that has no labels; it names the sources that have some."""
    have = ", ".join(repr(it.source) for it in current(db, dataset_id)) or "none: import some first"
    whose = "of the dataset" if source is None else f"of the source {source[:60]!r}"
    return NotFoundError(f"there are no labels {whose}; sources with labels: {have}", code="LABELS_UNKNOWN")
