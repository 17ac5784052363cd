"""The raw body of a request as a file: bodies may be larger than memory, and readers of files want a path."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Request


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[Path]:
    """The body in a file, alone in a folder that is deleted at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="lightly-ray-") as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as body:
            async for chunk in request.stream():
                body.write(chunk)
        yield path
