"""How often a dataset has changed: one number, so that whoever shows it asks cheaply whether there is news.

Counted are samples and their files, metadata, tags, embeddings, projections and scores, not jobs. Samples that came in
or were described again are counted by themselves too: what is made of all of them stays as long as those do.
"""

from sqlalchemy import Connection, ScalarSelect, update

from lightly_ray.platform.storage.ids import now
from lightly_ray.platform.storage.schema import datasets


def note_change(db: Connection, dataset_id: str | ScalarSelect[str], *, described: bool = False) -> None:
    """Count a change of a dataset, if there is still one; ``described``: of samples or what is said of them.

    Called before other rows are changed: every writer locks the dataset first, so none waits for another in a circle.
    """
    query = update(datasets).where(datasets.c.id == dataset_id)
    counts = {"changes": datasets.c.changes + 1, "descriptions": datasets.c.descriptions + described}
    db.execute(query.values(**counts, last_modified_at=now()))
