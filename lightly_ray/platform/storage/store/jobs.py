r"""The durable queue: jobs wait, are claimed with a lease, and end once.

    WAITING --claim--> RUNNING --finish--> FINISHED
                          |  \---fail----> FAILED
                          +-- lease over: claimed again, up to `ATTEMPTS` times

A worker holds a job as long as it renews the lease in time. Whatever it writes, it writes under the condition
that the job is still its own, so a worker that was thought dead cannot end a job twice.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, or_, select, update

from lightly_ray.errors import NotFoundError
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import datasets, jobs
from lightly_ray.platform.storage.store import tags
from lightly_ray.platform.storage.store.records import Job, Json, ListedJob, record

ATTEMPTS = 3
KINDS = ("SAMPLING", "PROJECTION", "EVALUATION", "GROUPING")
CANCELLED = "the job was cancelled"
_LIVE = ("WAITING", "RUNNING")
_SEEN = [column for column in jobs.columns if column.name not in {"request", "pinned"}]  # masks may be large


def add(db: Connection, dataset_id: str, kind: str, *, name: str | None, request: Json, pinned: Json) -> str:
    """Queue a job and return its id."""
    job_id = new_id()
    columns = {"id": job_id, "dataset_id": dataset_id, "kind": kind, "name": name, "request": request, "pinned": pinned}
    state = {"status": "WAITING", "attempts": 0, "cancelled": False, "processed": 0, "total": 0}
    db.execute(jobs.insert().values(**columns, **state, created_at=now()))
    return job_id


def read(db: Connection, job_id: str) -> Job:
    """One job.

    Raises:
        NotFoundError: there is none of that id (JOB_UNKNOWN).
    """
    return _read(db, job_id, select(jobs))


def read_status(db: Connection, job_id: str) -> Job:
    """One job without its request and what is pinned, which are large, for polling.

    Raises:
        NotFoundError: there is none of that id (JOB_UNKNOWN).
    """
    return _read(db, job_id, select(*_SEEN))


def _read(db: Connection, job_id: str, query: Select[Any]) -> Job:
    row = db.execute(query.where(jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise unknown(job_id)
    return record(Job, row)


def listing(db: Connection, of: ColumnElement[bool], dataset_id: str | None, *, offset: int, size: int) -> list[Job]:
    """Jobs of the datasets for whose rows ``of`` is true, the newest first, without what was asked and pinned."""
    query = select(*_SEEN).join(datasets, datasets.c.id == jobs.c.dataset_id).where(of)
    query = query.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).offset(offset).limit(size)
    if dataset_id is not None:
        query = query.where(jobs.c.dataset_id == dataset_id)
    return [record(Job, row) for row in db.execute(query)]


def page(
    db: Connection, of: ColumnElement[bool], dataset_id: str | None, *, before: str | None, size: int
) -> list[ListedJob]:
    """Jobs from the newest to the oldest, as people see them.

    Args:
        db: any connection.
        of: true for the rows of those datasets that are looked at.
        dataset_id: of that one alone; None: all.
        before: the id of the last one that is known already.
        size: how many at most.
    """
    query = _listed().where(of).order_by(jobs.c.id.desc()).limit(size)
    if dataset_id is not None:
        query = query.where(jobs.c.dataset_id == dataset_id)
    if before is not None:
        query = query.where(jobs.c.id < before)
    return [_as_listed(row) for row in db.execute(query)]


def going_on(db: Connection, of: ColumnElement[bool], *, ended_since: int) -> list[ListedJob]:
    """The jobs that wait or run, and those that ended since a time in unix ms, the newest first, of some datasets."""
    recent = or_(jobs.c.status.in_(_LIVE), jobs.c.finished_at >= ended_since)
    return [_as_listed(row) for row in db.execute(_listed().where(of, recent).order_by(jobs.c.id.desc()))]


def read_listed(db: Connection, job_id: str) -> ListedJob:
    """One job, as people see it.

    Raises:
        NotFoundError: there is none of that id (JOB_UNKNOWN).
    """
    row = db.execute(_listed().where(jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise unknown(job_id)
    return _as_listed(row)


def live(db: Connection, dataset_id: str, kind: str) -> list[Job]:
    """The jobs of one kind that wait or run."""
    same = (jobs.c.dataset_id == dataset_id, jobs.c.kind == kind, jobs.c.status.in_(_LIVE))
    return [record(Job, row) for row in db.execute(select(jobs).where(*same).order_by(jobs.c.created_at, jobs.c.id))]


def counts(db: Connection) -> dict[tuple[str, str], int]:
    """How many jobs there are of each kind in each status, as `seen_status` shows it; none is a number too."""
    lost = and_(jobs.c.status == "RUNNING", jobs.c.lease_until < now())
    status = case((lost, "WAITING"), else_=jobs.c.status).label("seen")
    found = {(kind, seen): 0 for kind in KINDS for seen in (*_LIVE, "FINISHED", "FAILED")}
    for kind, seen, count in db.execute(select(jobs.c.kind, status, func.count()).group_by(jobs.c.kind, status)):
        found[kind, seen] = count
    return found


def longest_wait(db: Connection) -> float:
    """Seconds for which the job has waited that was queued first of those that wait, 0 where none does."""
    at = now()
    first = db.scalar(select(func.min(jobs.c.created_at)).where(_claimable(at)))
    return 0.0 if first is None else max(0, at - first) / 1000


def has_claimable(db: Connection) -> bool:
    """Whether `claim` would find something: a cheap query, without a lock."""
    return db.scalar(select(jobs.c.id).where(_claimable(now())).limit(1)) is not None


def claim(db: Connection, worker: str, lease_ms: int) -> Job | None:
    """Take the oldest job that waits, or whose worker has not renewed its lease; None where there is none.

    A job that has lost `ATTEMPTS` workers is failed instead: it is probably what kills them.
    """
    at = now()
    query = (
        select(jobs.c.id, jobs.c.attempts, jobs.c.cancelled)
        .where(_claimable(at))
        .order_by(jobs.c.created_at, jobs.c.id)
    )
    # Other workers skip a job that this one reads.
    job = db.execute(query.limit(1).with_for_update(skip_locked=True)).one_or_none()
    if job is None:
        return None
    if job.cancelled or job.attempts >= ATTEMPTS:
        _end(db, job.id, error=CANCELLED if job.cancelled else f"its worker died {ATTEMPTS} times")
        return None
    values = {"status": "RUNNING", "attempts": job.attempts + 1, "worker": worker, "lease_until": at + lease_ms}
    db.execute(update(jobs).where(jobs.c.id == job.id).values(processed=0, **values))
    return read(db, job.id)


def renew(db: Connection, job: Job, lease_ms: int, *, processed: int, total: int) -> bool:
    """Renew the lease and note the progress. False: stop, the job is cancelled, deleted or another worker's."""
    values = {"lease_until": now() + lease_ms, "processed": processed, "total": total}
    query = update(jobs).where(_mine(job), jobs.c.cancelled.is_(False)).values(**values)
    return bool(db.execute(query).rowcount)


def held(db: Connection, job: Job) -> bool:
    """Whether a job is still this worker's and wanted. It stays so until the transaction ends."""
    query = select(jobs.c.id).where(_mine(job), jobs.c.cancelled.is_(False))
    return db.scalar(query.with_for_update()) is not None


def finish(db: Connection, job: Job, result: str, *, total: int) -> None:
    """End a job that is `held`, in the transaction that stores its result; ``total``: how many it has processed."""
    values = {"status": "FINISHED", "result": result, "finished_at": now(), "lease_until": None}
    db.execute(update(jobs).where(jobs.c.id == job.id).values(processed=total, total=total, **values))


def fail(db: Connection, job: Job, error: str) -> None:
    """End a job without a result, if it is still this worker's."""
    if db.scalar(select(jobs.c.id).where(_mine(job)).with_for_update()) is not None:
        _end(db, job.id, error=error)


def give_back(db: Connection, job: Job, *, counted: bool) -> None:
    """Let another worker have the job at once. ``counted``: it may be the job's fault, so the attempt counts."""
    values = {"status": "WAITING", "worker": None, "lease_until": None}
    attempts = jobs.c.attempts if counted else jobs.c.attempts - 1
    db.execute(update(jobs).where(_mine(job)).values(attempts=attempts, **values))


def cancel(db: Connection, job_id: str) -> Job:
    """Fail a job that waits; ask the worker of a running one to stop. A job that has ended stays as it is."""
    job = read_status(db, job_id)
    lost = job.status == "RUNNING" and (job.lease_until or 0) < now()
    if job.status == "WAITING" or lost:
        _end(db, job_id, error=CANCELLED)
    db.execute(update(jobs).where(jobs.c.id == job_id, jobs.c.status == "RUNNING").values(cancelled=True))
    return read_status(db, job_id)


def seen_status(job: Job) -> str:
    """The status to show: a job whose worker is gone is waiting for another one."""
    lost = job.status == "RUNNING" and (job.lease_until or 0) < now()
    return "WAITING" if lost else job.status


def _listed() -> Select[Any]:
    method = case(
        (jobs.c.kind == "PROJECTION", jobs.c.request["method"].as_string()),
        (jobs.c.kind == "EVALUATION", jobs.c.request["predictions"]["name"].as_string()),
    )
    names = (datasets.c.name.label("dataset_name"), method.label("method"))
    return select(*_SEEN, *names).join(datasets, datasets.c.id == jobs.c.dataset_id)


def _as_listed(row: Row[Any]) -> ListedJob:
    columns = dict(row._mapping)
    dataset_name, method = columns.pop("dataset_name"), columns.pop("method")
    return ListedJob(Job(**columns), dataset_name, columns["name"] or method)


def unknown(job_id: str) -> NotFoundError:
    """The error for a job that is not there."""
    return NotFoundError(f"there is no job with id {job_id[:60]!r}", code="JOB_UNKNOWN")


def _end(db: Connection, job_id: str, *, error: str) -> None:
    values = {"status": "FAILED", "error": error, "finished_at": now(), "lease_until": None}
    db.execute(update(jobs).where(jobs.c.id == job_id).values(**values))
    tags.release(db, job_id)


def _claimable(at: int) -> Any:
    return or_(jobs.c.status == "WAITING", and_(jobs.c.status == "RUNNING", jobs.c.lease_until < at))


def _mine(job: Job) -> Any:
    # The attempt makes the claim unique: a worker that lost a job and got it again has two claims.
    return and_(jobs.c.id == job.id, jobs.c.status == "RUNNING", jobs.c.attempts == job.attempts)
