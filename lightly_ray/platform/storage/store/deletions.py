"""Datasets that are gone for every reader, and whose samples and files are still being removed.

A dataset of a million samples takes a while to remove. So its row goes at once, with all that refers to it, and a row
here says what is left to do: samples in parts, so that others can write in between, then the files, then that row.
"""

from sqlalchemy import Connection, delete, select

from lightly_ray.platform.storage.ids import now
from lightly_ray.platform.storage.schema import datasets, deletions, samples
from lightly_ray.platform.storage.store.datasets import lock


def begin(db: Connection, dataset_id: str) -> None:
    """Delete a dataset: nobody finds it any more, and its name is free.

    Raises:
        NotFoundError: there is none of that id (DATASET_UNKNOWN).
    """
    lock(db, dataset_id)
    db.execute(deletions.insert().values(dataset_id=dataset_id, created_at=now()))
    db.execute(delete(datasets).where(datasets.c.id == dataset_id))


def pending(db: Connection) -> list[str]:
    """The ids of the datasets of which something is left, the oldest deletion first."""
    return list(db.scalars(select(deletions.c.dataset_id).order_by(deletions.c.created_at, deletions.c.dataset_id)))


def remove_samples(db: Connection, dataset_id: str, at_most: int) -> int | None:
    """Remove some samples of a deleted dataset; return how many, None where another server is just at it."""
    mine = select(deletions.c.dataset_id).where(deletions.c.dataset_id == dataset_id)
    if db.scalar(mine.with_for_update(skip_locked=True)) is None:
        return None
    some = select(samples.c.id).where(samples.c.dataset_id == dataset_id).limit(at_most)
    return db.execute(delete(samples).where(samples.c.id.in_(some))).rowcount


def finish(db: Connection, dataset_id: str) -> None:
    """Note that nothing is left of a dataset."""
    db.execute(delete(deletions).where(deletions.c.dataset_id == dataset_id))
