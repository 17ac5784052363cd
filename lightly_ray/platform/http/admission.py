"""Who a request is from and which dataset it is about: looked up once, for the routes and for the audit."""

from fastapi import Request
from sqlalchemy import Connection

from lightly_ray.platform.services import access, users
from lightly_ray.platform.services.access import Entered
from lightly_ray.platform.services.tokens import Token
from lightly_ray.platform.storage import audit
from lightly_ray.platform.storage.store import datasets

# Bodies that are only questions: what they would change nevertheless is refused where it is written.
_ASKING = frozenset({"combine_tags"})
# They are named by many: an upload is one line of the audit, not one for each sample.
_OF_SAMPLES = frozenset({"dataset_id", "sample_id", "row", "kind", "job_id"})


def admit(db: Connection, request: Request, caller: Token) -> None:
    """Let a request pass to the dataset or job that its path names.

    `request.state` gets ``caller`` and, where there is a dataset, ``entered``.

    Raises:
        NotFoundError: there is none, or not for this user.
        AuthenticationError: it is shared with this user to be read alone, and the request would change it (FORBIDDEN).
    """
    route, named = request.scope["route"].name, request.path_params
    request.state.caller = caller
    who = audit.current()
    who.user, who.user_id, who.token = caller.user.name, caller.user.id, caller.name
    who.action = route.replace("_", " ")
    who.subject = " ".join(str(value) for name, value in named.items() if name not in _OF_SAMPLES)
    if "dataset_id" in named:
        entered = access.enter(db, caller.user, named["dataset_id"])
    elif "job_id" in named:
        entered = access.enter_by_job(db, caller.user, named["job_id"])
    else:
        return
    request.state.entered = entered
    _work_in(entered)
    if request.method not in {"GET", "HEAD"} and route not in _ASKING:
        audit.require_writer()


def admit_signed(db: Connection, by: str, dataset_id: str, action: str, subject: str = "") -> None:
    """Let an upload by a signed URL pass as a change by whoever asked for the URL.

    Raises:
        NotFoundError: that one is gone, or may not open the dataset any more (DATASET_UNKNOWN).
        AuthenticationError: that one may not change it any more (FORBIDDEN).
    """
    user = users.of_id(db, by)
    if user is None:
        raise datasets.unknown(dataset_id)
    who = audit.current()
    who.user, who.user_id, who.action, who.subject = user.name, user.id, action, subject
    _work_in(access.enter(db, user, dataset_id))
    audit.require_writer()


def _work_in(entered: Entered) -> None:
    audit.about_dataset(entered.dataset_id, entered.name)
    audit.current().may_write = entered.writes
