"""What answers to the web app look like, and records as such."""

from collections.abc import Mapping, Sequence

from typing_extensions import TypedDict

from lightly_ray.platform.storage.store import jobs, records


class AppTag(TypedDict):
    """A tag without its samples."""

    id: str
    name: str
    parent: str | None
    count: int
    added: int
    creator: str
    createdAt: int
    kind: str


class AppProjection(TypedDict):
    """A picture of an embedding, and which version of it that shows."""

    method: str
    version: int


class AppEmbedding(TypedDict):
    """An embedding that has been uploaded."""

    id: str
    name: str
    version: int
    dimension: int | None
    rows: int | None
    projections: list[AppProjection]


class AppJob(TypedDict):
    """A job."""

    id: str
    dataset: str
    datasetName: str
    kind: str
    name: str | None
    status: str
    processed: int
    total: int
    error: str | None
    result: str | None
    createdAt: int
    finishedAt: int | None


class QueuedJob(TypedDict):
    """The id of a job that was queued, now or by the same request before."""

    job: str


def tags_of(listed: Sequence[records.Tag], kinds: Mapping[str, str]) -> list[AppTag]:
    """All tags of a dataset; ``kinds`` by id."""
    by_id = {tag.id: tag for tag in listed}
    return [_tag(tag, by_id, kinds.get(tag.id, "")) for tag in listed]


def _tag(it: records.Tag, by_id: Mapping[str, records.Tag], kind: str) -> AppTag:
    before = by_id.get(it.preselected_tag_id or "")
    return {
        "id": it.id,
        "name": it.name,
        "parent": it.prev_tag_id,
        "count": it.mask.count,
        "added": it.mask.count if before is None else (it.mask - before.mask).count,
        "creator": it.creator,
        "createdAt": it.created_at,
        "kind": kind,
    }


def embedding(it: records.Embedding, projections: Sequence[records.Projection]) -> AppEmbedding:
    """An embedding with its projections."""
    return {
        "id": it.id,
        "name": it.name,
        "version": it.version,
        "dimension": it.dimension,
        "rows": it.rows,
        "projections": [{"method": one.method, "version": one.version} for one in projections],
    }


def job(it: records.ListedJob) -> AppJob:
    """A job, with the names of what it works on and makes."""
    return {
        "id": it.job.id,
        "dataset": it.job.dataset_id,
        "datasetName": it.dataset_name,
        "kind": it.job.kind,
        "name": it.name,
        "status": jobs.seen_status(it.job),
        "processed": it.job.processed,
        "total": it.job.total,
        "error": it.job.error,
        "result": it.job.result,
        "createdAt": it.job.created_at,
        "finishedAt": it.job.finished_at,
    }
