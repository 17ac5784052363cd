"""Answers to the web app: compressed where that helps, never taken for another type, kept by no cache unasked."""

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LEAST = 1024  # bytes: below, the answer fits into a packet or two as it is
# Columns of numbers hardly shrink further at higher levels, and take several times as long.
_LEVEL = 1


class WebAnswers:
    """ASGI middleware around the routes of the web app; all others pass untouched.

    Images and archives are compressed already and go as they are: see starlette's list of types.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressed = GZipMiddleware(app, minimum_size=_LEAST, compresslevel=_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith(("/app/", "/web/")):
            await self._plain(scope, receive, send)
            return

        async def _send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("x-content-type-options", "nosniff")
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._compressed(scope, receive, _send)
