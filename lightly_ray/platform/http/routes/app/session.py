"""Signing in to the web app, by a token or a code that works once, and out again."""

from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request, Response
from typing_extensions import TypedDict

from lightly_ray.errors import InvalidInputError
from lightly_ray.platform.context import Platform
from lightly_ray.platform.http.dependencies import (
    Here,
    Visitor,
    bearer,
    public_url,
    require_own_page,
    session_cookie,
)
from lightly_ray.platform.http.schemas import Body
from lightly_ray.platform.services import sessions

public = APIRouter(prefix="/app/session")
router = APIRouter(prefix="/app/session")


class SignIn(Body):
    """A token, or a code."""

    token: str | None = None
    code: str | None = None


class Who(TypedDict):
    """Who is signed in."""

    name: str
    role: str


class Code(TypedDict):
    """A code that signs in once."""

    code: str


@public.post("", dependencies=[Depends(require_own_page)])
def sign_in(request: Request, response: Response, body: SignIn, platform: Here) -> Who:
    """Sign in: the browser gets a cookie that no script reads and no other site sends."""
    cookie = session_cookie(platform)
    before = request.cookies.get(cookie)
    with platform.database.write() as db:
        if body.token is not None and body.code is None:
            session, who = sessions.by_token(db, body.token)
        elif body.code is not None and body.token is None:
            session, who = sessions.by_code(db, body.code)
        else:
            raise InvalidInputError("sign in with either token or code", code="MALFORMED_REQUEST")
        if before:
            sessions.end(db, before)
    base = urlsplit(public_url(request, platform))
    response.set_cookie(
        cookie,
        session,
        max_age=sessions.SESSION_SECONDS,
        path=_path(request, platform),
        secure="https" in (base.scheme, request.url.scheme),
        httponly=True,
        samesite="strict",
    )
    return {"name": who.user.name, "role": who.user.role}


@public.post("/code")
def make_code(request: Request, platform: Here) -> Code:
    """A code for whoever holds a token, to open the web app by a link without showing the token there."""
    with platform.database.write() as db:
        return {"code": sessions.make_code(db, bearer(request))}


@router.get("")
def who_am_i(visitor: Visitor) -> Who:
    """Who is signed in."""
    return {"name": visitor.user.name, "role": visitor.user.role}


@router.delete("", status_code=204)
def sign_out(request: Request, platform: Here) -> Response:
    """Sign out."""
    cookie = session_cookie(platform)
    with platform.database.write() as db:
        sessions.end(db, request.cookies[cookie])
    response = Response(status_code=204)
    response.delete_cookie(cookie, path=_path(request, platform), httponly=True, samesite="strict")
    return response


def _path(request: Request, platform: Platform) -> str:
    # The whole path before ours too, where a proxy serves several things on one host.
    return f"{urlsplit(public_url(request, platform)).path}/app"
