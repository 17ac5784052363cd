"""Who changes something: known of a request or a job while it goes on, and kept in the transaction that changes it.

    with audit.acting(Acting(user=..., action="create tag")):
        with database.write() as db:
            ...                         # its line is written at the end of this block, or not at all

What the same one does again within a minute is one line with a count: the samples of an upload are thousands.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from lightly_ray.errors import AuthenticationError
from lightly_ray.platform.storage.ids import new_id, now
from lightly_ray.platform.storage.schema import audit

_MINUTE = 60_000
_acting: ContextVar["Acting | None"] = ContextVar("acting", default=None)


@dataclass
class Acting:
    """Somebody at something. A request fills it in as it finds out who asks and for what.

    Attributes:
        user: the user's name; "" while nobody is known, and then nothing is kept.
        action: what is done, in words.
        user_id: of the user, None for the command line.
        token: the name of the token.
        dataset_id, dataset_name: where, None outside of datasets.
        subject: what of it: the name of a tag, of a token.
        may_write: False: a transaction that changes something is refused.
    """

    user: str = ""
    action: str = ""
    user_id: str | None = None
    token: str = ""
    dataset_id: str | None = None
    dataset_name: str | None = None
    subject: str = ""
    may_write: bool = True


@contextmanager
def acting(who: Acting) -> Iterator[Acting]:
    """Let what is changed in a `with` block be done by somebody."""
    before = _acting.set(who)
    try:
        yield who
    finally:
        _acting.reset(before)


def current() -> Acting:
    """Who acts here; nobody outside of `acting`, and what is written into that is lost."""
    return _acting.get() or Acting()


def about_dataset(dataset_id: str, name: str | None) -> None:
    """Say which dataset a change is about."""
    who = current()
    who.dataset_id, who.dataset_name = dataset_id, name


def about(subject: str) -> None:
    """Say what a change is about, by a name that people know."""
    current().subject = subject


def require_writer() -> None:
    """Refuse to change anything for somebody who may only look.

    Raises:
        AuthenticationError: that is so (FORBIDDEN).
    """
    if not current().may_write:
        raise AuthenticationError("this dataset is shared with you to be read, not to be changed", code="FORBIDDEN")


def keep(db: Connection) -> None:
    """Add the line of this change. The last thing that a transaction does, so none waits for another in a circle."""
    who = current()
    if not who.user:
        return
    at = now()
    said = {
        "user_id": who.user_id,
        "user_name": who.user,
        "token": who.token,
        "action": who.action,
        "dataset_id": who.dataset_id,
        "subject": who.subject,
    }
    key = hashlib.sha256(json.dumps([at // _MINUTE, said]).encode()).hexdigest()
    insert = (sqlite if db.dialect.name == "sqlite" else postgresql).insert(audit)
    values = {"id": new_id(), "key": key, "at": at, "last_at": at, "count": 1, "dataset_name": who.dataset_name}
    again = {"count": audit.c.count + 1, "last_at": at}
    db.execute(insert.values(**values, **said).on_conflict_do_update(index_elements=["key"], set_=again))
