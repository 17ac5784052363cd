"""The files of the web app, read once: what is served is what was listed then, under a digest over all of it."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

FOLDER = Path(__file__).parents[1] / "web"
PAGE = "index.html"
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class Assets:
    """Files by name.

    Attributes:
        files: path below the folder, with slashes -> content.
        digest: 12 hexadecimal digits over all names and contents.
    """

    files: dict[str, bytes]
    digest: str

    @staticmethod
    def media_type(name: str) -> str:
        """What a browser is told that a file is."""
        return _TYPES[PurePosixPath(name).suffix]


def read_assets(folder: Path) -> Assets:
    """The files of a folder that a browser can use, at any depth."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in _TYPES and path.is_file())
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return Assets(files, digest.hexdigest()[:12])


@cache
def web_assets() -> Assets:
    """The files of the web app that are installed."""
    return read_assets(FOLDER)
