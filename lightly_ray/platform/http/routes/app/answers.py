"""Answers to the web app: gzipped where the browser takes it, and cached for good where the address names a version."""

import gzip
import json

from fastapi import Request, Response

from lightly_ray.platform.services.columns.kept import compressed

_LEAST = 1000  # bytes; less is not worth it
_FOREVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"
# What people uploaded is shown as nothing but an image: it must not run in the page of the web app.
SAFE = {"x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'; sandbox"}


def caching(version: str, asked: str | None) -> dict[str, str]:
    """Headers: the browser may keep what it asked for by the right version; anything else it asks for again."""
    return {"cache-control": _FOREVER if asked == version else _ASK_AGAIN}


def numbers(content: bytes, headers: dict[str, str]) -> Response:
    """Floats as they are: packing them takes a tenth of a second per million and saves hardly a tenth of the bytes."""
    # Named, so that nobody on the way out packs them after all.
    return Response(
        content,
        media_type="application/octet-stream",
        headers={**headers, "content-encoding": "identity", "x-content-type-options": "nosniff"},
    )


def binary(request: Request, content: bytes, headers: dict[str, str]) -> Response:
    """Bytes, gzipped on the way where that pays."""
    if len(content) > _LEAST and _takes_gzip(request):
        return _answer(compressed(content), "application/octet-stream", headers, gzipped=True)
    return _answer(content, "application/octet-stream", headers)


def binary_kept(request: Request, kept: bytes, headers: dict[str, str]) -> Response:
    """Bytes that are kept gzipped."""
    if _takes_gzip(request):
        return _answer(kept, "application/octet-stream", headers, gzipped=True)
    return _answer(gzip.decompress(kept), "application/octet-stream", headers)


def as_json(request: Request, value: object) -> Response:
    """JSON that is not checked against a model first, which takes longer than the answer for thousands of things."""
    content = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    headers = {"cache-control": _ASK_AGAIN}
    if len(content) > _LEAST and _takes_gzip(request):
        return _answer(compressed(content), "application/json", headers, gzipped=True)
    return _answer(content, "application/json", headers)


def _takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


def _answer(content: bytes, media_type: str, headers: dict[str, str], *, gzipped: bool = False) -> Response:
    encoding = {"content-encoding": "gzip"} if gzipped else {}
    headers = {**headers, **encoding, "vary": "accept-encoding", "x-content-type-options": "nosniff"}
    return Response(content, media_type=media_type, headers=headers)
