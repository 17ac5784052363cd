"""Memory of embedding small images from a store: ``python tests/benchmarks/embedding_memory.py --help``.

    for images in 50000 200000; do python tests/benchmarks/embedding_memory.py images=$images; done

The images lie in an S3 protocol over HTTP, in a process of its own that is not counted: what listing and reading need
of it, since one that knows all of it answers a hundred requests a second. Memory is what the job's processes, Ray's
among them, have for themselves, and the most that one shares with others (Ray's object store); both are sampled while
the job runs, and the peaks are printed.
"""

import io
import multiprocessing
import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import uvicorn
from PIL import Image
from pydantic import Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lightly_ray.data.images import list_images
from lightly_ray.settings import Settings, run
from lightly_ray.workflow.embed_images import EmbedImagesSettings, run_embed_images

_MIB = 2**20
_EVERY = 0.5  # seconds
_KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}


class MemorySettings(Settings):
    """Peak memory of embedding images from S3."""

    images: int = Field(default=50_000, ge=2, description="how many there are")
    side: int = Field(default=64, ge=1, description="pixels of their longer side")
    model: str = Field(default="descriptor", description="what embeds them")
    input_dir: Path = Field(default=Path("jobs/clothing/train"), description="folder of photographs to make them of")


def measure(settings: MemorySettings) -> dict[str, object]:
    """Embed once."""
    os.environ.update(_KEYS)
    with tempfile.TemporaryDirectory() as folder, _store(settings) as endpoint:
        address = f"s3://images/small?scheme=http&endpoint_override={endpoint}&region=us-east-1"
        job = EmbedImagesSettings.model_validate(
            {"input_dir": address, "output": f"{folder}/embeddings.parquet", "model": settings.model}
        )
        began = time.monotonic()
        with _peaks() as peaks:
            run_embed_images(job)
        seconds = time.monotonic() - began
    return {**settings.model_dump(mode="json"), "seconds": round(seconds), **peaks}


@contextmanager
def _store(settings: MemorySettings) -> Iterator[str]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(settings, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve(settings: MemorySettings, connection: Connection) -> None:
    contents = [_shrunk(settings.input_dir / name, settings.side) for name in list_images(settings.input_dir)]
    names = [f"small/{number // 1000:04}/{number:07}.jpg" for number in range(settings.images)]
    objects = {name: contents[number % len(contents)] for number, name in enumerate(names)}

    async def listed(request: Request) -> Response:
        """ListObjectsV2, a page of 1,000; the mark is where the next one begins."""
        prefix, begin = request.query_params.get("prefix", ""), int(request.query_params.get("continuation-token", "0"))
        end = begin + int(request.query_params.get("max-keys", "1000"))
        found = [name for name in names[begin:end] if name.startswith(prefix)]
        page = f"<KeyCount>{len(found)}</KeyCount>" + "".join(
            f"<Contents><Key>{name}</Key><Size>{len(objects[name])}</Size>"
            "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
            for name in found
        )
        more = f"<NextContinuationToken>{end}</NextContinuationToken>" if end < len(names) else ""
        truncated = str(bool(more)).lower()
        return Response(
            f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{more}{page}</ListBucketResult>",
            media_type="application/xml",
        )

    async def read(request: Request) -> Response:
        content = objects.get(request.path_params["key"])
        if content is None:
            return Response(status_code=404)
        first, _, last = request.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
        part = content[int(first) : int(last) + 1 if last else None]
        return Response(part, 206 if "range" in request.headers else 200, {"accept-ranges": "bytes"})

    app = Starlette(routes=[Route("/images", listed), Route("/images/{key:path}", read)])
    listening = socket.create_server(("127.0.0.1", 0))
    connection.send(f"127.0.0.1:{listening.getsockname()[1]}")
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run([listening])


def _shrunk(path: Path, side: int) -> bytes:
    file = io.BytesIO()
    with Image.open(path) as image:
        image.thumbnail((side, side))
        image.save(file, "JPEG")
    return file.getvalue()


@contextmanager
def _peaks() -> Iterator[dict[str, int]]:
    """Peaks while it is open, in MiB."""
    found = {"driver": 0, "all processes": 0, "shared": 0}
    ended = threading.Event()
    stores = {process.pid for process in psutil.Process().children()}

    def watch() -> None:
        while not ended.wait(_EVERY):
            own, every, shared = 0, 0, 0
            for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
                if process.pid in stores:
                    continue
                with suppress(psutil.Error):
                    memory = process.memory_info()
                    every += memory.rss - memory.shared
                    shared = max(shared, memory.shared)
                    own = memory.rss - memory.shared if process.pid == os.getpid() else own
            for name, value in zip(found, (own, every, shared), strict=True):
                found[name] = max(found[name], value // _MIB)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    run(measure, MemorySettings)
