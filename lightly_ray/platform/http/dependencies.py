"""What routes share: the platform they serve, who may come in, pages, and URLs that carry a signature.

What waits for nothing is `async`, though it awaits nothing: everything else goes through a thread, which costs more
than the look at the request that it is.
"""

from typing import Annotated, Literal, cast

from fastapi import Depends, Query, Request
from pydantic import BeforeValidator
from sqlalchemy import ColumnElement

from lightly_ray.errors import AuthenticationError
from lightly_ray.platform import limits
from lightly_ray.platform.context import Platform
from lightly_ray.platform.http.admission import admit
from lightly_ray.platform.services import access, sessions, tokens
from lightly_ray.platform.services.access import Entered
from lightly_ray.platform.services.tokens import Token
from lightly_ray.platform.storage.store.records import Named, Outline, Sample
from lightly_ray.platform.storage.store.samples import Kind


async def _platform(request: Request) -> Platform:
    return cast("Platform", request.app.state.platform)


Here = Annotated[Platform, Depends(_platform)]


def require_token(request: Request, platform: Here, token: Annotated[str | None, Query()] = None) -> Token:
    """Let requests with a valid token pass: in the query, as the published client sends it, or as a bearer."""
    with platform.database.read() as db:
        caller = tokens.check(db, bearer(request) if token is None else token)
        admit(db, request, caller)
    platform.last_use.note(caller.id, caller.last_used_at)
    return caller


# Who asks; the token is looked at once in a request.
Caller = Annotated[Token, Depends(require_token)]


def bearer(request: Request) -> str | None:
    """The token of the header Authorization, None where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def session_cookie(platform: Platform) -> str:
    """The name of the cookie: browsers send it to every port of a host, where another platform may listen."""
    return f"lightly_ray_session_{platform.user_id[-8:]}"


def require_session(request: Request, platform: Here) -> Token:
    """Let those pass who are signed in to the web app."""
    with platform.database.read() as db:
        visitor = sessions.check(db, request.cookies.get(session_cookie(platform)))
        admit(db, request, visitor)
    platform.last_use.note(visitor.id, visitor.last_used_at)
    return visitor


# Who is signed in: the token that did.
Visitor = Annotated[Token, Depends(require_session)]


async def _asking(request: Request) -> Token:
    return cast("Token", request.state.caller)


# Who asks, by a token or as a visitor of the web app: for routes that are there for both, once that was checked.
Asking = Annotated[Token, Depends(_asking)]


async def require_admin(asking: Asking) -> None:
    """Let admins pass."""
    if not asking.user.is_admin:
        raise AuthenticationError("only an admin may do this", code="FORBIDDEN")


async def _entered(request: Request) -> Entered:
    return cast("Entered", request.state.entered)


# The dataset that the path names, and what may be done with it.
Entry = Annotated[Entered, Depends(_entered)]


async def require_owner(entered: Entry) -> Entered:
    """Let the owner of the dataset pass, and admins."""
    access.require_owner(entered)
    return entered


# The dataset, for its owner and admins.
Owned = Annotated[Entered, Depends(require_owner)]


async def require_own_page(request: Request) -> None:
    """Let requests that change something pass only from a page of ours.

    A page of another origin cannot send this header: the browser would ask this server first, which does not allow it.
    """
    if request.method not in {"GET", "HEAD"} and request.headers.get("x-lightly-ray") != "app":
        raise AuthenticationError(
            "a request that changes something needs the header x-lightly-ray: app", code="FORBIDDEN"
        )


# The published client writes booleans as Python does: True, False.
Flag = Annotated[bool, BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)]


async def _which(caller: Caller, *, shared: Flag = False) -> ColumnElement[bool]:
    return access.shared_with(caller.user) if shared else access.owned(caller.user)


# Which datasets are listed: one's own, or those that others share with one.
Which = Annotated[ColumnElement[bool], Depends(_which)]
PageSize = Annotated[int | None, Query(alias="pageSize", ge=1, le=limits.PAGE)]
PageOffset = Annotated[int, Query(alias="pageOffset", ge=0, le=limits.OFFSET)]


def public_url(request: Request, platform: Platform) -> str:
    """How the client that sent this request reaches the server."""
    return (platform.settings.public_url or str(request.base_url)).rstrip("/")


def signed_url(request: Request, platform: Platform, method: str, path: str, name: str = "") -> str:
    """A URL that allows one method on one path without a token, until it expires; it may end in a file's name.

    One that changes something names who asked for it: that one does the change.
    """
    by = "" if method == "GET" else request.state.caller.user.id
    return public_url(request, platform) + platform.signer.sign(method, path, name, by)


def sample_path(sample_id: str, kind: Kind) -> str:
    """The path of a sample's file, to be signed."""
    return f"/v1/signed/samples/{sample_id}/{kind}"


def image_url(request: Request, platform: Platform, sample: Sample | Outline | Named) -> str:
    """A signed URL of a sample's image, or of its thumbnail where that is all; it ends in the file's base name."""
    path = sample_path(sample.id, "thumb" if sample.full_key is None else "full")
    return signed_url(request, platform, "GET", path, sample.file_name.rpartition("/")[2])


def embedding_path(embedding_id: str, kind: Literal["csv", "parquet"]) -> str:
    """The path of an embedding's file, to be signed."""
    return f"/v1/signed/embeddings/{embedding_id}/{kind}"
