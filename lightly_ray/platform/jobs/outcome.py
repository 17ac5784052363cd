"""Store what a job came to, in one transaction with the job's end: exactly one tag, or none."""

from sqlalchemy import Connection

from lightly_ray.bitmask import BitMask
from lightly_ray.errors import NotFoundError
from lightly_ray.platform.storage.store import datasets, embeddings, jobs, tags
from lightly_ray.platform.storage.store.records import Job, Json


def keep(db: Connection, job: Job, result: Json) -> None:
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
    made = _tag(db, job, result) if job.kind == "SAMPLING" else _projection(db, job, result)
    jobs.finish(db, job, made, total=result["count"])


def _tag(db: Connection, job: Job, result: Json) -> str:
    pinned, preselected = job.pinned, job.pinned["preselected"]
    new = tags.NewTag(
        name=pinned["tag_name"],
        mask=BitMask.from_hex(result["mask"]),
        prev_tag_id=pinned["prev_tag_id"],
        creator=f"SAMPLER_{pinned['method']}",
        provenance={**result["provenance"], "job_id": job.id},
        query_tag_id=pinned["query"]["id"],
        preselected_tag_id=None if preselected is None else preselected["id"],
        job_id=job.id,
    )
    return tags.insert(db, job.dataset_id, new)


def _projection(db: Connection, job: Job, result: Json) -> str:
    embedding = job.pinned["embedding"]
    return embeddings.put_projection(
        db, embedding["id"], job.pinned["method"], embedding["version"], result["file_key"]
    )
