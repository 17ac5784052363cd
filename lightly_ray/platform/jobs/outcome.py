"""Store what a job came to, in one transaction with the job's end: exactly one tag, or none."""

from sqlalchemy import Connection

from lightly_ray.errors import NotFoundError
from lightly_ray.platform.jobs.messages import Projected, Selected
from lightly_ray.platform.jobs.pinned import PinnedProjection, PinnedSelection, pinned_of
from lightly_ray.platform.storage.store import datasets, embeddings, jobs, tags
from lightly_ray.platform.storage.store.records import Job


def keep(db: Connection, job: Job, result: Selected | Projected) -> None:
    """Make the tag or the projection and finish the job; do neither where the job is not this worker's any more.

    Args:
        db: a transaction.
        job: as claimed.
        result: what the runner sent.
    """
    try:
        datasets.lock(db, job.dataset_id)
    except NotFoundError:
        return  # deleted, and the job with it
    if not jobs.held(db, job):
        jobs.fail(db, job, jobs.CANCELLED)
        return
    match pinned_of(job.kind, job.pinned), result:
        case PinnedSelection() as pinned, Selected():
            result_id = _add_tag(db, job, pinned, result)
        case PinnedProjection() as pinned, Projected():
            embedding = pinned.embedding
            result_id = embeddings.put_projection(db, embedding.id, pinned.method, embedding.version, result.file_key)
        case _:
            raise TypeError(f"a {job.kind} ended with {result.kind}")
    jobs.finish(db, job, result_id, total=result.count)


def _add_tag(db: Connection, job: Job, pinned: PinnedSelection, result: Selected) -> str:
    new = tags.NewTag(
        name=pinned.tag_name,
        mask=result.mask,
        prev_tag_id=pinned.prev_tag_id,
        creator=f"SAMPLER_{pinned.method}",
        provenance={**result.provenance, "job_id": job.id},
        query_tag_id=pinned.query.id,
        preselected_tag_id=None if pinned.preselected is None else pinned.preselected.id,
        job_id=job.id,
    )
    return tags.insert(db, job.dataset_id, new)
