"""A file as an answer, whole or a part of it (RFC 9110, 14): with its length, and for HEAD without its bytes."""

import io
import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

_CHUNK = 2**20
# One part; of several, the whole file is a right answer too.
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


def file_answer(request: Request, file: BinaryIO, media_type: str, headers: Mapping[str, str]) -> Response:
    """What was asked of a file.

    Args:
        request: GET or HEAD.
        file: can seek; it is closed when it has been sent.
        media_type: of the file.
        headers: to send with it.
    """
    size = file.seek(0, io.SEEK_END)
    known = {**headers, "accept-ranges": "bytes"}
    part = _part(request.headers.get("range", ""), size) if request.method == "GET" else range(size)
    if part is None:
        file.close()
        return Response(status_code=416, headers={**known, "content-range": f"bytes */{size}"})
    known["content-length"] = str(len(part))
    if request.method == "HEAD":
        file.close()
        return Response(media_type=media_type, headers=known)
    status = 200 if len(part) == size else 206
    if status == 206:
        known["content-range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return StreamingResponse(_bytes(file, part), status, media_type=media_type, headers=known)


def _part(text: str, size: int) -> range | None:
    """The bytes that a Range header asks for; all where it asks for none that we know, None where there are none."""
    found = _RANGE.match(text)
    if found is None or found.groups() == ("", ""):
        return range(size)
    first, last = found.groups()
    if not first:  # the last so many
        part = range(max(0, size - int(last)), size)
    elif last and int(last) < int(first):
        return range(size)
    else:
        part = range(int(first), min(size, int(last) + 1) if last else size)
    return part if part else None


def _bytes(file: BinaryIO, part: range) -> Iterator[bytes]:
    with file:
        file.seek(part.start)
        left = len(part)
        while left and (chunk := file.read(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk
