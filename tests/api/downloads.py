"""What lies behind a signed URL, for tests."""

import tempfile
from pathlib import Path

from lightly_ray.api.transport import Transport


def download(transport: Transport, url: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        transport.save(url, Path(folder) / "content")
        return (Path(folder) / "content").read_bytes()
