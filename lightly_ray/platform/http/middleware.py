"""Around every request: an id, a line in the access log, a count, limits of the body, and the answer to a bug.

The access log has the path without the query, since the published client sends its token there.
"""

import logging
import secrets
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lightly_ray.errors import TooLargeError
from lightly_ray.platform import limits
from lightly_ray.platform.http.errors import answer
from lightly_ray.platform.log import about
from lightly_ray.platform.storage import audit

_access = logging.getLogger("lightly_ray.access")
_log = logging.getLogger("lightly_ray.platform")
_BY_END = {
    "/samples/batch": limits.BATCH_BYTES,
    "/descriptor": limits.DESCRIPTOR_BYTES,
    "/predictions": limits.PREDICTIONS_BYTES,
    "/labels": limits.LABELS_BYTES,
}


# Whoever asks these would take a busy server for a dead one.
_ALWAYS = frozenset({"/healthz", "/readyz"})


class Edge:
    """ASGI middleware, the outermost one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._going_on = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = _Request(scope, receive, send)
        # Who acts is filled in by whoever finds that out.
        with about(request=request.id), audit.acting(audit.Acting()):
            self._going_on += 1
            try:
                if self._going_on > limits.REQUESTS and scope["path"] not in _ALWAYS:
                    await request.refuse()
                else:
                    await request.serve(self.app)
            except Exception:  # the end of a request: a bug answers 500 and is reported in the log, under an id
                _log.exception("request %s: %s %s failed", request.id, scope["method"], scope["path"])
                await request.fail()
            finally:
                self._going_on -= 1
                request.note()


class _Request:
    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.id = secrets.token_hex(8)
        self.scope, self._receive, self._send = scope, receive, send
        self._started = time.perf_counter()
        self._status = 0
        self._limit = body_limit(scope["method"], scope["path"])
        self._received = 0
        scope.setdefault("state", {})["request_id"] = self.id

    async def serve(self, app: ASGIApp) -> None:
        announced = dict(self.scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._limit:
            await answer(413, "BAD_REQUEST", self._too_large())(self.scope, self._receive, self.send)
            return
        await app(self.scope, self.receive, self.send)

    async def refuse(self) -> None:
        refusal = answer(429, "TOO_MANY_REQUESTS", f"the server works on {limits.REQUESTS} requests already; try again")
        refusal.headers["retry-after"] = "1"
        await refusal(self.scope, self._receive, self.send)

    async def receive(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > self._limit:
            raise TooLargeError(self._too_large())
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = [*message["headers"], (b"x-request-id", self.id.encode())]
        await self._send(message)

    async def fail(self) -> None:
        if not self._status:
            text = f"internal error; the server's log has the details under request {self.id}"
            await answer(500, "BAD_REQUEST", text)(self.scope, self._receive, self.send)

    def note(self) -> None:
        took = time.perf_counter() - self._started
        client = (self.scope.get("client") or ("-",))[0]
        method, path = self.scope["method"], self.scope["path"]
        fields = {"client": client, "method": method, "path": path, "status": self._status, "ms": round(took * 1000, 1)}
        line = (client, method, path, self._status, took * 1000, self.id)
        _access.info("%s %s %s %d %.1f ms %s", *line, extra={"fields": fields})
        self.scope["app"].state.measurements.note(self.scope, self._status, took)

    def _too_large(self) -> str:
        return f"the body of this request may have {self._limit} bytes"


def body_limit(method: str, path: str) -> int:
    """How many bytes the body of a request may have."""
    if path.startswith("/v1/signed/embeddings/") or (path.startswith("/app/") and path.endswith("/embeddings")):
        return limits.EMBEDDING_BYTES
    if path.startswith("/v1/signed/") or (path.startswith("/app/") and path.endswith("/images")):
        return limits.IMAGE_BYTES
    if "/predictions/" in path:  # their name ends it
        return limits.PREDICTIONS_BYTES
    for end, limit in _BY_END.items():
        if path.endswith(end):
            return limit
    return limits.SCORES_BYTES if method == "POST" and path.endswith("/scores") else limits.JSON_BYTES
