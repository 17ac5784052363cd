"""What has been changed, by whom and when: read by admins, and by others as far as it is theirs."""

from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from lightly_ray.platform.services import access
from lightly_ray.platform.services.users import User
from lightly_ray.platform.storage.schema import audit, datasets
from lightly_ray.platform.storage.store.records import record


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A change, or the same change several times within a minute.

    Attributes:
        id: of the line; later lines have higher ones.
        at, last_at: when first and last, unix milliseconds.
        count: how often.
        user_name, token: who, and by which token.
        action: what was done.
        dataset_id, dataset_name: where, None outside of datasets.
        subject: what of it, "" where the action says it.
    """

    id: str
    at: int
    last_at: int
    count: int
    user_name: str
    token: str
    action: str
    dataset_id: str | None
    dataset_name: str | None
    subject: str


def listing(db: Connection, reader: User, *, dataset_id: str | None, before: str | None, size: int) -> list[AuditLine]:
    """Lines from the newest to the oldest that somebody may read: an admin all, others what they or their datasets met.

    Args:
        db: any connection.
        reader: who asks.
        dataset_id: of that dataset alone; None: all.
        before: the id of the last line that is known already.
        size: how many at most.
    """
    query = select(*(audit.c[name] for name in AuditLine.__slots__)).order_by(audit.c.id.desc()).limit(size)
    if not reader.is_admin:
        mine = select(datasets.c.id).where(access.owned(reader))
        query = query.where(or_(audit.c.user_id == reader.id, audit.c.dataset_id.in_(mine)))
    if dataset_id is not None:
        query = query.where(audit.c.dataset_id == dataset_id)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [record(AuditLine, row) for row in db.execute(query)]
