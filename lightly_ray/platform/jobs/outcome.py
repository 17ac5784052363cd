"""Store what a job came to, in one transaction with the job's end: exactly one tag, or none."""

from sqlalchemy import Connection

from lightly_ray.errors import NotFoundError
from lightly_ray.platform.jobs.messages import Evaluated, Grouped, Projected, Selected
from lightly_ray.platform.jobs.pinned import (
    Asker,
    PinnedEvaluation,
    PinnedGrouping,
    PinnedProjection,
    PinnedSelection,
    pinned_of,
)
from lightly_ray.platform.storage import audit
from lightly_ray.platform.storage.store import datasets, embeddings, evaluations, jobs, scores, tags
from lightly_ray.platform.storage.store.records import Job


def keep(db: Connection, job: Job, result: Selected | Projected | Grouped | Evaluated) -> None:
    """Make what the job is for and finish it; do neither where the job is not this worker's any more.

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
        case PinnedGrouping() as pinned, Grouped():
            result_id = pinned.embedding.id  # the groups are kept already, under its version
        case PinnedEvaluation() as pinned, Evaluated():
            result_id = _add_evaluation(db, job, pinned, result)
        case _:
            raise TypeError(f"a {job.kind} ended with {result.kind}")
    jobs.finish(db, job, result_id, total=result.count)
    if pinned.asked_by is not None:  # an older version kept that of no job
        _note(job, pinned.asked_by)


def _note(job: Job, asked_by: Asker) -> None:
    who = audit.current()
    who.user, who.user_id, who.token = asked_by.user, asked_by.user_id, asked_by.token
    who.action, who.subject = f"finish {job.kind.lower()}", job.name or ""
    audit.about_dataset(job.dataset_id, asked_by.dataset_name)


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


def _add_evaluation(db: Connection, job: Job, pinned: PinnedEvaluation, result: Evaluated) -> str:
    tag = tags.find(db, job.dataset_id, pinned.tag.id)
    # Scores belong to a tag: without it they go with it, and the evaluation stays.
    for name, kept in result.scores.items() if tag is not None else ():
        scores.put(db, pinned.tag.id, name, scores.Upload(kept.file_key, kept.sha256, kept.count))
    new = evaluations.NewEvaluation(
        predictions_id=pinned.predictions.id,
        predictions_version=pinned.predictions.version,
        source=pinned.source,
        label_imports=pinned.label_imports,
        tag_id=None if tag is None else tag.id,
        tag_name=pinned.tag.name,
        metrics=result.metrics,
        file_key=result.file_key,
    )
    return evaluations.put(db, job.dataset_id, new)
