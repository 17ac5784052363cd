"""Users, their tokens, with whom they share datasets, and what they have changed: for clients and for the web app."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field
from sqlalchemy import Connection
from typing_extensions import TypedDict

from lightly_ray.errors import AuthenticationError
from lightly_ray.platform import limits
from lightly_ray.platform.http.dependencies import Asking, Here, Owned, require_admin
from lightly_ray.platform.http.schemas import Body
from lightly_ray.platform.services import access, audit_lines, tokens, users
from lightly_ray.platform.services.tokens import Token
from lightly_ray.platform.services.users import Role, User
from lightly_ray.platform.storage import audit

Name = Annotated[str, Field(min_length=1, max_length=100)]


class UserData(TypedDict):
    """A user."""

    name: str
    role: str
    createdAt: int


class TokenData(TypedDict):
    """A token, and whether this request came by it; times in unix milliseconds, null: never."""

    name: str
    user: str
    createdAt: int
    expiresAt: int | None
    lastUsedAt: int | None
    current: bool


class MadeToken(TypedDict):
    """A new token; this is its only copy."""

    name: str
    user: str
    token: str


class ShareData(TypedDict):
    """With whom a dataset is shared, and whether that user may change it."""

    user: str
    writes: bool
    createdAt: int


class AuditData(TypedDict):
    """A change, or the same several times within a minute."""

    id: str
    at: int
    lastAt: int
    count: int
    user: str
    token: str
    action: str
    datasetId: str | None
    datasetName: str | None
    subject: str


class NewUser(Body):
    """Make a user."""

    name: Name
    role: Role = "member"


class NewToken(Body):
    """Make a token: of one's own, or as an admin of another user; ``days``: until it expires, null: never."""

    name: Name
    user: str | None = None
    days: Annotated[float, Field(gt=0, le=limits.TOKEN_DAYS)] | None = None


class ShareBody(Body):
    """How a dataset is shared."""

    writes: bool = False


def read_me(asking: Asking) -> UserData:
    """Who asks."""
    return _user(asking.user)


def list_users(platform: Here) -> list[UserData]:
    """All users. For admins."""
    with platform.database.read() as db:
        return [_user(one) for one in users.listing(db)]


def create_user(body: NewUser, platform: Here) -> UserData:
    """Make a user, who has no token yet. For admins."""
    audit.about(body.name)
    with platform.database.write() as db:
        return _user(users.create(db, body.name, body.role))


def remove_user(name: str, platform: Here) -> Response:
    """Remove a user who owns no dataset, with all tokens. For admins."""
    with platform.database.write() as db:
        users.remove(db, name)
    return Response(status_code=204)


def list_tokens(platform: Here, asking: Asking, user: str | None = None) -> list[TokenData]:
    """One's own tokens, or as an admin those of another user: what is known of them, never the tokens themselves."""
    with platform.database.read() as db:
        listed = tokens.listing(db, _user_of(db, asking, user))
    return [_token(one, asking) for one in listed]


def create_token(body: NewToken, platform: Here, asking: Asking) -> MadeToken:
    """Make a token, which is shown once."""
    audit.about(body.name)
    with platform.database.write() as db:
        user = _user_of(db, asking, body.user)
        return {"name": body.name, "user": user.name, "token": tokens.create(db, user, body.name, days=body.days)}


def revoke_token(name: str, platform: Here, asking: Asking, user: str | None = None) -> Response:
    """Make a token worthless from now on, and end what it has signed in."""
    with platform.database.write() as db:
        tokens.revoke(db, _user_of(db, asking, user), name)
    return Response(status_code=204)


def list_shares(entered: Owned, platform: Here) -> list[ShareData]:
    """With whom a dataset is shared. For its owner, and admins."""
    with platform.database.read() as db:
        return [_share(one) for one in access.listing(db, entered.dataset_id)]


def share_dataset(user: str, body: ShareBody, entered: Owned, platform: Here) -> ShareData:
    """Share a dataset with a user, or change how. For its owner, and admins."""
    with platform.database.write() as db:
        return _share(access.share(db, entered.dataset_id, user, writes=body.writes))


def unshare_dataset(user: str, entered: Owned, platform: Here) -> Response:
    """Share a dataset with a user no longer. For its owner, and admins."""
    with platform.database.write() as db:
        access.unshare(db, entered.dataset_id, user)
    return Response(status_code=204)


def list_changes(
    platform: Here,
    asking: Asking,
    dataset_id: Annotated[str | None, Query(alias="datasetId")] = None,
    before: Annotated[str | None, Query(max_length=24)] = None,
    size: Annotated[int, Query(alias="pageSize", ge=1, le=1000)] = 100,
) -> list[AuditData]:
    """What was changed, the newest first: for admins all, for others what they did or was done to what they own."""
    with platform.database.read() as db:
        found = audit_lines.listing(db, asking.user, dataset_id=dataset_id, before=before, size=size)
    return [_line(one) for one in found]


def _user_of(db: Connection, asking: Token, name: str | None) -> User:
    """Whose tokens are meant.

    Raises:
        AuthenticationError: those of another user, and an admin does not ask (FORBIDDEN).
    """
    if name is None or name == asking.user.name:
        return asking.user
    if not asking.user.is_admin:
        raise AuthenticationError("only an admin may look after the tokens of other users", code="FORBIDDEN")
    return users.named(db, name)


def _user(it: User) -> UserData:
    return {"name": it.name, "role": it.role, "createdAt": it.created_at}


def _token(it: Token, asking: Token) -> TokenData:
    return {
        "name": it.name,
        "user": it.user.name,
        "createdAt": it.created_at,
        "expiresAt": it.expires_at,
        "lastUsedAt": it.last_used_at,
        "current": it.id == asking.id,
    }


def _share(it: access.Share) -> ShareData:
    return {"user": it.user, "writes": it.writes, "createdAt": it.created_at}


def _line(it: audit_lines.AuditLine) -> AuditData:
    return {
        "id": it.id,
        "at": it.at,
        "lastAt": it.last_at,
        "count": it.count,
        "user": it.user_name,
        "token": it.token,
        "action": it.action,
        "datasetId": it.dataset_id,
        "datasetName": it.dataset_name,
        "subject": it.subject,
    }


def _router(prefix: str) -> APIRouter:
    router = APIRouter(prefix=prefix, tags=["users"])
    router.get("/users/me")(read_me)
    router.get("/users", dependencies=[Depends(require_admin)])(list_users)
    router.post("/users", status_code=201, dependencies=[Depends(require_admin)])(create_user)
    router.delete("/users/{name:path}", status_code=204, dependencies=[Depends(require_admin)])(remove_user)
    router.get("/tokens")(list_tokens)
    router.post("/tokens")(create_token)
    router.delete("/tokens/{name:path}", status_code=204)(revoke_token)
    router.get("/datasets/{dataset_id}/shares")(list_shares)
    router.put("/datasets/{dataset_id}/shares/{user:path}")(share_dataset)
    router.delete("/datasets/{dataset_id}/shares/{user:path}", status_code=204)(unshare_dataset)
    router.get("/audit")(list_changes)
    return router


v1, in_app = _router("/v1"), _router("/app")
