"""What routes are given: the platform they serve, and the token check."""

from typing import Annotated, cast

from fastapi import Depends, Query, Request
from pydantic import BeforeValidator

from lightly_ray.platform.context import Platform
from lightly_ray.platform.services import tokens


def _platform(request: Request) -> Platform:
    return cast("Platform", request.app.state.platform)


Here = Annotated[Platform, Depends(_platform)]


def require_token(request: Request, platform: Here, token: Annotated[str | None, Query()] = None) -> None:
    """Let requests with a valid token pass: in the query, as the published client sends it, or as a bearer."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if token is None and scheme.lower() == "bearer":
        token = bearer.strip()
    with platform.database.read() as db:
        tokens.check(db, token)


# The published client writes booleans as Python does: True, False.
Flag = Annotated[bool, BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)]


def public_url(request: Request, platform: Platform) -> str:
    """How the client that sent this request reaches the server."""
    return (platform.settings.public_url or str(request.base_url)).rstrip("/")


def signed_url(request: Request, platform: Platform, method: str, path: str) -> str:
    """A URL that allows one method on one path without a token, until it expires."""
    return public_url(request, platform) + platform.signer.sign(method, path)
