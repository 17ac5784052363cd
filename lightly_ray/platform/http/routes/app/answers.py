"""Answers to the web app, cached for good where the address names a version.

`WebAnswers` packs them on their way out; what is kept packed already goes as it is.
"""

import gzip
import json

from fastapi import Request, Response

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
    return binary(content, {**headers, "content-encoding": "identity"})


def binary(content: bytes, headers: dict[str, str]) -> Response:
    """Bytes."""
    return Response(content, media_type="application/octet-stream", headers=headers)


def binary_kept(request: Request, kept: bytes, headers: dict[str, str]) -> Response:
    """Bytes that are kept gzipped."""
    headers = {**headers, "vary": "accept-encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return binary(kept, {**headers, "content-encoding": "gzip"})
    return binary(gzip.decompress(kept), headers)


def as_json(value: object) -> Response:
    """JSON that is not checked against a model first, which takes longer than the answer for thousands of things."""
    content = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return Response(content, media_type="application/json", headers={"cache-control": _ASK_AGAIN})
