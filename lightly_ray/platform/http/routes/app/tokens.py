"""Tokens: made, listed, revoked by those who are signed in."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field
from typing_extensions import TypedDict

from lightly_ray.errors import NotFoundError
from lightly_ray.platform.http.dependencies import Here, Visitor
from lightly_ray.platform.http.schemas import Body
from lightly_ray.platform.services import tokens

router = APIRouter(prefix="/app/tokens")


class AppToken(TypedDict):
    """A token, and whether it is the one that signed in here."""

    name: str
    createdAt: int
    current: bool


class MadeToken(TypedDict):
    """A new token; this is its only copy."""

    name: str
    token: str


class NewToken(Body):
    """Make a token."""

    name: Annotated[str, Field(min_length=1, max_length=100)]


@router.get("")
def list_tokens(platform: Here, visitor: Visitor) -> list[AppToken]:
    """The names of all tokens."""
    with platform.database.read() as db:
        listed = tokens.listing(db)
    return [{"name": one.name, "createdAt": one.created_at, "current": one.id == visitor.token_id} for one in listed]


@router.post("")
def create_token(body: NewToken, platform: Here) -> MadeToken:
    """Make a token, which is shown once."""
    with platform.database.write() as db:
        return {"name": body.name, "token": tokens.create(db, body.name)}


@router.delete("/{name:path}", status_code=204)
def revoke_token(name: str, platform: Here) -> Response:
    """Make a token worthless from now on, and end what it has signed in."""
    with platform.database.write() as db:
        if name not in tokens.names(db):
            raise NotFoundError(f"there is no token named {name[:100]!r}")
        tokens.revoke(db, name)
    return Response(status_code=204)
